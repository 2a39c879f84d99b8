"""plan.json: the plan as a document with a versioned schema, and back.

Units are in the key names or beside the value; NaN (a number that does not exist, such as a crossing nobody
can make) is null. Every headline is a tree that `truceline explain` unfolds. The schema is printed in
docs/plan-json.md; a reader of version 1 can rely on every key named there.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from truceline.detection.kinds import KINDS, STATES
from truceline.generation.model import Mission
from truceline.plan.crossings import Crossings
from truceline.plan.ground import Ground
from truceline.plan.model import Plan, PosturePlan, measure_weak_inputs
from truceline.plan.watch import Watch
from truceline.publish.dates_record import DatesRecord, record_dates
from truceline.publish.generation_record import GenerationRecord, record_generation
from truceline.publish.money_record import MoneyRecord, record_money
from truceline.publish.record import Record, number_or_null, tree_of
from truceline.publish.talks_record import TalksRecord
from truceline.publish.talks_recording import record_talks

SCHEMA = "truceline.plan/1"
"""Name and version of the document; a change that breaks readers makes it 2."""
CHANCE_DECIMALS = 6
"""Decimals of a chance: more than it is known to, enough to compare plans."""
PLACE_DECIMALS = 3
"""Decimals of a degree for places: about 100 m, finer than the line is known."""


class LineRecord(Record):
    """The line of contact."""

    length_km: float
    """Geodesic length."""
    tolerance_km: tuple[float, float] | None
    """The true line lies within about the first, nearly always within the second; null when only a length."""
    source: str
    sight: str
    """How line of sight was computed, with the cell size; empty without a map."""
    zone_half_width_km: float | None
    sectors: list[str]


class TaskRecord(Record):
    """One row of the troop-to-task table."""

    key: str
    group: Literal["watch", "reaction", "deterrence", "support"]
    task: str
    count: float
    unit: str
    people: float


class SiteRecord(Record):
    """A post or mast, at the precision at which it may be published."""

    name: str
    means: str
    lon: float
    lat: float
    chainage_km: float
    side: Literal["a", "b"]
    sector: str


class MovingRecord(Record):
    """Patrols or orbits of one sector."""

    means: str
    sector: str
    units: int


class CrossingRecord(Record):
    """The least-exposed crossing of one sector by one kind in one state, for one intruder."""

    sector: str
    kind: str
    state: str
    intruder: str
    passable: bool
    p_least: float | None
    """Chance of being noticed; null when nobody can pass."""
    p_average: float | None
    """The same for a straight crossing by someone who knows nothing."""
    open_width_km: float
    chainage_km: float | None
    path_lonlat: list[tuple[float, float]]


class LossRecord(Record):
    """The one fixed means whose loss would leave the weakest crossing of a sector, paths sought anew."""

    name: str
    p_least: float
    """Chance of being noticed on the weakest crossing in clear weather once it is lost."""
    kind: str
    """Who crosses there then."""
    state: str


class OneMoreRecord(Record):
    """The one more fixed means that would raise the weakest crossing of a sector most."""

    name: str
    people: float
    p_least: float
    """Chance of being noticed on the weakest crossing in clear weather once it stands."""
    kind: str
    """Who crosses there then."""
    state: str


class WeakPointRecord(Record):
    """What one loss or one more means would do to a sector's weakest crossing.

    In clear weather, day or night, by someone who knows the posts but not the schedules.
    """

    sector: str
    p_least: float
    """Chance of being noticed on the weakest crossing as planned."""
    worst_loss: LossRecord | None
    """Null when no single loss weakens it."""
    one_more: OneMoreRecord | None
    """Null when no single means raises it."""
    n_candidates: int
    """Fixed means that were free to be added."""
    n_solved: int
    """Those for which paths were sought anew; a bound ruled the others out."""


class DetectionRecord(Record):
    """What is seen, by kind and by state."""

    detect: dict[str, float]
    verify: dict[str, float]
    attribute: dict[str, float]


class PostureRecord(Record):
    """One posture."""

    label: str
    description: str
    mission: Mission = "observation"
    """What the force is for: observation, reassurance or interposition."""
    headlines: list[dict[str, Any]]
    """Numbers as trees: name, value, unit, label, formula, low, high, evidence, source, note, parts."""
    weak_input_share: dict[str, float]
    """Share of the assumptions under each headline that nobody has read in a source."""
    tasks: list[TaskRecord]
    sites: list[SiteRecord]
    moving: list[MovingRecord]
    bases_lonlat: list[tuple[float, float]]
    by_kind: DetectionRecord | None
    by_state: DetectionRecord | None
    crossings: list[CrossingRecord]
    weak_points: list[WeakPointRecord]
    frontier: dict[str, list[float]] | None
    """people, detect and bound: the personnel-detection curve."""


class EstimateRecord(Record):
    """A published estimate read against the posture planned in full."""

    key: str
    author: str
    role: str
    bound: str
    people_low: float | None
    people_high: float | None
    verdict: str
    explained_by: list[str]


class BandRecord(Record):
    """An 80 % band and the assumptions that carry most of it."""

    low: float
    median: float
    high: float
    drivers: list[tuple[str, float]]


class BandsRecord(Record):
    """Bands of the posture planned in full."""

    n_samples: int
    seed: int
    note: str
    bands: dict[str, BandRecord]


class PlanDocument(Record):
    """The whole of plan.json."""

    schema_name: Literal["truceline.plan/1"] = Field(alias="schema")
    truceline: str
    """Version that made it."""
    provenance: dict[str, Any]
    scenario: dict[str, str]
    line: LineRecord
    posture: str
    """Key of the posture planned in full."""
    postures: dict[str, PostureRecord]
    estimates: list[EstimateRecord]
    assumptions: list[dict[str, Any]]
    """Every assumption: name, value, unit, low, high, evidence, source, note."""
    warnings: list[str]
    bands: BandsRecord | None
    generation: GenerationRecord | None = None
    """Who would come; null where the scenario names no contributors."""
    money: MoneyRecord | None = None
    """What it costs, and whom; left out where the scenario does not ask."""
    dates: DatesRecord | None = None
    """When who comes is there; left out where the scenario does not ask."""
    talks: TalksRecord | None = None
    """Who wants what of the talks, and what could be agreed; left out where the scenario does not ask."""


def document_plan(plan: Plan) -> PlanDocument:
    """Return the plan as a document."""
    return PlanDocument(
        schema=SCHEMA,
        truceline=plan.provenance.version,
        provenance=plan.provenance.to_dict(),
        scenario={
            "name": plan.scenario.name,
            "title": plan.scenario.title,
            "as_of": plan.scenario.as_of.isoformat(),
            "side_a": plan.scenario.sides.a,
            "side_b": plan.scenario.sides.b,
        },
        line=_line(plan),
        posture=plan.chosen_key,
        postures={key: _posture(one, plan.ground) for key, one in plan.postures.items()},
        estimates=[
            EstimateRecord(
                key=reading.estimate.key,
                author=reading.estimate.author,
                role=reading.estimate.role,
                bound=str(reading.estimate.bound),
                people_low=reading.estimate.people_low,
                people_high=reading.estimate.people_high,
                verdict=reading.verdict,
                explained_by=list(reading.explained_by),
            )
            for reading in plan.chosen.readings
        ],
        assumptions=[plan.assumptions.trace(name).to_dict() for name in plan.assumptions],
        warnings=[str(problem) for problem in plan.warnings],
        bands=_bands(plan),
        generation=None if plan.generation is None else record_generation(plan.generation),
        money=None if plan.money is None else record_money(plan.money, plan.chosen_key),
        dates=None if plan.dates is None else record_dates(plan.dates, plan.chosen_key),
        talks=None if plan.talks is None else record_talks(plan.talks, plan.scenario.talks),
    )


def _line(plan: Plan) -> LineRecord:
    if plan.ground is None:
        return LineRecord(
            length_km=plan.length_m / 1000,
            tolerance_km=None,
            source="stated length",
            sight="",
            zone_half_width_km=None,
            sectors=[],
        )
    low, high = plan.scenario.line.tolerance.bounds
    return LineRecord(
        length_km=round(plan.length_m / 1000, 3),
        tolerance_km=(low / 1000, high / 1000),
        source=plan.ground.line.source,
        sight=plan.ground.sight.note,
        zone_half_width_km=plan.scenario.zone.half_width.value / 1000,
        sectors=[sector.name for sector in plan.ground.sectors],
    )


def _posture(one: PosturePlan, ground: Ground | None) -> PostureRecord:
    rows = one.people.force.table.rows()
    watch, crossings = one.watch, one.crossings
    sites: list[SiteRecord] = []
    moving: list[MovingRecord] = []
    if watch is not None and ground is not None:
        sites, moving = _sites(watch, ground), _moving(watch, ground)
    return PostureRecord(
        label=one.label,
        description=one.posture.description,
        mission=one.posture.mission,
        headlines=[tree_of(traced) for traced in one.headlines.values()],
        weak_input_share={name: round(measure_weak_inputs(t), 4) for name, t in one.headlines.items()},
        tasks=[TaskRecord(**{key: row[key] for key in TaskRecord.model_fields}) for row in rows],
        sites=sites,
        moving=moving,
        bases_lonlat=_bases(one, ground),
        by_kind=_by(watch, "by_kind", KINDS),
        by_state=_by(watch, "by_state", STATES),
        crossings=_crossings(crossings, ground) if crossings is not None and ground is not None else [],
        weak_points=_weak_points(crossings, ground) if crossings is not None and ground is not None else [],
        frontier=_frontier(watch),
    )


def _sites(watch: Watch, ground: Ground) -> list[SiteRecord]:
    candidates = watch.candidates
    labels = candidates.labels()
    found = []
    for i in watch.chosen.tolist():
        if math.isnan(candidates.x_m[i]):
            continue
        lon, lat = ground.line.projection.xy_to_lonlat(candidates.x_m[i], candidates.y_m[i])
        found.append(
            SiteRecord(
                name=labels[i],
                means=candidates.means_key[i],
                lon=round(float(lon), PLACE_DECIMALS),
                lat=round(float(lat), PLACE_DECIMALS),
                chainage_km=round(float(candidates.chainage_m[i]) / 1000, 1),
                side="a" if candidates.offset_m[i] > 0 else "b",
                sector=ground.sectors[candidates.sector[i]].name,
            )
        )
    return found


def _moving(watch: Watch, ground: Ground) -> list[MovingRecord]:
    candidates = watch.candidates
    return [
        MovingRecord(
            means=candidates.means_key[i],
            sector=ground.sectors[candidates.sector[i]].name,
            units=int(watch.copies[i]),
        )
        for i in watch.chosen.tolist()
        if math.isnan(candidates.x_m[i])
    ]


def _bases(one: PosturePlan, ground: Ground | None) -> list[tuple[float, float]]:
    if one.people.bases is None or ground is None:
        return []
    xy = one.people.bases.xy_m
    lon, lat = ground.line.projection.xy_to_lonlat(xy[:, 0], xy[:, 1])
    return [
        (round(float(a), PLACE_DECIMALS), round(float(b), PLACE_DECIMALS))
        for a, b in zip(lon, lat, strict=True)
    ]


def _by(watch: Watch | None, axis: str, names: tuple[str, ...]) -> DetectionRecord | None:
    if watch is None:
        return None
    measures = {
        measure: dict(
            zip(names, np.round(getattr(getattr(watch.averages, measure), axis), 6).tolist(), strict=True)
        )
        for measure in ("detect", "verify", "attribute")
    }
    return DetectionRecord(**measures)


def _crossings(crossings: Crossings, ground: Ground) -> list[CrossingRecord]:
    found = []
    for one in crossings.weak:
        path: list[tuple[float, float]] = []
        if one.passable:
            lon, lat = ground.line.projection.xy_to_lonlat(one.path_xy_m[:, 0], one.path_xy_m[:, 1])
            path = [
                (round(float(a), PLACE_DECIMALS), round(float(b), PLACE_DECIMALS))
                for a, b in zip(lon, lat, strict=True)
            ]
        found.append(
            CrossingRecord(
                sector=ground.sectors[one.sector].name,
                kind=one.kind,
                state=one.state,
                intruder=one.intruder,
                passable=one.passable,
                p_least=number_or_null(one.p_least),
                p_average=number_or_null(one.p_average),
                open_width_km=round(one.open_width_m / 1000, 3),
                chainage_km=number_or_null(one.chainage_m / 1000, 1),
                path_lonlat=list(dict.fromkeys(path)),
            )
        )
    return found


def _weak_points(crossings: Crossings, ground: Ground) -> list[WeakPointRecord]:
    found = []
    for sector, loss in crossings.worst_loss.items():
        more = crossings.one_more.get(sector)
        found.append(
            WeakPointRecord(
                sector=ground.sectors[sector].name,
                p_least=round(loss.p_before, CHANCE_DECIMALS),
                worst_loss=None
                if loss.candidate < 0
                else LossRecord(
                    name=loss.label,
                    p_least=round(loss.p_without, CHANCE_DECIMALS),
                    kind=loss.kind,
                    state=loss.state,
                ),
                one_more=None
                if more is None or more.candidate < 0
                else OneMoreRecord(
                    name=more.label,
                    people=round(more.people, 2),
                    p_least=round(more.p_with, CHANCE_DECIMALS),
                    kind=more.kind,
                    state=more.state,
                ),
                n_candidates=more.n_candidates if more is not None else 0,
                n_solved=more.n_solved if more is not None else 0,
            )
        )
    return found


def _frontier(watch: Watch | None) -> dict[str, list[float]] | None:
    if watch is None:
        return None
    curve = watch.frontier
    return {
        "people": np.round(curve.spent, 2).tolist(),
        "detect": np.round(curve.reached, 6).tolist(),
        "bound": np.round(curve.bound, 6).tolist(),
    }


def _bands(plan: Plan) -> BandsRecord | None:
    if plan.bands is None:
        return None
    return BandsRecord(
        n_samples=plan.bands.n_samples,
        seed=plan.bands.seed,
        note=plan.bands.note,
        bands={
            name: BandRecord(
                low=band.low,
                median=band.median,
                high=band.high,
                drivers=[(driver.name, round(driver.share, 4)) for driver in plan.bands.drivers[name]],
            )
            for name, band in plan.bands.bands.items()
        },
    )


def dump_document(document: PlanDocument) -> str:
    """Return the document as JSON text: sorted nowhere, so keys keep the order of the schema."""
    left_out = {key for key in ("money", "dates", "talks") if getattr(document, key) is None}
    data = document.model_dump(mode="json", by_alias=True, exclude=left_out)
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_document(plan: Plan, path: Path) -> None:
    """Write plan.json into a folder that the caller swaps in when all is written."""
    path.write_text(dump_document(document_plan(plan)), encoding="utf-8")
