"""Smallest sets of conditions that unlock a target: ours, every set tried, and a hitting-set library.

Contributors with one to three ways to come, each on one to three conditions, some on another contributor or
on how many others bring; drawn from a fixed seed. People of 500 to 9,500 each; the target is a share of all.
All three answer the same question with the same groups cached, and their answers are compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from itertools import combinations

import numpy as np
from book import NOT_INSTALLED, QUICK, Row, Settings, is_installed, seconds

from truceline.errors import ScenarioError
from truceline.generation.commitments import Commitments
from truceline.generation.model import Actor, Clause
from truceline.generation.unlock import find_unlocking_sets

TITLE = "Unlocking sets"

GOAL_S = 10.0
DEAR_S = 1e-3
"""What a dear value costs: a small integer program."""
CASES = (
    # conditions, contributors, share of everything, together, dear
    (15, 30, 0.3, False, False),
    (15, 30, 0.6, False, False),
    (15, 30, 0.6, True, False),
    (15, 30, 0.6, False, True),
    (20, 30, 0.9, False, False),
    (20, 30, 0.6, False, False),
)
BRUTE_CONDITIONS = 15
"""Every set is tried up to so many conditions."""
Answer = set[frozenset[str]]


def measure(settings: Settings) -> tuple[str, list[Row]]:
    """Return a row for each case; ours is timed once compiled: the first call costs about two seconds."""
    small, keys = draw_commitments(4, 5, 0)
    find_unlocking_sets(small, candidates=keys, value=small.total, target=1.0)
    rows = []
    for n_keys, n_actors, share, joint, dear in CASES:
        commitments, keys = draw_commitments(n_keys, n_actors, 2)
        target = share * commitments.total(commitments.settle(keys, joint=joint))
        how = "signing together" if joint else "each waiting"
        what = f"{n_keys} conditions, {n_actors} contributors, {share:.0%} of all people, {how}"
        value = dear_total(commitments) if dear else commitments.total
        if dear:
            what += f", a value costs {seconds(DEAR_S)}"
        started = time.perf_counter()
        try:
            found = find_unlocking_sets(commitments, candidates=keys, value=value, target=target, joint=joint)
        except ScenarioError as error:
            spent = time.perf_counter() - started
            rows.append(Row(what, f"refused after {seconds(spent)}: {error.problems[0].found}"))
            continue
        spent = time.perf_counter() - started
        ours = {frozenset(one.conditions) for one in found.sets}
        figure = f"{len(ours):,} sets, {found.n_values:,} values, {seconds(spent)}"
        peers = [ask_hitman(commitments, keys, value, target, joint, ours, spent)]
        if n_keys > BRUTE_CONDITIONS:
            peers.append((f"every set tried: not beyond {BRUTE_CONDITIONS} conditions", ""))
        elif settings.quick:
            peers.append((f"every set tried: {QUICK}", ""))
        else:
            peers.append(
                ask("every set tried", try_all, commitments, keys, value, target, joint, ours, spent)
            )
        text, told = ("; ".join(filter(None, part)) for part in zip(*peers, strict=True))
        goal = f"exact in {GOAL_S:.0f} s" if n_keys <= BRUTE_CONDITIONS else ""
        rows.append(Row(what, figure, text, told, goal, spent <= GOAL_S if goal else None))
    return (
        "drawn at random, seed 2; peers settle with our plain Python, and group values are cached for all",
        rows,
    )


def draw_commitments(n_conditions: int, n_actors: int, seed: int) -> tuple[Commitments, list[str]]:
    """Return contributors drawn from a seed, and the names of the conditions."""
    random = np.random.default_rng(seed)
    keys = [f"x{place:02}" for place in range(n_conditions)]
    codes = [f"N{place:02}" for place in range(n_actors)]
    actors = []
    for code in codes:
        others = [other for other in codes if other != code]
        clauses = tuple(
            Clause(
                frozenset(random.choice(keys, random.integers(1, 4), replace=False).tolist()),
                frozenset(random.choice(others, 1).tolist()) if random.random() < 0.25 else frozenset(),
                float(random.choice([0, 0, 5_000, 10_000, 20_000])),
            )
            for _ in range(random.integers(1, 4))
        )
        actors.append(Actor(code, float(500 * random.integers(1, 20)), clauses))
    return Commitments(actors), keys


def dear_total(commitments: Commitments) -> Callable[[tuple[str, ...]], float]:
    """Return the people of a group, worked out as slowly as a small integer program."""

    def total(codes: tuple[str, ...]) -> float:
        until = time.perf_counter() + DEAR_S
        while time.perf_counter() < until:
            pass
        return commitments.total(codes)

    return total


def ask(
    name: str,
    method: Callable[[Callable[[frozenset[str]], bool], list[str]], Answer],
    commitments: Commitments,
    keys: list[str],
    value: Callable[[tuple[str, ...]], float],
    target: float,
    joint: bool,
    ours: Answer,
    spent: float,
) -> tuple[str, str]:
    """Return a peer's figure and how it compares; another answer than ours is told."""
    cached = cache(value)

    def reaches(chosen: frozenset[str]) -> bool:
        return cached(commitments.settle(chosen, joint=joint)) >= target

    started = time.perf_counter()
    theirs = method(reaches, keys)
    taken = time.perf_counter() - started
    same = "same sets" if theirs == ours else "OTHER SETS"
    text = f"{name}: {len(theirs):,} sets, {cached.cache_info().misses:,} values, {seconds(taken)}"
    return text, f"{taken / spent:.0f} x, {same}" if taken >= spent else f"{taken / spent:.2f} x, {same}"


def ask_hitman(
    commitments: Commitments,
    keys: list[str],
    value: Callable[[tuple[str, ...]], float],
    target: float,
    joint: bool,
    ours: Answer,
    spent: float,
) -> tuple[str, str]:
    """Return the figure of the hitting sets of PySAT."""
    if not is_installed("python-sat"):
        return f"PySAT Hitman: {NOT_INSTALLED}", ""
    return ask("PySAT Hitman", try_hitting_sets, commitments, keys, value, target, joint, ours, spent)


def try_all(reaches: Callable[[frozenset[str]], bool], keys: list[str]) -> Answer:
    """Return the smallest sets that reach: all are asked, from the smallest on."""
    bit = {key: 1 << place for place, key in enumerate(keys)}
    through = bytearray(1 << len(keys))
    found = set()
    for size in range(len(keys) + 1):
        for names in combinations(keys, size):
            mask = sum(bit[name] for name in names)
            if any(through[mask & ~bit[name]] for name in names):
                through[mask] = 1
            elif reaches(frozenset(names)):
                through[mask] = 1
                found.add(frozenset(names))
    return found


def try_hitting_sets(reaches: Callable[[frozenset[str]], bool], keys: list[str]) -> Answer:
    """Return the smallest sets that reach: PySAT lists hitting sets of what largest failing sets lack."""
    from pysat.examples.hitman import Hitman

    found = set()
    with Hitman(bootstrap_with=[keys], htype="sorted") as hitman:
        while (chosen := hitman.get()) is not None:
            held = frozenset(chosen)
            if reaches(held):
                found.add(held)
                hitman.block(sorted(held))
                continue
            for key in keys:
                if key not in held and not reaches(held | {key}):
                    held |= {key}
            hitman.hit([key for key in keys if key not in held])
    return found
