"""What a deployed force uses up in a day: water, fuel and other supplies.

Units: people; cubic metres a day for water and fuel, tonnes a day for other supplies. Rates are
those of one heavy force in Bosnia in 1996; ammunition, spare parts and building material are not in
them, and nothing here says how the supplies get there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from truceline.errors import Problem, ScenarioError
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced

LITRES_PER_CUBIC_METRE = 1000.0  # exact
KILOGRAMS_PER_TONNE = 1000.0  # exact


@dataclass(frozen=True)
class DailySupply:
    """Supplies a force uses in a day."""

    water: Traced
    """Cubic metres a day."""
    fuel: Traced
    """Cubic metres a day."""
    supplies: Traced
    """Tonnes a day."""

    def lines(self) -> tuple[Traced, Traced, Traced]:
        """Return the three amounts in the order tables show them."""
        return self.water, self.fuel, self.supplies


def size_sustainment(deployed_people: float, assumptions: AssumptionSet) -> DailySupply:
    """Return what `deployed_people` use in a day at the rates `sustainment.*` (per person and day).

    Raises
    ------
    ScenarioError
        When the number of people is negative or not a number.
    """
    if not (math.isfinite(deployed_people) and deployed_people >= 0):
        found = f"{deployed_people:g} is not a number of people"
        raise ScenarioError("sustainment", [Problem("force.deployed", found, "write zero or more")])
    people = Traced("force.deployed", deployed_people, "person", "People deployed", evidence="computed")

    def a_day(key: str, label: str, unit: str, divisor: float) -> Traced:
        rate = assumptions.trace(f"sustainment.{key}")
        return Traced(
            name=f"force.{key}_per_day",
            value=deployed_people * rate.value / divisor,
            unit=unit,
            label=label,
            formula=f"force.deployed * {rate.name} / {divisor:g}",
            parts=(people, rate),
            evidence="computed",
        )

    return DailySupply(
        water=a_day("water", "Water a day", "m^3/day", LITRES_PER_CUBIC_METRE),
        fuel=a_day("fuel", "Fuel a day", "m^3/day", LITRES_PER_CUBIC_METRE),
        supplies=a_day("supplies", "Other supplies a day", "t/day", KILOGRAMS_PER_TONNE),
    )
