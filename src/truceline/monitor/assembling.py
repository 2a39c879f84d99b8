"""Put a day's report together: the day's facts beside the effort and the trend that the store itself tells.

One call does what the desk does at the cut-off. It takes no figure from anywhere but the store.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from truceline.errors import Problem
from truceline.events.agreements import Agreement
from truceline.events.alarms import AlarmLevel
from truceline.events.effort import sum_by_means
from truceline.events.expectation import PeriodExpectation, expect_period
from truceline.events.rates import Reason, correct_count, split_change
from truceline.events.truces import GENERAL
from truceline.monitor.agreeing import read_agreements
from truceline.monitor.day import gather_day
from truceline.monitor.day_counts import OTHER
from truceline.monitor.day_model import AgreementLine, DayReport, EffortLine, TrendLine, TrendState
from truceline.monitor.effort import Effort, measure_effort
from truceline.monitor.mission import Mission, read_mission
from truceline.monitor.trend import ALL, Trend, watch_trend
from truceline.store.base import Store, StoreError

if TYPE_CHECKING:
    import pandas as pd

TREND_DAYS = 60
"""Days of trend behind a day's report."""
_KEPT_OUT = (Reason.kept_out, Reason.watched_less)
_NOT_MORE = (TrendState.fewer, TrendState.usual)


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
    if as_of is not None and not 1 <= as_of <= store.last_change():
        found = f"there is no change {as_of}"
        raise StoreError("report", [Problem("--as-of", found, f"the newest is {store.last_change()}")])
    mission = read_mission(store, as_of=as_of)
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
        effort=make_effort_lines(now, earlier, counts, mission),
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
    """Return the incidents of fighting of the last `n_days` days by region; unknown days count nothing.

    A region of which no day is known is left out.
    """
    rows = _last_days(trend.days, day, n_days)
    known = rows[rows["n"].notna()]
    return {str(region): float(part["n"].sum()) for region, part in known.groupby("region")}


def make_effort_lines(
    now: Effort, earlier: Effort, counts: Mapping[str, float], mission: Mission
) -> tuple[EffortLine, ...]:
    """Return hours by region (in the mission's order, all others together last) and means.

    counts: incidents of fighting by region, as noticed. The first line of a region has its count had all
    been noticed. Who watched in the period before and not in this one has a line too.
    """
    order = {region.name: at for at, region in enumerate(mission.regions)}
    watched, before = _sum_hours(now, order), _sum_hours(earlier, order)
    lines: list[EffortLine] = []
    seen: set[str] = set()
    for key in sorted({*watched, *before}, key=lambda key: (order.get(key[0], len(order)), key)):
        region, means = key
        watched_h, lost_h, n_posts = watched.get(key, (0.0, 0.0, 0))
        previous_h = before.get(key, (0.0, 0.0, 0))[0]
        if not (watched_h or lost_h or previous_h):
            continue
        ends = (math.nan, math.nan, math.nan)
        if region not in seen and region in counts:
            ends = _correct(now, region, counts[region])
        seen.add(region)
        lines.append(EffortLine(region, means, watched_h, lost_h, previous_h, n_posts, *ends))
    return tuple(lines)


def _sum_hours(effort: Effort, order: Mapping[str, int]) -> dict[tuple[str, str], tuple[float, float, int]]:
    """Return hours watched, hours lost and posts that watched, by region of the report and means."""
    made: dict[tuple[str, str], tuple[float, float, int]] = {}
    if not effort.is_recorded:
        return made
    for row in sum_by_means(effort.hours).itertuples(index=False):
        key = (str(row.region) if row.region in order else OTHER, str(row.means))
        watched_h, lost_h, n_posts = made.get(key, (0.0, 0.0, 0))
        made[key] = (
            watched_h + float(row.hours_watched),
            lost_h + float(row.hours_lost),
            n_posts + int(row.n_posts),
        )
    return made


def _correct(now: Effort, region: str, n: float) -> tuple[float, float, float]:
    """Return low end, best and high end of a region's count had all been noticed; NaN where not bounded."""
    count = correct_count(now.watched(region, n))
    if math.isnan(count.best):
        return (math.nan, math.nan, math.nan)
    return (count.low, count.best, count.high if math.isfinite(count.high) else math.nan)


def make_trend_lines(
    trend: Trend, day: date, n_days: int, now: Effort, earlier: Effort
) -> tuple[TrendLine, ...]:
    """Return counts against expectation over the last `n_days` days, the whole first, then by region."""
    import pandas as pd

    rows = _last_days(trend.days, day, n_days)
    previous = _last_days(trend.days, day - timedelta(days=n_days), n_days)
    lines = []
    for region, part in rows.groupby("region", sort=False):
        whole = expect_period(part["n"].to_numpy(), part["expected"].to_numpy(), part["size"].to_numpy())
        if math.isnan(whole.expected):
            continue
        name = "" if region == ALL else str(region)
        state = _state_of(whole)
        if not name:
            state = _state_of_whole(trend, pd.Timestamp(day), state)
        # The expectation has followed the watching already: a count that fell with it may be as expected.
        elif state in _NOT_MORE and _is_kept_out(str(region), whole.n, previous, now, earlier):
            state = TrendState.kept_out
        ratios = (whole.ratio, whole.ratio_low, whole.ratio_high)
        lines.append(TrendLine(name, whole.n, whole.expected, *ratios, state))
    return tuple(sorted(lines, key=lambda line: line.region != ""))


def _last_days(frame: pd.DataFrame, day: date, n_days: int) -> pd.DataFrame:
    import pandas as pd

    last = pd.Timestamp(day)
    return frame[(frame["day"] > last - pd.Timedelta(days=n_days)) & (frame["day"] <= last)]


def _state_of(period: PeriodExpectation) -> TrendState:
    if period.n < period.low:
        return TrendState.fewer
    return TrendState.more if period.n > period.high else TrendState.usual


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
        is_kept_out=now.is_kept_out_of(region),
    )
    return change.reason in _KEPT_OUT
