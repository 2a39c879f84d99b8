"""80 % bands of headline numbers and the assumptions that carry them: the result of sampling.

Values in the unit of the number; shares between 0 and 1. Nothing is sampled here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from truceline.scenario.sampling import Band, Driver

NOTE = (
    "The sites, reaction bases, line and zone are held fixed while the rest varies; ranges are sampled as"
    " triangles that peak at the stated value, each assumption by itself."
)


@dataclass(frozen=True)
class Bands:
    """Bands of headline numbers and what carries them."""

    bands: Mapping[str, Band]
    drivers: Mapping[str, tuple[Driver, ...]]
    n_samples: int
    seed: int
    note: str = NOTE
