"""`karte drill`: windows to train on, or a whole made-up disaster with its truth."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from data.errors import ConfigError, KarteError, UsageError
from pipelines.outcome import ExitCode, Outcome
from pipelines.progress import steps

WORKERS = 2  # a world takes 1.1 GB in each
RUNS = Path("karte-drill")
SAMPLE = Path(__file__).with_name("noto_drill.toml")


def tiles(out: Path, *, count: int, seed: int) -> Outcome:
    """Write training windows.

    Args:
        out: New or existing folder; see `pipelines.drill.tiles` for its layout.
        count: Windows wanted; one without a free view is left out.
        seed: Of the first world, at least 10,000: below it are the seeds of drills.

    Raises:
        KarteError: If numba is missing.
        UsageError: If the count or the seed is out of range.
    """
    if count < 1:
        raise UsageError(f"drill tiles: --count {count}; give 1 or more")
    _need_renderer()
    from pipelines.drill.tiles import worlds_for, write_tiles  # noqa: PLC0415, numba

    with steps("worlds", worlds_for(count)) as bar:
        done = write_tiles(
            out, count=count, first_seed=seed, workers=WORKERS, on_world=bar.advance
        )
    return Outcome(
        ExitCode.DONE,
        [f"{done} rendered windows with exact labels in {out}"],
        {"path": str(out), "tiles": done, "seed": seed},
    )


def batch(out: Path, scenario: Path | None) -> Outcome:
    """Write a drill: telegram, inventory, pictures with tags, sealed truth.

    Args:
        out: New or empty folder; see `pipelines.drill.batch` for its layout.
        scenario: TOML like the sample's; None makes the sample batch again.

    Raises:
        KarteError: If numba is missing.
        UsageError: If the folder is in use, or the seed is one that tiles train on.
        ConfigError: If the scenario cannot be read.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"drill batch: {out} is not empty; give a new folder")
    _need_renderer()
    from pipelines.drill import batch as batches  # noqa: PLC0415, numba
    from pipelines.drill.tiles import FIRST_TRAINING_SEED  # noqa: PLC0415, numba

    try:
        wanted = batches.read_batch(scenario or SAMPLE)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"scenario {scenario}: cannot be read ({error}); give a TOML file"
        ) from error
    seed = wanted.scenario.seed
    if not 0 <= seed < FIRST_TRAINING_SEED:
        raise UsageError(
            f"scenario {scenario}: seed {seed}: drills have seeds of 0 to "
            f"{FIRST_TRAINING_SEED - 1}, networks are trained on the others"
        )
    with steps("frames", batches.FRAMES_ABOUT) as bar:
        frames = batches.write_batch(out, wanted, workers=WORKERS, on_frame=bar.advance)
    return Outcome(
        ExitCode.DONE,
        [f"{frames} frames of the drill {wanted.name} in {out}; truth in {out}/truth"],
        {"path": str(out), "name": wanted.name, "frames": frames, "seed": seed},
    )


def table(folder: Path, out: Path | None) -> Outcome:
    """One Markdown table of rehearsals that are done; needs no renderer.

    Raises:
        UsageError: If there is no report, or the file cannot be written.
    """
    from pipelines.drill.readiness_table import tabulate  # noqa: PLC0415, as the others

    return tabulate(folder, out)


def run(
    out: Path | None, scenario: str | None, *, seeds: Sequence[int], workers: int
) -> Outcome:
    """Rehearse one scenario, or all of the library, and report how it went.

    Args:
        out: New or empty folder; of all scenarios each has a folder in it. None is a
            folder of its own below ./karte-drill.
        scenario: A TOML file or a name of the library; None runs all.
        seeds: One for a scenario; all scenarios are run with each.
        workers: Processes that look.

    Raises:
        KarteError: If numba is missing.
        UsageError: If a scenario is run with several seeds.
    """
    _need_renderer()
    from pipelines.drill import run as runs  # noqa: PLC0415, numba

    if scenario is None:
        out = out or RUNS
        _make_folder(out)
        return runs.rehearse_all(out, seeds=seeds, workers=workers)
    if len(seeds) != 1:
        raise UsageError("drill run: one --seed for one scenario; several need --all")
    folder = out or RUNS / f"{Path(scenario).stem}-{seeds[0]}"
    return runs.rehearse_one(folder, scenario, seed=seeds[0], workers=workers)


def _make_folder(out: Path) -> None:
    """A folder to write into."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"drill: {out} cannot be written ({error.strerror}); give another folder"
        ) from error


def _need_renderer() -> None:
    """Tell people without numba what to do."""
    if find_spec("numba") is None:
        raise KarteError(
            "drill: the renderer needs numba, which is not installed; "
            "install the extra `drill`: pip install 'karte[drill]'"
        )
