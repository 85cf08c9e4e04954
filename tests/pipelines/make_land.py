"""Make the base map of the web page from world-atlas.

    python tests/pipelines/make_land.py land-10m.json pipelines/web/base/land.geojson

land-10m.json is a file of the npm package world-atlas 2.0.2 (ISC): Natural Earth's
land at 1:10,000,000, which is in the public domain. It is cut to the seas around
Japan and thinned to what a map without streets needs.
"""

import json
import sys
from itertools import accumulate
from pathlib import Path

import shapely

AROUND_JAPAN = (118.0, 20.0, 156.0, 50.0)  # west, south, east, north, degrees
TOLERANCE_DEG = 0.006  # about 600 m
SMALLEST_DEG2 = 2e-4  # about 2 km2: smaller islands are left out
DECIMALS = 3


def decoded_arcs(topology):
    """Arcs of a quantised TopoJSON in longitude and latitude."""
    (sx, sy), (tx, ty) = (
        topology["transform"]["scale"],
        topology["transform"]["translate"],
    )
    for arc in topology["arcs"]:
        columns = [list(accumulate(axis)) for axis in zip(*arc, strict=True)]
        yield [(x * sx + tx, y * sy + ty) for x, y in zip(*columns, strict=True)]


def ring(numbers, arcs):
    """One closed ring from arc numbers; ~n is arc n from its end."""
    points = []
    for n in numbers:
        arc = arcs[n] if n >= 0 else arcs[~n][::-1]
        points += arc[1:] if points else arc
    return points


def land(topology):
    """All land as shapely polygons."""
    arcs = list(decoded_arcs(topology))
    for shape in topology["objects"]["land"]["geometries"]:
        polygons = [shape["arcs"]] if shape["type"] == "Polygon" else shape["arcs"]
        for rings in polygons:
            outer, *inner = (ring(numbers, arcs) for numbers in rings)
            yield shapely.make_valid(shapely.Polygon(outer, inner))


def around_japan(polygons):
    """The land that the page shows, thinned, as one MultiPolygon's coordinates."""
    cut = [shapely.clip_by_rect(shape, *AROUND_JAPAN) for shape in polygons]
    parts = shapely.get_parts(shapely.get_parts(cut))
    kept = parts[shapely.area(parts) > SMALLEST_DEG2]
    thin = shapely.simplify(kept, TOLERANCE_DEG)
    grid = shapely.set_precision(thin, 10.0**-DECIMALS)
    return shapely.orient_polygons(grid[~shapely.is_empty(grid)])


def main():
    """Read TopoJSON, write GeoJSON."""
    source, target = map(Path, sys.argv[1:3])
    shapes = around_japan(land(json.loads(source.read_bytes())))
    whole = shapely.MultiPolygon(list(shapely.get_parts(shapes)))
    geometry = json.loads(shapely.to_geojson(whole))
    rounded = json.loads(
        json.dumps(geometry), parse_float=lambda text: round(float(text), DECIMALS)
    )
    feature = {"type": "Feature", "properties": {}, "geometry": rounded}
    collection = {"type": "FeatureCollection", "features": [feature]}
    target.write_text(json.dumps(collection, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
