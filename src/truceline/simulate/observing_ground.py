"""Where simulated incidents lie on the ground, and which posts of the mission are near.

Degrees (WGS 84), metres; azimuths clockwise from north. Posts are those of the plan where it has some, else
evenly spaced ones. Places are good to some tens of metres over tens of kilometres, which is less than any
observer's error here. It knows nothing of what happens there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truceline.events.kinds import Means
from truceline.geo.ellipsoid import metres_per_degree
from truceline.simulate.observing_rules import ObservingRules
from truceline.simulate.watch import Watch

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_KM = 1000.0
_CHUNK = 2_000
"""Incidents compared with all posts at a time, which bounds memory."""


@dataclass(frozen=True, eq=False)
class ObservedGround:
    """A line with the posts that watch it."""

    watch: Watch
    post: NDArray[np.object_]
    """Name of each post."""
    post_lon: FloatArray
    post_lat: FloatArray
    is_camera: NDArray[np.bool_]
    """Whether the post is a camera or a mast: it records, and nobody there listens."""

    def place(self, km: FloatArray, side: IntArray, depth_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude of places `depth_m` from the line, on the side of a (0) or b (1)."""
        watch = self.watch
        lon = np.interp(km, watch.middles_km, watch.lon)
        lat = np.interp(km, watch.middles_km, watch.lat)
        away = watch.towards_a[self.bin_of(km)] * np.where(side == 0, depth_m, -depth_m)[:, None]
        return shift_places(lon, lat, away[:, 0], away[:, 1])

    def bin_of(self, km: FloatArray) -> IntArray:
        """Return the bin of the watch in which each kilometre lies."""
        return np.clip((km / self.watch.bin_km).astype(np.int64), 0, self.watch.n_bins - 1)

    def sector_of(self, km: FloatArray) -> NDArray[np.object_]:
        """Return the name of the sector of each kilometre."""
        names = np.array(self.watch.sectors, dtype=object)
        return np.asarray(names[self.bin_of(km)], dtype=object)

    def nearest_posts(self, lon: FloatArray, lat: FloatArray, n: int, *, hearing: bool) -> IntArray:
        """Return the numbers of the nearest posts of each place, nearest first: shape (places, n).

        With `hearing` only of those where somebody listens, as far as there are enough; where the mission has
        fewer posts than n the last is repeated.
        """
        among = np.flatnonzero(~self.is_camera) if hearing else np.arange(len(self.post))
        if len(among) < min(n, len(self.post)):
            among = np.arange(len(self.post))
        found = np.empty((len(lon), n), dtype=np.int64)
        k = min(n, len(among))
        for start in range(0, len(lon), _CHUNK):
            rows = slice(start, start + _CHUNK)
            east, north = metres_between(
                lon[rows, None], lat[rows, None], self.post_lon[among][None, :], self.post_lat[among][None, :]
            )
            order = np.argsort(np.hypot(east, north), axis=1, kind="stable")[:, :k]
            found[rows, :k] = among[order]
            found[rows, k:] = found[rows, k - 1 : k]
        return found


def lay_ground(watch: Watch, rules: ObservingRules) -> ObservedGround:
    """Return the ground of a watch: with the posts of its plan, or evenly spaced ones where it has none.

    Raises OutputError where a file of the plan cannot be read.
    """
    if watch.source:
        from truceline.monitor.places import read_places_of_plan

        posts = read_places_of_plan(Path(watch.source), posture=watch.posture).posts
        posts = posts[posts["lon"].notna() & posts["lat"].notna()]
        if len(posts):
            return ObservedGround(
                watch,
                posts["post"].to_numpy(dtype=object),
                posts["lon"].to_numpy(dtype=float),
                posts["lat"].to_numpy(dtype=float),
                (posts["means"] == Means.camera.value).to_numpy(dtype=bool),
            )
    return _spread_posts(watch, rules)


def _spread_posts(watch: Watch, rules: ObservingRules) -> ObservedGround:
    """Return posts at equal distances, in turn on the two sides of the line; two at least."""
    n = max(2, round(watch.length_km / rules.post_spacing_km))
    km = (np.arange(n) + 0.5) * watch.length_km / n
    bare = ObservedGround(watch, np.empty(0, dtype=object), np.empty(0), np.empty(0), np.empty(0, dtype=bool))
    setback_m = np.full(n, rules.post_setback_km * _KM)
    lon, lat = bare.place(km, np.arange(n) % 2, setback_m)
    names = np.array([f"team km {at:.0f}" for at in km], dtype=object)
    if len(set(names)) < n:  # a line shorter than its posts are many
        names = np.array([f"team {number + 1}" for number in range(n)], dtype=object)
    return ObservedGround(watch, names, lon, lat, np.zeros(n, dtype=bool))


def metres_between(
    lon: FloatArray, lat: FloatArray, to_lon: FloatArray, to_lat: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return metres east and north from one place to another; for some tens of kilometres."""
    per_lon, per_lat = metres_per_degree((lat + to_lat) / 2.0)
    return (to_lon - lon) * per_lon, (to_lat - lat) * per_lat


def shift_places(
    lon: FloatArray, lat: FloatArray, east_m: FloatArray, north_m: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return places some metres east and north of others."""
    _, per_lat = metres_per_degree(lat)
    moved = lat + north_m / per_lat
    per_lon, _ = metres_per_degree((lat + moved) / 2.0)
    return lon + east_m / per_lon, moved


def azimuth_of(east_m: FloatArray, north_m: FloatArray) -> FloatArray:
    """Return the direction of a shift, degrees clockwise from north, 0 to 360."""
    return np.asarray(np.degrees(np.arctan2(east_m, north_m)) % 360.0)
