"""Which prefecture and municipality an asset is in: `inventory import --kind boundary`.

STORE/inventory/boundaries/FILE.parquet   areas as imported, with their codes
STORE/inventory/boundaries/codes.parquet  what follows for the assets of the store

Codes that owners give stay; an asset's revision does not change with its area.

Source:
    JIS X 0401 and 0402 (codes); MLIT, 国土数値情報 N03 (names of its columns).
"""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from data.column_names import ColumnMapping, column_for
from data.errors import CrsError, RefusedError
from data.inventory import read_sources
from data.inventory_source import Source
from data.japanese import half_width
from data.refusals import Refusal, RefusalCode, refuse
from data.store import inventory_folder
from geo.legacy_crs import geographic_from_inventory, inventory_epsg_from
from pipelines.outcome import (
    ExitCode,
    Outcome,
    code_for,
    refusal_dicts,
    refusal_lines,
)

AREAS = pa.schema(
    [
        ("prefecture_code", pa.int8()),
        ("municipality_code", pa.int32()),
        ("geometry", pa.binary()),
    ]
)
"""Areas: five digits of a municipality, the first two its prefecture's."""
NEAR_DEG = 0.02  # about 2 km: a bridge over a bay belongs to the nearest shore
PREFECTURES = 47
_POLYGONS = ("Polygon", "MultiPolygon")
_KEY = b"karte.of"
CODES = "codes.parquet"
SHOWN = 20


def import_boundary(store: Path, file: Path, mapping: ColumnMapping) -> Outcome:
    """Take areas into the store; older ones of a file of the same name are replaced.

    Raises:
        RefusedError: If the file cannot be read, or no column holds codes.
    """
    areas, refused = read_areas(file, mapping)
    if areas.num_rows:
        folder = _folder(store)
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{file.name}.part"
        pq.write_table(areas, part, compression="zstd")
        part.replace(folder / f"{file.name}.areas.parquet")
    towns = len(pc.unique(areas["municipality_code"]))
    counted = [one for one in refused if one.code is not RefusalCode.NOT_AN_ASSET]
    return Outcome(
        code=code_for(done=areas.num_rows, refused=len(counted))
        if areas.num_rows
        else ExitCode.NOTHING_USABLE,
        lines=[
            f"boundary {file.name}: {areas.num_rows} areas of {towns} municipalities",
            *refusal_lines(refused[:SHOWN]),
        ],
        data={
            "areas": areas.num_rows,
            "municipalities": towns,
            "refused": refusal_dicts(refused),
        },
    )


def read_areas(
    path: Path, mapping: ColumnMapping
) -> tuple[pa.Table, tuple[Refusal, ...]]:
    """Table AREAS of a file, empty where a row cannot be right; and what is not in it.

    Areas without a code (所属未定地) are left out and listed.

    Raises:
        RefusedError: If the file cannot be read, or no column holds codes.
    """
    tables: list[pa.Table] = [AREAS.empty_table()]
    refused: list[Refusal] = []
    for source in read_sources(path, mapping):
        table, said = _areas(source, mapping)
        tables.append(table)
        refused += said
    bad = any(one.code is not RefusalCode.NOT_AN_ASSET for one in refused)
    whole = AREAS.empty_table() if bad else pa.concat_tables(tables)
    return whole, tuple(refused)


def _areas(source: Source, mapping: ColumnMapping) -> tuple[pa.Table, list[Refusal]]:
    codes = source.columns[_code_column(source, mapping)]
    shapes = _geographic(source, mapping)
    rows: list[tuple[int, int, bytes]] = []
    refused: list[Refusal] = []
    for index, (text, shape) in enumerate(zip(codes, shapes, strict=True)):
        code = municipality_from(text or "")
        if code is not None and shape is not None and shape.geom_type in _POLYGONS:
            rows.append((code // 1000, code, shapely.to_wkb(shapely.force_2d(shape))))
        else:
            refused.append(_left_out(source.where(index), text, code))
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table([list(one) for one in columns], schema=AREAS), refused


def _left_out(where: str, text: str | None, code: int | None) -> Refusal:
    """Why a row is no area."""
    if text is None:
        remedy = "nothing, if the area belongs to no municipality"
        kind, value = RefusalCode.NOT_AN_ASSET, "no code"
    else:
        remedy = "give a code of five digits and a polygon; nothing was taken in"
        kind, value = RefusalCode.BAD_ROW, "no polygon"
        value = f"code {text[:40]}" if code is None else value
    return refuse(where, kind, value=value, remedy=remedy)


def municipality_from(text: str) -> int | None:
    """A municipality's five digits, from five or from six with their check digit.

    >>> municipality_from("13101"), municipality_from("131016"), municipality_from("99")
    (13101, 13101, None)
    """
    plain = half_width(text)
    if not plain.isascii() or not plain.isdigit() or len(plain) not in (4, 5, 6):
        return None
    code = int(plain[:5] if len(plain) == 6 else plain)  # noqa: PLR2004 with its check digit
    return code if 1 <= code // 1000 <= PREFECTURES else None


def _code_column(source: Source, mapping: ColumnMapping) -> str:
    name = column_for("municipality_code", list(source.columns), mapping)
    if name is not None:
        return name
    raise RefusedError(
        refuse(
            source.name,
            RefusalCode.SCHEMA,
            value=f"columns {', '.join(source.columns)}"[:200],
            remedy="map municipality_code with --mapping",
        )
    )


def _geographic(source: Source, mapping: ColumnMapping) -> NDArray[np.object_]:
    """Shapes in longitude and latitude; a file is in one system."""
    try:
        epsg = inventory_epsg_from(next(iter(source.crs), None) or mapping.crs)
    except CrsError as error:
        raise RefusedError(
            refuse(
                source.name,
                RefusalCode.UNSUPPORTED_CRS,
                value=str(error),
                remedy="give crs in the mapping",
            )
        ) from error

    def moved(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(geographic_from_inventory(xy[:, 0], xy[:, 1], epsg))

    return np.asarray(shapely.transform(source.geometry, moved))


def _folder(store: Path) -> Path:
    return inventory_folder(store) / "boundaries"


def has_areas(store: Path) -> bool:
    """Whether areas were imported."""
    return any(_folder(store).glob("*.areas.parquet"))


def with_codes(store: Path, assets: pa.Table) -> pa.Table:
    """The assets; one without codes gets those of the area its home point is in."""
    files = sorted(_folder(store).glob("*.areas.parquet"))
    if not files or not assets.num_rows:
        return assets
    key = _key(files, assets)
    kept = _folder(store) / CODES
    if kept.is_file() and pq.read_schema(kept).metadata.get(_KEY) == key:
        codes = pq.read_table(kept)
    else:
        codes = _codes(files, assets)
    for name in codes.column_names:
        column = assets.column_names.index(name)
        filled = pc.coalesce(assets[name], codes[name])
        assets = assets.set_column(column, assets.schema.field(name), filled)
    return assets.combine_chunks()


def keep_codes(store: Path, assets: pa.Table) -> None:
    """Write the codes of the assets of a store, so that reading it is quick.

    Args:
        store: The store's folder.
        assets: Table ASSETS as `read_assets` gives it.
    """
    files = sorted(_folder(store).glob("*.areas.parquet"))
    if not files or not assets.num_rows:
        return
    codes = _codes(files, assets).replace_schema_metadata({_KEY: _key(files, assets)})
    part = _folder(store) / f"{CODES}.part"
    pq.write_table(codes, part, compression="zstd")
    part.replace(_folder(store) / CODES)


def _key(files: list[Path], assets: pa.Table) -> bytes:
    """Hash of the areas and of the assets' ids and home points."""
    digest = sha256()
    for file in files:
        digest.update(file.read_bytes())
    digest.update("\n".join(assets["id"].to_pylist()).encode())
    for name in ("longitude", "latitude"):
        digest.update(assets[name].to_numpy().tobytes())
    return digest.hexdigest().encode()


def _codes(files: list[Path], assets: pa.Table) -> pa.Table:
    """Codes of each asset, null far from every area."""
    areas = pa.concat_tables([pq.read_table(file, schema=AREAS) for file in files])
    areas = areas.sort_by("municipality_code")
    points = shapely.points(
        assets["longitude"].to_numpy(), assets["latitude"].to_numpy()
    )
    row = area_of(points, areas["geometry"].to_numpy())
    picked = pa.array(row, mask=row < 0)
    names = ("prefecture_code", "municipality_code")
    return areas.select(names).take(picked)


def area_of(
    points: NDArray[np.object_], polygons: NDArray[np.object_]
) -> NDArray[np.int64]:
    """Row of the area each point is in, or is nearest to; -1 far from all.

    Where areas overlap or are equally near, the first.

    Args:
        points: Shapely points, shape (n,).
        polygons: WKB, shape (areas,).
    """
    shapes = shapely.make_valid(shapely.from_wkb(polygons))
    tree = shapely.STRtree(shapes)
    inside = tree.query(points, predicate="intersects")
    found = np.full(len(points), len(shapes), dtype=np.int64)
    np.minimum.at(found, inside[0], inside[1])
    left = np.flatnonzero(found == len(shapes))
    if left.size:
        near = tree.query_nearest(points[left], max_distance=NEAR_DEG)
        np.minimum.at(found, left[near[0]], near[1])
    found[found == len(shapes)] = -1
    return found
