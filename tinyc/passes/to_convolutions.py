"""Layers of a quantized model that are convolutions in all but name, as such.

Why: a convolution has the one integer form that scales every channel by itself and rounds once. Batch normalizations
that stand by themselves scale and shift channels; averages under another scale than their input's would else be
rounded twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.graph import Graph, Node
from tinyc.ir.op import F32
from tinyc.ops.depthwise_conv2d import DepthwiseConv2D
from tinyc.ops.reshape import Reshape
from tinyc.passes.fold_affine import per_channel
from tinyc.passes.fold_padding import into_consumer
from tinyc.passes.rewrite import Sweep, rewrite

WHOLE = 127
"""The largest stored weight."""
MOST = 2**29
"""Of a stored shift."""

F64 = NDArray[np.float64]


def to_convolutions(graph: Graph) -> Graph:
    """The pass. Float graphs in which `dequantize` and `quantize` say what is stored how."""
    return rewrite(graph, scaled_channels, averages, into_consumer)


def averages(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """Averages between two scales."""
    q = node.op.quantization()
    producer = sweep.producer(node.ins[0]) if q is not None and sweep.uses[node.ins[0]] == 1 else None
    if producer is None:
        return None
    x = _dequantized(producer.ins[0], sweep)
    same = x is not None and x.op.dequantization() == q
    made = None if same else producer.op.as_convolution(*(sweep.types[v] for v in producer.ins))
    if made is None:
        return None
    op, weights, bias = made
    ins = (producer.ins[0], sweep.constant(f"{node.ins[0]}_weights", weights), sweep.constant(f"{node.ins[0]}_b", bias))
    layer = sweep.apply(op, ins, node.ins[0], producer.name)
    return [layer, Node(node.op, layer.outs, node.outs, node.name)]


def scaled_channels(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """Every channel of a dequantized tensor times and plus numbers of its own, and clamped, before it is quantized."""
    if node.op.quantization() is None:
        return None
    value, names = node.ins[0], set()
    clamp: tuple[float, float] | None = None
    scale: F32 = np.ones(1, np.float32)
    shift: F32 = np.zeros(1, np.float32)
    while (source := _dequantized(value, sweep)) is None:
        layer = sweep.producer(value)
        if layer is None or sweep.uses[value] != 1:
            return None
        op, bounds = layer.op.unclamped()
        found = per_channel(Node(op, layer.ins, layer.outs, layer.name), sweep)
        if found is None or (clamp is not None and bounds != (-np.inf, np.inf)):
            return None
        clamp = clamp or bounds
        value, scale, shift = found[0], scale * found[1], scale * found[2] + shift
        names.add(layer.name)
    x = source.op.dequantization()
    if clamp is None or x is None or max(scale.size, shift.size) == 1 or not sweep.types[value].rank:
        return None  # without channels of their own they are tables
    weights, bias, scales = _of_channels(scale, shift, sweep.types[value].shape[-1], x.per_tensor_scale)
    op = DepthwiseConv2D(weight_scales=scales, low=clamp[0], high=clamp[1])
    ins = (sweep.constant(f"{value}_scale", weights), sweep.constant(f"{value}_shift", bias))
    return _on_images(op, value, ins, node, min(names), sweep)


def _dequantized(value: str, sweep: Sweep) -> Node | None:
    """The node that dequantizes what is computed to `value`."""
    node = sweep.producer(value)
    return node if node and node.op.dequantization() and node.ins[0] not in sweep.constants else None


def _of_channels(scale: F32, shift: F32, channels: int, x: float) -> tuple[F32, F32, tuple[float, ...]]:
    """Weights and bias of a depthwise convolution, and the scales of its stored weights.

    A channel's stored weight may be any whole number: the one with which its bias is closest to one too.
    """
    factors, bias = (np.broadcast_to(a.astype(np.float64), (channels,)) for a in (scale, shift))
    least = np.maximum(np.abs(bias) / (x * MOST), 2.0**-60)
    units = np.maximum(np.abs(factors) / np.arange(WHOLE, WHOLE // 2, -1)[:, None], least)
    off = np.abs(bias / (x * units) - np.rint(bias / (x * units))) * units
    scales = np.take_along_axis(units, off.argmin(axis=0)[None], axis=0)[0]
    weights = np.ascontiguousarray(factors.reshape(1, 1, 1, channels), dtype=np.float32)
    return weights, np.ascontiguousarray(bias, dtype=np.float32), tuple(scales.tolist())


def _on_images(
    op: DepthwiseConv2D, value: str, constants: tuple[str, str], node: Node, name: str, sweep: Sweep
) -> Sequence[Node]:
    """The convolution between `value` and the quantize `node`, for which a tensor of other ranks is an image."""
    shape = sweep.types[value].shape
    if len(shape) == 4:
        layer = sweep.apply(op, (value, *constants), node.ins[0], name)
        return [layer, Node(node.op, layer.outs, node.outs, node.name)]
    rows = sweep.types[value].size // shape[-1]
    image = sweep.apply(Reshape(shape=(1, rows, 1, shape[-1])), (value,), f"{value}_image", name)
    layer = sweep.apply(op, (*image.outs, *constants), f"{node.ins[0]}_image", name)
    back = sweep.apply(Reshape(shape=shape), layer.outs, node.ins[0], name)
    return [image, layer, back, Node(node.op, back.outs, node.outs, node.name)]
