"""Ensembles: the same bytes however they are cut, common random numbers, and what is refused before
anything runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_watch import small_watch

from truceline.errors import ScenarioError
from truceline.publish.simulation_record import document_simulation, dump_simulation
from truceline.simulate import ensemble
from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.ensemble import (
    CHUNK,
    MOST_REPLICATES,
    Comparison,
    bound_memory,
    check_simulation,
    compare_plans,
    simulate_plan,
)
from truceline.simulate.parameters import draw_parameters
from truceline.simulate.results import DIAL
from truceline.simulate.run import run_chunk
from truceline.simulate.settings import BASELINES, change_settings, read_settings
from truceline.simulate.summary import SUMMARY_MEASURE, measure_replicates
from truceline.simulate.watch import Watch, make_watch, no_watch

ASSUMPTIONS = load_ceasefire_assumptions()
SETTINGS = read_settings(ASSUMPTIONS, n_days=40)
N = 2 * CHUNK + 44
"""Two whole chunks and a short one."""


def run(watches: Sequence[Watch], n: int = N, seed: int = 5, **options: Any) -> Comparison:
    options = {"assumptions": ASSUMPTIONS, "settings": SETTINGS, **options}
    return compare_plans(watches, n_replicates=n, seed=seed, **options)


@cache
def against_nobody() -> Comparison:
    watch = small_watch()
    return run([watch, no_watch(watch)])


def text_of(found: Comparison) -> str:
    return dump_simulation(document_simulation(found))


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not() -> None:
    watch = small_watch()
    again = text_of(run([watch, no_watch(watch)]))
    assert again == text_of(against_nobody())
    assert again != text_of(run([watch, no_watch(watch)], seed=6))


def test_chunks_change_nothing_but_the_order_of_sums() -> None:
    summary = against_nobody().outcomes[0].summary
    draws = draw_parameters(ASSUMPTIONS, first=0, n=N, seed=5)
    whole = run_chunk(small_watch(), draws, SETTINGS, 5)
    for name in ("day_sums", "day_counts", "survival", "survival_counts", "ladder", "chains", "by_sector"):
        assert_array_equal(getattr(summary, name), getattr(whole, name), err_msg=name)
    assert_array_equal(summary.kept_measures, measure_replicates(whole)[: len(summary.kept_measures)])
    assert summary.mean("n_incidents") == pytest.approx(whole.column("n_incidents").mean())


def test_a_replicate_is_the_same_whatever_the_number_of_them() -> None:
    few = run([small_watch()], n=70).outcomes[0].summary
    many = against_nobody().outcomes[0].summary
    assert_array_equal(few.kept_values, many.kept_values[:70])
    assert_array_equal(few.kept_measures, many.kept_measures[:70])


def test_one_plan_alone_is_the_first_of_a_comparison() -> None:
    alone = simulate_plan(small_watch(), assumptions=ASSUMPTIONS, settings=SETTINGS, n_replicates=N, seed=5)
    assert text_of(Comparison((alone,), ())) == text_of(Comparison(against_nobody().outcomes[:1], ()))


def test_differences_are_taken_replicate_by_replicate() -> None:
    found = against_nobody()
    first, other = (outcome.summary for outcome in found.outcomes)
    (difference,) = found.differences
    bands, row = difference.bands(), SUMMARY_MEASURE["n_incidents"]
    each = other.kept_measures[:, row] - first.kept_measures[:, row]
    assert bands["n_incidents"].mean == pytest.approx(each.mean())
    assert difference.share_above_zero()["n_incidents"] == pytest.approx(np.mean(each > 0))
    # Nobody watches, so that all detected ones of the first are lost, replicate by replicate.
    assert bands["n_detected"].mean == pytest.approx(-first.mean("n_detected"))


def test_common_random_numbers_take_the_noise_out_of_a_difference() -> None:
    watch = small_watch()
    fixed = {"background_rate": 1.0, "background_cv": 0.6, "n_self": 0.2, "n_cross": 0.2, "delay": 1.0}
    found = run([watch, small_watch(0.9, label="Nearly")], fixed=fixed)
    apart = run([small_watch(0.9, label="Nearly")], seed=77, fixed=fixed).outcomes[0].summary
    row = SUMMARY_MEASURE["n_incidents"]
    first, other = (outcome.summary.kept_measures[:, row] for outcome in found.outcomes)
    with_noise = apart.kept_measures[:, row] - first
    assert np.std(other - first) < 0.3 * np.std(with_noise)


def test_where_nothing_is_deliberate_or_cleared_up_watching_changes_no_incident() -> None:
    watch = small_watch()
    fixed = {"deliberate_share": 0.0, "clarification": 1.0}
    found = run([watch, no_watch(watch)], n=64, fixed=fixed)
    (difference,) = found.differences
    for name in ("n_incidents", "n_violations", "n_replies", "highest_rung"):
        band = difference.band(name)
        assert (band.low, band.median, band.high, band.mean) == (0.0, 0.0, 0.0, 0.0), name
    assert difference.band("n_detected").mean < 0.0


def test_one_set_of_paths_serves_the_whole_dial_and_both_baselines() -> None:
    summary = against_nobody().outcomes[0].summary
    for baseline in BASELINES:
        curves = np.stack([summary.survival_curve(baseline, factor) for factor in DIAL])
        assert (np.diff(curves, axis=0) < 0.0)[:, 1:].all(), "a larger factor breaks the truce sooner"
        assert (np.diff(curves, axis=1) <= 0.0).all()
        assert_allclose(curves[:, 0], 1.0)
    assert (summary.survival[1] >= summary.survival[0]).all()


def test_bands_of_survival_agree_with_the_kept_replicates() -> None:
    summary = against_nobody().outcomes[0].summary
    kept = summary.kept_measures[:, SUMMARY_MEASURE["minsk_survival_30"]]
    wanted = np.quantile(kept, (0.1, 0.5, 0.9))
    assert_allclose(summary.survival_band("minsk", 1.0, 30), wanted, atol=0.01)
    assert summary.survival_mean("minsk", 1.0, 30) == pytest.approx(kept.mean(), abs=0.02)


def test_progress_ends_at_the_whole() -> None:
    told: list[tuple[str, float]] = []
    run([small_watch()], n=CHUNK + 1, progress=lambda stage, share: told.append((stage, share)))
    shares = [share for _, share in told]
    assert {stage for stage, _ in told} == {"simulate"}
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


def test_what_was_fixed_and_capped_stands_in_the_provenance() -> None:
    found = run([small_watch()], n=40, fixed={"n_self": 0.7, "n_cross": 0.6}, cap_branching=0.8)
    outcome = found.outcomes[0]
    assert outcome.summary.n_capped == 40
    assert outcome.provenance.overrides == ("n_cross=0.6", "n_self=0.7", "cap_branching=0.8")
    assert "40 replicates of 40 days" in outcome.provenance.method


def refuse(watches: Sequence[Watch], **options: Any) -> list[str]:
    asked = {"assumptions": ASSUMPTIONS, "settings": SETTINGS, "n_replicates": 100, **options}
    with pytest.raises(ScenarioError) as caught:
        check_simulation(watches, **asked)
    return [str(problem) for problem in caught.value.problems]


def test_everything_wrong_is_said_at_once() -> None:
    watch = small_watch()
    said = refuse(
        [watch, watch],
        settings=change_settings(SETTINGS, surge_multiple=-1.0),
        n_replicates=0,
        fixed={"background_rate": -1.0, "nonsense": 3.0},
        cap_branching=1.5,
        workers=0,
        scheduler="nowhere",
    )
    for part in (
        "surge_multiple",
        "--replicates 0",
        "--fix background_rate",
        "--fix nonsense",
        "--cap-branching",
        "--workers 0",
        "--scheduler nowhere",
        "watches exactly as Small watch does",
    ):
        assert sum(part in line for line in said) == 1, part


@pytest.mark.parametrize("fixed", [{"n_self": 0.6, "n_cross": 0.4}, {"n_cross": 1.2}])
def test_a_process_that_never_ends_is_refused_and_explained(fixed: dict[str, float]) -> None:
    (said,) = refuse([small_watch()], fixed=fixed)
    assert "would never end" in said
    assert "--cap-branching" in said
    check_simulation(
        [small_watch()],
        assumptions=ASSUMPTIONS,
        settings=SETTINGS,
        n_replicates=10,
        fixed=fixed,
        cap_branching=0.9,
    )


@pytest.mark.parametrize("n", [0, -3, MOST_REPLICATES + 1, 10**15])
def test_an_absurd_number_of_replicates_is_refused(n: int) -> None:
    (said,) = refuse([small_watch()], n_replicates=n)
    assert "is no number of replicates" in said


def test_plans_for_other_lines_are_not_compared() -> None:
    other = make_watch(0.5, 0.4, 0.3, n_bins=9, bin_km=10.0, label="Longer")
    (said,) = refuse([small_watch(), other])
    assert "90 km" in said
    assert "80 km" in said
    assert refuse([]) == ["watches  there is none; give at least one"]


def test_memory_is_bounded_before_anything_is_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = bound_memory(SETTINGS, 1)
    assert needed < 100e6
    assert bound_memory(SETTINGS, 3) > 2 * needed
    assert bound_memory(SETTINGS, 1, workers=4) > 2 * needed
    assert bound_memory(read_settings(ASSUMPTIONS, n_days=3653), 1) > 3 * needed
    sizes = {"SC_PAGE_SIZE": 1, "SC_PHYS_PAGES": needed - 1}
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__)
    (said,) = refuse([small_watch()])
    assert "of memory" in said
    sizes["SC_PHYS_PAGES"] = 64 << 30
    (said,) = refuse([small_watch()], workers=900)
    assert "fewer workers" in said


def test_the_bound_on_memory_holds_for_a_summary_that_was_made() -> None:
    summary = against_nobody().outcomes[0].summary
    arrays = [value for value in vars(summary).values() if isinstance(value, np.ndarray)]
    sketch = summary.measures
    one = sum(each.nbytes for each in (*arrays, sketch.counts, sketch.totals))
    assert one <= bound_memory(SETTINGS, 1) / (ensemble.IN_FLIGHT_PER_WORKER + 2)
