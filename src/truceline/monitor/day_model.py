"""A day's report as plain facts: what happened, what was watched, and what earlier reports said wrongly.

Numbers are whole acts (an explosion, a burst, a shot, a strike) in three values: least, most likely, most.
Moments are UTC without zone, lengths metres, angles degrees. No sentences: `publish` writes those. No news
texts and no names of persons, because no field can hold one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class ActClass(StrEnum):
    """Class an act is counted in, in the order of the running totals of a daily report."""

    explosion = "explosion"
    projectile = "projectile"
    muzzle_flash = "muzzle_flash"
    flare = "flare"
    tracer = "tracer"
    burst = "burst"
    shot = "shot"
    incident = "incident"
    """Anything else that was fired: a strike or a firefight told as one thing."""


@dataclass(frozen=True)
class Count:
    """A number of acts, added up from the rows of the annex and from nothing else.

    `low` and `high` are the sums of the rows' bounds: they hold for sure if every row's bounds do, and are
    wider than an interval of any stated probability.
    """

    low: int = 0
    best: int = 0
    high: int = 0
    n_incidents: int = 0

    def __add__(self, other: Count) -> Count:
        """Return both together."""
        return Count(
            self.low + other.low,
            self.best + other.best,
            self.high + other.high,
            self.n_incidents + other.n_incidents,
        )


NONE = Count()


@dataclass(frozen=True)
class Tally:
    """Counts of one area and period, by name.

    Keys: `violations`; `class.<ActClass>`; `phase.<Phase>` (explosions alone, adding up to them);
    `status.<verification>`; `noticed.<Observation>`; `place.<side that holds the place>`;
    `by.<side attributed>`; `exercise` (of the violations, or left out of them: see `DayReport`);
    `claim` (resting on a party's word alone); `unclear` (never in the violations).
    """

    counts: Mapping[str, Count] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Count:
        """Return one count; nothing counted is zero."""
        return self.counts.get(key, NONE)

    @property
    def violations(self) -> Count:
        """All acts counted."""
        return self["violations"]

    @property
    def explosions(self) -> Count:
        """Explosions among them."""
        return self[f"class.{ActClass.explosion}"]

    def family(self, name: str) -> dict[str, Count]:
        """Return the counts whose key starts with `name` and a point, by the rest of the key."""
        start = f"{name}."
        return {key.removeprefix(start): count for key, count in self.counts.items() if key.startswith(start)}

    def __add__(self, other: Tally) -> Tally:
        """Return both together."""
        keys = {**self.counts, **other.counts}
        return Tally({key: self[key] + other[key] for key in keys})


@dataclass(frozen=True)
class PlaceLine:
    """Where many of a region's violations occurred."""

    place: str
    control_side: str
    """a, b, contested or empty."""
    distance_m: float
    """From the region's centre to the middle of the incidents there; NaN where the place has no position."""
    bearing_deg: float
    count: Count


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


@dataclass(frozen=True)
class DayRow:
    """One incident as a row of the annex."""

    incident_id: int
    region: str
    place: str
    control_side: str
    lon: float
    """Degrees, rounded as published; NaN where withheld or not known."""
    lat: float
    sigma_m: float
    is_withheld: bool
    """The position is left out because the incident is too recent to publish it."""
    posts: tuple[str, ...]
    """Posts, cameras or teams that noticed it."""
    location_post: str
    """Post from which range and bearing are given; empty without them."""
    range_min_m: float
    range_max_m: float
    bearing_deg: float
    means: tuple[str, ...]
    observation: str
    """The best way in which it was noticed: see Observation; empty where no report says."""
    kind: str
    act_class: str
    phase: str
    weapon: str
    p_weapon: float
    target: str
    """energy, civilian, military, mission or empty."""
    time_from: datetime
    time_to: datetime
    time_precision: str
    night: date
    """Reporting day it falls in: the local date on which that day ends."""
    count: Count
    unit: str
    agreement: str
    clause: str
    other_clauses: tuple[str, ...]
    """Further clauses it violates, as agreement:clause; it is counted once all the same."""
    p_clause: float
    is_counted: bool
    not_counted: str
    """Why it is not: exercise, or unclear."""
    is_exercise: bool
    status: str
    """reported, corroborated or verified."""
    status_reason: str
    is_claim: bool
    """Rests on the word of a party alone."""
    claimed_by: str
    side: str
    """Side it is attributed to; empty: not investigated."""
    p_side: float
    side_basis: str
    n_reports: int
    n_sources: int
    flags: tuple[str, ...]


@dataclass(frozen=True)
class HarmLine:
    """People hurt or things damaged."""

    incident_id: int
    kind: str
    """casualty or damage, or the kind of an incident of fire that hurt people."""
    region: str
    place: str
    control_side: str
    time_from: datetime
    time_to: datetime
    time_precision: str
    killed: tuple[int, int, int]
    """Least, most likely, most."""
    hurt: tuple[int, int, int]
    target: str
    weapon: str
    means: tuple[str, ...]
    observation: str
    sources: tuple[str, ...]
    status: str
    is_claim: bool
    claimed_by: str

    @property
    def is_consequence(self) -> bool:
        """Tell whether it is told as harm, not as fire that did harm."""
        return self.kind in ("casualty", "damage")


@dataclass(frozen=True)
class SightingLine:
    """Weapons, positions or aircraft where an agreement may limit them."""

    incident_id: int
    group: str
    """movement or air."""
    kind: str
    weapon: str
    count: Count
    region: str
    place: str
    control_side: str
    time_from: datetime
    time_to: datetime
    time_precision: str
    means: tuple[str, ...]
    observation: str
    agreement: str
    clause: str
    verdict: str
    """violation, allowed, outside, not_bound, unclear; empty where nobody judged it."""
    status: str
    is_claim: bool


@dataclass(frozen=True)
class RestrictionLine:
    """Monitors kept out, delayed, jammed or otherwise not watching."""

    state: str
    """denied, delayed, jammed, down, confined or weather."""
    region: str
    place: str
    """Post or place."""
    control_side: str
    time_from: datetime
    time_to: datetime
    means: str
    cause: str
    """Who or what prevented the watching."""
    words: str
    """Words given to the monitors."""
    lost_h: float
    """Hours not watched within the period; NaN where an incident says no hours."""


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
class YearMean:
    """Violations a day over the last year, to hold a day against."""

    region: str
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
    corrects: int | None
    """Number of the report of the same period issued before."""
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
    """The last thirty reporting days, those of the period included."""
    year_means: tuple[YearMean, ...]
    corrections: tuple[Correction, ...]
    map_points: tuple[MapPoint, ...]
    posts: tuple[tuple[str, float, float, bool], ...]
    """Name, longitude, latitude and whether it watched at all, for the map."""
    line_of_contact: tuple[tuple[tuple[float, float], ...], ...] = ()
    """Longitude and latitude of the parts of the line, for the map alone."""
    centres: tuple[tuple[str, float, float], ...] = ()
    position_decimals: int = 3
    """Decimals of a degree to which positions were rounded."""
    delay_h: float = 24.0
    """Hours for which a position is withheld."""

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
