"""What a force costs by task, capability, nation and year, on one basis of cost.

Money in one currency at constant prices of one year. The force that the plan needs is costed: what nobody
sends is a line of its own. People are paid at the rate of the basis; things, moves, camps and start-up come
from unit costs; what a rate already holds is not added again, and what is on another basis stands beside the
total. Aircraft, batteries and satellites that nations bring as units are not priced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from truceline.cost.bases import HELD, CostBasis, check_basis
from truceline.cost.inputs import (
    NOBODY,
    NOBODY_LABEL,
    Cell,
    CostInputs,
    Sender,
    gather_inputs,
    senders_of,
)
from truceline.cost.lines import Amount, CostLine, Heading, add_amounts, add_lines, group_lines
from truceline.cost.money import check_prices
from truceline.cost.money_tables import MoneyTables, read_money_tables
from truceline.cost.prices import OUTLAYS, PER_PERSON, ROWS, PriceBook, part_of_year
from truceline.cost.rates import Kind, list_bases, list_prices
from truceline.cost.unit_costs import find_cost
from truceline.errors import Problem, ScenarioError
from truceline.generation.formula import add_range, compute
from truceline.generation.model import Basis, Mission, TaskNeed
from truceline.generation.result import Generation
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.catalogue import load_catalogue
from truceline.trace import Traced

KIND_OF_MISSION: Mapping[Mission, Kind] = {
    "observation": "un-line",
    "interposition": "un-line",
    "reassurance": "reassurance",
}
"""Kind of force whose rate a mission takes, where none is asked for: our reading."""
YEARS_MAX = 50
"""Longest budget: beyond it constant prices say nothing."""
BESIDE = "outlay"
"""Basis written on lines that stand beside a total of reimbursement."""
NOTE_OURS = "rests on a size that nobody stated: the number is ours"
LEFT_OUT = (
    "aircraft, batteries, satellites and headquarters that nations bring as units: no price of use is known",
    "the host's own forces, its ground and its roads",
    "pay and pensions at home, where the basis leaves them out",
)
"""What no line of a budget holds."""


@dataclass(frozen=True)
class Budget:
    """A force costed on one basis."""

    basis: CostBasis
    kind: str
    currency: str
    price_year: int
    years: int
    lines: tuple[CostLine, ...]
    """What is summed: year, heading, task, capability, nation."""
    beside: tuple[CostLine, ...]
    """What is shown beside and never added: money on no basis of this budget."""
    held: Mapping[str, str]
    """Headings that the rate already holds, with the reason."""
    left_out: tuple[str, ...]
    total: Traced
    """``cost.total``: all years together."""
    by_year: tuple[Traced, ...]
    """``cost.y1`` and on."""
    nations: Mapping[str, Traced]
    """Bill of each nation over all years, ``cost.nation.<code>``; nobody's under the empty code."""
    names: Mapping[str, str]
    ours: frozenset[str]
    """Nations whose size nobody stated: their bill is marked and has a range."""
    headlines: Mapping[str, Traced]
    """Every number that can be unfolded, by name."""

    def by(self, what: str) -> dict[str, Amount]:
        """Return sums by ``year``, ``heading``, ``task``, ``capability`` or ``nation``.

        Those of nations have the range of what each may send; the others that of prices alone.
        """
        return group_lines(self.lines, lambda line: str(getattr(line, what)), sent=what == "nation")

    def total_of(self, **wanted: str | int) -> Amount:
        """Return the sum of the lines whose fields are as wanted, for example ``nation="GBR", year=1``."""
        lines = [
            line for line in self.lines if all(getattr(line, key) == value for key, value in wanted.items())
        ]
        return add_lines(lines, sent="nation" in wanted)


def cost_force(
    basis: Basis,
    generation: Generation | None = None,
    counts: Mapping[str, float] | None = None,
    *,
    cost_basis: str = "full",
    price_year: int = 2025,
    currency: str = "EUR",
    years: int = 3,
    kind: str = "",
    case: str = "",
    tables: MoneyTables | None = None,
    assumptions: AssumptionSet | None = None,
) -> Budget:
    """Return the budget of a plan's force, shared among those who send it.

    Parameters
    ----------
    generation
        Who comes; None leaves the whole force to nobody.
    counts
        Things bought (`inputs.THINGS`) where they differ from what the tasks count.
    kind
        Kind of force whose rate per person-year is taken; empty for that of the mission.
    case
        Case of the generation; empty for the one it shows.

    Raises
    ------
    ScenarioError
        For inputs that are none, a basis on which nobody published the rate, a missing rate or index.
    """
    return cost_tasks(
        basis.tasks,
        () if generation is None else senders_of(generation, case),
        counts,
        cost_basis=cost_basis,
        price_year=price_year,
        currency=currency,
        years=years,
        kind=kind or KIND_OF_MISSION[basis.mission],
        tables=tables,
        assumptions=assumptions,
    )


def cost_tasks(
    tasks: Sequence[TaskNeed],
    senders: Sequence[Sender] = (),
    counts: Mapping[str, float] | None = None,
    *,
    cost_basis: str = "full",
    price_year: int = 2025,
    currency: str = "EUR",
    years: int = 3,
    kind: str = "un-line",
    tables: MoneyTables | None = None,
    assumptions: AssumptionSet | None = None,
) -> Budget:
    """Return a budget from plain inputs: people by task, who sends them, things bought. See `cost_force`."""
    known = check_basis(cost_basis)
    if not 1 <= years <= YEARS_MAX:
        problem = Problem("years", f"{years} is not a length of a budget", f"write 1 to {YEARS_MAX}")
        raise ScenarioError("cost", [problem])
    records = load_catalogue() if assumptions is None else assumptions
    inputs = gather_inputs(tasks, senders, counts, records)
    money = read_money_tables() if tables is None else tables
    prices = [*list_prices(kind, known), *(find_cost(row).price for row in ROWS)]
    check_prices(prices, currency, price_year, money)
    book = PriceBook(known, currency, price_year, money, records)
    build = _Build(inputs, book, kind, years)
    build.run()
    return build.finish()


def cost_each_basis(
    tasks: Sequence[TaskNeed],
    senders: Sequence[Sender] = (),
    counts: Mapping[str, float] | None = None,
    *,
    kind: str = "un-line",
    price_year: int = 2025,
    currency: str = "EUR",
    years: int = 3,
    tables: MoneyTables | None = None,
    assumptions: AssumptionSet | None = None,
) -> dict[CostBasis, Budget]:
    """Return a budget on every basis that somebody published for a kind of force: to stand side by side."""
    return {
        basis: cost_tasks(
            tasks,
            senders,
            counts,
            cost_basis=basis,
            price_year=price_year,
            currency=currency,
            years=years,
            kind=kind,
            tables=tables,
            assumptions=assumptions,
        )
        for basis in list_bases(kind)
    }


def add_budgets(budgets: Iterable[Budget]) -> Amount:
    """Return the sum of several budgets; raises ScenarioError when they differ in basis, currency or year."""
    return add_lines(line for budget in budgets for line in budget.lines)


class _Build:
    """Lines and trees of one budget, made together so that they cannot differ."""

    def __init__(self, inputs: CostInputs, book: PriceBook, kind: str, years: int) -> None:
        self.inputs, self.book, self.kind, self.years = inputs, book, kind, years
        self.lines: list[CostLine] = []
        self.beside: list[CostLine] = []
        self.trees: dict[str, Traced] = {}
        self.year_trees: list[Traced] = []

    def run(self) -> None:
        """Make the lines and the tree of every year."""
        sums_things = self.book.basis != "reimbursement"
        for year in range(1, self.years + 1):
            start = len(self.lines)
            parts = [self._people(year)]
            for heading in OUTLAYS:
                tree = self._outlay(year, heading, self.lines if sums_things else self.beside)
                if tree is not None and sums_things:
                    parts.append(tree)
            if "sustainment" not in HELD[self.book.basis]:
                self._outlay(year, "sustainment", self.beside)
            if sums_things:
                parts.append(self._contingency(year, parts, self.lines[start:]))
            name = f"cost.y{year}"
            formula = " + ".join(part.name for part in parts)
            self._add_year(compute(name, self._label(f"Year {year}"), self.book.currency, formula, parts))

    def _add_year(self, tree: Traced) -> None:
        ranged = add_range(tree)
        self.year_trees.append(ranged)
        self.trees[ranged.name] = ranged

    def _people(self, year: int) -> Traced:
        part = part_of_year(year, self.years)
        count: dict[str, float] = {}
        prices: dict[str, Traced] = {}
        for cell in self.inputs.cells:
            price = self.book.person(self.kind, cell.nation, part)
            prices[price.name] = price
            count[price.name] = count.get(price.name, 0.0) + cell.people
            self._add(self.lines, year, "people", cell, price)
        quantities = {
            name: self._quantity(f"cost.places{'' if len(count) == 1 else f'.{n}'}", count[name], "person")
            for n, name in enumerate(count, 1)
        }
        formula = " + ".join(f"{quantities[name].name} * {name}" for name in count)
        parts = [each for name in count for each in (quantities[name], prices[name])]
        return self._tree(year, "people", "People", formula, parts)

    def _outlay(self, year: int, heading: Heading, where: list[CostLine]) -> Traced | None:
        price = self.book.thing(heading, part_of_year(year, self.years))
        if price is None:
            return None
        n_units = 0.0
        if heading in PER_PERSON:
            for cell in self.inputs.cells:
                n_units += cell.people
                self._add(where, year, heading, cell, price)
        else:
            for purchase in self.inputs.purchases:
                if purchase.thing == heading:
                    n_units += purchase.count
                    for cell in self.inputs.cells:
                        if cell.task == purchase.task:
                            self._add(where, year, heading, cell, price, purchase.count)
        if not n_units > 0:
            return None
        per = "person" if heading in PER_PERSON else heading.removesuffix("s")
        quantity = self._quantity("cost.places" if per == "person" else f"cost.{heading}", n_units, per)
        return self._tree(year, heading, heading, f"{quantity.name} * {price.name}", [quantity, price])

    def _contingency(self, year: int, parts: Sequence[Traced], lines: Sequence[CostLine]) -> Traced:
        share = self.book.assumptions.trace("cost.contingency_share")
        low = share.value if share.low is None else share.low
        high = share.value if share.high is None else share.high
        groups: dict[tuple[str, str, str], list[CostLine]] = {}
        for line in lines:
            groups.setdefault((line.task, line.capability, line.nation), []).append(line)
        for (task, capability, nation), group in groups.items():
            amount, sent = (
                add_amounts(each) for each in ([line.amount for line in group], [line.sent for line in group])
            )
            amount, sent = (
                Amount(share.value * each.value, low * each.low, high * each.high, each.ours)
                for each in (amount, sent)
            )
            self.lines.append(self._line(year, "contingency", task, capability, nation, amount, sent))
        formula = f"{share.name} * ({' + '.join(part.name for part in parts)})"
        return self._tree(year, "contingency", "Contingency", formula, [share, *parts])

    def _add(
        self,
        where: list[CostLine],
        year: int,
        heading: Heading,
        cell: Cell,
        price: Traced,
        count: float | None = None,
    ) -> None:
        """Add the line of a cell: its people, or its share of `count` things, at a price."""
        if count is None:
            units, fewest, most = cell.people, cell.fewest, cell.most
        else:
            units, fewest, most = (count * each for each in (cell.share, cell.share_low, cell.share_high))
        if not most > 0:
            return
        low = price.value if price.low is None else price.low
        high = price.value if price.high is None else price.high
        amount = Amount(units * price.value, units * low, units * high)
        sent = Amount(units * price.value, fewest * low, most * high, cell.ours)
        basis = self.book.basis if where is self.lines else BESIDE
        where.append(self._line(year, heading, cell.task, cell.capability, cell.nation, amount, sent, basis))

    def _line(
        self,
        year: int,
        heading: Heading,
        task: str,
        capability: str,
        nation: str,
        amount: Amount,
        sent: Amount,
        basis: str = "",
    ) -> CostLine:
        word, currency, price_year = basis or self.book.basis, self.book.currency, self.book.price_year
        return CostLine(year, heading, task, capability, nation, amount, sent, word, currency, price_year)

    def _tree(self, year: int, heading: str, what: str, formula: str, parts: Sequence[Traced]) -> Traced:
        name, label = f"cost.y{year}.{heading}", self._label(f"{what.capitalize()}, year {year}")
        tree = add_range(compute(name, label, self.book.currency, formula, parts))
        self.trees[name] = tree
        return tree

    def _quantity(self, name: str, value: float, unit: str) -> Traced:
        labels = {"person": "People in the force", "post": "Manned posts", "mast": "Unattended masts"}
        return Traced(name, value, unit, labels.get(unit, f"Number of: {unit}"), evidence="computed")

    def _label(self, what: str) -> str:
        return f"{what}: {self.book.basis} cost, {self.book.currency} of {self.book.price_year}"

    def finish(self) -> Budget:
        """Return the budget of the lines and trees made."""
        formula = " + ".join(tree.name for tree in self.year_trees)
        label = self._label(f"Cost of the force over {self.years} year{'s' if self.years > 1 else ''}")
        total = add_range(compute("cost.total", label, self.book.currency, formula, self.year_trees))
        self.trees[total.name] = total
        nations = self._nations()
        for tree in nations.values():
            self.trees[tree.name] = tree
        return Budget(
            basis=self.book.basis,
            kind=self.kind,
            currency=self.book.currency,
            price_year=self.book.price_year,
            years=self.years,
            lines=tuple(self.lines),
            beside=tuple(self.beside),
            held=dict(HELD[self.book.basis]),
            left_out=LEFT_OUT,
            total=total,
            by_year=tuple(self.year_trees),
            nations=nations,
            names={code: self._name(code) for code in nations},
            ours=frozenset(c for c, sender in self.inputs.senders.items() if sender.basis == "ours"),
            headlines=dict(self.trees),
        )

    def _name(self, code: str) -> str:
        return NOBODY_LABEL if code == NOBODY else self.inputs.senders[code].name

    def _nations(self) -> dict[str, Traced]:
        """Return the bill of each nation as a tree over its headings, largest bill first, nobody's last."""
        found: dict[str, Traced] = {}
        for code in dict.fromkeys(line.nation for line in self.lines):
            own = [line for line in self.lines if line.nation == code]
            stem = f"cost.nation.{code or 'nobody'}"
            ours = add_amounts(line.sent for line in own).ours
            note = NOTE_OURS if ours else ""
            parts = [
                Traced(
                    f"{stem}.{heading}",
                    amount.value,
                    self.book.currency,
                    f"{self._name(code)}: {heading}, all years",
                    f"its part of the units times the price of each; see cost.y1.{heading}",
                    low=amount.low,
                    high=amount.high,
                    evidence="judgement" if ours else "computed",
                    note=note,
                )
                for heading, amount in group_lines(own, lambda line: line.heading, sent=True).items()
            ]
            label = self._label(f"{self._name(code)}: bill over all years")
            formula = " + ".join(part.name for part in parts)
            found[code] = add_range(compute(stem, label, self.book.currency, formula, parts, note=note))
        order = sorted(found, key=lambda code: (code == NOBODY, -found[code].value, code))
        return {code: found[code] for code in order}
