"""Prices move between years and currencies only by tables that are shown, and never silently."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.cost.money import Price, check_prices, convert
from truceline.cost.money_tables import read_money_tables
from truceline.errors import ScenarioError, TableError
from truceline.generation.formula import evaluate

TABLES = read_money_tables()


def price(value: float = 100.0, currency: str = "USD", year: int = 1996) -> Price:
    return Price("P1", value, currency, year, "actual", low=value / 2, high=value * 2, source="a page")


def test_both_steps_are_shown_with_their_sources() -> None:
    found = convert(price(), "GBP", 2025, TABLES)
    by_hand = 100 * 321.943 / 156.9 * 0.85679 / 1.12998
    assert found.value == pytest.approx(by_hand, rel=1e-9)
    assert found.formula == ("P1 * index.USD.2025 / index.USD.1996 * rate.GBP.2025 / rate.USD.2025")
    assert {part.name for part in found.parts} == {
        "P1",
        "index.USD.2025",
        "index.USD.1996",
        "rate.GBP.2025",
        "rate.USD.2025",
    }
    assert all(part.source for part in found.parts)
    assert (found.low, found.high) == (pytest.approx(by_hand / 2), pytest.approx(by_hand * 2))
    assert found.unit == "GBP"


def test_nothing_moves_where_nothing_has_to() -> None:
    found = convert(price(7, "EUR", 2024), "EUR", 2024, TABLES)
    assert (found.value, found.formula) == (7, "P1")


def test_a_recollected_rate_is_marked_as_one() -> None:
    assert TABLES.rates["USD", 1997].evidence == "general"
    assert TABLES.rates["USD", 2024].evidence == "derived"
    assert TABLES.indices["EUR", 2024].evidence == "published"


def test_a_year_to_come_is_ours_and_says_so() -> None:
    for key in (("GBP", 2027), ("EUR", 2026)):
        assert TABLES.indices[key].evidence == "judgement"
        assert "assumed" in TABLES.indices[key].source
    assert TABLES.rates["USD", 2027].evidence == "judgement"


def test_every_lack_is_told_at_once_and_only_once() -> None:
    prices = [price(1, "XYZ", 2020), price(1, "XYZ", 2020), price(1, "USD", 1910), price(-5, "EUR", 2025)]
    with pytest.raises(ScenarioError) as caught:
        check_prices(prices, "EUR", 2025, TABLES)
    places = [problem.where for problem in caught.value.problems]
    assert places == sorted(places)
    assert len(places) == 5
    message = caught.value.message()
    assert "XYZ 2025  has no rate of exchange" in message
    assert "USD 1910  has no price index" in message
    assert "costs -5: negative" in message
    with pytest.raises(ScenarioError, match="XYZ"):
        convert(price(1, "XYZ", 2020), "EUR", 2025, TABLES)


def test_a_currency_to_convert_to_needs_a_rate_too() -> None:
    with pytest.raises(ScenarioError, match="CHF 2025  has no rate of exchange"):
        convert(price(1, "EUR", 2025), "CHF", 2025, TABLES)


def test_tables_of_ones_own_take_the_place_of_the_packaged(tmp_path: Path) -> None:
    rates = tmp_path / "rates.csv"
    rates.write_text("currency,year,units_per_eur,source,confidence\nCHF,2025,0.94,my bank,seen\n")
    tables = read_money_tables(rates)
    assert convert(price(1, "EUR", 2025), "CHF", 2025, tables).value == pytest.approx(0.94)
    with pytest.raises(ScenarioError, match="USD 2025  has no rate"):
        convert(price(1, "USD", 2025), "EUR", 2025, tables)


def test_bad_rows_of_both_tables_are_gathered(tmp_path: Path) -> None:
    rates, indices = tmp_path / "rates.csv", tmp_path / "indices.csv"
    rates.write_text(
        "currency,year,units_per_eur,source,confidence\nusd,2025,1,x,seen\nUSD,25x,1,x,seen\nUSD,2024,0,x,seen\n"
    )
    indices.write_text(
        "currency,year,index,source,confidence\nEUR,2025,ten,x,seen\nEUR,2024,1,x,seen\nEUR,2024,2,x,seen\n"
    )
    with pytest.raises(TableError) as caught:
        read_money_tables(rates, indices)
    assert len(caught.value.problems) == 5


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"none\.csv"):
        read_money_tables(tmp_path / "none.csv")


@given(
    value=st.floats(0, 1e12),
    there=st.sampled_from(["EUR", "GBP", "USD"]),
    here=st.sampled_from(["EUR", "GBP", "USD", "PLN"]),
    year=st.integers(2010, 2027),
)
def test_there_and_back_is_the_same_in_one_year(value: float, there: str, here: str, year: int) -> None:
    went = convert(Price("P1", value, here, year, "actual"), there, year, TABLES)
    back = convert(Price("P2", went.value, there, year, "actual"), here, year, TABLES)
    assert back.value == pytest.approx(value, rel=1e-12)


@given(value=st.floats(0, 1e9), year=st.integers(1996, 2027))
def test_what_is_shown_is_what_is_computed(value: float, year: int) -> None:
    found = convert(Price("P1", value, "USD", 2003, "actual"), "GBP", year, TABLES)
    assert evaluate(found, {}) == pytest.approx(found.value)
    assert evaluate(found, {"P1": 2 * value}) == pytest.approx(2 * found.value)
