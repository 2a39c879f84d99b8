from __future__ import annotations

import numpy as np
import pytest
from geo_lines import line_of, ring_xy, smooth_lines
from hypothesis import given, settings
from scipy import ndimage

from truceline.errors import GeometryError
from truceline.geo import belt as belt_module
from truceline.geo.belt import belts_from_sectors
from truceline.geo.cells import cells_from_line
from truceline.geo.line_sources import line_from_places
from truceline.geo.sectors import (
    sections_by_intervals,
    sector_at,
    sectors_by_breaks,
    sectors_by_count,
    sectors_by_length,
)
from truceline.geo.vector_files import read_places
from truceline.geo.zone import make_zones

WITH_CORNERS = np.ones((3, 3), dtype=bool)
STRAIGHT = line_of(np.column_stack([np.linspace(0.0, 60_000.0, 61), np.zeros(61)]), lon=0.0, lat=0.0)


def n_bands(mask):
    return ndimage.label(mask, structure=WITH_CORNERS)[1]


def test_a_straight_belt_by_hand():
    sectors = sectors_by_count(STRAIGHT, 3)
    sections = sections_by_intervals(STRAIGHT, [(0.0, 30_000.0)])
    west, middle, _ = belts_from_sectors(
        STRAIGHT, 5_000.0, sectors, sections, margin_m=10_000.0, water_half_width_m=500.0
    )
    # 20 km and a margin of 10 km each end, at 250 m: 160 by 40 cells; the west end has no margin
    assert middle.n_inside == 160 * 40
    assert west.n_inside == 120 * 40
    assert middle.entry.sum() == 160
    assert middle.exit.sum() == 80
    assert (middle.offset_m[middle.entry] > 4_800.0).all()
    assert (middle.offset_m[middle.exit] < -4_800.0).all()
    assert middle.is_water.sum() == 80 * 4
    exit_chainage = middle.chainage_m[middle.exit]
    assert exit_chainage.min() >= 20_000.0
    assert exit_chainage.max() <= 40_000.0
    assert middle.shape == (len(middle.y_m), len(middle.x_m)) == middle.inside.shape


def test_windows_lie_on_one_lattice_and_say_where():
    belt = belts_from_sectors(STRAIGHT, 5_000.0, sectors_by_count(STRAIGHT, 3), margin_m=5_000.0)[1]
    assert belt.x_m[0] == belt.origin_x_m + belt.cell_m / 2.0
    assert belt.y_m[0] == belt.origin_y_m + belt.cell_m / 2.0
    assert belt.origin_x_m % belt.cell_m == 0.0
    located = STRAIGHT.locate(belt.inside_xy_m())
    assert np.array_equal(located.offset_m, belt.offset_m[belt.inside])
    assert np.isnan(belt.chainage_m[~belt.inside]).all()


@given(smooth_lines())
@settings(max_examples=15, deadline=None)
def test_no_belt_leaks_round_its_ends(line):
    """The edges are whole bands, apart from each other, and the ends of the belt belong to neither."""
    half_width_m, cell_m = 2_000.0, 250.0
    for belt in belts_from_sectors(line, half_width_m, sectors_by_length(line, 30_000.0), margin_m=8_000.0):
        assert not (belt.entry & belt.exit).any()
        assert n_bands(belt.inside) == 1
        assert (belt.entry <= belt.inside).all()
        assert (belt.exit <= belt.inside).all()
        assert (belt.offset_m[belt.entry] > half_width_m - 1.5 * cell_m).all()
        assert (belt.offset_m[belt.exit] < -half_width_m + 1.5 * cell_m).all()
        # a walk between the edges has to pass over the line: no inside neighbours have far-apart offsets
        for axis in (0, 1):
            step = np.abs(np.diff(belt.offset_m, axis=axis))
            assert np.nanmax(step) < 2.0 * cell_m
        # the window has a rim, so that no path is cut by the window
        assert not belt.inside[[0, -1]].any()
        assert not belt.inside[:, [0, -1]].any()


def test_straight_edges_are_single_bands():
    for turn in np.linspace(0.0, np.pi, 7):
        xy = np.column_stack([np.linspace(0.0, 60_000.0, 61), np.zeros(61)])
        rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        line = line_of(xy @ rotation)
        for belt in belts_from_sectors(line, 5_000.0, sectors_by_count(line, 2), margin_m=8_000.0):
            assert n_bands(belt.entry) == 1
            assert n_bands(belt.exit) == 1


def test_a_ring_is_closed_all_round():
    ring = line_of(ring_xy(20_000.0, clockwise=True))
    (belt,) = belts_from_sectors(ring, 5_000.0, sectors_by_count(ring, 1), margin_m=10_000.0)
    assert n_bands(belt.entry) == n_bands(belt.exit) == 1
    assert ndimage.label(~belt.inside)[1] == 2  # outside and the hole in the middle
    assert belt.entry.sum() > belt.exit.sum()


def test_a_margin_goes_over_the_seam_of_a_ring():
    ring = line_of(ring_xy(20_000.0, clockwise=True))
    first, second = belts_from_sectors(ring, 5_000.0, sectors_by_count(ring, 2), margin_m=10_000.0)
    total_m = ring.length_m
    chainage = first.chainage_m[first.inside]
    assert ((chainage > total_m - 10_500.0) & (chainage > 0.8 * total_m)).any()
    assert first.n_inside == pytest.approx(second.n_inside, rel=0.02)
    assert n_bands(first.inside) == 1


def test_a_pocket_too_narrow_for_an_edge_says_so():
    pocket = line_of(ring_xy(3_000.0, clockwise=True))
    (belt,) = belts_from_sectors(pocket, 5_000.0, sectors_by_count(pocket, 1), margin_m=0.0)
    assert belt.exit.any()
    assert (belt.offset_m[belt.exit] < -2_500.0).all()
    assert "side b of a pocket is narrower than the zone" in belt.notes[0]


def test_sectors_share_the_line_out_between_their_exits():
    sectors = sectors_by_breaks(STRAIGHT, [17_000.0, 41_000.0])
    belts = belts_from_sectors(STRAIGHT, 5_000.0, sectors, margin_m=5_000.0)
    assert sum(int(belt.exit.sum()) for belt in belts) == pytest.approx(240, abs=2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"half_width_m": 0.0}, "belt.half_width"),
        ({"cell_m": -1.0}, "belt.cell"),
        ({"margin_m": float("inf")}, "belt.margin"),
        ({"water_half_width_m": -1.0}, "belt.water_half_width"),
        ({"cell_m": 3_000.0}, "is too coarse"),
        ({"cell_m": 1.0}, "make about"),
    ],
)
def test_what_cannot_be_laid_out_is_refused(options, said):
    options = {"half_width_m": 5_000.0, "margin_m": 0.0} | options
    with pytest.raises(GeometryError, match=said):
        belts_from_sectors(STRAIGHT, options.pop("half_width_m"), sectors_by_count(STRAIGHT, 1), **options)


def test_a_window_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(belt_module, "N_WINDOW_CELLS_MAX", 1_000)
    with pytest.raises(GeometryError, match="cut the line into more sectors"):
        belts_from_sectors(STRAIGHT, 5_000.0, sectors_by_count(STRAIGHT, 1), margin_m=0.0)


def test_a_sector_without_a_cell_is_named():
    with pytest.raises(GeometryError, match="sector S01  holds no cell"):
        belts_from_sectors(
            STRAIGHT, 5_000.0, sectors_by_breaks(STRAIGHT, [1.0]), cell_m=250.0, margin_m=1_000.0
        )


@pytest.mark.shared
def test_the_packaged_case_is_laid_out_whole(shared):
    places = read_places(shared / "data/reference/settlement_control_2025-02-17.csv")
    line = line_from_places(places.lonlat, places.side)
    sectors = sectors_by_count(line, 8)
    table = cells_from_line(line, make_zones(line, 5_000.0), sectors=sectors, weight_decay_m=2_000.0)
    assert 10_000 < len(table) < 11_500
    assert table.line_length_m.sum() == pytest.approx(line.length_m, rel=1e-12)
    belts = belts_from_sectors(line, 5_000.0, sectors, margin_m=20_000.0)
    own = sum(
        int((b.inside & (sector_at(sectors, b.chainage_m.ravel()).reshape(b.shape) == b.sector)).sum())
        for b in belts
    )
    zone_m2 = make_zones(line, 5_000.0).separation.area
    assert own * 250.0**2 == pytest.approx(zone_m2, rel=0.01)
    assert all(n_bands(b.inside) == n_bands(b.entry) == n_bands(b.exit) == 1 for b in belts)
