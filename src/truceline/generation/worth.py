"""What the backstop is worth to one plan: every set of tasks put through conditions, matching and watch.

People, shares, USD bn. The base is the coalition without the United States: everything on its route met, and
of the backstop only the tasks of the set. Splitting the whole among the tasks is done in `split`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from truceline.generation.allocation import BurdenRule
from truceline.generation.backstop import (
    SUBSTITUTE_COST,
    TASKS,
    BackstopRow,
    BackstopWorth,
    Measure,
    list_backstop,
    pool_holdings,
    weigh_backstop,
)
from truceline.generation.cases import Case
from truceline.generation.matching import carry_people, fill_enabler, match_offers, settle_case
from truceline.generation.model import Basis, Offer, Requirement, WatchOutcomes
from truceline.generation.outcomes import read_outcome
from truceline.generation.result import CaseResult
from truceline.generation.situation import GUARANTOR, Situation
from truceline.generation.split import Progress
from truceline.scenario.assumption import AssumptionSet

GUARANTEE = "guarantee"
WORKERS = 2
"""Sets of tasks valued side by side; the values do not depend on it."""
PEOPLE = Measure("people", "People sent and carried", "person")
OFFERED = Measure("offered", "People on offer, whatever this force has work for", "person")
SENT = Measure("detect_sent", "Incidents detected by the people sent", "1")
DETECT = Measure("detect", "Incidents detected, were the force complete", "1")
VERIFY = Measure("verify", "Incidents verified, were the force complete", "1")
WEAKEST = Measure("weakest", "Weakest crossing noticed, were the force complete", "1")
DAYS = "days"
LIFT = "strategic-lift"
"""Task that carries people and vehicles in, and so changes days beside who comes."""
DAYS_SHARE = 0.9
"""Part of the people whom the whole backstop brings that has to be in place."""
COST = Measure(SUBSTITUTE_COST, "Cost of what stands in for it", "USD bn", more_is_better=False)


@dataclass(frozen=True)
class Deploying:
    """How the days of a case are found, by who knows how people move."""

    days_of: Callable[[CaseResult, Situation, float], float]
    """Days until so many people of a case are in place; inf for never."""
    horizon: int
    """Days looked at: what stands for never."""

    @property
    def measure(self) -> Measure:
        """The measure, with what stands for never."""
        label = (
            f"Days until {DAYS_SHARE:.0%} of what the whole backstop brings is there ({self.horizon}: never)"
        )
        return Measure(DAYS, label.replace("%", " %"), "day", more_is_better=False)


def compare_backstop(
    requirements: Sequence[Requirement], situation: Situation, whole: Case, basis: Basis
) -> tuple[BackstopRow, ...]:
    """Return what of each task is needed, held and missing; held by all who come in the case `whole`.

    The question is what others have, so that the case in which most of them come is the one to ask.
    """
    codes = situation.commit().settle(whole.met)
    return list_backstop(requirements, pool_holdings(situation.offers_of(codes)), basis.deployed)


def weigh_tasks(
    requirements: Sequence[Requirement],
    situation: Situation,
    basis: Basis,
    rows: Sequence[BackstopRow],
    base: Case,
    whole: Case,
    burden: BurdenRule,
    assumptions: AssumptionSet,
    supplied: Mapping[str, float],
    progress: Progress | None = None,
    deploying: Deploying | None = None,
) -> BackstopWorth:
    """Return what each task changes in people, in what is seen, and in what would stand in for it.

    base, whole: the case without and with everything the United States could bring. What the
    whole has beside the tasks (the allies' pooled aircraft, monitoring led by the US) comes with the
    guarantee. supplied: share of a task's gap that is filled where it is brought; all of it where nothing is
    said. deploying: values each set in days too; None leaves that measure out.
    """
    commitments = situation.commit()
    known = {task.key for task in TASKS}
    tasks = tuple(task for task in TASKS if GUARANTOR + task.key in whole.met)
    besides = {key for key in whole.met - base.met if key.removeprefix(GUARANTOR) not in known}
    sent: dict[tuple[str, ...], float] = {}
    deployed = basis.deployed.value

    def settle(brought: frozenset[str]) -> tuple[str, ...]:
        met = base.met | {GUARANTOR + key for key in brought}
        return commitments.settle(met | besides if GUARANTEE in brought else met)

    def carry(codes: tuple[str, ...], brought: frozenset[str]) -> float:
        offers = situation.offers_of(codes)
        if codes not in sent:
            found = match_offers(requirements, offers, burden)
            sent[codes] = 0.0 if found is None else float(found.people.sum())
        return carry_people(
            sent[codes], deployed, requirements, offers, brought, assumptions, supplied
        ).people

    everything = frozenset(task.key for task in tasks)
    wanted = 0.0 if deploying is None else DAYS_SHARE * carry(settle(everything), everything)
    days: dict[tuple[tuple[str, ...], bool], float] = {}

    def count_days(codes: tuple[str, ...], brought: frozenset[str], carried: float) -> float:
        """Return days of a set: by who comes and by lift, where what is in hand carries enough of them."""
        if deploying is None or wanted <= 0 or carried < wanted * (1 - 1e-9):
            return math.inf
        key = codes, LIFT in brought
        if key not in days:
            met = whole.met if LIFT in brought else whole.met - {GUARANTOR + LIFT}
            result = settle_case(
                replace(whole, met=met), situation, requirements, basis, burden, assumptions, supplied, codes
            )
            days[key] = deploying.days_of(result, situation, wanted)
        return days[key]

    def evaluate(brought: frozenset[str]) -> dict[str, float]:
        codes = settle(brought)
        offers = situation.offers_of(codes)
        carried = carry(codes, brought)
        values = {
            PEOPLE.key: carried,
            OFFERED.key: math.fsum(offer.people.value for offer in offers.values()),
        }
        if deploying is not None:
            values[DAYS] = min(count_days(codes, brought, carried), float(deploying.horizon))
        if basis.outcomes is not None:
            strength = carried / deployed if deployed > 0 else 0.0
            filled = fill_intelligence(requirements, offers, brought, supplied, basis)
            values[SENT.key] = _read(basis.outcomes, DETECT.key, strength, filled)
            for measure in (DETECT, VERIFY, WEAKEST):
                values[measure.key] = _read(basis.outcomes, measure.key, 1.0, filled)
        return values

    felt = _tasks_felt(requirements, basis) | ({LIFT} if deploying is not None else set())

    def tell_apart(brought: frozenset[str]) -> Hashable:
        return settle(brought), brought & felt

    seen = (SENT, DETECT, VERIFY, WEAKEST) if basis.outcomes is not None else ()
    dated = () if deploying is None else (deploying.measure,)
    measures = (PEOPLE, OFFERED, *dated, *seen, COST)
    return weigh_backstop(
        tasks,
        rows,
        evaluate,
        measures,
        assumptions=assumptions,
        supplied=supplied,
        keys=tell_apart,
        progress=progress,
        workers=WORKERS,
    )


def _tasks_felt(requirements: Sequence[Requirement], basis: Basis) -> frozenset[str]:
    """Return the tasks that change something beside who comes: what carries people, and what sees.

    Sets of tasks that bring the same nations and the same of these have one value.
    """
    carrying = {each.capability.backstop_task for each in requirements if each.capability.essential}
    seeing = set() if basis.outcomes is None else set(basis.outcomes.tasks)
    return frozenset(carrying | seeing)


def _read(outcomes: WatchOutcomes, measure: str, strength: float, filled: Mapping[str, float]) -> float:
    """Return an outcome; where nobody can pass, no crossing is weak and no task changes that."""
    value = read_outcome(outcomes, measure, strength, filled)
    return 1.0 if math.isnan(value) else value


def fill_intelligence(
    requirements: Sequence[Requirement],
    offers: Mapping[str, Offer],
    brought: frozenset[str],
    supplied: Mapping[str, float],
    basis: Basis,
) -> dict[str, float]:
    """Return the share of the need of each intelligence task that contributors and guarantor fill."""
    if basis.outcomes is None:
        return {}
    return {
        each.capability.backstop_task: fill_enabler(each, offers, brought, supplied)
        for each in requirements
        if each.capability.backstop_task in basis.outcomes.tasks
    }
