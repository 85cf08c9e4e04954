"""From the trained network to the ONNX file that the product runs.

The file answers with calibrated probabilities at full resolution, so that whoever
runs it needs neither torch nor the temperatures.
"""

import hashlib
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from data.errors import WeightsError
from vision.network import SIDE_MULTIPLE_PX, LiteFPN, full_resolution

OPSET: Final = 17
TOLERANCE: Final = 1e-4  # largest difference between torch and ONNX, in probability
HEADS: Final = ("damage", "component")
UNCALIBRATED: Final[dict[str, float]] = {"damage": 1.0, "component": 1.0}


class ProbabilityNetwork(nn.Module):
    """`LiteFPN` with upsampling, temperatures and softmax behind it."""

    def __init__(self, network: LiteFPN, temperatures: Mapping[str, float]) -> None:
        """Wrap `network`; `temperatures` has one positive number for each head."""
        super().__init__()
        self.network = network
        self.temperatures = tuple(float(temperatures[head]) for head in HEADS)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities of both heads.

        Args:
            image: float32, shape (N, 3, H, W), (rgb - 127) / 128; H and W multiples
                of 32.

        Returns:
            `damage` (N, 10, H, W) and `component` (N, 11, H, W), each pixel sums to 1.
        """
        damage, component = (
            torch.softmax(logits / temperature, dim=1)
            for logits, temperature in zip(
                full_resolution(self.network(image)), self.temperatures, strict=True
            )
        )
        return damage, component


def onnx_bytes(network: LiteFPN, *, temperatures: Mapping[str, float]) -> bytes:
    """The ONNX graph of `network` as bytes; the same network gives the same bytes."""
    wrapped = ProbabilityNetwork(network, temperatures).eval()
    example = torch.zeros(1, 3, 2 * SIDE_MULTIPLE_PX, 2 * SIDE_MULTIPLE_PX)
    axes = {0: "batch", 2: "height", 3: "width"}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # the padding of a stride stays a constant subgraph, folded when it is loaded
        warnings.filterwarnings("ignore", message="Constant folding")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        path = Path(folder) / "network.onnx"
        torch.onnx.export(
            wrapped,
            (example,),
            path,
            input_names=["image"],
            output_names=list(HEADS),
            dynamic_axes={"image": axes, **dict.fromkeys(HEADS, axes)},
            opset_version=OPSET,
            dynamo=False,  # the new exporter needs onnxscript
        )
        return path.read_bytes()


def torch_probabilities(
    network: LiteFPN, image: NDArray[np.float32], *, temperatures: Mapping[str, float]
) -> list[NDArray[np.float32]]:
    """Both heads' probabilities by torch, shapes as in `ProbabilityNetwork`."""
    wrapped = ProbabilityNetwork(network, temperatures).eval()
    with torch.no_grad():
        return [output.numpy() for output in wrapped(torch.from_numpy(image))]


def onnx_probabilities(
    model: bytes, image: NDArray[np.float32]
) -> list[NDArray[np.float32]]:
    """The same by ONNX Runtime, single precision, one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model, options, providers=["CPUExecutionProvider"]
    )
    outputs: list[NDArray[np.float32]] = session.run(list(HEADS), {"image": image})
    return outputs


def largest_difference(
    network: LiteFPN, model: bytes, *, temperatures: Mapping[str, float]
) -> float:
    """Largest difference in probability between torch and ONNX on fixed noise."""
    rng = np.random.default_rng(0)
    image = rng.normal(0, 0.5, (2, 3, 96, 160)).astype(np.float32)
    pairs = zip(
        torch_probabilities(network, image, temperatures=temperatures),
        onnx_probabilities(model, image),
        strict=True,
    )
    return max(float(np.abs(ours - theirs).max()) for ours, theirs in pairs)


def write_onnx(
    network: LiteFPN, path: Path, *, temperatures: Mapping[str, float]
) -> str:
    """Write the network to `path` after proving that the file says what torch says.

    Args:
        network: Trained network, on the CPU.
        path: File to write; its folder exists.
        temperatures: Divisor of the logits for `damage` and for `component`.

    Returns:
        SHA-256 of the file, hexadecimal.

    Raises:
        WeightsError: If ONNX Runtime and torch differ by more than 1e-4.
    """
    model = onnx_bytes(network, temperatures=temperatures)
    onnx.checker.check_model(onnx.load_model_from_string(model))
    difference = largest_difference(network, model, temperatures=temperatures)
    if not difference <= TOLERANCE:  # also true for NaN
        raise WeightsError(
            f"ONNX export {path.name}: differs from torch by {difference:.2e}, more "
            f"than {TOLERANCE:.0e}; check that all weights are finite"
        )
    path.write_bytes(model)
    return hashlib.sha256(model).hexdigest()
