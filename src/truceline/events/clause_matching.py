"""Hold incidents against the parts of a clause, whole columns at once: the act, the time, the place.

Whether an act is meant is yes, no, or untold; how likely an incident lies in the time and in the place is a
probability. Times are microseconds of UTC. What follows from it all is said in `judging`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from truceline.events.agreement_places import Place, Positions, find_chance
from truceline.events.agreements import Acts
from truceline.events.feeds._regions import find_region
from truceline.events.kinds import Flag, Kind, Phase, Weapon

if TYPE_CHECKING:
    import pandas as pd

    from truceline.geo.line import LineOfContact

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

NO, YES, UNTOLD = 0, 1, 2
UNTOLD_WORDS = frozenset({"", Weapon.unknown.value, Phase.undetermined.value})
"""Words that leave a weapon, a target or a phase untold."""
MISSING = np.iinfo(np.int64).min
"""A moment that is not known."""
_OPEN = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Words:
    """A column of words as numbers."""

    values: tuple[str, ...]
    codes: IntArray
    """Index of each entry's word in `values`."""

    def lookup(self, table: Mapping[str, int], otherwise: int, rows: Any) -> NDArray[np.int8]:
        """Return what `table` says of the word of each of `rows`."""
        said = np.array([table.get(value, otherwise) for value in self.values], dtype=np.int8)
        made: NDArray[np.int8] = said[self.codes[rows]] if len(said) else np.empty(0, dtype=np.int8)
        return made


class IncidentColumns:
    """The columns of incidents that clauses ask for, as plain arrays."""

    def __init__(
        self,
        incidents: pd.DataFrame,
        *,
        unknown_sigma_m: float,
        region_names: Mapping[str, str] | None = None,
    ) -> None:
        """Take a frame of `INCIDENTS`; `region_names` gives a mission's name of a region by other names."""
        self.frame = incidents
        self._names = {other.casefold(): name for other, name in (region_names or {}).items()}
        self._unknown_sigma_m = unknown_sigma_m

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def starts(self) -> IntArray:
        """Earliest moment, microseconds; MISSING where it is not known."""
        return _microseconds(self.frame["time_from"])

    @cached_property
    def ends(self) -> IntArray:
        """Latest moment; the earliest where it is not known or lies before that."""
        return np.maximum(_microseconds(self.frame["time_to"]), self.starts)

    @cached_property
    def flags(self) -> IntArray:
        """Sum of flags."""
        return np.asarray(self.frame["flags"].to_numpy(dtype="int64", na_value=0))

    @cached_property
    def is_exercise(self) -> BoolArray:
        """Whether it was assessed as a live-fire exercise."""
        is_called_so = (self.frame["kind"] == Kind.exercise.value).to_numpy(dtype=bool)
        return np.asarray(((self.flags & int(Flag.exercise)) != 0) | is_called_so)

    @cached_property
    def regions(self) -> NDArray[np.object_]:
        """Region of each incident, by the mission's name where it has one."""
        words = self.words("region")
        named = np.array([self.name_region(word) for word in words.values], dtype=object)
        made: NDArray[np.object_] = named[words.codes] if len(named) else np.empty(0, dtype=object)
        return made

    @cached_property
    def positions(self) -> Positions:
        """Where each is; a point that stands for a whole region is no position."""
        columns = {
            name: self.frame[name].to_numpy(dtype=float)
            for name in ("lon", "lat", "sigma_m", "sigma_across_m", "axis_deg")
        }
        is_placeholder = (self.flags & int(Flag.placeholder)) != 0
        sigma = np.where(np.isfinite(columns["sigma_m"]), columns["sigma_m"], self._unknown_sigma_m)
        across = columns["sigma_across_m"]
        return Positions(
            lon=np.where(is_placeholder, np.nan, columns["lon"]),
            lat=np.where(is_placeholder, np.nan, columns["lat"]),
            sigma_m=sigma,
            sigma_across_m=np.where(np.isfinite(across), across, sigma),
            axis_deg=np.nan_to_num(columns["axis_deg"]),
            region=self.regions,
        )

    def words(self, name: str) -> Words:
        """Return a column of words as numbers."""
        found: Words | None = self._words.get(name)
        if found is None:
            import pandas as pd

            codes, unique = pd.factorize(self.frame[name].to_numpy(dtype=object))
            found = Words(tuple(str(word) for word in unique), np.asarray(codes, dtype=np.int64))
            self._words[name] = found
        return found

    def name_region(self, word: str) -> str:
        """Return a region by the mission's name for it, else by ours, else as the source has it."""
        named = self._names.get(word.casefold())
        return named or find_region(word).name or word

    @cached_property
    def _words(self) -> dict[str, Words]:
        return {}


@dataclass(frozen=True)
class PlaceFound:
    """Where incidents lie within the places of a clause."""

    p: FloatArray
    """Probability of lying in one of them; NaN where it cannot be told."""
    likeliest: IntArray
    """Index of the place of which most can be said."""
    distance_m: FloatArray
    """From the line of that place; NaN where it has none."""
    sigma_m: FloatArray


def match_acts(acts: Acts, columns: IncidentColumns, rows: Any) -> NDArray[np.int8]:
    """Tell of each of `rows` whether it is one of the acts meant: NO, YES or UNTOLD."""
    made = columns.words("kind").lookup({kind.value: YES for kind in acts.meant}, NO, rows)
    for name, wanted in (("weapon", acts.weapons), ("target", acts.targets), ("phase", acts.phases)):
        if not wanted:
            continue
        table = {**dict.fromkeys(UNTOLD_WORDS, UNTOLD), **{str(word): YES for word in wanted}}
        told = columns.words(name).lookup(table, NO, rows)
        made = np.where((made == NO) | (told == NO), NO, np.maximum(made, told)).astype(np.int8)
    return made


def share_of_time(
    starts: IntArray, ends: IntArray, since: datetime | None, until: datetime | None
) -> FloatArray:
    """Return the share of each interval that lies from `since` until just before `until` (UTC).

    An interval without length lies within or not. NaN where the moment is not known.
    """
    first, last = _as_microseconds(since, MISSING + 1), _as_microseconds(until, _OPEN)
    inside = np.minimum(ends, last) - np.maximum(starts, first)
    length = ends - starts
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.clip(inside / length, 0.0, 1.0)
    at_once = (starts >= first) & (starts < last)
    return np.where(starts == MISSING, np.nan, np.where(length > 0, share, at_once.astype(float)))


def find_in_places(
    places: Sequence[Place], positions: Positions, lines: Mapping[str, LineOfContact], *, enough: float
) -> PlaceFound:
    """Return how likely positions lie in one of several places, which are taken to lie apart.

    Where one place cannot be told, the others settle it if they alone reach `enough`.
    """
    n_rows = len(positions)
    total, is_open = np.zeros(n_rows), np.zeros(n_rows, dtype=bool)
    most = np.full(n_rows, -1.0)
    likeliest = np.zeros(n_rows, dtype=np.int64)
    distance, sigma = np.full(n_rows, np.nan), np.full(n_rows, np.nan)
    for index, place in enumerate(places):
        chance = find_chance(place, positions, lines)
        unknown = np.isnan(chance.p)
        is_open |= unknown
        p = np.where(unknown, 0.0, chance.p)
        total += p
        better = np.where(unknown, 0.5, p) > most
        most = np.where(better, np.where(unknown, 0.5, p), most)
        likeliest = np.where(better, index, likeliest)
        distance = np.where(better, chance.distance_m, distance)
        sigma = np.where(better, chance.sigma_m, sigma)
    total = np.minimum(total, 1.0)
    p_all = np.where(is_open & (total < enough), np.nan, total)
    return PlaceFound(p_all, likeliest, distance, sigma)


def may_overlap(columns: IncidentColumns, since: datetime | None, until: datetime | None) -> BoolArray:
    """Tell for each incident whether it may have happened in a period, or when it did is not known."""
    first, last = _as_microseconds(since, MISSING + 1), _as_microseconds(until, _OPEN)
    within = (columns.ends >= first) & (columns.starts < last)
    return np.asarray(within | (columns.starts == MISSING))


def _as_microseconds(moment: datetime | None, otherwise: int) -> int:
    return otherwise if moment is None else int(np.datetime64(moment, "us").astype(np.int64))


def _microseconds(column: pd.Series) -> IntArray:
    return np.asarray(column.to_numpy(dtype="datetime64[us]")).astype(np.int64)
