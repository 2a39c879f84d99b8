"""ACLED: events coded from many sources, one row for each pair of actors, type, day and place.

Reads the official export (CSV). Actor 1 and actor 2 carry no direction, so nobody is said to have acted.
Two sub-types cover several of our kinds and are told apart by the words of the notes: strikes from the air
by drone or by aircraft, and shelling or missiles. 'Disrupted weapons use' is air defence where the notes
speak of something shot down, and otherwise other: it is also used for arms caches and for clearing mines.
Fatalities are the data set's conservative figure; it gives no range.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from truceline.events.feeds._columns import (
    Moments,
    Words,
    local_days,
    local_months,
    look_up,
    read_positions,
    read_times,
    translate,
)
from truceline.events.feeds._dates import tidy_date
from truceline.events.feeds._places import assumed, place_columns
from truceline.events.feeds.base import Feed, FeedContext, Reading
from truceline.events.kinds import Flag, Kind, Means, Observation, PlacePrecision, TimePrecision, Weapon

NOTICE = "Armed Conflict Location & Event Data Project (ACLED), www.acleddata.com; use under ACLED's terms."

AIR, SHELLING, DISRUPTED = (
    "air/drone strike",
    "shelling/artillery/missile attack",
    "disrupted weapons use",
)
SUB_TYPES: dict[str, Kind] = {
    "armed clash": Kind.firefight,
    # Battles by their type: land changed hands in a fight, which is what a ceasefire forbids.
    "government regains territory": Kind.assault,
    "non-state actor overtakes territory": Kind.assault,
    "non-violent transfer of territory": Kind.control_change,
    AIR: Kind.airstrike,
    SHELLING: Kind.shelling,
    "remote explosive/landmine/ied": Kind.mine_blast,
    "grenade": Kind.explosion,
    "suicide bomb": Kind.explosion,
    "chemical weapon": Kind.explosion,
    "attack": Kind.casualty,
    "looting/property destruction": Kind.damage,
    "headquarters or base established": Kind.position_moved,
    DISRUPTED: Kind.other,
}
"""Kind by sub-event type; those not named (protests, agreements, arrests, ...) are other."""

EVENT_TYPES: dict[str, Kind] = {
    "battles": Kind.firefight,
    "explosions/remote violence": Kind.explosion,
    "violence against civilians": Kind.casualty,
}
"""Kind by event type, where a row has no sub-type."""

_FIGHTING = frozenset({Kind.firefight, Kind.assault, Kind.airstrike, Kind.shelling, Kind.explosion})
_DRONE = re.compile(r"\b(?:drones?|uavs?|shaheds?|gerans?|fpvs?|quadcopters?|lancets?)\b", re.IGNORECASE)
_AIRCRAFT = re.compile(r"\b(?:aircraft|jets?|aviation|helicopters?|glide|kab|airstrikes?)\b", re.IGNORECASE)
_GLIDE_BOMB = re.compile(r"\b(?:glide|guided) bombs?\b", re.IGNORECASE)
_MISSILE = re.compile(r"\b(?:missiles?|iskander|kalibr|kinzhal|s-[34]00)\b", re.IGNORECASE)
_GUNS = re.compile(r"\b(?:shell\w*|artillery|mortars?|mlrs|tanks?|howitzers?)\b", re.IGNORECASE)
_SHOT_DOWN = re.compile(r"\b(?:intercept\w*|shot down|shoot down|downed|air[- ]defen[cs]e)\b", re.IGNORECASE)
_LAST_SECOND = 4e9
"""A moment in 2096, in seconds since 1970: what is later is no time."""
_PLACES = {
    "1": str(PlacePrecision.settlement),
    "2": str(PlacePrecision.district),
    "3": str(PlacePrecision.region),
}
_TIMES = {"1": str(TimePrecision.day), "2": str(TimePrecision.week), "3": str(TimePrecision.month)}


def map_events(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports for ACLED events."""
    start, end, precision = _say_when(reading, context.zone)
    kind, weapon = _say_what(reading)
    lon, lat = read_positions(reading, "longitude", "latitude")
    killed = reading.numbers("fatalities", low=0)
    is_targeted = reading.words("civilian_targeting") != ""
    return {
        "key": reading.words("event_id_cnty"),
        "source": reading.words("source", "ACLED"),
        "source_ref": reading.words("event_id_cnty"),
        "means": str(Means.dataset),
        "observation": str(Observation.told),
        "zone": context.zone,
        "time_from": start,
        "time_to": end,
        "time_precision": precision,
        **place_columns(
            lon,
            lat,
            look_up(reading.words("geo_precision"), _PLACES, str(PlacePrecision.settlement)),
            place=reading.words("location"),
            region=reading.words("admin1"),
        ),
        "kind": kind,
        "weapon": weapon,
        "target": np.where(is_targeted, "civilian", ""),
        "killed_low": killed,
        "killed_best": killed,
        "killed_high": killed,
        "flags": int(Flag.time_unknown),
        "text": reading.words("notes"),
        "received_at": _changed_at(reading),
    }


def tell_kind(event_type: str, sub_type: str, notes: str) -> tuple[Kind, str]:
    """Return kind and weapon of an event from its types and, where a type covers several, its notes."""
    sub_type = sub_type.lower()
    if sub_type == AIR and _DRONE.search(notes) and not _AIRCRAFT.search(notes):
        return Kind.uav_strike, Weapon.uav
    if sub_type == SHELLING and _MISSILE.search(notes) and not _GUNS.search(notes):
        return Kind.missile_strike, Weapon.missile
    if sub_type == DISRUPTED and _SHOT_DOWN.search(notes):
        return Kind.air_defence, Weapon.air_defence
    kind = (
        SUB_TYPES.get(sub_type, Kind.other) if sub_type else EVENT_TYPES.get(event_type.lower(), Kind.other)
    )
    if kind is Kind.mine_blast:
        return kind, Weapon.mine
    if kind is Kind.airstrike and _GLIDE_BOMB.search(notes):
        return kind, Weapon.glide_bomb
    return kind, Weapon.unknown if kind in _FIGHTING else ""


def _say_what(reading: Reading) -> tuple[Words, Words]:
    types = (reading.words("event_type"), reading.words("sub_event_type"), reading.words("notes"))
    told = [tell_kind(*row) for row in zip(*types, strict=True)]
    kinds, weapons = np.empty(len(told), dtype=object), np.empty(len(told), dtype=object)
    kinds[:] = [str(kind) for kind, _ in told]
    weapons[:] = [str(weapon) for _, weapon in told]
    return kinds, weapons


def _say_when(reading: Reading, zone: str) -> tuple[Moments, Moments, Words]:
    """Return the day, the week around the date, or its calendar month, by the precision of the time."""
    dates = translate(reading.words("event_date"), tidy_date)
    reading.reject(dates == "", "event_date", "is empty", "it is needed")
    moment = read_times(reading, "event_date", dates, zone)[0]
    precision = look_up(reading.words("time_precision"), _TIMES, str(TimePrecision.day))
    half = round(assumed("week_half_days"))
    start, end = local_days(moment, zone)
    for unit, (first, last) in {
        TimePrecision.week: local_days(moment, zone, before=half, after=half),
        TimePrecision.month: local_months(moment, zone),
    }.items():
        start = np.where(precision == unit, first, start)
        end = np.where(precision == unit, last, end)
    return start, end, precision


def _changed_at(reading: Reading) -> Moments:
    """Return when a row was last changed at the source, from seconds since 1970."""
    seconds = reading.numbers("timestamp", low=0, high=_LAST_SECOND)
    known = (seconds >= 0) & (seconds <= _LAST_SECOND)  # false for NaN, and for what was rejected
    moments = (np.where(known, seconds, 0) * 1e6).astype("int64").astype("datetime64[us]")
    return np.where(known, moments, np.datetime64("NaT", "us"))


FEEDS: tuple[Feed, ...] = (
    Feed(
        "acled",
        "ACLED events",
        frozenset({"event_id_cnty", "event_date", "event_type", "sub_event_type", "latitude", "longitude"}),
        map_events,
        NOTICE,
    ),
)
