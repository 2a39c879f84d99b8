"""Counts of judgements over months and years without reading them: the store keeps them by stretches of time.

For every stretch of `STRETCH_S` seconds the internal table `judgement_totals` says how many of the newest
judgements are alike in all that is ever counted by. Every change that writes judgements brings it up to date
in its own transaction. A count over a period takes whole stretches from there, and counts the rest row by
row; as of an earlier change, what was written and replaced since is taken back. The answer is that of the
plain count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from truceline.events.schema import JUDGEMENTS, Table
from truceline.store._rows import Condition, condition_from_selection, plain
from truceline.store.base import Selection

if TYPE_CHECKING:
    from truceline.store._postgis_connection import Connection

STRETCH_S = 16 * 86_400
"""Length of a stretch: long enough that many judgements of it are alike, and short beside a year."""
_EPOCH = datetime(1970, 1, 1)
WORDS = ("agreement", "clause", "verdict", "region", "kind", "phase", "unit", "is_exercise")
ACTS = ("acts_low", "acts_best", "acts_high")
_ALL = ", ".join(f'"{name}"' for name in (*WORDS, *ACTS))
_STRETCH = 'floor(extract(epoch FROM "time_from") / {stretch})::int'
_CELLS = ", ".join(
    [*(f'"{name}"' for name in WORDS), *(f'coalesce("{name}", \'NaN\') AS "{name}"' for name in ACTS)]
)
_IDENTITY = f"substr(sha256(convert_to(ROW({_ALL})::text, 'UTF8')), 1, 16)"
_ADD = f"""
INSERT INTO judgement_totals ("stretch", "identity", {_ALL}, "n")
SELECT "stretch", {_IDENTITY}, {_ALL}, n FROM (
    SELECT "stretch", {_ALL}, sum(n) AS n FROM ({{rows}}) AS rows
    WHERE "stretch" IS NOT NULL GROUP BY "stretch", {_ALL}
) AS alike WHERE n <> 0
"""
_ON_CONFLICT = 'ON CONFLICT ("stretch", "identity") DO UPDATE SET "n" = judgement_totals."n" + excluded."n"'
_STANDING = 'NOT EXISTS (SELECT FROM replaced_judgements AS r WHERE r."row_order" = t."row_order")'


def note_totals(connection: Connection, replace_stored: str, parameters: Sequence[Any], first: int) -> None:
    """Note as replaced what the judgements from row `first` on replace, and bring the totals up to date.

    replace_stored: the statement that notes replaced rows, with its parameters.
    """
    cells = f'{_STRETCH.format(stretch=STRETCH_S)} AS "stretch", {_CELLS}'
    rows = (
        f'SELECT {cells}, -1 AS n FROM judgements AS t JOIN replaced USING ("row_order") '
        f'UNION ALL SELECT {cells}, 1 FROM judgements AS t WHERE t."row_order" >= %s AND {_STANDING}'
    )
    sql = f'WITH replaced AS ({replace_stored} RETURNING "row_order") {_ADD.format(rows=rows)} {_ON_CONFLICT}'
    connection.execute(sql, [*parameters, first])


def rebuild_totals(connection: Connection) -> None:
    """Make the totals again from the judgements."""
    cells = f'{_STRETCH.format(stretch=STRETCH_S)} AS "stretch", {_CELLS}'
    connection.execute("DELETE FROM judgement_totals")
    connection.execute(_ADD.format(rows=f"SELECT {cells}, 1 AS n FROM judgements AS t WHERE {_STANDING}"))


def whole_stretches(
    table: Table, select: Selection, by: Sequence[str], sums: Sequence[str], day_shift_h: float | None
) -> tuple[int, int] | None:
    """Return the first stretch within the period and the one behind the last; None where they do not help."""
    since, until = plain(select.since), plain(select.until)
    if table is not JUDGEMENTS or since is None or until is None or sums or day_shift_h is not None:
        return None
    if select.ids or select.box or select.where or select.among:
        return None
    if not set(by) <= {*WORDS, *ACTS} or not set(select.equals) <= set(WORDS):
        return None
    length = timedelta(seconds=STRETCH_S)
    first = -((_EPOCH - since) // length)
    last = (until - _EPOCH) // length
    return (first, last) if first < last else None


def count_with_totals(select: Selection, stretches: tuple[int, int]) -> tuple[str, list[Any]]:
    """Return SQL of rows with the columns of the totals and `n`, and its parameters; NaN is NULL again."""
    first, last = stretches
    alike = condition_from_selection(JUDGEMENTS, replace(select, since=None, until=None))
    acts = ", ".join(f'nullif("{name}", \'NaN\') AS "{name}"' for name in ACTS)
    words = ", ".join(f'"{name}"' for name in WORDS)
    parts: list[tuple[str, Condition]] = []

    def add(cells: str, n: int | str, source: str, *terms: tuple[Any, ...]) -> None:
        where = Condition(list(alike.terms), list(alike.parameters))
        for term in terms:
            where.add(*term)
        parts.append((f"SELECT {cells}, {n} AS n FROM {source} WHERE {where.sql}", where))

    within = ('"time_from" >= CAST(? AS TIMESTAMP) AND "time_from" < CAST(? AS TIMESTAMP)',)
    begin, end = (_moment(number) for number in stretches)
    add(f"{words}, {acts}", '"n"', "judgement_totals", ('"stretch" >= ? AND "stretch" < ?', first, last))
    as_of = select.as_of
    standing: tuple[Any, ...] = (_STANDING,)
    if as_of is not None:
        standing = (
            't."change_id" <= ? AND NOT EXISTS (SELECT FROM replaced_judgements AS r '
            'WHERE r."row_order" = t."row_order" AND r."change_id" <= ?)',
            as_of,
            as_of,
        )
    for low, high in ((plain(select.since), begin), (end, plain(select.until))):
        if low < high:
            add(_ALL, 1, "judgements AS t", (*within, low, high), standing)
    if as_of is not None:
        later = ('t."change_id" > ?', as_of)
        add(_ALL, -1, "judgements AS t", (*within, begin, end), later, (_STANDING,))
        replaced_later = (
            't."change_id" <= ? AND t."row_order" IN '
            '(SELECT r."row_order" FROM replaced_judgements AS r WHERE r."change_id" > ?)',
            as_of,
            as_of,
        )
        add(_ALL, 1, "judgements AS t", (*within, begin, end), replaced_later)
    sql = " UNION ALL ".join(part for part, _ in parts)
    return sql, [value for _, where in parts for value in where.parameters]


def _moment(stretch: int) -> datetime:
    return _EPOCH + timedelta(seconds=stretch * STRETCH_S)
