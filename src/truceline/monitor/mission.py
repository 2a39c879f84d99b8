"""What holds for a whole mission: names of the sides, time zone, cut-off, regions with their centres.

Read from a YAML file or by the name of a packaged mission when a store is made, kept in the store since.
"""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator

from truceline.errors import Problem, ScenarioError
from truceline.events.feeds._regions import find_region
from truceline.events.feeds.base import FeedContext
from truceline.events.frames import make_frame
from truceline.events.schema import SETTINGS
from truceline.scenario.assumption import Frozen, Zone
from truceline.scenario.findings import explain_validation
from truceline.scenario.yaml_source import YamlSource, parse_yaml, read_yaml
from truceline.store.base import Change, Selection, Store, StoreError

_SETTING = "mission"


class Region(Frozen):
    """Part of the mission's area, reported under its own heading."""

    name: str = Field(max_length=80)
    """As reports name it."""
    centre: str = Field(max_length=80)
    """Town from which distances and bearings are given."""
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    also: tuple[str, ...] = ()
    """Other names of the region in the sources."""


class Mission(Frozen):
    """Settings of a mission."""

    name: str = Field(max_length=120)
    """Title on its reports."""
    zone: Zone = "UTC"
    """Time zone of the reports, as in the IANA list."""
    cutoff: time = time(19, 30)
    """Local time at which a reporting day ends."""
    sides: dict[str, str]
    """Names of side a and side b."""
    side_words: dict[str, str] = Field(default_factory=dict)
    """Side by other names for it, in lower case."""
    box: tuple[float, float, float, float] | None = None
    """lon_min, lat_min, lon_max, lat_max of the theatre."""
    regions: tuple[Region, ...] = ()
    """In the order of the report."""

    @field_validator("cutoff", mode="before")
    @classmethod
    def _cutoff_is_a_time(cls, cutoff: object) -> object:
        if isinstance(
            cutoff, int | float
        ):  # YAML reads 18:00 without quotes as a number to the base of sixty
            raise ValueError(f"'{cutoff}' is no time of day; write it in quotes, as \"18:00\"")
        return cutoff

    @field_validator("regions")
    @classmethod
    def _regions_are_told_apart(cls, regions: tuple[Region, ...]) -> tuple[Region, ...]:
        names = [region.name.casefold() for region in regions]
        twice = sorted({region.name for region in regions if names.count(region.name.casefold()) > 1})
        if twice:
            raise ValueError(f"names {', '.join(twice)} twice; give each region a name of its own")
        return regions

    @field_validator("sides")
    @classmethod
    def _two_sides(cls, sides: dict[str, str]) -> dict[str, str]:
        if set(sides) != {"a", "b"}:
            raise ValueError("must name side a and side b; write {a: ..., b: ...}")
        return sides

    def context(self, now: datetime) -> FeedContext:
        """Return what feeds need to know; `now` is UTC without zone."""
        words = {name.lower(): side for side, name in self.sides.items()}
        return FeedContext(zone=self.zone, now=now, sides={**words, **self.side_words}, box=self.box)

    def cutoff_utc(self, day: datetime) -> datetime:
        """Return the end of the reporting day that ends on the local date `day`, UTC without zone."""
        local = datetime.combine(day.date(), self.cutoff, tzinfo=ZoneInfo(self.zone))
        return local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)

    def period(self, day: datetime, *, n_days: int = 1) -> tuple[datetime, datetime]:
        """Return start and cut-off (UTC without zone) of the `n_days` reporting days that end on `day`."""
        return self.cutoff_utc(day - timedelta(days=n_days)), self.cutoff_utc(day)

    def region_of(self, word: str) -> str:
        """Return the mission's name for a region as a source has it.

        A spelling that the mission does not list is looked up in the table that the feeds use. Where the
        mission has no such region, its name in that table is returned, else the word itself.
        """
        for region in self.regions:
            if word.casefold() in (region.name.casefold(), *(also.casefold() for also in region.also)):
                return region.name
        name = find_region(word).name
        if not name:
            return word
        same = [r.name for r in self.regions if name in {find_region(n).name for n in (r.name, *r.also)}]
        # Two parts of one region: which of them is meant cannot be told.
        return same[0] if len(same) == 1 else name


def list_missions() -> tuple[str, ...]:
    """Return the names of the packaged missions."""
    folder = files("truceline.monitor").joinpath("library")
    return tuple(sorted(e.name.removesuffix(".yaml") for e in folder.iterdir() if e.name.endswith(".yaml")))


def load_mission(name_or_file: str) -> Mission:
    """Return a mission by the name of a packaged one or from a YAML file; ScenarioError for what is wrong."""
    if name_or_file in list_missions():
        entry = files("truceline.monitor").joinpath("library", f"{name_or_file}.yaml")
        return _check(parse_yaml(entry.read_text(encoding="utf-8"), entry.name))
    return _check(read_yaml(Path(name_or_file)))


def write_mission(change: Change, mission: Mission) -> None:
    """Keep the settings of a mission in the store."""
    row = {"name": [_SETTING], "value": [mission.model_dump_json()]}
    change.append(SETTINGS, make_frame(SETTINGS, row))


def read_mission(store: Store, *, as_of: int | None = None) -> Mission:
    """Return the settings of the mission, as of a change; StoreError where the store has none."""
    rows = store.read_current(SETTINGS, Selection(equals={"name": _SETTING}, as_of=as_of))
    if rows.empty:
        problem = Problem(store.place, "has no mission yet", "make the store with: truceline monitor init")
        raise StoreError("store", [problem])
    return Mission.model_validate(json.loads(rows["value"].iloc[0]))


def _check(source: YamlSource) -> Mission:
    try:
        return Mission.model_validate(source.data)
    except ValidationError as error:
        raise ScenarioError(source.name, explain_validation(source, error, Mission)) from None
