"""Differences to a scenario: named variants and single overrides, both as dotted path -> value.

A path walks the keys of the file; a number picks an item of a list. Names under `assumptions`
have dots themselves and are taken whole: ``assumptions.patrol.crew``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from truceline.errors import ProblemList
from truceline.scenario.yaml_source import KeyPath, YamlSource


def parse_override(text: str) -> tuple[str, Any]:
    """Split ``path=value`` and read the value as YAML; ValueError where there is no ``=`` or no path."""
    path, separator, value = text.partition("=")
    if not separator or not path.strip():
        raise ValueError(f"'{text}' is not an override; write path=value, for example zone.half_width=7.5km")
    try:
        return path.strip(), yaml.safe_load(value)
    except yaml.YAMLError:
        raise ValueError(f"the value of '{text}' cannot be read; quote it") from None


def split_path(dotted: str) -> KeyPath:
    """Return the keys of a dotted path; assumption names stay whole."""
    head, _, rest = dotted.partition(".")
    if head == "assumptions" and rest:
        return (head, rest)
    return tuple(int(part) if part.isdigit() else part for part in dotted.split("."))


def apply_differences(
    source: YamlSource, differences: Iterable[tuple[str, Any]], origin: str, problems: ProblemList
) -> None:
    """Write each dotted path's value into `source.data`, and remember `origin` for messages."""
    for dotted, value in differences:
        path = split_path(dotted)
        place = f"{origin} {dotted}"
        if _set(source.data, path, value):
            source.origins[path] = place
        else:
            problems.add(place, "does not lead anywhere", "`truceline scenario show` prints the paths there are")


def _set(data: Any, path: KeyPath, value: Any) -> bool:
    """Set `value` at `path`, making missing mappings on the way; False where the way is blocked."""
    for key in path[:-1]:
        if isinstance(data, dict):
            data = data.setdefault(key, {})
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return False
    last = path[-1]
    if isinstance(data, dict):
        data[last] = value
        return True
    if isinstance(data, list) and isinstance(last, int) and last < len(data):
        data[last] = value
        return True
    return False
