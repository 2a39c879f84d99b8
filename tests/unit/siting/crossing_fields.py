"""Fields with a known least-exposed crossing, and a grid-graph shortest path to compare with."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

EIGHT = ((1, 0), (0, 1), (1, 1), (1, -1))
SIXTEEN = (*EIGHT, (2, 1), (1, 2), (2, -1), (1, -2))


def belt(n_rows, n_columns):
    """Entry in the first row, exit in the last, everything inside."""
    entry = np.zeros((n_rows, n_columns), dtype=bool)
    exit_cells = entry.copy()
    entry[0], exit_cells[-1] = True, True
    return entry, exit_cells, np.ones_like(entry)


def staggered_sensors(example, cell_m):
    """Slowness of L9: sensors with a soft inverse-cube law over a belt, rows along y."""
    width_m, depth_m = example["belt_m"]
    y, x = np.meshgrid(np.arange(0, depth_m + 1, cell_m), np.arange(0, width_m + 1, cell_m), indexing="ij")
    rate = np.zeros_like(x)
    for sensor_x, sensor_y in example["sensors_m"]:
        r2 = (x - sensor_x) ** 2 + (y - sensor_y) ** 2
        rate += example["rate0_per_s"] / (1 + r2 / example["r0_m"] ** 2) ** 1.5
    return rate / example["speed_m_per_s"]


def periodic_posts(spacing_m, strength_m, height_m, cell_m, depth_m):
    """Slowness strength / r^3 of posts every `spacing_m` on the line y = 0: one period, |y| <= depth_m."""
    x = np.arange(0, spacing_m + 0.5 * cell_m, cell_m)
    y = np.arange(-depth_m, depth_m + 0.5 * cell_m, cell_m)
    slowness = np.zeros((y.size, x.size))
    for k in range(-300, 302):
        r2 = y[:, None] ** 2 + (x[None, :] - k * spacing_m) ** 2 + height_m**2
        slowness += strength_m / np.maximum(r2, cell_m**2) ** 1.5
    return slowness


def radial_field(power, half_size, cell):
    """1 / r^power round the middle of a square, flat inside r = 0.1, and a function point -> cell."""
    n = round(half_size / cell)
    axis = np.arange(-n, n + 1) * cell
    y, x = np.meshgrid(axis, axis, indexing="ij")
    slowness = np.maximum(np.hypot(x, y), 0.1) ** -float(power)
    return slowness, lambda point: (round(point[1] / cell) + n, round(point[0] / cell) + n)


def grid_distance(slowness, cell_m, start, moves):
    """Least exposure to every cell over straight moves between cells, as grid graphs do."""
    n_rows, n_columns = slowness.shape
    number = np.arange(slowness.size).reshape(slowness.shape)
    first, second, length = [], [], []
    for dr, dc in moves:
        a = (slice(0, n_rows - dr), slice(max(0, -dc), n_columns - max(0, dc)))
        b = (slice(dr, n_rows), slice(max(0, dc), n_columns + min(0, dc)))
        first.append(number[a].ravel())
        second.append(number[b].ravel())
        length.append((0.5 * (slowness[a] + slowness[b]) * np.hypot(dr, dc) * cell_m).ravel())
    i, j, w = (np.concatenate(part) for part in (first, second, length))
    graph = coo_array((w, (i, j)), shape=(slowness.size, slowness.size)).tocsr()
    return dijkstra(graph, directed=False, indices=number[start], min_only=True).reshape(slowness.shape)
