"""The report in a real browser, from disk: nothing fetched, nothing cut off, the answer comes first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from screens import FIRST_SCREEN, PHONE

from truceline.plan import make_plan
from truceline.publish.figures import draw_figures
from truceline.publish.html import render_report
from truceline.scenario.load import read_scenario

pytestmark = pytest.mark.browser

SCENARIO = """\
format: 1
name: browser-line
title: A short line for the browser
as_of: 2025-02-17
line: {file: line.geojson, tolerance: 1 km}
zone: {half_width: 4 km}
sectors: {length: 20 km}
grid: {cell: 2 km, crossing_cell: 500 m}
incidents: {kinds: {person: 1, vehicle: 1}, states: {day: 1, night: 1, bad: 1}, decay: 2 km}
posture: observers
postures:
  observers:
    label: Observers on both sides
    watch: 4 person/km
    rules: {spacing: 2 km}
    means:
      post: {label: Post, kind: post, sensors: [op_human_thermal], eye_height: 6 m}
      patrol: {label: Patrol, kind: patrol, sensors: [patrol_vehicle], at_least: 0.05 / km, at_most: 0.3 / km}
    reaction: {time: 90 min}
  masts:
    label: Masts only
    watch: 2 person/km
    rules: {spacing: 2 km}
    means: {mast: {label: Mast, kind: mast, sensors: [camera_mast]}}
"""
LINE = '{"type": "LineString", "coordinates": [[2.8, 1.0], [2.89, 1.03], [2.96, 1.01], [3.05, 1.06]]}'


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    (folder / "line.geojson").write_text(LINE, encoding="utf-8")
    (folder / "browser-line.yaml").write_text(SCENARIO, encoding="utf-8")
    loaded = read_scenario(folder / "browser-line.yaml")
    plan = make_plan(loaded.scenario, provenance=loaded.provenance)
    path = folder / "report.html"
    path.write_text(render_report(plan, draw_figures(plan)), encoding="utf-8")
    return path


def test_opens_from_disk_in_silence(page: Any, report: Path) -> None:
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert page.said == []
    assert page.fetched == [report.as_uri()]


@pytest.mark.parametrize("viewport", [FIRST_SCREEN, {"width": 1100, "height": 800}, PHONE])
def test_nothing_sticks_out_sideways(page: Any, viewport: dict[str, int]) -> None:
    page.set_viewport_size(viewport)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_first_screen_answers_the_question(page: Any) -> None:
    boxes = [stat.bounding_box() for stat in page.locator(".stat .number").all()]
    boxes += [row.bounding_box() for row in page.locator("#answer .states tr, #answer .tally li").all()]
    assert len(boxes) > 10
    assert all(box["y"] + box["height"] <= FIRST_SCREEN["height"] for box in boxes)
    assert all(box["x"] + box["width"] <= FIRST_SCREEN["width"] for box in boxes)
    assert [stat.inner_text() for stat in page.locator(".stat .what").all()] == [
        "People deployed",
        "Incidents detected, average",
        "Weakest crossing noticed",
        "Line open, worst state",
    ]


def test_every_figure_has_a_size_and_its_letters_can_be_read(page: Any) -> None:
    sizes = page.evaluate(
        "[...document.querySelectorAll('.plate svg')]"
        ".map(s => [s.clientWidth, s.clientHeight, s.viewBox.baseVal.width])"
    )
    assert len(sizes) == 4
    for width, height, view_width in sizes:
        assert width > 800
        assert height > 150
        assert width / view_width >= 1.0  # the small print of 7 points is then no smaller than 7 pixels


def test_a_phone_scrolls_figures_instead_of_shrinking_them(page: Any) -> None:
    page.set_viewport_size(PHONE)
    widths = page.evaluate(
        "[...document.querySelectorAll('.plate')].map(p => [p.clientWidth, p.scrollWidth])"
    )
    assert all(inside > outside for outside, inside in widths)
