"""What a chunk of replicates leaves behind: sums, counts and histograms; and the list of one replicate.

Days from the ceasefire; counts are incidents unless said. Every sum is exact: counts are whole numbers and
survival is rounded to multiples of 2^-32, so that chunks may be added up in any order and on any number of
workers with the same bytes (up to two million replicates). Nothing here says what anything means for a plan.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from truceline.simulate.watch import RUNGS

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]

N_SIDES = 2
N_RUNGS = len(RUNGS)

DIAL = (0.15, 0.25, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.1, 1.2)
"""Factors by which a backstop may change the daily hazard; 0.15, 0.25, 0.5, 1 and above 1 have named
readings."""
HORIZONS = (30, 365, 1826)
"""Days at which the spread of survival over replicates is kept: one, twelve and sixty months."""
SURVIVAL_EVERY = 7
"""Days between two points of a survival curve; point i is the end of day 7 i, point 0 the ceasefire."""
N_SURVIVAL_BINS = 200
"""Bins of the histogram of survival, equal from 0 to 1; 1 is in the last one."""
SURVIVAL_UNIT = 2.0**-32
"""Survival is rounded to multiples of this, so that sums are exact."""

MEASURES = (
    "n_incidents",
    "n_detected",
    "n_verified",
    "n_attributed",
    "n_attributed_wrong",
    "n_violations",
    "n_violations_detected",
    "n_background",
    "n_deliberate",
    "n_deterred",
    "n_displaced",
    "n_replies",
    "n_unanswered",
    "n_clusters",
    "n_unanswered_clusters",
    "highest_rung",
    "n_false_reports",
    "n_false_attributed",
    "n_triggers",
    "n_false_triggers",
    "n_responses",
    "n_false_responses",
    "first_response_day",
    "surge_day",
    "runaway_day",
    "minsk_hazard_30",
    "minsk_hazard_365",
    "minsk_hazard_1826",
    "armistice_hazard_30",
    "armistice_hazard_365",
    "armistice_hazard_1826",
)
"""What is kept of every replicate.

n_incidents: true incidents. n_detected, n_verified, n_attributed: of these, nested. n_attributed_wrong: of
the attributed, those that name the wrong side. n_violations: violations in all incidents;
n_violations_detected: in those detected. n_background: incidents that answer nothing. n_deliberate:
deliberate ones planned, before deterrence; n_deterred: of these, deterred at their first place; n_displaced:
of the deterred, happened elsewhere. n_replies: offspring of the other side. n_unanswered: incidents without a
direct reply, ever. n_clusters: background incidents with all that follows; n_unanswered_clusters: of these,
with no reply up to the horizon. highest_rung: 0 to 4, -1 without incidents. n_false_reports,
n_false_attributed: reports with nothing behind them. n_triggers: times the trigger rule was met;
n_false_triggers: of these, not met by correctly attributed incidents alone; n_responses and
n_false_responses: of these, answered by the guarantor. first_response_day, surge_day, runaway_day: day, NaN
where never. <baseline>_hazard_<day>: cumulated hazard at the end of that day for r = 1, so that survival is
exp(-r hazard); NaN beyond the horizon.
"""
MEASURE = {name: i for i, name in enumerate(MEASURES)}

DAY_MEASURES = (
    "n_incidents",
    "n_detected",
    "n_verified",
    "n_attributed",
    "n_violations",
    "n_violations_detected",
    "n_background",
    "n_deliberate",
    "n_deterred",
    "n_displaced",
    "n_replies",
    "n_false_reports",
    "n_triggers",
    "n_surged",
    "n_running",
)
"""What is kept of every day: sums over replicates, of the same name as in MEASURES. n_surged: replicates that
have collapsed by the end of that day (surge or run away); n_running: replicates that were simulated on that
day."""
DAY_MEASURE = {name: i for i, name in enumerate(DAY_MEASURES)}

COUNTED = ("n_incidents", "n_detected", "n_violations", "n_violations_detected")
"""Daily counts whose histogram over replicates is kept."""
_EXACT_COUNTS = 16
_BINS_PER_DOUBLING = 8
_DOUBLINGS = 18


def count_edges() -> Longs:
    """Return the least count of every bin of the histogram of daily counts; the last bin has no end.

    0 to 16 are exact; above, a bin is an eighth of a doubling (9 %) wide.
    """
    steps = np.arange(1, _BINS_PER_DOUBLING * _DOUBLINGS + 1) / _BINS_PER_DOUBLING
    wide = np.floor(_EXACT_COUNTS * 2.0**steps).astype(np.int64)
    return np.unique(np.concatenate([np.arange(_EXACT_COUNTS + 1, dtype=np.int64), wide]))


COUNT_EDGES = count_edges()
"""Least count of every bin of `ChunkSums.day_counts`."""
N_CHAIN = 16
"""Bins of the length of a chain of replies: 0 (unanswered), 1, 2, ...; the last holds all longer ones."""
STAGES = ("true", "detected", "verified", "attributed")
"""How far an incident came; nested."""


@dataclass(frozen=True)
class ChunkSums:
    """Everything that is kept of the replicates of a chunk; add two up with `add_chunks`."""

    n: int
    """Replicates in it."""
    measures: Floats
    """(n, MEASURES) one row a replicate."""
    day_sums: Floats
    """(n_days, DAY_MEASURES) sums over replicates."""
    day_counts: Longs
    """(COUNTED, n_days, COUNT_EDGES) replicates by their count of that day; those running only."""
    survival: Floats
    """(BASELINES, DIAL, n_weeks + 1) sums over replicates of exp(-r hazard), zero once one has run away."""
    survival_strict: Floats
    """The same, and zero once a replicate has collapsed: the stricter reading, in which a truce whose fire
    has come back is broken whatever the hazard says."""
    survival_counts: Longs
    """(BASELINES, DIAL, HORIZONS, N_SURVIVAL_BINS) replicates by the survival of `survival`; zero where the
    horizon is not reached."""
    ladder: Longs
    """(N_RUNGS, N_RUNGS) offspring by rung of the parent (row) and their own."""
    chains: Longs
    """(N_CHAIN,) clusters by the longest chain of replies in them, up to the horizon."""
    by_rung: Longs
    """(N_RUNGS, STAGES) incidents by rung and how far they came."""
    by_sector: Longs
    """(n_sectors, N_SIDES, STAGES) incidents by sector, side that did it, and how far they came."""
    sectors: tuple[str, ...]
    """Names of the sectors in `by_sector`, in the order of the line."""

    def column(self, name: str) -> Floats:
        """Return one measure of every replicate."""
        return np.asarray(self.measures[:, MEASURE[name]])

    def day(self, name: str) -> Floats:
        """Return one day measure: the sum over replicates for every day."""
        return np.asarray(self.day_sums[:, DAY_MEASURE[name]])


def add_chunks(first: ChunkSums, second: ChunkSums) -> ChunkSums:
    """Return the sums of both; replicates of `second` come after those of `first`. Same watch and horizon."""
    if first.sectors != second.sectors or first.day_sums.shape != second.day_sums.shape:
        raise ValueError("chunks of different watches or horizons cannot be added up")
    parts = {
        f.name: getattr(first, f.name) + getattr(second, f.name)
        for f in fields(ChunkSums)
        if f.name not in ("measures", "sectors")
    }
    measures = np.concatenate([first.measures, second.measures])
    return ChunkSums(**parts, measures=measures, sectors=first.sectors)


@dataclass(frozen=True)
class IncidentTable:
    """Every incident and every false report of one replicate by time; columns of equal length."""

    time: Floats
    """Days from the ceasefire, with the time of day as fraction."""
    day: Longs
    side: Longs
    """Side that did it, 0 or 1; of a false report, the side that is blamed."""
    rung: Longs
    km: Floats
    """Place along the line."""
    state: Longs
    """0 day, 1 night, 2 bad weather."""
    size: Longs
    """Violations in it; 1 for a false report."""
    parent: Longs
    """Row of the incident that it answers or continues; -1 for background."""
    root: Longs
    """Row of the first incident of its cluster; its own for background."""
    deliberate: npt.NDArray[np.bool_]
    displaced: npt.NDArray[np.bool_]
    detected: npt.NDArray[np.bool_]
    verified: npt.NDArray[np.bool_]
    attributed: npt.NDArray[np.bool_]
    attributed_side: Longs
    """Side named, right or wrong; -1 where not attributed."""
    false_report: npt.NDArray[np.bool_]
    """True for a report with nothing behind it."""
    key: npt.NDArray[np.uint64]
    """Key of the randomness of the row: the same incident under another watch has the same one."""

    def __len__(self) -> int:
        return len(self.time)
