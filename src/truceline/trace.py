"""How a number was built: a tree that `truceline explain` can unfold.

A `Traced` number carries its value, unit and formula, the parts it was made of, and, at the
leaves, the assumption behind it with range, evidence and source. The tree is data (it goes
into plan.json); nothing is computed here that is not in the formula of the caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from truceline.errors import OutputError, Problem

End = Literal["value", "low", "high"]
"""One of the three numbers of a range."""
ENDS: tuple[End, ...] = get_args(End)
_TEXT_KEYS = ("label", "formula", "evidence", "source", "note")


@dataclass(frozen=True)
class Traced:
    """One number and where it came from."""

    name: str
    """Dotted name, for example ``force.deployed``."""
    value: float
    unit: str
    label: str = ""
    """What the number is, in words."""
    formula: str = ""
    """How the parts make the value, in the names of the parts."""
    parts: tuple[Traced, ...] = ()
    low: float | None = None
    high: float | None = None
    evidence: str = ""
    """Grade of the evidence: measured, published, derived, judgement, general, stated, computed."""
    source: str = ""
    note: str = ""

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the lowest and highest value; both equal the value where no range is known."""
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        return low, high

    def at(self, end: End) -> float:
        """Return the number at one end of its range; a number without a range is its own ends."""
        low, high = self.bounds
        return {"value": self.value, "low": low, "high": high}[end]

    def walk(self) -> Iterator[Traced]:
        """Yield this number, then every number below it, parents first."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def leaves(self) -> list[Traced]:
        """Return the numbers that are not made of others, each name once, in order of appearance."""
        seen: dict[str, Traced] = {}
        for node in self.walk():
            if not node.parts:
                seen.setdefault(node.name, node)
        return list(seen.values())

    def to_dict(self) -> dict[str, Any]:
        """Return a plain structure for JSON; empty fields are left out."""
        data: dict[str, Any] = {"name": self.name, "value": self.value, "unit": self.unit}
        for key in (*_TEXT_KEYS, "low", "high"):
            value = getattr(self, key)
            if value not in ("", None):
                data[key] = value
        if self.parts:
            data["parts"] = [part.to_dict() for part in self.parts]
        return data

    @classmethod
    def from_dict(cls, data: Any) -> Traced:
        """Rebuild a tree from `to_dict`; unknown keys are ignored so that newer files can be read.

        Raises OutputError where the structure is not such a tree: it may come from somebody's file.
        """
        try:
            return cls._from_dict(data)
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            hint = "make the plan again"
            problem = Problem("number", f"is not a traced number: {type(error).__name__} {error}", hint)
            raise OutputError("explanation", [problem]) from None

    @classmethod
    def _from_dict(cls, data: dict[str, Any]) -> Traced:
        texts = {key: str(data[key]) for key in _TEXT_KEYS if key in data}
        bounds = {key: float(data[key]) for key in ("low", "high") if key in data}
        parts = tuple(cls._from_dict(part) for part in data.get("parts", []))
        name, value, unit = str(data["name"]), float(data["value"]), str(data["unit"])
        return cls(name, value, unit, parts=parts, **texts, **bounds)  # type: ignore[arg-type]
