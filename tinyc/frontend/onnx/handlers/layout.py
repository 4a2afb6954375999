"""From ONNX's channels-first tensors of one or two spatial axes to NHWC and back."""

from __future__ import annotations

from tinyc.frontend.onnx.node import NodeView


def to_nhwc(node: NodeView, value: str) -> str:
    """(n, c, h, w) as (n, h, w, c); (n, c, l) as (n, 1, l, c)."""
    shape = node.shape_of(value)
    if len(shape) == 4:
        return node.transposed(value, (0, 2, 3, 1))
    n, c, length = shape
    return node.reshaped(node.transposed(value, (0, 2, 1)), (n, 1, length, c))


def from_nhwc(node: NodeView, value: str, rank: int) -> str:
    """(n, h, w, c) as (n, c, h, w); for rank 3 (n, 1, l, c) as (n, c, l)."""
    if rank == 4:
        return node.transposed(value, (0, 3, 1, 2))
    n, _, length, c = node.shape_of(value)
    return node.transposed(node.reshaped(value, (n, length, c)), (0, 2, 1))


def spatial_size(node: NodeView, index: int) -> tuple[int, ...]:
    """The sizes of the one or two spatial axes of input `index`."""
    shape = node.shape(index)
    if len(shape) < 3:
        raise node.invalid(f"its input must have a batch, channels and space, it has shape {shape}")
    if len(shape) > 4:
        raise node.unsupported(
            f"{len(shape) - 2} spatial axes: its input has shape {shape}", "one or two are supported"
        )
    return shape[2:]
