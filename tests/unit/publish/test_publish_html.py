"""The report stands alone in one file, says the headline numbers together, and escapes what it is told."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from truceline.plan import Plan
from truceline.plan.bands import Band, Bands, Driver
from truceline.publish.caveats import list_caveats
from truceline.publish.figures import draw_figures
from truceline.publish.html import render_report
from truceline.publish.page_templates import inline_svg
from truceline.publish.report_view import list_assumptions, view_report
from truceline.publish.wording import command_line
from truceline.units import format_chance, format_people

NO_BREAK = "\N{NO-BREAK SPACE}"
VOID = {"meta", "link", "br", "path", "use", "img"}


class Page(HTMLParser):
    """Collects ids, links and the nesting of tags."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        values = dict(attrs)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        for key in ("href", "src", "xlink:href"):
            if values.get(key):
                self.links.append(f"{tag} {values[key]}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)


def read(page: str) -> Page:
    parser = Page()
    parser.feed(page)
    parser.close()
    return parser


@pytest.fixture(scope="module")
def figures(small_plan: Plan) -> dict[str, str]:
    return draw_figures(small_plan)


@pytest.fixture(scope="module")
def report(small_plan: Plan, figures: dict[str, str]) -> str:
    return render_report(small_plan, figures)


def test_rendering_twice_gives_the_same_text(small_plan: Plan, figures: dict[str, str], report: str) -> None:
    assert render_report(small_plan, figures) == report


def test_tags_close_ids_are_unique_and_links_lead_somewhere(report: str) -> None:
    page = read(report)
    assert page.faults == []
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    inside = {
        link.partition("#")[2] for link in page.links if "#" in link and link.split()[1].startswith("#")
    }
    assert inside
    assert inside <= set(page.ids)


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(report: str) -> None:
    page = read(report)
    assert "script" not in page.tags
    loads = [link for link in page.links if not link.startswith("a ")]
    assert loads
    assert all(link.split()[1].startswith(("#", "data:")) for link in loads)
    assert "@import" not in report
    assert not re.search(r"url\(\s*['\"]?https?:", report)


def test_what_a_scenario_says_is_escaped(small_plan: Plan, figures: dict[str, str]) -> None:
    hostile = '<script>alert("x")</script>'
    posture = small_plan.chosen.posture.model_copy(update={"label": hostile, "description": hostile})
    chosen = replace(small_plan.chosen, posture=posture)
    changed = replace(
        small_plan,
        scenario=small_plan.scenario.model_copy(update={"title": hostile, "description": hostile}),
        postures={**small_plan.postures, small_plan.chosen_key: chosen},
        provenance=replace(small_plan.provenance, variant=hostile, overrides=(hostile,)),
    )
    page = render_report(changed, draw_figures(changed))
    assert "<script" not in page
    assert "&lt;script&gt;alert(" in page


def test_average_weakest_and_open_share_stand_together_by_state(small_plan: Plan, report: str) -> None:
    answer = report[report.index('id="answer"') : report.index("<nav")].replace(NO_BREAK, " ")
    one = small_plan.chosen
    assert one.crossings is not None
    for state in ("day", "night", "bad"):
        weakest = one.crossings.weakest("knows the posts", state=state)
        assert weakest is not None
        assert format_chance(weakest.p_least).replace("<", "&lt;").replace(">", "&gt;") in answer
    for words in (
        "Clear day",
        "Clear night",
        "Bad weather",
        "Line open",
        "verified",
        "attributed",
        "published",
    ):
        assert words in answer
    assert format_people(one.people.force.deployed_people) in answer
    head = view_report(small_plan)["headline"]["seen"]
    assert len({head["detect"], head["verify"], head["attribute"]}) == 3


def test_every_assumption_under_a_headline_is_listed_and_weak_ones_are_marked(
    small_plan: Plan, report: str
) -> None:
    listed = list_assumptions(small_plan)
    assert len(listed) > 20
    for leaf in listed:
        assert f"<code>{leaf.name}</code>" in report
    rows = [row for group in view_report(small_plan)["assumptions"] for row in group["rows"]]
    marked = {row["name"] for row in rows if row["weak"]}
    assert marked == {leaf.name for leaf in listed if leaf.evidence in ("general", "judgement", "stated")}
    assert marked
    assert report.count('class="badge weak"') >= len(marked)


def test_a_headline_made_of_a_headline_is_no_stronger_than_it(small_plan: Plan) -> None:
    weak = {row["name"]: row["weak"] for row in view_report(small_plan)["headlines"]}
    assert weak["force.pool"] != "0 %"  # a pool is deployed people times a cycle: their crews are weak too
    assert weak["watch.bound"] == "–"
    assert weak["line.length"] == "–"


def test_every_estimate_has_its_verdict(small_plan: Plan) -> None:
    view = view_report(small_plan)
    rows = [row for group in view["debate"] for row in group["rows"]]
    assert {row["verdict"] for row in rows} == {one.verdict for one in small_plan.chosen.readings}
    debate = view["headline"]["debate"]
    assert debate["fits"] + debate["within"] + debate["without"] == debate["n"]
    assert debate["n"] == sum(row["kind"] != "none" for row in rows)


def test_only_web_addresses_become_links(small_plan: Plan, figures: dict[str, str]) -> None:
    reading = small_plan.chosen.readings[0]
    bad = replace(reading, estimate=replace(reading.estimate, source_url="javascript:alert(1)"))
    chosen = replace(small_plan.chosen, readings=(bad,))
    changed = replace(small_plan, postures={**small_plan.postures, small_plan.chosen_key: chosen})
    assert "javascript:" not in render_report(changed, figures)


def test_a_plan_of_a_length_renders_without_map_coverage_or_crossings(length_plan: Plan) -> None:
    page = render_report(length_plan, draw_figures(length_plan))
    parsed = read(page)
    assert parsed.faults == []
    assert not {"map", "frontier", "crossings", "sectors", "debate"} & set(parsed.ids)
    assert "no map" in page
    assert "Weakest crossing noticed" not in page


def test_bands_stand_beside_headlines_with_what_carries_them(
    small_plan: Plan, figures: dict[str, str]
) -> None:
    names = ("force.deployed", "force.pool", "watch.detect", "crossing.weakest")
    low, median, high = 0.101, 0.202, 0.303
    bands = {name: Band(low, median, high) for name in names if not name.startswith("force")}
    bands |= {name: Band(111.0, 222.0, 333.0) for name in names if name.startswith("force")}
    drivers = {name: (Driver("support.logistics_share", "Logistics <share>", 0.5),) for name in bands}
    page = render_report(replace(small_plan, bands=Bands(bands, drivers, 200, 7)), figures)
    page = page.replace(NO_BREAK, " ")
    assert "80 % band 111 to 333" in page
    assert "80 % band 10 % to 30 %" in page
    assert "200 samples" in page
    assert "Logistics &lt;share&gt; 50 %" in page
    assert "--samples 200" in page


def test_weak_points_follow_from_what_the_plan_rests_on(small_plan: Plan, length_plan: Plan) -> None:
    titles = " ".join(caveat.title for caveat in list_caveats(small_plan))
    assert "No elevation model" in titles
    assert "Poisson" in titles
    assert "consistent, not predictive" in titles
    of_length = " ".join(caveat.title for caveat in list_caveats(length_plan))
    assert "elevation" not in of_length
    assert "Only a length" in of_length


def test_the_command_makes_the_plan_again(length_plan: Plan) -> None:
    made = replace(
        length_plan.provenance, variant="six", overrides=("rotation.dwell=12 month", "a=1"), seed=3
    )
    command = command_line(replace(length_plan, provenance=made))
    expected = "truceline plan unficyp-1975 --variant six --set 'rotation.dwell=12 month' --set a=1 --seed 3"
    assert command == expected


def test_inline_figures_lose_prolog_and_fixed_size_but_keep_the_view() -> None:
    svg = '<?xml version="1.0"?>\n\n<svg width="7pt" height="8pt" viewBox="0 0 7 8"><g width="1"/></svg>'
    assert inline_svg(svg) == '<svg viewBox="0 0 7 8"><g width="1"/></svg>'


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0 %"), (0.001, "<1 %"), (0.006, "1 %"), (0.5, "50 %"), (0.996, ">99 %"), (1.0, "100 %")],
)
def test_a_rare_event_is_not_printed_as_none(value: float, shown: str) -> None:
    assert format_chance(value) == shown
