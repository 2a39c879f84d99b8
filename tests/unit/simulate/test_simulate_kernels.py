"""The compiled loop gives what its slow twin gives, to the last bit; keyed numbers are what they claim."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from truceline.simulate import _draws, _kernels, _pool, _reference
from truceline.simulate import _layout as at
from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.results import COUNT_EDGES
from truceline.simulate.run import (
    lay_out_places,
    make_rows,
    make_rules,
    make_sums,
    parameter_matrix,
    run_chunk,
)
from truceline.simulate.settings import Settings, read_settings
from truceline.simulate.watch import Watch, make_watch

ROWS = 20_000


@dataclass(frozen=True)
class MadeDraws:
    """A few replicates at chosen values."""

    values: Mapping[str, np.ndarray]
    n: int
    first: int = 0

    def __len__(self) -> int:
        return self.n


def hold(n: int = 2, first: int = 0, **values: float) -> MadeDraws:
    """Return draws that all have the same values; the rest is central."""
    return MadeDraws({name: np.full(n, float(value)) for name, value in values.items()}, n, first)


def settle(n_days: int = 30, **constants: float) -> Settings:
    """Return settings with some constants changed."""
    return read_settings(load_ceasefire_assumptions(), n_days=n_days, **constants)


def uneven_watch(n_bins: int = 40, seed: int = 5) -> Watch:
    """Return a watch that differs from place to place, state to state and rung to rung, with blind places."""
    chance = np.random.default_rng(seed)
    detect = chance.random((n_bins, 3, 5)) * (chance.random((n_bins, 1, 1)) > 0.2)
    verify = detect * chance.random((n_bins, 3, 5))
    attribute = verify * chance.random((n_bins, 3, 5))
    sectors = [f"S{b * 3 // n_bins}" for b in range(n_bins)]
    where = chance.random(n_bins) * (chance.random(n_bins) > 0.3)
    return make_watch(detect, verify, attribute, n_bins=n_bins, where=where, sectors=sectors, bin_km=2.5)


def assert_twins_agree(watch: Watch, draws: MadeDraws, how: Settings, seed: int) -> int:
    """Check sums and rows of both loops; return how many rows there were."""
    matrix, places, rules = parameter_matrix(draws, how), lay_out_places(watch), make_rules(how, seed)
    fast, slow = (make_sums(len(draws), how.n_days, len(watch.sector_names)) for _ in range(2))
    rows = make_rows(ROWS)
    n = _kernels.simulate(matrix, draws.first, places, rules, fast, rows)
    written = _reference.simulate(matrix, draws.first, places, rules, slow)
    for name in fast._fields:
        assert_array_equal(getattr(fast, name), getattr(slow, name), err_msg=name)
    assert n == len(written) <= ROWS
    columns = (rows.key, rows.parent, rows.root, rows.real[:, 0], rows.real[:, 1], *rows.whole.T)
    for j, column in enumerate(columns):
        assert_array_equal(column[:n], np.array([row[j] for row in written], dtype=column.dtype))
    return n


CASES = {
    "central": ({}, {}),
    "nothing happens": ({"background_rate": 0.0, "false_report_rate": 0.0}, {}),
    "busy and quick": ({"background_rate": 3.0, "n_cross": 0.5, "n_self": 0.4, "delay": 0.2}, {}),
    "slow answers": ({"delay": 7.0, "spread": 60.0}, {}),
    "all deliberate and deterred": (
        {"deliberate_share": 1.0, "p_consequence": 1.0, "deterrence_threshold": 0.1, "background_rate": 3.0},
        {},
    ),
    "all moved": (
        {"deliberate_share": 1.0, "p_consequence": 1.0, "deterrence_threshold": 0.05, "displaced_share": 1.0},
        {"displacement_reach": 60.0},
    ),
    "hair trigger": ({"background_rate": 2.0, "wrong_side": 0.3}, {"trigger_count": 1, "trigger_days": 3}),
    "quick collapse": (
        {"background_rate": 2.0, "background_cv": 1.0},
        {"surge_multiple": 1, "surge_days": 2},
    ),
    "heavy tail": ({"size_mean": 25.0, "size_dispersion": 0.1}, {}),
    "single shots": ({"size_mean": 1.0}, {}),
    "steep ladder": ({"escalation_up": 0.4, "n_self": 0.4, "n_cross": 0.4, "clarification": 0.3}, {}),
    "many false reports": ({"false_report_rate": 5.0}, {"trigger_count": 0}),
    "memoryless": ({"hazard_shape": 1.0, "hazard_exponent": 0.0, "hr_monitor": 1.0}, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_compiled_loop_agrees_with_plain_python(case: str) -> None:
    drawn, constants = CASES[case]
    assert_twins_agree(uneven_watch(), hold(2, first=11, **drawn), settle(30, **constants), seed=3)


def test_the_twins_agree_over_the_first_horizon_and_its_survival() -> None:
    n = assert_twins_agree(uneven_watch(), hold(1, background_rate=2.0), settle(370), seed=8)
    assert n > 500


@pytest.mark.parametrize("state_share", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.3, 0.0, 0.7)])
def test_the_twins_agree_where_some_states_never_occur(state_share: tuple[float, float, float]) -> None:
    watch = make_watch(0.6, 0.4, 0.3, n_bins=7, state_share=state_share)
    drawn = {"background_rate": 9.0, "p_consequence": 1.0, "deliberate_share": 1.0}
    assert assert_twins_agree(watch, hold(2, **drawn), settle(12), seed=1) > 0


@pytest.mark.parametrize("limit", ["in_flight_max", "day_incidents_max"])
def test_the_twins_agree_on_a_replicate_that_runs_away(limit: str) -> None:
    how = Settings({**settle().constants, "n_self": 0.9}, n_days=40, **{limit: 60})
    draws = hold(2, background_rate=2.0, n_cross=0.8, delay=1.0)
    assert assert_twins_agree(uneven_watch(), draws, how, seed=2) > 60


def test_the_twins_agree_when_the_pool_has_to_grow() -> None:
    watch = make_watch(0.5, 0.2, 0.1, n_bins=200)
    draws = hold(1, background_rate=60.0, first_week_level=1.0, delay=7.0, n_self=0.4, n_cross=0.5)
    how = settle(16)
    assert assert_twins_agree(watch, draws, how, seed=4) > 4_000
    small = replace(how, in_flight_max=_pool.POOL_FIRST)
    assert not np.isnan(run_chunk(watch, draws, small, 4).column("runaway_day")).any()  # so it did grow


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(-(2**63), 2**64),
    first=st.integers(0, 2**40),
    rate=st.floats(0.0, 5.0),
    delay=st.floats(0.05, 10.0),
    n_cross=st.floats(0.0, 0.5),
    phi=st.floats(0.0, 1.0),
    n_bins=st.integers(1, 30),
    n_days=st.integers(1, 15),
)
def test_the_twins_agree_whatever_the_numbers(
    seed: int, first: int, rate: float, delay: float, n_cross: float, phi: float, n_bins: int, n_days: int
) -> None:
    draws = hold(
        1, first, background_rate=rate, delay=delay, n_cross=n_cross, deliberate_share=phi, p_consequence=1.0
    )
    assert_twins_agree(uneven_watch(n_bins + 3), draws, settle(n_days, trigger_count=0), seed)


def test_keys_and_numbers_are_those_of_plain_python() -> None:
    keys = [0, 1, 2**63, 2**64 - 1, 0x0123456789ABCDEF]
    for key in keys:
        assert _draws.mix(np.uint64(key)) == _reference.mix(key)
        assert _draws.child_key(np.uint64(key), 7) == _reference.child_key(key, 7)
        for purpose in (0, at.SIZE, at.FALSE_VERIFIED):
            assert _draws.uniform(np.uint64(key), purpose) == _reference.uniform(key, purpose)


def test_the_hash_is_splitmix64() -> None:
    """First numbers of SplitMix64 from the state 1234567, as its author's program prints them."""
    first = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    golden = 0x9E3779B97F4A7C15
    assert [_reference.mix((1234567 + i * golden) % 2**64) for i in (1, 2, 3)] == first


def test_no_two_purposes_of_a_key_share_a_number() -> None:
    purposes = [
        at.WHERE, at.WITHIN, at.WEATHER, at.NIGHT, at.HOUR, at.KIND, at.DELIBERATE, at.DETERRED, at.MOVED,
        at.MOVED_FIRST, at.SIZE, at.SEEN, at.NAMED, at.N_SELF, at.N_CROSS, at.DELAY, at.STEP, at.STEP + 1,
        at.RUNG_STEP, at.BLAMED, at.FALSE_VERIFIED,
    ]  # fmt: skip
    assert len(set(purposes)) == len(purposes)


def key_of(parent: int, number: int) -> np.uint64:
    """Return a child's key as compiled code takes it."""
    return np.uint64(_draws.child_key(np.uint64(parent), number))


def test_uniform_numbers_of_many_keys_are_even() -> None:
    u = np.array([_draws.uniform(np.uint64(key), 3) for key in range(20_000)])
    assert 0.0 < u.min() < u.max() < 1.0
    assert u.mean() == pytest.approx(0.5, abs=0.01)
    counts = np.histogram(u, bins=20, range=(0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 45  # chi-squared with 19 degrees: one in a thousand


@pytest.mark.parametrize("mean", [0.0, 0.25, 3.0, 80.0, 1700.0])
def test_poisson_numbers_have_their_mean_and_variance(mean: float) -> None:
    n = np.array([_draws.poisson(key_of(5, i), mean) for i in range(4_000)])
    error = 5.0 * math.sqrt(mean / len(n)) + 1e-12
    assert n.mean() == pytest.approx(mean, abs=error)
    assert n.var() == pytest.approx(mean, rel=0.12, abs=1e-12)


def test_one_key_gives_more_when_the_mean_is_larger() -> None:
    means = np.linspace(0.0, 20.0, 41)
    for i in range(200):
        n = [_draws.poisson(key_of(9, i), mean) for mean in means]
        assert n == sorted(n)


def test_normal_numbers_are_normal() -> None:
    x = np.array([_draws.normal(key_of(1, i), 0) for i in range(20_000)])
    assert x.mean() == pytest.approx(0.0, abs=0.03)
    assert x.std() == pytest.approx(1.0, abs=0.03)
    assert (np.abs(x) > 1.959964).mean() == pytest.approx(0.05, abs=0.008)


def test_histogram_bins_hold_their_counts() -> None:
    from truceline.simulate._end_of_day import count_bin

    assert [count_bin(COUNT_EDGES, n) for n in range(17)] == list(range(17))
    last = len(COUNT_EDGES) - 1
    assert count_bin(COUNT_EDGES, int(COUNT_EDGES[-1]) * 10) == last
    for b in (20, 60, last):
        edge = int(COUNT_EDGES[b])
        assert (count_bin(COUNT_EDGES, edge - 1), count_bin(COUNT_EDGES, edge)) == (b - 1, b)
