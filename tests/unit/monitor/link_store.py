"""Records put into a store, for tests of linking and editing."""

from __future__ import annotations

from typing import Any

import pandas as pd

from truceline.events.frames import make_frame
from truceline.events.schema import INCIDENTS, LINKS, REPORTS
from truceline.store.base import Store

METRES_NORTH = 1.0 / 111_195.0


def record(key: str, *, north: float = 0.0, date: str = "2025-02-17", **more: Any) -> dict[str, Any]:
    """Return one record of a day and a point, `north` metres from the usual one."""
    day = pd.Timestamp(date)
    row = {
        "key": key,
        "digest": f"first {key}",
        "feed": "own",
        "source": "one",
        "means": "dataset",
        "observation": "told",
        "time_from": day,
        "time_to": day + pd.Timedelta(days=1),
        "time_precision": "day",
        "lon": 37.0,
        "lat": 48.0 + north * METRES_NORTH,
        "sigma_m": 50.0,
        "sigma_across_m": 50.0,
        "axis_deg": 0.0,
        "place_precision": "exact",
        "region": "North",
        "kind": "shelling",
        "killed_best": float("nan"),
        "flags": 0,
        "received_at": day + pd.Timedelta(days=1),
    }
    return {**row, **more}


def add(store: Store, *rows: dict[str, Any]) -> None:
    """Put records into the store as one import."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    with store.change(who="test", what="import") as change:
        change.add_reports(make_frame(REPORTS, columns))


def incident_of(store: Store) -> dict[int, int | None]:
    """Return the incident of each report that has a link; None where it was taken out."""
    rows = store.read_current(LINKS)
    return {
        int(report): None if pd.isna(incident) else int(incident)
        for report, incident in zip(rows["report_id"], rows["incident_id"], strict=True)
    }


def standing(store: Store) -> dict[int, int]:
    """Return the number of reports of each incident that stands."""
    rows = store.read_current(INCIDENTS)
    rows = rows[rows["merged_into"].isna()]
    return dict(zip(rows["incident_id"].astype(int), rows["n_reports"].astype(int), strict=True))
