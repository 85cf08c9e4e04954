import csv
import io
import json
import runpy
import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest

from data.errors import UsageError
from geo.exports import geojson_chunks
from geo.feature_json import arena
from geo.tidy import geometry_json
from pipelines.arguments import EXPORT_FORMATS
from pipelines.cli import main
from pipelines.deltas import LAYER_KEYS, applied, read_delta
from pipelines.edition_folder import latest_folder
from pipelines.export import WRITERS, ExportRequest, export, read_tables
from pipelines.map_content import shapes_of
from pipelines.publish import write_edition

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))
HOSTILE = [
    "=HYPERLINK(1)",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\u200f=1",
    "<script>alert(1)</script>",
    "\u202e逆",
    "橋" * 3500,
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two editions of assets with hostile names."""
    place = tmp_path_factory.mktemp("store")
    root = place / "drill" / "drill-20261124"
    root.mkdir(parents=True)
    (root / "ledger.sqlite").touch()
    assets, beliefs = CASES["random_map"](30)
    at = assets.column_names.index("name")
    assets = assets.set_column(at, "name", pa.array((HOSTILE * 3)[:30]))
    more = {"features": CASES["damage_table"](), "coverage": CASES["coverage_table"]()}
    write_edition(root, CASES["info"](0), assets=assets, beliefs=beliefs, **more)
    fewer = {"assets": assets.slice(2), "beliefs": beliefs.slice(2)}
    write_edition(root, CASES["info"](1), **fewer, **more)
    return place


def exported(store, out, form="geojson", audience="agency", **more):
    request = ExportRequest(form=form, out=out, audience=audience, **more)
    export(store, str(latest_folder(store / "drill/drill-20261124")), request)
    return out


def test_every_format_has_a_writer():
    assert set(EXPORT_FORMATS) == set(WRITERS)


@pytest.mark.parametrize("form", ["geojson", "gpkg", "fgb", "parquet"])
def test_geopandas_reads_every_format_with_the_same_assets(store, tmp_path, form):
    path = exported(store, tmp_path / f"map.{form}", form)
    if form == "parquet":
        frames = [geopandas.read_parquet(path)]
    else:
        names = [row[0] for row in pyogrio.list_layers(path).tolist()]
        chosen = [name for name in names if name.startswith(("assets", "map"))]
        frames = [geopandas.read_file(path, layer=name) for name in chosen]
    found = {row.id: row for frame in frames for row in frame.itertuples()}
    assert len(found) == 28
    assert found["A00009"].name == HOSTILE[9]
    assert found["A00003"].grade.startswith(("NA", "D"))


@pytest.mark.parametrize("form", EXPORT_FORMATS)
def test_the_same_edition_gives_the_same_bytes(store, tmp_path, form):
    one, two = (exported(store, tmp_path / f"{n}.{form}", form) for n in "ab")
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("form", EXPORT_FORMATS)
def test_a_file_may_have_any_name_and_replaces_the_one_before(store, tmp_path, form):
    out = tmp_path / "map"
    out.write_bytes(b"before")
    exported(store, out, form)
    assert out.is_file()
    assert out.stat().st_size > 1_000


def test_no_cell_of_the_csv_is_a_formula(store, tmp_path):
    path = exported(store, tmp_path / "map.csv", "csv")
    rows = list(
        csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
    )
    names = [row["name"] for row in rows]
    assert len(names) == 28
    for name in HOSTILE[:7]:
        assert f"'{name}" in names
        assert name not in names
    assert HOSTILE[9] in names
    assert 139 < float(rows[0]["longitude"]) < 141
    about = json.loads((tmp_path / "map.csv-metadata.json").read_bytes())
    columns = about["tableSchema"]["columns"]
    assert [column["name"] for column in columns] == list(rows[0])
    assert about["dc:license"] == "ours"


def test_every_file_says_its_licence_and_units(store, tmp_path):
    parquet = exported(store, tmp_path / "map.parquet", "parquet")
    schema = pq.read_schema(parquet)
    assert json.loads(schema.metadata[b"karte"])["licence"] == "ours"
    assert schema.field("best_gsd_m").metadata[b"unit"] == b"m"
    fgb = exported(store, tmp_path / "map.fgb", "fgb")
    said = pyogrio.read_info(fgb)["layer_metadata"]
    assert (said["licence"], said["unit_ce90_m"]) == ("ours", "m")
    text = json.loads(exported(store, tmp_path / "map.geojson").read_bytes())
    assert text["metadata"]["licence"] == "ours"
    gpkg = exported(store, tmp_path / "map.gpkg", "gpkg")
    assert pyogrio.read_info(gpkg, layer="assets_point")["layer_metadata"]["licence"]
    with closing(sqlite3.connect(gpkg)) as database:
        unit = database.execute(
            "SELECT title FROM gpkg_data_columns"
            " WHERE table_name = 'assets_line' AND column_name = 'ce90_m'"
        ).fetchall()
        styled = database.execute("SELECT f_table_name, styleQML FROM layer_styles")
        styles = dict(styled.fetchall())
    assert unit == [("m",)]
    assert styles.keys() == {"assets_point", "assets_line", "assets_polygon"}
    assert all("重大" in text for text in styles.values())


def test_the_public_gets_no_owner_and_no_exact_chance_of_power_and_dams(store):
    folder = latest_folder(store / "drill/drill-20261124")
    kept, given = read_tables(folder, "agency"), read_tables(folder, "public")
    was = {row["id"]: row for row in kept.layers["assets"].to_pylist()}
    for row in given.layers["assets"].to_pylist():
        assert (row["owner"], row["owner_ref"], row["evidence_ref"]) == (None,) * 3
        assert row["audience"] == "public"
        hidden = [
            row[name] for name in ("p_severe", "p_d4", "priority", "p_severe_low")
        ]
        if row["kind"] == "bridge":
            assert row["p_severe"] == was[row["id"]]["p_severe"]
        else:
            assert hidden == [None] * 4
        assert row["grade"] == was[row["id"]]["grade"]
    sums = given.layers["summary"].to_pylist()
    cells = {(row["level"], row["code"], row["kind"]): row for row in sums}
    assert any(row["expected_severe"] for row in sums)
    for (level, code, kind), row in cells.items():
        if kind == "all":
            bridges = cells.get((level, code, "bridge"), {})
            assert row["expected_severe"] == bridges.get("expected_severe")
        elif kind != "bridge":
            assert row["expected_severe"] is None
    scores = given.layers["damage"]["score"].to_pylist()
    assert len(scores) == 3


def test_a_delta_makes_the_newer_file_of_the_older(store, tmp_path):
    whole = {}
    for number in (0, 1):
        path = exported(store, tmp_path / f"{number}.geojson", edition=number)
        features = json.loads(path.read_bytes())["features"]
        whole[number] = {feature["id"]: feature for feature in features}
    lines = read_delta(exported(store, tmp_path / "d.gz", since=0).read_bytes())
    gone = [line["id"] for line in lines if line["op"] == "delete"]
    assert gone == ["A00000", "A00001"]
    layers = ("damage", "coverage")  # the same in both editions
    assert not [line for line in lines if line.get("layer") in layers]
    tables = read_tables(latest_folder(store / "drill/drill-20261124"), "agency")
    others = {
        name: json.loads(b"".join(geojson_chunks(layer_features(name, tables))))
        for name in layers
    }
    older = {"assets": whole[0]} | {
        name: {feature["id"]: feature for feature in found["features"]}
        for name, found in others.items()
    }
    assert applied(older, lines)["assets"] == whole[1]


def layer_features(name, tables):
    table = tables.layers[name]
    ids = table[LAYER_KEYS[name]]
    return arena(table.drop_columns("geometry"), geometry_json(shapes_of(table)), ids)


def test_the_command_writes_a_file_and_refuses_an_edition_that_is_not_there(
    store, tmp_path, capsys
):
    words = ["export", "latest", "--store", str(store), "--out"]
    out = tmp_path / "new" / "map.fgb"
    assert main([*words, str(out), "--format", "fgb", "--audience", "public"]) == 0
    assert set(geopandas.read_file(out)["audience"]) == {"public"}
    assert main([*words, str(out), "--edition", "7"]) == 2
    assert "edition 7: not there (kept: 0 to 1)" in capsys.readouterr().err
    with pytest.raises(UsageError, match="--since 5"):
        exported(store, out, since=5)
    assert [path.name for path in out.parent.iterdir()] == ["map.fgb"]
