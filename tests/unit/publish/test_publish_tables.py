"""The tables of a plan say what the plan says, to the digits promised, and never calculate."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.plan import Plan
from truceline.publish import backstop_tables, dates_tables, generation_tables, money_tables, talks_tables
from truceline.publish.table import Table, number, people, share, text
from truceline.publish.tables import KINDS_OF_TABLE, make_tables, write_tables

WORDS = Table("words", "Words", "", (text("word", "a word"), number("count", "1", "how many", 2)))


@pytest.fixture(scope="module")
def tables(small_plan: Plan) -> dict[str, Table]:
    return make_tables(small_plan)


def rows_of(table: Table, posture: str = "observers") -> list[dict[str, Any]]:
    names = [column.name for column in table.columns]
    found = [dict(zip(names, row, strict=True)) for row in table.rows]
    return [row for row in found if row.get("posture", posture) == posture]


def test_every_table_and_column_is_described() -> None:
    for table, _ in KINDS_OF_TABLE:
        names = [column.name for column in table.columns]
        assert table.title
        assert table.note
        assert len(set(names)) == len(names), table.name
        assert all(column.description and column.name.islower() for column in table.columns), table.name


def test_names_of_columns_carry_their_units() -> None:
    endings = {"km": "_km", "m": "_m", "min": "_min", "km^2": "_km2"}
    for table, _ in KINDS_OF_TABLE:
        for column in table.columns:
            if column.unit in endings:
                assert column.name.endswith(endings[column.unit]), f"{table.name}.{column.name}"


def test_only_tables_with_rows_are_there(tables: dict[str, Table], length_plan: Plan) -> None:
    asked = (*generation_tables.TABLES, *backstop_tables.TABLES, *dates_tables.TABLES)
    asked += (*money_tables.TABLES, *talks_tables.TABLES)
    of_nations = {table.name for table, _ in asked}
    assert set(tables) == {table.name for table, _ in KINDS_OF_TABLE} - {"drivers", "warnings"} - of_nations
    of_length = make_tables(length_plan)
    assert {"headlines", "tasks", "postures", "assumptions", "densities"} <= set(of_length)
    assert not {"posts", "sectors", "crossings", "frontier", "estimates"} & set(of_length)


def test_posts_are_the_fixed_means_chosen(small_plan: Plan, tables: dict[str, Table]) -> None:
    posts = rows_of(tables["posts"])
    counts = small_plan.chosen.people.counts
    assert sum(row["kind"] == "post" for row in posts) == counts.armed_posts
    assert sum(row["kind"] == "mast" for row in posts) == counts.masts
    assert len({row["id"] for row in posts}) == len(posts)
    for row in posts:
        assert (row["offset_m"] > 0) == (row["side"] == "a")
        assert 2.7 < row["lon"] < 3.3
        assert 0.9 < row["lat"] < 1.2


def test_places_are_no_finer_than_a_thousandth_of_a_degree(tables: dict[str, Table]) -> None:
    for name in ("posts", "bases"):
        for column in ("lon", "lat"):
            for value in tables[name].values(column):
                assert isinstance(value, float | int)
                assert round(value, 3) == value


def test_gains_add_up_to_what_is_detected(small_plan: Plan, tables: dict[str, Table]) -> None:
    curve = rows_of(tables["frontier"])
    chosen = [row for row in curve if row["is_chosen"]]
    watch = small_plan.chosen.watch
    assert watch is not None
    assert len(chosen) == 1
    assert chosen[0]["detect_share"] == pytest.approx(watch.detected_share, abs=1e-4)
    assert chosen[0]["watch_people"] == pytest.approx(watch.spent_people, abs=0.01)
    picked = [row["gain_share"] for row in rows_of(tables["posts"]) if row["pick"] is not None]
    assert 0 < math.fsum(picked) <= chosen[0]["detect_share"] - curve[0]["detect_share"] + 1e-3


def test_people_of_tasks_are_the_force(small_plan: Plan, tables: dict[str, Table]) -> None:
    for key, posture in small_plan.postures.items():
        total = sum(row["people"] for row in rows_of(tables["tasks"], key))
        assert total == pytest.approx(posture.people.force.deployed_people, abs=0.1)
        (row,) = rows_of(tables["postures"], key)
        assert row["deployed_people"] == pytest.approx(posture.people.force.deployed_people, abs=0.01)
        assert row["is_chosen"] == (key == "observers")


def test_sectors_hold_what_stands_and_moves(tables: dict[str, Table]) -> None:
    sectors, posts, moving = (rows_of(tables[name]) for name in ("sectors", "posts", "moving"))
    assert sum(row["posts"] + row["masts"] for row in sectors) == len(posts)
    assert sum(row["patrols_per_day"] for row in sectors) == sum(row["copies"] for row in moving)
    spent = sum(row["people"] for row in posts) + sum(row["people"] for row in moving)
    assert sum(row["watch_people"] for row in sectors) == pytest.approx(spent, abs=0.2)


def test_weakest_crossing_is_the_same_everywhere(small_plan: Plan, tables: dict[str, Table]) -> None:
    crossings = [row for row in rows_of(tables["crossings"]) if row["intruder"] == "knows the posts"]
    least = min(row["p_least"] for row in crossings if row["passable"])
    headline = next(row for row in rows_of(tables["headlines"]) if row["name"] == "crossing.weakest")
    assert least == pytest.approx(headline["value"], abs=1e-4)
    (posture,) = rows_of(tables["postures"])
    assert min(posture[f"p_weakest_{state}"] for state in ("day", "night", "bad")) == least
    assert len(crossings) == 2 * 2 * 3


def test_profile_has_every_intruder_kind_and_state_in_its_place(
    small_plan: Plan, tables: dict[str, Table]
) -> None:
    crossings = small_plan.chosen.crossings
    assert crossings is not None
    waits = crossings.profiles["waits for the gap"].p_least
    row = rows_of(tables["crossing_profile"])[3]
    assert row["chainage_from_km"] == 6
    assert row["p_waits_vehicle_night"] == pytest.approx(waits[1, 1, 3], abs=1e-4)
    assert row["p_waits_person_bad"] == pytest.approx(waits[0, 2, 3], abs=1e-4)
    assert rows_of(tables["crossing_profile"])[-1]["chainage_to_km"] == pytest.approx(41.3)


def test_weak_assumptions_and_sensors_are_marked(small_plan: Plan, tables: dict[str, Table]) -> None:
    assumptions = {row["name"]: row for row in rows_of(tables["assumptions"])}
    for name, record in small_plan.assumptions.items():
        assert assumptions[name]["is_weak"] == record.evidence.is_weak
        assert assumptions[name]["value"] == pytest.approx(record.value)
    assert assumptions["zone.half_width"]["origin"] == "scenario"
    assert assumptions["zone.half_width"]["value"] == 4000
    sensors = {row["sensor"]: row for row in rows_of(tables["sensors"])}
    assert set(sensors) == {"op_human_thermal", "camera_mast", "patrol_vehicle"}
    assert sensors["camera_mast"]["general_fields"] == "; ".join(
        small_plan.sensors["camera_mast"].general_fields
    )


def test_every_share_seen_comes_with_cell_and_tolerance(tables: dict[str, Table]) -> None:
    about = {row["what"]: row["value"] for row in rows_of(tables["about"])}
    assert about["tolerance of the line"] == "1.0 km"
    assert about["elevation cell"] == "none: no elevation model"
    assert about["demand cell"] == "2000 m"
    assert "statistical" in about["sight"]
    assert about["cite as"].startswith("Truceline ")


def test_estimates_keep_every_implied_assumption(small_plan: Plan, tables: dict[str, Table]) -> None:
    readings = small_plan.chosen.readings
    assert len(rows_of(tables["estimates"])) == len(readings) > 0
    assert len(rows_of(tables["estimates_implied"])) == sum(len(reading.implied) for reading in readings)


def test_bands_stand_beside_the_chosen_posture_only(small_plan: Plan) -> None:
    band = SimpleNamespace(low=100.0, median=200.0, high=400.0)
    driver = SimpleNamespace(name="patrol.crew", label="Crew", share=0.25)
    bands: Any = SimpleNamespace(
        bands={"force.deployed": band}, drivers={"force.deployed": (driver,)}, n_samples=7, note="held"
    )
    found = make_tables(replace(small_plan, bands=bands))
    lows = {
        (row["posture"], row["name"]): row["band_low"]
        for posture in small_plan.postures
        for row in rows_of(found["headlines"], posture)
    }
    assert lows["observers", "force.deployed"] == 100
    assert lows["technical", "force.deployed"] is None
    assert rows_of(found["drivers"])[0]["spread_share"] == 0.25


def test_files_read_back_as_written(tables: dict[str, Table], tmp_path: Path) -> None:
    write_tables(tables, tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == set(tables)
    for name, table in tables.items():
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
            header, *rows = csv.reader(handle)
        assert header == [column.name for column in table.columns]
        assert len(rows) == len(table.rows)
        assert all("nan" not in row and "inf" not in row for row in rows)


def test_same_plan_same_bytes(small_plan: Plan, tables: dict[str, Table]) -> None:
    again = make_tables(small_plan)
    assert {name: table.to_csv() for name, table in again.items()} == {
        name: table.to_csv() for name, table in tables.items()
    }


def test_text_from_a_scenario_does_not_calculate(tables: dict[str, Table]) -> None:
    written = tables["about"].to_csv()
    assert "'=Southland" in written
    assert ",=Southland" not in written


@given(st.text(max_size=40))
def test_no_text_starts_like_a_formula_in_a_file(word: str) -> None:
    cell = next(csv.reader(WORDS.filled([(word, 1)]).to_csv().splitlines(keepends=True)[1:]), [""])[0]
    assert not cell.startswith(("=", "+", "-", "@", "\t"))


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_numbers_are_rounded_or_unknown(value: float) -> None:
    kept = WORDS.filled([("x", value)]).rows[0][1]
    if not math.isfinite(value):
        assert kept is None
    else:
        assert kept == pytest.approx(round(value, 2))


def test_rows_must_fit_the_columns() -> None:
    with pytest.raises(ValueError, match="shorter"):
        WORDS.filled([("only one",)])


def test_digits_are_those_promised() -> None:
    table = Table("t", "T", "", (people("n_people", ""), share("some_share", ""), number("x_m", "m", "", -2)))
    assert table.filled([(1.005001, 0.123456, 1449.0)]).rows == ((1.01, 0.1235, 1400),)
