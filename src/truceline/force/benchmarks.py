"""Beside what others said and had: which single assumption would make a published estimate right.

Units: people, metres. Every reading varies one assumption of a
real sizing (`sizing.watch_force_at_spacing`, `sizing.size_force`, `rotation.rotate_force`) and leaves
the rest as planned. An estimate that one assumption explains need not have been made that way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from scipy.optimize import brentq

from truceline.force.estimates import Bound, Estimate
from truceline.force.missions import densest_mission, read_missions
from truceline.force.sizing import Force, front_share_range, watch_force_at_spacing
from truceline.scenario.assumption import AssumptionSet
from truceline.scenario.reference import find_row, read_number
from truceline.units import format_km, format_people, format_share

SPACING_ROWS = tuple(f"staffing_factors/SF{number:03d}" for number in range(20, 26))
"""Post spacings of past missions and of one published illustration, in km."""

ROTATION_ROWS = tuple(f"staffing_factors/SF{number:03d}" for number in range(80, 87))
"""Pools over strengths that statements and policies name."""


@dataclass(frozen=True)
class PlausibleRange:
    """The values of an assumption that somebody has used, planned or said."""

    low: float
    high: float
    source: str


@dataclass(frozen=True)
class EstimateModel:
    """The planned force that estimates are read against, and how far each assumption may go."""

    posture: str
    """Name of the posture, for the sentences."""
    length_m: float
    """Length of the line the force is planned for."""
    force: Force
    assumptions: AssumptionSet
    spacing_m: PlausibleRange
    brigades: PlausibleRange
    rotation: PlausibleRange
    front_share: PlausibleRange
    unarmed_posts: bool = False
    """Whether the posts that a spacing is solved for are unarmed."""


@dataclass(frozen=True)
class ImpliedAssumption:
    """The value of one assumption that makes the model give one number of an estimate."""

    assumption: str
    """Which: posts.spacing, deterrence.brigades, rotation.multiplier or force.front_line_share."""
    target: str
    """Which number of the estimate: point, low, mid or high."""
    people: float
    value: float | None
    """In `unit`; None where no value at all gives the number."""
    unit: str
    range_low: float
    range_high: float
    range_source: str
    within_range: bool
    """Whether a value in the range satisfies the number, read with the bound its author gave it."""
    sentence: str


@dataclass(frozen=True)
class EstimateReading:
    """An estimate, what it would take to make it right, and the verdict."""

    estimate: Estimate
    implied: tuple[ImpliedAssumption, ...]
    explained_by: tuple[str, ...]
    """Assumptions that, alone and within their range, put the model where the estimate says."""
    fits_as_planned: bool
    """Whether the planned strength already is what the estimate says."""
    verdict: str


def read_model(
    posture: str, length_m: float, force: Force, assumptions: AssumptionSet, *, unarmed_posts: bool = False
) -> EstimateModel:
    """Return a planned force with the ranges that the packaged tables and the catalogue give."""
    lowest, _, highest = front_share_range(assumptions)
    brigades = assumptions["deterrence.brigades_plausible"]
    spacing = _range_of_rows(SPACING_ROWS, scale=1000)
    return EstimateModel(
        posture=posture,
        length_m=length_m,
        force=force,
        assumptions=assumptions,
        spacing_m=spacing,
        brigades=PlausibleRange(0.0, brigades.value, str(brigades.source)),
        rotation=_range_of_rows(ROTATION_ROWS),
        front_share=PlausibleRange(lowest, highest, "ranges of the reserve and support shares"),
        unarmed_posts=unarmed_posts,
    )


def explain_estimate(estimate: Estimate, model: EstimateModel) -> EstimateReading:
    """Return which single assumption makes the model give an estimate of people deployed.

    The estimate keeps its own line: the spacing is that of posts along it, and the planned force is
    scaled to its length before brigades, a pool or another front-line share are read into it.
    """
    levers = _levers(estimate, model)
    implied = [
        _imply(lever, target, people, estimate) for lever in levers for target, people in estimate.targets()
    ]
    explained = tuple(lever.key for lever in levers if estimate.has_number and _reaches(lever, estimate))
    planned = model.force.deployed_people * _length_ratio(estimate, model)
    fits = estimate.has_number and estimate.admits(planned, planned)
    verdict = _judge(estimate, model, levers, implied, explained, planned if fits else None)
    return EstimateReading(estimate, tuple(implied), explained, fits, verdict)


def explain_estimates(estimates: Iterable[Estimate], model: EstimateModel) -> tuple[EstimateReading, ...]:
    """Return a reading of every estimate, in their order."""
    return tuple(explain_estimate(estimate, model) for estimate in estimates)


def _range_of_rows(references: Iterable[str], scale: float = 1.0) -> PlausibleRange:
    """Return the lowest and highest value that rows of the staffing factors hold."""
    names = tuple(references)
    values = [
        number
        for name in names
        for which in ("low", "typical", "high")
        if (number := read_number(find_row(name)[f"value_{which}"])) is not None
    ]
    source = f"{names[0]} to {names[-1].partition('/')[2]}"
    return PlausibleRange(min(values) * scale, max(values) * scale, source)


@dataclass(frozen=True)
class _Lever:
    """One assumption that may move: its range, what the model gives at a value, and where to search."""

    key: str
    unit: str
    plausible: PlausibleRange
    people_at: Callable[[float], float]
    search: tuple[float, float]
    say: Callable[[float, str], str]
    """Sentence stem for a value and a strength."""
    show: Callable[[float], str]
    impossible: str
    """What to say where no value gives the number."""

    def solve(self, people: float) -> float | None:
        """Return the value at which the model gives `people`, or None where none in the search does."""
        low, high = self.search
        # equal steps in the logarithm suit spacing and shares; one is added so that zero brigades have one
        shift = 1.0 if low == 0 else 0.0

        def miss(logarithm: float) -> float:
            return self.people_at(math.exp(logarithm) - shift) - people

        ends = math.log(low + shift), math.log(high + shift)
        if miss(ends[0]) * miss(ends[1]) > 0:
            return None
        return float(math.exp(brentq(miss, *ends, xtol=1e-13)) - shift)

    def reach(self) -> tuple[float, float]:
        """Return the fewest and most people the model gives within the plausible range."""
        ends = (self.people_at(self.plausible.low), self.people_at(self.plausible.high))
        return min(ends), max(ends)


def _length_ratio(estimate: Estimate, model: EstimateModel) -> float:
    return (estimate.line_length_m or model.length_m) / model.length_m


def _levers(estimate: Estimate, model: EstimateModel) -> tuple[_Lever, ...]:
    levers = [_spacing_lever(estimate, model), _brigade_lever(estimate, model)]
    if model.force.deployed_people > 0:
        levers.append(_rotation_lever(estimate, model))
    if model.force.front_people > 0:
        levers.append(_front_share_lever(estimate, model))
    return tuple(levers)


_SPACING_SEARCH_M = (1.0, 1e7)
_BRIGADES_SEARCH = (0.0, 1000.0)
_ROTATION_SEARCH = (1.0, 1000.0)
_SHARE_SEARCH = (1e-4, 1.0)


def _spacing_lever(estimate: Estimate, model: EstimateModel) -> _Lever:
    length_m = estimate.line_length_m or model.length_m

    def people_at(spacing_m: float) -> float:
        return watch_force_at_spacing(
            length_m, spacing_m, model.assumptions, unarmed=model.unarmed_posts
        ).watching_people

    densest = densest_mission(read_missions())
    post = "An unarmed post" if model.unarmed_posts else "A post"
    beside = ""
    if densest is not None and densest.km_per_post is not None:
        beside = f"; the densest mission read ({densest.label}) had one every {densest.km_per_post:.1f} km"
    return _Lever(
        key="posts.spacing",
        unit="m",
        plausible=model.spacing_m,
        people_at=people_at,
        search=_SPACING_SEARCH_M,
        say=lambda value, people: f"{post} every {_show_km(value)} would give {people} people{beside}",
        show=_show_km,
        impossible="no spacing gives it: patrols and their support alone are more",
    )


def _brigade_lever(estimate: Estimate, model: EstimateModel) -> _Lever:
    watching = model.force.watching_people * _length_ratio(estimate, model)
    brigade_people = model.assumptions.value("deterrence.brigade_people")
    return _Lever(
        key="deterrence.brigades",
        unit="brigade",
        plausible=model.brigades,
        people_at=lambda brigades: watching + brigades * brigade_people,
        search=_BRIGADES_SEARCH,
        say=lambda value, people: (
            f"{value:.1f} deterrence brigades beside the {format_people(watching)} people who watch "
            f"or support them ({model.posture}) would give {people}"
        ),
        show=lambda value: f"{round(value, 1):g}",
        impossible=f"no brigade fits in: the watching force alone is {format_people(watching)}",
    )


def _rotation_lever(estimate: Estimate, model: EstimateModel) -> _Lever:
    deployed = model.force.deployed_people * _length_ratio(estimate, model)
    return _Lever(
        key="rotation.multiplier",
        unit="1",
        plausible=model.rotation,
        people_at=lambda multiplier: deployed * multiplier,
        search=_ROTATION_SEARCH,
        say=lambda value, people: (
            f"Read as a pool, {people} people are {value:.1f} for each of the "
            f"{format_people(deployed)} deployed"
        ),
        show=lambda value: f"{round(value, 1):g}",
        impossible=f"it is no pool: {format_people(deployed)} are deployed",
    )


def _front_share_lever(estimate: Estimate, model: EstimateModel) -> _Lever:
    front = model.force.front_people * _length_ratio(estimate, model)
    return _Lever(
        key="force.front_line_share",
        unit="1",
        plausible=model.front_share,
        people_at=lambda share: front / share if share > 0 else math.inf,
        search=_SHARE_SEARCH,
        say=lambda value, people: (
            f"{people} people would be right if {format_share(value, 1)} of the force were the "
            f"{format_people(front)} who watch"
        ),
        show=lambda value: format_share(value, 1),
        impossible=f"no share gives it: {format_people(front)} watch",
    )


def _show_km(value_m: float) -> str:
    return format_km(value_m, 2 if value_m < 10_000 else 1)


def _imply(lever: _Lever, target: str, people: float, estimate: Estimate) -> ImpliedAssumption:
    """Return what one number of an estimate implies for one assumption."""
    fewest, most = lever.reach()
    within = fewest <= people <= most
    if estimate.bound is Bound.at_least:
        within = most >= people
    elif estimate.bound is Bound.at_most:
        within = fewest <= people
    value = lever.solve(people)
    low, high = lever.plausible.low, lever.plausible.high
    span = f"{lever.show(low)} to {lever.show(high)}"
    shown = format_people(people)
    if value is None:
        sentence = f"{shown} people: {lever.impossible}."
    elif within and not low <= value <= high:  # an open bound, met by the whole range
        sentence = f"{lever.say(value, shown)}: any value in range ({span}) satisfies '{estimate.phrase()}'."
    else:
        sentence = f"{lever.say(value, shown)}: {'within' if within else 'out of'} range ({span})."
    return ImpliedAssumption(
        assumption=lever.key,
        target=target,
        people=people,
        value=value,
        unit=lever.unit,
        range_low=low,
        range_high=high,
        range_source=lever.plausible.source,
        within_range=within,
        sentence=sentence,
    )


def _reaches(lever: _Lever, estimate: Estimate) -> bool:
    return estimate.admits(*lever.reach())


def _judge(
    estimate: Estimate,
    model: EstimateModel,
    levers: tuple[_Lever, ...],
    implied: list[ImpliedAssumption],
    explained: tuple[str, ...],
    planned_if_fits: float | None,
) -> str:
    """Say in one sentence what makes the estimate right, or that nothing in range does."""
    if not estimate.has_number:
        return f"{estimate.author} gave no number."
    wanted = _capital(estimate.phrase())
    if planned_if_fits is not None:
        length = format_km(estimate.line_length_m or model.length_m)
        strength = format_people(planned_if_fits)
        return f"{wanted} people fits the plan as it is: {model.posture} comes to {strength} on {length}."
    if not explained:
        texts = [_name_value(lever, implied, estimate, within=False) for lever in levers]
        found = f"No single assumption within its range gives {estimate.phrase()} people"
        return f"{found}: it would take {'; or '.join(t for t in texts if t)}."
    chosen = [lever for lever in levers if lever.key in explained]
    texts = [_name_value(lever, implied, estimate, within=True) for lever in chosen]
    return f"{wanted} people would be right with {'; or '.join(texts)}."


_NOUNS = {
    "posts.spacing": "a post every {}",
    "deterrence.brigades": "{} deterrence brigades beside the watching force",
    "rotation.multiplier": "the number read as a pool of {} for each one deployed",
    "force.front_line_share": "{} of the force at the front",
}

_TARGET_NAMES = {"point": "", "mid": "for the middle", "low": "for the low end", "high": "for the high end"}
"""Targets in the order they are tried, and how a sentence calls them."""


def _name_value(lever: _Lever, implied: list[ImpliedAssumption], estimate: Estimate, *, within: bool) -> str:
    """Return one value of an assumption in words: for the middle if it will do, else for an end."""
    mine = {each.target: each for each in implied if each.assumption == lever.key}
    low, high = lever.plausible.low, lever.plausible.high
    for target, name in _TARGET_NAMES.items():
        each = mine.get(target)
        if each is None or each.value is None or (within and not each.within_range):
            continue
        # an open bound is met by values beyond the one that just gives it: stay inside the range
        value = min(max(each.value, low), high) if within else each.value
        note = f" ({name}, {format_people(each.people)})" if estimate.bound is Bound.range else ""
        return _NOUNS[lever.key].format(lever.show(value)) + note
    if within:  # no number of the estimate is in reach, but one between them is
        return _NOUNS[lever.key].format(f"{lever.show(low)} to {lever.show(high)}")
    return ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
