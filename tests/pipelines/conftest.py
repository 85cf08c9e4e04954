"""The demo, run once for all tests that look at what it made."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., subprocess.CompletedProcess]
KARTE = Path(sys.executable).with_name("karte")


def offline() -> list[str]:
    """Words before a command that take the network from it, where that is allowed."""
    words = ["unshare", "--net", "--map-root-user"]
    tried = subprocess.run([*words, "true"], capture_output=True, check=False)
    return words if tried.returncode == 0 else []


def run_karte(
    *words: object, prefix: list[str] | None = None
) -> subprocess.CompletedProcess:
    """Run a command as a user does; KARTE_STORE is never inherited."""
    env = {k: v for k, v in os.environ.items() if k != "KARTE_STORE"}
    command = [*(prefix or []), str(KARTE), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


@dataclass(frozen=True)
class Demo:
    """One run of the demo: its store, its exit code, and what it said."""

    store: Path
    code: int
    said: dict[str, Any]
    errors: str

    @property
    def operation(self) -> Path:
        return self.store / "drill" / self.said["operation"]

    @property
    def edition(self) -> Path:
        return Path(self.said["path"])


@pytest.fixture(scope="session")
def karte() -> Command:
    """Runs a command as a user does."""
    return run_karte


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The sample batch from telegram to tiles, without a network."""
    store = tmp_path_factory.mktemp("demo") / "store"
    run = run_karte("demo", "--out", store, "--json", prefix=offline())
    return Demo(store, run.returncode, json.loads(run.stdout), run.stderr)


@pytest.fixture
def demo_copy(demo: Demo, tmp_path: Path) -> Path:
    """A copy of the demo's store that a test may change."""
    store = tmp_path / "store"
    shutil.copytree(demo.store, store, symlinks=True)
    return store
