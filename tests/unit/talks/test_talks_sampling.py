"""Coded numbers moved inside their ranges: seeds, spreads, what carries them, threads and bounds."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from made_talks import make_board, make_issue, make_number
from scipy import stats

from truceline.errors import ScenarioError
from truceline.talks import sampling
from truceline.talks.answers import MODELS, answer_issue, answer_jointly
from truceline.talks.model import Board
from truceline.talks.sampling import Sampled, draw_codings, sample_answers
from truceline.talks.tables import lay_out_issue, lay_out_issues

ISSUES = ["bridge", "toll"]
POINTS = {"bridge": {"ann": 10, "ben": 25, "cat": 70}, "toll": {"ann": 90, "ben": 30, "cat": 40}}
RANGED = {
    "bridge": {"ann": (0, 10, 30), "ben": (20, 25, 60), "cat": (40, 70, 100)},
    "toll": {"ann": (50, 90, 95), "ben": (10, 30, 60), "cat": (40, 40, 40)},
}
POWER = {"ann": (30, 50, 60), "ben": (40, 50, 90), "cat": 70}
SAMPLED = [model.key for model in MODELS if model.is_sampled and model.key != "core"]


def sample(board: Board, n: int = 60, seed: int = 3) -> Sampled:
    return sample_answers(board, ISSUES, draw_codings(board, n, seed))


def listed(value: Any) -> Any:
    """Return nested records as plain lists, so that two can be compared."""
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: listed(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        return {key: listed(one) for key, one in value.items()}
    return [listed(one) for one in value] if isinstance(value, tuple) else value


def test_one_seed_gives_the_same_numbers_and_another_others() -> None:
    board = make_board(RANGED, power=POWER)
    one, again, other = sample(board), sample(board), sample(board, seed=4)
    assert listed(one) == listed(again)
    assert one.spreads["bridge", "mean"].band != other.spreads["bridge", "mean"].band
    assert (one.seed, one.n_samples, one.n_ranges) == (3, 60, 9)


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    board = make_board(RANGED, power=POWER)
    several = sample(board)
    monkeypatch.setattr(sampling, "N_THREADS", 1)
    assert listed(sample(board)) == listed(several)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    board = make_board(RANGED, power=POWER)
    several = sample(board)
    monkeypatch.setattr(sampling, "CHUNK", 7)
    assert listed(sample(board)) == listed(several)


def test_every_sampled_model_has_a_spread_on_every_issue_and_the_core_its_ends() -> None:
    found = sample(make_board(RANGED, power=POWER))
    assert set(found.spreads) == {(issue, model) for issue in ISSUES for model in SAMPLED}
    assert set(found.cores) == set(ISSUES)
    for spread in found.spreads.values():
        assert 0 <= spread.band.low <= spread.band.median <= spread.band.high <= 100
        assert 0 <= spread.unsettled_share <= 1


def test_without_ranges_every_band_is_the_answer_itself() -> None:
    board = make_board(POINTS, power={"ann": 50, "ben": 60, "cat": 70})
    draws = draw_codings(board, 20, 1)
    assert draws.points.shape == (20, 0)
    found = sample_answers(board, ISSUES, draws)
    assert found.n_ranges == 0
    joint = lay_out_issues(board, ISSUES)
    assert joint is not None
    plain = list(answer_jointly(joint))
    for issue in ISSUES:
        table = lay_out_issue(board, issue)
        assert table is not None
        plain += answer_issue(table)
    n_compared = 0
    for one in plain:
        if one.model == "core":
            core = found.cores[one.issue]
            assert core.empty_share == 0
            assert core.low is not None
            assert core.high is not None
            assert (core.low.median, core.high.median) == (one.low, one.high)
        elif (one.issue, one.model) in found.spreads and one.value is not None:
            band = found.spreads[one.issue, one.model].band
            assert (band.low, band.median, band.high) == pytest.approx((one.value,) * 3, abs=1e-9), one.model
            assert found.spreads[one.issue, one.model].drivers == ()
            n_compared += 1
    assert n_compared >= 2 * 6


def test_the_mean_spreads_as_its_one_ranged_number_does() -> None:
    """Ann's position alone is drawn, with a weight of one in three: a third of its triangle's quantiles."""
    board = make_board({"bridge": {"ann": (10, 20, 70), "ben": 30, "cat": 60}})
    spread = sample_answers(board, [], draw_codings(board, 1_000, 5)).spreads["bridge", "mean"]
    triangle = stats.triang((20 - 10) / 60, loc=10, scale=60)
    band = spread.band
    for found, chance in ((band.low, 0.1), (band.median, 0.5), (band.high, 0.9)):
        assert found == pytest.approx((triangle.ppf(chance) + 90) / 3, abs=0.05)
    (driver,) = spread.drivers
    assert driver.name == "talks.position.bridge.ann"
    assert driver.label == "Position of Ann: Bridge"
    assert driver.share == pytest.approx(1)


def test_drivers_name_the_numbers_that_move_an_answer_largest_first() -> None:
    board = make_board(
        {"bridge": {"ann": (0, 50, 100), "ben": (45, 50, 55), "cat": 80}},
        salience={"bridge": {"cat": (99, 100, 100)}},
    )
    drivers = sample(board, n=500).spreads["bridge", "mean"].drivers
    assert drivers[0].name == "talks.position.bridge.ann"
    assert drivers[0].share > 0.9
    assert [one.share for one in drivers] == sorted((one.share for one in drivers), reverse=True)
    assert all(one.share >= sampling.LEAST_SHARE for one in drivers)


def test_of_many_numbers_the_three_that_carry_most_are_named() -> None:
    wide = {"ann": 50.0, "ben": 40.0, "cat": 30.0, "dan": 20.0, "eve": 10.0}
    board = make_board({"bridge": {name: (50 - by, 50, 50 + by) for name, by in wide.items()}})
    drivers = sample(board, n=500).spreads["bridge", "mean"].drivers
    assert [one.name for one in drivers] == [
        f"talks.position.bridge.{name}" for name in ("ann", "ben", "cat")
    ]
    assert [one.share for one in drivers] == sorted((one.share for one in drivers), reverse=True)


def test_points_of_agreements_are_drawn_apart_from_what_actors_want() -> None:
    board = make_board({"bridge": {"ann": (0, 50, 100), "ben": 30}})
    points = draw_codings(board, 200, 9, [make_number("talks.agreement.x.bridge", (0, 50, 100))]).points
    assert abs(np.corrcoef(points.T)[0, 1]) < 0.3


def test_a_number_of_another_issue_is_no_driver() -> None:
    board = make_board(RANGED)
    for (issue, model), spread in sample(board).spreads.items():
        if model not in ("spatial", "exchange"):
            assert all(f".{issue}." in driver.name for driver in spread.drivers)


def test_a_quota_is_drawn_and_may_leave_nothing_standing() -> None:
    issue = make_issue("bridge", quota=(0.2, 0.3, 0.6))
    board = make_board({"bridge": {"ann": 0, "ben": 50, "cat": 100}}, issues=[issue])
    core = sample_answers(board, [], draw_codings(board, 400, 2)).cores["bridge"]
    # Below 1/3 any one of the three overturns what lies beside it; from there on the middle stands.
    assert core.empty_share == pytest.approx(stats.triang(0.25, loc=0.2, scale=0.4).cdf(1 / 3), abs=0.01)
    assert core.low is not None
    assert core.low.high == 50


def test_draws_stay_inside_their_ranges_and_points_stand_still() -> None:
    board = make_board(RANGED, power=POWER)
    draws = draw_codings(board, 200, 9)
    for name, coded in board.codings().items():
        values = draws.read([coded])[:, 0]
        low, high = coded.bounds
        assert low <= values.min() <= values.max() <= high
        assert (name in draws.column) is (low < high)
        assert (values.min() < values.max()) == (low < high)


def test_further_numbers_do_not_change_how_those_of_the_day_are_drawn() -> None:
    board = make_board(RANGED)
    more = [make_number("talks.agreement.x.bridge", (0, 5, 50)), make_number("fixed", 4)]
    alone, both = draw_codings(board, 50, 9), draw_codings(board, 50, 9, more)
    for name, column in alone.column.items():
        np.testing.assert_array_equal(alone.points[:, column], both.points[:, both.column[name]])
    assert both.points.shape[1] == alone.points.shape[1] + 1
    assert np.ptp(both.read(more[:1])) > 0
    assert np.ptp(both.read(more[1:])) == 0


def test_numbers_given_twice_over_are_spread_evenly_over_their_range() -> None:
    """A Latin hypercube has one draw in each twentieth of the chance."""
    board = make_board({"bridge": {"ann": (0, 50, 100), "ben": 30}})
    drawn = draw_codings(board, 20, 1).points[:, 0]
    chance = stats.triang(0.5, loc=0, scale=100).cdf(drawn)
    assert sorted((chance * 20).astype(int).tolist()) == list(range(20))


def test_progress_rises_to_one() -> None:
    told: list[tuple[str, float]] = []
    board = make_board(RANGED)
    draws = draw_codings(board, 20, 1)
    sample_answers(board, ISSUES, draws, lambda stage, share: told.append((stage, share)))
    assert {stage for stage, _ in told} == {"samples"}
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1


@pytest.mark.parametrize(("n", "seed", "n_problems"), [(19, 1, 1), (20_001, 1, 1), (100, -1, 1), (0, -2, 2)])
def test_samples_and_seeds_out_of_bounds_are_refused_together(n: int, seed: int, n_problems: int) -> None:
    with pytest.raises(ScenarioError) as caught:
        draw_codings(make_board(POINTS), n, seed)
    assert len(caught.value.problems) == n_problems
