"""What a new statement changed between two days."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from register_inputs import make_register, packaged_register, pledge_row

from truceline.errors import ScenarioError
from truceline.generation.register_diff import StanceChange, compare_days

SEPTEMBER, JANUARY = date(2025, 9, 5), date(2026, 1, 31)


def changes_of(first: date, second: date) -> dict[str, StanceChange]:
    return {change.nation: change for change in compare_days(packaged_register(), first, second)}


def test_nothing_changes_from_a_day_to_itself() -> None:
    assert compare_days(packaged_register(), JANUARY, JANUARY) == ()


def test_spain_moves_from_opposing_to_sending_and_latvia_the_other_way() -> None:
    changes = changes_of(SEPTEMBER, JANUARY)
    spain = {change.field: (change.before, change.after) for change in changes["ESP"].changes}
    assert spain["position"] == ("opposes or stays out", "would send people under conditions")
    assert spain["conditions"] == ("", "ceasefire, parliament.ESP")
    latvia = {change.field: change.after for change in changes["LVA"].changes}
    assert latvia["position"] == "supports without people in the country"


def test_each_change_names_the_statement_that_made_it() -> None:
    britain = changes_of(SEPTEMBER, JANUARY)["GBR"]
    made = {change.field: change.pledge.date for change in britain.changes}
    assert made["size"] == "2026-01-07"
    assert made["caveats"] == "2026-01-06"
    assert made["conditions"] == "2026-01-06"


def test_a_size_taken_back_is_told_in_words() -> None:
    france = {change.field: change for change in changes_of(SEPTEMBER, JANUARY)["FRA"].changes}
    assert (france["size"].before, france["size"].after) == (
        "up to 10,000",
        "none stated (several thousand)",
    )


def test_new_nations_are_new_and_those_that_said_nothing_more_are_left_out() -> None:
    changes = changes_of(SEPTEMBER, JANUARY)
    assert changes["PRT"].kind == "new"
    assert changes["PRT"].sentence.startswith("Portugal is new: position would send people")
    assert "DNK" not in changes


def test_a_statement_that_runs_out_is_told(tmp_path: Path) -> None:
    rows = [pledge_row(1, "FRA", "2025-01-01", until="2025-02-01"), pledge_row(2, "DNK", "2025-01-01")]
    register = make_register(tmp_path, rows)
    (change,) = compare_days(register, date(2025, 1, 15), date(2025, 3, 1))
    assert (change.nation, change.kind) == ("FRA", "lapsed")
    assert change.sentence == "FRA: its statement ran out (T001, 2025-01-01)."
    (again,) = compare_days(register, date(2024, 12, 1), date(2025, 3, 1))
    assert (again.nation, again.kind) == ("DNK", "new")


def test_a_change_that_is_taken_back_in_between_is_none(tmp_path: Path) -> None:
    rows = [
        pledge_row(1, "FRA", "2025-01-01", size_high="100"),
        pledge_row(2, "FRA", "2025-02-01", size_high="200"),
        pledge_row(3, "FRA", "2025-03-01", size_high="100"),
    ]
    register = make_register(tmp_path, rows)
    assert compare_days(register, date(2025, 1, 1), date(2025, 3, 1)) == ()


def test_the_days_are_given_in_their_order() -> None:
    with pytest.raises(ScenarioError, match="2025-09-05 is before 2026-01-31; write the earlier day first"):
        compare_days(packaged_register(), JANUARY, SEPTEMBER)
