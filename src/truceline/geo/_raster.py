"""Plumbing of `terrain`: open elevation rasters, refuse what is none, warp and mosaic them block by block.

Metres in the target grid; whatever the file says on the way in. All GDAL stays in this file. Memory is
bounded: the target by `cells_max`, each warp by a block. No heights are invented: impossible ones become NaN.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.transform import Affine
from rasterio.warp import reproject
from rasterio.windows import Window

from truceline.errors import Problem, ProblemList, TerrainError

LOWEST_GROUND_M = -500.0
HIGHEST_GROUND_M = 9_000.0
"""Dry land lies between the Dead Sea shore (-440 m) and Everest (8,849 m): all else is disguised no-data."""

LOCAL_METRES = (
    'ENGCRS["local metres",EDATUM["local"],CS[Cartesian,2],'
    'AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
)
"""What a raster without CRS is taken for when it is read cell for cell."""

FEET = {"ft", "foot", "feet", "us survey foot", "us-ft", "ftus", "sfoot"}
FILES_MAX = 10_000
BLOCK_CELLS = 2_048
"""Side of a target block (cells): one source window of four million cells at equal spacing."""
SOURCE_PADDING = 3
"""Cells read beyond a block, besides the ratio of cell sizes, so that its rim is warped like its inside."""


@dataclass(frozen=True)
class Mosaic:
    """Heights on a target grid, before they become a Terrain."""

    height_m: NDArray[np.float32]
    x_origin_m: float
    y_origin_m: float
    cell_m: float
    native_cell_m: float
    warnings: tuple[Problem, ...]


@dataclass
class _Raster:
    """One opened raster that passed its checks."""

    path: Path
    dataset: Any
    crs: CRS
    finest_m: float
    coarsest_m: float
    n_impossible: int = 0
    n_used: int = field(default=0)


def read_mosaic(
    paths: Sequence[Path],
    *,
    crs: str,
    bounds_m: tuple[float, float, float, float],
    cell_m: float | None,
    source_crs: str | None,
    cells_max: int,
) -> Mosaic:
    """Warp all rasters to one grid over the bounds; see `terrain.read_terrain` for meaning and errors."""
    title = "The elevation model cannot be read"
    problems = ProblemList()
    target = _metric_crs(crs, problems)
    _check_bounds(bounds_m, cell_m, problems)
    if not paths:
        problems.add("terrain", "no file is named", "name at least one elevation raster")
    if len(paths) > FILES_MAX:
        problems.add("terrain", f"{len(paths):,} files", f"give at most {FILES_MAX:,}, or one mosaic (VRT)")
        paths = []
    rasters: list[_Raster] = []
    try:
        for path in paths:
            raster = _open(path, source_crs, problems)
            if raster is not None:
                rasters.append(raster)
        problems.raise_if_any(TerrainError, title)
        assert target is not None  # noqa: S101  (a bad target has been raised)
        near = [raster for raster in rasters if _meets(raster, target, bounds_m)]
        if not near:
            problems.add(
                "terrain",
                f"none of the {len(rasters)} raster(s) touches the area of the line",
                "check that the tiles belong to this place",
            )
            problems.raise_if_any(TerrainError, title)
        size_m = cell_m if cell_m is not None else min(raster.finest_m for raster in near)
        left, bottom, right, top = bounds_m
        n_cols = max(1, math.ceil((right - left) / size_m - 1e-9))
        n_rows = max(1, math.ceil((top - bottom) / size_m - 1e-9))
        if n_rows * n_cols > cells_max:
            fits_m = size_m * math.sqrt(n_rows * n_cols / cells_max)
            problems.add(
                "terrain",
                f"{n_rows:,} x {n_cols:,} cells of {size_m:g} m are more than {cells_max:,}",
                f"set a cell of {math.ceil(fits_m):,} m or more, or a smaller area",
            )
            problems.raise_if_any(TerrainError, title)
        height_m = np.full((n_rows, n_cols), np.nan, np.float32)
        for raster in near:
            _warp_into(height_m, raster, target, left, top, size_m)
        used = [raster for raster in near if raster.n_used] or near
        for raster in near:
            _warn_impossible(raster, problems)
    finally:
        for raster in rasters:
            raster.dataset.close()
    return Mosaic(
        height_m=height_m,
        x_origin_m=left + size_m / 2,
        y_origin_m=top - size_m / 2,
        cell_m=size_m,
        native_cell_m=max(raster.coarsest_m for raster in used),
        warnings=problems.problems,
    )


def read_unwarped(path: Path, *, cells_max: int) -> tuple[Mosaic, str | None]:
    """Read one raster on a square metric grid as it is; its CRS as text, None when it carries none."""
    problems = ProblemList()
    title = "The elevation model cannot be read"
    raster = _open(path, LOCAL_METRES, problems)
    problems.raise_if_any(TerrainError, title)
    assert raster is not None  # noqa: S101
    with raster.dataset as dataset:
        step = dataset.transform
        if dataset.width * dataset.height > cells_max:
            problems.add(str(path), f"{dataset.height:,} x {dataset.width:,} cells", f"at most {cells_max:,}")
        if dataset.crs is not None and not _is_metric(raster.crs):
            problems.add(str(path), "its CRS is not in metres", "warp it to a metric projection")
        if step.b or step.d or step.a <= 0 or step.e >= 0 or not math.isclose(step.a, -step.e, rel_tol=1e-6):
            problems.add(str(path), "its cells are not square with north up", "warp it to a square grid")
        problems.raise_if_any(TerrainError, title)
        height_m = _read_window(raster, Window(0, 0, dataset.width, dataset.height))
        text = None if dataset.crs is None else dataset.crs.to_string()
    _warn_impossible(raster, problems)
    size_m = float(step.a)
    mosaic = Mosaic(height_m, step.c + size_m / 2, step.f - size_m / 2, size_m, size_m, problems.problems)
    return mosaic, text


def _is_metric(crs: CRS) -> bool:
    axes = crs.axis_info
    return bool(
        crs.is_projected and axes and all(abs(axis.unit_conversion_factor - 1.0) < 1e-9 for axis in axes[:2])
    )


def _metric_crs(crs: str, problems: ProblemList) -> CRS | None:
    try:
        target = CRS.from_user_input(crs)
    except CRSError:
        problems.add("terrain", f"{crs!r} is no coordinate reference system", "for example EPSG:32637")
        return None
    if not _is_metric(target):
        unit = target.axis_info[0].unit_name if target.axis_info else "unknown"
        problems.add("terrain", f"the target {target.name!r} is in {unit}", "give a projection in metres")
        return None
    return target


def _check_bounds(
    bounds_m: tuple[float, float, float, float], cell_m: float | None, problems: ProblemList
) -> None:
    left, bottom, right, top = bounds_m
    if not all(map(math.isfinite, bounds_m)) or left >= right or bottom >= top:
        problems.add(
            "terrain", f"the bounds {bounds_m} hold no area", "give left, bottom, right, top in metres"
        )
    if cell_m is not None and not (math.isfinite(cell_m) and cell_m > 0):
        problems.add("terrain.cell", f"{cell_m} m", "give a positive size in metres")


def _open(path: Path, source_crs: str | None, problems: ProblemList) -> _Raster | None:
    """Open one raster and check that it can be an elevation model; None when it cannot."""
    where = str(path)
    if not path.is_file():
        problems.add(where, "there is no such file", "check the path")
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path)
    except RasterioError as error:
        problems.add(
            where, f"is not a raster GDAL can read ({str(error)[:120]})", "give GeoTIFF, HGT, DTED ..."
        )
        return None
    found = ProblemList()
    if dataset.count != 1:
        found.add(where, f"has {dataset.count} bands", "an elevation model has one band of heights")
    if np.dtype(dataset.dtypes[0]).kind not in "iuf":
        found.add(where, f"holds {dataset.dtypes[0]} values", "heights are real numbers")
    if dataset.transform == Affine.identity():
        found.add(where, "is not georeferenced", "give a raster with a place on earth")
    unit = (dataset.units[0] or "").strip().lower()
    if unit in FEET:
        found.add(where, f"heights are in {unit}", "convert them to metres")
    crs: CRS | None = None
    if dataset.crs is not None:
        crs = CRS.from_wkt(dataset.crs.to_wkt())
    elif source_crs == LOCAL_METRES:
        crs = CRS.from_wkt(LOCAL_METRES)
    elif source_crs is not None:
        try:
            crs = CRS.from_user_input(source_crs)
        except CRSError:
            found.add(where, f"{source_crs!r} is no coordinate reference system", "for example EPSG:4326")
    else:
        found.add(where, "carries no coordinate reference system", "set `source_crs`, for example EPSG:4326")
    problems.extend(found.problems)
    if found.has_errors() or crs is None:
        dataset.close()
        return None
    finest_m, coarsest_m = _ground_spacing(dataset, crs)
    return _Raster(path, dataset, crs, finest_m, coarsest_m)


def _ground_spacing(dataset: Any, crs: CRS) -> tuple[float, float]:
    """Return the geometric mean and the greater of the two cell sides on the ground (m), at the centre."""
    step = dataset.transform
    across, down = math.hypot(step.a, step.d), math.hypot(step.b, step.e)
    if crs.is_geographic:
        _, middle = _apply(step, dataset.width / 2, dataset.height / 2)
        degree_m = math.radians(1.0) * crs.ellipsoid.semi_major_metre if crs.ellipsoid else math.nan
        across, down = across * degree_m * max(math.cos(math.radians(middle)), 0.01), down * degree_m
    else:
        factor = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
        across, down = across * factor, down * factor
    return math.sqrt(across * down), max(across, down)


def _meets(raster: _Raster, target: CRS, bounds_m: tuple[float, float, float, float]) -> bool:
    left, bottom, right, top = _bounds_in(raster.crs, target, bounds_m)
    box = raster.dataset.bounds
    low, high = min(box.bottom, box.top), max(box.bottom, box.top)
    return bool(left < box.right and right > box.left and bottom < high and top > low)


def _bounds_in(source: CRS, target: CRS, bounds_m: tuple[float, float, float, float]) -> tuple[float, ...]:
    """Return target bounds expressed in the source's CRS, edges bent and all."""
    transformer = Transformer.from_crs(target, source, always_xy=True)
    return tuple(float(edge) for edge in transformer.transform_bounds(*bounds_m, densify_pts=51))


def _warp_into(
    height_m: NDArray[np.float32], raster: _Raster, target: CRS, left: float, top: float, cell_m: float
) -> None:
    """Fill the still unknown cells of the target from one raster, block by block."""
    n_rows, n_cols = height_m.shape
    dataset = raster.dataset
    # A fine raster under a coarse grid has many source cells a block: shrink the block, not the machine.
    block = max(16, int(BLOCK_CELLS * min(1.0, raster.finest_m / cell_m)))
    for row in range(0, n_rows, block):
        for col in range(0, n_cols, block):
            part = height_m[row : row + block, col : col + block]
            unknown = np.isnan(part)
            if not unknown.any():
                continue
            corner = Affine(cell_m, 0, left + col * cell_m, 0, -cell_m, top - row * cell_m)
            rows, cols = part.shape
            block_bounds = (corner.c, corner.f - rows * cell_m, corner.c + cols * cell_m, corner.f)
            bounds = _bounds_in(raster.crs, target, block_bounds)
            # GDAL widens its bilinear kernel by the ratio of cell sizes when it coarsens.
            window = _source_window(dataset, bounds, SOURCE_PADDING + math.ceil(cell_m / raster.finest_m))
            if window is None:
                continue
            warped = np.full(part.shape, np.nan, np.float32)
            reproject(
                _read_window(raster, window),
                warped,
                src_transform=_window_step(dataset.transform, window),
                src_crs=raster.crs.to_wkt(),
                dst_transform=corner,
                dst_crs=target.to_wkt(),
                src_nodata=np.nan,
                dst_nodata=np.nan,
                resampling=Resampling.bilinear,
            )
            new = unknown & np.isfinite(warped)
            part[new] = warped[new]
            raster.n_used += int(new.sum())


def _apply(step: Affine, x: float, y: float) -> tuple[float, float]:
    """Apply an affine map to one point (its own operator differs between releases of `affine`)."""
    return step.a * x + step.b * y + step.c, step.d * x + step.e * y + step.f


def _window_step(step: Affine, window: Window) -> Affine:
    x, y = _apply(step, window.col_off, window.row_off)
    return Affine(step.a, step.b, x, step.d, step.e, y)


def _source_window(dataset: Any, bounds: tuple[float, ...], padding: int) -> Window | None:
    """Return the padded window of the source that the bounds need, None when they miss it."""
    left, bottom, right, top = bounds
    corners = [_apply(~dataset.transform, x, y) for x in (left, right) for y in (bottom, top)]
    cols, rows = [c for c, _ in corners], [r for _, r in corners]
    col_from = max(0, math.floor(min(cols)) - padding)
    row_from = max(0, math.floor(min(rows)) - padding)
    col_to = min(dataset.width, math.ceil(max(cols)) + padding)
    row_to = min(dataset.height, math.ceil(max(rows)) + padding)
    if col_from >= col_to or row_from >= row_to:
        return None
    return Window(col_from, row_from, col_to - col_from, row_to - row_from)


def _read_window(raster: _Raster, window: Window) -> NDArray[np.float32]:
    """Read heights in metres; no-data and impossible values as NaN (int16 voids are often undeclared)."""
    dataset = raster.dataset
    masked = dataset.read(1, window=window, masked=True)
    height_m = np.asarray(np.ma.getdata(masked), dtype=np.float32) * np.float32(dataset.scales[0])
    height_m += np.float32(dataset.offsets[0])
    height_m[np.ma.getmaskarray(masked)] = np.nan
    impossible = np.isfinite(height_m) & ((height_m < LOWEST_GROUND_M) | (height_m > HIGHEST_GROUND_M))
    impossible |= np.isinf(height_m)
    raster.n_impossible += int(impossible.sum())
    height_m[impossible] = np.nan
    return height_m


def _warn_impossible(raster: _Raster, problems: ProblemList) -> None:
    if raster.n_impossible:
        problems.warn(
            str(raster.path),
            f"{raster.n_impossible:,} heights are impossible on earth and were taken as unknown",
            "declare the file's no-data value",
        )
