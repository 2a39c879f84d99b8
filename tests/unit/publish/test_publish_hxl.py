"""Hashtags of HXL in exported CSV: read by libhxl, values of the right sort, and by our own importer."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import hxl
import numpy as np
import pandas as pd
import pytest
from day_sample import DAY, Days, add_rest, list_effort, start_store

from truceline.errors import OutputError
from truceline.events.kinds import Releasability
from truceline.events.readers.read import read_rows
from truceline.monitor.exporting import KINDS_OF_RECORD, Records, gather_records
from truceline.monitor.importing import import_file
from truceline.monitor.releasing import release_incidents
from truceline.publish.hxl_tags import TAGS, add_tag_row, list_tags
from truceline.publish.record_files import write_records

NOW = datetime(2025, 6, 20)
KINDS = ("incidents", "judgements", "effort", "reports")


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    store, made = start_store(tmp_path_factory.mktemp("hxl"))
    made.add([{"place": "=cmd|' /C calc'!A0", "region": "Donetsk"}, {"place": "#tag, with a comma"}])
    add_rest(made, DAY)
    made.add_effort(list_effort(DAY))
    release_incidents(store, [1, 2, 3], Releasability.public, who="desk", why="agreed")
    yield made
    store.close()


@pytest.fixture(scope="module")
def folder(days: Days, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of tagged CSV, all kinds of record."""
    out = tmp_path_factory.mktemp("hxl") / "tagged"
    write_records(gather(days), out, with_hxl=True)
    return out


def gather(days: Days, level: Releasability = Releasability.mission) -> Records:
    kinds = KINDS if level is Releasability.mission else None
    return gather_records(days.store, kinds, title="t", now=NOW, level=level)


def open_tagged(path: Path) -> hxl.model.Dataset:
    return hxl.data(io.BytesIO(path.read_bytes()))


class TestTags:
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_column_has_a_tag_and_none_has_that_of_another(self, kind: str) -> None:
        tags = list_tags(kind, KINDS_OF_RECORD[kind].names)
        assert all(tags)
        assert len(set(tags)) == len(tags)

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_tag_is_one_by_the_grammar_of_hxl(self, kind: str) -> None:
        for tag in TAGS[kind].values():
            column = hxl.model.Column.parse(tag)
            assert column is not None
            assert column.get_display_tag(sort_attributes=False) == tag

    def test_a_column_that_is_not_known_stays_blank(self) -> None:
        assert list_tags("incidents", ["lon", "novelty"]) == ["#geo+lon", ""]

    def test_the_tags_stand_after_the_header(self) -> None:
        assert add_tag_row("a,b\n1,2\n", ["#x", "#y"]) == "a,b\n#x,#y\n1,2\n"


class TestFilesForHxl:
    @pytest.mark.parametrize("kind", KINDS)
    def test_libhxl_reads_every_row_and_every_column(self, days: Days, folder: Path, kind: str) -> None:
        frame = gather(days).frames[kind]
        with open_tagged(folder / f"{kind}.csv") as source:
            assert source.headers == list(frame.columns)
            assert source.display_tags == list_tags(kind, list(frame.columns))
            assert len(list(source)) == len(frame)

    def test_values_stand_where_a_reader_expects_them(self, days: Days, folder: Path) -> None:
        frame = gather(days).frames["incidents"].set_index("incident_id")
        with open_tagged(folder / "incidents.csv") as source:
            for row in source:
                was = frame.loc[int(row.get("#event+id"))]
                assert float(row.get("#geo+lat")) == was["lat"]
                assert float(row.get("#geo+lon")) == was["lon"]
                assert row.get("#event+type") == was["kind"]
                assert row.get("#date+start") == f"{was['time_from']:%Y-%m-%dT%H:%M:%SZ}"
                assert row.get("#adm1+name") == was["region"]
                killed = row.get("#affected+killed-min-max")
                assert (float(killed) if killed else np.nan) == pytest.approx(was["killed_best"], nan_ok=True)

    @pytest.mark.parametrize("kind", KINDS)
    def test_dates_are_dates_and_people_are_numbers_by_the_schema_of_hxl(
        self, folder: Path, kind: str
    ) -> None:
        schema = [
            ["#valid_tag", "#valid_severity", "#valid_datatype"],
            ["#date+start,#date+end", "error", "date"],
            ["#affected,#indicator+num,#geo+lat,#geo+lon", "error", "number"],
        ]
        wrong: list[str] = []
        checked = hxl.schema(hxl.data(schema), callback=lambda error: wrong.append(str(error)))
        with open_tagged(folder / f"{kind}.csv") as source:
            checked.validate(source)
        assert wrong == []

    def test_that_check_would_find_a_word_among_the_dead(self) -> None:
        schema = [["#valid_tag", "#valid_datatype"], ["#affected", "number"]]
        assert not hxl.schema(hxl.data(schema)).validate(hxl.data([["#affected+killed"], ["many"]]))

    def test_formulas_are_still_neutralised(self, folder: Path) -> None:
        text = (folder / "incidents.csv").read_text(encoding="utf-8")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert rows[0]["place"] == "#loc+name"
        assert rows[1]["place"].startswith("'=cmd")

    def test_without_the_switch_there_is_no_tag_row(self, days: Days, tmp_path: Path) -> None:
        write_records(gather(days), tmp_path / "plain")
        lines = (tmp_path / "plain" / "incidents.csv").read_text(encoding="utf-8").splitlines()
        assert not lines[1].startswith("#")

    @pytest.mark.parametrize("level", [Releasability.public, Releasability.parties])
    def test_an_edition_for_others_is_tagged_as_well(
        self, days: Days, tmp_path: Path, level: Releasability
    ) -> None:
        records = gather(days, level)
        write_records(records, tmp_path / "out", with_hxl=True)
        with open_tagged(tmp_path / "out" / "incidents.csv") as source:
            assert [int(row.get("#event+id")) for row in source] == [1, 2, 3]
            assert "#x_side+found+basis" not in source.display_tags

    @pytest.mark.parametrize("name", ["out.gpkg", "out.geojson"])
    def test_other_formats_are_refused(self, days: Days, tmp_path: Path, name: str) -> None:
        with pytest.raises(OutputError, match="CSV alone"):
            write_records(gather(days), tmp_path / name, with_hxl=True)
        assert not (tmp_path / name).exists()


class TestOurOwnImporter:
    FORM = "id,time_from,time_to,lon,lat,kind,means,observation,source\n"
    TAGS = "#meta+id,#date+start,#date+end,#geo+lon,#geo+lat,#event+type,#channel,#channel,#meta+source\n"
    ROWS = (
        "r1,2025-06-10T10:00:00Z,2025-06-10T10:05:00Z,37.8,48.0,explosion,patrol,heard,field office\n"
        "r2,2025-06-10T11:00:00Z,2025-06-10T11:05:00Z,37.9,48.1,explosion,patrol,heard,field office\n"
    )

    def test_a_tagged_form_gives_the_reports_of_the_same_form_without_tags(self, tmp_path: Path) -> None:
        (tmp_path / "plain.csv").write_text(self.FORM + self.ROWS)
        (tmp_path / "tagged.csv").write_text(self.FORM + self.TAGS + self.ROWS)
        store, _ = start_store(tmp_path)
        with store:
            first = import_file(store, tmp_path / "plain.csv", who="desk", now=NOW)
            again = import_file(store, tmp_path / "tagged.csv", who="desk", now=NOW)
        assert (first.n_new, first.n_rejected) == (2, 0)
        assert (again.n_new, again.n_repeated, again.n_rejected) == (0, 2, 0)

    def test_lines_are_still_those_of_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "tagged.csv"
        path.write_text(self.FORM + self.TAGS + self.ROWS)
        (chunk,) = read_rows(path)
        assert chunk.lines.tolist() == [3, 4]

    @pytest.mark.parametrize("row", ["#1 gun,2\n", "#tag,word\n", "#UPPER,#x\n", ",\n"])
    def test_a_row_that_only_looks_like_tags_is_kept(self, tmp_path: Path, row: str) -> None:
        path = tmp_path / "a.csv"
        path.write_text("a,b\n" + row + "1,2\n")
        (chunk,) = read_rows(path)
        assert len(chunk.lines) == 2

    def test_tags_further_down_are_a_row(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_text("a,b\n1,2\n#event,#date\n")
        (chunk,) = read_rows(path)
        assert len(chunk.lines) == 2

    def test_a_tagged_export_reads_like_one_without_tags(
        self, days: Days, folder: Path, tmp_path: Path
    ) -> None:
        write_records(gather(days), tmp_path / "plain")
        for kind in KINDS:
            plain, tagged = (list(read_rows(place / f"{kind}.csv")) for place in (tmp_path / "plain", folder))
            for one, other in zip(plain, tagged, strict=True):
                pd.testing.assert_frame_equal(one.raw, other.raw)
                assert (other.lines - one.lines == 1).all()
