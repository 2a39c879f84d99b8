"""Nations: the tables are whole and free of SIPRI, and our estimates are what nations.md says they are."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.errors import TableError
from truceline.generation.formula import evaluate
from truceline.generation.nations import (
    NO_ESTIMATE,
    Commitment,
    Nation,
    pool_people,
    read_nations,
    read_spending,
    read_spending_file,
    sustained_people,
)
from truceline.generation.spending import Spending
from truceline.scenario.catalogue import load_catalogue
from truceline.scenario.reference import read_table

CATALOGUE = load_catalogue()
ALONE = CATALOGUE.replaced({"generation.commitment_weight": 0})
"""Existing tasks do not count, as in nations.md."""
SENDERS = ("GBR", "FRA", "ESP", "DNK", "NOR", "EST", "LTU", "PRT", "CAN", "TUR", "IRL", "CHE")
"""Those who would send on conditions, nations.md section 3."""


def sustained(code: str) -> float:
    found = sustained_people(read_nations()[code], ALONE)
    assert found is not None
    return found.value


def test_all_nations_are_there_and_every_commitment_has_its_nation() -> None:
    nations = read_nations()
    assert len(nations) == 55
    assert list(nations) == sorted(nations)
    assert sum(len(nation.commitments) for nation in nations.values()) == 106
    assert (nations["GBR"].in_nato, nations["GBR"].in_eu) == (True, False)
    assert nations["POL"].brigades is None


@pytest.mark.parametrize("table", ["nations", "nations_spending", "nations_deployments", "enablers"])
def test_no_figure_of_sipri_is_packaged(table: str) -> None:
    for row in read_table(table):
        for column, cell in row.items():
            assert "milex" not in column
            assert "sipri" not in cell.lower()


def test_the_estimates_add_up_to_the_sums_of_the_design_notes() -> None:
    """44,700 for the twelve, 25,200 without Turkiye, 82,600 for NATO Europe (nations.md section 3).

    There Switzerland, whose total is a militia, has no estimate; here its low figure has one of 790, so the
    sums are compared without it. Tolerance half a per cent: the notes round each nation to ten people.
    """
    twelve = math.fsum(sustained(code) for code in SENDERS if code != "CHE")
    assert twelve == pytest.approx(44_700, rel=0.005)
    assert twelve - sustained("TUR") == pytest.approx(25_200, rel=0.005)
    assert sustained("TUR") == pytest.approx(19_500, rel=0.005)
    europe = [n.code for n in read_nations().values() if n.group == "nato_europe" and n.code != "ISL"]
    assert math.fsum(sustained(code) for code in europe) == pytest.approx(82_600, rel=0.005)
    assert sustained("CHE") == pytest.approx(790, rel=0.01)


def test_the_host_the_other_side_and_the_backstop_have_no_estimate() -> None:
    assert {"UKR", "RUS", "USA", "ISL"} == NO_ESTIMATE
    for code in NO_ESTIMATE:
        assert sustained_people(read_nations()[code], CATALOGUE) is None
        assert pool_people(read_nations()[code], CATALOGUE) is None


def test_only_tasks_like_this_one_compete() -> None:
    """Turkiye's 30,000 on Cyprus are a garrison of its own; its 980 with the EU and NATO compete."""
    nation = read_nations()["TUR"]
    assert math.fsum(c.people for c in nation.commitments if c.competes) == 980
    kinds = {c.kind: c.competes for n in read_nations().values() for c in n.commitments}
    assert kinds["nato_eastern_flank"]
    assert kinds["un"]
    assert not any(kinds[kind] for kind in ("bilateral", "national", "unacknowledged", "war", "worldwide"))


def test_canada_gives_up_half_of_latvia_unless_told_otherwise() -> None:
    canada = read_nations()["CAN"]
    found = {}
    for weight in (0, 0.5, 1):
        changed = CATALOGUE.replaced({"generation.commitment_weight": weight})
        traced = sustained_people(canada, changed)
        assert traced is not None
        found[weight] = traced.value
    assert found[0] - found[0.5] == pytest.approx(1000)
    assert found[0] - found[1] == pytest.approx(2000)


@pytest.mark.parametrize("code", sorted(set(read_nations()) - NO_ESTIMATE))
def test_an_estimate_is_wide_says_that_it_is_ours_and_unfolds(code: str) -> None:
    for traced in (
        sustained_people(read_nations()[code], CATALOGUE),
        pool_people(read_nations()[code], CATALOGUE),
    ):
        assert traced is not None
        assert "our estimate" in traced.label
        assert traced.low is not None
        assert traced.high is not None
        assert 0 <= traced.low <= traced.value <= traced.high
        assert traced.high >= 1.45 * traced.value
        assert evaluate(traced, {}) == pytest.approx(traced.value)


def test_the_pool_is_what_tours_are_manned_from() -> None:
    pool = pool_people(read_nations()["FRA"], CATALOGUE)
    assert pool is not None
    assert (pool.value, pool.low, pool.high) == pytest.approx((31_580, 15_790, 47_370))
    longer = CATALOGUE.replaced({"rotation.dwell": 24, "generation.commitment_weight": 0})
    found = sustained_people(read_nations()["FRA"], longer)
    assert found is not None
    assert found.value == pytest.approx(31_580 / 5)


def made_up(active: float, committed: float) -> Nation:
    france = read_nations()["FRA"]
    there = Commitment("ND999", "FRA", "somewhere", "un", committed)
    return replace(france, active_low=active, active_high=active, commitments=(there,))


@given(st.floats(1, 2e6), st.floats(1, 2e6), st.floats(0, 1e5), st.floats(0, 1e5))
def test_estimates_are_never_negative_and_grow_with_strength_and_free_hands(
    one: float, two: float, busy: float, busier: float
) -> None:
    small, large = sorted((one, two))
    free, bound = sorted((busy, busier))
    found = []
    for active, committed in ((small, bound), (large, bound), (large, free)):
        traced = sustained_people(made_up(active, committed), CATALOGUE)
        assert traced is not None
        assert traced.low is not None
        assert traced.low >= 0
        found.append(traced.value)
    assert found == sorted(found)


def test_spending_is_the_factbooks_share_of_gdp() -> None:
    rows = read_spending()
    assert len(rows) == 267
    assert {row.metric for row in rows} == {"defence_share_gdp"}
    assert next(row.value for row in rows if (row.code, row.year) == ("DEU", 2024)) == 2.0


HEAD = "iso3,year,metric,value,unit\n"


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "mine.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_spending_file_of_the_user_is_read(tmp_path: Path) -> None:
    path = written(
        tmp_path, HEAD + "GBR,2024,milex_share_gdp,2.28,pct_gdp\nGBR,2024,milex_current,81763.2,usd_m\n"
    )
    rows = read_spending_file(path)
    assert [(r.code, r.year, r.metric, r.value) for r in rows] == [
        ("GBR", 2024, "milex_current", 81763.2),
        ("GBR", 2024, "milex_share_gdp", 2.28),
    ]


def test_a_metric_of_another_definition_is_refused_and_not_joined(shared: Path) -> None:
    with pytest.raises(TableError, match="defence_share_gdp_factbook"):
        read_spending_file(shared / "data" / "reference" / "nations_spending.csv")


def test_a_sipri_extract_is_read_whole(shared: Path, tmp_path: Path) -> None:
    text = (shared / "data" / "reference" / "nations_spending.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "defence_share_gdp_factbook" not in line]
    rows = read_spending_file(written(tmp_path, "\n".join(lines)))
    assert len(rows) == len(lines) - 1 == 810
    assert next(r.value for r in rows if (r.code, r.year, r.metric) == ("DEU", 2024, "milex_share_gdp")) < 2


def test_all_problems_of_a_spending_file_are_told_at_once(tmp_path: Path) -> None:
    text = HEAD + (
        "XYZ,2024,milex_current,1,usd_m\n"
        "gb,2024,milex_current,1,usd_m\n"
        "GBR,20x4,milex_current,1,usd_m\n"
        "GBR,2024,milex_current,-1,usd_m\n"
        "GBR,2023,milex_current,nan,usd_m\n"
        "GBR,2024,milex_share_gdp,1,usd_m\n"
        "GBR,2024,milex_share_gdp,101,pct_gdp\n"
        "GBR,2024,guesses,1,usd_m\n"
        "FRA,2024,milex_current,1,usd_m\n"
        "FRA,2024,milex_current,2,usd_m\n"
    )
    with pytest.raises(TableError) as error:
        read_spending_file(written(tmp_path, text))
    assert len(error.value.problems) == 9
    message = str(error.value)
    for words in (
        "XYZ is not a nation",
        "'gb' is not a code",
        "'20x4' is not a year",
        "'-1' is not a number of zero or more",
        "'nan' is not a number",
        "is not the unit of milex_share_gdp",
        "more than all of it",
        "'guesses' is not a metric",
        "FRA 2024 milex_current is there twice",
    ):
        assert words in message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("iso3,year\nGBR,2024\n", "has no column metric"),
        (HEAD + "GBR,2024\n", "cells than the header"),
        (b"iso3,\xff", "is not UTF-8"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(tmp_path: Path, content: str | bytes, says: str) -> None:
    with pytest.raises(TableError, match=says):
        read_spending_file(written(tmp_path, content))
    with pytest.raises(TableError, match="cannot be read"):
        read_spending_file(tmp_path / "absent.csv")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = written(Path(folder), (HEAD + text).encode("utf-8", "surrogatepass"))
        rows: tuple[Spending, ...] = ()
        with suppress(TableError):
            rows = read_spending_file(path)
        assert all(row.value >= 0 for row in rows)
