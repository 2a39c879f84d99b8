"""Cameras against people: what a kilometre watched by cameras costs in soldiers, and a frontier in money.

Money a year in one currency and the prices of one year; soldier-years per camera-kilometre-year. A camera
detects and does not go there: it cannot replace the response, and the exchange rate says nothing of that.
The people who keep cameras running are in the posture's tasks, not in the camera's price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from truceline.cost.bases import CostBasis
from truceline.cost.money import convert, money_unit
from truceline.cost.money_tables import MoneyTables, read_money_tables
from truceline.cost.prices import MIDDLE, PriceBook
from truceline.cost.rates import list_bases, person_year_rate
from truceline.cost.unit_costs import find_cost
from truceline.errors import ProblemList, ScenarioError
from truceline.generation.formula import add_range, compute
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced

CAMERA_ROW = "UC055"
"""Cameras and sensors along a border, for each kilometre."""


@dataclass(frozen=True)
class Exchange:
    """A camera kilometre beside a soldier, on one basis."""

    basis: CostBasis
    kind: str
    camera_km_year: Traced
    """``exchange.camera-km``: money for one kilometre a year."""
    soldier_year: Traced
    soldiers_per_km: Traced
    """``exchange.soldiers-per-km.<basis>``: soldier-years that one camera kilometre costs."""


@dataclass(frozen=True)
class PostureCount:
    """One point of a frontier: what stands there and what it sees."""

    people: float
    posts: float
    masts: float
    orbits: float
    coverage: float
    """Whatever the caller measures, the same for all points: a share detected or covered."""


@dataclass(frozen=True)
class PricedPoint:
    """A point of the frontier in money."""

    point: PostureCount
    per_year: Traced
    """A middle year: no build-up and no withdrawal."""
    is_cheapest: bool
    """Whether no other point sees as much for less."""


def price_camera_km(
    assumptions: AssumptionSet,
    *,
    currency: str = "EUR",
    price_year: int = 2025,
    tables: MoneyTables | None = None,
) -> Traced:
    """Return the cost of one kilometre of cameras for a year: price over life, and running.

    price / life + price * running share, from `unit_costs` UC055; no interest. Raises ScenarioError for a
    missing rate or index.
    """
    money = read_money_tables() if tables is None else tables
    price = convert(find_cost(CAMERA_ROW).price, currency, price_year, money)
    life, running = (
        assumptions.trace("cost.equipment_life"),
        assumptions.trace("cost.equipment_running_share"),
    )
    label = f"A kilometre of cameras for a year, {currency} of {price_year}"
    formula = f"{price.name} / {life.name} + {price.name} * {running.name}"
    unit = money_unit(currency, "km/year")
    return add_range(compute("exchange.camera-km", label, unit, formula, (price, life, running)))


def exchange_rates(
    kind: str,
    assumptions: AssumptionSet,
    *,
    nation: str = "",
    currency: str = "EUR",
    price_year: int = 2025,
    tables: MoneyTables | None = None,
) -> tuple[Exchange, ...]:
    """Return the exchange of cameras for soldiers on every basis known for a kind of force, side by side."""
    camera = price_camera_km(assumptions, currency=currency, price_year=price_year, tables=tables)
    found = []
    for basis in list_bases(kind):
        soldier = person_year_rate(
            kind, basis, nation, currency=currency, price_year=price_year, tables=tables
        )
        name = f"exchange.soldiers-per-km.{basis}"
        label = f"Soldier-years that a camera kilometre costs, {basis}"
        unit = "person/km"
        formula = f"{camera.name} / {soldier.name}"
        rate = add_range(compute(name, label, unit, formula, (camera, soldier)))
        found.append(Exchange(basis, kind, camera, soldier, rate))
    return tuple(found)


def price_frontier(
    points: Sequence[PostureCount],
    assumptions: AssumptionSet,
    *,
    basis: CostBasis = "full",
    kind: str = "un-line",
    currency: str = "EUR",
    price_year: int = 2025,
    tables: MoneyTables | None = None,
) -> tuple[PricedPoint, ...]:
    """Return what each posture costs in a middle year, with its equipment bought again over its life.

    Points in their order. Raises ScenarioError for a count that is negative, a rate nobody published, or
    reimbursement, on which things have no price.
    """
    problems = ProblemList()
    if basis == "reimbursement":
        problems.add("cost basis", "things have no price on reimbursement", "use full or incremental")
    for n, point in enumerate(points):
        for key in ("people", "posts", "masts", "orbits"):
            if not getattr(point, key) >= 0:
                problems.add(f"point {n + 1}", f"has {getattr(point, key):g} {key}", "write zero or more")
    problems.raise_if_any(ScenarioError, "frontier")
    money = read_money_tables() if tables is None else tables
    book = PriceBook(basis, currency, price_year, money, assumptions)
    soldier, life = book.person(kind, "", MIDDLE), assumptions.trace("cost.equipment_life")
    yearly = {
        "posts": (book.built("posts"), book.thing("posts", MIDDLE)),
        "masts": (book.built("masts"), book.thing("masts", MIDDLE)),
        "orbits": (book.built("drones"), book.thing("drones", MIDDLE)),
    }
    priced = []
    for n, point in enumerate(points, 1):
        people = Traced(f"frontier.{n}.people", point.people, "person", "People", evidence="computed")
        parts, terms = [people, soldier, life], [f"{people.name} * {soldier.name}"]
        for key, (built, running) in yearly.items():
            if running is None:
                continue
            count = Traced(f"frontier.{n}.{key}", getattr(point, key), "1", key, evidence="computed")
            terms.append(f"{count.name} * ({built.name} / {life.name} + {running.name})")
            parts += [count, built, running]
        label = f"Posture {n} for a year, {basis} cost, {currency} of {price_year}"
        name = f"frontier.{n}.cost"
        priced.append(add_range(compute(name, label, currency, " + ".join(terms), parts)))
    return tuple(
        PricedPoint(point, cost, not any(_beats(j, i, points, priced) for j in range(len(points))))
        for i, (point, cost) in enumerate(zip(points, priced, strict=True))
    )


def _beats(j: int, i: int, points: Sequence[PostureCount], costs: Sequence[Traced]) -> bool:
    """Tell whether point j sees as much as i for less money, or more for the same."""
    if points[j].coverage < points[i].coverage or costs[j].value > costs[i].value:
        return False
    return points[j].coverage > points[i].coverage or costs[j].value < costs[i].value
