"""How the layers look when QGIS opens them: QML written for the style table of the GeoPackage.

Colours from palettes that stay apart for colour-blind readers (Okabe and Ito for classes, cividis for
shares); the darkest is the least seen. Sizes in millimetres on paper. Nothing here reads a plan but the names
of its bands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

SHARE_CLASSES: tuple[tuple[float, float, str], ...] = (
    (0.0, 0.1, "0,34,78"),
    (0.1, 0.3, "53,69,108"),
    (0.3, 0.5, "102,105,112"),
    (0.5, 0.7, "148,142,119"),
    (0.7, 0.9, "200,184,102"),
    (0.9, 1.0, "254,232,56"),
)
"""Classes of a share or chance, with colours sampled from cividis (Nunez, Anderton and Renslow 2018)."""

SIDE_COLOURS = {"a": "0,114,178", "b": "230,159,0"}
KIND_COLOURS = {"post": "0,114,178", "unarmed_post": "86,180,233", "mast": "213,94,0"}
KIND_SHAPES = {"post": "triangle", "unarmed_post": "circle", "mast": "square"}
STATE_COLOURS = {"day": "230,159,0", "night": "0,114,178", "bad": "110,110,110"}
BAND_GREYS = ("150,150,150", "180,180,180", "205,205,205", "225,225,225")
"""Okabe and Ito (2008), Color Universal Design; greys for bands, nearest the line darkest."""

_VERSION = "3.28.0"
_GEOMETRY_CODES = {"Point": 0, "LineString": 1, "MultiLineString": 1, "Polygon": 2, "MultiPolygon": 2}
_BLACK, _WHITE = "35,35,35", "255,255,255"


@dataclass(frozen=True)
class Symbol:
    """One symbol: its kind, the class of its only layer, and the options of that layer."""

    kind: str
    layer_class: str
    options: Mapping[str, str]


def build_style(layer: str, geometry_type: str, bands: Sequence[str] = ()) -> str:
    """Return the QML of a layer by name; KeyError for a layer without a style.

    bands: names of the areas of limitation, nearest the line first.
    """
    renderer, labels = _RENDERERS[layer] if layer != "limitation_bands" else (_band_renderer(bands), "")
    shown = 'styleCategories="Symbology|Labeling" labelsEnabled=' + ('"1"' if labels else '"0"')
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        f'<qgis version="{_VERSION}" {shown}>'
        f"{renderer}{labels}"
        f"<layerGeometryType>{_GEOMETRY_CODES[geometry_type]}</layerGeometryType></qgis>\n"
    )


def style_of(layer: str) -> str:
    """Return in words what the style of a layer shows."""
    renderer = _RENDERERS[layer][0] if layer in _RENDERERS else _band_renderer([])
    attribute = re.search(r' attr="([^"]*)"', renderer)
    return f"`{attribute[1]}`" if attribute else "one symbol"


def fill(colour: str, opacity: float, outline: str = "", width_mm: float = 0.2) -> Symbol:
    """Return a filled area, without outline unless a colour is given."""
    options = {
        "color": _with_opacity(colour, opacity),
        "style": "solid",
        "outline_color": _with_opacity(outline or colour, 1.0),
        "outline_style": "solid" if outline else "no",
        "outline_width": f"{width_mm:g}",
        "outline_width_unit": "MM",
    }
    return Symbol("fill", "SimpleFill", options)


def stroke(colour: str, width_mm: float, style: str = "solid") -> Symbol:
    """Return a line."""
    options = {
        "line_color": _with_opacity(colour, 1.0),
        "line_width": f"{width_mm:g}",
        "line_width_unit": "MM",
        "line_style": style,
        "capstyle": "round",
        "joinstyle": "round",
    }
    return Symbol("line", "SimpleLine", options)


def marker(shape: str, colour: str, size_mm: float) -> Symbol:
    """Return a point with a thin white rim."""
    options = {
        "name": shape,
        "color": _with_opacity(colour, 1.0),
        "outline_color": _with_opacity(_WHITE, 1.0),
        "outline_style": "solid",
        "outline_width": "0.2",
        "outline_width_unit": "MM",
        "size": f"{size_mm:g}",
        "size_unit": "MM",
    }
    return Symbol("marker", "SimpleMarker", options)


def _with_opacity(colour: str, opacity: float) -> str:
    return f"{colour},{round(255 * opacity)}"


def _symbols(symbols: Iterable[Symbol]) -> str:
    """Return symbols numbered in their order; options twice, as QGIS before and after 3.26 reads them."""
    found = []
    for index, symbol in enumerate(symbols):
        options = "".join(
            f'<Option type="QString" name="{key}" value="{value}"/>' for key, value in symbol.options.items()
        )
        old = "".join(f'<prop k="{key}" v="{value}"/>' for key, value in symbol.options.items())
        found.append(
            f'<symbol name="{index}" type="{symbol.kind}" alpha="1" clip_to_extent="1" force_rhr="0">'
            f'<layer class="{symbol.layer_class}" enabled="1" locked="0" pass="0">'
            f'<Option type="Map">{options}</Option>{old}</layer></symbol>'
        )
    return f"<symbols>{''.join(found)}</symbols>"


def _single(symbol: Symbol) -> str:
    return f'<renderer-v2 type="singleSymbol" symbollevels="0">{_symbols([symbol])}</renderer-v2>'


def _categories(field: str, classes: Sequence[tuple[str, str, Symbol]]) -> str:
    """Return a renderer with one symbol for each (value, label, symbol)."""
    listed = "".join(
        f'<category type="string" value="{escape(value)}" label="{escape(label)}" symbol="{i}"'
        ' render="true"/>'
        for i, (value, label, _) in enumerate(classes)
    )
    symbols = _symbols(symbol for _, _, symbol in classes)
    return (
        f'<renderer-v2 type="categorizedSymbol" attr="{field}" symbollevels="0">'
        f"<categories>{listed}</categories>{symbols}</renderer-v2>"
    )


def _shares(field: str, symbols: Sequence[Symbol]) -> str:
    """Return a renderer with one symbol for each class of a share."""
    ranges = "".join(
        f'<range lower="{low:g}" upper="{high:g}" label="{low:.0%} to {high:.0%}" symbol="{i}"'
        ' render="true"/>'
        for i, (low, high, _) in enumerate(SHARE_CLASSES)
    )
    return (
        f'<renderer-v2 type="graduatedSymbol" attr="{field}" graduatedMethod="GraduatedColor">'
        f"<ranges>{ranges}</ranges>{_symbols(symbols)}</renderer-v2>"
    )


def _labels(field: str) -> str:
    return (
        '<labeling type="simple"><settings calloutType="simple">'
        f'<text-style fieldName="{field}" isExpression="0" fontFamily="Sans Serif" fontSize="9"'
        f' fontSizeUnit="Point" textColor="{_BLACK},255" textOpacity="1">'
        f'<text-buffer bufferDraw="1" bufferSize="0.8" bufferSizeUnits="MM" bufferColor="{_WHITE},255"/>'
        '</text-style><placement placement="2"/></settings></labeling>'
    )


def _band_renderer(bands: Sequence[str]) -> str:
    classes = [
        (name, name, fill(BAND_GREYS[min(i, len(BAND_GREYS) - 1)], 0.35, "150,150,150"))
        for i, name in enumerate(bands)
    ]
    return _categories("band", classes)


_KIND_LABELS = {"post": "Post", "unarmed_post": "Unarmed post", "mast": "Mast"}
_STATE_LABELS = {"day": "Clear day", "night": "Clear night", "bad": "Bad weather"}

_RENDERERS: dict[str, tuple[str, str]] = {
    "line_of_contact": (_single(stroke(_BLACK, 0.7)), ""),
    "sectors": (
        _shares("detect_share", [stroke(colour, 3.0) for _, _, colour in SHARE_CLASSES]),
        _labels("sector"),
    ),
    "separation_zone": (
        _categories(
            "side",
            [(side, f"Side {side}", fill(colour, 0.15, colour)) for side, colour in SIDE_COLOURS.items()],
        ),
        "",
    ),
    "demand_cells": (
        _shares("detect_night_share", [fill(colour, 0.75) for _, _, colour in SHARE_CLASSES]),
        "",
    ),
    "crossing_profile": (
        _shares("p_least_night", [stroke(colour, 1.6) for _, _, colour in SHARE_CLASSES]),
        "",
    ),
    "weakest_crossings": (
        _categories(
            "state",
            [
                (state, _STATE_LABELS[state], stroke(colour, 0.5, "dash"))
                for state, colour in STATE_COLOURS.items()
            ],
        ),
        "",
    ),
    "reaction_bases": (_single(marker("diamond", "0,158,115", 3.6)), ""),
    "posts": (
        _categories(
            "kind",
            [
                (kind, _KIND_LABELS[kind], marker(KIND_SHAPES[kind], KIND_COLOURS[kind], 2.4))
                for kind in KIND_COLOURS
            ],
        ),
        "",
    ),
}
