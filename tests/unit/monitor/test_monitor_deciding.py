"""Decisions by hand: they stand until the next by hand, say who and why, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from judging_store import add_incidents, add_reports, make_small_store, open_copy

from truceline.events.schema import ATTRIBUTIONS, INCIDENTS, JUDGEMENTS, VERIFICATIONS
from truceline.monitor.deciding import (
    DecisionError,
    decide_attribution,
    decide_judgement,
    decide_verification,
    read_history,
    withdraw_decision,
)
from truceline.monitor.judging import judge_store
from truceline.store.base import Selection, Store

BY = {"who": "analyst", "why": "looked into it"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of a store with three incidents that were judged."""
    return make_small_store(tmp_path_factory.mktemp("made"), judged=True)


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Iterator[Store]:
    """Give a copy of it."""
    with open_copy(made, tmp_path) as opened:
        yield opened


def status(store: Store, incident: int) -> tuple[str, str]:
    rows = store.read_current(VERIFICATIONS, Selection(equals={"incident_id": incident}))
    return rows["status"].iloc[0], rows["method"].iloc[0]


def verdict(store: Store, incident: int, clause: str = "no-fire") -> tuple[str, str]:
    rows = store.read_current(JUDGEMENTS, Selection(equals={"incident_id": incident, "clause": clause}))
    return rows["verdict"].iloc[0], rows["method"].iloc[0]


class TestVerification:
    def test_refuting_takes_the_violation_out_of_the_counts_at_once(self, store: Store) -> None:
        decide_verification(store, 1, "refuted", **BY)
        assert status(store, 1) == ("refuted", "hand")
        assert verdict(store, 1) == ("refuted", "rule")
        assert n_violations(store) == 1

    def test_no_rule_moves_it(self, store: Store) -> None:
        decide_verification(store, 2, "refuted", **BY)
        add_reports(store, [2], means="camera", observation="recorded", post="C1")
        judge_store(store, who="tester")
        judge_store(store, who="tester", everything=True)
        assert status(store, 2) == ("refuted", "hand")
        assert verdict(store, 2)[0] == "refuted"

    def test_the_next_by_hand_does(self, store: Store) -> None:
        decide_verification(store, 2, "refuted", **BY)
        decide_verification(store, 2, "verified", **BY)
        assert status(store, 2) == ("verified", "hand")
        assert verdict(store, 2)[0] == "violation"

    def test_taken_back_the_rule_holds_again_and_moves_again(self, store: Store) -> None:
        decide_verification(store, 2, "refuted", **BY)
        withdraw_decision(store, 2, "verification", **BY)
        assert status(store, 2) == ("reported", "rule")
        assert verdict(store, 2)[0] == "violation"
        add_reports(store, [2], means="camera", observation="recorded", post="C1")
        judge_store(store, who="tester")
        assert status(store, 2) == ("verified", "rule")

    def test_a_decision_before_anything_was_judged_stands_too(self, store: Store) -> None:
        add_incidents(store, [9], region="Donetsk")
        decide_verification(store, 9, "refuted", **BY)
        judge_store(store, who="tester")
        assert status(store, 9) == ("refuted", "hand")
        assert verdict(store, 9)[0] == "refuted"


class TestAttribution:
    def test_naming_a_side_decides_the_clause_of_one_side(self, store: Store) -> None:
        assert verdict(store, 1, "side-b")[0] == "unclear"
        decide_attribution(store, 1, "side", "b", 0.95, basis="crater analysis", **BY)
        assert verdict(store, 1, "side-b")[0] == "violation"
        decide_attribution(store, 1, "side", "a", 0.95, basis="radar", **BY)
        assert verdict(store, 1, "side-b")[0] == "not_bound"
        assert status(store, 1)[0] == "verified", "whether it happened is another question"

    def test_naming_nobody_takes_it_back(self, store: Store) -> None:
        decide_attribution(store, 1, "side", "b", 0.95, basis="crater analysis", **BY)
        decide_attribution(store, 1, "side", "", 0.0, basis="", **BY)
        row = store.read_current(ATTRIBUTIONS, Selection(equals={"incident_id": 1})).iloc[0]
        assert (row["value"], row["basis"], row["method"]) == ("", "not investigated", "hand")
        assert np.isnan(row["p"])
        assert verdict(store, 1, "side-b")[0] == "unclear"

    def test_withdrawn_what_the_mission_saw_holds_again(self, store: Store) -> None:
        decide_attribution(store, 1, "side", "a", 0.9, basis="a letter", **BY)
        judge_store(store, who="tester", everything=True)
        withdraw_decision(store, 1, "side", **BY)
        row = store.read_current(ATTRIBUTIONS, Selection(equals={"incident_id": 1})).iloc[0]
        assert (row["value"], row["method"], row["p"]) == ("b", "rule", pytest.approx(2 / 3, abs=1e-4))

    def test_withdrawn_without_a_rule_it_is_not_investigated(self, store: Store) -> None:
        decide_attribution(store, 2, "weapon", "mortar", 0.8, basis="fragments", **BY)
        withdraw_decision(store, 2, "weapon", **BY)
        row = store.read_current(ATTRIBUTIONS, Selection(equals={"incident_id": 2})).iloc[0]
        assert (row["value"], row["basis"], row["method"]) == ("", "not investigated", "rule")


class TestJudgement:
    def test_it_stands_against_the_rule(self, store: Store) -> None:
        decide_judgement(store, 1, "test-truce", "no-fire", "allowed", who="analyst", why="a quarry")
        judge_store(store, who="tester", everything=True)
        assert verdict(store, 1) == ("allowed", "hand")
        row = store.read_current(JUDGEMENTS, Selection(equals={"incident_id": 1, "clause": "no-fire"})).iloc[
            0
        ]
        assert (row["reason"], row["acts_best"], row["region"]) == ("a quarry", 3.0, "Donetsk")

    def test_it_can_be_given_where_no_rule_judged(self, store: Store) -> None:
        decide_judgement(store, 3, "test-truce", "no-fire", "violation", **BY)
        assert n_violations(store) == 3

    def test_it_can_be_taken_back(self, store: Store) -> None:
        decide_judgement(store, 1, "test-truce", "no-fire", "allowed", **BY)
        withdraw_decision(store, 1, "judgement", agreement="test-truce", clause="no-fire", **BY)
        assert verdict(store, 1) == ("violation", "rule")

    def test_taken_back_where_no_rule_judged_it_is_outside(self, store: Store) -> None:
        decide_judgement(store, 3, "test-truce", "no-fire", "violation", **BY)
        withdraw_decision(store, 3, "judgement", agreement="test-truce", clause="no-fire", **BY)
        assert verdict(store, 3) == ("outside", "rule")


class TestWhatIsWrong:
    def test_all_problems_are_told_at_once_and_nothing_is_written(self, store: Store) -> None:
        before = store.last_change()
        with pytest.raises(DecisionError) as caught:
            decide_attribution(store, 77, "colour", "red", 3.0, basis=" ", who="", why="")
        message = str(caught.value)
        for said in (
            "who  is empty",
            "why  is empty",
            "aspect  'colour' is not possible; write side, weapon",
            "p  3.0 is not a probability",
            "basis  is empty",
            "incident 77  is not in the store",
        ):
            assert said in message
        assert store.last_change() == before

    def test_words_are_checked(self, store: Store) -> None:
        with pytest.raises(DecisionError, match="write reported, corroborated, verified, refuted"):
            decide_verification(store, 1, "true", **BY)
        with pytest.raises(DecisionError, match="'c' is not possible; write a, b"):
            decide_attribution(store, 1, "side", "c", 0.5, basis="seen", **BY)
        with pytest.raises(DecisionError, match="'no-flight' is not possible; write no-fire, side-b"):
            decide_judgement(store, 1, "test-truce", "no-flight", "allowed", **BY)
        with pytest.raises(DecisionError, match="'minsk' is not in the store; it has test-truce"):
            decide_judgement(store, 1, "minsk", "no-fire", "allowed", **BY)

    def test_a_merged_incident_sends_on_to_the_one_it_became(self, store: Store) -> None:
        with store.change(who="analyst", what="merge") as change:
            row = store.read_current(INCIDENTS, Selection(equals={"incident_id": 2}))
            change.append(INCIDENTS, row.assign(merged_into=1))
        with pytest.raises(DecisionError, match="became part of incident 1; decide on one that stands"):
            decide_verification(store, 2, "refuted", **BY)

    def test_taking_back_what_nobody_decided_is_refused(self, store: Store) -> None:
        with pytest.raises(DecisionError, match="has no verification decided by hand"):
            withdraw_decision(store, 1, "verification", **BY)

    def test_the_history_of_no_incident_is_refused(self, store: Store) -> None:
        with pytest.raises(DecisionError, match="incident 77  is not in the store"):
            read_history(store, 77)


class TestHistory:
    def test_everything_is_told_in_order_with_who_when_and_why(self, store: Store) -> None:
        decide_verification(store, 1, "refuted", who="chief", why="it was thunder")
        withdraw_decision(store, 1, "verification", who="chief", why="it was not")
        told = read_history(store, 1)
        assert [entry.change_id for entry in told] == sorted(entry.change_id for entry in told)
        assert [entry.at for entry in told] == sorted(entry.at for entry in told)
        statuses = [(e.says.partition(":")[0], e.who, e.method) for e in told if e.what == "verification"]
        assert statuses == [
            ("verified", "tester", "rule"),
            ("refuted", "chief", "hand"),
            ("verified", "chief", "rule"),
        ]
        assert {entry.what for entry in told} == {
            "incident", "link", "verification", "attribution", "judgement",
        }  # fmt: skip
        assert [e.why for e in told if e.says == "refuted: it was thunder"] == ["it was thunder"]

    def test_a_report_that_moved_away_is_told(self, store: Store) -> None:
        add_incidents(store, [8], region="Donetsk")
        from truceline.events.frames import make_frame
        from truceline.events.schema import LINKS

        for target in (8, None):
            with store.change(who="chief", what="review", why="another shot") as change:
                columns = {"report_id": [1], "incident_id": [target], "method": ["hand"]}
                change.append(LINKS, make_frame(LINKS, columns))
        said = [entry.says for entry in read_history(store, 1) if entry.what == "link"]
        assert said == [
            "report 1 joined (score 2.0)",
            "report 2 joined (score 2.0)",
            "report 1 moved to incident 8",
        ]
        gone = [entry.says for entry in read_history(store, 8) if entry.what == "link"]
        assert gone == ["report 1 joined", "report 1 taken out"]

    def test_a_merger_is_told(self, store: Store) -> None:
        with store.change(who="analyst", what="merge", why="one shot") as change:
            row = store.read_current(INCIDENTS, Selection(equals={"incident_id": 2}))
            change.append(INCIDENTS, row.assign(merged_into=1))
        assert read_history(store, 2)[-1].says == "became part of incident 1"


def n_violations(store: Store) -> int:
    """Return how many judgements say violation now."""
    return len(store.read_current(JUDGEMENTS, Selection(equals={"verdict": "violation"})))
