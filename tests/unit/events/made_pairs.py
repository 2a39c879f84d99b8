"""Made-up records of two teams with the published properties of real pairs, amid unrelated records.

Two teams place one event 56 m apart in the median, 101 m at 90 % and 174 m at 95 %, 4 % more than a
kilometre; they agree on the day in 95 %, mostly on the kind in 80 %. The other records come from towns of
unequal fame, in bursts by the day, and at sites with several records on one day: these make the nearest
record of the other team on the same day a true partner in only 78 % of cases.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

KM_PER_DEG = 111.195
KINDS = ("shelling", "damage", "airstrike", "missile_strike", "uav_strike", "casualty", "firefight")
KIND_SHARES = (0.42, 0.22, 0.12, 0.09, 0.06, 0.05, 0.04)


@dataclass(frozen=True)
class MadePairs:
    records: pd.DataFrame
    """source, date, lon, lat, kind."""
    pairs: list[tuple[int, int]]
    """Numbers of the records, from 1 in the order of the frame."""


def draw_separations(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return distances (m) with the published quantiles."""
    made = 47.2 * np.sqrt(-2.0 * np.log(1.0 - rng.random(n)))
    part = rng.random(n)
    middle = part > 0.925
    made[middle] = rng.uniform(110.0, 330.0, middle.sum())
    far = part > 0.96
    made[far] = np.exp(rng.uniform(np.log(1_000.0), np.log(30_000.0), far.sum()))
    return made


def make_pairs(
    seed: int,
    *,
    n_pairs: int = 635,
    n_days: int = 700,
    n_towns: int = 70,
    n_lone: tuple[int, int] = (6_000, 1_500),
    site_share: float = 0.58,
    site_m: float = 100.0,
    kinds_agree: float = 0.8,
    site_kinds_agree: float = 0.25,
) -> MadePairs:
    """Return records of team-a (the larger) and team-b; `site_share` of events lie at sites with
    more, `site_m` wide (standard deviation, itself scattered)."""
    rng = np.random.default_rng(seed)
    towns = np.column_stack([rng.uniform(30, 39, n_towns), rng.uniform(46.5, 51.5, n_towns)])
    fame = 1.0 / np.arange(1, n_towns + 1)
    radius_m = rng.lognormal(np.log(2_500.0), 0.5, n_towns)
    # Each town has its weeks: records gather in bursts.
    peaks = rng.uniform(0, n_days, (n_towns, 4))
    rows: list[tuple[str, int, float, float, str]] = []
    pairs: list[tuple[int, int]] = []

    def place() -> tuple[int, float, float]:
        town = rng.choice(n_towns, p=fame / fame.sum())
        day = int(np.clip(rng.normal(peaks[town, rng.integers(4)], 10.0), 0, n_days - 1))
        lon, lat = move(towns[town, 0], towns[town, 1], radius_m[town] * np.sqrt(-2 * np.log(rng.random())))
        return day, lon, lat

    def move(lon: float, lat: float, metres: float) -> tuple[float, float]:
        angle = rng.uniform(0, 2 * np.pi)
        north, east = metres * np.cos(angle) / 1000, metres * np.sin(angle) / 1000
        return lon + east / (KM_PER_DEG * np.cos(np.radians(lat))), lat + north / KM_PER_DEG

    def kind() -> str:
        return str(rng.choice(KINDS, p=KIND_SHARES))

    def surround(day: int, lon: float, lat: float, about: str) -> None:
        """Add other records of a site: other houses of one street, other posts of one raid."""
        for _ in range(1 + rng.geometric(0.5)):
            team = "team-a" if rng.random() < 0.55 else "team-b"
            near = move(lon, lat, site_m * np.sqrt(-2 * np.log(rng.random())) * np.exp(rng.normal(0, 0.8)))
            rows.append((team, day, *near, about if rng.random() < site_kinds_agree else kind()))

    separations = draw_separations(rng, n_pairs)
    for number in range(n_pairs):
        day, lon, lat = place()
        one = kind()
        other = one if rng.random() < kinds_agree else kind()
        off = 0 if rng.random() < 0.95 else int(rng.choice([-1, 1])) * (1 if rng.random() < 0.85 else 5)
        rows.append(("team-a", day, lon, lat, one))
        rows.append(
            ("team-b", int(np.clip(day + off, 0, n_days)), *move(lon, lat, separations[number]), other)
        )
        pairs.append((len(rows) - 1, len(rows)))
        if rng.random() < site_share:
            surround(day, lon, lat, one)
    for team, n in zip(("team-a", "team-b"), n_lone, strict=True):
        for _ in range(n):
            day, lon, lat = place()
            rows.append((team, day, lon, lat, kind()))
    frame = pd.DataFrame(rows, columns=["source", "day", "lon", "lat", "kind"])
    frame["date"] = pd.Timestamp("2022-03-01") + pd.to_timedelta(frame.pop("day"), unit="D")
    return shuffle(rng, frame, pairs)


def shuffle(rng: np.random.Generator, frame: pd.DataFrame, pairs: list[tuple[int, int]]) -> MadePairs:
    """Return the records in a drawn order, so that no rule can profit from the order."""
    order = rng.permutation(len(frame))
    where = np.empty(len(frame), dtype=int)
    where[order] = np.arange(1, len(frame) + 1)
    moved = [(int(where[one - 1]), int(where[other - 1])) for one, other in pairs]
    return MadePairs(frame.iloc[order].reset_index(drop=True), moved)


def nearest_share(made: MadePairs) -> float:
    """Return how often the nearest record of the other team on the same day is the true partner."""
    frame = made.records
    lat = frame["lat"].to_numpy() * KM_PER_DEG
    lon = frame["lon"].to_numpy() * KM_PER_DEG * np.cos(np.radians(frame["lat"].to_numpy()))
    source, date = frame["source"].to_numpy(), frame["date"].to_numpy()
    by_day = {day: np.flatnonzero(date == day) for day in np.unique(date)}
    right = []
    for pair in made.pairs:
        for one, other in (pair, pair[::-1]):
            i = one - 1
            rivals = by_day[date[i]]
            rivals = rivals[source[rivals] != source[i]]
            if not len(rivals):
                right.append(False)
                continue
            away = (lat[rivals] - lat[i]) ** 2 + (lon[rivals] - lon[i]) ** 2
            right.append(bool(rivals[away.argmin()] == other - 1))
    return float(np.mean(right))


def window_clusters(made: MadePairs, *, km: float = 1.0, days: int = 1) -> dict[int, int]:
    """Return the incident of each record where everything within a window is one, as in xSub: chains."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    frame = made.records
    lat = frame["lat"].to_numpy() * KM_PER_DEG
    lon = frame["lon"].to_numpy() * KM_PER_DEG * np.cos(np.radians(frame["lat"].to_numpy()))
    day = frame["date"].to_numpy().astype("datetime64[D]").astype(int)
    pairs = cKDTree(np.column_stack([lon, lat])).query_pairs(km, output_type="ndarray")
    pairs = pairs[np.abs(day[pairs[:, 0]] - day[pairs[:, 1]]) <= days]
    n = len(frame)
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    label = connected_components(graph, directed=False)[1]
    return dict(zip(range(1, n + 1), label.tolist(), strict=True))


def one_per_day_clusters(made: MadePairs, *, decimals: int = 2) -> dict[int, int]:
    """Return the incident of each record where kind, day and rounded place make one, as in VIINA."""
    frame = made.records
    key = [frame["lon"].round(decimals), frame["lat"].round(decimals), frame["date"], frame["kind"]]
    label = frame.groupby(key, sort=False).ngroup()
    return dict(zip(range(1, len(frame) + 1), label.tolist(), strict=True))
