"""Small invented inputs for tests of plans and commands: scenarios, lines, elevation models, polygons, towns.

Each plan from `write_scenario` takes about half a second: one posture, two sectors, coarse cells. All places
are invented and lie at sea unless a test moves them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import yaml
from numpy.typing import NDArray
from rasterio import Affine
from typer.testing import CliRunner

from truceline.cli.main import app

Degrees = Sequence[tuple[float, float]]
LINE: Degrees = [(2.80, 1.00), (2.89, 1.03), (2.96, 1.01), (3.05, 1.06), (3.15, 1.05)]
"""41.3 km from west to east: side a is to the north."""

BASE = """\
format: 1
name: tiny-line
title: A tiny line
as_of: 2025-02-17
line: {file: line.geojson, tolerance: 1 km}
zone: {half_width: 4 km}
sectors: {length: 20 km}
grid: {cell: 4 km, crossing_cell: 1 km}
incidents:
  kinds: {person: 0.5, vehicle: 0.3, small_arms: 0.2}
  states: {day: 0.5, night: 0.4, bad: 0.1}
  decay: 2 km
posture: watch
postures:
  watch:
    label: Watch
    watch: 2 person/km
    rules: {sides: [a, b], spacing: 4 km, distances: [2 km]}
    means:
      mast: {label: Camera mast, kind: mast, sensors: [camera_mast]}
      patrol: {label: Patrol, kind: patrol, sensors: [patrol_vehicle], at_least: 0.05 / km, at_most: 0.1 / km}
"""


def write_scenario(
    folder: Path, changes: Mapping[str, Any] | None = None, *, line: Degrees | None = LINE
) -> Path:
    """Write the scenario, changed at dotted paths (None takes a key away), and its line; return the file."""
    data = yaml.safe_load(BASE)
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        place = data
        for key in parents:
            place = place.setdefault(key, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    if line is not None:
        write_geojson(folder / "line.geojson", [{"type": "LineString", "coordinates": line}])
    file = folder / "tiny-line.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return file


def write_geojson(
    path: Path,
    geometries: Sequence[Mapping[str, Any]],
    *,
    names: Sequence[str] | None = None,
    crs: str | None = None,
) -> None:
    """Write features; `crs` as the old member that says which coordinates are meant."""
    labels = names or [f"part {i}" for i in range(len(geometries))]
    features = [
        {"type": "Feature", "properties": {"name": name}, "geometry": geometry}
        for name, geometry in zip(labels, geometries, strict=True)
    ]
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if crs is not None:
        collection["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(collection), encoding="utf-8")


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """Return a rectangle as a GeoJSON polygon."""
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return {"type": "Polygon", "coordinates": [ring]}


Heights = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


def rolling(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return heights in metres of hills 3 km apart; x and y in metres."""
    return 120 + 60 * np.sin(x / 480) * np.cos(y / 530)


def write_elevation(
    path: Path,
    *,
    cell_m: float,
    heights: Heights = rolling,
    half_m: float = 40_000.0,
    centre_x_m: float = 497_000.0,
) -> None:
    """Write a GeoTIFF in UTM zone 31 north around the line; NaN where there is no height."""
    centre_y_m = 114_000.0
    n = int(2 * half_m / cell_m)
    x = centre_x_m - half_m + (np.arange(n) + 0.5) * cell_m
    y = centre_y_m + half_m - (np.arange(n) + 0.5) * cell_m
    height = heights(*np.meshgrid(x, y)).astype(np.float32)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=n,
        height=n,
        count=1,
        dtype="float32",
        crs="EPSG:32631",
        transform=Affine(cell_m, 0, centre_x_m - half_m, 0, -cell_m, centre_y_m + half_m),
        nodata=float("nan"),
        compress="deflate",
    ) as target:
        target.write(height, 1)


def run_command(*arguments: str | Path, code: int = 0) -> str:
    """Run a command in process; return all it printed. A traceback never counts as an answer."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.output


def list_leavings(folder: Path) -> list[str]:
    """Return what commands left in a folder, hidden names too, less the inputs of this file."""
    kept = {".yaml", ".geojson", ".tif", ".csv", ".gpkg", ".xml"}
    return sorted(entry.name for entry in folder.iterdir() if entry.suffix not in kept)
