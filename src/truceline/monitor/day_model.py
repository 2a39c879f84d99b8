"""A day's report as plain facts: what happened, what was watched, and what earlier reports said wrongly.

Numbers are whole acts (see `day_tally`), what is listed has a line each (see `day_lines`). Moments are UTC
without zone, lengths metres, angles degrees. No sentences: `publish` writes those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from truceline.events.kinds import Releasability
from truceline.monitor.day_lines import DayRow, HarmLine, PlaceLine, RestrictionLine, SightingLine
from truceline.monitor.day_tally import NONE, Count, DaySums, Tally


@dataclass(frozen=True)
class RegionDay:
    """One region's part of the report."""

    name: str
    """Empty for the other regions together."""
    centre: str
    """Town from which distances are given; empty where there is none."""
    tally: Tally
    nights: tuple[Count, ...]
    """Violations of each reporting day of the period."""
    previous: Tally
    places: tuple[PlaceLine, ...]
    """The fewest places that together hold more than half of the violations; empty where none do."""
    places_count: Count = NONE
    """Violations at these places."""
    others: tuple[str, ...] = ()
    """For the other regions: their names."""
    unreleased: Count = NONE
    """Violations whose places are not told in this edition."""


@dataclass(frozen=True)
class EffortLine:
    """How much was watched in a region by one kind of means."""

    region: str
    means: str
    watched_h: float
    """Hours within the period, added over posts."""
    lost_h: float
    """Hours in which watching was prevented."""
    previous_watched_h: float
    n_posts: int
    """Posts, cameras, aircraft or teams that watched."""
    corrected_low: float = float("nan")
    """Incidents of fire in the region had all been noticed: lower end; NaN where not estimated."""
    corrected_best: float = float("nan")
    corrected_high: float = float("nan")


class TrendState(StrEnum):
    """What a ratio to expected amounts to."""

    usual = "usual"
    more = "more"
    fewer = "fewer"
    truce = "truce"
    """As few as when a truce is kept."""
    warning = "warning"
    """Rising as before a collapse."""
    kept_out = "kept_out"
    """Fewer reports, and less watching to explain them."""
    unknown = "unknown"
    """Too little is known to say."""


@dataclass(frozen=True)
class TrendLine:
    """Incidents of a region against what was to be expected."""

    region: str
    """Empty for the whole mission."""
    observed: float
    """Kinetic incidents of the period."""
    expected: float
    ratio: float
    ratio_low: float
    """Lower end of the 90 % interval of the ratio."""
    ratio_high: float
    state: TrendState = TrendState.unknown


@dataclass(frozen=True)
class AgreementLine:
    """An agreement from whose start totals run."""

    name: str
    """As in the judgements."""
    title: str
    since: datetime
    """UTC without zone."""
    until: datetime | None = None


@dataclass(frozen=True)
class SinceLine:
    """Totals since an agreement began, counted under that agreement alone."""

    agreement: AgreementLine
    tally: Tally
    """`violations`, `class.*` and `phase.*`."""
    groups: tuple[Count, ...]
    """By CLASS_GROUPS, in their order."""
    n_days: int
    """Reporting days since."""


@dataclass(frozen=True)
class ClauseLine:
    """Violations of one clause; an incident may stand under several."""

    agreement: str
    clause: str
    count: Count
    previous: Count


@dataclass(frozen=True)
class DailyCount:
    """Violations of one reporting day in one region."""

    day: date
    region: str
    violations: int
    explosions: int


@dataclass(frozen=True)
class TrailDay:
    """Acts of one reporting day in all regions."""

    day: date
    explosions: int
    others: int
    """Violations that are no explosions."""


@dataclass(frozen=True)
class YearMean:
    """Violations a day over the last year, to hold a day against."""

    region: str
    now_per_day: float
    """Of the period reported."""
    per_day: float
    explosions_per_day: float
    n_days: int


@dataclass(frozen=True)
class ZeroDays:
    """Reporting days without a violation in any region."""

    since: date
    """First reporting day looked at."""
    n_days: int
    """Of them without a violation, the present one included; those on which nobody watched are left out.
    Zero where the period reported is none."""
    n_unwatched: int
    """Without a violation and without a recorded hour of watching."""
    is_today: bool
    """The period reported is one."""
    is_watched: bool
    """And somebody watched on its last day."""


@dataclass(frozen=True, order=True)
class ReportNumber:
    """What a report is cited by."""

    year: int
    number: int

    def __str__(self) -> str:
        """Return it as a page writes it: 4/2025."""
        return f"{self.number}/{self.year}"


@dataclass(frozen=True)
class ChangeNote:
    """A change to the store: who, when, why."""

    change_id: int
    at: datetime
    who: str
    what: str
    why: str


@dataclass(frozen=True)
class Correction:
    """A figure of an earlier report that no longer holds."""

    year: int
    number: int
    period_to: datetime
    figure: str
    """Key of `DayReport.figures`."""
    said: int
    holds: int
    changes: tuple[ChangeNote, ...]
    """Changes since then to incidents of that period, newest last."""


@dataclass(frozen=True)
class MapPoint:
    """Violations at one place, at the middle of their published positions; or at a position of no name."""

    place: str
    lon: float
    lat: float
    count: Count
    is_exercise: bool


@dataclass(frozen=True)
class DayReport:
    """Everything a daily report says."""

    mission: str
    sides: Mapping[str, str]
    zone: str
    year: int
    number: int
    """The next in the register, or the one it took there; a draft shows none."""
    corrects: ReportNumber | None
    """The report of the same period issued before."""
    issued_at: datetime
    period_from: datetime
    period_to: datetime
    """Cut-off."""
    nights: tuple[date, ...]
    """Reporting days of the period, each by the local date on which it ends."""
    previous_from: datetime
    as_of: int
    """Last change of the store that counts."""
    include_exercises: bool
    """Whether live-fire exercises are among the violations."""
    is_simulated: bool
    total: Tally
    previous: Tally
    nights_count: tuple[Count, ...]
    regions: tuple[RegionDay, ...]
    """In the mission's order, then the others together where there are any."""
    rows: tuple[DayRow, ...]
    n_not_placed: int
    """Acts of rows without a position fit for the map."""
    harms: tuple[HarmLine, ...]
    sightings: tuple[SightingLine, ...]
    restrictions: tuple[RestrictionLine, ...]
    effort: tuple[EffortLine, ...]
    trend: tuple[TrendLine, ...]
    clauses: tuple[ClauseLine, ...]
    since: tuple[SinceLine, ...]
    zero_days: ZeroDays
    history: tuple[DailyCount, ...]
    """The last thirty reporting days, those of the period included, where there was any."""
    trail: tuple[TrailDay, ...]
    """The same days, every one, all regions together."""
    year_means: tuple[YearMean, ...]
    corrections: tuple[Correction, ...]
    sums: DaySums
    map_points: tuple[MapPoint, ...]
    posts: tuple[tuple[str, float, float, bool], ...]
    """Name, longitude, latitude and whether it watched at all, for the map."""
    line_of_contact: tuple[tuple[tuple[float, float], ...], ...] = ()
    """Longitude and latitude of the parts of the line, for the map alone."""
    centres: tuple[tuple[str, float, float], ...] = ()
    position_decimals: int = 3
    """Decimals of a degree to which positions were rounded."""
    delay_h: float = 0.0
    """Hours for which a position is withheld."""
    is_draft: bool = False
    """Not in the register: it bears no number."""
    level: Releasability = Releasability.mission
    """Whose edition it is: see `day_edition`."""
    n_unreleased: int = 0
    """Incidents, rows of the annex, of which this edition tells no more than that they are counted."""

    def figures(self) -> dict[str, int]:
        """Return every count of the period by a flat name: what a later report may have to correct."""
        parts = [(region.name, region.tally) for region in self.regions]
        return list_figures(self.total, parts, self.harms)


def list_figures(
    total: Tally, regions: Iterable[tuple[str, Tally]], harms: Iterable[HarmLine]
) -> dict[str, int]:
    """Return every count of a period by a flat name such as `region.Donetsk.class.explosion.best`."""
    figures = _flatten("all", total)
    for name, tally in regions:
        figures.update(_flatten(f"region.{name or 'other'}", tally))
    consequences = [harm for harm in harms if harm.is_consequence]
    for place, bound in enumerate(("low", "best", "high")):
        figures[f"killed.{bound}"] = sum(harm.killed[place] for harm in consequences)
        figures[f"hurt.{bound}"] = sum(harm.hurt[place] for harm in consequences)
    return dict(sorted(figures.items()))


def _flatten(scope: str, tally: Tally) -> dict[str, int]:
    return {
        f"{scope}.{key}.{bound}": value
        for key, count in tally.counts.items()
        for bound, value in (
            ("low", count.low),
            ("best", count.best),
            ("high", count.high),
            ("incidents", count.n_incidents),
        )
    }
