"""Made-up reports of a long mission: posts with bearings, press with settlements, teams with points.

Events gather at hot spots along a line and in bursts; each is told by one to four voices, with the errors
that the assumptions of linkage give them. `truth` holds the number of the event.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from truceline.events.feeds.sectors import locate_in_sectors
from truceline.events.frames import make_frame
from truceline.events.schema import REPORTS

KM_PER_DEG = 111.195
N_SPOTS = 60
N_POSTS = 40
_KINDS = np.array(["explosion", "burst", "shelling", "uav_strike", "firefight", "airstrike"], dtype=object)
_KIND_SHARES = np.array([0.35, 0.25, 0.2, 0.1, 0.06, 0.04])
_LIKE = {"explosion": "shelling", "burst": "firefight"}
"""What the press calls what a post hears."""


def make_reports(n: int, *, seed: int = 6, n_days: int = 1_500) -> pd.DataFrame:
    """Return about `n` reports in the order received."""
    random = np.random.default_rng(seed)
    n_events = round(n / 1.75)
    spots = np.column_stack([random.uniform(33, 39, N_SPOTS), random.uniform(46.5, 50.5, N_SPOTS)])
    spot = random.choice(N_SPOTS, n_events, p=(w := 1.0 / np.arange(2, N_SPOTS + 2)) / w.sum())
    # Half the events come in bursts of a quarter of an hour, the others at any time.
    start = random.uniform(0, n_days, n_events)
    burst = random.random(n_events) < 0.5
    parent = random.integers(0, n_events, n_events)
    start[burst] = start[parent[burst]] + random.exponential(0.01, burst.sum())
    spot[burst] = spot[parent[burst]]
    lon, lat = _move(spots[spot, 0], spots[spot, 1], random.rayleigh(6_000, n_events), random)
    kind = random.choice(_KINDS, n_events, p=_KIND_SHARES)
    voices = np.minimum(random.geometric(1 / 1.8, n_events), 4)
    event = np.repeat(np.arange(n_events), voices)
    order = np.argsort(start[event] + random.exponential(0.5, len(event)), kind="stable")
    event = event[order]
    manner = random.choice(3, len(event), p=[0.5, 0.35, 0.15])
    return _tell(event, manner, start[event], lon[event], lat[event], spot[event], kind[event], random)


def _tell(
    event: Any, manner: Any, start: Any, lon: Any, lat: Any, spot: Any, kind: Any, random: np.random.Generator
) -> pd.DataFrame:
    n = len(event)
    post, press = manner == 0, manner == 1
    number = random.integers(0, 4, n)
    # A post stands within three kilometres of its spot and states a sector of 22.5 degrees.
    bearing, distance = random.uniform(0, 360, n), random.uniform(1_000, 5_000, n)
    post_lon, post_lat = _shift(lon, lat, distance, bearing + 180)
    stated = np.round(bearing / 22.5) * 22.5
    near = np.floor(distance / 1_000) * 1_000
    width = np.full(n, 22.5)
    sector = locate_in_sectors(post_lon, post_lat, stated, width, near, near + 2_000)
    village_lon, village_lat = np.round(lon / 0.04) * 0.04, np.round(lat / 0.03) * 0.03
    point_lon, point_lat = _move(lon, lat, random.rayleigh(35, n), random)
    where = [post, press]
    minute = np.floor((start + random.normal(0, 60 / 86_400, n)) * 1_440) / 1_440
    day = np.floor(start)
    first = np.where(post, minute, day)
    length = np.where(post, 1 / 1_440, 1.0)
    base = np.datetime64("2021-01-01", "us")
    count = random.integers(1, 8, n).astype(float)
    told = pd.Series(kind).map(lambda word: _LIKE.get(word, word)).to_numpy(dtype=object)
    outlet = np.array([f"outlet {each}" for each in range(80)], dtype=object)
    columns: dict[str, Any] = {
        "report_id": np.arange(1, n + 1),
        "key": [f"{each:x}" for each in range(n)],
        "digest": [f"{each:032x}" for each in range(n)],
        "feed": np.select(where, ["own", "press"], "points"),
        "source": np.select(
            where, ["mission", outlet[random.integers(0, 80, n)]], np.where(number < 2, "one", "other")
        ),
        "means": np.select(where, ["post", "press"], "dataset"),
        "observation": np.select(where, ["heard", "told"], "recorded"),
        "post": np.where(post, [f"post {a}-{b}" for a, b in zip(spot, number, strict=True)], ""),
        "observer_lon": np.where(post, post_lon, np.nan),
        "observer_lat": np.where(post, post_lat, np.nan),
        "bearing_deg": np.where(post, stated, np.nan),
        "bearing_width_deg": np.where(post, 22.5, np.nan),
        "range_min_m": np.where(post, near, np.nan),
        "range_max_m": np.where(post, near + 2_000, np.nan),
        "time_from": base + (first * 86_400e6).astype("timedelta64[us]"),
        "time_to": base + ((first + length) * 86_400e6).astype("timedelta64[us]"),
        "time_precision": np.where(post, "minute", "day"),
        "zone": "Europe/Kyiv",
        "lon": np.select(where, [sector.lon, village_lon], point_lon),
        "lat": np.select(where, [sector.lat, village_lat], point_lat),
        "sigma_m": np.select(where, [sector.sigma_m, 1_500.0], 50.0),
        "sigma_across_m": np.select(where, [sector.sigma_across_m, 1_500.0], 50.0),
        "axis_deg": np.where(post, sector.axis_deg, 0.0),
        "place": np.where(press, "village", ""),
        "region": np.where(spot < 30, "North", "South"),
        "place_precision": np.select(where, ["bearing", "settlement"], "exact"),
        "kind": np.where(post, kind, told),
        "count_low": np.where(post, count, np.nan),
        "count_best": np.where(post, count, np.nan),
        "count_high": np.where(post, count, np.nan),
        "count_unit": np.where(post, "explosions", ""),
        "text": np.where(press, [f"text {each}" for each in range(n)], ""),
        "flags": 0,
        "truth": event.astype(str),
    }
    return make_frame(REPORTS, columns)


def _move(lon: Any, lat: Any, metres: Any, random: np.random.Generator) -> tuple[Any, Any]:
    return _shift(lon, lat, metres, random.uniform(0, 360, len(lon)))


def _shift(lon: Any, lat: Any, metres: Any, azimuth: Any) -> tuple[Any, Any]:
    km = np.asarray(metres) / 1_000 / KM_PER_DEG
    angle = np.radians(azimuth)
    return lon + km * np.sin(angle) / np.cos(np.radians(lat)), lat + km * np.cos(angle)
