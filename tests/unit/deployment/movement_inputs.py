"""Networks and movements for tests: small, written as a user would write them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from truceline.deployment.model import Movement, Network
from truceline.deployment.network import NODE_COLUMNS, ROUTE_COLUMNS, read_network

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
