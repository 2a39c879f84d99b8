"""What changed in the pledge register between two days, nation by nation, and which statement changed it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from truceline.errors import Problem, ScenarioError
from truceline.generation.pledges import POSITIONS, Pledge, Stance
from truceline.generation.register import Register


@dataclass(frozen=True)
class FieldChange:
    """One part of a stance that changed."""

    field: str
    """position, size, conditions, missions, caveats or forms."""
    before: str
    after: str
    pledge: Pledge
    """The statement that made it what it is."""


@dataclass(frozen=True)
class StanceChange:
    """What changed for one nation."""

    nation: str
    name: str
    kind: Literal["new", "changed", "lapsed"]
    """Lapsed: its last statement ran out and none took its place."""
    changes: tuple[FieldChange, ...]
    """For a new nation every field it spoke of; for a lapsed one none."""
    pledge: Pledge
    """The last statement behind the change; for a lapsed nation the one that ran out."""

    @property
    def sentence(self) -> str:
        """Return the change in words."""
        source = f"({self.pledge.reference})"
        if self.kind == "lapsed":
            return f"{self.name}: its statement ran out {source}."
        parts = [
            f"{change.field} {change.after}" if self.kind == "new" else f"{change.field} {_arrow(change)}"
            for change in self.changes
        ]
        return f"{self.name}{' is new' if self.kind == 'new' else ''}: {'; '.join(parts)} {source}."


def compare_days(register: Register, first: date, second: date) -> tuple[StanceChange, ...]:
    """Return what changed from one day to a later one, sorted by code, for the nations that changed.

    Raises ScenarioError when the second day is before the first.
    """
    if second < first:
        problem = Problem("days", f"{second} is before {first}", "write the earlier day first")
        raise ScenarioError("comparison of two days", [problem])
    changes = (_compare(register, nation, first, second) for nation in register.nations)
    return tuple(change for change in changes if change is not None)


def _compare(register: Register, nation: str, first: date, second: date) -> StanceChange | None:
    before, after = register.stance(nation, first), register.stance(nation, second)
    if before is None and after is None:
        return None
    if after is None:
        made = register.made_by(nation, second)
        return StanceChange(nation, made[-1].name, "lapsed", (), made[-1])
    changes = []
    for field, tell in _FIELDS.items():
        now = tell(after)
        then = tell(before) if before else ""
        if now != then:
            changes.append(FieldChange(field, then, now, _find_cause(register, after, second, tell)))
    if not changes:
        return None
    kind: Literal["new", "changed"] = "changed" if before else "new"
    last = max((change.pledge for change in changes), key=lambda pledge: (pledge.day, pledge.pledge_id))
    return StanceChange(nation, after.name, kind, tuple(changes), last)


def _find_cause(register: Register, after: Stance, day: date, tell: Callable[[Stance], str]) -> Pledge:
    """Return the statement since which a field has been what it is on `day`."""
    cause = after.latest
    for pledge in reversed(register.made_by(after.nation, day)):
        stance = register.stance(after.nation, pledge.day)
        if stance is None or tell(stance) != tell(after):
            break
        cause = pledge
    return cause


def _arrow(change: FieldChange) -> str:
    return f"from {change.before or 'nothing'} to {change.after or 'nothing'}"


def _tell_missions(stance: Stance) -> str:
    if stance.missions_basis == "open":
        return "open"
    said = [f"accepts {', '.join(stance.accepts)}"] if stance.accepts else []
    if stance.refuses:
        said.append(f"refuses {', '.join(stance.refuses)}")
    return f"{'; '.join(said)} ({stance.missions_basis})"


_FIELDS: Mapping[str, Callable[[Stance], str]] = {
    "position": lambda stance: POSITIONS[stance.position],
    "size": lambda stance: stance.size_words,
    "conditions": lambda stance: ", ".join(sorted(stance.conditions)),
    "missions": _tell_missions,
    "caveats": lambda stance: ", ".join(sorted(stance.caveats)),
    "forms": lambda stance: ", ".join(sorted(stance.forms)),
}
