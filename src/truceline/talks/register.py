"""The register of talks: every statement and standing, and what was known on any day.

Statements are never edited: a later one stands in the place of an earlier one from its day on, and who moved
between two days is read off the two. The nouns are in `model`, the tables are read in `register_reading`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from truceline.scenario.assumption import Evidence
from truceline.talks.model import (
    EVERY_ISSUE,
    MOST_POWER,
    Actor,
    Board,
    Issue,
    Place,
    Standing,
    StandingRow,
    Statement,
)
from truceline.talks.tables import name_position, name_power, name_salience
from truceline.trace import Traced

OUR_CODING = "our coding of words on a scale"
"""Note of every coded number."""


class TalksRegister:
    """Actors, issues, statements and standings. Immutable."""

    def __init__(
        self,
        actors: Iterable[Actor],
        issues: Iterable[Issue],
        statements: Iterable[Statement],
        standings: Iterable[StandingRow],
    ) -> None:
        self.actors: Mapping[str, Actor] = {one.key: one for one in sorted(actors, key=lambda one: one.key)}
        self.issues: Mapping[str, Issue] = {one.key: one for one in issues}
        """In the order of the table."""
        self.statements = tuple(sorted(statements, key=lambda one: (one.day, one.statement_id)))
        """All statements, oldest first; those on other topics and those not coded among them."""
        self.standing_rows = tuple(sorted(standings, key=lambda one: (one.day, one.standing_id)))

    def latest(self, actor: str, issue: str, day: dt.date) -> Statement | None:
        """Return the last coded statement of an actor on an issue by a day; None before the first."""
        found = [
            one
            for one in self.statements
            if one.issue == issue and actor in one.actors and one.day <= day and one.is_coded
        ]
        return found[-1] if found else None

    def standing(self, actor: str, issue: str, day: dt.date) -> Standing | None:
        """Return seat, power and veto by a day; None before the first row.

        Each of the three is the latest one given for the issue itself, else the latest for all issues.
        """
        rows = [one for one in self.standing_rows if one.actor == actor and one.day <= day]

        def last(field: str) -> StandingRow | None:
            for on in (issue, EVERY_ISSUE):
                found = [one for one in rows if one.issue == on and getattr(one, field) is not None]
                if found:
                    return found[-1]
            return None

        seat, power, veto = last("seat"), last("power"), last("veto")
        if seat is None or seat.seat is None or power is None or power.power is None:
            return None
        return Standing(
            actor=actor,
            issue=issue,
            seat=seat.seat,
            power=_trace_power(name_power(issue, actor), self._label(actor, issue), power),
            veto=bool(veto is not None and veto.veto),
            seat_row=seat,
            power_row=power,
            veto_row=veto,
        )

    def on(self, day: dt.date) -> Board:
        """Return what was known on a day."""
        places: dict[tuple[str, str], Place] = {}
        standings: dict[tuple[str, str], Standing] = {}
        silent: dict[str, tuple[str, ...]] = {}
        for issue in self.issues:
            quiet = []
            for key, actor in self.actors.items():
                if issue not in actor.issues:
                    continue
                standing, said = self.standing(key, issue, day), self.latest(key, issue, day)
                if standing is not None:
                    standings[key, issue] = standing
                if said is None or said.position is None or standing is None:
                    quiet.append(key)
                else:
                    places[key, issue] = self._place(key, issue, said)
            silent[issue] = tuple(quiet)
        return Board(
            day=day,
            actors=self.actors,
            issues=self.issues,
            places=places,
            standings=standings,
            silent=silent,
        )

    def _label(self, actor: str, issue: str) -> str:
        return f"{self.actors[actor].name}: {self.issues[issue].label}"

    def _place(self, actor: str, issue: str, said: Statement) -> Place:
        if said.position is None or said.salience is None:
            raise AssertionError("a statement without a position has no place")
        return Place(
            actor=actor,
            issue=issue,
            statement=said,
            position=_trace_coding(
                name_position(issue, actor),
                f"Position of {self._label(actor, issue)}",
                self.issues[issue].unit or "1",
                said.position,
                said,
            ),
            salience=_trace_coding(
                name_salience(issue, actor),
                f"Salience of {self._label(actor, issue)}, 0 to {MOST_POWER:g}",
                "1",
                said.salience,
                said,
            ),
        )


def _trace_coding(
    name: str, label: str, unit: str, number: tuple[float, float, float], said: Statement
) -> Traced:
    low, value, high = number
    whose = f"{said.speaker} ({said.role})" if said.role else said.speaker
    told = f"{said.statement_id}, {whose or 'joint'}, {said.date}: {said.text}"
    why = f"; {said.coding}" if said.coding else ""
    return Traced(
        name=name,
        value=value,
        unit=unit,
        label=label,
        low=low,
        high=high,
        evidence=Evidence.judgement.value,
        source=f"{said.source}, {said.source_url}" if said.source_url else said.source,
        note=f"{told}. {OUR_CODING[:1].upper()}{OUR_CODING[1:]}{why}",
    )


def _trace_power(name: str, label: str, row: StandingRow) -> Traced:
    if row.power is None:
        raise AssertionError("a row without power gives none")
    low, value, high = row.power
    return Traced(
        name=name,
        value=value,
        unit="1",
        label=f"Power of {label}, 0 to {MOST_POWER:g}",
        low=low,
        high=high,
        evidence=Evidence.judgement.value,
        source=f"{row.source}, {row.source_url}" if row.source_url else row.source,
        note=f"{row.standing_id}, {row.date}: {row.statement}. Our coding of power",
    )
