import math

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.tile_grid import morton, tile_boxes, tile_of, tiles_touched

longitudes = st.floats(-179.99, 179.99)
latitudes = st.floats(-84, 84)


def tile(longitude, latitude, zoom):
    column, row = tile_of(np.array([longitude]), np.array([latitude]), zoom)
    return int(column[0]), int(row[0])


def test_mount_fuji_at_zoom_12():
    # the scalar formula of the OpenStreetMap wiki, "Slippy map tilenames"
    longitude, latitude, size = 138.7274, 35.3606, 1 << 12
    radians = math.radians(latitude)
    mercator = math.log(math.tan(radians) + 1 / math.cos(radians)) / math.pi
    expected = int((longitude + 180) / 360 * size), int((1 - mercator) / 2 * size)
    assert tile(longitude, latitude, 12) == expected


@settings(deadline=None)
@given(longitudes, latitudes, st.integers(1, 14))
def test_a_tile_is_a_quarter_of_its_parent(longitude, latitude, zoom):
    column, row = tile(longitude, latitude, zoom)
    assert tile(longitude, latitude, zoom - 1) == (column // 2, row // 2)


@settings(deadline=None)
@given(longitudes, latitudes, st.integers(0, 14))
def test_a_tile_holds_its_places(longitude, latitude, zoom):
    column, row = tile(longitude, latitude, zoom)
    box = tile_boxes(np.array([column]), np.array([row]), zoom)[0]
    assert box.buffer(1e-9).covers(shapely.Point(longitude, latitude))


def test_an_edge_goes_to_the_east_and_south_tile():
    assert tile(0.0, 0.0, 1) == (1, 1)


@given(st.integers(0, 2**20), st.integers(0, 2**20))
def test_morton_interleaves_the_bits(column, row):
    bits = "".join(r + c for c, r in zip(f"{column:021b}", f"{row:021b}", strict=True))
    assert morton(np.array([column]), np.array([row]))[0] == int(bits, 2)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.floats(139.9, 140.2), st.floats(35.9, 36.1)),
        min_size=2,
        max_size=4,
        unique=True,
    )
)
def test_a_line_is_in_just_the_tiles_it_meets(points):
    line = shapely.LineString(points)
    _, column, row = tiles_touched(np.array([line]), 12)
    found = set(zip(column.tolist(), row.tolist(), strict=True))
    corner_column, corner_row = tile(139.8, 36.2, 12)
    grid = [(corner_column + k, corner_row + j) for k in range(8) for j in range(8)]
    columns, rows = np.array(grid).T
    boxes = tile_boxes(columns, rows, 12)
    inner = shapely.area(shapely.intersection(boxes, line.buffer(1e-7))) > 1e-11
    met = {place for place, hit in zip(grid, inner, strict=True) if hit}
    assert met <= found
    assert found <= {
        place
        for place, hit in zip(grid, shapely.intersects(boxes, line), strict=True)
        if hit
    }
