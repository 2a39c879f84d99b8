"""True incidents of a simulation as reports of the mission: the product's own form with the column `truth`.

Each incident that was detected becomes one or more reports by posts, cameras and residents, with errors of
time, place, kind and number; false reports are reports without an incident. What the simulation says was
verified was seen by the mission or heard by two of its posts, what it says was merely detected was heard by
one: so the watching's own rules can find it again if they link the reports aright. The side is told only
where the simulation says it was attributed. Positions are where fire came from; impacts are not simulated.
Rates are the records `observing.*`; the same seed gives the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from truceline.events.feeds.own import WINDS
from truceline.events.kinds import Kind, Means, Observation, Phase, Weapon
from truceline.simulate.observing_ground import (
    ObservedGround,
    azimuth_of,
    metres_between,
    shift_places,
)
from truceline.simulate.observing_rules import ObservingRules
from truceline.simulate.observing_witnesses import (
    BEARING,
    CLEAR,
    CLOCK,
    COUNT,
    DELAY,
    DEPTH,
    EAST,
    FAR,
    IS_LATE,
    KIND,
    LATE,
    MOST_WITNESSES,
    NORTH,
    PRECISION,
    RANGE,
    RANGED,
    TURN,
    WRONG,
    Luck,
    Slots,
    draw_luck,
    list_slots,
)
from truceline.simulate.true_incidents import TrueIncidents

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
TextArray = NDArray[np.object_]

SIMULATION_START = datetime(2001, 1, 1)
"""Day 0 of every rehearsal, UTC: a Monday long past, so that any store takes the reports (later ones than now
are refused) and nobody takes them for today's."""
COLUMNS = (
    "id", "time_from", "time_to", "zone", "lon", "lat", "radius_m", "region", "post", "post_lon", "post_lat",
    "bearing_deg", "range_min_km", "range_max_km", "means", "observation", "kind", "phase", "weapon", "count",
    "side_from", "received_at", "truth",
)  # fmt: skip
"""Columns written, in their order: those of the form that a simulation can fill, and `truth`."""
WEAPON_OF_RUNG = (
    Weapon.small_arms, Weapon.mortar, Weapon.tank, Weapon.artillery, Weapon.rocket_artillery,
)  # fmt: skip
"""The word of the form for each rung of the ladder."""
BURST_OF = 3
"""Shots from which small-arms fire is called a burst."""
ROUNDED_FROM = 20
"""Counts above this are told as 'about' so many tens, as the OSCE mission did."""

_SIDES = ("a", "b")
_DAY = 86_400.0
_HOUR = 3_600.0
_KM = 1000.0
_HALF_KM = 0.5
_SMALL_ARMS = 0


def observe_incidents(
    truth: TrueIncidents,
    ground: ObservedGround,
    rules: ObservingRules,
    *,
    start: datetime = SIMULATION_START,
) -> pd.DataFrame:
    """Return the reports of what was detected, and the false ones, by the time they were received.

    All columns are text as COLUMNS lists them, empty where nothing is told; times are UTC. All luck comes
    from the keys of the incidents, and so from the seed of the simulation.
    """
    import pandas as pd

    luck = draw_luck(truth)
    depth_m = np.array(rules.depth_km)[truth.rung] * _KM * luck.even[:, 0, DEPTH]
    lon, lat = ground.place(truth.km, truth.side, depth_m)
    slots = list_slots(truth, luck, rules)
    seconds = _notice_times(truth, slots, luck, rules)
    columns: dict[str, Any] = {
        **_tell_times(truth, slots, seconds, luck, rules, start),
        **_tell_places(truth, ground, slots, (lon, lat), luck, rules),
        **_tell_kinds(truth, slots, luck, rules),
    }
    columns["zone"] = _texts(["UTC"] * len(slots.row))
    columns["truth"] = truth.labels()[slots.row]
    received = _receive(truth, slots, seconds, luck, rules)
    columns["received_at"] = _moments(received, start)
    order = np.lexsort((slots.witness, slots.row, received))
    columns["id"] = _texts([""] * len(order))
    frame = pd.DataFrame({name: columns[name][order] for name in COLUMNS})
    frame["id"] = _texts([f"R{number:06d}" for number in range(1, len(frame) + 1)])
    return frame


def format_reports(reports: pd.DataFrame) -> str:
    """Return reports as CSV: the same reports, the same bytes."""
    handle = io.StringIO()
    writer = csv.writer(handle, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(reports[list(COLUMNS)].itertuples(index=False, name=None))
    return handle.getvalue()


def _notice_times(truth: TrueIncidents, slots: Slots, luck: Luck, rules: ObservingRules) -> FloatArray:
    """Return when each witness says that it began, seconds from the start; never before the start."""
    off = luck.normal_of(slots, CLOCK) * rules.clock_error_s
    return np.maximum(truth.time[slots.row] * _DAY + off, 0.0)


def _tell_times(
    truth: TrueIncidents,
    slots: Slots,
    seconds: FloatArray,
    luck: Luck,
    rules: ObservingRules,
    start: datetime,
) -> dict[str, TextArray]:
    """Return time_from and time_to: to the minute, to the hour, or a day alone."""
    lasts_s = truth.size[slots.row] * rules.round_gap_s
    u = luck.of(slots, PRECISION)
    is_day = u < rules.day_only_share
    is_hour = ~is_day & (u < rules.day_only_share + rules.hour_only_share)
    is_hour |= slots.is_told & ~is_day
    begin = np.where(is_hour, np.floor(seconds / _HOUR) * _HOUR, seconds)
    end = np.where(is_hour, begin + _HOUR, seconds + lasts_s)
    is_long = is_hour | (lasts_s >= 60.0)
    days = _moments(np.floor(seconds / _DAY) * _DAY, start)
    from_ = np.where(is_day, _texts([word[:10] for word in days]), _moments(begin, start))
    until = np.where(is_long & ~is_day, _moments(end, start), "")
    return {"time_from": from_.astype(object), "time_to": until.astype(object)}


def _receive(
    truth: TrueIncidents, slots: Slots, seconds: FloatArray, luck: Luck, rules: ObservingRules
) -> FloatArray:
    """Return when each report reached the mission, seconds from the start, a minute after it at least."""
    end = seconds + truth.size[slots.row] * rules.round_gap_s
    usual = -np.log1p(-luck.of(slots, DELAY)) * rules.report_delay_h * _HOUR
    late = _DAY * (1.0 - np.log1p(-luck.of(slots, LATE)) * rules.late_delay_days)
    told = -np.log1p(-luck.of(slots, LATE)) * rules.told_delay_days * _DAY
    is_late = luck.of(slots, IS_LATE) < rules.late_share
    delay = usual + np.where(is_late, late, 0.0) + np.where(slots.is_told, told, 0.0)
    return np.asarray(end + np.maximum(delay, 60.0))


def _tell_places(
    truth: TrueIncidents,
    ground: ObservedGround,
    slots: Slots,
    where: tuple[FloatArray, FloatArray],
    luck: Luck,
    rules: ObservingRules,
) -> dict[str, TextArray]:
    """Return positions: points of what was seen or told, range and bearing from a post of what was heard."""
    lon, lat = where[0][slots.row], where[1][slots.row]
    is_heard = ~slots.is_seen & ~slots.is_told
    sd = np.where(slots.is_told, rules.told_radius_m, rules.position_error_m)
    east, north = (luck.normal_of(slots, each) * sd * rules.error_ratio for each in (EAST, NORTH))
    wrong = luck.of(slots, WRONG) < rules.wrong_place_share
    turn = luck.of(slots, TURN) * 2.0 * np.pi
    far_m = -np.log1p(-luck.of(slots, FAR)) * rules.wrong_place_by_km * _KM
    east, north = east + wrong * far_m * np.sin(turn), north + wrong * far_m * np.cos(turn)
    told_lon, told_lat = shift_places(lon, lat, east, north)
    post = _choose_posts(ground, slots, where)
    post_east, post_north = metres_between(ground.post_lon[post], ground.post_lat[post], lon, lat)
    bearing = azimuth_of(post_east, post_north) + luck.normal_of(slots, BEARING) * rules.bearing_error_deg
    near, far = _estimate_ranges(
        np.hypot(post_east, post_north), luck.of(slots, RANGED), luck.normal_of(slots, RANGE), rules
    )
    region = ground.sector_of(truth.km[slots.row])
    return {
        "lon": _numbers(told_lon, "%.5f", ~is_heard),
        "lat": _numbers(told_lat, "%.5f", ~is_heard),
        "radius_m": _numbers(sd, "%.0f", ~is_heard),
        "region": region,
        "post": np.where(slots.is_told, "", ground.post[post]).astype(object),
        "post_lon": _numbers(ground.post_lon[post], "%.5f", is_heard),
        "post_lat": _numbers(ground.post_lat[post], "%.5f", is_heard),
        "bearing_deg": np.where(is_heard, _winds(bearing), "").astype(object),
        "range_min_km": _numbers(near, "%.1f", is_heard & np.isfinite(near)),
        "range_max_km": _numbers(far, "%.1f", is_heard & np.isfinite(far)),
        "means": _means(ground, slots, post),
        "observation": _observations(ground, slots, post),
    }


def _choose_posts(ground: ObservedGround, slots: Slots, where: tuple[FloatArray, FloatArray]) -> IntArray:
    """Return the post of each report: the nearest that sees, or the nearest that listen, each once."""
    rows, which = np.unique(slots.row, return_inverse=True)
    seeing = ground.nearest_posts(where[0][rows], where[1][rows], 1, hearing=False)[which, 0]
    hearing = ground.nearest_posts(where[0][rows], where[1][rows], MOST_WITNESSES + 1, hearing=True)[which]
    at = np.arange(len(which))
    place = np.minimum(slots.witness, MOST_WITNESSES)
    # Where the first to report is itself among those who listen, its neighbours are the others.
    seen_rows = np.zeros(int(slots.row.max(initial=-1)) + 1, dtype=bool)
    seen_rows[slots.row[slots.is_seen]] = True
    was_seen = seen_rows[slots.row] if len(slots.row) else np.zeros(0, dtype=bool)
    rank = np.where(was_seen, place - 1, place)
    same = hearing == seeing[:, None]
    before = np.where(was_seen & same.any(axis=1), np.argmax(same, axis=1), MOST_WITNESSES + 1)
    rank = np.clip(np.where(rank >= before, rank + 1, rank), 0, MOST_WITNESSES)
    return np.asarray(np.where(slots.is_seen, seeing, hearing[at, rank]), dtype=np.int64)


def _estimate_ranges(
    distance_m: FloatArray, u: FloatArray, error: FloatArray, rules: ObservingRules
) -> tuple[FloatArray, FloatArray]:
    """Return least and greatest distance told, in kilometres by halves; NaN where none is told.

    What lies beyond the distance at which such fire is usually heard is always ranged: the form would take
    it for near otherwise, and whoever notices something 30 km away has an instrument that ranges.
    """
    from truceline.events.catalogue import load_watching_assumptions

    usual_m = load_watching_assumptions().value("own_form.small_arms_far_km") * _KM
    guess_km = np.maximum(distance_m / _KM * (1.0 + rules.range_error * error), _HALF_KM)
    near = np.floor(guess_km * (1.0 - rules.range_error) / _HALF_KM) * _HALF_KM
    far = np.maximum(np.ceil(guess_km * (1.0 + rules.range_error) / _HALF_KM) * _HALF_KM, near + _HALF_KM)
    is_told = (u < rules.range_stated_share) | (distance_m > usual_m)
    return np.where(is_told, near, np.nan), np.where(is_told, far, np.nan)


def _means(ground: ObservedGround, slots: Slots, post: IntArray) -> TextArray:
    seen = np.where(ground.is_camera[post], Means.camera.value, Means.post.value)
    return np.where(
        slots.is_told, Means.patrol.value, np.where(slots.is_seen, seen, Means.post.value)
    ).astype(object)


def _observations(ground: ObservedGround, slots: Slots, post: IntArray) -> TextArray:
    seen = np.where(ground.is_camera[post], Observation.recorded.value, Observation.seen.value)
    noticed = np.where(slots.is_seen, seen, Observation.heard.value)
    return np.where(slots.is_told, Observation.told.value, noticed).astype(object)


def _tell_kinds(
    truth: TrueIncidents, slots: Slots, luck: Luck, rules: ObservingRules
) -> Mapping[str, TextArray]:
    """Return what each witness says it was: kind, phase, weapon, number and side."""
    rung, size = truth.rung[slots.row], truth.size[slots.row]
    is_small = rung == _SMALL_ARMS
    shots = np.where(size >= BURST_OF, Kind.burst.value, Kind.shot.value)
    is_wrong = luck.of(slots, KIND) < rules.kind_error
    kind = np.where(is_small ^ is_wrong, shots, Kind.explosion.value)
    is_clear = slots.is_seen | (luck.of(slots, CLEAR) >= rules.undetermined_share)
    is_clear &= ~is_wrong & ~slots.is_told
    is_named = slots.is_seen & truth.attributed[slots.row]
    is_blast = kind == Kind.explosion.value
    phase = np.where(is_clear & (~slots.is_seen | is_named), Phase.outgoing.value, Phase.undetermined.value)
    phase = np.where(is_blast | is_named, phase, "")
    phase = np.where(is_named, Phase.outgoing.value, phase)
    weapon = np.array([each.value for each in WEAPON_OF_RUNG], dtype=object)[rung]
    heard = _count_rounds(size, luck.of(slots, COUNT), rules)
    heard = np.where(slots.is_seen, size, heard)
    side = np.array((*_SIDES, ""), dtype=object)[truth.named_side[slots.row]]
    return {
        "kind": kind.astype(object),
        "phase": phase.astype(object),
        "weapon": np.where(is_clear, weapon, "").astype(object),
        "count": np.where(slots.is_told, "", _counts(heard)).astype(object),
        "side_from": np.where(is_named, side, "").astype(object),
    }


def _count_rounds(size: IntArray, u: FloatArray, rules: ObservingRules) -> IntArray:
    """Return how many rounds a witness counts, 1 or more: binomial, drawn by inverting its distribution."""
    from scipy.stats import binom

    return np.asarray(np.maximum(binom.ppf(u, size, rules.count_share), 1.0), dtype=np.int64)


def _counts(n: IntArray) -> TextArray:
    """Return counts as told: exactly up to some, then about so many tens."""
    return _texts([f"{x}" if x <= ROUNDED_FROM else f"about {round(x / 10) * 10}" for x in n.tolist()])


def _winds(azimuth: FloatArray) -> TextArray:
    """Return each azimuth as one of sixteen directions."""
    names = np.array(list(WINDS), dtype=object)
    return np.asarray(names[np.round(azimuth / (360.0 / len(names))).astype(np.int64) % len(names)])


def _moments(seconds: FloatArray, start: datetime) -> TextArray:
    """Return moments as text to the minute."""
    at = np.datetime64(start, "s") + np.floor(seconds).astype("timedelta64[s]")
    return _texts([str(each) for each in at.astype("datetime64[m]")])


def _numbers(values: FloatArray, form: str, is_told: BoolArray) -> TextArray:
    """Return numbers as text; empty where they are not told."""
    return _texts([form % value if told else "" for value, told in zip(values, is_told, strict=True)])


def _texts(words: list[str]) -> TextArray:
    made = np.empty(len(words), dtype=object)
    made[:] = words
    return made
