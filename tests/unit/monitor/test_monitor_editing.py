"""Links changed by hand: merged, split, moved, undone, explained; rules keep off what a hand decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from link_store import add, incident_of, record, standing

from truceline.events.schema import CHANGES, INCIDENTS, LINKS
from truceline.monitor.editing import (
    LinkEditError,
    explain_link,
    merge_incidents,
    move_report,
    split_incident,
    undo_change,
)
from truceline.monitor.linking import link_reports
from truceline.store.base import Store
from truceline.store.open import create_store

BY = {"who": "Ana", "why": "spoke to the patrol"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Give three reports in incident 1 (two near each other, one a little off) and one in incident 2."""
    with create_store(tmp_path / "watch.duckdb", clock=lambda: datetime(2025, 3, 1)) as opened:
        rows = [record("1"), record("2", source="two", north=40), record("3", source="three", north=70)]
        add(opened, *rows, record("4", north=60_000))
        link_reports(opened, who="rule")
        assert incident_of(opened) == {1: 1, 2: 1, 3: 1, 4: 2}
        yield opened


def refused(call: Callable[..., Any], *args: Any, **more: Any) -> str:
    store = args[0]
    before = store.last_change()
    with pytest.raises(LinkEditError) as caught:
        call(*args, **{**BY, **more})
    assert store.last_change() == before
    return str(caught.value)


class TestMerge:
    def test_reports_follow_and_the_other_leads_to_the_one_kept(self, store: Store) -> None:
        change = merge_incidents(store, 1, [2], **BY)
        assert incident_of(store) == {1: 1, 2: 1, 3: 1, 4: 1}
        assert standing(store) == {1: 4}
        rows = store.read_current(INCIDENTS).set_index("incident_id")
        assert rows.loc[2, "merged_into"] == 1
        assert store.read(CHANGES).iloc[-1][["what", "who", "why"]].tolist() == ["merge", *BY.values()]
        assert store.last_change() == change

    def test_linking_again_keeps_them_together_and_late_reports_of_both_join(self, store: Store) -> None:
        merge_incidents(store, 1, [2], **BY)
        add(store, record("5", source="five", north=60_030), record("6", source="six", north=20))
        made = link_reports(store, who="rule")
        assert (made.n_joined, made.n_incidents) == (2, 0)
        assert set(incident_of(store).values()) == {1}

    def test_bad_numbers_give_one_message(self, store: Store) -> None:
        merge_incidents(store, 1, [2], **BY)
        told = refused(merge_incidents, store, 2, [9], why=" ")
        assert "incident 2  became part of incident 1" in told
        assert "incident 9  does not exist" in told
        assert "why  is empty" in told
        assert "must name other incidents" in refused(merge_incidents, store, 1, [1])


class TestSplit:
    def test_reports_get_an_incident_of_their_own_with_a_new_number(self, store: Store) -> None:
        number = split_incident(store, 1, [3], **BY)
        assert number == 3
        assert incident_of(store) == {1: 1, 2: 1, 3: 3, 4: 2}
        assert standing(store) == {1: 2, 2: 1, 3: 1}

    def test_no_rule_puts_them_back_nor_their_corrections(self, store: Store) -> None:
        split_incident(store, 1, [3], **BY)
        assert link_reports(store, who="rule").change_id is None
        add(store, record("3", digest="corrected", source="three", north=41))
        link_reports(store, who="rule")
        assert incident_of(store)[5] == 3

    def test_reports_of_other_incidents_and_all_of_them_are_refused(self, store: Store) -> None:
        assert "report 4  is not in incident 1" in refused(split_incident, store, 1, [3, 4])
        assert "without reports" in refused(split_incident, store, 1, [1, 2, 3])
        assert "none is named" in refused(split_incident, store, 1, [])


class TestMove:
    def test_a_report_moves_and_both_incidents_are_summed_up(self, store: Store) -> None:
        move_report(store, 3, 2, **BY)
        assert incident_of(store)[3] == 2
        assert standing(store) == {1: 2, 2: 2}

    def test_the_only_report_takes_its_incident_with_it(self, store: Store) -> None:
        move_report(store, 4, 1, **BY)
        assert standing(store) == {1: 4}
        assert "refute the incident" in refused(move_report, *_alone(store))

    def test_taken_out_it_stays_out(self, store: Store) -> None:
        move_report(store, 2, None, **BY)
        assert incident_of(store)[2] is None
        assert standing(store)[1] == 2
        assert link_reports(store, who="rule").change_id is None

    def test_bad_numbers_give_one_message(self, store: Store) -> None:
        told = refused(move_report, store, 99, 77)
        assert "report 99  does not exist" in told
        assert "incident 77  does not exist" in told
        assert "is in incident 1 already" in refused(move_report, store, 1, 1)


def _alone(store: Store) -> tuple[Store, int, None]:
    number = split_incident(store, 1, [4], **BY)
    assert number > 2
    return store, 4, None


class TestUndo:
    def test_an_undone_merge_is_as_before_and_the_history_shows_both(self, store: Store) -> None:
        before, rows = (incident_of(store), standing(store)), len(store.read(LINKS))
        change = merge_incidents(store, 1, [2], **BY)
        undo_change(store, change, **BY)
        assert (incident_of(store), standing(store)) == before
        assert len(store.read(LINKS)) == rows + 2
        assert set(store.read_current(LINKS)["method"]) == {"rule"}

    def test_an_undone_split_leaves_no_empty_incident(self, store: Store) -> None:
        split_incident(store, 1, [3], **BY)
        undo_change(store, store.last_change(), **BY)
        assert standing(store) == {1: 3, 2: 1}
        assert "incident 3  was undone" in refused(merge_incidents, store, 1, [3])

    def test_undoing_the_first_linking_leaves_all_unlinked_until_it_is_linked_again(
        self, store: Store
    ) -> None:
        undo_change(store, 2, **BY)
        assert set(incident_of(store).values()) == {None}
        assert standing(store) == {}
        link_reports(store, who="rule")
        assert incident_of(store) == {1: 3, 2: 3, 3: 3, 4: 4}

    def test_what_later_changes_built_on_is_refused_until_these_are_undone(self, store: Store) -> None:
        split = split_incident(store, 1, [3], **BY) and store.last_change()
        merge = merge_incidents(store, 3, [2], **BY)
        assert f"was built on by change {merge}" in refused(undo_change, store, split)
        undo_change(store, merge, **BY)
        undo_change(store, split, **BY)
        assert incident_of(store) == {1: 1, 2: 1, 3: 1, 4: 2}

    def test_other_changes_and_none_are_refused(self, store: Store) -> None:
        assert "is no change of links but 'import'" in refused(undo_change, store, 1)
        assert "change 99  does not exist" in refused(undo_change, store, 99)


class TestExplain:
    def test_a_link_by_rule_names_its_partner_and_what_spoke_for_it(self, store: Store) -> None:
        told = explain_link(store, 1)
        assert told.startswith("Report 1 is in incident 1: same event as report 2, 40 m apart (log odds +")
        assert "place for it (+" in told
        assert "%" in told

    def test_a_lone_report_a_repeat_and_a_decision_say_so(self, store: Store) -> None:
        assert (
            explain_link(store, 4) == "Report 4 is in incident 2: no other report describes the same event."
        )
        move_report(store, 3, 2, **BY)
        assert "decided by hand (spoke to the patrol)" in explain_link(store, 3)
        words = {"text": "as the other", "means": "press"}
        add(store, record("7", north=90_000, **words), record("8", north=90_000, **words))
        assert "not linked" in explain_link(store, 5)
        link_reports(store, who="rule")
        assert "it repeats report 5" in explain_link(store, 6)

    def test_an_unknown_report_is_refused(self, store: Store) -> None:
        with pytest.raises(LinkEditError, match="report 99  does not exist"):
            explain_link(store, 99)
