"""Resize and its forerunner Upsample: another number of cells along some axes.

Nearest and linear over the one or two spatial axes of images are an operator of their own, which has an int8 form.
Everything else goes axis by axis, as sums of cells with weights from a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isfinite, lcm

import numpy as np

from tinyc.frontend.onnx.handlers.layout import from_nhwc, to_nhwc
from tinyc.frontend.onnx.handlers.sampling import COORDINATES, ROUNDINGS, Axis, Kernel, places, sampled
from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.resize import MAX_UNIT, Resize

LARGEST = MAX_UNIT // 4  # numerator of a scale: the unit of places is up to four times as large


@dataclass(frozen=True)
class _Line:
    """The place that result i comes from is (first + i · step) / unit."""

    first: int
    step: int
    unit: int


def resize(node: NodeView) -> str:
    """Before opset 11 from scales only; from then on from scales or sizes, and with a choice of coordinates."""
    if node.opset < 11:
        axes = _by_scales(node, node.floats(1, "scales").reshape(-1), range(len(node.shape(0))))
        return _resized(node, axes, "asymmetric", Kernel(node.attributes.text("mode", "nearest")))
    coordinates = node.attributes.text("coordinate_transformation_mode", "half_pixel")
    if coordinates not in COORDINATES:
        raise node.attributes.unsupported("coordinate_transformation_mode", coordinates, ", ".join(COORDINATES))
    rounding = node.attributes.text("nearest_mode", "round_prefer_floor")
    if rounding not in ROUNDINGS:
        raise node.attributes.unsupported("nearest_mode", rounding, ", ".join(ROUNDINGS))
    cubic = node.attributes.number("cubic_coeff_a", -0.75)
    if not isfinite(cubic):
        raise node.attributes.unsupported("cubic_coeff_a", cubic, "a finite number")
    kernel = Kernel(
        node.attributes.text("mode", "nearest"),
        rounding,
        Fraction(cubic),
        antialias=node.opset >= 18 and node.attributes.flag("antialias"),
        only_inside=node.attributes.flag("exclude_outside"),
    )
    if kernel.antialias and kernel.mode == "nearest":
        raise node.attributes.unsupported("antialias", 1, "0 for mode 'nearest'")
    return _resized(node, _axes(node, coordinates), coordinates, kernel)


def upsample(node: NodeView) -> str:
    """Scales are an attribute before opset 9, an input from then on."""
    given: Iterable[float] = (
        node.floats(1, "scales").reshape(-1) if node.opset >= 9 else node.attributes.numbers("scales") or ()
    )
    axes = _by_scales(node, given, range(len(node.shape(0))))
    return _resized(node, axes, "asymmetric", Kernel(node.attributes.text("mode", "nearest")))


def _axes(node: NodeView, coordinates: str) -> list[Axis]:
    """All axes, from whichever of scales and sizes is given."""
    shape = node.shape(0)
    named = node.attributes.integers("axes") if node.opset >= 18 else None
    chosen: Sequence[int] = range(len(shape))
    if named is not None:
        chosen = [node.axis(a, len(shape)) for a in named]
        if len(set(chosen)) != len(chosen):
            raise node.invalid(f"axes {named} of a tensor of {len(shape)} axes name one twice")
    by_scales, by_sizes = (node.has(i) and node.shape(i) != (0,) for i in (2, 3))
    if by_scales == by_sizes:
        raise node.invalid("either scales or sizes must be given" + (", not both" if by_scales else ""))
    axes = _by_scales(node, node.floats(2, "scales").reshape(-1), chosen) if by_scales else _by_sizes(node, chosen)
    if by_scales and coordinates in ("align_corners", "tf_crop_and_resize"):
        for axis in axes:
            if axis.size != axis.scale * axis.cells and axis.cells > 1:
                raise node.unsupported(
                    f"scales that make {axis.cells} cells {float(axis.scale * axis.cells):g}, with {coordinates}, of "
                    "which ONNX and ONNX Runtime have different ideas", "give sizes instead of scales",
                )  # fmt: skip
    return _cropped(node, axes, chosen) if coordinates == "tf_crop_and_resize" else axes


def _cropped(node: NodeView, axes: list[Axis], chosen: Sequence[int]) -> list[Axis]:
    """With the regions of interest: first all starts, then all ends."""
    region = node.floats(1, "region of interest").reshape(-1).tolist()
    if len(region) != 2 * len(chosen):
        raise node.invalid(f"a region of interest of {len(region)} numbers for {len(chosen)} axes")
    outside = node.attributes.number("extrapolation_value", 0.0)
    for place, a in enumerate(chosen):
        start, end = (Fraction(region[i]) for i in (place, len(chosen) + place))
        axes[a] = replace(axes[a], start=start, end=end, outside=outside)
    return axes


def _by_sizes(node: NodeView, chosen: Sequence[int]) -> list[Axis]:
    """All axes, with these sizes for the chosen ones, or with one scale for them if the aspect ratio is to stay."""
    shape, sizes = node.shape(0), node.integers(3, "sizes")
    if len(sizes) != len(chosen) or min(sizes) < 1:
        raise node.invalid(f"{len(chosen)} axes want as many positive sizes, not {sizes}")
    axes = [Axis(old, old, Fraction(1)) for old in shape]
    scales = [Fraction(size, shape[a]) for a, size in zip(chosen, sizes, strict=True)]
    policy = node.attributes.text("keep_aspect_ratio_policy", "stretch") if node.opset >= 18 else "stretch"
    if policy not in ("stretch", "not_larger", "not_smaller"):
        raise node.attributes.unsupported(
            "keep_aspect_ratio_policy", policy, "'stretch', 'not_larger' and 'not_smaller'"
        )
    for a, size, scale in zip(chosen, sizes, scales, strict=True):
        if policy != "stretch":
            scale = min(scales) if policy == "not_larger" else max(scales)
            size = max(int(scale * shape[a] + Fraction(1, 2)), 1)
        axes[a] = Axis(shape[a], size, scale)
    return axes


def _by_scales(node: NodeView, given: Iterable[float], chosen: Sequence[int]) -> list[Axis]:
    """All axes, with these scales for the chosen ones; sizes are rounded down as ONNX Runtime does it, in float32."""
    shape, scales = node.shape(0), [np.float32(s) for s in given]
    if len(scales) != len(chosen) or not all(0 < s < np.inf for s in scales):
        raise node.invalid(f"{len(chosen)} axes want as many positive scales, not {tuple(map(float, scales))}")
    wanted = dict(zip(chosen, scales, strict=True))
    axes = []
    for a, old in enumerate(shape):
        scale = wanted.get(a, np.float32(1))
        size = int(np.float32(old) * scale)
        if size < 1:
            raise node.invalid(f"nothing is left of axis {a}, {old} cells, at a scale of {scale}")
        axes.append(Axis(old, size, _simplest(scale)))
    return axes


def _simplest(scale: np.float32) -> Fraction:
    """A fraction of small terms that is `scale` in float32: 17 / 10 is meant by what is stored for it.

    Or the nearest one whose numerator is not above LARGEST, which lies within a few millionths.
    """
    exact = Fraction(float(scale))
    closer = [f for f in (exact.limit_denominator(1 << bits) for bits in range(25)) if f.numerator <= LARGEST]
    return next(
        (f for f in closer if np.float32(f.numerator / f.denominator) == scale), closer[-1] if closer else exact
    )


def _resized(node: NodeView, axes: Sequence[Axis], coordinates: str, kernel: Kernel) -> str:
    if kernel.mode not in ("nearest", "linear", "cubic"):
        raise node.attributes.unsupported("mode", kernel.mode, "'nearest', 'linear' and 'cubic'")
    if all(axis.size == axis.cells and axis.is_whole for axis in axes):
        return node.value(0)  # whatever the scales, as in ONNX Runtime
    if not _is_image(node, axes) or kernel.mode == "cubic" or kernel.antialias or coordinates == "tf_crop_and_resize":
        return sampled(node, axes, coordinates, kernel)
    linear = kernel.mode == "linear"
    lines = [_line(axis, coordinates, "floor" if linear else kernel.rounding) for axis in axes[2:]]
    sizes = [axis.size for axis in axes[2:]]
    if len(lines) == 1:
        lines, sizes = [_Line(0, 1, 1), *lines], [1, *sizes]
    op = Resize(
        size=(sizes[0], sizes[1]),
        first=(lines[0].first, lines[1].first),
        step=(lines[0].step, lines[1].step),
        unit=(lines[0].unit, lines[1].unit),
        linear=linear,
    )
    return from_nhwc(node, node.emit(op, to_nhwc(node, node.value(0))), len(axes))


def _is_image(node: NodeView, axes: Sequence[Axis]) -> bool:
    """Whether one or two spatial axes of floats alone are resized."""
    return len(axes) in (3, 4) and node.is_float(0) and all(a.size == a.cells and a.scale == 1 for a in axes[:2])


def _line(axis: Axis, coordinates: str, rounding: str) -> _Line:
    """Where results come from, so that the integer part of the place is the cell that the `rounding` wants."""
    first, step = places(axis, coordinates)
    unit = lcm(first.denominator, step.denominator)
    start, stride = int(first * unit), int(step * unit)
    match rounding or ("ceil" if axis.scale < 1 else "floor"):  # what ONNX left open before opset 11
        case "ceil":
            return _Line(start + unit - 1, stride, unit)
        case "round_prefer_ceil":  # the integer part of place + 1/2
            return _Line(2 * start + unit, 2 * stride, 2 * unit)
        case "round_prefer_floor":  # the same, less half of the least difference
            return _Line(2 * start + unit - 1, 2 * stride, 2 * unit)
    return _Line(start, stride, unit)
