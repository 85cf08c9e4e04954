"""Real pictures in: what can be used is used, the rest is named, and nothing is lost.

Real frames: shared/data/georef_brighton (Piero Toffanin, BSD-2).
"""

import json
import os
import runpy
import shutil
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from data.audit import broken_link
from data.imagery import Frame
from data.record import from_json
from data.store import find_operation
from pipelines.cli import main
from pipelines.ingest import picture_path

CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
OPERATION = CASES["OPERATION"]
ZONE = ("--time-zone", "America/Chicago")
HEIGHTS = ("--altitudes", "local")
GOOD, TURNED = "DJI_0030.JPG", "DJI_0025.JPG"


@pytest.fixture(scope="module")
def images(shared: Path) -> Path:
    return shared / "data" / "georef_brighton" / "images"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a hand-made drill and no pictures."""
    return CASES["opened"](tmp_path_factory.mktemp("empty"))


@pytest.fixture
def store(empty: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(empty, tmp_path / "store"))


@pytest.fixture
def card(images: Path, tmp_path: Path) -> Path:
    """A card with two good pictures."""
    folder = tmp_path / "card"
    folder.mkdir()
    for name in (GOOD, TURNED):
        shutil.copyfile(images / name, folder / name)
    return folder


def ingested(store: Path, path: Path, *words: str) -> tuple[int, dict]:
    """Exit code and report of `karte ingest`."""
    code = main(["ingest", OPERATION, str(path), "--store", str(store), *words])
    report = find_operation(store, OPERATION).path / "report.json"
    return code, json.loads(report.read_text("utf-8"))


def frames(store: Path) -> dict[str, Frame]:
    with find_operation(store, OPERATION).open_ledger() as ledger:
        every = [from_json(Frame, text) for text in ledger.all("frame").values()]
    return {Path(frame.file).name: frame for frame in every}


def links(store: Path) -> list[dict]:
    with find_operation(store, OPERATION).open_ledger() as ledger:
        chain = ledger.audit()
    assert broken_link(chain) is None
    return [json.loads(what) for _, what, _, _ in chain]


# --- ten real frames ------------------------------------------------------------------


@pytest.fixture(scope="module")
def brighton(empty: Path, images: Path, tmp_path_factory) -> tuple[Path, int, dict]:
    store = tmp_path_factory.mktemp("brighton") / "store"
    shutil.copytree(empty, store)
    code, report = ingested(store, images, *ZONE, *HEIGHTS)
    return store, code, report


def test_ten_real_frames_are_taken_in(brighton, images: Path) -> None:
    store, code, report = brighton
    assert code == 0
    assert (report["new"], report["known"], report["refused"]) == (10, 0, [])
    assert report["unlocated"] == {}
    assert report["without_time"] == []
    assert report["drill"]
    folder = find_operation(store, OPERATION)
    for name, frame in frames(store).items():
        assert (
            picture_path(folder, frame.id).read_bytes() == (images / name).read_bytes()
        )


def test_the_frame_turned_on_disk_is_repaired_in_words(brighton) -> None:
    store, _, report = brighton
    assert list(report["repaired"]) == [TURNED]
    assert frames(store)[TURNED].turned_deg == 180
    assert {f.turned_deg for n, f in frames(store).items() if n != TURNED} == {0}


def test_a_second_run_takes_in_nothing_new_and_says_so(
    brighton, images: Path, tmp_path: Path, capsys
) -> None:
    store = Path(shutil.copytree(brighton[0], tmp_path / "store"))
    before, audit = frames(store), links(store)
    code, report = ingested(store, images, *ZONE, *HEIGHTS)
    assert code == 0
    assert (report["new"], report["known"]) == (0, 10)
    assert "nothing new" in capsys.readouterr().out
    assert frames(store) == before
    assert links(store) == audit
    first = {k: v for k, v in brighton[2].items() if k not in ("new", "known")}
    assert {k: v for k, v in report.items() if k not in ("new", "known")} == first


# --- what is bad costs only itself ----------------------------------------------------


def test_one_unreadable_picture_costs_exactly_itself(store, card, images) -> None:
    broken = (images / "DJI_0031.JPG").read_bytes()[:5000]
    (card / "DJI_0031.JPG").write_bytes(broken)
    code, report = ingested(store, card, *ZONE)
    assert code == 3
    assert report["new"] == 2
    (refused,) = report["refused"]
    assert refused["what"] == "DJI_0031.JPG"
    assert refused["words_ja"]
    assert refused["words_en"]
    assert refused["remedy"]
    assert set(frames(store)) == {GOOD, TURNED}


def test_a_copy_under_another_name_counts_once_and_is_no_refusal(store, card) -> None:
    shutil.copyfile(card / GOOD, card / "copy.JPG")
    code, report = ingested(store, card, *ZONE)
    assert code == 0
    assert report["new"] == 2
    assert len(report["duplicates"]) == 1
    assert len(frames(store)) == 2


def test_a_card_that_is_not_there_is_wrong_usage(store, tmp_path, capsys) -> None:
    words = ["ingest", OPERATION, str(tmp_path / "gone"), "--store", str(store)]
    assert main(words) == 2
    assert "gone" in capsys.readouterr().err
    assert frames(store) == {}


def test_nothing_of_a_batch_is_left_lying_about(store, card, tmp_path) -> None:
    archive = zipped(tmp_path / "card.zip", card, inside="")
    ingested(store, archive, *ZONE)
    assert not (find_operation(store, OPERATION).path / "incoming").exists()


# --- settings -------------------------------------------------------------------------


def test_changed_settings_replace_the_frames_and_are_audited(store, card) -> None:
    ingested(store, card, *ZONE)
    before, count = frames(store), len(links(store))
    code, report = ingested(store, card, *ZONE, "--clock-offset", "90")
    assert code == 0
    assert (report["new"], report["known"]) == (2, 0)
    after = frames(store)
    moved = [after[n].captured_at - before[n].captured_at for n in (GOOD, TURNED)]
    assert moved == [timedelta(seconds=90)] * 2
    (link,) = links(store)[count:]
    assert link["did"] == "ingest"
    wrote = {stage for stage, _, _ in link["wrote"]}
    assert wrote == {"frame", "batch"}


def test_without_a_zone_there_is_no_time_and_no_guess(store, card) -> None:
    code, report = ingested(store, card)
    assert code == 0
    assert sorted(report["without_time"]) == [TURNED, GOOD]
    assert {frame.captured_at for frame in frames(store).values()} == {None}


def test_without_a_datum_there_is_no_height_and_no_guess(store, card) -> None:
    code, report = ingested(store, card, *ZONE)
    assert code == 0
    assert report["unlocated"] == {GOOD: "no_height", TURNED: "no_height"}
    assert all("--altitudes" in words[-1] for words in report["repaired"].values())
    assert {frame.pose for frame in frames(store).values()} == {None}


def zipped(path: Path, card: Path, *, inside: str, toml: str | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(card.iterdir()):
            archive.write(file, f"{inside}{file.name}")
        if toml is not None:
            archive.writestr(f"{inside}batch.toml", toml)
    return path


def test_a_zip_is_understood_by_the_batch_toml_one_folder_down(
    store, card, tmp_path
) -> None:
    toml = 'time_zone = "America/Chicago"\nclock_offset_s = 90.0\n'
    archive = zipped(tmp_path / "card.zip", card, inside="flight1/", toml=toml)
    code, report = ingested(store, archive)
    assert code == 0
    assert report["new"] == 2
    assert report["settings"] == [
        {"clock_offset_s": "batch.toml", "time_zone": "batch.toml"}
    ]
    assert report["without_time"] == []


def test_the_command_line_goes_before_batch_toml_and_that_before_the_store_s(
    store, card
) -> None:
    (store / "karte.toml").write_text('time_zone = "Asia/Tokyo"\n')
    (card / "batch.toml").write_text("clock_offset_s = 5.0\n")
    _, report = ingested(store, card, "--clock-offset", "90")
    assert report["settings"] == [
        {"clock_offset_s": "command line", "time_zone": "config"}
    ]


def test_a_folder_and_a_zip_of_it_give_the_same_frames(store, card, tmp_path) -> None:
    ingested(store, card, *ZONE)
    archive = zipped(tmp_path / "card.zip", card, inside="")
    _, report = ingested(store, archive, *ZONE)
    assert (report["new"], report["known"]) == (0, 2)


def test_flown_after_needs_a_name(store, card, capsys) -> None:
    words = ("--flown-after", "2026-11-05T09:10:00+09:00")
    code = main(["ingest", OPERATION, str(card), "--store", str(store), *words])
    assert code == 2
    assert "--actor" in capsys.readouterr().err
    assert frames(store) == {}
    code, report = ingested(store, card, *words, "--actor", "N")
    assert code == 0
    assert report["without_time"] == []
    stated = datetime.fromisoformat(words[1])
    assert all(frame.captured_at >= stated for frame in frames(store).values())


# --- a drone that wrote one fix -------------------------------------------------------


def test_frames_that_share_one_fix_are_stale_however_often_it_stops(
    store, images, tmp_path, monkeypatch
) -> None:
    """Six pictures with one fix: all stale, also when a run breaks off between."""
    card = tmp_path / "card"
    card.mkdir()
    content = (images / GOOD).read_bytes()
    for number in range(6):
        (card / f"{number}.JPG").write_bytes(content + bytes([number]))
    kept = []

    def breaks_off(folder, picture) -> None:
        if len(kept) == 3:
            raise KeyboardInterrupt
        kept.append((folder, picture))

    monkeypatch.setattr("pipelines.ingest.keep_picture", breaks_off)
    words = ["ingest", OPERATION, str(card), "--store", str(store), *HEIGHTS]
    assert main(words) == 130
    monkeypatch.undo()
    _, report = ingested(store, card, *HEIGHTS)
    assert len(report["unlocated"]) == 6
    assert set(report["unlocated"].values()) == {"stale_fix"}


def test_the_order_of_files_on_the_card_is_no_matter(store, card, tmp_path) -> None:
    turned = tmp_path / "turned"
    turned.mkdir()
    for file in sorted(card.iterdir(), reverse=True):
        shutil.copyfile(file, turned / file.name)
        os.utime(turned / file.name, (0, 0))
    other = Path(shutil.copytree(store, tmp_path / "other"))
    assert ingested(store, card, *ZONE)[1] == ingested(other, turned, *ZONE)[1]
    assert frames(store) == frames(other)


def test_solved_poses_replace_those_of_the_tags(store, card, tmp_path) -> None:
    table = tmp_path / "solved.dat"
    header = "file,longitude,latitude,height_m,yaw_deg,pitch_deg,roll_deg\n"
    table.write_text(header + f"{GOOD},-91.9938,46.8425,203,0,-90,0\n")
    code, report = ingested(store, card, *ZONE, *HEIGHTS, "--poses", str(table))
    assert (code, report["new"]) == (0, 2)
    placed = frames(store)
    assert placed[GOOD].pose.height_m == 203.0
    assert placed[TURNED].pose.height_source == "absolute"
    assert "pose: csv, solved" in placed[GOOD].repairs
    table.write_text(header + f"{GOOD},-91.9938,46.8425,204,0,-90,0\n")
    code, report = ingested(store, card, *ZONE, *HEIGHTS, "--poses", str(table))
    assert report["new"] == 2  # other poses: understood anew
    assert frames(store)[GOOD].pose.height_m == 204.0


def test_a_file_that_holds_no_poses_takes_nothing_in(
    store, card, tmp_path, capsys
) -> None:
    table = tmp_path / "notes.txt"
    table.write_text("flown on a fine day\n")
    words = ["ingest", OPERATION, str(card), "--store", str(store)]
    code = main([*words, *HEIGHTS, "--poses", str(table)])
    assert code != 0
    assert "notes.txt: begins with 'flown on a fine day'" in capsys.readouterr().err
    assert frames(store) == {}
