"""The description of the service in OpenAPI 3.0, which the standard for features asks for.

The framework writes 3.1. What differs, and is used here, is said the older way: a value that may be null, a
constant, bounds that are not included, examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NULL = {"type": "null"}
_MAPS = ("properties", "schemas", "responses", "paths", "parameters", "headers", "content")
"""Keys under which names are the writer's own, and no words of the language."""


def as_openapi_30(made: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description written as OpenAPI 3.1 as one in 3.0.3."""
    older: dict[str, Any] = _convert(made)
    older["openapi"] = "3.0.3"
    older.get("info", {}).pop("summary", None)
    return older


def _convert(part: Any) -> Any:
    if isinstance(part, list):
        return [_convert(each) for each in part]
    if not isinstance(part, Mapping):
        return part
    made = {
        name: (
            {key: _convert(each) for key, each in value.items()}
            if name in _MAPS and isinstance(value, Mapping)
            else _convert(value)
        )
        for name, value in part.items()
    }
    return _as_older_schema(made)


def _as_older_schema(made: dict[str, Any]) -> dict[str, Any]:
    if "const" in made and not isinstance(made["const"], Mapping):
        made["enum"] = [made.pop("const")]
    for word, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(made.get(word), int | float) and not isinstance(made[word], bool):
            made[bound], made[word] = made[word], True
    if isinstance(made.get("examples"), list):
        examples = made.pop("examples")
        if examples:
            made["example"] = examples[0]
    if isinstance(made.get("type"), list):
        kinds = [kind for kind in made.pop("type") if kind != "null"]
        made["nullable"] = True
        made["anyOf"] = [{"type": kind} for kind in kinds]
    choices = made.get("anyOf")
    if isinstance(choices, list) and _NULL in choices:
        made["anyOf"] = [each for each in choices if each != _NULL]
        made["nullable"] = True
    if made.get("type") == "null":
        made = {**made, "type": "string", "nullable": True, "enum": [None]}
    for word in ("propertyNames", "contentMediaType", "contentEncoding", "prefixItems", "$defs"):
        made.pop(word, None)
    return made
