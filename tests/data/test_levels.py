"""Shares and levels of one cell, and what a view could have shown."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.assets import AssetKind
from data.findings import COMPONENT_CLASSES, DAMAGE_CLASSES
from data.levels import (
    MIN_BLOB_PX,
    MIN_BROKEN_PX,
    CellShares,
    cell_shares,
    detectable_from,
    geometry_level,
    level,
)

ALL = frozenset(DAMAGE_CLASSES[1:9]) | frozenset(COMPONENT_CLASSES[1:])
KINDS = [kind for kind in AssetKind if kind is not AssetKind.LINK]
FIELDS = ("crack", "spall", "displacement", "deformation", "collapse", "debris")
FIELDS = (*FIELDS, "seepage", "broken")


def maps(size=100):
    """Nothing damaged, nothing visible, the whole picture one cell."""
    empty = np.zeros((size, size), dtype=np.uint8)
    return empty.copy(), empty.copy(), np.ones((size, size), dtype=bool)


def paint(array, name, rows, columns):
    classes = DAMAGE_CLASSES if name in DAMAGE_CLASSES else COMPONENT_CLASSES
    array[rows, columns] = classes.index(name)


def test_shares_are_of_the_visible_component():
    damage, component, cell = maps()
    paint(component, "bridge", slice(0, 50), slice(0, 100))
    paint(damage, "displacement", slice(10, 20), slice(0, 50))
    shares = cell_shares(damage, component, cell, AssetKind.BRIDGE)
    assert shares.moved == pytest.approx(500 / 5000)
    assert shares.component == pytest.approx(0.5)
    assert level(AssetKind.BRIDGE, shares, trained=ALL) == 3


def test_a_hidden_component_never_makes_the_denominator_smaller_than_a_fifth():
    damage, component, cell = maps()
    paint(component, "bridge", slice(0, 10), slice(0, 10))
    paint(damage, "crack", slice(0, 10), slice(0, 10))
    shares = cell_shares(damage, component, cell, AssetKind.BRIDGE)
    assert shares.a == pytest.approx(100 / 2000)


def test_a_collapsed_span_counts_where_no_component_is_left():
    damage, component, cell = maps()
    paint(damage, "collapse", slice(40, 60), slice(40, 60))
    shares = cell_shares(damage, component, cell, AssetKind.BRIDGE)
    assert level(AssetKind.BRIDGE, shares, trained=ALL) == 4


def test_a_crack_away_from_the_asset_does_not_count_and_one_touching_it_does():
    damage, component, cell = maps()
    paint(component, "dam", slice(0, 50), slice(0, 100))
    paint(damage, "crack", slice(60, 70), slice(0, 50))
    assert cell_shares(damage, component, cell, AssetKind.DAM).a == 0.0
    paint(damage, "crack", slice(51, 60), slice(0, 50))
    touching = cell_shares(damage, component, cell, AssetKind.DAM)
    assert touching.a == pytest.approx((19 * 50) / 5000)


def test_debris_beside_a_bridge_does_not_count_and_at_a_tower_does():
    damage, component, cell = maps()
    paint(damage, "debris", slice(80, 100), slice(0, 100))
    bridge = cell_shares(damage, component, cell, AssetKind.BRIDGE)
    tower = cell_shares(damage, component, cell, AssetKind.TOWER)
    assert level(AssetKind.BRIDGE, bridge, trained=ALL) == 0
    assert level(AssetKind.TOWER, tower, trained=ALL) == 1


def test_stray_pixels_are_no_shape():
    damage, component, cell = maps(20)
    paint(damage, "collapse", slice(0, 20, 4), slice(0, 20, 4))
    shares = cell_shares(damage, component, cell, AssetKind.BRIDGE)
    assert shares.collapse == 0.0
    paint(damage, "collapse", slice(0, 1), slice(0, MIN_BLOB_PX))
    assert cell_shares(damage, component, cell, AssetKind.BRIDGE).collapse > 0.01


def test_a_broken_conductor_is_at_least_a_metre_of_wire():
    damage, component, cell = maps()
    paint(damage, "broken_conductor", slice(50, 51), slice(0, MIN_BROKEN_PX - 1))
    shares = cell_shares(damage, component, cell, AssetKind.SPAN)
    assert level(AssetKind.SPAN, shares, trained=ALL) == 0
    paint(damage, "broken_conductor", slice(50, 51), slice(0, MIN_BROKEN_PX))
    shares = cell_shares(damage, component, cell, AssetKind.SPAN)
    assert level(AssetKind.SPAN, shares, trained=ALL) == 3


def test_pixels_outside_the_cell_do_not_count():
    damage, component, cell = maps()
    paint(damage, "collapse", slice(0, 50), slice(0, 100))
    cell[:50] = False
    assert cell_shares(damage, component, cell, AssetKind.DAM).collapse == 0.0


def test_an_empty_cell_shows_nothing():
    damage, component, cell = maps()
    cell[:] = False
    damage[:] = DAMAGE_CLASSES.index("collapse")
    assert cell_shares(damage, component, cell, AssetKind.DAM) == CellShares()


def test_the_distractor_never_counts():
    damage, component, cell = maps()
    component[:] = COMPONENT_CLASSES.index("bridge")
    damage[:] = DAMAGE_CLASSES.index("distractor")
    shares = cell_shares(damage, component, cell, AssetKind.BRIDGE)
    assert level(AssetKind.BRIDGE, shares, trained=ALL) == 0


def test_levels_are_those_of_the_table():
    table = [  # DEFINITIONS, section 4, row by row
        (AssetKind.BRIDGE, {"crack": 0.004}, 1),
        (AssetKind.BRIDGE, {"crack": 0.006, "spall": 0.006}, 2),
        (AssetKind.BRIDGE, {"displacement": 0.005}, 1),
        (AssetKind.BRIDGE, {"displacement": 0.05}, 2),
        (AssetKind.BRIDGE, {"displacement": 0.06, "deformation": 0.06}, 3),
        (AssetKind.BRIDGE, {"collapse": 0.009}, 0),
        (AssetKind.BRIDGE, {"collapse": 0.011}, 4),
        (AssetKind.BRIDGE, {"seepage": 0.5}, 0),
        (AssetKind.DAM, {"seepage": 0.002}, 2),
        (AssetKind.DAM, {"seepage": 0.02}, 3),
        (AssetKind.DAM, {"displacement": 0.02}, 2),
        (AssetKind.DAM, {"displacement": 0.06}, 3),
        (AssetKind.TOWER, {"deformation": 0.02}, 1),
        (AssetKind.TOWER, {"deformation": 0.1}, 2),
        (AssetKind.TOWER, {"deformation": 0.3}, 3),
        (AssetKind.TOWER, {"crack": 0.3}, 0),
        (AssetKind.SPAN, {"broken": 0.0001}, 3),
        (AssetKind.SPAN, {"collapse": 0.5}, 0),
        (AssetKind.SUBSTATION, {"displacement": 0.2}, 3),
        (AssetKind.SUBSTATION, {"collapse": 0.2}, 4),
    ]
    for kind, shares, expected in table:
        assert level(kind, CellShares(**shares), trained=ALL) == expected, (
            kind,
            shares,
        )


def test_an_untrained_class_does_not_count():
    shares = CellShares(collapse=0.5, crack=0.001)
    trained = ALL - {"collapse"}
    assert level(AssetKind.BRIDGE, shares, trained=trained) == 1
    assert level(AssetKind.BRIDGE, shares, trained=frozenset()) == 0


@settings(deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    base=st.fixed_dictionaries({name: st.floats(0, 0.5) for name in FIELDS}),
    name=st.sampled_from(FIELDS),
    more=st.floats(0, 0.5),
)
def test_more_of_any_damage_never_lowers_the_level(kind, base, name, more):
    shares = CellShares(**base)
    worse = replace(shares, **{name: base[name] + more})
    assert level(kind, worse, trained=ALL) >= level(kind, shares, trained=ALL)


def test_detectable_from_of_worked_views():
    def view(kind, gsd_m, sides, share, trained=ALL):
        return detectable_from(
            kind, gsd_m=gsd_m, sides=sides, share=share, trained=trained
        )

    assert view(AssetKind.BRIDGE, 0.005, 3, 0.8) == 1
    assert view(AssetKind.BRIDGE, 0.005, 2, 1.0) == 2
    assert view(AssetKind.BRIDGE, 0.015, 2, 0.6) == 2
    assert view(AssetKind.BRIDGE, 0.015, 1, 1.0) == 3
    assert view(AssetKind.BRIDGE, 0.05, 8, 1.0) == 4
    assert view(AssetKind.BRIDGE, 0.051, 8, 1.0) == 5
    assert view(AssetKind.BRIDGE, float(np.float32(0.05)), 1, 0.1) == 4
    assert view(AssetKind.TOWER, 0.02, 1, 0.6) == 2
    assert view(AssetKind.SPAN, 0.04, 1, 1.0) == 5
    assert view(AssetKind.LINK, 0.001, 8, 1.0) == 5


def test_what_was_not_trained_cannot_have_been_seen():
    def seen_without(*names):
        return detectable_from(
            AssetKind.BRIDGE, gsd_m=0.005, sides=3, share=1.0, trained=ALL - set(names)
        )

    assert seen_without("spall") == 2
    assert seen_without("displacement") == 4
    assert seen_without("collapse") == 5


@settings(deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    gsd=st.floats(0.001, 0.1),
    sides=st.integers(0, 8),
    share=st.floats(0, 1),
    trained=st.sets(st.sampled_from(sorted(ALL))).map(frozenset),
)
def test_a_finer_or_fuller_view_never_shows_less(kind, gsd, sides, share, trained):
    def shown(*, gsd_m=gsd, sides=sides, share=share, trained=trained):
        return detectable_from(
            kind, gsd_m=gsd_m, sides=sides, share=share, trained=trained
        )

    assert shown(gsd_m=gsd / 2) <= shown()
    assert shown(sides=sides + 1) <= shown()
    assert shown(share=(1 + share) / 2) <= shown()
    assert shown(trained=ALL) <= shown()


# --- geometry -------------------------------------------------------------------------


@given(
    kind=st.sampled_from(AssetKind),
    sigmas=st.tuples(st.floats(0, 9), st.floats(0, 9)),
    missing=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_more_out_of_place_or_more_missing_is_never_a_lower_level(
    kind, sigmas, missing
) -> None:
    mild = geometry_level(kind, sigmas=min(sigmas), missing=min(missing))
    assert geometry_level(kind, sigmas=max(sigmas), missing=max(missing)) >= mild


@pytest.mark.parametrize(
    ("kind", "sigmas", "missing", "z"),
    [
        (AssetKind.TOWER, 1.9, 1.0, 0),
        (AssetKind.TOWER, 2.5, 0.0, 2),
        (AssetKind.TOWER, 3.1, 0.0, 3),
        (AssetKind.BRIDGE, 3.1, 0.24, 3),
        (AssetKind.BRIDGE, 3.1, 0.25, 4),
        (AssetKind.BRIDGE, 2.5, 1.0, 2),
        (AssetKind.SPAN, 2.5, 0.0, 1),
        (AssetKind.SPAN, 3.1, 0.0, 2),
        (AssetKind.LINK, 9.0, 1.0, 0),
    ],
)
def test_geometry_has_the_columns_of_definitions_4(kind, sigmas, missing, z) -> None:
    assert geometry_level(kind, sigmas=sigmas, missing=missing) == z
