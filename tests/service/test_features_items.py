"""OGC API Features: what is answered, page by page, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from feature_sample import (
    COARSE,
    FIRST,
    MERGED,
    N_INCIDENTS,
    NOW,
    SIMULATED,
    YOUNG,
    Sample,
    incident,
    rows_of,
    sample_service,
)

from truceline.events.schema import INCIDENTS
from truceline.web.feature_query import Cursor, write_cursor

SHOWN = [n for n in range(1, N_INCIDENTS + 1) if n not in (MERGED, SIMULATED, YOUNG)]
NAMES = ("incidents", "violations", "reports", "effort", "posts", "cells")
COUNTS = {"incidents": 27, "violations": 27, "reports": 28, "effort": 12, "posts": 5, "cells": 7}
CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    with sample_service(tmp_path_factory.mktemp("features")) as made:
        yield made


def links_of(content: Any) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in content["links"]}


def test_the_landing_page_leads_to_everything_else(sample: Sample) -> None:
    landing = sample.get("/").json()
    found = links_of(landing)
    assert {"self", "service-desc", "conformance", "data"} <= set(found)
    for rel in ("service-desc", "conformance", "data"):
        assert sample.get(found[rel]).status_code == 200
    assert CORE in sample.get(found["conformance"]).json()["conformsTo"]
    described = sample.get(found["service-desc"])
    assert described.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    assert described.json()["openapi"].startswith("3.0.")
    asked = described.json()["paths"]["/collections/incidents/items"]["get"]["parameters"]
    assert {"limit", "bbox", "datetime", "filter", "kind", "verification"} <= {each["name"] for each in asked}


def test_the_description_says_nothing_that_openapi_3_0_does_not_know(sample: Sample) -> None:
    words = json.dumps(sample.get("/api/3.0").json())
    for newer in ('"const":', '"type": "null"', '"examples":', '"exclusiveMinimum": 0'):
        assert newer not in words


def test_every_collection_says_where_when_and_how_to_go_on(sample: Sample) -> None:
    collections = sample.get("/collections").json()["collections"]
    assert [each["id"] for each in collections] == list(NAMES)
    for each in collections:
        alone = sample.get(f"/collections/{each['id']}").json()
        assert alone == each
        assert each["itemType"] == "feature"
        assert len(each["extent"]["spatial"]["bbox"][0]) == 4
        found = links_of(each)
        items = sample.get(found["items"])
        assert items.headers["content-type"] == "application/geo+json"
        queryables = sample.get(found["http://www.opengis.net/def/rel/ogc/1.0/queryables"])
        assert queryables.headers["content-type"] == "application/schema+json"
        properties = set(items.json()["features"][0]["properties"])
        assert properties == set(queryables.json()["properties"]) - {"geometry"}
        schema = sample.get(found["describedBy"]).json()
        assert properties == set(schema["properties"]["properties"]["properties"])
    times = {each["id"]: each["extent"].get("temporal") for each in collections}
    assert times["incidents"]["interval"] == [["2025-06-01T00:00:00Z", "2025-06-15T23:59:59Z"]]
    assert times["posts"] is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("limit", [4, 100])
def test_pages_together_are_all_features_each_once(sample: Sample, name: str, limit: int) -> None:
    ids = sample.ids(name, limit=limit)
    assert len(ids) == len(set(ids)) == COUNTS[name]
    first = sample.get(f"/collections/{name}/items", limit=limit)
    following = f'<{links_of(first.json()).get("next", "none")}>; rel="next"; type="application/geo+json"'
    assert (following in first.headers["link"]) == (COUNTS[name] > limit)


def test_merged_simulated_and_young_incidents_are_left_out(sample: Sample) -> None:
    assert sample.ids("incidents") == SHOWN
    assert sample.ids("violations") == [f"{n}.general.cease-fire" for n in SHOWN]
    assert set(sample.ids("reports")) == {*SHOWN, MERGED}


def test_a_feature_has_what_the_exports_have_and_no_words_of_sources(sample: Sample) -> None:
    feature = sample.get("/collections/incidents/items/20").json()
    assert feature["geometry"] == {"type": "Point", "coordinates": [37.246, 48.154]}
    told = feature["properties"]
    assert told["verification"] == "verified"
    assert (told["side"], told["side_p"], told["side_basis"]) == ("b", 0.8, "crater")
    assert told["time_from"] == "2025-06-11T06:17:05Z"
    assert told["sigma_m"] > 250
    assert told["target"] is None
    assert not {"lon", "lat", "flags", "merged_into", "change_id"} & set(told)
    report = sample.get("/collections/reports/items/3").json()
    assert "nobody" not in json.dumps(report)
    assert report["properties"]["observer_lon"] == 37.123


def test_a_point_that_stands_for_a_region_is_no_geometry(sample: Sample) -> None:
    feature = sample.get(f"/collections/incidents/items/{COARSE}").json()
    assert feature["geometry"] is None
    assert feature["properties"]["flag_words"] == "placeholder"
    assert COARSE not in sample.ids("incidents", bbox="-180,-90,180,90")
    assert COARSE not in sample.ids("incidents", filter="NOT S_INTERSECTS(geometry, BBOX(0,0,1,1))")


@pytest.mark.parametrize("name", NAMES)
def test_every_feature_is_found_again_under_its_name(sample: Sample, name: str) -> None:
    for level in ("mission", "parties") if name != "reports" else ("mission",):
        if sample.get(f"/collections/{name}", level).status_code == 404:
            continue
        for feature in sample.features(name, level)[:4]:
            answer = sample.get(f"/collections/{name}/items/{feature['id']}", level)
            alone = answer.json()
            assert {key: alone[key] for key in feature} == feature
            assert sample.get(links_of(alone)["self"], level).json() == alone


def test_a_merged_incident_is_gone_and_says_what_it_became(sample: Sample) -> None:
    answer = sample.get(f"/collections/incidents/items/{MERGED}")
    assert answer.status_code == 404
    assert answer.json()["try"] == "it became part of incident 1"
    assert sample.get(f"/collections/violations/items/{MERGED}.general.cease-fire").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        *("/collections/nothing", "/collections/nothing/items", "/collections/nothing/queryables"),
        *(
            "/collections/incidents/items/0",
            "/collections/incidents/items/007",
            "/collections/incidents/items/x",
        ),
        *(
            "/collections/incidents/items/99999999999999999999",
            "/collections/posts/items/%00",
            "/collections/x/schema",
        ),
        *(f"/collections/incidents/items/{SIMULATED}", f"/collections/incidents/items/{YOUNG}"),
        *(
            "/collections/violations/items/1",
            "/collections/violations/items/1.general",
            "/collections/cells/items/%ff",
        ),
    ],
)
def test_what_is_not_there_is_answered_404_in_the_one_shape(sample: Sample, path: str) -> None:
    answer = sample.get(path)
    assert answer.status_code == 404
    assert answer.json().keys() >= {"ok", "status", "where", "problem", "try"}


@pytest.mark.parametrize(
    ("parameters", "where"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "-5"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "٣"}, "limit"),
        ({"bbox": "1,2,3"}, "bbox"),
        ({"bbox": "1,2,3,x"}, "bbox"),
        ({"bbox": "30,50,31,49"}, "bbox"),
        ({"bbox": "30,45,31,91"}, "bbox"),
        ({"bbox": "nan,45,31,50"}, "bbox"),
        ({"datetime": "yesterday"}, "datetime"),
        ({"datetime": "2025-06-01T00:00:00"}, "datetime"),
        ({"datetime": "2025-06-02T00:00:00Z/2025-06-01T00:00:00Z"}, "datetime"),
        ({"datetime": "2025-13-01"}, "datetime"),
        ({"datetime": ""}, "datetime"),
        ({"datetime": "a/b/c"}, "datetime"),
        ({"filter": "kind ="}, "filter"),
        ({"filter": "text = 'x'"}, "filter"),
        ({"filter": "(" * 1000}, "filter"),
        ({"filter": "kind = 'a'", "filter-lang": "cql2-json"}, "filter-lang"),
        ({"filter-crs": "EPSG:3857"}, "filter-crs"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "W10"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"f": "html"}, "f"),
        ({"offset": "10"}, "offset"),
        ({"n_reports": "many"}, "n_reports"),
        ({"time_from": "noon"}, "time_from"),
        ({"merged_into": "1"}, "merged_into"),
    ],
)
def test_a_parameter_that_cannot_be_understood_is_answered_400(
    sample: Sample, parameters: dict[str, str], where: str
) -> None:
    answer = sample.get("/collections/incidents/items", **parameters)
    assert answer.status_code == 400, answer.text
    assert answer.json()["where"].startswith(where)
    assert answer.json()["problem"]


def test_a_parameter_given_twice_is_refused_and_unknown_ones_on_every_route(sample: Sample) -> None:
    headers = {"Authorization": f"Bearer {sample.keys['mission']}"}
    twice = sample.client.get("/collections/incidents/items?limit=1&limit=2", headers=headers)
    assert (twice.status_code, twice.json()["problem"]) == (400, "is given twice")
    for path in (
        "/",
        "/conformance",
        "/collections",
        "/collections/posts",
        "/collections/posts/items/post-1",
    ):
        assert sample.get(path, nonsense="1").status_code == 400
        assert sample.get(path, f="json").status_code == 200


def test_a_limit_above_the_most_is_cut_to_it(sample: Sample) -> None:
    assert len(sample.ids("incidents", limit=10**30)) == len(SHOWN)


@pytest.mark.parametrize(
    ("parameters", "numbers"),
    [
        ({"bbox": "37.0,48.0,37.062,48.04"}, [1, 2, 3, 4, 5]),
        ({"bbox": "37.062,48.039,37.062,48.039"}, [5]),
        ({"bbox": "37.0,48.0,0,37.062,48.04,9000"}, [1, 2, 3, 4, 5]),
        ({"bbox": "37.315,-90,-170,90"}, [26]),
        ({"datetime": "2025-06-02"}, [2, 3]),
        ({"datetime": "2025-06-02T06:20:00Z"}, [2]),
        ({"datetime": "2025-06-02T08:20:00+02:00"}, [2]),
        ({"datetime": "../2025-06-02T06:17:05Z"}, [1, 2]),
        ({"datetime": "../2025-06-02T06:17:04Z"}, [1]),
        ({"datetime": "2025-06-14T06:27:06Z/.."}, [COARSE]),
        ({"datetime": "2025-06-14T06:27:05Z/.."}, [26, COARSE]),
        ({"datetime": "/.."}, SHOWN),
        ({"kind": "shelling", "region": "Luhansk"}, [4, 10, 16, 22, COARSE]),
        ({"filter": "verification = 'verified' AND incident_id < 9"}, [4, 8]),
        ({"filter": "verification <> 'verified' AND incident_id < 6"}, [1, 2, 3, 5]),
        ({"filter": "verification IN ('reported') AND incident_id < 6"}, [1, 2, 3, 5]),
        ({"filter": "side IS NULL AND incident_id < 7"}, [1, 2, 3, 4, 6]),
        ({"filter": "side IS NOT NULL"}, [5, 10, 15, 20, 25]),
        ({"filter": "side <> 'a'"}, [5, 10, 15, 20, 25]),
        ({"filter": "NOT side = 'b'"}, []),
        ({"filter": "side_p > 0.5 OR incident_id = 1"}, [1, 5, 10, 15, 20, 25]),
        ({"filter": "side_basis = 'not investigated' AND incident_id < 7"}, [1, 2, 3, 4, 6]),
        ({"filter": "side_basis LIKE 'crat%'"}, [5, 10, 15, 20, 25]),
        ({"filter": "flag_words LIKE '%placeholder%'"}, [COARSE]),
        ({"filter": "time_from > TIMESTAMP('2025-06-14T00:00:00Z')"}, [26, COARSE]),
        ({"filter": "S_INTERSECTS(geometry, BBOX(37,48,37.03,49))"}, [1, 2]),
        ({"filter": "S_INTERSECTS(geometry, POINT(37.012 48.008))"}, [1]),
        ({"filter": "NOT S_INTERSECTS(geometry, BBOX(37.02,48,38,49))"}, [1]),
        ({"filter": "sigma_m > 252 AND sigma_m < 253", "limit": "3"}, SHOWN),
        ({"filter": "kind = 'shelling'", "kind": "burst"}, []),
        ({"filter": "place LIKE 'Place 1_'", "filter-lang": "cql2-text"}, list(range(10, 20))),
    ],
)
def test_a_question_is_answered_by_the_features_it_is_about(
    sample: Sample, parameters: dict[str, str], numbers: list[int]
) -> None:
    assert sample.ids("incidents", **parameters) == numbers
    if parameters.keys() <= {"bbox", "kind", "region"}:
        names = sample.ids("violations", **parameters)
        assert names == [f"{number}.general.cease-fire" for number in numbers]


def test_violations_are_asked_by_what_stands_with_their_incidents(sample: Sample) -> None:
    near = sample.ids("violations", bbox="37.0,48.0,37.062,48.04", verdict="violation")
    assert near == [f"{n}.general.cease-fire" for n in (1, 2, 4, 5)]
    assert sample.ids("violations", filter="place = 'Place 7'") == ["7.general.cease-fire"]
    assert sample.ids("violations", filter="verification = 'verified'", is_exercise="false", limit=2) == [
        f"{n}.general.cease-fire" for n in SHOWN if n % 4 == 0
    ]


def test_cells_answer_to_their_outline_and_not_to_the_box_around_it(sample: Sample) -> None:
    assert sample.ids("cells", bbox="37.149,48.049,37.2,48.051") == ["S01-0001", "S01-0002"]
    assert sample.ids("cells", bbox="37.14,48.09,37.16,48.1") == []
    assert sample.ids("cells", filter="S_INTERSECTS(geometry, POINT(37.1 48.05))") == ["S01-0001"]
    assert sample.ids("cells", datetime="2020-01-01") == sample.ids("cells")


def test_pages_stay_those_of_one_moment_while_others_write(tmp_path_factory: pytest.TempPathFactory) -> None:
    with sample_service(tmp_path_factory.mktemp("paging")) as made:
        first = made.get("/collections/incidents/items", limit=10).json()
        with made.store.change(who="tester", what="import") as change:
            change.append(INCIDENTS, rows_of(INCIDENTS, [incident(n, kind="shot") for n in (2, 12, 15, 31)]))
        rest, following = [], links_of(first).get("next")
        while following:
            page = made.get(following).json()
            rest += page["features"]
            following = links_of(page).get("next")
        everything = [*first["features"], *rest]
        assert [feature["id"] for feature in everything] == SHOWN
        assert {feature["properties"]["kind"] for feature in everything} == {"explosion", "shelling", "burst"}
        assert "numberMatched" in first or first["numberReturned"] == 10
        assert len(made.ids("incidents", kind="shot")) == 4


def test_a_cursor_of_another_question_or_of_a_long_past_state_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with sample_service(tmp_path_factory.mktemp("cursor")) as made:
        following = links_of(made.get("/collections/incidents/items", limit=3).json())["next"]
        assert made.get(following).status_code == 200
        for change in ("&kind=shot", "&bbox=1,2,3,4"):
            assert made.get(following + change).status_code == 400
        assert made.get(following.replace("incidents", "reports")).status_code == 400
        word = following.partition("cursor=")[2]
        future = write_cursor(Cursor(10**6, 3), _digest_in(word))
        assert made.get("/collections/incidents/items", limit=3, cursor=future).status_code == 400
        past = write_cursor(Cursor(1, 0), _digest_in(word))  # others write all day: a while back is good
        assert made.get("/collections/incidents/items", limit=3, cursor=past).json()["features"] == []
    with sample_service(tmp_path_factory.mktemp("old"), clock=NOW - timedelta(hours=7)) as made:
        answer = made.get("/collections/incidents/items", limit=3, cursor=past)
        assert (answer.status_code, answer.json()["problem"]) == (400, "is of a state that is long past")
        newest = write_cursor(Cursor(made.store.last_change(), 3), _digest_in(word))
        assert made.get("/collections/incidents/items", limit=3, cursor=newest).status_code == 200


def _digest_in(word: str) -> str:
    import base64

    return str(json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))[2])


def test_matches_are_counted_where_that_is_cheap_and_true(sample: Sample) -> None:
    sample.get("/collections")
    for name in ("incidents", "reports", "effort", "posts", "cells"):
        assert sample.get(f"/collections/{name}/items", limit=2).json()["numberMatched"] == COUNTS[name]
    assert sample.get("/collections/incidents/items", limit=2, kind="burst").json()["numberMatched"] == 9
    assert "numberMatched" not in sample.get("/collections/violations/items", limit=2).json()
    assert sample.get("/collections/violations/items").json()["numberMatched"] == 27


def test_the_clock_of_the_service_decides_what_is_old_enough(sample: Sample) -> None:
    last = max(feature["properties"]["time_to"] for feature in sample.features("incidents"))
    assert last < f"{(NOW - timedelta(hours=24)).isoformat()}Z"
    assert FIRST < NOW
