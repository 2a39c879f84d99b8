"""Read and check tables of who sees what with what chance: text, or a sparse matrix as .npz.

Candidates and events are names or numbers, chances between 0 and 1, weights and costs in any unit. Files are
untrusted: bounded, never executed, every mistake named by line or place. Nothing is solved here.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truceline.errors import ProblemList, TableError
from truceline.siting.problems import SitingProblem, build_siting_problem
from truceline.siting.text_tables import (
    SHOWN_MAX,
    TextTable,
    count_rest,
    number_names,
    read_columns,
    refuse,
    report_lines,
    shorten,
)

ENTRIES_MAX = 400_000_000
"""Most pairs of candidate and event kept (3.2 GB): a slip must not fill the machine."""
SIDE_MAX = 20_000_000
"""Most candidates or events."""
BYTES_PER_ENTRY = 16
"""Room for one pair in an .npz file: two numbers of eight bytes."""
CERTAIN_CHANCE = 1.0 - 1e-9
"""A chance above this is taken for this: the logarithm of a certain detection is infinite."""
TRIPLET_ALIASES = {"site": "candidate", "cell": "event", "p_detect": "p", "chance": "p"}

IntArray = NDArray[np.int64]


def read_triplets(path: Path, *, weights: Path | None = None, costs: Path | None = None) -> SitingProblem:
    """Read a coverage table: lines `candidate event p`, p the chance of detection (left out: certain).

    Candidates and events are names, so numbering from 0 or 1 is the file's own affair; their order is by
    size for numbers, by alphabet otherwise. `weights` and `costs` are tables (event, weight) and
    (candidate, cost), 1 each where there is none; they may name more than the coverage table, not less.
    """
    table = read_columns(
        path,
        layouts=(("candidate", "event"), ("candidate", "event", "p")),
        names=("candidate", "event"),
        aliases=TRIPLET_ALIASES,
    )
    weight_table = _read_values(weights, "event", "weight")
    cost_table = _read_values(costs, "candidate", "cost")
    problems = ProblemList()
    chance = table.numbers.get("p")
    if chance is not None:
        _check_chances(problems, table)
    _check_values(problems, weight_table, "weight", zero_allowed=True)
    _check_values(problems, cost_table, "cost", zero_allowed=False)
    event_names, weight = _named_values(problems, table, weight_table, "event", "weight")
    site_names, cost = _named_values(problems, table, cost_table, "candidate", "cost")
    problems.raise_if_any(TableError, "coverage table")
    sites = number_names([table.names["candidate"], site_names])[1][0]
    events = number_names([table.names["event"], event_names])[1][0]
    order = np.lexsort((events, sites))
    sites, events = sites[order], events[order]
    twice = np.flatnonzero((np.diff(sites) == 0) & (np.diff(events) == 0))
    for row in twice[:SHOWN_MAX]:
        lines = np.sort(table.lines[order[row : row + 2]])
        found = f"{site_names[sites[row]]} and {event_names[events[row]]} again (as in line {lines[0]})"
        problems.add(f"{table.file} line {lines[1]}", found, "give each pair once")
    problems.raise_if_any(TableError, "coverage table")
    return _problem_of_pairs(
        sites, events, None if chance is None else chance[order], weight, cost, site_names
    )


def read_matrix(path: Path) -> SitingProblem:
    """Read a coverage matrix from .npz: scipy's sparse matrix (csr or csc), candidates by events.

    Arrays: indptr, indices, data (or p_detect) with the chances, left out where all is certain; format and
    shape as scipy writes them, csr without them; weight and cost beside them, 1 each where there are none.
    """
    arrays = _read_arrays(path)
    by = _check_layout(path, arrays)
    value = arrays.get("data", arrays.get("p_detect"))
    n_sites, n_events = _measure(arrays, by)
    problems = ProblemList()
    if max(n_sites, n_events) > SIDE_MAX:
        found = f"{n_sites:,} x {n_events:,} is too large"
        problems.add(f"{path.name} shape", found, f"at most {SIDE_MAX:,} each way")
    numbers = (("weight", arrays.get("weight"), n_events), ("cost", arrays.get("cost"), n_sites))
    for name, array, n in (*numbers, ("data", value, arrays["indices"].size)):
        if array is not None and (array.size != n or array.dtype.kind not in "biuf"):
            problems.add(f"{path.name} {name}", f"has {array.size} entries, {n} were expected", "")
    problems.raise_if_any(TableError, "coverage matrix")
    major = np.repeat(np.arange(arrays["indptr"].size - 1), np.diff(arrays["indptr"]))
    minor = arrays["indices"].astype(np.int64)
    sites, events = (major, minor) if by == "csr" else (minor, major)
    chance = None if value is None else value.astype(np.float64)
    if chance is not None:
        bad = np.flatnonzero(~((chance >= 0) & (chance <= 1)))
        for entry in bad[:SHOWN_MAX]:
            where = f"{path.name} row {sites[entry]}, column {events[entry]}"
            problems.add(where, f"p {chance[entry]:g} is not between 0 and 1", "give a chance")
        count_rest(problems, path.name, bad.size)
        problems.raise_if_any(TableError, "coverage matrix")
    if not ((sites[1:] > sites[:-1]) | ((sites[1:] == sites[:-1]) & (events[1:] > events[:-1]))).all():
        order = np.lexsort((events, sites))
        sites, events = sites[order], events[order]
        chance = None if chance is None else chance[order]
        if ((np.diff(sites) == 0) & (np.diff(events) == 0)).any():
            raise refuse(path.name, "holds some pairs twice", "merge them (scipy's sum_duplicates)")
    weight, cost = (np.ones(n) if array is None else array.astype(np.float64) for _, array, n in numbers)
    return _problem_of_pairs(sites, events, chance, weight, cost, tuple(str(i) for i in range(n_sites)))


def _check_layout(path: Path, arrays: dict[str, NDArray[Any]]) -> str:
    """Return `csr` or `csc` of a matrix whose row starts and numbers are sound, or raise."""
    problems = ProblemList()
    for name in ("indptr", "indices"):
        if name not in arrays or arrays[name].ndim != 1 or arrays[name].dtype.kind not in "iu":
            problems.add(f"{path.name} {name}", "is not there as whole numbers", "give a csr or csc matrix")
    by = _text_of(arrays.get("format"), "csr")
    if by not in ("csr", "csc"):
        problems.add(f"{path.name} format", f"{shorten(by)!r} is not read", "save the matrix as csr or csc")
    problems.raise_if_any(TableError, "coverage matrix")
    indptr, indices = arrays["indptr"].astype(np.int64), arrays["indices"]
    if indptr.size < 2 or indptr[0] != 0 or indptr[-1] != indices.size or (np.diff(indptr) < 0).any():
        found = f"does not run from 0 to {indices.size} without going back"
        problems.add(f"{path.name} indptr", found, "give the starts of the rows")
    if indices.size and int(indices.min()) < 0:
        problems.add(f"{path.name} indices", "has negative numbers", "count from 0")
    problems.raise_if_any(TableError, "coverage matrix")
    arrays["indptr"] = indptr
    return by


def _measure(arrays: dict[str, NDArray[Any]], by: str) -> tuple[int, int]:
    """Return how many candidates and events a matrix has: what it says, and at least what it names."""
    n_major = arrays["indptr"].size - 1
    n_minor = int(arrays["indices"].max()) + 1 if arrays["indices"].size else 1
    n_sites, n_events = (n_major, n_minor) if by == "csr" else (n_minor, n_major)
    shape, weight = arrays.get("shape"), arrays.get("weight")
    if shape is not None and shape.size == 2 and shape.dtype.kind in "iu":
        return max(n_sites, int(shape[0])), max(n_events, int(shape[1]))
    # Without a shape only the weights can tell of events at the end that nobody sees.
    return n_sites, n_events if weight is None else max(n_events, weight.size)


def _check_chances(problems: ProblemList, table: TextTable) -> None:
    chance = table.numbers["p"]
    hint = "give a chance between 0 and 1"
    report_lines(problems, table, "p", np.isnan(chance), "is not a number", hint)
    report_lines(problems, table, "p", chance < 0, "is negative", hint)
    report_lines(problems, table, "p", chance > 1, "is above 1", hint)


def _check_values(
    problems: ProblemList, values: TextTable | None, column: str, *, zero_allowed: bool
) -> None:
    if values is None:
        return
    number = values.numbers[column]
    bad = ~np.isfinite(number) | (number < 0 if zero_allowed else number <= 0)
    words = "is negative or not a number" if zero_allowed else "is not above 0"
    report_lines(problems, values, column, bad, words, "correct the line")


def _read_values(path: Path | None, key: str, value: str) -> TextTable | None:
    if path is None:
        return None
    return read_columns(path, layouts=((key, value),), names=(key,), aliases=TRIPLET_ALIASES)


def _named_values(
    problems: ProblemList, table: TextTable, values: TextTable | None, key: str, column: str
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return all names of candidates or events in order, and the weight or cost of each."""
    if values is None:
        names, _ = number_names([table.names[key]])
        return names, np.ones(len(names))
    names, (_, given) = number_names([table.names[key], values.names[key]])
    out = np.full(len(names), np.nan)
    out[given] = values.numbers[column]
    for row in np.flatnonzero(np.bincount(given, minlength=len(names)) > 1)[:SHOWN_MAX]:
        problems.add(values.file, f"{names[row]} is there twice", f"give each {key} once")
    named = np.zeros(len(names), dtype=np.bool_)
    named[given] = True
    missing = np.flatnonzero(~named)
    for row in missing[:SHOWN_MAX]:
        problems.add(values.file, f"has no {column} for the {key} {names[row]}", "add a line")
    count_rest(problems, values.file, missing.size)
    return names, out


def _problem_of_pairs(
    sites: IntArray,
    events: IntArray,
    chance: NDArray[np.float64] | None,
    weight: NDArray[np.float64],
    cost: NDArray[np.float64],
    names: tuple[str, ...],
) -> SitingProblem:
    """Return the problem of pairs sorted by site and event; pairs without a chance drop out."""
    log_miss: NDArray[np.float64] | None = None
    if chance is not None:
        seen = chance > 0
        if not seen.all():
            sites, events, chance = sites[seen], events[seen], chance[seen]
        if not (chance >= 1).all():
            log_miss = -np.log1p(-np.minimum(chance, CERTAIN_CHANCE))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(sites, minlength=cost.size))])
    return build_siting_problem(weight, indptr, events, log_miss, cost, labels=names)


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an .npz file, sizes looked at before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as bundle:
            n_bytes = sum(item.file_size for item in bundle.infolist())
        if n_bytes > ENTRIES_MAX * BYTES_PER_ENTRY:
            raise refuse(
                path.name,
                f"unpacks to {n_bytes:,} bytes",
                f"at most {ENTRIES_MAX * BYTES_PER_ENTRY:,} are read",
            )
        with np.load(path, allow_pickle=False) as arrays:
            return {name: np.asarray(arrays[name]) for name in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        hint = "save it with scipy.sparse.save_npz or numpy.savez, without objects"
        raise refuse(str(path), f"cannot be read: {_first_words(error)}", hint) from None


def _first_words(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return str(text).split("\n")[0].lower()


def _text_of(array: NDArray[Any] | None, default: str) -> str:
    if array is None:
        return default
    value = array.item() if array.size == 1 else ""
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
