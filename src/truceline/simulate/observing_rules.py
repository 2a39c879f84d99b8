"""How well a simulated mission notices and writes down what happens: the records `observing.*` as one object.

Lengths in metres or kilometres and times in seconds, hours or days, as the names say; shares and chances from
0 to 1. Nothing here is measured on the mission that is rehearsed: every record has a range.
"""

from __future__ import annotations

from dataclasses import dataclass

from truceline.scenario.assumption import AssumptionSet
from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.watch import RUNGS

PREFIX = "observing."
"""What the names of these assumptions begin with."""


@dataclass(frozen=True)
class ObservingRules:
    """How an incident becomes reports; see the records `observing.*` for meaning, range and source."""

    depth_km: tuple[float, ...]
    """Greatest distance from the line at which each rung of the ladder is fired."""
    post_spacing_km: float
    post_setback_km: float
    seen_share: float
    double_share: float
    told_share: float
    told_delay_days: float
    told_radius_m: float
    clock_error_s: float
    hour_only_share: float
    day_only_share: float
    position_error_m: float
    error_ratio: float
    wrong_place_share: float
    wrong_place_by_km: float
    bearing_error_deg: float
    range_stated_share: float
    range_error: float
    undetermined_share: float
    kind_error: float
    count_share: float
    round_gap_s: float
    report_delay_h: float
    late_share: float
    late_delay_days: float
    false_told_share: float


def read_observing_rules(assumptions: AssumptionSet | None = None) -> ObservingRules:
    """Return the rules as the records say; the packaged ones by default."""
    known = load_ceasefire_assumptions() if assumptions is None else assumptions

    def value(name: str) -> float:
        return known.value(PREFIX + name)

    return ObservingRules(
        depth_km=tuple(value(f"depth_{rung}") for rung in RUNGS),
        post_spacing_km=value("post_spacing"),
        post_setback_km=value("post_setback"),
        seen_share=value("seen_share"),
        double_share=value("double_share"),
        told_share=value("told_share"),
        told_delay_days=value("told_delay"),
        told_radius_m=value("told_radius"),
        clock_error_s=value("clock_error"),
        hour_only_share=value("hour_only_share"),
        day_only_share=value("day_only_share"),
        position_error_m=value("position_error"),
        error_ratio=value("error_ratio"),
        wrong_place_share=value("wrong_place_share"),
        wrong_place_by_km=value("wrong_place_by"),
        bearing_error_deg=value("bearing_error"),
        range_stated_share=value("range_stated_share"),
        range_error=value("range_error"),
        undetermined_share=value("undetermined_share"),
        kind_error=value("kind_error"),
        count_share=value("count_share"),
        round_gap_s=value("round_gap"),
        report_delay_h=value("report_delay"),
        late_share=value("late_share"),
        late_delay_days=value("late_delay"),
        false_told_share=value("false_told_share"),
    )
