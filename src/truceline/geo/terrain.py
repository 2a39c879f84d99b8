"""Hold the ground: a metric grid of heights, how it was read, what it covers and how rough it is.

Metres everywhere: heights above the model's own datum, positions in a metric projection, row 0 in the north.
It reads any elevation raster GDAL reads and warps it once; it never invents heights (unknown stays NaN unless
the caller names a fill) and knows nothing of observers (see `visibility`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from truceline.errors import Problem, ProblemList, TerrainError

if TYPE_CHECKING:
    from truceline.geo._mosaic import Mosaic

Surface = Literal["surface", "bare_earth"]

CELLS_MAX = 400_000_000
"""Largest grid built (1.6 GB of heights): a bound on what a mistyped cell size can cost, not on the world."""

RELIEF_WINDOW_M = 1_000.0
"""Side of the windows in which local relief is measured; landscapes are named by it."""

STRETCHES_SHOWN = 5
"""How many uncovered stretches a message lists before it counts the rest."""

FILES_NAMED = 3
"""How many files a sentence names before it counts the rest."""

ROWS_AT_ONCE = 256
"""Rows looked at together where a whole grid is checked."""

SHARE_SHOWN_MIN = 0.001
"""Smallest share printed as a figure."""


@dataclass(frozen=True)
class HeightFile:
    """One raster to cut from."""

    path: Path
    content: str
    """Hash of its bytes, and of those of the files it is made of."""
    crs: str | None = None
    """What its places mean where it does not say so itself."""


@dataclass(frozen=True)
class Reach:
    """Ground that somebody will look at: all within a distance of a line."""

    line: shapely.Geometry
    """In the projection of the terrain."""
    distance_m: float


@dataclass(frozen=True, eq=False)
class Terrain:
    """A grid of heights in a metric projection; frozen, its array read-only."""

    height_m: NDArray[np.float32]
    """Heights in metres, (rows, cols), row growing southward; NaN where nobody knows."""
    x_origin_m: float
    """Easting of the centre of cell (0, 0)."""
    y_origin_m: float
    """Northing of the centre of cell (0, 0)."""
    cell_m: float
    """Side of a square cell."""
    crs: str | None
    """The metric projection, as text pyproj understands; None for local coordinates."""
    surface: Surface
    """`surface` holds roofs and tree tops, `bare_earth` the ground alone."""
    source: str
    """Where the heights come from, for people."""
    native_cell_m: float | None = None
    """Coarsest spacing of the data behind the grid; a fine grid over coarse data is still coarse."""
    warnings: tuple[Problem, ...] = field(default=())
    """What was odd but tolerable while reading."""
    n_outside: int = 0
    """Cells beyond reach of the line: unknown because nobody asked, so they are no voids."""

    def __post_init__(self) -> None:
        problems = ProblemList()
        height_m = np.ascontiguousarray(self.height_m, dtype=np.float32)
        if height_m.ndim != 2 or height_m.size == 0:
            problems.add("terrain", f"the grid of heights has shape {height_m.shape}", "give rows x columns")
        elif not any(np.isfinite(part).any() for part in _in_bands(height_m)):
            problems.add(
                "terrain",
                "the elevation model holds no height at all inside the area asked for",
                "check its no-data value and its place, or leave `terrain:` out for statistical sight",
            )
        elif any(np.isinf(part).any() for part in _in_bands(height_m)):
            problems.add("terrain", "the grid holds infinite heights", "mark unknown heights as no data")
        if not (math.isfinite(self.cell_m) and self.cell_m > 0):
            problems.add("terrain", f"the cell size is {self.cell_m} m", "give a positive size in metres")
        if self.surface not in ("surface", "bare_earth"):
            problems.add("terrain", f"surface is {self.surface!r}", "write `surface` or `bare_earth`")
        problems.raise_if_any(TerrainError, "The elevation model cannot be used")
        # A private read-only view: the compiled loops rely on it, and a frozen record should be one.
        height_m = height_m.view()
        height_m.flags.writeable = False
        object.__setattr__(self, "height_m", height_m)

    @property
    def resolution_m(self) -> float:
        """What the heights really resolve (m): the coarser of the grid and the data behind it."""
        return max(self.cell_m, self.native_cell_m or 0.0)

    @property
    def unknown_share(self) -> float:
        """Share of the ground asked for whose height is unknown."""
        n_unknown = sum(int(np.isnan(part).sum()) for part in _in_bands(self.height_m)) - self.n_outside
        return n_unknown / max(self.height_m.size - self.n_outside, 1)

    def xy_of(self, row: ArrayLike, col: ArrayLike) -> NDArray[np.float64]:
        """Return the metric position (n, 2) of grid positions, whole or fractional."""
        rows, cols = np.broadcast_arrays(np.asarray(row, float), np.asarray(col, float))
        x = self.x_origin_m + cols * self.cell_m
        y = self.y_origin_m - rows * self.cell_m
        return np.stack([np.atleast_1d(x), np.atleast_1d(y)], axis=-1)


def _in_bands(height_m: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Yield rows a few at a time: a mask of a whole large grid would cost a quarter of its memory."""
    for row in range(0, len(height_m), ROWS_AT_ONCE):
        yield height_m[row : row + ROWS_AT_ONCE]


def read_terrain(
    paths: Iterable[str | Path] | str | Path,
    *,
    crs: str,
    bounds_m: tuple[float, float, float, float],
    cell_m: float | None = None,
    surface: Surface,
    source: str = "",
    source_crs: str | None = None,
    fill_unknown_m: float | None = None,
    cells_max: int = CELLS_MAX,
    reach: Reach | None = None,
) -> Terrain:
    """Read, mosaic and warp elevation rasters to a metric grid over `bounds_m` (left, bottom, right, top).

    Bilinear; where rasters overlap the one named first wins. `cell_m` defaults to the finest raster's own
    spacing, made coarser (with a warning) where that would be more than `cells_max` cells. `source_crs` is
    for rasters that carry none. With `reach`, ground farther from the line is not read and stays unknown.
    Other unknown heights stay NaN too, which hides nothing and is never seen, and are told as a warning with
    their share; `fill_unknown_m` (0 for a sea left blank) puts a height there instead.

    Raises TerrainError with all problems: files that are missing or no elevation model, no CRS, a target that
    is not metric, an empty area, a `cell_m` that makes more than `cells_max` cells, no height at all.
    """
    from truceline.geo import _mosaic  # late: brings in GDAL

    listed = [Path(path) for path in ([paths] if isinstance(paths, (str, Path)) else paths)]
    mosaic = _mosaic.read_mosaic(
        [(path, source_crs) for path in listed],
        crs=crs,
        bounds_m=bounds_m,
        cell_m=cell_m,
        cells_max=cells_max,
        reach=reach,
    )
    return terrain_from_mosaic(
        mosaic, crs=crs, surface=surface, source=source or name_files(listed), fill_unknown_m=fill_unknown_m
    )


def name_files(paths: Sequence[Path]) -> str:
    """Return the names of some files for people: the first three, and how many more there are."""
    names = ", ".join(path.name for path in paths[:FILES_NAMED])
    return names + (f" and {len(paths) - FILES_NAMED:,} more" if len(paths) > FILES_NAMED else "")


def terrain_from_mosaic(
    mosaic: Mosaic, *, crs: str, surface: Surface, source: str, fill_unknown_m: float | None
) -> Terrain:
    """Make a terrain of heights just read or cut: fill what is unknown, or say how much that is.

    Fills the mosaic's own array. Raises TerrainError when there is no height at all.
    """
    height_m = mosaic.height_m
    n_asked = n_unknown = 0
    for block in mosaic.blocks():
        unknown = np.isnan(height_m[block])
        n_asked += unknown.size
        n_unknown += int(unknown.sum())
    problems = ProblemList()
    problems.extend(mosaic.warnings)
    share = n_unknown / max(n_asked, 1)
    if 0.0 < share < 1.0:
        if fill_unknown_m is None:
            problems.warn(
                "terrain",
                f"{_small_share(share)} of the area has no heights: it hides nothing and is never seen",
                "give more tiles, or `fill_unknown: 0 m` if it is sea",
            )
        else:
            for block in mosaic.blocks():
                height_m[block][np.isnan(height_m[block])] = fill_unknown_m
            found = f"{_small_share(share)} of the area had no heights; taken as {fill_unknown_m:g} m"
            problems.warn("terrain", found)
    return Terrain(
        height_m,
        x_origin_m=mosaic.x_origin_m,
        y_origin_m=mosaic.y_origin_m,
        cell_m=mosaic.cell_m,
        crs=crs,
        surface=surface,
        source=source,
        native_cell_m=mosaic.native_cell_m,
        warnings=problems.problems,
        n_outside=height_m.size - n_asked,
    )


def _small_share(share: float) -> str:
    """Return a share that is neither none nor all, and does not look like either."""
    if share < SHARE_SHOWN_MIN:
        return f"less than {SHARE_SHOWN_MIN:.1%}"
    return f"{min(share, 1 - SHARE_SHOWN_MIN):.1%}"


def read_terrain_as_is(path: str | Path, *, surface: Surface, source: str = "") -> Terrain:
    """Read one raster that already lies on a square metric grid, cell for cell and without warping.

    A raster without CRS is taken as local metres. Raises TerrainError for one in degrees, turned or sheared,
    or with cells that are not square.
    """
    from truceline.geo import _mosaic

    mosaic, crs = _mosaic.read_unwarped(Path(path), cells_max=CELLS_MAX)
    return Terrain(
        mosaic.height_m,
        x_origin_m=mosaic.x_origin_m,
        y_origin_m=mosaic.y_origin_m,
        cell_m=mosaic.cell_m,
        crs=crs,
        surface=surface,
        source=source or Path(path).name,
        native_cell_m=mosaic.native_cell_m,
        warnings=mosaic.warnings,
    )


def locate_on_grid(
    terrain: Terrain, xy_m: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Turn metric positions (n, 2) into fractional rows and columns, and tell which lie on the grid.

    The grid ends half a cell beyond the outer centres; positions in that rim are moved on to the outer
    centres. Positions outside get row and column 0 and False.
    """
    xy = np.asarray(xy_m, dtype=np.float64).reshape(-1, 2)
    n_rows, n_cols = terrain.height_m.shape
    row = (terrain.y_origin_m - xy[:, 1]) / terrain.cell_m
    col = (xy[:, 0] - terrain.x_origin_m) / terrain.cell_m
    inside = (row >= -0.5) & (row <= n_rows - 0.5) & (col >= -0.5) & (col <= n_cols - 0.5)
    row = np.where(inside, np.clip(row, 0.0, n_rows - 1.0), 0.0)
    col = np.where(inside, np.clip(col, 0.0, n_cols - 1.0), 0.0)
    return row, col, inside


def sample_heights(terrain: Terrain, xy_m: ArrayLike) -> NDArray[np.float64]:
    """Return the ground height (m) at metric positions (n, 2): bilinear between the four nearest centres.

    NaN outside the grid and where the nearest centre is unknown; beside unknown ground the known centres
    share its weight.
    """
    row, col, inside = locate_on_grid(terrain, xy_m)
    n_rows, n_cols = terrain.height_m.shape
    north = np.minimum(row.astype(np.int64), max(n_rows - 2, 0))
    west = np.minimum(col.astype(np.int64), max(n_cols - 2, 0))
    south, east = np.minimum(north + 1, n_rows - 1), np.minimum(west + 1, n_cols - 1)
    down, right = row - north, col - west
    total = np.zeros(row.shape)
    weight = np.zeros(row.shape)
    for i, j, share in (
        (north, west, (1 - down) * (1 - right)),
        (north, east, (1 - down) * right),
        (south, west, down * (1 - right)),
        (south, east, down * right),
    ):
        corner = terrain.height_m[i, j].astype(np.float64)
        known = np.isfinite(corner)
        total += np.where(known, share * np.where(known, corner, 0.0), 0.0)
        weight += np.where(known, share, 0.0)
    nearest = terrain.height_m[np.rint(row).astype(np.int64), np.rint(col).astype(np.int64)]
    usable = inside & np.isfinite(nearest) & (weight > 0)
    return np.where(usable, total / np.where(weight > 0, weight, 1.0), np.nan)


@dataclass(frozen=True)
class Gap:
    """A run of neighbouring points without heights."""

    first: int
    """Number of its first point."""
    last: int
    is_outside: bool
    """True beyond the elevation model, False for unknown ground inside it."""

    @property
    def n(self) -> int:
        """Number of points."""
        return self.last - self.first + 1


def find_gaps(terrain: Terrain, points_xy_m: ArrayLike) -> tuple[Gap, ...]:
    """Return the runs of points (n, 2), taken in order, at which the terrain has no height."""
    xy = np.asarray(points_xy_m, dtype=np.float64).reshape(-1, 2)
    _, _, inside = locate_on_grid(terrain, xy)
    missing = np.isnan(sample_heights(terrain, xy))
    # 0 = has a height, 1 = unknown inside the model, 2 = outside it; a gap is a run of one kind.
    kind = np.where(missing, np.where(inside, 1, 2), 0)
    breaks = np.flatnonzero(np.diff(kind)) + 1
    runs = np.split(np.arange(len(kind)), breaks) if len(kind) else []
    return tuple(Gap(int(run[0]), int(run[-1]), bool(kind[run[0]] == 2)) for run in runs if kind[run[0]])


def check_terrain_covers(
    terrain: Terrain,
    points_xy_m: ArrayLike,
    labels: Sequence[str],
    *,
    subject: str = "the line",
    unit: str = "points",
) -> None:
    """Refuse an elevation model that lacks heights at some of the points (n, 2), and say where.

    `labels` names each point for people ("km 312"), in order along the subject, so that neighbours without
    heights can be told as one stretch; `unit` is what one point stands for ("km" for stations 1 km apart).
    Raises TerrainError listing the first stretches, each as outside the model or unknown inside it.
    """
    xy = np.asarray(points_xy_m, dtype=np.float64).reshape(-1, 2)
    if len(labels) != len(xy):
        raise ValueError(f"{len(xy)} points but {len(labels)} labels")
    gaps = find_gaps(terrain, xy)
    if not gaps:
        return
    problems = ProblemList()
    for gap in gaps[:STRETCHES_SHOWN]:
        why = "outside the elevation model" if gap.is_outside else "no data in the elevation model"
        problems.add(name_gap(gap, labels), why)
    hint = "give more tiles, or leave `terrain:` out for statistical sight"
    if not all(gap.is_outside for gap in gaps):
        hint += "; if the blank ground is sea, set `fill_unknown: 0 m`"
    rest = f" (and {len(gaps) - STRETCHES_SHOWN} more stretches)" if len(gaps) > STRETCHES_SHOWN else ""
    n_missing = sum(gap.n for gap in gaps)
    problems.add(
        "terrain",
        f"{n_missing:,} of {len(xy):,} {unit} have no heights, first at {labels[gaps[0].first]}{rest}",
        hint,
    )
    problems.raise_if_any(TerrainError, f"The elevation model does not cover {subject}")


def name_gap(gap: Gap, labels: Sequence[str]) -> str:
    """Return the place of a gap for people: one label, or the first and the last."""
    return labels[gap.first] if gap.n == 1 else f"{labels[gap.first]} to {labels[gap.last]}"


@dataclass(frozen=True)
class Relief:
    """How rough the ground is."""

    mean_slope_deg: float
    """Mean steepness between neighbouring cells; grows as cells shrink."""
    std_height_m: float
    """Standard deviation of all heights."""
    relief_1km_m: float
    """Median over 1 km windows of highest minus lowest; for a smaller grid, that of the whole grid."""


def describe_relief(terrain: Terrain) -> Relief:
    """Measure slope, spread of heights and relief in 1 km windows; unknown heights are left out."""
    height_m = terrain.height_m
    slopes = []
    for axis in (0, 1):
        rise = np.diff(height_m, axis=axis)
        slopes.append(rise[: height_m.shape[0] - 1, : height_m.shape[1] - 1] / terrain.cell_m)
    slope_deg = np.degrees(np.arctan(np.hypot(*slopes)))
    n = round(RELIEF_WINDOW_M / terrain.cell_m)
    n_rows, n_cols = (size // n if n else 0 for size in height_m.shape)
    if n < 2 or not n_rows or not n_cols:
        windows = height_m.reshape(1, -1)
    else:
        blocks = height_m[: n_rows * n, : n_cols * n].reshape(n_rows, n, n_cols, n)
        windows = blocks.transpose(0, 2, 1, 3).reshape(n_rows * n_cols, n * n)
    windows = windows[np.isfinite(windows).any(axis=1)]
    relief = np.nanmax(windows, axis=1) - np.nanmin(windows, axis=1) if windows.size else np.zeros(1)
    known_slopes = slope_deg[np.isfinite(slope_deg)]
    return Relief(
        mean_slope_deg=float(known_slopes.mean(dtype=np.float64)) if known_slopes.size else 0.0,
        std_height_m=float(np.nanstd(height_m, dtype=np.float64)),
        relief_1km_m=float(np.median(relief)),
    )
