"""Records of the watching as files: a GeoPackage, a GeoJSON or a folder of CSV, each whole or not at all.

Positions are WGS 84 degrees, times UTC. Cells that a spreadsheet would take for formulas are neutralised in
CSV; the notices the sources ask for go with every file.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from truceline.errors import OutputError, Problem
from truceline.events.kinds import Releasability
from truceline.events.schema import ColumnType
from truceline.events.schema import Table as StoreTable
from truceline.files import replace_folder, write_atomically
from truceline.monitor.exporting import Records
from truceline.publish.geopackage_file import CRS, GEOMETRY_COLUMN, add_field_descriptions, fixed_date
from truceline.publish.hxl_tags import add_tag_row, list_tags
from truceline.publish.table import Column, Table, clean, starts_like_a_formula

if TYPE_CHECKING:
    import pandas as pd

MARKER = "export.json"
"""File that says a folder of CSV was made here and may be replaced."""
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_UNITS = {"lon": "degree", "lat": "degree", "deg": "degree", "m": "m", "p": "1"}


def write_records(records: Records, path: Path, *, with_hxl: bool = False) -> tuple[str, ...]:
    """Write records as the ending of `path` says, and return the names of what was written.

    `.gpkg` and `.geojson` are files; a name without an ending is a folder with a CSV for each kind of record.
    With `with_hxl` each CSV has a second row of hashtags. Raises OutputError for another ending, for hashtags
    in anything but CSV, or when the disk refuses.
    """
    if with_hxl and path.suffix:
        problem = Problem("--hxl", "puts hashtags into CSV alone", "give a folder")
        raise OutputError("output", [problem])
    if path.suffix == ".gpkg":
        _write_geopackage(records, path)
        return (path.name,)
    if path.suffix in (".geojson", ".json"):
        write_atomically(path, _to_geojson(records))
        return (path.name,)
    if path.suffix:
        hint = "end it in .gpkg or .geojson, or give a folder for CSV"
        raise OutputError("output", [Problem(str(path), f"'{path.suffix}' is no format of an export", hint)])
    names = []
    with replace_folder(path, marker=MARKER) as folder:
        for kind, frame in records.frames.items():
            text = to_csv(frame)
            if with_hxl:
                text = add_tag_row(text, list_tags(kind, [str(name) for name in frame.columns]))
            write_atomically(folder / f"{kind}.csv", text)
            names.append(f"{kind}.csv")
        write_atomically(folder / "fields.csv", _list_fields(records))
        write_atomically(folder / MARKER, json.dumps(_about(records), indent=1, ensure_ascii=False) + "\n")
    return (*names, "fields.csv", MARKER)


def describe_table(table: StoreTable) -> Table:
    """Return the description of a table of records: columns, units and meanings."""
    columns = tuple(Column(each.name, _unit_of(each.name), each.meaning) for each in table.fields)
    return Table(table.name, table.name.capitalize(), table.meaning, columns)


def to_csv(frame: pd.DataFrame) -> str:
    """Return a frame as comma-separated text; texts that look like formulas get an apostrophe in front."""
    made = frame.copy()
    for name in made.columns:
        if str(made[name].dtype).startswith("datetime64"):
            made[name] = made[name].dt.strftime(_MOMENT)
        elif made[name].dtype == object:
            made[name] = made[name].map(_neutralise)
    return str(made.to_csv(index=False, lineterminator="\n"))


def _neutralise(value: object) -> object:
    words = clean(value) if isinstance(value, str) else value
    return f"'{words}" if starts_like_a_formula(words) else words


def _unit_of(name: str) -> str:
    return next((unit for end, unit in _UNITS.items() if name == end or name.endswith(f"_{end}")), "")


def _about(records: Records) -> dict[str, Any]:
    """Return what a reader must know of the export as a whole."""
    edition = {"level": str(records.level), "not_released": records.n_unreleased}
    return {
        "title": records.title,
        **({} if records.level is Releasability.mission else edition),
        "since": None if records.since is None else f"{records.since.isoformat()}Z",
        "until": f"{records.until.isoformat()}Z",
        "rows": {kind: len(frame) for kind, frame in records.frames.items()},
        "withheld_as_too_young": records.n_withheld,
        "withheld_as_simulated": records.n_simulated,
        "notices": list(records.notices),
    }


def _list_fields(records: Records) -> str:
    rows = [
        (kind, column.name, column.unit, column.description)
        for kind in records.frames
        for column in describe_table(records.table(kind)).columns
    ]
    columns = (
        Column("table", "", ""),
        Column("field", "", ""),
        Column("unit", "", ""),
        Column("meaning", "", ""),
    )
    return Table("fields", "", "", columns).filled(rows).to_csv()


def _to_geojson(records: Records) -> str:
    """Return a feature collection; every feature says in `record` what kind it is."""
    features = []
    for kind, frame in records.frames.items():
        has_place = {"lon", "lat"} <= set(frame.columns)
        for row in _plain_rows(frame):
            lon, lat = (row.pop("lon"), row.pop("lat")) if has_place else (None, None)
            geometry = None if lon is None or lat is None else {"type": "Point", "coordinates": [lon, lat]}
            features.append({"type": "Feature", "geometry": geometry, "properties": {"record": kind, **row}})
    collection = {"type": "FeatureCollection", "about": _about(records), "features": features}
    return json.dumps(collection, ensure_ascii=False, allow_nan=False) + "\n"


def _plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON can hold them: None for what is missing, times as text."""
    columns = {str(name): _plain(frame[name]) for name in frame.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _plain(column: pd.Series) -> list[Any]:
    missing = column.isna().to_numpy()
    if str(column.dtype).startswith("datetime64"):
        column = column.dt.strftime(_MOMENT)
    values = column.astype(object).tolist()
    return [None if gone else value for value, gone in zip(values, missing, strict=True)]


def _write_geopackage(records: Records, path: Path) -> None:
    """Write a layer for each kind of record; a table where a kind has no place."""
    import geopandas
    import shapely
    from pyogrio import write_dataframe
    from pyogrio.errors import DataSourceError

    stamp = f"{records.until:%Y-%m-%dT%H:%M:%S}.000Z"
    temporary = path.with_name(f".{path.stem}.new.gpkg")
    about = json.dumps(_about(records), ensure_ascii=False)
    try:
        temporary.unlink(missing_ok=True)
        with fixed_date(stamp):
            for kind, frame in records.frames.items():
                table = records.table(kind)
                options = {"IDENTIFIER": table.name, "DESCRIPTION": f"{table.meaning}. {about}"}
                plain = _for_gdal(frame, table)
                if "lon" not in frame:
                    write_dataframe(plain, temporary, layer=kind, driver="GPKG", layer_options=options)
                    continue
                points = shapely.points(frame["lon"].to_numpy(float), frame["lat"].to_numpy(float))
                points = np.where(np.isnan(frame["lat"].to_numpy(float)), None, points)
                layer = geopandas.GeoDataFrame(plain, geometry=points, crs=CRS)
                write_dataframe(
                    layer,
                    temporary,
                    layer=kind,
                    driver="GPKG",
                    geometry_type="Point",
                    layer_options=options | {"GEOMETRY_NAME": GEOMETRY_COLUMN},
                )
        with closing(sqlite3.connect(temporary, isolation_level=None)) as database:
            database.execute("BEGIN")
            add_field_descriptions(database, [describe_table(records.table(kind)) for kind in records.frames])
            database.execute("UPDATE gpkg_contents SET last_change = ?", (stamp,))
            database.execute("COMMIT")
            database.execute("VACUUM")
        temporary.replace(path)
    except (OSError, sqlite3.Error, DataSourceError) as error:
        found = f"cannot be written: {str(error).lower()}"
        raise OutputError("output", [Problem(str(path), found, "check the folder and its rights")]) from None
    finally:
        temporary.unlink(missing_ok=True)


def _for_gdal(frame: pd.DataFrame, table: StoreTable) -> pd.DataFrame:
    """Return the frame in types whose fields depend on the table alone, not on what the rows hold."""
    import pandas as pd

    made = {}
    for each in table.fields:
        column = frame[each.name]
        if each.type is ColumnType.text:
            made[each.name] = pd.array(column.tolist(), dtype="str")
        elif each.type is ColumnType.moment:
            made[each.name] = column.astype("datetime64[ms]").dt.tz_localize("UTC")
        else:
            made[each.name] = column
    return pd.DataFrame(made, index=frame.index)
