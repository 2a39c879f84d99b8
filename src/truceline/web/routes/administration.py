"""For administrators: keys given out and revoked, and every change to the store with who, when and why."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request

from truceline.events.kinds import Releasability, Role
from truceline.events.schema import CHANGES
from truceline.monitor.tokens import Token, TokenError, add_token, list_tokens, revoke_token
from truceline.store.base import Selection
from truceline.web.access import Caller, refuse_unknown, require
from truceline.web.desk import Desk, DeskHere
from truceline.web.errors import ServiceError, describe_errors
from truceline.web.forms import (
    LARGEST_NUMBER,
    AuditAnswer,
    ChangeAnswer,
    NewTokenAnswer,
    RevocationGiven,
    TokenAnswer,
    TokenGiven,
    TokensAnswer,
    Words,
)
from truceline.web.signing import sign

AdminHere = Annotated[Caller, Depends(require(Role.admin))]
MOST_CHANGES = 1000
"""Most changes in one page."""


def make_router() -> APIRouter:
    """Return the routes."""
    router = APIRouter(
        tags=["administration"],
        responses=describe_errors(401, 403, 422, 503),
        dependencies=[Depends(refuse_unknown)],
    )

    @router.get("/audit", summary="Every change, with who, when and why")
    def list_changes(
        desk: DeskHere,
        caller: AdminHere,
        limit: Annotated[int, Query(ge=1, le=MOST_CHANGES, description="Most changes in the answer.")] = 100,
        after: Annotated[int, Query(ge=0, le=LARGEST_NUMBER, description="`next` of the page before.")] = 0,
        who: Annotated[Words, Query(description="Only what this holder changed.")] = "",
        what: Annotated[Words, Query(description="Only this verb: import, verify, release, ...")] = "",
    ) -> AuditAnswer:
        """List the changes, the oldest first. Nothing is ever taken out."""
        equals = {name: word for name, word in (("who", who), ("what", what)) if word}
        with desk.read() as store:
            page = store.read_page(CHANGES, Selection(equals=equals), n=limit, after=after)
        rows = zip(*page.columns.values(), strict=True)
        changes = [_say_change(dict(zip(page.columns, row, strict=True))) for row in rows]
        return AuditAnswer(changes=changes, next=page.after)

    @router.get("/v1/tokens", summary="Every key given out")
    def list_keys(desk: DeskHere, caller: AdminHere) -> TokensAnswer:
        """List what each key allows; the keys themselves are kept nowhere."""
        with desk.read() as store:
            return TokensAnswer(tokens=[TokenAnswer(**_say_token(each, desk)) for each in list_tokens(store)])

    @router.post(
        "/v1/tokens",
        status_code=201,
        summary="Give out a key",
        responses=describe_errors(400, 409, 413, 415),
    )
    def give_key(given: TokenGiven, desk: DeskHere, caller: AdminHere) -> NewTokenAnswer:
        """Give out a key: it is in the answer, this once."""
        role = Role(given.role)
        try:
            with desk.write() as store:
                token, key = add_token(
                    sign(store, caller),
                    holder=given.holder,
                    role=role,
                    level=None if given.level is None else Releasability(given.level),
                    expires=desk.now() + timedelta(days=given.days),
                    now=desk.now(),
                    who=caller.holder,
                    why=given.why,
                )
        except TokenError as error:
            raise _conflict(error) from None
        return NewTokenAnswer(**_say_token(token, desk), key=key)

    @router.post(
        "/v1/tokens/{token}/revocation",
        summary="Revoke a key",
        responses=describe_errors(400, 404, 409, 413, 415),
    )
    def revoke_key(
        token: Annotated[int, Path(ge=1, le=LARGEST_NUMBER, description="Number of the token.")],
        given: RevocationGiven,
        request: Request,
        desk: DeskHere,
        caller: AdminHere,
    ) -> TokenAnswer:
        """Revoke a key: from this moment on it opens nothing here."""
        with desk.write() as store, store.turn():
            if token not in {each.token_id for each in list_tokens(store)}:
                raise ServiceError(404, f"there is no token {token}", where="token", hint="see /v1/tokens")
            try:
                revoked = revoke_token(sign(store, caller), token, who=caller.holder, why=given.why)
            except TokenError as error:
                raise _conflict(error) from None
        request.app.state.keys.forget()
        return TokenAnswer(**{**_say_token(revoked, desk), "state": "revoked"})

    return router


def _say_token(token: Token, desk: Desk) -> dict[str, Any]:
    state = "revoked" if token.is_revoked else "expired" if token.expires <= desk.now() else "active"
    return {
        "token": token.token_id,
        "holder": token.holder,
        "role": token.role,
        "level": token.level,
        "expires": token.expires.replace(tzinfo=UTC),
        "state": state,
    }


def _say_change(row: dict[Any, Any]) -> ChangeAnswer:
    details = json.loads(row["details"] or "{}")
    return ChangeAnswer(
        change=int(row["change_id"]),
        at=row["at"].replace(tzinfo=UTC),
        who=row["who"],
        what=row["what"],
        why=row["why"],
        program=row["program"],
        details=details if isinstance(details, dict) else {"details": details},
    )


def _conflict(error: TokenError) -> ServiceError:
    first = error.problems[0]
    return ServiceError(409, first.found, where=first.where, hint=first.hint)
