"""Gather a day's report from a store: counts with their rows, effort, and what earlier reports got wrong.

A reporting day ends at the mission's cut-off, local time. Everything counted follows `day_counts`; effort
summaries and trends come in as plain lines from whoever computes them. No clock is read: the moment of issue
is an argument, and with `as_of` the same report comes out of a store that has grown since.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.kinds import Flag
from truceline.events.schema import EFFORTS, ISSUES
from truceline.monitor.day_counts import (
    OTHER,
    choose_rows,
    count_frame,
    is_counted,
    name_areas,
    night_of,
    read_judged,
    sum_by,
    tally_frame,
)
from truceline.monitor.day_model import (
    NONE,
    ActClass,
    AgreementLine,
    ClauseLine,
    Count,
    DailyCount,
    DayReport,
    DayRow,
    EffortLine,
    MapPoint,
    RegionDay,
    RestrictionLine,
    SinceLine,
    TrendLine,
    YearMean,
    ZeroDays,
)
from truceline.monitor.day_period import Period, gather_period, name_places
from truceline.monitor.day_rows import make_restrictions, make_sightings
from truceline.monitor.day_totals import find_busy_nights, find_first_night, tally_totals, total_violations
from truceline.monitor.issuing import find_corrections
from truceline.monitor.mission import Mission
from truceline.store.base import Selection, Store

if TYPE_CHECKING:
    import pandas as pd

TRAIL_DAYS = 30
"""Reporting days in the first chart, as in the daily reports of the OSCE mission."""
YEAR_DAYS = 365
CORRECTION_DAYS = 30
"""Reports as old as this are looked through for figures that no longer hold."""
_HOUR = timedelta(hours=1)


def gather_day(
    store: Store,
    day: date,
    *,
    mission: Mission,
    n_days: int = 1,
    effort: Sequence[EffortLine] = (),
    trend: Sequence[TrendLine] = (),
    agreements: Sequence[AgreementLine] = (),
    as_of: int | None = None,
    include_exercises: bool = True,
    issued_at: datetime | None = None,
    line_of_contact: Sequence[Sequence[tuple[float, float]]] = (),
) -> DayReport:
    """Return the report of the `n_days` reporting days that end on the local date `day`.

    Parameters
    ----------
    effort
        Hours watched and lost by region and means; added up from the store's own records where none is given.
    trend
        Ratios to expected, by region.
    agreements
        Agreements since whose start totals are given; the first is the one that zero days are counted from.
    as_of
        Last change that counts; the newest by default.
    include_exercises
        Whether acts assessed as live-fire exercises are among the violations. They are told either way.
    issued_at
        Moment of issue, UTC without zone: positions of later incidents are withheld for `report.delay`. By
        default as long after the cut-off, so that none is.

    Raises
    ------
    ValueError
        If `n_days` is less than 1.
    StoreError
        If simulated and real incidents stand in one period.
    """
    if n_days < 1:
        raise ValueError(f"a report covers at least one day, not {n_days}")
    delay_h = load_watching_assumptions().value("report.delay")
    stamp = datetime.combine(day, time())
    start, end = mission.period(stamp, n_days=n_days)
    previous_start, _ = mission.period(stamp - timedelta(days=n_days), n_days=n_days)
    issued = issued_at or end + timedelta(hours=delay_h)
    last = store.last_change() if as_of is None else as_of
    nights = tuple(day - timedelta(days=n_days - 1 - i) for i in range(n_days))
    recent = _read_recent(store, mission, stamp, end, previous_start, last)
    chosen = choose_rows(recent)
    period = gather_period(
        store,
        mission,
        start,
        end,
        issued_at=issued,
        include_exercises=include_exercises,
        as_of=last,
        judged=recent,
    )
    counted = chosen[is_counted(chosen, include_exercises=include_exercises)]
    before = chosen[(chosen["time_from"] >= previous_start) & (chosen["time_from"] < start)]
    year, _ = mission.period(stamp, n_days=YEAR_DAYS)
    first_night = find_first_night(store, year, end, mission, as_of=last)
    efforts = store.read_current(EFFORTS, Selection(since=previous_start, until=end, as_of=last))
    efforts = efforts.assign(area=name_areas(efforts["region"], mission))
    regions = _make_regions(period, before, mission, nights)
    year_, number, corrects = _number(store, issued, mission, start, end, last)
    corrections = find_corrections(
        store,
        start - timedelta(days=CORRECTION_DAYS),
        mission=mission,
        until=start,
        as_of=last,
        untold_only=True,
    )
    map_points, n_not_placed = _map_points(period.rows)
    return DayReport(
        mission=mission.name,
        sides=dict(mission.sides),
        zone=mission.zone,
        year=year_,
        number=number,
        corrects=corrects,
        issued_at=issued,
        period_from=start,
        period_to=end,
        nights=nights,
        previous_from=previous_start,
        as_of=last,
        include_exercises=include_exercises,
        is_simulated=_is_simulated(period),
        total=period.total,
        previous=tally_frame(before, include_exercises=include_exercises),
        nights_count=_by_night(period.rows, nights),
        regions=regions,
        rows=period.rows,
        n_not_placed=n_not_placed,
        harms=tuple(period.harms),
        sightings=tuple(make_sightings(period.facts, period.areas)),
        restrictions=_all_restrictions(period, efforts, start, end),
        effort=tuple(effort) or sum_effort(efforts, previous_start, start, end, mission),
        trend=tuple(trend),
        clauses=_by_clause(recent, start, end, previous_start, include_exercises),
        since=_since(store, agreements, end, nights[-1], mission, include_exercises, last),
        zero_days=_zero_days(store, agreements, nights, mission, period, first_night, last),
        history=_trail(counted, nights[-1]),
        year_means=_year_means(store, first_night, nights[-1], mission, include_exercises, last),
        corrections=corrections,
        map_points=map_points,
        posts=_posts(efforts, start, end),
        line_of_contact=tuple(tuple(part) for part in line_of_contact),
        centres=tuple((region.centre, region.lon, region.lat) for region in mission.regions),
        position_decimals=int(load_watching_assumptions().value("export.position_decimals")),
        delay_h=delay_h,
    )


def sum_effort(
    efforts: pd.DataFrame, previous: datetime, start: datetime, end: datetime, mission: Mission
) -> tuple[EffortLine, ...]:
    """Return hours watched and lost, by region (in the mission's order) and means, from records as they are.

    `efforts` are rows of EFFORTS with the column `area`. Records are clipped to the period and added up;
    records of one post that overlap are counted twice.
    """
    if efforts.empty:
        return ()
    now_h, before_h = _hours(efforts, start, end), _hours(efforts, previous, start)
    watched = (efforts["state"] == "watched").to_numpy()
    frame = efforts.assign(
        watched_h=np.where(watched, now_h, 0.0),
        lost_h=np.where(watched, 0.0, now_h),
        previous_h=np.where(watched, before_h, 0.0),
        is_up=watched & (now_h > 0),
    )
    order = {region.name: i for i, region in enumerate(mission.regions)}
    lines = []
    for (area, means), part in frame.groupby(["area", "means"], sort=True):
        line = EffortLine(
            region=str(area),
            means=str(means),
            watched_h=float(part["watched_h"].sum()),
            lost_h=float(part["lost_h"].sum()),
            previous_watched_h=float(part["previous_h"].sum()),
            n_posts=int(part.loc[part["is_up"], "post"].nunique()),
        )
        if line.watched_h or line.lost_h or line.previous_watched_h:
            lines.append(line)
    return tuple(sorted(lines, key=lambda line: (order.get(line.region, len(order)), line.means)))


def with_number(report: DayReport, number: int) -> DayReport:
    """Return the report under the number that `issue_report` gave it."""
    return replace(report, number=number)


def _read_recent(
    store: Store, mission: Mission, stamp: datetime, end: datetime, previous_start: datetime, as_of: int
) -> pd.DataFrame:
    """Return judged incidents of the period, the one before and the days of the first chart."""
    trail, _ = mission.period(stamp, n_days=TRAIL_DAYS)
    return read_judged(store, min(trail, previous_start), end, mission, as_of=as_of)


def _make_regions(
    period: Period, before: pd.DataFrame, mission: Mission, nights: tuple[date, ...]
) -> tuple[RegionDay, ...]:
    known = {region.name: region for region in mission.regions}
    regions = []
    for name in (*known, OTHER):
        rows = [row for row in period.rows if row.region == name]
        earlier = tally_frame(before[before["area"] == name], include_exercises=period.include_exercises)
        if name == OTHER and not rows and not earlier.violations.n_incidents:
            continue
        region = known.get(name)
        places, together = name_places(rows, period.middles, region)
        is_here = period.judged["area"] == name
        regions.append(
            RegionDay(
                name=name,
                centre=region.centre if region else "",
                tally=period.region(name),
                nights=_by_night(rows, nights),
                previous=earlier,
                places=places,
                places_count=together,
                others=tuple(sorted(period.judged.loc[is_here, "region"].unique())) if region is None else (),
            )
        )
    return tuple(regions)


def _by_night(rows: Sequence[DayRow], nights: tuple[date, ...]) -> tuple[Count, ...]:
    counts = dict.fromkeys(nights, NONE)
    for row in rows:
        if row.is_counted:
            counts[row.night] = counts.get(row.night, NONE) + row.count
    return tuple(counts[night] for night in nights)


def _number(
    store: Store, issued: datetime, mission: Mission, start: datetime, end: datetime, as_of: int
) -> tuple[int, int, int | None]:
    """Return year and next number, and the number of the report of this period issued before."""
    from zoneinfo import ZoneInfo

    year = issued.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(mission.zone)).year
    issues = store.read_current(
        ISSUES,
        Selection(equals={"year": year}, as_of=as_of),
        columns=("number", "period_from", "period_to"),
    )
    number = 1 + max((int(n) for n in issues["number"]), default=0)
    same = issues[(issues["period_from"] == start) & (issues["period_to"] == end)]
    return year, number, max((int(n) for n in same["number"]), default=None)


def _all_restrictions(
    period: Period, efforts: pd.DataFrame, start: datetime, end: datetime
) -> tuple[RestrictionLine, ...]:
    lines = make_restrictions(period.facts, period.areas)
    lost = efforts[efforts["state"] != "watched"]
    for row, hours in zip(lost.itertuples(), _hours(lost, start, end), strict=True):
        if row.time_from >= end or row.time_to <= start:
            continue
        lines.append(
            RestrictionLine(
                state=row.state,
                region=row.area,
                place=row.post,
                control_side="",
                time_from=row.time_from.to_pydatetime(),
                time_to=row.time_to.to_pydatetime(),
                means=row.means,
                cause=row.cause,
                words=row.words,
                lost_h=float(hours),
            )
        )
    return tuple(sorted(lines, key=lambda line: (line.time_from, line.place, line.state)))


def _hours(
    efforts: pd.DataFrame, start: datetime, end: datetime
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the hours of each record that lie within a period."""
    from_, to = efforts["time_from"].clip(lower=start), efforts["time_to"].clip(upper=end)
    seconds = (to - from_).dt.total_seconds().to_numpy(dtype=float, na_value=0.0)
    hours: np.ndarray[tuple[int], np.dtype[np.float64]] = np.maximum(seconds, 0.0) / _HOUR.total_seconds()
    return hours


def _by_clause(
    history: pd.DataFrame, start: datetime, end: datetime, previous: datetime, include_exercises: bool
) -> tuple[ClauseLine, ...]:
    recent = history[history["time_from"] >= previous]
    recent = recent[is_counted(recent, include_exercises=include_exercises)]
    lines = []
    for (agreement, clause), part in recent.groupby(["agreement", "clause"], sort=True):
        is_now = (part["time_from"] >= start) & (part["time_from"] < end)
        now, before = count_frame(part[is_now]), count_frame(part[part["time_from"] < start])
        lines.append(ClauseLine(str(agreement), str(clause), now, before))
    return tuple(lines)


def _since(
    store: Store,
    agreements: Sequence[AgreementLine],
    end: datetime,
    night: date,
    mission: Mission,
    include_exercises: bool,
    as_of: int,
) -> tuple[SinceLine, ...]:
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
        lines.append(SinceLine(agreement, tally_totals(totals), n_days))
    return tuple(lines)


def _zero_days(
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
    quiet = [day for day in days if day not in busy]
    since, _ = mission.period(datetime.combine(first, time()))
    watched = store.read_current(
        EFFORTS,
        Selection(since=since, until=end, equals={"state": "watched"}, as_of=as_of),
        columns=("time_from", "time_to"),
    )
    starts, ends = (watched[name].to_numpy("datetime64[us]") for name in ("time_from", "time_to"))
    n_unwatched, is_watched = 0, False
    for day in quiet:
        lower, upper = mission.period(datetime.combine(day, time()))
        is_watched = bool(((starts < np.datetime64(upper)) & (ends > np.datetime64(lower))).any())
        n_unwatched += not is_watched
    # The last of them is the last day of the period: nothing was recorded in it.
    return ZeroDays(first, len(quiet) - n_unwatched, n_unwatched, is_today=True, is_watched=is_watched)


def _trail(counted: pd.DataFrame, night: date) -> tuple[DailyCount, ...]:
    first = np.datetime64(night - timedelta(days=TRAIL_DAYS - 1))
    recent = counted[counted["night"] >= first]
    explosions = sum_by(recent[recent["act_class"] == str(ActClass.explosion)], ("night", "area"))
    violations = sum_by(recent, ("night", "area"))
    return tuple(
        DailyCount(stamp.date(), str(area), int(number), int(explosions.get((stamp, area), 0)))
        for (stamp, area), number in violations.items()
    )


def _year_means(
    store: Store, first: date | None, night: date, mission: Mission, include_exercises: bool, as_of: int
) -> tuple[YearMean, ...]:
    """Return violations a day since `first`: over the last year, or since the first one known.

    Empty in the first month.
    """
    n_days = 0 if first is None else (night - first).days + 1
    if n_days < TRAIL_DAYS:
        return ()  # the mean of some days is these days again
    since, until = mission.period(datetime.combine(night, time()), n_days=n_days)
    totals = total_violations(store, since, until, mission, include_exercises=include_exercises, as_of=as_of)
    bangs = totals[totals["act_class"] == str(ActClass.explosion)]
    violations, explosions = (sum_by(rows, ("area",)) for rows in (totals, bangs))
    names = [*(region.name for region in mission.regions), OTHER]
    return tuple(
        YearMean(name, violations.get(name, 0) / n_days, explosions.get(name, 0) / n_days, n_days)
        for name in names
    )


def _map_points(rows: Sequence[DayRow]) -> tuple[tuple[MapPoint, ...], int]:
    """Return violations by place, and how many acts have no position that may be drawn."""
    groups: dict[tuple[str, str, bool, float, float], list[DayRow]] = {}
    n_not_placed = 0
    for row in rows:
        if row.is_counted and not math.isfinite(row.lon):
            n_not_placed += row.count.best
        elif row.is_counted:
            where = (0.0, 0.0) if row.place else (row.lon, row.lat)
            groups.setdefault((row.region, row.place, row.is_exercise, *where), []).append(row)
    points = [
        MapPoint(
            place=place,
            lon=math.fsum(row.lon for row in group) / len(group),
            lat=math.fsum(row.lat for row in group) / len(group),
            count=sum((row.count for row in group), NONE),
            is_exercise=is_exercise,
        )
        for (_, place, is_exercise, *_), group in sorted(groups.items())
    ]
    return tuple(points), n_not_placed


def _posts(
    efforts: pd.DataFrame, start: datetime, end: datetime
) -> tuple[tuple[str, float, float, bool], ...]:
    here = efforts[(efforts["time_from"] < end) & (efforts["time_to"] > start) & efforts["lon"].notna()]
    posts: dict[tuple[str, float, float], bool] = {}
    for row in here.itertuples():
        key = (row.post, float(row.lon), float(row.lat))
        posts[key] = posts.get(key, False) or row.state == "watched"
    return tuple((*key, up) for key, up in sorted(posts.items()))


def _is_simulated(period: Period) -> bool:
    flags = period.facts.incidents["flags"].fillna(0).to_numpy(np.int64)
    return bool(((flags & int(Flag.simulated)) != 0).any())
