"""Read a filter in CQL2 text: what a client of the service asks of properties, as a tree of `store.filters`.

Understood: comparison of a property with a value, AND, OR, NOT, IS NULL, LIKE, BETWEEN, IN, TIMESTAMP and
DATE, and S_INTERSECTS of the geometry with a point or a box (OGC 21-065r2: Basic CQL2, Advanced Comparison
Operators, Basic Spatial Functions). Anything else is refused by name. The text comes from strangers: its
size, depth and parts are bounded before anything is built. Parsers made for the whole language were not
taken: one of them ends the whole process at some thousand opening parentheses.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NoReturn

from truceline.errors import Problem, TrucelineError
from truceline.events.schema import ColumnType
from truceline.store.filters import (
    AllOf,
    AnyOf,
    Between,
    Compare,
    Filter,
    Like,
    Missing,
    Not,
    OneOf,
    Operator,
    Value,
)
from truceline.web.moments import read_moment

TEXT_BYTES_MAX = 8192
"""Longest filter that is read, bytes of UTF-8."""
DEPTH_MAX = 10
"""Most parentheses and NOTs within each other."""
N_PARTS_MAX = 60
"""Most comparisons in a filter; those a question adds of its own stay within the store's own bound."""
N_VALUES_MAX = 1000
"""Most values in a list."""

Box = tuple[float, float, float, float]
"""lon_min, lat_min, lon_max, lat_max, degrees; it crosses the antimeridian where the first is the greater."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<text>'(?:[^'\\]|''|\\.)*')
      | (?P<quoted>"[^"]*")
      | (?P<word>[^\W\d][\w.:]*)
      | (?P<sign><>|<=|>=|[=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
_FLIPPED: dict[Operator, Operator] = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_KEYWORDS = ("AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "BETWEEN", "TRUE", "FALSE")
_SUPPORTED = (
    "use =, <>, <, <=, >, >=, AND, OR, NOT, IS NULL, LIKE, BETWEEN, IN, TIMESTAMP, DATE, S_INTERSECTS"
)


class FilterError(TrucelineError):
    """A filter cannot be understood, or asks for what is not there."""


@dataclass(frozen=True)
class _Token:
    kind: str
    """number, text, quoted, word, sign or end."""
    word: str
    place: int
    """Number of its first character, from 1."""

    @property
    def keyword(self) -> str:
        """The word in capitals, where it can be one of the language."""
        return self.word.upper() if self.kind == "word" else ""


def parse_cql(text: str, properties: Mapping[str, ColumnType], *, within: Callable[[Box], Filter]) -> Filter:
    """Return the filter that a text in CQL2 stands for, over `properties` (by name, with what they hold).

    `within` says which filter stands for "the geometry has a point in common with this box". Raises
    FilterError, with the place in the text, for anything that is not a filter over those properties.
    """
    # Counted before it is encoded, and with a way around half characters, which no encoding has.
    if len(text) > TEXT_BYTES_MAX or len(text.encode("utf-8", "replace")) > TEXT_BYTES_MAX:
        raise FilterError(
            "filter",
            [Problem("filter", f"is longer than {TEXT_BYTES_MAX:,} bytes", "ask with a shorter filter")],
        )
    return _Reader(_split(text), properties, within).read()


def _split(text: str) -> list[_Token]:
    tokens, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        found = _TOKEN.match(stripped, at)
        if found is None or found.lastgroup is None:
            rest = stripped[at:].lstrip()
            place = len(stripped) - len(rest) + 1
            what = (
                "a text that does not end" if rest[:1] in ("'", '"') else f"'{rest[:1]}' has no meaning here"
            )
            refuse(place, what, _SUPPORTED)
        tokens.append(_Token(found.lastgroup, found.group(found.lastgroup), found.start(found.lastgroup) + 1))
        at = found.end()
    return [*tokens, _Token("end", "", len(stripped) + 1)]


def refuse(place: int, found: str, hint: str = "") -> NoReturn:
    """Raise the error for something at one place of the text."""
    raise FilterError("filter", [Problem(f"filter, character {place}", found, hint)])


class _Reader:
    """Reads tokens from left to right, each rule of the grammar a method."""

    def __init__(
        self, tokens: list[_Token], properties: Mapping[str, ColumnType], within: Callable[[Box], Filter]
    ) -> None:
        self._tokens = tokens
        self._next = 0
        self._properties = properties
        self._within = within
        self._n_parts = 0

    def read(self) -> Filter:
        made = self._any_of(0)
        if self._token.kind != "end":
            self._unexpected("AND, OR or the end")
        return made

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._token
        if token.kind != "end":
            self._next += 1
        return token

    def _take_keyword(self, keyword: str) -> bool:
        if self._token.keyword == keyword:
            self._next += 1
            return True
        return False

    def _take_sign(self, sign: str) -> bool:
        if self._token.kind == "sign" and self._token.word == sign:
            self._next += 1
            return True
        return False

    def _expect_sign(self, sign: str) -> None:
        if not self._take_sign(sign):
            self._unexpected(f"'{sign}'")

    def _unexpected(self, wanted: str) -> NoReturn:
        token = self._token
        found = "the filter ends" if token.kind == "end" else f"'{token.word[:40]}' stands"
        refuse(token.place, f"{found} where {wanted} should be", _SUPPORTED)

    def _any_of(self, depth: int) -> Filter:
        parts = [self._all_of(depth)]
        while self._take_keyword("OR"):
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _all_of(self, depth: int) -> Filter:
        parts = [self._factor(depth)]
        while self._take_keyword("AND"):
            parts.append(self._factor(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _factor(self, depth: int) -> Filter:
        if depth > DEPTH_MAX:
            refuse(self._token.place, f"lies more than {DEPTH_MAX} deep", "ask with a simpler filter")
        if self._take_keyword("NOT"):
            return Not(self._factor(depth + 1))
        if self._take_sign("("):
            made = self._any_of(depth + 1)
            self._expect_sign(")")
            return made
        return self._predicate()

    def _predicate(self) -> Filter:
        self._n_parts += 1
        if self._n_parts > N_PARTS_MAX:
            refuse(self._token.place, f"is comparison {N_PARTS_MAX + 1}", f"ask with at most {N_PARTS_MAX}")
        token = self._token
        if token.keyword == "S_INTERSECTS":
            return self._intersects()
        if token.keyword in ("TRUE", "FALSE") and not self._is_operator(self._next + 1):
            self._take()
            return AllOf(()) if token.keyword == "TRUE" else AnyOf(())
        if self._is_name():
            return self._about(self._property())
        return self._flipped()

    def _is_operator(self, number: int) -> bool:
        token = self._tokens[min(number, len(self._tokens) - 1)]
        return token.kind == "sign" and token.word in _FLIPPED

    def _is_name(self) -> bool:
        token = self._token
        if token.kind == "quoted":
            return True
        if token.kind != "word" or token.keyword in _KEYWORDS:
            return False
        following = self._tokens[self._next + 1]
        if following.kind == "sign" and following.word == "(":
            if token.keyword in ("TIMESTAMP", "DATE"):
                return False
            refuse(token.place, f"{token.word[:40]}(...) is not supported", _SUPPORTED)
        return True

    def _property(self) -> str:
        token = self._take()
        name = token.word[1:-1] if token.kind == "quoted" else token.word
        if name not in self._properties:
            refuse(token.place, f"'{name[:40]}' is no property that can be asked for", "see queryables")
        return name

    def _about(self, name: str) -> Filter:
        """Read what is said of a property after its name."""
        token = self._token
        if token.kind == "sign" and token.word in _FLIPPED:
            self._take()
            if self._is_name():
                self._unexpected("a value")
            return self._compare(name, _as_operator(token.word), token.place)
        if self._take_keyword("IS"):
            is_not = self._take_keyword("NOT")
            if not self._take_keyword("NULL"):
                self._unexpected("NULL")
            return Not(Missing(name)) if is_not else Missing(name)
        is_not = self._take_keyword("NOT")
        made = self._like_between_or_in(name)
        return Not(made) if is_not else made

    def _like_between_or_in(self, name: str) -> Filter:
        place = self._token.place
        if self._take_keyword("LIKE"):
            if self._properties[name] is not ColumnType.text:
                refuse(place, f"'{name}' holds no text, and LIKE goes with text")
            if self._token.kind != "text":
                self._unexpected("a pattern in quotes")
            return Like(name, str(self._value(name)))
        if self._take_keyword("BETWEEN"):
            self._refuse_truth(name, place)
            low = self._value(name)
            if not self._take_keyword("AND"):
                self._unexpected("AND")
            return Between(name, low, self._value(name))
        if self._take_keyword("IN"):
            self._expect_sign("(")
            values = [self._value(name)]
            while self._take_sign(","):
                values.append(self._value(name))
                if len(values) > N_VALUES_MAX:
                    refuse(self._token.place, f"lists more than {N_VALUES_MAX:,} values")
            self._expect_sign(")")
            return OneOf(name, tuple(values))
        self._unexpected("a comparison")

    def _flipped(self) -> Filter:
        """Read a value that stands before its property."""
        start = self._next
        self._value("")
        token = self._take()
        if token.kind != "sign" or token.word not in _FLIPPED:
            self._next -= token.kind != "end"
            self._unexpected("a comparison")
        if not self._is_name():
            self._unexpected("a property")
        name = self._property()
        after, self._next = self._next, start
        made = self._compare(name, _FLIPPED[_as_operator(token.word)], token.place)
        self._next = after
        return made

    def _compare(self, name: str, operator: Operator, place: int) -> Filter:
        if operator not in ("=", "<>"):
            self._refuse_truth(name, place)
        return Compare(name, operator, self._value(name))

    def _refuse_truth(self, name: str, place: int) -> None:
        if self._properties[name] is ColumnType.truth:
            refuse(place, f"'{name}' is true or false, neither more nor less", "ask with = or <>")

    def _value(self, name: str) -> Value:
        """Read a value that goes with a property; with any where no name is given."""
        token = self._take()
        if token.kind == "number":
            made: Value = _as_number(token)
        elif token.kind == "text":
            made = _as_text(token)
        elif token.keyword in ("TRUE", "FALSE"):
            made = token.keyword == "TRUE"
        elif token.keyword in ("TIMESTAMP", "DATE"):
            made = self._moment(token)
        else:
            self._next -= token.kind != "end"
            self._unexpected("a value")
        return self._fit(name, made, token) if name else made

    def _moment(self, token: _Token) -> datetime:
        self._expect_sign("(")
        words = self._take()
        if words.kind != "text":
            self._next -= words.kind != "end"
            self._unexpected("a time in quotes")
        self._expect_sign(")")
        return _as_moment(_as_text(words), words.place, is_date=token.keyword == "DATE")

    def _fit(self, name: str, value: Value, token: _Token) -> Value:
        kind = self._properties[name]
        if kind is ColumnType.moment and isinstance(value, str):
            return _as_moment(value, token.place, is_date=None)
        fits = {
            ColumnType.text: isinstance(value, str),
            ColumnType.truth: isinstance(value, bool),
            ColumnType.moment: isinstance(value, datetime),
        }.get(kind, isinstance(value, int | float) and not isinstance(value, bool))
        if not fits:
            wanted = {
                ColumnType.text: "a text in quotes",
                ColumnType.truth: "TRUE or FALSE",
                ColumnType.moment: "TIMESTAMP('2025-01-31T12:00:00Z')",
            }.get(kind, "a number")
            refuse(token.place, f"'{name}' is compared with {token.word[:40]}", f"give {wanted}")
        return value

    def _intersects(self) -> Filter:
        """Read S_INTERSECTS(geometry, POINT(lon lat) or BBOX(...)), in either order."""
        self._take()
        self._expect_sign("(")
        box = None if self._takes_geometry() else self._shape()
        self._expect_sign(",")
        if box is not None:
            if not self._takes_geometry():
                self._unexpected("the property geometry")
        else:
            box = self._shape()
        self._expect_sign(")")
        return self._within(box)

    def _takes_geometry(self) -> bool:
        if self._token.word.strip('"') in ("geometry", "geom"):
            self._take()
            return True
        return False

    def _shape(self) -> Box:
        token = self._take()
        if token.keyword not in ("POINT", "BBOX"):
            self._next -= token.kind != "end"
            self._unexpected("geometry, POINT(lon lat) or BBOX(lon, lat, lon, lat)")
        self._expect_sign("(")
        numbers = [self._degrees()]
        while self._token.kind == "number" or self._take_sign(","):
            numbers.append(self._degrees())
            if len(numbers) > 6:
                break
        self._expect_sign(")")
        if token.keyword == "POINT":
            if len(numbers) not in (2, 3):
                refuse(token.place, f"a point of {len(numbers)} numbers", "write POINT(lon lat)")
            return check_box((numbers[0], numbers[1]) * 2, token.place)
        if len(numbers) not in (4, 6):
            refuse(token.place, f"a box of {len(numbers)} numbers", "write BBOX(west, south, east, north)")
        half = len(numbers) // 2
        return check_box((*numbers[:2], *numbers[half : half + 2]), token.place)

    def _degrees(self) -> float:
        if self._token.kind != "number":
            self._unexpected("a number")
        return float(_as_number(self._take()))


def check_box(numbers: tuple[float, ...], place: int) -> Box:
    """Return four numbers as a box; FilterError for latitudes the wrong way round or out of the world."""
    west, south, east, north = numbers
    if not all(math.isfinite(number) for number in numbers):
        refuse(place, "a coordinate is not finite")
    if not (-180 <= west <= 180 and -180 <= east <= 180):
        refuse(place, f"longitudes {west:g} and {east:g} are not within -180 to 180")
    if not -90 <= south <= north <= 90:
        refuse(
            place,
            f"latitudes {south:g} to {north:g} do not rise within -90 to 90",
            "write longitude before latitude, and south before north",
        )
    return (west, south, east, north)


def _as_operator(word: str) -> Operator:
    for operator in _FLIPPED:
        if operator == word:
            return operator
    raise KeyError(word)


def _as_number(token: _Token) -> float | int:
    if re.fullmatch(r"[+-]?\d{1,18}", token.word):
        return int(token.word)
    value = float(token.word)
    if not math.isfinite(value):
        refuse(token.place, f"{token.word[:40]} is too large a number")
    return value


def _as_text(token: _Token) -> str:
    text = re.sub(r"(\\\\)|''|\\'", lambda found: found[1] or "'", token.word[1:-1])
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        refuse(token.place, "holds what is no text")
    return text


def _as_moment(text: str, place: int, *, is_date: bool | None) -> datetime:
    """Return a moment, or the first moment of a date, UTC without zone; either where `is_date` is None."""
    try:
        if is_date or (is_date is None and len(text) == len("2025-01-31")):
            day = date.fromisoformat(text) if len(text) == len("2025-01-31") else None
            if day is None:
                raise ValueError
            return datetime(day.year, day.month, day.day)
        return read_moment(text)
    except ValueError:
        found = f"'{text[:40]}' is no {'date' if is_date else 'time with its zone'}"
        hint = "write DATE('2025-01-31')" if is_date else "write TIMESTAMP('2025-01-31T12:00:00Z')"
        refuse(place, found, hint)
