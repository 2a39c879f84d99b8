from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely
from geo_lines import QUIET, line_of, not_finite, ring_xy, shifted, smooth_lines, wave_xy
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Polygon

from truceline.errors import GeometryError
from truceline.geo.line import LineLimits, displacement, make_line, orient_by_places

GEOD = pyproj.Geod(ellps="WGS84")


def make(geometry, **options):
    return make_line(geometry, **({"name": "front", "tolerance_m": 0.0, "limits": QUIET} | options))


@given(smooth_lines())
@settings(max_examples=25, deadline=None)
def test_length_is_geodesic(line):
    lengths = [GEOD.line_length(*np.array(part.coords).T) for part in line.lonlat.geoms]
    assert line.length_m == pytest.approx(sum(lengths), rel=1e-9)


@given(smooth_lines(), st.floats(100.0, 30_000.0))
@settings(max_examples=25, deadline=None)
def test_stations_lie_on_the_line_at_their_chainage(line, spacing_m):
    stations = line.stations(spacing_m)
    located = line.locate(stations.xy_m)
    assert located.distance_m.max() < 1e-6
    assert np.abs(located.chainage_m - stations.chainage_m).max() < 0.01
    assert stations.chainage_m[0] == 0.0
    assert stations.chainage_m[-1] == pytest.approx(line.length_m)
    assert np.diff(stations.chainage_m).max() <= spacing_m * (1.0 + 1e-9)


def test_parts_are_longest_first_and_chainage_follows():
    line = line_of(
        [
            wave_xy(10_000.0),
            shifted(wave_xy(40_000.0), 0.0, 30_000.0),
            shifted(ring_xy(2_000.0), 0.0, -9_000.0),
        ]
    )
    assert line.n_parts == 3
    assert (np.diff(line.part_length_m) < 0.0).all()
    assert line.part_start_chainage_m == pytest.approx(
        [0.0, line.part_length_m[0], line.part_length_m[:2].sum()]
    )
    assert line.polylines.closed.tolist() == [False, True, False]
    assert line.part_length_m.sum() == pytest.approx(line.length_m)


def test_side_a_on_the_right_turns_the_line_round():
    east = LineString([(36.0, 48.0), (36.1, 48.0)])
    north = [[0.0, 500.0]]
    assert make(east).locate(north).offset_m[0] > 0.0
    assert make(east, side_a_is="right").locate(north).offset_m[0] < 0.0


def test_parts_that_meet_are_joined_and_a_backward_one_is_turned():
    line = make(
        MultiLineString(
            [[(36.0, 48.0), (36.5, 48.0)], [(36.9, 48.1), (36.5, 48.0)], [(35.8, 48.1), (36.0, 48.0)]]
        )
    )
    assert line.n_parts == 1
    assert [tuple(c) for c in line.lonlat.geoms[0].coords] == [
        (35.8, 48.1),
        (36.0, 48.0),
        (36.5, 48.0),
        (36.9, 48.1),
    ]
    assert "ran the other way" in str(line.warnings[0])


def test_two_halves_make_a_ring():
    ring = ring_xy(5_000.0)
    line = line_of([ring[:101], ring[100:]])
    assert line.polylines.closed.tolist() == [True]
    assert line.lonlat.geoms[0].is_closed


def test_three_ends_at_one_place_are_left_apart():
    star = MultiLineString(
        [[(36.0, 48.0), (36.1, 48.0)], [(36.0, 48.0), (35.9, 48.1)], [(36.0, 48.0), (35.9, 47.9)]]
    )
    assert make(star).n_parts == 3


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        (LineString([(36, 48), (36.1, 48.1), (36.1, 48.0), (36.0, 48.1)]), "meets itself at km"),
        (LineString([(36, 48), (36, 48.2), (36, 48.1)]), "meets itself"),
        (MultiLineString([[(36, 48), (36.2, 48)], [(36.1, 47.9), (36.1, 48.1)]]), "meets itself"),
        (MultiLineString([[(36, 48), (36.2, 48)], [(36.1, 48.0), (36.1, 48.1)]]), "meets itself"),
        (LineString([(36, 48), (36, 48)]), "has zero length"),
        (not_finite(float("nan")), "vertex 1 is not a finite number"),
        (not_finite(float("inf")), "vertex 1 is not a finite number"),
        (Polygon([(36, 48), (37, 48), (37, 49)]), "polygons of control"),
        (shapely.Point(36, 48), "not a line"),
        (LineString(), "is empty"),
        (MultiLineString(), "is empty"),
        (LineString([(179.5, 0.0), (-179.5, 0.1)]), "antimeridian"),
        (LineString([(500_000.0, 5_300_000.0), (510_000.0, 5_300_000.0)]), "look like metres"),
    ],
)
def test_unusable_lines_are_refused(geometry, said):
    with pytest.raises(GeometryError, match=said):
        make(geometry)


def test_a_crossing_is_named_by_km_and_place():
    with pytest.raises(
        GeometryError, match=r"front, km 6\.\d .*meets itself at km 31\.\d, near 36\.05\d*, 48\.05\d*"
    ):
        make(LineString([(36.0, 48.0), (36.1, 48.1), (36.1, 48.0), (36.0, 48.1)]))


def test_all_problems_are_told_at_once():
    bad = MultiLineString([LineString([(36, 48), (36, 48)]), not_finite(float("nan"))])
    with pytest.raises(GeometryError) as caught:
        make(bad, tolerance_m=-1.0, side_a_is="up")
    assert len(caught.value.problems) == 4


def test_bounds_on_size():
    with pytest.raises(GeometryError, match="simplify it to 10 or fewer"):
        make(LineString([(36 + i / 100, 48) for i in range(11)]), limits=LineLimits(n_vertices_max=10))
    with pytest.raises(GeometryError, match="to 1 or fewer"):
        make(
            MultiLineString([[(36, 48), (36.1, 48)], [(36, 49), (36.1, 49)]]),
            limits=LineLimits(n_parts_max=1),
        )


def test_long_chords_tiny_parts_and_repeats_are_warned_about():
    line = make(
        MultiLineString(
            [
                [(36, 48), (36.0, 48), (37, 48)],
                [(36, 49), (36.001, 49)],
                [(37, 48), (36, 48)],
                [(36, 48.5), (36.1, 48.5)],
            ]
        ),
        limits=LineLimits(),
    )
    said = "\n".join(map(str, line.warnings))
    assert "runs straight for 74.6 km" in said
    assert "1 part shorter than 500 m left out" in said
    assert "repeats an earlier part" in said
    assert line.n_parts == 2


def test_a_spike_is_warned_about():
    line = make(LineString([(36, 48), (36.2, 48.0), (36.1, 48.0001)]))
    assert "km 14.9  bends back on itself" in str(line.warnings[0])


def test_the_main_part_stays_however_short():
    assert make(LineString([(36, 48), (36.001, 48)]), limits=LineLimits()).length_m == pytest.approx(
        74.6, abs=0.1
    )


def test_heights_are_left_out():
    assert not make(LineString([(36, 48, 100.0), (36.1, 48, 90.0)])).lonlat.has_z


def test_simplify_adds_its_tolerance_and_keeps_the_ends():
    line = line_of(wave_xy(), tolerance_m=100.0)
    thin = line.simplify(1_000.0)
    assert thin.tolerance_m == 1_100.0
    assert thin.length_m < line.length_m
    assert thin.projection is line.projection
    assert displacement(thin, line)[1] < 1_000.0
    for end, thin_end in zip(line.open_ends(), thin.open_ends(), strict=True):
        assert end.xy_m == pytest.approx(thin_end.xy_m, abs=1e-3)


@pytest.mark.parametrize("bad", [0.0, -5.0, float("nan")])
def test_steps_that_are_no_length_are_refused(bad):
    line = line_of(wave_xy())
    with pytest.raises(GeometryError, match="is not a length"):
        line.stations(bad)
    with pytest.raises(GeometryError, match="is not a length"):
        line.simplify(bad)


def test_a_chainage_off_the_line_is_refused():
    with pytest.raises(GeometryError, match="is outside its"):
        line_of(wave_xy()).point_at([10.0, 1e9])
    with pytest.raises(GeometryError, match="is outside its"):
        line_of(wave_xy()).point_at(float("nan"))


def test_points_that_are_not_finite_are_refused():
    with pytest.raises(GeometryError, match="1 of 2 are not finite"):
        line_of(wave_xy()).locate([[0.0, 0.0], [float("nan"), 0.0]])


def test_place_in_words():
    line = make(LineString([(36.0, 48.0), (36.2, 48.0)]))
    assert line.place_at(0.0) == "km 0.0 (36.0000, 48.0000)"


def test_parts_are_oriented_by_the_places_beside_them():
    line = line_of([wave_xy(), (shifted(wave_xy(20_000.0), 0.0, 40_000.0))[::-1]])
    x = np.array([-20_000.0, 20_000.0, 0.0, 0.0])
    y = np.array([9_000.0, -9_000.0, 45_000.0, 35_000.0])
    lonlat = np.column_stack(line.projection.xy_to_lonlat(x, y))
    turned = orient_by_places(line, lonlat, ["a", "b", "a", "b"])
    offsets = turned.locate(np.column_stack([x, y])).offset_m
    assert (np.sign(offsets) == [1, -1, 1, -1]).all()
    assert orient_by_places(turned, lonlat, ["a", "b", "a", "b"]) is turned


def test_displacement_of_a_shifted_line_is_the_shift():
    straight = np.column_stack([np.linspace(0.0, 50_000.0, 50), np.zeros(50)])
    packaged, detailed = line_of(straight), line_of(shifted(straight, 0.0, 2_000.0))
    median_m, p95_m = displacement(packaged, detailed)
    assert median_m == pytest.approx(2_000.0, rel=1e-3)
    assert p95_m == pytest.approx(2_000.0, rel=1e-3)


def test_displacement_leaves_out_what_is_beyond_or_outside():
    packaged = line_of(np.array([[0.0, 0.0], [50_000.0, 0.0]]))
    detailed = line_of(np.array([[10_000.0, 1_000.0], [90_000.0, 1_000.0]]))
    assert displacement(packaged, detailed)[1] == pytest.approx(1_000.0, rel=1e-3)
    elsewhere = shapely.box(0.0, 0.0, 1.0, 1.0)
    with pytest.raises(GeometryError, match="has no place abreast"):
        displacement(packaged, detailed, common_area_lonlat=elsewhere)
