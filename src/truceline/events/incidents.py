"""What we think happened: the reports of an incident summed up in one row.

One shot noticed by two posts counts once: a post's own lines add up, two posts or sources are compared.
Exact repeats count nowhere, and texts copied word for word are one source. Times UTC, positions in degrees
with standard deviations in metres. Says nothing about whether it is established or who did it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.frames import make_frame
from truceline.events.kinds import GROUP_OF, OWN_MEANS, Flag, Kind, KindGroup, Phase, PlacePrecision, Weapon
from truceline.events.linkage import find_repeats
from truceline.events.pairs import NEEDED, number_texts
from truceline.events.positions import Ellipses, fuse_positions
from truceline.events.schema import INCIDENTS

if TYPE_CHECKING:
    import pandas as pd

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SUMMARY_COLUMNS = (*NEEDED, "control_side", "target", "side_from", "text")
"""Columns of reports that the summary reads; `text` only tells copies and may be left out."""

_HEARD_ONLY = (Kind.explosion, Kind.projectile, Kind.burst, Kind.shot, Kind.muzzle_flash, Kind.tracer)
_COARSE = (PlacePrecision.region, PlacePrecision.country, PlacePrecision.unknown)
_ANY_FLAGS = Flag.several_nights | Flag.simulated | Flag.rounded_count | Flag.derived_count
"""Said of the incident where any report says it; others only where all do, and a repeat never."""
_RANGES = ("low", "best", "high")


@dataclass(frozen=True)
class _Groups:
    """Reports sorted by incident and number."""

    frame: pd.DataFrame
    of: IntArray
    """Group of each row, from 0."""
    ids: IntArray
    """Incident of each group."""
    starts: IntArray

    @property
    def n(self) -> int:
        return len(self.ids)

    def numbers(self, name: str) -> FloatArray:
        return np.asarray(self.frame[name].to_numpy(dtype=float))

    def words(self, name: str) -> NDArray[np.object_]:
        return np.asarray(self.frame[name].to_numpy(dtype=object))


def summarise_incidents(reports: pd.DataFrame, incident_of: Mapping[int, int] | pd.DataFrame) -> pd.DataFrame:
    """Return one row of the table `incidents` for each incident that has a report in `reports`.

    `incident_of` gives the incident by number of report, as a mapping or as rows of the table `links`.
    Reports without incident are left aside. All current reports of an incident must be there.
    """
    groups = _group(reports, incident_of)
    if not groups.n:
        return make_frame(INCIDENTS, {}, n_rows=0)
    counted = _counted(groups.frame)
    voices, voice_group = _voices(groups)
    columns: dict[str, Any] = {
        "incident_id": groups.ids,
        **_when(groups),
        **_where(groups),
        **_what(groups, voices),
        **_counts(groups, voices, voice_group),
        "flags": _flags(groups),
        "n_reports": np.bincount(groups.of[counted], minlength=groups.n),
        "n_sources": _n_sources(groups, counted),
        "n_posts": _n_posts(groups),
    }
    return make_frame(INCIDENTS, columns)


def _group(reports: pd.DataFrame, incident_of: Mapping[int, int] | pd.DataFrame) -> _Groups:
    import pandas as pd

    numbers = reports["report_id"].to_numpy(dtype=np.int64)
    if isinstance(incident_of, pd.DataFrame):
        linked = incident_of[incident_of["incident_id"].notna()]
        keys = linked["report_id"].to_numpy(dtype=np.int64)
        values = linked["incident_id"].to_numpy(dtype=np.int64)
    else:
        keys = np.fromiter(incident_of.keys(), dtype=np.int64, count=len(incident_of))
        values = np.fromiter(incident_of.values(), dtype=np.int64, count=len(incident_of))
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order]
    at = np.minimum(np.searchsorted(keys, numbers), max(len(keys) - 1, 0))
    has = keys[at] == numbers if len(keys) else np.zeros(len(numbers), dtype=bool)
    rows = np.flatnonzero(has)
    incident = values[at[rows]]
    rows = rows[np.lexsort((numbers[rows], incident))]
    ids, starts, of = np.unique(values[at[rows]], return_index=True, return_inverse=True)
    return _Groups(reports.iloc[rows].reset_index(drop=True), of, ids, starts.astype(np.int64))


def _counted(frame: pd.DataFrame) -> BoolArray:
    """Tell which reports are no exact repeat of another one."""
    return np.asarray(find_repeats(frame) == np.arange(len(frame)))


def _voices(groups: _Groups) -> tuple[IntArray, IntArray]:
    """Return the number of the voice (post or source within an incident) of each report, and its group."""
    voice = number_texts(groups.frame["source"], groups.frame["post"])
    width = int(voice.max(initial=0)) + 1
    keys, number = np.unique(groups.of * width + voice, return_inverse=True)
    return number.astype(np.int64), keys // width


def _when(groups: _Groups) -> dict[str, Any]:
    """Return the time common to all reports, or from the first to the last where there is none."""
    since = groups.frame["time_from"].to_numpy(dtype="datetime64[us]").astype(np.int64)
    until = groups.frame["time_to"].to_numpy(dtype="datetime64[us]")
    until = np.where(np.isnat(until), since, until.astype(np.int64))
    latest, earliest = np.maximum.reduceat(since, groups.starts), np.minimum.reduceat(until, groups.starts)
    first, last = np.minimum.reduceat(since, groups.starts), np.maximum.reduceat(until, groups.starts)
    # Two days that only touch have no time in common; two equal moments have.
    overlap = (latest < earliest) | (first == last)
    precision = _first(groups, groups.words("time_precision"), until - since)
    return {
        "time_from": np.where(overlap, latest, first).astype("datetime64[us]"),
        "time_to": np.where(overlap, earliest, last).astype("datetime64[us]"),
        "time_precision": precision,
    }


def _first(groups: _Groups, words: NDArray[np.object_], key: Any) -> NDArray[np.object_]:
    """Return the word, if not empty, of the report of each group with the smallest key, earliest first."""
    made = np.full(groups.n, "", dtype=object)
    rows = np.flatnonzero(words != "")
    rows = rows[np.lexsort((rows, key[rows], groups.of[rows]))][::-1]
    made[groups.of[rows]] = words[rows]
    return made


def _where(groups: _Groups) -> dict[str, Any]:
    """Return the fused position, and the names that the report with the best one gives."""
    flags = groups.frame["flags"].to_numpy(dtype=np.int64, na_value=0)
    along = groups.numbers("sigma_m")
    unknown = load_watching_assumptions().value("linkage.unknown_sigma_m")
    along = np.where(np.isnan(along), unknown, along)
    precision = groups.words("place_precision")
    no_point = np.isnan(groups.numbers("lon"))
    coarse = np.isin(precision, _COARSE) | ((flags & Flag.placeholder) > 0)
    rank = np.where(no_point, np.inf, along) + np.where(coarse, 1e9, 0.0)
    best = np.full(groups.n, np.inf)
    np.minimum.at(best, groups.of, rank)
    # Points of regions count only where there is nothing better, and then only the best of them.
    used = ~no_point & np.where(best[groups.of] >= 1e9, rank == best[groups.of], rank < 1e9)
    ellipses = Ellipses(
        groups.numbers("lon"), groups.numbers("lat"), along, groups.numbers("sigma_across_m"),
        groups.numbers("axis_deg"),
    )  # fmt: skip
    rows = _distinct_points(groups, ellipses, np.flatnonzero(used))
    fused = fuse_positions(Ellipses(*(each[rows] for each in ellipses)), groups.of[rows], groups.n)
    named = {
        name: _first(groups, groups.words(name), rank)
        for name in ("place", "region", "place_precision", "control_side")
    }
    return {**fused._asdict(), **named}


def _distinct_points(groups: _Groups, ellipses: Ellipses, rows: IntArray) -> IntArray:
    """Return one row for each point of an incident, the most precise: one gazetteer, one proof."""
    order = rows[
        np.lexsort((rows, ellipses.sigma_m[rows], ellipses.lat[rows], ellipses.lon[rows], groups.of[rows]))
    ]
    if not len(order):
        return order
    same = (
        (groups.of[order[1:]] == groups.of[order[:-1]])
        & (ellipses.lon[order[1:]] == ellipses.lon[order[:-1]])
        & (ellipses.lat[order[1:]] == ellipses.lat[order[:-1]])
    )
    return np.asarray(order[np.append(True, ~same)])


def _what(groups: _Groups, voices: IntArray) -> dict[str, Any]:
    tiers = {kind.value: _tier(kind) for kind in Kind}
    kinds = groups.words("kind")
    rank = np.array([tiers.get(str(kind), 0) for kind in kinds.tolist()], dtype=np.int64)
    # What the mission itself noticed is told in the mission's words: six explosions, not a "shelling".
    own = np.isin(groups.words("means"), [means.value for means in OWN_MEANS])
    rank = np.where(own & (rank >= _tier(Kind.explosion)), rank + len(tiers), rank)
    told_phase = {"": 0, Phase.undetermined.value: 1}
    told_weapon = {"": 0, Weapon.unknown.value: 1}
    phases, weapons = groups.words("phase"), groups.words("weapon")
    return {
        "kind": _vote(groups, voices, kinds, rank),
        "phase": _vote(groups, voices, phases, _ranks(phases, told_phase)),
        "weapon": _vote(groups, voices, weapons, _ranks(weapons, told_weapon)),
        "target": _vote(groups, voices, groups.words("target"), _ranks(groups.words("target"), {"": 0})),
        "side_from": _agreed(groups, groups.words("side_from")),
    }


def _tier(kind: Kind) -> int:
    """Return how much a kind tells: what was fired, then that something was, then what it left behind."""
    group = GROUP_OF[kind]
    if group is KindGroup.fire:
        return 3 if kind in _HEARD_ONLY else 4
    if group in (KindGroup.air, KindGroup.movement, KindGroup.restriction):
        return 2
    return 1 if group is KindGroup.consequence else 0


def _ranks(words: NDArray[np.object_], low: Mapping[str, int]) -> IntArray:
    return np.array([low.get(str(word), 2) for word in words.tolist()], dtype=np.int64)


def _vote(
    groups: _Groups, voices: IntArray, words: NDArray[np.object_], rank: IntArray
) -> NDArray[np.object_]:
    """Return for each incident the word of the highest rank with most voices; ties to the earliest report.

    A word ranks as the report that gives it the highest rank.
    """
    import pandas as pd

    codes, vocabulary = pd.factorize(words)
    width = len(vocabulary) + 1
    _, row = np.unique(voices * width + codes, return_index=True)
    keys, first, votes = np.unique(groups.of[row] * width + codes[row], return_index=True, return_counts=True)
    at = row[first]
    key_of_row = np.searchsorted(keys, groups.of * width + codes)
    earliest, highest = np.full(len(keys), len(words)), np.full(len(keys), -1)
    np.minimum.at(earliest, key_of_row, np.arange(len(words)))
    np.maximum.at(highest, key_of_row, rank)
    order = np.lexsort((-earliest, votes, highest, groups.of[at]))
    made = np.full(groups.n, "", dtype=object)
    made[groups.of[at[order]]] = words[at[order]]
    return made


def _agreed(groups: _Groups, words: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the word that all reports with one agree on; empty where they do not."""
    made = np.full(groups.n, "", dtype=object)
    rows = np.flatnonzero(words != "")
    made[groups.of[rows]] = words[rows]
    contrary = rows[words[rows] != made[groups.of[rows]]]
    made[groups.of[contrary]] = ""
    return made


def _counts(groups: _Groups, voices: IntArray, voice_group: IntArray) -> dict[str, Any]:
    """Return the ranges of counts, dead and injured, and what is counted."""
    counted = _counted(groups.frame)
    own = np.isin(groups.words("means"), [means.value for means in OWN_MEANS])
    has = ~np.isnan(groups.numbers("count_best")) | ~np.isnan(groups.numbers("count_low"))
    unit = _vote(groups, voices, groups.words("count_unit"), has.astype(np.int64))
    of_unit = counted & (groups.words("count_unit") == unit[groups.of])
    made: dict[str, Any] = {"count_unit": unit}
    for what, used, adds in (("count", of_unit, own), ("killed", counted, None), ("hurt", counted, None)):
        ranges = _range_by_voice(groups, what, voices, used, adds, len(voice_group))
        made |= _combine(what, ranges, voice_group, groups.n)
    return made


def _range_by_voice(
    groups: _Groups, what: str, voices: IntArray, used: BoolArray, adds: BoolArray | None, n: int
) -> FloatArray:
    """Return low, best, high (3, voices): a mission's own lines add up, other texts repeat: the greatest."""
    low, best, high = (groups.numbers(f"{what}_{end}") for end in _RANGES)
    best = np.where(np.isnan(best), np.where(np.isnan(low), high, low), best)
    low, high = np.where(np.isnan(low), best, low), np.where(np.isnan(high), best, high)
    made = np.full((3, n), np.nan)
    rows = used & ~np.isnan(best)
    for part, is_sum in (
        ((rows & adds, True), (rows & ~adds, False)) if adds is not None else ((rows, False),)
    ):
        for end, values in enumerate((low, best, high)):
            if is_sum:
                total = np.bincount(voices[part], values[part], n)
                seen = np.bincount(voices[part], minlength=n) > 0
                made[end, seen] = total[seen]
            else:
                np.fmax.at(made[end], voices[part], values[part])
    return made


def _combine(what: str, ranges: FloatArray, group: IntArray, n: int) -> dict[str, Any]:
    """Return the range common to all voices; where they have none, that of the voice that noticed most."""
    rows = ~np.isnan(ranges[1])
    low, best, high = ranges[:, rows]
    group = group[rows]
    greatest_low, least_high = np.full(n, np.nan), np.full(n, np.nan)
    greatest_high, greatest_best = np.full(n, np.nan), np.full(n, np.nan)
    np.fmax.at(greatest_low, group, low)
    np.fmin.at(least_high, group, high)
    np.fmax.at(greatest_high, group, high)
    np.fmax.at(greatest_best, group, best)
    top = np.where(greatest_low <= least_high, least_high, greatest_high)
    middle = np.clip(greatest_best, greatest_low, top)
    return {f"{what}_low": greatest_low, f"{what}_best": middle, f"{what}_high": top}


def _flags(groups: _Groups) -> IntArray:
    flags = groups.frame["flags"].to_numpy(dtype=np.int64, na_value=0)
    any_ = np.bitwise_or.reduceat(flags, groups.starts)
    all_ = np.bitwise_and.reduceat(flags, groups.starts)
    made = (any_ & int(_ANY_FLAGS)) | (all_ & ~int(Flag.exact_repeat))
    own = np.isin(groups.words("means"), [means.value for means in OWN_MEANS])
    assessed = np.bitwise_or.reduceat(np.where(own, flags & int(Flag.exercise), 0), groups.starts)
    return np.asarray(made | assessed, dtype=np.int64)


def _n_sources(groups: _Groups, counted: BoolArray) -> IntArray:
    """Return the independent sources of each incident: copies of one text are one, told by the first."""
    rows = np.flatnonzero(counted)
    if "text" in groups.frame.columns:
        text = groups.words("text")[rows]
        codes = number_texts(groups.frame["text"].iloc[rows])
        keys = groups.of[rows] * (int(codes.max(initial=0)) + 1) + codes
        _, first = np.unique(keys, return_index=True)
        is_first = np.zeros(len(rows), dtype=bool)
        is_first[first] = True
        rows = rows[is_first | (text == "")]
    source = number_texts(groups.frame["source"])
    return _n_different(groups.of[rows], source[rows], groups.n)


def _n_posts(groups: _Groups) -> IntArray:
    """Return the different posts of each incident."""
    rows = np.flatnonzero(groups.words("post") != "")
    return _n_different(groups.of[rows], number_texts(groups.frame["post"])[rows], groups.n)


def _n_different(group: IntArray, number: IntArray, n: int) -> IntArray:
    width = int(number.max(initial=0)) + 1
    return np.bincount(np.unique(group * width + number) // width, minlength=n)
