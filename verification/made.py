"""Calm ceasefires to check one law at a time: every number fixed, everything off that is not asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.parameters import Draws, draw_parameters
from truceline.simulate.results import ChunkSums, IncidentTable
from truceline.simulate.run import run_chunk, run_incidents
from truceline.simulate.settings import Settings, read_settings
from truceline.simulate.watch import Watch, make_watch

FloatArray = NDArray[np.float64]

CALM = {
    "background_rate": 0.5,
    "background_cv": 0.0,
    "n_self": 0.0,
    "n_cross": 0.0,
    "delay": 0.5,
    "spread": 1.5,
    "size_mean": 8.0,
    "size_dispersion": 0.3,
    "first_week_level": 1.0,
    "return_time": 60.0,
    "deliberate_share": 0.0,
    "deterrence_threshold": 0.3,
    "deterrence_width": 0.05,
    "displaced_share": 0.5,
    "p_consequence": 1.0,
    "escalation_up": 0.15,
    "clarification": 1.0,
    "hr_monitor": 1.0,
    "hazard_exponent": 0.0,
    "hazard_shape": 1.0,
    "false_report_rate": 0.0,
    "wrong_side": 0.0,
    "night_share": 0.5,
}
"""A Poisson process of half an incident a day and side on 100 km that nobody deters, calms or escalates."""
HALF_DARK = (0.5, 0.5, 0.0)
"""Day and night alike and no bad weather: incidents then fall evenly over the hours."""
NEVER = 1e9
"""Multiple of the quiet level at which nothing ever surges."""


def make_draws(n: int, **numbers: float) -> Draws:
    """Return n replicates of the calm ceasefire with some numbers changed."""
    return draw_parameters(load_ceasefire_assumptions(), first=0, n=n, seed=0, fixed={**CALM, **numbers})


def make_settings(n_days: int, **constants: float) -> Settings:
    """Return the settings of a run that no surge ends, with some constants changed."""
    return read_settings(
        load_ceasefire_assumptions(), n_days=n_days, **{"surge_multiple": NEVER, **constants}
    )


def made_line(
    detect: Any = 0.0, verify: Any = 0.0, attribute: Any = 0.0, *, n_bins: int = 100, **more: Any
) -> Watch:
    """Return a watch on 100 bins of a kilometre, of two sectors."""
    sectors = ["west"] * (n_bins // 2) + ["east"] * (n_bins - n_bins // 2)
    more = {"state_share": HALF_DARK, **more}
    return make_watch(detect, verify, attribute, n_bins=n_bins, bin_km=1.0, sectors=sectors, **more)


def run(
    n: int, n_days: int, *, watch: Watch | None = None, seed: int = 1, constants: Any = None, **numbers: float
) -> ChunkSums:
    """Return the sums of n replicates of a calm ceasefire with some numbers changed."""
    settings = make_settings(n_days, **(constants or {}))
    return run_chunk(made_line() if watch is None else watch, make_draws(n, **numbers), settings, seed)


def list_incidents(
    n_days: int, *, watch: Watch | None = None, seed: int = 1, replicate: int = 0, **numbers: float
) -> IncidentTable:
    """Return every incident of one replicate."""
    draws = make_draws(replicate + 1, **numbers)
    line = made_line() if watch is None else watch
    return run_incidents(line, draws, make_settings(n_days), seed, replicate)


def fano(counts: FloatArray) -> float:
    """Return variance over mean."""
    return float(np.var(counts, ddof=1) / np.mean(counts))
