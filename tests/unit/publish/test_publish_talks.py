"""Talks in every product: record, explanation, tables, figures and page say the same and sell no forecast."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import jsonschema
import openpyxl
import pytest
from talks_sample import made_plan_talks, with_talks

from truceline.errors import OutputError
from truceline.plan import Plan
from truceline.plan.talks import PlanTalks
from truceline.publish.basis_reading import bases_of_document
from truceline.publish.document import document_plan, dump_document, write_document
from truceline.publish.figures import draw_figures
from truceline.publish.html import render_report
from truceline.publish.read import explain, read_document
from truceline.publish.shared_trees import read_trees
from truceline.publish.spreadsheet import HEAD_ROW, write_spreadsheet
from truceline.publish.tables import make_tables
from truceline.publish.talks_figures import draw_models, draw_positions
from truceline.publish.talks_record import TalksRecord
from truceline.publish.talks_recording import options_of_document, record_talks
from truceline.scenario.model import TalksOptions

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "plan.schema.json"
TABLES = (
    "talks_positions",
    "talks_models",
    "talks_agreements",
    "talks_forces",
    "talks_voting",
    "talks_seats",
)
FIGURES = ("talks-positions", "talks-models")


@pytest.fixture(scope="module")
def talked(small_plan: Plan) -> Plan:
    return with_talks(small_plan)


@pytest.fixture(scope="module")
def record() -> TalksRecord:
    return record_talks(made_plan_talks())


@pytest.fixture(scope="module")
def figures(talked: Plan) -> dict[str, str]:
    return draw_both(talked)


@pytest.fixture(scope="module")
def page(talked: Plan, figures: dict[str, str]) -> str:
    return render_report(talked, figures)


@pytest.fixture(scope="module")
def section(page: str) -> str:
    return page.partition('<section id="talks">')[2].partition("</section>")[0]


def draw_both(plan: Plan) -> dict[str, str]:
    assert plan.talks is not None
    return dict(zip(FIGURES, (draw_positions(plan, plan.talks), draw_models(plan, plan.talks)), strict=True))


def rows_of(plan: Plan, name: str) -> list[dict[str, Any]]:
    table = make_tables(plan)[name]
    return [dict(zip([column.name for column in table.columns], row, strict=True)) for row in table.rows]


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"<svg.*?</svg>", "", html, flags=re.S)))


def test_figures_of_talks_are_among_those_of_a_plan(talked: Plan, length_plan: Plan) -> None:
    assert not set(FIGURES) & set(draw_figures(length_plan))
    assert set(FIGURES) <= set(draw_figures(replace(length_plan, talks=talked.talks)))


def test_a_plan_without_talks_says_nothing_of_them(small_plan: Plan) -> None:
    assert "talks" not in json.loads(dump_document(document_plan(small_plan)))
    assert not set(TABLES) & set(make_tables(small_plan))
    assert 'id="talks"' not in render_report(small_plan, {})


def test_the_document_with_talks_keeps_to_the_schema_and_comes_back(talked: Plan, tmp_path: Path) -> None:
    data = json.loads(dump_document(document_plan(talked)))
    jsonschema.validate(data, json.loads(SCHEMA.read_text(encoding="utf-8")))
    write_document(talked, tmp_path / "plan.json")
    assert read_document(tmp_path).talks == document_plan(talked).talks


def test_a_finished_plan_can_be_asked_again(talked: Plan, tmp_path: Path) -> None:
    write_document(talked, tmp_path / "plan.json")
    document = read_document(tmp_path)
    options = options_of_document("plan", document)
    assert (options.folder, options.samples, options.seed) == ("ukraine-2025", 20, 1)
    bases = bases_of_document(document)
    assert [one.mission for one in bases] == [one.mission for one in made_plan_talks().bases]
    assert [one.deployed for one in bases] == [one.deployed for one in made_plan_talks().bases]
    assert bases[0].outcomes is not None
    assert bases[1].outcomes is None


def test_a_plan_without_nations_hands_over_no_basis(small_plan: Plan) -> None:
    assert bases_of_document(document_plan(small_plan)) == []
    assert options_of_document("plan", document_plan(small_plan)).folder == "ukraine-2025"


def test_tables_of_its_own_are_not_in_a_plan(talked: Plan, tmp_path: Path) -> None:
    own = replace_record(talked, TalksOptions(folder=tmp_path))
    with pytest.raises(OutputError, match="tables of talks of its own"):
        options_of_document("plan", own)


def replace_record(plan: Plan, options: TalksOptions) -> Any:
    assert plan.talks is not None
    return document_plan(plan).model_copy(update={"talks": record_talks(plan.talks, options)})


def test_explain_on_a_coded_position_leads_to_its_statement(talked: Plan, tmp_path: Path) -> None:
    write_document(talked, tmp_path / "plan.json")
    found = explain(tmp_path, "talks.position.troop_deployment.DEU")
    assert found == made_plan_talks().headlines["talks.position.troop_deployment.DEU"]
    assert found.evidence == "judgement"
    assert "https://" in found.source
    assert "Scholz" in found.note
    assert "2025-02-17" in found.note
    assert "Our coding" in found.note
    assert found.bounds[0] < found.value < found.bounds[1]


def test_explain_on_the_mean_unfolds_to_every_coding(talked: Plan, tmp_path: Path) -> None:
    write_document(talked, tmp_path / "plan.json")
    mean = explain(tmp_path, "talks.mean.troop_deployment")
    board = made_plan_talks().talks.board
    speakers = board.speakers("troop_deployment")
    assert len(mean.leaves()) == 3 * len(speakers)
    assert {board.places[actor, "troop_deployment"].position for actor in speakers} <= set(mean.leaves())


def test_trees_come_back_as_they_were(record: TalksRecord) -> None:
    found = {one.name: one for one in read_trees(record.headlines)}
    made = made_plan_talks().headlines
    assert set(found) == set(made)
    assert all(found[name].leaves() == one.leaves() for name, one in made.items())


def test_each_coding_is_written_once(record: TalksRecord) -> None:
    def walk(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield tree
        for part in tree.get("parts", []):
            yield from walk(part)

    name = "talks.position.troop_deployment.DEU"
    found = [node for tree in record.headlines for node in walk(tree) if node["name"] == name]
    assert len(found) > 1
    assert sum("note" in node for node in found) == 1


def test_deals_and_what_others_lose_by_them_are_recorded_and_on_the_page(
    record: TalksRecord, section: str
) -> None:
    trading = record.trading
    assert trading is not None
    assert 0 < len(trading.trades) <= trading.n_trades
    assert set(trading.own) == set(trading.others) == set(record.joint_actors)
    first = trading.trades[0]
    names = {one.key: one.name for one in record.actors}
    labels = {one.key: one.label for one in record.issues}
    assert first.gain == max(one.gain for one in trading.trades)
    assert f"{names[first.actor_a]} on {labels[first.issue_q]}" in unescape(section)
    worst = min(trading.others, key=lambda actor: trading.others[actor])
    assert f"Worse off: {names[worst]} ({trading.others[worst]:+.1f})" in unescape(section)


def test_counts_of_coalitions_are_digits(record: TalksRecord) -> None:
    for one in record.voting:
        assert int(one.n_winning) >= int(one.n_minimal) > 0
        assert sum(player.banzhaf for player in one.players) == pytest.approx(1, abs=1e-4)


def test_changes_since_an_earlier_day_are_recorded_with_their_statements() -> None:
    plan_talks = made_plan_talks(0, since=date(2025, 2, 1))
    record = record_talks(plan_talks)
    assert record.moves is not None
    assert record.moves.since == "2025-02-01"
    known = {one.statement for one in record.places}
    assert {one.statement for one in record.moves.moves if one.change != "fell silent"} <= known
    assert [one.issue for one in record.wanted] == ["troop_deployment"]
    assert record.n_samples == 0
    assert all(one.p10 is None and not one.drivers for one in record.answers)


def test_positions_name_who_said_what_and_who_said_nothing(talked: Plan) -> None:
    rows = rows_of(talked, "talks_positions")
    board = made_plan_talks().talks.board
    coded = [row for row in rows if row["position"] is not None]
    assert len(coded) == len(board.places)
    for row in coded:
        assert row["position_low"] <= row["position"] <= row["position_high"]
        assert row["scale_from"] <= row["position"] <= row["scale_to"]
        assert row["statement"]
        assert row["source"]
        assert row["date"]
    silent = {(row["issue"], row["actor"]) for row in rows if row["position"] is None}
    assert silent == {(issue, actor) for issue, actors in board.silent.items() for actor in actors}
    assert all(row["evidence"] == "judgement" for row in rows)


def test_plain_models_come_first_in_the_table(talked: Plan) -> None:
    rows = rows_of(talked, "talks_models")
    for issue in {row["issue"] for row in rows}:
        models = [row["model"] for row in rows if row["issue"] == issue]
        assert models[:2] == ["mean", "median"]
    core = next(row for row in rows if row["model"] == "core")
    assert core["p10"] <= core["p90"]


def test_the_matrix_has_a_row_for_every_agreement_and_actor(talked: Plan) -> None:
    rows = rows_of(talked, "talks_agreements")
    talks = made_plan_talks().talks
    assert len(rows) == len(talks.receptions) * (1 + len(talks.board.actors))
    for reception in talks.receptions:
        whole, *verdicts = [row for row in rows if row["agreement"] == reception.agreement.key]
        assert whole["verdict"] == ("stands" if reception.stands else "does not stand")
        assert whole["stands_share"] == pytest.approx(reception.stands_share, abs=1e-4)
        assert [row["verdict"] for row in verdicts] == [one.word for one in reception.verdicts]


def test_people_that_nobody_stated_have_their_range_in_the_table(talked: Plan) -> None:
    rows = rows_of(talked, "talks_forces")
    ours = [row for row in rows if row["basis"] == "ours"]
    assert any(row["low"] < row["high"] for row in ours)
    assert all(row["low"] <= row["people"] <= row["high"] for row in ours)
    assert all(row["notes"] for row in rows if row["people"] is None)


def test_a_workbook_shows_places_on_a_scale_as_numbers_and_tints_codings(
    talked: Plan, tmp_path: Path
) -> None:
    tables = {name: table for name, table in make_tables(talked).items() if name in (*TABLES, "tasks")}
    write_spreadsheet(talked, tables, tmp_path / "plan.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "plan.xlsx")["talks_positions"]
    at = tables["talks_positions"].index("position") + 1
    first = sheet.cell(HEAD_ROW + 1, at)
    assert "%" not in first.number_format
    assert first.value == tables["talks_positions"].rows[0][at - 1]
    assert first.fill.fill_type == "solid"


def test_the_page_says_first_what_it_is_not(page: str, section: str) -> None:
    assert '<a href="#talks">What could be agreed</a>' in page
    words = words_of(section)
    assert "This is no forecast." in words
    assert words.index("This is no forecast.") < words.index("Who wants what")
    assert "our own coding of public words" in words
    assert "Absent is not neutral" in words
    assert "readings of the same words" in words
    assert "Positions are words that we put on a scale" in page
    for word in ("probability", "probable", "likely"):
        assert word not in words


def test_the_page_has_figures_tables_and_no_holes(section: str) -> None:
    for part in (
        'id="figure-talks-positions"',
        'id="figure-talks-models"',
        "Who accepts which agreement",
        "What each agreement unlocks",
        "voting power and seats",
        "What carries the spread",
    ):
        assert part in section
    assert "None" not in words_of(section)
    assert "nan" not in words_of(section).split()


def test_every_verdict_is_a_sign_and_a_word_beside_its_colour(section: str) -> None:
    cells = re.findall(
        r'<td class="(yes|lean-yes|lean-no|no|silent)( blocks)?"><span class="sign">(.*?)</span> ([a-z ]+)',
        section,
    )
    said = {kind: (sign, word.strip()) for kind, _, sign, word in cells}
    assert said["yes"] == ("+", "accepts")
    assert said["no"] == ("\N{MINUS SIGN}", "rejects")
    assert said["silent"] == ("\N{MIDDLE DOT}", "silent")
    n_blocking = sum(len(one.blocking) for one in made_plan_talks().talks.receptions)
    assert n_blocking > 0
    assert (
        section.count('<span class="stop">') == n_blocking == sum(bool(blocks) for _, blocks, _, _ in cells)
    )


def test_every_statement_stands_on_the_page_with_its_source(section: str) -> None:
    for place in made_plan_talks().talks.board.places.values():
        assert f"{place.statement.statement_id}, " in section
    assert 'href="https://' in section


def test_an_address_that_is_none_is_no_link(small_plan: Plan) -> None:
    plan_talks = made_plan_talks()
    board = plan_talks.talks.board
    pair, place = next(iter(board.places.items()))
    said = replace(place.statement, source_url="javascript:alert(1)")
    places = {**board.places, pair: replace(place, statement=said)}
    changed = replace(plan_talks, talks=replace(plan_talks.talks, board=replace(board, places=places)))
    assert 'href="javascript' not in render_report(with_talks(small_plan, changed), {})


def test_names_from_somebody_elses_tables_are_text(small_plan: Plan) -> None:
    plan_talks = made_plan_talks(0)
    board = plan_talks.talks.board
    actors = {key: replace(one, name=f"<u>{one.name}</u> $x_{{{key}$") for key, one in board.actors.items()}
    issues = {
        key: replace(one, label=f"<u>{one.label} $y^", low_means="$") for key, one in board.issues.items()
    }
    changed = replace(board, actors=actors, issues=issues)
    plan_talks = replace(plan_talks, talks=replace(plan_talks.talks, board=changed))
    plan = with_talks(small_plan, plan_talks)
    page = render_report(plan, draw_both(plan))
    assert "<u>" not in page
    assert "&lt;u&gt;Germany" in page


def test_a_crowd_is_left_to_the_table(small_plan: Plan, figures: dict[str, str]) -> None:
    plan_talks = made_plan_talks(0)
    board = plan_talks.talks.board
    actors, places, standings = dict(board.actors), dict(board.places), dict(board.standings)
    pair = ("DEU", "troop_deployment")
    for n in range(200):
        key = f"X{n:03}"
        actors[key] = replace(board.actors["DEU"], key=key, name=f"State {n}")
        places[key, pair[1]] = replace(board.places[pair], actor=key)
        standings[key, pair[1]] = replace(board.standings[pair], actor=key)
    crowd = replace(board, actors=actors, places=places, standings=standings)
    plan_talks = replace(plan_talks, talks=replace(plan_talks.talks, board=crowd))
    svg = draw_positions(with_talks(small_plan, plan_talks), plan_talks)
    heights = [height_of(one) for one in (figures["talks-positions"], svg)]
    assert heights[1] < 3 * heights[0]


def height_of(svg: str) -> float:
    found = re.search(r'viewBox="0 0 [\d.]+ ([\d.]+)"', svg)
    assert found
    return float(found[1])


def test_people_of_agreements_are_marked_on_the_page(section: str) -> None:
    table = section.partition('<table class="unlocks">')[2].partition("</table>")[0]
    for force in made_plan_talks().forces:
        row = table.partition(f"<tr><th>{force.agreement.label}</th>")[2].partition("</tr>")[0]
        assert row
        if force.result is None:
            assert force.notes[0] in row
        elif force.result.people_ours > 0 and force.result.people.value > 0:
            assert "≈" in row
            assert "ours" in row
            assert "–" in row


def test_without_draws_no_shares_of_readings_are_said(small_plan: Plan) -> None:
    plan = with_talks(small_plan, made_plan_talks(0))
    words = words_of(render_report(plan, {}).partition('<section id="talks">')[2].partition("</section>")[0])
    assert "100 readings" not in words.replace("of 100 readings of the same words the actor accepts", "")
    assert "None" not in words
    assert make_tables(plan)["talks_models"].values("p10").count(None) == len(
        made_plan_talks(0).talks.answers
    )


def test_a_day_on_which_nobody_had_spoken_is_told(small_plan: Plan, length_plan: Plan) -> None:
    plan = with_talks(small_plan, made_plan_talks(0, day=date(2020, 1, 1)))
    assert not set(FIGURES) & set(draw_figures(replace(length_plan, talks=plan.talks)))
    words = words_of(render_report(plan, {}))
    assert "Too few have spoken for any model to be asked." in words
    assert set(document_plan(plan).talks.silent) == set(made_plan_talks().talks.board.issues)  # type: ignore[union-attr]


def test_the_same_talks_give_the_same_bytes(talked: Plan, figures: dict[str, str]) -> None:
    assert draw_both(talked) == figures
    assert dump_document(document_plan(talked)) == dump_document(document_plan(talked))


def test_more_issues_than_columns_go_below(small_plan: Plan, figures: dict[str, str]) -> None:
    plan_talks = with_many_issues(made_plan_talks(0))
    svg = draw_positions(with_talks(small_plan, plan_talks), plan_talks)
    height = [height_of(one) for one in (figures["talks-positions"], svg)]
    assert height[1] > 1.2 * height[0]


def with_many_issues(plan_talks: PlanTalks) -> PlanTalks:
    """Return talks in which every issue is there twice, under another name."""
    board = plan_talks.talks.board
    again = {f"{key}-again": replace(one, key=f"{key}-again") for key, one in board.issues.items()}
    places = {
        (actor, f"{key}-again"): replace(one, issue=f"{key}-again")
        for (actor, key), one in board.places.items()
    }
    standings = {
        (actor, f"{key}-again"): replace(one, issue=f"{key}-again")
        for (actor, key), one in board.standings.items()
    }
    silent = {f"{key}-again": actors for key, actors in board.silent.items()}
    wider = replace(
        board,
        issues={**board.issues, **again},
        places={**board.places, **places},
        standings={**board.standings, **standings},
        silent={**board.silent, **silent},
    )
    return replace(plan_talks, talks=replace(plan_talks.talks, board=wider))
