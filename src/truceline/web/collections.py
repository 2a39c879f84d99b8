"""The collections that map clients read: what each is made of, what it is called, what may be asked of it.

A collection is a table of the store as products show it: no words of sources, no position finer than its
reader may have. Which rows and columns a level sees is the rule of `monitor.releasing`, not of this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from truceline.events.kinds import (
    Kind,
    Means,
    Observation,
    Phase,
    PlacePrecision,
    Releasability,
    TimePrecision,
    Weapon,
)
from truceline.events.schema import (
    ATTRIBUTIONS,
    CELLS,
    EFFORTS,
    INCIDENTS,
    JUDGEMENTS,
    POSTS,
    REPORTS,
    VERIFICATIONS,
    ColumnType,
    Field,
    Table,
)
from truceline.monitor.exporting import EFFORT_ROWS, INCIDENT_ROWS, REPORT_ROWS, VIOLATION_ROWS
from truceline.monitor.releasing import NEVER_TOLD, OF_THE_MISSION, kinds_seen

_GEOMETRY = ("lon", "lat", "outline", "change_id")
"""Columns that the geometry stands for, and what only the store needs."""
_ROUNDED = ("lon", "lat", "sigma_m", "sigma_across_m", "observer_lon", "observer_lat")
_WIDENED = ("time_from", "time_to", "received_at", "time_precision", "place_precision", "axis_deg", "cause")
_VOCABULARIES: Mapping[str, type[StrEnum]] = {
    "kind": Kind,
    "phase": Phase,
    "weapon": Weapon,
    "observation": Observation,
    "means": Means,
    "time_precision": TimePrecision,
    "place_precision": PlacePrecision,
}
_UNITS = {"_m": "m", "_deg": "deg", "_lon": "deg", "_lat": "deg"}
"""Codes (UCUM) by the end of a column's name."""


@dataclass(frozen=True)
class Derived:
    """A property that stands in another table, in the newest row with the same `incident_id`."""

    table: Table
    column: str
    equals: Mapping[str, Any] = field(default_factory=dict)
    """What that row must also have."""
    default: str = ""
    """What the property is where there is no such row, or nothing in it."""


@dataclass(frozen=True)
class Collection:
    """One kind of feature."""

    name: str
    """As in its address."""
    title: str
    meaning: str
    table: Table
    """Where its rows stand."""
    kind_of_record: str
    """Name by which the rule of releasability knows it."""
    fields: tuple[Field, ...]
    """Its properties, at the mission's level."""
    identity: str
    """Column that says which feature it is; empty where several do."""
    derived: Mapping[str, Derived] = field(default_factory=dict)
    geometry: str = "Point"

    @property
    def has_times(self) -> bool:
        """Tell whether its features belong to a time; those without hold always."""
        return bool(self.table.starts)

    @property
    def has_numbers(self) -> bool:
        """Tell whether its features are known by numbers; otherwise they are by words."""
        return bool(self.identity) and self.table.field(self.identity).type is ColumnType.integer

    def is_seen(self, level: Releasability) -> bool:
        """Tell whether a level sees any of it."""
        return self.kind_of_record in kinds_seen(level)

    def properties(self, level: Releasability) -> Mapping[str, Field]:
        """Return the properties that a level sees, by name."""
        gone = (*NEVER_TOLD, *(() if level is Releasability.mission else OF_THE_MISSION))
        return {each.name: each for each in self.fields if each.name not in gone}

    def stable(self, level: Releasability) -> frozenset[str]:
        """Return properties that a level sees exactly as they stand in the store."""
        changed = _ROUNDED if level is Releasability.mission else (*_ROUNDED, *_WIDENED)
        return frozenset(self.properties(level)) - frozenset(changed)


def _properties_of(table: Table) -> tuple[Field, ...]:
    return tuple(each for each in table.fields if each.name not in _GEOMETRY)


_VERIFICATION = Derived(VERIFICATIONS, "status", default="reported")
_SIDE = {"aspect": "side"}

COLLECTIONS: Mapping[str, Collection] = {
    each.name: each
    for each in (
        Collection(
            "incidents",
            "Incidents",
            "What is thought to have happened. A point with a standard deviation; no geometry where no "
            "more than the region is known.",
            INCIDENTS,
            "incidents",
            _properties_of(INCIDENT_ROWS),
            "incident_id",
            {
                "verification": _VERIFICATION,
                "side": Derived(ATTRIBUTIONS, "value", _SIDE),
                "side_p": Derived(ATTRIBUTIONS, "p", _SIDE),
                "side_basis": Derived(ATTRIBUTIONS, "basis", _SIDE, "not investigated"),
            },
        ),
        Collection(
            "violations",
            "Violations",
            "Incidents judged against the clauses of agreements, with the verdict: an incident under two "
            "clauses is two features. Count those whose verdict is 'violation'.",
            JUDGEMENTS,
            "judgements",
            _properties_of(VIOLATION_ROWS),
            "",
            {
                "place": Derived(INCIDENTS, "place"),
                "weapon": Derived(INCIDENTS, "weapon"),
                "sigma_m": Derived(INCIDENTS, "sigma_m"),
                "verification": _VERIFICATION,
            },
        ),
        Collection(
            "reports",
            "Reports",
            "Statements of single sources, as received, without their words; several may be of one incident.",
            REPORTS,
            "reports",
            _properties_of(REPORT_ROWS),
            "report_id",
        ),
        Collection(
            "effort",
            "Effort",
            "Who watched what, when, and where watching was denied: counts mislead without it.",
            EFFORTS,
            "effort",
            _properties_of(EFFORT_ROWS),
            "key",
        ),
        Collection(
            "posts",
            "Posts",
            "Posts, masts and cameras of the mission, as planned or as they stand.",
            POSTS,
            "posts",
            _properties_of(POSTS),
            "post",
        ),
        Collection(
            "cells",
            "Cells",
            "Ground to be watched along the line, and how well the posture of the mission watches it.",
            CELLS,
            "cells",
            _properties_of(CELLS),
            "cell",
            geometry="Polygon",
        ),
    )
}
"""Every collection by its name."""


def describe_property(each: Field) -> dict[str, Any]:
    """Return a property as a part of a JSON Schema: title, meaning, type, unit, words it may have."""
    made: dict[str, Any] = {
        "title": each.name.replace("_", " ").capitalize(),
        "description": each.meaning,
        **_TYPES[each.type],
    }
    if each.name in _VOCABULARIES:
        made["enum"] = [str(word) for word in _VOCABULARIES[each.name]]
    unit = next((code for end, code in _UNITS.items() if each.name.endswith(end)), "")
    if unit:
        made["x-ogc-unit"] = unit
    return made


_TYPES: Mapping[ColumnType, dict[str, Any]] = {
    ColumnType.integer: {"type": "integer"},
    ColumnType.number: {"type": "number"},
    ColumnType.text: {"type": "string"},
    ColumnType.moment: {"type": "string", "format": "date-time"},
    ColumnType.truth: {"type": "boolean"},
}
