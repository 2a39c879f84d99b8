"""Read the tables of talks: actors, issues, positions, standing; the packaged ones, or a user's folder.

Every problem of all tables is gathered in one message. An actor has to have at least one row on each issue it
takes part in, even if that row says that nothing was said: absent is not neutral.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from truceline.errors import ProblemList, TableError
from truceline.scenario.tables import Row, read_rows
from truceline.talks.model import EVERY_ISSUE, Actor, Issue, StandingRow, Statement
from truceline.talks.register import TalksRegister
from truceline.talks.register_rows import (
    SILENCE,
    parse_actor,
    parse_issue,
    parse_standing,
    parse_statement,
)

PACKAGED_TALKS = "ukraine-2025"
"""Name of the packaged tables."""
TABLES: Mapping[str, str] = {
    "actors": "talks_actors",
    "issues": "talks_issues",
    "positions": "positions",
    "standing": "talks_standing",
}
"""Tables of a user's folder, each with the name of the packaged one."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "actors": ("actor", "name", "kind", "issues"),
    "issues": ("issue", "label", "question", "from", "to", "quota", "reference"),
    "positions": (
        "position_id",
        "actors",
        "issue",
        "statement",
        "date",
        "position",
        "low",
        "high",
        "salience",
        "salience_low",
        "salience_high",
        "source",
    ),
    "standing": ("standing_id", "actor", "issue", "date", "seat", "power", "veto", "source"),
}
"""Columns that have to be there; further ones are read where they are."""


def read_talks(folder: Path | None = None) -> TalksRegister:
    """Return the register of a user's folder of tables, or the packaged one.

    folder: holds ``actors.csv``, ``issues.csv``, ``positions.csv`` and ``standing.csv``.

    Raises
    ------
    TableError
        With every problem of all tables: a file that is missing or no table, keys that are unknown or twice,
        numbers outside their scale or without order, salience or power below zero, a quota nobody reaches,
        vetoes that contradict each other, an actor without a row on an issue it takes part in, an issue with
        one actor only.
    """
    problems = ProblemList()
    rows = {name: _read(folder, name, problems) for name in TABLES}
    problems.raise_if_any(TableError, "talks")
    issues = [parse_issue(row, where, problems) for where, row in rows["issues"]]
    _refuse_twice(((where, row["issue"]) for where, row in rows["issues"]), "issue", problems)
    known_issues = {issue.key: issue for issue in issues}
    actors = [parse_actor(row, where, known_issues, problems) for where, row in rows["actors"]]
    _refuse_twice(((where, row["actor"]) for where, row in rows["actors"]), "actor", problems)
    known_actors = {actor.key: actor for actor in actors}
    statements = [
        said
        for where, row in rows["positions"]
        if (said := parse_statement(row, where, known_issues, known_actors, problems))
    ]
    _refuse_twice(((where, row["position_id"]) for where, row in rows["positions"]), "position_id", problems)
    standings = [
        one
        for where, row in rows["standing"]
        if (one := parse_standing(row, where, known_issues, known_actors, problems))
    ]
    _refuse_twice(((where, row["standing_id"]) for where, row in rows["standing"]), "standing_id", problems)
    _check_whole(actors, issues, statements, standings, problems)
    problems.raise_if_any(TableError, "talks")
    return TalksRegister(actors, issues, statements, standings)


def _read(folder: Path | None, name: str, problems: ProblemList) -> tuple[tuple[str, Row], ...]:
    """Return the rows of one table, or none with the problems of a file that is missing or no table."""
    if folder is None:
        return read_rows(None, TABLES[name], COLUMNS[name])
    path = folder / f"{name}.csv"
    if not path.is_file():
        hint = f"a folder of talks holds {', '.join(f'{one}.csv' for one in TABLES)}"
        problems.add(str(path), "there is no such file", hint)
        return ()
    try:
        return read_rows(path, name, COLUMNS[name])
    except TableError as error:
        problems.extend(error.problems)
        return ()


def _refuse_twice(keys: Iterable[tuple[str, str]], what: str, problems: ProblemList) -> None:
    seen: dict[str, str] = {}
    for where, key in keys:
        if not key:
            problems.add(where, f"has no {what}", "give it a short name")
        elif key in seen:
            problems.add(where, f"{what} {key!r} is on {seen[key]} as well", "keep one")
        seen.setdefault(key, where)


def _check_whole(
    actors: Sequence[Actor],
    issues: Sequence[Issue],
    statements: Sequence[Statement],
    standings: Sequence[StandingRow],
    problems: ProblemList,
) -> None:
    """Note what is wrong between the tables: gaps, contradictory vetoes, issues with one actor only."""
    covered = {(actor, one.issue) for one in statements for actor in one.actors if one.is_coded}
    for actor in actors:
        for issue in actor.issues:
            if (actor.key, issue) not in covered:
                found = f"{actor.key} has no position on {issue}: absent is not neutral"
                hint = f"write a row, position {SILENCE} where nothing was said, or take the issue off it"
                problems.add("positions.csv", found, hint)
            rows = [one for one in standings if one.actor == actor.key and one.issue in (issue, EVERY_ISSUE)]
            if not any(one.seat for one in rows) or not any(one.power for one in rows):
                found = f"{actor.key} has no row with seat and power on {issue}"
                problems.add("standing.csv", found, "write one, issue * for all issues")
    for contested in issues:
        part = [actor.key for actor in actors if contested.key in actor.issues]
        if len(part) < 2:
            who = part[0] if part else "nobody"
            found = f"{contested.key} concerns {who} only"
            problems.add("issues.csv", found, "an issue is contested between two actors or more")
    _refuse_same_day(statements, standings, problems)
    said: dict[tuple[str, str, dt.date], bool] = {}
    for one in standings:
        if one.veto is None:
            continue
        key = (one.actor, one.issue, one.day)
        if said.setdefault(key, one.veto) != one.veto:
            found = f"{one.standing_id}: {one.actor} has a veto on {one.issue} and has none on {one.date}"
            problems.add("standing.csv", found, "contradictory vetoes: keep one of the two rows")


def _refuse_same_day(
    statements: Sequence[Statement], standings: Sequence[StandingRow], problems: ProblemList
) -> None:
    """Note two rows of one day that say different things of one actor: nobody knows which came later."""
    spoke: dict[tuple[str, str, dt.date], Statement] = {}
    for said in statements:
        for actor in said.actors if said.is_coded else ():
            first = spoke.setdefault((actor, said.issue, said.day), said)
            if first is not said:
                found = f"{first.statement_id} and {said.statement_id} both place {actor} on {said.issue}"
                problems.add("positions.csv", f"{found} on {said.date}", "leave one of them uncoded")
    for what in ("seat", "power"):
        given: dict[tuple[str, str, dt.date], StandingRow] = {}
        for row in standings:
            value = getattr(row, what)
            if value is None:
                continue
            first_row = given.setdefault((row.actor, row.issue, row.day), row)
            if getattr(first_row, what) != value:
                found = f"{first_row.standing_id} and {row.standing_id} give {row.actor} another {what}"
                problems.add("standing.csv", f"{found} on {row.issue}, {row.date}", "keep one")
