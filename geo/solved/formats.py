"""What a file of poses is, told by its content and not by its name."""

from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from data.errors import InvalidRecordError
from geo.poses import COLUMNS
from geo.solved.text import parsed_json, solved_text

COLMAP_FILES = ("cameras.txt", "images.txt")


class PoseFormat(StrEnum):
    """What a file of poses is."""

    CSV = "csv"
    OPENSFM = "opensfm"
    SHOTS = "odm_shots"
    LENSES = "odm_cameras"
    COLMAP = "colmap"
    CONTROL = "gcp"


def pose_format(path: Path) -> PoseFormat:
    """What a file (or folder, for COLMAP) is, by its content and not by its name.

    Raises:
        InvalidRecordError: If it is none that is read.
    """
    if path.is_dir():
        if all((path / name).is_file() for name in COLMAP_FILES):
            return PoseFormat.COLMAP
        raise InvalidRecordError(
            f"{path.name}: a folder without {' and '.join(COLMAP_FILES)}; name a file"
        )
    text = solved_text(path)
    if text.lstrip()[:1] in ("[", "{"):
        return _json_format(parsed_json(text, path.name), path.name)
    return _text_format(text, path)


def poses_sha256(path: Path) -> str:
    """Hash of a file of poses, or of both files of COLMAP's model.

    Raises:
        InvalidRecordError: If it is none that is read.
    """
    colmap = pose_format(path) is PoseFormat.COLMAP
    folder = path if path.is_dir() else path.parent
    files = [folder / name for name in COLMAP_FILES] if colmap else [path]
    texts = (solved_text(file).encode() for file in files)
    return sha256(b"\0".join(texts)).hexdigest()


def _json_format(value: object, name: str) -> PoseFormat:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        if "shots" in value[0] and "cameras" in value[0]:
            return PoseFormat.OPENSFM
    elif isinstance(value, dict):
        if "shots" in value and "cameras" in value:
            return PoseFormat.OPENSFM
        if value.get("type") == "FeatureCollection":
            return PoseFormat.SHOTS
        lenses = [lens for lens in value.values() if isinstance(lens, dict)]
        if lenses and all("projection_type" in lens for lens in lenses):
            return PoseFormat.LENSES
    raise InvalidRecordError(
        f"{name}: JSON, but neither a reconstruction.json, a shots.geojson nor a"
        " cameras.json; give one of them"
    )


def _text_format(text: str, path: Path) -> PoseFormat:
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    if COLUMNS[0] in [name.strip() for name in first.split(",")]:
        return PoseFormat.CSV
    if first.startswith(("EPSG:", "epsg:", "WGS84", "+proj")):
        return PoseFormat.CONTROL
    beside = all((path.parent / name).is_file() for name in COLMAP_FILES)
    if path.name in COLMAP_FILES and beside:
        return PoseFormat.COLMAP
    if path.name in COLMAP_FILES:
        raise InvalidRecordError(
            f"{path.name}: COLMAP's model is {' and '.join(COLMAP_FILES)} in one"
            " folder; put them together"
        )
    raise InvalidRecordError(
        f"{path.name}: begins with {first[:40]!r}; give a poses CSV"
        f" ({','.join(COLUMNS)}), a reconstruction.json, shots.geojson, cameras.json,"
        " COLMAP's text model or a gcp_list.txt"
    )
