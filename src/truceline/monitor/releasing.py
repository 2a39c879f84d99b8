"""Who may see an incident beyond its being counted, and how exactly: the rule for every route and product.

An incident is for the mission until somebody releases it, to the parties or to the public; its being counted
is withheld from nobody. What leaves the mission leaves late, rounded, and without what points to the
mission's own posts or repeats anybody's words. A release can be taken back, which calls back nothing that was
published meanwhile. No product is written here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from truceline.errors import Problem
from truceline.events.catalogue import load_watching_assumptions
from truceline.events.frames import make_frame
from truceline.events.kinds import Releasability
from truceline.events.schema import INCIDENTS, RELEASES, VERIFICATIONS
from truceline.geo.ellipsoid import SPHERE_KM_PER_DEGREE
from truceline.monitor.past_links import say_gone
from truceline.store.base import Among, Selection, Store, StoreError

if TYPE_CHECKING:
    import pandas as pd

LEVELS = tuple(Releasability)
"""From the widest circle to the narrowest."""
NEVER_TOLD = ("text", "original", "truth")
"""Columns that leave the store at no level: the words of sources, and what made a simulated report."""
OF_THE_MISSION = (
    "post", "posts", "observer_lon", "observer_lat", "bearing_deg", "bearing_width_deg", "range_min_m",
    "range_max_m", "source", "source_ref", "key", "digest", "device", "words", "reason", "side_basis",
)  # fmt: skip
"""Columns that stay within the mission: where its posts stand, who spoke, and what was written by hand."""
_ALL_KINDS = ("incidents", "judgements", "effort", "reports", "posts", "cells")
_RULED = ("verified", "refuted")
"""Statuses whose incidents a rule may release to the parties: what is established, either way."""
SIGMA_STEP_M = 100.0
"""Metres to which standard deviations are rounded up outside the mission: an exact one tells the range."""


@dataclass(frozen=True)
class ReleaseRule:
    """How exactly, and how late, what a level may see is told to it."""

    level: Releasability
    decimals: int
    """Of a degree, of positions."""
    delay: timedelta
    """After the end of an incident."""
    time_step: timedelta
    """To which times are widened; zero leaves them."""

    @property
    def step_m(self) -> float:
        """Length of a step of rounding along a meridian, metres."""
        return float(1000.0 * SPHERE_KM_PER_DEGREE * 10.0**-self.decimals)

    @property
    def error_m(self) -> float:
        """Standard deviation of an error that is even within a step of rounding, metres."""
        return self.step_m / math.sqrt(12.0)

    def widen_sigma(self, sigma_m: float) -> float:
        """Return the standard deviation of a rounded position, metres; coarser outside the mission."""
        widened = math.hypot(sigma_m, self.error_m)
        if self.is_mission or not math.isfinite(widened):
            return widened
        return math.ceil(widened / SIGMA_STEP_M) * SIGMA_STEP_M

    @property
    def is_mission(self) -> bool:
        """Tell whether everything may be seen."""
        return self.level is Releasability.mission


def release_rule(level: Releasability) -> ReleaseRule:
    """Return the rule of a level, from the records; the mission's is that of its exports."""
    known = load_watching_assumptions()
    if level is Releasability.mission:
        decimals, delay_h = known.value("export.position_decimals"), known.value("export.delay")
        return ReleaseRule(level, int(decimals), timedelta(hours=delay_h), timedelta())
    return ReleaseRule(
        level,
        int(known.value(f"release.{level}.position_decimals")),
        timedelta(hours=known.value(f"release.{level}.delay")),
        timedelta(hours=known.value(f"release.{level}.time_step")),
    )


def read_level(word: str, where: str = "level") -> Releasability:
    """Return a level as typed; StoreError for a word that is none."""
    if word in LEVELS:
        return Releasability(word)
    hint = f"write {', '.join(LEVELS[:-1])} or {LEVELS[-1]}"
    raise StoreError("releasability", [Problem(where, f"'{word}' is no level of releasability", hint)])


def kinds_seen(level: Releasability) -> tuple[str, ...]:
    """Return the kinds of record a level sees at all.

    The parties see effort, without its posts: a count misleads without the watching behind it, and whoever
    kept monitors out is told what that cost. Single reports, posts and cells show how the mission watches.
    """
    if level is Releasability.mission:
        return _ALL_KINDS
    return ("incidents", "judgements", "effort") if level is Releasability.parties else _ALL_KINDS[:2]


def levels_for(level: Releasability) -> tuple[str, ...]:
    """Return the levels of the incidents that a holder of `level` may see: his own and all wider circles."""
    return tuple(str(each) for each in LEVELS[: LEVELS.index(level) + 1])


def visible_to(level: Releasability) -> tuple[Among, ...]:
    """Return conditions by which rows with an `incident_id` are chosen that this level may see."""
    if level is Releasability.mission:
        return ()
    return (Among(RELEASES, "incident_id", Selection(equals={"level": levels_for(level)})),)


def read_levels(store: Store, ids: Iterable[int], *, as_of: int | None = None) -> dict[int, Releasability]:
    """Return the level of every incident numbered in `ids`; one that was never released is the mission's."""
    wanted = [int(number) for number in ids]
    rows = _read_releases(store, wanted, as_of)
    held = {int(row.incident_id): Releasability(row.level) for row in rows.itertuples()}
    return {number: held.get(number, Releasability.mission) for number in wanted}


def release_incidents(
    store: Store,
    ids: Iterable[int],
    level: Releasability,
    *,
    who: str,
    why: str,
    method: str = "hand",
) -> int:
    """Set who may see some incidents, as one change; return how many decisions were new.

    An incident that has the level already is left alone, but for one never decided on that a person holds
    for the mission: no rule releases it then. To lower a level is possible at any time, and what was
    published before stays published.

    Raises StoreError that names every incident that is not there or became part of another, and where `who`
    or `why` is empty; nothing is changed then.
    """
    wanted = sorted({int(number) for number in ids})
    with store.turn():
        problems = _check(store, wanted, who, why)
        if problems:
            raise StoreError("release", problems)
        rows = _read_releases(store, wanted, None)
        held = dict(zip(rows["incident_id"].astype(int), rows["level"], strict=True))
        unset = "" if method == "hand" else Releasability.mission
        new = [number for number in wanted if held.get(number, unset) != level]
        if not new:
            return 0
        frame = make_frame(
            RELEASES,
            {"incident_id": new, "level": str(level), "method": method, "reason": why},
            n_rows=len(new),
        )
        with store.change(who=who, what="release", why=why) as change:
            change.append(RELEASES, frame)
            change.note({"level": str(level), "incidents": len(new), "method": method})
    return len(new)


def release_by_rule(
    store: Store,
    *,
    who: str,
    why: str,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
) -> int:
    """Release to the parties what is established, either way, and older than their delay; return how many.

    Verified and refuted incidents on which nobody decided by hand; simulated ones like others. `now` and
    the period are UTC without zone. Nothing is ever released to the public by rule. Errors as
    `release_incidents`.
    """
    last = now - release_rule(Releasability.parties).delay
    with store.turn():
        select = Selection(since=since, until=until, among=(_established(),))
        columns = ("incident_id", "merged_into", "time_from", "time_to")
        rows = store.read_current(INCIDENTS, select, columns=columns)
        rows = rows[
            rows["merged_into"].isna().to_numpy()
            & has_ended(rows["time_from"].to_numpy(), rows["time_to"].to_numpy(), last)
        ]
        ids = rows["incident_id"].to_numpy(dtype=np.int64)
        decided = _read_releases(store, ids.tolist(), None)
        free = np.setdiff1d(ids, decided["incident_id"].to_numpy(dtype=np.int64))
        if not free.size:
            return 0
        return release_incidents(store, free.tolist(), Releasability.parties, who=who, why=why, method="rule")


def has_ended(starts: NDArray[Any], ends: NDArray[Any] | None, moment: datetime) -> NDArray[np.bool_]:
    """Tell which rows had ended by a moment; one without an end ended when it began, one without both never.

    starts, ends: times without zone, NaT where missing.
    """
    last = starts if ends is None else np.where(np.isnat(ends), starts, ends)
    return np.asarray(last <= np.datetime64(moment), dtype=bool)


def _established() -> Among:
    return Among(VERIFICATIONS, "incident_id", Selection(equals={"status": _RULED}))


def _read_releases(store: Store, ids: list[int], as_of: int | None) -> pd.DataFrame:
    numbers = np.asarray(ids, dtype=np.int64)
    return store.read_current(RELEASES, Selection(ids={"incident_id": numbers}, as_of=as_of))


def _check(store: Store, ids: list[int], who: str, why: str) -> list[Problem]:
    """Return what is wrong with a release: every incident that does not stand, and missing words."""
    numbers = np.asarray(ids, dtype=np.int64)
    columns = ("incident_id", "merged_into")
    rows = store.read_current(INCIDENTS, Selection(ids={"incident_id": numbers}), columns=columns)
    known = {int(number) for number in rows["incident_id"]}
    gone = rows[rows["merged_into"].notna()]
    became = dict(zip(gone["incident_id"].astype(int), gone["merged_into"].astype(int), strict=True))
    problems = []
    if not who.strip():
        problems.append(Problem("who", "is empty", "a release needs somebody who made it"))
    if not why.strip():
        problems.append(Problem("why", "is empty", "a release needs a reason; it is kept with it"))
    for number in ids:
        if number not in known:
            hint = "see the numbers in the report or its annex"
            problems.append(Problem(f"incident {number}", "is not in the store", hint))
        elif number in became:
            found = say_gone(became[number])
            problems.append(Problem(f"incident {number}", found, "release the one that stands"))
    return problems
