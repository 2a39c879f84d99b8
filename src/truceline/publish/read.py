"""Read a plan folder back: the document, and any headline number with its explanation."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

from pydantic import ValidationError

from truceline.errors import OutputError, Problem
from truceline.publish.document import SCHEMA, PlanDocument
from truceline.publish.record import traced_from_document
from truceline.publish.shared_trees import read_trees
from truceline.trace import Traced

MAX_BYTES = 50_000_000
"""Largest plan.json read: a plan of the whole line has one to two megabytes."""


def read_document(folder: str | Path) -> PlanDocument:
    """Return the document of a plan folder (or of a plan.json itself).

    Raises OutputError when there is none, it is not JSON, or it has another schema.
    """
    path = Path(folder)
    path = path / "plan.json" if path.is_dir() else path
    hint = "make one with `truceline plan`"
    if not path.is_file():
        raise OutputError("plan", [Problem(str(path), "there is no such file", hint)])
    if path.stat().st_size > MAX_BYTES:
        raise OutputError("plan", [Problem(str(path), f"has more than {MAX_BYTES:,} bytes", hint)])
    try:
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except OSError as error:
        found = f"cannot be read: {(error.strerror or str(error)).lower()}"
        raise OutputError("plan", [Problem(str(path), found, "check its rights")]) from None
    except (ValueError, RecursionError):
        raise OutputError("plan", [Problem(str(path), "is not JSON", hint)]) from None
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema != SCHEMA:
        raise OutputError("plan", [Problem(str(path), f"has the schema {schema!r}, not {SCHEMA!r}", hint)])
    try:
        return PlanDocument.model_validate(data)
    except ValidationError as error:
        problems = [
            Problem(f"{path}: {'.'.join(str(part) for part in item['loc'])}", item["msg"], hint)
            for item in error.errors()[:20]
        ]
        raise OutputError("plan", problems) from None


def _refuse_constant(name: str) -> float:
    """Refuse NaN and Infinity, which Python reads but JSON has not; a number that does not exist is null."""
    raise ValueError(f"{name} is not JSON")


def explain(folder: str | Path, name: str, *, posture: str | None = None) -> Traced:
    """Return the number `name` of a plan folder as a tree of parts, assumptions, ranges and sources.

    name: a headline such as ``force.deployed``, any number below one, or an assumption. posture: key of the
    posture, default the one planned in full. Raises OutputError with the nearest names for an unknown one.
    """
    document = read_document(folder)
    key = posture or document.posture
    if key not in document.postures:
        known = ", ".join(document.postures)
        raise OutputError("explain", [Problem(f"--posture {key}", "is not in this plan", f"one of {known}")])
    trees = [*document.postures[key].headlines]
    if document.generation is not None and document.generation.posture == key:
        trees += document.generation.headlines
    headlines = [traced_from_document(tree) for tree in trees]
    if document.money is not None and document.money.posture == key:
        headlines += read_trees(document.money.headlines)
    if document.dates is not None and document.dates.posture == key:
        headlines += read_trees(document.dates.headlines)
    if document.talks is not None:
        headlines += read_trees(document.talks.headlines)
    by_name = {traced.name: traced for traced in headlines}
    everything = dict(by_name)
    for traced in headlines:
        for node in traced.walk():
            everything.setdefault(node.name, node)
    for tree in document.assumptions:
        everything.setdefault(str(tree["name"]), traced_from_document(tree))
    if name in everything:
        return everything[name]
    near = difflib.get_close_matches(name, everything, n=4)
    hint = f"did you mean {', '.join(near)}?" if near else f"headlines: {', '.join(by_name)}"
    raise OutputError("explain", [Problem(name, "is not a number of this plan", hint)])
