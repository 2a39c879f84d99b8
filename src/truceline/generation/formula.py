"""Traced numbers computed from the formula they show, and the range of a tree of them.

Any unit. A formula is plain arithmetic in the names of the parts: + - * / with brackets, and ceil,
floor, max and min. What is shown is what is computed, so an explanation cannot say one rule and the
number follow another. Formulas are written by the programs, never by users; a tree made elsewhere whose
formula is in words keeps its value and counts as a leaf.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from truceline.trace import Traced

_NAME = re.compile(r"[A-Za-z_](?:[\w.]|-(?=\w))*")
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "ceil": lambda value: float(math.ceil(value - ROUNDING)),
    "floor": lambda value: float(math.floor(value + ROUNDING)),
    "max": max,
    "min": min,
}
ROUNDING = 1e-9
"""A whole number must not gain or lose a unit by the rounding of its factors."""
_SAME = 1e-9  # a formula that gives another value than its tree says is not how the tree was made
_MAX_FORMULA_CHARACTERS = 2_000

_Values = Sequence[float]
_Rule = Callable[[_Values], float]


def compute(
    name: str, label: str, unit: str, formula: str, parts: Sequence[Traced] = (), *, note: str = ""
) -> Traced:
    """Return the number that `formula` makes of `parts`, without a range.

    Raises ValueError where the formula is not arithmetic in the names of the parts: a mistake of the program.
    """
    rule = _read_formula(formula, tuple(part.name for part in parts))
    if rule is None:
        raise ValueError(f"{name}: '{formula}' is not arithmetic in the names of its parts")
    value = rule([part.value for part in parts])
    return Traced(name, value, unit, label, formula, tuple(parts), evidence="computed", note=note)


def add_range(traced: Traced, *, only: Collection[str] | None = None) -> Traced:
    """Return `traced` with the range that its leaves give it.

    Every leaf with a range goes to the end that raises (or lowers) the number, all at once; a leaf that is
    in several places moves in all of them. Which end that is, is asked of each leaf alone with the others at
    their values: exact where the number rises or falls in each leaf throughout, as in all rules here.
    A range that cannot be computed (a division by nothing at its end) is left open.

    Parameters
    ----------
    only
        Names of the leaves that move; None for all.
    """
    ends = _list_ends(traced, only)
    least: dict[str, float] = {}
    most: dict[str, float] = {}
    for name, (low, high) in ends.items():
        rises = _or_infinity(traced, {name: high}) >= _or_infinity(traced, {name: low})
        least[name], most[name] = (low, high) if rises else (high, low)
    if not ends:
        return traced
    bottom, top = _or_infinity(traced, least), _or_infinity(traced, most)
    return replace(
        traced,
        low=min(bottom, traced.value) if math.isfinite(bottom) else None,
        high=max(top, traced.value) if math.isfinite(top) else None,
    )


def evaluate(traced: Traced, values: Mapping[str, float]) -> float:
    """Return what the tree gives with the leaves named in `values` set to those values.

    A number whose formula cannot be read, or does not give its value, is a leaf.
    """
    if traced.name in values:
        return values[traced.name]
    rule = _rule_of(traced)
    return traced.value if rule is None else rule([evaluate(part, values) for part in traced.parts])


def _or_infinity(traced: Traced, values: Mapping[str, float]) -> float:
    try:
        return evaluate(traced, values)
    except (OverflowError, ZeroDivisionError):
        return math.inf


def _list_ends(traced: Traced, only: Collection[str] | None) -> dict[str, tuple[float, float]]:
    """Return low and high of every leaf with a range, by name in order of appearance."""
    if _rule_of(traced) is not None:
        found: dict[str, tuple[float, float]] = {}
        for part in traced.parts:
            for name, ends in _list_ends(part, only).items():
                found.setdefault(name, ends)
        return found
    low, high = traced.bounds
    wanted = only is None or traced.name in only
    return {traced.name: (low, high)} if wanted and high > low else {}


def _rule_of(traced: Traced) -> _Rule | None:
    """Return the formula of a number as a function of the values of its parts; None for a leaf."""
    if not traced.parts:
        return None
    rule = _read_formula(traced.formula, tuple(part.name for part in traced.parts))
    if rule is None:
        return None
    try:
        given = rule([part.value for part in traced.parts])
    except (OverflowError, ZeroDivisionError):
        return None
    return rule if math.isclose(given, traced.value, rel_tol=_SAME, abs_tol=_SAME) else None


@lru_cache(maxsize=4096)
def _read_formula(formula: str, names: tuple[str, ...]) -> _Rule | None:
    """Return a formula as a function of the values of the names, or None where it is not arithmetic."""
    if len(formula) > _MAX_FORMULA_CHARACTERS:
        return None
    places = {name: i for i, name in enumerate(names)}
    unknown: list[str] = []

    def stand_in(match: re.Match[str]) -> str:
        name = match.group()
        if name in places:
            return f"part_{places[name]}"
        if name not in _FUNCTIONS:
            unknown.append(name)
        return name

    text = _NAME.sub(stand_in, formula)
    if unknown:
        return None
    try:
        return _build(ast.parse(text, mode="eval").body)
    except (KeyError, SyntaxError, TypeError, ValueError, RecursionError, MemoryError):
        return None


def _build(node: ast.expr) -> _Rule:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            one, two = _build(left), _build(right)
            return _OPERATIONS[type(op)](one, two)
        case ast.Name(id=name) if name.startswith("part_"):
            place = int(name.removeprefix("part_"))
            return lambda values: values[place]
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            number = float(value)
            return lambda _values: number
        case ast.Call(func=ast.Name(id=name), args=[*arguments], keywords=[]) if arguments:
            function, built = _FUNCTIONS[name], [_build(argument) for argument in arguments]
            return lambda values: float(function(*(rule(values) for rule in built)))
    raise ValueError("not arithmetic")


_OPERATIONS: dict[type[ast.operator], Callable[[_Rule, _Rule], _Rule]] = {
    ast.Add: lambda one, two: lambda values: one(values) + two(values),
    ast.Sub: lambda one, two: lambda values: one(values) - two(values),
    ast.Mult: lambda one, two: lambda values: one(values) * two(values),
    ast.Div: lambda one, two: lambda values: one(values) / two(values),
}
