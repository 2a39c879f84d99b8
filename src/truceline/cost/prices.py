"""What one of each thing costs in the first year, in a middle year and in the last: prices of the headings.

Money per person, post, mast or orbit. Every price is a tree from published rows and our shares, in one
currency and the prices of one year. A price of nothing in a year is no price at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from truceline.cost.bases import CostBasis
from truceline.cost.lines import Heading
from truceline.cost.money import convert, money_unit
from truceline.cost.money_tables import MoneyTables
from truceline.cost.rates import person_year_rate
from truceline.cost.unit_costs import find_cost
from truceline.generation.formula import add_range, compute
from truceline.scenario.assumption import AssumptionSet
from truceline.trace import Traced

ROWS = ("UC040", "UC041", "UC042", "UC050", "UC052", "UC054", "UC055", "UC060", "UC063")
"""Unit costs behind the prices of things, moves, camps and start-up."""
FIRST, MIDDLE, LAST, ONLY = "first", "middle", "last", "only"
"""Parts a year can have in a budget; the only year is first and last."""


def part_of_year(year: int, years: int) -> str:
    """Return which part a year plays among so many."""
    if years == 1:
        return ONLY
    return FIRST if year == 1 else LAST if year == years else MIDDLE


@dataclass
class PriceBook:
    """Prices on one basis, each made once."""

    basis: CostBasis
    currency: str
    price_year: int
    tables: MoneyTables
    assumptions: AssumptionSet
    _made: dict[str, Traced] = field(default_factory=dict)
    _rates: dict[tuple[str, str], Traced] = field(default_factory=dict)

    def person(self, kind: str, nation: str, part: str) -> Traced:
        """Return the price of one person of a nation for a year."""
        rate = self._rate(kind, nation)
        if part not in (FIRST, ONLY):
            return rate
        presence = self._trace("cost.first_year_presence_share")
        name = f"{rate.name}.first-year"
        return self._keep(name, "A place in the force in its first year", "person", "{} * {}", rate, presence)

    def _rate(self, kind: str, nation: str) -> Traced:
        if (kind, nation) not in self._rates:
            self._rates[kind, nation] = person_year_rate(
                kind,
                self.basis,
                nation,
                currency=self.currency,
                price_year=self.price_year,
                tables=self.tables,
            )
        return self._rates[kind, nation]

    def thing(self, heading: Heading, part: str) -> Traced | None:
        """Return the price of one unit of a heading but people in a year; None where it costs nothing."""
        first, last = part in (FIRST, ONLY), part in (LAST, ONLY)
        match heading:
            case "posts" | "masts":
                return self._equipment(heading, first)
            case "drones":
                return self._drones(first)
            case "drone-services":
                return self._drone_service(first)
            case "lift-in":
                return self._price("UC040") if first else None
            case "lift-out":
                return self._price("UC040") if last else None
            case "camp":
                return self._camp() if first else None
            case "start-up":
                return self._start_up() if first else None
            case "sustainment":
                return self._sustainment(first)
        return None

    def built(self, heading: Heading) -> Traced:
        """Return the price of one post, mast or drone system, before it is run."""
        if heading == "drones":
            return self._price("UC063")
        if heading == "posts":
            share, price = self._trace("cost.post_of_position_share"), self._price("UC054")
        else:
            share, price = self._trace("cost.mast_km"), self._price("UC055")
        thing = heading.removesuffix("s")
        return self._keep(f"price.{thing}", f"One {thing}, built", thing, "{} * {}", share, price)

    def _equipment(self, heading: Heading, first: bool) -> Traced:
        return self._with_running(self.built(heading), heading.removesuffix("s"), first)

    def _with_running(self, built: Traced, thing: str, first: bool) -> Traced:
        running = self._trace("cost.equipment_running_share")
        if not first:
            name, label = f"price.{thing}.running", f"One {thing} for a year: repair, power and spares"
            return self._keep(name, label, thing, "{} * {}", built, running)
        presence = self._trace("cost.first_year_presence_share")
        name, label = f"price.{thing}.first-year", f"One {thing}, built and run for part of the first year"
        return self._keep(name, label, thing, "{} * (1 + {} * {})", built, running, presence)

    def _drones(self, first: bool) -> Traced:
        system, n_aircraft = self._price("UC063"), self._trace("cost.drone_system_aircraft")
        lost = self._keep(
            "price.drone.losses",
            "Aircraft lost by one system in a year",
            "orbit",
            "{} / {} * {} / {}",
            system,
            n_aircraft,
            self._trace("cost.drone_losses"),
            self._trace("cost.drone_systems_behind_losses"),
        )
        running = self._trace("cost.equipment_running_share")
        if not first:
            label = "One orbit for a year: aircraft lost, repair and spares"
            return self._keep("price.drone.running", label, "orbit", "{1} + {0} * {2}", system, lost, running)
        presence = self._trace("cost.first_year_presence_share")
        label = "One orbit in the first year: a system, and losses and repair while it is there"
        form = "{0} + {3} * ({1} + {0} * {2})"
        return self._keep("price.drone.first-year", label, "orbit", form, system, lost, running, presence)

    def _drone_service(self, first: bool) -> Traced:
        service = self._price("UC060")
        if not first:
            return service
        presence = self._trace("cost.first_year_presence_share")
        label = "One contracted drone service in the first year"
        return self._keep("price.drone-service.first-year", label, "service", "{} * {}", service, presence)

    def _camp(self) -> Traced:
        floor, bed = self._price("UC052"), self._price("UC050")
        share = self._trace("cost.camp_permanence_share")
        label = "A place in a camp, between field housing and barracks"
        return self._keep("price.camp", label, "person", "{0} + {2} * ({1} - {0})", floor, bed, share)

    def _start_up(self) -> Traced:
        american, british = self._price("UC041"), self._price("UC042")
        one = self._keep(
            "price.start-up.contractors",
            "Contractor support of the first months (Bosnia), for each person",
            "person",
            "{} / {}",
            american,
            self._trace("cost.contractor_support_people"),
        )
        two = self._keep(
            "price.start-up.preparation",
            "Preparation fund (United Kingdom), for each person",
            "person",
            "{} / {}",
            british,
            self._trace("cost.uk_prepared_people"),
        )
        ends = [one.value if one.low is None else one.low, one.value if one.high is None else one.high]
        return Traced(
            "price.start-up",
            (one.value + two.value) / 2,
            money_unit(self.currency, "person"),
            "Start-up for each person: mean of two published figures, range over both",
            "mean of the two; the range runs from the lowest to the highest",
            (one, two),
            low=min(*ends, two.value),
            high=max(*ends, two.value),
            evidence="computed",
        )

    def _sustainment(self, first: bool) -> Traced:
        floor = self._price("UC052")
        if not first:
            return floor
        presence = self._trace("cost.first_year_presence_share")
        label = "Housing and food of one person by contract in the first year: a floor"
        return self._keep("price.sustainment.first-year", label, "person", "{} * {}", floor, presence)

    def _price(self, key: str) -> Traced:
        if key not in self._made:
            self._made[key] = convert(find_cost(key).price, self.currency, self.price_year, self.tables)
        return self._made[key]

    def _trace(self, name: str) -> Traced:
        return self.assumptions.trace(name)

    def _keep(self, name: str, label: str, per: str, form: str, *parts: Traced) -> Traced:
        """Return a price by its formula, made once; `form` names the parts by their places."""
        if name not in self._made:
            text = form.format(*(part.name for part in parts))
            unit = money_unit(self.currency, per)
            whole = f"{label}, {self.currency} of {self.price_year}"
            self._made[name] = add_range(compute(name, whole, unit, text, parts))
        return self._made[name]


OUTLAYS: tuple[Heading, ...] = (
    "posts",
    "masts",
    "drones",
    "drone-services",
    "lift-in",
    "lift-out",
    "camp",
    "start-up",
)
"""Headings of things and services bought, in the order of `HEADINGS`."""
PER_PERSON: tuple[Heading, ...] = ("lift-in", "lift-out", "camp", "start-up", "sustainment")
"""Headings counted by people; the others by things."""
