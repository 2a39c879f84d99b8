"""Read features from a store: a page of those that answer a question, or one by its name.

The store is asked a question that is surely wide enough (see `feature_selection`). Each row is then made what
its reader may have, and the question is asked again of that: what is exact and hidden decides nothing that a
reader can see. A page looks through a bounded number of rows, so it may hold fewer features than asked for,
but at least one, and still lead on to a next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truceline.events.frames import MOMENT
from truceline.events.kinds import Flag, PlacePrecision, split_flags
from truceline.events.schema import (
    ATTRIBUTIONS,
    INCIDENTS,
    JUDGEMENTS,
    REPORTS,
    VERIFICATIONS,
    ColumnType,
    Table,
)
from truceline.monitor.precision import reduce_columns
from truceline.monitor.releasing import visible_to
from truceline.store.base import Page, Selection, Store
from truceline.store.filters import AllOf, Missing
from truceline.web.collections import Collection
from truceline.web.errors import ServiceError
from truceline.web.feature_query import Question
from truceline.web.feature_selection import Reader, select_rows
from truceline.web.filter_rows import matches

Columns = dict[str, Any]
"""Columns of one length by name, as arrays: doubles, moments, all others as objects."""
Row = dict[str, Any]
"""Properties of a feature by name, None where missing; beside them `id`, and `lon` and `lat` or `shape`."""

PART_ROWS = 1000
"""Rows looked through at once where not every row need match; more and more while none does."""
PART_ROWS_MAX = 10_000
LOOKED_MAX = 20_000
"""Most rows that a page with a feature on it looks through before it leads on to the next."""
LOOKED_IN_VAIN_MAX = 200_000
"""Most rows looked through without a single feature. Some clients take an empty page for the last, so none
is answered with a next page behind it: the question is refused as too wide."""
COUNTED_MAX = 100_000
"""Largest collection of which matching features are counted for every first page."""
_MERGES_MAX = 20
"""Most steps from an incident to the one it became part of; they merge a few times, never in a circle."""
_COARSE = tuple(str(p) for p in (PlacePrecision.region, PlacePrecision.country, PlacePrecision.unknown))
_DTYPES: Mapping[ColumnType, Any] = {ColumnType.number: np.float64, ColumnType.moment: MOMENT}
_OF_INCIDENT = ("incident_id", "flags", "place_precision", "lon", "lat", "sigma_m", "place", "weapon")
"""What is told of the incident with a judgement."""


@dataclass(frozen=True)
class FeaturePage:
    """Part of an answer."""

    rows: tuple[Row, ...]
    after: int | None
    """Where the next page begins; None where nothing is left."""
    n_matched: int | None = None
    """All features that match; None where counting them would take too long, or cannot be done exactly."""


def read_features(
    store: Store, collection: Collection, question: Question, reader: Reader, *, n_total: int | None = None
) -> FeaturePage:
    """Return the page of a question. `n_total`, where known, is the size of the collection."""
    chosen = select_rows(collection, question, reader)
    after = 0 if question.cursor is None else question.cursor.after
    rows: list[Row] = []
    looked, part = 0, question.limit if chosen.is_close else PART_ROWS
    next_: int | None = after
    while next_ is not None and len(rows) < question.limit and (looked < LOOKED_MAX or not rows):
        if looked >= LOOKED_IN_VAIN_MAX:
            raise _too_wide(looked)
        wanted = question.limit - len(rows)
        n = max(wanted, part)
        if chosen.is_close and not looked:
            n = wanted if chosen.is_exact else wanted + wanted // 8 + 1
        part = min(2 * part, PART_ROWS_MAX)
        page = store.read_page(collection.table, chosen.select, n=n, after=next_)
        found = [
            (place, row)
            for place, row in show_rows(store, collection, page, reader)
            if _answers(row, question, collection)
        ]
        looked += len(page)
        rows += [row for _, row in found[:wanted]]
        next_ = page.after
        if len(found) > wanted:
            # More than asked for: the next page begins behind the last that is shown here.
            next_ = page.places[found[wanted - 1][0]]
    n_matched = None
    if question.cursor is None:
        if next_ is None:
            n_matched = len(rows)
        elif chosen.is_exact and n_total is not None and n_total <= COUNTED_MAX:
            n_matched = _count(store, collection, chosen.select, reader)
    return FeaturePage(tuple(rows), next_, n_matched)


def _too_wide(looked: int) -> ServiceError:
    return ServiceError(
        400,
        f"none of the first {looked:,} features looked through matches",
        where="filter",
        hint="ask for a period, a box or a kind as well",
    )


def read_feature(store: Store, collection: Collection, name: str, reader: Reader) -> Row | None:
    """Return the feature of a name; None where a reader sees none of that name."""
    equals = _identify(collection, name, reader)
    if equals is None:
        return None
    chosen = select_rows(collection, Question(), reader, equals)
    page = store.read_page(collection.table, chosen.select, n=PART_ROWS)
    return next(
        (row for _, row in show_rows(store, collection, page, reader) if str(row["id"]) == name), None
    )


def find_merged(store: Store, name: str, reader: Reader) -> int | None:
    """Return the incident that the one of a name became part of, where a reader sees that one."""
    number = _as_number(name)
    for _ in range(_MERGES_MAX):
        if number is None:
            break
        select = Selection(among=visible_to(reader.level), as_of=reader.as_of)
        found = _read_of(store, INCIDENTS, select, [number], ("merged_into",)).columns["merged_into"]
        if not found:
            return None
        if found[0] is None:
            return number
        number = found[0]
    return None


def show_rows(store: Store, collection: Collection, page: Page, reader: Reader) -> list[tuple[int, Row]]:
    """Return rows as their reader may have them, each with its place on the page; some have none."""
    table = collection.table
    columns = _take_columns(page, table)
    places = np.arange(len(page))
    if reader.is_past and table in (INCIDENTS, JUDGEMENTS):
        columns, places = _leave_taken_back(store, columns, places, reader)
    if table is JUDGEMENTS:
        columns, places = _add_incident(store, columns, places, reader)
    elif table is INCIDENTS:
        _add_status(store, columns, reader)
        _add_sides(store, columns, reader)
    if "flags" in columns:
        columns, places = _apply_flags(columns, places, reader)
    ids = _ids(collection, columns, reader)
    told = reduce_columns(columns, reader.level, now=reader.now, delay=reader.mission_delay)
    made = {
        name: _plain(told[name], each.type)
        for name, each in collection.properties(reader.level).items()
        if name in told
    }
    if "outline" in columns:
        made["shape"] = columns["outline"].tolist()
    else:
        none = [None] * len(places)
        for name in ("lon", "lat"):
            made[name] = _plain(told[name], ColumnType.number) if name in told else none
    made["id"] = ids
    names = tuple(made)
    rows = [dict(zip(names, values, strict=True)) for values in zip(*made.values(), strict=True)]
    return list(zip(places.tolist(), rows, strict=True))


def _take_columns(page: Page, table: Table) -> Columns:
    """Return columns as arrays in their types; whole numbers stay objects, None where they are missing."""
    return {
        name: np.array(values, dtype=_DTYPES.get(table.field(name).type, object))
        for name, values in page.columns.items()
    }


def _pick(columns: Columns, chosen: Any) -> Columns:
    """Return the rows that a mask, or an array of places, chooses."""
    return {name: values[chosen] for name, values in columns.items()}


def _apply_flags(
    columns: Columns, places: NDArray[np.intp], reader: Reader
) -> tuple[Columns, NDArray[np.intp]]:
    """Leave out what is simulated where nothing else is; say flags in words; unplace the coarse."""
    flags = _numbers(columns["flags"])
    if reader.hides_simulated:
        is_real = (flags & int(Flag.simulated)) == 0
        if not is_real.all():
            columns, places, flags = _pick(columns, is_real), places[is_real], flags[is_real]
    values = flags.tolist()
    words = {value: "|".join(split_flags(value)) for value in set(values)}
    is_coarse = np.isin(columns["place_precision"], _COARSE) | ((flags & int(Flag.placeholder)) != 0)
    made = {**columns, "flag_words": np.array([words[value] for value in values], dtype=object)}
    if is_coarse.any():
        made |= {name: np.where(is_coarse, np.nan, made[name].astype(float)) for name in ("lon", "lat")}
    return made, places


def _answers(row: Row, question: Question, collection: Collection) -> bool:
    """Tell whether a row as it is shown answers the question."""
    if collection.has_times:
        first = row["time_from"]
        last = row.get("time_to") or first
        if question.since is not None and (last is None or last < question.since):
            return False
        if question.until is not None and (first is None or first > question.until):
            return False
    if question.where is None:
        return True
    tested = {name: _touches(row, box) for name, box in question.boxes.items()}
    return matches({**row, **tested}, question.where)


def _touches(row: Row, box: tuple[float, float, float, float]) -> bool | None:
    """Tell whether a geometry has a point in common with a box; None where there is no geometry."""
    west, south, east, north = box
    if "shape" in row:
        if not row["shape"]:
            return None
        import shapely

        parts = [box] if west <= east else [(west, south, 180.0, north), (-180.0, south, east, north)]
        outline = shapely.from_wkt(row["shape"])
        return any(bool(shapely.intersects(outline, _as_shape(part))) for part in parts)
    lon, lat = row["lon"], row["lat"]
    if lon is None or lat is None:
        return None
    is_across = west <= lon <= east if west <= east else lon >= west or lon <= east
    return bool(is_across and south <= lat <= north)


def _as_shape(box: tuple[float, float, float, float]) -> Any:
    """Return a box as a shape; one without width is a line or a point."""
    import shapely

    west, south, east, north = box
    if west < east and south < north:
        return shapely.box(west, south, east, north)
    return (
        shapely.LineString([(west, south), (east, north)]) if box[:2] != box[2:] else shapely.Point(box[:2])
    )


def _leave_taken_back(
    store: Store, columns: Columns, places: NDArray[np.intp], reader: Reader
) -> tuple[Columns, NDArray[np.intp]]:
    """Return the rows whose incident this reader may still see: a page of an earlier state shows no more."""
    among = visible_to(reader.level)
    if not among:
        return columns, places
    ids = columns["incident_id"].tolist()
    select = Selection(among=among)
    seen = set(_read_of(store, INCIDENTS, select, ids, ("incident_id",)).columns["incident_id"])
    is_seen = np.array([number in seen for number in ids], dtype=bool)
    return _pick(columns, is_seen), places[is_seen]


def _add_incident(
    store: Store, columns: Columns, places: NDArray[np.intp], reader: Reader
) -> tuple[Columns, NDArray[np.intp]]:
    """Return judgements with what is told of their incidents; those whose incident is not shown are gone."""
    ids = columns["incident_id"].tolist()
    select = Selection(
        where=AllOf((Missing("merged_into"), reader.ended(INCIDENTS))),
        among=visible_to(reader.level),
        as_of=reader.as_of,
    )
    page = _read_of(store, INCIDENTS, select, ids, _OF_INCIDENT)
    incidents = _take_columns(page, INCIDENTS)
    row_of = {number: row for row, number in enumerate(page.columns["incident_id"])}
    _add_status(store, incidents, reader)
    is_shown = np.array([number in row_of for number in ids], dtype=bool)
    rows = np.array([row_of[number] for number in ids if number in row_of], dtype=np.intp)
    return {**_pick(columns, is_shown), **_pick(incidents, rows)}, places[is_shown]


def _add_status(store: Store, columns: Columns, reader: Reader) -> None:
    ids = columns["incident_id"].tolist()
    found = _read_of(store, VERIFICATIONS, Selection(as_of=reader.as_of), ids, ("incident_id", "status"))
    status = dict(zip(*found.columns.values(), strict=True))
    columns["verification"] = _objects(status.get(number, "reported") for number in ids)


def _add_sides(store: Store, columns: Columns, reader: Reader) -> None:
    ids = columns["incident_id"].tolist()
    select = Selection(equals={"aspect": "side"}, as_of=reader.as_of)
    found = _read_of(store, ATTRIBUTIONS, select, ids, ("incident_id", "value", "p", "basis"))
    known = {number: told for number, *told in zip(*found.columns.values(), strict=True)}
    sides = [known.get(number, ("", None, "not investigated")) for number in ids]
    columns["side"] = _objects(each[0] for each in sides)
    columns["side_p"] = np.array([each[1] for each in sides], dtype=float)
    columns["side_basis"] = _objects(each[2] for each in sides)


def _read_of(store: Store, table: Table, select: Selection, ids: list[int], columns: tuple[str, ...]) -> Page:
    """Return the rows that match of some incidents, of which each has one at most."""
    numbers = np.array(sorted(set(ids)), dtype=np.int64)
    return store.read_page(
        table, replace(select, ids={"incident_id": numbers}), n=max(len(numbers), 1), columns=columns
    )


def _ids(collection: Collection, columns: Columns, reader: Reader) -> list[int] | list[str]:
    if collection.table is JUDGEMENTS:
        parts = (columns[name].tolist() for name in ("incident_id", "agreement", "clause"))
        return [f"{number}.{agreement}.{clause}" for number, agreement, clause in zip(*parts, strict=True)]
    if collection.has_numbers:
        return [int(number) for number in columns[collection.identity].tolist()]
    names = [str(name) for name in columns[collection.identity].tolist()]
    return [reader.hide(name) for name in names] if collection.identity == "key" else names


def _identify(collection: Collection, name: str, reader: Reader) -> dict[str, Any] | None:
    """Return the values that the feature of a name has; None where no feature can have that name."""
    if not name or "\0" in name or any("\ud800" <= letter <= "\udfff" for letter in name):
        return None
    column = collection.identity or "incident_id"
    if collection.table.field(column).type is ColumnType.integer:
        number = _as_number(name.partition(".")[0])
        return None if number is None else {column: number}
    return {column: reader.reveal(name) if column == "key" else name}


def _as_number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 18 and word[0] != "0" else None


def _count(store: Store, collection: Collection, select: Selection, reader: Reader) -> int | None:
    if collection.table is JUDGEMENTS:
        return None  # whether a judgement is shown is known from its incident alone
    if collection.table not in (INCIDENTS, REPORTS):
        return int(store.tally(collection.table, select)["n"].sum())
    rows = store.tally(collection.table, select, by=("flags",))
    flags = rows["flags"].to_numpy(dtype=np.int64, na_value=0)
    is_shown = ((flags & int(Flag.simulated)) == 0) | (not reader.hides_simulated)
    return int(rows["n"].to_numpy()[is_shown].sum())


def _numbers(values: Any) -> NDArray[np.int64]:
    """Return a column of whole numbers, 0 where they are missing."""
    return np.array([value or 0 for value in values.tolist()], dtype=np.int64)


def _objects(words: Iterable[Any]) -> NDArray[Any]:
    return np.array(list(words), dtype=object)


def _plain(column: Any, kind: ColumnType) -> list[Any]:
    """Return values as JSON has them, None where they are missing; moments stay moments."""
    if kind is ColumnType.moment:
        return list(column.astype(MOMENT).tolist())
    values = column.tolist()
    if kind is ColumnType.text:
        return [value or None for value in values]
    if kind in (ColumnType.truth, ColumnType.integer):
        return list(values)
    return [None if value != value else float(f"{value:.10g}") for value in values]
