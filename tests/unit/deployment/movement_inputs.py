"""Networks and movements for tests: small, written as a user would write them."""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from truceline.deployment.model import Movement, Network
from truceline.deployment.network import NODE_COLUMNS, ROUTE_COLUMNS, read_network
from truceline.force.reaction import SitedReaction
from truceline.force.sizing import size_force
from truceline.force.sustainment import size_sustainment
from truceline.force.tasks import WatchCounts
from truceline.generation.make import Question, generate
from truceline.generation.model import Basis, TaskNeed, WatchOutcomes
from truceline.generation.result import Generation
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.model import Contributors

ORIGIN = {"node": "afar", "kind": "origin", "nations": "*"}
GAUGE = {"node": "gauge", "kind": "gauge", "unit": "railcar/day", "capacity": "50"}
LANES = {"node": "lanes", "kind": "road", "unit": "person/day", "capacity": "300"}
CAMP = {"node": "camp", "kind": "staging", "unit": "bed", "capacity": "1000"}
RAIL = {"route": "rail", "moves": "cargo", "carries": "heavy|light|supplies", "path": "gauge", "days": "6"}
COACH = {"route": "coach", "moves": "people", "carries": "heavy|light", "path": "lanes|camp", "days": "2"}


def write_tables(
    folder: Path, nodes: list[dict[str, Any]], routes: list[dict[str, Any]]
) -> tuple[Path, Path]:
    """Write the two tables; what a row leaves out is filled in."""
    paths = []
    for name, columns, rows, filled in (
        ("nodes", NODE_COLUMNS, nodes, {}),
        ("routes", ROUTE_COLUMNS, routes, {"origins": "afar"}),
    ):
        paths.append(folder / f"{name}.csv")
        with paths[-1].open("w", encoding="utf-8", newline="") as stream:
            table = csv.DictWriter(stream, columns, restval="")
            table.writeheader()
            for row in rows:
                table.writerow({"label": "x", "evidence": "stated", "source": "test", **filled, **row})
    return paths[0], paths[1]


def small_network(folder: Path) -> Network:
    """Return one origin, a railway for vehicles and a road with a camp for people."""
    return read_network(*write_tables(folder, [ORIGIN, GAUGE, LANES, CAMP], [RAIL, COACH]))


def draw_movements(seed: int, total: float, n_nations: int = 30, n_capabilities: int = 15) -> list[Movement]:
    """Draw groups of nations and capabilities that come to `total` people together."""
    codes = (
        "GBR FRA DEU ITA ESP POL NLD BEL LUX DNK NOR SWE FIN EST LVA LTU CZE SVK HUN ROU BGR GRC PRT HRV SVN"
    )
    codes += " CAN TUR AUS NZL JPN"
    classes = ("light", "light", "medium", "medium", "heavy", "observers")
    rng = np.random.default_rng(seed)
    nations = codes.split()[:n_nations]
    people = rng.lognormal(5, 1, (n_nations, n_capabilities))
    people *= total / people.sum()
    return [
        Movement(
            nation=nation,
            capability=f"c{c}",
            people=float(people[n, c]),
            load_class=classes[c % len(classes)],  # type: ignore[arg-type]
            ready_day=float(rng.uniform(20, 120)),
            release_days=20.0,
            approved_day=10.0,
            priority=1 + c % 4,
        )
        for n, nation in enumerate(nations)
        for c in range(n_capabilities)
    ]


@cache
def made_generation() -> Generation:
    """Return who would come to a made-up force of observers and reserves on the packaged register."""
    known = load_catalogue()
    counts = WatchCounts(armed_posts=40, masts=12, patrols_per_day=30)
    force = size_force(counts, known, reaction=SitedReaction(n_bases=3, unit_people=130), brigades=2)
    detect = np.array([[0.0], [0.4], [0.6]]) * np.ones((1, 8))
    basis = Basis(
        scenario="made-up",
        posture="watch",
        posture_label="A made-up watch",
        mission="reassurance",
        length_km=400.0,
        brigades=2.0,
        n_sectors=4,
        tasks=tuple(
            TaskNeed(task.key, task.group, task.label, task.count, task.unit_label, task.people)
            for task in force.table.tasks
        ),
        deployed=force.traced,
        supplies=size_sustainment(force.deployed_people, known).lines(),
        outcomes=WatchOutcomes(
            ("isr-space", "isr-air", "isr-sea"), np.array([0.0, 0.5, 1.0]), detect, detect / 2, detect / 10
        ),
    )
    question = Question(backstop=False, unlock=False, claims=False)
    return generate(basis, Contributors(pledges="ukraine-2025"), date(2026, 1, 31), known, question)
