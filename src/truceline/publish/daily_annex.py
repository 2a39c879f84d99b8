"""The machine-readable annex of a daily report: rows as CSV, positions as GeoJSON, figures as JSON.

The rows marked `counted` add up to the figures of the text exactly. Words are those of the store and need no
translation; times are UTC; positions are rounded and, while too recent, left out. No text of any source. In
an edition for others than the mission, what is not told of an incident says `withheld`.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from truceline.events.kinds import Releasability
from truceline.monitor.day_lines import DayRow, HarmLine, RestrictionLine, SightingLine
from truceline.monitor.day_model import DayReport
from truceline.publish.table import Table, number, share, text

SCHEMA = "truceline.daily/1"
"""Name and version of daily.json; a change that breaks readers makes it 2."""
WITHHELD = "withheld"
"""Said in place of what the readers of an edition may not see."""
_SPLIT = " | "
_OF_EDITIONS = ("incident_id", "is_of_post")
"""Of a restriction: what only the making of editions needs."""

ROWS = Table(
    "violations",
    "Ceasefire violations, one row for each incident",
    "Summed over the rows with counted = yes, acts_low, acts_best and acts_high are the report's figures.",
    (
        number("row", "1", "Number of the row in the annex", 0),
        number("incident", "1", "Number of the incident in the store", 0),
        text("region", "Region of the report; other for all outside the mission's regions"),
        text("place", "Nearest named place"),
        text("control_side", "Side that holds the place: a, b, contested or empty"),
        number("lon_deg", "deg", "Longitude as published; empty where withheld or not known", 6),
        number("lat_deg", "deg", "Latitude as published", 6),
        number("sigma_m", "m", "Standard deviation of the position, rounding included", 0),
        text("position_withheld", "yes where the incident is too recent, or not released, to tell its place"),
        text("observers", "Posts, cameras or teams that noticed it"),
        text("range_from", "Post from which range and bearing are given"),
        number("range_min_m", "m", "Least distance from that post", 0),
        number("range_max_m", "m", "Greatest distance from that post", 0),
        number("bearing_deg", "deg", "Azimuth from that post", 1),
        text("means", "Who or what watched"),
        text(
            "observation", "Best way in which it was noticed: seen, recorded, heard, detected, told, claimed"
        ),
        text("kind", "What happened"),
        text("class", "Class in which its acts are counted"),
        text("phase", "impact, outgoing, airburst, in_flight or undetermined"),
        text("weapon", "Weapon as far as it was told apart"),
        share("p_weapon", "Probability that the weapon is right"),
        text("target", "What was hit or aimed at, in a clause's words"),
        text("time_from_utc", "Earliest time"),
        text("time_to_utc", "Latest time"),
        text("time_precision", "How well the time is known"),
        text("reporting_day", "Local date on which its reporting day ends"),
        number("acts_low", "act", "Least number of acts", 0),
        number("acts_best", "act", "Most likely number of acts", 0),
        number("acts_high", "act", "Greatest number of acts", 0),
        text("unit", "What the source counted"),
        text("agreement", "Agreement under which it counts"),
        text("clause", "Clause under which it counts"),
        text("other_clauses", "Further clauses it violates; it counts once all the same"),
        share("p_clause", "Probability that it is within the clause's place and time"),
        text("counted", "yes where it is among the violations"),
        text("not_counted", "Why not: exercise or unclear"),
        text("exercise", "yes where assessed as a live-fire exercise"),
        text("verification", "reported, corroborated or verified"),
        text("verification_reason", "Rule met, or reason given"),
        text("claim", "yes where it rests on the word of a party alone"),
        text("claimed_by", "That party: a or b"),
        text("side", "Side it is attributed to; empty: not investigated"),
        share("p_side", "Probability of the attribution"),
        text("side_basis", "What the attribution rests on"),
        number("n_reports", "1", "Reports linked", 0),
        number("n_sources", "1", "Independent sources among them", 0),
        text("flags", "What to know before counting it"),
    ),
)


def make_rows_table(report: DayReport) -> Table:
    """Return the rows of the annex, numbered as on the page."""
    return ROWS.filled(_cells(i, row) for i, row in enumerate(report.rows, start=1))


def make_geojson(report: DayReport) -> str:
    """Return the rows as GeoJSON points; a row without a published position has no geometry."""
    features = [
        {
            "type": "Feature",
            "id": row.incident_id,
            "geometry": {"type": "Point", "coordinates": [row.lon, row.lat]}
            if math.isfinite(row.lon)
            else None,
            "properties": {
                "row": i,
                "region": row.region or "other",
                "sigma_m": _whole(row.sigma_m),
                "class": row.act_class,
                "kind": WITHHELD if row.is_unreleased else row.kind,
                "phase": row.phase,
                "acts_low": row.count.low,
                "acts_best": row.count.best,
                "acts_high": row.count.high,
                "counted": row.is_counted,
                "exercise": row.is_exercise,
                "verification": row.status,
                "observation": row.observation,
                "reporting_day": row.night.isoformat(),
                "agreement": row.agreement,
                "clause": row.clause,
                "position_withheld": row.is_withheld,
            },
        }
        for i, row in enumerate(report.rows, start=1)
    ]
    collection = {
        "type": "FeatureCollection",
        "properties": {
            **_edition(report),
            "report": None if report.is_draft else f"{report.number}/{report.year}",
            "position_decimals": report.position_decimals,
            "delay_h": report.delay_h,
            "simulated": report.is_simulated,
        },
        "features": features,
    }
    return _dump(collection)


def make_figures_json(report: DayReport, files: dict[str, str]) -> str:
    """Return the figures as JSON; `files` are the other files of the folder with the hash of each."""
    said = {
        "schema": SCHEMA,
        **_edition(report),
        "number": None if report.is_draft else report.number,
        "year": report.year,
        "corrects": asdict(report.corrects) if report.corrects else None,
        "mission": report.mission,
        "sides": dict(report.sides),
        "zone": report.zone,
        "issued_at_utc": report.issued_at,
        "period_from_utc": report.period_from,
        "period_to_utc": report.period_to,
        "reporting_days": report.nights,
        "as_of_change": report.as_of,
        "include_exercises": report.include_exercises,
        "simulated": report.is_simulated,
        "unit": "act",
        "figures": report.figures(),
        "previous": {key: asdict(count) for key, count in report.previous.counts.items()},
        "nights": [asdict(count) for count in report.nights_count],
        "since": [
            {
                "agreement": line.agreement.name,
                "since_utc": line.agreement.since,
                "reporting_days": line.n_days,
                "counts": {key: asdict(count) for key, count in line.tally.counts.items()},
            }
            for line in report.since
        ],
        "clauses": [asdict(line) for line in report.clauses],
        "effort": [asdict(line) for line in report.effort],
        "trend": [asdict(line) for line in report.trend],
        "restrictions": [_restriction(line) for line in report.restrictions],
        "harm": [_line(line) for line in report.harms],
        "sightings": [_line(line) for line in report.sightings],
        "corrections": [asdict(line) for line in report.corrections],
        "last_days": [asdict(line) for line in report.history],
        "sums": asdict(report.sums),
        "files": files,
    }
    return _dump(said)


def _edition(report: DayReport) -> dict[str, Any]:
    """Return whose edition it is; the mission's own report says nothing of it."""
    if report.level is Releasability.mission:
        return {}
    return {"edition": str(report.level), "incidents_not_released": report.n_unreleased}


def _line(line: HarmLine | SightingLine | RestrictionLine) -> dict[str, Any]:
    """Return a line as it stands in daily.json, marked where it is withheld."""
    said = asdict(line)
    is_withheld = said.pop("is_unreleased")
    return {**said, WITHHELD: True} if is_withheld else said


def _restriction(line: RestrictionLine) -> dict[str, Any]:
    said = _line(line)
    return {name: value for name, value in said.items() if name not in _OF_EDITIONS}


def _cells(number_: int, row: DayRow) -> tuple[Any, ...]:
    hidden = WITHHELD if row.is_unreleased else ""
    return (
        number_,
        row.incident_id,
        row.region or "other",
        row.place or hidden,
        row.control_side,
        row.lon,
        row.lat,
        row.sigma_m,
        _yes(row.is_withheld),
        _SPLIT.join(row.posts) or hidden,
        row.location_post,
        row.range_min_m if row.location_post else math.nan,
        row.range_max_m if row.location_post else math.nan,
        row.bearing_deg if row.location_post else math.nan,
        _SPLIT.join(row.means) or hidden,
        row.observation,
        row.kind or hidden,
        row.act_class,
        row.phase,
        row.weapon or hidden,
        row.p_weapon,
        row.target or hidden,
        _stamp(row.time_from),
        _stamp(row.time_to),
        row.time_precision,
        row.night.isoformat(),
        row.count.low,
        row.count.best,
        row.count.high,
        row.unit,
        row.agreement,
        row.clause,
        _SPLIT.join(row.other_clauses),
        row.p_clause,
        _yes(row.is_counted),
        row.not_counted,
        _yes(row.is_exercise),
        row.status,
        row.status_reason,
        _yes(row.is_claim),
        row.claimed_by,
        row.side,
        row.p_side,
        row.side_basis,
        math.nan if row.is_unreleased else row.n_reports,
        math.nan if row.is_unreleased else row.n_sources,
        _SPLIT.join(row.flags),
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _stamp(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat() + "Z"


def _whole(value: float) -> int | None:
    return round(value) if math.isfinite(value) else None


def _dump(value: Any) -> str:
    return json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: unknown numbers are null, moments ISO 8601 in UTC."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return _stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
