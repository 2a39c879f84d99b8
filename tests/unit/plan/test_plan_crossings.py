"""The weakest crossings of a plan: three intruders in order, open line, the worst loss, one more."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from truceline.detection.kinds import STATES
from truceline.plan import Plan
from truceline.plan.crossings import (
    CLEAR_STATES,
    CROSSERS,
    INTRUDERS,
    Crossings,
    crossing_speed,
    find_crossings,
    slowness_of,
)
from truceline.plan.ground import Ground
from truceline.plan.parameters import detection_parameters
from truceline.plan.watch import Watch
from truceline.plan.weak_points import free_candidates

KNOWS, WAITS = INTRUDERS
IntArray = NDArray[np.int64]


@pytest.fixture(scope="module")
def ground(small_plan: Plan) -> Ground:
    assert small_plan.ground is not None
    return small_plan.ground


@pytest.fixture(scope="module", params=["observers", "technical"])
def crossings(request: pytest.FixtureRequest, small_plan: Plan) -> Crossings:
    found = small_plan.postures[request.param].crossings
    assert found is not None
    return found


def test_every_sector_kind_state_and_intruder_has_an_answer(crossings: Crossings, ground: Ground) -> None:
    asked = {(one.sector, one.kind, one.state, one.intruder) for one in crossings.weak}
    assert len(asked) == len(crossings.weak)
    assert len(asked) == len(ground.sectors) * len(CROSSERS) * len(STATES) * len(INTRUDERS)


def test_chances_are_chances_and_the_least_is_no_more_than_the_average(crossings: Crossings) -> None:
    for one in crossings.weak:
        assert one.passable
        assert 0 <= one.p_least <= one.p_average <= 1


def test_who_waits_is_never_noticed_more_than_who_knows_the_posts(crossings: Crossings) -> None:
    by_case = {(one.sector, one.kind, one.state, one.intruder): one.p_least for one in crossings.weak}
    for (sector, kind, state, intruder), p_least in by_case.items():
        if intruder == WAITS:
            assert p_least <= by_case[sector, kind, state, KNOWS] + 1e-12
    for state in STATES:
        assert crossings.open_share(WAITS, state=state) >= crossings.open_share(KNOWS, state=state)


def test_a_path_runs_from_side_a_to_side_b(crossings: Crossings, ground: Ground) -> None:
    for one in crossings.weak:
        offset_m = ground.line.locate(one.path_xy_m).offset_m
        cell_m = ground.belts[one.sector].cell_m
        assert offset_m[0] > 4000 - 2 * cell_m
        assert offset_m[-1] < -4000 + 2 * cell_m
        assert one.length_m >= 2 * (4000 - 2 * cell_m)
        assert -20_000 < one.chainage_m < ground.line.length_m + 20_000


def test_the_worst_loss_only_weakens(crossings: Crossings, ground: Ground) -> None:
    assert crossings.worst_loss.keys() == {sector.index for sector in ground.sectors}
    for sector, loss in crossings.worst_loss.items():
        weakest = crossings.weakest_in_clear_weather(sector)
        assert weakest is not None
        assert weakest.state in ("day", "night")
        assert loss.p_before == pytest.approx(weakest.p_least, rel=1e-9)
        assert 0 <= loss.p_without <= loss.p_before
        assert (loss.p_without < loss.p_before) == (loss.candidate >= 0)
        assert loss.state in CLEAR_STATES


def test_the_loss_named_is_a_means_that_stands(small_plan: Plan) -> None:
    for one in small_plan.postures.values():
        assert one.crossings is not None
        assert one.watch is not None
        for loss in one.crossings.worst_loss.values():
            if loss.candidate < 0:
                continue
            assert one.watch.copies[loss.candidate] > 0
            assert one.watch.candidates.labels()[loss.candidate] == loss.label


def without(watch: Watch, candidate: int) -> IntArray:
    copies = watch.copies.copy()
    copies[candidate] = 0
    return copies


def with_one_more(watch: Watch, candidate: int) -> IntArray:
    copies = watch.copies.copy()
    copies[candidate] += 1
    return copies


def clear_weather_p(plan: Plan, watch: Watch, copies: IntArray, sector: int) -> float:
    """Return the chance at a sector's weakest crossing in clear weather when everything is computed anew."""
    assert plan.ground is not None
    alone = replace(plan.ground, belts=(plan.ground.belts[sector],))
    found = find_crossings(
        watch.candidates,
        copies,
        alone,
        plan.sensors,
        plan.assumptions,
        detection_parameters(plan.assumptions),
        with_changes=False,
    )
    weakest = found.weakest_in_clear_weather(sector)
    assert weakest is not None
    return weakest.p_least


def test_the_worst_loss_is_what_planning_without_it_finds(small_plan: Plan) -> None:
    watch, crossings = small_plan.chosen.watch, small_plan.chosen.crossings
    assert watch is not None
    assert crossings is not None
    loss = crossings.worst_loss_anywhere
    assert loss is not None
    assert loss.drop == max(one.drop for one in crossings.worst_loss.values())
    sector = next(key for key, one in crossings.worst_loss.items() if one is loss)
    left = clear_weather_p(small_plan, watch, without(watch, loss.candidate), sector)
    assert loss.p_without == pytest.approx(left, rel=1e-6)
    fixed = watch.chosen[np.isfinite(watch.candidates.x_m[watch.chosen])]
    for candidate in fixed[:: max(1, len(fixed) // 6)]:
        other = clear_weather_p(small_plan, watch, without(watch, int(candidate)), sector)
        assert other >= loss.p_without * (1 - 1e-6)


def test_one_more_is_what_planning_with_it_finds_and_no_other_does_better(small_plan: Plan) -> None:
    watch, crossings = small_plan.chosen.watch, small_plan.chosen.crossings
    assert watch is not None
    assert crossings is not None
    sector, more = max(crossings.one_more.items(), key=lambda item: item[1].p_with - item[1].p_before)
    assert more.candidate >= 0
    assert more.p_with > more.p_before == crossings.worst_loss[sector].p_before
    assert more.people == watch.candidates.cost[more.candidate]
    assert more.label == watch.candidates.labels()[more.candidate]
    assert 1 <= more.n_solved < more.n_candidates
    found = clear_weather_p(small_plan, watch, with_one_more(watch, more.candidate), sector)
    assert more.p_with == pytest.approx(found, rel=1e-6)
    free = free_candidates(watch.candidates, watch.copies)
    near = free[
        np.argsort(np.abs(watch.candidates.chainage_m[free] - watch.candidates.chainage_m[more.candidate]))
    ]
    for candidate in near[1:12:2]:
        other = clear_weather_p(small_plan, watch, with_one_more(watch, int(candidate)), sector)
        assert other <= more.p_with * (1 + 1e-6)


def test_free_candidates_keep_the_limits_of_their_means(small_plan: Plan) -> None:
    for one in small_plan.postures.values():
        watch = one.watch
        assert watch is not None
        candidates = watch.candidates
        free = free_candidates(candidates, watch.copies)
        assert np.isfinite(candidates.x_m[free]).all()
        assert (watch.copies[free] < candidates.copies_max[free]).all()
        for candidate in free[:: max(1, len(free) // 20)]:
            taken = np.bincount(candidates.group, with_one_more(watch, int(candidate)))
            assert (taken <= candidates.group_limit).all()
    full = replace(candidates, group_limit=np.bincount(candidates.group, watch.copies).astype(np.int64))
    assert free_candidates(full, watch.copies).size == 0


def test_the_weakest_is_the_least_of_those_asked_for(crossings: Crossings) -> None:
    least = min(one.p_least for one in crossings.weak if one.intruder == KNOWS)
    weakest = crossings.weakest(KNOWS)
    assert weakest is not None
    assert weakest.p_least == least
    by_night = crossings.weakest(KNOWS, state="night", kind="person", sector=1)
    assert by_night is not None
    assert (by_night.sector, by_night.kind, by_night.state) == (1, "person", "night")


def test_the_profile_never_lies_below_the_weakest_crossing(crossings: Crossings) -> None:
    for intruder in INTRUDERS:
        weakest = crossings.weakest(intruder)
        assert weakest is not None
        least = np.nanmin(crossings.profiles[intruder].p_least)
        # Two fields meet on the line, one goes all the way: they differ by the error of the scheme.
        assert least >= weakest.p_least * 0.98 - 1e-9


def test_open_share_counts_the_worst_of_kinds_and_states(crossings: Crossings) -> None:
    whole = crossings.open_share(KNOWS)
    assert whole >= max(crossings.open_share(KNOWS, state=state) for state in STATES)
    assert whole >= max(crossings.open_share(KNOWS, kind=kind) for kind in CROSSERS)
    assert replace(crossings, open_threshold_p=0.0).open_share(KNOWS) == 0
    assert replace(crossings, open_threshold_p=1.1).open_share(KNOWS) == 1


def test_the_average_is_over_the_sectors(crossings: Crossings) -> None:
    some = [
        one.p_average
        for one in crossings.weak
        if (one.intruder, one.state, one.kind) == (KNOWS, "day", "person")
    ]
    assert crossings.p_average(state="day", kind="person") == pytest.approx(sum(some) / len(some))
    assert math.isnan(replace(crossings, weak=()).p_average(state="day", kind="person"))


def test_without_watchers_everything_is_open(small_plan: Plan, ground: Ground) -> None:
    watch = small_plan.chosen.watch
    assert watch is not None
    nobody = find_crossings(
        watch.candidates,
        np.zeros_like(watch.copies),
        ground,
        small_plan.sensors,
        small_plan.assumptions,
        detection_parameters(small_plan.assumptions),
    )
    assert all(one.p_least == 0 for one in nobody.weak)
    assert all(one.open_width_m > 0 for one in nobody.weak)
    assert nobody.open_share(KNOWS) == 1
    assert {loss.candidate for loss in nobody.worst_loss.values()} == {-1}


def test_a_gap_weakens_the_line_where_it_is_and_not_the_rest(small_plan: Plan, ground: Ground) -> None:
    watch = small_plan.chosen.watch
    assert watch is not None
    line_m = ground.line.length_m
    gone = watch.candidates.chainage_m < line_m / 2  # false for patrols, which have no place
    half_watched = find_crossings(
        watch.candidates,
        np.where(gone, 0, watch.copies),
        ground,
        small_plan.sensors,
        small_plan.assumptions,
        detection_parameters(small_plan.assumptions),
    )
    before = small_plan.chosen.crossings
    assert before is not None
    profile = half_watched.profiles[WAITS]
    day = profile.p_least[CROSSERS.index("person"), STATES.index("day")]
    day_before = before.profiles[WAITS].p_least[CROSSERS.index("person"), STATES.index("day")]
    west, east = profile.start_m < line_m / 4, profile.start_m > 0.85 * line_m
    assert (day[west] < 1e-6).all()
    np.testing.assert_allclose(day[east], day_before[east])
    assert day[east].min() > 0.1


def test_vehicles_do_not_cross_water_and_people_cross_it_at_its_own_speed(
    small_plan: Plan, ground: Ground
) -> None:
    belt = ground.belts[0]
    wet = replace(belt, is_water=np.ones_like(belt.is_water))
    assumptions = small_plan.assumptions
    assert (crossing_speed(wet, "vehicle", assumptions) == 0).all()
    person = crossing_speed(wet, "person", assumptions)
    assert (person == assumptions.value("crossing.water_speed")).all()
    dry = replace(belt, is_water=np.zeros_like(belt.is_water))
    walking = assumptions.value("detection.speed.person")
    assert (crossing_speed(dry, "person", assumptions) == walking).all()
    rate = np.zeros(belt.n_inside)
    slowness = slowness_of(wet, rate, crossing_speed(wet, "vehicle", assumptions))
    assert np.isinf(slowness).all()


def test_water_that_vehicles_cannot_cross_is_blocked_not_open(small_plan: Plan, ground: Ground) -> None:
    watch = small_plan.chosen.watch
    assert watch is not None
    flooded = replace(
        ground, belts=tuple(replace(belt, is_water=np.ones_like(belt.is_water)) for belt in ground.belts)
    )
    found = find_crossings(
        watch.candidates,
        watch.copies,
        flooded,
        small_plan.sensors,
        small_plan.assumptions,
        detection_parameters(small_plan.assumptions),
    )
    assert found.weakest(KNOWS, kind="vehicle") is None
    assert math.isnan(found.p_average(state="day", kind="vehicle"))
    assert all(math.isnan(one.p_least) for one in found.weak if one.kind == "vehicle")
    assert found.open_share(KNOWS, kind="vehicle") == 0
    weakest = found.weakest(KNOWS)
    assert weakest is not None
    assert weakest.kind == "person"
