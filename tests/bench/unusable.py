"""Pictures nobody can use, made by seed from good ones or from nothing.

Each maker takes a generator and a good picture, uint8 (height, width, 3), and returns
what a camera would have brought home from the same place on a bad day. Water and rooms
are drawn from nothing: how the check does on real ones is not measured by them.
"""

import cv2
import numpy as np

SIDE = (768, 1024)  # height, width of what is drawn from nothing


def motion_blur(rng, rgb):
    """A shake of 2 to 4 % of the long side in one direction."""
    length = max(9, int(max(rgb.shape) * rng.uniform(0.02, 0.04)))
    kernel = np.zeros((length, length), np.float32)
    cv2.line(kernel, (0, length // 2), (length - 1, length // 2), 1.0)
    middle = ((length - 1) / 2, (length - 1) / 2)
    turn = cv2.getRotationMatrix2D(middle, rng.uniform(0, 180), 1.0)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return noisy(rng, cv2.filter2D(rgb, -1, kernel / kernel.sum()), 1.0)


def defocus(rng, rgb):
    """A disc of confusion of 1 to 2 % of the long side."""
    radius = max(4, int(max(rgb.shape) * rng.uniform(0.005, 0.01)))
    size = 2 * radius + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)).astype(np.float32)
    return noisy(rng, cv2.filter2D(rgb, -1, disc / disc.sum()), 1.0)


def darkness(rng, rgb):
    """Light for a fiftieth to a fifteenth of the values, with the noise of that."""
    factor = np.exp(rng.uniform(np.log(1 / 50), np.log(1 / 15)))
    return noisy(rng, rgb * factor, rng.uniform(1.0, 3.0))


def overexposure(rng, rgb):
    """Two and a half to four stops too much."""
    linear = (rgb / 255.0) ** 2.2 * 2 ** rng.uniform(2.5, 4.0)
    return noisy(rng, 255 * np.clip(linear, 0, 1) ** (1 / 2.2), 1.0)


def fog(rng, rgb):
    """Koschmieder's law with 3 to 12 % of the light getting through."""
    through = rng.uniform(0.03, 0.12)
    veil = rng.uniform(150, 225) * np.array([1.0, 1.0, rng.uniform(0.98, 1.04)])
    return noisy(rng, rgb * through + veil * (1 - through), rng.uniform(0.5, 1.2))


def rain(rng, rgb):
    """Streaks, a wet lens and half a veil."""
    height, width = rgb.shape[:2]
    sigma = max(rgb.shape) * rng.uniform(0.0025, 0.005)
    wet = cv2.GaussianBlur(rgb, (0, 0), max(2.2, sigma)).astype(np.float32)
    wet = wet * 0.6 + 170 * 0.4
    streaks = np.zeros((height, width), np.float32)
    slant = rng.uniform(-0.3, 0.3)
    for _ in range(int(rng.uniform(150, 400))):
        x, y = rng.uniform(0, width), rng.uniform(-0.1, 1.0) * height
        long = height * rng.uniform(0.03, 0.1)
        ends = (int(x), int(y)), (int(x + slant * long), int(y + long))
        cv2.line(streaks, *ends, float(rng.uniform(15, 45)), 1, cv2.LINE_AA)
    streaks = cv2.GaussianBlur(streaks, (0, 0), max(2.0, 0.7 * sigma))
    return noisy(rng, wet + streaks[..., None], 1.0)


def water(rng, _rgb):
    """Waves over a body of blue, green or grey water, seen from above or aslant."""
    height, width = SIDE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    if rng.random() < 0.5:  # aslant: waves shorten towards the top
        stretch = 1.0 / (0.25 + 0.75 * (y + 1) / height)
        x, y = (x - width / 2) * stretch, y * stretch
    wind, slope = rng.uniform(0, np.pi), np.zeros((height, width), np.float32)
    for _ in range(24):
        length = np.exp(rng.uniform(np.log(6), np.log(160)))
        heading = wind + rng.normal(0, 0.5)
        phase = 2 * np.pi / length * (x * np.cos(heading) + y * np.sin(heading))
        slope += length**0.25 * np.cos(phase + rng.uniform(0, 2 * np.pi))
    slope /= slope.std()
    hue = np.array([rng.uniform(15, 70), rng.uniform(60, 115), rng.uniform(70, 140)])
    sky = np.array([150.0, 180.0, 210.0])
    share = np.clip(0.12 + rng.uniform(0.03, 0.1) * slope, 0, 1)[..., None]
    glint = (slope > rng.uniform(2.4, 3.2))[..., None] * rng.uniform(40, 110)
    return noisy(rng, hue * (1 - share) + sky * share + glint, rng.uniform(1, 2.5))


def _shade(rng, polygon, canvas, colour):
    mask = np.zeros(SIDE, np.uint8)
    cv2.fillPoly(mask, [np.round(polygon).astype(np.int32)], 255)
    y, x = np.mgrid[0 : SIDE[0], 0 : SIDE[1]].astype(np.float32)
    lamp_x, lamp_y = rng.uniform(0.2, 0.8) * SIDE[1], rng.uniform(0.0, 0.5) * SIDE[0]
    away = np.hypot(x - lamp_x, y - lamp_y) / SIDE[1]
    light = 1.15 / (1 + rng.uniform(0.4, 1.2) * away**2)
    canvas[mask > 0] = (colour * light[..., None])[mask > 0]


def indoor(rng, _rgb):
    """A room under a warm lamp: walls, floor, furniture, a door, a lamp."""
    height, width = SIDE
    canvas = np.zeros((height, width, 3), np.float32)
    warm = np.array([1.0, rng.uniform(0.84, 0.95), rng.uniform(0.62, 0.85)])
    left, right = rng.uniform(0.1, 0.35) * width, rng.uniform(0.65, 0.9) * width
    top, bottom = rng.uniform(0.12, 0.3) * height, rng.uniform(0.6, 0.78) * height
    back = [(left, top), (right, top), (right, bottom), (left, bottom)]
    outer = [(0, 0), (width, 0), (width, height), (0, height)]
    tones = rng.uniform(120, 235, 5)
    tones[2] = rng.uniform(60, 150)  # the floor
    for k in range(4):
        n = (k + 1) % 4
        side = np.array([outer[k], outer[n], back[n], back[k]])
        _shade(rng, side, canvas, tones[k] * warm * rng.uniform(0.9, 1.05, 3))
    _shade(rng, np.array(back), canvas, tones[4] * warm)
    for _ in range(int(rng.integers(4, 10))):  # cupboards, tables, pictures, a door
        w, h = rng.uniform(0.06, 0.25) * width, rng.uniform(0.08, 0.4) * height
        x, y = rng.uniform(0, 0.85) * width, rng.uniform(0.25, 0.8) * height
        box = np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)])
        tone = rng.uniform(25, 220) * warm * rng.uniform(0.7, 1.1, 3)
        _shade(rng, box, canvas, tone)
    lamp = (int(rng.uniform(0.3, 0.7) * width), int(rng.uniform(0.02, 0.15) * height))
    axes = (int(0.06 * width), int(0.03 * height))
    cv2.ellipse(canvas, lamp, axes, 0, 0, 360, (255, 250, 235), -1)
    canvas = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.5, 0.9))
    return noisy(rng, canvas, rng.uniform(1.5, 4.0))


def wreck(rng, rgb):
    """Noise, a wreck of compression, or a colour test card, in turn."""
    kind = int(rng.integers(3))
    if kind == 0:
        return noisy(rng, rgb, rng.uniform(45, 90))
    if kind == 1:
        quality = int(rng.integers(1, 5))
        mode = [cv2.IMWRITE_JPEG_QUALITY, quality]
        return cv2.imdecode(cv2.imencode(".jpg", rgb, mode)[1], cv2.IMREAD_COLOR)
    rows, columns = int(rng.integers(1, 7)), int(rng.integers(6, 13))
    patches = rng.integers(0, 256, (rows, columns, 3), np.uint8)
    size = (SIDE[1], SIDE[0])
    return cv2.resize(patches, size, interpolation=cv2.INTER_NEAREST)


def noisy(rng, values, sigma):
    """Rounded to uint8 under the noise of a sensor."""
    noise = rng.normal(0, sigma, np.shape(values))
    return np.clip(np.asarray(values, np.float32) + noise, 0, 255).astype(np.uint8)


MAKERS = {
    "motion blur": motion_blur,
    "defocus": defocus,
    "darkness": darkness,
    "overexposure": overexposure,
    "fog": fog,
    "rain on the lens": rain,
    "water only": water,
    "indoor": indoor,
    "noise, compression, card": wreck,
}
"""Nine kinds; the tenth, a wrong distance, is no matter of pixels."""
