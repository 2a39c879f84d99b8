"""VIINA 2.0: news reports on the war in Ukraine, geocoded and labelled by machine.

Four forms: the copy that we keep, one row a report; its one-per-day events; the selection of events that name
infrastructure; and the original files of the project (`event_info`, alone or joined with `event_labels`, and
`event_1pd`). Times are those of publication, in local time. About one report in nine sits on a point that
stands for a whole region: it is flagged and moved to the region's centre with the region's extent. Who acted
is taken from the data set's own flag of the initiator and is no attribution. Texts belong to their
publishers: they stay in the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from truceline.events.feeds._columns import (
    Moments,
    Words,
    local_days,
    look_up,
    read_positions,
    read_times,
    read_truths,
    side_of,
    translate,
    translate_fields,
)
from truceline.events.feeds._labels import ORDER, OTHER_LABELS, Meaning, read_labels
from truceline.events.feeds._masks import FAR, load_placeholders
from truceline.events.feeds._places import assumed, one_word, place_columns
from truceline.events.feeds.base import BoolArray, Feed, FeedContext, FloatArray, Reading
from truceline.events.kinds import Flag, Kind, Means, Observation, PlacePrecision, TimePrecision

NOTICE = (
    "Contains information from VIINA, which is made available here under the Open Database License (ODbL) "
    "1.0; derived databases stay under ODbL. Zhukov, Yuri and Natalie Ayers (2023), VIINA 2.0: Violent "
    "Incident Information from News Articles on the 2022 Russian Invasion of Ukraine, Harvard University."
)

_NO_TIME = ("", "00:00", "NA")
_MINUTE = np.timedelta64(60_000_000, "us")
_RUSSIA, _UKRAINE = ("russia", "rus", "ru"), ("ukraine", "ukr", "ua")

GEO_PRECISIONS = {
    "STREET": PlacePrecision.exact,
    "ADM3": PlacePrecision.settlement,
    "ADM2": PlacePrecision.district,
    "ADM1": PlacePrecision.region,
    "ADM0": PlacePrecision.country,
}

ENERGY_CLASSES = frozenset(
    {"ENERGY_GRID_SUPPORT", "REFINING_PETROCHEM_GAS", "FUEL_STORAGE_TERMINAL", "PIPELINE_PUMPING"}
)
MILITARY_CLASSES = frozenset(
    {
        "STRATEGIC_AIRBASE", "AMMUNITION_ARSENAL", "DEFENSE_INDUSTRY", "MILITARY_REPAIR_SHIPYARD",
        "MILITARY_COMMS_SPACE",
    }
)  # fmt: skip
"""Classes of the selection of infrastructure. Ports and railways serve both and get no target."""


def map_reports(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports for the copy of VIINA's reports."""
    said_at = reading.moments("datetime_local", context.zone, needed=True)
    lon, lat = read_positions(reading, "lon", "lat")
    has_time = read_truths(reading, "time_known")
    is_copy = read_truths(reading, "exact_dup_of_earlier")
    precision = one_word(PlacePrecision.settlement, len(reading))
    places, is_placeholder = _say_where(reading, lon, lat, precision, reading.words("oblast"))
    says = translate_fields(reading.words("types"), read_labels, *Meaning._fields)
    return {
        "key": reading.words("report_id"),
        "source": reading.words("source", "viina"),
        "source_ref": reading.words("url"),
        **_fixed(context),
        **_say_when(said_at, has_time, context.zone),
        **places,
        **says,
        "flags": _flags(is_placeholder, has_time)
        | says["flags"].astype(np.int64)
        | is_copy * int(Flag.exact_repeat),
        "text": reading.words("text"),
    }


def map_daily(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports for the copy of VIINA's one-per-day events."""
    said_at = reading.moments("date", context.zone, needed=True)
    lon, lat = read_positions(reading, "lon", "lat")
    has_time = np.zeros(len(reading), dtype=bool)
    precision = one_word(PlacePrecision.settlement, len(reading))
    places, is_placeholder = _say_where(reading, lon, lat, precision, reading.words("oblast"))
    says = translate_fields(reading.words("type_main"), read_labels, *Meaning._fields)
    return {
        "key": reading.words("event_id"),
        "source": "viina",
        "source_ref": _first_addresses(reading, "urls"),
        **_fixed(context),
        **_say_when(said_at, has_time, context.zone),
        **places,
        **says,
        "flags": _flags(is_placeholder, has_time) | says["flags"].astype(np.int64),
    }


def map_targets(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports for events whose text names a piece of infrastructure.

    The labels are not in the selection, so the kind is damage: something happened to the place named, and
    with what is not told.
    """
    said_at = reading.moments("date", context.zone, needed=True)
    lon, lat = read_positions(reading, "lon", "lat")
    has_time = np.zeros(len(reading), dtype=bool)
    precision = one_word(PlacePrecision.settlement, len(reading))
    places, is_placeholder = _say_where(reading, lon, lat, precision, reading.words("adm1_name"))
    return {
        "key": reading.words("event_id_1pd"),
        "source": reading.words("sources_matching", "viina"),
        "source_ref": reading.words("source_urls"),
        **_fixed(context),
        **_say_when(said_at, has_time, context.zone),
        **places,
        "kind": str(Kind.damage),
        "target": translate(reading.words("target_classes"), _target_of),
        "side_from": _initiator(reading, context),
        "flags": _flags(is_placeholder, has_time),
        "text": reading.words("text"),
    }


def map_original(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports for the project's own files, of reports or of one-per-day events.

    `event_info` without the labels imports as reports of kind other; joined with `event_labels` by `event_id`
    it has kinds. Binary columns (`t_uav_b`) are preferred to probabilities (`t_uav`, `t_uav_pred`).
    """
    said_at, has_time = _read_original_time(reading, context)
    lon, lat = read_positions(reading, "longitude", "latitude")
    precision = look_up(
        translate(reading.words("geo_precision"), str.upper), _PRECISION_WORDS, str(PlacePrecision.settlement)
    )
    sigma = np.where(precision == PlacePrecision.exact, assumed("street_sigma"), np.nan)
    region = reading.words("adm1_name")
    places, is_placeholder = _say_where(reading, lon, lat, precision, region, place="asciiname", sigma=sigma)
    says = _read_label_columns(reading)
    is_daily = not reading.has("event_id")
    return {
        "key": reading.words("event_id_1pd" if is_daily else "event_id"),
        "source": reading.words("sources" if is_daily else "source", "viina"),
        "source_ref": reading.words("event_ids" if is_daily else "url"),
        **_fixed(context),
        **_say_when(said_at, has_time, context.zone),
        **places,
        **says,
        "side_from": _initiator(reading, context),
        "flags": _flags(is_placeholder, has_time) | says["flags"].astype(np.int64),
        "text": reading.words("text"),
    }


_PRECISION_WORDS = {code: str(precision) for code, precision in GEO_PRECISIONS.items()}


def _fixed(context: FeedContext) -> dict[str, Any]:
    return {"means": str(Means.press), "observation": str(Observation.told), "zone": context.zone}


def _say_when(said_at: Moments, has_time: BoolArray, zone: str) -> dict[str, Any]:
    """Return the minute of publication where it is known, else the local day, ended by its midnight."""
    start, end = local_days(said_at, zone)
    until = np.where(has_time, said_at + _MINUTE, end)
    return {
        "time_from": np.where(has_time, said_at, start),
        "time_to": until,
        "time_precision": np.where(has_time, str(TimePrecision.minute), str(TimePrecision.day)),
        "received_at": until,
    }


def _say_where(
    reading: Reading,
    lon: FloatArray,
    lat: FloatArray,
    precision: Words,
    region: Words,
    *,
    place: str = "place",
    sigma: FloatArray | None = None,
) -> tuple[dict[str, Any], BoolArray]:
    """Return the columns of place and who sits on a placeholder: somewhere in its region, flagged or not."""
    points = load_placeholders()
    nearest = points.find_near(lon, lat, assumed("placeholder_radius"))
    is_placeholder = (nearest != FAR) | read_truths(reading, "placeholder_geo")
    precision = np.where(is_placeholder, str(PlacePrecision.region), precision)
    stands_for = np.where(nearest == FAR, "", points.regions[nearest])
    region = np.where(region == "", stands_for, region)
    columns = place_columns(lon, lat, precision, place=reading.words(place), region=region, sigma_m=sigma)
    return columns, is_placeholder


def _flags(is_placeholder: BoolArray, has_time: BoolArray) -> Any:
    return is_placeholder * int(Flag.placeholder) | ~has_time * int(Flag.time_unknown)


def _target_of(classes: str) -> str:
    """Return the target of classes joined by bars: energy before military."""
    named = set(classes.upper().split("|"))
    return "energy" if named & ENERGY_CLASSES else "military" if named & MILITARY_CLASSES else ""


def _initiator(reading: Reading, context: FeedContext) -> Words:
    """Return the side that the data set flags as the one initiator; empty for both, none or no flag."""
    by_russia = _read_flag(reading, "a_rus_init")
    by_ukraine = _read_flag(reading, "a_ukr_init")
    sides = one_word("", len(reading))
    sides[by_russia & ~by_ukraine] = side_of(context, *_RUSSIA)
    sides[by_ukraine & ~by_russia] = side_of(context, *_UKRAINE)
    return sides


def _read_flag(reading: Reading, name: str) -> BoolArray:
    """Return a label as truths: from its binary column, else from its probability."""
    if reading.has(f"{name}_b"):
        return np.nan_to_num(reading.numbers(f"{name}_b")) > 0
    for column in (name, f"{name}_pred"):
        if reading.has(column):
            return np.nan_to_num(reading.numbers(column)) >= assumed("label_threshold")
    return np.zeros(len(reading), dtype=bool)


def _read_label_columns(reading: Reading) -> dict[str, Words]:
    """Return what each row's labels say, from the columns `t_...`."""
    labels = one_word("", len(reading))
    for name in (*ORDER, *OTHER_LABELS):
        given = _read_flag(reading, f"t_{name}")
        labels[given] = labels[given] + f"|{name}"
    return translate_fields(labels, read_labels, *Meaning._fields)


def _read_original_time(reading: Reading, context: FeedContext) -> tuple[Moments, BoolArray]:
    """Return the moment of publication and whether its hour is known, from `date` (YYYYMMDD) and `time`."""
    times = reading.words("time")
    has_time = translate(times, lambda word: word not in _NO_TIME).astype(bool)
    dates = translate(reading.words("date"), _dashed)
    reading.reject(dates == "", "date", "is empty", "it is needed")
    joined = np.where(has_time, dates + " " + times, dates)
    return read_times(reading, "date", joined, context.zone)[0], has_time


def _dashed(date: str) -> str:
    """Return 20250131 as 2025-01-31, and other words as they are."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 and date.isdigit() else date


def _first_addresses(reading: Reading, name: str) -> Words:
    """Return the first address of each row of a column of lists, or of the text of a list."""
    if not reading.has(name):
        return one_word("", len(reading))
    made = one_word("", len(reading))
    for row, value in enumerate(reading.raw[name].to_numpy(dtype=object)):
        if isinstance(value, str):
            value = value.strip("[] ").split(",")
        if value is not None and not isinstance(value, float) and len(value):
            made[row] = str(value[0]).strip(" '\"")
    return made


FEEDS: tuple[Feed, ...] = (
    Feed(
        "viina-reports",
        "VIINA reports (copy)",
        frozenset({"report_id", "datetime_local", "time_known", "lat", "lon", "types", "text"}),
        map_reports,
        NOTICE,
    ),
    Feed(
        "viina-1pd",
        "VIINA one-per-day events (copy)",
        frozenset({"event_id", "date", "lat", "lon", "type_main", "n_reports"}),
        map_daily,
        NOTICE,
    ),
    Feed(
        "viina-targets",
        "VIINA events that name infrastructure (selection)",
        frozenset({"event_id_1pd", "date", "lat", "lon", "target_classes", "text"}),
        map_targets,
        NOTICE,
    ),
    Feed(
        "viina",
        "VIINA reports (original event_info, with or without event_labels)",
        frozenset({"event_id", "date", "time", "longitude", "latitude", "geo_precision", "url", "text"}),
        map_original,
        NOTICE,
    ),
    Feed(
        "viina-daily",
        "VIINA one-per-day events (original event_1pd)",
        frozenset({"event_id_1pd", "date", "event_ids", "longitude", "latitude", "geo_precision"}),
        map_original,
        NOTICE,
    ),
)
