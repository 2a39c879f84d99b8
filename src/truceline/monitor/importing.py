"""Import a file of reports or of effort: read, mapped, checked and kept as one change, or not at all.

Rows that cannot be used do not stop the others; each is kept with its line and the reason. A file imported
twice adds nothing. A dry run tells the same without writing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.errors import Problem
from truceline.events.feeds.base import Feed, FeedContext, Reading, Reject, digest_texts, finish_reports
from truceline.events.frames import make_frame
from truceline.events.kinds import Flag
from truceline.events.readers.chunk import ReportFileError
from truceline.events.readers.read import Progress, read_rows
from truceline.events.schema import BATCHES, EFFORTS, REJECTS, REPORTS, Table
from truceline.monitor.ahead import read_ahead
from truceline.monitor.mission import Mission, read_mission
from truceline.provenance import DIGEST_CHARACTERS, hash_file, hash_text
from truceline.store.base import AddedReports, Change, Selection, Store, StoreError

if TYPE_CHECKING:
    import pandas as pd

MAX_KEPT_REJECTS = 10_000
"""Most rejected rows of a file that are kept one by one; the count is always exact."""
MAX_TOLD_REJECTS = 20
"""Rejected rows that a summary repeats."""
MOST_SHARE = 0.5
"""Share of rows rejected for one same reason beyond which the file as a whole is wrong."""


@dataclass(frozen=True)
class ReasonCount:
    """How many rows were rejected for one reason."""

    where: str
    """Column."""
    reason: str
    n: int


@dataclass(frozen=True)
class ImportSummary:
    """What became of a file."""

    file_name: str
    file_hash: str
    feed: str
    """Name of the format it was read as."""
    title: str
    notice: str
    """Licence or credit the source asks for."""
    is_dry_run: bool
    """Nothing was written."""
    is_known_file: bool
    """The very same file was imported before."""
    batch_id: int | None
    """Number of the import; None for a dry run."""
    n_read: int
    n_new: int
    n_repeated: int
    n_corrected: int
    n_rejected: int
    rejects: tuple[Reject, ...]
    """The first of them, by line."""
    reasons: tuple[ReasonCount, ...]
    """Every reason, the most common first."""
    period: tuple[datetime, datetime] | None
    """Earliest start and latest end of the rows that could be used, UTC without zone."""
    kinds: dict[str, int]
    """Usable rows by kind (of reports) or state (of effort), the most common first."""
    flags: dict[str, int]
    """Usable reports by flag."""
    ignored_columns: tuple[str, ...]
    """Columns that the format does not read; they are kept in the original."""


@dataclass
class _Tally:
    """Counts what goes by, and keeps the first rejects."""

    n_read: int = 0
    n_new: int = 0
    n_repeated: int = 0
    n_corrected: int = 0
    n_rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    first: Any = None
    last: Any = None
    ignored: tuple[str, ...] = ()

    def see_rejects(self, rejects: list[Reject]) -> None:
        self.n_rejected += len(rejects)
        self.rejects += rejects[: MAX_KEPT_REJECTS - len(self.rejects)]
        self.reasons.update((reject.where, reject.reason or reject.found) for reject in rejects)

    def see_rows(self, frame: pd.DataFrame) -> None:
        if frame.empty:
            return
        start, end = frame["time_from"].min(), frame["time_to"].max()
        self.first = start if self.first is None else min(self.first, start)
        self.last = end if self.last is None else max(self.last, end)
        words = frame["kind" if "kind" in frame else "state"].value_counts()
        self.kinds.update({str(word): int(n) for word, n in words.items()})
        if "flags" in frame:
            values = frame["flags"].to_numpy(dtype=np.int64)
            for flag in Flag:
                if n := int(np.count_nonzero(values & int(flag))):
                    self.flags[str(flag.name)] += n

    def see_added(self, added: AddedReports) -> None:
        self.n_new += added.n_new
        self.n_repeated += added.n_repeated
        self.n_corrected += added.n_corrected


Adder = Callable[["pd.DataFrame"], AddedReports]


def import_file(
    store: Store,
    path: Path,
    *,
    who: str,
    now: datetime,
    why: str = "",
    feed: Feed | None = None,
    sheet: str = "",
    dry_run: bool = False,
    keep_going: bool = False,
    mission: Mission | None = None,
    progress: Progress | None = None,
) -> ImportSummary:
    """Import one file as one change and return what became of its rows.

    The format is recognised by the columns unless `feed` names it; `sheet` names the sheet of a workbook.
    `now` is UTC without zone: later reports are refused. The mission is the store's by default. `progress` is
    called with the share of the file read, from another thread.

    Raises ReportFileError, with nothing written, where the file cannot be read, is of no known format, or has
    more than half of its rows rejected for one same reason (unless `keep_going`); StoreError where the store
    cannot be written. A dry run needs a store for reading only.
    """
    context = (mission or read_mission(store)).context(now)
    path = Path(path)
    tally = _Tally()
    source = _Source(path, feed, sheet, context, tally, progress)
    with read_ahead(source.read()) as pieces:
        first = next(pieces)  # a file that cannot be read keeps nobody from writing
        is_known = _was_whole(store, source)
        if dry_run:
            _add_all(first, pieces, _pick_adder(store, None, source.table, is_known), tally)
            source.check_majority(keep_going)
            return source.summary(is_known, None)
        with store.change(who=who, what="import", why=why) as change:
            _add_all(first, pieces, _pick_adder(store, change, source.table, is_known), tally)
            source.check_majority(keep_going)
            batch_id = change.reserve("batch", 1)
            _write_batch(change, source, batch_id)
            change.note({"file": path.name, "feed": source.feed_name, "hash": source.file_hash})
        return source.summary(is_known, batch_id)


class _Source:
    """A file on its way: usable rows out, everything else into the tally."""

    def __init__(
        self,
        path: Path,
        feed: Feed | None,
        sheet: str,
        context: FeedContext,
        tally: _Tally,
        progress: Progress | None,
    ) -> None:
        self.path, self.sheet = path, sheet
        self.file_hash = ""
        self._feed, self._context, self._tally, self._progress = feed, context, tally, progress

    @property
    def table(self) -> Table:
        """The table its rows belong to."""
        return self._known_feed.table

    @property
    def feed_name(self) -> str:
        """Name of the format."""
        return self._known_feed.name

    @property
    def _known_feed(self) -> Feed:
        assert self._feed is not None, "known from the first chunk on"  # noqa: S101
        return self._feed

    def read(self) -> Iterator[pd.DataFrame]:
        """Yield the usable rows, chunk by chunk."""
        for number, chunk in enumerate(read_rows(self.path, sheet=self.sheet, progress=self._progress)):
            if number == 0:
                self._learn(list(chunk.raw.columns), chunk.how)
            reading = Reading(
                chunk.raw, chunk.lines, chunk.originals, digests=chunk.digests, is_plain=chunk.is_plain
            )
            columns = self._known_feed.map_rows(reading, self._context)
            frame, rejects = finish_reports(reading, columns, self._context, self._known_feed)
            self._tally.n_read += len(chunk.raw) + len(chunk.rejects)
            self._tally.see_rejects(sorted([*rejects, *chunk.rejects]))
            self._tally.see_rows(frame)
            yield frame

    def _learn(self, columns: list[str], how: str) -> None:
        """Find the format by the columns, or check that they fit the one named."""
        from truceline.events.feeds.registry import check_feed, recognise_feed

        if self._feed is None:
            self._feed = recognise_feed(columns, where=self.path.name, how=how)
        else:
            check_feed(self._feed, columns, where=self.path.name, how=how)
        self.file_hash = hash_file(self.path)[:DIGEST_CHARACTERS]
        if self.sheet:  # another sheet of the same workbook is another file
            self.file_hash = hash_text(f"{self.file_hash} {self.sheet}")
        if self._feed.knows:
            self._tally.ignored = tuple(name for name in columns if name not in self._feed.knows)

    def check_majority(self, keep_going: bool) -> None:
        """Raise ReportFileError where one reason rejects most of the file."""
        tally = self._tally
        if keep_going or not tally.reasons:
            return
        (where, reason), n = tally.reasons.most_common(1)[0]
        if n <= MOST_SHARE * tally.n_read:
            return
        examples = [
            each for each in tally.rejects if each.where == where and (each.reason or each.found) == reason
        ]
        head = Problem(
            self.path.name,
            f"{n:,} of {tally.n_read:,} rows cannot be used for one reason: {where} {reason}",
            "nothing was imported; correct the file, or keep the rest with --keep-going",
        )
        told = [
            Problem(f"{self.path.name}:{each.line}  {each.where}", each.found, each.hint)
            for each in examples[:3]
        ]
        raise ReportFileError(self.path.name, [head, *told])

    def summary(self, is_known: bool, batch_id: int | None) -> ImportSummary:
        """Return what became of the file."""
        feed, tally = self._known_feed, self._tally
        reasons = [ReasonCount(where, reason, n) for (where, reason), n in tally.reasons.most_common()]
        period = None
        if tally.first is not None:
            period = (tally.first.to_pydatetime(), tally.last.to_pydatetime())
        return ImportSummary(
            file_name=self.path.name,
            file_hash=self.file_hash,
            feed=feed.name,
            title=feed.title,
            notice=feed.notice,
            is_dry_run=batch_id is None,
            is_known_file=is_known,
            batch_id=batch_id,
            n_read=tally.n_read,
            n_new=tally.n_new,
            n_repeated=tally.n_repeated,
            n_corrected=tally.n_corrected,
            n_rejected=tally.n_rejected,
            rejects=tuple(tally.rejects[:MAX_TOLD_REJECTS]),
            reasons=tuple(reasons),
            period=period,
            kinds=dict(tally.kinds.most_common()),
            flags=dict(tally.flags),
            ignored_columns=tally.ignored,
        )


def _add_all(first: pd.DataFrame, rest: Iterator[pd.DataFrame], add: Adder, tally: _Tally) -> None:
    tally.see_added(add(first))
    for frame in rest:
        tally.see_added(add(frame))


def _was_whole(store: Store, source: _Source) -> bool:
    """Tell whether the very same file was imported before and every row of it was used.

    Its rows are there then, or were corrected since: importing it again must not undo the corrections.
    """
    select = Selection(equals={"feed": source.feed_name, "file_hash": source.file_hash, "n_rejected": 0})
    return not store.read(BATCHES, select, columns=("batch_id",)).empty


def _pick_adder(store: Store, change: Change | None, table: Table, is_known: bool) -> Adder:
    """Return what adds a chunk to the store and counts, or (without a change) only counts."""
    if is_known:
        return lambda frame: AddedReports(n_new=0, n_repeated=len(frame), n_corrected=0)
    if table is EFFORTS:
        return _EffortAdder(store, change)
    return change.add_reports if change is not None else _ReportCounter(store)


class _ReportCounter:
    """Counts new, repeated and corrected reports as a store would, without writing them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._versions: dict[str, list[str]] = {}
        """Digests of each key seen, oldest first; about 200 bytes a report."""

    def __call__(self, frame: pd.DataFrame) -> AddedReports:
        if frame.empty:
            return AddedReports(0, 0, 0)
        given: dict[str, list[str]] = {}
        for key, digest in zip(frame["key"], frame["digest"], strict=True):
            given.setdefault(key, []).append(digest)
        self._look_up([key for key in given if key not in self._versions], str(frame["feed"].iloc[0]))
        n_new = n_repeated = n_corrected = 0
        for key, digests in given.items():
            versions = self._versions[key]
            # Several versions of a key in one file, stored in the same order before, are a repetition.
            changes = [digest for at, digest in enumerate(digests) if at == 0 or digest != digests[at - 1]]
            if versions[-len(changes) :] == changes:
                n_repeated += len(digests)
                continue
            for digest in digests:
                if versions and versions[-1] == digest:
                    n_repeated += 1
                    continue
                n_new, n_corrected = n_new + (not versions), n_corrected + bool(versions)
                versions.append(digest)
        return AddedReports(n_new, n_repeated, n_corrected)

    def _look_up(self, keys: list[str], feed: str) -> None:
        for key in keys:
            self._versions[key] = []
        if not keys:
            return
        select = Selection(equals={"feed": feed, "key": keys})
        stored = self._store.read(REPORTS, select, columns=("key", "digest"))
        for key, digest in zip(stored["key"], stored["digest"], strict=True):
            self._versions[key].append(digest)


class _EffortAdder:
    """Adds intervals of effort: unknown ones, and those unlike the newest of their key."""

    def __init__(self, store: Store, change: Change | None) -> None:
        self._store, self._change = store, change
        self._newest: dict[str, str] = {}
        """Digest of the newest content of each key seen."""

    def __call__(self, frame: pd.DataFrame) -> AddedReports:
        if frame.empty:
            return AddedReports(0, 0, 0)
        keys = list(frame["key"])
        unseen = sorted({key for key in keys if key not in self._newest})
        if unseen:
            stored = self._store.read_current(EFFORTS, Selection(equals={"key": unseen}))
            self._newest.update(zip(stored["key"], _digest_rows(stored), strict=True))
        n_new = n_corrected = 0
        is_written = np.zeros(len(frame), dtype=bool)
        for row, (key, digest) in enumerate(zip(keys, _digest_rows(frame), strict=True)):
            known = self._newest.get(key)
            is_written[row] = known != digest
            n_new += known is None
            n_corrected += known is not None and known != digest
            self._newest[key] = digest
        if self._change is not None and is_written.any():
            rows = frame[is_written].drop(columns="change_id").reset_index(drop=True)
            self._change.append(EFFORTS, rows)
        return AddedReports(n_new, len(frame) - n_new - n_corrected, n_corrected)


def _digest_rows(frame: pd.DataFrame) -> list[str]:
    """Return a digest of the content of each interval."""
    columns = [frame[name].tolist() for name in EFFORTS.names if name != "change_id"]
    return list(digest_texts(["\n".join(map(str, row)) for row in zip(*columns, strict=True)]))


def _write_batch(change: Change, source: _Source, batch_id: int) -> None:
    """Keep what became of the file, and the rows that could not be used."""
    tally = source._tally
    summary = source.summary(False, batch_id)
    row = {
        "batch_id": batch_id,
        "feed": summary.feed,
        "file_name": summary.file_name,
        "file_hash": summary.file_hash,
        "notice": summary.notice,
        "n_read": summary.n_read,
        "n_new": summary.n_new,
        "n_repeated": summary.n_repeated,
        "n_corrected": summary.n_corrected,
        "n_rejected": summary.n_rejected,
    }
    change.append(BATCHES, make_frame(BATCHES, row, n_rows=1))
    if tally.rejects:
        lines, where, found, hints, _ = (list(column) for column in zip(*tally.rejects, strict=True))
        columns = {"line": lines, "where": where, "found": found, "hint": hints, "batch_id": batch_id}
        change.append(REJECTS, make_frame(REJECTS, columns))


def read_rejects(
    store: Store, batch: int | None = None
) -> tuple[list[tuple[Any, ...]], int | None, list[tuple[Any, ...]]]:
    """Return every import, the one asked for, and the rows of it that could not be used.

    Imports are (number, file, format, rows, new, repeated, corrected, rejected), rows (line, column, found,
    what to write). By default the last import with rejected rows is asked for; None where there is none.
    Raises StoreError where there is no import of that number.
    """
    names = ("batch_id", "file_name", "feed", "n_read", "n_new", "n_repeated", "n_corrected", "n_rejected")
    batches = store.read(BATCHES, columns=names)
    known = batches["batch_id"].astype(int).tolist()
    if batch is not None and batch not in known:
        found = f"has no import {batch}"
        hint = f"it has 1 to {max(known)}" if known else "nothing was imported yet"
        raise StoreError("rejects", [Problem(store.place, found, hint)])
    with_some = [number for number, n in zip(known, batches["n_rejected"], strict=True) if n > 0]
    chosen = batch if batch is not None else (with_some[-1] if with_some else None)
    rows = [tuple(row) for row in batches.itertuples(index=False)]
    if chosen is None:
        return rows, None, []
    kept = store.read(REJECTS, Selection(equals={"batch_id": chosen}))
    return (
        rows,
        chosen,
        [tuple(row) for row in kept[["line", "where", "found", "hint"]].itertuples(index=False)],
    )
