"""What owners have, kept in the store: `karte inventory`.

STORE/inventory/FILE.parquet        one owner's assets, as imported
STORE/inventory/FILE.json           what was left out, and the hashes of file and table
STORE/inventory/merging/            which rows are one thing, and which stay apart
"""

import json
from collections.abc import Sequence
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.assets import AssetKind
from data.column_names import ColumnMapping, read_mapping
from data.errors import InvalidRecordError, LedgerError, UsageError
from data.merges import Merge, Merges, read_aparts, read_merges
from data.record import to_json
from data.refusals import Refusal, RefusalCode, refuse
from data.store import inventory_folder
from data.tables import ASSETS, check_table
from pipelines.boundaries import (
    has_areas,
    import_boundary,
    keep_codes,
    with_codes,
)
from pipelines.inventory import read_inventory, suggest_mapping
from pipelines.merging import HELD, find_merges, ids_twice, merge_lines, merged
from pipelines.outcome import (
    ExitCode,
    Outcome,
    code_for,
    refusal_dicts,
    refusal_lines,
)
from pipelines.reading import write_atomically

BOUNDARY = "boundary"
SHOWN = 20
"""Refusals printed; all of them are in the report beside the inventory."""
EXPECTED_CODES = frozenset({RefusalCode.NOT_AN_ASSET, RefusalCode.DUPLICATE_ID})
"""Rows that are simply no assets, or occur twice, make an import neither partial."""


def import_inventory(
    store: Path,
    file: Path,
    *,
    kind: str | None,
    mapping: Path | None,
    suggest: bool = False,
) -> Outcome:
    """Take an owner's file into the store; an older one of the same name is replaced.

    Args:
        store: The store's folder.
        file: GeoJSON, GeoPackage, FlatGeobuf, Shapefile (also zipped, or a folder),
            workbook, or text table with WKT or coordinates.
        kind: Kind of every row, where the file does not say; `boundary` for areas of
            municipalities.
        mapping: TOML that says which column is which.
        suggest: Only print a mapping to start from.

    Raises:
        UsageError: If there is no such file or kind.
        RefusedError: If the file cannot be read at all.
    """
    file = file.absolute()
    if not file.exists():
        raise UsageError(f"inventory {file}: no such file")
    if suggest:
        text = suggest_mapping(file)
        return Outcome(ExitCode.DONE, text.splitlines(), {"mapping": text})
    columns = ColumnMapping() if mapping is None else read_mapping(mapping)
    if kind == BOUNDARY:
        imported = import_boundary(store, file, columns)
        _keep_codes(store)
        return imported
    assets, refused = read_inventory(file, kind=_kind(kind), mapping=columns)
    if not assets.num_rows:
        return _outcome(store, file, assets, refused, ())
    held = pa.concat_tables(
        [held_assets(store, but=file.name), _named(assets, file.name)]
    )
    merges = find_merges(held, _apart(store))
    taken = _ids_taken(held, merges, file.name)
    if taken:
        return _outcome(store, file, ASSETS.empty_table(), (*refused, *taken), ())
    del held
    _keep(store, file, assets, refused)
    _write_merges(store, merges)
    mine = [one for one in merges if file.name in (one.kept_in, one.gone_in)]
    return _outcome(store, file, assets, refused, mine)


def _ids_taken(
    held: pa.Table, merges: Sequence[Merge], name: str
) -> tuple[Refusal, ...]:
    """Ids of the new file under which another inventory has another thing."""
    taken = sorted({row["id"] for row in ids_twice(held, merges)})
    return tuple(
        refuse(
            f"{name} id {one}",
            RefusalCode.DUPLICATE_ID,
            value="another inventory has another asset under it",
            remedy="give id_prefix in the mapping; nothing of this file was taken in",
        )
        for one in taken
    )


def _kind(name: str | None) -> AssetKind | None:
    if name is None:
        return None
    try:
        return AssetKind(name)
    except ValueError as error:
        known = ", ".join([*AssetKind, BOUNDARY])
        raise UsageError(f"--kind {name}: not a kind (kinds: {known})") from error


def _keep(
    store: Path, file: Path, assets: pa.Table, refused: Sequence[Refusal]
) -> None:
    """Write the table and what was left out, under the name of the file."""
    folder = inventory_folder(store)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{file.name}.part"
    pq.write_table(assets, part, compression="zstd")
    report = {
        "file": file.name,
        "sha256": _sha256(file),
        "table_sha256": _sha256(part),
        "assets": assets.num_rows,
        "refused": refusal_dicts(refused),
    }
    text = json.dumps(report, ensure_ascii=False, indent=2, sort_keys=True)
    write_atomically(folder / f"{file.name}.json", text.encode())
    part.replace(folder / f"{file.name}.parquet")


def _sha256(path: Path) -> str:
    """Hash of a file; of a folder, of its files' names and hashes."""
    if path.is_dir():
        inside = sorted(one for one in path.rglob("*") if one.is_file())
        named = [f"{one.relative_to(path)} {_sha256(one)}" for one in inside]
        return sha256("\n".join(named).encode()).hexdigest()
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _outcome(
    store: Path,
    file: Path,
    assets: pa.Table,
    refused: Sequence[Refusal],
    merges: Sequence[Merge],
) -> Outcome:
    kinds = kind_counts(assets)
    said = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "nothing"
    counted = [r for r in refused if r.code not in EXPECTED_CODES]
    left = len(refused) - SHOWN
    listed = f"{inventory_folder(store) / file.name}.json"
    code = code_for(done=assets.num_rows, refused=len(counted))
    if not assets.num_rows:
        code = ExitCode.NOTHING_USABLE
    return Outcome(
        code=code,
        lines=[
            f"inventory {file.name}: {said}; {len(refused)} rows left out",
            *refusal_lines(refused[:SHOWN]),
            *([f"  and {left} more, all in {listed}"] if left > 0 else []),
            *merge_lines(merges[:SHOWN]),
            *([f"  {len(merges)} merged: karte inventory merges"] if merges else []),
        ],
        data={
            "assets": kinds,
            "refused": refusal_dicts(refused),
            "merges": [json.loads(to_json(one)) for one in merges],
        },
    )


def kind_counts(assets: pa.Table) -> dict[str, int]:
    """How many assets of each kind, by kind."""
    counts = pc.value_counts(assets["kind"].cast(pa.string())).to_pylist()
    return dict(sorted((each["values"], each["counts"]) for each in counts))


def list_inventories(store: Path) -> Outcome:
    """Every inventory of the store."""
    reports = _reports(store)
    lines = [f"{r['file']}: {r['assets']} assets [{r['sha256'][:8]}]" for r in reports]
    return Outcome(
        code=ExitCode.DONE,
        lines=lines or [f"store {store}: no inventory; karte inventory import FILE"],
        data={
            "inventories": [
                {k: r[k] for k in ("file", "sha256", "assets")} for r in reports
            ]
        },
    )


def read_assets(store: Path) -> pa.Table:
    """Table ASSETS of all inventories together, each once, sorted by (morton, id).

    Prefecture and municipality are filled in where areas were imported.

    Raises:
        InvalidRecordError: If two inventories hold other assets of the same id.
        LedgerError: If an inventory in the store is damaged.
    """
    return with_codes(store, _assets(store))


def _assets(store: Path) -> pa.Table:
    """Table ASSETS of all inventories together, each once.

    What an import found is not looked for again: a sole inventory without merges is the
    table as it lies there.
    """
    known = _known_merges(store)
    files = _files(store)
    if known == () and len(files) == 1:
        return _table(files[0]).combine_chunks()
    held = held_assets(store)
    if known is not None:
        return merged(held, known)
    merges = find_merges(held, _apart(store))
    again = ids_twice(held, merges)
    if again:
        raise InvalidRecordError(
            f"asset {again[0]['id']}: in two inventories of the store, for two things;"
            " import one of them again with id_prefix in its mapping"
        )
    return merged(held, merges)


def current_merges(store: Path) -> tuple[Merge, ...]:
    """What was found last if the store is still the same, else found again."""
    known = _known_merges(store)
    if known is not None:
        return known
    return find_merges(held_assets(store), _apart(store))


def _known_merges(store: Path) -> tuple[Merge, ...] | None:
    """What was found last; None if the store has changed since."""
    known = read_merges(_merging(store) / "merges.json")
    if known is None or known.of != _tables(store):
        return None
    return known.merges


def _merging(store: Path) -> Path:
    return inventory_folder(store) / "merging"


def _write_merges(store: Path, merges: Sequence[Merge]) -> None:
    found = Merges(of=_tables(store), merges=tuple(merges))
    write_atomically(_merging(store) / "merges.json", to_json(found))
    _keep_codes(store)


def _keep_codes(store: Path) -> None:
    if has_areas(store):
        keep_codes(store, _assets(store))


def _reports(store: Path) -> list[dict[str, Any]]:
    """What the store says of each inventory, by name."""
    return [
        json.loads(path.read_text("utf-8"))
        for path in sorted(inventory_folder(store).glob("*.json"))
    ]


def _tables(store: Path) -> dict[str, str]:
    """Hash of each table, and of what a person decided: what merges follow from."""
    tables = {one["file"]: one.get("table_sha256", "") for one in _reports(store)}
    decided = apart_file(store)
    return tables | ({decided.name: _sha256(decided)} if decided.is_file() else {})


def find_again(store: Path) -> None:
    """Find the merges anew, after a person decided."""
    _write_merges(store, find_merges(held_assets(store), _apart(store)))


def apart_file(store: Path) -> Path:
    """Where the decisions to keep assets apart are, one a line."""
    return _merging(store) / "apart.jsonl"


def _apart(store: Path) -> list[frozenset[str]]:
    return [frozenset(one.ids) for one in read_aparts(apart_file(store))]


def held_assets(store: Path, *, but: str | None = None) -> pa.Table:
    """Table HELD of all inventories as they were imported, or of all but one."""
    tables = [
        _named(_table(path), path.name.removesuffix(".parquet"))
        for path in _files(store)
        if path.name != f"{but}.parquet"
    ]
    return pa.concat_tables([HELD.empty_table(), *tables])


def _files(store: Path) -> list[Path]:
    """The tables of the store, by name."""
    return sorted(inventory_folder(store).glob("*.parquet"))


def _named(assets: pa.Table, name: str) -> pa.Table:
    names = pa.repeat(pa.scalar(name), assets.num_rows)
    return assets.append_column("inventory", names)


def _table(path: Path) -> pa.Table:
    """One inventory as it lies in the store."""
    try:
        with pq.ParquetFile(path) as file:
            return check_table(file.read(), ASSETS, path.name)
    except (pa.ArrowInvalid, InvalidRecordError) as error:
        raise LedgerError(
            f"inventory {path.name}: damaged in the store ({error}); import it again"
        ) from error
