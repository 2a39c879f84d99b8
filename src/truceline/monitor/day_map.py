"""What the map of a day shows: violations at the middle of their published positions, and the posts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from truceline.monitor.day_lines import DayRow
from truceline.monitor.day_model import MapPoint
from truceline.monitor.day_tally import NONE

if TYPE_CHECKING:
    import pandas as pd


def place_points(rows: Sequence[DayRow]) -> tuple[tuple[MapPoint, ...], int]:
    """Return violations by place, and how many acts have no position that may be drawn."""
    groups: dict[tuple[str, str, bool, float, float], list[DayRow]] = {}
    n_not_placed = 0
    for row in rows:
        if row.is_counted and not math.isfinite(row.lon):
            n_not_placed += row.count.best
        elif row.is_counted:
            where = (0.0, 0.0) if row.place else (row.lon, row.lat)
            groups.setdefault((row.region, row.place, row.is_exercise, *where), []).append(row)
    points = [
        MapPoint(
            place=place,
            lon=math.fsum(row.lon for row in group) / len(group),
            lat=math.fsum(row.lat for row in group) / len(group),
            count=sum((row.count for row in group), NONE),
            is_exercise=is_exercise,
        )
        for (_, place, is_exercise, *_), group in sorted(groups.items())
    ]
    return tuple(points), n_not_placed


def place_posts(
    efforts: pd.DataFrame, start: datetime, end: datetime
) -> tuple[tuple[str, float, float, bool], ...]:
    """Return the posts of a period (UTC): name, longitude, latitude, and whether each watched at all."""
    here = efforts[(efforts["time_from"] < end) & (efforts["time_to"] > start) & efforts["lon"].notna()]
    posts: dict[tuple[str, float, float], bool] = {}
    for row in here.itertuples():
        key = (row.post, float(row.lon), float(row.lat))
        posts[key] = posts.get(key, False) or row.state == "watched"
    return tuple((*key, up) for key, up in sorted(posts.items()))
