"""The segmentation network: one encoder, a feature pyramid, two heads.

The damage head is sharpened at strides 2 and 1: a crack is a line of one to three
pixels, which a grid of four cannot place.

The encoder is EfficientNet-Lite0 (Tan and Le 2019, arXiv 1905.11946; the Lite variant
drops squeeze-and-excitation and uses ReLU6). The pyramid follows Lin et al. 2017,
arXiv 1612.03144, with depthwise separable smoothing. 3.0 million parameters.

Shapes below: N pictures, H and W multiples of 32; "stride 4" is (H / 4, W / 4).
"""

from typing import Final, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812, torch's own name for it
from torch import Tensor, nn

from data.findings import COMPONENT_CLASSES, DAMAGE_CLASSES

SIDE_MULTIPLE_PX: Final = 32  # the deepest features have stride 32
DAMAGE_STRIDE_PX: Final = 1
COMPONENT_STRIDE_PX: Final = 4
PIXEL_MEAN: Final = 127.0  # grey values as the encoder's authors centred them
PIXEL_SCALE: Final = 128.0
ENCODER_PARTS: Final = ("stem", "stages")

_ENCODER_EPSILON: Final = 1e-3  # batch normalisation of the ImageNet weights
_PYRAMID_EPSILON: Final = 1e-5  # torch's own
_PYRAMID_CHANNELS: Final = 64
_FINE_CHANNELS: Final = 24
_FINEST_CHANNELS: Final = 12
_STEM_CHANNELS: Final = 32


class StagePlan(NamedTuple):
    """One row of EfficientNet-Lite0: `blocks` inverted residuals alike."""

    channels: int
    kernel: int
    stride: int
    expansion: int
    blocks: int


ENCODER_PLAN: Final = (
    StagePlan(channels=16, kernel=3, stride=1, expansion=1, blocks=1),
    StagePlan(channels=24, kernel=3, stride=2, expansion=6, blocks=2),
    StagePlan(channels=40, kernel=5, stride=2, expansion=6, blocks=2),
    StagePlan(channels=80, kernel=3, stride=2, expansion=6, blocks=3),
    StagePlan(channels=112, kernel=5, stride=1, expansion=6, blocks=3),
    StagePlan(channels=192, kernel=5, stride=2, expansion=6, blocks=4),
    StagePlan(channels=320, kernel=3, stride=1, expansion=6, blocks=1),
)
PYRAMID_STAGES: Final = (1, 2, 4, 6)  # the last stages of strides 4, 8, 16 and 32
FINE_STAGE: Final = 0  # the last of stride 2


class Logits(NamedTuple):
    """Scores of both heads, before any softmax.

    `damage` has shape (N, 10, H, W), `component` (N, 11, H / 4, W / 4).
    """

    damage: Tensor
    component: Tensor


class Features(NamedTuple):
    """What the heads see: 16 channels at stride 2, 64 at stride 4."""

    fine: Tensor
    pyramid: Tensor


def convolution(
    inputs: int,
    outputs: int,
    *,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    activated: bool = True,
    epsilon: float = _PYRAMID_EPSILON,
) -> list[nn.Module]:
    """Convolution, batch normalisation and, if `activated`, ReLU6.

    At stride 2 the zeros are laid as TensorFlow's "SAME" does for even sides: one less
    at the top and left. Written as a fixed layer, the exported graph stays static.
    """
    padding: list[nn.Module] = []
    if stride > 1:
        total = kernel - stride
        before, after = total // 2, total - total // 2
        padding = [nn.ZeroPad2d((before, after, before, after))]
    layers = [
        *padding,
        nn.Conv2d(
            inputs,
            outputs,
            kernel,
            stride,
            padding=0 if stride > 1 else kernel // 2,
            groups=groups,
            bias=False,
        ),
        nn.BatchNorm2d(outputs, eps=epsilon),
    ]
    return [*layers, nn.ReLU6()] if activated else layers


class InvertedResidual(nn.Sequential):
    """Widen, filter each channel by itself, narrow; add the input if shapes allow."""

    def __init__(self, inputs: int, plan: StagePlan, *, stride: int) -> None:
        """Lay the layers of one block of `plan`, with its own `stride`."""
        wide, narrow = inputs * plan.expansion, plan.channels
        layers: list[nn.Module] = []
        if plan.expansion > 1:
            layers += convolution(inputs, wide, epsilon=_ENCODER_EPSILON)
        layers += convolution(
            wide,
            wide,
            kernel=plan.kernel,
            stride=stride,
            groups=wide,
            epsilon=_ENCODER_EPSILON,
        )
        layers += convolution(wide, narrow, activated=False, epsilon=_ENCODER_EPSILON)
        super().__init__(*layers)
        self.is_residual = stride == 1 and inputs == narrow

    def forward(self, features: Tensor) -> Tensor:
        """Shape (N, inputs, h, w) to (N, channels, h / stride, w / stride)."""
        filtered: Tensor = super().forward(features)  # type: ignore[no-untyped-call]
        return filtered + features if self.is_residual else filtered


def encoder_stage(inputs: int, plan: StagePlan) -> nn.Sequential:
    """The blocks of one stage; only the first changes stride and width."""
    first = InvertedResidual(inputs, plan, stride=plan.stride)
    rest = (
        InvertedResidual(plan.channels, plan, stride=1) for _ in range(plan.blocks - 1)
    )
    return nn.Sequential(first, *rest)


def separable(channels: int) -> nn.Sequential:
    """Depthwise 3 x 3, then pointwise: the cheap smoothing of the pyramid."""
    return nn.Sequential(
        *convolution(channels, channels, kernel=3, groups=channels),
        *convolution(channels, channels),
    )


def segmentation_head(channels: int, classes: int) -> nn.Sequential:
    """Features at stride 4 to logits at stride 4."""
    return nn.Sequential(separable(channels), nn.Conv2d(channels, classes, 1))


class Sharpening(nn.Module):
    """Correction of logits at stride 1; none before it has learnt any."""

    def __init__(self, fine: int, coarse: int, classes: int) -> None:
        """Lay the layers; the last starts at zero."""
        super().__init__()
        self.fine = nn.Sequential(*convolution(fine, _FINE_CHANNELS))
        self.coarse = nn.Sequential(*convolution(coarse, _FINE_CHANNELS))
        self.smooth = separable(_FINE_CHANNELS)
        self.narrow = nn.Sequential(*convolution(_FINE_CHANNELS, _FINEST_CHANNELS))
        self.pixels = nn.Sequential(*convolution(3, _FINEST_CHANNELS, kernel=3))
        self.finest = separable(_FINEST_CHANNELS)
        self.last = nn.Conv2d(_FINEST_CHANNELS, classes, 1)
        nn.init.zeros_(self.last.weight)
        if self.last.bias is not None:
            nn.init.zeros_(self.last.bias)

    def forward(self, image: Tensor, features: Features) -> Tensor:
        """Shape (N, classes, H, W)."""
        half = self.smooth(
            self.fine(features.fine) + _doubled(self.coarse(features.pyramid))
        )
        whole = self.finest(self.pixels(image) + _doubled(self.narrow(half)))
        corrections: Tensor = self.last(whole)
        return corrections


def _doubled(planes: Tensor) -> Tensor:
    return F.interpolate(planes, scale_factor=2.0, mode="nearest")


class LiteFPN(nn.Module):
    """Encoder, pyramid and the heads `damage` and `component`.

    The heads share everything but their last layers: what a thing is and what is
    wrong with it are answered apart, so that a wire competes with a tower for its
    component but never with a crack for its damage.
    """

    def __init__(self) -> None:
        """Draw random weights from torch's global generator."""
        super().__init__()
        self.stem = nn.Sequential(
            *convolution(
                3, _STEM_CHANNELS, kernel=3, stride=2, epsilon=_ENCODER_EPSILON
            )
        )
        widths = [_STEM_CHANNELS, *(plan.channels for plan in ENCODER_PLAN)]
        self.stages = nn.ModuleList(
            encoder_stage(inputs, plan)
            for inputs, plan in zip(widths, ENCODER_PLAN, strict=False)
        )
        self.lateral = nn.ModuleList(
            nn.Sequential(*convolution(widths[stage + 1], _PYRAMID_CHANNELS))
            for stage in PYRAMID_STAGES
        )
        self.context = separable(_PYRAMID_CHANNELS)
        self.smooth = nn.ModuleList(
            separable(_PYRAMID_CHANNELS) for _ in PYRAMID_STAGES[1:]
        )
        self.damage = segmentation_head(_PYRAMID_CHANNELS, len(DAMAGE_CLASSES))
        self.component = segmentation_head(_PYRAMID_CHANNELS, len(COMPONENT_CLASSES))
        self.sharpening = Sharpening(
            widths[FINE_STAGE + 1], _PYRAMID_CHANNELS, len(DAMAGE_CLASSES)
        )

    def encoded(self, image: Tensor) -> list[Tensor]:
        """Features of strides 2, 4, 8, 16 and 32 from an image (N, 3, H, W)."""
        features, kept = self.stem(image), []
        for number, stage in enumerate(self.stages):
            features = stage(features)
            if number in (FINE_STAGE, *PYRAMID_STAGES):
                kept.append(features)
        return kept

    def features(self, image: Tensor) -> Features:
        """Features at strides 2 and 4; the latter know their surroundings."""
        fine, *encoded = self.encoded(image)
        levels = [
            lateral(level) for lateral, level in zip(self.lateral, encoded, strict=True)
        ]
        merged: Tensor = self.context(levels[-1])
        for finer, smooth in zip(levels[-2::-1], self.smooth, strict=True):
            merged = smooth(_doubled(merged) + finer)
        return Features(fine, merged)

    def forward(self, image: Tensor) -> Logits:
        """Logits of both heads.

        Args:
            image: float32, shape (N, 3, H, W), red-green-blue, as `normalised` makes.
        """
        features = self.features(image)
        damage = enlarged(
            self.damage(features.pyramid), COMPONENT_STRIDE_PX // DAMAGE_STRIDE_PX
        )
        return Logits(
            damage + self.sharpening(image, features), self.component(features.pyramid)
        )


def normalised(rgb: Tensor) -> Tensor:
    """Grey values 0..255, any type, as the float32 the network reads."""
    return (rgb.to(torch.float32) - PIXEL_MEAN) / PIXEL_SCALE


def full_resolution(logits: Logits) -> Logits:
    """Logits of the picture's size, (N, classes, H, W); components interpolated."""
    return Logits(
        logits.damage,
        enlarged(logits.component, COMPONENT_STRIDE_PX),
    )


def enlarged(planes: Tensor, times: int) -> Tensor:
    """Planes (N, C, h, w) interpolated to (N, C, times h, times w)."""
    return F.interpolate(
        planes, scale_factor=float(times), mode="bilinear", align_corners=False
    )
