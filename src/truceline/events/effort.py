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
MomentArray = NDArray[np.datetime64]

Span = tuple[np.datetime64, np.datetime64]

WATCHED = "watched"
"""State of a row of effort in which there was watching; every other state is watching lost."""

_PLAN_KINDS: Mapping[str, tuple[str, ...]] = {
    KindGroup.fire: ("small_arms", "mortar", "artillery_impact"),
    KindGroup.air: ("uav", "aircraft"),
    KindGroup.movement: ("person", "vehicle"),
}
"""Which kinds of a plan stand for a group of kinds of the watching."""

_HOUR = np.timedelta64(3_600_000_000, "us")
_HOUR_COLUMNS = ("day", "region", "means", "post", "state", "cause", "group", "hours", "p", "p_low", "p_high")


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
    Rows with day (number, from 0), region, means, post, state, cause, group, hours, p, p_low, p_high: the
    chances of noticing, from the row where it gives one, else from the record of its means; NaN for means
    that watch nothing of their own (press, parties).
    """
    import pandas as pd

    cuts: MomentArray = np.asarray(ends, dtype="datetime64[us]")
    rows: list[dict[str, Any]] = []
    known = efforts[efforts["time_from"].notna() & efforts["time_to"].notna()]
    for (region, means, post), of_post in known.groupby(["region", "means", "post"], sort=True):
        place = {"region": region, "means": means, "post": post}
        is_lost = of_post["state"] != WATCHED
        lost: list[Span] = []
        for (state, cause), part in of_post[is_lost].groupby(["state", "cause"], sort=True):
            spans = _unite(part["time_from"].to_numpy(), part["time_to"].to_numpy())
            told = {"state": state, "cause": cause, "group": "", "p": 0.0, "p_low": 0.0, "p_high": 0.0}
            rows += _by_day(_subtract(spans, lost), cuts, {**place, **told})
            lost = _unite_spans([*lost, *spans])
        for group, part in of_post[~is_lost].groupby("group", sort=True):
            spans = _subtract(_unite(part["time_from"].to_numpy(), part["time_to"].to_numpy()), lost)
            chance = _chance(part, str(means), assumptions)
            told = {"state": WATCHED, "cause": "", "group": group, **chance}
            rows += _by_day(spans, cuts, {**place, **told})
    return pd.DataFrame(rows, columns=list(_HOUR_COLUMNS))


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

    cuts: MomentArray = np.asarray(ends, dtype="datetime64[us]")
    lengths_h = (cuts[1:] - cuts[:-1]) / _HOUR
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
    efforts: pd.DataFrame, chances: Mapping[tuple[str, str], tuple[float, float, float]], *, group: str = ""
) -> pd.DataFrame:
    """Return the effort with the chances of a posture where a row gives none of its own.

    `chances` as `p_detect_of_plan` returns them; the region is looked up among the sectors, else the whole
    line stands for it. The n posts of a region share the chance of the posture: each gets
    1 - (1 - p)^(1/n), so that all of them watching together notice p, and fewer of them less.
    """
    filled = efforts.reset_index(drop=True).copy()
    is_open = filled["p_detect"].isna() & (filled["state"] == WATCHED)
    posts = filled.loc[filled["state"] == WATCHED, ["region", "means", "post"]].drop_duplicates()
    n_posts = posts.groupby("region").size()
    for region in sorted(set(filled.loc[is_open, "region"])):
        whole = chances.get((region, group), chances.get(("", group), chances["", ""]))
        rows = is_open & (filled["region"] == region)
        for name, p in zip(("p_detect", "p_detect_low", "p_detect_high"), whole, strict=True):
            filled.loc[rows, name] = 1.0 - (1.0 - p) ** (1.0 / int(n_posts[region]))
    return filled


def _unite(starts: MomentArray, ends: MomentArray) -> list[Span]:
    """Return the intervals without overlaps, in order."""
    return _unite_spans(list(zip(starts, ends, strict=True)))


def _unite_spans(spans: list[Span]) -> list[Span]:
    united: list[Span] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], end))
        else:
            united.append((start, end))
    return united


def _subtract(spans: list[Span], taken: list[Span]) -> list[Span]:
    """Return the parts of `spans` outside `taken`; both without overlaps and in order."""
    free = []
    for start, end in spans:
        for gone_from, gone_to in taken:
            if gone_to <= start or gone_from >= end:
                continue
            if gone_from > start:
                free.append((start, gone_from))
            start = max(start, gone_to)
        if start < end:
            free.append((start, end))
    return free


def _by_day(spans: list[Span], cuts: MomentArray, told: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one row for each day that the spans touch."""
    hours = np.zeros(max(len(cuts) - 1, 0))
    for start, end in spans:
        overlap = np.minimum(cuts[1:], end) - np.maximum(cuts[:-1], start)
        hours += np.maximum(overlap / _HOUR, 0.0)
    return [{"day": int(day), "hours": float(hours[day]), **told} for day in np.flatnonzero(hours > 0)]


def _chance(rows: pd.DataFrame, means: str, assumptions: AssumptionSet | None) -> dict[str, float]:
    """Return p, p_low, p_high of the newest row that gives a chance, or of the record of the means."""
    given = rows[rows["p_detect"].notna()]
    if len(given):
        last = given.iloc[-1]
        p = float(last["p_detect"])
        low, high = float(last["p_detect_low"]), float(last["p_detect_high"])
        return {"p": p, "p_low": p if np.isnan(low) else low, "p_high": p if np.isnan(high) else high}
    record = (assumptions or load_watching_assumptions()).get(f"effort.p_detect.{means}")
    if record is None:
        return {"p": np.nan, "p_low": np.nan, "p_high": np.nan}
    return {"p": record.value, "p_low": record.bounds[0], "p_high": record.bounds[1]}


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


def _hours_of_posts(rows: pd.DataFrame) -> pd.Series:
    """Return hours by region and day, summed over posts, each once however many groups of kinds it has."""
    by_group = rows.groupby(["region", "day", "means", "post", "group"])["hours"].sum()
    by_post = by_group.groupby(["region", "day", "means", "post"]).max()
    summed: pd.Series = by_post.groupby(["region", "day"]).sum()
    return summed
