"""Headline numbers: every formula gives its value from its parts, every leaf says where it comes from."""

from __future__ import annotations

import ast
import math
import operator
import re

import pytest

from truceline.detection.kinds import KINDS, STATES
from truceline.plan import Plan
from truceline.plan.model import measure_weak_inputs
from truceline.plan.watch import kind_weights
from truceline.scenario.assumption import Evidence
from truceline.trace import Traced

_OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
MEANT_IN_WORDS = (
    "share of",
    "least over",
    "fewest places",
    "bound proven",
    "sum over",
    "geodesic",
    "mean over",
)


def compute(formula: str, values: dict[str, float]) -> float:
    """Return the value of a formula of names, numbers, brackets and the four operations."""
    names = sorted(values, key=len, reverse=True)
    pattern = re.compile("|".join(re.escape(name) for name in names))
    numbers = pattern.sub(lambda match: repr(float(values[match[0]])), formula)

    def reckon(node: ast.AST) -> float:
        match node:
            case ast.Expression(body=body):
                return reckon(body)
            case ast.BinOp(left=left, op=op, right=right):
                return float(_OPERATIONS[type(op)](reckon(left), reckon(right)))
            case ast.Constant(value=int() | float() as value):
                return float(value)
        raise AssertionError(f"{formula!r} holds more than numbers: {numbers}")

    return reckon(ast.parse(numbers, mode="eval"))


def every_number(plan: Plan) -> list[Traced]:
    return [
        node
        for one in plan.postures.values()
        for headline in one.headlines.values()
        for node in headline.walk()
    ]


@pytest.mark.parametrize("fixture", ["small_plan", "length_plan"])
def test_every_formula_gives_its_value(fixture: str, request: pytest.FixtureRequest) -> None:
    plan: Plan = request.getfixturevalue(fixture)
    computed = set()
    for node in every_number(plan):
        if not node.parts or node.formula.startswith(MEANT_IN_WORDS):
            continue
        values = {part.name: part.value for part in node.parts}
        assert compute(node.formula, values) == pytest.approx(node.value, rel=1e-9), node.name
        computed.add(node.name)
    expected = {
        "force.deployed",
        "force.watching",
        "force.front",
        "force.deterrence",
        "force.per_km",
        "force.pool",
    }
    assert expected <= computed


@pytest.mark.parametrize("fixture", ["small_plan", "length_plan"])
def test_every_leaf_says_where_it_comes_from(fixture: str, request: pytest.FixtureRequest) -> None:
    plan: Plan = request.getfixturevalue(fixture)
    grades = {*map(str, Evidence), "computed"}
    for node in every_number(plan):
        if node.parts:
            continue
        assert node.evidence in grades, node.name
        assert node.source or node.evidence in ("computed", "stated"), node.name
        assert node.label, node.name


def test_ranges_hold_their_values(small_plan: Plan) -> None:
    for node in every_number(small_plan):
        if node.low is not None and node.high is not None:
            assert node.low <= node.value <= node.high, node.name


def test_one_name_means_one_number_within_a_posture(small_plan: Plan) -> None:
    for one in small_plan.postures.values():
        seen: dict[str, float] = {}
        for headline in one.headlines.values():
            for node in headline.walk():
                assert seen.setdefault(node.name, node.value) == node.value or math.isnan(node.value), (
                    node.name
                )


def test_coverage_carries_its_cell_and_the_length_its_tolerance(small_plan: Plan) -> None:
    head = small_plan.chosen.headlines
    for name in ("watch.detect", "watch.verify", "watch.attribute", "crossing.weakest", "crossing.open"):
        cells = [node for node in head[name].walk() if node.name == "sight.cell"]
        assert cells, name
        assert cells[0].evidence == "judgement"
        assert "indicative" in cells[0].note
    assert "within about 1 km" in head["line.length"].note


def test_an_average_is_the_weighted_sum_of_its_kinds(small_plan: Plan) -> None:
    weights = dict(zip(KINDS, kind_weights(small_plan.scenario.watched), strict=True))
    for measure in ("detect", "verify", "attribute"):
        average = small_plan.chosen.headlines[f"watch.{measure}"]
        kinds = [part for part in average.parts if part.name.startswith(f"watch.{measure}.")]
        total = sum(weights[part.name.rsplit(".", 1)[1]] * part.value for part in kinds)
        assert total == pytest.approx(average.value, rel=1e-9)


def test_the_weakest_crossing_is_the_least_of_its_cases(small_plan: Plan) -> None:
    for prefix in ("crossing", "crossing.waiting"):
        weakest = small_plan.chosen.headlines[f"{prefix}.weakest"]
        cases = [part.value for part in weakest.parts if part.name.endswith(STATES)]
        assert weakest.value == min(cases)
        assert "sector S" in weakest.note
        opened = small_plan.chosen.headlines[f"{prefix}.open"]
        assert opened.value >= max(part.value for part in opened.parts if part.name.endswith(STATES))


def test_a_length_has_people_and_no_coverage(length_plan: Plan) -> None:
    head = length_plan.chosen.headlines
    assert {"line.length", "force.deployed", "force.pool", "force.per_km"} <= head.keys()
    assert not any(name.startswith(("watch.", "crossing.")) for name in head)
    assert head["line.length"].evidence == "stated"


def test_weak_inputs_are_the_share_nobody_has_read() -> None:
    def leaf(name: str, evidence: str) -> Traced:
        return Traced(name, 1.0, "1", evidence=evidence)

    leaves = (leaf("a", "general"), leaf("b", "published"), leaf("c", "computed"), leaf("d", "stated"))
    assert measure_weak_inputs(Traced("sum", 4.0, "1", parts=leaves)) == 0.5
    assert measure_weak_inputs(Traced("sum", 1.0, "1", parts=(leaf("c", "computed"),))) == 0.0
