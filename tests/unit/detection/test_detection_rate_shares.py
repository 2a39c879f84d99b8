"""The parts of the rate field, against the field of each owner alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from detection_cases import FlatSight, make_parameters
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.detection import _pairs
from truceline.detection.kinds import STATES
from truceline.detection.means import area_means, fixed_means, join_means
from truceline.detection.rate_shares import RateEntries, RateShares
from truceline.detection.rates import rate_fields
from truceline.detection.sensors import load_sensors
from truceline.errors import ScenarioError

SENSORS = load_sensors()
PARAMETERS = make_parameters()
FIXED = [name for name, sensor in SENSORS.items() if not sensor.is_area]
CLEAR = ("day", "night")


class EastHidden:
    """Seven in ten see what lies west of x = 0; nobody what lies east."""

    def p_visible(self, *arguments: Any, **options: Any) -> np.ndarray:
        target_xy_m, heights_m, target_index = arguments[2], arguments[3], arguments[5]
        seen = np.where(target_xy_m[target_index, 0] > 0, 0.0, 0.7).astype(np.float32)
        return np.broadcast_to(seen, (len(heights_m), len(seen)))


def dense(entries: RateEntries, n_owners: int, n_places: int) -> np.ndarray:
    field = np.zeros((n_owners, *entries.rate_per_s.shape[:2], n_places))
    for i, owner in enumerate(entries.owner):
        part = slice(entries.indptr[i], entries.indptr[i + 1])
        np.add.at(field[owner], (..., entries.place[part]), entries.rate_per_s[..., part])
    return field


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000), n_owners=st.integers(1, 6), pairs_per_batch=st.sampled_from([50, 4_000_000])
)
def test_each_part_is_the_field_of_its_owner_alone(seed: int, n_owners: int, pairs_per_batch: int) -> None:
    random = np.random.default_rng(seed)
    owner = np.sort(np.concatenate([np.arange(n_owners), random.integers(0, n_owners, 4)]))
    place = random.integers(0, 3, (n_owners, 2)) * 2000.0  # some owners share a place
    means = fixed_means(random.choice(FIXED, owner.size).tolist(), *place[owner].T, 12.0)
    means = replace(  # sensors of one owner may look along different arcs, and from different heights
        means,
        eye_height_m=random.choice([12.0, 20.0], owner.size),
        facing_deg=random.uniform(0, 360, owner.size),
        arc_deg=random.choice([90.0, 360.0], owner.size),
    )
    copies = random.integers(0, 3, owner.size)
    x, y = random.uniform(-9000, 9000, (2, 80))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_pairs, "PAIRS_PER_BATCH", pairs_per_batch)
        shares = RateShares(means, owner, copies, EastHidden(), SENSORS, PARAMETERS, cell_m=0.0, states=CLEAR)
        found = shares.gather(x, y)
    parts = dense(found, n_owners, x.size)
    for one in range(n_owners):
        alone = rate_fields(
            means, np.where(owner == one, copies, 0), x, y, EastHidden(), SENSORS, PARAMETERS,
            grid_sector=np.zeros(x.size, dtype=int), sector_area_m2=[1e9], cell_m=0.0,
        )[:, [STATES.index(state) for state in CLEAR]]  # fmt: skip
        np.testing.assert_allclose(parts[one], alone, rtol=1e-12)
    assert (np.diff(found.owner) > 0).all()
    assert found.rate_per_s.any(axis=(0, 1)).all()  # nothing is kept that adds nothing
    some = shares.gather(x, y, owners=[0])
    np.testing.assert_allclose(dense(some, n_owners, x.size)[0], parts[0], rtol=1e-12)
    assert set(some.owner.tolist()) <= {0}


def test_moving_means_and_absent_ones_have_no_part() -> None:
    means = join_means([fixed_means(["op_human"], 0.0, 0.0, 5.0), area_means(["patrol_foot"], [0], [8.0])])
    for copies, n in (([1, 1], 1), ([0, 1], 0)):
        shares = RateShares(means, [4, 5], copies, FlatSight(), SENSORS, PARAMETERS, cell_m=0.0)
        found = shares.gather([100.0, 60_000.0], [0.0, 0.0])
        assert found.owner.tolist() == [4] * n
        assert found.place.tolist() == [0] * n
        assert found.rate_per_s.shape == (2, 3, n)
    assert shares.gather([], []).rate_per_s.shape == (2, 3, 0)


def test_what_cannot_be_asked_is_refused_at_once() -> None:
    means = fixed_means(["op_human", "op_human"], [0.0, 10.0], 0.0, 5.0)
    with pytest.raises(ScenarioError) as caught:
        RateShares(
            means,
            [0],
            [1, -1],
            FlatSight(),
            SENSORS,
            PARAMETERS,
            cell_m=0.0,
            kinds=("mortar",),
            states=("dusk",),
        )
    assert [problem.where for problem in caught.value.problems] == ["kinds", "states", "copies", "owner"]
