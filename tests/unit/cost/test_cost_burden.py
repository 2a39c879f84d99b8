"""Who pays: every rule divides the same whole, and the user's own shares are checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from cost_inputs import BRITISH, FRENCH, TASKS

from truceline.cost.budget import cost_tasks
from truceline.cost.burden import check_shares, read_own_shares, read_un_scale, share_costs
from truceline.cost.inputs import NOBODY
from truceline.errors import ScenarioError, TableError
from truceline.generation.nations import read_nations

BUDGET = cost_tasks(TASKS, [BRITISH, FRENCH], years=2)


@pytest.mark.parametrize("rule", ["as-sent", "gdp-share", "un-scale", "own"])
def test_every_rule_divides_the_whole(rule: str) -> None:
    own = {"GBR": 0.25, "DEU": 0.75} if rule == "own" else None
    bills = share_costs(BUDGET, rule, own_shares=own)
    assert sum(bill.amount.value for bill in bills) == pytest.approx(BUDGET.total.value)
    assert sum(bill.share.value for bill in bills) == pytest.approx(1)
    for n, tree in enumerate(BUDGET.by_year):
        assert sum(bill.by_year[n].value for bill in bills) == pytest.approx(tree.value)
    for bill in bills:
        assert sum(year.value for year in bill.by_year) == pytest.approx(bill.amount.value)
        assert bill.amount.low is not None
        assert bill.amount.high is not None
        assert bill.amount.low < bill.amount.value < bill.amount.high


def test_as_sent_leaves_what_nobody_sends_unpaid_and_marks_what_is_ours() -> None:
    bills = {bill.code: bill for bill in share_costs(BUDGET, "as-sent")}
    assert set(bills) == {"GBR", "FRA", NOBODY}
    assert bills[NOBODY].name == "not sent by anybody: paid by all"
    assert [code for code, bill in bills.items() if bill.ours] == ["FRA", NOBODY]
    assert "ours" in bills["FRA"].amount.note
    assert all(year.evidence == "judgement" for year in bills["FRA"].by_year)


def test_payers_may_be_others_than_those_who_send() -> None:
    bills = share_costs(BUDGET, "gdp-share", ["DEU", "ITA", "DEU"])
    nations = read_nations()
    shares = {bill.code: bill.share.value for bill in bills}
    gdp = nations["DEU"].gdp_usd_bn + nations["ITA"].gdp_usd_bn
    assert shares == {"DEU": pytest.approx(4660 / gdp), "ITA": pytest.approx(2373 / gdp)}
    assert [bill.code for bill in bills] == ["DEU", "ITA"]


def test_the_scale_is_recollected_and_covers_every_nation_of_the_table() -> None:
    scale = read_un_scale()
    assert set(scale) == set(read_nations())
    assert {row.evidence for row in scale.values()} == {"general"}
    assert 80 < sum(row.value for row in scale.values()) < 100


def test_own_shares_are_read_from_a_table(tmp_path: Path) -> None:
    path = tmp_path / "shares.csv"
    path.write_text("code,share\nGBR,0.4\nFRA,0.6\n")
    assert read_own_shares(path) == {"GBR": 0.4, "FRA": 0.6}


def test_own_shares_that_do_not_fit_are_told_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        check_shares({"GBR": 0.5, "ZZZ": 0.2, "FRA": -0.1})
    message = caught.value.message()
    assert "share of ZZZ  is not a nation" in message
    assert "share of FRA  is -0.1" in message
    assert "sum to 0.6, not 1" in message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("code,share\nGBR,half\n", "is not a number"),
        ("code,share\nGBR,0.5\nGBR,0.5\n", "GBR is there twice"),
        ("code\nGBR\n", "has no column share"),
    ],
)
def test_a_table_of_shares_that_is_none_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "shares.csv"
    path.write_text(text)
    with pytest.raises(TableError, match=says):
        read_own_shares(path)


@pytest.mark.parametrize(
    ("rule", "payers", "says"),
    [
        ("by-lot", (), "'by-lot' is not a rule; choose among as-sent, gdp-share, un-scale, own"),
        ("own", (), "own shares  are none"),
        ("gdp-share", ("XXX", "YYY"), "payer XXX"),
    ],
)
def test_a_rule_that_cannot_be_followed_says_why(rule: str, payers: tuple[str, ...], says: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        share_costs(BUDGET, rule, payers)
    assert says in caught.value.message()
    assert len(caught.value.problems) == max(1, len(payers))


def test_with_nobody_sending_the_payers_are_to_be_named() -> None:
    with pytest.raises(ScenarioError, match="name the nations that pay"):
        share_costs(cost_tasks(TASKS), "gdp-share")
