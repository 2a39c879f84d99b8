"""Reports for tests of linkage, written as short rows."""

from __future__ import annotations

from typing import Any

import pandas as pd

from truceline.events.frames import make_frame
from truceline.events.schema import REPORTS

PLAIN: dict[str, Any] = {
    "feed": "own",
    "source": "one",
    "means": "dataset",
    "time_from": "2025-02-17",
    "time_to": "2025-02-18",
    "time_precision": "day",
    "lon": 37.0,
    "lat": 48.0,
    "sigma_m": 50.0,
    "sigma_across_m": 50.0,
    "axis_deg": 0.0,
    "place_precision": "exact",
    "kind": "shelling",
    "flags": 0,
}


def make_reports(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return reports numbered from 1; what a row leaves out is one plain record of shelling."""
    filled = [{**PLAIN, "report_id": number, "key": str(number), **row} for number, row in enumerate(rows, 1)]
    names = list(dict.fromkeys(name for row in filled for name in row))
    columns: dict[str, Any] = {name: [row.get(name) for row in filled] for name in names}
    if not filled:
        return make_frame(REPORTS, {}, n_rows=0)
    for name in ("time_from", "time_to"):
        columns[name] = pd.to_datetime(columns[name], format="ISO8601")
    return make_frame(REPORTS, columns, n_rows=len(filled))


def heard(post: str, minute: str, **more: Any) -> dict[str, Any]:
    """Return what a post of the mission heard in one minute of the day."""
    start = pd.Timestamp(f"2025-02-17T{minute}")
    row = {
        "source": "mission",
        "means": "post",
        "post": post,
        "time_from": str(start),
        "time_to": str(start + pd.Timedelta(minutes=1)),
        "time_precision": "minute",
        "place_precision": "bearing",
        "kind": "explosion",
        "sigma_m": 600.0,
        "sigma_across_m": 300.0,
    }
    return {**row, **more}
