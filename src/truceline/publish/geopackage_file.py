"""What every GeoPackage of ours shares: one date throughout, and a description of every field.

Field descriptions follow the schema extension of OGC 12-128r18, clause F.9. Knows tables, not what they hold.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from truceline.publish.table import Column, Table

CRS = "EPSG:4326"
GEOMETRY_COLUMN = "geom"
_SCHEMA_EXTENSION = "http://www.geopackage.org/spec121/#extension_schema"
_SCHEMA_TABLES = (
    """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
  mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name))
""",
    """
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
  min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))
""",
)


@contextmanager
def fixed_date(stamp: str) -> Iterator[None]:
    """Make GDAL write one date instead of the time of day."""
    from pyogrio import get_gdal_config_option, set_gdal_config_options

    before = get_gdal_config_option("OGR_CURRENT_DATE")
    set_gdal_config_options({"OGR_CURRENT_DATE": stamp})
    try:
        yield
    finally:
        set_gdal_config_options({"OGR_CURRENT_DATE": before})


def add_field_descriptions(database: sqlite3.Connection, tables: Sequence[Table]) -> None:
    """Add the schema extension with a description of every field."""
    for statement in _SCHEMA_TABLES:
        database.execute(statement)
    database.executemany(
        "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_schema', ?, 'read-write')",
        [(name, _SCHEMA_EXTENSION) for name in ("gpkg_data_columns", "gpkg_data_column_constraints")],
    )
    database.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, name, title, description)"
        " VALUES (?, ?, ?, ?, ?)",
        [
            (table.name, column.name, column.name.replace("_", " "), _title(column), column.description)
            for table in tables
            for column in table.columns
        ],
    )


def _title(column: Column) -> str:
    """Return the name of a field in words, with its unit."""
    return f"{column.name.replace('_', ' ')} ({column.unit})" if column.unit not in ("", "1") else column.name
