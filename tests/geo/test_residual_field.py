"""The lattice and the draws on it: laws, and the draws against the analytic field."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.lattice import MOST_NODES, between, lattice_around
from geo.residual_field import DRAWS, residual_at, residual_field
from geo.residuals import CORRELATION_KM, covariance, places

NOTHING = np.zeros(0)
SMALL = lattice_around(140.88, 39.03, reach_km=60.0)


def prior(longitude, latitude):
    n = len(longitude)
    return places(longitude, latitude, sigma=np.full(n, 0.6), shared=np.full(n, 0.3))


def field(seed=1, *, observed=None, value=NOTHING, variance=NOTHING, lattice=SMALL):
    return residual_field(
        lattice,
        prior,
        observed=observed,
        value=value,
        variance=variance,
        rng=np.random.default_rng(seed),
    )


@pytest.mark.parametrize(
    ("reach_km", "least"), [(60.0, 80), (400.0, 1500), (1500.0, 2500)]
)
def test_a_lattice_has_at_most_5000_nodes_numbered_outwards(reach_km, least):
    lattice = lattice_around(140.88, 39.03, reach_km=reach_km)
    assert least < len(lattice) <= MOST_NODES
    north = (lattice.latitude - 39.03) ** 2
    east = ((lattice.longitude - 140.88) * lattice.step[1] / lattice.step[0]) ** 2
    assert (np.diff(north + east) > -1e-12).all()


def test_outside_japan_no_node_is_left_out():
    assert len(lattice_around(20.0, 40.0, reach_km=100.0)) == pytest.approx(380, abs=30)


@given(st.floats(140.5, 141.2), st.floats(38.7, 39.4))
@settings(deadline=None)
def test_between_nodes_a_plane_is_read_exactly(longitude, latitude):
    where = between(SMALL, np.array([longitude]), np.array([latitude]))
    assert where.weight.sum() == pytest.approx(1.0)
    for values, expected in ((SMALL.longitude, longitude), (SMALL.latitude, latitude)):
        assert where.read(values)[0] == pytest.approx(expected, abs=1e-9)


def test_far_from_the_lattice_nothing_is_changed():
    here = residual_at(field(), np.array([130.0]), np.array([33.0]))
    assert here.mean[0] == 0.0
    assert here.variance[0] == 1.0
    assert not here.draws(np.array([0])).any()


def test_without_observations_the_field_is_the_prior():
    found = field()
    assert (found.mean == 0.0).all()
    assert found.variance == pytest.approx(1.0)


def test_correlation_falls_to_one_over_e_at_its_length():
    two = prior(np.array([140.88, 140.88]), np.array([39.0, 39.0 + 30.0 / 111.02]))
    within = covariance(two, two)[0, 1] - 0.3**2
    assert within == pytest.approx((0.6**2 - 0.3**2) * np.exp(-1.0), rel=1e-3)
    assert CORRELATION_KM == 30.0


def observed_field(seed=1):
    where = prior(np.array([140.88, 141.2]), np.array([39.03, 39.2]))
    seen = {"value": np.array([0.5, -0.4]), "variance": np.array([0.05, 0.1])}
    return where, seen, field(seed, observed=where, **seen)


def test_mean_and_variance_at_the_nodes_are_those_of_a_dense_solve():
    where, seen, found = observed_field()
    nodes = prior(SMALL.longitude, SMALL.latitude)
    gain = covariance(nodes, where) @ np.linalg.inv(
        covariance(where, where) + np.diag(seen["variance"])
    )
    mean = gain @ seen["value"]
    left = nodes.sigma**2 - np.einsum("ij,ij->i", gain, covariance(nodes, where))
    assert found.mean == pytest.approx(mean / nodes.sigma, abs=1e-9)
    assert found.variance == pytest.approx(left / nodes.sigma**2, abs=1e-9)


def test_draws_agree_with_the_analytic_field():
    """200 draws a node and seed: mean 0, sd within sampling error over 20 seeds."""
    spreads = [observed_field(seed)[2] for seed in range(20)]
    draws = np.concatenate([one.draws for one in spreads], axis=1)
    assert draws.mean(axis=1) == pytest.approx(0.0, abs=1e-6)
    assert draws.var(axis=1) == pytest.approx(
        spreads[0].variance * (1.0 - 1.0 / DRAWS), rel=0.12
    )
    near = np.corrcoef(draws[0], draws[1])[0, 1]
    far = np.corrcoef(draws[0], draws[-1])[0, 1]
    assert near > far


def test_the_same_seed_draws_the_same_bytes_and_another_does_not():
    assert field(3).draws.tobytes() == field(3).draws.tobytes()
    assert field(3).draws.tobytes() != field(4).draws.tobytes()


def test_draws_at_the_middle_do_not_depend_on_the_reach():
    wide = lattice_around(140.88, 39.03, reach_km=120.0)
    near = field(5).draws[:20]
    assert field(5, lattice=wide).draws[:20] == pytest.approx(near, abs=1e-5)


def test_draws_are_read_at_places_as_the_nodes_have_them():
    found = field(6)
    here = residual_at(found, SMALL.longitude[:3], SMALL.latitude[:3])
    assert here.draws(np.array([2, 0])) == pytest.approx(found.draws[[2, 0]], abs=1e-4)
