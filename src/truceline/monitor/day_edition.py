"""A day's report for the parties or the public: the same counts, with what was not released left out.

A count is withheld from nobody: totals, and the words by which the tables split them, stay in every row. Of
an incident that was not released nothing else is told: no position, place, hour, means, weapon or observer.
Of the others it is told as exactly as the level may have it. Posts, the words of persons and the names of
those who made changes stay with the mission.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from truceline.events.kinds import Releasability
from truceline.monitor.day_counts import night_of
from truceline.monitor.day_lines import DayRow, HarmLine, PlaceLine, RestrictionLine, SightingLine
from truceline.monitor.day_map import place_points
from truceline.monitor.day_model import Correction, DayReport, RegionDay
from truceline.monitor.day_period import PlaceKey, mean_point, name_places
from truceline.monitor.day_tally import NONE, Count
from truceline.monitor.mission import Mission, read_mission
from truceline.monitor.releasing import ReleaseRule, levels_for, read_levels, release_rule
from truceline.store.base import Store

_HOUR = timedelta(hours=1)
_DAY_PRECISION = "day"
_EPOCH = datetime(1970, 1, 1)
_NOWHERE = math.nan


def make_edition(store: Store, report: DayReport, level: Releasability) -> DayReport:
    """Return the report as a level may read it; the mission's own is the report itself.

    What is released is read as of the change that the report counts, and as it stands now: what was taken
    back since is not published again by making an old report anew.
    """
    if level is Releasability.mission:
        return report
    ids = {row.incident_id for row in report.rows} | {harm.incident_id for harm in report.harms}
    ids |= {line.incident_id for line in report.sightings}
    ids |= {line.incident_id for line in report.restrictions if line.incident_id is not None}
    then, now = (read_levels(store, ids, as_of=as_of) for as_of in (report.as_of, None))
    seen = levels_for(level)
    visible = {number for number in ids if then[number] in seen and now[number] in seen}
    mission = read_mission(store, as_of=report.as_of)
    return _Editor(report, mission, release_rule(level), visible).edit()


@dataclass(frozen=True)
class _Editor:
    """Leaves out of a report what a level may not see."""

    report: DayReport
    mission: Mission
    rule: ReleaseRule
    visible: set[int]

    def edit(self) -> DayReport:
        """Return the edition: counts, sums and trend as they are."""
        report = self.report
        rows = sorted((self._edit_row(row) for row in report.rows), key=_order)
        points, n_not_placed = place_points(rows)
        return replace(
            report,
            rows=tuple(rows),
            n_not_placed=n_not_placed,
            regions=tuple(self._edit_region(region, rows) for region in report.regions),
            harms=tuple(sorted(map(self._edit_harm, report.harms), key=_order_listed)),
            sightings=tuple(sorted(map(self._edit_sighting, report.sightings), key=_order_listed)),
            restrictions=tuple(sorted(map(self._edit_restriction, report.restrictions), key=_order_lost)),
            corrections=tuple(_hide_authors(one) for one in report.corrections),
            map_points=points,
            posts=(),
            position_decimals=self.rule.decimals,
            delay_h=self.rule.delay / _HOUR,
            level=self.rule.level,
            n_unreleased=sum(row.is_unreleased for row in rows),
        )

    def _edit_row(self, row: DayRow) -> DayRow:
        bare = replace(
            row,
            posts=(),
            location_post="",
            range_min_m=_NOWHERE,
            range_max_m=_NOWHERE,
            bearing_deg=_NOWHERE,
            status_reason="",
            side_basis="",
        )
        if row.incident_id in self.visible:
            start, end, precision = self._widen(row.time_from, row.time_to, row.time_precision)
            lon, lat, sigma_m, is_young = self._place(row)
            return replace(
                bare,
                lon=lon,
                lat=lat,
                sigma_m=sigma_m,
                is_withheld=is_young,
                time_from=start,
                time_to=end,
                time_precision=precision,
            )
        start, end = self._days(row.time_from, row.time_to)
        return replace(
            bare,
            place="",
            lon=_NOWHERE,
            lat=_NOWHERE,
            sigma_m=_NOWHERE,
            is_withheld=True,
            means=(),
            kind="",
            weapon="",
            p_weapon=_NOWHERE,
            target="",
            time_from=start,
            time_to=end,
            time_precision=_DAY_PRECISION,
            unit="",
            p_clause=_NOWHERE,
            claimed_by="",
            p_side=_NOWHERE,
            n_reports=0,
            n_sources=0,
            flags=(),
            is_unreleased=True,
        )

    def _edit_harm(self, line: HarmLine) -> HarmLine:
        if line.incident_id in self.visible:
            start, end, precision = self._widen(line.time_from, line.time_to, line.time_precision)
            return replace(line, time_from=start, time_to=end, time_precision=precision, sources=())
        start, end = self._days(line.time_from, line.time_to)
        return replace(
            line,
            kind=line.kind if line.is_consequence else "",  # harm is added up by it
            place="",
            control_side="",
            time_from=start,
            time_to=end,
            time_precision=_DAY_PRECISION,
            target="",
            weapon="",
            means=(),
            observation="",
            sources=(),
            claimed_by="",
            is_unreleased=True,
        )

    def _edit_sighting(self, line: SightingLine) -> SightingLine:
        if line.incident_id in self.visible:
            start, end, precision = self._widen(line.time_from, line.time_to, line.time_precision)
            return replace(line, time_from=start, time_to=end, time_precision=precision)
        start, end = self._days(line.time_from, line.time_to)
        return replace(
            line,
            kind="",
            weapon="",
            place="",
            control_side="",
            time_from=start,
            time_to=end,
            time_precision=_DAY_PRECISION,
            means=(),
            observation="",
            is_unreleased=True,
        )

    def _edit_restriction(self, line: RestrictionLine) -> RestrictionLine:
        """Return what prevented the watching without naming the post; words given stay with the mission."""
        is_seen = line.incident_id in self.visible
        start, end = self._days(line.time_from, line.time_to)
        return replace(
            line,
            place=line.place if is_seen and not line.is_of_post else "",
            control_side=line.control_side if is_seen else "",
            time_from=start,
            time_to=end,
            cause=line.cause if line.cause in self.report.sides else "",
            words="",
            is_unreleased=not is_seen,
        )

    def _edit_region(self, region: RegionDay, rows: Sequence[DayRow]) -> RegionDay:
        """Return a region whose places are those that this edition names, from the positions it gives."""
        here = [row for row in rows if row.region == region.name]
        known = next((each for each in self.mission.regions if each.name == region.name), None)
        places: tuple[PlaceLine, ...]
        places, together = name_places(here, _middles(here), known)
        hidden = (row.count for row in here if row.is_unreleased and row.is_counted)
        unreleased: Count = sum(hidden, NONE)
        others = () if any(row.is_unreleased for row in here) else region.others  # words of the sources
        return replace(region, places=places, places_count=together, unreleased=unreleased, others=others)

    def _place(self, row: DayRow) -> tuple[float, float, float, bool]:
        """Return longitude, latitude, sigma and whether they are withheld as too young."""
        if row.is_withheld or row.time_to > self.report.issued_at - self.rule.delay:
            return _NOWHERE, _NOWHERE, _NOWHERE, True
        if not math.isfinite(row.lon):
            return _NOWHERE, _NOWHERE, _NOWHERE, False
        lon, lat = (round(value, self.rule.decimals) + 0.0 for value in (row.lon, row.lat))
        return lon, lat, self.rule.widen_sigma(row.sigma_m), False

    def _widen(self, start: datetime, end: datetime, precision: str) -> tuple[datetime, datetime, str]:
        """Return an interval widened to the level's step, and how well its time is known then."""
        step = self.rule.time_step
        if not step:
            return start, end, precision
        fine = precision in ("second", "minute")
        wide = start - (start - _EPOCH) % step, end + (_EPOCH - end) % step
        return *wide, "hour" if fine else precision

    def _days(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        """Return the reporting days that an interval touches, from first start to last end."""
        first, last = (night_of(moment, self.mission) for moment in (start, end))
        begins, _ = self.mission.period(datetime.combine(first, time()))
        _, ends = self.mission.period(datetime.combine(last, time()))
        return begins, ends


def _order(row: DayRow) -> tuple[str, bool, datetime, int]:
    """Return by what rows are put in order: what is not released must not stand where its hour puts it."""
    return row.region, row.is_unreleased, row.time_from, row.incident_id


def _order_listed(line: HarmLine | SightingLine) -> tuple[bool, datetime, int]:
    return line.is_unreleased, line.time_from, line.incident_id


def _order_lost(line: RestrictionLine) -> tuple[bool, datetime, str, str, str, float]:
    return line.is_unreleased, line.time_from, line.region, line.state, line.means, line.lost_h


def _middles(rows: Sequence[DayRow]) -> Mapping[PlaceKey, tuple[float, float]]:
    """Return the middle of the published positions of the rows at each place."""
    points: dict[PlaceKey, list[tuple[float, float]]] = {}
    for row in rows:
        if row.place and math.isfinite(row.lon):
            points.setdefault((row.region, row.place, row.control_side), []).append((row.lon, row.lat))
    return {key: mean_point(found) for key, found in points.items()}


def _hide_authors(one: Correction) -> Correction:
    """Return a correction without the names and words of those who made the changes."""
    return replace(one, changes=tuple(replace(note, who="", why="") for note in one.changes))
