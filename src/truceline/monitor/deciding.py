"""Decisions by hand: verify, refute, attribute, judge, take a decision back; and the history of one incident.

A decision stands until the next by hand. It is a change of its own, with who and why, and the verdicts that
follow from it by rule are written with it. Nothing is erased.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from truceline.errors import Problem, ProblemList, TrucelineError
from truceline.events.agreements import Agreement
from truceline.events.attribution import ASPECTS, NOT_INVESTIGATED
from truceline.events.clause_matching import IncidentColumns
from truceline.events.frames import make_frame
from truceline.events.judging import VERDICTS, count_acts, find_changes
from truceline.events.kinds import Weapon
from truceline.events.schema import (
    ATTRIBUTIONS,
    CHANGES,
    INCIDENTS,
    JUDGEMENTS,
    LINKS,
    RELEASES,
    VERIFICATIONS,
    Table,
)
from truceline.events.verification import STATUSES
from truceline.monitor.agreeing import read_agreements
from truceline.monitor.judging import Assessment, assess_incidents, region_names_in
from truceline.monitor.past_links import say_gone
from truceline.store.base import Change, Selection, Store

if TYPE_CHECKING:
    import pandas as pd

VALUES = {"side": ("a", "b"), "weapon": tuple(weapon.value for weapon in Weapon)}
"""Values an aspect can have, besides none."""
_BY_HAND = "hand"


class DecisionError(TrucelineError):
    """A decision cannot be written as it was given."""


@dataclass(frozen=True)
class HistoryEntry:
    """One thing that happened to an incident."""

    change_id: int
    at: datetime
    """UTC without zone."""
    who: str
    why: str
    what: str
    """incident, link, verification, attribution, judgement or release."""
    says: str
    """What holds since, in a few words."""
    method: str
    """rule or hand; empty where the table does not say."""


def decide_verification(store: Store, incident: int, status: str, *, who: str, why: str) -> None:
    """Say by hand whether it is established that an incident happened: reported ... verified, or refuted."""
    problems = _check_decision(who, why)
    _check_word(problems, "status", status, STATUSES)
    found = _read_incident(store, incident, problems)
    row = make_frame(
        VERIFICATIONS,
        {"incident_id": [incident], "status": [status], "method": [_BY_HAND], "reason": [why]},
    )
    with store.change(who=who, what="verify", why=why) as change:
        change.append(VERIFICATIONS, row)
        _follow(store, change, found, verification=row)


def decide_attribution(
    store: Store, incident: int, aspect: str, value: str, p: float, *, basis: str, who: str, why: str
) -> None:
    """Say by hand which side acted or with which weapon, how sure that is and what it rests on.

    An empty value takes back what was named: then the incident stands as not investigated.
    """
    problems = _check_decision(who, why)
    if _check_word(problems, "aspect", aspect, ASPECTS) and value:
        _check_word(problems, "value", value, VALUES[aspect])
    if value and not 0 < p <= 1:
        problems.add("p", f"{p} is not a probability", "write a number above 0, up to 1")
    if value and not basis.strip():
        problems.add("basis", "is empty", "write what it rests on: crater analysis, radar, ...")
    found = _read_incident(store, incident, problems)
    row = make_frame(
        ATTRIBUTIONS,
        {
            "incident_id": [incident],
            "aspect": [aspect],
            "value": [value],
            "p": [p if value else math.nan],
            "basis": [basis if value else NOT_INVESTIGATED],
            "method": [_BY_HAND],
        },
    )
    with store.change(who=who, what="attribute", why=why) as change:
        change.append(ATTRIBUTIONS, row)
        _follow(store, change, found, attribution=row)


def decide_judgement(
    store: Store, incident: int, agreement: str, clause: str, verdict: str, *, who: str, why: str
) -> None:
    """Say by hand what an incident is under a clause."""
    problems = _check_decision(who, why)
    _check_word(problems, "verdict", verdict, VERDICTS)
    agreements = read_agreements(store)
    judged_by = agreements.get(agreement)
    if judged_by is None:
        problems.add("agreement", f"'{agreement}' is not in the store", f"it has {_list(agreements)}")
    else:
        _check_word(problems, "clause", clause, [each.name for each in judged_by.clauses])
    found = _read_incident(store, incident, problems)
    assert judged_by is not None  # noqa: S101  (a problem otherwise)
    row = _hand_judgement(store, found, judged_by, clause, verdict, why)
    with store.change(who=who, what="judge by hand", why=why) as change:
        change.append(JUDGEMENTS, row)


def withdraw_decision(
    store: Store,
    incident: int,
    what: Literal["verification", "side", "weapon", "judgement"],
    *,
    who: str,
    why: str,
    agreement: str = "",
    clause: str = "",
) -> None:
    """Take a decision by hand back: what the rules say holds again, and may change again.

    A judgement needs `agreement` and `clause`. Raises DecisionError where nothing was decided by hand.
    """
    problems = _check_decision(who, why)
    _check_word(problems, "what", what, ("verification", *ASPECTS, "judgement"))
    found = _read_incident(store, incident, problems)
    table, key = _subject_of(what, agreement, clause)
    kept = _read_of(store, table, incident)
    mine = kept[
        np.logical_and.reduce([kept[name] == value for name, value in key.items()] or [kept.index >= 0])
    ]
    if not (mine["method"] == _BY_HAND).any():
        said = " ".join([what, *key.values()] if what == "judgement" else [what])
        problem = Problem(f"incident {incident}", f"has no {said} decided by hand", "nothing was changed")
        raise DecisionError("decision", [problem])
    with store.change(who=who, what="withdraw", why=why) as change:
        if table is JUDGEMENTS:
            _restore_judgement(store, change, found, mine)
            return
        agreements = read_agreements(store)
        made = assess_incidents(store, found, agreements, region_names_in(store))
        frame = made.verifications if table is VERIFICATIONS else _of_aspect(made, incident, what)
        change.append(table, frame)
        if table is VERIFICATIONS:
            _follow(store, change, found, verification=frame)
        else:
            _follow(store, change, found, attribution=frame)


def read_history(store: Store, incident: int) -> tuple[HistoryEntry, ...]:
    """Return everything that happened to an incident, oldest first: by which change, by whom and why.

    Raises DecisionError where there is no such incident.
    """
    chosen = Selection(equals={"incident_id": incident})
    incidents = store.read(INCIDENTS, chosen)
    if incidents.empty:
        raise DecisionError("history", [_no_such(incident)])
    links = store.read(LINKS, chosen)
    moved = store.read(LINKS, Selection(ids={"report_id": links["report_id"].to_numpy(dtype=np.int64)}))
    told: list[tuple[int, str, str, str]] = []
    told += [(row.change_id, "incident", _say_incident(row), "") for row in incidents.itertuples()]
    told += [(row.change_id, "link", words, row.method) for row, words in _say_links(moved, incident)]
    for row in store.read(VERIFICATIONS, chosen).itertuples():
        told.append((row.change_id, "verification", f"{row.status}: {row.reason}", row.method))
    for row in store.read(ATTRIBUTIONS, chosen).itertuples():
        told.append((row.change_id, "attribution", _say_attribution(row), row.method))
    for row in store.read(JUDGEMENTS, chosen).itertuples():
        words = f"{row.agreement}/{row.clause}: {row.verdict}; {row.reason}"
        told.append((row.change_id, "judgement", words, row.method))
    for row in store.read(RELEASES, chosen).itertuples():
        told.append((row.change_id, "release", f"may be seen by the {row.level}", row.method))
    numbers = np.unique([each[0] for each in told]).astype(np.int64)
    changes = {int(row.change_id): row for row in _read_changes(store, numbers).itertuples()}
    return tuple(
        HistoryEntry(
            change_id=int(number),
            at=changes[int(number)].at.to_pydatetime(),
            who=changes[int(number)].who,
            why=changes[int(number)].why,
            what=what,
            says=says,
            method=method,
        )
        for number, what, says, method in sorted(told, key=lambda each: each[0])
    )


def _follow(
    store: Store,
    change: Change,
    incident: pd.DataFrame,
    *,
    verification: pd.DataFrame | None = None,
    attribution: pd.DataFrame | None = None,
) -> None:
    """Append the verdicts by rule that follow from a decision."""
    import pandas as pd

    number = int(incident["incident_id"].iloc[0])
    statuses, values = _read_of(store, VERIFICATIONS, number), _read_of(store, ATTRIBUTIONS, number)
    if verification is not None:
        statuses = verification
    if attribution is not None:
        aspect = attribution["aspect"].iloc[0]
        values = pd.concat([values[values["aspect"] != aspect], attribution], ignore_index=True)
    made = assess_incidents(
        store, incident, read_agreements(store), region_names_in(store), decided=(statuses, values)
    )
    rows = find_changes(made.judgements, _read_of(store, JUDGEMENTS, number))
    if len(rows):
        change.append(JUDGEMENTS, rows)


def _restore_judgement(store: Store, change: Change, incident: pd.DataFrame, mine: pd.DataFrame) -> None:
    """Append what the rules say under one clause in place of a decision by hand."""
    number = int(incident["incident_id"].iloc[0])
    decided = (_read_of(store, VERIFICATIONS, number), _read_of(store, ATTRIBUTIONS, number))
    made = assess_incidents(store, incident, read_agreements(store), region_names_in(store), decided=decided)
    # To the rule the decision is a verdict like any other: it is replaced, or falls away.
    rows = find_changes(made.judgements, mine.assign(method="rule", reason="decided by hand"))
    same_clause = (rows["agreement"] == mine["agreement"].iloc[0]) & (
        rows["clause"] == mine["clause"].iloc[0]
    )
    change.append(JUDGEMENTS, rows[same_clause])


def _hand_judgement(
    store: Store, incident: pd.DataFrame, agreement: Agreement, clause: str, verdict: str, why: str
) -> pd.DataFrame:
    columns = IncidentColumns(incident, unknown_sigma_m=math.nan, region_names=region_names_in(store))
    return make_frame(
        JUDGEMENTS,
        {
            "incident_id": incident["incident_id"],
            "time_from": incident["time_from"],
            "agreement": agreement.name,
            "clause": clause,
            "verdict": verdict,
            "region": columns.regions,
            "kind": incident["kind"],
            "phase": incident["phase"],
            **count_acts(incident, agreement.clause(clause)),
            "is_exercise": columns.is_exercise,
            "reason": why,
            "method": _BY_HAND,
        },
        n_rows=1,
    )


def _of_aspect(made: Assessment, incident: int, aspect: str) -> pd.DataFrame:
    """Return what the rules say of one aspect: nothing, said in so many words, where they say nothing."""
    frame = made.attributions[made.attributions["aspect"] == aspect]
    if len(frame):
        return frame
    empty = {"incident_id": [incident], "aspect": [aspect], "basis": [NOT_INVESTIGATED], "method": ["rule"]}
    return make_frame(ATTRIBUTIONS, empty)


def _subject_of(what: str, agreement: str, clause: str) -> tuple[Table, dict[str, str]]:
    if what == "verification":
        return VERIFICATIONS, {}
    if what == "judgement":
        return JUDGEMENTS, {"agreement": agreement, "clause": clause}
    return ATTRIBUTIONS, {"aspect": what}


def _read_of(store: Store, table: Table, incident: int) -> pd.DataFrame:
    return store.read_current(table, Selection(equals={"incident_id": incident}))


def _read_changes(store: Store, numbers: Any) -> pd.DataFrame:
    return store.read(CHANGES, Selection(ids={"change_id": numbers}))


def _read_incident(store: Store, incident: int, problems: ProblemList) -> pd.DataFrame:
    """Return the incident; DecisionError with every problem so far where it is not one that stands."""
    found = _read_of(store, INCIDENTS, incident)
    if found.empty:
        problems.extend([_no_such(incident)])
    elif not _is_missing(found["merged_into"].iloc[0]):
        into = int(found["merged_into"].iloc[0])
        problems.add(f"incident {incident}", say_gone(into), "decide on one that stands")
    problems.raise_if_any(DecisionError, "decision")
    return found


def _no_such(incident: int) -> Problem:
    return Problem(
        f"incident {incident}", "is not in the store", "see the numbers in the report or its annex"
    )


def _check_decision(who: str, why: str) -> ProblemList:
    problems = ProblemList()
    if not who.strip():
        problems.add("who", "is empty", "a decision needs somebody who made it")
    if not why.strip():
        problems.add("why", "is empty", "a decision needs a reason; it is kept with it")
    return problems


def _check_word(problems: ProblemList, where: str, word: str, known: Any) -> bool:
    if word in known:
        return True
    problems.add(where, f"'{word}' is not possible", f"write {', '.join(known)}")
    return False


def _list(names: Any) -> str:
    return ", ".join(names) or "none"


def _say_incident(row: Any) -> str:
    if not _is_missing(row.merged_into):
        return say_gone(int(row.merged_into))
    n_reports = "some" if _is_missing(row.n_reports) else str(row.n_reports)
    where = row.place or row.region or "place not named"
    when = "time not known" if _is_missing(row.time_from) else f"{row.time_from:%Y-%m-%d %H:%M}"
    return f"{row.kind}, {when}, {where}, {n_reports} report{'s' if n_reports != '1' else ''}"


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))


def _say_attribution(row: Any) -> str:
    if not row.value:
        return f"{row.aspect}: {row.basis}"
    return f"{row.aspect}: {row.value} with probability {row.p:.2f}, {row.basis}"


def _say_links(links: pd.DataFrame, incident: int) -> list[tuple[Any, str]]:
    """Return the links of reports that belong or belonged to an incident, with what each did to it."""
    said, inside = [], set()
    for row in links.itertuples():
        here = not _is_missing(row.incident_id) and int(row.incident_id) == incident
        if here and row.report_id not in inside:
            inside.add(row.report_id)
            score = "" if math.isnan(row.score) else f" (score {row.score:.1f})"
            said.append((row, f"report {row.report_id} joined{score}"))
        elif not here and row.report_id in inside:
            inside.remove(row.report_id)
            is_out = _is_missing(row.incident_id)
            gone = "taken out" if is_out else f"moved to incident {int(row.incident_id)}"
            said.append((row, f"report {row.report_id} {gone}"))
    return said
