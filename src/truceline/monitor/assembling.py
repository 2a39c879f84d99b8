"""Put a day's report together: the day's facts beside the effort and the trend that the store itself tells.

One call does what the desk does at the cut-off. It takes no figure from anywhere but the store.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.agreements import Agreement
from truceline.events.alarms import AlarmLevel
from truceline.events.catalogue import load_watching_assumptions
from truceline.events.rates import Reason, Watched, correct_rate, split_change
from truceline.events.truces import GENERAL
from truceline.monitor.agreeing import read_agreements
from truceline.monitor.day import gather_day
from truceline.monitor.day_model import AgreementLine, DayReport, EffortLine, TrendLine, TrendState
from truceline.monitor.effort import Effort, measure_effort
from truceline.monitor.mission import read_mission
from truceline.monitor.trend import ALL, Trend, watch_trend
from truceline.store.base import Store

if TYPE_CHECKING:
    import pandas as pd

TREND_DAYS = 60
"""Days of trend behind a day's report."""
_KEPT_OUT = (Reason.kept_out, Reason.watched_less)


def assemble_day(
    store: Store,
    day: date,
    *,
    n_days: int = 1,
    include_exercises: bool = True,
    as_of: int | None = None,
    issued_at: datetime | None = None,
) -> DayReport:
    """Return the report of the `n_days` reporting days that end on the local date `day`.

    Effort, corrected counts, trend and agreements are read from the store. Arguments and errors as
    `gather_day`.
    """
    mission = read_mission(store)
    stamp = datetime.combine(day, time())
    start, end = mission.period(stamp, n_days=n_days)
    before, _ = mission.period(stamp - timedelta(days=n_days), n_days=n_days)
    now = measure_effort(store, start, end, as_of=as_of)
    earlier = measure_effort(store, before, start, as_of=as_of)
    trend = watch_trend(
        store,
        until=end,
        days=max(TREND_DAYS, 2 * n_days),
        now=end,
        include_exercises=include_exercises,
        as_of=as_of,
    )
    counts = count_incidents(trend, day, n_days)
    return gather_day(
        store,
        day,
        mission=mission,
        n_days=n_days,
        effort=make_effort_lines(now, earlier, counts),
        trend=make_trend_lines(trend, day, n_days, now, earlier),
        agreements=list_in_force(read_agreements(store, as_of=as_of), end),
        as_of=as_of,
        include_exercises=include_exercises,
        issued_at=issued_at,
    )


def list_in_force(agreements: Mapping[str, Agreement], end: datetime) -> tuple[AgreementLine, ...]:
    """Return the agreements with a clause that is or was in force by `end`, the last to begin first."""
    lines = []
    for agreement in agreements.values():
        spans = [(agreement.utc(clause.starts), agreement.utc(clause.ends)) for clause in agreement.clauses]
        begun = [(starts, ends) for starts, ends in spans if starts is not None and starts <= end]
        if not begun:
            continue
        since = min(starts for starts, _ in begun)
        lasting = [ends for _, ends in begun if ends is not None]
        until = max(lasting) if len(lasting) == len(begun) else None
        lines.append(AgreementLine(agreement.name, agreement.title, since, until))
    running = [line for line in lines if line.until is None or line.until > end - timedelta(days=1)]
    return tuple(sorted(running, key=lambda line: (line.since, line.name), reverse=True))


def count_incidents(trend: Trend, day: date, n_days: int) -> dict[str, float]:
    """Return the incidents of fighting of the last `n_days` days by region; unknown days count nothing."""
    rows = _last_days(trend.days, day, n_days)
    return {str(region): float(part["n"].sum()) for region, part in rows.groupby("region")}


def make_effort_lines(now: Effort, earlier: Effort, counts: Mapping[str, float]) -> tuple[EffortLine, ...]:
    """Return hours by region and means; the first line of a region has its count had all been noticed.

    counts: incidents of fighting by region, as noticed.
    """
    before = _watched_hours(earlier)
    lines: list[EffortLine] = []
    seen: set[str] = set()
    for key, hours in sorted(_watched_hours(now, with_lost=True).items()):
        region, means = key
        corrected = (math.nan, math.nan, math.nan)
        if region not in seen and region in counts:
            corrected = _correct(now.watched(region, counts[region]))
        seen.add(region)
        lines.append(
            EffortLine(
                region,
                means,
                watched_h=hours[0],
                lost_h=hours[1],
                previous_watched_h=before.get(key, (0.0, 0.0, 0))[0],
                n_posts=hours[2],
                corrected_low=corrected[0],
                corrected_best=corrected[1],
                corrected_high=corrected[2],
            )
        )
    return tuple(lines)


def _watched_hours(effort: Effort, *, with_lost: bool = False) -> dict[tuple[str, str], Any]:
    """Return hours watched, hours lost and posts that watched, by region and means."""
    if not effort.is_recorded:
        return {}
    # A post has a row for each group of kinds that its chance of noticing is about: its hours count once.
    columns = ["region", "means", "post", "state", "cause", "day", "hours"]
    hours = effort.hours[columns].drop_duplicates()
    made = {}
    for key, part in hours.groupby(["region", "means"]):
        watched = part[part["state"] == "watched"]
        lost = float(part["hours"].sum() - watched["hours"].sum())
        if len(watched) or (with_lost and lost):
            n_posts = int(watched.loc[watched["hours"] > 0, "post"].nunique())
            made[(str(key[0]), str(key[1]))] = (float(watched["hours"].sum()), lost, n_posts)
    return made


def _correct(watched: Watched) -> tuple[float, float, float]:
    size = load_watching_assumptions().value("change.dispersion_size")
    rate = correct_rate(watched, size_per_day=size)
    low, high = rate.low * watched.days, rate.high * watched.days
    return (low, rate.per_day * watched.days, high if np.isfinite(high) else math.nan)


def make_trend_lines(
    trend: Trend, day: date, n_days: int, now: Effort, earlier: Effort
) -> tuple[TrendLine, ...]:
    """Return counts against expectation over the last `n_days` days, the whole first, then by region."""
    import pandas as pd

    rows = _last_days(trend.days, day, n_days)
    previous = _last_days(trend.days, day - timedelta(days=n_days), n_days)
    lines = []
    for region, part in rows.groupby("region", sort=False):
        known = part[part["n"].notna() & part["expected"].notna()]
        if known.empty:
            continue
        n, expected = float(known["n"].sum()), float(known["expected"].sum())
        scale = n / expected if expected > 0 else math.nan
        ends = [
            float((known["expected"] * known[name]).sum() / expected) for name in ("ratio_low", "ratio_high")
        ]
        name = "" if region == ALL else str(region)
        state = _state_of(known, n, expected)
        if not name:
            state = _state_of_whole(trend, pd.Timestamp(day), state)
        elif state is TrendState.fewer and _is_kept_out(str(region), n, previous, now, earlier):
            state = TrendState.kept_out
        lines.append(TrendLine(name, n, expected, scale, ends[0], ends[1], state))
    return tuple(sorted(lines, key=lambda line: line.region != ""))


def _last_days(frame: pd.DataFrame, day: date, n_days: int) -> pd.DataFrame:
    import pandas as pd

    last = pd.Timestamp(day)
    return frame[(frame["day"] > last - pd.Timedelta(days=n_days)) & (frame["day"] <= last)]


def _state_of(rows: pd.DataFrame, n: float, expected: float) -> TrendState:
    if n < float(rows["low"].sum()):
        return TrendState.fewer
    if n > float(rows["high"].sum()):
        return TrendState.more
    return TrendState.usual if expected > 0 else TrendState.unknown


def _state_of_whole(trend: Trend, day: pd.Timestamp, state: TrendState) -> TrendState:
    """Return what the whole mission's day amounts to: a truce and a warning outrank more or fewer."""
    verdicts = trend.truces.loc[trend.truces["day"] == day, "verdict"]
    levels = trend.alarms.loc[trend.alarms["day"] == day, "level"]
    if (levels == AlarmLevel.warning).any():
        return TrendState.warning
    return TrendState.truce if (verdicts == GENERAL).any() else state


def _is_kept_out(region: str, n: float, previous: pd.DataFrame, now: Effort, earlier: Effort) -> bool:
    """Tell whether the fall of a region's count is the fall of its watching."""
    if not (now.is_recorded and earlier.is_recorded):
        return False
    before = float(previous.loc[previous["region"] == region, "n"].sum())
    change = split_change(
        earlier.watched(region, before),
        now.watched(region, n),
        size_per_day=load_watching_assumptions().value("change.dispersion_size"),
        is_kept_out=now.is_kept_out,
    )
    return change.reason in _KEPT_OUT
