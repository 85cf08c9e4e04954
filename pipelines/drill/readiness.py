"""The readiness report of a rehearsal: what was known when, beside what was true.

readiness.json is the same for the same pictures and weights; timings.json says how long
this machine took; readiness.html shows both. All of it is synthetic.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.store import find_operation
from geo.crs import ecef_from_geographic
from geo.georeference import ground_from_pixels
from geo.terrain import flat_ground_of, read_terrain
from pipelines.drill.prior_check import grades_under
from pipelines.drill.rehearsal import Played, Step, edition_paths
from pipelines.drill.scoring import (
    Judged,
    calibration,
    confusion,
    found_and_told,
    judged,
    misses,
    placement,
    precision_of_first,
    unseen,
)
from pipelines.gathering import grounded_frames

Row = dict[str, Any]
SYNTHETIC = "訓練 DRILL, synthetic: nothing here predicts a score on real damage"
COLUMNS = ("id", "grade_rank", "na_reason", "p_severe", "priority", "review", "looks")


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a table with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def readiness(truth: Path, store: Path, played: Played) -> Row:
    """Score every edition of a rehearsal.

    Args:
        truth: Folder `truth` of the drill, opened only now.
        store: Where the operator worked.
        played: What he did.
    """
    told = json.loads((truth / "truth.json").read_text("utf-8"))
    paths = edition_paths(store, played.operation)
    begins = datetime.fromisoformat(told["stages"][0]["begins_at"])
    seen = read_rows(truth / "seen.csv")
    editions = [
        _edition(step, paths[number], told, _fine_share(seen, played, step))
        for number, step in _publishing(played).items()
    ]
    for one in editions:
        at = datetime.fromisoformat(one["at"])
        one["minute"] = round((at - begins).total_seconds() / 60.0, 1)
    number, last = max(_publishing(played).items())
    assets = _judged(paths[number], told, _fine_share(seen, played, last), last.at)
    looked_at = [asset.id for asset in assets if asset.looks]
    return {
        "synthetic": SYNTHETIC,
        "scenario": told["scenario"]["name"],
        "title_ja": told["scenario"]["title_ja"],
        "title_en": told["scenario"]["title_en"],
        "seed": told["seed"],
        "minutes_to_edition_0": editions[0]["minute"],
        "minutes_to_first_picture_grade": _first_graded(editions),
        "editions": editions,
        "assets": [_asset_row(asset) for asset in assets if asset.looks],
        "misses": [_asset_row(asset) for asset in misses(assets)],
        "placement": placed_against_truth(truth, store, played.operation),
        "prior_wrong_by_two": _held(grades_under(store, played.operation, looked_at)),
        "cards": [
            {"name": s.name, "refused": s.refused, "of_no_use": s.left}
            for s in played.steps
            if s.what == "card"
        ],
    }


def _publishing(played: Played) -> dict[int, Step]:
    """Steps that ended with an edition, the first of each number."""
    found: dict[int, Step] = {}
    for step in played.steps:
        if step.edition is not None:
            found.setdefault(step.edition, step)
    return dict(sorted(found.items()))


def _fine_share(
    seen: Sequence[Mapping[str, str]], played: Played, until: Step
) -> dict[str, float]:
    """Share of each asset truly shown by one of the cards taken in so far."""
    cards = {s.name for s in played.steps if s.what == "card" and s.at <= until.at}
    found: dict[str, float] = {}
    for row in seen:
        if row["delivery"] in cards:
            share = float(row["fine_share"])
            found[row["asset_id"]] = max(found.get(row["asset_id"], 0.0), share)
    return found


def _judged(
    edition: Path, told: Row, fine_share: Mapping[str, float], at: datetime
) -> list[Judged]:
    rows = pq.read_table(edition / "map.parquet", columns=[*COLUMNS, "kind"])
    done = [s for s in told["stages"] if datetime.fromisoformat(s["begins_at"]) <= at]
    return judged(rows.to_pylist(), done[-1]["grades"], fine_share)


def _edition(
    step: Step, edition: Path, told: Row, fine_share: Mapping[str, float]
) -> Row:
    assets = _judged(edition, told, fine_share, step.at)
    valley = [asset for asset in assets if asset.fine_share > 0.0]
    return {
        "number": step.edition,
        "at": step.at.isoformat(),
        "after": f"{step.what} {step.name}",
        "assets": len(assets),
        "graded": sum(asset.grade >= 0 for asset in assets),
        "d3": found_and_told(assets),
        "first_50": precision_of_first(assets),
        "confusion": confusion(assets),
        "calibration": calibration(assets),
        "calibration_of_seen": calibration(valley),
        "not_assessed": unseen(assets),
    }


def _first_graded(editions: Sequence[Row]) -> float | None:
    return next((e["minute"] for e in editions if e["graded"]), None)


def _asset_row(asset: Judged) -> Row:
    return {
        "id": asset.id,
        "kind": asset.kind,
        "truth": asset.truth,
        "grade": asset.grade,
        "na_reason": asset.na_reason,
        "p_severe": None if asset.p_severe is None else round(asset.p_severe, 4),
        "review": asset.review,
        "fine_share": asset.fine_share,
    }


def _held(rows: Sequence[Row]) -> Row:
    """How many grades stay the same under both wrong priors."""
    same = [row for row in rows if len({row[f]["grade"] for f in _FACTORS}) == 1]
    return {"assets": len(rows), "grades_held": len(same), "rows": list(rows)}


_FACTORS = ("x0.5", "x1", "x2")


def placed_against_truth(truth: Path, store: Path, operation: str) -> Row:
    """Place pixels whose true place is known, as the pipeline places damage."""
    points: dict[str, list[dict[str, str]]] = {}
    for row in read_rows(truth / "places.csv"):
        points.setdefault(row["file"], []).append(row)
    folder = find_operation(store, operation)
    with folder.open_ledger() as ledger:
        grounded = grounded_frames(folder, ledger)
    errors, stated = [np.zeros(0)], [np.zeros(0)]
    for frame, ground in grounded:
        rows = points.get(frame.file.rsplit("/", 1)[-1])
        if rows is None or frame.pose is None:
            continue
        pixels = _floats(rows, "column", "row")
        surface = (
            flat_ground_of(frame)
            if ground.path is None
            else read_terrain(ground.path, ground.heights)
        )
        placed = ground_from_pixels(
            frame.camera, frame.pose, frame.turned_deg, pixels, surface
        )
        true = _floats(rows, "longitude", "latitude")[placed.ok]
        found = np.stack([placed.longitude, placed.latitude], axis=1)[placed.ok]
        errors.append(_apart_m(found, true))
        stated.append(placed.ce90_m[placed.ok])
    return placement(np.concatenate(errors), np.concatenate(stated))


def _floats(rows: Sequence[Mapping[str, str]], *names: str) -> NDArray[np.float64]:
    return np.array([[float(row[name]) for name in names] for row in rows], np.float64)


def _apart_m(
    first: NDArray[np.float64], second: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distance of places (N, 2) on the ellipsoid; they are metres apart."""
    level = np.zeros((len(first), 1))
    a, b = (ecef_from_geographic(np.hstack([x, level])) for x in (first, second))
    return np.asarray(np.linalg.norm(a - b, axis=1))
