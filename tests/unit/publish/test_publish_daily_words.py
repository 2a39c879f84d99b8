"""The texts of the daily report: every key is used, every used key is there, no English in code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml
from day_sample import AGREEMENTS, DAY, EFFORT, MISSION, TREND, add_rest, draw_incidents, start_store, watch

import truceline.publish
from truceline.errors import TrucelineError
from truceline.events.kinds import GROUP_OF, KindGroup, Means, Observation, Phase, Weapon
from truceline.monitor.day import gather_day
from truceline.monitor.day_model import DayReport, TrendState
from truceline.monitor.day_tally import ActClass, Count
from truceline.publish.daily_figures import draw_daily_figures
from truceline.publish.daily_html import render_daily
from truceline.publish.daily_view import view_day
from truceline.publish.daily_words import (
    PLURALS,
    Catalogue,
    Words,
    list_languages,
    load_texts,
    places_of,
    plain,
)

FOLDER = Path(truceline.publish.__file__).parent
SOURCES = sorted(FOLDER.glob("daily_*.py"))
FAMILIES = {
    # families of keys whose last word comes from a vocabulary
    "kind": {
        str(kind)
        for kind, group in GROUP_OF.items()
        if group in (KindGroup.fire, KindGroup.air, KindGroup.movement, KindGroup.consequence)
    },
    "class": set(map(str, ActClass)),
    "phase": set(map(str, Phase)),
    "noticed": {*map(str, Observation), "unknown"},
    "means": set(map(str, Means)),
    "weapon": set(map(str, Weapon)),
    "status": {"verified", "corroborated", "reported"},
    "established": {"verified", "corroborated", "reported"},
    "state": {"denied", "delayed", "jammed", "down", "confined", "weather"},
    "verdict": {"violation", "allowed", "outside", "not_bound", "unclear", "refuted", "none"},
    "target": {"energy", "civilian", "military", "mission"},
    "figure": {"killed", "hurt", "violations"},
    "trend": {*map(str, TrendState), "ratio"},
}
BUILT = re.compile(r"(stat|grid|note|rule|rule_lead|total|describe)\..*")
"""Keys put together in code from a fixed list; each is seen to be asked for by rendering."""


class Recorder(Words):
    """Notes every key asked for."""

    asked: set[str]

    def say(self, key: str, **values: Any) -> str:
        self.__dict__.setdefault("asked", set()).add(key)
        return super().say(key, **values)


def spoken() -> Iterator[tuple[str, ast.Call]]:
    """Yield every call of `say` with a constant key."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_said = isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "say"
            if is_said and node.args and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value, node


def literals() -> set[str]:
    """Return every text constant in the code."""
    return {
        node.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> DayReport:
    store, days = start_store(tmp_path_factory.mktemp("words"))
    with store:
        days.add(draw_incidents(DAY, 2, 25))
        days.add([{"region": "Odesa", "place": "Odesa"}])
        watch(days, DAY)
        add_rest(days, DAY)
        return gather_day(store, DAY, mission=MISSION, agreements=AGREEMENTS, effort=EFFORT, trend=TREND)


class TestCatalogue:
    def test_every_key_that_is_said_is_there_and_its_places_are_given(self) -> None:
        messages = load_texts().messages
        calls = list(spoken())
        assert len(calls) > 150
        for key, call in calls:
            assert key in messages, key
            given = {keyword.arg for keyword in call.keywords}
            if None not in given:  # a dictionary unpacked: seen by rendering
                assert places_of(messages[key]) <= given, key
                if isinstance(messages[key], dict):
                    assert "n" in given, key

    def test_every_vocabulary_has_a_name_for_each_of_its_words(self) -> None:
        messages = load_texts().messages
        for family, words in FAMILIES.items():
            named = {key.partition(".")[2] for key in messages if key.startswith(f"{family}.")}
            assert named == words, family

    def test_every_key_is_used(self, report: DayReport) -> None:
        words = Recorder(load_texts(), report.zone)
        view_day(report, words)
        known = literals() | words.asked
        unused = [
            key
            for key in load_texts().messages
            if key not in known and key.partition(".")[0] not in FAMILIES and not BUILT.fullmatch(key)
        ]
        assert unused == []

    def test_keys_put_together_in_code_are_used_too(self, report: DayReport) -> None:
        words = Recorder(load_texts(), report.zone)
        view_day(report, words)
        stems = literals()
        built = [key for key in load_texts().messages if BUILT.fullmatch(key) and key not in words.asked]
        left = [key for key in built if key not in stems and key.partition(".")[2] not in stems]
        assert [key for key in left if not key.startswith("describe.not_counted_")] == []

    def test_the_forms_of_a_message_have_the_same_places_but_for_the_number(self) -> None:
        for key, message in load_texts().messages.items():
            if isinstance(message, dict):
                places = [
                    {name for _, name, _, _ in Formatter().parse(form) if name} for form in message.values()
                ]
                assert all(one - {"n"} == places[0] - {"n"} for one in places), key

    def test_no_catalogue_has_a_place_that_reaches_into_objects(self) -> None:
        for language in list_languages():
            for key, message in load_texts(language).messages.items():
                assert all(re.fullmatch(r"[a-z]+", name) for name in places_of(message)), key

    def test_an_unknown_language_names_those_there_are(self) -> None:
        with pytest.raises(TrucelineError, match="there is no 'xx'; write one of en"):
            load_texts("xx")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"plural": "two_three"}, "no plural rule"),
            ({"compass": ["N"]}, "compass has 1 words; write 16"),
            ({"plural": "east_slavic"}, "has the forms one, other; write few, many, one"),
        ],
    )
    def test_a_catalogue_that_is_not_whole_is_refused(
        self, tmp_path: Path, change: dict[str, Any], message: str
    ) -> None:
        data = load_texts().model_dump(mode="json") | change
        path = tmp_path / "daily.xx.yaml"
        path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
        with pytest.raises(TrucelineError, match=message):
            load_texts(path)


class TestPlurals:
    @pytest.mark.parametrize(
        ("rule", "n", "category"),
        [
            ("one_other", 0, "other"), ("one_other", 1, "one"), ("one_other", 21, "other"),
            ("east_slavic", 1, "one"), ("east_slavic", 21, "one"), ("east_slavic", 11, "many"),
            ("east_slavic", 2, "few"), ("east_slavic", 104, "few"), ("east_slavic", 12, "many"),
            ("east_slavic", 0, "many"), ("east_slavic", 1005, "many"), ("east_slavic", 112, "many"),
        ],
    )  # fmt: skip
    def test_numbers_fall_into_the_categories_of_cldr(self, rule: str, n: int, category: str) -> None:
        assert PLURALS[rule][0](n) == category

    def test_a_count_chooses_by_its_most_likely_number(self) -> None:
        words = Words(load_texts())
        one = words.say("count.explosions", n=Count(1, 1, 3, 1), count=Count(1, 1, 3, 1))
        assert one == "1 (1–3) explosion"
        assert words.say("count.explosions", n=Count(2, 2, 2, 1), count=Count(2, 2, 2, 1)) == "2 explosions"


class TestFormats:
    words = Words(load_texts(), "Europe/Kyiv")

    def test_times_are_those_of_the_mission(self) -> None:
        assert self.words.moment(datetime(2025, 6, 11, 16, 30)) == "19:30 on 11 June 2025"
        assert self.words.moment(datetime(2025, 1, 1, 22, 0)) == "00:00 on 2 January 2025"
        assert self.words.weekday(date(2025, 6, 9)) == "Monday 9 June 2025"

    def test_numbers_have_the_languages_marks(self) -> None:
        catalogue = load_texts().model_copy(
            update={"numbers": load_texts().numbers.model_copy(update={"group": "\u00a0", "decimal": ","})}
        )
        words = Words(catalogue)
        assert words.decimal(12345.678, 1) == "12\u00a0345,7"
        assert words.count(Count(1000, 1200, 3000, 5)) == "1\u00a0200 (1\u00a0000–3\u00a0000)"

    @pytest.mark.parametrize(
        ("bearing", "point"), [(0, "N"), (11.2, "N"), (11.3, "NNE"), (180, "S"), (348.7, "NNW"), (359.9, "N")]
    )
    def test_bearings_are_the_nearest_of_sixteen(self, bearing: float, point: str) -> None:
        assert self.words.compass(bearing) == point

    def test_words_from_elsewhere_are_one_line_and_not_endless(self) -> None:
        assert plain("a\n\x00 b\t c") == "a b c"
        assert len(plain("x" * 10_000)) == 200


class _Visible(HTMLParser):
    """Text a reader sees, and labels read aloud; without style and drawings."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("style", "svg")
        self.found += [value or "" for name, value in attrs if name in ("aria-label", "title", "alt")]

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "svg")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data)


def pretend() -> Catalogue:
    """Return a language that nobody speaks: every Latin letter outside the places is another one."""
    shift = {ord(a): ord("а") + i % 30 for i, a in enumerate("abcdefghijklmnopqrstuvwxyz")}
    shift |= {ord(a.upper()): ord("А") + i % 30 for i, a in enumerate("abcdefghijklmnopqrstuvwxyz")}

    def turn(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turn(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [turn(one) for one in value]
        return "".join(
            part if part.startswith("{") else part.translate(shift)
            for part in re.split(r"(\{[a-z]+\})", value)
        )

    data = load_texts().model_dump(mode="json")
    turned = {name: turn(data[name]) for name in ("numbers", "dates", "compass", "messages")}
    forms = {
        key: {"one": said["one"], "few": said["other"], "many": said["other"]}
        if isinstance(said, dict)
        else said
        for key, said in turned["messages"].items()
    }
    return Catalogue.model_validate(
        data | turned | {"language": "xx", "plural": "east_slavic", "messages": forms}
    )


def test_another_language_leaves_no_english_on_the_page(report: DayReport) -> None:
    words = Words(pretend(), report.zone)
    text = render_daily(view_day(report, words), draw_daily_figures(report, words))
    parser = _Visible()
    parser.feed(text)
    told = {report.mission, report.zone, *report.sides.values()}
    told |= {name for region in report.regions for name in (region.name, region.centre, *region.others)}
    told |= {line.agreement.title for line in report.since}
    for row in report.rows:
        told |= {row.place, row.clause, row.side_basis, *row.posts}
        told |= {one.partition(":")[2] for one in row.other_clauses}
    for harm in report.harms:
        told |= {harm.place, *harm.sources}
    for sighting in report.sightings:
        told |= {sighting.place, sighting.clause}
    for line in report.restrictions:
        told |= {line.place, line.cause, line.words}
    names = {word for one in told for word in re.findall(r"[A-Za-z]+", one)}
    left = set(re.findall(r"[A-Za-z]+", " ".join(parser.found))) - names
    assert left == set()
    assert '<html lang="xx">' in text
