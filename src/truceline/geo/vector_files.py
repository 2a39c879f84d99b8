"""Read geometry and places from files the user names; degrees (longitude first) come out.

Any vector format of GDAL, and CSV for places. Files are untrusted: sizes are bounded, only files on disk are
opened, and the formats that merely point to other sources (virtual layers, web services) are refused. Reads
nothing else and judges no line: see `line_sources.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from truceline.errors import GeometryError, ProblemList
from truceline.geo.projection import LONLAT, check_units

FILE_SIZE_MAX_BYTES = 500_000_000
N_FEATURES_MAX = 200_000
N_PLACES_MAX = 100_000
_PLACE_COLUMNS = ("lon", "lat", "side")
_POINTER_MARK = b"<ogr"  # OGRVRTDataSource, OGRWFSDataSource and their kind: files that name other sources
_SNIFFED_BYTES = 4096


@dataclass(frozen=True)
class VectorFeatures:
    """Geometries of one layer in degrees, with their attributes."""

    geometries: tuple[Any, ...]
    """Shapely geometries, longitude first, no heights."""
    fields: Mapping[str, tuple[str, ...]]
    """Attribute text by column; missing values are empty."""
    warnings: ProblemList


@dataclass(frozen=True)
class Places:
    """Places with the side that holds each."""

    lonlat: NDArray[np.float64]
    """Degrees (n, 2), longitude first."""
    side: tuple[str, ...]
    name: tuple[str, ...]


def read_features(
    path: Path | str,
    *,
    layer: str | None = None,
    crs: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> VectorFeatures:
    """Read one layer of a vector file.

    Parameters
    ----------
    path
        A file on disk in any vector format of GDAL.
    layer
        Layer to read; needed when the file has several.
    crs
        Reference system to assume; overrides what the file states, with a warning when they differ.
    columns
        Keep only features whose attribute equals the text given, for each column named.

    Raises
    ------
    GeometryError
        If the file cannot be read, is too large, has no such layer or column, or its units contradict its
        system.
    """
    file = _check_file(path)
    title, where = f"{file.name} cannot be used", file.name
    problems = ProblemList()
    meta, wkb, values = _read_raw(file, layer, problems)
    fields = {
        str(name): tuple("" if value is None else str(value) for value in column)
        for name, column in zip(meta["fields"], values, strict=True)
    }
    chosen = np.array([blob is not None for blob in wkb], dtype=bool)
    for column, wanted in (columns or {}).items():
        if column not in fields:
            problems.add(where, f"has no column {column!r}", f"columns are: {', '.join(fields) or 'none'}")
            continue
        chosen &= np.array([_same_text(value, wanted) for value in fields[column]], dtype=bool)
    problems.raise_if_any(GeometryError, title)
    if not chosen.any():
        filters = ", ".join(f"{key} = {value}" for key, value in (columns or {}).items())
        problems.add(where, f"has no feature with geometry{f' where {filters}' if filters else ''}")
    problems.raise_if_any(GeometryError, title)
    geometries = shapely.force_2d(shapely.from_wkb(wkb[chosen]))
    system = _choose_crs(meta["crs"], crs, where, problems)
    problems.raise_if_any(GeometryError, title)
    check_units(tuple(shapely.total_bounds(geometries)), system, where)
    if system is not None and not system.equals(pyproj.CRS(LONLAT), ignore_axis_order=True):
        transformer = pyproj.Transformer.from_crs(system, LONLAT, always_xy=True)
        geometries = shapely.transform(
            geometries, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))
        )
    kept = np.flatnonzero(chosen)
    return VectorFeatures(
        tuple(geometries),
        {name: tuple(column[index] for index in kept) for name, column in fields.items()},
        problems,
    )


def read_places(path: Path | str) -> Places:
    """Read a CSV with columns lon, lat, side and (if there) name; other columns are left alone.

    Raises
    ------
    GeometryError
        With every missing column and every cell that is not a number. What the numbers and sides mean is
        checked by `line_from_places`.
    """
    file = _check_file(path)
    problems = ProblemList()
    lonlat: list[tuple[float, float]] = []
    sides: list[str] = []
    names: list[str] = []
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = [column for column in _PLACE_COLUMNS if column not in (reader.fieldnames or [])]
            if missing:
                problems.add(
                    file.name, f"has no column {', '.join(missing)}", "name the columns lon, lat, side"
                )
            problems.raise_if_any(GeometryError, f"{file.name} cannot be used")
            for row in reader:
                if len(lonlat) >= N_PLACES_MAX:
                    problems.add(
                        file.name, f"has more than {N_PLACES_MAX:,} places", "keep those near the line"
                    )
                    break
                lonlat.append(_read_lonlat(row, f"{file.name} line {reader.line_num}", problems))
                sides.append((row["side"] or "").strip())
                names.append((row.get("name") or "").strip())
    except (UnicodeDecodeError, csv.Error) as error:
        problems.add(file.name, f"is not a readable CSV ({error})", "save it as CSV in UTF-8")
    problems.raise_if_any(GeometryError, f"{file.name} cannot be used")
    return Places(np.array(lonlat, dtype=float).reshape(-1, 2), tuple(sides), tuple(names))


def _read_lonlat(row: Mapping[str, str | None], where: str, problems: ProblemList) -> tuple[float, float]:
    numbers = []
    for column in ("lon", "lat"):
        try:
            numbers.append(float(row[column] or ""))
        except ValueError:
            problems.add(where, f"{column} is {row[column]!r}, not a number", "write decimal degrees")
            numbers.append(float("nan"))
    return numbers[0], numbers[1]


def _check_file(path: Path | str) -> Path:
    file = Path(path)
    problems = ProblemList()
    if not file.is_file():
        problems.add(str(path), "is not a file", "give the path of a file on this computer")
    elif file.stat().st_size > FILE_SIZE_MAX_BYTES:
        problems.add(file.name, f"has {file.stat().st_size / 1e6:,.0f} MB", "simplify or cut it to the area")
    problems.raise_if_any(GeometryError, f"{file.name} cannot be read")
    return file


def _read_raw(
    file: Path, layer: str | None, problems: ProblemList
) -> tuple[dict[str, Any], NDArray[Any], list[NDArray[Any]]]:
    import pyogrio  # late: GDAL is heavy and most of the package does not need it
    import pyogrio.errors

    title = f"{file.name} cannot be read"
    with file.open("rb") as stream:
        if _POINTER_MARK in stream.read(_SNIFFED_BYTES).lower():
            problems.add(file.name, "points to other sources", "save the features themselves, as GeoPackage")
    problems.raise_if_any(GeometryError, title)
    layers: list[str] = []
    try:
        layers = [str(row[0]) for row in pyogrio.list_layers(file)]
        if layer is None and len(layers) > 1:
            problems.add(file.name, f"has {len(layers)} layers", f"name one: {', '.join(layers)}")
        elif layer is not None and layer not in layers:
            problems.add(file.name, f"has no layer {layer!r}", f"layers are: {', '.join(layers) or 'none'}")
        problems.raise_if_any(GeometryError, title)
        n_features = int(pyogrio.read_info(file, layer=layer, force_feature_count=True)["features"])
        if n_features > N_FEATURES_MAX:
            problems.add(file.name, f"has {n_features:,} features", f"filter to {N_FEATURES_MAX:,} or fewer")
        problems.raise_if_any(GeometryError, title)
        meta, _, wkb, values = pyogrio.raw.read(file, layer=layer, force_2d=True, datetime_as_string=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        problems.add(
            file.name, f"is not a vector file GDAL can read ({error})", "save it as GeoPackage or GeoJSON"
        )
        problems.raise_if_any(GeometryError, title)
    if wkb is None:
        problems.add(file.name, "has no geometry", "give a layer of lines or polygons")
        problems.raise_if_any(GeometryError, title)
    return meta, wkb, values


def _choose_crs(
    stated: str | None, wanted: str | None, where: str, problems: ProblemList
) -> pyproj.CRS | None:
    systems: list[pyproj.CRS | None] = []
    for text in (stated, wanted):
        try:
            systems.append(pyproj.CRS.from_user_input(text) if text else None)
        except CRSError:
            problems.add(where, f"{text!r} is not a reference system", "write one like EPSG:4326")
            systems.append(None)
    in_file, asked = systems
    if asked is not None and in_file is not None and not asked.equals(in_file, ignore_axis_order=True):
        problems.warn(where, f"states {in_file.name} but is read as {asked.name}, as asked")
    return asked if asked is not None else in_file


def _same_text(value: str, wanted: str) -> bool:
    """Compare as text; a date-time at midnight is the same as its date, in either notation of GDAL."""
    plain = value.replace("/", "-").removesuffix("T00:00:00").removesuffix(" 00:00:00")
    return str(wanted) in (value, plain)
