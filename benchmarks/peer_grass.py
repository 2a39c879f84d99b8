"""Call GRASS r.viewshed on one elevation model, one observer a call, as its users do.

Run as a module it is one worker with a GRASS database of its own in a temporary folder. The time of a call
includes setting the region to the observer's window, not importing the ground nor reading the answer.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from book import report
from numpy.typing import NDArray

WEST, NORTH = 300_000.0, 5_500_000.0
"""Where the ground is put: any place inside a UTM zone, for GRASS asks its projection for the ellipsoid."""
CRS = "EPSG:32637"
MEMORY_MB = 2_000
OUTSIDE = 2
"""Written where the module leaves the map empty."""


class Grass:
    """A GRASS database with one elevation model."""

    def __init__(self, folder: Path, height_m: NDArray[np.float32], cell_m: float) -> None:
        self.folder, self.cell_m, self.shape = folder, cell_m, height_m.shape
        subprocess.run(
            ["grass", "-c", CRS, str(folder / "place"), "-e", "--text"], check=True, capture_output=True
        )
        base = subprocess.run(["grass", "--config", "path"], check=True, capture_output=True, text=True)
        gisbase = base.stdout.strip().splitlines()[-1]
        (folder / "gisrc").write_text(f"GISDBASE: {folder}\nLOCATION_NAME: place\nMAPSET: PERMANENT\n")
        self.environment = {
            **os.environ,
            "GISBASE": gisbase,
            "GISRC": str(folder / "gisrc"),
            "PATH": f"{gisbase}/bin:{gisbase}/scripts:{os.environ['PATH']}",
            "LD_LIBRARY_PATH": f"{gisbase}/lib",
            "GRASS_VERBOSE": "0",
        }
        np.ascontiguousarray(height_m, dtype="<f4").tofile(folder / "ground.bin")
        rows, cols = self.shape
        edges = (f"north={NORTH}", f"south={NORTH - rows * cell_m}", f"west={WEST}")
        size = (f"east={WEST + cols * cell_m}", f"rows={rows}", f"cols={cols}")
        self.run(
            "r.in.bin", "-f", f"input={folder / 'ground.bin'}", "output=ground", "bytes=4", *edges, *size
        )

    def run(self, *words: str) -> None:
        """Run one module."""
        subprocess.run(words, check=True, capture_output=True, env=self.environment)

    def look(
        self, row: int, col: int, eye_m: float, target_m: float, radius_m: float, coefficient: float
    ) -> tuple[int, int]:
        """Make one viewshed; return the first row and column of its window."""
        reach = int(np.ceil(radius_m / self.cell_m)) + 1
        first_row, first_col = max(row - reach, 0), max(col - reach, 0)
        last_row, last_col = min(row + reach + 1, self.shape[0]), min(col + reach + 1, self.shape[1])
        edges = (
            f"n={NORTH - first_row * self.cell_m}",
            f"s={NORTH - last_row * self.cell_m}",
            f"w={WEST + first_col * self.cell_m}",
            f"e={WEST + last_col * self.cell_m}",
        )
        self.run("g.region", *edges, "align=ground")
        x, y = WEST + (col + 0.5) * self.cell_m, NORTH - (row + 0.5) * self.cell_m
        self.run(
            "r.viewshed", "-b", "-c", "-r", "input=ground", "output=seen", f"coordinates={x},{y}",
            f"observer_elevation={eye_m}", f"target_elevation={target_m}", f"max_distance={radius_m}",
            f"refraction_coeff={1 - coefficient}", f"memory={MEMORY_MB}", "--overwrite",
        )  # fmt: skip
        return first_row, first_col

    def read_seen(
        self, first: tuple[int, int], rows: NDArray[np.int64], cols: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return whether some cells of the ground are seen in the last viewshed."""
        out = self.folder / "seen.bin"
        self.run("r.out.bin", "input=seen", f"output={out}", "bytes=1", f"null={OUTSIDE}", "--overwrite")
        seen = np.fromfile(out, dtype=np.uint8)
        header = subprocess.run(
            ["g.region", "-g"], check=True, capture_output=True, text=True, env=self.environment
        ).stdout
        size = dict(line.split("=") for line in header.split())
        raster = seen.reshape(int(size["rows"]), int(size["cols"]))
        return np.asarray(raster[rows - first[0], cols - first[1]] == 1)


def is_installed() -> bool:
    """Tell whether GRASS is on the path."""
    return shutil.which("grass") is not None


def version() -> str:
    """Return GRASS's version."""
    done = subprocess.run(["grass", "--config", "version"], check=True, capture_output=True, text=True)
    return done.stdout.strip().splitlines()[-1]


def main() -> None:
    """Time every `step`th observer of a case from `first` on; write what its sampled cells are said to be."""
    case_file, first, step, n_looked = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    with np.load(case_file, allow_pickle=False) as case:
        given = {name: case[name] for name in case.files}
    view = tuple(float(given[name]) for name in ("eye_m", "target_m", "radius_m", "coefficient"))
    sampled, spent = {}, 0.0
    with tempfile.TemporaryDirectory() as folder:
        grass = Grass(Path(folder), np.load(str(given["ground_file"])), float(given["cell_m"]))
        for number in range(first, n_looked, step):
            started = time.perf_counter()
            corner = grass.look(int(given["rows"][number]), int(given["cols"][number]), *view)
            spent += time.perf_counter() - started
            cells = given["sample_rows"][number], given["sample_cols"][number]
            sampled[number] = grass.read_seen(corner, *cells)
    out = f"{case_file}.grass{first}.npz"
    np.savez(out, numbers=np.array(list(sampled)), seen=np.array(list(sampled.values())))
    report({"version": version(), "n": len(sampled), "seconds": spent, "out": out})


if __name__ == "__main__":
    main()
