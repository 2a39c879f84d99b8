"""Judge incidents against the clauses of agreements, with a reason for each verdict.

A verdict is about the clause: does the incident, as it is described, lie in its time and place, is it one of
the acts forbidden, does the clause bind whoever acted, does an exception apply? Whether the incident is
established stands beside it, in the verifications, and only a refuted incident gets the verdict refuted. A
row is kept for every incident of a forbidden kind that may lie in a clause's time and place, however
unlikely; acts that a clause does not cover and incidents that are certainly elsewhere get no row.

Consequences (people hurt, damage) and signals (heat, alerts) are traces and no acts. Who acted is taken from
attributions, and for troops and weapons that stand somewhere from who holds the place; what a party or the
press claims is not enough to say that a clause of one side alone was broken. What a party says and nobody
else noticed is never more than unclear. No file is read and no store is opened here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from truceline.events._judging_reasons import Situation, write_reasons
from truceline.events.agreement_places import make_lines
from truceline.events.agreements import Agreement, Allowance, Clause
from truceline.events.catalogue import load_watching_assumptions
from truceline.events.clause_matching import (
    NO,
    UNTOLD,
    YES,
    IncidentColumns,
    PlaceFound,
    find_in_places,
    match_acts,
    may_overlap,
    share_of_time,
)
from truceline.events.frames import make_frame
from truceline.events.kinds import GROUP_OF, Flag, KindGroup
from truceline.events.schema import JUDGEMENTS
from truceline.scenario.assumption import AssumptionSet

if TYPE_CHECKING:
    import pandas as pd

    from truceline.geo.line import LineOfContact

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

P_DECIMALS = 4
"""Decimals of a probability that is kept: the same incident judged twice gives the same row."""
KEYS = ("incident_id", "agreement", "clause")


class Actor(IntEnum):
    """Who acted, as far as it is attributed."""

    unknown = 0
    a = 1
    b = 2


VERDICTS = ("violation", "allowed", "outside", "not_bound", "unclear", "refuted")
_VERDICT_OF = {
    Situation.violation: "violation",
    Situation.allowed: "allowed",
    Situation.outside: "outside",
    Situation.not_bound: "not_bound",
    Situation.refuted: "refuted",
}
"""Verdict of each situation; all others are unclear."""
_HELD_KINDS = tuple(kind.value for kind, group in GROUP_OF.items() if group is KindGroup.movement)
"""Kinds that belong to whoever holds the place."""


@dataclass(frozen=True)
class JudgingRules:
    """Thresholds of judging; see the records `judging.*`."""

    p_within_min: float
    p_outside_max: float
    unknown_sigma_m: float


def read_judging_rules(assumptions: AssumptionSet | None = None) -> JudgingRules:
    """Return the thresholds as the records say; the packaged ones by default."""
    known = load_watching_assumptions() if assumptions is None else assumptions
    return JudgingRules(
        p_within_min=known.value("judging.p_within_min"),
        p_outside_max=known.value("judging.p_outside_max"),
        unknown_sigma_m=known.value("judging.unknown_sigma"),
    )


@dataclass(frozen=True)
class Standing:
    """What is established about incidents besides where and when, one entry for each."""

    is_refuted: BoolArray
    is_claim: BoolArray
    """Rests on the word of a party alone, and nobody has corroborated it."""
    actor: IntArray
    """Who acted: see Actor."""
    p_actor: FloatArray
    """Probability of that."""


def judge_incidents(
    incidents: pd.DataFrame,
    agreements: Iterable[Agreement],
    *,
    verifications: pd.DataFrame | None = None,
    attributions: pd.DataFrame | None = None,
    rules: JudgingRules | None = None,
    region_names: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return `JUDGEMENTS` by rule (no change_id) of every incident that needed judging, by incident.

    Parameters
    ----------
    incidents
        Newest rows of `INCIDENTS`; those merged into others are to be left out by the caller.
    agreements
        Those in force at any time; each clause is judged by itself, and counts of clauses are never added.
    verifications, attributions
        Newest rows of these tables for the incidents; without them nothing is refuted or attributed.
    rules
        Thresholds; the packaged records by default.
    region_names
        A region's name by the other names sources have for it.
    """
    import pandas as pd

    rules = read_judging_rules() if rules is None else rules
    columns = IncidentColumns(incidents, unknown_sigma_m=rules.unknown_sigma_m, region_names=region_names)
    standing = find_standing(incidents, verifications, attributions)
    parts: list[pd.DataFrame] = []
    origin: list[IntArray] = []
    for agreement in agreements:
        lines = make_lines(agreement.lines)
        for clause in agreement.clauses:
            rows, part = _judge_clause(agreement, clause, columns, standing, lines, rules)
            if len(rows):
                parts.append(part)
                origin.append(rows)
    if not parts:
        return make_frame(JUDGEMENTS, {})
    order = np.argsort(np.concatenate(origin), kind="stable")
    joined = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    return joined.take(order).reset_index(drop=True)


def find_clauses_that_allow_attribution(
    incidents: pd.DataFrame, agreements: Iterable[Agreement]
) -> BoolArray:
    """Tell for each incident whether a clause that may cover it lets the mission name a side."""
    columns = IncidentColumns(incidents, unknown_sigma_m=0.0)
    allowed = np.zeros(len(columns), dtype=bool)
    for agreement in agreements:
        for clause in agreement.clauses:
            if clause.attribution:
                within = may_overlap(columns, agreement.utc(clause.starts), agreement.utc(clause.ends))
                rows = np.flatnonzero(within & ~allowed)
                allowed[rows] = match_acts(clause.forbids, columns, rows) != NO
    return allowed


def find_standing(
    incidents: pd.DataFrame, verifications: pd.DataFrame | None, attributions: pd.DataFrame | None
) -> Standing:
    """Return what is established about each incident: refuted, a mere claim, and who acted."""
    ids = incidents["incident_id"].to_numpy(dtype=np.int64)
    is_refuted = np.zeros(len(ids), dtype=bool)
    is_claim = (incidents["flags"].to_numpy(dtype=np.int64, na_value=0) & int(Flag.party_claim)) != 0
    if verifications is not None and len(verifications):
        numbers = verifications["incident_id"].to_numpy(dtype=np.int64)
        status = verifications["status"].to_numpy(dtype=object)
        is_refuted = np.isin(ids, numbers[status == "refuted"])
        is_claim &= ~np.isin(ids, numbers[np.isin(status, ("corroborated", "verified"))])
    actor = np.full(len(ids), Actor.unknown, dtype=np.int64)
    p_actor = np.full(len(ids), np.nan)
    held = incidents["kind"].isin(_HELD_KINDS).to_numpy(dtype=bool)
    for side in (Actor.a, Actor.b):
        here = held & (incidents["control_side"] == side.name).to_numpy(dtype=bool)
        actor[here], p_actor[here] = side, 1.0
    if attributions is not None and len(attributions):
        named = attributions[
            (attributions["aspect"] == "side") & attributions["value"].isin([Actor.a.name, Actor.b.name])
        ].drop_duplicates("incident_id", keep="last")
        order = np.argsort(ids, kind="stable")
        wanted = named["incident_id"].to_numpy(dtype=np.int64)
        place = np.searchsorted(ids, wanted, sorter=order)
        found = (place < len(ids)) & (ids[order[np.minimum(place, len(ids) - 1)]] == wanted)
        rows = order[place[found]]
        actor[rows] = np.where(named["value"].to_numpy(dtype=object)[found] == "a", Actor.a, Actor.b)
        p = named["p"].to_numpy(dtype=float)[found]
        p_actor[rows] = np.where(np.isnan(p), 1.0, p)
    return Standing(is_refuted, is_claim, actor, p_actor)


def count_acts(incidents: pd.DataFrame, clause: Clause) -> dict[str, Any]:
    """Return the columns acts_low, acts_best, acts_high and unit of judgements against a clause.

    Where acts are counted and no number is told, it is one: at least, most likely, and at most as far as is
    known.
    """
    n_rows = len(incidents)
    if clause.counts == "incidents":
        unit: Any = clause.unit or "incidents"
        return {"acts_low": np.ones(n_rows), "acts_best": np.ones(n_rows), "acts_high": np.ones(n_rows),
                "unit": np.full(n_rows, unit, dtype=object)}  # fmt: skip
    low, best, high = (incidents[f"count_{name}"].to_numpy(dtype=float) for name in ("low", "best", "high"))
    best = np.where(np.isnan(best), np.fmax(np.where(np.isnan(low), 1.0, low), 1.0), best)
    words = incidents["count_unit"].to_numpy(dtype=object)
    unit = (
        np.full(n_rows, clause.unit, dtype=object)
        if clause.unit
        else np.where(words == "", "incidents", words)
    )
    return {
        "acts_low": np.where(np.isnan(low), best, low),
        "acts_best": best,
        "acts_high": np.where(np.isnan(high), best, high),
        "unit": unit,
    }


def find_changes(
    made: pd.DataFrame, current: pd.DataFrame, *, why_gone: str = "the clause no longer covers it"
) -> pd.DataFrame:
    """Return the rows of `made` that differ from the newest ones kept, and outside-rows for what fell away.

    `current` are the newest `JUDGEMENTS` of the same incidents and agreements. A decision by hand stands: no
    row by rule is made for it. A verdict that nothing supports any more becomes outside, so that nothing
    counts twice.
    """
    import pandas as pd

    if current.empty:
        return made
    compared = ["verdict", "p", "acts_low", "acts_best", "acts_high", "unit", "region", "kind", "phase",
                "is_exercise", "reason", "time_from"]  # fmt: skip
    both = made[list(KEYS)].merge(
        current[[*KEYS, "method", *compared]], on=list(KEYS), how="left", validate="one_to_one"
    )
    is_new = both["method"].isna().to_numpy()
    differs = np.zeros(len(made), dtype=bool)
    for name in compared:
        old, new = both[name], made[name].reset_index(drop=True)
        same = (old == new) | (old.isna() & new.isna())
        differs |= ~same.to_numpy(dtype=bool)
    by_hand = (both["method"] == "hand").to_numpy(dtype=bool)
    kept = made[is_new | (differs & ~by_hand)]
    gone = _fell_away(made, current, why_gone)
    return pd.concat([kept, gone], ignore_index=True) if len(gone) else kept.reset_index(drop=True)


def _fell_away(made: pd.DataFrame, current: pd.DataFrame, why: str) -> pd.DataFrame:
    """Return outside-rows for judgements by rule that are kept and were not made again."""
    import pandas as pd

    kept = pd.MultiIndex.from_frame(current[list(KEYS)].astype({"incident_id": "int64"}))
    again = pd.MultiIndex.from_frame(made[list(KEYS)].astype({"incident_id": "int64"}))
    stale = ~kept.isin(again) & ((current["method"] != "hand") & (current["verdict"] != "outside")).to_numpy()
    gone = current[stale]
    columns = {name: gone[name] for name in JUDGEMENTS.names if name != "change_id"}
    return make_frame(
        JUDGEMENTS,
        {**columns, "verdict": "outside", "p": 0.0, "reason": why, "method": "rule"},
        n_rows=len(gone),
    )


def _judge_clause(
    agreement: Agreement,
    clause: Clause,
    columns: IncidentColumns,
    standing: Standing,
    lines: Mapping[str, LineOfContact],
    rules: JudgingRules,
) -> tuple[IntArray, pd.DataFrame]:
    """Return the rows that needed judging against one clause, and their judgements."""
    starts, ends = agreement.utc(clause.starts), agreement.utc(clause.ends)
    first = agreement.utc(clause.disputed_from) or starts
    last = agreement.utc(clause.disputed_to) or ends
    rows = np.flatnonzero(may_overlap(columns, first, last))
    acts = match_acts(clause.forbids, columns, rows)
    meant = (acts == YES) | ((acts == UNTOLD) & (clause.forbids.untold == "unclear"))
    rows, acts = rows[meant], acts[meant]
    p_time = share_of_time(columns.starts[rows], columns.ends[rows], starts, ends)
    p_wide = share_of_time(columns.starts[rows], columns.ends[rows], first, last)
    place = find_in_places(clause.place, columns.positions.take(rows), lines, enough=rules.p_within_min)
    needed = np.flatnonzero(~(place.p * p_wide == 0.0))  # NaN, which cannot be told, is kept
    rows, acts, p_time, p_wide = rows[needed], acts[needed], p_time[needed], p_wide[needed]
    place = PlaceFound(
        place.p[needed], place.likeliest[needed], place.distance_m[needed], place.sigma_m[needed]
    )
    p = np.round(place.p * p_time, P_DECIMALS)
    situation, allowance = _weigh(
        agreement, clause, columns, standing, lines, rules,
        rows=rows, acts=acts, p=p, p_wide=place.p * p_wide, p_place=place.p,
    )  # fmt: skip
    reasons = write_reasons(
        clause,
        columns,
        rows,
        place,
        p,
        situation,
        allowance,
        standing.actor[rows],
        standing.p_actor[rows],
        lines,
    )
    return rows, _make_rows(agreement, clause, columns, rows, p, situation, reasons)


def _weigh(
    agreement: Agreement,
    clause: Clause,
    columns: IncidentColumns,
    standing: Standing,
    lines: Mapping[str, LineOfContact],
    rules: JudgingRules,
    *,
    rows: IntArray,
    acts: NDArray[np.int8],
    p: FloatArray,
    p_wide: FloatArray,
    p_place: FloatArray,
) -> tuple[IntArray, IntArray]:
    """Return the situation of each row, and the index of the exception that applies or may (-1: none).

    The first that holds, in this order: refuted, outside, not bound, allowed, unclear, violation.
    """
    allowed, maybe, which = _match_allowances(agreement, clause, columns, standing, lines, rules, rows)
    is_named = standing.p_actor[rows] >= rules.p_within_min
    other = {"a": Actor.b, "b": Actor.a}.get(clause.binds)
    unnamed = np.zeros(len(rows), dtype=bool) if other is None else ~is_named
    not_bound = is_named & (standing.actor[rows] == other) if other is not None else unnamed
    with np.errstate(invalid="ignore"):
        conditions = (
            (standing.is_refuted[rows], Situation.refuted),
            (p_wide <= rules.p_outside_max, Situation.outside),
            (not_bound, Situation.not_bound),
            (allowed, Situation.allowed),
            (np.isnan(p_place), Situation.unknown_place),
            (np.isnan(p), Situation.unknown_time),
            ((p < rules.p_within_min) & (p_wide - p > rules.p_outside_max), Situation.disputed),
            (p <= rules.p_outside_max, Situation.outside),
            (p < rules.p_within_min, Situation.uncertain),
            (maybe, Situation.may_be_allowed),
            (acts == UNTOLD, Situation.untold_act),
            (unnamed, Situation.untold_actor),
            (np.full(len(rows), bool(clause.depends_on)), Situation.depends),
            (standing.is_claim[rows], Situation.claimed),
        )
    situation = np.full(len(rows), Situation.violation, dtype=np.int64)
    for holds, code in reversed(conditions):
        situation[holds] = code
    return situation, which


def _match_allowances(
    agreement: Agreement,
    clause: Clause,
    columns: IncidentColumns,
    standing: Standing,
    lines: Mapping[str, LineOfContact],
    rules: JudgingRules,
    rows: IntArray,
) -> tuple[BoolArray, BoolArray, IntArray]:
    """Tell whether an exception applies, whether one may, and which (-1: none)."""
    allowed, maybe = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    which = np.full(len(rows), -1, dtype=np.int64)
    for index, allowance in enumerate(clause.allows):
        p = _allowance_chance(agreement, allowance, columns, standing, lines, rules, rows)
        applies = (p >= rules.p_within_min) & ~allowed
        may = ~(p <= rules.p_outside_max) & ~applies & ~allowed & ~maybe
        which[applies | may] = index
        allowed |= applies
        maybe |= may
    return allowed, maybe & ~allowed, which


def _allowance_chance(
    agreement: Agreement,
    allowance: Allowance,
    columns: IncidentColumns,
    standing: Standing,
    lines: Mapping[str, LineOfContact],
    rules: JudgingRules,
    rows: IntArray,
) -> FloatArray:
    """Return the probability that an exception covers each row; NaN where it cannot be told."""
    acts = match_acts(allowance, columns, rows)
    p = np.array([0.0, 1.0, np.nan if allowance.untold == "unclear" else 0.0])[acts]
    p = p * share_of_time(
        columns.starts[rows],
        columns.ends[rows],
        agreement.utc(allowance.starts),
        agreement.utc(allowance.ends),
    )
    if allowance.exercise:
        p = np.where(columns.is_exercise[rows], p, 0.0)
    if allowance.side != "both":
        named = standing.p_actor[rows] >= rules.p_within_min
        wanted = Actor.a if allowance.side == "a" else Actor.b
        p = np.where(named & (standing.actor[rows] != wanted), 0.0, np.where(named, p, p * np.nan))
    if allowance.place:
        found = find_in_places(
            allowance.place, columns.positions.take(rows), lines, enough=rules.p_within_min
        )
        p = np.where(p == 0.0, 0.0, p * found.p)
    return p


def _make_rows(
    agreement: Agreement,
    clause: Clause,
    columns: IncidentColumns,
    rows: IntArray,
    p: FloatArray,
    situation: IntArray,
    reasons: NDArray[np.object_],
) -> pd.DataFrame:
    judged = columns.frame.take(rows)
    verdicts = np.array([_VERDICT_OF.get(code, "unclear") for code in Situation], dtype=object)
    return make_frame(
        JUDGEMENTS,
        {
            "incident_id": judged["incident_id"],
            "time_from": judged["time_from"],
            "agreement": agreement.name,
            "clause": clause.name,
            "verdict": verdicts[situation],
            "region": columns.regions[rows],
            "kind": judged["kind"],
            "phase": judged["phase"],
            **count_acts(judged, clause),
            "p": p,
            "is_exercise": columns.is_exercise[rows],
            "reason": reasons,
            "method": "rule",
        },
        n_rows=len(rows),
    )
