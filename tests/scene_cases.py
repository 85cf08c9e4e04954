"""Made frames, assets, pictures and stores that the tests of the pipeline share.

All of it stands near Tsukuba on flat ground; nothing is drawn by chance.
"""

import hashlib
import json
import runpy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import shapely

from data.assets import Asset, AssetKind
from data.imagery import (
    Camera,
    CameraPose,
    Frame,
    HeightSource,
    TimeSource,
    VerticalDatum,
)
from data.record import to_json
from data.store import find_operation
from geo.crs import Anchor, geographic_from_enu
from pipelines.assess import Running, assess
from pipelines.config import Config, IntakeOptions
from pipelines.event import open_messages
from pipelines.holdings import import_inventory
from pipelines.ingest import picture_path
from pipelines.reading import write_atomically

TINY = runpy.run_path(str(Path(__file__).parent / "vision" / "conftest.py"))
HOME = Anchor(longitude=140.087, latitude=36.104, height_m=0.0)
ORIGIN = datetime(2026, 11, 5, 0, 10, tzinfo=UTC)
CAPTURED = ORIGIN + timedelta(hours=2)
CAMERA = Camera(
    width_px=400,
    height_px=300,
    focal_x_px=1000.0,
    focal_y_px=1000.0,
    center_x_px=200.0,
    center_y_px=150.0,
    source="calibrated",
)
"""At 20 m it sees 8 m by 6 m, two centimetres a pixel."""
EVENT = """schema = 1
id = "made"
title = "made for a test"
serial = 1
origin_at = 2026-11-05T09:10:00+09:00
reported_at = 2026-11-05T09:14:00+09:00
[hypocentre]
longitude = 140.1
latitude = 36.2
depth_km = 10.0
magnitude_mj = 7.0
region = "茨城県南部"
"""
OPERATION = "drill-made"
BLACK = np.zeros((300, 400, 3), np.uint8)


def place(east_m=0.0, north_m=0.0):
    """Longitude and latitude of a place, metres from home."""
    point = geographic_from_enu(np.array([[east_m, north_m, 0.0]]), HOME)[0]
    return float(point[0]), float(point[1])


def pose(east_m=0.0, north_m=0.0, height_m=20.0, **values):
    """A camera that looks straight down, ellipsoidal height; values replace."""
    longitude, latitude = place(east_m, north_m)
    own = {
        "longitude": longitude,
        "latitude": latitude,
        "height_m": float(height_m),
        "vertical_datum": VerticalDatum.ELLIPSOIDAL,
        "yaw_deg": 0.0,
        "pitch_deg": -90.0,
        "roll_deg": 0.0,
        "sigma_h_m": 0.1,
        "sigma_v_m": 0.1,
        "sigma_yaw_deg": 0.1,
        "sigma_tilt_deg": 0.1,
        "height_source": HeightSource.RTK,
    }
    return CameraPose(**(own | values))


def frame(name="a", **values):
    """A frame whose picture is named, and not there."""
    own = {
        "id": hashlib.sha256(name.encode()).hexdigest(),
        "file": f"{name}.JPG",
        "camera": CAMERA,
        "pose": pose(),
        "unlocated": None,
        "relative_altitude_m": 20.0,
        "captured_at": CAPTURED,
        "time_sigma_s": 1.0,
        "time_source": TimeSource.GPS,
        "make": "DJI",
        "model": "made",
        "serial": "1",
        "turned_deg": 0,
        "repairs": (),
        "blur": 0.1,
        "exposure": 0.5,
        "unusable": None,
    }
    return Frame(**(own | values))


def asset(kind=AssetKind.BRIDGE, half_m=15.0, east_m=0.0, north_m=0.0, **values):
    """An asset along east and west, or a point for a tower; values replace."""
    ends = place(east_m - half_m, north_m), place(east_m + half_m, north_m)
    longitude, latitude = place(east_m, north_m)
    shape = shapely.LineString(ends)
    if kind is AssetKind.TOWER:
        shape = shapely.Point(longitude, latitude)
    own = {
        "id": "B1",
        "kind": kind,
        "geometry": shapely.to_wkb(shape),
        "longitude": longitude,
        "latitude": latitude,
        "position_sigma_m": 0.1,
        "length_m": None,
        "height_m": None,
        "importance": 3.0,
    }
    return Asset(**(own | values))


def row(one, **values):
    """An asset as a row of the table ASSETS, its revision a hash of what it says."""
    own = {
        "id": one.id,
        "kind": one.kind.value,
        "geometry": one.geometry,
        "longitude": one.longitude,
        "latitude": one.latitude,
        "morton": 0,
        "position_sigma_m": one.position_sigma_m,
        "length_m": one.length_m,
        "height_m": one.height_m,
        "importance": one.importance,
        "parent_id": one.parent_id,
        "revision": hashlib.sha256(to_json(replace(one, geometry=b""))).hexdigest(),
    }
    return own | values


def painted(*patches):
    """A black picture with patches (left, top, right, bottom, colour)."""
    picture = BLACK.copy()
    for left, top, right, bottom, colour in patches:
        picture[top:bottom, left:right] = colour
    return picture


def tiff(rgb):
    """The bytes of a picture that loses nothing."""
    return bytes(cv2.imencode(".tif", rgb[:, :, ::-1])[1])


def install_weights(folder, **card):
    """Weights for which red is crack and green is spall, with card and allow-list."""
    folder.mkdir(parents=True, exist_ok=True)
    encoded = TINY["pixelwise_graph"]()
    sha256 = hashlib.sha256(encoded).hexdigest()
    (folder / f"{sha256[:16]}.onnx").write_bytes(encoded)
    text = json.dumps(TINY["card_of"](encoded, **card))
    (folder / f"{sha256[:16]}.json").write_text(text)
    (folder / "allow.txt").write_text(f"{sha256}  tiny\n")
    return folder


def inventory(path, *assets):
    """An owner's GeoJSON of bridges and towers."""
    features = [
        {
            "type": "Feature",
            "properties": {
                "id": one.id,
                "kind": one.kind.value,
                "name": one.id,
                "parent_id": one.parent_id,
            },
            "geometry": json.loads(shapely.to_geojson(shapely.from_wkb(one.geometry))),
        }
        for one in assets
    ]
    whole = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(whole))
    return path


def opened(tmp_path, *assets):
    """A store with one drill and an inventory; returns its path."""
    store, event = tmp_path / "store", tmp_path / "event.toml"
    event.write_text(EVENT, "utf-8")
    open_messages(store, [event], real=False, actor=None)
    file = inventory(tmp_path / "owner.geojson", *(assets or (asset(),)))
    import_inventory(store, file, kind=None, mapping=None)
    return store


def use_weights(monkeypatch, folder):
    """Let the pipeline read pictures with weights of a test."""
    for name in ("believing", "assess"):
        monkeypatch.setattr(f"pipelines.{name}.WEIGHTS", folder)


def looked_at(store, config=None):
    """Look at all that is new in a store, in this process, and publish nothing."""
    running = Running(now=CAPTURED, workers=1, publishing=False)
    return assess(store, OPERATION, [], IntakeOptions(), config or Config(), running)


def take_in(store, rgb, **values):
    """Put a picture into a store as `ingest` would, with a pose as given."""
    folder, content = find_operation(store, OPERATION), tiff(rgb)
    one = frame(id=hashlib.sha256(content).hexdigest(), **values)
    statement = json.dumps({"terrain_sha256": None, "settings": {}}).encode()
    write_atomically(picture_path(folder, one.id), content)
    with folder.open_ledger() as ledger:
        entries = [("frame", one.id, to_json(one)), ("batch", one.id, statement)]
        ledger.replace(entries, note={"did": "test"})
    return one
