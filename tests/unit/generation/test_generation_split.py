"""Shapley values and interactions: the axioms, a slow twin by orders of arrival, how sets are evaluated."""

from __future__ import annotations

import itertools
import math
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from truceline.errors import ScenarioError
from truceline.generation.split import (
    N_TASKS_MAX,
    FloatArray,
    count_tasks,
    evaluate_subsets,
    find_null_tasks,
    interaction_indices,
    marginal_range,
    order_waterfall,
    shapley_values,
    value_alone,
    value_last,
)

VALUE = st.floats(-1000, 1000, allow_nan=False, width=32)


@st.composite
def games(draw: st.DrawFn, n_min: int = 1, n_max: int = 5) -> FloatArray:
    n = draw(st.integers(n_min, n_max))
    return draw(arrays(np.float64, (1 << n, draw(st.integers(1, 3))), elements=VALUE))


def shapley_by_orders(values: FloatArray) -> FloatArray:
    """Walk through every order in which the tasks can arrive."""
    n = values.shape[0].bit_length() - 1
    total = np.zeros((n, values.shape[1]))
    for order in itertools.permutations(range(n)):
        mask = 0
        for i in order:
            total[i] += values[mask | 1 << i] - values[mask]
            mask |= 1 << i
    return total / math.factorial(n)


def condition(values: FloatArray, task: int, *, there: bool) -> FloatArray:
    """Return the game of the others when one task is always or never there."""
    masks = np.array([mask for mask in range(values.shape[0]) if mask >> task & 1 == there])
    return values[masks]


def swap(values: FloatArray, i: int, j: int) -> FloatArray:
    """Return the game with two tasks renamed into each other."""
    masks = np.arange(values.shape[0])
    moved = masks & ~(1 << i | 1 << j) | (masks >> i & 1) << j | (masks >> j & 1) << i
    return values[moved]


# --- the split ---------------------------------------------------------------------------------------------


@given(games())
@settings(max_examples=60, deadline=None)
def test_the_split_is_the_average_over_all_orders(values: FloatArray) -> None:
    assert_allclose(shapley_values(values), shapley_by_orders(values), atol=1e-8)


def test_six_tasks_agree_with_all_720_orders() -> None:
    values = np.random.default_rng(7).normal(size=(64, 2))
    assert_allclose(shapley_values(values), shapley_by_orders(values), atol=1e-12)


@given(games(n_max=7))
def test_the_parts_add_up_to_the_whole(values: FloatArray) -> None:
    assert_allclose(shapley_values(values).sum(axis=0), values[-1] - values[0], atol=1e-8)


@given(games(n_min=2))
def test_tasks_that_trade_places_trade_values(values: FloatArray) -> None:
    plain, swapped = shapley_values(values), shapley_values(swap(values, 0, 1))
    assert_allclose(swapped[[1, 0]], plain[[0, 1]], atol=1e-8)
    alike = values + swap(values, 0, 1)
    assert_allclose(*shapley_values(alike)[:2], atol=1e-8)


@given(games(n_max=4))
def test_a_task_that_changes_nothing_gets_nothing(values: FloatArray) -> None:
    n = count_tasks(values)
    padded = np.concatenate([values, values])  # the last task leaves every set as it was
    assert_allclose(shapley_values(padded)[n], 0, atol=1e-9)
    assert_allclose(interaction_indices(padded)[n], 0, atol=1e-9)
    assert find_null_tasks(padded)[n]
    assert_allclose(shapley_values(padded)[:n], shapley_values(values), atol=1e-8)


@given(games(n_min=3, n_max=3), st.integers(0, 2**31))
def test_the_split_of_a_sum_is_the_sum_of_splits(values: FloatArray, seed: int) -> None:
    other = np.random.default_rng(seed).normal(size=values.shape)
    assert_allclose(shapley_values(values + other), shapley_values(values) + shapley_values(other), atol=1e-8)
    assert_allclose(
        interaction_indices(values + other),
        interaction_indices(values) + interaction_indices(other),
        atol=1e-8,
    )


# --- pairs -------------------------------------------------------------------------------------------------


@given(games(n_min=2))
@settings(max_examples=60, deadline=None)
def test_an_interaction_is_what_one_gains_when_the_other_is_always_there(values: FloatArray) -> None:
    pairs = interaction_indices(values)
    n = count_tasks(values)
    for i, j in itertools.permutations(range(n), 2):
        place = i - (i > j)  # where task i stands when j is left out
        gain = (
            shapley_values(condition(values, j, there=True))
            - shapley_values(condition(values, j, there=False))
        )[place]
        assert_allclose(pairs[i, j], gain, atol=1e-8)


@given(games(n_min=2))
def test_interactions_are_mutual_and_their_diagonal_is_the_split(values: FloatArray) -> None:
    pairs = interaction_indices(values)
    assert_array_equal(pairs, pairs.transpose(1, 0, 2))
    assert_array_equal(np.diagonal(pairs).T, shapley_values(values))


@given(st.integers(2, 6), st.integers(0, 2**31))
def test_where_only_pairs_interact_each_task_takes_half_of_every_pair(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    own, together = rng.normal(size=n), np.triu(rng.normal(size=(n, n)), 1)
    values = np.zeros((1 << n, 1))
    for mask in range(1 << n):
        inside = np.array([mask >> i & 1 for i in range(n)], dtype=float)
        values[mask, 0] = own @ inside + inside @ together @ inside
    pairs = interaction_indices(values)[:, :, 0]
    assert_allclose(pairs[np.triu_indices(n, 1)], together[np.triu_indices(n, 1)], atol=1e-9)
    off = pairs - np.diag(np.diag(pairs))
    assert_allclose(shapley_values(values)[:, 0], value_alone(values)[:, 0] + off.sum(axis=1) / 2, atol=1e-9)


def test_two_tasks_that_only_work_together_share_it_and_need_each_other() -> None:
    values = np.array([[0.0], [0.0], [0.0], [10.0]])
    assert shapley_values(values).ravel().tolist() == [5, 5]
    assert interaction_indices(values)[0, 1, 0] == 10
    assert value_alone(values).ravel().tolist() == [0, 0]
    assert value_last(values).ravel().tolist() == [10, 10]
    assert marginal_range(values)[:, 0].tolist() == [[0, 10], [0, 10]]


def test_two_tasks_of_which_either_will_do_have_a_negative_interaction() -> None:
    values = np.array([[0.0], [10.0], [10.0], [10.0]])
    assert shapley_values(values).ravel().tolist() == [5, 5]
    assert interaction_indices(values)[0, 1, 0] == -10
    assert value_last(values).ravel().tolist() == [0, 0]
    assert not find_null_tasks(values).any(), "taking either away changes nothing, yet neither is worthless"


@given(games(n_max=6))
def test_a_value_lies_between_the_least_and_the_most_a_task_changes(values: FloatArray) -> None:
    low, high = np.moveaxis(marginal_range(values), 2, 0)
    for part in (shapley_values(values), value_alone(values), value_last(values)):
        assert (part >= low - 1e-8).all()
        assert (part <= high + 1e-8).all()


# --- the waterfall -----------------------------------------------------------------------------------------


@given(games(n_max=6))
def test_a_waterfall_runs_from_nothing_to_everything(values: FloatArray) -> None:
    fall = order_waterfall(values, 0)
    assert fall.base == values[0, 0]
    assert fall.total == values[-1, 0]
    at = fall.base
    for step in fall.steps:
        assert step.start == at
        assert step.end == pytest.approx(step.start + step.value)
        assert step.alone + step.interaction == pytest.approx(step.value, abs=1e-9)
        at = step.end
    assert at == pytest.approx(fall.total, abs=1e-7)
    sizes = [abs(step.value) for step in fall.steps]
    assert all(a >= b - 1e-6 for a, b in itertools.pairwise(sizes))
    assert sorted(step.task for step in fall.steps) == list(range(count_tasks(values)))


def test_equal_steps_keep_their_own_order() -> None:
    values = np.array([[bin(mask).count("1") / 3] for mask in range(32)])
    assert [step.task for step in order_waterfall(values, 0).steps] == [0, 1, 2, 3, 4]


def test_a_waterfall_of_a_measure_that_is_not_there_is_refused() -> None:
    with pytest.raises(ScenarioError, match="there is no measure 2; 0 to 0"):
        order_waterfall(np.zeros((2, 1)), 2)


# --- evaluation --------------------------------------------------------------------------------------------


def measure(mask: int) -> tuple[float, float]:
    return math.sqrt(mask + 0.1), float(bin(mask).count("1"))


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_answer_has_the_same_bytes_whatever_the_number_of_workers(workers: int) -> None:
    expected = np.array([measure(mask) for mask in range(64)])
    assert evaluate_subsets(6, measure, workers=workers).tobytes() == expected.tobytes()


@pytest.mark.slow
def test_processes_give_the_same_bytes_as_threads() -> None:
    together = evaluate_subsets(4, measure, workers=2, pool="processes")
    assert together.tobytes() == evaluate_subsets(4, measure).tobytes()


def test_sets_with_one_key_are_evaluated_once() -> None:
    asked: list[int] = []

    def value(mask: int) -> tuple[float]:
        asked.append(mask)
        return (float(mask & 0b011),)

    values = evaluate_subsets(4, value, keys=lambda mask: mask & 0b011)
    assert asked == [0, 1, 2, 3]
    assert_array_equal(values[:, 0], np.arange(16) & 3)
    assert find_null_tasks(values).tolist() == [False, False, True, True]


def test_progress_is_told_to_the_end() -> None:
    heard: list[float] = []
    evaluate_subsets(3, measure, progress=lambda _, share: heard.append(share))
    assert heard == [(k + 1) / 8 for k in range(8)]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_ends_the_work(workers: int) -> None:
    count, lock = 0, threading.Lock()

    def value(mask: int) -> tuple[float]:
        nonlocal count
        with lock:
            count += 1
        threading.Event().wait(0.002)
        return (0.0,)

    def stop(_: str, share: float) -> None:
        if share > 0.01:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate_subsets(8, value, progress=stop, workers=workers)
    assert count < 128


def test_what_an_evaluation_raises_comes_through() -> None:
    def value(mask: int) -> tuple[float]:
        raise ScenarioError("no such force")

    with pytest.raises(ScenarioError, match="no such force"):
        evaluate_subsets(3, value, workers=2)


def test_too_many_tasks_and_no_worker_are_told_together() -> None:
    with pytest.raises(ScenarioError) as caught:
        evaluate_subsets(N_TASKS_MAX + 1, measure, workers=0)
    assert len(caught.value.problems) == 2
    assert "13 tasks cannot be split exactly; at most 12" in str(caught.value)


def test_uneven_and_endless_measures_are_named_by_their_set() -> None:
    answers = [(1.0, 2.0), (1.0,), (math.nan, 1.0), (math.inf, 1.0)]
    with pytest.raises(ScenarioError) as caught:
        evaluate_subsets(2, lambda mask: answers[mask])
    assert [problem.where for problem in caught.value.problems] == ["set 1", "set 10", "set 11"]


@pytest.mark.parametrize("shape", [(3, 1), (0, 1), (4,), (1 << 13, 1)])
def test_an_array_that_is_not_a_set_function_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ScenarioError, match="one for each set of n tasks"):
        shapley_values(np.zeros(shape))


def test_no_task_at_all_has_nothing_to_split() -> None:
    values = evaluate_subsets(0, measure)
    assert values.shape == (1, 2)
    assert shapley_values(values).shape == (0, 2)
    assert interaction_indices(values).shape == (0, 0, 2)
    assert order_waterfall(values, 0).steps == ()
    assert find_null_tasks(values).shape == (0,)


def test_one_task_is_worth_all_of_it() -> None:
    values = np.array([[1.0], [4.0]])
    assert shapley_values(values).tolist() == [[3]]
    assert interaction_indices(values).tolist() == [[[3]]]


def test_twelve_tasks_are_split_exactly() -> None:
    own = np.arange(1, 13, dtype=float)
    values = np.array([[sum(own[i] for i in range(12) if mask >> i & 1)] for mask in range(4096)])
    assert_allclose(shapley_values(values)[:, 0], own)
    off = interaction_indices(values)[:, :, 0]
    assert_allclose(off - np.diag(np.diag(off)), 0, atol=1e-9)
