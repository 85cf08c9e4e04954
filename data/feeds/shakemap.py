"""USGS ShakeMap grid.xml (v3.5 and v4, plain or gzip) -> ShakeMapGrid.

Columns are found by their names: the two versions order them differently. "%g" and
"pctg" both mean a hundredth of g. Rows go from the north-west to the south-east; here
latitudes ascend. Times of a ShakeMap are UTC by its format. Values are as in the file:
nothing is turned from one horizontal component into another.

Source:
    USGS, ShakeMap manual, section "grid.xml" (field names, units and order).
"""

import gzip
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from data.feeds.guarded_xml import MAX_BYTES, child_of, refused, text_of, xml_tree
from data.feeds.numbers import number_within
from data.refusals import RefusalCode

Grid = NDArray[np.float64]

NAMESPACE = "{http://earthquake.usgs.gov/eqcenter/shakemap}"
STANDARD_GRAVITY_GAL = 980.665  # CGPM 1901
DEFAULT_SIGMA_LN = 0.5
"""Natural-log sigma of a ShakeMap that carries none (DEFINITIONS, section 2)."""
MAX_NODES = 4_000_000
_GZIP = b"\x1f\x8b"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,56}")
KINDS = ("ACTUAL", "SCENARIO", "TEST")
"""What a ShakeMap is of: an earthquake, an exercise, or nothing at all."""

COLUMN_OF_MEASURE = {
    "pga": "PGA",
    "pgv": "PGV",
    "sa03": "PSA03",
    "sa10": "PSA10",
    "mmi": "MMI",
}
"""Our names, those of `geo.shaking.Measure` and mmi, and the file's."""
_PER_UNIT = {
    ("pga", "pctg"): STANDARD_GRAVITY_GAL / 100.0,
    ("pga", "%g"): STANDARD_GRAVITY_GAL / 100.0,
    ("pga", "g"): STANDARD_GRAVITY_GAL,
    ("sa03", "pctg"): 0.01,
    ("sa03", "%g"): 0.01,
    ("sa03", "g"): 1.0,
    ("sa10", "pctg"): 0.01,
    ("sa10", "%g"): 0.01,
    ("sa10", "g"): 1.0,
    ("pgv", "cms"): 1.0,
    ("pgv", "cm/s"): 1.0,
    ("mmi", "intensity"): 1.0,
}
_HIGHEST = {"pga": 10_000.0, "pgv": 2_000.0, "sa03": 50.0, "sa10": 50.0, "mmi": 12.0}
"""In our units; the strongest PGA recorded was 4,022 gal (Ichinoseki-nishi, 2008)."""
_HIGHEST_SIGMA = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShakeMapGrid:
    """The shaking field of one earthquake, as a ShakeMap has it.

    Attributes:
        kind: The file's shakemap_event_type: ACTUAL, SCENARIO or TEST.
        longitude: Of the epicentre, degrees, WGS84; `latitude` too.
        depth_km: None where the file gives none.
        longitudes: Of the nodes, degrees, WGS84, ascending, shape (columns,).
        latitudes: Ascending too, shape (rows,).
        values: By name, shape (rows, columns), NaN where the file has no value:
            pga in gal, pgv in cm/s, sa03 and sa10 in g, and mmi (Modified Mercalli).
            A measure the file lacks is not there.
        sigma_ln: Natural-log sigma by the same names, same shape; None where the file
            carries none: DEFAULT_SIGMA_LN stands for it, and a note says so.
        notes: What whoever uses it has to be told.
        sha256: Of the file's bytes as received.
    """

    event_id: str
    version: int
    kind: str
    origin_at: datetime
    processed_at: datetime
    description: str
    magnitude: float
    longitude: float
    latitude: float
    depth_km: float | None
    longitudes: Grid
    latitudes: Grid
    values: Mapping[str, Grid]
    sigma_ln: Mapping[str, Grid] | None
    notes: tuple[str, ...]
    sha256: str


def is_shakemap(data: bytes) -> bool:
    """Whether these bytes may be a ShakeMap: packed, or an XML that names one."""
    return data.startswith(_GZIP) or b"<shakemap_grid" in data[:4096]


def read_shakemap(data: bytes, *, name: str) -> ShakeMapGrid:
    """Read one grid.xml.

    Args:
        data: The bytes as received, gzip or not.
        name: What the user calls it, for messages.

    Raises:
        RefusedError: If it is no ShakeMap, too large, cut short, in an unknown unit, or
            holds a value that no earthquake has.
    """
    root = xml_tree(
        _unpacked(data, name), root_tag=f"{NAMESPACE}shakemap_grid", name=name
    )
    event = child_of(root, f"{NAMESPACE}event", name)
    columns, units = _columns(root, name)
    longitudes, latitudes, table = _lattice(root, columns, name)
    values = {
        measure: _values(table[columns[column]], measure, units[columns[column]], name)
        for measure, column in COLUMN_OF_MEASURE.items()
        if column in columns
    }
    if not set(values) - {"mmi"}:
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"columns {', '.join(columns)}",
            remedy="a ShakeMap carries at least one of PGA, PGV, PSA03, PSA10",
        )
    sigma = _sigmas(columns, table, name)
    return ShakeMapGrid(
        event_id=_id(root, name),
        version=_whole(root.get("shakemap_version", "1"), "shakemap_version", name),
        kind=_kind(root, name),
        origin_at=_time(event.get("event_timestamp", ""), name),
        processed_at=_time(root.get("process_timestamp", ""), name),
        description=event.get("event_description", ""),
        magnitude=_number(event, "magnitude", (-2.0, 10.0), name),
        longitude=_number(event, "lon", (-180.0, 180.0), name),
        latitude=_number(event, "lat", (-90.0, 90.0), name),
        depth_km=_number(event, "depth", (0.0, 800.0), name)
        if event.get("depth")
        else None,
        longitudes=longitudes,
        latitudes=latitudes,
        values=values,
        sigma_ln=sigma,
        notes=_notes(values, sigma),
        sha256=sha256(data).hexdigest(),
    )


def _unpacked(data: bytes, name: str) -> bytes:
    """The XML, no longer than MAX_BYTES, whatever a gzip says it holds."""
    if not data.startswith(_GZIP):
        return data
    try:
        with gzip.open(BytesIO(data)) as packed:
            content = packed.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        refused(
            name,
            RefusalCode.TRUNCATED,
            value=str(error) or type(error).__name__,
            remedy="fetch it again",
        )
    if len(content) > MAX_BYTES:
        refused(
            name,
            RefusalCode.BOMB,
            value=f"inflates beyond {MAX_BYTES} bytes",
            remedy="cut the grid to the land that matters",
        )
    return content


def _columns(root: Element, name: str) -> tuple[dict[str, int], dict[int, str]]:
    """Column of each name, and unit of each column, both from 0."""
    columns: dict[str, int] = {}
    units: dict[int, str] = {}
    for field in root.findall(f"{NAMESPACE}grid_field"):
        index = _whole(field.get("index", ""), "grid_field index", name) - 1
        columns[field.get("name", "").upper()] = index
        units[index] = field.get("units", "").lower()
    if sorted(units) != list(range(len(columns))) or not {"LON", "LAT"} <= set(columns):
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"columns {', '.join(columns)}",
            remedy="give grid.xml as USGS publishes it: LON, LAT and more, from 1 on",
        )
    return columns, units


def _lattice(
    root: Element, columns: Mapping[str, int], name: str
) -> tuple[Grid, Grid, Mapping[int, Grid]]:
    """Longitudes, latitudes, and every column as a grid, south first."""
    said = child_of(root, f"{NAMESPACE}grid_specification", name)
    width, height = (_whole(said.get(key, ""), key, name) for key in ("nlon", "nlat"))
    if not 2 <= min(width, height) <= width * height <= MAX_NODES:  # noqa: PLR2004 a cell
        refused(
            name,
            RefusalCode.TOO_LARGE,
            value=f"{width} x {height} nodes",
            remedy=f"a grid has from 2 x 2 to {MAX_NODES} nodes",
        )
    table = _table(text_of(root, f"{NAMESPACE}grid_data"), name)
    if table.shape != (width * height, len(columns)):
        refused(
            name,
            RefusalCode.TRUNCATED,
            value=f"{table.shape[0]} rows of {table.shape[1]} columns",
            remedy=f"{width * height} rows of {len(columns)} columns were promised",
        )
    grids = table.reshape(height, width, len(columns))[::-1]
    longitudes = _axis(grids[:, :, columns["LON"]], 180.0, name)
    latitudes = _axis(grids[:, :, columns["LAT"]].T, 90.0, name)
    return longitudes, latitudes, {i: grids[:, :, i] for i in columns.values()}


def _table(text: str, name: str) -> Grid:
    """Numbers in rows, as many in each."""
    if not text:
        refused(
            name, RefusalCode.TRUNCATED, value="no grid_data", remedy="fetch it again"
        )
    try:
        return np.loadtxt(BytesIO(text.encode()), dtype=np.float64, ndmin=2)
    except ValueError as error:
        refused(name, RefusalCode.UNREADABLE, value=str(error), remedy="fetch it again")


def _axis(lines: Grid, limit: float, name: str) -> Grid:
    """One axis, shape (N,), from a grid (any, N) that repeats it in every line."""
    axis = np.array(lines[0])
    straight = bool(np.allclose(lines, axis, rtol=0.0, atol=1e-6))
    if not straight or np.any(np.diff(axis) <= 0) or np.any(np.abs(axis) > limit):
        refused(
            name,
            RefusalCode.SCHEMA,
            value="LON and LAT are no lattice from the north-west to the south-east",
            remedy="give grid.xml as USGS publishes it",
        )
    return axis


def _values(column: Grid, measure: str, unit: str, name: str) -> Grid:
    factor = _PER_UNIT.get((measure, unit))
    if factor is None:
        known = sorted(word for what, word in _PER_UNIT if what == measure)
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"{COLUMN_OF_MEASURE[measure]} in {unit!r}",
            remedy=f"known units are {', '.join(known)}",
        )
    values = np.ascontiguousarray(column) * factor
    _check_range(values, (0.0, _HIGHEST[measure]), COLUMN_OF_MEASURE[measure], name)
    return values


def _check_range(
    values: Grid, limits: tuple[float, float], what: str, name: str
) -> None:
    """NaN is a node without a value; all of them NaN is no field."""
    outside = (values < limits[0]) | (values > limits[1]) | np.isinf(values)
    if outside.any() or np.isnan(values).all():
        found = values[outside]
        refused(
            name,
            RefusalCode.OUT_OF_RANGE,
            value=f"{what} {found[0]:g}" if len(found) else f"{what} is NaN everywhere",
            remedy=f"values from {limits[0]:g} to {limits[1]:g} in our units",
        )


def _sigmas(
    columns: Mapping[str, int], table: Mapping[int, Grid], name: str
) -> Mapping[str, Grid] | None:
    """STDPGA and its siblings (natural log of the unit), None where there is none."""
    found = {
        measure: np.ascontiguousarray(table[columns[f"STD{column}"]])
        for measure, column in COLUMN_OF_MEASURE.items()
        if f"STD{column}" in columns
    }
    for measure, sigma in found.items():
        _check_range(
            sigma, (0.0, _HIGHEST_SIGMA), f"STD{COLUMN_OF_MEASURE[measure]}", name
        )
    return found or None


def _notes(
    values: Mapping[str, Grid], sigma_ln: Mapping[str, Grid] | None
) -> tuple[str, ...]:
    missing = sorted(set(COLUMN_OF_MEASURE) - set(values))
    gaps = int(sum(int(np.isnan(grid).sum()) for grid in values.values()))
    return (
        *([f"the ShakeMap carries no {', '.join(missing)}"] if missing else ()),
        *([f"{gaps} values of the ShakeMap are missing"] if gaps else ()),
        *(
            ()
            if sigma_ln
            else (f"the ShakeMap carries no sigma: {DEFAULT_SIGMA_LN:g} (ln) is used",)
        ),
    )


def _id(root: Element, name: str) -> str:
    event_id = root.get("event_id", "")
    if not _ID.fullmatch(event_id):
        refused(
            name,
            RefusalCode.BAD_ID,
            value=f"event_id {event_id!r}",
            remedy="letters, digits, . _ - as in us1000dyad",
        )
    return event_id


def _kind(root: Element, name: str) -> str:
    kind = root.get("shakemap_event_type", "")
    if kind not in KINDS:
        refused(
            name,
            RefusalCode.UNKNOWN_STATUS,
            value=f"shakemap_event_type {kind!r}",
            remedy=f"known are {', '.join(KINDS)}",
        )
    return kind


def _whole(text: str, what: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 7):  # noqa: PLR2004 plenty
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"{what} {text!r}",
            remedy="it is a whole number",
        )
    return int(text)


def _number(
    element: Element, key: str, limits: tuple[float, float], name: str
) -> float:
    return number_within(element.get(key, ""), key, limits, name)


def _time(text: str, name: str) -> datetime:
    """A time of a ShakeMap: UTC, written with GMT, UTC, Z or nothing behind it."""
    bare = text.removesuffix("GMT").removesuffix("UTC").strip()
    try:
        time = datetime.fromisoformat(bare)
    except ValueError:
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"time {text!r}",
            remedy="a time is written like 2018-05-04T22:32:54Z",
        )
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
