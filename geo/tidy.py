"""Geometries as a published file holds them: 6 decimals, valid, wound, as text."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from data.errors import InvalidRecordError

DECIMALS = 6  # about 0.1 m: RFC 7946, section 11.2
_LINE, _POLYGON, _MULTILINE = 1, 3, 5  # shapely's ids
_ALLOWED = (0, 1, 3, 5, 6)  # Point, LineString, Polygon and their multiples


def geometries(wkb: pa.ChunkedArray, name: str) -> NDArray[np.object_]:
    """Tidy geometries from a column of WKB in longitude and latitude.

    Args:
        wkb: Binary, a geometry a row.
        name: What the rows are, for the message.

    Raises:
        InvalidRecordError: If one is missing, empty, no WKB, or neither point nor
            line nor polygon.
    """
    try:
        read = shapely.from_wkb(wkb.combine_chunks().to_numpy(zero_copy_only=False))
    except shapely.errors.ShapelyError as error:
        raise InvalidRecordError(f"{name}: a geometry is no WKB: {error}") from error
    bad = np.flatnonzero(shapely.is_missing(read) | shapely.is_empty(read))
    if len(bad):
        raise InvalidRecordError(f"{name}: row {bad[0]} has no geometry; give it one")
    odd = np.flatnonzero(~np.isin(shapely.get_type_id(read), _ALLOWED))
    if len(odd):
        what = read[odd[0]].geom_type
        raise InvalidRecordError(
            f"{name}: row {odd[0]} is a {what}; give a point, line or polygon"
        )
    return tidy(np.asarray(read, dtype=object))


def tidy(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """The geometries in 6 decimals, valid, exterior rings counter-clockwise.

    An outline smaller than the decimals can show becomes a line or a point.

    Args:
        geometry: Shapely geometries in longitude and latitude, shape (n,).

    Source:
        RFC 7946, sections 3.1.6 and 11.2.
    """
    flat = shapely.force_2d(geometry)
    rounded = shapely.transform(flat, lambda xy: np.round(xy, DECIMALS))
    for k in np.flatnonzero(~_is_sound(rounded)):
        rounded[k] = _repaired(rounded[k])
    thinned = shapely.remove_repeated_points(rounded)
    wound: NDArray[np.object_] = shapely.orient_polygons(thinned)
    return wound


def _is_sound(geometry: NDArray[np.object_]) -> NDArray[np.bool_]:
    """True where a geometry is valid and has the extent its type promises."""
    lines = np.isin(shapely.get_type_id(geometry), (_LINE, _MULTILINE))
    sound: NDArray[np.bool_] = shapely.is_valid(geometry)
    return sound & (~lines | (shapely.length(geometry) > 0))


def _repaired(geometry: shapely.Geometry) -> shapely.Geometry:
    """A valid geometry of the type, or the line or point that is left of it."""
    mended = shapely.set_precision(shapely.make_valid(geometry), 10.0**-DECIMALS)
    parts = shapely.get_parts(shapely.get_parts(mended))
    polygons = parts[shapely.get_type_id(parts) == _POLYGON]
    if len(polygons):
        kept = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
        whole: shapely.Geometry = shapely.transform(
            kept, lambda xy: np.round(xy, DECIMALS)
        )
        return whole
    points = np.unique(shapely.get_coordinates(geometry), axis=0)
    ends = points[[0, -1]]
    return shapely.Point(ends[0]) if len(points) == 1 else shapely.LineString(ends)


def geometry_json(geometry: NDArray[np.object_]) -> pa.LargeStringArray:
    """Each geometry as GeoJSON text with sorted keys."""
    text = pa.array(shapely.to_geojson(geometry), pa.large_string())
    pattern = r'^\{"type":"(\w+)","coordinates":(.*)\}$'
    return _shortest(
        pc.replace_substring_regex(text, pattern, r'{"coordinates":\2,"type":"\1"}')
    )


def _shortest(text: pa.LargeStringArray) -> pa.LargeStringArray:
    """The same without numbers such as 140.02011100000001: GEOS writes some."""
    long = np.flatnonzero(
        pc.match_substring_regex(text, r"\.\d{7}").to_numpy(zero_copy_only=False)
    )
    if not len(long):
        return text
    mended = [
        json.dumps(json.loads(value), separators=(",", ":"))
        for value in text.take(pa.array(long)).to_pylist()
    ]
    mask = np.zeros(len(text), bool)
    mask[long] = True
    return pc.replace_with_mask(text, mask, pa.array(mended, pa.large_string()))
