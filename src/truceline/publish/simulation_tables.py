"""Tables of a simulated ceasefire as CSV: measures, survival over the dial, days, ladder, differences.

They hold what simulation.json holds, a row for each number or few, for people with a spreadsheet. Chances of
holding stand beside the baseline and the factor r they rest on. Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from truceline.publish.simulation_record import BandRecord, SimulationRecord, WatchRecord
from truceline.publish.table import Table, number, text
from truceline.simulate.results import STAGES
from truceline.simulate.watch import RUNGS

Row = tuple[object, ...]

_WATCH = text("watch", "Plan and posture that watch, or nobody")
_BASELINE = text("baseline", "Named baseline of the daily hazard; baselines are never averaged")
_FACTOR = number("factor_r", "1", "Factor by which the backstop is taken to change the daily hazard")
_BANDS = (
    number("low", "", "A tenth of the replicates is below"),
    number("median", "", "Half of them is below"),
    number("high", "", "A tenth is above"),
    number("mean", "", "Mean over the replicates that have it"),
    number("median_low", "", "More replicates would not move the median below this (95 %)"),
    number("median_high", "", "More replicates would not move the median above this (95 %)"),
    number("replicates", "1", "Replicates that have it"),
    number("missing", "1", "Replicates without it: it never happened, or there was nothing to share"),
)
_COUNTS = tuple(number(f"n_{stage}", "1", f"Incidents, {stage}, in all replicates") for stage in STAGES)

MEASURES = Table(
    "measures",
    "What became of the replicates",
    "Counts are for a replicate over the days simulated; survival is for r = 1 under the baseline named.",
    (_WATCH, text("measure", "Name of the measure"), *_BANDS),
)
DIFFERENCES = Table(
    "differences",
    "What another watch changes",
    "Replicate by replicate under the same luck: the watch's measure less that of the first watch.",
    (
        _WATCH,
        text("less", "The first watch"),
        text("measure", "Name of the measure"),
        *_BANDS,
        number("share_with_more", "1", "Share of replicates in which the watch has more of it"),
    ),
)
SURVIVAL = Table(
    "survival",
    "Chance that the truce holds, week by week",
    "If the backstop changes the daily hazard by the factor r, under the baseline named.",
    (
        _WATCH,
        _BASELINE,
        _FACTOR,
        number("day", "day", "Days from the ceasefire"),
        number("holds_mean", "1", "Mean chance over the draws that it still holds", 6),
    ),
)
HORIZONS = Table(
    "horizons",
    "Chance that the truce holds for one, twelve and sixty months",
    "If the backstop changes the daily hazard by the factor r, under the baseline named.",
    (
        _WATCH,
        _BASELINE,
        _FACTOR,
        number("days", "day", "Days from the ceasefire"),
        number("holds_mean", "1", "Mean chance over the draws", 6),
        number("holds_low", "1", "A tenth of the draws is below", 6),
        number("holds_median", "1", "Half of them is below", 6),
        number("holds_high", "1", "A tenth is above", 6),
    ),
)
DAYS = Table(
    "days",
    "Day by day",
    "Over the replicates that are still running; counts are of true incidents unless said.",
    (
        _WATCH,
        text("measure", "What is counted"),
        number("day", "day", "Days from the ceasefire"),
        number("mean", "1", "Mean count of that day"),
        number("low", "1", "A tenth of the replicates does not exceed it"),
        number("median", "1", "Half of them does not exceed it"),
        number("high", "1", "Nine tenths do not exceed it"),
    ),
)
LADDER = Table(
    "ladder",
    "Rungs of replies and follow-ups",
    "How many incidents of a rung were brought on by one of each rung, in all replicates.",
    (
        _WATCH,
        text("parent", "Rung of the incident answered or followed"),
        text("rung", "Own rung"),
        number("n", "1", "Incidents"),
    ),
)
CHAINS = Table(
    "chains",
    "Length of exchanges",
    "Clusters of incidents by their longest chain of replies, in all replicates; all longer ones last.",
    (_WATCH, number("replies", "1", "Longest chain of replies"), number("n", "1", "Clusters")),
)
KINDS = Table(
    "kinds",
    "Kinds of fire",
    "How far incidents of each rung came: they happened, were noticed, verified, a side was named.",
    (_WATCH, text("rung", "Rung of the ladder"), *_COUNTS),
)
SECTORS = Table(
    "sectors",
    "Sectors",
    "How far incidents came, by sector and by the side that did it.",
    (_WATCH, text("sector", "Sector of the plan"), text("side", "Side that did it"), *_COUNTS),
)
PARAMETERS = Table(
    "parameters",
    "What every replicate runs with",
    "Drawn from the range for each replicate, held at one value, or fixed by the user.",
    (
        text("name", "Short name, as --fix takes it"),
        text("label", "What it is"),
        text("use", "drawn, held or fixed"),
        number("low", "", "Lowest value drawn"),
        number("value", "", "Stated value"),
        number("high", "", "Highest value drawn"),
        text("unit", "Unit of the three"),
        text("evidence", "How well it is known"),
        text("source", "Where it was read"),
    ),
)
TABLES = (MEASURES, DIFFERENCES, SURVIVAL, HORIZONS, DAYS, LADDER, CHAINS, KINDS, SECTORS, PARAMETERS)
"""Description of every table, in the order of products."""


def make_simulation_tables(record: SimulationRecord) -> dict[str, Table]:
    """Return every table by name; those without a row, as differences of one plan alone, are left out."""
    filled = [
        MEASURES.filled(
            (watch.label, name, *_band(band))
            for watch in record.watches
            for name, band in watch.measures.items()
        ),
        DIFFERENCES.filled(
            (one.label, one.less, name, *_band(band), one.share_with_more[name])
            for one in record.differences
            for name, band in one.measures.items()
        ),
        SURVIVAL.filled(_each(record, _list_survival)),
        HORIZONS.filled(_each(record, _list_horizons)),
        DAYS.filled(_each(record, _list_days)),
        LADDER.filled(_each(record, _list_ladder)),
        CHAINS.filled((watch.label, i, n) for watch in record.watches for i, n in enumerate(watch.chains)),
        KINDS.filled(
            (watch.label, rung, *counts.values())
            for watch in record.watches
            for rung, counts in watch.by_rung.items()
        ),
        SECTORS.filled(_each(record, _list_sectors)),
        PARAMETERS.filled(
            (p.name, p.label, p.use, p.low, p.value, p.high, p.unit, p.evidence, p.source)
            for p in record.parameters
        ),
    ]
    return {table.name: table for table in filled if table.rows}


def _each(record: SimulationRecord, rows: Callable[[WatchRecord], Iterator[Row]]) -> Iterator[Row]:
    for watch in record.watches:
        yield from ((watch.label, *row) for row in rows(watch))


def _band(band: BandRecord) -> tuple[float | None, ...]:
    return (
        band.low,
        band.median,
        band.high,
        band.mean,
        band.median_low,
        band.median_high,
        band.replicates,
        band.missing,
    )


def _list_survival(watch: WatchRecord) -> Iterator[Row]:
    for curve in watch.survival:
        for day, mean in zip(curve.days, curve.mean, strict=True):
            yield curve.baseline, curve.factor, day, mean


def _list_horizons(watch: WatchRecord) -> Iterator[Row]:
    for curve in watch.survival:
        for at in curve.horizons:
            yield curve.baseline, curve.factor, at.days, at.mean, at.low, at.median, at.high


def _list_days(watch: WatchRecord) -> Iterator[Row]:
    found = watch.by_day
    for name, means in found.mean.items():
        nothing: list[float | None] = [None] * len(means)
        bands = (part.get(name, nothing) for part in (found.low, found.median, found.high))
        for day, row in enumerate(zip(means, *bands, strict=True)):
            yield name, day, *row


def _list_ladder(watch: WatchRecord) -> Iterator[Row]:
    for parent, counts in zip(RUNGS, watch.ladder, strict=True):
        for rung, n in zip(RUNGS, counts, strict=True):
            yield parent, rung, n


def _list_sectors(watch: WatchRecord) -> Iterator[Row]:
    for sector, sides in watch.by_sector.items():
        for side, counts in sides.items():
            yield sector, side, *counts.values()
