"""What verdicts are scored against: days with bounds of their own, and tables that may be anything."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import TableError
from truceline.events.catalogue import load_watching_assumptions
from truceline.events.truces import GENERAL, NO_TRUCE
from truceline.events.warning_score import (
    KnownTruce,
    call_naively,
    read_known_truces,
    score_truce_days,
    share_truces,
)

HEAD = "truce,theatre,name,starts_local,ends_local,zone,scope,declared_by,is_verified,seen\n"
GOOD = "a,X,n,2025-01-01T00:00,2025-01-02T00:00,Europe/Kyiv,general,x,yes,\n"
KYIV = "Europe/Kyiv"


def a_truce(starts: datetime, ends: datetime | None) -> KnownTruce:
    return KnownTruce("made", "made", "Made", starts, ends, "general")


def test_a_reporting_day_is_under_a_truce_for_a_share_of_its_own_hours() -> None:
    easter = next(truce for truce in read_known_truces() if truce.truce == "ukr-2025-04")
    days = pd.date_range("2025-04-18", "2025-04-22", freq="D")
    shares = share_truces(days, [easter], zone=KYIV, cutoff=time(19, 30))
    # 18:00 on Saturday to midnight after Sunday, in days that end at 19:30.
    assert shares == pytest.approx([0.0, 1.5 / 24, 1.0, 4.5 / 24, 0.0])
    said = pd.Series([NO_TRUCE, NO_TRUCE, GENERAL, GENERAL, NO_TRUCE])
    score = score_truce_days(pd.Series(days), said, [easter], zone=KYIV, cutoff=time(19, 30))
    assert (score.n_found, score.n_false, score.n_days, score.n_partly) == (1, 0, 2, 2)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Beirut", "2025-03-30", 23),
        ("Africa/Cairo", "2025-04-25", 23),
        ("Africa/Cairo", "2025-10-30", 25),
        ("Europe/Kyiv", "2025-03-30", 23),
        ("UTC", "2025-03-30", 24),
    ],
)
def test_days_are_bounded_where_clocks_change_at_midnight(zone: str, day: str, hours: int) -> None:
    days = pd.DatetimeIndex([pd.Timestamp(day)])
    midday = pd.Timestamp(f"{day} 12:00").tz_localize(zone).tz_convert("UTC").tz_localize(None)
    truce = a_truce(midday.to_pydatetime(), midday.to_pydatetime() + timedelta(hours=1))
    assert share_truces(days, [truce], zone=zone) == pytest.approx([1 / hours])


@given(
    zone=st.sampled_from(["Europe/Kyiv", "Asia/Beirut", "Africa/Cairo", "America/Havana", "UTC"]),
    first=st.dates(date(2024, 1, 1), date(2026, 1, 1)),
    cutoff=st.none() | st.sampled_from([time(0, 30), time(19, 30)]),
    start_h=st.floats(-50.0, 200.0),
    length_h=st.floats(0.1, 300.0),
)
def test_days_neither_overlap_nor_leave_gaps(
    zone: str, first: date, cutoff: time | None, start_h: float, length_h: float
) -> None:
    days = pd.date_range(first, periods=30, freq="D")
    starts = (days[3] + timedelta(hours=start_h)).to_pydatetime()
    truce = a_truce(starts, starts + timedelta(hours=length_h))
    shares = share_truces(days, [truce], zone=zone, cutoff=cutoff)
    always = share_truces(days, [a_truce(datetime(2000, 1, 1), None)], zone=zone, cutoff=cutoff)
    assert (always == 1.0).all()
    covered = float(shares.sum() * 24)
    assert covered <= length_h * 24 / 23 + 1e-6
    if start_h > -48.0:  # the whole truce lies in the thirty days
        assert covered >= length_h * 24 / 25 - 1e-6


def refuse(path: Path, content: str | bytes) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    with pytest.raises(TableError) as refused:
        read_known_truces(path)
    return str(refused.value)


class TestATableOfTruces:
    def test_that_is_not_there_is_refused_by_name(self, tmp_path: Path) -> None:
        with pytest.raises(TableError, match=r"nofile\.csv  cannot be read: No such file"):
            read_known_truces(tmp_path / "nofile.csv")

    def test_that_is_a_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(TableError, match="cannot be read"):
            read_known_truces(tmp_path)

    @pytest.mark.parametrize(
        ("content", "found"),
        [
            (HEAD + "a,X,n,2025-01-01T00:00\n", "mine.csv:2  has 4 cells"),
            (HEAD + GOOD.replace("yes,", "yes,,more"), "mine.csv:2  has 11 cells"),
            (HEAD + GOOD.replace(KYIV, "../etc"), "mine.csv:2  has a time or a zone"),
            (HEAD + GOOD.replace(KYIV, ""), "mine.csv:2  has a time or a zone"),
            (HEAD + GOOD.replace("2025-01-01T00:00", "0001-01-01T00:00"), "mine.csv:2  has a time or a zone"),
            ("", "has the columns"),
            ("truce,name\n", "has the columns truce, name"),
            (HEAD.encode() + b"\xff\xfe", "is not UTF-8"),
            (HEAD + GOOD * 20_000, "is larger than 1,000,000 bytes"),
            (HEAD + "a" * 200_000 + "\n", "cannot be read"),
        ],
    )
    def test_that_is_wrong_is_refused_with_line_and_reason(
        self, tmp_path: Path, content: str | bytes, found: str
    ) -> None:
        assert found in refuse(tmp_path / "mine.csv", content)

    def test_is_read_with_the_mark_that_spreadsheets_put_before_it(self, tmp_path: Path) -> None:
        path = tmp_path / "mine.csv"
        path.write_text("\ufeff" + HEAD + GOOD, encoding="utf-8")
        (truce,) = read_known_truces(path)
        assert truce.starts == datetime(2024, 12, 31, 22)

    @given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: (HEAD + text).encode()))
    def test_of_any_bytes_is_read_or_refused(
        self, tmp_path_factory: pytest.TempPathFactory, content: bytes
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "any.csv"
        path.write_bytes(content)
        with suppress(TableError):
            assert isinstance(read_known_truces(path), tuple)


def test_the_naive_rule_follows_its_records() -> None:
    records = load_watching_assumptions()
    n_days, ratio = int(records.value("naive.days")), records.value("naive.ratio")
    level = 100.0
    for last, said in ((ratio * level - 1.0, GENERAL), (ratio * level + 1.0, NO_TRUCE)):
        assert call_naively(pd.Series([level] * n_days + [last])).iloc[-1] == said
