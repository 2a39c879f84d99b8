"""Read siting problems in the formats other people use: set covering, points with a radius, coverage tables.

OR-Library set covering (scp and rail files), points with weights covered within a radius, tables of who sees
what with what chance (text or sparse .npz). Distances are Euclidean in the file's own unit, costs in any one
currency. Files are untrusted: bounded, never executed, and all their mistakes told at once. It solves nothing
(see `solve`, `cover`) and projects nothing: degrees are refused where they can be recognised.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truceline.errors import ProblemList, TableError
from truceline.siting.coverage_tables import ENTRIES_MAX, read_matrix, read_triplets
from truceline.siting.problems import SetCoverProblem, SitingProblem, build_siting_problem
from truceline.siting.set_cover_files import read_orlib, read_rail
from truceline.siting.text_tables import (
    TextTable,
    is_number,
    read_columns,
    read_text,
    refuse,
    report_lines,
    split_blindly,
)

FORMATS = ("orlib", "rail", "points", "triplets", "npz")
"""Formats by name; `guess_format` tells them apart as far as that is possible."""

CANDIDATES_AT_ONCE = 2_000
"""Candidates whose neighbours are looked up together."""
DEGREES = {"lon", "lat", "longitude", "latitude", "lng"}
"""Headings of coordinates that are no plane."""
TRIPLET_WORDS = {"candidate", "site", "event", "cell", "p"}
"""Headings that only a coverage table has."""
POINT_COLUMNS_MAX = 3
"""Columns of points without a heading; more numbers on the first line are a set cover without line ends."""
POINT_ALIASES = {"demand": "weight", "w": "weight", "population": "weight", "id": "name"}


@dataclass(frozen=True, eq=False)
class Instance:
    """A problem as its file states it; the candidates' names are the labels of the problem."""

    problem: SitingProblem | SetCoverProblem
    """Maximal cover or joint detection where the file has weights, set cover where it has none."""
    format: str
    """One of `FORMATS`."""
    xy: NDArray[np.float64] | None = None
    """(n_candidates, 2) where the file has places."""


def guess_format(path: Path) -> str:
    """Return the likely format of a file by its ending, its heading and its first two lines.

    Two whole numbers alone on the first line are the size of an OR-Library file, unless every line has two:
    those are points. More numbers than a point has are one without line ends. It is a rail file when the
    second line is a column: cost, count and so many rows. Lines that begin with a name are a coverage table;
    other numbers are points.
    """
    if path.suffix.lower() == ".npz":
        return "npz"
    lines = [line for line in read_text(path).splitlines() if line.strip() and not line.startswith("#")]
    words = [split_blindly(line) for line in lines[:2]]
    if not words:
        raise refuse(path.name, "holds no rows", "give a problem")
    first = {word.lower() for word in words[0]}
    if first & TRIPLET_WORDS:
        return "triplets"
    if first & {"x", "y", *DEGREES}:
        return "points"
    if not is_number(words[0][0]):
        return "triplets"
    if len(words[0]) > POINT_COLUMNS_MAX:
        return "orlib"
    is_size = len(words[0]) == 2 and all(word.isdecimal() for word in words[0])
    if not is_size or all(len(split_blindly(line)) == 2 for line in lines):
        return "points"
    second = words[1] if len(words) > 1 else []
    is_column = len(second) >= 2 and second[1] == str(len(second) - 2)
    return "rail" if is_column and len(lines) == 1 + int(words[0][1]) else "orlib"


def read_instance(
    path: Path,
    *,
    format: str = "auto",
    radius: float | None = None,
    candidates: Path | None = None,
    weights: Path | None = None,
    costs: Path | None = None,
) -> Instance:
    """Read a problem in any of the formats.

    radius: for points, how far a candidate reaches. candidates: points that are the candidates, where they
    are not the same. weights, costs: tables (event, weight) and (candidate, cost) beside a coverage table.
    Raises TableError with all mistakes of the options and the files, InfeasibleError where the arrays make
    no problem.
    """
    problems = ProblemList()
    if format != "auto" and format not in FORMATS:
        problems.add("format", f"{format!r} is not known", f"choose one of {', '.join(FORMATS)}, or auto")
        problems.raise_if_any(TableError, "instance")
    kind = guess_format(path) if format == "auto" else format
    if kind == "points":
        if radius is None or not np.isfinite(radius) or radius < 0:
            found = "points need a radius" if radius is None else f"{radius:g} is no reach"
            problems.add("radius", found, "say how far a candidate reaches, in the unit of the file")
    elif radius is not None or candidates is not None:
        where = "radius" if radius is not None else "candidates"
        problems.add(where, f"means nothing for the format {kind}", "leave it out, or say --format points")
    if kind != "triplets" and (weights is not None or costs is not None):
        where = "weights" if weights is not None else "costs"
        problems.add(where, f"means nothing for the format {kind}", "leave it out, or say --format triplets")
    problems.raise_if_any(TableError, "instance")
    if kind == "points":
        return read_points(path, radius=radius if radius is not None else 0.0, candidates=candidates)
    if kind == "triplets":
        return Instance(read_triplets(path, weights=weights, costs=costs), kind)
    if kind == "npz":
        return Instance(read_matrix(path), kind)
    return Instance(read_orlib(path) if kind == "orlib" else read_rail(path), kind)


def read_points(path: Path, *, radius: float, candidates: Path | None = None) -> Instance:
    """Read points `x y weight` that a candidate covers within a radius: a maximal cover problem.

    The candidates are the points themselves or those of a second file. Columns without a heading are
    x y, x y weight or (candidates) x y cost; a heading may name weight, cost and name. Distances are
    Euclidean and the edge of the circle is inside.
    """
    points = _read_places(path, ("x", "y", "weight"))
    places = points if candidates is None else _read_places(candidates, ("x", "y", "cost"))
    problems = ProblemList()
    _check_places(problems, points)
    if places is not points:
        _check_places(problems, places)
    problems.raise_if_any(TableError, "points")
    event_xy = np.column_stack([points.numbers["x"], points.numbers["y"]])
    site_xy = np.column_stack([places.numbers["x"], places.numbers["y"]])
    indptr, indices = find_within(site_xy, event_xy, radius)
    problem = build_siting_problem(
        points.numbers.get("weight", np.ones(len(event_xy))),
        indptr,
        indices,
        None,
        places.numbers.get("cost", np.ones(len(site_xy))),
        labels=places.names.get("name") or tuple(str(i + 1) for i in range(len(site_xy))),
    )
    return Instance(problem, "points", site_xy)


def find_within(
    site_xy: NDArray[np.float64], event_xy: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return rows (indptr, indices) of the events within `radius` of each site, in rising order.

    Raises TableError when there are more than ENTRIES_MAX pairs.
    """
    from scipy.spatial import cKDTree  # late: heavy

    tree = cKDTree(event_xy)
    counts = tree.query_ball_point(site_xy, radius, return_length=True)
    n_pairs = int(np.sum(counts, dtype=np.int64))
    if n_pairs > ENTRIES_MAX:
        found = f"{radius:g} makes {n_pairs:,} pairs"
        raise refuse("radius", found, f"choose a smaller one; the most kept is {ENTRIES_MAX:,}")
    indices = np.empty(n_pairs, dtype=np.int32)
    indptr = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    for first in range(0, len(site_xy), CANDIDATES_AT_ONCE):
        part = site_xy[first : first + CANDIDATES_AT_ONCE]
        found_events = tree.query_ball_point(part, radius, return_sorted=True)
        place = indptr[first]
        for events in found_events:
            indices[place : place + len(events)] = events
            place += len(events)
    return indptr, indices


def as_set_cover(problem: SitingProblem) -> SetCoverProblem:
    """Return the set cover over the events that count and that a candidate can see."""
    seeable = np.zeros(problem.n_events, dtype=np.bool_)
    seeable[problem.indices] = True
    return SetCoverProblem(
        problem.cost,
        problem.indptr,
        problem.indices,
        (problem.weight > 0) & seeable,
        labels=problem.labels,
    )


def as_maximal_cover(problem: SetCoverProblem) -> SitingProblem:
    """Return the maximal cover of a set cover's cells, each of weight 1."""
    return build_siting_problem(
        problem.must_cover.astype(np.float64),
        problem.indptr,
        problem.indices,
        None,
        problem.cost,
        labels=problem.labels,
    )


def _read_places(path: Path, layout: tuple[str, str, str]) -> TextTable:
    """Read points, headings in degrees refused."""
    head = read_text(path).lstrip().splitlines()[:1]
    degrees = sorted({word.lower() for word in split_blindly(head[0])} & DEGREES) if head else []
    if degrees:
        hint = "project the points to metres first: a radius in degrees is no circle"
        raise refuse(f"{path.name} line 1", f"{degrees[0]!r} is in degrees", hint)
    return read_columns(
        path,
        layouts=(("x", "y"), layout),
        optional=("weight", "cost", "name"),
        names=("name",),
        aliases=POINT_ALIASES,
    )


def _check_places(problems: ProblemList, table: TextTable) -> None:
    """Name the lines of coordinates, weights and costs that cannot be."""
    for column, value in table.numbers.items():
        if column == "weight":
            bad, words = ~np.isfinite(value) | (value < 0), "is negative or not a number"
        elif column == "cost":
            bad, words = ~np.isfinite(value) | (value <= 0), "is not above 0"
        else:
            bad, words = ~np.isfinite(value), "is not a place"
        report_lines(problems, table, column, bad, words, "correct the line")
