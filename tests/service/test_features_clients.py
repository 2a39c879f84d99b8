"""The clients that people use, reading a real service: owslib, and GDAL as QGIS and ogr2ogr use it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from feature_sample import MERGED, PARTIES, SIMULATED, add_keys, fill_store, start_store
from service_process import running_service

from truceline.store.open import read_clock

COUNTS = {"incidents": 28, "violations": 28, "reports": 29, "effort": 12, "posts": 5, "cells": 7}
"""Features of each collection: by the clock of the real service no incident is young any more."""
SHOWN = [n for n in range(1, 31) if n not in (MERGED, SIMULATED)]


@dataclass(frozen=True)
class Service:
    url: str
    keys: dict[str, str]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    path = tmp_path_factory.mktemp("clients") / "watch.duckdb"
    with start_store(path) as store:
        fill_store(store)
        keys = add_keys(store, read_clock())
    with running_service(path) as running:
        yield Service(running.url, keys)


@pytest.fixture
def features(service: Service) -> Any:
    from owslib.ogcapi.features import Features

    return Features(service.url, headers={"Authorization": f"Bearer {service.keys['mission']}"})


def test_owslib_finds_its_way_and_every_collection(features: Any) -> None:
    assert features.feature_collections() == list(COUNTS)
    assert any(each.endswith("/cql2-text") for each in features.conformance()["conformsTo"])
    assert features.api()["openapi"].startswith("3.0")
    assert features.collection("incidents")["extent"]["spatial"]["bbox"] == [[21.0, 43.5, 42.5, 53.0]]
    assert features.collection_queryables("incidents")["properties"]["kind"]["type"] == "string"


def test_owslib_reads_items_by_box_time_limit_and_filter(features: Any) -> None:
    found = features.collection_items("incidents", limit=3)
    assert (found["numberReturned"], len(found["features"])) == (3, 3)
    near = features.collection_items("incidents", bbox=[37.0, 48.0, 37.062, 48.04])
    assert [each["id"] for each in near["features"]] == [1, 2, 3, 4, 5]
    day = features.collection_items("incidents", datetime_="2025-06-02T00:00:00Z/2025-06-02T23:59:59Z")
    assert [each["id"] for each in day["features"]] == [2, 3]
    asked = features.collection_items(
        "incidents", filter="kind = 'shelling' AND verification = 'verified'", **{"filter-lang": "cql2-text"}
    )
    assert [each["id"] for each in asked["features"]] == [4, 16, 28]
    assert features.collection_item("incidents", "4")["properties"]["place"] == "Place 4"
    assert features.collection_items("cells")["features"][0]["geometry"]["type"] == "Polygon"


def test_owslib_is_told_what_it_asked_wrongly(features: Any) -> None:
    with pytest.raises(RuntimeError, match="no property that can be asked for"):
        features.collection_items("incidents", filter="colour = 'red'")


def run(service: Service, *command: str, level: str = "mission") -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} (gdal-bin) is not installed")
    environment = {
        **os.environ,
        "GDAL_HTTP_HEADERS": f"Authorization: Bearer {service.keys[level]}",
        "GDAL_HTTP_TIMEOUT": "30",
        "PROJ_DATA": "",
    }
    for name in ("PROJ_DATA", "PROJ_LIB", "GDAL_DATA"):
        environment.pop(name, None)  # those of a wheel are of another version
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", list(COUNTS))
def test_gdal_reads_every_feature_of_every_collection_page_by_page(
    service: Service, name: str, tmp_path: Path
) -> None:
    made = tmp_path / "made.geojson"
    source = f"OAPIF:{service.url}"
    run(service, "ogr2ogr", "-f", "GeoJSON", str(made), source, name, "-oo", "PAGE_SIZE=4", "-nln", name)
    features = json.loads(made.read_text(encoding="utf-8"))["features"]
    assert len(features) == COUNTS[name]
    shapes = {None if each["geometry"] is None else each["geometry"]["type"] for each in features}
    assert shapes - {None} == {"Polygon" if name == "cells" else "Point"}


def test_gdal_takes_names_types_and_extents_from_the_service(service: Service) -> None:
    told = run(service, "ogrinfo", "-ro", "-so", f"OAPIF:{service.url}", "incidents")
    for line in (
        "Feature Count: 28",
        "time_from: DateTime",
        "killed_best: Real",
        "kind: String",
        "n_posts: Integer",
    ):
        assert line in told
    assert "Extent: (21.000000, 43.500000) - (42.500000, 53.000000)" in told
    listed = run(service, "ogrinfo", "-ro", "-q", f"OAPIF:{service.url}")
    assert [line.split()[1] for line in listed.splitlines()] == list(COUNTS)


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (("-where", "kind = 'shelling' AND count_best > 10"), [13, 16, 19, 22, 25, 28]),
        (("-where", "verification = 'verified'"), [4, 8, 12, 16, 20, 24, 28]),
        (("-where", "time_from > '2025/06/14 00:00:00'"), [26, 28, 30]),
        (("-spat", "37.0", "48.0", "37.062", "48.04"), [1, 2, 3, 4, 5]),
    ],
)
def test_gdal_filters_by_properties_times_and_boxes(
    service: Service, tmp_path: Path, options: tuple[str, ...], numbers: list[int]
) -> None:
    made = tmp_path / "made.geojson"
    run(service, "ogr2ogr", "-f", "GeoJSON", str(made), f"OAPIF:{service.url}", "incidents", *options)
    features = json.loads(made.read_text(encoding="utf-8"))["features"]
    assert [each["properties"]["incident_id"] for each in features] == numbers


def test_gdal_with_the_key_of_the_parties_reads_what_is_theirs(service: Service, tmp_path: Path) -> None:
    made = tmp_path / "made.geojson"
    source = f"OAPIF:{service.url}"
    run(service, "ogr2ogr", "-f", "GeoJSON", str(made), source, "incidents", level="parties")
    features = json.loads(made.read_text(encoding="utf-8"))["features"]
    assert [each["properties"]["incident_id"] for each in features] == list(PARTIES)
    listed = run(service, "ogrinfo", "-ro", "-q", source, level="parties")
    assert [line.split()[1] for line in listed.splitlines()] == ["incidents", "violations", "effort"]


def test_the_snippets_of_the_manual_run(service: Service, tmp_path: Path) -> None:
    manual = Path(__file__).parents[2] / "docs" / "open-standards.md"
    parts = manual.read_text(encoding="utf-8").split("```")[1::2]
    snippets = [(part.split("\n", 1)[0], part.split("\n", 1)[1]) for part in parts]
    environment = {**os.environ, "KEY": service.keys["mission"], "ADDRESS": service.url}
    for name in ("PROJ_DATA", "PROJ_LIB", "GDAL_DATA"):
        environment.pop(name, None)
    ran = 0
    for language, words in snippets:
        if language not in ("bash", "python"):
            continue
        if language == "bash" and shutil.which("ogr2ogr") is None:
            continue
        assert "https://watch.example" in words or language == "bash"
        script = words.replace("https://watch.example", service.url)
        command = ["bash", "-ec", script] if language == "bash" else [sys.executable, "-c", script]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{script}\n{done.stderr}"
        ran += 1
    assert ran >= 1
