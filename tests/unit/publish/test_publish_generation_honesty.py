"""A nation that stated no size never stands beside a bare number of people, anywhere in the report."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest
from generation_sample import LONG_NAME, basis, sample

from truceline.generation.make import Question, generate
from truceline.generation.model import MISSIONS, Mission, TaskNeed
from truceline.plan import Plan
from truceline.publish.document import document_plan
from truceline.publish.figures import draw_figures
from truceline.publish.html import render_report
from truceline.publish.tables import make_tables
from truceline.scenario.load import read_scenario
from truceline.trace import Traced

PLACES = ("tr", "li", "p", "dd", "dt", "summary", "figcaption", "h2", "h3")
"""Elements that say one thing: a row or a sentence."""
QUIET = ("said", "date", "ours", "assumptions")
"""Classes of text that is marked as ours, a date, or quoted from a source; sources of assumptions name
nations beside tours and shifts."""
VOID = ("meta", "link", "br", "img", "path", "use")
NOT_PEOPLE = re.compile(
    r"[0-9]+ \([0-9]+–[0-9,]+\) days|[0-9]+(?:[.,][0-9]+)*\s*"
    r"(?:%|days?\b|months?\b|years?\b|nations?\b|waiting\b|others\b|conditions?\b|km\b|points\b|bn\b)"
    r"|\b[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?\b|\b[CP][0-9]+\b"
)
OF_THEM = re.compile(r"[0-9]+ of them stated no size")
NUMBER = re.compile(r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?")


class Places(HTMLParser):
    """Collects every row and sentence twice: whole, to look for names, and without what is marked."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[tuple[str, bool]] = []
        self.open: list[list[list[str]]] = []
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        classes = str(dict(attrs).get("class") or "").split()
        quiet = bool(set(classes) & set(QUIET)) or tag in ("a", "style", "svg")
        self.stack.append((tag, quiet))
        if tag in PLACES:
            self.open.append([[], []])

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        self.stack.pop()
        if tag in PLACES:
            whole, bare = self.open.pop()
            self.found.append((" ".join(whole), " ".join(bare)))

    def handle_data(self, data: str) -> None:
        if any(tag in ("style", "svg") for tag, _ in self.stack):
            return
        for whole, bare in self.open:
            whole.append(data)
            if not any(quiet for _, quiet in self.stack):
                bare.append(data)


def unstated_names(plan: Plan) -> set[str]:
    """Return the names of contributors that stated no size; the guarantor and the parties send nobody."""
    assert plan.generation is not None
    return {
        stance.name
        for code, stance in plan.generation.stances.items()
        if stance.basis == "none" and code not in ("COA", "UKR", "RUS", "USA")
    }


def list_bare_numbers(html: str, plan: Plan) -> list[str]:
    """Return every row or sentence that names a nation without a size beside an unmarked number."""
    places = Places()
    places.feed(html)
    places.close()
    names = unstated_names(plan)
    faults = []
    for whole, bare in places.found:
        text = " ".join(whole.split())
        if not any(name in text for name in names):
            continue
        if re.search(r"\bours\b", text) and re.search(r"\(ours: ", text):
            continue  # a sentence of the score sheet that says whose its number is
        left = OF_THEM.sub(" ", NOT_PEOPLE.sub(" ", " ".join(bare.split())))
        for name in names:
            left = left.replace(name, " ")
        if NUMBER.search(left):
            faults.append(text)
    return faults


def assert_no_bare_number(html: str, plan: Plan) -> None:
    """Fail with the rows and sentences where a nation without a stated size has a bare number of people."""
    assert list_bare_numbers(html, plan) == []


@pytest.fixture(scope="module")
def plan(length_plan: Plan) -> Plan:
    return replace(length_plan, generation=sample())


@pytest.fixture(scope="module")
def report(plan: Plan) -> str:
    return render_report(plan, draw_figures(plan))


def test_no_nation_without_a_stated_size_has_a_bare_number(plan: Plan, report: str) -> None:
    assert unstated_names(plan) == {"Aland", LONG_NAME, "Noland"}
    assert report.count("Aland") > 5
    assert_no_bare_number(report, plan)


@pytest.mark.parametrize(
    "planted",
    [
        "<p>Aland would send 5,450 people.</p>",
        "<table><tr><th>Aland</th><td>5450</td></tr></table>",
        "<ul><li>Up to 450 come from Aland, 12 % of all.</li></ul>",
        f"<p>{LONG_NAME}: 600</p>",
        '<p>Aland sends <span class="ours">≈5,450 ours</span>, that is 5,450.</p>',
        "<details><summary>Aland 30</summary></details>",
    ],
)
def test_the_checker_finds_a_planted_number(plan: Plan, report: str, planted: str) -> None:
    assert len(list_bare_numbers(report.replace("</main>", f"{planted}</main>"), plan)) == 1


@pytest.mark.parametrize(
    "fine",
    [
        '<p>Aland sends <span class="ours">≈5,450 ours (2,700–8,200)</span> people.</p>',
        "<p>United Kingdom: 7,500 people.</p>",
        "<p>Aland takes 14 days and 30 % of 3 conditions.</p>",
        '<p>Aland said <span class="said">2,000 are in Latvia</span>.</p>',
    ],
)
def test_the_checker_lets_marked_stated_and_quoted_numbers_pass(plan: Plan, report: str, fine: str) -> None:
    assert list_bare_numbers(report.replace("</main>", f"{fine}</main>"), plan) == []


DAYS = (date(2025, 2, 17), date(2025, 4, 10), date(2025, 9, 5), date(2026, 1, 31))


@pytest.mark.parametrize("mission", MISSIONS)
@pytest.mark.parametrize("day", DAYS)
def test_the_packaged_register_shows_no_bare_number_on_any_day(
    length_plan: Plan, day: date, mission: Mission
) -> None:
    tasks = (
        TaskNeed("posts", "watch", "Posts", 200.0, "post", 6000.0),
        TaskNeed("headquarters", "support", "Headquarters", 0.1, "share", 800.0),
        TaskNeed("brigades", "deterrence", "Brigades", 2.0, "brigade", 9000.0),
    )
    deployed = Traced("force.deployed", 15_800.0, "person", evidence="computed")
    made_for = replace(basis(), mission=mission, tasks=tasks, deployed=deployed, supplies=supplies())
    contributors = read_scenario("ukraine-2025").scenario.contributors
    assert contributors is not None
    question = Question(backstop=False, target="people=1000")
    found = generate(made_for, contributors, day, length_plan.assumptions, question)
    plan = replace(length_plan, generation=found)
    html = render_report(plan, {})
    assert len(unstated_names(plan)) > 5
    assert_no_bare_number(html, plan)


def supplies() -> tuple[Traced, ...]:
    names = (("water_per_day", "m^3/day"), ("fuel_per_day", "m^3/day"), ("supplies_per_day", "t/day"))
    return tuple(Traced(f"force.{name}", 100.0, unit, evidence="computed") for name, unit in names)


def test_every_mark_in_the_report_says_ours_and_about(report: str) -> None:
    marked = re.findall(r'<span class="ours">(.*?)</span>', report)
    assert len(marked) > 30
    for one in marked:
        text = re.sub("<[^>]+>", "", one)
        assert "≈" in text or "does not break" in text or "at once" in text, text
    people = [re.sub("<[^>]+>", "", one) for one in marked if re.search(r"[0-9],[0-9]{3}", one)]
    assert all("ours" in one for one in people if "+" not in one and "→" not in one)


def test_tables_carry_basis_and_range_beside_every_size_of_ours(plan: Plan) -> None:
    tables = make_tables(plan)
    for name in ("contributors", "contributions", "cases", "fill"):
        table = tables[name]
        columns = [column.name for column in table.columns]
        assert {"basis", "low", "high"} <= set(columns)
        for row in table.rows:
            values = dict(zip(columns, row, strict=True))
            if values["basis"] == "ours":
                assert isinstance(values["low"], float | int), values
                assert isinstance(values["high"], float | int), values
                assert values["low"] < values["high"]
    sizes = tables["pledges"]
    names, low, high = (sizes.values(column) for column in ("name", "size_low_people", "size_high_people"))
    for name, *ends in zip(names, low, high, strict=True):
        assert (ends == [None, None]) == (name in unstated_names(plan)), name


def test_the_document_has_a_basis_beside_every_size(plan: Plan) -> None:
    generation = document_plan(plan).generation
    assert generation is not None
    for case in generation.cases:
        for one in case.contributions:
            if one.name in unstated_names(plan):
                assert one.people.basis == "ours"
                assert one.people.low is not None
                assert one.people.high is not None
        assert (case.people.basis == "ours") == (case.people_ours > 0)
    offers = {one.name: one.people.basis for one in generation.contributors}
    assert all(offers[name] != "stated" for name in unstated_names(plan))
