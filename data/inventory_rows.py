"""Source rows -> attributes of assets: kinds, ids, numbers; what is dropped is listed.

Source:
    DEFINITIONS, sections 1 (kinds) and 9 (ids).
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from data.assets import AssetKind
from data.column_names import ColumnMapping, column_for
from data.errors import RefusedError
from data.inventory_source import Source
from data.japanese import LONGEST_TEXT, half_width, number_from, year_from
from data.refusals import Refusal, RefusalCode, refuse

Texts = list[str | None]

KIND_WORDS: dict[str, AssetKind] = {
    "bridge": AssetKind.BRIDGE,
    "橋梁": AssetKind.BRIDGE,
    "橋": AssetKind.BRIDGE,
    "道路橋": AssetKind.BRIDGE,
    "dam": AssetKind.DAM,
    "ダム": AssetKind.DAM,
    "tower": AssetKind.TOWER,
    "pylon": AssetKind.TOWER,
    "鉄塔": AssetKind.TOWER,
    "送電鉄塔": AssetKind.TOWER,
    "span": AssetKind.SPAN,
    "substation": AssetKind.SUBSTATION,
    "sub_station": AssetKind.SUBSTATION,
    "station": AssetKind.SUBSTATION,
    "変電所": AssetKind.SUBSTATION,
    "link": AssetKind.LINK,
    "links": AssetKind.LINK,
    "line": AssetKind.LINK,
    "送電線": AssetKind.LINK,
}
"""What owners call our kinds."""

NO_ASSETS = frozenset({"joint", "merge", "plant"})
"""Nodes of a network model and power stations: not what is assessed."""

LARGEST_KV = 1500.0  # above any line on Earth: from here a number means volts
IMPORTANCE_RANGE = (0.0, 5.0)
YEARS = (1600, 2100)

_ID = re.compile(r"[A-Za-z0-9._#-]{1,64}")
_HASHED_DIGITS = 16


@dataclass(frozen=True, slots=True)
class OwnedRows:
    """What an owner says of the rows that are assets.

    Attributes:
        rows: Which rows of the source they are.
        columns: Column of the table ASSETS -> values, as long as `rows`.
        dropped: Rows that are no assets, or lost something, each with its reason; the
            file goes on.
        bad: Place in `rows` -> why that row cannot be right.
    """

    rows: list[int]
    columns: dict[str, list[object]]
    dropped: list[Refusal]
    bad: dict[int, Refusal]


def owned_rows(
    source: Source, mapping: ColumnMapping, kind: AssetKind | None
) -> OwnedRows:
    """Kinds, ids and attributes of a source.

    Args:
        source: What `read_sources` returned.
        mapping: Which column is which.
        kind: Kind of every row that is not plainly another thing, or None.

    Raises:
        RefusedError: If the file does not say what kind its rows are.
        ConfigError: If the mapping names a column that is not there.
    """
    kinds, rows, dropped = _kinds(source, mapping, kind or mapping.kind)

    def texts(field: str) -> Texts:
        name = column_for(field, list(source.columns), mapping)
        if name is None:
            return [None] * len(rows)
        column = source.columns[name]
        return [column[row] for row in rows]

    columns: dict[str, list[object]] = {"kind": [found.value for found in kinds]}
    columns |= _identities(texts("id"), texts("parent_id"), kinds, mapping)
    columns |= {name: [_shortened(text) for text in texts(name)] for name in _PLAIN}
    columns |= {
        name: [None if text is None else parse(text) for text in texts(name)]
        for name, parse in _PARSERS.items()
    }
    columns["skew_deg"] = [
        skew if angle is None else _skew_from(angle)
        for skew, angle in zip(
            columns["skew_deg"], texts("support_angle_deg"), strict=True
        )
    ]
    columns["owner"] = [text or mapping.owner for text in texts("owner")]
    columns["source_licence"] = [
        text or mapping.source_licence for text in texts("source_licence")
    ]
    bad = _unreadable_importance(
        source, rows, texts("importance"), columns["importance"]
    )
    cut = [
        one for name in _PLAIN for one in _cut_texts(source, rows, name, texts(name))
    ]
    return OwnedRows(rows=rows, columns=columns, dropped=[*dropped, *cut], bad=bad)


def _unreadable_importance(
    source: Source, rows: Sequence[int], texts: Texts, values: Sequence[object]
) -> dict[int, Refusal]:
    """By its place in `rows`, each importance that is written and is none."""
    return {
        index: refuse(
            source.where(row),
            RefusalCode.OUT_OF_RANGE,
            value=f"importance {text}",
            remedy="give a number from 0 to 5, or nothing",
        )
        for index, (row, text, value) in enumerate(
            zip(rows, texts, values, strict=True)
        )
        if text is not None and value is None
    }


def _cut_texts(
    source: Source, rows: Sequence[int], name: str, texts: Texts
) -> list[Refusal]:
    """Remarks on texts too long to be kept whole."""
    return [
        refuse(
            source.where(row),
            RefusalCode.OUT_OF_RANGE,
            value=f"{name} of {len(text)} characters",
            remedy=f"nothing: its first {LONGEST_TEXT} are kept",
        )
        for row, text in zip(rows, texts, strict=True)
        if text is not None and len(text) > LONGEST_TEXT
    ]


def _shortened(text: str | None) -> str | None:
    return None if text is None else text[:LONGEST_TEXT]


def _kinds(
    source: Source, mapping: ColumnMapping, kind: AssetKind | None
) -> tuple[list[AssetKind], list[int], list[Refusal]]:
    """Kind and row of each asset, and the rows that are none."""
    name = column_for("kind", list(source.columns), mapping)
    if name is None and kind is None:
        raise RefusedError(
            refuse(
                source.name,
                RefusalCode.SCHEMA,
                value="no column says the kind",
                remedy="give --kind, or map kind with --mapping",
            )
        )
    words: Texts = source.columns[name] if name else [None] * len(source.geometry)
    found = [_kind_of(word, mapping, kind) for word in words]
    rows = [row for row, one in enumerate(found) if one is not None]
    dropped = [
        refuse(
            source.where(row),
            RefusalCode.NOT_AN_ASSET,
            value=words[row] or "no kind",
            remedy="map this kind with --mapping if it is one of ours",
        )
        for row, one in enumerate(found)
        if one is None
    ]
    return [one for one in found if one is not None], rows, dropped


def _kind_of(
    word: str | None, mapping: ColumnMapping, kind: AssetKind | None
) -> AssetKind | None:
    """Kind of a row: as mapped, else the one given, else by its word."""
    if word is not None and word in mapping.kinds:
        mapped = mapping.kinds[word]
        return AssetKind(mapped) if mapped else None
    plain = half_width(word or "").lower()
    if plain in NO_ASSETS:
        return None
    return kind or KIND_WORDS.get(plain)


def asset_id(owner_id: str, kind: AssetKind, *, prefix: str | None) -> str:
    """Our id of an owner's: the same where it is safe as a file name, else hashed.

    A bare number says nothing outside its file (substation 2133 and link 2133 of one
    owner): it gets its kind put before it, unless the mapping gives a prefix.

    >>> asset_id("B-12", AssetKind.BRIDGE, prefix=None)
    'B-12'
    >>> asset_id("2133", AssetKind.LINK, prefix=None)
    'link-2133'
    >>> len(asset_id("第二新橋", AssetKind.BRIDGE, prefix=None))
    16
    """
    plain = half_width(owner_id)
    if prefix is not None:
        plain = f"{prefix}{plain}"
    elif plain.isascii() and plain.isdigit():
        plain = f"{kind.value}-{plain}"
    if _ID.fullmatch(plain):
        return plain
    return hashlib.sha256(plain.encode()).hexdigest()[:_HASHED_DIGITS]


def _identities(
    ids: Texts, parents: Texts, kinds: Sequence[AssetKind], mapping: ColumnMapping
) -> dict[str, list[object]]:
    """Our id (None where there is none), owner_ref where it differs, parent_id."""
    prefix = mapping.id_prefix
    made = [
        None if text is None else asset_id(text, kind, prefix=prefix)
        for text, kind in zip(ids, kinds, strict=True)
    ]
    return {
        "id": list(made),
        "owner_ref": [
            text if text and half_width(text) != one else None
            for text, one in zip(ids, made, strict=True)
        ],
        "parent_id": [
            None if text is None else asset_id(text, AssetKind.LINK, prefix=prefix)
            for text in parents
        ],
    }


def soundness_from(text: str) -> str:
    """The owner's diagnosis: I to IV where it is one of these, else as it is written.

    Source:
        MLIT, 道路橋定期点検要領 (2014): the four grades and their names.

    >>> soundness_from("Ⅲ"), soundness_from("早期措置段階"), soundness_from("判定区分Ⅱ")
    ('III', 'III', 'II')
    >>> soundness_from("C2"), soundness_from("3")
    ('C2', '3')
    """
    plain = half_width(text)
    grade = _GRADE.fullmatch(plain)
    return grade[1] if grade else GRADE_WORDS.get(plain, plain[:LONGEST_TEXT])


GRADE_WORDS = {
    "健全": "I",
    "予防保全段階": "II",
    "早期措置段階": "III",
    "緊急措置段階": "IV",
}
_GRADE = re.compile(
    r"(?:健全性|健全度|判定区分|区分|判定)?\s*(I{1,3}|IV)\s*(?:\(.*\))?"
)


def voltage_kv_from(text: str) -> int | None:
    """The highest of the voltages in a text, in kV; volts are told by their size.

    >>> voltage_kv_from("275000;66000"), voltage_kv_from("５００ｋＶ")
    (275, 500)
    """
    parts = re.split(r"[;/、]", half_width(text))
    found = [number for part in parts if (number := number_from(part))]
    highest = max(found, default=0.0)
    kv = highest if highest <= LARGEST_KV else highest / 1000.0
    return round(kv) if 0.0 < kv <= LARGEST_KV else None


def _skew_from(text: str) -> float | None:
    """Skew of a bridge, 0 where it is straight, from the angle of its bearings (斜角).

    >>> _skew_from("90"), _skew_from("左６０°"), _skew_from("0")
    (0.0, 30.0, None)
    """
    angle = number_from(half_width(text).lstrip("左右 ="))
    return abs(90.0 - angle) if angle is not None and 0.0 < angle < 180.0 else None  # noqa: PLR2004 a right angle and a straight one, in degrees


def _bounded(
    low: float, high: float, *, whole: bool = False
) -> Callable[[str], float | int | None]:
    """A parser of numbers in a range; outside it the value is unknown."""

    def parse(text: str) -> float | int | None:
        number = number_from(text)
        if number is None or not low <= number <= high:
            return None
        return round(number) if whole else number

    return parse


def _year(text: str) -> int | None:
    year = year_from(text)
    return year if year is not None and YEARS[0] <= year <= YEARS[1] else None


_PLAIN = ("name", "name_kana", "material", "structure")

_PARSERS: dict[str, Callable[[str], object]] = {
    "length_m": _bounded(0.1, 1e6),
    "height_m": _bounded(0.1, 1000.0),
    "spans": _bounded(1, 10_000, whole=True),
    "max_span_m": _bounded(0.1, 10_000.0),
    "skew_deg": _bounded(-90.0, 90.0),
    "year": _year,
    "voltage_kv": voltage_kv_from,
    "soundness": soundness_from,
    "design_wind_m_s": _bounded(1.0, 150.0),
    "importance": _bounded(*IMPORTANCE_RANGE),
    "prefecture_code": _bounded(1, 47, whole=True),
    "municipality_code": _bounded(1, 999_999, whole=True),
    "position_sigma_m": _bounded(0.01, 10_000.0),
}
