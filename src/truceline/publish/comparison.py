"""Set the headline numbers of plans side by side: values as they were planned, nothing recomputed."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from truceline.errors import OutputError, Problem
from truceline.plan.model import Plan
from truceline.publish.document import PlanDocument
from truceline.publish.record import traced_from_document
from truceline.trace import Traced
from truceline.units import format_share, format_value

Column = dict[str, tuple[float, str, str]]
"""Headline name -> value, unit, label."""

_SHARES = ("watch.", "crossing.")
_FIRST = (
    "line.length",
    "line.tolerance",
    "sight.cell",
    "force.deployed",
    "force.watching",
    "force.deterrence",
    "force.per_km",
    "force.pool",
    "watch.detect",
    "watch.bound",
    "watch.verify",
    "watch.attribute",
    "crossing.weakest",
    "crossing.open",
    "crossing.waiting.weakest",
    "crossing.waiting.open",
)
"""Headlines shown first, in this order."""


@dataclass(frozen=True)
class ComparisonRow:
    """One number across the plans."""

    name: str
    label: str
    cells: tuple[str, ...]


def _column(headlines: Sequence[Traced], tolerance_m: float | None) -> Column:
    """Return the headlines, with what no coverage figure goes without: tolerance and cell size."""
    column = {traced.name: (traced.value, traced.unit, traced.label) for traced in headlines}
    if tolerance_m is not None:
        column["line.tolerance"] = (tolerance_m, "m", "The true line lies within about this of the line")
    for traced in headlines:
        for node in traced.walk():
            if node.name == "sight.cell":
                column["sight.cell"] = (node.value, node.unit, "Cell size behind every coverage figure")
    return column


def column_of_plan(plan: Plan) -> Column:
    """Return the headlines of the posture planned in full."""
    tolerance_m = None if plan.ground is None else plan.scenario.line.tolerance.bounds[0]
    return _column(list(plan.chosen.headlines.values()), tolerance_m)


def column_of_document(document: PlanDocument, posture: str | None = None) -> Column:
    """Return the headlines of a posture of a plan that was read back; OutputError for an unknown posture."""
    key = posture or document.posture
    if key not in document.postures:
        known = ", ".join(document.postures)
        raise OutputError("compare", [Problem(f"--posture {key}", "is not in this plan", f"one of {known}")])
    tolerance_m = None if document.line.tolerance_km is None else document.line.tolerance_km[0] * 1000
    return _column([traced_from_document(tree) for tree in document.postures[key].headlines], tolerance_m)


def compare_columns(columns: Sequence[tuple[str, Column]]) -> tuple[ComparisonRow, ...]:
    """Return one row for each headline that any plan has; a plan without it gets a dash."""
    names = dict.fromkeys(name for name in _FIRST if any(name in column for _, column in columns))
    names |= dict.fromkeys(name for _, column in columns for name in column)
    rows = []
    for name in names:
        label = next(column[name][2] for _, column in columns if name in column)
        rows.append(ComparisonRow(name, label, tuple(_cell(name, column) for _, column in columns)))
    return tuple(rows)


def _cell(name: str, column: Column) -> str:
    if name not in column or math.isnan(column[name][0]):
        return "-"
    value, unit, _ = column[name]
    return format_share(value, 1) if name.startswith(_SHARES) else format_value(value, unit)


def to_csv(columns: Sequence[tuple[str, Column]]) -> str:
    """Return the comparison as CSV with full numbers: name, label, unit, then one column for each plan."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["name", "label", "unit", *(title for title, _ in columns)])
    for row in compare_columns(columns):
        _, unit, label = next(column[row.name] for _, column in columns if row.name in column)
        cells = [column[row.name][0] if row.name in column else "" for _, column in columns]
        writer.writerow([row.name, label, unit, *cells])
    return stream.getvalue()
