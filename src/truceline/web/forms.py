"""Bodies that the writing routes take, and their answers: types, bounds and meanings, once.

The rows of reports and of effort are those of the product's own forms; their columns are read from the feeds,
so that the description never differs from what is imported. Anything unknown in a body is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, create_model

from truceline.events.feeds import efforts, own
from truceline.events.judging import VERDICTS
from truceline.events.kinds import Releasability, Role, Weapon
from truceline.events.verification import STATUSES

MOST_ROWS = 50_000
"""Most rows in one JSON body."""
MOST_CELL = 10_000
"""Most characters in one field of a row."""
MOST_WORDS = 500
LARGEST_NUMBER = 2**53 - 1
"""Largest number of an incident or report that every JSON reader keeps exactly."""
_PLAIN = r"^[^\x00-\x1f\x7f]*$"
_SAID = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f\s][^\x00-\x1f\x7f]*$"

Words = Annotated[str, StringConstraints(max_length=MOST_WORDS, pattern=_PLAIN)]
Reason = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MOST_WORDS, pattern=_SAID),
    Field(description="Why, for the history."),
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=_SAID)]


def _whole(value: Any) -> Any:
    """Return 7 for 7.0, which to JSON is the same number; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]
Number = Annotated[int, Field(ge=1, le=LARGEST_NUMBER), BeforeValidator(_whole)]
Cell = Annotated[str, StringConstraints(max_length=MOST_CELL)] | bool | int | float | None


class Given(BaseModel):
    """A body: nothing unknown, no numbers that are none, and no text taken for a number."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True, frozen=True)


def _row_of(name: str, columns: Mapping[str, str]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        column: (Cell, Field(default=None, description=meaning)) for column, meaning in columns.items()
    }
    return create_model(name, __base__=Given, **fields)


ReportRow = _row_of("ReportRow", own.COLUMNS)
EffortRow = _row_of("EffortRow", efforts.COLUMNS)


class Geometry(Given):
    """A position: a point, or the area that it lies in; degrees, longitude first (WGS 84)."""

    type: Literal["Point", "Polygon", "MultiPolygon"]
    coordinates: list[Any]


def _features_of(name: str, row: type[BaseModel]) -> type[BaseModel]:
    feature_fields: dict[str, Any] = {
        "type": (Literal["Feature"], ...),
        "id": (str | int | None, None),
        "geometry": (Geometry | None, ...),
        "properties": (row, ...),
    }
    feature: Any = create_model(f"{name}Feature", __base__=Given, **feature_fields)
    fields: dict[str, Any] = {
        "type": (Literal["FeatureCollection"], ...),
        "features": (Annotated[list[feature], Field(min_length=1, max_length=MOST_ROWS)], ...),
    }
    return create_model(f"{name}Features", __base__=Given, **fields)


ReportFeatures = _features_of("Report", ReportRow)
EffortFeatures = _features_of("Effort", EffortRow)


class VerificationGiven(Given):
    """Whether it is established that the incident happened."""

    status: Literal[STATUSES]  # type: ignore[valid-type]
    why: Reason


class _AttributionGiven(Given):
    p: float = Field(gt=0, le=1, description="Probability that the value is right.")
    basis: Reason = Field(description="What it rests on: crater analysis, radar, ...")
    why: Reason


class SideGiven(_AttributionGiven):
    """Which side acted."""

    aspect: Literal["side"]
    value: Literal["a", "b"]


class WeaponGiven(_AttributionGiven):
    """With which weapon."""

    aspect: Literal["weapon"]
    value: Literal[tuple(weapon.value for weapon in Weapon)]  # type: ignore[valid-type]


class JudgementGiven(Given):
    """What the incident is under a clause."""

    agreement: Name
    clause: Name
    verdict: Literal[VERDICTS]  # type: ignore[valid-type]
    why: Reason


class WithdrawalGiven(Given):
    """A decision by hand that is taken back: what the rules say holds again."""

    what: Literal["verification", "side", "weapon"]
    why: Reason


class ReleaseGiven(Given):
    """Who may see the incident beyond its being counted."""

    level: Literal[tuple(level.value for level in Releasability)]  # type: ignore[valid-type]
    why: Reason


class PlaceGiven(Given):
    """The incident that a report belongs to."""

    incident: Number | None = Field(description="The incident; null takes the report out of its own.")
    why: Reason


class MergeGiven(Given):
    """Incidents that become part of this one."""

    others: list[Number] = Field(min_length=1, max_length=100)
    why: Reason


class RunGiven(Given):
    """A run of the rules over what is new."""

    why: Words = Field(default="", description="Why, for the history.")


class TokenGiven(Given):
    """A key to be given out."""

    holder: Name = Field(description="Desk, post or system: never a person.")
    role: Literal[tuple(role.value for role in Role)]  # type: ignore[valid-type]
    level: Literal[tuple(level.value for level in Releasability)] | None = Field(  # type: ignore[valid-type]
        default=None, description="For readers and observers; by default parties for readers, else mission."
    )
    days: Whole = Field(default=90, ge=1, le=365, description="Days until it ends.")
    why: Words = ""


class RevocationGiven(Given):
    """The end of a key."""

    why: Reason


class Rejected(BaseModel):
    """A row that could not be used."""

    line: int = Field(description="Line of the file, or row where it has no lines, from 1.")
    where: str = Field(description="Column.")
    found: str
    hint: str


class ReasonCounted(BaseModel):
    """How many rows were rejected for one reason."""

    where: str
    reason: str
    n: int


class ImportAnswer(BaseModel):
    """What became of the rows sent."""

    ok: Literal[True] = True
    feed: str = Field(description="Format the rows were read as.")
    hash: str = Field(description="Short SHA-256 of what was read.")
    dry_run: bool = Field(description="Nothing was written.")
    known: bool = Field(description="The very same was imported before.")
    batch: int | None = Field(description="Number of the import; null for a dry run.")
    read: int
    new: int
    repeated: int = Field(description="There already, word for word.")
    corrected: int = Field(description="Superseding an earlier one of the same key.")
    rejected: int
    rejects: list[Rejected] = Field(description="The first of the rejected rows.")
    reasons: list[ReasonCounted]
    since: datetime | None = Field(description="Earliest start of the usable rows, UTC.")
    until: datetime | None = Field(description="Latest end of the usable rows, UTC.")
    kinds: dict[str, int] = Field(description="Usable rows by kind, or by state of effort.")
    flags: dict[str, int]


class DecisionAnswer(BaseModel):
    """A decision was written."""

    ok: Literal[True] = True
    incident: int
    change: int = Field(description="Number of the newest change; who, when and why stand there.")


class LinkAnswer(BaseModel):
    """What linking did."""

    ok: Literal[True] = True
    linked: int = Field(description="Reports linked.")
    new_incidents: int
    joined: int = Field(description="Reports that joined incidents there were.")
    repeats: int
    suggestions: int = Field(description="Pairs of incidents that may be one: a matter for a verifier.")


class JudgeAnswer(BaseModel):
    """What judging did."""

    ok: Literal[True] = True
    incidents: int = Field(description="Incidents looked at.")
    changed: int = Field(description="Verdicts new or changed.")
    verifications: int
    attributions: int
    unknown_lines: list[str]


class TokenAnswer(BaseModel):
    """A token, without its key."""

    token: int
    holder: str
    role: Role
    level: Releasability
    expires: datetime = Field(description="UTC.")
    state: Literal["active", "expired", "revoked"]


class NewTokenAnswer(TokenAnswer):
    """A token with its key, which is shown this once and kept nowhere."""

    key: str


class TokensAnswer(BaseModel):
    """Every token ever given out."""

    tokens: list[TokenAnswer]


class ChangeAnswer(BaseModel):
    """One change to the store."""

    change: int
    at: datetime = Field(description="UTC.")
    who: str
    what: str
    why: str
    program: str
    details: dict[str, Any]


class AuditAnswer(BaseModel):
    """Changes in the order in which they were made."""

    changes: list[ChangeAnswer]
    next: int | None = Field(description="`after` of the next page; null where nothing is left.")
