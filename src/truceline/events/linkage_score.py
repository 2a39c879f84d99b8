"""How good linkage is, against pairs of reports known to describe one event.

Recall counts known pairs that end in one incident; cluster sizes are given over all incidents and over those
that hold a known pair, since many lone reports make any mean small. Knows the pairs only to count them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truceline.events.frames import make_frame
from truceline.events.linkage import link
from truceline.events.pairs import LinkageSettings, default_settings, find_partners, lay_out
from truceline.events.schema import REPORTS

if TYPE_CHECKING:
    import pandas as pd

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class LinkageScore:
    """How well the links fit the known pairs."""

    n_pairs: int
    recall: float
    """Share of known pairs whose reports are in one incident."""
    precision: float
    """Share that is known among linked pairs of different sources with a report of a known pair.

    A lower bound where records of one event are missing from the known pairs.
    """
    mean_size: float
    """Reports in an incident, over all incidents."""
    mean_size_of_pairs: float
    """Reports in an incident, over incidents that hold a report of a known pair."""
    largest: int
    top_share: float
    """Share of reports of known pairs whose first-ranked candidate is a true partner."""
    n_incidents: int


def rank_candidates(
    reports: pd.DataFrame, *, settings: LinkageSettings | None = None, other_sources: bool = True
) -> pd.DataFrame:
    """Return the ranked candidates of each report: report_id, rank (from 1), candidate_id, score, p.

    With `other_sources`, records of the same source are no candidates. `p` is the probability that the
    candidate is the partner, given that a report has at most one in each source. Ranks follow the score.
    """
    import pandas as pd

    settings = settings or default_settings()
    frame = reports.reset_index(drop=True)
    layout = lay_out(frame, settings)
    everyone = np.arange(len(frame))
    partners = find_partners(layout, everyone, least=-25.0)
    rows, columns = np.nonzero(partners.others >= 0)
    others = partners.others[rows, columns].astype(np.int64)
    scores = partners.scores[rows, columns].astype(float)
    if other_sources:
        kept = layout.data.source[rows] != layout.data.source[others]
        rows, others, scores = rows[kept], others[kept], scores[kept]
    p = _share_out(rows, others, scores, layout.data.source)
    order = np.lexsort((others, -scores, rows))
    rows, others, scores, p = rows[order], others[order], scores[order], p[order]
    starts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1])) if len(rows) else np.empty(0, int)
    sizes = np.diff(np.append(starts, len(rows)))
    ids = frame["report_id"].to_numpy(dtype=np.int64)
    return pd.DataFrame(
        {
            "report_id": ids[rows],
            "rank": np.arange(len(rows)) - np.repeat(starts, sizes) + 1,
            "candidate_id": ids[others],
            "score": scores,
            "p": p,
        }
    )


def evaluate_linkage(
    reports: pd.DataFrame,
    truth: Iterable[tuple[int, int]],
    *,
    settings: LinkageSettings | None = None,
    incident_of: Mapping[int, int] | None = None,
) -> LinkageScore:
    """Return how well linkage finds known pairs (numbers of reports that describe one event).

    With `incident_of`, scores those links instead of making them. A report may be in several known pairs.
    Raises ValueError where there is no pair.
    """
    pairs = np.array(sorted({(min(pair), max(pair)) for pair in truth}), dtype=np.int64).reshape(-1, 2)
    if not len(pairs):
        raise ValueError("no known pairs to score against")
    if incident_of is None:
        links = link(reports, settings=settings).links
        incident_of = dict(zip(links["report_id"].tolist(), links["incident_id"].tolist(), strict=True))
    ids = reports["report_id"].to_numpy(dtype=np.int64)
    incident = np.array([incident_of.get(int(number), -1 - row) for row, number in enumerate(ids)])
    by_id = dict(zip(ids.tolist(), incident.tolist(), strict=True))
    together = np.array([by_id[int(one)] == by_id[int(other)] for one, other in pairs])
    _, inverse, sizes = np.unique(incident, return_inverse=True, return_counts=True)
    held = np.unique(inverse[np.isin(ids, pairs)])
    top = _top_share(rank_candidates(reports, settings=settings), pairs)
    return LinkageScore(
        n_pairs=len(pairs),
        recall=float(together.mean()),
        precision=_precision(reports, pairs, by_id, int(together.sum())),
        mean_size=float(sizes.mean()),
        mean_size_of_pairs=float(sizes[held].mean()),
        largest=int(sizes.max()),
        top_share=top,
        n_incidents=len(sizes),
    )


def make_point_reports(records: pd.DataFrame, *, sigma_m: float = 50.0) -> pd.DataFrame:
    """Return reports of records with the columns source, date, lon, lat, kind: a day and a point each."""
    import pandas as pd

    day = pd.to_datetime(records["date"]).dt.normalize()
    columns = {
        "report_id": np.arange(1, len(records) + 1),
        "key": [str(number) for number in range(1, len(records) + 1)],
        "feed": "records",
        "source": records["source"].to_numpy(),
        "means": "dataset",
        "time_from": day.to_numpy(),
        "time_to": (day + pd.Timedelta(days=1)).to_numpy(),
        "time_precision": "day",
        "lon": records["lon"].to_numpy(),
        "lat": records["lat"].to_numpy(),
        "sigma_m": sigma_m,
        "sigma_across_m": sigma_m,
        "axis_deg": 0.0,
        "place_precision": "exact",
        "kind": records["kind"].to_numpy(),
        "flags": 0,
    }
    return make_frame(REPORTS, columns, n_rows=len(records))


def _share_out(
    rows: IntArray, others: IntArray, scores: NDArray[np.float64], source: IntArray
) -> NDArray[np.float64]:
    """Return the probability of each candidacy, where a report has at most one partner in each source.

    Sharing out both ways (a soft assignment) was tried and is worse by 2 to 3 points of the top share: at a
    site with many records most have no partner at all, and take the candidates of those that have.
    """
    odds = np.exp(np.clip(scores, -50.0, 50.0))
    _, side = np.unique(rows * (int(source.max(initial=0)) + 1) + source[others], return_inverse=True)
    return np.asarray(odds / (1.0 + np.bincount(side, odds)[side])) if len(rows) else odds


def _top_share(ranks: pd.DataFrame, pairs: IntArray) -> float:
    """Return the share of reports of known pairs whose first candidate is a true partner."""
    first = ranks[ranks["rank"] == 1]
    best = dict(zip(first["report_id"].tolist(), first["candidate_id"].tolist(), strict=True))
    partners: dict[int, set[int]] = {}
    for one, other in pairs.tolist():
        partners.setdefault(one, set()).add(other)
        partners.setdefault(other, set()).add(one)
    return float(np.mean([best.get(report) in true for report, true in partners.items()]))


def _precision(reports: pd.DataFrame, pairs: IntArray, by_id: Mapping[int, int], n_right: int) -> float:
    """Return the share that is known among linked pairs across sources with a report of a known pair."""
    ids = reports["report_id"].to_numpy(dtype=np.int64)
    is_known = dict.fromkeys(np.unique(pairs).tolist(), True)
    members: dict[int, list[tuple[str, bool]]] = {}
    for report, source in zip(ids.tolist(), reports["source"].tolist(), strict=True):
        members.setdefault(by_id[report], []).append((source, report in is_known))
    n_linked = sum(
        one[0] != other[0] and (one[1] or other[1])
        for group in members.values()
        for at, one in enumerate(group)
        for other in group[at + 1 :]
    )
    return n_right / n_linked if n_linked else 1.0
