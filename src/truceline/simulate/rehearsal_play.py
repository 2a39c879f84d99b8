"""Send the reports of a simulation through a monitoring store as a mission would; take down what it made.

A store is made for a mission with the line's sectors as regions and one clause (nobody fires, sides may be
named). Reports that came in within a day are imported, linked, verified, attributed and judged, and the
alarms of every day are taken down; then the late ones come in and are linked to what is known. All rules are
those of `truceline.monitor` as they stand: none is told the truth. Nothing is scored here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truceline.events.alarms import AlarmLevel
from truceline.events.feeds.own import SIMULATED
from truceline.events.schema import ATTRIBUTIONS, LINKS, REPORTS, VERIFICATIONS
from truceline.files import write_atomically
from truceline.monitor.agreeing import add_agreement
from truceline.monitor.importing import import_file
from truceline.monitor.judging import judge_store
from truceline.monitor.linking import link_reports
from truceline.monitor.mission import Mission, Region, write_mission
from truceline.monitor.trend import watch_trend
from truceline.simulate.observing import SIMULATION_START, format_reports
from truceline.simulate.watch import Watch
from truceline.store.base import Store
from truceline.store.open import create_store

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
TextArray = NDArray[np.object_]

WHO = "rehearsal"
"""Who made the changes of a rehearsed store."""
IN_TIME = timedelta(days=1)
"""A report that reaches the mission this long after the end of what it tells, or sooner, is in time for the
alarms; the others come in afterwards."""
STORE_NAME = "rehearsal.duckdb"
_LATEST = timedelta(days=400)
"""Beyond the last day simulated, no report comes in."""
_AGREEMENT = """\
name: rehearsed-ceasefire
title: The ceasefire of the rehearsal
declared_by: both sides
source: {title: a simulation}
evidence: judgement
zone: UTC
clauses:
  - name: no-fire
    title: No fire
    says: Nobody fires.
    kind: ceasefire
    from: START
    place: {everywhere: true}
    forbids: {groups: [fire]}
    attribution: true
"""
_LEVELS = (AlarmLevel.unknown, AlarmLevel.none, AlarmLevel.watch, AlarmLevel.warning)
UNKNOWN, NONE, WATCH, WARNING = range(4)
"""Levels of alarm in `Played.level`."""


@dataclass(frozen=True, eq=False)
class Played:
    """What a store made of the reports of one simulated ceasefire; arrays of reports are in their order."""

    truth: TextArray
    """Label of the truth of each report."""
    incident: IntArray
    """Number of the incident each report was linked to."""
    partner: IntArray
    """Position of the report that decided on its link, or the nearest where it stands alone; -1 for none."""
    p_partner: FloatArray
    """Probability by the score of linkage that the two tell of one incident; NaN without a partner."""
    status: dict[int, str]
    """How far each incident is established."""
    side: dict[int, tuple[str, float]]
    """Side named for an incident, and the probability given; incidents without are not in it."""
    level: IntArray
    """Level of alarm at the end of each day from day 0, shape (n_days,): UNKNOWN to WARNING."""
    evidence: FloatArray
    """Cumulated evidence of a rise behind it; NaN where too little is known."""
    n_late: int
    """Reports that came too late for the alarms."""
    n_suggested: int
    """Pairs of incidents that late reports bridge, for somebody to look at."""


def play_reports(reports: pd.DataFrame, watch: Watch, *, n_days: int, folder: Path) -> Played:
    """Return what the watching makes of simulated reports; the store and the files stay in `folder`.

    Raises StoreError where a store is in the folder already.
    """
    late = is_late(reports)
    until = SIMULATION_START + timedelta(days=n_days)
    now = until + _LATEST
    agreement = folder / "rehearsed-ceasefire.yaml"
    write_atomically(agreement, _AGREEMENT.replace("START", f"{SIMULATION_START:%Y-%m-%dT%H:%M}"))
    parts = {"reports": reports[~late], "reports_late": reports[late]}
    for name, part in parts.items():
        write_atomically(folder / f"{name}.csv", format_reports(part))
    with create_store(folder / STORE_NAME, clock=lambda: now) as store:
        with store.change(who=WHO, what="init") as change:
            write_mission(change, mission_of(watch))
        add_agreement(store, agreement, who=WHO)
        _take_in(store, folder / "reports.csv", now)
        alarms = watch_trend(store, until=until, days=n_days, now=now).alarms
        n_suggested = _take_in(store, folder / "reports_late.csv", now) if late.any() else 0
        return _take_down(store, alarms, n_days, int(late.sum()), n_suggested)


def is_late(reports: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell which reports reached the mission more than a day after they say it happened."""
    told = np.array(
        [word or first for word, first in zip(reports["time_to"], reports["time_from"], strict=True)]
    )
    at = told.astype("datetime64[m]") if len(told) else np.empty(0, dtype="datetime64[m]")
    is_day = np.array([len(word) == len("2001-01-01") for word in told], dtype=bool)
    at = at + np.where(is_day, np.timedelta64(1, "D"), np.timedelta64(0, "m"))
    received = reports["received_at"].to_numpy(dtype=object).astype("datetime64[m]")
    return np.asarray(received - at > np.timedelta64(IN_TIME), dtype=np.bool_)


def mission_of(watch: Watch) -> Mission:
    """Return a mission whose regions are the sectors of a watch and whose days end at midnight UTC."""
    sector_of = np.array(watch.sectors, dtype=object)
    regions = tuple(
        Region(
            name=name,
            centre=f"middle of {name}",
            lon=float(watch.lon[sector_of == name].mean()),
            lat=float(watch.lat[sector_of == name].mean()),
        )
        for name in watch.sector_names
    )
    return Mission(
        name="Rehearsal of a mission: simulated reports",
        zone="UTC",
        cutoff=time_of_day(0, 0),
        sides={"a": "Side a", "b": "Side b"},
        regions=regions,
    )


def _take_in(store: Store, path: Path, now: datetime) -> int:
    """Import, link and judge the reports of a file; return the pairs of incidents suggested for review."""
    import_file(store, path, who=WHO, now=now, feed=SIMULATED)
    linked = link_reports(store, who=WHO)
    judge_store(store, who=WHO, now=now)
    return len(linked.suggestions)


def _take_down(store: Store, alarms: pd.DataFrame, n_days: int, n_late: int, n_suggested: int) -> Played:
    reports = store.read_current(REPORTS, columns=("report_id", "truth"))
    links = store.read_current(LINKS).set_index("report_id").reindex(reports["report_id"])
    at = {int(number): place for place, number in enumerate(reports["report_id"])}
    partner, p_partner = _read_partners(links, at)
    statuses = store.read_current(VERIFICATIONS, columns=("incident_id", "status"))
    named = store.read_current(ATTRIBUTIONS, columns=("incident_id", "aspect", "value", "p"))
    named = named[(named["aspect"] == "side") & (named["value"] != "")]
    level, evidence = _read_alarms(alarms, n_days)
    return Played(
        truth=reports["truth"].to_numpy(dtype=object),
        incident=links["incident_id"].to_numpy(dtype=np.int64, na_value=-1),
        partner=partner,
        p_partner=p_partner,
        status=dict(zip(statuses["incident_id"].tolist(), statuses["status"].tolist(), strict=True)),
        side={
            int(number): (str(value), float(p))
            for number, value, p in zip(named["incident_id"], named["value"], named["p"], strict=True)
        },
        level=level,
        evidence=evidence,
        n_late=n_late,
        n_suggested=n_suggested,
    )


def _read_alarms(alarms: pd.DataFrame, n_days: int) -> tuple[IntArray, FloatArray]:
    """Return level and evidence at the end of each day from day 0."""
    # A reporting day that ends at midnight has the date of the next day: day 0 is named after the second.
    dates = alarms["day"].to_numpy("datetime64[D]") - np.datetime64(SIMULATION_START, "D")
    day = dates.astype(np.int64) - 1
    inside = (day >= 0) & (day < n_days)
    ranks = {word.value: rank for rank, word in enumerate(_LEVELS)}
    level, evidence = np.zeros(n_days, dtype=np.int64), np.full(n_days, np.nan)
    level[day[inside]] = [ranks[str(word)] for word in alarms["level"][inside]]
    evidence[day[inside]] = alarms["evidence"].to_numpy(dtype=float)[inside]
    return level, evidence


def _read_partners(links: pd.DataFrame, at: dict[int, int]) -> tuple[IntArray, FloatArray]:
    """Return the partner that decided on each link, and the probability that both tell of one incident.

    The score of a report that stands alone is the logarithm of the odds against its nearest partner.
    """
    partner, p = np.full(len(links), -1, dtype=np.int64), np.full(len(links), np.nan)
    for row, (score, evidence) in enumerate(zip(links["score"], links["evidence"], strict=True)):
        told = json.loads(evidence) if isinstance(evidence, str) else {}
        other = told.get("with", told.get("nearest"))
        if other is None:
            continue
        partner[row] = at[int(other)]
        odds = float(score) if "with" in told else -float(score)
        p[row] = 1.0 / (1.0 + np.exp(-np.clip(odds, -50.0, 50.0)))
    return partner, p
