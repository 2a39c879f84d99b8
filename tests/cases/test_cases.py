"""Run the sentence cases: plain statements about a force that a staff officer can check by hand.

Each case of `force_*.yaml` and `plan_*.yaml` has a name, the question it asks, what is given and what is
expected. `tolerance` is a number in the unit of the answer, or a percentage; without it the answer is exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from truceline.force.backcasts import backcast_mission
from truceline.force.benchmarks import explain_estimate, read_model
from truceline.force.costs import cost_per_year, list_cost_context
from truceline.force.densities import densities_of_missions, nearest_mission
from truceline.force.drones import crew_drones
from truceline.force.estimates import Bound, deployed_estimates, read_estimates
from truceline.force.missions import find_mission, read_missions
from truceline.force.reaction import ShareReaction
from truceline.force.rotation import rotate_force
from truceline.force.sizing import counts_at_spacing, size_force, watch_force_at_spacing
from truceline.force.substitution import replace_posts_by_masts
from truceline.force.sustainment import size_sustainment
from truceline.force.tasks import WatchCounts
from truceline.plan import make_plan
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.load import load_scenario
from truceline.units import parse_quantity

HERE = Path(__file__).parent
FILES = sorted([*HERE.glob("force_*.yaml"), *HERE.glob("plan_*.yaml")])
KEYS = {"name", "ask", "given", "expect", "tolerance"}
US_GALLON_M3 = 0.003785411784  # exact by definition

ASSUMPTIONS = load_catalogue()


def metres(text: str) -> float:
    return parse_quantity(text, "m")


def density(people: float, length: str) -> dict[str, Any]:
    people_per_km = people / (metres(length) / 1000)
    nearest = nearest_mission(people_per_km, read_missions())
    densest = max(row.people_per_km for row in densities_of_missions(read_missions()))
    return {
        "people_per_km": people_per_km,
        "nearest_mission": nearest.label if nearest else None,
        "denser_than_every_mission": people_per_km > densest,
    }


def past_mission(row: str) -> dict[str, Any]:
    mission = find_mission(row)
    names = ("people", "people_per_km", "cost_per_person_year", "currency")
    return {name: getattr(mission, name) for name in names}


def estimate_cost(row: str) -> dict[str, Any]:
    estimate = next(each for each in read_estimates() if each.key == row)
    return {"cost_per_person_year": estimate.cost_per_person_year, "currency": estimate.currency}


def year_cost(people: float, per_person_year: float | None = None) -> dict[str, Any]:
    if per_person_year is not None:
        return {"per_year": cost_per_year(people, per_person_year)}
    return {row.key: row.per_year for row in list_cost_context(people, read_missions(), read_estimates())}


def rotation(
    deployed_people: float,
    tour_months: float,
    dwell_months: float,
    period_months: float = 0,
    trained_people: float = 1,
) -> dict[str, Any]:
    cycle = ASSUMPTIONS.replaced({"rotation.tour": tour_months, "rotation.dwell": dwell_months})
    result = rotate_force(deployed_people, cycle)
    return {
        "pool_people": result.pool_people,
        "multiplier": result.multiplier,
        "distinct_people": result.distinct_people(period_months),
        "share_of_trained": result.share_of(trained_people),
    }


def backcast(row: str) -> dict[str, Any]:
    result = backcast_mission(find_mission(row), ASSUMPTIONS)
    return {
        "people": result.force.watching_people,
        "actual_people": result.actual_people,
        "share_of_actual": result.force.watching_people / result.actual_people,
        "note": result.note,
    }


def backcast_errors(rows: list[str]) -> dict[str, Any]:
    results = [backcast_mission(find_mission(row), ASSUMPTIONS) for row in rows]
    return {
        "largest_error": max(abs(result.error_share) for result in results),
        "notes": "".join(result.note for result in results),
    }


def watch_at_spacing(length: str, spacing: str, unarmed: bool = False) -> dict[str, Any]:
    force = watch_force_at_spacing(metres(length), metres(spacing), ASSUMPTIONS, unarmed=unarmed)
    posts = "unarmed_posts" if unarmed else "armed_posts"
    return {
        "people": force.watching_people,
        "deterrence_people": force.deterrence_people,
        "posts": force.table.find(posts).count,
        "patrols_per_day": force.table.find("patrols_per_day").count,
    }


def people_at_per_post(posts: float, people_per_post: float) -> dict[str, Any]:
    """Judge from the top: so many posts at what past missions took for each, whole force counted."""
    taken = [mission.people_per_post for mission in read_missions() if mission.people_per_post]
    assert min(taken) <= people_per_post <= max(taken), "no past mission took that many people a post"
    return {"people": posts * people_per_post}


def watch_and_deter(length: str, spacing: str, brigades: float) -> dict[str, Any]:
    counts = counts_at_spacing(metres(length), metres(spacing), ASSUMPTIONS)
    force = size_force(counts, ASSUMPTIONS, reaction=ShareReaction(), brigades=brigades)
    names = ("deployed_people", "watching_people", "deterrence_people")
    return {name: getattr(force, name) for name in names}


def implied(people: float, length: str, assumption: str) -> dict[str, Any]:
    watching = watch_force_at_spacing(metres(length), 3500, ASSUMPTIONS)
    model = read_model("observers", metres(length), watching, ASSUMPTIONS)
    estimate = next(
        each
        for each in deployed_estimates()
        if each.people_low == people and each.bound is Bound.at_least and each.line_length_m == metres(length)
    )
    reading = explain_estimate(estimate, model)
    found = next(each for each in reading.implied if each.assumption == assumption)
    return {"value": found.value, "within_range": found.within_range}


def sustainment(people: float) -> dict[str, Any]:
    day = size_sustainment(people, ASSUMPTIONS)
    return {
        "water_m3": day.water.value,
        "fuel_m3": day.fuel.value,
        "water_us_gallons": day.water.value / US_GALLON_M3,
        "fuel_us_gallons": day.fuel.value / US_GALLON_M3,
        "supplies_t": day.supplies.value,
    }


def substitution(row: str, posts_replaced: float, masts_per_post: float) -> dict[str, Any]:
    mission = find_mission(row)
    assert mission.posts is not None
    assert mission.line_length_m is not None
    counts = counts_at_spacing(mission.line_length_m, mission.line_length_m / mission.posts, ASSUMPTIONS)
    change = replace_posts_by_masts(
        counts, ASSUMPTIONS, n_posts=posts_replaced, masts_per_post=masts_per_post
    )
    before = change.before.table.people_in("reaction")
    return {
        "people": change.after.watching_people,
        "people_saved": change.people_saved,
        "reaction_kept": before > 0 and math.isclose(change.reaction_people, before),
    }


def drones(kind: Any, units: float) -> dict[str, Any]:
    means = crew_drones(kind, units, ASSUMPTIONS)
    force = size_force(WatchCounts(area_means=(means,)), ASSUMPTIONS, reaction=ShareReaction())
    traced = means.traced
    assert traced is not None
    return {
        "people": force.table.people_in("watch"),
        "range_low": traced.low,
        "range_high": traced.high,
    }


def planned(scenario: str, changes: Sequence[str] = ()) -> dict[str, Any]:
    plan = make_plan(load_scenario(scenario, overrides=changes))
    force, posture = plan.chosen.people.force, plan.chosen.posture
    actual = posture.given.people if posture.given else None
    return {
        "people": force.deployed_people,
        "watching_people": force.watching_people,
        "deterrence_people": force.deterrence_people,
        "actual_people": actual.value if actual else None,
        "people_per_km": force.per_km(plan.length_m),
        "length_km": plan.length_m / 1000,
        "pool_for_each_deployed": plan.chosen.people.rotation.pool_people / force.deployed_people,
        "says_coverage": any(name.startswith(("watch.", "crossing.")) for name in plan.chosen.headlines),
    }


QUESTIONS: dict[str, Callable[..., dict[str, Any]]] = {
    question.__name__: question
    for question in (
        density,
        past_mission,
        estimate_cost,
        year_cost,
        rotation,
        backcast,
        backcast_errors,
        watch_at_spacing,
        people_at_per_post,
        watch_and_deter,
        implied,
        sustainment,
        substitution,
        drones,
        planned,
    )
}


def read_cases() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}: {case['name']}")
        for path in FILES
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def allowed_error(tolerance: float | str | None, expected: float) -> float:
    if tolerance is None:
        return 1e-9 * abs(expected)
    if isinstance(tolerance, str):
        return parse_quantity(tolerance, "1") * abs(expected)
    return float(tolerance)


def check(key: str, answer: Any, expected: Any, tolerance: float | str | None) -> None:
    if isinstance(expected, dict):
        ((relation, bound),) = expected.items()
        if relation == "contains":
            assert bound in answer, f"{key}: {answer!r} does not say {bound!r}"
            return
        assert relation == "between", f"{key}: unknown relation {relation}"
        assert bound[0] <= answer <= bound[1], f"{key}: {answer:g} is not between {bound[0]} and {bound[1]}"
    elif isinstance(expected, bool | str):
        assert answer == expected, f"{key}: {answer!r}, expected {expected!r}"
    else:
        error = abs(answer - expected)
        assert error <= allowed_error(tolerance, expected), f"{key}: {answer:.8g}, expected {expected:g}"


@pytest.mark.parametrize("case", read_cases())
def test_the_statement_holds(case: dict[str, Any]) -> None:
    assert set(case) <= KEYS, f"unknown keys {sorted(set(case) - KEYS)}"
    answers = QUESTIONS[case["ask"]](**case["given"])
    assert case["expect"], "a case expects something"
    for key, expected in case["expect"].items():
        check(key, answers[key], expected, case.get("tolerance"))


def test_every_question_is_asked() -> None:
    asked = {param.values[0]["ask"] for param in read_cases()}
    assert asked == set(QUESTIONS)


def test_no_name_is_used_twice() -> None:
    names = [param.id for param in read_cases()]
    assert len(names) == len(set(names))
