"""Styles, units and words inside a GeoPackage that is otherwise finished."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from geo.field_notes import LAYER_NOTES
from geo.qgis_style import qml

_STYLES = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
  f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
  styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN,
  description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME
)"""  # QGIS, "Save layer style"
_COLUMNS = """
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT,
  description TEXT, mime_type TEXT, constraint_name TEXT,
  CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name)
)"""  # OGC 12-128r18, table 19
_SCHEMA_EXTENSION = (
    "gpkg_data_columns",
    None,
    "gpkg_schema",
    "http://www.geopackage.org/spec120/#extension_schema",
    "read-write",
)
_STYLED = ("point", "line", "polygon")


def write_notes(path: Path, layers: Mapping[str, str], stamp: str) -> None:
    """Put a style for QGIS on each layer of assets, and a note on every field.

    Args:
        path: A GeoPackage that GDAL finished.
        layers: Which of LAYER_NOTES each layer of the file is.
        stamp: Time of the styles, such as 2026-11-24T04:30:00.000Z.
    """
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(_COLUMNS)
        database.execute(
            "INSERT INTO gpkg_extensions VALUES (?, ?, ?, ?, ?)", _SCHEMA_EXTENSION
        )
        for layer, kind in layers.items():
            database.executemany(
                "INSERT INTO gpkg_data_columns VALUES (?, ?, ?, ?, ?, NULL, NULL)",
                [
                    (layer, name, name, note.unit or None, note.words)
                    for name, note in LAYER_NOTES[kind].items()
                ],
            )
        _write_styles(database, layers, stamp)


def _write_styles(
    database: sqlite3.Connection, layers: Mapping[str, str], stamp: str
) -> None:
    database.execute(_STYLES)
    database.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change)"
        " VALUES ('layer_styles', 'attributes', 'layer_styles', ?)",
        (stamp,),
    )
    for group in _STYLED:
        layer = f"assets_{group}"
        if layer in layers:
            database.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema,"
                " f_table_name, f_geometry_column, styleName, styleQML, useAsDefault,"
                " description, update_time)"
                " VALUES ('', '', ?, 'geom', 'karte', ?, 1, 'Karte', ?)",
                (layer, qml(group), stamp),
            )
