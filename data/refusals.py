"""Refusal: what was not done, why, and the remedy."""

from enum import StrEnum

from data.record import record


class RefusalCode(StrEnum):
    """Why an input was not taken in (DEFINITIONS, section 8)."""

    NOT_A_FILE = "not_a_file"
    EMPTY = "empty"
    UNKNOWN_TYPE = "unknown_type"
    TOO_LARGE = "too_large"
    BOMB = "bomb"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"
    UNSAFE_PATH = "unsafe_path"
    BAD_TAGS = "bad_tags"
    TURNED_UNREPAIRED = "turned_unrepaired"
    UNSUPPORTED_CRS = "unsupported_crs"
    UNKNOWN_DATUM = "unknown_datum"
    GEOID_MISSING = "geoid_missing"
    SCHEMA = "schema"
    OUT_OF_RANGE = "out_of_range"
    FUTURE_TIME = "future_time"
    NAIVE_TIME = "naive_time"
    UNKNOWN_STATUS = "unknown_status"
    UNKNOWN_VERSION = "unknown_version"
    BAD_ID = "bad_id"
    SUPERSEDED = "superseded"
    BAD_ROW = "bad_row"
    DUPLICATE_ID = "duplicate_id"
    WEIGHTS_UNKNOWN = "weights_unknown"
    NOT_AN_ASSET = "not_an_asset"
    OUT_OF_DOMAIN = "out_of_domain"


WORDS: dict[RefusalCode, tuple[str, str]] = {
    RefusalCode.NOT_A_FILE: ("通常のファイルではない", "not a regular file"),
    RefusalCode.EMPTY: ("空のファイル", "the file is empty"),
    RefusalCode.UNKNOWN_TYPE: ("対応していない形式", "not a type that is read"),
    RefusalCode.TOO_LARGE: ("大きすぎる", "larger than the cap"),
    RefusalCode.BOMB: ("展開すると異常に大きい", "inflates beyond the cap"),
    RefusalCode.TRUNCATED: ("途中で切れている", "the file ends too early"),
    RefusalCode.UNREADABLE: ("読み取れない", "cannot be read"),
    RefusalCode.UNSAFE_PATH: ("危険なパス", "the path leaves the batch"),
    RefusalCode.BAD_TAGS: ("撮影情報が不正", "the tags contradict themselves"),
    RefusalCode.TURNED_UNREPAIRED: (
        "画像が回転されており復元できない",
        "turned on disk and cannot be repaired",
    ),
    RefusalCode.UNSUPPORTED_CRS: ("対応していない座標系", "reference system not known"),
    RefusalCode.UNKNOWN_DATUM: ("高さの基準が不明", "vertical datum not stated"),
    RefusalCode.GEOID_MISSING: ("ジオイドモデルがない", "no geoid at this place"),
    RefusalCode.SCHEMA: ("内容が規定の形式でない", "not of the expected form"),
    RefusalCode.OUT_OF_RANGE: ("値が範囲外", "a value is out of range"),
    RefusalCode.FUTURE_TIME: ("未来の時刻", "a time in the future"),
    RefusalCode.NAIVE_TIME: ("時差のない時刻", "a time without a zone"),
    RefusalCode.UNKNOWN_STATUS: ("不明な運用種別", "status not known"),
    RefusalCode.UNKNOWN_VERSION: ("不明な版", "version not known"),
    RefusalCode.BAD_ID: ("不正な識別子", "the id is not usable"),
    RefusalCode.SUPERSEDED: ("より新しい報がある", "a newer report is already in"),
    RefusalCode.BAD_ROW: ("不正な行", "a row cannot be used"),
    RefusalCode.DUPLICATE_ID: ("識別子の重複", "an id occurs twice"),
    RefusalCode.WEIGHTS_UNKNOWN: ("未承認のモデル", "weights not on the allow-list"),
    RefusalCode.NOT_AN_ASSET: ("対象施設ではない", "not an asset"),
    RefusalCode.OUT_OF_DOMAIN: ("モデルの適用範囲外", "outside the model's domain"),
}
"""Japanese and English words of each code, in that order."""


@record
class Refusal:
    """One input that was not taken in; the rest of its batch went on.

    Attributes:
        what: The file, row or id as the user knows it (escaped, never a raw byte).
        value: What was found, in short.
        remedy: What the user can do about it.
    """

    what: str
    code: RefusalCode
    value: str
    words_ja: str
    words_en: str
    remedy: str


def refuse(what: str, code: RefusalCode, *, value: str, remedy: str) -> Refusal:
    """A refusal with the words of its code filled in."""
    words_ja, words_en = WORDS[code]
    return Refusal(
        what=what,
        code=code,
        value=value,
        words_ja=words_ja,
        words_en=words_en,
        remedy=remedy,
    )
