"""The daily report as it leaves the building: figures that add up, both forms alike, nothing half written."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from day_sample import (
    AGREEMENTS,
    DAY,
    EFFORT,
    MISSION,
    TREND,
    Days,
    add_rest,
    draw_incidents,
    start_store,
    watch,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.errors import OutputError
from truceline.events.kinds import Flag
from truceline.monitor.day import gather_day
from truceline.monitor.day_model import DayReport, EffortLine, ReportNumber
from truceline.monitor.issuing import register_report
from truceline.publish.daily_annex import make_geojson, make_rows_table
from truceline.publish.daily_docx import render_daily_docx
from truceline.publish.daily_folder import MARKER, write_daily
from truceline.publish.daily_html import render_daily
from truceline.publish.daily_page import Bullets, Grid, Page
from truceline.publish.daily_view import view_day
from truceline.publish.daily_words import Words, load_texts
from truceline.store.base import Store

NASTY = '<script>alert("x")</script>=1+1'


class _Text(HTMLParser):
    """Collects what a reader sees, and the cells of every table by its id."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: Counter[str] = Counter()
        self._figure = ""
        self._cell: list[str] | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self._hidden += tag in ("style", "svg")
        if tag == "figure":
            self._figure = dict(attrs).get("id") or ""
        elif tag == "tr" and self._figure:
            self.tables.setdefault(self._figure, []).append([])
        elif tag in ("td", "th") and self._figure:
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "svg")
        if tag in ("td", "th") and self._cell is not None:
            self.tables[self._figure][-1].append("".join(self._cell))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)
        if self._cell is not None:
            self._cell.append(data)


def read_html(text: str) -> _Text:
    parser = _Text()
    parser.feed(text)
    return parser


def gather(store: Store, day: date, *, effort: Sequence[EffortLine] = (), **options: Any) -> DayReport:
    return gather_day(store, day, mission=MISSION, effort=effort, **options)


def view(report: DayReport) -> Page:
    return view_day(report, Words(load_texts(), report.zone))


def read_rows(report: DayReport) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(make_rows_table(report).to_csv())))


def add_up(rows: list[dict[str, str]]) -> Counter[str]:
    """Return the figures of a report from nothing but its CSV: the slow twin of every count."""
    sums: Counter[str] = Counter()
    for row in rows:
        keys = []
        if row["not_counted"] == "unclear":
            keys = ["unclear"]
        elif row["exercise"] == "yes":
            keys = ["exercise"]
        if row["counted"] == "yes":
            keys += ["violations", f"class.{row['class']}", f"status.{row['verification']}"]
            keys += [f"noticed.{row['observation']}", f"place.{row['control_side']}", f"by.{row['side']}"]
            keys += [f"phase.{row['phase']}"] if row["class"] == "explosion" else []
            keys += ["claim"] if row["claim"] == "yes" else []
        for scope in ("all", f"region.{row['region']}"):
            for key in keys:
                for bound in ("low", "best", "high"):
                    sums[f"{scope}.{key}.{bound}"] += int(row[f"acts_{bound}"])
                sums[f"{scope}.{key}.incidents"] += 1
    return sums


def show(sums: Counter[str], key: str) -> str:
    """Return a count as the page writes it."""
    low, best, high = (sums[f"{key}.{bound}"] for bound in ("low", "best", "high"))
    return f"{best:,}" if low == high else f"{best:,} ({low:,}–{high:,})"


def check_page_against_rows(report: DayReport) -> None:
    sums = add_up(read_rows(report))
    figures = {
        key: value for key, value in report.figures().items() if not key.startswith(("killed", "hurt"))
    }
    assert +Counter(figures) == +sums
    tables = read_html(render_daily(view(report), {})).tables
    regions = [region.name or "other" for region in report.regions]
    for row, name in zip(tables["regions"][1:], [*(f"region.{r}" for r in regions), "all"], strict=True):
        assert row[1] == show(sums, f"{name}.violations")
        assert row[3] == show(sums, f"{name}.class.explosion")
    words = load_texts().messages
    for table, family in (("classes", "class"), ("phases", "phase"), ("noticed", "noticed")):
        for row in tables.get(table, [[]])[1:]:
            scope = "all" if row[0] == "All regions" else f"region.{row[0].replace('Other regions', 'other')}"
            for head, cell in zip(tables[table][0][1:], row[1:], strict=True):
                (word,) = {
                    key.partition(".")[2]
                    for key, said in words.items()
                    if key.startswith(f"{family}.") and isinstance(said, str) and said.lower() == head.lower()
                }
                key = f"{scope}.{family}.{word if word != 'unknown' else ''}"
                assert cell == (show(sums, key) if sums[f"{key}.incidents"] else "–")
    (summary,) = (b for s in view(report).sections for b in s.blocks if isinstance(b, Bullets))
    for lead, text in summary.items:
        if match := re.match(r"([0-9,]+(?: \([0-9,–]+\))?) ceasefire violations? recorded, including", text):
            scope = "other" if lead == "Other regions" else lead
            assert match[1] == show(sums, f"region.{scope}.violations")
            bangs = re.search(r"including (?:no|([0-9,]+(?: \([0-9,–]+\))?)) explosion", text)
            assert bangs is not None
            assert (bangs[1] or "0") == show(sums, f"region.{scope}.class.explosion")
    assert view(report).stats[0].number == f"{sums['all.violations.best']:,}"
    assert view(report).stats[1].number == f"{sums['all.class.explosion.best']:,}"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> DayReport:
    store, days = start_store(tmp_path_factory.mktemp("publish"))
    with store:
        before = DAY - timedelta(days=1)
        days.add([*draw_incidents(before, 1, 8), *draw_incidents(DAY, 2, 30)])
        days.add([{"region": "Odesa", "place": "Odesa"}])
        watch(days, before)
        watch(days, DAY)
        with register_report(store, gather(store, before), "duty officer"):
            pass
        days.add(draw_incidents(before, 3, 2), why="camera read out late")
        add_rest(days, DAY)
        return gather(store, DAY, agreements=AGREEMENTS, effort=EFFORT, trend=TREND, n_days=1)


@pytest.fixture(scope="module")
def document(report: DayReport) -> Any:
    import docx

    return docx.Document(io.BytesIO(render_daily_docx(view(report), {}, dated=report.issued_at)))


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    store, made = start_store(tmp_path)
    yield made
    store.close()


class TestSums:
    def test_the_annex_adds_up_to_every_figure_of_the_page(self, report: DayReport) -> None:
        assert len(report.rows) > 30
        check_page_against_rows(report)

    @settings(max_examples=6, deadline=None)
    @given(
        seed=st.integers(0, 2**32 - 1), n=st.integers(0, 25), include=st.booleans(), n_days=st.integers(1, 2)
    )
    def test_so_it_does_on_any_day(
        self, tmp_path_factory: pytest.TempPathFactory, seed: int, n: int, include: bool, n_days: int
    ) -> None:
        store, days = start_store(tmp_path_factory.mktemp("drawn"))
        with store:
            days.add(
                [*draw_incidents(DAY, seed, n), *draw_incidents(DAY - timedelta(days=1), seed + 1, n // 2)]
            )
            drawn = gather(store, DAY, include_exercises=include, n_days=n_days)
        check_page_against_rows(drawn)

    def test_rows_on_the_page_are_the_rows_of_the_file(self, report: DayReport) -> None:
        tables = read_html(render_daily(view(report), {})).tables
        shown = [row for row in tables["annex-rows"][1:] if len(row) > 1]
        rows = read_rows(report)
        assert [row[0] for row in shown] == [row["row"] for row in rows]
        assert [int(row[5].split()[0]) for row in shown] == [int(row["acts_best"]) for row in rows]

    def test_a_day_of_very_many_rows_says_what_it_leaves_to_the_file(
        self, report: DayReport, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("truceline.publish.daily_annex_grid.MAX_ROWS", 5)
        text = render_daily(view(report), {})
        assert len([row for row in read_html(text).tables["annex-rows"][1:] if len(row) > 1]) == 5
        assert f"{len(report.rows) - 5} more rows are in the CSV file alone." in text


class TestWords:
    def test_the_summary_has_the_fields_order(self, report: DayReport) -> None:
        leads = [lead for lead, _ in view(report).sections[0].blocks[0].items]
        named = [region.name for region in MISSION.regions if region.name in leads]
        assert leads[: len(named)] == named
        assert leads[leads.index("Casualties") :] == [
            "Casualties",
            "Damage",
            "Fire at the mission",
            "Weapons and flights",
            "Restrictions",
            "Watching",
            "Against expectation",
            "Corrections",
        ]

    def test_a_region_without_violations_in_either_period_is_named_in_one_line(
        self, report: DayReport
    ) -> None:
        (lead,) = (
            lead
            for lead, said in view(report).sections[0].blocks[0].items
            if said == "No ceasefire violations recorded, as in the period before."
        )
        silent = [
            region.name
            for region in report.regions
            if not (region.tally.violations.best or region.previous.violations.best)
        ]
        assert re.split(", | and ", lead) == silent

    def test_the_majority_has_side_distance_and_direction(self, days: Days) -> None:
        days.add([{"place": "North", "lon": 37.80, "lat": 48.92, "count_best": 3.0}, {"place": "East"}])
        report = gather(days.store, DAY)
        text = " ".join(read_html(render_daily(view(report), {})).words)
        assert (
            "The majority (3 of 4) occurred in areas of North (held by Ukraine, 100 km N of Donetsk)." in text
        )

    def test_a_zero_day_is_news_with_its_number(self, days: Days) -> None:
        watch(days, DAY)
        watch(days, DAY - timedelta(days=1))
        agreed, _ = MISSION.period(_midnight(DAY - timedelta(days=1)))
        report = gather(days.store, DAY, agreements=(replace(AGREEMENTS[0], since=agreed),))
        said = dict(view(report).sections[0].blocks[0].items)
        assert said["All regions"] == (
            "No ceasefire violations recorded in any region, for the second time since 10 June 2025."
        )

    def test_a_zero_day_that_nobody_watched_is_no_finding(self, days: Days) -> None:
        said = dict(view(gather(days.store, DAY)).sections[0].blocks[0].items)
        assert said["All regions"].endswith("so this is no finding.")

    def test_several_nights_are_told_each_and_together(self, days: Days) -> None:
        days.add([{"count_best": 3.0}])
        report = gather(days.store, DAY, n_days=2)
        page = view(report)
        assert page.lines[1].startswith("2 reporting days together: 19:30 on 9 June 2025 to 19:30 on 11 June")
        assert (
            "By reporting day: 0 on 10 Jun and 3 on 11 Jun."
            in dict(page.sections[0].blocks[0].items)["Donetsk"]
        )

    def test_people_hurt_are_told_whatever_the_report_of_them_was_about(self, days: Days) -> None:
        harm = {"kind": "damage", "clauses": (), "hurt_best": 1.0}
        days.add([harm])
        said = dict(view(gather(days.store, DAY)).sections[0].blocks[0].items)["Casualties"]
        assert "no casualties" not in said
        assert "0 killed" in said
        assert "1 injured" in said

    def test_people_hurt_by_fire_alone_are_not_told_beside_a_none(self, days: Days) -> None:
        days.add([{"hurt_best": 2.0}])
        said = dict(view(gather(days.store, DAY)).sections[0].blocks[0].items)["Casualties"]
        assert said == "1 incident of fire was said to have left 0 killed and 2 injured."

    def test_a_claim_says_whose_it_is(self, report: DayReport) -> None:
        text = " ".join(read_html(render_daily(view(report), {})).words)
        assert "reported; could not be corroborated; claim of Russia" in text

    def test_restrictions_say_who_and_in_what_words(self, report: DayReport) -> None:
        rows = read_html(render_daily(view(report), {})).tables["restriction-rows"]
        denied = next(row for row in rows if "patrol 4" in row[1])
        assert denied == [
            "access denied",
            "patrol 4, Donetsk",
            "11 Jun, 09:50–11:30",
            "1.7",
            "patrol",
            "Russia",
            "“mines ahead, no passage today”",
        ]

    def test_a_correction_names_report_figures_and_the_change(self, report: DayReport) -> None:
        rows = read_html(render_daily(view(report), {})).tables["correction-rows"]
        assert rows[1][0].startswith("Report 1/2025, period to 19:30 on 10 June 2025. Altered by change ")
        assert "by tester (link): camera read out late" in rows[1][0]
        whole = next(row for row in rows if row[:2] == ["All regions", "Violations"])
        assert int(whole[3]) > int(whole[2])
        said = dict(view(report).sections[0].blocks[0].items)["Corrections"]
        assert said.startswith(f"Report 1/2025 said {whole[2]} violations; {whole[3]} hold now.")

    def test_simulated_and_corrected_reports_say_so_first(self, report: DayReport) -> None:
        page = view(replace(report, is_simulated=True, corrects=ReportNumber(2024, 4)))
        text = render_daily(page, {})
        assert 0 < text.index("every incident in it is simulated") < text.index('id="stats"')
        assert "corrects report 4/2024" in text

    def test_no_word_blames_or_excites(self, report: DayReport) -> None:
        text = " ".join(read_html(render_daily(view(report), {})).words).lower()
        for word in ("attack", "terror", "enemy", "massive", "brutal", "victim", "aggress", "barrage"):
            assert word not in text

    def test_effort_stands_beside_every_region(self, report: DayReport) -> None:
        table = read_html(render_daily(view(report), {})).tables["regions"]
        donetsk = next(row for row in table if row[0] == "Donetsk")
        assert donetsk[5:8] == ["126", "128", "1.7"]
        assert donetsk[8] == "1.9 (1.1–3.0)"
        assert table[0][5] == "Hours watched"


class TestPage:
    def test_it_needs_nothing_and_runs_nothing(self, report: DayReport) -> None:
        text = render_daily(view(report), {})
        assert "default-src 'none'" in text
        assert read_html(text).tags["script"] == 0
        assert not re.search(r"(src|href)=\"(?!#|data:,)", text)

    def test_everything_from_the_store_is_escaped(self, days: Days) -> None:
        report_ = {"means": "patrol", "observation": "seen", "post": NASTY, "source": NASTY}
        clauses = ((NASTY, NASTY),)
        harm = {"kind": "casualty", "hurt_best": 1.0, "clauses": (), "reports": (report_,), "place": NASTY}
        days.add([{"place": NASTY, "region": NASTY, "clauses": clauses, "reports": (report_,)}, harm])
        start, end = MISSION.period(_midnight(DAY))
        days.add_effort(
            [
                {
                    "region": "Donetsk",
                    "means": "camera",
                    "post": NASTY,
                    "state": "denied",
                    "cause": NASTY,
                    "words": NASTY,
                    "time_from": start,
                    "time_to": end,
                }
            ]
        )
        report = gather(days.store, DAY)
        assert "<script>" not in render_daily(view(report), {})
        assert "\n=" not in make_rows_table(report).to_csv()
        row = next(csv.DictReader(io.StringIO(make_rows_table(report).to_csv())))
        assert row["place"] == NASTY
        render_daily_docx(view(report), {}, dated=report.issued_at)

    def test_a_formula_is_neutralised_in_the_csv(self, days: Days) -> None:
        days.add([{"place": "=HYPERLINK(1)"}])
        assert "'=HYPERLINK(1)" in make_rows_table(gather(days.store, DAY)).to_csv()


class TestGeojson:
    def test_positions_are_rounded_and_texts_stay_out(self, report: DayReport) -> None:
        said = json.loads(make_geojson(report))
        assert len(said["features"]) == len(report.rows)
        for feature, row in zip(said["features"], report.rows, strict=True):
            lon, lat = feature["geometry"]["coordinates"]
            assert (lon, lat) == (round(row.lon, 3), round(row.lat, 3))
            assert feature["properties"]["sigma_m"] >= 30
        assert "newspaper" not in json.dumps(said)
        assert not {"text", "source", "place", "observers"} & set(said["features"][0]["properties"])

    def test_a_withheld_position_has_no_geometry_and_keeps_its_count(self, days: Days) -> None:
        days.add([{"count_best": 5.0}])
        at = gather(days.store, DAY).rows[0].time_to
        report = gather(days.store, DAY, issued_at=at + timedelta(hours=1))
        (feature,) = json.loads(make_geojson(report))["features"]
        assert feature["geometry"] is None
        assert feature["properties"]["acts_best"] == 5
        (row,) = read_rows(report)
        assert (row["lon_deg"], row["position_withheld"], row["acts_best"]) == ("", "yes", "5")


class TestDocx:
    def test_it_has_real_headings_and_tables_with_repeated_heads(
        self, document: Any, report: DayReport
    ) -> None:
        headings = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
        assert headings == [section.title for section in view(report).sections]
        grids = [b for s in view(report).sections for b in s.blocks if isinstance(b, Grid) and b.rows]
        titles = [p.text for p in document.paragraphs if p.style.name == "Heading 2"]
        assert [g.title for g in grids if g.title not in titles] == []
        tables = document.tables[1:]  # the first holds the large numbers
        assert len(tables) == len(grids)
        for table, grid in zip(tables, grids, strict=True):
            assert "tblHeader" in table.rows[0]._tr.xml
            assert [cell.text for cell in table.rows[0].cells] == [head.text for head in grid.heads]
            assert [cell.text for cell in table.rows[-1].cells] == list(grid.rows[-1].cells)

    def test_pages_are_a4_numbered_and_the_annex_lies_across(self, document: Any) -> None:
        sizes = [(round(s.page_width.mm), round(s.page_height.mm)) for s in document.sections]
        assert sizes == [(210, 297), (297, 210)]
        assert all(" PAGE " in section.footer._element.xml for section in document.sections)

    def test_it_says_the_same_sentences_as_the_page(self, document: Any, report: DayReport) -> None:
        text = "\n".join(p.text for p in document.paragraphs)
        for lead, said in view(report).sections[0].blocks[0].items:
            assert f"{lead}: {said}" in text

    def test_the_same_report_gives_the_same_bytes_and_no_clock(self, report: DayReport) -> None:
        one, two = (render_daily_docx(view(report), {}, dated=report.issued_at) for _ in range(2))
        assert one == two
        with zipfile.ZipFile(io.BytesIO(one)) as archive:
            assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            core = archive.read("docProps/core.xml").decode()
        assert core.count(report.issued_at.isoformat()) == 2
        assert archive.namelist()[0] == "[Content_Types].xml"


class TestFolder:
    def test_all_files_are_there_and_hashed_and_the_same_again(
        self, report: DayReport, tmp_path: Path
    ) -> None:
        names = write_daily(report, tmp_path / "one")
        assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted(names)
        assert {name.partition(".")[2] for name in names} == {"html", "docx", "csv", "geojson", "json"}
        said = json.loads((tmp_path / "one" / MARKER).read_text("utf-8"))
        assert set(said["files"]) == set(names) - {MARKER}
        assert said["figures"] == report.figures()
        assert said["schema"] == "truceline.daily/1"
        write_daily(report, tmp_path / "two")
        for name in names:
            assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
        page = (tmp_path / "one" / "daily-2025-06-11.html").read_text("utf-8")
        assert page.count('role="img"') == 2  # map and thirty days; no mean of a year in the first month

    def test_a_folder_of_somebody_else_is_left_alone(self, report: DayReport, tmp_path: Path) -> None:
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "thesis.txt").write_text("x", encoding="utf-8")
        with pytest.raises(OutputError, match=r"no daily\.json"):
            write_daily(report, tmp_path / "mine")
        assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]

    def test_a_failure_leaves_the_old_report_whole(
        self, report: DayReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "day").mkdir()
        (tmp_path / "day" / MARKER).write_text("{}", encoding="utf-8")

        def fail(*_: object, **__: object) -> str:
            raise RuntimeError("disk")

        monkeypatch.setattr("truceline.publish.daily_folder.draw_daily_pictures", fail)
        with pytest.raises(RuntimeError):
            write_daily(report, tmp_path / "day")
        assert (tmp_path / "day" / MARKER).read_text("utf-8") == "{}"
        assert [path.name for path in tmp_path.iterdir() if "day" in path.name] == ["day"]


def test_an_exercise_left_out_stands_in_grey_and_says_so(days: Days) -> None:
    days.add([{"count_best": 40.0, "flags": int(Flag.exercise)}, {"count_best": 2.0}])
    report = gather(days.store, DAY, include_exercises=False)
    text = render_daily(view(report), {})
    assert '<tr class="out">' in text
    assert "assessed as live-fire exercise; not counted" in text
    assert "A further 40 were assessed as live-fire exercises and are left out." in text


def _midnight(day: Any) -> Any:
    from datetime import datetime

    return datetime.combine(day, datetime.min.time())
