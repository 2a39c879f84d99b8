"""The nouns of talks: actors, issues, dated codings of statements, standings, and what was known on a day.

Positions lie on an issue's own scale; salience and power run from 0 to 100. A number on a scale is our coding
of words: it has a range, the grade of a judgement, and the statement it codes. Who said nothing has no
position: absent is not neutral. Nothing is read or reckoned here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from truceline.trace import Traced

FloatArray = NDArray[np.float64]

Seat = Literal["party", "consulted", "absent"]
SEATS: tuple[Seat, ...] = get_args(Seat)
SEAT_WORDS: Mapping[Seat, str] = {
    "party": "at the table",
    "consulted": "consulted",
    "absent": "absent",
}
"""Seats in words."""
KINDS: Mapping[str, str] = {
    "party": "fights in the war",
    "guarantor": "would stand behind a force",
    "contributor": "might send people or money",
    "organisation": "speaks for several",
    "other": "has a say",
}
"""Kinds of actors, each with its meaning."""
EVERY_ISSUE = "*"
MOST_POWER = 100.0
"""Upper end of the scales of salience and power."""


@dataclass(frozen=True)
class Issue:
    """Something that is contested, with a scale."""

    key: str
    label: str
    question: str
    low_end: float
    high_end: float
    unit: str
    """Unit of the scale; empty for a scale from 0 to 100 that is ours."""
    low_means: str
    high_means: str
    marks: tuple[tuple[float, str], ...]
    """Values between the ends with their meaning."""
    quota: Traced
    """Share of the weight that an outcome needs; ``talks.quota.<issue>``."""
    reference: Traced
    """Where things lie if nothing is agreed; ``talks.reference.<issue>``."""

    @property
    def span(self) -> float:
        """Return the width of the scale."""
        return self.high_end - self.low_end


@dataclass(frozen=True)
class Actor:
    """Somebody who wants something of the talks."""

    key: str
    name: str
    kind: str
    """One of KINDS."""
    nation: str
    """Code in the table of nations; empty for others."""
    issues: tuple[str, ...]
    """Issues it takes part in."""


@dataclass(frozen=True)
class Statement:
    """What somebody said on one issue, and our coding of it."""

    statement_id: str
    speaker: str
    role: str
    actors: tuple[str, ...]
    """Keys of the actors it counts for; more than one for a joint statement."""
    issue: str
    text: str
    date: str
    """The date as known: a year, a month or a day."""
    day: dt.date
    """The day it counts from: the last one of the period that `date` names."""
    position: tuple[float, float, float] | None
    """Low, value, high; None where it was not coded or says that nothing was said."""
    salience: tuple[float, float, float] | None
    coding: str
    """Why this number."""
    is_silence: bool
    """Whether it records that nothing was found."""
    source: str
    source_url: str
    confidence: str

    @property
    def is_joint(self) -> bool:
        """Tell whether it speaks for several actors."""
        return len(self.actors) > 1

    @property
    def is_coded(self) -> bool:
        """Tell whether it places its actors on the scale, or on record as silent."""
        return self.position is not None or self.is_silence

    @property
    def reference(self) -> str:
        """Return who said it and when, for a sentence."""
        who = f"{self.speaker}, {self.date}" if self.speaker else self.date
        return f"{self.statement_id}, {who}"


@dataclass(frozen=True)
class StandingRow:
    """One dated row about seat, power or veto; what is None stands as in earlier rows."""

    standing_id: str
    actor: str
    issue: str
    """Key of an issue, or ``*`` for all."""
    date: str
    day: dt.date
    seat: Seat | None
    power: tuple[float, float, float] | None
    veto: bool | None
    statement: str
    source: str
    source_url: str
    confidence: str


@dataclass(frozen=True)
class Place:
    """Where one actor stands on one issue on a day."""

    actor: str
    issue: str
    statement: Statement
    position: Traced
    """``talks.position.<issue>.<actor>``."""
    salience: Traced
    """``talks.salience.<issue>.<actor>``."""


@dataclass(frozen=True)
class Standing:
    """What one actor may do on one issue on a day."""

    actor: str
    issue: str
    seat: Seat
    power: Traced
    """``talks.power.<issue>.<actor>``."""
    veto: bool
    seat_row: StandingRow
    power_row: StandingRow
    veto_row: StandingRow | None
    """The row that says whether it can stop an outcome; None where nothing says so, which counts as no."""


@dataclass(frozen=True, eq=False)
class IssueTable:
    """One issue as the models take it: those who said something, sorted by key."""

    issue: Issue
    actors: tuple[str, ...]
    position: FloatArray
    """(n,) on the issue's scale."""
    salience: FloatArray
    """(n,) 0 to 100."""
    power: FloatArray
    """(n,) 0 to 100."""
    veto: NDArray[np.bool_]
    quota_share: float

    @property
    def weight(self) -> FloatArray:
        """Return salience times power (n,), as a share of the most that one actor could have."""
        return self.salience * self.power / MOST_POWER**2

    @property
    def quota(self) -> float:
        """Return the weight that wins."""
        return self.quota_share * float(self.weight.sum())


@dataclass(frozen=True, eq=False)
class JointTable:
    """Several issues as the models take them: those who spoke on every one, sorted by key."""

    issues: tuple[Issue, ...]
    actors: tuple[str, ...]
    position: FloatArray
    """(n, m), each column on its issue's scale."""
    salience: FloatArray
    """(n, m)."""
    power: FloatArray
    """(n, m)."""

    @property
    def span(self) -> FloatArray:
        """Return the widths (m,) of the scales."""
        return np.array([issue.span for issue in self.issues])


@dataclass(frozen=True, eq=False)
class Board:
    """What was known on a day: who stood where, and who had said nothing."""

    day: dt.date
    actors: Mapping[str, Actor]
    issues: Mapping[str, Issue]
    places: Mapping[tuple[str, str], Place]
    """By actor and issue; only those who had said something."""
    standings: Mapping[tuple[str, str], Standing]
    """By actor and issue."""
    silent: Mapping[str, tuple[str, ...]]
    """By issue, those who take part in it and had said nothing."""

    def speakers(self, issue: str) -> tuple[str, ...]:
        """Return those who had said something on an issue, sorted."""
        return tuple(sorted(actor for actor, on in self.places if on == issue))

    def together(self, actor: str, issue: str) -> tuple[str, ...]:
        """Return those whose place on an issue rests on the same statement as an actor's, itself too."""
        said = self.places[actor, issue].statement.statement_id
        return tuple(
            one for one in self.speakers(issue) if self.places[one, issue].statement.statement_id == said
        )

    def codings(self) -> dict[str, Traced]:
        """Return every coded number of the day by name: positions, saliences, powers, quotas, references."""
        found: list[Traced] = []
        for place in self.places.values():
            found += [place.position, place.salience]
            found.append(self.standings[place.actor, place.issue].power)
        for issue in self.issues.values():
            found += [issue.quota, issue.reference]
        return {traced.name: traced for traced in sorted(found, key=lambda traced: traced.name)}
