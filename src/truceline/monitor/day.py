"""Gather a day's report from a store: counts with their rows, effort, and what earlier reports got wrong.

A reporting day ends at the mission's cut-off, local time. Everything counted follows `day_counts`; effort
and trends come in as plain lines from whoever computes them. No clock is read: the moment of issue
is an argument, and with `as_of` the same report comes out of a store that has grown since.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.kinds import Flag
from truceline.events.schema import EFFORTS
from truceline.monitor.day_counts import (
    OTHER,
    choose_rows,
    count_frame,
    is_counted,
    name_areas,
    read_judged,
    tally_frame,
)
from truceline.monitor.day_history import (
    TRAIL_DAYS,
    compare_year,
    count_zero_days,
    list_recent,
    sum_recent,
    sum_since,
)
from truceline.monitor.day_lines import DayRow, RestrictionLine
from truceline.monitor.day_map import place_points, place_posts
from truceline.monitor.day_model import (
    AgreementLine,
    ClauseLine,
    DayReport,
    EffortLine,
    RegionDay,
    TrendLine,
)
from truceline.monitor.day_period import Period, gather_period, name_places
from truceline.monitor.day_rows import make_restrictions, make_sightings
from truceline.monitor.day_sums import sum_day
from truceline.monitor.day_tally import NONE, Count
from truceline.monitor.day_totals import find_first_night
from truceline.monitor.issuing import find_corrections, number_report
from truceline.monitor.mission import Mission
from truceline.store.base import Selection, Store

if TYPE_CHECKING:
    import pandas as pd

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
    effort: Sequence[EffortLine],
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
        Hours watched and lost by region and means; empty where none were recorded.
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
    corrections = find_corrections(
        store,
        start - timedelta(days=CORRECTION_DAYS),
        mission=mission,
        until=start,
        as_of=last,
        untold_only=True,
    )
    map_points, n_not_placed = place_points(period.rows)
    sightings = tuple(make_sightings(period.facts, period.areas))
    restrictions = _all_restrictions(period, efforts, start, end)
    recent_days = list_recent(counted, nights[-1])
    report = DayReport(
        mission=mission.name,
        sides=dict(mission.sides),
        zone=mission.zone,
        year=issued.year,  # with number and corrects the register's to say: below
        number=0,
        corrects=None,
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
        sightings=sightings,
        restrictions=restrictions,
        effort=tuple(effort),
        trend=tuple(trend),
        clauses=_by_clause(recent, start, end, previous_start, include_exercises),
        since=sum_since(store, agreements, end, nights[-1], mission, include_exercises, last),
        zero_days=count_zero_days(store, agreements, nights, mission, period, first_night, last),
        history=recent_days,
        trail=sum_recent(recent_days, nights[-1]),
        year_means=compare_year(store, period, nights, first_night, mission, last),
        corrections=corrections,
        sums=sum_day(
            mission,
            rows=period.rows,
            harms=period.harms,
            sightings=sightings,
            restrictions=restrictions,
            effort=effort,
        ),
        map_points=map_points,
        posts=place_posts(efforts, start, end),
        line_of_contact=tuple(tuple(part) for part in line_of_contact),
        centres=tuple((region.centre, region.lon, region.lat) for region in mission.regions),
        position_decimals=int(load_watching_assumptions().value("export.position_decimals")),
        delay_h=delay_h,
    )
    return number_report(store, report, as_of=last)


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


def _all_restrictions(
    period: Period, efforts: pd.DataFrame, start: datetime, end: datetime
) -> tuple[RestrictionLine, ...]:
    lines = make_restrictions(period.facts, period.areas)
    lost = efforts[efforts["state"] != "watched"]
    for row in lost[(lost["time_from"] < end) & (lost["time_to"] > start)].itertuples():
        within = min(row.time_to, end) - max(row.time_from, start)
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
                lost_h=float(within / _HOUR),
                is_of_post=True,
            )
        )
    return tuple(sorted(lines, key=lambda line: (line.time_from, line.place, line.state)))


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


def _is_simulated(period: Period) -> bool:
    flags = period.facts.incidents["flags"].fillna(0).to_numpy(np.int64)
    return bool(((flags & int(Flag.simulated)) != 0).any())
