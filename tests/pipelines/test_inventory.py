"""From an owner's file to the table of assets."""

import collections
import json

import numpy as np
import pyarrow.compute as pc
import pytest
import shapely
from pyproj import Transformer

from data.assets import AssetKind
from data.column_names import ColumnMapping
from data.errors import RefusedError
from data.refusals import RefusalCode
from data.tables import ASSETS
from pipelines.inventory import read_inventory, suggest_mapping

HEADER = "id,type,name,voltage,wkt\n"


def read(tmp_path, rows, *, header=HEADER, name="a.csv", **options):
    path = tmp_path / name
    path.write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    return read_inventory(path, **options)


def row_of(tmp_path, row, **options):
    table, refused = read(tmp_path, [row], **options)
    assert not refused
    return table.to_pylist()[0]


def test_a_row_becomes_an_asset(tmp_path):
    row = row_of(tmp_path, "S-1,変電所,新変電所,500000,SRID=6668;POINT(140.5 36.25)")
    assert (row["id"], row["kind"], row["name"]) == ("S-1", "substation", "新変電所")
    assert (row["longitude"], row["latitude"]) == (140.5, 36.25)
    assert (row["voltage_kv"], row["importance"]) == (500, 5.0)
    assert row["importance_source"] == "kind"
    assert row["geometry_source"] == "point_default"
    assert shapely.from_wkb(row["geometry"]).equals(shapely.Point(140.5, 36.25))
    assert len(row["revision"]) == 64


def test_plane_coordinates_are_transformed(tmp_path):
    to_plane = Transformer.from_crs(6668, 6677, always_xy=True)
    x, y = to_plane.transform(140.1, 36.1)
    row = row_of(tmp_path, f"T,tower,,,SRID=6677;POINT({x} {y})")
    assert (row["longitude"], row["latitude"]) == pytest.approx((140.1, 36.1), abs=1e-7)


def test_a_file_without_a_reference_system_is_refused_unless_one_is_given(tmp_path):
    table, refused = read(tmp_path, ["T,tower,,,POINT(140 36)"])
    assert table.equals(ASSETS.empty_table())
    assert refused[0].code is RefusalCode.UNSUPPORTED_CRS
    mapping = ColumnMapping(crs="EPSG:4326")
    assert row_of(tmp_path, "T,tower,,,POINT(140 36)", mapping=mapping)["id"] == "T"


@pytest.mark.parametrize("srid", [3408, 2193, 99999])
def test_a_system_we_do_not_accept_is_refused(tmp_path, srid):
    table, refused = read(tmp_path, [f"T,tower,,,SRID={srid};POINT(140 36)"])
    assert table.num_rows == 0
    assert refused[0].code is RefusalCode.UNSUPPORTED_CRS


def test_one_bad_row_refuses_the_file_and_every_bad_row_is_listed(tmp_path):
    good = "S,substation,,,SRID=4326;POINT(140 36)"
    bad = "X,substation,,,SRID=4326;POINT(200 36)"
    worse = "L,link,,,SRID=4326;POINT(140 36)"
    table, refused = read(tmp_path, [good, bad, good.replace("S,", "S2,"), worse])
    assert table.num_rows == 0
    assert [one.what for one in refused] == ["a.csv row 3", "a.csv row 5", "a.csv"]
    assert refused[-1].value == "2 bad rows"


def test_the_second_row_of_an_id_is_refused_and_the_file_goes_on(tmp_path):
    rows = [f"S,substation,{n},,SRID=4326;POINT(140.{n} 36)" for n in range(3)]
    table, refused = read(tmp_path, rows)
    assert table["name"].to_pylist() == ["0"]
    assert [one.code for one in refused] == [RefusalCode.DUPLICATE_ID] * 2
    assert "a.csv row 2" in refused[0].value


def test_two_names_at_one_place_are_two_assets(tmp_path):
    rows = [f"{n},substation,{n},,SRID=4326;POINT(140 36)" for n in "AB"]
    table, refused = read(tmp_path, rows)
    assert table.num_rows == 2
    assert not refused


def test_links_get_spans_unless_their_parts_are_known(tmp_path):
    line = "SRID=4326;LINESTRING(140 36, 140.05 36)"
    table, _ = read(tmp_path, [f'L,link,線,275000,"{line}"'])
    spans = table.filter(pc.equal(table["kind"], "span")).to_pylist()
    assert sorted(span["id"] for span in spans) == [f"L#000{n}" for n in range(1, 6)]
    assert {span["parent_id"] for span in spans} == {"L"}
    assert {span["geometry_source"] for span in spans} == {"segmented"}
    assert max(span["length_m"] for span in spans) <= 1000.0
    assert {span["importance"] for span in spans} == {3.0}
    header = "id,type,parent_id,wkt\n"
    parts = [f'L,link,,"{line}"', "T1,tower,L,SRID=4326;POINT(140.01 36)"]
    known, _ = read(tmp_path, parts, header=header)
    assert sorted(known["id"].to_pylist()) == ["L", "T1"]


def test_the_owners_importance_and_length_go_before_ours(tmp_path):
    header = "id,type,importance,橋長,wkt\n"
    row = "B,bridge,1.5,250,SRID=4326;POINT(140 36)"
    found = row_of(tmp_path, row, header=header)
    assert (found["importance"], found["importance_source"]) == (1.5, "owner")
    long = row_of(tmp_path, row.replace("1.5", ""), header=header)
    assert (long["importance"], long["importance_source"]) == (4.0, "kind")


def test_a_row_without_an_id_gets_one_of_its_content(tmp_path):
    row = ",dam,,,SRID=4326;POINT(140 36)"
    one, two = row_of(tmp_path, row), row_of(tmp_path, row, name="other.csv")
    assert one["id"] == two["id"]
    assert len(one["id"]) == 16


def test_the_revision_is_of_the_content_alone(tmp_path):
    row = "D,dam,ダム,,SRID=4326;POINT(140 36)"
    one, two = row_of(tmp_path, row), row_of(tmp_path, row, name="other.csv")
    assert one == two
    moved = row_of(tmp_path, row.replace("36)", "36.1)"))
    renamed = row_of(tmp_path, row.replace("ダム", "堰"))
    assert len({one["revision"], moved["revision"], renamed["revision"]}) == 3


def test_the_order_of_rows_does_not_matter(tmp_path):
    rows = [f"S{n},substation,{n},,SRID=4326;POINT(140.{n} 36)" for n in range(9)]
    order = np.random.default_rng(5).permutation(9)
    table, _ = read(tmp_path, rows)
    assert read(tmp_path, [rows[i] for i in order])[0].equals(table)
    assert table["morton"].to_pylist() == sorted(table["morton"].to_pylist())


def test_geojson_and_csv_say_the_same(tmp_path):
    path = tmp_path / "a.geojson"
    feature = {
        "type": "Feature",
        "properties": {"id": "B1", "name": "新橋", "kind": "bridge"},
        "geometry": {"type": "LineString", "coordinates": [[140, 36], [140.001, 36]]},
    }
    path.write_text(
        json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8"
    )
    table, refused = read_inventory(path)
    assert not refused
    line = '"SRID=4326;LINESTRING(140 36,140.001 36)"'
    assert table.to_pylist()[0] == row_of(tmp_path, f"B1,bridge,新橋,,{line}")


def test_a_kind_may_be_given_by_hand(tmp_path):
    header, row = "id,wkt\n", "B,SRID=4326;POINT(140 36)"
    with pytest.raises(RefusedError, match="kind"):
        read(tmp_path, [row], header=header)
    found = row_of(tmp_path, row, header=header, kind=AssetKind.BRIDGE)
    assert found["kind"] == "bridge"


def test_the_japanese_grid_imports_whole_and_every_dropped_row_is_listed(shared):
    folder = shared / "data" / "inventory" / "japan_hv_grid"
    stations, dropped = read_inventory(folder / "highvoltage_vertices.csv")
    # counted with cut and uniq: 320 substation, 5 sub_station, 1 station
    assert stations.num_rows == 326
    counts = collections.Counter(one.value for one in dropped)
    assert counts == {"joint": 328, "merge": 19, "plant": 14}
    links, left_out = read_inventory(folder / "highvoltage_links.csv")
    kinds = collections.Counter(links["kind"].to_pylist())
    assert kinds["link"] == 853
    assert not left_out
    assert pc.max(pc.fill_null(links["voltage_kv"], 0)).as_py() == 500
    spans = links.filter(pc.equal(links["kind"], "span"))
    assert pc.max(spans["length_m"]).as_py() <= 1000.01
    ids = links["id"].to_pylist() + stations["id"].to_pylist()
    assert len(set(ids)) == len(ids)
    parents = set(spans["parent_id"].to_pylist())
    whole = links.filter(pc.equal(links["kind"], "link"))["id"].to_pylist()
    assert parents == set(whole)


def test_a_mapping_is_suggested_from_the_names_of_the_grid(shared):
    path = shared / "data" / "inventory" / "japan_hv_grid" / "highvoltage_vertices.csv"
    text = suggest_mapping(path)
    assert 'id = "v_id"' in text
    assert 'kind = "typ"' in text
    assert "joint" not in text  # known to be no asset
