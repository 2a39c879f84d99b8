"""What contributors other than the United States hold of each enabler, and what of it is to be had.

Units of the capability (aircraft, batteries, channels...). A holding is an inventory, mostly common
knowledge; readiness and release are our shares with wide ranges, by capability and not by nation, since
nobody publishes either. Where no holdings are published at all, a prior from people on active duty stands in:
`PRIORS`, ours, and every label says so. What is ordered, planned or a total of several nations is not
counted. A sum over nations means something only over those who would come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from truceline.errors import Problem, ProblemList, TableError
from truceline.generation.capabilities import read_capabilities
from truceline.generation.formula import add_range, compute
from truceline.generation.model import Capability
from truceline.generation.nations import NO_ESTIMATE, POOL, Nation, read_nations, trace_active
from truceline.generation.spending import parse_number
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.reference import Row, grade_confidence, parse_rows, read_table
from truceline.trace import Traced

TABLE = "enablers"
PRIORS = ("medevac", "hospital", "command", "theatre-logistics")
"""Enablers without published holdings: our priors from people on active duty, with wide ranges."""
POOL_NAME = "NATO, held in common"
PEOPLE_PER_DENSITY = 1000.0
"""Densities of the priors count units for so many people."""


@dataclass(frozen=True)
class Holding:
    """One counted row of the packaged table."""

    key: str
    code: str
    capability: str
    system: str
    count: float
    """Units in service."""
    unit: str
    year: str
    source: str
    confidence: str
    note: str


@cache
def read_holdings() -> tuple[Holding, ...]:
    """Return the rows of the packaged table that may be counted, in its order.

    Raises TableError with every problem: a row that is neither counted nor says why, a count that is not a
    number, an unknown nation or capability.
    """
    known = {*read_nations(), POOL}
    serving = {capability.key for capability in read_capabilities() if capability.kind == "enabler"}

    def parse(row: Row, problems: ProblemList) -> Holding | None:
        where = f"{TABLE} {row['enabler_id']}"
        if row["counts"] != "yes":
            if row["counts"] != "no" or not row["why_not"]:
                problems.add(where, "is not counted and does not say why", "fill the column why_not")
            return None
        if row["code"] not in known or row["code"] in NO_ESTIMATE:
            problems.add(where, f"{row['code']} is not a contributor", "set counts to no and say why")
            return None
        if row["serves"] not in serving:
            problems.add(
                where, f"'{row['serves']}' is not an enabler", f"one of {', '.join(sorted(serving))}"
            )
            return None
        count = parse_number(row["count"], where, problems)
        if count is None:
            return None
        return Holding(
            key=row["enabler_id"],
            code=row["code"],
            capability=row["serves"],
            system=row["system"],
            count=count,
            unit=row["quantity_unit"],
            year=row["year"],
            source=row["source"],
            confidence=row["confidence"],
            note=row["note"],
        )

    return parse_rows(read_table(TABLE), parse, TABLE)


def list_holdings(assumptions: AssumptionSet) -> dict[str, dict[str, Traced]]:
    """Return the units of each enabler that each contributor could bring: capability, then code.

    Held * readiness * released, rounded down to whole units at the end; a contributor whose share makes no
    whole unit is listed with 0 and an upper end. Whoever holds nothing, and has no prior, is not listed.
    """
    found: dict[str, dict[str, Traced]] = {}
    nations = read_nations()
    for capability in read_capabilities(assumptions):
        if capability.kind != "enabler":
            continue
        rows: dict[str, list[Holding]] = {}
        for holding in read_holdings():
            if holding.capability == capability.key:
                rows.setdefault(holding.code, []).append(holding)
        if capability.key in PRIORS:
            held = {code: _trace_prior(nation, capability, assumptions) for code, nation in nations.items()}
        elif rows:
            held = {code: _trace_held(code, rows[code], capability, assumptions) for code in sorted(rows)}
        else:
            hint = "add a row, or make it a prior"
            raise TableError(TABLE, [Problem(capability.key, "is held by nobody", hint)])
        found[capability.key] = {
            code: _trace_available(code, traced, capability, assumptions)
            for code, traced in held.items()
            if traced is not None
        }
    return found


def _trace_held(code: str, rows: list[Holding], capability: Capability, assumptions: AssumptionSet) -> Traced:
    parts = [_trace_row(row) for row in rows]
    formula = " + ".join(part.name for part in parts)
    label = f"{_name(code)}: {capability.label.lower()}, held"
    if capability.key != "satcom":
        return compute(f"holding.{capability.key}.{code}", label, capability.unit, formula, parts)
    channels = assumptions.trace("generation.channels_per_satellite")
    parts.append(channels)
    return compute(
        f"holding.{capability.key}.{code}", label, capability.unit, f"({formula}) * {channels.name}", parts
    )


def _trace_row(row: Holding) -> Traced:
    return Traced(
        f"enablers.{row.key}",
        row.count,
        row.unit,
        f"{_name(row.code)}: {row.system}, in service {row.year}",
        evidence=grade_confidence(row.confidence).value,
        source=row.source,
        note=row.note,
    )


def _trace_prior(nation: Nation, capability: Capability, assumptions: AssumptionSet) -> Traced | None:
    if nation.code in NO_ESTIMATE or not nation.active_low > 0:
        return None
    active = trace_active(nation)
    density = assumptions.trace(f"generation.{_word(capability)}_density")
    return compute(
        f"holding.{capability.key}.{nation.code}",
        f"{nation.name}: {capability.label.lower()}, our prior: no holding is published",
        capability.unit,
        f"{active.name} * {density.name} / {PEOPLE_PER_DENSITY:g}",
        (active, density),
        note="ours, from the size of the armed forces alone; the range is several times either way",
    )


def _trace_available(code: str, held: Traced, capability: Capability, assumptions: AssumptionSet) -> Traced:
    """Return whole units to be had of a holding, with the range that all its factors give."""
    word = _word(capability)
    factors = [assumptions.trace(f"generation.{word}_{what}_share") for what in ("readiness", "release")]
    ours = "our prior" if capability.key in PRIORS else "readiness and release are ours"
    found = compute(
        f"offer.{capability.key}.{code}",
        f"{_name(code)}: {capability.label.lower()} it could bring ({ours})",
        capability.unit,
        f"floor({held.name} * {factors[0].name} * {factors[1].name})",
        (held, *factors),
        note=held.note,
    )
    return add_range(found)


def _name(code: str) -> str:
    return POOL_NAME if code == POOL else _names()[code]


@cache
def _names() -> Mapping[str, str]:
    return {code: nation.name for code, nation in read_nations().items()}


def _word(capability: Capability) -> str:
    """Return a capability's word in names of assumptions."""
    return capability.key.replace("-", "_")
