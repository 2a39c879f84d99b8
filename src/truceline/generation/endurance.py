"""How long a nation can keep people abroad: months until its rotation breaks, and what lasts for ever.

People and months. One pool of usable people for this mission; what it already sustains elsewhere has to be
taken off before. Recruiting, leaving and training are not in it: years, not tours, are beyond it.

Two counts, and how they relate. `force.rotation` counts people passing through one by one: a pool of
(tour + dwell) / tour for each one deployed. A contingent that is relieved as a whole comes back only when a
tour begins: with 20 months at home and tours of 6 it sits out 4 tours, not 3.33, so 5 contingents are needed
and not 4.33. The whole number is ceil(dwell / tour) + 1; the two agree where the dwell is a number of whole
tours (18 and 6: both 4), and the whole one is never the smaller. Whether a rotation breaks goes by whole
contingents; people tied up go by the other, as the published figures do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from truceline.errors import ProblemList, ScenarioError
from truceline.generation.model import Offer
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced

_ROUNDING = 1e-9  # a dwell of whole tours must not gain one by rounding, nor a pool lose a contingent


@dataclass(frozen=True, eq=False)
class Endurance:
    """How long people deployed can be relieved out of a pool."""

    deployed: float
    """People deployed."""
    pool: float
    """Usable people from whom tours are manned."""
    contingents: int
    """Contingents that must take turns for the rotation to last: ceil(dwell / tour) + 1."""
    breaks_at_months: float
    """Month of the relief that cannot be manned in full; inf where it lasts, 0 where not even the first."""
    breaks_low: float
    """The same with the smallest pool in its range."""
    breaks_high: float
    """The same with the largest."""
    sustained_people: float
    """Greatest strength in whole people that lasts for ever."""
    multiplier: float
    """People tied up for each one deployed: (tour + dwell) / tour."""
    tied_up_people: float
    """People deployed, resting and preparing."""
    tied_up_share: float
    """Of the pool; above 1 it does not last. NaN without a pool."""
    traced: Traced
    """`tied_up_people`, named ``endurance.<code>.tied_up``."""
    sustained: Traced
    """`sustained_people` with the pool's range, named ``endurance.<code>.sustained``."""
    breaks: Traced | None
    """`breaks_at_months`, named ``endurance.<code>.breaks``; None where it lasts.
    Its high end is left out where the largest pool lasts."""

    @property
    def lasts(self) -> bool:
        """Whether the rotation goes on without end."""
        return math.isinf(self.breaks_at_months)


def count_contingents(tour_months: float, dwell_months: float) -> int:
    """Return how many contingents must take turns: one out, and as many home as tours fit around a dwell."""
    return math.ceil(dwell_months / tour_months - _ROUNDING) + 1


def find_break(deployed: float, pool: float, tour_months: float, dwell_months: float) -> float:
    """Return the month in which a relief cannot be manned in full; inf where every one can.

    Everybody is at home and rested at the start, and all are relieved at the end of each tour. Each tour
    takes `deployed` rested people. With ceil(dwell / tour) + 1 contingents in the pool the first is rested
    when its turn comes again; with fewer, fresh people run out after floor(pool / deployed) tours, before
    anybody has had the dwell (`_endurance_reference` plays it through).
    """
    if deployed <= 0:
        return math.inf
    fresh = math.floor(pool / deployed + _ROUNDING)
    return math.inf if fresh >= count_contingents(tour_months, dwell_months) else tour_months * fresh


def trace_endurance(offer: Offer, people: float, assumptions: AssumptionSet) -> Endurance | None:
    """Return how long a contributor can keep `people` in the field; None where its pool is unknown.

    The pool, with its range, is the offer's; `rotation.tour` and `rotation.dwell` are assumptions.

    Raises
    ------
    ScenarioError
        When people, the pool or the dwell is negative or not a number, or the tour is not above zero.
    """
    if offer.pool is None:
        return None
    tour, dwell, pool = assumptions.trace("rotation.tour"), assumptions.trace("rotation.dwell"), offer.pool
    _check(offer.code, people, pool, tour, dwell)
    contingents = count_contingents(tour.value, dwell.value)
    multiplier = (tour.value + dwell.value) / tour.value
    low, high = pool.bounds
    breaks, breaks_low, breaks_high = (
        find_break(people, size, tour.value, dwell.value) for size in (pool.value, low, high)
    )
    prefix = f"endurance.{offer.code.lower()}"
    deployed = Traced(f"{prefix}.deployed", people, "person", "People deployed", evidence="computed")
    tied_up = Traced(
        name=f"{prefix}.tied_up",
        value=people * multiplier,
        unit="person",
        label="People tied up: deployed, resting and preparing",
        formula=f"{deployed.name} * (rotation.tour + rotation.dwell) / rotation.tour",
        parts=(deployed, tour, dwell),
        evidence="computed",
    )
    sustained = Traced(
        name=f"{prefix}.sustained",
        value=_whole(pool.value / contingents),
        unit="person",
        label="Greatest strength that can be relieved for ever",
        formula=f"floor({pool.name} / (ceil(rotation.dwell / rotation.tour) + 1))",
        parts=(pool, tour, dwell),
        low=None if pool.low is None else _whole(low / contingents),
        high=None if pool.high is None else _whole(high / contingents),
        evidence="computed",
    )
    return Endurance(
        deployed=people,
        pool=pool.value,
        contingents=contingents,
        breaks_at_months=breaks,
        breaks_low=breaks_low,
        breaks_high=breaks_high,
        sustained_people=sustained.value,
        multiplier=multiplier,
        tied_up_people=tied_up.value,
        tied_up_share=tied_up.value / pool.value if pool.value > 0 else math.nan,
        traced=tied_up,
        sustained=sustained,
        breaks=_trace_break(prefix, (breaks, breaks_low, breaks_high), (deployed, pool, tour, dwell)),
    )


def _trace_break(prefix: str, months: tuple[float, float, float], parts: tuple[Traced, ...]) -> Traced | None:
    value, low, high = months
    if math.isinf(value):
        return None
    deployed, pool = parts[:2]
    return Traced(
        name=f"{prefix}.breaks",
        value=value,
        unit="month",
        label="Month of the relief that cannot be manned in full",
        formula=f"rotation.tour * floor({pool.name} / {deployed.name})",
        parts=parts,
        low=low if pool.low is not None else None,
        high=high if pool.high is not None and math.isfinite(high) else None,
        evidence="computed",
        note="It lasts for ever at the high end of the pool" if math.isinf(high) else "",
    )


def _whole(people: float) -> float:
    return float(math.floor(people + _ROUNDING))


def _check(code: str, people: float, pool: Traced, tour: Traced, dwell: Traced) -> None:
    problems = ProblemList()
    if not (math.isfinite(people) and people >= 0):
        problems.add(f"{code}.people", f"{people:g} is not a number of people", "write zero or more")
    if not (math.isfinite(pool.value) and pool.value >= 0):
        problems.add(pool.name, f"{pool.value:g} is not a number of people", "write zero or more")
    if not tour.value > 0:
        problems.add(tour.name, f"{tour.value:g} months is not a tour", "write a time above zero")
    if not dwell.value >= 0:
        problems.add(dwell.name, f"{dwell.value:g} months is negative", "write zero or more")
    problems.raise_if_any(ScenarioError, "endurance")
