"""How each nation authorises a deployment: who has to agree, and how long that takes.

One record per row of ``scenario/reference/approvals.csv``. Days are estimates of analysts, never published
figures. Which government or house would say yes is not asked here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from truceline.errors import ProblemList, TableError
from truceline.scenario.tables import Row, check_words, read_days, read_rows

_COLUMNS = (
    "code",
    "name",
    "approval_required",
    "approval_type",
    "legal_basis",
    "rule",
    "un_mandate_required",
    "days_low",
    "days_high",
    "source",
    "confidence",
)
_FLAGS = ("yes", "no")


@dataclass(frozen=True)
class Approval:
    """How one nation decides to send people abroad."""

    code: str
    name: str
    parliament: bool
    """Whether a parliament has to agree before (by law or by a convention the government keeps)."""
    kind: str
    legal_basis: str
    rule: str
    """The rule in words."""
    un_mandate: bool
    """Whether law or firm practice asks for a mandate of the United Nations."""
    days_low: float
    """Least days from the request to the decision: an estimate."""
    days_high: float
    source: str
    confidence: str


@cache
def read_approvals() -> dict[str, Approval]:
    """Return the packaged records by code of the nation, sorted.

    Raises TableError with all problems where the packaged table is wrong.
    """
    problems = ProblemList()
    found = [_parse(row, where, problems) for where, row in read_rows(None, "approvals", _COLUMNS)]
    problems.raise_if_any(TableError, "approvals")
    return {approval.code: approval for approval in sorted(found, key=lambda approval: approval.code)}


def _parse(row: Row, where: str, problems: ProblemList) -> Approval:
    for column in ("approval_required", "un_mandate_required"):
        check_words([row[column]], _FLAGS, f"word of {column}", where, problems)
    low = read_days(row["days_low"], "days_low", where, problems) or 0.0
    high = read_days(row["days_high"], "days_high", where, problems) or 0.0
    if low > high:
        problems.add(where, f"days_low {low:g} is above days_high {high:g}", "put the shorter time first")
    return Approval(
        code=row["code"],
        name=row["name"],
        parliament=row["approval_required"] == "yes",
        kind=row["approval_type"],
        legal_basis=row["legal_basis"],
        rule=row["rule"],
        un_mandate=row["un_mandate_required"] == "yes",
        days_low=low,
        days_high=high,
        source=row["source"],
        confidence=row["confidence"],
    )
