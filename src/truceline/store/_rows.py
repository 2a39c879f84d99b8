"""Between frames and SQL: conditions out of a selection, rows in a table's types out of arrays and back.

Names of columns come from a Table and are checked against it; values travel as parameters or registered
frames, never in the text of a statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from truceline.events.frames import MOMENT, set_types
from truceline.events.schema import TABLES, ColumnType, Table
from truceline.store.base import Among, Selection
from truceline.store.filters import (
    AllOf,
    AnyOf,
    Between,
    Filter,
    Like,
    Missing,
    Not,
    OneOf,
    check_filter,
    values_of,
)

if TYPE_CHECKING:
    import pandas as pd

# Names that DuckDB and PostgreSQL share.
SQL_TYPES: Mapping[ColumnType, str] = {
    ColumnType.integer: "BIGINT",
    ColumnType.number: "FLOAT8",
    ColumnType.text: "VARCHAR",
    ColumnType.moment: "TIMESTAMP",
    ColumnType.truth: "BOOLEAN",
}
_DTYPES: Mapping[ColumnType, str] = {
    ColumnType.integer: "Int64",
    ColumnType.number: "float64",
    ColumnType.text: "object",
    ColumnType.moment: MOMENT,
    ColumnType.truth: "bool",
}
_TEXT_SLICE = 10_000
"""Texts joined at a time to check them: bounds the memory of the check."""


@dataclass
class Condition:
    """A condition in SQL with what it refers to."""

    terms: list[str] = field(default_factory=list)
    parameters: list[Any] = field(default_factory=list)
    numbers: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    """Whole numbers that the statement finds under these names, in a column `id`."""

    @property
    def sql(self) -> str:
        """Return the condition; TRUE where it is empty."""
        return " AND ".join(self.terms) if self.terms else "TRUE"

    def add(self, term: str, *parameters: Any) -> None:
        """Add a term that must hold too."""
        self.terms.append(term)
        self.parameters += parameters


def quote(table: Table, name: str) -> str:
    """Return a column's name for SQL; KeyError where the table has none of that name."""
    return f'"{table.field(name).name}"'


def quote_all(table: Table, names: Iterable[str]) -> str:
    """Return several columns for SQL."""
    return ", ".join(quote(table, name) for name in names)


def check_table(table: Table) -> str:
    """Return the table's name; KeyError where it is none of ours."""
    if TABLES.get(table.name) is not table:
        raise KeyError(f"there is no table {table.name}")
    return table.name


def check_among(table: Table, among: Among) -> None:
    """Raise KeyError or ValueError where rows cannot be chosen by those of another table."""
    kinds = {each.field(among.column).type for each in (table, among.table)}
    if kinds != {ColumnType.integer}:
        raise ValueError(f"{table.name}.{among.column} holds no numbers to choose by")


def condition_from_selection(table: Table, select: Selection, *, prefix: str = "") -> Condition:
    """Return everything in `select` but `as_of` and `among` as SQL; ValueError for what cannot be asked.

    prefix: begins the names of its numbers, where a statement has several conditions.
    """
    made = Condition()
    _add_period(made, table, select)
    for name, value in select.equals.items():
        _add_equals(made, table, name, value)
    for number, (name, values) in enumerate(select.ids.items()):
        _add_ids(made, table, name, values, f"{prefix}ids_{number}")
    if select.where is not None:
        check_filter(table, select.where)
        made.add(*_filter_sql(table, select.where))
    if select.box is not None:
        if not {"lon", "lat"} <= set(table.names):
            raise ValueError(f"{table.name} has no positions to choose by")
        lon_min, lat_min, lon_max, lat_max = (float(bound) for bound in select.box)
        made.add('"lon" BETWEEN ? AND ?', lon_min, lon_max)
        made.add('"lat" BETWEEN ? AND ?', lat_min, lat_max)
    return made


def _add_period(made: Condition, table: Table, select: Selection) -> None:
    if select.since is None and select.until is None:
        return
    if not table.starts:
        raise ValueError(f"{table.name} has no times to choose by")
    starts = quote(table, table.starts)
    if select.until is not None:
        made.add(f"{starts} < ?", plain(select.until))
    if select.since is None:
        return
    since = plain(select.since)
    if table.ends:
        ends = quote(table, table.ends)
        made.add(f"({ends} >= ? OR ({ends} IS NULL AND {starts} >= ?))", since, since)
    else:
        made.add(f"{starts} >= ?", since)


def _filter_sql(table: Table, part: Filter) -> tuple[Any, ...]:
    """Return a filter that was checked as SQL, and its parameters behind it; a missing word is NULL in it."""
    if isinstance(part, Not):
        sql, *parameters = _filter_sql(table, part.part)
        return (f"(NOT {sql})", *parameters)
    if isinstance(part, AllOf | AnyOf):
        parts = [_filter_sql(table, each) for each in part.parts]
        if not parts:
            return ("TRUE" if isinstance(part, AllOf) else "FALSE",)
        word = " AND " if isinstance(part, AllOf) else " OR "
        return (
            f"({word.join(sql for sql, *_ in parts)})",
            *(value for _, *given in parts for value in given),
        )
    kind = table.field(part.column).type
    column = quote(table, part.column)
    if kind is ColumnType.text:
        column = f"nullif({column}, '')"
    # A whole number is compared as what it is given as: 2.5 is between 2 and 3.
    is_fraction = kind is ColumnType.integer and any(isinstance(value, float) for value in values_of(part))
    place = f"CAST(? AS {SQL_TYPES[ColumnType.number if is_fraction else kind]})"
    if isinstance(part, Missing):
        return (f"({column} IS NULL)",)
    if isinstance(part, OneOf):
        places = ", ".join([place] * len(part.values))
        return (f"({column} IN ({places}))" if places else "FALSE", *part.values)
    if isinstance(part, Between):
        return (f"({column} BETWEEN {place} AND {place})", part.low, part.high)
    if isinstance(part, Like):
        return (f"({column} LIKE {place} ESCAPE '\\')", part.pattern)
    return (f"({column} {part.operator} {place})", part.value)


def _add_equals(made: Condition, table: Table, name: str, value: Any) -> None:
    column, kind = quote(table, name), table.field(name).type
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes)
    values = [plain(item) for item in (value if several else [value])]
    if kind is ColumnType.text:
        words = ["" if item is None else str(item) for item in values]
        values = [word for word in words if "\0" not in word]  # no stored word has one
    given = [item for item in values if item is not None]
    terms = [f"{column} IS NULL"] if len(given) < len(values) else []
    if given:
        place = f"CAST(? AS {SQL_TYPES[kind]})"
        terms.append(f"{column} IN ({', '.join([place] * len(given))})")
    made.add(f"({' OR '.join(terms)})" if terms else "FALSE", *given)


def _add_ids(made: Condition, table: Table, name: str, values: Any, frame: str) -> None:
    if table.field(name).type is not ColumnType.integer:
        raise ValueError(f"{table.name}.{name} holds no numbers to choose by")
    ids = np.unique(np.asarray(values, dtype=np.int64))
    made.numbers[frame] = ids
    made.add(f"{quote(table, name)} IN (SELECT id FROM {frame})")


def plain(value: Any) -> Any:
    """Return a value as plain Python has it; None where it is missing."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, np.datetime64):
        value = value.astype(MOMENT).item()
    elif isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, datetime):
        if value != value:  # NaT
            return None
        if value.tzinfo is not None:
            raise ValueError(f"times are UTC without zone, and {value} has one")
        return value if type(value) is datetime else datetime.fromisoformat(value.isoformat()[:26])
    if value is None or value != value or type(value).__name__ == "NAType":
        return None
    return value


def typed_frame(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows in the table's types; KeyError for columns it has not, ValueError for what is no text.

    A frame that is in its types already, as `make_frame` gives it, is not copied.
    """
    import pandas as pd

    unknown = [str(name) for name in frame.columns if name not in table.names]
    if unknown:
        raise KeyError(f"{table.name} has no column {', '.join(unknown)}")
    if all(frame[name].dtype == _DTYPES[table.field(name).type] for name in frame.columns):
        with suppress(ValueError):  # missing words, most likely: set_types makes them empty
            _check_texts(table, frame)
            return frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index(drop=True)
    typed = set_types(frame, table)
    _check_texts(table, typed)
    return typed


def _check_texts(table: Table, frame: pd.DataFrame) -> None:
    """Raise ValueError where a column of text holds what is no text, or text that UTF-8 cannot write."""
    for name in frame.columns:
        if table.field(str(name)).type is not ColumnType.text:
            continue
        values = frame[name].to_numpy(dtype=object)
        for start in range(0, len(values), _TEXT_SLICE):
            try:
                joined = "".join(values[start : start + _TEXT_SLICE].tolist())
                joined.encode("utf-8")
            except (TypeError, UnicodeEncodeError) as error:
                raise ValueError(f"{table.name}.{name}: {error}") from None
            if "\0" in joined:
                raise ValueError(f"{table.name}.{name}: a NUL is no text")


def frame_from_arrays(table: Table, arrays: Mapping[str, Any], names: Sequence[str]) -> pd.DataFrame:
    """Return columns as a database gave them (masked where values are missing) in the table's types."""
    import pandas as pd

    made = {name: column_from_array(table.field(name).type, arrays[name]) for name in names}
    n_rows = len(next(iter(made.values()))) if made else 0
    return pd.DataFrame(made, index=pd.RangeIndex(n_rows), copy=False)


def column_from_array(kind: ColumnType, values: Any) -> Any:
    """Return one column in its type."""
    import pandas as pd

    if kind is ColumnType.integer:
        plain = np.ascontiguousarray(np.ma.getdata(values), dtype=np.int64)
        return pd.Series(pd.arrays.IntegerArray(plain, np.ma.getmaskarray(values).copy()))
    if kind is ColumnType.number:
        return pd.Series(np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan))
    if kind is ColumnType.moment:
        times = np.ma.asarray(values).astype(MOMENT)
        return pd.Series(np.ma.filled(times, np.datetime64("NaT", "us")))
    if kind is ColumnType.truth:
        return pd.Series(np.asarray(values, dtype=bool))
    return pd.Series(np.asarray(values, dtype=object), dtype=object)


def plain_values(column: pd.Series[Any], kind: ColumnType) -> list[Any]:
    """Return a column as plain Python values, None where they are missing; text never is."""
    if kind is ColumnType.moment:
        return list(column.to_numpy().astype(MOMENT).tolist())
    values: list[Any] = column.tolist()
    if kind in (ColumnType.text, ColumnType.truth):
        return values
    return [None if gone else value for value, gone in zip(values, column.isna().tolist(), strict=True)]
