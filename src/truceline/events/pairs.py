"""Reports laid out for comparison, the density of reports around each, and the best partners of each.

The score of a pair is the logarithm of the odds that both describe one event: prior odds, times how much
better one event than two explains place, time, words, source and counts. What two events would look like is
taken from the reports around: where many things happen close together, two reports must agree more closely.
Degrees, metres, days since 1970; densities per square kilometre and day. Decides nothing: `clusters` does.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.kinds import OWN_MEANS, Flag, Kind, Means, PlacePrecision, TimePrecision
from truceline.events.likeness import KINDS, PHASES, WEAPONS, weigh_kinds, weigh_phases, weigh_weapons
from truceline.events.positions import covariance_from_ellipse
from truceline.geo.ellipsoid import SPHERE_KM_PER_DEGREE
from truceline.scenario.assumption import AssumptionSet

if TYPE_CHECKING:
    import pandas as pd

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_LISTED = (Kind.launch.value, Kind.air_alert.value)
"""Kinds that come from lists which state each event in one row."""
TERMS = ("space", "time", "words", "source", "count", "distance_m")
"""Columns of `explain_pairs`; all but the last are parts of the score."""
NEEDED = (
    "report_id", "supersedes", "feed", "source", "source_ref", "means", "post", "time_from", "time_to",
    "time_precision", "lon", "lat", "sigma_m", "sigma_across_m", "axis_deg", "place", "region",
    "place_precision", "kind", "phase", "weapon", "count_low", "count_best", "count_high", "count_unit",
    "killed_low", "killed_best", "killed_high", "hurt_low", "hurt_best", "hurt_high", "flags",
)  # fmt: skip
"""Columns of reports that linkage reads."""

_CELL_KM = 2.5
_DENSITY_SCALES = ((10.0, 10.0), (3.0, 1.0), (1.0, 1.0))
"""Cells (km) and time bins (days) of the density, coarse to fine; 3 by 3 by 3 of them are counted."""
_BURST_SCALE = (3.0, 1.0 / 24.0)
"""The same for reports timed to the minute: a barrage is dense in time."""
_DAY_S = 86_400.0
_PRESS = frozenset({Means.press, Means.party, Means.unknown, ""})


class PairData(NamedTuple):
    """Reports as arrays, one entry for each; as the kernels take them."""

    lon: FloatArray
    lat: FloatArray
    xx: FloatArray
    """Covariance of the position, eastwards, m2."""
    xy: FloatArray
    yy: FloatArray
    since: FloatArray
    """Start, days since 1970."""
    until: FloatArray
    slack: FloatArray
    """Standard deviation of the error of the times, days."""
    kind: NDArray[np.int16]
    phase: NDArray[np.int16]
    weapon: NDArray[np.int16]
    source: IntArray
    source_cost: FloatArray
    """Weight of a second report of the same source."""
    post: IntArray
    """Number of the post; -1 where none is named."""
    post_cost: FloatArray
    count_low: FloatArray
    count_high: FloatArray
    unit: IntArray
    killed_low: FloatArray
    killed_high: FloatArray
    hurt_low: FloatArray
    hurt_high: FloatArray
    far: FloatArray
    """Chance that the place is plainly wrong."""
    area: IntArray
    """Number of the region that the position stands for; -1 where it is a place."""
    place: IntArray
    """Number of the name of the place; -1 where none is named."""
    log_density: FloatArray
    """Logarithm of the reports a square kilometre and day around; for regions, of those a day."""


class Tables(NamedTuple):
    """Weights of words by their numbers."""

    kind: FloatArray
    phase: FloatArray
    weapon: FloatArray


class Weights(NamedTuple):
    """The assumptions as the kernels take them."""

    prior: float
    link: float
    veto: float
    hopeless: float
    """Score of place and time that no agreement of words can mend."""
    floor_m2: float
    core_share: float
    loose_share: float
    loose_times: float
    far_share: float
    far_m: float
    log_near_repeat: float
    """Logarithm of the density of the further events that one event breeds."""
    right_time_share: float
    wrong_hour_share: float
    wrong_hours_days: float
    next_day_share: float
    wrong_date_share: float
    wrong_date_clock_share: float
    """The same where both give the time to some hours."""
    wrong_date_post_share: float
    """The same where both are posts, which log by the clock."""
    wrong_date_days: float
    count_agrees: float
    count_differs: float
    count_most: float
    search_m: float
    search_days: float
    enough: int
    """Reports looked at after which the search goes no farther out than it must."""
    most_in_cell: int
    most_members: int


@dataclass(frozen=True)
class LinkageSettings:
    """How reports are linked."""

    assumptions: AssumptionSet
    n_partners: int = 16
    """Best partners kept for each report."""
    enough: int = 200
    """Reports looked at after which the search goes no farther out than it must."""
    most_in_cell: int = 120
    """Reports looked at in one cell of 2.5 km, nearest in time first."""
    most_members: int = 12
    """Members of a cluster compared when two are joined."""
    workers: int = 0
    """Threads; 0 uses as many as the machine has. The result is the same for any number."""

    def value(self, name: str) -> float:
        """Return an assumption of linkage by the last part of its name."""
        return self.assumptions.value(f"linkage.{name}")


def default_settings() -> LinkageSettings:
    """Return the packaged settings."""
    return LinkageSettings(load_watching_assumptions())


@dataclass(frozen=True)
class Layout:
    """Reports ready to be compared."""

    data: PairData
    tables: Tables
    weights: Weights
    workers: int
    n_partners: int

    def __len__(self) -> int:
        return len(self.data.lon)


@dataclass(frozen=True)
class Partners:
    """The best partners of some reports, best first."""

    queries: IntArray
    """Rows of the reports asked for."""
    scores: NDArray[np.float32]
    """(queries, k) logarithms of odds."""
    others: NDArray[np.int32]
    """(queries, k) rows of the partners; -1 where there are no more."""


def lay_out(reports: pd.DataFrame, settings: LinkageSettings, *, queries: IntArray | None = None) -> Layout:
    """Return reports as arrays, with the density of reports around each.

    `queries` are the rows whose partners will be asked for; the density is only needed for these and their
    partners, but is computed for all.
    """
    weights = make_weights(settings)
    kind = _numbers_of(reports["kind"], KINDS, KINDS.index("other"))
    frequency = np.bincount(kind, minlength=len(KINDS)).astype(float)
    tables = Tables(
        weigh_kinds(frequency, settings.assumptions),
        weigh_phases(settings.assumptions),
        weigh_weapons(settings.assumptions),
    )
    data = _arrays(reports, kind, settings)
    workers = settings.workers or os.cpu_count() or 1
    layout = Layout(data, tables, weights, workers, settings.n_partners)
    return Layout(_with_density(layout, settings), tables, weights, workers, settings.n_partners)


def make_weights(settings: LinkageSettings) -> Weights:
    """Return the assumptions as the kernels take them."""
    value = settings.value
    partner = value("p_partner")
    best_words = value("kind.most") + value("phase.same") + value("weapon.same") + 3 * value("count.agrees")
    return Weights(
        prior=math.log(partner / (1.0 - partner)),
        link=value("link_score"),
        veto=value("veto_score"),
        hopeless=min(value("veto_score"), value("link_score")) - best_words - 20.0,
        floor_m2=2.0 * value("disagreement_m") ** 2,
        core_share=1.0 - value("loose_share") - value("far_share"),
        loose_share=value("loose_share"),
        loose_times=value("loose_times"),
        far_share=value("far_share"),
        far_m=value("far_m"),
        log_near_repeat=math.log(value("near_repeat")),
        right_time_share=1.0 - value("next_day_share") - value("wrong_date_share"),
        wrong_hour_share=value("wrong_hour_share"),
        wrong_hours_days=value("wrong_hours") / 24.0,
        next_day_share=value("next_day_share"),
        wrong_date_share=value("wrong_date_share"),
        wrong_date_clock_share=value("wrong_date_clock_share"),
        wrong_date_post_share=value("wrong_date_post_share"),
        wrong_date_days=value("wrong_date_days"),
        count_agrees=value("count.agrees"),
        count_differs=value("count.differs"),
        count_most=value("count.most"),
        search_m=value("search_m"),
        search_days=value("search_days"),
        enough=settings.enough,
        most_in_cell=settings.most_in_cell,
        most_members=settings.most_members,
    )


def find_partners(layout: Layout, queries: IntArray, *, least: float | None = None) -> Partners:
    """Return the best partners of some reports among all, those of at least a score `least` (the veto)."""
    from truceline.events import _linkage_kernels as kernels

    data = layout.data
    n_columns = _n_columns(_CELL_KM)
    numbers = kernels.number_cells(data.lon, data.lat, data.area, _CELL_KM, n_columns)
    middle = 0.5 * (data.since + data.until)
    order = np.lexsort((middle, numbers))
    cells, starts = np.unique(numbers[order], return_index=True)
    starts = np.append(starts, len(order)).astype(np.int64)
    k = max(1, min(layout.n_partners, len(layout) - 1))
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    others = np.full((len(queries), k), -1, dtype=np.int32)
    floor = layout.weights.veto if least is None else least
    # Neighbours in place and time share what the processor keeps at hand: lay the reports out in the order
    # of the cells, and ask in that order.
    sorted_data = PairData._make(column[order] for column in data)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    near = np.argsort(place[queries], kind="stable")
    asked = place[queries[near]]
    found_scores, found_others = scores[near], others[near]

    def run(part: slice) -> None:
        kernels.find_partners(
            asked[part], sorted_data, layout.tables, layout.weights, cells, starts, middle[order],
            _CELL_KM, n_columns, found_scores[part], found_others[part], floor,
        )  # fmt: skip

    run_parts(run, len(queries), layout.workers)
    scores[near], others[near] = found_scores, np.where(found_others < 0, -1, order[found_others])
    return Partners(queries, scores, others)


def explain_pairs(layout: Layout, first: IntArray, second: IntArray) -> FloatArray:
    """Return the terms of pairs (pairs, 6), in the order of `TERMS`; with the prior they add to the score."""
    from truceline.events import _linkage_kernels as kernels

    return np.asarray(kernels.explain_pairs(layout.data, layout.tables, layout.weights, first, second))


def run_parts(run: Callable[[slice], None], n: int, workers: int) -> None:
    """Run over `n` things in slices, one thread each; far more slices than threads, as some are slow."""
    size = max(2048, -(-n // (8 * workers)))
    parts = [slice(start, min(start + size, n)) for start in range(0, n, size)]
    if workers == 1 or len(parts) <= 1:
        for part in parts:
            run(part)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run, parts))


def days_since_1970(moments: pd.Series) -> FloatArray:
    """Return moments as days since 1970, fractions included; NaN where missing."""
    micro = moments.to_numpy(dtype="datetime64[us]")
    made = np.asarray(micro.astype(np.int64) / (_DAY_S * 1e6))
    made[np.isnat(micro)] = np.nan
    return made


def number_texts(*columns: pd.Series) -> IntArray:
    """Return a number for each combination of texts, from 0 in no meaningful order."""
    import pandas as pd

    made = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes, words = pd.factorize(column.to_numpy(dtype=object))
        made = made * max(len(words), 1) + codes
        made = np.unique(made, return_inverse=True)[1].astype(np.int64)
    return made


def _numbers_of(column: pd.Series, words: tuple[str, ...], unknown: int) -> NDArray[np.int16]:
    """Return the number of each word in a vocabulary."""
    import pandas as pd

    codes, found = pd.factorize(column.to_numpy(dtype=object))
    known = {word: number for number, word in enumerate(words)}
    lookup = np.array([known.get(str(word), unknown) for word in found] or [unknown], dtype=np.int16)
    return np.asarray(lookup[codes])


def _arrays(reports: pd.DataFrame, kind: NDArray[np.int16], settings: LinkageSettings) -> PairData:
    number = {name: reports[name].to_numpy(dtype=float) for name in _NUMBERS}
    unknown = settings.value("unknown_sigma_m")
    along = np.where(np.isnan(number["sigma_m"]), unknown, number["sigma_m"])
    across = np.where(np.isnan(number["sigma_across_m"]), along, number["sigma_across_m"])
    xx, xy, yy = covariance_from_ellipse(along, across, number["axis_deg"])
    since = days_since_1970(reports["time_from"])
    until = days_since_1970(reports["time_to"])
    since = np.where(np.isnan(since), until, since)
    until = np.where(np.isnan(until), since, until)
    flags = reports["flags"].to_numpy(dtype=np.int64, na_value=0)
    post = number_texts(reports["source"], reports["post"])
    means = reports["means"].to_numpy(dtype=object)
    is_press = np.isin(means, list(_PRESS))
    unnamed = reports["source"].to_numpy(dtype=object) == ""
    cost = np.where(is_press | unnamed, settings.value("source.press"), settings.value("source.dataset"))
    is_listed = np.isin(reports["kind"].to_numpy(dtype=object), _LISTED)
    cost = np.where(is_listed, settings.value("source.list"), cost)
    low, high = _range_of(number, "count")
    killed_low, killed_high = _range_of(number, "killed")
    hurt_low, hurt_high = _range_of(number, "hurt")
    return PairData(
        lon=number["lon"],
        lat=number["lat"],
        xx=xx,
        xy=xy,
        yy=yy,
        since=np.nan_to_num(since, nan=0.0),
        until=np.maximum(np.nan_to_num(since, nan=0.0), np.nan_to_num(until, nan=0.0)),
        slack=_slack_days(reports["time_precision"], settings),
        kind=kind,
        phase=_numbers_of(reports["phase"], PHASES, 0),
        weapon=_numbers_of(reports["weapon"], WEAPONS, 0),
        source=number_texts(reports["source"]),
        source_cost=cost,
        post=np.where(reports["post"].to_numpy(dtype=object) == "", -1, post),
        post_cost=np.full(len(reports), settings.value("source.post")),
        count_low=low,
        count_high=high,
        unit=number_texts(reports["count_unit"]),
        killed_low=killed_low,
        killed_high=killed_high,
        hurt_low=hurt_low,
        hurt_high=hurt_high,
        far=np.where(
            np.isin(means, [str(each) for each in OWN_MEANS]),
            settings.value("far_share_own"),
            settings.value("far_share"),
        ),
        area=_areas(reports, along, flags, settings),
        place=np.where(
            reports["place"].to_numpy(dtype=object) == "", -1, number_texts(reports["place"].str.casefold())
        ),
        log_density=np.zeros(len(reports)),
    )


_RANGES = tuple(f"{what}_{end}" for what in ("count", "killed", "hurt") for end in ("low", "best", "high"))
_NUMBERS = ("lon", "lat", "sigma_m", "sigma_across_m", "axis_deg", *_RANGES)


def _range_of(number: dict[str, FloatArray], what: str) -> tuple[FloatArray, FloatArray]:
    """Return the ends of a range; one that is missing is the other, or the best value."""
    low, best, high = (number[f"{what}_{end}"] for end in ("low", "best", "high"))
    low = np.where(np.isnan(low), np.where(np.isnan(best), high, best), low)
    high = np.where(np.isnan(high), np.where(np.isnan(best), low, best), high)
    return low, high


def _slack_days(precision: pd.Series, settings: LinkageSettings) -> FloatArray:
    """Return the standard deviation of the error of the times, by how precisely they are stated."""
    words = precision.to_numpy(dtype=object)
    hourly = settings.value("hour_slack_s") / _DAY_S
    by_clock = np.isin(words, [TimePrecision.second, TimePrecision.minute])
    return np.where(by_clock, settings.value("clock_s") / _DAY_S, hourly)


def _areas(reports: pd.DataFrame, along: FloatArray, flags: IntArray, settings: LinkageSettings) -> IntArray:
    """Return the number of the region for positions that stand for one, -1 for places."""
    precision = reports["place_precision"].to_numpy(dtype=object)
    coarse = np.isin(precision, [PlacePrecision.region, PlacePrecision.country, PlacePrecision.unknown])
    no_point = np.isnan(reports["lon"].to_numpy(dtype=float)) | np.isnan(reports["lat"].to_numpy(dtype=float))
    is_area = coarse | no_point | (along > settings.value("placed_max_m")) | (flags & Flag.placeholder > 0)
    region = reports["region"].to_numpy(dtype=object)
    name = reports["region"].where(region != "", reports["place"])
    return np.where(is_area, number_texts(name), -1)


def _with_density(layout: Layout, settings: LinkageSettings) -> PairData:
    """Return the data with the density of reports around each, coarse scales steadying the fine ones.

    At each scale the count is a Poisson draw whose rate has, before it is seen, the mean of the scale above
    with the weight of one report.
    """
    data = layout.data
    least = settings.value("background_min")
    is_area = data.area >= 0
    density = np.full(len(layout), least)
    by_area = np.full(len(layout), least)
    for cell_km, bin_days in _DENSITY_SCALES:
        volume = 9.0 * cell_km**2 * 3.0 * bin_days
        n = _count_around(layout, cell_km, bin_days) - 1.0
        density = np.maximum((n + 1.0) / (volume + 1.0 / density), least)
        # A region counts its reports a day; the two finer scales only repeat the second.
        by_area = np.maximum((n + 1.0) / (3.0 * bin_days + 1.0), settings.value("region_rate_min"))
    is_precise = (data.until - data.since < 0.25) & ~is_area
    if is_precise.any():
        cell_km, bin_days = _BURST_SCALE
        n = _count_around(layout, cell_km, bin_days) - 1.0
        # An event breeds others near by within days: what follows it an hour later is likely another.
        near = settings.value("near_repeat")
        burst = (n + 1.0) / (9.0 * cell_km**2 * 3.0 * bin_days + 1.0 / density)
        density = np.where(is_precise, np.maximum(np.maximum(burst, density), near), density)
    return data._replace(log_density=np.log(np.where(is_area, by_area, density)))


def _count_around(layout: Layout, cell_km: float, bin_days: float) -> FloatArray:
    """Return how many reports lie in the 3 by 3 cells and 3 time bins around each, itself included."""
    from truceline.events import _linkage_kernels as kernels

    data = layout.data
    n_columns = _n_columns(cell_km)
    bins = np.floor(0.5 * (data.since + data.until) / bin_days).astype(np.int64)
    bins -= bins.min(initial=0) - 1
    n_bins = int(bins.max(initial=0)) + 2
    keys = kernels.number_cells(data.lon, data.lat, data.area, cell_km, n_columns) * n_bins + bins
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    made = np.empty(len(layout), dtype=np.int32)

    def run(part: slice) -> None:
        made[part] = kernels.count_around(
            order[part], keys, data.lon, data.lat, data.area, bins, cell_km, n_columns, n_bins
        )

    run_parts(run, len(layout), layout.workers)
    counts = np.empty(len(layout))
    counts[order] = made
    return counts


def _n_columns(cell_km: float) -> int:
    """Return a number of columns no row of cells can exceed."""
    return int(360.0 * SPHERE_KM_PER_DEGREE / cell_km) + 3


def score_of(layout: Layout, terms: FloatArray) -> FloatArray:
    """Return the scores of pairs from their terms."""
    return np.asarray(layout.weights.prior + terms[:, :5].sum(axis=1))


def named_arrays(data: PairData) -> dict[str, Any]:
    """Return the arrays by name, for a slow twin that reads one report at a time."""
    return data._asdict()
