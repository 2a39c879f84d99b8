"""Settings come from records, and everything that is wrong with them is said at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from truceline.errors import ScenarioError
from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.settings import (
    CONSTANTS,
    N_DAYS_MAX,
    Settings,
    change_settings,
    check_settings,
    read_settings,
)


def read(**changes: float) -> Settings:
    """Return settings of the packaged records with some constants changed."""
    return read_settings(load_ceasefire_assumptions(), **changes)


def test_every_constant_comes_from_its_record() -> None:
    records, found = load_ceasefire_assumptions(), read()
    assert all(found.constant(name) == records.value(f"ceasefire.{name}") for name in CONSTANTS)
    assert found.hazards == (1 / 14, 1 / 3000)


def test_constants_can_be_changed_by_name() -> None:
    assert read(trigger_count=3.0).constant("trigger_count") == 3.0
    changed = change_settings(read(), surge_multiple=5.0)
    assert (changed.constant("surge_multiple"), changed.constant("surge_days")) == (5.0, 3.0)


@pytest.mark.parametrize("n_days", [0, -3, N_DAYS_MAX + 1])
def test_a_horizon_that_cannot_be_is_refused(n_days: int) -> None:
    with pytest.raises(ScenarioError, match=f"{n_days} is not a horizon"):
        read_settings(load_ceasefire_assumptions(), n_days=n_days)


def test_all_problems_are_said_at_once() -> None:
    bad = replace(
        change_settings(
            read(), minsk_hazard=-1.0, surge_days=0.5, trigger_response=1.5, surge_multiple=float("nan")
        ),
        n_days=0,
        in_flight_max=0,
    )
    with pytest.raises(ScenarioError) as refused:
        check_settings(bad, n_replicates=0)
    said = str(refused.value)
    for part in (
        "0 is not a horizon",
        "0 is not a number of replicates",
        "in_flight_max  0 leaves no room",
        "ceasefire.minsk_hazard  -1 is negative",
        "ceasefire.surge_days  0.5 is less than a day",
        "ceasefire.trigger_response  1.5 is not a probability",
        "ceasefire.surge_multiple  nan",
    ):
        assert part in said


def test_an_unknown_constant_is_told_with_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match=r"surge_multipel  is not a constant.*surge_multiple"):
        read(surge_multipel=3.0)


def test_a_record_that_is_missing_is_told() -> None:
    constants = {k: v for k, v in read().constants.items() if k != "surge_days"}
    with pytest.raises(ScenarioError, match=r"ceasefire\.surge_days  has no record"):
        check_settings(Settings(constants))
