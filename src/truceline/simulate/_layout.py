"""How the compiled loop is told what to do, and where it writes: named arrays, columns and purposes.

Shared by `_kernels` and its twin `_reference`. Kilometres, days. Nothing is computed here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from truceline.simulate.parameters import KIND_SHARES
from truceline.simulate.results import DAY_MEASURES, MEASURES

Floats = npt.NDArray[np.float64]
Longs = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

PARAMETER_ORDER = (
    "background_rate",
    "background_cv",
    "n_self",
    "n_cross",
    "delay",
    "spread",
    "size_mean",
    "size_dispersion",
    "first_week_level",
    "return_time",
    "deliberate_share",
    "deterrence_threshold",
    "deterrence_width",
    "displaced_share",
    "displacement_reach",
    "p_consequence",
    "escalation_up",
    "escalation_stay",
    "clarification",
    "hr_monitor",
    "hazard_exponent",
    "hazard_shape",
    "minsk_hazard",
    "armistice_hazard",
    "surge_multiple",
    "surge_days",
    "trigger_count",
    "trigger_days",
    "trigger_response",
    "trigger_delay",
    "false_report_rate",
    "wrong_side",
    "night_share",
    *KIND_SHARES,
)
"""Columns of the matrix of parameters: drawn where a draw has the name, else the central value of its
record."""
RATE, CV, SELF_MEAN, CROSS_MEAN, DELAY_MEAN, SPREAD, SIZE_MEAN, SIZE_K, LEVEL, RETURN = range(10)
PHI, THRESHOLD, WIDTH, DELTA, REACH, P_CONSEQUENCE, UP, STAY, CLARIFICATION = range(10, 19)
HR, B_Z, SHAPE, MINSK, ARMISTICE, SURGE, SURGE_DAYS = range(19, 26)
K_COUNT, K_DAYS, K_RESPONSE, K_DELAY, FALSE_RATE, WRONG, NIGHT_SHARE, KINDS = range(26, 34)
"""Numbers of these columns; KINDS is the first of five."""

# Purposes: which number of a key is used for what.
WHERE, WITHIN, WEATHER, NIGHT, HOUR, KIND = 0, 1, 2, 3, 4, 5
DELIBERATE, DETERRED, MOVED, MOVED_FIRST, MOVED_HOUR = 6, 7, 8, 9, 10
SIZE, SEEN, NAMED = 11, 12, 13
N_SELF, N_CROSS = 14, 15
DELAY, STEP, RUNG_STEP = 16, 17, 19
"""STEP takes two numbers, 17 and 18."""
BLAMED, FALSE_VERIFIED = 20, 21

# Families of keys of a replicate: what its own children are.
WEEKS, BACKGROUND, FALSE_REPORTS, RESPONSES = 0, 1, 2, 3

CHILDREN_MAX = 32
"""Direct offspring of one sort that one incident can have; at a mean of one, more come once in 10^37."""
SIZE_MAX = 20_000
"""Violations in one incident at most: a longer barrage is counted as this."""
FLOOR_PER_DAY = 1.0 / 7.0
"""Incidents a day that are added to the week's and the sixty days' rate before they are compared, and the
least quiet level: one a week, so that a single incident on a silent line is no surge and zero has a
logarithm."""
WEEK_DAYS = 7
MEMORY_DAYS = 60
"""Days of the mean that the week's rate is compared with."""
KM_OF_RATE = 100.0
"""Rates of the background and of false reports are for each hundred kilometres of line."""


EXPONENT_MAX = 700.0
"""Exponents are cut here: beyond, exp is no number."""
N_MEASURES = len(MEASURES)
N_DAY_MEASURES = len(DAY_MEASURES)
M_WRONG = MEASURES.index("n_attributed_wrong")
M_UNANSWERED = MEASURES.index("n_unanswered")
M_CLUSTERS = MEASURES.index("n_clusters")
M_UNANSWERED_CLUSTERS = MEASURES.index("n_unanswered_clusters")
M_HIGHEST = MEASURES.index("highest_rung")
M_FALSE_ATTRIBUTED = MEASURES.index("n_false_attributed")
M_TRIGGERS = MEASURES.index("n_triggers")
M_FALSE_TRIGGERS = MEASURES.index("n_false_triggers")
M_RESPONSES = MEASURES.index("n_responses")
M_FALSE_RESPONSES = MEASURES.index("n_false_responses")
M_FIRST_RESPONSE = MEASURES.index("first_response_day")
M_SURGE_DAY = MEASURES.index("surge_day")
M_RUNAWAY_DAY = MEASURES.index("runaway_day")
M_HAZARDS = MEASURES.index("minsk_hazard_30")
DAY_INCIDENTS = DAY_MEASURES.index("n_incidents")
DAY_DETECTED = DAY_MEASURES.index("n_detected")
DAY_VERIFIED = DAY_MEASURES.index("n_verified")
DAY_ATTRIBUTED = DAY_MEASURES.index("n_attributed")
DAY_VIOLATIONS = DAY_MEASURES.index("n_violations")
DAY_VIOLATIONS_DETECTED = DAY_MEASURES.index("n_violations_detected")
DAY_BACKGROUND = DAY_MEASURES.index("n_background")
DAY_DELIBERATE = DAY_MEASURES.index("n_deliberate")
DAY_DETERRED = DAY_MEASURES.index("n_deterred")
DAY_DISPLACED = DAY_MEASURES.index("n_displaced")
DAY_REPLIES = DAY_MEASURES.index("n_replies")
DAY_FALSE_REPORTS = DAY_MEASURES.index("n_false_reports")
DAY_TRIGGERS = DAY_MEASURES.index("n_triggers")
DAY_SURGED = DAY_MEASURES.index("n_surged")
DAY_RUNNING = DAY_MEASURES.index("n_running")
SHARED = np.array([MEASURES.index(name) for name in DAY_MEASURES[:DAY_TRIGGERS]])
"""Measure of a replicate to which the day measure of each number below DAY_TRIGGERS adds up."""
SURGE_DAY, RUNAWAY, FIRST_RESPONSE, IN_A_ROW, N_MARKS = range(5)
"""What a replicate remembers from day to day: days on which something happened first, days of surge in a
row."""


class Law(NamedTuple):
    """What follows from one replicate's parameters and is used for every incident."""

    none_self: float
    """Chance of no offspring of the same side."""
    none_cross: float
    cross_after: float
    """Mean number of replies once the incident was verified."""
    none_cross_after: float
    down: float
    up_after: float
    """Chance of a step up once the incident was verified."""
    kind_0: float
    """Cumulated shares of the rungs of background incidents."""
    kind_1: float
    kind_2: float
    kind_3: float
    length: float
    """Of the line, km."""
    deter_zero: float
    """1 + exp(-q* / w)."""
    cox_sigma: float
    """Standard deviation of the logarithm of the weekly factor."""
    cox_half: float
    """Half its variance: makes the mean factor one."""
    size_none: float
    """Chance that an incident is a single violation."""
    size_ratio: float
    size_over: float
    """Mean size less one."""
    size_k: float
    minsk_scale: float
    """(h0 Gamma(1 + 1/s))^s of the baseline, with the Weibull shape s."""
    armistice_scale: float


class Pool(NamedTuple):
    """Offspring that wait for their day, and clusters that are not over; places are used again."""

    key: Keys
    parent: Keys
    real: Floats
    """(n, 2) time, km."""
    whole: npt.NDArray[np.int32]
    """(n, 9) what it is and where it waits; columns in `_pool`."""
    root: Keys
    """(n,) key of the first incident of a cluster."""
    cluster: npt.NDArray[np.int32]
    """(n, 3) waiting in it, longest chain so far, next free place."""


class Scratch(NamedTuple):
    """What a replicate needs from day to day."""

    state: Longs
    head: npt.NDArray[np.int32]
    """(n_days,) place in the pool of the last incident put on a day; -1 for none."""
    cdf: Floats
    """(SIZE_MAX, 2) sums and terms of the sizes, as far as they were needed."""
    daily: Longs
    """(n_days,) incidents."""
    named: Longs
    """(n_days, 4) named against side 0 and 1 that day, and of these rightly."""
    hazards: Floats
    """(2, n_days + 1) cumulated hazard of each baseline after so many days."""
    today: Longs
    tally: Longs
    marks: Floats


class Places(NamedTuple):
    """The watch as arrays; bins are `bin_km` long from the start of the line."""

    bin_km: float
    n_bins: int
    where: Floats
    """(n_bins,) cumulated weights; the last is 1."""
    guide: Longs
    """(n_guide,) bin from which the search for a share of i / n_guide starts."""
    seen: Floats
    """(n_bins, states, rungs, 3) p_detect, p_verify, p_attribute."""
    least: Floats
    """(n_bins, rungs) least p_attribute over the states that occur."""
    least_state: Longs
    """(n_bins, rungs) the first state that has it."""
    sector: Longs
    """(n_bins,) sector of each bin."""
    p_bad: float
    """Share of the time with bad weather."""
    dark: float
    """Share of the hours that are dark: night / (day + night); darkness is around midnight."""
    verifies: bool
    """True when anything at all is verified somewhere: only then does monitoring change the hazard."""


class Rules(NamedTuple):
    """What is the same in all replicates."""

    n_days: int
    in_flight_max: int
    day_incidents_max: int
    seed: int
    dial: Floats
    horizons: Longs
    count_edges: Longs


class Sums(NamedTuple):
    """Where a run writes; see `ChunkSums` for the meaning."""

    measures: Floats
    day_sums: Longs
    day_counts: Longs
    survival: Floats
    survival_strict: Floats
    survival_counts: Longs
    ladder: Longs
    chains: Longs
    by_rung: Longs
    by_sector: Longs


class Rows(NamedTuple):
    """Where the incidents of one replicate are written when they are asked for; else of length 0."""

    key: Keys
    parent: Keys
    root: Keys
    real: Floats
    """(n, 2) time, km."""
    whole: Longs
    """(n, 9) side, rung, state, size, deliberate, displaced, how far it came (0 to 3), side named, false."""


ROW_WIDTH = 9
