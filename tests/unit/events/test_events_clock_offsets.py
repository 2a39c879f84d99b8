"""Clocks of posts compared: the twin agrees, a wrong clock is found, and right ones are left in peace."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from truceline.events._clock_offsets_reference import offset_by_hand
from truceline.events.clock_offsets import (
    ClockSettings,
    ClockVerdict,
    compare_clocks,
    default_clock_settings,
    median_interval,
)

SETTINGS = ClockSettings(off_after_min=5.0, least_shared=6, confidence=0.95)


def noticed(
    seed: int, *, n_posts: int = 6, n_events: int = 60, off: dict[str, float] | None = None
) -> pd.DataFrame:
    """Return who noticed what when: each event by two to four posts, to the minute, a tenth far wrong."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n_events):
        truth = number * 45.0
        for at in rng.choice(n_posts, size=rng.integers(2, 5), replace=False).tolist():
            post = f"P{at}"
            error = rng.normal(0.0, 1.0) if rng.random() > 0.1 else rng.normal(0.0, 20.0)
            rows.append((number, post, np.floor(truth + error + (off or {}).get(post, 0.0)) + 0.5))
    return pd.DataFrame(rows, columns=["event", "post", "minutes"])


@pytest.mark.parametrize("seed", range(4))
def test_the_offsets_are_those_of_plain_loops(seed: int) -> None:
    times = noticed(seed, n_posts=5, n_events=25, off={"P1": 9.0})
    slow = offset_by_hand(list(times.itertuples(index=False, name=None)))
    fast = {each.post: each.offset_min for each in compare_clocks(times, SETTINGS)}
    assert fast == pytest.approx(slow, abs=1e-6)


def test_posts_in_groups_that_never_meet_are_compared_within_their_group() -> None:
    first, second = noticed(1, n_events=40), noticed(2, n_events=40, off={"P0": 15.0})
    times = pd.concat(
        [first, second.assign(event=second["event"] + 1000, post="Q" + second["post"])], ignore_index=True
    )
    slow = offset_by_hand(list(times.itertuples(index=False, name=None)))
    found = {each.post: each for each in compare_clocks(times, SETTINGS)}
    assert {post: each.offset_min for post, each in found.items()} == pytest.approx(slow, abs=1e-6)
    assert [post for post, each in found.items() if each.verdict is ClockVerdict.off] == ["QP0"]
    assert found["P0"].n_posts == 5


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("minutes", [12.0, -12.0])
def test_a_clock_twelve_minutes_off_is_found_and_no_other(seed: int, minutes: float) -> None:
    found = {each.post: each for each in compare_clocks(noticed(seed, off={"P2": minutes}), SETTINGS)}
    assert [post for post, each in found.items() if each.verdict is ClockVerdict.off] == ["P2"]
    assert found["P2"].offset_min == pytest.approx(minutes, abs=1.5)
    assert found["P2"].low_min <= found["P2"].offset_min <= found["P2"].high_min


def test_no_right_clock_is_called_off_over_many_seeds() -> None:
    wrong = [
        each for seed in range(30) for each in compare_clocks(noticed(seed, n_events=30), SETTINGS)
        if each.verdict is ClockVerdict.off
    ]  # fmt: skip
    assert wrong == []


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    n_tried, n_held = 300, 0
    for _ in range(n_tried):
        low, high = median_interval(np.sort(rng.standard_cauchy(25)), 0.95)
        n_held += low <= 0.0 <= high
    assert n_held / n_tried >= 0.93


@pytest.mark.parametrize(("n", "rank"), [(1, 1), (5, 1), (6, 1), (9, 2), (25, 8), (100, 40)])
def test_ranks_of_the_interval_are_those_of_the_tables(n: int, rank: int) -> None:
    low, high = median_interval(np.arange(1.0, n + 1), 0.95)
    assert (low, high) == (rank, n + 1 - rank)


def test_of_two_posts_nobody_can_tell_which_is_off() -> None:
    rows = [
        (number, post, 60.0 * number + late)
        for number in range(10)
        for post, late in (("A", 12.0), ("B", 0.0))
    ]
    found = compare_clocks(pd.DataFrame(rows, columns=["event", "post", "minutes"]), SETTINGS)
    assert [(each.post, round(each.offset_min, 6), each.verdict) for each in found] == [
        ("A", 6.0, ClockVerdict.one_of_two), ("B", -6.0, ClockVerdict.one_of_two),
    ]  # fmt: skip


def test_few_shared_events_say_nothing() -> None:
    rows = [(number, post, 30.0 * (post == "C")) for number in range(5) for post in "ABC"]
    found = compare_clocks(pd.DataFrame(rows, columns=["event", "post", "minutes"]), SETTINGS)
    assert {each.verdict for each in found} == {ClockVerdict.too_few}


def test_an_event_of_one_post_and_no_events_at_all_compare_nothing() -> None:
    alone = pd.DataFrame([(1, "A", 0.0), (1, "A", 3.0), (2, "B", 0.0)], columns=["event", "post", "minutes"])
    assert compare_clocks(alone, SETTINGS) == ()
    assert compare_clocks(alone.iloc[:0], SETTINGS) == ()


def test_the_settings_are_records() -> None:
    assert default_clock_settings() == SETTINGS
