import gzip
import json
import re
import runpy
from pathlib import Path

from data.findings import NA_REASONS, Grade, grade_name
from data.words import GRADE_COLOURS, GRADE_WORDS, NA_WORDS, na_words
from geo.tile_index import index_files, md5_of, mokuroku

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))
ROOT = Path(__file__).parents[2]
FORBIDDEN = ("危険度", "調査済", "要注意", "警戒レベル", "green")


def files():
    bounds, focus = (140.0, 36.0, 140.2, 36.2), (140.0, 36.0, 140.1, 36.1)
    return index_files(CASES["info"](), bounds, ["assets", "summary"], focus=focus)


def page(name):
    return (ROOT / "pipelines" / "web" / name).read_text(encoding="utf-8")


def test_tilejson_names_the_zooms_and_the_datum():
    tilejson = json.loads(files()["tilejson.json"])
    assert (tilejson["minzoom"], tilejson["maxzoom"]) == (5, 14)
    assert "JGD2011 written as CRS84" in tilejson["description"]
    assert "DRILL" in tilejson["description"]
    assert [layer["id"] for layer in tilejson["vector_layers"]] == ["assets", "summary"]
    assert tilejson["karte"]["drill"] is True
    assert tilejson["karte"]["focus"] == [140.0, 36.0, 140.1, 36.1]


def test_layers_txt_is_json_with_a_template_a_layer():
    group = json.loads(files()["layers.txt"])["layers"][0]
    assert [entry["url"] for entry in group["entries"]] == [
        "tiles/assets/{z}/{x}/{y}.geojson",
        "tiles/summary/{z}/{x}/{y}.geojson",
    ]
    assert all("訓練" in entry["title"] for entry in group["entries"])


def test_style_never_fills_what_is_only_expected():
    layers = {
        layer["id"]: layer for layer in json.loads(files()["style.json"])["layers"]
    }
    assert layers["expected-point"]["paint"]["circle-opacity"] == 0
    assert layers["expected-line"]["type"] == "line"
    assert not any(
        layer["type"] == "fill" and "expected" in name for name, layer in layers.items()
    )
    assert "glyphs" not in json.loads(files()["style.json"])


def test_mokuroku_lists_path_time_size_and_md5_without_a_clock():
    tiles = [
        ("b/1/0/0.geojson", 1_000, 5, md5_of(b"hello")),
        ("a/1/0/0.geojson", 1_000, 0, "x"),
    ]
    packed = mokuroku(tiles)
    assert packed == mokuroku(tiles[::-1])
    assert gzip.decompress(packed).decode().splitlines() == [
        "a/1/0/0.geojson,1000,0,x",
        "b/1/0/0.geojson,1000,5,5d41402abc4b2a76b9719d911017c592",
    ]


def test_the_page_has_the_words_and_colours_of_the_map():
    words, marks = page("i18n.mjs"), page("marks.mjs")
    for grade, (japanese, english) in GRADE_WORDS.items():
        assert english in words
        assert japanese in words
        assert GRADE_COLOURS[grade] in marks
    for reason, pair in NA_WORDS.items():
        assert f'"na.{reason}": {json.dumps(list(pair), ensure_ascii=False)}' in words


def test_every_na_reason_has_words():
    assert set(NA_WORDS) == set(NA_REASONS)
    assert na_words("obscured(share)") == ("遮蔽 (share)", "hidden from view (share)")


def test_no_forbidden_word_is_shown():
    everything = page("i18n.mjs") + page("index.html") + page("marks.mjs")
    everything += "".join(str(words) for words in GRADE_WORDS.values())
    for word in FORBIDDEN:
        assert word not in everything
    without_denials = re.sub(r"安全の意味ではない|安全を意味しない", "", everything)
    assert "安全" not in without_denials


def test_the_palette_keeps_its_states_apart_in_greyscale_by_number_and_pattern():
    assert len({GRADE_COLOURS[grade] for grade in Grade}) == len(Grade)
    marks = page("marks.mjs")
    patterned = {grade_name(grade) for grade in Grade} - {"D0"}
    block = marks[
        marks.index("const STROKES") : marks.index("};", marks.index("const STROKES"))
    ]
    assert all(f"{name}: [[" in block for name in patterned)
