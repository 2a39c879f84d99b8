"""The sentence that goes with a verdict; made once for each different case, not for each row."""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from truceline.events.agreement_places import Place
from truceline.events.agreements import Clause
from truceline.events.clause_matching import IncidentColumns, PlaceFound

_KM = 1000.0
_NO_DISTANCE = -1
_DISTANCE_MAX_KM = 30_000


class Situation(IntEnum):
    """What decided an incident against a clause; each has its sentence."""

    violation = 0
    refuted = 1
    outside = 2
    not_bound = 3
    allowed = 4
    unknown_place = 5
    unknown_time = 6
    disputed = 7
    uncertain = 8
    may_be_allowed = 9
    untold_act = 10
    untold_actor = 11
    depends = 12
    claimed = 13


def write_reasons(
    clause: Clause,
    columns: IncidentColumns,
    rows: NDArray[np.int64],
    place: PlaceFound,
    p: NDArray[np.float64],
    situation: NDArray[np.int64],
    allowance: NDArray[np.int64],
    actor: NDArray[np.int64],
    p_actor: NDArray[np.float64],
    given_lines: Collection[str],
) -> NDArray[np.object_]:
    """Return a sentence for each row; figures are whole kilometres and hundredths."""
    kinds, weapons, regions = (columns.words(name) for name in ("kind", "weapon", "region"))
    distance = _whole(place.distance_m / _KM, _DISTANCE_MAX_KM)
    sigma = _whole(np.ceil(place.sigma_m / _KM), _DISTANCE_MAX_KM)
    p_whole, p_actor_whole = _whole(p * 100, 100), _whole(p_actor * 100, 100)
    which, examples = _tell_apart(
        situation, kinds.codes[rows], weapons.codes[rows], place.likeliest, distance, sigma, p_whole,
        allowance, actor, p_actor_whole, regions.codes[rows],
    )  # fmt: skip
    sentences = np.empty(len(examples), dtype=object)
    for index, row in enumerate(examples):
        where = clause.place[place.likeliest[row]]
        sentences[index] = _sentence(
            clause,
            Situation(situation[row]),
            what=_what(kinds.values[kinds.codes[rows[row]]], weapons.values[weapons.codes[rows[row]]]),
            where=_where(where, str(columns.regions[rows[row]]), int(distance[row]), int(sigma[row])),
            place=where,
            has_line=where.band is None or where.band.line in given_lines,
            p=int(p_whole[row]),
            allowance=int(allowance[row]),
            actor=("", "a", "b")[actor[row]],
            p_actor=int(p_actor_whole[row]),
        )
    made: NDArray[np.object_] = sentences[which]
    return made


def _sentence(
    clause: Clause,
    situation: Situation,
    *,
    what: str,
    where: str,
    place: Place,
    has_line: bool,
    p: int,
    allowance: int,
    actor: str,
    p_actor: int,
) -> str:
    act, what = what, f"{what} {where}"
    odds = f"probability {p / 100:.2f}" if p >= 0 else "probability not known"
    bound = f"the clause binds side {clause.binds} alone"
    if situation is Situation.violation:
        side = "" if clause.binds == "both" else f", by side {clause.binds}"
        return f"{what}{side}; the clause forbids it ({odds} of lying within its place and time)"
    if situation is Situation.refuted:
        return "found not to have happened"
    if situation is Situation.outside:
        return f"{act}: within {place.words}, in the clause's time, with {odds} only"
    if situation is Situation.not_bound:
        return f"{what}: attributed to side {actor}, and {bound}"
    if situation is Situation.allowed:
        return f"{what}: allowed, {clause.allows[allowance].says}"
    if situation is Situation.unknown_place:
        if place.band is not None and not has_line:
            return f"{act}: there is no line '{place.band.line}' to measure from"
        lacking = "region" if place.is_regions else "position"
        return f"{act}: its {lacking} is not known, and may be {place.words}"
    if situation is Situation.unknown_time:
        return f"{what}: when it happened is not known"
    if situation is Situation.disputed:
        return f"{what}: at a time for which it is disputed that the clause held"
    if situation is Situation.uncertain:
        return f"{what}: within the clause's place and time with {odds}"
    if situation is Situation.may_be_allowed:
        return f"{what}: may be allowed, {clause.allows[allowance].says}"
    if situation is Situation.untold_act:
        missing = [name for name in ("weapons", "targets", "phases") if getattr(clause.forbids, name)]
        words = " or ".join(name.removesuffix("s") for name in missing)
        return f"{what}: the {words} was not told, and the clause covers some alone"
    if situation is Situation.untold_actor:
        seen = f" with probability {p_actor / 100:.2f} only" if actor and p_actor >= 0 else ""
        named = f"attributed to side {actor}{seen}" if actor else "who acted is not attributed"
        return f"{what}: {named}, and {bound}"
    if situation is Situation.claimed:
        return f"{what}: a party says so, and nobody else noticed it"
    return f"{what}: it depends on {clause.depends_on}"


def _what(kind: str, weapon: str) -> str:
    words = kind.replace("_", " ")
    if kind == "weapon_present":
        return f"{weapon.replace('_', ' ') or 'weapon'} present"
    return words


def _where(place: Place, region: str, distance_km: int, sigma_km: int) -> str:
    if place.band is not None and distance_km != _NO_DISTANCE:
        side = "" if place.band.side == "both" else f" of side {place.band.side}"
        bounds = f"{place.band.from_km:g} to {place.band.to_km:g} km"
        return f"{distance_km} km (± {sigma_km} km) from the line, where {bounds}{side} are closed to it"
    if region and not place.name and (place.is_regions or place.everywhere):
        return f"in {region}"
    return f"in {place.words}"


def _whole(values: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Return values rounded to whole numbers from 0 to `most`; -1 where there is none."""
    bounded = np.clip(np.nan_to_num(values, nan=-1.0, posinf=most, neginf=0.0), -1.0, most)
    return np.rint(bounded).astype(np.int64)


def _tell_apart(*columns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which different combination of values each row has, and a row that shows each combination."""
    import pandas as pd

    which = np.zeros(len(columns[0]), dtype=np.int64)
    for values in columns:
        least = int(values.min(initial=0))
        combined = which * (int(values.max(initial=0)) - least + 1) + (values - least)
        which = np.asarray(pd.factorize(combined)[0], dtype=np.int64)  # small numbers again: no overflow
    examples = np.empty(int(which.max(initial=-1)) + 1, dtype=np.int64)
    examples[which[::-1]] = np.arange(len(which))[::-1]
    return which, examples
