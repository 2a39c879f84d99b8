"""When the units of each contributor can start: conditions and approvals, then notice to move.

Days from the ceasefire; before it they are below zero. Lead times are estimates with ranges, by us or by
analysts, and no likelihood is given to any of them: a condition of the case is taken as met after its time.
What a nation asks of others' presence (so many people of others first) is not waited for here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from truceline.deployment.model import LOAD_CLASSES, FloatArray, LoadClass
from truceline.errors import ProblemList, ScenarioError, TableError
from truceline.generation.condition_book import DECISION, PARLIAMENT, ConditionBook
from truceline.generation.gating import Gate
from truceline.generation.nations import POOL
from truceline.scenario.reference import Row, parse_rows, read_table
from truceline.trace import Traced

CEASEFIRE = "ceasefire"
APPROVAL = "approval."
"""Begins the key of a government's decision by its own rule, where no vote or open decision is waited for."""
EARLY_KINDS = ("mandate", "parliament", "decision", "consent")
"""Kinds of conditions that can be worked on before a ceasefire."""
NOT_EARLY = ("consent.side-b",)
"""The other side's consent is part of what a ceasefire brings."""
NOTICES = ("quick", "standard", "slow")
_BEFORE_APPROVAL = ("mandate.", "terms")


@dataclass(frozen=True)
class MovementClass:
    """How a capability moves."""

    capability: str
    load_class: LoadClass
    notice: str
    """Name of the assumption with its days of notice."""
    why: str


@dataclass(frozen=True)
class Step:
    """One condition or approval of a nation, for a calendar."""

    key: str
    label: str
    kind: str
    begin: float
    end: float
    lead: Traced
    met: bool = False
    """Whether it held already, and takes no time."""
    begin_low: float = 0.0
    """With every lead time at its short end."""
    end_low: float = 0.0
    end_high: float = 0.0


@dataclass(frozen=True)
class Schedule:
    """When one contributor may move, and what it waits for until then."""

    nation: str
    steps: tuple[Step, ...]
    """In the order in which they end."""
    approved_day: float
    approved_low: float
    approved_high: float

    @property
    def last(self) -> Step | None:
        """The step that everything else waits for; None where nothing is waited for."""
        waited = [step for step in self.steps if not step.met]
        return max(waited, key=lambda step: (step.end, step.key)) if waited else None


def read_movement_classes() -> dict[str, MovementClass]:
    """Return how each capability moves, by its key: our classes, with the reason in the table.

    Raises TableError with every problem of the table.
    """

    def parse(row: Row, problems: ProblemList) -> MovementClass | None:
        where = f"movement_classes {row['capability']}"
        found = next((one for one in LOAD_CLASSES if one == row["load_class"]), None)
        if found is None:
            problems.add(
                where, f"{row['load_class']!r} is no load class", f"one of {', '.join(LOAD_CLASSES)}"
            )
        if row["notice"] not in NOTICES:
            problems.add(where, f"{row['notice']!r} is no notice", f"one of {', '.join(NOTICES)}")
        if found is None:
            return None
        return MovementClass(row["capability"], found, f"deployment.notice_{row['notice']}", row["why"])

    records = parse_rows(read_table("movement_classes"), parse, "movement_classes")
    return {record.capability: record for record in records}


def list_leads(
    nations: Collection[str],
    gates: Mapping[str, Gate],
    book: ConditionBook,
    case_met: Collection[str],
) -> dict[str, Traced]:
    """Return every lead time that the nations wait for in a case, by condition, sorted.

    Raises ScenarioError with every nation that has no gate, none that the case opens, or no rule of approval.
    """
    problems = ProblemList()
    keys: set[str] = set()
    extra: dict[str, Traced] = {}
    for nation in sorted(nations):
        requires = _requires(nation, gates, book, case_met, problems)
        keys |= _with_members(requires, book)
        own = _own_approval(nation, requires, book, problems)
        if own is not None:
            extra[APPROVAL + nation] = own
    problems.raise_if_any(ScenarioError, "approvals")
    leads = {key: book[key].lead for key in keys if not _is_composite(key, book)}
    return dict(sorted({**leads, **extra}.items()))


def finish_days(
    nation: str,
    leads: Mapping[str, FloatArray],
    gates: Mapping[str, Gate],
    book: ConditionBook,
    case_met: Collection[str],
    *,
    met: Collection[str] = (),
    early_days: float = 0.0,
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return when each condition of a nation begins and ends, in every draw.

    leads: (draws,) days by condition, as `list_leads` names them. met: holds already and takes no time.
    early_days: how long before the ceasefire work on approvals may begin (`EARLY_KINDS`).
    """
    problems = ProblemList()
    requires = _requires(nation, gates, book, case_met, problems)
    own = APPROVAL + nation if APPROVAL + nation in leads else ""
    problems.raise_if_any(ScenarioError, "approvals")
    whole = _with_members(requires, book) | ({own} if own else set())
    n = max((np.size(lead) for lead in leads.values()), default=1)
    found: dict[str, tuple[FloatArray, FloatArray]] = {}
    composites = {composite.key: composite for composite in book.composites()}

    def end_of(key: str) -> FloatArray:
        if key in found:
            return found[key][1]
        zero = np.zeros(n)
        if key in met:
            found[key] = (zero, zero)
        elif key in composites:
            composite = composites[key]
            members = np.sort([end_of(member) for member in sorted(composite.members)], axis=0)
            end = members[composite.at_least - 1]
            found[key] = (end, end)
        else:
            after = _after(key, nation, book, whole)
            can_be_early = early_days > 0 and _kind(key, book) in EARLY_KINDS and key not in NOT_EARLY
            if can_be_early:
                waits = [end_of(other) for other in after if other != CEASEFIRE]
                begin = np.maximum.reduce([np.full(n, -early_days), *waits])
            else:
                begin = np.maximum.reduce([zero, *(end_of(other) for other in after)])
            found[key] = (begin, begin + leads[key])
        return found[key][1]

    for key in sorted(whole):
        end_of(key)
    return found


def schedule_nation(
    nation: str,
    gates: Mapping[str, Gate],
    book: ConditionBook,
    case_met: Collection[str],
    *,
    met: Collection[str] = (),
    early_days: float = 0.0,
    delays: Mapping[str, float] | None = None,
) -> Schedule:
    """Return the calendar of one nation at the values of all lead times, with their short and long ends.

    delays: further days by condition, as a what-if.

    Raises ScenarioError as `list_leads` does.
    """
    leads = list_leads([nation], gates, book, case_met)
    ends = {key: _three(lead) + (delays or {}).get(key, 0.0) for key, lead in leads.items()}
    days = finish_days(nation, ends, gates, book, case_met, met=met, early_days=early_days)
    names = book.approvals
    steps = []
    for key, (begin, end) in days.items():
        own = key.startswith(APPROVAL)
        label = f"{names[nation].name}: {names[nation].rule}" if own else book[key].label
        lead = leads[key] if own or key in leads else book[key].lead
        steps.append(
            Step(
                key=key,
                label=label,
                kind="decision" if own else book[key].kind,
                begin=float(begin[1]),
                end=float(end[1]),
                lead=lead,
                met=key in met,
                begin_low=float(begin[0]),
                end_low=float(end[0]),
                end_high=float(end[2]),
            )
        )
    steps.sort(key=lambda step: (step.end, step.begin, step.key))
    approved = approval_days(nation, ends, gates, book, case_met, met=met, early_days=early_days)
    return Schedule(nation, tuple(steps), float(approved[1]), float(approved[0]), float(approved[2]))


def approval_days(
    nation: str,
    leads: Mapping[str, FloatArray],
    gates: Mapping[str, Gate],
    book: ConditionBook,
    case_met: Collection[str],
    *,
    met: Collection[str] = (),
    early_days: float = 0.0,
) -> FloatArray:
    """Return the day of a nation's last condition in every draw; arguments as for `finish_days`.

    Members of a composite beyond those it wants are not waited for. Below zero is before the ceasefire.
    """
    days = finish_days(nation, leads, gates, book, case_met, met=met, early_days=early_days)
    needed = _requires(nation, gates, book, case_met, ProblemList()) | {APPROVAL + nation}
    ends = [end for key, (_, end) in days.items() if key in needed and key != CEASEFIRE]
    return np.asarray(np.max(ends, axis=0) if ends else days[CEASEFIRE][1])


def _three(lead: Traced) -> FloatArray:
    low, high = lead.bounds
    return np.array([low, lead.value, high])


def _requires(
    nation: str,
    gates: Mapping[str, Gate],
    book: ConditionBook,
    case_met: Collection[str],
    problems: ProblemList,
) -> frozenset[str]:
    """Return the clause of a nation that the case opens and that is there first."""
    gate = gates.get(nation)
    if gate is None:
        problems.add(f"nation {nation}", "has no conditions", "list its gate first")
        return frozenset()
    held = set(case_met)
    for composite in book.composites():
        if len(composite.members & held) >= composite.at_least:
            held.add(composite.key)
    open_clauses = [clause.requires for clause in gate.clauses if clause.requires <= held]
    if not open_clauses:
        missing = min((sorted(clause.requires - held) for clause in gate.clauses), key=len, default=[])
        found = f"waits for {', '.join(missing)}, which the case does not hold" if missing else gate.reason
        problems.add(f"nation {nation}", found, "choose another case, or leave it out")
        return frozenset()
    return min(open_clauses, key=lambda keys: (book.lead_days(keys), sorted(keys)))


def _own_approval(
    nation: str, requires: Collection[str], book: ConditionBook, problems: ProblemList
) -> Traced | None:
    """Return the days of a government that decides alone; None where a vote or decision is waited for."""
    if nation == POOL or {PARLIAMENT + nation, DECISION + nation} & set(requires):
        return None
    rule = book.approvals.get(nation)
    if rule is None:
        hint = "add its row to the table of approvals"
        problems.add(f"nation {nation}", "has no rule of approval", hint)
        return None
    return Traced(
        name=f"approval.{nation}.lead",
        value=(rule.days_low + rule.days_high) / 2,
        unit="day",
        label=f"Days until the government of {rule.name} has decided",
        low=rule.days_low,
        high=rule.days_high,
        evidence="judgement",
        source=f"approvals/{nation}: {rule.days_low:g} to {rule.days_high:g} days, estimated; middle ours",
        note=rule.rule,
    )


def _with_members(requires: Collection[str], book: ConditionBook) -> set[str]:
    """Return conditions with the members of those that are made of others, and the composites themselves."""
    whole = set(requires)
    for composite in book.composites():
        if composite.key in whole:
            whole |= composite.members
    return whole


def _is_composite(key: str, book: ConditionBook) -> bool:
    return any(composite.key == key for composite in book.composites())


def _after(key: str, nation: str, book: ConditionBook, whole: Collection[str]) -> list[str]:
    """Return what a condition waits for among those the nation needs."""
    if key == APPROVAL + nation:
        return [CEASEFIRE, *(other for other in sorted(whole) if other.startswith(_BEFORE_APPROVAL))]
    return [other for other in book[key].after if other in whole]


def _kind(key: str, book: ConditionBook) -> str:
    return "decision" if key.startswith(APPROVAL) else book[key].kind


def check_classes(capabilities: Collection[str], classes: Mapping[str, MovementClass]) -> None:
    """Raise TableError with every capability that has no class of movement."""
    problems = ProblemList()
    for key in sorted(set(capabilities) - set(classes)):
        problems.add(f"capability {key}", "has no class of movement", "add its row to movement_classes.csv")
    problems.raise_if_any(TableError, "movement classes")
