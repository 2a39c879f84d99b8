"""Trees of numbers that hang on each other: each written out once, and put together again when they are read.

A number that comes a second time stands with its name and value and without its parts. No numbers change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from truceline.publish.record import traced_from_document, tree_of
from truceline.trace import Traced

Tree = dict[str, Any]


def write_trees(numbers: Iterable[Traced]) -> list[Tree]:
    """Return numbers as trees for JSON; what was written out before is not written out again."""
    written: dict[str, Traced] = {}
    return [tree_of(_cut(number, written)) for number in numbers]


def read_trees(trees: Iterable[Tree]) -> list[Traced]:
    """Return the numbers of trees from `write_trees`, each with all its parts again."""
    whole: dict[str, Traced] = {}
    return [_join(traced_from_document(tree), whole) for tree in trees]


def _cut(number: Traced, written: dict[str, Traced]) -> Traced:
    if not number.parts:
        return number
    if number.name in written and written[number.name] == number:
        return replace(number, parts=())
    written.setdefault(number.name, number)
    return replace(number, parts=tuple(_cut(part, written) for part in number.parts))


def _join(number: Traced, whole: dict[str, Traced]) -> Traced:
    """Return a number with the parts it had; one without parts but with a formula was written before."""
    if not number.parts:
        known = whole.get(number.name)
        fits = known is not None and number.formula and known.formula == number.formula
        return known if fits and known is not None else number
    found = replace(number, parts=tuple(_join(part, whole) for part in number.parts))
    whole.setdefault(number.name, found)
    return found
