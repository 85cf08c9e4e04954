"""Figures of `karte explain`: where it shook, and what that means for one asset.

Drawn off screen (Agg), with the font that comes with the package; the same numbers give
the same picture.
"""

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from data.findings import Grade
from data.fragility import NORMAL_95, exceedance, monotone
from data.places import FONT
from data.words import D0_WORDS, DRILL_WORDS, GRADE_COLOURS, GRADE_WORDS

Array = NDArray[np.float64]

LAND = Path(__file__).parent / "web/base/land.geojson"
DPI = 130
CLASS_EDGES = (0.5, 1.5, 2.5, 3.5, 4.5, 5.0, 5.5, 6.0, 6.5, 7.5)
"""Where JMA's intensity classes begin: 1, 2, 3, 4, 5-lower .. 6-upper, 7."""
CLASS_NAMES = ("1", "2", "3", "4", "5弱", "5強", "6弱", "6強", "7")
FIELD_COLOURS = (
    *("#f4f4f6", "#dfe3ef", "#b9c8e6", "#8fa8d8", "#f6dd8a"),
    *("#f0a95a", "#dd6b4d", "#a8325c", "#5b1a5e"),
)
"""From light to dark, told apart without red against green, also in grey."""
COAST = "#6b6b70"
INK = "#1a1a1a"


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureHeading:
    """What every figure says of its operation."""

    operation: str
    drill: bool
    as_of: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPicture:
    """A field of shaking, and what was observed.

    Attributes:
        longitude: Of the columns, degrees, shape (W,).
        latitude: Of the rows, south to north, shape (H,).
        intensity: Median JMA intensity, shape (H, W).
        observed: Longitude, latitude and the middle of the class, shape (K, 3).
        epicentre: Longitude and latitude.
        asset: The same of the asset.
        asset_name: Its name or id.
    """

    longitude: Array
    latitude: Array
    intensity: Array
    observed: Array
    epicentre: tuple[float, float]
    asset: tuple[float, float]
    asset_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePicture:
    """The curves of one asset, and its shaking.

    Attributes:
        medians: Of D1..D4 or worse, in `unit`.
        betas: Of capacity alone.
        measure_ja: What the horizontal axis is; `measure_en` the same.
        shaking: Median, in `unit`.
        sigma_ln: Total, of the shaking.
        chances: P(D0)..P(D4) as the edition has them.
        asset_name: Its name or id.
        source: Of the curves.
    """

    medians: tuple[float, ...]
    betas: tuple[float, ...]
    measure_ja: str
    measure_en: str
    unit: str
    shaking: float
    sigma_ln: float
    chances: tuple[float, ...]
    asset_name: str
    source: str


def field_figure(picture: FieldPicture, heading: FigureHeading) -> bytes:
    """PNG of the shaking field, with the observed intensities beside it."""
    figure = _figure((11.5, 6.2), heading)
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    figure.subplots_adjust(left=0.055, right=0.9, top=0.84, bottom=0.1, wspace=0.06)
    norm, colours = _class_scale()
    left.pcolormesh(
        picture.longitude,
        picture.latitude,
        picture.intensity,
        norm=norm,
        cmap=colours,
        shading="nearest",
    )
    left.set_title("推定震度(中央値) · estimated intensity (median)", fontsize=10)
    right.scatter(
        picture.observed[:, 0],
        picture.observed[:, 1],
        c=picture.observed[:, 2],
        norm=norm,
        cmap=colours,
        s=26,
        edgecolors=INK,
        linewidths=0.4,
        zorder=3,
    )
    count = len(picture.observed)
    right.set_title(f"観測震度 {count} 点 · observed, {count} places", fontsize=10)
    for axes in (left, right):
        _draw_places(axes, picture)
    _class_legend(figure)
    return _png(figure)


def _draw_places(axes: Axes, picture: FieldPicture) -> None:
    """Coast, epicentre, asset and frame of one panel."""
    west, east = picture.longitude[[0, -1]]
    south, north = picture.latitude[[0, -1]]
    for line in _coast(shapely.box(west, south, east, north)):
        axes.plot(*line.T, color=COAST, linewidth=0.7, zorder=2)
    axes.plot(*picture.epicentre, marker="x", color=INK, ms=11, mew=2.4, zorder=5)
    axes.plot(
        *picture.asset,
        marker="D",
        color="white",
        markeredgecolor=INK,
        ms=8,
        mew=1.6,
        zorder=5,
    )
    axes.annotate(
        picture.asset_name,
        picture.asset,
        xytext=(8, 8),
        textcoords="offset points",
        fontsize=9,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        zorder=6,
    )
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect(1.0 / np.cos(np.radians((south + north) / 2.0)))
    axes.tick_params(labelsize=8)
    axes.set_xlabel("× 震央 epicentre   ◇ 対象施設 asset", fontsize=8)


def curve_figure(picture: CurvePicture, heading: FigureHeading) -> bytes:
    """PNG of the fragility curves with the asset's shaking drawn in."""
    figure = _figure((9.5, 6.2), heading)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.09, right=0.76, top=0.84, bottom=0.13)
    spread = np.exp(NORMAL_95 * picture.sigma_ln)
    low, high = picture.shaking / spread, picture.shaking * spread
    axes.axvspan(low, high, color="#c8c8cb", alpha=0.5, linewidth=0)
    axes.axvline(picture.shaking, color=INK, linewidth=1.6)
    start = min(low, *picture.medians) / 3.0
    end = max(high, *picture.medians) * 3.0
    _draw_curves(axes, picture, np.geomspace(start, end, 400))
    axes.set_xscale("log")
    axes.set_xlim(start, end)
    axes.set_ylim(0.0, 1.03)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(color="#e3e3e6", linewidth=0.6)
    axes.set_xlabel(
        f"{picture.measure_ja} · {picture.measure_en} ({picture.unit})", fontsize=9
    )
    axes.set_ylabel("その状態以上の確率 · chance of the state or worse", fontsize=9)
    axes.set_title(picture.asset_name, fontsize=11)
    figure.text(
        0.775,
        0.82,
        "\n".join(_facts(picture, low, high)),
        va="top",
        fontsize=8.5,
        linespacing=1.7,
    )
    return _png(figure)


def _draw_curves(axes: Axes, picture: CurvePicture, intensity: Array) -> None:
    """D1..D4 as curves with their number, and a mark where the asset is."""
    at = np.append(intensity, picture.shaking)
    curves = monotone(
        exceedance(at, np.array([picture.medians]), np.array([picture.betas]))
    )
    for k in range(1, 5):
        colour, words = GRADE_COLOURS[Grade(k)], GRADE_WORDS[Grade(k)]
        label = f"D{k} {words[0]} · {words[1]}"
        line = curves[:-1, k - 1]
        axes.plot(intensity, line, color=INK, linewidth=3.4)
        axes.plot(intensity, line, color=colour, linewidth=2.0, label=label)
        axes.plot(
            picture.shaking,
            curves[-1, k - 1],
            marker="o",
            color=colour,
            markeredgecolor=INK,
            ms=8,
            zorder=4,
        )
        axes.annotate(
            f"D{k}",
            (picture.shaking, curves[-1, k - 1]),
            xytext=(9, -4),
            textcoords="offset points",
            fontsize=9,
            zorder=5,
        )
    axes.legend(loc="upper left", fontsize=8.5, framealpha=0.95)


def _facts(picture: CurvePicture, low: float, high: float) -> list[str]:
    """What stands beside the curves."""
    chances = [f"  D{k}  {chance:.1%}" for k, chance in enumerate(picture.chances)]
    betas = sorted({round(beta, 3) for beta in picture.betas})
    return [
        "推定の揺れ · shaking",
        f"  中央値 median {picture.shaking:.3g} {picture.unit}",
        f"  5-95 % {low:.3g} - {high:.3g} {picture.unit}",
        f"  σ {picture.sigma_ln:.2f} (ln)",
        "耐力のばらつき · capacity",
        f"  β {', '.join(f'{beta:g}' for beta in betas)}",
        "揺れの不確かさを含む確率",
        "chances, shaking uncertain",
        *chances,
        "線は耐力のみの曲線",
        "curves: capacity alone",
        picture.source,
    ]


def _figure(inches: tuple[float, float], heading: FigureHeading) -> Figure:
    """An empty figure with what every figure has to say."""
    _use_font()
    figure = Figure(figsize=inches, dpi=DPI, facecolor="white")
    mode = " ".join(DRILL_WORDS[heading.drill])
    figure.text(0.02, 0.955, f"[{mode}] {heading.title}", fontsize=11, weight="normal")
    figure.text(
        0.02,
        0.915,
        f"{heading.operation} · {heading.as_of} · 推定・未確認 expected, not confirmed"
        f" · {D0_WORDS[0]} {D0_WORDS[1]}",
        fontsize=8,
        color="#555555",
    )
    return figure


@cache
def _use_font() -> None:
    """Make the bundled font the one that matplotlib writes with."""
    font_manager.fontManager.addfont(FONT)
    name = font_manager.FontProperties(fname=FONT).get_name()
    mpl.rcParams["font.family"] = name
    mpl.rcParams["axes.unicode_minus"] = False


def _png(figure: Figure) -> bytes:
    out = io.BytesIO()
    FigureCanvasAgg(figure)  # becomes the figure's canvas
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _class_scale() -> tuple[BoundaryNorm, Colormap]:
    colours = ListedColormap(FIELD_COLOURS).with_extremes(under="white")
    return BoundaryNorm(CLASS_EDGES, len(FIELD_COLOURS)), colours


def _class_legend(figure: Figure) -> None:
    """One square a class, the strongest on top."""
    patches = [
        Patch(facecolor=colour, edgecolor=INK, linewidth=0.5, label=f"震度 {name}")
        for colour, name in zip(FIELD_COLOURS, CLASS_NAMES, strict=True)
    ]
    figure.legend(
        handles=patches[::-1], loc="center right", fontsize=8.5, frameon=False
    )


@cache
def _land() -> shapely.Geometry:
    collection = shapely.from_geojson(LAND.read_bytes())
    return shapely.unary_union(shapely.get_parts(collection))


def _coast(window: shapely.Geometry) -> list[Array]:
    """Coast lines inside a window, each (N, 2)."""
    lines = shapely.get_parts(shapely.intersection(shapely.boundary(_land()), window))
    return [shapely.get_coordinates(line) for line in lines]
