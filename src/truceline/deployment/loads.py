"""What has to pass each node for one person, and what a person already there uses up.

Units of the nodes: people, railcars, tonnes, beds; tonnes a person and day for supplies. Whole numbers of
wagons are not asked for: over a week they even out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.deployment.model import LOAD_CLASSES, SUPPLIES, FloatArray, LoadClass, Network, Route
from truceline.force.sustainment import DailySupply, size_sustainment
from truceline.generation.formula import add_range, compute
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced

_CARGO = {
    "heavy": "generation.cargo_per_person",
    "medium": "deployment.cargo_medium",
    "light": "deployment.cargo_light",
    "observers": "deployment.cargo_observers",
}
"""Assumption with the tonnes of cargo of one person, by load class."""


@dataclass(frozen=True, eq=False)
class Loads:
    """How much of each node a person or a tonne takes."""

    per_person: FloatArray
    """(load classes, routes, nodes with a capacity)"""
    per_tonne: FloatArray
    """(routes, nodes with a capacity) for supplies; only routes that carry them."""
    supplies: Traced
    """Tonnes a day for each person already there, ``movement.supplies_per_person``."""
    supplied: bool = True
    """Whether supplies compete with arriving units."""


def read_loads(network: Network, assumptions: AssumptionSet, *, supplied: bool = True) -> Loads:
    """Return the loads of a network under a set of assumptions.

    supplied: False leaves the supplies of those already there out, for comparisons with published bounds that
    do.
    """
    nodes, routes = network.passed, network.routes
    per_person = np.zeros((len(LOAD_CLASSES), len(routes), len(nodes)))
    per_tonne = np.zeros((len(routes), len(nodes)))
    for r, route in enumerate(routes):
        for k, node in enumerate(nodes):
            if node.key not in route.path:
                continue
            for c, load_class in enumerate(LOAD_CLASSES):
                per_person[c, r, k] = _take(node.unit or "", route, load_class, assumptions)
            if SUPPLIES in route.carries:
                railcar = assumptions.value("deployment.cargo_per_railcar")
                per_tonne[r, k] = 1.0 / railcar if node.unit == "railcar/day" else 1.0
    return Loads(per_person, per_tonne, trace_supplies(assumptions), supplied)


def _take(unit: str, route: Route, load_class: LoadClass, assumptions: AssumptionSet) -> float:
    if load_class not in route.carries:
        return 0.0
    if unit in ("person/day", "bed"):
        return 1.0
    if unit == "railcar/day":
        return assumptions.value(f"deployment.railcars_{load_class}")
    kit = assumptions.value("deployment.kit_per_person") if route.moves != "cargo" else 0.0
    return kit + (assumptions.value(_CARGO[load_class]) if route.moves != "people" else 0.0)


def trace_supplies(assumptions: AssumptionSet) -> Traced:
    """Return the tonnes that one person already there uses in a day and that come from outside, with range.

    Water weighs a tonne a cubic metre and comes from wells as far as `generation.water_by_road_share` leaves.
    """
    names = (
        "sustainment.water",
        "generation.water_by_road_share",
        "sustainment.fuel",
        "generation.fuel_density",
        "sustainment.supplies",
    )
    parts = [assumptions.trace(name) for name in names]
    water, share, fuel, density, other = names
    return add_range(
        compute(
            "movement.supplies_per_person",
            "Supplies brought in a day for each person already there",
            "t/person/day",
            f"({water} * {share} + {fuel} * {density} + {other}) / 1000",
            parts,
        )
    )


def supply_people(people: float, assumptions: AssumptionSet) -> DailySupply:
    """Return the water, fuel and other supplies that people already there use in a day.

    Raises ScenarioError as `size_sustainment` does.
    """
    return size_sustainment(people, assumptions)
