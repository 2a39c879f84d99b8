"""The posts and the ground of a plan's posture, kept in the store for maps: where the mission watches.

Read from the folder of a finished plan: its tables of posts, sensors and detection, and the layer of demand
cells. Degrees (WGS 84), metres. A post that a later posture has no more is closed, and ground that a later
plan has no more loses its outline; nothing is erased. Where somebody is at this moment is not kept here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from truceline.events.frames import make_frame
from truceline.events.kinds import Means
from truceline.events.schema import CELLS, POSTS, Table
from truceline.monitor.plan_files import (
    read_plan_layer,
    read_plan_number,
    read_plan_record,
    read_plan_rows,
    refuse_plan,
)
from truceline.store.base import Change, Store

if TYPE_CHECKING:
    import pandas as pd

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
    in_full = str(read_plan_record(folder).get("posture", ""))
    name = posture or in_full
    source = f"{_FROM_PLAN}{folder.absolute().name}, posture {name}"
    sensors = {row.get("sensor", ""): row for row in read_plan_rows(folder, "sensors")}
    rows = read_plan_rows(folder, "posts")
    posts = [
        _post(row, sensors, source, f"posts.csv, line {number}")
        for number, row in enumerate(rows, start=2)
        if row.get("posture") == name
    ]
    weights = _weights(read_plan_rows(folder, "detection"), name) if name == in_full else {}
    return PlacesOfPlan(_frame(POSTS, posts), _read_cells(folder, weights, source))


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
    ranges = [read_plan_number(each.get("range_person_day_m", ""), where) for each in known]
    ranges = [range_m for range_m in ranges if range_m > 0]
    classes = [_MEANS_OF_CLASS.get(each.get("sensor_class", "")) for each in known]
    by_kind = Means.camera if row.get("kind") == "mast" else Means.post
    return {
        "post": row.get("id", ""),
        "means": str(next((means for means in classes if means), by_kind)),
        "region": row.get("sector", ""),
        "lon": read_plan_number(row.get("lon", ""), where),
        "lat": read_plan_number(row.get("lat", ""), where),
        "range_m": max(ranges, default=math.nan),
        "state": "planned",
        "source": source,
    }


def _weights(rows: list[dict[str, str]], posture: str) -> dict[str, float]:
    """Return the share of the time that each state of light and weather takes, from a table of detection."""
    found = {
        row.get("which", ""): read_plan_number(row.get("weight_share", ""), "detection.csv")
        for row in rows
        if row.get("posture") == posture and row.get("by") == "state"
    }
    return found if set(found) == set(_STATES) else {}


def _read_cells(folder: Path, weights: Mapping[str, float], source: str) -> pd.DataFrame:
    """Return the layer of demand cells; no rows where the plan has no map layers, or none of that name."""
    found = read_plan_layer(folder, "demand_cells")
    if found is None:
        return _frame(CELLS, [])
    import shapely

    fields = found.fields
    if not {"cell", "sector", "weight_share"} <= set(fields):
        raise refuse_plan(
            folder / "plan.gpkg", "has a layer demand_cells without cell, sector and weight_share"
        )
    rows = []
    for number, shape in enumerate(found.geometries):
        middle = shapely.centroid(shape)
        shares = [
            weight * read_plan_number(fields[f"detect_{state}_share"][number], "demand_cells")
            for state, weight in weights.items()
            if f"detect_{state}_share" in fields
        ]
        rows.append(
            {
                "cell": fields["cell"][number],
                "region": fields["sector"][number],
                "lon": round(float(middle.x), _OUTLINE_DECIMALS),
                "lat": round(float(middle.y), _OUTLINE_DECIMALS),
                "demand": read_plan_number(fields["weight_share"][number], "demand_cells"),
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
