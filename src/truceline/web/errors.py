"""The one shape of every error answer, whoever raises it.

`{"ok": false, "status": 422, "where": "bbox", "problem": "has 3 numbers", "try": "give 4"}`, with `problems`
where several were gathered. Where an answer is 500 it says no more than a number, which stands in the log
with the reason: no stack trace, path or address of a store leaves the process.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from truceline.errors import Problem, TrucelineError
from truceline.store.base import StoreError, StoreFullError, StoreUnavailableError, UnknownOutcomeError

RETRY_AFTER_S = 5
"""Seconds after which a client is told to try again when the store does not answer."""
RETRY_WHEN_FULL_S = 60
"""The same where its disk is full: somebody must make room first."""
MOST_PROBLEMS = 20
"""Most problems that one answer lists."""
MOST_CHARACTERS = 300
"""Most characters of a problem or hint in an answer; what a client sent may be repeated in it."""

log = logging.getLogger("truceline.service")


class ServiceError(Exception):
    """A request that cannot be answered, with the status that says why."""

    def __init__(
        self,
        status: int,
        problem: str,
        *,
        where: str = "",
        hint: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(problem)
        self.status, self.problem, self.where, self.hint = status, problem, where, hint
        self.headers = dict(headers or {})


class ErrorPart(BaseModel):
    """One of several problems."""

    where: str
    problem: str
    try_: str = Field(alias="try")


class ErrorAnswer(BaseModel):
    """What is wrong with a request, where, and what to try."""

    ok: Literal[False]
    status: int = Field(description="The status of the answer.")
    where: str = Field(
        description="Parameter, field of the body or row; empty where it is the whole request."
    )
    problem: str = Field(description="What was found.")
    try_: str = Field(alias="try", description="What to do instead; empty where nothing is known to help.")
    problems: list[ErrorPart] = Field(
        default_factory=list, description="All problems, where several were found; the first stands above."
    )


def describe_errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route for OpenAPI: the one error shape at each status."""
    return {status: {"model": ErrorAnswer, "description": HTTPStatus(status).phrase} for status in statuses}


def answer_error(
    status: int,
    problem: str,
    *,
    where: str = "",
    hint: str = "",
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return an error answer in the one shape."""
    content: dict[str, Any] = {
        "ok": False,
        "status": status,
        "where": _shorten(where),
        "problem": _shorten(problem),
        "try": _shorten(hint),
    }
    if len(problems) > 1:
        content["problems"] = [
            {"where": _shorten(each.where), "problem": _shorten(each.found), "try": _shorten(each.hint)}
            for each in problems[:MOST_PROBLEMS]
        ]
    return JSONResponse(content, status_code=status, headers=dict(headers or {}))


def answer_unexpected(error: BaseException) -> JSONResponse:
    """Return the answer to what should not have happened; the reason goes to the log under its number."""
    number = secrets.token_hex(4)
    log.error("unexpected", exc_info=error, extra={"incident": number})
    return answer_error(
        500,
        f"something went wrong here; it is in the log of the service as number {number}",
        hint="tell whoever runs the service that number",
    )


def status_of(error: TrucelineError) -> int:
    """Return the status that fits an error of the library."""
    if isinstance(error, StoreUnavailableError):
        return 503
    return 409 if isinstance(error, StoreError) else 422


def add_error_handlers(app: FastAPI) -> None:
    """Make every error of the app answer in the one shape."""
    app.add_exception_handler(ServiceError, _answer_service_error)
    app.add_exception_handler(TrucelineError, _answer_truceline_error)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)


async def _answer_service_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ServiceError)  # noqa: S101
    if error.status in (408, 413):
        request.app.state.metrics.see_refused(error.status)
    return answer_error(
        error.status, error.problem, where=error.where, hint=error.hint, headers=error.headers
    )


async def _answer_truceline_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TrucelineError)  # noqa: S101
    status = status_of(error)
    if isinstance(error, StoreUnavailableError):
        return _answer_unavailable(request, error)
    hide = request.app.state.desk.hide
    told = [p for p in error.problems if not p.warning] or [Problem("", error.title, "")]
    problems = [Problem(hide(p.where), hide(p.found), hide(p.hint)) for p in told]
    first = problems[0]
    return answer_error(status, first.found, where=first.where, hint=first.hint, problems=problems)


def _answer_unavailable(request: Request, error: StoreUnavailableError) -> JSONResponse:
    """Return 503, and what became of the request: kept not, or perhaps.

    What a database says of itself may name hosts and users: it goes to the log alone.
    """
    log.warning("store unavailable", extra={"reason": error.message()})
    request.app.state.metrics.store_errors.inc()
    problem, hint = "the store does not answer just now", "try again; nothing of this request was kept"
    wait_s = RETRY_AFTER_S
    if isinstance(error, StoreFullError):
        problem, wait_s = "there is no room left where the store is kept", RETRY_WHEN_FULL_S
        hint = "nothing of this request was kept; tell whoever runs the service, and try again later"
    elif isinstance(error, UnknownOutcomeError):
        problem = "the store went away before it said whether this was kept"
        hint = "send it again, or look first: reports and effort are never taken twice"
    headers = {"Retry-After": str(wait_s)}
    return answer_error(503, problem, where="store", hint=hint, headers=headers)


async def _answer_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    problems = []
    for each in error.errors():
        place = [str(part) for part in each["loc"]]
        where = ".".join(place[1:] if place[:1] in (["query"], ["path"], ["header"]) else place)
        problems.append(Problem(where, str(each["msg"]), ""))
    first = problems[0] if problems else Problem("", "the request cannot be read", "")
    return answer_error(
        422, first.found, where=first.where, hint="see /api for what is asked", problems=problems
    )


async def _answer_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    status, hint = error.status_code, ""
    headers = dict(error.headers or {})
    problem = str(error.detail)
    if status == 404:
        problem, hint = "there is nothing at this address", "see / for what there is"
    elif status == 405:
        problem, hint = "this address does not take that method", "see the Allow header"
        if methods := request.app.state.find_methods(request.url.path):
            headers["Allow"] = ", ".join(methods)
    return answer_error(status, problem, hint=hint, headers=headers)


async def _answer_nobody(request: Request, error: Exception) -> JSONResponse:
    """Answer a client that went away in the middle of its body: nobody reads it but the log."""
    return answer_error(400, "the body ended before its end")


def _shorten(words: str) -> str:
    """Return text that is safe and short enough to repeat: no control characters, no lone surrogates."""
    clean = "".join(c if c.isprintable() else " " for c in words).encode("utf-8", "replace").decode()
    return clean if len(clean) <= MOST_CHARACTERS else clean[: MOST_CHARACTERS - 1] + "…"
