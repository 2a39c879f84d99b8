"""Questions to a PostgreSQL store: all rows, newest rows, pages, counts; each a statement, so of one moment.

Newest rows are those that match and are not noted in `replaced_<table>` as replaced (see `_replaced`). Values
travel as parameters that the driver writes into the statement; names come from a Table and are checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.schema import ColumnType, Table
from truceline.store._postgis_copy import FEW_ROWS, fetch, fetch_few, out_cells, out_columns
from truceline.store._postgis_totals import count_with_totals, whole_stretches
from truceline.store._rows import (
    Condition,
    check_among,
    check_table,
    condition_from_selection,
    plain,
    quote,
    quote_all,
)
from truceline.store.base import Page, Selection

if TYPE_CHECKING:
    import pandas as pd

    from truceline.store._postgis_connection import Connection

_HOUR_US = 3_600_000_000
_WHOLE_EXACT = 2.0**53
"""Doubles up to here count without gaps."""
_LOOKS = (16_384, 262_144)
"""Rows behind the page before that are looked through first, before all others are."""
_FEW_TO_SORT = 20_000
"""Rows that the server finds and puts in order sooner than it looks through those nearby."""
LONG = "INTERVAL '2 days'"
"""Rows that last longer have an index of their own: see the schema."""


def last_change(connection: Connection) -> int:
    """Return the number of the newest change; 0 in an empty store."""
    return number_of(connection, 'SELECT coalesce(max("row_order"), 0) FROM changes')


def number_of(connection: Connection, sql: str, parameters: Sequence[Any] | None = None) -> int:
    """Return the one number a statement answers."""
    row = connection.execute(sql, parameters, prepare=True).fetchone()
    assert row is not None  # noqa: S101  (an aggregate answers always)
    return int(row[0])


def read_rows(
    connection: Connection, table: Table, select: Selection, columns: Sequence[str]
) -> pd.DataFrame:
    """Return all rows that match, in the order of writing."""
    return _read(connection, table, select, columns, order='"row_order"', newest=False)


def read_newest(
    connection: Connection, table: Table, select: Selection, columns: Sequence[str]
) -> pd.DataFrame:
    """Return the newest row for each subject, where it matches, in the order of the subjects."""
    if not table.subject:
        return read_rows(connection, table, select, columns)
    order = quote_all(table, table.subject)
    return _read(connection, table, select, columns, order=order, newest=True)


def read_part(
    connection: Connection, table: Table, select: Selection, columns: Sequence[str], n: int, after: int
) -> Page:
    """Return up to `n` of the newest rows that match behind the row `after`."""
    if n < 1:
        raise ValueError(f"a page of {n} rows is none")
    names = tuple(columns) or table.names
    # Rows of a period, of a box or of some numbers lie together in the table as a rule. The server takes them
    # to be spread evenly, and would go through it from its beginning: the order is hidden from it then, and
    # where they are many, what comes next is looked for nearby first.
    is_near = bool(select.since or select.until or select.ids or select.box)
    order = 't."row_order" + 0' if is_near else 't."row_order"'
    looks: tuple[int | None, ...] = (None,)
    has_few = _asks_for_few(select)
    if is_near and not has_few and _estimate(connection, table, select) > _FEW_TO_SORT:
        looks = (*_LOOKS, None)
    rows: list[tuple[Any, ...]] = []
    for n_looked_at in looks:
        where = _condition(table, select, newest=True)
        where.add('t."row_order" > ?', after)
        if n_looked_at is not None:
            where.add('t."row_order" <= ?', after + n_looked_at)
        name = check_table(table)
        chosen = (
            f'SELECT t."row_order" FROM {name} AS t WHERE {where.sql} ORDER BY {order} LIMIT {int(n) + 1}'
        )
        cells = f'{quote_all(table, names)}, "row_order"'
        sql = f'SELECT {cells} FROM {name} WHERE "row_order" IN ({chosen}) ORDER BY "row_order"'
        question, parameters = _complete(sql, where)
        # Rows of a few numbers are found in one way, whichever they are: the server need not think each time.
        cursor = connection.cursor(binary=True)
        rows = cursor.execute(question, parameters, prepare=has_few).fetchall()
        if len(rows) > n:
            break
    places: list[int] = [row[-1] for row in rows[:n]]
    made = {name: [row[number] for row in rows[:n]] for number, name in enumerate(names)}
    return Page(made, places, places[-1] if len(rows) > n else None)


def _estimate(connection: Connection, table: Table, select: Selection) -> int:
    """Return how many rows the server thinks will match; asking it costs less than looking."""
    where = _condition(table, select, newest=False)
    question, parameters = _complete(f"SELECT FROM {check_table(table)} AS t WHERE {where.sql}", where)
    answer = connection.execute(f"EXPLAIN (FORMAT JSON) {question}", parameters).fetchone()
    assert answer is not None  # noqa: S101  (there is always a plan)
    return int(answer[0][0]["Plan"]["Plan Rows"])


def tally_newest(
    connection: Connection,
    table: Table,
    select: Selection,
    by: Sequence[str],
    sums: Sequence[str],
    day_shift_h: float | None,
) -> pd.DataFrame:
    """Count the newest rows that match, and sum columns of theirs exactly, in whatever order they are added.

    The server counts rows with equal values to be summed; the sums are made of those counts here.
    """
    for name in sums:
        if table.field(name).type not in (ColumnType.integer, ColumnType.number):
            raise ValueError(f"{table.name}.{name} is no number to sum")
    groups = [(name, table.field(name).type, quote(table, name)) for name in by]
    where = _condition(table, select, newest=True)
    if day_shift_h is not None:
        if not table.starts:
            raise ValueError(f"{table.name} has no times to count days by")
        shift_us = round(day_shift_h * _HOUR_US)
        day = f"date_trunc('day', {quote(table, table.starts)} + INTERVAL '{shift_us} microseconds')"
        groups.insert(0, ("day", ColumnType.moment, day))
    counted = groups + [(f"sum of {name}", table.field(name).type, quote(table, name)) for name in sums]
    cells = [f"{expression} AS c{number}" for number, (_, _, expression) in enumerate(counted)]
    count, source = "count(*)", f"{check_table(table)} AS t WHERE {where.sql}"
    stretches = whole_stretches(table, select, by, sums, day_shift_h)
    if stretches is not None:
        source, parameters = count_with_totals(select, stretches)
        count, source, where = "sum(n)", f"({source}) AS rows", Condition([], parameters)
    inner = f"SELECT {', '.join([*cells, f'{count} AS n'])} FROM {source}"
    if counted:
        inner += f" GROUP BY {', '.join(str(number + 1) for number in range(len(counted)))}"
        inner += f" HAVING {count} > 0"
    outer = ", ".join(
        [*(out_cells(kind, f"c{number}") for number, (_, kind, _) in enumerate(counted)), "coalesce(n, 0), 0"]
    )
    order = ", ".join(f"c{number} NULLS LAST" for number in range(len(groups)))
    sql = f"SELECT {outer} FROM ({inner}) AS counted" + (f" ORDER BY {order}" if order else "")
    found = _ask(connection, sql, where, [*(kind for _, kind, _ in counted), ColumnType.integer])
    return _add_up(groups, [(name, table.field(name).type) for name in sums], found)


def _add_up(
    groups: Sequence[tuple[str, ColumnType, str]], sums: Sequence[tuple[str, ColumnType]], found: list[Any]
) -> pd.DataFrame:
    """Return one row for each group out of rows for each group and value to be summed."""
    import pandas as pd

    n = found[-1].to_numpy(np.int64)
    if not sums:
        made = {name: found[number] for number, (name, _, _) in enumerate(groups)}
        return pd.DataFrame({**made, "n": pd.Series(n)})
    group = _group_numbers(found[: len(groups)], len(n))
    first = np.flatnonzero(np.diff(group, prepend=-1)) if len(n) else np.empty(0, np.int64)
    n_groups = len(first) if groups else 1
    frame: dict[str, Any] = {
        name: found[number].take(first).reset_index(drop=True) for number, (name, _, _) in enumerate(groups)
    }
    frame["n"] = pd.Series(np.bincount(group, weights=n, minlength=n_groups).astype(np.int64))
    for number, (name, kind) in enumerate(sums, start=len(groups)):
        values = found[number].to_numpy(np.float64, na_value=0.0)
        if kind is ColumnType.integer:
            whole = found[number].fillna(0).to_numpy(np.int64)
            totals = np.zeros(n_groups, np.int64)
            np.add.at(totals, group, whole * n)
            frame[name] = pd.Series(totals)
        else:
            frame[name] = pd.Series(_exact_sums(group, np.where(np.isnan(values), 0.0, values), n, n_groups))
    return pd.DataFrame(frame)


def _group_numbers(columns: Sequence[Any], n_rows: int) -> Any:
    """Return the number of each row's group, from 0; rows of one group lie together."""
    begins = np.zeros(n_rows, dtype=bool)
    for column in columns:
        codes, _ = column.factorize(use_na_sentinel=False)
        begins |= np.diff(codes, prepend=codes[:1]) != 0
    return np.cumsum(begins)


def _exact_sums(group: Any, values: Any, n: Any, n_groups: int) -> Any:
    """Return the sum of each value taken `n` times, by group, rounded once."""
    products = values * n
    is_whole = bool((values == np.rint(values)).all()) and np.abs(products).sum() < _WHOLE_EXACT
    if is_whole or not np.isfinite(values).all():
        return np.bincount(group, weights=products, minlength=n_groups).astype(np.float64)
    totals = [Fraction(0)] * n_groups
    for where, value, times in zip(group.tolist(), values.tolist(), n.tolist(), strict=True):
        totals[where] += Fraction(value) * times
    return np.array([float(total) for total in totals])


def _read(
    connection: Connection,
    table: Table,
    select: Selection,
    columns: Sequence[str],
    *,
    order: str,
    newest: bool,
) -> pd.DataFrame:
    import pandas as pd

    names = tuple(columns) or table.names
    where = _condition(table, select, newest=newest)
    sql = (
        f"SELECT {out_columns(table, names)} FROM {check_table(table)} AS t "
        f"WHERE {where.sql} ORDER BY {order}"
    )
    kinds = [table.field(name).type for name in names]
    found = _ask(connection, sql, where, kinds, is_small=_asks_for_few(select))
    return pd.DataFrame(dict(zip(names, found, strict=True)), copy=False)


def _asks_for_few(select: Selection) -> bool:
    """Tell whether rows are chosen by few enough numbers that few rows can match."""
    return any(np.size(values) <= FEW_ROWS for values in select.ids.values())


def _condition(table: Table, select: Selection, *, newest: bool) -> Condition:
    """Return everything in `select` as SQL over a table named t."""
    made = condition_from_selection(table, select)
    _help_period(made, table, select)
    _help_box(made, select)
    for number, among in enumerate(select.among):
        check_among(table, among)
        other = condition_from_selection(among.table, among.select, prefix=f"among_{number}_")
        _help_period(other, among.table, among.select)
        _help_box(other, among.select)
        column, name = quote(table, among.column), check_table(among.table)
        other.add(f"o.{column} = t.{column}")
        _add_standing(other, among.table, select.as_of, "o", newest=True)
        made.numbers.update(other.numbers)
        word = "NOT EXISTS" if among.is_absent else "EXISTS"
        made.add(
            f"t.{column} IS NOT NULL AND {word} (SELECT FROM {name} AS o WHERE {other.sql})",
            *other.parameters,
        )
    _add_standing(made, table, select.as_of, "t", newest=newest)
    return made


def _add_standing(made: Condition, table: Table, as_of: int | None, alias: str, *, newest: bool) -> None:
    if as_of is not None:
        made.add(f'{alias}."change_id" <= ?', int(as_of))
    if newest and table.subject:
        replaced = f'SELECT FROM replaced_{check_table(table)} AS r WHERE r."row_order" = {alias}."row_order"'
        if as_of is not None:
            made.add(f'NOT EXISTS ({replaced} AND r."change_id" <= ?)', int(as_of))
        else:
            made.add(f"NOT EXISTS ({replaced})")


def _help_period(made: Condition, table: Table, select: Selection) -> None:
    """Say once more, in the words of the indexes, when rows that end behind `since` can have begun."""
    since = None if select.since is None else plain(select.since)
    if since is None or not table.ends:
        return
    starts, ends = quote(table, table.starts), quote(table, table.ends)
    is_long = f"({starts} IS NULL OR {ends} > {starts} + {LONG})"
    moment = "CAST(? AS TIMESTAMP)"
    made.add(f"({starts} >= {moment} - {LONG} OR ({is_long} AND {ends} >= {moment}))", since, since)


def _help_box(made: Condition, select: Selection) -> None:
    """Say once more, in the words of the index, where rows are; it holds places on the globe alone."""
    if select.box is None:
        return
    lon_min, lat_min, lon_max, lat_max = (float(bound) for bound in select.box)
    if -180 <= lon_min <= lon_max <= 180 and -90 <= lat_min <= lat_max <= 90:
        made.add('"geom" && ST_MakeEnvelope(?, ?, ?, ?, 4326)', lon_min, lat_min, lon_max, lat_max)


def _ask(
    connection: Connection, sql: str, where: Condition, kinds: Sequence[ColumnType], *, is_small: bool = False
) -> list[Any]:
    """Fetch an answer."""
    complete, parameters = _complete(sql, where)
    ask = fetch_few if is_small else fetch
    return ask(connection, complete, parameters, kinds)


def _complete(sql: str, where: Condition) -> tuple[str, list[Any]]:
    """Return a statement and its parameters; the numbers of a condition become arrays."""
    parameters, steps = [], []
    for name, numbers in where.numbers.items():
        steps.append(f"{name}(id) AS (SELECT unnest(CAST(? AS bigint[])))")
        parameters.append("{" + ",".join(map(str, numbers.tolist())) + "}")
    complete = f"WITH {', '.join(steps)} {sql}" if steps else sql
    return to_driver(complete), [*parameters, *where.parameters]


def to_driver(sql: str) -> str:
    """Return a statement with the driver's marks for parameters."""
    return sql.replace("%", "%%").replace("?", "%s")
