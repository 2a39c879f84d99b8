"""Differences to a scenario: named variants and single overrides, both as dotted path -> value.

A path walks the keys of the file; a number picks an item of a list. Names under `assumptions`
have dots themselves and are taken whole: ``assumptions.patrol.crew``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from truceline.errors import ProblemList, ScenarioError
from truceline.scenario.yaml_source import KeyPath, YamlSource, parse_yaml_value

_LIST_INDEX = re.compile("[0-9]{1,6}")


def parse_override(text: str) -> tuple[str, Any]:
    """Split ``path=value`` and read the value as YAML; ValueError where there is no ``=`` or no path."""
    path, separator, value = text.partition("=")
    if not separator or not path.strip():
        raise ValueError(f"'{text}' is not an override; write path=value, for example zone.half_width=7.5km")
    try:
        return path.strip(), parse_yaml_value(value, path.strip())
    except ScenarioError as error:
        found = error.problems[0].found
        raise ValueError(f"the value of '{text}' {found}; put it in quotes, or use a file") from None


def split_path(dotted: str) -> KeyPath:
    """Return the keys of a dotted path; assumption names stay whole."""
    head, _, rest = dotted.partition(".")
    if head == "assumptions" and rest:
        return (head, rest)
    return tuple(int(part) if _LIST_INDEX.fullmatch(part) else part for part in dotted.split("."))


def apply_differences(
    source: YamlSource, differences: Iterable[tuple[str, Any]], origin: str, problems: ProblemList
) -> None:
    """Write each dotted path's value into `source.data`, and remember `origin` for messages."""
    for dotted, value in differences:
        place = f"{origin} {dotted}"
        changed = _set(source.data, split_path(dotted), value)
        if changed is None:
            hint = "`truceline scenario show` prints the paths there are"
            problems.add(place, "does not lead anywhere", hint)
        else:
            source.replace(changed, place)


def _set(data: Any, path: KeyPath, value: Any) -> KeyPath | None:
    """Set `value` at `path`, making missing mappings on the way.

    Returns the path of the outermost thing that is new, or None where the way is blocked: by a plain
    value, or by a list that is not so long.
    """
    walked: KeyPath = ()
    new_from: KeyPath | None = None
    for part in path:
        key: Any = str(part) if isinstance(data, dict) else part
        if not isinstance(data, dict) and not (isinstance(data, list) and key in range(len(data))):
            return None
        walked = (*walked, key)
        if len(walked) == len(path):
            data[key] = value
        elif isinstance(data, dict) and data.get(key) is None:
            data[key] = {}
            new_from = new_from or walked
        data = data[key]
    return new_from or walked
