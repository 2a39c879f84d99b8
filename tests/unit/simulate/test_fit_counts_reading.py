"""Tables of counts: usual and unusual columns, periods inside periods, and everything that can be wrong."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from truceline.errors import TableError, TrucelineError
from truceline.simulate.fit.count_reading import read_counts, read_times
from truceline.simulate.fit.count_series import Period, add_series, daily_series, make_series

FIRST = date(2030, 1, 7)


def write(path: Path, head: str, rows: list[str]) -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def days(n: int = 40) -> list[str]:
    return [(FIRST + timedelta(days=row)).isoformat() for row in range(n)]


def test_daily_counts_are_read_by_their_usual_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Date,Violations", [f"{day},{row}" for row, day in enumerate(days())])
    (series,), warnings = read_counts(path)
    assert (series.name, len(series), series.first_day) == ("all", 40, FIRST)
    assert series.n.tolist() == list(range(40))
    assert not warnings


def test_regions_are_read_apart_and_one_can_be_named(tmp_path: Path) -> None:
    rows = [f"{day},{region},{n}" for day in days() for region, n in (("North", 1), ("South", 2))]
    path = write(tmp_path / "a.csv", "day,region,n", rows)
    both, _ = read_counts(path)
    assert [one.name for one in both] == ["North", "South"]
    (south,), _ = read_counts(path, region="south")
    assert south.n.sum() == 80
    whole = add_series(both)
    assert whole is not None
    assert whole.n.tolist() == [3] * 40
    assert add_series([both[0], both[1].head(39)]) is None


def test_periods_from_evening_to_evening_and_with_numbers_of_days_are_the_same(tmp_path: Path) -> None:
    ends = [FIRST + timedelta(days=2 * row) for row in range(35)]
    evening = write(
        tmp_path / "a.csv", "period_from,period_to,n", [f"{end - timedelta(days=2)},{end},5" for end in ends]
    )
    numbered = write(tmp_path / "b.csv", "day,n_days,n", [f"{end},2,5" for end in ends])
    (first,), _ = read_counts(evening)
    (second,), _ = read_counts(numbered)
    assert first.first_day == second.first_day == FIRST - timedelta(days=1)
    assert first.n_days.tolist() == second.n_days.tolist() == [2] * 35
    assert first.start.tolist() == second.start.tolist()


def test_everything_wrong_with_a_table_is_said_at_once(tmp_path: Path) -> None:
    rows = [f"{day},3" for day in days()]
    rows[3], rows[7], rows[9], rows[12] = "2030-01-10,-4", "yesterday,3", "2030-01-16,2.5", f"{days()[11]},"
    with pytest.raises(TableError) as caught:
        read_counts(write(tmp_path / "a.csv", "day,n", rows))
    said = caught.value.message()
    assert "4 problems" in said
    for part in ("a.csv:5  n is -4", "a.csv:9  day 'yesterday' is no date", "a.csv:11", "a.csv:14"):
        assert part in said


def test_periods_that_overlap_are_named_with_both_rows(tmp_path: Path) -> None:
    rows = [f"{day},1,2" for day in days()]
    rows[20] = f"{days()[20]},3,2"
    with pytest.raises(TableError, match=r"overlaps a\.csv") as caught:
        read_counts(write(tmp_path / "a.csv", "day,n_days,n", rows))
    assert "a.csv:22" in caught.value.message()
    twice = [*rows[:20], rows[19]]
    with pytest.raises(TableError, match="same period"):
        read_counts(write(tmp_path / "b.csv", "day,n_days,n", twice))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([f"{day},1" for day in days(12)], "has 12 periods"),
        ([f"{day},0" for day in days()], "counted nothing"),
        ([], "has no rows"),
        ([f"{days()[0]},{'9' * 30}"], "write 1,000,000 at most"),
        ([f"{days()[0]},inf"], "no count"),
        ([f"{days()[0]},nan"], "no count"),
    ],
)
def test_too_little_and_too_much_is_refused(rows: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=said):
        read_counts(write(tmp_path / "a.csv", "day,n", rows))


def test_columns_and_regions_that_are_not_there_are_named_with_those_that_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "when,shots", [f"{day},1" for day in days()])
    with pytest.raises(TableError) as caught:
        read_counts(path, column="bangs", region="East")
    said = caught.value.message()
    assert "--column bangs" in said
    assert "when, shots" in said
    assert "--day" in said
    assert "no column 'region'" in said
    assert read_counts(path, column="Shots", day_column="when")[0][0].n.sum() == 40


def test_many_problems_are_told_as_a_number(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="70 more"):
        read_counts(write(tmp_path / "a.csv", "day,n", [f"{day},x" for day in days(100)]))


def test_a_missing_file_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(TrucelineError, match=r"none\.csv"):
        read_counts(tmp_path / "none.csv")


def test_a_shorter_period_splits_the_longer_one_that_ends_or_begins_with_it() -> None:
    singles = [Period(FIRST + timedelta(days=day), FIRST + timedelta(days=day), 1) for day in range(10, 50)]
    week_end = Period(FIRST, FIRST + timedelta(days=2), 30, "long")
    last = Period(FIRST + timedelta(days=2), FIRST + timedelta(days=2), 12, "last")
    series, warnings = make_series("a", [*singles, week_end, last])
    assert series.n[:2].tolist() == [18, 12]
    assert series.n_days[:2].tolist() == [2, 1]
    assert [warning.where for warning in warnings] == ["long"]
    first = Period(FIRST, FIRST, 7, "first")
    series, _ = make_series("a", [*singles, week_end, first])
    assert series.n[:2].tolist() == [7, 23]
    with pytest.raises(TableError, match="less than a shorter period"):
        make_series("a", [*singles, week_end, Period(FIRST, FIRST, 31, "more")])


def test_weekdays_weeks_and_gaps_are_counted_from_the_first_day() -> None:
    series = daily_series(np.arange(10))
    assert series.weekdays().sum(axis=0).tolist() == [2, 2, 2, 1, 1, 1, 1]
    assert series.step(7).tolist() == [0] * 7 + [1] * 3
    assert series.gap_days.sum() == 0


def test_incidents_are_read_with_their_sides(tmp_path: Path) -> None:
    rows = ["2030-01-08T06:00,b", "2030-01-07T12:00,a", "2030-01-09T18:00Z,a"]
    path = write(tmp_path / "a.csv", "at,who", rows)
    (found,) = read_times(path, column="at", side_column="who")
    assert found.times.tolist() == [0.5, 1.25, 2.75]
    assert found.days == 3.0
    assert found.sides is not None
    assert found.sides.tolist() == [0, 1, 0]
    assert found.side_names == ("a", "b")
    with pytest.raises(TableError, match="names 3 sides"):
        read_times(
            write(tmp_path / "b.csv", "at,who", [*rows, "2030-01-09,c"]), column="at", side_column="who"
        )
    with pytest.raises(TableError, match="is no time"):
        read_times(write(tmp_path / "c.csv", "at", ["noon"]), column="at")
