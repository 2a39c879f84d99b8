from __future__ import annotations

import numpy as np
import pytest
from geo_lines import line_of, ring_xy, shifted, smooth_lines, wave_xy
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box

from truceline.errors import GeometryError
from truceline.geo.line import make_line
from truceline.geo.sectors import (
    is_water_at,
    sections_by_intervals,
    sections_by_polygon,
    sector_at,
    sectors_by_breaks,
    sectors_by_count,
    sectors_by_length,
    sectors_by_polygons,
)

PARALLEL = make_line(LineString([(36.0 + i / 10.0, 48.0) for i in range(21)]), name="front", tolerance_m=0.0)
KM_PER_DEGREE = 74.6  # along the 48th parallel, near enough


def covers_once(line, sectors):
    pieces = sorted(piece for sector in sectors for piece in sector.pieces)
    ends = [0.0] + [to_m for _, to_m in pieces]
    starts = [from_m for from_m, _ in pieces] + [line.length_m]
    return np.allclose(ends, starts, atol=1e-6) and [s.index for s in sectors] == list(range(len(sectors)))


@given(smooth_lines(), st.floats(500.0, 200_000.0))
@settings(max_examples=30, deadline=None)
def test_sectors_by_length_cover_the_line_once(line, target_m):
    if line.length_m / target_m > 200.0:
        return
    sectors = sectors_by_length(line, target_m)
    assert covers_once(line, sectors)
    assert all(0.5 * target_m <= s.length_m <= 1.5 * target_m for s in sectors) or len(sectors) == 1


@given(st.integers(1, 200))
def test_sectors_by_count_are_as_many_as_asked(n):
    line = line_of(
        [wave_xy(), shifted(wave_xy(20_000.0), 0.0, 30_000.0), shifted(ring_xy(1_000.0), 20_000.0, 10_000.0)]
    )
    sectors = sectors_by_count(line, n)
    assert len(sectors) == n
    assert covers_once(line, sectors)


def test_a_small_part_joins_the_sector_nearest_on_the_ground():
    straight = np.column_stack([np.linspace(0.0, 90_000.0, 91), np.zeros(91)])
    pocket = shifted(ring_xy(500.0), 80_000.0, 3_000.0)
    sectors = sectors_by_length(line_of([straight, pocket]), 30_000.0)
    assert [len(sector.pieces) for sector in sectors] == [1, 1, 2]
    assert sectors[2].length_m == pytest.approx(30_000.0 + 2.0 * np.pi * 500.0, rel=0.01)


def test_breaks_and_names():
    sectors = sectors_by_breaks(PARALLEL, [40_000.0, 100_000.0], ["West", "Centre", "East"])
    assert [(s.name, s.chainage_from_m, s.chainage_to_m) for s in sectors[:2]] == [
        ("West", 0.0, 40_000.0),
        ("Centre", 40_000.0, 100_000.0),
    ]
    assert covers_once(PARALLEL, sectors)
    assert sector_at(sectors, [0.0, 39_999.0, 40_000.0, 149_000.0, 1e9]).tolist() == [0, 0, 1, 2, 2]


def test_polygons_give_sectors_in_order_of_the_line():
    sectors = sectors_by_polygons(
        PARALLEL,
        [
            ("East", box(37.0, 47, 39, 49)),
            ("West", box(35, 47, 36.5, 49)),
            ("Mid", box(36.5, 47, 37.001, 49)),
        ],
    )
    assert [s.name for s in sectors] == ["West", "Mid", "East"]
    assert covers_once(PARALLEL, sectors)
    assert sectors[0].length_m == pytest.approx(0.5 * KM_PER_DEGREE * 1000.0, rel=0.01)


def test_a_polygon_may_hold_several_stretches():
    """A line that leaves a sector and comes back gives it two pieces."""
    bump = make_line(
        LineString([(36.0, 48.0), (36.4, 48.0), (36.5, 48.4), (36.6, 48.0), (37.0, 48.0)]),
        name="front",
        tolerance_m=0.0,
    )
    sectors = sectors_by_polygons(bump, [("North", box(35, 48.2, 38, 49)), ("South", box(35, 47, 38, 48.2))])
    assert [(s.name, len(s.pieces)) for s in sectors] == [("South", 2), ("North", 1)]
    assert covers_once(bump, sectors)


def test_polygons_that_leave_a_gap_or_overlap_list_the_km():
    with pytest.raises(GeometryError) as caught:
        sectors_by_polygons(
            PARALLEL,
            [("A", box(35, 47, 36.5, 49)), ("B", box(36.4, 47, 37.0, 49)), ("C", box(37.2, 47, 37.8, 49))],
        )
    found = [problem.found.split(",")[0] for problem in caught.value.problems]
    assert found == ["is in both A and B", "is in no sector", "is in no sector"]
    ranges_km = [[float(word) for word in p.where.split()[2::2]] for p in caught.value.problems]
    degrees = np.array([[0.4, 0.5], [1.0, 1.2], [1.8, 2.0]])
    assert np.allclose(ranges_km, degrees * KM_PER_DEGREE, atol=0.1)


def test_a_polygon_inside_another_is_an_overlap():
    with pytest.raises(GeometryError, match="is in both A and B"):
        sectors_by_polygons(PARALLEL, [("A", box(35, 47, 39, 49)), ("B", box(36.4, 47, 37.0, 49))])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: sectors_by_count(PARALLEL, 1_000), "1,000 sectors asked for; 200 at most"),
        (lambda: sectors_by_length(PARALLEL, 100.0), "sectors asked for; 200 at most"),
        (
            lambda: sectors_by_breaks(PARALLEL, list(np.linspace(1.0, 149_000.0, 300))),
            "301 sectors asked for",
        ),
        (lambda: sectors_by_polygons(PARALLEL, [("A", box(0, 0, 1, 1))] * 201), "201 sectors asked for"),
        (lambda: sectors_by_count(PARALLEL, 0), "is not a number of sectors"),
        (lambda: sectors_by_length(PARALLEL, 0.0), "is not a length"),
        (lambda: sectors_by_breaks(PARALLEL, [200_000.0]), "is not inside the line"),
        (lambda: sectors_by_breaks(PARALLEL, [50_000.0, 40_000.0]), "is not beyond the one before"),
        (lambda: sectors_by_breaks(PARALLEL, [50_000.0], ["one"]), "1 names for 2 sectors"),
        (lambda: sectors_by_polygons(PARALLEL, [("A", box(0, 0, 1, 1))]), "holds no part of the line"),
        (lambda: sectors_by_polygons(PARALLEL, [("A", LineString([(0, 0), (1, 1)]))]), "is a LineString"),
        (lambda: sectors_by_polygons(PARALLEL, [("A", box(35, 47, 39, 49))] * 2), "is there twice"),
        (lambda: sectors_by_polygons(PARALLEL, []), "there are none"),
        (lambda: sections_by_intervals(PARALLEL, [(5.0, 3.0)]), "ends before it starts"),
        (lambda: sections_by_intervals(PARALLEL, [(0.0, 9e9)]), "leaves the line"),
        (lambda: sections_by_intervals(PARALLEL, [(0.0, 100.0), (50.0, 200.0)]), "overlaps the one before"),
        (lambda: sections_by_polygon(PARALLEL, LineString([(0, 0), (1, 1)])), "not a polygon"),
    ],
)
def test_what_cannot_be_cut_is_refused(make, said):
    with pytest.raises(GeometryError, match=said):
        make()


def test_sections_fill_the_rest_with_land():
    sections = sections_by_intervals(PARALLEL, [(20_000.0, 50_000.0), (0.0, 10_000.0)])
    assert [(s.kind, s.chainage_from_m, round(s.chainage_to_m)) for s in sections] == [
        ("water", 0.0, 10_000),
        ("land", 10_000.0, 20_000),
        ("water", 20_000.0, 50_000),
        ("land", 50_000.0, round(PARALLEL.length_m)),
    ]
    assert sum(s.length_m for s in sections) == pytest.approx(PARALLEL.length_m)
    assert is_water_at(sections, [5_000.0, 15_000.0, 30_000.0, 60_000.0]).tolist() == [
        True,
        False,
        True,
        False,
    ]
    assert [s.kind for s in sections_by_intervals(PARALLEL, [])] == ["land"]


def test_water_polygons_make_sections():
    lakes = box(36.5, 47.9, 36.7, 48.1).union(box(37.0, 47.9, 37.1, 48.1))
    sections = sections_by_polygon(PARALLEL, lakes)
    assert [s.kind for s in sections] == ["land", "water", "land", "water", "land"]
    assert sections[1].length_m == pytest.approx(0.2 * KM_PER_DEGREE * 1000.0, rel=0.01)


def test_water_over_the_seam_of_a_ring_is_found_at_both_ends():
    ring = line_of(ring_xy(10_000.0))  # starts and ends in the east
    east = LineString(np.column_stack(ring.projection.xy_to_lonlat([10_000.0, 10_001.0], [0.0, 0.0]))).buffer(
        0.03
    )
    sections = sections_by_polygon(ring, east)
    assert [s.kind for s in sections] == ["water", "land", "water"]
    assert sections[0].length_m == pytest.approx(sections[2].length_m, rel=0.2)
    assert sections[0].length_m < 4_000.0
