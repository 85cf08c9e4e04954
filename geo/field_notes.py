"""What each published field means: its type, unit, range and words (MAP, Fields)."""

from dataclasses import dataclass
from typing import Literal

from data.assets import AssetKind
from data.findings import Grade, expected_name, grade_name

FieldType = Literal["text", "whole", "number", "truth", "time"]


@dataclass(frozen=True)
class FieldNote:
    """One field of the map.

    Attributes:
        type: What a value is; a time is text, UTC with Z. Every one may be null.
        unit: Of a number; `share` runs from 0 to 1; empty where there is none.
        words: The meaning, in one sentence.
        choices: The only values there are; none listed, any.
    """

    type: FieldType
    unit: str
    words: str
    choices: tuple[str, ...] = ()


_GRADES = tuple(grade_name(grade) for grade in Grade)
_EXPECTED = tuple(expected_name(state) for state in range(-1, 5))
_KINDS = tuple(kind.value for kind in AssetKind)


def _text(words: str, *choices: str) -> FieldNote:
    return FieldNote("text", "", words, choices)


def _time(words: str) -> FieldNote:
    return FieldNote("time", "", words)


def _whole(words: str) -> FieldNote:
    return FieldNote("whole", "", words)


def _truth(words: str) -> FieldNote:
    return FieldNote("truth", "", words)


def _share(words: str) -> FieldNote:
    return FieldNote("number", "share", words)


def _number(unit: str, words: str) -> FieldNote:
    return FieldNote("number", unit, words)


ASSET_NOTES: dict[str, FieldNote] = {
    "id": _text("Id of the feature, stable over editions."),
    "home": _text("Tile z/x/y that owns the asset at this zoom; null for a link."),
    "kind": _text("What the owner says it is.", *_KINDS),
    "name": _text("Name in the owner's words."),
    "name_kana": _text("Its reading."),
    "owner": _text("Who keeps it."),
    "owner_ref": _text("The owner's own number of it."),
    "prefecture_code": _whole("JIS X 0401."),
    "municipality_code": _whole("JIS X 0402."),
    "parent_id": _text("The line, circuit or bridge that it is part of."),
    "operation": _text("The disaster response this map belongs to."),
    "events": _text("Its events, joined by ;."),
    "drill": _truth("True where nothing in this map happened."),
    "edition": _whole("Edition of the file; in a tile, that which last wrote it."),
    "changed_in": _whole("Edition in which the asset's state last changed."),
    "grade": _text("Seen or confirmed. D0 does not mean safe.", *_GRADES),
    "grade_rank": FieldNote("whole", "", "-1 for NA, 0 to 4 for D0 to D4."),
    "grade_ja": _text("The grade in Japanese."),
    "grade_en": _text("The grade in English."),
    "basis": _text(
        "What the grade rests on.", "none", "observed", "confirmed", "disputed"
    ),
    "na_reason": _text("Why there is no grade."),
    "expected": _text(
        "Expected from hazard and pictures, not confirmed; never a grade.", *_EXPECTED
    ),
    **{f"p_d{k}": _share(f"Chance of state {k}.") for k in range(5)},
    "p_severe": _share("Chance of D3 or D4."),
    "p_severe_low": _share("Its lower bound, 5 %."),
    "p_severe_high": _share("Its upper bound, 95 %."),
    "prior_p_severe": _share("Chance of D3 or D4 before any picture."),
    "set": _text("States that cannot be excluded, joined by ;."),
    "detectable_from": _text(
        "Mildest state the views could have shown.",
        *(f"D{k}" for k in range(5)),
        "none",
    ),
    "seen_share": _share("Part of the asset in view."),
    "looks": _whole("How many looks: a side in a sortie is one."),
    "sides": _whole("From how many sides it was seen."),
    "best_gsd_m": _number("m", "Finest ground sampling distance."),
    "first_seen_at": _time("First picture of it."),
    "last_seen_at": _time("Last picture of it."),
    "last_grade": _text("Grade before it went stale.", *_GRADES),
    "disputed": _truth("Whether methods disagree."),
    "review": _text("Whether a person is asked.", "none", "waiting", "done"),
    "confirmed_by_role": _text("Role of who confirmed the grade."),
    "confirmed_at": _time("When it was confirmed."),
    "priority": _number("", "Chance of D3 or D4 times importance."),
    "priority_rank": _whole(
        "1 is the most urgent of its kind; in a tile, when it was last written."
    ),
    "importance": _number("", "Weight of the asset."),
    "importance_source": _text("Who gave that weight."),
    "hazard": _number("hazard_unit", "Median of the hazard at the asset."),
    "hazard_kind": _text("Which measure the hazard is."),
    "hazard_unit": _text("Unit of the hazard."),
    "hazard_sigma_ln": _number("", "Standard deviation of its natural logarithm."),
    "fragility_ref": _text("Curve from hazard to state."),
    "clock_kind": _text("Which inspection of the owner's is due."),
    "clock_due_at": _time("When it is due."),
    "clock_basis": _text("Whether its shaking was measured or estimated."),
    "secondary": _text("Reserved."),
    "ce90_m": _number("m", "90 % circular error of what was seen on it."),
    "geometry_source": _text("Where the geometry comes from."),
    "geometry_ce90_m": _number("m", "90 % circular error of the geometry."),
    "reasons_ja": _text("Why, in Japanese, joined by ;."),
    "reasons_en": _text("Why, in English, joined by ;."),
    "evidence_ref": _text("Where the evidence lies."),
    "audience": _text("Who may read this.", "agency", "public"),
    "model_id": _text("Weights that read the pictures."),
    "source_licence": _text("Licence of the inventory row."),
}
"""Every field of an asset, full; the slim ones are among them."""

SUMMARY_NOTES: dict[str, FieldNote] = {
    "id": _text("level/code/kind."),
    "level": _text("Size of the cell.", "pref", "muni", "mesh1", "mesh2", "mesh3"),
    "code": _text("JIS X 0401 (pref), 0402 (muni) or 0410 (mesh)."),
    "name": _text("Name of the prefecture or municipality."),
    "kind": _text("Which assets are counted.", "all", *_KINDS),
    "n": _whole("How many assets."),
    "n_na": _whole("Without a grade."),
    "n_na_not_observed": _whole("Without a grade since nobody looked."),
    **{f"n_d{k}": _whole(f"Graded D{k}.") for k in range(5)},
    "n_confirmed": _whole("Confirmed by a person."),
    "n_disputed": _whole("Where methods disagree."),
    "n_waiting": _whole("Waiting for a person."),
    "expected_severe": _number("assets", "Expected number of D3 and D4."),
    "expected_severe_low": _number("assets", "Its lower bound."),
    "expected_severe_high": _number("assets", "Its upper bound."),
    "worst_grade": _text("Worst of what was seen.", *_GRADES),
    "observed_share": _share("Part of the assets with a grade."),
    "oldest_seen_at": _time("Oldest of the last pictures."),
    "newest_seen_at": _time("Newest of the last pictures."),
    "clocks_open": _whole("Inspections of owners that are due."),
    "clocks_overdue": _whole("Of these, past their time at as_of."),
    "edition": ASSET_NOTES["edition"],
    "drill": ASSET_NOTES["drill"],
}

DAMAGE_NOTES: dict[str, FieldNote] = {
    "id": _text("Id of the outline."),
    "asset_id": _text("The asset it is on."),
    "frame_id": _text("sha256 of the picture."),
    "class": _text("What is seen."),
    "score": _share("How sure the detector is."),
    "area_m2": _number("m2", "Area on the ground."),
    "length_m": _number("m", "Length along its longer side."),
    "max_width_mm": _number("mm", "Greatest width."),
    "ce90_m": _number("m", "90 % circular error."),
    "captured_at": _time("When the picture was taken."),
    "detector": _text("What found it.", "network", "classical", "geometry", "person"),
    "review": ASSET_NOTES["review"],
}

COVERAGE_NOTES: dict[str, FieldNote] = {
    "frame_id": DAMAGE_NOTES["frame_id"],
    "captured_at": DAMAGE_NOTES["captured_at"],
    "gsd_m": _number("m", "Ground sampling distance."),
    "usable": _truth("Whether the picture could be read."),
    "reason": _text("Why not."),
    "sortie": _text("The flight."),
}

LAYER_NOTES: dict[str, dict[str, FieldNote]] = {
    "assets": ASSET_NOTES,
    "summary": SUMMARY_NOTES,
    "damage": DAMAGE_NOTES,
    "coverage": COVERAGE_NOTES,
}
"""The fields of each layer, by its name."""
