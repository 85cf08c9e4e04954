"""What a map leaves out for whom (ARCHITECTURE, section 8)."""

from typing import Literal

from data.assets import AssetKind

Audience = Literal["agency", "public"]
"""An agency sees all; the public neither owners nor exact chances of power and dams."""

AUDIENCES: tuple[Audience, ...] = ("agency", "public")
GUARDED_KINDS = tuple(kind.value for kind in AssetKind if kind is not AssetKind.BRIDGE)
"""Dams and all that carries power: exact chances of these would list targets."""

OWNER_FIELDS = ("owner", "owner_ref", "evidence_ref")
"""Not for the public, whatever the kind."""

CHANCE_FIELDS = (
    *(f"p_d{k}" for k in range(5)),
    "p_severe",
    "p_severe_low",
    "p_severe_high",
    "prior_p_severe",
    "priority",
    "priority_rank",
)
"""Not for the public of guarded kinds: chances, and what they could be got back from.

priority over importance is the chance; the ranks are its order.
"""

EXPECTED_FIELDS = ("expected_severe", "expected_severe_low", "expected_severe_high")
"""Sums of chances: of one asset they are its chance."""
