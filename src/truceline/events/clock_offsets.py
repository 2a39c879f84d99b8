"""How far the clocks of posts are apart, from events that several of them noticed.

Each pair of posts has the median of the differences of their times; offsets are what fits all pairs best,
weighted by how many events they share, and measured from the median clock of the posts that are connected:
most clocks are taken to be right. What one post's clock is off by is then the median over its events, with
an interval from their order, whatever their distribution: the order statistics about a sample median.
Minutes, positive where a clock is ahead. Two posts alone differ, and which of them is off cannot be told.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truceline.events.catalogue import load_watching_assumptions
from truceline.scenario.assumption import AssumptionSet

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class ClockVerdict(StrEnum):
    """What can be said of a clock."""

    fits = "fits"
    """It agrees with the others, as far as is tolerated."""
    off = "off"
    one_of_two = "one_of_two"
    """It differs from the only other clock it can be compared with."""
    too_few = "too_few"
    """It shares too few events with others."""


@dataclass(frozen=True)
class ClockOffset:
    """What is known of the clock of one post."""

    post: str
    offset_min: float
    """Minutes ahead of the others; below zero, behind."""
    low_min: float
    high_min: float
    n_shared: int
    """Events that another post noticed too."""
    n_posts: int
    """Posts it can be compared with, directly or through others."""
    verdict: ClockVerdict


@dataclass(frozen=True)
class ClockSettings:
    """When a clock is called off."""

    off_after_min: float
    least_shared: int
    confidence: float


def default_clock_settings(assumptions: AssumptionSet | None = None) -> ClockSettings:
    """Return the settings of the records."""
    value = (assumptions or load_watching_assumptions()).value
    return ClockSettings(
        value("clocks.off_after"), int(value("clocks.least_shared")), value("clocks.confidence")
    )


def compare_clocks(times: pd.DataFrame, settings: ClockSettings | None = None) -> tuple[ClockOffset, ...]:
    """Return the offset of the clock of every post that shares an event with another, by name.

    times: one row for each event and post, with `event`, `post` and `minutes` (any origin). Of several rows
    of a post about one event the median counts.
    """
    settings = settings or default_clock_settings()
    rows = times.groupby(["event", "post"], sort=True, as_index=False)["minutes"].median()
    rows = rows[rows.groupby("event")["post"].transform("size") > 1]
    if rows.empty:
        return ()
    pairs = rows.merge(rows, on="event", suffixes=("", "_other"))
    pairs = pairs[pairs["post"] != pairs["post_other"]]
    pairs = pairs.assign(difference=pairs["minutes"] - pairs["minutes_other"])
    names = sorted(pairs["post"].unique())
    at = {name: number for number, name in enumerate(names)}
    grouped = pairs.groupby(["post", "post_other"], sort=True)["difference"].agg(["median", "size"])
    one = np.array([at[post] for post, _ in grouped.index], dtype=np.int64)
    other = np.array([at[post] for _, post in grouped.index], dtype=np.int64)
    component = _connect(len(names), one, other)
    first = _fit(len(names), one, other, grouped["median"].to_numpy(float), grouped["size"].to_numpy(float))
    first = _centre(first, component)
    # What each event says of a post: its time less what the others' clocks, put right, showed.
    corrected = pairs["difference"] + first[pairs["post_other"].map(at).to_numpy()]
    said = corrected.groupby([pairs["post"], pairs["event"]], sort=True).median()
    sizes = np.bincount(component)
    found = []
    for number, name in enumerate(names):
        values = np.sort(said.loc[name].to_numpy(float))
        low, high = median_interval(values, settings.confidence)
        n_posts = int(sizes[component[number]])
        offset = float(np.median(values))
        verdict = judge_clock(offset, low, high, len(values), n_posts, settings)
        found.append(ClockOffset(name, offset, low, high, len(values), n_posts - 1, verdict))
    return tuple(found)


def judge_clock(
    offset: float, low: float, high: float, n_shared: int, n_posts: int, settings: ClockSettings
) -> ClockVerdict:
    """Return what can be said of a clock; `n_posts` counts the post itself.

    Off is one that differs by more than is tolerated, with an interval that does not hold zero.
    """
    if n_shared < settings.least_shared:
        return ClockVerdict.too_few
    # Between two posts the median clock lies halfway: each is off by half of what they differ by.
    apart = offset * 2.0 if n_posts == 2 else offset
    if abs(apart) <= settings.off_after_min or low <= 0.0 <= high:
        return ClockVerdict.fits
    return ClockVerdict.one_of_two if n_posts == 2 else ClockVerdict.off


def median_interval(values: FloatArray, confidence: float) -> tuple[float, float]:
    """Return an interval that holds the true median with at least `confidence`; values in order.

    Its ends are the values of rank k and n + 1 - k, the largest k for which the chance of fewer than k of n
    tosses of a coin is at most half of what is left. With too few values: the least and the greatest.
    """
    n = len(values)
    chance, k = 0.0, 0
    while k < n:
        chance += math.comb(n, k) * 0.5**n
        if chance > (1.0 - confidence) / 2.0:
            break
        k += 1
    k = max(k, 1)
    return float(values[k - 1]), float(values[n - k])


def _fit(n: int, one: IntArray, other: IntArray, difference: FloatArray, weight: FloatArray) -> FloatArray:
    """Return offsets that fit the differences of all pairs: minimise sum w (d - (o_one - o_other))^2."""
    laplacian = np.zeros((n, n))
    np.add.at(laplacian, (one, one), weight)
    np.add.at(laplacian, (one, other), -weight)
    right = np.zeros(n)
    np.add.at(right, one, weight * difference)
    return np.asarray(np.linalg.lstsq(laplacian, right, rcond=None)[0], dtype=float)


def _centre(offsets: FloatArray, component: IntArray) -> FloatArray:
    """Return offsets measured from the median clock of those connected."""
    made = offsets.copy()
    for number in np.unique(component):
        made[component == number] -= np.median(offsets[component == number])
    return made


def _connect(n: int, one: IntArray, other: IntArray) -> IntArray:
    """Return the number of the group of posts that each post is connected with."""
    group = np.arange(n, dtype=np.int64)
    while True:
        lower = group.copy()
        np.minimum.at(lower, one, group[other])
        if (lower == group).all():
            return np.unique(group, return_inverse=True)[1].astype(np.int64)
        group = lower
