import json
import runpy
from pathlib import Path

import jsonschema
import pytest

from geo.field_notes import LAYER_NOTES
from geo.map_fields import COVERAGE_FIELDS, DAMAGE_FIELDS, FULL_FIELDS, SUMMARY_FIELDS
from geo.map_schema import map_schema, schema_json
from pipelines.map_content import content_tiles, map_content

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))


def layer_of(path):
    name, zoom, *_ = path.split("/")
    if name == "assets":
        return "assets" if zoom == "14" else "assets_slim"
    return name


def checker(name):
    schema = map_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema["$defs"][name])


def test_every_field_is_noted_in_the_order_of_the_map():
    assert {name: tuple(notes) for name, notes in LAYER_NOTES.items()} == {
        "assets": FULL_FIELDS,
        "summary": SUMMARY_FIELDS,
        "damage": DAMAGE_FIELDS,
        "coverage": COVERAGE_FIELDS,
    }


def test_every_tile_is_what_the_schema_says():
    content = map_content(
        CASES["info"](),
        *CASES["random_map"](20),
        features=CASES["damage_table"](),
        coverage=CASES["coverage_table"](),
    )
    checkers = {name: checker(name) for name in map_schema()["$defs"]}
    seen = set()
    for path, tile in content_tiles(content):
        for feature in json.loads(tile)["features"]:
            name = layer_of(path)
            if name == "summary" and "level" not in feature["properties"]:
                name = "assets_slim"  # what is severe is shown as itself
            checkers[name].validate(feature)
            seen.add(name)
    assert seen == set(checkers)


@pytest.mark.parametrize(
    ("field", "value"), [("grade", "green"), ("p_severe", 1.5), ("drill", "yes")]
)
def test_a_wrong_value_is_found(field, value):
    content = map_content(CASES["info"](), *CASES["random_map"](1))
    feature = json.loads(content.full.features.text[0].as_py())
    checker("assets").validate(feature)
    feature["properties"][field] = value
    with pytest.raises(jsonschema.ValidationError):
        checker("assets").validate(feature)


def test_the_published_schema_is_json():
    assert json.loads(schema_json())["$schema"].endswith("2020-12/schema")
