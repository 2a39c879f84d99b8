"""Who is calling, and what they may do: keys in the Authorization header, roles, levels of releasability.

A key is never taken from the address, which ends up in logs and histories. Without a key nothing is answered
unless the operator opened the service, and then what is public alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from truceline.events.kinds import Releasability, Role
from truceline.monitor.tokens import KeyState, Token, check_key
from truceline.web.desk import Desk
from truceline.web.errors import ServiceError
from truceline.web.settings import ServiceSettings

CACHED_KEYS = 1024
"""Most good keys remembered at once."""
ASK_FOR_KEY = {"WWW-Authenticate": 'Bearer realm="truceline"'}

bearer = HTTPBearer(
    scheme_name="key",
    description="A key given out by `truceline monitor token add`.",
    auto_error=False,
)
CredentialsHere = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


@dataclass(frozen=True)
class Caller:
    """Who makes a request."""

    token_id: int | None
    """None without a key."""
    holder: str
    role: Role
    level: Releasability
    """Incidents up to this level are theirs to see in full."""

    def may(self, role: Role) -> bool:
        """Tell whether the caller may do what `role` may: each role includes those before it."""
        ranks = list(Role)
        return ranks.index(self.role) >= ranks.index(role)


ANYBODY = Caller(None, "anybody", Role.reader, Releasability.public)
"""A caller without a key, where the service is open for reading."""


class KeyCache:
    """Good keys for a few seconds, by the digest alone; bad ones are looked up every time."""

    def __init__(self, *, keep_s: float) -> None:
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Token]] = {}

    def find(self, digest: str) -> Token | None:
        """Return the token of a key that was good a moment ago."""
        with self._lock:
            found = self._known.get(digest)
            if found is None or time.monotonic() - found[0] > self._keep_s:
                return None
            return found[1]

    def keep(self, digest: str, token: Token) -> None:
        """Remember a good key."""
        with self._lock:
            if len(self._known) >= CACHED_KEYS:
                self._known.clear()
            self._known[digest] = (time.monotonic(), token)

    def forget(self) -> None:
        """Forget all keys, so that a revocation takes effect at once."""
        with self._lock:
            self._known.clear()


async def find_caller(request: Request, credentials: CredentialsHere) -> Caller:
    """Return who calls; raises ServiceError 401 where the key is missing or not good.

    A key that is not good is refused on an open service too: whoever sends one means to be known by it.
    """
    state = request.app.state
    settings: ServiceSettings = state.settings
    if credentials is None:
        if request.headers.get("authorization"):
            raise _refuse("is not of the form 'Bearer KEY'")
        if settings.open:
            return _remember(request, ANYBODY)
        raise _refuse("no key was given")
    token = await _find_token(state.desk, state.keys, credentials.credentials)
    caller = Caller(token.token_id, token.holder, token.role, token.level)
    return _remember(request, caller)


def require(role: Role) -> Callable[[Caller], Awaitable[Caller]]:
    """Return a dependency that lets callers through who may do what `role` may."""

    async def check_role(caller: CallerHere) -> Caller:
        if caller.may(role):
            return caller
        if caller.token_id is None:
            raise _refuse(f"needs a key of the role {role.value}")
        raise ServiceError(
            403,
            f"this key has the role {caller.role.value}, and this needs {role.value}",
            where="Authorization",
            hint="ask the administrator for a key of that role",
        )

    return check_role


async def refuse_unknown(request: Request) -> None:
    """Raise ServiceError where the query has a parameter that the route does not: `dryrun` would write."""
    if not request.query_params:
        return
    known = request.app.state.find_parameters(request.scope["route"].path, request.method)
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        raise ServiceError(
            422,
            "is no parameter of this address",
            where=unknown[0],
            hint=f"it takes {', '.join(sorted(known)) or 'none'}",
        )


async def _find_token(desk: Desk, keys: KeyCache, key: str) -> Token:
    from truceline.monitor.tokens import digest_key

    digest = digest_key(key)
    if (known := keys.find(digest)) is not None and known.expires > desk.now():
        return known
    state, token = await run_in_threadpool(_look_up, desk, key)
    if token is None or state is not KeyState.good:
        raise _refuse(state.value)
    keys.keep(digest, token)
    return token


def _look_up(desk: Desk, key: str) -> tuple[KeyState, Token | None]:
    with desk.read() as store:
        return check_key(store, key, now=desk.now())


def _remember(request: Request, caller: Caller) -> Caller:
    """Leave the number of the token where the log of requests finds it."""
    request.state.caller = caller
    return caller


def _refuse(problem: str) -> ServiceError:
    return ServiceError(
        401,
        problem,
        where="Authorization",
        hint="send the header 'Authorization: Bearer KEY'",
        headers=ASK_FOR_KEY,
    )


CallerHere = Annotated[Caller, Depends(find_caller)]
