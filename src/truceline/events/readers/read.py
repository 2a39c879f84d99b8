"""The door of the readers: any file of reports in, rows in chunks out.

The first bytes decide what a file is, its name the rest. One chunk is held at a time: about 100,000 rows or
32 million characters, a few hundred megabytes at the most; GeoJSON alone is held whole, and bounded by its
size.
Writes nothing, and never runs anything that a file holds.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from truceline.errors import Problem
from truceline.events.readers.chunk import Chunk, ReportFileError, refuse
from truceline.events.readers.text import DAMAGE, UnpackedStream, damaged

Progress = Callable[[float], None]
"""Called after each chunk with the share of the file read."""

FORMATS = ".csv, .tsv, .txt, .geojson, .json (each also with .gz), .parquet and .xlsx"
_TEXT, _JSON = (".csv", ".tsv", ".txt"), (".geojson", ".json")
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_rows(path: Path, *, sheet: str = "", progress: Progress | None = None) -> Iterator[Chunk]:
    """Yield the rows of a file in chunks; at least one, empty where the file has a header and no rows.

    `sheet` names the sheet of a workbook; the first by default.

    Raises ReportFileError, with one message, for a file that is missing, of no known format, damaged, in a
    wrong encoding, or larger than the bounds; rows that alone are wrong are in `Chunk.rejects`.
    """
    try:
        for chunk in _open(path, sheet):
            yield chunk
            if progress is not None:
                progress(chunk.done)
    except OSError as error:
        raise refuse(path, f"cannot be read: {error.strerror or error}", "check its rights") from None


def _open(path: Path, sheet: str) -> Iterator[Chunk]:
    start = _first_bytes(path)
    ending = path.suffix.lower()
    packed = start.startswith(b"\x1f\x8b")
    if packed:
        ending = Path(path.stem).suffix.lower() if ending == ".gz" else ending
        start = _first_unpacked(path)
    elif ending == ".gz":
        raise refuse(path, "is no gzip file", "rename it by what it is, or compress it again")
    if sheet and not start.startswith(b"PK"):
        raise refuse(path, "has no sheets", "leave the sheet out, or name a workbook (.xlsx)")
    if not packed and start.startswith(b"PAR1"):
        from truceline.events.readers.parquet import read_parquet

        return read_parquet(path)
    if not packed and start.startswith(b"PK\x03\x04"):
        from truceline.events.readers.xlsx import read_xlsx

        return read_xlsx(path, sheet=sheet)
    if ending in _JSON:
        from truceline.events.readers.geojson import read_geojson

        return read_geojson(path, packed=packed)
    if ending in _TEXT:
        _refuse_disguise(path, start)
        from truceline.events.readers.text import read_text

        return read_text(path, packed=packed)
    raise _unknown(path, start, ending)


def _first_bytes(path: Path) -> bytes:
    """Return the start of a regular file: a pipe or a device would never end."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise refuse(path, "there is no such file", "check the path") from None
    except (OSError, ValueError) as error:
        raise refuse(
            path, f"cannot be read: {getattr(error, 'strerror', '') or error}", "check the path"
        ) from None
    if stat.S_ISDIR(mode):
        raise refuse(path, "is a folder", "name a file in it")
    if not stat.S_ISREG(mode):
        raise refuse(path, "is no regular file", "save it as a file first")
    with path.open("rb") as handle:
        start = handle.read(16)
    if not start:
        raise refuse(path, "is empty", "it must have at least a header")
    return start


def _first_unpacked(path: Path) -> bytes:
    try:
        with path.open("rb") as raw:
            return UnpackedStream(raw, path).read(16)
    except DAMAGE as error:
        raise damaged(path, error) from None


def _refuse_disguise(path: Path, start: bytes) -> None:
    """Refuse other formats under the name of a text."""
    if start.startswith((_OLD_EXCEL, b"PAR1", b"PK\x03\x04")):
        raise _unknown(path, start, "")


def _unknown(path: Path, start: bytes, ending: str) -> ReportFileError:
    if start.startswith(_OLD_EXCEL):
        return refuse(path, "is an old Excel workbook", "save it as .xlsx or .csv")
    if ending in (".parquet", ".xlsx"):
        found = f"is no {ending[1:]} file by its first bytes"
        return refuse(path, found, "rename it by what it is, or write it again")
    found = f"is of a format that is not read ('{ending or 'no ending'}')"
    return ReportFileError(path.name, [Problem(str(path), found, f"formats are {FORMATS}")])
