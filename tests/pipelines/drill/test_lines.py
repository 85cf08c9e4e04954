"""Wires: their sag in numbers, and what their state means."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.drill.lines import (
    CATENARY_M,
    EARTH_WIRE,
    Wire,
    catenary,
    dangling,
    grade_of_link,
    grade_of_span,
    parameter_for_sag,
    sag_m,
    wires_of,
)

ends = st.tuples(
    st.floats(-50, 50), st.floats(-50, 50), st.floats(120, 400), st.floats(-60, 60)
)


@pytest.mark.parametrize(("span_m", "sag"), [(200, 3.3), (300, 7.4)])
def test_the_sag_of_acsr_410_is_the_one_of_the_tables(span_m, sag):
    # w s^2 / 8 H with w = 16.4 N/m, H = 25 kN (drill.md, section 4)
    assert sag_m(span_m) == pytest.approx(sag, abs=0.05)
    assert sag_m(span_m) == pytest.approx(16.4 * span_m**2 / 8 / 25_000, rel=0.01)


@given(st.floats(50, 500), st.floats(0.5, 40))
def test_a_parameter_found_for_a_sag_gives_that_sag(span_m, sag):
    assert sag_m(span_m, parameter_for_sag(span_m, sag)) == pytest.approx(sag, rel=1e-6)


@settings(deadline=None)
@given(ends)
def test_a_wire_starts_and_ends_at_its_strings_and_hangs_below_the_chord(values):
    x, y, span_m, rise = values
    a = np.array([x, y, 100.0])
    b = a + np.array([0.6 * span_m, 0.8 * span_m, rise])
    wire = catenary(a, b)
    assert np.allclose(wire[[0, -1]], [a, b], atol=1e-6)
    chord = np.linspace(100.0, 100.0 + rise, len(wire))
    assert (wire[1:-1, 2] < chord[1:-1]).all()


def test_tension_makes_the_curve_a_catenary():
    # dy/dx grows by the arc's length over the parameter: the defining law
    wire = catenary([0, 0, 50], [250, 0, 62], count=4001)
    step = np.diff(wire[:, [0, 2]], axis=0)
    slope, arc = step[:, 1] / step[:, 0], np.linalg.norm(step, axis=1)
    grown = np.cumsum(arc[:-1] / 2 + arc[1:] / 2) / CATENARY_M
    assert np.allclose(slope[1:] - slope[0], grown, atol=1e-6)


@pytest.mark.parametrize("grade", [0, 2, 3, 4])
def test_a_span_has_the_grade_of_its_own_wires(grade):
    assert grade_of_span(wires_of(grade)) == grade


def test_a_broken_earth_wire_alone_is_no_broken_conductor():
    assert grade_of_span(wires_of(0) | {EARTH_WIRE: Wire.BROKEN}) == 0


@given(st.lists(st.sampled_from(list(Wire)), min_size=7, max_size=7), st.integers(0, 6))
def test_one_more_broken_wire_never_makes_a_span_better(states, which):
    wires = dict(zip(wires_of(0), states, strict=True))
    worse = wires | {list(wires)[which]: Wire.BROKEN}
    assert grade_of_span(worse) >= grade_of_span(wires)


@given(st.lists(st.integers(0, 4), min_size=1))
def test_a_link_is_as_bad_as_its_worst_child(grades):
    assert grade_of_link(grades) in grades
    assert all(grade_of_link(grades) >= grade for grade in grades)


def test_a_broken_end_hangs_from_its_string_and_lies_on_the_ground():
    end, other = np.array([0.0, 0, 30]), np.array([130.0, 0, 30])
    rng = np.random.default_rng(0)
    points = dangling(end, other, 0.5, lambda x, _: 0 * np.asarray(x), rng)
    assert np.allclose(points[0], end)
    assert points[-1, 2] == pytest.approx(0.05)
    assert (np.diff(points[:, 2]) <= 1e-9).all()
