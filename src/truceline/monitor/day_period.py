"""One period counted: its rows, and the counts that are their sums. Reads a store, writes nothing.

Used for the day itself and, later, to see whether the figures of an earlier report still hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.errors import Problem
from truceline.events.catalogue import load_watching_assumptions
from truceline.events.kinds import Flag
from truceline.geo.ellipsoid import open_geod
from truceline.monitor.day_counts import OTHER, choose_rows, name_areas, read_judged
from truceline.monitor.day_lines import DayRow, HarmLine, PlaceLine
from truceline.monitor.day_model import list_figures
from truceline.monitor.day_rows import Facts, Publication, knows_place, make_harms, make_rows, read_facts
from truceline.monitor.day_tally import NONE, ActClass, Count, Tally
from truceline.monitor.mission import Mission, Region
from truceline.store.base import Store, StoreError

if TYPE_CHECKING:
    import pandas as pd

MAX_PLACES = 5
"""Most places a region's paragraph names."""
PlaceKey = tuple[str, str, str]
"""The mission's region, name of the place, side that holds it: villages in two regions may share a name."""


@dataclass(frozen=True)
class Period:
    """The incidents of a period and what they add up to."""

    facts: Facts
    areas: dict[int, str]
    """Mission's region of each incident."""
    rows: tuple[DayRow, ...]
    judged: pd.DataFrame
    """From `read_judged`: every clause of every incident."""
    include_exercises: bool

    @cached_property
    def total(self) -> Tally:
        """Counts of all rows."""
        return tally_rows(self.rows, include_exercises=self.include_exercises)

    @cached_property
    def harms(self) -> list[HarmLine]:
        """People hurt and things damaged."""
        return make_harms(self.facts, self.areas)

    @cached_property
    def middles(self) -> dict[PlaceKey, tuple[float, float]]:
        """Longitude and latitude of the middle of the incidents at each place."""
        return _middles(self.facts, self.areas)

    def region(self, name: str) -> Tally:
        """Return the counts of the rows of a region."""
        rows = [row for row in self.rows if row.region == name]
        return tally_rows(rows, include_exercises=self.include_exercises)

    def figures(self, mission: Mission) -> dict[str, int]:
        """Return every count by a flat name, as `DayReport.figures` does."""
        names = [region.name for region in mission.regions] + [OTHER]
        return list_figures(self.total, [(name, self.region(name)) for name in names], self.harms)


def gather_period(
    store: Store,
    mission: Mission,
    since: datetime,
    until: datetime,
    *,
    issued_at: datetime,
    include_exercises: bool = True,
    as_of: int | None = None,
    judged: pd.DataFrame | None = None,
) -> Period:
    """Return the incidents that begin in a period (UTC without zone) and their counts.

    `judged` saves reading the judgements again. StoreError where simulated and real incidents are mixed.
    """
    if judged is None:
        judged = read_judged(store, since, until, mission, as_of=as_of)
    judged = judged[(judged["time_from"] >= since) & (judged["time_from"] < until)]
    chosen = _add_others(choose_rows(judged), judged)
    facts = read_facts(store, since, until, [int(i) for i in chosen["incident_id"]], as_of=as_of)
    _refuse_mixture(store, facts.incidents)
    numbers = facts.incidents["incident_id"].to_numpy(np.int64)
    areas = dict(
        zip((int(number) for number in numbers), name_areas(facts.incidents["region"], mission), strict=True)
    )
    publication = publication_rule(issued_at)
    rows = make_rows(chosen, facts, publication, include_exercises=include_exercises)
    return Period(facts, areas, tuple(rows), judged, include_exercises)


def publication_rule(issued_at: datetime) -> Publication:
    """Return how exactly and how late positions are published in a report issued at that moment."""
    assumed = load_watching_assumptions()
    delay = timedelta(hours=assumed.value("report.delay"))
    return Publication(decimals=int(assumed.value("export.position_decimals")), until=issued_at - delay)


def tally_rows(rows: Iterable[DayRow], *, include_exercises: bool) -> Tally:
    """Return what rows of the annex add up to, by every way the report splits them."""
    counts: dict[str, Count] = {"violations": NONE}
    for row in rows:
        for key in _keys_of(row, include_exercises):
            counts[key] = counts.get(key, NONE) + row.count
    return Tally(dict(sorted(counts.items())))


def _keys_of(row: DayRow, include_exercises: bool) -> list[str]:
    if row.not_counted == "unclear":
        return ["unclear"]
    keys = ["exercise"] if row.is_exercise else []
    if not row.is_counted:
        return keys
    keys += ["violations", f"class.{row.act_class}", f"status.{row.status}"]
    keys += [f"noticed.{row.observation}", f"place.{row.control_side}", f"by.{row.side}"]
    if row.act_class == ActClass.explosion:
        keys.append(f"phase.{row.phase}")
    if row.is_claim:
        keys.append("claim")
    return keys


def name_places(
    rows: Sequence[DayRow], middles: Mapping[PlaceKey, tuple[float, float]], region: Region | None
) -> tuple[tuple[PlaceLine, ...], Count]:
    """Return the fewest places that hold more than half of the acts counted, and what they hold together.

    `rows` are those of the region, `middles` longitude and latitude by place. At most
    MAX_PLACES are named: then they may hold less.
    Distance and bearing are geodesic on WGS 84, from the region's centre to the middle of the incidents.
    """
    counted = [row for row in rows if row.is_counted]
    total = sum(row.count.best for row in counted)
    by_place: dict[PlaceKey, Count] = {}
    for row in counted:
        if row.place:
            key = (row.region, row.place, row.control_side)
            by_place[key] = by_place.get(key, NONE) + row.count
    ranked = sorted(by_place.items(), key=lambda item: (-item[1].best, item[0]))
    lines: list[PlaceLine] = []
    together = NONE
    for key, count in ranked[:MAX_PLACES]:
        distance_m, bearing_deg = _from_centre(region, middles.get(key))
        _, place, side = key
        lines.append(PlaceLine(place, side, distance_m, bearing_deg, count))
        together += count
        if 2 * together.best > total:
            break
    return tuple(lines), together


def _middles(facts: Facts, areas: Mapping[int, str]) -> dict[PlaceKey, tuple[float, float]]:
    points: dict[PlaceKey, list[tuple[float, float]]] = {}
    for incident in facts.incidents.itertuples():
        if incident.place and knows_place(incident):
            key = (areas.get(int(incident.incident_id), OTHER), incident.place, incident.control_side)
            points.setdefault(key, []).append((float(incident.lon), float(incident.lat)))
    return {key: mean_point(found) for key, found in points.items()}


def mean_point(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the middle of some longitudes and latitudes, degrees."""
    lon, lat = np.mean(points, axis=0).tolist()
    return lon, lat


def _from_centre(region: Region | None, point: tuple[float, float] | None) -> tuple[float, float]:
    if region is None or point is None:
        return math.nan, math.nan
    azimuth, _, distance_m = open_geod().inv(region.lon, region.lat, *point)
    return float(distance_m), float(azimuth) % 360.0


def _add_others(chosen: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """Return the chosen rows with the further clauses each incident violates."""
    found: dict[int, list[str]] = {}
    violating = judged[judged["verdict"] == "violation"]
    for row in violating.sort_values(["incident_id", "agreement", "clause"]).itertuples():
        found.setdefault(int(row.incident_id), []).append(f"{row.agreement}:{row.clause}")
    others: Any = [
        tuple(one for one in found.get(int(row.incident_id), ()) if one != f"{row.agreement}:{row.clause}")
        for row in chosen.itertuples()
    ]
    return chosen.assign(others=np.fromiter(others, dtype=object, count=len(chosen)))


def _refuse_mixture(store: Store, incidents: pd.DataFrame) -> None:
    flags = incidents["flags"].fillna(0).to_numpy(np.int64)
    n_simulated = int(((flags & int(Flag.simulated)) != 0).sum())
    if 0 < n_simulated < len(flags):
        found = f"holds {n_simulated} simulated and {len(flags) - n_simulated} real incidents in one period"
        raise StoreError(
            "daily report",
            [Problem(store.place, found, "keep simulations in a store of their own")],
        )
