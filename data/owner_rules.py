"""What an owner may set of how damage is expected; the defaults are our start values.

Hazus's rules are Californian: Japan's code changed in other years, and its bridges are
of other kinds. Each rule can be set in the configuration file, in a table of its own
([bridges], [wind], [clocks]), and every edition's configuration hash holds it.

Source:
    DEFINITIONS, section 2; FINDINGS, section 9.
"""

from typing import Annotated

from pydantic import Field

from data.record import NonNegative, Positive, record


@record
class BridgeRules:
    """How a bridge becomes one of Hazus's classes, and which factors count.

    Attributes:
        break_year: From which year on it counts as built to resist earthquakes. 1996:
            道路橋示方書 of 1996, after the Kobe earthquake.
        long_bridge_m: Longer ones are Hazus's long bridges.
        unknown_material: What one without a known material counts as: concrete, steel
            or prestressed.
        k3d: Whether the deck ties the piers (K3D, by the number of spans).
        k_skew: Whether a skew weakens, where it is known.
        k_shape: Whether the shape of the spectrum enters the slight state.
        capacity_beta: Of capacity alone; Hazus's .6 holds demand too.
    """

    break_year: Annotated[int, Field(ge=1850, le=2100)] = 1996
    long_bridge_m: Positive = 150.0
    unknown_material: Annotated[
        str, Field(pattern=r"^(concrete|steel|prestressed)$")
    ] = "prestressed"
    k3d: bool = True
    k_skew: bool = True
    k_shape: bool = True
    capacity_beta: Annotated[float, Field(ge=0.05, le=2.0)] = 0.35


@record
class WindRules:
    """How wind meets towers.

    Attributes:
        design_wind_m_s: 10-min mean at 10 m a tower is built for, where its row in the
            inventory says none. 40: METI, 電気設備の技術基準の解釈, clause 58.
        tower_curve: Row of data/reference/tower_wind.csv.
        land_factor: Open land over sea.
        trigger_ratio: Wind over design wind from which a tower is in the plan.
    """

    design_wind_m_s: Positive = 40.0
    tower_curve: Annotated[str, Field(min_length=1)] = "JP"
    land_factor: Annotated[float, Field(ge=0.3, le=1.0)] = 0.8
    trigger_ratio: Positive = 0.7


@record
class ClockRules:
    """When a dam's inspection clock starts, and how long it runs.

    Attributes:
        primary_intensity: JMA instrumental intensity; 3.5 is the class 4. As the gal,
            either one starts the primary inspection.
        secondary_intensity: Starts the secondary one too; 4.5 is the class 5-lower.
        primary_h: Hours from the quake to the primary inspection; the others to the
            visual and the instruments' part of the secondary one.
    """

    primary_intensity: NonNegative = 3.5
    primary_gal: Positive = 25.0
    secondary_intensity: NonNegative = 4.5
    secondary_gal: Positive = 80.0
    primary_h: Positive = 3.0
    visual_h: Positive = 24.0
    instruments_h: Positive = 72.0


BRIDGE_RULES = BridgeRules()
WIND_RULES = WindRules()
CLOCK_RULES = ClockRules()
