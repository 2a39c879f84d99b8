"""Made-up ground for the tests of sight."""

from __future__ import annotations

import numpy as np

from truceline.geo.terrain import Terrain


def hills(seed: int, n: int = 60, cell_m: float = 90.0, holes: int = 0) -> Terrain:
    """Rolling ground of some 30 m with detail, and unknown patches if asked."""
    random = np.random.default_rng(seed)
    row, col = np.mgrid[0:n, 0:n] * cell_m
    height = np.zeros((n, n))
    for _ in range(6):
        wave_m, turn, phase = random.uniform(400, 4000), *random.uniform(0, 6.28, 2)
        height += (
            wave_m * 0.008 * np.sin((row * np.sin(turn) + col * np.cos(turn)) / wave_m * 2 * np.pi + phase)
        )
    height += random.normal(0, 0.5, height.shape)
    for _ in range(holes):
        r, c = random.integers(0, n - 5, 2)
        height[r : r + 5, c : c + 5] = np.nan
    return Terrain(height.astype(np.float32), 0.0, 0.0, cell_m, None, "bare_earth", "made up")
