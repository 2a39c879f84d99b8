"""The flow over time: the fast allocation, its slow twin, the exact program, and what held people."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from movement_inputs import draw_movements, small_network

from truceline.deployment._flow_arrays import lay_out
from truceline.deployment._flow_reference import move_slowly
from truceline.deployment.flow import Loss, days_until, move, run_forward, weigh
from truceline.deployment.loads import read_loads
from truceline.deployment.model import LOAD_CLASSES, Flow, Movement
from truceline.deployment.network import read_network
from truceline.errors import ScenarioError
from truceline.scenario.catalogue import load_catalogue

ASSUMPTIONS = load_catalogue()
NETWORK = read_network()
RATIO = ASSUMPTIONS.value("deployment.priority_weight")


def movements() -> st.SearchStrategy[list[Movement]]:
    one = st.builds(
        Movement,
        nation=st.sampled_from(["GBR", "FRA", "NOR", "TUR", "AUS"]),
        capability=st.just("observation"),
        people=st.floats(0, 20_000),
        load_class=st.sampled_from(LOAD_CLASSES),
        ready_day=st.floats(0, 40),
        release_days=st.floats(0, 30),
        priority=st.integers(1, 3),
    )
    return st.lists(one, max_size=6)


def check_flow(flow: Flow) -> None:
    """Check what holds for every movement, however it was found."""
    released = np.array(
        [
            one.people
            * np.clip((np.arange(flow.days + 1) - one.ready_day) / max(one.release_days, 1.0), 0, 1)
            for one in flow.movements
        ]
    ).reshape(len(flow.movements), flow.days + 1)
    assert np.all(flow.arrived <= released + 1e-4)
    assert np.all(flow.in_place <= flow.arrived + 1e-4)
    assert np.all(np.diff(flow.in_place, axis=1) >= -1e-6)
    assert np.all(flow.used <= flow.capacity * (1 + 1e-6) + 1e-6)


@settings(max_examples=25, deadline=None)
@given(movements(), st.booleans(), st.integers(0, 4))
def test_the_compiled_allocation_does_what_its_twin_does(
    moving: list[Movement], supplied: bool, staging: int
) -> None:
    loads = read_loads(NETWORK, ASSUMPTIONS, supplied=supplied)
    losses = (Loss("gauge-poland", 10, 30), Loss("road-north", 5, 50, 0.25))
    arrays = lay_out(moving, NETWORK, loads, 60, staging, losses)
    arrived, placed, *_ = run_forward(arrays)
    slow_arrived, slow_placed = move_slowly(arrays)
    assert arrived == pytest.approx(slow_arrived, abs=1e-6)
    assert placed == pytest.approx(slow_placed, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(movements())
def test_no_allocation_beats_the_exact_one_and_the_fast_one_is_near(moving: list[Movement]) -> None:
    fast = move(moving, NETWORK, ASSUMPTIONS, days=90, method="forward")
    exact = move(moving, NETWORK, ASSUMPTIONS, days=90, method="exact")
    check_flow(fast)
    check_flow(exact)
    best, ours = weigh(exact, RATIO), weigh(fast, RATIO)
    assert ours <= best + 1e-4 * max(best, 1.0)
    assert ours >= 0.8 * best


@pytest.mark.parametrize(("total", "least"), [(15_000, 0.995), (100_000, 0.97)])
def test_how_far_the_fast_allocation_is_from_the_exact_one(total: float, least: float) -> None:
    moving = draw_movements(1, total, n_capabilities=6)
    fast = move(moving, NETWORK, ASSUMPTIONS, days=250, method="forward")
    exact = move(moving, NETWORK, ASSUMPTIONS, days=250, method="exact")
    check_flow(exact)
    assert least * weigh(exact, RATIO) <= weigh(fast, RATIO) <= weigh(exact, RATIO) * (1 + 1e-6)


def test_a_shorter_first_look_does_not_change_the_exact_answer(tmp_path: Path) -> None:
    from truceline.deployment._flow_program import solve_exactly

    moving = [
        replace(one, nation="AAA")
        for one in draw_movements(2, 4000, 4, 4)
        if one.load_class in ("heavy", "light")
    ]
    network = small_network(tmp_path)
    arrays = lay_out(moving, network, read_loads(network, ASSUMPTIONS), 200, 5)
    whole = solve_exactly(arrays, RATIO)
    for look in (3, 60, 130):
        part = solve_exactly(arrays, RATIO, look)
        assert part.placed.cumsum(axis=1).sum() == pytest.approx(whole.placed.cumsum(axis=1).sum(), rel=1e-6)


def test_the_same_inputs_give_the_same_bytes() -> None:
    moving = draw_movements(3, 20_000, 8, 5)
    for method in ("forward", "exact"):
        first, again = (move(moving, NETWORK, ASSUMPTIONS, days=200, method=method) for _ in range(2))  # type: ignore[arg-type]
        assert first.in_place.tobytes() == again.in_place.tobytes()
        assert first.weeks == again.weeks


def test_the_weeks_name_approval_then_notice_then_the_node_then_nobody(tmp_path: Path) -> None:
    moving = [Movement("AAA", "manoeuvre", 5000, "heavy", ready_day=28, approved_day=14)]
    flow = move(moving, small_network(tmp_path), ASSUMPTIONS, days=200)
    reasons = [week.reason for week in flow.weeks]
    assert reasons[:2] == ["approval", "approval"]
    assert reasons[2:4] == ["notice", "notice"]
    assert "gauge" in reasons[5:]
    assert reasons[-1] == "nobody"
    bound = next(week for week in flow.weeks if week.reason == "gauge")
    assert bound.node == "gauge"
    assert sum(bound.by_reason.values()) == pytest.approx(1.0)


def test_a_lost_node_makes_the_force_later_and_is_named(tmp_path: Path) -> None:
    network = small_network(tmp_path)
    moving = [Movement("AAA", "manoeuvre", 3000, "heavy")]
    whole = move(moving, network, ASSUMPTIONS, days=120)
    lost = move(moving, network, ASSUMPTIONS, days=120, losses=[Loss("gauge", 8, 28)])
    assert days_until(lost.strength, 3000) == pytest.approx(days_until(whole.strength, 3000) + 21, abs=1)
    assert {week.node for week in lost.weeks[1:3]} == {"gauge"}


def test_supplies_for_those_there_take_room_from_those_who_come(tmp_path: Path) -> None:
    network = small_network(tmp_path)
    moving = [Movement("AAA", "manoeuvre", 20_000, "heavy")]
    with_supplies = move(moving, network, ASSUMPTIONS, days=100)
    without = move(moving, network, ASSUMPTIONS, days=100, supplied=False)
    assert with_supplies.strength[-1] < without.strength[-1]
    assert with_supplies.supplies_t[90] == pytest.approx(
        with_supplies.arrived[:, 89].sum() * read_loads(network, ASSUMPTIONS).supplies.value, rel=1e-6
    )


def test_nobody_to_move_is_a_flow_of_nobody() -> None:
    flow = move([], NETWORK, ASSUMPTIONS, days=30)
    assert flow.strength.tolist() == [0.0] * 31
    assert {week.reason for week in flow.weeks} == {"nobody"}
    assert days_until(flow.strength, 1) == np.inf


def test_mistakes_in_movements_are_gathered() -> None:
    moving = [
        Movement("GBR", "observation", -5, "light"),
        Movement("GBR", "reaction", 5, "light", ready_day=-3),
        Movement("GBR", "logistics", 5, "tank"),  # type: ignore[arg-type]
        Movement("GBR", "medical", 5, "light", origin="moon"),
        Movement("GBR", "medical", 5, "light", ready_day=float("nan")),
    ]
    losses = [Loss("moon", 1, 2), Loss("gauge-west", 9, 3), Loss("gauge-west", 1, 3, 2.0)]
    with pytest.raises(ScenarioError) as caught:
        move(moving, NETWORK, ASSUMPTIONS, days=0, losses=losses)
    for words in (
        "0 is not a horizon",
        "-5 is not a number of people",
        "ready_day -3 is before the ceasefire",
        "'tank' is not a load class",
        "'moon' is not a known origin",
        "ready_day nan is not a day",
        "'moon' is not a node with a capacity",
        "days 9 to 3 are not a time",
        "2 is not a share",
    ):
        assert words in str(caught.value)


def test_units_that_no_route_takes_are_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no route takes observers units with their cargo from afar"):
        move([Movement("AAA", "observation", 5, "observers")], small_network(tmp_path), ASSUMPTIONS)


def test_people_whose_journeys_are_shorter_are_bound_by_their_cargo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaving out the rows of people changes nothing: the program with both gives the same value."""
    moving = draw_movements(4, 60_000, 4, 4)
    short = move(moving, NETWORK, ASSUMPTIONS, days=150)
    monkeypatch.setattr("truceline.deployment._flow_program._bounded_sides", lambda _arrays, _kind: (0, 1))
    assert weigh(move(moving, NETWORK, ASSUMPTIONS, days=150), RATIO) == pytest.approx(
        weigh(short, RATIO), rel=1e-6
    )
