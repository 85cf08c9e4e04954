import json
import runpy
from pathlib import Path

from geo.gsi_geojson import gsi_features
from geo.tidy import geometry_json
from pipelines.map_content import map_content

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))


def features():
    content = map_content(CASES["info"](), *CASES["random_map"](40))
    made = gsi_features(content.table, geometry_json(content.geometry))
    return [json.loads(text) for text in made.text.to_pylist()]


def test_name_comes_first_and_every_style_has_an_underscore():
    for feature in features():
        names = list(feature["properties"])
        assert names[0] == "name"
        assert [n for n in names if n.startswith("_")] == names[-6:]
        assert feature["properties"]["_markerType"] == "CircleMarker"


def test_what_is_only_expected_is_never_filled():
    seen = {True: 0, False: 0}
    for feature in features():
        given = feature["properties"]
        only_expected = given["grade"] == "NA"
        assert (given["_fillOpacity"] == 0) is only_expected
        if only_expected:
            assert given["_color"] == "#FF9900"  # E2, as all of these cases are
        if given["grade"] == "D3":
            assert given["_fillColor"] == "#FF2800"
        seen[only_expected] += 1
    assert min(seen.values()) > 0
