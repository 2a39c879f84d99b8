"""Use case: the trend of a mission's days against what was to be expected, in figures and in sentences.

Counts are incidents of fighting, deduplicated, by reporting day; never totals of news. Every count stands
beside its expectation and their ratio. Nothing of a day after `until` is read. It tells how unusual a day
is; it does not say why, and it forecasts nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.alarms import AlarmLevel, find_alarms
from truceline.events.catalogue import load_watching_assumptions
from truceline.events.expectation import expect_counts
from truceline.events.rates import Reason, split_change
from truceline.events.regimes import find_regimes
from truceline.events.truces import ENERGY_ONLY, GENERAL, NOT_KNOWN, find_truce_days
from truceline.monitor.effort import Effort, day_ending, measure_effort
from truceline.monitor.mission import Mission, read_mission
from truceline.monitor.posture import Chances
from truceline.monitor.trend_series import DailySeries, read_daily_series, read_stated_totals
from truceline.store.base import Store

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
"""Region of the sum over all regions."""
_MEMORIES_READ = 4
"""How many half-lives of the dispersion's memory are read before the days asked for: the rest is a 16th."""
_DAYS_BESIDE = 7
"""Days before the last one that its reports and its watching are compared with, in words."""
_MOST_LOSSES = 5
"""Losses of watching told one by one."""


_OF_WATCHING = (
    Reason.kept_out,
    Reason.watched_less,
    Reason.watched_more,
    Reason.hidden_rise,
    Reason.hidden_fall,
)
"""Reasons in which the watching changed what the reports show."""


@dataclass(frozen=True)
class Trend:
    """The days of a period against what was to be expected."""

    since: date
    until: date
    """Last reporting day; complete at the time asked."""
    days: pd.DataFrame
    """day, region (`all` for the sum), n, exposure, expected, size, low, high, ratio, ratio_low, ratio_high,
    flags (words joined by `; `). Exposure is 1, or the share noticed against the usual share."""
    kinds: pd.DataFrame
    """The same by kind in place of region."""
    stated: pd.DataFrame
    """The same for totals stated by others, by region; exposure is the number of days."""
    truces: pd.DataFrame
    """One row a day: verdict, probabilities, figures and a sentence (see `find_truce_days`)."""
    alarms: pd.DataFrame
    """One row a day: level of alarm, figures and a sentence (see `find_alarms`)."""
    statements: tuple[str, ...]
    """What a report says of the last day, with figures."""


def watch_trend(
    store: Store,
    *,
    until: datetime,
    days: int,
    now: datetime,
    include_exercises: bool = False,
    chances: Chances | None = None,
    as_of: int | None = None,
) -> Trend:
    """Return the trend of the `days` reporting days up to `until` (UTC without zone).

    A day that is not complete at `until`, or at `now`, is left out: half a day would read as a quiet one.
    Where effort is recorded, what is expected follows the share of incidents noticed. `chances` as for
    `measure_effort`. Raises StoreError where the store has no mission.
    """
    mission = read_mission(store, as_of=as_of)
    last = _last_complete(mission, min(until, now))
    since = last - timedelta(days=max(days, 1) - 1)
    memory = load_watching_assumptions().value("expectation.memory")
    first = since - timedelta(days=int(_MEMORIES_READ * memory))
    series = read_daily_series(store, mission, first, last, include_exercises=include_exercises, as_of=as_of)
    effort = _read_effort(store, mission, first, last, chances, as_of)
    exposure = scale_exposure(series.regions, effort)
    regimes = find_regimes(series.n_sources.to_frame("sources").replace(0, np.nan))
    truces = find_truce_days(_truce_series(series), energy=series.energy, regimes=regimes)
    alarms = find_alarms(series.regions, exposure=exposure, regimes=regimes)
    held = (truces["verdict"] == GENERAL).to_numpy() | alarms["level"].isin(["watch", "warning"]).to_numpy()
    marks = _mark_days(series, regimes, truces)
    regions = series.regions.assign(**{ALL: series.fighting})
    exposed = exposure.assign(**{ALL: exposure.mean(axis=1) if len(exposure.columns) else 1.0})
    by_region = _beside(regions, exposed, held, regimes, marks, "region")
    by_kind = _beside(series.kinds, None, held, regimes, marks, "kind")
    stated, stated_days = read_stated_totals(store, mission, first, last, as_of=as_of)
    by_stated = _beside(stated, stated_days, None, None, {}, "region")
    frames = (by_region, by_kind, by_stated, truces, alarms)
    shown = [frame[_in_window(frame, since)].reset_index(drop=True) for frame in frames]
    return Trend(
        since=since,
        until=last,
        days=shown[0],
        kinds=shown[1],
        stated=shown[2],
        truces=shown[3],
        alarms=shown[4],
        statements=_statements(shown, series, effort, regimes, last),
    )


def scale_exposure(counts: pd.DataFrame, effort: Effort | None) -> pd.DataFrame:
    """Return the exposure of each day and region: the share noticed there over its mean, or 1.

    A region whose post was kept out has less exposure and so a lower expectation; one that nobody watched
    has none, and its days are unknown. Days and regions without recorded effort have 1.
    """
    import pandas as pd

    exposure = pd.DataFrame(1.0, index=counts.index, columns=counts.columns)
    if effort is None or not effort.is_recorded:
        return exposure
    recorded = effort.exposure[effort.exposure["hours_watched"] + effort.exposure["hours_lost"] > 0]
    for region, rows in recorded.groupby("region"):
        if region in exposure.columns and rows["share"].mean() > 0:
            at = pd.DatetimeIndex(rows["day"])
            exposure.loc[at, region] = rows["share"].to_numpy() / rows["share"].mean()
    return exposure


def _last_complete(mission: Mission, moment: datetime) -> date:
    """Return the last reporting day that ended at or before `moment`."""
    day = day_ending(mission, moment)
    midnight = datetime(day.year, day.month, day.day)
    return day if mission.cutoff_utc(midnight) <= moment else day - timedelta(days=1)


def _read_effort(
    store: Store, mission: Mission, first: date, last: date, chances: Chances | None, as_of: int | None
) -> Effort | None:
    start = mission.cutoff_utc(datetime(first.year, first.month, first.day) - timedelta(days=1))
    end = mission.cutoff_utc(datetime(last.year, last.month, last.day))
    effort = measure_effort(store, start, end, chances=chances, as_of=as_of)
    return effort if effort.is_recorded else None


def _truce_series(series: DailySeries) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"fighting": series.fighting, "alerts": series.alerts, "launches": series.launches})


def _mark_days(series: DailySeries, regimes: pd.Series, truces: pd.DataFrame) -> dict[Any, tuple[str, ...]]:
    """Return the words that must stand beside the counts of a day."""
    marks: dict[Any, tuple[str, ...]] = {}
    is_new = regimes.diff().fillna(0) != 0
    for day, verdict in zip(truces["day"], truces["verdict"], strict=True):
        n_exercises = int(series.n_exercises[day])
        words = (
            "nobody reported" if series.n_sources[day] == 0 else "",
            f"left out as exercises: {n_exercises}" if n_exercises else "",
            "several nights in one report" if series.is_several_nights[day] else "",
            "sources changed" if is_new[day] else "",
            str(verdict) if verdict in (GENERAL, ENERGY_ONLY) else "",
        )
        marks[day] = tuple(word for word in words if word)
    return marks


def _beside(
    counts: pd.DataFrame,
    exposure: pd.DataFrame | None,
    held: Any,
    regimes: pd.Series | None,
    marks: dict[Any, tuple[str, ...]],
    name: str,
) -> pd.DataFrame:
    """Return counts beside their expectation, one row a day and series."""
    import pandas as pd

    still = None
    if held is not None:
        still = pd.DataFrame(
            np.repeat(held[:, None], counts.shape[1], axis=1), index=counts.index, columns=counts.columns
        )
    rows = expect_counts(counts, exposure=exposure, held=still, regimes=regimes)
    flags = ["; ".join(marks.get(day, ())) for day in rows["day"]]
    kept = ["day", "series", "n", "exposure", "expected", "size", "low", "high"]
    kept += ["ratio", "ratio_low", "ratio_high"]
    return rows[kept].rename(columns={"series": name}).assign(flags=flags)


def _in_window(frame: pd.DataFrame, since: date) -> Any:
    import pandas as pd

    return frame["day"] >= pd.Timestamp(since) if len(frame) else np.zeros(0, dtype=bool)


def _statements(
    window: Sequence[pd.DataFrame],
    series: DailySeries,
    effort: Effort | None,
    regimes: pd.Series,
    last: date,
) -> tuple[str, ...]:
    """Return the sentences on the last day: the whole, regions out of the usual, truce, alarm, cautions."""
    import pandas as pd

    regions, _, stated, truces, alarms = window
    day = pd.Timestamp(last)
    today = regions[regions["day"] == day]
    said = [_say_count(row, last) for row in today[today["region"] == ALL].to_dict("records")]
    is_out = (today["n"] < today["low"]) | (today["n"] > today["high"])
    said += [_say_unusual(row) for row in today[is_out & (today["region"] != ALL)].to_dict("records")]
    said += [_say_stated(row) for row in stated[stated["day"] == day].to_dict("records")]
    truce, alarm = truces.iloc[-1], alarms.iloc[-1]
    if truce["verdict"] != NOT_KNOWN:
        said.append(str(truce["sentence"]))
    if alarm["level"] != AlarmLevel.unknown:
        said.append(str(alarm["sentence"]))
    n_exercises = int(series.n_exercises[day])
    if n_exercises:
        are = "incident assessed as a live-fire exercise is"
        if n_exercises > 1:
            are = "incidents assessed as live-fire exercises are"
        said.append(f"{n_exercises} {are} left out.")
    number = int(regimes.iloc[-1])
    if number and (regimes == number).sum() <= len(truces):
        began = regimes.index[(regimes == number).to_numpy()][0]
        said.append(
            f"The number of sources changed (known on {_say_day(began.date())}): "
            "counts are compared with days since then alone."
        )
    n_unknown = int((series.n_sources[-len(truces) :] == 0).sum())
    if n_unknown:
        said.append(
            f"On {n_unknown} of the {len(truces)} days nobody reported anything: they are unknown, not quiet."
        )
    if effort is not None:
        said.append("Expectations follow the share of incidents that the recorded watching could notice.")
        said += _say_changes(series, effort, last)
    said += _say_effort(effort, last)
    return tuple(said)


def _say_changes(series: DailySeries, effort: Effort, last: date) -> list[str]:
    """Return what watching has to do with the last day's reports, for each region that was watched.

    Compared are the days before whose reports are known; where watching changed nothing, nothing is said.
    """
    import pandas as pd

    before_days = pd.date_range(end=pd.Timestamp(last) - pd.Timedelta(days=1), periods=_DAYS_BESIDE)
    now = effort.on([last])
    said = []
    for region in series.regions.columns:
        counts = series.regions[region]
        n = float(counts[pd.Timestamp(last)])
        past = counts[counts.index.isin(before_days) & counts.notna()]
        before = effort.on([day.date() for day in past.index])
        if not np.isfinite(n) or past.empty:
            continue
        change = split_change(
            before.watched(str(region), float(past.sum())),
            now.watched(str(region), n),
            is_kept_out=now.is_kept_out_of(str(region)),
        )
        if change.reason in _OF_WATCHING:
            sentence = change.sentence[0].lower() + change.sentence[1:]
            said.append(f"{region}, beside the {_count_days(len(past))} before: {sentence}")
    return said


def _say_effort(effort: Effort | None, last: date) -> list[str]:
    """Return what is to be said of the watching of the last day."""
    if effort is None:
        return ["No effort of observation is recorded: counts cannot be corrected for it."]
    first, *losses = effort.on([last]).sentences(most=_MOST_LOSSES)
    return [f"Watching on {_say_day(last)}: {first[0].lower()}{first[1:]}", *losses]


def _count_days(n: int) -> str:
    return "day" if n == 1 else f"{n} days"


def _say_count(row: dict[str, Any], last: date) -> str:
    if not np.isfinite(row["n"]):
        return f"Nobody reported on {_say_day(last)}: what happened is not known."
    head = f"{row['n']:.0f} incidents of fighting on {_say_day(last)}"
    if not np.isfinite(row["expected"]):
        return f"{head}; too few days are known to say what was to be expected."
    return f"{head}, {_say_expected(row)}."


def _say_unusual(row: dict[str, Any]) -> str:
    word = "fewer" if row["n"] < row["expected"] else "more"
    return f"{row['region']}: {row['n']:.0f} incidents, {word} than usual, {_say_expected(row)}."


def _say_stated(row: dict[str, Any]) -> str:
    nights = f" over {row['exposure']:.0f} days" if row["exposure"] > 1 else ""
    head = f"{row['region']}: {row['n']:.0f} violations stated{nights}"
    return f"{head}, {_say_expected(row)}." if np.isfinite(row["expected"]) else f"{head}."


def _say_expected(row: dict[str, Any]) -> str:
    share = load_watching_assumptions().value("expectation.interval_share")
    return (
        f"against {row['expected']:.1f} expected ({row['low']:.0f} to {row['high']:.0f} on "
        f"{100.0 * share:.0f} % of such days); ratio {row['ratio']:.2f} "
        f"({row['ratio_low']:.2f} to {row['ratio_high']:.2f})"
    )


def _say_day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
