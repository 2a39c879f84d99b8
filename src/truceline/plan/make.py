"""Make a plan: ground, then siting, crossings and people of each posture, and the debate beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from truceline.detection.parameters import DetectionParameters
from truceline.detection.sensors import Sensor, load_sensors
from truceline.errors import Problem, ScenarioError
from truceline.force.benchmarks import EstimateReading, explain_estimates, read_model
from truceline.force.costs import list_cost_context
from truceline.force.densities import (
    DensityRow,
    densities_of_estimates,
    densities_of_missions,
    density_of_plan,
    sort_densities,
)
from truceline.force.estimates import deployed_estimates, read_estimates
from truceline.force.missions import read_missions
from truceline.generation.make import ASK_ALL, Question
from truceline.plan.alternatives import list_alternatives
from truceline.plan.basis import describe_basis
from truceline.plan.candidates import find_unknown_sites
from truceline.plan.crossings import Crossings, find_crossings
from truceline.plan.dates import check_dates, date_plan
from truceline.plan.ground import Ground, lay_out_ground
from truceline.plan.headlines import list_headlines
from truceline.plan.model import Plan, PosturePlan
from truceline.plan.money import price_plan
from truceline.plan.nations import ask_nations
from truceline.plan.parameters import detection_parameters
from truceline.plan.people import People, count_given, count_watch, site_bases, size_people
from truceline.plan.talks import ask_talks, check_talks, list_bases
from truceline.plan.watch import Progress, Watch, choose_watch
from truceline.provenance import Provenance, hash_text
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.model import Posture, Scenario
from truceline.units import format_share, format_value


def make_plan(
    scenario: Scenario,
    *,
    posture: str | None = None,
    provenance: Provenance | None = None,
    progress: Progress | None = None,
    only_chosen: bool = False,
    heights: Sequence[Path] = (),
    question: Question = ASK_ALL,
) -> Plan:
    """Plan every posture of a scenario, and ask who would come for the one planned in full.

    Parameters
    ----------
    scenario
        A checked scenario, from `load_scenario`.
    posture
        Key of the posture to plan in full; default the scenario's own choice.
    provenance
        What the scenario was made from; default one that names only the scenario.
    progress
        Called with the stage and how far it is, 0 to 1; may raise KeyboardInterrupt.
    only_chosen
        Leave the other postures out, to save their time.
    heights
        Ground folders or elevation rasters that stand in for the scenario's own `terrain.files`.
    question
        What is asked about nations; nothing is asked where the scenario names no contributors.

    Raises
    ------
    TrucelineError
        ScenarioError, GeometryError, TerrainError or InfeasibleError with all problems of the stage.
    """
    chosen = _choose(scenario, posture)
    check_dates(scenario)
    check_talks(scenario)
    assumptions = scenario.assumptions
    parameters = detection_parameters(assumptions)
    sensors = load_sensors()
    tell = progress or (lambda stage, share: None)
    tell("ground", 0.0)
    ground = None if scenario.is_only_a_length else lay_out_ground(scenario, heights)
    tell("ground", 1.0)
    planned = {}
    for key, one in scenario.postures.items():
        if only_chosen and key != chosen:
            continue

        def tell_posture(stage: str, share: float, key: str = key) -> None:
            tell(f"{key}: {stage}", share)

        planned[key] = _plan_posture(
            key, one, scenario, ground, assumptions, parameters, sensors, key == chosen, tell_posture
        )
    length_m = ground.line.length_m if ground is not None else _given_length_m(scenario)
    made = provenance or Provenance(scenario.name, hash_text(scenario.model_dump_json()))
    generation = ask_nations(
        scenario,
        planned,
        chosen,
        length_m,
        ground,
        sensors,
        assumptions,
        parameters,
        question=question,
        progress=lambda stage, share: tell(f"nations: {stage}", share),
    )
    in_full = planned[chosen]
    n_sectors = 1 if ground is None else len(ground.sectors)
    money = price_plan(
        scenario,
        in_full,
        describe_basis(scenario, in_full, length_m, n_sectors, None),
        generation,
        ground,
        sensors,
        parameters,
        assumptions,
        tell,
    )
    dates = date_plan(scenario, generation, assumptions, tell)
    talks = None
    if scenario.talks is not None:
        bases = list_bases(scenario, planned, chosen, generation, length_m, n_sectors)
        tell_talks = partial(_tell_part, tell, "talks")
        talks = ask_talks(
            scenario.talks, scenario.as_of, scenario.contributors, bases, assumptions, progress=tell_talks
        )
    return Plan(
        scenario=scenario,
        assumptions=assumptions,
        sensors=sensors,
        ground=ground,
        postures=planned,
        chosen_key=chosen,
        densities=_list_densities(planned, length_m),
        cost_context=list_cost_context(
            planned[chosen].people.force.deployed_people, read_missions(), read_estimates()
        ),
        provenance=replace(made, inputs=ground.inputs if ground else {}, method=_method(planned[chosen])),
        warnings=(
            *(ground.warnings if ground is not None else ()),
            *_warn_of_unknown_sites(planned, ground),
            *_warn_of_reach(planned),
            *(generation.warnings if generation is not None else ()),
            *(money.warnings if money is not None else ()),
            *(talks.talks.warnings if talks is not None else ()),
        ),
        generation=generation,
        money=money,
        dates=dates,
        talks=talks,
    )


def _tell_part(tell: Progress, part: str, stage: str, share: float) -> None:
    tell(f"{part}: {stage}", share)


def _warn_of_unknown_sites(planned: dict[str, PosturePlan], ground: Ground | None) -> Iterator[Problem]:
    """Yield a warning for each posture some of whose places lie on ground without heights."""
    for one in planned.values():
        n, n_all, first_km = (0, 0, 0.0) if ground is None else find_unknown_sites(one.posture, ground)
        if n:
            found = f"{n:,} of {n_all:,} places for posts have no height, first at km {first_km:.0f}"
            hint = "they are not offered; give more tiles"
            yield Problem(f"postures.{one.key}.rules", found, hint, warning=True)


def _warn_of_reach(planned: dict[str, PosturePlan]) -> Iterator[Problem]:
    """Yield a warning for each posture whose reaction bases leave part of the zone unreached."""
    for one in planned.values():
        bases = one.people.bases
        if bases is not None and bases.required.reached_share < 1:
            left = format_share(1 - bases.required.reached_share, 1)
            time = format_value(bases.required.reaction_time_s, "s")
            found = f"{left} of the zone is not reached within {time} from any base"
            hint = "such ground lies across water or too far; allow more time or another side"
            yield Problem(f"postures.{one.key}.reaction", found, hint, warning=True)


def _choose(scenario: Scenario, posture: str | None) -> str:
    key = posture or scenario.posture
    if key not in scenario.postures:
        known = ", ".join(scenario.postures)
        raise ScenarioError(
            scenario.name, [Problem(f"--posture {key}", "is not a posture here", f"one of {known}")]
        )
    return key


def _given_length_m(scenario: Scenario) -> float:
    return scenario.line.length.value if scenario.line.length is not None else 0.0


def _plan_posture(
    key: str,
    posture: Posture,
    scenario: Scenario,
    ground: Ground | None,
    assumptions: AssumptionSet,
    parameters: DetectionParameters,
    sensors: dict[str, Sensor],
    in_full: bool,
    tell: Progress,
) -> PosturePlan:
    watch: Watch | None = None
    crossings: Crossings | None = None
    if ground is None or posture.given is not None:
        length_m = ground.line.length_m if ground is not None else _given_length_m(scenario)
        given = posture.given
        if given is None:
            raise ValueError(f"posture {key} has neither given counts nor a map")  # a named check forbids it
        people = size_people(posture, count_given(given, length_m, assumptions), None, assumptions)
    else:
        length_m = ground.line.length_m
        watch = choose_watch(
            posture,
            scenario.watched,
            ground,
            sensors,
            assumptions,
            parameters,
            in_full=in_full,
            progress=tell,
        )
        tell("crossings", 0.0)
        crossings = find_crossings(watch.candidates, watch.copies, ground, sensors, assumptions, parameters)
        tell("people", 0.5)
        counts = count_watch(posture, watch, sensors, assumptions)
        people = size_people(posture, counts, site_bases(posture, ground, assumptions), assumptions)
    tell("people", 1.0)
    return PosturePlan(
        key=key,
        posture=posture,
        people=people,
        watch=watch,
        crossings=crossings,
        headlines=list_headlines(scenario, ground, length_m, people, watch, crossings, assumptions, sensors),
        alternatives=list_alternatives(people, posture.brigades.value, assumptions),
        readings=_read_debate(posture, people, length_m, ground, assumptions),
    )


def _read_debate(
    posture: Posture, people: People, length_m: float, ground: Ground | None, assumptions: AssumptionSet
) -> tuple[EstimateReading, ...]:
    """Return every published estimate of a deployed force, read against a sited posture."""
    if ground is None:
        return ()
    model = read_model(posture.label, length_m, people.force, assumptions)
    return explain_estimates(deployed_estimates(), model)


def _list_densities(planned: dict[str, PosturePlan], length_m: float) -> tuple[DensityRow, ...]:
    plans = [
        density_of_plan(
            one.label,
            one.people.force,
            length_m,
            posts=one.people.counts.armed_posts + one.people.counts.unarmed_posts,
        )
        for one in planned.values()
    ]
    return sort_densities(
        [*plans, *densities_of_missions(read_missions()), *densities_of_estimates(deployed_estimates())]
    )


def _method(planned: PosturePlan) -> str:
    if planned.watch is None:
        return "counts as given; people bottom-up from tasks"
    return "greedy by detection per person and swaps, concave bound; eikonal crossings; people bottom-up"
