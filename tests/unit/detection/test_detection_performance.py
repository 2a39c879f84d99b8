"""What one means does at a distance, and what moving means do in a sector: meanings of R50, cuts, floors."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from detection_cases import DRONE, PATROL, VALUES, make_parameters, make_sensor
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.detection.kinds import INSTANTS, KINDS, MOVERS, STATES
from truceline.detection.moving import area_rate_per_s, effective_area_m2, p_event_area, presence_share
from truceline.detection.parameters import MovingUse
from truceline.detection.performance import (
    cut_off_m,
    look_once,
    look_rate_per_s,
    p_event,
    radar_reach_m,
    sight_height_m,
)
from truceline.detection.sensors import load_sensors
from truceline.errors import ScenarioError

SENSORS = load_sensors()
FIXED = [sensor for sensor in SENSORS.values() if not sensor.is_area]
AREA = [sensor for sensor in SENSORS.values() if sensor.is_area]
PARAMETERS = make_parameters()


@pytest.mark.parametrize("sensor", FIXED, ids=lambda sensor: sensor.sensor_id)
def test_one_look_at_half_range_succeeds_half_the_time(sensor) -> None:
    for kind in sensor.detects:
        half = sensor.half_range_m(kind, "day")
        definite = sensor.sight_law == "definite_range" and kind not in sensor.sound_kinds
        expected = PARAMETERS.p_definite_range if definite else 0.5
        assert float(look_once(sensor, kind, "day", half, PARAMETERS)) == pytest.approx(expected, abs=1e-9)


def test_inverse_cube_pass_at_half_range_is_noticed_half_the_time() -> None:
    sensor = make_sensor("eye", "inverse_cube")
    far = make_parameters(cut_off_ratio=1000.0, scan_period_s={"human_op": 1e-3})
    speed = far.crossing_speed_m_per_s["person"]
    along = np.linspace(-500_000, 500_000, 2_000_001)
    rate = look_rate_per_s(sensor, "person", "day", np.hypot(along, 1000.0), far)
    exposure = float(np.sum(rate) * (along[1] - along[0]) / speed)
    assert 1 - math.exp(-exposure) == pytest.approx(0.5, abs=1e-4)


def test_look_rate_is_capped_at_one_success_per_scan() -> None:
    sensor = SENSORS["op_human"]
    assert float(look_rate_per_s(sensor, "person", "day", 1.0, PARAMETERS)) == 1 / 300
    assert float(look_rate_per_s(sensor, "person", "day", 0.0, PARAMETERS)) == 1 / 300


def test_event_by_radar_by_hand() -> None:
    # at R50 half of the looks detect; 900 s in view, one independent look a minute: 1 - exp(-7.5)
    got = p_event(SENSORS["gsr_portable"], "person", "day", 9000.0, PARAMETERS, eye_height_m=30.0)
    assert float(got) == pytest.approx(-math.expm1(-7.5))


def test_definite_range_gives_its_probability_inside_and_nothing_outside() -> None:
    got = p_event(SENSORS["ugs_seismic"], "person", "day", [0.0, 29.9, 30.1, 40.0], PARAMETERS)
    assert got == pytest.approx([0.95, 0.95, 0, 0])


def test_radar_is_cut_at_its_horizon_and_blind_to_the_slow() -> None:
    radar = SENSORS["air_radar_medium"]
    reach = float(radar_reach_m(radar, "uav", PARAMETERS, 10.0))
    assert reach == pytest.approx(np.sqrt(2 * 4 / 3 * 6_371_000) * (np.sqrt(10) + np.sqrt(100)), rel=1e-4)
    inside, outside = p_event(radar, "aircraft", "day", [100_000.0, 110_000.0], PARAMETERS)
    assert inside > 0.9
    assert outside == 0.0
    slow = make_parameters(radar_speed_min_m_per_s=1.5)
    assert float(look_rate_per_s(SENSORS["gsr_portable"], "person", "day", 100.0, slow)) == 0.0
    assert float(look_rate_per_s(SENSORS["gsr_portable"], "vehicle", "day", 100.0, slow)) > 0.0


def test_what_has_to_be_in_sight() -> None:
    assert sight_height_m(SENSORS["op_human"], "person", PARAMETERS) == 1.7
    assert sight_height_m(SENSORS["op_human"], "mortar", PARAMETERS) is None  # heard
    assert sight_height_m(SENSORS["wlr_light"], "mortar", PARAMETERS) == 300.0  # the round in flight
    assert sight_height_m(SENSORS["camera_mast"], "mortar", PARAMETERS) == 2.0  # the flash on the ground


def test_haze_takes_from_a_camera_beyond_half_range_only() -> None:
    clear = make_parameters(visibility_m=(1e9, 1e9, 1e9))
    camera = SENSORS["camera_mast"]
    for r, same in ((2500.0, True), (5000.0, False)):
        hazy = float(look_once(camera, "artillery_impact", "day", r, PARAMETERS))
        assert (hazy == pytest.approx(float(look_once(camera, "artillery_impact", "day", r, clear)))) is same


def test_calls_that_mix_up_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="needs a mover"):
        look_rate_per_s(SENSORS["op_human"], "mortar", "day", 1.0, PARAMETERS)
    with pytest.raises(ValueError, match="moves"):
        p_event(SENSORS["patrol_foot"], "mortar", "day", 1.0, PARAMETERS)
    with pytest.raises(ValueError, match="area rate"):
        area_rate_per_s(SENSORS["op_human"], "person", "day", 1e6, PARAMETERS)
    with pytest.raises(ValueError, match="fixed means"):
        p_event_area(SENSORS["op_human"], "person", "day", 1e6, PARAMETERS)


def test_missing_scan_period_is_the_users_problem() -> None:
    with pytest.raises(ScenarioError, match=r"scan_period_s.*human_op"):
        p_event(SENSORS["op_human"], "person", "day", 1.0, make_parameters(scan_period_s={}))
    with pytest.raises(ScenarioError, match=r"moving.*vehicle_patrol"):
        area_rate_per_s(SENSORS["patrol_vehicle"], "person", "day", 1e6, make_parameters(moving={}))


@settings(max_examples=150, deadline=None)
@given(
    sensor=st.sampled_from(FIXED),
    kind=st.sampled_from(KINDS),
    state=st.sampled_from(STATES),
    ratio=st.floats(0, 2),
    step=st.floats(0, 1),
    multiplier=st.floats(0.5, 2),
)
def test_event_is_a_probability_that_falls_with_distance_and_grows_with_range(
    sensor, kind, state, ratio, step, multiplier
) -> None:
    half = sensor.half_range_m(kind, state)
    near = ratio * half if half > 0 else 1000.0 * ratio
    far = near + step * (half if half > 0 else 1000.0)
    at_near, at_far = p_event(sensor, kind, state, [near, far], PARAMETERS)
    assert 0 <= at_far <= at_near <= 1
    stretched = dataclasses.replace(PARAMETERS, range_multiplier=multiplier)
    longer = float(p_event(sensor, kind, state, near, stretched))
    assert longer >= at_near - 1e-12 if multiplier >= 1 else longer <= at_near + 1e-12
    if near > cut_off_m(sensor, kind, state, PARAMETERS):
        assert at_near == 0


def test_patrol_by_hand() -> None:
    # 0.9 present by day; width limited to the 2 km swath: 8.3 m/s x 2000 m x 0.6 in the open over 1000 km2
    patrol = SENSORS["patrol_vehicle"]
    swept = 8.3 * 2000 * 0.6 / 1e9
    assert float(area_rate_per_s(patrol, "vehicle", "day", 1e9, PARAMETERS)) == pytest.approx(0.9 * swept)
    assert float(p_event_area(patrol, "vehicle", "day", 1e9, PARAMETERS)) == pytest.approx(
        0.9 * -math.expm1(-swept * 300)
    )
    # persons by night: barred
    assert float(p_event_area(patrol, "person", "night", 1e9, PARAMETERS)) == 0
    assert presence_share(patrol, "day", 8.0, PARAMETERS) == pytest.approx(0.3)


def test_instants_in_a_sector_by_hand() -> None:
    # a definite range: the effective area is p x pi R^2
    sensor = make_sensor("loop", "area_rate", speed_m_per_s=10.0, sound_kinds=("small_arms",))
    sensor = dataclasses.replace(sensor, sight_law="definite_range", mobile=True, sensor_class="foot_patrol")
    ears = make_parameters(sound_sigma_db=1e-9, sound_absorption_db_per_m=0.0, cut_off_ratio=1.0)
    assert effective_area_m2(sensor, "small_arms", "day", ears) == pytest.approx(math.pi * 1e6)
    assert float(p_event_area(sensor, "small_arms", "day", 1e8, ears)) == pytest.approx(math.pi / 100)
    two = float(p_event_area(sensor, "small_arms", "day", 1e8, ears, n_units=2))
    assert two == pytest.approx(1 - (1 - math.pi / 100) ** 2)
    assert float(p_event_area(sensor, "small_arms", "day", 1e6, ears)) == pytest.approx(1.0)  # capped


def test_seen_instants_lose_hidden_ground_and_unwatched_directions_heard_ones_do_not() -> None:
    patrol = SENSORS["patrol_vehicle"]
    open_ground = make_parameters(moving={"vehicle_patrol": dataclasses.replace(PATROL, open_view_share=1.0)})
    for kind, same in (("mortar", True), ("vehicle", False)):
        here, there = (float(p_event_area(patrol, kind, "day", 1e9, p)) for p in (PARAMETERS, open_ground))
        assert (here == there) is same
    blind = make_parameters(moving={"uav_tactical": dataclasses.replace(DRONE, watch_share=0.0)})
    assert float(p_event_area(SENSORS["uav_vtol_tactical"], "mortar", "day", 1e9, blind)) == 0


def test_satellites_see_in_their_states_only() -> None:
    optical, thermal, sar = (
        SENSORS[name] for name in ("sat_vhr_optical", "sat_thermal_viirs", "sat_vhr_sar")
    )
    assert [presence_share(optical, state, 24, PARAMETERS) for state in STATES] == [0.35, 0, 0]
    assert [presence_share(thermal, state, 24, PARAMETERS) for state in STATES] == [0.4, 0.4, 0]
    assert [presence_share(sar, state, 24, PARAMETERS) for state in STATES] == [0.97] * 3
    # J2 with 6 passes a day: the fire burns half an hour, and the whole line is covered
    assert float(p_event_area(thermal, "artillery_impact", "night", 1e9, PARAMETERS)) == pytest.approx(
        -math.expm1(-6 * 0.5 / 24 * 0.4 * 0.7)
    )
    assert float(p_event_area(thermal, "mortar", "night", 1e9, PARAMETERS)) == 0  # leaves no trace
    # one order images 10 km x 10 km of 1000 km2, twice a day
    assert float(area_rate_per_s(sar, "vehicle", "bad", 1e9, PARAMETERS)) == pytest.approx(
        0.97 * 0.7 * 0.1 / (12 * 3600)
    )
    assert float(area_rate_per_s(sar, "person", "day", 1e9, PARAMETERS)) == 0


@settings(max_examples=100, deadline=None)
@given(
    sensor=st.sampled_from(AREA),
    kind=st.sampled_from(KINDS),
    state=st.sampled_from(STATES),
    area=st.floats(1e6, 1e11),
    n=st.integers(1, 20),
    hours=st.floats(0, 24),
)
def test_area_event_is_a_probability_that_grows_with_units_and_falls_with_area(
    sensor, kind, state, area, n, hours
) -> None:
    def p(size: float, units: float) -> float:
        return float(p_event_area(sensor, kind, state, size, PARAMETERS, n_units=units, hours_per_day=hours))

    assert 0 <= p(2 * area, n) <= p(area, n) <= p(area, n + 1) <= 1
    if not sensor.is_satellite:
        assert p(area, n) <= presence_share(sensor, state, hours, PARAMETERS) + 1e-12


def test_kinds_part_into_movers_and_instants() -> None:
    assert sorted(MOVERS + INSTANTS) == sorted(KINDS)


def test_assumptions_outside_their_domain_are_refused_all_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        make_parameters(
            dwell_s={"person": -1.0},
            cut_off_ratio=0.5,
            p_definite_range=1.0,
            p_radar_false_alarm=0.7,
            sound_sigma_db=float("nan"),
            visibility_m=(1.0, 2.0),
            trace_h={"person": 1.0},
            moving={"foot_patrol": MovingUse((1.0, 2.0, 0.0), 0.5, -0.1)},
        )
    places = {problem.where for problem in caught.value.problems}
    assert places == {
        "detection.dwell_s",
        "detection.dwell_s.person",
        "detection.cut_off_ratio",
        "detection.p_definite_range",
        "detection.p_radar_false_alarm",
        "detection.sound_sigma_db",
        "detection.visibility_m",
        "detection.trace_h.person",
        "detection.moving.foot_patrol.presence_share",
        "detection.moving.foot_patrol.watch_share",
    }
    assert set(VALUES) == {field.name for field in dataclasses.fields(PARAMETERS)}
