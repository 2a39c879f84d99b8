"""Where a report is, from the classes of precision that sources use: columns of the reports' table.

Positions in degrees, standard deviations in metres. A report that names no more than a region or the country
is put at its centre, with a standard deviation that covers it, whatever point the source drew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.feeds._columns import Words
from truceline.events.feeds._regions import name_regions, place_regions
from truceline.events.feeds.base import FloatArray
from truceline.events.kinds import PlacePrecision

_SIGMAS: dict[str, str] = {
    PlacePrecision.exact: "exact_sigma",
    PlacePrecision.settlement: "settlement_sigma",
    PlacePrecision.district: "district_sigma",
    PlacePrecision.country: "country_sigma",
}
AT_CENTRE = (PlacePrecision.region, PlacePrecision.country)
"""Precisions at which the point that a source drew means nothing."""


def assumed(name: str) -> float:
    """Return the value of one assumption about feeds, in its own unit."""
    return load_watching_assumptions().value(f"feed.{name}")


def sigma_of(precision: str) -> float:
    """Return the standard deviation of a place of some precision, metres; NaN for region and unknown."""
    return assumed(_SIGMAS[precision]) if precision in _SIGMAS else np.nan


def place_columns(
    lon: FloatArray,
    lat: FloatArray,
    precision: Words,
    *,
    place: Words,
    region: Words,
    sigma_m: FloatArray | None = None,
) -> dict[str, Any]:
    """Return the columns of a place for positions of the precisions given.

    `sigma_m` overrides the standard deviation of the precision where it is not NaN. A region we do not know
    keeps the source's point, with the standard deviation of a common region. Without a position, the region,
    if it is known, is the place; with neither it is unknown.
    """
    precision = precision.copy()
    region_lon, region_lat, region_sigma = place_regions(region)
    has_region = ~np.isnan(region_lon)
    missing = np.isnan(lon) & ~np.isin(precision, AT_CENTRE)
    precision[missing & has_region] = str(PlacePrecision.region)
    precision[missing & ~has_region] = str(PlacePrecision.unknown)
    # A region that we do not know, without a point of the source's, is nowhere.
    precision[(precision == PlacePrecision.region) & ~has_region & np.isnan(lon)] = str(
        PlacePrecision.unknown
    )
    known = {each: sigma_of(each) for each in dict.fromkeys(precision)}
    sigma = np.array([known[each] for each in precision], dtype=float)
    if sigma_m is not None:
        sigma = np.where(np.isnan(sigma_m), sigma, sigma_m)
    in_region = precision == PlacePrecision.region
    at_region = in_region & has_region
    in_country = precision == PlacePrecision.country
    lost = in_region & ~has_region
    sigma = np.where(at_region, region_sigma, np.where(lost, assumed("region_sigma"), sigma))
    no_place = precision == PlacePrecision.unknown
    return {
        "lon": np.where(at_region, region_lon, np.where(in_country, assumed("country_lon"), lon)),
        "lat": np.where(at_region, region_lat, np.where(in_country, assumed("country_lat"), lat)),
        "sigma_m": np.where(no_place, np.nan, sigma),
        "sigma_across_m": np.where(no_place, np.nan, sigma),
        "axis_deg": 0.0,
        "place": place,
        "region": name_regions(region),
        "place_precision": precision,
    }


def one_word(word: str, n_rows: int) -> Words:
    """Return a column of one word."""
    return np.full(n_rows, str(word), dtype=object)


def count_columns(low: Any, best: Any, high: Any, unit: Any) -> Mapping[str, Any]:
    """Return the columns of a count with its range."""
    return {"count_low": low, "count_best": best, "count_high": high, "count_unit": unit}
