"""Operators that read images at points which are known at run time: GridSample and AffineGrid, RoiAlign, DeformConv."""

from __future__ import annotations

from math import prod

import numpy as np

from tinyc.frontend.onnx.handlers.convolution import with_bias
from tinyc.frontend.onnx.handlers.einsum import product
from tinyc.frontend.onnx.handlers.sliding import read_axes
from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.pieces import taken
from tinyc.ops.add import Add
from tinyc.ops.grid_sample import OUTSIDE, TAPS, GridSample
from tinyc.ops.mul import Mul
from tinyc.ops.roi_align import RoiAlign

_OLD_NAMES = {"bilinear": "linear", "bicubic": "cubic"}  # of modes, before opset 20


def grid_sample(node: NodeView) -> str:
    """The image at each point of a grid."""
    mode = node.attributes.text("mode", "linear")
    mode = _OLD_NAMES.get(mode, mode)
    if mode not in TAPS:
        raise node.attributes.unsupported("mode", mode, ", ".join(TAPS))
    outside = node.attributes.text("padding_mode", "zeros")
    if outside not in OUTSIDE:
        raise node.attributes.unsupported("padding_mode", outside, ", ".join(OUTSIDE))
    coordinates = "centres" if node.attributes.flag("align_corners") else "edges"
    return node.emit(GridSample(mode, outside, coordinates), node.value(0), node.value(1))


def affine_grid(node: NodeView) -> str:
    """The points of a grid after an affine map of each image: first the last axis, as GridSample wants them."""
    size, theta = node.integers(1, "size"), node.shape(0)
    axes = len(size) - 2
    if axes not in (2, 3) or theta != (size[0], axes, axes + 1) or min(size) < 1:
        raise node.invalid(f"maps of shape {theta} do not fit a grid of size {size}")
    corners = node.attributes.flag("align_corners")
    lines = [np.linspace(-1, 1, n) if corners and n > 1 else (2 * np.arange(n) + 1) / n - 1 for n in size[2:]]
    points = np.stack([*np.meshgrid(*lines, indexing="ij")[::-1], np.ones(size[2:])], -1).reshape(-1, axes + 1)
    grid = node.store(points.astype(np.float32), f"{node.name}.points")
    return node.reshaped(product(node, [("pk", grid), ("nak", node.value(0))], "npa"), (size[0], *size[2:], axes))


def roi_align(node: NodeView) -> str:
    """Regions of images, each in as many bins."""
    mode = node.attributes.text("mode", "avg")
    if mode not in ("avg", "max"):
        raise node.attributes.unsupported("mode", mode, "'avg' and 'max'")
    half = "half_pixel" if node.opset >= 16 else "output_half_pixel"
    if node.opset >= 16:
        half = node.attributes.text("coordinate_transformation_mode", half)
    if half not in ("half_pixel", "output_half_pixel"):
        raise node.attributes.unsupported(
            "coordinate_transformation_mode", half, "'half_pixel' and 'output_half_pixel'"
        )
    op = RoiAlign(
        size=(node.attributes.integer("output_height", 1), node.attributes.integer("output_width", 1)),
        scale=node.attributes.number("spatial_scale", 1.0),
        samples=node.attributes.integer("sampling_ratio", 0),
        largest=mode == "max",
        half_pixel=half == "half_pixel",
    )
    return node.emit(op, *(node.value(i) for i in range(3)))


def deform_conv(node: NodeView) -> str:
    """A convolution whose cells lie where a second tensor says: the cells are read first, then multiplied."""
    shape, weights = node.shape(0), node.shape(1)
    if len(shape) < 3 or len(weights) != len(shape):
        raise node.invalid(f"weights of shape {weights} do not fit an input of shape {shape}")
    groups, parts = node.attributes.integer("group", 1), node.attributes.integer("offset_group", 1)
    n, channels, out = shape[0], shape[1], weights[0]
    if groups < 1 or weights[1] * groups != channels or out % groups or parts < 1 or channels % parts:
        raise node.invalid(f"weights of shape {weights} in {groups} groups, {parts} of offsets, do not fit {channels}")
    kernel = node.attributes.integers("kernel_shape") or weights[2:]
    axes = read_axes(node, shape[2:], kernel)
    size, taps, rank = tuple(axis.windows(False) for axis in axes), prod(kernel), len(axes)
    if kernel != weights[2:] or node.shape(2) != (n, parts * taps * rank, *size):
        raise node.invalid(f"offsets of shape {node.shape(2)} and weights of shape {weights} do not fit {size} results")

    # where each cell of the window of each result lies, with its offset: first the last axis, then the batch before all
    lines = [
        np.arange(axis.kernel)[:, None] * axis.dilation + np.arange(axis.windows(False)) * axis.stride - axis.before
        for axis in axes
    ]
    places = np.zeros((*kernel, *size, rank), np.float32)
    for a, line in enumerate(lines):
        around = [1] * (2 * rank)
        around[a], around[rank + a] = line.shape
        places[..., rank - 1 - a] = line.reshape(around)
    moved = node.reshaped(node.value(2), (n * parts, taps, rank, *size))
    moved = node.transposed(moved, (0, 1, *range(3, 3 + rank), 2))
    moved = taken(node, moved, {2 + rank: (rank, rank - 1, -1)}) if rank > 1 else moved
    grid = node.emit(Add(), moved, node.store(places.reshape(taps, *size, rank), f"{node.name}.places"))
    images = node.reshaped(node.value(0), (n * parts, channels // parts, *shape[2:]))
    cells = node.emit(GridSample("linear", "zeros", "cells"), images, grid)
    if node.has(4):
        cells = node.emit(Mul(), cells, node.reshaped(node.value(4), (n * parts, 1, taps, *size)))

    columns = node.reshaped(cells, (n, groups, channels // groups * taps, prod(size)))
    rows = node.reshaped(node.value(1), (groups, out // groups, channels // groups * taps))
    y = product(node, [("gok", rows), ("ngkp", columns)], "ngop")
    return with_bias(node, node.reshaped(y, (n, out, *size)), 3)
