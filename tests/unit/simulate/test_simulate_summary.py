"""Sketches and summaries: what is exact, what is within a bin, and that merging changes nothing."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from small_watch import small_watch

from truceline.simulate import summary as summaries
from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.parameters import PARAMETERS, Draws, draw_parameters
from truceline.simulate.results import (
    COUNT_EDGES,
    COUNTED,
    DAY_MEASURE,
    DAY_MEASURES,
    DIAL,
    HORIZONS,
    MEASURE,
    MEASURES,
    N_CHAIN,
    N_RUNGS,
    N_SIDES,
    N_SURVIVAL_BINS,
    STAGES,
    SURVIVAL_EVERY,
    ChunkSums,
    add_chunks,
)
from truceline.simulate.settings import BASELINES
from truceline.simulate.sketch import LARGEST, N_BINS, RATIO, SMALLEST, Sketch, find_bins, make_sketch
from truceline.simulate.summary import (
    SUMMARY_MEASURE,
    SUMMARY_MEASURES,
    Summary,
    measure_replicates,
    merge_summaries,
    summarise_chunk,
)

SHARES = (0.1, 0.5, 0.9)
WHOLE = st.lists(st.integers(-25, 25), min_size=1, max_size=60)
NUMBERS = st.floats(SMALLEST * 1.01, LARGEST * 0.99).flatmap(lambda x: st.sampled_from([x, -x]))
SECTORS = ("S01", "S02")
N_DAYS = 40


def sketch_of(*values: float) -> Sketch:
    return make_sketch(np.array(values, dtype=float)[:, np.newaxis])


def rank_value(values: list[float] | list[int], share: float) -> float:
    """Twin of `Sketch.quantile`: the smallest value that at least `share` of the values do not exceed."""
    ordered = sorted(values)
    return float(ordered[max(math.ceil(share * len(ordered) - 1e-9), 1) - 1])


@given(WHOLE, st.sampled_from(SHARES))
@example([0], 0.5)
def test_quantiles_of_small_whole_numbers_are_exact(values: list[int], share: float) -> None:
    assert sketch_of(*values).quantile(share)[0] == pytest.approx(rank_value(values, share), rel=1e-12)


@given(st.lists(NUMBERS, min_size=1, max_size=40), st.sampled_from(SHARES))
def test_any_other_quantile_is_within_its_bin(values: list[float], share: float) -> None:
    wanted = rank_value(values, share)
    assert sketch_of(*values).quantile(share)[0] == pytest.approx(wanted, rel=RATIO - 1 + 1e-9)


@given(st.lists(NUMBERS | st.just(0.0), min_size=2, max_size=40))
def test_bins_keep_the_order_of_values_and_hold_only_near_ones(values: list[float]) -> None:
    ordered = np.sort(np.array(values))
    bins = find_bins(ordered)
    assert (np.diff(bins) >= 0).all()
    assert ((bins >= 0) & (bins < N_BINS)).all()
    for low, high, is_same in zip(ordered, ordered[1:], np.diff(bins) == 0, strict=False):
        if is_same and low != high:
            assert abs(high - low) <= (RATIO - 1) * max(abs(low), abs(high)) + 2 * SMALLEST


@given(st.lists(NUMBERS, max_size=30), st.lists(NUMBERS, max_size=30))
def test_two_sketches_add_up_to_the_sketch_of_both(first: list[float], second: list[float]) -> None:
    both = sketch_of(*first, *second)
    added = sketch_of(*first).add(sketch_of(*second))
    assert_array_equal(added.counts, both.counts)
    assert_allclose(added.totals, both.totals, rtol=1e-12)


def test_missing_values_are_counted_apart_and_disturb_nothing() -> None:
    sketch = sketch_of(math.nan, 1.0, 3.0, math.nan, 2.0)
    assert (sketch.n[0], sketch.n_missing[0]) == (3, 2)
    assert (sketch.quantile(0.5)[0], sketch.means[0]) == (2.0, 2.0)
    nothing = sketch_of(math.nan)
    assert np.isnan([nothing.quantile(0.5)[0], nothing.means[0], nothing.share_above(0.0)[0]]).all()


def test_values_beyond_the_last_bin_keep_their_mean() -> None:
    sketch = sketch_of(5 * LARGEST, 7 * LARGEST, -SMALLEST / 10)
    assert sketch.means[0] == pytest.approx(4 * LARGEST)
    assert sketch.quantile(0.9)[0] == pytest.approx(6 * LARGEST)


def test_the_share_above_nought_leaves_out_nought_itself() -> None:
    assert sketch_of(-1.0, 0.0, 0.0, 2.0, 5.0).share_above(0.0)[0] == pytest.approx(0.4)


def test_the_band_of_a_median_holds_it_in_about_nineteen_of_twenty_samples() -> None:
    random = np.random.default_rng(5)
    samples = random.exponential(1.0, (400, 300))
    low, high = make_sketch(samples).median_band()
    held = np.mean((low <= math.log(2) * RATIO) & (high >= math.log(2) / RATIO))
    assert 0.93 <= held <= 1.0
    one, other = (float(np.subtract(*make_sketch(samples[:n, :1]).median_band()[::-1])[0]) for n in (25, 400))
    assert one > other


# --- a summary of a chunk made by hand


def made_chunk(n: int, seed: int) -> ChunkSums:
    random = np.random.default_rng(seed)
    measures = np.zeros((n, len(MEASURES)))
    measures[:, MEASURE["n_incidents"]] = random.poisson(30, n)
    measures[:, MEASURE["n_detected"]] = random.binomial(measures[:, MEASURE["n_incidents"]].astype(int), 0.5)
    measures[:, MEASURE["minsk_hazard_30"]] = random.exponential(1.0, n)
    measures[:, MEASURE["armistice_hazard_30"]] = 0.01
    for name in ("surge_day", "runaway_day", "first_response_day"):
        measures[:, MEASURE[name]] = np.nan
    daily = random.poisson(3.0, (n, N_DAYS))
    day_counts = np.zeros((len(COUNTED), N_DAYS, len(COUNT_EDGES)), dtype=np.int64)
    for day in range(N_DAYS):
        day_counts[0, day] = np.bincount(daily[:, day], minlength=len(COUNT_EDGES))
    day_sums = np.zeros((N_DAYS, len(DAY_MEASURES)))
    day_sums[:, DAY_MEASURE["n_incidents"]] = daily.sum(axis=0)
    day_sums[:, DAY_MEASURE["n_running"]] = n
    curve = (len(BASELINES), len(DIAL), N_DAYS // SURVIVAL_EVERY + 1)
    survival_counts = np.zeros((*curve[:2], len(HORIZONS), N_SURVIVAL_BINS), dtype=np.int64)
    survival_counts[..., 0, :] = random.multinomial(n, np.full(N_SURVIVAL_BINS, 1 / N_SURVIVAL_BINS))
    halves = np.full(curve, n / 2)
    return ChunkSums(
        n=n,
        measures=measures,
        day_sums=day_sums,
        day_counts=day_counts,
        survival=halves,
        survival_strict=halves,
        survival_counts=survival_counts,
        ladder=random.integers(0, 9, (N_RUNGS, N_RUNGS)),
        chains=random.integers(0, 9, N_CHAIN),
        by_rung=random.integers(0, 9, (N_RUNGS, len(STAGES))),
        by_sector=random.integers(0, 9, (len(SECTORS), N_SIDES, len(STAGES))),
        sectors=SECTORS,
    )


def draw(first: int, n: int) -> Draws:
    return draw_parameters(load_ceasefire_assumptions(), first=first, n=n, seed=3)


def summarise(n: int, seed: int, first: int = 0) -> Summary:
    return summarise_chunk(made_chunk(n, seed), draw(first, n))


def arrays_of(summary: Summary) -> dict[str, npt.NDArray[np.float64]]:
    flat = {field.name: getattr(summary, field.name) for field in fields(Summary)}
    sketch = flat.pop("measures")
    flat.update(counts=sketch.counts, totals=sketch.totals, n_missing=sketch.n_missing)
    return {name: value for name, value in flat.items() if isinstance(value, np.ndarray)}


def test_a_summary_says_what_numpy_says_of_the_rows() -> None:
    chunk = made_chunk(200, 1)
    summary = summarise_chunk(chunk, draw(0, 200))
    band = summary.band("n_incidents")
    rows = chunk.column("n_incidents")
    low, median, high = (rank_value(list(rows), share) for share in SHARES)
    assert (band.low, band.median, band.high) == pytest.approx((low, median, high), rel=RATIO - 1)
    assert band.mean == pytest.approx(rows.mean())
    assert summary.mean("detected_share") == pytest.approx(np.mean(chunk.column("n_detected") / rows))


def test_shares_of_nothing_are_missing_and_no_nought() -> None:
    chunk = made_chunk(10, 1)
    chunk.measures[:4, MEASURE["n_incidents"]] = 0
    band = summarise_chunk(chunk, draw(0, 10)).band("detected_share")
    assert (band.n, band.n_missing) == (6, 4)


def test_a_replicate_that_ran_away_before_the_horizon_does_not_hold() -> None:
    chunk = made_chunk(4, 1)
    chunk.measures[:, MEASURE["minsk_hazard_30"]] = [1.0, 1.0, 1.0, np.nan]
    chunk.measures[1, MEASURE["surge_day"]] = 29
    chunk.measures[2, MEASURE["surge_day"]] = 30
    chunk.measures[3, MEASURE["surge_day"]] = chunk.measures[3, MEASURE["runaway_day"]] = 5
    rows = measure_replicates(chunk)
    holds = math.exp(-1.0)
    assert_allclose(rows[:, SUMMARY_MEASURE["minsk_survival_30"]], [holds, holds, holds, 0.0])
    assert np.isnan(rows[:, SUMMARY_MEASURE["minsk_survival_365"]]).all()


def test_merging_summaries_is_summarising_everything_at_once() -> None:
    parts = [made_chunk(n, n) for n in (50, 70, 30)]
    draws = draw(0, 150)
    merged = summarise_chunk(parts[0], draws.take(slice(0, 50)))
    merged = merge_summaries(merged, summarise_chunk(parts[1], draws.take(slice(50, 120))))
    merged = merge_summaries(merged, summarise_chunk(parts[2], draws.take(slice(120, 150))))
    whole = summarise_chunk(add_chunks(add_chunks(parts[0], parts[1]), parts[2]), draws)
    for name, value in arrays_of(whole).items():
        assert_allclose(arrays_of(merged)[name], value, rtol=1e-12, err_msg=name)
    assert (merged.n, merged.n_days, merged.sectors) == (150, N_DAYS, SECTORS)


def test_merging_in_one_order_gives_the_same_bytes() -> None:
    def merge() -> bytes:
        total = summarise(40, 1)
        for i in (1, 2, 3):
            total = merge_summaries(total, summarise(40, i + 1, first=40 * i))
        return b"".join(value.tobytes() for value in arrays_of(total).values())

    assert merge() == merge()


def test_memory_stops_growing_once_the_first_replicates_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "KEPT", 60)

    def size(summary: Summary) -> int:
        return sum(value.nbytes for value in arrays_of(summary).values())

    total = summarise(50, 0)
    sizes = []
    for i in range(1, 6):
        total = merge_summaries(total, summarise(50, i, first=50 * i))
        sizes.append(size(total))
    assert len(set(sizes)) == 1
    assert total.kept_values.shape == (60, len(PARAMETERS))
    assert total.kept_measures.shape == (60, len(SUMMARY_MEASURES))
    assert_allclose(total.kept_values, np.stack([draw(0, 60).values[name] for name in PARAMETERS], axis=1))


def test_summaries_of_other_lines_or_horizons_are_not_merged() -> None:
    one = summarise(10, 1)
    for other in (replace(one, sectors=("X",)), replace(one, n_days=3)):
        with pytest.raises(ValueError, match="cannot be merged"):
            merge_summaries(one, other)


def test_days_are_read_off_their_histogram() -> None:
    summary = summarise(101, 4)
    random = np.random.default_rng(4)  # the draws of `made_chunk`, in its order
    incidents = random.poisson(30, 101)
    random.binomial(incidents, 0.5)
    random.exponential(1.0, 101)
    daily = random.poisson(3.0, (101, N_DAYS))
    for share in SHARES:
        wanted = np.quantile(daily, share, axis=0, method="inverted_cdf")
        assert_array_equal(summary.day_quantile("n_incidents", share), wanted)
    assert_allclose(summary.day_mean("n_incidents"), daily.mean(axis=0))


def test_days_that_nobody_reached_have_no_count() -> None:
    chunk = made_chunk(5, 1)
    chunk.day_counts[:, 30:] = 0
    chunk.day_sums[30:] = 0
    summary = summarise_chunk(chunk, draw(0, 5))
    assert np.isnan(summary.day_quantile("n_incidents", 0.5)[30:]).all()
    assert np.isnan(summary.day_mean("n_incidents")[30:]).all()
    assert np.isfinite(summary.day_quantile("n_incidents", 0.5)[:30]).all()


def test_survival_is_told_for_marks_of_the_dial_and_horizons_only() -> None:
    summary = summarise(100, 2)
    low, median, high = summary.survival_band("minsk", 1.0, 30)
    assert 0.0 < low < median < high < 1.0
    assert np.isnan(summary.survival_band("minsk", 1.0, 365)).all()
    assert math.isnan(summary.survival_mean("minsk", 1.0, 365))
    assert summary.survival_mean("armistice", 0.15, 30) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="not in tuple"):
        summary.survival_curve("minsk", 0.123)
    with pytest.raises(ValueError, match="not in tuple"):
        summary.survival_curve("mean", 1.0)


def test_the_small_watch_of_the_tests_is_nested() -> None:
    watch = small_watch()
    assert (watch.p_detect >= watch.p_verify).all()
    assert (watch.p_verify >= watch.p_attribute).all()
