"""Read a sheet of an XLSX workbook as text: what is shown in its cells, formulas as they are written.

A workbook is a zip of XML parts. Before any part is parsed, each is unpacked piece by piece and looked
through: how large it is, how far it swells, and that it declares no document type, so that no entity can
expand. Nothing is calculated and no link is followed. The shared texts of the workbook are held whole; rows
are read one by one.
"""

from __future__ import annotations

import datetime as clock
import json
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from truceline.events.feeds.base import shorten
from truceline.events.readers.chunk import (
    MAX_COLUMNS,
    MAX_RATIO,
    RATIO_FREE_BYTES,
    Chunk,
    ReportFileError,
    RowKeeper,
    check_header,
    refuse,
)

MAX_PARTS = 2_000
"""Most files in the zip."""
MAX_WORKBOOK_BYTES = 600_000_000
"""Most bytes all parts may have unpacked: a sheet of a million rows of twenty columns has about so many."""
MAX_SHARED_BYTES = 100_000_000
"""Most bytes of parts that are held whole: shared texts, styles, the list of sheets."""
MAX_SHEET_ROWS = 1_048_576
"""Rows a sheet can have by its format."""

_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")
_PLAIN_ENCODINGS = (b"utf-8", b"utf8", b"us-ascii", b"ascii", b"utf-16")
_BLOCK = 1 << 18


def read_xlsx(path: Path, *, sheet: str = "") -> Iterator[Chunk]:
    """Yield the rows of a sheet (the first by default); at least one chunk. `lines` are rows of the sheet.

    Raises ReportFileError where the workbook is damaged, too large, declares entities, or has no such sheet.
    """
    _inspect(path)
    import openpyxl

    # The file is opened here, for the library leaves its own open where it fails.
    with path.open("rb") as handle, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of features of spreadsheets that a table does not need
        try:
            book = openpyxl.load_workbook(handle, read_only=True, keep_links=False)
        except Exception as error:
            raise _damaged(path, error) from None
        try:
            yield from _read_sheet(_choose_sheet(book, sheet, path), path)
        finally:
            book.close()


def _inspect(path: Path) -> None:
    """Unpack every part once without keeping it, and refuse what is too large or not plain XML."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if "[Content_Types].xml" not in names:
                raise refuse(path, "is a zip and no workbook", "unpack it and import the files in it")
            if len(parts) > MAX_PARTS:
                raise refuse(path, f"holds {len(parts):,} parts", f"at most {MAX_PARTS:,} are read")
            declared = sum(part.file_size for part in parts)
            _check_sizes(path, "the workbook", declared, sum(part.compress_size for part in parts))
            total = 0
            for part in parts:
                total += _inspect_part(archive, part, path)
                if total > MAX_WORKBOOK_BYTES:
                    raise _too_large(path, "the workbook", MAX_WORKBOOK_BYTES)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as error:
        raise _damaged(path, error) from None


def _inspect_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, path: Path) -> int:
    """Return the bytes of one part, having looked through them."""
    name = shorten(part.filename)
    _check_sizes(path, name, part.file_size, part.compress_size)
    is_held = _SHEET.fullmatch(part.filename) is None
    if is_held and part.file_size > MAX_SHARED_BYTES and name.lower().endswith((".xml", ".rels")):
        raise _too_large(path, name, MAX_SHARED_BYTES)
    n_bytes, tail = 0, b""
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK):
            if n_bytes == 0:
                _check_encoding(block, name, path)
            n_bytes += len(block)
            # UTF-16 has a NUL beside every plain letter: without them both encodings read alike.
            bare = tail + block.replace(b"\0", b"")
            if any(word in bare for word in _FORBIDDEN):
                hint = "save it again with a spreadsheet program; workbooks never need that"
                raise refuse(path, f"declares a document type or entities in {name}", hint)
            tail = bare[-16:]
    return n_bytes


def _check_encoding(start: bytes, name: str, path: Path) -> None:
    """Refuse XML in an encoding in which a declaration could hide."""
    named = _ENCODING.search(start[:400].replace(b"\0", b""))
    if named and named[1].lower() not in _PLAIN_ENCODINGS:
        raise refuse(path, f"is XML in the encoding {named[1].decode()} in {name}", "save it as UTF-8")


def _check_sizes(path: Path, name: str, n_out: int, n_in: int) -> None:
    if n_out > MAX_WORKBOOK_BYTES:
        raise _too_large(path, name, MAX_WORKBOOK_BYTES)
    if n_out > RATIO_FREE_BYTES and n_out > MAX_RATIO * max(n_in, 1):
        found = f"unpacks to more than {MAX_RATIO} times its size in {name}: it may be a zip bomb"
        raise refuse(path, found, "look at it first, or save the sheet as CSV")


def _too_large(path: Path, name: str, most: int) -> ReportFileError:
    return refuse(path, f"unpacks to more than {most / 1e6:g} MB in {name}", "save the sheet as CSV")


def _damaged(path: Path, error: Exception) -> ReportFileError:
    return refuse(
        path, f"is no workbook that can be read: {shorten(error)}", "save it again as .xlsx, or as CSV"
    )


def _choose_sheet(book: Any, sheet: str, path: Path) -> Any:
    tables = {each.title: each for each in book.worksheets}
    if not tables:
        raise refuse(path, "has no sheet of cells", "save the table as a sheet of its own")
    if not sheet:
        return next(iter(tables.values()))
    if sheet not in tables:
        there = ", ".join(shorten(name) for name in list(tables)[:10])
        raise refuse(path, f"has no sheet '{shorten(sheet)}'", f"there are: {there}")
    return tables[sheet]


def _read_sheet(sheet: Any, path: Path) -> Iterator[Chunk]:
    rows = _rows_of(sheet, path)
    try:
        _, header = next(rows)
    except StopIteration:
        raise refuse(path, f"has nothing in the sheet '{shorten(sheet.title)}'", "name the sheet") from None
    names = check_header(header, path)
    keeper = RowKeeper(names, f"the sheet '{shorten(sheet.title)}'")
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    width, n_chunks = len(names), 0
    for line, cells in rows:
        if len(cells) > width:
            found = f"has {len(cells):,} cells where the header has {width}"
            reason = "has more cells than the header"
            full = keeper.reject(line, "row", found, "remove what stands right of the table", reason)
        else:
            cells += [""] * (width - len(cells))
            full = keeper.add(cells, line, encode(dict(zip(header, cells, strict=True))))
        if full:
            n_chunks += 1
            yield keeper.take(line / max(sheet.max_row or line, line))
    if keeper.rows or keeper.rejects or n_chunks == 0:
        yield keeper.take(1.0)


def _rows_of(sheet: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of every row that has any, without the empty cells at its end."""
    line = 0
    try:
        for line, row in enumerate(sheet.iter_rows(), start=1):
            if line > MAX_SHEET_ROWS:
                raise refuse(path, f"has more than {MAX_SHEET_ROWS:,} rows", "save the sheet as CSV")
            cells = [_text(cell) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if len(row) > MAX_COLUMNS:
                raise refuse(path, f"has {len(row):,} columns", f"at most {MAX_COLUMNS} are read", line=line)
            if cells:
                yield line, cells
    except ReportFileError:
        raise
    except Exception as error:  # whatever the XML made the library stumble over
        raise _damaged(path, error) from None


def _text(cell: Any) -> str:
    """Return what stands in a cell: formulas as written, times in ISO form, whole numbers without a point."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, clock.datetime):
        is_day = "h" not in str(cell.number_format).lower() and value.time() == clock.time()
        return value.date().isoformat() if is_day else value.isoformat(timespec="seconds").removesuffix(":00")
    return str(getattr(value, "text", value) or "")
