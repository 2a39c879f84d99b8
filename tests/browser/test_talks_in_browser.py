"""The section on talks in a real browser: wide tables scroll inside the page, words stay in their cells."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from screens import FIRST_SCREEN, PHONE

sys.path.append(str(Path(__file__).resolve().parents[1] / "unit" / "publish"))
from talks_sample import made_plan_talks, with_talks

from truceline.plan import make_plan
from truceline.publish.figures import draw_figures
from truceline.publish.html import render_report
from truceline.scenario.load import read_scenario

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    loaded = read_scenario("unficyp-1975")
    plan = with_talks(make_plan(loaded.scenario, provenance=loaded.provenance), made_plan_talks())
    path = tmp_path_factory.mktemp("talks") / "report.html"
    path.write_text(render_report(plan, draw_figures(plan)), encoding="utf-8")
    return path


@pytest.fixture
def opened(page: Any) -> Any:
    page.evaluate("document.querySelectorAll('#talks details').forEach(one => one.open = true)")
    return page


def test_the_section_is_in_the_contents_and_opens_in_silence(opened: Any, report: Path) -> None:
    opened.click("nav a[href='#talks']")
    assert opened.locator("#talks h2").is_visible()
    assert opened.said == []
    assert {address.partition("#")[0] for address in opened.fetched} == {report.as_uri()}


@pytest.mark.parametrize("viewport", [FIRST_SCREEN, PHONE])
def test_nothing_sticks_out_sideways(opened: Any, viewport: dict[str, int]) -> None:
    opened.set_viewport_size(viewport)
    assert opened.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_words_stay_in_their_cells(opened: Any) -> None:
    spilled = opened.evaluate(
        "[...document.querySelectorAll('#talks td, #talks th')]"
        ".filter(cell => cell.scrollWidth > cell.clientWidth + 1).map(cell => cell.innerText)"
    )
    assert spilled == []


def test_figures_of_talks_can_be_read(opened: Any) -> None:
    sizes = opened.evaluate(
        "[...document.querySelectorAll('#talks .plate svg')]"
        ".map(svg => [svg.clientWidth, svg.viewBox.baseVal.width])"
    )
    assert len(sizes) == 2
    assert all(width / view_width >= 1.0 for width, view_width in sizes)


def test_names_stay_in_view_while_a_matrix_scrolls_on_a_phone(opened: Any) -> None:
    opened.set_viewport_size(PHONE)
    for name in ("acceptance", "models", "voting"):
        scroll = opened.locator(f"#talks .scroll:has(table.{name})")
        scroll.evaluate("one => { one.scrollLeft = 300; }")
        box = scroll.locator("tbody tr").last.locator("th").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
