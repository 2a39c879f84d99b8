"""Read the packaged catalogue of assumptions.

Each YAML file of `catalogue/` maps dotted names to records; `row:` takes value, range and source
from a packaged table so that no figure is written twice.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from truceline.scenario.assumption import Assumption, AssumptionSet, Source
from truceline.scenario.reference import staffing_assumption


@cache
def load_catalogue() -> AssumptionSet:
    """Return every packaged assumption by name."""
    records: dict[str, Assumption] = {}
    folder = files("truceline.scenario").joinpath("catalogue")
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".yaml"):
            for name, fields in yaml.safe_load(entry.read_text(encoding="utf-8")).items():
                if name in records:
                    raise ValueError(f"the catalogue names {name} twice")
                records[name] = _record(fields)
    return AssumptionSet(records)


def _record(fields: dict[str, Any]) -> Assumption:
    unit, label = str(fields["unit"]), str(fields["label"])
    low, high = fields.get("range", (None, None))
    if "row" not in fields:
        return Assumption(
            value=fields["value"],
            low=low,
            high=high,
            unit=unit,
            label=label,
            as_of=str(fields.get("as_of", "")),
            evidence=fields["evidence"],
            source=Source(**fields["source"]),
            note=fields.get("note", ""),
        )
    record = staffing_assumption(fields["row"], unit=unit, label=label, scale=fields.get("scale", 1.0))
    changes: dict[str, Any] = {}
    if "range" in fields:
        changes |= {"low": low, "high": high}
    if "note" in fields:
        changes["note"] = fields["note"]
    return record.model_copy(update=changes)
