"""Deals of the exchange model as they leave it: names, scales, and what they do to third parties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_talks import make_board, make_issue, read_table

from truceline.talks.model import Board
from truceline.talks.tables import lay_out_issues
from truceline.talks.trades import Trading, list_trades


def trade(board: Board, most: int = 5) -> Trading:
    table = lay_out_issues(board, list(board.issues))
    assert table is not None
    return list_trades(table, most)


def read_tiny(folder: Path) -> Board:
    rows = read_table(folder / "exchange_tiny_actors.csv")
    found: dict[str, dict[str, dict[str, float]]] = {"position": {}, "salience": {}}
    for row in rows:
        found["position"].setdefault(row["issue"], {})[row["actor"]] = float(row["position"])
        found["salience"].setdefault(row["issue"], {})[row["actor"]] = 100 * float(row["salience"])
    power = {row["actor"]: 100 * float(row["power"]) for row in rows}
    return make_board(found["position"], salience=found["salience"], power=power)


def test_the_published_deal_is_met_and_the_third_pays_for_it(shared: Path) -> None:
    trading = trade(read_tiny(shared / "data" / "reference" / "talks"))
    (one,) = trading.trades
    assert (one.actor_a, one.issue_q, one.actor_b, one.issue_p) == ("A", "q", "B", "p")
    assert one.gain == pytest.approx(6.222222222, abs=1e-6)
    assert one.to_p - one.from_p == pytest.approx(70, abs=1e-6)
    assert one.to_q - one.from_q == pytest.approx(46.666667, abs=1e-6)
    assert one.others_gain == 0
    assert trading.losers == ("C",)
    assert trading.others["C"] == pytest.approx(one.others_loss) == pytest.approx(-10.370, abs=1e-3)
    assert trading.own["A"] == pytest.approx(one.gain)
    assert trading.winners == ()


def test_votes_are_told_on_the_scale_of_each_issue() -> None:
    """The same quarrel over tolls of 2 to 6 as over a scale to 100: the deals move as far of the scale."""
    wide = make_board(
        {"p": {"A": 80.0, "B": 10.0, "C": 50.0}, "q": {"A": 20.0, "B": 90.0, "C": 50.0}},
        salience={"p": {"A": 90.0, "B": 20.0, "C": 50.0}, "q": {"A": 30.0, "B": 80.0, "C": 50.0}},
    )
    tolls = {actor: 2 + 0.04 * x for actor, x in {"A": 20.0, "B": 90.0, "C": 50.0}.items()}
    narrow = make_board(
        {"p": {"A": 80.0, "B": 10.0, "C": 50.0}, "q": tolls},
        salience={"p": {"A": 90.0, "B": 20.0, "C": 50.0}, "q": {"A": 30.0, "B": 80.0, "C": 50.0}},
        issues=[make_issue("p"), make_issue("q", ends=(2, 6))],
    )
    (one,), (other,) = trade(wide).trades, trade(narrow).trades
    assert other.gain == pytest.approx(one.gain)
    assert other.from_q == pytest.approx(2 + 0.04 * one.from_q)
    assert other.to_q == pytest.approx(2 + 0.04 * one.to_q)
    assert (other.from_p, other.to_p) == pytest.approx((one.from_p, one.to_p))


def test_the_largest_are_listed_first_and_all_are_counted() -> None:
    rng = np.random.default_rng(3)
    actors = [f"a{n}" for n in range(7)]

    def draw() -> dict[str, dict[str, float]]:
        return {k: dict(zip(actors, rng.uniform(5, 95, 7).tolist(), strict=True)) for k in "pqr"}

    board = make_board(draw(), salience=draw())
    whole, few = trade(board, 1000), trade(board, 2)
    gains = [one.gain for one in whole.trades]
    assert len(gains) == whole.n_trades == few.n_trades > 2
    assert gains == sorted(gains, reverse=True)
    assert few.trades == whole.trades[:2]
    assert sum(whole.others.values()) == pytest.approx(
        sum(one.others_gain + one.others_loss for one in whole.trades)
    )
    assert list(whole.losers) == sorted((a for a in actors if whole.others[a] < 0), key=whole.others.get)
