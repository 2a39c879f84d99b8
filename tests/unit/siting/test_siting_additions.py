"""The best single addition against trying every candidate, and the bound it rests on."""

import math

import numpy as np
import pytest
from crossing_fields import belt, staggered_sensors
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import GeometryError
from truceline.siting import _crossing_kernels
from truceline.siting.additions import ListedAdditions, find_best_addition, weigh_crossing
from truceline.siting.eikonal import solve_eikonal

CELL_M = 100.0
L9 = {
    "sensors_m": [[0.0, 1000.0], [3400.0, 3000.0], [6600.0, 1000.0], [10000.0, 3000.0]],
    "rate0_per_s": 1 / 480,
    "r0_m": 1300.0,
    "speed_m_per_s": 2.0,
    "belt_m": [10000, 4000],
}


def random_ground(random, n_rows, n_columns, bare_share, blocked_share):
    slowness = random.uniform(0.0, 1e-3, (n_rows, n_columns)) ** 2 * 1e3
    slowness[random.random(slowness.shape) < bare_share] = 0.0
    slowness[random.random(slowness.shape) < blocked_share] = np.inf
    slowness[0, 0] = 1e-4
    return slowness


def random_candidates(random, n_rows, n_columns, n, n_cases):
    row, column = np.mgrid[0:n_rows, 0:n_columns]
    cells = []
    for _ in range(n):
        distance = np.hypot(row - random.uniform(0, n_rows), column - random.uniform(0, n_columns))
        cells.append(np.flatnonzero(distance < random.uniform(0.5, 5)))
    indptr = np.concatenate([[0], np.cumsum([len(part) for part in cells])]).astype(np.int64)
    return ListedAdditions(indptr, np.concatenate(cells), random.uniform(0, 5e-4, (n_cases, indptr[-1])))


def least(slowness, entry, exit_cells, inside):
    return float(solve_eikonal(slowness, CELL_M, entry, inside)[exit_cells & inside].min())


def least_with(cases, additions, j, masks):
    cells, added = additions.cells_of(j)
    found = []
    for slowness, more in zip(cases, added, strict=True):
        raised = slowness.copy()
        raised.ravel()[cells] += more
        found.append(least(raised, *masks))
    return min(found)


grounds = {
    "seed": st.integers(0, 100_000),
    "n_rows": st.integers(3, 12),
    "n_columns": st.integers(3, 20),
    "bare_share": st.sampled_from([0.0, 0.4, 0.95]),
    "blocked_share": st.sampled_from([0.0, 0.15]),
}


@settings(max_examples=40, deadline=None)
@given(**grounds)
def test_the_weights_bound_every_other_field_from_above(seed, n_rows, n_columns, bare_share, blocked_share):
    random = np.random.default_rng(seed)
    slowness = random_ground(random, n_rows, n_columns, bare_share, blocked_share)
    masks = belt(n_rows, n_columns)
    weights = weigh_crossing(slowness, CELL_M, *masks)
    if math.isinf(weights.exposure):
        assert not weights.metres.any()
        return
    assert weights.is_bound
    used = weights.metres > 0
    total = (weights.metres[used] * slowness[used]).sum()
    assert total == pytest.approx(weights.exposure, rel=1e-6, abs=1e-12)
    for _ in range(5):
        other = np.where(np.isinf(slowness), np.inf, slowness * random.uniform(0, 3, slowness.shape))
        bound = (weights.metres[used] * other[used]).sum()
        assert least(other, *masks) <= bound * (1 + 1e-9) + 1e-12


@settings(max_examples=40, deadline=None)
@given(n_candidates=st.integers(1, 12), n_cases=st.integers(1, 3), **grounds)
def test_the_best_addition_is_the_best_of_all_tried_one_by_one(
    seed, n_rows, n_columns, bare_share, blocked_share, n_candidates, n_cases
):
    random = np.random.default_rng(seed)
    cases = [random_ground(random, n_rows, n_columns, bare_share, blocked_share) for _ in range(n_cases)]
    additions = random_candidates(random, n_rows, n_columns, n_candidates, n_cases)
    masks = belt(n_rows, n_columns)
    found = find_best_addition(cases, CELL_M, *masks, additions, n_candidates)
    before = min(least(slowness, *masks) for slowness in cases)
    if found is None:
        assert math.isinf(before)
        return
    assert found.exposure_before == pytest.approx(before)
    one_by_one = [least_with(cases, additions, j, masks) for j in range(n_candidates)]
    best = max(one_by_one)
    assert found.exposure_after == pytest.approx(max(best, before), rel=1e-6, abs=1e-12)
    if found.candidate >= 0:
        assert one_by_one[found.candidate] == pytest.approx(best, rel=1e-6, abs=1e-12)
        assert found.exposure_after > before
    assert 0 <= found.n_solved <= n_candidates == found.n_candidates


def test_what_a_sensor_adds_along_the_weights_is_what_its_loss_takes_at_least():
    slowness = staggered_sensors(L9, CELL_M)
    masks = belt(*slowness.shape)
    weights = weigh_crossing(slowness, CELL_M, *masks)
    shares = []
    for k in range(4):
        alone = staggered_sensors({**L9, "sensors_m": [L9["sensors_m"][k]]}, CELL_M)
        shares.append((weights.metres * alone).sum())
        assert least(slowness - alone, *masks) <= (weights.exposure - shares[-1]) * (1 + 1e-9)
    assert sum(shares) == pytest.approx(weights.exposure, rel=1e-9)


def test_the_weights_are_metres_along_the_path():
    slowness = staggered_sensors(L9, CELL_M)
    weights = weigh_crossing(slowness, CELL_M, *belt(*slowness.shape))
    assert weights.exposure == pytest.approx((weights.metres * slowness).sum(), rel=1e-9)
    straight_m = (slowness.shape[0] - 1) * CELL_M
    assert straight_m <= weights.metres.sum() < 1.5 * straight_m


def test_a_neighbour_that_rounding_left_no_lower_gets_no_share():
    field = np.full((4, 4), np.inf)
    field[1, 1], field[1, 2], field[2, 2] = 0.0, 1.0, 1.0  # source; where the mass lies; as high as that
    step = np.full((4, 4), 1.0 + 1e-15)
    mass, weight = np.zeros((4, 4)), np.zeros((4, 4))
    mass[1, 2] = 1.0
    order = np.array([6])  # row 1, column 2
    assert _crossing_kernels.weigh_cells(step, field, order, mass, weight) == 0.0
    assert mass[1, 1] == 1.0
    assert weight[1, 2] == 1.0
    field[1, 1] = 1.0  # now no neighbour is lower
    mass[:] = 0.0
    mass[1, 2] = 1.0
    assert _crossing_kernels.weigh_cells(step, field, order, mass, weight) == 1.0


def test_few_candidates_are_solved_on_a_long_line():
    n = 200
    random = np.random.default_rng(3)
    x, y = np.meshgrid(np.arange(400.0), np.arange(40.0))
    slowness = np.zeros(x.shape)
    for at in np.arange(5, 400, 10) + random.normal(0, 1.5, 40):
        slowness += 1e-3 / (1 + ((x - at) ** 2 + (y - 20) ** 2) / 9) ** 1.5
    cells, values = [], []
    for at in np.linspace(1, 398, n):
        distance = np.hypot(x - at, y - 20)
        cells.append(np.flatnonzero(distance < 15))
        values.append(1e-3 / (1 + distance.ravel()[cells[-1]] ** 2 / 9) ** 1.5)
    indptr = np.concatenate([[0], np.cumsum([len(part) for part in cells])]).astype(np.int64)
    additions = ListedAdditions(indptr, np.concatenate(cells), np.concatenate(values)[None])
    found = find_best_addition([slowness], CELL_M, *belt(*x.shape), additions, n)
    assert found is not None
    assert found.candidate >= 0
    assert found.exposure_after > found.exposure_before
    assert found.n_solved <= n // 5


def test_nothing_helps_where_no_candidate_reaches():
    slowness = np.full((5, 8), 1e-3)
    nowhere = ListedAdditions(np.zeros(3, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros((1, 0)))
    found = find_best_addition([slowness], CELL_M, *belt(5, 8), nowhere, 2)
    assert found is not None
    assert (found.candidate, found.n_solved) == (-1, 0)
    assert found.exposure_after == found.exposure_before
    none = find_best_addition([slowness], CELL_M, *belt(5, 8), nowhere, 0)
    assert none is not None
    assert none.candidate == -1


def test_a_case_that_cannot_be_passed_does_not_count():
    open_ground, river = np.full((5, 8), 1e-3), np.full((5, 8), 1e-3)
    river[2] = np.inf
    one = ListedAdditions(np.array([0, 40]), np.arange(40), np.full((2, 40), 1e-3))
    found = find_best_addition([river, open_ground], CELL_M, *belt(5, 8), one, 1)
    assert found is not None
    assert (found.candidate, found.case_before, found.case_after) == (0, 1, 1)
    assert found.exposure_after == pytest.approx(2 * found.exposure_before)
    assert find_best_addition([river], CELL_M, *belt(5, 8), one, 1) is None


def test_mistakes_are_gathered():
    masks = belt(5, 8)
    one = ListedAdditions(np.array([0, 1]), np.array([3]), np.ones((1, 1)))
    with pytest.raises(GeometryError, match="there is no case"):
        find_best_addition([], CELL_M, *masks, one, 1)
    with pytest.raises(GeometryError, match="negative or not a number"):
        find_best_addition([np.full((5, 8), -1.0)], CELL_M, *masks, one, 1)
