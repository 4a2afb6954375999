"""The attributes that convolutions and pools share: kernel, strides, dilations, and padding in all its forms."""

from __future__ import annotations

from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.sliding import MAX_VALUE, Axis, Sliding, plane


def read_sliding(node: NodeView, size: tuple[int, ...], kernel: tuple[int, ...]) -> Sliding:
    """The window that `node` moves over a tensor with one or two spatial axes of `size`."""
    return plane(node, read_axes(node, size, kernel))


def read_axes(node: NodeView, size: tuple[int, ...], kernel: tuple[int, ...]) -> tuple[Axis, ...]:
    """The axes of a window over any number of axes of `size`."""
    rank = len(size)
    check_values(node, "kernel_shape", kernel, rank, least=1)
    strides = attribute_values(node, "strides", rank)
    dilations = attribute_values(node, "dilations", rank)
    pads = node.attributes.integers("pads")
    auto_pad = node.attributes.text("auto_pad", "NOTSET")
    if auto_pad not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise node.attributes.unsupported("auto_pad", auto_pad, "NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    if auto_pad == "NOTSET":
        pads = (0,) * (2 * rank) if pads is None else pads
        check_values(node, "pads", pads, 2 * rank, least=0)
    elif pads is not None and any(pads):
        raise node.invalid(f"attributes auto_pad = {auto_pad!r} and pads = {pads} contradict each other")
    axes = []
    for i in range(rank):
        axis = Axis(size[i], kernel[i], strides[i], 1 if kernel[i] == 1 else dilations[i])
        if auto_pad.startswith("SAME"):
            axis = axis.same(auto_pad == "SAME_UPPER")
        elif auto_pad == "NOTSET" and pads is not None:
            axis = Axis(axis.size, axis.kernel, axis.stride, axis.dilation, pads[i], pads[rank + i])
        if axis.size + axis.before + axis.after < axis.extent:
            raise node.invalid(f"a window of {axis.extent} cells is larger than the padded input: {axis}")
        axes.append(axis)
    return tuple(axes)


def attribute_values(node: NodeView, name: str, rank: int) -> tuple[int, ...]:
    """A positive number for each spatial axis; 1 if the attribute is not given."""
    values = node.attributes.integers(name)
    if values is None:
        return (1,) * rank
    check_values(node, name, values, rank, least=1)
    return values


def check_values(node: NodeView, name: str, values: tuple[int, ...], count: int, least: int) -> None:
    """UnsupportedError unless an attribute has `count` values of a sensible size."""
    if len(values) != count or not all(least <= v <= MAX_VALUE for v in values):
        raise node.attributes.unsupported(name, values, f"{count} values from {least} to {MAX_VALUE}")
