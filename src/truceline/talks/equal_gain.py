"""Equal-gain exchange of votes (Stokman and Van Oosten 1994): who would trade what, and who pays for it.

Two actors who want the opposite on two issues, and do not care equally for them, each vote nearer to the
other on the issue that is worth less to them. Positions in units of the issue's scale; gains and other
changes of utility in those units times salience. Which deals would be made in truth, and in what order, is
not known here: the rules below are one published story, not a forecast, and the mean before any exchange
stands beside it.

The rules, for actors i and issues k with position x, salience s, power c, weight w = s c, T_k = sum_i w_ik:

- Interests are the positions given; votes start there. The outcome o_k is the mean of the votes weighted by
  w. Utility of i: -sum_k s_ik |x_ik - o_k|.
- A pair is listed, once, at the start: opposite sides of the outcome on p and on q (on it counts as left),
  weight on both, and a cares relatively more for p: s_ap s_bq > s_aq s_bp. a then demands p and supplies q.
  p is the issue that comes first of the two, so that each exchange has one name.
- b goes all the way on p to x_ap, which moves o_p by dp = |x_ap - vote_bp| w_bp / T_p;
  dq = dp (s_ap + s_bp) / (s_aq + s_bq) makes the gains equal, and a's move is dq T_q / w_aq. Where that
  leads beyond x_bq, a goes all the way on q and dp follows. Gain of both: dp s_ap - dq s_aq.
- Both are cut back so that neither outcome passes the position of the actor who demands it, and none can be
  made while an outcome has passed the position of the supplier: so the gain reckoned is the gain had. With
  `stop_at_interest=False` this rule is left out; the formula is then an approximation wherever an outcome
  passes a partner's position, and what the partners really have stands in `effects`.
- The highest gain is realised, all others are reckoned anew with the votes and outcomes as they are then,
  and so on. A vote that was supplied may be supplied again, further in the same direction only, to someone
  further away. Each listed pair of actors and issues is realised once at most, so there are never more
  steps than listed exchanges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import ProblemList, ScenarioError
from truceline.talks.equal_gain_result import POTENTIAL, Exchange, ExchangeResult

__all__ = [
    "POTENTIAL",
    "Exchange",
    "ExchangeResult",
    "exchange_positions",
    "list_exchanges",
    "spread_of_ties",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
TieBreak = Literal["first", "last"] | int

ROUNDING_SHARE = 1e-9
"""Gains, distances and ratios of salience that differ by this share of themselves, or of the range of the
positions, or of the largest gain at the start, do not differ: the rest is rounding."""
MOST_NAMED = 8
"""Wrong entries of one table named in a message; the rest are counted."""
NO_POSITION = "give a number; with salience or power 0 any will do, for it is not read"
"""What to try where a position is missing."""
TIE_SEEDS = tuple(range(8))
"""Seeds of the tie-breaks tried, beside first and last, unless others are given."""


class _Talks(NamedTuple):
    """Checked tables and what follows from them before anything is exchanged."""

    position: Floats
    salience: Floats
    weight: Floats
    total: Floats
    outcome: Floats
    slack: Floats
    left: Bools
    parts: Ints
    worth: Floats
    gains: Floats
    ceilings: Floats
    """What the gains would be if no outcome came in the way; falling."""
    least: float


def list_exchanges(
    position: ArrayLike, salience: ArrayLike, power: ArrayLike, *, stop_at_interest: bool = True
) -> NDArray[np.void]:
    """Return every exchange possible at the start, best first, in the columns of `POTENTIAL`.

    position, salience: (actor, issue). power: (actor, issue), or (actor,) when it is the same on all issues.
    Those with the same gain stand by their actors, the lower first, then by their issues. Whoever has no
    salience or no power on an issue takes no part in exchanges on it. Raises ScenarioError as
    `exchange_positions` does.
    """
    talks = _prepare(position, salience, power, stop_at_interest)
    a, b, p, q = talks.parts.T
    table = np.zeros(len(a), dtype=POTENTIAL)
    table["gain"], table["actor_a"], table["actor_b"] = talks.gains, a, b
    table["issue_p"], table["issue_q"] = p, q
    table["from_p"], table["from_q"] = talks.position[b, p], talks.position[a, q]
    move_p, move_q = talks.gains / talks.worth[:, 0], talks.gains / talks.worth[:, 1]
    table["to_p"] = table["from_p"] + np.where(talks.left[b, p], move_p, -move_p)
    table["to_q"] = table["from_q"] + np.where(talks.left[a, q], move_q, -move_q)
    rounded = np.round(talks.gains / (talks.least or 1.0))
    return table[np.lexsort((q, p, np.maximum(a, b), np.minimum(a, b), -rounded))]


def exchange_positions(
    position: ArrayLike,
    salience: ArrayLike,
    power: ArrayLike,
    *,
    tie_break: TieBreak = "first",
    stop_at_interest: bool = True,
    limit: int | None = None,
    spread_seeds: Sequence[int] | None = None,
) -> ExchangeResult:
    """Realise exchanges, the highest gain first, until nothing gainful is left or `limit` are done.

    Parameters
    ----------
    position, salience
        (actor, issue); salience zero or more.
    power
        (actor, issue), or (actor,) when it is the same on all issues; zero or more.
    tie_break
        Among exchanges with the same gain: the pair with the lowest actor, then the lowest other actor, then
        the lowest issues ("first"); the same from the last actor and issue ("last"); or the same in an order
        of actors and issues drawn with a seed (a number).
    spread_seeds
        When given, the lowest and highest outcomes over "first", "last" and these seeds are found too.

    Raises
    ------
    ScenarioError
        Titled "exchange", with all that is wrong: shapes, entries that are no number, negative salience or
        power, an issue on which nobody has weight, fewer than two actors or issues, a negative limit, a tie
        rule that is none.
    """
    rules = [tie_break, *(spread_seeds or ())]
    talks = _prepare(position, salience, power, stop_at_interest, limit, rules)
    result = _realise(talks, tie_break, stop_at_interest, limit)
    if spread_seeds is None:
        return result
    low, high = _spread(talks, result, spread_seeds, stop_at_interest, limit)
    return replace(result, low=low, high=high)


def spread_of_ties(
    position: ArrayLike,
    salience: ArrayLike,
    power: ArrayLike,
    *,
    seeds: Sequence[int] = TIE_SEEDS,
    stop_at_interest: bool = True,
    limit: int | None = None,
) -> tuple[Floats, Floats]:
    """Return (issue,) the lowest and the highest outcome over both tie rules and the seeds.

    Not over every possible way to break ties: there may be more than can be tried.
    """
    talks = _prepare(position, salience, power, stop_at_interest, limit, seeds)
    return _spread(talks, _realise(talks, "first", stop_at_interest, limit), seeds, stop_at_interest, limit)


def _spread(
    talks: _Talks, one: ExchangeResult, seeds: Sequence[int], stop_at_interest: bool, limit: int | None
) -> tuple[Floats, Floats]:
    """Return the span of the outcomes; where `one` met no tie, every rule leads to the same."""
    if one.n_ties == 0:
        return one.outcome_end.copy(), one.outcome_end.copy()
    rules: list[TieBreak] = ["first", "last", *seeds]
    ends = [one.outcome_end]
    ends += [_realise(talks, rule, stop_at_interest, limit).outcome_end for rule in rules]
    return np.min(ends, axis=0), np.max(ends, axis=0)


def _prepare(
    position: ArrayLike,
    salience: ArrayLike,
    power: ArrayLike,
    stop_at_interest: bool,
    limit: int | None = None,
    rules: Sequence[TieBreak] = (),
) -> _Talks:
    """Check the tables and list what could be exchanged."""
    from truceline.talks import _equal_gain_kernels as kernels

    problems = ProblemList()
    _check_choices(problems, limit, rules)
    x, s, c = _check_tables(problems, position, salience, power)
    weight = s * c
    total = weight.sum(axis=0)
    outcome = (weight * x).sum(axis=0) / total
    slack = ROUNDING_SHARE * np.ptp(np.where(weight > 0, x, outcome), axis=0)
    left = x <= outcome + slack
    room = np.where(left, outcome - x, x - outcome)
    parts, worth = kernels.list_candidates(s, weight, total, left, ROUNDING_SHARE)
    gains, ceilings = kernels.find_gains(x, left, room, slack, parts, worth, stop_at_interest)
    least = ROUNDING_SHARE * float(gains.max(initial=0.0))
    keep = np.flatnonzero(gains > least)
    keep = keep[np.argsort(-ceilings[keep])]
    listed = parts.take(keep, axis=0), worth.take(keep, axis=0)  # many times faster than parts[keep]
    return _Talks(x, s, weight, total, outcome, slack, left, *listed, gains[keep], ceilings[keep], least)


def _realise(talks: _Talks, tie_break: TieBreak, stop_at_interest: bool, limit: int | None) -> ExchangeResult:
    """Realise exchanges under one tie rule."""
    from truceline.talks import _equal_gain_kernels as kernels

    actor_rank, issue_rank, tie_rule = _rank(tie_break, *talks.position.shape)
    chosen, record, end, n_ties, none_left = kernels.realise(
        talks.position,
        talks.weight,
        talks.total,
        talks.left,
        talks.slack,
        talks.parts,
        talks.worth,
        talks.ceilings,
        actor_rank,
        issue_rank,
        ROUNDING_SHARE,
        talks.least,
        len(talks.parts) if limit is None else limit,
        stop_at_interest,
    )
    effects = kernels.find_effects(talks.position, talks.salience, talks.parts, chosen, record)
    a, b, p, q = talks.parts[chosen].T
    table = np.zeros(len(chosen), dtype=POTENTIAL)
    table["actor_a"], table["actor_b"], table["issue_p"], table["issue_q"] = a, b, p, q
    table["gain"], table["from_p"], table["to_p"], table["from_q"], table["to_q"] = record[:, :5].T
    own, steps = np.zeros(len(end)), np.arange(len(chosen))
    np.add.at(own, a, effects[steps, a])
    np.add.at(own, b, effects[steps, b])
    return ExchangeResult(
        table=table,
        outcomes=record[:, 5:].copy(),
        effects=effects,
        n_potential=len(talks.parts),
        start=talks.position,
        end=end,
        left=talks.left,
        outcome_start=talks.outcome,
        outcome_end=(talks.weight * end).sum(axis=0) / talks.total,
        own_gain=own,
        externality=effects.sum(axis=0) - own,
        n_ties=int(n_ties),
        tie_rule=tie_rule,
        ended="none left" if none_left else "limit",
        stop_at_interest=stop_at_interest,
    )


def _rank(tie_break: TieBreak, n_actors: int, n_issues: int) -> tuple[Ints, Ints, str]:
    """Return the order in which the tie rule takes actors and issues, and what it says."""
    actors, issues = np.arange(n_actors, dtype=np.int32), np.arange(n_issues, dtype=np.int32)
    if tie_break == "first":
        return actors, issues, "lowest actors first, then lowest issues"
    if tie_break == "last":
        return actors[::-1].copy(), issues[::-1].copy(), "highest actors first, then highest issues"
    random = np.random.default_rng(int(tie_break))
    rule = f"actors, then issues, in an order drawn with seed {int(tie_break)}"
    return random.permutation(actors), random.permutation(issues), rule


def _check_choices(problems: ProblemList, limit: int | None, rules: Sequence[TieBreak]) -> None:
    """Note a limit that is none, and tie rules that are neither a word known nor a seed."""
    if limit is not None and limit < 0:
        problems.add("limit", f"{limit} exchanges cannot be made", "write zero or more")
    for rule in rules:
        is_seed = isinstance(rule, int | np.integer) and rule >= 0
        if not is_seed and rule not in ("first", "last"):
            problems.add("tie break", f"{rule!r} is no rule", "write first, last or a seed, zero or more")


def _check_tables(
    problems: ProblemList, position: ArrayLike, salience: ArrayLike, power: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Return the three tables as numbers of one shape, or raise with all that is wrong."""
    x, s, c = (np.array(table, dtype=np.float64, order="C") for table in (position, salience, power))
    if x.ndim != 2:
        problems.add("position", f"has {x.ndim} axes", "give one row per actor and one column per issue")
        problems.raise_if_any(ScenarioError, "exchange")
    n, m = x.shape
    if n < 2:
        problems.add("position", f"{n} actor(s); an exchange takes two", "give two actors or more")
    if m < 2:
        problems.add("position", f"{m} issue(s); an exchange takes two", "give two issues or more")
    if c.shape == (n,):
        c = np.repeat(c[:, None], m, axis=1)
    for where, table in (("salience", s), ("power", c)):
        if table.shape != x.shape:
            found = f"has the shape {table.shape} where position has {x.shape}"
            problems.add(where, found, "give one number for each actor and issue")
    _check_entries(problems, "position", x, ~np.isfinite(x), NO_POSITION)
    for where, table in (("salience", s), ("power", c)):
        _check_entries(problems, where, table, ~(np.isfinite(table) & (table >= 0)), "write zero or more")
    if not problems.has_errors():
        for issue in np.flatnonzero((s * c).sum(axis=0) <= 0):
            found = "nobody has both salience and power on it"
            problems.add(f"issue {issue}", found, "leave the issue out, or say who cares for it")
    problems.raise_if_any(ScenarioError, "exchange")
    return x, s, c


def _check_entries(problems: ProblemList, where: str, table: Floats, wrong: Bools, hint: str) -> None:
    """Note wrong entries of a table by their place."""
    places: list[Any] = np.argwhere(wrong).tolist()
    for place in places[:MOST_NAMED]:
        problems.add(f"{where}{place}", f"{table[tuple(place)]:g} cannot be used", hint)
    if len(places) > MOST_NAMED:
        problems.add(where, f"{len(places) - MOST_NAMED} more entries like these", hint)
