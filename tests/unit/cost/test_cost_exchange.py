"""Cameras against soldiers, and the frontier in money beside the one in people."""

from __future__ import annotations

import pytest

from truceline.cost.exchange import PostureCount, exchange_rates, price_camera_km, price_frontier
from truceline.cost.rates import person_year_rate
from truceline.errors import ScenarioError
from truceline.scenario.catalogue import load_catalogue

ASSUMPTIONS = load_catalogue()


def test_a_camera_kilometre_is_paid_over_its_life_and_run() -> None:
    camera = price_camera_km(ASSUMPTIONS, price_year=2021)
    assert camera.value == pytest.approx(130_000 / 8 + 130_000 * 0.12)
    assert camera.low == pytest.approx(130_000 / 12 + 130_000 * 0.05)
    assert camera.high == pytest.approx(130_000 / 5 + 130_000 * 0.25)


def test_the_exchange_stands_on_every_basis_side_by_side() -> None:
    found = {one.basis: one for one in exchange_rates("un-line", ASSUMPTIONS)}
    assert set(found) == {"full", "reimbursement"}
    for basis, one in found.items():
        rate = person_year_rate("un-line", basis)
        assert one.soldiers_per_km.value == pytest.approx(one.camera_km_year.value / rate.value)
        assert one.soldiers_per_km.low == pytest.approx((one.camera_km_year.low or 0) / (rate.high or 1))
        assert one.soldiers_per_km.high == pytest.approx((one.camera_km_year.high or 0) / (rate.low or 1))


def test_the_dearer_the_soldier_the_fewer_a_camera_costs() -> None:
    plain = exchange_rates("reassurance", ASSUMPTIONS)
    assert {one.basis for one in plain} == {"full", "incremental"}
    full, extra = (next(one for one in plain if one.basis == b) for b in ("full", "incremental"))
    assert full.soldiers_per_km.value > extra.soldiers_per_km.value


def test_a_frontier_in_money_names_what_nothing_beats() -> None:
    points = [
        PostureCount(people=1000, posts=0, masts=0, orbits=0, coverage=0.4),
        PostureCount(people=1000, posts=0, masts=100, orbits=0, coverage=0.7),
        PostureCount(people=3000, posts=0, masts=0, orbits=0, coverage=0.6),
        PostureCount(people=3000, posts=50, masts=0, orbits=2, coverage=0.9),
    ]
    found = price_frontier(points, ASSUMPTIONS)
    assert [one.is_cheapest for one in found] == [True, True, False, True]
    rate = person_year_rate("un-line", "full").value
    assert found[0].per_year.value == pytest.approx(1000 * rate)
    mast = 2 * 130_000 * 128.75 / 107.78
    assert found[1].per_year.value == pytest.approx(1000 * rate + 100 * mast * (1 / 8 + 0.12))
    assert all((one.per_year.low or 0) < one.per_year.value < (one.per_year.high or 0) for one in found)


def test_a_frontier_has_no_price_on_reimbursement_and_none_below_zero() -> None:
    points = [PostureCount(-1, 0, 0, 0, 0.1)]
    with pytest.raises(ScenarioError) as caught:
        price_frontier(points, ASSUMPTIONS, basis="reimbursement")
    assert len(caught.value.problems) == 2
