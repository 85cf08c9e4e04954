"""A rehearsal goes on where it was cut off; one that crashes costs itself."""

import json

import pytest

from data.errors import UsageError

pytest.importorskip("numba")
from pipelines.drill import command, run
from pipelines.outcome import ExitCode


class CutOffError(Exception):
    """The machine stopped."""


@pytest.fixture
def machine(monkeypatch):
    """Drawing, playing and scoring that only leave their marks, and can be cut off."""
    done, broken = [], set()

    def step(name, out, files):
        done.append(name)
        for file in files:
            (out / file).parent.mkdir(parents=True, exist_ok=True)
            (out / file).write_text("{}", "utf-8")
        if (name, out.name) in broken or (name, "any") in broken:
            raise CutOffError(name)

    def write_disaster(out, rehearsal, *, seed, on_card):
        step("draw", out, ["given/half.txt"])
        assert seed >= 0
        assert rehearsal.name
        on_card()
        (out / "truth").mkdir()
        (out / run.DRAWN).write_text("", "utf-8")

    def play(given, store, *, workers):
        assert workers == 1
        assert not store.exists()
        step("play", given.parent, ["store/half.txt"])
        return run.played_from({"operation": "OP", "steps": []})

    def report_on(out):
        step("score", out, [])
        name, _, seed = out.name.rpartition("-")
        return {"scenario": name, "seed": int(seed), "crash": None}

    monkeypatch.setattr(run, "write_disaster", write_disaster)
    monkeypatch.setattr(run, "play", play)
    monkeypatch.setattr(run, "report_on", report_on)
    monkeypatch.setattr(run, "table_lines", lambda reports: [str(len(reports))])
    return done, broken


def rehearse(out):
    return run.rehearse(out, "inland_m7", seed=1, workers=1)


@pytest.mark.parametrize(
    ("cut", "then"),
    [
        ("draw", ["draw", "play", "score"]),
        ("play", ["play", "score"]),
        ("score", ["score"]),
    ],
)
def test_what_was_cut_off_goes_on_with_the_step_it_was_in(
    tmp_path, machine, cut, then
) -> None:
    done, broken = machine
    out = tmp_path / "inland_m7-1"
    broken.add((cut, "any"))
    with pytest.raises(CutOffError):
        rehearse(out)
    broken.clear()
    done.clear()
    assert rehearse(out)["seed"] == 1
    assert done == then


@pytest.mark.parametrize(("scenario", "seed"), [("inland_m7", 2), ("no_terrain", 1)])
def test_another_rehearsal_never_goes_on_in_a_folder(
    tmp_path, machine, scenario, seed
) -> None:
    out = tmp_path / "inland_m7-1"
    rehearse(out)
    before = sorted(out.rglob("*"))
    with pytest.raises(UsageError, match="holds another rehearsal"):
        run.rehearse(out, scenario, seed=seed, workers=1)
    assert sorted(out.rglob("*")) == before
    assert machine[0] == ["draw", "play", "score"]


def test_a_folder_of_somebody_else_is_left_alone(tmp_path, machine) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(UsageError, match="not empty"):
        rehearse(tmp_path)
    assert (tmp_path / "given" / "mine.txt").read_text("utf-8") == "mine"
    assert machine[0] == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path, machine) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(UsageError, match=r"file.*another --out"):
        rehearse(tmp_path / "file" / "inland_m7-1")
    with pytest.raises(UsageError, match=r"file.*another folder"):
        command.run(tmp_path / "file" / "all", None, seeds=[1], workers=1)
    assert machine[0] == []


def test_a_wrong_name_is_refused_before_a_folder_is_made(tmp_path) -> None:
    with pytest.raises(UsageError, match=r"inland_m8.*inland_m7"):
        run.rehearse(tmp_path / "out", "inland_m8", seed=1, workers=1)
    with pytest.raises(UsageError, match="--seed 10000"):
        run.rehearse(tmp_path / "out", "inland_m7", seed=10_000, workers=1)
    with pytest.raises(UsageError, match="several need --all"):
        command.run(tmp_path / "out", "inland_m7", seeds=[1, 2], workers=1)
    assert not (tmp_path / "out").exists()


def test_a_crash_costs_itself_and_is_written_down(tmp_path, machine) -> None:
    done, broken = machine
    broken.add(("play", "no_terrain-1"))
    names = ["inland_m7", "no_terrain", "two_quakes"]
    outcome = run.rehearse_all(tmp_path, seeds=[1], workers=1, scenarios=names)
    assert outcome.code == ExitCode.PARTIAL
    crashes = [report["crash"] for report in outcome.data["reports"]]
    assert crashes == [None, "CutOffError: play", None]
    crashed = tmp_path / "no_terrain-1" / "crashed.json"
    assert "CutOffError" in json.loads(crashed.read_text("utf-8"))["traceback"][-1]
    broken.clear()
    done.clear()
    again = run.rehearse_all(tmp_path, seeds=[1], workers=1, scenarios=names)
    assert again.code == ExitCode.DONE
    assert done == ["score", "play", "score", "score"]
    assert not crashed.exists()
