"""How many people it takes to keep a force in the field: the pool of a rotation, and who passes through.

Units: people, months. One cycle for the whole force; leave within a tour is in the post cycle
(`sizing.post_cycle`), and what each nation can spare is not asked here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from truceline.errors import Problem, ProblemList, ScenarioError
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced

_ROUNDING = 1e-9  # a period of whole tours must not gain a tour by rounding


@dataclass(frozen=True)
class Rotation:
    """A force in the field and the pool that keeps it there without end."""

    deployed_people: float
    tour_months: float
    dwell_months: float
    """Time at home between two tours."""
    pool_people: float
    """People deployed, resting and preparing, together."""
    traced: Traced

    @property
    def multiplier(self) -> float:
        """People in the pool for each one deployed."""
        return (self.tour_months + self.dwell_months) / self.tour_months

    def distinct_people(self, period_months: float) -> float:
        """Return how many different people serve within a period that starts with a new tour.

        Each tour begun brings new people until the first ones come round again.
        """
        tours_begun = max(1, math.ceil(period_months / self.tour_months - _ROUNDING))
        return min(self.deployed_people * tours_begun, max(self.pool_people, self.deployed_people))

    def share_of(self, trained_people: float) -> float:
        """Return the pool as a share of a trained strength, in people; above 1 it cannot be sustained."""
        if not trained_people > 0:
            found = f"{trained_people:g} is not above zero"
            raise ScenarioError("rotation", [Problem("trained strength", found, "write how many there are")])
        return self.pool_people / trained_people


def rotate_force(deployed_people: float, assumptions: AssumptionSet) -> Rotation:
    """Return the rotation that keeps `deployed_people` in the field.

    Pool = deployed * (tour + dwell) / tour, with `rotation.tour` and `rotation.dwell` in months (the
    form RAND uses for a cadre army: eight months out and 24 at home is four people for each one out).

    Raises
    ------
    ScenarioError
        When the strength or the dwell is negative, or the tour is not above zero.
    """
    tour, dwell = assumptions.trace("rotation.tour"), assumptions.trace("rotation.dwell")
    problems = ProblemList()
    if not (math.isfinite(deployed_people) and deployed_people >= 0):
        problems.add("force.deployed", f"{deployed_people:g} is not a number of people", "write zero or more")
    if not tour.value > 0:
        problems.add(tour.name, f"{tour.value:g} months is not a tour", "write a time above zero")
    if not dwell.value >= 0:
        problems.add(dwell.name, f"{dwell.value:g} months is negative", "write zero or more")
    problems.raise_if_any(ScenarioError, "rotation")
    deployed = Traced("force.deployed", deployed_people, "person", "People deployed", evidence="computed")
    pool = Traced(
        name="force.pool",
        value=deployed_people * (tour.value + dwell.value) / tour.value,
        unit="person",
        label="People bound by the force: deployed, resting and preparing",
        formula="force.deployed * (rotation.tour + rotation.dwell) / rotation.tour",
        parts=(deployed, tour, dwell),
        evidence="computed",
    )
    return Rotation(deployed_people, tour.value, dwell.value, pool.value, pool)
