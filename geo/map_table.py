"""The table of the map: one row an asset, the fields of MAP ("asset, full")."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from data.edition import EditionInfo
from data.errors import InvalidRecordError
from data.findings import NOTHING_DETECTABLE, Grade, expected_name, grade_name
from data.tables import ASSETS, BELIEFS, check_table
from data.words import GRADE_WORDS
from geo.map_fields import FULL_FIELDS, field_names
from geo.tidy import DECIMALS, geometries
from geo.tile_grid import HOME_ZOOM, morton, tile_of

_SHAPES_AT_ONCE = 16_384  # DEFINITIONS, section 10
_CE90_PER_SIGMA = 2.1460  # sqrt(chi2.ppf(.9, 2)): radius of a round normal error
_FROM_ASSETS = field_names(
    "id kind name name_kana owner owner_ref prefecture_code municipality_code "
    "parent_id importance importance_source geometry_source source_licence"
)
_FROM_BELIEFS = field_names(
    "basis na_reason p_severe_low p_severe_high seen_share looks sides best_gsd_m "
    "disputed review confirmed_by_role priority hazard hazard_kind hazard_unit "
    "hazard_sigma_ln fragility_ref clock_kind clock_basis ce90_m model_id"
)
_TIMES = field_names("first_seen_at last_seen_at confirmed_at clock_due_at")
COMPARED_FIELDS = field_names("grade basis na_reason expected disputed review")
"""What makes an asset `changed_in` an edition when it differs from the one before."""


def map_table(
    assets: pa.Table,
    beliefs: pa.Table,
    info: EditionInfo,
    *,
    previous: pa.Table | None = None,
) -> pa.Table:
    """What the map says of every asset, sorted by the Morton code of its home and id.

    Args:
        assets: As ASSETS.
        beliefs: As BELIEFS, one row for every asset.
        info: Of the edition the table is for.
        previous: Table of the edition before, for `changed_in`; None is the first.

    Returns:
        FULL_FIELDS and `geometry`, tidy WKB. home is "14/x/y", null for a link.

    Raises:
        InvalidRecordError: If an asset has no belief or an id occurs twice.
    """
    check_table(assets, ASSETS, "assets")
    check_table(beliefs, BELIEFS, "beliefs")
    ids = assets["id"].to_numpy(zero_copy_only=False)
    column, row = home_tiles(assets, HOME_ZOOM)
    order = np.lexsort((ids, morton(column, row)))
    sorted_assets = taken(assets, order)
    believed = _beliefs_of(sorted_assets, beliefs)
    columns = {name: sorted_assets[name] for name in _FROM_ASSETS}
    columns |= _place_columns(sorted_assets, column[order], row[order])
    columns |= _belief_columns(believed)
    columns |= _edition_columns(info, assets.num_rows)
    columns["priority_rank"] = _priority_rank(columns)
    columns["changed_in"] = _changed_in(columns, info.number, previous)
    names = [*FULL_FIELDS, "geometry"]
    del sorted_assets, believed  # half a gigabyte of a million assets
    return pa.table([_plain(columns.pop(name)) for name in names], names=names)


def taken(table: pa.Table, rows: NDArray[np.int64]) -> pa.Table:
    """Rows of a table; itself, not a copy, where they are all of it in order."""
    if np.array_equal(rows, np.arange(table.num_rows)):
        return table
    return table.take(pa.array(rows))


def home_tiles(
    places: pa.Table, zoom: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The tile that owns each row of a table with longitude and latitude."""
    longitude = np.round(places["longitude"].to_numpy(), DECIMALS)
    latitude = np.round(places["latitude"].to_numpy(), DECIMALS)
    return tile_of(longitude, latitude, zoom)


def home_names(
    kind: pa.ChunkedArray,
    column: NDArray[np.int64],
    row: NDArray[np.int64],
    zoom: int,
) -> pa.Array:
    """Names such as 14/1/2 of each home tile; null for a link, which no tile owns."""
    parts = [pc.cast(pa.array(number), pa.string()) for number in (column, row)]
    names = pc.binary_join_element_wise(str(zoom), *parts, "/")
    link = pc.equal(kind, "link").combine_chunks()
    return pc.if_else(link, pa.scalar(None, pa.string()), names)


def _plain(column: object) -> pa.ChunkedArray:
    if isinstance(column, pa.ChunkedArray):
        if column.num_chunks == 1:
            return column
        return pa.chunked_array([column.combine_chunks()], column.type)
    return pa.chunked_array([column])


def _beliefs_of(assets: pa.Table, beliefs: pa.Table) -> pa.Table:
    """The belief of each asset, in the order of the assets."""
    _check_once(assets["id"], "assets")
    _check_once(beliefs["asset_id"], "beliefs")
    index = pc.index_in(assets["id"], beliefs["asset_id"]).combine_chunks()
    if index.null_count:
        first = pc.filter(assets["id"], pc.is_null(index))[0].as_py()
        raise InvalidRecordError(f"asset {first}: no belief; run `karte plan` first")
    return taken(beliefs, index.to_numpy())


def _check_once(ids: pa.ChunkedArray, name: str) -> None:
    counts = pc.value_counts(ids)
    twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    if len(twice):
        first = min(twice.to_pylist())
        raise InvalidRecordError(f"asset {first}: twice in {name}; keep one row")


def _place_columns(
    assets: pa.Table, column: NDArray[np.int64], row: NDArray[np.int64]
) -> dict[str, object]:
    sigma = pc.cast(assets["position_sigma_m"], pa.float64())
    return {
        "geometry": _tidy_wkb(assets["geometry"]),
        "home": home_names(assets["kind"], column, row, HOME_ZOOM),
        "geometry_ce90_m": pc.multiply(sigma, _CE90_PER_SIGMA),
    }


def _tidy_wkb(wkb: pa.ChunkedArray) -> pa.ChunkedArray:
    """Tidy geometries, a chunk at a time: a million shapes at once take 1.5 GB."""
    chunks = [
        shapely.to_wkb(
            geometries(wkb.slice(start, _SHAPES_AT_ONCE), "assets"), byte_order=1
        )
        for start in range(0, len(wkb), _SHAPES_AT_ONCE)
    ]
    return pa.chunked_array(
        [pa.array(part, pa.binary()) for part in chunks], pa.binary()
    )


def _belief_columns(beliefs: pa.Table) -> dict[str, object]:
    columns: dict[str, object] = {name: beliefs[name] for name in _FROM_BELIEFS}
    columns |= {name: utc_text(beliefs[name]) for name in _TIMES}
    columns |= {f"p_d{k}": beliefs[f"p_{k}"] for k in range(5)}
    columns |= {
        name: pc.binary_join(beliefs[name], ";")
        for name in ("reasons_ja", "reasons_en")
    }
    grades = {int(grade): grade_name(grade) for grade in Grade}
    expected = {state: expected_name(state) for state in range(-1, 5)}
    detectable = {k: f"D{k}" for k in range(5)} | {NOTHING_DETECTABLE: "none"}
    japanese = {int(grade): words[0] for grade, words in GRADE_WORDS.items()}
    english = {int(grade): words[1] for grade, words in GRADE_WORDS.items()}
    return columns | {
        "grade_rank": beliefs["grade"],
        "grade": _named(beliefs["grade"], grades),
        "grade_ja": _named(beliefs["grade"], japanese),
        "grade_en": _named(beliefs["grade"], english),
        "last_grade": _named(beliefs["last_grade"], grades),
        "expected": _named(beliefs["expected"], expected),
        "detectable_from": _named(beliefs["detectable_from"], detectable),
        "p_severe": _sum(beliefs["p_3"], beliefs["p_4"]),
        "prior_p_severe": _sum(beliefs["prior_3"], beliefs["prior_4"]),
        "set": beliefs["state_set"],
    }


def _sum(first: pa.ChunkedArray, second: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.add(pc.cast(first, pa.float64()), pc.cast(second, pa.float64()))


def _named(numbers: pa.ChunkedArray, names: dict[int, str]) -> pa.ChunkedArray:
    """A word for each whole number; unknown stays unknown."""
    keys = pa.array(list(names), pa.int8())
    words = pa.array(list(names.values()), pa.string())
    return pc.take(words, pc.index_in(numbers, keys))


def utc_text(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Each instant as text: UTC, whole seconds, with Z."""
    seconds = pc.cast(pc.floor_temporal(times, unit="second"), pa.timestamp("s", "UTC"))
    return pc.strftime(seconds, format="%Y-%m-%dT%H:%M:%SZ")


def _edition_columns(info: EditionInfo, rows: int) -> dict[str, object]:
    nothing = pa.nulls(rows, pa.string())
    return {
        "operation": pa.repeat(info.operation, rows),
        "events": pa.repeat(";".join(info.events), rows),
        "drill": pa.repeat(info.drill, rows),
        "edition": pa.repeat(pa.scalar(info.number, pa.int32()), rows),
        "audience": pa.repeat(info.audience, rows),
        "secondary": nothing,
        "evidence_ref": nothing,
    }


def _priority_rank(columns: dict[str, object]) -> pa.Array:
    """1 for the most urgent of its kind; equal ones by id, unknown ones null.

    Priorities count as they are shown: who has a file can rank it again.
    """
    ranked = pa.table({name: columns[name] for name in ("kind", "priority", "id")})
    kind = ranked["kind"].to_numpy(zero_copy_only=False).astype(str)
    shown = pc.round(pc.cast(ranked["priority"], pa.float64()), DECIMALS)
    priority = shown.to_numpy(zero_copy_only=False)
    ids = ranked["id"].to_numpy(zero_copy_only=False)
    order = np.lexsort((ids, -priority, kind))  # NaN sorts last within its kind
    _, first, count = np.unique(kind[order], return_index=True, return_counts=True)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order)) - np.repeat(first, count) + 1
    return pa.array(rank, mask=np.isnan(priority))


def _changed_in(
    columns: dict[str, object], number: int, previous: pa.Table | None
) -> pa.Array:
    """The edition in which each asset's state last changed."""
    now = pa.array(np.full(len(columns["id"]), number, np.int32))  # type: ignore[arg-type]
    if previous is None:
        return now
    index = pc.index_in(columns["id"], previous["id"])
    before = previous.take(index)
    same = pc.is_valid(index)
    for name in COMPARED_FIELDS:
        was, is_now = before[name], columns[name]
        equal = pc.fill_null(pc.equal(was, is_now), pa.scalar(value=False))
        both_unknown = pc.and_(pc.is_null(was), pc.is_null(is_now))
        same = pc.and_(same, pc.or_(equal, both_unknown))
    return pc.if_else(same, before["changed_in"], now)
