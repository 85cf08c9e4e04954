"""Figures: Japanese without empty boxes, the same bytes, the numbers where they are."""

import io

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from PIL import Image

from data.places import FONT
from data.words import D0_WORDS, DRILL_WORDS, GRADE_WORDS, NA_WORDS
from pipelines.figures import (
    CLASS_EDGES,
    CLASS_NAMES,
    FIELD_COLOURS,
    CurvePicture,
    FieldPicture,
    FigureHeading,
    curve_figure,
    field_figure,
)

HEADING = FigureHeading(
    operation="drill-1",
    drill=True,
    as_of="2026-11-22 08:47 JST",
    title="岩手県内陸南部 M7.2 深さ8 km",
)


def field(**changes):
    longitude, latitude = np.linspace(140, 142, 30), np.linspace(38, 40, 40)
    values = {
        "longitude": longitude,
        "latitude": latitude,
        "intensity": np.full((40, 30), 4.0),
        "observed": np.array([[140.5, 39.0, 5.25], [141.5, 39.5, 3.0]]),
        "epicentre": (140.88, 39.03),
        "asset": (141.0, 39.2),
        "asset_name": "祭畤大橋",
    }
    return FieldPicture(**(values | changes))


def curve(**changes):
    values = {
        "medians": (0.25, 0.35, 0.45, 0.70),
        "betas": (0.35,) * 4,
        "measure_ja": "周期1秒の応答",
        "measure_en": "response at 1 s",
        "unit": "g",
        "shaking": 0.62,
        "sigma_ln": 0.7,
        "chances": (0.1, 0.1, 0.1, 0.2, 0.5),
        "asset_name": "祭畤大橋",
        "source": "Hazus 5.1 HWB17",
    }
    return CurvePicture(**(values | changes))


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def drawn_words(text):
    """What the bundled font draws for a text, as ink."""
    figure = Figure(figsize=(3, 1), dpi=100)
    figure.text(0.1, 0.3, text, fontproperties=FontProperties(fname=FONT), fontsize=30)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return pixels(out.getvalue()).sum(axis=2) < 400


def test_juudai_is_drawn_and_is_no_row_of_empty_boxes():
    words = drawn_words("重大")
    with pytest.warns(UserWarning, match="missing from font"):
        boxes = drawn_words("\ue000\ue000")
    assert words.sum() > 500
    assert (words != boxes).sum() > 300
    assert (drawn_words("重") != drawn_words("大")).sum() > 100


def test_the_font_has_every_character_our_words_use():
    known = TTFont(FONT)["cmap"].getBestCmap()
    pairs = [*GRADE_WORDS.values(), *NA_WORDS.values(), *DRILL_WORDS.values(), D0_WORDS]
    used = {character for pair in pairs for text in pair for character in text}
    assert {c for c in used if ord(c) not in known} == set()


def test_the_font_has_every_kanji_of_the_city_names(shared):
    known = TTFont(FONT)["cmap"].getBestCmap()
    table = shared / "data/reference/jma_city_centroid.csv"
    assert {c for c in table.read_text("utf-8") if ord(c) not in known} <= {"\n"}


def test_the_same_numbers_give_the_same_bytes():
    assert field_figure(field(), HEADING) == field_figure(field(), HEADING)
    assert curve_figure(curve(), HEADING) == curve_figure(curve(), HEADING)


def test_the_left_panel_has_the_colour_of_the_class():
    shown = pixels(field_figure(field(), HEADING))
    height, width = shown.shape[:2]
    inside = shown[int(height * 0.7), int(width * 0.12)]
    name = FIELD_COLOURS[CLASS_NAMES.index("4")]
    assert "#{:02x}{:02x}{:02x}".format(*inside) == name


def test_classes_are_told_apart_and_darken_as_they_rise():
    grey = [
        int(c[1:3], 16) * 0.3 + int(c[3:5], 16) * 0.59 + int(c[5:], 16) * 0.11
        for c in FIELD_COLOURS
    ]
    upper = grey[4:]
    assert upper == sorted(upper, reverse=True)
    assert len(FIELD_COLOURS) == len(CLASS_NAMES) == len(CLASS_EDGES) - 1


def test_a_field_without_observations_is_still_a_figure():
    empty = field(observed=np.zeros((0, 3)))
    assert pixels(field_figure(empty, HEADING)).shape[2] == 3


def shaking_column(picture):
    """Where the line of the median runs, as a share of the axes' width."""
    shown = pixels(curve_figure(picture, HEADING))
    height, width = shown.shape[:2]
    left, right = round(width * 0.09), round(width * 0.76)
    inside = shown[int(height * 0.2) : int(height * 0.85), left + 3 : right - 3]
    dark = (inside.sum(axis=2) < 150).mean(axis=0)
    return (np.flatnonzero(dark > 0.8).mean() + 3) / (right - left)


def test_the_line_stands_where_the_shaking_is():
    # the axis goes from a third of the least median to three times the greatest
    start, end = 0.25 / 3, 0.70 * 3
    for shaking in (0.3, 0.45, 0.58):
        picture = curve(shaking=shaking, sigma_ln=0.1)
        share = np.log(shaking / start) / np.log(end / start)
        assert shaking_column(picture) == pytest.approx(share, abs=0.006)


@pytest.mark.parametrize("drill", [True, False])
def test_a_drill_and_a_real_one_look_different(drill):
    other = FigureHeading(
        operation="drill-1", drill=not drill, as_of=HEADING.as_of, title=HEADING.title
    )
    this = FigureHeading(
        operation="drill-1", drill=drill, as_of=HEADING.as_of, title=HEADING.title
    )
    assert curve_figure(curve(), this) != curve_figure(curve(), other)
