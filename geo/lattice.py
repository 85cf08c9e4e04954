"""A lattice around an epicentre, on which a field is drawn and read between the nodes.

Nodes lie on whole multiples of the step, so that two runs agree; those far from any
city (in Japan: the open sea) are left out, and they are numbered outwards, so that the
draws at the middle do not depend on how far the lattice reaches.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.crs import ecef_from_geographic
from geo.observed import cities

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

STEP_KM = 10.0  # DEFINITIONS, section 10
MOST_NODES = 5_000  # DEFINITIONS, section 10
COARSER = 1.25  # factor of the step while there are too many nodes
INHABITED_KM = 40.0  # a node further from every city serves no asset
KM_A_DEGREE = 111.195  # on a sphere of 6,371 km
_CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """N nodes.

    Attributes:
        longitude: Degrees, shape (N,); as is `latitude`.
        step: Degrees of longitude and of latitude between neighbours.
        first: Column and row of `node[0, 0]`, in steps from 0 E 0 N.
        node: Number of the node at each row and column, -1 where there is none.
    """

    longitude: Array
    latitude: Array
    step: tuple[float, float]
    first: tuple[int, int]
    node: Indices

    def __len__(self) -> int:
        """N."""
        return len(self.longitude)


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Where M places lie between nodes.

    Attributes:
        node: Four nodes each, shape (M, 4).
        weight: Bilinear weights, shape (M, 4); they sum to 1, or are all 0 where a
            place lies outside the lattice.
    """

    node: Indices
    weight: Array

    def read(self, values: Array) -> Array:
        """Values at the nodes, shape (N,), read at the places, shape (M,)."""
        return np.asarray((values[self.node] * self.weight).sum(axis=1))


def lattice_around(longitude: float, latitude: float, *, reach_km: float) -> Lattice:
    """The finest lattice within reach that has at most 5,000 nodes."""
    step_km = STEP_KM
    while len(lattice := _lattice(longitude, latitude, reach_km, step_km)) > MOST_NODES:
        step_km *= COARSER
    return lattice


def _lattice(
    longitude: float, latitude: float, reach_km: float, step_km: float
) -> Lattice:
    step_y = step_km / KM_A_DEGREE
    step_x = step_y / np.cos(np.radians(latitude))
    half = int(reach_km / step_km) + 1
    column, row = round(longitude / step_x), round(latitude / step_y)
    around = np.arange(-half, half + 1)
    x, y = np.meshgrid((column + around) * step_x, (row + around) * step_y)
    squared = ((x - longitude) * step_y / step_x) ** 2 + (y - latitude) ** 2
    near = squared * KM_A_DEGREE**2 <= (half * step_km) ** 2
    kept = np.flatnonzero(near)
    kept = kept[_inhabited(x.flat[kept], y.flat[kept])]
    order = kept[np.lexsort((kept, squared.flat[kept]))]
    node = np.full(x.shape, -1, dtype=np.int64)
    node.flat[order] = np.arange(len(order))
    return Lattice(
        longitude=x.flat[order],
        latitude=y.flat[order],
        step=(float(step_x), float(step_y)),
        first=(column - half, row - half),
        node=node,
    )


def _inhabited(longitude: Array, latitude: Array) -> NDArray[np.bool_]:
    """Whether a city is near; True for all where none is (outside Japan)."""
    places = np.array(sorted(cities().values()))
    away = cKDTree(_ecef_km(*places.T)).query(_ecef_km(longitude, latitude))[0]
    near = away <= INHABITED_KM
    return near if near.any() else np.ones(len(longitude), dtype=bool)


def _ecef_km(longitude: Array, latitude: Array) -> Array:
    ground = np.column_stack([longitude, latitude, np.zeros(len(longitude))])
    return ecef_from_geographic(ground) / 1000.0


def between(lattice: Lattice, longitude: Array, latitude: Array) -> Between:
    """The four nodes around each place, with bilinear weights.

    A corner that is no node (open sea) gives its weight to the others.
    """
    x = longitude / lattice.step[0] - lattice.first[0]
    y = latitude / lattice.step[1] - lattice.first[1]
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    part_x, part_y = x - column, y - row
    rows, columns = lattice.node.shape
    nodes, weights = [], []
    for down, across in _CORNERS:
        r, c = row + down, column + across
        inside = (r >= 0) & (r < rows) & (c >= 0) & (c < columns)
        node = np.where(
            inside, lattice.node[r.clip(0, rows - 1), c.clip(0, columns - 1)], -1
        )
        weight = np.abs(1 - down - part_y) * np.abs(1 - across - part_x)
        nodes.append(np.maximum(node, 0))
        weights.append(np.where(node >= 0, weight, 0.0))
    weight = np.column_stack(weights)
    total = weight.sum(axis=1, keepdims=True)
    weight = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0.0)
    return Between(node=np.column_stack(nodes), weight=weight)
