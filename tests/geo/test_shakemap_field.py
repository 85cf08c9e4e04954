"""A ShakeMap is used as it is; the model fills what it lacks."""

import numpy as np
import pytest

from data.feeds.shakemap import read_shakemap
from data.operation import Hypocentre
from geo.shakemap_field import SIGMA_LN, MapField, map_shaking
from geo.shaking import Measure, intensity_from_pgv, shaking_at

SOURCE = Hypocentre(
    longitude=140.5,
    latitude=39.5,
    depth_km=10.0,
    magnitude_mj=7.0,
    magnitude_at_least=None,
    region="岩手県内陸南部",
)
LONGITUDE, LATITUDE = np.array([140.25, 140.5, 145.0]), np.array([39.5, 39.75, 39.5])


def made(**values):
    rows = {name: np.full((3, 3), value) for name, value in values.items()}
    return MapField(
        longitudes=np.array([140.0, 140.5, 141.0]),
        latitudes=np.array([39.0, 39.5, 40.0]),
        values=rows,
        sigma_ln=None,
        sha256="0" * 64,
    )


def model():
    return shaking_at(SOURCE, LONGITUDE, LATITUDE, measures=tuple(Measure))


def test_values_on_the_map_are_the_maps_and_off_it_the_models():
    raw = model()
    found = map_shaking(made(pga=100.0, pgv=20.0, sa10=0.1), raw, LONGITUDE, LATITUDE)
    assert list(found.median[Measure.PGA][:2]) == [100.0, 100.0]
    assert list(found.median[Measure.SA10][:2]) == [0.1, 0.1]
    for measure in Measure:
        assert found.median[measure][2] == pytest.approx(raw.median[measure][2])
        assert found.sigma[measure][2] == pytest.approx(raw.sigma[measure][2])


def test_intensity_follows_from_the_vector_sum_of_pgv():
    found = map_shaking(made(pgv=20.0), model(), LONGITUDE, LATITUDE)
    expected = intensity_from_pgv(np.array([24.0]))[0]
    assert found.median[Measure.INTENSITY][0] == pytest.approx(expected)


def test_a_missing_measure_is_the_models_scaled_as_the_map_differs():
    raw = model()
    found = map_shaking(made(pga=100.0), raw, LONGITUDE, LATITUDE)
    scale = 100.0 / raw.median[Measure.PGA][:2]
    assert found.median[Measure.SA10][:2] == pytest.approx(
        raw.median[Measure.SA10][:2] * scale
    )


def test_without_a_sigma_half_is_assumed_and_said():
    found = map_shaking(made(pga=100.0, pgv=20.0), model(), LONGITUDE, LATITUDE)
    assert list(found.sigma[Measure.PGA][:2]) == [SIGMA_LN] * 2
    assert any("0.5 (ln) assumed" in words for words in found.notes_en)


def test_a_gap_of_the_map_is_filled_by_the_model():
    field = made(pga=100.0)
    field.values["pga"][1, 0] = np.nan
    raw = model()
    found = map_shaking(field, raw, LONGITUDE, LATITUDE)
    assert found.median[Measure.PGA][0] == pytest.approx(raw.median[Measure.PGA][0])


def test_the_hawaiian_map_is_read_between_its_nodes(shared):
    path = shared / "data/events/shakemap/hawaii_m6.9_us1000dyad_grid.xml.gz"
    grid = read_shakemap(path.read_bytes(), name=path.name)
    field = MapField(
        longitudes=grid.longitudes,
        latitudes=grid.latitudes,
        values=grid.values,
        sigma_ln=grid.sigma_ln,
        sha256=grid.sha256,
    )
    x, y = grid.longitudes[10:12], grid.latitudes[20:22]
    raw = shaking_at(
        Hypocentre(
            longitude=grid.longitude,
            latitude=grid.latitude,
            depth_km=5.0,
            magnitude_mj=6.9,
            magnitude_at_least=None,
            region="Hawaii",
        ),
        np.array([x.mean()]),
        np.array([y.mean()]),
        measures=tuple(Measure),
    )
    found = map_shaking(field, raw, np.array([x.mean()]), np.array([y.mean()]))
    corners = grid.values["pga"][20:22, 10:12]
    assert found.median[Measure.PGA][0] == pytest.approx(corners.mean())
