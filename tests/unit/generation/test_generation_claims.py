"""The score sheet: every claim has a judge, every verdict can turn, and what is ours says so."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import ProblemList
from truceline.generation.claim_verdicts import JUDGES, UNTESTABLE
from truceline.generation.claims import (
    VERDICTS,
    Band,
    ClaimInputs,
    ClaimScore,
    PostureFigures,
    count_verdicts,
    parse_claim,
    read_claims,
    score_claims,
)
from truceline.generation.model import Mission
from truceline.scenario.reference import read_table
from truceline.trace import Traced

ALL_IDS = [f"C{number:02d}" for number in range(1, 26)]


def sure(value: float) -> Band:
    return Band(value, value, value)


def ours(value: float) -> Band:
    return Band(value, value / 2, value * 1.5, "ours")


def posture(mission: Mission, people: float, detect: float | None = None) -> PostureFigures:
    return PostureFigures(mission, mission, mission, Band(people, 0.8 * people, 1.3 * people), detect)


FULL = ClaimInputs(
    line_km=1200,
    postures=(
        posture("observation", 12_000, 0.61),
        posture("reassurance", 25_000, 0.58),
        posture("interposition", 98_000, 0.63),
    ),
    tour_months=6,
    dwell_months=18,
    offered=ours(26_000),
    generated=ours(25_000),
    generated_stated=7_650,
    generated_no_backstop=ours(9_000),
    sustained_senders=ours(44_700),
    sustained_nato_europe=ours(82_600),
    surge_share=ours(0.158),
    sustained_uk=ours(5_450),
    sustained_france=ours(7_900),
    sustained_germany=ours(7_100),
    brigade_people=4_500,
    ready_april_2025=6,
    any_form_september_2025=27,
    tankers_needed=ours(4),
    tankers_held=ours(12),
    satellites_needed=ours(10),
    satellites_held=ours(4),
    detect_with_us=0.66,
    detect_without_us=0.63,
    substitute_one_off=ours(5),
    substitute_yearly=ours(1.2),
    substitute_unknown=("hospital",),
    person_year_usd=ours(150_000),
    usd_per_gbp=1.3,
    uk_people=Band(7_500, 3_750, 7_500, "stated"),
    uk_tied_up=ours(30_000),
    uk_pool=ours(21_800),
    uk_defence_pct=2.4,
    canada_people=ours(1_900),
    canada_capacity=ours(2_900),
    canada_latvia=2_000,
    guarantee_share=0.4,
    leading_task="Medical evacuation and hospitals",
    leading_share=0.45,
)
"""A plan that can say everything; near the packaged case, and made up."""


def score(inputs: ClaimInputs) -> dict[str, ClaimScore]:
    return {each.claim.key: each for each in score_claims(inputs)}


def change(**changes: Any) -> ClaimInputs:
    return replace(FULL, **changes)


def two(first: ClaimInputs, second: ClaimInputs) -> tuple[ClaimInputs, ClaimInputs]:
    return first, second


def with_postures(*figures: PostureFigures) -> ClaimInputs:
    return change(postures=figures)


BOTH_SIDES = {
    "C01": two(with_postures(posture("observation", 95_000)), FULL),
    "C02": two(change(sustained_nato_europe=ours(210_000)), FULL),
    "C03": two(FULL, with_postures(posture("observation", 12_000), posture("reassurance", 30_000))),
    "C04": two(FULL, change(offered=ours(60_000))),
    "C05": two(FULL, change(tour_months=9)),
    "C06": two(FULL, change(dwell_months=30)),
    "C07": two(FULL, change(sustained_senders=ours(90_000))),
    "C09": two(FULL, change(sustained_uk=ours(2_000))),
    "C10": two(FULL, change(sustained_france=ours(11_000))),
    "C11": two(FULL, change(ready_april_2025=12)),
    "C12": two(FULL, change(any_form_september_2025=14)),
    "C13": two(FULL, change(sustained_senders=ours(8_000))),
    "C14": two(change(tankers_held=ours(3)), FULL),
    "C15": two(change(satellites_held=ours(1)), FULL),
    "C16": two(change(detect_without_us=0.3), FULL),
    "C17": two(change(substitute_yearly=ours(60)), FULL),
    "C18": two(with_postures(posture("interposition", 280_000)), FULL),
    "C19": two(change(person_year_usd=ours(80_000)), FULL),
    "C20": two(FULL, change(uk_people=ours(150_000))),
    "C21": two(FULL, change(uk_tied_up=ours(10_000))),
    "C22": two(
        FULL, with_postures(posture("reassurance", 25_000, 0.2), posture("interposition", 98_000, 0.8))
    ),
    "C23": two(FULL, change(canada_capacity=ours(6_000))),
    "C24": two(with_postures(posture("interposition", 160_000)), FULL),
}
"""For each claim that can be tested: inputs that reproduce it, and inputs that challenge it."""


def test_all_twenty_five_claims_are_there_and_each_has_a_judge() -> None:
    assert [claim.key for claim in read_claims()] == ALL_IDS
    assert sorted(JUDGES) == ALL_IDS
    assert [each.claim.key for each in score_claims(FULL)] == ALL_IDS


def test_every_claim_can_turn_or_says_why_it_cannot() -> None:
    assert set(BOTH_SIDES) | set(UNTESTABLE) == set(ALL_IDS)
    assert not set(BOTH_SIDES) & set(UNTESTABLE)


@pytest.mark.parametrize("key", BOTH_SIDES)
def test_a_verdict_turns_with_the_inputs(key: str) -> None:
    first, second = (score(inputs)[key] for inputs in BOTH_SIDES[key])
    assert (first.verdict, second.verdict) == ("reproduced", "challenged")
    assert first.sentence != second.sentence
    assert first.number is not None
    assert second.number is not None


@pytest.mark.parametrize("key", sorted(set(BOTH_SIDES) - {"C21"}))
def test_the_number_comes_from_the_inputs(key: str) -> None:
    first, second = (score(inputs)[key] for inputs in BOTH_SIDES[key])
    assert first.number != second.number
    assert first.unit == second.unit


def test_the_strength_that_spending_buys_comes_from_the_inputs() -> None:
    assert score(FULL)["C21"].number == pytest.approx(21_800 * 2.5 / 2.4)
    assert score(change(uk_pool=ours(10_000)))["C21"].number == pytest.approx(10_000 * 2.5 / 2.4)


@pytest.mark.parametrize("key", UNTESTABLE)
def test_what_no_plan_can_test_says_why(key: str) -> None:
    found = score(FULL)[key]
    assert found.verdict == "not testable"
    assert UNTESTABLE[key] in found.sentence
    assert found.firm is None
    assert found.number is not None, "it still shows the number nearest to it"
    assert score(ClaimInputs())[key].verdict == "not testable"


def test_a_plan_that_says_nothing_tests_nothing_yet() -> None:
    for each in score_claims(ClaimInputs()):
        wanted = "not testable" if each.claim.key in UNTESTABLE else "not testable yet"
        assert each.verdict == wanted
        assert each.number is None
        assert each.firm is None


@pytest.mark.parametrize("name", [field.name for field in fields(ClaimInputs)])
def test_no_single_missing_input_breaks_the_sheet(name: str) -> None:
    empty = {"postures": (), "substitute_unknown": (), "leading_task": ""}.get(name)
    found = score_claims(change(**{name: empty}))
    assert len(found) == 25
    assert sum(count_verdicts(found).values()) == 25
    assert all(each.verdict in VERDICTS for each in found)


@pytest.mark.parametrize("inputs", [FULL, ClaimInputs(), *(pair[0] for pair in BOTH_SIDES.values())])
def test_each_line_is_one_sentence_and_a_number_with_its_unit(inputs: ClaimInputs) -> None:
    for each in score_claims(inputs):
        assert each.sentence.endswith(".")
        assert ". " not in each.sentence, each.sentence
        assert "nan" not in each.sentence
        assert "None" not in each.sentence
        if each.number is not None:
            assert math.isfinite(each.number)
            assert each.unit


def test_a_number_that_is_ours_is_never_bare() -> None:
    """Marked values: every prior is a figure found nowhere else, so a bare one would show."""
    names = [field.name for field in fields(ClaimInputs) if isinstance(getattr(FULL, field.name), Band)]
    marked = {
        name: Band(71_234 + 1_111 * number, 41_001 + number, 99_001 + number, "ours")
        for number, name in enumerate(names)
    }
    for each in score_claims(change(**marked)):
        for band in marked.values():
            told = f"{band.value:,.0f}"
            if told in each.sentence:
                span = f"{told} (ours: {band.low:,.0f} to {band.high:,.0f})"
                assert span in each.sentence, each.sentence


def test_a_stated_size_says_that_it_was_stated() -> None:
    assert "of up to 7,500 (stated) people" in score(FULL)["C20"].sentence
    about = change(uk_people=Band(6_000, 5_000, 7_500, "stated"))
    assert "of 6,000 (stated: 5,000 to 7,500) people" in score(about)["C20"].sentence
    flat = change(uk_people=Band(7_500, 7_500, 7_500, "stated"))
    assert "7,500 (stated) people" in score(flat)["C20"].sentence


def test_a_verdict_is_firm_only_when_no_range_turns_it() -> None:
    found = score(FULL)
    assert found["C05"].firm, "it rests on no range"
    assert found["C07"].firm is False, "at half the capacity a push is out of reach"
    tight = change(sustained_senders=Band(44_700, 40_000, 50_000, "ours"))
    assert score(tight)["C07"].firm


def test_the_full_sheet_reads_as_the_inputs_say() -> None:
    found = score(FULL)
    assert found["C01"].sentence == (
        "Watching the line takes 12,000 people (observation), 10 per km where 100,000 would be 83."
    )
    assert found["C05"].sentence == (
        "64,000 deployed bind 256,000 with tours of 6 months and 18 at home (factor 4.00), 352,000 with "
        "tours of 4 and 192,000 with tours of 9 months."
    )
    assert found["C05"].number == 256_000
    assert found["C06"].number == 40_000
    assert found["C16"].number == pytest.approx(3)
    assert "grows by 9 %" in found["C16"].sentence
    assert found["C23"].number == pytest.approx(900)
    assert "without hospital" in found["C17"].sentence
    assert "40 %" in found["C25"].sentence


def test_without_a_sum_of_offers_those_who_would_come_are_taken() -> None:
    found = score(change(offered=None))["C04"]
    assert (found.verdict, found.number) == ("reproduced", 25_000)


def test_people_bound_by_a_stated_size_are_computed_and_not_stated() -> None:
    stated = change(uk_tied_up=Band(30_000, 15_000, 30_000, "stated"))
    assert score(stated)["C21"].sentence.startswith("A UK contingent binds 30,000 people, and")


def test_an_upper_bound_without_a_range_is_told_once() -> None:
    flat = with_postures(PostureFigures("x", "On the line", "interposition", sure(98_000)))
    assert score(flat)["C24"].sentence == "Standing between the sides takes 98,000 people (On the line)."


def test_a_force_that_needs_no_tanker_challenges_the_fleets() -> None:
    found = score(change(tankers_needed=sure(0)))["C14"]
    assert found.verdict == "challenged"
    assert (
        found.sentence == "This force needs no tankers, although Europeans have 26 % of the aircraft of both."
    )


def test_when_everything_is_seen_with_us_help_any_loss_is_far_more() -> None:
    assert score(change(detect_with_us=1.0))["C16"].verdict == "reproduced"
    assert score(change(detect_with_us=1.0, detect_without_us=1.0))["C16"].verdict == "challenged"


@given(st.floats(0.1, 500_000), st.floats(0.1, 500_000), st.floats(0, 1), st.floats(0, 1))
def test_the_sheet_never_fails_on_odd_numbers(
    people: float, other: float, with_us: float, without: float
) -> None:
    inputs = change(
        postures=(posture("observation", people, with_us), posture("interposition", other, without)),
        sustained_senders=ours(other),
        generated=ours(people),
        tankers_needed=ours(people),
        detect_with_us=with_us,
        detect_without_us=without,
        uk_pool=ours(other),
    )
    for each in score_claims(inputs):
        assert each.number is None or math.isfinite(each.number)
        assert "nan" not in each.sentence


def test_a_traced_number_becomes_a_band() -> None:
    assert Band.of(Traced("x", 4, "person", low=3, high=9), "ours") == Band(4, 3, 9, "ours")
    assert Band.of(Traced("x", 4, "person")) == sure(4)


def test_what_is_wrong_with_a_claim_is_said() -> None:
    row = dict(read_table("claims")[0])
    problems = ProblemList()
    assert parse_claim(row | {"claim_id": "C99", "low": "5", "high": "4"}, problems) is None
    assert len(problems.problems) == 2
    assert parse_claim(row | {"of": "1|many"}, problems) is None
    assert "many" in str(problems.problems[-1])


def test_the_packaged_claims_are_the_shared_ones(shared: Any) -> None:
    import csv

    with (shared / "data" / "reference" / "claims.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["claim_id"]: row for row in csv.DictReader(file)}
    for claim in read_claims():
        row = rows[claim.key]
        assert claim.text == row["claim"]
        assert claim.low == (float(row["value_low"]) if row["value_low"] else None)
        assert claim.high == (float(row["value_high"]) if row["value_high"] else None)
