"""Keys and shares of the burden: what each rule goes by, and what is unknown stays unknown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import ScenarioError
from truceline.generation.burden import burden_keys, measure_burden
from truceline.generation.model import Offer
from truceline.trace import Traced


def make_offer(code, people=0.0, basis="ours", sustained=None, gdp=0.0):
    prior = None if sustained is None else Traced(f"{code}.sustained", sustained, "person")
    return Offer(code, code, Traced(f"{code}.people", people, "person"), basis, prior, None, gdp_usd_bn=gdp)


OFFERS = [
    make_offer("GBR", 7_500, "stated", 5_450, 3_644),
    make_offer("EST", 120, "stated", None, 43),
    make_offer("NOR", 900, "ours", 920, 484),
    make_offer("NAT", 0, "none"),
]


def test_the_key_of_gdp_share_is_gdp():
    key, stated = burden_keys("gdp-share", OFFERS)
    assert key.tolist() == [3_644, 43, 484, 0]
    assert stated.tolist() == [True, True, False, False]


@pytest.mark.parametrize("rule", ["stated-first", "equal-effort"])
def test_effort_goes_by_sustained_capacity_and_by_a_stated_size_where_that_is_unknown(rule):
    key, _ = burden_keys(rule, OFFERS)
    assert key.tolist() == [5_450, 120, 920, 0]


def test_a_size_that_is_ours_never_stands_in_for_a_capacity():
    key, stated = burden_keys("equal-effort", [make_offer("ESP", 3_000, "ours")])
    assert (key.tolist(), stated.tolist()) == ([0], [False])


def test_shares_are_of_people_of_gdp_and_of_capacity():
    shares = measure_burden(np.array([5_450.0, 120.0, 460.0, 0.0]), OFFERS)
    assert shares.codes == ("GBR", "EST", "NOR", "NAT")
    assert shares.people_share == pytest.approx([5_450 / 6_030, 120 / 6_030, 460 / 6_030, 0])
    assert shares.gdp_share[:3] == pytest.approx([3_644 / 4_171, 43 / 4_171, 484 / 4_171])
    assert shares.effort[[0, 2]] == pytest.approx([1, 0.5])


def test_what_is_unknown_is_nan_and_not_zero():
    shares = measure_burden(np.array([10.0, 10.0, 10.0, 0.0]), OFFERS)
    assert np.isnan(shares.effort).tolist() == [False, True, False, True]
    assert np.isnan(shares.gdp_share).tolist() == [False, False, False, True]
    assert np.isnan(shares.fairness).tolist() == [False, False, False, True]


def test_people_in_proportion_to_gdp_are_fair():
    shares = measure_burden(np.array([364.4, 4.3, 48.4, 0.0]), OFFERS)
    assert shares.fairness[:3] == pytest.approx([1, 1, 1])


def test_nobody_sent_is_no_share():
    shares = measure_burden(np.zeros(4), OFFERS)
    assert shares.people_share.tolist() == [0, 0, 0, 0]
    assert measure_burden(np.zeros(0), []).codes == ()


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=8))
def test_shares_of_people_make_one(people):
    offers = [make_offer(f"N{i}", gdp=i + 1.0, sustained=1.0) for i in range(len(people))]
    shares = measure_burden(np.array(people), offers)
    assert shares.people_share.sum() == pytest.approx(1 if sum(people) else 0)
    assert shares.gdp_share.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("people", "words"), [([1.0], "has shape (1,)"), ([1.0, -1.0, 0.0, 0.0], "negative or not finite")]
)
def test_people_that_do_not_fit_are_refused(people, words):
    with pytest.raises(ScenarioError, match="burden: 1 problem") as caught:
        measure_burden(np.array(people), OFFERS)
    assert words in str(caught.value)


def test_an_unknown_rule_is_refused():
    with pytest.raises(ScenarioError, match="'luck' is not a rule; choose among stated-first"):
        burden_keys("luck", OFFERS)
