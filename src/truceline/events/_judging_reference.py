"""Judging, one incident and one clause at a time, slow and readable: the judge of `judging`.

Gives verdict and probability; None where no row is kept. Shares the rules' words with the fast one and none
of its arithmetic but the measuring of a point against a line.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import shapely

from truceline.events.agreement_places import N_POINTS, Place
from truceline.events.agreements import Acts, Agreement, Allowance, Clause
from truceline.events.judging import P_DECIMALS, JudgingRules
from truceline.events.kinds import GROUP_OF, Flag, Kind, KindGroup
from truceline.geo.line import LineOfContact
from truceline.geo.projection import Projection, projection_for

_UNTOLD = ("", "unknown", "undetermined")
_SEMI_MAJOR_M, _FLATNESS = 6_378_137.0, 1 / 298.257223563  # WGS 84


def judge_one(
    incident: Mapping[str, Any],
    agreement: Agreement,
    clause: Clause,
    rules: JudgingRules,
    *,
    lines: Mapping[str, LineOfContact],
    is_refuted: bool = False,
    is_corroborated: bool = False,
    attributed: tuple[str, float] = ("", math.nan),
) -> tuple[str, float] | None:
    """Return verdict and probability of one incident (a row of `INCIDENTS`) against one clause."""
    starts, ends = agreement.utc(clause.starts), agreement.utc(clause.ends)
    act = _match(clause.forbids, incident)
    if act == "no" or (act == "untold" and clause.forbids.untold == "outside"):
        return None
    p_time = _time_share(incident, starts, ends)
    first, last = agreement.utc(clause.disputed_from) or starts, agreement.utc(clause.disputed_to) or ends
    p_wide = _time_share(incident, first, last)
    p_place = _place_share(clause.place, incident, lines, rules)
    if p_place == 0 or p_wide == 0:
        return None
    p = round(p_place * p_time, P_DECIMALS)
    actor, p_actor = _actor(incident, attributed)
    is_named = p_actor >= rules.p_within_min
    if is_refuted:
        return "refuted", p
    if p_place * p_wide <= rules.p_outside_max:
        return "outside", p
    if clause.binds != "both" and is_named and actor != clause.binds:
        return "not_bound", p
    chances = [_allowed(a, agreement, incident, lines, rules, actor, is_named) for a in clause.allows]
    if any(chance >= rules.p_within_min for chance in chances):
        return "allowed", p
    if math.isnan(p):
        return "unclear", p
    if p < rules.p_within_min and p_place * p_wide - p > rules.p_outside_max:
        return "unclear", p
    if p <= rules.p_outside_max:
        return "outside", p
    doubts = (
        p < rules.p_within_min,
        any(not chance <= rules.p_outside_max for chance in chances),
        act == "untold",
        clause.binds != "both" and not is_named,
        bool(clause.depends_on),
        bool(incident["flags"] & Flag.party_claim) and not is_corroborated,
    )
    return ("unclear" if any(doubts) else "violation"), p


def _match(acts: Acts, incident: Mapping[str, Any]) -> str:
    if incident["kind"] not in {kind.value for kind in acts.meant}:
        return "no"
    answers = []
    for word, wanted in (
        (incident["weapon"], acts.weapons),
        (incident["target"], acts.targets),
        (incident["phase"], acts.phases),
    ):
        if wanted:
            answers.append(
                "untold" if word in _UNTOLD else "yes" if word in {str(w) for w in wanted} else "no"
            )
    return "no" if "no" in answers else "untold" if "untold" in answers else "yes"


def _time_share(incident: Mapping[str, Any], starts: datetime | None, ends: datetime | None) -> float:
    begin, end = incident["time_from"], incident["time_to"]
    if begin != begin or begin is None:
        return math.nan
    end = begin if end != end or end is None or end < begin else end
    since, until = starts or datetime.min, ends or datetime.max
    if end == begin:
        return 1.0 if since <= begin < until else 0.0
    overlap = (min(end, until) - max(begin, since)).total_seconds()
    return float(max(0.0, overlap) / (end - begin).total_seconds())


def _place_share(
    places: Sequence[Place],
    incident: Mapping[str, Any],
    lines: Mapping[str, LineOfContact],
    rules: JudgingRules,
) -> float:
    shares = [_one_place(place, incident, lines, rules) for place in places]
    known = min(1.0, sum(share for share in shares if not math.isnan(share)))
    return math.nan if any(map(math.isnan, shares)) and known < rules.p_within_min else known


def _one_place(
    place: Place, incident: Mapping[str, Any], lines: Mapping[str, LineOfContact], rules: JudgingRules
) -> float:
    if place.everywhere:
        return 1.0
    region = incident["region"].casefold()
    here = math.nan if not region else float(region in {name.casefold() for name in place.regions})
    if place.is_regions:
        return here
    if place.band and place.band.line not in lines:
        return math.nan
    if math.isnan(incident["lon"]) or incident["flags"] & Flag.placeholder:
        return 0.0 if place.regions and here == 0.0 else math.nan
    inside = sum(_is_inside(place, lon, lat, lines) for lon, lat in _points(place, incident, lines, rules))
    return inside / N_POINTS


def _points(
    place: Place, incident: Mapping[str, Any], lines: Mapping[str, LineOfContact], rules: JudgingRules
) -> list[tuple[float, float]]:
    edge = place.edge_km * 1000
    if place.band:
        edge = math.hypot(edge, lines[place.band.line].tolerance_m)
    sigma = incident["sigma_m"] if incident["sigma_m"] == incident["sigma_m"] else rules.unknown_sigma_m
    across = incident["sigma_across_m"] if incident["sigma_across_m"] == incident["sigma_across_m"] else sigma
    axis = math.radians(incident["axis_deg"])
    phi = math.radians(incident["lat"])
    shape = 1 - _FLATNESS * (2 - _FLATNESS) * math.sin(phi) ** 2
    lon_m = math.radians(1) * _SEMI_MAJOR_M * math.cos(phi) / math.sqrt(shape)
    lat_m = math.radians(1) * _SEMI_MAJOR_M * (1 - _FLATNESS * (2 - _FLATNESS)) / shape**1.5
    points = []
    for number in range(N_POINTS):
        radius = math.sqrt(-2 * math.log(1 - (number + 0.5) / N_POINTS))
        angle = number * math.pi * (3 - math.sqrt(5))
        forward = math.hypot(sigma, edge) * radius * math.cos(angle)
        sideways = math.hypot(across, edge) * radius * math.sin(angle)
        east = forward * math.sin(axis) + sideways * math.cos(axis)
        north = forward * math.cos(axis) - sideways * math.sin(axis)
        points.append((incident["lon"] + east / lon_m, incident["lat"] + north / lat_m))
    return points


def _is_inside(place: Place, lon: float, lat: float, lines: Mapping[str, LineOfContact]) -> bool:
    if place.band:
        line = lines[place.band.line]
        x_m, y_m = line.projection.lonlat_to_xy(lon, lat)
        away_km = line.metric.distance(shapely.Point(float(x_m), float(y_m))) / 1000
        if not place.band.from_km <= away_km < place.band.to_km:
            return False
        offset = float(line.locate([[float(x_m), float(y_m)]]).offset_m[0])
        return place.band.side == "both" or (offset > 0 if place.band.side == "a" else offset < 0)
    if place.around:
        projection = _projection(tuple((c.lon, c.lat) for c in place.around))
        here = shapely.Point(*(float(v) for v in projection.lonlat_to_xy(lon, lat)))
        return any(
            here.distance(shapely.Point(*(float(v) for v in projection.lonlat_to_xy(c.lon, c.lat))))
            < c.radius_km * 1000
            for c in place.around
        )
    outline = shapely.Polygon(place.polygon[0], place.polygon[1:])
    return bool(shapely.contains_xy(outline, lon, lat))


@cache
def _projection(centres: tuple[tuple[float, float], ...]) -> Projection:
    return projection_for(shapely.multipoints(centres))


def _actor(incident: Mapping[str, Any], attributed: tuple[str, float]) -> tuple[str, float]:
    side, p = attributed
    if side:
        return side, 1.0 if math.isnan(p) else p
    is_movement = GROUP_OF[Kind(incident["kind"])] is KindGroup.movement
    if is_movement and incident["control_side"] in ("a", "b"):
        return incident["control_side"], 1.0
    return "", math.nan


def _allowed(
    allowance: Allowance,
    agreement: Agreement,
    incident: Mapping[str, Any],
    lines: Mapping[str, LineOfContact],
    rules: JudgingRules,
    actor: str,
    is_named: bool,
) -> float:
    is_exercise = bool(incident["flags"] & Flag.exercise) or incident["kind"] == "exercise"
    match = _match(allowance, incident)
    if match == "no" or (match == "untold" and allowance.untold == "outside"):
        return 0.0
    if (allowance.exercise and not is_exercise) or (
        allowance.side != "both" and is_named and actor != allowance.side
    ):
        return 0.0
    p = _time_share(incident, agreement.utc(allowance.starts), agreement.utc(allowance.ends))
    p *= _place_share(allowance.place, incident, lines, rules) if allowance.place else 1.0
    open_questions = match == "untold" or (allowance.side != "both" and not is_named)
    return 0.0 if p == 0 else math.nan if open_questions else p
