"""Read and check the network that a force moves through: two tables, packaged for Ukraine or a user's own.

``movement_nodes.csv``: origins of nations, and places with a capacity (railcars, tonnes, people a day; beds).
``movement_routes.csv``: ways through them in days. Capacities of the packaged ports, airfields and roads are
judgements of ours with wide ranges; the gauge change was published. Where trains or lorries would run inside
the country is not modelled, and nothing here names a place that is not public.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import get_args

from truceline.deployment.model import (
    ANYBODY,
    LOAD_CLASSES,
    MOVES,
    NODE_KINDS,
    NODE_UNITS,
    SUPPLIES,
    Moves,
    Network,
    Node,
    NodeKind,
    NodeUnit,
    Route,
)
from truceline.errors import ProblemList, ScenarioError, TableError
from truceline.scenario.assumption import Evidence
from truceline.scenario.tables import Row, check_words, read_rows, split_list
from truceline.trace import Traced

NODE_COLUMNS = (
    "node",
    "label",
    "kind",
    "unit",
    "capacity",
    "capacity_low",
    "capacity_high",
    "nations",
    "evidence",
    "source",
)
ROUTE_COLUMNS = (
    "route",
    "label",
    "moves",
    "carries",
    "origins",
    "path",
    "days",
    "days_low",
    "days_high",
    "evidence",
    "source",
)
NODES_MAX = 200
"""Most nodes of a network: a day is worked out node by node."""
ROUTES_MAX = 200
DAYS_MAX = 3_650.0
"""Longer journeys are slips of the keyboard."""
CAPACITY_MAX = 1e9
_GRADES = [grade.value for grade in Evidence]
_NO_PEOPLE = ("railcar/day",)
_NO_CARGO = ("person/day", "bed")


def read_network(nodes_path: Path | None = None, routes_path: Path | None = None) -> Network:
    """Return the network of two tables; None reads the packaged one.

    Raises
    ------
    TableError
        With every problem of both tables: a node without a capacity or with one that is no number, an
        unknown kind, unit or load class, a route through an unknown node or from an unknown origin, people
        through a node counted in railcars, nodes that come before each other in a circle, a nation that
        starts from two origins, an origin that no route leaves.
    """
    problems = ProblemList()
    nodes: dict[str, Node] = {}
    for where, row in read_rows(nodes_path, "movement_nodes", NODE_COLUMNS):
        node = _parse_node(row, where, problems)
        if node.key in nodes:
            problems.add(where, f"{node.key!r} has two rows", "keep one")
        nodes.setdefault(node.key, node)
    routes: dict[str, Route] = {}
    for where, row in read_rows(routes_path, "movement_routes", ROUTE_COLUMNS):
        route = _parse_route(row, where, nodes, problems)
        if route.key in routes:
            problems.add(where, f"{route.key!r} has two rows", "keep one")
        routes.setdefault(route.key, route)
    _check_whole(nodes, tuple(routes.values()), problems)
    problems.raise_if_any(TableError, "movement network")
    return Network(nodes, tuple(routes.values()))


def set_capacities(network: Network, values: Mapping[str, float], *, note: str = "") -> Network:
    """Return a network with other capacities, by node; their ranges go with them, and `note` says why.

    Raises ScenarioError with every node that is unknown or has no capacity, and every value below zero.
    """
    problems, nodes = ProblemList(), dict(network.nodes)
    for key, value in values.items():
        node = nodes.get(key)
        if node is None or node.capacity is None:
            hint = f"one of {', '.join(one.key for one in network.passed)}"
            problems.add("capacity", f"{key!r} is not a node with a capacity", hint)
        elif not (math.isfinite(value) and value >= 0):
            problems.add(f"node {key}", f"{value:g} is not a capacity", "write zero or more")
        else:
            capacity = Traced(
                name=node.capacity.name,
                value=value,
                unit=node.capacity.unit,
                label=node.capacity.label,
                evidence=Evidence.stated.value,
                note=note or f"was {node.capacity.value:g}",
            )
            nodes[key] = replace(node, capacity=capacity)
    problems.raise_if_any(ScenarioError, "movement network")
    return replace(network, nodes=nodes)


def _parse_node(row: Row, where: str, problems: ProblemList) -> Node:
    key, kind = row["node"], row["kind"]
    if not key:
        problems.add(where, "has no key", "name the node in its first cell")
    check_words([kind], NODE_KINDS, "kind of node", where, problems)
    check_words([row["evidence"]], _GRADES, "evidence", where, problems)
    nations = split_list(row["nations"])
    if kind == "origin":
        for column in ("capacity", "unit"):
            if row[column]:
                problems.add(where, f"an origin has a {column}", "leave it empty, or put a node behind it")
        return Node(key, row["label"], "origin", None, None, nations, row.get("note", ""))
    if nations:
        problems.add(where, "names nations and is no origin", "put them in a row of kind origin")
    check_words([row["unit"]], NODE_UNITS, "unit of capacity", where, problems)
    if (kind == "staging") != (row["unit"] == "bed"):
        problems.add(where, f"a node of kind {kind} counted in {row['unit']!r}", "staging is counted in beds")
    low, value, high = _read_range(row, "capacity", CAPACITY_MAX, where, problems)
    capacity = Traced(
        name=f"movement.{key}",
        value=value,
        unit=row["unit"],
        label=f"Capacity: {row['label']}",
        low=low if high > low else None,
        high=high if high > low else None,
        evidence=row["evidence"],
        source=row["source"],
        note=row.get("note", ""),
    )
    return Node(key, row["label"], _as_kind(kind), _as_unit(row["unit"]), capacity, (), row.get("note", ""))


def _parse_route(row: Row, where: str, nodes: Mapping[str, Node], problems: ProblemList) -> Route:
    key, moves = row["route"], row["moves"]
    if not key:
        problems.add(where, "has no key", "name the route in its first cell")
    check_words([moves], MOVES, "word of moves", where, problems)
    check_words([row["evidence"]], _GRADES, "evidence", where, problems)
    carries, origins = split_list(row["carries"]), split_list(row["origins"])
    path = tuple(word.strip() for word in row["path"].split("|") if word.strip())
    check_words(carries, (*LOAD_CLASSES, SUPPLIES), "load class", where, problems)
    for column, words in (("carries", carries), ("origins", origins), ("path", path)):
        if not words:
            problems.add(where, f"{column} is empty", "name at least one")
    if SUPPLIES in carries and moves == "people":
        problems.add(where, "people alone carry no supplies", "let a route of cargo carry them")
    for origin in origins:
        if origin not in nodes or nodes[origin].kind != "origin":
            problems.add(where, f"{origin!r} is not a known origin", "add a node of kind origin")
    for name in path:
        node = nodes.get(name)
        if node is None:
            problems.add(where, f"goes through {name!r}, an unknown node", "add it to the table of nodes")
        elif node.kind == "origin":
            problems.add(where, f"goes through the origin {name!r}", "name it under origins")
        elif moves == "people" and node.unit in _NO_PEOPLE:
            problems.add(where, f"takes people through {name!r}, counted in {node.unit}", "use another node")
        elif node.unit in _NO_CARGO and (moves == "cargo" or SUPPLIES in carries):
            problems.add(where, f"takes cargo through {name!r}, counted in {node.unit}", "use another node")
    low, value, high = _read_range(row, "days", DAYS_MAX, where, problems)
    days = Traced(
        name=f"movement.{key}.days",
        value=value,
        unit="day",
        label=f"Days: {row['label']}",
        low=low if high > low else None,
        high=high if high > low else None,
        evidence=row["evidence"],
        source=row["source"],
        note=row.get("note", ""),
    )
    return Route(key, row["label"], _as_moves(moves), carries, origins, path, days, row.get("note", ""))


def _read_range(
    row: Row, column: str, most: float, where: str, problems: ProblemList
) -> tuple[float, float, float]:
    """Return low, value and high of a cell with its range; empty ends take the value."""
    if not row[column]:
        what = "the node has no capacity" if column == "capacity" else f"{column} is empty"
        problems.add(where, what, "write a number, with low and high if it is not certain")
        return 0.0, 0.0, 0.0
    numbers = []
    for name in (f"{column}_low", column, f"{column}_high"):
        try:
            number = float(row[name] or row[column])
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and 0 <= number <= most):
            problems.add(where, f"{name} {row[name]!r} is not a number from 0 to {most:,.0f}", "write digits")
            number = 0.0
        numbers.append(number)
    low, value, high = numbers
    if not low <= value <= high:
        problems.add(where, f"the range {low:g} to {high:g} does not hold {value:g}", "put them in order")
    if value == 0 and column == "capacity":
        problems.add(where, "the node has no capacity", "write more than zero, or take the node out")
    return low, value, high


def _check_whole(nodes: Mapping[str, Node], routes: Sequence[Route], problems: ProblemList) -> None:
    if len(nodes) > NODES_MAX:
        problems.add("nodes", f"there are more than {NODES_MAX}", "keep those that can be used up")
    if len(routes) > ROUTES_MAX:
        problems.add("routes", f"there are more than {ROUTES_MAX}", "keep those that matter")
    ring = find_ring(route.path for route in routes)
    if ring:
        problems.add(" > ".join(ring), "is a cycle: each comes before the next", "turn one route round")
    named: dict[str, str] = {}
    for node in nodes.values():
        for nation in node.nations:
            if named.setdefault(nation, node.key) != node.key:
                who = "every other nation" if nation == ANYBODY else nation
                found = f"{who} starts from {named[nation]!r} as well"
                problems.add(f"node {node.key}", found, "name it once")
        if node.kind == "origin":
            leaving = [route for route in routes if node.key in route.origins]
            moved = {what for route in leaving for what in (route.moves,)}
            if not moved & {"both"} and not {"people", "cargo"} <= moved:
                found = "no route takes people and their cargo from it"
                problems.add(f"node {node.key}", found, "add routes that leave it")


def find_ring(paths: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return nodes that come before each other in a circle, the first one again at the end; empty if none."""
    after: dict[str, set[str]] = {}
    for path in paths:
        for one, two in pairwise(path):
            after.setdefault(one, set()).add(two)
            after.setdefault(two, set())
    done: set[str] = set()
    for start in sorted(after):
        stack, path_here = [(start, iter(sorted(after[start])))], [start]
        if start in done:
            continue
        while stack:
            name = next(stack[-1][1], None)
            if name is None:
                done.add(stack.pop()[0])
                path_here.pop()
            elif name in path_here:
                return (*path_here[path_here.index(name) :], name)
            elif name not in done:
                stack.append((name, iter(sorted(after[name]))))
                path_here.append(name)
    return ()


def _as_kind(word: str) -> NodeKind:
    return next((kind for kind in get_args(NodeKind) if kind == word), "road")


def _as_unit(word: str) -> NodeUnit:
    return next((unit for unit in get_args(NodeUnit) if unit == word), "t/day")


def _as_moves(word: str) -> Moves:
    return next((moves for moves in get_args(Moves) if moves == word), "both")
