"""Japanese owners' text: wide characters, eras, legacy encodings.

Source:
    Unicode Standard Annex 15 (NFKC); the era law (元号法) and its cabinet orders for
    the first years of the eras.
"""

import re
import unicodedata

ENCODINGS = ("utf-8-sig", "cp932", "euc_jp")
"""Tried in this order; cp932 is what Japanese Windows calls Shift_JIS."""

ERA_ORIGIN = {
    "明治": 1867,
    "大正": 1911,
    "昭和": 1925,
    "平成": 1988,
    "令和": 2018,
    "M": 1867,
    "T": 1911,
    "S": 1925,
    "H": 1988,
    "R": 2018,
}
"""The year before year 1 of each era."""

_ERA = re.compile(r"(明治|大正|昭和|平成|令和|[MTSHR])\.?\s*(元|\d{1,2})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def half_width(text: str) -> str:
    """Text with wide digits, letters and signs made narrow, and no space around it.

    >>> half_width("　２７５，０００Ｖ ")
    '275,000V'
    """
    return unicodedata.normalize("NFKC", text).strip()


def year_from(text: str) -> int | None:
    """Calendar year of a date in the Gregorian calendar or an era; None if neither.

    >>> year_from("昭和45年3月"), year_from("H元"), year_from("１９９５/１")
    (1970, 1989, 1995)
    """
    plain = half_width(text)
    era = _ERA.match(plain)
    if era:
        return ERA_ORIGIN[era[1]] + (1 if era[2] == "元" else int(era[2]))
    year = _YEAR.search(plain)
    return int(year[1]) if year else None


def number_from(text: str) -> float | None:
    """The number a text begins with, thousands separators left out; None if none.

    >>> number_from("１，２３４.５ｍ"), number_from("約30"), number_from("不明")
    (1234.5, 30.0, None)
    """
    plain = half_width(text).replace(",", "").lstrip("約")
    found = _NUMBER.match(plain)
    return float(found[0]) if found else None


def decoded_text(raw: bytes) -> tuple[str, str] | None:
    """Text and the encoding it was in, or None where no known one fits."""
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return None
