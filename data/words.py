"""The words a map speaks, in Japanese and English (MAP, words and colours)."""

from data.findings import Grade

GRADE_WORDS: dict[Grade, tuple[str, str]] = {
    Grade.NA: ("判定できず", "not assessable"),
    Grade.D0: (
        "見える範囲に損傷なし(安全の意味ではない)",
        "nothing visible in view (does not mean safe)",
    ),
    Grade.D1: ("軽微", "minor"),
    Grade.D2: ("中程度", "moderate"),
    Grade.D3: ("重大", "severe"),
    Grade.D4: ("喪失", "lost"),
}
"""Japanese and English, in that order; the Japanese is no translation."""

NA_WORDS: dict[str, tuple[str, str]] = {
    "withdrawn": ("取り下げ", "withdrawn"),
    "stale": ("古い(その後に強い揺れ・風)", "seen only before the latest hazard"),
    "disputed": ("判定不一致", "methods disagree"),
    "ambiguous_match": ("どの施設か特定できず", "cannot tell which asset is seen"),
    "unconfirmed": ("未確認の兆候あり", "a sign seen, not confirmed"),
    "not_excluded": ("損傷を否定できず", "damage cannot be excluded"),
    "insufficient_view": ("この画像では判断できず", "these views cannot tell"),
    "obscured": ("遮蔽", "hidden from view"),
    "too_coarse": ("解像度不足", "the picture is too coarse"),
    "out_of_domain": ("判定の対象外", "unlike what the method was made for"),
    "unusable": ("画像が使用不可", "the picture cannot be used"),
    "before_event": ("発生前の撮影", "taken before the event"),
    "time_unknown": ("撮影時刻不明", "time of the picture not known"),
    "unlocated": ("撮影位置不明", "place of the picture not known"),
    "pending": ("判読待ち", "picture not read yet"),
    "not_observed": ("未観測", "not observed"),
    "not_in_plan": ("対象外(揺れ・風が基準未満)", "hazard below the kind's trigger"),
}
"""Why a grade is NA; a bracket after the reason keeps its own word."""

GRADE_COLOURS: dict[Grade, str] = {
    Grade.NA: "#C8C8CB",
    Grade.D0: "#FFFFFF",
    Grade.D1: "#F2E700",
    Grade.D2: "#FF9900",
    Grade.D3: "#FF2800",
    Grade.D4: "#AA00AA",
}
"""Never alone: each grade also has its number and a pattern (MAP)."""

DRILL_WORDS = {True: ("訓練", "DRILL"), False: ("実災害", "REAL")}
"""What every page and print says of the operation."""

D0_WORDS = ("D0は安全を意味しない", "D0 does not mean safe")
"""The sentence no page goes without."""


def na_words(reason: str) -> tuple[str, str]:
    """Japanese and English words of a reason such as `obscured(share)`.

    >>> na_words("unconfirmed(3)")[1]
    'a sign seen, not confirmed (3)'
    """
    name, bracket, rest = reason.partition("(")
    japanese, english = NA_WORDS.get(name, (name, name))
    detail = f" ({rest}" if bracket else ""
    return japanese + detail, english + detail
