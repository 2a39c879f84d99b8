"""Draws of the lead times: seeded, the same on any number of threads, with what carries them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from movement_inputs import made_generation

from truceline.deployment.draws import (
    Carrier,
    DayBand,
    DrawnInput,
    draw,
    find_carriers,
    list_inputs,
    sample,
    trace_day,
)
from truceline.deployment.make import move_plan, plan_generation
from truceline.deployment.network import read_network
from truceline.deployment.timeline import list_criteria
from truceline.deployment.what_ifs import WhatIf
from truceline.errors import ScenarioError
from truceline.scenario.catalogue import load_catalogue

ASSUMPTIONS = load_catalogue()
GENERATION = made_generation()
OUTCOMES = GENERATION.basis.outcomes
PLAN = plan_generation(GENERATION, read_network(), ASSUMPTIONS, case="everyone-decides")
CRITERIA = list_criteria(PLAN.requirements, ASSUMPTIONS, OUTCOMES)


def run(n: int = 40, **options):
    return draw(PLAN, CRITERIA, ASSUMPTIONS, outcomes=OUTCOMES, n=n, **options)


def test_the_same_seed_gives_the_same_bytes_on_one_thread_and_on_three() -> None:
    told: list[int] = []
    one = run(seed=5, workers=1, progress=lambda done, _of: told.append(done))
    three = run(seed=5, workers=3)
    assert told == list(range(1, 41))
    assert all(one.strength[share].tobytes() == three.strength[share].tobytes() for share in one.strength)
    assert all(one.days[key].tobytes() == three.days[key].tobytes() for key in one.days)
    assert one.carriers == three.carriers
    assert run(seed=6).days["half"].tobytes() != one.days["half"].tobytes()


def test_bands_lie_in_their_order_and_carry_the_mark() -> None:
    drawn = run()
    assert np.all(drawn.strength[0.1] <= drawn.strength[0.5] + 1e-9)
    assert np.all(drawn.strength[0.5] <= drawn.strength[0.9] + 1e-9)
    for band in (*drawn.stages.values(), *drawn.criteria.values(), drawn.half):
        assert band.p10 <= band.p50 <= band.p90
        assert 0 <= band.never_share <= 1
        assert band.ours
    assert drawn.stages["first"].never_share == np.mean(np.isinf(drawn.days["first"]))


def test_a_draw_at_the_values_is_the_plan_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every range closed the draws give what the fast allocation gives."""
    central = move_plan(PLAN, ASSUMPTIONS, method="forward").strength
    monkeypatch.setattr(
        "truceline.deployment.draws.sample",
        lambda inputs, n, _seed: np.tile([one.value for one in inputs], (n, 1)),
    )
    drawn = run(n=2)
    assert drawn.strength[0.5] == pytest.approx(central, abs=1e-6)


def test_triangles_have_their_ends_their_peak_and_one_draw_in_every_part() -> None:
    one = DrawnInput("x", "x", "x", 10.0, 20.0, 60.0)
    edge = DrawnInput("y", "y", "y", 5.0, 5.0, 9.0)
    values = sample([one, edge], 2000, 3)
    assert values[:, 0].min() >= 10
    assert values[:, 0].max() <= 60
    assert values[:, 0].mean() == pytest.approx(30, abs=0.1)
    assert np.mean(values[:, 0] < 20) == pytest.approx(10 / 50, abs=0.001)
    assert values[:, 1].mean() == pytest.approx(19 / 3, abs=0.05)


def test_carriers_find_what_makes_the_days() -> None:
    rng = np.random.default_rng(1)
    inputs = [DrawnInput(name, name.split(".")[0], name, 0, 1, 2) for name in ("a.x", "a.y", "b", "c")]
    values = rng.random((500, 4))
    found = find_carriers(inputs, values, 3 * values[:, 0] + 3 * values[:, 1] - 2 * values[:, 2])
    assert [(one.name, one.later) for one in found] == [("a", True), ("b", False)]
    assert sum(one.share for one in found) == pytest.approx(1, abs=0.02)
    assert isinstance(found[0], Carrier)
    assert find_carriers(inputs, values, np.full(500, 7.0)) == ()


def test_sizes_nobody_stated_are_drawn_and_said_to_be_ours() -> None:
    inputs = {one.name: one for one in list_inputs(PLAN, ASSUMPTIONS)}
    ours = {one.nation for one in PLAN.movements if one.is_ours}
    assert ours
    for nation in ours:
        assert "ours, nobody stated it" in inputs[f"people.{nation}"].label
        assert inputs[f"people.{nation}"].low < 1 < inputs[f"people.{nation}"].high


def test_earlier_approvals_make_earlier_draws() -> None:
    early = plan_generation(
        GENERATION,
        read_network(),
        ASSUMPTIONS,
        case="everyone-decides",
        what_if=WhatIf("early", "x", early_days=90.0),
    )
    plain = run(seed=2)
    ahead = draw(early, CRITERIA, ASSUMPTIONS, outcomes=OUTCOMES, n=40, seed=2)
    assert np.all(ahead.strength[0.5] >= plain.strength[0.5] - 1e-6)
    assert ahead.strength[0.5].sum() > plain.strength[0.5].sum()


def test_a_date_keeps_its_range_and_mark_and_never_is_no_number() -> None:
    band = DayBand(90.0, 120.0, math.inf, 0.3, ours=True)
    traced = trace_day("deployment.first_day", "First operating capability", 100.0, band)
    assert traced is not None
    assert (traced.low, traced.high) == (90.0, None)
    assert traced.note.startswith("ours")
    assert trace_day("deployment.full_day", "x", math.inf, band) is None


def test_an_impossible_number_of_draws_is_refused() -> None:
    with pytest.raises(ScenarioError, match="0 is not a number of draws"):
        run(n=0)
