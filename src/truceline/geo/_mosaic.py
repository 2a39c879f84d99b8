"""Join elevation rasters on one metric grid: warp them block by block, only where somebody will look.

Metres in the target grid; whatever the files say on the way in. Memory is bounded: the target by `cells_max`,
each warp by a block. Ground out of reach of the line is never read. Opening and checking is for `_raster`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from rasterio.enums import Resampling
from rasterio.transform import Affine
from rasterio.warp import reproject
from rasterio.windows import Window

from truceline.errors import Problem, ProblemList, TerrainError
from truceline.geo._raster import (
    LOCAL_METRES,
    Raster,
    apply,
    is_metric,
    list_parts,
    open_raster,
    read_window,
    warn_impossible,
)
from truceline.geo.terrain import Reach
from truceline.units import format_share

Bounds = tuple[float, float, float, float]
BoolArray = NDArray[np.bool_]

FILES_MAX = 10_000
BLOCK_CELLS = 2_048
"""Side of a target block (cells): one source window of four million cells at equal spacing."""
TILE_CELLS = 256
"""Side of the tiles that are read or left out by their distance from the line; also the cache's own tiles."""
TILES_IN_BLOCK = 2
"""Side of a block in tiles where tiles are left out: large blocks would read much that nobody wants."""
SOURCE_PADDING = 3
"""Cells read beyond a block, besides the ratio of cell sizes, so that its rim is warped like its inside."""
COUNTING_SHARE = 0.01
"""A coarse raster that fills less than this of the known ground does not make the whole model coarse."""
COARSER_RATIO = 1.5
"""Spacings nearer than this are one kind of model: cells in degrees shrink northward."""
CACHE_MEGABYTES = 128
"""Memory GDAL may keep unpacked blocks in; its own default is a twentieth of the machine."""
TITLE = "The elevation model cannot be read"


@dataclass(frozen=True)
class Mosaic:
    """Heights on a target grid, before they become a Terrain."""

    height_m: NDArray[np.float32]
    x_origin_m: float
    y_origin_m: float
    cell_m: float
    native_cell_m: float
    warnings: tuple[Problem, ...]
    wanted: BoolArray | None = None
    """Tiles of TILE_CELLS within reach of the line, (tile rows, tile columns); None where all is wanted."""

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        """Yield rows and columns of every wanted tile, or of the whole grid where all is wanted."""
        n_rows, n_cols = self.height_m.shape
        if self.wanted is None:
            yield slice(0, n_rows), slice(0, n_cols)
            return
        for row, col in np.argwhere(self.wanted) * TILE_CELLS:
            yield slice(row, min(row + TILE_CELLS, n_rows)), slice(col, min(col + TILE_CELLS, n_cols))


def read_mosaic(
    files: Sequence[tuple[Path, str | None]],
    *,
    crs: str,
    bounds_m: Bounds,
    cell_m: float | None,
    cells_max: int,
    reach: Reach | None = None,
) -> Mosaic:
    """Warp all rasters (path, CRS where it carries none) to one grid over the bounds.

    See `terrain.read_terrain` for meaning and errors.
    """
    problems = ProblemList()
    target = _metric_crs(crs, problems)
    _check_bounds(bounds_m, cell_m, problems)
    if not files:
        problems.add("terrain", "no file is named", "name at least one elevation raster")
    if len(files) > FILES_MAX:
        problems.add("terrain", f"{len(files):,} files", f"give at most {FILES_MAX:,}, or one mosaic (VRT)")
        files = []
    rasters: list[Raster] = []
    with rasterio.Env(GDAL_CACHEMAX=CACHE_MEGABYTES):
        try:
            for path, source_crs in files:
                raster = open_raster(path, source_crs, problems)
                if raster is not None:
                    rasters.append(raster)
                    list_parts(raster, problems)
            problems.raise_if_any(TerrainError, TITLE)
            assert target is not None  # noqa: S101  (a bad target has been raised)
            return _join(rasters, target, bounds_m, cell_m, cells_max, reach, problems)
        finally:
            for raster in rasters:
                raster.dataset.close()


def read_unwarped(path: Path, *, cells_max: int) -> tuple[Mosaic, str | None]:
    """Read one raster on a square metric grid as it is; its CRS as text, None when it carries none."""
    problems = ProblemList()
    raster = open_raster(path, LOCAL_METRES, problems)
    problems.raise_if_any(TerrainError, TITLE)
    assert raster is not None  # noqa: S101
    with raster.dataset as dataset:
        step = dataset.transform
        if dataset.width * dataset.height > cells_max:
            problems.add(str(path), f"{dataset.height:,} x {dataset.width:,} cells", f"at most {cells_max:,}")
        if dataset.crs is not None and not is_metric(raster.crs):
            problems.add(str(path), "its CRS is not in metres", "warp it to a metric projection")
        if step.b or step.d or step.a <= 0 or step.e >= 0 or not math.isclose(step.a, -step.e, rel_tol=1e-6):
            problems.add(str(path), "its cells are not square with north up", "warp it to a square grid")
        problems.raise_if_any(TerrainError, TITLE)
        height_m = read_window(raster, Window(0, 0, dataset.width, dataset.height))
        text = None if dataset.crs is None else dataset.crs.to_string()
    warn_impossible(raster, problems)
    size_m = float(step.a)
    mosaic = Mosaic(height_m, step.c + size_m / 2, step.f - size_m / 2, size_m, size_m, problems.problems)
    return mosaic, text


def count_cells(bounds_m: Bounds, cell_m: float) -> tuple[int, int]:
    """Return the rows and columns of a grid over the bounds."""
    left, bottom, right, top = bounds_m
    n_cols = max(1, math.ceil((right - left) / cell_m - 1e-9))
    n_rows = max(1, math.ceil((top - bottom) / cell_m - 1e-9))
    return n_rows, n_cols


def find_tiles(bounds_m: Bounds, cell_m: float, reach: Reach) -> BoolArray:
    """Return which tiles of a grid over the bounds come within reach of the line, (tile rows, columns)."""
    n_rows, n_cols = count_cells(bounds_m, cell_m)
    side_m = TILE_CELLS * cell_m
    left, _, _, top = bounds_m
    x = left + np.arange(math.ceil(n_cols / TILE_CELLS)) * side_m
    y = top - np.arange(math.ceil(n_rows / TILE_CELLS)) * side_m
    corner_x, corner_y = np.meshgrid(x, y)
    boxes = shapely.box(corner_x, corner_y - side_m, corner_x + side_m, corner_y)
    shapely.prepare(reach.line)
    near: BoolArray = shapely.dwithin(reach.line, boxes, reach.distance_m)
    return near


def wanted_cells(wanted: BoolArray, rows: slice, cols: slice) -> BoolArray:
    """Return which cells of a window (rows and columns of the grid) lie in wanted tiles."""
    of_row = np.arange(rows.start, rows.stop) // TILE_CELLS
    of_col = np.arange(cols.start, cols.stop) // TILE_CELLS
    cells: BoolArray = wanted[of_row[:, None], of_col[None, :]]
    return cells


def _join(
    rasters: list[Raster],
    target: CRS,
    bounds_m: Bounds,
    cell_m: float | None,
    cells_max: int,
    reach: Reach | None,
    problems: ProblemList,
) -> Mosaic:
    near = [raster for raster in rasters if _meets(raster, target, bounds_m)]
    if not near:
        found = f"none of the {len(rasters)} raster(s) touches the area of the line"
        problems.add("terrain", found, "check that the tiles belong to this place")
        problems.raise_if_any(TerrainError, TITLE)
    size_m = _choose_cell(near, bounds_m, cell_m, cells_max, problems)
    height_m = np.full(count_cells(bounds_m, size_m), np.nan, np.float32)
    wanted = None if reach is None else find_tiles(bounds_m, size_m, reach)
    for raster in near:
        _warp_into(height_m, raster, target, bounds_m, size_m, wanted)
        warn_impossible(raster, problems)
    return Mosaic(
        height_m=height_m,
        x_origin_m=bounds_m[0] + size_m / 2,
        y_origin_m=bounds_m[3] - size_m / 2,
        cell_m=size_m,
        native_cell_m=_judge_spacing(near, problems),
        warnings=problems.problems,
        wanted=wanted,
    )


def _choose_cell(
    near: list[Raster], bounds_m: Bounds, cell_m: float | None, cells_max: int, problems: ProblemList
) -> float:
    """Return the cell asked for, or else the finest spacing there is, coarsened to what fits."""
    size_m = cell_m if cell_m is not None else min(raster.finest_m for raster in near)
    n_rows, n_cols = count_cells(bounds_m, size_m)
    if n_rows * n_cols <= cells_max:
        return size_m
    fits_m = float(math.ceil(size_m * math.sqrt(n_rows * n_cols / cells_max)))
    while math.prod(count_cells(bounds_m, fits_m)) > cells_max:  # rounding up to whole cells costs a little
        fits_m += 1.0
    found = f"{n_rows:,} x {n_cols:,} cells of {size_m:g} m are more than {cells_max:,}"
    if cell_m is not None:
        problems.add("terrain", found, f"set a cell of {fits_m:,.0f} m or more, or a smaller area")
        problems.raise_if_any(TerrainError, TITLE)
    hint = "plan a shorter stretch of line to use all they show"
    problems.warn("terrain", f"{found}; heights are resampled to {fits_m:,.0f} m", hint)
    return fits_m


def _judge_spacing(near: list[Raster], problems: ProblemList) -> float:
    """Return the coarsest spacing that carries some share of the ground, and say what does not count."""
    used = [raster for raster in near if raster.n_used] or near
    total = sum(raster.n_used for raster in used)
    by_spacing = sorted(used, key=lambda raster: raster.coarsest_m)
    coarser, native_m = 0, by_spacing[0].coarsest_m
    for raster in reversed(by_spacing):
        if coarser + raster.n_used > COUNTING_SHARE * total:
            native_m = raster.coarsest_m
            break
        coarser += raster.n_used
    worst_m = by_spacing[-1].coarsest_m
    if coarser and worst_m > COARSER_RATIO * native_m:
        found = f"{format_share(coarser / total, 1)} of the heights rest on cells of up to {worst_m:,.0f} m"
        problems.warn("terrain", found, "they are used; give finer tiles there")
    systems = sorted({_datum_of(raster.crs) for raster in used})
    if len(systems) > 1:
        found = f"the files use {len(systems)} datums ({'; '.join(systems)})"
        problems.warn("terrain", found, "places are converted, heights are not: expect steps where they meet")
    return native_m


def _datum_of(crs: CRS) -> str:
    """Return the names of the datums behind a CRS, across and up."""
    parts = crs.sub_crs_list if crs.is_compound else [crs]
    names = []
    for part in parts:
        base = part.geodetic_crs if part.geodetic_crs is not None else part
        names.append(base.name)
    return " + ".join(names)


def _metric_crs(crs: str, problems: ProblemList) -> CRS | None:
    try:
        target = CRS.from_user_input(crs)
    except CRSError:
        problems.add("terrain", f"{crs!r} is no coordinate reference system", "for example EPSG:32637")
        return None
    if not is_metric(target):
        unit = target.axis_info[0].unit_name if target.axis_info else "unknown"
        problems.add("terrain", f"the target {target.name!r} is in {unit}", "give a projection in metres")
        return None
    return target


def _check_bounds(bounds_m: Bounds, cell_m: float | None, problems: ProblemList) -> None:
    left, bottom, right, top = bounds_m
    if not all(map(math.isfinite, bounds_m)) or left >= right or bottom >= top:
        problems.add(
            "terrain", f"the bounds {bounds_m} hold no area", "give left, bottom, right, top in metres"
        )
    if cell_m is not None and not (math.isfinite(cell_m) and cell_m > 0):
        problems.add("terrain.cell", f"{cell_m} m", "give a positive size in metres")


def _meets(raster: Raster, target: CRS, bounds_m: Bounds) -> bool:
    left, bottom, right, top = _bounds_in(raster.crs, target, bounds_m)
    box = raster.dataset.bounds
    low, high = min(box.bottom, box.top), max(box.bottom, box.top)
    return bool(left < box.right and right > box.left and bottom < high and top > low)


def _bounds_in(source: CRS, target: CRS, bounds_m: Bounds) -> Bounds:
    """Return target bounds expressed in the source's CRS, edges bent and all."""
    transformer = Transformer.from_crs(target, source, always_xy=True)
    left, bottom, right, top = transformer.transform_bounds(*bounds_m, densify_pts=51)
    return float(left), float(bottom), float(right), float(top)


def _covered_part(
    raster: Raster, target: CRS, bounds_m: Bounds, cell_m: float, shape: tuple[int, int]
) -> tuple[slice, slice]:
    """Return rows and columns of the target that the raster can fill, a cell more on each side."""
    box = raster.dataset.bounds
    edges = (box.left, min(box.bottom, box.top), box.right, max(box.bottom, box.top))
    try:
        to_target = Transformer.from_crs(raster.crs, target, always_xy=True)
        west, south, east, north = to_target.transform_bounds(*edges, densify_pts=51)
    except ProjError:
        return slice(0, shape[0]), slice(0, shape[1])
    if not all(map(math.isfinite, (west, south, east, north))):
        return slice(0, shape[0]), slice(0, shape[1])  # a raster of half the world has no box in one zone
    left, _, _, top = bounds_m
    rows = _clip((top - north) / cell_m, (top - south) / cell_m, shape[0])
    return rows, _clip((west - left) / cell_m, (east - left) / cell_m, shape[1])


def _clip(start: float, stop: float, n: int) -> slice:
    return slice(min(max(math.floor(start) - 1, 0), n), min(max(math.ceil(stop) + 1, 0), n))


def _warp_into(
    height_m: NDArray[np.float32],
    raster: Raster,
    target: CRS,
    bounds_m: Bounds,
    cell_m: float,
    wanted: BoolArray | None,
) -> None:
    """Fill the still unknown cells of the target from one raster, block by block."""
    # A fine raster under a coarse grid has many source cells a block: shrink the block, not the machine.
    block = max(16, int(BLOCK_CELLS * min(1.0, raster.finest_m / cell_m)))
    if wanted is not None:
        block = min(block, TILES_IN_BLOCK * TILE_CELLS)
    n_rows, n_cols = height_m.shape
    rows, cols = _covered_part(raster, target, bounds_m, cell_m, height_m.shape)
    for row in range(rows.start // block * block, rows.stop, block):
        for col in range(cols.start // block * block, cols.stop, block):
            across = slice(row, min(row + block, n_rows)), slice(col, min(col + block, n_cols))
            part = height_m[across]
            fill = np.isnan(part)
            if wanted is not None:
                fill &= wanted_cells(wanted, *across)
            if not fill.any():
                continue
            corner = Affine(cell_m, 0, bounds_m[0] + col * cell_m, 0, -cell_m, bounds_m[3] - row * cell_m)
            warped = _warp_block(raster, target, corner, part.shape)
            if warped is None:
                continue
            fill &= np.isfinite(warped)
            part[fill] = warped[fill]
            raster.n_used += int(fill.sum())


def _warp_block(
    raster: Raster, target: CRS, corner: Affine, shape: tuple[int, ...]
) -> NDArray[np.float32] | None:
    """Return the raster's heights on one block of the target; None where the raster does not reach."""
    cell_m, (n_rows, n_cols) = corner.a, shape
    block = (corner.c, corner.f - n_rows * cell_m, corner.c + n_cols * cell_m, corner.f)
    bounds = _bounds_in(raster.crs, target, block)
    # GDAL widens its bilinear kernel by the ratio of cell sizes when it coarsens.
    window = _source_window(raster, bounds, SOURCE_PADDING + math.ceil(cell_m / raster.finest_m))
    if window is None:
        return None
    step = raster.dataset.transform
    x, y = apply(step, window.col_off, window.row_off)
    warped = np.full(shape, np.nan, np.float32)
    reproject(
        read_window(raster, window),
        warped,
        src_transform=Affine(step.a, step.b, x, step.d, step.e, y),
        src_crs=raster.crs.to_wkt(),
        dst_transform=corner,
        dst_crs=target.to_wkt(),
        src_nodata=np.nan,
        dst_nodata=np.nan,
        resampling=Resampling.bilinear,
    )
    return warped


def _source_window(raster: Raster, bounds: Bounds, padding: int) -> Window | None:
    """Return the padded window of the source that the bounds need, None when they miss it."""
    dataset = raster.dataset
    left, bottom, right, top = bounds
    corners = [apply(~dataset.transform, x, y) for x in (left, right) for y in (bottom, top)]
    cols, rows = [c for c, _ in corners], [r for _, r in corners]
    col_from = max(0, math.floor(min(cols)) - padding)
    row_from = max(0, math.floor(min(rows)) - padding)
    col_to = min(dataset.width, math.ceil(max(cols)) + padding)
    row_to = min(dataset.height, math.ceil(max(rows)) + padding)
    if col_from >= col_to or row_from >= row_to:
        return None
    return Window(col_from, row_from, col_to - col_from, row_to - row_from)
