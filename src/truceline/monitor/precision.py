"""How exactly, and how late, a level is told what it may see: positions, their errors, times, columns.

One rule for single pages and for exports of a million rows, so it works on plain arrays. Who may see a row at
all is the rule of `releasing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.kinds import PlacePrecision, Releasability, TimePrecision
from truceline.monitor.releasing import NEVER_TOLD, OF_THE_MISSION, ReleaseRule, has_ended, release_rule

if TYPE_CHECKING:
    import pandas as pd

Columns = Mapping[str, NDArray[Any]]
"""Columns of one length by name: doubles, times without zone (NaT where missing), words as objects."""

_MADE_COARSE = (str(PlacePrecision.exact), str(PlacePrecision.bearing))
_FINE_TIMES = (str(TimePrecision.second), str(TimePrecision.minute))
_POSITIONS = ("lon", "lat", "observer_lon", "observer_lat")
_ERRORS = ("sigma_m", "sigma_across_m")
_AT = ("lon", "lat", *_ERRORS, "axis_deg")
"""What is withheld of a position that is too young to tell."""
_SIDES = ("a", "b")
_TOUCHED = (*_POSITIONS, *_ERRORS, "axis_deg", "place_precision", "cause", "time_from", "time_to",
            "received_at", "time_precision")  # fmt: skip
"""Columns that may come out changed; all others do as they are, or not at all."""
_DAY = timedelta(days=1)


def reduce_precision(
    frame: pd.DataFrame, level: Releasability, *, now: datetime, delay: timedelta | None = None
) -> pd.DataFrame:
    """Return rows as exactly, and as late, as a level may have them: `reduce_columns` for a frame."""
    columns = {name: frame[name].to_numpy() if name in _TOUCHED else _AS_IS for name in map(str, frame)}
    told = reduce_columns(columns, level, now=now, delay=delay)
    changed = {name: told[name] for name in _TOUCHED if name in told}
    return frame[list(told)].assign(**changed)


_AS_IS: NDArray[Any] = np.empty(0)
"""Stands for a column that is not looked into."""


def reduce_columns(
    columns: Columns, level: Releasability, *, now: datetime, delay: timedelta | None = None
) -> dict[str, NDArray[Any]]:
    """Return rows as exactly, and as late, as a level may have them; who may see a row is not asked here.

    Positions (`lon`, `lat`, and the observer's) are rounded to the decimals of the level and their standard
    deviations raised by the error of rounding. A position younger than the delay before `now` (UTC without
    zone) is missing; `delay` stands in for the mission's, and for no other's. The name of the place stays, as
    in the mission's own report. The words of sources are left out at every level. Below the mission's: the
    error of a position is one radius, times are widened to the level's step, columns that point to the
    mission's posts or that repeat what a person wrote are left out, and so are positions of the posts
    themselves.

    Raises ValueError for rows with positions and without times, below the mission's level.
    """
    rule = release_rule(level)
    if delay is not None and rule.is_mission:
        rule = replace(rule, delay=delay)
    gone = {*NEVER_TOLD, *(() if rule.is_mission else OF_THE_MISSION)}
    is_of_posts = "post" in columns and "observer_lon" not in columns and "kind" not in columns
    if is_of_posts and not rule.is_mission:
        gone |= {"lon", "lat"}
    made = {name: values for name, values in columns.items() if name not in gone}
    _withhold_young(made, rule, now)
    for name in _POSITIONS:
        if name in made:
            made[name] = np.round(made[name].astype(np.float64), rule.decimals) + 0.0
    if rule.is_mission:
        for name in _ERRORS:
            if name in made:
                made[name] = np.hypot(made[name].astype(np.float64), rule.error_m)
        return made
    _make_round(made, rule)
    if "place_precision" in made:
        _replace_words(made, "place_precision", _MADE_COARSE, str(PlacePrecision.settlement))
    if "cause" in made:
        cause = made["cause"]
        made["cause"] = np.where(np.isin(cause, _SIDES), cause, "").astype(object)
    step = rule.time_step
    if is_of_posts:
        step = max(step, timedelta(hours=load_watching_assumptions().value("release.effort.time_step")))
    return widen_times(made, step)


def widen_times(columns: Columns, step: timedelta) -> dict[str, NDArray[Any]]:
    """Return rows whose times are widened to whole steps: starts earlier, ends later, moments earlier."""
    made = dict(columns)
    if not step:
        return made
    for name in ("time_from", "received_at"):
        if name in made:
            made[name] = _floor(made[name], step)
    if "time_to" in made:
        made["time_to"] = _ceil(made["time_to"], step)
    if "time_precision" in made:
        fine = (*_FINE_TIMES, str(TimePrecision.hour)) if step >= _DAY else _FINE_TIMES
        coarse = TimePrecision.day if step >= _DAY else TimePrecision.hour
        _replace_words(made, "time_precision", fine, str(coarse))
    return made


def _withhold_young(made: dict[str, NDArray[Any]], rule: ReleaseRule, now: datetime) -> None:
    """Take away the positions that are too young to tell."""
    if "lon" not in made or not len(made["lon"]):
        return
    starts, ends = made.get("time_from"), made.get("time_to")
    if starts is None:
        starts, ends = ends, None
    if starts is None:
        if rule.is_mission:
            return
        raise ValueError("positions without times cannot be told apart by age")
    is_young = ~has_ended(starts, ends, now - rule.delay)
    if not is_young.any():
        return
    for name in _AT:
        if name in made:
            made[name] = np.where(is_young, np.nan, made[name].astype(np.float64))


def _make_round(made: dict[str, NDArray[Any]], rule: ReleaseRule) -> None:
    """Give positions one radius for their error: an ellipse points to the post whose bearing made it."""
    errors = [made[name].astype(np.float64) for name in _ERRORS if name in made]
    if errors:
        widest = np.fmax(errors[0], errors[-1])
        radius_m = np.array([rule.widen_sigma(value) for value in widest.tolist()], dtype=np.float64)
        made |= {name: radius_m for name in _ERRORS if name in made}
    if "axis_deg" in made:
        axis = made["axis_deg"].astype(np.float64)
        made["axis_deg"] = np.where(np.isnan(axis), axis, 0.0)


def _replace_words(made: dict[str, NDArray[Any]], name: str, words: tuple[str, ...], other: str) -> None:
    made[name] = np.where(np.isin(made[name], words), other, made[name]).astype(object)


def _floor(moments: NDArray[Any], step: timedelta) -> NDArray[Any]:
    """Return the last whole step at or before each moment, counted from 1970."""
    us = step // timedelta(microseconds=1)
    counted = moments.astype("datetime64[us]").astype(np.int64)
    return np.where(np.isnat(moments), counted, counted // us * us).astype("datetime64[us]")


def _ceil(moments: NDArray[Any], step: timedelta) -> NDArray[Any]:
    """Return the first whole step at or after each moment."""
    us = step // timedelta(microseconds=1)
    counted = moments.astype("datetime64[us]").astype(np.int64)
    return np.where(np.isnat(moments), counted, -(-counted // us) * us).astype("datetime64[us]")
