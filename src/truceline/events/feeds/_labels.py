"""What the labels of VIINA mean in our words: kind, weapon and target of a report from its set of labels.

A report may carry several labels; the first of `ORDER` decides the kind, as in the data set's own main type:
means of attack before their consequences, consequences before movement. Words only; no file is read here.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.kinds import Flag, Kind, Weapon

MAX_REMEMBERED = 4096
"""Different sets of labels remembered; the data set has some 600."""


class Meaning(NamedTuple):
    """What a set of labels says."""

    kind: str
    weapon: str
    target: str
    flags: int


ORDER: dict[str, tuple[Kind, str]] = {
    "airstrike": (Kind.airstrike, Weapon.unknown),
    "uav": (Kind.uav_strike, Weapon.uav),
    "artillery": (Kind.shelling, Weapon.unknown),
    "firefight": (Kind.firefight, Weapon.unknown),
    "armor": (Kind.assault, Weapon.tank),
    # The label is for any blast; nearly all of its texts say that explosions were heard in a town.
    "ied": (Kind.explosion, Weapon.unknown),
    "raid": (Kind.assault, Weapon.unknown),
    "aad": (Kind.air_defence, Weapon.air_defence),
    "civcas": (Kind.casualty, ""),
    "milcas": (Kind.casualty, ""),
    "property": (Kind.damage, ""),
    "hospital": (Kind.damage, ""),
    "control": (Kind.control_change, ""),
    "retreat": (Kind.control_change, ""),
    "occupy": (Kind.control_change, ""),
    "airalert": (Kind.air_alert, ""),
}
"""Kind and weapon by label, the label that decides first. The airstrike label covers bombs, missiles and
drones, the artillery label rockets, guns and mortars: neither tells the weapon."""

OTHER_LABELS = ("arrest", "cyber", "san", "loc", "mil")
"""Labels that say nothing about fighting."""

_CIVILIAN = frozenset({"civcas", "hospital"})


@lru_cache(maxsize=MAX_REMEMBERED)
def read_labels(labels: str) -> Meaning:
    """Return the meaning of labels joined by bars, as 'artillery|civcas|loc'; no war label is Kind.other."""
    return weigh_labels(frozenset(label for label in labels.lower().split("|") if label))


def weigh_labels(labels: Collection[str]) -> Meaning:
    """Return the meaning of a set of labels."""
    decisive = next((label for label in ORDER if label in labels), "")
    kind, weapon = ORDER.get(decisive, (Kind.other, ""))
    target = "civilian" if _CIVILIAN & set(labels) else "military" if "milcas" in labels else ""
    is_weak = is_weak_label(decisive) or (not decisive and any(is_weak_label(label) for label in labels))
    return Meaning(str(kind), str(weapon), target, int(Flag.weak_label) if is_weak else 0)


@lru_cache(maxsize=MAX_REMEMBERED)
def is_weak_label(label: str) -> bool:
    """Tell whether the authors advise against relying on a label; one without a figure is not called weak."""
    assumptions = load_watching_assumptions()
    auc = assumptions.get(f"viina.auc_{label}")
    return auc is not None and auc.value < assumptions.value("feed.weak_label_auc")
