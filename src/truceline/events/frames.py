"""Frames with the columns and types of a table of the store, whichever version of pandas made them.

Text is kept as Python strings, integers as nullable 64 bits, moments as UTC without zone in microseconds.
Knows types and no meanings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.schema import ColumnType, Table

if TYPE_CHECKING:
    import pandas as pd

MOMENT = "datetime64[us]"


def make_frame(table: Table, columns: Mapping[str, Any], *, n_rows: int | None = None) -> pd.DataFrame:
    """Return a frame with all columns of `table`; single values are repeated and missing columns are empty.

    `n_rows` is needed where every column is a single value. Raises KeyError for a column the table has not,
    and ValueError where lengths differ.
    """
    import pandas as pd

    unknown = set(columns) - set(table.names)
    if unknown:
        raise KeyError(f"{table.name} has no column {', '.join(sorted(unknown))}")
    if n_rows is None:
        lengths = {len(column) for column in columns.values() if _is_column(column)}
        if len(lengths) > 1:
            raise ValueError(f"{table.name}: columns of {sorted(lengths)} rows")
        n_rows = lengths.pop() if lengths else (1 if columns else 0)
    index = pd.RangeIndex(n_rows)
    made = {field.name: _column(field.type, columns.get(field.name), n_rows, index) for field in table.fields}
    return pd.DataFrame(made, index=index, copy=False)


def set_types(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the frame with the columns it shares with `table` in the types the table gives them."""
    import pandas as pd

    index = pd.RangeIndex(len(frame))
    known = set(table.names)
    made = {
        str(name): (
            _column(table.field(str(name)).type, frame[name], len(frame), index)
            if name in known
            else frame[name].set_axis(index)
        )
        for name in frame.columns
    }
    return pd.DataFrame(made, index=index, copy=False)


def _is_column(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str | bytes)


def _column(kind: ColumnType, given: Any, n_rows: int, index: Any) -> Any:
    """Return a column in its type; None is a column of missing values."""
    import pandas as pd

    if given is None:
        given = {ColumnType.text: "", ColumnType.number: np.nan, ColumnType.truth: False}.get(kind)
    values: Any = given if _is_column(given) else [given] * n_rows
    if len(values) != n_rows:
        raise ValueError(f"{len(values)} values for {n_rows} rows")
    if kind is ColumnType.text:
        column = pd.Series(np.asarray(values, dtype=object), index=index, dtype=object)
        if pd.api.types.infer_dtype(column.to_numpy(), skipna=False) == "string":
            return column  # several times faster than to look for missing values, and most columns have none
        missing = column.isna()
        return column.mask(missing, "") if missing.any() else column
    if kind is ColumnType.number:
        return pd.Series(pd.to_numeric(_flat(values)), index=index).astype("float64")
    if kind is ColumnType.integer:
        return pd.Series(pd.array(_flat(values), dtype="Int64"), index=index)
    if kind is ColumnType.truth:
        return pd.Series(np.asarray(values, dtype=bool), index=index)
    return pd.Series(pd.to_datetime(_flat(values)), index=index).astype(MOMENT)


def _flat(values: Any) -> Any:
    """Return values without an index of their own, which pandas would align by."""
    import pandas as pd

    return values.array if isinstance(values, pd.Series) else values
