"""Weights by hash: only what is allowed, is what its card says, and is sane."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper
from pydantic import Field

from data.errors import InvalidRecordError, WeightsError
from data.findings import COMPONENT_CLASSES, DAMAGE_CLASSES
from data.record import Positive, Probability, Sha256, from_json, record

ALLOW_LIST: Final = "allow.txt"
FILE_STEM_DIGITS: Final = 16  # DEFINITIONS, section 9: <first 16 of sha256>.onnx
HEADS: Final = ("damage", "component")
INPUT: Final = "image"
PIXEL_MEAN: Final = 127.0  # how the network's encoder wants grey values
PIXEL_SCALE: Final = 128.0
PROBE_SIDE_PX: Final = 64
OPTIONAL: Final = ("domain",)  # what older cards lack
SUM_TOLERANCE: Final = 1e-3  # of the probabilities of one pixel

Classes = Annotated[dict[str, int], Field(min_length=1)]


@record
class TrainedClasses:
    """Classes that the weights learnt, each with its source (real, rendered, ...)."""

    damage: dict[str, str]
    component: dict[str, str]


@record
class Thresholds:
    """Least probability at which a class is written."""

    damage: dict[str, Probability]
    component: Probability


@record
class Domain:
    """What the pictures looked like that the weights learnt from (`vision.domain`).

    Attributes:
        scale: What each of the fitted numbers is divided by.
        means: Middle of each source's cloud, so scaled.
        inverses: Inverse covariance of each source's cloud.
        limit: Mahalanobis distance beyond which a picture is unlike all sources.
    """

    scale: tuple[Positive, ...]
    means: tuple[tuple[float, ...], ...]
    inverses: tuple[tuple[tuple[float, ...], ...], ...]
    limit: Positive


@record
class Card:
    """What a file of weights is, learnt from and good for.

    Attributes:
        window: Side of the windows it was trained for, px.
        scales: Sizes at which a picture is read, over its own; the mean counts.
        gsd_min_m: Finest ground sampling distance it knows; finer is reduced to it.
        gsd_max_m: Coarsest it knows; coarser is out of its domain.
        damage_classes: Name to plane of the output `damage`.
        component_classes: The same for `component`.
        relied_on: Trained classes of both heads that were found often enough for their
            absence to count as evidence; of the others only their presence does.
        domain: What the pictures learnt from look like; None in older cards.
    """

    id: str
    sha256: Sha256
    window: Annotated[int, Field(ge=128, multiple_of=32)]
    scales: Annotated[
        tuple[Annotated[float, Field(gt=0, le=1)], ...], Field(min_length=1)
    ]
    gsd_min_m: Positive
    gsd_max_m: Positive
    damage_classes: Classes
    component_classes: Classes
    trained_classes: TrainedClasses
    thresholds: Thresholds
    relied_on: tuple[str, ...]
    domain: Domain | None = None


@dataclass(frozen=True)
class Model:
    """Checked weights, ready to run on one thread."""

    card: Card
    session: onnxruntime.InferenceSession

    def probabilities(
        self, pixels: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Both heads' answers.

        Args:
            pixels: Shape (N, height, width, 3), red-green-blue, sides multiples of 32.

        Returns:
            Damage (N, 10, height, width) and component (N, 11, height, width), each
            pixel sums to 1.
        """
        planes = np.moveaxis(pixels, -1, 1).astype(np.float32)
        image = np.ascontiguousarray((planes - PIXEL_MEAN) / PIXEL_SCALE)
        damage, component = self.session.run(list(HEADS), {INPUT: image})
        return damage, component


class AllowedWeights(NamedTuple):
    """One line of the allow-list."""

    sha256: str
    id: str


def read_allow_list(folder: Path) -> list[AllowedWeights]:
    """The weights that may run, oldest first.

    Raises:
        WeightsError: If there is no list, or a line is not "<sha256>  <id>".
    """
    path = folder / ALLOW_LIST
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise WeightsError(
            f"weights: no allow-list {path.name} in {folder} ({error.strerror}); "
            "install the weights or name their folder"
        ) from error
    return [_allowed(line) for line in lines if line.strip() and line[0] != "#"]


def _allowed(line: str) -> AllowedWeights:
    words = line.split()
    if (
        len(words) != len(AllowedWeights._fields)
        or len(words[0]) != hashlib.sha256().digest_size * 2
    ):
        raise WeightsError(
            f"weights: the line {line!r} of {ALLOW_LIST} is not '<sha256>  <id>'; "
            "correct or remove it"
        )
    return AllowedWeights(*words)


def load_model(model_id: str | None, *, folder: Path) -> Model:
    """Load weights after checking that they are allowed, unchanged and sane.

    Args:
        model_id: Id or SHA-256 of weights on the allow-list; None takes the last one.
        folder: Where allow.txt, the .onnx files and their .json cards are.

    Raises:
        WeightsError: If anything about them is not as it must be; nothing may run then.
    """
    allowed = _chosen(read_allow_list(folder), model_id)
    stem = allowed.sha256[:FILE_STEM_DIGITS]
    encoded = _read(folder / f"{stem}.onnx")
    card = read_card(folder / f"{stem}.json")
    found = hashlib.sha256(encoded).hexdigest()
    if found != allowed.sha256 or card.sha256 != allowed.sha256:
        raise WeightsError(
            f"weights {allowed.id}: sha256 of the file is {found}, its card says "
            f"{card.sha256}, the allow-list {allowed.sha256}; install them again"
        )
    check_finite(encoded, card.id)
    model = Model(card, _session(encoded, card.id))
    check_answers(model)
    return model


def _chosen(allowed: list[AllowedWeights], model_id: str | None) -> AllowedWeights:
    matching = [
        weights for weights in allowed if model_id in {None, weights.id, weights.sha256}
    ]
    if matching:
        return matching[-1]
    known = ", ".join(weights.id for weights in allowed) or "none"
    raise WeightsError(
        f"weights {model_id or '(default)'}: not on the allow-list, which has {known}; "
        "choose one of these, or have the weights reviewed and added"
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"weights: {path.name} cannot be read ({error.strerror}); install it again"
        ) from error


def read_card(path: Path) -> Card:
    """The card beside a file of weights; keys that do not steer a run are passed over.

    Raises:
        WeightsError: If it is missing, no JSON, or lacks what a run needs.
    """
    try:
        content = json.loads(_read(path))
        known = {
            name: content[name]
            for name in Card.__annotations__
            if name in content or name not in OPTIONAL
        }
        card = from_json(Card, json.dumps(known))
    except (ValueError, TypeError, RecursionError, InvalidRecordError) as error:
        raise WeightsError(
            f"weights: card {path.name} is not valid ({error}); install it again"
        ) from error
    except KeyError as error:
        raise WeightsError(
            f"weights: card {path.name} lacks {error}; install it again"
        ) from error
    _check_classes(card)
    return card


def _check_classes(card: Card) -> None:
    for head, given, classes in (
        ("damage", card.damage_classes, DAMAGE_CLASSES),
        ("component", card.component_classes, COMPONENT_CLASSES),
    ):
        if given != {name: number for number, name in enumerate(classes)}:
            raise WeightsError(
                f"weights {card.id}: {head} classes of the card are not those of this "
                "version; use weights made for it"
            )
    trained = {*card.trained_classes.damage}
    unknown = trained - {*DAMAGE_CLASSES} | {*card.trained_classes.component} - {
        *COMPONENT_CLASSES
    }
    missing = trained - {"none", "distractor"} - {*card.thresholds.damage}
    unheard = {*card.relied_on} - trained - {*card.trained_classes.component}
    if unheard:
        raise WeightsError(
            f"weights {card.id}: card relies on {sorted(unheard)}, which they did not "
            "learn; correct the card"
        )
    if unknown or missing:
        raise WeightsError(
            f"weights {card.id}: card has unknown classes {sorted(unknown)}, or no "
            f"threshold for {sorted(missing)}; correct the card"
        )


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            if attribute.HasField("g"):
                yield from _tensors(attribute.g)


def check_finite(encoded: bytes, model_id: str) -> None:
    """Refuse weights with a NaN, an infinity, or numbers kept in another file.

    Raises:
        WeightsError: If so, or if the bytes are no ONNX.
    """
    try:
        graph = onnx.load_model_from_string(encoded).graph
    except Exception as error:  # protobuf has its own, of no public base
        raise WeightsError(
            f"weights {model_id}: not an ONNX file ({error}); install them again"
        ) from error
    for tensor in _tensors(graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise WeightsError(
                f"weights {model_id}: {tensor.name} lies in another file; export "
                "them as one"
            )
        values = numpy_helper.to_array(tensor)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise WeightsError(
                f"weights {model_id}: {tensor.name} holds NaN or infinity; train or "
                "export them again"
            )


def _session(encoded: bytes, model_id: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3  # errors only
    onnxruntime.disable_telemetry_events()
    try:
        return onnxruntime.InferenceSession(
            encoded, options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime has no common base for its errors
        raise WeightsError(
            f"weights {model_id}: ONNX Runtime cannot load them ({error}); export them "
            "again"
        ) from error


def check_answers(model: Model) -> None:
    """Run a fixed small picture and look at what comes out.

    Raises:
        WeightsError: If the outputs' names, shapes or sums are not those of the card.
    """
    shape = (1, PROBE_SIDE_PX, PROBE_SIDE_PX, 3)
    pixels = (np.arange(np.prod(shape)) % 251).astype(np.uint8).reshape(shape)
    try:
        answers = model.probabilities(pixels)
    except Exception as error:  # as above
        raise WeightsError(
            f"weights {model.card.id}: they do not take {INPUT} and give "
            f"{', '.join(HEADS)} ({error}); export them again"
        ) from error
    classes = (model.card.damage_classes, model.card.component_classes)
    for head, planes, names in zip(HEADS, answers, classes, strict=True):
        expected = (1, len(names), PROBE_SIDE_PX, PROBE_SIDE_PX)
        if planes.shape != expected:
            raise WeightsError(
                f"weights {model.card.id}: {head} has shape {planes.shape}, its card "
                f"says {expected}; use the weights that belong to the card"
            )
        if not np.allclose(planes.sum(axis=1), 1.0, atol=SUM_TOLERANCE):  # or NaN
            raise WeightsError(
                f"weights {model.card.id}: probabilities of {head} do not sum to 1; "
                "export them again"
            )
