"""The product's own form of report: what a field office, a camera room or a simulation hands in.

One row is one statement: when, what, and where or from which post in which direction. Needed are a time, a
kind, and a position: `lon` and `lat`, a post with its position, or the name of the place. The columns are
listed in COLUMNS with what they mean. Times without a zone are local; distances say their unit in the name.
The form with the column `truth` comes from a simulation: such reports are flagged and kept apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.feeds._regions import find_region
from truceline.events.feeds.base import (
    BoolArray,
    Feed,
    FeedContext,
    FloatArray,
    Reading,
    TextArray,
    known_words,
    side_words,
)
from truceline.events.feeds.parsing import map_words
from truceline.events.feeds.sectors import locate_in_sectors
from truceline.events.kinds import (
    GROUP_OF,
    OWN_MEANS,
    Flag,
    Kind,
    KindGroup,
    Means,
    Observation,
    Phase,
    PlacePrecision,
    TimePrecision,
    Weapon,
)

COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "id": "Number of the report at its source; with `source`, what a correction is known by",
        "time": "When: 2025-02-17T18:30, or 2025-02-17 where the hour is not known; instead of time_from",
        "time_from": "Earliest time it can have happened",
        "time_to": "Latest time it can have happened; the end of what time_from says where it is empty",
        "zone": "Time zone of the times, as Europe/Kyiv; the mission's where it is empty",
        "lon": "Longitude, degrees east (WGS 84)",
        "lat": "Latitude, degrees north",
        "radius_m": "How precise the position is: one standard deviation, metres",
        "radius_across_m": "Standard deviation across axis_deg, where the position is not round",
        "axis_deg": "Azimuth of the longer axis of the position, degrees",
        "place": "Name of the place",
        "place_precision": "exact, bearing, settlement, district, region, country or unknown",
        "region": "Region of the place; spellings that we know become one name",
        "post": "Name of the post, camera or team that noticed it",
        "post_lon": "Longitude of the post",
        "post_lat": "Latitude of the post",
        "bearing_deg": "Direction from the post: degrees from north, or one of sixteen words as SSE",
        "bearing_width_deg": "Full width of the sector that the direction stands for, degrees",
        "range_min_km": "Least distance from the post, kilometres",
        "range_max_km": "Greatest distance from the post, kilometres",
        "range_min_m": "Least distance from the post, metres; instead of range_min_km",
        "range_max_m": "Greatest distance from the post, metres; instead of range_max_km",
        "means": "Who or what watched: patrol, post, camera, uav, acoustic, radar, satellite, press, party",
        "observation": "How it was noticed: seen, recorded, heard, detected, told or claimed",
        "kind": "What happened: explosion, burst, shot, projectile, shelling, uav_strike, weapon_present ...",
        "phase": "outgoing, in_flight, airburst, impact or undetermined",
        "weapon": "small_arms, mortar, artillery, rocket_artillery, tank, uav, mine ...; empty: not known",
        "target": "What was hit or aimed at: energy, civilian, military or mission",
        "count": "How many: 8, 5-8, about 30, >20, at least 20, up to 5",
        "count_low": "Least number; instead of a range in count",
        "count_high": "Greatest number",
        "count_unit": "What is counted, where the kind does not say it",
        "killed": "People killed, as count",
        "killed_low": "Fewest killed",
        "killed_high": "Most killed",
        "hurt": "People injured, as count",
        "hurt_low": "Fewest injured",
        "hurt_high": "Most injured",
        "side_from": "Side said to have acted: a, b or a name of the side",
        "claimed_by": "Party that says so, where a party does",
        "control_side": "Side that holds the place: a, b or contested",
        "exercise": "yes where it was assessed as a live-fire exercise",
        "source": "Who says so",
        "source_ref": "Number or address of the report at its source",
        "received_at": "When it reached the mission",
        "text": "The source's words",
    }
)
"""Every column of the form and its meaning."""

KINDS = known_words(Kind, {"drone strike": "uav_strike", "strike": "airstrike", "drone flight": "uav_flight"})
PHASES = known_words(
    Phase, {"out": "outgoing", "in flight": "in_flight", "n/k": "undetermined", "unknown": "undetermined"}
)
WEAPONS = known_words(
    Weapon,
    {
        "hmg": "heavy_machine_gun", "agl": "grenade_launcher", "atgm": "anti_tank", "ifv": "ifv_cannon",
        "ifv cannon": "ifv_cannon", "mlrs": "rocket_artillery", "rockets": "rocket_artillery", "drone": "uav",
        "howitzer": "artillery", "small arms": "small_arms", "n/k": "unknown", "undetermined": "unknown",
    },
)  # fmt: skip
MEANS = known_words(Means, {"drone": "uav", "foot patrol": "patrol", "media": "press", "sensor": "acoustic"})
OBSERVATIONS = known_words(Observation, {"saw": "seen", "hear": "heard", "camera": "recorded"})
TARGETS = {word: word for word in ("energy", "civilian", "military", "mission")} | {"civilians": "civilian"}
PLACES = known_words(PlacePrecision)

_WINDS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
WINDS = {wind: at * 360.0 / len(_WINDS) for at, wind in enumerate(_WINDS)}
"""Azimuth of each of the sixteen directions, degrees."""

_BY_MEANS = {
    Means.camera: Observation.recorded, Means.uav: Observation.recorded, Means.acoustic: Observation.detected,
    Means.radar: Observation.detected, Means.satellite: Observation.detected, Means.press: Observation.told,
    Means.dataset: Observation.told, Means.alert_system: Observation.told, Means.party: Observation.claimed,
}  # fmt: skip
"""How a means notices, where the report does not say it; monitors may have seen or heard: not filled in."""
_UNITS = {
    Kind.explosion: "explosions", Kind.projectile: "projectiles", Kind.burst: "bursts", Kind.shot: "shots",
    Kind.muzzle_flash: "muzzle flashes", Kind.tracer: "tracers", Kind.flare: "flares",
}  # fmt: skip
_WITH_PHASE = (Kind.explosion, Kind.projectile)
_SMALL_KINDS = (Kind.burst, Kind.shot, Kind.tracer)
_SMALL_WEAPONS = (Weapon.small_arms, Weapon.heavy_machine_gun)
_LONG = (TimePrecision.day, TimePrecision.week, TimePrecision.month, TimePrecision.year)
_ORDER = {each.value: at for at, each in enumerate(TimePrecision)}
_METRES = 1000.0


def map_own(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports from rows of the own form."""
    words = reading.words
    zones = reading.zones("zone", context.zone)
    kind = reading.choices("kind", KINDS, needed=True)
    weapon = reading.choices("weapon", WEAPONS)
    means = reading.choices("means", MEANS, default=Means.unknown)
    times = _read_times(reading, zones)
    place = _read_place(reading, kind, weapon)
    counts, is_rounded = _read_counts(reading)
    claimed_by = reading.choices("claimed_by", side_words(context))
    is_exercise = reading.truths("exercise") | (kind == Kind.exercise)
    flags = (
        Flag.exercise * is_exercise
        + Flag.rounded_count * is_rounded
        + Flag.party_claim * ((claimed_by != "") | (means == Means.party))
        + Flag.time_unknown * np.isin(times["time_precision"].astype(str), _LONG)
    )
    source = _read_source(reading, means)
    return {
        **times,
        **place,
        **counts,
        "key": _make_keys(reading),
        "zone": zones,
        "kind": kind,
        "weapon": weapon,
        "means": means,
        "observation": _read_observation(reading, means),
        "phase": _fill(
            reading.choices("phase", PHASES), kind, dict.fromkeys(_WITH_PHASE, Phase.undetermined)
        ),
        "target": reading.choices("target", TARGETS),
        "count_unit": _fill(words("count_unit"), kind, _UNITS),
        "side_from": reading.choices("side_from", side_words(context)),
        "claimed_by": claimed_by,
        "control_side": reading.choices("control_side", {**side_words(context), "contested": "contested"}),
        "flags": flags,
        "source": source,
        "source_ref": words("source_ref"),
        "post": words("post"),
        "text": words("text"),
        "received_at": reading.moments("received_at", zones),
    }


def name_regions_of_form(regions: TextArray) -> TextArray:
    """Return our name for each region, as the other feeds do; the word itself where we know none.

    A word with brackets stands as it is: 'Donetsk (north)' may be a part that the mission tells apart.
    """
    named: TextArray = map_words(
        regions, lambda word: ("(" not in word and find_region(word).name) or word, empty="", dtype=object
    )
    return named


def map_simulated(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of simulated reports: the own form with the number of the true event."""
    columns = dict(map_own(reading, context))
    return {
        **columns,
        "flags": columns["flags"] + int(Flag.simulated),
        "truth": reading.words("truth"),
    }


def _read_times(reading: Reading, zones: str | TextArray) -> dict[str, NDArray[Any]]:
    """Return start, end and precision from `time`, or from `time_from` and `time_to`."""
    start, end, precision = reading.intervals("time", zones)
    if reading.has("time_from"):
        first, first_end, first_precision = reading.intervals("time_from", zones)
        given = ~np.isnat(first)
        start, end = np.where(given, first, start), np.where(given, first_end, end)
        precision = np.where(given, first_precision, precision)
    if reading.has("time_to"):
        _, last_end, last_precision = reading.intervals("time_to", zones)
        given = ~np.isnat(last_end)
        reading.reject(
            given & (last_end <= start), "time_to", "is before the start", "write the earlier first"
        )
        end = np.where(given, last_end, end)
        coarser = given & (_rank(last_precision) > _rank(precision))
        precision = np.where(coarser, last_precision, precision)
    return {"time_from": start, "time_to": end, "time_precision": precision.astype(object)}


def _rank(precision: TextArray) -> NDArray[np.int64]:
    return np.asarray(map_words(precision, lambda word: _ORDER[word], empty=-1, dtype=np.int64))


def _read_place(reading: Reading, kind: TextArray, weapon: TextArray) -> dict[str, Any]:
    """Return the position: as given, or by range and bearing from the post, or a name alone."""
    values = load_watching_assumptions().value
    words = reading.words
    lon, lat = reading.numbers("lon"), reading.numbers("lat")
    post_lon, post_lat = reading.numbers("post_lon"), reading.numbers("post_lat")
    bearing = _read_bearing(reading)
    width = reading.numbers("bearing_width_deg", low=0.0, high=360.0)
    width = np.where(
        np.isnan(width), np.where(np.isnan(bearing), np.nan, values("own_form.bearing_width_deg")), width
    )
    is_given = ~(np.isnan(lon) & np.isnan(lat))
    from_post = ~is_given & ~(np.isnan(post_lon) | np.isnan(post_lat))
    range_min, range_max = _read_ranges(reading)
    sigma = np.where(
        is_given, _or(reading.numbers("radius_m", low=0.0), values("own_form.point_radius_m")), np.nan
    )
    across = np.where(is_given, _or(reading.numbers("radius_across_m", low=0.0), sigma), np.nan)
    axis = np.where(is_given, _or(reading.numbers("axis_deg", low=-360.0, high=360.0) % 180.0, 0.0), np.nan)
    sigma, across, axis = _longer_first(sigma, across, axis)
    if from_post.any():
        near, far = _fill_ranges(range_min, range_max, kind, weapon)
        found = locate_in_sectors(post_lon, post_lat, bearing, width, near, far)
        at_post = from_post & np.isnan(far)
        lon, lat = (
            np.where(at_post, post, np.where(from_post, there, here))
            for post, there, here in ((post_lon, found.lon, lon), (post_lat, found.lat, lat))
        )
        radius = values("own_form.point_radius_m")
        sigma = np.where(at_post, radius, np.where(from_post, found.sigma_m, sigma))
        across = np.where(at_post, radius, np.where(from_post, found.sigma_across_m, across))
        axis = np.where(at_post, 0.0, np.where(from_post, found.axis_deg, axis))
    place, region = words("place"), name_regions_of_form(words("region"))
    nowhere = np.isnan(lon) & np.isnan(lat) & (place == "") & (region == "")
    hint = "give lon and lat, post_lon and post_lat, or the name of the place"
    reading.reject(nowhere, "lon", "has no position", hint)
    stated = reading.choices("place_precision", PLACES)
    precision = np.where(stated != "", stated, _grade_place(sigma, from_post, place, region))
    return {
        "lon": lon, "lat": lat, "sigma_m": sigma, "sigma_across_m": across, "axis_deg": axis, "place": place,
        "region": region, "place_precision": precision.astype(object), "observer_lon": post_lon,
        "observer_lat": post_lat, "bearing_deg": bearing, "bearing_width_deg": width,
        "range_min_m": range_min, "range_max_m": range_max,
    }  # fmt: skip


def _or(values: FloatArray, default: float | FloatArray) -> FloatArray:
    return np.where(np.isnan(values), default, values)


def _longer_first(sigma: FloatArray, across: FloatArray, axis: FloatArray) -> tuple[FloatArray, ...]:
    """Return the ellipse with the greater deviation first, the axis turned with it."""
    turn = across > sigma
    return np.maximum(sigma, across), np.minimum(sigma, across), np.where(turn, (axis + 90.0) % 180.0, axis)


def _read_bearing(reading: Reading) -> FloatArray:
    """Return the azimuth, from degrees or from one of the sixteen directions."""
    if not reading.has("bearing_deg"):
        return np.full(len(reading), np.nan)

    def azimuth(word: str) -> float:
        if word.upper() in WINDS:
            return WINDS[word.upper()]
        if word.lower() in ("n/k", "unknown"):
            return np.nan
        try:
            value = float(word.removesuffix("°"))
        except ValueError:
            return np.inf
        return value % 360.0 if 0.0 <= value <= 360.0 else np.inf

    words = reading.words("bearing_deg")
    values: FloatArray = map_words(words, azimuth, empty=np.nan, dtype=float)
    hint = "write 0 to 360, or one of N, NNE, NE ... NNW"
    reading.reject(np.isinf(values), "bearing_deg", "is no direction", hint, quote="bearing_deg")
    return np.where(np.isinf(values), np.nan, values)


def _read_ranges(reading: Reading) -> tuple[FloatArray, FloatArray]:
    """Return least and greatest distance in metres, from either unit."""
    least, most = (
        _or(reading.numbers(f"range_{end}_km", low=0.0) * _METRES, reading.numbers(f"range_{end}_m", low=0.0))
        for end in ("min", "max")
    )
    with np.errstate(invalid="ignore"):
        wrong = least > most
    reading.reject(
        wrong, "range_min_km", "is beyond the greatest distance", "write the lesser distance first"
    )
    return least, most


def _fill_ranges(
    least: FloatArray, most: FloatArray, kind: TextArray, weapon: TextArray
) -> tuple[FloatArray, FloatArray]:
    """Return distances with those at which such fire is heard where none is given.

    NaN for kinds that are not heard from afar: they happened at the post. A least distance beyond the usual
    ones stands alone.
    """
    bounds = _hearing_m()
    rows = np.where(
        _is_any(kind, _SMALL_KINDS) | _is_any(weapon, _SMALL_WEAPONS),
        0,
        np.where(((weapon != "") & (weapon != Weapon.unknown)) | (kind == Kind.shelling), 1, 2),
    )
    at_post = ~_is_any(kind, tuple(k for k in Kind if GROUP_OF[k] in (KindGroup.fire, KindGroup.air)))
    unknown = at_post & np.isnan(least) & np.isnan(most)
    usual = np.where(unknown[:, None], np.nan, bounds[rows])
    far = np.where(np.isnan(most), np.fmax(usual[:, 1], least), most)
    near = np.where(np.isnan(least), np.where(np.isnan(most), usual[:, 0], 0.0), least)
    return near, far


@cache
def _hearing_m() -> FloatArray:
    """Return nearest and farthest distance in metres: small arms, heavier weapons, explosions."""
    values = load_watching_assumptions().value
    names = ("small_arms", "heavy", "explosion")
    return np.array([[values(f"own_form.{n}_{end}_km") * _METRES for end in ("near", "far")] for n in names])


def _is_any(words: TextArray, among: tuple[str, ...]) -> BoolArray:
    chosen = frozenset(str(word) for word in among)
    return np.asarray(map_words(words, lambda word: str(word) in chosen, empty=False, dtype=bool))


def _grade_place(sigma: FloatArray, from_post: BoolArray, place: TextArray, region: TextArray) -> TextArray:
    """Return how well the place is known, by its radius or by what is named."""
    values = load_watching_assumptions().value
    named = np.where(place != "", "settlement", np.where(region != "", "region", "unknown"))
    with np.errstate(invalid="ignore"):
        grades = np.select(
            [
                from_post,
                sigma <= values("own_form.exact_within_m"),
                sigma <= values("own_form.settlement_within_m"),
                sigma <= values("own_form.district_within_m"),
                ~np.isnan(sigma),
            ],
            ["bearing", "exact", "settlement", "district", "region"],
            default=named,
        )
    return grades.astype(object)


def _read_counts(reading: Reading) -> tuple[dict[str, FloatArray], BoolArray]:
    """Return counts, killed and hurt as ranges, and where one was 'about' so many."""
    about = load_watching_assumptions().value("own_form.about_share")
    made: dict[str, FloatArray] = {}
    is_rounded = np.zeros(len(reading), dtype=bool)
    for name in ("count", "killed", "hurt"):
        given = reading.ranges(name, about_share=about)
        low = reading.numbers(f"{name}_low", low=0.0)
        high = reading.numbers(f"{name}_high", low=0.0)
        middle = _or((low + high) / 2.0, _or(low, high))
        made[f"{name}_best"] = best = _or(given.best, middle)
        made[f"{name}_low"] = _or(low, _or(given.low, np.where(np.isnan(given.best), best, np.nan)))
        made[f"{name}_high"] = _or(high, given.high)
        is_rounded |= given.is_rounded
    return made, is_rounded


def _read_observation(reading: Reading, means: TextArray) -> TextArray:
    return _fill(reading.choices("observation", OBSERVATIONS), means, _BY_MEANS)


def _read_source(reading: Reading, means: TextArray) -> TextArray:
    """Return who says so: the mission itself where its own means noticed it and nobody is named."""
    own = map_words(means, lambda word: "mission" if word in OWN_MEANS else "", empty="", dtype=object)
    given = reading.words("source")
    return np.where(given != "", given, own).astype(object)


def _make_keys(reading: Reading) -> TextArray:
    """Return the number of each report at its source; empty where it has none."""
    ids = reading.words("id")
    if not reading.has("source") or not reading.has("id"):
        return ids
    made = np.empty(len(ids), dtype=object)
    sources = reading.words("source")
    made[:] = [
        f"{source}/{each}" if each and source else each for source, each in zip(sources, ids, strict=True)
    ]
    return made


def _fill(words: TextArray, by: TextArray, defaults: Mapping[Any, Any]) -> TextArray:
    """Return words, where they are empty what `defaults` has for the word of `by`."""
    known = {str(key): str(value) for key, value in defaults.items()}
    usual = map_words(by, lambda word: known.get(word, ""), empty="", dtype=object)
    return np.where(words != "", words, usual).astype(object)


OWN = Feed(
    "own",
    "Truceline's own form of report",
    frozenset({"kind"}),
    map_own,
    knows=frozenset(COLUMNS),
    is_local=True,
    one_of=(frozenset({"time", "time_from"}),),
)
SIMULATED = Feed(
    "simulated",
    "Reports of a simulation, in the own form with the column truth",
    frozenset({"kind", "truth"}),
    map_simulated,
    knows=frozenset({*COLUMNS, "truth"}),
    is_local=True,
    one_of=(frozenset({"time", "time_from"}),),
)
FEEDS: tuple[Feed, ...] = (OWN, SIMULATED)
