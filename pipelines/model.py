"""`karte model`: train the network, measure it, show what its card says."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from data.errors import ConfigError
from data.places import REFERENCE, WEIGHTS
from pipelines.config import shared_folder
from pipelines.model_table import (
    labelled_pictures,
    table_dict,
    table_lines,
    write_table,
)
from pipelines.outcome import ExitCode, Outcome
from pipelines.progress import steps
from vision.classical import crack_mask
from vision.domain import learnt_domain
from vision.evaluation import CrackScores, crack_detector, crack_scores
from vision.judging import judge
from vision.metrics import Counts, f1, precision, ratio, recall
from vision.weights import FILE_STEM_DIGITS, Model, load_model, read_allow_list

RECIPE: Final = REFERENCE / "training.toml"
VALIDATION: Final = "data/imagery/uav75/val"
DECIMALS: Final = 4

_HEADER: Final = (
    f"{'cracks':<10} {'strict P':>9} {'R':>6} {'F1':>6}"
    f" {'2 px P':>9} {'R':>6} {'F1':>6}   joints called crack"
)


def train_command(training: Path | None, out: Path) -> Outcome:
    """Train, fit thresholds on what was kept back, write weights and card.

    A run that was stopped goes on from its last checkpoint in `out`.

    Args:
        training: Recipe, or None for the product's own.
        out: Folder of checkpoints, log.csv and weights; rendered tiles lie below it.

    Raises:
        ConfigError: If the recipe or a folder it names is not as it must be.
        WeightsError: If a checkpoint or the pretrained weights cannot be used.
    """
    from vision.cards import write_weights  # noqa: PLC0415, torch
    from vision.recipe import read_recipe  # noqa: PLC0415, only to train
    from vision.sources import judged, split_sources  # noqa: PLC0415
    from vision.train import initial_network, train, write_log_line  # noqa: PLC0415

    recipe = read_recipe(training or RECIPE)
    pictures = split_sources(recipe.folders, shared=shared_folder(), out=out)
    network = initial_network(recipe.seed)
    began_s, taken = time.monotonic(), 0
    with steps("training", sum(phase.steps for phase in recipe.phases)) as bar:
        for progress in train(network, pictures.train, recipe, out):
            write_log_line(out / "log.csv", progress)
            taken += 1
            bar.advance()
    minutes = round((time.monotonic() - began_s) / 60, 1)
    folder = out / "weights"
    history = {"steps_of_last_run": taken, "minutes_of_last_run": minutes}
    learnt = {
        kind: getattr(pictures.train, kind)
        for kind in ("concrete", "quay_wall", "aerial", "lines", "rendered")
    }
    card = write_weights(
        network,
        recipe,
        judged(pictures.held_out),
        folder,
        history=history,
        domain=learnt_domain(learnt),
    )
    return Outcome(
        ExitCode.DONE,
        [
            f"{taken} steps in {minutes} minutes; weights {card.id} in {folder}",
            f"absence counts for: {', '.join(card.relied_on) or 'no class'}",
        ],
        {"id": card.id, "sha256": card.sha256, "path": str(folder), **history},
    )


def evaluate_command(
    folder: Path | None,
    *,
    model_id: str | None,
    others: Sequence[Path] = (),
    beside: str | None = None,
    out: Path | None = None,
) -> Outcome:
    """Network, rules and other weights on pictures none of them learnt from.

    Args:
        folder: Of UAV75's layout (`images`, `masks`), of drill tiles or of the quay
            walls; None takes UAV75's validation split.
        model_id: Weights, or None for the default.
        others: Further sets for the table.
        beside: Other weights, judged on the same pictures.
        out: Where to write evaluation.json and figures; None writes nothing.

    Raises:
        ConfigError: If the folder holds no such pictures.
        WeightsError: If the weights may not run.
    """
    folder = folder or shared_folder() / VALIDATION
    model = load_model(model_id, folder=WEIGHTS)
    second = None if beside is None else load_model(beside, folder=WEIGHTS)
    sets = {each: labelled_pictures(each) for each in (folder, *others)}
    pictures = sets[folder]
    detectors = {"network": crack_detector(model), "classical": crack_mask}
    if second is not None:
        detectors[second.card.id] = crack_detector(second)
    scores = {
        name: crack_scores(detect, (picture.read() for picture in pictures))
        for name, detect in detectors.items()
    }
    judged = {
        _set_name(each, one): judge(one, found)
        for one in (model, *([] if second is None else [second]))
        for each, found in sets.items()
    }
    sides = (scores["network"], scores["classical"])
    times = ratio(*(f1(side.strict) or 0.0 for side in sides))
    lines = [
        f"{len(pictures)} pictures of {folder}, weights {model.card.id}",
        _HEADER,
        *(_score_line(name, score) for name, score in scores.items()),
        "strict F1 of the network over that of the rules: "
        + ("no ratio" if times is None else f"{times:.2f}"),
        *table_lines(judged),
    ]
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        lines += [f"written: {path}" for path in write_table(judged, out)]
    data: dict[str, Any] = {
        "sets": table_dict(judged),
        "pictures": len(pictures),
        "model": model.card.id,
        "strict_f1_ratio": None if times is None else round(times, DECIMALS),
    }
    return Outcome(
        ExitCode.DONE,
        lines,
        data | {name: _score_dict(score) for name, score in scores.items()},
    )


def _set_name(folder: Path, model: Model) -> str:
    return f"{'/'.join(folder.parts[-2:])} {model.card.id}"


def _shares(counts: Counts) -> dict[str, float | None]:
    shares = {
        "precision": precision(counts),
        "recall": recall(counts),
        "f1": f1(counts),
    }
    return {
        name: None if share is None else round(share, DECIMALS)
        for name, share in shares.items()
    }


def _score_dict(score: CrackScores) -> dict[str, Any]:
    return {
        "strict": _shares(score.strict),
        "within_2_px": _shares(score.tolerant),
        "joint_pixels": score.joints,
        "joint_pixels_called_crack": score.joint_alarms,
    }


def _score_line(name: str, score: CrackScores) -> str:
    strict, tolerant = _shares(score.strict), _shares(score.tolerant)
    words = [f"{name:<10}"]
    for shares in (strict, tolerant):
        for share, width in zip(shares.values(), (9, 6, 6), strict=True):
            words.append(f"{'-' if share is None else f'{share:.3f}':>{width}}")
    joints = f"{score.joint_alarms} of {score.joints} px"
    return " ".join([*words, f"  {joints}"])


def _card(model_id: str | None) -> Mapping[str, Any]:
    """The whole card, with what does not steer a run; the weights are checked too."""
    model = load_model(model_id, folder=WEIGHTS)
    path = WEIGHTS / f"{model.card.sha256[:FILE_STEM_DIGITS]}.json"
    content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def card_command(model_id: str | None) -> Outcome:
    """What weights learnt, from what, how well, and what they cannot see.

    Raises:
        WeightsError: If the weights are not allowed or not as they must be.
    """
    card = _card(model_id)
    lines = [
        f"weights {card['id']}, sha256 {card['sha256']}",
        f"read at {card['gsd_min_m']} to {card['gsd_max_m']} m a pixel",
    ]
    for head, classes in card["trained_classes"].items():
        held_out = card.get("held_out", {}).get(head, {})
        for name, source in classes.items():
            score = held_out.get(name)
            lines.append(
                f"  {head} {name}: {source}" + (_words(score) if score else "")
            )
    lines.append(f"absence counts for: {', '.join(card['relied_on']) or 'no class'}")
    lines += _promise_lines(card.get("promises"))
    lines += [f"cannot see: {text}" for text in card.get("cannot_see", [])]
    lines += [
        f"learnt from {each['name']} ({each['licence']}, {each['credit']})"
        for each in card.get("data", [])
    ]
    return Outcome(ExitCode.DONE, lines, card)


def _promise_lines(promises: Mapping[str, Any] | None) -> list[str]:
    """Honesty on worlds that nothing was fitted on; older cards say nothing of it."""
    if promises is None:
        return []
    error = promises["calibration_error_checked"]
    lines = [f"calibration error on other worlds: {_share(error)}"]
    for name, miss in promises["misses"].items():
        if miss["threshold"] is not None:
            lines.append(
                f"  {name}: from {miss['threshold']} on at most {miss['stated']:.0%} of"
                f" its pixels missed; on {miss['checked_on']} pictures of other worlds "
                f"{_share(miss['seen'])}"
            )
    return lines


def _words(score: Mapping[str, Any]) -> str:
    return (
        f"; found on {_share(score['picture_recall'])} of {score['pictures']} pictures"
        f" kept back, right on {_share(score['picture_precision'])}; pixels: recall "
        f"{_share(score['pixel_recall'])}, precision {_share(score['pixel_precision'])}"
    )


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.2f}"


def list_command() -> Outcome:
    """The weights that may run; the last is the default.

    Raises:
        WeightsError: If there is no allow-list.
    """
    allowed = read_allow_list(WEIGHTS)
    if not allowed:
        raise ConfigError(
            f"weights: {WEIGHTS} allows none; train some with karte model train"
        )
    lines = [f"{each.id}  {each.sha256}" for each in allowed]
    lines[-1] += "  (default)"
    listed = [{"id": each.id, "sha256": each.sha256} for each in allowed]
    return Outcome(ExitCode.DONE, lines, {"weights": listed})
