"""The assets as GeoJSON that carries its own style, as GSI's viewer reads it.

Source:
    gsi-cyberjapan/geojson-with-style-spec: options of Leaflet behind an underscore.
"""

import pyarrow as pa
import pyarrow.compute as pc

from data.findings import Grade, expected_name, grade_name
from data.words import GRADE_COLOURS
from geo.feature_json import Arena, arena
from geo.map_fields import FULL_FIELDS

_OUTLINE = "#58585C"
_RADIUS_PX, _SEEN_PX, _EXPECTED_PX, _FILLED = 7, 3, 2, 0.85
_STYLES = (
    "_markerType",
    "_radius",
    "_color",
    "_weight",
    "_fillColor",
    "_fillOpacity",
)


def gsi_features(assets: pa.Table, geometry: pa.LargeStringArray) -> Arena:
    """Every asset with its style; `name` is first, for the viewer shows that one.

    What was seen is filled; what is only expected is an outline in the same hues.

    Args:
        assets: As `map_table` returns.
        geometry: `geometry_json` of the same rows.
    """
    styled = assets.select(FULL_FIELDS)
    for name, column in _styles(assets).items():
        styled = styled.append_column(name, column)
    rest = sorted(set(FULL_FIELDS) - {"name"})
    return arena(styled, geometry, assets["id"], ("name", *rest, *_STYLES))


def _styles(assets: pa.Table) -> dict[str, pa.ChunkedArray]:
    rows = assets.num_rows
    seen = pc.not_equal(assets["grade"], grade_name(Grade.NA))
    colour = pc.if_else(seen, _colours(assets["grade"]), _colours(assets["expected"]))
    columns = (
        pa.repeat("CircleMarker", rows),
        pa.repeat(_RADIUS_PX, rows),
        pc.if_else(seen, _OUTLINE, colour),
        pc.if_else(seen, _SEEN_PX, _EXPECTED_PX),
        colour,
        pc.if_else(seen, _FILLED, 0.0),
    )
    return {
        name: column
        if isinstance(column, pa.ChunkedArray)
        else pa.chunked_array([column])
        for name, column in zip(_STYLES, columns, strict=True)
    }


def _colours(states: pa.ChunkedArray) -> pa.ChunkedArray:
    """Colour of each grade or expected state; that of NA for all others."""
    known = {grade_name(grade): code for grade, code in GRADE_COLOURS.items()}
    known |= {expected_name(int(grade)): code for grade, code in GRADE_COLOURS.items()}
    index = pc.index_in(states, pa.array(list(known)))
    colours = pa.array(list(known.values())).take(index.combine_chunks())
    filled = pc.fill_null(colours, GRADE_COLOURS[Grade.NA])
    return pa.chunked_array([filled])
