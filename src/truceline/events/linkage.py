"""Do these reports describe one incident? Links with score and evidence, from reports and what is known.

Exact repeats collapse first, corrections follow what they correct, the rest is compared in pairs (`pairs`)
and clustered (`clusters`). Reports linked before stay where they are; a new one joins the best incident or
founds one with other new ones. A report that would bridge two incidents joins the better, and the pair of
incidents is suggested for review: incidents are merged by hand alone. Totals and other reports are left
alone. Scores are natural logarithms of odds, distances metres. Reads no store, no clock and no `truth`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from truceline.events.clusters import (
    NONE,
    Clustering,
    Edges,
    Known,
    gather_edges,
    join_clusters,
    nothing_known,
)
from truceline.events.frames import make_frame
from truceline.events.kinds import GROUP_OF, LINKED_GROUPS, Flag, Kind
from truceline.events.pairs import (
    TERMS,
    LinkageSettings,
    default_settings,
    explain_pairs,
    find_partners,
    lay_out,
    number_texts,
)
from truceline.events.schema import LINKS

if TYPE_CHECKING:
    import pandas as pd

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]

LINKED_KINDS = tuple(kind for kind in Kind if GROUP_OF[kind] in LINKED_GROUPS)
"""Kinds whose reports become incidents."""


class Suggestion(NamedTuple):
    """Two incidents that may be one: for somebody to look at."""

    incident: int
    other: int
    score: float
    """Of the best pair of reports across them."""
    report: int
    other_report: int


@dataclass(frozen=True)
class PastLinks:
    """What was decided about the reports at hand, by their numbers."""

    incident_of: Mapping[int, int]
    """Incident of each report that is linked."""
    by_hand: frozenset[int] = frozenset()
    """Reports whose place was decided by hand."""
    out: frozenset[int] = frozenset()
    """Reports taken out by hand and put nowhere: they stay out."""
    barred: frozenset[tuple[int, int]] = frozenset()
    """Report and incident it was taken out of by hand."""
    in_company: frozenset[int] = frozenset()
    """Corrected reports whose incident has other reports still, and that no hand put there."""


NO_LINKS = PastLinks({})


@dataclass(frozen=True)
class Linkage:
    """New links; those that were known are not repeated."""

    links: pd.DataFrame
    """Rows of the table `links`, one for each report newly linked."""
    n_new_incidents: int
    n_joined: int
    """Reports that joined an incident known before."""
    n_repeats: int
    """Reports that repeat another one exactly."""
    suggestions: tuple[Suggestion, ...]


def link(
    reports: pd.DataFrame,
    *,
    past: PastLinks = NO_LINKS,
    first_incident: int = 1,
    settings: LinkageSettings | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Linkage:
    """Return links for all reports of `reports` that have none.

    Parameters
    ----------
    reports
        Current reports, new ones and those around them, with the columns `pairs.NEEDED`; `text` is used to
        tell exact repeats where it is there. A report and its correction are not both in it.
    past
        What was decided before about any of them.
    first_incident
        Number of the first new incident; the others follow in the order of their first reports.
    settings
        Assumptions and bounds; the packaged ones by default.
    progress
        Told the step (pairs, clusters) and the share of it that is done.
    """
    tell = progress or (lambda _step, _share: None)
    settings = settings or default_settings()
    rows = np.flatnonzero(is_linkable(reports))
    frame = reports.iloc[rows].sort_values("report_id", kind="stable").reset_index(drop=True)
    ids = frame["report_id"].to_numpy(dtype=np.int64)
    original = find_repeats(frame)
    known = _known_rows(frame, ids, original, past)
    is_out = np.isin(ids, sorted(past.out))
    is_taken = (known.incident >= 0) | is_out
    # Reports taken out by hand are not compared either: nothing may gather around them.
    is_compared = (original == np.arange(len(frame))) & ~is_out
    compared = np.flatnonzero(is_compared)
    tell("pairs", 0.0)
    layout = lay_out(frame.iloc[compared], settings)
    inner = _inner_known(known, compared)
    asked = np.flatnonzero(inner.incident < 0)
    partners = find_partners(layout, asked, least=layout.weights.link)
    tell("pairs", 1.0)
    edges = gather_edges(partners, least=layout.weights.link)
    clustering = join_clusters(layout, edges, inner)
    tell("clusters", 1.0)
    incident = _number_incidents(clustering, first_incident)
    best = _best_partners(partners, clustering, asked, len(compared))
    terms = explain_pairs(layout, asked[best.has], best.row[best.has])
    writer = _LinkWriter(settings.value("certain_score"), layout.weights.prior)
    whole = np.full(len(frame), NONE)
    whole[compared] = incident
    is_repeat = ~is_compared & ~is_out
    whole[is_repeat] = whole[original[is_repeat]]
    score, evidence = np.empty(len(frame)), np.empty(len(frame), dtype=object)
    told_score, told = writer.compared(best, terms, ids[compared])
    score[compared[asked]], evidence[compared[asked]] = told_score, told
    for row in np.flatnonzero(is_repeat).tolist():
        score[row], evidence[row] = writer.certain("repeats", int(ids[original[row]]))
    corrected = _corrections(frame, past)
    for row, earlier in corrected.items():
        score[row], evidence[row] = writer.certain("supersedes", earlier)
    was_linked = np.isin(ids, np.fromiter(past.incident_of, dtype=np.int64, count=len(past.incident_of)))
    written = np.flatnonzero(~was_linked & ~is_out & (whole >= 0))
    links = make_frame(
        LINKS,
        {
            "report_id": ids[written],
            "incident_id": whole[written],
            "score": score[written],
            "evidence": evidence[written],
            "method": "rule",
        },
        n_rows=len(written),
    )
    is_old = whole[written] < first_incident
    return Linkage(
        links=links,
        n_new_incidents=len(np.unique(whole[written][~is_old])),
        n_joined=int(is_old.sum()),
        n_repeats=int((is_repeat & ~is_taken).sum()),
        suggestions=_suggest(edges, clustering, incident, ids[compared]),
    )


def is_linkable(reports: pd.DataFrame) -> BoolArray:
    """Tell which reports can become incidents: of a kind that is linked, with a time."""
    kinds = reports["kind"].isin([kind.value for kind in LINKED_KINDS]).to_numpy(dtype=bool)
    return np.asarray(kinds & reports["time_from"].notna().to_numpy())


def find_repeats(reports: pd.DataFrame) -> IntArray:
    """Return for each row the first row that says exactly the same; itself where there is none.

    The same is feed, source, post, times, place, kind, counts and words. Rows without words are the same
    only where they give the same reference, or the feed itself flagged them as repeats.
    """
    n = len(reports)
    words = reports["text"] if "text" in reports.columns else reports["source_ref"]
    flagged = (reports["flags"].to_numpy(dtype=np.int64, na_value=0) & Flag.exact_repeat) > 0
    said = (words.to_numpy(dtype=object) != "") | (reports["source_ref"].to_numpy(dtype=object) != "")
    texts = [reports[name] for name in ("feed", "source", "post", "kind", "place", "count_unit")]
    plain = words.to_numpy(dtype=object) == ""
    numbers = [reports[name] for name in ("time_from", "time_to", "lon", "lat", "count_best", "killed_best")]
    code = number_texts(*texts, words, words.where(~plain, reports["source_ref"]))
    for column in numbers:
        values = column.to_numpy()
        if values.dtype.kind == "M":
            values = values.astype(np.int64)
        codes = np.unique(np.nan_to_num(values, nan=-1e9), return_inverse=True)[1]
        code = np.unique(code * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)[1]
    counted = said | flagged
    _, first, group = np.unique(2 * code + counted, return_index=True, return_inverse=True)
    return np.where(counted, first[group], np.arange(n))


def explain_evidence(evidence: str) -> dict[str, float | int | str]:
    """Return the evidence of a link as a mapping; empty where it is no JSON object."""
    try:
        found = json.loads(evidence)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class _Best(NamedTuple):
    """The best partner of each report asked for, within its cluster or, where it is alone, outside."""

    row: IntArray
    score: FloatArray
    has: BoolArray
    """There is such a partner."""
    inside: BoolArray
    """It is in the same cluster."""


def _known_rows(frame: pd.DataFrame, ids: IntArray, original: IntArray, past: PastLinks) -> Known:
    """Return what is known by row: past links, corrections following their predecessors, repeats."""
    incident = np.array([past.incident_of.get(int(number), NONE) for number in ids], dtype=np.int64)
    for row, earlier in _corrections(frame, past).items():
        incident[row] = past.incident_of[earlier]
    # A group of repeats is where any of them is: the first to be linked was linked for all.
    at = np.flatnonzero((incident >= 0) & (original != np.arange(len(ids))))[::-1]
    heads = original[at]
    needed = incident[heads] < 0
    incident[heads[needed]] = incident[at[needed]]
    return Known(
        incident,
        np.isin(ids, sorted(past.by_hand)),
        *_barred_rows(frame, ids, past),
    )


def _barred_rows(frame: pd.DataFrame, ids: IntArray, past: PastLinks) -> tuple[IntArray, IntArray]:
    """Return rows and the incidents they are barred from; corrections inherit."""
    if not past.barred:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    by_report: dict[int, list[int]] = {}
    for report, incident in sorted(past.barred):
        by_report.setdefault(report, []).append(incident)
    earlier = frame["supersedes"].to_numpy(dtype=np.int64, na_value=NONE)
    pairs = [
        (row, incident)
        for row in range(len(ids))
        for incident in {*by_report.get(int(ids[row]), ()), *by_report.get(int(earlier[row]), ())}
    ]
    rows = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _corrections(frame: pd.DataFrame, past: PastLinks) -> dict[int, int]:
    """Return the report that each new row corrects and whose incident it takes over.

    A source that corrects the only report of an incident speaks of the same incident still. Where others tell
    of it too, the corrected report has to fit them like any other, or it tells of something else.
    """
    earlier = frame["supersedes"].to_numpy(dtype=np.int64, na_value=NONE)
    ids = frame["report_id"].to_numpy(dtype=np.int64)
    return {
        int(row): int(earlier[row])
        for row in np.flatnonzero(earlier >= 0)
        if int(earlier[row]) in past.incident_of
        and int(earlier[row]) not in past.in_company
        and int(ids[row]) not in past.incident_of
    }


def _inner_known(known: Known, compared: IntArray) -> Known:
    """Return what is known by row of the compared reports alone."""
    place = np.full(len(known.incident), NONE)
    place[compared] = np.arange(len(compared))
    kept = place[known.barred_row] >= 0
    return Known(
        known.incident[compared],
        known.by_hand[compared],
        place[known.barred_row[kept]],
        known.barred_incident[kept],
    )


def _number_incidents(clustering: Clustering, first_incident: int) -> IntArray:
    """Return the incident of each row: the known one, or new numbers in the order of first reports."""
    is_new = clustering.incident < 0
    _, inverse = np.unique(clustering.root[is_new], return_inverse=True)
    incident = clustering.incident.copy()
    incident[is_new] = first_incident + inverse
    return incident


def _best_partners(partners: object, clustering: Clustering, asked: IntArray, n: int) -> _Best:
    """Return for each report asked for its best partner: inside its cluster, else the best rejected."""
    others, scores = partners.others, partners.scores  # type: ignore[attr-defined]
    together = (others >= 0) & (clustering.root[np.maximum(others, 0)] == clustering.root[asked][:, None])
    size = np.bincount(clustering.root, minlength=n)[clustering.root[asked]]
    inside = together.any(axis=1)
    column = np.where(inside, together.argmax(axis=1), 0)
    row = others[np.arange(len(asked)), column].astype(np.int64)
    # Bounded lists may leave out every fellow member: then the first of the cluster speaks for it.
    lost = ~inside & (size > 1)
    row[lost] = np.where(clustering.root[asked[lost]] != asked[lost], clustering.root[asked[lost]], row[lost])
    score = scores[np.arange(len(asked)), column].astype(float)
    return _Best(row, np.where(row >= 0, score, np.nan), row >= 0, inside | lost)


class _LinkWriter:
    """Writes scores and evidence of links."""

    def __init__(self, certain: float, prior: float) -> None:
        self.certain_score = certain
        self.prior = prior

    def certain(self, what: str, report: int) -> tuple[float, str]:
        """Return score and evidence of a link that needs no weighing."""
        return self.certain_score, json.dumps({what: report})

    def compared(
        self, best: _Best, terms: FloatArray, ids: IntArray
    ) -> tuple[FloatArray, NDArray[np.object_]]:
        """Return scores and evidence of reports by their best partner.

        The score of a report that stays alone is that it stands alone: the odds against its best partner.
        """
        pair_score = self.prior + terms[:, :5].sum(axis=1)
        score = np.full(len(best.row), self.certain_score)
        score[best.has] = np.where(best.inside[best.has], pair_score, -pair_score)
        evidence = np.full(len(best.row), '{"alone": 1}', dtype=object)
        told = ids[best.row[best.has]]
        form = ", ".join(f'"{name}": {{:.{0 if name == "distance_m" else 2}f}}' for name in TERMS)
        inside = '{{"with": {}, "prior": {:.2f}, ' + form + "}}"
        alone = '{{"alone": 1, "nearest": {}, "prior": {:.2f}, ' + form + "}}"
        evidence[best.has] = [
            (inside if is_inside else alone).format(report, self.prior, *row)
            for is_inside, report, row in zip(
                best.inside[best.has].tolist(), told.tolist(), (terms + 0.0).tolist(), strict=True
            )
        ]
        return score, evidence


def _suggest(
    edges: Edges, clustering: Clustering, incident: IntArray, ids: IntArray
) -> tuple[Suggestion, ...]:
    """Return the pairs of known incidents that new reports bridge, each with its best pair, best first."""
    made: dict[tuple[int, int], Suggestion] = {}
    for number in clustering.bridges:
        i, j = int(edges.first[number]), int(edges.second[number])
        if incident[i] > incident[j]:
            i, j = j, i
        key = (int(incident[i]), int(incident[j]))
        found = Suggestion(*key, float(edges.score[number]), int(ids[i]), int(ids[j]))
        made.setdefault(key, found)
    return tuple(made.values())


__all__ = [
    "LINKED_KINDS", "NO_LINKS", "Linkage", "LinkageSettings", "PastLinks", "Suggestion", "find_repeats",
    "is_linkable", "link", "nothing_known",
]  # fmt: skip
