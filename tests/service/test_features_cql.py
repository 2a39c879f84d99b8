"""Filters in CQL2 text: what is understood, what is refused, and that nothing else can come of any text."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import Problem
from truceline.events.schema import INCIDENTS, ColumnType, Field, Table
from truceline.store.filters import (
    AllOf,
    AnyOf,
    Between,
    Compare,
    Filter,
    Like,
    Missing,
    Not,
    OneOf,
    check_filter,
)
from truceline.web.cql import Box, FilterError, parse_cql
from truceline.web.filter_rows import matches

TABLE = Table(
    "incidents", "", (*INCIDENTS.fields, Field("is_exercise", ColumnType.truth, "Assessed as an exercise"))
)
PROPERTIES = {each.name: each.type for each in TABLE.fields}
KNOWN = (
    ("kind = 'shelling'", Compare("kind", "=", "shelling")),
    ("\"kind\" <> 'it''s'", Compare("kind", "<>", "it's")),
    ("count_best >= 2.5", Compare("count_best", ">=", 2.5)),
    ("3 < n_reports", Compare("n_reports", ">", 3)),
    ("n_reports = -1", Compare("n_reports", "=", -1)),
    ("kind IN ('burst', 'shot')", OneOf("kind", ("burst", "shot"))),
    ("kind NOT IN ('burst')", Not(OneOf("kind", ("burst",)))),
    ("place LIKE 'Chasiv%'", Like("place", "Chasiv%")),
    ("place LIKE 'a\\\\''b'", Like("place", "a\\\\'b")),
    ("place not like '50\\%'", Not(Like("place", "50\\%"))),
    ("n_reports BETWEEN 1 AND 3 AND lat > 0", AllOf((Between("n_reports", 1, 3), Compare("lat", ">", 0)))),
    ("weapon IS NULL", Missing("weapon")),
    ("weapon IS NOT NULL", Not(Missing("weapon"))),
    ("is_exercise = TRUE", Compare("is_exercise", "=", True)),
    (
        "time_from < TIMESTAMP('2025-06-01T12:00:00+02:00')",
        Compare("time_from", "<", datetime(2025, 6, 1, 10)),
    ),
    ("time_from >= DATE('2025-06-01')", Compare("time_from", ">=", datetime(2025, 6, 1))),
    ("TRUE", AllOf(())),
    (
        "kind='a' OR kind='b' AND NOT (kind='c' OR kind='d')",
        AnyOf(
            (
                Compare("kind", "=", "a"),
                AllOf(
                    (
                        Compare("kind", "=", "b"),
                        Not(AnyOf((Compare("kind", "=", "c"), Compare("kind", "=", "d")))),
                    )
                ),
            )
        ),
    ),
)
REFUSED = (
    ("", "where a value should be"),
    ("kind = ", "the filter ends"),
    ("kind = 'a", "does not end"),
    ("kind = 5", "text in quotes"),
    ("n_reports = 'five'", "a number"),
    ("n_reports = 1e999", "too large"),
    ("time_from > '17 June'", "no time with its zone"),
    ("time_from > TIMESTAMP('2025-06-01T12:00:00')", "no time with its zone"),
    ("time_from > DATE('2025-02-30')", "no date"),
    ("secret = 1", "no property"),
    ("kind = place", "where a value should be"),
    ("CASEI(kind) = 'a'", "CASEI(...) is not supported"),
    ("T_AFTER(time_from, DATE('2025-06-01'))", "T_AFTER(...) is not supported"),
    ("S_WITHIN(geometry, POINT(1 2))", "S_WITHIN(...) is not supported"),
    ("n_reports + 1 = 2", "'+' has no meaning"),
    ("n_reports -1 = 2", "where a comparison should be"),
    ("n_reports * 2 = 2", "has no meaning"),
    ("is_exercise > TRUE", "neither more nor less"),
    ("n_reports LIKE '1%'", "holds no text"),
    ("place LIKE 'a\\'", "does not end"),
    ("kind = 'a' kind = 'b'", "where AND, OR or the end should be"),
    ("(" * 11 + "n_reports = 1" + ")" * 11, "deep"),
    ("NOT " * 11 + "n_reports = 1", "deep"),
    (" AND ".join(["n_reports = 1"] * 61), "comparison 61"),
    ("kind = '" + "x" * 8192 + "'", "longer than"),
    ("S_INTERSECTS(geometry, BBOX(30, 50, 31, 49))", "do not rise"),
    ("S_INTERSECTS(geometry, POINT(30))", "a point of 1 numbers"),
    ("S_INTERSECTS(geometry, POLYGON((0 0, 1 1, 1 0, 0 0)))", "where geometry, POINT"),
)


def within(box: Box) -> Filter:
    return Between("lon", box[0], box[2])


def read(text: str) -> Filter:
    return parse_cql(text, PROPERTIES, within=within)


@pytest.mark.parametrize(("text", "filter_"), KNOWN, ids=[text for text, _ in KNOWN])
def test_a_filter_is_read_as_it_is_meant(text: str, filter_: Filter) -> None:
    assert read(text) == filter_


@pytest.mark.parametrize(("text", "told"), REFUSED, ids=[text[:30] for text, _ in REFUSED])
def test_a_filter_that_cannot_be_read_is_refused_by_name_and_place(text: str, told: str) -> None:
    with pytest.raises(FilterError) as caught:
        read(text)
    (problem,) = caught.value.problems
    assert told in f"{problem.found}; {problem.hint}"
    assert problem.where.startswith("filter")


def test_a_box_and_a_point_are_asked_of_the_geometry_in_either_order() -> None:
    asked: list[Box] = []

    def keep(box: Box) -> Filter:
        asked.append(box)
        return AllOf(())

    for text in (
        "S_INTERSECTS(geometry, BBOX(30, 45, 31.5, 46))",
        "s_intersects(BBOX(30,45,0,31.5,46,100), geometry)",
        "S_INTERSECTS(geometry, POINT(-30.5 45))",
    ):
        parse_cql(text, PROPERTIES, within=keep)
    assert asked == [(30, 45, 31.5, 46), (30, 45, 31.5, 46), (-30.5, 45, -30.5, 45)]


def test_deep_nesting_that_ends_other_parsers_is_refused_at_once() -> None:
    for text in (
        "(" * 8000,
        "NOT " * 2000,
        "((" * 2000 + "n_reports=1" + "))" * 2000,
        "'" * 8001,
        '"' * 8001,
    ):
        start = time.process_time()
        with pytest.raises(FilterError):
            read(text)
        assert time.process_time() - start < 1


def read_or_refuse(text: str) -> tuple[Filter | None, tuple[Problem, ...]]:
    try:
        return read(text), ()
    except FilterError as error:
        return None, error.problems


WORDS = st.sampled_from(
    [
        *(
            "kind",
            "n_reports",
            "time_from",
            "is_exercise",
            "geometry",
            "nothing",
            "'a'",
            "'it''s'",
            "'2025-06-01'",
        ),
        *(
            "5",
            "-2.5",
            "1e9",
            "TRUE",
            "NULL",
            "AND",
            "OR",
            "NOT",
            "IN",
            "IS",
            "LIKE",
            "BETWEEN",
            "=",
            "<>",
            "<=",
        ),
        *(
            "(",
            ")",
            ",",
            "TIMESTAMP",
            "DATE",
            "S_INTERSECTS",
            "POINT",
            "BBOX",
            "'",
            '"',
            "\\",
            "%",
            "CASEI",
            "*",
        ),
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=25).map(" ".join))


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_any_text_is_a_filter_that_a_store_takes_or_one_clean_error(text: str) -> None:
    made, problems = read_or_refuse(text)
    if made is None:
        assert len(problems) == 1
        assert problems[0].found
        return
    check_filter(TABLE, made)
    matches(dict.fromkeys(PROPERTIES), made)


SIMPLE = st.one_of(
    st.tuples(st.sampled_from(["=", "<>", "<", ">="]), st.integers(-5, 5)).map(
        lambda p: f"n_reports {p[0]} {p[1]}"
    ),
    st.sampled_from(
        [
            *("kind = 'a'", "kind IN ('a', 'b')", "kind IS NULL", "kind IS NOT NULL", "kind LIKE 'a%'"),
            *(
                "n_reports BETWEEN 1 AND 4",
                "time_from > TIMESTAMP('2025-06-01T00:00:00Z')",
                "kind NOT LIKE '_a'",
            ),
        ]
    ),
)
COMPOSED = st.recursive(
    SIMPLE,
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(["AND", "OR"]), part).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
        part.map(lambda p: f"NOT ({p})"),
    ),
    max_leaves=8,
)


def as_json(made: Filter) -> Any:
    """Return a filter in the JSON encoding of the standard."""
    if isinstance(made, Not):
        return {"op": "not", "args": [as_json(made.part)]}
    if isinstance(made, AllOf | AnyOf):
        return {
            "op": "and" if isinstance(made, AllOf) else "or",
            "args": [as_json(part) for part in made.parts],
        }
    name: Any = {"property": made.column}
    if isinstance(made, Compare):
        return {"op": made.operator, "args": [name, plain(made.value)]}
    if isinstance(made, OneOf):
        return {"op": "in", "args": [name, [plain(value) for value in made.values]]}
    if isinstance(made, Between):
        return {"op": "between", "args": [name, plain(made.low), plain(made.high)]}
    if isinstance(made, Like):
        return {"op": "like", "args": [name, made.pattern]}
    return {"op": "isNull", "args": [name]}


def flat(made: Any) -> Any:
    """Return a filter with what hangs together by the same word in one part."""
    if not isinstance(made, dict) or "args" not in made:
        return made
    args: list[Any] = []
    for part in map(flat, made["args"]):
        is_same = made["op"] in ("and", "or") and isinstance(part, dict) and part.get("op") == made["op"]
        args += part["args"] if is_same else [part]
    return {**made, "args": args}


def plain(value: Any) -> Any:
    return {"timestamp": f"{value.isoformat()}Z"} if isinstance(value, datetime) else value


@settings(max_examples=150, deadline=None)
@given(COMPOSED)
def test_another_parser_of_the_whole_language_reads_the_same(text: str) -> None:
    cql2 = pytest.importorskip("cql2")
    assert flat(as_json(read(text))) == flat(cql2.parse_text(text).to_json())


@pytest.mark.parametrize(
    ("pattern", "word", "fits"),
    [
        ("a%", "abc", True),
        ("%b%", "abc", True),
        ("a_c", "abc", True),
        ("a_c", "ac", False),
        ("50\\%", "50%", True),
        ("50\\%", "500", False),
        ("%", "", True),
        ("%a%b", "xaxbxb", True),
        ("%a%b", "xbxa", False),
        ("a.c", "abc", False),
        ("_", "ж", True),
        ("%" * 50 + "b", "a" * 5000, False),
        ("%a" * 200 + "b", "a" * 3000, False),
    ],
)
def test_patterns_match_letter_by_letter_and_never_run_away(pattern: str, word: str, fits: bool) -> None:
    start = time.process_time()
    assert matches({"place": word or None}, Like("place", pattern)) is (fits and bool(word))
    assert time.process_time() - start < 2


def test_a_missing_value_makes_a_comparison_neither_true_nor_false() -> None:
    row: dict[str, Any] = {"kind": None, "n_reports": 3}
    for part in (
        Compare("kind", "=", "a"),
        OneOf("kind", ("a",)),
        Like("kind", "%"),
        Between("kind", "a", "b"),
    ):
        assert not matches(row, part)
        assert not matches(row, Not(part))
        assert matches(row, AnyOf((part, Compare("n_reports", "=", 3))))
    assert matches(row, Missing("kind"))
