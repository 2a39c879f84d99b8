"""The OpenAPI description, made true where the framework guesses: errors, keys, what needs none."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import compile_path

from truceline.web.access import bearer
from truceline.web.errors import ErrorAnswer, ErrorPart

PATH = "/api"
MEDIA_TYPE = "application/vnd.oai.openapi+json;version=3.1"
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_ERROR: dict[str, Any] = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
_ALWAYS = {
    "400": "The request is no HTTP that can be read, or has no form",
    "414": "The address is too long",
    "429": "Too many requests; see Retry-After",
    "503": "Too much at once, or the store does not answer; see Retry-After",
    "default": "Any other error, in the same shape",
}


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the description of the app, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            routes=app.routes,
            openapi_version="3.1.0",
        )
        parts = made.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            parts.pop(name, None)
        for model in (ErrorAnswer, ErrorPart):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schema.pop("$defs", None)
            parts[model.__name__] = schema
        for path in made["paths"].values():
            for method in _METHODS:
                if method in path:
                    _complete(path[method], is_open=app.state.settings.open, is_read=method == "get")
        app.openapi_schema = made
    return app.openapi_schema


def find_parameters(app: FastAPI, route: str, method: str) -> frozenset[str]:
    """Return the parameters that an operation takes in its query."""
    operation = describe(app)["paths"].get(route, {}).get(method.lower(), {})
    return frozenset(each["name"] for each in operation.get("parameters", ()) if each["in"] == "query")


def find_methods(app: FastAPI, path: str) -> list[str]:
    """Return the methods that an address takes: the router names only those of the first route that fits."""
    found = set()
    for template, operations in describe(app)["paths"].items():
        if compile_path(template)[0].match(path):
            found |= {method.upper() for method in operations if method in _METHODS}
    return sorted(found)


def _complete(operation: dict[str, Any], *, is_open: bool, is_read: bool) -> None:
    """Add what every operation may answer, and that a key is not needed where it is not."""
    answers = operation.setdefault("responses", {})
    if "422" in answers and "HTTPValidationError" in str(answers["422"]):
        answers["422"] = {"description": "Unprocessable Content", "content": _ERROR}
    for status, words in _ALWAYS.items():
        answers.setdefault(status, {"description": words, "content": _ERROR})
    if "security" in operation:
        answers.setdefault("401", {"description": "Unauthorized", "content": _ERROR})
        tags = operation.get("tags", [])
        if "health" in tags or (is_open and is_read and "administration" not in tags):
            operation["security"] = [{}, {bearer.scheme_name: []}]
