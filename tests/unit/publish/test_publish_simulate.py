"""The report of a simulated ceasefire: no chance without the assumption it hangs on, and nothing left out."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from simulate_sample import SEED, made_comparison, made_outcome, made_sensitivity

from truceline.publish import figure_style
from truceline.publish.simulate_dial_figures import draw_dial, draw_survival
from truceline.publish.simulate_figures import draw_indices, draw_tornado
from truceline.publish.simulate_folder import draw_simulation, write_report
from truceline.publish.simulate_html import render_simulation
from truceline.publish.simulate_words import (
    CONDITION,
    NOT_A_FORECAST,
    PARAMETER_WORDS,
    say_factor,
    show_band,
    show_chance,
)
from truceline.simulate.backstop_dial import Threshold, read_dial
from truceline.simulate.parameters import PARAMETERS

THRESHOLD = Threshold(1.2e9, 1e9, "USD", 8e8, 1.6e9, "from the plan")
HOLDING = re.compile(r"\b(hold|holds|holding|held|survives?|survival|lasts?)\b", re.IGNORECASE)
CHANCE = re.compile(r"[0-9]\s*%|[<>][0-9]|\bchance of [0-9<>]")
FACTOR = re.compile(r"if the backstop changes the daily hazard by the factor r")
BASELINE = re.compile(r"(Minsk|armistice)-type", re.IGNORECASE)
ASSUMED = re.compile(
    r"\b(if|under|with the plan's chances|chances to see|assum|draws?\b|of replicates|simulated|interval)|±"
)
QUOTED = re.compile(r"Gaza|Fortna|Gilligan|Hultman|Werner|Reiter|Abrahams|as stated|where it was read")
"""Findings of others, with their source beside them."""
VOID = ("meta", "link", "br", "img", "path", "use", "col")
SAYINGS = ("p", "li", "dd", "caption", "figcaption", "summary", "h2", "h3", "title")


class Report(HTMLParser):
    """Collects what a reader takes as one statement: sentences, large numbers, and cells with their heads."""

    def __init__(self) -> None:
        super().__init__()
        self.statements: list[str] = []
        self._stack: list[tuple[str, str]] = []
        self._texts: list[list[str]] = []
        self._caption = ""
        self._heads: list[str] = []
        self._row: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        self._stack.append((tag, str(dict(attrs).get("class") or "")))
        self._texts.append([])
        if tag == "table":
            self._caption, self._heads = "", []
        if tag == "tr":
            self._row = []

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        kind, classes = self._stack.pop()
        text = " ".join(" ".join(self._texts.pop()).replace("\N{NO-BREAK SPACE}", " ").split())
        inside = {name for name, _ in self._stack}
        if kind in ("th", "td"):
            self._row.append((kind, text))
        elif kind == "tr" and "thead" in inside:
            self._heads = [cell for _, cell in self._row]
        elif kind == "tr":
            first = self._row[0][1]
            for place, (_, cell) in enumerate(self._row):
                head = self._heads[place] if place < len(self._heads) else ""
                own = "" if place == 0 else first
                self.statements.append(f"{self._caption} | {head} | {own} | {cell}")
        elif kind == "caption":
            self._caption = text
        elif kind in SAYINGS and "table" not in inside:
            self.statements += re.split(r"(?<=[.!?])\s+(?=[A-Z0-9<])", text)
        elif "stat" in classes.split():
            self.statements.append(text)
        if kind not in ("style", "svg") and not {"svg", "style"} & inside and self._texts:
            self._texts[-1].append(text)

    def handle_data(self, data: str) -> None:
        hidden = any(tag in ("style", "svg") for tag, _ in self._stack)
        if self._texts and not hidden:
            self._texts[-1].append(data)


def list_bare_chances(html: str) -> list[str]:
    """Return every statement with a chance of holding that lacks its factor or its baseline.

    And every other percentage that hangs on nothing.
    """
    report = Report()
    report.feed(html)
    report.close()
    faults = []
    for said in report.statements:
        if not CHANCE.search(said.rpartition(" | ")[2]) or QUOTED.search(said):
            continue
        is_bare = not (FACTOR.search(said) and BASELINE.search(said)) if HOLDING.search(said) else False
        if is_bare or not ASSUMED.search(said):
            faults.append(said)
    return faults


@pytest.fixture(scope="module")
def figures() -> dict[str, str]:
    return draw_simulation(made_comparison(1830), made_sensitivity(), THRESHOLD)


@pytest.fixture(scope="module")
def html(figures: dict[str, str]) -> str:
    return render_simulation(
        made_comparison(1830), figures, sensitivity=made_sensitivity(), threshold=THRESHOLD
    )


def test_no_chance_in_the_report_stands_without_the_assumption_it_hangs_on(html: str) -> None:
    assert list_bare_chances(html) == []


def test_the_reader_of_the_report_sees_the_chances_that_are_there(html: str) -> None:
    report = Report()
    report.feed(html)
    with_factor = [one for one in report.statements if FACTOR.search(one) and CHANCE.search(one)]
    assert len(with_factor) > 60  # the dial's table alone has ten rows of six chances


@pytest.mark.parametrize(
    "said",
    [
        "<p>The truce holds for 12 months with a chance of 85 %.</p>",
        "<p>Under the Minsk-type baseline the truce holds for 12 months with a chance of &lt;1 %.</p>",
        "<p>If the backstop changes the daily hazard by the factor r = 0.50, it holds in 85 %.</p>",
        "<table><caption>Survival</caption><thead><tr><th>r</th><th>12 months</th></tr></thead>"
        "<tbody><tr><th>0.5</th><td>85 %</td></tr></tbody></table>",
        "<div class='stat'><div>Holds 12 months, armistice-type</div><div>85 %</div></div>",
        "<p>A false trigger comes with 12 %.</p>",
    ],
)
def test_a_bare_chance_is_found_wherever_it_stands(said: str) -> None:
    assert list_bare_chances(f"<html><body>{said}</body></html>")


def test_a_chance_with_its_baseline_and_its_factor_passes() -> None:
    said = f"Under the armistice-type baseline, {say_factor(0.5)}, the truce holds in 85 %."
    assert list_bare_chances(f"<p>{said}</p>") == []
    assert FACTOR.search(said)
    assert BASELINE.search(said)


def test_the_report_has_every_section_of_the_question(html: str) -> None:
    for name in ("holds", "dial", "triggers", "line", "ladder", "hangs", "compared", "changes", "transfer"):
        assert f'<section id="{name}">' in html
    for name in ("assumptions", "again"):
        assert f'<section id="{name}">' in html
    assert "None is for a nuclear-armed party on a line of 1,200 km" in html
    assert NOT_A_FORECAST in html
    assert f"--seed {SEED}" in html


def test_a_run_without_extras_says_how_to_ask_for_them_and_leaves_no_empty_section() -> None:
    html = render_simulation(made_comparison(365, alone=True), {})
    assert 'id="hangs"' not in html
    assert 'id="compared"' not in html
    assert "--threshold AMOUNT" in html
    assert list_bare_chances(html) == []
    assert "60 months" not in html  # a horizon that was not simulated is not spoken of


@pytest.mark.parametrize("n_days", [20, 90])
def test_a_short_horizon_speaks_only_of_what_it_reached(n_days: int) -> None:
    comparison = made_comparison(n_days, alone=True)
    html = render_simulation(comparison, {"survival": draw_survival(comparison.outcomes[0])})
    assert "12 months" not in html
    assert ("30 days" in html) == (n_days >= 30)
    assert list_bare_chances(html) == []


def test_labels_of_a_plan_are_escaped(html: str) -> None:
    assert "<watches>" not in html
    assert "&lt;watches&gt;" in html
    assert "South &lt;1&gt;" in html


def test_every_figure_keeps_its_caveats_inside_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(figure_style._RC, "svg.fonttype", "none")
    outcome, found = made_outcome(90), made_sensitivity()
    for svg in (
        draw_survival(outcome),
        draw_dial(outcome, read_dial(outcome.summary)),
        draw_tornado(outcome, found),
        draw_indices(outcome, found),
    ):
        text = " ".join(
            " ".join(pair) for pair in re.findall(r"<text[^>]*>([^<]*)<|<tspan[^>]*>([^<]*)<", svg)
        )
        words = " ".join(text.split())
        assert "not a forecast" in words
        assert "seed 7" in words
        assert "Minsk-type baseline" in words
        assert re.search("armistice-type baseline", words, re.IGNORECASE)
        assert CONDITION in words or "changes nothing (r = 1.00)" in words


def test_every_drawn_assumption_has_a_short_name_beside_its_bar() -> None:
    assert set(PARAMETERS) <= set(PARAMETER_WORDS)
    assert len(set(PARAMETER_WORDS.values())) == len(PARAMETER_WORDS)


def test_a_band_shows_both_ends_and_a_rare_chance_is_not_none() -> None:
    assert show_band(0.31, 0.5) == "31 to 50 %"
    assert show_band(0.001, 0.5) == "<1 % to 50 %"
    assert show_band(0.6, 0.6) == "60 %"
    assert show_band(float("nan"), 0.5) == ""
    assert show_chance(1e-9) == "<1 %"
    assert show_chance(float("nan")) == "–"


def test_the_folder_has_the_report_its_figures_and_its_tables(
    tmp_path: Path, figures: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("truceline.publish.simulate_folder.draw_simulation", lambda *_: figures)
    names = write_report(made_comparison(1830), tmp_path, sensitivity=made_sensitivity(), threshold=THRESHOLD)
    assert names == ("report.html", "figures/")
    assert {one.name for one in (tmp_path / "figures").iterdir()} == {f"{name}.svg" for name in figures}
    assert set(figures) == {"survival", "dial", "violations", "stages", "ladder", "tornado", "sobol"}
    dial = (tmp_path / "tables" / "backstop_dial.csv").read_text(encoding="utf-8").splitlines()
    assert dial[0].startswith("baseline,days,factor_r")
    assert {"break_even.csv", "false_triggers.csv", "sensitivity.csv"} <= {
        one.name for one in (tmp_path / "tables").iterdir()
    }


def test_the_same_outcome_gives_the_same_bytes(html: str, figures: dict[str, str]) -> None:
    again = {**figures, "survival": draw_survival(made_outcome(1830))}
    assert again == figures
    assert (
        render_simulation(made_comparison(1830), again, sensitivity=made_sensitivity(), threshold=THRESHOLD)
        == html
    )
