"""Agreements as data: the packaged ones, and what is said of one that is wrong."""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging_inputs import agreement, agreement_text, clause

from truceline.errors import ScenarioError, TrucelineError
from truceline.events.agreement_places import NamedLine, make_lines
from truceline.events.agreements import (
    ACT_KINDS,
    Acts,
    format_agreement,
    list_agreements,
    load_agreement,
    parse_agreement,
)
from truceline.events.kinds import Kind
from truceline.events.verification import read_ladder

PACKAGED = (
    "disengagement-2016", "donbas-recommitments", "easter-2025", "energy-2025-03", "energy-2026-01",
    "measures-2020-07", "minsk-2014", "minsk-2015", "victory-day-2025",
)  # fmt: skip


def problems_of(text: str) -> str:
    with pytest.raises(TrucelineError) as caught:
        parse_agreement(text, "mine.yaml")
    return str(caught.value)


class TestPackaged:
    def test_they_are_these(self) -> None:
        assert list_agreements() == PACKAGED

    @pytest.mark.parametrize("name", PACKAGED)
    def test_each_reads_under_its_own_name_with_a_source(self, name: str) -> None:
        found = load_agreement(name)
        assert found.name == name
        assert found.source.title
        assert all(one.says.endswith(".") for one in found.clauses)

    @pytest.mark.parametrize(
        ("name", "first", "starts"),
        [
            ("minsk-2015", "ceasefire", datetime(2015, 2, 14, 22)),
            ("measures-2020-07", "no-fire", datetime(2020, 7, 26, 21, 1)),
            ("easter-2025", "all-fire", datetime(2025, 4, 19, 15)),
        ],
    )
    def test_they_start_when_they_did(self, name: str, first: str, starts: datetime) -> None:
        found = load_agreement(name)
        assert found.utc(found.clause(first).starts) == starts

    def test_truces_are_those_of_the_table(self, shared: Path) -> None:
        import csv

        rows = list(csv.DictReader((shared / "data/events/known_truces_dev.csv").read_text().splitlines()))
        starts = {
            (one.starts.isoformat(timespec="minutes"), found.zone)
            for found in map(load_agreement, PACKAGED)
            for one in found.clauses
        }
        for row in rows:
            assert (row["from_local"], row["timezone"]) in starts, row["truce_id"]

    def test_withdrawal_needs_lines_that_nobody_packaged(self) -> None:
        assert load_agreement("minsk-2015").missing_lines == ("contact", "memorandum")

    def test_the_truce_of_one_side_binds_that_side_alone(self) -> None:
        assert load_agreement("victory-day-2025").clauses[0].binds == "b"

    def test_an_energy_truce_forbids_no_other_strikes(self) -> None:
        for name in ("energy-2025-03", "energy-2026-01"):
            for one in load_agreement(name).clauses:
                assert one.forbids.targets == ("energy",)

    def test_nothing_lets_the_mission_name_a_side_as_in_the_practice_of_the_time(self) -> None:
        assert not any(one.attribution for name in PACKAGED for one in load_agreement(name).clauses)

    def test_the_ladders_numbers_are_records(self) -> None:
        assert read_ladder().posts_verify == 2


class TestWhatIsWrong:
    def test_every_problem_is_told_at_once_with_its_line(self) -> None:
        text = "name: My Truce\nzone: Mars\nclauses:\n  - name: x\n    fro: 3\n    from: 2025-01-01\n"
        message = problems_of(text + "    forbids: {kinds: [casualty], weapon: [tank]}\n")
        assert "mine.yaml:1  name  'My Truce' is not a name" in message
        assert "mine.yaml:2  zone  'Mars' is no time zone" in message
        assert "mine.yaml:5  clauses[0].fro  is not a known key; did you mean from?" in message
        assert "mine.yaml:6  clauses[0].from  has no time of day" in message
        assert "mine.yaml:7  clauses[0].forbids.kinds  casualty: a trace or a count, not an act" in message
        assert "clauses[0].forbids.weapon  is not a known key; did you mean weapons?" in message
        assert "mine.yaml  title  is missing" in message

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"from": "2026-02-01T00:00"}, "before it starts"),
            ({"from": "soon"}, "is not a moment"),
            ({"from": "2025-01-01T00:00+02:00"}, "has a zone of its own"),
            ({"kind": "withdrawal"}, "a withdrawal needs weapons and a band"),
            ({"kind": "protected_targets"}, "protects nothing"),
            ({"place": []}, "holds nowhere"),
            ({"place": {}}, "says no place"),
            ({"place": {"everywhere": True, "band": {"line": "front", "to_km": 5}}}, "more than one thing"),
            ({"place": {"band": {"line": "front", "from_km": 9, "to_km": 5}}}, "runs from 9 to 5 km"),
            ({"place": {"polygon": [[[0, 0], [1, 0], [1, 1]]]}}, "a ring is open"),
            ({"place": {"polygon": [[[0, 99], [1, 0], [1, 1], [0, 99]]]}}, "not on the map"),
            ({"forbids": {"groups": ["consequence"]}}, "is not possible"),
            ({"forbids": {"kinds": ["shot"], "apart_from": ["shot"]}}, "forbids no act"),
            ({"except": [{"says": "everything"}]}, "allows everything"),
            ({"disputed_from": "2025-03-01T00:00"}, "disputed_from is after the start"),
            ({"disputed_to": "2025-03-01T00:00"}, "disputed_to is before the end"),
            ({"binds": "c"}, "'c' is not possible"),
        ],
    )
    def test_a_clause_that_cannot_be_meant_is_refused(self, fields: dict[str, object], said: str) -> None:
        assert said in problems_of(agreement_text(clause(**fields)))

    def test_two_clauses_of_one_name_are_refused(self) -> None:
        assert "two clauses are called no-fire" in problems_of(agreement_text(clause(), clause()))

    def test_an_agreement_without_a_clause_is_refused(self) -> None:
        assert "has no clause" in problems_of(agreement_text(clauses=[]))

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ({}, "needs either"),
            ({"coordinates": [[[37, 48]]]}, "fewer than two points"),
            ({"packaged": "ukraine-2025-02-17", "coordinates": [[[37, 48], [38, 48]]]}, "needs either"),
        ],
    )
    def test_a_line_that_is_none_is_refused(self, line: dict[str, object], said: str) -> None:
        assert said in problems_of(agreement_text(lines={"front": line}))

    def test_an_unknown_name_is_answered_with_the_nearest(self) -> None:
        with pytest.raises(ScenarioError, match=r"did you mean .*minsk-2015"):
            load_agreement("minsk-2016")

    def test_a_missing_file_is_told(self) -> None:
        with pytest.raises(ScenarioError, match="there is no such file"):
            load_agreement("nowhere/truce.yaml")

    def test_an_alias_that_could_expand_is_refused(self) -> None:
        assert "anchor or alias" in problems_of("name: &a x\ntitle: *a\n")

    @given(st.text(max_size=200))
    def test_any_text_is_an_agreement_or_a_problem(self, text: str) -> None:
        with pytest.raises(TrucelineError):
            parse_agreement(text, "noise")

    @given(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-9, 9)
            | st.sampled_from(["x", "a", "fire", "2025-01-01"]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["name", "place", "kinds", "from"]), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        st.sampled_from(["place", "forbids", "except", "from", "binds", "kind"]),
    )
    def test_any_value_under_any_key_is_taken_or_told(self, value: object, key: str) -> None:
        text = agreement_text(clause(**{key: value}))
        with contextlib.suppress(TrucelineError):  # anything else would be ours to answer for
            assert parse_agreement(text, "noise").clauses


class TestReading:
    def test_a_line_can_be_brought_to_a_packaged_agreement(self) -> None:
        from truceline.events.agreements import read_agreement_text

        lines = {
            name: {"coordinates": [[[37, 48], [38, 48.5]]], "tolerance_km": 1.0}
            for name in ("contact", "memorandum")
        }
        text = format_agreement(read_agreement_text("minsk-2015"), "minsk-2015", lines)
        found = parse_agreement(text, "minsk-2015")
        assert found.missing_lines == ()
        assert make_lines(found.lines)["contact"].tolerance_m == 1000.0

    def test_the_packaged_line_is_that_of_the_packaged_scenario(self) -> None:
        line = make_lines({"front": NamedLine(packaged="ukraine-2025-02-17")})["front"]
        assert 1_000_000 < line.length_m < 1_200_000
        donetsk = line.projection.lonlat_to_xy([37.80], [48.02])
        assert float(line.locate([[donetsk[0][0], donetsk[1][0]]]).offset_m[0]) < 0, "held by side b"

    def test_acts_left_open_are_all_acts_and_no_trace(self) -> None:
        assert Acts().meant == frozenset(ACT_KINDS)
        assert Kind.casualty not in Acts().meant
        assert Acts(groups=("fire",), apart_from=("mine_blast",)).meant.isdisjoint({Kind.mine_blast})

    def test_one_place_need_not_stand_in_a_list(self) -> None:
        assert agreement().clauses[0].place[0].everywhere
