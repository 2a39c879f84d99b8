"""The core on one issue: reference values, a plain twin over coalitions, and what is refused."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_talks import read_table

from truceline.errors import ScenarioError
from truceline.talks.core import find_core


def test_every_case_of_the_reference_table_is_met(shared: Path) -> None:
    table = shared / "data" / "reference" / "talks" / "core_1d.csv"
    rows = read_table(table)
    assert len(rows) == 3
    for row in rows:
        position = [float(cell) for cell in row["positions"].split("|")]
        weight = [float(cell) for cell in row["weights"].split("|")]
        held = {int(cell) for cell in row["veto_indices"].split("|") if cell}
        core = find_core(position, weight, float(row["quota"]), [i in held for i in range(len(position))])
        assert core is not None
        assert core.low == pytest.approx(float(row["core_low"]), abs=1e-6)
        assert core.high == pytest.approx(float(row["core_high"]), abs=1e-6)


def wins(members: tuple[int, ...], weight: list[int], quota: float, veto: list[bool]) -> bool:
    """A coalition wins with the quota and every veto player."""
    return sum(weight[i] for i in members) >= quota and all(i in members for i, v in enumerate(veto) if v)


def overturned(x: int, position: list[int], weight: list[int], quota: float, veto: list[bool]) -> bool:
    """An outcome falls where some winning coalition would all rather move to the same side of it."""
    everybody = range(len(position))
    return any(
        wins(members, weight, quota, veto)
        and (all(position[i] < x for i in members) or all(position[i] > x for i in members))
        for n in everybody
        for members in combinations(everybody, n + 1)
    )


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.booleans()), min_size=1, max_size=6),
    st.integers(1, 20),
    st.booleans(),
)
def test_the_core_is_that_of_every_coalition_asked_one_by_one(
    drawn: list[tuple[int, int, bool]], share: int, with_veto: bool
) -> None:
    position, weight = [x for x, _, _ in drawn], [w for _, w, _ in drawn]
    if not any(weight):
        return
    veto = [v and with_veto for _, _, v in drawn]
    quota = share / 20 * sum(weight)
    standing = sorted(x for x in set(position) if not overturned(x, position, weight, quota, veto))
    core = find_core(position, weight, quota, veto)
    if not standing:
        assert core is None
    else:
        assert core is not None
        assert (core.low, core.high) == (standing[0], standing[-1])


def test_a_quota_of_less_than_half_may_leave_nothing_standing() -> None:
    assert find_core([0, 50, 100], [1, 1, 1], quota=1) is None


def test_two_vetoes_far_apart_let_everything_between_them_stand() -> None:
    core = find_core([0, 30, 60, 100], [1, 1, 1, 1], quota=2, veto=[False, True, True, False])
    assert core is not None
    assert (core.low, core.high) == (30, 60)
    assert core.holds(30)
    assert core.holds(45)
    assert not core.holds(60.1)


def test_consent_of_all_lets_every_held_position_stand() -> None:
    weight = [0.1, 0.2, 0.3]  # sums to a hair more than 0.6
    core = find_core([5, 7, 9], weight, quota=sum(weight) * (1 + 1e-15))
    assert core is not None
    assert (core.low, core.high) == (5, 9)


def test_a_quota_met_to_the_last_digit_but_for_rounding_is_met() -> None:
    """0.7 + 0.1 falls short of 0.8 in the last bit: the coalition wins all the same."""
    core = find_core([0, 1, 2], [0.7, 0.1, 0.2], quota=0.8)
    assert core is not None
    assert core.high == 1


@pytest.mark.parametrize(
    ("quota", "veto", "said"),
    [
        (0, None, ["not above zero"]),
        (-1, None, ["not above zero"]),
        (float("nan"), None, ["not above zero"]),
        (3.1, None, ["nobody reaches it"]),
        (4, [True], ["1 entries for 3 actors", "nobody reaches it"]),
    ],
)
def test_a_quota_that_decides_nothing_is_refused(
    quota: float, veto: list[bool] | None, said: list[str]
) -> None:
    with pytest.raises(ScenarioError) as caught:
        find_core([1, 2, 3], [1, 1, 1], quota, veto)
    assert all(words in str(caught.value) for words in said)
    assert len(caught.value.problems) == len(said)
