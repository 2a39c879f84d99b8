"""The words for what is watched and in which weather and light; order is part of every table's shape.

Unitless. It does not say how far anything is seen (`sensors`) or how often it happens (the scenario).
"""

from __future__ import annotations

from typing import Final

KINDS: Final = ("person", "vehicle", "small_arms", "mortar", "artillery_impact", "uav", "aircraft")
"""Kinds of event in the order of axis 0 of a range table."""
STATES: Final = ("day", "night", "bad")
"""Light and weather: clear day, clear night, and rain, snow or fog (visibility under about 1 km) or strong
wind."""
MOVERS: Final = ("person", "vehicle", "uav", "aircraft")
"""Kinds that stay in view for a while: a look *rate* describes them."""
INSTANTS: Final = ("small_arms", "mortar", "artillery_impact")
"""Kinds over in a moment: one look, a *probability* describes them."""
N_KINDS: Final = len(KINDS)
N_STATES: Final = len(STATES)
KIND_INDEX: Final = {kind: index for index, kind in enumerate(KINDS)}
STATE_INDEX: Final = {state: index for index, state in enumerate(STATES)}
