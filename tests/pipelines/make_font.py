"""Cut the font of our figures from Debian's fonts-noto-cjk.

    python tests/pipelines/make_font.py NotoSansCJK-Regular.ttc data/fonts/OUT.otf

Kept are all characters of JIS X 0208 and Windows-31J, Latin letters and a few signs.
"""

import sys

from fontTools import subset
from fontTools.ttLib import TTCollection

NAME = "Noto Sans CJK JP"
SIGNS = "·–—≥≤±×σ²−…“”‘’→★☆●○◆◇"
LEADS, TRAILS = range(0x81, 0xFD), range(0x40, 0xFD)


def characters():
    """Code points of every character that a Japanese figure may need."""
    kept = {*range(0x20, 0x7F), *range(0xA0, 0x180), *map(ord, SIGNS)}
    for lead in LEADS:
        for trail in TRAILS:
            text = bytes([lead, trail]).decode("cp932", "ignore")
            kept.update(ord(c) for c in text if not "\ue000" <= c <= "\uf8ff")
    return sorted(kept)


def cut(collection, out):
    """Write the Japanese font of a collection, only with those characters."""
    fonts = TTCollection(collection).fonts
    font = next(each for each in fonts if each["name"].getDebugName(4) == NAME)
    options = subset.Options(layout_features=[], hinting=False, name_IDs=["*"])
    options.drop_tables += ["GSUB", "GPOS", "vhea", "vmtx", "VORG", "BASE"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters())
    cutter.subset(font)
    font.save(out)


if __name__ == "__main__":
    cut(*sys.argv[1:3])
