"""Read features from a store: a page of those that answer a question, or one by its name.

The store is asked a question that is surely wide enough (see `feature_selection`). Each row is then made what
its reader may have, and the question is asked again of that: what is exact and hidden decides nothing that a
reader can see. A page looks through a bounded number of rows, so it may hold fewer features than asked for,
but at least one, and still lead on to a next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.kinds import Flag, PlacePrecision, split_flags
from truceline.events.schema import (
    ATTRIBUTIONS,
    INCIDENTS,
    JUDGEMENTS,
    REPORTS,
    VERIFICATIONS,
    ColumnType,
)
from truceline.monitor.releasing import reduce_precision, visible_to
from truceline.store.base import Selection, Store
from truceline.store.filters import AllOf, Missing
from truceline.web.collections import Collection
from truceline.web.errors import ServiceError
from truceline.web.feature_query import Question
from truceline.web.feature_selection import Reader, select_rows
from truceline.web.filter_rows import matches

if TYPE_CHECKING:
    import pandas as pd

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
_OF_INCIDENT = ("incident_id", "merged_into", "time_from", "time_to", "flags", "place_precision")


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
            for place, row in show_rows(store, collection, page.frame, reader)
            if _answers(row, question, collection)
        ]
        looked += len(page.frame)
        rows += [row for _, row in found[:wanted]]
        next_ = page.after
        if len(found) > wanted:
            # More than asked for: the next page begins behind the last that is shown here.
            next_ = int(page.places[found[wanted - 1][0]])
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
    frame = store.read_current(collection.table, chosen.select)
    return next(
        (row for _, row in show_rows(store, collection, frame, reader) if str(row["id"]) == name), None
    )


def find_merged(store: Store, name: str, reader: Reader) -> int | None:
    """Return the incident that the one of a name became part of, where a reader sees that one."""
    number = _as_number(name)
    for _ in range(_MERGES_MAX):
        if number is None:
            break
        row = store.read_current(
            INCIDENTS,
            Selection(equals={"incident_id": number}, among=visible_to(reader.level), as_of=reader.as_of),
            columns=("merged_into",),
        )
        if row.empty:
            return None
        into = row["merged_into"].iloc[0]
        if row["merged_into"].isna().iloc[0]:
            return number
        number = int(into)
    return None


def show_rows(
    store: Store, collection: Collection, frame: pd.DataFrame, reader: Reader
) -> list[tuple[int, Row]]:
    """Return rows as their reader may have them, each with its place in the frame; some have none."""
    frame = frame.reset_index(drop=True)
    if reader.is_past and collection.table in (INCIDENTS, JUDGEMENTS):
        frame = _leave_taken_back(store, frame, reader)
    if collection.table is JUDGEMENTS:
        frame = _add_incident(store, frame, reader)
    elif collection.table is INCIDENTS:
        frame = _add_sides(store, _add_status(store, frame, reader), reader)
    if "flags" in frame:
        flags = frame["flags"].to_numpy(dtype=np.int64, na_value=0)
        if reader.hides_simulated:
            is_real = (flags & int(Flag.simulated)) == 0
            frame, flags = frame[is_real], flags[is_real]
        words = {value: "|".join(split_flags(value)) for value in set(flags.tolist())}
        frame = frame.assign(flag_words=np.array([words[v] for v in flags.tolist()], dtype=object))
        is_coarse = frame["place_precision"].isin(_COARSE).to_numpy() | ((flags & int(Flag.placeholder)) != 0)
        frame = frame.assign(**{name: frame[name].mask(is_coarse) for name in ("lon", "lat")})
    places = frame.index.tolist()
    ids = _ids(collection, frame, reader)
    shapes = frame["outline"].tolist() if "outline" in frame else None
    shown = reduce_precision(frame, reader.level, now=reader.now, delay=reader.mission_delay)
    columns = {
        name: _plain(shown[name], each.type)
        for name, each in collection.properties(reader.level).items()
        if name in shown
    }
    if shapes is not None:
        columns["shape"] = shapes
    else:
        none = [None] * len(shown)
        for name in ("lon", "lat"):
            columns[name] = _plain(shown[name], ColumnType.number) if name in shown else none
    columns["id"] = ids
    names = tuple(columns)
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return list(zip(places, rows, strict=True))


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


def _leave_taken_back(store: Store, frame: pd.DataFrame, reader: Reader) -> pd.DataFrame:
    """Return the rows whose incident this reader may still see: a page of an earlier state shows no more."""
    among = visible_to(reader.level)
    if not among:
        return frame
    ids = frame["incident_id"].to_numpy(dtype=np.int64)
    select = Selection(ids={"incident_id": ids}, among=among)
    seen = store.read_current(INCIDENTS, select, columns=("incident_id",))["incident_id"]
    return frame[np.isin(ids, seen.to_numpy(dtype=np.int64))]


def _add_incident(store: Store, frame: pd.DataFrame, reader: Reader) -> pd.DataFrame:
    """Return judgements with what is told of their incidents; those whose incident is not shown are gone."""
    ids = frame["incident_id"].to_numpy(dtype=np.int64)
    columns = (*_OF_INCIDENT, "lon", "lat", "sigma_m", "place", "weapon")
    select = Selection(
        ids={"incident_id": ids},
        where=AllOf((Missing("merged_into"), reader.ended(INCIDENTS))),
        among=visible_to(reader.level),
        as_of=reader.as_of,
    )
    incidents = _add_status(store, store.read_current(INCIDENTS, select, columns=columns), reader)
    incidents = incidents.set_index("incident_id").drop(columns=["merged_into", "time_from", "time_to"])
    is_shown = np.isin(ids, incidents.index.to_numpy(dtype=np.int64))
    return frame[is_shown].join(incidents, on="incident_id")


def _add_status(store: Store, frame: pd.DataFrame, reader: Reader) -> pd.DataFrame:
    ids = frame["incident_id"].to_numpy(dtype=np.int64)
    select = Selection(ids={"incident_id": ids}, as_of=reader.as_of)
    rows = store.read_current(VERIFICATIONS, select, columns=("incident_id", "status"))
    status = dict(zip(rows["incident_id"].astype(int), rows["status"], strict=True))
    words = np.array([status.get(number, "reported") for number in ids.tolist()], dtype=object)
    return frame.assign(verification=words)


def _add_sides(store: Store, frame: pd.DataFrame, reader: Reader) -> pd.DataFrame:
    ids = frame["incident_id"].to_numpy(dtype=np.int64)
    select = Selection(ids={"incident_id": ids}, equals={"aspect": "side"}, as_of=reader.as_of)
    rows = store.read_current(ATTRIBUTIONS, select, columns=("incident_id", "value", "p", "basis"))
    known = {
        number: told
        for number, *told in zip(
            rows["incident_id"].tolist(), rows["value"].tolist(), rows["p"].tolist(), rows["basis"].tolist(),
            strict=True,
        )
    }  # fmt: skip
    sides = [known.get(number, ("", np.nan, "not investigated")) for number in ids.tolist()]
    return frame.assign(
        side=np.array([each[0] for each in sides], dtype=object),
        side_p=np.array([each[1] for each in sides], dtype=float),
        side_basis=np.array([each[2] for each in sides], dtype=object),
    )


def _ids(collection: Collection, frame: pd.DataFrame, reader: Reader) -> list[int] | list[str]:
    if collection.table is JUDGEMENTS:
        parts = (frame[name] for name in ("incident_id", "agreement", "clause"))
        return [f"{number}.{agreement}.{clause}" for number, agreement, clause in zip(*parts, strict=True)]
    if collection.has_numbers:
        return [int(number) for number in frame[collection.identity]]
    names = [str(name) for name in frame[collection.identity]]
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


def _plain(column: pd.Series[Any], kind: ColumnType) -> list[Any]:
    """Return values as JSON has them, None where they are missing; moments stay moments."""
    if kind is ColumnType.text:
        return [value or None for value in column.tolist()]
    if kind is ColumnType.truth:
        return [bool(value) for value in column.tolist()]
    missing = column.isna().tolist()
    if kind is ColumnType.moment:
        return [None if gone else value.to_pydatetime() for value, gone in zip(column, missing, strict=True)]
    make = int if kind is ColumnType.integer else _shorten
    return [None if gone else make(value) for value, gone in zip(column.tolist(), missing, strict=True)]


def _shorten(value: float) -> float:
    """Return a number with the ten digits that can mean something."""
    return float(f"{value:.10g}")
