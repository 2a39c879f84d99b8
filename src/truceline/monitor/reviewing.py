"""What waits for a person, and everything known of one incident: for the desk that reviews.

Reads only. Rules decide what they can; what they cannot is listed here with the command that decides it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.kinds import Releasability, split_flags
from truceline.events.positions import intersect_sectors, sector_polygon
from truceline.events.schema import (
    ATTRIBUTIONS,
    CHANGES,
    INCIDENTS,
    JUDGEMENTS,
    LINKS,
    REPORTS,
    VERIFICATIONS,
)
from truceline.geo.ellipsoid import open_geod
from truceline.monitor.deciding import HistoryEntry, read_history
from truceline.monitor.editing import say_link
from truceline.monitor.past_links import say_gone
from truceline.monitor.releasing import read_levels
from truceline.store.base import Selection, Store

if TYPE_CHECKING:
    import pandas as pd


_SECTOR = (
    "observer_lon", "observer_lat", "bearing_deg", "bearing_width_deg", "range_min_m", "range_max_m",
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One thing that waits for a person."""

    what: str
    """may be one incident, unclear verdict, or casualties not followed up."""
    incidents: tuple[int, ...]
    why: str
    decide: str
    """The command that decides it, without the store."""


@dataclass(frozen=True)
class Waiting:
    """What waits for a person."""

    items: tuple[Item, ...]
    more: dict[str, int]
    """How many more there are of a sort than were asked for."""


@dataclass(frozen=True)
class LinkedReport:
    """One report of an incident, as it is shown."""

    report_id: int
    source: str
    how: str
    """Means, observation and post."""
    when: str
    what: str
    flags: tuple[str, ...]
    why: str
    """Why it is part of the incident, with the terms of the score."""


@dataclass(frozen=True)
class IncidentFile:
    """Everything known of an incident."""

    incident: dict[str, Any]
    """Its newest summary."""
    gone: str
    """What became of it where it no longer stands; empty while it does."""
    status: str
    level: Releasability
    """Who may see more of it than that it is counted."""
    attribution: tuple[str, ...]
    verdicts: tuple[str, ...]
    crossing: str
    """Where the sectors of two or more posts meet; empty without two."""
    reports: tuple[LinkedReport, ...]
    history: tuple[HistoryEntry, ...]


def list_waiting(store: Store, *, limit: int = 20) -> Waiting:
    """Return what waits, at most `limit` of each sort: likely pairs first, else the newest incidents."""
    found = {
        "may be one incident": list(_list_suggested(store)),
        "unclear verdict": list(_list_unclear(store)),
        "casualties not followed up": list(_list_casualties(store)),
    }
    items = [item for sort in found.values() for item in sort[:limit]]
    more = {name: len(sort) - limit for name, sort in found.items() if len(sort) > limit}
    return Waiting(tuple(items), more)


def read_incident(store: Store, incident: int) -> IncidentFile:
    """Return everything known of an incident; DecisionError where there is none of that number."""
    history = read_history(store, incident)
    chosen = Selection(equals={"incident_id": incident})
    row = store.read_current(INCIDENTS, chosen).iloc[0].to_dict()
    merged = row["merged_into"]
    status = store.read_current(VERIFICATIONS, chosen)
    attribution = store.read_current(ATTRIBUTIONS, chosen)
    verdicts = store.read_current(JUDGEMENTS, chosen)
    return IncidentFile(
        incident=row,
        gone="" if merged is None or merged != merged else say_gone(int(merged)),
        status=f"{status['status'].iloc[0]}: {status['reason'].iloc[0]}" if len(status) else "reported",
        level=read_levels(store, [incident])[incident],
        attribution=tuple(_say_attribution(each) for each in attribution.to_dict("records")),
        verdicts=tuple(
            f"{each['agreement']}/{each['clause']}: {each['verdict']}; {each['reason']}"
            for each in verdicts.to_dict("records")
        ),
        crossing=_say_crossing(_read_linked(store, incident)[1]),
        reports=tuple(_read_reports(store, incident)),
        history=history,
    )


def _read_linked(store: Store, incident: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the links of an incident and the reports they link, superseded ones left out."""
    links = store.read_current(LINKS, Selection(equals={"incident_id": incident}))
    ids = links["report_id"].to_numpy(dtype=np.int64)
    return links, store.read_current(REPORTS, Selection(ids={"report_id": ids}))


def _say_crossing(reports: pd.DataFrame) -> str:
    """Say where the sectors meet in which different posts noticed an incident; empty without two posts."""
    rows = reports[reports["bearing_deg"].notna() & (reports["range_max_m"] > 0)]
    rows = rows.drop_duplicates(["post", "observer_lon", "observer_lat"])
    if len(rows) < 2:
        return ""
    common = intersect_sectors(
        sector_polygon(*(float(row[name]) for name in _SECTOR)) for row in rows.to_dict("records")
    )
    if common.is_empty:
        return f"the sectors of {len(rows)} posts have no ground in common"
    area_m2, _ = open_geod().geometry_area_perimeter(common)
    middle = common.centroid
    return (
        f"the sectors of {len(rows)} posts meet in {abs(area_m2) / 1e6:.1f} km2 "
        f"around {middle.y:.4f} N {middle.x:.4f} E"
    )


def _say_attribution(row: dict[str, Any]) -> str:
    if not row["value"]:
        return f"{row['aspect']}: {row['basis']}"
    return f"{row['aspect']} {row['value']} with probability {row['p']:.2f}: {row['basis']}"


def _read_reports(store: Store, incident: int) -> Iterator[LinkedReport]:
    links, linked = _read_linked(store, incident)
    reports = linked.set_index("report_id")
    for link in links.to_dict("records"):
        if link["report_id"] not in reports.index:
            continue  # superseded: its correction is linked in its place
        report = reports.loc[link["report_id"]]
        yield LinkedReport(
            report_id=int(link["report_id"]),
            source=str(report["source"] or report["feed"]),
            how=" ".join(word for word in (report["means"], report["observation"], report["post"]) if word),
            when=say_interval(report["time_from"], report["time_to"]),
            what=" ".join(word for word in (report["kind"], report["phase"], report["weapon"]) if word),
            flags=split_flags(int(report["flags"])),
            why=say_link(link),
        )


def say_interval(begin: Any, end: Any) -> str:
    """Return an interval of UTC moments as a person reads it."""
    if begin != begin or begin is None:
        return "at an unknown time"
    end = begin if end != end or end is None else end
    if begin == end:
        return f"{begin:%Y-%m-%d %H:%M}"
    form = "%H:%M" if begin.date() == end.date() else "%Y-%m-%d %H:%M"
    return f"{begin:%Y-%m-%d %H:%M} to {end.strftime(form)}"


def _list_unclear(store: Store) -> Iterator[Item]:
    rows = store.read_current(JUDGEMENTS, Selection(equals={"verdict": "unclear"}))
    for row in _newest_first(rows):
        number = int(row["incident_id"])
        yield Item(
            "unclear verdict",
            (number,),
            f"{row['agreement']}/{row['clause']}: {row['reason']}",
            f"judge {number} {row['agreement']} {row['clause']} VERDICT",
        )


def _list_casualties(store: Store) -> Iterator[Item]:
    """Yield incidents with people killed or hurt that nobody has established or refuted."""
    names = ("incident_id", "merged_into", "time_from", "place", "killed_best", "hurt_best")
    rows = store.read_current(INCIDENTS, columns=names)
    is_hurt = (rows["killed_best"].fillna(0) + rows["hurt_best"].fillna(0)).to_numpy() > 0
    rows = rows[is_hurt & rows["merged_into"].isna().to_numpy()]
    ids = rows["incident_id"].to_numpy(dtype=np.int64)
    settled = store.read_current(
        VERIFICATIONS,
        Selection(ids={"incident_id": ids}, equals={"status": ("verified", "refuted")}),
        columns=("incident_id",),
    )
    for row in _newest_first(rows[~rows["incident_id"].isin(settled["incident_id"])]):
        number = int(row["incident_id"])
        people = [
            f"{float(row[name]):.0f} {word}"
            for name, word in (("killed_best", "killed"), ("hurt_best", "injured"))
            if float(row[name] or 0) > 0
        ]
        place = f", {row['place']}" if row["place"] else ""
        why = f"{' and '.join(people)} on {row['time_from']:%Y-%m-%d}{place}"
        yield Item("casualties not followed up", (number,), why, f"verify {number} STATUS")


def _list_suggested(store: Store) -> Iterator[Item]:
    """Yield pairs of incidents that linking took for possibly one and that still stand apart."""
    pairs = list(_suggested_pairs(store))
    ids = np.unique(np.array([pair[:2] for pair in pairs], dtype=np.int64).reshape(-1))
    standing = store.read_current(
        INCIDENTS, Selection(ids={"incident_id": ids}), columns=("incident_id", "merged_into")
    )
    stands = set(standing.loc[standing["merged_into"].isna(), "incident_id"].astype(int))
    seen = set()
    for first, second, score in sorted(pairs, key=lambda pair: -pair[2]):
        pair = (min(first, second), max(first, second))
        if pair in seen or not set(pair) <= stands:
            continue
        seen.add(pair)
        why = f"log odds {score:.1f} between a report of each"
        yield Item("may be one incident", pair, why, f"merge {pair[0]} {pair[1]}")


def _suggested_pairs(store: Store) -> Iterable[tuple[int, int, float]]:
    changes = store.read(CHANGES, Selection(equals={"what": "link"}), columns=("details",))
    for text in changes["details"]:
        for first, second, score in json.loads(text or "{}").get("suggestions", ()):
            yield int(first), int(second), float(score)


def _newest_first(rows: pd.DataFrame) -> list[dict[str, Any]]:
    ordered = rows.sort_values(["time_from", "incident_id"], ascending=[False, True], kind="stable")
    made: list[dict[str, Any]] = ordered.to_dict("records")
    return made
