"""Whatever is in a file, reading and mapping it ends in rows or in one TrucelineError, and soon."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truceline.errors import TrucelineError
from truceline.events.feeds.base import FeedContext, Reading, finish_reports
from truceline.events.feeds.efforts import EFFORTS_FEED
from truceline.events.feeds.forms import write_form
from truceline.events.feeds.own import COLUMNS, OWN, SIMULATED
from truceline.events.feeds.registry import recognise_feed
from truceline.events.readers.read import read_rows

CONTEXT = FeedContext("Europe/Kyiv", datetime(2025, 3, 1), {"ukraine": "a"}, (22.0, 44.0, 41.0, 53.0))
ENDINGS = (".csv", ".tsv", ".csv.gz", ".geojson", ".geojson.gz", ".json", ".parquet", ".xlsx")
MOST_TRIES = 60

fuzzed = settings(max_examples=MOST_TRIES, suppress_health_check=[HealthCheck.function_scoped_fixture])


def take_in(path: Path) -> int:
    """Read and map a file as an import does; return the rows seen. Only a TrucelineError may come out."""
    n = 0
    with suppress(TrucelineError):
        for chunk in read_rows(path):
            feed = recognise_feed(list(chunk.raw.columns))
            reading = Reading(
                chunk.raw, chunk.lines, chunk.originals, digests=chunk.digests, is_plain=chunk.is_plain
            )
            frame, rejects = finish_reports(reading, feed.map_rows(reading, CONTEXT), CONTEXT, feed)
            assert len(frame) + len(rejects) == len(chunk.raw)
            assert all(reject.line >= 1 for reject in rejects)
            for name in frame.columns:  # what a store cannot keep must not get this far
                if frame[name].dtype == object:
                    "".join(frame[name]).encode("utf-8")
            n += len(chunk.raw) + len(chunk.rejects)
    return n


@cache
def valid_file(ending: str) -> bytes:
    """Return a small valid file of the own form."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"form{ending}"
        if ending in (".csv", ".xlsx"):
            write_form(path, "reports", examples=True)
            return path.read_bytes()
        write_form(Path(folder) / "form.csv", "reports", examples=True)
        (chunk,) = read_rows(Path(folder) / "form.csv")
        rows = chunk.raw.to_dict("records")
        if ending == ".parquet":
            import duckdb

            with duckdb.connect() as connection:
                connection.execute(
                    "COPY (SELECT *, 3 AS n, TIMESTAMP '2025-02-17 18:30:00' AS t FROM "  # noqa: S608
                    f"read_csv('{folder}/form.csv', all_varchar = true)) TO '{path}' (FORMAT parquet)"
                )
            return path.read_bytes()
        point = {"type": "Point", "coordinates": [37.5, 48.1]}
        ring = {"type": "Polygon", "coordinates": [[[37, 48], [38, 48], [38, 49], [37, 48]]]}
        features = [
            {"type": "Feature", "geometry": geometry, "properties": row}
            for row, geometry in zip(rows, (point, ring, None), strict=True)
        ]
        return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.mark.parametrize("ending", [".csv", ".geojson", ".parquet", ".xlsx"])
def test_the_valid_files_are_valid(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"a{ending}").write_bytes(valid_file(ending))
    assert take_in(tmp_path / f"a{ending}") == 3


@fuzzed
@given(
    content=st.binary(max_size=400),
    ending=st.sampled_from(ENDINGS),
    magic=st.sampled_from(
        [
            b"",
            b"PAR1",
            b"PK\x03\x04",
            b"\x1f\x8b\x08\x00",
            b"\xff\xfe",
            b"\xfe\xff",
            b"\xef\xbb\xbf",
            b'{"type":',
        ]
    ),
)
def test_random_bytes_under_any_name(tmp_path: Path, content: bytes, ending: str, magic: bytes) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(magic + content)
    take_in(path)
    if ending.endswith(".gz"):
        path.write_bytes(gzip.compress(magic + content))
        take_in(path)


def mutated(content: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    made = bytearray(content)
    for at, n_gone, put in changes:
        at %= len(made) + 1
        made[at : at + n_gone] = put
    return bytes(made)


CHANGES = st.lists(
    st.tuples(st.integers(0, 2**20), st.integers(0, 8), st.binary(max_size=8)), min_size=1, max_size=6
)


@pytest.mark.parametrize("ending", [".csv", ".geojson", ".parquet", ".xlsx"])
@fuzzed
@given(changes=CHANGES)
def test_valid_files_with_bytes_changed(
    tmp_path: Path, ending: str, changes: list[tuple[int, int, bytes]]
) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(mutated(valid_file(ending), changes))
    take_in(path)


@fuzzed
@given(changes=CHANGES, part=st.integers(0, 20))
def test_workbooks_with_changes_inside_their_parts(
    tmp_path: Path, changes: list[tuple[int, int, bytes]], part: int
) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(valid_file(".xlsx"))) as source, zipfile.ZipFile(out, "w") as target:
        infos = source.infolist()
        for at, info in enumerate(infos):
            content = source.read(info)
            target.writestr(info.filename, mutated(content, changes) if at == part % len(infos) else content)
    path = tmp_path / "a.xlsx"
    path.write_bytes(out.getvalue())
    take_in(path)


WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            "1",
            "-1",
            "1e309",
            "nan",
            "inf",
            "2025-02-17",
            "2025-02-17T18:30",
            "now",
            "shot",
            "explosion",
            "SSE",
            "about 30",
            "5-8",
            ">20",
            "a",
            "b",
            "yes",
            "Europe/Kyiv",
            "37.5",
            "48.1",
            "360",
            "91",
            "camera",
            "=1+1",
            "0x10",
            "9999-12-31",
            "0001-01-01",
            "2025-03-30T03:30",
            "1_000",
            "١",
            "..",
            "/",
            "posix/../UTC",
            "Factory",
        ]
    ),
)


@pytest.mark.parametrize("feed", [OWN, SIMULATED, EFFORTS_FEED], ids=lambda feed: feed.name)
@fuzzed
@given(data=st.data())
def test_any_words_in_the_columns_of_the_forms(tmp_path: Path, feed: object, data: st.DataObject) -> None:
    names = (
        sorted(EFFORTS_FEED.knows)
        if feed is EFFORTS_FEED
        else [*COLUMNS, *(["truth"] if feed is SIMULATED else [])]
    )
    rows = data.draw(
        st.lists(st.lists(WORDS, min_size=len(names), max_size=len(names)), min_size=1, max_size=4)
    )
    path = tmp_path / "a.geojson"
    features = [
        {"type": "Feature", "geometry": None, "properties": dict(zip(names, row, strict=True))}
        for row in rows
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    assert take_in(path) == len(rows)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@fuzzed
@given(
    geometry=JSON,
    coordinates=JSON,
    kind=st.sampled_from(["Point", "Polygon", "MultiPolygon", "x"]),
    properties=JSON,
    feature=JSON,
)
def test_any_geometry_and_properties(
    tmp_path: Path, geometry: object, coordinates: object, kind: str, properties: object, feature: object
) -> None:
    features = [
        {"geometry": geometry, "properties": properties},
        {
            "geometry": {"type": kind, "coordinates": coordinates},
            "properties": {"kind": "shot", "time": "2025-02-17"},
        },
        feature,
    ]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    take_in(path)
