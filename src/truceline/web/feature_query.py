"""What a client asks of a collection: the parameters of a request, read and checked, and cursors of pages.

Nothing is read from a store here. A parameter that is not known, comes twice or cannot be understood is
refused with status 400: a filter that were left out in silence would answer another question.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NoReturn

from truceline.events.kinds import Releasability
from truceline.events.schema import ColumnType, Field
from truceline.store.filters import AllOf, Compare, Filter, Value
from truceline.web.collections import Collection
from truceline.web.cql import Box, FilterError, check_box, parse_cql
from truceline.web.errors import ServiceError
from truceline.web.moments import read_moment

LIMIT = 100
"""Features on a page where the client does not say."""
LIMIT_MAX = 10_000
"""Most features on a page; a larger limit is cut to it."""
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
STANDARD = ("f", "limit", "bbox", "datetime", "filter", "filter-lang", "filter-crs", "cursor")
"""Parameters of every collection; the others are properties."""
_CURSOR_MAX = 200
_FORMATS = ("json", "geojson", "application/json", "application/geo+json")
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Cursor:
    """Where a page begins."""

    as_of: int
    """The change up to which the first page was read: all pages are of the same moment."""
    after: int
    """That of the page before; see `Store.read_page`."""


@dataclass(frozen=True)
class Question:
    """What a client asks."""

    limit: int = LIMIT
    where: Filter | None = None
    """Over properties, and over the names in `boxes`."""
    boxes: Mapping[str, Box] = field(default_factory=dict)
    """Boxes that the geometry must have a point in common with, by the name that stands for it in `where`."""
    since: datetime | None = None
    """First moment asked for, UTC without zone."""
    until: datetime | None = None
    """Last moment asked for, included."""
    cursor: Cursor | None = None
    digest: str = ""
    """What tells this question from others but for its page."""


def refuse(where: str, problem: str, hint: str = "") -> NoReturn:
    """Refuse a parameter."""
    raise ServiceError(400, problem, where=where, hint=hint)


def read_parameters(given: Sequence[tuple[str, str]], known: Sequence[str]) -> dict[str, str]:
    """Return parameters by name; refuses those that are not known or come twice, and other formats."""
    found: dict[str, str] = {}
    for name, value in given:
        if name not in known:
            refuse(name, "is no parameter here", f"use {', '.join(known[:20])}")
        if name in found:
            refuse(name, "is given twice", "give it once")
        found[name] = value
    if found.get("f", "json") not in _FORMATS:
        refuse("f", f"there is no format '{found['f']}'", "leave it out, or write f=json")
    return found


def read_question(given: Sequence[tuple[str, str]], collection: Collection, level: Releasability) -> Question:
    """Return what is asked of a collection by somebody of a level."""
    properties = collection.properties(level)
    found = read_parameters(given, (*STANDARD, *properties))
    boxes: dict[str, Box] = {}

    def within(box: Box) -> Filter:
        name = f"within {','.join(f'{number!r}' for number in box)}"
        boxes[name] = box
        return Compare(name, "=", True)

    parts: list[Filter] = []
    if "bbox" in found:
        parts.append(within(_read_box(found["bbox"])))
    for name in found.keys() - set(STANDARD):
        parts.append(Compare(name, "=", _read_value(properties[name], found[name])))
    if "filter" in found:
        types = {name: each.type for name, each in properties.items()}
        try:
            parts.append(parse_cql(found["filter"], types, within=within))
        except FilterError as error:
            problem = error.problems[0]
            raise ServiceError(400, problem.found, where=problem.where, hint=problem.hint) from None
    _check_filter_words(found)
    since, until = _read_period(found["datetime"]) if "datetime" in found else (None, None)
    digest = _digest(collection.name, found)
    return Question(
        limit=_read_limit(found.get("limit", str(LIMIT))),
        where=AllOf(tuple(parts)) if parts else None,
        boxes=boxes,
        since=since,
        until=until,
        cursor=read_cursor(found["cursor"], digest) if "cursor" in found else None,
        digest=digest,
    )


def write_cursor(cursor: Cursor, digest: str) -> str:
    """Return a cursor as a word for an address."""
    words = json.dumps([cursor.as_of, cursor.after, digest], separators=(",", ":"))
    return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")


def read_cursor(word: str, digest: str) -> Cursor:
    """Return the cursor that a word stands for; refuses one that was not given out for this question."""
    hint = "follow the next link as it is, or begin again without a cursor"
    try:
        if len(word) > _CURSOR_MAX or not word.isascii():
            raise ValueError
        parts = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
        as_of, after, of = parts
        if not all(type(number) is int and 0 <= number < 2**62 for number in (as_of, after)):
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        refuse("cursor", "is not one that was given out here", hint)
    if of != digest:
        refuse("cursor", "belongs to another question", hint)
    return Cursor(as_of, after)


def _check_filter_words(found: Mapping[str, str]) -> None:
    language = found.get("filter-lang", "cql2-text")
    if language != "cql2-text":
        refuse("filter-lang", f"'{language}' is not read here", "write the filter in cql2-text")
    if found.get("filter-crs", CRS84) != CRS84:
        refuse("filter-crs", "only longitude and latitude in WGS 84 are read here", f"write {CRS84}")


def _read_limit(word: str) -> int:
    if not (word.isascii() and word.isdigit()) or not word.strip("0"):
        refuse("limit", f"'{word}' is no whole number from 1", f"write limit={LIMIT}")
    return LIMIT_MAX if len(word.lstrip("0")) > len(str(LIMIT_MAX)) else min(int(word), LIMIT_MAX)


def _read_box(text: str) -> Box:
    words = [word.strip() for word in text.split(",")]
    hint = "write bbox=west,south,east,north in degrees"
    if len(words) not in (4, 6):
        refuse("bbox", f"has {len(words)} numbers", hint)
    if not all(_NUMBER.fullmatch(word) for word in words):
        refuse("bbox", f"'{text}' holds something that is no number", hint)
    numbers = [float(word) for word in words]
    half = len(words) // 2
    try:
        return check_box((*numbers[:2], *numbers[half : half + 2]), 1)
    except FilterError as error:
        refuse("bbox", error.problems[0].found, error.problems[0].hint or hint)


def _read_period(text: str) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last moment of a period, either of which may be open."""
    parts = text.split("/")
    hint = "write 2025-02-17T00:00:00Z/2025-02-18T00:00:00Z, with .. for an open end"
    if len(parts) > 2 or not text:
        refuse("datetime", f"'{text}' is no moment and no period", hint)
    try:
        first = _read_ends(parts[0], is_open=len(parts) == 2)[0]
        last = _read_ends(parts[-1], is_open=len(parts) == 2)[1]
    except ValueError as error:
        refuse("datetime", str(error), hint)
    if first is not None and last is not None and first > last:
        refuse("datetime", "ends before it begins", hint)
    return first, last


def _read_ends(text: str, *, is_open: bool) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last moment that a word stands for: a day has both."""
    if is_open and text in ("", ".."):
        return None, None
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}T?", text, re.ASCII):  # some clients leave the T behind a day
        try:
            day = date.fromisoformat(text.removesuffix("T"))
        except ValueError:
            raise ValueError(f"'{text}' is no day of the calendar") from None
        start = datetime(day.year, day.month, day.day)
        return start, start + (_DAY - _TICK)
    moment = read_moment(text)
    return moment, moment


def _read_value(each: Field, text: str) -> Value:
    """Return the value a property must have, from a parameter of its own."""
    if each.type is ColumnType.text:
        if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            refuse(each.name, "holds what is no text")
        return text
    if each.type is ColumnType.truth:
        if text.lower() not in ("true", "false"):
            refuse(each.name, f"'{text}' is neither true nor false", f"write {each.name}=true")
        return text.lower() == "true"
    if each.type is ColumnType.moment:
        try:
            return read_moment(text)
        except ValueError as error:
            refuse(each.name, str(error), "write 2025-02-17T06:00:00Z")
    if _INTEGER.fullmatch(text):
        return int(text)
    if len(text) > 40 or not _NUMBER.fullmatch(text) or float(text) in (float("inf"), float("-inf")):
        refuse(each.name, f"'{text}' is no number")
    return float(text)


def _digest(name: str, found: Mapping[str, str]) -> str:
    asked = sorted((key, value) for key, value in found.items() if key not in ("cursor", "limit", "f"))
    words = json.dumps([name, asked]).encode()
    return hashlib.sha256(words).hexdigest()[:12]
