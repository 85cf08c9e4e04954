"""Labels to learn from: what no picture shows is neither damage nor its absence."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("numba")
from hypothesis import given
from hypothesis import strategies as st

from pipelines.drill.evident import IGNORE, evident_damage
from pipelines.drill.labels import Component, Damage

BRIDGE, TOWER, WIRE = Component.BRIDGE, Component.TOWER, Component.CONDUCTOR


def picture_of(damage, component, asset=None):
    """One row of pixels of 1 m, of asset 1 if not said."""
    damage = np.array([damage], np.uint8)
    component = np.array([component], np.uint8)
    asset = np.ones_like(damage) if asset is None else np.array([asset])
    return SimpleNamespace(
        damage=damage, component=component, asset=asset.astype(np.uint16)
    )


def seen(picture, *, gsd_m=1.0, view="level"):
    """Labels of the only row."""
    return evident_damage(picture, gsd_m=gsd_m, view=view)[0].tolist()


def test_a_shoved_span_shows_at_its_step_and_nowhere_else():
    moved = int(Damage.DISPLACEMENT)
    row = picture_of([0] * 5 + [moved] * 6, [BRIDGE] * 11)
    assert seen(row) == [0] * 3 + [IGNORE] * 2 + [moved] * 2 + [IGNORE] * 4


def test_a_shoved_span_alone_in_the_picture_shows_nothing():
    row = picture_of([int(Damage.DISPLACEMENT)] * 9, [BRIDGE] * 9)
    assert seen(row) == [IGNORE] * 9


def test_another_asset_beside_a_shoved_span_is_no_step():
    moved = int(Damage.DISPLACEMENT)
    row = picture_of([0, 0, moved, moved], [BRIDGE] * 4, [2, 2, 1, 1])
    assert seen(row) == [0, 0, IGNORE, IGNORE]


def test_a_crack_on_a_shoved_span_is_no_step():
    crack, moved = int(Damage.CRACK), int(Damage.DISPLACEMENT)
    assert seen(picture_of([crack, moved], [BRIDGE] * 2)) == [crack, IGNORE]


def test_a_ruin_shows_along_its_outline():
    fallen = int(Damage.COLLAPSE)
    row = picture_of([0, 0] + [fallen] * 8, [BRIDGE] * 10)
    assert seen(row) == [0, 0] + [fallen] * 3 + [IGNORE] * 5


def test_a_lean_is_seen_from_the_side_when_the_mast_is_in_view():
    bent = int(Damage.DEFORMATION)
    tall = picture_of([bent] * 20, [TOWER] * 20)
    assert seen(tall) == [bent] * 20
    assert seen(tall, view="nadir") == [IGNORE] * 20
    assert seen(tall, gsd_m=0.1) == [IGNORE] * 20


def test_a_bent_member_of_a_sound_tower_stays_what_it_is():
    bent = int(Damage.DEFORMATION)
    row = picture_of([bent] * 2 + [0] * 8, [TOWER] * 10)
    assert seen(row, view="nadir") == [bent] * 2 + [0] * 8


def test_a_slack_wire_is_never_taught():
    row = picture_of([int(Damage.DEFORMATION), 0], [WIRE, WIRE])
    assert seen(row) == [IGNORE, 0]


@given(
    st.lists(st.sampled_from([int(d) for d in Damage]), min_size=1, max_size=12),
    st.sampled_from(["nadir", "oblique", "level"]),
)
def test_a_label_is_the_truth_or_unknown(damage, view):
    picture = picture_of(damage, [BRIDGE] * len(damage))
    labels = seen(picture, view=view)
    assert all(
        label in (IGNORE, truth) for label, truth in zip(labels, damage, strict=True)
    )
    assert picture.damage[0].tolist() == damage
