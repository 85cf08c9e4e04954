"""Wrong arguments, wrong files, empty stores: a sentence and a code, no traceback."""

import json
from pathlib import Path

import pytest

from pipelines.cli import main

TOML = """schema = 1
id = "by-hand"
title = "by hand"
serial = 1
origin_at = 2026-11-05T09:10:00+09:00
reported_at = 2026-11-05T09:14:00+09:00
[hypocentre]
longitude = 136.9
latitude = 37.2
depth_km = 10.0
magnitude_mj = 7.2
region = "石川県能登地方"
"""


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    event = tmp_path / "event.toml"
    event.write_text(TOML, "utf-8")
    folder = tmp_path / "store"
    assert run(capsys, "event", "open", event, "--store", folder)[0] == 0
    return folder


def test_a_hand_made_event_opens_a_drill_unless_somebody_says_real(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (store / "drill/drill-by-hand/ledger.sqlite").is_file()
    event = tmp_path / "event.toml"
    code, _, said = run(capsys, "event", "open", event, "--real", "--store", store)
    assert code == 2
    assert "--actor" in said
    words = ("event", "open", event, "--real", "--actor", "N", "--store", store)
    assert run(capsys, *words)[0] == 0
    assert (store / "real/by-hand/ledger.sqlite").is_file()


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "nothing"),
        ("ingest", "nothing", "folder"),
        ("assess", "nothing"),
        ("explain", "B1", "--operation", "nothing"),
        ("review", "nothing"),
        ("now",),
        ("event", "show", "nothing"),
    ],
)
def test_an_unknown_operation_is_wrong_usage(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, said = run(capsys, *words, "--store", tmp_path / "store")
    assert code == 2
    assert out == ""
    assert "event" in said


def test_a_plan_without_an_inventory_says_what_to_do(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, said = run(capsys, "plan", "latest", "--store", store)
    assert code == 6
    assert "import an inventory" in said


def test_a_folder_of_no_pictures_is_nothing_usable(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "card").mkdir()
    (tmp_path / "card/IMG_1.JPG").write_text("no picture")
    words = ("ingest", "latest", tmp_path / "card", "--store", store, "--json")
    code, out, _ = run(capsys, *words)
    report = json.loads(out)
    assert code == 6
    assert [each["code"] for each in report["refused"]] == ["unknown_type"]
    kept = json.loads((store / "drill/drill-by-hand/report.json").read_text("utf-8"))
    assert kept == report


def test_terrain_without_a_datum_stops_before_the_first_frame(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "card").mkdir()
    words = ("ingest", "latest", tmp_path / "card", "--terrain", "dem.tif")
    code, _, said = run(capsys, *words, "--store", store)
    assert code == 2
    assert "--terrain-heights" in said


def test_errors_can_be_had_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "plan", "x", "--store", tmp_path, "--json")
    assert code == json.loads(out)["exit"] == 2


def test_wrong_words_are_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["plan"])
    assert stopped.value.code == 2
    assert "operation" in capsys.readouterr().err


def test_a_misspelt_setting_is_never_ignored(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (store / "karte.toml").write_text("coarsest_gsd = 0.1\n")
    code, _, said = run(capsys, "plan", "latest", "--store", store)
    assert code == 2
    assert "coarsest_gsd" in said


def test_doctor_says_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, "doctor", "--store", tmp_path / "store")
    assert "Python" in out
    assert "geoid at Tsukuba" in out
