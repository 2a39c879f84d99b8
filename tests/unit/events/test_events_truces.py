"""Truce days: found when several series fall, not when one does; causal; scored against the known ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from truceline.errors import TableError
from truceline.events.expectation import Forecast, negative_binomial_log
from truceline.events.readers.read import read_rows
from truceline.events.truces import (
    ENERGY_ONLY,
    GENERAL,
    NO_TRUCE,
    NOT_KNOWN,
    carry_on,
    find_truce_days,
    read_truce_settings,
    weigh_quiet,
)
from truceline.events.warning_score import (
    call_naively,
    read_known_truces,
    score_truce_days,
    share_truces,
    thin_days,
)

MEANS = {"fighting": 30.0, "alerts": 40.0, "launches": 100.0}
SIZES = {"fighting": 30.0, "alerts": 30.0, "launches": 6.0}


def usual_days(n: int, *, seed: int = 0) -> pd.DataFrame:
    """Return made days of a war: three series, overdispersed, though calmer than real ones."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2024-06-01", periods=n, freq="D")
    made = {name: rng.poisson(rng.gamma(SIZES[name], MEANS[name] / SIZES[name], size=n)) for name in MEANS}
    return pd.DataFrame(made, index=index).astype(float)


def verdicts(counts: pd.DataFrame, **other: Any) -> list[str]:
    return find_truce_days(counts, **other)["verdict"].tolist()


def share_called(
    change: Callable[[pd.DataFrame, int], pd.DataFrame], *, seeds: int = 8
) -> tuple[float, float]:
    """Return the shares of days called a general truce before day 100 and from it on, over made wars."""
    before, after = [], []
    for seed in range(seeds):
        found = verdicts(change(usual_days(112, seed=seed), seed))
        before += [verdict == GENERAL for verdict in found[10:100]]
        after += [verdict == GENERAL for verdict in found[100:]]
    return float(np.mean(before)), float(np.mean(after))


def test_the_evidence_is_the_log_likelihood_ratio_and_is_bounded() -> None:
    coming = Forecast(np.array([40.0, 40.0]), np.array([9.0, 9.0]), np.array([True, False]))
    n = np.array([20.0, 0.0])
    quiet = np.mean([np.exp(negative_binomial_log(20, level * 40, 9.0)) for level in (0.1, 0.3, 0.5)])
    by_hand = np.log(quiet) - negative_binomial_log(20, 40.0, 9.0)
    assert weigh_quiet(n, coming, (0.1, 0.3, 0.5), most=4.0) == pytest.approx([float(by_hand), 0.0])
    assert weigh_quiet(np.array([0.0, 0.0]), coming, (0.1,), most=1.0)[0] == 1.0


def test_the_probability_is_carried_by_bayes_rule() -> None:
    prior = 0.3 * (1 - 1 / 4) + 0.7 * 0.02
    odds = prior / (1 - prior) * 5.0
    assert carry_on(0.3, np.log(5.0), start_p=0.02, mean_length_days=4.0) == pytest.approx(odds / (1 + odds))


def test_a_truce_like_easter_2025_is_found_on_each_day_and_ends_when_it_ends() -> None:
    counts = thin_days(usual_days(110), 100, [(0.2, 0.02, 0.0)] * 3, seed=5)
    found = verdicts(counts)
    assert found[100:103] == [GENERAL] * 3
    assert GENERAL not in found[103:]
    assert found.count(GENERAL) == 3


def test_usual_days_are_called_a_truce_less_than_once_in_two_hundred() -> None:
    before, after = share_called(lambda counts, _: counts)
    assert max(before, after) < 0.005


@pytest.mark.parametrize(
    ("shares", "least", "most"),
    [
        ((0.2, 0.02, 0.0), 1.0, 1.0),
        ((0.5, 0.37, 0.0), 0.9, 1.0),
        ((1 / 3, 1 / 3, 1 / 3), 0.95, 1.0),
        ((0.72, 0.75, 0.72), 0.0, 0.05),
        ((0.9, 0.9, 0.9), 0.0, 0.01),
    ],
)
def test_deep_falls_are_truces_and_falls_by_a_quarter_are_not(
    shares: tuple[float, float, float], least: float, most: float
) -> None:
    _, called = share_called(lambda counts, seed: thin_days(counts, 100, [shares] * 12, seed=seed))
    assert least <= called <= most


@pytest.mark.parametrize("column", [0, 1, 2])
def test_one_series_that_falls_silent_is_hardly_ever_a_truce(column: int) -> None:
    def silence(counts: pd.DataFrame, _: int) -> pd.DataFrame:
        counts.iloc[100:, column] = 0.0
        return counts

    assert share_called(silence)[1] < 0.08


def test_weekends_with_half_the_news_are_no_truces() -> None:
    def halve(counts: pd.DataFrame, _: int) -> pd.DataFrame:
        weekend = np.array([day.weekday() >= 5 for day in counts.index])
        counts.loc[weekend, "fighting"] = np.floor(counts.loc[weekend, "fighting"] * 0.5)
        return counts

    assert max(share_called(halve)) < 0.02


def test_days_without_data_are_unknown_and_never_quiet() -> None:
    counts = usual_days(120)
    counts.iloc[60:80] = np.nan
    counts.iloc[110:, :2] = np.nan
    found = verdicts(counts)
    assert set(found[60:80]) == set(found[110:]) == {NOT_KNOWN}


def test_sources_that_drop_out_are_no_truce() -> None:
    def drop(counts: pd.DataFrame, _: int) -> pd.DataFrame:
        counts.iloc[100:, 0] = np.floor(counts.iloc[100:, 0] * 0.3)
        return counts

    assert share_called(drop)[1] < 0.05


def test_a_truce_does_not_drag_its_own_expectation() -> None:
    counts = thin_days(usual_days(115), 100, [(0.1, 0.1, 0.1)] * 10, seed=7)
    found = find_truce_days(counts)
    assert found["verdict"].tolist()[100:110] == [GENERAL] * 10
    assert found["alerts_expected"].iloc[109] == pytest.approx(found["alerts_expected"].iloc[100], rel=0.05)


def test_a_truce_that_holds_for_months_becomes_the_usual() -> None:
    counts = thin_days(usual_days(200), 100, [(0.1, 0.1, 0.1)] * 100, seed=8)
    found = verdicts(counts)
    held = int(read_truce_settings().held_days)
    assert found[100 : 100 + held] == [GENERAL] * held
    assert found[-20:] == [NO_TRUCE] * 20


def test_a_day_is_judged_on_earlier_days_alone() -> None:
    counts = thin_days(usual_days(120), 100, [(0.2, 0.1, 0.0)] * 3, seed=9)
    pd.testing.assert_frame_equal(find_truce_days(counts.iloc[:101]), find_truce_days(counts).iloc[:101])


def test_quiet_energy_targets_amid_usual_fighting_are_an_energy_only_quiet() -> None:
    counts = usual_days(130)
    energy = pd.Series(np.random.default_rng(2).poisson(6.0, size=130).astype(float), index=counts.index)
    energy.iloc[110:120] = 0.0
    found = verdicts(counts, energy=energy)
    assert found[112:119] == [ENERGY_ONLY] * 7
    assert ENERGY_ONLY not in found[:110]
    assert ENERGY_ONLY not in found[124:]


def test_energy_targets_that_fall_with_everything_else_are_no_energy_truce() -> None:
    counts = thin_days(usual_days(130), 110, [(0.4, 0.4, 0.4)] * 10, seed=3)
    energy = pd.Series(np.random.default_rng(2).poisson(6.0, size=130).astype(float), index=counts.index)
    energy.iloc[110:120] = np.floor(energy.iloc[110:120] * 0.4)
    assert ENERGY_ONLY not in verdicts(counts, energy=energy)


def test_the_sentence_has_the_figures() -> None:
    counts = thin_days(usual_days(101), 100, [(0.0, 0.0, 0.0)], seed=5)
    last = find_truce_days(counts).iloc[-1]
    assert last["sentence"].startswith("General truce day (probability 1.00): fighting 0 against ")
    assert "(ratio 0.00; chance of so few under 0.001)" in last["sentence"]


def test_nothing_in_nothing_out() -> None:
    assert len(find_truce_days(usual_days(5).iloc[:0])) == 0


def test_the_known_truces_are_read_with_their_zones() -> None:
    truces = {truce.truce: truce for truce in read_known_truces()}
    assert len(truces) == 9
    easter = truces["ukr-2025-04"]
    assert easter.starts == pd.Timestamp("2025-04-19 15:00")
    assert easter.ends == pd.Timestamp("2025-04-20 21:00")
    assert truces["ukr-2025-03"].scope == "energy"
    days = pd.date_range("2025-04-18", "2025-04-21", freq="D")
    assert share_truces(days, [easter], zone="Europe/Kyiv") == pytest.approx([0.0, 0.25, 1.0, 0.0])


def test_a_bad_table_of_truces_tells_every_problem(tmp_path: Path) -> None:
    head = "truce,theatre,name,starts_local,ends_local,zone,scope,declared_by,is_verified,seen\n"
    path = tmp_path / "mine.csv"
    path.write_text(
        head + "a,X,n,2025-13-01,,Europe/Kyiv,general,x,yes,\n"
        "b,X,n,2025-01-02T00:00,2025-01-01T00:00,UTC,general,x,yes,\n"
        "c,X,n,2025-01-02T00:00,,UTC,some,x,yes,\n",
        encoding="utf-8",
    )
    with pytest.raises(TableError) as refused:
        read_known_truces(path)
    message = str(refused.value)
    assert "3 problems" in message
    assert "mine.csv:2  has a time or a zone that cannot be read" in message
    assert "mine.csv:3  ends before it starts" in message
    assert "'some' is no scope" in message


def test_the_score_counts_found_false_and_unknown_days() -> None:
    days = pd.Series(pd.date_range("2025-04-16", "2025-04-22", freq="D"))
    said = pd.Series([GENERAL, NOT_KNOWN, NO_TRUCE, GENERAL, GENERAL, NO_TRUCE, NO_TRUCE])
    score = score_truce_days(days, said, read_known_truces(), zone="Europe/Kyiv")
    # Donbas truces without an end would cover every day: they are left out as another theatre.
    ukraine = [truce for truce in read_known_truces() if truce.theatre == "Ukraine"]
    score = score_truce_days(days, said, ukraine, zone="Europe/Kyiv")
    assert (score.n_days, score.n_false, score.n_truce_days, score.n_found) == (4, 1, 1, 1)
    assert (score.n_partly, score.n_not_known) == (1, 0)
    assert score.false_per_hundred == 25.0


def test_the_naive_rule_compares_alerts_with_the_median_of_two_weeks() -> None:
    alerts = pd.Series([10.0] * 14 + [5.0, 7.0, np.nan])
    assert call_naively(alerts).tolist()[-3:] == [GENERAL, "no truce", NOT_KNOWN]
    assert set(call_naively(alerts)[:14]) == {NOT_KNOWN}


def read_development(shared: Path) -> pd.DataFrame:
    """Return fighting, alerts and launches by local day up to April 2025."""
    folder = shared / "data/events"
    daily = pd.read_csv(folder / "viina_daily_counts.csv.gz", parse_dates=["date"]).set_index("date")
    days = pd.date_range(daily.index.min(), "2025-04-30", freq="D")
    chunks = read_rows(folder / "alerts_oblast.parquet")
    began = pd.concat([chunk.raw["started_at"] for chunk in chunks], ignore_index=True)
    local = began.dt.tz_convert("Europe/Kyiv").dt.tz_localize(None).dt.normalize()
    attacks = pd.read_csv(folder / "missile_drone_attacks.csv.gz", usecols=["date_start", "launched"])
    launched = attacks.groupby(pd.to_datetime(attacks["date_start"]))["launched"].sum()
    return pd.DataFrame(
        {
            "fighting": daily[["airstrike", "drone", "artillery", "ground"]].sum(axis=1).reindex(days),
            "alerts": local.value_counts().reindex(days, fill_value=0).where(days >= local.min()),
            "launches": launched.reindex(days, fill_value=0).where(days >= launched.index.min()),
        },
        index=days,
    )


def test_every_general_truce_day_is_found_with_under_two_false_days_in_a_hundred(shared: Path) -> None:
    counts = read_development(shared)
    found = find_truce_days(counts)
    truces = [truce for truce in read_known_truces() if truce.theatre == "Ukraine"]
    score = score_truce_days(found["day"], found["verdict"], truces, zone="Europe/Kyiv")
    assert score.n_truce_days == score.n_found == 1
    assert score.n_days > 1100
    assert score.false_per_hundred < 1.0
    for _, year in found.groupby(found["day"].dt.year):
        of_year = score_truce_days(year["day"], year["verdict"], truces, zone="Europe/Kyiv")
        assert of_year.false_per_hundred <= 2.0
    moratorium = (found["day"] >= "2025-03-18") & (found["day"] <= "2025-04-17")
    assert GENERAL not in set(found.loc[moratorium, "verdict"])
    naive = call_naively(counts["alerts"]).reset_index(drop=True)
    theirs = score_truce_days(found["day"], naive, truces, zone="Europe/Kyiv")
    assert theirs.false_per_hundred > 10.0
