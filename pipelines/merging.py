"""Which rows of owners are one thing, and the table of assets without the doubles.

A rule of evidence, not of chance: kind, distance, name, length and structure, each said
in words. Within one inventory only the very same place under one name is one thing (its
owner lists two lanes as two bridges); across inventories, places that agree within how
well they are known. What a person keeps apart stays apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from data.assets import AssetKind
from data.japanese import half_width
from data.merges import Merge
from data.tables import ASSETS, table_from_rows
from pipelines.inventory import finished

Row = dict[str, Any]
Pairs = NDArray[np.int64]

HELD = ASSETS.append(pa.field("inventory", pa.string()))
"""Assets with the inventory of the store that each is in."""
SAME_PLACE_DEG = 1e-6  # about 0.1 m: closer geometries are the same one
SIGMAS = 3.0
FARTHEST_M = 100.0
"""Start value: beyond it no two places are one, however badly they are known."""
LENGTHS_AGREE = 1.1
LENGTHS_CONTRADICT = 1.5
METRES_PER_DEGREE = 111_320.0  # of latitude, mean of the ellipsoid
NARROWEST = 0.69  # cosine of 46.05 degrees, the north end of Japan
_GENERATED = "segmented"


def find_merges(held: pa.Table, apart: Iterable[frozenset[str]]) -> tuple[Merge, ...]:
    """Rows that are one thing with another, by inventory and id of what goes.

    Args:
        held: Table HELD of all inventories of a store, in any order.
        apart: Pairs of ids that stay apart.
    """
    pairs = np.vstack([_same_places(held), _near_places(held)])
    involved, places = np.unique(pairs, return_inverse=True)
    rows = held.take(pa.array(involved)).to_pylist()
    kept_apart = set(apart)
    near: dict[int, list[tuple[int, Merge]]] = defaultdict(list)
    for one, other in np.unique(places.reshape(-1, 2), axis=0).tolist():
        first, later = sorted((one, other), key=lambda index: _rank(rows[index]))
        if frozenset((rows[one]["id"], rows[other]["id"])) in kept_apart:
            continue
        found = merge_of(rows[first], rows[later])
        if found is not None:
            near[later].append((first, found))
    return _settled(rows, near)


def _settled(
    rows: Sequence[Row], near: dict[int, list[tuple[int, Merge]]]
) -> tuple[Merge, ...]:
    """Each row goes into the nearest that stays; what went takes in no other."""
    gone: set[int] = set()
    merges = []
    for index in sorted(near, key=lambda one: _rank(rows[one])):
        staying = [found for first, found in near[index] if first not in gone]
        if staying:
            gone.add(index)
            merges.append(min(staying, key=lambda one: (one.distance_m, one.kept)))
    return tuple(sorted(merges, key=lambda one: (one.gone_in, one.gone)))


def _rank(row: Row) -> tuple[bool, str, str]:
    """What stays goes first: an extent before a point, then the smallest id."""
    return _is_point(row), row["id"], row["inventory"]


def _shape(row: Row) -> BaseGeometry:
    return cast("BaseGeometry", shapely.from_wkb(row["geometry"]))


def _is_point(row: Row) -> bool:
    return _shape(row).geom_type == "Point"


def _kind_codes(held: pa.Table) -> NDArray[np.int64]:
    kinds = [kind.value for kind in AssetKind]
    found = pc.index_in(held["kind"], pa.array(kinds)).to_numpy()
    return np.asarray(found, np.int64)


def _own(held: pa.Table) -> NDArray[np.bool_]:
    """Rows that owners gave; generated spans follow their link."""
    source = pc.fill_null(held["geometry_source"], "owner")
    return np.asarray(pc.not_equal(source, _GENERATED))


def _same_places(held: pa.Table) -> Pairs:
    """Pairs of one kind with the same bounds, (n, 2): neighbours in each such group."""
    own = np.flatnonzero(_own(held))
    bounds = np.empty((len(own), 4))
    for part in np.array_split(np.arange(len(own)), 1 + len(own) // 50_000):
        wkb = held["geometry"].take(pa.array(own[part])).to_numpy(zero_copy_only=False)
        bounds[part] = shapely.bounds(shapely.from_wkb(wkb))
    grid = np.round(bounds / SAME_PLACE_DEG).astype(np.int64)
    keys = np.column_stack([_kind_codes(held)[own], grid])
    order = np.lexsort(keys.T[::-1])
    new = (keys[order][1:] != keys[order][:-1]).any(axis=1)
    groups = np.split(own[order], np.flatnonzero(new) + 1)
    return _all_pairs([group for group in groups if len(group) > 1])


def _all_pairs(groups: Sequence[NDArray[np.int64]]) -> Pairs:
    """Every pair within each group, (n, 2)."""
    pairs = [
        np.column_stack([group[upper[0]], group[upper[1]]])
        for group in groups
        for upper in [np.triu_indices(len(group), 1)]
    ]
    return np.vstack([np.empty((0, 2), np.int64), *pairs])


def _near_places(held: pa.Table) -> Pairs:
    """Pairs of one kind in two inventories, close enough to be looked at, (n, 2)."""
    none = np.empty((0, 2), np.int64)
    inventory = np.asarray(pc.rank(held["inventory"], tiebreaker="dense"))
    if len(held) == 0 or inventory.min() == inventory.max():
        return none
    kinds, own = _kind_codes(held), _own(held)
    found = [none]
    for code in np.unique(kinds).tolist():
        mine = np.flatnonzero((kinds == code) & own)
        if len(set(inventory[mine].tolist())) < 2:  # noqa: PLR2004 two make a pair
            continue
        wkb = held["geometry"].take(pa.array(mine)).to_numpy(zero_copy_only=False)
        shapes = shapely.from_wkb(wkb)
        tree = shapely.STRtree(shapes)
        degrees = FARTHEST_M / METRES_PER_DEGREE / NARROWEST
        pairs = mine[tree.query(shapes, predicate="dwithin", distance=degrees)].T
        found.append(
            pairs[
                (pairs[:, 0] < pairs[:, 1])
                & (inventory[pairs[:, 0]] != inventory[pairs[:, 1]])
            ]
        )
    return np.vstack(found)


def merge_of(kept: Row, gone: Row) -> Merge | None:
    """The merge of two rows of one kind, if enough speaks for it."""
    places = (_shape(kept), _shape(gone))
    apart_m = distance_m(*places)
    same_place = _is_same_place(*places)
    if not same_place:
        if kept["inventory"] == gone["inventory"]:
            return None
        sigmas = np.hypot(kept["position_sigma_m"], gone["position_sigma_m"])
        if apart_m > min(SIGMAS * sigmas, FARTHEST_M):
            return None
    evidence = _evidence(kept, gone, same_place=same_place)
    if evidence is None:
        return None
    return Merge(
        kept=kept["id"],
        kept_in=kept["inventory"],
        gone=gone["id"],
        gone_in=gone["inventory"],
        distance_m=round(apart_m, 1),
        evidence=(f"{kept['kind']}, {apart_m:.1f} m apart", *evidence),
    )


def distance_m(one: BaseGeometry, other: BaseGeometry) -> float:
    """Metres between two places; of two lines, as far as they ever part.

    On a plane that is true at the first place; good to a per mille within 1 km.
    """
    latitude = np.radians(one.centroid.y)
    scale = METRES_PER_DEGREE * np.array([np.cos(latitude), 1.0])
    first, second = (
        shapely.transform(shape, lambda xy: xy * scale) for shape in (one, other)
    )
    if "Point" in (one.geom_type, other.geom_type):
        return float(shapely.distance(first, second))
    return float(shapely.hausdorff_distance(first, second))


def _is_same_place(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Whether two geometries are the same, whichever way they are drawn."""
    first, second = (shapely.normalize(shape) for shape in (one, other))
    return bool(shapely.equals_exact(first, second, SAME_PLACE_DEG))


def _evidence(kept: Row, gone: Row, *, same_place: bool) -> list[str] | None:
    """What speaks for one thing besides the distance, in words; None if too little.

    One name is enough unless lengths contradict. Where one side has no name, only the
    same place or lengths that agree will do, and structures must not differ.
    """
    names = [_plain(row["name"]) for row in (kept, gone)]
    same_id = kept["id"] == gone["id"]
    if None not in names and names[0] != names[1] and not same_id:
        return None
    ratio = _length_ratio(kept, gone)
    if ratio is not None and ratio > LENGTHS_CONTRADICT:
        return None
    named = None not in names and names[0] == names[1]
    lengths_agree = ratio is not None and ratio <= LENGTHS_AGREE
    structures = [_plain(row["structure"]) for row in (kept, gone)]
    differ = None not in structures and structures[0] != structures[1]
    if not (named or same_id or same_place or (lengths_agree and not differ)):
        return None
    said = ["same id"] if same_id else []
    said += [f"same name {kept['name']}"] if named else []
    said += ["at least one has no name"] if None in names else []
    if ratio is not None:
        said.append(f"lengths {kept['length_m']:.1f} and {gone['length_m']:.1f} m")
    if None not in structures:
        said.append(f"structures {kept['structure']} and {gone['structure']}")
    return said


def _plain(text: str | None) -> str | None:
    return "".join(half_width(text).split()) or None if text else None


def _length_ratio(one: Row, other: Row) -> float | None:
    lengths = sorted(row["length_m"] or 0.0 for row in (one, other))
    return lengths[1] / lengths[0] if lengths[0] > 0 else None


def merged(held: pa.Table, merges: Sequence[Merge]) -> pa.Table:
    """Table ASSETS without what is gone, sorted by (morton, id).

    What stays takes over what it does not know itself, and the higher voltage; parts of
    what is gone become its parts. Generated spans go where their link is gone or has
    parts of its own.
    """
    if merges:
        ids = pa.array(sorted({id_ for one in merges for id_ in (one.kept, one.gone)}))
        touched = pc.or_(pc.is_in(held["id"], ids), pc.is_in(held["parent_id"], ids))
        rows = _merged_rows(held.filter(touched).to_pylist(), merges)
        rest = held.filter(pc.invert(touched))
        held = pa.concat_tables([rest, table_from_rows(rows, HELD)])
    own = held.filter(pa.array(_own(held)))
    parents = pc.unique(own["parent_id"]).drop_null()
    needless = pc.and_(
        pc.invert(pa.array(_own(held))), pc.is_in(held["parent_id"], parents)
    )
    whole = held.filter(pc.invert(needless)).select(ASSETS.names)
    order = [("morton", "ascending"), ("id", "ascending")]
    return whole.sort_by(order).combine_chunks()


def _merged_rows(rows: Sequence[Row], merges: Sequence[Merge]) -> list[Row]:
    """Rows that merges touch, as they are afterwards."""
    known = {(row["inventory"], row["id"]): dict(row) for row in rows}
    heir_of = {(one.gone_in, one.gone): (one.kept_in, one.kept) for one in merges}
    heirs = {one.gone: one.kept for one in merges}
    for gone, heir in sorted(heir_of.items()):
        known[heir] |= _taken_over(known[heir], known[gone])
    kept_links = {id_: known[inventory, id_] for inventory, id_ in heir_of.values()}
    after = []
    for before in rows:
        key, parent = (before["inventory"], before["id"]), before["parent_id"]
        generated = before["geometry_source"] == _GENERATED
        if key in heir_of or (generated and (before["inventory"], parent) in heir_of):
            continue
        row = known[key]
        row["parent_id"] = heirs.get(parent, parent)
        if generated and parent in kept_links:
            row["voltage_kv"] = kept_links[parent]["voltage_kv"]
        after.append(row if row == before else _finished_again(row))
    return after


def _taken_over(kept: Row, gone: Row) -> Row:
    """What the row that goes knows and the kept one does not; the higher voltage."""
    voltages = [row["voltage_kv"] for row in (kept, gone) if row["voltage_kv"]]
    missing = {name: gone[name] for name in ASSETS.names if kept[name] is None}
    return missing | {"voltage_kv": max(voltages, default=None)}


def _finished_again(row: Row) -> Row:
    return finished(row, is_point=_is_point(row)) | {"inventory": row["inventory"]}


def ids_twice(held: pa.Table, merges: Sequence[Merge]) -> list[Row]:
    """Rows whose id another row has that is not one thing with them, all but one."""
    gone = {(one.gone_in, one.gone) for one in merges}
    counts = pc.value_counts(held["id"])
    twice = counts.filter(pc.greater(pc.struct_field(counts, "counts"), 1))
    rows = held.filter(pc.is_in(held["id"], pc.struct_field(twice, "values")))
    first: dict[str, Row] = {}
    again = []
    for row in rows.select(
        ["id", "inventory", "parent_id", "geometry_source"]
    ).to_pylist():
        follows = (
            row["geometry_source"] == _GENERATED
            and (row["inventory"], row["parent_id"]) in gone
        )
        if (row["inventory"], row["id"]) in gone or follows:
            continue
        if first.setdefault(row["id"], row) is not row:
            again.append(row)
    return again


def merge_lines(merges: Sequence[Merge]) -> list[str]:
    """One line a merge: what went into what, why, and how to undo it."""
    return [
        f"  merged {one.gone} ({one.gone_in}) into {one.kept} ({one.kept_in}):"
        f" {'; '.join(one.evidence)}; two things? karte inventory unmerge {one.gone}"
        for one in merges
    ]
