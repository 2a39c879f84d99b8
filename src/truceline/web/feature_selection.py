"""Turn a question into one for the store: surely wide enough, and no finer than what the reader may know.

Positions are asked for in whole steps of their rounding, times in whole steps of their widening, so that
which rows the store looks at tells nothing that the answer does not. What cannot be asked of the store is
left out; `Chosen.is_exact` says whether anything was.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.kinds import Releasability
from truceline.events.schema import CELLS, EFFORTS, INCIDENTS, JUDGEMENTS, Table
from truceline.monitor.releasing import ReleaseRule, release_rule, visible_to
from truceline.store.base import Among, Selection
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
)
from truceline.web.collections import Collection, Derived
from truceline.web.cql import Box
from truceline.web.feature_query import Question
from truceline.web.filter_rows import columns_of, conjuncts_of, matches

_EPOCH = datetime(1970, 1, 1)
_TICK = timedelta(microseconds=1)
_ROUNDS = 6
"""Rounds of shuffling: four would do."""
_HAIR = 1e-9
"""Degrees by which a box is widened so that no rounding of a computer takes a point out of it."""


@dataclass(frozen=True)
class Reader:
    """For whom, when and as of which change features are read."""

    level: Releasability
    now: datetime
    """UTC without zone."""
    as_of: int
    hides_simulated: bool = False
    """Simulated features stay out: others are not."""
    is_past: bool = False
    """Changes came after `as_of`: what was taken back since is not shown."""
    secret: bytes = field(default=b"", repr=False)
    """By which names that would tell too much are hidden."""
    mission_delay: timedelta | None = None
    """The operator's delay for the mission's own desks; no other level is told sooner by it."""

    @cached_property
    def rule(self) -> ReleaseRule:
        """How exactly and how late this reader is told."""
        rule = release_rule(self.level)
        if self.mission_delay is None or not rule.is_mission:
            return rule
        return replace(rule, delay=self.mission_delay)

    def step(self, table: Table) -> timedelta:
        """Return the step to which times are widened; zero where they are not."""
        if table is EFFORTS and not self.rule.is_mission:
            hours = load_watching_assumptions().value("release.effort.time_step")
            return max(self.rule.time_step, timedelta(hours=hours))
        return self.rule.time_step

    def ended(self, table: Table) -> Filter:
        """Return the filter for rows whose time, as this reader is told it, is old enough to be told."""
        last = _floor(self.now - self.rule.delay, self.step(table))
        began = Compare(table.starts, "<=", last)
        if not table.ends:
            return began
        return AnyOf((Compare(table.ends, "<=", last), AllOf((Missing(table.ends), began))))

    def hide(self, key: str) -> str:
        """Return the name that a reader has for a row of effort; hiding it again gives the key.

        The key is a digest of post and start, so both could be guessed from it. Outside the mission the name
        is shuffled by a secret of this process, and holds for as long as the service runs.
        """
        return (
            key if self.rule.is_mission else f"x{_shuffle(key.encode(), self.secret, range(_ROUNDS)).hex()}"
        )

    def reveal(self, name: str) -> str:
        """Return the key that a name of `hide` stands for; another word for a name that is none."""
        if self.rule.is_mission:
            return name
        try:
            hidden = bytes.fromhex(name.removeprefix("x"))
            return _shuffle(hidden, self.secret, reversed(range(_ROUNDS))).decode()
        except ValueError:
            return ""


@dataclass(frozen=True)
class Chosen:
    """What to ask the store."""

    select: Selection
    is_exact: bool
    """Every row that matches is a feature of the answer, as far as the question goes."""
    is_close: bool
    """Nearly every one is: only the edges of a box or of a period are wider than asked for."""


def select_rows(
    collection: Collection, question: Question, reader: Reader, equals: Mapping[str, Any] | None = None
) -> Chosen:
    """Return what to ask the store for a question; `equals` are columns of the table with their values."""
    table = collection.table
    made = _Asking(collection, question, reader)
    if table is INCIDENTS:
        made.where.append(Missing("merged_into"))
    elif table is CELLS:
        made.where.append(Not(Missing("outline")))  # ground of an earlier plan has none
    if table.starts:
        made.where.append(reader.ended(table))
    if table in (INCIDENTS, JUDGEMENTS):
        made.among.extend(visible_to(reader.level))
    for part in conjuncts_of(question.where):
        made.ask(part)
    if made.of_incident:
        made.among.append(Among(INCIDENTS, "incident_id", Selection(where=AllOf(tuple(made.of_incident)))))
    step = reader.step(table)
    since, until = made.period(step) if collection.has_times else (None, None)
    if step and (since is not None or until is not None):
        made.is_exact = False
    select = Selection(
        since=since,
        until=until,
        equals=equals or {},
        box=made.box,
        where=AllOf(tuple(made.where)) if made.where else None,
        among=tuple(made.among),
        as_of=reader.as_of,
    )
    return Chosen(select, made.is_exact, made.is_close)


class _Asking:
    """Gathers what the store is asked."""

    def __init__(self, collection: Collection, question: Question, reader: Reader) -> None:
        self.collection, self.question, self.reader = collection, question, reader
        self.where: list[Filter] = []
        self.among: list[Among] = []
        self.of_incident: list[Filter] = []
        """What the incident of a judgement must be."""
        self.box: Box | None = None
        """The first box asked for: a store knows better how to find rows within one than by two numbers."""
        self.is_exact = self.is_close = True
        self._stable = collection.stable(reader.level)

    def ask(self, part: Filter) -> None:
        """Ask the store for a part of the filter, as well as can be."""
        if isinstance(part, Compare) and part.column in self.question.boxes:
            self.is_close &= self._ask_box(self.question.boxes[part.column])
            self.is_exact = False
        elif not self._ask_exactly(part):
            self.is_exact = self.is_close = False

    def _ask_exactly(self, part: Filter) -> bool:
        """Ask for a part if that can be done exactly; tell whether it was."""
        names = columns_of(part)
        if not names <= self._stable:
            return False
        if names <= set(self.collection.table.names) - set(self.collection.derived):
            self.where.append(part)
            return True
        leaf = part.part if isinstance(part, Not) else part
        if isinstance(leaf, Not | AllOf | AnyOf) or leaf.column not in self.collection.derived:
            return False
        self.among.append(_among(self.collection.derived[leaf.column], part, leaf.column))
        return True

    def period(self, step: timedelta) -> tuple[datetime | None, datetime | None]:
        """Return the period to ask for, in whole steps."""
        since, until = self.question.since, self.question.until
        try:
            since = None if since is None else _ceil(since, step) - step
        except OverflowError:
            since = None
        try:
            until = None if until is None else _floor(until, step) + max(step, _TICK)
        except OverflowError:
            until = None
        return since, until

    def _ask_box(self, box: Box) -> bool:
        if self.collection.table is CELLS:
            return False  # the outline decides, not its middle; there are few cells
        decimals = self.reader.rule.decimals
        west, south, east, north = box
        if "lon" not in self.collection.table.names:
            self.of_incident.extend(_box_filter(box, decimals))
        elif self.box is None and west <= east:
            self.box = (
                _lower(west, decimals),
                _lower(south, decimals),
                _upper(east, decimals),
                _upper(north, decimals),
            )
        else:
            self.where.extend(_box_filter(box, decimals))
        return True


def _box_filter(box: Box, decimals: int) -> list[Filter]:
    """Return filters for positions that can be within a box once they are rounded."""
    west, south, east, north = box
    lat = Between("lat", _lower(south, decimals), _upper(north, decimals))
    if west <= east:
        return [lat, Between("lon", _lower(west, decimals), _upper(east, decimals))]
    across = (
        Compare("lon", ">=", _lower(west, decimals)),
        Compare("lon", "<=", _upper(east, decimals)),
    )
    return [lat, AnyOf(across)]


def _lower(degrees: float, decimals: int) -> float:
    """Return the least position that is rounded to `degrees` or more."""
    scale = 10.0**decimals
    return (math.ceil(degrees * scale - _HAIR) - 0.5) / scale - _HAIR


def _upper(degrees: float, decimals: int) -> float:
    """Return the greatest position that is rounded to `degrees` or less."""
    scale = 10.0**decimals
    return (math.floor(degrees * scale + _HAIR) + 0.5) / scale + _HAIR


def _among(derived: Derived, part: Filter, name: str) -> Among:
    """Return the condition on another table that a part of the filter, about one property, stands for."""
    asked = _rename(part, derived.column)
    holds_without = matches({name: derived.default or None}, part)
    if holds_without:
        # True of a row that is not there: then no row may stand against it.
        asked = AnyOf((Missing(derived.column), Not(asked))) if not _is_missing(part) else Not(asked)
    select = Selection(equals=derived.equals, where=asked)
    return Among(derived.table, "incident_id", select, is_absent=holds_without)


def _is_missing(part: Filter) -> bool:
    return isinstance(part.part if isinstance(part, Not) else part, Missing)


def _rename(part: Filter, column: str) -> Filter:
    """Return a filter about one property as one about a column."""
    if isinstance(part, Not):
        return Not(_rename(part.part, column))
    if isinstance(part, Compare):
        return Compare(column, part.operator, part.value)
    if isinstance(part, OneOf):
        return OneOf(column, part.values)
    if isinstance(part, Between):
        return Between(column, part.low, part.high)
    if isinstance(part, Like):
        return Like(column, part.pattern)
    if isinstance(part, Missing):
        return Missing(column)
    raise TypeError(f"{part!r} is about more than one property")


def _floor(moment: datetime, step: timedelta) -> datetime:
    """Return the last whole step at or before a moment, counted from 1970 as pandas does."""
    return _EPOCH + (moment - _EPOCH) // step * step if step else moment


def _ceil(moment: datetime, step: timedelta) -> datetime:
    """Return the first whole step at or after a moment."""
    return _EPOCH - (_EPOCH - moment) // step * step if step else moment


def _shuffle(data: bytes, secret: bytes, rounds: Iterable[int]) -> bytes:
    """Return data mixed with a secret (a Feistel network); the rounds backwards undo it."""
    halves = [bytearray(data[: len(data) // 2]), bytearray(data[len(data) // 2 :])]
    for number in rounds:
        mixed, other = halves[number % 2], halves[1 - number % 2]
        stream = hashlib.shake_256(secret + bytes([number]) + bytes(other)).digest(len(mixed))
        mixed[:] = bytes(a ^ b for a, b in zip(mixed, stream, strict=True))
    return bytes(halves[0] + halves[1])
