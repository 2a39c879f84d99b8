"""Put talks together: what was known on a day, every model, the spread of the coding, seats, agreements.

Each step is a file of its own; this one asks them in order and gathers the numbers that can be unfolded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from truceline.errors import Problem, ProblemList, ScenarioError
from truceline.scenario.assumption import AssumptionSet
from truceline.talks.acceptance import weigh_agreements
from truceline.talks.agreements import Agreement
from truceline.talks.answers import BY_KEY, Answer, answer_issue, answer_jointly
from truceline.talks.model import Board, JointTable
from truceline.talks.moves import compare_boards
from truceline.talks.register import TalksRegister
from truceline.talks.register_rows import find_near
from truceline.talks.result import Talks
from truceline.talks.sampling import N_SAMPLES, Sampled, check_samples, draw_codings, sample_answers
from truceline.talks.seats import measure_board_power, seat_outcomes, seat_shifts
from truceline.talks.tables import lay_out_issue, lay_out_issues, name_power
from truceline.talks.trades import list_trades
from truceline.talks.wanted import find_needed_changes, read_wanted
from truceline.trace import Traced

Progress = Callable[[str, float], None]
OUTSIDE_BAND = (
    "the coded values themselves give an answer outside the 80 % band of the draws: ranges lean to one side, "
    "and equal positions come apart when each is drawn"
)
"""Note of an answer that few draws come near to."""
STAGES = ("positions", "samples", "agreements", "changes")
"""Stages that are told, in order."""


@dataclass(frozen=True)
class TalksQuestion:
    """What is asked of the talks; fields left alone ask what everybody asks."""

    issues: tuple[str, ...] = ()
    """Issues that the models of several issues look at; empty for all on which two actors or more spoke."""
    since: date | None = None
    """Earlier day with which the day is compared."""
    want: tuple[str, ...] = ()
    """Stretches that outcomes should enter, as `wanted.read_wanted` reads them."""
    samples: int = N_SAMPLES
    """Draws of all coded numbers; 0 for none."""
    seed: int = 1


ASK = TalksQuestion()


def hold_talks(
    register: TalksRegister,
    agreements: Sequence[Agreement],
    day: date,
    assumptions: AssumptionSet,
    question: TalksQuestion = ASK,
    progress: Progress | None = None,
) -> Talks:
    """Return everything said about talks as things stood on a day.

    progress: told the stage (STAGES) and how far it is; may raise KeyboardInterrupt.

    Raises
    ------
    ScenarioError
        With every problem of the question: an unknown issue, a stretch that is none, an earlier day that is
        not earlier, samples out of bounds.
    """
    tell = progress or (lambda stage, share: None)
    tell("positions", 0.0)
    board = register.on(day)
    joint_issues = _check(question, board, day)
    answers, joint = _answer(board, joint_issues)
    joint_actors = () if joint is None else joint.actors
    tell("positions", 1.0)
    draws = sampled = None
    if question.samples:
        points = [point for one in agreements for point in one.points.values()]
        draws = draw_codings(board, question.samples, question.seed, points)
        sampled = sample_answers(board, joint_issues, draws, tell)
    tell("agreements", 0.0)
    receptions = weigh_agreements(board, agreements, draws)
    tell("changes", 0.0)
    wanted = [find_needed_changes(board, read_wanted(text, board)) for text in question.want]
    since = register.on(question.since) if question.since is not None else None
    voting = {issue: measure_board_power(board, issue) for issue in board.issues}
    tell("changes", 1.0)
    return Talks(
        board=board,
        joint_issues=joint_issues,
        joint_actors=joint_actors,
        answers=answers,
        trading=None if joint is None else list_trades(joint),
        sampled=sampled,
        seated=tuple(one for issue in board.issues for one in seat_outcomes(board, issue, assumptions)),
        seat_shifts=tuple(one for issue in board.issues for one in seat_shifts(board, issue, assumptions)),
        voting={issue: one for issue, one in voting.items() if one is not None},
        moves=None if since is None else compare_boards(since, board),
        since=since,
        wanted=tuple(one for one in wanted if one is not None),
        receptions=receptions,
        headlines=_list_headlines(board, agreements, answers, sampled),
        warnings=_warn(board, joint_issues, joint_actors),
    )


def _check(question: TalksQuestion, board: Board, day: date) -> tuple[str, ...]:
    """Return the issues looked at together; refuse what cannot be asked, all of it at once."""
    problems = ProblemList()
    for issue in dict.fromkeys(question.issues):
        if issue not in board.issues:
            problems.add(f"--issue {issue}", "is not an issue", find_near(issue, board.issues))
    if question.since is not None and question.since >= day:
        problems.add(f"--since {question.since}", f"is not before {day}", "give an earlier day")
    for text in question.want:
        try:
            read_wanted(text, board)
        except ScenarioError as error:
            for one in error.problems:
                problems.add(one.where, one.found, one.hint)
    if question.samples:
        try:
            check_samples(question.samples, question.seed)
        except ScenarioError as error:
            for one in error.problems:
                problems.add(one.where, one.found, one.hint)
    problems.raise_if_any(ScenarioError, "talks")
    spoken = tuple(issue for issue in board.issues if len(board.speakers(issue)) > 1)
    return tuple(dict.fromkeys(question.issues)) or spoken


def _answer(board: Board, joint_issues: Sequence[str]) -> tuple[tuple[Answer, ...], JointTable | None]:
    found: list[Answer] = []
    for issue in board.issues:
        table = lay_out_issue(board, issue)
        if table is not None:
            found += answer_issue(table)
    joint = lay_out_issues(board, joint_issues)
    if joint is not None:
        found += answer_jointly(joint, {key: actor.name for key, actor in board.actors.items()})
    order = {issue: n for n, issue in enumerate(board.issues)}
    models = list(BY_KEY)
    found.sort(key=lambda one: (order[one.issue], models.index(one.model)))
    return tuple(found), joint


def _list_headlines(
    board: Board, agreements: Sequence[Agreement], answers: Sequence[Answer], sampled: Sampled | None
) -> dict[str, Traced]:
    """Return every number that can be unfolded: answers down to codings, points of agreements."""
    codings = board.codings()
    found: dict[str, Traced] = {}
    for answer in answers:
        if answer.value is None:
            continue
        issue, model = board.issues[answer.issue], BY_KEY[answer.model]
        spread = sampled.spreads.get((answer.issue, answer.model)) if sampled is not None else None
        name = f"talks.{answer.model}.{answer.issue}"
        is_in = spread is None or spread.band.low <= answer.value <= spread.band.high
        found[name] = Traced(
            name=name,
            value=answer.value,
            unit=issue.unit or "1",
            label=f"{model.label}: {issue.label}",
            formula=model.sentence,
            parts=_parts(board, answer.issue) if not model.joint else (),
            low=None if spread is None else spread.band.low,
            high=None if spread is None else spread.band.high,
            evidence="computed",
            source=model.source,
            note="; ".join((*answer.notes, *(() if is_in else (OUTSIDE_BAND,)), "no forecast")),
        )
    found |= codings
    for agreement in agreements:
        found |= {point.name: point for point in agreement.points.values()}
    return found


def _parts(board: Board, issue: str) -> tuple[Traced, ...]:
    """Return the coded numbers under the answers of one issue."""
    codings = board.codings()
    parts: list[Traced] = []
    for actor in board.speakers(issue):
        place = board.places[actor, issue]
        parts += [place.position, place.salience, codings[name_power(issue, actor)]]
    return tuple(parts)


def _warn(board: Board, joint_issues: Sequence[str], joint_actors: Sequence[str]) -> tuple[Problem, ...]:
    """Return what a reader should know before using the numbers."""
    found = []
    for key, issue in board.issues.items():
        speakers = board.speakers(key)
        if len(speakers) < 2:
            who = f"only {speakers[0]} has" if speakers else "nobody has"
            text = f"{who} spoken by {board.day}: no model can be asked"
            found.append(Problem(f"talks: {issue.label}", text, "ask for a later day", warning=True))
        elif lay_out_issue(board, key) is None:
            text = f"nobody who had spoken by {board.day} has both salience and power: no model can be asked"
            found.append(Problem(f"talks: {issue.label}", text, "say who cares and who weighs", warning=True))
        for actor in board.silent[key]:
            standing = board.standings.get((actor, key))
            if standing is not None and standing.veto:
                text = f"{board.actors[actor].name} can stop it and had said nothing by {board.day}"
                hint = "whether it would is not known; absent is not neutral"
                found.append(Problem(f"talks: {issue.label}", text, hint, warning=True))
    if len(joint_issues) == 1:
        text = f"one issue alone, {joint_issues[0]}: the models of several issues have nothing to look at"
        found.append(Problem("talks: several issues", text, "ask about two or more", warning=True))
    if len(joint_issues) > 1 and len(joint_actors) < 2:
        text = f"fewer than two actors had spoken on all {len(joint_issues)} issues by {board.day}"
        found.append(Problem("talks: several issues", text, "ask about fewer with --issue", warning=True))
    return tuple(found)
