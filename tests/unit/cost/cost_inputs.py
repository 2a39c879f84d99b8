"""A small force that tests can cost by hand."""

from __future__ import annotations

from truceline.cost.inputs import Sender
from truceline.generation.model import TaskNeed

TASKS = (
    TaskNeed("armed_posts", "watch", "Armed observation posts", 10, "post", 120.0),
    TaskNeed("masts", "watch", "Upkeep of masts", 5, "mast", 30.0),
    TaskNeed("drone", "watch", "Tactical drone orbit", 2, "orbit or cell", 40.0),
    TaskNeed("logistics", "support", "Logistics", 0.2, "share", 60.0),
)
"""250 people: 150 of observation, 40 of drones, 60 of logistics."""

BRITISH = Sender("GBR", "United Kingdom", "stated", {"observation": 60.0, "logistics": 30.0})
FRENCH = Sender("FRA", "France", "ours", {"observation": 30.0, "drones": 40.0}, 0.5, 2.0)
