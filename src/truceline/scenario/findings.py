"""Say in our words what the schema found wrong: where it stands in the file, what is there, what to write.

Works on data and messages only; reads no files and knows no units beyond the messages handed to it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from truceline.errors import Problem
from truceline.scenario.model import Scenario
from truceline.scenario.quantities import RecordError
from truceline.scenario.yaml_source import KeyPath, YamlSource

MAX_SHOWN_CHARACTERS = 60
"""Longest piece of the user's own text repeated in a message."""

_WORDS_FOR_KIND: dict[str, tuple[str, str]] = {
    "missing": ("is missing", "it is needed here; `truceline scenario new` writes an example"),
    "dict_type": ("{input} is not a group of keys", "write `key: value` lines below it"),
    "model_type": ("{input} is not a group of keys", "write `key: value` lines below it"),
    "tuple_type": ("{input} is not a list", "write it in brackets: [a, b]"),
    "list_type": ("{input} is not a list", "write it in brackets: [a, b]"),
    "string_type": ("{input} is not a text", "put it in quotes"),
    "string_too_long": ("is too long a text", "shorten it to {ctx[max_length]} characters"),
    "string_pattern_mismatch": ("{input} is not a name", "use lower-case letters, digits and hyphens"),
    "literal_error": ("{input} is not possible", "write {ctx[expected]}"),
    "too_short": ("is empty", "give at least {ctx[min_length]}"),
    "float_type": ("{input} is not a number", "write digits with a point"),
    "float_parsing": ("{input} is not a number", "write digits with a point"),
    "path_type": ("{input} is not a file name", "write a path as text"),
}


def locate(source: YamlSource, path: KeyPath) -> str:
    """Return where `path` was written (file and line, variant or ``--set``) and its dotted form."""
    dotted = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    place = source.place(path)
    return place if place.endswith(dotted) else f"{place}  {dotted}"


def suggest(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return a hint with the known words nearest to `word`, or `otherwise` where none is near."""
    near = difflib.get_close_matches(word, list(known), n=3)
    return f"did you mean {', '.join(near)}?" if near else otherwise


def explain_record(source: YamlSource, path: KeyPath, error: RecordError) -> Iterable[Problem]:
    """Yield a problem for each fault of a quantity or assumption record that stands at `path`."""
    for key, message in error.faults:
        found, _, hint = message.partition("; ")
        yield Problem(locate(source, (*path, key) if key else path), found, hint)


def explain_validation(
    source: YamlSource, error: ValidationError, schema: type[BaseModel] = Scenario
) -> Iterable[Problem]:
    """Yield a problem for each finding of `schema`, with the keys it knows where one is not known."""
    for item in error.errors():
        path: KeyPath = tuple(part for part in item["loc"] if part != "[key]")
        cause = item.get("ctx", {}).get("error")
        if isinstance(cause, RecordError):
            yield from explain_record(source, path, cause)
        elif item["type"] == "extra_forbidden":
            known = _known_keys(path[:-1], schema)
            hint = suggest(str(path[-1]), known, f"known here: {', '.join(known)}")
            yield Problem(locate(source, path), "is not a known key", hint)
        else:
            found, hint = _words_for(item)
            yield Problem(locate(source, path), found, hint)


def _words_for(item: Mapping[str, Any]) -> tuple[str, str]:
    """Return what was found and what to do for one finding of the schema."""
    if item["type"] in _WORDS_FOR_KIND:
        found, hint = _WORDS_FOR_KIND[item["type"]]
        context = {"input": _quote(item["input"]), "ctx": item.get("ctx", {})}
        return found.format(**context), hint.format(**context)
    message = str(item.get("ctx", {}).get("error", "")) or item["msg"]
    found, _, hint = message.strip().splitlines()[0].partition("; ")
    return found, hint or "`truceline scenario show` prints a scenario that works"


def _quote(value: object) -> str:
    if value is None:
        return "nothing"
    text = str(value)
    return f"'{text[:MAX_SHOWN_CHARACTERS]}...'" if len(text) > MAX_SHOWN_CHARACTERS else f"'{text}'"


def _known_keys(path: KeyPath, schema: type[BaseModel]) -> list[str]:
    """Return the keys the schema knows at a path."""
    model: Any = schema
    for part in path:
        if isinstance(part, int):
            continue  # an item of the list that was reached already
        if isinstance(model, type) and issubclass(model, BaseModel):
            fields = model.model_fields
            model = next(
                (field.annotation for name, field in fields.items() if part in (name, field.alias)), None
            )
        model = _inner_model(model)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [field.alias or name for name, field in model.model_fields.items()]
    return []


def _inner_model(annotation: Any) -> Any:
    """Return the model inside an optional, tuple or mapping annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _inner_model(inner))), None)
