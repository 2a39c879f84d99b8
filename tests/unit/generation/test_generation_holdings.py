"""Holdings: what may be counted is counted once, and nobody's readiness is taken for granted."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.generation.capabilities import read_capabilities
from truceline.generation.formula import evaluate
from truceline.generation.holdings import PRIORS, list_holdings, read_holdings
from truceline.generation.nations import NO_ESTIMATE, read_nations
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.reference import read_table

CATALOGUE = load_catalogue()
ENABLERS = [c.key for c in read_capabilities() if c.kind == "enabler"]


def counted(capability: str, code: str) -> float:
    return math.fsum(h.count for h in read_holdings() if (h.capability, h.code) == (capability, code))


def test_every_row_is_counted_or_says_why_not() -> None:
    rows = read_table("enablers")
    assert len(rows) == 116
    for row in rows:
        assert (row["counts"] == "yes") == bool(row["serves"]) == (not row["why_not"])


def test_totals_orders_and_parties_are_not_counted() -> None:
    for row in read_table("enablers"):
        if row["code"] in ("EUR", "USA", "RUS", "UKR") or row["status"].startswith(("planned", "on_order")):
            assert row["counts"] == "no", row["enabler_id"]
        if row["quantity_unit"] in ("percent", "flight_hours_per_year") or not row["quantity"]:
            assert row["counts"] == "no", row["enabler_id"]


def test_nothing_is_counted_twice() -> None:
    """Germany ordered 53 A400M and had 36; it held nine Patriot batteries, six of them in the country."""
    assert counted("strategic-lift", "DEU") == 36
    assert counted("air-defence", "DEU") == 9
    assert counted("refuelling", "NAT") == 8
    assert not any(h.code == "LUX" and h.capability == "refuelling" for h in read_holdings())


def test_an_order_counts_for_what_its_row_says_was_delivered() -> None:
    assert (counted("strategic-lift", "FRA"), counted("strategic-lift", "ESP")) == (16, 14)


def test_every_enabler_is_listed_and_a_unit_is_whole() -> None:
    found = list_holdings(CATALOGUE)
    assert sorted(found) == sorted(ENABLERS)
    for key, by_code in found.items():
        assert by_code
        for code, traced in by_code.items():
            assert code not in NO_ESTIMATE
            assert traced.name == f"offer.{key}.{code}"
            assert traced.value == int(traced.value) >= 0
            assert traced.low is not None
            assert traced.high is not None
            assert 0 <= traced.low <= traced.value <= traced.high
            assert evaluate(traced, {}) == traced.value


def test_a_holding_is_reduced_by_readiness_and_release_and_then_rounded_down() -> None:
    """145 British combat aircraft * 0.55 fit * 0.15 released = 11.96: eleven."""
    found = list_holdings(CATALOGUE)["combat-air"]["GBR"]
    assert found.value == 11
    assert found.parts[0].value == 145
    assert {part.name for part in found.parts[0].parts} == {"enablers.EN098", "enablers.EN099"}
    assert (found.low, found.high) == (math.floor(145 * 0.4 * 0.05), math.floor(145 * 0.7 * 0.3))


def test_satellites_are_turned_into_channels() -> None:
    found = list_holdings(CATALOGUE)["satcom"]["GBR"]
    assert found.value == math.floor(4 * 20 * 0.95 * 0.05)
    assert "generation.channels_per_satellite" in {leaf.name for leaf in found.leaves()}


@pytest.mark.parametrize("key", PRIORS)
def test_a_prior_says_that_it_is_ours_and_is_wide(key: str) -> None:
    for code, traced in list_holdings(CATALOGUE)[key].items():
        assert "our prior" in traced.label
        assert "ours" in traced.note
        raw = traced.parts[0].value * math.prod(part.value for part in traced.parts[1:])
        assert traced.high is not None
        assert traced.high >= math.floor(2 * raw), code
    assert set(list_holdings(CATALOGUE)[key]) == {
        n.code for n in read_nations().values() if n.code not in NO_ESTIMATE
    }


def test_what_is_common_knowledge_is_marked_so() -> None:
    leaves = {leaf.name: leaf for leaf in list_holdings(CATALOGUE)["refuelling"]["GBR"].leaves()}
    assert leaves["enablers.EN058"].evidence == "general"
    assert leaves["generation.refuelling_release_share"].evidence == "judgement"


@settings(max_examples=20)
@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(ENABLERS))
def test_more_readiness_or_release_never_brings_less(one: float, two: float, key: str) -> None:
    word = key.replace("-", "_")
    for what in ("readiness", "release"):
        name = f"generation.{word}_{what}_share"
        few, many = (list_holdings(CATALOGUE.replaced({name: s}))[key] for s in sorted((one, two)))
        assert list(few) == list(many)
        assert all(0 <= few[code].value <= many[code].value for code in few)
