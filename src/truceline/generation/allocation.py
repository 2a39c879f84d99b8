"""Match what a force needs with what nations can bring: whole blocks, by priority, then by a burden rule.

Whole blocks and people. Capabilities of priority 1 are filled first, then 2, and so on. Within one priority
the least filled share is made as large as can be, and then as many people as can be come: half of two things
serves a force better than all of one, and where blocks have one size nothing is lost by it (the next least
share then follows, and so on; with several sizes only past shares that supply limits, were there people
enough). Fills settled, the burden rule says who brings them. What a nation stated or can bring is given,
never chosen. Nothing here knows about conditions: the nations given are in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from truceline.errors import ProblemList, ScenarioError
from truceline.generation._allocation_flow import Order, fill_blocks, share_blocks
from truceline.generation._allocation_program import BlockProgram, StageAnswer
from truceline.scenario.model import BurdenName

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

BurdenRule = BurdenName
"""Who brings what is needed: nations that said how many first; by share of the key; equal people per key."""
BURDEN_RULES: tuple[BurdenRule, ...] = get_args(BurdenRule)

WhyShort = Literal["nobody", "units", "people"]
"""No nation that is in brings any; all that they could bring comes; or their people are used up."""

BLOCKS_MAX = 300_000
"""Most blocks of people in one problem: they are shared out one by one."""
NUMBER_MAX = 10**9
"""Largest number that a problem may hold; more is a mistake, and sums stay exact."""
PROVEN_GAP = 1e-6
"""Gap up to which a stage counts as proven: solver tolerance on people and shares."""
_WHOLE = ("need_blocks", "priority", "block_cap")
RELIEF_LEAST = 1e-9
"""Share of the greatest measure by which passing a block on must relieve somebody."""
PASSES_PER_BLOCK = 4
"""Times each large block may be passed on; far more than it takes, so that the work always ends."""
_ROUNDING = 1e-9  # a pool of whole blocks must not lose one by rounding


@dataclass(frozen=True, eq=False)
class AllocationProblem:
    """What is needed, and what the nations that are in can bring."""

    nations: tuple[str, ...]
    """(n,) codes of those that are in; ties go by the alphabet."""
    capabilities: tuple[str, ...]
    """(c,)"""
    need_blocks: IntArray
    """(c,) whole blocks needed."""
    priority: IntArray
    """(c,) 1 is filled first."""
    people_per_block: FloatArray
    """(c,) people of a nation's strength that one block takes; 0 for enablers."""
    people_cap: FloatArray
    """(n,) most people of each nation."""
    block_cap: IntArray
    """(n, c) most blocks each nation can bring; 0 where it brings none."""
    stated: BoolArray
    """(n,) whether the nation stated a size."""
    key: FloatArray
    """(n,) burden key, at least 0: GDP or sustained capacity. A nation with 0 is asked last."""
    burden: BurdenRule


@dataclass(frozen=True)
class Stage:
    """What one step of the allocation reached, in the order asked."""

    name: str
    value: float
    unit: str
    bound: float
    """No allocation that keeps the steps before does better."""

    @property
    def gap(self) -> float:
        """Distance from the bound as a share of the larger of the two; 0 when proven."""
        distance = abs(self.value - self.bound)
        return 0.0 if distance <= PROVEN_GAP else distance / max(abs(self.value), abs(self.bound))


@dataclass(frozen=True)
class Shortfall:
    """One capability that is not full."""

    capability: str
    priority: int
    need_blocks: int
    short_blocks: int
    share_filled: float
    supply_blocks: int
    """Blocks the nations that are in could bring, were people no limit."""
    why: WhyShort

    @property
    def reason(self) -> str:
        """Why it is short, in words."""
        if self.why == "nobody":
            return "no nation that is in brings it"
        if self.why == "units":
            return f"nations could bring {self.supply_blocks:,} in all; {self.need_blocks:,} needed"
        missing = max(self.need_blocks - self.supply_blocks, 0)
        rest = f"; {missing:,} more could be brought by nobody" if missing else ""
        return f"the nations that could bring more have no people left{rest}"


@dataclass(frozen=True, eq=False)
class Allocation:
    """Who brings what."""

    problem: AllocationProblem
    blocks: IntArray
    """(n, c)"""
    fill_share: FloatArray
    """(c,) 1 where nothing is needed."""
    short_blocks: IntArray
    """(c,)"""
    people: FloatArray
    """(n,)"""
    stages: tuple[Stage, ...]

    @property
    def gap(self) -> float:
        """Greatest gap of any stage; 0 when every one was proven."""
        return max((stage.gap for stage in self.stages), default=0.0)

    @property
    def bound(self) -> float:
        """Bound of the first stage that was not proven, else of the last; 0 without any stage."""
        open_stages = [stage for stage in self.stages if stage.gap > 0]
        return (open_stages or [*self.stages[-1:], Stage("", 0.0, "", 0.0)])[0].bound

    @property
    def status(self) -> Literal["optimal", "feasible"]:
        """Whether every stage was proven."""
        return "optimal" if self.gap == 0 else "feasible"

    def list_shortfalls(self) -> tuple[Shortfall, ...]:
        """Return what is not full and why, first priority first, then in the order of capabilities."""
        problem, found = self.problem, []
        for c in np.argsort(problem.priority, kind="stable"):
            short, supply = int(self.short_blocks[c]), int(problem.block_cap[:, c].sum())
            if not short:
                continue
            need = int(problem.need_blocks[c])
            why: WhyShort = "nobody" if supply == 0 else "units" if need - short == supply else "people"
            found.append(
                Shortfall(
                    capability=problem.capabilities[c],
                    priority=int(problem.priority[c]),
                    need_blocks=need,
                    short_blocks=short,
                    share_filled=float(self.fill_share[c]),
                    supply_blocks=supply,
                    why=why,
                )
            )
        return tuple(found)


def allocate(problem: AllocationProblem, *, time_limit_s: float = math.inf) -> Allocation:
    """Return who brings what: fills by priority, then the burden rule.

    The rules, with fills fixed. ``stated-first`` takes as few people as can be from nations that stated
    nothing, then evens out effort (people / key). ``gdp-share`` makes the greatest distance of a nation's
    people from its share of the key, among nations that can bring people, as small as can be.
    ``equal-effort`` makes the greatest effort as small as can be. Then the next greatest, and so on: exactly
    so where blocks have one size; where they differ, exactly for the commonest and block by block for others.
    A nation whose key is 0 comes after the others where effort counts. Ties go by the alphabet. Enablers take
    no people and are shared in proportion to what each nation could bring.

    Blocks of one size: exact (`_allocation_flow`). Of several: HiGHS, stage by stage, with a limit of nodes
    that is the same everywhere; time_limit_s (all stages together) only where a caller wants one.

    Raises
    ------
    ScenarioError
        When shapes differ, a number is negative or not one, or there is no nation or no capability.
    """
    check_problem(problem)
    # Worked out in the order of the alphabet: the order in which nations are given changes nothing.
    order = sorted(range(len(problem.nations)), key=lambda n: problem.nations[n])
    answer = _allocate_ordered(_take_nations(problem, order), time_limit_s)
    back = np.argsort(order)
    return replace(answer, problem=problem, blocks=answer.blocks[back], people=answer.people[back])


def _take_nations(problem: AllocationProblem, order: list[int]) -> AllocationProblem:
    return replace(
        problem,
        nations=tuple(problem.nations[n] for n in order),
        people_cap=problem.people_cap[order],
        block_cap=problem.block_cap[order],
        stated=problem.stated[order],
        key=problem.key[order],
    )


def _allocate_ordered(problem: AllocationProblem, time_limit_s: float) -> Allocation:
    people_c = np.flatnonzero(problem.people_per_block > 0)
    blocks = np.zeros_like(problem.block_cap, dtype=np.int64)
    for c in np.flatnonzero(problem.people_per_block == 0):
        blocks[:, c] = _share_enabler(problem, int(c))
    size, need = problem.people_per_block[people_c], problem.need_blocks[people_c]
    pool = np.floor(problem.people_cap[:, None] / size + _ROUNDING)
    limit = np.minimum(np.minimum(problem.block_cap[:, people_c], need), pool).astype(np.int64)
    wanted = limit.sum(axis=0) > 0
    stages: list[Stage] = []
    if wanted.any():
        people_c, limit = people_c[wanted], limit[:, wanted]
        share = _share_equal if np.unique(size[wanted]).size == 1 else _share_mixed
        blocks[:, people_c], stages = share(problem, people_c, limit, time_limit_s)
    filled = blocks.sum(axis=0)
    fill_share = np.ones(len(problem.capabilities))
    np.divide(filled, problem.need_blocks, out=fill_share, where=problem.need_blocks > 0)
    return Allocation(
        problem=problem,
        blocks=blocks,
        fill_share=fill_share,
        short_blocks=problem.need_blocks - filled,
        people=blocks @ problem.people_per_block,
        stages=tuple(stages),
    )


def check_problem(problem: AllocationProblem) -> None:
    """Refuse a problem that cannot be read, with everything that is wrong with it."""
    problems = ProblemList()
    n, c = len(problem.nations), len(problem.capabilities)
    for what, names in (("nations", problem.nations), ("capabilities", problem.capabilities)):
        if not names:
            problems.add(what, "there is none", "give at least one")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            problems.add(what, f"named twice: {', '.join(twice)}", "name each once")
    shapes = {
        "need_blocks": (c,),
        "priority": (c,),
        "people_per_block": (c,),
        "people_cap": (n,),
        "block_cap": (n, c),
        "stated": (n,),
        "key": (n,),
    }
    for name, shape in shapes.items():
        array = np.asarray(getattr(problem, name))
        if array.shape != shape:
            problems.add(name, f"has shape {array.shape}", f"write {shape}: nations and capabilities")
        elif array.size and not (np.isfinite(array).all() and array.min() >= 0):
            problems.add(name, "holds a number that is negative or not finite", "write zero or more")
        elif array.size and array.max() > NUMBER_MAX:
            problems.add(name, f"holds {array.max():,.0f}, more than {NUMBER_MAX:,}", "check the unit")
        elif array.dtype.kind not in ("b" if name == "stated" else "iu" if name in _WHOLE else "iuf"):
            kind = "yes or no" if name == "stated" else "whole numbers" if name in _WHOLE else "numbers"
            problems.add(name, f"holds {array.dtype}", f"give {kind}")
    if problem.burden not in BURDEN_RULES:
        problems.add("burden", f"'{problem.burden}' is not a rule", f"choose among {', '.join(BURDEN_RULES)}")
    if not problems.has_errors():
        asked = int(problem.need_blocks[problem.people_per_block > 0].sum())
        if asked > BLOCKS_MAX:
            problems.add(
                "need_blocks", f"{asked:,} blocks of people, more than {BLOCKS_MAX:,}", "use larger blocks"
            )
    problems.raise_if_any(ScenarioError, "allocation")


def _share_enabler(problem: AllocationProblem, capability: int) -> list[int]:
    """Share out units in proportion to what each could bring: whole ones, then the greatest remainders."""
    cap = [int(units) for units in problem.block_cap[:, capability]]
    supply = sum(cap)
    filled = min(int(problem.need_blocks[capability]), supply)
    if not filled:
        return [0] * len(cap)
    given = [filled * units // supply for units in cap]
    by_remainder = sorted(range(len(cap)), key=lambda n: -(filled * cap[n] % supply))
    for n in by_remainder[: filled - sum(given)]:
        given[n] += 1
    return given


# Burden ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Burden:
    """A burden rule applied to known fills."""

    rule: BurdenRule
    asked_last: BoolArray
    """(n,) nations that stated nothing, where that counts."""
    keyless: BoolArray
    """(n,) nations whose effort cannot be told."""
    slope: FloatArray
    """(n,) measure = slope * people - level, its size for gdp-share."""
    level: FloatArray

    def measure(self, people: FloatArray) -> FloatArray:
        """(n,) effort, or distance from the share in people."""
        signed: FloatArray = self.slope * people - self.level
        return np.abs(signed) if self.rule == "gdp-share" else signed

    def order(self, n: int, before: float, after: float) -> Order:
        """Rank the next block of a nation with `before` people: first in this order first.

        The least of sorted measures, greatest first, is what a sum of M ** measure has for very large M: the
        rank is its growth, so that what lowers the greatest comes first and what raises it comes last.
        """
        if self.rule == "gdp-share":
            old, new = abs(before - self.level[n]), abs(after - self.level[n])
            return (-old, new) if new < old else (new, -old) if new > old else (0.0, 0.0)
        last, unknown = float(self.asked_last[n]), float(self.keyless[n])
        slope = 1.0 if self.keyless[n] else self.slope[n]
        return (last, unknown, slope * after, -slope * before)

    def stages(self, people: FloatArray, bounds: list[StageAnswer] | None = None) -> list[Stage]:
        """Tell what was reached; without bounds it was reached exactly."""
        named: list[tuple[str, float, str]] = []
        if self.asked_last.any():
            named.append(("people of nations that stated nothing", people[self.asked_last].sum(), "person"))
        if self.keyless.any():
            named.append(("people of nations whose effort is unknown", people[self.keyless].sum(), "person"))
        greatest = float(self.measure(people).max(initial=0.0))
        is_share = self.rule == "gdp-share"
        named.append(
            ("greatest distance from the share", greatest, "person")
            if is_share
            else ("greatest effort", greatest, "person per key")
        )
        limits = [value for _, value, _ in named] if bounds is None else [answer.bound for answer in bounds]
        return [
            Stage(name, float(value), unit, min(float(limit), float(value)))
            for (name, value, unit), limit in zip(named, limits, strict=True)
        ]


def _make_burden(problem: AllocationProblem, able: BoolArray, total_people: float) -> _Burden:
    """Return the rule for fills that take `total_people`. able: (n,) nations that can bring people."""
    n, key = len(problem.nations), np.asarray(problem.key, dtype=np.float64)
    none = np.zeros(n, dtype=bool)
    if problem.burden == "gdp-share":
        weight = np.where(able, key if key[able].sum() > 0 else 1.0, 0.0)
        return _Burden("gdp-share", none, none, np.ones(n), total_people * weight / weight.sum())
    asked_last = able & ~problem.stated if problem.burden == "stated-first" else none
    slope = np.divide(1.0, key, out=np.zeros(n), where=key > 0)
    return _Burden(problem.burden, asked_last, able & (key == 0), slope, np.zeros(n))


def _share_equal(
    problem: AllocationProblem, people_c: IntArray, limit: IntArray, _limit_s: float
) -> tuple[IntArray, list[Stage]]:
    """Share out blocks of one size: exact in every stage."""
    size = float(problem.people_per_block[people_c[0]])
    need, priority = problem.need_blocks[people_c].tolist(), problem.priority[people_c].tolist()
    pool = np.minimum(np.floor(problem.people_cap / size + _ROUNDING), limit.sum(axis=1)).astype(int).tolist()
    taken = fill_blocks(need, priority, limit.T.tolist(), pool)
    filled = [sum(row) for row in taken]
    stages = _exact_fill_stages(filled, need, priority, limit, size)
    burden = _make_burden(problem, limit.sum(axis=1) > 0, size * sum(filled))
    blocks = _even_out_blocks(burden, filled, limit, pool, size, np.zeros(len(pool)))
    return blocks, stages + burden.stages(blocks.sum(axis=1) * size)


def _even_out_blocks(
    burden: _Burden,
    filled: list[int],
    limit: IntArray,
    pool: list[int],
    size: float,
    base: FloatArray,
) -> IntArray:
    """Return (n, c) blocks of one size as the rule wants them. base: (n,) people already asked of each."""

    def order(n: int, have: int) -> Order:
        return burden.order(n, base[n] + have * size, base[n] + (have + 1) * size)

    return np.array(share_blocks(filled, limit.tolist(), pool, order), dtype=np.int64)


def _share_mixed(
    problem: AllocationProblem, people_c: IntArray, limit: IntArray, time_limit_s: float
) -> tuple[IntArray, list[Stage]]:
    """Share out blocks of several sizes: proven by HiGHS as far as its nodes go."""
    size, priority = problem.people_per_block[people_c], problem.priority[people_c]
    need = problem.need_blocks[people_c]
    program = BlockProgram(limit, need, size, problem.people_cap, time_limit_s)
    stages: list[Stage] = []
    # Priorities before the first block of another size are filled exactly, and kept.
    first = np.flatnonzero(size != size[np.argmin(priority)])
    settled = np.flatnonzero(priority < priority[first].min())
    if settled.size and np.unique(size[settled]).size == 1:
        one_size, known = float(size[settled[0]]), priority[settled].tolist()
        pool = np.floor(problem.people_cap / one_size + _ROUNDING).astype(int).tolist()
        taken = fill_blocks(need[settled].tolist(), known, limit[:, settled].T.tolist(), pool)
        program.settle(settled.tolist(), np.array(taken, dtype=np.int64).T)
        filled = [sum(row) for row in taken]
        stages = _exact_fill_stages(filled, need[settled].tolist(), known, limit[:, settled], one_size)
    for at in np.setdiff1d(priority, priority[settled]):
        share, people = program.fill(np.flatnonzero(priority == at).tolist())
        stages += _fill_stages(int(at), share, people)
    program.fix_fills()
    burden = _make_burden(problem, limit.sum(axis=1) > 0, float(program.people.sum()))
    answers = [program.ask_least_of(asked) for asked in (burden.asked_last, burden.keyless) if asked.any()]
    program.blocks = _even_out_common(burden, program.blocks, size, limit, problem.people_cap)
    answers.append(
        program.even_out(burden.measure, burden.slope, burden.level, both=burden.rule == "gdp-share")
    )
    blocks = _pass_on_large(burden, program.blocks, size, limit, problem.people_cap)
    blocks = _even_out_common(burden, blocks, size, limit, problem.people_cap)
    return blocks, stages + burden.stages(blocks @ size, answers)


def _even_out_common(
    burden: _Burden, blocks: IntArray, size: FloatArray, limit: IntArray, people_cap: FloatArray
) -> IntArray:
    """Share out the blocks of the commonest size afresh, the others left where they are.

    As even as can be beyond the greatest measure; nothing that was reached is lost.
    """
    sizes = np.unique(size)
    common = size == sizes[np.argmax([blocks[:, size == one].sum() for one in sizes])]
    one_size = float(size[common][0])
    base: FloatArray = blocks[:, ~common] @ size[~common]
    room = np.floor((people_cap - base) / one_size + _ROUNDING)
    pool = np.clip(room, 0, limit[:, common].sum(axis=1)).astype(int).tolist()
    filled, evened = blocks[:, common].sum(axis=0).tolist(), blocks.copy()
    evened[:, common] = _even_out_blocks(burden, filled, limit[:, common], pool, one_size, base)
    return evened


def _pass_on_large(
    burden: _Burden, blocks: IntArray, size: FloatArray, limit: IntArray, people_cap: FloatArray
) -> IntArray:
    """Pass blocks of other sizes than the commonest from a nation to one that is left less burdened by it.

    One block at a time, the greatest relief first, until none helps: the greatest measure of all is proven
    before and stays; this evens out what lies below it, which the proof leaves open. Nations that stated a
    size and those that did not keep their people.
    """
    passed = blocks.copy()
    sizes = np.unique(size)
    common = sizes[np.argmax([blocks[:, size == one].sum() for one in sizes])]
    large = np.flatnonzero(size != common)
    for _ in range(int(passed[:, large].sum()) * PASSES_PER_BLOCK):
        people = passed @ size
        before = burden.measure(people)
        best, relief = None, RELIEF_LEAST * max(1.0, float(before.max(initial=0.0)))
        for c in large.tolist():
            less, more = burden.measure(people - size[c]), burden.measure(people + size[c])
            gives = (passed[:, c] > 0) & ~burden.keyless
            takes = (
                (limit[:, c] > passed[:, c]) & (people + size[c] <= people_cap + _ROUNDING) & ~burden.keyless
            )
            gain = np.maximum(before[:, None], before[None, :]) - np.maximum(less[:, None], more[None, :])
            fits = (
                gives[:, None] & takes[None, :] & (burden.asked_last[:, None] == burden.asked_last[None, :])
            )
            np.fill_diagonal(fits, False)
            gain = np.where(fits, gain, -np.inf)
            at = int(np.argmax(gain))
            if gain.flat[at] > relief:
                relief, best = float(gain.flat[at]), (c, *divmod(at, len(people)))
        if best is None:
            break
        c, giver, taker = best
        passed[giver, c] -= 1
        passed[taker, c] += 1
    return passed


def _exact_fill_stages(
    filled: list[int], need: list[int], priority: list[int], limit: IntArray, size: float
) -> list[Stage]:
    stages, reach = [], np.minimum(need, limit.sum(axis=0))
    for at in sorted(set(priority)):
        members = [c for c, level in enumerate(priority) if level == at]
        # Those that have all that nations could bring say nothing about how people were shared out.
        short = [c for c in members if filled[c] < reach[c]]
        share = min(filled[c] / need[c] for c in short or members)
        people = size * sum(filled[c] for c in members)
        stages += _fill_stages(at, StageAnswer(share, share), StageAnswer(people, people))
    return stages


def _fill_stages(priority: int, share: StageAnswer, people: StageAnswer) -> list[Stage]:
    return [
        Stage(f"priority {priority}: least filled share", share.value, "1", max(share.bound, share.value)),
        Stage(f"priority {priority}: people", people.value, "person", max(people.bound, people.value)),
    ]
