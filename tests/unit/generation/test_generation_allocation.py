"""Who brings what: hand-checked cases, every allocation of tiny problems compared, and what is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import ScenarioError
from truceline.generation import _allocation_reference as reference
from truceline.generation.allocation import BURDEN_RULES, AllocationProblem, allocate

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "generation" / "allocation.yaml"
BY_HAND = yaml.safe_load(GOLDEN.read_text(encoding="utf-8"))
LIKE_FLOAT = ("people_per_block", "people_cap", "key")


def make_problem(**fields):
    """Make a problem from lists."""
    shape = (len(fields["nations"]), len(fields["capabilities"]))
    arrays = {}
    for name in ("need_blocks", "priority", "people_per_block", "people_cap", "block_cap", "stated", "key"):
        kind = float if name in LIKE_FLOAT else bool if name == "stated" else np.int64
        arrays[name] = np.array(fields[name], dtype=kind)
    arrays["block_cap"] = arrays["block_cap"].reshape(shape)
    return AllocationProblem(
        nations=tuple(fields["nations"]),
        capabilities=tuple(fields["capabilities"]),
        burden=fields.get("burden", "equal-effort"),
        **arrays,
    )


def golden_problem(**changes):
    fields = {name: BY_HAND[name] for name in BY_HAND if name not in ("expect", "half_need", "half_expect")}
    return make_problem(**(fields | changes))


@st.composite
def tiny_problems(draw, sizes):
    """Draw up to three nations and three capabilities with few blocks."""
    n, c = draw(st.sampled_from([(1, 1), (1, 3), (2, 2), (2, 3), (3, 2)]))

    def several(values, count):
        return draw(st.lists(values, min_size=count, max_size=count))

    return make_problem(
        nations=[f"N{i}" for i in range(n)],
        capabilities=[f"c{i}" for i in range(c)],
        need_blocks=several(st.integers(0, 4), c),
        priority=several(st.integers(1, 2), c),
        people_per_block=several(st.sampled_from(sizes), c),
        people_cap=several(st.integers(0, 200), n),
        block_cap=several(st.integers(0, 3), n * c),
        stated=several(st.booleans(), n),
        key=several(st.sampled_from([0, 10, 35, 50, 200]), n),
        burden=draw(st.sampled_from(BURDEN_RULES)),
    )


def assert_within_limits(problem, answer):
    assert (answer.blocks >= 0).all()
    assert (answer.blocks <= problem.block_cap).all()
    assert (answer.blocks.sum(axis=0) <= problem.need_blocks).all()
    assert (answer.people <= problem.people_cap + 1e-9).all()


def filled_before_another_size(problem):
    """Return the capabilities of the priorities that come before the first with a second size."""
    reach = np.minimum(problem.block_cap, problem.people_cap[:, None] // problem.people_per_block).sum(axis=0)
    wanted = [c for c in range(len(problem.capabilities)) if problem.need_blocks[c] and reach[c]]
    kept = []
    for level in sorted({problem.priority[c] for c in wanted}):
        upto = [c for c in wanted if problem.priority[c] <= level]
        if len({problem.people_per_block[c] for c in upto}) > 1:
            return kept
        kept = upto
    return kept


def as_rows(blocks, problem):
    taken = np.where(problem.people_per_block > 0, blocks, 0)
    return tuple(tuple(row) for row in taken.tolist())


def test_the_allocation_worked_by_hand_is_found():
    answer = allocate(golden_problem())
    expect = BY_HAND["expect"]
    assert answer.blocks.sum(axis=0).tolist() == expect["filled"]
    assert answer.people.tolist() == expect["people"]
    assert answer.blocks[:, 3].tolist() == expect["batteries"]
    assert (answer.gap, answer.status) == (0, "optimal")
    assert answer.blocks.dtype == np.int64


def test_what_is_short_is_told_with_its_reason():
    shortfalls = allocate(golden_problem()).list_shortfalls()
    told = [[s.capability, s.short_blocks, s.share_filled, s.why, s.supply_blocks] for s in shortfalls]
    assert told == [
        [pytest.approx(cell, abs=1e-6) if isinstance(cell, float) else cell for cell in row]
        for row in BY_HAND["expect"]["shortfalls"]
    ]
    assert [s.reason for s in shortfalls] == [
        "nations could bring 3 in all; 5 needed",
        "the nations that could bring more have no people left",
        "no nation that is in brings it",
    ]


def test_people_and_units_that_are_both_too_few_are_both_told():
    (short,) = allocate(
        golden_problem(need_blocks=[20, 0, 0, 0, 0], people_cap=[90, 90, 60])
    ).list_shortfalls()
    assert (short.short_blocks, short.why) == (12, "people")
    assert (
        short.reason
        == "the nations that could bring more have no people left; 11 more could be brought by nobody"
    )


@pytest.mark.parametrize("rule", BURDEN_RULES)
def test_each_burden_rule_asks_whom_it_says(rule):
    answer = allocate(golden_problem(need_blocks=BY_HAND["half_need"], burden=rule))
    assert answer.people.tolist() == BY_HAND["half_expect"][rule]
    assert (answer.fill_share == 1).all()
    assert answer.list_shortfalls() == ()


@given(tiny_problems(sizes=[30]))
@settings(max_examples=150, deadline=None)
def test_blocks_of_one_size_are_shared_out_as_well_as_in_any_allocation(problem):
    answer = allocate(problem)
    assert_within_limits(problem, answer)
    assert answer.status == "optimal"
    rows = as_rows(answer.blocks, problem)
    filled = reference.count_filled(rows)
    everything = list(reference.list_allocations(problem))
    ours = reference.rank_fill(problem, filled, one_size=True)
    assert ours == max(
        reference.rank_fill(problem, reference.count_filled(a), one_size=True) for a in everything
    )
    same = [a for a in everything if reference.count_filled(a) == filled]
    assert reference.rank_burden(problem, rows) == min(reference.rank_burden(problem, a) for a in same)


@given(tiny_problems(sizes=[30, 50, 120]))
@settings(max_examples=80, deadline=None)
def test_blocks_of_several_sizes_fill_as_well_and_weigh_as_lightly_as_in_any_allocation(problem):
    answer = allocate(problem)
    assert_within_limits(problem, answer)
    rows = as_rows(answer.blocks, problem)
    filled = reference.count_filled(rows)
    everything = list(reference.list_allocations(problem))
    # Priorities before the first block of another size are filled as blocks of one size are, and kept.
    kept = filled_before_another_size(problem)
    if kept:
        first = dataclasses.replace(
            problem, need_blocks=np.where(np.isin(range(len(filled)), kept), problem.need_blocks, 0)
        )
        best_first = max(
            reference.rank_fill(first, reference.count_filled(a), one_size=True) for a in everything
        )
        assert reference.rank_fill(first, filled, one_size=True) == best_first
        everything = [a for a in everything if all(reference.count_filled(a)[c] == filled[c] for c in kept)]
    ours = reference.rank_fill(problem, filled, one_size=False)
    best = max(reference.rank_fill(problem, reference.count_filled(a), one_size=False) for a in everything)
    assert ours == best
    same = [a for a in everything if reference.count_filled(a) == filled]
    # People asked last, people without a key and the greatest measure are proven, the rest only evened.
    n_proven = 1 if problem.burden == "gdp-share" else 3 if problem.key.all() else 2
    mine = reference.rank_burden(problem, rows)[:n_proven]
    assert mine == pytest.approx(min(reference.rank_burden(problem, a) for a in same)[:n_proven], abs=1e-4)


@given(tiny_problems(sizes=[0, 30, 120]))
@settings(max_examples=60, deadline=None)
def test_another_nation_never_makes_the_fill_worse(problem):
    if len(problem.nations) < 2:
        return
    fewer = dataclasses.replace(
        problem,
        nations=problem.nations[:-1],
        people_cap=problem.people_cap[:-1],
        block_cap=problem.block_cap[:-1],
        stated=problem.stated[:-1],
        key=problem.key[:-1],
    )
    few, more = allocate(fewer), allocate(problem)
    filled = [
        reference.rank_fill(problem, a.blocks.sum(axis=0).tolist(), one_size=False) for a in (few, more)
    ]
    assert filled[0] <= filled[1]
    enablers = problem.people_per_block == 0
    assert (few.fill_share[enablers] <= more.fill_share[enablers]).all()


@given(tiny_problems(sizes=[0, 30, 120]))
@settings(max_examples=30, deadline=None)
def test_the_same_problem_gives_the_same_bytes(problem):
    first, second = allocate(problem), allocate(problem)
    assert first.blocks.tobytes() == second.blocks.tobytes()
    assert first.stages == second.stages


@pytest.mark.parametrize("battalion", [30, 600])
def test_the_order_in_which_nations_are_given_changes_nothing(battalion):
    problem = random_problem(3, battalion, "stated-first")
    shuffled = np.random.default_rng(1).permutation(len(problem.nations))
    other = dataclasses.replace(
        problem,
        nations=tuple(problem.nations[n] for n in shuffled),
        people_cap=problem.people_cap[shuffled],
        block_cap=problem.block_cap[shuffled],
        stated=problem.stated[shuffled],
        key=problem.key[shuffled],
    )
    one, two = allocate(problem), allocate(other)
    np.testing.assert_array_equal(one.blocks[shuffled], two.blocks)
    np.testing.assert_array_equal(one.people[shuffled], two.people)
    assert one.stages == two.stages


def test_what_hardly_anybody_brings_does_not_make_the_rest_uneven():
    problem = make_problem(
        nations=["A", "B"],
        capabilities=["rare", "posts", "depots", "brigades"],
        need_blocks=[10, 8, 8, 4],
        priority=[1, 1, 1, 1],
        people_per_block=[30, 30, 30, 60],
        people_cap=[240, 180],
        block_cap=[[1, 8, 8, 4], [0, 8, 8, 4]],
        stated=[True, True],
        key=[1, 1],
    )
    # One of ten is all there is of the rare one. 390 people are left for 720, a half of each is 360:
    # one platoon more can come.
    answer = allocate(problem)
    assert answer.fill_share[0] == 0.1
    assert answer.fill_share[1:].min() == 0.5
    assert answer.people.sum() == 420
    assert (answer.stages[0].value, answer.status) == (0.5, "optimal")


def test_enablers_come_in_proportion_to_what_each_could_bring():
    problem = make_problem(
        nations=["B", "A", "C"],
        capabilities=["tanker"],
        need_blocks=[7],
        priority=[1],
        people_per_block=[0],
        people_cap=[0, 0, 0],
        block_cap=[[4], [4], [6]],
        stated=[False, False, False],
        key=[1, 1, 1],
    )
    assert allocate(problem).blocks[:, 0].tolist() == [2, 2, 3]
    # Eight of fourteen are 2.29, 2.29 and 3.43: the last goes to the greatest remainder.
    eight = allocate(dataclasses.replace(problem, need_blocks=np.array([8])))
    assert eight.blocks[:, 0].tolist() == [2, 2, 4]
    assert eight.stages == ()
    # Six are 1.71, 1.71 and 2.57: a tie, which the alphabet settles.
    six = allocate(dataclasses.replace(problem, need_blocks=np.array([6])))
    assert six.blocks[:, 0].tolist() == [2, 2, 2]
    one = allocate(
        dataclasses.replace(problem, need_blocks=np.array([1]), block_cap=np.array([[4], [4], [4]]))
    )
    assert one.blocks[:, 0].tolist() == [0, 1, 0]


def test_a_nation_without_a_key_is_asked_after_the_others():
    problem = golden_problem(need_blocks=BY_HAND["half_need"], key=[0, 200, 100])
    # 90 of 200 and 30 of 100 are 0.45 and 0.3; 60 and 60 would be 0.3 and 0.6.
    assert allocate(problem).people.tolist() == [0, 90, 30]
    assert "people of nations whose effort is unknown" in [stage.name for stage in allocate(problem).stages]


def test_nothing_needed_is_full():
    answer = allocate(golden_problem(need_blocks=[0, 0, 0, 0, 0]))
    assert (answer.fill_share == 1).all()
    assert (answer.status, answer.gap, answer.bound) == ("optimal", 0, 0)


def random_problem(seed, battalion, burden):
    """Draw 55 nations and 20 capabilities: 9 of people, one of them in battalions, and 11 enablers."""
    rng = np.random.default_rng(seed)
    n, c, n_people = 55, 20, 9
    size = np.where(np.arange(c) < n_people, 30.0, 0.0)
    size[3] = battalion
    people = np.floor(np.exp(rng.uniform(3, np.log(20_000), n)))
    units = rng.integers(0, 21, (n, c)) * (rng.random((n, c)) < 0.3)
    cap = np.where(size > 0, people[:, None] // np.maximum(size, 1), units) * (rng.random((n, c)) < 0.7)
    need = np.ceil(people.sum() * rng.dirichlet(np.ones(n_people)) / size[:n_people])
    return AllocationProblem(
        nations=tuple(f"N{i:02d}" for i in range(n)),
        capabilities=tuple(f"c{i}" for i in range(c)),
        need_blocks=np.append(need, rng.integers(1, 60, c - n_people)).astype(np.int64),
        priority=rng.integers(1, 5, c),
        people_per_block=size,
        people_cap=people,
        block_cap=cap.astype(np.int64),
        stated=rng.random(n) < 0.15,
        key=np.exp(rng.uniform(3, 9, n)),
        burden=burden,
    )


@pytest.mark.parametrize("burden", BURDEN_RULES)
@pytest.mark.parametrize("battalion", [30, 600])
def test_fifty_five_nations_and_twenty_capabilities_are_optimal_or_tell_their_gap(battalion, burden):
    problem = random_problem(7, battalion, burden)
    answer = allocate(problem)
    assert_within_limits(problem, answer)
    assert answer.gap == 0 if battalion == 30 else answer.gap < 0.02
    assert all(isinstance(stage.value, float) and isinstance(stage.bound, float) for stage in answer.stages)


def test_a_time_limit_that_is_over_still_gives_an_allocation_within_all_limits():
    problem = random_problem(7, 600, "equal-effort")
    answer = allocate(problem, time_limit_s=0.0)
    assert_within_limits(problem, answer)
    assert answer.status == "feasible"
    assert answer.gap > 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"people_cap": [-1, 90, 60]}, "people_cap  holds a number that is negative"),
        ({"key": [np.nan, 1, 1]}, "key  holds a number that is negative or not finite"),
        ({"stated": [True]}, "stated  has shape (1,); write (3,)"),
        ({"burden": "luck"}, "'luck' is not a rule"),
        ({"nations": ["ALA", "ALA", "COR"]}, "named twice: ALA"),
        ({"need_blocks": [10**6, 0, 0, 0, 0]}, "use larger blocks"),
        ({"people_cap": [1e10, 0, 0]}, "people_cap  holds 10,000,000,000, more than 1,000,000,000"),
    ],
)
def test_a_problem_that_cannot_be_read_is_refused(change, words):
    with pytest.raises(ScenarioError) as caught:
        allocate(golden_problem(**change))
    assert words in str(caught.value)


def test_parts_of_blocks_are_refused():
    problem = dataclasses.replace(golden_problem(), need_blocks=np.array([1.5, 1, 1, 1, 1]))
    with pytest.raises(ScenarioError, match="need_blocks  holds float64; give whole numbers"):
        allocate(problem)


def test_everything_wrong_is_told_at_once():
    empty = make_problem(
        nations=[],
        capabilities=[],
        need_blocks=[],
        priority=[],
        people_per_block=[],
        people_cap=[1],
        block_cap=[],
        stated=[],
        key=[],
        burden="luck",
    )
    with pytest.raises(ScenarioError) as caught:
        allocate(empty)
    assert [p.where for p in caught.value.problems] == ["nations", "capabilities", "people_cap", "burden"]


def test_battalions_pass_from_the_strained_to_the_rested_below_a_strain_that_must_be() -> None:
    """One nation stated more than its capacity and must be used: that proves nothing for the others."""
    problem = AllocationProblem(
        nations=("AAA", "BBB", "CCC"),
        capabilities=("brigades", "medical"),
        need_blocks=np.array([8, 10]),
        priority=np.array([2, 1]),
        people_per_block=np.array([850.0, 30.0]),
        people_cap=np.array([1700.0, 5200.0, 5200.0]),
        block_cap=np.array([[2, 0], [6, 40], [6, 40]]),
        stated=np.array([True, False, False]),
        key=np.array([500.0, 5000.0, 5000.0]),
        burden="stated-first",
    )
    found = allocate(problem)
    assert found.fill_share.tolist() == [1.0, 1.0]
    assert found.blocks[:, 0].tolist() == [2, 3, 3]
    assert abs(found.people[1] - found.people[2]) <= 60
