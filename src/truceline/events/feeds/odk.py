"""Submissions of the field form as reports and effort: the form's answers into the columns of the own form.

A violation becomes a report for each event, placed by range and bearing; a patrol log and the state of a
camera become effort; a denial of movement becomes both. Bounds, words and positions are those of the own
form. Two clocks stand in a submission: a device that says it finished after the server had it is flagged
`clock_off`, an event that arrived long after is flagged `late`; no time is put right. Reads no store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.feeds import efforts as effort_form
from truceline.events.feeds import own
from truceline.events.feeds.base import Feed, FeedContext, Reading, Reject, finish_reports
from truceline.events.feeds.odk_form import DENIALS, FEED_NAME, Record
from truceline.events.feeds.odk_records import Answers, FieldRecord, moment_of, say_original
from truceline.events.kinds import Flag, Means, Observation
from truceline.events.readers.chunk import as_objects, make_text_frame
from truceline.events.schema import EFFORTS

if TYPE_CHECKING:
    import pandas as pd

_MINUTE = timedelta(minutes=1)
_NO_POSTS: Mapping[str, tuple[float, float]] = MappingProxyType({})
_REPORT_COLUMNS = (
    "time_from", "time_to", "lon", "lat", "radius_m", "post_lon", "post_lat", "bearing_deg",
    "bearing_width_deg", "range_min_m", "range_max_m", "place", "region", "post", "means", "observation",
    "kind", "phase", "weapon", "target", "count", "count_low", "count_high", "killed_low", "killed_high",
    "hurt_low", "hurt_high", "side_from", "exercise", "source", "source_ref", "received_at", "text",
)  # fmt: skip
_EFFORT_COLUMNS = (
    "means", "post", "region", "lon", "lat", "time_from", "time_to", "state", "cause", "words", "source",
)  # fmt: skip
_AS_THEY_ARE = (
    "phase", "weapon", "target", "count_low", "count_high", "killed_low", "killed_high", "hurt_low",
    "hurt_high", "side_from", "exercise", "place", "range_min_m", "range_max_m",
)  # fmt: skip
"""Answers that are columns of the own form by the same name."""


@dataclass(frozen=True)
class FieldRows:
    """What some submissions come to; `report_of` and `effort_of` give the submission of each usable row."""

    reports: pd.DataFrame
    efforts: pd.DataFrame
    report_of: tuple[int, ...]
    effort_of: tuple[int, ...]
    rejects: tuple[tuple[int, str, Reject], ...]
    """Submission, key of the row, and why it cannot be used."""


def clock_ahead(record: FieldRecord) -> timedelta | None:
    """Return by how much a device's clock ran ahead of the server's at least; None where it cannot be told.

    A device cannot finish a form after the server has it: what is beyond is the clock. Below zero nothing
    can be told: the form may have waited for a network.
    """
    told = [moment for moment in (record.started, record.ended) if moment is not None]
    # An edit was finished when the edit came, not when the first version did.
    received = record.edited if record.edition or record.replaces else record.submitted
    return max(told) - received if told and received is not None else None


def is_clock_off(record: FieldRecord) -> bool:
    """Tell whether a device's clock runs ahead of the server's by more than is tolerated."""
    ahead = clock_ahead(record)
    tolerance = load_watching_assumptions().value("field.clock_tolerance")
    return ahead is not None and ahead > timedelta(minutes=tolerance)


def find_problem(record: FieldRecord) -> str:
    """Return why a submission cannot be used as a whole; empty where it can."""
    if record.problem:
        return record.problem
    kind = record.answers.get("record", "")
    if kind not in tuple(Record):
        return f"records '{kind[:40]}', which the form does not know"
    if kind != Record.violation:
        return ""
    declared = record.answers.get("n_events", "")
    if declared.isascii() and declared.isdigit() and int(declared) != len(record.events):
        return f"tells of {declared} events and holds {len(record.events)}: import both tables of the export"
    if record.events:
        return ""
    return "holds no event" + ("" if declared else ": import both tables of the export")


def map_records(
    records: Sequence[tuple[str, FieldRecord]],
    context: FeedContext,
    posts: Mapping[str, tuple[float, float]] = _NO_POSTS,
) -> FieldRows:
    """Return the rows of submissions that have no problem as a whole, each with its identity.

    `posts` has longitude and latitude of posts by name, for submissions without a position of their own.
    """
    reports: list[_Row] = []
    efforts: list[_Row] = []
    for at, (key, record) in enumerate(records):
        place = _find_observer(record, posts)
        reports += _report_rows(at, key, record, context, place)
        efforts += _effort_rows(at, key, record, place)
    # A minute as told lasts to its end: what happened in the present one is not of the future.
    context = replace(context, now=context.now + _MINUTE)
    made, report_of, report_rejects = _finish(reports, _REPORTS_FEED, _REPORT_COLUMNS, records, context)
    spent, effort_of, effort_rejects = _finish(efforts, _EFFORTS_FEED, _EFFORT_COLUMNS, records, context)
    return FieldRows(made, spent, report_of, effort_of, (*report_rejects, *effort_rejects))


def list_keys(key: str, record: FieldRecord) -> tuple[str, ...]:
    """Return the keys of the reports a submission makes, usable or not."""
    match record.answers.get("record", ""):
        case Record.violation:
            return _event_keys(key, record.events)
        case Record.denial:
            return (f"{key}/denial",)
    return ()


def effort_key(key: str) -> str:
    """Return the key of the effort that a submission makes."""
    return f"{FEED_NAME}/{key}"


@dataclass(frozen=True)
class _Row:
    """One row in the columns of the own form."""

    at: int
    key: str
    cells: Mapping[str, str]
    original: str
    flags: int = 0


def _find_observer(record: FieldRecord, posts: Mapping[str, tuple[float, float]]) -> tuple[str, str]:
    """Return latitude and longitude of the observer: as sent, else of the post it speaks for."""
    lat, lon, _ = _split_point(record.answers.get("position", ""))
    if not lat and (known := posts.get(record.answers.get("post", ""))):
        return repr(known[1]), repr(known[0])
    return lat, lon


def _report_rows(
    at: int, key: str, record: FieldRecord, context: FeedContext, place: tuple[str, str]
) -> Iterable[_Row]:
    """Yield a row for each event of a violation, or the one of a denial."""
    common = _common_cells(key, record, place)
    match record.answers.get("record", ""):
        case Record.violation:
            for each, event in zip(_event_keys(key, record.events), record.events, strict=True):
                cells = _event_cells(record, event, context.zone)
                flags = _flags(record, event.get("event_to") or event.get("event_from", ""))
                yield _Row(at, each, {**common, **cells}, say_original(record, event), flags)
        case Record.denial:
            cells = _denial_cells(record, context.zone)
            flags = _flags(record, record.answers.get("denial_to", ""))
            yield _Row(at, f"{key}/denial", {**common, **cells}, say_original(record, None), flags)


def _event_keys(key: str, events: Sequence[Answers]) -> tuple[str, ...]:
    """Return a key for each event: by the id the form gave it, which an edit keeps, else by its place."""
    ids = [event.get("event_id", "") for event in events]
    return tuple(
        f"{key}/{each if each and ids.count(each) == 1 else number}"
        for number, each in enumerate(ids, start=1)
    )


def _common_cells(key: str, record: FieldRecord, place: tuple[str, str]) -> dict[str, str]:
    answers = record.answers
    lat, lon = place
    return {
        "post": answers.get("post", ""), "region": answers.get("region", ""),
        "post_lon": lon, "post_lat": lat,
        "means": answers.get("means", ""), "source": answers.get("team", ""), "source_ref": key,
        "received_at": _say_moment(record.submitted),
    }  # fmt: skip


def _event_cells(record: FieldRecord, event: Answers, zone: str) -> dict[str, str]:
    lat, lon, accuracy = _split_point(event.get("event_position", ""))
    known = event.get("time_known", "minute")
    return {
        **{name: event.get(name, "") for name in _AS_THEY_ARE},
        "time_from": _say_time(event.get("event_from", ""), known, zone),
        "time_to": _say_time(event.get("event_to", ""), known, zone),
        "kind": event.get("kind", ""), "observation": event.get("observation", ""),
        "count": event.get("count_best", ""), "bearing_deg": event.get("bearing", ""),
        "bearing_width_deg": event.get("bearing_width", ""), "lon": lon, "lat": lat, "radius_m": accuracy,
        "text": event.get("words", ""),
    }  # fmt: skip


def _denial_cells(record: FieldRecord, zone: str) -> dict[str, str]:
    answers = record.answers
    kind, _ = DENIALS.get(answers.get("denial_kind", ""), (answers.get("denial_kind", ""), ""))
    return {
        "time_from": _say_time(answers.get("denial_from", ""), "minute", zone),
        "time_to": _say_time(answers.get("denial_to", ""), "minute", zone),
        "kind": str(kind), "observation": str(Observation.seen), "place": answers.get("denial_place", ""),
        "side_from": answers.get("denial_by", ""), "text": answers.get("denial_words", ""),
    }  # fmt: skip


def _effort_rows(at: int, key: str, record: FieldRecord, place: tuple[str, str]) -> Iterable[_Row]:
    """Yield the one interval of effort of a submission that is no violation."""
    answers, kind = record.answers, record.answers.get("record", "")
    if kind not in (Record.patrol, Record.denial, Record.camera):
        return
    lat, lon = place
    by = answers.get("denial_by", "")
    state, cause, words = {
        Record.patrol: (answers.get("patrol_state", ""), "", answers.get("patrol_words", "")),
        Record.denial: (
            DENIALS.get(answers.get("denial_kind", ""), ("", ""))[1],
            f"side {by}" if by else "",
            answers.get("denial_words", ""),
        ),
        Record.camera: (answers.get("camera_state", ""), answers.get("camera_cause", ""), ""),
    }[Record(kind)]
    cells = {
        "means": str(Means.camera) if kind == Record.camera else answers.get("means", ""),
        "post": answers.get("post", ""), "region": answers.get("region", ""), "lon": lon, "lat": lat,
        "time_from": answers.get(f"{kind}_from", ""), "time_to": answers.get(f"{kind}_to", ""),
        "state": state, "cause": cause, "words": words, "source": answers.get("team", ""),
    }  # fmt: skip
    yield _Row(at, effort_key(key), cells, say_original(record, None))


def _flags(record: FieldRecord, last: str) -> int:
    """Return what a reader of the report must know of its way here; `last` is the end of the event."""
    late_after = timedelta(hours=load_watching_assumptions().value("field.late_after"))
    happened = moment_of(last)
    is_late = (
        happened is not None and record.submitted is not None and record.submitted - happened > late_after
    )
    return Flag.late * is_late + Flag.clock_off * is_clock_off(record)


def _finish(
    rows: Sequence[_Row],
    feed: Feed,
    columns: Sequence[str],
    records: Sequence[tuple[str, FieldRecord]],
    context: FeedContext,
) -> tuple[pd.DataFrame, tuple[int, ...], list[tuple[int, str, Reject]]]:
    """Return the usable rows, the submission of each, and the others with the reason."""
    raw = make_text_frame(
        {name: tuple(row.cells.get(name, "") for row in rows) for name in columns}, len(rows)
    )
    # Rows go by their place here: several belong to one submission.
    lines = np.arange(len(rows), dtype=np.int64)
    reading = Reading(raw, lines, as_objects([row.original for row in rows]))
    made = dict(feed.map_rows(reading, context))
    made["key"] = as_objects([row.key for row in rows])
    if "flags" in made:
        made["flags"] = made["flags"] + np.array([row.flags for row in rows], dtype=np.int64)
    frame, rejects = finish_reports(reading, made, context, feed)
    kept = tuple(rows[at].at for at in np.flatnonzero(reading.is_usable).tolist())
    told = [
        (rows[each.line].at, rows[each.line].key, each._replace(line=records[rows[each.line].at][1].number))
        for each in rejects
    ]
    return frame, kept, told


def _say_time(text: str, known: str, zone: str) -> str:
    """Return a time as precisely as it is known: the minute, or the hour or day by the mission's clock."""
    moment = moment_of(text)
    if moment is None:
        return text
    is_zoned = text.endswith("Z")
    if known == "minute" or known not in ("hour", "day"):
        return moment.isoformat(timespec="minutes") + ("Z" if is_zoned else "")
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)) if is_zoned else moment
    return f"{local:%Y-%m-%dT%H}" if known == "hour" else f"{local:%Y-%m-%d}"


def _split_point(text: str) -> tuple[str, str, str]:
    """Return latitude, longitude and accuracy as written; an accuracy of nothing is not known."""
    parts = text.split()
    if len(parts) != 3:
        return (text, text, "") if text else ("", "", "")  # refused where numbers are asked for
    return parts[0], parts[1], parts[2] if parts[2] not in ("0", "0.0") else ""


def _say_moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.isoformat(timespec='seconds')}Z"


_REPORTS_FEED = Feed(FEED_NAME, "Field forms", frozenset({"record"}), own.map_own, is_local=True)
_EFFORTS_FEED = Feed(
    FEED_NAME, "Field forms", frozenset({"record"}), effort_form.map_efforts, table=EFFORTS, is_local=True
)
