"""Gather what leaves the store for maps and spreadsheets: incidents, violations, effort, reports.

At the level of incidents and clauses, after a delay, without the words of the sources and with positions no
finer than an agreement's own commission would publish. Simulated incidents never stand among real ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truceline.errors import Problem
from truceline.events.catalogue import load_watching_assumptions
from truceline.events.kinds import Flag, split_flags
from truceline.events.schema import (
    ATTRIBUTIONS,
    BATCHES,
    EFFORTS,
    INCIDENTS,
    JUDGEMENTS,
    REPORTS,
    VERIFICATIONS,
    ColumnType,
    Field,
    Table,
)
from truceline.store.base import Selection, Store, StoreError

if TYPE_CHECKING:
    import pandas as pd

BoolArray = NDArray[np.bool_]

_WITHHELD = ("text", "original", "truth", "key", "digest", "supersedes")
"""Columns of a report that stay in the store: words of others, and what only the store needs."""

_DECIDED = (
    Field("verification", ColumnType.text, "reported, corroborated, verified or refuted"),
    Field("side", ColumnType.text, "Side found to have acted; empty: not investigated"),
    Field("side_p", ColumnType.number, "Probability that the side is right"),
    Field("side_basis", ColumnType.text, "What that rests on"),
    Field("flag_words", ColumnType.text, "What to know before counting it, in words: see Flag"),
)


def _table_of(name: str, meaning: str, *fields: Field) -> Table:
    return Table(name, meaning, fields)


def _without(table: Table, *names: str) -> tuple[Field, ...]:
    return tuple(each for each in table.fields if each.name not in (*names, "change_id"))


INCIDENT_ROWS = _table_of(
    "incidents",
    "What is thought to have happened, one row for each incident; a position is a point with a radius",
    *_without(INCIDENTS, "merged_into", "flags"),
    *_DECIDED,
)
VIOLATION_ROWS = _table_of(
    "judgements",
    "Incidents judged against clauses: an incident under two clauses is two rows; acts are counted in `unit`",
    *(each for each in INCIDENTS.fields if each.name in ("lon", "lat", "sigma_m", "place", "weapon")),
    *_without(JUDGEMENTS, "method"),
    Field("verification", ColumnType.text, "reported, corroborated, verified or refuted"),
)
EFFORT_ROWS = _table_of(
    "effort", "Who watched what, when, and where watching was denied", *_without(EFFORTS, "key")
)
REPORT_ROWS = _table_of(
    "reports",
    "Statements of single sources, as received, without their words",
    *_without(REPORTS, *_WITHHELD, "flags"),
    Field("flag_words", ColumnType.text, "What to know before counting it, in words: see Flag"),
)
KINDS_OF_RECORD = {table.name: table for table in (INCIDENT_ROWS, VIOLATION_ROWS, EFFORT_ROWS, REPORT_ROWS)}
"""What can be exported, by name."""


@dataclass(frozen=True)
class Records:
    """What leaves the store."""

    title: str
    since: datetime | None
    until: datetime
    """The end of the period, or of the delay where that is earlier. UTC without zone."""
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    """Rows by kind of record, with the columns of `KINDS_OF_RECORD`."""
    notices: tuple[str, ...] = ()
    """Licences and credits of the sources."""
    n_withheld: int = 0
    """Incidents left out because they are younger than the delay."""
    n_simulated: int = 0
    """Incidents left out because they are simulated and others are not."""


def gather_records(
    store: Store,
    kinds: tuple[str, ...] = ("incidents", "judgements", "effort"),
    *,
    title: str,
    now: datetime,
    delay: timedelta,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Records:
    """Return the newest rows of a period, no younger than `delay` before `now` (UTC without zone).

    Raises StoreError for a kind of record that is none, or where nothing is left to export.
    """
    unknown = [kind for kind in kinds if kind not in KINDS_OF_RECORD]
    if unknown:
        hint = f"write some of {', '.join(KINDS_OF_RECORD)}"
        raise StoreError("export", [Problem(word, "is no kind of record", hint) for word in unknown])
    last = now - delay
    incidents = store.read_current(INCIDENTS, Selection(since=since, until=until))
    incidents = incidents[incidents["merged_into"].isna().to_numpy()]
    is_old = _ended_by(incidents, last)
    simulated = _is_simulated(incidents)
    is_mixed = _has_real_reports(store)
    shown = incidents[is_old & ~(simulated & is_mixed)]
    ids = shown["incident_id"].to_numpy(dtype=np.int64)
    decided = _add_decisions(store, shown, ids)
    frames: dict[str, pd.DataFrame] = {}
    if "incidents" in kinds:
        frames["incidents"] = _shape(decided, INCIDENT_ROWS)
    if "judgements" in kinds:
        frames["judgements"] = _gather_judgements(store, decided, ids)
    if "effort" in kinds:
        rows = store.read_current(EFFORTS, Selection(since=since, until=until))
        frames["effort"] = _shape(rows[_ended_by(rows, last)], EFFORT_ROWS)
    if "reports" in kinds:
        names = [name for name in REPORT_ROWS.names if name != "flag_words"]
        rows = store.read_current(REPORTS, Selection(since=since, until=until), columns=(*names, "flags"))
        rows = rows[_ended_by(rows, last) & ~(_is_simulated(rows) & is_mixed)]
        frames["reports"] = _shape(_name_flags(rows), REPORT_ROWS)
    if not sum(len(frame) for frame in frames.values()):
        found = f"holds nothing of that kind that ended by {last:%Y-%m-%d %H:%M} UTC"
        raise StoreError("export", [Problem(store.place, found, "widen the period, or lower --delay")])
    notices = store.read(BATCHES, columns=("notice",))["notice"].unique().tolist()
    return Records(
        title,
        since,
        last if until is None else min(last, until),
        frames,
        tuple(sorted(each for each in notices if each)),
        n_withheld=int((~is_old).sum()),
        n_simulated=int((is_old & simulated & is_mixed).sum()),
    )


def _ended_by(rows: pd.DataFrame, moment: datetime) -> BoolArray:
    """Tell which rows had ended by a moment; one without an end ended when it began."""
    ends = rows["time_to"].where(rows["time_to"].notna(), rows["time_from"])
    return np.asarray((ends <= np.datetime64(moment)).to_numpy(), dtype=bool)


def _is_simulated(rows: pd.DataFrame) -> BoolArray:
    flags = rows["flags"].to_numpy(dtype=np.int64, na_value=0)
    return np.asarray((flags & int(Flag.simulated)) != 0, dtype=bool)


def _has_real_reports(store: Store) -> bool:
    """Tell whether the store holds reports that no simulation made: then simulated ones stay out."""
    flags = store.tally(REPORTS, by=("flags",))
    return bool((~_is_simulated(flags)).any())


def _add_decisions(store: Store, incidents: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
    """Return incidents with their verification, attribution of a side and flags in words.

    ids: numbers of `incidents`, row by row.
    """
    frame = _name_flags(incidents)
    chosen = Selection(ids={"incident_id": ids})
    status = store.read_current(VERIFICATIONS, chosen).set_index("incident_id")["status"]
    sides = store.read_current(
        ATTRIBUTIONS, Selection(ids={"incident_id": ids}, equals={"aspect": "side"})
    ).set_index("incident_id")
    known = sides.reindex(ids)
    return frame.assign(
        verification=status.reindex(ids).fillna("reported").to_numpy(dtype=object),
        side=known["value"].fillna("").to_numpy(dtype=object),
        side_p=known["p"].to_numpy(dtype=float),
        side_basis=known["basis"].fillna("not investigated").to_numpy(dtype=object),
    )


def _gather_judgements(store: Store, incidents: pd.DataFrame, ids: np.ndarray) -> pd.DataFrame:
    rows = store.read_current(JUDGEMENTS, Selection(ids={"incident_id": ids}))
    of_incident = incidents[["incident_id", "lon", "lat", "sigma_m", "place", "weapon", "verification"]]
    return _shape(rows.merge(of_incident, on="incident_id", how="left"), VIOLATION_ROWS)


def _name_flags(frame: pd.DataFrame) -> pd.DataFrame:
    values = frame["flags"].fillna(0).astype("int64").tolist()
    words = {value: "|".join(split_flags(value)) for value in set(values)}
    return frame.assign(flag_words=np.array([words[value] for value in values], dtype=object))


def _shape(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the columns of `table`, with positions as coarse as they may leave."""
    decimals = int(load_watching_assumptions().value("export.position_decimals"))
    made = frame[list(table.names)].reset_index(drop=True)
    for name in ("lon", "lat", "observer_lon", "observer_lat"):
        if name in made:
            made[name] = made[name].round(decimals)
    return made
