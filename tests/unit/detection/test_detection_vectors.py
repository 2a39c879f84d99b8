"""The laws against test vectors: every row of the shared table, and a dozen rows that are always here."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from truceline.detection import barriers, fusion, inspection, lateral, looks, optics, radar, sound, visits

Inputs = dict[str, Any]

LAWS = {
    "glimpse_independent": lambda i: looks.combine_glimpses(i["g"], i["n"]),
    "continuous_looking": lambda i: looks.detect_continuously(i["rate_per_s"], i["t_s"]),
    "poisson_scan": lambda i: looks.detect_by_poisson_scan(i["scan_rate_per_h"], i["p_scan"], i["T_h"]),
    "poisson_scan_signal_excess": lambda i: looks.detect_by_poisson_scan(
        i["scan_rate_per_h"], looks.exceed_threshold(i["mean_excess_dB"], i["sigma_dB"]), i["T_h"]
    ),
    "m_of_n": lambda i: looks.detect_m_of_n(i["p"], i["m"], i["n"]),
    "inverse_cube_lateral_range": lambda i: lateral.inverse_cube_lateral_range(
        i["k_m2_per_s"], i["h_m"], i["v_m_per_s"], i["x_m"]
    ),
    "inverse_cube_sweep_width": lambda i: lateral.sweep_width_from_strength(
        lateral.inverse_cube_strength_m2(i["k_m2_per_s"], i["h_m"], i["v_m_per_s"])
    ),
    "triangular_sweep_width": lambda i: lateral.triangular_sweep_width(i["p0"], i["R_m"]),
    "gaussian_sweep_width": lambda i: lateral.gaussian_sweep_width(i["p0"], i["s_m"]),
    "parallel_sweep_inverse_cube": lambda i: lateral.cover_by_parallel_inverse_cube(i["W_m"], i["S_m"]),
    "random_coverage": lambda i: lateral.cover_at_random(i["W_m"], i["S_m"]),
    "exhaustive_coverage": lambda i: lateral.cover_without_overlap(i["W_m"], i["S_m"]),
    "inverse_cube_from_R50": lambda i: lateral.sweep_width_from_strength(
        lateral.strength_from_half_range(i["R50_m"])
    ),
    "inverse_cube_truncated": lambda i: lateral.truncated_lateral_range(i["m_m2"], i["x_m"], i["Rmax_m"]),
    "random_search": lambda i: visits.search_at_random(
        i["v_m_per_s"], i["W_m"], i["T_h"] * 3600, i["A_km2"] * 1e6
    ),
    "mean_relative_speed": lambda i: visits.mean_relative_speed(i["v_m_per_s"], i["u_m_per_s"]),
    "revisit_fixed_duration": lambda i: visits.catch_on_timetable(i["tau_h"], i["revisit_h"], i["dwell_h"]),
    "revisit_exponential_duration": lambda i: visits.catch_random_length_on_timetable(
        i["mean_h"], i["revisit_h"]
    ),
    "poisson_visits_exponential_duration": lambda i: visits.catch_random_length_at_random(
        i["mean_h"], i["visits_per_h"]
    ),
    "poisson_visits_fixed_duration": lambda i: visits.catch_at_random(i["tau_h"], i["visits_per_h"]),
    "barrier_patrol_random": lambda i: visits.patrol_barrier_low(
        i["W_m"], i["L_m"], i["v_m_per_s"], i["u_m_per_s"]
    ),
    "barrier_patrol_no_overlap": lambda i: visits.patrol_barrier_high(
        i["W_m"], i["L_m"], i["v_m_per_s"], i["u_m_per_s"]
    ),
    "barrier_patrol_back_and_forth": lambda i: visits.simulate_barrier_patrol(
        i["W_m"], i["L_m"], i["v_m_per_s"], i["u_m_per_s"], n_trials=40_000, seed=11
    ),
    "ttpf": lambda i: optics.transfer_target(i["N_over_N50"]),
    "johnson_range": lambda i: optics.johnson_range_m(
        i["target_h_m"], i["target_w_m"], i["cycles"], i["pitch_um"] * 1e-6 / (i["focal_mm"] * 1e-3)
    ),
    "koschmieder": lambda i: optics.transmit_through_haze(i["visibility_km"], i["range_km"]),
    "time_limited_search": lambda i: optics.search_field_of_view(i["P_inf"], i["t_s"]),
    "radar_horizon": lambda i: radar.radar_horizon_m(i["h_antenna_m"], i["h_target_m"], earth_factor=i["k"]),
    "swerling1_single_pulse": lambda i: radar.detect_swerling1(i["Pfa"], 10 ** (i["SNR_dB"] / 10)),
    "radar_range_scaling_pd": lambda i: radar.detect_at_range_ratio(i["Pfa"], i["Pd_at_R0"], i["R_over_R0"]),
    "rcs_range_scaling": lambda i: radar.scale_range_by_echo(i["R_ref_km"], i["rcs_ref_m2"], i["rcs_m2"]),
    "radar_range_rain": lambda i: radar.shorten_range_by_rain(i["R_clear_km"], i["two_way_dB_per_km"]),
    "acoustic_received_level": lambda i: sound.received_level_db(
        i["L0_dB"], i["r0_m"], i["alpha_dB_per_m"], i["excess_dB"], i["r_m"]
    ),
    "acoustic_detection": lambda i: sound.hear(
        sound.received_level_db(i["L0_dB"], i["r0_m"], i["alpha_dB_per_m"], i["excess_dB"], i["r_m"]),
        i["noise_dB"],
        i["threshold_dB"],
        i["sigma_dB"],
    ),
    "acoustic_R50": lambda i: sound.half_hearing_range_m(
        i["L0_dB"], i["r0_m"], i["alpha_dB_per_m"], i["excess_dB"], i["noise_dB"], i["threshold_dB"]
    ),
    "upwind_shadow_distance": lambda i: sound.upwind_shadow_m(
        i["c_m_per_s"], i["gradient_per_s"], i["h_source_m"], i["h_receiver_m"]
    ),
    "wind_bias_sound_ranging": lambda i: sound.wind_bias_m(i["range_m"], i["wind_m_per_s"], i["c_m_per_s"]),
    "aircraft_per_orbit": lambda i: visits.aircraft_per_orbit(
        i["endurance_h"], i["distance_km"], i["speed_km_per_h"], i["ground_h"], i["availability"]
    ),
    "sortie_rate": lambda i: visits.sorties_per_day(i["flight_h"], i["ground_h"]),
    "fleet_size_sync": lambda i: visits.size_synchronous_fleet(i["active"], i["recovery_ratio"]),
    "k_of_n_available": lambda i: looks.detect_m_of_n(i["a"], i["k"], i["n"]),
    "uav_area_revisit": lambda i: visits.area_revisit_h(
        i["speed_m_per_s"], i["swath_m"], i["area_km2"] * 1e6
    ),
    "uav_transient_random": lambda i: visits.search_at_random(
        i["speed_m_per_s"], i["swath_m"], i["tau_h"] * 3600, i["area_km2"] * 1e6
    ),
    "nadir_swath": lambda i: visits.nadir_swath_m(i["height_m"], i["half_angle_deg"]),
    "clear_look_in_window": lambda i: visits.clear_look_in_window(i["passes"], i["clear"]),
    "transient_satellite": lambda i: visits.catch_transient_from_orbit(
        i["passes_per_day"], i["tau_h"], i["clear"], i["sensitivity"]
    ),
    "mean_wait_clear_look": lambda i: visits.mean_wait_for_clear_look_h(i["interval_h"], i["clear"]),
    "or_fusion": lambda i: fusion.fuse_any(i["p"]),
    "or_fusion_availability": lambda i: fusion.fuse_any(i["p"], i["a"]),
    "common_cause_mixture": lambda i: fusion.mix_states(i["weather"], i["p"]),
    "common_cause_naive": lambda i: fusion.fuse_averaged(i["weather"], i["p"]),
    "at_least_two": lambda i: fusion.fuse_at_least(i["p"], 2),
    "alarm_ppv": lambda i: fusion.alarm_worth(i["event_rate_per_d"], i["Pd"], i["false_per_d"]),
    "accidental_coincidence_rate": lambda i: fusion.accidental_coincidences_per_day(
        i["rate1_per_d"], i["rate2_per_d"], i["window_s"]
    ),
    "bayes_attribution": lambda i: fusion.update_attribution(i["prior"], i["likelihood_ratios"]),
    "uniform_belt_crossing": lambda i: barriers.cross_uniform_belt(
        i["rate_per_s"], i["depth_m"], i["speed_m_per_s"]
    ),
    "min_exposure_1_over_r": lambda i: _least(1, i),
    "min_exposure_1_over_r2": lambda i: _least(2, i),
    "min_exposure_1_over_r3": lambda i: _least(3, i),
    "least_exposed_crossing_inverse_cube_line": lambda i: barriers.least_crossing_of_row(i["W_m"], i["S_m"]),
    "least_exposed_crossing_with_height": lambda i: barriers.least_crossing_of_raised_row(
        i["k_m2_per_s"], i["h_m"], i["u_m_per_s"], i["S_m"]
    ),
    "grid_metric_inflation": lambda i: barriers.grid_metric_inflation(i["neighbours"]),
    "best_straight_crossing": lambda i: _best_straight(i),
    "maximal_breach_distance": lambda i: barriers.maximal_breach_distance(i["sensors_km"]),
    "kumar_optimal_sensors": lambda i: barriers.fewest_sensors_for_barrier(i["length_km"], i["R_km"], i["k"]),
    "stevens_circle_coverage": lambda i: barriers.cover_circle_by_arcs(i["arcs"], i["arc_fraction"]),
    "poisson_line_uncovered": lambda i: barriers.open_share_of_random_line(i["density_per_km"], i["R_km"]),
    "poisson_line_gaps": lambda i: barriers.expected_gaps_of_random_line(
        i["density_per_km"], i["R_km"], i["length_km"]
    ),
    "k_barrier_disjoint_paths": lambda i: barriers.count_disjoint_barriers(
        i["sensors_km"], i["R_km"], i["length_km"]
    ),
    "dresher_inspection_value": lambda i: inspection.dresher_value(i["periods"], i["inspections"]),
    "deterrence_threshold": lambda i: inspection.deterring_detection(
        i["gain"], i["sanction"], i["P_attribution"]
    ),
}
ELSEWHERE = {
    "curvature_refraction_drop": "geo",
    "min_visible_target_height": "geo",
    "optical_horizon": "geo",
    "least_exposed_path": "siting",
    "least_exposed_path_probability": "siting",
}
"""Models of the shared table that are tested in another package, with its name."""


def _least(power: int, i: Inputs) -> float:
    return barriers.least_exposure_radial(power, i["lam"], complex(*i["p1"]), complex(*i["p2"]))


def _best_straight(i: Inputs) -> float:
    def rate(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        total = np.zeros(np.broadcast(x, y).shape)
        for sx, sy in i["sensors_m"]:
            total += i["rate0_per_s"] / (1 + ((x - sx) ** 2 + (y - sy) ** 2) / i["r0_m"] ** 2) ** 1.5
        return total

    x = np.linspace(0, i["belt_m"][0], 2001)
    return float(barriers.straight_crossing_exposure(rate, x, i["belt_m"][1], i["speed_m_per_s"]).min())


def _check(row: dict[str, str]) -> None:
    found = float(LAWS[row["model"]](json.loads(row["inputs_json"])))
    expected, tolerance = float(row["expected"]), float(row["tolerance"])
    allowed = tolerance * abs(expected) if row["tolerance_kind"] == "rel" else tolerance
    assert abs(found - expected) <= allowed, f"{row['id']} {row['model']}: {found} instead of {expected}"


def _rows(shared: Path) -> list[dict[str, str]]:
    path = shared / "data" / "reference" / "detection_examples.csv"
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_every_shared_model_is_implemented_or_named_as_elsewhere(shared: Path) -> None:
    models = {row["model"] for row in _rows(shared)}
    assert models == set(LAWS) | set(ELSEWHERE)
    assert not set(LAWS) & set(ELSEWHERE)


@pytest.mark.parametrize("model", sorted(LAWS))
def test_law_agrees_with_the_shared_vectors(shared: Path, model: str) -> None:
    rows = [row for row in _rows(shared) if row["model"] == model]
    assert rows
    for row in rows:
        _check(row)


KEPT = [
    (
        "poisson_scan_signal_excess",
        0.856081671,
        {"scan_rate_per_h": 6, "mean_excess_dB": 3, "sigma_dB": 8, "T_h": 0.5},
    ),
    (
        "inverse_cube_lateral_range",
        0.6674341626,
        {"k_m2_per_s": 2000, "h_m": 30, "v_m_per_s": 10, "x_m": 100},
    ),
    ("inverse_cube_from_R50", 4426.99388, {"R50_m": 1500}),
    ("random_search", 0.9092820467, {"v_m_per_s": 25 / 3, "W_m": 1000, "T_h": 8, "A_km2": 100}),
    ("barrier_patrol_random", 0.4903978457, {"W_m": 2000, "L_m": 20000, "v_m_per_s": 10, "u_m_per_s": 1.5}),
    ("ttpf", 0.6916372405, {"N_over_N50": 1.253333}),
    ("radar_horizon", 28405.23612, {"h_antenna_m": 30, "h_target_m": 2, "k": 4 / 3}),
    ("radar_range_scaling_pd", 0.5386064528, {"Pfa": 1e-6, "Pd_at_R0": 0.8, "R_over_R0": 1.3}),
    (
        "acoustic_detection",
        0.9545529418,
        {
            "L0_dB": 165,
            "r0_m": 10,
            "alpha_dB_per_m": 0.0005,
            "excess_dB": 30,
            "noise_dB": 55,
            "threshold_dB": 10,
            "sigma_dB": 8,
            "r_m": 5000,
        },
    ),
    (
        "transient_satellite",
        0.03439458374,
        {"passes_per_day": 6, "tau_h": 0.5, "clear": 0.4, "sensitivity": 0.7},
    ),
    ("common_cause_mixture", 0.6035, {"weather": [0.7, 0.3], "p": [[0.6, 0.5], [0.1, 0.05]]}),
    ("common_cause_naive", 0.65075, {"weather": [0.7, 0.3], "p": [[0.6, 0.5], [0.1, 0.05]]}),
    ("at_least_two", 0.532, {"p": [0.3, 0.5, 0.2, 0.6]}),
    ("least_exposed_crossing_inverse_cube_line", 0.3773315042, {"W_m": 388.325183, "S_m": 500}),
    (
        "k_barrier_disjoint_paths",
        2,
        {
            "sensors_km": [
                [0, 0],
                [4, 0.5],
                [8, 0],
                [12, 0.5],
                [0, 3],
                [4, 3.5],
                [8, 3],
                [12, 3.5],
                [6, 1.8],
            ],
            "R_km": 2.2,
            "length_km": 12,
        },
    ),
    ("dresher_inspection_value", 0.5518394649, {"periods": 12, "inspections": 3}),
]


@pytest.mark.parametrize(("model", "expected", "inputs"), KEPT, ids=[row[0] for row in KEPT])
def test_law_agrees_with_a_kept_vector(model: str, expected: float, inputs: Inputs) -> None:
    assert float(LAWS[model](inputs)) == pytest.approx(expected, rel=1e-6)


def test_exposure_beyond_the_half_turn_goes_out_and_back() -> None:
    # rate 1/r^3, opposite sides: 2 dtheta = 360 degrees, so the two radial legs, 1/2 + 1/2
    assert barriers.least_exposure_radial(3, 1.0, complex(1, 0), complex(-1, 0)) == pytest.approx(1.0)


def test_patrol_simulation_depends_on_its_seed_only() -> None:
    runs = [visits.simulate_barrier_patrol(2e3, 2e4, 10, 1.5, n_trials=2_000, seed=s) for s in (3, 3, 4)]
    assert runs[0] == runs[1] != runs[2]


def test_laws_take_arrays() -> None:
    ratio = np.array([[0.0, 1.0], [2.0, np.inf]])
    assert optics.transfer_target(ratio) == pytest.approx(np.array([[0, 0.5], [0.9448986492, 1]]), abs=1e-9)
    assert looks.combine_glimpses([0.05, 1.0, 0.5], [20, 1, 0]) == pytest.approx([0.6415140776, 1.0, 0.0])
    assert radar.shorten_range_by_rain(12.0, [0.0, 0.2]) == pytest.approx([12.0, 10.6190572])
