"""How many people a posture takes: posts, masts, sensors, patrols and drones, their reserve and support.

Units: people, metres; shares between 0 and 1. Watching and deterrence are two terms that are
declared and shown apart: no post, patrol or support share ever stands for combat power, and no
brigade for a post. Nothing is rounded. Checked against past missions in `backcasts`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from truceline.errors import InfeasibleError, Problem, ProblemList, ScenarioError
from truceline.force.reaction import Reaction, ShareReaction, SitedReaction
from truceline.force.tasks import CrewedMeans, Task, TaskTable, WatchCounts, trace_count
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced

SUPPORT_SHARES = (
    "support.logistics_share",
    "support.engineers_share",
    "support.medical_share",
    "support.headquarters_share",
    "support.aviation_share",
)
"""Assumptions that give each kind of support as a share of the whole watching force."""

RESERVE_SHARE = "support.reserve_share"
"""Assumption that gives the reaction force as a share of the whole watching force."""


@dataclass(frozen=True)
class Force:
    """People that a posture takes, task by task."""

    table: TaskTable
    watching_people: float
    """Watchers, reaction force and the support of both."""
    deterrence_people: float
    """Declared combat brigades, their support included."""
    front_people: float
    """Watchers alone: posts, masts, sensors, patrols, drones."""
    traced: Traced
    """How the deployed strength was built."""

    @property
    def deployed_people(self) -> float:
        """People in the field at any one time."""
        return self.watching_people + self.deterrence_people

    @property
    def front_line_share(self) -> float:
        """Watchers as a share of the watching force; 0 where nobody watches."""
        return self.front_people / self.watching_people if self.watching_people else 0.0

    def per_km(self, length_m: float) -> float:
        """Return deployed people per kilometre of a line of `length_m` metres."""
        _check_positive("line.length", length_m, "m")
        return self.deployed_people / (length_m / 1000)

    def per_post(self, posts: float) -> float | None:
        """Return watching people per staffed post, support included, or None where there is no post."""
        return self.watching_people / posts if posts > 0 else None


def post_cycle(assumptions: AssumptionSet) -> Traced:
    """Return how many people it takes to keep one in place: (days on post + days off) / days on."""
    on, off = (assumptions.trace(f"staffing.days_{which}_post") for which in ("on", "off"))
    return Traced(
        name="force.post_cycle",
        value=(on.value + off.value) / on.value,
        unit="1",
        label="People deployed for each one in place",
        formula=f"({on.name} + {off.name}) / {on.name}",
        parts=(on, off),
        evidence="computed",
    )


def size_force(
    counts: WatchCounts, assumptions: AssumptionSet, *, reaction: Reaction, brigades: float | Traced = 0.0
) -> Force:
    """Return the force that a posture takes.

    The watching force T is its watchers, its reaction force and its support, which is a share of T:
    T = watchers + reaction + support_share * T. With `ShareReaction` the reaction force is a share of
    T too; with `SitedReaction` it is so many bases of so many people.

    Parameters
    ----------
    counts
        What stands, drives and flies.
    assumptions
        Crews, cycle, shares and brigade size, by their catalogue names.
    reaction
        How the reaction force is set.
    brigades
        Deterrence brigades declared on top; they bring their own support. Traced where somebody said why.

    Raises
    ------
    InfeasibleError
        When the shares leave nobody to watch.
    ScenarioError
        When a count is negative or not a number.
    """
    declared = (
        brigades
        if isinstance(brigades, Traced)
        else trace_count("brigades", brigades, "brigade", "Deterrence brigades declared")
    )
    _check_inputs(reaction, declared.value)
    front_tasks = _watch_tasks(counts, assumptions)
    front = _trace_sum("force.front", "People who watch", [task.traced for task in front_tasks])
    watching, reaction_task = _solve_watching(front, reaction, assumptions)
    support_tasks = [_share_task(name, "support", watching, assumptions) for name in SUPPORT_SHARES]
    deterrence = _deterrence_task(declared, assumptions)
    deployed = _trace_sum("force.deployed", "People deployed", [watching, deterrence.traced])
    return Force(
        table=TaskTable((*front_tasks, reaction_task, deterrence, *support_tasks)),
        watching_people=watching.value,
        deterrence_people=deterrence.people,
        front_people=front.value,
        traced=deployed,
    )


def watch_force_at_spacing(
    length_m: float, spacing_m: float, assumptions: AssumptionSet, *, unarmed: bool = False
) -> Force:
    """Return the observation force of a line with a staffed post every `spacing_m` metres.

    Posts may be a fraction; patrols go at `patrol.rate`; the reserve is a share; no deterrence.
    This is the bottom-up model that one set of assumptions carries to four past missions (`backcasts`).

    Raises
    ------
    ScenarioError
        When the length or the spacing is not above zero.
    """
    counts = counts_at_spacing(length_m, spacing_m, assumptions, unarmed=unarmed)
    return size_force(counts, assumptions, reaction=ShareReaction())


def counts_at_spacing(
    length_m: float, spacing_m: float, assumptions: AssumptionSet, *, unarmed: bool = False
) -> WatchCounts:
    """Return the posts and patrols of a line of `length_m` with a post every `spacing_m`, both in metres."""
    _check_positive("line.length", length_m, "m")
    _check_positive("posts.spacing", spacing_m, "m")
    length = Traced("line.length", length_m, "m", "Length of the line", evidence="computed")
    spacing = Traced("posts.spacing", spacing_m, "m", "Distance between posts", evidence="stated")
    field_name = "unarmed_posts" if unarmed else "armed_posts"
    posts = Traced(
        name=f"posture.{field_name}",
        value=length_m / spacing_m,
        unit="post",
        label="Staffed posts along the line",
        formula="line.length / posts.spacing",
        parts=(length, spacing),
        evidence="computed",
    )
    patrols = patrols_at_rate(length_m, assumptions)
    return WatchCounts(
        armed_posts=0.0 if unarmed else posts.value,
        unarmed_posts=posts.value if unarmed else 0.0,
        patrols_per_day=patrols.value,
        origins=((field_name, posts), ("patrols_per_day", patrols)),
    )


def patrols_at_rate(length_m: float, assumptions: AssumptionSet) -> Traced:
    """Return the patrols a day of a line of `length_m` metres at `patrol.rate` (patrols a day per km)."""
    rate = assumptions.trace("patrol.rate")
    length = Traced("line.length", length_m, "m", "Length of the line", evidence="computed")
    return Traced(
        name="posture.patrols_per_day",
        value=rate.value * length_m / 1000,
        unit="patrol/day",
        label="Patrols a day along the line",
        formula="patrol.rate * line.length / 1000",
        parts=(rate, length),
        evidence="computed",
    )


def front_share_range(assumptions: AssumptionSet) -> tuple[float, float, float]:
    """Return the lowest, the assumed and the highest share of a force that can watch.

    What the reserve and support shares leave when all are at the top, at their value and at the
    bottom of their ranges; the lowest is not below zero.
    """
    records = [assumptions[name] for name in (RESERVE_SHARE, *SUPPORT_SHARES)]
    lowest = 1 - math.fsum(record.bounds[1] for record in records)
    typical = 1 - math.fsum(record.value for record in records)
    highest = 1 - math.fsum(record.bounds[0] for record in records)
    return max(0.0, lowest), typical, highest


def _check_inputs(reaction: Reaction, brigades: float) -> None:
    problems = ProblemList()
    amounts = {"posture.brigades": brigades}
    if isinstance(reaction, SitedReaction):
        amounts |= {"reaction.bases": reaction.n_bases, "reaction.unit_people": reaction.unit_people}
    for where, value in amounts.items():
        if not math.isfinite(value) or value < 0:
            problems.add(where, f"{value:g} is not a count", "write zero or more")
    problems.raise_if_any(ScenarioError, "force")


def _check_positive(where: str, value: float, unit: str) -> None:
    if not math.isfinite(value) or value <= 0:
        problem = Problem(where, f"{value:g} {unit} is not above zero", "give a length above zero")
        raise ScenarioError("force", [problem])


def _trace_sum(name: str, label: str, parts: Sequence[Traced]) -> Traced:
    return Traced(
        name=name,
        value=math.fsum(part.value for part in parts),
        unit="person",
        label=label,
        formula=" + ".join(part.name for part in parts) or "0",
        parts=tuple(parts),
        evidence="computed",
    )


def _trace_product(name: str, label: str, parts: Sequence[Traced]) -> Traced:
    return Traced(
        name=name,
        value=math.prod(part.value for part in parts),
        unit="person",
        label=label,
        formula=" * ".join(part.name for part in parts),
        parts=tuple(parts),
        evidence="computed",
    )


def _watch_tasks(counts: WatchCounts, assumptions: AssumptionSet) -> list[Task]:
    """Return one task for each thing the posture has; what it has not gets no row."""
    cycle = post_cycle(assumptions)
    stationed = (
        ("armed_posts", "Armed observation posts", "post", "staffing.post_crew", True),
        ("unarmed_posts", "Unarmed observer posts", "post", "staffing.unarmed_post_crew", True),
        ("masts", "Upkeep and guard of unattended masts", "mast", "staffing.mast_upkeep_crew", False),
        ("patrols_per_day", "Vehicle patrols", "patrol/day", "patrol.crew", True),
    )
    tasks = []
    for field_name, label, unit_label, crew_name, relieved in stationed:
        count = counts.trace(field_name, label, unit_label)
        if count.value == 0:
            continue
        # the crew of a mast is a whole team shared by several masts: its reliefs are in the number
        parts = [count, assumptions.trace(crew_name), *([cycle] if relieved else [])]
        traced = _trace_product(f"force.watch.{field_name}", label, parts)
        tasks.append(Task(field_name, label, count.value, unit_label, traced.value, "watch", traced))
    tasks += [_crew_task(means, "unit") for means in counts.sensor_crews if means.units]
    tasks += [_crew_task(means, "orbit or cell") for means in counts.area_means if means.units]
    return tasks


def _crew_task(means: CrewedMeans, unit_label: str) -> Task:
    count = trace_count(f"{means.key}.units", means.units, unit_label, f"{means.label}: how many")
    people = means.traced or Traced(
        name=f"posture.{means.key}.people_per_unit",
        value=means.people_per_unit,
        unit="person",
        label=f"{means.label}: people for each, shifts and leave included",
        evidence="stated",
        source="the posture",
    )
    if means.traced is not None and means.traced.value != means.people_per_unit:
        found = f"{means.people_per_unit:g} people per unit, but its explanation says {means.traced.value:g}"
        raise ScenarioError("posture", [Problem(f"posture.{means.key}", found, "give the same number")])
    traced = _trace_product(f"force.watch.{means.key}", means.label, [count, people])
    return Task(means.key, means.label, means.units, unit_label, traced.value, "watch", traced)


def _solve_watching(front: Traced, reaction: Reaction, assumptions: AssumptionSet) -> tuple[Traced, Task]:
    """Return the watching force, and its reaction task, that carry the front and their own support."""
    sited = isinstance(reaction, SitedReaction)
    names = SUPPORT_SHARES if sited else (RESERVE_SHARE, *SUPPORT_SHARES)
    shares = [assumptions.trace(name) for name in names]
    left_share = 1 - math.fsum(share.value for share in shares)
    if left_share <= 0:
        found = f"support and reserve take {1 - left_share:.0%} of the force: nobody is left to watch"
        listed = ", ".join(f"{share.name} {share.value:g}" for share in shares)
        problem = Problem("support", found, f"lower one of {listed}")
        raise InfeasibleError("force", [problem])
    bases = _bases_task(reaction, assumptions) if isinstance(reaction, SitedReaction) else None
    carried = [front] if bases is None else [front, bases.traced]
    numerator = " + ".join(part.name for part in carried)
    watching = Traced(
        name="force.watching",
        value=math.fsum(part.value for part in carried) / left_share,
        unit="person",
        label="People of the watching force: watchers, reaction and their support",
        formula=f"({numerator}) / (1 - {' - '.join(names)})",
        parts=(*carried, *shares),
        evidence="computed",
    )
    return watching, bases or _share_task(RESERVE_SHARE, "reaction", watching, assumptions)


def _bases_task(reaction: SitedReaction, assumptions: AssumptionSet) -> Task:
    unit = assumptions.trace("reaction.unit_people")
    if unit.value != reaction.unit_people:
        unit = Traced(
            unit.name, reaction.unit_people, unit.unit, unit.label, evidence="stated", source="the posture"
        )
    label = "Reaction units at their bases"
    count = reaction.origin or trace_count("reaction_bases", reaction.n_bases, "base", "Reaction bases")
    traced = _trace_product("force.reaction", label, [count, unit])
    return Task("reaction", label, reaction.n_bases, "base", traced.value, "reaction", traced)


def _share_task(share_name: str, group: str, watching: Traced, assumptions: AssumptionSet) -> Task:
    key = share_name.removeprefix("support.").removesuffix("_share")
    share = assumptions.trace(share_name)
    traced = _trace_product(f"force.{group}.{key}", share.label, [share, watching])
    if group == "reaction":
        return Task("reaction", "Reaction reserve", share.value, "share", traced.value, "reaction", traced)
    return Task(key, _SUPPORT_LABELS[share_name], share.value, "share", traced.value, "support", traced)


_SUPPORT_LABELS = {
    "support.logistics_share": "Logistics",
    "support.engineers_share": "Engineers and mine clearance",
    "support.medical_share": "Medical units",
    "support.headquarters_share": "Headquarters, signals and staff",
    "support.aviation_share": "Aviation, military police and other support",
}


def _deterrence_task(count: Traced, assumptions: AssumptionSet) -> Task:
    label = "Deterrence brigades, declared apart"
    size = assumptions.trace("deterrence.brigade_people")
    traced = _trace_product("force.deterrence", label, [count, size])
    return Task("brigades", label, count.value, "brigade", traced.value, "deterrence", traced)
