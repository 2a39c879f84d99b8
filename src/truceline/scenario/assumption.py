"""An assumption is a record: value, range, unit, date, evidence grade and source.

Values are kept in the unit the record names; a scenario may write any unit of the same kind.
The packaged catalogue (`catalogue/*.yaml`) holds every number of the world that the model
uses and that is not in a table of its own; a scenario overrides it by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from truceline.trace import Traced


def _check_zone(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{zone}' is no time zone; write one of the IANA list, as Europe/Kyiv") from None
    return zone


Zone = Annotated[str, AfterValidator(_check_zone)]
"""Name of a time zone, as in the IANA list."""


class Frozen(BaseModel):
    """Base of all records: cannot be changed, refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Evidence(StrEnum):
    """How well a value is known, best first."""

    measured = "measured"
    """Measured by us or computed from data, reproducibly."""
    published = "published"
    """Read in the source named."""
    derived = "derived"
    """Computed from published figures."""
    judgement = "judgement"
    """Our choice where nobody published a figure."""
    general = "general"
    """Common knowledge that was not read in a source: check before relying on it."""
    stated = "stated"
    """Written in the scenario without a source."""

    @property
    def is_weak(self) -> bool:
        """Tell whether outputs must mark the value: nobody's figure, or one nobody has read."""
        return self in (Evidence.general, Evidence.judgement)


class Source(Frozen):
    """Where a value was read."""

    title: str
    locator: str = ""
    """Page, table, row or section."""
    url: str = ""
    date: str = ""

    def __str__(self) -> str:
        return f"{self.title}, {self.locator}" if self.locator else self.title


class Assumption(Frozen):
    """A number of the world that the model takes as given."""

    value: float
    unit: str
    """The unit of `value`, `low` and `high`, as `units.parse_quantity` knows it; "1" is a plain number."""
    low: float | None = None
    high: float | None = None
    label: str = ""
    as_of: str = ""
    """Date the value holds for: YYYY, YYYY-MM or YYYY-MM-DD."""
    evidence: Evidence = Evidence.stated
    source: Source | None = None
    note: str = ""

    @model_validator(mode="after")
    def _range_holds_value(self) -> Assumption:
        low, high = self.bounds
        if not low <= self.value <= high:
            raise ValueError(f"the range {low:g} to {high:g} does not hold the value {self.value:g}")
        return self

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the lowest and highest value; both equal the value where no range is known."""
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        return low, high

    @property
    def has_range(self) -> bool:
        """Tell whether sampling can move this value."""
        low, high = self.bounds
        return high > low

    def trace(self, name: str) -> Traced:
        """Return this assumption as a leaf of an explanation."""
        low, high = self.bounds
        return Traced(
            name=name,
            value=self.value,
            unit=self.unit,
            label=self.label,
            low=low if self.has_range else None,
            high=high if self.has_range else None,
            evidence=self.evidence.value,
            source=str(self.source) if self.source else "",
            note=self.note,
        )


class AssumptionSet(Mapping[str, Assumption]):
    """Every assumption by dotted name. Immutable; `replaced` returns a changed copy."""

    def __init__(self, records: Mapping[str, Assumption]) -> None:
        self._records = dict(sorted(records.items()))

    def __getitem__(self, name: str) -> Assumption:
        return self._records[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def value(self, name: str) -> float:
        """Return the value of one assumption in its own unit."""
        return self._records[name].value

    def trace(self, name: str) -> Traced:
        """Return one assumption as a leaf of an explanation."""
        return self._records[name].trace(name)

    def replaced(self, values: Mapping[str, float]) -> AssumptionSet:
        """Return a copy with other values; a value outside its record's range widens that range."""
        records = dict(self._records)
        for name, value in values.items():
            low, high = records[name].bounds
            change = {"value": value, "low": min(low, value), "high": max(high, value)}
            records[name] = records[name].model_copy(update=change)
        return AssumptionSet(records)
