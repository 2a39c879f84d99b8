"""Cells of a violation table, as monitors write them, read one at a time: distance, bearing, number, words.

Every function takes any text and returns what it understood, never an exception: a cell that says nothing to
us is unknown, and the row stays with its words. Lengths in metres, azimuths in degrees from north.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from truceline.events.feeds._dates import tidy_date
from truceline.events.kinds import Kind, Observation, Phase, Weapon

MAX_CELL = 2000
"""Longest cell looked at, in characters: the rest of a longer one is not read."""

_KM = 1000.0
_WIND_NAMES = (
    "N",
    "NNE",
    "NE",
    "ENE",
    "E",
    "ESE",
    "SE",
    "SSE",
    "S",
    "SSW",
    "SW",
    "WSW",
    "W",
    "WNW",
    "NW",
    "NNW",
)
WINDS = {name: index * 360 / len(_WIND_NAMES) for index, name in enumerate(_WIND_NAMES)}
"""Azimuth of each of the sixteen winds."""

_LONG_WINDS = (("north", "n"), ("south", "s"), ("east", "e"), ("west", "w"))
_DASH = r"\s*(?:-|–|—|to)\s*"
_NUMBER = r"(\d{1,6}(?:[.,]\d{1,3})?)"
_DISTANCE = re.compile(rf"{_NUMBER}(?:{_DASH}{_NUMBER})?\s*(km|m)\b", re.IGNORECASE)
_WIND = re.compile(r"\b(N|NNE|NE|ENE|E|ESE|SE|SSE|S|SSW|SW|WSW|W|WNW|NW|NNW)\b")
_COUNT = re.compile(rf"(\d{{1,6}}){_DASH}(\d{{1,6}})|(\d{{1,6}})")
_THOUSANDS = re.compile(r"(?<=\d)[,\u00a0 ](?=\d{3}\b)")
_ABOUT = re.compile(r"\b(?:about|approx\w*|around|some|circa|ca)\b|~|≈", re.IGNORECASE)
_MORE = re.compile(r"\b(?:at least|more than|over)\b|>|\+", re.IGNORECASE)
_CLOCK = r"(\d{1,2}[:.]\d{2})"
_CLOCKS = re.compile(rf"\b{_CLOCK}(?::\d{{2}})?(?:{_DASH}{_CLOCK})?")
_FROM_TOWN = re.compile(
    rf"{_NUMBER}\s*km\s+([A-Za-z -]{{1,20}}?)\s+of\s+([A-Z][\w'’-]*(?: [A-Z][\w'’-]*)?)", re.IGNORECASE
)


@dataclass(frozen=True)
class Sector:
    """Where something was noticed, as seen from a post; NaN for what is not known."""

    range_min_m: float = math.nan
    range_max_m: float = math.nan
    bearing_deg: float = math.nan


@dataclass(frozen=True)
class Tally:
    """A number of acts; NaN where none is told."""

    low: float = math.nan
    best: float = math.nan
    high: float = math.nan
    is_rounded: bool = False


def read_sector(cell: str) -> Sector:
    """Return distance and bearing: '3-5km SSE', '2 km N', 'N/K', 'At an assessed distance of 1-2km WNW'.

    One distance is known to half of itself either way, at most half a kilometre. A cell may tell the bearing
    alone ('S'), the distance alone, or neither.
    """
    text = _shorten(cell)
    distance = _DISTANCE.search(text)
    rest = text[: distance.start()] + " " + text[distance.end() :] if distance else text
    bearing = read_wind(rest)
    if distance is None:
        return Sector(bearing_deg=bearing)
    scale = _KM if distance[3].lower() == "km" else 1.0
    first = _number(distance[1]) * scale
    if distance[2]:
        low, high = sorted((first, _number(distance[2]) * scale))
    else:
        slack = min(0.5 * _KM, first / 2)
        low, high = first - slack, first + slack
    return Sector(low, high, bearing)


def read_wind(text: str) -> float:
    """Return the azimuth of the first wind in a text, as SSE or as south-east; NaN for none."""
    without_unknown = re.sub(r"\bN\s*/\s*[KA]\b", " ", _shorten(text))
    letters = _WIND.search(without_unknown)
    if letters:
        return WINDS[letters[1]]
    for word in re.findall(r"[a-z-]+", without_unknown.lower()):
        found = word.removesuffix("erly").removesuffix("ern").replace("-", "")
        for name, letter in _LONG_WINDS:
            found = found.replace(name, letter)
        if found.upper() in WINDS and len(word) > len(found):
            return WINDS[found.upper()]
    return math.nan


def read_post_offset(cell: str) -> tuple[float, float, str]:
    """Return distance (m), azimuth and town from a text such as 'Avdiivka (..., 17km N of Donetsk)'.

    NaN and an empty name where the text has no such phrase.
    """
    match = _FROM_TOWN.search(_shorten(cell))
    if match is None:
        return math.nan, math.nan, ""
    return _number(match[1]) * _KM, read_wind(_spell_winds(match[2])), match[3]


def read_tally(cell: str, *, about_share: float, more_share: float) -> Tally:
    """Return the range of a number: '3', '2-3', 'about 30', 'at least 5'; unknown for N/K and words."""
    text = _THOUSANDS.sub("", _shorten(cell))
    match = _COUNT.search(text)
    if match is None:
        return Tally()
    if match[1]:
        low, high = sorted((float(match[1]), float(match[2])))
        return Tally(low, (low + high) / 2, high, is_rounded=bool(_ABOUT.search(text)))
    best = float(match[3])
    if _MORE.search(text):
        return Tally(best, best, _up(best * (1 + more_share)), is_rounded=True)
    if _ABOUT.search(text):
        return Tally(-_up(-best * (1 - about_share)), best, _up(best * (1 + about_share)), True)
    return Tally(best, best, best)


_KIND_WORDS: tuple[tuple[str, Kind, str], ...] = (
    ("muzzle", Kind.muzzle_flash, "flashes"),
    ("flare", Kind.flare, "flares"),
    ("tracer", Kind.tracer, "tracers"),
    ("burst", Kind.burst, "bursts"),
    ("shot", Kind.shot, "shots"),
    ("explosion", Kind.explosion, "explosions"),
    ("projectile", Kind.projectile, "projectiles"),
    ("rocket", Kind.projectile, "projectiles"),
)


def read_observation(cell: str) -> tuple[Kind, str]:
    """Return kind and counted unit of what was noticed: explosion, projectile, burst, shot, flash, flare.

    The first word of ours in the cell decides, so that 'shots and bursts' are shots. Other words are
    Kind.other.
    """
    text = _shorten(cell).lower()
    found = [(text.find(word), kind, unit) for word, kind, unit in _KIND_WORDS if word in text]
    if not found:
        return Kind.other, ""
    # 'Illumination flare' has one word, 'muzzle flash' another; 'tracer burst' is a burst of tracers.
    _, kind, unit = min(found)
    return kind, unit


_PHASE_WORDS = (
    ("undetermined", Phase.undetermined),
    ("airburst", Phase.airburst),
    ("air burst", Phase.airburst),
    ("impact", Phase.impact),
    ("outgoing", Phase.outgoing),
    ("in flight", Phase.in_flight),
    ("in-flight", Phase.in_flight),
    ("vertical", Phase.in_flight),
    ("from ", Phase.in_flight),
)


def read_phase(cell: str, kind: Kind) -> str:
    """Return the part of the flight that a description tells: 'impact', 'outgoing', 'in flight from W to E'.

    'Vertical' and 'W to E' describe a flight. An explosion of which nothing is told is undetermined; other
    kinds have no phase then.
    """
    text = _shorten(cell).lower()
    for word, phase in _PHASE_WORDS:
        if word in text:
            return str(phase)
    if re.search(r"\b[nesw]{1,3} to [nesw]{1,3}\b", text):
        return str(Phase.in_flight)
    return str(Phase.undetermined) if kind is Kind.explosion else ""


def is_exercise(cell: str) -> bool:
    """Tell whether a description assesses a live-fire exercise, inside or outside the security zone."""
    return bool(re.search(r"live[- ]?fire|\bexercise", _shorten(cell), re.IGNORECASE))


_WEAPON_WORDS: tuple[tuple[str, Weapon], ...] = (
    (r"mlrs|multiple launch|multiple rocket|grad|uragan|smerch", Weapon.rocket_artillery),
    (r"mortar", Weapon.mortar),
    (r"howitzer|artillery", Weapon.artillery),
    (r"anti-?aircraft|zu-?23", Weapon.anti_aircraft_gun),
    (r"anti-?tank|atgm|recoilless|spg", Weapon.anti_tank),
    (r"ifv|bmp|infantry fighting", Weapon.ifv_cannon),
    (r"\btank", Weapon.tank),
    (r"agl|grenade", Weapon.grenade_launcher),
    (r"hmg|heavy[- ]machine", Weapon.heavy_machine_gun),
    (r"small[- ]arms|rifle|machine[- ]?gun|\blmg|sniper", Weapon.small_arms),
    (r"surface-to-air|air defen[cs]e", Weapon.air_defence),
    (r"\bmine\b|landmine", Weapon.mine),
    (r"uav|drone", Weapon.uav),
)


def read_weapon(cell: str) -> Weapon:
    """Return the weapon that a cell names ('HMG', 'Small arms', 'IFV (BMP-2) cannon'); unknown for N/K."""
    text = _shorten(cell).lower()
    return next((weapon for words, weapon in _WEAPON_WORDS if re.search(words, text)), Weapon.unknown)


def read_means(cell: str) -> str:
    """Return how it was noticed: seen before recorded before heard where several are told; empty for none."""
    text = _shorten(cell).lower()
    if "record" in text or "camera" in text:
        return str(Observation.recorded)
    if "saw" in text or "seen" in text or "visual" in text or "observ" in text:
        return str(Observation.seen)
    return str(Observation.heard) if "heard" in text or "hear" in text else ""


def read_clock(cell: str) -> tuple[str, str, str]:
    """Return date, start and end of a cell such as '17-Feb, 18:30-18:45' as words to be parsed.

    The date is as written (YYYY-MM-DD where it tells a year), start and end are HH:MM; what is missing is
    empty.
    """
    text = _shorten(cell)
    clock = _CLOCKS.search(text)
    start = end = ""
    if clock:
        start, end = _clock(clock[1]), _clock(clock[2] or "")
        text = text[: clock.start()]
    date = text.replace(" at ", " ").strip(" ,;.T\t\n")
    return tidy_date(date), start, end


def _clock(word: str) -> str:
    return f"{word.replace('.', ':'):0>5}" if word else ""


def _spell_winds(text: str) -> str:
    """Return text with letters for a wind in capitals: 'n' as N."""
    return text.upper() if len(text.strip()) <= 3 else text


def _number(word: str) -> float:
    return float(word.replace(",", "."))


def _up(number: float) -> float:
    """Return the next whole number; the last digits of a product do not count: 420 x 1.1 is 462."""
    return float(math.ceil(round(number, 6)))


def _shorten(cell: str) -> str:
    return str(cell)[:MAX_CELL]
