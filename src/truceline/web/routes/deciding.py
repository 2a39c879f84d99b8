"""Decisions over HTTP: verification, attribution, judgement, release, links by hand, and the rules' own runs.

Each is the use case of `monitor` behind the same command of the terminal, written in the name of the token's
holder. A decision about an incident that is not there answers 404; one that the store contradicts, 409.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path

from truceline.errors import TrucelineError
from truceline.events.kinds import Releasability, Role
from truceline.events.schema import INCIDENTS, REPORTS, Table
from truceline.monitor.deciding import (
    DecisionError,
    decide_attribution,
    decide_judgement,
    decide_verification,
    withdraw_decision,
)
from truceline.monitor.editing import LinkEditError, merge_incidents, move_report
from truceline.monitor.judging import judge_store
from truceline.monitor.linking import link_reports
from truceline.monitor.releasing import release_incidents
from truceline.store.base import Selection, Store
from truceline.web.access import Caller, refuse_unknown, require
from truceline.web.desk import Desk, DeskHere
from truceline.web.errors import ServiceError, describe_errors
from truceline.web.forms import (
    LARGEST_NUMBER,
    DecisionAnswer,
    JudgeAnswer,
    JudgementGiven,
    LinkAnswer,
    MergeGiven,
    PlaceGiven,
    ReleaseGiven,
    RunGiven,
    SideGiven,
    VerificationGiven,
    WeaponGiven,
    WithdrawalGiven,
)
from truceline.web.signing import sign

VerifierHere = Annotated[Caller, Depends(require(Role.verifier))]
EditorHere = Annotated[Caller, Depends(require(Role.editor))]
IncidentNumber = Annotated[int, Path(ge=1, le=LARGEST_NUMBER, description="Number of the incident.")]
ReportNumber = Annotated[int, Path(ge=1, le=LARGEST_NUMBER, description="Number of the report.")]
ERRORS = describe_errors(400, 401, 403, 404, 409, 413, 415, 422, 503)
Decide = Callable[[Store], object]


def make_router() -> APIRouter:
    """Return the routes."""
    router = APIRouter(
        prefix="/v1", tags=["decisions"], responses=ERRORS, dependencies=[Depends(refuse_unknown)]
    )

    @router.post("/incidents/{incident}/verification", summary="Say whether an incident happened")
    def verify(
        incident: IncidentNumber, given: VerificationGiven, desk: DeskHere, caller: VerifierHere
    ) -> DecisionAnswer:
        """Decide by hand; it stands until the next decision by hand."""
        return _decide(
            desk,
            caller,
            incident,
            lambda store: decide_verification(
                store, incident, given.status, who=caller.holder, why=given.why
            ),
        )

    @router.post("/incidents/{incident}/attribution", summary="Say who did it, or with what")
    def attribute(
        incident: IncidentNumber,
        given: Annotated[SideGiven | WeaponGiven, Body(discriminator="aspect")],
        desk: DeskHere,
        caller: VerifierHere,
    ) -> DecisionAnswer:
        """Decide by hand, with how sure it is and what it rests on."""
        return _decide(
            desk,
            caller,
            incident,
            lambda store: decide_attribution(
                store,
                incident,
                given.aspect,
                given.value,
                given.p,
                basis=given.basis,
                who=caller.holder,
                why=given.why,
            ),
        )

    @router.post("/incidents/{incident}/judgement", summary="Say what an incident is under a clause")
    def judge_one(
        incident: IncidentNumber, given: JudgementGiven, desk: DeskHere, caller: VerifierHere
    ) -> DecisionAnswer:
        """Put a verdict by hand in place of that of the rules."""
        return _decide(
            desk,
            caller,
            incident,
            lambda store: decide_judgement(
                store,
                incident,
                given.agreement,
                given.clause,
                given.verdict,
                who=caller.holder,
                why=given.why,
            ),
        )

    @router.post("/incidents/{incident}/withdrawal", summary="Take a decision by hand back")
    def withdraw(
        incident: IncidentNumber, given: WithdrawalGiven, desk: DeskHere, caller: VerifierHere
    ) -> DecisionAnswer:
        """Let what the rules say hold again, and change again."""
        return _decide(
            desk,
            caller,
            incident,
            lambda store: withdraw_decision(store, incident, given.what, who=caller.holder, why=given.why),
        )

    @router.post("/incidents/{incident}/merge", summary="Make other incidents part of this one")
    def merge(
        incident: IncidentNumber, given: MergeGiven, desk: DeskHere, caller: VerifierHere
    ) -> DecisionAnswer:
        """Make the others' reports this incident's; their numbers are never used again."""
        return _decide(
            desk,
            caller,
            incident,
            lambda store: merge_incidents(store, incident, given.others, who=caller.holder, why=given.why),
        )

    @router.post("/incidents/{incident}/release", summary="Say who may see an incident")
    def release(
        incident: IncidentNumber, given: ReleaseGiven, desk: DeskHere, caller: EditorHere
    ) -> DecisionAnswer:
        """Decide who sees it beyond its being counted. What was published before stays published."""
        return _decide(
            desk,
            caller,
            incident,
            lambda store: release_incidents(
                store, [incident], Releasability(given.level), who=caller.holder, why=given.why
            ),
        )

    @router.post("/reports/{report}/incident", summary="Move a report to another incident")
    def place(
        report: ReportNumber, given: PlaceGiven, desk: DeskHere, caller: VerifierHere
    ) -> DecisionAnswer:
        """Link by hand; it stands until the next decision by hand."""
        with _deciding(desk, caller) as store:
            _must_be_there(store, REPORTS, "report_id", report)
            move_report(store, report, given.incident, who=caller.holder, why=given.why)
            return DecisionAnswer(incident=given.incident or 0, change=store.last_change())

    @router.post("/link", summary="Link what is new")
    def link(given: RunGiven, desk: DeskHere, caller: VerifierHere) -> LinkAnswer:
        """Run the rules of linking over reports that have no link."""
        with _deciding(desk, caller) as store:
            made = link_reports(store, who=caller.holder, why=given.why)
        return LinkAnswer(
            linked=made.n_reports,
            new_incidents=made.n_incidents,
            joined=made.n_joined,
            repeats=made.n_repeats,
            suggestions=len(made.suggestions),
        )

    @router.post("/judge", summary="Judge what is new")
    def judge(given: RunGiven, desk: DeskHere, caller: VerifierHere) -> JudgeAnswer:
        """Run the rules of verification, attribution and judgement over what is new or changed."""
        with _deciding(desk, caller) as store:
            made = judge_store(store, who=caller.holder, why=given.why, now=desk.now())
        return JudgeAnswer(
            incidents=made.n_incidents,
            changed=made.n_changed,
            verifications=made.n_verifications,
            attributions=made.n_attributions,
            unknown_lines=list(made.unknown_lines),
        )

    return router


def _decide(desk: Desk, caller: Caller, incident: int, decide: Decide) -> DecisionAnswer:
    with _deciding(desk, caller) as store:
        _must_be_there(store, INCIDENTS, "incident_id", incident)
        decide(store)
        return DecisionAnswer(incident=incident, change=store.last_change())


@contextmanager
def _deciding(desk: Desk, caller: Caller) -> Iterator[Store]:
    """Give the store for one decision: what it rests on holds until it is written.

    The form of a decision was checked before: what the use case still refuses, the store contradicts.
    """
    try:
        with desk.write() as store, store.turn():
            yield sign(store, caller)
    except (DecisionError, LinkEditError) as error:
        raise _conflict(error) from None


def _must_be_there(store: Store, table: Table, column: str, number: int) -> None:
    if store.read_current(table, Selection(equals={column: number}), columns=(column,)).empty:
        what = column.removesuffix("_id")
        raise ServiceError(
            404, f"there is no {what} {number}", where=what, hint="see the numbers in /collections"
        )


def _conflict(error: TrucelineError) -> ServiceError:
    first = next(each for each in error.problems if not each.warning)
    return ServiceError(409, first.found, where=first.where, hint=first.hint)
