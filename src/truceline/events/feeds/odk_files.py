"""Read exports of the field form: CSV, a ZIP of CSVs, XLSX with several sheets, or a server's answer as JSON.

Events stand in a second table, joined by PARENT_KEY (ODK Central) or _parent_index (KoBoToolbox). A ZIP comes
from a stranger: the number, names and sizes of what is in it are bounded, and nothing of it but tables is
looked at. Returns records and decides nothing about them.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truceline.events.feeds.odk_form import REPEAT
from truceline.events.feeds.odk_records import (
    Answers,
    FieldRecord,
    is_event_table,
    is_main_table,
    read_answers,
    read_json,
    read_row,
    sort_columns,
)
from truceline.events.readers.chunk import MAX_RATIO, RATIO_FREE_BYTES, ReportFileError, refuse
from truceline.events.readers.read import read_rows
from truceline.provenance import DIGEST_CHARACTERS, hash_text

MAX_JSON_BYTES = 50_000_000
"""Largest JSON taken; it may need ten times that in memory."""
MAX_PARTS = 2_000
"""Most files in a ZIP: pictures are passed over, tables are few."""
MAX_TABLE_BYTES = 200_000_000
"""Most bytes of one table in a ZIP, unpacked."""
MAX_SUBMISSIONS = 200_000
"""Most submissions of one import; a year of a large mission has fewer."""
_BLOCK = 1 << 16
_HEAD_BYTES = 1 << 16
"""Bytes of a file that are looked at to know what it is."""


@dataclass(frozen=True)
class SubmissionFiles:
    """What some files hold together."""

    records: tuple[FieldRecord, ...]
    name: str
    """Names of the files, for the history."""
    digest: str
    """Digest of their bytes."""
    not_read: tuple[str, ...]
    """Columns that are not kept."""


@dataclass(frozen=True)
class _Table:
    """Rows of one table, in lower-case columns."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]


def looks_like_submissions(path: Path) -> bool:
    """Tell whether a file is an export of the field form, from its beginning; False where it is damaged.

    A workbook is known by its sheet of events. Asked for every file of an import: reads what it needs.
    """
    ending = path.suffix.lower()
    try:
        if _is_zip_of_tables(path):
            return True
        if ending == ".json":
            if b'"FeatureCollection"' in _read_head(path):
                return False
            records = _records_of(_load_json(path))
            return any(isinstance(each, dict) and _is_json_record(each) for each in (records or ())[:20])
        if ending == ".xlsx":
            return _has_event_sheet(path)
        columns = _peek_header(path) if ending in (".csv", ".tsv", ".txt") else []
    except (ReportFileError, OSError):
        return False
    return is_main_table(columns) or is_event_table(columns)


def _peek_header(path: Path) -> list[str]:
    """Return the columns of a text in UTF-8, in lower case, from its first bytes."""
    head = _read_head(path).decode("utf-8-sig", "replace").split("\n", 1)[0]
    delimiter = max(",;\t|", key=head.count)
    return [name.strip().strip('"').strip().lower() for name in head.split(delimiter)]


def _read_head(path: Path) -> bytes:
    with path.open("rb") as handle:
        return handle.read(_HEAD_BYTES)


def _has_event_sheet(path: Path) -> bool:
    """Tell whether a workbook has the sheet of events, from the list of its sheets."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("xl/workbook.xml") as part:
            return f'name="{REPEAT}"'.encode() in part.read(_HEAD_BYTES)
    except (
        KeyError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ):
        return False


def read_submissions(paths: Sequence[Path]) -> SubmissionFiles:
    """Return the submissions in some files that belong together, as the tables of one export.

    Raises ReportFileError for files that are damaged, too large, or hold no submission of the form.
    """
    tables: list[_Table] = []
    records: list[FieldRecord] = []
    for path in paths:
        if path.suffix.lower() == ".json":
            found = _records_of(_load_json(path))
            if found is None:
                raise refuse(
                    path, "is no answer of a server", "save the list `value`, `results`, or one of records"
                )
            records += [read_json(number, each) for number, each in enumerate(found, len(records) + 1)]
        elif _is_zip_of_tables(path):
            tables += _read_zip(path)
        else:
            tables += _read_sheets(path)
    main = [table for table in tables if is_main_table(table.columns)]
    if not main and not records:
        hint = "give the table of submissions too; export with names of questions, not with labels"
        raise refuse(paths[0], "holds no submissions of the field form", hint)
    events = _Events([table for table in tables if is_event_table(table.columns)])
    for table in main:
        columns = sort_columns(table.columns)
        records += [
            read_row(number, row, columns, events.of(row))
            for number, row in enumerate(table.rows, len(records) + 1)
        ]
    if len(records) > MAX_SUBMISSIONS:
        found_too_many = f"holds {len(records):,} submissions"
        raise refuse(paths[0], found_too_many, f"at most {MAX_SUBMISSIONS:,} at once; export a period")
    others = {name for table in tables for name in sort_columns(table.columns).others}
    names = ", ".join(path.name for path in paths)
    return SubmissionFiles(tuple(records), names, _digest(paths), tuple(sorted(others)))


class _Events:
    """The rows of the second table, by the submission they belong to."""

    def __init__(self, tables: Iterable[_Table]) -> None:
        self._by_parent: dict[tuple[str, str], list[Answers]] = {}
        for table in tables:
            columns = sort_columns(table.columns)
            for row in table.rows:
                parent = self._parent(row)
                if parent is not None:
                    self._by_parent.setdefault(parent, []).append(read_answers(row, columns))

    @staticmethod
    def _parent(row: Mapping[str, str]) -> tuple[str, str] | None:
        for kind, name in (("key", "parent_key"), ("uuid", "_submission__uuid"), ("index", "_parent_index")):
            if word := row.get(name, "").removeprefix("uuid:"):
                return kind, word
        return None

    def of(self, row: Mapping[str, str]) -> list[Answers]:
        """Return the events of one submission, in their order."""
        for kind, name in (("key", "key"), ("uuid", "_uuid"), ("index", "_index")):
            if found := self._by_parent.get((kind, row.get(name, "").removeprefix("uuid:"))):
                return found
        return []


def _read_sheets(path: Path) -> Iterator[_Table]:
    """Yield the table of a file; of a workbook, the sheet of events too, where it has one."""
    yield _read_table(path, path.name)
    if path.suffix.lower() == ".xlsx":
        try:
            yield _read_table(path, f"{path.name} ({REPEAT})", sheet=REPEAT)
        except ReportFileError:
            return  # a workbook of one sheet


def _read_table(path: Path, name: str, *, sheet: str = "") -> _Table:
    rows: list[Mapping[str, str]] = []
    columns: tuple[str, ...] = ()
    for chunk in read_rows(path, sheet=sheet):
        columns = tuple(str(column) for column in chunk.raw.columns)
        rows += [dict(zip(columns, map(str, row), strict=True)) for row in chunk.raw.itertuples(index=False)]
        if len(rows) > MAX_SUBMISSIONS:
            raise refuse(path, f"has more than {MAX_SUBMISSIONS:,} rows", "export a shorter period")
        if chunk.rejects:
            first = chunk.rejects[0]
            raise refuse(path, f"line {first.line}: {first.found}", first.hint)
    return _Table(name, columns, tuple(rows))


def _is_zip_of_tables(path: Path) -> bool:
    """Tell whether a file is a ZIP with a table in it, and no workbook."""
    try:
        with path.open("rb") as handle:
            if handle.read(4) != b"PK\x03\x04":
                return False
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    return "[Content_Types].xml" not in names and any(_is_table(name) for name in names)


def _is_table(name: str) -> bool:
    return name.lower().endswith(".csv") and "/" not in name and "\\" not in name


def _read_zip(path: Path) -> Iterator[_Table]:
    """Yield the tables of a ZIP; each is unpacked under a name of ours, and never more than the bounds."""
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory(prefix="truceline-") as folder:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS:
                raise refuse(
                    path, f"holds {len(parts):,} files", f"at most {MAX_PARTS:,}; export without media"
                )
            for number, part in enumerate(part for part in parts if _is_table(part.filename)):
                unpacked = Path(folder) / f"{number}.csv"
                _unpack(archive, part, unpacked, path)
                if unpacked.stat().st_size:
                    yield _read_table(unpacked, f"{path.name} ({number})")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise refuse(path, f"is no ZIP that can be read: {str(error)[:80]}", "export it again") from None


def _unpack(archive: zipfile.ZipFile, part: zipfile.ZipInfo, target: Path, path: Path) -> None:
    n_bytes = 0
    with archive.open(part) as source, target.open("wb") as made:
        while block := source.read(_BLOCK):
            n_bytes += len(block)
            if n_bytes > MAX_TABLE_BYTES:
                raise refuse(
                    path, f"unpacks to more than {MAX_TABLE_BYTES / 1e6:g} MB", "export a shorter period"
                )
            if n_bytes > RATIO_FREE_BYTES and n_bytes > MAX_RATIO * max(part.compress_size, 1):
                found = f"unpacks to more than {MAX_RATIO} times its size: it may be a zip bomb"
                raise refuse(path, found, "unpack it yourself and look at it first")
            made.write(block)


def _load_json(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise refuse(path, f"is larger than {MAX_JSON_BYTES / 1e6:g} MB", "export a shorter period")
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise refuse(path, f"is no JSON: {str(error)[:80]}", "save the server's answer as it is") from None
    except OSError as error:
        raise refuse(path, f"cannot be read: {error.strerror or error}", "check its rights") from None


def _records_of(data: Any) -> list[Any] | None:
    """Return the list of records in a server's answer; None where there is none."""
    if isinstance(data, dict):
        data = data.get("value", data.get("results"))
    return data if isinstance(data, list) else None


def _is_json_record(record: Mapping[str, Any]) -> bool:
    return bool({"__id", "_uuid", "meta", "meta/instanceID"} & set(record))


def _digest(paths: Sequence[Path]) -> str:
    from truceline.provenance import hash_file

    return hash_text(" ".join(sorted(hash_file(path) for path in paths)))[:DIGEST_CHARACTERS]
