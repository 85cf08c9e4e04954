"""Unusable pictures refused, good ones kept: `python tests/bench/domain.py TILES [N]`.

TILES is a folder of `karte drill tiles`, e.g. one of --seed 30000 --count 120; real
pictures are found by KARTE_SHARED. Weights without a fitted domain get one from every
second picture; only the others are judged. N (60) pictures of each bad kind are made
by seed from the good ones, or drawn from nothing (unusable.py), and judged as `karte
segment` and `karte assess` judge them.
"""

import os
import runpy
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from data.places import WEIGHTS
from pipelines.segment import domain_of
from vision.appearance import appearance
from vision.classes import COMPONENT
from vision.datasets import read_mask, read_rgb
from vision.domain import fit_domain
from vision.weights import load_model

MAKERS = runpy.run_path(str(Path(__file__).with_name("unusable.py")))["MAKERS"]
EACH = 60
MOST_GOOD = 4  # times EACH, of a source
MOSTLY = 0.95  # water: a picture of nothing else is no good picture
FOLDERS = {
    "UAV75": ("imagery/uav75/train/images", "imagery/uav75/val/images"),
    "quay wall": ("imagery/omu_quaywall/h1/images", "imagery/omu_quaywall/k1/images"),
    "Brighton": ("georef_brighton/images",),
    "TTPLA": ("imagery/ttpla/images",),
}


def good_paths(tiles):
    """Files of good pictures, by source."""
    shared = Path(os.environ.get("KARTE_SHARED", "../shared")) / "data"
    found = {
        name: sorted(p for f in folders for p in (shared / f).iterdir())
        for name, folders in FOLDERS.items()
    }
    found["drill tiles"] = [p for p in sorted((tiles / "images").iterdir()) if _dry(p)]
    return found


def _dry(path):
    mask = path.parent.parent / "component" / f"{path.stem}.png"
    water = read_mask(mask, read_rgb(path).shape) == COMPONENT["water"]
    return water.mean() < MOSTLY


def judged(pictures, card, gsd_m):
    """How many of the pictures fail each clause."""
    return Counter(domain_of(rgb, card, gsd_m=gsd_m) for rgb in pictures)


def spoiled(name, sources, count):
    """Bad pictures of a kind."""
    number = [*MAKERS].index(name)
    for k in range(count):
        rng = np.random.default_rng([number, k])
        paths = sources[[*sources][k % len(sources)]]
        yield MAKERS[name](rng, read_rgb(paths[int(rng.integers(len(paths)))]))


def spread(paths, count):
    """At most so many of the paths, evenly from all of them."""
    return paths[:: max(1, -(-len(paths) // count))]


def main(tiles, count=EACH):
    """Print one row a kind of picture."""
    card, every = load_model(None, folder=WEIGHTS).card, good_paths(tiles)
    if card.domain is None:  # older weights: learnt from every second picture here
        half = {
            n: [appearance(read_rgb(p)) for p in spread(paths[::2], count)]
            for n, paths in every.items()
        }
        card = replace(card, domain=fit_domain(half))
        sys.stdout.write(f"fitted here, limit {card.domain.limit:.1f}\n")
    most = count * MOST_GOOD
    sources = {name: spread(paths[1::2], most) for name, paths in every.items()}
    known_m = card.gsd_max_m / 2
    rows = {
        f"good: {name}": judged(map(read_rgb, paths), card, known_m)
        for name, paths in sources.items()
    }
    rows |= {n: judged(spoiled(n, sources, count), card, known_m) for n in MAKERS}
    far = replace(card, gsd_max_m=known_m * 0.9)
    some = [p[k % len(p)] for k in range(count // 5) for p in sources.values()]
    rows["wrong distance"] = judged(map(read_rgb, some), far, known_m)
    good = Counter()
    for name, counts in rows.items():
        refused = counts.total() - counts["in_domain"]
        why = ", ".join(f"{k} {n}" for k, n in counts.most_common() if k != "in_domain")
        sys.stdout.write(
            f"{name:26} {refused:4} of {counts.total():4} refused "
            f"({refused / counts.total():6.1%})  {why}\n"
        )
        good.update(counts if name.startswith("good") else {})
    refused = good.total() - good["in_domain"]
    sys.stdout.write(f"all good ones: {refused} of {good.total()} refused\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:3]))
