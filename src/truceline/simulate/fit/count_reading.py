"""Read counts by day or period, or timed incidents, from a table; every bad row is named in one message.

Columns are found by name, in any letter case. Counts: `--column`, or the first of `COUNT_COLUMNS`. Days:
either `period_from` and `period_to` (the evening before the first day, and the last day), or one of
`DAY_COLUMNS` with the last day of the period, with `n_days` where a row stands for several. `region` where
there are several. Dates are ISO (2020-07-27); a time behind them is only used for timed incidents. Nothing is
guessed from values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from truceline.errors import Problem, ProblemList, TableError
from truceline.simulate.fit.count_series import (
    MOST_PERIOD_DAYS,
    CountSeries,
    FloatArray,
    IntArray,
    Period,
    make_series,
)

COUNT_COLUMNS = ("n", "count", "counts", "cfv", "violations", "incidents", "events")
"""Names under which counts are looked for, first come."""
DAY_COLUMNS = ("day", "date", "period_to", "last_day")
"""Names under which the last day of a period is looked for."""
FROM_COLUMN, DAYS_COLUMN, REGION_COLUMN = "period_from", "n_days", "region"
ALL = "all"
"""Name of the series of a table without regions."""
MOST_ROWS = 200_000
"""Most rows taken: five hundred years of days."""
MOST_COUNT = 1_000_000
"""Largest count taken in one row: beyond it the likelihood is lost in rounding."""
MOST_PROBLEMS = 30
"""Most problems printed; the rest is told as a number."""


@dataclass(frozen=True)
class TimedSeries:
    """Incidents of one region by their times."""

    name: str
    first: datetime
    """The start of the day of the first incident: time 0."""
    times: FloatArray
    """Days from `first`, rising."""
    days: float
    """Days watched: to the end of the day of the last incident."""
    sides: IntArray | None = None
    """0 or 1 for each incident, where a column of sides was named."""
    side_names: tuple[str, ...] = ()
    """What the two sides are called, in the order of their numbers."""


@dataclass(frozen=True)
class _Row:
    """One row as text by column, with its place in the file."""

    where: str
    cells: Mapping[str, str]


def read_counts(
    path: Path, *, column: str = "", region: str = "", day_column: str = ""
) -> tuple[tuple[CountSeries, ...], tuple[Problem, ...]]:
    """Return the counts of a table, one series a region in the order of their names, and warnings.

    Raises TableError with every row that cannot be used and every region that cannot be fitted, and
    ReportFileError for a file that cannot be read at all.
    """
    problems = ProblemList()
    columns, rows = _read(path, problems)
    column, day_column = column.strip().lower(), day_column.strip().lower()
    count_at = _choose(column, COUNT_COLUMNS, columns, "--column", path.name, problems)
    day_at = _choose(day_column, DAY_COLUMNS, columns, "--day", path.name, problems)
    has_from = FROM_COLUMN in columns and (not day_column or day_column == "period_to")
    wanted = _choose_regions(rows, columns, region, problems)
    _raise_if_any(problems)
    gathered: dict[str, list[Period]] = {name: [] for name in wanted}
    for row in rows:
        name = row.cells[REGION_COLUMN] if REGION_COLUMN in columns else ALL
        if name in gathered:
            period = _read_period(row, count_at, day_at, has_from, problems)
            if period is not None:
                gathered[name].append(period)
    _raise_if_any(problems)
    made = []
    for name, periods in gathered.items():
        try:
            series, warnings = make_series(name, periods)
        except TableError as error:
            problems.extend(error.problems)
            continue
        made.append(series)
        problems.extend(warnings)
    _raise_if_any(problems)
    return tuple(made), problems.warnings


def read_times(
    path: Path, *, column: str, region: str = "", side_column: str = ""
) -> tuple[TimedSeries, ...]:
    """Return the timed incidents of a table, one series a region.

    side_column: column that names the side of each incident, two names in all. Times are taken as they stand,
    whatever their zone. Raises TableError with every row that cannot be used.
    """
    problems = ProblemList()
    columns, rows = _read(path, problems)
    at = _choose(column.strip().lower(), (), columns, "--times", path.name, problems)
    side_at = side_column.strip().lower()
    if side_at:
        _choose(side_at, (), columns, "--side", path.name, problems)
    wanted = _choose_regions(rows, columns, region, problems)
    _raise_if_any(problems)
    gathered: dict[str, list[tuple[datetime, str]]] = {name: [] for name in wanted}
    for row in rows:
        name = row.cells[REGION_COLUMN] if REGION_COLUMN in columns else ALL
        if name not in gathered:
            continue
        try:
            moment = datetime.fromisoformat(row.cells[at]).replace(tzinfo=None)
            gathered[name].append((moment, row.cells.get(side_at, "")))
        except ValueError:
            problems.add(row.where, f"{at} '{_short(row.cells[at])}' is no time", "write 2020-07-27T14:05")
    _raise_if_any(problems)
    made = []
    for name, moments in gathered.items():
        if not moments:
            problems.add(name, "has no incident", "name another region")
            continue
        moments.sort()
        first = datetime.combine(moments[0][0].date(), datetime.min.time())
        times = np.array([(moment - first).total_seconds() / 86_400.0 for moment, _ in moments])
        sides = tuple(sorted({side for _, side in moments})) if side_at else ()
        if side_at and len(sides) != 2:
            found = f"names {len(sides)} sides: {', '.join(map(repr, sides[:4]))}"
            problems.add(f"{name} {side_at}", found, "name two, one for each incident, or leave --side out")
            continue
        whose = np.array([sides.index(side) for _, side in moments], dtype=np.int64) if side_at else None
        watched = float(np.floor(times[-1])) + 1.0
        made.append(TimedSeries(name, first, times, watched, whose, sides))
    _raise_if_any(problems)
    return tuple(made)


def _read(path: Path, problems: ProblemList) -> tuple[tuple[str, ...], list[_Row]]:
    """Return the columns and rows of a table as text."""
    from truceline.events.readers.read import read_rows

    columns: tuple[str, ...] = ()
    rows: list[_Row] = []
    for chunk in read_rows(path):
        columns = columns or tuple(str(name) for name in chunk.raw.columns)
        for reject in chunk.rejects:
            problems.add(f"{path.name}:{reject.line}", reject.found, reject.hint)
        rows.extend(_rows_of(chunk, columns, path.name))
        if len(rows) > MOST_ROWS:
            found = f"has more than {MOST_ROWS:,} rows"
            raise TableError("counts", [Problem(path.name, found, "give counts by day, not reports")])
    if not rows:
        problems.add(path.name, "has no rows", "give a table with a header and one row a period")
    return columns, rows


def _rows_of(chunk: Any, columns: tuple[str, ...], name: str) -> Iterator[_Row]:
    values = [chunk.raw[column].tolist() for column in columns]
    for line, *cells in zip(chunk.lines.tolist(), *values, strict=True):
        texts = ("" if cell is None or cell != cell else str(cell).strip() for cell in cells)
        yield _Row(f"{name}:{line}", dict(zip(columns, texts, strict=True)))


def _choose(
    asked: str,
    usual: tuple[str, ...],
    columns: tuple[str, ...],
    option: str,
    name: str,
    problems: ProblemList,
) -> str:
    """Return the column asked for, or the first usual one that is there."""
    if asked:
        if asked not in columns:
            problems.add(f"{option} {asked}", f"is no column of {name}", f"write one of {', '.join(columns)}")
        return asked
    found = next((column for column in usual if column in columns), "")
    if not found:
        problems.add(name, f"has no column {' or '.join(usual[:3])}", f"name one with {option}")
    return found


def _choose_regions(
    rows: list[_Row], columns: tuple[str, ...], asked: str, problems: ProblemList
) -> tuple[str, ...]:
    """Return the regions to be fitted, in the order of their names."""
    if REGION_COLUMN not in columns:
        if asked:
            problems.add(f"--region {asked}", "there is no column 'region'", "leave the option out")
        return (ALL,)
    known = sorted({row.cells[REGION_COLUMN] for row in rows})
    if not asked:
        return tuple(known)
    match = [name for name in known if name.lower() == asked.strip().lower()]
    if not match:
        problems.add(f"--region {asked}", "is not in the table", f"write one of {', '.join(known[:20])}")
    return tuple(match)


def _read_period(
    row: _Row, count_at: str, day_at: str, has_from: bool, problems: ProblemList
) -> Period | None:
    """Return a row as a period, or None after all that is wrong with it was noted."""
    n = _read_whole(row, count_at, problems, least=0, most=MOST_COUNT)
    last = _read_day(row, day_at, problems)
    first = last
    if has_from:
        evening = _read_day(row, FROM_COLUMN, problems)
        if evening is not None and last is not None:
            first = evening + timedelta(days=1)
            if first > last:
                problems.add(row.where, f"ends on {last} and begins on {first}", "give the evening before")
                return None
    elif row.cells.get(DAYS_COLUMN, ""):
        n_days = _read_whole(row, DAYS_COLUMN, problems, least=1, most=MOST_PERIOD_DAYS)
        first = None if n_days is None or last is None else last - timedelta(days=n_days - 1)
    if n is None or first is None or last is None:
        return None
    if (last - first).days >= MOST_PERIOD_DAYS:
        found = f"is a period of {(last - first).days + 1} days"
        problems.add(row.where, found, f"give periods of {MOST_PERIOD_DAYS} days at most")
        return None
    return Period(first, last, n, row.where)


def _read_whole(row: _Row, column: str, problems: ProblemList, *, least: int, most: int) -> int | None:
    text = row.cells[column]
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if value != value or value != int(value if abs(value) < 1e300 else 0):
        hint = "leave the row out where nothing was reported" if not text else "write a whole number"
        problems.add(row.where, f"{column} '{_short(text)}' is no count", hint)
        return None
    if value < least:
        problems.add(row.where, f"{column} is {text}", f"write {least} or more")
        return None
    if value > most:
        problems.add(row.where, f"{column} is {_short(text)}", f"write {most:,} at most")
        return None
    return int(value)


def _read_day(row: _Row, column: str, problems: ProblemList) -> date | None:
    text = row.cells[column]
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        problems.add(row.where, f"{column} '{_short(text)}' is no date", "write 2020-07-27")
        return None


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."


def _raise_if_any(problems: ProblemList) -> None:
    """Raise with the problems so far, the first of them and the number of the rest where there are many."""
    if not problems.has_errors():
        return
    errors = [problem for problem in problems.problems if not problem.warning]
    shown = errors[:MOST_PROBLEMS]
    if len(errors) > len(shown):
        shown.append(Problem("and", f"{len(errors) - MOST_PROBLEMS:,} more", "mend these first"))
    raise TableError("counts", shown)
