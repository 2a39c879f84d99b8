"""What every record of plan.json is made of: strict fields, numbers that may not exist, and trees of numbers.

NaN and infinity, which JSON has not, become null. Units stand in the names of keys or beside the value.
"""

from __future__ import annotations

import math
from typing import Any

from pydantic import BaseModel, ConfigDict

from truceline.trace import Traced


class Record(BaseModel):
    """One object of the document; unknown keys are refused when it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def number_or_null(value: float | None, digits: int = 6) -> float | None:
    """Return a number rounded, or None where there is none."""
    return None if value is None or not math.isfinite(value) else round(value, digits)


def tree_of(traced: Traced) -> dict[str, Any]:
    """Return a number as a tree for JSON; a value that does not exist is null, such a bound is left out."""
    return _clean(traced.to_dict())


def traced_from_document(tree: dict[str, Any]) -> Traced:
    """Return a headline tree of a document as a `Traced`; null becomes NaN."""

    def restore(node: dict[str, Any]) -> dict[str, Any]:
        value = math.nan if node.get("value") is None else node["value"]
        return dict(node, value=value, parts=[restore(part) for part in node.get("parts", [])])

    return Traced.from_dict(restore(tree))


def _clean(tree: dict[str, Any]) -> dict[str, Any]:
    clean = {
        key: value
        for key, value in tree.items()
        if key not in ("low", "high") or (isinstance(value, float | int) and math.isfinite(value))
    }
    if not math.isfinite(clean["value"]):
        clean["value"] = None
    if "parts" in clean:
        clean["parts"] = [_clean(part) for part in clean["parts"]]
    return clean
