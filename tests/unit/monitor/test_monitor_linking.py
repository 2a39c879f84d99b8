"""Linking what is new in a store: once, in one change, with late reports, corrections and suggestions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from link_store import METRES_NORTH, add, incident_of, record, standing

from truceline.events.schema import CHANGES, INCIDENTS, LINKS
from truceline.monitor.linking import link_reports
from truceline.store.base import Selection, Store
from truceline.store.open import create_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with create_store(tmp_path / "watch.duckdb", clock=lambda: datetime(2025, 3, 1)) as opened:
        yield opened


def link(store: Store, **options: Any) -> Any:
    return link_reports(store, who="test", **options)


def test_reports_become_incidents_in_one_change_and_again_changes_nothing(store: Store) -> None:
    add(store, record("1"), record("2", source="two", north=56), record("3", north=60_000))
    told: list[str] = []
    made = link(store, why="first", progress=lambda step, _share: told.append(step))
    assert (made.n_reports, made.n_incidents, made.n_joined) == (3, 2, 0)
    assert incident_of(store) == {1: 1, 2: 1, 3: 2}
    assert list(dict.fromkeys(told)) == ["read", "pairs", "clusters", "write"]
    change = store.read(CHANGES, Selection(equals={"change_id": made.change_id})).iloc[0]
    assert (change["what"], change["who"], change["why"]) == ("link", "test", "first")
    last = store.last_change()
    again = link(store)
    assert (again.n_reports, again.change_id, store.last_change()) == (0, None, last)


def test_incidents_are_summed_up_and_a_late_report_sums_them_up_anew(store: Store) -> None:
    add(store, record("1"), record("2", source="two", north=56))
    link(store)
    add(store, record("3", source="three", north=20, killed_best=2.0))
    made = link(store)
    assert (made.n_joined, made.n_incidents) == (1, 0)
    row = store.read_current(INCIDENTS).iloc[0]
    assert (row["n_reports"], row["n_sources"], row["killed_best"]) == (3, 3, 2.0)
    assert len(store.read(INCIDENTS)) == 2


def test_numbers_of_incidents_are_never_given_twice(store: Store) -> None:
    add(store, record("1"))
    link(store)
    add(store, record("2", north=90_000))
    link(store)
    assert incident_of(store) == {1: 1, 2: 2}


def test_a_correction_of_the_only_report_keeps_its_incident_however_far_it_moves(store: Store) -> None:
    add(store, record("1"))
    link(store)
    add(store, record("1", digest="corrected", north=40_000, date="2025-02-20"))
    assert link(store).n_joined == 1
    assert incident_of(store)[2] == 1
    assert standing(store) == {1: 1}


def test_a_correction_that_still_fits_the_others_stays_with_them(store: Store) -> None:
    add(store, record("1"), record("2", source="two", north=50))
    link(store)
    add(store, record("1", digest="corrected", north=90))
    link(store)
    assert incident_of(store)[3] == 1
    assert standing(store) == {1: 2}


def test_a_correction_that_no_longer_fits_the_others_leaves_them(store: Store) -> None:
    add(store, record("1"), record("2", source="two", north=50))
    link(store)
    add(store, record("1", digest="corrected", north=40_000, date="2025-02-20"))
    link(store)
    assert incident_of(store)[3] == 2
    assert standing(store) == {1: 1, 2: 1}
    rows = store.read_current(INCIDENTS).set_index("incident_id")
    assert rows.loc[1, "lat"] == pytest.approx(48.0 + 50 * METRES_NORTH)
    assert rows.loc[1, "n_sources"] == 1


def test_a_bridge_is_suggested_and_kept_with_the_change(store: Store) -> None:
    add(store, record("1"))
    link(store)
    add(store, record("2", source="two", north=300, kind="firefight"))
    first = incident_of(store)
    link(store)
    assert len(first) == 1
    from truceline.monitor.editing import move_report, split_incident

    if incident_of(store)[2] == 1:
        split_incident(store, 1, [2], who="test", why="seen apart")
    else:
        move_report(store, 2, 2, who="test", why="as it is")
    add(store, record("3", source="three", north=150))
    made = link(store)
    assert [(each.incident, each.other) for each in made.suggestions] == [(1, 2)]
    details = store.read(CHANGES, Selection(equals={"change_id": made.change_id}))["details"].iloc[0]
    assert '"suggestions": [[1, 2' in details


def test_since_leaves_older_reports_for_later(store: Store) -> None:
    add(store, record("1"), record("2", north=50_000, date="2025-02-25"))
    link(store, since=datetime(2025, 2, 20))
    assert incident_of(store) == {2: 1}
    link(store)
    assert incident_of(store) == {1: 2, 2: 1}


def test_totals_are_not_linked_and_do_not_make_a_change(store: Store) -> None:
    add(store, record("1", kind="violations_total"))
    assert link(store).change_id is None
    assert store.read(LINKS).empty


def test_links_carry_score_and_evidence(store: Store) -> None:
    add(store, record("1"), record("2", source="two", north=56))
    link(store)
    rows = store.read_current(LINKS)
    assert (rows["score"] > 3).all()
    assert all('"space":' in text and '"distance_m": 56' in text for text in rows["evidence"])
    assert METRES_NORTH > 0
