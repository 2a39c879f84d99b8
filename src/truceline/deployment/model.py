"""The nouns of deployment: what moves, over which nodes and routes, and what was there on which day.

People (or units of an enabler), days from the ceasefire (day 0 is its day), capacities in the unit of their
node. Nothing is computed or read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from truceline.errors import Problem, TableError
from truceline.generation.model import SizeBasis
from truceline.trace import Traced

FloatArray = NDArray[np.float64]

LoadClass = Literal["heavy", "medium", "light", "observers"]
"""How much has to move for each person: units with tanks, wheeled or supply units, light ones, observers."""
LOAD_CLASSES: tuple[LoadClass, ...] = get_args(LoadClass)
SUPPLIES = "supplies"
"""What a route carries beside units: goods that people already there use up."""
ANYBODY = "*"
"""Stands in the table of nodes for every nation that no origin names."""

NodeKind = Literal["origin", "lift", "gauge", "port", "airfield", "road", "staging"]
NODE_KINDS: tuple[NodeKind, ...] = get_args(NodeKind)
NodeUnit = Literal["person/day", "railcar/day", "t/day", "bed"]
NODE_UNITS: tuple[NodeUnit, ...] = get_args(NodeUnit)
"""What a capacity counts. All are rates but beds, which somebody holds for as long as staging takes."""
Moves = Literal["people", "cargo", "both"]
MOVES: tuple[Moves, ...] = get_args(Moves)

Reason = Literal[
    "approval", "notice", "travel", "lift", "gauge", "port", "airfield", "road", "beds", "supplies", "nobody"
]
"""Why people who will come are not there yet; "nobody" when all are."""
REASONS: Mapping[Reason, str] = {
    "approval": "conditions and approvals are waited for",
    "notice": "units are on notice to move or not yet released",
    "travel": "units are on their way or in staging",
    "lift": "wagons, train paths or aircraft are used up",
    "gauge": "the change of gauge is used up",
    "port": "ports are used up",
    "airfield": "airfields are used up",
    "road": "roads are used up",
    "beds": "staging beds are full",
    "supplies": "no more people could be supplied",
    "nobody": "everybody is there",
}


@dataclass(frozen=True)
class Node:
    """A place or a means that everything on some routes has to pass."""

    key: str
    label: str
    kind: NodeKind
    unit: NodeUnit | None
    """None for an origin."""
    capacity: Traced | None
    """``movement.<node>``, with range, evidence and source; None for an origin."""
    nations: tuple[str, ...] = ()
    """Codes of the nations that start from an origin."""
    note: str = ""


@dataclass(frozen=True)
class Route:
    """A way from origins into the country, for people, their vehicles and goods, or both at once."""

    key: str
    label: str
    moves: Moves
    carries: tuple[str, ...]
    """Load classes, and "supplies"."""
    origins: tuple[str, ...]
    path: tuple[str, ...]
    """Nodes in their order."""
    days: Traced
    """From departure to arrival, ``movement.<route>.days``."""
    note: str = ""


@dataclass(frozen=True)
class Network:
    """Nodes and routes, checked."""

    nodes: Mapping[str, Node]
    routes: tuple[Route, ...]

    def origin_of(self, nation: str) -> str:
        """Return the origin of a nation.

        Raises TableError where no origin names it and none stands for anybody.
        """
        anybody = ""
        for node in self.nodes.values():
            if nation in node.nations:
                return node.key
            if ANYBODY in node.nations:
                anybody = node.key
        if not anybody:
            hint = f"add it to the nations of an origin, or write {ANYBODY} there"
            raise TableError("movement", [Problem(f"nation {nation}", "starts from no origin", hint)])
        return anybody

    @property
    def passed(self) -> tuple[Node, ...]:
        """Every node with a capacity, in the order of the table."""
        return tuple(node for node in self.nodes.values() if node.capacity is not None)


@dataclass(frozen=True)
class Movement:
    """People of one nation and capability who will come, and from when they can start."""

    nation: str
    capability: str
    people: float
    load_class: LoadClass
    ready_day: float = 0.0
    """Days after the ceasefire when the first of them can leave home."""
    release_days: float = 0.0
    """Days over which they become ready, evenly; 0 for all at once."""
    approved_day: float = 0.0
    """When the last condition and approval is there; before the ceasefire where it is below zero."""
    priority: int = 1
    """1 moves first."""
    basis: SizeBasis = "stated"
    """Who said how many."""
    people_low: float | None = None
    people_high: float | None = None
    name: str = ""
    origin: str = ""
    """An origin of the network; empty for that of the nation."""

    @property
    def is_ours(self) -> bool:
        """Tell whether nobody but us said how many."""
        return self.basis == "ours"

    @property
    def people_bounds(self) -> tuple[float, float]:
        """Return the fewest and most people; both are `people` where no range is known."""
        low = self.people if self.people_low is None else self.people_low
        high = self.people if self.people_high is None else self.people_high
        return low, high


def add_people(movements: Iterable[Movement]) -> tuple[float, float]:
    """Return the fewest and most people of some movements together: all low, or all high."""
    bounds = [one.people_bounds for one in movements]
    return sum(low for low, _ in bounds), sum(high for _, high in bounds)


@dataclass(frozen=True)
class WeekBound:
    """What kept people away in one week."""

    week: int
    """1 is the week that begins at the ceasefire."""
    reason: Reason
    label: str
    """In words: the node that was used up, or what was waited for."""
    node: str
    """Key of the node; empty where it was none."""
    share: float
    """Part of the waiting in that week that this reason accounts for."""
    waiting: float
    """People not yet in place, mean of the week."""
    by_reason: Mapping[Reason, float] = field(default_factory=dict)
    """Share of the waiting by reason, largest first."""


@dataclass(frozen=True, eq=False)
class Flow:
    """Movement day by day. Column 0 is the ceasefire; column t the end of the t-th day after it."""

    movements: tuple[Movement, ...]
    network: Network
    arrived: FloatArray
    """(groups, days + 1) people who have come in by then, staging areas included."""
    in_place: FloatArray
    """(groups, days + 1) people who have left staging by then."""
    used: FloatArray
    """(nodes with a capacity, days + 1) taken that day, in the unit of the node."""
    capacity: FloatArray
    """(nodes with a capacity, days + 1)"""
    supplies_t: FloatArray
    """(days + 1,) tonnes brought in for those already there."""
    supplies_short_t: FloatArray
    """(days + 1,) tonnes that found no way in."""
    method: Literal["exact", "forward"]
    weeks: tuple[WeekBound, ...] = ()

    @property
    def days(self) -> int:
        """Days looked at."""
        return int(self.in_place.shape[1]) - 1

    @property
    def strength(self) -> FloatArray:
        """(days + 1,) people in place."""
        return np.asarray(self.in_place.sum(axis=0))

    @property
    def person_days(self) -> float:
        """People in place, summed over days."""
        return float(self.in_place.sum())
