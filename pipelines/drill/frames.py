"""One frame of a drill: drawn, spoilt where planned, written with its truth."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.drill.camera import Pose, draw_bias, logged_pose
from pipelines.drill.flights import FLIGHTS, View
from pipelines.drill.geodesy import Anchor, geodetic_from_scene
from pipelines.drill.render import Picture, take_picture
from pipelines.drill.sensor import FULL_WELL, Sensor, develop, draw_sensor
from pipelines.drill.tags import Written, exif_of, xmp_of
from pipelines.drill.truth import seen_points

if TYPE_CHECKING:
    from pipelines.drill.light import Weather
    from pipelines.drill.scene import Array
    from pipelines.drill.world import World

LETTER = {"wide": "W", "tele": "T", "zoom": "Z"}
FLIGHT_GAP_S, FRAME_GAP_S = 2_400.0, 14.0  # a gap > 15 min starts a new sortie
START_UP_M = 102.0  # scene height of the take-off point
BEST_QUALITY = 86  # of JPEG: the batch has to stay small
DEFOCUS_PX, DARK_EV = 11.0, -6.5  # of what is spoilt on purpose
STEADY_PX = 0.6  # motion at most: the pictures are taken hovering
IMAGES, MASK_FOLDER = "batch/images", "truth/masks"  # below the drill's folder
MASKS = ("component", "damage", "asset")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all frames of a drill share.

    `clock_error_s` is by camera: by how much its clock is ahead.
    """

    world: World
    anchor: Anchor
    weather: Weather
    points: dict[int, Array]  # by asset, see `truth.points_of`
    seed: int
    flown_from: datetime
    out: Path
    clock_error_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What is known of a frame once it is written.

    `seen` and `gsd_m` hold one value per point of each asset.
    """

    file: str
    view: View
    sha256: str
    seen: dict[int, NDArray[np.bool_]]
    gsd_m: dict[int, Array]
    damage_share: dict[int, float]


def taken_at(setting: Setting, view: View, number: int) -> datetime:
    """By the camera's clock; flights follow one another, so do a flight's frames."""
    after_s = view.flight * FLIGHT_GAP_S + number * FRAME_GAP_S
    after_s += setting.clock_error_s.get(FLIGHTS[view.flight], 0.0)
    return setting.flown_from + timedelta(seconds=after_s)


def file_name(setting: Setting, view: View, number: int) -> str:
    """As DJI names files: time, running number, camera."""
    clock = taken_at(setting, view, number).strftime("%Y%m%d%H%M%S")
    return f"DJI_{clock}_{number + 1:04d}_{LETTER[FLIGHTS[view.flight]]}.JPG"


def _sensor(view: View, rng: np.random.Generator) -> Sensor:
    """An ordinary shot, or one that is blurred or dark on purpose."""
    sensor = draw_sensor(rng)
    sensor = replace(
        sensor,
        motion_px=min(sensor.motion_px, STEADY_PX),
        jpeg_quality=min(sensor.jpeg_quality, BEST_QUALITY),
    )
    if view.spoilt == "blurred":  # out of focus in good light: noise would look sharp
        return replace(
            sensor,
            blur_px=DEFOCUS_PX,
            electrons=FULL_WELL,
            exposure_ev=0.3,
            sharpen=0.0,
        )
    if view.spoilt == "dark":
        return replace(sensor, exposure_ev=DARK_EV)
    return sensor


def _written(setting: Setting, view: View, pose: Pose, number: int) -> Written:
    """What the drone writes down."""
    longitude, latitude, height = geodetic_from_scene(setting.anchor, pose.position)
    camera = FLIGHTS[view.flight]
    place = (float(longitude), float(latitude), float(height))
    return Written(
        pose=pose,
        lens=view.lens,
        place=None if view.spoilt == "unlocated" else place,
        taken_at=taken_at(setting, view, number),
        above_start_m=pose.up - START_UP_M,
        model=f"DRILL-{LETTER[camera]}",
        serial=f"DRILL{setting.seed:05d}{LETTER[camera]}",
    )


def jpeg_of(
    pixels: NDArray[np.uint8], written: Written, quality: int, *, turned: bool
) -> bytes:
    """The file's bytes; a turned one lies on its head without a word in EXIF."""
    image = Image.fromarray(
        np.ascontiguousarray(pixels[::-1, ::-1] if turned else pixels)
    )
    buffer = io.BytesIO()
    image.save(
        buffer,
        format="JPEG",
        quality=quality,
        subsampling=2,
        exif=exif_of(written, turned=turned),
        xmp=xmp_of(written),
    )
    return buffer.getvalue()


def _write_masks(out: Path, stem: str, picture: Picture, *, turned: bool) -> None:
    """Class indices and instances as PNG, lying as the file lies."""
    planes: dict[str, NDArray[Any]] = {
        "component": picture.component,
        "damage": picture.damage,
        "asset": picture.asset.astype(np.uint8),
    }
    for name in MASKS:
        plane = planes[name][::-1, ::-1] if turned else planes[name]
        image = Image.fromarray(np.ascontiguousarray(plane))
        image.save(out / MASK_FOLDER / f"{stem}.{name}.png", optimize=True)


def draw_frame(setting: Setting, view: View, number: int) -> Drawn:
    """Draw and write one frame; depends on nothing but its arguments."""
    rng = np.random.default_rng([setting.seed, 2, number])
    bias = draw_bias(np.random.default_rng([setting.seed, 3, view.flight]))
    written = _written(setting, view, logged_pose(view.pose, bias, rng), number)
    picture = take_picture(setting.world.frozen, view.pose, view.lens, setting.weather)
    sensor, turned = _sensor(view, rng), view.spoilt == "turned"
    pixels = develop(picture.colour, sensor, rng)
    data = jpeg_of(pixels, written, sensor.jpeg_quality, turned=turned)
    file = file_name(setting, view, number)
    (setting.out / IMAGES / file).write_bytes(data)
    _write_masks(setting.out, Path(file).stem, picture, turned=turned)
    found = {
        asset: seen_points(points, picture, view.pose, view.lens)
        for asset, points in setting.points.items()
    }
    count = np.bincount(picture.damage.ravel(), minlength=10) / picture.damage.size
    return Drawn(
        file=file,
        view=view,
        sha256=hashlib.sha256(data).hexdigest(),
        seen={asset: seen for asset, (seen, _) in found.items()},
        gsd_m={asset: gsd for asset, (_, gsd) in found.items()},
        damage_share={k: float(v) for k, v in enumerate(count) if k and v},
    )
