"""Every exception a user can meet: one message that gathers all problems.

Each problem says where it is, what was found and what to try. The command line prints the
message and exits with code 2; the library raises the same objects. Nothing here knows about
files, maps or soldiers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with the user's input."""

    where: str
    """Place of the problem: a file and line, a dotted scenario path, a chainage."""
    found: str
    """What was found there, with the offending value."""
    hint: str
    """What to write or do instead."""
    warning: bool = False
    """True when work can go on; the message is shown but nothing is refused."""

    def __str__(self) -> str:
        mark = "warning " if self.warning else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{mark}{self.where}  {self.found}{hint}"


class TrucelineError(Exception):
    """Base of every error caused by input: carries the gathered problems."""

    exit_code = 2

    def __init__(self, title: str, problems: Iterable[Problem] = ()) -> None:
        self.title = title
        self.problems = tuple(problems)
        super().__init__(self.message())

    def message(self) -> str:
        """Return the whole message: the title, then one line for each problem."""
        errors = sum(not p.warning for p in self.problems)
        warnings = len(self.problems) - errors
        counts = [f"{errors} problem{'s' if errors != 1 else ''}"] if errors else []
        if warnings:
            counts.append(f"{warnings} warning{'s' if warnings != 1 else ''}")
        head = f"{self.title}: {', '.join(counts)}" if counts else self.title
        return "\n".join([head, *(f"  {problem}" for problem in self.problems)])


class ScenarioError(TrucelineError):
    """The scenario, a variant or an override cannot be used."""


class GeometryError(TrucelineError):
    """A line, zone, sector or polygon cannot be used."""


class TerrainError(TrucelineError):
    """An elevation model cannot be read or does not fit the line."""


class TableError(TrucelineError):
    """A packaged or user table of facts is malformed."""


class InfeasibleError(TrucelineError):
    """No posture satisfies what was asked."""


class OutputError(TrucelineError):
    """A product cannot be written or read back."""


class ProblemList:
    """Collects problems while a check goes on, then speaks once."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def add(self, where: str, found: str, hint: str = "") -> None:
        """Note an error."""
        self._problems.append(Problem(where, found, hint))

    def warn(self, where: str, found: str, hint: str = "") -> None:
        """Note a warning."""
        self._problems.append(Problem(where, found, hint, warning=True))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Take over problems found elsewhere."""
        self._problems.extend(problems)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems and warnings so far, in the order found."""
        return tuple(self._problems)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The warnings alone."""
        return tuple(p for p in self._problems if p.warning)

    def has_errors(self) -> bool:
        """Tell whether at least one problem forbids going on."""
        return any(not p.warning for p in self._problems)

    def raise_if_any(self, error: type[TrucelineError], title: str) -> None:
        """Raise `error` with everything gathered, unless there are only warnings."""
        if self.has_errors():
            raise error(title, self.problems)
