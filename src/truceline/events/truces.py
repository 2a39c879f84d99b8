"""Truce days: tell a general truce, a truce for energy targets alone, and neither.

Several daily series of different kinds (incidents of fighting, air-raid alerts, launches) are each held
against what was to be expected. A general truce shows in several at once. A state that starts rarely and
lasts for days is followed by Bayes' rule (a hidden Markov model, forward only), with two bounds: what one
series can prove in a day, and that the others must not speak against it. Causal: a day is judged on itself
and earlier days. Counts a day in, probabilities out. It says that it was quiet, not why, nor who kept it.
"""

from __future__ import annotations

from dataclasses import dataclass
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

GENERAL = "general truce"
ENERGY_ONLY = "energy-only quiet"
NO_TRUCE = "no truce"
NOT_KNOWN = "not enough known"


@dataclass(frozen=True)
class TruceSettings:
    """What a truce looks like; see the records `truce_days.*`."""

    levels: tuple[float, ...]
    """Shares of the expected level that may be left, equally likely."""
    start_p: float
    mean_length_days: float
    artefact_p: float
    called_p: float
    least_series: int
    against_max: float
    held_days: float
    energy_start_p: float
    energy_mean_length_days: float
    energy_called_p: float
    common_ratio: tuple[float, float]
    """How far the rest of the reporting may scale what is expected of energy targets, down and up."""

    @property
    def most_evidence(self) -> float:
        """Most that one series can prove in a day: the log odds against it being an artefact."""
        return float(-np.log(self.artefact_p))


def read_truce_settings(assumptions: AssumptionSet | None = None) -> TruceSettings:
    """Return the settings as the records say; the packaged ones by default."""
    records = assumptions or load_watching_assumptions()
    level = records["truce_days.level"]
    value = {name.removeprefix("truce_days."): record.value for name, record in records.items()}
    return TruceSettings(
        levels=tuple(sorted({level.bounds[0], level.value, level.bounds[1]})),
        start_p=value["start_p"],
        mean_length_days=value["mean_length"],
        artefact_p=value["artefact_p"],
        called_p=value["called_p"],
        least_series=int(value["least_series"]),
        against_max=value["against_max"],
        held_days=value["held"],
        energy_start_p=value["energy_start_p"],
        energy_mean_length_days=value["energy_mean_length"],
        energy_called_p=value["energy_called_p"],
        common_ratio=records["truce_days.common_ratio"].bounds,
    )


def weigh_quiet(
    n: FloatArray, coming: Forecast, levels: tuple[float, ...], *, most: float, scale: float = 1.0
) -> FloatArray:
    """Return the log likelihood ratio of 'quiet' against 'as expected' for each series, 0 where unknown.

    Quiet is a level of one of `levels` times the expected mean, equally likely; both hypotheses are negative
    binomials of the same size. Bounded by `most` either way: log of ((1 - e) q + e a) / ((1 - e) u + e a)
    for an artefact a of unknown form cannot be much beyond log(1 / e).
    """
    is_known = coming.is_known & np.isfinite(n)
    mean = np.where(is_known, coming.mean, 1.0) * scale
    size, count = np.where(is_known, coming.size, 1.0), np.where(is_known, n, 0.0)
    usual = negative_binomial_log(count, mean, size)
    quiet = np.stack([negative_binomial_log(count, level * mean, size) for level in levels])
    ratio = np.logaddexp.reduce(quiet, axis=0) - np.log(len(levels)) - usual
    return np.where(is_known, np.clip(ratio, -most, most), 0.0)


def carry_on(p: float, log_odds: float, *, start_p: float, mean_length_days: float) -> float:
    """Return the probability of a state today, from yesterday's `p` and today's evidence (`log_odds`)."""
    stay = 1.0 - 1.0 / max(mean_length_days, 1.0)
    prior = p * stay + (1.0 - p) * start_p
    odds = np.log(prior / (1.0 - prior)) + log_odds
    return float(1.0 / (1.0 + np.exp(-odds)))


def find_truce_days(
    counts: pd.DataFrame,
    *,
    energy: pd.Series | None = None,
    exposure: pd.DataFrame | None = None,
    regimes: pd.Series | None = None,
    settings: TruceSettings | None = None,
    expectation: ExpectationSettings | None = None,
) -> pd.DataFrame:
    """Say of each day whether it is a general truce day, an energy-only quiet, or neither.

    Parameters
    ----------
    counts
        One row a day (index: local days), one column a series that a general truce lowers: incidents of
        fighting, alerts, launches; or the fighting of each region. NaN is unknown: a feed that was broken,
        or has not come yet, or does not reach so far.
    energy
        Incidents against energy targets, same index. Without it nothing is said about energy.
    exposure
        Days, or days times the share noticed, in the shape of `counts`; 1 by default.
    regimes
        Number of the regime of reporting for each day (see `find_regimes`).

    Returns
    -------
    One row a day: day, verdict, p_general, p_energy, evidence (sum of the log likelihood ratios), n_known,
    n_speaking (series with evidence for a truce), for each series `<name>_n`, `_expected`, `_ratio`,
    `_p_low` (chance of so few on a usual day) and `_evidence`, and a sentence.
    """
    import pandas as pd

    chosen = settings or read_truce_settings()
    table = counts if energy is None else counts.assign(energy=energy.reindex(counts.index))
    exposed = np.ones(table.shape)
    if exposure is not None:
        exposed[:, : counts.shape[1]] = exposure.to_numpy(dtype=np.float64)
    filter_ = _TruceFilter(table.shape[1], energy is not None, chosen, expectation)
    n, days, starts = (
        table.to_numpy(dtype=np.float64),
        elapsed_days(table.index),
        regime_starts(regimes, len(table)),
    )
    rows: list[dict[str, Any]] = []
    for row, day in enumerate(table.index):
        if starts[row] >= 0:
            filter_.start_regime(n[starts[row] : row], exposed[starts[row] : row])
        found = filter_.step(n[row], exposed[row], days[row])
        rows.append({"day": day, **found.as_row(list(map(str, table.columns)), n[row])})
    made = pd.DataFrame(rows)
    if not rows:
        return made
    made["sentence"] = [describe_truce_day(row, list(map(str, table.columns))) for row in rows]
    return made


@dataclass(frozen=True)
class _Found:
    """What was found of one day."""

    verdict: str
    p_general: float
    p_energy: float
    evidence: FloatArray
    coming: Forecast
    n_known: int
    n_speaking: int

    def as_row(self, names: list[str], n: FloatArray) -> dict[str, Any]:
        n_general = len(self.evidence) if np.isnan(self.p_energy) else len(self.evidence) - 1
        row: dict[str, Any] = {
            "verdict": self.verdict,
            "p_general": self.p_general,
            "p_energy": self.p_energy,
            "evidence": float(self.evidence[:n_general].sum()),
            "n_known": self.n_known,
            "n_speaking": self.n_speaking,
        }
        for at, name in enumerate(names):
            is_known = bool(self.coming.is_known[at] and np.isfinite(n[at]))
            mean, size = float(self.coming.mean[at]), float(self.coming.size[at])
            row[f"{name}_n"] = float(n[at])
            row[f"{name}_expected"] = mean if self.coming.is_known[at] else np.nan
            row[f"{name}_ratio"] = float(n[at]) / mean if is_known else np.nan
            row[f"{name}_p_low"] = float(chance_of_at_most(n[at], mean, size)) if is_known else np.nan
            row[f"{name}_evidence"] = float(self.evidence[at]) if is_known else np.nan
        return row


class _TruceFilter:
    """The state that is carried from day to day."""

    def __init__(
        self, n_series: int, has_energy: bool, settings: TruceSettings, how: ExpectationSettings | None
    ) -> None:
        self._settings = settings
        self._n_general = n_series - 1 if has_energy else n_series
        self._has_energy = has_energy
        self._expecter = Expecter(n_series, how or read_expectation_settings())
        self._p_general = settings.start_p
        self._p_energy = settings.energy_start_p if has_energy else np.nan
        self._days_held = 0.0

    def start_regime(self, n: FloatArray, exposure: FloatArray) -> None:
        """Learn the expectation anew from the days since the regime began."""
        self._expecter.forget()
        for count, exposed in zip(n, exposure, strict=True):
            self._expecter.advance()
            self._expecter.learn(count, exposed, np.ones(len(count)))

    def step(self, n: FloatArray, exposure: FloatArray, days: float) -> _Found:
        """Judge one day and learn from it."""
        settings = self._settings
        self._expecter.advance(days)
        coming = self._expecter.forecast(exposure)
        evidence = weigh_quiet(n, coming, settings.levels, most=settings.most_evidence)
        general = slice(0, self._n_general)
        is_known = (coming.is_known & np.isfinite(n))[general]
        n_known, n_speaking = int(is_known.sum()), int((evidence[general] > 0).sum())
        self._p_general = carry_on(
            self._p_general,
            float(evidence[general].sum()),
            start_p=settings.start_p,
            mean_length_days=settings.mean_length_days,
        )
        is_broad = n_speaking >= settings.least_series and _stands_without_its_best(
            evidence[general], settings.against_max
        )
        is_general = self._p_general >= settings.called_p and is_broad
        if self._has_energy:
            evidence[-1] = self._weigh_energy(n, coming, is_general)
        self._hold(n, exposure, is_general, days)
        return _Found(
            self._verdict(n_known, is_general),
            self._p_general,
            self._p_energy,
            evidence,
            coming,
            n_known,
            n_speaking,
        )

    def _weigh_energy(self, n: FloatArray, coming: Forecast, is_general: bool) -> float:
        """Hold energy targets against the rest: they must have fallen more than everything else did."""
        settings, most = self._settings, self._settings.most_evidence
        general = slice(0, self._n_general)
        is_known = (coming.is_known & np.isfinite(n))[general]
        ratio = np.median((n[general] / coming.mean[general])[is_known]) if is_known.any() else 1.0
        scale = float(np.clip(ratio, *settings.common_ratio))
        last = Forecast(coming.mean[-1:], coming.size[-1:], coming.is_known[-1:])
        own = float(weigh_quiet(n[-1:], last, settings.levels, most=most, scale=scale)[0])
        self._p_energy = carry_on(
            float(self._p_energy),
            0.0 if is_general else own,
            start_p=settings.energy_start_p,
            mean_length_days=settings.energy_mean_length_days,
        )
        return own

    def _hold(self, n: FloatArray, exposure: FloatArray, is_general: bool, days: float) -> None:
        """Learn from the day as far as it was a usual one; after long enough the new level is the usual."""
        settings = self._settings
        self._days_held = self._days_held + days if is_general else 0.0
        weight = np.full(len(n), 1.0 - self._p_general if is_general else 1.0)
        if self._has_energy:
            weight[-1] *= 1.0 - float(self._p_energy)
        if self._days_held > settings.held_days:
            weight[:] = 1.0
        self._expecter.learn(n, exposure, weight, days=days)

    def _verdict(self, n_known: int, is_general: bool) -> str:
        if n_known < self._settings.least_series:
            return NOT_KNOWN
        if is_general:
            return GENERAL
        is_energy = self._has_energy and self._p_energy >= self._settings.energy_called_p
        return ENERGY_ONLY if is_energy else NO_TRUCE


def _stands_without_its_best(evidence: FloatArray, against_max: float) -> bool:
    """Tell whether the other series do not speak against a truce when the strongest is left out.

    The strongest may be an artefact: a feed that fell silent for reasons of its own.
    """
    return bool(len(evidence) > 1 and evidence.sum() - evidence.max() > -against_max)


def describe_truce_day(row: dict[str, Any], names: list[str]) -> str:
    """Return a sentence with the figures a verdict rests on."""
    heads = {
        GENERAL: f"General truce day (probability {row['p_general']:.2f})",
        ENERGY_ONLY: f"Energy targets quiet, the rest not (probability {row['p_energy']:.2f})",
        NO_TRUCE: f"No truce seen (probability of one {row['p_general']:.2f})",
        NOT_KNOWN: "Too few series are known to say whether there was a truce",
    }
    parts = []
    for name in names:
        n, expected = row[f"{name}_n"], row[f"{name}_expected"]
        if not np.isfinite(n):
            parts.append(f"{name} not known")
        elif not np.isfinite(expected):
            parts.append(f"{name} {n:.0f}, nothing to compare with")
        else:
            chance = row[f"{name}_p_low"]
            told = "under 0.001" if chance < 0.001 else f"{chance:.3f}"
            parts.append(
                f"{name} {n:.0f} against {expected:.1f} expected "
                f"(ratio {row[f'{name}_ratio']:.2f}; chance of so few {told})"
            )
    return f"{heads[row['verdict']]}: {'; '.join(parts)}."
