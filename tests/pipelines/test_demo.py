"""The loop as a user runs it: the demo holds, runs once, and gives the same bytes."""

import json
import random
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import geopandas
import pyarrow.parquet as pq
import pytest
from geojson_validator import validate_structure

from data.places import SAMPLES

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]

SAMPLE = SAMPLES / "noto_drill"
OPERATION = "drill-20261105091000"
KILLED_AFTER_S = [round(random.Random(7).uniform(0.5, 9.0), 2) for _ in range(10)]  # noqa: S311
"""Ten seeded moments at which `assess` is killed."""


def content_of(edition: Path) -> dict[str, bytes]:
    """Every file of an edition but publication.json, by name."""
    return {
        path.relative_to(edition).as_posix(): path.read_bytes()
        for path in sorted(edition.rglob("*"))
        if path.is_file() and path.name != "publication.json"
    }


def test_the_demo_holds_without_a_network(demo) -> None:
    assert demo.code == 0, demo.errors
    assert demo.said["holds"]
    assert demo.said["surprises"] == []


def test_a_second_run_does_nothing_and_says_so(demo, karte, demo_copy: Path) -> None:
    again = karte("demo", "--out", demo_copy)
    assert again.returncode == 0, again.stderr
    assert "nothing new to look at" in again.stdout
    assert "nothing changed: it stands" in again.stdout
    first = content_of(demo.edition)
    assert content_of(demo_copy / "drill" / OPERATION / "editions/000001") == first
    assert not (demo_copy / "drill" / OPERATION / "editions/000002").exists()


def test_an_asset_without_a_picture_is_na_and_never_d0(demo) -> None:
    rows = pq.read_table(demo.edition / "map.parquet").to_pylist()
    unseen = [row for row in rows if row["looks"] == 0 and row["kind"] != "link"]
    assert {"NOTO-BR-02", "NOTO-SS-01"} <= {row["id"] for row in unseen}
    assert {row["grade"] for row in unseen} == {"NA"}
    assert all(row["na_reason"] for row in unseen)
    assert all(row["expected"].startswith("E") for row in unseen)


def test_every_file_is_read_by_other_programs(demo) -> None:
    whole = json.loads((demo.edition / "map.geojson").read_text("utf-8"))
    assert validate_structure(whole) in ({}, [], {"invalid": {}, "problematic": {}})
    count = len(whole["features"])
    for name in ("map.geojson", "map.fgb"):
        assert len(geopandas.read_file(demo.edition / name)) == count
    assert len(geopandas.read_parquet(demo.edition / "map.parquet")) == count


def test_home_features_at_z14_are_the_whole_map_once(demo) -> None:
    whole = json.loads((demo.edition / "map.geojson").read_text("utf-8"))
    expected = sorted(
        feature["id"]
        for feature in whole["features"]
        if feature["properties"]["kind"] != "link"
    )
    home = []
    for path in (demo.edition / "tiles/assets/14").rglob("*.geojson"):
        tile = "/".join(path.with_suffix("").parts[-3:])
        features = json.loads(path.read_text("utf-8"))["features"]
        home += [f["id"] for f in features if f["properties"]["home"] == tile]
    assert sorted(home) == expected


def prepared(karte, store: Path) -> None:
    for words in (
        ("event", "open", "--store", store, SAMPLE / "telegram.xml"),
        ("inventory", "import", "--store", store, SAMPLE / "inventory.geojson"),
        ("plan", "--store", store, OPERATION),
    ):
        assert karte(*words).returncode == 0


def shuffled_zip(path: Path) -> Path:
    files = sorted(p for p in (SAMPLE / "batch").rglob("*") if p.is_file())
    random.Random(7).shuffle(files)  # noqa: S311 an order, not a secret
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            archive.write(file, file.relative_to(SAMPLE / "batch").as_posix())
    return path


def test_one_worker_a_shuffled_zip_and_ten_kills_give_the_same_bytes(
    demo, karte, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "karte.toml").write_text("publish_every_s = 3600.0\n")  # only at the end
    prepared(karte, store)
    batch = shuffled_zip(tmp_path / "card.zip")
    words = ["assess", OPERATION, batch, "--store", store, "--workers", 1]
    command = [Path(sys.executable).with_name("karte"), *map(str, words)]
    killed = 0
    for after_s in KILLED_AFTER_S:
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(after_s)
        killed += run.poll() is None
        run.send_signal(signal.SIGKILL)
        run.communicate()
    last = karte(*words)
    assert killed == len(KILLED_AFTER_S)
    assert last.returncode == 3, last.stderr  # the planted files are refused
    found = content_of(store / "drill" / OPERATION / "editions/000001")
    expected = content_of(demo.edition)
    assert sorted(found) == sorted(expected)
    assert [name for name in expected if found[name] != expected[name]] == []


def test_verify_finds_one_changed_byte(demo, karte, demo_copy: Path) -> None:
    assert karte("verify", demo.store).returncode == 0
    path = demo_copy / "drill" / OPERATION / "editions/000001/map.geojson"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    found = karte("verify", demo_copy)
    assert found.returncode == 4
    assert "map.geojson" in found.stdout


def test_a_person_has_the_last_word_and_d0_needs_two(karte, demo_copy: Path) -> None:
    def decide(*words: str) -> None:
        run = karte("review", OPERATION, "--store", demo_copy, *words)
        assert run.returncode == 0, run.stderr

    at = ("--at", "2026-11-05T18:00:00+09:00", "--reason", "went there")
    decide("--correct", "NOTO-L1-T1", "--grade", "D0", "--actor", "A", *at)
    decide("--correct", "NOTO-SS-01", "--grade", "D2", "--actor", "A", *at)
    assert karte("publish", OPERATION, "--store", demo_copy).returncode == 0
    rows = published(demo_copy, 2)
    assert rows["NOTO-L1-T1"]["review"] == "waiting"
    assert rows["NOTO-L1-T1"]["basis"] != "confirmed"
    assert rows["NOTO-SS-01"]["grade"] == "D2"
    assert rows["NOTO-SS-01"]["basis"] == "confirmed"
    assert rows["NOTO-SS-01"]["p_d4"] is not None
    decide("--correct", "NOTO-L1-T1", "--grade", "D0", "--actor", "B", *at)
    assert karte("publish", OPERATION, "--store", demo_copy).returncode == 0
    assert published(demo_copy, 3)["NOTO-L1-T1"]["basis"] == "confirmed"


def published(store: Path, number: int) -> dict[str, dict]:
    edition = store / "drill" / OPERATION / f"editions/{number:06d}"
    rows = pq.read_table(edition / "map.parquet").to_pylist()
    return {row["id"]: row for row in rows}


def test_explain_goes_from_hypocentre_to_grade(demo, karte) -> None:
    run = karte(
        "explain", "NOTO-BR-01", "--operation", OPERATION, "--store", demo.store
    )
    assert run.returncode == 0, run.stderr
    for words in ("Mj 7.2", "Hazus", "looks:", "grade", "likelihood"):
        assert words in run.stdout


def test_now_fits_on_one_screen(demo, karte) -> None:
    run = karte("now", "--store", demo.store)
    assert run.returncode == 0
    assert "DRILL" in run.stdout
    assert len(run.stdout.splitlines()) <= 24
