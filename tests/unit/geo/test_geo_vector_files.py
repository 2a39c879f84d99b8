from __future__ import annotations

import json

import numpy as np
import pytest

from truceline.errors import GeometryError
from truceline.geo import vector_files
from truceline.geo.vector_files import read_features, read_places


def write_geojson(path, features, crs=None):
    body = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": properties, "geometry": geometry}
            for properties, geometry in features
        ],
    }
    if crs:
        body["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(body))
    return path


def line(*coordinates):
    return {"type": "LineString", "coordinates": list(coordinates)}


@pytest.fixture
def two_dates(tmp_path):
    return write_geojson(
        tmp_path / "front.geojson",
        [
            ({"date": "2025-02-17", "role": "main"}, line([36, 48], [37, 48])),
            ({"date": "2025-02-18", "role": "main"}, line([36, 49], [37, 49])),
        ],
    )


def test_columns_choose_features_also_by_date(two_dates):
    features = read_features(two_dates, columns={"date": "2025-02-17", "role": "main"})
    assert [list(g.coords) for g in features.geometries] == [[(36.0, 48.0), (37.0, 48.0)]]
    assert features.fields["role"] == ("main",)


def test_metres_become_degrees(tmp_path):
    path = write_geojson(
        tmp_path / "utm.geojson", [({}, line([500_000, 5_316_000], [510_000, 5_316_000]))], "EPSG:32637"
    )
    start = read_features(path).geometries[0].coords[0]
    assert start == pytest.approx((39.0, 48.0), abs=0.01)


def test_metres_without_a_system_are_refused_and_the_hint_works(tmp_path):
    path = write_geojson(tmp_path / "utm.geojson", [({}, line([500_000, 5_316_000], [510_000, 5_316_000]))])
    with pytest.raises(GeometryError, match="these look like metres"):
        read_features(path)
    features = read_features(path, crs="EPSG:32637")
    assert features.geometries[0].coords[0] == pytest.approx((39.0, 48.0), abs=0.01)
    assert "is read as WGS 84 / UTM zone 37N" in str(features.warnings.warnings[0])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": {"day": "1"}}, "columns are: date, role"),
        ({"columns": {"role": "pocket"}}, "no feature with geometry where role = pocket"),
        ({"layer": "nothing"}, "layers are: front"),
        ({"crs": "EPSG:nonsense"}, "is not a reference system"),
    ],
)
def test_wrong_choices_say_what_there_is(two_dates, options, said):
    with pytest.raises(GeometryError, match=said):
        read_features(two_dates, **options)


def test_broken_missing_and_pointing_files_are_refused(tmp_path):
    with pytest.raises(GeometryError, match="is not a file"):
        read_features(tmp_path / "nowhere.gpkg")
    noise = tmp_path / "noise.gpkg"
    noise.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(GeometryError, match="is not a vector file"):
        read_features(noise)
    pointer = tmp_path / "pointer.vrt"
    pointer.write_text("<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>")
    with pytest.raises(GeometryError, match="points to other sources"):
        read_features(pointer)


def test_huge_files_are_refused(two_dates, monkeypatch):
    monkeypatch.setattr(vector_files, "N_FEATURES_MAX", 1)
    with pytest.raises(GeometryError, match="filter to 1 or fewer"):
        read_features(two_dates)
    monkeypatch.setattr(vector_files, "FILE_SIZE_MAX_BYTES", 10)
    with pytest.raises(GeometryError, match="simplify or cut it"):
        read_features(two_dates)


def test_places_are_read(tmp_path):
    path = tmp_path / "places.csv"
    path.write_text("name,lon,lat,side,note\nHill,36.5,48.25,a,x\nMill,36.6,48.5, b ,y\n")
    places = read_places(path)
    assert places.name == ("Hill", "Mill")
    assert places.side == ("a", "b")
    assert np.array_equal(places.lonlat, [[36.5, 48.25], [36.6, 48.5]])


def test_every_bad_cell_of_a_table_is_named(tmp_path):
    path = tmp_path / "places.csv"
    path.write_text("lon,lat,side\n36,48,a\neast,48,a\n36,,b\n36\n")
    with pytest.raises(GeometryError) as caught:
        read_places(path)
    assert [problem.where for problem in caught.value.problems] == [
        "places.csv line 3",
        "places.csv line 4",
        "places.csv line 5",
    ]


def test_a_table_without_the_columns_says_which(tmp_path):
    path = tmp_path / "places.csv"
    path.write_text("x,y\n1,2\n")
    with pytest.raises(GeometryError, match="has no column lon, lat, side"):
        read_places(path)
    path.write_bytes(b"lon,lat,side\n\xff\xfe\x00,1,a\n")
    with pytest.raises(GeometryError, match="is not a readable CSV"):
        read_places(path)


def test_too_many_places_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(vector_files, "N_PLACES_MAX", 2)
    path = tmp_path / "places.csv"
    path.write_text("lon,lat,side\n" + "36,48,a\n" * 3)
    with pytest.raises(GeometryError, match="more than 2 places"):
        read_places(path)
