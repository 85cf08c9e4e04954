"""Left out and predicted: a known field, seen in classes, as the oracle."""

from dataclasses import replace

import numpy as np
import pytest

from geo.conditioning import field_given, interval_sites
from geo.conditioning import given as made_ready
from geo.left_out import CLASS_EDGES, Z_90, Prediction, score

SEEN, OTHERS, FIELDS = 120, 40, 60
NUGGET = 0.35


def classes(values):
    """Ends of JMA's classes that the values fall into."""
    first = np.searchsorted(CLASS_EDGES, values, side="right") - 1
    return CLASS_EDGES[first], CLASS_EDGES[first + 1]


def made_field(rng):
    """A field at 160 places within 300 km, its covariance, and its median."""
    x = rng.uniform(0.0, 300.0, (SEEN + OTHERS, 2))
    apart = np.linalg.norm(x[:, None] - x, axis=2)
    prior = 0.1 + 0.25 * np.exp(-apart / 30.0)
    median = 5.0 - np.linalg.norm(x, axis=1) / 100.0
    residual = np.linalg.cholesky(prior) @ rng.standard_normal(len(x))
    return prior, median, residual


def predicted(rng):
    """Error of the field in sigmas, and what is predicted of the values, elsewhere."""
    prior, median, residual = made_field(rng)
    value = median + residual + rng.normal(0.0, NUGGET, len(median))
    low, high = classes(value)
    sites = interval_sites(
        prior[:SEEN, :SEEN],
        low=(low - median)[:SEEN],
        high=(high - median)[:SEEN],
        noise=np.full(SEEN, NUGGET),
    )
    mean, variance = field_given(
        made_ready(prior[:SEEN, :SEEN], sites),
        prior[:SEEN, SEEN:],
        np.diag(prior)[SEEN:],
    )
    found = Prediction(
        low=low[SEEN:],
        high=high[SEEN:],
        raw=median[SEEN:],
        mean=median[SEEN:] + mean,
        sigma=np.sqrt(variance + NUGGET**2),
        field_sigma=np.sqrt(variance),
    )
    return (residual[SEEN:] - mean) / np.sqrt(variance), found


def joined(parts):
    return Prediction(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in Prediction.__slots__
        }
    )


@pytest.fixture(scope="module")
def many():
    rng = np.random.default_rng(2008)
    errors, found = zip(*(predicted(rng) for _ in range(FIELDS)), strict=True)
    return np.concatenate(errors), joined(found)


def of_all(found):
    return score(found, np.ones(len(found.mean), dtype=bool))


def test_the_interval_covers_a_known_field_seen_in_classes_only(many):
    errors, _ = many
    assert 0.88 < (np.abs(errors) < Z_90).mean() < 0.92
    assert errors.mean() == pytest.approx(0.0, abs=0.06)


def test_a_right_spread_covers_90_percent_and_overlaps_as_expected(many):
    found = of_all(many[1])
    assert 0.88 < found.coverage < 0.92
    assert found.overlap == pytest.approx(found.overlap_expected, abs=0.01)
    assert found.overlap > 0.95  # wide classes: no sign of too wide a spread


@pytest.mark.parametrize(("factor", "least", "most"), [(1.5, 0.94, 1.0), (0.6, 0, 0.8)])
def test_coverage_tells_a_spread_that_is_too_wide_or_too_narrow(
    many, factor, least, most
):
    wrong = replace(many[1], sigma=factor * many[1].sigma)
    assert least < of_all(wrong).coverage < most


def test_of_an_exact_value_coverage_is_whether_it_lies_inside():
    at = np.array([0.0, 1.6, 1.7, -40.0])
    found = Prediction(
        low=at,
        high=at + 1e-6,
        raw=np.zeros(4),
        mean=np.zeros(4),
        sigma=np.ones(4),
        field_sigma=np.ones(4),
    )
    assert of_all(found).coverage == pytest.approx(0.5, abs=1e-6)
