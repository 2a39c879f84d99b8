"""The sections on nations: the answer first, what is short in words, nothing of it without contributors."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from generation_sample import HOSTILE, LONG_NAME, sample, unlocking
from hypothesis import given
from hypothesis import strategies as st

from truceline.generation.result import Generation
from truceline.plan import Plan
from truceline.publish.caveats import list_caveats
from truceline.publish.figures import draw_figures
from truceline.publish.generation_view import view_generation
from truceline.publish.html import render_report
from truceline.publish.sizes import show_ours, show_people, show_range, show_sum
from truceline.trace import Traced

SECTIONS = ("nations", "backstop", "unlock", "claims")
NO_BREAK = "\N{NO-BREAK SPACE}"


def with_nations(plan: Plan, generation: Generation | None = None) -> Plan:
    """Return a plan that asked nations."""
    return replace(plan, generation=generation or sample())


@pytest.fixture(scope="module")
def report(length_plan: Plan) -> str:
    plan = with_nations(length_plan)
    return render_report(plan, draw_figures(plan)).replace(NO_BREAK, " ")


def plain(html: str) -> str:
    return " ".join(re.sub("<[^>]+>", "", html).split())


def test_a_prior_is_shown_with_its_mark_and_range() -> None:
    prior = Traced("people", 5449.0, "person", low=2724.5, high=8173.5)
    assert str(show_ours(prior)) == "≈ 5,450 ours (2,700–8,200)"
    assert str(show_ours(prior, tight=True)) == "≈5,450 ours"
    assert str(show_people(prior, "stated")) == "5,449 (stated)"
    assert str(show_people(prior, "none")) == "–"


def test_a_sum_says_how_much_of_it_is_ours() -> None:
    total = Traced("people", 10_290.0, "person", low=9345.0, high=11_235.0)
    assert str(show_sum(total, 1890.0)) == "≈ 10,300 (9,300–12,000) of which ≈1,890 ours"
    assert str(show_sum(total, 10_290.0)) == "≈ 10,300 ours (9,300–12,000)"
    assert str(show_sum(total, 0.0)) == "10,290"


@given(st.floats(0, 1e6, allow_nan=False), st.floats(0, 1, allow_nan=False), st.floats(0, 3, allow_nan=False))
def test_a_range_as_shown_holds_the_number_it_belongs_to(value: float, below: float, above: float) -> None:
    low, high = value * (1 - below), value * (1 + above)
    shown = re.findall(r"[0-9][0-9,]*(?:\.[0-9]+)?", show_range(low, high))
    first, last = (float(end.replace(",", "")) for end in shown)
    assert first <= low + 0.1
    assert last >= high - 0.1


def test_every_section_is_there_and_linked(report: str) -> None:
    for section in SECTIONS:
        assert f'<section id="{section}">' in report
        assert f'href="#{section}"' in report
    for name in ("backstop-gap", "backstop-value"):
        assert f'id="figure-{name}"' in report


def test_without_contributors_nothing_is_said_of_nations(length_plan: Plan) -> None:
    page = render_report(length_plan, draw_figures(length_plan))
    assert not any(f'id="{section}"' in page for section in SECTIONS)
    for word in ("Who would come", "backstop", ".ours small", ".heat", "#nations"):
        assert word not in page
    assert "Strength is not will" in page
    assert view_generation(None) is None


def test_rendering_nations_twice_gives_the_same_text(length_plan: Plan, report: str) -> None:
    plan = with_nations(length_plan)
    assert render_report(plan, draw_figures(plan)).replace(NO_BREAK, " ") == report


def test_the_section_begins_with_the_answer(report: str) -> None:
    section = plain(report[report.index('id="nations"') :])
    assert section.startswith(
        'id="nations"> Who would come With the whole backstop: 4 nations would send ≈ 10,300 people'
        " (9,300–12,000) of which ≈1,890 ours"
    )
    assert "2 of them stated no size" in section
    assert "30,000 people, ≈42 % ours of those it could use" in section


def test_what_is_short_is_said_with_how_much_and_why(report: str) -> None:
    section = plain(report[report.index("What is short") : report.index("How long each")])
    assert "≈1,470 ours of 6,000 people missing, 76 % filled; no more of it is in hand." in section
    assert "Air and missile defence batteries: ≈3 ours of 5 batteries missing, 40 % filled" in section
    assert "Maritime patrol aircraft" not in section


def test_what_the_guarantor_adds_is_told_apart(length_plan: Plan, report: str) -> None:
    assert "Brought by nations alone" not in report
    made = sample()
    case = replace(made.shown.case, met=made.shown.case.met | {"us.medevac"})
    cases = {**made.cases, "coalition": replace(made.shown, case=case)}
    page = render_report(with_nations(length_plan, replace(made, cases=cases)), {})
    assert "Brought by nations alone" in page
    assert "What nations bring leaves short: observation posts" in page


def test_stages_have_columns_of_their_own(report: str) -> None:
    rows = report[report.index("Announced</th>") :]
    bland = rows[rows.index("<th>Bland</th>") :]
    stages = re.findall(r'<td class="stage">(.*?)</td>', bland)[:3]
    assert [plain(stage) for stage in stages] == ["–", "up to 900", "–"]
    aland = rows[rows.index("<th>Aland</th>") :]
    assert plain(re.findall(r'<td class="stage">(.*?)</td>', aland)[0]) == "none stated (several thousand)"


def test_what_everybody_waits_for_is_said_once(report: str) -> None:
    register = report[report.index("What every nation had said") : report.index("What they wait for")]
    assert "All who may come wait for this: a ceasefire holds." in register
    assert register.lower().count("a ceasefire holds") == 1
    assert "The parliament of Germany agrees" in register


def test_what_a_register_says_is_escaped_and_only_web_addresses_are_links(report: str) -> None:
    assert HOSTILE not in report
    assert "<script" not in report
    assert "javascript:" not in report
    assert "&lt;script&gt;alert(" in report


def test_a_weak_source_is_marked(report: str) -> None:
    assert 'class="badge weak">confidence: low' in report


def test_cases_are_side_by_side_and_an_empty_one_says_nobody(length_plan: Plan) -> None:
    view = view_generation(sample())
    assert view is not None
    assert [row["label"] for row in view["cases"]] == [
        "As things stood",
        "Without the United States",
        "With the whole backstop",
    ]
    assert str(view["cases"][0]["people"]) == "nobody"
    assert str(view["cases"][1]["people"]) == "8,400"
    assert view["cases"][2]["binding"] == "Evacuation helicopters"


def test_a_case_in_which_nobody_comes_renders(length_plan: Plan) -> None:
    plan = with_nations(length_plan, replace(sample(), case_key="today"))
    page = plain(render_report(plan, draw_figures(plan)))
    assert "As things stood: nobody would send people" in page


def test_parts_that_were_not_asked_are_left_out(length_plan: Plan) -> None:
    bare = replace(sample(), backstop=None, backstop_rows=(), unlocking=(), claims=(), unlock_target="")
    plan = with_nations(length_plan, bare)
    figures = draw_figures(plan)
    assert not {"backstop-gap", "backstop-value"} & set(figures)
    page = render_report(plan, figures)
    assert 'id="nations"' in page
    assert not any(f'#{section}"' in page or f'id="{section}"' in page for section in SECTIONS[1:])


def test_the_first_twelve_sets_are_drawn_and_the_rest_counted(report: str) -> None:
    section = report[report.index('id="unlock"') : report.index('id="claims"')]
    first = section[: section.index("All sign together")]
    assert len(re.findall(r"<tr><th>[0-9]+</th>", first)) == 12
    assert "And 3 more smallest sets" in first
    assert first.count("●") == 12 * 5
    assert first.count('class="turned fragile"') == 3


def test_a_target_out_of_reach_says_how_far(length_plan: Plan) -> None:
    far = tuple(unlocking(joint=joint, reachable=False) for joint in (False, True))
    plan = with_nations(length_plan, replace(sample(), unlocking=far, unlock_target="50,000 people"))
    section = plain(render_report(plan, {}).partition('id="unlock"')[2].partition('id="claims"')[0])
    assert "The target, 50,000 people, is out of reach" in section
    assert "≈10,300 partly ours come, short by ≈39,700 partly ours" in section


def test_every_claim_is_on_the_score_sheet(report: str) -> None:
    section = report[report.index('id="claims"') : report.index("</section>", report.index('id="claims"'))]
    assert section.count('class="verdict"') == 25
    assert "Of 25 published claims" in section
    assert "≈256,000" not in section  # "tours" does not make a number ours


def test_a_task_that_changes_nothing_is_listed_as_such(report: str) -> None:
    section = plain(report[report.index('id="backstop"') : report.index('id="unlock"')])
    assert "What changes nothing in any measure: surveillance at sea and the political guarantee." in section
    assert (
        "Surveillance from space and surveillance from the air replace each other".lower() in section.lower()
    )
    assert "not known" in section
    assert "cannot be bought" in section


def test_figures_are_the_same_twice_and_keep_their_notes(length_plan: Plan) -> None:
    plan = with_nations(length_plan)
    first, second = draw_figures(plan), draw_figures(plan)
    assert first == second
    for name in ("backstop-gap", "backstop-value"):
        assert "<svg" in first[name]
        assert f'id="{name}-figure_1"' in first[name]
        assert first[name].count("/>") > 50


def test_asking_nations_changes_what_is_confessed(length_plan: Plan) -> None:
    titles = [caveat.title for caveat in list_caveats(with_nations(length_plan))]
    assert "Most sizes are ours" in titles
    assert "Strength is not will" not in titles
    assert LONG_NAME not in titles
