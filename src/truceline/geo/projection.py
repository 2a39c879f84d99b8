"""Choose a metric projection for one line and move geometry between it and longitude/latitude.

Geometry outside is WGS 84 longitude and latitude in degrees (EPSG:4326, longitude first); inside it is
metres in a local Lambert azimuthal equal-area projection centred on the geometry, good in any hemisphere.
Areas are exact; lengths err by about (d / 2R)^2 / 2 at a distance d from the centre (0.08 % at 500 km), so
lengths are always taken by geodesic elsewhere. This module will not guess: degrees that claim to be metres,
a missing reference system, the antimeridian and extents of continental size are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from truceline.errors import GeometryError, Problem

FloatArray = NDArray[np.float64]
AnyGeometry = TypeVar("AnyGeometry", bound=BaseGeometry)

LONLAT = "EPSG:4326"
LONGITUDE_LIMIT_DEG = 180.0
LATITUDE_LIMIT_DEG = 90.0
EDGE_MAX_DEG = 0.5  # longest edge of an area before it is bent; leaves 30 m at 48 degrees
_CENTRE_DECIMALS = (
    2  # a rounded centre keeps the text of the projection short and the same for nearly equal lines
)


def choose_metric_crs(
    lonlat_geometry: BaseGeometry, *, where: str = "line", span_max_deg: float = 40.0
) -> pyproj.CRS:
    """Return a Lambert azimuthal equal-area system in metres, centred on the geometry's bounds.

    Parameters
    ----------
    lonlat_geometry
        Any geometry in degrees, longitude first.
    where
        Name of the input, used in the message.
    span_max_deg
        Widest extent in either direction that one local projection may serve.

    Raises
    ------
    GeometryError
        If the geometry is empty, not in degrees, crosses the antimeridian or spans too much.
    """
    lon_min, lat_min, lon_max, lat_max = _bounds_or_raise(lonlat_geometry, where)
    check_units((lon_min, lat_min, lon_max, lat_max), pyproj.CRS(LONLAT), where)
    if lon_max - lon_min > LONGITUDE_LIMIT_DEG:
        raise _refuse(
            where,
            f"runs from longitude {lon_min:.2f} to {lon_max:.2f}: it crosses the antimeridian",
            "cut it at 180 degrees and plan the two parts apart",
        )
    span_deg = max(lon_max - lon_min, lat_max - lat_min)
    if span_deg > span_max_deg:
        raise _refuse(
            where,
            f"spans {span_deg:.1f} degrees; one local projection serves {span_max_deg:g}",
            "plan parts of the line apart, or look for a stray vertex",
        )
    lon_0 = round((lon_min + lon_max) / 2.0, _CENTRE_DECIMALS)
    lat_0 = round((lat_min + lat_max) / 2.0, _CENTRE_DECIMALS)
    return pyproj.CRS.from_string(
        f"+proj=laea +lat_0={lat_0} +lon_0={lon_0} +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs +type=crs"
    )


def check_units(bounds: Sequence[float], crs: pyproj.CRS | None, where: str) -> None:
    """Refuse coordinates that cannot be in the reference system they claim.

    Parameters
    ----------
    bounds
        x_min, y_min, x_max, y_max in the units of `crs`.
    crs
        The claimed reference system, or None when the file states none.
    where
        Name of the input, used in the message.

    Raises
    ------
    GeometryError
        If there is no reference system, if metres are claimed but the numbers are degrees, or the other way
        round.
    """
    if crs is None:
        raise _refuse(
            where,
            "states no coordinate reference system",
            "set `crs:` (EPSG:4326 for longitude and latitude in degrees) or save the file with one",
        )
    x_min, y_min, x_max, y_max = bounds
    x_largest, y_largest = max(abs(x_min), abs(x_max)), max(abs(y_min), abs(y_max))
    fits_degrees = x_largest <= LONGITUDE_LIMIT_DEG and y_largest <= LATITUDE_LIMIT_DEG
    extent = f"x {x_min:.6g} to {x_max:.6g}, y {y_min:.6g} to {y_max:.6g}"
    if crs.is_geographic and not fits_degrees:
        if x_largest <= 2.0 * LONGITUDE_LIMIT_DEG and y_largest <= LATITUDE_LIMIT_DEG:
            raise _refuse(
                where,
                f"has longitudes beyond 180 degrees ({extent})",
                "write longitudes from -180 to 180; a line across the antimeridian must be cut there",
            )
        raise _refuse(
            where,
            f"claims degrees ({crs.name}) but its coordinates are {extent}",
            "these look like metres: set `crs:` to the projected system they are in (for example EPSG:32637)",
        )
    if not crs.is_geographic and fits_degrees:
        raise _refuse(
            where,
            f"claims projected coordinates ({crs.name}) but they are {extent}",
            "these look like degrees: set `crs: EPSG:4326`",
        )


@dataclass(frozen=True)
class Projection:
    """A metric system and the way between it and longitude/latitude."""

    crs: pyproj.CRS
    """Projected system with metres as its unit."""

    @cached_property
    def _forward(self) -> Any:
        return pyproj.Transformer.from_crs(LONLAT, self.crs, always_xy=True)

    @cached_property
    def _backward(self) -> Any:
        return pyproj.Transformer.from_crs(self.crs, LONLAT, always_xy=True)

    def to_metric(self, geometry: AnyGeometry) -> AnyGeometry:
        """Return the geometry (degrees, longitude first) in metres; vertices move, no vertex is added."""
        return _move(geometry, self._forward)

    def area_to_metric(self, geometry: BaseGeometry, *, where: str) -> BaseGeometry:
        """Return an area or border (degrees) in metres, its long edges bent as they run on the map.

        An edge that is straight in degrees bows by kilometres in metres when it is long (30 m in half a
        degree), so vertices are added. Invalid polygons are repaired first.

        Raises
        ------
        GeometryError
            If the geometry is not in degrees or reaches so far round the earth that it cannot be projected.
        """
        if geometry.is_empty:
            return geometry
        check_units(_bounds_or_raise(geometry, where), pyproj.CRS(LONLAT), where)
        valid = geometry if geometry.is_valid else shapely.make_valid(geometry)
        moved: BaseGeometry = self.to_metric(shapely.segmentize(valid, EDGE_MAX_DEG))
        if not np.isfinite(shapely.get_coordinates(moved)).all():
            raise _refuse(where, "reaches too far round the earth", "cut it to the surroundings of the line")
        return moved if moved.is_valid else shapely.make_valid(moved)

    def to_lonlat(self, geometry: AnyGeometry) -> AnyGeometry:
        """Return the geometry (metres) in degrees, longitude first."""
        return _move(geometry, self._backward)

    def xy_to_lonlat(self, x_m: ArrayLike, y_m: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude in degrees of points given in metres; shapes are kept."""
        lon, lat = self._backward.transform(np.asarray(x_m, dtype=float), np.asarray(y_m, dtype=float))
        return np.asarray(lon), np.asarray(lat)

    def lonlat_to_xy(self, lon: ArrayLike, lat: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return x and y in metres of points given in degrees; shapes are kept."""
        x_m, y_m = self._forward.transform(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
        return np.asarray(x_m), np.asarray(y_m)


def projection_for(lonlat_geometry: BaseGeometry, *, where: str = "line") -> Projection:
    """Return the Projection centred on the geometry; raises as `choose_metric_crs`."""
    return Projection(choose_metric_crs(lonlat_geometry, where=where))


def _bounds_or_raise(geometry: BaseGeometry, where: str) -> tuple[float, float, float, float]:
    if geometry.is_empty:
        raise _refuse(where, "is empty", "give at least one line")
    coordinates = shapely.get_coordinates(geometry)
    if not np.isfinite(coordinates).all():
        n_bad = int((~np.isfinite(coordinates).all(axis=1)).sum())
        raise _refuse(where, f"has {n_bad} vertices that are not finite numbers", "remove or repair them")
    x_min, y_min = coordinates.min(axis=0)
    x_max, y_max = coordinates.max(axis=0)
    return float(x_min), float(y_min), float(x_max), float(y_max)


def _move(geometry: AnyGeometry, transformer: Any) -> AnyGeometry:
    def move(coordinates: FloatArray) -> FloatArray:
        return np.column_stack(transformer.transform(coordinates[:, 0], coordinates[:, 1]))

    moved: AnyGeometry = shapely.transform(geometry, move)
    return moved


def _refuse(where: str, found: str, hint: str) -> GeometryError:
    return GeometryError(f"{where} cannot be placed on the ground", [Problem(where, found, hint)])
