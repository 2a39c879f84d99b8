"""Submissions in a store: nothing twice, nothing merged in silence, every version with what became of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from field_kit import as_kobo, central_zip, edited, event, kobo_workbook, make_store, submission, system

from truceline.events.feeds.odk_records import read_json
from truceline.events.frames import make_frame
from truceline.events.schema import (
    BATCHES,
    CHANGES,
    EFFORTS,
    INCIDENTS,
    POSTS,
    REJECTS,
    REPORTS,
    SUBMISSIONS,
    TABLES,
    VERIFICATIONS,
)
from truceline.monitor import submissions
from truceline.monitor.editing import explain_link
from truceline.monitor.linking import link_reports
from truceline.monitor.submission_backlog import read_backlog
from truceline.monitor.submission_versions import State
from truceline.monitor.submissions import TakenSubmissions, import_submissions, take_submissions
from truceline.store.base import ALL, Store, StoreError
from truceline.store.open import open_store

NOW = datetime(2025, 3, 10)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return make_store(tmp_path / "mission.duckdb")


@pytest.fixture
def store(place: Path) -> Iterator[Store]:
    with open_store(place, writing=True) as opened:
        yield opened


def take(store: Store, *records: dict[str, Any], dry_run: bool = False) -> TakenSubmissions:
    read = [read_json(number, each) for number, each in enumerate(records, start=1)]
    return take_submissions(store, read, source="test", digest="d", who="desk", now=NOW, dry_run=dry_run)


def states(store: Store) -> dict[str, str]:
    rows = submissions.read_submission_rows(store)
    return dict(zip(rows["instance"], rows["state"], strict=True))


def kinds(store: Store) -> dict[str, str]:
    rows = store.read_current(REPORTS)
    return dict(zip(rows["key"], rows["kind"], strict=True))


def contents(store: Store) -> dict[str, pd.DataFrame]:
    return {name: store.read(table, ALL) for name, table in TABLES.items()}


def note_of(store: Store, instance: str) -> str:
    rows = submissions.read_submission_rows(store)
    return str(rows.loc[rows["instance"] == instance, "note"].iloc[0])


def two_events(name: str = "one") -> dict[str, Any]:
    day_before = event("b", "2025-02-28T08:30:00.000+02:00", kind="shot")
    return submission(name, violation={"event": [event("a"), day_before], "n_events": "2"})


class TestTaking:
    def test_each_kind_of_record_becomes_what_it_is(self, store: Store) -> None:
        records = [
            submission(record, record, means="patrol")
            for record in ("violation", "patrol", "denial", "camera")
        ]
        taken = take(store, *records)
        assert taken.states == {"taken": 4}
        assert sorted(kinds(store).values()) == ["denial", "explosion"]
        assert sorted(store.read_current(EFFORTS)["state"]) == ["denied", "down", "watched"]
        assert states(store) == dict.fromkeys(("violation", "patrol", "denial", "camera"), "taken")
        batch = store.read(BATCHES).iloc[0]
        assert (batch["feed"], batch["n_read"], batch["n_new"], batch["n_rejected"]) == ("field", 4, 5, 0)

    def test_the_same_submissions_again_change_nothing(self, store: Store) -> None:
        records = (two_events(), submission("no", "denial"), edited(submission("two"), 1))
        take(store, *records)
        before = contents(store)
        again = take(store, *records)
        assert (again.change_id, again.n_changed) == (None, 0)
        for name, rows in contents(store).items():
            pd.testing.assert_frame_equal(rows, before[name])

    def test_one_submission_from_the_feed_the_export_and_the_other_server_is_one(
        self, store: Store, tmp_path: Path
    ) -> None:
        records = [two_events(), submission("no", "denial"), submission("cam", "camera")]
        (tmp_path / "central.zip").write_bytes(central_zip(records))
        (tmp_path / "kobo.xlsx").write_bytes(kobo_workbook(records))
        assert take(store, *records).reports.n_new == 3
        last = store.last_change()
        for name in ("central.zip", "kobo.xlsx"):
            import_submissions(store, [tmp_path / name], who="desk", now=NOW)
        take(store, *map(as_kobo, records))
        assert store.last_change() == last

    def test_a_dry_run_says_the_same_and_writes_nothing(self, place: Path) -> None:
        records = (two_events(), submission("no", "denial"))
        with open_store(place, writing=False) as store:
            last = store.last_change()
            promised = take(store, *records, dry_run=True)
            assert store.last_change() == last
        with open_store(place, writing=True) as store:
            done = take(store, *records)
        assert replace(promised, is_dry_run=False, change_id=done.change_id) == done

    def test_all_of_it_is_one_change_or_none(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        before = contents(store)

        def fail(*_: object) -> str:
            raise KeyboardInterrupt

        monkeypatch.setattr(submissions, "_setting", fail)
        records = [read_json(1, two_events())]
        with pytest.raises(KeyboardInterrupt):
            take_submissions(
                store, records, source="x", digest="d", who="desk", now=NOW, through=("https://x", NOW)
            )
        for name, rows in contents(store).items():
            pd.testing.assert_frame_equal(rows, before[name])
        monkeypatch.undo()
        assert take(store, two_events()).reports.n_new == 2
        assert list(store.read(CHANGES)["what"]) == ["init", "field reports"]

    def test_a_post_without_a_position_stands_where_the_store_has_it(self, store: Store) -> None:
        posts = {"post": ["Post 12"], "lon": [37.5], "lat": [48.5], "state": ["open"]}
        with store.change(who="test", what="posts") as change:
            change.append(POSTS, make_frame(POSTS, posts))
        take(store, submission("one", position=None))
        assert store.read_current(REPORTS)["observer_lon"].tolist() == [37.5]

    def test_what_cannot_be_used_is_kept_with_its_reason(self, store: Store) -> None:
        wrong = submission("wrong", violation={"event": [event("a", kind="alien")], "n_events": "1"})
        half = submission(
            "half", violation={"event": [event("a"), event("b", kind="alien")], "n_events": "2"}
        )
        taken = take(
            store, wrong, half, {"record": "violation"}, submission("odd", "camera") | {"record": "song"}
        )
        assert states(store) == {"wrong": "refused", "half": "taken", "odd": "refused"}
        assert "kind" in note_of(store, "wrong")
        assert "1 of 2 rows cannot be used" in note_of(store, "half")
        assert taken.n_rejected == 4
        assert len(store.read(REJECTS)) == 4
        assert list(kinds(store)) == ["half/a"]


class TestEdits:
    def test_an_edit_supersedes_what_it_edits(self, store: Store) -> None:
        take(store, submission("one"))
        later = edited(
            submission("one"), 1, violation={"event": [event("one-1", count_best=7)], "n_events": "1"}
        )
        taken = take(store, later)
        assert taken.reports.n_corrected == 1
        rows = store.read_current(REPORTS)
        assert rows["count_best"].tolist() == [7]
        assert rows["supersedes"].tolist() == [1]
        assert states(store) == {"one": "taken", "one-v1": "edited"}

    def test_an_event_that_an_edit_leaves_out_is_taken_back_in_the_open(self, store: Store) -> None:
        take(store, two_events())
        link_reports(store, who="desk")
        later = edited(
            two_events(), 1, violation={"event": [two_events()["violation"]["event"][1]], "n_events": "1"}
        )
        taken = take(store, later)
        assert taken.n_withdrawn == 1
        assert kinds(store) == {"one/a": "other", "one/b": "shot"}
        gone = store.read_current(REPORTS).set_index("key").loc["one/a"]
        assert gone["original"] == '{"withdrawn":"left out by an edit","by":"one-v1"}'
        assert pd.isna(gone["count_best"])
        assert len(taken.undone) == 1
        incidents = store.read_current(INCIDENTS).set_index("incident_id")
        assert incidents.loc[taken.undone[0], "merged_into"] == 0
        assert "taken back in the field form" in explain_link(store, 1)
        assert link_reports(store, who="desk").n_reports == 0

    def test_an_incident_that_others_noticed_too_stands_without_it(self, store: Store) -> None:
        other = submission("other", post="Post 14", team="Team South", device="collect:two")
        take(store, submission("one"), other)
        link_reports(store, who="desk")
        assert store.read_current(INCIDENTS)["n_reports"].tolist() == [2]
        log = submission("one", "patrol", means="patrol")
        taken = take(store, edited(log, 1))
        assert (taken.n_withdrawn, taken.undone) == (1, ())
        assert store.read_current(INCIDENTS)["n_reports"].tolist() == [1]

    def test_an_incident_that_a_hand_decided_about_is_left_to_that_hand(self, store: Store) -> None:
        take(store, submission("one"))
        link_reports(store, who="desk")
        decision = {"incident_id": [1], "status": ["verified"], "method": ["hand"], "reason": ["seen by us"]}
        with store.change(who="desk", what="verify") as change:
            change.append(VERIFICATIONS, make_frame(VERIFICATIONS, decision))
        taken = take(store, edited(submission("one", "camera"), 1))
        assert (taken.undone, taken.left_standing) == ((), (1,))
        assert store.read_current(INCIDENTS)["merged_into"].isna().all()

    def test_a_record_that_becomes_another_one_takes_its_effort_back(self, store: Store) -> None:
        take(store, submission("one", "camera"))
        taken = take(store, edited(submission("one"), 1))
        assert taken.n_withdrawn == 1
        row = store.read_current(EFFORTS).iloc[0]
        assert row["time_from"] == row["time_to"]
        assert row["words"] == "withdrawn by an edit"
        assert list(kinds(store).values()) == ["explosion"]

    def test_an_event_the_edit_holds_but_nobody_can_read_is_not_taken_back(self, store: Store) -> None:
        take(store, two_events())
        broken = {"event": [event("a", kind="alien"), event("b", kind="burst")], "n_events": "2"}
        taken = take(store, edited(two_events(), 1, violation=broken))
        assert taken.n_withdrawn == 0
        assert kinds(store) == {"one/a": "explosion", "one/b": "burst"}

    def test_an_edit_of_which_nothing_can_be_read_leaves_the_version_before(self, store: Store) -> None:
        take(store, submission("one"))
        broken = edited(
            submission("one"), 1, violation={"event": [event("one-1", kind="alien")], "n_events": "1"}
        )
        take(store, broken)
        assert states(store) == {"one": "taken", "one-v1": "refused"}
        assert list(kinds(store).values()) == ["explosion"]

    def test_both_versions_in_one_answer_are_a_report_and_its_correction(self, store: Store) -> None:
        later = edited(
            submission("one"), 1, violation={"event": [event("one-1", count_best=7)], "n_events": "1"}
        )
        taken = take(store, later, submission("one"))
        assert (taken.reports.n_new, taken.reports.n_corrected) == (1, 1)
        assert store.read_current(REPORTS)["count_best"].tolist() == [7]
        assert len(store.read(REPORTS)) == 2


class TestOutOfOrder:
    def test_an_older_version_after_a_newer_one_is_kept_and_not_used(self, store: Store) -> None:
        later = edited(
            submission("one"), 1, violation={"event": [event("one-1", count_best=7)], "n_events": "1"}
        )
        take(store, later)
        assert "1 earlier version never seen" in note_of(store, "one-v1")
        taken = take(store, submission("one"))
        assert taken.states == {"late_edit": 1}
        assert states(store) == {"one-v1": "edited", "one": "late_edit"}
        assert store.read_current(REPORTS)["count_best"].tolist() == [7]
        assert "came after one-v1" in note_of(store, "one")

    def test_an_old_export_imported_again_undoes_no_edit(self, store: Store, tmp_path: Path) -> None:
        first = two_events()
        (tmp_path / "old.zip").write_bytes(central_zip([first]))
        import_submissions(store, [tmp_path / "old.zip"], who="desk", now=NOW)
        take(store, edited(first, 1, violation={"event": [event("b", kind="burst")], "n_events": "1"}))
        last = store.last_change()
        import_submissions(store, [tmp_path / "old.zip"], who="desk", now=NOW)
        assert store.last_change() == last
        assert kinds(store)["one/b"] == "burst"

    def test_an_edit_whose_first_version_never_came_waits(self, store: Store) -> None:
        later = as_kobo(edited(submission("one"), 1), root=False)
        assert take(store, later).states == {"awaits_first": 1}
        assert kinds(store) == {}
        assert "edits one, which never came" in note_of(store, "one-v1")
        assert take(store, later).change_id is None

    def test_it_is_used_when_it_comes_again_with_its_first_version(self, store: Store) -> None:
        later = as_kobo(edited(submission("one"), 1), root=False)
        take(store, later)
        first = as_kobo(submission("one"), root=False)
        take(store, first)
        assert states(store) == {"one": "taken", "one-v1": "awaits_first"}
        taken = take(store, later)
        assert states(store) == {"one": "taken", "one-v1": "edited"}
        assert taken.reports.n_new == 0
        assert list(kinds(store)) == ["one/one-1"]

    def test_a_chain_of_edits_in_any_order_ends_in_the_last(self, store: Store) -> None:
        versions = [submission("one")]
        for number in (1, 2, 3):
            part = {"event": [event("one-1", count_best=5 + number, count_high=9)], "n_events": "1"}
            versions.append(edited(versions[-1], number, violation=part))
        take(store, *(as_kobo(versions[at], root=False) for at in (3, 1, 0, 2)))
        assert states(store) == {"one": "taken", "one-v1": "edited", "one-v2": "edited", "one-v3": "edited"}
        assert store.read_current(REPORTS)["count_best"].tolist() == [8]

    def test_two_versions_that_call_themselves_the_same_edition_are_not_merged(self, store: Store) -> None:
        first = edited(submission("one"), 1)
        twin = copy.deepcopy(first)
        twin["meta"]["instanceID"] = "uuid:one-other"
        take(store, first)
        assert take(store, twin).states == {"late_edit": 1}
        assert "is the same edition as one-v1" in note_of(store, "one-other")

    def test_a_submission_twice_in_one_answer_counts_once(self, store: Store) -> None:
        taken = take(store, submission("one"), submission("one"))
        assert taken.reports.n_new == 1
        assert len(states(store)) == 1


class TestReviewAndDeletion:
    def test_what_was_rejected_in_review_is_not_taken(self, store: Store) -> None:
        take(store, submission("one", __system=system(reviewState="rejected")))
        assert states(store) == {"one": "refused"}
        assert kinds(store) == {}
        assert "rejected in review" in note_of(store, "one")

    def test_what_is_rejected_later_is_taken_back_and_comes_again_when_approved(self, store: Store) -> None:
        take(store, submission("one"))
        link_reports(store, who="desk")
        taken = take(store, submission("one", __system=system(reviewState="rejected")))
        assert (taken.n_withdrawn, taken.undone) == (1, (1,))
        assert list(kinds(store).values()) == ["other"]
        take(store, submission("one", __system=system(reviewState="approved")))
        assert list(kinds(store).values()) == ["explosion"]
        assert states(store) == {"one": "taken"}
        assert link_reports(store, who="desk").n_reports == 1

    def test_what_has_issues_is_taken_with_a_note(self, store: Store) -> None:
        take(store, submission("one", __system=system(reviewState="hasIssues")))
        assert states(store) == {"one": "taken"}
        assert "having issues" in note_of(store, "one")

    def test_a_review_alone_is_no_correction(self, store: Store) -> None:
        take(store, submission("one"))
        reviewed = system(reviewState="approved", updatedAt="2025-03-02T10:00:00.000Z")
        assert take(store, submission("one", __system=reviewed)).reports.n_corrected == 0

    def test_what_the_source_deleted_stays_and_says_so(self, store: Store) -> None:
        take(store, submission("one"))
        deleted = system(deletedAt="2025-03-02T10:00:00.000Z")
        taken = take(store, submission("one", __system=deleted))
        assert taken.states == {"deleted": 1}
        assert list(kinds(store).values()) == ["explosion"]
        assert "its reports stay" in note_of(store, "one")

    def test_what_was_deleted_before_it_was_taken_is_not_taken(self, store: Store) -> None:
        take(store, submission("one", __system=system(deletedAt="2025-03-02T10:00:00.000Z")))
        assert states(store) == {"one": "deleted"}
        assert kinds(store) == {}


class TestBacklog:
    def test_days_without_a_network_show(self, store: Store) -> None:
        after = system(submissionDate="2025-03-06T10:00:00.000Z")
        late = [submission(f"late{number}", __system=after) for number in range(3)]
        taken = take(store, submission("one"), *late)
        assert taken.n_late == 3
        backlog = read_backlog(store)
        assert len(backlog.late) == 3
        assert "arrived 124 h after the event" in backlog.late[0].note
        assert backlog.posts[0].longest_silence_h == 120.0
        assert backlog.states == {"taken": 4}

    def test_what_waits_is_listed_oldest_first(self, store: Store) -> None:
        early = system(submissionDate="2025-02-20T10:00:00.000Z", reviewState="rejected")
        take(store, edited(submission("one"), 1), submission("one"), submission("old", __system=early))
        take(store, as_kobo(edited(submission("lost"), 1), root=False))
        take(store, edited(submission("two"), 2))
        take(store, submission("two"))
        backlog = read_backlog(store)
        assert [line.instance for line in backlog.waiting] == ["old", "lost-v1", "two"]
        assert [line.instance for line in backlog.gaps] == ["two-v2"]
        assert "2 earlier versions never seen" in backlog.gaps[0].note
        assert [line.instance for line in read_backlog(store, "awaits_first").waiting] == ["lost-v1"]
        assert sum(backlog.states.values()) == 6

    def test_a_device_whose_clock_runs_ahead_is_named_by_its_posts(self, store: Store) -> None:
        wrong = submission("one", end="2025-03-01T12:20:00.000+02:00")
        taken = take(store, wrong, submission("two", device="collect:two"))
        assert [(post, ahead.total_seconds()) for post, ahead in taken.clocks_off] == [("Post 12", 1200.0)]
        assert "device clock at least 20 min ahead" in note_of(store, "one")
        clocks = read_backlog(store).clocks
        assert [(each.posts, each.n, each.n_ahead, each.ahead_min) for each in clocks] == [
            (("Post 12",), 1, 1, 20.0)
        ]

    def test_an_empty_store_has_no_backlog(self, store: Store) -> None:
        backlog = read_backlog(store)
        assert (backlog.states, backlog.waiting, backlog.posts, backlog.clocks) == ({}, (), (), ())

    def test_a_state_that_is_none_names_those_there_are(self, store: Store) -> None:
        with pytest.raises(StoreError, match=", ".join(State)):
            read_backlog(store, "lost")


def test_no_name_of_a_sender_is_in_any_table(store: Store) -> None:
    take(store, two_events(), as_kobo(submission("two", "denial")))
    told = " ".join(rows.to_csv() for rows in contents(store).values()).lower()
    assert "jane" not in told
    assert "collect:one" not in told
    assert len(store.read(SUBMISSIONS)) == 2
