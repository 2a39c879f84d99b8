"""Read Parquet through an embedded DuckDB of its own: typed columns, chunk by chunk, each row also as JSON.

The file is gone through once to learn how large its texts are, so that a chunk stays within bounds however
far the file swells; that also finds damage before the first row is used. No extension is loaded and nothing
is written: what does not fit into memory is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.feeds.base import DIGEST_CHARACTERS, shorten
from truceline.events.readers.chunk import (
    CHUNK_CHARACTERS,
    CHUNK_ROWS,
    MAX_ROWS,
    Chunk,
    ReportFileError,
    as_objects,
    check_header,
    refuse,
)

if TYPE_CHECKING:
    import pandas as pd

MAX_TEXT_BYTES = 1_000_000
"""Longest text in a cell."""
BLOCK_ROWS = 10_000
"""Rows whose texts are measured together; a chunk is some of these blocks."""
MEMORY_LIMIT = "1GB"
"""What the embedded DuckDB may use beside the chunk."""

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": MEMORY_LIMIT,
    "threads": 2,
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_TIMES = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_ROW = "file_row_number"
_ORIGINAL, _DIGEST = "__original", "__digest"
_BLANKS = "concat(' ', chr(9), chr(10), chr(11), chr(12), chr(13))"
"""By number: an escape that the database does not know is its letter, as a v was for a vertical tab."""


def read_parquet(path: Path) -> Iterator[Chunk]:
    """Yield the rows of a Parquet file; at least one chunk. `lines` count rows from 1.

    Numbers, truths and times keep their types; days, nested values and all others become text, as DuckDB
    writes them. Raises ReportFileError where the file is damaged or larger than the bounds.
    """
    import duckdb

    connection = duckdb.connect(":memory:", config=_SETTINGS)
    try:
        yield from _read(connection, path)
    except duckdb.Error as error:
        first = str(error).splitlines()[0] if str(error) else "unknown"
        hint = "copy or download it again, or write it anew"
        raise refuse(path, f"cannot be read as Parquet: {shorten(first)}", hint) from None
    finally:
        connection.close()


def _read(connection: Any, path: Path) -> Iterator[Chunk]:
    table = f"read_parquet({_quote_text(_literal_path(path))}, {_ROW}=true)"
    described = connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()  # noqa: S608
    types = {str(row[0]): str(row[1]) for row in described if row[0] != _ROW}
    names = check_header(list(types), path)
    chunks = _plan_chunks(connection, table, types, path)
    query = _query(table, types)
    n_rows = chunks[-1][1] if chunks else 0
    for start, end in chunks or [(0, 0)]:
        columns = connection.execute(query, [start, end - 1]).fetchnumpy()
        originals, digests = columns.pop(_ORIGINAL), columns.pop(_DIGEST)
        frame = _make_frame(columns, types, names)
        lines = np.arange(start + 1, start + 1 + len(frame), dtype=np.int64)
        yield Chunk(
            frame,
            lines,
            _plain(originals),
            _plain(digests),
            is_plain=True,
            done=end / max(n_rows, 1),
            how="Parquet",
        )


def _plan_chunks(connection: Any, table: str, types: dict[str, str], path: Path) -> list[tuple[int, int]]:
    """Return first and behind-last row of each chunk, none of them with more text than fits."""
    texts = [f"coalesce(strlen({_text_of(name, kind)}), 0)" for name, kind in types.items() if _is_text(kind)]
    total = " + ".join(texts) if texts else "0"
    longest = f"greatest({', '.join([*texts, '0'])})"
    blocks = connection.execute(
        f"SELECT {_ROW} // {BLOCK_ROWS} AS block, count(*), sum({total}), max({longest}) "  # noqa: S608
        f"FROM {table} GROUP BY block ORDER BY block"
    ).fetchall()
    n_rows = sum(int(block[1]) for block in blocks)
    if n_rows > MAX_ROWS:
        raise refuse(path, f"has {n_rows:,} rows", f"split it; at most {MAX_ROWS:,} are read")
    chunks: list[tuple[int, int]] = []
    start, end, size = 0, 0, 0
    for block, n, n_bytes, longest_text in blocks:
        if int(longest_text) > MAX_TEXT_BYTES:
            found = f"has a text of {int(longest_text):,} bytes in rows from {int(block) * BLOCK_ROWS + 1:,}"
            raise refuse(path, found, f"at most {MAX_TEXT_BYTES:,} are read")
        if int(n_bytes) > 4 * CHUNK_CHARACTERS:
            found = f"has {int(n_bytes) / 1e6:,.0f} MB of text in {BLOCK_ROWS:,} rows"
            raise refuse(path, found, "is it a table of reports?")
        if end > start and (end + int(n) - start > CHUNK_ROWS or size + int(n_bytes) > CHUNK_CHARACTERS):
            chunks.append((start, end))
            start, size = end, 0
        end, size = end + int(n), size + int(n_bytes)
    return [*chunks, (start, end)] if end > start else chunks


def _query(table: str, types: dict[str, str]) -> str:
    """Return the query for rows from one number to another, with each row as JSON beside its columns."""
    cells = {
        name: _text_of(name, kind) if _is_text(kind) else _value_of(name, kind)
        for name, kind in types.items()
    }
    given = ", ".join(f"{cell} AS {_quote_name(name)}" for name, cell in cells.items())
    plain = ", ".join(
        f"coalesce(trim({_quote_name(name)}, {_BLANKS}), '') AS {_quote_name(name)}"
        for name, kind in types.items()
        if _is_text(kind)
    )
    columns = f"* REPLACE ({plain})" if plain else "*"
    return (
        f"SELECT {columns}, left(sha256({_ORIGINAL}), {DIGEST_CHARACTERS}) AS {_DIGEST} FROM ("  # noqa: S608
        f"SELECT *, to_json(given)::VARCHAR AS {_ORIGINAL} FROM ("
        f"SELECT {given} FROM {table} WHERE {_ROW} BETWEEN ? AND ?) given)"
    )


def _is_text(kind: str) -> bool:
    return not (
        kind in (*_WHOLE, *_TIMES, "DOUBLE", "FLOAT", "BOOLEAN")
        or kind.startswith(("DECIMAL", "TIMESTAMP WITH"))
    )


def _text_of(name: str, kind: str) -> str:
    return _quote_name(name) if kind == "VARCHAR" else f"{_quote_name(name)}::VARCHAR"


def _value_of(name: str, kind: str) -> str:
    quoted = _quote_name(name)
    if kind.startswith("DECIMAL"):
        return f"{quoted}::DOUBLE"
    if kind.startswith("TIMESTAMP WITH"):  # as UTC, without the zones that the machine or DuckDB has
        return f"make_timestamp(epoch_us({quoted}))"
    return f"{quoted}::TIMESTAMP" if kind in _TIMES else quoted


def _make_frame(columns: dict[str, Any], types: dict[str, str], names: list[str]) -> pd.DataFrame:
    import pandas as pd

    made = {}
    for lower, (name, kind) in zip(names, types.items(), strict=True):
        values = columns[name]
        if _is_text(kind):
            made[lower] = pd.Series(_plain(values), dtype=object)
        elif kind in _TIMES or kind.startswith("TIMESTAMP"):
            times = pd.Series(np.ma.filled(values.astype("datetime64[us]"), np.datetime64("NaT")))
            made[lower] = times if kind in _TIMES else times.dt.tz_localize("UTC")
        elif isinstance(values, np.ma.MaskedArray) and values.mask.any():
            made[lower] = _with_missing(values)
        else:
            made[lower] = pd.Series(np.ma.getdata(values))
    return pd.DataFrame(made, index=pd.RangeIndex(len(next(iter(made.values())))), copy=False)


def _with_missing(values: Any) -> pd.Series:
    """Return numbers or truths of which some are missing in a type that has missing values."""
    import pandas as pd

    data, mask = np.ma.getdata(values), np.ma.getmaskarray(values)
    if data.dtype.kind == "f":
        return pd.Series(np.where(mask, np.nan, data))
    if data.dtype.kind == "b":
        return pd.Series(pd.arrays.BooleanArray(data, mask))
    return pd.Series(pd.arrays.IntegerArray(data.astype(np.int64), mask))


def _plain(values: Any) -> Any:
    """Return text as an array of Python strings, empty where it is missing."""
    if isinstance(values, np.ma.MaskedArray):
        data, mask = np.ma.getdata(values), np.ma.getmaskarray(values)
        return np.where(mask, "", data).astype(object) if mask.any() else data
    return values if values.dtype == object else as_objects([str(value) for value in values])


def _literal_path(path: Path) -> str:
    """Return a path in which DuckDB finds no pattern: stars and brackets in a name are themselves."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path.absolute()))


def _quote_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quote_name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


__all__ = ["ReportFileError", "read_parquet"]
