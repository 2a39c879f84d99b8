"""The posture a mission watches with: the chance that each sector's watch notices an incident, from a plan.

Kept in the store as a setting, so that every rate of the mission is corrected by the same plan until another
one is kept. A row of effort that gives its own chance goes before it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from truceline.events.frames import make_frame
from truceline.events.schema import SETTINGS
from truceline.monitor.places import NONE_KEPT, KeptPlaces, PlacesOfPlan, keep_places
from truceline.store.base import Selection, Store

Chances = Mapping[tuple[str, str], tuple[float, float, float]]
"""Chance, low and high by sector and group of kinds; an empty sector is the whole line."""

_SETTING = "posture"


def keep_posture(
    store: Store, chances: Chances, *, who: str, why: str = "", places: PlacesOfPlan | None = None
) -> KeptPlaces:
    """Keep the chances of a posture; they hold from now on for all effort without a chance of its own.

    Its posts and cells are kept with them, in the same change, where they are given.
    """
    rows = [[sector, group, *ends] for (sector, group), ends in chances.items()]
    with store.turn(), store.change(who=who, what="posture", why=why) as change:
        value = json.dumps(rows)
        change.append(SETTINGS, make_frame(SETTINGS, {"name": [_SETTING], "value": [value]}))
        return NONE_KEPT if places is None else keep_places(store, change, places)


def read_posture(store: Store, *, as_of: int | None = None) -> Chances | None:
    """Return the chances kept last; None where no posture was kept."""
    rows = store.read_current(SETTINGS, Selection(equals={"name": _SETTING}, as_of=as_of))
    if rows.empty:
        return None
    return {
        (sector, group): (p, low, high) for sector, group, p, low, high in json.loads(rows["value"].iloc[0])
    }
