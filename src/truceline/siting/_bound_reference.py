"""Slow, readable twins of the compiled loops of the bounds.

Shares of events and people, as in `_bound_kernels`; used by tests as the judge, never by the tool itself.
Matrices are dense, (n_candidates, n_events).
"""

from __future__ import annotations

import math

import numpy as np

from truceline.siting.problems import FloatArray, IntArray


def event_value(weight: float, unit: float, miss: float, total: float) -> float:
    """Return F(total) of one event: straight pieces of length `unit`, or 1 - exp(-total) when unit is 0."""
    if unit <= 0:
        return weight * (1 - math.exp(-total))
    value, slope, left = 0.0, weight * (1 - miss) / unit, total
    while left > 0 and slope > 0:
        value += slope * min(left, unit)
        left -= unit
        slope *= miss
    return value


def price_step(weight: float, unit: float, miss: float, price: float, sigma: float, ahead: float) -> float:
    """Return one event's price after a dual step, by ternary search (twin of `_bound_kernels.price_step`)."""
    corners = [(k * unit, event_value(weight, unit, miss, k * unit)) for k in range(40 if unit > 0 else 0)]

    def cost(tried: float) -> float:
        # psi is convex; its maximum over z lies at a whole number of pieces or at z = -ln(tried / weight).
        if corners:
            psi = max(value - tried * z for z, value in corners)
        else:
            z = -math.log(max(tried, 1e-300) / weight)
            psi = event_value(weight, unit, miss, z) - tried * z
        return psi + tried * ahead + (tried - price) ** 2 / (2 * sigma)

    low, high = 0.0, weight
    for _ in range(80):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, b) if cost(a) < cost(b) else (a, high)
    return 0.5 * (low + high)


def project(v: FloatArray, tau: FloatArray, cost: FloatArray, limit: FloatArray, budget: float) -> FloatArray:
    """Return the nearest affordable posture by halving (twin of `_bound_kernels.project`)."""

    def at(price: float) -> FloatArray:
        return np.clip(v - tau * cost * price, 0.0, limit)

    if cost @ at(0.0) <= budget:
        return at(0.0)
    low, high = 0.0, float((v / (tau * cost)).max())
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if cost @ at(middle) > budget else (low, middle)
    return at(high)


def best_surplus(
    gradient: FloatArray,
    cost: FloatArray,
    limit: FloatArray,
    group: IntArray,
    group_limit: FloatArray,
    price: float,
) -> float:
    """Return the surplus of the best choice at a price per person (twin of `priced_surplus`)."""
    left = [float(most) for most in group_limit]
    surplus = 0.0
    for i in sorted(range(cost.size), key=lambda i: -(gradient[i] - price * cost[i])):
        margin = gradient[i] - price * cost[i]
        if margin <= 0:
            break
        n = float(limit[i])
        if group[i] >= 0:
            n = min(n, left[group[i]])
            left[group[i]] -= n
        surplus += n * margin
    return surplus


def iterate(
    matrix: FloatArray,
    budget: float,
    events: tuple[FloatArray, FloatArray, FloatArray],
    steps: tuple[FloatArray, FloatArray],
    candidates: tuple[FloatArray, FloatArray],
    price: FloatArray,
    x: FloatArray,
    n_iterations: int,
) -> tuple[FloatArray, FloatArray]:
    """Return (price, x) after plain primal-dual steps without side rows (twin of `_bound_kernels.iterate`).

    events: weight, unit, miss. steps: sigma by event, tau by candidate. candidates: cost, limit.
    """
    weight, unit, miss = events
    sigma, tau = steps
    before = x
    for _ in range(n_iterations):
        ahead = (2 * x - before) @ matrix
        price = np.array(
            [
                price_step(weight[e], unit[e], miss[e], price[e], sigma[e], ahead[e])
                for e in range(weight.size)
            ]
        )
        before = x
        x = project(x + tau * (matrix @ price), tau, candidates[0], candidates[1], budget)
    return price, x
