"""What every test may use: the shared real data, and one thread a library."""

import os
from pathlib import Path

import pytest

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")

collect_ignore = ["bench"]  # scripts that measure, no tests
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared real data; absent, the test skips, or fails in CI."""
    folder = Path(os.environ.get("KARTE_SHARED", "../shared"))
    folder = folder if folder.is_absolute() else ROOT / folder
    if (folder / "data").is_dir():
        return folder
    if os.environ.get("KARTE_REQUIRE_SHARED") == "1":
        pytest.fail(f"KARTE_REQUIRE_SHARED=1 but there is no data in {folder}")
    pytest.skip(f"no shared data in {folder}; set KARTE_SHARED")
