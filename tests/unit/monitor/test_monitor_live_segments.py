"""Intervals of watching come out the same however positions arrive: a slow twin that sorts first judges."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.monitor.live_segments import CELL, Segments, WatchRow

START = datetime(2025, 3, 2, 8, 0)
GAP = timedelta(minutes=10)
MINUTES = st.lists(st.integers(0, 300), min_size=1, max_size=40)


def cut_slowly(moments: list[datetime]) -> list[tuple[datetime, datetime]]:
    """Return the pieces of watching, by sorting all positions and walking from each to the next."""
    pieces: list[tuple[datetime, datetime]] = []
    for one, two in pairwise(sorted(set(moments))):
        if two - one > GAP:
            continue
        at = one
        while at < two:
            hour = at.replace(minute=0)
            end = min(two, hour + CELL)
            if pieces and pieces[-1][1] == at and pieces[-1][0] >= hour:
                pieces[-1] = (pieces[-1][0], end)
            else:
                pieces.append((at, end))
            at = end
    return pieces


def keep_rows(kept: dict[datetime, WatchRow], segments: Segments) -> None:
    """Write what is new as a store does: the newest row of each key holds."""
    kept.update({row.first: row for row in segments.news()})
    segments.settle()


def pieces_of(kept: dict[datetime, WatchRow]) -> list[tuple[datetime, datetime]]:
    return sorted((row.time_from, row.time_to) for row in kept.values() if row.time_to > row.time_from)


@settings(max_examples=60)
@given(minutes=MINUTES, flush_every=st.integers(1, 50))
def test_positions_in_any_order_make_the_pieces_that_sorted_ones_make(
    minutes: list[int], flush_every: int
) -> None:
    moments = [START + timedelta(minutes=minute) for minute in minutes]
    segments, kept = Segments(GAP), dict[datetime, WatchRow]()
    for n, moment in enumerate(moments, start=1):
        segments.add(moment, 38.0, 48.0)
        if n % flush_every == 0:
            keep_rows(kept, segments)
    keep_rows(kept, segments)
    assert pieces_of(kept) == cut_slowly(moments)


def test_an_hour_of_positions_is_one_piece_in_each_hour_with_its_mean_place() -> None:
    segments, kept = Segments(GAP), dict[datetime, WatchRow]()
    for minute in range(30, 91):
        segments.add(START + timedelta(minutes=minute), 38.0 + minute / 1000, 48.0)
    keep_rows(kept, segments)
    first, second = sorted(kept.values(), key=lambda row: row.time_from)
    assert (first.time_from, first.time_to) == (START + timedelta(minutes=30), START + CELL)
    assert (second.time_from, second.time_to) == (START + CELL, START + timedelta(minutes=90))
    assert first.lon == pytest.approx(38.0445)  # of minutes 30 to 59
    assert second.lon == pytest.approx(38.075)


def test_a_growing_piece_keeps_its_key_and_nothing_is_written_twice() -> None:
    segments, kept = Segments(GAP), dict[datetime, WatchRow]()
    n_rows = 0
    for minute in range(30):
        segments.add(START + timedelta(minutes=minute), 38.0, 48.0)
        n_rows += len(segments.news())
        keep_rows(kept, segments)
    assert list(kept) == [START]
    assert n_rows == 29  # a lone position is no watching
    assert segments.news() == []


def test_a_gap_longer_than_the_longest_ends_a_piece_and_one_as_long_does_not() -> None:
    segments, kept = Segments(GAP), dict[datetime, WatchRow]()
    for minute in (0, 10, 21, 22):
        segments.add(START + timedelta(minutes=minute), 38.0, 48.0)
    keep_rows(kept, segments)
    minutes = [((a - START).seconds // 60, (b - START).seconds // 60) for a, b in pieces_of(kept)]
    assert minutes == [(0, 10), (21, 22)]


def test_a_late_position_that_connects_two_pieces_takes_the_later_row_back() -> None:
    segments, kept = Segments(GAP), dict[datetime, WatchRow]()
    for minute in (0, 5, 20, 25):
        segments.add(START + timedelta(minutes=minute), 38.0, 48.0)
    keep_rows(kept, segments)
    assert len(pieces_of(kept)) == 2
    segments.add(START + timedelta(minutes=13), 38.0, 48.0)
    keep_rows(kept, segments)
    assert pieces_of(kept) == [(START, START + timedelta(minutes=25))]
    taken_back = kept[START + timedelta(minutes=20)]
    assert taken_back.time_to == taken_back.time_from


def test_the_mean_place_holds_across_the_date_line() -> None:
    segments = Segments(GAP)
    segments.add(START, 179.9, -16.0)
    segments.add(START + timedelta(minutes=5), -179.9, -16.2)
    (row,) = segments.news()
    assert abs(row.lon) == pytest.approx(180.0)
    assert row.lat == pytest.approx(-16.1)


def test_weeks_of_watching_keep_two_days_in_memory() -> None:
    segments = Segments(GAP)
    for minute in range(0, 60 * 24 * 14, 10):
        segments.add(START + timedelta(minutes=minute), 38.0, 48.0)
        if minute % 600 == 0:
            segments.settle()
    segments.settle()
    assert sum(len(span.cells) for span in segments._spans) <= 50


def test_a_thousand_positions_in_disorder_cost_little_memory_and_agree() -> None:
    moments = [START + timedelta(minutes=minute) for minute in range(1000)]
    random.Random(7).shuffle(moments)  # noqa: S311
    segments, kept = Segments(GAP), dict[datetime, WatchRow]()
    for moment in moments:
        segments.add(moment, 38.0, 48.0)
    keep_rows(kept, segments)
    assert pieces_of(kept) == cut_slowly(moments)
    assert len(segments._spans) == 1


def test_a_gap_longer_than_an_hour_is_refused() -> None:
    with pytest.raises(ValueError, match="gap"):
        Segments(timedelta(minutes=61))
