"""Agreements and truces as data: clauses with time, place, parties, forbidden acts and exceptions.

An agreement is a YAML file in our own words; `library/agreements` holds the packaged ones. Times are local
in the agreement's zone and half-open: a clause holds from its first moment until just before its last.
Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from truceline.errors import Problem, ScenarioError
from truceline.events.agreement_places import NamedLine, Place
from truceline.events.kinds import GROUP_OF, Kind, KindGroup, Phase, Weapon
from truceline.scenario.assumption import Evidence, Frozen, Source, Zone
from truceline.scenario.findings import explain_validation, suggest
from truceline.scenario.yaml_source import format_yaml, parse_yaml, read_yaml

Side = Literal["a", "b"]
Bound = Literal["a", "b", "both"]
ClauseKind = Literal[
    "ceasefire", "withdrawal", "no_fly", "restricted_zone", "disengagement", "protected_targets"
]
Target = Literal["energy", "civilian", "military", "mission"]
ActGroup = Literal[KindGroup.fire, KindGroup.air, KindGroup.movement]
"""Groups whose kinds are acts. Consequences and signals are traces of acts, the others neither."""
ACT_GROUPS: tuple[KindGroup, ...] = get_args(ActGroup)
ACT_KINDS = tuple(kind for kind, group in GROUP_OF.items() if group in ACT_GROUPS)

_NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_UTC = ZoneInfo("UTC")
_EXAMPLE = "measures-2020-07"


def _read_moment(value: object) -> object:
    """Return a local moment as written; ValueError for a date alone or a moment with a zone of its own."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("is not a moment; write a local date and time, as 2025-04-19T18:00") from None
    if not isinstance(value, datetime) and len(str(value)) <= len("2025-04-19"):
        raise ValueError("has no time of day; write it too, as 2025-04-19T18:00")
    if moment.tzinfo is not None:
        raise ValueError("has a zone of its own; write local time, and the zone once under `zone`")
    return moment


def _read_places(value: object) -> object:
    return [value] if isinstance(value, dict) else value


Moment = Annotated[datetime, BeforeValidator(_read_moment)]
Places = Annotated[tuple[Place, ...], BeforeValidator(_read_places)]


class Acts(Frozen):
    """Which acts are meant: everything given must hold; a list that is empty leaves it open."""

    groups: tuple[ActGroup, ...] = ()
    kinds: tuple[Kind, ...] = ()
    apart_from: tuple[Kind, ...] = ()
    """Kinds of the groups that are not meant."""
    weapons: tuple[Weapon, ...] = ()
    targets: tuple[Target, ...] = ()
    phases: tuple[Phase, ...] = ()
    untold: Literal["unclear", "outside"] = "unclear"
    """What to think where weapon, target or phase matters and was not told."""

    @field_validator("kinds")
    @classmethod
    def _are_acts(cls, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        traces = [kind.value for kind in kinds if kind not in ACT_KINDS]
        if traces:
            words = ", ".join(traces)
            raise ValueError(f"{words}: a trace or a count, not an act; name kinds of fire, air or movement")
        return kinds

    @property
    def meant(self) -> frozenset[Kind]:
        """Every kind that is meant; all acts where neither groups nor kinds are given."""
        if not self.groups and not self.kinds:
            return frozenset(ACT_KINDS) - set(self.apart_from)
        grouped = {kind for kind in ACT_KINDS if GROUP_OF[kind] in self.groups}
        return frozenset((grouped | set(self.kinds)) - set(self.apart_from))


class Allowance(Acts):
    """An exception: acts that the clause would forbid and that it allows. Everything given must hold."""

    says: str = Field(min_length=1, max_length=300)
    """The exception in a few words."""
    exercise: bool = False
    """Only what was assessed as a live-fire exercise."""
    starts: Moment | None = Field(default=None, alias="from")
    ends: Moment | None = Field(default=None, alias="to")
    place: Places = ()
    side: Bound = "both"
    """Who is allowed."""

    @model_validator(mode="after")
    def _allows_something_told(self) -> Allowance:
        _check_order(self.starts, self.ends)
        asked = (self.groups, self.kinds, self.weapons, self.targets, self.phases, self.place)
        if not (any(asked) or self.exercise or self.starts or self.ends):
            raise ValueError("allows everything; say which acts, where, when, or `exercise: true`")
        return self


class Clause(Frozen):
    """One obligation."""

    name: str = Field(pattern=_NAME, max_length=60)
    title: str = Field(min_length=1, max_length=120)
    says: str = Field(min_length=1, max_length=500)
    """The obligation in one sentence of ours."""
    kind: ClauseKind
    starts: Moment = Field(alias="from")
    ends: Moment | None = Field(default=None, alias="to")
    """Just after the last moment at which it holds; None while it is open."""
    disputed_from: Moment | None = None
    """Earliest moment at which, by some accounts, it held already."""
    disputed_to: Moment | None = None
    """Latest moment until which, by some accounts, it held still."""
    place: Places = Field(max_length=200)
    binds: Bound = "both"
    forbids: Acts
    allows: tuple[Allowance, ...] = Field(default=(), alias="except", max_length=200)
    depends_on: str = Field(default="", max_length=300)
    """What decides it and no report states; then the rule says unclear, and a person decides."""
    counts: Literal["acts", "incidents"] = "acts"
    """What a violation of this clause is counted in."""
    unit: str = Field(default="", max_length=40)
    """Name of the unit; the incident's own where it is empty."""
    attribution: bool = False
    """Whether the mission may say which side acted."""
    evidence: Evidence | None = None
    """How well the clause itself is known, where that differs from the agreement."""
    note: str = Field(default="", max_length=1000)

    @model_validator(mode="after")
    def _is_coherent(self) -> Clause:
        _check_order(self.starts, self.ends)
        if self.disputed_from is not None and self.disputed_from > self.starts:
            raise ValueError("disputed_from is after the start; write the earliest moment claimed")
        if self.disputed_to is not None and (self.ends is None or self.disputed_to < self.ends):
            raise ValueError("disputed_to is before the end; write the latest moment claimed")
        if not self.place:
            raise ValueError("holds nowhere; write `place: {everywhere: true}`, or where")
        if not self.forbids.meant:
            raise ValueError("forbids no act; give groups or kinds")
        if self.kind == "withdrawal" and not (self.forbids.weapons and any(p.band for p in self.place)):
            raise ValueError("a withdrawal needs weapons and a band; write forbids.weapons and place.band")
        if self.kind == "protected_targets" and not self.forbids.targets:
            raise ValueError("protects nothing; write forbids.targets")
        return self


class Agreement(Frozen):
    """An agreement, a truce or a unilateral declaration."""

    name: str = Field(pattern=_NAME, max_length=60)
    title: str = Field(min_length=1, max_length=160)
    declared_by: str = Field(max_length=200)
    source: Source
    evidence: Evidence
    """How well what is written here is known."""
    zone: Zone
    """Time zone of every moment, as in the IANA list."""
    note: str = Field(default="", max_length=2000)
    lines: dict[str, NamedLine] = Field(default_factory=dict)
    """Lines that bands are measured from, by name."""
    clauses: tuple[Clause, ...] = Field(max_length=100)

    @model_validator(mode="after")
    def _clauses_are_told_apart(self) -> Agreement:
        if not self.clauses:
            raise ValueError("has no clause; write at least one under `clauses`")
        names = [clause.name for clause in self.clauses]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two clauses are called {', '.join(twice)}; give each a name of its own")
        return self

    def clause(self, name: str) -> Clause:
        """Return one clause; KeyError where there is none of that name."""
        for clause in self.clauses:
            if clause.name == name:
                return clause
        raise KeyError(name)

    def utc(self, moment: datetime | None) -> datetime | None:
        """Return a local moment of this agreement as UTC without zone."""
        if moment is None:
            return None
        return moment.replace(tzinfo=ZoneInfo(self.zone)).astimezone(_UTC).replace(tzinfo=None)

    @property
    def missing_lines(self) -> tuple[str, ...]:
        """Lines that clauses are measured from and that nobody gave: their clauses cannot be judged."""
        asked = {place.band.line for clause in self.clauses for place in _places_of(clause) if place.band}
        return tuple(sorted(asked - set(self.lines)))


def list_agreements() -> tuple[str, ...]:
    """Return the names of the packaged agreements."""
    folder = files("truceline.events").joinpath("library", "agreements")
    return tuple(sorted(e.name.removesuffix(".yaml") for e in folder.iterdir() if e.name.endswith(".yaml")))


def load_agreement(name_or_file: str | Path) -> Agreement:
    """Return a packaged agreement by name, or one from a YAML file.

    Raises ScenarioError with every problem and its line.
    """
    return parse_agreement(read_agreement_text(name_or_file), Path(str(name_or_file)).name)


def read_agreement_text(name_or_file: str | Path) -> str:
    """Return the YAML of a packaged agreement or of a file; ScenarioError where there is none."""
    name = str(name_or_file)
    if name in list_agreements():
        entry = files("truceline.events").joinpath("library", "agreements", f"{name}.yaml")
        return entry.read_text(encoding="utf-8")
    path = Path(name)
    if not path.exists() and not path.suffix and "/" not in name:
        packaged = list_agreements()
        hint = suggest(name, packaged, f"packaged are {', '.join(packaged)}")
        raise ScenarioError("agreement", [Problem(name, "is neither a packaged agreement nor a file", hint)])
    read_yaml(path)  # says what is wrong with the file itself
    return path.read_text(encoding="utf-8-sig")


def parse_agreement(text: str, name: str) -> Agreement:
    """Return the agreement that YAML text describes; `name` stands in messages."""
    source = parse_yaml(text, name)
    try:
        return Agreement.model_validate(source.data)
    except ValidationError as error:
        found = explain_validation(source, error, Agreement)
        raise ScenarioError(name, map(_point_to_agreements, found)) from None


def format_agreement(text: str, name: str, lines: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the YAML of an agreement with `lines` (as `NamedLine`) put in place of its own of that name."""
    data = dict(parse_yaml(text, name).data)
    data["lines"] = {**(data.get("lines") or {}), **{key: dict(line) for key, line in lines.items()}}
    return format_yaml(data)


def _places_of(clause: Clause) -> Iterable[Place]:
    yield from clause.place
    for allowance in clause.allows:
        yield from allowance.place


def _check_order(starts: datetime | None, ends: datetime | None) -> None:
    if starts is not None and ends is not None and starts >= ends:
        raise ValueError(f"ends at {ends.isoformat(' ', 'minutes')}, before it starts; check `from` and `to`")


def _point_to_agreements(problem: Problem) -> Problem:
    """Return the problem with a hint that helps here: the shared ones may point to scenarios."""
    if "truceline scenario" not in problem.hint:
        return problem
    return replace(problem, hint=f"see a packaged agreement, as {_EXAMPLE}")
