"""A store answers as its slow readable twin does, whatever is written and asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference_store import ReferenceStore
from store_kinds import KINDS, Ticking

from truceline.events.frames import make_frame
from truceline.events.schema import (
    BATCHES,
    EFFORTS,
    INCIDENTS,
    JUDGEMENTS,
    LINKS,
    REPORTS,
    SETTINGS,
    TABLES,
    ColumnType,
    Table,
)
from truceline.store.base import Among, Page, Selection, Store
from truceline.store.filters import AllOf, AnyOf, Between, Compare, Filter, Like, Missing, Not, OneOf

EPOCH = datetime(2025, 4, 20)
WORDS = st.sampled_from(["", "a", "b", "Ж", "a'b\"c", "x\n%y", "a\\b", "\\N", "a\tb"])
IDS = st.integers(1, 3)
MOMENTS = st.one_of(st.none(), st.integers(-3, 3).map(lambda steps: EPOCH + timedelta(hours=7 * steps)))
NUMBERS = st.one_of(st.none(), st.integers(-3, 3).map(lambda halves: halves / 2))
WHOLE = st.one_of(st.none(), st.integers(-(2**62), 2**62))
WRITTEN = {
    SETTINGS: {"name": WORDS, "value": WORDS},
    BATCHES: {"batch_id": WHOLE, "feed": WORDS},
    LINKS: {"report_id": IDS, "incident_id": st.one_of(st.none(), IDS), "score": NUMBERS},
    INCIDENTS: {
        "incident_id": IDS, "time_from": MOMENTS, "time_to": MOMENTS, "lon": NUMBERS, "lat": NUMBERS,
        "kind": WORDS, "count_best": NUMBERS, "n_reports": st.one_of(st.none(), IDS),
    },
    JUDGEMENTS: {
        "incident_id": IDS, "agreement": WORDS, "clause": WORDS, "time_from": MOMENTS, "verdict": WORDS,
        "is_exercise": st.booleans(), "acts_best": NUMBERS,
    },
    EFFORTS: {"key": WORDS, "time_from": MOMENTS, "time_to": MOMENTS, "lon": NUMBERS, "lat": NUMBERS},
    REPORTS: {
        "feed": st.sampled_from(["f", "g"]), "key": st.sampled_from(["k", "l", "m"]),
        "digest": st.sampled_from(["1", "2"]), "time_from": MOMENTS, "time_to": MOMENTS, "kind": WORDS,
        "lon": NUMBERS, "lat": NUMBERS, "flags": WHOLE,
    },
}  # fmt: skip
PATTERNS = st.sampled_from(["%", "a%", "%b", "_", "a_b%", "%\\%%", "\\a", "%\\\\%", "", "Ж"])
SUMS = {INCIDENTS: ["count_best", "n_reports"], JUDGEMENTS: ["acts_best"], LINKS: ["score"]}


Frames = list[tuple[str, pd.DataFrame]]
Question = tuple[str, Selection, dict[str, Any]]


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[tuple[Frames, bool]], list[Question]]:
    """Draw changes to one or two tables, whether each is given up, and what is asked in the end.

    Tables travel by name: whole ones would make an example unreadable.
    """
    tables = draw(st.lists(st.sampled_from(list(WRITTEN)), min_size=1, max_size=2))
    frames = st.sampled_from(tables).flatmap(frames_of)
    changes = draw(st.lists(st.tuples(st.lists(frames, max_size=4), st.booleans()), min_size=1, max_size=4))
    asked = draw(st.lists(st.sampled_from(tables).flatmap(questions_to), min_size=4, max_size=8))
    return changes, asked


@st.composite
def frames_of(draw: st.DrawFn, table: Table) -> tuple[str, pd.DataFrame]:
    """Draw some rows of a table."""
    n_rows = draw(st.integers(0, 6))
    columns = {
        name: draw(st.lists(values, min_size=n_rows, max_size=n_rows))
        for name, values in WRITTEN[table].items()
    }
    return table.name, make_frame(table, columns, n_rows=n_rows)


@st.composite
def questions_to(draw: st.DrawFn, table: Table) -> Question:
    """Draw what to read of a table, and how to count it."""
    columns = WRITTEN[table]
    chosen: dict[str, Any] = {"as_of": draw(st.none() | st.integers(0, 4))}
    if table.starts:
        chosen["since"], chosen["until"] = draw(MOMENTS), draw(MOMENTS)
    name = draw(st.none() | st.sampled_from(list(columns)))
    if name is not None:
        chosen["equals"] = {name: draw(st.one_of(columns[name], st.lists(columns[name], max_size=3)))}
    numbered = [name for name in columns if name.endswith("_id")]
    if numbered and draw(st.booleans()):
        chosen["ids"] = {draw(st.sampled_from(numbered)): draw(st.lists(IDS, max_size=4))}
    if "lon" in columns and draw(st.booleans()):
        chosen["box"] = (-1.0, -0.5, draw(st.sampled_from([0.0, 1.5])), 1.0)
    if draw(st.booleans()):
        chosen["where"] = draw(filters_of(table))
    if table in (INCIDENTS, JUDGEMENTS, LINKS) and draw(st.booleans()):
        other = draw(st.sampled_from([INCIDENTS, JUDGEMENTS, LINKS]))
        column = draw(st.sampled_from(list(WRITTEN[other])))
        wanted = Selection(equals={column: draw(WRITTEN[other][column])})
        chosen["among"] = (Among(other, "incident_id", wanted, is_absent=draw(st.booleans())),)
    by = draw(st.lists(st.sampled_from(list(columns)), unique=True, max_size=2))
    shift = draw(st.none() | st.sampled_from([0.0, 4.5, -30.25])) if table.starts else None
    return table.name, Selection(**chosen), {"by": by, "sums": SUMS.get(table, []), "day_shift_h": shift}


def filters_of(table: Table) -> st.SearchStrategy[Filter]:
    """Draw filters over the columns of a table that are written here."""
    columns = WRITTEN[table]

    def leaves(name: str) -> st.SearchStrategy[Filter]:
        values = columns[name].filter(lambda value: value is not None)
        made: list[st.SearchStrategy[Filter]] = [
            st.builds(Compare, st.just(name), st.sampled_from(["=", "<>"]), values),
            st.builds(OneOf, st.just(name), st.lists(values, max_size=3).map(tuple)),
            st.just(Missing(name)),
        ]
        kind = table.field(name).type
        if kind is not ColumnType.truth:
            made.append(st.builds(Compare, st.just(name), st.sampled_from(["<", "<=", ">", ">="]), values))
            made.append(st.builds(Between, st.just(name), values, values))
        if kind is ColumnType.text:
            made.append(st.builds(Like, st.just(name), PATTERNS))
        return st.one_of(made)

    return st.recursive(
        st.sampled_from(list(columns)).flatmap(leaves),
        lambda parts: st.one_of(
            st.builds(Not, parts),
            st.builds(AllOf, st.lists(parts, max_size=3).map(tuple)),
            st.builds(AnyOf, st.lists(parts, max_size=3).map(tuple)),
        ),
        max_leaves=5,
    )


class SpoiledError(Exception):
    """A change that is given up."""


def write(store: Store, changes: list[tuple[Frames, bool]]) -> list[Any]:
    """Make changes, giving up those that are to be spoiled; return every answer on the way."""
    answers: list[Any] = []
    for parts, is_spoiled in changes:
        try:
            with store.change(who="somebody", what="import", why="a test") as change:
                answers.append(change.change_id)
                for name, frame in parts:
                    table = TABLES[name]
                    add = table is REPORTS
                    answers.append(change.add_reports(frame) if add else change.append(table, frame))
                    answers.append(change.reserve(table.name, len(frame)))
                change.note({"parts": len(parts)})
                if is_spoiled:
                    raise SpoiledError
        except SpoiledError:
            pass
        answers.append(store.last_change())
    return answers


def read_all_pages(store: Store, table: Table, select: Selection) -> list[dict[str, Any]]:
    """Read two rows at a time until nothing is left."""
    rows, after = [], 0
    while True:
        page = store.read_page(table, select, n=2, after=after)
        rows += rows_of(page)
        if len(page) == 2:  # a page behind its first row begins with its second
            behind = store.read_page(table, select, n=1, after=page.places[0])
            assert rows_of(behind) == rows[-1:]
        if page.after is None:
            return rows
        assert len(page) == 2
        assert page.after == page.places[-1] > after
        after = page.after


def rows_of(page: Page) -> list[dict[str, Any]]:
    assert {len(values) for values in page.columns.values()} == {len(page)}
    return [dict(zip(page.columns, row, strict=True)) for row in zip(*page.columns.values(), strict=True)]


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(
    max_examples=20,
    suppress_health_check=[
        HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture,
    ],
)  # fmt: skip
@given(story=stories())
def test_a_store_answers_as_its_twin_does(kind: str, request: pytest.FixtureRequest, story: Any) -> None:
    changes, asked = story
    with TemporaryDirectory() as folder, KINDS[kind](request, Path(folder)).create() as store:
        twin = ReferenceStore(Ticking())
        assert write(store, changes) == write(twin, changes)
        for name, select, counting in asked:
            table = TABLES[name]
            for ask in ("read", "read_current"):
                ours, theirs = (getattr(each, ask)(table, select) for each in (store, twin))
                pd.testing.assert_frame_equal(ours, theirs)
                some = list(WRITTEN[table])[::-1]
                ours = getattr(store, ask)(table, select, columns=some)
                pd.testing.assert_frame_equal(ours, theirs[some])
            ours, theirs = (read_all_pages(each, table, select) for each in (store, twin))
            assert ours == theirs
            assert [list(map(type, row.values())) for row in ours] == [
                list(map(type, row.values())) for row in theirs
            ]
            ours, theirs = (each.tally(table, select, **counting) for each in (store, twin))
            pd.testing.assert_frame_equal(ours, theirs)
