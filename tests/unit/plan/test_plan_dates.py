"""When the force is there: a question on dates put to who would come, what-ifs, and numbers that unfold."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "deployment"))
from movement_inputs import CAMP, COACH, GAUGE, LANES, ORIGIN, RAIL, made_generation, write_tables

from truceline.deployment.network import read_network
from truceline.errors import ScenarioError, TrucelineError
from truceline.generation.make import Question, generate
from truceline.plan import make_plan
from truceline.plan.backstop_days import deploying_of
from truceline.plan.date_questions import DateQuestion, check_question, question_of, read_loss
from truceline.plan.dates import PlanDates, date_plan, find_dates
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.load import load_scenario
from truceline.scenario.model import Contributors, MovementOptions

QUICK = DateQuestion(samples=12, days=300)


@pytest.fixture(scope="module")
def dates() -> PlanDates:
    return find_dates(made_generation(), load_catalogue(), QUICK)


def test_the_packaged_scenario_asks_and_a_scenario_without_movement_gets_no_dates() -> None:
    scenario = load_scenario("ukraine-2025")
    assert scenario.movement is not None
    silent = scenario.model_copy(update={"movement": None})
    assert date_plan(silent, made_generation(), load_catalogue()) is None
    assert date_plan(scenario, None, load_catalogue()) is None


def test_times_of_the_scenario_become_days() -> None:
    options = MovementOptions.model_validate(
        {"approvals_before": "90 day", "prepositioned": "2000 people", "days": 200}
    )
    question = question_of(options)
    assert (question.early_days, question.next_door, question.days) == (90.0, 2000.0, 200)


def test_a_stage_comes_with_the_last_of_its_criteria(dates: PlanDates) -> None:
    for stage in ("first", "full"):
        own = [one.day for one in dates.timeline.criteria if one.criterion.stage == stage]
        assert dates.timeline.days[stage] == max(own)  # type: ignore[index]


def test_nobody_is_in_place_before_approval_notice_and_the_journey(dates: PlanDates) -> None:
    first = min(one.ready_day for one in dates.movement.movements)
    assert dates.flow.strength[int(first)] == 0.0
    assert dates.flow.strength[-1] == pytest.approx(dates.people, rel=1e-6)


def test_half_lies_between_nothing_and_most(dates: PlanDates) -> None:
    assert 0 < dates.half_day < dates.most_day <= dates.flow.days
    assert dates.exact_half_day is not None
    assert dates.exact_half_day <= dates.half_day + 1


def test_every_date_that_rests_on_ours_says_so_and_has_a_band(dates: PlanDates) -> None:
    assert dates.people_ours > 0
    for name in ("dates.half", "dates.ioc"):
        found = dates.headlines[name]
        assert math.isnan(found.value) or ("ours" in found.note and found.low is not None)


def test_headlines_unfold_to_what_is_waited_for(dates: PlanDates) -> None:
    leaves = {leaf.name for leaf in dates.headlines["dates.half"].leaves()}
    assert any(name.startswith(("condition.", "approval.")) for name in leaves)
    assert {f"dates.approved.{one.nation}" for one in dates.calendar} <= set(dates.headlines)


def test_a_day_that_never_comes_is_no_number_and_says_what_is_missing() -> None:
    found = find_dates(made_generation(), load_catalogue(), replace(QUICK, days=60, samples=0))
    assert math.isnan(found.headlines["dates.foc"].value)
    assert "never in 60 days" in found.headlines["dates.foc"].note


def test_a_case_in_which_nobody_comes_has_no_day() -> None:
    found = find_dates(made_generation(), load_catalogue(), replace(QUICK, case="un-mandate", samples=5))
    if found.people <= 0:
        assert math.isinf(found.half_day)
    found = find_dates(made_generation(), load_catalogue(), replace(QUICK, case="today", samples=5))
    assert found.people == 0.0
    assert math.isinf(found.half_day)
    assert found.headlines["dates.half"].note == "nobody comes in this case"


def test_what_ifs_stand_beside_the_plan_and_help_or_hinder_as_they_must(dates: PlanDates) -> None:
    outlooks = {one.what_if.key: one for one in dates.what_ifs}
    base = outlooks["as-planned"]
    assert {"early", "next-door", "lost-port", "late-parliament", "no-us-lift"} <= set(outlooks)
    assert outlooks["next-door"].at[60] > base.at[60]
    for key in ("lost-port", "late-parliament", "no-us-lift"):
        assert outlooks[key].most_day >= base.most_day - 1
    assert outlooks["late-parliament"].most_day > base.most_day


def test_a_delay_asked_for_moves_that_nation_alone() -> None:
    known, quick = load_catalogue(), replace(QUICK, samples=0, what_ifs=False)
    plain = find_dates(made_generation(), known, quick)
    late = find_dates(made_generation(), known, replace(quick, delays={"ESP": 200.0}))
    before = {one.nation: one.approved_day for one in plain.calendar}
    after = {one.nation: one.approved_day for one in late.calendar}
    assert after.pop("ESP") > before.pop("ESP")
    assert after == before
    assert "200 days later" in late.movement.what_if.label


def test_the_same_seed_gives_the_same_dates_and_another_seed_other_bands(dates: PlanDates) -> None:
    again = find_dates(made_generation(), load_catalogue(), QUICK)
    other = find_dates(made_generation(), load_catalogue(), replace(QUICK, seed=2))
    assert dates.draws is not None
    assert again.draws is not None
    assert other.draws is not None
    assert again.draws.half == dates.draws.half
    assert again.headlines["dates.half"] == dates.headlines["dates.half"]
    assert other.draws.half != dates.draws.half


def test_all_that_is_wrong_with_a_question_is_told_at_once() -> None:
    loss = read_loss("nowhere=-3..5", 100)
    assert loss is not None
    wrong = DateQuestion(
        days=0, early_days=-1, next_door=-5, losses=(loss,), delays={"DEU": -2}, samples=-1, seed=-1
    )
    with pytest.raises(ScenarioError) as caught:
        check_question(wrong, read_network())
    told = str(caught.value.message())
    for part in (
        "horizon",
        "draws",
        "seed",
        "nowhere",
        "before the ceasefire",
        "delay of DEU",
        "prepositioned",
    ):
        assert part in told


@pytest.mark.parametrize("text", ["gauge=3", "gauge=a..b", "gauge=1..", "=..", "gauge="])
def test_what_is_no_loss_is_none(text: str) -> None:
    assert read_loss(text, 100) is None


def test_a_delay_of_a_nation_that_does_not_come_names_those_who_do() -> None:
    with pytest.raises(ScenarioError, match=r"USA.*does not come in case coalition; who comes: .*DEU"):
        find_dates(made_generation(), load_catalogue(), replace(QUICK, delays={"USA": 3.0}))


def test_a_node_without_capacity_and_a_circle_of_nodes_are_told_together(tmp_path: Path) -> None:
    nodes, routes = write_tables(
        tmp_path,
        [ORIGIN, {**GAUGE, "capacity": ""}, LANES, CAMP],
        [RAIL, COACH, {**COACH, "route": "back", "path": "camp|lanes"}],
    )
    with pytest.raises(TrucelineError) as caught:
        find_dates(made_generation(), load_catalogue(), replace(QUICK, nodes=nodes, routes=routes))
    told = caught.value.message()
    assert "the node has no capacity" in told
    assert "camp > lanes > camp  is a cycle" in told


def test_a_nation_without_a_rule_of_approval_is_told() -> None:
    made = made_generation()
    rules = {key: rule for key, rule in made.book.approvals.items() if key not in ("POL", "CAN")}
    book = type(made.book).__new__(type(made.book))
    book.__dict__.update({**made.book.__dict__})
    try:
        object.__setattr__(book, "approvals", rules)
    except AttributeError:
        pytest.skip("approvals of a book are fixed")
    with pytest.raises(ScenarioError, match="no rule of approval"):
        find_dates(replace(made, book=book), load_catalogue(), replace(QUICK, samples=0))


def test_the_backstop_is_valued_in_days_and_never_is_the_horizon() -> None:
    known, made = load_catalogue(), made_generation()
    deploying = deploying_of(DateQuestion(days=200), known)
    asked = Question(unlock=False, claims=False)
    found = generate(
        made.basis,
        Contributors(pledges="ukraine-2025"),
        date(2026, 1, 31),
        known,
        asked,
        deploying=deploying,
    )
    worth = found.backstop
    assert worth is not None
    column = worth.values[:, worth.index("days")]
    assert (column <= 200).all()
    assert column[-1] < 200
    lift = next(one for one in worth.worth if one.task.key == "strategic-lift")
    assert lift.last["days"] < 0
    assert lift.shapley["days"] < 0
    assert "200: never" in worth.measures[worth.index("days")].label
    plain = generate(made.basis, Contributors(pledges="ukraine-2025"), date(2026, 1, 31), known, asked)
    assert plain.backstop is not None
    assert "days" not in [measure.key for measure in plain.backstop.measures]
    assert (plain.backstop.values[:, 0] == worth.values[:, 0]).all()


def test_a_network_that_cannot_be_used_is_told_before_the_plan_is_made(tmp_path: Path) -> None:
    nodes, routes = write_tables(tmp_path, [ORIGIN, {**GAUGE, "capacity": ""}, LANES, CAMP], [RAIL, COACH])
    options = MovementOptions(nodes=nodes, routes=routes)
    scenario = load_scenario("ukraine-2025").model_copy(update={"movement": options})
    stages: list[str] = []
    with pytest.raises(TrucelineError, match="the node has no capacity"):
        make_plan(scenario, progress=lambda stage, _: stages.append(stage))
    assert stages == []
