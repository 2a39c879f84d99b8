"""Make the ground the benchmarks stand on: real coarse heights of the shared data plus seeded fine detail.

Metres throughout. No fine elevation model of the area may be shipped, so the large shapes are the shared
30 arc-second model, smoothly interpolated, and everything shorter than about 1.5 km is drawn: hummocks, a
network of gullies, and the short noise of radar models. Without the shared data the large shapes are drawn
too, and the table says so. It is ground for measuring speed and error on; no plan may rest on it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from truceline.geo.terrain import Terrain

COARSE_MODEL = Path("data/geo/dem_dted0_30s_aoi.tif")
"""The coarse model inside the shared folder (its origin is in the README beside it)."""

METRES_PER_DEGREE = 111_200.0
"""Length of a degree of latitude, rounded: shapes matter here, places do not."""

SQUARE_SIDE_M, SQUARE_WEST, SQUARE_NORTH = 120_000.0, 36.9, 49.0
"""The square for viewsheds: rolling steppe cut by valleys, the Donets ridge in its south."""

STRIP_LENGTH_M, STRIP_DEPTH_M = 1_200_000.0, 60_000.0
"""The strip: as long as the line of the packaged scenario, as deep as sensors and their targets need."""
STRIP_BANDS = ((30.6, 49.9), (30.6, 48.9))
"""(west, north) in degrees of the two real bands laid end to end."""
SEAM_M = 6_000.0
"""Over this length one band fades into the next."""

HUMMOCK_STD_M, HUMMOCK_WAVES_M, HUMMOCK_SLOPE = 4.5, (2_500.0, 250.0), 3.6
"""Deviation, longest and shortest wave and spectral slope of the hummocks: with the gullies they give the
mean slope of about 3 degrees at 30 m that the steppe has."""
GULLY_DEPTH_M, GULLY_WIDTH, GULLY_WAVES_M, GULLY_SLOPE = 15.0, 0.12, (12_000.0, 500.0), 3.4
"""Gullies run where a smooth random field passes through zero, so they join up as real ones do."""
SPECKLE_STD_M, SPECKLE_WAVES_M, SPECKLE_SLOPE = 0.5, (600.0, 100.0), 1.0
"""Short noise as radar elevation models have it."""
RELIEF_MEAN_M, RELIEF_STD_M, RELIEF_WAVES_M, RELIEF_SLOPE = 160.0, 55.0, (80_000.0, 1_500.0), 4.0
"""Large shapes when the real ones are not to be had (real ones: median 161 m, deviation 29-73 m)."""

BAND_EDGE_POWER = 6
"""How sharply a band of waves ends."""


@dataclass(frozen=True)
class Ground:
    """A piece of ground and how real it is."""

    terrain: Terrain
    note: str
    """One sentence for the table."""


def make_square(cell_m: float, *, seed: int = 7) -> Ground:
    """Return the 120 x 120 km square at 30 m, or as 3 x 3 means at 90 m."""
    fine_m = 30.0
    side = round(SQUARE_SIDE_M / fine_m)
    height_m, note = _coarse_heights((side, side), fine_m, SQUARE_WEST, SQUARE_NORTH, seed)
    height_m += _fine_detail((side, side), fine_m, seed + 1)
    block = round(cell_m / fine_m)
    if block > 1:
        side = side // block * block
        blocks = height_m[:side, :side].reshape(side // block, block, side // block, block)
        height_m = blocks.mean(axis=(1, 3))
    return Ground(_terrain(height_m, cell_m, note), note)


def make_strip(*, cell_m: float = 90.0, length_m: float = STRIP_LENGTH_M, seed: int = 7) -> Ground:
    """Return the long strip: real bands laid end to end (or drawn relief) plus drawn detail."""
    rows, cols = round(STRIP_DEPTH_M / cell_m), round(length_m / cell_m)
    seam = round(SEAM_M / cell_m)
    band_cols = -(-(cols + seam) // len(STRIP_BANDS))
    height_m, note = _coarse_heights((rows, band_cols), cell_m, *STRIP_BANDS[0], seed)
    fade = np.linspace(0.0, 1.0, seam, dtype=np.float32)
    for number, (west, north) in enumerate(STRIP_BANDS[1:], start=1):
        band, _ = _coarse_heights((rows, band_cols), cell_m, west, north, seed + number)
        height_m[:, -seam:] += (band[:, :seam] - height_m[:, -seam:]) * fade
        height_m = np.concatenate([height_m, band[:, seam:]], axis=1)
    height_m = height_m[:, :cols] + _fine_detail((rows, cols), cell_m, seed + 100)
    return Ground(_terrain(height_m, cell_m, note), note)


def shared_folder() -> Path:
    """Return where the data beside the repository is (TRUCELINE_SHARED says otherwise), as the tests do."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared"
    return Path(os.environ.get("TRUCELINE_SHARED", beside))


def _terrain(height_m: NDArray[np.float32], cell_m: float, note: str) -> Terrain:
    return Terrain(height_m, 0.0, 0.0, cell_m, None, "bare_earth", note, cell_m)


def _coarse_heights(
    shape: tuple[int, int], cell_m: float, west: float, north: float, seed: int
) -> tuple[NDArray[np.float32], str]:
    """Return the large shapes (rows, cols) from a corner given in degrees, and where they come from."""
    path = shared_folder() / COARSE_MODEL
    if not path.is_file():
        relief = _waves(shape, cell_m, RELIEF_WAVES_M, RELIEF_SLOPE, np.random.default_rng(seed))
        return RELIEF_MEAN_M + RELIEF_STD_M * relief, "wholly drawn ground (no shared data found)"
    import rasterio  # late: brings in GDAL

    with rasterio.open(path) as model:
        posts = np.maximum(model.read(1), 0).astype(np.float32)
        to_post = ~model.transform
        per_degree_lon = METRES_PER_DEGREE * np.cos(np.radians(north))
        lon = west + np.arange(shape[1]) * cell_m / per_degree_lon
        lat = north - np.arange(shape[0]) * cell_m / METRES_PER_DEGREE
        # The transform speaks of cell corners, interpolation of cell centres: half a cell between them.
        post_cols = to_post.a * lon + to_post.c - 0.5
        post_rows = to_post.e * lat + to_post.f - 0.5
    heights = np.empty(shape, dtype=np.float32)
    smooth = ndimage.spline_filter(posts, order=3, output=np.float32)
    for first in range(0, shape[0], 512):
        at = np.meshgrid(post_rows[first : first + 512], post_cols, indexing="ij")
        heights[first : first + 512] = ndimage.map_coordinates(
            smooth, at, order=3, mode="nearest", prefilter=False
        )
    return heights, "real 30 arc-second heights with drawn detail below about 1.5 km"


def _fine_detail(shape: tuple[int, int], cell_m: float, seed: int) -> NDArray[np.float32]:
    """Return hummocks, gullies and speckle (m) on a grid."""
    random = np.random.default_rng(seed)
    detail = HUMMOCK_STD_M * _waves(shape, cell_m, HUMMOCK_WAVES_M, HUMMOCK_SLOPE, random)
    course = _waves(shape, cell_m, GULLY_WAVES_M, GULLY_SLOPE, random)
    detail -= GULLY_DEPTH_M * np.exp(-((course / GULLY_WIDTH) ** 2))
    detail += SPECKLE_STD_M * _waves(shape, cell_m, SPECKLE_WAVES_M, SPECKLE_SLOPE, random)
    return detail.astype(np.float32)


def _waves(
    shape: tuple[int, int],
    cell_m: float,
    waves_m: tuple[float, float],
    slope: float,
    random: np.random.Generator,
) -> NDArray[np.float32]:
    """Return a random field of mean 0 and deviation 1 whose power falls as wavenumber ** -slope in a band.

    waves_m: longest and shortest wave. The filter is applied in the Fourier plane on a grid padded to a size
    that transforms fast, so the field does not repeat within `shape` where padding was needed.
    """
    padded = tuple(fft.next_fast_len(n, real=True) for n in shape)
    along = np.fft.fftfreq(padded[0], cell_m).astype(np.float32)[:, None]
    across = np.fft.rfftfreq(padded[1], cell_m).astype(np.float32)[None, :]
    wavenumber = np.hypot(along, across)
    wavenumber[0, 0] = 1.0  # the mean is set to zero below; this only avoids 0 ** -slope
    low, high = 1.0 / waves_m[0], 1.0 / waves_m[1]
    amplitude = wavenumber ** (-slope / 2.0)
    amplitude /= (1.0 + (low / wavenumber) ** BAND_EDGE_POWER) * (
        1.0 + (wavenumber / high) ** BAND_EDGE_POWER
    )
    amplitude[0, 0] = 0.0
    spectrum = fft.rfft2(random.standard_normal(padded, dtype=np.float32)) * amplitude
    field = fft.irfft2(spectrum, s=padded)[: shape[0], : shape[1]].astype(np.float32)
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float32)
