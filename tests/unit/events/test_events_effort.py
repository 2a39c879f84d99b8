"""Hours counted once, denials apart, and the share of incidents that the watching could notice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.events.effort import (
    WATCHED,
    fill_chances,
    list_losses,
    measure_exposure,
    p_detect_of_plan,
    split_hours,
    sum_by_means,
)
from truceline.events.frames import make_frame
from truceline.events.schema import EFFORTS

START = datetime(2025, 3, 1, 17, 30)
ENDS = [START + timedelta(days=day) for day in range(4)]


def effort_rows(*rows: tuple[str, float, float, str], p: float = np.nan, **same: Any) -> Any:
    """Return effort from (post, first hour, last hour, state), hours counted from the first cut-off."""
    columns: dict[str, Any] = {
        "key": [str(number) for number in range(len(rows))],
        "post": [row[0] for row in rows],
        "time_from": [START + timedelta(hours=row[1]) for row in rows],
        "time_to": [START + timedelta(hours=row[2]) for row in rows],
        "state": [row[3] for row in rows],
        "means": "post",
        "region": "Donetsk",
        "p_detect": p,
    }
    return make_frame(EFFORTS, columns | same)


def test_hours_are_split_at_the_cutoff_and_not_at_midnight() -> None:
    hours = split_hours(effort_rows(("P1", 20, 30, WATCHED)), ENDS)
    assert list(zip(hours["day"], hours["hours"], strict=True)) == [(0, 4.0), (1, 6.0)]


def test_overlapping_rows_of_one_post_count_once_and_of_two_posts_twice() -> None:
    hours = split_hours(
        effort_rows(("P1", 0, 10, WATCHED), ("P1", 5, 12, WATCHED), ("P2", 5, 12, WATCHED)), ENDS
    )
    assert hours.groupby("post")["hours"].sum().to_dict() == {"P1": 12.0, "P2": 7.0}


def test_hours_denied_are_not_watched_whatever_another_row_says() -> None:
    rows = effort_rows(("P1", 0, 24, WATCHED), ("P1", 6, 10, "denied"), ("P1", 8, 12, "jammed"))
    hours = split_hours(rows, ENDS)
    assert hours.groupby("state")["hours"].sum().to_dict() == {WATCHED: 18.0, "denied": 4.0, "jammed": 2.0}


def test_losses_name_who_and_where() -> None:
    rows = effort_rows(("P1", 0, 3, "denied"), ("P2", 0, 9, "down"), cause=["armed men", "shelling"])
    losses = list_losses(split_hours(rows, ENDS))
    assert losses[["post", "cause", "hours"]].to_numpy().tolist() == [
        ["P2", "shelling", 9.0],
        ["P1", "armed men", 3.0],
    ]


def test_two_posts_that_watch_half_the_day_notice_what_the_formula_says() -> None:
    rows = effort_rows(("P1", 0, 12, WATCHED), ("P2", 0, 24, WATCHED), p=0.4)
    exposure = measure_exposure(split_hours(rows, ENDS), ENDS)
    assert exposure["share"].iloc[0] == pytest.approx(1 - (1 - 0.4 * 0.5) * (1 - 0.4))
    assert exposure["hours_watched"].tolist() == [36.0, 0.0, 0.0]
    assert exposure["share"].tolist()[1:] == [0.0, 0.0]


def test_a_post_denied_access_lowers_coverage() -> None:
    free = measure_exposure(split_hours(effort_rows(("P1", 0, 24, WATCHED), p=0.5), ENDS), ENDS)
    rows = effort_rows(("P1", 0, 24, WATCHED), ("P1", 0, 18, "denied"), p=0.5)
    denied = measure_exposure(split_hours(rows, ENDS), ENDS)
    assert denied["share"].iloc[0] == pytest.approx(free["share"].iloc[0] / 4)
    assert denied["hours_lost"].iloc[0] == 18.0
    assert denied["watched_share"].iloc[0] == 0.25


def test_a_region_nobody_watched_is_listed_with_nothing_noticed() -> None:
    exposure = measure_exposure(
        split_hours(effort_rows(("P1", 0, 24, WATCHED)), ENDS), ENDS, regions=["Luhansk"]
    )
    luhansk = exposure[exposure["region"] == "Luhansk"]
    assert luhansk["share"].tolist() == [0.0, 0.0, 0.0]


def test_without_a_chance_of_its_own_a_means_has_that_of_the_records_with_its_range() -> None:
    exposure = measure_exposure(split_hours(effort_rows(("C1", 0, 24, WATCHED), means="camera"), ENDS), ENDS)
    low, share, high = exposure[["share_low", "share", "share_high"]].iloc[0]
    assert 0 < low < share < high < 1
    press = measure_exposure(split_hours(effort_rows(("X", 0, 24, WATCHED), means="press"), ENDS), ENDS)
    assert press["share"].iloc[0] == 0.0


def test_a_row_about_a_group_of_kinds_stands_before_the_row_about_all() -> None:
    rows = effort_rows(("P1", 0, 24, WATCHED), ("P1", 0, 24, WATCHED), group=["", "air"], p_detect=[0.5, 0.1])
    hours = split_hours(rows, ENDS)
    shares = {
        group: measure_exposure(hours, ENDS, group=group)["share"].iloc[0] for group in ("", "air", "fire")
    }
    assert shares == pytest.approx({"": 0.5, "air": 0.1, "fire": 0.5})
    assert measure_exposure(hours, ENDS)["hours_watched"].iloc[0] == 24.0


def slow_twin(rows: Sequence[tuple[int, int, int, bool]], p: float) -> float:
    """Return the share noticed on the first day, hour by hour: the formula written out."""
    missed = 1.0
    for post in sorted({row[0] for row in rows}):
        n_hours = 0
        for hour in range(24):
            states = [
                is_watched for name, start, end, is_watched in rows if name == post and start <= hour < end
            ]
            n_hours += bool(states) and all(states)
        missed *= 1.0 - p * n_hours / 24.0
    return 1.0 - missed


@settings(max_examples=20)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 23), st.integers(1, 24), st.booleans()),
        min_size=1,
        max_size=8,
    ),
    p=st.floats(0, 1),
)
def test_the_share_noticed_agrees_with_the_slow_twin(
    rows: list[tuple[int, int, int, bool]], p: float
) -> None:
    told = [
        (f"P{post}", start, end, WATCHED if is_watched else "down") for post, start, end, is_watched in rows
    ]
    exposure = measure_exposure(split_hours(effort_rows(*told, p=p), ENDS), ENDS, regions=["Donetsk"])
    assert exposure["share"].iloc[0] == pytest.approx(
        slow_twin([(f"P{r[0]}", *r[1:]) for r in rows], p), abs=1e-9
    )


DETECTION = [
    {"posture": "observers", "by": "all", "which": "all", "weight_share": "1", "detect_share": "0.6"},
    {
        "posture": "observers",
        "by": "kind",
        "which": "small_arms",
        "weight_share": "0.3",
        "detect_share": "0.6",
    },
    {"posture": "observers", "by": "kind", "which": "mortar", "weight_share": "0.1", "detect_share": "1.0"},
    {"posture": "observers", "by": "kind", "which": "uav", "weight_share": "0.1", "detect_share": "0.1"},
    {"posture": "observers", "by": "sector", "which": "S01", "weight_share": "", "detect_share": "0.3"},
]


def test_a_posture_gives_the_chance_by_sector_and_group_of_kinds() -> None:
    chances = p_detect_of_plan(DETECTION, "observers")
    assert chances["", "fire"][0] == pytest.approx(0.7)
    assert chances["", "air"][0] == pytest.approx(0.1)
    assert chances["S01", "fire"][0] == pytest.approx(0.35)
    assert ("", "movement") not in chances
    low, p, high = (chances["", ""][at] for at in (1, 0, 2))
    assert low < p < high
    with pytest.raises(KeyError, match="reassurance"):
        p_detect_of_plan(DETECTION, "reassurance")


def test_all_posts_of_a_posture_together_notice_what_the_posture_does() -> None:
    chances = p_detect_of_plan(DETECTION, "observers")
    hours = split_hours(effort_rows(*((f"P{n}", 0, 24, WATCHED) for n in range(5))), ENDS)
    exposure = measure_exposure(fill_chances(hours, chances, group="fire"), ENDS, group="fire")
    assert exposure["share"].iloc[0] == pytest.approx(0.7)
    assert exposure["share_low"].iloc[0] == pytest.approx(chances["", "fire"][1])
    half = effort_rows(
        *((f"P{n}", 0, 24, WATCHED if n < 2 else "denied") for n in range(5)),
        *((f"P{n}", 24, 48, WATCHED) for n in range(5)),
    )
    filled = fill_chances(split_hours(half, ENDS), chances, group="fire")
    days = measure_exposure(filled, ENDS, group="fire")["share"]
    assert days[0] == pytest.approx(1 - 0.3 ** (2 / 5))
    assert days[1] == pytest.approx(0.7)


def test_a_day_has_the_same_chances_however_many_days_are_read_with_it() -> None:
    chances = p_detect_of_plan(DETECTION, "observers")
    # A second post comes on the second day, and brings a chance of its own on the third.
    rows = effort_rows(
        ("P1", 0, 72, WATCHED),
        ("P2", 24, 48, WATCHED),
        ("P2", 48, 72, WATCHED),
        p_detect=[np.nan, np.nan, 0.9],
    )
    together = measure_exposure(fill_chances(split_hours(rows, ENDS), chances, group="fire"), ENDS)
    for day in range(3):
        ends = ENDS[day : day + 2]
        alone = measure_exposure(fill_chances(split_hours(rows, ends), chances, group="fire"), ends)
        assert alone["share"][0] == pytest.approx(together["share"][day])
    assert together["share"][:2].tolist() == pytest.approx([0.7, 0.7])
    assert together["share"][2] == pytest.approx(1 - (1 - 0.9) * 0.3**0.5)


def test_a_post_with_two_groups_of_kinds_has_its_hours_once() -> None:
    rows = effort_rows(
        ("P1", 0, 8, WATCHED),
        ("P1", 0, 4, WATCHED),
        ("P2", 0, 5, WATCHED),
        ("P1", 8, 10, "denied"),
        group=["fire", "air", "fire", ""],
    )
    hours = split_hours(rows, ENDS)
    (row,) = sum_by_means(hours).to_dict("records")
    assert row == {
        "region": "Donetsk",
        "means": "post",
        "hours_watched": 13.0,
        "hours_lost": 2.0,
        "n_posts": 2,
    }
    exposure = measure_exposure(hours, ENDS)
    assert (exposure["hours_watched"].sum(), exposure["hours_lost"].sum()) == (13.0, 2.0)


Times = list[tuple[int, int]]


def hours_in(spans: Times) -> set[int]:
    return {hour for start, end in spans for hour in range(start, end)}


@settings(max_examples=60)
@given(
    watched=st.lists(st.tuples(st.integers(-5, 75), st.integers(-5, 80)), max_size=6),
    denied=st.lists(st.tuples(st.integers(-5, 75), st.integers(-5, 80)), max_size=4),
    down=st.lists(st.tuples(st.integers(-5, 75), st.integers(-5, 80)), max_size=4),
)
def test_hours_of_each_state_and_day_agree_with_counting_hour_by_hour(
    watched: Times, denied: Times, down: Times
) -> None:
    told = [
        ("P1", *span, state)
        for state, spans in ((WATCHED, watched), ("denied", denied), ("down", down))
        for span in spans
    ]
    hours = split_hours(effort_rows(*told), ENDS) if told else None
    lost = hours_in(denied)
    expected = {"denied": lost, "down": hours_in(down) - lost}
    expected[WATCHED] = hours_in(watched) - lost - hours_in(down)
    for state, every in expected.items():
        for day in range(3):
            n = len([hour for hour in every if 24 * day <= hour < 24 * day + 24])
            found = (
                hours[(hours["state"] == state) & (hours["day"] == day)]["hours"] if hours is not None else []
            )
            assert sum(found) == n


def test_the_time_taken_grows_with_the_days_and_not_with_their_square() -> None:
    """Once the time grew with the square of the days: 20 posts over 300 days took 5.7 s."""

    def seconds(n_days: int) -> float:
        told = [
            (f"P{post}", 24.0 * day + 1, 24.0 * day + 20, WATCHED) for day in range(n_days) for post in (1, 2)
        ]
        told += [
            (f"P{post}", 24.0 * day + 5, 24.0 * day + 6, "down") for day in range(n_days) for post in (1, 2)
        ]
        rows = effort_rows(*told)
        ends = [START + timedelta(days=day) for day in range(n_days + 1)]
        began = perf_counter()
        hours = split_hours(rows, ends)
        took = perf_counter() - began
        assert hours["hours"].sum() == 2 * n_days * 19
        return took

    # Eight times the days; with the square of them it would be 64 times the time.
    assert seconds(3200) < 25 * seconds(400)
