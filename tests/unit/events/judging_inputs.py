"""Incidents, reports and agreements that the tests of judging start from."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from truceline.events.agreements import Agreement, parse_agreement
from truceline.events.frames import make_frame
from truceline.events.schema import INCIDENTS, REPORTS
from truceline.scenario.yaml_source import format_yaml

NOON = datetime(2025, 4, 20, 12)
LINE = [[36.0, 48.0], [38.0, 48.0]]
"""A straight line from west to east: side a is to the north."""
KM_PER_DEGREE_LAT = 111.2
EVERYWHERE = {"everywhere": True}


def incident(**fields: Any) -> dict[str, Any]:
    """Return one incident; a shelling near the middle of the line, on side a, at noon."""
    return {
        "incident_id": 1, "time_from": NOON, "time_to": NOON, "lon": 37.0, "lat": 48.1, "sigma_m": 100.0,
        "sigma_across_m": 100.0, "axis_deg": 0.0, "region": "Donetsk", "control_side": "", "kind": "shelling",
        "phase": "", "weapon": "", "target": "", "count_low": np.nan, "count_best": np.nan,
        "count_high": np.nan, "count_unit": "", "flags": 0, **fields,
    }  # fmt: skip


def incidents(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return incidents as a frame, numbered from 1."""
    numbered = [{**row, "incident_id": number} for number, row in enumerate(rows, 1)]
    return make_frame(INCIDENTS, {name: [row[name] for row in numbered] for name in numbered[0]})


def clause(**fields: Any) -> dict[str, Any]:
    """Return one clause as written: no fire anywhere for the whole of 2025."""
    return {
        "name": "no-fire", "title": "No fire", "says": "Nobody fires.", "kind": "ceasefire",
        "from": "2025-01-01T00:00", "to": "2026-01-01T00:00", "place": EVERYWHERE,
        "forbids": {"groups": ["fire"]}, **fields,
    }  # fmt: skip


def agreement(*clauses: dict[str, Any], **fields: Any) -> Agreement:
    """Return an agreement with some clauses, in UTC, with the line `front`."""
    return parse_agreement(agreement_text(*clauses, **fields), "test")


def agreement_text(*clauses: dict[str, Any], **fields: Any) -> str:
    """Return the same as YAML."""
    data = {
        "name": "test-truce", "title": "A truce", "declared_by": "both", "source": {"title": "invented"},
        "evidence": "judgement", "zone": "UTC", "lines": {"front": {"coordinates": [LINE]}},
        "clauses": list(clauses or [clause()]), **fields,
    }  # fmt: skip
    return format_yaml(json.loads(json.dumps(data)))


def report(**fields: Any) -> dict[str, Any]:
    """Return one report: an explosion that the press tells of."""
    return {
        "incident_id": 1, "kind": "explosion", "phase": "undetermined", "weapon": "", "means": "press",
        "observation": "told", "post": "", "side_from": "", "claimed_by": "", "flags": 0, **fields,
    }  # fmt: skip


def reports(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return reports as a frame, with the incident each is linked to."""
    columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else report())}
    owners = columns.pop("incident_id")
    made = make_frame(REPORTS, {**columns, "report_id": list(range(1, len(rows) + 1))}, n_rows=len(rows))
    return made.assign(incident_id=np.array(owners, dtype=np.int64))
