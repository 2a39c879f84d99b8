"""What leaves the store: at the level of incidents and clauses, delayed, without the words of sources."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyogrio
import pytest
from day_sample import Days, start_store

from truceline.errors import OutputError
from truceline.events.frames import make_frame
from truceline.events.kinds import Flag
from truceline.events.schema import REPORTS
from truceline.monitor.exporting import KINDS_OF_RECORD, Records, gather_records
from truceline.publish.record_files import MARKER, describe_table, to_csv, write_records
from truceline.store.base import StoreError

NOON = datetime(2025, 6, 11, 12)
DAY = timedelta(days=1)


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    store, made = start_store(tmp_path)
    yield made
    store.close()


def gather(days: Days, *kinds: str, **changes: object) -> Records:
    wanted: dict[str, object] = {"title": "t", "now": NOON + 2 * DAY, "delay": DAY, **changes}
    return gather_records(days.store, kinds or ("incidents",), **wanted)  # type: ignore[arg-type]


class TestWhatIsGathered:
    def test_an_incident_has_its_newest_decisions_beside_it(self, days: Days) -> None:
        days.add([{"side": "b", "status": "corroborated"}, {"status": ""}])
        frame = gather(days).frames["incidents"]
        assert frame["verification"].tolist() == ["corroborated", "reported"]
        assert frame["side"].tolist() == ["b", ""]
        assert frame["side_p"].tolist()[0] == 0.8
        assert frame["side_basis"].tolist() == ["bearing", "not investigated"]

    def test_the_words_of_a_source_stay_in_the_store(self, days: Days) -> None:
        days.add([{"reports": ({"source": "a paper", "text": "secret words", "original": "{}"},)}])
        records = gather(days, "reports", "incidents", "judgements")
        assert "a paper" in to_csv(records.frames["reports"])
        for frame in records.frames.values():
            assert not {"text", "original", "truth"} & set(frame.columns)
            assert "secret" not in to_csv(frame)

    def test_positions_are_as_coarse_as_may_leave(self, days: Days) -> None:
        days.add([{"lon": 37.123456, "lat": 48.987654}])
        frame = gather(days).frames["incidents"]
        assert (frame["lon"][0], frame["lat"][0]) == (37.123, 48.988)

    def test_what_is_younger_than_the_delay_is_left_out_and_told(self, days: Days) -> None:
        days.add([{"time_from": NOON}, {"time_from": NOON + 1.9 * DAY}])
        records = gather(days)
        assert records.frames["incidents"]["incident_id"].tolist() == [1]
        assert records.n_withheld == 1
        assert records.until == NOON + DAY

    def test_what_lasts_beyond_the_period_is_in_it_and_not_called_young(self, days: Days) -> None:
        days.add([{"time_from": NOON - timedelta(minutes=5), "time_to": NOON + timedelta(minutes=5)}])
        records = gather(days, until=NOON)
        assert len(records.frames["incidents"]) == 1
        assert (records.n_withheld, records.until) == (0, NOON)

    def test_simulated_reports_that_no_rule_linked_stay_out_too(self, days: Days) -> None:
        days.add([{}])
        made = {"key": "s", "digest": "s", "feed": "simulated", "flags": int(Flag.simulated), "kind": "shot"}
        with days.store.change(who="t", what="import") as change:
            change.add_reports(make_frame(REPORTS, {**made, "time_from": [NOON], "time_to": [NOON]}))
        assert gather(days, "reports").frames["reports"]["kind"].tolist() == ["explosion"]

    def test_simulated_incidents_never_stand_among_real_ones(self, days: Days) -> None:
        days.add([{}, {"flags": int(Flag.simulated)}])
        records = gather(days)
        assert records.frames["incidents"]["incident_id"].tolist() == [1]
        assert records.n_simulated == 1

    def test_a_wholly_simulated_store_can_be_exported(self, days: Days) -> None:
        days.add([{"flags": int(Flag.simulated | Flag.exercise)}])
        frame = gather(days).frames["incidents"]
        assert frame["flag_words"].tolist() == ["exercise|simulated"]

    def test_merged_incidents_are_gone(self, days: Days) -> None:
        days.add([{}, {"merged_into": 1}])
        assert gather(days).frames["incidents"]["incident_id"].tolist() == [1]

    def test_an_incident_under_two_clauses_is_two_judgements(self, days: Days) -> None:
        days.add([{"clauses": (("general", "ceasefire"), ("general", "lines"))}])
        frame = gather(days, "judgements").frames["judgements"]
        assert frame["clause"].tolist() == ["ceasefire", "lines"]
        assert frame["place"].tolist() == ["Chasiv Yar"] * 2

    def test_a_wrong_kind_or_nothing_to_export_is_told(self, days: Days) -> None:
        with pytest.raises(StoreError, match="secrets  is no kind"):
            gather(days, "secrets")
        with pytest.raises(StoreError, match="holds nothing of that kind"):
            gather(days)


class TestFiles:
    def test_csv_cells_that_look_like_formulas_are_neutralised(self, days: Days) -> None:
        days.add([{"place": "=HYPERLINK(0)", "region": "+1"}])
        (row,) = csv.DictReader(io.StringIO(to_csv(gather(days).frames["incidents"])))
        assert (row["place"], row["region"]) == ("'=HYPERLINK(0)", "'+1")
        assert row["time_from"] == "2025-06-11T06:00:00Z"

    def test_geojson_has_points_and_says_what_it_is(self, days: Days, tmp_path: Path) -> None:
        days.add([{}, {"lon": np.nan, "lat": np.nan}])
        write_records(gather(days), tmp_path / "out.geojson")
        made = json.loads((tmp_path / "out.geojson").read_text(encoding="utf-8"))
        first, second = made["features"]
        assert first["geometry"] == {"type": "Point", "coordinates": [37.86, 48.59]}
        assert second["geometry"] is None
        assert first["properties"]["record"] == "incidents"
        assert first["properties"]["count_low"] is None
        assert made["about"]["rows"] == {"incidents": 2}

    def test_a_geopackage_has_layers_with_described_fields(self, days: Days, tmp_path: Path) -> None:
        days.add([{}, {"lon": np.nan, "lat": np.nan}])
        path = tmp_path / "out.gpkg"
        write_records(gather(days, "incidents", "judgements"), path)
        assert {name for name, _ in pyogrio.list_layers(path)} == {"incidents", "judgements"}
        frame = pyogrio.read_dataframe(path, layer="incidents")
        assert frame.geometry.isna().tolist() == [False, True]
        with sqlite3.connect(path) as database:
            described = {
                row[0]
                for row in database.execute(
                    "SELECT column_name FROM gpkg_data_columns WHERE table_name = 'incidents'"
                )
            }
        assert described == set(KINDS_OF_RECORD["incidents"].names)

    def test_the_same_records_give_the_same_bytes(self, days: Days, tmp_path: Path) -> None:
        days.add([{}])
        records = gather(days, "incidents", "effort", "reports")
        for ending in (".gpkg", ".geojson"):
            write_records(records, tmp_path / f"one{ending}")
            write_records(records, tmp_path / f"two{ending}")
            one, two = ((tmp_path / f"{name}{ending}").read_bytes() for name in ("one", "two"))
            assert one == two

    def test_a_folder_that_is_not_ours_is_kept(self, days: Days, tmp_path: Path) -> None:
        days.add([{}])
        mine = tmp_path / "mine"
        mine.mkdir()
        (mine / "diary.txt").write_text("x", encoding="utf-8")
        with pytest.raises(OutputError, match="was not made by this program"):
            write_records(gather(days), mine)
        assert [path.name for path in mine.iterdir()] == ["diary.txt"]
        names = write_records(gather(days), tmp_path / "new")
        assert MARKER in names

    @pytest.mark.parametrize("table", KINDS_OF_RECORD.values(), ids=KINDS_OF_RECORD)
    def test_every_field_is_described_and_lengths_say_their_unit(self, table: object) -> None:
        for column in describe_table(table).columns:  # type: ignore[arg-type]
            assert column.description
            assert (column.unit == "m") == column.name.endswith("_m")
