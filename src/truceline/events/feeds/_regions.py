"""Regions of the theatre: one name for each of the many spellings, and where 'somewhere in it' is.

A report that names no more than a region gets its centre with a standard deviation that covers it. For a disc
of area A, in which every place is as likely as another, the standard deviation along each axis is half the
radius: sqrt(A / pi) / 2. Lengths in metres, positions in degrees. Draws no borders and looks nothing up by
position: sources say which region they mean.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from truceline.events.feeds._columns import Words, translate
from truceline.events.feeds.base import FloatArray
from truceline.geo.ellipsoid import metres_per_degree

_WORDS_LEFT_OUT = re.compile(r"\b(?:oblast|region|obl|province)\b\.?")
_BRACKETS = re.compile(r"\([^)]*\)")
_MARKS = str.maketrans("", "", "'’`ʼ′\"")
MAX_NAME = 500
"""Longest text looked at for names of regions, in characters: a longer one is no name."""
_SEPARATORS = re.compile(r"\s+and\s+|\s*[;/]\s*")


@dataclass(frozen=True)
class Region:
    """A region and how well 'somewhere in it' is known."""

    name: str
    """Ours, and empty for no region."""
    lon: float
    lat: float
    sigma_m: float
    """Standard deviation along each axis of a place somewhere in it, metres."""


NO_REGION = Region("", math.nan, math.nan, math.nan)


@cache
def load_regions() -> dict[str, Region]:
    """Return every region by each of its spellings, in the form that `simplify` gives them.

    Among the spellings are towns and islands that lists of attacks name in place of their region.
    """
    text = files("truceline.events").joinpath("library", "regions.csv").read_text(encoding="utf-8")
    found: dict[str, Region] = {}
    for row in csv.DictReader(text.splitlines()):
        sigma_m = math.sqrt(float(row["area_km2"]) * 1e6 / math.pi) / 2
        region = Region(row["name"], float(row["lon"]), float(row["lat"]), sigma_m)
        for spelling in (row["name"], *row["also"].split(";")):
            found[simplify(spelling)] = region
    return found


def simplify(word: str) -> str:
    """Return a name in the form in which spellings are compared: lower case, no apostrophes, no 'oblast'.

    What stands in brackets is left out.
    """
    plain = _BRACKETS.sub(" ", word.casefold()).translate(_MARKS)
    return " ".join(_WORDS_LEFT_OUT.sub(" ", plain).split())


def find_region(word: str) -> Region:
    """Return the region that a word names; `NO_REGION` where it names none that we know."""
    return load_regions().get(simplify(word), NO_REGION) if len(word) <= MAX_NAME else NO_REGION


def find_regions(text: str) -> tuple[Region, ...]:
    """Return the regions named in a text such as 'Odesa oblast and Mykolaiv oblast', in its order.

    What stands after a comma is a part of the region ('Dnipropetrovsk oblast, Dnipro Raion') and left out.
    """
    parts = _SEPARATORS.split(text[:MAX_NAME])
    found = (find_region(part.partition(",")[0]) for part in parts)
    return tuple(dict.fromkeys(region for region in found if region.name))


def cover_regions(regions: tuple[Region, ...]) -> Region:
    """Return one place that stands for 'in one of these regions'; its name is empty for several.

    The centre is the mean of their centres, and the standard deviation adds theirs to their spread.
    """
    if len(regions) < 2:
        return regions[0] if regions else NO_REGION
    lon = float(np.mean([region.lon for region in regions]))
    lat = float(np.mean([region.lat for region in regions]))
    per_lon, per_lat = metres_per_degree(lat)
    east = np.array([(region.lon - lon) * per_lon for region in regions])
    north = np.array([(region.lat - lat) * per_lat for region in regions])
    within = float(np.mean([region.sigma_m**2 for region in regions]))
    return Region("", lon, lat, math.sqrt(within + float(np.mean(east**2 + north**2)) / 2))


def name_regions(words: Words) -> Words:
    """Return our name for the region of each word, the word itself where we know none."""
    return translate(words, lambda word: find_region(word).name or word)


def place_regions(words: Words) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return longitude, latitude and standard deviation (metres) of the region of each word; NaN for none."""
    regions = translate(words, find_region)
    lon = np.array([region.lon for region in regions], dtype=float)
    lat = np.array([region.lat for region in regions], dtype=float)
    return lon, lat, np.array([region.sigma_m for region in regions], dtype=float)
