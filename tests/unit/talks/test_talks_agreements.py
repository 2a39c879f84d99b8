"""Candidate agreements: terms, what they settle and bring, and every problem in one message."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_talks import make_issue

from truceline.errors import TableError
from truceline.talks.agreements import Agreement, check_conditions, read_agreements

ISSUES = {"bridge": make_issue("bridge"), "toll": make_issue("toll", ends=(2, 6))}
ACTORS = ["harbour", "island", "mill"]
TERMS = """term,kind,label,points,asks,meets,bars,mission,zone_half_width_km,note
guards,force,Guards on the bridge,bridge=50..60..70,island,mandate,,observation,,a few
no-guards,force,No guards,bridge=0,,,mandate,,,
truce,sequence,A truce first,,harbour|island,truce,,,,
wide,zone,A wide zone,,,,,,7.5,
cheap,spending,A low toll,toll=2..2.5..3,,paid,,,,
"""
AGREEMENTS = """agreement,label,terms,sentence,source
one,Guarded,guards|truce|wide,Guards come after a truce.,Gazette
two,,no-guards|cheap,Nobody comes.,Herald
"""


def read(folder: Path, terms: str = TERMS, agreements: str = AGREEMENTS) -> tuple[Agreement, ...]:
    (folder / "terms.csv").write_text(terms, encoding="utf-8")
    (folder / "agreements.csv").write_text(agreements, encoding="utf-8")
    return read_agreements(folder, ISSUES, ACTORS)


def test_an_agreement_gathers_what_its_terms_settle_bring_ask_and_rule_out(tmp_path: Path) -> None:
    one, two = read(tmp_path)
    assert (one.key, one.label, one.mission, one.zone_half_width_km) == ("one", "Guarded", "observation", 7.5)
    assert (one.meets, one.bars) == ({"mandate", "truce"}, set())
    assert [term.key for term in one.asks_of("island")] == ["guards", "truce"]
    assert [term.key for term in one.asks_of("mill")] == []
    assert set(one.points) == {"bridge"}
    point = one.points["bridge"]
    assert (point.name, point.value, point.bounds) == ("talks.agreement.one.bridge", 60, (50, 70))
    assert point.note == "Guards on the bridge. Our coding: a few"
    assert (two.label, two.mission, two.zone_half_width_km) == ("two", "", None)
    assert two.bars == {"mandate"}
    assert two.points["bridge"].bounds == (0, 0)
    assert two.points["toll"].bounds == (2, 3)


def test_a_folder_without_either_table_has_no_agreements(tmp_path: Path) -> None:
    assert read_agreements(tmp_path, ISSUES, ACTORS) == ()


@pytest.mark.parametrize("left", ["terms", "agreements"])
def test_one_of_the_two_tables_alone_is_refused(tmp_path: Path, left: str) -> None:
    read(tmp_path)
    (tmp_path / f"{left}.csv").unlink()
    with pytest.raises(TableError, match=f"{left}.csv"):
        read_agreements(tmp_path, ISSUES, ACTORS)


def test_everything_that_is_wrong_is_said_in_one_message(tmp_path: Path) -> None:
    terms = TERMS + (
        "wide,zone,Again,,,,,,,\n"
        "far,zone,Too far,bridge=101|toll=1..2..3|towr=5,iland,,,peace,-3,\n"
        "odd,tax,Odd,bridge=10..20|toll=5..4..6,,,,,,\n"
        "late,sequence,Late,bridge=40,,,truce,,,\n"
        "sent,rules,Sent,,,,,observation,,\n"
    )
    agreements = AGREEMENTS + (
        "one,Again,guards,Twice.,Gazette\n"
        "three,Both,guards|no-guards,Two of a kind.,Gazette\n"
        "four,Unknown,gards|truce,No such term.,Gazette\n"
        "five,None,,Nothing.,Gazette\n"
        "six,Twice,guards|late,Settles the bridge twice.,Gazette\n"
        "seven,Against itself,truce|cheap|clash,Brings and bars.,Gazette\n"
    )
    terms += "clash,rules,Clash,,,,truce|paid,,,\n"
    with pytest.raises(TableError) as caught:
        read(tmp_path, terms, agreements)
    message = str(caught.value)
    for words in (
        "terms.csv line 7  term 'wide' is missing or there twice",
        "terms.csv line 8  points of bridge 101 is outside its scale; write a number from 0 to 100",
        "terms.csv line 8  points of toll 1 is outside its scale; write a number from 2 to 6",
        "terms.csv line 8  points: issue 'towr' has no scale",
        "terms.csv line 8  asks: actor 'iland' is not in actors.csv; did you mean island?",
        "terms.csv line 8  'peace' is not a known mission",
        "terms.csv line 8  zone_half_width_km -3 is negative",
        "terms.csv line 9  'tax' is not a known kind of term",
        "terms.csv line 9  points: '10..20' is not a range; write 60 or 50..60..70",
        "terms.csv line 9  points of toll: 5, 4, 6 are not in order",
        "terms.csv line 11  mission observation is not on a force term",
        "agreements.csv line 4  agreement 'one' is missing or there twice",
        "agreements.csv line 5  has more than one term of the kind force: guards, no-guards",
        "agreements.csv line 5  both brings and rules out the condition mandate",
        "agreements.csv line 6  term 'gards' is not in terms.csv; did you mean guards?",
        "agreements.csv line 7  has no term",
        "agreements.csv line 8  settles bridge twice, last by late",
        "agreements.csv line 9  both brings and rules out the condition paid",
        "agreements.csv line 9  both brings and rules out the condition truce",
    ):
        assert words in message, words


def test_conditions_that_the_book_does_not_have_are_all_named(tmp_path: Path) -> None:
    agreements = read(tmp_path)
    check_conditions(agreements, ["mandate", "truce", "paid"])
    with pytest.raises(TableError) as caught:
        check_conditions(agreements, ["mandates", "paid"])
    message = str(caught.value)
    assert "terms.csv, guards  'mandate' is not a known condition; did you mean mandates?" in message
    assert "terms.csv, no-guards  'mandate' is not a known condition" in message
    assert "terms.csv, truce  'truce' is not a known condition" in message
