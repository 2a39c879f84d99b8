"""The scenario: everything a plan is made from, frozen, with the meaning of every key.

Quantities are assumption records (see `quantities`): metres, seconds, people, shares. A scenario
only states; it does not read geometry, place posts or count people.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from truceline.scenario.assumption import Assumption, AssumptionSet, Frozen
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.quantities import (
    Arc,
    Density,
    Distance,
    Duration,
    Headcount,
    Length,
    Number,
    People,
    PeoplePerLength,
    Share,
    Wait,
)

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,60}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,60}$")]
Text = Annotated[str, StringConstraints(max_length=2000)]
SideName = Literal["a", "b"]
MissionName = Literal["observation", "reassurance", "interposition"]
BurdenName = Literal["stated-first", "gdp-share", "equal-effort"]
CostBasisName = Literal["full", "incremental", "reimbursement"]
PayRuleName = Literal["as-sent", "gdp-share", "un-scale", "own"]
CaseName = Literal["today", "no-backstop", "coalition", "un-mandate", "everyone-decides"]


def _need_text(value: object) -> object:
    if value is None or isinstance(value, str | Path):
        return value
    raise ValueError(f"'{value}' is not a file name; write a path, or the name of the packaged table")


def _read_date(value: object) -> date:
    """Return a date written as one; numbers are refused rather than taken for seconds since 1970."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"'{value}' is not a date; write it as 2025-02-17") from None


class Sides(Frozen):
    """What the two sides are called in products."""

    a: Text = "side a"
    """Name of side a in products; in the file it stays `a`."""
    b: Text = "side b"
    """Name of side b in products."""


class ControlAreas(Frozen):
    """Line as the edge of the ground side b holds, less the border and the coast."""

    side_b: Path
    """Vector file with the polygons that side b holds."""
    side_a: Path | None = None
    """Vector file with the polygons that side a holds; the two must touch."""
    border: Path | None = None
    """Vector file of the border to cut away."""
    coast: Path | None = None
    """Vector file of the sea or of a mask to cut away."""
    border_buffer: Length = Assumption(value=1000, unit="m")
    """Width each side of the border that is cut away."""


class LineSource(Frozen):
    """Where the line of contact comes from: exactly one of `places`, `file`, `control`, `length`."""

    places: Annotated[Literal["ukraine-2025-02-17"] | Path | None, BeforeValidator(_need_text)] = None
    """Towns with the side that holds each (columns lon, lat, side): the packaged table or a CSV file."""
    file: Path | None = None
    """Vector file with the line itself, any format GDAL reads."""
    layer: Text | None = None
    """Layer of `file`."""
    crs: Text | None = None
    """Coordinate system of `file` where it names none, for example EPSG:32637."""
    where: dict[str, str] = Field(default_factory=dict)
    """Keep only features of `file` whose attributes have these values."""
    side_a_is: Literal["left", "right"] = "left"
    """Side a as seen along the direction in which the line of `file` is drawn."""
    control: ControlAreas | None = None
    """Polygons of control."""
    length: Length | None = None
    """Only a length: force sizing without a map."""
    tolerance: Distance = Assumption(value=0, unit="m")
    """How far the line may lie from the true one; printed with every length."""
    simplify: Distance = Assumption(value=0, unit="m")
    """Detail below this is smoothed away before planning (0 keeps all)."""

    @model_validator(mode="after")
    def _one_source(self) -> LineSource:
        given = [key for key in ("places", "file", "control", "length") if getattr(self, key) is not None]
        if len(given) != 1:
            found = f"has {', '.join(given)}" if given else "has none of them"
            raise ValueError(f"needs exactly one of places, file, control, length; {found}")
        return self


class LimitationBand(Frozen):
    """A band behind the separation zone where a class of weapons is not allowed."""

    name: Text
    """What may not be in the band."""
    start: Distance
    """Distance from the line where the band starts."""
    end: Length
    """Distance from the line where the band ends: weapons stay further back."""


class ZoneDesign(Frozen):
    """The zone of separation and the bands of limitation."""

    half_width: Length = Assumption(value=5000, unit="m")
    """Width of the separation zone on each side of the line."""
    limitation: tuple[LimitationBand, ...] = ()
    """Bands behind the zone, nearest first; none is possible."""


class Sectors(Frozen):
    """How the line is divided: one of `length`, `breaks`, `polygons`."""

    length: Length | None = None
    """Target length of a sector; the line is divided evenly."""
    breaks: tuple[Distance, ...] = ()
    """Chainages at which a new sector starts."""
    polygons: Path | None = None
    """Vector file of sector polygons."""
    name_field: Text = "name"
    """Attribute of `polygons` that names the sector."""

    @model_validator(mode="after")
    def _one_way(self) -> Sectors:
        given = [key for key in ("length", "breaks", "polygons") if getattr(self, key)]
        if len(given) > 1:
            raise ValueError(f"needs at most one of length, breaks, polygons; has {', '.join(given)}")
        return self


class Water(Frozen):
    """Stretches of line that run along a river or over a lake."""

    polygon: tuple[tuple[float, float], ...] = ()
    """Rough outline (lon, lat) of the water stretch; line inside it is a water section."""
    file: Path | None = None
    """Vector file of water polygons instead."""
    half_width: Distance = Assumption(value=400, unit="m")
    """Half the width of the water to be crossed."""

    @model_validator(mode="after")
    def _one_outline(self) -> Water:
        if self.polygon and self.file:
            raise ValueError("needs at most one of polygon, file")
        if self.polygon and len(self.polygon) < 3:
            raise ValueError("polygon needs at least three points")
        return self


class Grid(Frozen):
    """How finely ground is divided."""

    cell: Length = Assumption(value=1000, unit="m")
    """Side of a demand cell."""
    crossing_cell: Length = Assumption(value=250, unit="m")
    """Side of a cell of the crossing solver."""


class TerrainSource(Frozen):
    """Elevation model and kind of country."""

    files: tuple[Path, ...] = ()
    """Raster files, or the `ground.json` of a ground folder; empty means statistical sight."""
    surface: Literal["surface", "bare_earth"] = "surface"
    """Whether the heights include trees and houses."""
    cell: Length | None = None
    """Resample to this cell size; default is the files' own."""
    crs: Text | None = None
    """Coordinate system of the files where they name none."""
    fill_unknown: Distance | None = None
    """Height to take where the model has none (0 for a sea without heights); default: it stays unknown."""
    model: Literal["copernicus", "srtm", "dted", "other"] = "other"
    """Kind of elevation model: the default of `error` is the assumption `terrain.error.` of this name."""
    error: Length | None = None
    """Standard deviation of the heights; default: as stated when the files were added, or else by `model`."""
    error_correlation: Length | None = None
    """Distance over which errors of heights are alike (1/e); default: `terrain.error_correlation`."""
    draws: Number = Assumption(value=0, unit="1")
    """Grounds that the error allows, looked at for a chance of sight (10 to 20); 0 takes heights as exact."""
    landscape: Text = "rolling"
    """Kind of country, for sight without an elevation model."""


class Incidents(Frozen):
    """What is expected to happen, and where: the weights of an average."""

    kinds: dict[
        Literal["person", "vehicle", "small_arms", "mortar", "artillery_impact", "uav", "aircraft"], Number
    ]
    """Weight of each kind of event in the average; they need not sum to one."""
    states: dict[Literal["day", "night", "bad"], Number]
    """Share of time in each state of light and weather; they need not sum to one."""
    decay: Length
    """Distance from the line over which incidents become rarer by a factor e."""


class Means(Frozen):
    """One kind of thing that watches, offered to siting."""

    label: Text
    """What it is called in products."""
    kind: Literal["post", "unarmed_post", "mast", "patrol", "orbit"]
    """What it is for the head count: a post has a crew, a mast none, patrols and orbits serve a sector."""
    sensors: tuple[Text, ...] = Field(min_length=1)
    """Rows of the sensor table it carries."""
    eye_height: Distance = Assumption(value=0, unit="m")
    """Height of the sensors above ground; 0 takes the platform height of the sensor table."""
    arc: Arc = Assumption(value=360, unit="deg")
    """Width of the arc it watches, facing the line; 360 deg is all round (posts and masts only)."""
    at_most: Density | None = None
    """Most of these for each km of line."""
    at_least: Density | None = None
    """Fewest of these for each km of line (patrols and orbits only): they verify and keep access as well."""


class PostRules(Frozen):
    """Where posts and masts may stand."""

    sides: tuple[SideName, ...] = ("a", "b")
    """Sides of the line where the force may stand."""
    spacing: Length = Assumption(value=1000, unit="m")
    """Distance along the line between places that are looked at."""
    distances: tuple[Distance, ...] = (Assumption(value=1000, unit="m"),)
    """Distances from the line of the rows of places."""


class Reaction(Frozen):
    """Reaction forces: sited by travel time, or a share of the force where `time` is left out."""

    time: Duration | None = None
    """Any reachable point of the zone is reached within this time after the alarm."""
    unit_people: People | None = None
    """People at one base; default `reaction.unit_people`."""
    distance: Length = Assumption(value=7000, unit="m")
    """Distance of the bases from the line."""
    spacing: Length = Assumption(value=4000, unit="m")
    """Distance along the line between places that are looked at."""


class GivenPosts(Frozen):
    """A posture that is counted, not sited: past missions and lines that are only a length."""

    posts: Number = Assumption(value=0, unit="1")
    """Armed posts with a crew."""
    unarmed_posts: Number = Assumption(value=0, unit="1")
    """Posts of unarmed observers."""
    patrols_per_day: Number | None = None
    """Default: `patrol.rate` times the length."""
    people: People | None = None
    """What the mission really had, for comparison."""


class Posture(Frozen):
    """A way of watching the line, and what stands behind it."""

    label: Text
    """What it is called in products."""
    description: Text = ""
    """Whose idea it is and how it works, in a sentence or two."""
    mission: MissionName = "observation"
    """What nations are asked to join: watching with consent, reassurance from the rear, interposition."""
    watch: PeoplePerLength | None = None
    """People in watching tasks (posts, masts, patrols, drones) for each km: the budget of siting."""
    rules: PostRules = PostRules()
    """Where posts and masts may stand."""
    means: dict[Key, Means] = Field(default_factory=dict)
    """What siting may choose from, by name."""
    given: GivenPosts | None = None
    """Counts, in place of `watch` and `means`."""
    reaction: Reaction = Reaction()
    """Who comes when something happens."""
    brigades: Number = Assumption(value=0, unit="1")
    """Deterrence brigades behind the line: a term of its own."""

    @property
    def watch_density(self) -> float:
        """Return people in watching tasks for each km; ValueError for a posture that gives its counts."""
        if self.watch is None:
            raise ValueError(f"posture {self.label} is not sited")
        return self.watch.value

    @model_validator(mode="after")
    def _sited_or_given(self) -> Posture:
        if self.given is None and (not self.means or self.watch is None):
            raise ValueError("needs `watch` and `means` to be sited, or `given` counts")
        if self.given is not None and self.means:
            raise ValueError("has both `given` and `means`; keep one")
        return self


class Contributors(Frozen):
    """Who might send people, under which conditions, and how the burden is shared among them."""

    pledges: Annotated[Literal["ukraine-2025"] | Path, BeforeValidator(_need_text)]
    """Register of dated statements: the packaged one, or a CSV file with the same columns."""
    conditions: Path | None = None
    """CSV file of named conditions; default the packaged ones."""
    states: Path | None = None
    """CSV file of dated states of the conditions; default the packaged ones."""
    case: CaseName = "coalition"
    """Conditions taken as met for the allocation that is shown in full."""
    burden: BurdenName = "stated-first"
    """Who is asked first once every capability is as full as it can be."""
    supplied: dict[Key, Share] = Field(default_factory=dict)
    """Share of the gap of a backstop task that the guarantor fills where it brings the task; default all."""


class Money(Frozen):
    """How the force is costed and who pays: one basis of cost, one currency, prices of one year."""

    basis: CostBasisName = "full"
    """What a figure counts: bases are never added, the others are shown beside."""
    kind: Literal["", "un-line", "civilian-monitors", "reassurance", "combat"] = ""
    """Kind of force whose cost per person-year is taken; empty for that of the posture's mission."""
    price_year: Annotated[int, Field(ge=1950, le=2100)] = 2025
    """Year in whose prices all money is; it needs a price index."""
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "EUR"
    """Three capital letters, such as GBP; it needs a rate of exchange for that year."""
    years: Annotated[int, Field(ge=1, le=10)] = 3
    """Years that are costed, the first with its build-up and the last with its withdrawal."""
    share: PayRuleName = "as-sent"
    """Who pays: each what it sends; by GDP or the scale of the United Nations among those who send; own."""
    own_shares: Path | None = None
    """CSV file with the columns code and share, for `share: own`; shares sum to 1."""
    rates: Path | None = None
    """CSV file of rates of exchange; default the packaged ones."""
    indices: Path | None = None
    """CSV file of price indices; default the packaged ones."""

    @model_validator(mode="after")
    def _own_has_shares(self) -> Money:
        if self.share == "own" and self.own_shares is None:
            raise ValueError("`share: own` needs `own_shares`, a file with the columns code and share")
        return self


class MovementOptions(Frozen):
    """When who comes is there: the network they move through, and what was done before the ceasefire."""

    nodes: Path | None = None
    """CSV file of origins and of places with a capacity; default the packaged ones."""
    routes: Path | None = None
    """CSV file of routes through them; default the packaged ones."""
    days: Annotated[int, Field(ge=30, le=730)] = 365
    """Days after the ceasefire that are looked at."""
    approvals_before: Wait | None = None
    """Time before the ceasefire from which approvals are worked on; default not before it."""
    prepositioned: Headcount | None = None
    """People who wait in a neighbouring country on the day of the ceasefire; default nobody."""


class TalksOptions(Frozen):
    """Who wants what of the talks, and how far that is looked into."""

    folder: Annotated[Literal["ukraine-2025"] | Path, BeforeValidator(_need_text)]
    """Tables of actors, issues, positions and standing: the packaged ones, or a folder of CSV files."""
    together: tuple[Key, ...] = ()
    """Issues that the models of several issues look at; default all on which two actors or more spoke."""
    samples: Annotated[int, Field(ge=0, le=20_000)] = 1_000
    """Draws of all coded numbers inside their ranges; 0 for none."""
    seed: Annotated[int, Field(ge=0)] = 1
    """Seed of these draws."""


class Scenario(Frozen):
    """Everything a plan is made from."""

    format: Literal[1]
    """Version of the file format."""
    name: Slug
    """Short name, used in file names and provenance."""
    title: Text
    """Title of the report."""
    as_of: Annotated[date, BeforeValidator(_read_date)]
    """Day the scenario describes: YYYY-MM-DD."""
    description: Text = ""
    """What the plan is for and where its line comes from."""
    sides: Sides = Sides()
    """Names of the two sides."""
    line: LineSource
    """Where the line of contact runs."""
    zone: ZoneDesign = ZoneDesign()
    """Where forces and weapons may not be."""
    sectors: Sectors = Sectors()
    """How the line is divided among commanders."""
    water: Water = Water()
    """Where the line runs along water."""
    grid: Grid = Grid()
    """How finely ground is divided."""
    terrain: TerrainSource = TerrainSource()
    """Heights, or a kind of country in their place."""
    incidents: Incidents | None = None
    """What is to be noticed; needed where there is a map."""
    posture: Key
    """The posture planned in full; the others are set beside it."""
    postures: dict[Key, Posture] = Field(min_length=1)
    """Ways of watching, by name."""
    contributors: Contributors | None = None
    """Who might send people; without it nothing is said of nations."""
    money: Money | None = None
    """How the force is costed; without it only published costs stand beside the plan."""
    movement: MovementOptions | None = None
    """When who comes is there; without it nothing is said of dates."""
    talks: TalksOptions | None = None
    """Who wants what of the talks; without it nothing is said of agreements."""
    overrides: dict[str, Assumption] = Field(default_factory=dict, alias="assumptions")
    """Assumptions shared by all scenarios, replaced here by name."""
    variants: dict[Key, dict[str, Any]] = Field(default_factory=dict)
    """Named differences: under each name, dotted paths with their values."""

    @property
    def assumptions(self) -> AssumptionSet:
        """Return the packaged catalogue with this scenario's overrides."""
        return AssumptionSet({**load_catalogue(), **self.overrides})

    @property
    def chosen_posture(self) -> Posture:
        """Return the posture planned in full."""
        return self.postures[self.posture]

    @property
    def watched(self) -> Incidents:
        """Return what is watched; ValueError where the scenario has no map (a check sees to the rest)."""
        if self.incidents is None:
            raise ValueError(f"{self.name} says nothing about incidents")
        return self.incidents

    @property
    def is_only_a_length(self) -> bool:
        """Tell whether the scenario has no map."""
        return self.line.length is not None
