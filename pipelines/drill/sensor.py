"""From linear light to the bytes a camera would have written."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
LUMINANCE = (0.21, 0.72, 0.07)  # weights of linear RGB, ITU-R BT.709
GREY, BRIGHTEST = 0.20, 1.5  # auto-exposure: the mean, and at most for the 98 %
SHOULDER = 2.2  # of the tone curve
FULL_WELL = 12_000.0  # electrons
STEADY_PX = 0.3  # motion below this is not drawn


def _srgb_table() -> Image:
    """IEC 61966-2-1 for 65,536 linear levels; rounded: no processor's `power` shows."""
    x = np.arange(65_536) / 65_535
    curve = np.where(x < 0.0031308, 12.92 * x, 1.055 * np.power(x, 1 / 2.4) - 0.055)
    return np.round(curve, 6).astype(np.float32)


SRGB = _srgb_table()


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """Effects of one shot; `exposure_ev` is off what auto-exposure would choose."""

    exposure_ev: float = 0.0
    white_balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    motion_px: float = 0.5
    motion_deg: float = 0.0
    blur_px: float = 0.4
    vignetting: float = 0.25
    electrons: float = 9000.0
    read_noise: float = 4.0
    sharpen: float = 0.5
    rain: float = 0.0
    jpeg_quality: int = 88


def draw_sensor(rng: np.random.Generator, *, bad: float = 0.0) -> Sensor:
    """A random shot; `bad` 0..1 widens the ranges towards blur, noise and rain."""
    gain = 2.0 ** rng.uniform(0, 2 + 2 * bad)
    balance = rng.normal(1, 0.025, 3)
    return Sensor(
        exposure_ev=float(rng.normal(0, 0.25 + 0.5 * bad)),
        white_balance=(float(balance[0]), 1.0, float(balance[2])),
        motion_px=float(rng.gamma(1.5, 0.35 + 1.5 * bad)),
        motion_deg=float(rng.uniform(0, 180)),
        blur_px=float(rng.uniform(0.3, 0.6 + 1.2 * bad)),
        vignetting=float(rng.uniform(0.1, 0.4)),
        electrons=FULL_WELL / gain,
        sharpen=float(rng.uniform(0.2, 0.9)),
        rain=float(bad * rng.uniform(0, 1)),
        jpeg_quality=int(rng.integers(80, 94)),
    )


def _motion_kernel(length: float, degrees: float) -> Image:
    """A straight smear, 33 points splatted bilinearly."""
    size = int(np.ceil(length)) // 2 * 2 + 3
    kernel = np.zeros((size + 1, size + 1), np.float32)
    t = np.linspace(-0.5, 0.5, 33) * length
    x = size // 2 + t * np.cos(np.radians(degrees))
    y = size // 2 + t * np.sin(np.radians(degrees))
    i, j = y.astype(int), x.astype(int)
    fy, fx = y - i, x - j
    for a, row in ((0, 1 - fy), (1, fy)):
        for b, column in ((0, 1 - fx), (1, fx)):
            np.add.at(kernel, (i + a, j + b), (row * column).astype(np.float32))
    return np.asarray(kernel[:size, :size] / kernel[:size, :size].sum())


def _rain(image: Image, amount: float, rng: np.random.Generator) -> Image:
    """Bright streaks of drops near the lens."""
    height, width = image.shape[:2]
    drops = np.zeros((height, width), np.float32)
    for _ in range(int(amount * height * width / 9000)):
        x, y, long = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(6, 28)
        end = (int(x + 0.15 * long), int(y + long))
        bright = float(rng.uniform(0.05, 0.25))
        cv2.line(drops, (int(x), int(y)), end, bright, 1, cv2.LINE_AA)
    wet = drops[..., None]
    return np.asarray(image * (1 - wet) + wet * float(image.mean()) * 1.8)


def _blurred(image: Image, sensor: Sensor) -> Image:
    """Motion, then defocus."""
    if sensor.motion_px > STEADY_PX:
        kernel = _motion_kernel(sensor.motion_px, sensor.motion_deg)
        smeared = cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT)
        image = np.asarray(smeared, np.float32)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sensor.blur_px))


def _exposed(image: Image, sensor: Sensor) -> Image:
    """Vignetting, auto-exposure off by `exposure_ev`, white balance."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    radius2 = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2
    image = image * (1 - sensor.vignetting * radius2)[..., None]
    red, green, blue = LUMINANCE
    luminance = red * image[..., 0] + green * image[..., 1] + blue * image[..., 2]
    mean, bright = float(np.mean(luminance)), float(np.percentile(luminance, 98))
    gain = 2.0**sensor.exposure_ev * min(GREY / mean, BRIGHTEST / bright)
    balanced = image * np.float32(gain) * np.asarray(sensor.white_balance, np.float32)
    return np.asarray(np.maximum(balanced, 0))


def develop(
    linear: Image, sensor: Sensor, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Linear RGB (height, width, 3) to the sRGB bytes of one shot."""
    image = _blurred(linear, sensor)
    if sensor.rain > 0:
        image = _rain(image, sensor.rain, rng)
    image = _exposed(image, sensor)
    dark = (sensor.read_noise / sensor.electrons) ** 2
    sigma = np.sqrt(image / np.float32(sensor.electrons) + np.float32(dark))
    image = image + sigma * rng.standard_normal(image.shape, dtype=np.float32)
    image = np.maximum(image, 0)
    image = image * (1 + image / np.float32(SHOULDER)) / (1 + image)
    image = SRGB[(np.minimum(image, 1) * 65_535 + 0.5).astype(np.uint16)]
    edges = image - cv2.GaussianBlur(image, (0, 0), 1.2)
    image = image + np.float32(sensor.sharpen) * edges
    return np.asarray((np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8))
