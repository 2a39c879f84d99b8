"""Nations as they are in the packaged tables, and how many people each could keep abroad: our estimate.

People; GDP in billions of US dollars; shares of GDP in per cent as published. What a nation could keep
abroad is nobody's figure but ours: a European ratio carried to single armies, all services counted, with a
range of a half either way. It says nothing of what a government would decide. Money spent on defence comes
from the Factbook only; figures of SIPRI, free for non-commercial use, are read when a user brings them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from truceline.errors import Problem, ProblemList, TableError
from truceline.generation.formula import add_range, compute
from truceline.generation.spending import (
    Spending,
    check_code,
    parse_number,
    parse_spending,
    read_spending_rows,
)
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.reference import Row, grade_confidence, parse_rows, read_table
from truceline.trace import Traced

Group = Literal[
    "nato_europe",
    "north_america",
    "non_nato_europe",
    "indo_pacific_partner",
    "possible_neutral",
    "host",
    "opposing_party",
]
"""Where a nation stands towards the packaged case."""
GROUPS: tuple[Group, ...] = get_args(Group)

NO_ESTIMATE = frozenset({"UKR", "RUS", "USA", "ISL"})
"""Not estimated: the host, the other party, the backstop, and a nation without armed forces."""
POOL = "NAT"
"""Code of what NATO holds in common."""

_ELSEWHERE: frozenset[Group] = frozenset({"possible_neutral"})
COMPETING_KINDS = frozenset(
    {"nato", "nato_eastern_flank", "eu", "un", "un_regional", "un_bilateral", "coalition", "au_bilateral"}
)
"""Commitments of the kind that this task would be; garrisons, bilateral and undeclared ones are none."""
BAND_LEAVES = (
    "generation.capacity_band",
    "generation.capacity_band_elsewhere",
    "generation.commitment_weight",
)
"""Assumptions that make the range of an estimate; tour and dwell are policy and stay."""


@dataclass(frozen=True)
class Commitment:
    """People of a nation already abroad in one place."""

    key: str
    """Row of the packaged table."""
    code: str
    place: str
    kind: str
    """As the table says: nato_eastern_flank, un, eu, bilateral, national and others."""
    people: float

    @property
    def competes(self) -> bool:
        """Tell whether the people could be called to another international task: no garrison of its own."""
        return self.kind in COMPETING_KINDS


@dataclass(frozen=True)
class Nation:
    """One nation of the packaged tables."""

    code: str
    name: str
    group: Group
    in_nato: bool
    in_eu: bool
    active_low: float
    """People on active duty, all services."""
    active_high: float
    active_year: int | None
    army: float | None
    brigades: float | None
    """Combat brigades, common knowledge where known; formations, not ready ones."""
    brigades_confidence: str
    deployable_low: float | None
    """What somebody published that it could send, whatever the task."""
    deployable_high: float | None
    deployable_note: str
    deployable_source: str
    deployed_abroad: float
    population: float | None
    gdp_usd_bn: float
    """0 where unknown."""
    defence_share_pct: float | None
    """Defence spending in 2025, per cent of GDP: the Factbook's estimate, for members as NATO defines it."""
    source: str
    confidence: str
    commitments: tuple[Commitment, ...] = ()


@cache
def read_deployments() -> tuple[Commitment, ...]:
    """Return every commitment of the packaged table, in its order; raises TableError with its problems."""
    return parse_rows(read_table("nations_deployments"), _parse_commitment, "nations_deployments")


@cache
def read_nations() -> Mapping[str, Nation]:
    """Return every nation of the packaged tables by its code, codes sorted.

    Raises TableError with every problem of the tables.
    """
    commitments: dict[str, list[Commitment]] = {}
    for commitment in read_deployments():
        commitments.setdefault(commitment.code, []).append(commitment)

    def parse(row: Row, problems: ProblemList) -> Nation | None:
        return _parse_nation(row, tuple(commitments.get(row["code"], ())), problems)

    nations = parse_rows(read_table("nations"), parse, "nations")
    unknown = sorted(set(commitments) - {nation.code for nation in nations})
    if unknown:
        hint = "add them to nations.csv"
        problem = Problem("nations_deployments", f"unknown nations {', '.join(unknown)}", hint)
        raise TableError("nations_deployments", [problem])
    return {nation.code: nation for nation in sorted(nations, key=lambda nation: nation.code)}


def read_spending() -> tuple[Spending, ...]:
    """Return the packaged shares of GDP spent on defence, by nation and year: the Factbook's."""
    rows = ((row["spending_id"], row) for row in read_table("nations_spending"))
    return parse_spending(rows, read_nations(), "nations_spending")


def read_spending_file(path: Path) -> tuple[Spending, ...]:
    """Return the rows of a spending file that a user brings: columns iso3, year, metric, value, unit.

    Made for an extract of the SIPRI Military Expenditure Database in that form. Its rights are the user's
    matter: SIPRI allows non-commercial use with its name given, and nothing of such a file is kept here.

    Raises
    ------
    TableError
        With every problem: no such file, too large, not UTF-8, a missing column, an unknown nation or metric,
        a value that is not a number of zero or more, two rows for one nation, year and metric.
    """
    return parse_spending(read_spending_rows(path), read_nations(), path.name)


def sustained_people(nation: Nation, assumptions: AssumptionSet) -> Traced | None:
    """Return how many people a nation could keep abroad without end for this task: our estimate, with range.

    Usable troops over the pool that one deployed person takes, (tour + dwell) / tour, which is 4 as in
    claim C05, less the part of its NATO, EU, UN and coalition tasks that it would not give up; garrisons
    of its own are not counted against it. Never below zero. The range moves our band and the weight of
    existing tasks; tour and dwell are policy and stay. None for nations in `NO_ESTIMATE`.
    """
    pool = _trace_pool(nation, assumptions)
    if pool is None:
        return None
    tour, dwell = assumptions.trace("rotation.tour"), assumptions.trace("rotation.dwell")
    weight = assumptions.trace("generation.commitment_weight")
    busy = _trace_commitments(nation)
    formula = (
        f"max(0, {pool.name} * {tour.name} / ({tour.name} + {dwell.name}) - {weight.name} * {busy.name})"
    )
    found = compute(
        f"sustained.{nation.code}",
        f"{nation.name}: people it could keep abroad (our estimate, nobody's figure)",
        "person",
        formula,
        (pool, tour, dwell, weight, busy),
        note="all services counted; what a government would decide is another matter",
    )
    return add_range(found, only=BAND_LEAVES)


def pool_people(nation: Nation, assumptions: AssumptionSet) -> Traced | None:
    """Return the usable people from whom a nation mans tours: our estimate, with range; None as above."""
    pool = _trace_pool(nation, assumptions)
    return None if pool is None else add_range(pool, only=BAND_LEAVES)


def _trace_pool(nation: Nation, assumptions: AssumptionSet) -> Traced | None:
    if nation.code in NO_ESTIMATE or not nation.active_low > 0:
        return None
    key = "capacity_band_elsewhere" if nation.group in _ELSEWHERE else "capacity_band"
    active = trace_active(nation)
    share, band = assumptions.trace("generation.surge_share"), assumptions.trace(f"generation.{key}")
    return compute(
        f"pool.{nation.code}",
        f"{nation.name}: usable people (our estimate, nobody's figure)",
        "person",
        f"{active.name} * {share.name} * {band.name}",
        (active, share, band),
        note="a European ratio carried to one nation",
    )


def trace_active(nation: Nation) -> Traced:
    """Return the people on active duty as a leaf; the low figure where the source gives two (militias)."""
    year = f", {nation.active_year}" if nation.active_year else ""
    note = f"the source gives {nation.active_low:,.0f} to {nation.active_high:,.0f}; the low figure is used"
    return Traced(
        f"nations.{nation.code}.active",
        nation.active_low,
        "person",
        f"{nation.name}: people on active duty, all services",
        evidence=grade_confidence(nation.confidence).value,
        source=f"{nation.source}{year}",
        note=note if nation.active_high > nation.active_low else "",
    )


def _trace_commitments(nation: Nation) -> Traced:
    competing = [commitment for commitment in nation.commitments if commitment.competes]
    places = ", ".join(f"{commitment.place} {commitment.people:g}" for commitment in competing)
    return Traced(
        f"nations.{nation.code}.commitments",
        math.fsum(commitment.people for commitment in competing),
        "person",
        f"{nation.name}: people on NATO, EU, UN and coalition tasks",
        evidence="published" if competing else "general",
        source=nation.source,
        note=places or "none of a hundred people or more is named",
    )


def _parse_commitment(row: Row, problems: ProblemList) -> Commitment | None:
    where = f"nations_deployments {row['deployment_id']}"
    people = parse_number(row["people"], f"{where} people", problems)
    if people is None:
        return None
    return Commitment(row["deployment_id"], row["code"], row["place"], row["commitment_type"], people)


def _parse_nation(row: Row, commitments: tuple[Commitment, ...], problems: ProblemList) -> Nation | None:
    where = f"nations {row['code']}"
    group = next((group for group in GROUPS if group == row["group"]), None)
    if group is None:
        problems.add(where, f"'{row['group']}' is not a group", f"use one of {', '.join(GROUPS)}")
        return None
    if not check_code(row["code"], where, problems):
        return None

    def number(column: str) -> float | None:
        return parse_number(row[column], f"{where} {column}", problems) if row[column] else None

    active_low, active_high = number("active_personnel_low"), number("active_personnel_high")
    if active_low is None or active_high is None or active_low > active_high:
        problems.add(where, "has no range of people on active duty", "write a low and a high figure")
        return None
    year = number("active_personnel_year")
    return Nation(
        code=row["code"],
        name=row["name"],
        group=group,
        in_nato=row["nato_member"] == "1",
        in_eu=row["eu_member"] == "1",
        active_low=active_low,
        active_high=active_high,
        active_year=None if year is None else int(year),
        army=number("army_personnel"),
        brigades=number("brigades"),
        brigades_confidence=row["brigades_confidence"],
        deployable_low=number("deployable_low"),
        deployable_high=number("deployable_high"),
        deployable_note=row["deployable_note"],
        deployable_source=row["deployable_source"],
        deployed_abroad=number("deployed_abroad") or 0.0,
        population=number("population"),
        gdp_usd_bn=number("gdp_usd_bn") or 0.0,
        defence_share_pct=number("defence_share_gdp_2025e_pct"),
        source=row["source"],
        confidence=row["confidence"],
        commitments=commitments,
    )
