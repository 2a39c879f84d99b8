"""The service as one ASGI app over one store.

Nothing is opened when the app is made: the first request opens the store, so that the service starts, and
says what is wrong, while a database is still coming up.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse

from truceline.web import description
from truceline.web.access import KeyCache
from truceline.web.desk import Desk
from truceline.web.errors import add_error_handlers
from truceline.web.limits import Limits
from truceline.web.logs import RequestLog
from truceline.web.metrics import Metrics
from truceline.web.routes import administration, deciding, health, writing
from truceline.web.settings import ServiceSettings

TITLE = "Truceline"
SUMMARY = "Reports, incidents and effort of a monitoring mission."
READABLE = ["X-Request-Id", "Retry-After", "Link"]
"""Headers that pages of the allowed origin may read."""


def create_app(
    address: str, settings: ServiceSettings = ServiceSettings(), *, desk: Desk | None = None
) -> FastAPI:
    """Return the app for the store at `address`; `desk` replaces how it is opened, and its clock."""
    app = FastAPI(
        title=TITLE,
        summary=SUMMARY,
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would repeat the Host header
        lifespan=_close_at_the_end,
    )
    state = app.state
    state.settings = settings
    state.desk = desk or Desk(address, wait_s=settings.store_wait_s)
    state.keys = KeyCache(keep_s=settings.key_cache_s)
    state.metrics = Metrics()
    state.probe = health.StoreProbe(state.desk)
    add_error_handlers(app)
    _include_routes(app, settings)
    # The last one added is the outermost.
    app.add_middleware(Limits, settings=settings, metrics=state.metrics, keys=state.keys)
    if settings.origin:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=[settings.origin],
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=READABLE,
        )
    app.add_middleware(RequestLog, metrics=state.metrics)
    return app


def _include_routes(app: FastAPI, settings: ServiceSettings) -> None:
    app.include_router(health.make_router())
    if settings.api:
        from truceline.web.routes import features

        app.include_router(features.make_router(settings))
        app.include_router(writing.make_router())
        app.include_router(deciding.make_router())
        app.include_router(administration.make_router())

    @app.get(description.PATH, include_in_schema=False)
    async def describe_api() -> JSONResponse:
        """Return the OpenAPI description."""
        return JSONResponse(description.describe(app), media_type=description.MEDIA_TYPE)

    app.state.find_parameters = lambda route, method: description.find_parameters(app, route, method)
    app.state.find_methods = lambda path: description.find_methods(app, path)

    def openapi() -> dict[str, Any]:
        return description.describe(app)

    app.openapi = openapi  # type: ignore[method-assign]


@asynccontextmanager
async def _close_at_the_end(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.desk.close()
