"""Numbered SQL steps that make and renew the tables of a store.

A step is a file `schema/<dialect>/NNN_name.sql`. Steps are applied in order, all in one transaction, and each
is noted in the table `schema_version` with the moment and the version of the program. A step once released is
never edited: a new column is a new step. Nothing here opens a file; `run` is any way to execute SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

from truceline.errors import Problem
from truceline.store.base import StoreError

Run = Callable[..., Any]
"""run(sql, parameters) executes one piece of SQL and returns something with `fetchall`."""

VERSION_TABLE = "schema_version"
_MAKE_VERSION_TABLE = f"""
CREATE TABLE {VERSION_TABLE} (
    "version" INTEGER NOT NULL,
    "name" VARCHAR NOT NULL,
    "at" TIMESTAMP NOT NULL,
    "program" VARCHAR NOT NULL
)
"""


@dataclass(frozen=True)
class Step:
    """One numbered step."""

    version: int
    name: str
    sql: str


def list_steps(dialect: str = "duckdb") -> tuple[Step, ...]:
    """Return the packaged steps of a kind of store in order.

    Raises ValueError where they are not numbered 1, 2, 3, ...
    """
    folder = files("truceline.store").joinpath("schema", dialect)
    steps = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        stem, dot, ending = entry.name.rpartition(".")
        if dot and ending == "sql":
            number, _, name = stem.partition("_")
            steps.append(Step(int(number), name, entry.read_text(encoding="utf-8")))
    if [step.version for step in steps] != list(range(1, len(steps) + 1)):
        raise ValueError(f"steps of the schema are not numbered from 1: {[step.version for step in steps]}")
    return tuple(steps)


def read_version(run: Run) -> int | None:
    """Return the newest step a store has; None where it is no store of ours."""
    where = "table_schema = current_schema() AND table_name = ?"
    found = run(f"SELECT count(*) FROM information_schema.tables WHERE {where}", [VERSION_TABLE])
    if not found.fetchall()[0][0]:
        return None
    newest = run(f"SELECT max(version) FROM {VERSION_TABLE}").fetchall()[0][0]
    return int(newest) if newest is not None else 0


def check_version(version: int | None, place: str, *, writing: bool, steps: Sequence[Step]) -> None:
    """Raise StoreError where a store of this version cannot be used; reading needs the present version."""
    newest = len(steps)
    if version is None:
        found, hint = "is a database, but no Truceline store", "name the file that `monitor init` made"
    elif version > newest:
        found = f"was written by a later version of Truceline (schema {version}, this one knows {newest})"
        hint = "install the newer version"
    elif version < newest and not writing:
        found = f"was written by an earlier version of Truceline (schema {version}, this one needs {newest})"
        hint = "open it for writing once, as every import does: that brings it up to date"
    else:
        return
    raise StoreError("store", [Problem(place, found, hint)])


def apply_steps(
    run: Run, *, now: datetime, program: str, steps: Sequence[Step], in_transaction: bool = False
) -> None:
    """Apply what is missing in one transaction; `now` is UTC without zone.

    `in_transaction`: one is open already, and is left to whoever opened it.
    """
    version = read_version(run)
    missing = [step for step in steps if step.version > (version or 0)]
    if not missing:
        return
    if in_transaction:
        _apply(run, version, missing, now, program)
        return
    run("BEGIN TRANSACTION")
    try:
        _apply(run, version, missing, now, program)
        run("COMMIT")
    except BaseException:
        run("ROLLBACK")
        raise


def _apply(run: Run, version: int | None, missing: Sequence[Step], now: datetime, program: str) -> None:
    if version is None:
        run(_MAKE_VERSION_TABLE)
    for step in missing:
        run(step.sql)
        row = [step.version, step.name, now, program]
        run(f"INSERT INTO {VERSION_TABLE} VALUES (?, ?, ?, ?)", row)
