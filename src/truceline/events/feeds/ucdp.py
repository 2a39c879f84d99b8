"""UCDP Georeferenced Event Dataset and Candidate: events of organised violence with at least one death.

Reads the official header (GED 25.1 and before) and our extract of it. An event is force used between two
armed sides, told by its deaths; the weapon is not coded. So an event between armed sides is a firefight of
unknown weapon: the neutral word for armed force, among the kinds that count as fighting. A casualty would be
a trace of fire and would drop the fighting out of every trend. One-sided violence has no fire of two sides
and is a casualty, with the side that the data set codes as the one who did it. In the other types the sides
a and b of a dyad carry no direction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from truceline.events.feeds._columns import local_days, look_up, read_positions, side_of, translate
from truceline.events.feeds._places import assumed, place_columns
from truceline.events.feeds.base import Feed, FeedContext, Reading
from truceline.events.kinds import Flag, Kind, Means, Observation, PlacePrecision, TimePrecision, Weapon

NOTICE = (
    "UCDP Georeferenced Event Dataset, CC BY 4.0. Sundberg, Ralph and Erik Melander (2013), Introducing the "
    "UCDP Georeferenced Event Dataset, Journal of Peace Research 50(4); Davies, Pettersson and Öberg (2023), "
    "Journal of Peace Research 60(4)."
)

WHERE_PRECISIONS = {
    "1": PlacePrecision.settlement,
    "2": PlacePrecision.settlement,
    "3": PlacePrecision.district,
    "4": PlacePrecision.region,
    "5": PlacePrecision.district,
    "6": PlacePrecision.country,
    "7": PlacePrecision.district,
}
"""Our class for where_prec: a place, within 25 km of it, a district, a region, a line or an area without
borders, the country, and waters or air that belong to nobody. 2, 5 and 7 have a spread of their own."""

DATE_PRECISIONS = {
    "1": TimePrecision.day,
    "2": TimePrecision.week,
    "3": TimePrecision.week,
    "4": TimePrecision.month,
    "5": TimePrecision.year,
}
"""Our class for date_prec: the day, two to six days, a week, up to a month, up to a year."""

_KINDS = {"1": Kind.firefight, "2": Kind.firefight, "3": Kind.casualty}
_SPREADS = {"2": "near_settlement_sigma", "5": "part_of_region_sigma", "7": "country_sigma"}


def map_events(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports for UCDP events."""
    first = reading.moments("date_start", context.zone, needed=True)
    last = reading.moments("date_end", context.zone)
    start, end = local_days(first, context.zone, last=last)
    with np.errstate(invalid="ignore"):
        is_long = (end - start) > np.timedelta64(25, "h")  # the longest single day has 25 hours
    kind = look_up(reading.words("type_of_violence"), {code: str(kind) for code, kind in _KINDS.items()})
    reading.reject(
        kind == "", "type_of_violence", "is no type of violence", "1, 2 or 3", quote="type_of_violence"
    )
    return {
        "key": reading.words("id"),
        "source": "UCDP",
        "source_ref": reading.words("relid"),
        "means": str(Means.dataset),
        "observation": str(Observation.told),
        "zone": context.zone,
        "time_from": start,
        "time_to": end,
        "time_precision": look_up(
            reading.words("date_prec"), {code: str(p) for code, p in DATE_PRECISIONS.items()}, "day"
        ),
        **_say_where(reading),
        "kind": kind,
        "weapon": np.where(kind == Kind.firefight, str(Weapon.unknown), ""),
        "target": _say_target(reading),
        **_say_killed(reading),
        "side_from": np.where(
            kind == Kind.casualty, translate(reading.words("side_a"), lambda name: side_of(context, name)), ""
        ),
        "flags": int(Flag.time_unknown) | is_long * int(Flag.several_nights),
        "text": reading.words("source_headline"),
    }


def _say_where(reading: Reading) -> dict[str, Any]:
    names = ("lon", "lat") if reading.has("lon") else ("longitude", "latitude")
    lon, lat = read_positions(reading, *names)
    codes = reading.words("where_prec")
    classes = {code: str(precision) for code, precision in WHERE_PRECISIONS.items()}
    spread = translate(codes, lambda code: assumed(_SPREADS[code]) if code in _SPREADS else np.nan)
    return place_columns(
        lon,
        lat,
        look_up(codes, classes, str(PlacePrecision.settlement)),
        place=reading.words("where_coordinates"),
        region=reading.words("adm_1"),
        sigma_m=spread.astype(float),
    )


def _say_killed(reading: Reading) -> dict[str, Any]:
    """Return the range of deaths; where the estimates are out of order, the least and the greatest of all."""
    best = reading.numbers("best", low=0)
    low, high = reading.numbers("low", low=0), reading.numbers("high", low=0)
    return {
        "killed_low": np.fmin(low, np.fmin(best, high)),
        "killed_best": best,
        "killed_high": np.fmax(high, np.fmax(best, low)),
    }


def _say_target(reading: Reading) -> Any:
    """Return 'civilian' where civilians died and nobody else is known to have."""
    civilians = np.nan_to_num(reading.numbers("deaths_civilians", low=0))
    fighters = np.nan_to_num(reading.numbers("deaths_a", low=0)) + np.nan_to_num(
        reading.numbers("deaths_b", low=0)
    )
    return np.where((civilians > 0) & (fighters == 0), "civilian", "")


FEEDS: tuple[Feed, ...] = (
    Feed(
        "ucdp",
        "UCDP GED and Candidate events",
        frozenset({"id", "type_of_violence", "where_prec", "date_prec", "date_start", "date_end", "best"}),
        map_events,
        NOTICE,
        one_of=(frozenset({"lat", "latitude"}), frozenset({"lon", "longitude"})),
    ),
)
