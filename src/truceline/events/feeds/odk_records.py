"""One submission of the field form, whichever way it came: answers by name, ids, clocks, state of review.

Understands rows of an export (ODK Central, KoBoToolbox) and records of either server as JSON. Only answers
the form asks for are kept: who sent it, the device's number and what else a server adds never gets further.
Text is bounded, times with a zone become UTC, so that one submission reads the same from an export and from
the server. Opens no file and decides nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from truceline.events.feeds.odk_form import NUMBERS, POINTS, READ, REPEAT, TIMES
from truceline.events.feeds.parsing import FIRST_YEAR, LAST_YEAR, parse_times

MAX_VALUE_CHARACTERS = 5_000
"""Longest answer kept; the form itself takes less."""
MAX_ID_CHARACTERS = 200
"""Longest id of a submission."""
MAX_EVENTS = 1_000
"""Most events of one submission."""
MAX_DEPTH = 12
"""Groups within groups in a record; the form has two."""
DEVICE_CHARACTERS = 16
"""Length of the digest that stands for a device."""

_NAME = re.compile(r"[-/]")
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")
_PLAIN_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_EVENT_ONLY = frozenset({"event_id", "event_from", "event_to", "time_known", "kind", "observation"})
_OF_THE_VERSION = frozenset({"device", "start", "end", "n_events"})
"""Answers that an edit changes though an event stays as it was."""
_OF_THE_SERVER = frozenset(
    {
        "key", "parent_key", "_index", "_parent_index", "_submission__uuid", "_uuid", "meta-instanceid",
        "meta/instanceid", "instanceid", "meta-deprecatedid", "meta/deprecatedid", "deprecatedid",
        "meta/rootuuid", "meta-rootuuid", "edits", "submissiondate", "_submission_time", "updatedat",
        "reviewstate", "_validation_status",
    }
)  # fmt: skip
"""Columns that servers add and we read."""
_POINT_PARTS = ("latitude", "longitude", "altitude", "accuracy")
Answers = Mapping[str, str]


@dataclass(frozen=True)
class FieldRecord:
    """One version of one submission."""

    number: int
    """Row of the table, or place in the answer of the server, from 1."""
    key: str
    """Identity of the submission: the id of its first version; empty where the source does not tell."""
    instance: str
    """Id of this version."""
    replaces: str = ""
    """Id of the version it edits, where the source tells."""
    edition: int | None = None
    """How often it was edited before, where the source tells."""
    device: str = ""
    """Digest of the device."""
    started: datetime | None = None
    """By the clock of the device, UTC without zone, as `ended`."""
    ended: datetime | None = None
    submitted: datetime | None = None
    """By the clock of the server, UTC without zone, as `edited`."""
    edited: datetime | None = None
    is_deleted: bool = False
    review: str = ""
    """What a reviewer said: approved, issues, rejected; empty otherwise."""
    answers: Answers = field(default_factory=dict)
    """Answers outside the repeat, by name; empty ones are left out."""
    events: tuple[Answers, ...] = ()
    """Answers of each event."""
    problem: str = ""
    """Why it cannot be read at all; empty where it can."""


@dataclass(frozen=True)
class Columns:
    """What the columns of an export are, found once for the file."""

    answers: Mapping[str, str]
    """Name of the answer by column."""
    points: Mapping[str, tuple[str, ...]]
    """Columns of latitude, longitude, height and accuracy by the name of the answer."""
    others: frozenset[str]
    """Columns that are neither an answer nor an id, a clock or a review: not read, and not kept."""


def sort_columns(columns: Sequence[str]) -> Columns:
    """Return what the columns (lower case) of an export are."""
    answers: dict[str, str] = {}
    points: dict[str, list[str]] = {}
    for column in columns:
        if column.startswith("_"):
            continue
        *groups, leaf = _NAME.split(column)
        if leaf in READ:
            answers[column] = leaf
        elif leaf in _POINT_PARTS and groups and groups[-1] in POINTS:
            points.setdefault(groups[-1], ["", "", "", ""])[_POINT_PARTS.index(leaf)] = column
    used = {*answers, *(column for parts in points.values() for column in parts)}
    others = frozenset(columns) - used - _OF_THE_SERVER
    return Columns(answers, {n: tuple(p) for n, p in points.items()}, others)


def is_main_table(columns: Sequence[str]) -> bool:
    """Tell whether a table (columns in lower case) holds submissions of the form."""
    leaves = set(sort_columns(columns).answers.values())
    has_id = bool({"key", "_uuid", "meta-instanceid", "meta/instanceid", "instanceid"} & set(columns))
    return "record" in leaves and has_id


def is_event_table(columns: Sequence[str]) -> bool:
    """Tell whether a table (columns in lower case) holds the repeated events of submissions."""
    has_parent = bool({"parent_key", "_parent_index", "_submission__uuid"} & set(columns))
    return has_parent and {"event_from", "kind"} <= set(sort_columns(columns).answers.values())


def read_answers(row: Mapping[str, str], columns: Columns) -> dict[str, str]:
    """Return the answers of one row of an export, in the one form they are kept in."""
    made = {
        name: answer
        for column, name in columns.answers.items()
        if (answer := tidy_answer(name, row.get(column, "")))
    }
    for name, parts in columns.points.items():
        if name not in made:
            lat, lon, height, accuracy = (row.get(part, "") if part else "" for part in parts)
            if answer := _tidy_point(f"{lat} {lon} {height or '0'} {accuracy or '0'}" if lat and lon else ""):
                made[name] = answer
    return made


def read_row(
    number: int, row: Mapping[str, str], columns: Columns, events: Sequence[Answers] = ()
) -> FieldRecord:
    """Return the submission in one row of an export, with its events from the second table."""
    get = _getter(row)
    answers = read_answers(row, columns)
    return _finish(
        number,
        answers,
        events,
        key=get("key") or get("meta/rootuuid", "meta-rootuuid"),
        instance=get("meta-instanceid", "meta/instanceid", "instanceid") or get("_uuid"),
        replaces=get("meta-deprecatedid", "meta/deprecatedid", "deprecatedid"),
        edition=get("edits"),
        submitted=get("submissiondate", "_submission_time"),
        edited=get("updatedat"),
        review=get("reviewstate", "_validation_status"),
    )


def read_json(number: int, record: Any) -> FieldRecord:
    """Return the submission in a record of a server's answer: OData of ODK Central, or KoBo's API.

    Anything may come: what is no record has a `problem` and no answers.
    """
    if not isinstance(record, dict):
        return FieldRecord(number, "", "", problem="is no record")
    plain: dict[str, str] = {}
    events: list[Answers] = []
    for name, value in _walk(record, 0):
        if name == REPEAT and isinstance(value, list):
            events += [_read_event(each) for each in value[: MAX_EVENTS + 1]]
        elif (text := _text_of(name, value)) and name not in plain:
            plain[name] = text
    if len(events) > MAX_EVENTS:
        return FieldRecord(number, "", "", problem=f"has more than {MAX_EVENTS:,} events")
    system = record.get("__system")
    system = system if isinstance(system, dict) else {}
    status = record.get("_validation_status")
    status = status.get("uid", "") if isinstance(status, dict) else status
    get = _getter(plain)
    answers = {name: answer for name in READ if (answer := tidy_answer(name, plain.get(name, "")))}
    return _finish(
        number,
        answers,
        events,
        key=_word(record.get("__id")) or get("rootuuid"),
        instance=get("instanceid") or _word(record.get("_uuid")),
        replaces=get("deprecatedid"),
        edition=_word(system.get("edits")),
        submitted=_word(system.get("submissionDate")) or _word(record.get("_submission_time")),
        edited=_word(system.get("updatedAt")),
        review=_word(system.get("reviewState")) or _word(status),
        is_deleted=bool(_word(system.get("deletedAt"))),
    )


def tidy_answer(name: str, text: str) -> str:
    """Return an answer as it is kept: bounded, times in UTC, points and numbers in one form."""
    word = text.strip()[:MAX_VALUE_CHARACTERS].replace("\0", "")
    if not word:
        return ""
    if name in TIMES:
        return _tidy_time(word)
    if name in POINTS:
        return _tidy_point(word)
    return _tidy_number(word) if name in NUMBERS else word


def say_original(record: FieldRecord, event: Answers | None) -> str:
    """Return the answers behind one report as JSON: those of the submission, and those of one event."""
    kept = {name: value for name, value in record.answers.items() if name not in _OF_THE_VERSION}
    return json.dumps({**kept, **(event or {})}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def moment_of(text: str) -> datetime | None:
    """Return a time as UTC without zone; one without a zone counts as UTC; None where it is no time."""
    return _parse_time(text)[0]


def _parse_time(text: str) -> tuple[datetime | None, bool]:
    """Return a time, UTC where a zone was written, and whether one was."""
    if _PLAIN_TIME.fullmatch(text):  # as servers write it; the way below understands more and takes longer
        with suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is not None:
                moment = moment.astimezone(UTC)
            if FIRST_YEAR < moment.year < LAST_YEAR:
                return moment.replace(tzinfo=None), text[-1] == "Z" or text[-6] in "+-"
    if not text:
        return None, False
    parsed = parse_times([text])
    found = parsed.times[0].item()
    return (found, bool(parsed.is_zoned[0])) if isinstance(found, datetime) else (None, False)


def _finish(
    number: int,
    answers: Mapping[str, str],
    events: Sequence[Answers],
    *,
    key: str,
    instance: str,
    replaces: str,
    edition: str,
    submitted: str,
    edited: str,
    review: str,
    is_deleted: bool = False,
) -> FieldRecord:
    """Return a record from what its source calls things."""
    n_edits = int(edition) if edition.isascii() and edition.isdigit() and len(edition) < 8 else None
    root, own = _id(key), _id(instance)
    if not own and root:
        own = root if not n_edits else f"{root}#{n_edits}"
    device = answers.get("device", "")
    problem = "" if own else "has no id"
    if not answers.get("record") and not is_deleted and not problem:
        problem = "does not say what it records"
    return FieldRecord(
        number=number,
        key=root,
        instance=own,
        replaces=_id(replaces),
        edition=n_edits,
        device=hashlib.sha256(device.encode("utf-8", "replace")).hexdigest()[:DEVICE_CHARACTERS]
        if device
        else "",
        started=moment_of(answers.get("start", "")),
        ended=moment_of(answers.get("end", "")),
        submitted=moment_of(submitted[:MAX_ID_CHARACTERS].strip()),
        edited=moment_of(edited[:MAX_ID_CHARACTERS].strip()),
        is_deleted=is_deleted,
        review=_read_review(review),
        answers={name: value for name, value in answers.items() if name not in _EVENT_ONLY},
        events=tuple(events),
        problem=problem,
    )


def _walk(value: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
    """Yield the name (without groups, in lower case) and value of everything in a record."""
    for path, inner in value.items():
        name = _NAME.split(str(path))[-1].lower()
        if str(path).startswith("_") or depth > MAX_DEPTH:
            continue
        if isinstance(inner, dict) and inner.get("type") != "Point":
            yield from _walk(inner, depth + 1)
        else:
            yield name, inner


def _read_event(value: Any) -> Answers:
    if not isinstance(value, dict):
        return {}
    found: dict[str, str] = {}
    for name, inner in _walk(value, 1):
        if name in READ and name not in found and (text := _text_of(name, inner)):
            found[name] = tidy_answer(name, text)
    return {name: text for name, text in found.items() if text}


def _text_of(name: str, value: Any) -> str:
    """Return a plain value as text; a GeoJSON point as latitude, longitude, height and accuracy."""
    if name in POINTS and isinstance(value, dict):
        return _read_geojson(value)
    return _word(value)


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # half a letter outside the plane is none
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, int | float) and abs(value) < 1e15 else ""


def _read_geojson(value: Mapping[str, Any]) -> str:
    at, more = value.get("coordinates"), value.get("properties")
    if not isinstance(at, list) or len(at) < 2:
        return ""
    accuracy = more.get("accuracy") if isinstance(more, dict) else None
    height = at[2] if len(at) > 2 else 0
    return " ".join(_word(part) or "0" for part in (at[1], at[0], height, accuracy))


def _tidy_time(word: str) -> str:
    moment, is_zoned = _parse_time(word)
    if moment is None:
        return word
    return moment.isoformat(timespec="seconds") + ("Z" if is_zoned else "")


def _tidy_point(word: str) -> str:
    """Return 'latitude longitude accuracy'; the word itself where it is no point, to be refused later."""
    parts = word.replace(",", " ").split()
    numbers = []
    for part in parts[:4]:
        try:
            numbers.append(round(float(part), 7))
        except (ValueError, OverflowError):
            return word
    if len(numbers) < 2:
        return word
    accuracy = numbers[3] if len(numbers) > 3 else 0.0
    return " ".join(repr(number) for number in (numbers[0], numbers[1], accuracy))


def _tidy_number(word: str) -> str:
    if _NUMBER.fullmatch(word) is None:
        return word
    value = float(word)
    return str(int(value)) if value.is_integer() else repr(value)


def _read_review(word: str) -> str:
    plain = word.strip().lower().removeprefix("validation_status_").replace(" ", "_")
    known = {
        "rejected": "rejected", "not_approved": "rejected", "hasissues": "issues", "has_issues": "issues",
        "on_hold": "issues", "approved": "approved",
    }  # fmt: skip
    return known.get(plain, "")


def _getter(row: Mapping[str, str]) -> Any:
    def get(*names: str) -> str:
        return next((text for name in names if (text := row.get(name, "").strip())), "")

    return get


def _id(word: str) -> str:
    plain = "".join(c for c in word.strip() if c.isprintable()).removeprefix("uuid:")
    return plain[:MAX_ID_CHARACTERS]
