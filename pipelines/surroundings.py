"""What shaking and damage are made from besides the messages, read once an edition."""

from hashlib import sha256
from pathlib import Path

from data.ledger import Ledger
from geo.vs30 import Ground, read_vs30
from pipelines.config import Config
from pipelines.event import operation_of, shakemap_of, track_of
from pipelines.layers import read_layers_of
from pipelines.quakes import Surroundings


def read_surroundings(ledger: Ledger, config: Config) -> Surroundings:
    """Seed, ground, ShakeMaps, tracks and layers of an operation; the owner's rules.

    Raises:
        ConfigError: If the grid of the ground cannot be read.
        LedgerError: If a file is gone from the operation, or changed.
    """
    return Surroundings(
        seed=operation_of(ledger).seed,
        ground=read_ground(config),
        shakemaps=shakemap_of(ledger),
        tracks=track_of(ledger),
        layers=read_layers_of(ledger),
        bridges=config.bridges,
        wind=config.wind,
        clocks=config.clocks,
    )


def read_ground(config: Config) -> Ground:
    """The operator's grid of Vs30, or one value for all places.

    Raises:
        ConfigError: If the grid cannot be read.
    """
    grid = config.vs30_grid
    return config.vs30_m_s if grid is None else read_vs30(Path(grid))


def ground_sha256(config: Config) -> str:
    """Hash of the grid of the ground; empty where there is none."""
    grid = config.vs30_grid
    return "" if grid is None else sha256(Path(grid).read_bytes()).hexdigest()
