"""Use case: rehearse the watching on a simulated ceasefire, and score it against the truth.

For several levels of detection (the plan's means times a factor) and several replicates: simulate the
ceasefire, let it collapse at a known pace, make reports, send them through a store of the monitoring half,
and hold links, statuses, sides and alarms against what was simulated. Before the collapse the days are as
simulated: alarms there are false. The simulation is run at the stated values of its assumptions unless they
are to be drawn; what is scored is the watching, not the chance of a collapse, of which this says nothing.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from truceline.errors import ProblemList, ScenarioError
from truceline.scenario.assumption import AssumptionSet
from truceline.simulate.catalogue import PREFIX as CEASEFIRE
from truceline.simulate.observing import observe_incidents
from truceline.simulate.observing_ground import lay_ground
from truceline.simulate.observing_rules import PREFIX as OBSERVING
from truceline.simulate.observing_rules import ObservingRules, read_observing_rules
from truceline.simulate.parameters import PARAMETERS, draw_parameters
from truceline.simulate.rehearsal_alarms import RATE_DAYS, AlarmRun, BreakdownRule, find_breakdown, weigh_days
from truceline.simulate.rehearsal_play import Played, play_reports
from truceline.simulate.rehearsal_score import (
    STATUSES,
    LinkSums,
    TruthSums,
    add_sums,
    part_of,
    score_links,
    score_truth,
)
from truceline.simulate.settings import Settings, read_settings
from truceline.simulate.true_incidents import TrueIncidents, add_collapse, truth_of
from truceline.simulate.watch import Watch, scale_watch

if TYPE_CHECKING:
    import pandas as pd

    from truceline.simulate.parameters import Draws

Progress = Callable[[str, float], None]
"""Told what is being done and which share of the whole is done."""

LEVELS = (0.25, 0.5, 1.0, 2.0)
"""Levels of detection rehearsed by default: factors on the means of the plan."""
N_DAYS = 120
"""Days before the collapse by default: the quiet level of the alarms takes four weeks to settle."""
N_REPLICATES = 4
MOST_DAYS = 730
MOST_REPLICATES = 200
MOST_LEVELS = 12
LEAST_DAYS = 30
"""Fewer days leave the alarms nothing to compare with."""
MOST_REPORTS = 200_000
"""Most reports of one rehearsal; a store would take them, but linking so many takes half an hour."""


@dataclass(frozen=True)
class RehearsalAsked:
    """What is to be rehearsed; `check_asked` says what is wrong with it."""

    n_days: int = N_DAYS
    """Days before the collapse."""
    n_replicates: int = N_REPLICATES
    seed: int = 1
    levels: tuple[float, ...] = LEVELS
    fixed: Mapping[str, float] = field(default_factory=dict)
    """Assumptions of the simulation held at other than their stated values, by short name."""
    is_drawn: bool = False
    """Draw the other assumptions from their ranges instead of taking their stated values."""
    cap_branching: float | None = None
    """Draws that would never end are lowered to this branching ratio; by default they are refused."""
    growth: float | None = None
    """Factor by which incidents grow in a day of the collapse; the record's by default."""


@dataclass(frozen=True, eq=False)
class LevelScore:
    """The scores of one level of detection over its replicates."""

    level: float
    links: LinkSums
    """Before the collapse."""
    links_collapse: LinkSums
    """Of reports from the first day of the collapse on."""
    truth: TruthSums
    """Before the collapse."""
    runs: tuple[AlarmRun, ...]
    recalls: tuple[float, ...]
    """Share of true pairs linked, of each replicate."""
    precisions: tuple[float, ...]
    """Share of linked pairs that are true, of each replicate."""
    counted_ratios: tuple[float, ...]
    """Incidents counted by the mission over those detected, of each replicate, before the collapse."""


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """What a rehearsal showed."""

    asked: RehearsalAsked
    watch_label: str
    watch_fingerprint: str
    growth: float
    most: float
    false_per_hundred: float
    """False alarms in a hundred days at which days of warning are stated."""
    p_of_status: Mapping[str, float]
    scores: tuple[LevelScore, ...]


def check_asked(asked: RehearsalAsked) -> None:
    """Raise ScenarioError with everything that cannot be rehearsed."""
    find_problems(asked).raise_if_any(ScenarioError, "the rehearsal")


def find_problems(asked: RehearsalAsked) -> ProblemList:
    """Return what cannot be rehearsed."""
    problems = ProblemList()
    if not LEAST_DAYS <= asked.n_days <= MOST_DAYS:
        problems.add("--days", f"{asked.n_days} days", f"choose {LEAST_DAYS} to {MOST_DAYS}")
    if not 1 <= asked.n_replicates <= MOST_REPLICATES:
        problems.add("--replicates", f"{asked.n_replicates}", f"choose 1 to {MOST_REPLICATES}")
    if asked.seed < 0:
        problems.add("--seed", f"{asked.seed}", "choose a whole number of nought or more")
    if not 1 <= len(asked.levels) <= MOST_LEVELS:
        problems.add("--levels", f"{len(asked.levels)} levels", f"choose 1 to {MOST_LEVELS}")
    for level in asked.levels:
        if not (math.isfinite(level) and level >= 0.0):
            problems.add(
                "--levels", f"{level!r} cannot multiply means", "write nought or more, as 0.25,0.5,1,2"
            )
    if len(set(asked.levels)) < len(asked.levels):
        problems.add("--levels", "names a level twice", "write each once")
    if asked.growth is not None and not (math.isfinite(asked.growth) and asked.growth > 1.0):
        problems.add("--growth", f"{asked.growth!r} is no growth", "write a factor above 1, as 1.3")
    return problems


def rehearse(
    watch: Watch,
    asked: RehearsalAsked,
    *,
    assumptions: AssumptionSet,
    keep: Path | None = None,
    progress: Progress | None = None,
) -> Rehearsal:
    """Return the scores of a rehearsal.

    Parameters
    ----------
    watch
        Of the plan, at level 1.
    asked
        Days, replicates, seed and levels; problems raise ScenarioError.
    keep
        Folder in which the stores and files of every run stay; by default they are removed.
    progress
        Told the run and the share of all runs done.
    """
    check_asked(asked)
    tell = progress or (lambda stage, share: None)
    stage = _Stage(watch, asked, assumptions)
    scores = []
    n_runs = len(asked.levels) * asked.n_replicates
    with _working_folder(keep) as folder:
        for at, level in enumerate(asked.levels):
            results = []
            for replicate in range(asked.n_replicates):
                tell("rehearse", (at * asked.n_replicates + replicate) / n_runs)
                place = folder / f"level-{level:g}" / f"replicate-{replicate}"
                place.mkdir(parents=True)
                results.append(stage.run(level, replicate, place))
                if keep is None:
                    shutil.rmtree(place)
            scores.append(_sum_up(level, results))
    tell("rehearse", 1.0)
    return Rehearsal(
        asked=asked,
        watch_label=watch.label,
        watch_fingerprint=watch.fingerprint,
        growth=stage.growth,
        most=stage.most,
        false_per_hundred=assumptions.value(OBSERVING + "false_alarm_rate"),
        p_of_status=stage.p_of_status,
        scores=tuple(scores),
    )


def make_reports(
    watch: Watch, asked: RehearsalAsked, *, assumptions: AssumptionSet, replicate: int = 0
) -> pd.DataFrame:
    """Return the reports of one replicate as simulated, without a made collapse, at the first level asked."""
    check_asked(asked)
    stage = _Stage(watch, asked, assumptions)
    level = asked.levels[0]
    return observe_incidents(stage.simulate(level, replicate), stage.ground, stage.rules)


@dataclass(frozen=True, eq=False)
class _RunResult:
    links: LinkSums
    links_collapse: LinkSums
    truth: TruthSums
    alarms: AlarmRun
    counted_ratio: float


class _Stage:
    """What all runs of a rehearsal share."""

    def __init__(self, watch: Watch, asked: RehearsalAsked, assumptions: AssumptionSet) -> None:
        self.watch, self.asked, self.assumptions = watch, asked, assumptions
        self.rules: ObservingRules = read_observing_rules(assumptions)
        self.ground = lay_ground(watch, self.rules)
        self.settings: Settings = read_settings(assumptions, n_days=asked.n_days)
        self.growth = asked.growth or assumptions.value(OBSERVING + "collapse_growth")
        self.most = assumptions.value(OBSERVING + "collapse_most")
        self.rule = BreakdownRule(
            multiple=assumptions.value(CEASEFIRE + "surge_multiple"),
            n_days_above=int(assumptions.value(CEASEFIRE + "surge_days")),
        )
        self.p_of_status = {each: assumptions.value(f"{OBSERVING}true_{each}") for each in STATUSES}
        self.window = int(assumptions.value(OBSERVING + "foretold_within"))

    @property
    def n_collapse_days(self) -> int:
        """Return the days it takes the rate of a week to pass the multiple for long enough, and some more."""
        growing = math.ceil(math.log(self.most) / math.log(self.growth))
        return growing + RATE_DAYS + self.rule.n_days_above

    def draws(self, replicate: int) -> Draws:
        stated = {name: self.assumptions.value(CEASEFIRE + name) for name in PARAMETERS}
        fixed = {**({} if self.asked.is_drawn else stated), **self.asked.fixed}
        return draw_parameters(
            self.assumptions,
            first=replicate,
            n=1,
            seed=self.asked.seed,
            fixed=fixed,
            cap_branching=self.asked.cap_branching,
        )

    def hazard_value(self, name: str, replicate: int) -> float:
        """Return a value of the hazard of one replicate."""
        values = self.draws(replicate).values
        return float(values[name][0]) if name in values else self.settings.constant(name)

    def simulate(self, level: float, replicate: int) -> TrueIncidents:
        """Return the truth of one replicate under the watch at a level."""
        from truceline.simulate.run import run_incidents

        watch = self.watch if level == 1.0 else scale_watch(self.watch, level)
        table = run_incidents(watch, self.draws(replicate), self.settings, self.asked.seed, replicate)
        return truth_of(table)

    def run(self, level: float, replicate: int, folder: Path) -> _RunResult:
        """Rehearse one replicate at one level; its files stay in `folder`."""
        truth, n_days = self._let_collapse(self.simulate(level, replicate), replicate)
        reports = observe_incidents(truth, self.ground, self.rules)
        _refuse_too_many(len(reports), level)
        played = play_reports(reports, self.watch, n_days=n_days, folder=folder)
        return self._score(truth, played, n_days, replicate)

    def _let_collapse(self, truth: TrueIncidents, replicate: int) -> tuple[TrueIncidents, int]:
        """Return the truth with a collapse from the last day on, until it has broken down, and its days."""
        onset = self.asked.n_days
        n_days = onset + self.n_collapse_days
        whole = add_collapse(
            truth,
            onset=onset,
            n_days=self.n_collapse_days,
            growth=self.growth,
            most=self.most,
            seed=self.asked.seed + replicate,
            length_km=self.watch.length_km,
        )
        broken = find_breakdown(whole.count_by_day(n_days), onset=onset, rule=self.rule)
        if broken is None:
            return whole, n_days
        return whole.take(whole.time < broken + 1), broken + 1

    def _score(self, truth: TrueIncidents, played: Played, n_days: int, replicate: int) -> _RunResult:
        onset = self.asked.n_days
        times = dict(zip(truth.labels(), truth.time, strict=True))
        is_before = np.array([times[label] < onset for label in played.truth], dtype=bool)
        before = part_of(played, is_before)
        calm = truth.take(truth.time < onset)
        counts = truth.count_by_day(n_days)
        shape = self.hazard_value("hazard_shape", replicate)
        natural = find_breakdown(counts[:onset], rule=self.rule)
        sums = score_truth(before, calm, self.p_of_status)
        counted = len(np.unique(before.incident[np.char.startswith(before.truth.astype(str), "i")]))
        return _RunResult(
            links=score_links(before),
            links_collapse=score_links(part_of(played, ~is_before)),
            truth=sums,
            alarms=AlarmRun(
                onset=onset,
                quiet_until=onset if natural is None else max(natural - self.window, 0),
                breakdown=find_breakdown(counts, onset=onset, rule=self.rule),
                level=played.level,
                evidence=played.evidence,
                window=self.window,
                risk=weigh_days(
                    counts, exponent=self.hazard_value("hazard_exponent", replicate), shape=shape
                ),
                plain_risk=weigh_days(counts, exponent=0.0, shape=shape),
            ),
            counted_ratio=counted / sums.n_detected if sums.n_detected else float("nan"),
        )


def _sum_up(level: float, results: Sequence[_RunResult]) -> LevelScore:
    links, collapse, truth = LinkSums(), LinkSums(), TruthSums()
    for result in results:
        links = add_sums(links, result.links)
        collapse = add_sums(collapse, result.links_collapse)
        truth = add_sums(truth, result.truth)
    return LevelScore(
        level=level,
        links=links,
        links_collapse=collapse,
        truth=truth,
        runs=tuple(result.alarms for result in results),
        recalls=tuple(share(each.links.n_right_pairs, each.links.n_true_pairs) for each in results),
        precisions=tuple(share(each.links.n_right_pairs, each.links.n_linked_pairs) for each in results),
        counted_ratios=tuple(each.counted_ratio for each in results),
    )


def share(part: int, whole: int) -> float:
    """Return a share; NaN of nothing."""
    return part / whole if whole else float("nan")


def _refuse_too_many(n: int, level: float) -> None:
    if n > MOST_REPORTS:
        problems = ProblemList()
        hint = "rehearse fewer days, or a lower rate with --fix background_rate=..."
        problems.add(f"level {level:g}", f"makes {n:,} reports; {MOST_REPORTS:,} at most", hint)
        problems.raise_if_any(ScenarioError, "the rehearsal")


@contextmanager
def _working_folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="truceline-rehearsal-") as name:
        yield Path(name)
