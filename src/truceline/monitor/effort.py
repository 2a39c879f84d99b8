"""Use case: the effort of observation of a period, from the rows in a store; chances of noticing from a plan.

Days are reporting days: they end at the mission's cut-off, or where the period ends. Hours are hours; chances
are of a whole day's watching. It reads and measures; what the figures mean for a count is said elsewhere.
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from truceline.events.effort import (
    fill_chances,
    list_losses,
    measure_exposure,
    p_detect_of_plan,
    split_hours,
)
from truceline.events.kinds import KindGroup
from truceline.events.rates import Watched
from truceline.events.schema import EFFORTS
from truceline.monitor.mission import Mission, read_mission
from truceline.monitor.plan_files import read_plan_record, read_plan_text, refuse_plan
from truceline.monitor.posture import Chances, read_posture
from truceline.store.base import Selection, Store

if TYPE_CHECKING:
    import pandas as pd

_NO_DETECTION_HINT = "name the folder of a plan of a line with sectors: truceline plan ... --out FOLDER"
_KEPT_OUT_STATES = ("denied", "delayed", "jammed", "confined")
"""States in which somebody kept the monitors from watching; the others are nobody's doing."""


@dataclass(frozen=True)
class Effort:
    """Who watched in a period, and how much that can have shown."""

    since: datetime
    """UTC without zone."""
    until: datetime
    days: tuple[date, ...]
    """Reporting days, by the local date on which each ends."""
    hours: pd.DataFrame
    """region (as the mission names it), means, post, state, cause, group, hours, chances, day (a date): see
    `split_hours`."""
    exposure: pd.DataFrame
    """region, day (a date), hours watched and lost, share of incidents noticed: see `measure_exposure`."""
    losses: pd.DataFrame
    """Hours of watching lost by region, means, post, state and cause, most first."""
    ends: tuple[datetime, ...] = ()
    """Start of the first day, then the end of each; empty where the days do not follow each other."""

    @property
    def is_recorded(self) -> bool:
        """Tell whether anything at all is known of the effort."""
        return not self.hours.empty

    @property
    def is_kept_out(self) -> bool:
        """Tell whether somebody kept the monitors from watching: denied, delayed, jammed or confined."""
        return bool(self.losses["state"].isin(_KEPT_OUT_STATES).any())

    def is_kept_out_of(self, region: str) -> bool:
        """Tell whether somebody kept the monitors from watching in one region."""
        lost = self.losses[self.losses["region"] == region]
        return bool(lost["state"].isin(_KEPT_OUT_STATES).any())

    def on(self, days: Collection[date]) -> Effort:
        """Return the effort of some of the days alone; its period runs from the first to the last of them."""
        chosen = tuple(day for day in self.days if day in set(days))
        hours = self.hours[self.hours["day"].isin(chosen)]
        exposure = self.exposure[self.exposure["day"].isin(chosen)]
        since, until = self.since, self.until
        if chosen and self.ends:
            since = self.ends[self.days.index(chosen[0])]
            until = self.ends[self.days.index(chosen[-1]) + 1]
        return replace(
            self,
            since=since,
            until=until,
            days=chosen,
            hours=hours.reset_index(drop=True),
            exposure=exposure.reset_index(drop=True),
            losses=list_losses(hours),
            ends=(),
        )

    def watched(self, region: str, n: float) -> Watched:
        """Return `n` incidents of a region beside the watching of the whole period, for `correct_rate`."""
        rows = self.exposure[self.exposure["region"] == region]
        mean = rows[["share", "share_low", "share_high"]].mean() if len(rows) else None
        low, middle, high = (
            (0.0, 0.0, 0.0)
            if mean is None
            else (float(mean["share_low"]), float(mean["share"]), float(mean["share_high"]))
        )
        return Watched(n=n, days=float(len(self.days)), share=middle, share_low=low, share_high=high)

    def sentences(self, *, most: int | None = None) -> tuple[str, ...]:
        """Return what a report says of the effort: hours, then what was lost and to whom.

        `most` is the greatest number of losses told one by one; how many more there were is said after them.
        """
        if not self.is_recorded:
            return (
                "No effort of observation is recorded for this period: counts cannot be corrected for it.",
            )
        watched, lost = self.exposure["hours_watched"].sum(), self.exposure["hours_lost"].sum()
        said = [f"Watched for {watched:,.0f} hours; {lost:,.0f} hours of watching were lost."]
        told = self.losses if most is None else self.losses.iloc[:most]
        for row in told.itertuples():
            cause = f" ({row.cause})" if row.cause else ""
            who = row.post or row.means
            said.append(f"{row.region}: {who} {row.state} for {row.hours:.1f} hours{cause}.")
        rest = self.losses.iloc[len(told) :]
        if len(rest):
            said.append(f"And {len(rest)} more such losses, {rest['hours'].sum():,.1f} hours together.")
        return tuple(said)


def measure_effort(
    store: Store,
    since: datetime,
    until: datetime,
    *,
    group: str = str(KindGroup.fire),
    chances: Chances | None = None,
    as_of: int | None = None,
) -> Effort:
    """Return the effort of a period (UTC without zone), by reporting days.

    `group` is the group of kinds whose noticing is asked for. `chances`, from `read_posture_chances`, stand
    in where a row of effort gives no chance of its own: those of the posture kept in the store by default.
    Without a posture the records `effort.p_detect.*` do. Regions, and sectors of the posture, are told by the
    mission's names. Raises StoreError where the store has no mission.
    """
    mission = read_mission(store, as_of=as_of)
    ends = list_cutoffs(mission, since, until)
    rows = store.read_current(EFFORTS, Selection(since=since, until=until, as_of=as_of))
    if chances is None:
        chances = read_posture(store, as_of=as_of)
    rows = rows.assign(region=rows["region"].map({w: mission.region_of(w) for w in rows["region"].unique()}))
    hours = split_hours(rows, ends)
    if chances is not None and len(hours):
        named = {(mission.region_of(where), kinds): p for (where, kinds), p in chances.items()}
        hours = fill_chances(hours, named, group=group)
    exposure = measure_exposure(hours, ends, group=group, regions=[region.name for region in mission.regions])
    days = tuple(day_ending(mission, end) for end in ends[1:])
    for frame in (hours, exposure):
        frame["day"] = [days[number] for number in frame["day"]]
    return Effort(since, until, days, hours, exposure, list_losses(hours), tuple(ends))


def list_cutoffs(mission: Mission, since: datetime, until: datetime) -> list[datetime]:
    """Return `since`, every cut-off between, and `until`, all UTC without zone."""
    day = since - timedelta(days=1)
    between = []
    while day <= until + timedelta(days=1):
        cutoff = mission.cutoff_utc(day)
        if since < cutoff < until:
            between.append(cutoff)
        day += timedelta(days=1)
    return [since, *between, until]


def day_ending(mission: Mission, end: datetime) -> date:
    """Return the reporting day (the local date of its cut-off) to which the moment before `end` belongs."""
    zone = ZoneInfo(mission.zone)
    local = (end - timedelta(microseconds=1)).replace(tzinfo=ZoneInfo("UTC")).astimezone(zone)
    is_later = local.time() >= mission.cutoff
    return local.date() + timedelta(days=1) if is_later else local.date()


def read_posture_chances(folder: Path, *, posture: str = "") -> Chances:
    """Return the chance that an incident is noticed by sector and group of kinds, from a plan's folder.

    `posture` defaults to the one planned in full. Raises OutputError where the folder holds no plan, or a
    plan that says nothing of detection (a scenario that is only a length), or not that posture.
    """
    table = folder / "tables" / "detection.csv"
    name = posture or str(read_plan_record(folder, _NO_DETECTION_HINT).get("posture", ""))
    rows = list(csv.DictReader(read_plan_text(table, _NO_DETECTION_HINT).splitlines()))
    try:
        return p_detect_of_plan(rows, name)
    except KeyError:
        known = ", ".join(sorted({row.get("posture", "") for row in rows})) or "none"
        raise refuse_plan(table, f"has no posture '{name}'", f"choose one of: {known}") from None
    except (ValueError, StopIteration):
        raise refuse_plan(table, "is not a table of detection", "make the plan again") from None
