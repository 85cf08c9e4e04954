"""What an exported file says of itself: operation, edition, licence, audience."""

import pyarrow as pa
import pyarrow.compute as pc

from data.edition import EditionInfo
from data.words import D0_WORDS, DRILL_WORDS

DATUM = (
    "Coordinates are JGD2011 written as CRS84 (longitude, latitude): at the scale of "
    "this map the two are the same, but after a great earthquake the ground itself "
    "has moved by metres."
)
UNKNOWN_LICENCE = "not stated by the owner"


def file_notes(info: EditionInfo, assets: pa.Table) -> dict[str, str]:
    """Short texts, by name, that go into the metadata of every exported file.

    Args:
        info: Of the edition.
        assets: With `source_licence`, whose different values are listed.
    """
    known = pc.unique(assets["source_licence"]).to_pylist()
    return {
        "as_of": info.as_of.isoformat(),
        "audience": info.audience,
        "description": f"{DRILL_WORDS[info.drill][1]}. {D0_WORDS[1]}. {DATUM}",
        "drill": DRILL_WORDS[info.drill][0],
        "edition": str(info.number),
        "licence": "; ".join(sorted(name or UNKNOWN_LICENCE for name in known)),
        "operation": info.operation,
        "title": info.title,
    }
