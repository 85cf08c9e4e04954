"""What changed between two editions, as lines that make the newer of the older.

A delta is JSON lines in gzip. The first says `begin`, the last `end`; each has a `seq`.
Between them a `put` holds a whole feature and a `delete` an id and its reason. What is
the same on every feature (edition, operation, events, drill, audience) is in the first
line, and `priority_rank` is counted again, so that one asset does not touch them all.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from data.errors import InvalidRecordError
from geo.feature_json import arena
from geo.tidy import geometry_json
from pipelines.map_content import shapes_of

FORMAT = "karte-delta-1"
LAYER_KEYS = {"assets": "id", "damage": "id", "coverage": "frame_id"}
"""The layers of a delta, and the field that tells one feature from another."""
_CONSTANT = ("audience", "drill", "edition", "events", "operation")
_DERIVED = "priority_rank"
_LINES_PER_MEMBER = 256  # what a cut transfer may lose
_GONE = {"assets": "left_inventory", "damage": "replaced", "coverage": "replaced"}

Feature = dict[str, Any]
Features = dict[str, dict[str, Feature]]
"""GeoJSON features by layer and id."""


@dataclass(frozen=True)
class Version:
    """One edition as a delta sees it.

    Attributes:
        number: Of the edition.
        layers: The tables of LAYER_KEYS, with `geometry`.
    """

    number: int
    layers: Mapping[str, pa.Table]


def delta_lines(
    before: Version, after: Version, merged: Mapping[str, str]
) -> Iterator[str]:
    """The lines that make `after` of `before`, in the order of their `seq`.

    Args:
        before: The edition that the reader has.
        after: The edition that the reader wants.
        merged: Ids that go on under another, by the one that is gone.
    """
    texts = {name: _texts(name, after.layers[name]) for name in LAYER_KEYS}
    yield _line(0, op="begin", format=FORMAT, **_header(before, after))
    seq, digest = 0, hashlib.sha256()
    for name in LAYER_KEYS:
        now, was = texts[name], _texts(name, before.layers[name])
        for gone in sorted(was.keys() - now.keys()):
            seq += 1
            yield _line(
                seq, op="delete", layer=name, id=gone, **_why(name, gone, merged)
            )
        for key in sorted(now):
            digest.update(_canonical(json.loads(now[key])))
            if was.get(key) != now[key]:
                seq += 1
                feature = f'{{"feature":{now[key]},"layer":"{name}","op":"put"'
                yield f'{feature},"seq":{seq}}}'
    yield _line(seq + 1, op="end", sha256=digest.hexdigest())


def _line(seq: int, **values: object) -> str:
    return _canonical({**values, "seq": seq}).decode()


def _canonical(value: object) -> bytes:
    """The one way to write a value: 1e-05 and 0.00001 are the same number."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def _header(before: Version, after: Version) -> dict[str, object]:
    assets = after.layers["assets"]
    constants = {
        name: assets[name][0].as_py() if assets.num_rows else None for name in _CONSTANT
    }
    return {"from": before.number, "to": after.number, "constants": constants}


def _why(layer: str, gone: str, merged: Mapping[str, str]) -> dict[str, str]:
    """The reason of a tombstone."""
    if layer == "assets" and gone in merged:
        return {"reason": "merged", "into": merged[gone]}
    return {"reason": _GONE[layer]}


def _texts(name: str, table: pa.Table) -> dict[str, str]:
    """Each feature of a layer as text, without what every one has in common."""
    key = LAYER_KEYS[name]
    left = ["geometry", *_CONSTANT, _DERIVED] if name == "assets" else ["geometry"]
    fields = table.drop_columns(left)
    features = arena(fields, geometry_json(shapes_of(table)), table[key])
    ids = table[key].to_pylist()
    return dict(zip(ids, features.text.to_pylist(), strict=True))


def delta_bytes(lines: Iterable[str], *, after: int = 0) -> bytes:
    """A delta as gzip, in members that can be read alone; no clock in them.

    Args:
        lines: As `delta_lines` yields.
        after: The last `seq` that the reader has; only what follows is written, behind
            the first line, which is always there.
    """
    kept = [text for k, text in enumerate(lines) if k == 0 or k > after]
    starts = range(0, len(kept), _LINES_PER_MEMBER)
    pieces = ("\n".join(kept[k : k + _LINES_PER_MEMBER]) + "\n" for k in starts)
    return b"".join(gzip.compress(piece.encode(), mtime=0) for piece in pieces)


def read_delta(content: bytes) -> list[dict[str, Any]]:
    """The whole lines of a delta, also of one whose transfer was cut.

    Raises:
        InvalidRecordError: If it is no delta.
    """
    text, rest = b"", content
    try:
        while rest:
            member = zlib.decompressobj(wbits=31)
            text += member.decompress(rest)
            rest = member.unused_data
    except zlib.error as error:
        raise InvalidRecordError(f"delta: no gzip ({error}); fetch it again") from error
    whole, _, _ = text.rpartition(b"\n")
    lines = [json.loads(line) for line in whole.split(b"\n") if line]
    if lines and lines[0].get("format") != FORMAT:
        raise InvalidRecordError(f"delta: not of format {FORMAT}; fetch it again")
    return lines


def applied(features: Features, lines: Iterable[Mapping[str, Any]]) -> Features:
    """The features of the newer edition, made of those of the older.

    Args:
        features: All of edition `from`, by layer and id; not changed.
        lines: As `read_delta` returns; of a cut one and its rest, one after the other.

    Raises:
        InvalidRecordError: If a line is missing, it starts from another edition, or
            the result is not what was sent.
    """
    by_seq = {line["seq"]: line for line in lines}
    held = next((k for k in range(len(by_seq)) if k not in by_seq), len(by_seq)) - 1
    if held < 0 or by_seq[held]["op"] != "end":
        raise InvalidRecordError(
            f"delta: cut after line {held}; fetch the rest with --after {max(held, 0)}"
        )
    begin, end = by_seq[0], by_seq[held]
    _check_start(features, begin)
    made = {name: dict(features.get(name, {})) for name in LAYER_KEYS}
    for name, found in made.items():
        made[name] = {key: _bare(feature) for key, feature in found.items()}
    for seq in range(1, held):
        _apply_line(made, by_seq[seq])
    if _digest(made) != end["sha256"]:
        raise InvalidRecordError(
            "delta: the result is not what was sent; load it whole"
        )
    _restore(made["assets"], begin["constants"])
    return made


def _check_start(features: Features, begin: Mapping[str, Any]) -> None:
    for feature in features.get("assets", {}).values():
        number = feature["properties"]["edition"]
        if number != begin["from"]:
            raise InvalidRecordError(
                f"delta: from edition {begin['from']}, but the features are of"
                f" {number}; give --since {number}"
            )
        return


def _bare(feature: Feature) -> Feature:
    kept = {
        name: value
        for name, value in feature["properties"].items()
        if name not in (*_CONSTANT, _DERIVED)
    }
    return {**feature, "properties": kept}


def _apply_line(made: Features, line: Mapping[str, Any]) -> None:
    if line["op"] == "put":
        made[line["layer"]][line["feature"]["id"]] = line["feature"]
    else:
        made[line["layer"]].pop(line["id"], None)


def _digest(made: Features) -> str:
    digest = hashlib.sha256()
    for name in LAYER_KEYS:
        for key in sorted(made[name]):
            digest.update(_canonical(made[name][key]))
    return digest.hexdigest()


def _restore(assets: dict[str, Feature], constants: Mapping[str, Any]) -> None:
    """Put back what every asset has in common, and the ranks."""
    by_kind: dict[str, list[tuple[float, str]]] = {}
    for key, feature in assets.items():
        feature["properties"] |= {**constants, _DERIVED: None}
        priority = feature["properties"]["priority"]
        if priority is not None:
            kind = feature["properties"]["kind"]
            by_kind.setdefault(kind, []).append((-priority, key))
    for queue in by_kind.values():
        for rank, (_, key) in enumerate(sorted(queue), start=1):
            assets[key]["properties"][_DERIVED] = rank
