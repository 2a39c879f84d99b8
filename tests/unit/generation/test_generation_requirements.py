"""Requirements: every person of the plan once, every enabler by its rule, and explanations that hold."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from generation_inputs import COUNTS, make_basis
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import ScenarioError
from truceline.force.reaction import ShareReaction
from truceline.generation.formula import evaluate
from truceline.generation.model import MISSIONS, Mission, Requirement, TaskNeed
from truceline.generation.requirements import list_requirements
from truceline.scenario.catalogue import load_catalogue
from truceline.trace import Traced

CATALOGUE = load_catalogue()
NO_AIR = ("combat-air", "early-warning", "refuelling", "air-defence")


def needs(found: tuple[Requirement, ...]) -> dict[str, Requirement]:
    return {requirement.capability.key: requirement for requirement in found}


def parts_of(requirement: Requirement) -> dict[str, float]:
    return {node.name.rsplit(".", 1)[-1]: node.value for node in requirement.need.walk()}


@pytest.mark.parametrize("mission", MISSIONS)
@pytest.mark.parametrize("reaction", [None, ShareReaction()])
def test_every_person_of_the_plan_is_in_exactly_one_capability(
    mission: Mission, reaction: ShareReaction | None
) -> None:
    basis = make_basis(mission, reaction=reaction)
    found = list_requirements(basis, CATALOGUE)
    people = math.fsum(r.units for r in found if r.capability.kind == "people")
    assert people == pytest.approx(basis.deployed.value, rel=1e-12)


def test_people_unfold_to_the_assumptions_of_the_plan() -> None:
    found = needs(list_requirements(make_basis(), CATALOGUE))
    leaves = {leaf.name for leaf in found["observation"].need.leaves()}
    assert {"staffing.post_crew", "patrol.crew", "posture.armed_posts"} <= leaves
    assert "support.medical_share" in {leaf.name for leaf in found["medical"].need.leaves()}
    shared = needs(list_requirements(make_basis(reaction=ShareReaction()), CATALOGUE))
    assert "support.reserve_share" in {leaf.name for leaf in shared["reaction"].need.leaves()}


def test_a_task_that_the_plan_does_not_explain_is_still_counted() -> None:
    basis = make_basis()
    extra = TaskNeed("bakery", "support", "Field bakery", 1, "bakery", 12)
    more = replace(basis, tasks=(*basis.tasks, extra))
    before, after = (needs(list_requirements(b, CATALOGUE)) for b in (basis, more))
    assert after["aviation"].units == pytest.approx(before["aviation"].units + 12)


def test_a_drone_orbit_is_no_observation_post_whatever_it_is_called() -> None:
    found = needs(list_requirements(make_basis(), CATALOGUE))
    assert found["drones"].units == 54


def test_a_plan_without_brigades_needs_no_manoeuvre() -> None:
    assert needs(list_requirements(make_basis(brigades=0), CATALOGUE))["manoeuvre"].units == 0


def test_an_observation_force_needs_no_combat_air_and_no_batteries_and_says_why() -> None:
    found = needs(list_requirements(make_basis("observation", brigades=0), CATALOGUE))
    for key in NO_AIR:
        assert found[key].units == 0, key
        assert "an observation force" in found[key].need.note
    assert found["isr-sea"].units < needs(list_requirements(make_basis(), CATALOGUE))["isr-sea"].units


@pytest.mark.parametrize(
    ("key", "quantities"),
    [
        ("combat-air", {"stations": 1, "sorties": 19.2}),
        ("early-warning", {"orbits": 1, "sorties": 3}),
        ("refuelling", {"fuel": 76.8, "tanker_sorties": 1.536}),
        ("air-defence", {"areas": 6}),
        ("isr-air", {"orbits": 2}),
        ("isr-sea", {"tracks": 1, "sorties": 2}),
        ("medevac", {"reach": 164_700, "sites": 2}),
    ],
)
def test_the_quantities_the_debate_names_are_visible(key: str, quantities: dict[str, float]) -> None:
    """By hand for 400 km and four brigades: for example 1 station * 2 * 24 h / 2.5 h = 19.2 sorties."""
    found = parts_of(needs(list_requirements(make_basis(), CATALOGUE))[key])
    assert {name: found[name] for name in quantities} == pytest.approx(quantities)


def test_tonnes_beds_headquarters_and_channels_follow_from_people() -> None:
    basis = make_basis()
    found = needs(list_requirements(basis, CATALOGUE))
    people = basis.deployed.value
    assert 21_000 < people < 25_000
    assert found["hospital"].units == 15 * math.ceil(people / 5000)
    assert found["command"].units == 1
    water, fuel, supplies = (traced.value for traced in basis.supplies)
    tonnes = supplies + 0.3 * water + 0.84 * fuel
    assert parts_of(found["theatre-logistics"])["tonnes"] == pytest.approx(tonnes)
    assert found["theatre-logistics"].units == pytest.approx(tonnes / 150)
    assert found["strategic-lift"].units == pytest.approx(people * 6.4 * 0.1 / 60 / 30 / 0.8)
    assert found["satcom"].units == pytest.approx((people * 5 + 2 * 10_000) / 50_000)


def test_a_few_patrols_take_few_tankers() -> None:
    """Claim C14: 156 European tankers against 450; what counts is the fuel of the patrols that are flown."""
    found = needs(list_requirements(make_basis(length_km=1068), CATALOGUE))
    assert parts_of(found["refuelling"])["stations"] == 3
    assert 3 < found["refuelling"].units < 7


def test_a_line_without_a_coast_needs_no_maritime_patrol() -> None:
    inland = CATALOGUE.replaced({"generation.sea_flank": 0})
    assert needs(list_requirements(make_basis(), inland))["isr-sea"].units == 0


@pytest.mark.parametrize("mission", MISSIONS)
def test_every_need_is_what_its_formula_gives_and_has_sourced_leaves(mission: Mission) -> None:
    for requirement in list_requirements(make_basis(mission), CATALOGUE):
        need = requirement.need
        assert need.name == f"need.{requirement.capability.key}"
        assert need.unit == requirement.capability.unit
        assert need.formula
        assert evaluate(need, {}) == pytest.approx(need.value)
        assert (need.low or 0) <= need.value <= (math.inf if need.high is None else need.high)
        for leaf in need.leaves():
            assert leaf.evidence or leaf is need, leaf.name


@pytest.mark.parametrize("mission", MISSIONS)
def test_a_range_is_reached_with_its_assumptions_at_their_ends(mission: Mission) -> None:
    """Bounds come from the tree; the same ends put into the catalogue give the same numbers."""
    basis = make_basis(mission)
    for key, requirement in needs(list_requirements(basis, CATALOGUE)).items():
        if requirement.capability.kind == "people" or requirement.need.high is None:
            continue
        worst = {}
        for leaf in requirement.need.leaves():
            if leaf.name.startswith("generation.") and leaf.high is not None:
                assert leaf.low is not None
                one = CATALOGUE.replaced({leaf.name: leaf.high})
                two = CATALOGUE.replaced({leaf.name: leaf.low})
                first, second = (needs(list_requirements(basis, a))[key].units for a in (one, two))
                worst[leaf.name] = leaf.high if first >= second else leaf.low
        found = needs(list_requirements(basis, CATALOGUE.replaced(worst)))[key].units
        assert found == pytest.approx(requirement.need.high), key


def test_the_people_range_holds_what_other_crews_would_take() -> None:
    base = needs(list_requirements(make_basis(), CATALOGUE))["observation"].need
    for crew in CATALOGUE["staffing.post_crew"].bounds:
        changed = CATALOGUE.replaced({"staffing.post_crew": crew})
        found = needs(list_requirements(make_basis(assumptions=changed), changed))["observation"].units
        assert base.low is not None
        assert base.high is not None
        assert base.low < found < base.high


def test_the_same_inputs_give_the_same_requirements() -> None:
    first, second = (list_requirements(make_basis(), CATALOGUE) for _ in range(2))
    assert [r.need.to_dict() for r in first] == [r.need.to_dict() for r in second]


def test_a_requirement_survives_the_way_through_json() -> None:
    for requirement in list_requirements(make_basis(), CATALOGUE):
        assert Traced.from_dict(requirement.need.to_dict()).value == requirement.units


def test_a_task_of_an_unknown_group_is_refused() -> None:
    basis = replace(make_basis(), tasks=(TaskNeed("golf", "leisure", "Golf", 1, "course", 9),))
    with pytest.raises(ScenarioError, match="leisure"):
        list_requirements(basis, CATALOGUE)


@settings(max_examples=25)
@given(st.floats(1, 3000), st.floats(1, 3000), st.sampled_from(MISSIONS))
def test_a_longer_line_never_needs_fewer_enablers(one: float, two: float, mission: Mission) -> None:
    short, long = (
        needs(list_requirements(make_basis(mission, length_km=km), CATALOGUE)) for km in sorted((one, two))
    )
    for key, requirement in short.items():
        assert 0 <= requirement.units <= long[key].units + 1e-9


@settings(max_examples=25)
@given(st.integers(0, 400), st.integers(0, 400))
def test_more_posts_never_need_less_of_anything(one: int, two: int) -> None:
    few, many = (
        needs(list_requirements(make_basis(counts=replace(COUNTS, armed_posts=n)), CATALOGUE))
        for n in sorted((one, two))
    )
    for key, requirement in few.items():
        assert requirement.units <= many[key].units + 1e-9
