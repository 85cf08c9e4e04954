"""A hand-made event in GeoJSON says the same as its twin in TOML."""

import json
import tomllib
from dataclasses import replace
from importlib.resources import files

import pytest

from data.errors import RefusedError
from data.feeds.manual import read_manual_event
from data.feeds.manual_geojson import is_geojson, read_geojson_event
from data.refusals import RefusalCode

TOML = files("data").joinpath("samples/events/example.toml").read_bytes()


def feature(**changes):
    """The example as a Feature; changes replace keys of the properties."""
    values = tomllib.loads(TOML.decode())
    for key in ("origin_at", "reported_at"):
        values[key] = values[key].isoformat()
    source = values["hypocentre"]
    place = [source.pop("longitude"), source.pop("latitude")]
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": place},
        "properties": values | changes,
    }


def refusal_of(data):
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    with pytest.raises(RefusedError) as caught:
        read_geojson_event(text, name="x.geojson")
    assert caught.value.refusal.remedy
    return caught.value.refusal.code


@pytest.mark.parametrize("whole", [False, True])
def test_it_says_the_same_as_the_toml(whole):
    one = feature()
    content = {"type": "FeatureCollection", "features": [one]} if whole else one
    data = json.dumps(content).encode()
    assert is_geojson(data)
    event = read_geojson_event(data, name="x.geojson")
    twin = read_manual_event(TOML, name="x.toml")
    assert replace(event, sha256=twin.sha256) == twin


def test_the_place_may_be_said_twice_but_not_two_ways():
    one = feature()
    one["properties"]["hypocentre"] |= {"longitude": 140.88}
    assert read_geojson_event(json.dumps(one).encode(), name="x").hypocentre
    one["properties"]["hypocentre"] |= {"longitude": 141.0}
    assert refusal_of(one) is RefusalCode.SCHEMA


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (feature(id="../../x"), RefusalCode.BAD_ID),
        (feature(origin_at="2026-11-22T08:43:00"), RefusalCode.NAIVE_TIME),
        (feature(origin_at="today"), RefusalCode.SCHEMA),
        (feature(hypocentre={"magnitude_mj": 99}), RefusalCode.OUT_OF_RANGE),
        (feature(hypocentre=3), RefusalCode.SCHEMA),
        (feature(colour="red"), RefusalCode.SCHEMA),
        (feature() | {"geometry": {"type": "Polygon"}}, RefusalCode.SCHEMA),
        (feature() | {"geometry": None}, RefusalCode.SCHEMA),
        (feature() | {"type": "Topology"}, RefusalCode.UNKNOWN_TYPE),
        ({"type": "FeatureCollection", "features": []}, RefusalCode.UNKNOWN_TYPE),
        (b'{"type": NaN}', RefusalCode.UNREADABLE),
        (b'{"a":' * 100_000, RefusalCode.UNREADABLE),
        (b"{" + b" " * 2_000_000, RefusalCode.TOO_LARGE),
    ],
)
def test_a_mistake_is_refused_with_what_to_do(data, code):
    assert refusal_of(data) is code
