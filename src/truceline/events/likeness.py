"""How well the words of two reports go together: kind, phase and weapon, as logarithms of likelihood ratios.

Agreement on a rare word says more than on a common one, so the terms of kinds are weighed by how often each
kind is reported. The shares are assumptions; this module only knows which words are near to each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from truceline.events.kinds import GROUP_OF, Kind, KindGroup, Phase, Weapon
from truceline.scenario.assumption import AssumptionSet

FloatArray = NDArray[np.float64]

KINDS: tuple[str, ...] = tuple(kind.value for kind in Kind)
PHASES: tuple[str, ...] = ("", *(phase.value for phase in Phase))
WEAPONS: tuple[str, ...] = ("", *(weapon.value for weapon in Weapon))


class Relation(StrEnum):
    """How two kinds may stand to each other where both reports describe one event."""

    same = "same"
    general = "general"
    """One word says less than the other."""
    alike = "alike"
    """Easily taken for each other."""
    trace = "trace"
    """One is what the other left behind."""
    sequence = "sequence"
    """Neighbouring parts of one affair."""
    unlike = "unlike"


_STRIKES = (Kind.shelling, Kind.airstrike, Kind.missile_strike, Kind.uav_strike)
_SMALL_ARMS = (Kind.burst, Kind.shot, Kind.tracer)
_GENERAL: Mapping[Kind, tuple[Kind, ...]] = {
    Kind.explosion: (
        *_STRIKES,
        Kind.mine_blast,
        Kind.air_defence,
        Kind.launch,
        Kind.assault,
        Kind.projectile,
    ),
    Kind.projectile: (Kind.shelling, Kind.missile_strike, Kind.launch, Kind.burst),
    Kind.muzzle_flash: (Kind.shelling, Kind.launch, *_SMALL_ARMS),
    Kind.firefight: (*_SMALL_ARMS, Kind.assault, Kind.explosion),
    Kind.assault: (*_SMALL_ARMS, Kind.shelling, Kind.position_moved),
    Kind.flare: (Kind.tracer,),
}
_ALIKE: tuple[tuple[Kind, ...], ...] = (
    _STRIKES,
    _SMALL_ARMS,
    (Kind.firefight, Kind.assault),
    (Kind.uav_flight, Kind.aircraft_flight),
    (Kind.uav_flight, Kind.air_defence, Kind.uav_strike),
    (Kind.denial, Kind.delay),
    (Kind.position_moved, Kind.control_change),
)
_TRACES = (Kind.casualty, Kind.damage, Kind.thermal_anomaly)
_SEQUENCE: tuple[tuple[Kind, ...], ...] = (
    (Kind.air_alert, Kind.launch, Kind.missile_strike, Kind.uav_strike, Kind.airstrike, Kind.air_defence),
    (Kind.aircraft_flight, Kind.airstrike, Kind.air_defence),
    (Kind.jamming, Kind.uav_flight),
    (Kind.assault, Kind.control_change, Kind.position_moved),
    (Kind.denial, Kind.shot, Kind.burst),
)
_FAMILIES: tuple[tuple[Weapon, ...], ...] = (
    (Weapon.mortar, Weapon.artillery, Weapon.tank, Weapon.rocket_artillery, Weapon.ifv_cannon),
    (Weapon.small_arms, Weapon.heavy_machine_gun, Weapon.ifv_cannon, Weapon.anti_aircraft_gun),
    (Weapon.grenade_launcher, Weapon.mortar, Weapon.anti_tank),
    (Weapon.missile, Weapon.tactical_missile, Weapon.rocket_artillery),
    (Weapon.glide_bomb, Weapon.aircraft, Weapon.missile),
    (Weapon.air_defence, Weapon.anti_aircraft_gun, Weapon.missile, Weapon.uav),
)


def relate_kinds(one: Kind, other: Kind) -> Relation:
    """Return how two kinds stand to each other; the order does not matter."""
    if one is other:
        return Relation.same
    if other in _GENERAL.get(one, ()) or one in _GENERAL.get(other, ()):
        return Relation.general
    if any(one in group and other in group for group in _ALIKE):
        return Relation.alike
    groups = {GROUP_OF[one], GROUP_OF[other]}
    fire_or_trace = {KindGroup.fire, KindGroup.consequence, KindGroup.signal}
    if (
        (one in _TRACES or other in _TRACES)
        and groups <= fire_or_trace
        and Kind.air_alert not in (one, other)
    ):
        return Relation.trace
    if any(one in group and other in group for group in _SEQUENCE):
        return Relation.sequence
    return Relation.unlike


@cache
def _relations() -> NDArray[np.int64]:
    """Return the number of the relation of every two kinds."""
    order = {relation: number for number, relation in enumerate(Relation)}
    return np.array([[order[relate_kinds(one, other)] for other in Kind] for one in Kind])


def weigh_kinds(n_of_kind: Sequence[float] | FloatArray, assumptions: AssumptionSet) -> FloatArray:
    """Return the weight of every two kinds (kinds, kinds), given how many reports have each.

    The share that two reports of one event stand in a relation, over the share of reports that stand in it
    by chance: the m and u of Fellegi and Sunter (1969), with u from the data at hand.
    """
    relations = _relations()
    shares = np.array([assumptions.value(f"linkage.kind.{relation}") for relation in Relation])
    prior = assumptions.value("linkage.kind.prior_reports")
    frequency = np.asarray(n_of_kind, dtype=float) + prior / len(KINDS)
    frequency = frequency / frequency.sum()
    by_chance = np.zeros((len(KINDS), len(shares)))
    for number in range(len(shares)):
        by_chance[:, number] = np.where(relations == number, frequency[np.newaxis, :], 0.0).sum(axis=1)
    possible = np.where(by_chance > 0, shares[np.newaxis, :], 0.0)
    possible /= possible.sum(axis=1, keepdims=True)
    rows = np.arange(len(KINDS))[:, np.newaxis]
    one_way = np.log(possible[rows, relations] / by_chance[rows, relations])
    most = assumptions.value("linkage.kind.most")
    return np.asarray(np.clip((one_way + one_way.T) / 2.0, -most, most))


def weigh_phases(assumptions: AssumptionSet) -> FloatArray:
    """Return the weight of every two phases; nothing where one is not told or undetermined."""
    same, differs = (assumptions.value(f"linkage.phase.{word}") for word in ("same", "differs"))
    told = [phase not in ("", Phase.undetermined) for phase in PHASES]
    # A round in flight has both an end and a beginning: it goes with either, and says nothing.
    told[PHASES.index(Phase.in_flight)] = False
    both = np.outer(told, told)
    return np.where(both, np.where(np.eye(len(PHASES), dtype=bool), same, differs), 0.0)


def weigh_weapons(assumptions: AssumptionSet) -> FloatArray:
    """Return the weight of every two weapons; nothing where one is not told."""
    same, alike, differs = (
        assumptions.value(f"linkage.weapon.{word}") for word in ("same", "alike", "differs")
    )
    made = np.full((len(WEAPONS), len(WEAPONS)), differs)
    for family in _FAMILIES:
        numbers = [WEAPONS.index(weapon) for weapon in family]
        made[np.ix_(numbers, numbers)] = alike
    np.fill_diagonal(made, same)
    for untold in (WEAPONS.index(""), WEAPONS.index(Weapon.unknown)):
        made[untold, :] = made[:, untold] = 0.0
    return made
