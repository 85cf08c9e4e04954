"""Japanese owners' text: wide characters, eras, numbers.

Source:
    Unicode Standard Annex 15 (NFKC); the era law (元号法) and its cabinet orders for
    the first years of the eras.
"""

import re
import unicodedata

ERA_ORIGIN = {"明": 1867, "大": 1911, "昭": 1925, "平": 1988, "令": 2018}
"""The year before year 1 of each era, by the first character of its name."""
ERA_LETTERS = {"M": "明", "T": "大", "S": "昭", "H": "平", "R": "令"}
KANJI_DIGITS = str.maketrans("〇一二三四五六七八九", "0123456789")
LONGEST_TEXT = 200
"""Characters kept of a name or another short text."""

_ERA = re.compile(
    r"(?:(明)治?|(大)正?|(昭)和?|(平)成?|(令)和?|(?<![A-Za-z])([MTSHR]))"
    r"[.\- ]?(元|[〇一二三四五六七八九十]{1,3}|\d{1,2})(?!\d)"
)
_YEAR = re.compile(r"(?<!\d)(1[6-9]\d\d|20\d\d)(?!\d)")
_COMPACT = re.compile(r"(1[6-9]\d\d|20\d\d)(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])?")
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
    >>> year_from("S40.3"), year_from("昭和四十年"), year_from("196503")
    (1965, 1965, 1965)
    """
    plain = half_width(text)
    compact = _COMPACT.fullmatch(plain)
    year = compact or _YEAR.search(plain)
    if year:
        return int(year[1])
    era = _ERA.search(plain.upper())
    if not era:
        return None
    *names, letter, number = era.groups()
    first = next((name for name in names if name), None) or ERA_LETTERS[letter]
    return ERA_ORIGIN[first] + _era_year(number)


def _era_year(text: str) -> int:
    """Number of a year in its era: digits, 元, or kanji up to 99.

    >>> _era_year("四十一"), _era_year("十"), _era_year("元")
    (41, 10, 1)
    """
    if text == "元":
        return 1
    tens, ten, ones = text.translate(KANJI_DIGITS).rpartition("十")
    return int(tens or 1) * 10 + int(ones or 0) if ten else int(ones)


def number_from(text: str) -> float | None:
    """The number a text begins with, thousands separators left out; None if none.

    >>> number_from("１，２３４.５ｍ"), number_from("約30"), number_from("不明")
    (1234.5, 30.0, None)
    """
    plain = half_width(text).replace(",", "").lstrip("約")
    found = _NUMBER.match(plain)
    return float(found[0]) if found else None


def clean_text(text: str) -> str | None:
    r"""Text on one line, without control or direction characters; None where empty.

    What Excel writes to keep leading zeros, ="0012", is 0012.

    >>> clean_text(" 新\u202e橋\x00\n上り "), clean_text('="0012"'), clean_text(" ")
    ('新橋 上り', '0012', None)
    """
    kept = text if text.isprintable() else _printable(text)
    if kept.startswith('="') and kept.endswith('"'):
        kept = kept[2:-1]
    return kept.strip() or None


def _printable(text: str) -> str:
    spaced = " ".join(text.split())
    return "".join(one for one in spaced if unicodedata.category(one)[0] != "C")
