"""What owners' files hold by mistake or malice costs itself, and is said in words."""

import json

import numpy as np
import pytest

from data.assets import AssetKind
from data.column_names import ColumnMapping
from data.errors import RefusedError
from data.refusals import RefusalCode
from pipelines.inventory import read_inventory, suggest_mapping


def read(tmp_path, text, *, name="a.csv", encoding="utf-8", **mapping):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    given = {"kind": AssetKind.BRIDGE, "crs": "EPSG:6668"} | mapping
    return read_inventory(path, mapping=ColumnMapping(**given))


def only(tmp_path, text, **options):
    table, refused = read(tmp_path, text, **options)
    assert table.num_rows == 1, refused
    return table.to_pylist()[0], refused


def bad(tmp_path, text, **options):
    table, refused = read(tmp_path, text, **options)
    assert table.num_rows == 0
    assert refused[-1].value.endswith("bad rows")
    return refused[0]


def test_a_name_of_ten_thousand_characters_is_cut_and_said(tmp_path):
    row, refused = only(tmp_path, f"id,名称,lon,lat\n1,{'橋' * 10_000},139.7,35.6\n")
    assert row["name"] == "橋" * 200
    assert refused[0].code is RefusalCode.OUT_OF_RANGE
    assert "10000" in refused[0].value


def test_control_and_direction_characters_are_taken_out_of_names(tmp_path):
    text = "id,名称,lon,lat\n1,新\u202e橋\u200f\x00\x07\u2066!,139.7,35.6\n"
    assert only(tmp_path, text)[0]["name"] == "新橋!"


def test_a_formula_is_text(tmp_path):
    text = 'id,名称,lon,lat\n="007",=HYPERLINK(A1),139.7,35.6\n'
    row, _ = only(tmp_path, text)
    assert (row["id"], row["name"]) == ("bridge-007", "=HYPERLINK(A1)")


def test_swapped_axes_are_refused_with_the_remedy_that_works(tmp_path):
    text = "id,lon,lat\n1,35.6,139.7\n"
    said = bad(tmp_path, text)
    assert "35.6, 139.7" in said.value
    assert "swap_axes" in said.remedy
    row, _ = only(tmp_path, text, swap_axes=True)
    assert (row["longitude"], row["latitude"]) == (139.7, 35.6)


def test_swapped_axes_in_geojson_are_refused_too(tmp_path):
    feature = {
        "type": "Feature",
        "properties": {"id": "1"},
        "geometry": {
            "type": "LineString",
            "coordinates": [[35.6, 139.7], [35.6, 139.8]],
        },
    }
    text = json.dumps({"type": "FeatureCollection", "features": [feature]})
    assert "swap_axes" in bad(tmp_path, text, name="a.geojson").remedy


@pytest.mark.parametrize(
    ("place", "hint"),
    [
        ("0,0", "left empty"),
        ("139.7,-35.6", "sign"),
        ("-139.7,35.6", "sign"),
        ("-12081.0,-44369.5", "map easting and northing"),
        ("-122.4,37.8", "outside_japan"),
        ("139.7,", "correct the geometry"),
        ("不明,不明", "correct the geometry"),
        ("nan,35.6", "correct the geometry"),
    ],
)
def test_a_place_that_cannot_be_right_is_refused_with_a_hint(tmp_path, place, hint):
    assert hint in bad(tmp_path, f"id,lon,lat\n1,{place}\n").remedy


def test_a_place_abroad_is_taken_if_it_is_meant(tmp_path):
    row, _ = only(tmp_path, "id,lon,lat\n1,-122.4,37.8\n", outside_japan=True)
    assert row["longitude"] == -122.4


def test_bad_rows_are_left_out_and_listed_where_a_person_says_so(tmp_path):
    text = "id,名称,lon,lat\n1,a,139.7,35.6\n2,b,,\n3,c,0,0\n"
    row, refused = only(tmp_path, text, leave_out_bad_rows=True)
    assert row["id"] == "bridge-1"
    assert [one.what for one in refused] == ["a.csv row 3", "a.csv row 4"]


def test_a_byte_order_mark_and_semicolons_are_read(tmp_path):
    text = "id;名称;lon;lat\n1;新橋;139.7;35.6\n"
    row, _ = only(tmp_path, text, encoding="utf-8-sig")
    assert (row["id"], row["name"]) == ("bridge-1", "新橋")
    assert only(tmp_path, "sep=;\n" + text)[0]["name"] == "新橋"
    wide = text.replace(";", "\t")
    assert only(tmp_path, wide, encoding="utf-16")[0]["name"] == "新橋"


def test_a_wrong_declared_encoding_is_refused_and_the_right_one_named(tmp_path):
    text = "id,名称,lon,lat\n1,第二新橋,139.7,35.6\n"
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode("cp932"))
    with pytest.raises(RefusedError, match="it fits cp932"):
        read_inventory(path, mapping=ColumnMapping(encoding="utf-8"))


def test_mixed_and_solid_geometries_of_one_file(tmp_path):
    shapes = {
        "P": "POINT Z (139.7 35.6 12)",
        "L": "LINESTRING Z (139.7 35.7 1, 139.701 35.7 2)",
        "M": "MULTILINESTRING ((139.7 35.8, 139.8 35.8),(139.8 35.8, 139.9 35.8))",
        "A": "POLYGON ((139.7 35.9, 139.701 35.9, 139.701 35.901, 139.7 35.9))",
    }
    rows = "".join(f'{name},"{wkt}"\n' for name, wkt in shapes.items())
    table, refused = read(tmp_path, "id,wkt\n" + rows)
    assert not refused
    assert sorted(table["id"].to_pylist()) == ["A", "L", "M", "P"]
    assert {len(one) for one in table["geometry"].to_pylist()} == {21, 41, 57, 77}


@pytest.mark.parametrize(
    "wkt",
    [
        "POINT EMPTY",
        "LINESTRING EMPTY",
        "GEOMETRYCOLLECTION (POINT (139.7 35.6))",
        "MULTIPOINT (139.7 35.6, 139.8 35.6)",
        "POLYGON ((139 35, 140 36, 140 35, 139 36, 139 35))",
        "LINESTRING (139 35, 139 35)",
        "CIRCULARSTRING (139 35, 140 35, 140 36)",
        "",
    ],
)
def test_a_geometry_that_is_no_place_is_refused(tmp_path, wkt):
    assert bad(tmp_path, f'id,wkt\n1,"{wkt}"\n').code is RefusalCode.BAD_ROW


def test_a_lat_lon_id_is_a_place(tmp_path):
    text = 'shisetsu_id,名称\n"35.6812,139.7671",新橋\n'
    row, _ = only(tmp_path, text)
    assert (row["longitude"], row["latitude"]) == (139.7671, 35.6812)
    assert row["owner_ref"] == "35.6812,139.7671"
    swapped = bad(tmp_path, text.replace("35.6812,139.7671", "139.7671,35.6812"))
    assert "swap_axes" in swapped.remedy


def test_surveyors_x_points_north(tmp_path):
    """Zone IX at 139.7 E, 35.6 N: X -44369.50, Y -12081.04 (PROJ, EPSG:6677)."""
    text = "id,X座標,Y座標,系\n1,-44369.4985,-12081.0358,Ⅸ\n"
    row, _ = only(tmp_path, text)
    assert (row["longitude"], row["latitude"]) == pytest.approx((139.7, 35.6), abs=1e-6)


def test_columns_that_are_just_x_and_y_are_asked_about(tmp_path):
    with pytest.raises(RefusedError, match="surveyors' X points north"):
        read(tmp_path, "id,x,y\n1,-44369.5,-12081.0\n", crs="EPSG:6677")
    columns = {"northing": "x", "easting": "y"}
    text = "id,x,y\n1,-44369.4985,-12081.0358\n"
    row, _ = only(tmp_path, text, crs="EPSG:6677", columns=columns)
    assert row["latitude"] == pytest.approx(35.6, abs=1e-6)


def test_a_plane_zone_of_tokyo_datum_is_read_within_nine_metres(tmp_path):
    """The old origin of Tokyo Datum, in degrees and on its plane, is one place."""
    degrees = "id,lon,lat,測地系\n1,139.7445839,35.6548652,旧日本測地系\n"
    one, _ = only(tmp_path, degrees)
    # GSI: 35 39 29.1572 N, 139 44 28.8759 E in JGD2000
    places = (139 + 44 / 60 + 28.8759 / 3600, 35 + 39 / 60 + 29.1572 / 3600)
    assert (one["longitude"], one["latitude"]) == pytest.approx(places, abs=2e-5)
    plane = "id,X座標,Y座標,系,測地系\n1,-38282.6,-8028.7,9,日本測地系\n"
    other, _ = only(tmp_path, plane)
    assert other["position_sigma_m"] == pytest.approx(np.hypot(5, 9))


def test_an_unknown_datum_or_zone_is_refused_by_name(tmp_path):
    said = bad(tmp_path, "id,lon,lat,測地系\n1,139.7,35.6,火星測地系\n")
    assert said.code is RefusalCode.UNSUPPORTED_CRS
    assert "火星測地系" in said.value
    assert "zone 20" in bad(tmp_path, "id,X座標,Y座標,系\n1,0,0,20\n").value


def test_a_header_alone_is_no_inventory(tmp_path):
    table, refused = read(tmp_path, "id,lon,lat\n")
    assert table.num_rows == 0
    assert not refused


def test_titles_above_and_totals_below_a_csv(tmp_path):
    text = (
        '橋梁台帳,,\n,,\n管理番号,"経度\n(世界測地系)",緯度\n1,139.7,35.6\n合計,1橋,\n'
    )
    row, refused = only(tmp_path, text)
    assert row["id"] == "bridge-1"
    assert [one.what for one in refused] == ["a.csv row 5"]


def test_the_suggestion_asks_for_what_the_file_does_not_say(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("管理番号,経度,緯度,備考\n1,139.7,35.6,x\n", "utf-8")
    text = suggest_mapping(path)
    assert "# crs" in text
    assert "# kind" in text
    assert 'longitude = "経度"' in text
    assert "# not used: 備考" in text
