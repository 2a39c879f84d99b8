"""Detection tables on disk: the same again, never the wrong one, never a damaged one."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from detection_cases import make_parameters

from truceline.detection import table_files
from truceline.detection.coverage import DetectionTable
from truceline.detection.means import fixed_means
from truceline.detection.sensors import load_sensors
from truceline.detection.table_files import (
    describe_inputs,
    keep_quietly,
    read_table,
    table_path,
    write_table,
)
from truceline.errors import OutputError

SENSORS = load_sensors()
PARAMETERS = make_parameters()
TABLE = DetectionTable(
    np.array([0, 2, 2, 3]), np.array([4, 20, 7], np.int32), np.array([0.1, 2.0, 0.5], np.float32), 21
)


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    path = write_table(TABLE, tmp_path / "tables", "abc", "made up")
    assert path == table_path(tmp_path / "tables", "abc")
    found = read_table(tmp_path / "tables", "abc")
    assert found is not None
    assert found.n_events == 21
    for name in ("indptr", "indices", "log_miss"):
        np.testing.assert_array_equal(getattr(found, name), getattr(TABLE, name))
        assert getattr(found, name).dtype == getattr(TABLE, name).dtype
    assert read_table(tmp_path / "tables", "other") is None


def test_a_table_under_a_wrong_name_is_not_believed(tmp_path: Path) -> None:
    write_table(TABLE, tmp_path, "abc").rename(table_path(tmp_path, "xyz"))
    assert read_table(tmp_path, "xyz") is None


def broken(**change: np.ndarray) -> DetectionTable:
    return dataclasses.replace(TABLE, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "table",
    [
        broken(indptr=np.array([0, 2, 1, 3])),
        broken(indptr=np.array([0, 2, 2, 4])),
        broken(indices=np.array([4, 21, 7], np.int32)),
        broken(indices=np.array([4, -1, 7], np.int32)),
        broken(log_miss=np.array([0.1, np.nan, 0.5], np.float32)),
        broken(log_miss=np.array([0.1, -1.0, 0.5], np.float32)),
        broken(log_miss=np.array([0.1, 0.2], np.float32)),
        broken(indices=np.array([4, 20, 7], np.int64)),
    ],
)
def test_arrays_that_make_no_table_are_not_believed(tmp_path: Path, table: DetectionTable) -> None:
    write_table(table, tmp_path, "abc")
    assert read_table(tmp_path, "abc") is None


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "pickle"])
def test_a_damaged_file_is_not_believed_and_nothing_in_it_is_run(tmp_path: Path, damage: str) -> None:
    path = write_table(TABLE, tmp_path, "abc")
    content = path.read_bytes()
    if damage == "pickle":
        buffer = io.BytesIO()
        np.savez(buffer, about=np.array([{"key": "abc"}], dtype=object))
        content = buffer.getvalue()
    path.write_bytes({"cut": content[:-60], "empty": b"", "text": b"hello", "pickle": content}[damage])
    assert read_table(tmp_path, "abc") is None


def test_the_key_changes_with_everything_a_table_depends_on() -> None:
    means = fixed_means(["op_human"], 0.0, 0.0, 5.0)
    arrays = [np.array([1.0, 2.0]), np.array([0, 1])]
    first = describe_inputs(means, SENSORS, PARAMETERS, arrays, "flat")
    assert first == describe_inputs(means, SENSORS, PARAMETERS, [one.copy() for one in arrays], "flat")
    better = {**SENSORS, "op_human": dataclasses.replace(SENSORS["op_human"], availability_share=0.123)}
    others = [
        *(
            describe_inputs(other, SENSORS, PARAMETERS, arrays, "flat")
            for other in (
                fixed_means(["op_human"], 0.0, 0.0, 6.0),
                fixed_means(["op_human"], 0.0, 0.0, 5.0, arc_deg=90.0),
                fixed_means(["camera_mast"], 0.0, 0.0, 5.0),
            )
        ),
        describe_inputs(means, better, PARAMETERS, arrays, "flat"),
        describe_inputs(means, SENSORS, PARAMETERS, [arrays[0] + 1, arrays[1]], "flat"),
        describe_inputs(means, SENSORS, PARAMETERS, arrays, "hills"),
    ]
    assert len({first, *others}) == 1 + len(others)


def test_old_tables_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "TABLES_KEPT", 3)
    for number in range(6):
        write_table(TABLE, tmp_path, f"key{number}")
    assert len(list(tmp_path.glob("*.npz"))) == 3
    assert read_table(tmp_path, "key5") is not None


def test_a_folder_that_cannot_be_written_costs_the_file_and_not_the_plan(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        write_table(TABLE, tmp_path / "file", "abc")
    keep_quietly(TABLE, tmp_path / "file", "abc", "")
    assert read_table(tmp_path / "file", "abc") is None
    keep_quietly(TABLE, tmp_path, "abc", "")
    assert read_table(tmp_path, "abc") is not None
