"""The packaged means load whole and agree with the shared table; a bad table is refused with all reasons."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.detection.kinds import KINDS, STATES
from truceline.detection.sensors import TABLE_BYTES_MAX, load_sensors
from truceline.errors import TableError


@pytest.fixture(scope="module")
def packaged() -> tuple[list[str], list[dict[str, str]]]:
    import truceline

    path = Path(truceline.__file__).parent / "scenario" / "reference" / "sensors.csv"
    with path.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream)
        rows = list(reader)
        return list(reader.fieldnames or ()), rows


def write_table(path: Path, columns: list[str], rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_packaged_table_loads_and_holds_known_facts() -> None:
    sensors = load_sensors()
    assert len(sensors) == 33
    post = sensors["op_human"]
    assert post.half_range_m("person", "day") == 1500
    assert post.half_range_m("artillery_impact", "night") == 10_000
    assert post.sound_kinds == ("small_arms", "mortar", "artillery_impact")
    assert not post.is_area
    assert math.isnan(sensors["acoustic_small"].half_range_m("person", "day"))
    assert sensors["uav_mini"].half_range_m("person", "bad") == 0
    assert sensors["uav_mini"].is_area
    assert sensors["sat_vhr_optical"].is_satellite
    assert sensors["wlr_light"].is_radar
    assert sensors["wlr_light"].sees_trajectory


def test_attribution_follows_the_means_that_locate_or_identify() -> None:
    attributing = {name for name, sensor in load_sensors().items() if sensor.attributes}
    assert attributing == {
        "acoustic_artillery",
        "camera_tower_cooled",
        "sat_vhr_optical",
        "uav_male",
        "uav_mini",
        "uav_small_fixed",
        "uav_tactical_falco",
        "uav_vtol_tactical",
        "wlr_heavy",
        "wlr_light",
        "wlr_medium",
    }


def test_general_fields_name_what_rests_on_common_knowledge() -> None:
    sensors = load_sensors()
    assert "range_m" in sensors["camera_mast"].general_fields  # "person seen; rest general"
    assert "crew_24_7" not in sensors["op_human"].general_fields  # derived
    assert "range_m" not in sensors["rf_passive"].general_fields  # seen
    assert "range_m" not in sensors["sat_vhr_optical"].general_fields  # has none
    assert "speed_m_per_s" not in sensors["op_human"].general_fields  # does not move
    assert "availability_share" in sensors["acoustic_small"].general_fields


def test_ranges_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        load_sensors()["op_human"].range_m[0, 0] = 9999


def test_packaged_table_keeps_the_shared_facts(
    shared: Path, packaged: tuple[list[str], list[dict[str, str]]]
) -> None:
    with (shared / "data" / "reference" / "sensors.csv").open(newline="", encoding="utf-8") as stream:
        known = {row["sensor_id"]: row for row in csv.DictReader(stream)}
    same = [f"range_{kind}_{state}_m" for kind in KINDS for state in STATES]
    same += ["platform_height_m", "speed_m_per_s", "swath_m", "revisit_h", "endurance_h", "crew_24_7"]
    same += [
        "false_alarms_per_day",
        "range_confidence",
        "crew_confidence",
        "confidence",
        "source",
        "source_url",
        "notes",
    ]
    assert {row["sensor_id"] for row in packaged[1]} == set(known)
    for row in packaged[1]:
        for column in same:
            assert row[column] == known[row["sensor_id"]][column], (row["sensor_id"], column)
        if row["sensor_id"] != "patrol_vehicle":  # its barred nights are a presence share here
            assert row["availability_share"] == known[row["sensor_id"]]["availability_fraction"]


def test_bad_table_is_refused_with_all_reasons(
    tmp_path: Path, packaged: tuple[list[str], list[dict[str, str]]]
) -> None:
    columns, rows = packaged
    changes = [
        {"sight_law": "magic"},
        {"range_person_day_m": "-5"},
        {"range_vehicle_night_m": "far"},
        {"availability_share": "1.2"},
        {"availability_share": ""},
        {"mobile": "maybe"},
        {"sound_kinds": "thunder"},
        {"range_person_night_m": ""},
        {"detects": "person"},
        {"attributes_basis": ""},
        {"sensor_id": ""},
        {"range_person_day_m": "inf"},
    ]
    base = next(row for row in rows if row["sensor_id"] == "op_human")
    bad = [base | {"sensor_id": f"m{i}"} | change for i, change in enumerate(changes)]
    path = write_table(tmp_path / "mine.csv", columns, [*bad, base, base])
    with pytest.raises(TableError) as caught:
        load_sensors(path)
    message = str(caught.value)
    for i in range(len(changes)):
        assert f"mine.csv:{i + 2} " in message, f"nothing said about line {i + 2}"
    assert "'magic' is no law" in message
    assert "repeats the id 'op_human'" in message


@pytest.mark.parametrize(
    ("base", "change", "said"),
    [
        ("patrol_vehicle", {"speed_m_per_s": ""}, "speed_m_per_s"),
        ("patrol_vehicle", {"mobile": "no"}, "mobile"),
        ("sat_vhr_sar", {"revisit_h": ""}, "revisit_h"),
        ("acoustic_small", {"sound_kinds": "mortar"}, "small_arms, artillery_impact is not heard"),
    ],
)
def test_row_must_have_what_its_law_needs(
    tmp_path: Path,
    packaged: tuple[list[str], list[dict[str, str]]],
    base: str,
    change: dict[str, str],
    said: str,
) -> None:
    columns, rows = packaged
    row = next(row for row in rows if row["sensor_id"] == base) | change
    with pytest.raises(TableError, match=said):
        load_sensors(write_table(tmp_path / "mine.csv", columns, [row]))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "lacks the columns"),
        (b"sensor_id,name\nx,y\n", "lacks the columns"),
        (b"\xff\xfe\x00", "not a UTF-8"),
        (b"a" * (TABLE_BYTES_MAX + 1), "larger than"),
    ],
)
def test_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    with pytest.raises(TableError, match=said):
        load_sensors(path)


def test_missing_file_and_empty_table_are_refused(
    tmp_path: Path, packaged: tuple[list[str], list[dict[str, str]]]
) -> None:
    with pytest.raises(TableError, match="cannot be read"):
        load_sensors(tmp_path / "absent.csv")
    with pytest.raises(TableError, match="has no rows"):
        load_sensors(write_table(tmp_path / "empty.csv", packaged[0], []))


class Bytes:
    """A table in memory."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def read_bytes(self) -> bytes:
        return self.content


@settings(max_examples=60, deadline=None)
@given(column=st.integers(0, 40), text=st.text(max_size=12), junk=st.binary(max_size=20))
def test_any_cell_loads_or_is_refused_politely(
    packaged: tuple[list[str], list[dict[str, str]]], column: int, text: str, junk: bytes
) -> None:
    columns, rows = packaged
    row = rows[0] | {columns[column]: text}
    lines = [",".join(columns), ",".join('"' + row[name].replace('"', '""') + '"' for name in columns)]
    for content in ("\n".join(lines).encode("utf-8", "surrogatepass"), junk):
        try:
            sensors = load_sensors(Bytes(content))
        except TableError as error:
            assert error.problems  # noqa: PT017  both outcomes are allowed
        else:
            assert len(sensors) == 1
            (only,) = sensors.values()
            assert not np.isinf(only.range_m).any()
