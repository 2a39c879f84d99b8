"""The process is described before it is simulated, and what is described is what then happens."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from truceline.errors import ScenarioError
from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.parameters import Draws, central_parameters, draw_parameters
from truceline.simulate.process import Rate, compose, describe_process, say_process
from truceline.simulate.run import run_chunk
from truceline.simulate.settings import Settings, read_settings
from truceline.simulate.watch import make_watch, no_watch

WATCH = make_watch(0.6, 0.4, 0.2, n_bins=200)


def settle(n_days: int = 365) -> Settings:
    """Return central settings."""
    return read_settings(load_ceasefire_assumptions(), n_days=n_days)


def central(**fixed: float) -> Draws:
    """Return one draw at the stated values."""
    return central_parameters(load_ceasefire_assumptions(), fixed)


def repeat(draws: Draws, n: int) -> Draws:
    """Return n replicates of a single draw."""
    return Draws({name: np.repeat(values, n) for name, values in draws.values.items()})


def test_epochs_cover_the_horizon_without_gaps() -> None:
    for n_days in (1, 7, 8, 365, 400, 1826, 3653):
        epochs = compose(WATCH, central(), settle(n_days)).epochs
        assert epochs[0].start == 0
        assert epochs[-1].end == n_days
        assert all(one.end == other.start for one, other in pairwise(epochs))


@pytest.mark.parametrize("fixed", [{}, {"p_consequence": 1.0, "deterrence_threshold": 0.15}])
def test_what_is_described_is_what_is_simulated(fixed: dict[str, float]) -> None:
    """Median process, many replicates: the last epoch's expectations against means; level moves slowly there.

    The wandering factor has mean one, so it drops out; displacement moves few.
    """
    draws = central(background_cv=0.3, displaced_share=0.2, **fixed)
    process = compose(WATCH, draws, settle())
    chunk = run_chunk(WATCH, repeat(draws, 400), settle(), 3)
    epoch = process.epochs[-1]
    for name, rate in (
        ("n_incidents", epoch.incidents),
        ("n_detected", epoch.detected),
        ("n_verified", epoch.verified),
        ("n_violations", epoch.violations),
    ):
        mean = chunk.day(name)[epoch.start : epoch.end].mean() / 400
        assert mean == pytest.approx(rate.median, rel=0.04), name
    undone = (chunk.day("n_deterred") - chunk.day("n_displaced"))[epoch.start : epoch.end].mean() / 400
    assert undone == pytest.approx(epoch.left_undone.median, rel=0.1, abs=0.02)
    assert chunk.day("n_false_reports").mean() / 400 == pytest.approx(process.false_reports.median, rel=0.05)


def test_the_described_hazard_is_the_one_that_is_cumulated() -> None:
    draws = central(hazard_exponent=0.0)
    process, chunk = compose(WATCH, draws, settle(30)), run_chunk(WATCH, draws, settle(30), 1)
    for b, name in enumerate(("minsk", "armistice")):
        cumulated = sum(epoch.hazards[b].median * (epoch.end - epoch.start) for epoch in process.epochs)
        assert chunk.column(f"{name}_hazard_30")[0] == pytest.approx(cumulated, rel=1e-9)


def test_several_draws_give_bands_and_one_gives_none() -> None:
    drawn = draw_parameters(load_ceasefire_assumptions(), first=0, n=64, seed=1)
    wide, single = compose(WATCH, drawn, settle()), compose(WATCH, central(), settle())
    assert all(epoch.incidents.low < epoch.incidents.median < epoch.incidents.high for epoch in wide.epochs)
    assert all(epoch.incidents.low == epoch.incidents.high for epoch in single.epochs)
    assert "80 % band of 64 draws" in say_process(wide)[0]
    assert "band" not in say_process(single)[0]


def test_the_table_has_a_head_and_a_row_for_each_epoch() -> None:
    process = compose(WATCH, central(), settle())
    head, *rows = describe_process(process)
    assert [row[0] for row in rows] == ["0 to 7", "7 to 30", "30 to 90", "90 to 180", "180 to 365"]
    assert all(len(row) == len(head) for row in rows)
    assert sum("if r = 1" in title for title in head) == 2
    assert all(cell.startswith("1/") for row in rows for cell in row[-2:])


def test_sentences_name_the_conditions() -> None:
    watched = " ".join(say_process(compose(WATCH, central(), settle())))
    blind = " ".join(say_process(compose(no_watch(WATCH), central(), settle())))
    assert "never averaged" in watched
    assert "if the assumed threshold holds" in watched
    assert "multiplied by the drawn factor of monitoring" in watched
    assert "left out of the hazard" in blind
    assert "0 reports a day have nothing behind them" in blind


def test_a_process_that_never_ends_is_said_to_be_without_end() -> None:
    draws = central()
    endless = replace(draws, values={**draws.values, "n_self": np.array([1.2])})
    row = describe_process(compose(WATCH, endless, settle()))[1]
    assert row[4] == "without end"


def test_numbers_are_said_shortly() -> None:
    assert [str(Rate(x, x, x)) for x in (0.0, 0.0004, 0.0123, 1.26, 12.4, 1234.0)] == [
        "0", "under 0.001", "0.012", "1.3", "12", "1,234",
    ]  # fmt: skip
    assert str(Rate(1.0, 2.0, 3.0)) == "2 (1 to 3)"


def test_an_empty_horizon_is_refused() -> None:
    with pytest.raises(ScenarioError, match="0 is not a horizon"):
        compose(WATCH, central(), replace(settle(), n_days=0))
