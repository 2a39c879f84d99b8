"""Challenge model of one issue: actors weigh whom to challenge, give way in rounds, and may never settle.

The expected-utility or "group decision" model (Bueno de Mesquita) as reconstructed by Scholz, Calbert and
Smith, Journal of Theoretical Politics 23(4), 2011. Positions on any scale; salience a chance, 0 to 1, that an
actor resists; capability of any unit. It says where these rules lead from the numbers put in. It is no
forecast: the weighted mean stands beside it in every row, and published replications disagree.

Distances d are shares of the range of positions before the first round. Each round looks twice. First with
all exponents r = 1: the more an actor has to fear from the others' challenges, the smaller its exponent, 2
down to 1/2, which the authors read as taking risks more gladly. Then, with these exponents, actor i compares
e = E_i(i, j), what it expects from challenging j, with f = E_i(j, i), what it thinks j expects from
challenging it:

- confrontation, f > e > 0: i would lose it and goes to x_j;
- compromise, f > 0 > e and f >= |e|: i goes |e| / f of the way to x_j;
- capitulation, f > 0 > e and f < |e|: i goes to x_j.

Each answers the best of the first class in which it has an offer; all move at once. The best offer is the
one nearest to its own position. In the variant `scholz_code` the best compromise is instead the one with the
smallest (|e| x_i + |f| x_j) / (|e| + |f|), as in the published code: low numbers on the scale are favoured,
so that this variant treats the two ends of the scale differently.

Rules where the sources are silent: f = |e| is a compromise that goes all the way; a pair between which
nobody has a preference is even, P = 1/2; equal dangers give r = 1. Of equally good offers an actor takes the
lower or the higher position, and of those that lead to one place the challenge of the first actor in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import ProblemList, ScenarioError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
CodeArray = NDArray[np.int8]
Variant = Literal["paper", "scholz_code"]
"""What the strength behind i against j is divided by: `paper`, the strength on both sides of this pair;
`scholz_code`, that of all ordered pairs of actors together, which makes every chance of success small."""
VARIANTS: tuple[Variant, ...] = get_args(Variant)
Ending = Literal["settled", "cycle", "rounds"]
"""Nobody moves any more; positions came back to an earlier state; the rounds ran out before either."""
ENDINGS: tuple[Ending, ...] = get_args(Ending)
TieBreak = Literal["lower", "higher"] | int
"""Which of equally good offers is taken: the lower position, the higher one, or one end for each actor, drawn
once from a seed (so that a state of positions still has one successor, and a cycle is a cycle)."""
MOVES = ("none", "confrontation", "compromise", "capitulation")
"""What the codes in `ChallengeResult.moves` mean, by place."""

STATUS_QUO_CHANCE = 1.0
"""q of the paper: the chance that nothing changes where i does not challenge; its worked cases all use 1."""
MOST_RISK = 1 / 3
"""Greatest |R| / 3 of the paper's r = (1 - R/3) / (1 + R/3), R from -1 to 1: exponents lie in 1/2 to 2."""
ROUNDS = 20
"""Rounds after which a run that neither settles nor cycles is given up."""
SAME_PLACE_SHARE = 1e-9
"""Positions nearer than this share of the range are one place: no offers pass, no one has moved."""
EVEN_SHARE = 1e-12
"""Expected utilities (-4 to 4) and shares of weight nearer than this are equal: above rounding, which differs
with the order of summation, and far below what any coded number can carry."""
TIE_SEEDS = 8
"""Seeds tried beside the two plain rules when the spread of ties is measured."""
TITLE = "challenge model"


@dataclass(frozen=True, eq=False)
class ChallengeResult:
    """A run round by round; row 0 is the state as given, and the last row shows how it ended."""

    variant: Variant
    tie_break: TieBreak
    positions: FloatArray
    """(rounds + 1, n)."""
    risk_exponent: FloatArray
    """(rounds, n) r used in each round: 2 for the safest actor, 1/2 for the one in most danger."""
    moves: CodeArray
    """(rounds, n) places in `MOVES`."""
    targets: IntArray
    """(rounds, n) place of the actor whose challenge was answered; -1 where none was."""
    weighted_mean: FloatArray
    """(rounds + 1,) by capability times salience."""
    condorcet_low: FloatArray
    """(rounds + 1,) lowest held position that no other held position beats with r = 1."""
    condorcet_high: FloatArray
    """(rounds + 1,) highest such position; above `condorcet_low` only where the weight divides evenly.

    Some position is always unbeaten: with r = 1 support is distance, and the unbeaten positions are those
    with the least weighted distance. Cycles of this model are of states over rounds, not of this vote.
    """
    ended: Ending
    cycle_from: int
    """Row of `positions` that the last row equals, within `SAME_PLACE_SHARE`; -1 without a cycle."""
    n_ties: int
    """Actors times rounds in which different offers of one class were equally good."""

    @property
    def n_rounds(self) -> int:
        """Rounds run; the last of them is the one that showed the end, if there was one."""
        return len(self.moves)

    @property
    def cycle_length(self) -> int:
        """Rounds after which the state comes back; 0 without a cycle."""
        return self.n_rounds - self.cycle_from if self.ended == "cycle" else 0

    @property
    def condorcet_position(self) -> FloatArray:
        """(rounds + 1,) lowest unbeaten held position, the published code's "median"."""
        return self.condorcet_low

    @property
    def weighted_median(self) -> FloatArray:
        """(rounds + 1,) lower held median by weight: the same position as `condorcet_position`, always."""
        return self.condorcet_low

    @property
    def outcome(self) -> tuple[float, float]:
        """Lowest and highest `condorcet_position` of the cycle's rows; else that of the last row, twice."""
        rows = self.condorcet_low[self.cycle_from if self.ended == "cycle" else -1 :]
        return float(rows.min()), float(rows.max())


@dataclass(frozen=True, eq=False)
class ChallengeOutcomes:
    """Where k runs led, without their rounds."""

    low: FloatArray
    """(k,) low end of `ChallengeResult.outcome`."""
    high: FloatArray
    """(k,) high end; above `low` only where the run cycles."""
    weighted_mean: FloatArray
    """(k,) of the last row."""
    ended: IntArray
    """(k,) places in `ENDINGS`."""
    n_rounds: IntArray
    """(k,) rounds run."""
    cycle_from: IntArray
    """(k,) first row of the cycle; -1 without one."""
    n_ties: IntArray
    """(k,) actors times rounds with a tie."""


@dataclass(frozen=True)
class TieSpread:
    """How far the outcome hangs on a rule for ties that no source gives."""

    low: float
    high: float
    """Lowest and highest outcome over both plain rules and all seeds."""
    seeds: tuple[int, ...]
    """Seeds tried; empty where no run met a tie, so that no rule could matter."""
    n_ties: int
    """Most ties met by any of the runs."""


def run_challenge(
    position: ArrayLike,
    salience: ArrayLike,
    capability: ArrayLike,
    *,
    variant: Variant = "paper",
    n_rounds: int = ROUNDS,
    tie_break: TieBreak = "lower",
) -> ChallengeResult:
    """Run the challenge model for one issue and return every round.

    position, salience, capability: (n,). Stops when nobody moves, when a state of positions comes back, or
    after `n_rounds`. All in one place is settled before the first round. Raises ScenarioError with every
    problem found: fewer than two actors, unequal lengths, numbers missing or out of range, no weight at all.
    """
    x, s, c = _check(position, salience, capability, 1, variant, n_rounds, tie_break)
    from truceline.talks import _challenge_runs as compiled

    n = len(x)
    positions, exponent = np.empty((n_rounds + 1, n)), np.empty((n_rounds, n))
    moves, targets = np.zeros((n_rounds, n), dtype=np.int8), np.full((n_rounds, n), -1, dtype=np.int64)
    rows = np.empty((n_rounds + 1, 3))
    positions[0] = x
    rounds, ended, cycle_from, n_ties = compiled.run_rounds(
        s,
        c * s,
        variant == "scholz_code",
        _lean(tie_break, n),
        MOST_RISK,
        STATUS_QUO_CHANCE,
        EVEN_SHARE,
        SAME_PLACE_SHARE,
        positions,
        exponent,
        moves,
        targets,
        rows,
    )
    return ChallengeResult(
        variant=variant,
        tie_break=tie_break,
        positions=positions[: rounds + 1],
        risk_exponent=exponent[:rounds],
        moves=moves[:rounds],
        targets=targets[:rounds],
        weighted_mean=rows[: rounds + 1, 0],
        condorcet_low=rows[: rounds + 1, 1],
        condorcet_high=rows[: rounds + 1, 2],
        ended=ENDINGS[ended],
        cycle_from=int(cycle_from),
        n_ties=int(n_ties),
    )


def run_challenge_many(
    position: ArrayLike,
    salience: ArrayLike,
    capability: ArrayLike,
    *,
    variant: Variant = "paper",
    n_rounds: int = ROUNDS,
    tie_break: TieBreak = "lower",
) -> ChallengeOutcomes:
    """Run k separate issues, or samples of one, and return where each led; arrays (k, n), or (n,) for all k.

    Each row is as `run_challenge` of that row. The loop lets go of the interpreter, so that threads may share
    the rows out. Raises ScenarioError as `run_challenge`.
    """
    x, s, c = _check(position, salience, capability, 2, variant, n_rounds, tie_break)
    lean = np.tile(_lean(tie_break, x.shape[1]), (len(x), 1))
    return _run_many(x, s, c, variant, n_rounds, lean)


def measure_spread_of_ties(
    position: ArrayLike,
    salience: ArrayLike,
    capability: ArrayLike,
    *,
    variant: Variant = "paper",
    n_rounds: int = ROUNDS,
    n_seeds: int = TIE_SEEDS,
) -> TieSpread:
    """Return the span of outcomes (n,) over the lower rule, the higher rule and seeds 0 to n_seeds - 1.

    Where the lower rule never meets a tie every rule gives the same run. Raises ScenarioError as
    `run_challenge`.
    """
    x, s, c = _check(position, salience, capability, 1, variant, n_rounds, "lower", n_seeds)
    rules: list[TieBreak] = ["lower", "higher", *range(n_seeds)]
    plain = _run_many(x[None], s[None], c[None], variant, n_rounds, _lean("lower", len(x))[None])
    if not plain.n_ties[0]:
        return TieSpread(float(plain.low[0]), float(plain.high[0]), (), 0)
    lean = np.array([_lean(rule, len(x)) for rule in rules])
    repeated = [np.tile(values, (len(rules), 1)) for values in (x, s, c)]
    runs = _run_many(repeated[0], repeated[1], repeated[2], variant, n_rounds, lean)
    return TieSpread(
        float(runs.low.min()), float(runs.high.max()), tuple(range(n_seeds)), int(runs.n_ties.max())
    )


def _run_many(
    x: FloatArray, s: FloatArray, c: FloatArray, variant: Variant, n_rounds: int, lean: CodeArray
) -> ChallengeOutcomes:
    """Call the compiled loop on checked arrays (k, n)."""
    from truceline.talks import _challenge_runs as compiled

    results, endings = np.empty((len(x), 3)), np.empty((len(x), 4), dtype=np.int64)
    compiled.run_many(
        x,
        s,
        c * s,
        variant == "scholz_code",
        lean,
        MOST_RISK,
        STATUS_QUO_CHANCE,
        EVEN_SHARE,
        SAME_PLACE_SHARE,
        n_rounds,
        results,
        endings,
    )
    rounds, ended, cycle_from, n_ties = (np.ascontiguousarray(column) for column in endings.T)
    low, high, mean = (np.ascontiguousarray(column) for column in results.T)
    return ChallengeOutcomes(low, high, mean, ended, rounds, cycle_from, n_ties)


def _lean(tie_break: TieBreak, n: int) -> CodeArray:
    """Return (n,): -1 where an actor takes the lowest of equally good offers, 1 where the highest."""
    if isinstance(tie_break, str):
        return np.full(n, 1 if tie_break == "higher" else -1, dtype=np.int8)
    return (2 * np.random.default_rng(tie_break).integers(0, 2, n) - 1).astype(np.int8)


def _check(
    position: ArrayLike,
    salience: ArrayLike,
    capability: ArrayLike,
    n_axes: int,
    variant: str,
    n_rounds: int,
    tie_break: TieBreak,
    n_seeds: int = TIE_SEEDS,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the three arrays, of one shape and contiguous, or raise with all that is wrong with them."""
    problems = ProblemList()
    names = ("position", "salience", "capability")
    given = [np.asarray(values, dtype=np.float64) for values in (position, salience, capability)]
    _check_values(problems, dict(zip(names, given, strict=True)))
    _check_options(problems, variant, n_rounds, tie_break, n_seeds)
    shapes = [values.shape for values in given]
    fits = len(shapes[0]) == n_axes and all(
        shape == shapes[0] or (n_axes == 2 and shape == shapes[0][1:]) for shape in shapes
    )
    if not fits:
        found = ", ".join(f"{name} {shape}" for name, shape in zip(names, shapes, strict=True))
        problems.add("shapes", f"do not match: {found}", "one number for every actor in each")
    elif shapes[0][-1] < 2:
        problems.add("actors", f"{shapes[0][-1]} of them", "talks need two actors at least")
    elif not problems.has_errors() and not (given[1] * given[2]).sum(axis=-1).all():
        found = "no actor has both salience and capability"
        problems.add("weight", found, "name at least one that counts, or leave the issue out")
    problems.raise_if_any(ScenarioError, TITLE)
    # Copies: a view that cannot be written to is another type to the compiler, and compiled again.
    x, s, c = (np.array(np.broadcast_to(values, shapes[0]), order="C") for values in given)
    return x, s, c


def _check_values(problems: ProblemList, given: dict[str, FloatArray]) -> None:
    """Note numbers that are missing or out of range, each with the first place it is found at."""
    missing_hint = {"position": "an actor without a position is absent, not neutral: leave it out"}
    for name, values in given.items():
        wrong = ~np.isfinite(values)
        if wrong.any():
            hint = missing_hint.get(name, "give a number")
            problems.add(_first(name, wrong), f"{wrong.sum()} missing or not finite", hint)
        if name != "position" and (values < 0).any():
            found = f"{values[values < 0].min():g} is negative"
            problems.add(_first(name, values < 0), found, "0 is the least")
    above = given["salience"] > 1
    if above.any():
        found = f"{given['salience'][above].max():g} is above 1"
        hint = "salience is the chance that an actor resists here; divide by the end of its scale"
        problems.add(_first("salience", above), found, hint)


def _check_options(
    problems: ProblemList, variant: str, n_rounds: int, tie_break: TieBreak, n_seeds: int
) -> None:
    """Note choices that do not exist."""
    if variant not in VARIANTS:
        problems.add("variant", f"{variant!r} is not known", f"use {' or '.join(VARIANTS)}")
    if n_rounds < 1:
        problems.add("n_rounds", f"{n_rounds}", "one round at least")
    if n_seeds < 0:
        problems.add("n_seeds", f"{n_seeds}", "0 tries the two plain rules alone")
    if tie_break not in ("lower", "higher") and not (isinstance(tie_break, int) and tie_break >= 0):
        problems.add("tie_break", f"{tie_break!r} is not known", "use lower, higher or a seed from 0")


def _first(name: str, wrong: NDArray[np.bool_]) -> str:
    """Name the first place where something is wrong."""
    return f"{name}[{', '.join(str(place) for place in np.argwhere(wrong)[0])}]"
