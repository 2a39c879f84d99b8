"""Fusing means: any one, at least two, with a common cause; and what an alarm is worth.

Probabilities in [0, 1]; rates per day. Means are the last axis. Independence holds only *given* weather,
light, jamming and access: fuse within a state, then average over states (`mix_states`), never the reverse.

Sources: product of independent misses; Poisson-binomial tail; Bayes' rule. Two observers confirm: UNTSO
practice.
"""

from __future__ import annotations

import numpy as np

from ._arrays import FloatArray, FloatInput, as_floats

SECONDS_PER_DAY = 86_400.0


def fuse_any(p_means: FloatInput, availability_share: FloatInput = 1.0) -> FloatArray:
    """Return 1 - prod(1 - a p) over the last axis (vectors K1 and K2)."""
    return as_floats(1 - np.prod(1 - as_floats(availability_share) * as_floats(p_means), axis=-1))


def mix_states(state_weight: FloatInput, p_means: FloatInput) -> FloatArray:
    """Return the weighted mean over states (axis -2) of the fused means (axis -1) (vector K3)."""
    return as_floats(np.sum(as_floats(state_weight) * fuse_any(p_means), axis=-1))


def fuse_averaged(state_weight: FloatInput, p_means: FloatInput) -> FloatArray:
    """Fuse the state averages of each means: too high, kept only to show by how much (vector K4)."""
    marginal = np.sum(as_floats(state_weight)[..., None] * as_floats(p_means), axis=-2)
    return fuse_any(marginal)


def fuse_at_least(p_means: FloatInput, n_needed: int) -> FloatArray:
    """Return P(at least `n_needed` means detect), the Poisson-binomial tail by convolution (vector K5)."""
    p = as_floats(p_means)
    count = np.zeros((*p.shape[:-1], p.shape[-1] + 1))
    count[..., 0] = 1.0
    for column in range(p.shape[-1]):
        hit = p[..., column, None]
        shifted = np.concatenate([np.zeros_like(count[..., :1]), count[..., :-1]], axis=-1)
        count = count * (1 - hit) + shifted * hit
    return as_floats(np.clip(count[..., n_needed:].sum(axis=-1), 0.0, 1.0))


def alarm_worth(incidents_per_day: FloatInput, p_detect: FloatInput, false_per_day: FloatInput) -> FloatArray:
    """Return PPV = nu Pd/(nu Pd + f), the share of alarms that are true; NaN when there are no alarms.

    Test vector K6.
    """
    true_per_day = as_floats(incidents_per_day) * as_floats(p_detect)
    total = true_per_day + as_floats(false_per_day)
    with np.errstate(invalid="ignore", divide="ignore"):
        return as_floats(np.where(total > 0, true_per_day / total, np.nan))


def accidental_coincidences_per_day(
    rate_1_per_day: FloatInput, rate_2_per_day: FloatInput, window_s: FloatInput
) -> FloatArray:
    """Return 2 r1 r2 tau: pairs of unrelated alarms within tau of each other (vector K7)."""
    window_days = as_floats(window_s) / SECONDS_PER_DAY
    return as_floats(2 * as_floats(rate_1_per_day) * as_floats(rate_2_per_day) * window_days)


def update_attribution(p_prior: FloatInput, likelihood_ratios: FloatInput) -> FloatArray:
    """Return the posterior after independent likelihood ratios (last axis), by Bayes' rule (vector K8)."""
    prior = as_floats(p_prior)
    weight = prior * np.prod(as_floats(likelihood_ratios), axis=-1)
    return as_floats(weight / (weight + 1 - prior))
