"""Cameras, poses and made terrains that the tests of places share."""

import numpy as np
import pytest
from affine import Affine

from data.imagery import Camera, CameraPose, HeightSource, VerticalDatum
from geo.crs import Anchor, crs_from_geographic, geographic_from_enu
from geo.terrain import terrain_from_grid

LONGITUDE, LATITUDE = 140.087, 36.104  # Tsukuba
PLANE_EPSG = 6677  # JGD2011 plane rectangular IX


@pytest.fixture(scope="session")
def home():
    """The origin of the made scenes, ellipsoidal height 0."""
    return Anchor(longitude=LONGITUDE, latitude=LATITUDE, height_m=0.0)


@pytest.fixture(scope="session")
def make_camera():
    """A 4:3 drone camera; named values replace its own."""

    def make(**values):
        own = {
            "width_px": 4000,
            "height_px": 3000,
            "focal_x_px": 2824.0,
            "focal_y_px": 2824.0,
            "center_x_px": 2000.0,
            "center_y_px": 1500.0,
            "source": "calibrated",
        }
        return Camera(**(own | values))

    return make


@pytest.fixture(scope="session")
def make_pose(home):
    """A pose east and north of home, at an ellipsoidal height; values replace."""

    def make(east=0.0, north=0.0, height=100.0, **values):
        place = geographic_from_enu(np.array([[east, north, 0.0]]), home)[0]
        own = {
            "longitude": float(place[0]),
            "latitude": float(place[1]),
            "height_m": float(height),
            "vertical_datum": VerticalDatum.ELLIPSOIDAL,
            "yaw_deg": 0.0,
            "pitch_deg": -90.0,
            "roll_deg": 0.0,
            "sigma_h_m": 1.5,
            "sigma_v_m": 1.5,
            "sigma_yaw_deg": 2.5,
            "sigma_tilt_deg": 2.0,
            "height_source": HeightSource.ABSOLUTE,
        }
        return CameraPose(**(own | values))

    return make


@pytest.fixture(scope="session")
def make_terrain(home):
    """A terrain in plane rectangular IX from a function of metres east and north."""

    def make(height_of, *, side_m=400.0, cell_m=2.0, **values):
        x, y = crs_from_geographic([home.longitude], [home.latitude], PLANE_EPSG)
        count = int(side_m / cell_m)
        corner_x, corner_y = float(x[0]) - side_m / 2, float(y[0]) + side_m / 2
        middles = (np.arange(count) + 0.5) * cell_m
        east, north = np.meshgrid(middles - side_m / 2, side_m / 2 - middles)
        heights = np.broadcast_to(height_of(east, north), east.shape)
        return terrain_from_grid(
            heights.astype(np.float32),
            Affine(cell_m, 0.0, corner_x, 0.0, -cell_m, corner_y),
            PLANE_EPSG,
            VerticalDatum.ELLIPSOIDAL,
            **values,
        )

    return make
