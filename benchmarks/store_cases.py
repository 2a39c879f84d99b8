"""Made-up reports, incidents and judgements in the quantities of a mission of years."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from truceline.events.frames import make_frame
from truceline.events.schema import INCIDENTS, JUDGEMENTS, LINKS, REPORTS, VERIFICATIONS

START = datetime(2022, 1, 1)
DAYS = 1_500
"""Days over which the rows are spread, so that five million reports are some 3,300 a day."""
REPORTS_PER_INCIDENT = 5 / 3
_PLACES = np.array([f"Settlement {number} district {number % 40}" for number in range(1_500)], dtype=object)
_REGIONS = np.array([f"Region {number}" for number in range(12)], dtype=object)
_KINDS = np.array(["explosion", "burst", "shot", "shelling", "uav_strike", "damage"], dtype=object)
_WORDS = np.array(
    ["shelling", "of", "the", "village", "at", "night", "two", "houses", "damaged"], dtype=object
)


def make_reports(first: int, n: int, n_all: int) -> pd.DataFrame:
    """Return reports `first` to `first + n` of `n_all`, spread over the days in the order received."""
    random = np.random.default_rng([6, first])
    number = np.arange(first, first + n)
    start = _times(number, n_all, random)
    length = random.choice([60, 3_600, 86_400], n).astype("timedelta64[s]")
    has_place = random.random(n) < 0.9
    texts = [" ".join(_WORDS[random.integers(0, len(_WORDS), 18)]) for _ in range(2_000)]
    pick = random.integers(0, len(texts), n)
    killed = np.where(random.random(n) < 0.03, random.integers(0, 5, n), np.nan)
    count = random.integers(1, 30, n).astype(float)
    lon, lat = random.uniform(33, 39, n), random.uniform(46.5, 50.5, n)
    columns: dict[str, Any] = {
        "key": [f"{value:x}-{value * 2654435761 % 2**32:08x}" for value in number.tolist()],
        "digest": [f"{value * 11400714819323198485 % 2**64:016x}" for value in number.tolist()],
        "feed": "own",
        "source": random.choice(_REGIONS, n),
        "source_ref": [f"https://example.org/news/{value}" for value in number.tolist()],
        "means": random.choice(np.array(["press", "patrol", "camera"], dtype=object), n),
        "observation": random.choice(np.array(["told", "seen", "heard"], dtype=object), n),
        "post": np.where(random.random(n) < 0.3, random.choice(_PLACES[:60], n), ""),
        "time_from": start,
        "time_to": start + length,
        "time_precision": "hour",
        "zone": "Europe/Kyiv",
        "lon": np.where(has_place, lon, np.nan),
        "lat": np.where(has_place, lat, np.nan),
        "sigma_m": random.choice([50.0, 500.0, 3_000.0], n),
        "place": np.where(has_place, random.choice(_PLACES, n), ""),
        "region": random.choice(_REGIONS, n),
        "place_precision": "settlement",
        "kind": random.choice(_KINDS, n),
        "phase": random.choice(np.array(["", "impact", "outgoing"], dtype=object), n),
        "weapon": random.choice(np.array(["", "artillery", "uav"], dtype=object), n),
        "count_low": count,
        "count_best": count,
        "count_high": count + 1,
        "count_unit": "explosions",
        "killed_low": killed,
        "killed_best": killed,
        "killed_high": killed,
        "flags": random.integers(0, 64, n),
        "text": np.array(texts, dtype=object)[pick],
        "original": [
            f'{{"id": {value}, "lon": {x:.5f}, "lat": {y:.5f}, "text": "{texts[which]}", "url": "{value}"}}'
            for value, x, y, which in zip(number, lon, lat, pick, strict=True)
        ],
        "received_at": start + np.timedelta64(7_200, "s"),
    }
    return make_frame(REPORTS, columns)


def make_links(first: int, n: int) -> pd.DataFrame:
    """Return links of the reports from number `first` (from 1) to their incidents."""
    report_id = np.arange(first, first + n)
    columns = {
        "report_id": report_id,
        "incident_id": incident_of(report_id),
        "score": np.round(np.random.default_rng([7, first]).normal(6, 2, n), 3),
        "evidence": '{"space": 2.1, "time": 3.0, "kind": 0.8}',
        "method": "rule",
    }
    return make_frame(LINKS, columns)


def incident_of(report_id: Any) -> Any:
    """Return the incident of each report, both numbered from 1."""
    return np.floor((np.asarray(report_id) - 1) / REPORTS_PER_INCIDENT).astype(np.int64) + 1


def make_incidents(first: int, n: int, n_all: int) -> dict[str, pd.DataFrame]:
    """Return incidents from number `first` (from 1), with what was verified and judged of them, by table."""
    random = np.random.default_rng([8, first])
    incident_id = np.arange(first, first + n)
    start = _times(incident_id, n_all, random)
    region, kind = random.choice(_REGIONS, n), random.choice(_KINDS, n)
    count = random.integers(1, 30, n).astype(float)
    incidents = {
        "incident_id": incident_id,
        "time_from": start,
        "time_to": start + np.timedelta64(3_600, "s"),
        "time_precision": "hour",
        "lon": random.uniform(33, 39, n),
        "lat": random.uniform(46.5, 50.5, n),
        "sigma_m": 500.0,
        "sigma_across_m": 500.0,
        "place": random.choice(_PLACES, n),
        "region": region,
        "place_precision": "settlement",
        "kind": kind,
        "count_low": count,
        "count_best": count,
        "count_high": count,
        "count_unit": "explosions",
        "n_reports": 2,
        "n_sources": 1,
        "n_posts": 0,
    }
    judgements = {
        "incident_id": incident_id,
        "time_from": start,
        "agreement": "general truce",
        "clause": "ceasefire",
        "verdict": random.choice(np.array(["violation", "outside", "unclear"], dtype=object), n),
        "region": region,
        "kind": kind,
        "unit": "explosions",
        "p": np.round(random.random(n), 3),
        "acts_low": count,
        "acts_best": count,
        "acts_high": count,
        "is_exercise": random.random(n) < 0.05,
        "reason": "within the zone while the clause was in force",
        "method": "rule",
    }
    status = random.choice(np.array(["reported", "corroborated", "verified"], dtype=object), n)
    verifications = {"incident_id": incident_id, "status": status, "method": "rule", "reason": "two sources"}
    return {
        INCIDENTS.name: make_frame(INCIDENTS, incidents),
        JUDGEMENTS.name: make_frame(JUDGEMENTS, judgements),
        VERIFICATIONS.name: make_frame(VERIFICATIONS, verifications),
    }


def _times(number: Any, n_all: int, random: np.random.Generator) -> Any:
    """Return moments that rise with the number, some hours out of order."""
    seconds = number / n_all * DAYS * 86_400 + random.normal(0, 10_000, len(number))
    return np.datetime64(START, "us") + (seconds * 1e6).astype("timedelta64[us]")
