"""One message holds every problem, and says where, what and what to try."""

from __future__ import annotations

import pytest

from truceline.errors import GeometryError, Problem, ProblemList, ScenarioError, TrucelineError


def test_a_message_counts_and_lists_everything() -> None:
    problems = ProblemList()
    problems.add("file.yaml:3", "has no unit", "write '12 km'")
    problems.warn("line[4]", "bends back")
    problems.add("file.yaml:9", "is missing")
    assert ScenarioError("file.yaml", problems.problems).message().splitlines() == [
        "file.yaml: 2 problems, 1 warning",
        "  file.yaml:3  has no unit; write '12 km'",
        "  warning line[4]  bends back",
        "  file.yaml:9  is missing",
    ]


def test_one_problem_is_not_problems() -> None:
    assert TrucelineError("x", [Problem("a", "b", "c")]).message().startswith("x: 1 problem\n")
    assert TrucelineError("x", [Problem("a", "b", "c", warning=True)]).message().startswith("x: 1 warning\n")


def test_an_error_without_problems_is_its_title() -> None:
    assert str(TrucelineError("nothing to do")) == "nothing to do"


def test_warnings_alone_do_not_refuse() -> None:
    problems = ProblemList()
    problems.warn("a", "b")
    problems.raise_if_any(GeometryError, "line")
    assert not problems.has_errors()
    assert [problem.found for problem in problems.warnings] == ["b"]


def test_an_error_is_raised_as_the_kind_asked_for_and_keeps_the_warnings() -> None:
    problems = ProblemList()
    problems.warn("a", "b")
    problems.extend([Problem("c", "d", "e")])
    with pytest.raises(GeometryError) as caught:
        problems.raise_if_any(GeometryError, "line")
    assert [problem.where for problem in caught.value.problems] == ["a", "c"]
    assert caught.value.exit_code == 2
