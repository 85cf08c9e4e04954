"""Scores: counted by hand on a model whose pixels answer for themselves."""

import numpy as np
import pytest

from vision.calibration import THRESHOLDS
from vision.cards import final_card
from vision.classes import COMPONENT, DAMAGE, IGNORED
from vision.evaluation import (
    ClassScore,
    class_scores,
    class_tables,
    crack_detector,
    crack_scores,
    false_levels,
    looked_at,
    picture_tables,
)
from vision.metrics import Counts, f1, precision, recall
from vision.sample import Sample
from vision.weights import load_model

SIDE_PX = 64
BLACK, RED, BLUE = (0, 0, 0), (255, 0, 0), (0, 0, 255)


def picture(*, red_rows=(), blue_rows=(), damage_rows=(), conductor_rows=()):
    """Rows of one colour, and what the truth calls them."""
    image = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    damage = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    component = np.zeros_like(damage)
    image[list(red_rows)] = RED
    image[list(blue_rows)] = BLUE
    damage[list(damage_rows)] = DAMAGE["crack"]
    component[list(conductor_rows)] = COMPONENT["conductor"]
    return Sample(image, damage, component)


@pytest.fixture
def model(install, graph, card):
    """Red is crack, at native size only, so that edges stay sharp."""
    encoded = graph()
    return load_model(None, folder=install(encoded, card=card(encoded, scales=[1.0])))


def test_the_network_is_a_detector_of_cracks(model):
    found = crack_detector(model)(picture(red_rows=[5, 6]).image)
    assert sorted({*np.nonzero(found)[0]}) == [5, 6]


def test_pixels_of_all_pictures_count_together():
    samples = [picture(damage_rows=[10, 11]), picture(damage_rows=[20, 21])]

    def detect(rgb):
        found = np.zeros(rgb.shape[:2], bool)
        found[10:12] = True
        return found

    scores = crack_scores(detect, samples)
    assert precision(scores.strict) == recall(scores.strict) == f1(scores.strict) == 0.5


def test_an_outline_one_pixel_off_is_right_within_two():
    sample = picture(damage_rows=[10])

    def detect(rgb):
        found = np.zeros(rgb.shape[:2], bool)
        found[11] = True
        return found

    scores = crack_scores(detect, [sample])
    assert f1(scores.strict) == 0
    assert f1(scores.tolerant) == 1


def test_cracks_seen_in_joints_are_counted_as_false_alarms():
    sample = picture()
    sample.damage[30:40] = DAMAGE["distractor"]

    def detect(rgb):
        found = np.zeros(rgb.shape[:2], bool)
        found[39:42] = True
        return found

    scores = crack_scores(detect, [sample])
    assert (scores.joint_alarms, scores.joints) == (SIDE_PX, 10 * SIDE_PX)


def test_unknown_pixels_are_not_scored():
    sample = picture(damage_rows=[10])
    sample.damage[50:] = IGNORED
    scores = crack_scores(lambda rgb: np.ones(rgb.shape[:2], bool), [sample])
    assert scores.strict.found == 50 * SIDE_PX


def test_classes_are_scored_by_pixel_and_by_picture(model):
    samples = [
        picture(red_rows=[4, 5], damage_rows=[4, 5, 6, 7], conductor_rows=[40, 41]),
        picture(red_rows=[8, 9]),
        picture(blue_rows=[20, 21], damage_rows=[50, 51], conductor_rows=[20, 21]),
    ]
    scores = class_scores(model.card, looked_at(model, samples))
    crack, conductor = scores["damage"]["crack"], scores["component"]["conductor"]
    rows = Counts(*(n * SIDE_PX for n in (4, 2, 6, 2)))
    assert crack == ClassScore(rows, Counts(2, 1, 2, 1))
    assert conductor.pictures == Counts(1, 1, 2, 1)


def test_tables_are_those_of_every_threshold(model):
    samples = [picture(red_rows=[4, 5], damage_rows=[5, 6])]
    table = class_tables(model.card, looked_at(model, samples))["crack"]
    assert len(table) == len(THRESHOLDS)
    assert table.tolist() == [[2 * SIDE_PX, SIDE_PX, 2 * SIDE_PX]] * len(THRESHOLDS)


def test_pictures_are_counted_at_every_threshold(model):
    samples = [
        picture(red_rows=[4, 5], damage_rows=[5, 6]),
        picture(red_rows=[8, 9]),
        picture(damage_rows=[30, 31]),
    ]
    table = picture_tables(model.card, looked_at(model, samples))["crack"]
    assert table.tolist() == [[2, 1, 2]] * len(THRESHOLDS)


def test_damaged_pictures_say_nothing_of_false_alarms(model):
    samples = [picture(red_rows=[4]), picture(), picture(damage_rows=[9])]
    levels = false_levels(model.card, looked_at(model, samples), ["crack", "spall"])
    assert levels["crack"] == pytest.approx([1, 0.09], abs=0.1)
    assert len(levels["spall"]) == 2


def score(found, pictures):
    return ClassScore(Counts(100, 90, 100, 90), Counts(found, found, pictures, found))


@pytest.mark.parametrize(
    ("crack", "is_emitted", "is_relied_on"),
    [
        (score(7, 10), True, True),
        (score(6, 10), True, False),
        (score(4, 4), True, False),  # too few pictures to rely on
        (score(1, 10), False, False),
        (score(0, 0), False, False),
    ],
)
def test_what_is_missed_is_not_relied_on_or_not_written(
    model, crack, is_emitted, is_relied_on
):
    scores = {
        "damage": {"crack": crack, "spall": score(9, 10)},
        "component": {"conductor": score(9, 10)},
    }
    card = final_card(model.card, scores)
    assert ("crack" in card.trained_classes.damage) == is_emitted
    assert ("crack" in card.thresholds.damage) == is_emitted
    assert ("crack" in card.relied_on) == is_relied_on
    assert {"spall", "conductor"} <= {*card.relied_on}
    assert "distractor" in card.trained_classes.damage


@pytest.mark.parametrize(("false", "is_emitted"), [(2, True), (3, False)])
def test_a_severe_class_that_cries_wolf_is_not_believed(model, false, is_emitted):
    alarms = ClassScore(Counts(100, 90, 100, 90), Counts(9 + false, 9, 10, 9))
    scores = {
        "damage": {"crack": alarms, "collapse": alarms},
        "component": {"conductor": score(9, 10)},
    }
    card = final_card(model.card, scores)
    assert "crack" in card.thresholds.damage  # a crack alone makes no grade severe
    assert ("collapse" in card.relied_on) == is_emitted
