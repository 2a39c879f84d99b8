"""The tasks of a US backstop, what was published about each, and what could stand in for it.

Months, and USD bn in the prices of the year each row names. The tables are packaged: `backstop` holds what
was said (facts), `backstop_substitutes` what would replace a task where the US does not bring it. An empty
cost is one nobody knows, which is not the same as none; nothing here fills it in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from truceline.errors import ProblemList
from truceline.scenario.assumption import Evidence
from truceline.scenario.reference import Row, grade_confidence, parse_rows, read_number, read_table

TaskGroup = Literal["air support", "logistics", "intelligence", "command", "political"]
"""The three words of February 2025 (backstop/BS00), and the two that they leave out."""

CostBasis = Literal["unit", "task", "1000 people", "none"]
"""What a substitute's cost is for: one missing unit; the whole task, or 1,000 people deployed, each times the
share of the need that is missing; or nothing, because it cannot be bought."""
COST_BASES: tuple[CostBasis, ...] = get_args(CostBasis)

UNKNOWN = "unknown"
"""Evidence of a figure that is left empty because nobody published one and we have no ground to guess."""


@dataclass(frozen=True)
class BackstopTask:
    """One thing the United States might bring, apart from the others."""

    key: str
    label: str
    group: TaskGroup
    capabilities: tuple[str, ...] = ()
    """Capabilities it fills; none for a promise."""

    @property
    def is_material(self) -> bool:
        """Tell whether it consists of things that others may also hold."""
        return bool(self.capabilities)


TASKS: tuple[BackstopTask, ...] = (
    BackstopTask("isr-space", "Surveillance from space", "intelligence", ("isr-space",)),
    BackstopTask("isr-air", "Surveillance from the air", "intelligence", ("isr-air",)),
    BackstopTask("isr-sea", "Surveillance at sea", "intelligence", ("isr-sea",)),
    BackstopTask("refuelling", "Refuelling in the air", "air support", ("refuelling",)),
    BackstopTask("combat-air", "Combat air patrols", "air support", ("combat-air", "early-warning")),
    BackstopTask("air-defence", "Air and missile defence", "air support", ("air-defence",)),
    BackstopTask("strategic-lift", "Strategic lift", "logistics", ("strategic-lift",)),
    BackstopTask("theatre-logistics", "Theatre logistics", "logistics", ("theatre-logistics",)),
    BackstopTask("medevac", "Medical evacuation and hospitals", "logistics", ("medevac", "hospital")),
    BackstopTask("satcom-command", "Satellite communications and command", "command", ("satcom", "command")),
    BackstopTask("guarantee", "The political guarantee", "political"),
)
"""The eleven tasks in the order of every table; all but the last are material."""

_BY_KEY = {task.key: task for task in TASKS}


@dataclass(frozen=True)
class BackstopFact:
    """One published statement about the backstop."""

    key: str
    tasks: tuple[str, ...]
    subject: str
    us_supply: str
    european_share: float | None
    """Share of the supply that European states hold, 0 to 1."""
    european_holding: str
    finding: str
    months_low: float | None
    """Soonest that Europeans could do it alike."""
    months_high: float | None
    cost_basis: str
    cost_low_usd_bn: float | None
    cost_high_usd_bn: float | None
    note: str
    evidence: str
    confidence: str
    """The table's own word for how good the source is."""
    source: str
    source_url: str


@dataclass(frozen=True)
class Substitute:
    """What would stand in for one capability of a task, what it costs and how long it takes."""

    key: str
    task: str
    capability: str
    """Empty for a promise, which has none."""
    words: str
    per: CostBasis
    one_off_usd_bn: tuple[float, float] | None
    """Lowest and highest; None where nobody knows."""
    yearly_usd_bn: tuple[float, float] | None
    price_year: int | None
    cost_evidence: str
    """A grade of evidence, or `UNKNOWN`."""
    months: tuple[float, float] | None
    months_evidence: str
    rows: tuple[str, ...]
    """Rows of packaged or reference tables that the figures come from."""
    note: str
    source: str
    source_url: str

    @property
    def cost_source(self) -> str:
        """Return whose figure the cost is: the source's, or ours where nobody published one."""
        if self.cost_evidence in (Evidence.published.value, Evidence.derived.value):
            return self.source
        return f"Truceline, backstop_substitutes/{self.key}"

    @property
    def cost_is_ours(self) -> bool:
        """Tell whether the cost must be shown as our own judgement, or as one that nobody has read."""
        return self.cost_evidence in (Evidence.judgement.value, Evidence.general.value)

    @property
    def months_are_ours(self) -> bool:
        """Tell whether the months must be shown as our own judgement."""
        return self.months_evidence in (Evidence.judgement.value, Evidence.general.value)


def find_task(key: str) -> BackstopTask:
    """Return the task of that key. Raises KeyError: keys come from this file, not from users."""
    return _BY_KEY[key]


@cache
def read_facts() -> tuple[BackstopFact, ...]:
    """Return the published statements, in the order of their table. Raises TableError where malformed."""
    return parse_rows(read_table("backstop"), _parse_fact, "backstop")


@cache
def read_substitutes() -> tuple[Substitute, ...]:
    """Return every substitute in the order of its table. Raises TableError where it is malformed."""
    return parse_rows(read_table("backstop_substitutes"), parse_substitute, "backstop_substitutes")


def facts_about(task: str, facts: Iterable[BackstopFact] | None = None) -> tuple[BackstopFact, ...]:
    """Return the statements about one task."""
    return tuple(fact for fact in (read_facts() if facts is None else facts) if task in fact.tasks)


def closing_months(facts: Iterable[BackstopFact]) -> tuple[float, float] | None:
    """Return the soonest and the latest month that statements give for doing it alike, or None."""
    known = [(f.months_low, f.months_high) for f in facts if f.months_low is not None]
    highs = [high for _, high in known if high is not None]
    return (min(low for low, _ in known if low is not None), max(highs)) if highs else None


def _parse_fact(row: Row, problems: ProblemList) -> BackstopFact | None:
    where = f"backstop/{row['fact_id']}"
    tasks = tuple(key for key in row["tasks"].split("|") if key)
    for key in tasks:
        _check_task(key, where, problems)
    months = _read_range(row, "months", where, problems)
    cost = _read_range(row, "cost", where, problems, unit="_usd_bn")
    share = read_number(row["european_share"])
    if share is not None and not 0 <= share <= 1:
        problems.add(where, f"european_share {share:g} is not a share", "write 0 to 1")
    return BackstopFact(
        key=row["fact_id"],
        tasks=tasks,
        subject=row["subject"],
        us_supply=row["us_supply"],
        european_share=share,
        european_holding=row["european_holding"],
        finding=row["finding"],
        months_low=months[0] if months else None,
        months_high=months[1] if months else None,
        cost_basis=row["cost_basis"],
        cost_low_usd_bn=cost[0] if cost else None,
        cost_high_usd_bn=cost[1] if cost else None,
        note=row["note"],
        evidence=grade_confidence(row["confidence"]).value,
        confidence=row["confidence"],
        source=row["source"],
        source_url=row["source_url"],
    )


def parse_substitute(row: Row, problems: ProblemList) -> Substitute | None:
    """Return a row of the substitutes as a record; notes what is wrong with it and then returns None."""
    where = f"backstop_substitutes/{row['substitute_id']}"
    before = len(problems.problems)
    _check_task(row["task"], where, problems)
    task = _BY_KEY.get(row["task"])
    if task is not None and (row["capability"] not in task.capabilities and task.is_material):
        hint = f"one of {', '.join(task.capabilities)}"
        problems.add(where, f"'{row['capability']}' is no capability of {task.key}", hint)
    if row["per"] not in COST_BASES:
        problems.add(where, f"'{row['per']}' is no basis of a cost", f"one of {', '.join(COST_BASES)}")
    one_off = _read_range(row, "one_off", where, problems, unit="_usd_bn")
    yearly = _read_range(row, "yearly", where, problems, unit="_usd_bn")
    months = _read_range(row, "months", where, problems)
    known = {"cost": one_off is not None or yearly is not None, "months": months is not None}
    for what, is_known in known.items():
        evidence = row[f"{what}_evidence"]
        if evidence not in {*Evidence, UNKNOWN}:
            problems.add(where, f"'{evidence}' is no grade of evidence", f"one of {', '.join(Evidence)}")
        elif is_known == (evidence == UNKNOWN):
            found = f"{what} {'has figures' if is_known else 'has none'} and its evidence is '{evidence}'"
            problems.add(where, found, f"'{UNKNOWN}' stands for a figure that is left empty")
    if len(problems.problems) > before:
        return None
    price_year = read_number(row["price_year"])
    return Substitute(
        key=row["substitute_id"],
        task=row["task"],
        capability=row["capability"],
        words=row["substitute"],
        per=next(basis for basis in COST_BASES if basis == row["per"]),
        one_off_usd_bn=one_off,
        yearly_usd_bn=yearly,
        price_year=None if price_year is None else int(price_year),
        cost_evidence=row["cost_evidence"],
        months=months,
        months_evidence=row["months_evidence"],
        rows=tuple(row["rows"].split("|")),
        note=row["note"],
        source=row["source"],
        source_url=row["source_url"],
    )


def _check_task(key: str, where: str, problems: ProblemList) -> None:
    if key not in _BY_KEY:
        problems.add(where, f"'{key}' is no task of the backstop", f"one of {', '.join(_BY_KEY)}")


def _read_range(
    row: Row, name: str, where: str, problems: ProblemList, unit: str = ""
) -> tuple[float, float] | None:
    """Return two cells as lowest and highest, or None where both are empty."""
    try:
        low, high = read_number(row[f"{name}_low{unit}"]), read_number(row[f"{name}_high{unit}"])
    except ValueError as error:
        problems.add(where, f"{name}: {error}", "write numbers, or leave both empty")
        return None
    if low is None and high is None:
        return None
    if low is None or high is None or not 0 <= low <= high:
        problems.add(where, f"{name}: {low} to {high} is no range", "write 0 or more, the lowest first")
        return None
    return low, high
