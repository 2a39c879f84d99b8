"""The least-exposed crossing against closed forms (detection examples L1-L11) and against plain twins."""

import csv
import json
import math

import numpy as np
import pytest
from crossing_fields import (
    EIGHT,
    SIXTEEN,
    belt,
    grid_distance,
    periodic_posts,
    radial_field,
    staggered_sensors,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import GeometryError
from truceline.siting import _crossing_kernels, _crossing_reference
from truceline.siting.crossing import (
    average_straight_crossing,
    best_straight_crossing,
    exposure_profile,
    least_exposed_crossing,
)
from truceline.siting.eikonal import solve_eikonal
from truceline.siting.paths import path_exposure

L9 = {
    "sensors_m": [[0.0, 1000.0], [3400.0, 3000.0], [6600.0, 1000.0], [10000.0, 3000.0]],
    "rate0_per_s": 1 / 480,
    "r0_m": 1300.0,
    "speed_m_per_s": 2.0,
    "belt_m": [10000, 4000],
}


def uniform_p(example):
    n = 51
    slowness = np.full((n, 40), example["rate_per_s"] / example["speed_m_per_s"])
    return least_exposed_crossing(slowness, example["depth_m"] / (n - 1), *belt(n, 40)).p_least


def radial_exposure(power, example, cell=0.005):
    slowness, cell_of = radial_field(power, 2.2, cell)
    entry = np.zeros(slowness.shape, dtype=bool)
    entry[cell_of(example["p1"])] = True
    return float(solve_eikonal(slowness, cell, entry, np.ones_like(entry))[cell_of(example["p2"])])


def posts_p(spacing_m, strength_m, height_m):
    """P of the periodic line; the two tails beyond the raster are added from a continuous line of sensors."""
    depth_m, cell_m = 20 * spacing_m, spacing_m / 50
    slowness = periodic_posts(spacing_m, strength_m, height_m, cell_m, depth_m)
    crossing = least_exposed_crossing(slowness, cell_m, *belt(*slowness.shape))
    middle = 0.5 * (slowness.shape[1] - 1)
    assert np.abs(crossing.path[:, 1] - middle).max() < 1.5  # the midline, up to one cell
    tails = 4 * strength_m / (spacing_m * depth_m)
    return 1 - math.exp(-(crossing.exposure + tails))


def staggered(example, cell_m=25.0):
    slowness = staggered_sensors(example, cell_m)
    return least_exposed_crossing(slowness, cell_m, *belt(*slowness.shape))


def inverse_cube_p(example):
    # One look-rate law k/r^3 crossed straight at x gives 2k/(u x^2) = m/x^2, with m = W^2 / (4 pi).
    return posts_p(example["S_m"], example["W_m"] ** 2 / (8 * math.pi), 0.0)


def inverse_cube_with_height_p(example):
    strength_m = example["k_m2_per_s"] * example["h_m"] / example["u_m_per_s"]
    return posts_p(example["S_m"], strength_m, example["h_m"])


def metric_inflation(example):
    moves = {8: EIGHT, 16: SIXTEEN}[example["neighbours"]]
    n = 121
    distance = grid_distance(np.ones((n, n)), 1.0, (0, 0), moves)
    row, column = np.mgrid[0:n, 0:n]
    far = np.hypot(row, column) > 100
    return float((distance[far] / np.hypot(row, column)[far]).max())


def best_straight_exposure(example):
    slowness = staggered_sensors(example, 25.0)
    return best_straight_crossing(slowness, 25.0, *belt(*slowness.shape)).exposure


# Vector: how it is computed here, and the relative error allowed (first-order scheme at the cell size used).
EXAMPLES = {
    "L1": (uniform_p, 1e-9),
    "L2": (lambda e: radial_exposure(1, e), 0.01),
    "L3": (lambda e: radial_exposure(2, e), 0.01),
    "L4": (lambda e: radial_exposure(3, e), 0.015),
    "L5": (inverse_cube_p, 0.005),
    "L6": (inverse_cube_with_height_p, 0.005),
    "L7": (metric_inflation, 1e-3),
    "L8": (metric_inflation, 1e-3),
    "L9": (lambda e: staggered(e).exposure, 0.01),
    "L10": (lambda e: staggered(e).p_least, 0.005),
    "L11": (best_straight_exposure, 1e-3),
}


@pytest.mark.shared
@pytest.mark.parametrize("name", EXAMPLES)
def test_published_example(name, shared):
    with (shared / "data/reference/detection_examples.csv").open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["id"] == name)
    compute, tolerance = EXAMPLES[name]
    assert compute(json.loads(row["inputs_json"])) == pytest.approx(float(row["expected"]), rel=tolerance)


def test_uniform_belt_is_exact():
    assert uniform_p({"rate_per_s": 1 / 600, "depth_m": 5000, "speed_m_per_s": 5}) == pytest.approx(
        0.8111243972, abs=1e-9
    )


def test_posts_on_a_line_match_the_closed_form():
    expected = 1 - math.exp(-math.pi / 4 * (388.325183 / 500) ** 2)
    assert inverse_cube_p({"S_m": 500.0, "W_m": 388.325183}) == pytest.approx(expected, rel=0.005)


def test_staggered_sensors_converge_to_the_known_exposure():
    found = [staggered(L9, cell_m).exposure for cell_m in (100.0, 50.0, 25.0)]
    errors = [value - 1.1952 for value in found]
    assert errors[0] > errors[1] > errors[2] > 0  # from above, falling with the cell size
    assert errors[2] < 0.01 * 1.1952
    assert errors[2] < 0.6 * errors[1]


def test_grid_graphs_call_the_line_safer_than_it_is_and_the_eikonal_does_not():
    cell_m = 50.0
    slowness = staggered_sensors(L9, cell_m)
    entry, exit_cells, inside = belt(*slowness.shape)
    eikonal = least_exposed_crossing(slowness, cell_m, entry, exit_cells, inside).exposure
    eight = grid_distance(slowness, cell_m, entry, EIGHT)[exit_cells].min()
    sixteen = grid_distance(slowness, cell_m, entry, SIXTEEN)[exit_cells].min()
    assert eight == pytest.approx(1.2624, rel=0.003)
    assert sixteen == pytest.approx(1.2058, rel=0.003)
    assert 1.1952 < eikonal < sixteen < eight


def test_metric_error_shrinks_with_the_cell_for_the_eikonal_only():
    worst = {}
    for n in (41, 161):
        source = np.zeros((n, n), dtype=bool)
        source[0, 0] = True
        field = solve_eikonal(np.ones((n, n)), 1.0, source, np.ones_like(source))
        graph = grid_distance(np.ones((n, n)), 1.0, (0, 0), EIGHT)
        row, column = np.mgrid[0:n, 0:n]
        true = np.hypot(row, column)
        rim = true > 0.9 * n
        worst[n] = (field[rim] / true[rim]).max() - 1, (graph[rim] / true[rim]).max() - 1
    assert worst[161][0] < 0.4 * worst[41][0]
    assert worst[161][0] < 0.015
    assert worst[161][1] == pytest.approx(0.0824, abs=0.002)


@pytest.mark.parametrize("seed", range(12))
def test_sweeps_agree_with_their_plain_twin(seed):
    random = np.random.default_rng(seed)
    slowness = random.uniform(0.0, 1.0, (9, 13)) ** 3
    slowness[random.random(slowness.shape) < 0.15] = np.inf
    slowness[random.random(slowness.shape) < 0.1] = 0.0
    inside = random.random(slowness.shape) < 0.9
    entry = np.zeros(slowness.shape, dtype=bool)
    entry[0] = True
    slowness[0, 0], inside[0, 0] = 0.5, True
    free = inside & np.isfinite(slowness)
    start = np.where(entry & free, 0.0, np.inf)
    plain = _crossing_reference.solve_eikonal(slowness, 2.0, free & ~entry, start)
    np.testing.assert_allclose(solve_eikonal(slowness, 2.0, entry, inside), plain, rtol=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_segments_agree_with_their_plain_twin(seed):
    random = np.random.default_rng(seed)
    slowness = random.random((7, 9))
    allowed = random.random(slowness.shape) < 0.95
    start, end = random.uniform(0, [6, 8], (5, 2)), random.uniform(0, [6, 8], (5, 2))
    plain = [
        _crossing_reference.integrate_segment(slowness, 10.0, tuple(a), tuple(b), allowed)
        for a, b in zip(start, end, strict=True)
    ]
    found = _crossing_kernels.integrate_segments(slowness, 10.0, start, end, allowed)
    np.testing.assert_allclose(found, plain, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 0.35), st.floats(0.0, 0.4))
def test_a_path_is_always_found_when_there_is_one(seed, blocked_share, bare_share):
    random = np.random.default_rng(seed)
    slowness = random.uniform(0.05, 1.0, (12, 17))
    slowness[random.random(slowness.shape) < blocked_share] = np.inf
    slowness[(random.random(slowness.shape) < bare_share) & np.isfinite(slowness)] = 0.0
    entry, exit_cells, inside = belt(12, 17)
    slowness[0, 3] = slowness[-1, 9] = 0.5
    crossing = least_exposed_crossing(slowness, 10.0, entry, exit_cells, inside)
    assert crossing.passable == math.isfinite(crossing.exposure)
    if not crossing.passable:
        assert crossing.path.shape == (0, 2)
        assert math.isnan(crossing.p_least)
        return
    assert crossing.open == (crossing.exposure == 0.0)
    assert crossing.path[0].tolist() == list(crossing.exit_index)
    last = crossing.path[-1].astype(int)
    assert crossing.path[-1].tolist() == last.tolist()
    assert entry[tuple(last)]
    assert np.isfinite(slowness[tuple(last)])
    assert np.hypot(*np.diff(crossing.path, axis=0).T).max() <= math.sqrt(2) + 1e-9
    nearest = np.floor(crossing.path + 0.5).astype(int)
    corner = np.minimum(np.ceil(crossing.path).astype(int), [11, 16])
    on_ground = np.isfinite(slowness[tuple(nearest.T)]) | np.isfinite(slowness[tuple(corner.T)])
    assert on_ground.all()
    straight = best_straight_crossing(slowness, 10.0, entry, exit_cells, inside)
    assert crossing.exposure <= straight.exposure * 1.3 + 10.0  # a coarse raster, but never far above


def test_exposure_along_the_path_is_the_exposure_found():
    crossing = staggered(L9)
    slowness = staggered_sensors(L9, 25.0)
    assert path_exposure(slowness, 25.0, crossing.path) == pytest.approx(crossing.exposure, rel=0.01)
    assert crossing.path[0, 0] == slowness.shape[0] - 1
    assert crossing.path[-1, 0] == 0
    # The best straight crossing is worse, so the path must bend.
    assert np.ptp(crossing.path[:, 1]) * 25.0 > 500


def test_a_gap_is_open_and_has_a_width():
    slowness = np.full((11, 30), 0.01)
    slowness[:, 12:16] = 0.0
    crossing = least_exposed_crossing(slowness, 50.0, *belt(11, 30))
    assert (crossing.exposure, crossing.p_least, crossing.open, crossing.passable) == (0.0, 0.0, True, True)
    assert crossing.open_width_m == 4 * 50.0
    assert crossing.path[:, 1].min() >= 12
    assert crossing.path[:, 1].max() <= 15
    assert path_exposure(slowness, 50.0, crossing.path) == 0.0


def test_bare_ground_in_the_middle_is_crossed_and_is_not_open():
    slowness = np.full((21, 30), 0.001)
    slowness[5:15] = 0.0
    crossing = least_exposed_crossing(slowness, 100.0, *belt(21, 30))
    assert not crossing.open
    assert crossing.open_width_m == 0.0
    assert crossing.exposure == pytest.approx(1.0, rel=0.02)  # ten of twenty rows, 100 m each
    assert path_exposure(slowness, 100.0, crossing.path) == pytest.approx(crossing.exposure, rel=0.05)


def test_a_river_is_not_passable_which_is_not_safe():
    slowness = np.full((11, 20), 0.001)
    slowness[5] = np.inf
    entry, exit_cells, inside = belt(11, 20)
    crossing = least_exposed_crossing(slowness, 50.0, entry, exit_cells, inside)
    assert not crossing.passable
    assert not crossing.open
    assert math.isinf(crossing.exposure)
    assert math.isnan(crossing.p_least)
    assert not best_straight_crossing(slowness, 50.0, entry, exit_cells, inside).passable
    average = average_straight_crossing(slowness, 50.0, entry, exit_cells, inside)
    assert (average.n_passable, average.n_blocked) == (0, 20)
    slowness[5, 7] = 0.001  # a ford
    crossing = least_exposed_crossing(slowness, 50.0, entry, exit_cells, inside)
    assert crossing.passable
    assert [7.0] in crossing.path[np.abs(crossing.path[:, 0] - 5) < 0.5][:, 1:].tolist()


def test_average_crossing_of_posts_is_above_the_least():
    # B5: straight crossings of the inverse-cube line at W/S = 0.7767 meet 0.6696 on average.
    spacing_m, width_m = 500.0, 388.325183
    slowness = periodic_posts(spacing_m, width_m**2 / (8 * math.pi), 0.0, 5.0, 5000.0)
    masks = belt(*slowness.shape)
    average = average_straight_crossing(slowness, 5.0, *masks)
    least = least_exposed_crossing(slowness, 5.0, *masks)
    assert average.n_blocked == 0
    assert average.p_average == pytest.approx(0.6696, abs=0.01)
    assert least.p_least < average.p_average


def test_profile_is_the_weakest_exit_of_each_bin():
    slowness = np.full((6, 40), 0.002)
    slowness[:, 20:] = 0.004
    slowness[:, 35:] = np.inf
    entry, exit_cells, inside = belt(6, 40)
    exposure = solve_eikonal(slowness, 100.0, entry, inside)
    chainage_m = np.broadcast_to(np.arange(40) * 100.0 + 250.0, slowness.shape).copy()
    chainage_m[:, 3:8] = np.nan  # the whole second bin
    profile = exposure_profile(exposure, exit_cells, chainage_m, 500.0)
    assert profile.start_m.tolist() == [500.0 * k for k in range(9)]
    by_hand = []
    for start_m in profile.start_m:
        cells = [c for c in range(40) if start_m <= chainage_m[0, c] < start_m + 500.0]
        by_hand.append(min((exposure[-1, c] for c in cells), default=math.nan))
    np.testing.assert_array_equal(profile.exposure, by_hand)
    assert math.isinf(profile.exposure[8])
    assert math.isnan(profile.p_least[8])
    assert np.isnan(profile.exposure).sum() == 1
    assert profile.p_least[2] == pytest.approx(1 - math.exp(-1.0), abs=1e-9)


def test_mistakes_are_gathered():
    slowness = np.full((4, 5), -1.0)
    entry, exit_cells, _ = belt(4, 5)
    with pytest.raises(GeometryError, match="2 problems") as caught:
        least_exposed_crossing(slowness, 10.0, entry, exit_cells, np.ones((3, 3), dtype=bool))
    assert {problem.where for problem in caught.value.problems} == {"slowness", "inside"}
    with pytest.raises(GeometryError, match="no cell can be entered"):
        solve_eikonal(np.ones((4, 5)), 10.0, np.zeros((4, 5), dtype=bool), np.ones((4, 5), dtype=bool))
    nowhere = np.zeros_like(entry)
    with pytest.raises(GeometryError, match="no exit cell lies inside"):
        least_exposed_crossing(np.ones((4, 5)), 10.0, entry, nowhere, np.ones_like(entry))
