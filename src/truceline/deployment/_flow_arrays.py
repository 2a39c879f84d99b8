"""Lay a movement out in arrays, as the compiled loop and the program for HiGHS take it.

Days from the ceasefire; people; units of the nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truceline.deployment.loads import Loads
from truceline.deployment.model import (
    LOAD_CLASSES,
    MOVES,
    SUPPLIES,
    FloatArray,
    Movement,
    Network,
)

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Loss:
    """A node that passes less for a while."""

    node: str
    from_day: int
    """First day without it; 1 is the first after the ceasefire."""
    to_day: int
    """Last day without it."""
    left_share: float = 0.0
    """Share of its capacity that is left."""


@dataclass(frozen=True, eq=False)
class FlowArrays:
    """One movement in arrays: groups in the order they are served, routes in the order they are tried."""

    people: FloatArray
    ready: FloatArray
    release: FloatArray
    load: IntArray
    priority: IntArray
    allowed: BoolArray
    """(groups, routes)"""
    lag: IntArray
    """(routes,) days of travel, whole."""
    delay: IntArray
    """(routes,) days in staging after arrival."""
    moves: IntArray
    """(routes,) 0 people, 1 cargo, 2 both."""
    path: IntArray
    """(routes, most nodes) numbers of nodes, ended by -1."""
    need: FloatArray
    """(load classes, routes, nodes)"""
    per_tonne: FloatArray
    goods: BoolArray
    """(routes,) carries supplies."""
    capacity: FloatArray
    """(nodes, days + 1)"""
    hold: IntArray
    """(nodes,) days for which what is taken stays taken."""
    per_person_t: float
    group_order: IntArray
    """(groups,) place of each in the list of movements."""
    route_order: IntArray
    """(routes,) place of each in the network."""

    def run_arguments(self) -> tuple[object, ...]:
        """Return what the compiled loop takes, in its order."""
        return (
            self.people,
            self.ready,
            self.release,
            self.load,
            self.allowed,
            self.lag,
            self.delay,
            self.moves,
            self.path,
            self.need,
            self.per_tonne,
            self.capacity,
            self.hold,
            self.per_person_t,
            self.goods,
        )


def lay_out(
    movements: Sequence[Movement],
    network: Network,
    loads: Loads,
    days: int,
    staging_days: float,
    losses: Sequence[Loss] = (),
) -> FlowArrays:
    """Return movements over a network as arrays; the inputs are checked before.

    The most urgent go first, then who is ready first, then as given. Routes that few kinds
    of units can take are tried first, so that those open to heavy units are left to them; then the shorter.
    """
    nodes = network.passed
    place = {node.key: k for k, node in enumerate(nodes)}
    hold = np.array([max(1, round(staging_days)) if node.unit == "bed" else 1 for node in nodes], np.int64)
    routes = sorted(
        range(len(network.routes)),
        key=lambda r: (
            len(set(network.routes[r].carries) - {SUPPLIES}),
            len(network.routes[r].path),
            network.routes[r].days.value,
            network.routes[r].key,
        ),
    )
    groups = sorted(
        range(len(movements)),
        key=lambda g: (movements[g].priority, movements[g].ready_day, g),
    )
    ordered = [network.routes[r] for r in routes]
    path = np.full((len(ordered), max((len(route.path) for route in ordered), default=1)), -1, np.int64)
    for r, route in enumerate(ordered):
        path[r, : len(route.path)] = [place[name] for name in route.path]
    beds = [any(nodes[place[name]].unit == "bed" for name in route.path) for route in ordered]
    capacity = np.repeat(
        np.array([[0.0 if node.capacity is None else node.capacity.value] for node in nodes]).reshape(-1, 1),
        days + 1,
        axis=1,
    )
    for loss in losses:
        capacity[place[loss.node], max(loss.from_day, 0) : loss.to_day + 1] *= loss.left_share
    moving = [movements[g] for g in groups]
    origins = [one.origin or network.origin_of(one.nation) for one in moving]
    return FlowArrays(
        people=np.array([one.people for one in moving], float),
        ready=np.array([one.ready_day for one in moving], float),
        release=np.array([one.release_days for one in moving], float),
        load=np.array([LOAD_CLASSES.index(one.load_class) for one in moving], np.int64),
        priority=np.array([one.priority for one in moving], np.int64),
        allowed=np.array(
            [
                [origin in route.origins and one.load_class in route.carries for route in ordered]
                for one, origin in zip(moving, origins, strict=True)
            ],
            bool,
        ).reshape(len(moving), len(ordered)),
        lag=np.array([whole_days(route.days.value) for route in ordered], np.int64),
        delay=np.where(beds, round(staging_days), 0).astype(np.int64),
        moves=np.array([MOVES.index(route.moves) for route in ordered], np.int64),
        path=path,
        need=loads.per_person[:, routes],
        per_tonne=loads.per_tonne[routes],
        goods=np.array([SUPPLIES in route.carries for route in ordered], bool),
        capacity=capacity,
        hold=hold,
        per_person_t=loads.supplies.value if loads.supplied else 0.0,
        group_order=np.array(groups, np.int64),
        route_order=np.array(routes, np.int64),
    )


def whole_days(days: float) -> int:
    """Return a journey in whole days; a part of a day counts from half of it on."""
    return int(days + 0.5)
