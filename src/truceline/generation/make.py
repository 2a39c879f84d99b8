"""Who would come for a plan: a day's situation, cases matched, the backstop weighed, conditions unlocked.

People; units of capabilities; shares. It puts the steps together in order and gathers the numbers that can be
unfolded; each step is a file of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from truceline.errors import Problem, ProblemList, ScenarioError
from truceline.generation.allocation import BURDEN_RULES, BurdenRule
from truceline.generation.backstop import TASKS, BackstopRow, BackstopWorth, SweepPoint, sweep_worth
from truceline.generation.cases import Case, list_cases, vary_case
from truceline.generation.claim_inputs import ClaimPrices, gather_inputs
from truceline.generation.claims import ClaimScore, score_claims
from truceline.generation.matching import settle_case
from truceline.generation.model import Basis, Requirement
from truceline.generation.requirements import list_requirements
from truceline.generation.result import CaseResult, Generation
from truceline.generation.situation import Situation, read_situation
from truceline.generation.targets import Target, read_target, seek_target
from truceline.generation.unlock import Unlocking
from truceline.generation.worth import GUARANTEE, OFFERED, Deploying, compare_backstop, weigh_tasks
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.model import Contributors
from truceline.siting.problems import Progress
from truceline.trace import Traced

BASE_CASE, WHOLE_CASE = "no-backstop", "coalition"
"""Cases between which the backstop is weighed."""
TASKS_WANTED = "backstop.tasks_wanted"
"""How many material tasks a nation means by a backstop."""
STEPS_DOWN = (1.0, 0.75, 0.5, 0.25)
"""Shares of the plan's people that are sought, largest first, until one is within reach."""


@dataclass(frozen=True)
class Question:
    """What is asked of a situation; fields left alone take what the scenario says."""

    case: str = ""
    """Case shown in full."""
    meet: tuple[str, ...] = ()
    """Conditions to take as met beside those of the case."""
    unmeet: tuple[str, ...] = ()
    burden: str = ""
    target: str = ""
    """What conditions should unlock, as `targets.read_target` reads it; empty for the people of the plan."""
    backstop: bool = True
    """Whether to weigh the backstop, which takes longest."""
    unlock: bool = True
    claims: bool = True


ASK_ALL = Question()
ASK_CASES = Question(backstop=False, unlock=False, claims=False)
"""Who comes in each case, and nothing that takes long."""


def generate(
    basis: Basis,
    contributors: Contributors,
    day: date,
    assumptions: AssumptionSet,
    question: Question = ASK_ALL,
    progress: Progress | None = None,
    prices: ClaimPrices | None = None,
    deploying: Deploying | None = None,
) -> Generation:
    """Return who would come for a plan as things stood on `day`.

    Parameters
    ----------
    basis
        From a plan (`plan.basis.describe_basis`) or its document.
    contributors
        Register, conditions, burden rule and case of the scenario.
    progress
        Called with the stage (situation, cases, backstop, unlocking) and how far it is.
    prices
        What a person costs, for the claims about money; without it they are not testable.
    deploying
        How days are found, for the backstop's worth in days; without it they are left out.

    Raises
    ------
    TrucelineError
        TableError for a register or conditions that cannot be used, ScenarioError for a case, condition,
        burden rule, task or target that is none; each with all problems.
    """
    tell = progress or (lambda stage, share: None)
    burden = _check_question(contributors, question)
    tell("situation", 0.0)
    requirements = list_requirements(basis, assumptions)
    situation = read_situation(contributors, day, basis.mission, assumptions, requirements)
    supplied = {task: share.value for task, share in contributors.supplied.items()}
    tell("situation", 1.0)
    cases = {case.key: case for case in list_cases(situation.book, day, situation.stances, basis.mission)}
    shown = vary_case(
        _pick(cases, question.case or contributors.case),
        question.meet,
        question.unmeet,
        book=situation.book,
    )
    asked = dict(cases) if shown.key in cases else {**cases, shown.key: shown}
    results: dict[str, CaseResult] = {}
    for n, (key, case) in enumerate(asked.items()):
        tell("cases", n / len(asked))
        results[key] = settle_case(case, situation, requirements, basis, burden, assumptions, supplied)
    tell("cases", 1.0)
    rows = compare_backstop(requirements, situation, cases[WHOLE_CASE], basis)
    worth = None
    if question.backstop:
        worth = weigh_tasks(
            requirements,
            situation,
            basis,
            rows,
            cases[BASE_CASE],
            cases[WHOLE_CASE],
            burden,
            assumptions,
            supplied,
            lambda _, share: tell("backstop", share),
            deploying,
        )
    target: Target | None = None
    unlocking: tuple[Unlocking, ...] = ()
    if question.unlock:
        target, unlocking = _unlock(question.target, requirements, situation, basis, burden, tell)
    claims: tuple[ClaimScore, ...] = ()
    if question.claims:
        inputs = gather_inputs(basis, situation, requirements, results, rows, worth, assumptions, prices)
        claims = score_claims(inputs)
    return Generation(
        basis=basis,
        as_of=day,
        burden=burden,
        supplied=supplied,
        case_key=shown.key,
        stances=situation.stances,
        offers=situation.offers,
        gates=situation.gates,
        states=situation.states,
        book=situation.book,
        requirements=requirements,
        cases=results,
        backstop_rows=rows,
        backstop=worth,
        unlocking=unlocking,
        unlock_target=target.words if target is not None else "",
        claims=claims,
        headlines=_list_headlines(requirements, results, rows, worth),
        warnings=_warn(situation, results),
    )


def sweep_tasks_wanted(
    basis: Basis,
    contributors: Contributors,
    day: date,
    assumptions: AssumptionSet,
    progress: Progress | None = None,
) -> tuple[SweepPoint, ...]:
    """Return what the guarantee is worth in people on offer, by how many tasks nations mean by a backstop.

    Nobody has said how many (`backstop.tasks_wanted`), and no money buys a guarantee: so it is swept, not
    fixed. Every number of the assumption's range is tried. Raises as `generate`.
    """
    low, high = assumptions[TASKS_WANTED].bounds
    at = [float(n) for n in range(math.ceil(low), math.floor(high) + 1)]
    tell = progress or (lambda stage, share: None)

    def weigh(wanted: float) -> BackstopWorth:
        tell("sweep", at.index(wanted) / len(at))
        only = Question(unlock=False, claims=False)
        found = generate(basis, contributors, day, assumptions.replaced({TASKS_WANTED: wanted}), only)
        if found.backstop is None:
            raise AssertionError("the backstop was asked for")
        return found.backstop

    points = sweep_worth(at, weigh, GUARANTEE, OFFERED.key)
    tell("sweep", 1.0)
    return points


def _check_question(contributors: Contributors, question: Question) -> BurdenRule:
    """Return the burden rule asked for; refuse one that is none, and tasks that are none."""
    problems = ProblemList()
    burden = question.burden or contributors.burden
    if burden not in BURDEN_RULES:
        problems.add("burden", f"'{burden}' is not a rule", f"one of {', '.join(BURDEN_RULES)}")
    known = [task.key for task in TASKS if task.is_material]
    for task in contributors.supplied:
        if task not in known:
            problems.add(f"contributors.supplied.{task}", "is not a task", f"one of {', '.join(known)}")
    problems.raise_if_any(ScenarioError, "contributors")
    return next(rule for rule in BURDEN_RULES if rule == burden)


def _pick(cases: dict[str, Case], key: str) -> Case:
    if key not in cases:
        problem = Problem(f"case {key}", "is not a case", f"one of {', '.join(cases)}")
        raise ScenarioError("contributors", [problem])
    return cases[key]


def _unlock(
    text: str,
    requirements: Sequence[Requirement],
    situation: Situation,
    basis: Basis,
    burden: BurdenRule,
    tell: Progress,
) -> tuple[Target, tuple[Unlocking, ...]]:
    """Return what is sought, and its sets: each waiting for the others, and all signing together.

    Where nothing is asked, the people of the plan are sought, or the largest quarter of them within reach.
    """
    wanted = [text] if text else [f"people={100 * share:g}%" for share in STEPS_DOWN]
    for one in wanted:
        target = read_target(one, requirements, basis)
        found = tuple(
            seek_target(
                target,
                requirements,
                situation,
                basis,
                burden,
                joint=joint,
                progress=lambda _, share, joint=joint: tell("unlocking", (share + joint) / 2),  # type: ignore[misc]
            )
            for joint in (False, True)
        )
        if any(each.reachable for each in found):
            break
    tell("unlocking", 1.0)
    return target, found


def _list_headlines(
    requirements: Sequence[Requirement],
    results: dict[str, CaseResult],
    rows: Sequence[BackstopRow],
    worth: BackstopWorth | None,
) -> dict[str, Traced]:
    """Return every number of nations and backstop that can be unfolded, by name."""
    found: list[Traced] = []
    for result in results.values():
        found += [result.people, result.supported]
        for each in result.contributions:
            if each.endurance is not None and result.case.key == WHOLE_CASE:
                found += [each.endurance.traced, each.endurance.sustained]
                found += [each.endurance.breaks] if each.endurance.breaks is not None else []
    found += [each.need for each in requirements]
    for row in rows:
        found += [traced for traced in (row.gap, row.one_off, row.yearly) if traced is not None]
    if worth is not None:
        found += [worth.trace(task.key, measure.key) for task in worth.tasks for measure in worth.measures]
    headlines: dict[str, Traced] = {}
    for traced in found:
        headlines.setdefault(traced.name, traced)
    return headlines


def _warn(situation: Situation, results: dict[str, CaseResult]) -> tuple[Problem, ...]:
    """Return what a reader should know before using the numbers."""
    found = []
    if not situation.stances:
        found.append(
            Problem(
                "register",
                f"nobody had said anything by {situation.day}",
                "ask for a later day",
                warning=True,
            )
        )
    for key, result in results.items():
        if result.gap > 0:
            text = f"the allocation is proven within {result.gap:.2%} of the best"
            found.append(Problem(f"case {key}", text, "", warning=True))
    return tuple(found)
