"""The posts and the ground of a plan's posture, kept in the store for maps: where the mission watches.

Read from the folder of a finished plan: its tables of posts, sensors and detection, and the layer of demand
cells. Degrees (WGS 84), metres. A post that a later posture has no more is closed, and ground that a later
plan has no more loses its outline; nothing is erased. Where somebody is at this moment is not kept here.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truceline.errors import GeometryError, OutputError, Problem
from truceline.events.frames import make_frame
from truceline.events.kinds import Means
from truceline.events.schema import CELLS, POSTS, Table
from truceline.store.base import Change, Store

if TYPE_CHECKING:
    import pandas as pd

_MOST_BYTES = 64_000_000
"""Largest table of a plan that is read: a plan of a line of 1,100 km has a hundredth of it."""
_MOST_ROWS = 200_000
_OUTLINE_DECIMALS = 6
"""Of a degree, about 0.1 m."""
_FROM_PLAN = "plan "
"""What the source of every row from a plan begins with."""
_STATES = ("day", "night", "bad")
_MEANS_OF_CLASS = {
    "human_op": Means.post,
    "tower_eo_ir": Means.camera,
    "ground_radar": Means.radar,
    "acoustic": Means.acoustic,
}
"""What watches, by the class of a sensor; a class that is not here is told by the kind of the place."""


@dataclass(frozen=True)
class PlacesOfPlan:
    """Posts and cells of a posture, as rows of POSTS and CELLS."""

    posts: pd.DataFrame
    cells: pd.DataFrame


@dataclass(frozen=True)
class KeptPlaces:
    """What became of posts and cells handed to a change."""

    n_posts: int
    n_cells: int
    n_closed: int
    """Posts of an earlier posture that are not in this one."""


NONE_KEPT = KeptPlaces(0, 0, 0)


def read_places_of_plan(folder: Path, *, posture: str = "") -> PlacesOfPlan:
    """Return the posts and cells of a posture from a plan's folder; the one planned in full by default.

    How well cells are watched is known of the posture planned in full alone: for another one it is missing.
    A plan without posts, or without map layers, gives none. Raises OutputError where a file of the plan
    cannot be read.
    """
    in_full = str(_read_json(folder / "plan.json").get("posture", ""))
    name = posture or in_full
    source = f"{_FROM_PLAN}{folder.absolute().name}, posture {name}"
    sensors = {row.get("sensor", ""): row for row in _read_rows(folder / "tables" / "sensors.csv")}
    rows = _read_rows(folder / "tables" / "posts.csv")
    posts = [
        _post(row, sensors, source, f"posts.csv, line {number}")
        for number, row in enumerate(rows, start=2)
        if row.get("posture") == name
    ]
    weights = _weights(_read_rows(folder / "tables" / "detection.csv"), name) if name == in_full else {}
    return PlacesOfPlan(_frame(POSTS, posts), _read_cells(folder / "plan.gpkg", weights, source))


def keep_places(store: Store, change: Change, places: PlacesOfPlan) -> KeptPlaces:
    """Write the posts and cells of a posture that are new or differ, and close those that are gone.

    What stands in the store is read here, so the change must be in a turn. A post that is open stays open.
    """
    standing = {row["post"]: row for row in _records(store.read_current(POSTS))}
    posts = _records(places.posts)
    for row in posts:
        if row["post"] in standing and standing[row["post"]]["state"] == "open":
            row["state"] = "open"
    named = {row["post"] for row in posts}
    gone = [
        {**row, "state": "closed"}
        for name, row in standing.items()
        if name not in named and row["state"] != "closed" and str(row["source"]).startswith(_FROM_PLAN)
    ]
    _append(change, POSTS, [row for row in posts if row != standing.get(row["post"])] + gone)
    ground = {row["cell"]: row for row in _records(store.read_current(CELLS))}
    cells = _records(places.cells)
    covered = {row["cell"] for row in cells}
    left = [
        {**row, "outline": "", "demand": 0.0, "p_detect": None}
        for name, row in ground.items()
        if cells and name not in covered and row["outline"]
    ]
    _append(change, CELLS, [row for row in cells if row != ground.get(row["cell"])] + left)
    return KeptPlaces(len(posts), len(cells), len(gone))


def _post(row: Mapping[str, str], sensors: Mapping[str, Mapping[str, str]], source: str, where: str) -> Any:
    carried = [word.strip() for word in row.get("sensors", "").split(";") if word.strip()]
    known = [sensors[name] for name in carried if name in sensors]
    ranges = [_number(each.get("range_person_day_m", ""), where) for each in known]
    ranges = [range_m for range_m in ranges if range_m > 0]
    classes = [_MEANS_OF_CLASS.get(each.get("sensor_class", "")) for each in known]
    by_kind = Means.camera if row.get("kind") == "mast" else Means.post
    return {
        "post": row.get("id", ""),
        "means": str(next((means for means in classes if means), by_kind)),
        "region": row.get("sector", ""),
        "lon": _number(row.get("lon", ""), where),
        "lat": _number(row.get("lat", ""), where),
        "range_m": max(ranges, default=math.nan),
        "state": "planned",
        "source": source,
    }


def _weights(rows: list[dict[str, str]], posture: str) -> dict[str, float]:
    """Return the share of the time that each state of light and weather takes, from a table of detection."""
    found = {
        row.get("which", ""): _number(row.get("weight_share", ""), "detection.csv")
        for row in rows
        if row.get("posture") == posture and row.get("by") == "state"
    }
    return found if set(found) == set(_STATES) else {}


def _read_cells(path: Path, weights: Mapping[str, float], source: str) -> pd.DataFrame:
    """Return the layer of demand cells; no rows where the plan has no map layers, or none of that name."""
    if not path.is_file():
        return _frame(CELLS, [])
    import shapely

    from truceline.geo.vector_files import read_features

    try:
        found = read_features(path, layer="demand_cells")
    except GeometryError as error:
        if "demand_cells" in error.message():
            return _frame(CELLS, [])
        raise OutputError(error.title, error.problems) from None
    fields = found.fields
    if not {"cell", "sector", "weight_share"} <= set(fields):
        raise _refused(path, "has a layer demand_cells without cell, sector and weight_share")
    rows = []
    for number, shape in enumerate(found.geometries):
        middle = shapely.centroid(shape)
        shares = [
            weight * _number(fields[f"detect_{state}_share"][number], "demand_cells")
            for state, weight in weights.items()
            if f"detect_{state}_share" in fields
        ]
        rows.append(
            {
                "cell": fields["cell"][number],
                "region": fields["sector"][number],
                "lon": round(float(middle.x), _OUTLINE_DECIMALS),
                "lat": round(float(middle.y), _OUTLINE_DECIMALS),
                "demand": _number(fields["weight_share"][number], "demand_cells"),
                "p_detect": round(math.fsum(shares), 6) if len(shares) == len(_STATES) else math.nan,
                "outline": shapely.to_wkt(shape, rounding_precision=_OUTLINE_DECIMALS),
                "source": source,
            }
        )
    return _frame(CELLS, rows)


def _frame(table: Table, rows: list[dict[str, Any]]) -> pd.DataFrame:
    names = [name for name in table.names if name != "change_id"]
    return make_frame(table, {name: [row.get(name) for row in rows] for name in names})


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows with None for missing numbers, so that two of them can be compared."""
    columns = frame.drop(columns="change_id")
    plain = columns.astype(object).where(columns.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def _append(change: Change, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        change.append(table, _frame(table, rows))


def _number(word: str, where: str) -> float:
    """Return a number of a plan's table; NaN where the cell is empty."""
    if not word:
        return math.nan
    try:
        return float(word)
    except ValueError:
        found = f"'{word[:40]}' is no number"
        raise OutputError("plan", [Problem(where, found, "make the plan again")]) from None


def _read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table; none where the plan has no such table."""
    if not path.is_file():
        return []
    rows = [
        {name: value or "" for name, value in row.items() if isinstance(name, str)}
        for row in csv.DictReader(_read_text(path).splitlines())
    ]
    if len(rows) > _MOST_ROWS:
        raise _refused(path, f"has more than {_MOST_ROWS:,} rows")
    return rows


def _read_json(path: Path) -> dict[str, object]:
    try:
        found = json.loads(_read_text(path))
    except (ValueError, RecursionError):
        raise _refused(path, "is not JSON") from None
    return found if isinstance(found, dict) else {}


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _refused(path, f"is larger than {_MOST_BYTES:,} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise _refused(path, "cannot be read") from None


def _refused(path: Path, found: str) -> OutputError:
    return OutputError("plan", [Problem(str(path), found, "name the folder of a finished plan")])
