"""An asset cut into cells, each a cloud of points on and over the ground.

A cell is what a look is counted in (DEFINITIONS, sections 1 and 3): ten metres of the
axis of a bridge, dam or span; a tower or a substation as a whole.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiLineString
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from data.assets import DEFAULTS, Asset, AssetKind
from data.errors import InvalidRecordError, TerrainError
from geo.crs import Anchor, enu_from_geographic, geographic_from_enu
from geo.terrain import Terrain, heights_at

Array = NDArray[np.float64]

BRIDGE_HALF_WIDTH_M = 6.0  # two lanes of 3.5 m, shoulders, railings: 9 to 12 m over all
SPAN_HALF_WIDTH_M = 6.0  # cross-arms of a 275 kV tower, and the swing of the wires
BRIDGE_OVER_DECK_M = 5.0  # railings, lamps, the lower half of a truss
CONDUCTOR_LOW_M = 10.0  # DEFINITIONS, section 1: conductors 10 to 40 m above ground
DAM_REACH = 2.5  # of the height to each side: slopes of 1 : 2 to 1 : 2.5 end there
DAM_OFFSETS = 9  # across a dam: crest, and four down each slope
DAM_PARAPET_M = 3.0  # parapets, gates and rails over a crest that the grid shows
OVER_GROUND_M = 1.0  # of feet, and of the middles of a dam: just over the surface
MAX_CELLS = 2_000  # 20 km of axis; a longer asset is a parent, cut it first
RING_POINTS = 32  # at least, along the outline of a cell that is a whole area

CUT_KINDS = frozenset({AssetKind.BRIDGE, AssetKind.DAM, AssetKind.SPAN})
ALONG = np.array([0.0, 0.5, 1.0])  # where along a cell it is sampled
SLOPE_MIDDLES = DAM_OFFSETS + np.array([2, 6])  # halfway along, half down each slope


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """The n cells of one asset; heights in the terrain's datum.

    Attributes:
        points: Longitude, latitude, height of what a cell may fill, shape (n, m, 3).
        middles: Middle of the cell, shape (n, 3).
        aims: What a look at the cell may be aimed at, shape (n, c, 3): the middle, and
            for a dam the middles of its two slopes, which no frame shows together.
        feet: Just above the ground under the middle, shape (n, 3).
        position_sigma_m: Standard deviation of the asset's place along each axis.
    """

    asset_id: str
    kind: AssetKind
    points: Array
    middles: Array
    aims: Array
    feet: Array
    position_sigma_m: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    """Cells on the map, metres east and north of an anchor.

    Attributes:
        samples: Shape (n, m, 2).
        offsets_m: How far a sample is from the axis, shape (m,).
        middles: Shape (n, 2).
    """

    samples: Array
    offsets_m: Array
    middles: Array


def _height_m(asset: Asset) -> float:
    """Above ground: the owner's, else its kind's."""
    return asset.height_m or DEFAULTS[asset.kind].height_m


def _geometry(asset: Asset) -> BaseGeometry:
    try:
        geometry = shapely.from_wkb(asset.geometry)
    except ShapelyError as error:
        raise InvalidRecordError(f"asset {asset.id}: geometry is no WKB") from error
    if geometry.is_empty or not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise InvalidRecordError(
            f"asset {asset.id}: geometry is empty or not finite; give a point or a line"
        )
    return shapely.force_2d(geometry)


def _on_plane(geometry: BaseGeometry, anchor: Anchor) -> BaseGeometry:
    """The geometry in metres east and north of the anchor."""

    def metres(coordinates: Array) -> Array:
        flat = np.column_stack([coordinates, np.zeros(len(coordinates))])
        return enu_from_geographic(flat, anchor)[:, :2]

    return shapely.transform(geometry, metres)


def _axis_of_area(area: BaseGeometry) -> tuple[LineString, float]:
    """Middle line of the smallest rectangle around an area, and its half width."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(area))[:4]
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    if sides[0] < sides[1]:
        corners = np.roll(corners, -1, axis=0)
    near = (corners[0] + corners[3]) / 2
    far = (corners[1] + corners[2]) / 2
    return LineString([near, far]), float(sides.min() / 2)


def _lines(geometry: BaseGeometry) -> list[LineString]:
    """The single lines of a geometry, joined where they meet; an area gives none."""
    if shapely.get_dimensions(geometry) != 1:
        return []
    parts = shapely.get_parts(geometry)
    merged = shapely.get_parts(shapely.line_merge(MultiLineString(list(parts))))
    return [line for line in merged if line.length > 0]


def _strip(line: LineString, cell_m: float, offsets: Array, ends_m: float) -> _Plan:
    """Cells along a line: three stations of each, across them the offsets."""
    count = max(1, round(line.length / cell_m))
    cuts = np.linspace(0, line.length, count + 1)
    stations = cuts[:-1, None] + np.diff(cuts)[:, None] * ALONG
    places = shapely.get_coordinates(
        shapely.line_interpolate_point(line, stations.ravel())
    )
    places = places.reshape(count, len(ALONG), 2)
    ahead = places[:, -1] - places[:, 0]
    length = np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    ahead = ahead / length
    places[0, 0] -= ahead[0] * ends_m
    places[-1, -1] += ahead[-1] * ends_m
    aside = np.stack([ahead[:, 1], -ahead[:, 0]], axis=1)
    samples = places[:, :, None] + offsets[:, None] * aside[:, None, None]
    return _Plan(
        samples=samples.reshape(count, -1, 2),
        offsets_m=np.tile(np.abs(offsets), len(ALONG)),
        middles=places[:, 1],
    )


def _patch(area: BaseGeometry) -> _Plan:
    """One cell: its outline and its middle."""
    hull = shapely.convex_hull(area)
    outline = shapely.segmentize(hull, hull.length / RING_POINTS)
    middle = shapely.get_coordinates(area.centroid)
    samples = np.concatenate([shapely.get_coordinates(outline), middle])[None]
    return _Plan(samples=samples, offsets_m=np.zeros(samples.shape[1]), middles=middle)


def _offsets(asset: Asset, half_width_m: float) -> Array:
    """Distances across the axis at which a cell is sampled."""
    sigma = asset.position_sigma_m
    if asset.kind is AssetKind.DAM:
        reach = max(DAM_REACH * _height_m(asset), half_width_m) + sigma
        return np.linspace(-reach, reach, DAM_OFFSETS)
    kind_m = (
        BRIDGE_HALF_WIDTH_M if asset.kind is AssetKind.BRIDGE else SPAN_HALF_WIDTH_M
    )
    reach = max(kind_m, half_width_m) + sigma
    return np.linspace(-reach, reach, 3)


def _joined(plans: list[_Plan]) -> _Plan:
    return _Plan(
        samples=np.concatenate([plan.samples for plan in plans]),
        offsets_m=plans[0].offsets_m,
        middles=np.concatenate([plan.middles for plan in plans]),
    )


def _plan(asset: Asset, geometry: BaseGeometry) -> _Plan:
    """Cells on the map. A point without an axis is one cell, a square of its kind."""
    defaults, sigma = DEFAULTS[asset.kind], asset.position_sigma_m
    lines, half_width_m = _lines(geometry), 0.0
    is_area = shapely.get_dimensions(geometry) == 2  # noqa: PLR2004 a polygon
    if asset.kind in CUT_KINDS and is_area:
        axis, half_width_m = _axis_of_area(geometry)
        lines = [axis]
    if asset.kind in CUT_KINDS and lines and defaults.cell_m is not None:
        length, most = sum(line.length for line in lines), MAX_CELLS * defaults.cell_m
        if length > most:
            raise TerrainError(
                f"asset {asset.id}: {length / 1000:.0f} km long; cut it into parts of"
                f" {most / 1000:.0f} km"
            )
        offsets = _offsets(asset, half_width_m)
        strips = [_strip(line, defaults.cell_m, offsets, sigma) for line in lines]
        return _joined(strips)
    if is_area or lines:
        return _patch(geometry.buffer(sigma, quad_segs=2))
    half_length = asset.length_m / 2 if asset.length_m else defaults.half_length_m
    return _patch(geometry.centroid.buffer(half_length + sigma, cap_style="square"))


def _ground(terrain: Terrain, places: Array, asset: Asset) -> Array:
    """Heights of the ground (N,); unknown ones take the mean of the asset's others.

    Raises:
        TerrainError: If the terrain knows none of the places.
    """
    heights = heights_at(terrain, places[:, 0], places[:, 1])
    known = np.isfinite(heights)
    if not known.any():
        raise TerrainError(
            f"asset {asset.id}: the terrain does not cover it; give a larger grid"
        )
    return np.where(known, heights, heights[known].mean())


def _chord(ground: Array) -> Array:
    """Straight line between the ground under the two ends, (n, 1): its higher end."""
    across = ground.shape[1] // len(ALONG)
    first, last = ground[0, across // 2], ground[-1, -1 - across // 2]
    share = np.linspace(0.0, 1.0, len(ground) + 1)
    stations = first + (last - first) * share
    return np.asarray(np.maximum(stations[:-1], stations[1:])[:, None])


def _levels(
    asset: Asset, ground: Array, plan: _Plan, *, is_flat: bool
) -> tuple[Array, Array, Array]:
    """Bottom and top (n, m) of the samples, and height over ground of the middles.

    A deck or a wire goes straight on where the ground falls away: the top is never
    below the line between the ends. The bottom is the ground, where lies what fell.
    """
    kind, height_m = asset.kind, _height_m(asset)
    if kind is AssetKind.DAM:
        reach = max(float(plan.offsets_m.max()), 1e-9)
        share = 1 - plan.offsets_m / reach
        # a grid shows the dam itself; on flat ground it is a prism of its own
        over = height_m * share if is_flat else DAM_PARAPET_M * (share > 1 - 1e-9)
        top = ground + over
        return ground, top, np.full(len(ground), height_m if is_flat else OVER_GROUND_M)
    low = CONDUCTOR_LOW_M if kind is AssetKind.SPAN else 0.0
    top = ground + height_m
    if kind in CUT_KINDS:
        rise = height_m if kind is AssetKind.SPAN else BRIDGE_OVER_DECK_M
        top = np.maximum(top, _chord(ground) + rise)
    return ground, top, np.full(len(ground), (low + height_m) / 2)


def _no_cells(asset: Asset) -> Cells:
    none = np.empty((0, 1, 3))
    return Cells(
        asset_id=asset.id,
        kind=asset.kind,
        points=none,
        middles=none[:, 0],
        aims=none,
        feet=none[:, 0],
        position_sigma_m=asset.position_sigma_m,
    )


def _aims(kind: AssetKind, points: Array, middles: Array) -> Array:
    """Where a look may be aimed, (n, c, 3), of clouds (n, m, 3): bottom, then top."""
    samples = points.shape[1] // 2
    if kind is not AssetKind.DAM or samples != len(ALONG) * DAM_OFFSETS:
        return middles[:, None]
    slopes = points[:, samples + SLOPE_MIDDLES] + [0.0, 0.0, OVER_GROUND_M]
    return np.concatenate([middles[:, None], slopes], axis=1)


def _raised(asset: Asset, plan: _Plan, anchor: Anchor, terrain: Terrain) -> Cells:
    """The cells of a plan, stood on the terrain."""
    count, samples = plan.samples.shape[:2]
    spots = np.concatenate([plan.samples.reshape(-1, 2), plan.middles])
    level = np.column_stack([spots, np.zeros(len(spots))])
    places = geographic_from_enu(level, anchor)[:, :2]
    ground = _ground(terrain, places, asset)
    under, middle = ground[: count * samples].reshape(count, samples), ground[-count:]
    low, high, eye = _levels(asset, under, plan, is_flat=terrain.is_flat)
    below = places[: count * samples].reshape(count, samples, 2)
    points = np.concatenate([np.dstack([below, low]), np.dstack([below, high])], axis=1)
    middles = np.column_stack([places[-count:], middle + eye])
    return Cells(
        asset_id=asset.id,
        kind=asset.kind,
        points=points,
        middles=middles,
        aims=_aims(asset.kind, points, middles),
        feet=np.column_stack([places[-count:], middle + OVER_GROUND_M]),
        position_sigma_m=asset.position_sigma_m,
    )


def asset_cells(asset: Asset, terrain: Terrain) -> Cells:
    """The cells of an asset, standing on the terrain.

    A link has none: it is looked at through its spans and towers.

    Raises:
        InvalidRecordError: If its geometry cannot be used.
        TerrainError: If the terrain does not cover it, or it has too many cells.
    """
    if asset.kind is AssetKind.LINK:
        return _no_cells(asset)
    anchor = Anchor(longitude=asset.longitude, latitude=asset.latitude, height_m=0.0)
    plan = _plan(asset, _on_plane(_geometry(asset), anchor))
    return _raised(asset, plan, anchor, terrain)
