"""What a report lists, one line for each thing found: violations, harm, weapons, restrictions, places.

Moments are UTC without zone, lengths metres, angles degrees. No news texts and no names of persons, because
no field can hold one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from truceline.monitor.day_tally import Count


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
    is_unreleased: bool = False
    """Not for the readers of this edition: counted, in its region and day, and nothing more is told."""


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
    is_unreleased: bool = False
    """As for a row: people are counted, and little more is told."""

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
    is_unreleased: bool = False


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
    incident_id: int | None = None
    """The incident it was reported as; None where the record of effort says so."""
    is_of_post: bool = False
    """`place` is the name of a post, camera or team."""
    is_unreleased: bool = False
