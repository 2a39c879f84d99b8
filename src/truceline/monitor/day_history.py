"""What a day is held against: totals since an agreement, days without violations, the last month, the year.

Counted by the rule of `day_counts`; each is read from the store as it stood after a given change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np

from truceline.events.schema import EFFORTS
from truceline.monitor.day_counts import OTHER, night_of, sum_by
from truceline.monitor.day_model import (
    AgreementLine,
    DailyCount,
    SinceLine,
    TrailDay,
    YearMean,
    ZeroDays,
)
from truceline.monitor.day_period import Period
from truceline.monitor.day_tally import CLASS_GROUPS, NONE, ActClass
from truceline.monitor.day_totals import find_busy_nights, tally_totals, total_violations
from truceline.monitor.mission import Mission
from truceline.store.base import Selection, Store

if TYPE_CHECKING:
    import pandas as pd

TRAIL_DAYS = 30
"""Reporting days in the first chart, as in the daily reports of the OSCE mission."""
BoolArray = np.ndarray[tuple[int], np.dtype[np.bool_]]
MomentArray = np.ndarray[tuple[int], np.dtype[np.datetime64]]


def sum_since(
    store: Store,
    agreements: Sequence[AgreementLine],
    end: datetime,
    night: date,
    mission: Mission,
    include_exercises: bool,
    as_of: int,
) -> tuple[SinceLine, ...]:
    """Return totals since each agreement until `end` (UTC without zone), the end of reporting day `night`."""
    lines = []
    for agreement in agreements:
        if agreement.since >= end:
            continue
        totals = total_violations(
            store,
            agreement.since,
            min(end, agreement.until or end),
            mission,
            include_exercises=include_exercises,
            agreement=agreement.name,
            as_of=as_of,
        )
        n_days = (night - night_of(agreement.since, mission)).days + 1
        tally = tally_totals(totals)
        groups = tuple(sum((tally[f"class.{one}"] for one in classes), NONE) for classes in CLASS_GROUPS)
        lines.append(SinceLine(agreement, tally, groups, n_days))
    return tuple(lines)


def count_zero_days(
    store: Store,
    agreements: Sequence[AgreementLine],
    nights: tuple[date, ...],
    mission: Mission,
    period: Period,
    first_night: date | None,
    as_of: int,
) -> ZeroDays:
    """Count reporting days without violations since the agreement, or since the first one known.

    Looked for on a day that is one; on any other there is nothing to tell.
    """
    first = min(first_night or nights[0], nights[0])
    last = nights[-1]
    end = mission.cutoff_utc(datetime.combine(last, time()))
    if agreements and agreements[0].since < end:
        first = night_of(agreements[0].since, mission)
    if period.total.violations.n_incidents:
        return ZeroDays(first, 0, 0, is_today=False, is_watched=False)
    busy = find_busy_nights(
        store, first, last, mission, include_exercises=period.include_exercises, as_of=as_of
    )
    days = (first + timedelta(days=i) for i in range((last - first).days + 1))
    quiet = [mission.period(datetime.combine(day, time())) for day in days if day not in busy]
    since, _ = mission.period(datetime.combine(first, time()))
    watched = store.read_current(
        EFFORTS,
        Selection(since=since, until=end, equals={"state": "watched"}, as_of=as_of),
        columns=("time_from", "time_to"),
    )
    starts, ends = (watched[name].to_numpy("datetime64[us]") for name in ("time_from", "time_to"))
    bounds = np.array(quiet, dtype="datetime64[us]").reshape(-1, 2)
    is_watched = overlap_any(starts, ends, bounds[:, 0], bounds[:, 1])
    n_days = int(is_watched.sum())
    # The last of them is the last day of the period: nothing was recorded in it.
    return ZeroDays(first, n_days, len(quiet) - n_days, is_today=True, is_watched=bool(is_watched[-1:].any()))


def overlap_any(
    starts: MomentArray, ends: MomentArray, lowers: MomentArray, uppers: MomentArray
) -> BoolArray:
    """Tell of each span from `lowers` to `uppers` whether any of the spans from `starts` to `ends` shares it.

    Spans may overlap and come in any order; touching is not sharing. In n log n for n spans on either side.
    """
    if not len(starts):
        return np.zeros(len(lowers), dtype=bool)
    order = np.argsort(starts)
    latest_end = np.maximum.accumulate(ends[order])  # of all that start no later
    n_begun = np.searchsorted(starts[order], uppers, side="left")
    latest = latest_end[np.maximum(n_begun, 1) - 1]
    is_shared: BoolArray = (n_begun > 0) & (latest > lowers)
    return is_shared


def list_recent(counted: pd.DataFrame, night: date) -> tuple[DailyCount, ...]:
    """Return what was counted on each of the last TRAIL_DAYS days in each region, where there was any."""
    first = np.datetime64(night - timedelta(days=TRAIL_DAYS - 1))
    recent = counted[counted["night"] >= first]
    explosions = sum_by(recent[recent["act_class"] == str(ActClass.explosion)], ("night", "area"))
    violations = sum_by(recent, ("night", "area"))
    return tuple(
        DailyCount(stamp.date(), str(area), int(number), int(explosions.get((stamp, area), 0)))
        for (stamp, area), number in violations.items()
    )


def sum_recent(recent: Iterable[DailyCount], night: date) -> tuple[TrailDay, ...]:
    """Return the acts of each of the last TRAIL_DAYS days, in all regions together."""
    days = [night - timedelta(days=TRAIL_DAYS - 1 - i) for i in range(TRAIL_DAYS)]
    explosions, others = Counter[date](), Counter[date]()
    for one in recent:
        explosions[one.day] += one.explosions
        others[one.day] += one.violations - one.explosions
    return tuple(TrailDay(day, explosions[day], others[day]) for day in days)


def compare_year(
    store: Store,
    period: Period,
    nights: tuple[date, ...],
    first: date | None,
    mission: Mission,
    as_of: int,
) -> tuple[YearMean, ...]:
    """Return violations a day in the period and since `first`: over the last year, or since the first known.

    Empty in the first month.
    """
    night, include_exercises = nights[-1], period.include_exercises
    n_days = 0 if first is None else (night - first).days + 1
    if n_days < TRAIL_DAYS:
        return ()  # the mean of some days is these days again
    since, until = mission.period(datetime.combine(night, time()), n_days=n_days)
    totals = total_violations(store, since, until, mission, include_exercises=include_exercises, as_of=as_of)
    bangs = totals[totals["act_class"] == str(ActClass.explosion)]
    violations, explosions = (sum_by(rows, ("area",)) for rows in (totals, bangs))
    names = [*(region.name for region in mission.regions), OTHER]
    return tuple(
        YearMean(
            region=name,
            now_per_day=period.region(name).violations.best / len(nights),
            per_day=violations.get(name, 0) / n_days,
            explosions_per_day=explosions.get(name, 0) / n_days,
            n_days=n_days,
        )
        for name in names
    )
