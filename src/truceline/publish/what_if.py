"""The small live model of the spreadsheet: counts, crews, cycle and shares in, people out, as formulas.

People, days, months, km; shares between 0 and 1. The same arithmetic as `force.sizing`, written once more
so that it can be played with where the program is not at hand; every result stands beside the plan's own, and
a test evaluates the formulas. What is seen does not follow: that takes siting, and the program.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from truceline.force.sizing import RESERVE_SHARE, SUPPORT_SHARES, post_cycle
from truceline.plan.model import Plan, PosturePlan
from truceline.scenario.assumption import AssumptionSet

FIRST_ROW = 5
"""Row of the first line: above it stand the title, two notes and the head."""
VALUE_COLUMN, PLAN_COLUMN = "B", "C"


@dataclass(frozen=True)
class Line:
    """One line of the sheet: a heading, an input or a result."""

    label: str
    value: float | None = None
    """What the plan has; None for a heading."""
    unit: str = ""
    formula: str = ""
    """How it follows from other lines, in cells; empty for an input."""
    name: str = ""
    """Assumption it comes from, or what makes it."""
    is_weak: bool = False


class _Sheet:
    """Collects lines and knows in which cell each value stands."""

    def __init__(self, assumptions: AssumptionSet) -> None:
        self.lines: list[Line] = []
        self._assumptions = assumptions
        self._cells: dict[str, str] = {}

    def head(self, label: str) -> None:
        self.lines.append(Line(label))

    def take(self, key: str, label: str, value: float, unit: str, name: str = "this posture") -> str:
        """Add an input and return its cell."""
        return self._add(key, Line(label, value, unit, name=name))

    def assume(self, name: str, value: float | None = None) -> str:
        """Add an assumption of the plan as an input and return its cell."""
        record = self._assumptions[name]
        used = record.value if value is None else value
        return self._add(name, Line(record.label, used, record.unit, "", name, record.evidence.is_weak))

    def make(self, key: str, label: str, value: float, unit: str, formula: str) -> str:
        """Add a result and return its cell; `{names}` in the formula stand for cells."""
        return self._add(key, Line(label, value, unit, "=" + formula.format_map(self._cells)))

    def cell(self, key: str) -> str:
        return self._cells[key]

    def _add(self, key: str, line: Line) -> str:
        self._cells[_slot(key)] = f"{VALUE_COLUMN}{FIRST_ROW + len(self.lines)}"
        self.lines.append(line)
        return self._cells[_slot(key)]


def _slot(key: str) -> str:
    """Return a key that a format string can name: dots would be read as attributes."""
    return key.replace(".", "_").replace("-", "_")


def build_what_if(plan: Plan) -> tuple[Line, ...]:
    """Return the lines of the live model for the posture planned in full."""
    posture, sheet = plan.chosen, _Sheet(plan.assumptions)
    _take_counts(sheet, posture)
    _take_reaction(sheet, posture)
    sheet.head("Support, as shares of the watching force")
    for name in SUPPORT_SHARES:
        sheet.assume(name)
    sheet.head("Deterrence and rotation")
    sheet.take("brigades", "Deterrence brigades declared", posture.posture.brigades.value, "brigade")
    sheet.assume("deterrence.brigade_people")
    sheet.assume("rotation.tour")
    sheet.assume("rotation.dwell")
    sheet.take("length", "Length of the line", plan.length_m / 1000, "km", "the scenario")
    _make_people(sheet, plan, posture)
    return tuple(sheet.lines)


_STATIONED = (
    ("armed_posts", "Armed observation posts", "post", "staffing.post_crew", True),
    ("unarmed_posts", "Unarmed observer posts", "post", "staffing.unarmed_post_crew", True),
    ("masts", "Unattended masts", "mast", "staffing.mast_upkeep_crew", False),
    ("patrols_per_day", "Patrols a day", "patrol/day", "patrol.crew", True),
)
"""Field of the counts, label, unit, crew, and whether the crew is relieved by the post cycle."""


def _take_counts(sheet: _Sheet, posture: PosturePlan) -> None:
    counts = posture.people.counts
    sheet.head("What watches, and its crews")
    for field, label, unit, crew, _ in _STATIONED:
        sheet.take(field, label, float(getattr(counts, field)), unit)
        sheet.assume(crew)
    sheet.assume("staffing.days_on_post")
    sheet.assume("staffing.days_off_post")
    for index, means in enumerate((*counts.sensor_crews, *counts.area_means)):
        sheet.take(f"units_{index}", f"{means.label}: how many", means.units, "unit")
        sheet.take(
            f"people_{index}", f"{means.label}: people for each", means.people_per_unit, "person", "sensors"
        )


def _take_reaction(sheet: _Sheet, posture: PosturePlan) -> None:
    bases = posture.people.bases
    sheet.head("Reaction force")
    if bases is None:
        sheet.assume(RESERVE_SHARE)
        return
    sheet.take("bases", "Reaction bases", float(bases.required.n_bases), "base")
    sheet.assume("reaction.unit_people", bases.required.unit_people)


def _make_people(sheet: _Sheet, plan: Plan, posture: PosturePlan) -> None:
    people, force = posture.people, posture.people.force
    sheet.head("What it takes")
    cycle = post_cycle(plan.assumptions).value
    days = "({staffing_days_on_post}+{staffing_days_off_post})/{staffing_days_on_post}"
    sheet.make("cycle", "People deployed for each one in place", cycle, "1", days)
    watchers = list(_make_watchers(sheet, plan, posture, cycle))
    sheet.make(
        "front", "People who watch", force.front_people, "person", f"SUM({watchers[0]}:{watchers[-1]})"
    )
    first, last = (sheet.cell(_slot(SUPPORT_SHARES[i])) for i in (0, -1))
    support = sum(plan.assumptions.value(name) for name in SUPPORT_SHARES)
    sheet.make("support", "Support, together", support, "1", f"SUM({first}:{last})")
    if people.bases is None:
        watching = f"{{front}}/(1-{{support}}-{{{_slot(RESERVE_SHARE)}}})"
    else:
        watching = "({front}+{bases}*{reaction_unit_people})/(1-{support})"
    sheet.make(
        "watching", "Watching force: watchers, reaction, support", force.watching_people, "person", watching
    )
    brigades = "{brigades}*{deterrence_brigade_people}"
    sheet.make("deterrence", "Deterrence, declared apart", force.deterrence_people, "person", brigades)
    sheet.make("deployed", "People deployed", force.deployed_people, "person", "{watching}+{deterrence}")
    sheet.make(
        "per_km",
        "People for each km of line",
        force.per_km(plan.length_m),
        "person/km",
        "{deployed}/{length}",
    )
    pool = "{deployed}*({rotation_tour}+{rotation_dwell})/{rotation_tour}"
    sheet.make(
        "pool", "People bound: deployed, resting, preparing", people.rotation.pool_people, "person", pool
    )


def _make_watchers(sheet: _Sheet, plan: Plan, posture: PosturePlan, cycle: float) -> Iterator[str]:
    """Add the people of each thing that watches and yield their cells, one below the other."""
    counts = posture.people.counts
    for field, label, _, crew, is_relieved in _STATIONED:
        people = getattr(counts, field) * plan.assumptions.value(crew) * (cycle if is_relieved else 1.0)
        formula = f"{{{field}}}*{{{_slot(crew)}}}" + ("*{cycle}" if is_relieved else "")
        yield sheet.make(f"{field}_people", f"People: {label.lower()}", people, "person", formula)
    for index, means in enumerate((*counts.sensor_crews, *counts.area_means)):
        people = means.units * means.people_per_unit
        formula = f"{{units_{index}}}*{{people_{index}}}"
        yield sheet.make(f"crew_{index}", f"People: {means.label}", people, "person", formula)
