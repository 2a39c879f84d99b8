"""Files of every format give the same rows: columns, lines and originals."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truceline.events.readers import chunk as chunks
from truceline.events.readers import parquet
from truceline.events.readers.chunk import Chunk, ReportFileError
from truceline.events.readers.read import read_rows

ROWS = [["1", "вибух", "5-8"], ["2", "burst", ""], ["3", "shot; two", '"about" 30']]
HEADER = ["ID", " Kind ", "count"]


def write_csv(path: Path, rows: list[list[str]], *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def read_one(path: Path, **options: Any) -> Chunk:
    (only,) = read_rows(path, **options)
    return only


def texts(chunk: Chunk) -> list[list[str]]:
    return [list(row) for row in chunk.raw.itertuples(index=False)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_csv_is_read_whatever_its_delimiter_and_mark(tmp_path: Path, delimiter: str, encoding: str) -> None:
    chunk = read_one(write_csv(tmp_path / "a.csv", [HEADER, *ROWS], delimiter=delimiter, encoding=encoding))
    assert list(chunk.raw.columns) == ["id", "kind", "count"]
    assert texts(chunk) == ROWS
    assert chunk.lines.tolist() == [2, 3, 4]
    assert json.loads(chunk.originals[0]) == {"ID": "1", " Kind ": "вибух", "count": "5-8"}
    assert "вибух" in chunk.originals[0]


def test_a_spreadsheets_own_word_on_the_delimiter_is_heeded(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\nid;kind\n1;a,b,c,d\n", encoding="utf-8")
    chunk = read_one(path)
    assert texts(chunk) == [["1", "a,b,c,d"]]
    assert chunk.lines.tolist() == [3]


def test_gzipped_csv_is_read_under_either_name(tmp_path: Path) -> None:
    plain = write_csv(tmp_path / "a.csv", [HEADER, *ROWS]).read_bytes()
    for name in ("b.csv.gz", "c.csv"):
        (tmp_path / name).write_bytes(gzip.compress(plain))
        assert texts(read_one(tmp_path / name)) == ROWS


@pytest.mark.parametrize("text", [b"a,b\n\x81\x82,1\n" * 3, b"\x81" + bytes(range(256)) * 8])
def test_a_packed_file_of_no_text_that_breaks_off_anywhere_is_refused(tmp_path: Path, text: bytes) -> None:
    packed, path = gzip.compress(text), tmp_path / "a.csv.gz"
    for size in range(1, len(packed)):
        path.write_bytes(packed[:size])
        with pytest.raises(ReportFileError):
            read_one(path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_numbers_stay_right_behind_fields_of_several_lines(tmp_path: Path, end: str) -> None:
    path = tmp_path / "a.csv"
    lines = ["id,text", '1,"one', "two", 'three"', "", "2,plain", '3,"a', 'b"', "4,last"]
    path.write_bytes(end.join(lines).encode())
    chunk = read_one(path)
    assert chunk.lines.tolist() == [2, 6, 7, 9]
    assert chunk.raw["text"].tolist() == [f"one{end}two{end}three", "plain", f"a{end}b", "last"]


def test_rows_with_other_fields_than_the_header_are_rejected_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,kind,\n1,a\n2,b,c,d\n3,c,,,\n4\n5,e,\n", encoding="utf-8")
    chunk = read_one(path)
    assert chunk.raw["id"].tolist() == ["1", "3", "5"]
    assert chunk.lines.tolist() == [2, 4, 6]
    assert [(r.line, r.where, r.found) for r in chunk.rejects] == [
        (3, "row", "has 4 fields where the header has 2"),
        (5, "row", "has 1 fields where the header has 2"),
    ]
    assert [r.reason for r in chunk.rejects] == [
        "has more fields than the header",
        "has fewer fields than the header",
    ]


def test_a_header_alone_is_a_file_without_rows(tmp_path: Path) -> None:
    chunk = read_one(write_csv(tmp_path / "a.csv", [HEADER]))
    assert (len(chunk.raw), list(chunk.raw.columns), chunk.done) == (0, ["id", "kind", "count"], 1.0)


def test_long_files_come_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 10)
    path = write_csv(tmp_path / "a.csv", [["id"], *([str(n)] for n in range(25))])
    shares: list[float] = []
    got = list(read_rows(path, progress=shares.append))
    assert [len(chunk.raw) for chunk in got] == [10, 10, 5]
    assert np.concatenate([chunk.lines for chunk in got]).tolist() == list(range(2, 27))
    assert shares[-1] == 1.0
    monkeypatch.setattr(chunks, "CHUNK_CHARACTERS", 40)
    assert max(len(chunk.raw) for chunk in read_rows(path)) == 4  # ten characters of JSON a row


@given(
    st.lists(
        st.lists(
            st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8),
            min_size=2,
            max_size=2,
        ),
        max_size=6,
    )
)
def test_what_a_csv_writer_writes_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    path.write_bytes(out.getvalue().encode("utf-8"))
    assert texts(read_one(path)) == rows


def make_parquet(path: Path, sql: str) -> Path:
    import duckdb

    with duckdb.connect() as connection:
        quoted = str(path).replace("'", "''")
        connection.execute(f"COPY ({sql}) TO '{quoted}' (FORMAT parquet)")
    return path


def test_parquet_keeps_types_and_gives_each_row_as_json(tmp_path: Path) -> None:
    path = make_parquet(
        tmp_path / "it's [1]*.parquet",
        "SELECT * FROM (VALUES (1, 1.5, TRUE, ' a ', TIMESTAMP '2025-02-17 18:30:00', DATE '2025-02-17', "
        "[1, 2], TIMESTAMPTZ '2025-02-17 18:30:00+02'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)) "
        'v("Whole", number, truth, "Text", stamp, day, list, zoned)',
    )
    chunk = read_one(path)
    raw = chunk.raw
    assert raw["whole"].tolist() == [1, pd.NA]
    assert raw["number"].iloc[0] == 1.5
    assert np.isnan(raw["number"].iloc[1])
    assert raw["truth"].tolist() == [True, pd.NA]
    assert raw["text"].tolist() == ["a", ""]
    assert raw["stamp"].iloc[0] == pd.Timestamp("2025-02-17 18:30")
    assert raw["stamp"].isna().tolist() == [False, True]
    assert raw["day"].tolist() == ["2025-02-17", ""]
    assert raw["list"].tolist() == ["[1, 2]", ""]
    assert raw["zoned"].iloc[0] == pd.Timestamp("2025-02-17 16:30", tz="UTC")
    assert chunk.lines.tolist() == [1, 2]
    first = json.loads(chunk.originals[0])
    assert (first["Whole"], first["Text"], first["day"]) == (1, " a ", "2025-02-17")


def test_parquet_digests_are_those_of_the_originals(tmp_path: Path) -> None:
    from truceline.events.feeds.base import digest_texts

    chunk = read_one(make_parquet(tmp_path / "a.parquet", "SELECT 'вибух ' || i AS t FROM range(50) r(i)"))
    assert chunk.digests is not None
    assert chunk.digests.tolist() == digest_texts(chunk.originals).tolist()
    assert len(set(chunk.digests)) == 50


def test_parquet_words_lose_blanks_at_their_ends_and_no_letter(tmp_path: Path) -> None:
    """Every printable letter stays at either end; before, a v went with the vertical tabs."""
    letters = [chr(number) for number in range(33, 127)]
    blanks = " \t\r\n\v\f"
    words = [f"{letter}iev{letter}" for letter in letters] + [f"{blank}Kharkiv{blank}" for blank in blanks]
    cells = ", ".join("(" + " || ".join(f"chr({ord(letter)})" for letter in word) + ")" for word in words)
    path = make_parquet(tmp_path / "a.parquet", f"SELECT unnest([{cells}]) AS t")
    assert read_one(path).raw["t"].tolist() == [word.strip(blanks) for word in words]


def test_parquet_comes_in_order_and_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "BLOCK_ROWS", 100)
    monkeypatch.setattr(parquet, "CHUNK_ROWS", 250)
    path = make_parquet(tmp_path / "a.parquet", "SELECT i AS n FROM range(730) r(i)")
    got = list(read_rows(path))
    assert [len(chunk.raw) for chunk in got] == [200, 200, 200, 130]
    assert np.concatenate([chunk.raw["n"] for chunk in got]).tolist() == list(range(730))
    assert np.concatenate([chunk.lines for chunk in got]).tolist() == list(range(1, 731))
    monkeypatch.setattr(parquet, "CHUNK_CHARACTERS", 50)
    assert len(list(read_rows(make_parquet(tmp_path / "b.parquet", "SELECT 'x' AS t FROM range(300)")))) == 3


def test_parquet_without_rows_has_its_columns(tmp_path: Path) -> None:
    chunk = read_one(make_parquet(tmp_path / "a.parquet", "SELECT 1 AS a, 'x' AS b, now() AS c WHERE FALSE"))
    assert (list(chunk.raw.columns), len(chunk.raw), len(chunk.originals)) == (["a", "b", "c"], 0, 0)


def make_xlsx(path: Path, rows: list[list[Any]], **sheets: list[list[Any]]) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, others in sheets.items():
        sheet = book.create_sheet(name)
        for row in others:
            sheet.append(row)
    book.save(path)
    return path


def test_xlsx_gives_what_the_cells_show(tmp_path: Path) -> None:
    import datetime as clock

    rows = [
        ["ID", "when", "day", "n", "yes", "formula", None],
        [1, clock.datetime(2025, 2, 17, 18, 30), clock.date(2025, 2, 17), 1.5, True, "=1+2", None],
        [None, None, None, None, None, None, None],
        ["x", clock.datetime(2025, 2, 17, 18, 30, 5), "", 3.0, False, '=HYPERLINK("http://x")', None],
    ]
    chunk = read_one(make_xlsx(tmp_path / "a.xlsx", rows))
    assert list(chunk.raw.columns) == ["id", "when", "day", "n", "yes", "formula"]
    assert texts(chunk) == [
        ["1", "2025-02-17T18:30", "2025-02-17", "1.5", "yes", "=1+2"],
        ["x", "2025-02-17T18:30:05", "", "3", "no", '=HYPERLINK("http://x")'],
    ]
    assert chunk.lines.tolist() == [2, 4]
    assert json.loads(chunk.originals[0])["ID"] == "1"


def test_xlsx_rows_right_of_the_table_are_rejected(tmp_path: Path) -> None:
    chunk = read_one(make_xlsx(tmp_path / "a.xlsx", [["a", "b"], [1, 2, 3], [4]]))
    assert texts(chunk) == [["4", ""]]
    assert chunk.rejects[0][:3] == (2, "row", "has 3 cells where the header has 2")


def test_a_sheet_is_chosen_by_name(tmp_path: Path) -> None:
    path = make_xlsx(tmp_path / "a.xlsx", [["a"], [1]], second=[["b"], [2]])
    assert texts(read_one(path, sheet="second")) == [["2"]]
    assert texts(read_one(path)) == [["1"]]


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def write_geojson(path: Path, features: list[Any], **more: Any) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **more}), encoding="utf-8")
    return path


def test_geojson_points_and_properties_become_columns(tmp_path: Path) -> None:
    features = [
        feature(
            {"type": "Point", "coordinates": [37.5, 48.25]}, ID=1, Kind="вибух", count=2.0, ok=True, n=None
        ),
        feature(None, ID="two", more={"a": [1]}),
    ]
    chunk = read_one(write_geojson(tmp_path / "a.geojson", features))
    assert chunk.raw["id"].tolist() == ["1", "two"]
    assert chunk.raw["count"].tolist() == ["2", ""]
    assert chunk.raw["ok"].tolist() == ["true", ""]
    assert chunk.raw["more"].tolist() == ["", '{"a":[1]}']
    assert chunk.raw["lon"].tolist() == ["37.5", ""]
    assert chunk.raw["lat"].tolist() == ["48.25", ""]
    assert chunk.lines.tolist() == [1, 2]
    assert json.loads(chunk.originals[0]) == features[0]


def test_geojson_polygons_stand_for_somewhere_within(tmp_path: Path) -> None:
    # Two kilometres from west to east, one from south to north, near the equator.
    ring = [[0, 0], [0.02, 0], [0.02, 0.01], [0, 0.01], [0, 0]]
    chunk = read_one(
        write_geojson(tmp_path / "a.json", [feature({"type": "Polygon", "coordinates": [ring]})])
    )
    row = chunk.raw.iloc[0].astype(float)
    assert row["lon"] == pytest.approx(0.01)
    assert row["lat"] == pytest.approx(0.005)
    assert row["radius_m"] == pytest.approx(2226.4 / np.sqrt(12), rel=0.001)
    assert row["radius_across_m"] == pytest.approx(1105.7 / np.sqrt(12), rel=0.001)
    assert row["axis_deg"] == pytest.approx(90, abs=0.1)


def test_geojson_features_without_a_usable_geometry_are_rejected_alone(tmp_path: Path) -> None:
    bad: list[Any] = [
        {"type": "LineString", "coordinates": [[0, 0], [1, 1]]},
        {"type": "Point", "coordinates": ["37", "48"]},
        {"type": "Point", "coordinates": [3700000, 480000]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[]]},
        {"type": "Polygon"},
        7,
    ]
    features = [*(feature(geometry, id=n) for n, geometry in enumerate(bad)), feature(None, id="good"), 5]
    chunk = read_one(write_geojson(tmp_path / "a.geojson", features))
    assert [r.line for r in chunk.rejects] == list(range(1, 8))
    assert {r.found for r in chunk.rejects} == {"is no usable position"}
    assert chunk.raw["id"].tolist() == ["good", ""]


def test_half_characters_in_geojson_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null,'
        '"properties":{"t":"a\\ud800b\\u0000c","u":"\\\\u0000"}}]}'
    )
    chunk = read_one(path)
    assert chunk.raw["t"].tolist() == ["a?b c"]
    assert chunk.raw["u"].tolist() == ["\\u0000"]  # six letters, as written
    chunk.originals[0].encode("utf-8")
