"""Judging a store: what is new is judged once, what changed again, and decisions by hand stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from judging_store import TRUCE, WHEN, add_incidents, add_reports, make_small_store, open_copy, write_truce

from truceline.errors import TrucelineError
from truceline.events.frames import make_frame
from truceline.events.schema import (
    ATTRIBUTIONS,
    CHANGES,
    INCIDENTS,
    JUDGEMENTS,
    LINKS,
    REPORTS,
    VERIFICATIONS,
)
from truceline.monitor.agreeing import (
    add_agreement,
    list_packaged_agreements,
    read_agreements,
    withdraw_agreement,
)
from truceline.monitor.judging import judge_store
from truceline.store.base import Selection, Store


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of a store with three incidents and the truce of the tests, not judged yet."""
    return make_small_store(tmp_path_factory.mktemp("made"), judged=False)


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Iterator[Store]:
    """Give a copy of it."""
    with open_copy(made, tmp_path) as opened:
        yield opened


def verdicts(store: Store) -> dict[tuple[int, str], str]:
    rows = store.read_current(JUDGEMENTS)
    return {(int(row.incident_id), row.clause): row.verdict for row in rows.itertuples()}


def current(store: Store, table: Any, column: str) -> dict[int, str]:
    return {int(row.incident_id): getattr(row, column) for row in store.read_current(table).itertuples()}


class TestJudging:
    def test_incidents_are_verified_attributed_and_judged_in_one_change(self, store: Store) -> None:
        before = store.last_change()
        done = judge_store(store, who="analyst", why="the day")
        assert store.last_change() == before + 1
        assert current(store, VERIFICATIONS, "status") == {1: "verified", 2: "reported", 3: "reported"}
        assert current(store, ATTRIBUTIONS, "value") == {1: "b"}, "the press attributes nothing"
        assert verdicts(store) == {
            (1, "no-fire"): "violation",
            (2, "no-fire"): "violation",
            (1, "side-b"): "unclear",
        }
        assert done.verdicts == {
            ("test-truce/no-fire", "violation"): 2,
            ("test-truce/side-b", "unclear"): 1,
        }
        assert (done.n_incidents, done.n_changed, done.n_verifications) == (3, 3, 3)

    def test_the_change_says_who_why_and_what(self, store: Store) -> None:
        judge_store(store, who="analyst", why="the day", now=WHEN)
        row = store.read(CHANGES).iloc[-1]
        assert (row["who"], row["what"], row["why"]) == ("analyst", "judge", "the day")
        assert json.loads(row["details"])["agreements"] == ["test-truce"]

    def test_nothing_is_judged_twice(self, store: Store) -> None:
        judge_store(store, who="analyst")
        n_rows = len(store.read(JUDGEMENTS))
        done = judge_store(store, who="analyst")
        assert (done.n_incidents, done.n_changed) == (0, 0)
        done = judge_store(store, who="analyst", everything=True)
        assert (done.n_incidents, done.n_changed, done.n_verifications) == (3, 0, 0)
        assert len(store.read(JUDGEMENTS)) == n_rows

    def test_only_what_is_new_is_looked_at(self, store: Store) -> None:
        judge_store(store, who="analyst")
        add_incidents(store, [4], region="Donetsk")
        done = judge_store(store, who="analyst")
        assert (done.n_incidents, done.n_changed) == (1, 2)
        assert verdicts(store)[4, "no-fire"] == "violation"

    def test_a_report_that_joins_lifts_its_incident(self, store: Store) -> None:
        judge_store(store, who="analyst")
        add_reports(store, [2], means="camera", observation="recorded", post="C1")
        judge_store(store, who="analyst")
        assert current(store, VERIFICATIONS, "status")[2] == "verified"

    def test_a_report_that_is_taken_out_lets_it_fall_and_both_are_kept(self, store: Store) -> None:
        judge_store(store, who="analyst")
        with store.change(who="analyst", what="review") as change:
            change.append(LINKS, make_frame(LINKS, {"report_id": [2], "method": ["hand"]}))
        judge_store(store, who="analyst")
        kept = store.read(VERIFICATIONS, Selection(equals={"incident_id": 1}))
        assert kept["status"].tolist() == ["verified", "corroborated"]
        assert current(store, ATTRIBUTIONS, "basis")[1] == "not investigated"

    def test_a_corrected_report_speaks_no_more_until_it_is_linked_again(self, store: Store) -> None:
        judge_store(store, who="analyst")
        correction = {
            "key": ["r2"],
            "digest": ["other"],
            "feed": ["form"],
            "kind": ["explosion"],
            "flags": [0],
        }
        with store.change(who="analyst", what="import") as change:
            assert change.add_reports(make_frame(REPORTS, correction)).n_corrected == 1
        done = judge_store(store, who="analyst")
        assert done.n_incidents == 1
        assert current(store, VERIFICATIONS, "status")[1] == "corroborated"

    def test_a_merged_incident_loses_its_verdicts(self, store: Store) -> None:
        judge_store(store, who="analyst")
        with store.change(who="analyst", what="merge") as change:
            row = store.read_current(INCIDENTS, Selection(equals={"incident_id": 2}))
            change.append(INCIDENTS, row.assign(merged_into=1))
        judge_store(store, who="analyst")
        assert verdicts(store)[2, "no-fire"] == "outside"
        assert list(verdicts(store).values()).count("violation") == 1

    def test_since_looks_at_all_of_a_period_again(self, store: Store) -> None:
        judge_store(store, who="analyst")
        assert judge_store(store, who="analyst", since=WHEN).n_incidents == 3

    def test_stages_are_told(self, store: Store) -> None:
        told: list[tuple[str, float]] = []
        judge_store(store, who="analyst", progress=lambda stage, share: told.append((stage, share)))
        assert [stage for stage, _ in told] == ["read", "judge", "write", "write"]

    def test_a_failure_leaves_nothing(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        before = store.last_change()
        monkeypatch.setattr("truceline.monitor.judging.find_changes", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            judge_store(store, who="analyst")
        assert store.last_change() == before
        assert store.read(VERIFICATIONS).empty


class TestAgreements:
    def test_a_new_agreement_is_judged_for_everything(self, store: Store) -> None:
        judge_store(store, who="analyst")
        add_agreement(store, "measures-2020-07", who="analyst", why="it holds too")
        done = judge_store(store, who="analyst")
        assert done.n_incidents == 3
        assert done.verdicts == {("measures-2020-07/no-fire", "violation"): 2}

    def test_a_changed_agreement_changes_verdicts(self, store: Store, tmp_path: Path) -> None:
        judge_store(store, who="analyst")
        text = TRUCE.replace("regions: [Donetsk, Luhansk]", "regions: [Donetsk]")
        add_agreement(store, write_truce(tmp_path, text), who="analyst", why="amended")
        judge_store(store, who="analyst")
        assert verdicts(store)[2, "no-fire"] == "outside"

    def test_a_withdrawn_agreement_counts_no_more(self, store: Store) -> None:
        judge_store(store, who="analyst")
        withdraw_agreement(store, "test-truce", who="analyst", why="a mistake")
        assert read_agreements(store) == {}
        judge_store(store, who="analyst")
        assert set(verdicts(store).values()) == {"outside"}

    def test_judging_against_one_leaves_the_others(self, store: Store) -> None:
        judge_store(store, who="analyst")
        before = verdicts(store)
        add_agreement(store, "measures-2020-07", who="analyst")
        chosen = read_agreements(store)["measures-2020-07"]
        judge_store(store, who="analyst", agreements=[chosen])
        assert before.items() <= verdicts(store).items()

    def test_all_packaged_ones_can_be_kept(self, store: Store) -> None:
        for name in list_packaged_agreements():
            add_agreement(store, name, who="analyst")
        assert set(read_agreements(store)) == {"test-truce", *list_packaged_agreements()}

    def test_a_line_can_be_brought(self, store: Store, tmp_path: Path) -> None:
        path = tmp_path / "line.geojson"
        line = {"type": "LineString", "coordinates": [[37, 48], [38, 48.3], [39, 48.6]]}
        path.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": line}), encoding="utf-8")
        lines = {"contact": path, "memorandum": path}
        made = add_agreement(store, "minsk-2015", who="analyst", lines=lines, tolerance_m=500)
        assert made.missing_lines == ()
        assert read_agreements(store)["minsk-2015"] == made
        done = judge_store(store, who="analyst")
        assert done.unknown_lines == ()

    def test_a_line_that_no_band_uses_is_refused(self, store: Store, tmp_path: Path) -> None:
        path = tmp_path / "line.geojson"
        line = {"type": "LineString", "coordinates": [[37, 48], [38, 48.3]]}
        path.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": line}), encoding="utf-8")
        with pytest.raises(TrucelineError, match="its lines are contact, memorandum"):
            add_agreement(store, "minsk-2015", who="analyst", lines={"front": path})

    def test_a_wrong_file_writes_nothing(self, store: Store, tmp_path: Path) -> None:
        before = store.last_change()
        with pytest.raises(TrucelineError, match="is not a known key"):
            add_agreement(store, write_truce(tmp_path, TRUCE.replace("says:", "sais:")), who="analyst")
        assert store.last_change() == before

    def test_withdrawing_what_is_not_there_is_told(self, store: Store) -> None:
        with pytest.raises(TrucelineError, match="it has test-truce"):
            withdraw_agreement(store, "minsk", who="analyst", why="?")

    def test_lines_that_nobody_gave_are_told(self, store: Store) -> None:
        add_agreement(store, "minsk-2015", who="analyst")
        assert judge_store(store, who="analyst").unknown_lines == (
            "minsk-2015/contact", "minsk-2015/memorandum",
        )  # fmt: skip
