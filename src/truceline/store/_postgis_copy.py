"""Rows to and from PostgreSQL in bulk, exactly: COPY as text on the way in, as CSV on the way out.

Rows are written column by column by escapes of our own, and read back by the parser of pandas. Numbers travel
in the shortest digits that mean the same double, moments in and out to the microsecond.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.frames import MOMENT
from truceline.events.schema import ColumnType, Table
from truceline.store._rows import quote

if TYPE_CHECKING:
    from truceline.store._postgis_connection import Connection

PIECE = 10_000
"""Rows made into text at a time."""
_MISSING = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_NO_MOMENT = int(np.iinfo(np.int64).min)
"""How NumPy writes a missing moment."""
_FEW = 4
"""Numbers are written once for each value where there are so many times more rows than values."""
FEW_ROWS = 1_000
"""Rows up to which an answer is taken in one piece; it stands in memory twice then."""
_FEW_BYTES = 131_072
"""Answers up to this size are read cell by cell; no cell in them is longer than the reader takes."""


def copy_in(connection: Connection, sql: str, columns: Sequence[Any], n_rows: int) -> None:
    """Send columns (series, arrays or single strings in COPY's text, repeated) to a COPY ... FROM STDIN."""
    with connection.cursor() as cursor, cursor.copy(sql) as copy:
        for start in range(0, n_rows, PIECE):
            end = min(start + PIECE, n_rows)
            words = [
                [column] * (end - start) if isinstance(column, str) else to_words(column[start:end])
                for column in columns
            ]
            copy.write(("\n".join(map("\t".join, zip(*words, strict=True))) + "\n").encode("utf-8"))


def to_words(column: Any) -> list[str]:
    """Return values as words of COPY's text format."""
    import pandas as pd

    if isinstance(column, pd.Series):
        column = column.array if isinstance(column.dtype, pd.Int64Dtype) else column.to_numpy()
    if isinstance(column, pd.arrays.IntegerArray):
        return _with_missing(list(map(str, column.to_numpy(np.int64, na_value=0).tolist())), column.isna())
    kind = column.dtype.kind
    if kind == "M":
        moments = np.asarray(column, dtype=MOMENT)
        return _with_missing(np.datetime_as_string(moments).tolist(), np.isnat(moments))
    if kind == "f":
        return _number_words(np.asarray(column, dtype=np.float64))
    if kind == "b":
        return ["t" if value else "f" for value in column.tolist()]
    if kind == "O":
        return _text_words(column.tolist())
    return list(map(str, column.tolist()))


def _with_missing(words: list[str], is_missing: Any) -> list[str]:
    for place in np.flatnonzero(is_missing).tolist():
        words[place] = _MISSING
    return words


def _number_words(numbers: Any) -> list[str]:
    """Return doubles in digits; many equal ones, told apart by their bits, are written once."""
    import pandas as pd

    codes, bits = pd.factorize(numbers.view(np.int64))
    if len(bits) * _FEW > len(numbers):
        return _with_missing(list(map(repr, numbers.tolist())), np.isnan(numbers))
    values = bits.view(np.float64)
    words = _with_missing(list(map(repr, values.tolist())), np.isnan(values))
    return [words[code] for code in codes.tolist()]


def _text_words(texts: list[str]) -> list[str]:
    joined = "".join(texts)
    if not any(letter in joined for letter in "\\\t\n\r"):
        return texts
    return [text.translate(_ESCAPES) for text in texts]


def fetch(
    connection: Connection, sql: str, parameters: Sequence[Any], kinds: Sequence[ColumnType]
) -> list[Any]:
    """Return the columns of an answer in their types; `sql` begins with a cell of `out_cells` for each."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)", list(parameters)) as copy,
    ):
        data = b"".join(bytes(block) for block in copy)
    return _parse(data, kinds)


def fetch_few(
    connection: Connection, sql: str, parameters: Sequence[Any], kinds: Sequence[ColumnType]
) -> list[Any]:
    """Return what `fetch` does, and sooner where it is few rows: they come in one piece."""
    rows = connection.execute(sql, parameters).fetchall()
    dtypes = _cell_types(kinds, numbers=np.float64)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(dtypes)
    return _columns(
        [np.array(values, dtype=dtype) for values, dtype in zip(columns, dtypes, strict=True)], kinds
    )


def out_cells(kind: ColumnType, cell: str) -> str:
    """Return the cells of CSV that carry one column; whether a whole number is missing takes a second one."""
    if kind is ColumnType.integer:
        return f"coalesce({cell}, 0), ({cell} IS NULL)::int"
    if kind is ColumnType.moment:
        return f"coalesce((extract(epoch FROM {cell}) * 1000000)::bigint, {_NO_MOMENT})"
    if kind is ColumnType.number:
        return f"coalesce({cell}, 'NaN')"
    return f"{cell}::int" if kind is ColumnType.truth else cell


def out_columns(table: Table, names: Sequence[str]) -> str:
    """Return the cells of CSV that carry columns of a table."""
    return ", ".join(out_cells(table.field(name).type, quote(table, name)) for name in names)


def _cell_types(kinds: Sequence[ColumnType], *, numbers: Any = object) -> list[Any]:
    """Return the types of the cells that `out_cells` makes of columns; those of `numbers` may be words."""
    dtypes: list[Any] = []
    for kind in kinds:
        if kind is ColumnType.integer:
            dtypes += [np.int64, np.int8]
        elif kind is ColumnType.moment:
            dtypes.append(np.int64)
        elif kind is ColumnType.number:
            dtypes.append(numbers)
        else:
            dtypes.append(np.int8 if kind is ColumnType.truth else object)
    return dtypes


def _parse(data: bytes, kinds: Sequence[ColumnType]) -> list[Any]:
    dtypes = dict(enumerate(_cell_types(kinds)))
    if data:
        cells = _split_few(data, dtypes) or _split_many(data, dtypes)
    else:
        cells = [np.empty(0, dtype=dtype) for dtype in dtypes.values()]
    return _columns(cells, kinds)


def _split_few(data: bytes, dtypes: Mapping[int, Any]) -> list[Any]:
    """Return the cells of few rows by column; empty where there are many, or cells that make no such rows.

    What pandas does for a million rows takes milliseconds for one, and a page of features asks several times.
    """
    if len(data) > _FEW_BYTES:
        return []
    rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    if any(len(row) != len(dtypes) for row in rows):
        return []
    columns = zip(*rows, strict=True)
    return [
        np.array(words if dtype is object else list(map(int, words)), dtype=dtype)
        for words, dtype in zip(columns, dtypes.values(), strict=True)
    ]


def _split_many(data: bytes, dtypes: Mapping[int, Any]) -> list[Any]:
    import pandas as pd

    frame = pd.read_csv(
        io.BytesIO(data), header=None, names=list(dtypes), dtype=dict(dtypes), encoding="utf-8",
        keep_default_na=False, na_filter=False, skip_blank_lines=False, low_memory=False,
    )  # fmt: skip
    return [frame[number].to_numpy() for number in dtypes]


def _columns(cells: Sequence[Any], kinds: Sequence[ColumnType]) -> list[Any]:
    import pandas as pd

    columns: list[Any] = []
    number = 0
    for kind in kinds:
        values = cells[number]
        number += 1
        if kind is ColumnType.integer:
            is_missing = cells[number] != 0
            number += 1
            columns.append(pd.Series(pd.arrays.IntegerArray(np.array(values), is_missing)))
        elif kind is ColumnType.moment:
            columns.append(pd.Series(np.array(values).view(MOMENT)))
        elif kind is ColumnType.truth:
            columns.append(pd.Series(values.astype(bool)))
        elif kind is ColumnType.number and values.dtype.kind == "f":
            columns.append(pd.Series(values))
        elif kind is ColumnType.number:
            # Read as words first: how exactly pandas reads digits depends on its version.
            codes, words = pd.factorize(values)
            columns.append(pd.Series(np.array([float(word) for word in words], dtype=np.float64)[codes]))
        else:
            columns.append(pd.Series(values, dtype=object))
    return columns
