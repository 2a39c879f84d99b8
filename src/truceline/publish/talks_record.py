"""The record of plan.json about talks: positions, models side by side, voting power, agreements, forces.

Positions are on the scale of their issue; salience and power run from 0 to 100; shares are between 0 and 1.
Every coded number is ours (the grade of a judgement) and has its range. Shares of readings are shares of
draws of our codings, never chances of anything. Shapes only; `talks_recording` fills them.
"""

from __future__ import annotations

from typing import Any, Literal

from truceline.publish.basis_record import BasisRecord
from truceline.publish.record import Record


class CodedRecord(Record):
    """A coded number with its range: ours, whatever it rests on."""

    low: float
    value: float
    high: float


class TalksActorRecord(Record):
    """Somebody who wants something of the talks."""

    key: str
    name: str
    kind: str
    nation: str
    """Code in the table of nations; empty for others."""


class ScaleMarkRecord(Record):
    """A value on a scale and its meaning."""

    value: float
    means: str


class IssueRecord(Record):
    """Something that is contested, with its scale."""

    key: str
    label: str
    question: str
    low_end: float
    high_end: float
    unit: str
    """Empty for a scale that is ours."""
    low_means: str
    high_means: str
    marks: list[ScaleMarkRecord]
    quota: CodedRecord
    """Share of the weight that an outcome needs."""
    reference: CodedRecord
    """Where things lie if nothing is agreed."""


class PlaceRecord(Record):
    """Where one actor stands on one issue, and the statement that says so."""

    actor: str
    issue: str
    position: CodedRecord
    salience: CodedRecord
    seat: str
    power: CodedRecord
    veto: bool
    statement: str
    """Id in the table of positions."""
    speaker: str
    role: str
    date: str
    """As known: a year, a month or a day."""
    text: str
    coding: str
    """Why these numbers."""
    joint: bool
    """Whether it speaks for several actors."""
    source: str
    url: str
    confidence: str


class StandingRecord(Record):
    """What one actor may do on one issue, whether it has spoken or not."""

    actor: str
    issue: str
    seat: str
    power: CodedRecord
    veto: bool
    seat_why: str
    power_why: str
    veto_why: str
    """What says so, with its date and source; empty where nothing does, which counts as no veto."""


class ShareOfSpreadRecord(Record):
    """A coded number and its part of a spread."""

    name: str
    label: str
    share: float


class AnswerRecord(Record):
    """Where one model puts the outcome of one issue."""

    model: str
    label: str
    plain: bool
    """Whether it is one of the two plain ones, which stand first."""
    issue: str
    value: float | None
    """Null where the model gives a stretch alone, or nothing."""
    low: float | None
    """Lower end of a stretch that the model leaves open: core, tie, cycle, spread over tie-breaks."""
    high: float | None
    notes: list[str]
    """Cycles, ties and what did not settle."""
    p10: float | None
    """A tenth of the readings give less; null without draws, or where the model has no single value."""
    p50: float | None
    p90: float | None
    drivers: list[ShareOfSpreadRecord]
    """Codings that carry most of the spread."""
    unsettled_share: float | None
    """Readings in which the model cycles, does not settle or finds no winner of all pairs."""


class CoreRecord(Record):
    """The core over all readings."""

    issue: str
    empty_share: float
    """Readings in which nothing stands."""
    low_p10: float | None
    low_p50: float | None
    low_p90: float | None
    high_p10: float | None
    high_p50: float | None
    high_p90: float | None


class SeatedOutcomeRecord(Record):
    """Mean and median of one issue for those who count."""

    issue: str
    table: Literal["everybody", "as-seated", "parties"]
    actors: list[str]
    mean: float | None
    median: float | None


class SeatShiftRecord(Record):
    """What giving or denying one actor a seat does to one issue, the others as seated."""

    actor: str
    issue: str
    seat: str
    mean_denied: float | None
    mean_given: float | None
    shift: float | None
    """Mean with the seat less the mean without."""
    median_denied: float | None
    median_given: float | None


class PlayerRecord(Record):
    """One player's voting power."""

    actor: str
    weight: float
    veto: bool
    banzhaf: float
    shapley_shubik: float


class VotingRecord(Record):
    """Voting power on one issue under weights, quota and vetoes: the rule, not what anybody wants."""

    issue: str
    quota: float
    vetoes: list[str]
    blockers: list[str]
    """Players in every winning coalition, by veto or by weight."""
    n_winning: str
    """Winning coalitions, as digits: there may be more than a number can hold."""
    n_minimal: str
    method: str
    players: list[PlayerRecord]


class TermRecord(Record):
    """One clause of an agreement."""

    key: str
    kind: str
    label: str
    asks: list[str]
    """Actors without whose yes it cannot be."""
    meets: list[str]
    """Conditions that it brings about."""
    bars: list[str]
    note: str


class VerdictRecord(Record):
    """What one actor makes of one agreement."""

    actor: str
    word: str
    """accepts, leans to yes, leans to no, rejects or silent."""
    issues: list[str]
    """Issues it has spoken on that the agreement settles."""
    gain: float
    """Balance over them, -1 to 1."""
    gains: dict[str, float]
    accepts: bool
    """At the coded values."""
    accepts_share: float | None
    """Readings in which it accepts; null without draws or where it is silent."""
    vetoes: list[str]
    blocks_on: list[str]
    asked_by: list[str]
    """Terms that cannot be without its yes."""
    refuses: list[str]
    """Those of them to which it does not give it."""
    blocks_share: float | None


class BackingRecord(Record):
    """Weight behind an agreement on one issue."""

    issue: str
    weight_share: float
    quota_share: float
    enough: bool


class AgreementRecord(Record):
    """A candidate agreement, and how it is received."""

    key: str
    label: str
    sentence: str
    source: str
    terms: list[TermRecord]
    points: dict[str, CodedRecord]
    """Where it settles issues, on their scales."""
    verdicts: list[VerdictRecord]
    backing: list[BackingRecord]
    accepting: list[str]
    rejecting: list[str]
    blocking: list[str]
    """Actors that would block, at the coded values."""
    could_block: list[str]
    """Actors with a veto on something it settles, or whose yes a term asks for."""
    stands: bool
    """Nobody blocks and every quota is reached, at the coded values."""
    stands_share: float | None
    """Readings of the same words in which it stands: no chance of anything."""


class SenderRecord(Record):
    """Who comes under an agreement."""

    code: str
    name: str
    basis: str
    """stated, ours, or none where no people come."""
    people: float
    people_low: float
    people_high: float


class ForceRecord(Record):
    """What force an agreement leads to; votes of parliaments are taken as given."""

    agreement: str
    posture: str
    posture_label: str
    needed_people: float | None
    met: list[str]
    votes: list[str]
    people: float | None
    """Null where no force comes, or the plan has no posture for it."""
    people_low: float | None
    people_high: float | None
    people_ours: float | None
    """Part that rests on sizes nobody stated."""
    basis: Literal["ours", "stated"] | None
    supported_people: float | None
    binding: str
    filled_share: float | None
    detect: float | None
    """Share of incidents detected by who comes; null without a map or for a posture not planned in full."""
    senders: list[SenderRecord]
    waiting: dict[str, list[str]]
    """Contributors with an offer who do not come, each with the conditions its nearest way in still lacks."""
    notes: list[str]


class MoveRecord(Record):
    """What one actor said anew on one issue since an earlier day."""

    actor: str
    issue: str
    change: str
    before: float | None
    after: float | None
    statement: str
    """Id of the statement that made the change."""
    carried: float | None
    """How far this one change moved the weighted mean."""


class StandingChangeRecord(Record):
    """What changed in what one actor may do on one issue."""

    actor: str
    issue: str
    what: str
    before: str
    after: str
    why: str


class MovesRecord(Record):
    """What changed since an earlier day."""

    since: str
    moves: list[MoveRecord]
    standings: list[StandingChangeRecord]


class NeededChangeRecord(Record):
    """What one actor alone would have to change for a model's answer to enter the wanted stretch."""

    actor: str
    model: str
    what: str
    now: float
    needed: float | None


class WantedRecord(Record):
    """A stretch of a scale that was asked for."""

    issue: str
    low: float
    high: float
    answers: dict[str, float]
    changes: list[NeededChangeRecord]


class TalksOptionsRecord(Record):
    """What was asked."""

    folder: Literal["ukraine-2025", "own"]
    """The packaged tables, or somebody's own, which are not in this document."""
    together: list[str]
    """Issues that the models of several issues looked at."""
    samples: int
    seed: int


class TradeRecord(Record):
    """One deal of the exchange model: each of two actors moves its support on one issue for the other."""

    actor_a: str
    issue_q: str
    from_q: float
    to_q: float
    actor_b: str
    issue_p: str
    from_p: float
    to_p: float
    gain: float
    """Of each of the two, in hundredths of a scale at full salience, as are the sums over all others."""
    others_gain: float
    others_loss: float


class TradingRecord(Record):
    """Deals of the exchange model, and what they do to third parties."""

    trades: list[TradeRecord]
    """Those with the largest gain."""
    n_trades: int
    own: dict[str, float]
    """Gain by own deals, by actor, in hundredths of a scale at full salience."""
    others: dict[str, float]
    """Gain or loss by the deals of others, by actor."""


class TalksRecord(Record):
    """Talks on one day, and the force behind each candidate agreement. No forecast."""

    day: str
    modesty: str
    """The sentence that goes wherever these numbers go."""
    options: TalksOptionsRecord
    actors: list[TalksActorRecord]
    issues: list[IssueRecord]
    places: list[PlaceRecord]
    standings: list[StandingRecord]
    silent: dict[str, list[str]]
    """By issue, those who take part and had said nothing: absent is not neutral."""
    joint_actors: list[str]
    """Those that had spoken on every issue looked at together."""
    answers: list[AnswerRecord]
    """By issue, then model; the plain ones first."""
    trading: TradingRecord | None
    """Null where fewer than two actors had spoken on every issue looked at together."""
    cores: list[CoreRecord]
    n_samples: int
    seed: int | None
    n_ranges: int
    """Coded numbers that were drawn; 0 without draws."""
    seated: list[SeatedOutcomeRecord]
    seat_shifts: list[SeatShiftRecord]
    voting: list[VotingRecord]
    agreements: list[AgreementRecord]
    forces: list[ForceRecord]
    moves: MovesRecord | None
    wanted: list[WantedRecord]
    bases: list[BasisRecord]
    """What the further postures hand to generation; the one planned in full is under `generation`."""
    headlines: list[dict[str, Any]]
    """Numbers as trees, each coded number written once."""
