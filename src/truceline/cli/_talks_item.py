"""What `truceline talks` is asked about: tables of talks, and a plan where forces are asked for too.

Opens and checks, so that every slip is told before anything takes long; `truceline.talks` and
`truceline.plan.talks` compute. Without an item the talks stand alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from truceline.cli._generation_item import read_day
from truceline.cli._progress import Tell
from truceline.cli._talks_source import Source, TalksOptionsGiven, open_source
from truceline.errors import Problem, ProblemList, ScenarioError, TrucelineError

if TYPE_CHECKING:
    from truceline.generation.condition_book import ConditionBook
    from truceline.generation.model import Basis
    from truceline.plan.talks import PlanTalks
    from truceline.scenario.load import LoadedScenario
    from truceline.scenario.model import Contributors, Scenario, TalksOptions
    from truceline.talks.agreements import Agreement
    from truceline.talks.make import TalksQuestion
    from truceline.talks.model import Board
    from truceline.talks.register import TalksRegister
    from truceline.talks.seat_power import SeatPower

STAGES = ("positions", "samples", "agreements", "changes")
"""Stages of talks that are shown, after those of planning."""
PLANNING_STAGES = ("greedy", "bounds", "crossings", "people")
"""Stages of planning one posture."""
NO_ITEM = "No plan is named: with a scenario or a finished plan the force behind each agreement is told"
NO_NATIONS = "The plan says nothing of nations, so that the force behind each agreement is not known"
NO_POSTURE = "No posture is for the mission of any of these agreements"
_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class AskedTalks:
    """A question that can be answered."""

    source: Source
    register: TalksRegister
    day: date
    question: TalksQuestion
    shown: tuple[str, ...]
    """Keys of agreements that are shown in full; empty for all, in short."""
    give: tuple[str, ...]
    deny: tuple[str, ...]
    missions: tuple[str, ...]
    """What forces of the agreements are for."""

    @property
    def stages(self) -> list[str]:
        """Return the stages shown: those of planning where a scenario is planned, then those of talks."""
        if self.source.loaded is None:
            return list(STAGES)
        postures = _list_needed(self.source.loaded.scenario, self.missions)
        planning = [f"{key}: {stage}" for key in postures for stage in PLANNING_STAGES]
        return ["ground", *planning, *STAGES]


@dataclass(frozen=True, eq=False)
class FoundTalks:
    """The answer, with what its heading says."""

    title: str
    scenario: str
    options: TalksOptions
    made: PlanTalks
    shown: tuple[str, ...]
    seats: tuple[SeatPower, ...]
    asked_seats: bool
    unanswered: tuple[str, ...]
    """Issues with a wanted stretch on which no model can be asked."""
    book: ConditionBook | None
    """Conditions of pledges, for their labels; None where nothing is said of nations."""
    nations: Mapping[str, str]
    """Names of nations by code."""
    no_forces: str
    """Why no force stands behind any agreement; empty where forces were looked for."""
    warnings: tuple[Problem, ...] = field(default=())


def prepare_talks(given: TalksOptionsGiven) -> AskedTalks:
    """Return what is asked; raise TrucelineError with all that is wrong, before anything takes long."""
    from truceline.talks.make import TalksQuestion

    problems = ProblemList()
    as_of = read_day("--as-of", given.as_of, problems)
    since = read_day("--since", given.since, problems)
    _check_numbers(given, problems)
    source = _gather(lambda: open_source(given), problems)
    tables = None if source is None else _read_tables(source.options, problems)
    if source is None or tables is None:
        problems.raise_if_any(ScenarioError, "talks")
        raise AssertionError("what cannot be opened or read has a problem")
    register, agreements = tables
    day = as_of or source.as_of or _last_day(register)
    board = register.on(day)
    _check_names(given, board, agreements, problems)
    if since is not None and since >= day:
        problems.add(f"--since {since}", f"is not before {day}, the day asked about", "give an earlier day")
    problems.raise_if_any(ScenarioError, "talks")
    shown = tuple(dict.fromkeys(given.agreements))
    asked = [one for one in agreements if not shown or one.key in shown]
    missions = tuple(dict.fromkeys(one.mission for one in asked if one.mission))
    _check_scenario(source, missions, agreements)
    return AskedTalks(
        source=source,
        register=register,
        day=day,
        question=TalksQuestion(
            issues=tuple(dict.fromkeys(given.issues)) or source.options.together,
            since=since,
            want=given.want,
            samples=source.options.samples if given.samples is None else given.samples,
            seed=source.options.seed if given.seed is None else given.seed,
        ),
        shown=shown,
        give=given.give,
        deny=given.deny,
        missions=missions,
    )


def answer_talks(asked: AskedTalks, tell: Tell) -> FoundTalks:
    """Return the answer; plans the postures that forces of the agreements need, where a scenario is named."""
    from truceline.generation.situation import read_situation
    from truceline.plan.talks import ask_talks
    from truceline.talks.seat_power import change_seats

    source, contributors = asked.source, asked.source.contributors
    bases = source.bases
    warnings: tuple[Problem, ...] = ()
    if source.loaded is not None and contributors is not None:
        bases, warnings = _plan_bases(source.loaded, contributors, asked.missions, tell)
    assumptions = source.assumptions
    made = ask_talks(source.options, asked.day, contributors, bases, assumptions, asked.question, tell)
    board = made.talks.board
    seats = change_seats(board, asked.give, asked.deny, assumptions) if asked.give or asked.deny else ()
    book, nations = None, {}
    if contributors is not None and bases:
        situation = read_situation(contributors, asked.day, bases[0].mission, assumptions, ())
        book = situation.book
        nations = {code: nation.name for code, nation in situation.nations.items()}
    answered = {one.wanted.issue for one in made.talks.wanted}
    wanted = dict.fromkeys(text.partition("=")[0].strip() for text in asked.question.want)
    return FoundTalks(
        title=source.title,
        scenario=source.scenario,
        options=source.options,
        made=made,
        shown=asked.shown,
        seats=seats,
        asked_seats=bool(asked.give or asked.deny),
        unanswered=tuple(issue for issue in wanted if issue not in answered),
        book=book,
        nations=nations,
        no_forces=_say_no_forces(source, bases),
        warnings=(*warnings, *made.talks.warnings),
    )


def _say_no_forces(source: Source, bases: Sequence[Basis]) -> str:
    if bases:
        return ""
    if source.as_of is None:
        return NO_ITEM
    return NO_NATIONS if source.contributors is None else NO_POSTURE


def _check_numbers(given: TalksOptionsGiven, problems: ProblemList) -> None:
    """Note samples and a seed out of bounds, and statements of nations that are not there or not needed."""
    from truceline.talks.sampling import N_SAMPLES_MIN, check_samples

    _gather(lambda: check_samples(given.samples or N_SAMPLES_MIN, given.seed or 0), problems)
    if given.pledges is not None and given.item is None:
        problems.add("--pledges", "goes with an item", "name a scenario or a finished plan")
    elif given.pledges is not None and not given.pledges.is_file():
        found = "there is no such file"
        problems.add(f"--pledges {given.pledges}", found, "give a CSV file of dated statements")


def _read_tables(
    options: TalksOptions, problems: ProblemList
) -> tuple[TalksRegister, tuple[Agreement, ...]] | None:
    """Return the register and the agreements of a folder; None where one of its tables cannot be read."""
    from truceline.scenario.load import PACKAGED_PLEDGES
    from truceline.talks.agreements import read_agreements
    from truceline.talks.register_reading import read_talks

    folder = None if options.folder == PACKAGED_PLEDGES else Path(options.folder)
    register = _gather(lambda: read_talks(folder), problems)
    if register is None:
        return None
    agreements = _gather(lambda: read_agreements(folder, register.issues, register.actors), problems)
    return None if agreements is None else (register, agreements)


def _gather(ask: Callable[[], _T], problems: ProblemList) -> _T | None:
    """Return what is asked for; where it cannot be had its problems join the others."""
    try:
        return ask()
    except TrucelineError as error:
        problems.extend(error.problems or (Problem(error.title, "", ""),))
        return None


def _last_day(register: TalksRegister) -> date:
    """Return the last day of which the tables know anything."""
    days = [one.day for one in register.statements] + [one.day for one in register.standing_rows]
    return max(days)


def _check_names(
    given: TalksOptionsGiven, board: Board, agreements: Sequence[Agreement], problems: ProblemList
) -> None:
    """Note every issue, agreement and actor that there is none of, and stretches that are none."""
    from truceline.talks.register_rows import find_near
    from truceline.talks.seat_power import check_seats
    from truceline.talks.wanted import read_wanted

    for issue in given.issues:
        if issue not in board.issues:
            problems.add(f"--issue {issue}", "is not an issue", find_near(issue, board.issues))
    keys = [one.key for one in agreements]
    for key in given.agreements:
        if key not in keys:
            hint = find_near(key, keys) if keys else "the tables hold no agreements"
            problems.add(f"--agreement {key}", "is not an agreement", hint)
    for text in given.want:
        _gather(lambda text=text: read_wanted(text, board), problems)  # type: ignore[misc]
    _gather(lambda: check_seats(board, given.give, given.deny), problems)


def _check_scenario(source: Source, missions: Sequence[str], agreements: Sequence[Agreement]) -> None:
    """Raise what would be raised after planning, which takes long: conditions, pledges, their agreements."""
    from truceline.generation.situation import read_situation
    from truceline.plan.talks import check_agreements

    if source.contributors is None or source.as_of is None or not missions:
        return
    mission = missions[0]
    situation = read_situation(source.contributors, source.as_of, mission, source.assumptions, ())  # type: ignore[arg-type]
    check_agreements(agreements, situation.book)


def _list_needed(scenario: Scenario, missions: Sequence[str]) -> list[str]:
    """Return a posture for each mission: the scenario's own choice where it fits, else the first."""
    needed = []
    for mission in missions:
        fitting = [key for key, one in scenario.postures.items() if one.mission == mission]
        if fitting:
            needed.append(scenario.posture if scenario.posture in fitting else fitting[0])
    return sorted(needed, key=lambda key: key != scenario.posture)


def _plan_bases(
    loaded: LoadedScenario, contributors: Contributors, missions: Sequence[str], tell: Tell
) -> tuple[tuple[Basis, ...], tuple[Problem, ...]]:
    """Plan a posture for each mission that an agreement has a force for; return bases and warnings."""
    from truceline.generation.make import ASK_CASES
    from truceline.plan import make_plan
    from truceline.plan.talks import list_bases

    scenario = loaded.scenario
    needed = _list_needed(scenario, missions)
    if not needed:
        return (), ()
    asked: Mapping[str, object] = {
        "postures": {key: scenario.postures[key] for key in needed},
        "posture": needed[0],
        "contributors": contributors,
        "movement": None,
        "money": None,
        "talks": None,
    }
    copy = scenario.model_copy(update=dict(asked))
    made = make_plan(copy, provenance=loaded.provenance, progress=tell, question=ASK_CASES)
    n_sectors = 1 if made.ground is None else len(made.ground.sectors)
    bases = list_bases(copy, made.postures, made.chosen_key, made.generation, made.length_m, n_sectors)
    return tuple(bases), (*loaded.warnings, *made.warnings)
