"""`karte segment`: pictures to masks of damage and component, without any map.

Three pictures and one entry of segments.json a picture; what is refused is listed with
its reason and leaves no mask. Nothing depends on the order in which files are named.
"""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from data.errors import KarteError, RefusedError, UsageError
from data.imagery import VerticalDatum
from data.intake import PictureHeader, check_picture
from data.names import decoded_name, escaped_name
from data.places import WEIGHTS
from data.refusals import Refusal, RefusalCode, refuse
from pipelines.georeference import tagged_frame
from pipelines.outcome import Outcome, code_for, refusal_lines
from pipelines.progress import steps
from pipelines.reading import write_atomically
from vision.appearance import appearance
from vision.domain import assess_domain
from vision.images import quality, read_rgb
from vision.segment import IN_DOMAIN, UNVERIFIED, Segmentation, segment
from vision.weights import Card, Model, load_model

LISTING: Final = "segments.json"
MAPS: Final = ("damage", "component", "damage_probability")
NADIR_PITCH_DEG: Final = -80.0
"""From here downwards the slant is at most 1.5 % longer than the height."""
STEM_DIGITS: Final = 8  # of the sha256, behind a stem that is taken
DECIMALS: Final = 6  # of shares and distances: the same text everywhere

Entry = dict[str, Any]
"""One picture in segments.json."""
GsdOf = Callable[[Path], float | None]
"""Metres a pixel of a picture, or None where nothing honest can be said."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A file that is a picture: where it lies, its name for people, what it is."""

    path: Path
    name: str
    header: PictureHeader


def gsd_from_tags(path: Path) -> float | None:
    """Metres a pixel from the tags alone: height over the take-off point over focal.

    Only for a picture taken straight down by a known lens; the ground is taken to be
    as high as the take-off point, the best that tags can say.

    Args:
        path: A picture that `check_picture` let pass.
    """
    try:
        frame = tagged_frame(path, VerticalDatum.LOCAL)
    except KarteError:  # the picture can be read all the same
        return None
    height_m, pose, camera = frame.relative_altitude_m, frame.pose, frame.camera
    if pose is None or height_m is None or camera.source == "assumed":
        return None
    if height_m <= 0.0 or pose.pitch_deg > NADIR_PITCH_DEG:
        return None
    return round(height_m / min(camera.focal_x_px, camera.focal_y_px), DECIMALS)


def checked_pictures(
    paths: Iterable[Path],
) -> tuple[list[Picture], list[Refusal]]:
    """The files that are pictures, by name and then by content, and the others."""
    pictures, refused = [], []
    for path in paths:
        name = escaped_name(decoded_name(os.fsencode(path.name)))
        try:
            pictures.append(
                Picture(path, name, check_picture(path, name=name, also_png=True))
            )
        except RefusedError as error:
            refused.append(error.refusal)
    pictures.sort(key=lambda picture: (picture.name, picture.header.sha256))
    return pictures, refused


def output_stems(pictures: Sequence[Picture]) -> list[str]:
    """What the outputs of each picture are called; an equal stem gets its sha256.

    Equal but for capitals counts as equal: on some disks it is.
    """
    taken: set[str] = set()
    stems = []
    for picture in pictures:
        stem = Path(picture.name).stem
        if stem.casefold() in taken:
            stem = f"{stem}-{picture.header.sha256[:STEM_DIGITS]}"
        taken.add(stem.casefold())
        stems.append(stem)
    return stems


def segment_files(
    paths: Sequence[Path],
    out: Path,
    *,
    model_id: str | None,
    gsd_m: float | None,
    gsd_of: GsdOf,
    folder: Path,
) -> tuple[list[Entry], list[Refusal]]:
    """Segment pictures and write their maps and segments.json into `out`.

    Args:
        paths: Files, in any order.
        out: A folder, made if it is not there.
        model_id: Id or sha256 of weights on the allow-list; None takes the newest.
        gsd_m: Metres a pixel of all the pictures; None asks `gsd_of` for each.
        gsd_of: Asked for pictures that let themselves be read.
        folder: Where the weights are.

    Returns:
        Entries of the pictures done, and what was refused, both sorted by name.

    Raises:
        WeightsError: If the weights may not run; nothing is written then.
        UsageError: If `out` cannot be made.
    """
    model = load_model(model_id, folder=folder)
    _make_folder(out)
    pictures, refused = checked_pictures(paths)
    done: list[Entry] = []
    with steps("segment", len(pictures)) as progress:
        for picture, stem in zip(pictures, output_stems(pictures), strict=True):
            known_m = gsd_of(picture.path) if gsd_m is None else gsd_m
            try:
                done.append(_segmented(picture, stem, out, model, gsd_m=known_m))
            except KarteError as error:
                refused.append(_refusal(picture.name, error))
            progress.advance()
    refused.sort(key=lambda refusal: (refusal.what, refusal.code, refusal.value))
    write_atomically(out / LISTING, _listing(done, refused))
    return done, refused


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(f"--out {out}: there is a file; name a folder") from error


def _refusal(name: str, error: KarteError) -> Refusal:
    """Of a picture that passed the guards and could not be read or segmented."""
    if isinstance(error, RefusedError):
        return refuse(
            name,
            error.refusal.code,
            value=error.refusal.value,
            remedy=error.refusal.remedy,
        )
    remedy = "save it as an 8-bit JPEG or TIFF, or copy it again"
    return refuse(name, RefusalCode.UNREADABLE, value=str(error), remedy=remedy)


def _segmented(
    picture: Picture, stem: str, out: Path, model: Model, *, gsd_m: float | None
) -> Entry:
    """Write the three maps of a picture; its entry in segments.json."""
    rgb = read_rgb(picture.path)
    found = segment(model, rgb, gsd_m=gsd_m)
    outputs = {name: f"{stem}.{name}.png" for name in MAPS}
    for name, file in outputs.items():
        write_atomically(out / file, _png(getattr(found, name)))
    return {
        "file": picture.name,
        "outputs": outputs,
        "sha256": picture.header.sha256,
        "size": [rgb.shape[1], rgb.shape[0]],
        "model": model.card.id,
        "gsd": None if gsd_m is None else round(gsd_m, DECIMALS),
        "domain": domain_of(rgb, model.card, gsd_m=gsd_m),
        "classes": model.card.damage_classes | model.card.component_classes,
        "share": _shares(found),
    }


def domain_of(rgb: NDArray[np.uint8], card: Card, *, gsd_m: float | None) -> str:
    """in_domain, out_of_domain(why), or unverified where the distance is not known."""
    if gsd_m is None:
        return UNVERIFIED
    clause = assess_domain(quality(rgb), gsd_m=gsd_m, card=card, seen=appearance(rgb))
    return IN_DOMAIN if clause is None else f"out_of_domain({clause})"


def _shares(found: Segmentation) -> dict[str, float]:
    """Share of the picture of each trained class; no name is in both heads."""
    shares = found.damage_share | found.component_share
    return {name: round(share, DECIMALS) for name, share in shares.items()}


def _png(plane: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".png", plane)[1])


def _listing(done: Sequence[Entry], refused: Sequence[Refusal]) -> bytes:
    """segments.json: the pictures done, then those refused."""
    entries = [*done, *(_refused_entry(refusal) for refusal in refused)]
    text = json.dumps({"images": entries}, ensure_ascii=False, indent=1, sort_keys=True)
    return f"{text}\n".encode()


def _refused_entry(refusal: Refusal) -> Entry:
    reason = f"{refusal.words_en} ({refusal.value}); {refusal.remedy}"
    return {
        "file": refusal.what,
        "refused": True,
        "code": refusal.code.value,
        "reason": reason,
    }


def segment_command(
    images: Sequence[Path], out: Path, *, model_id: str | None, gsd_m: float | None
) -> Outcome:
    """The command: pictures into `out`, with the weights that come with Karte.

    Raises:
        UsageError: If `gsd_m` is no length.
        WeightsError: If the weights may not run.
    """
    if gsd_m is not None and not 0.0 < gsd_m < float("inf"):
        raise UsageError(f"--gsd {gsd_m}: not a length; give metres a pixel, as 0.005")
    done, refused = segment_files(
        images,
        out,
        model_id=model_id,
        gsd_m=gsd_m,
        gsd_of=gsd_from_tags,
        folder=WEIGHTS,
    )
    lines = [_line(entry) for entry in done]
    lines += refusal_lines(refused)
    lines.append(f"{len(done)} segmented, {len(refused)} refused: {out / LISTING}")
    return Outcome(
        code_for(done=len(done), refused=len(refused)),
        lines,
        {"images": [*done, *map(_refused_entry, refused)]},
    )


def _line(entry: Entry) -> str:
    """What was found on a picture, for people."""
    found = [f"{name} {share:.2%}" for name, share in entry["share"].items() if share]
    return f"  {entry['file']}: {', '.join(found) or 'nothing'} ({entry['domain']})"
