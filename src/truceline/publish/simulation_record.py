"""simulation.json: what was simulated and what came out of it, as a document with a versioned schema.

Units are in the keys or beside the value; what does not exist (a share of nothing, a chance beyond the
horizon) is null. Chances of holding stand under a baseline and a factor r, never alone, and baselines are
never averaged. The same inputs and seed give the same bytes whatever the number of workers. Nothing is
computed here.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from truceline import __version__
from truceline.provenance import name_shortly
from truceline.publish.record import Record
from truceline.publish.simulate_words import BAND_NOTE, CONDITION, NOT_A_FORECAST, TRANSFER
from truceline.simulate.catalogue import PREFIX
from truceline.simulate.ensemble import CHUNK, Comparison, Difference, Outcome
from truceline.simulate.parameters import HELD, PARAMETERS
from truceline.simulate.results import COUNTED, DAY_MEASURES, DIAL, HORIZONS, N_SIDES, STAGES
from truceline.simulate.settings import BASELINES
from truceline.simulate.summary import BAND, Band, Summary
from truceline.simulate.watch import RUNGS

SCHEMA: Literal["truceline.simulation/1"] = "truceline.simulation/1"
"""Name and version of the document; a change that breaks readers makes it 2."""
SIGNIFICANT_DIGITS = 9
"""Digits kept of a number that is not whole."""
SIDES = ("side a", "side b")


class ParameterRecord(Record):
    """One number that a replicate runs with."""

    name: str
    label: str
    unit: str
    use: Literal["drawn", "held", "fixed"]
    """Drawn from its range for each replicate, one value for all of them, or fixed by the user."""
    value: float
    low: float
    high: float
    evidence: str
    source: str


class BandRecord(Record):
    """One measure over the replicates."""

    low: float | None
    """A tenth of the replicates is below."""
    median: float | None
    high: float | None
    mean: float | None
    median_low: float | None
    """With ever more replicates the median would stay above this, with 95 %."""
    median_high: float | None
    replicates: int
    """Replicates that have the measure."""
    missing: int
    """Replicates that do not: it never happened, or there was nothing to share."""


class HorizonRecord(Record):
    """The chance that the truce holds for so many days."""

    days: int
    mean: float | None
    low: float | None
    median: float | None
    high: float | None


class SurvivalRecord(Record):
    """The chance that the truce holds, under one baseline and one factor r of the backstop."""

    baseline: str
    factor: float
    """Factor r by which the backstop is taken to change the daily hazard; nobody can estimate it."""
    days: list[int]
    mean: list[float]
    """Mean over the draws, at `days`."""
    horizons: list[HorizonRecord]


class DaysRecord(Record):
    """Day by day, over the replicates that were still running."""

    mean: dict[str, list[float | None]]
    low: dict[str, list[float | None]]
    """Count of that day that a tenth of the replicates does not exceed."""
    median: dict[str, list[float | None]]
    high: dict[str, list[float | None]]


class WatchRecord(Record):
    """One plan's watch and what became of the ceasefire under it."""

    label: str
    folder: str
    """Name of the plan's folder."""
    posture: str
    fingerprint: str
    """Differs where any chance of the watch does."""
    length_km: float
    bins: int
    grain: str
    notes: list[str]
    capped_replicates: int
    """Replicates whose branching ratio was lowered by the user's word."""
    measures: dict[str, BandRecord]
    survival: list[SurvivalRecord]
    by_day: DaysRecord
    ladder: list[list[int]]
    """Offspring by rung of the parent (row) and their own."""
    chains: list[int]
    """Clusters by the longest chain of replies in them: none, one, two and so on; the last holds all longer
    ones."""
    by_rung: dict[str, dict[str, int]]
    by_sector: dict[str, dict[str, dict[str, int]]]


class DifferenceRecord(Record):
    """What another watch changes under the same luck: its measures less those of the first, one by one."""

    label: str
    less: str
    """Label of the first watch."""
    measures: dict[str, BandRecord]
    share_with_more: dict[str, float | None]
    """Share of replicates in which the other watch has more of the measure."""


class SimulationRecord(Record):
    """The whole document."""

    schema_: Literal["truceline.simulation/1"] = Field(SCHEMA, alias="schema")
    program: str
    seed: int
    replicates: int
    days: int
    chunk: int
    """Replicates added up in one piece."""
    cap_branching: float | None
    condition: str
    """What every chance of holding in this document rests on, besides its baseline."""
    reading: list[str]
    """What a reader must know first."""
    band: tuple[float, float]
    """Shares of the replicates below the ends of every band."""
    baselines_per_day: dict[str, float]
    """Hazard of each named baseline; they are never averaged."""
    constants: dict[str, float]
    """Rules and other constants by short name."""
    dial: list[float]
    parameters: list[ParameterRecord]
    watches: list[WatchRecord]
    """The first is what the others are compared with."""
    differences: list[DifferenceRecord]


def document_simulation(comparison: Comparison) -> SimulationRecord:
    """Return the document of one or several simulated watches."""
    first = comparison.outcomes[0]
    settings, summary = first.settings, first.summary
    drawn = {*PARAMETERS, *HELD}
    return SimulationRecord(
        schema=SCHEMA,
        program=f"truceline {__version__}",
        seed=first.seed,
        replicates=summary.n,
        days=summary.n_days,
        chunk=CHUNK,
        cap_branching=first.cap_branching,
        condition=CONDITION,
        reading=[NOT_A_FORECAST, BAND_NOTE, *TRANSFER],
        band=BAND,
        baselines_per_day=dict(zip(BASELINES, settings.hazards, strict=True)),
        constants={name: value for name, value in sorted(settings.constants.items()) if name not in drawn},
        dial=list(DIAL),
        parameters=list_parameters(first),
        watches=[_record_watch(outcome) for outcome in comparison.outcomes],
        differences=[_record_difference(one, first.label) for one in comparison.differences],
    )


def dump_simulation(record: SimulationRecord) -> str:
    """Return the document as text: the same record gives the same bytes."""
    data = record.model_dump(mode="json", by_alias=True)
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def list_parameters(outcome: Outcome) -> list[ParameterRecord]:
    """Return what every replicate ran with, in the order of the axes."""
    return [_record_parameter(outcome, name) for name in (*PARAMETERS, *HELD)]


def _record_parameter(outcome: Outcome, name: str) -> ParameterRecord:
    record = outcome.assumptions[PREFIX + name]
    low, high = record.bounds
    fixed = outcome.fixed.get(name)
    use: Literal["drawn", "held", "fixed"] = "held" if name in HELD or low == high else "drawn"
    return ParameterRecord(
        name=name,
        label=record.label,
        unit=record.unit,
        use=use if fixed is None else "fixed",
        value=record.value if fixed is None else fixed,
        low=low if fixed is None else fixed,
        high=high if fixed is None else fixed,
        evidence=record.evidence.value if fixed is None else "stated",
        source=(str(record.source) if record.source else "") if fixed is None else "fixed by the user",
    )


def _record_watch(outcome: Outcome) -> WatchRecord:
    watch, summary = outcome.watch, outcome.summary
    folder = name_shortly([Path(watch.source)])[0] if watch.source else ""
    return WatchRecord(
        label=watch.label,
        folder=folder,
        posture=watch.posture,
        fingerprint=watch.fingerprint,
        length_km=_short(watch.length_km) or 0.0,
        bins=watch.n_bins,
        grain=watch.grain,
        notes=list(watch.sentences()),
        capped_replicates=summary.n_capped,
        measures=_record_bands(summary.bands()),
        survival=[_record_survival(summary, name, r) for name in BASELINES for r in DIAL],
        by_day=_record_days(summary),
        ladder=summary.ladder.tolist(),
        chains=summary.chains.tolist(),
        by_rung=_name_counts(RUNGS, summary.by_rung),
        by_sector={
            name: _name_counts(SIDES[:N_SIDES], counts)
            for name, counts in zip(summary.sectors, summary.by_sector, strict=True)
        },
    )


def _record_survival(summary: Summary, baseline: str, factor: float) -> SurvivalRecord:
    horizons = []
    for days in HORIZONS:
        if days <= summary.n_days:
            low, median, high = map(_short, summary.survival_band(baseline, factor, days))
            mean = _short(summary.survival_mean(baseline, factor, days))
            horizons.append(HorizonRecord(days=days, mean=mean, low=low, median=median, high=high))
    return SurvivalRecord(
        baseline=baseline,
        factor=factor,
        days=summary.survival_days().tolist(),
        mean=[_short(value) or 0.0 for value in summary.survival_curve(baseline, factor)],
        horizons=horizons,
    )


def _record_days(summary: Summary) -> DaysRecord:
    low, median, high = (
        {name: [_short(value) for value in summary.day_quantile(name, share)] for name in COUNTED}
        for share in (BAND[0], 0.5, BAND[1])
    )
    mean = {name: [_short(value) for value in summary.day_mean(name)] for name in DAY_MEASURES[:-2]}
    return DaysRecord(mean=mean, low=low, median=median, high=high)


def _record_difference(difference: Difference, first: str) -> DifferenceRecord:
    more = {name: _short(value) for name, value in difference.share_above_zero().items()}
    return DifferenceRecord(
        label=difference.label,
        less=first,
        measures=_record_bands(difference.bands()),
        share_with_more=more,
    )


def _record_bands(bands: dict[str, Band]) -> dict[str, BandRecord]:
    return {
        name: BandRecord(
            low=_short(band.low),
            median=_short(band.median),
            high=_short(band.high),
            mean=_short(band.mean),
            median_low=_short(band.median_low),
            median_high=_short(band.median_high),
            replicates=band.n,
            missing=band.n_missing,
        )
        for name, band in bands.items()
    }


def _name_counts(names: tuple[str, ...], counts: Any) -> dict[str, dict[str, int]]:
    """Return rows of counts by name, and by how far the incidents came."""
    return {
        name: dict(zip(STAGES, map(int, row), strict=True)) for name, row in zip(names, counts, strict=True)
    }


def _short(value: float) -> float | None:
    """Return a number to so many digits as are kept, or None where there is none."""
    number = float(value)
    return float(f"{number:.{SIGNIFICANT_DIGITS}g}") + 0.0 if math.isfinite(number) else None
