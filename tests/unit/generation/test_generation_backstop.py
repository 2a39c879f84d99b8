"""The backstop: tables, gaps and their cost, and what each task is worth. Unknown costs stay unknown."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import ProblemList, ScenarioError
from truceline.generation import backstop_tables
from truceline.generation.backstop import (
    SUBSTITUTE_COST,
    TASKS,
    BackstopWorth,
    Measure,
    bill_substitutes,
    list_backstop,
    pool_holdings,
    sweep_worth,
    weigh_backstop,
)
from truceline.generation.backstop_tables import (
    UNKNOWN,
    closing_months,
    facts_about,
    find_task,
    parse_substitute,
    read_facts,
    read_substitutes,
)
from truceline.generation.formula import compute
from truceline.generation.model import Capability, Offer, Requirement
from truceline.scenario.assumption import Evidence
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.reference import read_table
from truceline.trace import Traced

ASSUMPTIONS = load_catalogue()
DEPLOYED = Traced("force.deployed", 25_000, "person", low=20_000, high=30_000)
PEOPLE = Measure("people", "People sent", "person")
COST = Measure(SUBSTITUTE_COST, "Cost of substitutes", "USD bn", more_is_better=False)
MATERIAL = [task for task in TASKS if task.is_material]


def need(capability: str, units: float, low: float | None = None, high: float | None = None) -> Requirement:
    what = Capability(capability, capability.capitalize(), "aircraft", "enabler", 2, 1)
    return Requirement(what, Traced(f"need.{capability}", units, "aircraft", low=low, high=high))


def offer(code: str, **units: tuple[float, float, float]) -> Offer:
    traced = {
        key.replace("_", "-"): Traced(f"units.{code}.{key}", value, "aircraft", low=low, high=high)
        for key, (value, low, high) in units.items()
    }
    people = Traced(f"people.{code}", 0, "person")
    return Offer(code, code, people, "none", None, None, traced)


def needs_of_everything(units: float) -> list[Requirement]:
    return [need(capability, units) for task in TASKS for capability in task.capabilities]


# --- tables ------------------------------------------------------------------------------------------------


def test_there_are_ten_material_tasks_and_one_promise() -> None:
    assert len(MATERIAL) == 10
    assert [task.key for task in TASKS if not task.is_material] == ["guarantee"]
    assert len({task.key for task in TASKS}) == 11
    assert {task.group for task in TASKS} == {
        "air support",
        "logistics",
        "intelligence",
        "command",
        "political",
    }


def test_tasks_and_capabilities_name_each_other() -> None:
    ours = {capability: task.key for task in TASKS for capability in task.capabilities}
    theirs = {row["capability"]: row["backstop_task"] for row in read_table("capabilities")}
    assert ours == {capability: task for capability, task in theirs.items() if task}


def test_every_line_of_a_task_has_one_substitute() -> None:
    lines = [(task.key, capability) for task in TASKS for capability in task.capabilities or ("",)]
    assert sorted((each.task, each.capability) for each in read_substitutes()) == sorted(lines)


def test_a_substitute_says_whose_figure_its_cost_is() -> None:
    for each in read_substitutes():
        assert each.note
        if each.cost_is_ours:
            assert each.cost_source == f"Truceline, backstop_substitutes/{each.key}"
        if each.cost_evidence == UNKNOWN:
            assert each.one_off_usd_bn is None
            assert each.yearly_usd_bn is None
            assert each.price_year is None
    known = [each for each in read_substitutes() if each.yearly_usd_bn is not None and each.cost_is_ours]
    assert known
    for each in known:  # a figure of ours is a wide one
        assert each.yearly_usd_bn is not None
        assert each.yearly_usd_bn[1] >= 2 * each.yearly_usd_bn[0]


def test_rows_named_by_a_substitute_are_facts_or_unit_costs() -> None:
    facts = {fact.key for fact in read_facts()}
    for each in read_substitutes():
        assert all(row in facts or row.startswith("UC") for row in each.rows), each.key


def test_figures_taken_from_the_shared_tables_are_theirs(shared: object) -> None:
    import csv
    from pathlib import Path

    folder = Path(str(shared)) / "data" / "reference"
    with (folder / "backstop.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["task_id"]: row for row in csv.DictReader(file)}
    assert set(rows) == {fact.key for fact in read_facts()}
    for fact in read_facts():
        years = rows[fact.key]["years_to_close_low"]
        assert fact.months_low == (12 * float(years) if years else None)
        cost = rows[fact.key]["cost_low_usd_bn"]
        assert fact.cost_low_usd_bn == (float(cost) if cost else None)
    with (folder / "unit_costs.csv").open(encoding="utf-8", newline="") as file:
        costs = {row["cost_id"]: row for row in csv.DictReader(file)}
    by_capability = {each.capability: each for each in read_substitutes()}
    contractors = by_capability["theatre-logistics"].yearly_usd_bn
    low, high = (float(costs["UC041"][f"value_{which}"]) / 25_000 * 1000 / 1e9 for which in ("low", "high"))
    assert contractors == pytest.approx((low, high))
    drones = by_capability["isr-air"]
    assert drones.yearly_usd_bn is not None
    assert drones.one_off_usd_bn is not None
    assert drones.yearly_usd_bn[0] == pytest.approx(float(costs["UC065"]["value_typical"]) / 5 / 1e9)
    assert drones.yearly_usd_bn[1] == pytest.approx(
        float(costs["UC061"]["value_typical"]) * 8760 * 1.11 / 4 / 1e9, rel=0.01
    )
    assert drones.one_off_usd_bn[1] == pytest.approx(120.8e6 / 4 / 1e9)


def test_published_months_are_the_widest_that_anyone_gave() -> None:
    assert closing_months(facts_about("refuelling")) == (36, 120)
    assert closing_months(facts_about("satcom-command")) == (0, 60)
    assert closing_months(facts_about("guarantee")) is None


def test_what_is_wrong_with_a_substitute_is_said_at_once() -> None:
    row = dict(read_table("backstop_substitutes")[0])
    row |= {"task": "nukes", "per": "dozen", "yearly_low_usd_bn": "2", "yearly_high_usd_bn": "1"}
    row |= {"one_off_low_usd_bn": "-1", "months_low": "x", "cost_evidence": "hearsay"}
    problems = ProblemList()
    assert parse_substitute(row, problems) is None
    text = " / ".join(str(problem) for problem in problems.problems)
    for said in ("'nukes' is no task", "'dozen' is no basis", "2.0 to 1.0 is no range", "-1.0 to", "months:"):
        assert said in text
    assert "'hearsay' is no grade of evidence" in text


def test_a_cost_nobody_knows_must_say_so() -> None:
    row = dict(read_table("backstop_substitutes")[0])
    problems = ProblemList()
    assert parse_substitute(row | {"cost_evidence": UNKNOWN}, problems) is None
    row |= dict.fromkeys([key for key in row if key.endswith("_usd_bn")], "")
    assert parse_substitute(row, problems) is None
    assert len(problems.problems) == 2
    assert parse_substitute(row | {"cost_evidence": UNKNOWN}, ProblemList()) is not None


# --- gaps --------------------------------------------------------------------------------------------------


def test_the_gap_is_what_others_do_not_hold() -> None:
    held = pool_holdings(
        {"FRA": offer("FRA", refuelling=(3, 2, 4)), "GBR": offer("GBR", refuelling=(2, 1, 3))}
    )
    assert held["refuelling"].value == 5
    assert (held["refuelling"].low, held["refuelling"].high) == (3, 7)
    rows = list_backstop([need("refuelling", 8, 4, 12)], held, DEPLOYED)
    row = next(row for row in rows if row.capability == "refuelling")
    assert row.gap is not None
    assert (row.gap.value, row.gap.low, row.gap.high) == (3, 0, 9)
    assert row.gap.formula == "max(0, need.refuelling - backstop.held.refuelling)"
    assert [row.capability for row in rows] == ["refuelling", ""], "the guarantee is always listed"


def test_the_us_is_never_among_the_holders() -> None:
    offers = {"USA": offer("USA", refuelling=(450, 400, 500)), "FRA": offer("FRA", refuelling=(3, 2, 4))}
    assert pool_holdings(offers)["refuelling"].value == 3


def test_what_nobody_brings_is_missing_in_full_and_says_so() -> None:
    row = list_backstop([need("isr-sea", 4)], {}, DEPLOYED)[0]
    assert row.held is not None
    assert row.gap is not None
    assert row.gap.value == 4
    assert "no contributor" in row.held.note


def test_the_guarantee_has_no_number_and_no_price() -> None:
    row = list_backstop([], {}, DEPLOYED)[-1]
    assert row.task.key == "guarantee"
    assert row.need is None
    assert row.gap is None
    assert row.one_off is None
    assert row.yearly is None
    assert row.months is None
    assert row.substitute is not None
    assert "nothing that can be bought" in row.substitute.words


def test_an_unknown_cost_is_named_and_not_counted_as_none() -> None:
    rows = list_backstop([need("command", 1), need("hospital", 200), need("refuelling", 4)], {}, DEPLOYED)
    bill = bill_substitutes(rows, (), ASSUMPTIONS)
    assert bill.unknown == ("hospital", "command")
    assert "nobody knows: hospital, command" in bill.total.note
    assert bill.total.value > 0
    held = {"command": Traced("backstop.held.command", 1, "headquarters")}
    assert (
        bill_substitutes(list_backstop([need("command", 1)], held, DEPLOYED), (), ASSUMPTIONS).unknown == ()
    )


def test_a_bill_is_for_what_is_missing_and_not_brought() -> None:
    rows = list_backstop([need("air-defence", 6), need("refuelling", 4)], {}, DEPLOYED)
    air_defence = next(each for each in read_substitutes() if each.capability == "air-defence")
    assert air_defence.one_off_usd_bn is not None
    assert air_defence.yearly_usd_bn is not None
    years = ASSUMPTIONS.value("backstop.substitute_years")
    alone = bill_substitutes(rows, {"refuelling"}, ASSUMPTIONS).total
    middle = sum(air_defence.one_off_usd_bn) / 2 + years * sum(air_defence.yearly_usd_bn) / 2
    assert alone.value == pytest.approx(6 * middle)
    assert alone.low is not None
    assert alone.high is not None
    assert alone.low < alone.value < alone.high
    assert bill_substitutes(rows, {"refuelling", "air-defence"}, ASSUMPTIONS).total.value == 0


def test_what_a_partial_supply_leaves_open_has_to_be_bought() -> None:
    rows = list_backstop([need("air-defence", 6), need("refuelling", 4)], {}, DEPLOYED)
    nothing = bill_substitutes(rows, {"refuelling"}, ASSUMPTIONS).total
    part = bill_substitutes(
        rows, {"refuelling", "air-defence"}, ASSUMPTIONS, supplied={"air-defence": 0.25}
    ).total
    assert part.value == pytest.approx(0.75 * nothing.value)
    assert "backstop.one_off.air-defence.rest" in part.formula
    assert [leaf.value for leaf in part.leaves() if leaf.name == "backstop.supplied.air-defence"] == [0.25]
    whole = bill_substitutes(
        rows, {"refuelling", "air-defence"}, ASSUMPTIONS, supplied={"air-defence": 1.0}
    ).total
    assert whole.value == 0
    found = weigh_backstop(
        TASKS, rows, people_with, [COST], assumptions=ASSUMPTIONS, supplied={"air-defence": 0.25}
    )
    assert found.value_with({"refuelling", "air-defence"}, SUBSTITUTE_COST) == pytest.approx(part.value)


def test_the_range_of_a_cost_is_that_of_its_price() -> None:
    row = list_backstop([need("air-defence", 6, 2, 20)], {}, DEPLOYED)[0]
    assert row.substitute is not None
    assert row.substitute.one_off_usd_bn is not None
    assert row.one_off is not None
    low, high = row.substitute.one_off_usd_bn
    assert (row.one_off.low, row.one_off.high) == pytest.approx((6 * low, 6 * high))


def test_costs_for_a_task_or_for_people_go_by_the_share_that_is_missing() -> None:
    held = {"theatre-logistics": Traced("h", 15, "truck company"), "satcom": Traced("s", 3, "channel")}
    rows = list_backstop([need("theatre-logistics", 20), need("satcom", 4)], held, DEPLOYED)
    by = {row.capability: row for row in rows}
    logistics, satcom = by["theatre-logistics"], by["satcom"]
    assert logistics.yearly is not None
    assert logistics.yearly.value == pytest.approx(0.25 * 25 * (0.00768 + 0.02) / 2)
    assert satcom.yearly is not None
    assert satcom.yearly.value == pytest.approx(0.25 * (0.01 + 0.15) / 2)
    assert satcom.yearly.formula == "backstop.gap.satcom / need.satcom * backstop.yearly.satcom.rate"


@given(st.floats(0, 50), st.floats(0, 50), st.floats(0, 10), st.floats(0, 10))
@settings(max_examples=50, deadline=None)
def test_a_cost_lies_in_its_range_and_grows_with_the_gap(
    units: float, more: float, held_low: float, held_more: float
) -> None:
    held = {
        capability: Traced(f"h.{capability}", held_low, "x", low=held_low, high=held_low + held_more)
        for task in MATERIAL
        for capability in task.capabilities
    }
    small = bill_substitutes(list_backstop(needs_of_everything(units), held, DEPLOYED), (), ASSUMPTIONS)
    large = bill_substitutes(
        list_backstop(needs_of_everything(units + more), held, DEPLOYED), (), ASSUMPTIONS
    )
    for bill in (small, large):
        assert bill.total.low is not None
        assert bill.total.high is not None
        assert 0 <= bill.total.low <= bill.total.value + 1e-12
        assert bill.total.value <= bill.total.high + 1e-12
    assert small.total.value <= large.total.value + 1e-12


def test_every_cost_unfolds_to_rates_with_source_and_evidence() -> None:
    rows = list_backstop(needs_of_everything(5), {}, DEPLOYED)
    total = bill_substitutes(rows, (), ASSUMPTIONS).total
    rates = [leaf for leaf in total.leaves() if leaf.name.endswith(".rate")]
    assert len(rates) >= 12
    for leaf in rates:
        assert leaf.source
        assert leaf.evidence in {each.value for each in Evidence}
        assert leaf.low is not None
        assert "prices of" in leaf.note
    assert Traced.from_dict(total.to_dict()) == total


def test_every_formula_gives_the_value_it_stands_beside() -> None:
    held = pool_holdings({"FRA": offer("FRA", refuelling=(3, 2, 4)), "GBR": offer("GBR", satcom=(2, 1, 3))})
    rows = list_backstop(needs_of_everything(5), held, DEPLOYED)
    total = bill_substitutes(rows, {"isr-air"}, ASSUMPTIONS, supplied={"isr-air": 0.3}).total
    nothing = bill_substitutes(list_backstop(needs_of_everything(0), {}, DEPLOYED), (), ASSUMPTIONS).total
    assert nothing.value == 0
    for node in (*total.walk(), *nothing.walk()):
        if node.formula:
            again = compute(node.name, "", node.unit, node.formula, node.parts)
            assert again.value == pytest.approx(node.value), node.name


# --- worth -------------------------------------------------------------------------------------------------


def people_with(brought: frozenset[str]) -> Mapping[str, float]:
    """Return a force that refuelling and combat air lift together, and the guarantee by itself."""
    both = {"refuelling", "combat-air"} <= brought
    return {"people": 10_000 + 5_000 * both + 8_000 * ("guarantee" in brought)}


@pytest.fixture(scope="module")
def worth() -> BackstopWorth:
    rows = list_backstop(needs_of_everything(3), {}, DEPLOYED)
    return weigh_backstop(TASKS, rows, people_with, [PEOPLE, COST], assumptions=ASSUMPTIONS)


def by_task(worth: BackstopWorth, key: str) -> backstop_tables.BackstopTask:
    return next(each.task for each in worth.worth if each.task.key == key)


def test_each_task_is_weighed_alone_last_and_by_its_share(worth: BackstopWorth) -> None:
    by = {each.task.key: each for each in worth.worth}
    assert (by["guarantee"].alone["people"], by["guarantee"].last["people"]) == (8_000, 8_000)
    assert by["refuelling"].alone["people"] == 0
    assert by["refuelling"].last["people"] == 5_000
    assert by["refuelling"].shapley["people"] == pytest.approx(2_500)
    assert (by["refuelling"].least["people"], by["refuelling"].most["people"]) == (0, 5_000)
    assert worth.strongest_pairs("people") == (("refuelling", "combat-air", pytest.approx(5_000)),)
    leading = worth.leading_task("people")
    assert leading is not None
    assert leading[0].key == "guarantee"
    assert leading[1] == pytest.approx(8 / 13)


def test_the_whole_is_split_without_rest(worth: BackstopWorth) -> None:
    for measure in ("people", SUBSTITUTE_COST):
        fall = worth.waterfall(measure)
        assert fall.base + sum(step.value for step in fall.steps) == pytest.approx(fall.total)
    assert worth.value_with((), "people") == 10_000
    assert worth.value_with([task.key for task in TASKS], "people") == 23_000
    assert worth.value_with(("guarantee", "isr-sea"), "people") == 18_000
    assert worth.value_with([task.key for task in TASKS], SUBSTITUTE_COST) == 0


def test_the_bill_falls_by_what_each_task_would_have_cost(worth: BackstopWorth) -> None:
    rows = list_backstop(needs_of_everything(3), {}, DEPLOYED)
    everything = bill_substitutes(rows, (), ASSUMPTIONS).total.value
    for each in worth.worth:
        without = bill_substitutes(rows, {each.task.key}, ASSUMPTIONS).total.value
        assert each.shapley[SUBSTITUTE_COST] == pytest.approx(without - everything)
        assert each.alone[SUBSTITUTE_COST] == pytest.approx(each.last[SUBSTITUTE_COST])
    assert worth.unknown_costs == ("hospital", "command")


def test_tasks_that_change_nothing_are_marked() -> None:
    found = weigh_backstop(TASKS, (), people_with, [PEOPLE])
    idle = {each.task.key for each in found.worth if each.changes_nothing}
    assert idle == {task.key for task in TASKS} - {"refuelling", "combat-air", "guarantee"}
    nobody = weigh_backstop(TASKS, (), lambda _: {"people": 3.0}, [PEOPLE])
    assert all(each.changes_nothing for each in nobody.worth)
    assert nobody.leading_task("people") is None


def test_sets_that_are_alike_are_evaluated_once() -> None:
    asked: list[frozenset[str]] = []

    def evaluate(brought: frozenset[str]) -> Mapping[str, float]:
        asked.append(brought)
        return people_with(brought)

    matters = {"refuelling", "combat-air", "guarantee"}
    found = weigh_backstop(TASKS, (), evaluate, [PEOPLE], keys=lambda brought: brought & matters)
    assert len(asked) == 8
    plain = weigh_backstop(TASKS, (), people_with, [PEOPLE], workers=2)
    assert found.values.tobytes() == plain.values.tobytes()
    assert found.interactions.tobytes() == plain.interactions.tobytes()


@pytest.mark.slow
def test_the_split_can_run_in_processes() -> None:
    found = weigh_backstop(TASKS[-3:], (), people_with, [PEOPLE], workers=2, pool="processes")
    plain = weigh_backstop(TASKS[-3:], (), people_with, [PEOPLE])
    assert found.values.tobytes() == plain.values.tobytes()


def test_an_explanation_adds_alone_and_interaction(worth: BackstopWorth) -> None:
    traced = worth.trace("refuelling", "people")
    assert traced.name == "backstop.worth.refuelling.people"
    assert traced.value == pytest.approx(sum(part.value for part in traced.parts))
    assert "2048 sets" in traced.note
    assert traced.unit == "person"


def test_the_guarantee_is_swept_over_what_nobody_knows() -> None:
    def weigh(wanted: float) -> BackstopWorth:
        def evaluate(brought: frozenset[str]) -> Mapping[str, float]:
            enough = len(brought - {"guarantee"}) >= wanted
            return {"people": 9_000.0 * (enough and "guarantee" in brought)}

        return weigh_backstop(TASKS, (), evaluate, [PEOPLE])

    points = sweep_worth([0, 1, 5, 10], weigh, "guarantee", "people")
    assert [point.at for point in points] == [0, 1, 5, 10]
    parts = [point.shapley for point in points]
    assert parts[0] == pytest.approx(9_000), "when nothing else is wanted the promise is worth all of it"
    assert parts[-1] == pytest.approx(9_000 / 11), "when everything is wanted all eleven share alike"
    assert parts == sorted(parts, reverse=True)
    assert [point.alone for point in points] == [9_000, 0, 0, 0]
    assert all(point.last == 9_000 for point in points)


def test_a_measure_that_is_missing_or_doubled_is_told() -> None:
    with pytest.raises(ScenarioError, match="detect  was not evaluated"):
        weigh_backstop(TASKS[:2], (), people_with, [PEOPLE, Measure("detect", "Detected", "1")])
    with pytest.raises(ScenarioError) as caught:
        weigh_backstop([*TASKS[:2], TASKS[0]], (), people_with, [PEOPLE, PEOPLE, COST])
    text = str(caught.value)
    assert "'people' is there twice" in text
    assert "'isr-space' is there twice" in text
    assert "cannot be billed without assumptions" in text
    with pytest.raises(ScenarioError, match="there is none"):
        weigh_backstop(TASKS, (), people_with, [])


def test_a_measure_that_was_not_weighed_is_told(worth: BackstopWorth) -> None:
    with pytest.raises(ScenarioError, match="'days' was not weighed; one of people, substitute_cost"):
        worth.waterfall("days")


def test_results_cannot_be_changed(worth: BackstopWorth) -> None:
    with pytest.raises(ValueError, match="read-only"):
        worth.values[0, 0] = 1
    assert np.isfinite(worth.interactions).all()
    assert by_task(worth, "guarantee") is find_task("guarantee")
