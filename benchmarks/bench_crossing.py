"""The weakest crossing of the whole line: the field, the loss of every sensor, and the best one more.

A belt of 1,200 x 30 km at 100 m, watched by about 1,000 sensors with patchy sight, made here from a seed.
Peers: scikit-fmm (fast marching, second order) and scikit-image (least cost path over 8 neighbours). Losses
and additions have no peer; they stand beside a full solve for each sensor.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from book import NOT_INSTALLED, Row, Settings, is_installed, percent, seconds
from numpy.typing import NDArray

from truceline.siting.additions import ListedAdditions, find_best_addition
from truceline.siting.eikonal import solve_eikonal
from truceline.siting.losses import NO_GROUP, LossScorer, SensorCells

TITLE = "Weakest crossing"

CELL_M = 100.0
LINE_M, DEPTH_M = 1_200_000.0, 30_000.0
SENSOR_SPACING_M = 1_200.0
SECTOR_M = 100_000.0
BARE_RATE_PER_S = 1e-7
"""A little watch everywhere, so that no crossing is open."""
CASES = {
    ("person", "day"): (8_000.0, 1.5),
    ("person", "night"): (5_000.0, 1.5),
    ("person", "bad"): (1_500.0, 1.5),
    ("vehicle", "day"): (15_000.0, 8.0),
    ("vehicle", "night"): (10_000.0, 8.0),
    ("vehicle", "bad"): (2_500.0, 8.0),
}
"""Reach in metres and speed in m/s of each kind in each state."""
RATE_PER_S, RATE_SCALE_SHARE = 1 / 120, 0.12
"""Rate beside the sensor; the law is inverse cube beyond this share of the reach."""
SEED = 7
EIKONAL_GOAL_S, LOSSES_GOAL_S = 1.0, 60.0
SENSORS_PER_BATCH = 64
N_CHECKED = 5
N_ADDITIONS = 1_000


@dataclass(frozen=True, eq=False)
class Belt:
    """The belt and where its sensors stand."""

    shape: tuple[int, int]
    sensor_xy_m: NDArray[np.float64]

    @property
    def entry(self) -> NDArray[np.bool_]:
        """The first row."""
        cells = np.zeros(self.shape, dtype=bool)
        cells[0] = True
        return cells

    @property
    def exit_group(self) -> NDArray[np.int64]:
        """The last row, numbered by sector."""
        group = np.full(self.shape, NO_GROUP)
        group[-1] = np.arange(self.shape[1]) * CELL_M // SECTOR_M
        return group


def make_belt(length_m: float) -> Belt:
    """Return a belt of this length with its sensors about the line in its middle."""
    random = np.random.default_rng(SEED)
    x = np.arange(SENSOR_SPACING_M / 2, length_m, SENSOR_SPACING_M)
    x = x + random.normal(0, SENSOR_SPACING_M / 3, x.size)
    y = DEPTH_M / 2 + random.normal(0, 2_500.0, x.size)
    return Belt((round(DEPTH_M / CELL_M), round(length_m / CELL_M)), np.column_stack([x, y]))


def sensor_cells(belt: Belt, xy_m: NDArray[np.float64], reach_m: float, speed_m_per_s: float) -> SensorCells:
    """Return where sensors add how much slowness: inverse cube, with blind patches that differ by sensor."""
    cells, values = [], []
    for x, y in xy_m:
        rows = np.arange(max(0, int((y - reach_m) / CELL_M)), min(belt.shape[0], int((y + reach_m) / CELL_M)))
        columns = np.arange(
            max(0, int((x - reach_m) / CELL_M)), min(belt.shape[1], int((x + reach_m) / CELL_M))
        )
        dy = (rows[:, None] + 0.5) * CELL_M - y
        dx = (columns[None, :] + 0.5) * CELL_M - x
        squared = dx**2 + dy**2
        seen = (squared < reach_m**2) & (np.sin(dx / 900 + x) * np.cos(dy / 700 + y) > -0.3)
        rate = RATE_PER_S / (1 + squared[seen] / (RATE_SCALE_SHARE * reach_m) ** 2) ** 1.5
        cells.append((rows[:, None] * belt.shape[1] + columns[None, :])[seen].astype(np.int32))
        values.append((rate / speed_m_per_s).astype(np.float32))
    indptr = np.concatenate([[0], np.cumsum([part.size for part in cells])]).astype(np.int64)
    return SensorCells(indptr, np.concatenate(cells), np.concatenate(values))


def batches(belt: Belt, reach_m: float, speed_m_per_s: float) -> Iterator[SensorCells]:
    """Yield the sensors of a belt some at a time: all at once would take gigabytes."""
    for start in range(0, len(belt.sensor_xy_m), SENSORS_PER_BATCH):
        some = belt.sensor_xy_m[start : start + SENSORS_PER_BATCH]
        yield sensor_cells(belt, some, reach_m, speed_m_per_s)


def slowness_of(belt: Belt, reach_m: float, speed_m_per_s: float) -> NDArray[np.float64]:
    """Return the slowness of all sensors together."""
    total = np.full(belt.shape[0] * belt.shape[1], BARE_RATE_PER_S / speed_m_per_s)
    for sensors in batches(belt, reach_m, speed_m_per_s):
        total += np.bincount(sensors.cell, sensors.slowness, total.size)
    return total.reshape(belt.shape)


def compile_kernels() -> None:
    """Run everything once on a tiny belt, so that no figure holds a compiler's time."""
    slowness, inside = np.full((9, 9), 1e-3), np.ones((9, 9), dtype=bool)
    entry, group = np.zeros_like(inside), np.full((9, 9), NO_GROUP)
    entry[0], group[-1] = True, 0
    sensors = SensorCells(np.array([0, 2]), np.array([40, 41], dtype=np.int32), np.full(2, 1e-4, np.float32))
    LossScorer(slowness, CELL_M, entry, group, inside).score(sensors)
    additions = ListedAdditions(np.array([0, 1]), np.array([40], dtype=np.int32), np.full((1, 1), 1e-4))
    find_best_addition([slowness], CELL_M, entry, group == 0, inside, additions, 1)


def timed(work: Callable[[], NDArray[np.float64]], n: int) -> tuple[float, NDArray[np.float64]]:
    """Return the least seconds of n runs, and the answer."""
    best = np.inf
    for _ in range(n):
        started = time.perf_counter()
        answer = work()
        best = min(best, time.perf_counter() - started)
    return best, answer


def measure_field(belt: Belt, slowness: NDArray[np.float64], settings: Settings) -> list[Row]:
    """Return the rows about one field."""
    entry, inside = belt.entry, np.ones(belt.shape, dtype=bool)
    ours_s, field = timed(lambda: solve_eikonal(slowness, CELL_M, entry, inside), 2)
    what = f"exposure field, {slowness.size / 1e6:.1f} M cells, one kind and state, 1 thread"
    goal = f"{EIKONAL_GOAL_S:g} s" if not settings.quick else ""
    rows = []
    for name, package, work in (
        ("scikit-fmm", "scikit-fmm", lambda: _fast_marching(slowness)),
        ("scikit-image, 8 neighbours", "scikit-image", lambda: _least_cost(slowness)),
    ):
        if not is_installed(package):
            rows.append(Row(what, seconds(ours_s), f"{name}: {NOT_INSTALLED}"))
            continue
        peer_s, peer = timed(work, 1)
        off = float(peer[-1].min() / field[-1].min()) - 1
        comparison = f"{peer_s / ours_s:.1f} x; its least exposure {off:+.1%} of ours"
        rows.append(Row(what, seconds(ours_s), f"{name}: {seconds(peer_s)}", comparison))
    first = rows[0]
    met = ours_s < EIKONAL_GOAL_S if not settings.quick else None
    rows[0] = Row(first.what, first.ours, first.peer, first.comparison, goal, met)
    return rows


def _fast_marching(slowness: NDArray[np.float64]) -> NDArray[np.float64]:
    import skfmm

    outside = np.ones(slowness.shape)
    outside[0] = -1e-3
    return np.asarray(skfmm.travel_time(outside, 1 / slowness, dx=CELL_M))


def _least_cost(slowness: NDArray[np.float64]) -> NDArray[np.float64]:
    from skimage.graph import MCP_Geometric

    starts = [(0, column) for column in range(slowness.shape[1])]
    found = MCP_Geometric(slowness * CELL_M, fully_connected=True).find_costs(starts)[0]
    return np.asarray(found)


def measure_losses(belt: Belt, settings: Settings) -> list[Row]:
    """Return the row about losing every sensor, one at a time, in every kind and state."""
    entry, inside, group = belt.entry, np.ones(belt.shape, dtype=bool), belt.exit_group
    spent_s, solve_s, worst_error, largest_fall = 0.0, 0.0, 0.0, 0.0
    cases = settings.pick({("person", "night"): CASES["person", "night"]}, CASES)
    for reach_m, speed in cases.values():
        slowness = slowness_of(belt, reach_m, speed)
        started = time.perf_counter()
        scorer = LossScorer(slowness, CELL_M, entry, group, inside)
        solve_s += time.perf_counter() - started
        for number, sensors in enumerate(batches(belt, reach_m, speed)):
            started = time.perf_counter()
            least = scorer.score(sensors)
            spent_s += time.perf_counter() - started
            fall = np.expm1(-least) - np.expm1(-scorer.least)
            largest_fall = max(largest_fall, float(fall.max()))
            if number == 0:
                worst_error = max(worst_error, _check(belt, slowness, sensors, least))
    n = len(belt.sensor_xy_m)
    what = f"loss of each of {n:,} sensors alone, {len(cases)} cases of kind and state, least by sector"
    full_s = n * solve_s
    return [
        Row(
            what,
            seconds(spent_s + solve_s),
            f"solving each again: {seconds(full_s)} (reckoned from {len(cases)})",
            f"{full_s / (spent_s + solve_s):.0f} x; off by {worst_error:.0e} of full solves at most;"
            f" largest fall of a sector's weakest crossing {percent(largest_fall)}",
            "" if settings.quick else f"{LOSSES_GOAL_S:g} s",
            None if settings.quick else spent_s + solve_s < LOSSES_GOAL_S,
        )
    ]


def _check(
    belt: Belt, slowness: NDArray[np.float64], sensors: SensorCells, least: NDArray[np.float64]
) -> float:
    """Return the largest relative difference from full solves over a few sensors."""
    worst = 0.0
    group, inside = belt.exit_group[-1], np.ones(belt.shape, dtype=bool)
    for s in range(N_CHECKED):
        part = slice(sensors.indptr[s], sensors.indptr[s + 1])
        left = slowness.copy()
        left.ravel()[sensors.cell[part]] -= sensors.slowness[part]
        at_exit = solve_eikonal(np.maximum(left, 0.0), CELL_M, belt.entry, inside)[-1]
        full = np.array([at_exit[group == g].min() for g in range(least.shape[1])])
        worst = max(worst, float(np.abs(least[s] / full - 1).max()))
    return worst


def measure_addition(belt: Belt, settings: Settings) -> list[Row]:
    """Return the row about the best one more sensor of a sector."""
    reach_m, speed = CASES["person", "night"]
    slowness = slowness_of(belt, reach_m, speed)
    inside = np.ones(belt.shape, dtype=bool)
    exits = np.zeros(belt.shape, dtype=bool)
    exits[-1] = True
    random = np.random.default_rng(SEED + 1)
    n = settings.pick(N_ADDITIONS // 5, N_ADDITIONS)
    xy_m = np.column_stack(
        [
            np.sort(random.uniform(0, belt.shape[1] * CELL_M, n)),
            DEPTH_M / 2 + random.normal(0, 4_000.0, n),
        ]
    )
    cells = sensor_cells(belt, xy_m, reach_m, speed)
    additions = ListedAdditions(cells.indptr, cells.cell, np.asarray(cells.slowness, dtype=np.float64)[None])
    started = time.perf_counter()
    best = find_best_addition([slowness], CELL_M, belt.entry, exits, inside, additions, n)
    spent_s = time.perf_counter() - started
    if best is None:
        return []
    before, after = (-np.expm1(-value) for value in (best.exposure_before, best.exposure_after))
    return [
        Row(
            f"best one more of {n:,} free sensors, weakest crossing of {slowness.size / 1e6:.1f} M cells",
            seconds(spent_s),
            comparison=f"{best.n_solved} solved, the bound ruled out the others; from {percent(before)}"
            f" to {percent(after)}, proven best",
        )
    ]


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return the note and the rows of this section."""
    compile_kernels()
    belt = make_belt(settings.pick(LINE_M / 10, LINE_M))
    note = (
        f"{belt.shape[1] * CELL_M / 1000:,.0f} x {DEPTH_M / 1000:.0f} km at {CELL_M:.0f} m,"
        f" {len(belt.sensor_xy_m):,} sensors{', a tenth of the line' if settings.quick else ''}"
    )
    slowness = slowness_of(belt, *CASES["person", "night"])
    rows = measure_field(belt, slowness, settings)
    rows += measure_losses(belt, settings)
    rows += measure_addition(make_belt(settings.pick(LINE_M / 10, SECTOR_M * 2)), settings)
    return note, rows
