"""Sensitivity: bars and indices against a sum whose shares are known, and the real model on a short line."""

from __future__ import annotations

import math

import numpy as np
import pytest

from truceline.errors import ScenarioError
from truceline.simulate import sensitivity as module
from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.parameters import PARAMETERS, draw_parameters, stretch
from truceline.simulate.sensitivity import (
    LUCK,
    Answer,
    Sensitivity,
    list_answers,
    measure_sensitivity,
    read_answer,
)
from truceline.simulate.sensitivity_design import make_sobol, make_tornado
from truceline.simulate.settings import read_settings
from truceline.simulate.watch import make_watch

ASSUMPTIONS = load_ceasefire_assumptions()
FREE = ("background_rate", "size_mean", "deliberate_share")
FIXED = {name: ASSUMPTIONS.value(f"ceasefire.{name}") for name in PARAMETERS if name not in FREE}


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the answer be 2 u + v + luck, with u and v two assumptions on their own scale and luck uniform."""

    def answer(piece: module._Piece) -> np.ndarray:
        values = piece.draws.values
        u = position(values["deliberate_share"], "deliberate_share")
        v = np.log(values["size_mean"] / 3) / math.log(25 / 3)
        numbers = np.arange(piece.draws.first, piece.draws.first + len(piece.draws))
        luck = np.random.default_rng(3).random(4096)[numbers]
        return np.stack([2 * u + v + luck] * len(piece.answers), axis=1)

    monkeypatch.setattr(module, "_answer_piece", answer)
    monkeypatch.setattr(module, "list_answers", lambda n_days: (Answer("violations", "violations"),))


def position(values: np.ndarray, name: str) -> np.ndarray:
    low, high = ASSUMPTIONS[f"ceasefire.{name}"].bounds
    return (values - low) / (high - low)


def ask(**options: object) -> Sensitivity:
    return measure_sensitivity(
        make_watch(0.6, 0.4, 0.2, n_bins=20),
        assumptions=ASSUMPTIONS,
        settings=read_settings(ASSUMPTIONS, n_days=60),
        **{"seed": 4, "n_tornado": 10, "n_sobol": 16, **options},  # type: ignore[arg-type]
    )


@pytest.mark.usefixtures("known")
def test_indices_of_a_sum_are_the_shares_of_its_variances() -> None:
    found = ask(n_sobol=1024, fixed=FIXED).answers[0]
    expected = {"deliberate_share": 4 / 6, "size_mean": 1 / 6, LUCK: 1 / 6, "background_rate": 0.0}
    assert found.indices[0].name == "deliberate_share"
    for one in found.indices:
        assert one.first == pytest.approx(expected[one.name], abs=0.05)
        assert one.total == pytest.approx(expected[one.name], abs=0.05)
        assert abs(one.total - expected[one.name]) <= max(2 * one.total_half, 0.01)
    share, half = found.assumption_share
    assert share == pytest.approx(5 / 6, abs=0.05)
    assert 0 < half < 0.1


@pytest.mark.usefixtures("known")
def test_a_bar_runs_between_the_answers_at_the_ends_and_luck_leaves_no_width() -> None:
    found = ask(n_tornado=40, fixed=FIXED).answers[0]
    bars = {one.name: one for one in found.bars}
    assert [one.name for one in found.bars] == ["deliberate_share", "size_mean", "background_rate"]
    assert bars["deliberate_share"].swing == pytest.approx(2.0)
    assert bars["size_mean"].swing == pytest.approx(1.0)
    assert bars["background_rate"].swing == 0
    assert all(one.at_low_half < 1e-12 for one in found.bars)  # the same luck at every end


@pytest.mark.usefixtures("known")
def test_what_is_fixed_has_no_bar_and_no_axis() -> None:
    found = ask(fixed={**FIXED, "size_mean": 5.0}).answers[0]
    assert "size_mean" not in {one.name for one in (*found.bars, *found.indices)}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_sobol": 100}, "not balanced"),
        ({"n_sobol": 8}, "not balanced"),
        ({"n_tornado": 1}, "no interval"),
        ({"fixed": {"n_self": 1.2}}, "branching"),
        ({"fixed": {"nonsense": 1.0}}, "nonsense"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_runs(options: dict[str, object], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        ask(**options)


def test_without_the_package_for_indices_the_question_is_refused_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ScenarioError, match=r"truceline\[simulate\]"):
        ask()


def test_every_block_of_the_design_changes_one_axis_and_luck_is_the_last() -> None:
    blocks = make_sobol(ASSUMPTIONS, FREE, FIXED, None, 16, 1)
    first, *mixed, luck, last = blocks
    for name, block in zip(FREE, mixed, strict=True):
        changed = {one for one in PARAMETERS if (block.values[one] != first.values[one]).any()}
        assert changed == {name}
        assert (block.values[name] == last.values[name]).all()
        assert block.first == 0
    assert all((luck.values[one] == first.values[one]).all() for one in PARAMETERS)
    assert (luck.first, last.first) == (16, 16)


def test_the_tornado_starts_at_the_stated_values_and_moves_one_at_a_time() -> None:
    centre, *ends = make_tornado(ASSUMPTIONS, FREE, FIXED, None, 3)
    assert len(ends) == 2 * len(FREE)
    for name in PARAMETERS:
        assert (centre.values[name] == ASSUMPTIONS.value(f"ceasefire.{name}")).all()
    low, high = ASSUMPTIONS["ceasefire.size_mean"].bounds
    assert set(ends[2].values["size_mean"]) == {low}
    assert set(ends[3].values["size_mean"]) == {high}


def test_a_cap_on_branching_holds_in_every_block() -> None:
    blocks = make_sobol(ASSUMPTIONS, ("n_self", "n_cross"), {}, 0.4, 16, 1)
    assert max(float(one.branching.max()) for one in blocks) <= 0.4 + 1e-12


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_design_stretches_ranges_as_the_draws_do(name: str) -> None:
    drawn = draw_parameters(ASSUMPTIONS, first=0, n=256, seed=9).values[name]
    bounds = ASSUMPTIONS[f"ceasefire.{name}"].bounds
    middle = stretch(np.array([0.25, 0.5, 0.75]), bounds, name)
    np.testing.assert_allclose(np.quantile(drawn, [0.25, 0.5, 0.75]), middle, rtol=0.05)


def test_answers_are_asked_only_within_the_horizon() -> None:
    assert [one.key for one in list_answers(365)] == [
        "minsk_30",
        "minsk_365",
        "armistice_365",
        "violations",
        "detected",
    ]
    assert [one.key for one in list_answers(60)] == ["minsk_30", "violations", "detected"]


def test_the_real_model_answers_the_same_for_the_same_seed_and_detection_explains_nothing_of_the_rate() -> (
    None
):
    first = ask()
    assert first == ask()
    assert first.n_replicates == 10 * (2 * len(PARAMETERS) + 1) + 16 * (len(PARAMETERS) + 3)
    by_key = {one.answer.key: one for one in first.answers}
    assert by_key["violations"].bars[0].name in ("background_rate", "size_mean")
    for one in first.answers:
        for bar in one.bars:
            assert math.isfinite(bar.swing)
    holds = by_key["minsk_30"]
    monitor = next(bar for bar in holds.bars if bar.name == "hr_monitor")
    assert monitor.at_low > monitor.at_high  # a smaller factor on the hazard holds longer
    rate = next(bar for bar in by_key["violations"].bars if bar.name == "wrong_side")
    assert rate.swing == 0  # naming the wrong side changes reports, not what happens


def test_a_truce_whose_incidents_have_run_away_does_not_hold_whatever_its_hazard() -> None:
    class Sums:
        def column(self, name: str) -> np.ndarray:
            return {
                "minsk_hazard_30": np.array([0.5, np.nan, 0.5]),
                "surge_day": np.array([12.0, 12.0, 40.0]),
                "runaway_day": np.array([np.nan, 12.0, 40.0]),
            }[name]

    found = read_answer(Answer("minsk_30", "holds", "minsk", 30), Sums(), 60)  # type: ignore[arg-type]
    np.testing.assert_allclose(found, [math.exp(-0.5), 0.0, math.exp(-0.5)])
