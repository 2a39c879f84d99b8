"""Alarms of a coming collapse: a rise that lasts and is broad, against the quiet level.

The sum of all series (places or kinds) is followed by a one-sided cumulated likelihood ratio (CUSUM, Page
1954) of 'several times the quiet level' against 'the quiet level', both negative binomials with the
dispersion that was seen. The quiet level follows slowly and stands still while an alarm lasts. One day can
add only so much, so that an exercise or a bulk upload is not an alarm; a warning must stand without the
place or kind that rose most, so that a single column is never more than watched. Causal. Counts are
incidents without exercises; exposure is days, or days times the share noticed. It forecasts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.expectation import (
    ExpectationSettings,
    Expecter,
    Forecast,
    chance_of_at_most,
    elapsed_days,
    negative_binomial_log,
    read_expectation_settings,
    regime_starts,
)
from truceline.scenario.assumption import AssumptionSet

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]

WHOLE = "all"
"""Name of the series that is the sum of all others."""


class AlarmLevel(StrEnum):
    """How serious a rise is."""

    none = "none"
    watch = "watch"
    """A rise that lasts, perhaps in one place only: look closer."""
    warning = "warning"
    """A rise that lasts and is broad."""
    unknown = "unknown"
    """Too little is known to say."""


@dataclass(frozen=True)
class AlarmSettings:
    """What a coming collapse looks like; see the records `alarm.*`."""

    multiple: float
    quiet_half_life_days: float
    day_evidence_max: float
    watch: float
    warning: float
    release_share: float
    held_days: float
    breadth_days: float
    breadth_ratio: float
    breadth_p: float


def read_alarm_settings(assumptions: AssumptionSet | None = None) -> AlarmSettings:
    """Return the settings as the records say; the packaged ones by default."""
    records = assumptions or load_watching_assumptions()
    value = {name.removeprefix("alarm."): record.value for name, record in records.items()}
    return AlarmSettings(
        multiple=value["multiple"],
        quiet_half_life_days=value["quiet_half_life"],
        day_evidence_max=value["day_evidence_max"],
        watch=value["watch"],
        warning=value["warning"],
        release_share=value["release_share"],
        held_days=value["held"],
        breadth_days=value["breadth_days"],
        breadth_ratio=value["breadth_ratio"],
        breadth_p=value["breadth_p"],
    )


def find_alarms(
    counts: pd.DataFrame,
    *,
    exposure: pd.DataFrame | None = None,
    regimes: pd.Series | None = None,
    settings: AlarmSettings | None = None,
    expectation: ExpectationSettings | None = None,
) -> pd.DataFrame:
    """Say of each day or period how far a rise has gone.

    Parameters
    ----------
    counts
        Incidents without exercises: one row a day or period (index: its last day), one column a place or a
        kind; NaN is unknown. The sum of the columns known on a day is followed beside them.
    exposure
        Days, or days times the share noticed, in the same shape; 1 by default. A weekend of one report
        counts as its days; a place that was not watched has none.
    regimes
        Number of the regime of reporting for each row (see `find_regimes`).

    Returns
    -------
    One row a day: day, level, n, expected (quiet level), ratio, evidence (cumulated, of the sum), breadth
    (places or kinds risen), places (their names), is_new (the level rose on this day) and a sentence.
    """
    import pandas as pd

    chosen = settings or read_alarm_settings()
    n = counts.to_numpy(dtype=np.float64)
    exposed = np.ones_like(n) if exposure is None else exposure.to_numpy(dtype=np.float64)
    names = [str(name) for name in counts.columns]
    follower = _Follower(names, chosen, expectation or read_expectation_settings())
    days, starts = elapsed_days(counts.index), regime_starts(regimes, len(counts))
    rows: list[dict[str, Any]] = []
    for row, day in enumerate(counts.index):
        if starts[row] >= 0:
            follower.start_regime(n[starts[row] : row], exposed[starts[row] : row])
        rows.append({"day": day, **follower.step(n[row], exposed[row], days[row])})
    return pd.DataFrame(rows)


class _Follower:
    """The state that is carried from day to day; the sum is the last series."""

    def __init__(self, names: list[str], settings: AlarmSettings, how: ExpectationSettings) -> None:
        self._names = names
        self._settings = settings
        slow = replace(how, half_lives_days=(settings.quiet_half_life_days,))
        self._expecter = Expecter(len(names) + 1, slow)
        self._evidence = 0.0
        self._level = AlarmLevel.none
        self._days_held = 0.0
        self._recent: list[tuple[float, FloatArray, FloatArray]] = []

    def start_regime(self, n: FloatArray, exposure: FloatArray) -> None:
        """Learn the quiet level anew from the days since the regime of reporting began.

        What was taken for a rise may have been the change in reporting: the evidence starts afresh too.
        """
        self._evidence, self._level, self._days_held = 0.0, AlarmLevel.none, 0.0
        self._expecter.forget()
        self._recent.clear()
        for count, exposed in zip(n, exposure, strict=True):
            count, exposed = _with_sum(count, exposed)
            self._expecter.advance()
            self._expecter.learn(count, exposed, np.ones(len(count)))

    def step(self, n: FloatArray, exposure: FloatArray, days: float) -> dict[str, Any]:
        """Judge one day and learn from it."""
        settings = self._settings
        n, exposure = _with_sum(n, exposure)
        self._expecter.advance(days)
        coming = self._expecter.forecast(exposure)
        is_known = bool(coming.is_known[-1] and np.isfinite(n[-1]))
        before = self._level
        if is_known:
            gain = weigh_rise(n[-1:], coming, settings, at=slice(-1, None))[0]
            # No more is kept than twice a warning takes: a long alarm must be able to end.
            self._evidence = float(np.clip(self._evidence + gain, 0.0, 2.0 * settings.warning))
        risen, is_broad = self._risen(n, coming, days)
        self._level = self._next_level(before, is_broad) if is_known else before
        self._hold(n, exposure, days)
        level = self._level if is_known else AlarmLevel.unknown
        expected = float(coming.mean[-1]) if is_known else np.nan
        row: dict[str, Any] = {
            "level": level.value,
            "n": float(n[-1]),
            "expected": expected,
            "ratio": float(n[-1]) / expected if is_known else np.nan,
            "evidence": self._evidence if is_known else np.nan,
            "breadth": len(risen),
            "places": ", ".join(risen),
            "is_new": is_known and _RANK[level] > _RANK[before],
        }
        return {**row, "sentence": describe_alarm(row)}

    def _risen(self, n: FloatArray, coming: Forecast, days: float) -> tuple[list[str], bool]:
        """Return the series that rose above their quiet level of late, and whether the rise is broad.

        Broad: it stands without the series that rose most, whatever the number of series.
        """
        mean = np.where(coming.is_known & np.isfinite(n), coming.mean, np.nan)
        aged = [(age + days, count, past) for age, count, past in self._recent]
        self._recent = [item for item in aged if item[0] < self._settings.breadth_days]
        self._recent.append((0.0, n, mean))
        known = [np.isfinite(past) for _, _, past in self._recent]
        seen = np.sum(
            [np.where(k, count, 0.0) for k, (_, count, _) in zip(known, self._recent, strict=True)], axis=0
        )
        usual = np.sum(
            [np.where(k, past, 0.0) for k, (_, _, past) in zip(known, self._recent, strict=True)], axis=0
        )
        # Days of one size add up to a sum of that size times their number.
        size = coming.size * np.maximum(np.sum(known, axis=0), 1)
        is_risen = self._has_risen(seen, usual, size)[:-1]
        if not self._names:  # a mission without regions, before its first incident
            return [], False
        strongest = int(np.argmax((seen - usual)[:-1]))
        rest = np.arange(len(self._names)) != strongest
        # One left over has a size of its own; several together have about that of the whole.
        size_of_rest = size[:-1][rest] if rest.sum() == 1 else size[-1:]
        is_broad = self._has_risen(
            seen[:-1][rest].sum(keepdims=True), usual[:-1][rest].sum(keepdims=True), size_of_rest
        )
        names = [name for name, is_up in zip(self._names, is_risen, strict=True) if is_up]
        return names, bool(is_broad[0])

    def _has_risen(self, seen: FloatArray, usual: FloatArray, size: FloatArray) -> NDArray[np.bool_]:
        """Tell which sums are well above the usual, and not by chance."""
        settings = self._settings
        p_so_many = 1.0 - chance_of_at_most(seen - 1.0, np.maximum(usual, 1e-9), size)
        is_much = (usual > 0) & (seen >= settings.breadth_ratio * usual)
        return np.asarray(is_much & (p_so_many <= settings.breadth_p), dtype=np.bool_)

    def _next_level(self, before: AlarmLevel, is_broad: bool) -> AlarmLevel:
        """Return the level: up at its threshold, down only below a share of it."""
        settings, evidence = self._settings, self._evidence
        if evidence >= settings.warning and is_broad:
            return AlarmLevel.warning
        if before is AlarmLevel.warning and evidence >= settings.release_share * settings.warning:
            return AlarmLevel.warning
        if evidence >= settings.watch:
            return AlarmLevel.watch
        if before is not AlarmLevel.none and evidence >= settings.release_share * settings.watch:
            return AlarmLevel.watch
        return AlarmLevel.none

    def _hold(self, n: FloatArray, exposure: FloatArray, days: float) -> None:
        """Learn from the day unless an alarm lasts; after long enough the new level is the usual."""
        is_alarm = self._level is not AlarmLevel.none
        self._days_held = self._days_held + days if is_alarm else 0.0
        is_learnt = not is_alarm or self._days_held > self._settings.held_days
        self._expecter.learn(n, exposure, np.full(len(n), 1.0 if is_learnt else 0.0), days=days)


_RANK = {AlarmLevel.unknown: 0, AlarmLevel.none: 0, AlarmLevel.watch: 1, AlarmLevel.warning: 2}


def weigh_rise(
    n: FloatArray, coming: Forecast, settings: AlarmSettings, *, at: slice = slice(None)
) -> FloatArray:
    """Return the log likelihood ratio of the raised level against the quiet one, bounded for each day."""
    mean, size = coming.mean[at], coming.size[at]
    ratio = negative_binomial_log(n, settings.multiple * mean, size) - negative_binomial_log(n, mean, size)
    return np.clip(ratio, -settings.day_evidence_max, settings.day_evidence_max)


def describe_alarm(row: dict[str, Any]) -> str:
    """Return a sentence with the figures a level rests on."""
    if row["level"] == AlarmLevel.unknown:
        return "Too little is known to say whether violence is rising."
    figures = f"{row['n']:.0f} against a quiet level of {row['expected']:.1f} (ratio {row['ratio']:.1f})"
    where = f"risen in {row['places']}" if row["places"] else "risen in no single place or kind"
    heads = {
        AlarmLevel.none: "No lasting rise",
        AlarmLevel.watch: "A rise that lasts: watch",
        AlarmLevel.warning: "A broad rise that lasts: warning",
    }
    tail = f"; {where}" if row["level"] != AlarmLevel.none else ""
    return f"{heads[AlarmLevel(row['level'])]}: {figures}{tail}."


def _with_sum(n: FloatArray, exposure: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return counts and exposure with the sum over the series known, exposed as their mean, at the end.

    Where some series are unknown the exposure of the sum shrinks by their number: a region whose report is
    missing lowers what is expected, not what is seen.
    """
    with np.errstate(invalid="ignore"):
        is_known = np.isfinite(n) & (exposure > 0)
    total = n[is_known].sum() if is_known.any() else np.nan
    exposed = exposure[is_known].sum() / max(len(n), 1)
    return np.append(np.where(is_known, n, np.nan), total), np.append(exposure, exposed)
