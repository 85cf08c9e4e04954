import json

import numpy as np
import pytest

from data.record import from_json
from vision.domain import assess_domain
from vision.images import Quality, quality
from vision.weights import Card

GOOD = {"sharpness": 0.3, "exposure": 0.5, "dark_share": 0.0, "bright_share": 0.0}


@pytest.fixture
def known(card):
    """A card that knows 2 mm to 5 cm."""
    content = card(b"weights")
    kept = {name: content[name] for name in Card.__annotations__}
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
