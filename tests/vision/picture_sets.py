"""Small made-up folders in the layouts that training reads."""

import json

import cv2
import numpy as np

from vision.classes import COMPONENT, DAMAGE

SIDE_PX = 96


def write_picture(path, rng):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), rng.integers(90, 170, (SIDE_PX, SIDE_PX, 3), np.uint8))


def write_mask(path, mask):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), mask)


def line_mask(value, row):
    mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    mask[row : row + 3] = value
    return mask


def write_uav75(folder, names=("DSC1", "DSC1b", "DSC2", "DSC3")):
    rng = np.random.default_rng(1)
    for number, name in enumerate(names):
        write_picture(folder / "images" / f"{name}.jpg", rng)
        mask = line_mask(1, 20 + number) + line_mask(2, 60)
        write_mask(folder / "masks" / f"{name}.png", mask)


def write_quay_wall(folder):
    rng = np.random.default_rng(2)
    for site in ("h1", "k1"):
        for number in range(2):
            path = folder / site / "images" / f"{site}_{number}.jpg"
            write_picture(path, rng)
    boxes = {"h1_0": [[0.5, 0.25, 0.5, 0.5]]}
    (folder / "boxes_cxcywh_norm.json").write_text(json.dumps(boxes))


def write_aerial(folder):
    write_picture(folder / "images" / "DJI_0001.JPG", np.random.default_rng(3))


def write_lines(folder):
    write_picture(folder / "images" / "1.jpg", np.random.default_rng(4))
    write_mask(folder / "masks" / "1.png", line_mask(1, 40) + line_mask(2, 80))


def write_tiles(folder, *, seed, count=3):
    rng = np.random.default_rng(seed)
    index = {}
    for number in range(count):
        name = f"{seed:06d}-{number:02d}"
        write_picture(folder / "images" / f"{name}.jpg", rng)
        write_mask(folder / "damage" / f"{name}.png", line_mask(DAMAGE["collapse"], 30))
        write_mask(
            folder / "component" / f"{name}.png", line_mask(COMPONENT["bridge"], 50)
        )
        index[name] = {"seed": seed, "gsd_m": 0.02}
    (folder / "tiles.json").write_text(json.dumps(index))


def write_all(shared, out):
    """Every folder that `recipe_text` names."""
    write_uav75(shared / "walls", names=[f"DSC{n}" for n in range(10)])
    write_quay_wall(shared / "quay")
    for number in range(3):
        path = shared / "quay" / "k1" / "images" / f"more_{number}.jpg"
        write_picture(path, np.random.default_rng(number))
    for number in range(5):
        path = shared / "quay" / "h1" / "images" / f"more_{9 - number}.jpg"
        write_picture(path, np.random.default_rng(number))
    for number in range(10):
        path = shared / "air" / "images" / f"DJI_{number:04d}.JPG"
        write_picture(path, np.random.default_rng(number))
    write_lines(shared / "lines")
    write_tiles(out / "tiles", seed=10_000)
    write_tiles(out / "kept", seed=20_000)


def recipe_text(*, steps=2, second_steps=1):
    """A recipe of two short phases over all kinds of pictures."""
    places = """
places = [
    { painted_cracks = 1.0 }, { painted_cracks = 1.0 }, { painted_wires = 1.0 },
    { real_concrete = 0.5, real_quay_wall = 0.5 }, { real_lines = 1.0 },
    { rendered = 1.0 }, { rendered = 1.0 }, { rendered = 1.0 },
]
side_px = 32
checkpoint_every = 1
"""
    return f"""
threads = 1
[folders]
concrete = "walls"
quay_wall = "quay"
aerial = "air"
lines = "lines"
rendered = ["tiles"]
held_out = ["kept"]
[[phases]]
name = "first"
steps = {steps}
{places}
[[phases]]
name = "second"
steps = {second_steps}
seed = 1
focus_severe = 0.5
whole = 0.5
loss_every_px = 2
{places}
[phases.damage_weights]
collapse = 2.0
"""
