"""Every coded number moved inside its range: how far each answer moves with it, and what carries that.

A coded number is our reading of words, so that an answer without its spread says more than anybody knows. All
positions, saliences, powers and quotas are drawn at once (Latin hypercube, triangles with their peak at the
coded value), and every model that is sampled is asked for every draw. Who spoke is held fixed. The spread is
that of the coding, not of what will happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from truceline.errors import ProblemList, ScenarioError
from truceline.scenario.sampling import Band, Driver, Range, draw_ranges, find_band, rank_points, share_spread
from truceline.talks.answers import BY_KEY, CHALLENGES, ELECTED, elect_positions, read_election
from truceline.talks.averages import find_median
from truceline.talks.challenge import ENDINGS, Variant, run_challenge_many
from truceline.talks.core import find_core
from truceline.talks.equal_gain import exchange_positions
from truceline.talks.model import MOST_POWER, Board, FloatArray, IssueTable, JointTable
from truceline.talks.spatial import take_turn
from truceline.talks.tables import lay_out_issue, lay_out_issues, name_position, name_power, name_salience
from truceline.trace import Traced

_T = TypeVar("_T")
Progress = Callable[[str, float], None]

N_SAMPLES = 1_000
N_SAMPLES_MIN, N_SAMPLES_MAX = 20, 20_000
"""Fewer say nothing about a tenth quantile; more than this is a mistake."""
N_DRIVERS = 3
"""Coded numbers named as carrying most of a spread."""
LEAST_SHARE = 0.01
"""A number that carries less than this of a spread is not named: with many numbers some do so by chance."""
CHUNK = 25
"""Draws that one thread takes at a time."""
N_THREADS = 2
"""Threads: the models run compiled code that lets others go on meanwhile."""


@dataclass(frozen=True)
class CoreSpread:
    """The core over all draws."""

    empty_share: float
    """Draws in which nothing stands."""
    low: Band | None
    """Lower end, over the draws in which something stands; None where it never does."""
    high: Band | None


@dataclass(frozen=True)
class Spread:
    """One model's answer for one issue over all draws."""

    band: Band
    drivers: tuple[Driver, ...]
    """Coded numbers that carry most of it, largest first."""
    unsettled_share: float = 0.0
    """Draws in which the model cycles or does not settle, or majorities over proposals run in a circle."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """What the ranges of the coded numbers do to the answers."""

    n_samples: int
    seed: int
    n_ranges: int
    """Coded numbers that were drawn."""
    spreads: Mapping[tuple[str, str], Spread]
    """By issue and model."""
    cores: Mapping[str, CoreSpread]
    """By issue."""


def check_samples(n_samples: int, seed: int) -> None:
    """Refuse a number of samples out of bounds or a seed below zero with ScenarioError, before any work."""
    problems = ProblemList()
    if not N_SAMPLES_MIN <= n_samples <= N_SAMPLES_MAX:
        hint = f"give {N_SAMPLES_MIN} to {N_SAMPLES_MAX:,}; {N_SAMPLES:,} is a good start"
        problems.add("--samples", f"{n_samples} is out of bounds", hint)
    if seed < 0:
        problems.add("--seed", f"{seed} is below zero", "give any whole number from 0")
    problems.raise_if_any(ScenarioError, "samples")


@dataclass(frozen=True, eq=False)
class Draws:
    """Coded numbers drawn: a column for each that has a range."""

    points: FloatArray
    """(n, d)."""
    column: Mapping[str, int]
    """Column by the name of the number."""
    seed: int

    @cached_property
    def ranked(self) -> FloatArray:
        """Return the ranks of all points, once for every answer."""
        return rank_points(self.points)

    def read(self, traced: Sequence[Traced]) -> FloatArray:
        """Return (n, k) values of some numbers; one without a range is the same in every draw."""
        n = len(self.points)
        columns = [
            self.points[:, self.column[one.name]] if one.name in self.column else np.full(n, one.value)
            for one in traced
        ]
        return np.column_stack(columns)


def draw_codings(board: Board, n_samples: int, seed: int, more: Sequence[Traced] = ()) -> Draws:
    """Return draws of every coded number of a day that has a range. Raises as `check_samples`.

    A joint statement was coded once, and is drawn once for all its actors: who said the same stays together.

    more: points of agreements; they do not change how the day's are drawn, and one term is drawn once for all
    agreements that have it.
    """
    check_samples(n_samples, seed)
    coded_as = _find_codings(board)
    every = [one for one in board.codings().values() if one.bounds[0] < one.bounds[1]]
    ranged = [one for one in every if coded_as.get(one.name, one.name) == one.name]
    ranges = [Range(one.bounds[0], one.value, one.bounds[1]) for one in ranged]
    points = draw_ranges(ranges, n_samples, seed)
    first: dict[tuple[str, float, tuple[float, float]], str] = {}
    further = [one for one in more if one.bounds[0] < one.bounds[1]]
    coded_as |= {one.name: first.setdefault((one.note, one.value, one.bounds), one.name) for one in further}
    others = [one for one in further if coded_as[one.name] == one.name]
    if others:
        ranges = [Range(one.bounds[0], one.value, one.bounds[1]) for one in others]
        points = np.hstack([points, draw_ranges(ranges, n_samples, seed + 1)])
    column = {one.name: n for n, one in enumerate([*ranged, *others])}
    column |= {one.name: column[coded_as.get(one.name, one.name)] for one in (*every, *further)}
    return Draws(points, column, seed)


def _find_codings(board: Board) -> dict[str, str]:
    """Return, for positions and saliences by name, the first name under which the same coding stands."""
    first: dict[tuple[str, str], str] = {}
    found: dict[str, str] = {}
    for _, place in sorted(board.places.items()):
        for what, number in (("position", place.position), ("salience", place.salience)):
            found[number.name] = first.setdefault((what, place.statement.statement_id), number.name)
    return found


def sample_answers(
    board: Board, joint_issues: Sequence[str], draws: Draws, progress: Progress | None = None
) -> Sampled:
    """Return the spread of every model's answer over draws of all coded numbers.

    joint_issues: issues that the models of several issues look at. draws: from `draw_codings`. progress: told
    "samples" and how far it is; may raise KeyboardInterrupt.
    """
    tell = progress or (lambda stage, share: None)
    labels = {name: one.label for name, one in board.codings().items()}
    spreads: dict[tuple[str, str], Spread] = {}
    cores: dict[str, CoreSpread] = {}
    tables = [table for issue in board.issues if (table := lay_out_issue(board, issue)) is not None]
    joint = lay_out_issues(board, joint_issues)
    n_steps = len(tables) + (2 * len(joint.issues) if joint is not None else 0)
    with ThreadPoolExecutor(N_THREADS) as pool:

        def spread_out(
            values: FloatArray, names: Sequence[str], unsettled: FloatArray | None = None
        ) -> Spread:
            drivers = _rank_drivers(draws, values, [name for name in names if name in draws.column], labels)
            return Spread(find_band(values), drivers, 0.0 if unsettled is None else float(unsettled.mean()))

        for done, table in enumerate(tables):
            tell("samples", done / n_steps)
            key = table.issue.key
            sampled = _SampledIssue(table, board, draws)
            for model, (values, unsettled) in sampled.answer(pool).items():
                spreads[key, model] = spread_out(values, sampled.names, unsettled)
            cores[key] = sampled.find_cores()
        if joint is not None:
            names = [name for issue in joint.issues for name in _names(issue.key, joint.actors)]

            def tell_joint(share: float) -> None:
                tell("samples", (len(tables) + share * 2 * len(joint.issues)) / n_steps)

            for (key, model), answered in _answer_jointly(joint, board, draws, pool, tell_joint).items():
                spreads[key, model] = spread_out(answered[0], names, answered[1])
    tell("samples", 1.0)
    return Sampled(len(draws.points), draws.seed, draws.points.shape[1], spreads, cores)


def _rank_drivers(
    draws: Draws, values: FloatArray, names: Sequence[str], labels: Mapping[str, str]
) -> tuple[Driver, ...]:
    """Return the coded numbers that carry most of a spread, largest first."""
    once = {draws.column[name]: name for name in reversed(names)}  # the first name of each number drawn
    names = sorted(once.values(), key=names.index)
    share = share_spread(draws.ranked, values)[[draws.column[name] for name in names]]
    order = np.argsort(-share, kind="stable")[:N_DRIVERS]
    ranked = [Driver(names[i], labels[names[i]], float(share[i])) for i in order]
    return tuple(one for one in ranked if one.share >= LEAST_SHARE)


def _names(issue: str, actors: Sequence[str]) -> list[str]:
    """Return the names of the coded numbers of some actors on one issue."""
    return [name(issue, actor) for name in (name_position, name_salience, name_power) for actor in actors]


class _SampledIssue:
    """One issue, asked of every draw."""

    def __init__(self, table: IssueTable, board: Board, draws: Draws) -> None:
        self._table = table
        key = table.issue.key
        places = [board.places[actor, key] for actor in table.actors]
        self._position = draws.read([place.position for place in places])
        self._salience = draws.read([place.salience for place in places])
        self._power = draws.read([board.standings[actor, key].power for actor in table.actors])
        self._quota = draws.read([table.issue.quota])[:, 0]
        self.names = _names(key, table.actors)

    def at(self, draw: int) -> IssueTable:
        """Return the table of one draw."""
        return replace(
            self._table,
            position=self._position[draw],
            salience=self._salience[draw],
            power=self._power[draw],
            quota_share=float(self._quota[draw]),
        )

    def answer(self, pool: ThreadPoolExecutor) -> dict[str, tuple[FloatArray, FloatArray | None]]:
        """Return (n,) answers by model, with whether each is not settled where the model may leave it so."""
        weight = self._salience * self._power
        n = len(weight)
        median = np.array([find_median(x, w).value for x, w in zip(self._position, weight, strict=True)])
        found: dict[str, tuple[FloatArray, FloatArray | None]] = {
            "mean": ((self._position * weight).sum(axis=1) / weight.sum(axis=1), None),
            "median": (median, None),
        }

        def elect_one(draw: int) -> tuple[float, float, float, float]:
            election, held = elect_positions(self.at(draw))
            return (*read_election(election, held), float(election.has_cycle))

        elected = np.array(_spread_over(pool, elect_one, n))
        for which, model in enumerate(ELECTED):
            found[model] = (elected[:, which], elected[:, 3])
        for model, variant in CHALLENGES.items():
            if BY_KEY[model].is_sampled:
                found[model] = self._challenge(pool, variant)
        return found

    def _challenge(self, pool: ThreadPoolExecutor, variant: Variant) -> tuple[FloatArray, FloatArray]:
        def run(rows: slice) -> tuple[FloatArray, FloatArray]:
            done = run_challenge_many(
                self._position[rows],
                self._salience[rows] / MOST_POWER,
                self._power[rows],
                variant=variant,
            )
            return (done.low + done.high) / 2, (done.ended != ENDINGS.index("settled")).astype(np.float64)

        n = len(self._position)
        parts = list(pool.map(run, [slice(i, i + CHUNK) for i in range(0, n, CHUNK)]))
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def find_cores(self) -> CoreSpread:
        """Return the core over all draws."""
        found = []
        for draw in range(len(self._position)):
            table = self.at(draw)
            found.append(find_core(table.position, table.weight, table.quota, table.veto))
        standing = [core for core in found if core is not None]
        return CoreSpread(
            empty_share=1 - len(standing) / len(found),
            low=find_band(np.array([core.low for core in standing])) if standing else None,
            high=find_band(np.array([core.high for core in standing])) if standing else None,
        )


def _answer_jointly(
    table: JointTable,
    board: Board,
    draws: Draws,
    pool: ThreadPoolExecutor,
    tell: Callable[[float], None],
) -> dict[tuple[str, str], tuple[FloatArray, FloatArray | None]]:
    """Return (n,) answers of the models of several issues, by issue and model.

    With each of the spatial model's whether majorities over the proposals run in a circle.
    """
    keys = [issue.key for issue in table.issues]
    pairs = [(actor, key) for actor in table.actors for key in keys]
    n, shape = len(draws.points), (len(draws.points), len(table.actors), len(keys))
    position = draws.read([board.places[pair].position for pair in pairs]).reshape(shape)
    salience = draws.read([board.places[pair].salience for pair in pairs]).reshape(shape)
    power = draws.read([board.standings[pair].power for pair in pairs]).reshape(shape)
    span = table.span

    def take(draw: int) -> FloatArray:
        turn = take_turn(position[draw], salience[draw], power[draw].mean(axis=1) / MOST_POWER, span)
        return np.append(turn.mean, float(turn.has_majority_cycle))

    def trade(draw: int) -> FloatArray:
        return exchange_positions(position[draw] / span, salience[draw], power[draw]).outcome_end * span

    def tell_half(half: int) -> Callable[[float], None]:
        return lambda share: tell((half + share) / 2)

    taken = np.array(_spread_over(pool, take, n, tell_half(0)))
    traded = np.array(_spread_over(pool, trade, n, tell_half(1)))
    found: dict[tuple[str, str], tuple[FloatArray, FloatArray | None]] = {}
    for k, key in enumerate(keys):
        found[key, "spatial"] = taken[:, k], taken[:, -1]
        found[key, "exchange"] = traded[:, k], None
    return found


def _spread_over(
    pool: ThreadPoolExecutor, ask: Callable[[int], _T], n: int, tell: Callable[[float], None] | None = None
) -> list[_T]:
    """Return what is answered for every draw, asked in chunks by several threads, in order."""
    chunks = [range(i, min(n, i + CHUNK)) for i in range(0, n, CHUNK)]
    found: list[_T] = []
    for part in pool.map(lambda chunk: [ask(draw) for draw in chunk], chunks):
        found += part
        if tell is not None:
            tell(len(found) / n)
    return found
