"""The plan as a GeoPackage: one file with every layer described, styled and valid for GDAL and QGIS.

EPSG:4326, see `map_layers` for why. Layers are written by GDAL; descriptions of fields (the schema extension
of OGC 12-128r18, clause F.9) and styles (the table QGIS looks for) are added with SQL. Every date in the file
is the day the scenario describes, so the same plan gives the same bytes with the same GDAL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from truceline.plan.model import Plan
from truceline.publish.geopackage_file import CRS, GEOMETRY_COLUMN, add_field_descriptions, fixed_date
from truceline.publish.geopackage_styles import build_style
from truceline.publish.input_tables import ABOUT, fill_about, list_facts
from truceline.publish.map_layers import Layer, make_layers
from truceline.publish.table import Column, Table

_STYLE_TABLE = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME)
"""


def write_geopackage(plan: Plan, path: Path) -> bool:
    """Write the layers of the posture planned in full; False, and no file, where there is no map.

    path: a file that is not there yet. Raises OSError when it cannot be written.
    """
    layers = make_layers(plan)
    if not layers:
        return False
    stamp = f"{plan.scenario.as_of.isoformat()}T00:00:00.000Z"
    with fixed_date(stamp):
        for layer in layers:
            _write_layer(layer, _describe(layer.table, plan), path)
        _write_table(fill_about(plan), path)
    bands = [] if plan.ground is None else [band.name for band in plan.ground.zones.bands]
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN")
        add_field_descriptions(database, [*(layer.table for layer in layers), ABOUT])
        _add_styles(database, layers, bands, stamp)
        database.execute("UPDATE gpkg_contents SET last_change = ?", (stamp,))
        database.execute("COMMIT")
        database.execute("VACUUM")
    return True


def _describe(table: Table, plan: Plan) -> str:
    """Return the description of a layer: what it holds, for which posture, and what it rests on."""
    facts = dict(list_facts(plan))
    lines = [table.note]
    if any(column.name == "posture" for column in table.columns):
        lines.append(f"Posture: {plan.chosen.label}.")
    if any(column.unit == "1" for column in table.columns):
        # no share seen may stand without what it rests on
        lines.append(f"Sight: {facts['sight']}. Elevation cell: {facts['elevation cell']}.")
    lines.append(f"Tolerance of the line: {facts['tolerance of the line']}. As of {facts['as of']}.")
    lines.append(f"{facts['cite as']}.")
    return " ".join(lines)


def _write_layer(layer: Layer, description: str, path: Path) -> None:
    import geopandas
    from pyogrio import write_dataframe

    frame = geopandas.GeoDataFrame(_columns_of(layer.table), geometry=layer.geometry, crs=CRS)
    write_dataframe(
        frame,
        path,
        layer=layer.name,
        driver="GPKG",
        geometry_type=layer.geometry_type,
        promote_to_multi=layer.geometry_type.startswith("Multi"),
        layer_options=_options(layer.table, description) | {"GEOMETRY_NAME": GEOMETRY_COLUMN},
    )


def _write_table(table: Table, path: Path) -> None:
    import pandas
    from pyogrio import write_dataframe

    frame = pandas.DataFrame(_columns_of(table))
    options = _options(table, table.note)
    write_dataframe(frame, path, layer=table.name, driver="GPKG", layer_options=options)


def _options(table: Table, description: str) -> dict[str, str]:
    return {"IDENTIFIER": table.title, "DESCRIPTION": description}


def _columns_of(table: Table) -> dict[str, Any]:
    """Return the columns as arrays whose types depend on the column alone, never on what the rows hold."""
    import pandas

    return {
        column.name: pandas.array(table.values(column.name), dtype=_type_of(column))
        for column in table.columns
    }


def _type_of(column: Column) -> str:
    if not column.unit:
        return "boolean" if column.name.startswith("is_") else "str"
    return "Int64" if column.digits == 0 else "Float64"


def _add_styles(
    database: sqlite3.Connection, layers: Sequence[Layer], bands: Sequence[str], stamp: str
) -> None:
    """Add the table in which QGIS keeps styles, with the default style of every layer."""
    database.execute(_STYLE_TABLE)
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) VALUES (?, ?, ?, ?)",
        ("layer_styles", "attributes", "layer_styles", "Styles of the layers, read by QGIS"),
    )
    database.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,"
        " styleName, styleQML, styleSLD, useAsDefault, description, owner, ui, update_time)"
        " VALUES ('', '', ?, ?, 'truceline', ?, '', 1, ?, '', NULL, ?)",
        [
            (
                layer.name,
                GEOMETRY_COLUMN,
                build_style(layer.name, layer.geometry_type, bands),
                f"Default style of {layer.table.title}",
                stamp,
            )
            for layer in layers
        ],
    )
