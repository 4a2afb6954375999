"""Operators that take elements at even distances: slices, parts, repetitions."""

from __future__ import annotations

import numpy as np

from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.strided import Strided


def repeated(node: NodeView, value: str, shape: tuple[int, ...]) -> str:
    """`value` broadcast to a shape."""
    old = node.shape_of(value)
    sizes = (1,) * (len(shape) - len(old)) + old
    value = node.reshaped(value, sizes)
    if sizes == shape:
        return value
    step = tuple(int(size > 1) for size in sizes)
    return node.emit(Strided(shape, (0,) * len(shape), step), value)


def expand(node: NodeView) -> str:
    """Broadcast against a shape."""
    old, wanted = node.shape(0), node.integers(1, "shape")
    try:
        shape = np.broadcast_shapes(old, wanted)
    except ValueError:
        raise node.invalid(f"{old} does not broadcast to {wanted}") from None
    return repeated(node, node.value(0), shape)
