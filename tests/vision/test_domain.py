import json
import runpy
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from data.record import from_json, to_json
from vision.appearance import appearance
from vision.domain import assess_domain, content_clause, distance, fit_domain
from vision.images import Quality, quality
from vision.weights import Card, read_card

BENCH = Path(__file__).parents[1] / "bench" / "unusable.py"
MAKERS = runpy.run_path(str(BENCH))["MAKERS"]

GOOD = {"sharpness": 0.3, "exposure": 0.5, "dark_share": 0.0, "bright_share": 0.0}


@pytest.fixture
def known(card):
    """A card that knows 2 mm to 5 cm."""
    content = card(b"weights")
    kept = {n: content[n] for n in Card.__annotations__ if n in content}
    return from_json(Card, json.dumps(kept))


@pytest.mark.parametrize(
    ("changes", "gsd_m", "clause"),
    [
        ({}, 0.01, None),
        ({}, None, None),
        ({}, 0.0001, None),  # finer: it is reduced before it is read
        ({}, 0.05, None),
        ({}, 0.0501, "gsd"),
        ({"exposure": 0.01}, 0.01, "dark"),
        ({"dark_share": 0.9}, None, "dark"),
        ({"sharpness": 0.05}, 0.01, "blur"),
        ({"bright_share": 0.8}, 0.01, "unlike"),
        ({"sharpness": 0.05}, 0.2, "gsd"),  # the distance comes first
    ],
)
def test_each_clause_has_its_word(known, changes, gsd_m, clause):
    measured = Quality(**GOOD | changes)
    assert assess_domain(measured, gsd_m=gsd_m, card=known) == clause


def test_a_black_picture_is_dark_whatever_the_distance(known):
    measured = quality(np.zeros((64, 64, 3), np.uint8))
    assert assess_domain(measured, gsd_m=None, card=known) == "dark"


def wall(seed, tint=(1.0, 1.0, 1.0)):
    """A rough wall with broad stains, 512 x 512 px."""
    rng = np.random.default_rng(seed)
    rough = cv2.GaussianBlur(rng.normal(0, 60, (512, 512)), (0, 0), 1.0)
    stains = cv2.GaussianBlur(rng.normal(0, 200, (512, 512)), (0, 0), 40.0)
    grey = np.clip(120 + rough + stains, 30, 220)
    return (grey[..., None] * np.array(tint)).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def learnt():
    """Grey and reddish walls: two sources."""
    return fit_domain(
        {
            "grey": [appearance(wall(seed)) for seed in range(8)],
            "red": [appearance(wall(seed, (1.1, 0.95, 0.9))) for seed in range(8)],
        }
    )


def test_a_sharp_wall_of_a_known_kind_is_in_the_domain(learnt):
    assert content_clause(appearance(wall(99)), learnt) is None


@pytest.mark.parametrize("name", [*MAKERS])
def test_a_picture_nobody_can_use_fails_a_clause(name, learnt, known):
    rgb = MAKERS[name](np.random.default_rng(3), wall(5))
    card = replace(known, domain=learnt)
    clause = assess_domain(quality(rgb), gsd_m=None, card=card, seen=appearance(rgb))
    assert clause is not None


def test_older_weights_judge_distance_and_light_alone(known):
    rgb = np.zeros((600, 600, 3), np.uint8) + np.arange(0, 240, 40, np.uint8)[:3]
    assert known.domain is None
    assert content_clause(appearance(rgb), known.domain) is None


def test_the_distance_knows_no_order_and_is_least_at_the_middle(learnt):
    grey = [appearance(wall(seed)) for seed in range(8)]
    red = [appearance(wall(seed, (1.1, 0.95, 0.9))) for seed in range(8)]
    assert fit_domain({"red": red, "grey": grey}) == learnt
    assert distance(grey[0], learnt) < learnt.limit
    green = appearance(wall(1, (0.4, 1.2, 0.5)))
    assert distance(green, learnt) > learnt.limit
    assert content_clause(green, learnt) == "unlike"


def test_one_source_tells_nothing_of_how_others_differ():
    assert fit_domain({"grey": [appearance(wall(1))], "none": []}) is None


def test_the_fitted_record_comes_back_from_a_card(tmp_path, known, learnt):
    path = tmp_path / "card.json"
    path.write_bytes(to_json(replace(known, domain=learnt)))
    assert read_card(path).domain == learnt


def test_the_smallest_picture_can_be_measured(learnt):
    for shape in ((1, 1, 3), (1, 40, 3), (7, 3, 3)):
        seen = appearance(np.full(shape, 90, np.uint8))
        assert all(np.isfinite(seen))
        assert content_clause(seen, learnt) is not None
