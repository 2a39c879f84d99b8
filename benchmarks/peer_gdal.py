"""Call GDAL's viewshed in memory, through the library inside rasterio: no files, no copies of the ground.

Run as a module it is one worker: it loads the ground, times its observers, and samples what they see. The
figures do not include loading, nor reading the result.
"""

from __future__ import annotations

import ctypes
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from book import report
from numpy.typing import NDArray

FLOAT32, READ, WRITE = 6, 0, 1
"""GDT_Float32, GF_Read and GF_Write of gdal.h."""
BYTE = 1
"""GDT_Byte."""
EDGE_MODE, NORMAL_OUTPUT = 2, 1
"""GVM_Edge, the mode of gdal_viewshed, and GVOT_NORMAL of gdal_alg.h."""
SEEN, HIDDEN, OUTSIDE = 255.0, 0.0, 127.0
METRIC_CRS = 32637
"""Any UTM zone: the curvature needs to know the ellipsoid."""


class InMemoryGdal:
    """One elevation model in GDAL's memory, and viewsheds of it."""

    def __init__(self, height_m: NDArray[np.float32], cell_m: float) -> None:
        self.library, self.version = load_library()
        self.shape, self.cell_m = height_m.shape, cell_m
        rows, cols = height_m.shape
        call = self.library
        driver = call.GDALGetDriverByName(b"MEM")
        self.dataset = call.GDALCreate(driver, b"", cols, rows, 1, FLOAT32, None)
        # North-west corner of cell (0, 0) at (0, 0): cell centres lie half a cell inside.
        call.GDALSetGeoTransform(self.dataset, (ctypes.c_double * 6)(0, cell_m, 0, 0, 0, -cell_m))
        from rasterio.crs import CRS

        call.GDALSetProjection(self.dataset, CRS.from_epsg(METRIC_CRS).to_wkt().encode())
        self.band = call.GDALGetRasterBand(self.dataset, 1)
        plain = np.ascontiguousarray(height_m, dtype=np.float32)
        pointer = plain.ctypes.data_as(ctypes.c_void_p)
        call.GDALRasterIO(self.band, WRITE, 0, 0, cols, rows, pointer, cols, rows, FLOAT32, 0, 0)

    def look(
        self, row: int, col: int, eye_m: float, target_m: float, radius_m: float, coefficient: float
    ) -> Any:
        """Return GDAL's dataset of one viewshed; the caller closes it."""
        x, y = (col + 0.5) * self.cell_m, -(row + 0.5) * self.cell_m
        return self.library.GDALViewshedGenerate(
            self.band, b"MEM", b"", None, x, y, eye_m, target_m, SEEN, HIDDEN, OUTSIDE, -1.0, coefficient,
            EDGE_MODE, radius_m, None, None, NORMAL_OUTPUT, None,
        )  # fmt: skip

    def close(self, dataset: Any) -> None:
        """Free a viewshed."""
        self.library.GDALClose(dataset)

    def read_seen(self, dataset: Any, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether some cells of the ground are seen in a viewshed."""
        transform = (ctypes.c_double * 6)()
        self.library.GDALGetGeoTransform(dataset, transform)
        first_col = round(transform[0] / self.cell_m)
        first_row = round(-transform[3] / self.cell_m)
        width = self.library.GDALGetRasterXSize(dataset)
        height = self.library.GDALGetRasterYSize(dataset)
        out = np.empty((height, width), dtype=np.uint8)
        band = self.library.GDALGetRasterBand(dataset, 1)
        pointer = out.ctypes.data_as(ctypes.c_void_p)
        self.library.GDALRasterIO(band, READ, 0, 0, width, height, pointer, width, height, BYTE, 0, 0)
        return np.asarray(out[rows - first_row, cols - first_col] == int(SEEN))


def load_library() -> tuple[Any, str]:
    """Return the GDAL library that rasterio carries, ready to call, and its version."""
    import rasterio

    folder = Path(rasterio.__file__).resolve().parent.parent / "rasterio.libs"
    names = sorted(folder.glob("libgdal*"))
    if not names:
        raise OSError("rasterio here carries no library of its own")
    call = ctypes.CDLL(str(names[0]))
    pointer, number, text, integer = ctypes.c_void_p, ctypes.c_double, ctypes.c_char_p, ctypes.c_int
    call.GDALGetDriverByName.restype, call.GDALGetDriverByName.argtypes = pointer, [text]
    call.GDALCreate.restype = pointer
    call.GDALCreate.argtypes = [pointer, text, integer, integer, integer, integer, pointer]
    call.GDALGetRasterBand.restype, call.GDALGetRasterBand.argtypes = pointer, [pointer, integer]
    call.GDALSetGeoTransform.argtypes = call.GDALGetGeoTransform.argtypes = [pointer, pointer]
    call.GDALSetProjection.argtypes = [pointer, text]
    call.GDALGetRasterXSize.argtypes = call.GDALGetRasterYSize.argtypes = call.GDALClose.argtypes = [pointer]
    call.GDALRasterIO.argtypes = [
        pointer, integer, integer, integer, integer, integer, pointer, integer, integer, integer, integer,
        integer,
    ]  # fmt: skip
    call.GDALViewshedGenerate.restype = pointer
    call.GDALViewshedGenerate.argtypes = [
        pointer, text, text, pointer, *[number] * 9, integer, number, pointer, pointer, integer, pointer,
    ]  # fmt: skip
    call.GDALVersionInfo.restype, call.GDALVersionInfo.argtypes = text, [text]
    call.GDALAllRegister()
    return call, call.GDALVersionInfo(b"RELEASE_NAME").decode()


def main() -> None:
    """Time some observers of a case and write what a sample of cells is said to be (see `sight_cases`)."""
    case_file, first, step, n_timed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    with np.load(case_file, allow_pickle=False) as case:
        given = {name: case[name] for name in case.files}
    gdal = InMemoryGdal(np.load(str(given["ground_file"]), mmap_mode="r"), float(given["cell_m"]))
    view = tuple(float(given[name]) for name in ("eye_m", "target_m", "radius_m", "coefficient"))
    observers = list(zip(given["rows"].tolist(), given["cols"].tolist(), strict=True))
    gdal.close(gdal.look(*observers[first], *view))
    started = time.perf_counter()
    for row, col in observers[first:n_timed:step]:
        gdal.close(gdal.look(row, col, *view))
    spent = time.perf_counter() - started
    sampled = {}
    for number in range(first, len(given["sample_rows"]), step):
        dataset = gdal.look(*observers[number], *view)
        sampled[number] = gdal.read_seen(dataset, given["sample_rows"][number], given["sample_cols"][number])
        gdal.close(dataset)
    out = f"{case_file}.gdal{first}.npz"
    np.savez(out, numbers=np.array(list(sampled)), seen=np.array(list(sampled.values())))
    n_done = len(observers[first:n_timed:step])
    report({"version": gdal.version, "n": n_done, "seconds": spent, "out": out})


if __name__ == "__main__":
    main()
