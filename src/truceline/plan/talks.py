"""From agreements to forces: which conditions an agreement brings, who comes on them, and what stands then.

People; shares between 0 and 1. An agreement's terms bring conditions; conditions gate pledges. Votes of
parliaments are taken as given, so that what an agreement itself unlocks is seen, and that is said;
governments that were still open stay out. It puts parts together and reckons nothing new.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from truceline.errors import Problem, ProblemList, ScenarioError
from truceline.generation.cases import Case, list_assents
from truceline.generation.condition_book import ConditionBook
from truceline.generation.matching import settle_case, tasks_in
from truceline.generation.model import Basis, Requirement
from truceline.generation.outcomes import read_outcome
from truceline.generation.requirements import list_requirements
from truceline.generation.result import CaseResult, Generation
from truceline.generation.situation import Situation, read_situation
from truceline.generation.worth import fill_intelligence
from truceline.plan.basis import describe_basis
from truceline.plan.model import PosturePlan
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.load import PACKAGED_PLEDGES
from truceline.scenario.model import Contributors, Scenario, TalksOptions
from truceline.siting.problems import Progress
from truceline.talks.agreements import Agreement, check_conditions, read_agreements
from truceline.talks.make import TalksQuestion, hold_talks
from truceline.talks.register_reading import read_talks
from truceline.talks.result import Talks
from truceline.talks.sampling import check_samples
from truceline.trace import Traced


@dataclass(frozen=True, eq=False)
class AgreementForce:
    """What force an agreement leads to."""

    agreement: Agreement
    posture: str
    """Key of the posture with its mission; empty where no force comes, or the plan has no such posture."""
    posture_label: str
    needed: Traced | None
    """People of that posture, ``force.deployed``."""
    met: tuple[str, ...]
    """Conditions that its terms bring about."""
    votes: tuple[str, ...]
    """Votes that are taken as given beside them: parliaments, and governments that were not open."""
    result: CaseResult | None
    """Who comes and what is short; None where no force comes."""
    filled_share: float | None
    """People who come, as a share of those needed."""
    detect: float | None
    """Share of incidents detected by who comes; None without a map or for a posture not planned in full."""
    waiting: Mapping[str, tuple[str, ...]]
    """Contributors with an offer who do not come, each with the conditions it still waits for."""
    notes: tuple[str, ...]
    """Why there is no force, or what does not fit: a sentence each."""


@dataclass(frozen=True, eq=False)
class PlanTalks:
    """Talks on the plan's day, and the force behind each candidate agreement."""

    talks: Talks
    forces: tuple[AgreementForce, ...]
    """In the order of the agreements; empty where nothing is said of nations."""
    bases: tuple[Basis, ...]
    """What was asked about, by mission; the posture planned in full first."""

    @property
    def headlines(self) -> dict[str, Traced]:
        """Return the numbers that can be unfolded: talks, and people of each agreement."""
        found = dict(self.talks.headlines)
        for force in self.forces:
            if force.result is not None:
                found[force.result.people.name] = force.result.people
                found[force.result.supported.name] = force.result.supported
        return found


def ask_talks(
    options: TalksOptions,
    day: date,
    contributors: Contributors | None,
    bases: Sequence[Basis],
    assumptions: AssumptionSet,
    question: TalksQuestion | None = None,
    progress: Progress | None = None,
) -> PlanTalks:
    """Return talks on a day, and the force behind each agreement.

    Parameters
    ----------
    contributors
        What a scenario says of nations; None leaves forces out.
    bases
        From a plan, one for each mission it has a posture for; the one planned in full first.
    question
        What is asked; default what the options say.

    Raises
    ------
    TrucelineError
        TableError for tables that cannot be used, ScenarioError for a question that cannot be asked or
        conditions that contradict each other; each with all problems.
    """
    folder = None if options.folder == PACKAGED_PLEDGES else Path(options.folder)
    register = read_talks(folder)
    agreements = read_agreements(folder, register.issues, register.actors)
    asked = question or TalksQuestion(issues=options.together, samples=options.samples, seed=options.seed)
    talks = hold_talks(register, agreements, day, assumptions, asked, progress)
    forces: tuple[AgreementForce, ...] = ()
    if contributors is not None and bases:
        forces = _find_forces(agreements, day, contributors, bases, assumptions)
    return PlanTalks(talks, forces, tuple(bases))


def check_talks(scenario: Scenario) -> None:
    """Raise what would be raised after planning, which takes long: tables of talks that cannot be used."""
    if scenario.talks is not None:
        folder = None if scenario.talks.folder == PACKAGED_PLEDGES else Path(scenario.talks.folder)
        register = read_talks(folder)
        agreements = read_agreements(folder, register.issues, register.actors)
        unknown = [issue for issue in scenario.talks.together if issue not in register.issues]
        if unknown:
            known = f"one of {', '.join(register.issues)}"
            problems = [Problem(f"talks.together: {issue}", "is not an issue", known) for issue in unknown]
            raise ScenarioError(scenario.name, problems)
        if scenario.talks.samples:
            check_samples(scenario.talks.samples, scenario.talks.seed)
        if scenario.contributors is not None:
            mission = scenario.postures[scenario.posture].mission
            situation = read_situation(
                scenario.contributors, scenario.as_of, mission, scenario.assumptions, ()
            )
            check_agreements(agreements, situation.book)


def check_agreements(agreements: Sequence[Agreement], book: ConditionBook) -> None:
    """Refuse agreements whose conditions are not known, contradict each other or lack what they need.

    Raises TableError for the first, ScenarioError for the others; each with all problems.
    """
    check_conditions(agreements, book)
    problems = ProblemList()
    for agreement in agreements:
        for one, other in book.conflicts(agreement.meets):
            found = f"brings {one} and {other}, which cannot hold together"
            problems.add(f"agreement {agreement.key}", found, "change one of its terms")
        for key, need in book.missing_needs(agreement.meets):
            problems.add(f"agreement {agreement.key}", f"brings {key} without {need}", "add a term for it")
    problems.raise_if_any(ScenarioError, "agreements")


def list_bases(
    scenario: Scenario,
    planned: Mapping[str, PosturePlan],
    chosen: str,
    generation: Generation | None,
    length_m: float,
    n_sectors: int,
) -> list[Basis]:
    """Return what each planned posture hands to generation, the one planned in full first."""
    if generation is None:
        return []
    others = [
        describe_basis(scenario, one, length_m, n_sectors, None)
        for key, one in planned.items()
        if key != chosen
    ]
    return [generation.basis, *others]


def _find_forces(
    agreements: Sequence[Agreement],
    day: date,
    contributors: Contributors,
    bases: Sequence[Basis],
    assumptions: AssumptionSet,
) -> tuple[AgreementForce, ...]:
    by_mission: dict[str, _Mission] = {}
    for basis in bases:
        if basis.mission not in by_mission:
            by_mission[basis.mission] = _Mission(basis, contributors, day, assumptions)
    first = next(iter(by_mission.values()))
    check_agreements(agreements, first.situation.book)
    return tuple(_find_force(one, by_mission, assumptions, contributors) for one in agreements)


class _Mission:
    """What is known of nations for one mission."""

    def __init__(
        self, basis: Basis, contributors: Contributors, day: date, assumptions: AssumptionSet
    ) -> None:
        self.basis = basis
        self.requirements: tuple[Requirement, ...] = tuple(list_requirements(basis, assumptions))
        self.situation: Situation = read_situation(
            contributors, day, basis.mission, assumptions, self.requirements
        )


def _find_force(
    agreement: Agreement,
    by_mission: Mapping[str, _Mission],
    assumptions: AssumptionSet,
    contributors: Contributors,
) -> AgreementForce:
    met = tuple(sorted(agreement.meets))
    empty = AgreementForce(agreement, "", "", None, met, (), None, None, None, {}, ())
    if not agreement.mission:
        return replace(empty, notes=("no force comes: the sides watch themselves",))
    if agreement.mission not in by_mission:
        return replace(empty, notes=(f"the plan has no posture for {agreement.mission}",))
    asked = by_mission[agreement.mission]
    basis, situation = asked.basis, asked.situation
    votes = list_assents(situation.book, situation.stances, basis.mission) - agreement.bars
    case = Case(
        key=f"agreement-{agreement.key}",
        label=agreement.label,
        met=frozenset(met) | votes,
        sentence=f"{agreement.sentence} Every parliament agrees; governments that were open stay out.",
    )
    supplied = {task: share.value for task, share in contributors.supplied.items()}
    result = settle_case(
        case, situation, asked.requirements, basis, contributors.burden, assumptions, supplied
    )
    people, deployed = result.people.value, basis.deployed.value
    detect = None
    if basis.outcomes is not None and deployed > 0:
        offers = situation.offers_of(result.codes)
        filled = fill_intelligence(asked.requirements, offers, tasks_in(case.met), supplied, basis)
        detect = read_outcome(basis.outcomes, "detect", min(1.0, people / deployed), filled)
    return AgreementForce(
        agreement=agreement,
        posture=basis.posture,
        posture_label=basis.posture_label,
        needed=basis.deployed,
        met=met,
        votes=tuple(sorted(votes)),
        result=result,
        filled_share=people / deployed if deployed > 0 else None,
        detect=detect,
        waiting=_list_waiting(situation, case, result.codes),
        notes=(),
    )


def _list_waiting(situation: Situation, case: Case, codes: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return those with an offer of people who do not come, each with what its nearest way in still lacks."""
    held = set(case.met)
    met = {one.key for one in situation.book.composites() if len(set(one.members) & held) >= one.at_least}
    held |= met
    found = {}
    for code, gate in situation.gates.items():
        offer = situation.offers.get(code)
        if code in codes or not gate.may_come or offer is None or not offer.people.value > 0:
            continue
        lacking = sorted(
            (tuple(sorted(set(clause.requires) - held)) for clause in gate.clauses), key=_by_length
        )
        found[code] = lacking[0]
    return found


def _by_length(keys: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return len(keys), keys
