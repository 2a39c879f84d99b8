"""Runs behind docs/early-warning.md: each returns plain figures. Series in, scores out; seeds are given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from truceline.events.alarms import find_alarms
from truceline.events.expectation import (
    Expecter,
    chance_of_at_most,
    elapsed_days,
    expect_counts,
    read_expectation_settings,
)
from truceline.events.readers.read import read_rows
from truceline.events.truces import ENERGY_ONLY, GENERAL, find_truce_days
from truceline.events.warning_score import (
    call_naively,
    make_collapse,
    read_known_truces,
    score_expectation,
    score_truce_days,
    share_truces,
    thin_days,
)

ZONE = "Europe/Kyiv"
FIRST_LAUNCH = "2022-09-28"
LAST = "2025-04-30"
SECOND = ("2026-01-01", "2026-01-31")
ENERGY_CLASSES = "FUEL|ENERGY|REFIN|PIPELINE"
PATTERNS = {
    "as at Easter 2025 (fighting 0.2, alerts 0.02, launches 0)": (0.2, 0.02, 0.0),
    "one third of everything": (1 / 3, 1 / 3, 1 / 3),
    "sky empty, fighting halved (0.5, 0.4, 0)": (0.5, 0.4, 0.0),
    "half of everything": (0.5, 0.5, 0.5),
    "as in an energy truce (0.7, 0.75, 0.7)": (0.7, 0.75, 0.7),
}


def read_table(path: Path, *columns: str) -> pd.DataFrame:
    """Return columns of a Parquet file, read as the product reads them."""
    return pd.concat([chunk.raw[list(columns)] for chunk in read_rows(path)], ignore_index=True)


def read_series(data: Path) -> tuple[pd.DataFrame, pd.Series]:
    """Return fighting, alerts and launches by local day, and incidents against energy targets."""
    daily = pd.read_csv(data / "viina_daily_counts.csv.gz", parse_dates=["date"]).set_index("date")
    days = pd.date_range(daily.index.min(), SECOND[1], freq="D")
    fighting = daily[["airstrike", "drone", "artillery", "ground"]].sum(axis=1).reindex(days)
    alerts = read_table(data / "alerts_oblast.parquet", "started_at")["started_at"]
    began = alerts.dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()
    attacks = pd.read_csv(data / "missile_drone_attacks.csv.gz", usecols=["date_start", "launched"])
    launched = attacks.groupby(pd.to_datetime(attacks["date_start"]))["launched"].sum()
    targets = read_table(data / "viina_infrastructure_targets_2022_2025-04.parquet", "date", "target_classes")
    energy = targets[targets["target_classes"].str.contains(ENERGY_CLASSES)].groupby("date").size()
    is_held = (days <= LAST) | (days >= SECOND[0])
    counts = pd.DataFrame(
        {
            "fighting": fighting,
            "alerts": began.value_counts().reindex(days, fill_value=0).where(days >= began.min()),
            "launches": launched.reindex(days, fill_value=0).where(days >= FIRST_LAUNCH),
        },
        index=days,
    )
    counts.loc[~is_held] = np.nan
    return counts, energy.reindex(days, fill_value=0).where(days <= LAST).astype("float64")


def run_expectation(data: Path) -> dict[str, Any]:
    """Score the expectation beside constant models, and ask whether weekdays earn their place."""
    smm = pd.read_csv(data / "osce_smm_counts_2020-07_2021-06.csv", parse_dates=["period_to"])
    scores = {}
    for region, rows in smm.sort_values("period_to").groupby("region"):
        n, days = rows["cfv"].to_numpy(float), rows["n_days"].to_numpy(float)
        scores[str(region)] = score_expectation(n, days, first=int(0.7 * len(n)))
    counts, _ = read_series(data)
    inside = {}
    for name in counts:
        series = counts[[name]].dropna()
        plain = expect_counts(series)
        weekdays = expect_counts(series, exposure=weekday_exposure(series))
        known = plain["is_known"] & weekdays["is_known"]
        is_inside = (plain["n"] >= plain["low"]) & (plain["n"] <= plain["high"])
        inside[str(name)] = {
            "plain": -plain.loc[known, "log_score"].mean(),
            "weekday": -weekdays.loc[known, "log_score"].mean(),
            "inside": float(is_inside[plain["is_known"]].mean()),
        }
    return {"smm": scores, "daily": inside}


def weekday_exposure(series: pd.DataFrame) -> pd.DataFrame:
    """Return the exposure of each day by a causal factor of its weekday, shrunk to 1 by eight weeks."""
    level = series.shift(1).rolling(28, min_periods=7).mean()
    ratio = (series / level).clip(upper=3.0)
    day = np.array([moment.weekday() for moment in series.index])
    factor = pd.DataFrame(1.0, index=series.index, columns=series.columns)
    for weekday in range(7):
        own = ratio[day == weekday].shift(1)
        sums, n = own.expanding().sum().fillna(0.0), own.expanding().count()
        factor[day == weekday] = (sums + 8.0) / (n + 8.0)
    return factor


def run_truces(data: Path, *, seed: int, draws: int) -> dict[str, Any]:
    """Score the truce days on all days, beside the naive rule; leave the truce out; make truces."""
    counts, energy = read_series(data)
    truces = [truce for truce in read_known_truces() if truce.theatre == "Ukraine"]
    found = find_truce_days(counts, energy=energy)
    naive = call_naively(counts["alerts"])
    days = pd.Series(counts.index)
    by_year = {}
    for year in (2022, 2023, 2024, 2025, 2026):
        rows = (days.dt.year == year).to_numpy()
        ours = score_truce_days(days[rows], found["verdict"][rows], truces, zone=ZONE)
        theirs = score_truce_days(days[rows], naive.reset_index(drop=True)[rows], truces, zone=ZONE)
        by_year[year] = (ours, theirs)
    moratorium = (days >= "2025-03-18") & (days <= "2025-04-17")
    return {
        "all": score_truce_days(days, found["verdict"], truces, zone=ZONE),
        "naive": score_truce_days(days, naive.reset_index(drop=True), truces, zone=ZONE),
        "by_year": by_year,
        "called": found[found["verdict"] == GENERAL],
        "easter": found[found["day"] == "2025-04-20"].iloc[0].to_dict(),
        "eve": found[found["day"] == "2025-04-19"].iloc[0].to_dict(),
        "moratorium_general": int((found["verdict"][moratorium] == GENERAL).sum()),
        "moratorium_energy": int((found["verdict"][moratorium] == ENERGY_ONLY).sum()),
        "energy_days": int((found["verdict"] == ENERGY_ONLY).sum()),
        "energy_expected": float(found.loc[moratorium, "energy_expected"].mean()),
        "energy_seen": float(found.loc[moratorium, "energy_n"].sum()),
        "left_out": leave_out(counts, found, truces),
        "subsets": run_subsets(counts, truces),
        "made": run_made(counts, seed=seed, draws=draws),
        "thresholds": run_thresholds(found, days, truces),
    }


def leave_out(counts: pd.DataFrame, found: pd.DataFrame, truces: list[Any]) -> dict[str, float]:
    """Choose the probability from all other days (two false in a hundred), then look at the truce."""
    shares = share_truces(counts.index, [t for t in truces if t.scope == "general"], zone=ZONE)
    near = np.convolve(shares > 0, np.ones(29), mode="same") > 0
    others = found[~near & (found["n_known"] >= 2)]
    p = others["p_general"].where(others["n_speaking"] >= 2, 0.0)
    threshold = float(np.sort(p)[-int(0.02 * len(p)) - 1])
    truce = found[shares >= 0.5]
    return {"threshold": threshold, "found": int((truce["p_general"] > threshold).sum()), "of": len(truce)}


def run_thresholds(found: pd.DataFrame, days: pd.Series, truces: list[Any]) -> dict[float, Any]:
    """Score other probabilities from which a day is called, at the same expectation."""
    made = {}
    for p in (0.02, 0.05, 0.1, 0.2, 0.5):
        is_called = (found["p_general"] >= p) & (found["n_speaking"] >= 2)
        words = (
            found["verdict"]
            .where(found["verdict"] == "not enough known", "no truce")
            .mask(is_called, GENERAL)
        )
        made[p] = score_truce_days(days, words, truces, zone=ZONE)
    return made


def run_subsets(counts: pd.DataFrame, truces: list[Any]) -> dict[str, Any]:
    """Score the detector when one series is missing."""
    made = {}
    for left_out in counts.columns:
        kept = counts.drop(columns=[left_out])
        found = find_truce_days(kept)
        made[str(left_out)] = score_truce_days(found["day"], found["verdict"], truces, zone=ZONE)
    return made


def run_made(counts: pd.DataFrame, *, seed: int, draws: int) -> dict[str, Any]:
    """Make truces of three days on days drawn from July 2024 on; return shares of days called."""
    rng = np.random.default_rng(seed)
    first, last = counts.index.get_loc("2024-07-15"), counts.index.get_loc("2025-04-10")
    starts = rng.integers(first, last, size=draws)
    made = {}
    for name, shares in PATTERNS.items():
        called, naive = [], []
        for draw, start in enumerate(starts):
            window = thin_days(counts.iloc[start - 100 : start + 3], 100, [shares] * 3, seed=seed + draw)
            called.append((find_truce_days(window)["verdict"] == GENERAL).to_numpy()[100:])
            naive.append((call_naively(window["alerts"]) == GENERAL).to_numpy()[100:])
        made[name] = {
            "first": float(np.mean([day[0] for day in called])),
            "days": float(np.mean(called)),
            "naive": float(np.mean(naive)),
        }
    return made


def run_donbas(data: Path) -> list[dict[str, Any]]:
    """Say for each truce in Donbas what the data could show of it."""
    ucdp = read_table(data / "ucdp_ged_ukraine_2014_2021-06.parquet", "date_start", "date_prec")
    exact = ucdp[ucdp["date_prec"].astype(int) == 1]
    days = pd.date_range("2014-01-01", "2021-06-30", freq="D")
    events = exact["date_start"].dt.normalize().value_counts().reindex(days, fill_value=0).astype("float64")
    rows = expect_counts(events.to_frame("fatal")).set_index("day")
    made = []
    for truce in read_known_truces():
        if truce.theatre != "Donbas":
            continue
        first = pd.Timestamp(truce.starts).tz_localize("UTC").tz_convert(ZONE).tz_localize(None).normalize()
        week = rows.loc[first : first + pd.Timedelta(days=6)]
        # Expected before the first day, for seven independent days: the mean and the size add up.
        mean, size = 7.0 * float(week["expected"].iloc[0]), 7.0 * float(week["size"].iloc[0])
        seen = float(week["n"].sum())
        chance = float(chance_of_at_most(seen, mean, size))
        made.append({"truce": truce.truce, "name": truce.name, "expected": mean, "seen": seen, "p": chance})
    return made


def run_alarms(data: Path, *, seed: int, draws: int) -> dict[str, Any]:
    """Score the alarms on the counts of the mission, on the fighting by kind, and on made collapses."""
    smm = pd.read_csv(data / "osce_smm_counts_2020-07_2021-06.csv", parse_dates=["period_to"])
    wide = smm.pivot_table(index="period_to", columns="region", values="cfv")
    days = smm.pivot_table(index="period_to", columns="region", values="n_days")
    found = find_alarms(wide, exposure=days)
    known = found[found["level"] != "unknown"]
    counts, _ = read_series(data)
    daily = pd.read_csv(data / "viina_daily_counts.csv.gz", parse_dates=["date"]).set_index("date")
    kinds = daily[["airstrike", "drone", "artillery", "ground"]].reindex(counts.index)
    kinds.loc[counts["fighting"].isna().to_numpy()] = np.nan
    fighting = find_alarms(kinds)
    return {
        "smm": known,
        "smm_poisson": poisson_share(wide.sum(axis=1, min_count=2), days.mean(axis=1)),
        "fighting": fighting[fighting["is_new"]],
        "n_fighting": int((fighting["level"] != "unknown").sum()),
        "fighting_poisson": poisson_share(counts["fighting"].dropna(), None),
        "made": run_collapses(seed=seed, draws=draws),
    }


def poisson_share(n: pd.Series, exposure: pd.Series | None) -> float:
    """Return the share of periods above the upper limit of a Poisson around the same expectation."""
    from scipy.stats import poisson

    n = n.dropna()
    exposed = np.ones(len(n)) if exposure is None else exposure.loc[n.index].to_numpy()
    expecter = Expecter(1, replace(read_expectation_settings(), half_lives_days=(28.0,)))
    above = []
    for value, exposure_days, days in zip(n, exposed, elapsed_days(n.index), strict=True):
        expecter.advance(days)
        coming = expecter.forecast(np.array([exposure_days]))
        if coming.is_known[0]:
            above.append(value > poisson.ppf(0.99, coming.mean[0]))
        expecter.learn(np.array([value]), np.array([exposure_days]), np.ones(1), days=exposure_days)
    return float(np.mean(above))


def run_collapses(*, seed: int, draws: int) -> list[dict[str, Any]]:
    """Return false alarms in quiet made series and delays after made onsets, by dispersion."""
    made = []
    means = (8.0, 4.0, 2.0)
    for size in (0.6, 2.0, 8.0):
        quiet = [
            find_alarms(
                make_collapse(365, means=means, size=size, onset=10**6, daily_growth=1.0, seed=seed + draw)
            )
            for draw in range(max(draws // 5, 2))
        ]
        n_days = sum(int((one["level"] != "unknown").sum()) for one in quiet)
        row: dict[str, Any] = {"size": size}
        for level in ("watch", "warning"):
            n = sum(int((one["is_new"] & (one["level"] == level)).sum()) for one in quiet)
            row[level] = 100.0 * n / n_days
        for name, growth in (("tenth", 1.1), ("third", 1.3), ("sudden", 30.0)):
            delays = []
            for draw in range(max(draws // 2, 2)):
                series = make_collapse(
                    130, means=means, size=size, onset=80, daily_growth=growth, seed=seed + 1000 + draw
                )
                level = find_alarms(series)["level"].to_numpy()
                late = np.flatnonzero((level == "warning") & (np.arange(130) >= 80))
                delays.append(late[0] - 79 if len(late) else 51)
            row[name] = float(np.median(delays))
        made.append(row)
    return made
