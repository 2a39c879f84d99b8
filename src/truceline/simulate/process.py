"""The composed process before anything is simulated: what holds in each epoch, and at which rates.

Days from the ceasefire; rates per day for the whole line and both sides together. Rates are expectations
worked out by hand (background over one minus the branching ratio), with the wandering of the weeks averaged
out and the start-up of the first days left out: what is simulated scatters around them. A median over the
draws with an 80 % band where there are several draws. It says nothing of what will happen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truceline.simulate import _layout as at
from truceline.simulate._layout import Floats
from truceline.simulate.results import N_RUNGS
from truceline.simulate.run import DrawsLike, lay_out_places, parameter_matrix
from truceline.simulate.settings import BASELINES, Settings, check_settings
from truceline.simulate.watch import Watch

EPOCH_ENDS = (7, 30, 90, 180, 365, 730, 1096, 1461, 1826, 2192, 2557, 2922, 3287, 3653)
"""Days at which an epoch ends: first week, month, quarter, half year, then years."""
DESCRIBED_MAX = 256
"""Draws of which the bands are made: a table needs no more."""
_LEAST_SAID = 0.001
_LEAST_HAZARD = 1e-9
BAND = (0.1, 0.5, 0.9)
"""Shares of draws below the low end, the middle and the high end."""


@dataclass(frozen=True)
class Rate:
    """A number over the draws: middle and 80 % band; all three are equal for a single draw."""

    low: float
    median: float
    high: float

    def __str__(self) -> str:
        if self.low == self.high:
            return _say(self.median)
        return f"{_say(self.median)} ({_say(self.low)} to {_say(self.high)})"


@dataclass(frozen=True)
class Epoch:
    """What holds from day `start` up to, and without, day `end`."""

    start: int
    end: int
    level: Rate
    """Background of that before the truce."""
    background: Rate
    """Incidents that answer no other, a day, as if nobody watched."""
    left_undone: Rate
    """Of these, deterred and not moved elsewhere, a day."""
    incidents: Rate
    """All incidents a day, answers and follow-ups included."""
    detected: Rate
    verified: Rate
    attributed: Rate
    violations: Rate
    hazards: tuple[Rate, ...]
    """Mean hazard per day of each of BASELINES with a backstop that changes nothing (r = 1) and a level
    rate."""


@dataclass(frozen=True)
class Process:
    """A watched ceasefire, composed and not yet simulated."""

    watch: Watch
    settings: Settings
    n_draws: int
    """Draws that the bands are made of."""
    epochs: tuple[Epoch, ...]
    branching: Rate
    """Direct offspring of one incident, after what clarification saves."""
    seen: tuple[Rate, Rate, Rate]
    """Share of incidents detected, verified, attributed."""
    undeterred: Rate
    """Share of deliberate incidents that detection does not deter."""
    false_reports: Rate
    """A day."""


def compose(watch: Watch, draws: DrawsLike, settings: Settings) -> Process:
    """Return the process of a watch under some draws (or a single one at the central values).

    Raises ScenarioError where the settings, or the number of draws, cannot be.
    """
    check_settings(settings, n_replicates=len(draws))
    matrix = parameter_matrix(draws, settings)[:DESCRIBED_MAX]
    kinds = matrix[:, at.KINDS : at.KINDS + N_RUNGS]
    kinds = kinds / kinds.sum(axis=1, keepdims=True)
    chance = _mean_chances(watch, matrix[:, at.NIGHT_SHARE], kinds)
    undeterred = _mean_undeterred(watch, matrix, kinds)
    calm = 1.0 - chance[1] * (1.0 - matrix[:, at.CLARIFICATION])
    branching = matrix[:, at.SELF_MEAN] + matrix[:, at.CROSS_MEAN] * calm
    ends = [end for end in EPOCH_ENDS if end < settings.n_days] + [settings.n_days]
    epochs = []
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        epochs.append(_compose_epoch(watch, matrix, chance, undeterred, branching, start, end))
    looks = watch.p_detect.max() > 0.0
    false_reports = matrix[:, at.FALSE_RATE] * watch.length_km / at.KM_OF_RATE * looks
    return Process(
        watch=watch,
        settings=settings,
        n_draws=len(matrix),
        epochs=tuple(epochs),
        branching=_rate(branching),
        seen=(_rate(chance[0]), _rate(chance[1]), _rate(chance[2])),
        undeterred=_rate(undeterred),
        false_reports=_rate(false_reports),
    )


def describe_process(process: Process) -> tuple[tuple[str, ...], ...]:
    """Return the epochs as a table of words, the head first; see `say_process` for what stands below it."""
    head = (
        "days",
        "level",
        "background a day",
        "left undone a day",
        "incidents a day",
        "detected",
        "verified",
        "attributed",
        "violations a day",
        *(f"{name.capitalize()}-type hazard a day, if r = 1" for name in BASELINES),
    )
    rows = [
        (
            f"{epoch.start} to {epoch.end}",
            str(epoch.level),
            str(epoch.background),
            str(epoch.left_undone),
            str(epoch.incidents),
            str(epoch.detected),
            str(epoch.verified),
            str(epoch.attributed),
            str(epoch.violations),
            *(_say_hazard(hazard) for hazard in epoch.hazards),
        )
        for epoch in process.epochs
    ]
    return (head, *rows)


def say_process(process: Process) -> tuple[str, ...]:
    """Return the rules of the process in plain sentences, to stand below the table."""
    constant = process.settings.constant
    detected, verified, attributed = process.seen
    band = "" if process.n_draws == 1 else f" Median and 80 % band of {process.n_draws} draws of parameters."
    monitor = (
        "Something is verified, so the hazard is multiplied by the drawn factor of monitoring."
        if process.watch.p_verify.max() > 0.0
        else "Nothing is verified, so the factor of monitoring is left out of the hazard."
    )
    return (
        f"Both sides, {process.watch.length_km:,.0f} km of line.{band}",
        f"If the chances of the watch hold, {detected} of incidents are detected, {verified} verified and "
        f"{attributed} attributed (shares).",
        f"One incident is followed directly by {process.branching} others on average, after what is saved by "
        "clarification.",
        f"Of deliberate incidents a share of {process.undeterred} is undeterred, if the assumed threshold "
        "holds.",
        f"{process.false_reports} reports a day have nothing behind them.",
        f"A collapse is {constant('surge_days'):g} days in a row with the week's rate above "
        f"{constant('surge_multiple'):g} times the rate expected in the first week.",
        f"The guarantor's rule is met by more than {constant('trigger_count'):g} attributed incidents of one "
        f"side in {constant('trigger_days'):g} days; it is then followed with a probability of "
        f"{constant('trigger_response'):g}, a dial. It is counted and changes nothing else.",
        f"{monitor} Hazards are for r = 1, a backstop that changes nothing, and differ by baseline; they are "
        "never averaged.",
    )


def _compose_epoch(
    watch: Watch, matrix: Floats, chance: Floats, undeterred: Floats, branching: Floats, start: int, end: int
) -> Epoch:
    """Return one epoch; expectations, see the module."""
    days = np.arange(start, end) + 0.5
    levels = 1.0 - (1.0 - matrix[:, at.LEVEL, None]) * np.exp(-days / matrix[:, at.RETURN, None])
    level = levels.mean(axis=1)
    background = 2.0 * matrix[:, at.RATE] * watch.length_km / at.KM_OF_RATE * level
    undone = background * matrix[:, at.PHI] * (1.0 - undeterred) * (1.0 - matrix[:, at.DELTA])
    endless = branching >= 1.0
    incidents = np.where(endless, np.inf, (background - undone) / np.where(endless, 1.0, 1.0 - branching))
    return Epoch(
        start=start,
        end=end,
        level=_rate(level),
        background=_rate(background),
        left_undone=_rate(undone),
        incidents=_rate(incidents),
        detected=_rate(_times(incidents, chance[0])),
        verified=_rate(_times(incidents, chance[1])),
        attributed=_rate(_times(incidents, chance[2])),
        violations=_rate(_times(incidents, matrix[:, at.SIZE_MEAN])),
        hazards=tuple(_rate(_mean_hazard(watch, matrix, b, start, end)) for b in range(len(BASELINES))),
    )


def _mean_hazard(watch: Watch, matrix: Floats, baseline: int, start: int, end: int) -> Floats:
    """Return the mean hazard per day of a baseline over some days, at a level rate of incidents and r = 1."""
    from scipy.special import gamma  # late: scipy takes a while to load

    shape = matrix[:, at.SHAPE]
    scale = matrix[:, at.MINSK + baseline] * gamma(1.0 + 1.0 / shape)
    rise = (scale * end) ** shape - (scale * start) ** shape
    factor = matrix[:, at.HR] if watch.p_verify.max() > 0.0 else np.ones(len(matrix))
    return np.asarray(rise / (end - start) * factor)


def _state_shares(watch: Watch, night_share: Floats) -> Floats:
    """Return (draw, state): the share of background incidents in each state of light and weather."""
    places = lay_out_places(watch)
    night = np.full(len(night_share), places.dark) if places.dark in (0.0, 1.0) else night_share
    clear = 1.0 - places.p_bad
    return np.stack([clear * (1.0 - night), clear * night, np.full(len(night), places.p_bad)], axis=1)


def _mean_chances(watch: Watch, night_share: Floats, kinds: Floats) -> Floats:
    """Return (3, draw): detected, verified and attributed share of background incidents."""
    states = _state_shares(watch, night_share)
    three = np.stack([watch.p_detect, watch.p_verify, watch.p_attribute])
    by_state = np.einsum("b,mbsr->msr", watch.where, three)
    return np.asarray(np.einsum("ds,dr,msr->md", states, kinds, by_state))


def _mean_undeterred(watch: Watch, matrix: Floats, kinds: Floats) -> Floats:
    """Return (draw,): mean of D(q) / D(0) over where, when and with what background incidents begin."""
    states = _state_shares(watch, matrix[:, at.NIGHT_SHARE])
    out = np.empty(len(matrix))
    for i, p in enumerate(matrix):
        q = watch.p_attribute * p[at.P_CONSEQUENCE]
        exponent = np.minimum((q - p[at.THRESHOLD]) / p[at.WIDTH], at.EXPONENT_MAX)
        left = (1.0 + np.exp(-p[at.THRESHOLD] / p[at.WIDTH])) / (1.0 + np.exp(exponent))
        out[i] = np.einsum("b,s,r,bsr->", watch.where, states[i], kinds[i], left)
    return out


def _times(incidents: Floats, share: Floats) -> Floats:
    """Return a share of what may be endless: nothing of it is nothing."""
    return np.where(share > 0.0, incidents * np.where(share > 0.0, share, 1.0), 0.0)


def _rate(values: Floats) -> Rate:
    """Return middle and band of a number over the draws."""
    low, median, high = np.quantile(values, BAND, method="lower")
    return Rate(float(low), float(median), float(high))


def _say(value: float) -> str:
    """Return a number with two digits that count, or the word for one that never ends."""
    if not np.isfinite(value):
        return "without end"
    if 0.0 < value < _LEAST_SAID:
        return f"under {_LEAST_SAID:g}"
    return f"{value:.2g}" if value < 10.0 else f"{value:,.0f}"


def _say_hazard(hazard: Rate) -> str:
    """Return a hazard per day as one in so many days."""
    low, median, high = (
        f"1/{1.0 / max(value, _LEAST_HAZARD):,.0f}" for value in (hazard.low, hazard.median, hazard.high)
    )
    return median if hazard.low == hazard.high else f"{median} ({low} to {high})"
