from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely
from geo_lines import not_finite
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon

from truceline.errors import GeometryError
from truceline.geo.projection import Projection, check_units, choose_metric_crs, projection_for

GEOD = pyproj.Geod(ellps="WGS84")
PLACES = st.tuples(st.floats(-160.0, 160.0), st.floats(-75.0, 75.0))


@given(PLACES)
def test_lengths_agree_with_the_geodesic_in_any_hemisphere(place):
    lon, lat = place
    line = LineString([(lon, lat), (lon + 1.0, lat + 0.5)])
    metric_m = projection_for(line).to_metric(line).length
    geodesic_m = GEOD.line_length(*np.array(line.coords).T)
    assert metric_m == pytest.approx(geodesic_m, rel=2e-4)


@given(PLACES, st.floats(-3.0, 3.0), st.floats(-3.0, 3.0))
def test_round_trip_keeps_the_place(place, lon_step, lat_step):
    lon, lat = place
    projection = projection_for(Point(lon, lat).buffer(3.0))
    there = projection.lonlat_to_xy(lon + lon_step, lat + lat_step)
    back = projection.xy_to_lonlat(*there)
    assert np.allclose(back, [lon + lon_step, lat + lat_step], atol=1e-8)


def test_areas_are_true():
    square = Polygon([(36, 48), (37, 48), (37, 49), (36, 49)])
    dense = shapely.segmentize(square, 0.01)
    true_m2 = abs(GEOD.geometry_area_perimeter(dense)[0])
    assert projection_for(square).to_metric(dense).area == pytest.approx(true_m2, rel=1e-5)


def test_the_same_line_gives_the_same_text():
    line = LineString([(36.0, 48.0), (38.0, 50.0)])
    assert choose_metric_crs(line).to_wkt() == choose_metric_crs(LineString(line.coords)).to_wkt()
    assert np.allclose(projection_for(line).lonlat_to_xy(37.0, 49.0), 0.0, atol=1e-6)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (LineString([(179.0, 10.0), (-179.0, 10.0)]), "antimeridian"),
        (LineString([(0.0, 10.0), (60.0, 10.0)]), "spans 60.0 degrees"),
        (LineString([(0.0, 10.0), (200.0, 10.0)]), "beyond 180"),
        (LineString([(400_000.0, 5_000_000.0), (410_000.0, 5_000_000.0)]), "these look like metres"),
        (not_finite(float("nan")), "not finite"),
        (LineString(), "is empty"),
    ],
)
def test_what_cannot_be_projected_is_refused(line, said):
    with pytest.raises(GeometryError, match=said):
        choose_metric_crs(line)


def test_degrees_that_claim_to_be_metres_are_refused():
    with pytest.raises(GeometryError, match=r"these look like degrees: set `crs: EPSG:4326`"):
        check_units((36.0, 48.0, 37.0, 49.0), pyproj.CRS("EPSG:32637"), "line.gpkg")


def test_metres_that_claim_to_be_degrees_are_refused():
    with pytest.raises(GeometryError, match="EPSG:32637"):
        check_units((400_000.0, 5.3e6, 410_000.0, 5.4e6), pyproj.CRS("EPSG:4326"), "line.geojson")


def test_a_missing_system_says_how_to_set_it():
    with pytest.raises(GeometryError, match="set `crs:`"):
        check_units((36.0, 48.0, 37.0, 49.0), None, "line.shp")


def test_right_units_pass():
    check_units((36.0, 48.0, 37.0, 49.0), pyproj.CRS("EPSG:4326"), "line")
    check_units((400_000.0, 5.3e6, 410_000.0, 5.4e6), pyproj.CRS("EPSG:32637"), "line")


def test_projection_accepts_any_metric_system():
    projection = Projection(pyproj.CRS("EPSG:32637"))
    x_m, y_m = projection.lonlat_to_xy(39.0, 48.0)
    assert float(x_m) == pytest.approx(500_000.0, abs=0.01)
    assert 5.3e6 < float(y_m) < 5.4e6
