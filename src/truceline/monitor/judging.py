"""Verify, attribute and judge the incidents of a store by rule: what is new or changed since the last time.

One change writes everything; only rows that differ from the newest ones are appended, and decisions by hand
stand. Incidents that became part of another lose their verdicts, those by hand too: the shot would count
twice.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truceline.events import attribution, verification
from truceline.events.agreements import Agreement
from truceline.events.attribution import attribute_incidents, find_changed_attributions
from truceline.events.frames import make_frame
from truceline.events.judging import find_changes, find_clauses_that_allow_attribution, judge_incidents
from truceline.events.schema import (
    ATTRIBUTIONS,
    CHANGES,
    INCIDENTS,
    JUDGEMENTS,
    LINKS,
    REPORTS,
    VERIFICATIONS,
    Table,
)
from truceline.events.verification import find_changed_verifications, verify_incidents
from truceline.monitor.agreeing import read_agreements
from truceline.monitor.mission import read_mission
from truceline.monitor.past_links import say_gone
from truceline.store.base import ALL, Change, Selection, Store, StoreError

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 250_000
"""Incidents judged at a time, which bounds memory."""
Ids = NDArray[np.int64]
Tell = Callable[[str, float], None]
_REPORT_COLUMNS = tuple(dict.fromkeys((*verification.REPORT_COLUMNS, *attribution.REPORT_COLUMNS)))


@dataclass
class JudgeSummary:
    """What judging did."""

    n_incidents: int = 0
    """Incidents looked at."""
    n_changed: int = 0
    """Verdicts new or changed."""
    n_verifications: int = 0
    """Verifications new or changed."""
    n_attributions: int = 0
    """Attributions new or changed."""
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Verdicts new or changed by clause (agreement/clause) and verdict."""
    statuses: Counter[str] = field(default_factory=Counter)
    """Verifications new or changed by status."""
    unknown_lines: tuple[str, ...] = ()
    """Lines that clauses are measured from and nobody gave (agreement/line): their verdicts are unclear."""


@dataclass(frozen=True)
class Assessment:
    """What the rules say of some incidents, before it is held against what is kept."""

    verifications: pd.DataFrame
    attributions: pd.DataFrame
    judgements: pd.DataFrame


def judge_store(
    store: Store,
    *,
    who: str,
    why: str = "",
    agreements: Iterable[Agreement] | None = None,
    since: datetime | None = None,
    now: datetime | None = None,
    everything: bool = False,
    progress: Tell | None = None,
) -> JudgeSummary:
    """Verify, attribute and judge by rule.

    Parameters
    ----------
    store
        Open for writing.
    who, why
        Kept with the change.
    agreements
        To judge against; those of the store by default. With others given, verdicts against agreements that
        are not among them are left as they are.
    since
        Look at every incident that ends at this moment or later (UTC without zone), changed or not. By
        default at those that are new or changed since the last time, or at all where agreements changed.
    now
        The present, kept with the change; no rule asks for it.
    everything
        Look at every incident.
    progress
        Told the stage ("read", "judge" or "write") and the share of it done.
    """
    tell = progress or (lambda stage, share: None)
    tell("read", 0.0)
    given = read_agreements(store) if agreements is None else {each.name: each for each in agreements}
    digest = _digest(given)
    ids = _find_scope(store, since=since, everything=everything, digest=digest)
    summary = JudgeSummary(
        unknown_lines=tuple(f"{a.name}/{line}" for a in given.values() for line in a.missing_lines)
    )
    regions = region_names_in(store)
    whole = since is None and agreements is None
    with store.change(who=who, what="judge", why=why) as change:
        for done, chunk in _chunks(ids):
            tell("judge", done)
            _judge_chunk(store, change, chunk, given, regions, summary, only_given=agreements is not None)
        tell("write", 0.0)
        change.note(
            {
                "agreements": sorted(given),
                "digest": digest if whole else "",
                "whole": whole,
                "now": None if now is None else now.isoformat(),
                "n_incidents": summary.n_incidents,
                "n_changed": summary.n_changed,
            }
        )
    tell("write", 1.0)
    return summary


def read_reports_of(store: Store, incident_ids: Ids) -> pd.DataFrame:
    """Return the reports linked to incidents now, with `incident_id` and the columns the rules ask for."""
    links = store.read_current(LINKS, Selection(ids={"incident_id": incident_ids}))
    links = links[links["incident_id"].notna()]
    wanted = links["report_id"].to_numpy(dtype=np.int64)
    # The newest version of each report alone: one that was corrected speaks no more.
    reports = store.read_current(REPORTS, Selection(ids={"report_id": wanted}), columns=_REPORT_COLUMNS)
    owners = links.set_index("report_id")["incident_id"]
    return reports.assign(incident_id=owners.reindex(reports["report_id"]).to_numpy(dtype=np.int64))


def region_names_in(store: Store) -> dict[str, str]:
    """Return the mission's name of each region by the other names sources have for it."""
    try:
        mission = read_mission(store)
    except StoreError:
        return {}
    return {other: region.name for region in mission.regions for other in region.also}


def assess_incidents(
    store: Store,
    incidents: pd.DataFrame,
    agreements: Mapping[str, Agreement],
    region_names: Mapping[str, str],
    *,
    decided: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> Assessment:
    """Return what the rules say of incidents (newest rows of standing ones).

    `decided` are newest rows of `VERIFICATIONS` and `ATTRIBUTIONS`: verdicts follow those by hand among them.
    """
    import pandas as pd

    reports = read_reports_of(store, incidents["incident_id"].to_numpy(dtype=np.int64))
    verified = verify_incidents(incidents, reports)
    named = attribute_incidents(
        incidents,
        reports,
        may_name_side=find_clauses_that_allow_attribution(incidents, agreements.values()),
    )
    statuses, values = verified, named
    if decided is not None:
        by_hand = [frame[frame["method"] == "hand"] for frame in decided]
        statuses = pd.concat([verified, by_hand[0][verified.columns]], ignore_index=True)
        values = pd.concat([named, by_hand[1][named.columns]], ignore_index=True)
        statuses = statuses.drop_duplicates("incident_id", keep="last")
        values = values.drop_duplicates(["incident_id", "aspect"], keep="last")
    judged = judge_incidents(
        incidents,
        agreements.values(),
        verifications=statuses,
        attributions=values,
        region_names=region_names,
    )
    return Assessment(verified, named, judged)


def _judge_chunk(
    store: Store,
    change: Change,
    ids: Ids,
    agreements: Mapping[str, Agreement],
    regions: Mapping[str, str],
    summary: JudgeSummary,
    *,
    only_given: bool,
) -> None:
    """Assess some incidents and append what differs from what is kept."""
    import pandas as pd

    chosen = Selection(ids={"incident_id": ids})
    incidents = store.read_current(INCIDENTS, chosen)
    kept = {
        table.name: store.read_current(table, chosen) for table in (VERIFICATIONS, ATTRIBUTIONS, JUDGEMENTS)
    }
    verdicts = kept[JUDGEMENTS.name]
    merged = incidents[incidents["merged_into"].notna()]
    incidents = incidents[incidents["merged_into"].isna()].reset_index(drop=True)
    decided = (kept[VERIFICATIONS.name], kept[ATTRIBUTIONS.name])
    made = assess_incidents(store, incidents, agreements, regions, decided=decided)
    standing = verdicts[verdicts["incident_id"].isin(incidents["incident_id"])]
    if only_given:
        standing = standing[standing["agreement"].isin(list(agreements))]
    is_in_force = standing["agreement"].isin(list(agreements)).to_numpy(dtype=bool)
    changed = pd.concat(
        [
            find_changes(made.judgements, standing[is_in_force]),
            find_changes(
                make_frame(JUDGEMENTS, {}), standing[~is_in_force], why_gone="its agreement was withdrawn"
            ),
        ],
        ignore_index=True,
    )
    closed = _close_merged(merged, verdicts)
    rows = pd.concat([changed, closed], ignore_index=True) if len(closed) else changed
    verified = find_changed_verifications(made.verifications, kept[VERIFICATIONS.name])
    named = find_changed_attributions(
        made.attributions, kept[ATTRIBUTIONS.name], incident_ids=incidents["incident_id"].to_numpy(np.int64)
    )
    for table, frame in ((VERIFICATIONS, verified), (ATTRIBUTIONS, named), (JUDGEMENTS, rows)):
        if len(frame):
            change.append(table, frame)
    summary.n_incidents += len(incidents)
    summary.n_changed += len(rows)
    summary.n_verifications += len(verified)
    summary.n_attributions += len(named)
    summary.statuses.update(verified["status"].value_counts().to_dict())
    counted = rows.groupby(["agreement", "clause", "verdict"]).size()
    summary.verdicts.update({(f"{a}/{c}", str(v)): int(n) for (a, c, v), n in counted.items()})


def _close_merged(merged: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return outside-rows for the verdicts of incidents that became part of others."""
    into = {int(old): int(new) for old, new in zip(merged["incident_id"], merged["merged_into"], strict=True)}
    open_ = verdicts[verdicts["incident_id"].isin(list(into)) & (verdicts["verdict"] != "outside")]
    words = {number: f"the incident {say_gone(other)}" for number, other in into.items()}
    reasons = np.array([words[int(number)] for number in open_["incident_id"]], dtype=object)
    columns = {name: open_[name] for name in JUDGEMENTS.names if name != "change_id"}
    return make_frame(
        JUDGEMENTS,
        {**columns, "verdict": "outside", "p": 0.0, "reason": reasons, "method": "rule"},
        n_rows=len(open_),
    )


def list_unjudged(store: Store) -> Ids:
    """Return the numbers of the incidents that are new or changed since everything was last judged."""
    return _find_scope(store, since=None, everything=False, digest=_digest(read_agreements(store)))


def _find_scope(store: Store, *, since: datetime | None, everything: bool, digest: str) -> Ids:
    """Return the numbers of the incidents to look at, in order."""
    last = None if everything or since is not None else _last_whole_judging(store)
    if last is None or last[1] != digest:
        rows = store.read_current(INCIDENTS, Selection(since=since), columns=("incident_id",))
        return np.sort(rows["incident_id"].to_numpy(dtype=np.int64))
    changes = store.read(CHANGES, ALL, columns=("change_id",))["change_id"].to_numpy(dtype=np.int64)
    return _touched_since(store, changes[changes > last[0]])


def _touched_since(store: Store, changes: Ids) -> Ids:
    """Return the incidents that some changes wrote about: themselves, their links, who decided on them."""
    if not len(changes):
        return np.empty(0, dtype=np.int64)
    within = Selection(ids={"change_id": changes})
    found = [_numbers(store, table, within) for table in (INCIDENTS, LINKS, VERIFICATIONS, ATTRIBUTIONS)]
    # A report taken out, moved or corrected touches the incident it was or is linked to.
    moved = store.read(LINKS, within, columns=("report_id",))["report_id"]
    corrected = store.read(REPORTS, within, columns=("supersedes",))["supersedes"].dropna()
    reports = np.union1d(moved.to_numpy(dtype=np.int64), corrected.to_numpy(dtype=np.int64))
    if len(reports):
        found.append(_numbers(store, LINKS, Selection(ids={"report_id": reports})))
    return np.unique(np.concatenate(found))


def _numbers(store: Store, table: Table, select: Selection) -> Ids:
    column = store.read(table, select, columns=("incident_id",))["incident_id"].dropna()
    return column.to_numpy(dtype=np.int64)  # type: ignore[no-any-return]


def _last_whole_judging(store: Store) -> tuple[int, str] | None:
    """Return number and digest of agreements of the last change that judged all there was, if any."""
    rows = store.read(CHANGES, Selection(equals={"what": "judge"}), columns=("change_id", "details"))
    for number, details in zip(rows["change_id"][::-1], rows["details"][::-1], strict=True):
        told = json.loads(details) if details else {}
        if told.get("whole"):
            return int(number), str(told.get("digest", ""))
    return None


def _digest(agreements: Mapping[str, Agreement]) -> str:
    text = json.dumps([agreements[name].model_dump_json(by_alias=True) for name in sorted(agreements)])
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()


def _chunks(ids: Ids) -> Iterator[tuple[float, Ids]]:
    """Yield the share done so far and the next numbers."""
    for start in range(0, len(ids), CHUNK):
        yield start / len(ids), ids[start : start + CHUNK]
