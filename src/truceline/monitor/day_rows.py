"""The rows of a day: each incident with who noticed it and how, where it was, and what is established of it.

Reads only what belongs to the incidents of the period. Positions are rounded and, while too recent, left
out here, once for every product. Texts of sources are never read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.kinds import (
    GROUP_OF,
    OWN_MEANS,
    Flag,
    Kind,
    KindGroup,
    Observation,
    PlacePrecision,
    split_flags,
)
from truceline.events.schema import ATTRIBUTIONS, INCIDENTS, JUDGEMENTS, LINKS, REPORTS, VERIFICATIONS
from truceline.geo.ellipsoid import SPHERE_KM_PER_DEGREE
from truceline.monitor.day_counts import OTHER, round_acts
from truceline.monitor.day_lines import DayRow, HarmLine, RestrictionLine, SightingLine
from truceline.monitor.day_tally import Count
from truceline.store.base import Selection, Store

if TYPE_CHECKING:
    import pandas as pd

STATE_OF_KIND = {Kind.denial: "denied", Kind.delay: "delayed", Kind.jamming: "jammed"}
_VERBS = [str(verb) for verb in Observation]
_FIRST_HAND = (str(Observation.seen), str(Observation.recorded))
_OWN = {str(means) for means in OWN_MEANS}
_COARSE = {str(p) for p in (PlacePrecision.region, PlacePrecision.country, PlacePrecision.unknown)}
_REPORT_COLUMNS = (
    "report_id", "source", "means", "observation", "post", "claimed_by",
    "bearing_deg", "range_min_m", "range_max_m", "killed_high", "hurt_high",
)  # fmt: skip


@dataclass(frozen=True)
class Publication:
    """How exactly, and how late, positions leave the store."""

    decimals: int
    """Of a degree."""
    until: datetime
    """Positions of incidents that ended later are withheld; UTC without zone."""

    def place(self, incident: Any) -> tuple[float, float, float, bool]:
        """Return longitude, latitude, sigma in metres (rounding included), and whether it is withheld.

        A point that stands for a whole region is no position and is left out as well.
        """
        nowhere = (math.nan, math.nan, math.nan)
        if not knows_place(incident):
            return (*nowhere, False)
        if incident.time_to > self.until:
            return (*nowhere, True)
        step_m = 1000.0 * SPHERE_KM_PER_DEGREE * 10.0**-self.decimals
        sigma_m = max(incident.sigma_m, incident.sigma_across_m) if incident.sigma_m > 0 else math.nan
        return (
            round(float(incident.lon), self.decimals) + 0.0,
            round(float(incident.lat), self.decimals) + 0.0,
            math.hypot(sigma_m, step_m / math.sqrt(12.0)),  # an even error within the step
            False,
        )


@dataclass(frozen=True)
class Noticed:
    """What the reports linked to one incident say about how it was noticed."""

    means: tuple[str, ...] = ()
    observation: str = ""
    posts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    claimed_by: str = ""
    is_claim: bool = False
    post: str = ""
    bearing_deg: float = math.nan
    range_min_m: float = math.nan
    range_max_m: float = math.nan


@dataclass(frozen=True)
class Facts:
    """Everything read about the incidents of a period."""

    incidents: pd.DataFrame
    noticed: Mapping[int, Noticed]
    told_of_people: Mapping[int, Noticed]
    """The same, from those reports alone that tell of people killed or hurt."""
    status: Mapping[int, tuple[str, str]]
    """Verification and its reason."""
    side: Mapping[int, tuple[str, float, str]]
    """Value, probability, basis."""
    weapon: Mapping[int, tuple[str, float, str]]
    judged: Mapping[int, tuple[str, str, str]]
    """Agreement, clause and verdict of incidents that are not fire."""


def read_facts(
    store: Store, since: datetime, until: datetime, also: Sequence[int], *, as_of: int | None = None
) -> Facts:
    """Read the incidents that begin within the period, and those numbered in `also`."""
    import pandas as pd

    incidents = store.read_current(INCIDENTS, Selection(since=since, until=until, as_of=as_of))
    missing = np.setdiff1d(np.asarray(also, dtype=np.int64), incidents["incident_id"].to_numpy(np.int64))
    begins = (incidents["time_from"] >= since) & (incidents["time_from"] < until)
    frames = [incidents[begins | incidents["incident_id"].isin(list(also))]]
    if missing.size:
        select = Selection(ids={"incident_id": missing}, as_of=as_of)
        frames.append(store.read_current(INCIDENTS, select))
    incidents = pd.concat([frame for frame in frames if not frame.empty] or frames[:1])
    incidents = incidents[incidents["merged_into"].isna()].sort_values(["time_from", "incident_id"])
    ids = incidents["incident_id"].to_numpy(np.int64)
    chosen = Selection(ids={"incident_id": ids}, as_of=as_of)
    if not ids.size:
        return Facts(incidents, {}, {}, {}, {}, {}, {})
    verifications = store.read_current(VERIFICATIONS, chosen)
    attributions = store.read_current(ATTRIBUTIONS, chosen)
    judgements = store.read_current(
        JUDGEMENTS, chosen, columns=("incident_id", "agreement", "clause", "verdict", "kind")
    )
    noticed, told_of_people = _read_noticed(store, ids, as_of)
    return Facts(
        incidents=incidents,
        noticed=noticed,
        told_of_people=told_of_people,
        status={int(row.incident_id): (row.status, row.reason) for row in verifications.itertuples()},
        side=_attributed(attributions, "side"),
        weapon=_attributed(attributions, "weapon"),
        judged=_judged_otherwise(judgements),
    )


def make_rows(
    chosen: pd.DataFrame, facts: Facts, publication: Publication, *, include_exercises: bool
) -> list[DayRow]:
    """Return the rows of the annex from `choose_rows`, in the order of regions' names, time and number.

    `chosen` also has a column `others`: the further clauses each incident violates.
    """
    known = {int(row.incident_id): row for row in facts.incidents.itertuples()}
    rows = []
    for judged in chosen.itertuples():
        incident = known.get(int(judged.incident_id))
        if incident is not None:
            rows.append(_make_row(judged, incident, facts, publication, include_exercises))
    return sorted(rows, key=lambda row: (row.region, row.time_from, row.incident_id))


def _make_row(
    judged: Any, incident: Any, facts: Facts, publication: Publication, include_exercises: bool
) -> DayRow:
    number = int(judged.incident_id)
    noticed = facts.noticed.get(number, Noticed())
    lon, lat, sigma_m, is_withheld = publication.place(incident)
    status, reason = facts.status.get(number, ("reported", ""))
    side, p_side, basis = facts.side.get(number, ("", math.nan, ""))
    weapon, p_weapon, _ = facts.weapon.get(number, (incident.weapon, math.nan, ""))
    not_counted = "unclear" if judged.verdict != "violation" else ""
    if not not_counted and judged.is_exercise and not include_exercises:
        not_counted = "exercise"
    return DayRow(
        incident_id=number,
        region=judged.area,
        place=incident.place,
        control_side=incident.control_side,
        lon=lon,
        lat=lat,
        sigma_m=sigma_m,
        is_withheld=is_withheld,
        posts=noticed.posts,
        location_post="" if is_withheld else noticed.post,
        range_min_m=math.nan if is_withheld else noticed.range_min_m,
        range_max_m=math.nan if is_withheld else noticed.range_max_m,
        bearing_deg=math.nan if is_withheld else noticed.bearing_deg,
        means=noticed.means,
        observation=noticed.observation,
        kind=judged.kind,
        act_class=judged.act_class,
        phase=judged.phase,
        weapon=weapon or incident.weapon,
        p_weapon=p_weapon,
        target=incident.target,
        time_from=incident.time_from.to_pydatetime(),
        time_to=incident.time_to.to_pydatetime(),
        time_precision=incident.time_precision,
        night=judged.night.date(),
        count=Count(int(judged.low), int(judged.best), int(judged.high), 1),
        unit=judged.unit,
        agreement=judged.agreement,
        clause=judged.clause,
        other_clauses=tuple(judged.others),
        p_clause=float(judged.p),
        is_counted=not not_counted,
        not_counted=not_counted,
        is_exercise=bool(judged.is_exercise),
        status=status or "reported",
        status_reason=reason,
        is_claim=noticed.is_claim,
        claimed_by=noticed.claimed_by,
        side=side,
        p_side=p_side,
        side_basis=basis,
        n_reports=_whole(incident.n_reports),
        n_sources=_whole(incident.n_sources),
        flags=split_flags(_whole(incident.flags)),
    )


def make_harms(facts: Facts, areas: Mapping[int, str]) -> list[HarmLine]:
    """Return incidents in which people were hurt or things damaged; refuted ones are left out."""
    lines = []
    for incident in facts.incidents.itertuples():
        number = int(incident.incident_id)
        killed, hurt = _range(incident, "killed"), _range(incident, "hurt")
        is_harm = _group(incident.kind) is KindGroup.consequence
        if not (is_harm or killed[2] or hurt[2]) or _is_refuted(facts, number):
            continue
        noticed = facts.noticed.get(number, Noticed())
        status = facts.status.get(number, ("reported", ""))[0] or "reported"
        if not is_harm:
            # That the fire is established does not establish whom it hurt: only who told of that counts here.
            noticed = facts.told_of_people.get(number, Noticed())
            status = status if noticed.observation in _FIRST_HAND else "reported"
        lines.append(
            HarmLine(
                incident_id=number,
                kind=incident.kind,
                region=areas.get(number, OTHER),
                place=incident.place,
                control_side=incident.control_side,
                time_from=incident.time_from.to_pydatetime(),
                time_to=incident.time_to.to_pydatetime(),
                time_precision=incident.time_precision,
                killed=killed,
                hurt=hurt,
                target=incident.target,
                weapon=incident.weapon,
                means=noticed.means,
                observation=noticed.observation,
                sources=noticed.sources,
                status=status,
                is_claim=noticed.is_claim,
                claimed_by=noticed.claimed_by,
            )
        )
    return lines


def make_sightings(facts: Facts, areas: Mapping[int, str]) -> list[SightingLine]:
    """Return weapons, positions and aircraft noticed; refuted ones are left out."""
    lines = []
    for incident in facts.incidents.itertuples():
        number, group = int(incident.incident_id), _group(incident.kind)
        if group not in (KindGroup.movement, KindGroup.air) or _is_refuted(facts, number):
            continue
        if incident.kind in (Kind.exercise, Kind.control_change):
            continue
        noticed = facts.noticed.get(number, Noticed())
        agreement, clause, verdict = facts.judged.get(number, ("", "", ""))
        bounds = round_acts(*(np.array([getattr(incident, f"count_{b}")]) for b in ("low", "best", "high")))
        low, best, high = (int(bound[0]) for bound in bounds)
        lines.append(
            SightingLine(
                incident_id=number,
                group=str(group),
                kind=incident.kind,
                weapon=facts.weapon.get(number, ("", 0.0, ""))[0] or incident.weapon,
                count=Count(low, best, high, 1),
                region=areas.get(number, OTHER),
                place=incident.place,
                control_side=incident.control_side,
                time_from=incident.time_from.to_pydatetime(),
                time_to=incident.time_to.to_pydatetime(),
                time_precision=incident.time_precision,
                means=noticed.means,
                observation=noticed.observation,
                agreement=agreement,
                clause=clause,
                verdict=verdict,
                status=facts.status.get(number, ("reported", ""))[0] or "reported",
                is_claim=noticed.is_claim,
            )
        )
    return lines


def make_restrictions(facts: Facts, areas: Mapping[int, str]) -> list[RestrictionLine]:
    """Return denials, delays and jamming that were reported as incidents."""
    lines = []
    for incident in facts.incidents.itertuples():
        number = int(incident.incident_id)
        state = STATE_OF_KIND.get(incident.kind)
        if state is None or _is_refuted(facts, number):
            continue
        noticed = facts.noticed.get(number, Noticed())
        lines.append(
            RestrictionLine(
                state=state,
                region=areas.get(number, OTHER),
                place=incident.place or (noticed.posts[0] if noticed.posts else ""),
                incident_id=number,
                is_of_post=not incident.place,
                control_side=incident.control_side,
                time_from=incident.time_from.to_pydatetime(),
                time_to=incident.time_to.to_pydatetime(),
                means=noticed.means[0] if noticed.means else "",
                cause=incident.side_from,
                words="",
                lost_h=math.nan,
            )
        )
    return lines


def knows_place(incident: Any) -> bool:
    """Tell whether an incident's position and place are better known than its region."""
    coarse = incident.place_precision in _COARSE or _whole(incident.flags) & Flag.placeholder
    return not coarse and math.isfinite(incident.lon) and math.isfinite(incident.lat)


def _read_noticed(store: Store, ids: Any, as_of: int | None) -> tuple[dict[int, Noticed], dict[int, Noticed]]:
    """Return how incidents were noticed, and how the people hurt in them were."""
    links = store.read_current(
        LINKS, Selection(ids={"incident_id": ids}, as_of=as_of), columns=("report_id", "incident_id")
    )
    if links.empty:
        return {}, {}
    numbers = links["report_id"].to_numpy(np.int64)
    reports = store.read_current(
        REPORTS, Selection(ids={"report_id": numbers}, as_of=as_of), columns=_REPORT_COLUMNS
    )
    by_incident: dict[int, list[Any]] = {}
    for report in reports.merge(links, on="report_id").itertuples():
        by_incident.setdefault(int(report.incident_id), []).append(report)
    told = {
        number: [report for report in found if report.killed_high > 0 or report.hurt_high > 0]
        for number, found in by_incident.items()
    }
    return (
        {number: _notice(found) for number, found in by_incident.items()},
        {number: _notice(found) for number, found in told.items() if found},
    )


def _notice(reports: list[Any]) -> Noticed:
    """Return how an incident was noticed: the best verb, own means before others, the oldest report first."""
    ranked = sorted(reports, key=_rank)
    best = ranked[0]
    located = next((r for r in ranked if math.isfinite(r.bearing_deg) and r.range_max_m > 0 and r.post), None)
    claims = [report for report in ranked if report.observation == Observation.claimed or report.claimed_by]
    return Noticed(
        means=_unique(report.means for report in ranked),
        observation=best.observation,
        posts=_unique(report.post for report in ranked),
        sources=_unique(report.source for report in ranked),
        claimed_by=next((report.claimed_by for report in claims if report.claimed_by), ""),
        is_claim=len(claims) == len(ranked),
        **(
            {
                "post": located.post,
                "bearing_deg": float(located.bearing_deg) % 360.0,
                "range_min_m": float(located.range_min_m),
                "range_max_m": float(located.range_max_m),
            }
            if located is not None
            else {}
        ),
    )


def _rank(report: Any) -> tuple[int, bool, int]:
    verb = _VERBS.index(report.observation) if report.observation in _VERBS else len(_VERBS)
    return verb, report.means not in _OWN, int(report.report_id)


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in words if word))


def _attributed(attributions: pd.DataFrame, aspect: str) -> dict[int, tuple[str, float, str]]:
    rows = attributions[attributions["aspect"] == aspect]
    return {int(row.incident_id): (row.value, float(row.p), row.basis) for row in rows.itertuples()}


def _judged_otherwise(judgements: pd.DataFrame) -> dict[int, tuple[str, str, str]]:
    """Return for each incident the verdict that says most: a violation before unclear before the rest."""
    order = {"violation": 0, "unclear": 1, "allowed": 2}
    ranked = sorted(
        judgements.itertuples(),
        key=lambda row: (order.get(row.verdict, len(order)), row.agreement, row.clause),
        reverse=True,
    )
    return {int(row.incident_id): (row.agreement, row.clause, row.verdict) for row in ranked}


def _is_refuted(facts: Facts, number: int) -> bool:
    return facts.status.get(number, ("", ""))[0] == "refuted"


def _group(kind: str) -> KindGroup:
    return GROUP_OF[Kind(kind)] if kind in Kind.__members__ else KindGroup.other


def _range(incident: Any, what: str) -> tuple[int, int, int]:
    """Return people as whole numbers; what nobody said is none."""
    low, best, high = (float(getattr(incident, f"{what}_{bound}")) for bound in ("low", "best", "high"))
    stated = [value for value in (best, low, high) if math.isfinite(value)]
    if not stated:
        return (0, 0, 0)
    middle = math.floor(stated[0] + 0.5)
    least = math.floor(low) if math.isfinite(low) else middle
    most = math.ceil(high) if math.isfinite(high) else middle
    return (min(least, middle), middle, max(most, middle))


def _whole(value: Any) -> int:
    """Return a whole number; a missing one is zero."""
    import pandas as pd

    return 0 if pd.isna(value) else int(value)
