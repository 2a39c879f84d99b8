"""Editions of the daily report for the parties and the public: the same counts, and nothing leaks."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pyogrio
import pytest
from day_sample import AGREEMENTS, DAY, EFFORT, MISSION, TREND, Days, add_rest, draw_incidents, start_store
from day_sample import list_effort as list_day_effort
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from truceline.events.kinds import Releasability
from truceline.monitor.day import gather_day
from truceline.monitor.day_edition import make_edition
from truceline.monitor.day_model import DayReport
from truceline.monitor.exporting import gather_records
from truceline.monitor.issuing import register_report
from truceline.monitor.releasing import levels_for, release_incidents, release_rule
from truceline.publish.daily_folder import write_daily
from truceline.publish.record_files import write_records
from truceline.store.base import Store, StoreError

PUBLIC, PARTIES, MISSION_LEVEL = Releasability.public, Releasability.parties, Releasability.mission
OTHERS = (PUBLIC, PARTIES)
START, END = MISSION.period(datetime.combine(DAY, datetime.min.time()))
MUCH_LATER = END + timedelta(days=10)
OF_NO_EDITION = ("Qpost", "Team", "Words", "Hospital")
KINDS: tuple[Mapping[str, Any], ...] = (
    {"kind": "explosion", "count_best": 3.0},
    {"kind": "burst", "count_unit": "bursts", "phase": ""},
    {"kind": "shelling", "killed_low": 1.0, "killed_best": 1.0, "killed_high": 2.0},
    {"kind": "explosion", "clauses": (("general", "ceasefire", "unclear"),)},
    {
        "kind": "casualty",
        "clauses": (),
        "count_unit": "",
        "hurt_best": 2.0,
        "hurt_low": 2.0,
        "hurt_high": 2.0,
    },
    {"kind": "damage", "clauses": (), "count_unit": "", "target": "civilian"},
    {"kind": "weapon_present", "weapon": "tank", "clauses": (("general", "withdrawal"),)},
    {"kind": "uav_flight", "clauses": (("general", "no-fly"),)},
    {"kind": "denial", "clauses": (), "count_unit": "", "side_from": "b"},
)


def gather(store: Store, **other: Any) -> DayReport:
    return gather_day(store, DAY, mission=MISSION, effort=EFFORT, trend=TREND, agreements=AGREEMENTS, **other)


def release(store: Store, ids: list[int], level: Releasability) -> None:
    release_incidents(store, ids, level, who="amira", why="agreed")


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    """Give a store with a full day, every third incident public and every third for the parties."""
    store, days = start_store(tmp_path_factory.mktemp("editions"))
    days.add(draw_incidents(DAY, 3, 30))
    add_rest(days, DAY)
    days.add_effort(list_day_effort(DAY))
    release(store, list(range(1, days.next_incident, 3)), PUBLIC)
    release(store, list(range(2, days.next_incident, 3)), PARTIES)
    yield days
    store.close()


@pytest.fixture(scope="module")
def report(watched: Days) -> DayReport:
    return gather(watched.store, issued_at=MUCH_LATER)


class TestCounts:
    @pytest.mark.parametrize("level", OTHERS)
    def test_no_total_differs_from_the_missions_own(
        self, watched: Days, report: DayReport, level: Releasability
    ) -> None:
        edition = make_edition(watched.store, report, level)
        assert 0 < edition.n_unreleased < len(report.rows)
        for name in ("total", "previous", "sums", "since", "clauses", "history", "trail", "effort", "trend"):
            assert getattr(edition, name) == getattr(report, name)
        assert edition.figures() == report.figures()
        assert len(edition.rows) == len(report.rows)
        assert sum(row.count.best for row in edition.rows if row.is_counted) == report.total.violations.best

    @pytest.mark.parametrize("level", OTHERS)
    def test_rows_still_add_up_by_everything_the_tables_split(
        self, watched: Days, report: DayReport, level: Releasability
    ) -> None:
        from truceline.monitor.day_period import tally_rows

        edition = make_edition(watched.store, report, level)
        assert tally_rows(edition.rows, include_exercises=True) == report.total
        for region in edition.regions:
            rows = [row for row in edition.rows if row.region == region.name]
            assert tally_rows(rows, include_exercises=True) == region.tally

    def test_the_missions_own_is_the_report_itself(self, watched: Days, report: DayReport) -> None:
        assert make_edition(watched.store, report, MISSION_LEVEL) is report

    def test_an_edition_has_the_number_of_the_report(self, tmp_path: Path) -> None:
        store, days = start_store(tmp_path)
        with store:
            days.add([{}])
            with register_report(store, gather(store), "desk") as own:
                pass
            with register_report(store, gather(store), "desk") as again:
                edition = make_edition(store, again, PUBLIC)
            assert (edition.year, edition.number, edition.corrects) == (own.year, own.number, None)


class TestWhatIsTold:
    def test_rows_not_released_have_neither_place_nor_hour_nor_details(
        self, watched: Days, report: DayReport
    ) -> None:
        edition = make_edition(watched.store, report, PUBLIC)
        for row in edition.rows:
            assert not row.posts
            assert not row.location_post
            assert not row.side_basis
            if not row.is_unreleased:
                continue
            assert (row.place, row.weapon, row.kind, row.means, row.flags) == ("", "", "", (), ())
            assert np.isnan([row.lon, row.lat, row.sigma_m, row.p_weapon, row.bearing_deg]).all()
            assert (row.time_from, row.time_to, row.time_precision) == (START, END, "day")

    def test_positions_released_are_as_coarse_as_the_level(self, watched: Days, report: DayReport) -> None:
        own = {row.incident_id: row for row in report.rows}
        for level in OTHERS:
            decimals = release_rule(level).decimals
            shown = [r for r in make_edition(watched.store, report, level).rows if np.isfinite(r.lon)]
            assert shown
            for row in shown:
                was = own[row.incident_id]
                assert (row.lon, row.lat) == (round(was.lon, decimals), round(was.lat, decimals))
                assert row.sigma_m >= was.sigma_m

    def test_positions_younger_than_the_delay_wait(self, watched: Days) -> None:
        early = gather(watched.store, issued_at=END + timedelta(hours=6))
        rows = make_edition(watched.store, early, PUBLIC).rows
        assert all(np.isnan(row.lon) for row in rows)
        assert any(row.place and row.is_withheld and not row.is_unreleased for row in rows)

    def test_the_order_of_rows_does_not_tell_the_hour(self, watched: Days, report: DayReport) -> None:
        rows = make_edition(watched.store, report, PUBLIC).rows
        for region in {row.region for row in rows}:
            hidden = [r.incident_id for r in rows if r.region == region and r.is_unreleased]
            assert hidden == sorted(hidden)
            marks = [row.is_unreleased for row in rows if row.region == region]
            assert marks == sorted(marks)

    def test_what_was_taken_back_is_not_published_again_by_an_old_report(self, tmp_path: Path) -> None:
        store, days = start_store(tmp_path)
        with store:
            days.add([{}, {"place": "Toretsk"}])
            release(store, [1, 2], PUBLIC)
            then = store.last_change()
            release(store, [1], MISSION_LEVEL)
            edition = make_edition(store, gather(store, as_of=then), PUBLIC)
            assert [row.place for row in edition.rows] == ["Toretsk", ""]

    def test_what_is_released_since_is_not_in_the_report_as_it_was(self, tmp_path: Path) -> None:
        store, days = start_store(tmp_path)
        with store:
            days.add([{}])
            then = store.last_change()
            release(store, [1], PUBLIC)
            assert make_edition(store, gather(store, as_of=then), PUBLIC).n_unreleased == 1
            assert make_edition(store, gather(store), PUBLIC).n_unreleased == 0

    def test_a_denial_that_is_released_names_its_place_and_never_a_post(self, tmp_path: Path) -> None:
        store, days = start_store(tmp_path)
        with store:
            denial = {"kind": "denial", "clauses": (), "count_unit": "", "side_from": "b"}
            days.add([{**denial, "place": "Toretsk"}, {**denial, "place": ""}])
            made = gather(store)
            assert {line.place for line in made.restrictions} == {"Toretsk", "patrol 1"}
            release(store, [1, 2], PARTIES)
            edition = make_edition(store, gather(store), PARTIES)
            assert {line.place for line in edition.restrictions} == {"Toretsk", ""}
            assert {line.cause for line in edition.restrictions} == {"b"}
            assert {line.place for line in make_edition(store, gather(store), PUBLIC).restrictions} == {""}

    def test_regions_beyond_the_missions_own_are_named_by_what_is_released_alone(
        self, tmp_path: Path
    ) -> None:
        store, days = start_store(tmp_path)
        with store:
            days.add([{"region": "Zuzel"}, {"region": "Quorl"}])
            assert gather(store).regions[-1].others == ("Quorl", "Zuzel")
            release(store, [1], PUBLIC)
            assert make_edition(store, gather(store), PUBLIC).regions[-1].others == ()
            release(store, [2], PUBLIC)
            assert make_edition(store, gather(store), PUBLIC).regions[-1].others == ("Quorl", "Zuzel")

    def test_corrections_name_nobody(self, tmp_path: Path) -> None:
        store, days = start_store(tmp_path)
        with store:
            days.add([{"time_from": START - timedelta(hours=5)}])
            with register_report(
                store,
                gather_day(store, DAY - timedelta(days=1), mission=MISSION, effort=()),
                "desk",
            ):
                pass
            days.add([{"time_from": START - timedelta(hours=3)}], why="Zvirka told it")
            made = gather(store)
            assert made.corrections[0].changes[-1].why == "Zvirka told it"
            for level in OTHERS:
                products = read_products(write_without_figures, make_edition(store, made, level))
                assert products
                for text in products.values():
                    assert "Zvirka" not in text
                    assert "tester" not in text

    def test_the_page_says_whose_edition_it_is_and_how_many_are_withheld(
        self, watched: Days, report: DayReport, tmp_path: Path
    ) -> None:
        edition = make_edition(watched.store, report, PUBLIC)
        write_daily(edition, tmp_path / "d")
        page = next((tmp_path / "d").glob("*.html")).read_text()
        assert f"Public edition. {edition.n_unreleased} of {len(edition.rows)} incidents" in page
        assert "withheld" in page
        said = json.loads((tmp_path / "d" / "daily.json").read_text())
        assert (said["edition"], said["incidents_not_released"]) == ("public", edition.n_unreleased)


def read_products(write: Callable[..., Any], *given_: Any) -> dict[str, str]:
    """Return the texts of everything a writer puts into a folder, archives unpacked."""
    with tempfile.TemporaryDirectory() as place:
        write(*given_, Path(place) / "out")
        texts = {}
        for path in sorted((Path(place) / "out").iterdir()):
            if path.suffix == ".docx":
                with zipfile.ZipFile(path) as packed:
                    for name in packed.namelist():
                        texts[f"{path.name}/{name}"] = packed.read(name).decode("utf-8", "replace")
            else:
                texts[path.name] = path.read_bytes().decode("utf-8", "replace")
        return texts


def write_without_figures(report: DayReport, folder: Path) -> None:
    """Write a report but for its figures: they draw words as lines, and take their time."""
    with (
        patch("truceline.publish.daily_folder.draw_daily_pictures", return_value={}),
        patch("truceline.publish.daily_folder.draw_daily_figures", return_value={}),
    ):
        write_daily(report, folder)


def read_geopackage(store: Store, level: Releasability) -> str:
    """Return every cell and point of the GeoPackage of an export as one text."""
    records = gather_records(store, title="t", now=MUCH_LATER, level=level)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "e.gpkg"
        write_records(records, path)
        raw = path.read_bytes().decode("utf-8", "replace")
        layers = [pyogrio.read_dataframe(path, layer=name) for name, _ in pyogrio.list_layers(path)]
    return raw + "".join(layer.to_csv() for layer in layers)


def all_products(store: Store, edition: DayReport, level: Releasability) -> dict[str, str]:
    """Return the text of every product for a level."""
    texts = read_products(write_without_figures, edition)
    try:
        records = gather_records(store, title="t", now=MUCH_LATER, level=level)
    except StoreError:  # nothing is released
        return texts
    texts |= read_products(lambda path: write_records(records, path, with_hxl=True))
    with tempfile.TemporaryDirectory() as place:
        write_records(records, Path(place) / "e.geojson")
        texts["e.geojson"] = (Path(place) / "e.geojson").read_text()
    return texts | {"e.gpkg": read_geopackage(store, level)}


@st.composite
def made_days(draw: st.DrawFn) -> list[tuple[int, Releasability, int]]:
    """Draw up to seven incidents: which kind, for whom, and the minute of the day."""
    one = st.tuples(
        st.integers(0, len(KINDS) - 1), st.sampled_from(list(Releasability)), st.integers(3, 1400)
    )
    return draw(st.lists(one, min_size=1, max_size=7))


def secrets_of(number: int, minute: int) -> tuple[dict[str, Any], list[str]]:
    """Return where, when and by whom an incident was noticed, and the words that would give it away."""
    at = START + timedelta(minutes=minute, seconds=7 * number + 5)
    lon, lat = 36.0 + 0.137531 * (number + 1), 47.0 + 0.111357 * (number + 1)
    place, post, hospital = f"Zplace{number}", f"Qpost{number}", f"Hospital{number}"
    own = {"means": "post", "observation": "heard", "post": post, "source": f"Team{number}"}
    own |= {"bearing_deg": 90.0, "bearing_width_deg": 22.5, "range_min_m": 1000.0, "range_max_m": 2000.0}
    told = {"means": "press", "observation": "told", "post": "", "source": hospital, "text": f"Words{number}"}
    fields = {"time_from": at, "time_to": at + timedelta(minutes=2), "lon": lon, "lat": lat, "place": place}
    fields |= {"reports": (own, told)}
    never = [f"{lon:.6f}", f"{lat:.6f}", f"{lon:.3f}", f"{lat:.3f}"]
    never += [place, post, hospital, f"Team{number}", f"Words{number}", f"{at:%Y-%m-%dT%H:%M:%S}"]
    return fields, never


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],  # an example takes seconds: a smaller one is not worth minutes
)
@given(made_days())
def test_no_product_tells_of_an_incident_what_its_reader_may_not_know(
    day: list[tuple[int, Releasability, int]],
) -> None:
    with tempfile.TemporaryDirectory() as place:
        store, days = start_store(Path(place))
        with store:
            hidden: dict[int, list[str]] = {}
            for number, (kind, _, minute) in enumerate(day, start=1):
                fields, hidden[number] = secrets_of(number, minute)
                days.add([{**KINDS[kind], **fields}])
            post = {"means": "post", "region": "Donetsk", "lon": 37.654321, "lat": 48.123456, "p_detect": 0.5}
            post |= {"post": "Qsecret", "state": "denied", "cause": "Xcause", "words": "Xwords"}
            days.add_effort([{**post, "time_from": START, "time_to": START + timedelta(hours=3, minutes=11)}])
            for number, (_, level, _) in enumerate(day, start=1):
                if level is not MISSION_LEVEL:
                    release(store, [number], level)
            report = gather(store, issued_at=MUCH_LATER)
            for level in OTHERS:
                unseen = [
                    n for n, (_, given_, _) in enumerate(day, start=1) if given_ not in levels_for(level)
                ]
                never = {word for number in unseen for word in hidden[number]}
                never |= {
                    word
                    for words in hidden.values()
                    for word in words
                    if word[:4] in ("Qpos", "Team", "Word")
                }
                never |= {"Qsecret", "Xcause", "Xwords", "37.654", "48.123"}
                edition = make_edition(store, report, level)
                assert not edition.posts  # a figure draws its words as lines: look at what it is given
                assert not {point.place for point in edition.map_points} & never
                shown = {(row.lon, row.lat) for row in edition.rows if np.isfinite(row.lon)}
                assert {(point.lon, point.lat) for point in edition.map_points} <= shown
                texts = all_products(store, edition, level)
                for name, text in texts.items():
                    leaked = {word for word in never if word in text}
                    assert not leaked, f"{name} for the {level} tells {leaked}"
                said = json.loads(texts["daily.json"])
                assert said["figures"] == report.figures()
                (rows,) = (
                    list(csv.DictReader(io.StringIO(text)))
                    for name, text in texts.items()
                    if name.startswith("daily-") and name.endswith(".csv")
                )
                total = sum(int(row["acts_best"]) for row in rows if row["counted"] == "yes")
                assert total == report.total.violations.best
                assert len(rows) == len(report.rows)
