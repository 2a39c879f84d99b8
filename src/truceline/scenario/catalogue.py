"""Read the packaged catalogue of assumptions.

Each YAML file of `catalogue/` maps dotted names to records; `row:` takes value, range and source
from a packaged table so that no figure is written twice.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from truceline.errors import Problem, TableError
from truceline.scenario.assumption import Assumption, AssumptionSet, Source
from truceline.scenario.quantities import RecordError
from truceline.scenario.reference import staffing_assumption
from truceline.scenario.yaml_source import parse_yaml
from truceline.units import format_value


@cache
def load_catalogue() -> AssumptionSet:
    """Return every packaged assumption by name.

    Raises TableError or ScenarioError where the packaged files contradict themselves.
    """
    return read_catalogue(files("truceline.scenario").joinpath("catalogue"))


def read_catalogue(folder: Traversable) -> AssumptionSet:
    """Return every assumption of the YAML files in a folder by name; errors as `load_catalogue`."""
    records: dict[str, Assumption] = {}
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".yaml"):
            for name, fields in parse_yaml(entry.read_text(encoding="utf-8"), entry.name).data.items():
                if name in records:
                    problem = Problem(f"{entry.name}  {name}", "is in two files", "keep one")
                    raise TableError("catalogue", [problem])
                records[name] = _record(fields)
    return AssumptionSet(records)


def check_override(name: str, record: Assumption) -> Assumption:
    """Return `record` if it can stand in for the catalogue's assumption of that name.

    Shares stay between 0 and 1, what is above zero stays above zero and what is not negative stays so:
    a crew of minus three or a speed of nothing would only fail later and further away.

    Raises RecordError otherwise.
    """
    least, most = load_catalogue()[name].bounds
    is_share = name.endswith("_share") and least >= 0 and most <= 1
    for bound in (record.value, *record.bounds):
        written = format_value(bound, record.unit)
        if is_share and not 0 <= bound <= 1:
            raise RecordError([("", f"{written} is not a share; write 0 to 1, or a percentage")])
        if least > 0 and bound <= 0 and not is_share:
            raise RecordError(
                [("", f"{written} must be above zero; `truceline scenario show` gives its range")]
            )
        if least >= 0 and bound < 0:
            raise RecordError([("", f"{written} is negative; write 0 or more")])
    return record


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
    return Assumption.model_validate({**dict(record), **changes})
