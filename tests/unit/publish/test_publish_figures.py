"""Figures are well-formed, repeatable, small, and carry their caveats with them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest

from truceline.plan import Plan
from truceline.plan.map_data import detection_by_cell, list_sectors, list_towns
from truceline.plan.people import deployed_at
from truceline.publish import figure_style, figures, frontier_figure, map_figure
from truceline.publish.figures import draw_figures
from truceline.publish.wording import small_print

SIZE_LIMIT_BYTES = 1_500_000


@pytest.fixture(scope="module")
def drawn(small_plan: Plan) -> dict[str, str]:
    return draw_figures(small_plan)


def test_a_plan_with_a_map_has_every_figure_and_a_length_only_people(
    drawn: dict[str, str], length_plan: Plan
) -> None:
    assert list(drawn) == ["map", "frontier", "crossings", "tasks"]
    assert list(draw_figures(length_plan)) == ["tasks"]


def test_figures_are_svg_within_the_size_limit_and_load_nothing(drawn: dict[str, str]) -> None:
    for name, svg in drawn.items():
        root = ElementTree.fromstring(svg)  # noqa: S314  (our own text)
        assert root.tag.endswith("svg"), name
        assert len(svg.encode()) < SIZE_LIMIT_BYTES, name
        targets = re.findall(r'href="([^"]*)"', svg)
        assert all(target.startswith(("#", "data:")) for target in targets), name


def test_ids_are_told_apart_between_figures_and_every_reference_is_met(drawn: dict[str, str]) -> None:
    seen: set[str] = set()
    for name, svg in drawn.items():
        ids = set(re.findall(r'\bid="([^"]+)"', svg))
        assert ids
        assert all(one.startswith(f"{name}-") for one in ids)
        assert not ids & seen
        seen |= ids
        used = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg))
        assert used <= ids


def test_drawing_twice_gives_the_same_text(drawn: dict[str, str], small_plan: Plan) -> None:
    assert draw_figures(small_plan) == drawn


def test_drawing_leaves_the_callers_matplotlib_settings_alone(small_plan: Plan) -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    figures.draw_tasks(small_plan)
    assert dict(mpl.rcParams) == before


def test_every_figure_burns_in_tolerance_cells_sight_ranges_and_source(
    small_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes: dict[str, tuple[str, ...]] = {}

    def remember(figure: object, title: str, subtitle: str, small: tuple[str, ...]) -> tuple[float, float]:
        notes[title] = small
        return real(figure, title, subtitle, small)  # type: ignore[arg-type]

    real = figure_style.add_frame
    monkeypatch.setattr(figure_style, "add_frame", remember)
    assert len(draw_figures(small_plan)) == len(notes)
    for small in notes.values():
        text = " ".join(small)
        assert "within about 1 km" in text
        assert "cells of 2000 m" in text
        assert "statistical line of sight" in text
        assert "ranges as tabled, times 1" in text
        assert small_plan.provenance.scenario_hash in text
        assert f"seed {small_plan.provenance.seed}" in text
        assert "siting proven within" in text


def test_small_print_names_variant_and_changed_values(small_plan: Plan) -> None:
    made = replace(small_plan.provenance, variant="wide", overrides=("zone.half_width=7 km",))
    text = " ".join(small_print(replace(small_plan, provenance=made)))
    assert "(variant wide, set zone.half_width=7 km)" in text


def test_text_of_a_scenario_is_read_as_text_not_as_a_formula(small_plan: Plan) -> None:
    title = r"$\frac{1}$ & <b> of $$"
    changed = replace(small_plan, scenario=small_plan.scenario.model_copy(update={"title": title}))
    assert "<b>" not in map_figure.draw_map(changed)


def test_captions_fit_the_width_of_the_figure(small_plan: Plan) -> None:
    width_in = 11.0
    with figure_style.figure_style():
        figure = figure_style.start_figure(width_in, 4.0)
        text = " ".join(["Watching moderately wide words while mapping numbers 1,234 km"] * 9)
        bottom, top = figure_style.add_frame(figure, text, text, (text, text))
        assert 0 < bottom < top < 1
        boxes = [one.get_window_extent() for one in figure.texts]
    assert max(box.x1 for box in boxes) <= width_in * figure_style.POINTS_PER_INCH
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_posture_names_stand_clear_of_curves_and_of_each_other(
    small_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels: list[object] = []
    curves: list[np.ndarray] = []

    def remember_label(*arguments: object) -> object:
        labels.append(real_label(*arguments))  # type: ignore[arg-type]
        return labels[-1]

    def remember_curve(*arguments: object) -> np.ndarray:
        curves.append(real_curve(*arguments))  # type: ignore[arg-type]
        return curves[-1]

    real_label, real_curve = frontier_figure._write_label, frontier_figure._curve_in_pixels
    monkeypatch.setattr(frontier_figure, "_write_label", remember_label)
    monkeypatch.setattr(frontier_figure, "_curve_in_pixels", remember_curve)
    frontier_figure.draw_frontier(small_plan)
    kept = [label for label in labels if label.axes is not None]  # type: ignore[attr-defined]
    assert len(kept) == len(small_plan.postures)
    boxes = [label.get_window_extent() for label in kept]  # type: ignore[attr-defined]
    assert not boxes[0].overlaps(boxes[1])
    assert sum(box.count_contains(curve) for box in boxes for curve in curves) == 0


def test_every_estimate_is_drawn_once_under_its_role(small_plan: Plan) -> None:
    groups = frontier_figure._group_estimates(small_plan)
    drawn = [estimate.key for _, estimates in groups for estimate in estimates]
    assert sorted(drawn) == sorted(
        one.estimate.key for one in small_plan.chosen.readings if one.estimate.has_number
    )
    assert len(drawn) == len(set(drawn)) > 20


def test_people_at_the_chosen_point_are_the_people_of_the_posture(
    small_plan: Plan, length_plan: Plan
) -> None:
    for one in small_plan.postures.values():
        assert one.watch is not None
        at_point = deployed_at(one.people, np.array([one.watch.spent_people]))[0]
        assert at_point == pytest.approx(one.people.force.deployed_people, rel=1e-9)
    force = length_plan.chosen.people.force
    both = deployed_at(length_plan.chosen.people, np.array([force.front_people, 2 * force.front_people]))
    assert both == pytest.approx([force.deployed_people, 2 * force.deployed_people])


def test_detection_by_cell_averages_to_the_headline(small_plan: Plan) -> None:
    ground, watch = small_plan.ground, small_plan.chosen.watch
    assert ground is not None
    assert watch is not None
    by_cell = detection_by_cell(watch, small_plan.scenario.watched)
    assert by_cell @ ground.cells.weight == pytest.approx(watch.averages.detect.total, rel=1e-6)


def test_sectors_hold_every_unit_and_the_weakest_crossing(small_plan: Plan) -> None:
    ground, one = small_plan.ground, small_plan.chosen
    assert ground is not None
    assert one.watch is not None
    assert one.crossings is not None
    sectors = list_sectors(one, ground)
    assert sum(n for sector in sectors for n in sector.counts.values()) == one.watch.copies.sum()
    least = min(w.p_least for sector in sectors for w in sector.weakest.values() if w is not None)
    weakest = one.crossings.weakest("knows the posts")
    assert weakest is not None
    assert least == weakest.p_least
    assert list_towns(small_plan.scenario, ground) == ()  # an invented line is near no town we know


def test_map_keeps_one_scale_in_both_directions() -> None:
    (west, east), (south, north) = map_figure._fill_frame((0.0, 0.0, 100.0, 10.0), 8.0, 4.0)
    assert (east - west) / 8.0 == pytest.approx((north - south) / 4.0)
    assert west <= 0.0 < 100.0 <= east
    assert south <= 0.0 < 10.0 <= north


@pytest.mark.parametrize("limits", [(8.0, 400_000.0), (2_000.0, 400_000.0), (900.0, 4_000.0), (0.5, 3e7)])
def test_ticks_of_people_are_round_inside_and_few(limits: tuple[float, float]) -> None:
    ticks = frontier_figure._people_ticks(limits)
    assert 2 <= len(ticks) <= frontier_figure._TICKS_MAX
    assert all(limits[0] <= tick <= limits[1] for tick in ticks)
    assert all(f"{tick:.0e}"[0] in "1235" for tick in ticks)
