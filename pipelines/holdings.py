"""What owners have, kept in the store: `karte inventory`."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.assets import AssetKind
from data.column_names import ColumnMapping, read_mapping
from data.errors import InvalidRecordError, LedgerError, UsageError
from data.refusals import Refusal, RefusalCode
from data.store import inventory_folder
from data.tables import ASSETS, check_table
from pipelines.inventory import read_inventory, suggest_mapping
from pipelines.outcome import (
    ExitCode,
    Outcome,
    code_for,
    refusal_dicts,
    refusal_lines,
)
from pipelines.reading import write_atomically

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
        file: GeoJSON, GeoPackage, FlatGeobuf, or CSV with WKT or coordinates.
        kind: Kind of every row, where the file does not say.
        mapping: TOML that says which column is which.
        suggest: Only print a mapping to start from.

    Raises:
        UsageError: If there is no such file or kind.
        RefusedError: If the file cannot be read at all.
    """
    if not file.is_file():
        raise UsageError(f"inventory {file}: no such file")
    if suggest:
        text = suggest_mapping(file)
        return Outcome(ExitCode.DONE, text.splitlines(), {"mapping": text})
    columns = ColumnMapping() if mapping is None else read_mapping(mapping)
    assets, refused = read_inventory(file, kind=_kind(kind), mapping=columns)
    if assets.num_rows:
        _keep(store, file, assets, refused)
    return _outcome(store, file, assets, refused)


def _kind(name: str | None) -> AssetKind | None:
    if name is None:
        return None
    try:
        return AssetKind(name)
    except ValueError as error:
        known = ", ".join(AssetKind)
        raise UsageError(f"--kind {name}: not a kind (kinds: {known})") from error


def _keep(
    store: Path, file: Path, assets: pa.Table, refused: Sequence[Refusal]
) -> None:
    """Write the table and what was left out, under the name of the file."""
    folder = inventory_folder(store)
    folder.mkdir(parents=True, exist_ok=True)
    report = {
        "file": file.name,
        "sha256": sha256(file.read_bytes()).hexdigest(),
        "assets": assets.num_rows,
        "refused": refusal_dicts(refused),
    }
    text = json.dumps(report, ensure_ascii=False, indent=2, sort_keys=True)
    write_atomically(folder / f"{file.name}.json", text.encode())
    part = folder / f"{file.name}.part"
    pq.write_table(assets, part, compression="zstd")
    part.replace(folder / f"{file.name}.parquet")


def _outcome(
    store: Path, file: Path, assets: pa.Table, refused: Sequence[Refusal]
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
        ],
        data={"assets": kinds, "refused": refusal_dicts(refused)},
    )


def kind_counts(assets: pa.Table) -> dict[str, int]:
    """How many assets of each kind, by kind."""
    counts = pc.value_counts(assets["kind"].cast(pa.string())).to_pylist()
    return dict(sorted((each["values"], each["counts"]) for each in counts))


def list_inventories(store: Path) -> Outcome:
    """Every inventory of the store."""
    reports: list[dict[str, Any]] = [
        json.loads(path.read_text("utf-8"))
        for path in sorted(inventory_folder(store).glob("*.json"))
    ]
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
    """Table ASSETS of all inventories together, sorted by (morton, id).

    Raises:
        InvalidRecordError: If two inventories hold an asset of the same id.
        LedgerError: If an inventory in the store is damaged.
    """
    tables = [
        _table(path) for path in sorted(inventory_folder(store).glob("*.parquet"))
    ]
    if not tables:
        return ASSETS.empty_table()
    whole = pa.concat_tables(tables)
    _check_once(whole)
    return whole.sort_by(
        [("morton", "ascending"), ("id", "ascending")]
    ).combine_chunks()


def _table(path: Path) -> pa.Table:
    """One inventory as it lies in the store."""
    try:
        with pq.ParquetFile(path) as file:
            return check_table(file.read(), ASSETS, path.name)
    except (pa.ArrowInvalid, InvalidRecordError) as error:
        raise LedgerError(
            f"inventory {path.name}: damaged in the store ({error}); import it again"
        ) from error


def _check_once(assets: pa.Table) -> None:
    counts = pc.value_counts(assets["id"])
    twice = counts.filter(pc.greater(pc.struct_field(counts, "counts"), 1))
    if len(twice):
        first = twice[0].as_py()["values"]
        raise InvalidRecordError(
            f"asset {first}: in two inventories of the store; import one file with both"
            " or give them different ids"
        )
