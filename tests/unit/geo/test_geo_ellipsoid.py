"""The length of a degree, against the geodesics of the library."""

from __future__ import annotations

import numpy as np
import pytest

from truceline.geo.ellipsoid import metres_per_degree, open_geod


@pytest.mark.parametrize("lat", [-60.0, 0.0, 30.0, 48.0, 60.0])
def test_a_degree_is_as_long_as_the_geodesic_says(lat: float) -> None:
    east = open_geod().inv(30, lat, 30.01, lat)[2] * 100
    north = open_geod().inv(30, lat - 0.005, 30, lat + 0.005)[2] * 100
    assert [float(each) for each in metres_per_degree(lat)] == pytest.approx([east, north], rel=1e-6)


def test_it_takes_many_latitudes_and_can_be_divided_by_at_the_pole() -> None:
    east, north = metres_per_degree(np.array([0.0, 48.0, 90.0]))
    assert (np.diff(east) < 0).all()
    assert east[-1] > 0
    assert (np.diff(north) > 0).all()
