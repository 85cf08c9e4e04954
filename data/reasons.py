"""Why an asset has its grade, in words: Japanese first, English beside it.

Source:
    MAP, "Words and colours"; DEFINITIONS, section 8.
"""

from data.assets import AssetKind
from data.findings import NOTHING_DETECTABLE, Grade
from data.grading import FINDING_LEVEL, AssetView, LookRow, Verdict
from data.words import GRADE_WORDS, na_words

Words = tuple[str, str]
"""Japanese and English."""

FORBIDDEN_JA = ("安全", "危険度", "調査済", "要注意", "警戒レベル")
D0_WORDS: Words = GRADE_WORDS[Grade.D0]
"""The only sentence that may hold a forbidden word."""

_STATE_WORDS: dict[int, Words] = {
    1: ("軽微な損傷", "minor damage"),
    2: ("中程度の損傷", "moderate damage"),
    3: ("重大な損傷", "severe damage"),
    4: ("喪失", "loss"),
}

_NOT_EXCLUDED: Words = (
    "損傷は見えないが、揺れや風が強く、この画像だけでは否定できない",
    "nothing visible, but too strong a hazard to rule damage out from these views",
)
_WORSE_NOT_EXCLUDED: Words = (
    "軽い損傷が見えるが、重大な損傷をこの画像だけでは否定できない",
    "slight damage visible, and severe damage cannot be ruled out from these views",
)

_FOUND_WORDS: dict[AssetKind, dict[int, Words]] = {
    AssetKind.BRIDGE: {
        1: ("軽微なひび割れ・剥離・ずれ", "a small crack, spall or shift"),
        2: ("ひび割れ・剥離・ずれ・路面の土砂", "cracks, spalls, a shift or debris"),
        3: ("大きなずれ・変形・傾斜", "a large shift, deformation or slope"),
        4: ("崩落", "a collapse"),
    },
    AssetKind.DAM: {
        1: ("軽微なひび割れ", "a small crack"),
        2: ("ひび割れ・変位・湿潤箇所", "cracks, movement or a wet spot"),
        3: ("大きな変位・漏水", "large movement or seepage"),
        4: ("決壊・崩壊", "a breach or collapse"),
    },
    AssetKind.TOWER: {
        1: ("軽微な変形・基部の土砂", "slight deformation or debris at the foot"),
        2: ("部材の変形・傾き", "bent members or a lean"),
        3: ("大きな変形・傾斜", "large deformation or a clear lean"),
        4: ("倒壊", "a fallen tower"),
    },
    AssetKind.SPAN: {
        1: ("電線のたるみ", "sag"),
        2: ("電線の大きなたるみ", "large sag"),
        3: ("電線の断線", "a broken conductor"),
        4: ("電線の喪失", "missing conductors"),
    },
    AssetKind.SUBSTATION: {
        1: ("軽微な損傷", "slight damage"),
        2: ("機器の損傷・ずれ", "damaged or shifted equipment"),
        3: ("機器の大きなずれ・転倒", "toppled or far shifted equipment"),
        4: ("倒壊・焼損", "collapsed or burnt equipment"),
    },
}


def view_words(view: AssetView, looks: int) -> Words:
    """From where, how finely and how much of the asset was seen."""
    gsd_cm, percent = 100.0 * view.best_gsd_m, round(100.0 * view.share)
    return (
        (
            f"{view.sides}方向から{looks}回観測、最良{gsd_cm:.1f}cm/画素、"
            f"見えた部分{percent}%"
        ),
        (
            f"seen {looks} times from {_sides(view.sides)}, best sampling "
            f"{gsd_cm:.1f} cm a pixel, {percent} % of it in view"
        ),
    )


def _sides(count: int) -> str:
    return "1 side" if count == 1 else f"{count} sides"


def found_words(kind: AssetKind, look: LookRow) -> Words | None:
    """What the worst look shows, or None where it shows nothing."""
    level = int(look["z"])
    words = _FOUND_WORDS.get(kind, {}).get(level)
    if words is None:
        return None
    place = int(look["cell"]) + 1
    return (
        f"{words[0]}が見える(区画{place}、レベル{level})",
        f"{words[1]} visible (cell {place}, level {level} of 4)",
    )


def limit_words(view: AssetView) -> Words:
    """What these views could not have shown: never left unsaid."""
    shown = view.detectable_from
    if shown == NOTHING_DETECTABLE and view.worst_level >= FINDING_LEVEL:
        return (
            "他の損傷の有無は確認できない",
            "these views say nothing of other damage",
        )
    if shown == NOTHING_DETECTABLE:
        return (
            "この画像では損傷の有無を確認できない",
            "these views could not have shown any damage; nothing was checked",
        )
    if view.worst_level >= FINDING_LEVEL:
        return _unchecked(shown) or ("D1から確認した", "checked from D1 up")
    japanese, english = f"D{shown}以上は見えない", f"no D{shown} or worse visible"
    rest = _unchecked(shown)
    if rest is None:
        return japanese, english
    return f"{japanese}。{rest[0]}", f"{english}; {rest[1]}"


def _unchecked(shown: int) -> Words | None:
    """The states milder than what the views could show, as not checked."""
    if shown == 1:
        return None
    milder = [_STATE_WORDS[state] for state in range(1, shown)]
    return (
        "・".join(words[0] for words in milder) + "は確認していない",
        " and ".join(words[1] for words in milder) + " not checked",
    )


def reasons(
    kind: AssetKind, looks: tuple[LookRow, ...], view: AssetView, verdict: Verdict
) -> tuple[Words, ...]:
    """All reasons of one asset with valid looks, the most telling first."""
    worst = max(looks, key=lambda look: (look["z"], str(look["id"])))
    said: list[Words | None] = []
    if verdict.grade == 0:
        said.append(D0_WORDS)
    if verdict.na_reason is not None:
        said.append(na_words(verdict.na_reason))
    if verdict.na_reason == "not_excluded":
        said.append(_WORSE_NOT_EXCLUDED if worst["z"] > 0 else _NOT_EXCLUDED)
    said.append(found_words(kind, worst))
    if verdict.disputed and verdict.grade > 0:
        said.append(
            (
                "二つの手法の程度が異なるため、軽い方を採った",
                "the two methods disagree on how much: the milder is kept",
            )
        )
    if any(look["state"] == "pre_existing" for look in looks):
        said.append(("発生前にも同じ所見", "the same was visible before the event"))
    said.append(view_words(view, len(looks)))
    said.append(limit_words(view))
    return tuple(words for words in said if words is not None)
