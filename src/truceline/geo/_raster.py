"""Open elevation rasters one at a time: refuse what is none, say what it is, read windows of it in metres.

Heights in metres; places in whatever coordinates the file uses. Never reads a whole file unasked: a window,
or a sample of its blocks. No heights are invented: impossible ones become NaN. Joining rasters is for
`_mosaic`; all GDAL stays in these two and in `corridor`.
"""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import unescape

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.transform import Affine
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
BLOCK_CELLS_MAX = 64_000_000
"""Largest block of a file that is read: GDAL unpacks a block whole, however little of it is wanted."""
SAMPLED_BLOCKS = 64
SAMPLED_CELLS = 4_000_000
"""How much of a file is looked at to estimate its voids: so many blocks and about so many cells at most."""
CELLS_TO_SEE_SLOPE = 2
"""Fewest cells along either side: a strip one cell wide has no slope and warps to nothing."""
SIDE_FILES = (".xml", ".ovr")
"""Files beside a raster that other programs rewrite without touching a height: statistics, overviews."""
_UNIT_TOLERANCE = 1e-9
_VRT_SOURCE = re.compile(r'<SourceFilename(?:[^>]*relativeToVRT="([01])")?[^>]*>([^<]+)<')


@dataclass
class Raster:
    """One opened raster that passed its checks; the caller closes it."""

    path: Path
    dataset: Any
    crs: CRS
    finest_m: float
    """Geometric mean of the sides of a cell on the ground, at the centre."""
    coarsest_m: float
    """The longer side."""
    n_impossible: int = 0
    """Heights read so far that no ground can have."""
    n_used: int = 0
    """Cells of a target filled from this raster."""

    @property
    def in_degrees(self) -> bool:
        """Tell whether places are longitudes and latitudes."""
        return bool(self.crs.is_geographic)

    @property
    def bounds_deg(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north in degrees; None for a place nobody can compute."""
        box = self.dataset.bounds
        edges = (box.left, min(box.bottom, box.top), box.right, max(box.bottom, box.top))
        try:
            to_degrees = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
            found = tuple(float(edge) for edge in to_degrees.transform_bounds(*edges, densify_pts=21))
        except ProjError:
            return None
        west, south, east, north = found
        return (west, south, east, north) if all(map(math.isfinite, found)) else None


def open_raster(path: Path, source_crs: str | None, problems: ProblemList) -> Raster | None:
    """Open one raster and check that it can be an elevation model; None when it cannot, and why is noted."""
    where = str(path)
    if not path.is_file():
        hint = "name the files in it" if path.is_dir() else "check the path"
        problems.add(where, "is a folder" if path.is_dir() else "there is no such file", hint)
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path)
    except RasterioError as error:
        reason = str(error).replace(str(path), path.name)[:120]
        problems.add(where, f"is not a raster GDAL can read ({reason})", "give GeoTIFF, VRT, HGT or DTED")
        return None
    found = ProblemList()
    crs = _find_crs(dataset, source_crs, where, found)
    _check_shape(dataset, where, found)
    _check_heights(dataset, crs, where, found)
    problems.extend(found.problems)
    if found.has_errors() or crs is None:
        dataset.close()
        return None
    finest_m, coarsest_m = _ground_spacing(dataset, crs)
    return Raster(path, dataset, crs, finest_m, coarsest_m)


def list_parts(raster: Raster, problems: ProblemList) -> tuple[Path, ...] | None:
    """Return the other files a raster is made of (the tiles of a VRT); None, and noted, when some are gone.

    A mosaic whose tiles are on another machine, or have moved, would be read as one great void.
    """
    own = raster.path.resolve()
    parts: list[Path] = []
    missing: list[str] = []
    names = [Path(name) for name in raster.dataset.files]
    if raster.dataset.driver == "VRT":
        names += _sources_of_vrt(raster.path)
    for part in dict.fromkeys(names):
        try:
            is_here = part.is_file()
        except OSError:
            is_here = False
        if not is_here:
            missing.append(str(part))
        elif part.resolve() != own and part.suffix.lower() not in SIDE_FILES:
            parts.append(part)
    if missing:
        found = f"names {len(missing):,} file(s) that are not on this machine, first {missing[0]}"
        problems.add(str(raster.path), found, "put them where it says, or make the mosaic again")
        return None
    return tuple(parts)


def is_metric(crs: CRS) -> bool:
    """Tell whether a CRS is a projection in metres."""
    axes = crs.axis_info
    return bool(
        crs.is_projected
        and axes
        and all(abs(axis.unit_conversion_factor - 1.0) < _UNIT_TOLERANCE for axis in axes[:2])
    )


def read_window(raster: Raster, window: Window) -> NDArray[np.float32]:
    """Read heights in metres; no-data and impossible values as NaN (int16 voids are often undeclared).

    Raises TerrainError where the file is damaged or cut short.
    """
    dataset = raster.dataset
    try:
        masked = dataset.read(1, window=window, masked=True)
    except RasterioError:
        hint = "copy it from its source again"
        problem = Problem(str(raster.path), "is damaged: part of its heights cannot be read", hint)
        raise TerrainError("The elevation model cannot be read", [problem]) from None
    height_m = np.asarray(np.ma.getdata(masked), dtype=np.float32) * np.float32(dataset.scales[0])
    height_m += np.float32(dataset.offsets[0])
    height_m[np.ma.getmaskarray(masked)] = np.nan
    impossible = np.isfinite(height_m) & ((height_m < LOWEST_GROUND_M) | (height_m > HIGHEST_GROUND_M))
    impossible |= np.isinf(height_m)
    raster.n_impossible += int(impossible.sum())
    height_m[impossible] = np.nan
    return height_m


@dataclass(frozen=True)
class HeightSample:
    """What some blocks of a raster hold."""

    n_cells: int
    void_share: float
    """Share of the cells looked at that have no height, impossible ones included."""
    impossible_share: float
    low_m: float
    high_m: float
    """Lowest and highest height seen; NaN where there was none."""


def sample_voids(raster: Raster) -> HeightSample:
    """Look at some blocks spread over the raster and say what they hold; the same blocks every time.

    Reads whole blocks as the file stores them, so that a file of any size costs about the same.
    """
    dataset = raster.dataset
    block_rows, block_cols = dataset.block_shapes[0]
    down, across = math.ceil(dataset.height / block_rows), math.ceil(dataset.width / block_cols)
    n_most = max(4, min(SAMPLED_BLOCKS, SAMPLED_CELLS // max(1, block_rows * block_cols)))
    n_across = min(across, max(1, round(math.sqrt(n_most * across / down))))
    n_down = min(down, max(1, n_most // n_across))
    n_cells = n_void = 0
    low_m, high_m = math.inf, -math.inf
    before = raster.n_impossible
    for row in _spread(down, n_down):
        for col in _spread(across, n_across):
            left, top = col * block_cols, row * block_rows
            window = Window(
                left, top, min(block_cols, dataset.width - left), min(block_rows, dataset.height - top)
            )
            height_m = read_window(raster, window)
            known = height_m[np.isfinite(height_m)]
            n_cells += height_m.size
            n_void += height_m.size - known.size
            if known.size:
                low_m, high_m = min(low_m, float(known.min())), max(high_m, float(known.max()))
    n_impossible, raster.n_impossible = raster.n_impossible - before, before
    if low_m > high_m:
        low_m = high_m = math.nan
    return HeightSample(n_cells, n_void / n_cells, n_impossible / n_cells, low_m, high_m)


def warn_impossible(raster: Raster, problems: ProblemList) -> None:
    """Note how many impossible heights were met while reading."""
    if raster.n_impossible:
        problems.warn(
            str(raster.path),
            f"{raster.n_impossible:,} heights are impossible on earth and were taken as unknown",
            "declare the file's no-data value",
        )


def _find_crs(dataset: Any, source_crs: str | None, where: str, found: ProblemList) -> CRS | None:
    if dataset.transform == Affine.identity():
        found.add(where, "is not georeferenced", "give a raster with a place on earth")
    if dataset.crs is not None:
        crs = CRS.from_wkt(dataset.crs.to_wkt())
        flat = crs.sub_crs_list[0] if crs.is_compound else crs
        if not (flat.is_projected or flat.is_geographic) and source_crs != LOCAL_METRES:
            found.add(where, f"lies on a local grid ({crs.name})", "warp it to a projection or to degrees")
            return None
        return crs
    if source_crs is None:
        found.add(where, "carries no coordinate reference system", "name it, for example EPSG:4326")
        return None
    try:
        return CRS.from_user_input(source_crs)
    except CRSError:
        found.add(where, f"{source_crs!r} is no coordinate reference system", "for example EPSG:4326")
        return None


def _check_shape(dataset: Any, where: str, found: ProblemList) -> None:
    if dataset.count != 1:
        found.add(where, f"has {dataset.count} bands", "an elevation model has one band of heights")
    if min(dataset.width, dataset.height) < CELLS_TO_SEE_SLOPE:
        wide = f"is {dataset.width:,} x {dataset.height:,} cells: a strip has no slope"
        found.add(where, wide, "give a model at least 2 cells wide and high")
    rows, cols = dataset.block_shapes[0] if dataset.count else (0, 0)
    if rows * cols > BLOCK_CELLS_MAX:
        stored = f"is stored in blocks of {cols:,} x {rows:,} cells, too large to unpack"
        found.add(where, stored, "rewrite it in tiles (`gdal_translate -co TILED=YES`)")


def _check_heights(dataset: Any, crs: CRS | None, where: str, found: ProblemList) -> None:
    if dataset.count and np.dtype(dataset.dtypes[0]).kind not in "iuf":
        found.add(where, f"holds {dataset.dtypes[0]} values", "heights are real numbers")
    unit = ((dataset.units[0] if dataset.count else "") or "").strip().lower()
    if unit not in FEET and crs is not None and crs.is_compound:
        up = [axis for part in crs.sub_crs_list[1:] for axis in part.axis_info]
        unit = next((a.unit_name for a in up if abs(a.unit_conversion_factor - 1) > _UNIT_TOLERANCE), "")
        unit = unit.lower() if unit.lower() in FEET or "foot" in unit.lower() else ""
    if unit in FEET or "foot" in unit:
        found.add(where, f"heights are in {unit}", "convert them to metres")


def _ground_spacing(dataset: Any, crs: CRS) -> tuple[float, float]:
    """Return the geometric mean and the greater of the two cell sides on the ground (m), at the centre."""
    step = dataset.transform
    across, down = math.hypot(step.a, step.d), math.hypot(step.b, step.e)
    if crs.is_geographic:
        _, middle = apply(step, dataset.width / 2, dataset.height / 2)
        degree_m = math.radians(1.0) * crs.ellipsoid.semi_major_metre if crs.ellipsoid else math.nan
        across, down = across * degree_m * max(math.cos(math.radians(middle)), 0.01), down * degree_m
    else:
        factor = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
        across, down = across * factor, down * factor
    return math.sqrt(across * down), max(across, down)


def apply(step: Affine, x: float, y: float) -> tuple[float, float]:
    """Apply an affine map to one point (its own operator differs between releases of `affine`)."""
    return step.a * x + step.b * y + step.c, step.d * x + step.e * y + step.f


def _spread(n: int, n_wanted: int) -> list[int]:
    """Return up to `n_wanted` different numbers below n, evenly spread, the first and the last among them."""
    return sorted({round(i * (n - 1) / max(n_wanted - 1, 1)) for i in range(n_wanted)})


def _sources_of_vrt(path: Path) -> list[Path]:
    """Return the sources a VRT names; GDAL lists only those that exist."""
    text = path.read_text(encoding="utf-8", errors="replace")
    sources = []
    for relative, written in _VRT_SOURCE.findall(text):
        name = unescape(written.strip())
        sources.append(path.parent / name if relative == "1" else Path(name))
    return sources
