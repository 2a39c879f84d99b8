"""Read GeoJSON: a row for each feature, its properties as columns, its geometry as a position.

A point gives `lon` and `lat` in degrees. A polygon stands for "somewhere within": its centroid, with the
standard deviations of a point spread evenly over it (`radius_m` along `axis_deg`, `radius_across_m` across).
Other geometries are refused row by row. The whole file is held, so its size is bounded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from truceline.events.readers.area import spread_over
from truceline.events.readers.chunk import Chunk, RowKeeper, check_header, refuse
from truceline.events.readers.text import DAMAGE, UnpackedStream, damaged

MAX_JSON_BYTES = 50_000_000
"""Largest GeoJSON taken; it may need twenty times that in memory while it is read."""
PLACED = ("lon", "lat", "radius_m", "radius_across_m", "axis_deg")
"""Columns made from the geometry; properties of these names count where the geometry says nothing of it."""

_GLOBE_NAMES = ("CRS84", "EPSG::4326", "EPSG:4326")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def read_geojson(path: Path, *, packed: bool) -> Iterator[Chunk]:
    """Yield the features of a file as rows; at least one chunk. `lines` count features from 1.

    Raises ReportFileError where the file is too large, no GeoJSON, or not in degrees on the globe. A feature
    whose geometry cannot be used is rejected alone.
    """
    features = _load_features(path, packed=packed)
    header: dict[str, None] = {}
    for feature in features:
        header.update(dict.fromkeys(_properties(feature)))
        if len(header) > 10_000:
            break  # said below, with the number
    names = check_header([*header, *(name for name in PLACED if name not in _lower(header))], path)
    own = names[: len(header)]
    keeper = RowKeeper(names, "GeoJSON")
    at = {name: names.index(name) for name in PLACED}
    for number, feature in enumerate(features, start=1):
        properties = _properties(feature)
        row = [_text(properties.get(name)) for name in header] + [""] * (len(names) - len(own))
        try:
            place = _place(feature.get("geometry") if isinstance(feature, dict) else None)
        except (ValueError, TypeError, KeyError, IndexError, OverflowError):
            hint = "write a Point, Polygon or MultiPolygon in degrees, longitude first"
            full = keeper.reject(number, "geometry", "is no usable position", hint, "is no usable position")
        else:
            for name, value in place.items():
                row[at[name]] = value
            full = keeper.add(row, number, _encode(feature))
        if full:
            yield keeper.take(number / len(features))
    if keeper.rows or keeper.rejects or not features:
        yield keeper.take(1.0)


def _load_features(path: Path, *, packed: bool) -> list[Any]:
    data = _load(path, packed=packed)
    if not isinstance(data, dict) or data.get("type") != "FeatureCollection":
        raise refuse(path, "is no FeatureCollection", "write GeoJSON with the list `features`")
    features = data.get("features")
    if not isinstance(features, list):
        raise refuse(path, "has no list of features", "write GeoJSON with the list `features`")
    crs = data.get("crs")
    if crs is not None and not any(name in _encode(crs) for name in _GLOBE_NAMES):
        raise refuse(path, "is not in degrees on the globe", "write it in WGS 84 (EPSG:4326)")
    return features


def _load(path: Path, *, packed: bool) -> Any:
    try:
        with path.open("rb") as raw:
            source = UnpackedStream(raw, path) if packed else raw
            content, rest = bytearray(), MAX_JSON_BYTES + 1
            while rest > 0 and (block := source.read(min(rest, 1 << 20))):
                content += block
                rest -= len(block)
    except DAMAGE as error:
        raise damaged(path, error) from None
    if len(content) > MAX_JSON_BYTES:
        hint = "split it, or write it as CSV or Parquet"
        raise refuse(path, f"has more than {MAX_JSON_BYTES / 1e6:g} MB, the most for GeoJSON", hint)
    if not content.strip():
        raise refuse(path, "is empty", "it must have at least a FeatureCollection")
    try:
        text = content.decode("utf-8-sig")
        data = json.loads(text, parse_constant=lambda _: None)
        if "\\u" in text:  # half a pair of escapes is no character, and NUL is none in a table
            data = _clean(data)
    except UnicodeDecodeError as error:
        raise refuse(path, f"byte {error.start + 1:,} is no UTF-8 text", "save it as UTF-8") from None
    except RecursionError:
        raise refuse(path, "is nested too deeply", "flatten it") from None
    except json.JSONDecodeError as error:
        hint = "check it with any JSON tool"
        raise refuse(
            path, f"is no JSON: {error.msg} (column {error.colno:,})", hint, line=error.lineno
        ) from None
    except ValueError:
        raise refuse(path, "holds a number of thousands of digits", "is it GeoJSON?") from None
    return data


def _clean(value: Any) -> Any:
    """Return the value with every text fit to be kept."""
    if isinstance(value, str):
        return value.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(item) for name, item in value.items()}
    return value


def _properties(feature: Any) -> dict[str, Any]:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return properties if isinstance(properties, dict) else {}


def _lower(header: dict[str, None]) -> set[str]:
    return {name.strip().lower() for name in header}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return _encode(value)


def _place(geometry: Any) -> dict[str, str]:
    """Return the columns a geometry gives; empty without one. ValueError and its kin where it is no use."""
    if geometry is None:
        return {}
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind == "Point":
        if not coordinates:
            return {}
        point = _positions([coordinates])[0]
        return {"lon": repr(float(point[0])), "lat": repr(float(point[1]))}
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError(kind)
    polygons = [coordinates] if kind == "Polygon" else coordinates
    spread = spread_over([[_positions(ring) for ring in polygon] for polygon in polygons])
    values = (spread.lon, spread.lat, spread.along_m, spread.across_m, spread.axis_deg)
    rounded = zip(PLACED, values, (7, 7, 1, 1, 1), strict=True)
    return {name: repr(round(value, digits)) for name, value, digits in rounded}


def _positions(points: Any) -> Any:
    array = np.array([[float(point[0]), float(point[1])] for point in points])
    if not (np.abs(array) <= 360).all() or any(isinstance(value, str | bool) for value in points[0]):
        raise ValueError("not degrees")
    return array
