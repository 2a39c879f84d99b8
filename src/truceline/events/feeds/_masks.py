"""Points that mislead: those that stand for a whole province, and works that are hot on every clear night.

Reports at such points are flagged and kept. Distances in metres on the local plane, which is exact enough for
the few kilometres asked about. The tables are facts with their source; nothing is learnt from the data here.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from truceline.events.feeds._columns import Words
from truceline.events.feeds.base import FloatArray
from truceline.geo.ellipsoid import metres_per_degree

FAR = -1
"""Index for a position that is near none of the points."""


@dataclass(frozen=True)
class MaskPoints:
    """Named points."""

    names: tuple[str, ...]
    regions: Words
    """Region that the point stands for or lies in; empty where the table has none."""
    lon: FloatArray
    lat: FloatArray

    def find_near(self, lon: FloatArray, lat: FloatArray, radius_m: float) -> NDArray[np.int64]:
        """Return for each position the nearest point within `radius_m`, or FAR."""
        nearest = np.full(len(lon), FAR, dtype=np.int64)
        least = np.full(len(lon), radius_m, dtype=float)
        for index in range(len(self.names)):
            east, north = metres_per_degree(self.lat[index])
            far = np.hypot((lon - self.lon[index]) * east, (lat - self.lat[index]) * north)
            closer = far <= least  # false for NaN: no position is near nothing
            nearest[closer] = index
            least[closer] = far[closer]
        return nearest


@cache
def load_placeholders() -> MaskPoints:
    """Return the points that geocoders give for a whole region."""
    return _read_points("placeholder_points.csv")


@cache
def load_persistent_heat() -> MaskPoints:
    """Return works that satellites see as hot on every clear night."""
    return _read_points("persistent_heat.csv")


def _read_points(name: str) -> MaskPoints:
    text = files("truceline.events").joinpath("library", name).read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return MaskPoints(
        names=tuple(row["name"] for row in rows),
        regions=np.array([row.get("region") or "" for row in rows], dtype=object),
        lon=np.array([float(row["lon"]) for row in rows]),
        lat=np.array([float(row["lat"]) for row in rows]),
    )
