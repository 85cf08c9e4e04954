import json
import os
import runpy
import shutil
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from data.edition import Change, Publication
from data.errors import (
    InvalidRecordError,
    LedgerError,
    ResourceError,
    UsageError,
)
from pipelines import edition_folder
from pipelines.edition_folder import (
    latest_folder,
    next_number,
    read_latest,
    read_manifest,
    verify_edition,
)
from pipelines.publish import unchanged, write_edition

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))
info = CASES["info"]


def publish(root, about=None, **changes):
    assets, beliefs = CASES["random_map"](25)
    values = {
        "assets": assets,
        "beliefs": beliefs,
        "features": CASES["damage_table"](),
        "coverage": CASES["coverage_table"](),
        "extra_files": {"plan.csv": b"id\n"},
        "provenance": {"code": "0" * 64},
    }
    return write_edition(root, about or info(next_number(root)), **(values | changes))


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def test_an_edition_holds_what_map_lists(tmp_path):
    manifest = publish(tmp_path)
    names = {file.path for file in manifest.files}
    assert {
        "map.parquet",
        "map.geojson",
        "map.fgb",
        "map.gpkg",
        "tilejson.json",
        "layers.txt",
        "style.js",
        "style.json",
        "mokuroku.csv.gz",
        "plan.csv",
    } < names
    layers = {name.split("/")[1] for name in names if name.startswith("tiles/")}
    assert layers == {"assets", "summary", "damage", "coverage"}
    latest = read_latest(tmp_path)
    assert (latest.edition, latest.path) == (0, "editions/000000")
    assert read_manifest(tmp_path / latest.path) == manifest
    assert verify_edition(tmp_path / latest.path) == ()


def test_two_runs_give_the_same_bytes(tmp_path):
    publish(tmp_path / "a")
    publish(tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_publication_is_outside_the_hashes(tmp_path):
    first = publish(tmp_path / "a")
    publication = Publication(
        number=0,
        published_at=CASES["AS_OF"] + timedelta(minutes=1),
        host="a",
        durations_s={"tiles": 1.0},
    )
    assert publish(tmp_path / "b", publication=publication) == first
    edition = latest_folder(tmp_path / "b")
    assert json.loads((edition / "publication.json").read_bytes())["host"] == "a"
    assert verify_edition(edition) == ()


def test_numbers_only_go_up_by_one(tmp_path):
    publish(tmp_path)
    assert next_number(tmp_path) == 1
    for number in (0, 2):
        with pytest.raises(ResourceError, match=f"edition {number}: the next one is 1"):
            publish(tmp_path, info(number))
    publish(tmp_path)
    assert read_latest(tmp_path).edition == 1
    assert verify_edition(tmp_path / "editions" / "000000") == ()


def test_the_same_content_needs_no_new_edition(tmp_path):
    assets, beliefs = CASES["random_map"](25)
    given = {
        "beliefs": beliefs,
        "features": CASES["damage_table"](),
        "coverage": CASES["coverage_table"](),
        "provenance": {"code": "0" * 64},
    }
    assert unchanged(tmp_path, info(0), assets=assets, **given) is None
    manifest = publish(tmp_path)
    assert unchanged(tmp_path, info(1), assets=assets, **given) == manifest
    other = CASES["tables"]([], [], [])[0]
    given["beliefs"] = beliefs.slice(0, 0)
    assert unchanged(tmp_path, info(1), assets=other, **given) is None


def test_other_weights_make_other_content(tmp_path):
    publish(tmp_path)
    assets, beliefs = CASES["random_map"](25)
    found = unchanged(
        tmp_path,
        info(1),
        assets=assets,
        beliefs=beliefs,
        features=CASES["damage_table"](),
        coverage=CASES["coverage_table"](),
        provenance={"code": "1" * 64},
    )
    assert found is None


def test_tiles_that_had_features_stay_as_empty_ones(tmp_path):
    first = publish(tmp_path)
    assets, beliefs = CASES["random_map"](25)
    for _ in range(2):
        later = publish(
            tmp_path,
            assets=assets.slice(0, 1),
            beliefs=beliefs.slice(0, 1),
            features=None,
            coverage=None,
        )
    tiles = {file.path for file in first.files if file.path.startswith("tiles/")}
    assert tiles <= {file.path for file in later.files}
    ghost = latest_folder(tmp_path) / next(
        path for path in sorted(tiles) if path.startswith("tiles/damage")
    )
    assert json.loads(ghost.read_bytes()) == {
        "type": "FeatureCollection",
        "features": [],
    }


def test_an_edition_without_assets_is_whole_and_valid(tmp_path):
    assets, beliefs = CASES["random_map"](1)
    empty = {"assets": assets.slice(0, 0), "beliefs": beliefs.slice(0, 0)}
    publish(tmp_path, **empty, features=None, coverage=None)
    edition = latest_folder(tmp_path)
    assert json.loads((edition / "map.geojson").read_bytes())["features"] == []
    tilejson = json.loads((edition / "tilejson.json").read_bytes())
    assert tilejson["bounds"] == [122.0, 20.0, 154.0, 46.0]
    assert verify_edition(edition) == ()


def test_changed_in_survives_an_edition_without_changes(tmp_path):
    publish(tmp_path)
    publish(tmp_path)
    tiles = latest_folder(tmp_path) / "map.geojson"
    features = json.loads(tiles.read_bytes())["features"]
    assert {feature["properties"]["changed_in"] for feature in features} == {0}
    assert {feature["properties"]["edition"] for feature in features} == {1}


@pytest.mark.parametrize("name", ["../x", "a/b", "manifest.json", "map.gpkg", ".x", ""])
def test_an_extra_file_cannot_go_elsewhere(tmp_path, name):
    with pytest.raises(UsageError, match="extra file"):
        publish(tmp_path, extra_files={name: b""})
    assert read_latest(tmp_path) is None


def test_a_flipped_bit_a_lost_and_a_new_file_are_found(tmp_path):
    manifest = publish(tmp_path)
    edition = latest_folder(tmp_path)
    flipped, lost = manifest.files[3].path, manifest.files[7].path
    raw = bytearray((edition / flipped).read_bytes())
    raw[len(raw) // 2] ^= 1
    (edition / flipped).write_bytes(raw)
    (edition / lost).unlink()
    (edition / "new.txt").write_text("x")
    assert set(verify_edition(edition)) == {
        Change(path=flipped, what="changed"),
        Change(path=lost, what="missing"),
        Change(path="new.txt", what="unknown"),
    }


def test_a_manifest_made_to_fit_is_found_by_the_pointer(tmp_path):
    publish(tmp_path)
    manifest = latest_folder(tmp_path) / "manifest.json"
    manifest.write_bytes(
        manifest.read_bytes().replace(b'"drill": true', b'"drill": false')
    )
    assert verify_edition(manifest.parent) == (
        Change(path="manifest.json", what="changed"),
    )


def test_what_is_no_edition_is_refused(tmp_path):
    with pytest.raises(LedgerError, match="is this an edition"):
        verify_edition(tmp_path)
    (tmp_path / "latest.json").write_bytes(b"{}")
    with pytest.raises((LedgerError, InvalidRecordError)):
        next_number(tmp_path)


class _Killed(BaseException):
    """What kill -9 looks like from inside."""


STEPS = ("mkdir", "write_bytes", "open", "rename", "replace")


def killing(monkeypatch, after):
    """Make the `after`-th file operation of the writer its last; count them."""
    count = {"done": 0}
    for name in STEPS:
        real = getattr(Path, name)

        def step(self, *args, _real=real, **kwargs):
            count["done"] += 1
            if count["done"] > after:
                raise _Killed
            return _real(self, *args, **kwargs)

        monkeypatch.setattr(Path, name, step)
    # a killed process cleans nothing up
    monkeypatch.setattr(edition_folder, "_remove", lambda _: None)
    return count


@pytest.mark.slow
def test_killed_at_any_step_the_edition_before_stands_and_the_next_run_goes_on(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(os, "sync", lambda: None)  # a kill is no power cut
    assets, beliefs = CASES["random_map"](3)
    few = {"assets": assets, "beliefs": beliefs, "features": None, "coverage": None}
    before = tmp_path / "before"
    publish(before, **few)
    whole = tmp_path / "whole"
    shutil.copytree(before, whole)
    with pytest.MonkeyPatch.context() as patch:
        count = killing(patch, after=10**9)
        publish(whole, **few)
    steps = count["done"]
    assert steps > 50
    moments = sorted({0, 1, 2, steps // 2, *range(steps - 8, steps)})
    for moment in moments:
        root = tmp_path / f"killed-{moment}"
        shutil.copytree(before, root)
        with pytest.MonkeyPatch.context() as patch:
            killing(patch, after=moment)
            with pytest.raises(_Killed):
                publish(root, **few)
        assert read_latest(root).edition == 0
        assert verify_edition(latest_folder(root)) == ()
        publish(root, **few)
        assert contents(root) == contents(whole)
        shutil.rmtree(root)


def test_everything_is_on_disk_before_the_pointer_moves(tmp_path, monkeypatch):
    seen = []
    real = os.sync
    monkeypatch.setattr(
        os, "sync", lambda: seen.append(read_latest(tmp_path)) or real()
    )
    publish(tmp_path)
    assert seen == [None]


def test_only_touched_tiles_are_written_again_the_others_are_the_same_file(tmp_path):
    assets, beliefs = CASES["random_map"](25)
    publish(tmp_path, assets=assets, beliefs=beliefs)
    at = beliefs.column_names.index("p_severe_low")
    low = beliefs["p_severe_low"].to_numpy().copy()
    low[3] = 0.03125
    later = beliefs.set_column(at, "p_severe_low", pa.array(low))
    publish(tmp_path, assets=assets, beliefs=later)
    old, new = (tmp_path / "editions" / name for name in ("000000", "000001"))
    tiles = sorted(path.relative_to(new) for path in new.glob("tiles/assets/*/*/*"))
    linked = {path for path in tiles if (old / path).samefile(new / path)}
    changed = set(tiles) - linked
    assert linked
    assert changed
    for path in tiles:
        found = json.loads((new / path).read_bytes())["features"]
        holds = any(feature["id"] == "A00003" for feature in found)
        assert holds == (path in changed), path
        assert {f["properties"]["edition"] for f in found} == {int(path in changed)}
    assert verify_edition(new) == ()


def test_an_asset_that_moves_away_touches_the_tile_it_left(tmp_path):
    assets, beliefs = CASES["random_map"](25)
    publish(tmp_path, assets=assets, beliefs=beliefs)
    publish(tmp_path, assets=assets.slice(1), beliefs=beliefs.slice(1))
    for path in latest_folder(tmp_path).glob("tiles/assets/*/*/*"):
        assert b'"id":"A00000"' not in path.read_bytes()
