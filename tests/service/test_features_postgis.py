"""OGC API Features over PostGIS: the same answers as over the store in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from feature_sample import NOW, Sample, fill_store, make_app, sample_service
from service_app import serving

from truceline.store.open import create_store

QUESTIONS = (
    {},
    {"bbox": "37.0,48.0,37.062,48.04"},
    {"bbox": "37.315,-90,-170,90"},
    {"datetime": "2025-06-02"},
    {"kind": "shelling", "region": "Luhansk"},
    {"filter": "verification <> 'verified' AND side IS NULL AND place LIKE 'Place 1_'"},
    {"filter": "NOT (verification = 'reported' OR sigma_m < 100)"},
    {"filter": "flag_words LIKE '%placeholder%'"},
    {"filter": "time_from > TIMESTAMP('2025-06-14T00:00:00Z') AND count_best BETWEEN 3 AND 26.5"},
)
"""Over incidents."""


@pytest.fixture
def both(postgis_address: str, tmp_path: Path) -> Iterator[tuple[Sample, Sample]]:
    with sample_service(tmp_path) as in_file, create_store(postgis_address, clock=lambda: NOW) as store:
        keys = fill_store(store)
        with serving(make_app(store)) as client:
            yield in_file, Sample(client, keys, store)


def test_both_stores_answer_the_same(both: tuple[Sample, Sample]) -> None:
    in_file, on_server = both
    for level, questions in (("mission", QUESTIONS), ("parties", QUESTIONS[:3]), ("public", QUESTIONS[:1])):
        for question in questions:
            expected = in_file.features("incidents", level, limit=15, **question)
            assert on_server.features("incidents", level, limit=15, **question) == expected, (level, question)
    for name in ("violations", "reports", "effort", "posts", "cells"):
        expected = in_file.features(name, limit=5)
        assert expected
        assert on_server.features(name, limit=5) == expected
    for path in ("incidents/items/3", "incidents/items/27", "violations/items/3.general.cease-fire"):
        answers = [each.get(f"/collections/{path}") for each in both]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].json().keys() == answers[1].json().keys()
