"""Attention in forms that ONNX defines by loops. The others are made of the operators that ONNX says."""

from __future__ import annotations

from math import prod, sqrt

import numpy as np

from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.pieces import taken
from tinyc.ops.linear_attention import LinearAttention

_STATE, _DECAY, _BETA = 3, 4, 5
_RULES = {
    "linear": (False, False), "gated": (True, False), "delta": (False, True), "gated_delta": (True, True),
}  # fmt: skip


def linear_attention(node: NodeView) -> list[str | None]:
    """Sums over earlier steps in a matrix for each head, which fade, or are corrected, by the rule."""
    node.attributes.ignore("chunk_size")  # how it may be computed
    rule = node.attributes.text("update_rule", "gated_delta")
    if rule not in _RULES:
        raise node.invalid(f"attribute update_rule = {rule!r}: it is one of {', '.join(_RULES)}")
    for index, wanted in zip((_DECAY, _BETA), _RULES[rule], strict=True):
        if node.has(index) is not wanted:
            raise node.invalid(f"update_rule {rule!r} {'wants' if wanted else 'has no'} input {index}")
    heads, groups = node.attributes.integer("q_num_heads", 0), node.attributes.integer("kv_num_heads", 0)
    if heads < 1 or groups < 1 or heads % groups or len(node.shape(0)) != 3 or len(node.shape(2)) != 3:
        raise node.invalid(f"{heads} heads of {groups} groups, queries of shape {node.shape(0)}")
    batches, steps, size = node.shape(0)
    keys, values = size // heads, node.shape(2)[2] // groups
    if not keys or not values:
        raise node.invalid(f"{heads} heads of {groups} groups, queries of shape {node.shape(0)}")
    if node.has(_STATE):
        state = node.value(_STATE)
    else:
        state = node.store(np.zeros((batches, groups, keys, values), np.float32), f"{node.name}.state")
    scale = node.attributes.number("scale", 0.0) or 1 / sqrt(keys)
    further = [node.value(index) for index in (_DECAY, _BETA) if node.has(index)]
    op = LinearAttention(heads, scale, node.has(_DECAY), node.has(_BETA))
    both = node.emit(op, node.value(0), node.value(1), node.value(2), state, *further)
    shapes = ((batches, steps, heads * values), (batches, groups, keys, values))
    parts = ((prod(shapes[0]), 0, 1), (prod(shapes[1]), prod(shapes[0]), 1))
    return [node.reshaped(taken(node, both, {0: part}), shape) for part, shape in zip(parts, shapes, strict=True)]
