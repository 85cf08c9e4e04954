"""Owners' files are read as they are, or refused in words."""

import json

import geopandas
import pytest
from shapely import Point

from data.column_names import ColumnMapping
from data.errors import RefusedError
from data.inventory import read_sources
from data.refusals import RefusalCode

VRT = "<OGRVRTDataSource><OGRVRTLayer name='a'/></OGRVRTDataSource>"
LEGACY = (
    '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": '
    '{"name": "第二新橋"}, "geometry": {"type": "Point", "coordinates": [140, 36]}}]}'
).encode("cp932")


def written(tmp_path, content, name="a.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(
        content if isinstance(content, bytes) else content.encode(encoding)
    )
    return path


def source_of(path, **mapping):
    return next(read_sources(path, ColumnMapping(**mapping)))


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "#", "|"])
def test_the_delimiter_is_that_of_the_header(tmp_path, delimiter):
    rows = [["id", "name", "wkt"], ["1", "a", "SRID=6668;POINT(140 36)"]]
    text = "\n".join(delimiter.join(f'"{v}"' for v in row) for row in rows)
    source = source_of(written(tmp_path, text))
    assert source.columns["name"] == ["a"]
    assert source.crs == ["EPSG:6668"]
    assert source.geometry[0].wkt == "POINT (140 36)"
    assert source.where(0) == "a.csv row 2"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "euc_jp"])
def test_japanese_is_read_in_the_encodings_owners_use(tmp_path, encoding):
    text = "施設番号,橋梁名,wkt\n1,第二新橋,SRID=4326;POINT(140 36)\n"
    source = source_of(written(tmp_path, text, encoding=encoding))
    assert source.columns["橋梁名"] == ["第二新橋"]
    assert source.columns["施設番号"] == ["1"]


def test_full_width_coordinates_are_numbers(tmp_path):
    path = written(tmp_path, "id,経度,緯度\n1,１４０．５,３６．２５\n2,,36\n")
    source = source_of(path, crs="EPSG:6668")
    assert source.geometry[0].wkt == "POINT (140.5 36.25)"
    assert source.geometry[1] is None
    assert source.crs == ["EPSG:6668"] * 2


def test_wkt_that_cannot_be_read_is_no_geometry(tmp_path):
    path = written(tmp_path, "id;wkt\n1;POINT(1\n2;SRID=4326;POINT(140 36)\n")
    with pytest.raises(RefusedError):  # the SRID's semicolon is a delimiter here
        source_of(path)
    path = written(tmp_path, "id,wkt\n1,POINT(1\n2,POINT(140 36)\n")
    assert [one is None for one in source_of(path).geometry] == [True, False]


def test_geojson_is_read_with_all_its_rows(tmp_path):
    features = [
        {
            "type": "Feature",
            "properties": {"id": "B1", "名称": "新橋", "length": 45.5, "none": None},
            "geometry": {"type": "Point", "coordinates": [140.0, 36.0]},
        },
        {"type": "Feature", "properties": {"id": "B2"}, "geometry": None},
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    source = source_of(written(tmp_path, text, "b.geojson"))
    assert source.columns["名称"] == ["新橋", None]
    assert source.columns["length"] == ["45.5", None]
    assert source.geometry[1] is None
    assert source.crs == ["EPSG:4326"] * 2


def test_every_layer_of_a_geopackage_is_read(tmp_path):
    path = tmp_path / "c.gpkg"
    for layer, x in (("a", 0.0), ("b", 1000.0)):
        frame = geopandas.GeoDataFrame(
            {"id": [layer]}, geometry=[Point(x, 0)], crs="EPSG:6677"
        )
        frame.to_file(path, layer=layer, driver="GPKG")
    sources = list(read_sources(path, ColumnMapping()))
    assert [source.name for source in sources] == ["c.gpkg:a", "c.gpkg:b"]
    assert {source.crs[0] for source in sources} == {"EPSG:6677"}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", "", RefusalCode.EMPTY),
        ("a.csv", b"\xff\xfe\x81", RefusalCode.UNREADABLE),
        ("a.csv", "\n\n", RefusalCode.SCHEMA),
        ("a.csv", "id,name\n1,a\n", RefusalCode.SCHEMA),
        ("a.csv", "id,id,wkt\n1,2,POINT(1 1)\n", RefusalCode.SCHEMA),
        ("a.csv", "id,wkt\n1,POINT(1 1),x\n", RefusalCode.SCHEMA),
        ("a.xlsx", "PK", RefusalCode.UNKNOWN_TYPE),
        ("a.geojson", "{", RefusalCode.UNREADABLE),
        ("a.gpkg", "SQLite format 3\0", RefusalCode.UNREADABLE),
        ("a.gpkg", "SQLite format 2", RefusalCode.UNKNOWN_TYPE),
        ("a.json", VRT, RefusalCode.UNKNOWN_TYPE),
        ("a.geojson", b"\x81{", RefusalCode.UNKNOWN_TYPE),
        ("a.geojson", LEGACY, RefusalCode.UNREADABLE),
    ],
)
def test_a_file_that_is_no_inventory_is_refused_in_words(tmp_path, name, content, code):
    with pytest.raises(RefusedError) as caught:
        source_of(written(tmp_path, content, name))
    assert caught.value.refusal.code is code
    assert caught.value.refusal.remedy


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(RefusedError) as caught:
        source_of(tmp_path)
    assert caught.value.refusal.code is RefusalCode.NOT_A_FILE
