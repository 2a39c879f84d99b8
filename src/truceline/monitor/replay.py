"""Run a past period day by day as if it were live, and score what was said.

Each reporting day is judged some hours after its cut-off, as a desk writes its report the next morning: only
what had been received by then is known, it is linked, and the trend says what it says. Nothing that came
later is read. The store replayed is only read; the days are lived again in a scratch store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.errors import Problem
from truceline.events.alarms import AlarmLevel
from truceline.events.schema import EFFORTS, REPORTS
from truceline.events.truces import GENERAL
from truceline.events.warning_score import (
    KnownTruce,
    TruceScore,
    call_naively,
    score_truce_days,
)
from truceline.monitor.linking import link_reports
from truceline.monitor.mission import Mission, read_mission, write_mission
from truceline.monitor.trend import ALL, Trend, watch_trend
from truceline.monitor.trend_series import read_daily_series
from truceline.store.base import Selection, Store, StoreError

if TYPE_CHECKING:
    import pandas as pd

Tell = Callable[[str, float], None]

WHO = "replay"
"""Who makes the changes of a scratch store."""
OPEN_DAYS = 7
"""A truce without a declared end is scored on this many days: nobody said that it held for longer."""


@dataclass(frozen=True)
class DaySaid:
    """What would have been said of one reporting day when its report was written."""

    day: datetime
    """The local date of the cut-off, at midnight."""
    n_reports: int
    """Reports that came in since the report of the day before."""
    n_incidents: int
    """Incidents of fighting of that day, as known then; -1 where nobody reported."""
    expected: float
    ratio: float
    """Count over expectation; NaN where too little was known."""
    verdict: str
    """Of `events.truces`: general truce, energy-only quiet, no truce, or not enough known."""
    alarm: str
    """Of `events.alarms`: unknown, none, watch or warning."""
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Replay:
    """A period lived again."""

    days: tuple[DaySaid, ...]
    score: TruceScore
    """Of the verdicts, against the truces that were known to be declared."""
    naive: TruceScore
    """Of the naive rule on the same days: air-raid alerts below 0.6 of the median of the 14 days before."""
    truces: tuple[KnownTruce, ...]
    """The truces that touch the period."""
    n_alarms: int
    """Alarms raised: days on which the level rose."""


def replay_period(
    store: Store,
    scratch: Store,
    *,
    first: datetime,
    last: datetime,
    truces: Sequence[KnownTruce] = (),
    warm_up_days: int = 90,
    lag: timedelta = timedelta(hours=12),
    progress: Tell | None = None,
) -> Replay:
    """Live the reporting days `first` to `last` (local dates) again.

    Parameters
    ----------
    store
        Where the reports are; only read.
    scratch
        An empty store opened for writing; it holds the period as it was known at the end.
    truces
        What was declared, to score against; those far from the period are left out.
    lag
        Time after the cut-off at which a day is judged.
    warm_up_days
        Days before `first` whose reports are taken at once, so that there is something to expect from.

    Raises
    ------
    StoreError
        If the period holds no report, or `last` is before `first`.
    """
    if last < first:
        found = f"ends on {last:%Y-%m-%d}, before it begins on {first:%Y-%m-%d}"
        raise StoreError("replay", [Problem("period", found, "swap the two days")])
    mission = read_mission(store)
    start = mission.cutoff_utc(first - timedelta(days=1))
    reports = read_as_received(
        store,
        mission.cutoff_utc(first - timedelta(days=warm_up_days + 1)),
        mission.cutoff_utc(last) + lag,
    )
    if reports.empty or bool((reports["known_at"] < np.datetime64(start)).all()):
        found = f"holds no report received from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        raise StoreError("replay", [Problem(store.place, found, "choose a period that was imported")])
    with scratch.change(who=WHO, what="init", why=f"replay of {store.place}") as change:
        write_mission(change, mission)
        efforts = store.read_current(EFFORTS, Selection(until=mission.cutoff_utc(last)))
        change.append(EFFORTS, efforts.drop(columns="change_id"))
    _receive(scratch, reports, None, start + lag)
    n_days = (last - first).days + 1
    said = []
    for number in range(n_days):
        day = first + timedelta(days=number)
        begin, end = mission.period(day)
        n_reports = _receive(scratch, reports, begin + lag, end + lag)
        trend = watch_trend(scratch, until=end, days=warm_up_days, now=end)
        said.append(_note_day(day, n_reports, trend))
        if progress is not None:
            progress("replay", (number + 1) / n_days)
    scored = [_with_end(each) for each in truces]
    near = tuple(each for each in scored if _touches(each, start, mission.cutoff_utc(last)))
    return Replay(
        tuple(said),
        _score([each.day for each in said], [each.verdict for each in said], near, mission.zone),
        _score_naively(scratch, mission, first, last, near),
        near,
        n_alarms=count_rises([each.alarm for each in said]),
    )


def read_as_received(store: Store, since: datetime, until: datetime) -> pd.DataFrame:
    """Return the reports known by `until`, with the moment each became known in a column `known_at`.

    That is when it was received; a report whose source does not say when is taken as known when its interval
    ended. Reports later corrected stand as they were first received.
    """
    rows = store.read(REPORTS, Selection(since=since, until=until))
    known = rows["received_at"].where(rows["received_at"].notna(), rows["time_to"])
    rows = rows.assign(known_at=known)
    return rows[(known < np.datetime64(until)).to_numpy()].sort_values(
        ["known_at", "report_id"], kind="stable"
    )


def count_rises(levels: Sequence[str]) -> int:
    """Return how often an alarm was raised: days of a watch or warning that the day before had not."""
    order = {str(AlarmLevel.watch): 1, str(AlarmLevel.warning): 2}
    ranks = [order.get(level, 0) for level in levels]
    return sum(now > before for before, now in zip([0, *ranks], ranks, strict=False))


def _receive(scratch: Store, reports: pd.DataFrame, begin: datetime | None, end: datetime) -> int:
    """Add and link what became known in [begin, end), and return how many reports that were."""
    known = reports["known_at"]
    is_new = (known < np.datetime64(end)).to_numpy()
    if begin is not None:
        is_new = is_new & (known >= np.datetime64(begin)).to_numpy()
    rows = reports[is_new].drop(columns=["known_at", "report_id", "supersedes", "change_id"])
    if rows.empty:
        return 0
    with scratch.change(who=WHO, what="import", why=f"known by {end:%Y-%m-%d %H:%M} UTC") as change:
        change.add_reports(rows.reset_index(drop=True))
    link_reports(scratch, who=WHO)
    return len(rows)


def _note_day(day: datetime, n_reports: int, trend: Trend) -> DaySaid:
    """Return what the trend of an evening says of its last day."""
    import pandas as pd

    whole = trend.days[(trend.days["region"] == ALL) & (trend.days["day"] == pd.Timestamp(day))]
    row: dict[str, Any] = whole.iloc[-1].to_dict() if len(whole) else {}
    n = row.get("n", np.nan)
    return DaySaid(
        day=day,
        n_reports=n_reports,
        n_incidents=int(n) if np.isfinite(n) else -1,
        expected=float(row.get("expected", np.nan)),
        ratio=float(row.get("ratio", np.nan)),
        verdict=str(trend.truces["verdict"].iloc[-1]) if len(trend.truces) else "",
        alarm=str(trend.alarms["level"].iloc[-1]) if len(trend.alarms) else "",
        statements=trend.statements,
    )


def _with_end(truce: KnownTruce) -> KnownTruce:
    if truce.ends is not None:
        return truce
    return replace(truce, ends=truce.starts + timedelta(days=OPEN_DAYS))


def _touches(truce: KnownTruce, start: datetime, end: datetime) -> bool:
    return truce.starts < end and (truce.ends is None or truce.ends > start)


def _score(
    days: Sequence[datetime], verdicts: Sequence[str], truces: Sequence[KnownTruce], zone: str
) -> TruceScore:
    import pandas as pd

    words = pd.Series(list(verdicts), dtype=object)
    return score_truce_days(pd.Series(pd.DatetimeIndex(days)), words, truces, zone=zone)


def _score_naively(
    scratch: Store, mission: Mission, first: datetime, last: datetime, truces: Sequence[KnownTruce]
) -> TruceScore:
    """Return the score of the naive rule on the days of the period, with the alerts of the days before."""
    early = first - timedelta(days=30)
    alerts = read_daily_series(scratch, mission, early.date(), last.date()).alerts
    called = call_naively(alerts)
    within = called[called.index >= np.datetime64(first)]
    return _score(list(within.index.to_pydatetime()), list(within), truces, mission.zone)


def list_calls(replay: Replay) -> tuple[DaySaid, ...]:
    """Return the days on which something was said that a reader must act on: a truce or an alarm."""
    loud = (str(AlarmLevel.watch), str(AlarmLevel.warning))
    return tuple(each for each in replay.days if each.verdict == GENERAL or each.alarm in loud)
