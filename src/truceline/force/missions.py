"""Past missions as typed records: strength, line, posts, patrols, money.

Units: people, metres, patrols a day, money in the currency of the row. A field the table leaves
empty is None, never zero. Densities are computed here again and compared with the table; where the
table gives none (the strength is not comparable with the line or the posts), there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from truceline.errors import Problem, ProblemList, TableError
from truceline.scenario.assumption import Evidence
from truceline.scenario.reference import grade_confidence, parse_rows, read_number, read_table

TABLE = "historical_missions"


@dataclass(frozen=True)
class PastMission:
    """One mission at one time."""

    key: str
    mission: str
    organisation: str
    area: str
    period: str
    role: str
    line_length_m: float | None
    people: float | None
    """Strength that the densities use."""
    people_scope: str
    """Who is counted in `people`, as the table names it."""
    posts: float | None
    """Permanent staffed posts."""
    temporary_posts: float | None
    patrols_per_day: float | None
    budget_per_year: float | None
    currency: str
    budget_basis: str
    people_per_km: float | None
    km_per_post: float | None
    people_per_post: float | None
    cost_per_person_year: float | None
    """In `currency`; comparable only with rows of the same `budget_basis`."""
    outcome: str
    notes: str
    general_fields: tuple[str, ...]
    """Columns that nobody has read in a source."""
    source: str
    source_url: str
    evidence: Evidence

    @property
    def label(self) -> str:
        """Name and period, for tables."""
        return f"{self.mission} {self.period}"

    @property
    def is_weak(self) -> bool:
        """Tell whether the density rests on a line length or a strength recollected, not read."""
        density_fields = {"line_length_km", "total_persons_used", "observer_or_monitor_persons"}
        return self.evidence.is_weak or bool(density_fields & set(self.general_fields))


@cache
def read_missions() -> tuple[PastMission, ...]:
    """Return every past mission of the packaged table.

    Raises
    ------
    TableError
        When a cell is not a number, or a derived column does not follow from the others.
    """
    return missions_from_rows(read_table(TABLE))


def missions_from_rows(rows: Iterable[Mapping[str, str]]) -> tuple[PastMission, ...]:
    """Return table rows as missions; all problems of all rows are gathered in one TableError."""
    return parse_rows(rows, _mission_from_row, TABLE)


def find_mission(key: str) -> PastMission:
    """Return the mission of one row, for example ``HM01``; raises TableError where there is none."""
    for mission in read_missions():
        if mission.key == key:
            return mission
    problem = Problem(f"{TABLE}/{key}", "there is no such mission", "look in the first column of the table")
    raise TableError(TABLE, [problem])


def densest_mission(missions: Iterable[PastMission]) -> PastMission | None:
    """Return the mission with the fewest kilometres per permanent post, or None where none is known."""
    with_posts = [mission for mission in missions if mission.km_per_post is not None]
    return min(with_posts, key=lambda mission: (mission.km_per_post or 0.0, mission.key), default=None)


_NUMBER_COLUMNS = (
    "line_length_km",
    "total_persons_used",
    "posts_permanent_count",
    "posts_temporary_count",
    "patrols_per_day",
    "annual_budget_value",
    "persons_per_km_derived",
    "km_per_permanent_post_derived",
    "persons_per_permanent_post_derived",
    "cost_per_person_year_derived",
)

_DERIVED = (  # column, numerator, denominator, rounding of the table
    ("persons_per_km_derived", "total_persons_used", "line_length_km", 0.05),
    ("km_per_permanent_post_derived", "line_length_km", "posts_permanent_count", 0.05),
    ("persons_per_permanent_post_derived", "total_persons_used", "posts_permanent_count", 0.05),
    ("cost_per_person_year_derived", "annual_budget_value", "total_persons_used", 0.5),
)


def _mission_from_row(row: Mapping[str, str], problems: ProblemList) -> PastMission | None:
    where = f"{TABLE}/{row['snapshot_id']}"
    numbers: dict[str, float | None] = {}
    for column in _NUMBER_COLUMNS:
        try:
            numbers[column] = read_number(row[column])
        except ValueError:
            problems.add(f"{where}.{column}", f"'{row[column]}' is not a number", "write digits or nothing")
            return None
    derived = {column: _derive(where, column, numbers, problems) for column, *_ in _DERIVED}
    length_km = numbers["line_length_km"]
    return PastMission(
        key=row["snapshot_id"],
        mission=row["mission"],
        organisation=row["organisation"],
        area=row["area"],
        period=row["snapshot_period"],
        role=row["role"],
        line_length_m=None if length_km is None else length_km * 1000,
        people=numbers["total_persons_used"],
        people_scope=row["total_scope"],
        posts=numbers["posts_permanent_count"],
        temporary_posts=numbers["posts_temporary_count"],
        patrols_per_day=numbers["patrols_per_day"],
        budget_per_year=numbers["annual_budget_value"],
        currency=row["budget_currency"],
        budget_basis=row["budget_basis"],
        people_per_km=derived["persons_per_km_derived"],
        km_per_post=derived["km_per_permanent_post_derived"],
        people_per_post=derived["persons_per_permanent_post_derived"],
        cost_per_person_year=derived["cost_per_person_year_derived"],
        outcome=row["outcome"],
        notes=row["notes"],
        general_fields=tuple(name for name in row["general_fields"].split(";") if name),
        source=row["source"],
        source_url=row["source_url"],
        evidence=grade_confidence(row["confidence"]),
    )


def _derive(
    where: str, column: str, numbers: Mapping[str, float | None], problems: ProblemList
) -> float | None:
    """Return a derived figure unrounded, after comparing it with the table; None where the table has none."""
    _, numerator, denominator, rounding = next(rule for rule in _DERIVED if rule[0] == column)
    stated, above, below = numbers[column], numbers[numerator], numbers[denominator]
    if stated is None:
        return None
    if above is None or not below:
        problems.add(
            f"{where}.{column}",
            f"{stated:g} has nothing to follow from",
            f"fill {numerator} and {denominator}",
        )
        return None
    value = above / below
    if abs(value - stated) > rounding * (1 + 1e-6):  # a value right on the rounding step passes
        problems.add(
            f"{where}.{column}", f"{stated:g}, but {numerator} / {denominator} is {value:.6g}", "correct one"
        )
    return value
