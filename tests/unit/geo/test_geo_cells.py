from __future__ import annotations

import numpy as np
import pytest
import shapely
from geo_lines import line_of, ring_xy, smooth_lines
from hypothesis import given, settings

from truceline.errors import GeometryError
from truceline.geo.cells import cells_from_line
from truceline.geo.sectors import sections_by_intervals, sectors_by_count
from truceline.geo.zone import make_zones

STRAIGHT = line_of(np.array([[0.0, 0.0], [20_000.0, 0.0]]), lon=0.0, lat=0.0)


def cells(line, half_width_m=5_000.0, n_sectors=2, **options):
    options = {"sectors": sectors_by_count(line, n_sectors), "weight_decay_m": 2_000.0} | options
    return cells_from_line(line, make_zones(line, half_width_m), **options)


def test_a_straight_zone_by_hand():
    table = cells(STRAIGHT, sections=sections_by_intervals(STRAIGHT, [(0.0, 5_000.0)]))
    assert len(table) == 20 * 10
    assert sorted(set(np.round(table.offset_m))) == pytest.approx(
        np.arange(-4_500.0, 5_000.0, 1_000.0), abs=1.0
    )
    assert np.bincount(table.sector).tolist() == [100, 100]
    assert table.is_water_section.sum() == 50
    assert table.line_length_m.sum() == pytest.approx(STRAIGHT.length_m, rel=1e-12)
    assert table.weight.sum() == pytest.approx(1.0)
    near, far = np.abs(table.offset_m).argmin(), np.abs(table.offset_m).argmax()
    assert table.weight[near] / table.weight[far] == pytest.approx(np.exp(4_000.0 / 2_000.0), rel=1e-3)


@given(smooth_lines())
@settings(max_examples=20, deadline=None)
def test_cells_of_any_line(line):
    table = cells(line, 3_000.0, 3)
    assert table.line_length_m.sum() == pytest.approx(line.length_m, rel=1e-12)
    assert table.weight.sum() == pytest.approx(1.0)
    assert (table.weight > 0.0).all()
    assert set(table.sector) == {0, 1, 2}
    assert (np.diff(table.sector) >= 0).all()
    located = line.locate(table.xy_m)
    assert np.array_equal(located.offset_m, table.offset_m)
    abreast = (located.distance_m <= 3_000.0) & ~located.beyond_end
    assert (abreast | (table.line_length_m > 0.0)).all()
    ids = table.ids()
    assert len(set(ids)) == len(ids)
    zone_km2 = make_zones(line, 3_000.0).separation.area / 1e6
    assert len(table) == pytest.approx(zone_km2, rel=0.1)


def test_ids_name_sector_and_number():
    ids = cells(STRAIGHT).ids()
    assert ids[0] == "S01-00001"
    assert ids[100] == "S02-00001"
    assert ids[-1] == "S02-00100"


def test_squares_tile_the_ground():
    table = cells(line_of(ring_xy(10_000.0)))
    assert shapely.union_all(table.squares()).area == pytest.approx(len(table) * 1e6)


def test_multipliers_shift_weight_between_sectors():
    table = cells(STRAIGHT, sector_multipliers=[3.0, 1.0])
    assert table.weight[table.sector == 0].sum() == pytest.approx(0.75)
    assert cells(STRAIGHT, sector_multipliers=[1.0, 0.0]).weight[100:].sum() == 0.0


def test_the_line_is_covered_even_by_cells_larger_than_the_zone():
    table = cells(STRAIGHT, 100.0, cell_m=3_000.0)
    assert table.line_length_m.sum() == pytest.approx(STRAIGHT.length_m, rel=1e-12)


def test_same_input_same_bytes():
    one, two = cells(STRAIGHT), cells(STRAIGHT)
    assert one.weight.tobytes() == two.weight.tobytes()
    assert one.chainage_m.tobytes() == two.chainage_m.tobytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cell_m": 0.0}, "cells.cell  0.0 is not a length"),
        ({"weight_decay_m": float("nan")}, "cells.weight_decay"),
        ({"sectors": ()}, "there are none"),
        ({"sector_multipliers": [1.0]}, "1 for 2 sectors"),
        ({"sector_multipliers": [0.0, 0.0]}, "are not rates"),
        ({"sector_multipliers": [1.0, -1.0]}, "are not rates"),
        ({"cell_m": 5.0}, "use cells of 50 m or larger"),
    ],
)
def test_what_cannot_be_laid_out_is_refused(options, said):
    with pytest.raises(GeometryError, match=said):
        cells(STRAIGHT, **options)
