"""The cheapest cover: against trying everything, against its own reductions, cut short and interrupted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import InfeasibleError
from truceline.siting import _cover_kernels, _cover_reference, _reference, cover
from truceline.siting.cover import solve_cover
from truceline.siting.problems import SetCoverProblem


def cover_problem(reach, cost, must_cover=None, **more):
    reach = np.asarray(reach, dtype=bool)
    return SetCoverProblem(
        cost=np.asarray(cost, dtype=float),
        indptr=np.concatenate([[0], np.cumsum(reach.sum(axis=1))]),
        indices=np.nonzero(reach)[1].astype(np.int32),
        must_cover=np.ones(reach.shape[1], dtype=bool) if must_cover is None else must_cover,
        **more,
    )


def random_cover(seed, n_candidates=8, n_cells=12, share=0.25):
    random = np.random.default_rng(seed)
    reach = random.random((n_candidates, n_cells)) < share
    cost = random.integers(1, 9, n_candidates)
    return cover_problem(reach, cost, random.random(n_cells) < 0.8, allow_uncovered=True)


def line_cover(n_candidates=60, n_cells=300, seed=4):
    """Candidates that each see a stretch of a line: many cells alike, many candidates inside others."""
    random = np.random.default_rng(seed)
    middle, reach_km = random.uniform(0, 100, n_candidates), random.uniform(2, 12, n_candidates)
    place = np.linspace(0, 100, n_cells)
    reach = np.abs(place[None, :] - middle[:, None]) <= reach_km[:, None]
    return cover_problem(reach, random.integers(1, 9, n_candidates), reach.any(axis=0))


def reached_by(problem, chosen):
    reached = np.zeros(problem.must_cover.size, dtype=bool)
    for i in chosen:
        reached[problem.indices[problem.indptr[i] : problem.indptr[i + 1]]] = True
    return reached


@pytest.fixture
def always_reduce(monkeypatch):
    monkeypatch.setattr(cover, "REDUCE_FROM", 0)


@pytest.fixture
def always_price(monkeypatch):
    monkeypatch.setattr(cover, "PRICE_FROM", 0)


@pytest.mark.parametrize("seed", range(40))
def test_cover_is_the_cheapest(seed):
    problem = random_cover(seed)
    result = solve_cover(problem)
    assert result.status == "optimal"
    assert result.cost == pytest.approx(_reference.enumerate_cheapest_cover(problem))
    assert result.bound == pytest.approx(result.cost)
    unreached = problem.must_cover & ~reached_by(problem, result.chosen)
    assert np.flatnonzero(unreached).tolist() == result.uncovered.tolist()


@pytest.mark.usefixtures("always_reduce")
@pytest.mark.parametrize("seed", range(40))
def test_reduced_cover_is_as_cheap(seed):
    problem = random_cover(seed, share=0.35)
    assert solve_cover(problem).cost == pytest.approx(_reference.enumerate_cheapest_cover(problem))


@pytest.mark.usefixtures("always_price")
@pytest.mark.parametrize("seed", range(40))
def test_priced_cover_is_as_cheap(seed):
    problem = random_cover(seed, share=0.35)
    result = solve_cover(problem)
    assert result.status == "optimal"
    assert result.cost == pytest.approx(_reference.enumerate_cheapest_cover(problem))


@pytest.mark.usefixtures("always_reduce")
def test_line_reduces_to_next_to_nothing():
    problem = line_cover()
    reach = np.zeros((60, 300), dtype=bool)
    for i in range(60):
        reach[i, problem.indices[problem.indptr[i] : problem.indptr[i + 1]]] = True
    rest = cover._open_part(
        cover.sparse.csr_array(reach.astype(np.int8)), problem.must_cover, np.ones(60, bool)
    )
    reduced = cover._reduce(rest, problem.cost, lambda: 1.0, None)
    assert reduced.by_cell.shape[0] < rest.by_cell.shape[0] / 5
    assert reduced.columns.size < 60
    result = solve_cover(problem)
    assert result.status == "optimal"
    assert (reached_by(problem, result.chosen) >= problem.must_cover).all()


def find_needless(sets, cost, *, drop_larger, steps_max=10**6, first=0):
    """Call the kernel as `cover` does: rarest element first, every set waiting there."""
    n_elements = 1 + max((e for one in sets for e in one), default=0)
    counts = np.bincount([e for one in sets for e in one], minlength=n_elements)
    ordered = [sorted(one, key=lambda e: (counts[e], e)) for one in sets]
    waiting = sorted((s for s, one in enumerate(ordered) if one), key=lambda s: (ordered[s][0], s))
    start = np.searchsorted([ordered[s][0] for s in waiting], np.arange(n_elements + 1))
    sketch = np.array([sum(1 << e for e in one) for one in sets], dtype=np.uint64)
    needless = np.zeros(len(sets), dtype=bool)
    place = _cover_kernels.find_needless(
        np.concatenate([[0], np.cumsum([len(one) for one in sets])]).astype(np.int64),
        np.array([e for one in ordered for e in one], dtype=np.int32),
        start.astype(np.int64),
        np.array(waiting, dtype=np.int64),
        sketch,
        sketch[np.array(waiting, dtype=np.int64)],
        np.array(cost[: len(sets)], dtype=float),
        drop_larger,
        first,
        steps_max,
        needless,
        np.full(n_elements, -1, dtype=np.int64),
    )
    return needless.tolist(), place


@settings(max_examples=60, deadline=None)
@given(
    sets=st.lists(st.sets(st.integers(0, 6), max_size=6), min_size=1, max_size=9),
    cost=st.lists(st.integers(1, 3), min_size=9, max_size=9),
    drop_larger=st.booleans(),
)
def test_reduction_agrees_with_its_plain_twin(sets, cost, drop_larger):
    needless, place = find_needless(sets, cost, drop_larger=drop_larger)
    assert place == len(sets)
    assert needless == _cover_reference.find_needless(sets, cost, drop_larger=drop_larger)


def test_reduction_that_runs_out_of_steps_says_where_it_stopped():
    sets = [{0}, {0, 1}, {0, 2}, {0, 3}]
    assert find_needless(sets, [0] * 4, drop_larger=True) == ([False, True, True, True], 4)
    needless, place = find_needless(sets, [0] * 4, drop_larger=True, steps_max=0)
    assert 0 < place < 4
    assert needless[place:] == [False] * (4 - place)


def test_reduction_out_of_time_leaves_a_valid_rest(monkeypatch):
    monkeypatch.setattr(cover, "STEPS_PER_CALL", 1)
    monkeypatch.setattr(cover, "CALLS_MAX", 2)
    monkeypatch.setattr(cover, "REDUCE_FROM", 0)
    problem = line_cover()
    hurried = solve_cover(problem)
    monkeypatch.undo()
    assert hurried.cost == solve_cover(problem).cost


def test_cover_without_time_falls_back_on_greedy():
    random = np.random.default_rng(0)
    reach = random.random((60, 200)) < 0.08
    problem = cover_problem(reach, random.uniform(1, 3, 60), reach.any(axis=0))
    hurried, patient = solve_cover(problem, time_limit_s=0.0), solve_cover(problem)
    assert patient.status == "optimal"
    assert (hurried.status, hurried.method) == ("time limit", "greedy")
    assert hurried.bound <= patient.cost + 1e-9
    assert patient.cost <= hurried.cost <= 1.5 * patient.cost
    assert reached_by(problem, hurried.chosen)[problem.must_cover].all()


def test_greedy_drops_what_later_choices_made_needless():
    # The wide one comes first (three cells for one), then both ends are needed and cover the middle.
    reach = [[0, 1, 1, 1, 0], [1, 1, 1, 0, 0], [0, 0, 0, 1, 1]]
    result = solve_cover(cover_problem(reach, [1.0, 1.0, 1.0]), time_limit_s=0.0)
    assert result.chosen.tolist() == [1, 2]


def test_goal_gap_is_kept():
    random = np.random.default_rng(1)
    reach = random.random((80, 200)) < 0.06
    problem = cover_problem(reach, random.integers(1, 20, 80), reach.any(axis=0))
    loose = solve_cover(problem, goal_gap=0.5)
    assert loose.status in ("optimal", "feasible")
    assert loose.gap <= 0.5
    assert loose.bound <= solve_cover(problem).cost + 1e-9


def test_forced_candidates_are_in_and_forbidden_ones_out():
    reach = [[1, 1, 0], [0, 1, 1], [1, 1, 1]]
    problem = cover_problem(reach, [1.0, 1.0, 1.5])
    assert solve_cover(problem).chosen.tolist() == [2]
    assert solve_cover(problem, forced=[0]).chosen.tolist() == [0, 1]
    forbidden = solve_cover(problem, forbidden=[2])
    assert (forbidden.chosen.tolist(), forbidden.cost, forbidden.bound) == ([0, 1], 2.0, 2.0)
    everything = solve_cover(problem, forced=[2])
    assert (everything.chosen.tolist(), everything.method, everything.status) == (
        [2],
        "forced alone",
        "optimal",
    )


def test_impossible_choices_are_refused_together():
    problem = cover_problem([[1, 0], [1, 1]], [1.0, 1.0], labels=("hill", "tower"), cell_labels=("a", "b"))
    with pytest.raises(InfeasibleError) as caught:
        solve_cover(problem, forced=[1, 7], forbidden=[1])
    assert len(caught.value.problems) == 2
    assert "there is no candidate 7" in str(caught.value)
    assert "tower is forced and forbidden" in str(caught.value)
    with pytest.raises(InfeasibleError, match="b is reached by forbidden candidates only"):
        solve_cover(problem, forbidden=[1])


def test_many_lost_cells_are_counted_not_listed():
    problem = cover_problem(np.ones((1, 9)), [1.0])
    with pytest.raises(InfeasibleError, match="and 4 more cells"):
        solve_cover(problem, forbidden=[0])


def test_interrupt_while_proving_is_heard():
    def stop(stage, share):
        if stage == "prove":
            raise KeyboardInterrupt

    random = np.random.default_rng(3)
    reach = random.random((150, 400)) < 0.05
    problem = cover_problem(reach, random.integers(1, 20, 150), reach.any(axis=0))
    with pytest.raises(KeyboardInterrupt):
        solve_cover(problem, progress=stop)


def test_same_seed_gives_the_same_cover():
    problem = random_cover(5, 60, 150, 0.06)
    first, second = solve_cover(problem, seed=3), solve_cover(problem, seed=3)
    assert first.chosen.tolist() == second.chosen.tolist()


def test_cells_out_of_reach_are_refused_by_name():
    with pytest.raises(InfeasibleError, match=r"must_cover  S2-0004: is reached by no candidate"):
        SetCoverProblem(
            cost=np.array([1.0]),
            indptr=np.array([0, 1]),
            indices=np.array([0], dtype=np.int32),
            must_cover=np.array([True, True]),
            cell_labels=("S2-0003", "S2-0004"),
        )
