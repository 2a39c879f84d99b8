"""What the plan's force needs, capability by capability, each with its rule, range and sources.

People, and units of each enabler (aircraft, batteries, beds, channels, satellites, truck companies); lengths
in metres, times in seconds or hours as the assumption says. People come from the plan's own troop-to-task
table: every person is in exactly one capability. Enablers follow explicit rules on the plan's length, people,
brigades and daily supplies. A range moves every assumption of a rule to its unfavourable end at once, and so
is wider than anyone should expect; for enablers the people of the plan stay as they are. Readiness is not
asked here: it belongs to holdings.
"""

from __future__ import annotations

from collections.abc import Callable

from truceline.errors import Problem, ScenarioError
from truceline.force.sizing import RESERVE_SHARE
from truceline.generation.capabilities import find_capability, read_capabilities
from truceline.generation.formula import add_range, compute
from truceline.generation.model import Basis, Capability, Requirement, TaskNeed
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced

OWN_RULES = "generation."
"""Begins the names of the assumptions that the rules for enablers rest on."""
_ROUNDING = 1e-6  # shares of a person: the task table and its explanation agree to this


def list_requirements(basis: Basis, assumptions: AssumptionSet) -> tuple[Requirement, ...]:
    """Return what the force of `basis` needs of every capability, in the order of the packaged table.

    A capability that the mission does without is in the list with a need of 0 and the reason as its note.

    Raises
    ------
    ScenarioError
        When a task of the plan belongs to no capability, or an enabler has no rule.
    """
    capabilities = read_capabilities(assumptions)
    tasks: dict[str, list[TaskNeed]] = {}
    for task in basis.tasks:
        tasks.setdefault(find_capability(capabilities, task).key, []).append(task)
    found = []
    for capability in capabilities:
        if capability.kind == "people":
            need = _need_people(capability, tasks.get(capability.key, []), basis)
        elif capability.key in _RULES:
            need = _RULES[capability.key](_Inputs(basis, assumptions, capability))
        else:
            hint = f"rules exist for {', '.join(_RULES)}"
            problem = Problem(f"capability {capability.key}", "has no rule", hint)
            raise ScenarioError("requirements", [problem])
        found.append(Requirement(capability, _add_range(need, capability)))
    return tuple(found)


def _add_range(need: Traced, capability: Capability) -> Traced:
    """Return a need with its range: for an enabler from its own rule alone, the force taken as it is."""
    if capability.kind == "people":
        return add_range(need)
    return add_range(need, only=[leaf.name for leaf in need.leaves() if leaf.name.startswith(OWN_RULES)])


def _need_people(capability: Capability, tasks: list[TaskNeed], basis: Basis) -> Traced:
    """Return the people of the plan's tasks that belong to one capability."""
    parts = [_trace_task(task, basis) for task in tasks]
    formula = " + ".join(part.name for part in parts) or "0"
    label = f"{capability.label}: people in the plan"
    note = "" if parts else "the plan has no such task"
    return compute(f"need.{capability.key}", label, capability.unit, formula, parts, note=note)


def _trace_task(task: TaskNeed, basis: Basis) -> Traced:
    """Return the people of one task as the plan explains them, or as a plain figure where it does not."""
    nodes = {node.name: node for node in basis.deployed.walk()}
    names = {
        "watch": f"force.watch.{task.key}",
        "reaction": "force.reaction",
        "deterrence": "force.deterrence",
    }
    found = [nodes[name] for group, name in names.items() if group == task.group and name in nodes]
    watching = nodes.get("force.watching")
    share = RESERVE_SHARE if task.group == "reaction" else f"support.{task.key}_share"
    if task.group in ("reaction", "support") and watching is not None and share in nodes:
        name, parts = f"force.{task.group}.{task.key}", (nodes[share], watching)
        found.append(compute(name, task.label, "person", f"{share} * {watching.name}", parts))
    for node in found:
        if abs(node.value - task.people) <= _ROUNDING * max(1.0, task.people):
            return node
    source = "the plan's troop-to-task table"
    return Traced(f"plan.{task.key}", task.people, "person", task.label, evidence="computed", source=source)


class _Inputs:
    """What a rule may use: the plan's figures and the assumptions, as parts of an explanation."""

    def __init__(self, basis: Basis, assumptions: AssumptionSet, capability: Capability) -> None:
        self.basis = basis
        self.capability = capability
        self._assumptions = assumptions
        self.length = Traced(
            "line.length", basis.length_km * 1000, "m", "Length of the line", evidence="computed"
        )
        nodes = {node.name: node for node in basis.deployed.walk()}
        self.people = basis.deployed
        self.brigades = nodes.get("posture.brigades") or Traced(
            "posture.brigades", basis.brigades, "brigade", "Deterrence brigades declared", evidence="stated"
        )

    def given(self, key: str) -> Traced:
        """Return an assumption of generation."""
        return self._assumptions.trace(f"generation.{key}")

    def part(self, key: str, label: str, unit: str, formula: str, *parts: Traced, note: str = "") -> Traced:
        """Return a quantity on the way to the need, such as sorties a day; `{0}` names the first part."""
        name = f"need.{self.capability.key}.{key}"
        text = formula.format(*(part.name for part in parts))
        return compute(name, label, unit, text, parts, note=note)

    def need(self, label: str, formula: str, *parts: Traced, note: str = "") -> Traced:
        """Return the need itself, in the unit of the capability."""
        text = formula.format(*(part.name for part in parts))
        return compute(f"need.{self.capability.key}", label, self.capability.unit, text, parts, note=note)

    @property
    def only_watches(self) -> bool:
        """Tell whether the force observes with the consent of both sides and reassures nobody."""
        return self.basis.mission == "observation"


def _air_stations(given: _Inputs) -> Traced:
    label = "Combat air patrol stations along the line"
    width = given.given("air_station_width")
    return given.part("stations", label, "station", "ceil({0} / {1})", given.length, width)


def _air_sorties(given: _Inputs) -> Traced:
    parts = (
        _air_stations(given),
        given.given("air_pair"),
        given.given("air_hours"),
        given.given("air_sortie_hours"),
    )
    label = "Combat aircraft sorties a day"
    return given.part("sorties", label, "sortie/day", "{0} * {1} * {2} / {3}", *parts)


_NO_PATROLS = "an observation force flies no combat air patrols: both sides have consented to it"


def _need_combat_air(given: _Inputs) -> Traced:
    if given.only_watches:
        return given.need("Combat aircraft fit to fly", "0", note=_NO_PATROLS)
    parts = (_air_sorties(given), given.given("air_sorties_per_aircraft"))
    return given.need("Combat aircraft fit to fly", "{0} / {1}", *parts)


def _need_early_warning(given: _Inputs) -> Traced:
    label = "Early warning aircraft fit to fly"
    if given.only_watches:
        return given.need(label, "0", note=f"serves combat air patrols; {_NO_PATROLS}")
    width = given.given("early_warning_width")
    orbits = given.part("orbits", "Early warning orbits", "orbit", "ceil({0} / {1})", given.length, width)
    hours = (given.given("air_hours"), given.given("early_warning_sortie_hours"))
    sorties = given.part(
        "sorties", "Early warning sorties a day", "sortie/day", "{0} * {1} / {2}", orbits, *hours
    )
    return given.need(label, "{0} / {1}", sorties, given.given("early_warning_sorties_per_aircraft"))


def _need_refuelling(given: _Inputs) -> Traced:
    label = "Tanker aircraft fit to fly"
    if given.only_watches:
        return given.need(label, "0", note=f"serves combat air patrols; {_NO_PATROLS}")
    fuel = given.part(
        "fuel",
        "Fuel given in the air a day",
        "t/day",
        "{0} * {1}",
        _air_sorties(given),
        given.given("fuel_per_air_sortie"),
        note="follows from the patrols flown, not from the size of anybody's fleet (claim C14)",
    )
    sorties = given.part(
        "tanker_sorties",
        "Tanker sorties a day",
        "sortie/day",
        "{0} / {1}",
        fuel,
        given.given("fuel_per_tanker_sortie"),
    )
    return given.need(label, "{0} / {1}", sorties, given.given("tanker_sorties_per_aircraft"))


def _need_air_defence(given: _Inputs) -> Traced:
    label = "Air and missile defence batteries in action"
    if given.only_watches:
        note = (
            "an observation force has no battery: it defends its own posts and bases against drones with"
            " what its units carry, and the crews are in its people"
        )
        return given.need(label, "0", note=note)
    parts = (
        given.brigades,
        given.given("brigades_per_defended_area"),
        given.given("defended_hubs"),
    )
    areas = given.part("areas", "Areas defended", "area", "ceil({0} / {1}) + {2}", *parts)
    return given.need(label, "{0} * {1}", areas, given.given("batteries_per_area"))


def _surveillance_orbits(given: _Inputs) -> Traced:
    label = "Surveillance orbits over the line"
    return given.part("orbits", label, "orbit", "ceil({0} / {1})", given.length, given.given("orbit_width"))


def _need_isr_air(given: _Inputs) -> Traced:
    note = (
        "one orbit takes 168 to 190 people with reach-back and exploitation (staffing_factors SF043), nearly"
        " all outside the country: they are not in the plan's people"
    )
    parts = (_surveillance_orbits(given), given.given("aircraft_per_orbit"))
    return given.need("Surveillance aircraft fit to fly", "{0} * {1}", *parts, note=note)


def _need_isr_space(given: _Inputs) -> Traced:
    parts = (
        given.given("looks_wanted"),
        given.given("looks_per_satellite"),
        given.given("usable_look_share"),
    )
    return given.need("Imaging satellites that look at the line", "{0} / ({1} * {2})", *parts)


def _need_isr_sea(given: _Inputs) -> Traced:
    label = "Maritime patrol aircraft fit to fly"
    flank, width = given.given("sea_flank"), given.given("sea_orbit_width")
    tracks = given.part("tracks", "Tracks along the coast", "track", "ceil({0} / {1})", flank, width)
    hours = given.given("sea_hours_observation" if given.only_watches else "sea_hours")
    sorties = given.part(
        "sorties",
        "Maritime patrol sorties a day",
        "sortie/day",
        "{0} * {1} / {2}",
        tracks,
        hours,
        given.given("sea_sortie_hours"),
    )
    note = "a line without a coast has none: write 0 km for generation.sea_flank"
    return given.need(label, "{0} / {1}", sorties, given.given("sea_sorties_per_aircraft"), note=note)


def _need_strategic_lift(given: _Inputs) -> Traced:
    cargo = given.part(
        "cargo",
        "Cargo to move in",
        "t",
        "{0} * {1}",
        given.people,
        given.given("cargo_per_person"),
    )
    by_air = given.part(
        "tonnes",
        "Cargo by strategic air transport a day",
        "t/day",
        "{0} * {1} / {2}",
        cargo,
        given.given("lift_by_air_share"),
        given.given("lift_days"),
    )
    sorties = given.part(
        "sorties",
        "Transport sorties a day",
        "sortie/day",
        "{0} / {1}",
        by_air,
        given.given("cargo_per_sortie"),
    )
    label = "Strategic transport aircraft fit to fly while the force moves in"
    return given.need(label, "{0} / {1}", sorties, given.given("lift_sorties_per_aircraft"))


def _need_theatre_logistics(given: _Inputs) -> Traced:
    supply = {traced.name: traced for traced in given.basis.supplies}
    parts = []
    terms = []
    for key, factor in (("supplies", None), ("water", "water_by_road_share"), ("fuel", "fuel_density")):
        traced = supply.get(f"force.{key}_per_day")
        if traced is None:
            continue
        parts.append(traced)
        terms.append(traced.name)
        if factor is not None:
            parts.append(given.given(factor))
            terms[-1] += f" * {parts[-1].name}"
    tonnes = given.part(
        "tonnes",
        "Supplies brought to the units a day",
        "t/day",
        " + ".join(terms) or "0",
        *parts,
        note="water, fuel and other supplies; no ammunition, spare parts or building material",
    )
    return given.need("Truck companies at work", "{0} / {1}", tonnes, given.given("truck_company_per_day"))


def _need_medevac(given: _Inputs) -> Traced:
    reach = given.part(
        "reach",
        "Distance a helicopter covers within the time",
        "m",
        "{0} * ({1} - {2})",
        given.given("helicopter_speed"),
        given.given("evacuation_time"),
        given.given("evacuation_notice"),
    )
    sites = given.part(
        "sites",
        "Helicopter sites along the line",
        "site",
        "ceil({0} / (2 * {1}))",
        given.length,
        reach,
        note="sites stand on the line here; further back there would be more of them",
    )
    label = "Evacuation helicopters fit to fly"
    return given.need(label, "{0} * {1}", sites, given.given("helicopters_per_site"))


def _need_hospital(given: _Inputs) -> Traced:
    parts = (given.people, given.given("people_per_hospital"))
    hospitals = given.part("hospitals", "Role 2 hospitals", "hospital", "ceil({0} / {1})", *parts)
    return given.need("Role 2 hospital beds", "{0} * {1}", hospitals, given.given("beds_per_hospital"))


def _need_satcom(given: _Inputs) -> Traced:
    parts = (
        given.people,
        given.given("traffic_per_person"),
        _surveillance_orbits(given),
        given.given("traffic_per_orbit"),
    )
    traffic = given.part("traffic", "Traffic by satellite", "kbit/s", "{0} * {1} + {2} * {3}", *parts)
    return given.need("Satellite channels in use", "{0} / {1}", traffic, given.given("traffic_per_channel"))


def _need_command(given: _Inputs) -> Traced:
    parts = (given.people, given.given("people_per_headquarters"))
    label = "Force and division headquarters at work"
    return given.need(label, "ceil({0} / {1})", *parts)


_RULES: dict[str, Callable[[_Inputs], Traced]] = {
    "medevac": _need_medevac,
    "hospital": _need_hospital,
    "command": _need_command,
    "theatre-logistics": _need_theatre_logistics,
    "satcom": _need_satcom,
    "isr-space": _need_isr_space,
    "isr-air": _need_isr_air,
    "isr-sea": _need_isr_sea,
    "combat-air": _need_combat_air,
    "early-warning": _need_early_warning,
    "refuelling": _need_refuelling,
    "air-defence": _need_air_defence,
    "strategic-lift": _need_strategic_lift,
}
"""How each enabler's need follows from the plan, by capability."""
