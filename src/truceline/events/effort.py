"""Effort of observation: who watched where and for how long, and what share of the incidents that could see.

Hours by means, post, region and reporting day. A post counts once however many rows speak of it; where it
was kept out, jammed, down or blind it did not watch, whatever another row says of the same hours. The share
of incidents noticed is 1 - prod(1 - p * watched share) over the posts of a region, which takes posts to miss
independently: low and high ends come from the ends of p. Moments are UTC without zone. It judges nobody:
causes are repeated as they were recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.kinds import KindGroup
from truceline.scenario.assumption import AssumptionSet

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Spans = NDArray[np.int64]
"""Intervals in order and without overlaps: start and end in microseconds, shape (intervals, 2)."""

WATCHED = "watched"
"""State of a row of effort in which there was watching; every other state is watching lost."""

_PLAN_KINDS: Mapping[str, tuple[str, ...]] = {
    KindGroup.fire: ("small_arms", "mortar", "artillery_impact"),
    KindGroup.air: ("uav", "aircraft"),
    KindGroup.movement: ("person", "vehicle"),
}
"""Which kinds of a plan stand for a group of kinds of the watching."""

_HOUR = 3_600_000_000
"""Microseconds."""
_HOUR_COLUMNS = (
    "day", "region", "means", "post", "state", "cause", "group", "hours", "p", "p_low", "p_high", "is_own",
)  # fmt: skip
_CHANCES = ("p", "p_low", "p_high")
_NO_SPANS: Spans = np.empty((0, 2), dtype=np.int64)


def split_hours(
    efforts: pd.DataFrame, ends: Sequence[Any], *, assumptions: AssumptionSet | None = None
) -> pd.DataFrame:
    """Return the hours of each post, state and day, counted once.

    Parameters
    ----------
    efforts
        Rows of the table `efforts`.
    ends
        Ends of the reporting days, ascending, UTC: day i runs from ends[i - 1] to ends[i], so that n + 1
        ends make n days. Parts outside are left out. Days need not have 24 hours.

    Returns
    -------
    Rows with day (number, from 0), region, means, post, state, cause, group, hours, p, p_low, p_high, is_own:
    the chances of noticing, from the day's last row that gives one (`is_own`), else from the record of the
    means; NaN for means that watch nothing of their own (press, parties). A day is told from the rows that
    touch it, whatever the other days are.
    """
    import pandas as pd

    cuts = _in_microseconds(ends)
    rows: list[pd.DataFrame] = []
    known = efforts[efforts["time_from"].notna() & efforts["time_to"].notna()]
    known = known.sort_values(["time_from", "time_to", "key"], kind="stable")
    for (region, means, post), of_post in known.groupby(["region", "means", "post"], sort=True):
        place = {"region": region, "means": means, "post": post}
        is_lost = of_post["state"] != WATCHED
        lost = _NO_SPANS
        for (state, cause), part in of_post[is_lost].groupby(["state", "cause"], sort=True):
            spans = _unite(_spans_of(part))
            told = {"state": state, "cause": cause, "group": "", "p": 0.0, "p_low": 0.0, "p_high": 0.0}
            rows.append(_by_day(_subtract(spans, lost), cuts, {**place, **told, "is_own": True}))
            lost = _unite(np.concatenate([lost, spans]))
        for group, part in of_post[~is_lost].groupby("group", sort=True):
            made = _by_day(_subtract(_unite(_spans_of(part)), lost), cuts, {**place, "state": WATCHED})
            chances = _chances_by_day(part, str(means), cuts, assumptions).loc[made["day"]]
            rows.append(made.assign(cause="", group=group, **{n: chances[n].to_numpy() for n in chances}))
    rows = [part for part in rows if len(part)]
    if not rows:
        return pd.DataFrame({name: [] for name in _HOUR_COLUMNS})
    return pd.concat(rows, ignore_index=True)[list(_HOUR_COLUMNS)]


def measure_exposure(
    hours: pd.DataFrame, ends: Sequence[Any], *, group: str = "", regions: Sequence[str] = ()
) -> pd.DataFrame:
    """Return, for each region and day, the hours watched and lost and the share of incidents noticed.

    hours: from `split_hours` over the same `ends`. `group` asks for a group of kinds: a row about that group
    takes the place of the post's rows about all kinds. `regions` names regions that must appear even if
    nobody watched them: their share noticed is 0. Returns region, day, hours_watched, hours_lost,
    watched_share (of the hours planned: watched and lost), share, share_low, share_high.
    """
    import pandas as pd

    lengths_h = np.diff(_in_microseconds(ends)) / _HOUR
    names = sorted({*map(str, hours["region"]), *regions})
    grid = pd.MultiIndex.from_product([names, range(len(lengths_h))], names=["region", "day"])
    is_watched = hours["state"] == WATCHED
    made = pd.DataFrame(
        {
            "hours_watched": _hours_of_posts(hours[is_watched]).reindex(grid, fill_value=0.0),
            "hours_lost": _hours_of_posts(hours[~is_watched]).reindex(grid, fill_value=0.0),
        }
    )
    planned = made["hours_watched"] + made["hours_lost"]
    made["watched_share"] = (made["hours_watched"] / planned.where(planned > 0)).fillna(0.0)
    watched = _choose_group(hours[is_watched], group)
    time_share = watched["hours"].to_numpy(float) / lengths_h[watched["day"].to_numpy(dtype=np.int64)]
    for name, p in (("share", "p"), ("share_low", "p_low"), ("share_high", "p_high")):
        noticed = np.clip(np.nan_to_num(watched[p].to_numpy(float)) * time_share, 0.0, 1.0)
        missed = pd.Series(1.0 - noticed, index=watched.index)
        by_day = missed.groupby([watched["region"], watched["day"]]).prod()
        made[name] = 1.0 - by_day.reindex(grid, fill_value=1.0)
    return made.reset_index()


def sum_by_means(hours: pd.DataFrame) -> pd.DataFrame:
    """Return hours watched and lost by region and means, with the number of posts that watched.

    hours: from `split_hours`. Each post counts once however many groups of kinds it has, as in
    `measure_exposure`. Returns region, means, hours_watched, hours_lost, n_posts.
    """
    import pandas as pd

    by = ["region", "means"]
    is_watched = hours["state"] == WATCHED
    posts = hours[is_watched].groupby(by)["post"].nunique()
    made = pd.DataFrame(
        {
            "hours_watched": _hours_of_posts(hours[is_watched], by),
            "hours_lost": _hours_of_posts(hours[~is_watched], by),
            "n_posts": posts,
        }
    )
    return made.fillna(0.0).astype({"n_posts": "int64"}).reset_index()


def list_losses(hours: pd.DataFrame) -> pd.DataFrame:
    """Return the hours of watching lost by region, means, post, state and cause, most first."""
    lost = hours[hours["state"] != WATCHED]
    by = ["region", "means", "post", "state", "cause"]
    summed = lost.drop_duplicates(["day", *by]).groupby(by, sort=True)["hours"].sum().reset_index()
    return summed.sort_values(["hours", *by], ascending=[False, *[True] * len(by)], ignore_index=True)


def p_detect_of_plan(
    detection: Sequence[Mapping[str, str]], posture: str, *, assumptions: AssumptionSet | None = None
) -> dict[tuple[str, str], tuple[float, float, float]]:
    """Return the chance that an incident is noticed, with low and high, by sector and group of kinds.

    detection: rows of the table `detection` of a plan (by, which, weight_share, detect_share). The mean of
    a group is over its kinds by their weights; a sector's chance is scaled by how it stands to the whole.
    The sector "" is the whole line, the group "" all kinds. Low and high are `effort.posture_spread` each
    way: plans give none. This is the chance for the whole posture; `fill_chances` divides it among posts.
    Raises KeyError where the plan has no such posture.
    """
    records = assumptions or load_watching_assumptions()
    spread = records.value("effort.posture_spread")
    rows = [row for row in detection if row["posture"] == posture]
    if not rows:
        raise KeyError(posture)
    kinds = {row["which"]: row for row in rows if row["by"] == "kind"}
    whole = next(float(row["detect_share"]) for row in rows if row["by"] == "all")
    sectors = {row["which"]: float(row["detect_share"]) for row in rows if row["by"] == "sector"}
    groups = {"": whole}
    for group, names in _PLAN_KINDS.items():
        chosen = [kinds[name] for name in names if name in kinds]
        if chosen:
            weights = np.array([float(row["weight_share"] or 0.0) for row in chosen])
            shares = np.array([float(row["detect_share"]) for row in chosen])
            weights = weights if weights.sum() > 0 else np.ones(len(weights))
            groups[str(group)] = float(np.average(shares, weights=weights))
    made = {}
    for sector, of_sector in {"": whole, **sectors}.items():
        for name, share in groups.items():
            p = min(share * of_sector / whole, 1.0) if whole > 0 else 0.0
            made[sector, name] = (p, p * (1.0 - spread), min(p * (1.0 + spread), 1.0))
    return made


def fill_chances(
    hours: pd.DataFrame, chances: Mapping[tuple[str, str], tuple[float, float, float]], *, group: str = ""
) -> pd.DataFrame:
    """Return the hours with the chances of a posture where a row of effort gave none of its own.

    hours: from `split_hours`. `chances` as `p_detect_of_plan` returns them; the region is looked up among
    the sectors, else the whole line stands for it. The n posts that a region has on a day, be they watching
    or kept from it, share the chance of the posture: each gets 1 - (1 - p)^(1/n), so that all of them
    watching together notice p, and fewer of them less.
    """
    filled = hours.reset_index(drop=True).copy()
    is_open = (filled["state"] == WATCHED) & ~filled["is_own"].astype(bool)
    posts = filled[["region", "day", "means", "post"]].drop_duplicates()
    n_posts = posts.groupby(["region", "day"]).size().rename("n_posts")
    n = filled[["region", "day"]].join(n_posts, on=["region", "day"])["n_posts"].to_numpy(dtype=float)
    for region in sorted(set(filled.loc[is_open, "region"])):
        whole = chances.get((region, group), chances.get(("", group), chances["", ""]))
        rows = (is_open & (filled["region"] == region)).to_numpy()
        for name, p in zip(_CHANCES, whole, strict=True):
            filled.loc[rows, name] = 1.0 - (1.0 - p) ** (1.0 / n[rows])
    return filled


def _in_microseconds(moments: Any) -> IntArray:
    return np.asarray(np.asarray(moments, dtype="datetime64[us]").astype(np.int64))


def _spans_of(rows: pd.DataFrame) -> Spans:
    starts, ends = _in_microseconds(rows["time_from"]), _in_microseconds(rows["time_to"])
    return np.column_stack([starts, ends])


def _unite(spans: Spans) -> Spans:
    """Return intervals in any order as intervals in order and without overlaps; those that touch are one."""
    spans = spans[spans[:, 1] > spans[:, 0]]
    if not len(spans):
        return _NO_SPANS
    spans = spans[np.argsort(spans[:, 0], kind="stable")]
    reach = np.maximum.accumulate(spans[:, 1])
    begins = np.flatnonzero(np.concatenate([[True], spans[1:, 0] > reach[:-1]]))
    return np.column_stack([spans[begins, 0], reach[np.append(begins[1:], len(spans)) - 1]])


def _subtract(spans: Spans, taken: Spans) -> Spans:
    """Return the parts of `spans` outside `taken`; both without overlaps and in order."""
    if not len(taken):
        return spans
    # Between two neighbouring ends of either list nothing changes: each piece is in or out as its start is.
    points = np.unique(np.concatenate([spans.ravel(), taken.ravel()]))
    is_free = _covers(spans, points[:-1]) & ~_covers(taken, points[:-1])
    return _unite(np.column_stack([points[:-1], points[1:]])[is_free])


def _covers(spans: Spans, moments: IntArray) -> NDArray[np.bool_]:
    begun = np.searchsorted(spans[:, 0], moments, side="right")
    ended = np.searchsorted(spans[:, 1], moments, side="right")
    return np.asarray(begun > ended)


def _by_day(spans: Spans, cuts: IntArray, told: dict[str, Any]) -> pd.DataFrame:
    """Return one row for each day that the spans touch."""
    import pandas as pd

    # Time covered before each cut: the spans that began before it, less what of the last lies after it.
    sums = np.concatenate([[0], np.cumsum(spans[:, 1] - spans[:, 0])])
    begun = np.searchsorted(spans[:, 0], cuts, side="right")
    last_ends = np.concatenate([[np.iinfo(np.int64).min], spans[:, 1]])[begun]
    covered = sums[begun] - np.maximum(np.where(begun > 0, last_ends, cuts) - cuts, 0)
    hours = np.diff(covered) / _HOUR
    days = np.flatnonzero(hours > 0)
    return pd.DataFrame({"day": days, "hours": hours[days]}).assign(**told)


def _chances_by_day(
    rows: pd.DataFrame, means: str, cuts: IntArray, assumptions: AssumptionSet | None
) -> pd.DataFrame:
    """Return p, p_low, p_high, is_own of each day: of its last row that gives a chance, or of the record."""
    import pandas as pd

    record = (assumptions or load_watching_assumptions()).get(f"effort.p_detect.{means}")
    usual = (np.nan, np.nan, np.nan) if record is None else (record.value, *record.bounds)
    n_days = max(len(cuts) - 1, 0)
    made = {name: np.full(n_days, value) for name, value in zip(_CHANCES, usual, strict=True)}
    made["is_own"] = np.zeros(n_days, dtype=bool)
    given = rows[rows["p_detect"].notna()]
    spans = _spans_of(given)
    first = np.maximum(np.searchsorted(cuts, spans[:, 0], side="right") - 1, 0)
    past = np.searchsorted(cuts, spans[:, 1], side="left")
    p = given["p_detect"].to_numpy(float)
    low, high = (
        np.where(np.isnan(end), p, end)
        for end in (given["p_detect_low"].to_numpy(float), given["p_detect_high"].to_numpy(float))
    )
    for at in range(len(given)):
        days = slice(first[at], past[at])
        for name, value in zip(_CHANCES, (p[at], low[at], high[at]), strict=True):
            made[name][days] = value
        made["is_own"][days] = True
    return pd.DataFrame(made)


def _choose_group(watched: pd.DataFrame, group: str) -> pd.DataFrame:
    """Return, for each post and day, its row about `group`; else about all kinds; else the least sharp."""
    ranked = watched.assign(
        rank=np.where(watched["group"] == group, 0, np.where(watched["group"] == "", 1, 2)),
        p_rank=watched["p"].fillna(0.0),
    ).sort_values(["region", "day", "means", "post", "rank", "p_rank", "group"])
    if group:
        # What is known about another group of kinds alone says nothing about this one.
        ranked = ranked[ranked["rank"] < 2]
    chosen: pd.DataFrame = ranked.drop_duplicates(["region", "day", "means", "post"])
    return chosen


def _hours_of_posts(rows: pd.DataFrame, by: Sequence[str] = ("region", "day")) -> pd.Series:
    """Return hours summed over posts and days, each once however many groups of kinds it has."""
    each = ["region", "day", "means", "post"]
    by_group = rows.groupby([*each, "group"])["hours"].sum()
    by_post = by_group.groupby(each).max()
    summed: pd.Series = by_post.groupby(list(by)).sum()
    return summed
