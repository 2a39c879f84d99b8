"""The register of talks: read from tables, replayed to any day, and every problem told in one message."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from made_talks import (
    ACTORS,
    ISSUES,
    POSITIONS,
    STANDING,
    make_board,
    make_issue,
    make_register,
    make_standing,
    make_statement,
    write_talks,
)

from truceline.errors import TableError
from truceline.talks.model import Actor, Board
from truceline.talks.register import TalksRegister
from truceline.talks.register_reading import TABLES, read_talks


def refused(folder: Path) -> str:
    with pytest.raises(TableError) as caught:
        read_talks(folder)
    return str(caught.value)


def position(board: Board, actor: str, issue: str = "bridge") -> float | None:
    place = board.places.get((actor, issue))
    return None if place is None else place.position.value


# --- Reading


def test_a_folder_of_tables_becomes_actors_issues_statements_and_standings(tmp_path: Path) -> None:
    register = read_talks(write_talks(tmp_path))
    assert list(register.issues) == ["bridge", "toll"]
    assert list(register.actors) == ["harbour", "island", "mill"]
    assert register.actors["harbour"].issues == ("bridge", "toll")
    assert register.actors["mill"].issues == ("bridge",)
    assert [one.statement_id for one in register.statements] == ["S1", "S2", "S7", "S4", "S5", "S3", "S6"]
    bridge, toll = register.issues.values()
    assert bridge.quota.bounds == (0.4, 0.6)
    assert bridge.reference.bounds == (0, 10)
    assert toll.quota.bounds == (0.6, 0.6)
    assert toll.reference.bounds == (2, 2)
    assert (toll.low_end, toll.high_end, toll.span) == (2, 6, 4)


def test_a_range_left_empty_is_the_value_alone(tmp_path: Path) -> None:
    board = read_talks(write_talks(tmp_path)).on(date(2025, 3, 1))
    assert board.places["harbour", "toll"].position.bounds == (2.5, 2.5)
    assert board.places["harbour", "bridge"].position.bounds == (70, 90)
    assert board.places["harbour", "bridge"].salience.bounds == (50, 70)


def test_a_statement_without_a_number_places_nobody_and_is_kept(tmp_path: Path) -> None:
    register = read_talks(write_talks(tmp_path))
    (ferries,) = [one for one in register.statements if one.issue == "ferries"]
    assert not ferries.is_coded
    assert ("harbour", "ferries") not in register.on(date(2025, 3, 1)).places


def test_a_joint_statement_counts_for_each_of_its_actors(tmp_path: Path) -> None:
    both = POSITIONS + "S8,,harbour|mill,bridge,together,2025-04-01,55,50,60,50,40,60,Gazette\n"
    board = read_talks(write_talks(tmp_path, positions=both)).on(date(2025, 4, 1))
    assert position(board, "harbour") == position(board, "mill") == 55
    assert position(board, "island") == 20
    assert board.places["mill", "bridge"].statement.is_joint


def test_a_coded_number_leads_to_its_statement_and_says_that_it_is_ours(tmp_path: Path) -> None:
    place = read_talks(write_talks(tmp_path)).on(date(2025, 3, 1)).places["island", "bridge"]
    assert place.position.name == "talks.position.bridge.island"
    assert place.salience.name == "talks.salience.bridge.island"
    for number in (place.position, place.salience):
        assert "S3, Elder, 2025-02: no wide bridge" in number.note
        assert "Our coding of words on a scale" in number.note
        assert number.source == "Herald"
        assert number.evidence == "judgement"


# --- Replay


def test_a_statement_counts_from_its_own_day(tmp_path: Path) -> None:
    register = read_talks(write_talks(tmp_path))
    day = date(2025, 1, 10)
    assert position(register.on(day - timedelta(days=1)), "harbour") is None
    assert position(register.on(day), "harbour") == 80
    assert position(register.on(date(2025, 3, 4)), "harbour") == 80
    assert position(register.on(date(2025, 3, 5)), "harbour") == 70


def test_what_is_dated_to_a_month_counts_from_its_last_day(tmp_path: Path) -> None:
    register = read_talks(write_talks(tmp_path))
    assert position(register.on(date(2025, 2, 27)), "island") is None
    assert position(register.on(date(2025, 2, 28)), "island") == 20


def test_who_had_said_nothing_is_silent_and_not_in_the_middle(tmp_path: Path) -> None:
    board = read_talks(write_talks(tmp_path)).on(date(2025, 2, 10))
    assert board.silent == {"bridge": ("island", "mill"), "toll": ()}
    assert board.speakers("bridge") == ("harbour",)
    assert ("island", "bridge") not in board.places


def test_a_silence_on_record_takes_an_earlier_position_away() -> None:
    register = make_register(
        {"bridge": {"ann": 20, "ben": 30}},
        more=[make_statement("Z1", "ann", "bridge", None, said="2025-02-10")],
    )
    assert position(register.on(date(2025, 2, 9)), "ann") == 20
    later = register.on(date(2025, 2, 10))
    assert position(later, "ann") is None
    assert later.silent == {"bridge": ("ann",)}


def test_a_later_statement_that_was_not_coded_leaves_the_position_as_it_was(tmp_path: Path) -> None:
    later = POSITIONS + "S8,Reeve,harbour,bridge,thinks of it,2025-02-20,,,,,,,Gazette\n"
    board = read_talks(write_talks(tmp_path, positions=later)).on(date(2025, 3, 1))
    assert board.places["harbour", "bridge"].statement.statement_id == "S1"
    assert board.silent["bridge"] == ()


def test_of_two_statements_of_one_day_the_later_row_id_counts() -> None:
    register = make_register(
        {"bridge": {"ben": 30}},
        silent=["ann"],
        more=[
            make_statement("Z2", "ann", "bridge", 20, said="2025-02-10"),
            make_statement("Z1", "ann", "bridge", 10, said="2025-02-10"),
        ],
    )
    assert position(register.on(date(2025, 2, 10)), "ann") == 20


def test_seat_power_and_veto_are_each_the_latest_row_that_gives_them(tmp_path: Path) -> None:
    register = read_talks(write_talks(tmp_path))
    first = register.standing("island", "toll", date(2025, 1, 1))
    later = register.standing("island", "toll", date(2025, 2, 15))
    assert first is not None
    assert later is not None
    assert (first.seat, first.power.value, first.veto, first.veto_row) == ("party", 40, False, None)
    assert (later.seat, later.power.value, later.veto) == ("absent", 30, False)
    assert first.power.bounds == (30, 50)


def test_a_row_on_the_issue_wins_over_a_later_one_on_every_issue(tmp_path: Path) -> None:
    register = read_talks(write_talks(tmp_path))
    before, after = (register.standing("island", "bridge", date(2025, 2, day)) for day in (9, 15))
    assert before is not None
    assert after is not None
    assert (before.power.value, before.veto) == (40, False)
    assert (after.seat, after.power.value, after.veto) == ("absent", 60, True)
    assert after.veto_row is not None
    assert after.veto_row.standing_id == "R4"
    assert after.seat_row.standing_id == "R5"


def test_nobody_stands_anywhere_before_the_first_row(tmp_path: Path) -> None:
    register = read_talks(write_talks(tmp_path))
    assert register.standing("island", "toll", date(2024, 12, 31)) is None
    assert register.on(date(2024, 12, 31)).standings == {}


def test_the_order_of_rows_does_not_matter() -> None:
    statements = [make_statement(f"S{n}", "ann", "bridge", n, said=f"2025-02-{n:02}") for n in (3, 1, 2)]
    standings = [make_standing("R1", "ann", seat="party", power=50)]
    actor, issue = Actor("ann", "Ann", "other", "", ("bridge",)), make_issue("bridge")
    one = TalksRegister([actor], [issue], statements, standings)
    other = TalksRegister([actor], [issue], statements[::-1], standings)
    for day in (1, 2, 3):
        boards = one.on(date(2025, 2, day)), other.on(date(2025, 2, day))
        assert position(boards[0], "ann") == position(boards[1], "ann") == day


def test_codings_are_all_numbers_that_may_be_drawn_by_name() -> None:
    board = make_board({"bridge": {"ann": 1, "ben": 2}}, silent=["cat"])
    assert list(board.codings()) == [
        "talks.position.bridge.ann",
        "talks.position.bridge.ben",
        "talks.power.bridge.ann",
        "talks.power.bridge.ben",
        "talks.quota.bridge",
        "talks.reference.bridge",
        "talks.salience.bridge.ann",
        "talks.salience.bridge.ben",
    ]


# --- What is refused


def test_an_actor_without_a_position_on_an_issue_it_takes_part_in_is_refused(tmp_path: Path) -> None:
    actors = ACTORS.replace("mill,Mill,contributor,bridge", "mill,Mill,contributor,bridge|toll")
    message = refused(write_talks(tmp_path, actors=actors))
    assert "positions.csv  mill has no position on toll: absent is not neutral" in message
    assert "position none where nothing was said" in message
    silence = POSITIONS + "S9,,mill,toll,nothing found,2025-01-01,none,,,,,,Truceline\n"
    board = read_talks(write_talks(tmp_path, actors=actors, positions=silence)).on(date(2025, 3, 1))
    assert board.silent["toll"] == ("mill",)


def test_an_actor_without_seat_or_power_on_an_issue_is_refused(tmp_path: Path) -> None:
    """A row on one issue alone gives nobody a standing on another: it would be left out unseen."""
    standing = STANDING.replace("R1,harbour,*", "R1,harbour,toll")
    message = refused(write_talks(tmp_path, standing=standing))
    assert "harbour has no row with seat and power on bridge" in message
    assert "on toll" not in message


def test_everything_that_is_wrong_is_said_in_one_message(tmp_path: Path) -> None:
    folder = write_talks(
        tmp_path,
        issues="issue,label,question,from,to,quota,quota_low,quota_high,reference\n"
        "bridge,Bridge,?,0,100,1.2,0.5,1.2,0\n"
        "toll,Toll,?,2,6,0,,,7\n"
        "bank,Bank,?,5,5,0.5,,,5\n"
        "bell,Bell,?,0,1,0.5,,,0\n"
        "bell,Bell,?,0,1,0.5,0.6,0.7,0\n",
        actors=ACTORS + "moon,Moon,star,bridge|tolls\nhill,Hill,other,\nharbour,Harbour,party,bell\n",
        positions=POSITIONS
        + "S1,Reeve,harbour,bridge,again,2025-01-12,80,,,-5,,,Gazette\n"
        + "S10,Elder,island,bridge,off the scale,2025-01-12,120,,,5,,,Gazette\n"
        + "S11,Elder,island,bridge,out of order,2025-01-12,50,60,70,50,60,40,Gazette\n"
        + "S12,Elder,ireland,bridge,who?,2025-01-12,50,,,50,,,Gazette\n"
        + "S13,Elder,island,brigde,what?,2025-01-12,50,,,50,,,Gazette\n"
        + "S14,Miller,mill,toll,not my matter,2025-01-12,4,,,50,,,Gazette\n"
        + "S15,Miller,mill,bridge,when?,2025-13,4,,,50,,,Gazette\n"
        + "S16,Miller,mill,bridge,no salience,2025-01-12,4,,,,,,Gazette\n"
        + "S17,Miller,mill,bridge,wide,2025-01-12,wide,,,50,,,Gazette\n"
        + "S18,Miller,,bridge,nobody,2025-01-12,40,,,50,,,Gazette\n",
        standing=STANDING
        + "R1,harbour,*,2025-01-02,party,-50,,,no,Truceline\n"
        + "R6,island,bridge,2025-02-10,,,,,no,Truceline\n"
        + "R7,mill,toll,2025-02-10,,,,,yes,Truceline\n"
        + "R8,mil,*,2025-02-10,guest,,,,maybe,Truceline\n",
    )
    message = refused(folder)
    for words in (
        "issues.csv line 2  quota 1.2 is more than the whole weight: nobody reaches it",
        "issues.csv line 3  quota 0 lets anybody decide",
        "issues.csv line 3  reference 7 is outside its scale; write a number from 2 to 6",
        "issues.csv line 4  the scale from 5 to 5 has no width",
        "issues.csv line 6  quota_low, quota, quota_high: 0.6, 0.5, 0.7 are not in order",
        "issues.csv line 6  issue 'bell' is on issues.csv line 5 as well",
        "issues.csv  bank concerns harbour only",
        "actors.csv line 5  'star' is not a known kind of actor",
        "actors.csv line 5  issue 'tolls' is not in issues.csv; did you mean toll?",
        "actors.csv line 6  takes part in no issue",
        "actors.csv line 7  actor 'harbour' is on actors.csv line 2 as well",
        "positions.csv line 9  salience -5 is negative",
        "positions.csv line 9  position_id 'S1' is on positions.csv line 2 as well",
        "positions.csv line 10  position 120 is outside its scale; write a number from 0 to 100, or none",
        "positions.csv line 11  low, position, high: 60, 50, 70 are not in order",
        "positions.csv line 11  salience_low, salience, salience_high: 60, 50, 40 are not in order",
        "positions.csv line 12  actor 'ireland' is not in actors.csv; did you mean island?",
        "positions.csv line 13  issue 'brigde' has no scale; did you mean bridge?",
        "positions.csv line 14  mill takes no part in toll",
        "positions.csv line 15  date '2025-13' is not a date",
        "positions.csv line 16  salience is empty",
        "positions.csv line 17  position 'wide' is not a number",
        "positions.csv line 18  counts for nobody",
        "positions.csv  moon has no position on bridge: absent is not neutral",
        "standing.csv line 7  power -50 is negative",
        "standing.csv line 7  standing_id 'R1' is on standing.csv line 2 as well",
        "standing.csv  R6: island has a veto on bridge and has none on 2025-02-10; contradictory vetoes",
        "standing.csv line 9  gives mill a veto on toll, in which it takes no part",
        "standing.csv line 10  actor 'mil' is not in actors.csv; did you mean mill?",
        "standing.csv line 10  seat 'guest' is not known",
        "standing.csv line 10  veto 'maybe' is not known",
        "standing.csv  moon has no row with seat and power on bridge",
    ):
        assert words in message, words


def test_a_number_that_is_wrong_is_one_problem_and_its_empty_range_none(tmp_path: Path) -> None:
    positions = POSITIONS.replace("2.5,,,40,,", "7.5,,,40,,")
    message = refused(write_talks(tmp_path, positions=positions))
    assert message.startswith("talks: 1 problem\n")
    assert "positions.csv line 3  position 7.5 is outside its scale" in message


def test_an_issue_whose_numbers_are_refused_is_still_known_to_the_other_tables(tmp_path: Path) -> None:
    issues = ISSUES.replace("0,100,0.5,0.4,0.6", "100,0,0.5,0.6,0.4")
    message = refused(write_talks(tmp_path, issues=issues))
    assert message.startswith("talks: 2 problems\n")
    assert "the scale from 100 to 0 has no width" in message
    assert "quota_low, quota, quota_high: 0.6, 0.5, 0.4 are not in order" in message


def test_one_actor_only_has_nobody_to_talk_to(tmp_path: Path) -> None:
    folder = write_talks(
        tmp_path,
        actors="actor,name,kind,issues\nharbour,Harbour,party,*\n",
        positions="\n".join(POSITIONS.splitlines()[:3]) + "\n",
        standing="\n".join(STANDING.splitlines()[:2]) + "\n",
    )
    message = refused(folder)
    assert "issues.csv  bridge concerns harbour only" in message
    assert "issues.csv  toll concerns harbour only" in message


def test_an_issue_that_concerns_nobody_is_refused(tmp_path: Path) -> None:
    actors = ACTORS.replace("party,*", "party,bridge").replace("bridge|toll", "bridge")
    positions = "".join(line + "\n" for line in POSITIONS.splitlines() if ",toll," not in line)
    assert "toll concerns nobody only" in refused(write_talks(tmp_path, actors=actors, positions=positions))


def test_files_that_are_missing_or_no_tables_are_all_named(tmp_path: Path) -> None:
    folder = write_talks(tmp_path, positions="position_id,actors\nS1,harbour\n")
    (folder / "actors.csv").unlink()
    (folder / "standing.csv").write_bytes(STANDING.encode("utf-16"))
    (folder / "issues.csv").write_bytes(ISSUES.replace("Bridge", "Br\xfccke").encode("latin-1"))
    message = refused(folder)
    assert "actors.csv  there is no such file" in message
    assert "issues.csv, positions.csv, standing.csv" in message
    assert "standing.csv  is not UTF-8 text" in message
    assert "issues.csv  is not UTF-8 text" in message
    assert "positions.csv  has no column date" in message


def test_a_folder_that_is_not_there_names_every_table(tmp_path: Path) -> None:
    message = refused(tmp_path / "nowhere")
    assert all(f"{name}.csv" in message for name in TABLES)


def test_two_rows_of_one_day_that_differ_are_refused_for_which_came_later_is_not_known(
    tmp_path: Path,
) -> None:
    folder = write_talks(
        tmp_path,
        positions=POSITIONS + "S8,Elder,island,bridge,none at all,2025-02-28,0,,,90,,,Herald\n",
        standing=STANDING + "R6,mill,*,2025-01-01,party,30,,,,Truceline\n",
    )
    message = refused(folder)
    assert "S3 and S8 both place island on bridge on 2025-02-28" in message
    assert "R3 and R6 give mill another seat on *, 2025-01-01" in message
    assert "R3 and R6 give mill another power on *, 2025-01-01" in message
