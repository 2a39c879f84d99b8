"""Cut the ground along a line out of elevation rasters once, and keep the cut where the next plan finds it.

Metres in the line's projection. A cut is kept as a tiled, compressed GeoTIFF that any GIS opens, with a
small JSON beside it that says what it was made from; both are named by a key of everything the cut depends
on. A cut that is damaged is made again, never believed. Nothing is kept where no folder for it is named.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.windows import Window

from truceline.errors import OutputError, Problem
from truceline.files import write_atomically
from truceline.geo._mosaic import TILE_CELLS, Bounds, Mosaic, count_cells, find_tiles, read_mosaic
from truceline.geo.terrain import CELLS_MAX, HeightFile, Reach
from truceline.provenance import hash_file

CUT_VERSION = 1
"""Grows when the same inputs make other heights, so that older cuts are left alone."""
CUTS_KEPT = 8
"""Cuts kept in one folder; the ones longest unused make room."""
KEY_CHARACTERS = 24
SIDECAR_BYTES_MAX = 1_000_000
"""Largest description of a cut that is read; ours have a few hundred bytes."""
WARNINGS_MAX = 1_000


@dataclass(frozen=True)
class CorridorCut:
    """Everything a cut depends on."""

    files: tuple[HeightFile, ...]
    """In the order in which they win where they overlap."""
    crs: str
    bounds_m: Bounds
    reach: Reach
    cell_m: float | None = None
    """None takes the finest spacing of the files that fits."""
    cells_max: int = CELLS_MAX

    @property
    def key(self) -> str:
        """Hash of all of it, and of the program that warps: another value anywhere is another key."""
        parts: list[Any] = [
            CUT_VERSION,
            rasterio.__gdal_version__,
            [[file.content, file.crs] for file in self.files],
            self.crs,
            [edge.hex() for edge in map(float, self.bounds_m)],
            hashlib.sha256(shapely.to_wkb(self.reach.line)).hexdigest(),
            float(self.reach.distance_m).hex(),
            None if self.cell_m is None else float(self.cell_m).hex(),
            self.cells_max,
            TILE_CELLS,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:KEY_CHARACTERS]


@dataclass(frozen=True)
class CutResult:
    """Heights along a line."""

    mosaic: Mosaic
    was_kept: bool
    """True when an earlier cut was found and no raster had to be opened."""
    warnings: tuple[Problem, ...] = ()
    """What went wrong with keeping; the heights are good all the same."""


def cut_corridor(cut: CorridorCut, folder: Path | None) -> CutResult:
    """Return the heights of a cut: from `folder` if they are kept there whole, otherwise warped and kept.

    Raises TerrainError as `terrain.read_terrain` does. A folder that cannot be written is a warning.
    """
    if folder is None:
        return CutResult(_warp(cut), was_kept=False)
    kept = _read_cut(cut, folder)
    if kept is not None:
        return CutResult(kept, was_kept=True)
    mosaic = _warp(cut)
    try:
        _keep(cut, mosaic, folder)
    except (OSError, RasterioError, OutputError) as error:
        reason = error.problems[0].found if isinstance(error, OutputError) else str(error)
        found = f"the ground cut out along the line could not be kept ({reason[:200]})"
        hint = "the plan is sound; the next one has to cut again"
        return CutResult(mosaic, was_kept=False, warnings=(Problem(str(folder), found, hint, warning=True),))
    return CutResult(mosaic, was_kept=False)


def list_cuts(folder: Path) -> tuple[tuple[Path, int], ...]:
    """Return the cuts kept in a folder, newest first, with their size in bytes."""
    cuts = [path for path in folder.glob("*.tif") if _is_ours(path)] if folder.is_dir() else []
    sized = [(path, path.stat()) for path in cuts]
    return tuple((path, stat.st_size) for path, stat in sorted(sized, key=lambda one: -one[1].st_mtime_ns))


def _warp(cut: CorridorCut) -> Mosaic:
    return read_mosaic(
        [(file.path, file.crs) for file in cut.files],
        crs=cut.crs,
        bounds_m=cut.bounds_m,
        cell_m=cut.cell_m,
        cells_max=cut.cells_max,
        reach=cut.reach,
    )


def _keep(cut: CorridorCut, mosaic: Mosaic, folder: Path) -> None:
    """Write the raster, then its description: without the second the first counts for nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{cut.key}.tif"
    temporary = folder / f".{path.name}.{os.getpid()}.new"
    n_rows, n_cols = mosaic.height_m.shape
    left, top = mosaic.x_origin_m - mosaic.cell_m / 2, mosaic.y_origin_m + mosaic.cell_m / 2
    try:
        with rasterio.open(
            temporary,
            "w",
            driver="GTiff",
            width=n_cols,
            height=n_rows,
            count=1,
            dtype="float32",
            crs=cut.crs,
            transform=Affine(mosaic.cell_m, 0, left, 0, -mosaic.cell_m, top),
            nodata=float("nan"),
            tiled=True,
            blockxsize=TILE_CELLS,
            blockysize=TILE_CELLS,
            compress="deflate",
            predictor=3,
            zlevel=1,
            num_threads="ALL_CPUS",
            SPARSE_OK="TRUE",
            BIGTIFF="IF_SAFER",
        ) as target:
            for rows, cols in mosaic.blocks():
                window = Window(cols.start, rows.start, cols.stop - cols.start, rows.stop - rows.start)
                target.write(mosaic.height_m[rows, cols], 1, window=window)
        described = {
            "format": CUT_VERSION,
            "key": cut.key,
            "sha256": hash_file(temporary),
            "cell_m": mosaic.cell_m,
            "native_cell_m": mosaic.native_cell_m,
            "files": [file.path.name for file in cut.files],
            "warnings": [[one.where, one.found, one.hint] for one in mosaic.warnings],
        }
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    write_atomically(path.with_suffix(".json"), json.dumps(described, indent=1) + "\n")
    _make_room(folder)


def _read_cut(cut: CorridorCut, folder: Path) -> Mosaic | None:
    """Return a kept cut, or None when there is none or any of it is not as it was written."""
    path = folder / f"{cut.key}.tif"
    described = _read_description(path.with_suffix(".json"), cut.key)
    try:
        if described is None or not path.is_file() or hash_file(path) != described["sha256"]:
            return None
        cell_m, native_cell_m = float(described["cell_m"]), float(described["native_cell_m"])
        if not (0 < cell_m < math.inf and 0 < native_cell_m < math.inf):
            return None
        shape = count_cells(cut.bounds_m, cell_m)
        if math.prod(shape) > cut.cells_max:
            return None
        mosaic = Mosaic(
            height_m=np.full(shape, np.nan, np.float32),
            x_origin_m=cut.bounds_m[0] + cell_m / 2,
            y_origin_m=cut.bounds_m[3] - cell_m / 2,
            cell_m=cell_m,
            native_cell_m=native_cell_m,
            warnings=_read_warnings(described["warnings"]),
            wanted=find_tiles(cut.bounds_m, cell_m, cut.reach),
        )
        with rasterio.open(path) as kept:
            if kept.shape != shape or kept.count != 1 or kept.dtypes[0] != "float32":
                return None
            for rows, cols in mosaic.blocks():
                window = Window(cols.start, rows.start, cols.stop - cols.start, rows.stop - rows.start)
                mosaic.height_m[rows, cols] = kept.read(1, window=window)
        os.utime(path)  # so that what is used is not what makes room
    except (OSError, RasterioError, KeyError, TypeError, ValueError, OverflowError):
        return None
    return mosaic


def _read_description(path: Path, key: str) -> dict[str, Any] | None:
    try:
        if path.stat().st_size > SIDECAR_BYTES_MAX:
            return None
        described = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(described, dict) or described.get("format") != CUT_VERSION:
        return None
    return described if described.get("key") == key else None


def _read_warnings(written: Sequence[Sequence[str]]) -> tuple[Problem, ...]:
    if len(written) > WARNINGS_MAX:
        raise ValueError("too many warnings")
    return tuple(Problem(str(where), str(found), str(hint), warning=True) for where, found, hint in written)


def _make_room(folder: Path) -> None:
    for path, _ in list_cuts(folder)[CUTS_KEPT:]:
        with suppress(OSError):
            path.unlink()
            path.with_suffix(".json").unlink(missing_ok=True)


def _is_ours(path: Path) -> bool:
    """Tell whether a file bears a name that only this program gives."""
    stem = path.stem
    return len(stem) == KEY_CHARACTERS and all(character in "0123456789abcdef" for character in stem)
