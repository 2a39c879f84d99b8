"""Intelligence above the planned watch: nothing added is the plan itself, more never lowers an outcome."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from truceline.detection.coverage import DetectionTable, detection_table
from truceline.detection.kinds import KIND_INDEX, KINDS, STATE_INDEX
from truceline.detection.means import area_means, attribution_of
from truceline.detection.measures import Fused, fuse
from truceline.detection.moving import p_event_area
from truceline.detection.parameters import DetectionParameters
from truceline.errors import ScenarioError
from truceline.generation.model import WatchOutcomes
from truceline.plan import Plan
from truceline.plan.candidates import attributes_of
from truceline.plan.crossings import CROSSERS, find_crossings
from truceline.plan.ground import Ground
from truceline.plan.isr_means import (
    AIR,
    AIR_ASSUMPTIONS,
    ISR_TASKS,
    OPTICAL_SENSOR,
    ORBIT_SENSOR,
    RADAR_SENSOR,
    SEA,
    SPACE,
    SPACE_ASSUMPTIONS,
    Overhead,
    fuse_overhead,
    look_from_above,
)
from truceline.plan.isr_watch import find_outcomes, man_watch
from truceline.plan.parameters import detection_parameters
from truceline.plan.watch import Watch

HELD = {SPACE: 3.0, AIR: 2.0}
NEEDED = {SPACE: 30.0, AIR: 12.0, SEA: 4.0}
Sized = Mapping[str, float]


@pytest.fixture(scope="module")
def ground(small_plan: Plan) -> Ground:
    assert small_plan.ground is not None
    return small_plan.ground


@pytest.fixture(scope="module")
def watch(small_plan: Plan) -> Watch:
    assert small_plan.chosen.watch is not None
    return small_plan.chosen.watch


@pytest.fixture(scope="module")
def parameters(small_plan: Plan) -> DetectionParameters:
    return detection_parameters(small_plan.assumptions)


def outcomes_of(plan: Plan, held: Sized, needed: Sized, **options: object) -> WatchOutcomes:
    watch, ground = plan.chosen.watch, plan.ground
    assert watch is not None
    assert ground is not None
    return find_outcomes(
        watch,
        ground,
        plan.scenario.watched,
        plan.sensors,
        plan.assumptions,
        detection_parameters(plan.assumptions),
        held=held,
        needed=needed,
        **options,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def outcomes(small_plan: Plan) -> WatchOutcomes:
    return outcomes_of(small_plan, HELD, NEEDED)


def overhead_of(plan: Plan, units: Sized) -> Overhead:
    assert plan.ground is not None
    parameters = detection_parameters(plan.assumptions)
    area = plan.ground.sector_area_m2
    return look_from_above(units, area, plan.sensors, plan.assumptions, parameters, CROSSERS)


def test_with_nothing_added_full_strength_is_the_plan_bit_by_bit(small_plan: Plan) -> None:
    found = outcomes_of(small_plan, {}, NEEDED)
    headlines = small_plan.chosen.headlines
    assert found.detect[-1, 0] == headlines["watch.detect"].value
    assert found.verify[-1, 0] == headlines["watch.verify"].value
    assert found.weakest[-1, 0] == headlines["crossing.weakest"].value


def test_the_arrays_have_a_row_for_each_strength_and_a_column_for_each_combination(
    outcomes: WatchOutcomes,
) -> None:
    assert outcomes.tasks == ISR_TASKS
    assert outcomes.strength.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    for values in (outcomes.detect, outcomes.verify, outcomes.weakest):
        assert values.shape == (5, 8)
        assert ((values >= 0) & (values <= 1)).all()
    assert (outcomes.verify <= outcomes.detect).all()


def test_more_people_and_more_intelligence_never_lower_an_outcome(outcomes: WatchOutcomes) -> None:
    for values in (outcomes.detect, outcomes.verify, outcomes.weakest):
        assert (np.diff(values, axis=0) >= -1e-12).all()
        for bit in range(3):
            for mask in range(8):
                assert (values[:, mask | 1 << bit] >= values[:, mask] - 1e-12).all()


def test_each_task_that_sees_raises_what_is_seen(outcomes: WatchOutcomes) -> None:
    for task in (SPACE, AIR):
        bit = 1 << outcomes.tasks.index(task)
        assert (outcomes.detect[:, bit] > outcomes.detect[:, 0]).all()
        assert (outcomes.verify[:, bit] > outcomes.verify[:, 0]).all()


def test_maritime_patrol_changes_nothing_and_the_note_says_so(outcomes: WatchOutcomes) -> None:
    bit = 1 << outcomes.tasks.index(SEA)
    for values in (outcomes.detect, outcomes.verify, outcomes.weakest):
        for mask in range(bit):
            assert (values[:, mask | bit] == values[:, mask]).all()
    assert "Maritime patrol changes nothing" in outcomes.note


def test_the_same_question_gives_the_same_bytes(small_plan: Plan, outcomes: WatchOutcomes) -> None:
    again = outcomes_of(small_plan, HELD, NEEDED)
    for name in ("strength", "detect", "verify", "weakest"):
        assert getattr(again, name).tobytes() == getattr(outcomes, name).tobytes()
    assert again.note == outcomes.note


def test_what_is_needed_does_not_take_from_what_is_held(small_plan: Plan) -> None:
    found = outcomes_of(small_plan, NEEDED, HELD, strengths=(1.0,))
    for values in (found.detect, found.verify, found.weakest):
        assert (values == values[:, :1]).all()


def test_the_weakest_crossing_of_fewer_people_is_that_of_the_watch_with_those_copies(
    small_plan: Plan, ground: Ground, watch: Watch, parameters: DetectionParameters
) -> None:
    found = outcomes_of(small_plan, {}, {}, strengths=(0.5, 1.0))
    crossings = find_crossings(
        watch.candidates,
        man_watch(watch, 0.5),
        ground,
        small_plan.sensors,
        small_plan.assumptions,
        parameters,
        with_changes=False,
    )
    weakest = crossings.weakest("knows the posts")
    assert weakest is not None
    assert found.weakest[0, 0] == pytest.approx(weakest.p_least, rel=1e-9)


def test_the_watch_in_place_grows_with_its_people(watch: Watch) -> None:
    cost = watch.candidates.cost
    assert man_watch(watch, 0.0).sum() == 0
    assert np.array_equal(man_watch(watch, 1.0), watch.copies)
    before = man_watch(watch, 0.0)
    for share in np.linspace(0.05, 0.95, 19):
        copies = man_watch(watch, float(share))
        assert (copies >= before).all()
        people = float(cost @ copies)
        assert people <= share * watch.spent_people * (1 + 1e-6)
        assert people > share * watch.spent_people - cost.max()
        before = copies


def test_an_empty_line_sees_only_from_above(small_plan: Plan, outcomes: WatchOutcomes) -> None:
    bare = outcomes_of(small_plan, {}, {})
    assert bare.detect[0].tolist() == [0.0] * 8
    assert bare.weakest[0].tolist() == [0.0] * 8
    assert (outcomes.detect[0] > 0).all()


def test_where_nobody_can_pass_there_is_no_weakest_crossing(
    small_plan: Plan, ground: Ground, watch: Watch, parameters: DetectionParameters
) -> None:
    walled = tuple(replace(belt, entry=np.zeros_like(belt.entry)) for belt in ground.belts)
    found = find_outcomes(
        watch,
        replace(ground, belts=walled),
        small_plan.scenario.watched,
        small_plan.sensors,
        small_plan.assumptions,
        parameters,
        held=HELD,
        needed=NEEDED,
        strengths=(1.0,),
    )
    assert np.isnan(found.weakest).all()
    assert (found.detect > 0).all()


# What intelligence adds is checked against the doors that the plan's own means go through.


def test_orbits_add_what_area_means_add(
    small_plan: Plan, ground: Ground, watch: Watch, parameters: DetectionParameters
) -> None:
    """Some three orbits over every sector, through `look_from_above` and through the table."""
    aircraft = 3.5 * len(ground.sectors) * 4 / small_plan.assumptions.value("isr.air.line_share")
    overhead = overhead_of(small_plan, {AIR: aircraft})
    share = ground.sector_area_m2 / ground.sector_area_m2.sum()
    hours = [24.0 * (overhead.orbits * s - np.floor(overhead.orbits * s)) for s in share]
    whole = [int(np.floor(overhead.orbits * s)) for s in share]
    n = len(share)
    means = area_means([ORBIT_SENSOR] * 2 * n, [*range(n), *range(n)], [*[24.0] * n, *hours])
    cells = ground.cells
    added = detection_table(
        means,
        cells.x_m,
        cells.y_m,
        ground.sight,
        small_plan.sensors,
        parameters,
        cell_sector=cells.sector,
        sector_area_m2=ground.sector_area_m2,
        cell_m=cells.cell_m,
        p_min=0.0,
    )
    expected = _fuse_joined(
        watch, small_plan, added, [*whole, *[1] * n], attribution_of(means, small_plan.sensors)
    )
    _assert_fused_alike(fuse_overhead(watch.fused, overhead, cells.sector), expected)


def test_satellites_add_what_the_revisit_law_adds(
    small_plan: Plan, ground: Ground, watch: Watch, parameters: DetectionParameters
) -> None:
    assumptions = small_plan.assumptions
    overhead = overhead_of(small_plan, {SPACE: 400.0})
    looks = 400.0 * assumptions.value("generation.looks_per_satellite")
    radar = assumptions.value("isr.space.radar_share")
    sensors = dict(small_plan.sensors)
    for sensor, share in ((OPTICAL_SENSOR, 1 - radar), (RADAR_SENSOR, radar)):
        sensors[sensor] = replace(sensors[sensor], revisit_h=24 / (looks * share), tasked=False)
    n = len(ground.sectors)
    names, sectors = [OPTICAL_SENSOR] * n + [RADAR_SENSOR] * n, [*range(n), *range(n)]
    means = area_means(names, sectors, 24.0)
    cells = ground.cells
    added = detection_table(
        means,
        cells.x_m,
        cells.y_m,
        ground.sight,
        sensors,
        parameters,
        cell_sector=cells.sector,
        sector_area_m2=ground.sector_area_m2,
        cell_m=cells.cell_m,
        p_min=0.0,
    )
    expected = _fuse_joined(watch, small_plan, added, [1] * means.n, attribution_of(means, sensors))
    _assert_fused_alike(fuse_overhead(watch.fused, overhead, cells.sector), expected)


def _fuse_joined(
    watch: Watch, plan: Plan, added: DetectionTable, copies: list[int], attributes: NDArray[np.bool_]
) -> Fused:
    """Return the plan's rows and the rows added, fused by the law of the plan."""
    own = watch.table
    joined = DetectionTable(
        np.concatenate([own.indptr, own.indptr[-1] + added.indptr[1:]]),
        np.concatenate([own.indices, added.indices]),
        np.concatenate([own.log_miss, added.log_miss]),
        own.n_events,
    )
    chosen = watch.chosen
    flags = np.concatenate([attributes_of(watch.candidates, plan.sensors)[chosen], attributes])
    return fuse(joined, np.concatenate([watch.copies[chosen], copies]), flags)


def _assert_fused_alike(found: Fused, expected: Fused) -> None:
    assert (expected.p_detect > 0).any()
    for name in ("p_detect", "p_verify", "p_attribute"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-6)


def test_adding_nothing_changes_no_bit(small_plan: Plan, ground: Ground, watch: Watch) -> None:
    found = fuse_overhead(watch.fused, overhead_of(small_plan, {}), ground.cells.sector)
    for name in ("p_detect", "p_verify", "p_attribute"):
        assert getattr(found, name).tobytes() == getattr(watch.fused, name).tobytes()


def test_cells_of_no_sector_gain_nothing(small_plan: Plan, ground: Ground, watch: Watch) -> None:
    nowhere = np.full(len(ground.cells), -1)
    found = fuse_overhead(watch.fused, overhead_of(small_plan, NEEDED), nowhere)
    assert np.array_equal(found.p_detect, watch.fused.p_detect)


def test_optical_satellites_are_blind_by_night_and_in_bad_weather_and_radar_is_not(small_plan: Plan) -> None:
    found = overhead_of(small_plan, {SPACE: 40.0})
    vehicle, day = KIND_INDEX["vehicle"], STATE_INDEX["day"]
    for state in ("night", "bad"):
        at = STATE_INDEX[state]
        assert (found.miss_attributing[:, :, at] == 1).all()
        assert (found.miss_plain[:, vehicle, at] < 1).all()
        assert (found.rate_per_s[1, at] < found.rate_per_s[1, day]).all()
    assert (found.miss_attributing[:, vehicle, day] < 1).all()


def test_satellites_see_no_person_and_aircraft_none_in_bad_weather(small_plan: Plan) -> None:
    person = CROSSERS.index("person")
    assert not overhead_of(small_plan, {SPACE: 40.0}).rate_per_s[person].any()
    aircraft = overhead_of(small_plan, {AIR: 40.0}).rate_per_s[person]
    assert (aircraft[STATE_INDEX["day"]] > 0).all()
    assert not aircraft[STATE_INDEX["bad"]].any()


def test_looks_and_orbits_are_counted_as_written(small_plan: Plan) -> None:
    value = small_plan.assumptions.value
    found = overhead_of(small_plan, {SPACE: 10.0, AIR: 8.0})
    assert found.looks_per_day == pytest.approx(10 * value("generation.looks_per_satellite"))
    orbits = 8 / value("generation.aircraft_per_orbit") * value("isr.air.line_share")
    assert found.orbits == pytest.approx(orbits)


def test_what_is_needed_by_the_rule_of_requirements_gives_the_looks_it_asks_for(small_plan: Plan) -> None:
    """Need and effect are two ends of one rule: usable looks a day at every place of the zone."""
    value = small_plan.assumptions.value
    wanted = value("generation.looks_wanted")
    units = wanted / (value("generation.looks_per_satellite") * value("generation.usable_look_share"))
    radar = value("isr.space.radar_share")
    usable = (1 - radar) * small_plan.sensors[OPTICAL_SENSOR].availability_share
    usable += radar * small_plan.sensors[RADAR_SENSOR].availability_share
    assert overhead_of(small_plan, {SPACE: units}).looks_per_day * usable == pytest.approx(wanted, rel=0.01)


def test_half_an_orbit_is_half_the_hours(
    small_plan: Plan, ground: Ground, parameters: DetectionParameters
) -> None:
    line_share = small_plan.assumptions.value("isr.air.line_share")
    per_orbit = small_plan.assumptions.value("generation.aircraft_per_orbit")
    found = overhead_of(small_plan, {AIR: 0.5 * per_orbit / line_share})
    assert found.orbits == pytest.approx(0.5)
    area = ground.sector_area_m2
    hours = 24 * 0.5 * area[0] / area.sum()
    for kind in KINDS:
        p = p_event_area(
            small_plan.sensors[ORBIT_SENSOR], kind, "day", area[0], parameters, hours_per_day=float(hours)
        )
        assert found.miss_attributing[0, KIND_INDEX[kind], 0] == pytest.approx(1 - float(p))


UNITS = st.floats(0, 200, allow_nan=False)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(space=UNITS, air=UNITS, more_space=UNITS, more_air=UNITS)
def test_more_units_never_see_less(
    small_plan: Plan, space: float, air: float, more_space: float, more_air: float
) -> None:
    assert small_plan.ground is not None
    assert small_plan.chosen.watch is not None
    few = overhead_of(small_plan, {SPACE: space, AIR: air})
    many = overhead_of(small_plan, {SPACE: space + more_space, AIR: air + more_air})
    assert (many.rate_per_s >= few.rate_per_s * (1 - 1e-12)).all()
    fused, sector = small_plan.chosen.watch.fused, small_plan.ground.cells.sector
    less, more = fuse_overhead(fused, few, sector), fuse_overhead(fused, many, sector)
    for name in ("p_detect", "p_verify", "p_attribute"):
        assert (getattr(more, name) >= getattr(less, name) - 1e-12).all()
        assert (getattr(more, name) <= 1 + 1e-12).all()
    assert (more.p_verify <= more.p_detect + 1e-9).all()


def test_progress_ends_at_one_and_may_be_interrupted(small_plan: Plan) -> None:
    told: list[tuple[str, float]] = []
    outcomes_of(
        small_plan, {}, {}, strengths=(1.0,), progress=lambda stage, share: told.append((stage, share))
    )
    shares = [share for _, share in told]
    assert {stage for stage, _ in told} == {"intelligence"}
    assert shares == sorted(shares)
    assert shares[-1] == 1.0

    def stop(stage: str, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outcomes_of(small_plan, {}, {}, progress=stop)


def test_everything_that_cannot_be_is_told_at_once(small_plan: Plan) -> None:
    with pytest.raises(ScenarioError) as caught:
        outcomes_of(small_plan, {AIR: -1.0}, {"isr-moon": 2.0, SPACE: math.nan}, strengths=(0.5, 0.2))
    places = [problem.where for problem in caught.value.problems]
    assert places == ["held.isr-air", "needed.isr-moon", "needed.isr-space", "strengths"]


@pytest.mark.parametrize("strengths", [(), (0.5,), (-0.1, 1.0), (0.0, 0.0, 1.0)])
def test_strengths_rise_to_one(small_plan: Plan, strengths: tuple[float, ...]) -> None:
    with pytest.raises(ScenarioError, match="strengths"):
        outcomes_of(small_plan, {}, {}, strengths=strengths)


def test_a_table_of_means_without_the_rows_is_refused(small_plan: Plan, ground: Ground) -> None:
    sensors = {name: row for name, row in small_plan.sensors.items() if name != ORBIT_SENSOR}
    parameters = detection_parameters(small_plan.assumptions)
    with pytest.raises(ScenarioError, match=ORBIT_SENSOR):
        look_from_above({}, ground.sector_area_m2, sensors, small_plan.assumptions, parameters, CROSSERS)


@pytest.mark.parametrize("name", [*SPACE_ASSUMPTIONS, *AIR_ASSUMPTIONS])
def test_every_assumption_named_is_in_the_catalogue_with_a_range(small_plan: Plan, name: str) -> None:
    record = small_plan.assumptions[name]
    assert record.has_range
    assert record.source is not None
