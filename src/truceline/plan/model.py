"""The plan as a result: immutable, with every headline number traced to its assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from truceline.detection.sensors import Sensor
from truceline.errors import Problem
from truceline.force.benchmarks import EstimateReading
from truceline.force.costs import CostContext
from truceline.force.densities import DensityRow
from truceline.plan.alternatives import Alternative
from truceline.plan.bands import Bands
from truceline.plan.crossings import Crossings
from truceline.plan.ground import Ground
from truceline.plan.people import People
from truceline.plan.watch import Watch
from truceline.provenance import Provenance
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.model import Posture, Scenario
from truceline.trace import Traced

if TYPE_CHECKING:
    from truceline.generation.result import Generation
    from truceline.plan.dates import PlanDates
    from truceline.plan.money import PlanMoney
    from truceline.plan.talks import PlanTalks


@dataclass(frozen=True, eq=False)
class PosturePlan:
    """One posture, planned: who watches, what is seen, who is needed."""

    key: str
    posture: Posture
    people: People
    watch: Watch | None
    """None where the scenario is only a length."""
    crossings: Crossings | None
    headlines: dict[str, Traced]
    """Numbers by name that `truceline explain` can unfold."""
    readings: tuple[EstimateReading, ...]
    """Published estimates read against this posture."""
    alternatives: tuple[Alternative, ...] = ()
    """The people it would take with masts for posts, or with its drones in other hands."""

    @property
    def label(self) -> str:
        """Name of the posture for readers."""
        return self.posture.label


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that was planned, and from what."""

    scenario: Scenario
    assumptions: AssumptionSet
    sensors: dict[str, Sensor]
    ground: Ground | None
    postures: dict[str, PosturePlan]
    chosen_key: str
    """The posture planned in full."""
    densities: tuple[DensityRow, ...]
    cost_context: tuple[CostContext, ...]
    """What the chosen strength would cost at published rates: context, not a cost plan."""
    provenance: Provenance
    warnings: tuple[Problem, ...]
    bands: Bands | None = None
    """80 % bands of the headline numbers, when samples were asked for."""
    generation: Generation | None = None
    """Who would come for the posture planned in full; None for a scenario without contributors."""
    money: PlanMoney | None = None
    """What that posture costs, and whom; None for a scenario that does not ask."""
    dates: PlanDates | None = None
    """When who comes is there; None for a scenario that does not ask about movement or nations."""
    talks: PlanTalks | None = None
    """Who wants what, and the force behind each agreement; None for a scenario that does not ask."""

    @property
    def chosen(self) -> PosturePlan:
        """The posture planned in full."""
        return self.postures[self.chosen_key]

    @property
    def length_m(self) -> float:
        """Geodesic length of the line."""
        if self.ground is not None:
            return self.ground.line.length_m
        length = self.scenario.line.length
        return length.value if length is not None else 0.0


def measure_weak_inputs(traced: Traced) -> float:
    """Return the share of the assumptions under a number that nobody has read in a source (`general`)."""
    leaves = [leaf for leaf in traced.leaves() if leaf.evidence not in ("", "computed", "stated")]
    if not leaves:
        return 0.0
    return sum(leaf.evidence == "general" for leaf in leaves) / len(leaves)
