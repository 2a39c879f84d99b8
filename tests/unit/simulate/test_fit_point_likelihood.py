"""The likelihood of timed incidents against the published vectors, its slow twins and quadrature."""

import csv
import itertools
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.simulate.fit import _point_kernels, _point_reference, _week_kernels
from truceline.simulate.fit.generate import simulate_point_model
from truceline.simulate.fit.point_likelihood import (
    Levels,
    make_cells,
    make_levels,
    steady_log_likelihood,
    walk_timeline,
    wandering_log_likelihood,
)
from truceline.simulate.fit.point_model import PointModel, make_timeline

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "simulate" / "ceasefire_examples.csv"
ONE = PointModel((0.8,), 0.4, 0.0, 1.5, 0.6, 0.5)
TWO = PointModel((0.8, 0.5), 0.3, 0.2, 1.5, 0.6, 0.5)
APART = replace(TWO, has_shared_periods=False)
MODELS = pytest.mark.parametrize("model", [ONE, TWO, APART], ids=["one side", "two sides", "weeks apart"])


def golden(name):
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["id"] == name)
    return json.loads(row["inputs_json"]), float(row["expected"]), float(row["tolerance"])


def drawn(model, days=60, seed=3):
    times, sides = simulate_point_model(model, days, seed)
    return make_timeline(times, days, sides if model.n_sides > 1 else None, least_events=1)


def marginal(timeline, model, n_levels=None):
    cells = make_cells(timeline, model.period_days, model.has_shared_periods)
    if n_levels:
        cells = replace(cells, levels=make_levels(n_levels))
    return wandering_log_likelihood(timeline, model, cells)


def test_r6_the_log_likelihood_of_four_incidents_is_the_published_one():
    given, value, tolerance = golden("R6")
    timeline = make_timeline(given["times"], given["T"], least_events=1)
    model = PointModel((given["mu"],), given["n"], 0.0, given["beta"])
    assert steady_log_likelihood(timeline, model)[0] == pytest.approx(value, abs=tolerance)
    assert _point_reference.sum_log_likelihood(timeline, model) == pytest.approx(value, abs=tolerance)


def test_r7_the_rescaled_gap_of_the_third_incident_is_the_published_one():
    given, value, tolerance = golden("R7")
    timeline = make_timeline(given["times"], given["times"][-1], least_events=1)
    model = PointModel((given["mu"],), given["n"], 0.0, given["beta"])
    (walk,) = walk_timeline(timeline, model)
    assert walk.rescaled_gaps[given["index"]] == pytest.approx(value, abs=tolerance)


@settings(max_examples=25)
@given(
    gaps=st.lists(st.floats(1e-6, 30.0), min_size=1, max_size=40),
    tail=st.floats(0.0, 30.0),
    mu=st.floats(1e-3, 50.0),
    n=st.floats(0.0, 0.99),
    beta=st.floats(1e-2, 1e3),
)
def test_one_pass_agrees_with_the_sum_over_all_pairs(gaps, tail, mu, n, beta):
    times = np.cumsum(gaps)
    felt = np.array([np.exp(-beta * (t - times[times < t])).sum() for t in times])
    expected = np.log(mu + n * beta * felt).sum() - mu * (times[-1] + tail)
    expected -= n * (1.0 - np.exp(-beta * (times[-1] + tail - times))).sum()
    # The gaps themselves: differences of their sums would lose the shortest ones.
    value, *_ = _point_kernels.log_likelihood(np.array(gaps), tail, mu, n, beta)
    assert value == pytest.approx(expected, rel=1e-7, abs=1e-7)


def test_the_fast_exponential_is_right_to_the_last_digits():
    gaps = np.concatenate([np.geomspace(1e-12, 690.0, 200), [0.0, 1e4, math.log(2.0), 2.0 * math.log(2.0)]])
    decay, bits = np.empty(256), np.empty(256, np.int64)
    _point_kernels.fill_decay(gaps, 0, len(gaps), 1.0, decay, bits, bits.view(np.float64))
    known = gaps < 700.0
    assert np.allclose(decay[: len(gaps)][known], np.exp(-gaps[known]), rtol=4e-16, atol=0.0)
    assert (decay[: len(gaps)][~known] < 1e-300).all()


def test_blocks_do_not_show_where_they_meet():
    gaps = np.random.default_rng(5).exponential(0.7, 1000)
    whole = [_point_kernels.log_likelihood(gaps[:k], 0.3, 0.5, 0.6, 1.3)[0] for k in (255, 256, 257, 1000)]
    felt, logs, sums = 0.0, 0.0, {}
    for i, gap in enumerate(gaps):
        felt = math.exp(-1.3 * gap) * (felt + 1.0) if i else 0.0
        logs += math.log(0.5 + 0.78 * felt)
        left = math.exp(-1.3 * 0.3) * (felt + 1.0)
        sums[i + 1] = logs - 0.5 * (gaps[: i + 1].sum() + 0.3) - 0.6 * (i + 1 - left)
    assert whole == pytest.approx([sums[k] for k in (255, 256, 257, 1000)], rel=1e-12)


@MODELS
def test_the_intensity_integrated_by_quadrature_gives_the_same_likelihood(model):
    timeline = drawn(model, days=20)
    expected = _point_reference.sum_log_likelihood(timeline, model)
    assert steady_log_likelihood(timeline, model)[0] == pytest.approx(expected, rel=1e-7)


def test_two_sides_that_are_one_side_twice_have_the_likelihood_of_one():
    timeline = drawn(ONE, days=100)
    gaps, sides = timeline.gaps, np.zeros(len(timeline.times), dtype=np.int64)
    one = _point_kernels.log_likelihood(gaps, timeline.tail, 0.8, 0.4, 1.5)
    value, by_mu, by_n, by_beta = _point_kernels.log_likelihood_sides(
        gaps, sides, timeline.tail, np.array([0.8]), np.array([[0.4]]), 1.5
    )
    assert (value, by_mu[0], by_n[0, 0], by_beta) == pytest.approx(one, rel=1e-10)


def slope_by_difference(value_of, model, name, step=1e-5):
    if name == "mu":
        tops, bottoms = [], []
        for side in range(model.n_sides):
            for rates, shift in ((tops, step), (bottoms, -step)):
                mu = list(model.mu)
                mu[side] += shift
                rates.append(value_of(replace(model, mu=tuple(mu))))
        return (np.array(tops) - np.array(bottoms)) / (2.0 * step)
    here = getattr(model, name)
    above, below = (value_of(replace(model, **{name: here + shift})) for shift in (step, -step))
    return (above - below) / (2.0 * step)


@MODELS
@pytest.mark.parametrize("is_wandering", [False, True], ids=["steady", "wandering"])
def test_derivatives_are_those_of_small_differences(model, is_wandering):
    timeline = drawn(model, days=150)

    def value_of(one):
        return marginal(timeline, one)[0] if is_wandering else steady_log_likelihood(timeline, one)[0]

    slopes = marginal(timeline, model)[1] if is_wandering else steady_log_likelihood(timeline, model)[1]
    names = ["mu", "n_self", "beta"] + ["n_cross"] * (model.n_sides > 1)
    for name in names + ["spread", "persistence"] * is_wandering:
        found = slope_by_difference(value_of, model, name)
        assert getattr(slopes, name) == pytest.approx(found, rel=1e-4, abs=1e-4), name


@pytest.mark.parametrize("model", [ONE, TWO], ids=["one side", "two sides"])
def test_the_grid_of_levels_integrates_as_quadrature_does(model):
    timeline = drawn(replace(model, persistence=0.0), days=30)
    expected = _point_reference.sum_out_periods(timeline, replace(model, persistence=0.0))
    assert marginal(timeline, replace(model, persistence=0.0))[0] == pytest.approx(expected, abs=3e-4)


@MODELS
def test_a_finer_grid_changes_nothing(model):
    timeline = drawn(model, days=400)
    assert marginal(timeline, model)[0] == pytest.approx(marginal(timeline, model, 401)[0], abs=2e-3)


def test_the_forward_pass_sums_over_every_path_of_levels():
    rng = np.random.default_rng(2)
    levels = make_levels(5)
    table, move = rng.normal(size=(4, 5)), levels.moves(0.7)
    logs, coming, seen = _week_kernels.forward_chain(table, levels.prior, move, False)
    assert logs.sum() == pytest.approx(_point_reference.pass_forward(table, levels.prior, move), rel=1e-12)
    smooth, _ = _week_kernels.smooth_chain(coming, seen, move, np.zeros_like(move), False)
    assert smooth.sum(axis=1) == pytest.approx(np.ones(4), rel=1e-12)
    # The first level given all: the share of the paths through it.
    shares = []
    for level in range(5):
        only = np.where(np.arange(5) == level, levels.prior, 0.0)
        shares.append(math.exp(_point_reference.pass_forward(table, only, move) - logs.sum()))
    assert smooth[0] == pytest.approx(shares, rel=1e-10)


def test_levels_have_mean_factor_one_and_keep_their_distribution():
    levels = make_levels(81)
    assert levels.prior @ levels.factors(0.6) == pytest.approx(1.0, abs=1e-4)
    moved = levels.prior @ levels.moves(0.6)
    assert moved == pytest.approx(levels.prior, abs=2e-5)


@MODELS
def test_what_is_said_step_by_step_adds_up_to_the_likelihood(model):
    timeline = drawn(model, days=100)
    total = sum(walk.log_density.sum() for walk in walk_timeline(timeline, model))
    assert total == pytest.approx(marginal(timeline, model)[0], abs=1e-9)
    steady = replace(model, spread=0.0)
    total = sum(walk.log_density.sum() for walk in walk_timeline(timeline, steady))
    assert total == pytest.approx(steady_log_likelihood(timeline, steady)[0], abs=1e-9)


@MODELS
def test_what_was_known_at_a_mark_is_the_likelihood_until_then(model):
    timeline, marks = drawn(model, days=63), np.array([10.0, 21.0, 40.5, 63.0])
    reached = sum(walk.reached for walk in walk_timeline(timeline, model, marks=marks))
    expected = [marginal(timeline.until(day), model, len(levels_of(timeline, model)))[0] for day in marks]
    assert reached == pytest.approx(expected, abs=1e-9)


def levels_of(timeline, model):
    return make_cells(timeline, model.period_days, model.has_shared_periods).levels.z


def test_without_wandering_rescaled_gaps_are_the_expected_incidents_between():
    model = replace(TWO, spread=0.0)
    timeline = drawn(model, days=15)
    (walk,) = walk_timeline(timeline, model)
    edges = [0.0, *timeline.times]
    expected = [
        _point_reference.expect_between(timeline, model, low, high)
        for low, high in itertools.pairwise(edges[:7])
    ]
    assert walk.rescaled_gaps[:6] == pytest.approx(expected, rel=1e-6)


def test_rescaled_gaps_under_the_true_model_are_exponential_though_the_level_is_unseen():
    times, _ = simulate_point_model(ONE, 4000, 8)
    (walk,) = walk_timeline(make_timeline(times, 4000), ONE)
    gaps = walk.rescaled_gaps
    assert gaps.mean() == pytest.approx(1.0, abs=4.0 / math.sqrt(len(gaps)))
    assert gaps.var() == pytest.approx(1.0, abs=4.0 * math.sqrt(8.0 / len(gaps)))
    p = np.sort(-np.expm1(-gaps))
    distance = np.abs(p - (np.arange(len(p)) + 0.5) / len(p)).max()
    assert distance < 1.63 / math.sqrt(len(p))


def test_one_level_is_no_wandering():
    timeline = drawn(ONE, days=100)
    cells = replace(make_cells(timeline, 7.0, True), levels=Levels(np.zeros(1), np.ones(1)))
    still = replace(ONE, spread=0.0)
    value = wandering_log_likelihood(timeline, still, cells)[0]
    assert value == pytest.approx(steady_log_likelihood(timeline, still)[0], rel=1e-12)
