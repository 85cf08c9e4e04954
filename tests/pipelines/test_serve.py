import json
import runpy
import shutil
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from data.errors import ResourceError, UsageError
from pipelines.publish import write_edition
from pipelines.serve import make_server

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with one real operation and one drill."""
    place = tmp_path_factory.mktemp("store")
    assets, beliefs = CASES["random_map"](10)
    for drill in (True, False):
        operation = "drill-1" if drill else "20261124"
        about = CASES["info"](drill=drill, operation=operation)
        root = place / ("drill" if drill else "real") / operation
        write_edition(root, about, assets=assets, beliefs=beliefs)
        (root / "ledger.sqlite").write_bytes(b"secret")
    return place


@contextmanager
def running(place):
    server = make_server(place, port=0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def address(store):
    with running(store) as found:
        yield found


def get(url, **headers):
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 loopback
    try:
        with urllib.request.urlopen(request) as reply:  # noqa: S310 loopback
            return reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_real_operations_come_before_drills(address):
    listed = json.loads(get(f"{address}/operations.json")[2])
    assert [(one["operation"], one["drill"]) for one in listed] == [
        ("20261124", False),
        ("drill-1", True),
    ]
    latest = json.loads(get(f"{address}/latest.json")[2])
    assert latest["operation"] == "20261124"
    pointer = json.loads(get(f"{address}/{listed[1]['path']}latest.json")[2])
    assert pointer["operation"] == "drill-1"


def test_latest_is_asked_again_and_answered_with_an_etag(address):
    status, headers, body = get(f"{address}/latest/map.geojson")
    assert (status, headers["Cache-Control"]) == (200, "no-cache")
    assert headers["Content-Type"] == "application/geo+json"
    assert len(json.loads(body)["features"]) == 10
    again = get(f"{address}/latest/map.geojson", **{"If-None-Match": headers["ETag"]})
    assert (again[0], again[2]) == (304, b"")


def test_an_edition_is_kept_forever(address):
    _, headers, _ = get(f"{address}/o/drill/drill-1/editions/000000/tilejson.json")
    assert "immutable" in headers["Cache-Control"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/app.mjs", "text/javascript"),
        ("/vendor/maplibre-gl/maplibre-gl-worker.mjs", "text/javascript"),
        ("/page.css", "text/css"),
        ("/base/land.geojson", "application/geo+json"),
        ("/latest/style.json", "application/json"),
    ],
)
def test_files_have_their_types(address, path, kind):
    status, headers, _ = get(address + path)
    assert status == 200
    assert headers["Content-Type"].startswith(kind)
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_policy_names_no_outside_host(address):
    policy = get(address + "/")[1]["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "unsafe-eval" not in policy


@pytest.mark.parametrize(
    "path",
    [
        "/latest/tiles/assets/14/0/0.geojson",
        "/../pyproject.toml",
        "/..%2f..%2fpyproject.toml",
        "/latest/../../ledger.sqlite",
        "/latest/%2e%2e/%2e%2e/ledger.sqlite",
        "/o/drill/drill-1/ledger.sqlite",
        "/o/drill/drill-1/editions/../ledger.sqlite",
        "/o/drill/other/latest.json",
        "/o/drill/drill-1/editions/.lock",
        "/latest//etc/passwd",
        "//etc/passwd",
        "/latest/%00",
        "/__init__.py",
        "/serve.py",
        "/o",
    ],
)
def test_what_is_not_there_or_not_public_is_404_in_json(address, path):
    status, headers, body = get(address + path)
    assert (status, headers["Content-Type"]) == (404, "application/json")
    assert json.loads(body)["error"] == "not found"


def test_a_link_out_of_the_edition_is_not_followed(store, tmp_path):
    place = shutil.copytree(store / "drill" / "drill-1", tmp_path / "drill-1")
    (place / "editions" / "000000" / "out.txt").symlink_to(place / "ledger.sqlite")
    with running(place) as address:
        assert get(f"{address}/latest/out.txt")[0] == 404
        assert get(f"{address}/latest/map.geojson")[0] == 200


def test_the_folder_of_an_edition_can_be_served(store):
    with running(store / "drill" / "drill-1" / "editions" / "000000") as address:
        assert json.loads(get(f"{address}/operations.json")[2])[0]["drill"] is True


def test_a_new_edition_is_seen_at_once(store, tmp_path):
    place = shutil.copytree(store / "drill" / "drill-1", tmp_path / "drill-1")
    assets, beliefs = CASES["random_map"](11)
    with running(place) as address:
        before = get(f"{address}/latest/map.geojson")
        about = CASES["info"](1, operation="drill-1")
        write_edition(place, about, assets=assets, beliefs=beliefs)
        tag = {"If-None-Match": before[1]["ETag"]}
        status, _, body = get(f"{address}/latest/map.geojson", **tag)
    assert (status, len(json.loads(body)["features"])) == (200, 11)


def test_other_machines_are_kept_out_unless_asked(store):
    for host in ("0.0.0.0", "192.0.2.1", "example.org"):  # noqa: S104 refused
        with pytest.raises(UsageError, match="anyone on the network"):
            make_server(store, host, port=0)
    make_server(store, "0.0.0.0", port=0, beyond_loopback=True).server_close()  # noqa: S104


def test_a_port_in_use_is_named(store):
    with make_server(store, port=0) as server:
        port = server.server_port
        with pytest.raises(ResourceError, match=f"port {port}: .*--port"):
            make_server(store, port=port)


def test_a_store_without_an_edition_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no edition here"):
        make_server(tmp_path, port=0)
