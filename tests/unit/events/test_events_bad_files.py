"""Files that are wrong, or meant to do harm: each refused with one message, quickly, never a traceback."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import textwrap
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from truceline.errors import TrucelineError
from truceline.events.feeds.registry import recognise_feed
from truceline.events.readers import geojson, xlsx
from truceline.events.readers import text as text_reader
from truceline.events.readers.chunk import ReportFileError
from truceline.events.readers.read import read_rows


def refusal(path: Path, **options: str) -> str:
    """Read a file to its end and return the one message it is refused with."""
    with pytest.raises(ReportFileError) as caught:
        for _ in read_rows(path, **options):
            pass
    assert isinstance(caught.value, TrucelineError)
    assert caught.value.exit_code == 2
    return str(caught.value)


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


class TestWhatIsNoFileOfReports:
    def test_a_missing_file_a_folder_and_an_empty_file(self, tmp_path: Path) -> None:
        assert "there is no such file" in refusal(tmp_path / "none.csv")
        assert "is a folder; name a file in it" in refusal(tmp_path)
        assert "is empty" in refusal(written(tmp_path / "a.csv", ""))
        assert "is empty" in refusal(written(tmp_path / "b.csv", "\n  \n\n"))
        assert "is empty" in refusal(written(tmp_path / "c.csv.gz", gzip.compress(b"")))
        assert "is empty" in refusal(written(tmp_path / "d.geojson", "  "))

    def test_a_name_with_a_nul_or_far_too_long(self, tmp_path: Path) -> None:
        assert "cannot be read" in refusal(tmp_path / ("x" * 5000 + ".csv"))
        assert "cannot be read" in refusal(Path("a\0b.csv"))

    def test_a_pipe_does_not_hang(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.csv")
        assert "is no regular file" in refusal(tmp_path / "pipe.csv")
        assert "is no regular file" in refusal(Path("/dev/zero"))

    def test_a_file_without_rights(  # root may read everything, so the system's refusal is put in its place
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> Iterator[None]:
            raise PermissionError(13, "Permission denied")
            yield

        monkeypatch.setattr(text_reader, "read_text", fail)
        assert "cannot be read: Permission denied" in refusal(written(tmp_path / "a.csv", "id\n1\n"))

    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            ("a.doc", b"hello", "is of a format that is not read ('.doc')"),
            ("a", b"hello", "('no ending')"),
            ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 90, "is an old Excel workbook"),
            ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 90, "is an old Excel workbook"),
            ("a.parquet", b"id,kind\n", "is no parquet file by its first bytes"),
            ("a.xlsx", b"id,kind\n", "is no xlsx file by its first bytes"),
            ("a.csv.gz", b"id,kind\n", "is no gzip file"),
            ("a.parquet", b"PAR1" + b"\0" * 50, "cannot be read as Parquet"),
            ("a.xlsx", b"PK\x03\x04" + b"\0" * 50, "is no workbook that can be read"),
            ("a.csv.gz", b"\x1f\x8b" + b"\0" * 50, "is damaged"),
            ("a.csv.gz", gzip.compress(b"id,kind\n1,shot\n" * 999, mtime=0)[:-12], "is damaged"),
        ],
    )
    def test_other_formats_and_damage(self, tmp_path: Path, name: str, content: bytes, said: str) -> None:
        assert said in refusal(written(tmp_path / name, content))

    def test_a_sheet_of_a_file_that_has_none(self, tmp_path: Path) -> None:
        assert "has no sheets" in refusal(written(tmp_path / "a.csv", "id\n1\n"), sheet="x")


class TestText:
    def test_the_wrong_delimiter_is_named(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.csv", "time^kind^lon^lat\n2025-01-01^shot^37^48\n")
        (chunk,) = read_rows(path)
        with pytest.raises(ReportFileError) as caught:
            recognise_feed(list(chunk.raw.columns), where=path.name, how=chunk.how)
        said = str(caught.value)
        assert "it has the column time^kind^lon^lat, read as CSV with the delimiter ','" in said
        assert "own: kind, time or time_from" in said

    def test_stray_bytes_of_another_encoding_are_placed(self, tmp_path: Path) -> None:
        good = 'id,text\r\n1,вибух\r\n2,"two\r\nlines"\r\n'.encode()
        path = written(tmp_path / "a.csv", good + "3,обстріл\r\n".encode("cp1251"))
        said = refusal(path)
        assert f"a.csv:5  byte {len(good) + 3} (0xEE) is no UTF-8 text" in said
        assert "cp1251 or latin-1: save it as UTF-8" in said
        packed = written(tmp_path / "a.csv.gz", gzip.compress(path.read_bytes()))
        assert f"byte {len(good) + 3} (0xEE)" in refusal(packed)

    def test_a_stray_byte_far_into_a_file_is_placed(self, tmp_path: Path) -> None:
        lines = ["id,text", *(f"{n},обстріл" for n in range(30_000))]
        good = "\n".join(lines).encode()
        path = written(tmp_path / "a.csv", good + b"\n9,\xe9t\xe9\n")
        assert f"a.csv:{len(lines) + 1}  byte {len(good) + 4:,} (0xE9)" in refusal(path)

    def test_utf16_without_its_mark_and_other_nuls(self, tmp_path: Path) -> None:
        said = refusal(written(tmp_path / "a.csv", "id,kind\n1,shot\n".encode("utf-16-le")))
        assert "a.csv:1  holds a NUL byte" in said
        assert "save it as UTF-8" in said
        assert "b.csv:3  holds a NUL byte" in refusal(written(tmp_path / "b.csv", "id\n1\n2\0\n"))

    def test_utf16_that_breaks_off(self, tmp_path: Path) -> None:
        said = refusal(written(tmp_path / "a.csv", "id,kind\n1,shot\n".encode("utf-16")[:-1]))
        assert "UTF-16" in said

    def test_duplicate_headers(self, tmp_path: Path) -> None:
        said = refusal(written(tmp_path / "a.csv", "Id,kind, id ,KIND\n1,2,3,4\n"))
        assert "the column 'id' stands twice (columns 1 and 3)" in said
        assert "the column 'kind' stands twice (columns 2 and 4)" in said

    def test_columns_without_a_name_and_too_many(self, tmp_path: Path) -> None:
        assert "column 2 has no name" in refusal(written(tmp_path / "a.csv", "id,,kind\n1,2,3\n"))
        assert "has 501 columns; at most 500" in refusal(
            written(tmp_path / "b.csv", ",".join(f"c{n}" for n in range(501)))
        )
        assert "has no header" in refusal(written(tmp_path / "c.csv", ",,,\n1,2,3,4\n"))

    def test_a_quote_that_is_never_closed(self, tmp_path: Path) -> None:
        said = refusal(written(tmp_path / "a.csv", 'id,text\n1,a\n2,"b\n' + "3,c\n" * 50_000))
        assert "a.csv:3  has a field of more than 131,072 characters" in said
        assert "a quote that is opened and not closed" in said

    def test_a_huge_field(self, tmp_path: Path) -> None:
        assert "has a field of more than" in refusal(
            written(tmp_path / "a.csv", f"id,text\n1,{'x' * 200_000}\n")
        )

    def test_a_file_of_one_line_is_refused_after_a_little_of_it(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        with path.open("wb") as handle:
            for _ in range(200):
                handle.write(b"a,b;c d" * 142_857)
        assert path.stat().st_size > 199_000_000
        started = time.process_time()
        assert "a.csv:1  has a line of more than 1,000,000 characters" in refusal(path)
        assert time.process_time() - started < 1.0
        path.rename(path.with_suffix(".geojson"))
        started = time.process_time()
        assert "has more than 50 MB, the most for GeoJSON" in refusal(path.with_suffix(".geojson"))
        assert time.process_time() - started < 2.0


class TestBombs:
    def test_a_gzip_bomb(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv.gz"
        with gzip.open(path, "wb", compresslevel=6) as handle:
            handle.write(b"id,text\n")
            for _ in range(400):
                handle.write(b"1," + b"x" * 99_000 + b"\n")
        assert path.stat().st_size < 200_000
        said = refusal(path)
        assert "unpacks to more than 200 times its size: it may be a zip bomb" in said
        assert "it may be a zip bomb" in refusal(path.rename(tmp_path / "a.geojson.gz"))

    def test_a_gzip_of_a_gzip_is_no_text(self, tmp_path: Path) -> None:
        path = written(tmp_path / "a.csv.gz", gzip.compress(gzip.compress(b"id\n1\n")))
        assert "is no UTF-8 text" in refusal(path)

    def test_a_workbook_that_swells(self, tmp_path: Path) -> None:
        path = make_workbook(tmp_path / "a.xlsx", sheet="<x>" + " " * 30_000_000 + "</x>")
        assert path.stat().st_size < 100_000
        said = refusal(path)
        assert "unpacks to more than 200 times its size" in said
        assert "it may be a zip bomb" in said

    def test_a_workbook_that_lies_about_its_size(self, tmp_path: Path) -> None:
        path = make_workbook(tmp_path / "a.xlsx", sheet="<x>" + " " * 30_000_000 + "</x>")
        content = bytearray(path.read_bytes())
        with zipfile.ZipFile(path) as archive:
            true_size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
        for at in find_all(content, true_size.to_bytes(4, "little")):
            content[at : at + 4] = (1000).to_bytes(4, "little")
        assert "is no workbook that can be read" in refusal(written(path, bytes(content)))

    def test_workbooks_too_large_or_of_too_many_parts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = make_workbook(tmp_path / "a.xlsx")
        monkeypatch.setattr(xlsx, "MAX_SHARED_BYTES", 100)
        assert "unpacks to more than 0.0001 MB in [Content_Types].xml" in refusal(path)
        monkeypatch.undo()
        monkeypatch.setattr(xlsx, "MAX_WORKBOOK_BYTES", 100)
        assert "unpacks to more than 0.0001 MB in the workbook" in refusal(path)
        monkeypatch.undo()
        monkeypatch.setattr(xlsx, "MAX_PARTS", 3)
        assert "holds 5 parts; at most 3" in refusal(path)

    @pytest.mark.parametrize("part", ["sheet", "strings", "book"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
    def test_entities_in_a_workbook(self, tmp_path: Path, part: str, encoding: str) -> None:
        lol = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'
        path = make_workbook(tmp_path / "a.xlsx", **{part: f'<?xml version="1.0"?>{lol}'.encode(encoding)})
        assert "declares a document type or entities in xl/" in refusal(path)

    def test_entities_across_two_blocks(self, tmp_path: Path) -> None:
        for shift in (1, 5, 9):
            filler = "<!-- " + "".join(chr(97 + n % 26) for n in range(xlsx._BLOCK - 9 - shift)) + " -->"
            path = make_workbook(tmp_path / f"a{shift}.xlsx", sheet=f"{filler}<!DOCTYPE x []><x/>")
            assert "declares a document type" in refusal(path)

    def test_entities_in_an_encoding_in_which_they_could_hide(self, tmp_path: Path) -> None:
        sheet = b'<?xml version="1.0" encoding="cp037"?>' + "<!DOCTYPE x []><x/>".encode("cp037")
        said = refusal(make_workbook(tmp_path / "a.xlsx", sheet=sheet))
        assert "is XML in the encoding cp037" in said

    def test_a_row_far_below_and_a_cell_far_right(self, tmp_path: Path) -> None:
        row = '<row r="{r}"><c r="{c}{r}" t="inlineStr"><is><t>x</t></is></c></row>'
        far = SHEET.format(row.format(r=1, c="A") + row.format(r=999_999_999, c="A"))
        assert "has more than 1,048,576 rows" in refusal(make_workbook(tmp_path / "a.xlsx", sheet=far))
        wide = SHEET.format(row.format(r=1, c="A") + row.format(r=2, c="ZZZ"))
        assert "has 18,278 columns; at most 500" in refusal(make_workbook(tmp_path / "b.xlsx", sheet=wide))

    def test_a_zip_that_is_no_workbook(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
            archive.writestr("a.csv", "id\n1\n")
        assert "is a zip and no workbook; unpack it" in refusal(tmp_path / "a.xlsx")

    def test_empty_sheets_and_unknown_ones(self, tmp_path: Path) -> None:
        path = make_workbook(tmp_path / "a.xlsx")
        assert "has nothing in the sheet 'one'" in refusal(path)
        assert "has no sheet 'two'; there are: one" in refusal(path, sheet="two")

    def test_parquet_whose_texts_swell(self, tmp_path: Path) -> None:
        import duckdb

        with duckdb.connect() as connection:
            for name, sql in {
                "long": "SELECT repeat('x', 1000001) AS t",
                "many": "SELECT repeat('x', 20000) AS t FROM range(10000)",
            }.items():
                connection.execute(f"COPY ({sql}) TO '{tmp_path / name}.parquet' (FORMAT parquet)")
        assert "has a text of 1,000,001 bytes" in refusal(tmp_path / "long.parquet")
        assert "has 200 MB of text in 10,000 rows" in refusal(tmp_path / "many.parquet")

    def test_parquet_with_twin_columns(self, tmp_path: Path) -> None:
        import duckdb

        path = tmp_path / "a.parquet"
        with duckdb.connect() as connection:
            connection.execute(f'COPY (SELECT 1 AS "a", 2 AS " a") TO \'{path}\' (FORMAT parquet)')
        assert "the column 'a' stands twice" in refusal(path)


class TestGeoJson:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("{", "is no JSON"),
            ("[" * 100_000, "is nested too deeply"),
            ('{"a":' * 100_000, "is nested too deeply"),
            ("[]", "is no FeatureCollection"),
            ("3", "is no FeatureCollection"),
            ('{"type":"Feature"}', "is no FeatureCollection"),
            ('{"type":"FeatureCollection"}', "has no list of features"),
            ('{"type":"FeatureCollection","features":{}}', "has no list of features"),
            (
                '{"type":"FeatureCollection","features":[],"crs":{"properties":{"name":"EPSG:3857"}}}',
                "WGS 84",
            ),
            ("1" * 5000, "a number of thousands of digits"),
            (b'{"a":"\xff"}', "byte 7 is no UTF-8 text"),
        ],
    )
    def test_what_is_no_geojson(self, tmp_path: Path, content: str | bytes, said: str) -> None:
        assert said in refusal(written(tmp_path / "a.geojson", content))

    def test_deep_properties_are_text_or_refused(self, tmp_path: Path) -> None:
        deep = "[" * 5000 + "]" * 5000
        path = written(
            tmp_path / "a.geojson",
            '{"type":"FeatureCollection","features":[{"geometry":null,"properties":{"a":DEEP}}]}'.replace(
                "DEEP", deep
            ),
        )
        assert "is nested too deeply" in refusal(path)

    def test_too_large_and_too_many_properties(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        features = [{"geometry": None, "properties": {f"p{n}": 1 for n in range(600)}}]
        path = written(
            tmp_path / "a.geojson", json.dumps({"type": "FeatureCollection", "features": features})
        )
        assert "has 605 columns" in refusal(path)
        monkeypatch.setattr(geojson, "MAX_JSON_BYTES", 1000)
        assert "has more than 0.001 MB" in refusal(path)


def test_no_bad_file_takes_more_memory_than_is_stated(tmp_path: Path) -> None:
    """In a process of its own that may not have more than 700 MB beyond what it starts with."""
    with gzip.open(tmp_path / "bomb.csv.gz", "wb") as handle:
        for _ in range(300):
            handle.write(b"x" * 1_000_000)
    with (tmp_path / "line.csv").open("wb") as handle:
        handle.truncate(2_000_000_000)
    with (tmp_path / "line.json").open("wb") as handle:
        handle.truncate(2_000_000_000)
    make_workbook(tmp_path / "bomb.xlsx", strings="<x>" + "y" * 90_000_000 + "</x>")
    written(tmp_path / "deep.json", "[" * 40_000_000)
    program = textwrap.dedent(
        """
        import resource, sys
        from pathlib import Path
        import duckdb, numpy, openpyxl, pandas
        from truceline.errors import TrucelineError
        from truceline.events.readers.read import read_rows
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 700_000_000,) * 2)
        for name in sys.argv[1:]:
            try:
                for _ in read_rows(Path(name)):
                    pass
            except TrucelineError as error:
                print(error.problems[0].found)
        """
    )
    names = [
        str(tmp_path / name) for name in ("bomb.csv.gz", "line.csv", "line.json", "bomb.xlsx", "deep.json")
    ]
    done = subprocess.run(
        [sys.executable, "-c", program, *names], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert len(said) == len(names)
    assert "has a line of more than" in said[0]
    assert "NUL" in said[1]
    assert "50 MB" in said[2]
    assert "zip bomb" in said[3]
    assert "nested too deeply" in said[4]


SHEET = (
    '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>{}</sheetData></worksheet>"
)


def make_workbook(
    path: Path, *, sheet: str | bytes = "", strings: str | bytes = "", book: str | bytes = ""
) -> Path:
    """Write a workbook of the fewest parts, any of them as given."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        + (
            f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/>'
            if strings
            else ""
        )
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": book
        or f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="one" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet or SHEET.format(""),
    }
    if strings:
        parts["xl/sharedStrings.xml"] = strings
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def find_all(content: bytearray, wanted: bytes) -> Iterator[int]:
    at = content.find(wanted)
    while at >= 0:
        yield at
        at = content.find(wanted, at + 1)
