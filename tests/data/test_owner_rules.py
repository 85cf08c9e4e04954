"""What an owner may set, and that each setting does what it says."""

import numpy as np
import pytest

from data.errors import InvalidRecordError
from data.fragility import bridge_class, bridge_medians
from data.owner_rules import BridgeRules, ClockRules, WindRules
from data.record import from_json

UNKNOWN = dict.fromkeys(("length_m", "spans", "material", "structure", "year"))


def medians(rules):
    """Of a HWB10 with three spans and a skew of 45 degrees."""
    return bridge_medians(
        ["HWB10"],
        spans=[3],
        skew_deg=np.array([45.0]),
        sa10_over_sa03=np.array([0.2]),
        rules=rules,
    )[0]


def test_each_factor_can_be_switched_off_by_itself():
    plain = medians(BridgeRules(k3d=False, k_skew=False, k_shape=False))
    assert list(plain) == [0.6, 0.9, 1.1, 1.5]
    shape = medians(BridgeRules(k3d=False, k_skew=False))
    assert list(shape / plain) == pytest.approx([0.5, 1.0, 1.0, 1.0])
    ties = medians(BridgeRules(k_skew=False, k_shape=False))
    assert list(ties / plain) == pytest.approx([1.0, 1.11, 1.11, 1.11])
    skew = medians(BridgeRules(k3d=False, k_shape=False))
    assert list(skew / plain) == pytest.approx([1.0, *[0.5**0.25] * 3])


def test_length_and_unknown_material_are_the_owners():
    assert bridge_class(**{**UNKNOWN, "length_m": 120.0}) == "HWB17"
    short = BridgeRules(long_bridge_m=100.0)
    assert bridge_class(**{**UNKNOWN, "length_m": 120.0}, rules=short) == "HWB1"
    steel = BridgeRules(unknown_material="steel")
    assert bridge_class(**UNKNOWN, rules=steel) == "HWB12"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (BridgeRules, '{"unknown_material": "wood"}'),
        (BridgeRules, '{"break_year": 19}'),
        (BridgeRules, '{"breakyear": 1996}'),
        (WindRules, '{"design_wind_m_s": 0}'),
        (WindRules, '{"land_factor": 1.2}'),
        (ClockRules, '{"primary_gal": "25"}'),
    ],
)
def test_a_rule_out_of_range_or_misspelt_is_refused(kind, text):
    with pytest.raises(InvalidRecordError):
        from_json(kind, text)
