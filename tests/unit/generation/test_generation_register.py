"""The pledge register: what was known on which day, and what a table may not hold."""

from __future__ import annotations

import csv
import tempfile
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from register_inputs import NATIONS, PLEDGE_COLUMNS, make_register, packaged_register, pledge_row, write_table

from truceline.errors import TableError
from truceline.generation.pledges import STAGES
from truceline.generation.register import Register, Stance, read_register
from truceline.scenario.reference import read_table
from truceline.scenario.tables import ROWS_MAX, TABLE_BYTES_MAX, last_day

FEBRUARY, APRIL, SEPTEMBER, JANUARY = (
    date(2025, 2, 17),
    date(2025, 4, 10),
    date(2025, 9, 5),
    date(2026, 1, 31),
)


def stated_offers(day: date) -> dict[str, str]:
    """Return the sizes nations had stated for an offer of their own by a day, in words."""
    stances = packaged_register().on(day)
    return {code: one.size_words for code, one in stances.items() if one.is_offer and one.basis == "stated"}


def test_every_row_of_the_source_is_kept(shared: Path) -> None:
    with (shared / "data/reference/pledges.csv").open(encoding="utf-8", newline="") as stream:
        source = list(csv.DictReader(stream))
    kept = {
        (pledge.nation, pledge.date): (
            pledge.position,
            "|".join(pledge.forms),
            "" if pledge.size_low is None else str(pledge.size_low),
            "" if pledge.size_high is None else str(pledge.size_high),
            "|".join(pledge.conditions_as_said),
            pledge.source_url,
        )
        for pledge in packaged_register().pledges
    }
    assert kept == {
        (row["iso3"], row["date"]): (
            row["stated_position"],
            row["contribution_type"],
            row["size_low_persons"],
            row["size_high_persons"],
            row["condition_tags"],
            row["source_url"],
        )
        for row in source
    }


NO_CONDITION = {
    "europe_leads_ground",
    "guarantees_for_both_sides",
    "legal_limits",
    "montreux_convention",
    "no_article_5",
    "no_foreign_troops",
    "no_nato_troops",
    "non_nato_mission",
    "part_of_wider_guarantees",
    "peacekeeping_not_deterrence",
    "russia_in_talks",
    "security_guarantee_for_force",
    "un_mandate_demanded_by_left",
    "us_participation",
}
"""What was asked for and no condition of ours stands for: kept as said, some of it as a caveat."""


def test_what_was_asked_for_is_a_condition_or_kept_as_it_was_said() -> None:
    for pledge in packaged_register().pledges:
        assert bool(set(pledge.conditions_as_said) - NO_CONDITION) == bool(pledge.conditions), (
            pledge.pledge_id
        )


def test_no_row_of_the_table_of_approvals_is_lost(shared: Path) -> None:
    with (shared / "data/reference/approvals.csv").open(encoding="utf-8", newline="") as stream:
        source = list(csv.DictReader(stream))
    assert [(row["code"], row["source_url"], row["confidence"]) for row in read_table("approvals")] == [
        (row["iso3"], row["source_url"], row["confidence"]) for row in source
    ]


def test_the_register_says_how_far_it_reaches() -> None:
    register = packaged_register()
    assert (register.first_day, register.last_day) == (date(2025, 1, 21), date(2026, 2, 2))
    assert register.on(register.first_day - timedelta(1)) == {}


def test_nothing_is_approved_or_deployed_in_the_packaged_register() -> None:
    assert {pledge.stage for pledge in packaged_register().pledges} == {"announced", "none"}


def test_in_february_2025_one_nation_had_a_number_and_nobody_had_heard_of_estonia() -> None:
    stances = packaged_register().on(FEBRUARY)
    assert stated_offers(FEBRUARY) == {"FRA": "up to 10,000"}
    assert "EST" not in stances
    assert stances["GBR"].size_words == "none stated"
    assert "us.guarantee" in stances["GBR"].conditions


def test_in_april_2025_the_united_kingdom_spoke_of_up_to_ten_thousand() -> None:
    assert stated_offers(APRIL) == {"CHE": "200", "FRA": "up to 10,000", "GBR": "up to 10,000"}
    assert packaged_register().on(APRIL)["GBR"].size_low is None


def test_in_september_2025_estonia_and_lithuania_have_joined() -> None:
    offers = stated_offers(SEPTEMBER)
    assert (offers["EST"], offers["LTU"]) == ("100 to 250", "200")
    assert packaged_register().on(SEPTEMBER)["ESP"].position == "opposed"


def test_in_january_2026_four_nations_had_stated_the_size_of_an_offer() -> None:
    assert stated_offers(JANUARY) == {
        "CHE": "200",
        "EST": "100 to 250",
        "GBR": "up to 7,500",
        "LTU": "150",
    }
    france = packaged_register().on(JANUARY)["FRA"]
    assert france.basis == "none"
    assert france.size_words == "none stated (several thousand)"


def test_the_size_of_the_coalition_and_the_wish_of_the_host_are_no_offers() -> None:
    stances = packaged_register().on(FEBRUARY)
    assert stances["COA"].size_words == "25,000 to 30,000"
    assert stances["UKR"].size_words == "200,000"
    assert not stances["COA"].is_offer
    assert not stances["UKR"].is_offer
    assert not packaged_register().on(JANUARY)["POL"].is_offer


def test_a_fund_does_not_take_back_the_size_it_prepares() -> None:
    stance = packaged_register().on(JANUARY)["GBR"]
    assert stance.latest.date == "2026-01-09"
    assert stance.size_from is not None
    assert stance.size_from.date == "2026-01-07"
    assert [pledge.date for pledge in stance.statements] == ["2026-01-09", "2026-01-07", "2026-01-06"]
    assert stance.refuses == ("interposition",)
    assert stance.missions_basis == "stated"
    assert "us.guarantee" in stance.conditions, "a planning figure does not take back a condition"


def test_a_statement_without_an_amendment_replaces_the_earlier_one(tmp_path: Path) -> None:
    register = make_register(
        tmp_path,
        [
            pledge_row(1, "FRA", "2025-01-01", size_high="500", conditions="ceasefire", caveats="straits"),
            pledge_row(2, "FRA", "2025-02-01"),
        ],
    )
    stance = register.on(date(2025, 2, 1))["FRA"]
    assert (stance.size_high, stance.conditions, stance.caveats) == (None, (), ())


def test_a_month_counts_from_its_last_day_and_a_year_from_its_own() -> None:
    assert last_day("2024-02") == date(2024, 2, 29)
    assert last_day("2025") == date(2025, 12, 31)
    register = packaged_register()
    assert "CHE" not in register.on(date(2025, 2, 27))
    assert "CHE" in register.on(date(2025, 2, 28))


def test_a_statement_that_has_run_out_does_not_bring_back_the_one_before(tmp_path: Path) -> None:
    register = make_register(
        tmp_path,
        [
            pledge_row(1, "FRA", "2025-01-01", size_high="500"),
            pledge_row(2, "FRA", "2025-02-01", until="2025-03", size_high="100"),
            pledge_row(3, "FRA", "2025-06-01", size_high="50"),
        ],
    )
    sizes = {month: register.stance("FRA", date(2025, month, 1)) for month in (1, 2, 3, 4, 6)}
    assert [stance.size_high if stance else None for stance in sizes.values()] == [500, 100, 100, None, 50]


def test_stages_are_kept_side_by_side_and_never_added(tmp_path: Path) -> None:
    register = make_register(
        tmp_path,
        [
            pledge_row(1, "FRA", "2025-01-01", stage="announced", size_low="500", size_high="500"),
            pledge_row(2, "FRA", "2025-02-01", stage="approved", size_low="300", size_high="300"),
            pledge_row(3, "FRA", "2025-03-01", stage="deployed", size_low="100", size_high="100"),
        ],
    )
    stance = register.on(date(2025, 3, 1))["FRA"]
    assert {stage: pledge.size_high for stage, pledge in stance.by_stage.items()} == {
        "announced": 500,
        "approved": 300,
        "deployed": 100,
    }
    assert (stance.size_low, stance.size_high) == (100, 100)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        ("", "", "none stated"),
        ("", "900", "up to 900"),
        ("900", "", "at least 900"),
        ("1000", "2000", "1,000 to 2,000"),
        ("0", "0", "0"),
    ],
)
def test_a_size_is_told_as_it_was_stated(tmp_path: Path, low: str, high: str, words: str) -> None:
    register = make_register(tmp_path, [pledge_row(1, "FRA", "2025-01-01", size_low=low, size_high=high)])
    stance = register.on(date(2025, 1, 1))["FRA"]
    assert stance.size_words == words
    assert stance.basis == ("stated" if low or high else "none")


WRONG = [
    ({"nation": "ATL"}, "'ATL' is not a known nation"),
    ({"size_low": "-5"}, "size_low -5 is negative"),
    ({"size_high": "7,500"}, "size_high '7,500' is not a whole number"),
    ({"size_high": "nan"}, "size_high 'nan' is not a whole number"),
    ({"size_high": "1e300"}, "is above 10,000,000"),
    ({"size_low": "9", "size_high": "8"}, "size_low 9 is above size_high 8"),
    ({"date": "2025-02-30"}, "date '2025-02-30' is not a date"),
    ({"date": "17 Feb 2025"}, "date '17 Feb 2025' is not a date"),
    ({"date": "2025-13"}, "date '2025-13' is not a date"),
    ({"date": ""}, "date is empty"),
    ({"until": "2024"}, "until 2024-12-31 is before its date 2025-01-01"),
    ({"conditions": "ceasefier"}, "'ceasefier' is not a known condition; did you mean ceasefire"),
    ({"caveats": "no-nights"}, "'no-nights' is not a known caveat"),
    ({"accepts": "conquest"}, "'conquest' is not a known mission"),
    ({"accepts": "observation", "refuses": "observation", "missions_basis": "stated"}, "accepts and refuses"),
    ({"refuses": "observation"}, "refuses a mission and calls it open"),
    ({"accepts": "observation", "missions_basis": "guess"}, "'guess' is not a known missions_basis"),
    ({"stage": "promised"}, "'promised' is not a known stage"),
    ({"position": "keen"}, "'keen' is not a known position"),
    ({"amends": "T999"}, "amends 'T999', which is not there"),
    ({"amends": "T001"}, "amends T001, which is not earlier"),
    ({"amends": "T002"}, "amends T002, a statement of DNK"),
    ({"pledge_id": "T002"}, "pledge_id 'T002' is there twice"),
    ({"source": ""}, "has no source"),
]


@pytest.mark.parametrize(("cells", "says"), WRONG)
def test_a_wrong_row_is_named_with_its_line(tmp_path: Path, cells: dict[str, str], says: str) -> None:
    rows = [pledge_row(1, "FRA", "2025-01-01") | cells, pledge_row(2, "DNK", "2024-01-01")]
    with pytest.raises(TableError) as caught:
        make_register(tmp_path, rows)
    assert says in str(caught.value)
    assert any("pledges.csv line" in problem.where for problem in caught.value.problems)


def test_all_problems_of_a_register_are_told_at_once(tmp_path: Path) -> None:
    rows = [
        pledge_row(1, "ATL", "2025-01-01", size_low="-5"),
        pledge_row(2, "FRA", "someday", conditions="rain"),
        pledge_row(3, "DNK", "2025-01-01"),
        pledge_row(4, "DNK", "2025-01-01"),
    ]
    with pytest.raises(TableError) as caught:
        make_register(tmp_path, rows)
    assert len(caught.value.problems) == 5
    assert str(caught.value).startswith("pledge register: 5 problems")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"date": "2025-02-28"}, {"date": "2025-02"}),
        ({"date": "2025-01-01", "until": "2025-03-01"}, {"date": "2025-03-01"}),
        ({"date": "2025-01-01", "until": "2025-12-01"}, {"date": "2025-04-01", "until": "2025-05-01"}),
    ],
)
def test_overlapping_dates_of_one_nation_are_refused(
    tmp_path: Path, first: dict[str, str], second: dict[str, str]
) -> None:
    rows = [pledge_row(1, "FRA", "") | first, pledge_row(2, "FRA", "") | second]
    with pytest.raises(TableError, match="overlapping dates: FRA"):
        make_register(tmp_path, rows)
    assert len(make_register(tmp_path, [rows[0], rows[1] | {"nation": "DNK"}]).pledges) == 2


def test_a_long_statement_overlaps_every_later_one_it_reaches(tmp_path: Path) -> None:
    rows = [
        pledge_row(1, "FRA", "2025-01-01", until="2025-12-01"),
        pledge_row(2, "FRA", "2025-02-01"),
        pledge_row(3, "FRA", "2025-03-01"),
    ]
    with pytest.raises(TableError) as caught:
        make_register(tmp_path, rows)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"pledge_id,nation\nP1,FRA\n", "has no column date"),
        (b"", "has no column pledge_id"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"x" * (TABLE_BYTES_MAX + 1), "is larger than 2,000,000 bytes"),
    ],
)
def test_a_file_that_is_no_register_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(TableError, match=r"mine\.csv") as caught:
        read_register(path, known_nations=NATIONS)
    assert says in str(caught.value)


def test_a_missing_file_uneven_rows_and_too_many_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="cannot be read"):
        read_register(tmp_path / "none.csv", known_nations=NATIONS)
    path = write_table(tmp_path / "p.csv", [pledge_row(1, "FRA", "2025-01-01")])
    text = path.read_text(encoding="utf-8")
    header = text.splitlines()[0]
    path.write_text(f"{header}\nP1,FRA\n{',' * 40}\n", encoding="utf-8")
    with pytest.raises(TableError, match="fewer cells than the header") as caught:
        read_register(path, known_nations=NATIONS)
    assert "more cells than the header" in str(caught.value)
    path.write_text(f"{header}\n", encoding="utf-8")
    with pytest.raises(TableError, match="has no rows"):
        read_register(path, known_nations=NATIONS)
    path.write_text(header + ("\n" + "," * (header.count(","))) * (ROWS_MAX + 1), encoding="utf-8")
    with pytest.raises(TableError, match="more than 5,000 rows"):
        read_register(path, known_nations=NATIONS)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_file_makes_the_parser_fail_in_another_way(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.csv"
        path.write_bytes(content)
        with pytest.raises(TableError):
            read_register(path, known_nations=NATIONS)


ANY_TEXT = st.one_of(st.text(max_size=12), st.sampled_from(["FRA", "nan", "-1", "T001", "2025-02", "1e400"]))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PLEDGE_COLUMNS), ANY_TEXT)
def test_no_cell_makes_the_reader_of_pledges_fail_in_another_way(column: str, text: str) -> None:
    rows = [pledge_row(1, "FRA", "2025-01-01"), pledge_row(2, "DNK", "2025-02-01") | {column: text}]
    with tempfile.TemporaryDirectory() as folder, suppress(TableError):
        assert make_register(Path(folder), rows).pledges[0].nation == "FRA"


SIZES = st.one_of(st.none(), st.integers(0, 20_000))
STATEMENTS = st.lists(
    st.tuples(st.sampled_from(["FRA", "DNK"]), st.integers(0, 300), SIZES, st.sampled_from(sorted(STAGES))),
    min_size=1,
    max_size=8,
    unique_by=lambda item: item[:2],
)
START = date(2025, 1, 1)


def register_of(statements: list[tuple[str, int, int | None, str]]) -> Register:
    rows = [
        pledge_row(
            number,
            nation,
            str(START + timedelta(days)),
            stage=stage,
            size_low="" if size is None else str(size),
            size_high="" if size is None else str(size),
        )
        for number, (nation, days, size, stage) in enumerate(statements)
    ]
    with tempfile.TemporaryDirectory() as folder:
        return make_register(Path(folder), rows)


@settings(max_examples=40, deadline=None)
@given(STATEMENTS, st.integers(0, 300))
def test_a_later_statement_never_changes_what_an_earlier_day_shows(
    statements: list[tuple[str, int, int | None, str]], days: int
) -> None:
    day = START + timedelta(days)
    whole = register_of(statements).on(day)
    known = [item for item in statements if item[1] <= days]
    assert {code: told(one) for code, one in whole.items()} == (
        {code: told(one) for code, one in register_of(known).on(day).items()} if known else {}
    )


@settings(max_examples=40, deadline=None)
@given(STATEMENTS)
def test_a_size_is_always_one_that_was_stated_in_a_single_statement(
    statements: list[tuple[str, int, int | None, str]],
) -> None:
    for code, stance in register_of(statements).on(START + timedelta(400)).items():
        latest = max((item for item in statements if item[0] == code), key=lambda item: item[1])
        assert stance.size_high == latest[2]
        assert all(stage == pledge.stage for stage, pledge in stance.by_stage.items())


def told(stance: Stance) -> tuple[object, ...]:
    stages = sorted((stage, pledge.day) for stage, pledge in stance.by_stage.items())
    return (stance.latest.day, stance.size_low, stance.size_high, stance.position, stages)
