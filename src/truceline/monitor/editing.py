"""Change links by hand: merge, split, move, undo; and say why a report is where it is.

Every decision is a change of its own with who and why. Nothing is erased: newer rows hold, and undoing one
appends rows that say what held before. Numbers of incidents are never used twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from truceline.errors import Problem, ProblemList, TrucelineError
from truceline.events.frames import make_frame
from truceline.events.linkage import explain_evidence
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
from truceline.monitor.past_links import (
    HAND,
    NOWHERE,
    RULE,
    read_links,
    read_members,
    refresh_incidents,
    say_gone,
)
from truceline.store.base import Change, Selection, Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

IntArray = NDArray[np.int64]

UNDOABLE = ("link", "merge", "split", "move", "undo")
"""Verbs of changes that can be undone."""


class LinkEditError(TrucelineError):
    """A merge, split, move or undo names what is not there, or would leave nothing behind."""


def merge_incidents(store: Store, keep: int, others: Sequence[int], *, who: str, why: str) -> int:
    """Make incidents one: the reports of `others` join `keep`. Return the number of the change.

    Raises LinkEditError for incidents that are not there or are part of another already.
    """
    problems = ProblemList()
    _check_words(problems, who, why)
    gone = sorted(set(others) - {keep})
    if not gone or len(gone) < len(list(others)):
        problems.add("others", "must name other incidents, each once", "write the numbers to merge into it")
    _check_incidents(store, problems, [keep, *gone])
    problems.raise_if_any(LinkEditError, "merge")
    with _editing(store, "merge", who, why) as (change, links):
        moved = _reports_of(links, gone)
        _place(change, moved, keep, {"reason": why, "merged": gone})
        _refresh(store, change, links, moved, keep, {keep})
        _retire(store, change, dict.fromkeys(gone, keep))
        return change.change_id


def split_incident(store: Store, incident: int, report_ids: Sequence[int], *, who: str, why: str) -> int:
    """Make reports of an incident an incident of their own and return its number.

    Raises LinkEditError for reports that are not in it, and where none would stay behind.
    """
    problems = ProblemList()
    _check_words(problems, who, why)
    _check_incidents(store, problems, [incident])
    members = set(_reports_of(read_links(store), [incident]).tolist())
    chosen = np.unique(np.asarray(list(report_ids), dtype=np.int64))
    for report in chosen.tolist():
        if report not in members:
            problems.add(f"report {report}", f"is not in incident {incident}", "see `monitor review`")
    if not len(chosen):
        problems.add("reports", "none is named", "name the reports that are an incident of their own")
    elif members and not members - set(chosen.tolist()):
        problems.add(f"incident {incident}", "would be left without reports", "leave at least one in it")
    problems.raise_if_any(LinkEditError, "split")
    with _editing(store, "split", who, why) as (change, links):
        number = change.reserve("incident", 1)
        _place(change, chosen, number, {"reason": why, "split_from": incident})
        _refresh(store, change, links, chosen, number, {incident, number})
        change.note({"incident": number})
        return number


def move_report(store: Store, report: int, incident: int | None, *, who: str, why: str) -> int:
    """Move a report to another incident, or out of all with None; return the number of the change.

    An incident whose only report moves away becomes part of the one it moves to. Raises LinkEditError for
    numbers that are not there, and for the only report of an incident that would go nowhere.
    """
    problems = ProblemList()
    _check_words(problems, who, why)
    links = read_links(store)
    before = _incident_of(links, report)
    if not _has_report(store, report):
        problems.add(f"report {report}", "does not exist or was corrected", "name a current report")
    if incident is not None:
        _check_incidents(store, problems, [incident])
        if before == incident:
            problems.add(f"report {report}", f"is in incident {incident} already", "")
    elif before is None:
        problems.add(f"report {report}", "is in no incident", "")
    is_last = before is not None and len(_reports_of(links, [before])) == 1
    if is_last and incident is None:
        problems.add(
            f"report {report}", f"is all there is of incident {before}", "refute the incident instead"
        )
    problems.raise_if_any(LinkEditError, "move")
    with _editing(store, "move", who, why) as (change, links):
        moved = np.array([report], dtype=np.int64)
        _place(change, moved, incident, {"reason": why})
        touched = {number for number in (before, incident) if number is not None}
        if is_last and before is not None and incident is not None:
            touched.discard(before)
            _retire(store, change, {before: incident})
        _refresh(store, change, links, moved, incident, touched)
        return change.change_id


def undo_change(store: Store, change_id: int, *, who: str, why: str) -> int:
    """Put links and incidents back to what they were before a change; return the number of the new change.

    Raises LinkEditError for changes of another kind, and where later changes built on it.
    """
    problems = ProblemList()
    _check_words(problems, who, why)
    rows = store.read(CHANGES, Selection(equals={"change_id": change_id}))
    verb = str(rows["what"].iloc[0]) if len(rows) else ""
    if not len(rows):
        problems.add(f"change {change_id}", "does not exist", f"the newest is {store.last_change()}")
    elif verb not in UNDOABLE:
        hint = f"only {', '.join(UNDOABLE)} can be undone here"
        problems.add(f"change {change_id}", f"is no change of links but '{verb}'", hint)
    problems.raise_if_any(LinkEditError, "undo")
    written = store.read(LINKS, Selection(equals={"change_id": change_id}))
    incidents = store.read(INCIDENTS, Selection(equals={"change_id": change_id}), columns=("incident_id",))
    reports = np.unique(written["report_id"].to_numpy(dtype=np.int64))
    touched = np.unique(incidents["incident_id"].to_numpy(dtype=np.int64))
    later = _later_changes(store, change_id, reports, touched)
    if later:
        found = f"was built on by change {', '.join(str(number) for number in later)}"
        problems.add(f"change {change_id}", found, "undo the later ones first, newest first")
    problems.raise_if_any(LinkEditError, "undo")
    with _editing(store, "undo", who, why) as (change, _):
        before = change_id - 1
        change.append(LINKS, _restored_links(store, reports, before, {"reason": why, "undoes": change_id}))
        change.append(INCIDENTS, _restored_incidents(store, touched, before))
        change.note({"undoes": change_id})
        return change.change_id


def explain_link(store: Store, report: int) -> str:
    """Say in words where a report is and why; LinkEditError where there is no such report."""
    rows = store.read(LINKS, Selection(equals={"report_id": report}))
    if not len(rows):
        if len(store.read(REPORTS, Selection(equals={"report_id": report}), columns=("report_id",))):
            return f"Report {report} is not linked to an incident yet."
        problem = Problem(f"report {report}", "does not exist", "see `truceline monitor export`")
        raise LinkEditError("explain", [problem])
    newest = rows.iloc[-1]
    incident = newest["incident_id"]
    where = "is in no incident" if _is_missing(incident) else f"is in incident {int(incident)}"
    return f"Report {report} {where}: {say_link(newest)}."


def say_link(link: Mapping[str, Any] | pd.Series) -> str:
    """Return the reason of a link, a row of LINKS, in words."""
    method, score = str(link["method"]), float(link["score"])
    told = explain_evidence(str(link["evidence"]))
    if method == HAND:
        return f"decided by hand ({told.get('reason') or 'no reason given'})"
    for key, words in (("repeats", "it repeats report"), ("supersedes", "it corrects report")):
        if key in told:
            return f"{words} {told[key]}"
    if "undoes" in told:
        return f"change {told['undoes']} was undone ({told.get('reason') or 'no reason given'})"
    if told.get("alone") and "nearest" not in told:
        return "no other report describes the same event"
    partner = told.get("with", told.get("nearest", "another"))
    parts = [
        f"{name} {'for' if float(told[key]) >= 0 else 'against'} it ({float(told[key]):+.1f})"
        for key, name in _PARTS.items()
        if key in told and abs(float(told[key])) >= 0.05
    ]
    away = f", {float(told['distance_m']):.0f} m apart" if "distance_m" in told else ""
    if told.get("alone"):
        return f"alone; not one with report {partner}{away}: {', '.join(parts)}"
    odds = f"log odds {score:+.1f}, a chance of {100.0 / (1.0 + np.exp(-score)):.0f} %"
    return f"same event as report {partner}{away} ({odds}): {', '.join(parts)}"


_PARTS = {
    "space": "place",
    "time": "time",
    "words": "kind and weapon",
    "source": "source",
    "count": "numbers",
}


@contextmanager
def _editing(store: Store, what: str, who: str, why: str) -> Iterator[tuple[Change, pd.DataFrame]]:
    """Open a change, with the newest links."""
    with store.change(who=who, what=what, why=why) as change:
        yield change, read_links(store)


def _place(change: Change, reports: IntArray, incident: int | None, reason: dict[str, Any]) -> None:
    rows = {
        "report_id": reports,
        "incident_id": [incident] * len(reports) if incident is not None else None,
        "evidence": json.dumps(reason, ensure_ascii=False, sort_keys=True),
        "method": HAND,
    }
    change.append(LINKS, make_frame(LINKS, rows, n_rows=len(reports)))


def _refresh(
    store: Store,
    change: Change,
    links: pd.DataFrame,
    moved: IntArray,
    incident: int | None,
    touched: set[int],
) -> None:
    """Sum up the incidents touched, with the reports that moved in their new place."""
    import pandas as pd

    rest = links[~np.isin(links["report_id"].to_numpy(dtype=np.int64), moved)]
    names = ["report_id", "incident_id"]
    now = rest[names]
    if incident is not None:
        added = pd.DataFrame({"report_id": moved, "incident_id": np.full(len(moved), incident)})
        now = pd.concat([now, added.astype("Int64")], ignore_index=True)
    refresh_incidents(change, read_members(store, now, touched), now)


def _retire(store: Store, change: Change, into: dict[int, int]) -> None:
    """Write that incidents became part of others."""
    rows = store.read_current(INCIDENTS, Selection(ids={"incident_id": np.array(sorted(into))}))
    numbers = rows["incident_id"].to_numpy(dtype=np.int64).tolist()
    change.append(INCIDENTS, rows.assign(merged_into=[into[number] for number in numbers]))


def _restored_links(store: Store, reports: IntArray, before: int, reason: dict[str, Any]) -> pd.DataFrame:
    """Return rows that say where reports were as of an earlier change; nowhere where they had no link."""
    old = store.read_current(LINKS, Selection(ids={"report_id": reports}, as_of=before))
    had = old["report_id"].to_numpy(dtype=np.int64)
    without = reports[~np.isin(reports, had)]
    rows = {
        "report_id": np.concatenate([had, without]),
        "incident_id": [*old["incident_id"].tolist(), *[None] * len(without)],
        "score": np.concatenate([old["score"].to_numpy(dtype=float), np.full(len(without), np.nan)]),
        "evidence": [*old["evidence"].tolist(), *[json.dumps(reason, ensure_ascii=False)] * len(without)],
        "method": [*old["method"].tolist(), *[RULE] * len(without)],
    }
    return make_frame(LINKS, rows, n_rows=len(reports))


def _restored_incidents(store: Store, incidents: IntArray, before: int) -> pd.DataFrame:
    """Return incidents as they stood after an earlier change; those not there yet are part of nothing."""
    import pandas as pd

    chosen = Selection(ids={"incident_id": incidents})
    old = store.read_current(INCIDENTS, Selection(ids={"incident_id": incidents}, as_of=before))
    now = store.read_current(INCIDENTS, chosen)
    fresh = now[~np.isin(now["incident_id"].to_numpy(np.int64), old["incident_id"].to_numpy(np.int64))]
    parts = [old, fresh.assign(merged_into=NOWHERE, n_reports=0, n_sources=0, n_posts=0)]
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else old


def _later_changes(store: Store, change_id: int, reports: IntArray, incidents: IntArray) -> list[int]:
    """Return later changes that decided about the reports or incidents of a change, undone ones aside."""
    found: set[int] = set()
    asked: list[tuple[Table, str, IntArray, bool]] = [
        (LINKS, "report_id", reports, False),
        (LINKS, "incident_id", incidents, False),
        (VERIFICATIONS, "incident_id", incidents, True),
        (ATTRIBUTIONS, "incident_id", incidents, True),
        (JUDGEMENTS, "incident_id", incidents, True),
    ]
    for table, column, numbers, by_hand in asked:
        if not len(numbers):
            continue
        equals = {"method": HAND} if by_hand else {}
        rows = store.read(table, Selection(ids={column: numbers}, equals=equals), columns=("change_id",))
        found |= set(rows["change_id"].dropna().astype(int).tolist())
    later = {number for number in found if number > change_id}
    return sorted(later - _undone(store, change_id))


def _undone(store: Store, change_id: int) -> set[int]:
    """Return which later changes were undone, with the changes that undid them."""
    rows = store.read(CHANGES, Selection(equals={"what": "undo"}), columns=("change_id", "details"))
    gone: set[int] = set()
    # Newest first: an undoing that was itself undone undoes nothing.
    for row in rows.iloc[::-1].itertuples(index=False):
        undoes = explain_evidence(str(row.details)).get("undoes")
        if isinstance(undoes, int) and undoes > change_id and int(row.change_id) not in gone:
            gone |= {int(row.change_id), undoes}
    return gone


def _check_words(problems: ProblemList, who: str, why: str) -> None:
    if not who.strip():
        problems.add("who", "is empty", "say who decides")
    if not why.strip():
        problems.add("why", "is empty", "give the reason; it is kept with the decision")


def _check_incidents(store: Store, problems: ProblemList, numbers: Iterable[int]) -> None:
    wanted = sorted(set(numbers))
    chosen = Selection(ids={"incident_id": np.array(wanted, dtype=np.int64)})
    rows = store.read_current(INCIDENTS, chosen, columns=("incident_id", "merged_into"))
    merged = {
        int(number): None if _is_missing(into) else int(into)
        for number, into in zip(rows["incident_id"], rows["merged_into"], strict=True)
    }
    for number in wanted:
        if number not in merged:
            problems.add(f"incident {number}", "does not exist", "see `truceline monitor export`")
        elif (into := merged[number]) is not None:
            problems.add(f"incident {number}", say_gone(into), "name one that stands")


def _reports_of(links: pd.DataFrame, incidents: Sequence[int]) -> IntArray:
    of = links["incident_id"].to_numpy(dtype=np.int64, na_value=-1)
    return np.asarray(links["report_id"].to_numpy(dtype=np.int64)[np.isin(of, list(incidents))])


def _incident_of(links: pd.DataFrame, report: int) -> int | None:
    rows = links.loc[links["report_id"] == report, "incident_id"].dropna()
    return int(rows.iloc[0]) if len(rows) else None


def _has_report(store: Store, report: int) -> bool:
    chosen = Selection(equals={"report_id": report})
    return len(store.read_current(REPORTS, chosen, columns=("report_id",))) > 0


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))
