"""What each level sees over OGC API Features, and that no question tells more than the answers do.

Whoever may ask a filter of what is hidden can find it out by asking often enough. So every question here is
answered twice: by the service, and by plain Python from nothing but the features the level is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from feature_sample import MERGED, NOW, PARTIES, PUBLIC, Sample, incident, rows_of, sample_service

from truceline.events.kinds import Releasability
from truceline.events.schema import INCIDENTS, RELEASES
from truceline.monitor.precision import reduce_precision
from truceline.web.collections import COLLECTIONS

LEVELS = ("public", "parties", "mission")
Feature = dict[str, Any]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    with sample_service(tmp_path_factory.mktemp("levels")) as made:
        yield made


def test_a_level_sees_the_incidents_released_to_it_on_every_route(sample: Sample) -> None:
    shown = {"public": PUBLIC, "parties": PARTIES, "mission": tuple(sample.ids("incidents"))}
    for level, numbers in shown.items():
        assert tuple(sample.ids("incidents", level)) == numbers
        assert sample.ids("violations", level) == [f"{n}.general.cease-fire" for n in numbers]
        for number in (3, 6, 7, 27, 28, 30):
            expected = 200 if number in numbers else 404
            assert sample.get(f"/collections/incidents/items/{number}", level).status_code == expected
            name = f"{number}.general.cease-fire"
            assert sample.get(f"/collections/violations/items/{name}", level).status_code == expected
        for kind in ("explosion", "shelling", "burst"):
            asked = sample.ids("incidents", level, filter=f"kind = '{kind}' OR kind IS NULL")
            assert set(asked) == set(numbers) & set(sample.ids("incidents", kind=kind))


def test_a_level_does_not_learn_that_there_are_collections_it_does_not_see(sample: Sample) -> None:
    seen = {
        "public": ["incidents", "violations"],
        "parties": ["incidents", "violations", "effort"],
        "mission": list(COLLECTIONS),
    }
    for level, names in seen.items():
        assert [each["id"] for each in sample.get("/collections", level).json()["collections"]] == names
        for name in set(COLLECTIONS) - set(names):
            for path in ("", "/queryables", "/schema", "/items", "/items/1"):
                answer = sample.get(f"/collections/{name}{path}", level)
                assert (answer.status_code, answer.json()["where"]) == (404, "collectionId")
        paths = sample.get("/api/3.0", level).json()["paths"]
        assert [name for name in COLLECTIONS if f"/collections/{name}/items" in paths] == names


def test_positions_and_times_are_as_coarse_as_the_level_asks(sample: Sample) -> None:
    for level, decimals in (("public", 1), ("parties", 2), ("mission", 3)):
        for feature in sample.features("incidents", level):
            for degrees in (feature["geometry"] or {"coordinates": []})["coordinates"]:
                assert degrees == round(degrees, decimals)
            told = feature["properties"]
            if level == "public":
                assert told["time_from"][14:] == told["time_to"][14:] == "00:00Z"
                assert told["sigma_m"] > 2000
            assert ("side_basis" in told) == (level == "mission")
    told = sample.features("effort", "parties")[0]
    assert told["geometry"] is None
    assert not {"post", "words", "source", "lon"} & set(told["properties"])
    assert told["id"] not in sample.ids("effort")


def test_a_property_that_a_level_does_not_see_cannot_be_asked_for(sample: Sample) -> None:
    for name, level in (("side_basis", "public"), ("side_basis", "parties"), ("reason", "public")):
        collection = "violations" if name == "reason" else "incidents"
        path = f"/collections/{collection}/items"
        assert name not in sample.get(f"/collections/{collection}/queryables", level).json()["properties"]
        assert sample.get(path, level, **{name: "crater"}).status_code == 400
        assert sample.get(path, level, filter=f"{name} = 'crater'").status_code == 400
        assert sample.get(path, **{name: "crater"}).status_code == 200
    for name in ("lon", "lat", "change_id", "merged_into", "flags", "text", "key"):
        assert sample.get("/collections/incidents/items", **{name: "1"}).status_code == 400


def test_without_a_key_nothing_is_shown_or_what_is_public(
    sample: Sample, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for path in ("/", "/collections", "/collections/incidents/items", "/api/3.0"):
        answer = sample.client.get(path)
        assert (answer.status_code, answer.json()["status"]) == (401, 401)
    with sample_service(tmp_path_factory.mktemp("open"), open=True) as opened:
        found = opened.client.get("/collections/incidents/items").json()
        assert tuple(feature["id"] for feature in found["features"]) == PUBLIC
        assert opened.client.get("/collections/reports/items").status_code == 404


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def draw_question(draw: np.random.Generator, level: str) -> tuple[dict[str, str], Callable[[Feature], bool]]:
    """Return a question and how plain Python answers it from a feature as it is shown."""
    kind = draw.integers(0, 5)
    if kind == 0:
        # Edges fall on and between the steps of rounding, and within a hair of exact positions.
        lons = np.sort(_edges(draw, 37.0001, 0.0123))
        lats = np.sort(_edges(draw, 48.0001, 0.0077))
        west, east, south, north = (float(round(x, 7)) for x in (*lons, *lats))

        def is_within(feature: Feature) -> bool:
            if feature["geometry"] is None:
                return False
            lon, lat = feature["geometry"]["coordinates"]
            return west <= lon <= east and south <= lat <= north

        return {"bbox": f"{west},{south},{east},{north}"}, is_within
    if kind == 1:
        # Ends fall beside the exact start and end of an incident, and beside the whole hours around them.
        first = datetime(2025, 6, 1, 6, 17, 5, tzinfo=UTC).timestamp() + 43200 * draw.choice(
            [1, 3, 4, 5, 6, 20]
        )
        ends = sorted(first + draw.choice([-1025, -1, 0, 1, 600, 601, 1200, 2575, 2576, 30000], size=2))
        since, until = (datetime.fromtimestamp(float(end), UTC) for end in ends)
        words = f"{since:%Y-%m-%dT%H:%M:%SZ}/{until:%Y-%m-%dT%H:%M:%SZ}"

        def is_during(feature: Feature) -> bool:
            told = feature["properties"]
            return (
                moment(told["time_from"]) <= until and moment(told.get("time_to", told["time_from"])) >= since
            )

        return {"datetime": words}, is_during
    if kind == 2:
        least = float(draw.choice([0, 250, 252.05, 300, 1000, 3299.9, 3300]))
        return {"filter": f"sigma_m > {least}"}, lambda feature: feature["properties"]["sigma_m"] > least
    if kind == 3:
        at = moment(f"2025-06-{draw.integers(1, 16):02d}T{draw.integers(0, 24):02d}:17:05Z")
        return (
            {"filter": f"NOT time_from < TIMESTAMP('{at:%Y-%m-%dT%H:%M:%SZ}')"},
            lambda feature: moment(feature["properties"]["time_from"]) >= at,
        )
    word = str(draw.choice(["verified", "reported", "refuted"]))
    region = str(draw.choice(["Donetsk", "Luhansk"]))
    return (
        {"filter": f"verification <> '{word}' AND (region = '{region}' OR verification IS NULL)"},
        lambda feature: (
            feature["properties"]["verification"] != word and feature["properties"]["region"] == region
        ),
    )


def _edges(draw: np.random.Generator, start: float, step: float) -> Any:
    exact = start + step * draw.integers(1, 31, size=2)
    return exact + draw.choice([0.0, 1e-7, -1e-7, 0.0005, -0.0499, 0.05, 0.3], size=2)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ["incidents", "violations"])
def test_every_question_is_answered_from_what_is_shown_and_nothing_else(
    sample: Sample, name: str, level: str
) -> None:
    shown = sample.features(name, level)
    draw = np.random.default_rng(7)
    n_told = 0
    for _ in range(30):
        asked, answers = draw_question(draw, level)
        expected = [feature["id"] for feature in shown if answers(feature)]
        assert sample.ids(name, level, limit=1000, **asked) == expected, asked
        n_told += 0 < len(expected) < len(shown)
    assert n_told >= 5  # questions that everything or nothing answers prove little


@pytest.mark.parametrize("level", ["public", "parties"])
def test_what_is_asked_of_the_store_exactly_is_shown_exactly(sample: Sample, level: str) -> None:
    for name in ("incidents", "violations", "effort"):
        collection = COLLECTIONS[name]
        if not collection.is_seen(Releasability(level)):
            continue
        frame = sample.store.read_current(collection.table)
        coarse = reduce_precision(frame, Releasability(level), now=NOW)
        for column in collection.stable(Releasability(level)) & set(frame.columns):
            assert coarse[column].tolist() == frame[column].tolist() or coarse[column].equals(
                frame[column]
            ), column


def test_what_is_taken_back_is_gone_from_the_pages_that_follow(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with sample_service(tmp_path_factory.mktemp("taken_back")) as made:
        for name in ("incidents", "violations"):
            first = made.get(f"/collections/{name}/items", "parties", limit=2).json()
            (following,) = (link["href"] for link in first["links"] if link["rel"] == "next")
            number = 4 if name == "incidents" else 5
            with made.store.change(who="tester", what="release") as change:
                taken = [{"incident_id": number, "level": "mission"}]
                change.append(RELEASES, rows_of(RELEASES, taken))
            rest = [feature["id"] for feature in made.get(following, "parties").json()["features"]]
            assert rest
            assert not any(str(each).startswith(str(number)) for each in rest)


def test_a_merged_incident_tells_what_it_became_only_to_those_who_see_that(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with sample_service(tmp_path_factory.mktemp("merged")) as made:
        path = f"/collections/incidents/items/{MERGED}"
        assert "part of incident 1" in made.get(path, "parties").json()["try"]
        assert "part of" not in made.get(path, "public").json()["try"]
        with made.store.change(who="tester", what="review") as change:
            change.append(INCIDENTS, rows_of(INCIDENTS, [incident(5, merged_into=20)]))
        answer = made.get("/collections/incidents/items/5", "public")
        assert (answer.status_code, "part of" in answer.json()["try"]) == (404, False)


def test_the_operator_may_show_the_mission_what_is_fresh_and_nobody_else(
    sample: Sample, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with sample_service(tmp_path_factory.mktemp("fresh"), mission_delay=timedelta(0)) as fresh:
        for level in ("public", "parties"):
            assert fresh.features("incidents", level) == sample.features("incidents", level)
        late = {each["id"]: each for each in sample.features("incidents")}
        soon = {each["id"]: each for each in fresh.features("incidents")}
        young = set(soon) - set(late)
        assert young
        assert {name: soon[name] for name in late} == late
        assert any(soon[name]["geometry"] is not None for name in young)
