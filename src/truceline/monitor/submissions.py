"""Take submissions of the field form into a store: one change for all of them, or none; nothing merged.

Every version that came is a row of `submissions` with what became of it. The same submissions again change
nothing, whatever way they come. An edit supersedes the reports of the version before; what it leaves out is
taken back in the open (see `submission_rows`), and so is what rests on it. What the source deleted stays.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.feeds.base import Reject
from truceline.events.feeds.odk import clock_ahead, is_clock_off
from truceline.events.feeds.odk_files import read_submissions
from truceline.events.feeds.odk_form import FEED_NAME, FORM_ID
from truceline.events.feeds.odk_records import FieldRecord, moment_of
from truceline.events.frames import make_frame
from truceline.events.schema import (
    ATTRIBUTIONS,
    BATCHES,
    EFFORTS,
    INCIDENTS,
    JUDGEMENTS,
    LINKS,
    REJECTS,
    SETTINGS,
    SUBMISSIONS,
    VERIFICATIONS,
)
from truceline.monitor.mission import Mission, read_mission
from truceline.monitor.past_links import HAND, NOWHERE, read_links, read_members, refresh_incidents
from truceline.monitor.submission_rows import FieldChange, plan_change
from truceline.monitor.submission_versions import Decision, State, VersionBook, read_versions
from truceline.store.base import AddedReports, Change, Selection, Store

if TYPE_CHECKING:
    import pandas as pd

IntArray = NDArray[np.int64]

OVERLAP = timedelta(hours=1)
"""How far a pull looks back before the newest thing it has seen: servers commit out of order."""
MAX_KEPT_REJECTS = 10_000
"""Most rows that cannot be used that are kept one by one."""
MAX_TOLD_REJECTS = 20
LATE_WORD = "arrived"
"""In the note of a version that came late; `UNSEEN_WORDS` where versions before it were never seen."""
UNSEEN_WORDS = "never seen"
_SETTING = "field.pull"
_SAME = ("replaces", "edition", "device", "post", "started", "ended", "submitted", "edited")
"""Columns of a version that a source may leave out: what is known stays."""


@dataclass(frozen=True)
class TakenSubmissions:
    """What became of some submissions."""

    source: str
    """File, or address, they came from."""
    is_dry_run: bool
    change_id: int | None
    """The change; None where nothing was new, and for a dry run."""
    n_records: int
    """Versions that came."""
    n_changed: int
    """Of these, new ones, and known ones of which something else became."""
    states: dict[str, int]
    """Versions that came, by what became of them."""
    reports: AddedReports
    efforts: AddedReports
    n_withdrawn: int
    """Reports and intervals that an edit or a reviewer took back."""
    undone: tuple[int, ...]
    """Incidents that rested on reports taken back alone, and no longer stand."""
    left_standing: tuple[int, ...]
    """Such incidents that a hand decided about: they stand until a hand decides again."""
    n_late: int
    """Versions that hold an event which was long past when it came."""
    clocks_off: tuple[tuple[str, timedelta], ...]
    """Posts whose device ran ahead of the server, and by how much at least."""
    n_rejected: int
    """Rows and submissions that cannot be used."""
    rejects: tuple[Reject, ...]
    """The first of them."""
    not_read: tuple[str, ...] = ()
    """Columns of the files that are not kept."""


def import_submissions(
    store: Store, paths: Sequence[Path], *, who: str, now: datetime, why: str = "", dry_run: bool = False
) -> TakenSubmissions:
    """Take the submissions of the files of one export; see `take_submissions`.

    Raises ReportFileError, with nothing written, for files that cannot be read.
    """
    found = read_submissions(paths)
    taken = take_submissions(
        store,
        found.records,
        source=found.name,
        digest=found.digest,
        who=who,
        now=now,
        why=why,
        dry_run=dry_run,
    )
    return replace(taken, not_read=found.not_read)


def take_submissions(
    store: Store,
    records: Sequence[FieldRecord],
    *,
    source: str,
    digest: str,
    who: str,
    now: datetime,
    why: str = "",
    dry_run: bool = False,
    through: tuple[str, datetime] | None = None,
    mission: Mission | None = None,
) -> TakenSubmissions:
    """Take submissions as one change and return what became of each; nothing new, no change.

    `now` is UTC without zone: later events are refused. `through` is an address with the newest moment of its
    server among what came: the next pull goes on from there. A dry run writes nothing.
    """
    with nullcontext() if dry_run else store.turn():
        context = (mission or read_mission(store)).context(now)
        unreadable = [each for each in records if not each.instance]
        known = read_submission_rows(store)
        book = VersionBook(read_versions(known.to_dict("records")))
        decisions = book.decide([each for each in records if each.instance])
        versions = known.groupby("key")["instance"].agg(list).to_dict() if len(known) else {}
        planned = plan_change(store, decisions, context, versions)
        decisions = [_settle(each, planned) for each in decisions]
        rows = _changed_rows(known, decisions, planned)
        rejects = (
            *(Reject(each.number, "submission", each.problem, "", each.problem) for each in unreadable),
            *planned.rejects,
        )
        summary = _Summary(source, tuple(records), decisions, planned, rows, rejects, dry_run)
        is_new = len(rows) or len(planned.reports) or len(planned.efforts)
        if dry_run or not is_new:
            return summary.make(None, (), ())
        with store.change(who=who, what="field reports", why=why) as change:
            undone, left = _write(store, change, summary, digest, through)
            number = change.change_id
        return summary.make(number, undone, left)


def read_submission_rows(store: Store) -> pd.DataFrame:
    """Return the newest row of every version of every submission, in the order in which they were decided.

    A version whose submission was not known at first stands under another key later: its last row counts.
    """
    rows = store.read(SUBMISSIONS, Selection(equals={"form": FORM_ID}))
    return rows.drop_duplicates("instance", keep="last").reset_index(drop=True)


def find_start(store: Store, address: str) -> datetime | None:
    """Return the moment of the server from which a pull goes on; None where everything is to be pulled.

    That is where the last one ended less an overlap, or the oldest edit whose first version never came: with
    that version it can be used, if it comes again.
    """
    rows = store.read_current(SETTINGS, Selection(equals={"name": _setting(address)}))
    if rows.empty:
        return None
    told = json.loads(rows["value"].iloc[0])
    ends = moment_of(str(told.get("through", "")))
    if ends is None:
        return None
    known = read_submission_rows(store)
    waiting = known.loc[known["state"] == State.awaits_first, "submitted"].dropna()
    starts: list[datetime] = [ends - OVERLAP, *(moment.to_pydatetime() for moment in waiting)]
    return min(starts)


def newest_moment(records: Sequence[FieldRecord]) -> datetime | None:
    """Return the newest moment of the server's clock among records; None where it told none."""
    told = [moment for each in records for moment in (each.submitted, each.edited) if moment is not None]
    return max(told, default=None)


def say_note(record: FieldRecord, *parts: str) -> str:
    """Return what a reader of a version must know, in a line."""
    ahead = clock_ahead(record)
    clock = f"device clock at least {_minutes(ahead)} min ahead" if ahead and is_clock_off(record) else ""
    late = late_by(record)
    arrived = f"{LATE_WORD} {late.total_seconds() / 3600:.0f} h after the event" if late else ""
    review = "marked in review as having issues" if record.review == "issues" else ""
    return "; ".join(part for part in (*parts, clock, arrived, review) if part)


def late_by(record: FieldRecord) -> timedelta | None:
    """Return how long after its oldest event a submission came, where that is called late; else None."""
    ends = [event.get("event_to") or event.get("event_from", "") for event in record.events]
    ends += [record.answers.get(f"{kind}_to", "") for kind in ("patrol", "denial", "camera")]
    told = [moment for text in ends if (moment := moment_of(text)) is not None]
    if not told or record.submitted is None:
        return None
    late = record.submitted - min(told)
    return late if late > timedelta(hours=load_watching_assumptions().value("field.late_after")) else None


@dataclass(frozen=True)
class _Summary:
    """Everything decided, on its way to a summary."""

    source: str
    records: tuple[FieldRecord, ...]
    decisions: list[Decision]
    planned: FieldChange
    rows: pd.DataFrame
    rejects: tuple[Reject, ...]
    is_dry_run: bool

    def make(self, change_id: int | None, undone: Sequence[int], left: Sequence[int]) -> TakenSubmissions:
        used = [each.record for each in self.decisions if each.is_used]
        ahead: dict[str, timedelta] = {}
        for record in used:
            by = clock_ahead(record)
            if by is not None and is_clock_off(record):
                post = record.answers.get("post", "") or record.device
                ahead[post] = max(by, ahead.get(post, by))
        return TakenSubmissions(
            source=self.source,
            is_dry_run=self.is_dry_run,
            change_id=change_id,
            n_records=len(self.records),
            n_changed=len(self.rows),
            states=dict(Counter(str(each.state) for each in self.decisions)),
            reports=self.planned.added_reports,
            efforts=self.planned.added_efforts,
            n_withdrawn=self.planned.n_withdrawn,
            undone=tuple(undone),
            left_standing=tuple(left),
            n_late=sum(late_by(record) is not None for record in used),
            clocks_off=tuple(sorted(ahead.items())),
            n_rejected=len(self.rejects),
            rejects=self.rejects[:MAX_TOLD_REJECTS],
        )


def _settle(decision: Decision, planned: FieldChange) -> Decision:
    """Return a decision with what became of its rows: refused where none of them can be used."""
    name = decision.record.instance
    if name in planned.problems:
        return replace(decision, state=State.refused, note=planned.problems[name])
    return replace(decision, note="; ".join(p for p in (decision.note, planned.notes.get(name, "")) if p))


def _changed_rows(known: pd.DataFrame, decisions: Sequence[Decision], planned: FieldChange) -> pd.DataFrame:
    """Return rows for the versions that are new, or of which something else became."""
    stored = {str(row["instance"]): row for row in known.to_dict("records")}
    rows = []
    for decision in decisions:
        if decision.is_old:
            continue
        row, before = _row_of(decision), stored.get(decision.record.instance)
        if before is not None:
            for name in _SAME:
                row[name] = before[name] if _is_missing(row[name]) else row[name]
            names = ("key", "state", "note", *_SAME)
            if all(_is_same(row[name], before[name]) for name in names):
                continue
        rows.append(row)
    columns = {name: [row[name] for row in rows] for name in SUBMISSIONS.names if name != "change_id"}
    return make_frame(SUBMISSIONS, columns, n_rows=len(rows))


def _row_of(decision: Decision) -> dict[str, Any]:
    record = decision.record
    return {
        "form": FORM_ID, "key": decision.key, "instance": record.instance, "replaces": record.replaces,
        "device": record.device, "post": record.answers.get("post", ""), "edition": record.edition,
        "started": record.started, "ended": record.ended, "submitted": record.submitted,
        "edited": record.edited, "state": str(decision.state), "note": say_note(record, decision.note),
    }  # fmt: skip


def _is_missing(value: Any) -> bool:
    return value is None or value == "" or value != value


def _is_same(new: Any, old: Any) -> bool:
    return bool(_is_missing(new) and _is_missing(old)) or bool(new == old)


def _write(
    store: Store, change: Change, summary: _Summary, digest: str, through: tuple[str, datetime] | None
) -> tuple[list[int], list[int]]:
    """Write everything decided; return incidents that no longer stand, and those a hand keeps standing."""
    planned, batch_id = summary.planned, change.reserve("batch", 1)
    undone, left = _unlink(store, change, np.array(planned.withdrawn_ids, dtype=np.int64))
    change.add_reports(planned.reports)
    change.append(EFFORTS, planned.efforts.drop(columns="change_id"))
    change.append(SUBMISSIONS, summary.rows.drop(columns="change_id"))
    counts = (planned.added_reports, planned.added_efforts)
    row = {
        "batch_id": batch_id,
        "feed": FEED_NAME,
        "file_name": summary.source,
        "file_hash": digest,
        "n_read": len(summary.records),
        "n_new": sum(each.n_new for each in counts),
        "n_repeated": sum(each.n_repeated for each in counts),
        "n_corrected": sum(each.n_corrected for each in counts),
        "n_rejected": len(summary.rejects),
    }
    change.append(BATCHES, make_frame(BATCHES, row, n_rows=1))
    if kept := summary.rejects[:MAX_KEPT_REJECTS]:
        columns = {
            "batch_id": batch_id, "line": [each.line for each in kept],
            "where": [each.where for each in kept],
            "found": [each.found for each in kept], "hint": [each.hint for each in kept],
        }  # fmt: skip
        change.append(REJECTS, make_frame(REJECTS, columns, n_rows=len(kept)))
    if through is not None:
        value = json.dumps({"through": through[1].isoformat()})
        change.append(SETTINGS, make_frame(SETTINGS, {"name": [_setting(through[0])], "value": [value]}))
    change.note({"source": summary.source, "withdrawn": planned.n_withdrawn, "undone": undone, "left": left})
    return undone, left


def _unlink(store: Store, change: Change, reports: IntArray) -> tuple[list[int], list[int]]:
    """Take reports out of their incidents; an incident without any other no longer stands.

    It is the observer's own edit, or the reviewer's word, that takes them out: decided by hand. An incident
    that a hand decided about is left as it is.
    """
    if not len(reports):
        return [], []
    links = read_links(store)
    of = links["incident_id"].to_numpy(dtype=np.int64, na_value=-1)
    is_mine = np.isin(links["report_id"].to_numpy(dtype=np.int64), reports) & (of >= 0)
    touched = np.unique(of[is_mine])
    rest = links[~is_mine]
    members = read_members(store, rest, touched.tolist())
    held = rest["report_id"].isin(members["report_id"]).to_numpy(dtype=bool)
    full = np.unique(rest["incident_id"].to_numpy(dtype=np.int64, na_value=-1)[held])
    empty = touched[~np.isin(touched, full)]
    by_hand = _decided_by_hand(store, empty)
    undone = empty[~np.isin(empty, by_hand)]
    taken_out = links[is_mine & ~np.isin(of, by_hand)]
    if len(taken_out):
        evidence = json.dumps({"reason": "taken back in the field form"})
        rows = {"report_id": taken_out["report_id"], "evidence": evidence, "method": HAND}
        change.append(LINKS, make_frame(LINKS, rows, n_rows=len(taken_out)))
    refresh_incidents(change, members, rest)
    if len(undone):
        rows_gone = store.read_current(INCIDENTS, Selection(ids={"incident_id": undone}))
        gone = rows_gone.assign(merged_into=NOWHERE, n_reports=0, n_sources=0, n_posts=0)
        change.append(INCIDENTS, gone)
    return undone.tolist(), by_hand.tolist()


def _decided_by_hand(store: Store, incidents: IntArray) -> IntArray:
    """Return the incidents about which a decision by hand stands."""
    found = [np.empty(0, dtype=np.int64)]
    for table in (VERIFICATIONS, ATTRIBUTIONS, JUDGEMENTS):
        select = Selection(ids={"incident_id": incidents}, equals={"method": HAND})
        rows = store.read_current(table, select, columns=("incident_id",))
        found.append(rows["incident_id"].to_numpy(dtype=np.int64))
    return np.unique(np.concatenate(found))


def _setting(address: str) -> str:
    return f"{_SETTING} {address}"


def _minutes(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:.0f}"
