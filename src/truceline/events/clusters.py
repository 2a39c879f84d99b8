"""Clusters of reports from scored pairs: the best pairs first, and no chain of strangers.

Two clusters are joined when the pair at hand links, the mean score of all pairs across them links too, and
no pair across them is unthinkable. Known incidents keep their members, are never joined to each other, and
take no report that a hand took out of them. Rows are those of the layout; reads no store.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truceline.events.pairs import Layout, Partners

IntArray = NDArray[np.int64]

NONE = -1


@dataclass(frozen=True)
class Edges:
    """Scored pairs of reports, best first; equal scores in the order of the reports."""

    first: IntArray
    second: IntArray
    score: NDArray[np.float32]


@dataclass(frozen=True)
class Known:
    """What was decided before, by row of the layout."""

    incident: IntArray
    """Incident of each report; -1 where it has none yet."""
    by_hand: NDArray[np.bool_]
    """The report was put there by hand."""
    barred_row: IntArray
    """Rows taken out of an incident by hand, with `barred_incident`."""
    barred_incident: IntArray


@dataclass(frozen=True)
class Clustering:
    """Which reports are together."""

    root: IntArray
    """Row of the first report of each one's cluster."""
    incident: IntArray
    """Known incident of each report's cluster; -1 where it is new."""
    bridges: IntArray
    """Numbers of the edges that would join two known incidents."""


def nothing_known(n: int) -> Known:
    """Return the state before anything was linked."""
    none = np.empty(0, dtype=np.int64)
    return Known(np.full(n, NONE), np.zeros(n, dtype=bool), none, none)


def gather_edges(partners: Partners, *, least: float) -> Edges:
    """Return each pair of at least a score `least` once, best first."""
    rows, columns = np.nonzero((partners.others >= 0) & (partners.scores >= least))
    one, other = partners.queries[rows], partners.others[rows, columns].astype(np.int64)
    score = partners.scores[rows, columns]
    first, second = np.minimum(one, other), np.maximum(one, other)
    # The score does not depend on the order of the two, so that either copy of a pair will do.
    order = np.lexsort((second, first))
    first, second, score = first[order], second[order], score[order]
    is_new = np.ones(len(first), dtype=bool)
    is_new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    first, second, score = first[is_new], second[is_new], score[is_new]
    best = np.argsort(-score, kind="stable")
    return Edges(first[best], second[best], score[best])


def join_clusters(layout: Layout, edges: Edges, known: Known) -> Clustering:
    """Return the clusters that the edges make of the reports, starting from what is known."""
    from truceline.events import _linkage_kernels as kernels

    n = len(layout)
    parent, following, last, incident, by_hand = _start(known, n)
    order = np.lexsort((known.barred_incident, known.barred_row))
    bridges = kernels.join_clusters(
        edges.first, edges.second, layout.data, layout.tables, layout.weights, parent, following, last,
        incident, by_hand, known.barred_row[order], known.barred_incident[order],
    )  # fmt: skip
    root = parent
    while True:
        above = root[root]
        if np.array_equal(above, root):
            break
        root = above
    return Clustering(root, incident[root], np.asarray(bridges))


def _start(known: Known, n: int) -> tuple[IntArray, IntArray, IntArray, IntArray, NDArray[np.bool_]]:
    """Return the forest in which members of a known incident are together."""
    parent, following, last = np.arange(n), np.full(n, NONE), np.arange(n)
    incident, by_hand = known.incident.astype(np.int64), np.zeros(n, dtype=bool)
    rows = np.flatnonzero(known.incident >= 0)
    rows = rows[np.argsort(known.incident[rows], kind="stable")]
    if len(rows):
        number = known.incident[rows]
        starts = np.flatnonzero(np.append(True, number[1:] != number[:-1]))
        sizes = np.diff(np.append(starts, len(rows)))
        parent[rows] = np.repeat(rows[starts], sizes)
        is_inner = np.append(number[1:] == number[:-1], False)
        following[rows[:-1]] = np.where(is_inner[:-1], rows[1:], NONE)
        last[rows[starts]] = rows[starts + sizes - 1]
        by_hand[rows[starts]] = np.logical_or.reduceat(known.by_hand[rows], starts)
    return parent, following, last, incident, by_hand
