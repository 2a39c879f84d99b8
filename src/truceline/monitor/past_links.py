"""What was decided about links before, as rules need it, and incidents summed up anew after a change.

A report's newest row in `links` holds. Decisions by hand leave a mark that rules respect: what a hand took
out of an incident, no rule puts back there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truceline.events.frames import make_frame
from truceline.events.incidents import SUMMARY_COLUMNS, summarise_incidents
from truceline.events.linkage import PastLinks
from truceline.events.schema import INCIDENTS, LINKS, REPORTS
from truceline.store.base import ALL, Change, Selection, Store

if TYPE_CHECKING:
    import pandas as pd

IntArray = NDArray[np.int64]

NOWHERE = 0
"""In `merged_into`: the incident was undone and became part of nothing."""
HAND = "hand"
RULE = "rule"

_LINK_COLUMNS = ("report_id", "incident_id", "method", "change_id")


def say_gone(merged_into: int) -> str:
    """Return what became of an incident that no longer stands, from its `merged_into`."""
    return "was undone" if merged_into == NOWHERE else f"became part of incident {merged_into}"


def read_links(store: Store, report_ids: IntArray | None = None) -> pd.DataFrame:
    """Return the newest link of every report that has one, or of some reports."""
    chosen = ALL if report_ids is None else Selection(ids={"report_id": report_ids})
    return store.read_current(LINKS, chosen, columns=_LINK_COLUMNS)


def past_of(
    store: Store, links: pd.DataFrame, report_ids: IntArray, corrected: IntArray | None = None
) -> PastLinks:
    """Return what was decided about some reports; `links` are the newest of all reports.

    `corrected` are those among them that later reports supersede.
    """
    gone = np.empty(0, dtype=np.int64) if corrected is None else corrected
    known = links["report_id"].to_numpy(dtype=np.int64)
    here = links[np.isin(known, report_ids)]
    reports = here["report_id"].to_numpy(dtype=np.int64)
    incidents = here["incident_id"].to_numpy(dtype=np.int64, na_value=-1)
    by_hand = (here["method"] == HAND).to_numpy(dtype=bool)
    placed = incidents >= 0
    return PastLinks(
        incident_of=dict(zip(reports[placed].tolist(), incidents[placed].tolist(), strict=True)),
        by_hand=frozenset(reports[placed & by_hand].tolist()),
        out=frozenset(reports[~placed & by_hand].tolist()),
        barred=_barred(store, report_ids),
        in_company=_in_company(store, links, gone),
    )


def _in_company(store: Store, links: pd.DataFrame, corrected: IntArray) -> frozenset[int]:
    """Return the corrected reports whose incident has other current reports, unless a hand put them there."""
    of = links["incident_id"].to_numpy(dtype=np.int64, na_value=-1)
    reports = links["report_id"].to_numpy(dtype=np.int64)
    mine = np.isin(reports, corrected) & (of >= 0) & (links["method"] != HAND).to_numpy(dtype=bool)
    if not mine.any():
        return frozenset()
    others = reports[np.isin(of, of[mine]) & ~np.isin(reports, corrected)]
    standing = read_reports(store, others)["report_id"].to_numpy(dtype=np.int64)
    shared = set(of[np.isin(reports, standing)].tolist())
    return frozenset(
        int(r) for r, incident in zip(reports[mine], of[mine], strict=True) if incident in shared
    )


def unlinked(links: pd.DataFrame, report_ids: IntArray) -> NDArray[np.bool_]:
    """Tell which reports a rule may link: those without a link, or whose link was undone."""
    placed = links["incident_id"].notna().to_numpy(dtype=bool)
    decided = placed | (links["method"] == HAND).to_numpy(dtype=bool)
    return ~np.isin(report_ids, links["report_id"].to_numpy(dtype=np.int64)[decided])


def refresh_incidents(change: Change, reports: pd.DataFrame, links: pd.DataFrame) -> int:
    """Write the summaries of incidents from all their current reports; return how many."""
    made = summarise_incidents(reports, links)
    return change.append(INCIDENTS, made) if len(made) else 0


def read_members(store: Store, links: pd.DataFrame, incidents: Iterable[int]) -> pd.DataFrame:
    """Return the current reports linked to some incidents."""
    wanted = np.fromiter(incidents, dtype=np.int64)
    of = links["incident_id"].to_numpy(dtype=np.int64, na_value=-1)
    ids = links["report_id"].to_numpy(dtype=np.int64)[np.isin(of, wanted)]
    return read_reports(store, ids)


def read_reports(store: Store, ids: IntArray) -> pd.DataFrame:
    """Return current reports by number; superseded ones are not among them."""
    if not len(ids):
        return make_frame(REPORTS, {}, n_rows=0)[list(SUMMARY_COLUMNS)]
    return store.read_current(REPORTS, Selection(ids={"report_id": ids}), columns=SUMMARY_COLUMNS)


def _barred(store: Store, report_ids: IntArray) -> frozenset[tuple[int, int]]:
    """Return the reports that a hand took out of an incident, with that incident, unless put back since."""
    by_hand = store.read(LINKS, Selection(equals={"method": HAND}), columns=("report_id",))
    touched = np.intersect1d(by_hand["report_id"].to_numpy(dtype=np.int64), report_ids)
    if not len(touched):
        return frozenset()
    history = store.read(LINKS, Selection(ids={"report_id": touched}), columns=_LINK_COLUMNS)
    history = history.assign(incident_id=history["incident_id"].fillna(-1))
    made: set[tuple[int, int]] = set()
    at: dict[int, int] = {}
    for row in history.itertuples(index=False):
        report = int(row.report_id)
        incident = int(row.incident_id)
        before = at.get(report, -1)
        if row.method == HAND and before >= 0 and incident != before:
            made.add((report, before))
        made.discard((report, incident))
        at[report] = incident
    return frozenset(made)
