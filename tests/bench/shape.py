"""What geometry alone grades: `python tests/bench/shape.py [DRILL] [PLANES]`.

An ideal eye: the sealed component masks of the drill instead of the network, and no
damage class at all; geometry, belief and grades are the real ones. PLANES is a folder
of the network's own planes (<stem>.png: damage, component, probability), to see what
of it the weights keep. Made-up scenes: nothing of it says how real damage is found.
"""

import json
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np

from data.findings import COMPONENT_CLASSES
from data.places import SAMPLES
from data.store import find_operation
from pipelines import editions, event, holdings
from pipelines.believing import believe, current_pairs, expect
from pipelines.blocks import Block
from pipelines.config import Config, IntakeOptions
from pipelines.demo import SEEN_SHARE, SEVERE, scored, table_lines, verdict
from pipelines.edition_folder import latest_folder
from pipelines.ingest import ingest
from pipelines.looking import look_at_pair, terrain_of
from pipelines.scene import Scene

CONFIG = Config()
COMPONENTS = frozenset(COMPONENT_CLASSES)


class Eye:
    """Component masks from files, damage nowhere."""

    def __init__(self, stem, folder, planes):
        """Read the masks of one picture."""
        if planes is None:
            mask = cv2.imread(str(folder / f"{stem}.component.png"), 0)
        else:
            mask = cv2.imread(str(planes / f"{stem}.png"))[:, :, 1]
        self._component = mask
        self.whole = Block(0, 0, mask.shape[1], mask.shape[0])

    def planes(self, window):
        """Damage, component, probability of a part."""
        component = self._component[window.rows, window.columns]
        nothing = np.zeros_like(component)
        return np.dstack([nothing, component, nothing])

    def rgb(self, window):
        """Black: the second method has nothing to say."""
        return np.zeros((*self._component[window.rows, window.columns].shape, 3), "u1")


def looked(pairs, drill, planes):
    """Ledger entries of all pairs, as `assess` would write them."""
    for each in pairs:
        frame = each.frame
        stem = Path(frame.file).stem
        eye = None
        if planes is None or (planes / f"{stem}.png").is_file():
            eye = Eye(stem, drill / "truth" / "masks", planes)
        if eye is None:
            continue
        scene = Scene(
            frame, terrain_of(each.ground, frame), eye, COMPONENTS, 0.05, 0.05
        )
        for pair in each.pairs:
            value = look_at_pair(pair, scene)
            value |= {"asset_id": pair.asset.id, "frame_id": frame.id}
            yield "placed", pair.key, json.dumps(value).encode()


def run(store, drill, planes):
    """The lines of the demo's table, and the cells that geometry spoke of."""
    opened = event.open_messages(
        store, [drill / "telegram.xml"], real=False, actor=None
    )
    operation = str(opened.data["messages"][0]["operation"])
    holdings.import_inventory(
        store, drill / "inventory.geojson", kind=None, mapping=None
    )
    folder = find_operation(store, operation)
    with folder.open_ledger() as ledger:
        now = event.events_of(ledger)[0].reported_at + timedelta(days=1)
    ingest(store, operation, [drill / "batch"], IntakeOptions(), CONFIG, now=now)
    with folder.open_ledger() as ledger:
        pairs = current_pairs(folder, ledger, expect(store, ledger, CONFIG), CONFIG)
        ledger.record(list(looked(pairs, drill, planes)), note={"did": "bench"})
        believed = believe(folder, ledger, store, CONFIG)
    editions.publish(store, operation, CONFIG)
    return truly(scored(latest_folder(folder.path)), drill), believed


def truly(table, drill):
    """The same lines beside the truth of this drill, not of the sample."""
    rows = json.loads((drill / "truth" / "assets.json").read_text("utf-8"))
    truth = {row["id"]: row for row in rows}
    return [_judged(line, truth[line.id]) for line in table]


def _judged(line, truth):
    seen = truth.get("visible_share_by_gsd_m", {}).get("0.030", 0.0)
    said = verdict(truth["grade"], line.grade, seen=seen, na_reason=line.na_reason)
    return replace(line, truth=truth["grade"], seen=seen, verdict=said)


def tally(table):
    """Recall of severe and seen assets, and false severe ones, in words."""
    assets = [line for line in table if line.kind != "link"]
    severe = [x for x in assets if (x.truth or 0) >= SEVERE and x.seen >= SEEN_SHARE]
    sound = [x for x in assets if x.truth == 0]
    return (
        f"severe and seen: {sum(x.grade >= SEVERE for x in severe)} of {len(severe)}"
        f" graded D3 or worse; sound: {sum(x.grade >= SEVERE for x in sound)} of"
        f" {len(sound)} graded D3 or worse; verdicts"
        f" {dict(sorted(Counter(x.verdict for x in assets).items()))}"
    )


def spoken(believed):
    """Rows of cells where geometry measured something, in words."""
    for row in believed.cells.to_pylist():
        if row["geometry_sigmas"]:
            yield (
                f"{row['asset_id']} cell {row['cell']:2} from {row['azimuth_deg']:.0f}"
                f" lean {row['lean_deg'] or 0:.1f} offset {row['offset_m'] or 0:.1f}"
                f" slope {row['slope_deg'] or 0:.1f} missing {row['missing']:.2f}"
                f" sigmas {row['geometry_sigmas']:.1f} z {row['z']}"
            )


def main():
    """Print the cells geometry spoke of, the looks, the table and the tally."""
    drill = Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES / "noto_drill"
    planes = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory() as store:
        table, believed = run(Path(store), drill, planes)
    for line in spoken(believed):
        print(line)
    for look in believed.looks.to_pylist():
        if look["geometry_sigmas"]:
            print("look", look["asset_id"], look["sortie"], look["sector"], look["z"])
    print("\n".join(table_lines(table)))
    print(tally(table))


if __name__ == "__main__":
    main()
