"""The daily report in a real browser, from disk: nothing fetched, nothing cut off, fit for A4."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from screens import FIRST_SCREEN, PHONE

from truceline.monitor.day import gather_day
from truceline.publish.daily_folder import write_daily

UNIT_TESTS = Path(__file__).parents[1] / "unit"
sys.path.append(str(UNIT_TESTS))  # the invented days live beside the unit tests
from day_sample import AGREEMENTS, DAY, EFFORT, MISSION, TREND, fill_month, start_store  # noqa: E402

pytestmark = pytest.mark.browser

A4_PT = (595, 842)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("daily")
    store, days = start_store(folder)
    with store:
        fill_month(days)  # a month: the mean of the year is drawn from then on
        made = gather_day(store, DAY, mission=MISSION, agreements=AGREEMENTS, effort=EFFORT, trend=TREND)
    names = write_daily(made, folder / "day")
    return folder / "day" / next(name for name in names if name.endswith(".html"))


def test_opens_from_disk_in_silence(page: Any, report: Path) -> None:
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert page.said == []
    assert page.fetched == [report.as_uri()]


@pytest.mark.parametrize("viewport", [FIRST_SCREEN, {"width": 1000, "height": 800}, PHONE])
def test_nothing_sticks_out_sideways(page: Any, viewport: dict[str, int]) -> None:
    page.set_viewport_size(viewport)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_first_screen_has_the_numbers_and_the_first_findings(page: Any) -> None:
    boxes = [stat.bounding_box() for stat in page.locator(".stat .number").all()]
    boxes += [row.bounding_box() for row in page.locator(".bullets li").all()[:3]]
    assert len(boxes) == 7
    assert all(box["y"] + box["height"] <= FIRST_SCREEN["height"] for box in boxes)


def test_no_word_of_a_table_runs_into_the_next_column(page: Any) -> None:
    spilled = page.evaluate(
        "[...document.querySelectorAll('th, td')].filter(c => c.scrollWidth > c.clientWidth + 1)"
        ".map(c => c.innerText)"
    )
    assert spilled == []


def test_every_section_of_the_contents_is_there(page: Any) -> None:
    targets = page.evaluate("[...document.querySelectorAll('nav a')].map(a => a.getAttribute('href'))")
    assert len(targets) == 10
    assert all(page.locator(target).count() == 1 for target in targets)


def test_figures_can_be_read(page: Any) -> None:
    sizes = page.evaluate(
        "[...document.querySelectorAll('.plate svg')].map(s => [s.clientWidth, s.viewBox.baseVal.width])"
    )
    assert len(sizes) == 3
    assert all(width / drawn >= 1.0 for width, drawn in sizes)


def test_on_paper_the_pages_are_a4_and_the_annex_lies_across(page: Any) -> None:
    printed = page.pdf(prefer_css_page_size=True)
    sizes = {
        (round(float(wide)), round(float(high)))
        for wide, high in re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", printed)
    }
    assert sizes == {A4_PT, A4_PT[::-1]}
