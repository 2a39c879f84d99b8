"""Closed forms that a simulated ceasefire must agree with: rates, clusters, residuals, survival.

Times and rates in any one unit (days and per day, as elsewhere). A self-exciting process here has a constant
background, a mean number of direct offspring n (the branching ratio) and an exponential delay of rate beta.
Nothing is simulated or fitted, and nothing here is fast: these are the judges of what is.

Sources: Hawkes (1971); Hawkes and Oakes (1974); Ozaki (1979); Ogata (1988); Laub, Taimre and Pollett (2015);
test vectors R1 to R18 of ceasefire.md. Every function raises ValueError for numbers that mean nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

# --- how many, and how unevenly


def expect_rate(background: float, branching: float) -> float:
    """Return the mean rate of a self-exciting process, background/(1 - n) (vector R1)."""
    _check_not_negative(background=background)
    return background / (1 - _below_one(branching))


def expect_rates(background: ArrayLike, offspring: ArrayLike) -> FloatArray:
    """Return the mean rate of each type, (I - N)^-1 background (vector R11).

    background: (type,). offspring: (type, type), N[i, j] the mean number of direct offspring of type i of one
    event of type j. Raises ValueError where the spectral radius reaches one.
    """
    matrix = _square(offspring)
    _below_one(find_spectral_radius(matrix))
    rates = np.asarray(background, dtype=np.float64)
    if (rates < 0).any():
        raise ValueError("a background rate is negative")
    return np.asarray(np.linalg.solve(np.eye(len(matrix)) - matrix, rates), dtype=np.float64)


def find_spectral_radius(offspring: ArrayLike) -> float:
    """Return the largest absolute eigenvalue of an offspring matrix (vector R10): the branching ratio.

    Below one every cluster ends; two sides with equal numbers have n_self + n_cross.
    """
    return float(np.abs(np.linalg.eigvals(_square(offspring))).max())


def expect_fano(branching: float) -> float:
    """Return variance over mean of counts in long windows, 1/(1 - n)^2 (vector R2); 1 is Poisson."""
    return 1 / (1 - _below_one(branching)) ** 2


def expect_thinned_fano(branching: float, p_kept: float) -> float:
    """Return the long-run variance over mean where each event is kept with probability p (vector R8).

    Independent thinning of any process: F_kept - 1 = p (F - 1).
    """
    _check_shares(p_kept=p_kept)
    return 1 + p_kept * (expect_fano(branching) - 1)


def expect_apparent_branching(branching: float, p_kept: float) -> float:
    """Return the branching ratio that a fit finds where events are missed: 1 - 1/sqrt(F_kept) (vector R9).

    By its long-run dispersion alone; a likelihood looks at shorter times too and differs a little.
    """
    return 1 - 1 / math.sqrt(expect_thinned_fano(branching, p_kept))


def expect_cluster_size(branching: float) -> float:
    """Return the mean number of events of a cluster, its first one included: 1/(1 - n) (vector R3)."""
    return expect_rate(1.0, branching)


def find_cluster_chance(branching: float, size: int) -> float:
    """Return the probability that a cluster has exactly `size` events (Borel distribution, vector R4).

    exp(-n k) (n k)^(k - 1) / k! for size k from 1.
    """
    if size < 1:
        raise ValueError(f"a cluster of {size}; it has at least its first event")
    mean = _below_one(branching) * size
    if mean == 0:
        return float(size == 1)
    return math.exp(-mean + (size - 1) * math.log(mean) - math.lgamma(size + 1))


def find_quiet_chance(branching: float) -> float:
    """Return the probability that nothing answers an event directly, exp(-n) (vector R5)."""
    _check_not_negative(branching=branching)
    return math.exp(-branching)


def branching_from_quiet(quiet_share: float) -> float:
    """Return the mean number of answers at which that share stays unanswered, -ln(share) (vector R17).

    0.61 of the episodes of Gaza were one-sided, which makes 0.49; answers are taken as Poisson.
    """
    if not 0 < quiet_share <= 1:
        raise ValueError(f"a share of {quiet_share:g}; it is above 0 and at most 1")
    return -math.log(quiet_share)


# --- likelihood and residuals


def find_log_likelihood(
    times: Sequence[float], horizon: float, background: float, branching: float, decay: float
) -> float:
    """Return the log-likelihood of events at `times` watched from 0 to `horizon` (vector R6).

    sum log lambda(t_i) - mu T - n sum(1 - exp(-beta (T - t_i))), by Ozaki's recursion. decay: beta, per unit
    of time. The past before 0 is taken as empty.
    """
    _check_times(times, horizon)
    _check_not_negative(branching=branching)
    total, excited, before = -background * horizon, 0.0, 0.0
    for index, time in enumerate(times):
        excited = (excited + 1) * math.exp(-decay * (time - before)) if index else 0.0
        total += math.log(background + branching * decay * excited)
        total -= branching * -math.expm1(-decay * (horizon - time))
        before = time
    return total


def rescale_gaps(times: Sequence[float], background: float, branching: float, decay: float) -> FloatArray:
    """Return the integral of the intensity over each gap, the first from time 0 (vector R7).

    If the process is the true one, these are independent and exponential with mean one (time-rescaling,
    Ogata 1988). Gap i ends at times[i].
    """
    _check_times(times, math.inf)
    _check_not_negative(branching=branching)
    gaps = np.empty(len(times))
    waiting, before = 0.0, 0.0  # offspring of past events that are still to come
    for index, time in enumerate(times):
        passed = waiting * -math.expm1(-decay * (time - before))
        gaps[index] = background * (time - before) + passed
        waiting, before = waiting - passed + branching, time
    return gaps


# --- how long it holds


def survive_exponential(mean_time: float, time: float) -> float:
    """Return the chance of lasting beyond `time` where the end is memoryless, exp(-t/mean) (vector R12)."""
    if mean_time <= 0:
        raise ValueError(f"a mean time of {mean_time:g}; it is above zero")
    _check_not_negative(time=time)
    return math.exp(-time / mean_time)


def survive_under_ratio(survival: ArrayLike, hazard_ratio: ArrayLike) -> FloatArray:
    """Return the survival where the hazard is multiplied throughout by a factor: S^HR (vectors R13 to R15).

    Proportional hazards (Cox 1972). Takes arrays.
    """
    base, ratio = (np.asarray(each, dtype=np.float64) for each in (survival, hazard_ratio))
    if ((base < 0) | (base > 1)).any():
        raise ValueError("a probability of survival is not between 0 and 1")
    if (ratio < 0).any():
        raise ValueError("a hazard ratio is negative")
    return np.power(base, ratio)


def find_troop_slope(without: float, with_troops: float, thousands: float) -> float:
    """Return the change of the log of a count for each 1,000 troops, ln(with/without)/thousands (vector R16).

    22 battle deaths a month and 6 at 10,000 troops make -0.130 (Hultman, Kathman, Shannon 2014, civil wars in
    Africa, as summarised by PKSOI): a sensitivity line, good to 10,000 troops and for no other war.
    """
    if min(without, with_troops, thousands) <= 0:
        raise ValueError("counts and troops are above zero")
    return math.log(with_troops / without) / thousands


def find_doubling_time(first_rate: float, last_rate: float, elapsed: float) -> float:
    """Return the time to double at steady growth between two rates, in the unit of `elapsed` (vector R18).

    Negative where the rate falls: the time to halve.
    """
    if min(first_rate, last_rate, elapsed) <= 0 or first_rate == last_rate:
        raise ValueError("rates are above zero and differ, and so is the time between them")
    return elapsed * math.log(2) / math.log(last_rate / first_rate)


# --- what numbers must be


def _below_one(branching: float) -> float:
    if not 0 <= branching < 1:
        raise ValueError(f"a branching ratio of {branching:g}; it is from 0 to below 1, or no cluster ends")
    return branching


def _square(offspring: ArrayLike) -> FloatArray:
    matrix = np.asarray(offspring, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or (matrix < 0).any():
        raise ValueError("an offspring matrix is square and has no negative number")
    return matrix


def _check_not_negative(**values: float) -> None:
    for name, value in values.items():
        if not value >= 0:
            raise ValueError(f"{name} of {value:g}; it is 0 or more")


def _check_shares(**values: float) -> None:
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} of {value:g}; it is a share")


def _check_times(times: Sequence[float], horizon: float) -> None:
    edges = [0.0, *times, horizon]
    if any(later < earlier for earlier, later in pairwise(edges)):
        raise ValueError("times are in order, from 0 to the end of the watch")
