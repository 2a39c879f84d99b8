"""The two published counts of nations, set beside ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from register_inputs import make_register, packaged_book, packaged_register, pledge_row

from truceline.generation.readiness import count_any_form, count_ready
from truceline.generation.register import Register
from truceline.scenario.tables import last_day

APRIL, SEPTEMBER, JANUARY = date(2025, 4, 10), date(2025, 9, 5), date(2026, 1, 31)

PUBLISHED_READY = 6
"""Ready in April 2025: the United Kingdom, France, the three Baltic states and one unnamed (claim C11)."""
READY_TOLERANCE = 2
"""Two of the published six had, by that day, no statement of their own in the register."""
PUBLISHED_ANY_FORM = 26
"""Nations that committed help of any form in September 2025; never named (claim C12)."""
FORM_TOLERANCE = 2


def test_about_six_nations_are_ready_in_april_and_about_twenty_six_help_in_september() -> None:
    """The validation case: same nations, different gates.

    Tolerance: two nations on either count. Caveats: the register has no statement by Estonia or Lithuania
    as early as April 2025 (the published six include them), and Denmark, which we count, was not named. The
    26 were never named at all, and our count holds nations that said they were not among them (Japan) or
    refused to send soldiers (Bulgaria, Slovakia). The two counts agree in size; that the members agree
    cannot be tested.
    """
    ready = count_ready(packaged_register(), packaged_book(), APRIL)
    assert ready.ready == ("DNK", "FRA", "GBR", "LVA")
    assert abs(ready.count - PUBLISHED_READY) <= READY_TOLERANCE
    forms = count_any_form(packaged_register(), SEPTEMBER)
    assert (len(forms.named), len(forms.unnamed)) == (16, 9)
    assert abs(forms.count - PUBLISHED_ANY_FORM) <= FORM_TOLERANCE


def test_with_the_published_word_on_estonia_and_lithuania_the_count_is_six() -> None:
    """The agency named the three Baltic states; the register took up Latvia alone from it."""
    latvia = next(
        pledge for pledge in packaged_register().pledges if (pledge.nation, pledge.day) == ("LVA", APRIL)
    )
    named = [replace(latvia, pledge_id=f"X-{code}", nation=code, name=code) for code in ("EST", "LTU")]
    register = Register([*packaged_register().pledges, *named])
    ready = count_ready(register, packaged_book(), APRIL)
    assert ready.ready == ("DNK", "EST", "FRA", "GBR", "LTU", "LVA")
    assert ready.count == PUBLISHED_READY


def test_neutral_nations_are_held_back_by_the_mandate_that_does_not_exist() -> None:
    ready = count_ready(packaged_register(), packaged_book(), APRIL)
    assert dict(ready.held_back) == {"CHE": ("mandate.un",), "IRL": ("mandate.un",)}


def test_when_the_guarantee_is_known_to_be_missing_those_who_asked_for_it_are_not_ready() -> None:
    ready = count_ready(packaged_register(), packaged_book(), JANUARY)
    assert {code for code, unmet in ready.held_back if unmet == ("us.guarantee",)} == {"FRA", "GBR"}
    assert not {"FRA", "GBR"} & set(ready.ready)


def test_a_mission_leaves_out_those_who_refuse_it() -> None:
    every = count_ready(packaged_register(), packaged_book(), APRIL, mission="interposition")
    assert "FRA" not in every.ready
    assert "GBR" in every.ready


def test_nobody_is_counted_who_opposes_or_was_only_named_by_others() -> None:
    forms = count_any_form(packaged_register(), SEPTEMBER)
    everybody = {*forms.named, *forms.unnamed}
    assert not everybody & {"ESP", "BRA", "IND", "CHN", "AUT", "RUS", "UKR", "COA", "USA"}
    assert {"ITA", "LUX", "POL"} <= set(forms.named)


def test_a_new_statement_can_make_a_nation_ready_or_not(tmp_path: Path) -> None:
    rows = [
        pledge_row(1, "FRA", "2025-01-01", position="open_undecided"),
        pledge_row(2, "FRA", "2025-02-01"),
        pledge_row(3, "FRA", "2026-01-07", conditions="us.guarantee"),
    ]
    register = make_register(tmp_path, rows)
    counts = [count_ready(register, packaged_book(), last_day(day)).count for day in ("2025-01", "2025-03")]
    assert counts == [0, 1]
    assert count_ready(register, packaged_book(), JANUARY).held_back == (("FRA", ("us.guarantee",)),)
