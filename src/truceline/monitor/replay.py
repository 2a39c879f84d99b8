"""Run a past period day by day as if it were live, and score what was said.

Each reporting day is judged some hours after its cut-off, as a desk writes its report the next morning: only
what had been received by then is known, it is linked, and the trend says what it says. Nothing that came
later is read. The mission's settings, its posture and its agreements are those of today. The store replayed
is only read; the days are lived again in a scratch store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.errors import Problem
from truceline.events.alarms import AlarmLevel
from truceline.events.catalogue import load_watching_assumptions
from truceline.events.schema import AGREEMENTS, CHANGES, EFFORTS, REPORTS, SETTINGS
from truceline.events.warning_score import (
    KnownTruce,
    TruceScore,
    call_naively,
    score_truce_days,
)
from truceline.monitor.linking import link_reports
from truceline.monitor.mission import Mission, read_mission
from truceline.monitor.trend import ALL, Trend, watch_trend
from truceline.monitor.trend_series import read_daily_series
from truceline.store.base import Selection, Store, StoreError

if TYPE_CHECKING:
    import pandas as pd

Tell = Callable[[str, float], None]

WHO = "replay"
"""Who makes the changes of a scratch store."""


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
    """Of the verdicts, against the truces that were known to be declared; days are reporting days."""
    naive: TruceScore
    """Of the naive rule (see `call_naively`) on the same days, with all alerts received by the end."""
    truces: tuple[KnownTruce, ...]
    """The truces that touch the period; one without a declared end stands for `replay.open_truce` days."""
    n_alarms: int
    """Alarms raised: days on which the level rose."""


def replay_period(
    store: Store,
    scratch: Store,
    *,
    first: datetime,
    last: datetime,
    truces: Sequence[KnownTruce] = (),
    warm_up_days: int | None = None,
    lag: timedelta | None = None,
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
        Time after the cut-off at which a day is judged; by default the record `replay.lag`.
    warm_up_days
        Days before `first` whose reports are taken at once, so that there is something to expect from; by
        default the record `replay.warm_up`.

    Raises
    ------
    StoreError
        If the period holds no report, or `last` is before `first`.
    """
    if last < first:
        found = f"ends on {last:%Y-%m-%d}, before it begins on {first:%Y-%m-%d}"
        raise StoreError("replay", [Problem("period", found, "swap the two days")])
    records = load_watching_assumptions()
    lag = timedelta(hours=records.value("replay.lag")) if lag is None else lag
    warm_up_days = int(records.value("replay.warm_up")) if warm_up_days is None else warm_up_days
    mission = read_mission(store)
    start = mission.cutoff_utc(first - timedelta(days=1))
    judged_last = mission.cutoff_utc(last) + lag
    reports = read_as_received(
        store, mission.cutoff_utc(first - timedelta(days=warm_up_days + 1)), judged_last
    )
    if reports.empty or bool((reports["known_at"] < np.datetime64(start)).all()):
        found = f"holds no report received from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        raise StoreError("replay", [Problem(store.place, found, "choose a period that was imported")])
    efforts = read_efforts_as_known(store, judged_last)
    with scratch.change(who=WHO, what="init", why=f"replay of {store.place}") as change:
        for table in (SETTINGS, AGREEMENTS):
            change.append(table, store.read_current(table).drop(columns="change_id"))
    _note_efforts(scratch, efforts, None, start + lag)
    _receive(scratch, reports, None, start + lag)
    n_days = (last - first).days + 1
    said = []
    for number in range(n_days):
        day = first + timedelta(days=number)
        begin, end = mission.period(day)
        n_reports = _receive(scratch, reports, begin + lag, end + lag)
        _note_efforts(scratch, efforts, begin + lag, end + lag)
        trend = watch_trend(scratch, until=end, days=warm_up_days, now=end)
        said.append(_note_day(day, n_reports, trend))
        if progress is not None:
            progress("replay", (number + 1) / n_days)
    scored = [_with_end(each, records.value("replay.open_truce")) for each in truces]
    near = tuple(each for each in scored if _touches(each, start, mission.cutoff_utc(last)))
    return Replay(
        tuple(said),
        _score([each.day for each in said], [each.verdict for each in said], near, mission),
        _score_naively(scratch, mission, first, last, near, warm_up_days),
        near,
        n_alarms=count_rises([each.alarm for each in said]),
    )


def read_as_received(store: Store, since: datetime, until: datetime) -> pd.DataFrame:
    """Return the reports known by `until`, with the moment each became known in a column `known_at`.

    That is when it was received; a report whose source does not say when is taken as known when its interval
    ended. Reports later corrected stand as they were first received.
    """
    rows = store.read(REPORTS, Selection(since=since, until=until))
    known = rows["received_at"].fillna(rows["time_to"]).fillna(rows["time_from"])
    rows = rows.assign(known_at=known)
    return rows[(known < np.datetime64(until)).to_numpy()].sort_values(
        ["known_at", "report_id"], kind="stable"
    )


def read_efforts_as_known(store: Store, until: datetime) -> pd.DataFrame:
    """Return the rows of effort known by `until`, with the moment each became known in a column `known_at`.

    When a row came in is not known for effort imported long after: a row is taken as known when its interval
    ended. A correction of it is known once the change that made it was: what was corrected long after stands
    as it was first recorded.
    """
    rows = store.read(EFFORTS, Selection(until=until))
    changes = store.read(CHANGES, columns=("change_id", "at")).set_index("change_id")["at"]
    ended = rows["time_to"].fillna(rows["time_from"])
    written = rows["change_id"].map(changes).astype(ended.dtype)
    is_first = ~rows["key"].duplicated()
    known = ended.where(is_first | (written < ended), written)
    return rows.assign(known_at=known)[(known < np.datetime64(until)).to_numpy()]


def count_rises(levels: Sequence[str]) -> int:
    """Return how often an alarm was raised: days of a watch or warning that the day before had not."""
    order = {str(AlarmLevel.watch): 1, str(AlarmLevel.warning): 2}
    ranks = [order.get(level, 0) for level in levels]
    return sum(now > before for before, now in zip([0, *ranks], ranks, strict=False))


def _receive(scratch: Store, reports: pd.DataFrame, begin: datetime | None, end: datetime) -> int:
    """Add and link what became known in [begin, end), and return how many reports that were."""
    rows = _known_within(reports, begin, end).drop(columns=["report_id", "supersedes"])
    if rows.empty:
        return 0
    with scratch.change(who=WHO, what="import", why=f"known by {end:%Y-%m-%d %H:%M} UTC") as change:
        change.add_reports(rows)
    # What came before is linked already: nothing that ended before all of these has to be looked at.
    since = rows["time_to"].fillna(rows["time_from"]).min().to_pydatetime()
    link_reports(scratch, who=WHO, since=since)
    return len(rows)


def _note_efforts(scratch: Store, efforts: pd.DataFrame, begin: datetime | None, end: datetime) -> None:
    """Add the effort that became known in [begin, end)."""
    rows = _known_within(efforts, begin, end)
    if len(rows):
        with scratch.change(who=WHO, what="import", why=f"known by {end:%Y-%m-%d %H:%M} UTC") as change:
            change.append(EFFORTS, rows)


def _known_within(rows: pd.DataFrame, begin: datetime | None, end: datetime) -> pd.DataFrame:
    """Return rows that became known in [begin, end), or at any time before `end`, as a store takes them."""
    is_new = rows["known_at"] < np.datetime64(end)
    if begin is not None:
        is_new &= rows["known_at"] >= np.datetime64(begin)
    return rows[is_new.to_numpy()].drop(columns=["known_at", "change_id"]).reset_index(drop=True)


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


def _with_end(truce: KnownTruce, open_days: float) -> KnownTruce:
    if truce.ends is not None:
        return truce
    return replace(truce, ends=truce.starts + timedelta(days=open_days))


def _touches(truce: KnownTruce, start: datetime, end: datetime) -> bool:
    return truce.starts < end and (truce.ends is None or truce.ends > start)


def _score(
    days: Sequence[datetime], verdicts: Sequence[str], truces: Sequence[KnownTruce], mission: Mission
) -> TruceScore:
    """Score verdicts of reporting days: each is under a truce for a share of its own hours."""
    import pandas as pd

    words = pd.Series(list(verdicts), dtype=object)
    called = pd.Series(pd.DatetimeIndex(days))
    return score_truce_days(called, words, truces, zone=mission.zone, cutoff=mission.cutoff)


def _score_naively(
    scratch: Store,
    mission: Mission,
    first: datetime,
    last: datetime,
    truces: Sequence[KnownTruce],
    warm_up_days: int,
) -> TruceScore:
    """Return the score of the naive rule on the days of the period, with the alerts of the days before."""
    early = first - timedelta(days=warm_up_days)
    alerts = read_daily_series(scratch, mission, early.date(), last.date()).alerts
    called = call_naively(alerts)
    within = called[called.index >= np.datetime64(first)]
    return _score(list(within.index.to_pydatetime()), list(within), truces, mission)
