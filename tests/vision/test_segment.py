"""The pixel rule by hand, the same bits whatever the batch, memory that stays flat."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import RefusedError
from vision.segment import chosen_classes, segment, trained_channels, working_scale
from vision.weights import load_model

RED, GREEN, BLUE, GREY = (255, 127, 127), (127, 255, 127), (127, 127, 255), (127,) * 3


@pytest.fixture
def model(install):
    return load_model(None, folder=install())


def painted(colours, side=64):
    """Squares of colours side by side."""
    return np.repeat(
        np.repeat(np.array([colours], np.uint8), side, axis=0), side, axis=1
    )


def test_colours_become_their_classes_and_the_distractor_none(model):
    found = segment(model, painted([RED, GREEN, BLUE, GREY]), gsd_m=0.01)
    middle = found.damage[32, 32::64]
    assert middle.tolist() == [1, 2, 0, 0]
    assert found.component[32, 32::64].tolist() == [0, 0, 4, 0]
    assert found.damage_probability[32, 32::64].tolist()[:3] == [255, 255, 0]
    assert found.damage_share["crack"] == pytest.approx(0.25, abs=0.01)
    assert found.domain == "in_domain"
    assert set(found.damage_share) == {"crack", "spall"}
    assert set(found.component_share) == {"conductor"}


def test_the_probability_is_that_of_trained_damage_without_the_distractor(model):
    found = segment(model, painted([GREY]), gsd_m=None)
    assert found.domain == "unverified"
    # ten equal classes, two of them trained damage
    assert (found.damage_probability == round(255 * 0.2)).all()
    assert (found.damage == 0).all()


def test_a_class_below_its_threshold_gives_way_to_one_above(model):
    damage, _ = trained_channels(model.card)
    planes = np.array([0.45, 0.5], np.float32).reshape(2, 1, 1)  # crack .4, spall .6
    assert chosen_classes(planes, damage).item() == 1
    assert chosen_classes(planes * np.float32(0.5), damage).item() == 0


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=2))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_pixel_rule_is_that_of_its_definition(model, values):
    damage, _ = trained_channels(model.card)
    able = [
        (-p, plane)
        for p, t, plane in zip(
            map(np.float32, values), damage.thresholds, damage.planes, strict=True
        )
        if p >= t
    ]
    planes = np.array(values, np.float32).reshape(2, 1, 1)
    expected = min(able)[1] if able else 0
    assert chosen_classes(planes, damage).item() == expected


def test_untrained_weights_find_nothing(install, graph, card):
    encoded = graph()
    nothing = {"damage": {}, "component": {}}
    model = load_model(
        None,
        folder=install(
            encoded, card=card(encoded, trained_classes=nothing, relied_on=[])
        ),
    )
    found = segment(model, painted([RED, BLUE]), gsd_m=None)
    assert not found.damage.any()
    assert not found.component.any()
    assert not found.damage_probability.any()


@given(st.integers(1, 150), st.integers(1, 150), st.integers(2, 7))
@settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_size_works_and_no_batch_changes_a_bit(model, h, w, batch):
    rgb = np.random.default_rng(h * 151 + w).integers(0, 256, (h, w, 3), np.uint8)
    one = segment(model, rgb, gsd_m=0.01, batch=1)
    many = segment(model, rgb, gsd_m=0.01, batch=batch)
    for name in ("damage", "component", "damage_probability"):
        assert getattr(one, name).shape == (h, w)
        assert getattr(one, name).tobytes() == getattr(many, name).tobytes()


def test_one_scale_is_just_the_network(install, graph, card):
    encoded = graph(sharpness=3.0)
    folder = install(encoded, card=card(encoded, scales=[1.0]))
    model = load_model(None, folder=folder)
    rgb = np.random.default_rng(0).integers(0, 256, (100, 130, 3), np.uint8)
    exact = np.exp(3.0 * ((rgb.astype(float) - 127) / 128))
    p = exact[:, :, :2].sum(axis=2) / (exact.sum(axis=2) + 7)
    found = segment(model, rgb, gsd_m=None).damage_probability
    assert np.abs(found - 255 * p).max() <= 0.51


def test_two_scales_are_the_mean_of_both(install, graph, card):
    encoded = graph(sharpness=3.0)
    folder = install(encoded, card=card(encoded, scales=[1.0, 0.5]))
    rgb = painted([GREY, RED], side=50)
    rgb[::2, ::2] = 0  # detail that half the size cannot show
    both = segment(load_model(None, folder=folder), rgb, gsd_m=None)
    levels = both.damage_probability[20:30, 70:80].astype(int)
    flat = np.exp(3.0 * ((np.array([0.75 * 255, 0.75 * 127, 0.75 * 127]) - 127) / 128))
    sharp = np.exp(3.0 * ((np.array(RED) - 127) / 128))
    mean = np.mean([p[:2].sum() / (p.sum() + 7) for p in (flat, sharp)])
    assert levels[1, 1] == pytest.approx(255 * mean, abs=1.5)


def test_a_finer_picture_is_reduced_and_brought_back(model):
    found = segment(model, painted([RED, GREY], side=100), gsd_m=0.001)
    assert found.scale == 0.5
    assert found.damage.shape == (100, 200)
    assert found.damage[50, 50] == 1
    assert found.damage[50, 150] == 0


def test_a_coarser_picture_is_refused(model):
    with pytest.raises(RefusedError, match=r"gsd 0\.0600 m") as caught:
        segment(model, painted([RED]), gsd_m=0.06)
    assert caught.value.refusal.code == "out_of_domain"
    assert working_scale(0.05, model.card) == 1.0


LARGE = """
import sys
import numpy as np
from pathlib import Path
from vision.segment import segment
from vision.weights import load_model
model = load_model(None, folder=Path(sys.argv[1]))
rgb = np.full((6700, 9000, 3), 127, np.uint8)
segment(model, rgb, gsd_m=0.01)
# ru_maxrss would tell of the process that started this one, if that was larger
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.mark.slow
def test_sixty_megapixels_stay_below_one_and_a_half_gigabytes(install, graph, card):
    encoded = graph()
    every = {
        "damage": dict.fromkeys(list(card(encoded)["damage_classes"])[1:9], "x"),
        "component": dict.fromkeys(list(card(encoded)["component_classes"])[1:], "x"),
    }
    thresholds = {"damage": dict.fromkeys(every["damage"], 0.5), "component": 0.5}
    changed = card(encoded, trained_classes=every, thresholds=thresholds, window=512)
    folder = install(encoded, card=changed)
    done = subprocess.run(
        [sys.executable, "-c", LARGE, str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 1500
