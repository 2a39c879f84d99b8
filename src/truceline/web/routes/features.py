"""OGC API Features: the addresses that QGIS, GDAL and other map clients read collections from.

Parses, asks, and writes what was found. Who sees what is decided by `monitor.releasing`; each route asks for
the level of whoever calls.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Request, Response

from truceline.events.schema import CHANGES, INCIDENTS
from truceline.store.base import Selection, Store
from truceline.web.access import Caller, CallerHere
from truceline.web.collections import COLLECTIONS, Collection, describe_property
from truceline.web.cql import TEXT_BYTES_MAX
from truceline.web.desk import Desk, DeskHere
from truceline.web.errors import ServiceError, describe_errors
from truceline.web.feature_cache import FeatureCache
from truceline.web.feature_json import (
    CONFORMANCE,
    GEOJSON,
    JSON,
    OPENAPI,
    SCHEMA,
    describe_collection,
    describe_feature,
    describe_landing,
    describe_page,
    describe_queryables,
    describe_schema,
    make_link,
    write_json,
    write_link_header,
)
from truceline.web.feature_query import (
    CRS84,
    LIMIT,
    LIMIT_MAX,
    Cursor,
    Question,
    read_parameters,
    read_question,
    write_cursor,
)
from truceline.web.feature_reading import find_merged, read_feature, read_features
from truceline.web.feature_selection import Reader
from truceline.web.links import base_url
from truceline.web.openapi30 import as_openapi_30
from truceline.web.settings import ServiceSettings

API_PATH = "/api/3.0"
CURSOR_AGE = timedelta(hours=6)
"""Time for which the pages of one question can be followed; older states of the store are not shown."""
_ERRORS = describe_errors(400, 401, 404, 429, 503)


def _parameter(name: str, meaning: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": meaning, "schema": schema, **more}


_TEXT = {"type": "string"}
ITEM_PARAMETERS = [
    _parameter("f", "Format of the answer.", {"type": "string", "enum": ["json", "geojson"]}),
    _parameter(
        "limit",
        "Most features on the page; the page may hold fewer and still have a next one.",
        {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT},
    ),
    _parameter(
        "bbox",
        "West, south, east, north in degrees: features whose geometry touches that box, which "
        "crosses the antimeridian where west is greater than east.",
        {
            "type": "array",
            "items": {"type": "number"},
            "oneOf": [{"minItems": n, "maxItems": n} for n in (4, 6)],
        },
        style="form",
        explode=False,
    ),
    _parameter(
        "datetime",
        "A moment, a day, or a period with .. for an open end (RFC 3339): features whose time shares a "
        "moment with it. Posts and cells hold at any time.",
        _TEXT,
    ),
    _parameter(
        "filter", f"A filter over the properties, in CQL2 text of at most {TEXT_BYTES_MAX} bytes.", _TEXT
    ),
    _parameter("filter-lang", "Language of the filter.", {**_TEXT, "enum": ["cql2-text"]}),
    _parameter("filter-crs", "Reference system of geometries in the filter.", {**_TEXT, "enum": [CRS84]}),
    _parameter(
        "cursor",
        "Where the page begins; given out in the link `next`, for some hours.",
        {**_TEXT, "maxLength": 200},
    ),
]
"""What the items of every collection may be asked with, besides their properties."""

MOST_PAGES = 2
"""Pages made at once by one process. Others wait in line: where all are made together, each takes as long as
the last, and some take several times as long as others."""
LINK_HEADER_MAX = 3000
"""Longest header of links, characters: a proxy may end a request for a longer one. The answer has all."""
_TEMPLATE = "{collectionId}"
_HIDDEN_HINT = "see /collections for those there are"

CollectionHere = Annotated[
    str,
    Path(
        alias="collectionId",
        description="Name of a collection; some are seen by the mission alone.",
        json_schema_extra={"enum": list(COLLECTIONS)},
    ),
]
FeatureHere = Annotated[
    str, Path(alias="featureId", description="Name of a feature: its `id`.", min_length=1)
]


def make_router(settings: ServiceSettings) -> APIRouter:
    """Return the routes of OGC API Features."""
    router = APIRouter(tags=["features"])
    cache = FeatureCache(mission_delay=settings.mission_delay, secret=settings.secret)
    _add_entrance(router)
    _add_collections(router, cache)
    _add_items(router, cache)
    return router


def _add_entrance(router: APIRouter) -> None:
    known: list[dict[str, Any]] = []  # the description in OpenAPI 3.0, once it was asked for

    @router.get("/", summary="Landing page", **_answers(JSON))
    def show_landing(request: Request, desk: DeskHere, caller: CallerHere) -> Response:
        """Lead to everything else."""
        _check_parameters(request)
        content = describe_landing(base_url(request), desk.mission().name)
        return _answer(content, JSON)

    @router.get("/conformance", summary="Standards that are kept", **_answers(JSON))
    def show_conformance(request: Request, caller: CallerHere) -> Response:
        """List the classes of the standards that the service conforms to."""
        _check_parameters(request)
        return _answer({"conformsTo": list(CONFORMANCE)}, JSON)

    @router.get(API_PATH, summary="This description, as OpenAPI 3.0", **_answers(OPENAPI))
    def show_api(request: Request, caller: CallerHere) -> Response:
        """Describe the service for map clients; the same in OpenAPI 3.1 is at /api."""
        from truceline.web.description import describe

        _check_parameters(request)
        if not known:
            known.append(as_openapi_30(describe(request.app)))
        made = {**known[0], "paths": _name_collections(known[0]["paths"], caller)}
        return _answer({**made, "servers": [{"url": base_url(request)}]}, OPENAPI)


def _add_collections(router: APIRouter, cache: FeatureCache) -> None:
    @router.get("/collections", summary="Collections", **_answers(JSON))
    def list_collections(request: Request, desk: DeskHere, caller: CallerHere) -> Response:
        """List the collections that the caller sees, each with its extent and links."""
        _check_parameters(request)
        base, mission = base_url(request), desk.mission()
        with desk.read() as store:
            reader = _make_reader(store, desk.now(), caller, cache)
            described = [
                describe_collection(
                    base, each, cache.extent(store, each, reader, mission), cache.notices(store)
                )
                for each in COLLECTIONS.values()
                if each.is_seen(caller.level)
            ]
        links = [make_link("self", f"{base}/collections", JSON, "Collections")]
        return _answer({"links": links, "collections": described}, JSON)

    @router.get("/collections/{collectionId}", summary="One collection", **_answers(JSON))
    def show_collection(
        request: Request, name: CollectionHere, desk: DeskHere, caller: CallerHere
    ) -> Response:
        """Tell what a collection is about, with its extent and links."""
        collection = _find(name, caller)
        _check_parameters(request)
        mission = desk.mission()
        with desk.read() as store:
            reader = _make_reader(store, desk.now(), caller, cache)
            extent = cache.extent(store, collection, reader, mission)
            content = describe_collection(base_url(request), collection, extent, cache.notices(store))
        return _answer(content, JSON)

    @router.get(
        "/collections/{collectionId}/queryables",
        summary="What may be asked of a collection",
        **_answers(SCHEMA),
    )
    def show_queryables(request: Request, name: CollectionHere, caller: CallerHere) -> Response:
        """Describe the properties of a collection as JSON Schema, with meanings, units and words."""
        collection = _find(name, caller)
        _check_parameters(request)
        return _answer(describe_queryables(base_url(request), collection, caller.level), SCHEMA)

    @router.get(
        "/collections/{collectionId}/schema", summary="Types of a collection's properties", **_answers(SCHEMA)
    )
    def show_schema(request: Request, name: CollectionHere, caller: CallerHere) -> Response:
        """Describe one feature of a collection as JSON Schema."""
        collection = _find(name, caller)
        _check_parameters(request)
        return _answer(describe_schema(base_url(request), collection, caller.level), SCHEMA)


def _add_items(router: APIRouter, cache: FeatureCache) -> None:
    places = CapacityLimiter(MOST_PAGES)

    @router.get(
        "/collections/{collectionId}/items",
        summary="Features of a collection",
        openapi_extra={"parameters": ITEM_PARAMETERS},
        **_answers(GEOJSON),
    )
    async def list_features(
        request: Request, name: CollectionHere, desk: DeskHere, caller: CallerHere
    ) -> Response:
        """Answer a page of features as GeoJSON; the link `next` leads on, and all pages are of one moment.

        Properties may be asked for by parameters of their names, as in `kind=shelling`.
        """
        return await run_sync(answer_page, request, name, desk, caller, limiter=places)

    def answer_page(request: Request, name: str, desk: Desk, caller: Caller) -> Response:
        collection = _find(name, caller)
        asked = request.query_params.multi_items()
        question = read_question(asked, collection, caller.level)
        now = desk.now()
        with desk.read() as store:
            reader = _make_reader(store, now, caller, cache, question)
            known = cache.known_extent(collection, reader)
            page = read_features(
                store, collection, question, reader, n_total=None if known is None else known.n_features
            )
        cursor = "" if page.after is None else write_cursor(Cursor(reader.as_of, page.after), question.digest)
        return _answer(describe_page(base_url(request), collection, page, asked, cursor, now), GEOJSON)

    @router.get("/collections/{collectionId}/items/{featureId}", summary="One feature", **_answers(GEOJSON))
    async def show_feature(
        request: Request, name: CollectionHere, feature: FeatureHere, desk: DeskHere, caller: CallerHere
    ) -> Response:
        """Answer one feature as GeoJSON."""
        return await run_sync(answer_feature, request, name, feature, desk, caller, limiter=places)

    def answer_feature(request: Request, name: str, feature: str, desk: Desk, caller: Caller) -> Response:
        collection = _find(name, caller)
        _check_parameters(request)
        with desk.read() as store:
            reader = _make_reader(store, desk.now(), caller, cache)
            row = read_feature(store, collection, feature, reader)
            if row is None:
                raise _not_there(store, collection, feature, reader)
        return _answer(describe_feature(base_url(request), collection, row), GEOJSON)


def _name_collections(paths: dict[str, Any], caller: Caller) -> dict[str, Any]:
    """Return paths with one for each collection that the caller sees, with its properties as parameters.

    Clients look there for what they may ask of a collection.
    """
    made = {path: item for path, item in paths.items() if _TEMPLATE not in path}
    for path, item in paths.items():
        for each in COLLECTIONS.values() if _TEMPLATE in path else ():
            if each.is_seen(caller.level):
                get = item["get"]
                own = [one for one in get.get("parameters", []) if one["name"] != _TEMPLATE.strip("{}")]
                if path.endswith("/items"):
                    own += [
                        _parameter(name, described["description"], {"type": described["type"]})
                        for name, described in (
                            (name, describe_property(one))
                            for name, one in each.properties(caller.level).items()
                        )
                    ]
                named = {"parameters": own, "operationId": f"{get.get('operationId', path)}_{each.name}"}
                made[path.replace(_TEMPLATE, each.name)] = {"get": {**get, **named}}
    return made


def _check_parameters(request: Request) -> None:
    """Refuse every parameter but the format."""
    read_parameters(request.query_params.multi_items(), ("f",))


def _find(name: str, caller: Caller) -> Collection:
    """Return a collection that the caller sees; one that is not seen is not there."""
    found = COLLECTIONS.get(name)
    if found is None or not found.is_seen(caller.level):
        raise ServiceError(404, "there is no such collection here", where="collectionId", hint=_HIDDEN_HINT)
    return found


def _make_reader(
    store: Store, now: datetime, caller: Caller, cache: FeatureCache, question: Question = Question()
) -> Reader:
    """Return for whom, when and as of what is read; refuses a cursor of a state that is long past."""
    newest = store.last_change()
    as_of = newest if question.cursor is None else question.cursor.as_of
    if as_of > newest:
        raise _gone("is of a state that this service never had")
    if as_of < newest:
        following = store.read(CHANGES, Selection(equals={"change_id": as_of + 1}), columns=("at",))["at"]
        if not following.empty and following.iloc[0].to_pydatetime() < now - CURSOR_AGE:
            raise _gone("is of a state that is long past")
    hides_simulated = cache.hides_simulated(store, newest)
    return Reader(
        caller.level,
        now,
        as_of,
        hides_simulated,
        is_past=as_of < newest,
        secret=cache.secret,
        mission_delay=cache.mission_delay,
    )


def _gone(problem: str) -> ServiceError:
    return ServiceError(400, problem, where="cursor", hint="begin again without a cursor")


def _not_there(store: Store, collection: Collection, name: str, reader: Reader) -> ServiceError:
    """Return the answer for a feature that is not there, with what it became part of where that is seen."""
    hint = "it may be younger than the delay, or not released to you"
    if collection.table is INCIDENTS:
        into = find_merged(store, name, reader)
        if into is not None and str(into) != name and read_feature(store, collection, str(into), reader):
            hint = f"it became part of incident {into}"
    return ServiceError(404, "there is no such feature here", where="featureId", hint=hint)


def _answer(content: Any, type_: str) -> Response:
    headers = {}
    if isinstance(content, dict) and isinstance(content.get("links"), list):
        words = write_link_header(content["links"])
        if len(words) <= LINK_HEADER_MAX:
            headers["Link"] = words
    return Response(write_json(content), media_type=type_, headers=headers)


def _answers(type_: str) -> dict[str, Any]:
    """Return what the description says of the answers of a route."""
    answer = {"description": "OK", "content": {type_: {"schema": {"type": "object"}}}}
    return {"responses": {**_ERRORS, 200: answer}, "response_class": Response}
