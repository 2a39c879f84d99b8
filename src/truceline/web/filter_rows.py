"""Ask a filter of single rows as a reader is shown them, in plain Python: the same answers as a store gives.

What a store holds is finer than what a reader may have, so the last word on whether a feature matches is said
here, about the feature as it leaves. A comparison with a missing value is neither true nor false.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from truceline.store.filters import (
    AllOf,
    AnyOf,
    Between,
    Compare,
    Filter,
    Missing,
    Not,
    OneOf,
)

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ANY, _ONE, _END = "any", "one", "end"
"""Parts of a pattern: any letters, one letter, behind the last. No single letter is any of them."""


def matches(row: Mapping[str, Any], chosen: Filter) -> bool:
    """Tell whether a row, with None for what is missing, matches a filter."""
    return _ask(row, chosen) is True


def columns_of(chosen: Filter) -> frozenset[str]:
    """Return the columns that a filter asks about."""
    if isinstance(chosen, Not):
        return columns_of(chosen.part)
    if isinstance(chosen, AllOf | AnyOf):
        return frozenset().union(*(columns_of(part) for part in chosen.parts))
    return frozenset({chosen.column})


def conjuncts_of(chosen: Filter | None) -> tuple[Filter, ...]:
    """Return the parts of a filter that must all hold."""
    if chosen is None:
        return ()
    if isinstance(chosen, AllOf):
        return tuple(each for part in chosen.parts for each in conjuncts_of(part))
    return (chosen,)


def _ask(row: Mapping[str, Any], chosen: Filter) -> bool | None:
    if isinstance(chosen, Not):
        answer = _ask(row, chosen.part)
        return None if answer is None else not answer
    if isinstance(chosen, AllOf):
        answers = [_ask(row, part) for part in chosen.parts]
        return False if False in answers else None if None in answers else True
    if isinstance(chosen, AnyOf):
        answers = [_ask(row, part) for part in chosen.parts]
        return True if True in answers else None if None in answers else False
    value = row[chosen.column]
    if isinstance(chosen, Missing):
        return value is None
    if isinstance(chosen, OneOf) and not chosen.values:
        return False
    if value is None:
        return None
    if isinstance(chosen, Compare):
        return _COMPARE[chosen.operator](value, chosen.value)
    if isinstance(chosen, OneOf):
        return value in chosen.values
    if isinstance(chosen, Between):
        return bool(chosen.low <= value <= chosen.high)
    return _is_like(value, _pattern(chosen.pattern))


def _is_like(word: str, parts: tuple[str, ...]) -> bool:
    """Tell whether a word looks like a pattern, in time that grows no faster than both together multiplied.

    Regular expressions would try every way to share a word out among many %. Here only the last % is ever
    tried again: what those before it took can stay as it is.
    """
    at, place = 0, 0
    any_at, any_place = -1, 0
    while at < len(word):
        part = parts[place] if place < len(parts) else _END
        if part == _ANY:
            any_at, any_place = at, place
            place += 1
        elif part == _ONE or part == word[at]:
            at, place = at + 1, place + 1
        elif any_at >= 0:
            any_at += 1
            at, place = any_at, any_place + 1
        else:
            return False
    return all(part == _ANY for part in parts[place:])


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> tuple[str, ...]:
    """Return a pattern letter by letter, with _ANY and _ONE for its wildcards."""
    made: list[str] = []
    letters = iter(pattern)
    for letter in letters:
        if letter == "\\":
            made.append(next(letters, letter))
        else:
            made.append({"%": _ANY, "_": _ONE}.get(letter, letter))
    return tuple(made)
