"""Reports and effort in: rows as CSV, JSON or GeoJSON, each taken, repeated, corrected or rejected.

What is sent twice is taken once, so whoever is not sure sends again. The work is that of `monitor.importing`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from truceline.events.feeds.base import Feed
from truceline.events.feeds.registry import find_feed
from truceline.events.kinds import Role
from truceline.monitor.importing import ImportSummary, import_file
from truceline.web.access import Caller, refuse_unknown, require
from truceline.web.desk import Desk, DeskHere
from truceline.web.errors import ServiceError, describe_errors
from truceline.web.forms import (
    EffortFeatures,
    EffortRow,
    ImportAnswer,
    ReasonCounted,
    Rejected,
    ReportFeatures,
    ReportRow,
    Words,
)
from truceline.web.signing import sign
from truceline.web.uploads import CSV, GEOJSON, JSON, Upload, UploadHere, prepare, speaking_of_body

MOST_IMPORTS = 4
"""Bodies of rows read at once; each may take a few hundred megabytes while it is."""
WAIT_FOR_PLACE_S = 20.0

ObserverHere = Annotated[Caller, Depends(require(Role.observer))]
DryRun = Annotated[bool, Query(description="Say what would happen, and write nothing.")]
KeepGoing = Annotated[
    bool, Query(description="CSV: take the rest even where most rows fail for one reason. JSON: always so.")
]
Why = Annotated[Words, Query(description="Why, for the history.")]
ERRORS = describe_errors(401, 403, 408, 409, 413, 415, 422, 503)


def make_router() -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["reports in"], dependencies=[Depends(refuse_unknown)])
    places = threading.BoundedSemaphore(MOST_IMPORTS)

    @router.post(
        "/reports",
        summary="Send in reports",
        responses=ERRORS,
        openapi_extra=_describe_body(ReportRow, ReportFeatures),
    )
    def take_reports(
        request: Request,
        desk: DeskHere,
        caller: ObserverHere,
        upload: UploadHere,
        dry_run: DryRun = False,
        keep_going: KeepGoing = False,
        why: Why = "",
    ) -> ImportAnswer:
        """Take rows of the form that `truceline monitor form` writes, as JSON, GeoJSON or CSV (text/csv).

        A row that cannot be used does not stop the others: it is told in `rejects`. A CSV file most of whose
        rows fail for one reason is refused whole.
        """
        prepare(upload, ReportRow, ReportFeatures, find_feed("own"))
        with _a_place(places):
            summary = _take(desk, caller, upload, find_feed("own"), dry_run, keep_going, why)
        return _answer(request, summary, "reports")

    @router.post(
        "/efforts",
        summary="Send in who watched what, and where watching was denied",
        responses=ERRORS,
        openapi_extra=_describe_body(EffortRow, EffortFeatures),
    )
    def take_efforts(
        request: Request,
        desk: DeskHere,
        caller: ObserverHere,
        upload: UploadHere,
        dry_run: DryRun = False,
        keep_going: KeepGoing = False,
        why: Why = "",
    ) -> ImportAnswer:
        """Take rows of the form that `truceline monitor form --kind efforts` writes; all as for reports."""
        prepare(upload, EffortRow, EffortFeatures, find_feed("efforts"))
        with _a_place(places):
            summary = _take(desk, caller, upload, find_feed("efforts"), dry_run, keep_going, why)
        return _answer(request, summary, "efforts")

    return router


@contextmanager
def _a_place(places: threading.BoundedSemaphore) -> Iterator[None]:
    """Take one of the few places for bodies being read."""
    if not places.acquire(timeout=WAIT_FOR_PLACE_S):
        raise ServiceError(
            503,
            "too many bodies are being read",
            hint="try again in a moment",
            headers={"Retry-After": "5"},
        )
    try:
        yield
    finally:
        places.release()


def _take(
    desk: Desk, caller: Caller, upload: Upload, feed: Feed, dry_run: bool, keep_going: bool, why: str
) -> ImportSummary:
    with desk.write() as store, speaking_of_body(upload), store.turn():
        return import_file(
            sign(store, caller),
            upload.path,
            who=caller.holder,
            why=why,
            now=desk.now(),
            feed=feed,
            dry_run=dry_run,
            keep_going=keep_going or upload.kind != CSV,
            mission=desk.mission(),
        )


def _answer(request: Request, summary: ImportSummary, table: str) -> ImportAnswer:
    if not summary.is_dry_run:
        request.app.state.metrics.see_import(
            table,
            new=summary.n_new,
            repeated=summary.n_repeated,
            corrected=summary.n_corrected,
            rejected=summary.n_rejected,
        )
    since, until = summary.period or (None, None)
    return ImportAnswer(
        feed=summary.feed,
        hash=summary.file_hash,
        dry_run=summary.is_dry_run,
        known=summary.is_known_file,
        batch=summary.batch_id,
        read=summary.n_read,
        new=summary.n_new,
        repeated=summary.n_repeated,
        corrected=summary.n_corrected,
        rejected=summary.n_rejected,
        rejects=[
            Rejected(line=each.line, where=each.where, found=each.found, hint=each.hint)
            for each in summary.rejects
        ],
        reasons=[ReasonCounted(where=each.where, reason=each.reason, n=each.n) for each in summary.reasons],
        since=since and since.replace(tzinfo=UTC),
        until=until and until.replace(tzinfo=UTC),
        kinds=summary.kinds,
        flags=summary.flags,
    )


def _describe_body(row: type[BaseModel], collection: type[BaseModel]) -> dict[str, Any]:
    """Return the description of a body that the framework does not parse itself.

    CSV is told in words alone: no schema can say which texts are tables with the columns needed, and a schema
    that lets any text through would promise that any is taken.
    """
    rows = {"type": "array", "minItems": 1, "items": _inline(row)}
    return {
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": rows},
                GEOJSON: {"schema": _inline(collection)},
            },
        }
    }


def _inline(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a model with its parts written out, as a description inside a route needs it."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})

    def resolve(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return resolve(parts[str(node["$ref"]).rpartition("/")[2]])
            return {name: resolve(each) for name, each in node.items()}
        return [resolve(each) for each in node] if isinstance(node, list) else node

    resolved: dict[str, Any] = resolve(schema)
    return resolved
