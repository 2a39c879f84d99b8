"""What submissions change in reports and effort: new rows, corrections, and rows that an edit takes back.

A row that an edit leaves out is not erased: a correction that says so takes its place, a report of the kind
`other` that is linked to nothing, an interval of effort of no length. Reads the store and writes nothing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.feeds.base import FeedContext, Reject, digest_texts
from truceline.events.feeds.odk import effort_key, find_problem, list_keys, map_records
from truceline.events.feeds.odk_form import FEED_NAME, Record
from truceline.events.kinds import Kind
from truceline.events.schema import EFFORTS, POSTS, REPORTS
from truceline.monitor.submission_versions import Decision
from truceline.store.base import AddedReports, Selection, Store

if TYPE_CHECKING:
    import pandas as pd

WITHDRAWN = '{"withdrawn":'
"""How the original of a row begins that an edit took back."""
_EMPTY_WORDS = ("phase", "weapon", "target", "count_unit", "side_from", "claimed_by", "text")
_EMPTY_NUMBERS = tuple(
    f"{what}_{end}" for what in ("count", "killed", "hurt") for end in ("low", "best", "high")
)


@dataclass(frozen=True)
class FieldChange:
    """Rows to write, in their order, and what they come to."""

    reports: pd.DataFrame
    efforts: pd.DataFrame
    added_reports: AddedReports
    added_efforts: AddedReports
    n_withdrawn: int
    """Reports and intervals taken back."""
    withdrawn_ids: tuple[int, ...]
    """Reports in the store among them."""
    rejects: tuple[Reject, ...]
    problems: Mapping[str, str]
    """Why a submission cannot be used at all, by the id of its version."""
    notes: Mapping[str, str]
    """What part of a submission could not be used, by the id of its version."""


def plan_change(
    store: Store, decisions: Sequence[Decision], context: FeedContext, versions: Mapping[str, Collection[str]]
) -> FieldChange:
    """Return what decisions, older versions first, change in the store.

    `versions` has the ids of the versions of each submission that came before.
    """
    used = [each for each in decisions if each.is_used]
    problems = {each.record.instance: found for each in used if (found := find_problem(each.record))}
    usable = [each for each in used if each.record.instance not in problems]
    rows = map_records([(each.key, each.record) for each in usable], context, _read_posts(store))
    rejects = [
        Reject(
            each.record.number,
            "submission",
            problems[each.record.instance],
            "",
            problems[each.record.instance],
        )
        for each in used
        if each.record.instance in problems
    ]
    rejects += [reject for _, _, reject in rows.rejects]
    notes: dict[str, str] = {}
    rejected: dict[int, list[Reject]] = defaultdict(list)
    for owner, _, reject in rows.rejects:
        rejected[owner].append(reject)
    n_usable = np.bincount([*rows.report_of, *rows.effort_of], minlength=len(usable))
    for at, each in enumerate(usable):
        told = rejected[at]
        if told and not n_usable[at]:
            problems[each.record.instance] = f"{told[0].where} {told[0].found}"
        elif told:
            notes[each.record.instance] = (
                f"{len(told)} of {len(told) + n_usable[at]} rows cannot be used: "
                f"{told[0].where} {told[0].found}"
            )
    last = {each.key: each for each in decisions if each.is_used and each.record.instance not in problems}
    last |= {each.key: each for each in decisions if not each.is_used and _takes_back(each)}
    stored = _read_stored(store, rows.reports, last, versions)
    reports = _with_withdrawn(rows.reports, stored, last)
    efforts = _with_withdrawn_efforts(store, rows.efforts, last)
    is_back = reports["original"].str.startswith(WITHDRAWN).to_numpy(dtype=bool)
    written, counted = _count_reports(reports, stored)
    keys = sorted(set(reports.loc[is_back & written, "key"]))
    spent, counted_efforts = _count_efforts(store, efforts)
    n_back = len(keys) + int((spent["time_from"] == spent["time_to"]).sum())
    return FieldChange(
        reports=reports.iloc[np.flatnonzero(written)].reset_index(drop=True),
        efforts=spent,
        added_reports=counted,
        added_efforts=counted_efforts,
        n_withdrawn=n_back,
        withdrawn_ids=_every_version(store, keys),
        rejects=tuple(rejects),
        problems=problems,
        notes=notes,
    )


def _every_version(store: Store, keys: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers of every report of some keys: an older version may be the one that is linked."""
    if not keys:
        return ()
    select = Selection(equals={"feed": FEED_NAME, "key": list(keys)})
    return tuple(int(number) for number in store.read(REPORTS, select, columns=("report_id",))["report_id"])


def _takes_back(decision: Decision) -> bool:
    """Tell whether a submission that is not used takes back what was taken from it before."""
    return decision.record.review == "rejected" and decision.state == "refused"


def _read_posts(store: Store) -> dict[str, tuple[float, float]]:
    """Return longitude and latitude of the mission's posts by name."""
    posts = store.read_current(POSTS, columns=("post", "lon", "lat")).dropna()
    return {
        str(post): (float(lon), float(lat))
        for post, lon, lat in zip(posts["post"], posts["lon"], posts["lat"], strict=True)
    }


def _read_stored(
    store: Store,
    reports: pd.DataFrame,
    last: Mapping[str, Decision],
    versions: Mapping[str, Collection[str]],
) -> pd.DataFrame:
    """Return what is stored of the submissions at hand.

    A version that came before has the reports it had: they are found by their keys, quickly. Where another
    version came before, all reports of the submission are looked for.
    """
    import pandas as pd

    edits = sorted(
        key
        for key, each in last.items()
        if _takes_back(each) or set(versions.get(key, ())) - {each.record.instance}
    )
    known = reports.loc[reports["source_ref"].isin(list(versions)), "key"]
    asked = [("source_ref", edits), ("key", sorted(set(known)))]
    found = [
        store.read_current(REPORTS, Selection(equals={"feed": FEED_NAME, column: words}))
        for column, words in asked
        if words
    ]
    found = [rows for rows in found if len(rows)]
    if not found:
        return reports.iloc[:0]
    return pd.concat(found, ignore_index=True).drop_duplicates("key", ignore_index=True)


def _with_withdrawn(
    reports: pd.DataFrame, stored: pd.DataFrame, last: Mapping[str, Decision]
) -> pd.DataFrame:
    """Return the reports with those that the last versions take back."""
    import pandas as pd

    known = (
        pd.concat([stored, reports], ignore_index=True)
        if len(stored) and len(reports)
        else (stored if len(stored) else reports)
    )
    known = known.drop_duplicates("key", keep="last")
    gone = [
        at
        for at, (key, submission, original) in enumerate(
            zip(known["key"], known["source_ref"], known["original"], strict=True)
        )
        if submission in last
        and not original.startswith(WITHDRAWN)
        and key not in _standing_keys(last[submission])
    ]
    if not gone:
        return reports
    back = [_take_back(row, last[row["source_ref"]]) for row in known.iloc[gone].to_dict("records")]
    made = pd.DataFrame(back, columns=reports.columns).astype(reports.dtypes.to_dict())
    return pd.concat([reports, made], ignore_index=True) if len(reports) else made


def _standing_keys(decision: Decision) -> tuple[str, ...]:
    """Return the keys of reports that a version speaks of, usable or not."""
    return list_keys(decision.key, decision.record) if decision.is_used else ()


def _take_back(row: dict[str, Any], decision: Decision) -> dict[str, Any]:
    reason = decision.note if _takes_back(decision) else "left out by an edit"
    original = json.dumps({"withdrawn": reason, "by": decision.record.instance}, separators=(",", ":"))
    return {
        **row,
        **dict.fromkeys(_EMPTY_WORDS, ""),
        **dict.fromkeys(_EMPTY_NUMBERS, np.nan),
        "kind": str(Kind.other),
        "original": original,
        "digest": str(digest_texts([f"{row['key']} {original}"])[0]),
        "report_id": None,
        "supersedes": None,
        "change_id": None,
    }


def _count_reports(reports: pd.DataFrame, stored: pd.DataFrame) -> tuple[Any, AddedReports]:
    """Return which rows a store would write, and the counts it would give."""
    newest = dict(zip(stored["key"], stored["digest"], strict=True))
    written = np.zeros(len(reports), dtype=bool)
    n_new = n_corrected = 0
    for at, (key, digest) in enumerate(zip(reports["key"], reports["digest"], strict=True)):
        known = newest.get(key)
        written[at] = known != digest
        n_new += known is None
        n_corrected += known is not None and known != digest
        newest[key] = digest
    return written, AddedReports(n_new, len(reports) - n_new - n_corrected, n_corrected)


def _with_withdrawn_efforts(
    store: Store, efforts: pd.DataFrame, last: Mapping[str, Decision]
) -> pd.DataFrame:
    """Return the intervals with those that the last versions take back."""
    import pandas as pd

    without = {
        effort_key(key): each
        for key, each in last.items()
        if not each.is_used or each.record.answers.get("record") == Record.violation
    }
    if not without:
        return efforts
    stored = store.read_current(EFFORTS, Selection(equals={"key": sorted(without)}))
    earlier = efforts[efforts["key"].isin(list(without))]
    known = pd.concat([stored, earlier], ignore_index=True) if len(earlier) else stored
    known = known.drop_duplicates("key", keep="last")
    if known.empty:
        return efforts
    made = known.assign(time_to=known["time_from"], state="watched", cause="", words="withdrawn by an edit")
    return pd.concat([efforts, made], ignore_index=True) if len(efforts) else made.reset_index(drop=True)


def _count_efforts(store: Store, efforts: pd.DataFrame) -> tuple[pd.DataFrame, AddedReports]:
    """Return the intervals a store does not have as they are, and the counts."""
    keys = sorted(set(efforts["key"]))
    stored = store.read_current(EFFORTS, Selection(equals={"key": keys})) if keys else efforts.iloc[:0]
    newest = dict(zip(stored["key"], _contents(stored), strict=True))
    n_new = n_corrected = 0
    written = np.zeros(len(efforts), dtype=bool)
    for at, (key, content) in enumerate(zip(efforts["key"], _contents(efforts), strict=True)):
        known = newest.get(key)
        written[at] = known != content
        n_new += known is None
        n_corrected += known is not None and known != content
        newest[key] = content
    rows = efforts.iloc[np.flatnonzero(written)].reset_index(drop=True)
    return rows, AddedReports(n_new, len(efforts) - n_new - n_corrected, n_corrected)


def _contents(frame: pd.DataFrame) -> Iterable[str]:
    columns = [frame[name].tolist() for name in EFFORTS.names if name != "change_id"]
    return ["\n".join(map(str, row)) for row in zip(*columns, strict=True)]
