"""Missiles and drones launched at Ukraine, by model and reported window, as the Ukrainian Air Force claims.

Reads our copy of the list and the original with the same columns. Each row is a claim of a party: so many of
a model launched, so many brought down (kept in the row as received). A row is one report of kind launch at
the place aimed at, which is often the whole country; who launched is said by the list, not established.
Windows are local; a date without an hour is the whole day.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from truceline.events.feeds._columns import (
    Moments,
    Words,
    read_times,
    side_of,
    translate,
    translate_fields,
)
from truceline.events.feeds._places import assumed, one_word, place_columns
from truceline.events.feeds._regions import Region, cover_regions, find_regions
from truceline.events.feeds.base import Feed, FeedContext, Reading
from truceline.events.kinds import (
    Flag,
    Kind,
    Means,
    Observation,
    PlacePrecision,
    TimePrecision,
    Weapon,
)

NOTICE = (
    "Petro Ivaniuk, Massive Missile Attacks on Ukraine / UA Defense Tracker, from reports of the Ukrainian "
    "Air Force, ODC-BY 1.0."
)
MIXED = "weapons"
"""Unit of a count of different things, or of a model that we do not know."""

_TWO_DAYS = np.timedelta64(48, "h")
_DAY = np.timedelta64(24, "h")
_LIST_MARKS = re.compile(r"[\[\]'\"]")


class Model(NamedTuple):
    """What a model is."""

    weapon: str
    count_unit: str


UNKNOWN_MODEL = Model(str(Weapon.unknown), MIXED)


def map_attacks(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports for attack windows."""
    start, end, precision = _say_when(reading, context.zone)
    with np.errstate(invalid="ignore"):
        is_day_known = (end - start) >= _DAY
        is_long = (end - start) > _TWO_DAYS
    launched = reading.numbers("launched", low=0)
    ours = side_of(context, "ukraine", "ukr", "ua")
    return {
        "key": reading.words("attack_id"),
        "source": "Ukrainian Air Force",
        "source_ref": reading.words("source"),
        "means": str(Means.party),
        "observation": str(Observation.claimed),
        "zone": context.zone,
        "time_from": start,
        "time_to": end,
        "time_precision": precision,
        **_say_where(reading),
        "kind": str(Kind.launch),
        **translate_fields(reading.words("model"), find_model, *Model._fields),
        "count_low": launched,
        "count_best": launched,
        "count_high": launched,
        "side_from": side_of(context, "russia", "rus", "ru"),
        "claimed_by": ours,
        "flags": int(Flag.party_claim)
        | is_day_known * int(Flag.time_unknown)
        | is_long * int(Flag.several_nights),
        "received_at": end,
    }


@cache
def load_models() -> dict[str, Model]:
    """Return what each model is, by its name in lower case."""
    text = files("truceline.events").joinpath("library", "attack_models.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["model"].casefold(): Model(row["weapon"], row["count_unit"]) for row in rows}


def find_model(name: str) -> Model:
    """Return what a model, or several joined by 'and', is; unknown where they differ or one is not listed."""
    parts = {load_models().get(part.strip().casefold(), UNKNOWN_MODEL) for part in name.split(" and ")}
    return parts.pop() if len(parts) == 1 else UNKNOWN_MODEL


def find_target(target: str) -> Region:
    """Return where an attack was aimed: the region or regions named, the country for Ukraine and directions.

    The name is empty for all but a single region, and the position is NaN where nothing is said.
    """
    if not target:
        return Region("", np.nan, np.nan, np.nan)
    regions = find_regions(_LIST_MARKS.sub("", target).replace(",", " and ") if "[" in target else target)
    if regions:
        return cover_regions(regions)
    return Region("", assumed("country_lon"), assumed("country_lat"), assumed("country_sigma"))


def _say_where(reading: Reading) -> dict[str, Any]:
    """Return the place aimed at; the regions affected, where they are told, say more than the target."""
    name = "affected region" if reading.has("affected region") else "affected_region"
    affected = translate(reading.words(name), lambda word: "" if word in ("[]", "nan") else word)
    told = np.where(affected == "", reading.words("target"), affected)
    where = translate_fields(told, find_target, "name", "lon", "lat", "sigma_m")
    sigma = where["sigma_m"].astype(float)
    is_country = sigma >= assumed("country_sigma")
    precision = np.where(is_country, str(PlacePrecision.country), str(PlacePrecision.region)).astype(object)
    precision[np.isnan(sigma)] = str(PlacePrecision.unknown)
    columns = place_columns(
        where["lon"].astype(float),
        where["lat"].astype(float),
        one_word(PlacePrecision.exact, len(reading)),
        place=reading.words("target"),
        region=where["name"],
        sigma_m=sigma,
    )
    return {**columns, "place_precision": precision}


def _say_when(reading: Reading, zone: str) -> tuple[Moments, Moments, Words]:
    """Return the window: from the start, or the midnight before it, to the end, or the midnight after it."""
    start, start_ends, start_precision = read_times(reading, "time_start", reading.words("time_start"), zone)
    reading.reject(reading.words("time_start") == "", "time_start", "is empty", "it is needed")
    until, until_ends, until_precision = read_times(reading, "time_end", reading.words("time_end"), zone)
    end = np.where(until_precision == TimePrecision.day, until_ends, until)
    end = np.where(np.isnat(end), start_ends, end)
    has_hours = (start_precision != TimePrecision.day) & (until_precision != TimePrecision.day)
    return start, end, np.where(has_hours, str(TimePrecision.hour), str(TimePrecision.day))


FEEDS: tuple[Feed, ...] = (
    Feed(
        "attacks",
        "Missile and drone attacks on Ukraine",
        frozenset({"time_start", "time_end", "model", "launched", "destroyed"}),
        map_attacks,
        NOTICE,
    ),
)
