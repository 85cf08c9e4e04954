"""The shaking of an asset, and what it makes expect, in lines and as data."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from data.evidence import EPSILON
from geo.shaking import Measure
from pipelines.explanation import CapacityHere, Neighbour, ShakenHere

Row = dict[str, Any]


def shaking_facts(here: ShakenHere) -> Row:
    """The shaking of one quake as data."""
    return {
        "event": here.quake.id,
        "longitude": here.place[0],
        "latitude": here.place[1],
        "epicentral_km": float(here.raw.epicentral_km[0]),
        "fault_km": float(here.raw.distance_km[0]),
        "tectonic": here.tectonic,
        "mw": here.mw,
        "vs30_m_s": here.vs30_m_s,
        "measure": here.measure.value,
        "unit": here.unit,
        "median_before": here.median(here.raw),
        "median": here.median(here.shaking),
        "sigma_before": float(here.raw.sigma[here.measure][0]),
        "sigma": float(here.shaking.sigma[here.measure][0]),
        "intensity_before": float(here.raw.median[Measure.INTENSITY][0]),
        "intensity": float(here.shaking.median[Measure.INTENSITY][0]),
        "observed": here.observed,
        "neighbours": [asdict(each) for each in here.neighbours],
    }


def shaking_lines(shaken: Sequence[ShakenHere]) -> list[str]:
    """How the asset was shaken, quake after quake."""
    lines = ["3 shaking at the asset"]
    if not shaken:
        return [*lines, "  no earthquake of known place and magnitude"]
    return lines + [
        line for here in shaken for line in _quake_lines(shaking_facts(here), here)
    ]


def _quake_lines(facts: Row, here: ShakenHere) -> list[str]:
    source = here.quake.hypocentre
    depth = "?" if source.depth_km is None else f"{source.depth_km:.0f}"
    what = "as a ShakeMap has it" if here.quake.shakemap else "given what was observed"
    return [
        (
            f"  hypocentre {source.latitude:.3f} N {source.longitude:.3f} E,"
            f" {depth} km deep, {facts['tectonic']}, Mw {facts['mw']:.2f}"
        ),
        (
            f"  {facts['epicentral_km']:.1f} km from the epicentre,"
            f" {facts['fault_km']:.1f} km from the assumed fault (Utsu),"
            f" Vs30 {facts['vs30_m_s']:.0f} m/s"
        ),
        (
            f"  by formula (Morikawa and Fujiwara 2013): {facts['measure']} median"
            f" {facts['median_before']:.3g} {facts['unit']}, sigma"
            f" {facts['sigma_before']:.2f}; intensity {facts['intensity_before']:.1f}"
        ),
        (
            f"  {what}: {facts['measure']} median {facts['median']:.3g}"
            f" {facts['unit']}, sigma {facts['sigma']:.2f}; intensity"
            f" {facts['intensity']:.1f} ({here.observed} observed)"
        ),
        *(f"    {_neighbour(each)}" for each in here.neighbours),
    ]


def _neighbour(each: Neighbour) -> str:
    if each.high is None:
        return f"{each.name}, {each.distance_km:.0f} km: at least {each.low:g}"
    low = "below" if each.low is None else f"{each.low:g} to below"
    return f"{each.name}, {each.distance_km:.0f} km: {low} {each.high:g}"


def prior_lines(belief: Row, capacities: Sequence[CapacityHere | None]) -> list[str]:
    """What was expected before any picture, with its curve and both betas."""
    lines = ["4 expected, before any picture"]
    if belief["hazard"] is not None:
        lines.append(
            f"  {belief['hazard_kind']} {belief['hazard']:.3g} {belief['hazard_unit']},"
            f" hazard beta {belief['hazard_sigma_ln'] or 0:.2f} (ln)"
        )
    if capacities and capacities[-1] is not None:
        lines += _capacity_lines(capacities[-1])
    if belief["prior_0"] is None:
        return [*lines, "  no fragility curve for this kind: not_modelled; prior = q"]
    chances = " ".join(f"D{k} {belief[f'prior_{k}']:.3f}" for k in range(5))
    lines.append(f"  {chances}  [{belief['fragility_ref']}]")
    if belief["p_severe_low"] is not None:
        lines.append(
            f"  severe or worse, 5-95 %: {belief['p_severe_low']:.3f} to"
            f" {belief['p_severe_high']:.3f}"
        )
    lines.append(f"  {EPSILON:g} of it is the reference prior q: no state has none")
    return lines


def _capacity_lines(capacity: CapacityHere) -> list[str]:
    row, medians, betas = (
        " ".join(f"{value:.3g}" for value in values)
        for values in (capacity.row, capacity.medians, capacity.betas)
    )
    return [
        f"  curve {capacity.name} (Hazus 5.1, data/reference/{capacity.table}): {row}",
        f"  with the factors of this asset: {medians}; capacity beta {betas}",
    ]
