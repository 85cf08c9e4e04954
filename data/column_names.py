"""Which column of an owner's file is which: a mapping, given or suggested by names."""

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from data.assets import AssetKind
from data.errors import ConfigError, InvalidRecordError
from data.japanese import half_width
from data.record import Identifier, Positive, from_json, record

NAMES: dict[str, tuple[str, ...]] = {
    "geometry": ("wkt", "geom", "geometry", "the_geom", "wkt_geom"),
    "longitude": ("longitude", "lon", "lng", "経度"),
    "latitude": ("latitude", "lat", "緯度"),
    "id": (
        "id",
        "asset_id",
        "v_id",
        "l_id",
        "施設id",
        "管理番号",
        "施設番号",
        "整理番号",
    ),
    "kind": ("kind", "typ", "type", "種別", "施設種別", "区分"),
    "name": ("name", "名称", "施設名", "橋梁名", "橋名", "ダム名", "鉄塔名", "線路名"),
    "name_kana": ("name_kana", "kana", "カナ", "フリガナ", "名称カナ", "橋梁名カナ"),
    "owner": ("owner", "operator", "管理者", "管理者名", "事業者", "所有者"),
    "parent_id": ("parent_id", "parent", "line_id", "link_id", "路線id", "線路id"),
    "length_m": ("length_m", "length", "橋長", "橋長(m)", "堤頂長", "延長", "亘長"),
    "height_m": ("height_m", "height", "高さ", "堤高", "塔高"),
    "spans": ("spans", "n_spans", "径間数"),
    "max_span_m": ("max_span_m", "max_span", "最大支間長", "支間長"),
    "skew_deg": ("skew_deg", "skew", "斜角"),
    "material": ("material", "材料", "使用材料"),
    "structure": ("structure", "構造", "構造形式", "橋種", "型式"),
    "year": ("year", "built", "架設年", "架設年度", "完成年", "竣工年", "建設年"),
    "voltage_kv": ("voltage_kv", "voltage", "電圧", "公称電圧", "電圧(kv)"),
    "design_wind_m_s": ("design_wind_m_s", "design_wind", "設計風速"),
    "importance": ("importance", "重要度"),
    "soundness": ("soundness", "健全性", "健全度", "判定区分"),
    "prefecture_code": ("prefecture_code", "pref_code", "都道府県コード"),
    "municipality_code": ("municipality_code", "市区町村コード", "自治体コード"),
    "position_sigma_m": ("position_sigma_m",),
    "source_licence": ("source_licence", "licence", "license"),
}
"""Names under which owners keep each field, the surest first."""


@record
class ColumnMapping:
    """How to read one owner's file; what is not said is suggested by names.

    Attributes:
        columns: Our field -> the file's column.
        kinds: A value of the kind column -> our kind, or `""` for what is no asset.
        kind: Kind of every row.
        crs: Reference system where the file names none, e.g. `EPSG:6668`.
        owner: Owner of every row; `source_licence` likewise.
        position_sigma_m: How well the places are known, along each axis.
        id_prefix: Put before every id of the file.
    """

    columns: dict[str, str] = Field(default_factory=dict)
    kinds: dict[str, str] = Field(default_factory=dict)
    kind: AssetKind | None = None
    crs: str | None = None
    owner: str | None = None
    source_licence: str | None = None
    position_sigma_m: Annotated[Positive, Field(le=10_000)] | None = None
    id_prefix: Identifier | None = None


def read_mapping(path: Path) -> ColumnMapping:
    """Read a mapping from TOML.

    Raises:
        ConfigError: If it cannot be read, or names a field or kind that is none.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        mapping = from_json(ColumnMapping, json.dumps(table))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"mapping {path.name}: {error}; give a TOML file") from error
    except InvalidRecordError as error:
        raise ConfigError(f"mapping {path.name}: {error}") from error
    unknown = sorted(set(mapping.columns) - set(NAMES))
    if unknown:
        raise ConfigError(
            f"mapping {path.name}: no fields {unknown}; known: {', '.join(NAMES)}"
        )
    wrong = sorted(set(mapping.kinds.values()) - {"", *AssetKind})
    if wrong:
        raise ConfigError(
            f"mapping {path.name}: no kinds {wrong}; known: {', '.join(AssetKind)}"
        )
    return mapping


def column_for(field: str, names: Sequence[str], mapping: ColumnMapping) -> str | None:
    """The file's column that holds a field: as mapped, else by its name, else None.

    A WKT column may carry its SRID in the name (`wkt_srid_4326`).

    Raises:
        ConfigError: If the mapping names a column that the file does not have.
    """
    given = mapping.columns.get(field)
    if given is not None:
        if given not in names:
            raise ConfigError(
                f"mapping: no column {given!r} for {field}; the file has: "
                f"{', '.join(names)}"
            )
        return given
    plain = {_plain(name): name for name in reversed(names)}
    for candidate in NAMES[field]:
        if candidate in plain:
            return plain[candidate]
    if field == "geometry":
        return next((name for name in names if _plain(name).startswith("wkt_")), None)
    return None


def _plain(name: str) -> str:
    return half_width(name).lower()


def suggested_mapping(names: Sequence[str], kinds: Sequence[str]) -> str:
    """A mapping as TOML, to be checked and completed by a person.

    Args:
        names: Columns of the file.
        kinds: Values of its kind column, those we cannot place among them.
    """
    found = {field: column_for(field, names, ColumnMapping()) for field in NAMES}
    lines = ["[columns] # our field = the file's column"]
    lines += [
        f'{field} = "{_quoted(c)}"' for field, c in found.items() if c is not None
    ]
    used = {column for column in found.values() if column is not None}
    unused = [name for name in names if name not in used]
    lines += [f"# not used: {', '.join(map(_quoted, unused))}"] if unused else []
    lines += ["", '[kinds] # a value of the kind column = our kind, or "" for none']
    lines += [f'"{_quoted(kind)}" = ""' for kind in kinds]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
