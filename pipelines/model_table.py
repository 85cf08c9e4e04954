"""The table of `karte model evaluate`: a row a set and class; text, JSON, figures."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from pipelines.reading import write_atomically
from vision.calibration import THRESHOLDS
from vision.classes import DAMAGE
from vision.datasets import (
    LabelledPicture,
    quay_wall_pictures,
    rendered_tiles,
    uav75_pictures,
)
from vision.judging import Judgement, all_reliability
from vision.metrics import f1, intersection_over_union, precision, ratio, recall

Judged = Mapping[str, Judgement]
"""By name of the set."""

_DECIMALS: Final = 4
_HEADER: Final = (
    f"{'set':<22} {'class':<18} {'P':>6} {'R':>6} {'F1':>6} {'F1 2px':>7} {'IoU':>6}"
)


def labelled_pictures(folder: Path) -> list[LabelledPicture]:
    """The pictures of a folder, by what lies in it: drill tiles, quay walls, or UAV75.

    Raises:
        ConfigError: If it holds no picture.
    """
    if (folder / "tiles.json").is_file():
        return rendered_tiles(folder)
    if (folder / "boxes_cxcywh_norm.json").is_file():
        return quay_wall_pictures(folder)
    return uav75_pictures(folder)


def table_dict(judged: Judged) -> dict[str, Any]:
    """Every number, rounded; None where there was nothing to be counted."""
    return {name: _set_dict(each) for name, each in judged.items()}


def _set_dict(each: Judgement) -> dict[str, Any]:
    return {
        "pictures": each.pictures,
        "classes": {
            name: {
                "precision": _rounded(precision(score.strict)),
                "recall": _rounded(recall(score.strict)),
                "f1": _rounded(f1(score.strict)),
                "f1_within_2_px": _rounded(f1(score.tolerant)),
                "iou": _rounded(intersection_over_union(score.strict)),
                "pixels": score.strict.true,
            }
            for name, score in each.classes.items()
        },
        "confusion": {"classes": [*DAMAGE], "pixels": each.confusion.tolist()},
        "calibration_error": _rounded(each.reliability.error),
        "negatives": each.negatives,
        "false_alarms": each.alarms,
        "not_assessable": each.clauses,
        "worst": [[name, round(score, _DECIMALS)] for name, score in each.worst],
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, _DECIMALS)


def table_lines(judged: Judged) -> list[str]:
    """A line a set and class that is there or said to be, then one of the set."""
    lines = [_HEADER]
    for name, each in judged.items():
        for label, score in each.classes.items():
            if score.strict.found + score.strict.true == 0:
                continue
            shares = (
                precision(score.strict),
                recall(score.strict),
                f1(score.strict),
                f1(score.tolerant),
                intersection_over_union(score.strict),
            )
            words = [
                f"{_text(share):>{width}}"
                for share, width in zip(shares, (6, 6, 6, 7, 6), strict=True)
            ]
            lines.append(f"{name[:22]:<22} {label:<18} {' '.join(words)}")
        clauses = ", ".join(f"{why} {count}" for why, count in each.clauses.items())
        lines.append(
            f"{name[:22]:<22} calibration error {_text(each.reliability.error)}; "
            f"{each.alarms} of {each.negatives} pictures without damage alarm; "
            f"not assessable: {clauses or 'none'} of {each.pictures}"
        )
    return lines


def _text(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


def write_table(judged: Judged, folder: Path) -> list[Path]:
    """evaluation.json, reliability.png, precision_recall.png; what was written."""
    text = json.dumps(table_dict(judged), indent=2, ensure_ascii=False)
    path = folder / "evaluation.json"
    write_atomically(path, f"{text}\n".encode())
    drawn = {
        "reliability.png": _reliability_figure([*judged.values()]),
        "precision_recall.png": _precision_recall_figure(judged),
    }
    written = [path]
    for name, figure in drawn.items():
        with mpl.rc_context({"svg.hashsalt": "karte"}):
            figure.savefig(folder / name, dpi=120, metadata={"Software": None})
        written.append(folder / name)
    return written


def _reliability_figure(judgements: Sequence[Judgement]) -> Figure:
    total = all_reliability(judgements)
    held = total.pixels > 0
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.6")
    axes.plot(
        total.confidence[held] / total.pixels[held],
        total.right[held] / total.pixels[held],
        marker="o",
    )
    axes.set(xlabel="confidence", ylabel="share right", title="damage, all sets")
    return figure


def _precision_recall_figure(judged: Judged) -> Figure:
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    for name, each in judged.items():
        for label, table in each.tables.items():
            if table[0, 2] == 0:
                continue
            points = [
                (ratio(hits, true), ratio(hits, found))
                for found, hits, true in table.tolist()
            ]
            pairs = np.array([p for p in points if None not in p], np.float64)
            if len(pairs):
                axes.plot(*pairs.T, marker=".", label=f"{name}: {label}")
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1))
    axes.set_title(f"thresholds {THRESHOLDS[0]} to {THRESHOLDS[-1]}, by pixel")
    if axes.lines:
        axes.legend(fontsize="x-small")
    return figure
