"""What a plan's watch means to a simulated ceasefire: the chance that an incident is seen, where and when.

The line is cut into bins of about a kilometre. For each bin, state of light and weather, and rung of the
ladder of weapons it holds three chances: that an incident is detected, that it is verified (two independent
means, or one with attribution value), and that it is attributed to a side. All three are unconditional, so
each is at most the one before. Kilometres along the line; degrees (WGS 84) for places; shares and chances
from 0 to 1. `read_watch` takes them from the folder of a finished plan.

What is taken from the plan, and what is assumed:

* Where: the cells of the plan (layer demand_cells), summed over the width of the zone by their share of
  expected incidents. The average at a place and state over the plan's kinds is kept as the plan gives it.
* Which weapon: a cell is told over all kinds, a kind (tables/detection.csv) over all cells. The two are put
  together on the scale of log misses (`spread_chances`), so that both averages stay what the plan said.
  How a kind and a kind of weather go together at one place is not in the plan's files and is not invented.
* The plan knows three kinds of fire. Its small_arms are rung 0 and its mortar rung 1; its artillery_impact
  stands for the three heavier rungs, tanks or heavy weapons, artillery and rocket artillery: a tank is
  therefore seen as well as a shell of a howitzer, which flatters the watch where its flat shot makes no
  track for a weapon-locating radar.
* A posture that was not planned in full has no cells: the averages of its sectors stand in, every bin of a
  sector alike, and `Watch.grain` says so. Differences within a sector are then unknown, not nought. Beside
  such a posture the one planned in full is averaged likewise (`level_watches`), or it would look worse for
  being better known.
* The chances are averages over days of one state: two incidents at a place on the same night are seen
  independently here, though the same fog would hide both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.detection.kinds import STATES
from truceline.errors import OutputError, ProblemList
from truceline.geo.ellipsoid import SPHERE_KM_PER_DEGREE
from truceline.geo.polyline import freeze
from truceline.simulate._watch_checks import (
    MEASURES,
    MOST_BINS,
    check_chances,
    check_coordinates,
    check_nested,
    check_weights,
)

__all__ = [
    "BIN_KM",
    "KIND_OF_RUNG",
    "MEASURES",
    "MOST_BINS",
    "RUNGS",
    "STATES",
    "Watch",
    "level_watches",
    "make_watch",
    "no_watch",
    "read_watch",
    "remove_sensor",
    "scale_watch",
]

FloatArray = NDArray[np.float64]

RUNGS = ("small_arms", "mortar", "tank_or_heavy", "artillery", "rocket_artillery")
"""The ladder, axis 2 of the chances."""
KIND_OF_RUNG = ("small_arms", "mortar", "artillery_impact", "artillery_impact", "artillery_impact")
"""The plan's kind that stands for each rung."""
BIN_KM = 1.0
"""Wished length of a bin: a third of what a post sees of small arms, and the closeness at which incidents
are found to follow one another (1 km)."""
_MADE_LON, _MADE_LAT = 37.0, 48.0
"""Where a made line begins when no place is given."""


@dataclass(frozen=True, eq=False)
class Watch:
    """Chances along a line; make one with `read_watch` or `make_watch`, which check it."""

    bin_km: float
    """Length of every bin; the whole line is n_bins of them."""
    p_detect: FloatArray
    """Chance that an incident is noticed: (n_bins, 3 states, 5 rungs)."""
    p_verify: FloatArray
    """Chance that it is verified, whether or not it would be noticed otherwise: at most p_detect."""
    p_attribute: FloatArray
    """Chance that a side is named for it: at most p_verify."""
    where: FloatArray
    """Share of expected incidents in each bin (n_bins,), sums to one."""
    state_share: FloatArray
    """Share of the time that is day, night and bad weather, sums to one."""
    sectors: tuple[str, ...]
    """Name of the sector of each bin."""
    lon: FloatArray
    """Degrees of the line at the middle of each bin."""
    lat: FloatArray
    towards_a: FloatArray
    """Unit vectors east and north (n_bins, 2) from the line to side a, square to it."""
    label: str
    """What a reader calls this watch."""
    source: str = ""
    """Folder it was read from; empty for a made one."""
    posture: str = ""
    grain: str = "cells"
    """What the chances of a place rest on: `cells`, `sectors` (averages only), `levelled` (cells, averaged
    over each sector by `level_watches`) or `made`."""

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        return len(self.where)

    @property
    def length_km(self) -> float:
        """Length of the line."""
        return self.bin_km * self.n_bins

    @cached_property
    def sector_names(self) -> tuple[str, ...]:
        """Return the names of the sectors in the order in which the line meets them."""
        return tuple(dict.fromkeys(self.sectors))

    @cached_property
    def sector_index(self) -> NDArray[np.int64]:
        """Return for each bin the place of its sector in `sector_names`."""
        place = {name: index for index, name in enumerate(self.sector_names)}
        return np.array([place[name] for name in self.sectors], dtype=np.int64)

    @property
    def middles_km(self) -> FloatArray:
        """Distance along the line of the middle of each bin."""
        return np.asarray((np.arange(self.n_bins) + 0.5) * self.bin_km, dtype=np.float64)

    @cached_property
    def fingerprint(self) -> str:
        """Return 16 hex digits that differ where any number of the watch does, for provenance."""
        mixed = hashlib.sha256(repr((self.bin_km, self.sectors)).encode())
        for array in (self.p_detect, self.p_verify, self.p_attribute, self.where, self.state_share):
            mixed.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        return mixed.hexdigest()[:16]

    def average(self, measure: str, kind_share: ArrayLike) -> float:
        """Return a chance over places, states and rungs; `kind_share` (5,) says how often each rung fires."""
        chances = {"detect": self.p_detect, "verify": self.p_verify, "attribute": self.p_attribute}[measure]
        kinds = np.asarray(kind_share, dtype=float)
        return float(np.einsum("b,s,r,bsr->", self.where, self.state_share, kinds / kinds.sum(), chances))

    def sentences(self) -> tuple[str, ...]:
        """Return what a report says of where these chances come from."""
        said = [f"{self.label}: {self.length_km:,.0f} km of line in {self.n_bins:,} bins."]
        if self.grain == "sectors":
            said.append(
                "This posture was not planned in full: each sector's average stands for all its places, so "
                "gaps within a sector are not seen, and an incident moved to a gap is too easily caught."
            )
        if self.grain == "levelled":
            said.append(
                "Averaged over each sector here, to stand beside a posture that was not planned in full: "
                "alone, it is simulated with its gaps, and incidents that move into them are caught less."
            )
        if self.grain != "made":
            said.append(
                "The plan tells of three kinds of fire; tanks, artillery and rocket artillery are all seen "
                "as well as its artillery impacts, which flatters the watch for tanks."
            )
        return tuple(said)


def make_watch(
    detect: ArrayLike,
    verify: ArrayLike,
    attribute: ArrayLike,
    *,
    n_bins: int = 10,
    bin_km: float = BIN_KM,
    where: ArrayLike | None = None,
    state_share: ArrayLike = (0.45, 0.40, 0.15),
    sectors: Sequence[str] | None = None,
    lon: ArrayLike | None = None,
    lat: ArrayLike | None = None,
    towards_a: ArrayLike | None = None,
    label: str = "made watch",
    source: str = "",
    posture: str = "",
    grain: str = "made",
) -> Watch:
    """Return a watch from plain arrays, for tests and examples.

    detect, verify, attribute: chances of any shape that spreads to (n_bins, 3 states, 5 rungs), a single
    number among them; unconditional and nested. where: (n_bins,) weights, equal by default. Without places
    the line runs east along a parallel with side a in the north. Raises OutputError with everything that is
    wrong.
    """
    problems = ProblemList()
    title = f"{label} cannot be used as a watch"
    if not 1 <= n_bins <= MOST_BINS:
        problems.add("n_bins", f"{n_bins:,} bins", f"choose 1 to {MOST_BINS:,}")
    if not (np.isfinite(bin_km) and bin_km > 0.0):
        problems.add("bin_km", f"{bin_km!r} is not a length", "give kilometres above nought")
    problems.raise_if_any(OutputError, title)
    three = [
        check_chances(name, values, (n_bins, len(STATES), len(RUNGS)), problems)
        for name, values in zip(MEASURES, (detect, verify, attribute), strict=True)
    ]
    weights = check_weights("where", np.ones(n_bins) if where is None else where, n_bins, problems)
    states = check_weights("state_share", state_share, len(STATES), problems)
    names = tuple(["S01"] * n_bins if sectors is None else sectors)
    if len(names) != n_bins:
        problems.add("sectors", f"{len(names)} names for {n_bins} bins", "name one sector for each bin")
    problems.raise_if_any(OutputError, title)
    check_nested(three, problems)
    km = (np.arange(n_bins) + 0.5) * bin_km
    per_degree = SPHERE_KM_PER_DEGREE * np.cos(np.radians(_MADE_LAT))
    east = check_coordinates("lon", _MADE_LON + km / per_degree if lon is None else lon, (n_bins,), problems)
    north = check_coordinates("lat", np.full(n_bins, _MADE_LAT) if lat is None else lat, (n_bins,), problems)
    square = np.tile([0.0, 1.0], (n_bins, 1)) if towards_a is None else towards_a
    normals = check_coordinates("towards_a", square, (n_bins, 2), problems)
    problems.raise_if_any(OutputError, title)
    return Watch(
        bin_km=float(bin_km),
        p_detect=freeze(three[0]),
        p_verify=freeze(np.minimum(three[1], three[0])),
        p_attribute=freeze(np.minimum(np.minimum(three[2], three[1]), three[0])),
        where=freeze(weights),
        state_share=freeze(states),
        sectors=names,
        lon=freeze(east),
        lat=freeze(north),
        towards_a=freeze(normals),
        label=label,
        source=source,
        posture=posture,
        grain=grain,
    )


def read_watch(folder: Path | str, posture: str = "", *, bin_km: float = BIN_KM) -> Watch:
    """Return the watch of a posture from a plan's folder (or its plan.json).

    The posture planned in full is taken by default. Bins are of one length, at most `bin_km`, so that a whole
    number of them makes the line. Any other posture of the plan is told by its sectors alone (`grain` is then
    `sectors`). Raises OutputError with everything that is wrong: no plan there, a plan without cells, no such
    posture, chances outside 0 to 1.
    """
    from truceline.simulate._watch_folder import read_watched_line

    named = Path(folder)
    folder = named.parent if named.name == "plan.json" else named
    line = read_watched_line(folder, posture, bin_km=bin_km, kinds=KIND_OF_RUNG)
    return make_watch(
        *line.chances,
        n_bins=len(line.where),
        bin_km=line.bin_km,
        where=line.where,
        state_share=line.state_share,
        sectors=line.sectors,
        lon=line.lon,
        lat=line.lat,
        towards_a=line.towards_a,
        label=line.label,
        source=str(folder),
        posture=line.posture,
        grain=line.grain,
    )


def no_watch(watch: Watch) -> Watch:
    """Return the same line with nobody watching."""
    nothing = freeze(np.zeros_like(watch.p_detect))
    return replace(
        watch,
        p_detect=nothing,
        p_verify=nothing,
        p_attribute=nothing,
        label="Nobody watches",
        posture="",
        grain="made",
    )


def level_watches(watches: Sequence[Watch]) -> tuple[Watch, ...]:
    """Return watches that can be compared: where one is known by its sectors alone, all are averaged so.

    A deterred incident moves to where it is least attributed. A posture planned in full shows its gaps, one
    told by sectors hides them: side by side the second would look better for being less known. Watches of one
    grain come back as they are.
    """
    if "sectors" not in {watch.grain for watch in watches}:
        return tuple(watches)
    return tuple(_level(watch) if watch.grain == "cells" else watch for watch in watches)


def _level(watch: Watch) -> Watch:
    """Return the watch with every bin of a sector at the sector's average by expected incidents."""
    sector = watch.sector_index
    weight = np.bincount(sector, weights=watch.where)
    # A sector where nothing is expected keeps the plain mean of its bins.
    share = np.where(weight[sector] > 0.0, watch.where, 1.0)
    share = share / np.bincount(sector, weights=share)[sector]
    three = []
    for chances in (watch.p_detect, watch.p_verify, watch.p_attribute):
        sums = np.zeros((len(watch.sector_names), *chances.shape[1:]))
        np.add.at(sums, sector, share[:, None, None] * chances)
        three.append(freeze(sums[sector]))
    return replace(watch, p_detect=three[0], p_verify=three[1], p_attribute=three[2], grain="levelled")


def scale_watch(watch: Watch, factor: float) -> Watch:
    """Return the watch with `factor` times the means everywhere: p becomes 1 - (1 - p)^factor.

    Means that look independently multiply their misses, so twice the means square the miss. Verification by
    two means gains more than this from a second means; what is returned is therefore cautious above one.
    Raises OutputError for a factor below nought.
    """
    return _scale(watch, np.full(watch.n_bins, float(factor)), f"{watch.label}, means times {factor:g}")


def remove_sensor(watch: Watch, *, km: float, reach_km: float, share: float = 1.0) -> Watch:
    """Return the watch as if `share` of the means within `reach_km` of a place had gone.

    Cells say how well a place is watched and not by what, so a sensor is taken away by its place and reach.
    For checks: fewer reports, the same truth. Raises OutputError where the share is outside 0 to 1.
    """
    near = np.abs(watch.middles_km - km) <= reach_km
    left = np.where(near, 1.0 - float(share), 1.0)
    return _scale(watch, left, f"{watch.label}, without {share:.0%} of its means near km {km:g}")


def _scale(watch: Watch, factor: FloatArray, label: str) -> Watch:
    if not (np.isfinite(factor).all() and (factor >= 0.0).all()):
        problems = ProblemList()
        problems.add("factor", f"{factor.min():g} cannot multiply means", "give a number of nought or more")
        problems.raise_if_any(OutputError, f"{watch.label} cannot be scaled")
    three = [
        freeze(1.0 - (1.0 - p) ** factor[:, None, None])
        for p in (watch.p_detect, watch.p_verify, watch.p_attribute)
    ]
    return replace(watch, p_detect=three[0], p_verify=three[1], p_attribute=three[2], label=label)
