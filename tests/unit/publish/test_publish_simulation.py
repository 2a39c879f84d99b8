"""simulation.json and its tables: read back whole, canonical, nothing that JSON has not."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from simulate_sample import made_comparison

from truceline.publish.simulation_record import (
    SimulationRecord,
    document_simulation,
    dump_simulation,
    list_parameters,
)
from truceline.publish.simulation_tables import TABLES, make_simulation_tables
from truceline.publish.tables import write_tables
from truceline.simulate.results import DAY_MEASURES, DIAL
from truceline.simulate.settings import BASELINES
from truceline.simulate.summary import SUMMARY_MEASURES


@pytest.fixture(scope="module")
def record() -> SimulationRecord:
    return document_simulation(made_comparison())


def test_the_document_reads_back_as_it_was_written(record: SimulationRecord) -> None:
    text = dump_simulation(record)
    again = SimulationRecord.model_validate_json(text)
    assert again == record
    assert dump_simulation(again) == text
    assert json.loads(text)["schema"] == "truceline.simulation/1"


def test_what_does_not_exist_is_null_and_never_a_number(record: SimulationRecord) -> None:
    text = dump_simulation(record)
    assert "NaN" not in text
    assert "Infinity" not in text
    # The sample has no run-away replicate, and no horizon of sixty months.
    measures = record.watches[0].measures
    assert (measures["runaway_day"].median, measures["runaway_day"].replicates) == (None, 0)
    assert measures["minsk_survival_1826"].mean is None
    assert [at.days for at in record.watches[0].survival[0].horizons] == [30, 365]


def test_every_chance_of_holding_stands_under_a_baseline_and_a_factor(record: SimulationRecord) -> None:
    assert "factor r" in record.condition
    for watch in record.watches:
        assert [(one.baseline, one.factor) for one in watch.survival] == [
            (baseline, factor) for baseline in BASELINES for factor in DIAL
        ]
        for one in watch.survival:
            assert len(one.days) == len(one.mean)
            for at in one.horizons:
                assert at.low is not None
                assert at.high is not None
                assert at.low <= at.high
    assert {name for name in record.watches[0].measures if "survival" in name} == {
        f"{baseline}_survival_{days}" for baseline in BASELINES for days in (30, 365, 1826)
    }


def test_every_table_has_its_rows(record: SimulationRecord, tmp_path: Path) -> None:
    tables = make_simulation_tables(record)
    assert list(tables) == [table.name for table in TABLES]
    n = len(record.watches)
    assert len(tables["measures"].rows) == n * len(SUMMARY_MEASURES)
    assert len(tables["differences"].rows) == (n - 1) * len(SUMMARY_MEASURES)
    assert len(tables["horizons"].rows) == n * 2 * len(DIAL) * 2
    assert len(tables["ladder"].rows) == n * 25
    assert len(tables["days"].rows) == n * record.days * (len(DAY_MEASURES) - 2)
    write_tables(tables, tmp_path)
    assert sorted(f"{name}.csv" for name in tables) == sorted(path.name for path in tmp_path.iterdir())
    assert (tmp_path / "survival.csv").read_text(encoding="utf-8").startswith("watch,baseline,factor_r,day,")


def test_one_plan_alone_has_no_table_of_differences() -> None:
    assert "differences" not in make_simulation_tables(document_simulation(made_comparison(alone=True)))


def test_a_label_that_a_spreadsheet_would_calculate_is_guarded(record: SimulationRecord) -> None:
    watch = record.watches[0].model_copy(update={"label": "=cmd()"})
    text = make_simulation_tables(record.model_copy(update={"watches": [watch]}))["chains"].to_csv()
    assert "'=cmd()" in text


def test_parameters_are_told_with_their_source_or_as_the_users() -> None:
    outcome = made_comparison(alone=True).outcomes[0]
    for one in list_parameters(outcome):
        assert one.label
        assert one.source
        assert one.low <= one.value <= one.high
        assert one.use == ("held" if one.low == one.high or one.use == "held" else "drawn")
    fixed = list_parameters(type(outcome)(**{**vars(outcome), "fixed": {"delay": 0.5}}))
    delay = next(one for one in fixed if one.name == "delay")
    assert (delay.use, delay.value, delay.source) == ("fixed", 0.5, "fixed by the user")


def test_numbers_are_cut_to_the_digits_that_are_kept(record: SimulationRecord) -> None:
    mean = record.watches[0].measures["detected_share"].mean
    assert mean is not None
    assert math.isclose(mean, float(f"{mean:.9g}"), rel_tol=0.0)
