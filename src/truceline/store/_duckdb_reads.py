"""Questions to a DuckDB store: all rows, newest rows, counts of newest rows.

First the rows that match are chosen by the few columns asked about, then those replaced by newer ones are
taken out (see `_replaced`), and only then the other columns are read: `row_order` rises through the file, so
the database passes over the parts that hold none of the chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.schema import ColumnType, Table
from truceline.store._rows import (
    Condition,
    check_among,
    check_table,
    column_from_array,
    condition_from_selection,
    frame_from_arrays,
    plain_values,
    quote,
    quote_all,
)
from truceline.store.base import Page, Selection

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_HOUR_US = 3_600_000_000
_FIRST_LOOK = 65_536
"""Rows looked at first for a page; a page of a table without conditions then costs the same in any store."""
_LOOK_GROWTH = 4


def last_change(cursor: duckdb.DuckDBPyConnection) -> int:
    """Return the number of the newest change; 0 in an empty store."""
    # All rows are fetched, here and elsewhere: DuckDB 2 refuses more work on a half-read answer.
    return int(cursor.execute("SELECT coalesce(max(change_id), 0) FROM changes").fetchall()[0][0])


def read_rows(
    cursor: duckdb.DuckDBPyConnection, table: Table, select: Selection, columns: Sequence[str]
) -> pd.DataFrame:
    """Return all rows that match, in the order of writing."""
    names = tuple(columns) or table.names
    where = _condition(table, select)
    source = _choose(table, where, select, newest=False)
    arrays = _fetch(cursor, f"{source} SELECT {quote_all(table, names)}, row_order FROM chosen_rows", where)
    return frame_from_arrays(table, _in_order(arrays), names)


def read_newest(
    cursor: duckdb.DuckDBPyConnection, table: Table, select: Selection, columns: Sequence[str]
) -> pd.DataFrame:
    """Return the newest row for each subject, where it matches, in the order of the subjects."""
    if not table.subject:
        return read_rows(cursor, table, select, columns)
    names = tuple(columns) or table.names
    where = _condition(table, select)
    source = _choose(table, where, select, newest=True)
    order = quote_all(table, table.subject)
    sql = f"{source} SELECT {quote_all(table, names)} FROM chosen_rows ORDER BY {order}"
    return frame_from_arrays(table, _fetch(cursor, sql, where), names)


def read_part(
    cursor: duckdb.DuckDBPyConnection,
    table: Table,
    select: Selection,
    columns: Sequence[str],
    n: int,
    after: int,
) -> Page:
    """Return up to `n` of the newest rows that match behind the row `after`."""
    if n < 1:
        raise ValueError(f"a page of {n} rows is none")
    names = tuple(columns) or table.names
    newest = f"SELECT coalesce(max(row_order), 0) FROM {check_table(table)}"
    last = int(cursor.execute(newest).fetchall()[0][0])
    n_looked_at, found = _FIRST_LOOK, np.empty(0, dtype=np.int64)
    while after < last and len(found) <= n:
        where = _condition(table, select)
        where.add("row_order > ? AND row_order <= ?", after, after + n_looked_at)
        source = _choose(table, where, select, newest=bool(table.subject), n=n + 1 - len(found))
        more = np.asarray(_fetch(cursor, f"{source} SELECT row_order FROM first", where)["row_order"])
        found = np.concatenate([found, np.sort(more)])
        after, n_looked_at = after + n_looked_at, n_looked_at * _LOOK_GROWTH
    where = Condition()
    where.add("row_order IN (SELECT id FROM wanted)")
    where.numbers["wanted"] = found[:n]
    sql = f"SELECT {quote_all(table, names)}, row_order FROM {check_table(table)} WHERE {where.sql}"
    frame = frame_from_arrays(table, _in_order(_fetch(cursor, sql, where)), names)
    made = {name: plain_values(frame[name], table.field(name).type) for name in names}
    return Page(made, found[:n].tolist(), int(found[n - 1]) if len(found) > n else None)


def tally_newest(
    cursor: duckdb.DuckDBPyConnection,
    table: Table,
    select: Selection,
    by: Sequence[str],
    sums: Sequence[str],
    day_shift_h: float | None,
) -> pd.DataFrame:
    """Count the newest rows that match, and sum columns of theirs."""
    where = _condition(table, select)
    source = _choose(table, where, select, newest=bool(table.subject))
    groups = [quote(table, name) for name in by]
    if day_shift_h is not None:
        if not table.starts:
            raise ValueError(f"{table.name} has no times to count days by")
        shift_us = round(day_shift_h * _HOUR_US)
        starts = quote(table, table.starts)
        groups.insert(0, f"CAST(CAST({starts} + to_microseconds({shift_us}) AS DATE) AS TIMESTAMP)")
    cells = [f"{group} AS group_{number}" for number, group in enumerate(groups)]
    cells += ["count(*) AS n", *(f"{_total(table, name)} AS sum_{name}" for name in sums)]
    sql = f"{source} SELECT {', '.join(cells)} FROM chosen_rows"
    if groups:
        places = [str(number + 1) for number in range(len(groups))]
        order = ", ".join(f"{place} NULLS LAST" for place in places)
        sql += f" GROUP BY {', '.join(places)} ORDER BY {order}"
    return _tally_frame(table, _fetch(cursor, sql, where), by, sums, has_day=day_shift_h is not None)


def _tally_frame(
    table: Table, arrays: Mapping[str, Any], by: Sequence[str], sums: Sequence[str], *, has_day: bool
) -> pd.DataFrame:
    import pandas as pd

    kinds = [(name, table.field(name).type) for name in by]
    if has_day:
        kinds.insert(0, ("day", ColumnType.moment))
    made = {
        name: column_from_array(kind, arrays[f"group_{number}"]) for number, (name, kind) in enumerate(kinds)
    }
    made["n"] = pd.Series(np.asarray(arrays["n"], dtype=np.int64))
    for name in sums:
        kind = np.int64 if table.field(name).type is ColumnType.integer else np.float64
        made[name] = pd.Series(np.asarray(arrays[f"sum_{name}"], dtype=kind))
    return pd.DataFrame(made)


def _condition(table: Table, select: Selection) -> Condition:
    """Return everything in `select` but `as_of` as SQL, rows of other tables included."""
    made = condition_from_selection(table, select)
    for number, among in enumerate(select.among):
        check_among(table, among)
        other = condition_from_selection(among.table, among.select, prefix=f"among_{number}_")
        column, name = quote(table, among.column), check_table(among.table)
        up_to = "TRUE" if select.as_of is None else f"change_id <= {int(select.as_of)}"
        chosen = f"SELECT {column} FROM {name} WHERE {up_to} AND {column} IS NOT NULL AND {other.sql}"
        if among.table.subject:
            chosen += f" AND row_order NOT IN (SELECT row_order FROM replaced_{name} WHERE {up_to})"
        made.numbers.update(other.numbers)
        is_among = "NOT IN" if among.is_absent else "IN"
        made.add(f"({column} IS NOT NULL AND {column} {is_among} ({chosen}))", *other.parameters)
    return made


def _choose(table: Table, where: Condition, select: Selection, *, newest: bool, n: int | None = None) -> str:
    """Return a WITH clause that makes `chosen_rows` of the rows that match, or of the newest that do.

    With `n`, of the first so many in the order of writing. `where` becomes complete for the whole statement.
    """
    name = check_table(table)
    up_to = "" if select.as_of is None else f"WHERE change_id <= {int(select.as_of)}"
    replaced = f"SELECT row_order FROM replaced_{name} {up_to}"
    if not where.terms:  # everything: nothing to choose first
        less = f"ANTI JOIN ({replaced}) USING (row_order)" if newest else ""
        return f"WITH chosen_rows AS (SELECT * FROM {name} {less} {up_to})"
    if select.as_of is not None:
        where.add("change_id <= ?", int(select.as_of))
    chosen = f"SELECT row_order FROM {name} WHERE {where.sql}"
    steps = [f"matching AS MATERIALIZED ({chosen})"]
    if newest:
        steps += [
            f"old AS (SELECT row_order FROM ({replaced}) SEMI JOIN matching USING (row_order))",
            "chosen AS MATERIALIZED (SELECT row_order FROM matching ANTI JOIN old USING (row_order))",
        ]
    last = "chosen" if newest else "matching"
    if n is not None:
        steps.append(f"first AS MATERIALIZED (SELECT row_order FROM {last} ORDER BY row_order LIMIT {n})")
        last = "first"
    steps.append(f"chosen_rows AS (SELECT * FROM {name} SEMI JOIN {last} USING (row_order))")
    return f"WITH {', '.join(steps)}"


def _total(table: Table, name: str) -> str:
    kind, column = table.field(name).type, quote(table, name)
    if kind is ColumnType.integer:
        return f"CAST(coalesce(sum({column}), 0) AS BIGINT)"
    if kind is ColumnType.number:
        # Compensated: the order in which threads add must not show.
        return f"coalesce(fsum({column}), 0.0)"
    raise ValueError(f"{table.name}.{name} is no number to sum")


def _fetch(cursor: duckdb.DuckDBPyConnection, sql: str, where: Condition) -> Mapping[str, Any]:
    import pandas as pd

    for name, numbers in where.numbers.items():
        cursor.register(name, pd.DataFrame({"id": numbers}))
    arrays: Mapping[str, Any] = cursor.execute(sql, where.parameters).fetchnumpy()
    return arrays


def _in_order(arrays: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arrays in the order of writing; a scan gives them so, a join need not."""
    order = np.asarray(arrays["row_order"])
    if len(order) < 2 or bool((np.diff(order) > 0).all()):
        return arrays
    by_order = np.argsort(order)
    return {name: array[by_order] for name, array in arrays.items()}
