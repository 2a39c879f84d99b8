"""Daily series from a store: incidents of fighting by region and kind, alerts, launches, energy targets.

Days are reporting days, named by the local date of their cut-off. Incidents are deduplicated by being
incidents; merged and refuted ones are out, exercises too unless asked for. A day on which nobody reported
anything is unknown and not quiet. It reads tallies, never single incidents, and judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.kinds import KINETIC, Flag, Kind
from truceline.events.schema import INCIDENTS, REPORTS, VERIFICATIONS
from truceline.monitor.mission import Mission
from truceline.store.base import Selection, Store

if TYPE_CHECKING:
    import pandas as pd

ELSEWHERE = "elsewhere"
"""Region of incidents outside the mission's regions, or of no known region."""

_FIGHTING = tuple(str(kind) for kind in KINETIC if kind not in (Kind.launch, Kind.air_defence))
"""Launches are a series of their own; air defence answers them and would count them twice."""


@dataclass(frozen=True)
class DailySeries:
    """What the store says of each day; frames have one row a day, index: local midnight of the day."""

    regions: pd.DataFrame
    """Incidents of fighting, one column a region."""
    kinds: pd.DataFrame
    """Incidents of fighting, one column a kind."""
    fighting: pd.Series
    alerts: pd.Series
    """Air-raid alerts that began."""
    launches: pd.Series
    """Missiles and drones launched."""
    energy: pd.Series
    """Incidents against energy targets."""
    n_sources: pd.Series
    """Sources of reports that spoke on the day; 0: nobody."""
    n_exercises: pd.Series
    """Incidents left out as live-fire exercises."""
    is_several_nights: pd.Series
    """Some incident of the day stands for more than one night."""


def read_daily_series(
    store: Store,
    mission: Mission,
    first: date,
    last: date,
    *,
    include_exercises: bool = False,
    as_of: int | None = None,
) -> DailySeries:
    """Return the series of the reporting days `first` to `last`."""
    import pandas as pd

    days = pd.date_range(first, last, freq="D")
    incidents = _tally_incidents(store, mission, days, as_of)
    is_exercise = (incidents["flags"] & int(Flag.exercise)) > 0
    is_fight = incidents["kind"].isin(_FIGHTING)
    counted = incidents if include_exercises else incidents[~is_exercise]
    fights = counted[counted["kind"].isin(_FIGHTING)]
    n_sources, n_talk, last_alert, last_launch = _read_speakers(store, mission, days, as_of)
    n_sources = n_sources.where(~find_outages(n_talk), 0)
    is_heard = n_sources > 0
    names = [region.name for region in mission.regions]
    regions = _spread(fights, "region", days, is_heard, names)
    left_out = incidents[is_exercise & is_fight] if not include_exercises else incidents.iloc[:0]
    nights = incidents[(incidents["flags"] & int(Flag.several_nights)) > 0]
    return DailySeries(
        regions=regions,
        kinds=_spread(fights, "kind", days, is_heard, []),
        fighting=_sum_by_day(fights, "n", days).where(is_heard),
        alerts=_believe(counted[counted["kind"] == Kind.air_alert], "n", is_heard, last_alert),
        launches=_believe(counted[counted["kind"] == Kind.launch], "count_best", is_heard, last_launch),
        energy=_sum_by_day(fights[fights["target"] == "energy"], "n", days).where(is_heard),
        n_sources=n_sources,
        n_exercises=_sum_by_day(left_out, "n", days),
        is_several_nights=_sum_by_day(nights, "n", days) > 0,
    )


def read_stated_totals(
    store: Store, mission: Mission, first: date, last: date, *, as_of: int | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return violations as stated by others, and the days each number stands for, by day and region.

    For sources that publish totals and no single incidents. One row a day on which a period ended; two
    frames of the same shape, without rows where there is nothing. Where several sources state totals of a
    region, each has a column of its own, `region (source)`: they are never added, nor mixed. Of several
    totals of one source and day the one of the shortest period counts (a day beside a week), of equal ones
    the one that came last. Totals of more than `stated.longest` days are left out.
    """
    import pandas as pd

    since, until = _bounds(mission, first, last)
    wanted = Selection(since=since, until=until, equals={"kind": str(Kind.violations_total)}, as_of=as_of)
    columns = ("report_id", "time_from", "time_to", "source", "region", "count_best")
    stated = store.read_current(REPORTS, wanted, columns=columns)
    length = (stated["time_to"] - stated["time_from"]) / pd.Timedelta(days=1)
    longest = load_watching_assumptions().value("stated.longest")
    is_nightly = (length <= longest) & stated["count_best"].notna()
    stated, length = stated[is_nightly], length[is_nightly]
    local = _to_days(stated["time_to"] - pd.Timedelta(seconds=1), mission)
    table = pd.DataFrame(
        {
            "day": local,
            "region": [mission.region_of(str(word)) for word in stated["region"]],
            "source": stated["source"].to_numpy(),
            "report_id": stated["report_id"].to_numpy(np.int64),
            "length": length.to_numpy(float),
            "n": stated["count_best"].to_numpy(float),
            "n_days": np.maximum(np.round(length.to_numpy(float)), 1.0),
        }
    )
    table = table[(table["day"] >= pd.Timestamp(first)) & (table["day"] <= pd.Timestamp(last))]
    table = table.sort_values(["length", "report_id"], ascending=[True, False])
    table = _name_series(table.drop_duplicates(["day", "region", "source"]))
    counts = table.pivot(index="day", columns="series", values="n")
    exposure = table.pivot(index="day", columns="series", values="n_days")
    return counts, exposure.reindex_like(counts)


def _name_series(table: pd.DataFrame) -> pd.DataFrame:
    """Return stated totals with a column `series`: the region, with the source where it has several."""
    is_shared = table.groupby("region")["source"].transform("nunique") > 1
    series = [
        f"{region} ({source or 'no source'})" if is_one_of_many else region
        for region, source, is_one_of_many in zip(table["region"], table["source"], is_shared, strict=True)
    ]
    return table.assign(series=np.array(series, dtype=object))


@dataclass(frozen=True)
class DayStretch:
    """Reporting days that one shift turns moments into: they begin when the same offset from UTC holds."""

    first: date
    last: date
    since: datetime
    """Cut-off before the first day, UTC without zone."""
    until: datetime
    """Cut-off of the last day."""
    shift_h: float
    """Hours to add to UTC for the date to be the reporting day. The last day may be an hour longer: what is
    after it then belongs to it."""


def split_stretches(mission: Mission, first: date, last: date) -> Iterable[DayStretch]:
    """Yield the reporting days `first` to `last` in stretches, cut at the end of each day with other clocks.

    Cut at cut-offs and nowhere else: a reporting day lies in one stretch, also that of 23 or 25 hours.
    """
    start, day = first, first
    while day <= last:
        since, until = _bounds(mission, day, day)
        if day == last or until - since != timedelta(days=1):
            since, _ = _bounds(mission, start, day)
            shift = datetime(start.year, start.month, start.day) - since
            yield DayStretch(start, day, since, until, shift / timedelta(hours=1))
            start = day + timedelta(days=1)
        day += timedelta(days=1)


def _bounds(mission: Mission, first: date, last: date) -> tuple[datetime, datetime]:
    """Return start and end, UTC without zone, of the reporting days `first` to `last`."""
    at_first = datetime(first.year, first.month, first.day)
    at_last = datetime(last.year, last.month, last.day)
    return mission.cutoff_utc(at_first - timedelta(days=1)), mission.cutoff_utc(at_last)


def _tally(
    store: Store,
    table: Any,
    mission: Mission,
    days: pd.DatetimeIndex,
    as_of: int | None,
    *,
    by: Sequence[str],
    sums: Sequence[str] = (),
    equals: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Tally a table by reporting day, stretch by stretch where clocks are changed."""
    import pandas as pd

    found = []
    for stretch in split_stretches(mission, days[0].date(), days[-1].date()):
        chosen = Selection(since=stretch.since, until=stretch.until, equals=equals or {}, as_of=as_of)
        part = store.tally(table, chosen, by=by, sums=sums, day_shift_h=stretch.shift_h)
        # Rows that began before the stretch and reach into it are counted where they began.
        part = part[part["day"] >= pd.Timestamp(stretch.first)]
        found.append(part.assign(day=part["day"].clip(upper=pd.Timestamp(stretch.last))))
    return pd.concat(found, ignore_index=True)


def _tally_incidents(
    store: Store, mission: Mission, days: pd.DatetimeIndex, as_of: int | None
) -> pd.DataFrame:
    """Return incidents that stand, by day, region (of the mission), kind, flags and target."""
    by = ("region", "kind", "flags", "target", "merged_into")
    kinds = {"kind": (*_FIGHTING, str(Kind.launch), str(Kind.air_alert))}
    tally = _tally(store, INCIDENTS, mission, days, as_of, by=by, sums=("count_best",), equals=kinds)
    refuted = store.read_current(
        VERIFICATIONS, Selection(equals={"status": "refuted"}, as_of=as_of), columns=("incident_id",)
    )
    if len(refuted):
        import pandas as pd

        ids = {"incident_id": refuted["incident_id"].to_numpy(dtype=np.int64)}
        since, until = _bounds(mission, days[0].date(), days[-1].date())
        wanted = Selection(since=since, until=until, equals=kinds, ids=ids, as_of=as_of)
        rows = store.read_current(INCIDENTS, wanted, columns=("time_from", *by, "count_best"))
        rows = rows.assign(
            day=_to_days(rows["time_from"], mission), n=-1, count_best=-rows["count_best"].fillna(0.0)
        )
        rows = rows[(rows["day"] >= days[0]) & (rows["day"] <= days[-1])]
        tally = pd.concat([tally, rows[["day", *by, "n", "count_best"]]], ignore_index=True)
    tally = tally[tally["merged_into"].isna()]
    known = {region.name for region in mission.regions}
    named = [mission.region_of(str(word)) for word in tally["region"]]
    return tally.assign(
        region=[name if name in known or not known else ELSEWHERE for name in named],
        flags=tally["flags"].fillna(0).astype("int64"),
    )


def find_outages(n_talk: pd.Series) -> pd.Series:
    """Tell on which days a feed of news has plainly failed: far fewer reports of other things than usual.

    n_talk: reports a day that are no events of the conflict (politics, courts, ...). A truce leaves them as
    they are, a feed that ended or broke does not. A store without such reports has no such days.
    """
    records = load_watching_assumptions()
    usual = n_talk.shift(1).rolling(int(records.value("outage.days")), min_periods=3).median()
    is_fed = usual >= records.value("outage.least_talk")
    return is_fed & (n_talk < records.value("outage.share") * usual)


def _read_speakers(
    store: Store, mission: Mission, days: pd.DatetimeIndex, as_of: int | None
) -> tuple[pd.Series, pd.Series, pd.Timestamp | None, pd.Timestamp | None]:
    """Return for each day the sources that spoke and the reports of other things; then two last days.

    Those are the last days of the alerts and of the launches.
    """
    tally = _tally(store, REPORTS, mission, days, as_of, by=("source", "kind"))
    is_alert, is_launch = tally["kind"] == Kind.air_alert, tally["kind"] == Kind.launch
    others = tally[~is_alert & ~is_launch]
    spoke = others.groupby("day")["source"].nunique().reindex(days, fill_value=0)
    talk = _sum_by_day(tally[tally["kind"] == Kind.other], "n", days)
    lasts = [tally.loc[rows, "day"].max() if rows.any() else None for rows in (is_alert, is_launch)]
    return spoke, talk, lasts[0], lasts[1]


def _to_days(moments: pd.Series, mission: Mission) -> Any:
    """Return the reporting day of each moment (UTC without zone) as midnight."""
    import pandas as pd

    local = moments.dt.tz_localize("UTC").dt.tz_convert(mission.zone).dt.tz_localize(None)
    cutoff = pd.Timedelta(
        hours=mission.cutoff.hour, minutes=mission.cutoff.minute, seconds=mission.cutoff.second
    )
    return (local + (pd.Timedelta(days=1) - cutoff)).dt.normalize().to_numpy()


def _sum_by_day(rows: pd.DataFrame, column: str, days: pd.DatetimeIndex) -> pd.Series:
    return rows.groupby("day")[column].sum().reindex(days, fill_value=0).astype("float64")


def _spread(
    rows: pd.DataFrame, by: str, days: pd.DatetimeIndex, is_heard: pd.Series, names: Sequence[str]
) -> pd.DataFrame:
    """Return one column for each value of `by`, those of `names` first; unknown where nobody spoke."""
    import pandas as pd

    wide = rows.groupby(["day", by])["n"].sum().unstack(fill_value=0).reindex(days, fill_value=0)
    order = [*names, *sorted(set(map(str, wide.columns)) - set(names))]
    wide = wide.reindex(columns=pd.Index(order, dtype=object), fill_value=0).astype("float64")
    wide.loc[~is_heard.to_numpy()] = np.nan
    return wide


def _believe(rows: pd.DataFrame, column: str, is_heard: pd.Series, last: pd.Timestamp | None) -> pd.Series:
    """Return a series of a feed that is silent when nothing happens: known from its first day on.

    It stays known for `truce_days.silence` days after the feed last spoke; a longer silence may be a feed
    that ended. Silence is never believed on a day on which nobody else spoke: nothing may have come in.
    """
    import pandas as pd

    days = is_heard.index
    series = _sum_by_day(rows, column, days)
    if last is None or rows.empty:
        return series * np.nan
    believed = pd.Timedelta(days=load_watching_assumptions().value("truce_days.silence"))
    is_open = (days >= rows["day"].min()) & (days <= last + believed)
    return series.where(is_open & (is_heard.to_numpy() | (series > 0).to_numpy()))
