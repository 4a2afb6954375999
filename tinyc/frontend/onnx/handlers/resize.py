"""Resize and its forerunner Upsample: another number of cells along the one or two spatial axes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from tinyc.frontend.onnx.handlers.layout import from_nhwc, spatial_size, to_nhwc
from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.resize import MAX_UNIT, Resize

COORDINATES = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "asymmetric",
    "align_corners",
    "tf_half_pixel_for_nn",
)
LARGEST = MAX_UNIT // 4  # numerator of a scale: the unit of places is up to four times as large
ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


@dataclass(frozen=True)
class _Axis:
    """`cells` of the input become `size` of the result, `scale` times as many."""

    cells: int
    size: int
    scale: Fraction


@dataclass(frozen=True)
class _Line:
    """The place that result i comes from is (first + i · step) / unit."""

    first: int
    step: int
    unit: int


def resize(node: NodeView) -> str:
    """Before opset 11 from scales only; from then on from scales or sizes, and with a choice of coordinates."""
    if node.opset < 11:
        return _resized(node, _by_scales(node, node.floats(1, "scales"), range(len(node.shape(0)))), "asymmetric", "")
    node.attributes.ignore("cubic_coeff_a", "exclude_outside", "extrapolation_value")  # of modes that are refused
    if node.opset >= 18:
        if node.attributes.flag("antialias"):
            raise node.attributes.unsupported("antialias", 1, "0", "export without antialiasing")
        policy = node.attributes.text("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            raise node.attributes.unsupported("keep_aspect_ratio_policy", policy, "'stretch'", "give the final sizes")
    coordinates = node.attributes.text("coordinate_transformation_mode", "half_pixel")
    if coordinates not in COORDINATES:
        raise node.attributes.unsupported("coordinate_transformation_mode", coordinates, ", ".join(COORDINATES))
    rounding = node.attributes.text("nearest_mode", "round_prefer_floor")
    if rounding not in ROUNDINGS:
        raise node.attributes.unsupported("nearest_mode", rounding, ", ".join(ROUNDINGS))
    return _resized(node, _axes(node), coordinates, rounding)


def upsample(node: NodeView) -> str:
    """Scales are an attribute before opset 9, an input from then on."""
    given: Iterable[float] = node.floats(1, "scales") if node.opset >= 9 else node.attributes.numbers("scales") or ()
    return _resized(node, _by_scales(node, given, range(len(node.shape(0)))), "asymmetric", "")


def _axes(node: NodeView) -> list[_Axis]:
    """All axes, from whichever of scales and sizes is given."""
    shape = node.shape(0)
    named = node.attributes.integers("axes") if node.opset >= 18 else None
    places: Sequence[int] = range(len(shape))
    if named is not None:
        places = [node.axis(a, len(shape)) for a in named]
        if len(set(places)) != len(places):
            raise node.invalid(f"axes {named} of a tensor of {len(shape)} axes name one twice")
    by_scales, by_sizes = (node.has(i) and node.shape(i) != (0,) for i in (2, 3))
    if by_scales == by_sizes:
        raise node.invalid("either scales or sizes must be given" + (", not both" if by_scales else ""))
    if by_scales:
        return _by_scales(node, node.floats(2, "scales"), places)
    sizes = node.integers(3, "sizes")
    if len(sizes) != len(places) or min(sizes) < 1:
        raise node.invalid(f"{len(places)} axes want as many positive sizes, not {sizes}")
    wanted = {**dict(enumerate(shape)), **dict(zip(places, sizes, strict=True))}
    return [_Axis(old, wanted[a], Fraction(wanted[a], old)) for a, old in enumerate(shape)]


def _by_scales(node: NodeView, given: Iterable[float], places: Sequence[int]) -> list[_Axis]:
    """All axes, with these scales for those at `places`; sizes are rounded down as ONNX Runtime does it, in float32."""
    shape, scales = node.shape(0), [np.float32(s) for s in given]
    if len(scales) != len(places) or not all(0 < s < np.inf for s in scales):
        raise node.invalid(f"{len(places)} axes want as many positive scales, not {tuple(map(float, scales))}")
    wanted = dict(zip(places, scales, strict=True))
    axes = []
    for a, old in enumerate(shape):
        scale = wanted.get(a, np.float32(1))
        size = int(np.float32(old) * scale)
        if size < 1:
            raise node.invalid(f"nothing is left of axis {a}, {old} cells, at a scale of {scale}")
        axes.append(_Axis(old, size, _simplest(scale)))
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


def _resized(node: NodeView, axes: Sequence[_Axis], coordinates: str, rounding: str) -> str:
    mode = node.attributes.text("mode", "nearest")
    if mode not in ("nearest", "linear"):
        raise node.attributes.unsupported("mode", mode, "'nearest' and 'linear'")
    spatial_size(node, 0)
    if any(a.size != a.cells or a.scale != 1 for a in axes[:2]):
        raise node.unsupported("another size of the batch or the channels", "only spatial axes can be resized")
    if all(axis.size == axis.cells for axis in axes):
        return node.value(0)  # whatever the scales, as in ONNX Runtime
    linear = mode == "linear"
    lines = [_line(node, axis, coordinates, "floor" if linear else rounding) for axis in axes[2:]]
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
    return from_nhwc(node, node.emit(op, to_nhwc(node, node.value(0))), len(node.shape(0)))


def _line(node: NodeView, axis: _Axis, coordinates: str, rounding: str) -> _Line:
    """Where results come from, so that the integer part of the place is the cell that the `rounding` wants."""
    first, step = _places(axis, coordinates)
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


def _places(axis: _Axis, coordinates: str) -> tuple[Fraction, Fraction]:
    """The place of result 0 in the input, and from each to the next."""
    half, step = Fraction(1, 2), 1 / axis.scale
    if axis.scale == 1:  # whatever the coordinates, as in ONNX Runtime
        return Fraction(0), step
    match coordinates:
        case "half_pixel":
            return (step - 1) * half, step
        case "half_pixel_symmetric":
            missing = axis.cells - axis.size * step
            return (missing + step - 1) * half, step
        case "pytorch_half_pixel":
            return ((step - 1) * half, step) if axis.size > 1 else (Fraction(0), Fraction(0))
        case "align_corners":
            return Fraction(0), Fraction(axis.cells - 1, axis.size - 1) if axis.size > 1 else Fraction(0)
        case "tf_half_pixel_for_nn":
            return step * half, step
    return Fraction(0), step
