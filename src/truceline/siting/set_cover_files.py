"""Read and check set covering problems in the two layouts of the OR-Library (Beasley 1990).

Costs in the file's own currency; rows must be covered by columns. Line ends mean nothing in these files, so
mistakes are named by row or column. Files are untrusted and bounded; nothing is solved here (see `cover`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truceline.errors import ProblemList, TableError
from truceline.siting.problems import SetCoverProblem
from truceline.siting.text_tables import SHOWN_MAX, count_rest, read_number_stream, refuse

IntArray = NDArray[np.int64]


def read_orlib(path: Path) -> SetCoverProblem:
    """Read an OR-Library set covering problem by rows (Beasley 1990): m n, n costs, then the rows.

    A row is the number of its columns and the columns, from 1; a column named twice counts once. Line ends
    mean nothing.
    """
    numbers = _whole_numbers(path)
    n_rows, n_columns = _read_size(path, numbers)
    costs = numbers[2 : 2 + n_columns]
    if costs.size < n_columns:
        raise refuse(path.name, f"ends after {costs.size} of {n_columns} costs", "give one for each column")
    counts, columns = _read_lists(path, numbers, 2 + n_columns, n_rows, 0, "row", n_columns, "column")
    rows = np.repeat(np.arange(n_rows), counts)
    return _cover_of_pairs(path, costs, columns - 1, rows, n_rows)


def read_rail(path: Path) -> SetCoverProblem:
    """Read an OR-Library set covering problem by columns, as the rail files are.

    m n, then for each column its cost, the number of its rows and the rows, from 1.
    """
    numbers = _whole_numbers(path)
    n_rows, n_columns = _read_size(path, numbers)
    counts, rows = _read_lists(path, numbers, 2, n_columns, 1, "column", n_rows, "row")
    starts = 2 + np.concatenate([[0], np.cumsum(counts[:-1] + 2)])
    columns = np.repeat(np.arange(n_columns), counts)
    return _cover_of_pairs(path, numbers[starts], columns, rows - 1, n_rows)


def _cover_of_pairs(
    path: Path, cost: NDArray[np.float64], columns: IntArray, rows: IntArray, n_rows: int
) -> SetCoverProblem:
    """Return the set cover of pairs of column and row in any order, repeats merged."""
    problems = ProblemList()
    bad = np.flatnonzero(~(cost > 0))
    for column in bad[:SHOWN_MAX]:
        problems.add(f"{path.name} column {column + 1}", f"cost {cost[column]:g} is not above 0", "")
    count_rest(problems, path.name, bad.size)
    problems.raise_if_any(TableError, "set covering instance")
    order = np.lexsort((rows, columns))
    columns, rows = columns[order], rows[order]
    new = np.ones(rows.size, dtype=np.bool_)
    new[1:] = (np.diff(columns) != 0) | (np.diff(rows) != 0)
    columns, rows = columns[new], rows[new]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=cost.size))]).astype(np.int64)
    names = tuple(str(i + 1) for i in range(cost.size))
    cells = tuple(f"row {i + 1}" for i in range(n_rows))
    everything = np.ones(n_rows, dtype=np.bool_)
    return SetCoverProblem(
        np.ascontiguousarray(cost, dtype=np.float64),
        indptr,
        rows.astype(np.int32),
        everything,
        labels=names,
        cell_labels=cells,
    )


def _whole_numbers(path: Path) -> NDArray[np.float64]:
    """Return the numbers of an OR-Library file; costs may have fractions, all else is checked where used."""
    numbers = read_number_stream(path)
    if not np.isfinite(numbers).all():
        raise refuse(path.name, "holds numbers that are not finite", "give finite numbers")
    return numbers


def _read_size(path: Path, numbers: NDArray[np.float64]) -> tuple[int, int]:
    head = numbers[:2]
    if head.size < 2 or (head < 1).any() or (head != np.floor(head)).any():
        found = f"does not begin with two whole numbers: {' '.join(f'{n:g}' for n in head)}"
        raise refuse(path.name, found, "begin with the number of rows and of columns")
    if (head > numbers.size).any():
        found = f"says {head[0]:g} rows and {head[1]:g} columns and holds {numbers.size} numbers"
        raise refuse(path.name, found, "check that the file is complete and the format the right one")
    return int(head[0]), int(head[1])


def _read_lists(
    path: Path,
    numbers: NDArray[np.float64],
    place: int,
    n_lists: int,
    n_before: int,
    kind: str,
    entry_max: int,
    entry_kind: str,
) -> tuple[IntArray, IntArray]:
    """Return how long each list is, and all entries, of lists that each begin with their length.

    n_before: numbers before the length (the cost, in rail files). Entries run from 1 to entry_max.
    """
    starts = np.empty(n_lists, dtype=np.int64)
    counts = np.empty(n_lists, dtype=np.int64)
    for one in range(n_lists):
        place += n_before
        if place >= numbers.size:
            found = f"ends before {kind} {one + 1} of {n_lists}"
            raise refuse(path.name, found, "check that the file is complete")
        count = numbers[place]
        if count < 0 or count != np.floor(count) or place + 1 + count > numbers.size:
            found = f"{kind} {one + 1} is said to have {count:g} entries"
            raise refuse(path.name, found, "check that the file is complete and the format the right one")
        starts[one], counts[one] = place + 1, int(count)
        place += 1 + int(count)
    if place != numbers.size:
        found = f"holds {numbers.size - place} numbers after the last {kind}"
        raise refuse(path.name, found, "check the number of rows and columns at its head")
    first = np.concatenate([[0], np.cumsum(counts)])
    entries = numbers[np.repeat(starts - first[:-1], counts) + np.arange(first[-1])]
    bad = np.flatnonzero((entries < 1) | (entries > entry_max) | (entries != np.floor(entries)))
    problems = ProblemList()
    for entry in bad[:SHOWN_MAX]:
        one = int(np.searchsorted(first, entry, side="right"))
        found = f"names {entry_kind} {entries[entry]:g}"
        problems.add(f"{path.name} {kind} {one}", found, f"{entry_kind}s run from 1 to {entry_max}")
    count_rest(problems, path.name, bad.size)
    problems.raise_if_any(TableError, "set covering instance")
    return counts, entries.astype(np.int64)
