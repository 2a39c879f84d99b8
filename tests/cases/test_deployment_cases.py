"""Run the sentence cases on deployment: published build-ups and bounds, by the flow of the product."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from truceline.deployment.flow import days_until, move
from truceline.deployment.loads import supply_people
from truceline.deployment.model import Movement, Network
from truceline.deployment.network import NODE_COLUMNS, ROUTE_COLUMNS, read_network
from truceline.scenario.catalogue import load_catalogue

CASES = yaml.safe_load((Path(__file__).parent / "deployment.yaml").read_text(encoding="utf-8"))
KEYS = {"name", "ask", "given", "expect", "tolerance"}
ASSUMPTIONS = load_catalogue()
HORIZON = 365


def write_network(folder: Path, nodes: list[dict[str, Any]], carries: str) -> Network:
    """Write the two tables a user would write for a chain of nodes, and read them."""
    march = [node["node"] for node in nodes if node["node"] == "march"]
    chain = [node["node"] for node in nodes if node["node"] != "march"]
    origins = [{"node": "afar", "kind": "origin", "nations": "*"}]
    routes = [{"route": "way", "origins": "afar", "path": "|".join(chain), "carries": carries}]
    if march:
        origins.append({"node": "next-door", "kind": "origin"})
        routes.append({"route": "march", "origins": "next-door", "path": "march", "carries": carries})
    for name, columns, rows in (
        ("nodes", NODE_COLUMNS, [*origins, *nodes]),
        ("routes", ROUTE_COLUMNS, [{"moves": "both", "days": 0, **row} for row in routes]),
    ):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            table = csv.DictWriter(stream, columns, restval="")
            table.writeheader()
            for row in rows:
                table.writerow({"label": "x", "evidence": "stated", "source": "case", **row})
    return read_network(folder / "nodes.csv", folder / "routes.csv")


def build_up(
    folder: Path,
    nodes: list[dict[str, Any]],
    target: float,
    from_afar: float,
    next_door: float = 0,
    ready_day: float = 0,
    release_days: float = 0,
    load_class: str = "heavy",
    supplied: bool = False,
    carries: str = "heavy|observers",
) -> dict[str, Any]:
    network = write_network(folder, nodes, carries)
    movements = [Movement("AAA", "force", from_afar, load_class, ready_day, release_days)]  # type: ignore[arg-type]
    if next_door:
        movements.append(Movement("AAA", "force", next_door, load_class, origin="next-door"))  # type: ignore[arg-type]
    found: dict[str, dict[str, Any]] = {}
    for method in ("exact", "forward"):
        flow = move(
            movements,
            network,
            ASSUMPTIONS,
            days=HORIZON,
            method=method,
            supplied=supplied,  # type: ignore[arg-type]
        )
        days = days_until(flow.strength, target)
        found[method] = {
            "day": math.ceil(round(days, 6)),
            "whole_days": math.floor(days),
            "days": days,
            "a_day": target / days,
            "first_evening": float(flow.strength[1]),
            "bound": flow.weeks[0].reason,
        }
    assert found["exact"]["days"] == pytest.approx(found["forward"]["days"], abs=0.01)
    return found["exact"]


def supplies(folder: Path, people: float) -> dict[str, Any]:
    nodes = [
        {"node": "march", "kind": "road", "unit": "t/day", "capacity": 1e9},
        {"node": "lanes", "kind": "road", "unit": "t/day", "capacity": 1e9},
    ]
    network = write_network(folder, nodes, "heavy|supplies")
    flow = move([Movement("AAA", "force", people, "heavy")], network, ASSUMPTIONS, days=3)
    amounts = supply_people(float(flow.arrived[:, 1].sum()), ASSUMPTIONS)
    return {
        "water_m3": amounts.water.value,
        "fuel_m3": amounts.fuel.value,
        "other_t": amounts.supplies.value,
        "brought_t": float(flow.supplies_t[2]),
    }


ASK: dict[str, Callable[..., dict[str, Any]]] = {"build_up": build_up, "supplies": supplies}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    assert set(case) <= KEYS
    found = ASK[case["ask"]](tmp_path, **case["given"])
    for name, expected in case["expect"].items():
        if name == "later_than":
            assert found["days"] > expected
        elif isinstance(expected, str):
            assert found[name] == expected
        else:
            assert found[name] == pytest.approx(expected, abs=case.get("tolerance", 1e-6 * expected))
