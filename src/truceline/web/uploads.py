"""Rows on their way in: spooled to disk as they come, checked for what they are, made one kind of file.

CSV goes to the reader of files as it is. JSON, a list of rows or a GeoJSON collection, is checked against the
form first. Nothing is unpacked: what is compressed by its first bytes is refused whatever it calls itself.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect

from truceline.errors import Problem, TrucelineError
from truceline.events.feeds.base import Feed
from truceline.events.kinds import Role
from truceline.web.access import Caller, require
from truceline.web.bodies import CLOSE, check_depth
from truceline.web.errors import ServiceError
from truceline.web.forms import MOST_ROWS
from truceline.web.settings import MEBIBYTE

MAX_JSON_BYTES = 8 * MEBIBYTE
"""Largest JSON body of rows: it is held whole, and takes some twenty times its size while it is read."""
CSV, JSON, GEOJSON = "text/csv", "application/json", "application/geo+json"
_PACKED = {
    b"\x1f\x8b": "gzip", b"PK": "a zip archive or workbook", b"BZh": "bzip2", b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd", b"PAR1": "Parquet", b"\xd0\xcf\x11\xe0": "an old workbook", b"%PDF": "PDF",
}  # fmt: skip


@dataclass(frozen=True)
class Upload:
    """A body on disk, removed when the request ends."""

    path: Path
    kind: str
    """text/csv, application/json or application/geo+json."""


async def receive_upload(
    request: Request, caller: Annotated[Caller, Depends(require(Role.observer))]
) -> AsyncIterator[Upload]:
    """Write the body to disk and give its path; raises ServiceError where it is not of a kind taken here."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (CSV, JSON, GEOJSON):
        raise ServiceError(
            415,
            "this address takes CSV and JSON",
            where="Content-Type",
            hint=f"send {CSV}, {JSON} or {GEOJSON}",
        )
    with _folder() as folder:
        path = folder / ("upload.csv" if kind == CSV else "upload.geojson")
        try:
            n_bytes = await _spool(request, kind, path)
        except ClientDisconnect:  # nobody reads this answer; the log does
            raise ServiceError(400, "the client went away before the body was whole", headers=CLOSE) from None
        except OSError:
            raise no_room() from None
        if n_bytes == 0:
            raise ServiceError(422, "is empty", where="body", hint="send at least one row")
        yield Upload(path, kind)


async def _spool(request: Request, kind: str, path: Path) -> int:
    """Write the body to a file and return its bytes."""
    n_bytes = 0
    with path.open("wb") as out:
        async for part in request.stream():
            if n_bytes == 0 and part:
                _refuse_packed(part)
            n_bytes += len(part)
            if kind != CSV and n_bytes > MAX_JSON_BYTES:
                raise ServiceError(
                    413, f"JSON is taken up to {MAX_JSON_BYTES:,} bytes", hint="split it, or send it as CSV"
                )
            out.write(part)
    return n_bytes


UploadHere = Annotated[Upload, Depends(receive_upload)]


def prepare(upload: Upload, row: type[BaseModel], collection: type[BaseModel], feed: Feed) -> None:
    """Make a JSON body the GeoJSON file that the reader takes; raises ServiceError where it has not the form.

    CSV is left as it is: its rows are checked one by one when they are read.
    """
    if upload.kind == CSV:
        return
    body = upload.path.read_bytes()
    check_depth(body, most=32)
    try:
        if upload.kind == GEOJSON:
            features = TypeAdapter(collection).validate_json(body).model_dump(exclude_unset=True)["features"]
        else:
            form: TypeAdapter[list[BaseModel]] = TypeAdapter(list[row])  # type: ignore[valid-type]
            rows = form.validate_json(body)
            features = [
                {"type": "Feature", "geometry": None, "properties": each.model_dump(exclude_unset=True)}
                for each in rows
            ]
    except ValidationError as error:
        raise _refuse_form(error) from None
    if not 1 <= len(features) <= MOST_ROWS:
        raise ServiceError(422, f"has {len(features):,} rows", where="body", hint=f"send 1 to {MOST_ROWS:,}")
    # What a format cannot do without is missing in a row, not in the file; and a row that is sent again must
    # be the same to the letter, wherever in a body it stands.
    needed = {*feed.needs, *(min(names) for names in feed.one_of)}
    for feature in features:
        given = feature["properties"]
        feature["properties"] = {
            name: given.get(name)
            for name in row.model_fields
            if name in needed or given.get(name) is not None
        }
    try:
        upload.path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    except OSError:
        raise no_room() from None


@contextmanager
def speaking_of_body(upload: Upload) -> Iterator[None]:
    """Let errors of the reader speak of the body, not of the file it was spooled to."""
    try:
        yield
    except TrucelineError as error:
        raise type(error)("body", [_rename(each, upload) for each in error.problems]) from None


def no_room() -> ServiceError:
    """Return the refusal where the disk is full."""
    return ServiceError(
        503,
        "there is no room on the disk of the service",
        hint="nothing was kept",
        headers={"Retry-After": "60"},
    )


@contextmanager
def _folder() -> Iterator[Path]:
    try:
        folder = tempfile.TemporaryDirectory(prefix="truceline-", ignore_cleanup_errors=True)
    except OSError:
        raise no_room() from None
    with folder as name:
        yield Path(name)


def _refuse_packed(start: bytes) -> None:
    for mark, what in _PACKED.items():
        if start.startswith(mark):
            raise ServiceError(415, f"is {what} by its first bytes", where="body", hint="send plain text")


def _refuse_form(error: ValidationError) -> ServiceError | TrucelineError:
    problems = [
        Problem(".".join(["body", *map(str, each["loc"])]), str(each["msg"]), "see the form in /api")
        for each in error.errors(include_url=False, include_input=False)[:20]
    ]
    return TrucelineError("body", problems)


def _rename(problem: Problem, upload: Upload) -> Problem:
    def plain(words: Any) -> str:
        # The reader speaks to the command line: of files, and of its options.
        said = str(words).replace(str(upload.path), "body").replace(upload.path.name, "body")
        return said.replace("--keep-going", "keep_going=true")

    return Problem(plain(problem.where), plain(problem.found), plain(problem.hint), problem.warning)
