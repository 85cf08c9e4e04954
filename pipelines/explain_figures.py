"""The two figures of `karte explain`: the shaking field, and the asset's curves."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.operation import Operation
from geo.shaking import Measure
from geo.vs30 import Ground
from pipelines.explanation import (
    CapacityHere,
    ShakenHere,
    observed_of,
    shaking_given,
)
from pipelines.figures import (
    CurvePicture,
    FieldPicture,
    FigureHeading,
    curve_figure,
    field_figure,
)
from pipelines.plan_sections import jst

Array = NDArray[np.float64]
Row = Mapping[str, Any]

GRID = 140  # columns and rows of the field
LEAST_REACH_DEG, PAD_DEG = 1.2, 0.3  # of the figure: about the epicentre, the asset
EAST_OVER_NORTH = 1.25  # a degree east is shorter than one north
NEXT_CLASS = 0.5  # "at least 5-lower, not received" is drawn as 5-lower


def write_figures(
    folder: Path,
    heading: FigureHeading,
    belief: Row,
    name: str,
    shaken: ShakenHere,
    capacity: CapacityHere | None,
    ground: Ground,
) -> tuple[Path, ...]:
    """Write shaking.png, and fragility.png where there is a curve.

    Args:
        folder: Made if need be.
        heading: What each figure says of its operation.
        belief: Row of the asset.
        name: Of the asset.
        shaken: The asset in the quake that is drawn.
        capacity: Its curve, or None.
        ground: Vs30.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {"shaking.png": field_figure(field_picture(shaken, ground, name), heading)}
    if capacity is not None:
        picture = curve_picture(shaken, capacity, belief, name)
        files["fragility.png"] = curve_figure(picture, heading)
    for file, content in files.items():
        (folder / file).write_bytes(content)
    return tuple(folder / file for file in files)


def figure_heading(
    operation: Operation, as_of: datetime, shaken: ShakenHere
) -> FigureHeading:
    """What a figure says of its operation and of the quake that is drawn."""
    source = shaken.quake.hypocentre
    magnitude = "M?" if source.magnitude_mj is None else f"M{source.magnitude_mj:.1f}"
    depth = "?" if source.depth_km is None else f"{source.depth_km:.0f}"
    return FigureHeading(
        operation=operation.id,
        drill=operation.drill,
        as_of=jst(as_of),
        title=(
            f"{source.region} {magnitude} 深さ{depth} km"
            f" ({jst(shaken.quake.origin_at)})"
        ),
    )


def field_picture(here: ShakenHere, ground: Ground, name: str) -> FieldPicture:
    """The shaking field around epicentre and asset, and the intensities observed."""
    source, (x, y) = here.quake.hypocentre, here.place
    epicentre = source.longitude, source.latitude
    reach = max(LEAST_REACH_DEG, abs(y - epicentre[1]) + PAD_DEG)
    reach = max(reach, abs(x - epicentre[0]) / EAST_OVER_NORTH + PAD_DEG)
    longitude = np.linspace(
        epicentre[0] - reach * EAST_OVER_NORTH,
        epicentre[0] + reach * EAST_OVER_NORTH,
        GRID,
    )
    latitude = np.linspace(epicentre[1] - reach, epicentre[1] + reach, GRID)
    columns, rows = np.meshgrid(longitude, latitude)
    _, shaking = shaking_given(here.quake, columns.ravel(), rows.ravel(), ground)
    return FieldPicture(
        longitude=longitude,
        latitude=latitude,
        intensity=shaking.median[Measure.INTENSITY].reshape(columns.shape),
        observed=_observed_within(here, longitude, latitude),
        epicentre=epicentre,
        asset=here.place,
        asset_name=name,
    )


def _observed_within(here: ShakenHere, longitude: Array, latitude: Array) -> Array:
    """Place and middle of the class of each intensity inside the picture."""
    observed = observed_of(here.quake)
    low = np.where(np.isfinite(observed.low), observed.low, observed.high - NEXT_CLASS)
    high = np.where(
        np.isfinite(observed.high), observed.high, observed.low + NEXT_CLASS
    )
    found = np.column_stack([observed.longitude, observed.latitude, (low + high) / 2.0])
    corner, opposite = (np.array([longitude[k], latitude[k]]) for k in (0, -1))
    inside = ((found[:, :2] >= corner) & (found[:, :2] <= opposite)).all(axis=1)
    return np.asarray(found[inside & np.isfinite(found[:, 2])])


MEASURE_WORDS = {
    Measure.SA10: ("周期1秒の応答", "response at 1 s"),
    Measure.PGA: ("最大加速度", "peak acceleration"),
}


def curve_picture(
    here: ShakenHere, capacity: CapacityHere, belief: Row, name: str
) -> CurvePicture:
    """The curve of an asset with its shaking."""
    japanese, english = MEASURE_WORDS[here.measure]
    return CurvePicture(
        medians=capacity.medians,
        betas=capacity.betas,
        measure_ja=japanese,
        measure_en=english,
        unit=here.unit,
        shaking=here.median(here.shaking),
        sigma_ln=float(here.shaking.sigma[here.measure][0]),
        chances=tuple(belief[f"prior_{k}"] for k in range(5)),
        asset_name=name,
        source=f"Hazus 5.1 {capacity.name}",
    )
