"""Named conditions: what was known on a day, what excludes what, how long a set takes, and wrong tables."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from register_inputs import (
    CONDITION_COLUMNS,
    STATE_COLUMNS,
    condition_row,
    packaged_book,
    packaged_register,
    write_table,
)

from truceline.errors import ScenarioError, TableError
from truceline.generation.approvals import read_approvals
from truceline.generation.condition_book import Condition, ConditionBook, StateRecord, find_rings
from truceline.generation.conditions import read_conditions
from truceline.generation.model import Composite, State
from truceline.trace import Traced

FEBRUARY, JANUARY = date(2025, 2, 17), date(2026, 1, 31)
TASKS = (
    "us.isr-space",
    "us.isr-air",
    "us.isr-sea",
    "us.refuelling",
    "us.combat-air",
    "us.air-defence",
    "us.strategic-lift",
    "us.theatre-logistics",
    "us.medevac",
    "us.satcom-command",
)


def make_book(after: Mapping[str, tuple[str, ...]], days: Mapping[str, float]) -> ConditionBook:
    return ConditionBook(
        Condition(
            key,
            key,
            "peace",
            Traced(key, days[key], "day", low=days[key] / 2, high=days[key] * 2),
            after=links,
        )
        for key, links in after.items()
    )


def state_row(condition: str, day: str, state: str) -> dict[str, str]:
    plain = dict.fromkeys(STATE_COLUMNS, "")
    return plain | {"condition": condition, "date": day, "state": state, "source": "a test"}


def read_rows_of(
    folder: Path, rows: list[dict[str, str]], states: list[dict[str, str]] | None = None
) -> ConditionBook:
    known = states or [state_row(rows[0]["condition"], "2025", "unmet")]
    return read_conditions(
        write_table(folder / "conditions.csv", rows), write_table(folder / "states.csv", known)
    )


def test_the_packaged_book_has_every_condition_a_pledge_names() -> None:
    book = packaged_book()
    named = {key for pledge in packaged_register().pledges for key in pledge.conditions}
    assert named <= set(book)
    assert {"ceasefire", "host-consent", "consent.side-b", "mandate.eu", "us.guarantee", *TASKS} <= set(book)
    assert list(book) == sorted(book)


def test_there_is_a_parliament_only_where_its_vote_is_asked_for_and_a_decision_for_everybody() -> None:
    book = packaged_book()
    assert "parliament.DEU" in book
    assert "parliament.FRA" not in book
    assert {"decision.DEU", "decision.FRA"} <= set(book)
    assert book["parliament.DEU"].label == "The parliament of Germany agrees"
    assert "decision.NPL" in read_conditions(nations={"NPL": "Nepal"})


def test_the_days_of_a_parliament_are_the_estimates_of_the_table_and_called_judgement() -> None:
    lead = packaged_book()["parliament.DEU"].lead
    assert (lead.low, lead.value, lead.high) == (14, 28, 42)
    assert (lead.unit, lead.evidence) == ("day", "judgement")


def test_every_lead_time_that_nobody_published_is_a_judgement_with_a_range() -> None:
    for condition in packaged_book().values():
        if condition.kind != "composite":
            assert condition.lead.evidence == "judgement", condition.key
            assert condition.lead.source, condition.key
            assert condition.key == "ceasefire" or condition.lead.low < condition.lead.high, condition.key


def test_nothing_was_met_on_any_of_the_four_days() -> None:
    for day in (FEBRUARY, date(2025, 4, 10), date(2025, 9, 5), JANUARY):
        states = packaged_book().states(day)
        assert "met" not in states.values()
        assert states["ceasefire"] == states["host-consent"] == "unmet"


def test_the_guarantee_was_unknown_in_april_2025_and_unmet_in_january_2026() -> None:
    guarantee = packaged_book()["us.guarantee"]
    assert [guarantee.state_on(date(2025, month, 10)) for month in (1, 4)] == ["unknown", "unknown"]
    assert guarantee.state_on(date(2026, 1, 5)) == "unknown"
    assert guarantee.state_on(date(2026, 1, 6)) == "unmet"
    assert all(packaged_book()[task].state_on(JANUARY) == "unknown" for task in TASKS)


def test_the_other_side_had_not_refused_in_words_before_march_2025() -> None:
    consent = packaged_book()["consent.side-b"]
    assert consent.state_on(date(2025, 3, 11)) == "unknown"
    assert consent.state_on(date(2025, 3, 12)) == "unmet"


def test_what_was_never_recorded_is_unknown() -> None:
    assert packaged_book().states(JANUARY)["parliament.DEU"] == "unknown"


def test_a_un_mandate_needs_the_consent_that_a_coalition_excludes() -> None:
    book = packaged_book()
    assert book.conflicts(["mandate.un", "mandate.coalition", "ceasefire"]) == (
        ("mandate.coalition", "mandate.un"),
    )
    assert book.conflicts(["consent.side-b", "mandate.coalition"]) == (
        ("consent.side-b", "mandate.coalition"),
    )
    assert book.missing_needs(["mandate.un"]) == (("mandate.un", "consent.side-b"),)
    assert book.with_needs(["mandate.un"]) == {"mandate.un", "consent.side-b"}
    assert book.conflicts(book.with_needs(["mandate.un", "mandate.eu"])) == (
        ("consent.side-b", "mandate.eu"),
    )


def test_the_material_backstop_is_met_when_enough_tasks_are() -> None:
    (composite,) = packaged_book().composites()
    assert composite == Composite("us-material", frozenset(TASKS), 5)
    plain = [packaged_book()[key] for key in (*TASKS, "us-material")]
    for n_met, n_unmet, state in ((5, 5, "met"), (4, 6, "unmet"), (4, 5, "unknown"), (0, 6, "unmet")):
        met, unmet = set(TASKS[:n_met]), set(TASKS[n_met : n_met + n_unmet])

        book = ConditionBook([_in_state(one, met, unmet) for one in plain], [composite])
        assert book.states(JANUARY)["us-material"] == state


def _in_state(condition: Condition, met: set[str], unmet: set[str]) -> Condition:
    state: State = "met" if condition.key in met else "unmet" if condition.key in unmet else "unknown"
    return replace(condition, history=(StateRecord(FEBRUARY, "2025-02-17", state, "", "a test", "", ""),))


def test_the_lead_of_a_set_is_its_longest_chain() -> None:
    book = make_book({"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}, {"a": 1, "b": 10, "c": 20, "d": 5})
    assert book.lead_days("abcd") == 26
    assert book.lead_days("abcd", "low") == 13
    assert book.lead_days("abcd", "high") == 52
    assert book.lead_days("abd") == 16
    assert book.lead_days("bd") == 15, "what is not in the set is not waited for"
    assert book.lead_days("abcd", met="ac") == 15, "what is met costs nothing"
    assert book.lead_days("") == 0


def test_a_composite_takes_as_long_as_the_quickest_members_it_wants() -> None:
    days = {"a": 10.0, "b": 20.0, "c": 30.0, "whole": 0.0}
    plain = make_book(dict.fromkeys(days, ()), days)
    book = ConditionBook(plain.values(), [Composite("whole", frozenset("abc"), 2)])
    assert book.lead_days(["whole"]) == 20
    assert book.lead_days(["whole", "c"]) == 30
    assert book.lead_days(["whole"], met=["a", "c"]) == 0
    assert book.lead_days(["whole"], met=["b"]) == 10
    assert book.lead_days(["whole"], met=["whole"]) == 0


def test_an_unknown_condition_in_a_question_is_named() -> None:
    with pytest.raises(ScenarioError, match=r"'mandat\.un' is not a known condition; did you mean mandate"):
        packaged_book().lead_days(["mandat.un", "ceasefire"])
    with pytest.raises(ScenarioError, match="'rain' is not a known condition"):
        packaged_book().conflicts(["rain"])


KEYS = "abcdef"
GRAPHS = st.fixed_dictionaries({key: st.sets(st.sampled_from(KEYS)).map(sorted).map(tuple) for key in KEYS})


@settings(max_examples=200, deadline=None)
@given(GRAPHS)
def test_a_ring_is_found_exactly_when_something_waits_for_itself(graph: dict[str, tuple[str, ...]]) -> None:
    reached = {key: set(links) for key, links in graph.items()}
    for _ in KEYS:
        for key in KEYS:
            reached[key] |= {far for near in reached[key] for far in reached[near]}
    circular = {key for key in KEYS if key in reached[key]}
    rings = find_rings(make_book(graph, dict.fromkeys(KEYS, 1.0)))
    assert bool(rings) == bool(circular)
    for ring in rings:
        assert all(after in graph[name] for name, after in zip(ring, (*ring[1:], ring[0]), strict=True))
        assert ring[0] == min(ring)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_more_conditions_never_take_less_time_and_met_ones_never_more(data: st.DataObject) -> None:
    graph = {
        key: tuple(data.draw(st.sets(st.sampled_from(KEYS[:place])))) if place else ()
        for place, key in enumerate(KEYS)
    }
    book = make_book(graph, {key: data.draw(st.integers(0, 50)) for key in KEYS})
    some = data.draw(st.sets(st.sampled_from(KEYS)))
    more = some | data.draw(st.sets(st.sampled_from(KEYS)))
    assert book.lead_days(some) <= book.lead_days(more)
    assert book.lead_days(more, met=some) <= book.lead_days(more)
    assert book.lead_days(more, "low") <= book.lead_days(more) <= book.lead_days(more, "high")


def test_a_circular_condition_is_named_with_its_ring(tmp_path: Path) -> None:
    rows = [
        condition_row("rain", after="wind"),
        condition_row("wind", needs="clouds"),
        condition_row("clouds", after="rain"),
        condition_row("sun", after="rain"),
    ]
    with pytest.raises(TableError) as caught:
        read_rows_of(tmp_path, rows)
    assert "clouds > rain > wind > clouds  is a circular condition" in str(caught.value)
    assert len(caught.value.problems) == 1


WRONG = [
    ({"kind": "weather"}, "'weather' is not a known kind of condition"),
    ({"lead_days": "soon"}, "lead_days 'soon' is not a number of days"),
    ({"lead_low": "-3"}, "lead_low '-3' is not a number of days"),
    ({"lead_low": "30"}, "the range 30 to 20 does not hold 10"),
    ({"lead_high": "inf"}, "lead_high 'inf' is not a number of days"),
    ({"lead_evidence": "hearsay"}, "'hearsay' is not a known evidence"),
    ({"comes_with_ceasefire": "perhaps"}, "'perhaps' is not a known word of comes_with_ceasefire"),
    ({"after": "thunder"}, "rain after  'thunder' is not a known condition"),
    ({"needs": "wnd"}, "rain needs  'wnd' is not a known condition; did you mean wind"),
    ({"excludes": "rain"}, "needs and excludes 'rain'"),
    ({"needs": "wind", "excludes": "wind"}, "needs and excludes 'wind'"),
    ({"condition": "wind"}, "'wind' has two rows"),
    ({"condition": ""}, "has no key"),
    ({"members": "wind", "at_least": "nobody.said"}, "at_least 'nobody.said' is not a known assumption"),
    ({"members": "wind", "at_least": "backstop.tasks_wanted"}, "backstop.tasks_wanted is 5 of 1 members"),
    ({"members": "thunder", "at_least": "patrol.crew"}, "rain members  'thunder' is not a known condition"),
]


@pytest.mark.parametrize(("cells", "says"), WRONG)
def test_a_wrong_row_of_conditions_is_named(tmp_path: Path, cells: dict[str, str], says: str) -> None:
    rows = [condition_row("wind"), condition_row("rain") | cells]
    with pytest.raises(TableError) as caught:
        read_rows_of(tmp_path, rows)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("states", "says"),
    [
        ([("wind", "2025", "maybe")], "'maybe' is not a known state"),
        ([("wind", "spring", "met")], "date 'spring' is not a date"),
        ([("wond", "2025", "met")], "'wond' is not a known condition; did you mean wind"),
        ([("wind", "2025-12", "met"), ("wind", "2025", "unmet")], "'wind' has two states on 2025-12-31"),
    ],
)
def test_a_wrong_state_is_named(tmp_path: Path, states: list[tuple[str, str, str]], says: str) -> None:
    with pytest.raises(TableError) as caught:
        read_rows_of(tmp_path, [condition_row("wind")], [state_row(*state) for state in states])
    assert says in str(caught.value)


def test_all_problems_of_both_tables_are_told_at_once(tmp_path: Path) -> None:
    rows = [condition_row("wind", kind="weather", lead_days="soon"), condition_row("rain", after="thunder")]
    with pytest.raises(TableError) as caught:
        read_rows_of(tmp_path, rows, [state_row("wind", "2025", "maybe"), state_row("hail", "2025", "met")])
    assert len(caught.value.problems) == 5


def test_a_book_of_ones_own_needs_no_packaged_condition(tmp_path: Path) -> None:
    rows = [condition_row("wind"), condition_row("rain", after="wind", excludes="wind")]
    book = read_rows_of(tmp_path, rows, [state_row("wind", "2025-06", "met")])
    assert list(book) == ["rain", "wind"]
    assert book.states(date(2025, 7, 1)) == {"rain": "unknown", "wind": "met"}
    assert book.exclusive_pairs == (("rain", "wind"),)


def test_conditions_of_ones_own_take_the_packaged_states_they_share(tmp_path: Path) -> None:
    rows = [condition_row("wind"), condition_row("ceasefire")]
    book = read_conditions(write_table(tmp_path / "conditions.csv", rows))
    assert book.states(JANUARY) == {"ceasefire": "unmet", "wind": "unknown"}


ANY_TEXT = st.one_of(st.text(max_size=12), st.sampled_from(["wind", "rain|wind", "nan", "-1", "*", "1e9"]))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CONDITION_COLUMNS), ANY_TEXT)
def test_no_cell_makes_the_reader_of_conditions_fail_in_another_way(column: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder, suppress(TableError):
        rows = [condition_row("wind"), condition_row("rain") | {column: text}]
        assert "wind" in read_rows_of(Path(folder), rows)


def test_an_approval_says_who_has_to_agree() -> None:
    approvals = read_approvals()
    assert approvals["DEU"].parliament
    assert not approvals["FRA"].parliament
    assert {code for code, one in approvals.items() if one.un_mandate} >= {"IRL", "CHE", "AUT"}
    assert len(approvals) == 46
