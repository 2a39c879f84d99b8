"""The nouns of force generation: missions, states, capabilities, requirements, offers, a plan's basis.

People, units of a capability (batteries, aircraft, beds), shares between 0 and 1. Nothing is computed or read
here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from truceline.scenario.model import MissionName
from truceline.trace import Traced

FloatArray = NDArray[np.float64]

Mission = MissionName
"""What a force is for: watching with consent, reassuring from the rear, standing between the sides."""
MISSIONS: tuple[Mission, ...] = get_args(Mission)

State = Literal["met", "unmet", "unknown"]
"""Whether a condition holds on a day."""
STATES_OF_CONDITION: tuple[State, ...] = get_args(State)

SizeBasis = Literal["stated", "ours", "none"]
"""Who said how many: the nation, nobody (our prior, marked wherever it is shown), or nothing is offered."""


@dataclass(frozen=True)
class Capability:
    """One kind of thing that a force needs and nations may bring."""

    key: str
    label: str
    unit: str
    """What is counted, in the singular: person, battery, aircraft, satellite."""
    kind: Literal["people", "enabler"]
    """People are taken from a nation's strength; an enabler is a holding of its own."""
    priority: int
    """1 is filled first."""
    block: float
    """Units that come together: people of one platoon, or 1."""
    tasks: tuple[str, ...] = ()
    """Rows of the troop-to-task table whose people make the requirement; none for an enabler."""
    backstop_task: str = ""
    """Task of the backstop that would bring it; empty where the backstop brings none."""
    essential: bool = False
    """Whether the force cannot be larger than this supports."""


@dataclass(frozen=True)
class Requirement:
    """One line of what the force needs."""

    capability: Capability
    need: Traced
    """Units needed, with range, rule (formula) and the assumptions behind it; named ``need.<capability>``."""

    @property
    def units(self) -> float:
        """Units needed, not rounded."""
        return self.need.value


@dataclass(frozen=True, eq=False)
class Offer:
    """What one contributor could bring if its conditions were met."""

    code: str
    """ISO 3166 code of a nation, or NAT for the pool held by NATO."""
    name: str
    people: Traced
    """People inside the country of the mission: value, low, high; 0 where none would be sent."""
    basis: SizeBasis
    """Where `people` comes from."""
    sustained: Traced | None
    """People it can keep abroad without end, for this and every other task: our prior. None where unknown."""
    pool: Traced | None
    """Usable people from whom tours are manned: our prior. None where unknown."""
    units: dict[str, Traced] = field(default_factory=dict)
    """Units of each enabler it could bring, by capability: holding * readiness * share released."""
    refuses: tuple[str, ...] = ()
    """People capabilities its caveats rule out."""
    gdp_usd_bn: float = 0.0
    note: str = ""
    """The stance in words, with its date."""


@dataclass(frozen=True)
class TaskNeed:
    """One row of the plan's troop-to-task table."""

    key: str
    group: str
    label: str
    count: float
    unit: str
    people: float


@dataclass(frozen=True, eq=False)
class WatchOutcomes:
    """What the watch sees, by how much of it is manned and which intelligence there is above it.

    Column j of an array is the combination whose bit i (1 << i) says that the whole need of ``tasks[i]`` is
    there; column 0 is the planned watch alone.
    """

    tasks: tuple[str, ...]
    """Backstop tasks that change what is seen: isr-space, isr-air, isr-sea."""
    strength: FloatArray
    """(k,) shares of the watching people in place, ascending, last 1."""
    detect: FloatArray
    """(k, 2**len(tasks)) share of incidents detected."""
    verify: FloatArray
    weakest: FloatArray
    """Chance that the weakest crossing is noticed, by someone who knows the posts."""
    note: str = ""
    """What was assumed, in a sentence or two."""


@dataclass(frozen=True, eq=False)
class PlannedPosture:
    """One posture of the plan, for the claims about strength."""

    key: str
    label: str
    mission: Mission
    people: Traced
    """``force.deployed``."""
    detect: float | None
    """Share of incidents detected; None without a map."""


@dataclass(frozen=True, eq=False)
class Basis:
    """What a plan hands to generation; made from a plan or read back from its document."""

    scenario: str
    posture: str
    posture_label: str
    mission: Mission
    length_km: float
    brigades: float
    n_sectors: int
    tasks: tuple[TaskNeed, ...]
    deployed: Traced
    """``force.deployed``."""
    supplies: tuple[Traced, ...]
    """``force.water_per_day``, ``force.fuel_per_day`` (m^3/day), ``force.supplies_per_day`` (t/day)."""
    outcomes: WatchOutcomes | None
    """None for a plan without a map."""
    postures: tuple[PlannedPosture, ...] = ()
    """Every posture that was planned, this one among them."""


@dataclass(frozen=True)
class Clause:
    """One way in which a contributor comes: everything it names holds."""

    requires: frozenset[str] = frozenset()
    """Conditions that have to be met, by key; a composite counts as one."""
    actors: frozenset[str] = frozenset()
    """Contributors that have to be in, by code."""
    min_total_of_others: float = 0.0
    """People the others bring together, at least."""


@dataclass(frozen=True)
class Actor:
    """A contributor as the solver of commitments sees it: it is in when any of its clauses holds."""

    code: str
    size: float
    """People it brings when it is in."""
    clauses: tuple[Clause, ...]


@dataclass(frozen=True)
class Composite:
    """A condition made of others: met when at least so many of its members are."""

    key: str
    members: frozenset[str]
    at_least: int
