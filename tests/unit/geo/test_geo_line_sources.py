from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon, box

from truceline.errors import GeometryError
from truceline.geo.line import displacement
from truceline.geo.line_sources import line_from_control, line_from_places, read_line
from truceline.geo.vector_files import read_features, read_places

STATE = box(34.0, 47.0, 38.0, 49.0)
EAST = box(36.0, 46.5, 39.0, 49.5)  # spills over the border on three sides


def side_of(line, lon, lat):
    return np.sign(line.locate(np.column_stack(line.projection.lonlat_to_xy([lon], [lat]))).offset_m[0])


# polygons of control


def test_the_boundary_less_the_border_is_the_line():
    line = line_from_control(EAST, STATE, tolerance_m=0.0)
    assert line.n_parts == 1
    bounds = line.lonlat.bounds
    assert bounds[0] == pytest.approx(36.0, abs=1e-6)
    assert bounds[2] == pytest.approx(36.0, abs=1e-6)
    assert line.length_m == pytest.approx(222_400.0 - 2_000.0, rel=0.002)  # a kilometre goes at each border
    assert side_of(line, 35.5, 48.0) > 0.0
    assert side_of(line, 36.5, 48.0) < 0.0


def test_a_hole_a_pocket_and_an_enclave_become_parts_with_a_on_the_left():
    holed = EAST.difference(box(37.0, 48.0, 37.2, 48.2))
    pocket, enclave = box(34.5, 48.9, 34.8, 49.1), box(35.0, 47.8, 35.2, 48.0)
    line = line_from_control([holed, pocket, enclave], STATE, tolerance_m=0.0)
    assert line.n_parts == 4
    assert line.polylines.closed.sum() == 2
    assert side_of(line, 37.1, 48.1) > 0.0
    assert side_of(line, 37.3, 48.1) < 0.0
    assert side_of(line, 34.65, 48.95) < 0.0
    assert side_of(line, 34.65, 48.85) > 0.0
    assert side_of(line, 35.1, 47.9) < 0.0
    assert side_of(line, 35.3, 47.9) > 0.0


def test_the_border_may_be_lines_and_the_coast_a_mask_or_lines():
    east = box(36.0, 47.0, 38.0, 49.0)
    by_line = line_from_control(east, STATE.exterior, tolerance_m=0.0)
    assert by_line.length_m == pytest.approx(
        line_from_control(east, STATE, tolerance_m=0.0).length_m, rel=1e-6
    )
    masked = line_from_control(east, STATE, box(35.0, 48.0, 37.0, 50.0), tolerance_m=0.0)
    assert masked.lonlat.bounds[3] == pytest.approx(48.0, abs=0.02)
    shore = LineString([(35.9, 48.5), (36.1, 48.5)])
    assert line_from_control(east, STATE, shore, tolerance_m=0.0).n_parts == 2


def test_the_common_boundary_of_both_sides_is_the_line():
    line = line_from_control(EAST, held_by_a=box(34.0, 46.5, 35.999, 48.0), tolerance_m=0.0)
    assert line.lonlat.bounds[0] == pytest.approx(36.0, abs=1e-6)
    assert line.lonlat.bounds[3] == pytest.approx(48.0, abs=0.01)


def test_an_invalid_polygon_is_repaired_with_a_warning():
    bow_tie = Polygon([(36, 47), (37, 48), (37, 47), (36, 48)])
    line = line_from_control(bow_tie, tolerance_m=0.0)
    assert "is not valid (Self-intersection" in str(line.warnings[0])
    assert line.polylines.closed.tolist() == [True, True]


def test_areas_that_touch_in_a_corner_are_parted():
    line = line_from_control([box(36, 47, 36.5, 47.5), box(36.5, 47.5, 37, 48)], tolerance_m=0.0)
    assert line.polylines.closed.tolist() == [True, True]
    assert "touches itself in points" in str(line.warnings[0])


def test_long_edges_run_as_on_the_map():
    """A parallel bows away from a straight metric line by kilometres in ten degrees."""
    state = box(30.0, 47.0, 40.0, 49.0)
    line = line_from_control(box(30.0, 48.0, 40.0, 50.0), state, tolerance_m=0.0)
    lon = np.linspace(30.1, 39.9, 500)
    x_m, y_m = line.projection.lonlat_to_xy(lon, np.full(500, 48.0))
    assert line.locate(np.column_stack([x_m, y_m])).distance_m.max() < 40.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"held_by_b": box(36, 47.5, 37, 48.5), "border": STATE}, "does not meet the border: 5"),
        ({"held_by_b": EAST, "held_by_a": box(34, 47, 35, 48)}, "do not touch: 7"),
        ({"held_by_b": EAST, "held_by_a": box(34, 47, 37, 48)}, "km2 of the same ground"),
        ({"held_by_b": EAST, "border": STATE, "coast": box(35, 46, 37, 50)}, "no boundary is left"),
        ({"held_by_b": LineString([(36, 47), (37, 48)])}, "is a LineString, not a polygon"),
        ({"held_by_b": []}, "has no polygon"),
        ({"held_by_b": Polygon()}, "has no polygon"),
    ],
)
def test_polygons_that_make_no_line_are_refused(arguments, said):
    with pytest.raises(GeometryError, match=said):
        line_from_control(**arguments, tolerance_m=0.0)


# places


def grid_places(split=lambda lon, lat: lon < 36.05):
    lon, lat = (g.ravel() for g in np.meshgrid(np.arange(35.0, 37.01, 0.1), np.arange(47.5, 48.51, 0.1)))
    return np.column_stack([lon, lat]), [
        "a" if split(*place) else "b" for place in zip(lon, lat, strict=True)
    ]


def test_the_line_runs_halfway_between_the_sides():
    lonlat, side = grid_places()
    line = line_from_places(lonlat, side)
    assert line.n_parts == 1
    assert np.abs(shapely.get_coordinates(line.lonlat)[:, 0] - 36.05).max() < 0.001
    # the hull of the places, a degree high, and its buffer at each end
    assert line.length_m == pytest.approx(111_200.0 + 2 * 5_000.0, rel=0.01)
    assert line.tolerance_m == pytest.approx(4_400.0, abs=1_000.0)
    assert "not for siting a post" in line.displacement_note
    assert side_of(line, 35.5, 48.0) > 0.0


def test_a_chessboard_of_sides_makes_a_line_that_does_not_cross():
    """Four towns on one circle with sides crosswise are a tie; it is broken, not refused."""
    lonlat, side = grid_places(lambda lon, lat: lon < 35.95 or (lon < 36.05 and round(lat * 10) % 2 == 0))
    line = line_from_places(lonlat, side, island_min_m=0.0)
    projected = np.column_stack(line.projection.lonlat_to_xy(*lonlat.T))
    assert ((line.locate(projected).offset_m > 0.0) == (np.array(side) == "a")).all()


def test_a_lone_place_is_a_ring_kept_or_dropped():
    lonlat, side = grid_places()
    side[int(np.flatnonzero((np.abs(lonlat - [35.3, 48.0]) < 1e-6).all(axis=1))[0])] = "b"
    kept = line_from_places(lonlat, side)
    assert kept.polylines.closed.tolist() == [False, True]
    assert side_of(kept, 35.3, 48.0) < 0.0
    dropped = line_from_places(lonlat, side, island_min_m=100_000.0)
    assert dropped.n_parts == 1
    assert "1 rings around lone places were left out, 37 km" in str(dropped.warnings[0])


def test_a_clip_polygon_cuts_too():
    lonlat, side = grid_places()
    line = line_from_places(lonlat, side, clip_lonlat=box(30, 48.0, 40, 50))
    assert line.lonlat.bounds[1] == pytest.approx(48.0, abs=1e-3)
    with pytest.raises(GeometryError, match="no line is left"):
        line_from_places(lonlat, side, clip_lonlat=box(0, 0, 1, 1))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_every_place_lies_on_its_own_side(seed):
    rng = np.random.default_rng(seed)
    lon_0, lat_0 = rng.uniform(-170, 165), rng.uniform(-70, 65)
    lonlat = np.column_stack([lon_0 + rng.uniform(0, 3, 150), lat_0 + rng.uniform(0, 2, 150)])
    bend = lat_0 + 1.0 + 0.5 * np.sin(3.0 * (lonlat[:, 0] - lon_0))
    side = np.where(lonlat[:, 1] > bend, "a", "b").tolist()
    line = line_from_places(lonlat, side, island_min_m=0.0, hull_ratio=1.0)
    located = line.locate(np.column_stack(line.projection.lonlat_to_xy(*lonlat.T)))
    clear = ~located.beyond_end
    assert clear.mean() > 0.5
    assert ((located.offset_m > 0.0) == (np.array(side) == "a"))[clear].all()


def test_all_problems_with_places_are_told_at_once():
    lonlat = [[36.0, 48.0], [36.1, 48.0], [36.0, 48.0], [200.0, 48.0], [36.3, float("nan")], [36.5, 48.0]]
    with pytest.raises(GeometryError) as caught:
        line_from_places(lonlat, ["a", "c", "b", "a", "a", "b"], names=["", "Mill", "", "", "", ""])
    said = str(caught.value)
    for expected in (
        "line from places[1] Mill  side is 'c'",
        "[2]  is at the place of row 0 but on the other side",
        "[3]  lies at 200.0, 48.0",
        "[4]  lies at 36.3, nan",
        "has 1 places of side b",
    ):
        assert expected in said


def test_shapes_that_do_not_match_are_refused():
    with pytest.raises(GeometryError, match="give n rows of lon, lat"):
        line_from_places([[36.0, 48.0]], ["a", "b"])


# files


def test_a_feature_that_is_not_a_line_is_named(tmp_path):
    path = tmp_path / "area.geojson"
    path.write_text('{"type": "Polygon", "coordinates": [[[36, 48], [37, 48], [37, 49], [36, 48]]]}')
    with pytest.raises(GeometryError, match="feature 0  is a Polygon, not a line"):
        read_line(path, tolerance_m=0.0)


# the packaged case against the published map


@pytest.mark.shared
def test_the_packaged_places_give_the_line_of_17_february_2025(shared):
    places = read_places(shared / "data/reference/settlement_control_2025-02-17.csv")
    line = line_from_places(places.lonlat, places.side, names=places.name)
    assert line.n_parts == 1
    assert line.length_m == pytest.approx(1_067_000.0, rel=0.005)
    projected = np.column_stack(line.projection.lonlat_to_xy(*places.lonlat.T))
    assert ((line.locate(projected).offset_m > 0.0) == (np.array(places.side) == "a")).all()
    detailed = read_line(
        shared / "data/geo/front/line_of_contact.geojson", tolerance_m=0.0, columns={"date": "2025-02-17"}
    )
    median_m, p95_m = displacement(line, detailed)
    assert 2_000.0 < median_m < 4_000.0
    assert 6_000.0 < p95_m < 14_000.0


@pytest.mark.shared
def test_polygons_of_control_give_the_published_line(shared):
    geo = shared / "data/geo"
    occupied = read_features(geo / "front/occupied_polygons.geojson", columns={"date": "2025-02-17"})
    coast = read_features(geo / "front/line_masks.geojson", columns={"use": "coast_mask"})
    state = read_features(geo / "ukraine_outline_osm.geojson")
    line = line_from_control(occupied.geometries, state.geometries, coast.geometries, tolerance_m=0.0)
    published = read_line(
        geo / "front/line_of_contact.geojson", tolerance_m=0.0, columns={"date": "2025-02-17"}
    )
    assert line.n_parts == published.n_parts == 4
    assert line.length_m == pytest.approx(1_252_700.0, rel=1e-3)
    assert displacement(published, line)[1] < 1.0
    places = read_places(shared / "data/reference/settlement_control_2025-02-17.csv")
    located = line.locate(np.column_stack(line.projection.lonlat_to_xy(*places.lonlat.T)))
    assert ((located.offset_m > 0.0) == (np.array(places.side) == "a")).all()
