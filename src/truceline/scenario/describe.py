"""List what a scenario says, value by value, as a person reads it: value, range, evidence, source.

Text only, with units as written for people; nothing is computed, and nothing is left out: a default is
listed like a value from the file and says that it is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from truceline.scenario.assumption import Assumption, AssumptionSet
from truceline.scenario.model import Scenario
from truceline.scenario.yaml_source import KeyPath
from truceline.units import format_value

DEFAULT_EVIDENCE = "default"
"""Shown for a value that the file does not give."""
_HEADS = ("format", "name", "title", "description", "variants", "overrides")
"""Parts of a scenario that are not statements about the world, or are listed elsewhere."""


@dataclass(frozen=True)
class Statement:
    """One value of a scenario or one assumption, in words."""

    path: str
    """Dotted path, as `--set` takes it."""
    value: str
    range: str = ""
    evidence: str = ""
    source: str = ""
    label: str = ""
    is_weak: bool = False
    """Nobody published it, or nobody has read where: to be marked wherever it is shown."""


def list_statements(scenario: Scenario) -> tuple[Statement, ...]:
    """Return every value of a scenario in the order of the schema, defaults included."""
    return tuple(
        _state(path, value, is_default)
        for path, value, is_default in _walk(scenario, (), False)
        if path[0] not in _HEADS
    )


def list_assumptions(scenario: Scenario) -> tuple[Statement, ...]:
    """Return every catalogue assumption with this scenario's overrides, by name."""
    return describe_records(scenario.assumptions)


def describe_records(records: AssumptionSet) -> tuple[Statement, ...]:
    """Return every record of a catalogue, by name."""
    return tuple(_state(("assumptions", name), record, False) for name, record in records.items())


def list_records(scenario: Scenario) -> Iterator[tuple[KeyPath, Assumption]]:
    """Yield the path and record of every quantity that the scenario itself gives; defaults are left out."""
    for path, value, is_default in _walk(scenario, (), False):
        if isinstance(value, Assumption) and not is_default:
            yield (("assumptions", *path[1:]) if path[0] == "overrides" else path), value


def _walk(value: Any, path: KeyPath, is_default: bool) -> Iterator[tuple[KeyPath, Any, bool]]:
    """Yield path, value and whether it is a default for everything that is not made of parts."""
    if isinstance(value, Assumption):
        yield path, value, is_default
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            default = is_default or name not in value.model_fields_set
            yield from _walk(getattr(value, name), (*path, name), default)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, (*path, key), is_default)
    elif isinstance(value, tuple) and any(isinstance(item, BaseModel) for item in value):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index), is_default)
    elif value is not None and value != ():
        yield path, value, is_default


def _state(path: KeyPath, value: Any, is_default: bool) -> Statement:
    dotted = ".".join(str(part) for part in path)
    if not isinstance(value, Assumption):
        return Statement(dotted, _in_words(value), evidence=DEFAULT_EVIDENCE if is_default else "")
    low, high = (format_value(bound, value.unit) for bound in value.bounds)
    return Statement(
        dotted,
        format_value(value.value, value.unit),
        range=f"{low} to {high}" if value.has_range else "",
        evidence=DEFAULT_EVIDENCE if is_default else _grade(value),
        source=str(value.source) if value.source else "",
        label=value.label,
        is_weak=value.evidence.is_weak,
    )


def _grade(record: Assumption) -> str:
    """Return the grade of evidence with a mark that survives black and white where it is weak."""
    return f"! {record.evidence}" if record.evidence.is_weak else record.evidence.value


def _in_words(value: Any) -> str:
    if isinstance(value, Path):
        return value.name
    if isinstance(value, tuple) and isinstance(value[0], tuple):
        return f"{len(value)} points"
    if isinstance(value, tuple):
        return ", ".join(_in_words(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
