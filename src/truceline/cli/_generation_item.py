"""What `generate`, `backstop` and `unlock` are asked about: a scenario, planned first, or a finished plan.

Opens and checks; `truceline.generation` computes.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from truceline.cli._progress import Tell
from truceline.errors import OutputError, Problem, ProblemList, ScenarioError

if TYPE_CHECKING:
    from truceline.generation.model import Basis, PlannedPosture
    from truceline.plan.date_questions import DateQuestion
    from truceline.publish.document import PlanDocument
    from truceline.publish.generation_record import GenerationRecord
    from truceline.scenario.assumption import AssumptionSet
    from truceline.scenario.model import Contributors, Scenario

POSTURE_STAGES = ("greedy", "bounds", "crossings", "people", "intelligence")
"""Stages of planning one posture."""


@dataclass(frozen=True)
class Asked:
    """What a command asks, checked as far as that is possible without reading the item."""

    item: str
    posture: str | None = None
    as_of: date | None = None
    """Day asked about; None for the day of the scenario."""
    since: date | None = None
    case: str | None = None
    meet: tuple[str, ...] = ()
    unmeet: tuple[str, ...] = ()
    burden: str | None = None
    pledges: Path | None = None
    target: str = ""


@dataclass(frozen=True, eq=False)
class Item:
    """A plan that can be asked who would come, with what its scenario says about nations."""

    title: str
    basis: Basis
    contributors: Contributors
    assumptions: AssumptionSet
    as_of: date
    """Day of the scenario."""
    warnings: tuple[Problem, ...] = field(default=())
    dates: DateQuestion | None = None
    """What it asks about movement; None where it asks nothing, or on a network that is not in its folder."""


def check_asked(
    command: str,
    item: str,
    *,
    posture: str | None,
    as_of: str | None,
    since: str | None = None,
    case: str | None = None,
    meet: Sequence[str] | None = None,
    unmeet: Sequence[str] | None = None,
    burden: str | None = None,
    pledges: Path | None = None,
    target: str = "",
) -> Asked:
    """Return what is asked, or raise ScenarioError with everything that is wrong with the options."""
    from truceline.scenario.model import BurdenName, CaseName

    problems = ProblemList()
    day, first = read_day("--as-of", as_of, problems), read_day("--since", since, problems)
    if day is not None and first is not None and first >= day:
        problems.add(f"--since {since}", f"is not before --as-of {as_of}", "give the earlier day as --since")
    _check_name("--case", case, get_args(CaseName), problems)
    _check_name("--burden", burden, get_args(BurdenName), problems)
    both = sorted(set(meet or ()) & set(unmeet or ()))
    for name in both:
        problems.add(f"--meet {name}", "is also given as --unmeet", "keep one of the two")
    if pledges is not None and not pledges.is_file():
        problems.add(f"--pledges {pledges}", "there is no such file", "give a CSV file of dated statements")
    if target:
        _check_target(target, problems)
    problems.raise_if_any(ScenarioError, command)
    return Asked(
        item=item,
        posture=posture,
        as_of=day,
        since=first,
        case=case,
        meet=tuple(meet or ()),
        unmeet=tuple(unmeet or ()),
        burden=burden,
        pledges=pledges,
        target=target,
    )


def list_stages(asked: Asked, stages: Sequence[str]) -> list[str]:
    """Return the stages shown for a question: those of planning where a scenario is named, then `stages`."""
    if is_plan(asked.item):
        return ["read", *stages]
    planning = ("ground", *POSTURE_STAGES)
    return [*planning, *stages]


def is_plan(item: str) -> bool:
    """Tell whether an item is meant as a finished plan rather than as a scenario."""
    path = Path(item)
    return path.is_dir() or path.name == "plan.json"


def open_item(asked: Asked, tell: Tell, *, every_posture: bool = False) -> Item:
    """Return the plan asked about: read back from its folder, or made from its scenario.

    every_posture: plan all postures of a scenario, not only the one asked about.

    Raises TrucelineError with what is wrong with the item, and what else it could be.
    """
    if is_plan(asked.item):
        return _read_plan(asked)
    return _make_plan(asked, every_posture, tell)


def _make_plan(asked: Asked, every_posture: bool, tell: Tell) -> Item:
    """Plan the posture asked about; what is wrong with pledges or conditions is said before, not after."""
    from truceline.generation.make import ASK_CASES
    from truceline.plan import make_plan
    from truceline.plan.date_questions import question_of
    from truceline.scenario.load import read_scenario

    loaded = read_scenario(asked.item)
    scenario = loaded.scenario
    contributors = _choose_contributors(scenario.name, scenario.contributors, asked)
    movement = scenario.movement
    scenario = scenario.model_copy(update={"contributors": contributors, "movement": None, "money": None})
    _check_nations(scenario, contributors, asked)

    def tell_stage(stage: str, share: float) -> None:
        tell(stage.rpartition(": ")[2], share)

    made = make_plan(
        scenario,
        posture=asked.posture,
        provenance=loaded.provenance,
        progress=tell_stage,
        only_chosen=not every_posture,
        question=ASK_CASES,
    )
    if made.generation is None:
        raise AssertionError("a scenario with contributors is asked about nations")
    return Item(
        title=scenario.title,
        basis=made.generation.basis,
        contributors=contributors,
        assumptions=made.assumptions,
        as_of=scenario.as_of,
        warnings=(*loaded.warnings, *made.warnings),
        dates=None if movement is None else question_of(movement),
    )


def _check_nations(scenario: Scenario, contributors: Contributors, asked: Asked) -> None:
    """Raise what would be raised after planning, which takes long: tables, the case and its conditions."""
    from truceline.generation.cases import list_cases, vary_case
    from truceline.generation.situation import read_situation

    posture = scenario.postures.get(asked.posture or scenario.posture)
    if posture is None:
        return  # planning says so at once
    day = asked.as_of or scenario.as_of
    situation = read_situation(contributors, day, posture.mission, scenario.assumptions, ())
    cases = {case.key: case for case in list_cases(situation.book, day, situation.stances)}
    vary_case(cases[asked.case or contributors.case], asked.meet, asked.unmeet, book=situation.book)


def _choose_contributors(name: str, contributors: Contributors | None, asked: Asked) -> Contributors:
    """Return what a scenario says of nations, with the pledges asked about in place of its own."""
    from truceline.scenario.model import Contributors

    if asked.pledges is not None:
        pledges = asked.pledges.resolve()
        if contributors is None:
            return Contributors(pledges=pledges)
        return contributors.model_copy(update={"pledges": pledges})
    if contributors is None:
        found = "says nothing of nations: it has no `contributors`"
        hint = "add `contributors: {pledges: ukraine-2025}` to it, or give --pledges FILE"
        raise ScenarioError(name, [Problem("contributors", found, hint)])
    return contributors


def read_day(option: str, text: str | None, problems: ProblemList) -> date | None:
    """Return the day that an option names, or None where it is not given or wrong (then noted)."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.add(f"{option} {text}", "is not a date", "write it as 2025-09-05")
        return None


def _check_target(target: str, problems: ProblemList) -> None:
    """Note a target on nothing that can be a target; its number is read later, beside the plan."""
    from truceline.generation.capabilities import read_capabilities

    measure, sign, _ = (part.strip() for part in target.partition("="))
    if not sign:
        problems.add(f"--target {target}", "is not a target", "write people=10000, detect=0.5 or fill=0.8")
        return
    known = ("people", "detect", "fill", *(f"fill.{each.key}" for each in read_capabilities()))
    _check_name("--target", measure, known, problems)


def _check_name(option: str, name: str | None, known: Sequence[str], problems: ProblemList) -> None:
    if name is None or name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(known)}"
    problems.add(f"{option} {name}", "is not known", hint)


def _read_plan(asked: Asked) -> Item:
    """Read back what a finished plan hands to generation, and what it assumed."""
    from truceline.publish.basis_reading import basis_of_document
    from truceline.publish.dates_record import question_of_record
    from truceline.publish.read import read_document
    from truceline.scenario.assumption import Assumption
    from truceline.scenario.load import PACKAGED_PLEDGES
    from truceline.scenario.model import CaseName, Contributors

    document = read_document(asked.item)
    basis, record = basis_of_document(document, asked.posture), document.generation
    if record is None:
        raise AssertionError("a document without nations has no basis either")
    contributors = Contributors(pledges=PACKAGED_PLEDGES)
    if asked.pledges is not None:
        contributors = contributors.model_copy(update={"pledges": asked.pledges.resolve()})
    _refuse_other_tables(asked.item, record, asked.pledges is not None)
    case = record.case if record.case in get_args(CaseName) else contributors.case
    return Item(
        title=document.scenario["title"],
        basis=replace(basis, postures=_read_postures(document)),
        contributors=contributors.model_copy(
            update={
                "case": case,
                "burden": record.burden,
                "supplied": {task: Assumption(value=v, unit="1") for task, v in record.supplied.items()},
            }
        ),
        assumptions=_read_assumptions(document),
        as_of=date.fromisoformat(record.as_of),
        dates=question_of_record(document.dates),
    )


def _refuse_other_tables(item: str, record: GenerationRecord, own_pledges: bool) -> None:
    """Refuse a plan made with tables other than the packaged ones: it would answer for others.

    own_pledges: the statements come from a file that is given, and need not be the plan's.
    """
    from truceline.generation.conditions import read_conditions
    from truceline.generation.nations import read_nations
    from truceline.generation.register import read_register

    day, nations = date.fromisoformat(record.as_of), read_nations()
    book = read_conditions(nations={code: nation.name for code, nation in nations.items()})
    made_of_others = {one.key for one in book.composites()}
    states = {key: state for key, state in book.states(day).items() if key not in made_of_others}
    if states != {one.key: one.state for one in record.conditions if one.key not in made_of_others}:
        found = "was made with conditions other than the packaged ones"
        raise OutputError("plan", [Problem(item, found, "ask its scenario instead of the folder")])
    packaged = read_register(known_nations=tuple(nations), known_conditions=book).on(day)
    ours = {(code, stance.latest.pledge_id, stance.latest.date) for code, stance in packaged.items()}
    theirs = {(pledge.code, pledge.pledge_id, pledge.date) for pledge in record.pledges}
    if ours != theirs and not own_pledges:
        found = "was made with statements other than the packaged ones"
        raise OutputError("plan", [Problem(item, found, "give its register: --pledges FILE")])


def _read_postures(document: PlanDocument) -> tuple[PlannedPosture, ...]:
    """Return every posture that was planned, for the claims about strength."""
    from truceline.generation.model import PlannedPosture
    from truceline.publish.record import traced_from_document

    found = []
    for key, posture in document.postures.items():
        heads = {str(tree.get("name")): tree for tree in posture.headlines}
        if "force.deployed" in heads:
            deployed, seen = traced_from_document(heads["force.deployed"]), heads.get("watch.detect")
            detect = None if seen is None else traced_from_document(seen).value
            found.append(PlannedPosture(key, posture.label, posture.mission, deployed, detect))
    return tuple(found)


def _read_assumptions(document: PlanDocument) -> AssumptionSet:
    """Return what a finished plan assumed; what it does not name is the catalogue's."""
    from pydantic import ValidationError

    from truceline.publish.record import traced_from_document
    from truceline.scenario.assumption import Assumption, AssumptionSet, Source
    from truceline.scenario.catalogue import load_catalogue

    records, problems = dict(load_catalogue()), ProblemList()
    for tree in document.assumptions:
        leaf = traced_from_document(tree)
        if leaf.name in records and records[leaf.name].trace(leaf.name) == leaf:
            continue
        try:
            records[leaf.name] = Assumption.model_validate(
                {
                    "value": leaf.value,
                    "unit": leaf.unit,
                    "low": leaf.low,
                    "high": leaf.high,
                    "label": leaf.label,
                    "evidence": leaf.evidence or "stated",
                    "source": Source(title=leaf.source) if leaf.source else None,
                    "note": leaf.note,
                }
            )
        except ValidationError:
            problems.add(f"assumption {leaf.name}", "cannot be read back", "make the plan again")
    problems.raise_if_any(OutputError, "plan")
    return AssumptionSet(records)
