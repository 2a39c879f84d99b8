"""Slow, readable twins of the compiled sight loops: one pair at a time, plain Python, no numpy tricks.

Metres and grid steps as in `_kernels`. They judge the kernels in tests and are never called in a plan.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence


def height_along(height_m: Sequence[Sequence[float]], row: float, col: float) -> float:
    """Return the height (m) at a place on a grid line, linear between the two posts it lies between.

    Only the posts that bear weight are read; NaN when one of them is unknown. A place within 1e-9 steps of
    a post is that post.
    """
    row = round(row) if abs(row - round(row)) <= 1e-9 else row
    col = round(col) if abs(col - round(col)) <= 1e-9 else col
    total = 0.0
    for i in {math.floor(row), math.ceil(row)}:
        for j in {math.floor(col), math.ceil(col)}:
            total += (1 - abs(row - i)) * (1 - abs(col - j)) * height_m[i][j]
    return total


def crossings(start: float, end: float) -> Iterator[tuple[int, float]]:
    """Yield each whole number strictly between start and end, with its share of the way from the start."""
    low, high = min(start, end), max(start, end)
    for whole in range(math.floor(low) + 1, math.ceil(high)):
        yield whole, (whole - start) / (end - start)


def minimum_visible_height(
    height_m: Sequence[Sequence[float]],
    drop_per_step2_m: float,
    observer: tuple[float, float],
    eye_elevation_m: float,
    target: tuple[float, float],
    target_elevation_m: float,
) -> float:
    """Return the least height above ground (m) at which the target (row, col) shows to the observer.

    The earth's bulge lowers each height by `drop_per_step2_m` x distance²; then, for each crossing, the line
    from the eye that just clears it is drawn on to the target. NaN when either end has no ground.
    """
    if math.isnan(eye_elevation_m) or math.isnan(target_elevation_m):
        return math.nan
    (row, col), (target_row, target_col) = observer, target
    distance2 = (target_row - row) ** 2 + (target_col - col) ** 2
    places = [(s, float(whole), col + s * (target_col - col)) for whole, s in crossings(row, target_row)]
    places += [(s, row + s * (target_row - row), whole) for whole, s in crossings(col, target_col)]
    target_ground_m = target_elevation_m - drop_per_step2_m * distance2
    needed_m = 0.0
    for share, at_row, at_col in places:
        ground_m = height_along(height_m, at_row, at_col) - drop_per_step2_m * distance2 * share**2
        if math.isnan(ground_m):
            continue
        sight_at_target_m = eye_elevation_m + (ground_m - eye_elevation_m) / share
        needed_m = max(needed_m, sight_at_target_m - target_ground_m)
    return needed_m


def statistical_share(
    hidden_odds_1km: float,
    distance_exponent: float,
    relief_1km_m: float,
    relief_exponent: float,
    eye_height_m: float,
    target_height_m: float,
    horizon_m: float,
    distance_m: float,
) -> float:
    """Return P(visible) for one pair by the law of `statistical_sight.p_visible`."""
    if distance_m == 0.0:
        return 1.0
    if distance_m >= horizon_m:
        return 0.0
    distance_km = distance_m / 1000.0
    relief_m = relief_1km_m * distance_km**relief_exponent
    clear = (1.0 + eye_height_m / relief_m) * (1.0 + target_height_m / relief_m)
    odds = hidden_odds_1km * distance_km**distance_exponent * clear**-1.5
    return float((1.0 - (distance_m / horizon_m) ** 2) / (1.0 + odds))
