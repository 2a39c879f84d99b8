"""Trees of numbers that hang on each other: each written out once, and put together again when they are read.

A number that comes a second time stands with its name and value and without its parts; where many numbers
share many leaves, a leaf that comes again stands with its name, value and unit alone. No numbers change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from truceline.publish.record import traced_from_document, tree_of
from truceline.trace import Traced

Tree = dict[str, Any]


def write_trees(numbers: Iterable[Traced], *, leaves_once: bool = False) -> list[Tree]:
    """Return numbers as trees for JSON; what was written out before is not written out again.

    leaves_once: whether that holds for numbers without parts as well.
    """
    written: dict[str, Traced] = {}
    return [tree_of(_cut(number, written, leaves_once)) for number in numbers]


def read_trees(trees: Iterable[Tree]) -> list[Traced]:
    """Return the numbers of trees from `write_trees`, each with all its parts again."""
    whole: dict[tuple[str, bool], Traced] = {}
    return [_join(traced_from_document(tree), whole) for tree in trees]


def _cut(number: Traced, written: dict[str, Traced], leaves_once: bool) -> Traced:
    was_written = number.name in written and written[number.name] == number
    if not number.parts:
        if was_written:
            return Traced(number.name, number.value, number.unit)
        if leaves_once:
            written.setdefault(number.name, number)
        return number
    if was_written:
        return replace(number, parts=())
    written.setdefault(number.name, number)
    return replace(number, parts=tuple(_cut(part, written, leaves_once) for part in number.parts))


def _join(number: Traced, whole: dict[tuple[str, bool], Traced]) -> Traced:
    """Return a number as it was: one written out before stands here without what it was made of.

    whole: numbers read so far, by name and whether they have parts.
    """
    if number.parts:
        found = replace(number, parts=tuple(_join(part, whole) for part in number.parts))
        whole.setdefault((number.name, True), found)
        return found
    composite = whole.get((number.name, True))
    if number.formula and composite is not None and composite.formula == number.formula:
        return composite
    leaf = whole.setdefault((number.name, False), number)
    is_bare = number == Traced(number.name, number.value, number.unit)
    return leaf if is_bare and leaf.value == number.value else number
