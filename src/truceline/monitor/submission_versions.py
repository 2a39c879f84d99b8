"""Which version of a field form holds: the order of edits, late ones, and edits whose first never came.

A rule over what is known and what has come, without a store. Nothing is merged: of the versions of one
submission the newest holds as a whole, an older one that comes after it is kept and not used, and an edit
that cannot be tied to a submission waits until the version it edits has come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from truceline.events.feeds.odk_records import FieldRecord


class State(StrEnum):
    """What became of a version of a submission."""

    taken = "taken"
    """The first version; its reports count."""
    edited = "edited"
    """A later version; its reports took the place of those before."""
    late_edit = "late_edit"
    """An older version that came after a newer one was taken: kept, and not used."""
    awaits_first = "awaits_first"
    """An edit of a version that never came: to which submission it belongs is not known; not used."""
    deleted = "deleted"
    """Gone at the source; reports taken from it stay."""
    refused = "refused"
    """Not used: rejected in review, or nothing of it could be read."""


USED = (State.taken, State.edited)
REJECTED_NOTE = "rejected in review"


@dataclass(frozen=True)
class Version:
    """A version that was decided about."""

    key: str
    instance: str
    replaces: str
    edition: int | None
    state: str
    submitted: datetime | None = None
    edited: datetime | None = None
    note: str = ""

    @property
    def holds_place(self) -> bool:
        """Tell whether later versions are measured by it: it was used, or refused by a reviewer."""
        is_rejected = self.state == State.refused and self.note.startswith(REJECTED_NOTE)
        return self.state in (*USED, State.deleted) or is_rejected


@dataclass(frozen=True)
class Decision:
    """What becomes of one record."""

    record: FieldRecord
    key: str
    state: State
    note: str = ""
    is_old: bool = False
    """A version that was used before a newer one was: it came again, and nothing changes."""

    @property
    def is_used(self) -> bool:
        """Tell whether its reports are to be taken."""
        return self.state in USED and not self.is_old


class VersionBook:
    """Every version known, growing as records are decided about."""

    def __init__(self, versions: Iterable[Version] = ()) -> None:
        self._by_instance: dict[str, Version] = {}
        self._newest: dict[str, Version] = {}
        self._editions: dict[str, set[int]] = {}
        for version in versions:
            self._keep(version)

    def decide(self, records: Sequence[FieldRecord]) -> list[Decision]:
        """Return what becomes of records, older versions before newer ones; each counts from then on.

        Of records with the same id the last counts. What no order can be told for is late.
        """
        waiting = list({record.instance: record for record in records}.values())
        waiting.sort(key=lambda each: (each.edition or 0, bool(each.replaces), _when(each), each.number))
        made: list[Decision] = []
        while ready := [record for record in waiting if self._root_of(record) is not None]:
            for record in ready:
                made.append(self._decide(record, self._root_of(record) or record.instance))
            done = {record.instance for record in ready}
            waiting = [record for record in waiting if record.instance not in done]
        for record in waiting:
            state = State.deleted if record.is_deleted else State.awaits_first
            note = f"edits {record.replaces}, which never came"
            decision = Decision(record, record.replaces, state, note)
            self._keep(_version_of(decision))
            made.append(decision)
        return made

    def _root_of(self, record: FieldRecord) -> str | None:
        """Return the identity of the submission; None where it cannot be told yet."""
        if record.key:
            return record.key
        if not record.replaces:
            return record.instance
        known = self._by_instance.get(record.replaces)
        return None if known is None or known.state == State.awaits_first else known.key

    def _decide(self, record: FieldRecord, key: str) -> Decision:
        newest = self._newest.get(key)
        before = self._by_instance.get(record.instance)
        if (
            not record.replaces
            and record.edition
            and newest is not None
            and newest.instance != record.instance
        ):
            record = replace(record, replaces=newest.instance)
        decision = self._weigh(record, key, newest, before)
        if not decision.is_old:
            self._keep(_version_of(decision))
        return decision

    def _weigh(
        self, record: FieldRecord, key: str, newest: Version | None, before: Version | None
    ) -> Decision:
        is_newest = newest is None or newest.instance == record.instance or not self._is_older(record, newest)
        if record.is_deleted:
            note = (
                "gone at the source; its reports stay" if before else "gone at the source before it was taken"
            )
            return Decision(record, key, State.deleted, note)
        if not is_newest and newest is not None:
            if before is not None and before.state in USED:
                return Decision(record, key, State(before.state), before.note, is_old=True)
            note = f"came after {newest.instance}, which is newer"
            if record.edition is not None and record.edition == newest.edition:
                note = f"is the same edition as {newest.instance}"
            return Decision(record, key, State.late_edit, note)
        if record.review == "rejected":
            return Decision(record, key, State.refused, REJECTED_NOTE)
        is_edit = bool(record.replaces or record.edition)
        return Decision(record, key, State.edited if is_edit else State.taken, self._tell_gap(record, key))

    def _tell_gap(self, record: FieldRecord, key: str) -> str:
        """Say how many versions before this one were never seen."""
        if not record.edition:
            return ""
        seen = self._editions.get(key, set())
        n_unseen = sum(number not in seen for number in range(min(record.edition, 100)))
        return f"{n_unseen} earlier version{'s' if n_unseen > 1 else ''} never seen" if n_unseen else ""

    def _is_older(self, record: FieldRecord, newest: Version) -> bool:
        """Tell whether a record is older than the newest version known, or cannot be shown to be newer."""
        if record.edition is not None and newest.edition is not None and record.edition != newest.edition:
            return record.edition < newest.edition
        if record.replaces == newest.instance:
            return False
        if record.instance in self._ancestors(newest) or (newest.replaces and not record.replaces):
            return True
        own, other = record.edited or record.submitted, newest.edited or newest.submitted
        return own is None or other is None or own <= other

    def _ancestors(self, version: Version) -> set[str]:
        found: set[str] = set()
        name = version.replaces
        while name and name not in found:
            found.add(name)
            known = self._by_instance.get(name)
            name = known.replaces if known is not None else ""
        return found

    def _keep(self, version: Version) -> None:
        self._by_instance[version.instance] = version
        if version.edition is not None:
            self._editions.setdefault(version.key, set()).add(version.edition)
        if version.holds_place:
            self._newest[version.key] = version


def read_versions(rows: Iterable[Mapping[str, object]]) -> list[Version]:
    """Return versions from rows of the table of submissions, oldest first."""
    return [
        Version(
            key=str(row["key"]),
            instance=str(row["instance"]),
            replaces=str(row["replaces"]),
            edition=_whole(row["edition"]),
            state=str(row["state"]),
            submitted=_moment(row["submitted"]),
            edited=_moment(row["edited"]),
            note=str(row["note"]),
        )
        for row in rows
    ]


def _version_of(decision: Decision) -> Version:
    record = decision.record
    return Version(
        decision.key, record.instance, record.replaces, record.edition, decision.state, record.submitted,
        record.edited, decision.note,
    )  # fmt: skip


def _when(record: FieldRecord) -> datetime:
    return record.edited or record.submitted or datetime.min


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and value == value else None  # NaN is not itself


def _moment(value: object) -> datetime | None:
    if not isinstance(value, datetime) or value != value:
        return None
    moment = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    return moment if isinstance(moment, datetime) else None
