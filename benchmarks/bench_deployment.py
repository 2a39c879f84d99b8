"""When a force is there: 30 nations with 15 capabilities each through 18 nodes, day by day for a year.

Drawn from a seed: groups of lognormal size that come to 40,000 and 100,000 people, of six kinds of load and
four priorities, ready between day 20 and day 120, on the packaged network of Ukraine. Exact is our program
for HiGHS, asked up to the day by which everybody may be in and by its interior point method; the peer is the
same program handed to HiGHS whole, every day of the year, with the method that it chooses. Forward is the
allocation that the draws use; its row says how far below the exact one it stays.
"""

from __future__ import annotations

import time

import numpy as np
from book import QUICK, Row, Settings, percent, seconds

from truceline.deployment._flow_arrays import lay_out
from truceline.deployment._flow_program import solve_exactly
from truceline.deployment.draws import draw
from truceline.deployment.flow import move, weigh
from truceline.deployment.loads import read_loads
from truceline.deployment.make import MovementPlan
from truceline.deployment.model import LoadClass, Movement
from truceline.deployment.network import read_network
from truceline.deployment.readiness import Schedule, read_movement_classes
from truceline.deployment.what_ifs import AS_PLANNED
from truceline.generation.condition_book import ConditionBook
from truceline.generation.conditions import read_conditions
from truceline.generation.gating import Gate
from truceline.generation.model import Clause
from truceline.generation.nations import read_nations
from truceline.scenario.catalogue import load_catalogue

TITLE = "When it is there"

N_NATIONS, CAPABILITIES = 30, 15
NATIONS = tuple(read_nations())[:N_NATIONS]
LOADS: tuple[LoadClass, ...] = ("light", "light", "medium", "medium", "heavy", "observers")
PEOPLE = (40_000, 100_000)
DAYS = 365
EXACT_LIMIT_S, DRAWS_LIMIT_S = 5.0, 60.0
N_DRAWS = 1_000
WORKERS = 2


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return a row for the exact answer, the fast one and the draws."""
    assumptions, network = load_catalogue(), read_network()
    ratio = assumptions.value("deployment.priority_weight")
    rows = []
    move(draw_groups(0, 1_000), network, assumptions, days=30, method="forward")  # compiled before the clock
    for people in PEOPLE:
        groups = draw_groups(1, people)
        started = time.perf_counter()
        exact = move(groups, network, assumptions, days=DAYS)
        took = time.perf_counter() - started
        peer, ratio_words = QUICK, ""
        if not settings.quick and people == PEOPLE[0]:
            peer_s, value = hand_over_whole(groups, assumptions)
            same = "same value" if abs(value / weigh(exact, ratio) - 1) < 1e-4 else f"value {value:,.0f}"
            peer = f"HiGHS, all days at once: {seconds(peer_s)} ({same})"
            ratio_words = f"{peer_s / took:.0f} x as fast"
        what = f"{people:,} people, exact"
        goal = f"< {EXACT_LIMIT_S:.0f} s"
        rows.append(Row(what, seconds(took), peer, ratio_words, goal, took < EXACT_LIMIT_S))
        started = time.perf_counter()
        fast = move(groups, network, assumptions, days=DAYS, method="forward")
        took = time.perf_counter() - started
        behind = percent(1 - weigh(fast, ratio) / weigh(exact, ratio))
        rows.append(Row(f"{people:,} people, forward", f"{seconds(took)}, {behind} below exact"))
    n = settings.pick(100, N_DRAWS)
    started = time.perf_counter()
    draw(make_plan_of(draw_groups(1, PEOPLE[0])), [], assumptions, n=n, days=DAYS, workers=WORKERS)
    took = time.perf_counter() - started
    met = took < DRAWS_LIMIT_S if n == N_DRAWS else None
    rows.append(Row(f"{n:,} draws of it", seconds(took), goal=f"< {DRAWS_LIMIT_S:.0f} s", met=met))
    nodes = len(network.passed)
    return f"{len(NATIONS)} nations, {CAPABILITIES} capabilities, {nodes} nodes, {DAYS} days", rows


def draw_groups(seed: int, total: float) -> list[Movement]:
    """Draw a group of people for each nation and capability."""
    rng = np.random.default_rng(seed)
    people = rng.lognormal(5, 1, (len(NATIONS), CAPABILITIES))
    people *= total / people.sum()
    keys = list(read_movement_classes())[:CAPABILITIES]
    return [
        Movement(
            nation=nation,
            capability=keys[c],
            people=float(people[n, c]),
            load_class=LOADS[c % len(LOADS)],
            ready_day=float(rng.uniform(20, 120)),
            release_days=20.0,
            approved_day=10.0,
            priority=1 + c % 4,
        )
        for n, nation in enumerate(NATIONS)
        for c in range(CAPABILITIES)
    ]


def make_plan_of(groups: list[Movement]) -> MovementPlan:
    """Return groups as a plan in which every nation waits for the ceasefire, the invitation and itself."""
    book: ConditionBook = read_conditions(nations={code: code for code in NATIONS})
    gates = {}
    for nation in NATIONS:
        keys = {"ceasefire", "host-consent", "mandate.coalition", f"decision.{nation}"}
        gates[nation] = Gate(nation, nation, "reassurance", (Clause(frozenset(keys)),), (), "")
    met = frozenset(key for gate in gates.values() for clause in gate.clauses for key in clause.requires)
    return MovementPlan(
        case="drawn",
        case_met=met,
        met=frozenset(),
        movements=tuple(groups),
        enablers=(),
        schedules={nation: Schedule(nation, (), 0.0, 0.0, 0.0) for nation in NATIONS},
        requirements=(),
        network=read_network(),
        losses=(),
        book=book,
        gates=gates,
        what_if=AS_PLANNED,
        lift=None,
    )


def hand_over_whole(groups: list[Movement], assumptions) -> tuple[float, float]:
    """Return seconds and value of the program of all days, with the method that HiGHS chooses."""
    network = read_network()
    staging = assumptions.value("deployment.staging_days")
    arrays = lay_out(groups, network, read_loads(network, assumptions), DAYS, staging)
    ratio = assumptions.value("deployment.priority_weight")
    started = time.perf_counter()
    answer = solve_exactly(arrays, ratio, options={})
    took = time.perf_counter() - started
    weight = ratio ** (arrays.priority.max() - arrays.priority).astype(float)
    return took, float(weight @ np.cumsum(answer.placed, axis=1).sum(axis=1))
