"""Totals over months and years by the rule of `day_counts`, without reading every row.

The store adds up judgements that are alike; only incidents that several clauses call a violation, and those
merged or refuted since, are read one by one and set right. The answer is that of `choose_rows`, exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.events.schema import JUDGEMENTS
from truceline.monitor.day_counts import (
    FIRE,
    JUDGED_COLUMNS,
    add_classes,
    add_counts,
    choose_rows,
    find_withdrawn,
    night_of,
    nights_of,
    round_acts,
)
from truceline.monitor.day_tally import ActClass, Count, Tally
from truceline.monitor.mission import Mission
from truceline.store.base import Selection, Store

if TYPE_CHECKING:
    import pandas as pd

_ALIKE = (
    "agreement", "clause", "region", "kind", "phase", "unit", "is_exercise",
    "acts_low", "acts_best", "acts_high",
)  # fmt: skip
_SUMS = ("low", "best", "high", "n")
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_FIRST_DAYS, _FIRST_GROWTH = 4, 4
"""Days looked through first for a violation, and how many times more in every further look."""


def total_violations(
    store: Store,
    since: datetime,
    until: datetime,
    mission: Mission,
    *,
    include_exercises: bool,
    agreement: str = "",
    as_of: int | None = None,
) -> pd.DataFrame:
    """Return violations by `area`, `act_class` and `phase`: `low`, `best`, `high` (acts) and `n` (incidents).

    Of incidents that begin from `since` until before `until` (UTC without zone). With `agreement`, those of
    its clauses alone, each incident once.
    """
    import pandas as pd

    equals: dict[str, Any] = {"verdict": "violation", "kind": FIRE}
    if agreement:
        equals["agreement"] = agreement
    select = Selection(since=since, until=until, equals=equals, as_of=as_of)
    alike = store.tally(JUDGEMENTS, select, by=_ALIKE)
    one_by_one = _find_special(store, alike, select)
    parts = [_weigh(add_classes(alike, mission), alike["n"].to_numpy(np.int64))]
    if one_by_one.size:
        special = Selection(
            since=since, until=until, equals=equals, ids={"incident_id": one_by_one}, as_of=as_of
        )
        rows = store.read_current(JUDGEMENTS, special, columns=JUDGED_COLUMNS)
        judged = add_counts(rows, mission)
        gone = judged["incident_id"].isin(find_withdrawn(store, since, until, as_of))
        chosen = choose_rows(judged[~gone])
        parts += [_weigh(judged, np.full(len(judged), -1)), _weigh(chosen, np.ones(len(chosen), np.int64))]
    rows = pd.concat(parts, ignore_index=True)
    if not include_exercises:
        rows = rows[~rows["is_exercise"]]
    totals = rows.groupby(["area", "act_class", "phase"], sort=True)[list(_SUMS)].sum().reset_index()
    return totals[totals["n"] > 0]


def tally_totals(totals: pd.DataFrame) -> Tally:
    """Return `violations`, `class.*` and `phase.*` of what `total_violations` returned."""
    counts = {"violations": _count(totals)}
    for word, part in totals.groupby("act_class", sort=True):
        counts[f"class.{word}"] = _count(part)
    explosions = totals[totals["act_class"] == str(ActClass.explosion)]
    for word, part in explosions.groupby("phase", sort=True):
        counts[f"phase.{word}"] = _count(part)
    return Tally(counts)


def find_first_night(
    store: Store, since: datetime, until: datetime, mission: Mission, *, as_of: int | None = None
) -> date | None:
    """Return the first reporting day in a period on which anything was judged a violation by fire."""
    equals = {"verdict": "violation", "kind": FIRE}
    asked, n_days = since, _FIRST_DAYS
    while asked < until:  # most periods begin with some: then the rest of a year need not be counted
        till = min(asked + n_days * _DAY, until)
        select = Selection(since=asked, until=till, equals=equals, as_of=as_of)
        days = store.tally(JUDGEMENTS, select, day_shift_h=0.0)
        if len(days):
            break
        asked, n_days = till, n_days * _FIRST_GROWTH
    else:
        return None
    first = days["day"].iloc[0].to_pydatetime()  # a day of UTC: the reporting day is read off its rows
    near = Selection(since=max(since, first), until=min(until, first + _DAY), equals=equals, as_of=as_of)
    moments = store.read_current(JUDGEMENTS, near, columns=("time_from",))["time_from"]
    return nights_of(moments, mission).min().date()  # type: ignore[no-any-return]


def find_busy_nights(
    store: Store,
    first: date,
    last: date,
    mission: Mission,
    *,
    include_exercises: bool,
    as_of: int | None = None,
) -> set[date]:
    """Return the reporting days from `first` to `last` with at least one violation that counts."""
    equals: dict[str, Any] = {"verdict": "violation", "kind": FIRE}
    if not include_exercises:
        equals["is_exercise"] = False
    n_rows: dict[date, int] = {}
    for since, until, shift_h in _even_stretches(first, last, mission):
        select = Selection(since=since, until=until, equals=equals, as_of=as_of)
        told = store.tally(JUDGEMENTS, select, day_shift_h=shift_h)
        if shift_h is None:  # one day, of 23 or 25 hours
            n_rows[night_of(since, mission)] = int(told["n"].sum())
        else:
            n_rows |= {row.day.date(): int(row.n) for row in told.itertuples()}
    since, until = _bounds(first, last, mission)
    gone = find_withdrawn(store, since, until, as_of)
    if gone.size:
        select = Selection(since=since, until=until, equals=equals, ids={"incident_id": gone}, as_of=as_of)
        moments = store.read_current(JUDGEMENTS, select, columns=("time_from",))["time_from"]
        for stamp, n in nights_of(moments, mission).value_counts().items():
            n_rows[stamp.date()] -= int(n)
    return {day for day, n in n_rows.items() if n > 0}


def _find_special(store: Store, alike: pd.DataFrame, select: Selection) -> Any:
    """Return the numbers of incidents whose rows may not simply be added up.

    Those under any clause but the commonest, of which some stand under that one too, and those withdrawn.
    """
    assert select.since is not None  # noqa: S101  (both are given by total_violations)
    assert select.until is not None  # noqa: S101
    found = [find_withdrawn(store, select.since, select.until, select.as_of)]
    sizes: Mapping[Any, int] = alike.groupby(["agreement", "clause"])["n"].sum().to_dict()
    commonest = max(sizes, key=lambda pair: (sizes[pair], pair), default=None)
    for agreement, clause in sizes:
        if (agreement, clause) == commonest:
            continue
        equals = {**select.equals, "agreement": agreement, "clause": clause}
        here = Selection(since=select.since, until=select.until, equals=equals, as_of=select.as_of)
        rows = store.read_current(JUDGEMENTS, here, columns=("incident_id",))
        found.append(rows["incident_id"].to_numpy(np.int64))
    return np.unique(np.concatenate(found))


def _weigh(rows: pd.DataFrame, weight: Any) -> pd.DataFrame:
    """Return acts and incidents of rows times a weight, with what they are grouped by."""
    low, best, high = round_acts(
        *(rows[f"acts_{bound}"].to_numpy(float) for bound in ("low", "best", "high"))
    )
    kept = rows[["area", "act_class", "phase", "is_exercise"]]
    return kept.assign(low=low * weight, best=best * weight, high=high * weight, n=weight)


def _count(totals: pd.DataFrame) -> Count:
    low, best, high, n = (int(totals[name].sum()) for name in _SUMS)
    return Count(low, best, high, n)


def _bounds(first: date, last: date, mission: Mission) -> tuple[datetime, datetime]:
    return mission.period(datetime.combine(last, time()), n_days=(last - first).days + 1)


def _even_stretches(
    first: date, last: date, mission: Mission
) -> Iterator[tuple[datetime, datetime, float | None]]:
    """Yield since, until and a shift in hours that turns a moment into one whose date is the reporting day.

    Stretches of days of 24 hours share a shift. A day in which clocks are changed stands alone, without one.
    """
    start, day = first, first
    while day <= last:
        following = day + _DAY
        is_even = _length(day, mission) == _DAY
        if not is_even or following > last or _length(following, mission) != _DAY:
            since, until = _bounds(start, day, mission)
            yield since, until, (datetime.combine(following, time()) - until) / _HOUR if is_even else None
            start = following
        day = following


def _length(day: date, mission: Mission) -> timedelta:
    since, until = _bounds(day, day, mission)
    return until - since
