"""Fill the record of plan.json about talks, and read back what it asked.

Numbers are rounded here, trees are not. Nothing is computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from truceline.errors import OutputError, Problem
from truceline.publish.basis_record import record_basis
from truceline.publish.record import number_or_null
from truceline.publish.shared_trees import write_trees
from truceline.publish.talks_agreements_recording import (
    SHARE_DECIMALS,
    record_agreement,
    record_coded,
    record_force,
    round_share,
)
from truceline.publish.talks_record import (
    AnswerRecord,
    CoreRecord,
    IssueRecord,
    MoveRecord,
    MovesRecord,
    NeededChangeRecord,
    PlaceRecord,
    PlayerRecord,
    ScaleMarkRecord,
    SeatedOutcomeRecord,
    SeatShiftRecord,
    ShareOfSpreadRecord,
    StandingChangeRecord,
    StandingRecord,
    TalksActorRecord,
    TalksOptionsRecord,
    TalksRecord,
    TradeRecord,
    TradingRecord,
    VotingRecord,
    WantedRecord,
)
from truceline.scenario.model import TalksOptions
from truceline.talks.answers import BY_KEY
from truceline.talks.result import MODESTY

if TYPE_CHECKING:
    from truceline.plan.talks import PlanTalks
    from truceline.publish.document import PlanDocument
    from truceline.talks.answers import Answer
    from truceline.talks.model import Issue, Place, Standing, StandingRow
    from truceline.talks.moves import Moves
    from truceline.talks.result import Talks
    from truceline.talks.sampling import CoreSpread, Sampled
    from truceline.talks.voting import PowerIndices
    from truceline.talks.wanted import WantedAnswer
    from truceline.trace import Traced

PACKAGED = "ukraine-2025"
_DECIMALS = 6


def record_talks(plan_talks: PlanTalks, options: TalksOptions | None = None) -> TalksRecord:
    """Return talks as a record.

    options: what the scenario says of them; default the packaged tables.
    """
    talks = plan_talks.talks
    board, sampled = talks.board, talks.sampled
    return TalksRecord(
        day=board.day.isoformat(),
        modesty=MODESTY,
        options=_record_options(options, talks),
        actors=[
            TalksActorRecord(key=one.key, name=one.name, kind=one.kind, nation=one.nation)
            for one in board.actors.values()
        ],
        issues=[_record_issue(one) for one in board.issues.values()],
        places=[
            _record_place(board.places[actor, issue], board.standings[actor, issue])
            for issue in board.issues
            for actor in board.speakers(issue)
        ],
        standings=[
            _record_standing(board.standings[actor, issue])
            for issue in board.issues
            for actor in board.actors
            if (actor, issue) in board.standings
        ],
        silent={issue: list(actors) for issue, actors in board.silent.items()},
        joint_actors=list(talks.joint_actors),
        answers=[_record_answer(one, sampled) for one in talks.answers],
        trading=_record_trading(talks),
        cores=[] if sampled is None else [_record_core(*pair) for pair in sampled.cores.items()],
        n_samples=0 if sampled is None else sampled.n_samples,
        seed=None if sampled is None else sampled.seed,
        n_ranges=0 if sampled is None else sampled.n_ranges,
        seated=[
            SeatedOutcomeRecord(
                issue=one.issue,
                table=one.table,
                actors=list(one.actors),
                mean=_number(one.mean),
                median=_number(one.median),
            )
            for one in talks.seated
        ],
        seat_shifts=[
            SeatShiftRecord(
                actor=one.actor,
                issue=one.issue,
                seat=one.seat,
                mean_denied=_number(one.mean_denied),
                mean_given=_number(one.mean_given),
                shift=_number(one.shift),
                median_denied=_number(one.median_denied),
                median_given=_number(one.median_given),
            )
            for one in talks.seat_shifts
        ],
        voting=[_record_voting(issue, one) for issue, one in talks.voting.items()],
        agreements=[record_agreement(one) for one in talks.receptions],
        forces=[record_force(one) for one in plan_talks.forces],
        moves=_record_moves(talks),
        wanted=[_record_wanted(one) for one in talks.wanted],
        bases=[record_basis(one) for one in plan_talks.bases[1:]],
        headlines=write_trees(_order_headlines(plan_talks), leaves_once=True),
    )


def options_of_record(item: str, record: TalksRecord) -> TalksOptions:
    """Return what a finished plan asked about talks.

    Raises OutputError for a plan made with tables of its own, which are not in its folder.
    """
    if record.options.folder != PACKAGED:
        hint = "ask its scenario, or give the folder of its tables again"
        raise OutputError("talks", [Problem(item, "was made with tables of talks of its own", hint)])
    return TalksOptions(
        folder=PACKAGED,
        together=tuple(record.options.together),
        samples=record.options.samples,
        seed=record.options.seed,
    )


def options_of_document(item: str, document: PlanDocument) -> TalksOptions:
    """Return what a finished plan asked about talks; the packaged tables where it asked nothing.

    Raises OutputError for a plan made with tables of its own, which are not in its folder.
    """
    if document.talks is None:
        return TalksOptions(folder=PACKAGED)
    return options_of_record(item, document.talks)


def _order_headlines(plan_talks: PlanTalks) -> Iterable[Traced]:
    """Return the numbers that can be unfolded, those without parts first: the others are made of them."""
    return sorted(plan_talks.headlines.values(), key=lambda one: bool(one.parts))


def _record_options(options: TalksOptions | None, talks: Talks) -> TalksOptionsRecord:
    asked = options or TalksOptions(folder=PACKAGED)
    return TalksOptionsRecord(
        folder="own" if isinstance(asked.folder, Path) else PACKAGED,
        together=list(asked.together),
        samples=0 if talks.sampled is None else talks.sampled.n_samples,
        seed=asked.seed if talks.sampled is None else talks.sampled.seed,
    )


def _record_trading(talks: Talks) -> TradingRecord | None:
    trading = talks.trading
    if trading is None:
        return None
    return TradingRecord(
        trades=[
            TradeRecord(
                actor_a=one.actor_a,
                issue_q=one.issue_q,
                from_q=round(one.from_q, _DECIMALS),
                to_q=round(one.to_q, _DECIMALS),
                actor_b=one.actor_b,
                issue_p=one.issue_p,
                from_p=round(one.from_p, _DECIMALS),
                to_p=round(one.to_p, _DECIMALS),
                gain=round(one.gain, _DECIMALS),
                others_gain=round(one.others_gain, _DECIMALS),
                others_loss=round(one.others_loss, _DECIMALS),
            )
            for one in trading.trades
        ],
        n_trades=trading.n_trades,
        own={actor: round(gain, _DECIMALS) for actor, gain in trading.own.items()},
        others={actor: round(gain, _DECIMALS) for actor, gain in trading.others.items()},
    )


def _number(value: float | None) -> float | None:
    return number_or_null(value, _DECIMALS)


def _record_issue(issue: Issue) -> IssueRecord:
    return IssueRecord(
        key=issue.key,
        label=issue.label,
        question=issue.question,
        low_end=issue.low_end,
        high_end=issue.high_end,
        unit=issue.unit,
        low_means=issue.low_means,
        high_means=issue.high_means,
        marks=[ScaleMarkRecord(value=value, means=means) for value, means in issue.marks],
        quota=record_coded(issue.quota),
        reference=record_coded(issue.reference),
    )


def _record_place(place: Place, standing: Standing) -> PlaceRecord:
    said = place.statement
    return PlaceRecord(
        actor=place.actor,
        issue=place.issue,
        position=record_coded(place.position),
        salience=record_coded(place.salience),
        seat=standing.seat,
        power=record_coded(standing.power),
        veto=standing.veto,
        statement=said.statement_id,
        speaker=said.speaker,
        role=said.role,
        date=said.date,
        text=said.text,
        coding=said.coding,
        joint=said.is_joint,
        source=said.source,
        url=said.source_url,
        confidence=said.confidence,
    )


def say_row(row: StandingRow | None) -> str:
    """Return what a row about standing says, with its date and source, as one text; empty without one."""
    if row is None:
        return ""
    source = f"{row.source}, {row.source_url}" if row.source_url else row.source
    return f"{row.standing_id}, {row.date}: {row.statement} ({source})"


def _record_standing(one: Standing) -> StandingRecord:
    return StandingRecord(
        actor=one.actor,
        issue=one.issue,
        seat=one.seat,
        power=record_coded(one.power),
        veto=one.veto,
        seat_why=say_row(one.seat_row),
        power_why=say_row(one.power_row),
        veto_why=say_row(one.veto_row),
    )


def _record_answer(one: Answer, sampled: Sampled | None) -> AnswerRecord:
    model = BY_KEY[one.model]
    spread = None if sampled is None else sampled.spreads.get((one.issue, one.model))
    band = None if spread is None else spread.band
    return AnswerRecord(
        model=one.model,
        label=model.label,
        plain=model.kind == "plain",
        issue=one.issue,
        value=_number(one.value),
        low=_number(one.low),
        high=_number(one.high),
        notes=list(one.notes),
        p10=None if band is None else _number(band.low),
        p50=None if band is None else _number(band.median),
        p90=None if band is None else _number(band.high),
        drivers=[
            ShareOfSpreadRecord(name=d.name, label=d.label, share=round(d.share, SHARE_DECIMALS))
            for d in (() if spread is None else spread.drivers)
        ],
        unsettled_share=None if spread is None else round_share(spread.unsettled_share),
    )


def _record_core(issue: str, core: CoreSpread) -> CoreRecord:
    low, high = core.low, core.high
    return CoreRecord(
        issue=issue,
        empty_share=round(core.empty_share, SHARE_DECIMALS),
        low_p10=None if low is None else _number(low.low),
        low_p50=None if low is None else _number(low.median),
        low_p90=None if low is None else _number(low.high),
        high_p10=None if high is None else _number(high.low),
        high_p50=None if high is None else _number(high.median),
        high_p90=None if high is None else _number(high.high),
    )


def _record_voting(issue: str, one: PowerIndices) -> VotingRecord:
    return VotingRecord(
        issue=issue,
        quota=float(one.quota),
        vetoes=list(one.veto),
        blockers=list(one.blockers),
        n_winning=str(one.n_winning),
        n_minimal=str(one.n_minimal),
        method=one.method,
        players=[
            PlayerRecord(
                actor=player,
                weight=float(one.weights[n]),
                veto=player in one.veto,
                banzhaf=round(float(one.banzhaf[n]), _DECIMALS),
                shapley_shubik=round(float(one.shapley_shubik[n]), _DECIMALS),
            )
            for n, player in enumerate(one.players)
        ],
    )


def _record_moves(talks: Talks) -> MovesRecord | None:
    moves: Moves | None = talks.moves
    if moves is None or talks.since is None:
        return None
    found = []
    for one in moves.moves:
        latest = one.after or one.before
        found.append(
            MoveRecord(
                actor=one.actor,
                issue=one.issue,
                change=one.change,
                before=None if one.before is None else one.before.position.value,
                after=None if one.after is None else one.after.position.value,
                statement="" if latest is None else latest.statement.statement_id,
                carried=_number(one.carried),
            )
        )
    return MovesRecord(
        since=talks.since.day.isoformat(),
        moves=found,
        standings=[
            StandingChangeRecord(
                actor=one.actor,
                issue=one.issue,
                what=one.what,
                before=one.before,
                after=one.after,
                why=say_row(one.row),
            )
            for one in moves.standings
        ],
    )


def _record_wanted(one: WantedAnswer) -> WantedRecord:
    return WantedRecord(
        issue=one.wanted.issue,
        low=one.wanted.low,
        high=one.wanted.high,
        answers={model: round(value, _DECIMALS) for model, value in one.answers.items()},
        changes=[
            NeededChangeRecord(
                actor=change.actor,
                model=change.model,
                what=change.what,
                now=change.now,
                needed=_number(change.needed),
            )
            for change in one.changes
        ],
    )
