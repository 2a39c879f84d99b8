"""plan.json keeps to the schema that the manual prints."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from truceline.plan import Plan
from truceline.publish.document import document_plan, dump_document

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "plan.schema.json"


@pytest.mark.parametrize("fixture", ["small_plan", "length_plan"])
def test_the_document_keeps_to_the_printed_schema(fixture: str, request: pytest.FixtureRequest) -> None:
    plan: Plan = request.getfixturevalue(fixture)
    data = json.loads(dump_document(document_plan(plan)))
    jsonschema.validate(data, json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_schema_refuses_a_document_without_its_line(small_plan: Plan) -> None:
    data = json.loads(dump_document(document_plan(small_plan)))
    del data["line"]
    with pytest.raises(jsonschema.ValidationError, match="line"):
        jsonschema.validate(data, json.loads(SCHEMA.read_text(encoding="utf-8")))
