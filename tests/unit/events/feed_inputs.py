"""Readings for tests of feeds, made from files without the readers of the import."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from truceline.events.feeds.base import Feed, FeedContext, Reading, Reject, finish_reports

FILES = Path(__file__).parent / "feed_files"
CONTEXT = FeedContext(
    zone="Europe/Kyiv",
    now=datetime(2026, 11, 1),
    sides={"ukraine": "a", "russia": "b", "government of ukraine": "a", "dpr": "b", "lpr": "b"},
    box=(21.0, 43.5, 42.5, 53.0),
)


def read_parquet(path: Path, *, limit: int | None = None) -> Reading:
    """Return the rows of a Parquet file with their types, as the import gives them."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        source = f"read_parquet('{path}')"
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()  # noqa: S608
        wanted = [
            _naive(name, "TZ" in kind or "ZONE" in kind) if "TIMESTAMP" in kind else f'"{name}"'
            for name, kind, *_ in described
        ]
        tail = f" LIMIT {limit}" if limit else ""
        query = f"SELECT {', '.join(wanted)} FROM {source}{tail}"  # noqa: S608
        columns = connection.execute(query).fetchnumpy()
    raw = pd.DataFrame({name.lower(): _plain(column) for name, column in columns.items()})
    return _reading(raw)


def read_text(path: Path) -> Reading:
    """Return the rows of a CSV file, plain or gzipped, as text."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return read_rows(list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")))))


def read_rows(rows: list[Mapping[str, Any]]) -> Reading:
    """Return rows given as mappings."""
    raw = pd.DataFrame({str(name).lower(): [row[name] for row in rows] for name in rows[0]}, dtype=object)
    return _reading(raw, [json.dumps(dict(row), default=str) for row in rows])


def read_columns(name: str) -> list[str]:
    """Return the header of a file beside the tests, in lower case."""
    return (FILES / name).read_text(encoding="utf-8").splitlines()[0].lower().split(",")


def map_reports(
    feed: Feed, reading: Reading, context: FeedContext = CONTEXT
) -> tuple[pd.DataFrame, list[Reject]]:
    """Return the reports that a feed makes of a reading, finished as the import finishes them."""
    return finish_reports(reading, feed.map_rows(reading, context), context, feed)


def feed_named(feeds: tuple[Feed, ...], name: str) -> Feed:
    """Return one feed of a module by name."""
    return next(feed for feed in feeds if feed.name == name)


def has_flag(frame: pd.DataFrame, flag: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell for each report whether a flag is set."""
    return (frame["flags"].to_numpy(dtype=np.int64) & int(flag)) != 0


def _naive(name: str, is_zoned: bool) -> str:
    inner = f'CAST("{name}" AS TIMESTAMPTZ)' if is_zoned else f'"{name}"'
    return f'CAST({inner} AS TIMESTAMP) AS "{name}"'


def _plain(column: Any) -> Any:
    if np.ma.isMaskedArray(column):
        if column.dtype == object or column.dtype.kind in "SU":
            return pd.Series(np.where(np.ma.getmaskarray(column), None, column.data), dtype=object)
        if np.ma.getmaskarray(column).any():
            return pd.Series(np.where(np.ma.getmaskarray(column), None, column.data.astype(object)))
        return column.data
    return column


def _reading(raw: pd.DataFrame, originals: list[str] | None = None) -> Reading:
    texts = originals or [""] * len(raw)
    return Reading(raw, np.arange(1, len(raw) + 1), np.array(texts, dtype=object))
