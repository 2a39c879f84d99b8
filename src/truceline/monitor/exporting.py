"""Gather what leaves the store for maps and spreadsheets: incidents, violations, effort, reports.

At the level of incidents and clauses, after a delay, without the words of the sources and with positions no
finer than an agreement's own commission would publish. For the parties and the public only what was released
to them, by the rule of `releasing`. Simulated incidents never stand among real ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truceline.errors import Problem
from truceline.events.catalogue import load_watching_assumptions
from truceline.events.kinds import Flag, Releasability, split_flags
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
from truceline.monitor.precision import reduce_precision
from truceline.monitor.releasing import (
    OF_THE_MISSION,
    has_ended,
    kinds_seen,
    release_rule,
    visible_to,
)
from truceline.store.base import Selection, Store, StoreError

if TYPE_CHECKING:
    import pandas as pd

BoolArray = NDArray[np.bool_]
_FIRST_REPORTS = 1000
"""Reports looked at for one that is not simulated before all are counted."""

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
"""What the mission can export, by name."""
DEFAULT_KINDS = ("incidents", "judgements", "effort")
"""What is exported unless other kinds are asked for, as far as the level sees it."""
_OF_POSTS = ("lon", "lat")
"""Columns of effort that say where a post stands."""


def describe_records(kind: str, level: Releasability = Releasability.mission) -> Table:
    """Return name, meaning and columns of a kind of record as a level gets it; KeyError for no kind."""
    table = KINDS_OF_RECORD[kind]
    if level is Releasability.mission:
        return table
    gone = {*OF_THE_MISSION, *(_OF_POSTS if kind == "effort" else ())}
    kept = tuple(each for each in table.fields if each.name not in gone)
    return Table(table.name, table.meaning, kept)


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
    level: Releasability = Releasability.mission
    """Whom they are for."""
    n_unreleased: int = 0
    """Incidents, old enough, left out because they are not released to those."""

    def table(self, kind: str) -> Table:
        """Return name, meaning and columns of the rows of a kind."""
        return describe_records(kind, self.level)


def gather_records(
    store: Store,
    kinds: tuple[str, ...] | None = None,
    *,
    title: str,
    now: datetime,
    delay: timedelta | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    level: Releasability = Releasability.mission,
) -> Records:
    """Return the newest rows of a period, no younger than `delay` before `now` (UTC without zone).

    The delay is that of the level by default; for others than the mission it is never shorter. Kinds of
    record are by default those of DEFAULT_KINDS that the level sees. Raises StoreError for a kind of record
    that is none or that the level does not see, or where nothing is left to export.
    """
    seen = tuple(kind for kind in KINDS_OF_RECORD if kind in kinds_seen(level))
    kinds = tuple(kind for kind in DEFAULT_KINDS if kind in seen) if kinds is None else kinds
    _check_kinds(kinds, seen, level)
    rule = release_rule(level)
    delay = rule.delay if delay is None else delay
    last = now - (delay if rule.is_mission else max(delay, rule.delay))
    incidents = store.read_current(INCIDENTS, Selection(since=since, until=until))
    incidents = incidents[incidents["merged_into"].isna().to_numpy()]
    incidents, n_unreleased = _keep_visible(store, incidents, level, since, until, last)
    is_old = _ended_by(incidents, last)
    simulated = _is_simulated(incidents)
    is_mixed = has_real_reports(store)
    shown = incidents[is_old & ~(simulated & is_mixed)]
    ids = shown["incident_id"].to_numpy(dtype=np.int64)
    decided = _add_decisions(store, shown, ids)
    frames: dict[str, pd.DataFrame] = {}
    if "incidents" in kinds:
        frames["incidents"] = decided
    if "judgements" in kinds:
        frames["judgements"] = _gather_judgements(store, decided, ids)
    if "effort" in kinds:
        rows = store.read_current(EFFORTS, Selection(since=since, until=until))
        frames["effort"] = rows[_ended_by(rows, last)]
    if "reports" in kinds:
        names = [name for name in REPORT_ROWS.names if name != "flag_words"]
        rows = store.read_current(REPORTS, Selection(since=since, until=until), columns=(*names, "flags"))
        rows = rows[_ended_by(rows, last) & ~(_is_simulated(rows) & is_mixed)]
        frames["reports"] = _name_flags(rows)
    if not sum(len(frame) for frame in frames.values()):
        found = f"holds nothing of that kind that ended by {last:%Y-%m-%d %H:%M} UTC"
        hint = "widen the period, or lower --delay"
        if not rule.is_mission:
            found = f"{found} and is released to the {level}"
            hint = f"widen the period, or release what the {level} may see: review release"
        raise StoreError("export", [Problem(store.place, found, hint)])
    shaped = {kind: _shape(frame, kind, level, now) for kind, frame in frames.items()}
    notices = store.read(BATCHES, columns=("notice",))["notice"].unique().tolist()
    return Records(
        title,
        since,
        last if until is None else min(last, until),
        shaped,
        tuple(sorted(each for each in notices if each)),
        n_withheld=int((~is_old).sum()),
        n_simulated=int((is_old & simulated & is_mixed).sum()),
        level=level,
        n_unreleased=n_unreleased,
    )


def _check_kinds(kinds: tuple[str, ...], seen: tuple[str, ...], level: Releasability) -> None:
    """Refuse words that are no kind of record, and kinds that a level does not see; all at once."""
    hint = f"write some of {', '.join(seen)}"
    problems = [
        Problem(
            word,
            f"is not for the {level}" if word in KINDS_OF_RECORD else "is no kind of record",
            hint,
        )
        for word in kinds
        if word not in seen
    ]
    if problems:
        raise StoreError("export", problems)


def _keep_visible(
    store: Store,
    incidents: pd.DataFrame,
    level: Releasability,
    since: datetime | None,
    until: datetime | None,
    last: datetime,
) -> tuple[pd.DataFrame, int]:
    """Return the incidents that a level may see, and how many others ended by `last`."""
    among = visible_to(level)
    if not among:
        return incidents, 0
    select = Selection(since=since, until=until, among=among)
    rows = store.read_current(INCIDENTS, select, columns=("incident_id",))
    is_visible = incidents["incident_id"].isin(rows["incident_id"]).to_numpy()
    hidden = incidents[~is_visible]
    return incidents[is_visible], int(_ended_by(hidden, last).sum())


def _ended_by(rows: pd.DataFrame, moment: datetime) -> BoolArray:
    return has_ended(rows["time_from"].to_numpy(), rows["time_to"].to_numpy(), moment)


def _is_simulated(rows: pd.DataFrame) -> BoolArray:
    flags = rows["flags"].to_numpy(dtype=np.int64, na_value=0)
    return np.asarray((flags & int(Flag.simulated)) != 0, dtype=bool)


def has_real_reports(store: Store) -> bool:
    """Tell whether the store holds reports that no simulation made: then simulated ones stay out."""
    first = store.read_page(REPORTS, n=_FIRST_REPORTS, columns=("flags",)).columns["flags"]
    if any(not (flags or 0) & int(Flag.simulated) for flags in first):
        return True
    return bool((~_is_simulated(store.tally(REPORTS, by=("flags",)))).any())


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
    return rows.merge(of_incident, on="incident_id", how="left")


def _name_flags(frame: pd.DataFrame) -> pd.DataFrame:
    values = frame["flags"].fillna(0).astype("int64").tolist()
    words = {value: "|".join(split_flags(value)) for value in set(values)}
    return frame.assign(flag_words=np.array([words[value] for value in values], dtype=object))


def _shape(frame: pd.DataFrame, kind: str, level: Releasability, now: datetime) -> pd.DataFrame:
    """Return the columns of a kind of record, with positions as coarse as they may leave."""
    made = frame[list(KINDS_OF_RECORD[kind].names)].reset_index(drop=True)
    if level is not Releasability.mission:
        return reduce_precision(made, level, now=now)[list(describe_records(kind, level).names)]
    decimals = int(load_watching_assumptions().value("export.position_decimals"))
    for name in ("lon", "lat", "observer_lon", "observer_lat"):
        if name in made:
            made[name] = made[name].round(decimals)
    return made
