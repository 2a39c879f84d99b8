"""How far the headline numbers move when every assumption moves inside its range.

Latin hypercube over the ranges, triangular with its peak at the stated value; seed given and kept. The sites
chosen, the reaction bases, the line and the zone are held fixed: the bands say how uncertain the answer for
*this* posture is, not how the best posture would change.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from truceline.detection.coverage import detection_table
from truceline.detection.kinds import STATES
from truceline.detection.measures import average, fuse
from truceline.detection.parameters import DetectionParameters
from truceline.detection.rates import rate_fields
from truceline.errors import ProblemList, ScenarioError
from truceline.geo.sectors import sector_at
from truceline.geo.sight import Sight, choose_sight
from truceline.plan.bands import Bands
from truceline.plan.candidates import Candidates, attributes_of, merge_parts, select_candidates
from truceline.plan.crossings import WeakCrossing, crossing_speed, slowness_of
from truceline.plan.ground import Ground
from truceline.plan.model import Plan, PosturePlan
from truceline.plan.parameters import detection_parameters
from truceline.plan.people import People, count_given, count_watch, size_people
from truceline.plan.watch import Progress, Watch, kind_weights
from truceline.scenario.assumption import Assumption, AssumptionSet
from truceline.scenario.sampling import Driver, Range, draw_ranges, find_band, rank_points, share_spread
from truceline.siting.eikonal import solve_eikonal

FloatArray = NDArray[np.float64]

N_DRIVERS = 5
"""Assumptions named as carrying most of a band."""
NO_CHANGE_SHARE = 1e-9
"""A smaller relative change is rounding."""
N_SAMPLES_MIN, N_SAMPLES_MAX = 20, 20_000
"""Fewer say nothing about a tenth quantile; more than this is a mistake."""
_HELD_FIXED = (
    "reaction.notice",
    "reaction.road_speed",
    "reaction.circuity",
    "deterrence.brigades_plausible",
    "detection.open_threshold",
)
"""Ranges that belong to siting, to the reading of estimates, or to a declared threshold."""
_SAMPLED_PREFIXES = (
    "staffing.",
    "patrol.",
    "support.",
    "reaction.",
    "deterrence.",
    "rotation.",
    "detection.",
    "crossing.",
    "sight.",
)
_BRIGADES = "posture.brigades"
_STATE_PREFIX = "incidents.states."


def check_samples(n_samples: int, seed: int) -> None:
    """Refuse a number of samples out of bounds or a seed below zero with ScenarioError, before any work."""
    problems = ProblemList()
    if not N_SAMPLES_MIN <= n_samples <= N_SAMPLES_MAX:
        hint = f"give {N_SAMPLES_MIN} to {N_SAMPLES_MAX:,}; 200 is a good start"
        problems.add("--samples", f"{n_samples} is out of bounds", hint)
    if seed < 0:
        problems.add("--seed", f"{seed} is below zero", "give any whole number from 0")
    problems.raise_if_any(ScenarioError, "samples")


def sample_plan(plan: Plan, n_samples: int, seed: int, progress: Progress | None = None) -> Plan:
    """Return the plan with bands for the posture planned in full.

    n_samples: Latin hypercube points. seed: of the generator. Raises ScenarioError as `check_samples` does.
    """
    check_samples(n_samples, seed)
    model = _SampledPosture(plan)
    ranges = _list_ranges(plan)
    moved_by = _find_movers(model, ranges, progress)
    names = [name for name in ranges if any(name in movers for movers in moved_by.values())]
    points = draw_ranges([_range_of(ranges[name]) for name in names], n_samples, seed)
    rows: list[dict[str, float]] = []
    for index, point in enumerate(points):
        rows.append(model.evaluate(dict(zip(names, point.tolist(), strict=True))))
        if progress is not None:
            progress("samples", (index + 1) / n_samples)
    outputs = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    bands = {name: find_band(values) for name, values in outputs.items()}
    drivers = {
        name: _rank_drivers(points, values, names, ranges, moved_by[name]) for name, values in outputs.items()
    }
    return replace(
        plan,
        bands=Bands(bands, drivers, n_samples, seed),
        provenance=replace(plan.provenance, seed=seed),
    )


def _list_ranges(plan: Plan) -> dict[str, Assumption]:
    """Return every ranged assumption that the numbers of the chosen posture can depend on."""
    used_classes = set()
    if plan.chosen.watch is not None:
        used_classes = {
            plan.sensors[name].sensor_class for name in plan.chosen.watch.candidates.parts.sensor_id
        }
    found: dict[str, Assumption] = {}
    for name, record in plan.assumptions.items():
        scanning = name.removeprefix("detection.scan_period.")
        idle = name != scanning and scanning not in used_classes
        if record.has_range and name.startswith(_SAMPLED_PREFIXES) and name not in _HELD_FIXED and not idle:
            found[name] = record
    brigades = plan.chosen.posture.brigades
    if brigades.has_range:
        found[_BRIGADES] = brigades.model_copy(update={"label": "Deterrence brigades"})
    if plan.ground is not None:
        for state, record in plan.scenario.watched.states.items():
            if record.has_range:
                found[_STATE_PREFIX + state] = record.model_copy(update={"label": f"Share of time: {state}"})
    return found


def _range_of(record: Assumption) -> Range:
    low, high = record.bounds
    return Range(low, record.value, high)


def _find_movers(
    model: _SampledPosture, ranges: dict[str, Assumption], progress: Progress | None
) -> dict[str, set[str]]:
    """Return for each number the assumptions that move it, each tried alone at both ends of its range.

    With a few hundred samples some of seventy ranges correlate with a number by chance: those that cannot
    move it must not be named as carrying its band.
    """
    base = model.evaluate({})
    movers: dict[str, set[str]] = {name: set() for name in base}
    for index, (name, record) in enumerate(ranges.items()):
        for end in record.bounds:
            for output, value in model.evaluate({name: end}).items():
                if abs(value - base[output]) > NO_CHANGE_SHARE * max(abs(base[output]), abs(value)):
                    movers[output].add(name)
        if progress is not None:
            progress("ranges", (index + 1) / len(ranges))
    return movers


def _rank_drivers(
    points: FloatArray,
    values: FloatArray,
    names: list[str],
    ranges: dict[str, Assumption],
    movers: set[str],
) -> tuple[Driver, ...]:
    """Return the movers with the largest squared rank correlation, largest first."""
    if not movers or np.ptp(values) == 0:
        return ()
    share = share_spread(rank_points(points), values)
    share[[name not in movers for name in names]] = -1.0
    order = np.argsort(-share, kind="stable")[: min(N_DRIVERS, len(movers))]
    return tuple(Driver(names[i], ranges[names[i]].label or names[i], float(share[i])) for i in order)


class _SampledPosture:
    """Recomputes the numbers of one posture under other assumptions, with its sites as they are."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._chosen: PosturePlan = plan.chosen
        watch = self._chosen.watch
        self._kept: Candidates | None = None
        self._weakest: WeakCrossing | None = None
        if watch is not None and self._chosen.crossings is not None:
            self._kept = select_candidates(watch.candidates, watch.chosen)
            self._weakest = self._chosen.crossings.weakest("knows the posts")

    def evaluate(self, values: dict[str, float]) -> dict[str, float]:
        """Return the headline numbers under these values."""
        plan = self._plan
        assumptions = plan.assumptions.replaced(
            {name: value for name, value in values.items() if name in plan.assumptions}
        )
        people = self._size(assumptions, values.get(_BRIGADES))
        found = {
            "force.deployed": people.force.deployed_people,
            "force.watching": people.force.watching_people,
            "force.deterrence": people.force.deterrence_people,
            "force.per_km": people.force.per_km(plan.length_m),
            "force.pool": people.rotation.pool_people,
        }
        if plan.ground is not None and self._kept is not None and self._chosen.watch is not None:
            sight = choose_sight(
                plan.ground.terrain,
                plan.scenario.terrain.landscape,
                optimism=assumptions.value("sight.optimism"),
                error=None if plan.ground.doubt is None else plan.ground.doubt.drawn,
            )
            parameters = detection_parameters(assumptions)
            states = self._state_weights(values)
            found |= self._see(plan.ground, self._kept, self._chosen.watch, sight, parameters, states)
            found |= self._cross(plan.ground, self._kept, self._chosen.watch, sight, parameters, assumptions)
        return found

    def _size(self, assumptions: AssumptionSet, brigades: float | None) -> People:
        posture, people = self._chosen.posture, self._chosen.people
        if brigades is not None:
            posture = posture.model_copy(
                update={"brigades": posture.brigades.model_copy(update={"value": brigades})}
            )
        bases = people.bases
        if bases is not None and posture.reaction.unit_people is None:
            unit_people = assumptions.value("reaction.unit_people")
            bases = replace(bases, required=replace(bases.required, unit_people=unit_people))
        if posture.given is not None:
            counts = count_given(posture.given, self._plan.length_m, assumptions)
        elif self._chosen.watch is not None:
            counts = count_watch(posture, self._chosen.watch, self._plan.sensors, assumptions)
        else:
            counts = people.counts
        return size_people(posture, counts, bases, assumptions)

    def _state_weights(self, values: dict[str, float]) -> FloatArray:
        states = self._plan.scenario.watched.states
        stated = [
            values.get(_STATE_PREFIX + state, states[state].value if state in states else 0.0)
            for state in STATES
        ]
        weights = np.array(stated)
        normalised: FloatArray = weights / weights.sum()
        return normalised

    def _see(
        self,
        ground: Ground,
        kept: Candidates,
        watch: Watch,
        sight: Sight,
        parameters: DetectionParameters,
        states: FloatArray,
    ) -> dict[str, float]:
        cells = ground.cells
        table = detection_table(
            kept.parts,
            cells.x_m,
            cells.y_m,
            sight,
            self._plan.sensors,
            parameters,
            cell_sector=cells.sector,
            sector_area_m2=ground.sector_area_m2,
            cell_m=cells.cell_m,
        )
        fused = fuse(
            merge_parts(table, kept), watch.copies[watch.chosen], attributes_of(kept, self._plan.sensors)
        )
        averages = average(fused, cells.weight, kind_weights(self._plan.scenario.watched), states)
        return {f"watch.{name}": getattr(averages, name).total for name in ("detect", "verify", "attribute")}

    def _cross(
        self,
        ground: Ground,
        kept: Candidates,
        watch: Watch,
        sight: Sight,
        parameters: DetectionParameters,
        assumptions: AssumptionSet,
    ) -> dict[str, float]:
        """Return the chance at the sector, kind and state of the weakest crossing, its path found anew."""
        weakest = self._weakest
        if weakest is None:
            return {}
        belt = ground.belts[weakest.sector]
        place = belt.inside_xy_m()
        rates = rate_fields(
            kept.parts,
            kept.part_copies(watch.copies[watch.chosen]),
            place[:, 0],
            place[:, 1],
            sight,
            self._plan.sensors,
            parameters,
            grid_sector=sector_at(ground.sectors, belt.chainage_m[belt.inside]),
            sector_area_m2=ground.sector_area_m2,
            cell_m=0.0,
            kinds=(weakest.kind,),
        )[0, STATES.index(weakest.state)]
        slowness = slowness_of(belt, rates, crossing_speed(belt, weakest.kind, assumptions))
        exposure = solve_eikonal(slowness, belt.cell_m, belt.entry, belt.inside)
        return {"crossing.weakest": float(-np.expm1(-exposure[belt.exit].min()))}
