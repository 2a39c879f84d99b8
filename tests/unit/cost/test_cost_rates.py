"""Rates per person-year: the right rows, their range, and no meeting of two bases."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from truceline.cost import rates, unit_costs
from truceline.cost.bases import BASES, RULES, check_basis, counts_in
from truceline.cost.rates import KINDS, list_bases, person_year_rate, read_rate_rows, spread_total
from truceline.cost.unit_costs import find_cost, read_unit_costs
from truceline.errors import ScenarioError, TableError
from truceline.scenario.reference import parse_rows, read_table


def test_every_row_is_packaged_as_it_was_collected(shared: Path) -> None:
    collected = shared / "data" / "reference" / "unit_costs.csv"
    with collected.open(encoding="utf-8", newline="") as stream:
        assert [dict(row) for row in read_table("unit_costs")] == list(csv.DictReader(stream))


def test_every_row_is_read_with_a_known_basis() -> None:
    costs = read_unit_costs()
    assert len(costs) == 51
    assert all(cost.price.basis in RULES for cost in costs.values())
    assert set(RULES) == {cost.price.basis for cost in costs.values()}
    assert all(rule.why for rule in RULES.values())


def test_a_range_open_at_one_end_ends_at_the_typical_value() -> None:
    drones, budget = find_cost("UC062").price, find_cost("UC028").price
    assert (drones.low, drones.value, drones.high) == (60.3e6, 120.8e6, 120.8e6)
    assert (budget.low, budget.value, budget.high) == (1.3e6, 1.3e6, 2.1e6)
    assert find_cost("UC011").price.low is None


def test_what_was_not_read_stays_marked() -> None:
    assert find_cost("UC005").price.evidence == "general"
    assert find_cost("UC011").price.evidence == "derived"


def test_a_row_that_is_none_is_named() -> None:
    with pytest.raises(ScenarioError, match="UC999"):
        find_cost("UC999")


@pytest.mark.parametrize("kind", KINDS)
def test_a_rate_is_the_mean_of_its_rows_and_spans_them(kind: str) -> None:
    assert list_bases(kind)
    for basis in list_bases(kind):
        rate = person_year_rate(kind, basis)
        values = [part.value for part in rate.parts]
        assert rate.value == pytest.approx(sum(values) / len(values))
        assert rate.low is not None
        assert rate.high is not None
        assert rate.low <= min(values) <= max(values) <= rate.high
        assert rate.unit == "EUR/person-year"


def test_rows_of_two_bases_never_meet_in_a_rate() -> None:
    for row in read_rate_rows():
        assert sum(counts_in(row.cost.price.basis, basis) for basis in BASES) == 1


def test_a_nation_with_its_own_figure_takes_it() -> None:
    rate = person_year_rate("combat", "incremental", "GBR", currency="GBP", price_year=2009)
    assert rate.name == "rate.combat.incremental.GBR"
    assert rate.high == 390_000
    assert [part.leaves()[0].name for part in rate.parts] == ["UC025", "UC026"]


def test_american_wars_do_not_price_other_nations() -> None:
    rows = {part.leaves()[0].name for part in person_year_rate("combat", "incremental", "POL").parts}
    assert rows == {"UC023", "UC024", "UC025", "UC026"}


def test_a_monthly_rate_is_brought_to_a_year() -> None:
    rate = person_year_rate("un-line", "reimbursement", currency="USD", price_year=2018)
    assert any(part.value == pytest.approx(17_136) for part in rate.parts)


def test_a_basis_nobody_published_says_which_ones_are() -> None:
    with pytest.raises(ScenarioError, match="it is known on: full, reimbursement"):
        person_year_rate("un-line", "incremental")


def test_a_kind_or_basis_that_is_none_is_named() -> None:
    with pytest.raises(ScenarioError, match="'navy' is not one"):
        person_year_rate("navy", "full")
    with pytest.raises(ScenarioError, match="'gross' is not a basis of cost"):
        check_basis("gross")
    assert not counts_in("gross", "full")


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("value_typical", "", "has no typical value"),
        ("value_typical", "-5", "is not a number of zero or more"),
        ("value_low", "99999999", "is outside its own range"),
        ("cost_basis", "gross", "'gross' is not a known basis"),
        ("price_year", "96", "'96' is not a year"),
    ],
)
def test_a_bad_row_of_unit_costs_is_told(column: str, value: str, says: str) -> None:
    row = {**read_table("unit_costs")[0], column: value}
    with pytest.raises(TableError, match=says):
        parse_rows([row], unit_costs._parse, "unit_costs")


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("kind", "navy", "'navy' is not a kind of force"),
        ("cost_id", "UC999", "'UC999' is not a row"),
        ("cost_id", "UC050", "UC050 is per bed, not a rate of people"),
        ("for_others", "maybe", "is neither yes nor no"),
    ],
)
def test_a_bad_row_of_rates_is_told(column: str, value: str, says: str) -> None:
    row = {**read_table("person_year_rates")[0], column: value}
    with pytest.raises(TableError, match=says):
        parse_rows([row], rates._parse, "person_year_rates")


def test_a_total_is_spread_over_people_that_exist() -> None:
    assert spread_total(30e9, 40_000, 10) == 75_000
    with pytest.raises(ScenarioError) as caught:
        spread_total(-1, 0, 0)
    assert len(caught.value.problems) == 3
