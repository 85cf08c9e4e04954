"""Maps of where the ground failed, kept with an operation: `karte layer`."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from data.errors import LedgerError, UsageError
from data.hazard_layer import (
    POLYGONS,
    HazardLayer,
    KeptLayer,
    LayerKind,
    LayerWithdrawal,
)
from data.ledger import Ledger
from data.names import escaped_name
from data.record import from_json, to_json
from data.store import OperationFolder, find_operation
from pipelines.outcome import (
    ExitCode,
    Outcome,
    code_for,
    refusal_dicts,
    refusal_lines,
)
from pipelines.polygons import PGD_COLUMN, ReadPolygons, read_polygons
from pipelines.reading import write_atomically

Geometries = NDArray[np.object_]

STAGE = "layer"
WITHDRAWN = ".withdrawn"
"""Ending of the ledger's key under which a layer's withdrawal stands."""
SHOWN = 20


@dataclass(frozen=True, slots=True)
class LayerRequest:
    """What a person says of a file on the command line.

    Attributes:
        credit: Whom to name as the source.
    """

    file: Path
    kind: LayerKind
    actor: str | None
    credit: str | None = None


def import_layer(store: Path, operation: str, request: LayerRequest) -> Outcome:
    """Keep a file of polygons with an operation; the same again changes nothing.

    Raises:
        UsageError: If nobody is named, or there is no such file or operation.
        RefusedError: If the file cannot be read at all.
    """
    actor = _actor(request.actor)
    folder = find_operation(store, operation)
    if not request.file.is_file():
        raise UsageError(f"layer {request.file}: no such file")
    read = read_polygons(request.file)
    if not read.table.num_rows:
        return _import_outcome(folder, None, read)
    layer = HazardLayer(
        key=content_key_of(request.kind, read.table),
        kind=request.kind,
        name=escaped_name(request.file.name),
        polygons=read.table.num_rows,
        source_sha256=_sha256_of(request.file),
        credit=request.credit,
        actor=actor,
    )
    _write_polygons(_path(folder, layer.key), read.table)
    with folder.open_ledger() as ledger:
        ledger.record(
            [(STAGE, layer.key, to_json(layer))],
            note={"did": "layer import", "actor": actor},
        )
    return _import_outcome(folder, layer, read)


def _actor(name: str | None) -> str:
    if not name:
        raise UsageError("karte layer needs --actor NAME: who vouches for it?")
    return name


def _sha256_of(file: Path) -> str:
    digest = sha256()
    with file.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def content_key_of(kind: LayerKind, polygons: pa.Table) -> str:
    """Hash of what a layer says, however its file is written."""
    digest = sha256(kind.value.encode())
    for wkb, pgd in zip(
        polygons["geometry"].to_pylist(), polygons[PGD_COLUMN].to_pylist(), strict=True
    ):
        digest.update(f"{len(wkb)} {pgd}".encode())
        digest.update(wkb)
    return digest.hexdigest()


def _path(folder: OperationFolder, key: str) -> Path:
    return folder.path / "layers" / f"{key}.parquet"


def _write_polygons(path: Path, polygons: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(polygons, sink, compression="zstd")
    write_atomically(path, sink.getvalue().to_pybytes())


def _import_outcome(
    folder: OperationFolder, layer: HazardLayer | None, read: ReadPolygons
) -> Outcome:
    taken = 0 if layer is None else layer.polygons
    kind = "polygons" if layer is None else f"{layer.kind.value} polygons"
    left = len(read.refused) - SHOWN
    data: dict[str, Any] = {
        "operation": folder.id,
        "layer": None if layer is None else layer.key,
        "polygons": taken,
        "mended": read.mended,
        "refused": refusal_dicts(read.refused),
    }
    return Outcome(
        code=code_for(done=taken, refused=max(len(read.refused), not taken)),
        lines=[
            f"operation {folder.id}: {taken} {kind}, {read.mended} of them mended",
            *refusal_lines(read.refused[:SHOWN]),
            *([f"  and {left} more; --json lists all"] if left > 0 else []),
            *([] if layer is None else [f"  next: karte plan {folder.id}"]),
        ],
        data=data,
    )


def layers_of(ledger: Ledger) -> tuple[HazardLayer, ...]:
    """The layers of an operation that count, by their keys."""
    entries = ledger.all(STAGE)
    gone = {key.removesuffix(WITHDRAWN) for key in entries if key.endswith(WITHDRAWN)}
    return tuple(
        from_json(HazardLayer, text)
        for key, text in entries.items()
        if not key.endswith(WITHDRAWN) and key not in gone
    )


def read_layers_of(ledger: Ledger) -> tuple[KeptLayer, ...]:
    """The same with their polygons.

    Raises:
        LedgerError: If a file is gone from the operation, or changed.
    """
    folder = OperationFolder(ledger.path.parent)
    return tuple(_kept(folder, layer) for layer in layers_of(ledger))


def _kept(folder: OperationFolder, layer: HazardLayer) -> KeptLayer:
    path = _path(folder, layer.key)
    try:
        table = pq.read_table(path, schema=POLYGONS)
    except (OSError, pa.ArrowException) as error:
        raise LedgerError(
            f"layer {path}: {error}; import {layer.name} again"
        ) from error
    if content_key_of(layer.kind, table) != layer.key:
        raise LedgerError(f"layer {path}: changed; import {layer.name} again")
    wkb = table["geometry"].to_numpy(zero_copy_only=False)
    moved = table[PGD_COLUMN].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return KeptLayer(layer, shapely.from_wkb(wkb), np.array(moved, dtype=np.float64))


def list_layers(store: Path, operation: str) -> Outcome:
    """Every layer of an operation that counts."""
    folder = find_operation(store, operation)
    with folder.open_ledger() as ledger:
        found = layers_of(ledger)
    lines = [
        f"{layer.key[:16]}  {layer.kind.value}  {layer.polygons} polygons  {layer.name}"
        f"  by {layer.actor}{f', credit {layer.credit}' if layer.credit else ''}"
        for layer in found
    ]
    return Outcome(
        code=ExitCode.DONE,
        lines=lines or [f"operation {folder.id}: no layer; karte layer import FILE"],
        data={
            "operation": folder.id,
            "layers": [
                {"key": layer.key, "kind": layer.kind.value, "name": layer.name}
                | {"polygons": layer.polygons, "credit": layer.credit}
                for layer in found
            ],
        },
    )


def withdraw_layer(
    store: Path, operation: str, key: str, *, actor: str | None, reason: str | None
) -> Outcome:
    """Let a layer count no more; it stays in the ledger, with who said so and why.

    Args:
        store: The store's folder.
        operation: Id of the operation, or `latest`.
        key: Of the layer, or how it begins.
        actor: Who says so.
        reason: Why.

    Raises:
        UsageError: If name or reason is missing, or not just one layer is meant.
    """
    name = _actor(actor)
    if not reason:
        raise UsageError("karte layer withdraw needs --reason: why does it count not?")
    folder = find_operation(store, operation)
    with folder.open_ledger() as ledger:
        meant = [one for one in layers_of(ledger) if one.key.startswith(key)]
        if len(meant) != 1:
            raise UsageError(
                f"layer {key}: {len(meant)} such layers; karte layer list {folder.id}"
            )
        gone = LayerWithdrawal(key=meant[0].key, actor=name, reason=reason)
        ledger.record(
            [(STAGE, f"{gone.key}{WITHDRAWN}", to_json(gone))],
            note={"did": "layer withdraw", "actor": name},
        )
    return Outcome(
        code=ExitCode.DONE,
        lines=[
            f"operation {folder.id}: {meant[0].name} counts no more ({reason})",
            f"  next: karte plan {folder.id}",
        ],
        data={"operation": folder.id, "layer": gone.key},
    )
