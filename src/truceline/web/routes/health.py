"""Whether the service lives, whether it can work, and its figures.

`/healthz` says that the process answers; `/readyz` that the store does; neither says more. The metrics are
for this machine and for admins, unless the operator opens them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from truceline.errors import TrucelineError
from truceline.events.kinds import Role
from truceline.web.access import CredentialsHere, find_caller, require
from truceline.web.desk import Desk, DeskHere
from truceline.web.errors import RETRY_AFTER_S, ServiceError, describe_errors
from truceline.web.limits import find_address
from truceline.web.rates import is_loopback

READY_TIMEOUT_S = 3.0
"""Time in which the store must answer."""
READY_CACHE_S = 1.0
"""Time for which the store is not asked again, however often we are."""
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

log = logging.getLogger("truceline.service")


class Fine(BaseModel):
    """All is well."""

    ok: Literal[True] = True


class StoreProbe:
    """Asks the store whether it is there: one question at a time, its answer kept for a moment."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._asked_at = float("-inf")
        self._was_well = False
        self._asking: asyncio.Task[bool] | None = None

    async def is_well(self) -> bool:
        """Tell whether the store answered within the time it has."""
        if time.monotonic() - self._asked_at <= READY_CACHE_S:
            return self._was_well
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(run_in_threadpool(self._ask))
        asking = self._asking
        done, _ = await asyncio.wait({asking}, timeout=READY_TIMEOUT_S)
        self._was_well = bool(done) and asking.result()
        self._asked_at = time.monotonic()
        return self._was_well

    def _ask(self) -> bool:
        try:
            with self._desk.read() as store:
                store.last_change()
        except TrucelineError as error:
            log.warning("not ready", extra={"reason": error.message()})
            return False
        return True


def make_router() -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="The service answers")
    async def answer_alive() -> Fine:
        """Say that the process answers; the store is not asked."""
        return Fine()

    @router.get("/readyz", summary="The store answers too", responses=describe_errors(503))
    async def answer_ready(request: Request) -> Fine:
        """Say that the store answered within the last second or so; else 503."""
        if await request.app.state.probe.is_well():
            return Fine()
        raise ServiceError(
            503,
            "the store does not answer just now",
            where="store",
            hint="try again",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )

    @router.get(
        "/metrics",
        summary="Figures for Prometheus",
        response_class=Response,
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
            **describe_errors(401, 403),
        },
    )
    async def answer_metrics(request: Request, desk: DeskHere, credentials: CredentialsHere) -> Response:
        """Give all counters, in the text format: to this machine, and to admins from elsewhere."""
        settings = request.app.state.settings
        if not (settings.open_metrics or is_loopback(find_address(request.scope, settings))):
            await require(Role.admin)(await find_caller(request, credentials))
        return Response(request.app.state.metrics.render(), headers={"Content-Type": METRICS_TYPE})

    return router
