"""The packaged tables of talks: no given row is lost, each coding has a source and a range, facts of days."""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from truceline.generation.condition_book import ConditionBook
from truceline.generation.conditions import read_conditions
from truceline.generation.nations import read_nations
from truceline.talks.agreements import Agreement, check_conditions, read_agreements
from truceline.talks.model import Board
from truceline.talks.register import TalksRegister
from truceline.talks.register_reading import read_talks

RENAMED = {"actor": "speaker", "party": "actors", "stance": "statement"}
"""Columns of the table as given that are called otherwise in the packaged one."""
MET_IN_PARIS = "GBR|FRA|DEU|POL|ITA|ESP|NLD|DNK|EU"
"""Who met on 17 February 2025: the joint statement counts for them, and not for an actor of its own."""
SEED_DAY = date(2025, 2, 17)


def packaged(name: str) -> list[dict[str, str]]:
    text = files("truceline.scenario").joinpath("reference", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def register() -> TalksRegister:
    return read_talks()


@cache
def agreements() -> tuple[Agreement, ...]:
    return read_agreements(None, register().issues, register().actors)


@cache
def book() -> ConditionBook:
    return read_conditions(nations={code: nation.name for code, nation in read_nations().items()})


def board(*day: int) -> Board:
    return register().on(date(*day))


def test_no_row_of_the_table_as_given_is_lost_or_changed(shared: Path) -> None:
    text = (shared / "data" / "reference" / "positions.csv").read_text(encoding="utf-8")
    given = list(csv.DictReader(text.splitlines()))
    assert len(given) >= 76
    ours = packaged("positions")
    assert len(ours) >= len(given)
    for number, (row, mine) in enumerate(zip(given, ours, strict=False), start=1):
        assert mine["position_id"] == f"PO{number:03}"
        expected = {RENAMED.get(column, column): cell for column, cell in row.items() if column != "year"}
        expected["named_in_seed"] = {"1": "yes", "0": "no"}[row["named_in_seed"]]
        if mine["position_id"] == "PO032":
            assert (row["party"], mine["actors"]) == ("INT", MET_IN_PARIS)
            expected["actors"] = MET_IN_PARIS
        assert {column: mine[column] for column in expected} == expected
        assert mine["date"].startswith(row["year"])


def test_every_coded_row_has_a_source_with_an_address_and_says_why() -> None:
    coded = [row for row in packaged("positions") if row["position"] not in ("", "none")]
    assert len(coded) > 150
    for row in coded:
        assert row["source"], row["position_id"]
        assert row["source_url"].startswith(("https://", "http://")), row["position_id"]
        assert row["statement"], row["position_id"]
        assert row["coding"], row["position_id"]
        assert row["confidence"] in ("high", "medium", "low", "inference"), row["position_id"]


def test_every_coded_number_has_a_range_around_it() -> None:
    n = 0
    for said in register().statements:
        if said.position is None:
            continue
        assert said.salience is not None
        issue = register().issues[said.issue]
        for low, value, high in (said.position, said.salience):
            assert low <= value <= high
        low, _, high = said.position
        # A wish beyond the end of the scale may be coded as that end; nothing else is known to the point.
        assert low < high or high == issue.high_end, said.statement_id
        assert said.salience[0] < said.salience[2], said.statement_id
        n += 1
    assert n > 150


def test_every_power_has_a_range_and_every_seat_and_veto_a_source() -> None:
    for row in register().standing_rows:
        assert row.source, row.standing_id
        assert row.statement, row.standing_id
        if row.power is not None:
            low, value, high = row.power
            assert low <= value <= high
            assert low < high, row.standing_id


def test_quotas_and_references_have_ranges_and_say_where_they_come_from() -> None:
    for row in packaged("talks_issues"):
        issue = register().issues[row["issue"]]
        for number, note in ((issue.quota, row["quota_note"]), (issue.reference, row["reference_note"])):
            low, high = number.bounds
            assert low < high
            assert low <= number.value <= high
            assert note
            assert note in number.note
        assert issue.marks[0][0] == issue.low_end
        assert issue.marks[-1][0] == issue.high_end


def test_the_issues_of_february_2025_are_there() -> None:
    assert list(register().issues) == [
        "troop_deployment",
        "us_backstop",
        "kyiv_participation",
        "european_seat",
        "defence_spending",
    ]


def test_nations_of_actors_are_in_the_table_of_nations() -> None:
    known = read_nations()
    for actor in register().actors.values():
        assert not actor.nation or actor.nation in known or actor.nation in ("USA", "RUS", "UKR", "CHN")
        assert actor.nation in ("", actor.key)


def test_numbers_of_rows_are_unique_and_in_order() -> None:
    for table, column, prefix in (
        ("positions", "position_id", "PO"),
        ("talks_standing", "standing_id", "ST"),
    ):
        keys = [row[column] for row in packaged(table)]
        assert keys == [f"{prefix}{n:03}" for n in range(1, len(keys) + 1)]


def test_conditions_of_agreements_are_in_the_book_and_hold_together() -> None:
    check_conditions(agreements(), book())
    for agreement in agreements():
        assert not book().conflicts(agreement.meets), agreement.key
        assert not book().missing_needs(agreement.meets), agreement.key


def test_every_term_is_used_and_every_agreement_settles_something() -> None:
    used = {term.key for agreement in agreements() for term in agreement.terms}
    assert used == {row["term"] for row in packaged("talks_terms")}
    for agreement in agreements():
        assert agreement.points, agreement.key
        assert [term.kind for term in agreement.terms].count("force") == 1, agreement.key
        assert agreement.sentence
        assert agreement.source
    assert {agreement.mission for agreement in agreements()} == {
        "",
        "observation",
        "reassurance",
        "interposition",
    }


def test_points_of_agreements_are_ranges_on_their_scales() -> None:
    for agreement in agreements():
        for issue, point in agreement.points.items():
            scale = register().issues[issue]
            low, high = point.bounds
            assert scale.low_end <= low <= point.value <= high <= scale.high_end
            assert low < high


def test_who_had_spoken_on_troops_by_the_seventeenth_of_february() -> None:
    known = board(2025, 2, 17)
    spoke = "DEU DNK ESP EU FRA GBR ITA NATO NLD POL RUS SVK SWE UKR USA"
    assert " ".join(known.speakers("troop_deployment")) == spoke
    assert known.places["DEU", "troop_deployment"].statement.statement_id == "PO008"
    assert known.places["GBR", "troop_deployment"].statement.statement_id == "PO002"
    assert {"EST", "CAN", "FIN", "TUR", "AUS"} <= set(known.silent["troop_deployment"])


def test_what_was_said_later_was_not_known_then() -> None:
    known = board(2025, 2, 17)
    assert all(place.statement.day <= SEED_DAY for place in known.places.values())
    assert known.places["USA", "us_backstop"].statement.statement_id == "PO079"
    assert board(2025, 2, 24).places["USA", "us_backstop"].statement.statement_id == "PO080"
    assert board(2025, 2, 26).places["USA", "us_backstop"].statement.statement_id == "PO081"


def test_a_statement_of_march_counts_from_its_last_day() -> None:
    assert board(2025, 3, 30).places["FRA", "us_backstop"].statement.statement_id == "PO131"
    assert board(2025, 3, 31).places["FRA", "us_backstop"].statement.statement_id == "PO022"


def test_paris_counts_for_each_that_met() -> None:
    known = board(2025, 2, 17)
    met = MET_IN_PARIS.split("|")
    assert {known.places[actor, "european_seat"].statement.statement_id for actor in met} == {"PO032"}
    assert "INT" not in register().actors


def test_who_was_silent_on_the_backstop_is_on_record_as_silent() -> None:
    known = board(2025, 2, 17)
    assert {"RUS", "FRA", "POL", "ESP", "DNK", "EU"} <= set(known.silent["us_backstop"])
    assert known.speakers("us_backstop") == ("DEU", "GBR", "ITA", "NLD", "UKR", "USA")


def test_seats_and_vetoes_of_the_seventeenth_of_february() -> None:
    known = board(2025, 2, 17)
    seats = {
        actor: known.standings[actor, "kyiv_participation"].seat for actor in ("USA", "RUS", "UKR", "GBR")
    }
    assert seats == {"USA": "party", "RUS": "party", "UKR": "consulted", "GBR": "consulted"}
    assert board(2025, 2, 18).standings["UKR", "kyiv_participation"].seat == "absent"
    vetoes = {pair for pair, one in known.standings.items() if one.veto}
    assert vetoes == {
        ("UKR", "troop_deployment"),
        ("USA", "us_backstop"),
        ("UKR", "kyiv_participation"),
    }
    assert not board(2025, 2, 12).standings["UKR", "kyiv_participation"].veto


@pytest.mark.parametrize("day", [(2025, 1, 22), (2025, 2, 17), (2025, 9, 5), (2026, 2, 3)])
def test_everybody_who_spoke_has_a_seat_and_power(day: tuple[int, int, int]) -> None:
    """Nobody is left out for want of a standing: who is silent on a board has said nothing."""
    known = board(*day)
    for issue, silent in known.silent.items():
        for actor in silent:
            said = register().latest(actor, issue, known.day)
            assert said is None or said.is_silence, (actor, issue)
