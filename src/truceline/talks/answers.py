"""Models side by side: where each puts the outcome of one issue, and of several at once.

The plain weighted mean and median come first, always. Every other model is a way to think, with its own
assumptions; they disagree, and none has a record of forecasting that the mean does not match. Cycles, ties
and models that do not settle are said with the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from truceline.talks.averages import average_positions, find_median
from truceline.talks.challenge import ChallengeResult, Variant, measure_spread_of_ties, run_challenge
from truceline.talks.condorcet import Election, elect, find_strength
from truceline.talks.core import find_core
from truceline.talks.equal_gain import exchange_positions, spread_of_ties
from truceline.talks.model import MOST_POWER, IssueTable, JointTable
from truceline.talks.spatial import SpatialTurn, take_turn

Kind = Literal["plain", "model"]


@dataclass(frozen=True)
class Model:
    """A way to get from positions to an outcome."""

    key: str
    label: str
    kind: Kind
    sentence: str
    """What it assumes, for a reader."""
    source: str
    joint: bool = False
    """Whether it looks at several issues at once."""
    is_sampled: bool = True
    """Whether it is asked for every draw of the coded numbers."""
    unsettled_word: str = "unsettled"
    """What a draw is in which it has no answer that stands: unsettled, empty, circle."""


MODELS: tuple[Model, ...] = (
    Model(
        "mean",
        "Weighted mean",
        "plain",
        "Everybody gives way in proportion: positions weighted by salience times power",
        "compromise model: Van den Bos 1991; Achen 2006",
    ),
    Model(
        "median",
        "Weighted median",
        "plain",
        "No majority of weight would move from it",
        "Black 1948",
    ),
    Model(
        "core",
        "Core under quota and vetoes",
        "model",
        "Held positions that no coalition with the quota and every veto would overturn",
        "Gillies 1959; Nakamura 1979",
        unsettled_word="empty",
    ),
    Model(
        "conditional",
        "Condorcet election, conditional",
        "model",
        "Positions meet in pairs, strength decides with chance; the one that wins all its pairs",
        "Wise, Lester and Efird 2015",
    ),
    Model(
        "markov-uniform",
        "Condorcet election, even challenges",
        "model",
        "The same, as the long-run shares where each position is challenged evenly",
        "Wise, Lester and Efird 2015",
    ),
    Model(
        "markov-incentive",
        "Condorcet election, challenges by incentive",
        "model",
        "The same, where those challenge most who have most to gain",
        "Wise, Lester and Efird 2015",
    ),
    Model(
        "challenge",
        "Challenge model, as in the paper",
        "model",
        "Actors confront, give way to or meet each other, round by round, by what they expect of it",
        "Scholz, Calbert and Smith 2011, after Bueno de Mesquita",
    ),
    Model(
        "challenge-code",
        "Challenge model, as in the published code",
        "model",
        "The same with the published code's chance of success, over all pairs instead of the pair's own; "
        "asked once and not of every reading, for it hardly ever settles",
        "Scholz, Calbert and Smith 2011, after Bueno de Mesquita",
        is_sampled=False,  # its spread would be that of where it was stopped
    ),
    Model(
        "spatial",
        "Spatial model, first turn",
        "model",
        "Bundles over all issues are elected; who fares badly takes risks",
        "Wise, Lester and Efird 2015",
        joint=True,
        unsettled_word="circle",
    ),
    Model(
        "exchange",
        "Exchange of positions, equal gain",
        "model",
        "Pairs trade support across issues where both gain alike; then the weighted mean",
        "Stokman and Van Oosten 1994",
        joint=True,
    ),
)
"""Every model, the plain ones first."""
BY_KEY = {model.key: model for model in MODELS}
ELECTED = ("conditional", "markov-uniform", "markov-incentive")
CHALLENGES: dict[str, Variant] = {"challenge": "paper", "challenge-code": "scholz_code"}
N_TIE_SEEDS = 5
"""Seeds (0, 1, ...) with which ties are broken at random, beside the stated rules."""


Mark = Literal["cycle", "not settled", "tie", "empty", "not unique"]
"""What a reader must know of an answer before anything else, in a word or two."""


@dataclass(frozen=True)
class Note:
    """Something to know of an answer, as a sentence."""

    text: str
    mark: Mark | None = None
    """The same in a word or two; None where it does not change how the value is to be read."""


@dataclass(frozen=True)
class Answer:
    """Where one model puts the outcome of one issue."""

    model: str
    issue: str
    value: float | None
    """On the issue's scale; None where the model gives a stretch alone, or nothing."""
    low: float | None = None
    """Lower end of a stretch that the model leaves open: core, tie, cycle, spread over tie-breaks."""
    high: float | None = None
    told: tuple[Note, ...] = ()
    """Cycles, ties, what did not settle, and how the answer came about."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what is told, a sentence each."""
        return tuple(note.text for note in self.told)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Return what a reader must know first, each word once."""
        return tuple(dict.fromkeys(note.mark for note in self.told if note.mark is not None))

    @property
    def has_spread(self) -> bool:
        """Tell whether the model leaves a stretch open."""
        return self.low is not None and self.high is not None and self.high > self.low


def answer_issue(table: IssueTable) -> tuple[Answer, ...]:
    """Return what each model of one issue says of it, in the order of MODELS.

    Where the challenge model meets ties its spread over the rules that break them is in the answer.
    """
    key, weight = table.issue.key, table.weight
    median = find_median(table.position, weight)
    even = Note("the weight is divided evenly: the lower of the two positions is taken", "tie")
    found = [
        Answer("mean", key, average_positions(table.position, weight)),
        Answer("median", key, median.value, median.low, median.high, (even,) if median.is_tie else ()),
        _answer_core(table),
    ]
    election, held = elect_positions(table)
    notes = _tell_election(election, held)
    found += [
        Answer(model, key, value, told=notes)
        for model, value in zip(ELECTED, read_election(election, held), strict=True)
    ]
    found += [_answer_challenge(model, table) for model in CHALLENGES]
    return tuple(found)


def answer_jointly(table: JointTable, names: Mapping[str, str] | None = None) -> tuple[Answer, ...]:
    """Return what the models of several issues say of each of them, model by model.

    names: of actors by key, for the notes; keys stand in for those that are not there.
    """
    turn = take_turn(table.position, table.salience, share_power(table), table.span)
    whose = _name_proposals(table, turn, names or {})
    notes = [Note(f"the proposal with the largest share is that of {whose[turn.leading]}")]
    if turn.has_majority_cycle:
        around = "; ".join(whose[option] for option in turn.majority_top)
        notes.append(Note(f"majorities of power run in a circle over the proposals of {around}", "cycle"))
    found = [
        Answer("spatial", issue.key, float(value), told=tuple(notes))
        for issue, value in zip(table.issues, turn.mean, strict=True)
    ]
    scaled = table.position / table.span
    traded = exchange_positions(scaled, table.salience, table.power)
    low, high = spread_of_ties(scaled, table.salience, table.power, seeds=tuple(range(N_TIE_SEEDS)))
    n = len(traded.exchanges)
    notes = [Note(f"{n:,} exchange{'s' * (n != 1)} of {traded.n_potential:,} possible at the start")]
    if traded.n_ties:
        told = f"{_say_times(traded.n_ties)} several were equally good: {traded.tie_rule}"
        notes.append(Note(told, "tie"))
    if traded.ended == "limit":
        notes.append(Note("stopped before nothing was left to exchange", "not settled"))
    found += [
        Answer(
            "exchange",
            issue.key,
            float(traded.outcome_end[k] * issue.span),
            float(low[k] * issue.span),
            float(high[k] * issue.span),
            tuple(notes),
        )
        for k, issue in enumerate(table.issues)
    ]
    return tuple(found)


def _name_proposals(table: JointTable, turn: SpatialTurn, names: Mapping[str, str]) -> list[str]:
    """Return who makes each proposal."""
    called = [names.get(actor, actor) for actor in table.actors]
    return [
        " and ".join(called[i] for i in np.flatnonzero(turn.proposal_of == option))
        for option in range(len(turn.proposals))
    ]


def elect_positions(table: IssueTable) -> tuple[Election, np.ndarray]:
    """Return the election of the held positions of one issue, and those positions ascending.

    An actor's gain from one position over another is how much nearer it lies, as a share of the scale.
    """
    held = np.unique(table.position)
    utility = -np.abs(table.position[:, None] - held[None, :]) / table.issue.span
    return elect(find_strength(utility, table.weight)), held


def read_election(election: Election, held: np.ndarray) -> tuple[float, float, float]:
    """Return the mean of held positions by the shares of each concept, in the order of ELECTED."""
    shares = (election.conditional, election.markov_uniform, election.markov_incentive)
    conditional, uniform, incentive = (float(share @ held) for share in shares)
    return conditional, uniform, incentive


def share_power(table: JointTable) -> np.ndarray:
    """Return one power (n,) an actor, for models that know one: the mean over issues, a share of the most."""
    return np.asarray(table.power.mean(axis=1) / MOST_POWER)


def _answer_core(table: IssueTable) -> Answer:
    key = table.issue.key
    core = find_core(table.position, table.weight, table.quota, table.veto)
    if core is None:
        empty = Note("no held position stands: each can be overturned", "empty")
        return Answer("core", key, None, told=(empty,))
    value = core.low if core.low == core.high else None
    return Answer("core", key, value, core.low, core.high)


def _tell_election(election: Election, held: np.ndarray) -> tuple[Note, ...]:
    notes: list[Note] = []
    if election.has_cycle:
        around = ", ".join(f"{held[option]:g}" for option in election.top_cycle)
        notes.append(Note(f"no position beats or ties with every other: a cycle of {around}", "cycle"))
    if election.n_ties:
        notes.append(Note(f"{election.n_ties:,} pairs of positions are equally strong", "tie"))
    if not election.is_unique:
        notes.append(Note("more than one long-run answer: the one from an even start", "not unique"))
    return tuple(notes)


def _answer_challenge(model: str, table: IssueTable) -> Answer:
    variant = CHALLENGES[model]
    salience = table.salience / MOST_POWER
    run = run_challenge(table.position, salience, table.power, variant=variant)
    low, high = run.outcome
    if run.n_ties:
        spread = measure_spread_of_ties(
            table.position, salience, table.power, variant=variant, n_seeds=N_TIE_SEEDS
        )
        low, high = min(low, spread.low), max(high, spread.high)
    settled = None if run.ended == "cycle" else float(run.condorcet_position[-1])
    return Answer(model, table.issue.key, settled, low, high, _tell_challenge(run))


def _tell_challenge(run: ChallengeResult) -> tuple[Note, ...]:
    rounds = len(run.positions) - 1
    if run.ended == "cycle":
        told = f"does not settle: positions of round {run.cycle_from} come back every {run.cycle_length}"
        notes = [Note(told, "cycle")]
    elif run.ended == "rounds":
        notes = [Note(f"has not settled after {rounds} rounds", "not settled")]
    else:
        notes = [Note(f"settles after {rounds} round{'s' * (rounds != 1)}")]
    if run.n_ties:
        told = f"{_say_times(run.n_ties)} two offers were equally good: the lower position is taken"
        notes.append(Note(told, "tie"))
    return tuple(notes)


def _say_times(n: int) -> str:
    return "once" if n == 1 else f"{n:,} times"
