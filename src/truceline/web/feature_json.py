"""Features, collections and their links as the JSON that map clients expect (OGC 17-069r4, RFC 7946)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from truceline.events.kinds import Releasability
from truceline.web.collections import Collection, describe_property
from truceline.web.feature_cache import Extent
from truceline.web.feature_query import CRS84
from truceline.web.feature_reading import FeaturePage, Row
from truceline.web.moments import write_moment

JSON = "application/json"
GEOJSON = "application/geo+json"
SCHEMA = "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
_GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
_OUTLINE_DECIMALS = 6
_BESIDE = ("id", "lon", "lat", "shape")
"""Keys of a row that are no properties."""

CONFORMANCE = (
    *(
        f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}"
        for name in ("core", "oas30", "geojson")
    ),
    *(
        f"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/{name}"
        for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(
        f"http://www.opengis.net/spec/cql2/1.0/conf/{name}"
        for name in ("cql2-text", "basic-cql2", "advanced-comparison-operators", "basic-spatial-functions")
    ),
)
"""What of the standards is kept; nothing stands here that no test asks for."""

Link = dict[str, str]


def make_link(rel: str, href: str, type_: str, title: str = "") -> Link:
    """Return a link."""
    return {"rel": rel, "href": href, "type": type_, **({"title": title} if title else {})}


def write_json(content: Any) -> str:
    """Return JSON with times as RFC 3339; NaN is a defect and raises ValueError."""
    return json.dumps(
        content, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_write_other
    )


def write_link_header(links: Sequence[Link]) -> str:
    """Return links for the header `Link`; titles stay out, which may hold any letters."""
    return ", ".join(f'<{each["href"]}>; rel="{each["rel"]}"; type="{each["type"]}"' for each in links)


def describe_landing(base: str, title: str) -> dict[str, Any]:
    """Return the landing page."""
    return {
        "title": title,
        "description": "Reports, incidents and effort of a monitoring mission, for maps and statistics.",
        "links": [
            make_link("self", f"{base}/", JSON, "This page"),
            make_link("service-desc", f"{base}/api/3.0", OPENAPI, "How to ask, as OpenAPI"),
            make_link("conformance", f"{base}/conformance", JSON, "Standards that are kept"),
            make_link("data", f"{base}/collections", JSON, "Collections"),
        ],
    }


def describe_collection(base: str, collection: Collection, extent: Extent, notices: str) -> dict[str, Any]:
    """Return what a client needs to know of a collection before it reads any of it."""
    address = f"{base}/collections/{collection.name}"
    made: dict[str, Any] = {
        "id": collection.name,
        "title": collection.title,
        "description": collection.meaning,
        "itemType": "feature",
        "crs": [CRS84],
        "extent": {"spatial": {"bbox": [list(extent.box)], "crs": CRS84}},
        "links": [
            make_link("self", address, JSON, collection.title),
            make_link("items", f"{address}/items", GEOJSON, f"{collection.title} as GeoJSON"),
            make_link(QUERYABLES, f"{address}/queryables", SCHEMA, "What may be asked of them"),
            make_link("describedBy", f"{address}/schema", SCHEMA, "Types of their properties"),
            make_link("root", f"{base}/", JSON),
        ],
    }
    if extent.first is not None:
        ends = [None if end is None else write_moment(end) for end in (extent.first, extent.last)]
        made["extent"]["temporal"] = {"interval": [ends], "trs": _GREGORIAN}
    if notices:
        made["attribution"] = notices
    return made


def describe_schema(base: str, collection: Collection, level: Releasability) -> dict[str, Any]:
    """Return the JSON Schema of one feature, from which clients take the types of its properties."""
    properties = {name: describe_property(each) for name, each in collection.properties(level).items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{base}/collections/{collection.name}/schema",
        "type": "object",
        "title": collection.title,
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "integer" if collection.has_numbers else "string"},
            "geometry": {"title": collection.geometry},
            "properties": {"type": "object", "properties": properties},
        },
    }


def describe_queryables(base: str, collection: Collection, level: Releasability) -> dict[str, Any]:
    """Return the JSON Schema of what may be asked of a collection."""
    properties: dict[str, Any] = {
        "geometry": {
            "title": "Geometry",
            "x-ogc-role": "primary-geometry",
            "format": f"geometry-{collection.geometry.lower()}",
        }
    }
    for name, each in collection.properties(level).items():
        properties[name] = describe_property(each)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{base}/collections/{collection.name}/queryables",
        "type": "object",
        "title": collection.title,
        "description": collection.meaning,
        "properties": properties,
        "additionalProperties": False,
    }


def describe_page(
    base: str,
    collection: Collection,
    page: FeaturePage,
    asked: Sequence[tuple[str, str]],
    cursor: str,
    now: datetime,
) -> dict[str, Any]:
    """Return a page of features; `cursor` is where the next begins, empty where there is none."""
    address = f"{base}/collections/{collection.name}"
    links = [
        make_link("self", _address(f"{address}/items", asked), GEOJSON, "This page"),
        make_link("collection", address, JSON, collection.title),
    ]
    if cursor:
        following = [*(pair for pair in asked if pair[0] != "cursor"), ("cursor", cursor)]
        links.append(make_link("next", _address(f"{address}/items", following), GEOJSON, "Next page"))
    made: dict[str, Any] = {
        "type": "FeatureCollection",
        "timeStamp": write_moment(now),
        "numberReturned": len(page.rows),
        "features": [make_feature(row) for row in page.rows],
        "links": links,
    }
    if page.n_matched is not None:
        made["numberMatched"] = page.n_matched
    return made


def describe_feature(base: str, collection: Collection, row: Row) -> dict[str, Any]:
    """Return one feature with its links."""
    address = f"{base}/collections/{collection.name}"
    links = [
        make_link("self", f"{address}/items/{quote(str(row['id']), safe='')}", GEOJSON),
        make_link("collection", address, JSON, collection.title),
    ]
    return {**make_feature(row), "links": links}


def make_feature(row: Row) -> dict[str, Any]:
    """Return a row as a feature of GeoJSON."""
    return {
        "type": "Feature",
        "id": row["id"],
        "geometry": _geometry(row),
        "properties": {name: value for name, value in row.items() if name not in _BESIDE},
    }


def _geometry(row: Row) -> dict[str, Any] | None:
    if "shape" in row:
        if not row["shape"]:
            return None
        import shapely

        shape = shapely.from_wkt(row["shape"])
        made: dict[str, Any] = json.loads(
            shapely.to_geojson(shapely.transform(shape, lambda xy: xy.round(_OUTLINE_DECIMALS)))
        )
        return made
    if row["lon"] is None or row["lat"] is None:
        return None
    return {"type": "Point", "coordinates": [row["lon"], row["lat"]]}


def _address(address: str, asked: Sequence[tuple[str, str]]) -> str:
    # What cannot be encoded was never understood, so it stands in no answer but this one.
    return f"{address}?{urlencode(asked, errors='replace')}" if asked else address


def _write_other(value: Any) -> str:
    if isinstance(value, datetime):
        return write_moment(value)
    raise TypeError(f"{type(value)} is not written as JSON")
