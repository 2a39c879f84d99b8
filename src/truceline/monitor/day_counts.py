"""The rule by which violations are counted, in one place: the day, the night before and the running totals.

What counts: an incident of fire that at least one clause in force calls a violation, once however many
clauses do, in the period in which it can have begun at the earliest. Its acts are whole numbers, rounded
once, here: least down, most up, most likely to the nearest and at least one; an incident without a number
is one act. Sums of the rows are then the figures of the text, exactly. Merged and refuted incidents are out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.kinds import KINETIC, Kind, Phase
from truceline.events.schema import INCIDENTS, JUDGEMENTS, VERIFICATIONS
from truceline.monitor.day_tally import ActClass, Count, Tally
from truceline.monitor.mission import Mission
from truceline.store.base import Selection, Store
from truceline.store.filters import Missing, Not

if TYPE_CHECKING:
    import pandas as pd

OTHER = ""
"""Region of everything outside the mission's regions."""
JUDGED_COLUMNS = (
    "incident_id", "time_from", "agreement", "clause", "verdict", "region", "kind", "phase", "unit", "p",
    "acts_low", "acts_best", "acts_high", "is_exercise",
)  # fmt: skip
_CLASS_OF_KIND = {
    str(kind): ActClass[kind.name] if kind.name in ActClass.__members__ else ActClass.incident
    for kind in Kind
}
_CLASS_OF_UNIT = {
    "explosions": ActClass.explosion,
    "projectiles": ActClass.projectile,
    "muzzle flashes": ActClass.muzzle_flash,
    "muzzle_flashes": ActClass.muzzle_flash,
    "flares": ActClass.flare,
    "tracers": ActClass.tracer,
    "bursts": ActClass.burst,
    "shots": ActClass.shot,
}
FIRE = tuple(str(kind) for kind in KINETIC)
"""Kinds whose violations are violations of the ceasefire."""
_PHASES = {str(phase) for phase in Phase}
_DAY = timedelta(days=1)


def read_judged(
    store: Store, since: datetime, until: datetime, mission: Mission, *, as_of: int | None = None
) -> pd.DataFrame:
    """Return the judgements that call an incident of fire a violation, or unclear, ready to be counted.

    One row for each incident and clause, with `low`, `best`, `high` (whole acts), `act_class`, `area` (the
    mission's region, or OTHER), `phase` (undetermined for explosions of none) and `night` (datetime64, the
    reporting day). `since` and `until` in UTC without zone.
    """
    equals = {"verdict": ("violation", "unclear"), "kind": FIRE}
    wanted = Selection(since=since, until=until, equals=equals, as_of=as_of)
    judged = store.read_current(JUDGEMENTS, wanted, columns=JUDGED_COLUMNS)
    if not judged.empty:
        judged = judged[~judged["incident_id"].isin(find_withdrawn(store, since, until, as_of))]
    return add_counts(judged.reset_index(drop=True), mission)


def add_counts(judged: pd.DataFrame, mission: Mission) -> pd.DataFrame:
    """Return the frame with the columns `read_judged` promises."""
    low, best, high = round_acts(
        *(judged[f"acts_{bound}"].to_numpy(float) for bound in ("low", "best", "high"))
    )
    night = nights_of(judged["time_from"], mission)
    return add_classes(judged, mission).assign(low=low, best=best, high=high, night=night)


def add_classes(judged: pd.DataFrame, mission: Mission) -> pd.DataFrame:
    """Return the frame with `act_class`, `area` and `phase` as they are counted."""
    classes = _classes(judged["kind"], judged["unit"])
    is_open = (classes == str(ActClass.explosion)) & ~judged["phase"].isin(_PHASES)
    return judged.assign(
        phase=judged["phase"].mask(is_open, str(Phase.undetermined)),
        act_class=classes,
        area=name_areas(judged["region"], mission),
    )


def round_acts(low: Any, best: Any, high: Any) -> tuple[Any, Any, Any]:
    """Return whole numbers of acts (arrays of int64) of which the first is least and the last most.

    Bounds that are missing are the most likely number, and that is one where it is missing.
    """
    best = np.where(np.isfinite(best), best, 1.0)
    whole = np.maximum(np.floor(best + 0.5), 1.0)
    lower = np.where(np.isfinite(low), np.floor(low), whole)
    upper = np.where(np.isfinite(high), np.ceil(high), whole)
    return (
        np.clip(lower, 0.0, whole).astype(np.int64),
        whole.astype(np.int64),
        np.maximum(upper, whole).astype(np.int64),
    )


def class_of(kind: str, unit: str) -> str:
    """Return the class in which acts of a kind are counted; a shelling counted in explosions is those."""
    named = _CLASS_OF_KIND.get(kind, ActClass.incident)
    if named is ActClass.incident:
        named = _CLASS_OF_UNIT.get(unit.strip().lower(), named)
    return str(named)


def name_areas(regions: pd.Series, mission: Mission) -> pd.Series:
    """Return the mission's region of each region as the sources have it; OTHER for all that are none."""
    names = {region.name for region in mission.regions}
    mapping = {word: mission.region_of(word) for word in regions.unique()}
    return regions.map({word: name if name in names else OTHER for word, name in mapping.items()})


def nights_of(moments: pd.Series, mission: Mission) -> pd.Series:
    """Return the reporting day (datetime64 at midnight) in which each moment (UTC) falls.

    A reporting day has the local date on which it ends; the cut-off itself belongs to the next one.
    """
    local = moments.dt.tz_localize("UTC").dt.tz_convert(mission.zone).dt.tz_localize(None)
    return (local + (_DAY - _since_midnight(mission.cutoff))).dt.floor("D")


def night_of(moment: datetime, mission: Mission) -> date:
    """Return the reporting day in which one moment (UTC without zone) falls."""
    from zoneinfo import ZoneInfo

    local = moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(mission.zone)).replace(tzinfo=None)
    return (local + (_DAY - _since_midnight(mission.cutoff))).date()


def choose_rows(judged: pd.DataFrame, by: Sequence[str] = ("incident_id",)) -> pd.DataFrame:
    """Return one row for each incident: what is counted of it, under the clause with the most acts.

    A violation goes before what is unclear; among equals the first agreement and clause by name are kept. An
    exercise under one clause is an exercise. With `by` also naming the agreement, once for each agreement.
    """
    keys = list(by)
    twice = judged.duplicated(keys, keep=False)
    if not twice.any():
        return judged
    several = judged[twice].copy()
    several["is_exercise"] = several.groupby(keys)["is_exercise"].transform("any")
    several["_rank"] = (several["verdict"] != "violation").astype(int)
    order = [*keys, "_rank", "best", "agreement", "clause"]
    several = several.sort_values(order, ascending=[True] * len(keys) + [True, False, True, True])
    kept = several.drop_duplicates(keys).drop(columns="_rank")
    import pandas as pd

    return pd.concat([judged[~twice], kept]).sort_index()


def tally_frame(chosen: pd.DataFrame, *, include_exercises: bool) -> Tally:
    """Return `violations`, `class.*` and `phase.*` of rows from `choose_rows`."""
    counted = chosen[is_counted(chosen, include_exercises=include_exercises)]
    counts = {"violations": count_frame(counted)}
    for word, part in counted.groupby("act_class", sort=True):
        counts[f"class.{word}"] = count_frame(part)
    explosions = counted[counted["act_class"] == str(ActClass.explosion)]
    for word, part in explosions.groupby("phase", sort=True):
        counts[f"phase.{word}"] = count_frame(part)
    return Tally(counts)


def is_counted(chosen: pd.DataFrame, *, include_exercises: bool) -> pd.Series:
    """Tell of each row whether it is among the violations."""
    counted = chosen["verdict"] == "violation"
    return counted if include_exercises else counted & ~chosen["is_exercise"]


def count_frame(rows: pd.DataFrame) -> Count:
    """Return what some rows add up to."""
    low, best, high = (int(rows[bound].sum()) for bound in ("low", "best", "high"))
    return Count(low, best, high, len(rows))


def sum_by(rows: pd.DataFrame, columns: Sequence[str]) -> Mapping[Any, int]:
    """Return the most likely acts of rows by the values of some columns."""
    if rows.empty:
        return {}
    by = list(columns) if len(columns) > 1 else columns[0]
    return rows.groupby(by, sort=True)["best"].sum().to_dict()  # type: ignore[no-any-return]


def _classes(kinds: pd.Series, units: pd.Series) -> pd.Series:
    named = kinds.map(_CLASS_OF_KIND).astype(object)
    open_ = named == ActClass.incident
    told = units[open_].str.strip().str.lower().map(_CLASS_OF_UNIT)
    named.loc[told.index] = told.where(told.notna(), ActClass.incident)
    return named.map(str)


def find_withdrawn(store: Store, since: datetime, until: datetime, as_of: int | None) -> Any:
    """Return the numbers (int64) of incidents that became part of others, or were refuted.

    Judging again takes them out as well; until then their old verdicts stand. The merged are those of the
    period, the refuted those of any.
    """
    is_merged = Selection(since=since, until=until, where=Not(Missing("merged_into")), as_of=as_of)
    merged = store.read_current(INCIDENTS, is_merged, columns=("incident_id",))
    is_refuted = Selection(equals={"status": "refuted"}, as_of=as_of)
    refuted = store.read_current(VERIFICATIONS, is_refuted, columns=("incident_id",))
    return np.union1d(*(rows["incident_id"].to_numpy(np.int64) for rows in (merged, refuted)))


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
