"""Asset and AssetKind: what an owner has, and the defaults of its kind."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from data.record import Identifier, Positive, record


class AssetKind(StrEnum):
    """What an asset is; it comes from the inventory, never from the network."""

    BRIDGE = "bridge"
    DAM = "dam"
    TOWER = "tower"
    SPAN = "span"
    SUBSTATION = "substation"
    LINK = "link"


@record
class KindDefaults:
    """What holds for a kind where its owner says nothing (DEFINITIONS, section 1).

    Attributes:
        half_length_m: Half the extent of an asset given as a point.
        height_m: Height above ground.
        cell_m: Length of a cell along the axis, or None where the asset is one cell.
        d0_sides: How many different sides a D0 asks for.
        components: Component classes that may belong to the asset.
    """

    half_length_m: Positive
    height_m: Positive
    cell_m: Positive | None
    importance: float
    d0_sides: int
    components: tuple[str, ...]


DEFAULTS: dict[AssetKind, KindDefaults] = {
    AssetKind.BRIDGE: KindDefaults(
        half_length_m=30.0,
        height_m=10.0,
        cell_m=10.0,
        importance=3.0,
        d0_sides=2,
        components=("bridge", "road"),
    ),
    AssetKind.DAM: KindDefaults(
        half_length_m=100.0,
        height_m=40.0,
        cell_m=10.0,
        importance=5.0,
        d0_sides=2,
        components=("dam",),
    ),
    AssetKind.TOWER: KindDefaults(
        half_length_m=8.0,
        height_m=50.0,
        cell_m=None,
        importance=2.0,
        d0_sides=1,
        components=("tower", "insulator"),
    ),
    AssetKind.SPAN: KindDefaults(
        half_length_m=100.0,
        height_m=40.0,
        cell_m=10.0,
        importance=2.0,
        d0_sides=1,
        components=("conductor",),
    ),
    AssetKind.SUBSTATION: KindDefaults(
        half_length_m=60.0,
        height_m=15.0,
        cell_m=None,
        importance=3.0,
        d0_sides=2,
        components=("tower", "insulator", "building"),
    ),
    AssetKind.LINK: KindDefaults(
        half_length_m=500.0,
        height_m=40.0,
        cell_m=None,
        importance=2.0,
        d0_sides=1,
        components=(),
    ),
}


@record
class Asset:
    """One row of the table `assets` (data/tables.py), for code that needs just one.

    Attributes:
        geometry: WKB, longitude and latitude (CRS84); point, line or polygon.
        position_sigma_m: Standard deviation of the place along each axis.
    """

    id: Identifier
    kind: AssetKind
    geometry: bytes
    longitude: float
    latitude: float
    position_sigma_m: Positive
    length_m: Positive | None
    height_m: Positive | None
    importance: Annotated[float, Field(ge=0, le=5)]
    parent_id: str | None = None


def kind_importance(
    kind: AssetKind, *, length_m: float | None = None, voltage_kv: float | None = None
) -> float:
    """Importance 0 to 5 of an asset whose owner gives none (DEFINITIONS, section 1)."""
    length, voltage = length_m or 0.0, voltage_kv or 0.0
    if kind is AssetKind.BRIDGE and length >= 200.0:  # noqa: PLR2004 table of section 1
        return 4.0
    if kind in (AssetKind.TOWER, AssetKind.SPAN) and voltage >= 275.0:  # noqa: PLR2004
        return 3.0
    if kind in (AssetKind.SUBSTATION, AssetKind.LINK) and voltage >= 500.0:  # noqa: PLR2004
        return 5.0
    if kind in (AssetKind.SUBSTATION, AssetKind.LINK) and voltage >= 187.0:  # noqa: PLR2004
        return 4.0
    return DEFAULTS[kind].importance
