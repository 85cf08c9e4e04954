"""Training state as one file of plain arrays, so that training can go on later.

Plain `.npz` without pickles: names of arrays are `network/<tensor>` and
`optimiser/<parameter>/<moment>`.
"""

import zipfile
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.optim import Optimizer

from data.errors import WeightsError

_STEP: Final = "step"
_NETWORK: Final = "network/"
_OPTIMISER: Final = "optimiser/"


def state_arrays(
    network: nn.Module, optimiser: Optimizer, *, step: int
) -> dict[str, NDArray[np.generic]]:
    """Everything training needs to go on after `step` finished steps."""
    arrays: dict[str, NDArray[np.generic]] = {_STEP: np.array(step)}
    for name, tensor in network.state_dict().items():
        arrays[_NETWORK + name] = tensor.detach().numpy()
    for number, moments in optimiser.state_dict()["state"].items():
        for moment, tensor in moments.items():
            arrays[f"{_OPTIMISER}{number}/{moment}"] = tensor.detach().numpy()
    return arrays


def write_checkpoint(
    path: Path, network: nn.Module, optimiser: Optimizer, *, step: int
) -> None:
    """Write to `path` by renaming a finished file: a killed run leaves the old one."""
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, **state_arrays(network, optimiser, step=step))  # type: ignore[arg-type]
    unfinished.replace(path)


def read_checkpoint(path: Path, network: nn.Module, optimiser: Optimizer) -> int:
    """Put a checkpoint into `network` and `optimiser`, in place.

    Returns:
        How many steps were finished when it was written.

    Raises:
        WeightsError: If the file is broken or of another network.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        _restore_network(network, arrays)
        _restore_optimiser(optimiser, arrays)
        return int(arrays[_STEP])
    except (KeyError, ValueError, RuntimeError, OSError, zipfile.BadZipFile) as error:
        raise WeightsError(
            f"checkpoint {path.name}: cannot be used ({error}); "
            "remove it to train from the start"
        ) from error


def _restore_network(
    network: nn.Module, arrays: dict[str, NDArray[np.generic]]
) -> None:
    network.load_state_dict(
        {
            name.removeprefix(_NETWORK): torch.from_numpy(array)
            for name, array in arrays.items()
            if name.startswith(_NETWORK)
        }
    )


def _restore_optimiser(
    optimiser: Optimizer, arrays: dict[str, NDArray[np.generic]]
) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, array in arrays.items():
        if name.startswith(_OPTIMISER):
            number, moment = name.removeprefix(_OPTIMISER).split("/")
            state.setdefault(int(number), {})[moment] = torch.from_numpy(array)
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
