"""Inspection lists: their order, their files, and the page that is printed."""

import csv
import io
import json
import runpy
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import shapely

from data.assets import AssetKind, kind_importance
from data.errors import InvalidRecordError
from data.feeds.jma import read_telegram
from data.tables import ASSETS, table_from_rows
from pipelines.expected import expected_state
from pipelines.plan import LEAST_ROWS, PLAN, rank
from pipelines.plan_files import plan_files, write_plan
from pipelines.plan_page import PlanHeading

CASES = runpy.run_path(str(Path(__file__).parents[1] / "quake_cases.py"))
ORIGIN, QUAKE = CASES["ORIGIN"], CASES["QUAKE"]
HEADING = PlanHeading(
    operation="20261122084350",
    drill=False,
    events=(QUAKE,),
    as_of=QUAKE.reported_at,
    edition=3,
    licences=("ODbL, OpenStreetMap contributors",),
)

FILES = {
    "plan.csv",
    "plan.geojson",
    "plan.html",
    "plan/sorties.csv",
    "plan/sorties.geojson",
    *(
        f"plan/{name}.{end}"
        for name in ("dams", "bridges", "substations", "links", "towers", "spans")
        for end in ("csv", "geojson", "html")
    ),
}


def asset(identifier, kind, latitude, **more):
    point = shapely.Point(140.88, latitude)
    return {
        "id": identifier,
        "kind": kind,
        "geometry": shapely.to_wkb(point),
        "longitude": 140.88,
        "latitude": latitude,
        "importance": 3.0,
        **more,
    }


def plan_of(*rows, events=(QUAKE,)):
    table = table_from_rows(rows, ASSETS)
    return rank(table, expected_state(table, events), events)


def ids(plan):
    return plan["id"].to_pylist()


def japanese_grid(shared):
    """The Japanese grid as assets: substations and links."""
    folder = shared / "data/inventory/japan_hv_grid"
    return table_from_rows(
        [*_substations(folder), *_links(folder)],
        ASSETS,
    )


def _rows(path):
    csv.field_size_limit(10_000_000)
    return csv.DictReader(path.read_text("utf-8").splitlines(), delimiter="#")


def _kilovolts(text):
    return max((int(v) // 1000 for v in text.split(";") if v.isdigit()), default=None)


def _substations(folder):
    for row in _rows(folder / "highvoltage_vertices.csv"):
        if row["typ"] in ("substation", "sub_station", "station"):
            kv = _kilovolts(row["voltage"])
            yield {
                **asset(f"S{row['v_id']}", "substation", float(row["lat"])),
                "longitude": float(row["lon"]),
                "voltage_kv": kv,
                "importance": kind_importance(AssetKind.SUBSTATION, voltage_kv=kv),
            }


def _links(folder):
    for row in _rows(folder / "highvoltage_links.csv"):
        line = shapely.from_wkt(row["wkt_srid_4326"].split(";")[1])
        middle = line.interpolate(0.5, normalized=True)
        yield {
            **asset(f"L{row['l_id']}", "link", middle.y),
            "longitude": middle.x,
            "geometry": shapely.to_wkb(line),
            "voltage_kv": _kilovolts(row["voltage"]),
        }


def test_real_telegram_and_grid_rank_near_the_epicentre_within_a_minute(shared):
    name = "32-35_06_05_100915_VXSE53.xml"
    event = read_telegram((shared / "data/events/jma" / name).read_bytes(), name=name)
    grid = japanese_grid(shared)
    started = time.monotonic()
    plan = rank(grid, expected_state(grid, [event]), [event])
    files = plan_files(plan, replace(HEADING, events=(event,)))
    assert time.monotonic() - started < 60.0
    rows = list(csv.DictReader(io.StringIO(files["plan.csv"].decode("utf-8-sig"))))
    for kind in ("substation", "link"):
        first = [row for row in rows if row["kind"] == kind][:10]
        assert [row["rank"] for row in first] == [str(n) for n in range(1, 11)]
        first = [row for row in first if row["in_plan"] == "yes"]
        assert len(first) >= 8  # others fill the list up, marked as below the trigger
        assert max(float(row["distance_km"]) for row in first) < 150.0
    assert float(rows[0]["priority"]) > 0.0


def test_dams_go_by_clock_then_shaking_and_others_by_priority():
    plan = plan_of(
        asset("far-dam", "dam", 39.9),
        asset("near-dam", "dam", 39.4),
        asset("quiet-dam", "dam", 36.0),
        asset("near-bridge", "bridge", 39.4),
        asset("weighty-bridge", "bridge", 39.42, importance=5.0),
    )
    assert ids(plan) == [
        "near-dam",
        "far-dam",
        "quiet-dam",
        "weighty-bridge",
        "near-bridge",
    ]
    assert plan["rank"].to_pylist() == [1, 2, 3, 1, 2]
    assert plan.schema.equals(PLAN)


def test_equal_ones_are_in_the_order_of_their_id():
    rows = [asset(name, "bridge", 39.4) for name in ("b", "c", "a")]
    assert ids(plan_of(*rows)) == ["a", "b", "c"]


def test_order_of_the_beliefs_does_not_matter_and_a_missing_one_is_an_error():
    table = table_from_rows(
        [asset(f"b{n}", "bridge", 39.1 + n / 10) for n in range(5)], ASSETS
    )
    beliefs = expected_state(table, [QUAKE])
    turned = beliefs.take([4, 2, 0, 1, 3])
    assert rank(table, turned, [QUAKE]).equals(rank(table, beliefs, [QUAKE]))
    with pytest.raises(InvalidRecordError, match="b4 has no belief"):
        rank(table, beliefs.slice(0, 4), [QUAKE])


def test_a_list_is_filled_up_from_below_the_trigger_and_marked():
    near = [asset(f"n{n:02}", "bridge", 39.1) for n in range(3)]
    far = [asset(f"f{n:02}", "bridge", 36.0 - n / 100) for n in range(70)]
    plan = plan_of(*far, *near)
    assert plan.num_rows == LEAST_ROWS
    assert plan["in_plan"].to_pylist() == [True] * 3 + [False] * (LEAST_ROWS - 3)


def test_every_asset_in_the_plan_is_listed():
    rows = [asset(f"n{n:02}", "bridge", 39.1) for n in range(LEAST_ROWS + 5)]
    assert plan_of(*rows).num_rows == LEAST_ROWS + 5


def test_a_link_is_listed_at_its_place_nearest_to_the_epicentre():
    line = shapely.LineString([(140.88, 39.2), (143.0, 39.2)])
    link = asset("l", "link", 39.2, geometry=shapely.to_wkb(line), longitude=141.94)
    row = plan_of(link).to_pylist()[0]
    assert row["longitude"] == pytest.approx(140.88)
    assert row["distance_km"] == pytest.approx(18.9, abs=0.1)


def test_formulas_and_markup_in_names_stay_text():
    plan = plan_of(
        asset("a", "bridge", 39.1, name='=HYPERLINK("x")'),
        asset("b", "bridge", 39.2, name="<script>alert(1)</script>"),
    )
    files = plan_files(plan, HEADING)
    assert files["plan.csv"].startswith(b"\xef\xbb\xbfkind,rank,id,name")
    rows = list(csv.reader(io.StringIO(files["plan.csv"].decode("utf-8-sig"))))
    assert rows[1][3] == '\'=HYPERLINK("x")'
    assert b"<script>alert" not in files["plan.html"]
    assert b"&lt;script&gt;alert(1)" in files["plan.html"]


def test_geojson_says_of_each_point_whether_it_is_a_drill():
    plan = plan_of(asset("a", "bridge", 39.1), asset("d", "dam", 39.1))
    drill = replace(HEADING, drill=True, operation="drill-1")
    collection = json.loads(plan_files(plan, drill)["plan.geojson"])
    assert [f["id"] for f in collection["features"]] == ["d", "a"]
    for feature in collection["features"]:
        assert feature["geometry"]["coordinates"] == [140.88, 39.1]
        assert feature["properties"]["drill"] is True
        assert feature["properties"]["operation"] == "drill-1"
    dam = collection["features"][0]["properties"]
    assert dam["expected"] == "not_modelled"
    assert dam["clock_due_at"] == "2026-11-22T02:43:00Z"
    assert dam["p_severe"] is None


@pytest.mark.parametrize(
    ("drill", "word", "other"), [(False, "実災害", "訓練"), (True, "訓練", "実災害")]
)
def test_the_page_says_what_every_page_must(drill, word, other):
    plan = plan_of(asset("a", "bridge", 39.1), asset("d", "dam", 39.1))
    files = plan_files(plan, replace(HEADING, drill=drill))
    page = files["plan.html"].decode()
    digest = sha256(files["plan.csv"]).hexdigest()[:8]
    for text in (
        word,
        HEADING.operation,
        "2026-11-22 08:47 JST",
        digest,
        "D0は安全を意味しない",
        "counter(page)",
        "OpenStreetMap",
        "気象庁",
        "推定",
    ):
        assert text in page
    assert other not in page
    for never in ("危険度", "調査済", "要注意", "警戒レベル", "green"):
        assert never not in page
    assert page.replace("D0は安全を意味しない", "").count("安全") == 0


def test_the_page_asks_for_nothing_outside():
    page = plan_files(plan_of(asset("a", "bridge", 39.1)), HEADING)["plan.html"]
    for word in (b"http:", b"https:", b"src=", b"href=", b"@import", b"url("):
        assert word not in page


def test_a_later_edition_no_longer_says_that_there_was_no_picture():
    table = table_from_rows([asset("a", "bridge", 39.1)], ASSETS)
    prior = expected_state(table, [QUAKE])
    seen = prior.to_pylist()[0] | {"looks": 2, "grade": 3}
    later = rank(table, table_from_rows([seen], prior.schema), [QUAKE])
    before, after = (
        plan_files(plan, HEADING)["plan.html"].decode()
        for plan in (rank(table, prior, [QUAKE]), later)
    )
    assert "no picture, no visit" in before
    assert "no picture, no visit" not in after
    assert "観測 D3" in after


def test_same_input_gives_the_same_bytes(tmp_path):
    plan = plan_of(asset("a", "bridge", 39.1), asset("d", "dam", 39.1))
    first = write_plan(tmp_path / "one", plan, HEADING)
    second = write_plan(tmp_path / "two", plan, HEADING)
    assert {path.relative_to(tmp_path / "one").as_posix() for path in first} == FILES
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes()


def test_nothing_to_list_still_gives_every_file():
    files = plan_files(
        rank(
            ASSETS.empty_table(), expected_state(ASSETS.empty_table(), [QUAKE]), [QUAKE]
        ),
        HEADING,
    )
    assert json.loads(files["plan.geojson"])["features"] == []
    assert set(files) == FILES


def test_a_quake_without_a_place_still_lists_everything():
    early = replace(QUAKE, hypocentre=None, source_kind="VXSE51")
    plan = plan_of(asset("a", "bridge", 39.1), events=(early,))
    assert plan["distance_km"].to_pylist() == [None]
    page = plan_files(plan, replace(HEADING, events=(early,)))["plan.html"]
    assert "震源または規模が未発表".encode() in page


def test_what_an_event_lacks_is_said_at_the_top_and_nothing_else():
    plan = plan_of(asset("a", "bridge", 39.1))
    lacking = replace(QUAKE, degraded=("深さ不明 · depth not known",))
    page = plan_files(plan, replace(HEADING, events=(lacking,)))["plan.html"].decode()
    assert "<li>深さ不明 · depth not known</li>" in page
    whole = plan_files(plan, HEADING)["plan.html"].decode()
    assert "Missing information" not in whole


def test_a_magnitude_that_may_be_too_low_is_said_at_the_top():
    great = replace(QUAKE, hypocentre=replace(QUAKE.hypocentre, magnitude_mj=7.9))
    plan = plan_of(asset("a", "bridge", 39.1), events=(great,))
    page = plan_files(plan, replace(HEADING, events=(great,)))["plan.html"].decode()
    head = page.split("</header>")[0]
    assert "Mj 7.9 may be too low" in head
    assert "頭打ちの可能性" in head


def _listed(files, name):
    return list(csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"))))


def test_each_kind_has_a_list_of_its_own_that_is_its_part_of_the_whole():
    plan = plan_of(
        asset("a", "bridge", 39.1), asset("d", "dam", 39.1), asset("b", "bridge", 39.3)
    )
    files = plan_files(plan, HEADING)
    whole = _listed(files, "plan.csv")
    parts = [*_listed(files, "plan/dams.csv"), *_listed(files, "plan/bridges.csv")]
    assert parts == whole
    bridges = json.loads(files["plan/bridges.geojson"])["features"]
    assert [feature["id"] for feature in bridges] == ["a", "b"]
    assert _listed(files, "plan/towers.csv") == []


def test_a_kinds_page_shows_its_own_kind_and_the_hash_of_its_csv():
    plan = plan_of(asset("a", "bridge", 39.1), asset("d", "dam", 39.1))
    files = plan_files(plan, HEADING)
    page = files["plan/dams.html"].decode()
    assert "ダム" in page
    assert '<span class="en">d<br>' in page
    assert '<span class="en">a<br>' not in page
    assert sha256(files["plan/dams.csv"]).hexdigest()[:8] in page
    assert "該当する施設はない" in files["plan/towers.html"].decode()


def test_a_row_says_in_words_where_it_is():
    row = plan_of(asset("a", "bridge", 39.03)).to_pylist()[0]
    assert row["place"].startswith(("岩手県", "宮城県", "秋田県"))
    assert " km" in row["place"]
    files = plan_files(plan_of(asset("a", "bridge", 39.03)), HEADING)
    assert row["place"] in files["plan.html"].decode()


def test_numbers_keep_four_figures_and_unknown_ones_stay_empty():
    files = plan_files(plan_of(asset("d", "dam", 39.1)), HEADING)
    (row,) = _listed(files, "plan.csv")
    assert row["p_severe"] == ""
    assert len(row["hazard"].replace(".", "")) <= 5
    assert row["in_plan"] == "yes"
