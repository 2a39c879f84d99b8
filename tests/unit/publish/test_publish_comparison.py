"""Plans side by side: order, missing numbers, shares, and what no coverage figure goes without."""

from __future__ import annotations

import csv
import io
import math

import pytest

from truceline.errors import OutputError
from truceline.plan import Plan
from truceline.publish.comparison import column_of_document, column_of_plan, compare_columns, to_csv
from truceline.publish.document import document_plan


def test_a_plan_and_its_document_give_the_same_column(small_plan: Plan, length_plan: Plan) -> None:
    for plan in (small_plan, length_plan):
        assert column_of_document(document_plan(plan)) == column_of_plan(plan)


def test_coverage_never_goes_without_tolerance_and_cell(small_plan: Plan, length_plan: Plan) -> None:
    column = column_of_plan(small_plan)
    assert column["line.tolerance"][:2] == (1000.0, "m")
    assert column["sight.cell"][:2] == (2000.0, "m")
    assert not {"line.tolerance", "sight.cell", "watch.detect"} & column_of_plan(length_plan).keys()


def test_the_answer_comes_first_and_average_weakest_and_open_together(small_plan: Plan) -> None:
    names = [row.name for row in compare_columns([("plan", column_of_plan(small_plan))])]
    assert names[:4] == ["line.length", "line.tolerance", "sight.cell", "force.deployed"]
    first = names.index("watch.detect")
    assert {"crossing.weakest", "crossing.open"} <= {*names[first : first + 6]}
    assert len(names) == len({*names})


def test_what_a_plan_lacks_is_a_dash_and_a_blank(small_plan: Plan, length_plan: Plan) -> None:
    columns = [("map", column_of_plan(small_plan)), ("length", column_of_plan(length_plan))]
    row = next(row for row in compare_columns(columns) if row.name == "watch.detect")
    assert row.cells[1] == "-"
    rows = {row[0]: row for row in csv.reader(io.StringIO(to_csv(columns)))}
    assert rows["name"] == ["name", "label", "unit", "map", "length"]
    assert rows["watch.detect"][4] == ""
    assert float(rows["watch.detect"][3]) == small_plan.chosen.headlines["watch.detect"].value


def test_numbers_are_shown_in_their_units() -> None:
    column = {
        "watch.detect": (0.1234, "1", "seen"),
        "force.deployed": (12345.6, "person", "people"),
        "crossing.weakest": (math.nan, "1", "nobody can pass"),
    }
    cells = {row.name: row.cells[0] for row in compare_columns([("x", column)])}
    assert cells == {"force.deployed": "12,346 people", "watch.detect": "12.3 %", "crossing.weakest": "-"}


def test_an_unknown_posture_is_refused(small_plan: Plan) -> None:
    with pytest.raises(OutputError, match="one of observers, technical"):
        column_of_document(document_plan(small_plan), "nobody")
