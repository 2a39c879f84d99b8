"""What `truceline cost` is asked about: a scenario, which is planned first, or a finished plan.

Opens and checks; `truceline.plan.money` prices. Options take the place of what the scenario or the plan says
about money, one by one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, get_args

from truceline.cli._generation_item import Asked, check_asked, is_plan, open_item
from truceline.cli._progress import Tell
from truceline.errors import OutputError, Problem, ProblemList, ScenarioError

if TYPE_CHECKING:
    from truceline.generation.model import TaskNeed
    from truceline.generation.result import Generation
    from truceline.plan.cost_frontier import CostFrontier
    from truceline.plan.money import PlanMoney, PreparedMoney
    from truceline.publish.document import PlanDocument
    from truceline.scenario.assumption import AssumptionSet
    from truceline.scenario.model import Money

_FILES = ("own_shares", "rates", "indices")
_BASIS_HINT = "bases are never added: ask for one, the others are printed beside it"


@dataclass(frozen=True)
class AskedMoney:
    """What the command asks: of which item, and which options take the place of the item's own."""

    about: Asked
    options: Mapping[str, Any]
    """Fields of `Money` that were given."""


@dataclass(frozen=True, eq=False)
class Costed:
    """The answer, with what its heading says."""

    title: str
    scenario: str
    posture: str
    posture_label: str
    as_of: date
    money: PlanMoney
    warnings: tuple[Problem, ...]


def check_cost(
    item: str, posture: str | None, as_of: str | None, case: str | None, options: Mapping[str, Any]
) -> AskedMoney:
    """Return what is asked; raise ScenarioError with all that can be seen before the item is opened."""
    problems, about = ProblemList(), Asked(item)
    try:
        about = check_asked("cost", item, posture=posture, as_of=as_of, case=case)
    except ScenarioError as error:
        problems.extend(error.problems)
    given = {key: value for key, value in options.items() if value is not None}
    _check_options(given, problems)
    problems.raise_if_any(ScenarioError, "cost")
    if "own_shares" in given:
        given.setdefault("share", "own")
    return AskedMoney(about, {key: v.resolve() if key in _FILES else v for key, v in given.items()})


def _check_options(given: Mapping[str, Any], problems: ProblemList) -> None:
    from truceline.scenario.model import CostBasisName, Money, PayRuleName

    kinds = [kind for kind in get_args(Money.model_fields["kind"].annotation) if kind]
    for key, known, hint in (
        ("basis", get_args(CostBasisName), _BASIS_HINT),
        ("kind", kinds, ""),
        ("share", get_args(PayRuleName), ""),
    ):
        if key in given and given[key] not in known:
            more = f"; {hint}" if hint else ""
            found = f"'{str(given[key])[:40]}' is not one"
            problems.add(f"--{key}", found, f"choose among {', '.join(known)}{more}")
    if "currency" in given and not re.fullmatch("[A-Z]{3}", given["currency"]):
        found = f"'{given['currency'][:20]}' is not a currency"
        problems.add("--currency", found, "write three capital letters, such as GBP")
    for key, option, low, high in (("price_year", "--price-year", 1950, 2100), ("years", "--years", 1, 10)):
        if key in given and not low <= given[key] <= high:
            problems.add(option, f"{given[key]} is out of range", f"write {low} to {high}")
    for key in _FILES:
        if key in given and not given[key].is_file():
            option = f"--{key.replace('_', '-')} {given[key]}"
            problems.add(option, "there is no such file", "give a CSV file")
    if "own_shares" in given and given.get("share", "own") in ("as-sent", "gdp-share", "un-scale"):
        problems.add("--own-shares", f"goes with --share own, not {given['share']}", "leave one of them out")


def open_costed(asked: AskedMoney, tell: Tell) -> Costed:
    """Return the item costed: read back from its folder, or planned from its scenario.

    Raises TrucelineError with what is wrong with the item, its tables or what is asked.
    """
    return _read(asked, tell) if is_plan(asked.about.item) else _make(asked, tell)


def _merge(own: Money | None, options: Mapping[str, Any]) -> Money:
    """Return what the item says about money with the options in its place."""
    from truceline.scenario.model import Money

    money = (own or Money()).model_copy(update=dict(options))
    if options.get("share") == "own" and money.own_shares is None:
        hint = "give --own-shares FILE, with the columns code and share"
        raise ScenarioError("cost", [Problem("--share own", "has no shares", hint)])
    return money


def _make(asked: AskedMoney, tell: Tell) -> Costed:
    """Plan the posture asked about; what is wrong with money is said before, not after."""
    from truceline.generation.make import ASK_CASES
    from truceline.plan import make_plan
    from truceline.plan.money import prepare_money
    from truceline.scenario.load import read_scenario

    about = asked.about
    loaded = read_scenario(about.item)
    scenario, money = loaded.scenario, _merge(loaded.scenario.money, asked.options)
    posture = scenario.postures.get(about.posture or scenario.posture)
    if posture is not None:  # planning says at once where it is none
        prepare_money(money, posture.mission)
    if scenario.contributors is None and about.case:
        hint = "add `contributors: {pledges: ukraine-2025}` to it, or leave the case out"
        problem = Problem(f"--case {about.case}", "needs nations: the scenario has no `contributors`", hint)
        raise ScenarioError(scenario.name, [problem])
    scenario = scenario.model_copy(update={"money": money, "as_of": about.as_of or scenario.as_of})

    def tell_stage(stage: str, share: float) -> None:
        tell(stage.rpartition(": ")[2], share)

    made = make_plan(
        scenario,
        posture=about.posture,
        provenance=loaded.provenance,
        progress=tell_stage,
        only_chosen=True,
        question=replace(ASK_CASES, case=about.case or ""),
    )
    if made.money is None:
        raise AssertionError("a scenario that asks about money is costed")
    return Costed(
        title=scenario.title,
        scenario=scenario.name,
        posture=made.chosen_key,
        posture_label=made.chosen.label,
        as_of=scenario.as_of,
        money=made.money,
        warnings=(*loaded.warnings, *made.warnings),
    )


def _read(asked: AskedMoney, tell: Tell) -> Costed:
    """Read a finished plan, ask its nations for the day and case, and price it."""
    from truceline.generation.make import ASK_CASES, generate
    from truceline.plan.money import price_force
    from truceline.publish.read import read_document
    from truceline.scenario.catalogue import load_catalogue

    about = asked.about
    document = read_document(about.item)
    key = about.posture or document.posture
    tasks, day = _tasks_without_nations(document, key, about), about.as_of
    generation: Generation | None = None
    assumptions: AssumptionSet | None = None
    if document.generation is not None:
        item = open_item(about, tell)
        tasks, assumptions, day = item.basis.tasks, item.assumptions, about.as_of or item.as_of
        question = replace(ASK_CASES, case=about.case or "")
        prepared = _prepare(document, asked, key)
        generation = generate(item.basis, item.contributors, day, item.assumptions, question, tell)
    else:
        prepared = _prepare(document, asked, key)
    tell("money", 0.5)
    records = assumptions or load_catalogue()
    frontier = _read_frontier(document, prepared, key, records)
    money = price_force(tasks, prepared, records, generation=generation, frontier=frontier)
    tell("money", 1.0)
    return Costed(
        title=document.scenario["title"],
        scenario=document.scenario["name"],
        posture=key,
        posture_label=document.postures[key].label,
        as_of=day or date.fromisoformat(document.scenario["as_of"]),
        money=money,
        warnings=(*(generation.warnings if generation is not None else ()), *money.warnings),
    )


def _tasks_without_nations(document: PlanDocument, key: str, about: Asked) -> tuple[TaskNeed, ...]:
    """Return the tasks of a posture of a finished plan."""
    from truceline.generation.model import TaskNeed

    if key not in document.postures:
        known = ", ".join(document.postures)
        raise OutputError("cost", [Problem(f"--posture {key}", "is not in this plan", f"one of {known}")])
    if document.generation is None and about.case:
        hint = "make the plan again from a scenario with contributors, or leave the case out"
        found = "needs nations, and this plan has nothing about them"
        raise OutputError("cost", [Problem(f"--case {about.case}", found, hint)])
    return tuple(
        TaskNeed(task.key, task.group, task.task, task.count, task.unit, task.people)
        for task in document.postures[key].tasks
    )


def _prepare(document: PlanDocument, asked: AskedMoney, key: str) -> PreparedMoney:
    """Return what is asked of a finished plan: its own answer's terms, with the options in their place."""
    from truceline.plan.money import prepare_money
    from truceline.scenario.model import Money

    record, options = document.money, dict(asked.options)
    mission = document.postures[key].mission
    if record is None:
        return prepare_money(_merge(None, options), mission)
    if record.own_tables and not {"rates", "indices"} & set(options):
        found = "was costed with rates or indices of its user, which a plan does not keep"
        hint = "give them: --rates FILE or --indices FILE"
        raise OutputError("cost", [Problem(asked.about.item, found, hint)])
    kept = {"basis", "price_year", "currency", "years"}
    own = Money.model_validate(record.model_dump(include=kept | {"kind"}))
    if options.get("share") == "own" and "own_shares" not in options and record.share != "own":
        _merge(None, options)  # says that there are no shares
    own = own.model_copy(update={"share": record.share, **options})
    return prepare_money(own, mission, record.own_shares)


def _read_frontier(
    document: PlanDocument, prepared: PreparedMoney, key: str, assumptions: AssumptionSet
) -> CostFrontier | None:
    """Return the curves of a finished plan at the prices asked: its postures are not chosen again."""
    from truceline.cost.exchange import PostureCount
    from truceline.plan.cost_frontier import price_points

    record = document.money
    if record is None or record.posture != key or not record.frontier or prepared.basis == "reimbursement":
        return None
    points = [
        (one.chosen_by, PostureCount(one.people, one.posts, one.masts, one.orbits, one.detect))
        for one in record.frontier
    ]
    asked = prepared.asked
    same = (record.basis, record.kind, record.currency, record.price_year) == (
        prepared.basis,
        prepared.kind,
        asked.currency,
        asked.price_year,
    )
    found = price_points(points, prepared.pricing(assumptions))
    return replace(found, gap=record.frontier_gap) if same else found
