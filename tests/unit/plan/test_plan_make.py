"""Whole plans: postures, choice, progress, the debate beside them, and the line in Ukraine once."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import pytest
from small_inputs import write_scenario

from truceline.errors import ScenarioError
from truceline.plan import Plan, make_plan
from truceline.scenario.load import load_scenario, read_scenario

PAST_MISSIONS = ["unficyp-1975", "unficyp-1992", "undof-2004", "unpredep-1995"]


def test_every_posture_is_planned_and_the_chosen_one_named(small_plan: Plan) -> None:
    assert list(small_plan.postures) == ["observers", "technical"]
    assert small_plan.chosen is small_plan.postures["observers"]
    assert small_plan.length_m == pytest.approx(41_277.5, abs=1)


def test_another_posture_can_be_planned_alone(small_scenario_file: Path, small_plan: Plan) -> None:
    plan = make_plan(load_scenario(small_scenario_file), posture="technical", only_chosen=True)
    assert list(plan.postures) == ["technical"]
    assert plan.chosen_key == "technical"
    same = small_plan.postures["technical"].headlines
    for name in ("force.deployed", "watch.detect", "crossing.weakest"):
        assert plan.chosen.headlines[name].value == same[name].value


def test_an_unknown_posture_is_answered_with_the_known_ones(small_scenario_file: Path) -> None:
    with pytest.raises(ScenarioError, match="one of observers, technical"):
        make_plan(load_scenario(small_scenario_file), posture="nobody")


def test_progress_goes_through_every_posture_and_never_back(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    make_plan(load_scenario(write_scenario(tmp_path)), progress=lambda *step: told.append(step))
    stages = list(dict.fromkeys(stage for stage, _ in told))
    assert stages[0] == "ground"
    assert {"watch: greedy", "watch: bounds", "watch: crossings", "watch: people"} <= {*stages}
    for stage in stages:
        shares = [share for name, share in told if name == stage]
        assert all(0 <= share <= 1 for share in shares)


def test_an_interrupt_from_progress_goes_through(tmp_path: Path) -> None:
    def stop(stage: str, share: float) -> None:
        if stage == "watch: crossings":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_plan(load_scenario(write_scenario(tmp_path)), progress=stop)


def test_provenance_names_scenario_inputs_and_method(small_plan: Plan) -> None:
    made = small_plan.provenance
    assert made.scenario == "small-line"
    assert made.inputs.keys() == {"line.geojson"}
    assert "greedy" in made.method
    assert len(made.scenario_hash) >= 12


def test_a_plan_without_provenance_makes_its_own(length_plan: Plan) -> None:
    plan = make_plan(length_plan.scenario)
    assert plan.provenance.scenario == "unficyp-1975"
    assert plan.provenance.method.startswith("counts as given")


def test_the_debate_stands_beside_a_map_and_not_beside_a_length(small_plan: Plan, length_plan: Plan) -> None:
    assert len(small_plan.chosen.readings) > 10
    assert length_plan.chosen.readings == ()
    labels = {row.label for row in small_plan.densities}
    assert {one.label for one in small_plan.postures.values()} <= labels
    densities = [row.people_per_km for row in small_plan.densities]
    assert densities == sorted(densities) or densities == sorted(densities, reverse=True)


@pytest.mark.parametrize("name", PAST_MISSIONS)
def test_past_missions_come_out_within_35_percent_of_what_they_had(name: str) -> None:
    plan = make_plan(load_scenario(name))
    given = plan.chosen.posture.given
    assert given is not None
    assert given.people is not None
    assert plan.chosen.people.force.watching_people == pytest.approx(given.people.value, rel=0.35)


def test_twelve_months_at_home_bind_fewer_people() -> None:
    deployed, pools = [], []
    for variant in (None, "six-months-home"):
        scenario = load_scenario("ukraine-2025", variant=variant)
        home = make_plan(load_scenario("unficyp-1975")).chosen.people
        from truceline.plan.people import size_people

        people = size_people(scenario.chosen_posture, home.counts, None, scenario.assumptions)
        deployed.append(people.force.deployed_people)
        pools.append(people.rotation.pool_people)
    assert deployed[0] == deployed[1]
    assert pools[1] < pools[0]


@pytest.mark.slow
def test_the_whole_line_in_ukraine() -> None:
    loaded = read_scenario("ukraine-2025")
    plan = make_plan(loaded.scenario, provenance=loaded.provenance)
    deployed = {key: one.people.force.deployed_people for key, one in plan.postures.items()}
    assert 8_000 < deployed["observers"] < 16_000
    assert 10_000 < deployed["reassurance"] < 30_000
    assert 80_000 < deployed["interposition"] < 120_000
    for one in plan.postures.values():
        assert one.watch is not None
        assert one.crossings is not None
        head = one.headlines
        assert (
            0 < head["watch.verify"].value <= head["watch.detect"].value <= head["watch.bound"].value + 1e-9
        )
        assert head["crossing.waiting.weakest"].value <= head["crossing.weakest"].value
        assert one.people.force.front_people == pytest.approx(one.watch.spent_people, rel=1e-9)
    assert plan.length_m / 1000 == pytest.approx(1068, abs=60)
    unit = 1 if sys.platform == "darwin" else 1024
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit < 4e9
