"""Read delimited text (CSV) row by row: quoted fields over several lines, four delimiters, UTF-8, -16 or -32.

Takes nothing from the file on trust: lines, fields, columns and what comes out of a compressed file are
bounded, and no more than a chunk is held.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from truceline.events.feeds.base import shorten
from truceline.events.readers.chunk import (
    Chunk,
    ReportFileError,
    RowKeeper,
    check_header,
    check_ratio,
    refuse,
)

MAX_LINE_CHARACTERS = 1_000_000
"""Longest line taken: a file of one line is refused after so much of it."""
DELIMITERS = {",": "','", ";": "';'", "\t": "tab", "|": "'|'"}
"""Delimiters looked for in the header, and how messages call them; on a draw the first wins."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMED_DELIMITER = re.compile(r"sep=([,;\t|])\s*")
_HASHTAG = re.compile(r"\s*#[a-z][a-z0-9_]{0,99}(\s*\+[a-z][a-z0-9_]{0,99}){0,20}\s*")
DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)
_BLOCK = 1 << 16


def read_text(path: Path, *, packed: bool) -> Iterator[Chunk]:
    """Yield the rows of a CSV file, gzipped where `packed`; at least one chunk, empty without rows.

    Raises ReportFileError for what makes the file unreadable as a whole. A row with more or fewer fields than
    the header is rejected alone; fields beyond the header that are empty do not count. Hashtags (HXL) after
    the header are no row.
    """
    size = path.stat().st_size
    with path.open("rb") as raw:
        source: Any = UnpackedStream(raw, path) if packed else raw
        encoding = _find_encoding(source, path)
        try:
            text = io.TextIOWrapper(source, encoding=encoding, newline="")
            yield from _read_rows(text, path, raw, size, encoding)
        except UnicodeDecodeError:
            try:
                wrong = _name_bad_byte(path, encoding, packed=packed)
            except DAMAGE as error:  # read in larger blocks, a packed file may break off before its bad byte
                wrong = damaged(path, error)
            raise wrong from None
        except UnicodeError:  # a mark of UTF-16 and nothing like it behind
            raise refuse(path, "is damaged text", "save it as UTF-8") from None
        except DAMAGE as error:
            raise damaged(path, error) from None


class UnpackedStream(io.BufferedIOBase):
    """A gzip file being unpacked: as many bytes as asked for, and an error as soon as it swells too much."""

    def __init__(self, raw: IO[bytes], path: Path) -> None:
        self._raw, self._path = raw, path
        self._unpacked = gzip.GzipFile(fileobj=raw, mode="rb")
        self._n_out = 0
        self._ahead = b""

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to `size` bytes; a block where no size is given, never everything."""
        size = _BLOCK if size is None or size < 0 else min(size, _BLOCK)
        if self._ahead:
            block, self._ahead = self._ahead[:size], self._ahead[size:]
            return block
        block = self._unpacked.read(size)
        self._n_out += len(block)
        check_ratio(self._n_out, self._raw.tell(), self._path)
        return block

    read1 = read

    def peek(self, size: int, /) -> bytes:
        """Return the next bytes without taking them."""
        if not self._ahead:
            self._ahead = self.read(max(size, 1))
        return self._ahead


def damaged(path: Path, error: Exception) -> ReportFileError:
    """Return the error for a file that breaks off or is not what it says."""
    return refuse(path, f"is damaged: {shorten(error)}", "copy or download it again")


def _find_encoding(source: IO[bytes] | UnpackedStream, path: Path) -> str:
    """Return the encoding by the mark at the start, UTF-8 without one."""
    try:
        start = source.peek(4)[:4]  # type: ignore[union-attr]
    except DAMAGE as error:
        raise damaged(path, error) from None
    if not start:
        raise refuse(path, "is empty", "it must have at least a header")
    return next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8")


def _read_rows(text: IO[str], path: Path, raw: IO[bytes], size: int, encoding: str) -> Iterator[Chunk]:
    lines = _Lines(text, path)
    reader, delimiter, header = _read_header(lines, path)
    names = check_header(header, path)
    how = f"CSV with the delimiter {DELIMITERS[delimiter]}, {encoding.upper().removesuffix('-SIG')}"
    keeper = RowKeeper(names, how)
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    width, n_read, n_chunks = len(names), lines.n_read, 0
    after_header = n_read + 1
    try:
        for row in reader:
            line, n_read = n_read + 1, lines.n_read
            if line == after_header and _is_tag_row(row):
                continue
            if len(row) > width and not any(row[width:]):
                del row[width:]  # delimiters at the end of the line
            if len(row) == width:
                full = keeper.add(row, line, encode(dict(zip(header, row, strict=True))))
            elif not row:
                continue
            else:
                found = f"has {len(row):,} fields where the header has {width}"
                hint = "quote texts that hold the delimiter, and write empty fields too"
                reason = f"has {'more' if len(row) > width else 'fewer'} fields than the header"
                full = keeper.reject(line, "row", found, hint, reason)
            if full:
                n_chunks += 1
                yield keeper.take(raw.tell() / max(size, 1))
    except csv.Error as error:
        raise _bad_row(path, n_read + 1, error) from None
    if keeper.rows or keeper.rejects or n_chunks == 0:
        yield keeper.take(1.0)


class _Lines:
    """The lines of a text, one by one, none too long and none with a NUL."""

    def __init__(self, text: IO[str], path: Path) -> None:
        self._text, self._path = text, path
        self.n_read = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_LINE_CHARACTERS + 1)
        if not line:
            raise StopIteration
        self.n_read += 1
        if "\0" in line:
            hint = "it is damaged, or UTF-16 without its mark: save it as UTF-8"
            raise refuse(self._path, "holds a NUL byte", hint, line=self.n_read)
        if len(line) > MAX_LINE_CHARACTERS:
            found = f"has a line of more than {MAX_LINE_CHARACTERS:,} characters"
            raise refuse(self._path, found, "is it a table with one row to a line?", line=self.n_read)
        return line


def _read_header(lines: _Lines, path: Path) -> tuple[Iterator[list[str]], str, list[str]]:
    """Return the reader behind the header, its delimiter, and the header as written."""
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise refuse(path, "is empty", "it must have at least a header")
    named = _NAMED_DELIMITER.fullmatch(first)  # a first line by which spreadsheets tell each other
    if named:
        first = next(lines, "")
    delimiter = named[1] if named else _find_delimiter(first)
    reader = csv.reader(_chain(first, lines), delimiter=delimiter)
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise _bad_row(path, lines.n_read, error) from None
    while len(header) > 1 and not header[-1].strip():
        header.pop()
    return reader, delimiter, header


def _is_tag_row(row: list[str]) -> bool:
    """Tell whether a row holds hashtags of the Humanitarian Exchange Language, and nothing else."""
    tags = [cell for cell in row if cell.strip()]
    return bool(tags) and all(_HASHTAG.fullmatch(cell) for cell in tags)


def _chain(first: str, rest: _Lines) -> Iterator[str]:
    yield first
    yield from rest


def _find_delimiter(line: str) -> str:
    """Return the delimiter that cuts the header into most fields; a comma where none cuts it."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(DELIMITERS, key=lambda delimiter: bare.count(delimiter))


def _bad_row(path: Path, line: int, error: csv.Error) -> ReportFileError:
    if "field larger" in str(error):
        found = f"has a field of more than {csv.field_size_limit():,} characters"
        return refuse(path, found, "look for a quote that is opened and not closed", line=line)
    return refuse(path, f"cannot be read: {shorten(error)}", "check quotes and line ends", line=line)


def _name_bad_byte(path: Path, encoding: str, *, packed: bool) -> ReportFileError:
    """Return the error for bytes that are no text, with line and byte of the first; reads the file again."""
    with path.open("rb") as raw:
        source = UnpackedStream(raw, path) if packed else raw
        decoder = codecs.getincrementaldecoder(encoding)()
        n_before, n_lines, last = 0, 1, ""
        while block := source.read(_BLOCK):
            n_held = len(decoder.getstate()[0])  # the start of a character, from the block before
            try:
                good, bad = decoder.decode(block), None
            except UnicodeDecodeError as error:
                good, bad = bytes(error.object[: error.start]).decode(encoding, "ignore"), error
            n_lines += good.count("\n") + good.count("\r") - (last + good).count("\r\n")
            if bad is not None:
                at, value = n_before - n_held + bad.start + 1, bad.object[bad.start]
                found = f"byte {at:,} (0x{value:02X}) is no {encoding.upper().removesuffix('-SIG')} text"
                hint = "the file mixes encodings or is cp1251 or latin-1: save it as UTF-8"
                return refuse(path, found, hint, line=n_lines)
            last = good[-1:] or last
            n_before += len(block)
    return refuse(path, f"breaks off within a character of {encoding.upper()}", "copy or download it again")
