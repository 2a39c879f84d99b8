"""Who brings what: 55 nations and 20 capabilities, beside one weighted program for the same kind of solver.

Drawn from a seed: nations of 20 to 20,000 people, nine capabilities of people in platoons of 30 (in the
second case one of them in battalions of 600), eleven enablers of 0 to 20 units, four priorities, a fifth more
needed than there is. The peer gets what a planner would write by hand: one program whose weights say that a
priority counts a thousand times the next, with the least filled share, the people and the greatest effort in
it. It stops at the greatest effort; ours goes on to the next greatest. Weights are not an order: where the
peer is worse by priority, or its effort is greater, the row says so.
"""

from __future__ import annotations

import time

import numpy as np
from book import Row, Settings, percent, seconds
from scipy import optimize, sparse

from truceline.generation.allocation import BURDEN_RULES, Allocation, AllocationProblem, allocate

TITLE = "Who brings what"

N_NATIONS, N_CAPABILITIES, N_OF_PEOPLE = 55, 20, 9
PEOPLE_MAX = 20_000
PLATOON, BATTALION = 30.0, 600.0
WANTED = 1.2
"""People needed for each one there is."""
SEEDS = 10
LIMIT_S = 1.0
PEER_LIMIT_S = 20.0
PEER_SEEDS = 3
WEIGHT = 1_000.0
"""How much more a priority counts than the next, in the peer's program."""
PEOPLE_WEIGHT, EFFORT_WEIGHT = 0.1, 0.01
"""What all people of a priority, and the greatest effort, count beside the least share of that priority."""


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return a row for each kind of problem and rule, worst of several seeds, and one against the peer."""
    rows, n_seeds = [], settings.pick(2, SEEDS)
    for what, size in (("platoons of 30", PLATOON), ("one in battalions of 600", BATTALION)):
        for rule in BURDEN_RULES:
            spent, gaps = [], []
            for seed in range(n_seeds):
                answer, took = allocate_timed(draw_problem(seed, size, rule))
                spent.append(took)
                gaps.append(answer.gap)
            ours = f"worst of {n_seeds}: {seconds(max(spent))}, gap {percent(max(gaps))}"
            rows.append(Row(f"{what}, {rule}", ours, goal=f"< {LIMIT_S:.0f} s", met=max(spent) < LIMIT_S))
        rows.append(compare_with_peer(what, size, settings.pick(1, PEER_SEEDS)))
    return f"{N_NATIONS} nations, {N_CAPABILITIES} capabilities, four priorities", rows


def compare_with_peer(what: str, size: float, n_seeds: int) -> Row:
    """Return equal effort beside the peer's one weighted program."""
    ours_s, peer_s, told = 0.0, 0.0, []
    for seed in range(n_seeds):
        problem = draw_problem(seed, size, "equal-effort")
        answer, took = allocate_timed(problem)
        ours_s += took
        started = time.perf_counter()
        blocks = solve_weighted(problem)
        peer_s += time.perf_counter() - started
        told.append("nothing found" if blocks is None else set_beside(problem, answer, blocks))
    peer = f"scipy.optimize.milp, one program: {seconds(peer_s / n_seeds)} ({'; '.join(told)})"
    ratio = f"{peer_s / ours_s:.0f} x as fast"
    return Row(f"{what}, equal-effort, mean of {n_seeds}", seconds(ours_s / n_seeds), peer, ratio)


def set_beside(problem: AllocationProblem, answer: Allocation, blocks: np.ndarray) -> str:
    """Return the peer's answer against ours in words."""
    ours, theirs = rank_fills(problem, answer.blocks), rank_fills(problem, blocks)
    fills = "same fills" if ours == theirs else "worse fills" if theirs < ours else "better fills"
    effort = [float((b @ problem.people_per_block / problem.key).max()) for b in (answer.blocks, blocks)]
    return f"{fills}, greatest effort {effort[1] / effort[0]:.3f} of ours"


def rank_fills(problem: AllocationProblem, blocks: np.ndarray) -> list[tuple[float, float]]:
    """Return least share and people of every priority, most urgent first."""
    ranks, people = [], problem.people_per_block
    for level in np.unique(problem.priority):
        of_level = (problem.priority == level) & (people > 0) & (problem.need_blocks > 0)
        if of_level.any():
            filled = blocks.sum(axis=0)[of_level]
            share = round(float((filled / problem.need_blocks[of_level]).min()), 6)
            ranks.append((share, round(float(filled @ people[of_level]), 3)))
    return ranks


def allocate_timed(problem: AllocationProblem) -> tuple[Allocation, float]:
    """Return our answer and its seconds."""
    started = time.perf_counter()
    answer = allocate(problem)
    return answer, time.perf_counter() - started


def draw_problem(seed: int, battalion: float, burden: str) -> AllocationProblem:
    """Draw one problem that needs more people than there are, so that priorities matter."""
    rng = np.random.default_rng(seed)
    of_people = np.arange(N_CAPABILITIES) < N_OF_PEOPLE
    size = np.where(of_people, PLATOON, 0.0)
    size[3] = battalion
    people = np.floor(np.exp(rng.uniform(np.log(20), np.log(PEOPLE_MAX), N_NATIONS)))
    shape = (N_NATIONS, N_CAPABILITIES)
    units = rng.integers(0, 21, shape) * (rng.random(shape) < 0.3)
    blocks = np.where(of_people, people[:, None] // np.maximum(size, 1.0), units)
    need = np.ceil(WANTED * people.sum() * rng.dirichlet(np.full(N_OF_PEOPLE, 3.0)) / size[of_people])
    return AllocationProblem(
        nations=tuple(f"N{n:02d}" for n in range(N_NATIONS)),
        capabilities=tuple(f"c{c:02d}" for c in range(N_CAPABILITIES)),
        need_blocks=np.append(need, rng.integers(1, 60, N_CAPABILITIES - N_OF_PEOPLE)).astype(np.int64),
        priority=rng.integers(1, 5, N_CAPABILITIES),
        people_per_block=size,
        people_cap=people,
        block_cap=(blocks * (rng.random(shape) < 0.7)).astype(np.int64),
        stated=rng.random(N_NATIONS) < 0.15,
        key=np.exp(rng.uniform(3, 9, N_NATIONS)),
        burden=burden,  # type: ignore[arg-type]
    )


def solve_weighted(problem: AllocationProblem) -> np.ndarray | None:
    """Return (n, c) blocks of people from one weighted program, None when nothing was found in time."""
    people, need = problem.people_per_block, problem.need_blocks
    nation, capability = np.nonzero((problem.block_cap > 0) & (people > 0) & (need > 0))
    levels = np.unique(problem.priority[capability])
    n_x, n_levels = nation.size, levels.size
    at_effort, n_columns = n_x + n_levels, n_x + n_levels + 1
    weight = WEIGHT ** (n_levels - 1 - np.arange(n_levels))
    level_of = np.searchsorted(levels, problem.priority[capability])
    people_of_level = np.array([(people * need)[problem.priority == level].sum() for level in levels])
    cost = np.zeros(n_columns)
    cost[:n_x] = -PEOPLE_WEIGHT * weight[level_of] * people[capability] / people_of_level[level_of]
    cost[n_x:at_effort] = -weight
    cost[at_effort] = EFFORT_WEIGHT / float((problem.people_cap / problem.key).max())
    x = np.arange(n_x)
    pools = sparse.csr_array((people[capability], (nation, x)), shape=(N_NATIONS, n_columns))
    fills = sparse.csr_array((np.ones(n_x), (capability, x)), shape=(N_CAPABILITIES, n_columns))
    wanted = np.unique(capability)
    shares = sparse.csr_array(
        (-need[wanted].astype(float), (wanted, n_x + np.searchsorted(levels, problem.priority[wanted]))),
        shape=(N_CAPABILITIES, n_columns),
    )
    efforts = sparse.csr_array(
        (
            np.concatenate([people[capability] / problem.key[nation], np.full(N_NATIONS, -1.0)]),
            (np.concatenate([nation, np.arange(N_NATIONS)]), np.append(x, np.full(N_NATIONS, at_effort))),
        ),
        shape=(N_NATIONS, n_columns),
    )
    none = np.inf
    answer = optimize.milp(
        cost,
        integrality=np.where(np.arange(n_columns) < n_x, 1, 0),
        bounds=optimize.Bounds(
            0.0, np.concatenate([problem.block_cap[nation, capability], np.ones(n_levels), [none]])
        ),
        constraints=[
            optimize.LinearConstraint(pools, -none, problem.people_cap),
            optimize.LinearConstraint(fills, -none, need),
            optimize.LinearConstraint(fills + shares, 0.0, none),
            optimize.LinearConstraint(efforts, -none, 0.0),
        ],
        options={"time_limit": PEER_LIMIT_S, "mip_rel_gap": 0.0},
    )
    if answer.x is None:
        return None
    blocks = np.zeros((N_NATIONS, N_CAPABILITIES), dtype=np.int64)
    blocks[nation, capability] = np.round(answer.x[:n_x])
    return blocks
