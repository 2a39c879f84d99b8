"""Alarms of a coming collapse: for a rise that lasts and is broad, and for nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from truceline.events.alarms import AlarmLevel, find_alarms, read_alarm_settings
from truceline.events.warning_score import make_collapse

ONSET = 100


def quiet_days(n: int, *, size: float = 2.0, seed: int = 1) -> pd.DataFrame:
    return make_collapse(n, means=(8.0, 4.0, 2.0), size=size, onset=10**6, daily_growth=1.0, seed=seed)


def levels(counts: pd.DataFrame, **other: pd.DataFrame | pd.Series) -> list[str]:
    return find_alarms(counts, **other)["level"].tolist()


@pytest.mark.parametrize(("growth", "most_days"), [(30.0, 4), (1.3, 12), (1.1, 25)])
def test_a_collapse_is_warned_of_within_days(growth: float, most_days: int) -> None:
    for seed in range(5):
        counts = make_collapse(
            140, means=(8.0, 4.0, 2.0), size=2.0, onset=ONSET, daily_growth=growth, seed=seed
        )
        found = levels(counts)
        assert AlarmLevel.warning not in found[:ONSET]
        assert found.index(AlarmLevel.warning) - ONSET < most_days


def test_quiet_days_are_rarely_watched_and_never_warned_of() -> None:
    n_watches = 0
    for seed in range(4):
        found = find_alarms(quiet_days(250, seed=seed))
        assert AlarmLevel.warning not in set(found["level"])
        n_watches += int(found["is_new"].sum())
    assert n_watches <= 10


def test_without_any_place_or_kind_nothing_is_known() -> None:
    bare = pd.DataFrame(index=pd.date_range("2030-01-01", periods=30, freq="D"))
    found = find_alarms(bare)
    assert set(found["level"]) == {AlarmLevel.unknown}
    assert not found["is_new"].any()


def test_one_day_of_a_bulk_upload_or_an_exercise_nobody_flagged_is_no_alarm() -> None:
    counts = quiet_days(140)
    counts.iloc[ONSET] *= 50
    assert set(levels(counts)[ONSET:]) == {AlarmLevel.none}


def test_a_rise_in_one_place_is_watched_and_hardly_ever_warned_of() -> None:
    n_watched = n_warned = 0
    for seed in range(8):
        counts = quiet_days(112, seed=seed)
        counts.iloc[ONSET:, 0] = counts.iloc[ONSET:, 0] * 8 + 20
        found = find_alarms(counts).iloc[ONSET:]
        n_watched += AlarmLevel.watch in set(found["level"])
        n_warned += AlarmLevel.warning in set(found["level"])
        assert "1" in found["places"].iloc[5].split(", ")
    assert n_watched == 8
    assert n_warned <= 2


def test_a_single_column_is_never_more_than_watched() -> None:
    counts = make_collapse(130, means=(8.0,), size=2.0, onset=ONSET, daily_growth=30.0, seed=1)
    assert set(levels(counts)[ONSET + 3 :]) == {AlarmLevel.watch}


def test_a_weekend_of_one_report_counts_as_its_days() -> None:
    daily = quiet_days(160)
    exposure = pd.DataFrame(1.0, index=daily.index, columns=daily.columns)
    merged, days = [], []
    for _, week in daily.groupby(np.arange(len(daily)) // 7):
        merged += [week.iloc[:4], week.iloc[4:].sum().to_frame(week.index[-1]).T]
        share = exposure.loc[week.index]
        days += [share.iloc[:4], share.iloc[4:].sum().to_frame(week.index[-1]).T]
    counts, periods = pd.concat(merged), pd.concat(days)
    assert periods.to_numpy().max() == 3.0
    assert AlarmLevel.warning not in set(levels(counts, exposure=periods))
    assert find_alarms(counts, exposure=periods)["is_new"].sum() <= find_alarms(counts)["is_new"].sum()


def test_more_watching_is_no_rise() -> None:
    counts, more = quiet_days(160), 4.0
    exposure = pd.DataFrame(1.0, index=counts.index, columns=counts.columns)
    exposure.iloc[ONSET:] = more
    counts.iloc[ONSET:] *= more
    assert AlarmLevel.warning in set(levels(counts))
    assert set(levels(counts, exposure=exposure)[ONSET:]) == {AlarmLevel.none}


def test_sources_that_came_in_are_no_rise_once_they_are_known() -> None:
    counts = quiet_days(200)
    counts.iloc[ONSET:] *= 3.0
    regimes = pd.Series([0] * (ONSET + 6) + [1] * 94, index=counts.index)
    assert AlarmLevel.warning in levels(counts)[ONSET:]
    with_regimes = levels(counts, regimes=regimes)[ONSET + 6 :]
    assert AlarmLevel.warning not in with_regimes
    assert with_regimes.count(AlarmLevel.watch) < 20


def test_a_region_without_reports_lowers_what_is_expected_and_not_what_is_seen() -> None:
    counts = quiet_days(160)
    counts.iloc[ONSET:, 0] = np.nan
    found = find_alarms(counts)
    assert set(found["level"][ONSET:]) == {AlarmLevel.none}
    assert found["expected"].iloc[ONSET] < found["expected"].iloc[ONSET - 1]


def test_days_without_data_are_unknown() -> None:
    counts = quiet_days(60)
    counts.iloc[40:50] = np.nan
    assert set(levels(counts)[40:50]) == {AlarmLevel.unknown}


def test_an_alarm_does_not_flutter_and_ends() -> None:
    counts = make_collapse(300, means=(8.0, 4.0, 2.0), size=2.0, onset=ONSET, daily_growth=1.5, seed=2)
    counts.iloc[ONSET + 20 :] = quiet_days(300, seed=3).iloc[ONSET + 20 :].to_numpy()
    found = levels(counts)[ONSET:]
    first = found.index(AlarmLevel.warning)
    last = len(found) - 1 - found[::-1].index(AlarmLevel.warning)
    assert set(found[first : last + 1]) == {AlarmLevel.warning}
    assert last < 60
    assert found[-60:].count(AlarmLevel.none) > 50


def test_a_day_is_judged_on_earlier_days_alone() -> None:
    counts = make_collapse(140, means=(8.0, 4.0), size=2.0, onset=ONSET, daily_growth=1.3, seed=4)
    pd.testing.assert_frame_equal(find_alarms(counts.iloc[:115]), find_alarms(counts).iloc[:115])


def test_the_thresholds_are_in_order() -> None:
    settings = read_alarm_settings()
    assert settings.day_evidence_max < settings.watch < settings.warning
    assert 0 < settings.release_share < 1


def test_on_the_missions_counts_it_warns_of_april_2021_and_not_every_week(shared: Path) -> None:
    smm = pd.read_csv(shared / "data/events/osce_smm_counts_2020-07_2021-06.csv", parse_dates=["period_to"])
    counts = smm.pivot_table(index="period_to", columns="region", values="cfv")
    days = smm.pivot_table(index="period_to", columns="region", values="n_days")
    found = find_alarms(counts, exposure=days)
    warnings = found[found["is_new"] & (found["level"] == AlarmLevel.warning)]
    assert warnings["day"].dt.strftime("%Y-%m").tolist() == ["2021-04"]
    assert 100 * found["is_new"].sum() / (found["level"] != AlarmLevel.unknown).sum() < 5
