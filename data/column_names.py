"""Which column of an owner's file is which: a mapping, given or suggested by names."""

import json
import re
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
    "lat_lon": ("lat_lon", "latlon", "緯度経度", "緯度・経度", "座標", "shisetsu_id"),
    "longitude": ("longitude", "lon", "lng", "経度", "起点経度", "東経", "位置経度"),
    "latitude": ("latitude", "lat", "緯度", "起点緯度", "北緯", "位置緯度"),
    "northing": ("northing", "x座標", "平面直角座標x", "平面x"),
    "easting": ("easting", "y座標", "平面直角座標y", "平面y"),
    "plane_zone": ("plane_zone", "系", "系番号", "座標系番号", "平面直角座標系"),
    "datum": ("datum", "測地系", "測地基準系", "座標参照系"),
    "id": (
        "id",
        "asset_id",
        "v_id",
        "l_id",
        "施設id",
        "管理番号",
        "施設番号",
        "橋梁番号",
        "橋梁id",
        "整理番号",
        "shisetsu_bangou",
        "shisetsu_id",
    ),
    "kind": ("kind", "typ", "type", "種別", "施設種別", "区分", "施設種類"),
    "name": ("name", "名称", "施設名", "橋梁名", "橋名", "ダム名", "鉄塔名", "線路名"),
    "name_kana": ("name_kana", "kana", "カナ", "フリガナ", "名称カナ", "橋梁名カナ"),
    "owner": (
        "owner",
        "operator",
        "管理者",
        "管理者名",
        "事業者",
        "所有者",
        "管理団体",
    ),
    "parent_id": ("parent_id", "parent", "line_id", "link_id", "路線id", "線路id"),
    "length_m": ("length_m", "length", "橋長", "堤頂長", "延長", "亘長"),
    "height_m": ("height_m", "height", "高さ", "堤高", "塔高"),
    "spans": ("spans", "n_spans", "径間数"),
    "max_span_m": ("max_span_m", "max_span", "最大支間長", "支間長"),
    "skew_deg": ("skew_deg", "skew"),
    "support_angle_deg": ("support_angle_deg", "斜角"),
    "material": ("material", "材料", "使用材料", "上部工使用材料"),
    "structure": ("structure", "構造", "構造形式", "橋種", "型式", "上部工構造形式"),
    "year": (
        "year",
        "built",
        "架設年",
        "架設年度",
        "架設年月",
        "完成年",
        "完成年月",
        "竣工年",
        "竣工年月",
        "建設年",
        "建設年度",
    ),
    "voltage_kv": ("voltage_kv", "voltage", "電圧", "公称電圧"),
    "design_wind_m_s": ("design_wind_m_s", "design_wind", "設計風速"),
    "importance": ("importance", "重要度"),
    "soundness": ("soundness", "健全性", "健全度", "判定区分", "健全性の診断"),
    "prefecture_code": ("prefecture_code", "pref_code", "都道府県コード"),
    "municipality_code": (
        "municipality_code",
        "市区町村コード",
        "自治体コード",
        "行政区域コード",
        "n03_007",
    ),
    "position_sigma_m": ("position_sigma_m",),
    "source_licence": ("source_licence", "licence", "license"),
}
"""Names under which owners keep each field, the surest first.

Surveyors' X points north and their Y east: a column 'X座標' is a northing. 斜角 is the
angle between the axis and the line of bearings, 90 where a bridge is straight; ours is
the skew, 0 there (Hazus).
"""
PLACE_FIELDS = ("geometry", "lat_lon", "longitude", "northing")
"""Fields that give a place, each alone or with its other axis, the surest first."""


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
        encoding: Of a text file, where it cannot be told: `cp932`, `utf-8`.
        swap_axes: Whether its coordinates are given as latitude, longitude.
        outside_japan: Whether places outside Japan are meant.
        leave_out_bad_rows: Whether rows that cannot be right are left out and listed,
            where otherwise one of them refuses the file.
    """

    columns: dict[str, str] = Field(default_factory=dict)
    kinds: dict[str, str] = Field(default_factory=dict)
    kind: AssetKind | None = None
    crs: str | None = None
    owner: str | None = None
    source_licence: str | None = None
    position_sigma_m: Annotated[Positive, Field(le=10_000)] | None = None
    id_prefix: Identifier | None = None
    encoding: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")] | None = None
    swap_axes: bool = False
    outside_japan: bool = False
    leave_out_bad_rows: bool = False


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
    plain = {_bare(name): name for name in reversed(names)}
    plain |= {_plain(name): name for name in reversed(names)}
    for candidate in NAMES[field]:
        if candidate in plain:
            return plain[candidate]
    if field == "geometry":
        return next((name for name in names if _plain(name).startswith("wkt_")), None)
    return None


def known_names(names: Sequence[str], mapping: ColumnMapping) -> int:
    """How many of these are columns of ours, mapped or by name: is this a header?"""
    mapped = set(mapping.columns.values())
    return sum(
        name in mapped or _plain(name) in _KNOWN or _bare(name) in _KNOWN
        for name in names
    )


def _plain(name: str) -> str:
    """A name without spaces or line breaks, narrow and in small letters."""
    return "".join(half_width(name).lower().split())


def _bare(name: str) -> str:
    """A plain name without what stands in brackets: 橋長(m) is 橋長."""
    return _BRACKETS.sub("", _plain(name))


_BRACKETS = re.compile(r"[(\[〔【][^)\]〕】]*[)\]〕】]")
_KNOWN = frozenset(name for names in NAMES.values() for name in names)


def suggested_mapping(
    names: Sequence[str], kinds: Sequence[str], *, crs: str | None
) -> str:
    """A mapping as TOML, to be checked and completed by a person.

    Args:
        names: Columns of the file.
        kinds: Values of its kind column, those we cannot place among them.
        crs: Reference system that the file names, if it does.
    """
    found = {field: column_for(field, names, ColumnMapping()) for field in NAMES}
    lines = [f"# crs: the file says {crs[:80]!r}"] if crs else list(_ASK_CRS)
    lines += [] if found["kind"] else ['# kind = "bridge" # of every row']
    lines += ["", "[columns] # our field = the file's column"]
    lines += [
        f'{field} = "{_quoted(c)}"' for field, c in found.items() if c is not None
    ]
    used = {column for column in found.values() if column is not None}
    unused = [name for name in names if name not in used]
    lines += [f"# not used: {', '.join(map(_quoted, unused))}"] if unused else []
    lines += ["", '[kinds] # a value of the kind column = our kind, or "" for none']
    lines += [f'"{_quoted(kind)}" = ""' for kind in kinds]
    return "\n".join(lines) + "\n"


_ASK_CRS = (
    '# crs = "EPSG:6668" # JGD2011; EPSG:4612 JGD2000; EPSG:4301 Tokyo Datum;',
    "# EPSG:6669 to 6687 plane rectangular zones I to XIX; the file names none",
)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
