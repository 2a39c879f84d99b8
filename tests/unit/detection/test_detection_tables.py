"""Distance tables: averages over a cell against Monte Carlo and by hand, interpolation against the law."""

from __future__ import annotations

import math

import numpy as np
import pytest
from detection_cases import make_parameters, make_sensor

from truceline.detection import _reference
from truceline.detection.kinds import KIND_INDEX, N_STATES
from truceline.detection.performance import p_event
from truceline.detection.sensors import load_sensors
from truceline.detection.tables import average_over_cell, tabulate_events, tabulate_rates

PARAMETERS = make_parameters()
SENSORS = load_sensors()


def test_trip_wire_does_not_cover_its_cell() -> None:
    # a disc of 30 m in a square kilometre: pi 30^2 / 1e6 of the ground
    tables = tabulate_events([SENSORS["ugs_seismic"]], PARAMETERS, cell_m=1000.0)
    assert tables.values[0, 0, 0] == pytest.approx(0.95 * math.pi * 30**2 / 1e6, rel=1e-4)


@pytest.mark.parametrize("distance_m", [0.0, 150.0, 564.0, 900.0, 1500.0, 2400.0])
@pytest.mark.parametrize("cut_off_m", [100.0, 700.0, 2000.0])
def test_average_over_a_cell_agrees_with_monte_carlo(distance_m: float, cut_off_m: float) -> None:
    rng = np.random.default_rng(5)
    cell_radius_m = 1000 / math.sqrt(math.pi)
    radius = cell_radius_m * np.sqrt(rng.random(400_000))
    angle = 2 * math.pi * rng.random(400_000)
    d = np.hypot(distance_m + radius * np.cos(angle), radius * np.sin(angle))

    def law(r: np.ndarray) -> np.ndarray:
        return np.exp(-r / 800)

    sample = np.where(d <= cut_off_m, law(d), 0.0)
    got = average_over_cell(law, cut_off_m, cell_radius_m, np.array([distance_m]))[0]
    assert got == pytest.approx(sample.mean(), abs=4 * sample.std() / math.sqrt(len(d)) + 1e-3)


@pytest.mark.parametrize("name", ["op_human", "camera_tower_cooled", "gsr_portable", "acoustic_small"])
def test_interpolated_value_agrees_with_the_law_at_points(name: str) -> None:
    sensor = SENSORS[name]
    tables = tabulate_events([sensor], PARAMETERS, cell_m=0.0)
    for kind in sensor.detects:
        row = KIND_INDEX[kind] * N_STATES
        distances = np.linspace(0, 0.999 * tables.reach_m[0, row], 701)
        exact = p_event(sensor, kind, "day", distances, PARAMETERS, eye_height_m=np.inf)
        interpolated = [
            _reference.interpolate(tables.values[0, row], tables.reach_m[0, row], d) for d in distances
        ]
        assert np.abs(np.array(interpolated) - exact).max() < 2e-3


def test_rows_are_empty_for_moving_means_dead_states_and_unasked_kinds() -> None:
    events = tabulate_events([SENSORS["patrol_vehicle"], SENSORS["acoustic_small"]], PARAMETERS, 1000.0)
    assert (events.reach_m[0] == 0).all()
    assert (events.reach_m[1, : 2 * N_STATES] == 0).all()
    rates = tabulate_rates([SENSORS["op_human"]], ["person", "mortar"], PARAMETERS, 0.0)
    assert (rates.reach_m[0, :N_STATES] > 0).all()
    assert (rates.reach_m[0, N_STATES:] == 0).all()


def test_point_table_of_a_definite_range_is_flat_up_to_its_edge() -> None:
    tables = tabulate_events([make_sensor("disc")], PARAMETERS, cell_m=0.0)
    assert tables.reach_m[0, 0] == 1000.0
    assert tables.values[0, 0] == pytest.approx(np.full(257, 0.95))
