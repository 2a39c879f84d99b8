"""Move a force through a network day by day, and say what kept people away in every week.

People, days from the ceasefire, units of the nodes. Two ways that share their rules: `exact`, a linear
program that gives the most weighted person-days in place, and `forward`, which fills the nodes day by day,
the most urgent first, and is fast enough for a thousand draws. People and their vehicles come in on one day;
those already there are supplied first, by the same rails and roads. Enemy action, weather and customs are not
in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from truceline.deployment._flow_arrays import FlowArrays, Loss, lay_out
from truceline.deployment._flow_program import released_by_day, solve_exactly, weight_of
from truceline.deployment.binding import name_weeks
from truceline.deployment.loads import Loads, read_loads
from truceline.deployment.model import LOAD_CLASSES, FloatArray, Flow, Movement, Network
from truceline.errors import ProblemList, ScenarioError
from truceline.scenario.assumption import AssumptionSet

__all__ = ["Loss", "days_until", "move", "weigh"]

DAYS_MAX = 3_650
"""Ten years: a longer horizon answers no question of a deployment."""
GROUPS_MAX = 5_000
PEOPLE_MAX = 10_000_000.0
MARGIN = 7
"""Days after the last arrival of the fast allocation that the exact one is first asked for."""
Method = Literal["exact", "forward"]


def move(
    movements: Sequence[Movement],
    network: Network,
    assumptions: AssumptionSet,
    *,
    days: int = 365,
    method: Method = "exact",
    losses: Sequence[Loss] = (),
    supplied: bool = True,
    loads: Loads | None = None,
) -> Flow:
    """Return the movement through the network, day by day, with the binding constraint of each week.

    Parameters
    ----------
    days
        How many days to look at.
    method
        "exact" for the linear program, "forward" for the fast allocation.
    losses
        Nodes that pass less for a while.
    supplied
        Whether what people already there use up takes part of the network.
    loads
        What a person takes of each node; None reads it from the assumptions.

    Raises
    ------
    ScenarioError
        With every problem of the movements and losses: a day before the ceasefire, people below zero, an
        unknown load class, node or origin, people whom no route takes.
    """
    loads = read_loads(network, assumptions, supplied=supplied) if loads is None else loads
    check_movements(movements, network, days, losses)
    staging = assumptions.value("deployment.staging_days")
    arrays = lay_out(movements, network, loads, days, staging, losses)
    short = np.zeros(days + 1)
    if method == "exact" and movements:
        came = run_forward(arrays)[0].sum(axis=0)
        last = int(np.flatnonzero(came)[-1]) if came.any() else days
        exact = solve_exactly(arrays, assumptions.value("deployment.priority_weight"), last + MARGIN)
        arrived, placed, used, brought = exact.arrived, exact.placed, exact.used, exact.supplied
    else:
        arrived, placed, used, brought, short = run_forward(arrays)
    back = np.argsort(arrays.group_order)
    flow = Flow(
        movements=tuple(movements),
        network=network,
        arrived=np.cumsum(arrived, axis=1)[back],
        in_place=np.cumsum(placed, axis=1)[back],
        used=used,
        capacity=arrays.capacity,
        supplies_t=brought,
        supplies_short_t=short,
        method=method,
    )
    return name_weeks(flow, arrays)


def run_forward(arrays: FlowArrays) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return what the compiled loop makes of the arrays: arrived, placed, used, supplied, short by day."""
    from truceline.deployment._flow_kernels import move_forward  # late: numba takes a second to load

    arrived, placed, used, supplied, short = move_forward(*arrays.run_arguments())
    return arrived, placed, used, supplied, short


def weigh(flow: Flow, ratio: float) -> float:
    """Return weighted person-days in place: what the exact method makes as large as it can be.

    ratio: how much a day of one priority counts beside one of the next (`deployment.priority_weight`).
    """
    weight = weight_of(np.array([one.priority for one in flow.movements], np.int64), ratio)
    return float(weight @ flow.in_place.sum(axis=1))


def days_until(strength: FloatArray, people: float) -> float:
    """Return the days until a strength is reached, within a day as if people came evenly; inf if never.

    strength: (days + 1,) at the end of each day. A tolerance of a millionth of the people is allowed.
    """
    wanted = people * (1 - 1e-6)
    there = np.flatnonzero(strength >= wanted)
    if there.size == 0:
        return math.inf
    day = int(there[0])
    if day == 0:
        return 0.0
    before, after = float(strength[day - 1]), float(strength[day])
    return day - 1 + (wanted - before) / (after - before) if after > before else float(day)


def check_movements(
    movements: Sequence[Movement], network: Network, days: int, losses: Sequence[Loss] = ()
) -> None:
    """Raise ScenarioError with every movement, loss or horizon that cannot be worked with."""
    problems = ProblemList()
    if not 1 <= days <= DAYS_MAX:
        problems.add("days", f"{days} is not a horizon", f"write 1 to {DAYS_MAX:,}")
    if len(movements) > GROUPS_MAX:
        problems.add("movements", f"there are {len(movements):,}", f"join them to {GROUPS_MAX:,} at most")
    stranded: dict[tuple[str, str], list[str]] = {}
    for one in movements:
        where = f"{one.nation} {one.capability}"
        if not (math.isfinite(one.people) and 0 <= one.people <= PEOPLE_MAX):
            problems.add(where, f"{one.people:g} is not a number of people", "write zero or more")
        for what, day in (("ready_day", one.ready_day), ("release_days", one.release_days)):
            if not math.isfinite(day):
                problems.add(where, f"{what} {day:g} is not a day", "write a number of days")
            elif day < 0:
                found = f"{what} {day:g} is before the ceasefire"
                problems.add(where, found, "count from the ceasefire; approvals alone may be earlier")
        if one.load_class not in LOAD_CLASSES:
            found = f"{one.load_class!r} is not a load class"
            problems.add(where, found, f"one of {', '.join(LOAD_CLASSES)}")
            continue
        origin = one.origin or network.origin_of(one.nation)
        if origin not in network.nodes or network.nodes[origin].kind != "origin":
            problems.add(where, f"{origin!r} is not a known origin", "add a node of kind origin")
            continue
        moved = {
            route.moves
            for route in network.routes
            if origin in route.origins and one.load_class in route.carries
        }
        if one.people > 0 and "both" not in moved and not {"people", "cargo"} <= moved:
            stranded.setdefault((origin, one.load_class), []).append(where)
    for (origin, load_class), who in stranded.items():
        found = f"no route takes {load_class} units with their cargo from {origin} ({', '.join(who[:3])})"
        problems.add("movement network", found, "add a route that carries them")
    keys = {node.key for node in network.passed}
    for loss in losses:
        if loss.node not in keys:
            hint = f"one of {', '.join(sorted(keys))}"
            problems.add("lost node", f"{loss.node!r} is not a node with a capacity", hint)
        if loss.from_day < 0 or loss.to_day < loss.from_day:
            found = f"days {loss.from_day} to {loss.to_day} are not a time after the ceasefire"
            problems.add(f"lost {loss.node}", found, "write the first and the last day")
        if not 0 <= loss.left_share <= 1:
            problems.add(f"lost {loss.node}", f"{loss.left_share:g} is not a share", "write 0 to 1")
    problems.raise_if_any(ScenarioError, "deployment")


def released(flow: Flow, group: int) -> FloatArray:
    """Return (days + 1,) how many people of one movement can have left home by the end of each day."""
    one = flow.movements[group]
    return released_by_day(one.people, one.ready_day, one.release_days, flow.days)
