"""Read the files of a finished plan's folder: its record, its tables and its map layers, as text.

A plan's folder is what `truceline plan --out` wrote: plan.json, plan.gpkg and tables/*.csv. The files are
untrusted: sizes are bounded and what cannot be read is refused in words. It knows no table's meaning.
"""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from truceline.errors import GeometryError, OutputError, Problem

if TYPE_CHECKING:
    from truceline.geo.vector_files import VectorFeatures

MOST_BYTES = 64_000_000
"""Largest table of a plan that is read: a plan of a line of 1,100 km has a hundredth of it."""
MOST_ROWS = 200_000
"""Most rows of one table of a plan."""
_PLAN_HINT = "name the folder of a finished plan"


def read_plan_record(folder: Path, hint: str = _PLAN_HINT) -> dict[str, object]:
    """Return plan.json; empty where it holds something other than a record."""
    path = folder / "plan.json"
    try:
        found = json.loads(read_plan_text(path, hint))
    except (ValueError, RecursionError):
        raise refuse_plan(path, "is not JSON", "make the plan again") from None
    return found if isinstance(found, dict) else {}


def read_plan_rows(folder: Path, table: str) -> list[dict[str, str]]:
    """Return the rows of tables/<table>.csv by column; none where the plan has no such table."""
    path = folder / "tables" / f"{table}.csv"
    if not path.is_file():
        return []
    rows = [
        {name: value or "" for name, value in row.items() if isinstance(name, str)}
        for row in csv.DictReader(read_plan_text(path).splitlines())
    ]
    if len(rows) > MOST_ROWS:
        raise refuse_plan(path, f"has more than {MOST_ROWS:,} rows")
    return rows


def read_plan_layer(folder: Path, layer: str) -> VectorFeatures | None:
    """Return a map layer of the plan in degrees; None where it has no layers, or none of that name."""
    path = folder / "plan.gpkg"
    if not path.is_file():
        return None
    from truceline.geo.vector_files import read_features

    try:
        return read_features(path, layer=layer)
    except GeometryError as error:
        if layer in error.message():
            return None
        raise OutputError(error.title, error.problems) from None


def read_plan_number(word: str, where: str) -> float:
    """Return a number of a plan's table; NaN where the cell is empty."""
    if not word:
        return math.nan
    try:
        return float(word)
    except ValueError:
        found = f"'{word[:40]}' is no number"
        raise OutputError("plan", [Problem(where, found, "make the plan again")]) from None


def read_plan_text(path: Path, hint: str = _PLAN_HINT) -> str:
    """Return a file of a plan as text."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise refuse_plan(path, f"is larger than {MOST_BYTES:,} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise refuse_plan(path, "cannot be read", hint) from None


def refuse_plan(path: Path, found: str, hint: str = _PLAN_HINT) -> OutputError:
    """Return the refusal of one file of a plan, to be raised."""
    return OutputError("plan", [Problem(str(path), found, hint)])
