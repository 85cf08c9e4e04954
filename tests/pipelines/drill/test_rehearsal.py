"""One tiny rehearsal from end to end: played without its truth, then scored with it."""

import hashlib
import html.parser
import json
import shutil

import pytest

from pipelines.drill import run
from pipelines.drill.disaster import write_disaster
from pipelines.drill.rehearsal import edition_paths, play, played_dict
from pipelines.drill.scenarios import find_scenario, read_rehearsal
from pipelines.edition_folder import read_manifest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("rehearsal")]

SEED = 5
SMALLER = (
    ('name = "turned_drone"', 'name = "tiny"\nwidth_px = 480'),
    (
        "[[quakes]]",
        "[valley]\ntrees = 40\n[district]\nbridges = 6\nsubstations = 2\n[[quakes]]",
    ),
    (
        '"bridge-east", "bridge-west", "bridge-nadir", ',
        '"bridge-east", "dam-crest*", ',
    ),
    ('"tower*", ', ""),
    ('"dam-slide-*", ', ""),
    ('"dam-north", "dam-south", ', ""),
)


def tiny(folder):
    """The first card of a planted scenario, four small pictures."""
    text = find_scenario("turned_drone").read_text("utf-8")
    for old, new in SMALLER:
        assert old in text, old
        text = text.replace(old, new, 1)
    cards = text.split("[[deliveries]]")
    planted = cards[2][cards[2].index("[[planted]]") :]
    path = folder / "tiny.toml"
    path.write_text(cards[0] + "[[deliveries]]" + cards[1] + planted, encoding="utf-8")
    return path


def bytes_of(folder):
    """Sha256 of every file, by name."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def contents(store, played):
    return [
        read_manifest(folder).content
        for folder in edition_paths(store, played.operation).values()
    ]


@pytest.fixture(scope="module")
def drill(tmp_path_factory):
    """Drawn, its truth hidden, played; the truth put back; scored."""
    out = tmp_path_factory.mktemp("drill")
    scenario = tiny(out)
    folder = out / "played"
    write_disaster(folder, read_rehearsal(scenario), seed=SEED)
    (folder / "truth").rename(out / "sealed")
    played = play(folder / "given", folder / "store")
    (out / "sealed").rename(folder / "truth")
    (folder / "timings.json").write_text(json.dumps(played_dict(played)), "utf-8")
    return folder, played, run.report_on(folder)


def test_the_operator_never_reads_the_truth(drill, tmp_path) -> None:
    folder, played, _ = drill
    shutil.copytree(folder / "given", tmp_path / "given")
    again = play(tmp_path / "given", tmp_path / "store")
    assert contents(tmp_path / "store", again) == contents(folder / "store", played)
    assert len(contents(folder / "store", played)) == 2


def test_the_same_seed_draws_the_same_bytes(drill, tmp_path) -> None:
    folder, _, _ = drill
    scenario = tiny(tmp_path)
    write_disaster(tmp_path / "again", read_rehearsal(scenario), seed=SEED)
    for part in ("given", "truth"):
        assert bytes_of(tmp_path / "again" / part) == bytes_of(folder / part)


def test_the_report_tells_time_and_says_it_is_a_drill(drill) -> None:
    folder, played, report = drill
    assert report["minutes_to_edition_0"] == 4.0
    assert [e["minute"] for e in report["editions"]] == [4.0, 240.0]
    assert "DRILL" in report["synthetic"]
    assert played.steps[-1].refused == 0
    text = (folder / "readiness.html").read_text("utf-8")
    html.parser.HTMLParser().feed(text)
    assert "訓練 DRILL" in text
    assert "http" not in text
    assert "src=" not in text.replace('src="data:image/jpeg;base64', "")


def test_the_right_prior_gives_the_grades_of_the_map(drill) -> None:
    _, _, report = drill
    graded = {asset["id"]: asset["grade"] for asset in report["assets"]}
    checked = {r["id"]: r["x1"]["grade"] for r in report["prior_wrong_by_two"]["rows"]}
    assert checked == graded
    assert checked


def test_placed_pixels_lie_within_the_stated_error(drill) -> None:
    _, _, report = drill
    found = report["placement"]
    assert found["points"] >= 5  # small pictures show few of the dam
    assert found["inside_ce90"] > 0.6
    assert found["median_m"] < 25.0
