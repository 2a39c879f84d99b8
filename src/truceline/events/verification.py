"""Whether it is established that an incident happened: reported, corroborated, verified.

The ladder, by rule:

reported
    Somebody said so: one party, one kind of source, or nothing but weak reports.
corroborated
    Sources of independent kinds agree; or one post of the mission heard it; or the mission saw its traces.
verified
    The mission saw or recorded it, or so many of its posts heard it that it has a place.

Kinds of source, not reports, are counted: the press and the data sets made from it are one kind, everything
a party claims is one, what residents told the mission is one. A repetition, a point that stands for a whole
region, a label its authors advise against, a heat source that is always hot and an alert lift nothing.
Simulated reports lift nothing beside a real one; an incident of simulated reports alone is a simulated
incident and is assessed by the same ladder.

Nothing is refuted by rule. A status by rule may go up and down as reports come and go; one set by hand stands
until the next by hand. Who did it is another question: see `attribution`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.frames import make_frame
from truceline.events.kinds import GROUP_OF, OWN_MEANS, Flag, Kind, KindGroup, Means, Observation
from truceline.events.schema import VERIFICATIONS
from truceline.scenario.assumption import AssumptionSet

if TYPE_CHECKING:
    import pandas as pd

STATUSES = ("reported", "corroborated", "verified", "refuted")
REPORT_COLUMNS = ("report_id", "kind", "means", "observation", "post", "claimed_by", "flags")
"""Columns of `REPORTS` the ladder asks for."""
_WEAK = int(Flag.placeholder | Flag.persistent_heat | Flag.exact_repeat | Flag.weak_label)
_OWN = frozenset(str(means) for means in OWN_MEANS)
_TRACES = frozenset(str(kind) for kind, group in GROUP_OF.items() if group is KindGroup.consequence)


class Support(IntFlag):
    """What kinds of source speak for an incident."""

    seen = 1
    """The mission saw or recorded it."""
    traces = 2
    """The mission saw or recorded what it left behind."""
    heard = 4
    """The mission heard it, or an instrument of its own detected it."""
    residents = 8
    """Told to the mission on the spot."""
    published = 16
    """Press, and data sets, which are made from it."""
    satellite = 32
    party_a = 64
    party_b = 128


_WORDS = {
    Support.traces: "the mission saw traces",
    Support.residents: "residents told the mission",
    Support.published: "published",
    Support.satellite: "seen from space",
    Support.party_a: "claimed by side a",
    Support.party_b: "claimed by side b",
}


@dataclass(frozen=True)
class Ladder:
    """How much it takes; see the records `verification.*`."""

    posts_verify: int
    posts_corroborate: int
    kinds_corroborate: int


def read_ladder(assumptions: AssumptionSet | None = None) -> Ladder:
    """Return the numbers as the records say; the packaged ones by default."""
    known = load_watching_assumptions() if assumptions is None else assumptions
    return Ladder(
        posts_verify=int(known.value("verification.posts_verify")),
        posts_corroborate=int(known.value("verification.posts_corroborate")),
        kinds_corroborate=int(known.value("verification.kinds_corroborate")),
    )


def verify_incidents(
    incidents: pd.DataFrame, reports: pd.DataFrame, *, ladder: Ladder | None = None
) -> pd.DataFrame:
    """Return `VERIFICATIONS` by rule (no change_id), one row for each incident, in their order.

    `incidents` needs `incident_id` and `kind`; `reports` are the reports linked to them, newest version of
    each, with `incident_id` and REPORT_COLUMNS.
    """
    ladder = read_ladder() if ladder is None else ladder
    support, n_heard = find_support(incidents, reports)
    cases = support * (int(n_heard.max(initial=0)) + 1) + n_heard
    kinds, which = np.unique(cases, return_inverse=True)
    status, reason = np.empty(len(kinds), dtype=object), np.empty(len(kinds), dtype=object)
    for index, case in enumerate(kinds):
        speaking, posts = divmod(int(case), int(n_heard.max(initial=0)) + 1)
        status[index], reason[index] = climb(Support(speaking), posts, ladder)
    return make_frame(
        VERIFICATIONS,
        {
            "incident_id": incidents["incident_id"],
            "status": status[which],
            "method": "rule",
            "reason": reason[which],
        },
        n_rows=len(incidents),
    )


def climb(support: Support, n_heard: int, ladder: Ladder) -> tuple[str, str]:
    """Return the status that a kind of support reaches, and the rule it met."""
    if support & Support.seen:
        return "verified", "the mission saw or recorded it"
    if n_heard >= ladder.posts_verify:
        return "verified", f"heard by {n_heard} posts of the mission"
    spoken = [words for kind, words in _WORDS.items() if support & kind]
    if n_heard:
        spoken.insert(0, "heard by one post of the mission" if n_heard == 1 else f"heard by {n_heard} posts")
    n_kinds = len(spoken)
    words = ", ".join(spoken)
    if support & Support.traces or n_heard >= ladder.posts_corroborate > 0:
        return "corroborated", words
    if n_kinds >= ladder.kinds_corroborate:
        return "corroborated", f"independent kinds of source: {words}"
    if n_kinds:
        return "reported", f"one kind of source: {words}" if n_kinds == 1 else words
    return "reported", "no report that could lift it"


def find_support(
    incidents: pd.DataFrame, reports: pd.DataFrame
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which kinds of source speak for each incident (sum of Support), and how many posts heard it."""
    import pandas as pd

    ids = incidents["incident_id"].to_numpy(dtype=np.int64)
    support, n_heard = np.zeros(len(ids), dtype=np.int64), np.zeros(len(ids), dtype=np.int64)
    if not len(reports) or not len(ids):
        return support, n_heard
    owners = pd.Index(ids).get_indexer(reports["incident_id"].to_numpy(dtype=np.int64))
    speaks = (owners >= 0) & _may_lift(reports, owners, len(ids))
    kinds = _support_of(reports, incidents["kind"].to_numpy(dtype=object)[owners])
    np.bitwise_or.at(support, owners[speaks], kinds[speaks])
    heard = np.flatnonzero(speaks & (kinds == Support.heard))
    if len(heard):
        posts, names = pd.factorize(reports["post"].to_numpy(dtype=object)[heard])
        # A post without a name may be any of the others: it counts where it is the only one.
        is_named = np.array([name != "" for name in names])[posts]
        pairs = np.unique(np.column_stack([owners[heard][is_named], posts[is_named]]), axis=0)
        np.add.at(n_heard, pairs[:, 0], 1)
        unnamed = np.unique(owners[heard])
        n_heard[unnamed] = np.maximum(n_heard[unnamed], 1)
    return support, n_heard


def _may_lift(reports: pd.DataFrame, owners: NDArray[np.intp], n_incidents: int) -> NDArray[np.bool_]:
    """Tell which reports count: no weak ones, and no simulated ones beside a real one."""
    flags = reports["flags"].to_numpy(dtype="int64", na_value=0)
    is_simulated = (flags & int(Flag.simulated)) != 0
    has_real = np.zeros(n_incidents, dtype=bool)
    has_real[owners[~is_simulated & (owners >= 0)]] = True
    is_alert = (reports["kind"] == Kind.air_alert.value).to_numpy(dtype=bool)
    return np.asarray(((flags & _WEAK) == 0) & ~is_alert & ~(is_simulated & has_real[owners]))


def _support_of(reports: pd.DataFrame, incident_kinds: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return which kind of source each report is; 0 for one that cannot be told."""
    means = reports["means"]
    observation = reports["observation"]
    is_own = means.isin(_OWN).to_numpy(dtype=bool)
    saw = observation.isin([Observation.seen.value, Observation.recorded.value]).to_numpy(dtype=bool)
    sensed = observation.isin([Observation.heard.value, Observation.detected.value]).to_numpy(dtype=bool)
    told = (observation == Observation.told.value).to_numpy(dtype=bool)
    # Damage seen is a trace of fire; where the incident itself is the damage, it was seen.
    is_trace = reports["kind"].isin(_TRACES).to_numpy(dtype=bool) & ~np.isin(
        incident_kinds, np.array(sorted(_TRACES), dtype=object)
    )
    claimed = reports["claimed_by"].to_numpy(dtype=object)
    published = means.isin([Means.press.value, Means.dataset.value]).to_numpy(dtype=bool)
    satellite = (means == Means.satellite.value).to_numpy(dtype=bool)
    made = np.select(
        [
            claimed == "a",
            claimed == "b",
            is_own & saw & is_trace,
            is_own & saw,
            is_own & sensed,
            is_own & told,
            published,
            satellite,
        ],
        [
            Support.party_a, Support.party_b, Support.traces, Support.seen, Support.heard, Support.residents,
            Support.published, Support.satellite,
        ],
        default=0,
    )  # fmt: skip
    return np.asarray(made, dtype=np.int64)


def find_changed_verifications(made: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `made` that differ from the newest ones kept; decisions by hand stand."""
    known = current.set_index("incident_id")[["status", "reason", "method"]]
    before = known.reindex(made["incident_id"].to_numpy())
    same = (before["status"].to_numpy() == made["status"].to_numpy()) & (
        before["reason"].to_numpy() == made["reason"].to_numpy()
    )
    by_hand = (before["method"] == "hand").to_numpy(dtype=bool)
    return made[~same & ~by_hand].reset_index(drop=True)
