"""Named checks of a whole scenario: what no single field can know.

Each check has a name and a severity and yields problems as (path, found, hint). The manual lists them,
and a test has the name of each.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from truceline.scenario.assumption import Assumption, Evidence
from truceline.scenario.describe import list_records
from truceline.scenario.model import Scenario
from truceline.scenario.reference import read_table
from truceline.scenario.yaml_source import KeyPath

Severity = Literal["error", "warning"]
Finding = tuple[KeyPath, str, str]

MAX_SECTORS = 200
"""More sectors than this on one line are a mistake in a unit, not a plan."""

MIN_CELL_M = 100.0
"""Finest demand cell: below it the line's own uncertainty is many cells wide, and memory runs out first."""
MIN_CROSSING_CELL_M = 25.0
"""Finest cell of the crossing solver, near that of the finest elevation models in use."""
MIN_SPACING_M = 50.0
"""Closest places to look at for posts: two that near see the same ground."""

ALL_ROUND_DEG = 360.0
MAX_DRAWS = 100
"""Most grounds drawn: each costs as much as looking once, and a chance from 20 is good to about 0.1."""


@dataclass(frozen=True)
class Check:
    """One rule."""

    name: str
    severity: Severity
    meaning: str
    find: Callable[[Scenario], Iterator[Finding]]


CHECKS: dict[str, Check] = {}
"""All checks by name."""


def _check(
    name: str, meaning: str, severity: Severity = "error"
) -> Callable[[Callable[[Scenario], Iterator[Finding]]], Callable[[Scenario], Iterator[Finding]]]:
    def register(find: Callable[[Scenario], Iterator[Finding]]) -> Callable[[Scenario], Iterator[Finding]]:
        CHECKS[name] = Check(name, severity, meaning, find)
        return find

    return register


@_check("the_posture_exists", "The posture planned in full is one of the postures.")
def _the_posture_exists(scenario: Scenario) -> Iterator[Finding]:
    if scenario.posture not in scenario.postures:
        yield (
            ("posture",),
            f"'{scenario.posture}' is not a posture here",
            f"one of {', '.join(scenario.postures)}",
        )


@_check("sensors_are_known", "Every sensor of every means is a row of the sensor table.")
def _sensors_are_known(scenario: Scenario) -> Iterator[Finding]:
    known = {row["sensor_id"] for row in read_table("sensors")}
    for posture_key, posture in scenario.postures.items():
        for key, means in posture.means.items():
            for index, sensor in enumerate(means.sensors):
                if sensor not in known:
                    path = ("postures", posture_key, "means", key, "sensors", index)
                    near = difflib.get_close_matches(sensor, sorted(known), n=3)
                    hint = (
                        f"did you mean {', '.join(near)}?" if near else f"one of {', '.join(sorted(known))}"
                    )
                    yield path, f"'{sensor}' is not in the sensor table", hint


@_check(
    "a_length_has_given_posts",
    "A line that is only a length cannot be sited on: its postures give their counts.",
)
def _a_length_has_given_posts(scenario: Scenario) -> Iterator[Finding]:
    for key, posture in scenario.postures.items():
        if scenario.is_only_a_length and posture.given is None:
            yield (
                ("postures", key),
                "is to be sited, but the line is only a length",
                "use `given` counts or give a line",
            )
        if scenario.is_only_a_length and posture.reaction.time is not None:
            path = ("postures", key, "reaction", "time")
            yield path, "needs a map, but the line is only a length", "leave `time` out: the share is used"


@_check(
    "a_map_has_incidents",
    "Siting needs the kinds of incident and the states of light and weather, with some weight.",
)
def _a_map_has_incidents(scenario: Scenario) -> Iterator[Finding]:
    if scenario.is_only_a_length:
        return
    if scenario.incidents is None:
        yield ("incidents",), "is missing", "say what is watched: kinds, states and decay"
        return
    for key in ("kinds", "states"):
        weights = getattr(scenario.incidents, key)
        if not sum(record.value for record in weights.values()) > 0:
            yield ("incidents", key), "have no weight at all", "give at least one a weight above 0"


@_check(
    "bands_run_outwards",
    "A limitation band ends further out than it starts and starts outside the separation zone.",
)
def _bands_run_outwards(scenario: Scenario) -> Iterator[Finding]:
    for index, band in enumerate(scenario.zone.limitation):
        path = ("zone", "limitation", index)
        if band.end.value <= band.start.value:
            yield path, f"'{band.name}' ends at or before its start", "make `end` larger than `start`"
        elif band.start.value < scenario.zone.half_width.value:
            yield (
                path,
                f"'{band.name}' starts inside the separation zone",
                "start it at the half-width or further",
            )


@_check(
    "sites_lie_within_reach",
    "Posts stand no further from the line than three half-widths of the zone.",
    "warning",
)
def _sites_lie_within_reach(scenario: Scenario) -> Iterator[Finding]:
    limit_m = 3 * scenario.zone.half_width.value
    for key, posture in scenario.postures.items():
        for index, distance in enumerate(posture.rules.distances):
            if distance.value > limit_m:
                path = ("postures", key, "rules", "distances", index)
                yield (
                    path,
                    f"posts {distance.value / 1000:g} km from the line see little of it",
                    "check the unit",
                )


@_check("sectors_are_not_too_many", "A line has at most 200 sectors.")
def _sectors_are_not_too_many(scenario: Scenario) -> Iterator[Finding]:
    if len(scenario.sectors.breaks) >= MAX_SECTORS:
        found = f"{len(scenario.sectors.breaks):,} breaks make more than {MAX_SECTORS} sectors"
        yield ("sectors", "breaks"), found, "use fewer, or `length: 50 km`"
    if scenario.sectors.length is not None and scenario.sectors.length.value < 1000:
        yield (
            ("sectors", "length"),
            f"{scenario.sectors.length.value:g} m is too short for a sector",
            "1 km or more",
        )


@_check(
    "minima_belong_to_moving_means",
    "Only patrols and orbits can be asked for at a least density, and not above the most.",
)
def _minima_belong_to_moving_means(scenario: Scenario) -> Iterator[Finding]:
    for posture_key, posture in scenario.postures.items():
        for key, means in posture.means.items():
            path = ("postures", posture_key, "means", key, "at_least")
            if means.at_least is None:
                continue
            if means.kind not in ("patrol", "orbit"):
                yield path, f"is set for a {means.kind}", "set it for patrols and orbits only"
            if means.at_most is not None and means.at_most.value < means.at_least.value:
                yield path, f"{means.at_least.value:g} / km is above at_most", "lower it"


@_check("ground_is_not_cut_too_fine", "Cells and places to stand are no closer together than a plan can use.")
def _ground_is_not_cut_too_fine(scenario: Scenario) -> Iterator[Finding]:
    finest: list[tuple[KeyPath, Assumption, float]] = [
        (("grid", "cell"), scenario.grid.cell, MIN_CELL_M),
        (("grid", "crossing_cell"), scenario.grid.crossing_cell, MIN_CROSSING_CELL_M),
    ]
    for key, posture in scenario.postures.items():
        finest.append((("postures", key, "rules", "spacing"), posture.rules.spacing, MIN_SPACING_M))
        finest.append((("postures", key, "reaction", "spacing"), posture.reaction.spacing, MIN_SPACING_M))
    for path, length, least_m in finest:
        if length.value < least_m:
            yield path, f"{length.value:g} m is finer than a plan can use", f"{least_m:g} m or more"


@_check("arcs_belong_to_fixed_means", "Only posts and masts can be asked to watch an arc.")
def _arcs_belong_to_fixed_means(scenario: Scenario) -> Iterator[Finding]:
    for key, posture in scenario.postures.items():
        for name, means in posture.means.items():
            if means.kind in ("patrol", "orbit") and means.arc.value < ALL_ROUND_DEG:
                hint = "leave it out: it moves, and turns with its way"
                yield ("postures", key, "means", name, "arc"), f"is set for a {means.kind}", hint


@_check("draws_are_a_whole_number", "Grounds drawn for sight under doubt are a whole number, 100 at most.")
def _draws_are_a_whole_number(scenario: Scenario) -> Iterator[Finding]:
    draws = scenario.terrain.draws
    if not draws.value.is_integer() or draws.value > MAX_DRAWS:
        yield (
            ("terrain", "draws"),
            f"{draws.value:g} draws",
            f"a whole number from 0 to {MAX_DRAWS}; 10 to 20 do",
        )


@_check("water_lies_on_earth", "The outline of the water is in degrees of longitude and latitude.")
def _water_lies_on_earth(scenario: Scenario) -> Iterator[Finding]:
    for index, (lon, lat) in enumerate(scenario.water.polygon):
        if not (abs(lon) <= 180 and abs(lat) <= 90):  # also refuses what is not a number
            found = f"({lon:g}, {lat:g}) is not a place on earth"
            yield ("water", "polygon", index), found, "write longitude, then latitude, in degrees"


@_check("supplied_tasks_are_known", "A task of the backstop that is supplied in part is one of the tasks.")
def _supplied_tasks_are_known(scenario: Scenario) -> Iterator[Finding]:
    known = sorted({row["backstop_task"] for row in read_table("capabilities")} - {""})
    for task in scenario.contributors.supplied if scenario.contributors is not None else ():
        if task not in known:
            path = ("contributors", "supplied", task)
            near = difflib.get_close_matches(task, known, n=3)
            yield path, f"'{task}' is not a task", f"one of {', '.join(near or known)}"


@_check(
    "read_values_name_a_source",
    "A value said to be published, derived or measured names what it was read in or made from.",
    "warning",
)
def _read_values_name_a_source(scenario: Scenario) -> Iterator[Finding]:
    for path, record in list_records(scenario):
        if record.evidence in (Evidence.published, Evidence.derived, Evidence.measured) and not record.source:
            yield path, f"is said to be {record.evidence} but names no source", "add `source: {title: ...}`"


def run_checks(scenario: Scenario) -> Iterator[tuple[Check, Finding]]:
    """Yield every finding of every check, in the order the checks are defined."""
    for check in CHECKS.values():
        for finding in check.find(scenario):
            yield check, finding
