"""Operators that move elements and compute nothing."""

from __future__ import annotations

from math import prod

import numpy as np
from onnx import TensorProto, helper

from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.onnx.tensors import element_name
from tinyc.ir.types import DType
from tinyc.ops.bitcast import Bitcast
from tinyc.ops.cast import Cast
from tinyc.ops.concat import Concat

_FLOATING = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16)
_NUMBERS = (
    TensorProto.BOOL, TensorProto.INT8, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64,
    TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64,
)  # fmt: skip


def identity(node: NodeView) -> str:
    return node.value(0)


def dropout(node: NodeView) -> list[str]:
    """Drops nothing, as always outside training; the mask says so."""
    node.attributes.ignore("ratio", "seed")
    if node.opset >= 12 and node.has(2) and node.constant(2, "training mode").any():
        raise node.unsupported("training mode", "export the model in evaluation mode")
    kept = np.ones(node.shape(0), bool if node.opset >= 10 else np.float32)
    return [node.value(0), *(node.store(kept, name) for name in node.results[1:])]


def element_attribute(node: NodeView, name: str, of_bits: bool = False) -> DType:
    """The element type that an attribute names; all floats are float32 here, unless their bits count."""
    given = node.attributes.integer(name, TensorProto.UNDEFINED)
    kind = DType.F32 if given in (_FLOATING[:1] if of_bits else _FLOATING) else None
    if kind is None and given in _NUMBERS:
        kind = DType.of(helper.tensor_dtype_to_np_dtype(given))
    if kind is None:
        wanted = "float32" if of_bits else "floats of 16 bits and more"
        raise node.attributes.unsupported(name, element_name(given), f"{wanted}, integers from 8 to 64 bits")
    return kind


def bit_cast(node: NodeView) -> str:
    """The same bits as another type of the same width; floats have 32 bits here."""
    return node.emit(Bitcast(element_attribute(node, "to", of_bits=True).value), node.value(0))


def cast(node: NodeView) -> str:
    """To another element type; all floating-point types are float32 here, whatever the model calls them."""
    node.attributes.ignore("saturate", "round_mode")  # of casts to 8-bit floats
    return _converted(node, element_attribute(node, "to"))


def cast_like(node: NodeView) -> str:
    """To the element type of another tensor."""
    node.attributes.ignore("saturate", "round_mode")
    return _converted(node, DType.F32 if node.is_float(1) else DType(DType.of(node.element(1))))


def _converted(node: NodeView, kind: DType) -> str:
    source = DType.F32 if node.is_float(0) else DType.of(node.element(0))
    return node.value(0) if source is kind else node.emit(Cast(kind.value), node.value(0))


def reshape(node: NodeView) -> str:
    """0 keeps an axis unless allowzero, −1 takes what is left."""
    old = node.shape(0)
    wanted = node.integers(1, "shape")
    allow_zero = node.opset >= 14 and node.attributes.flag("allowzero")
    if not allow_zero:
        if any(size == 0 and axis >= len(old) for axis, size in enumerate(wanted)):
            raise node.invalid(f"its shape {wanted} keeps an axis that {old} does not have")
        wanted = tuple(old[axis] if size == 0 else size for axis, size in enumerate(wanted))
    if min(wanted, default=1) < -1 or wanted.count(-1) > 1:
        raise node.invalid(f"a shape of {wanted}")
    rest = prod(size for size in wanted if size != -1)
    total = prod(old)
    if -1 in wanted:
        if rest == 0 or total % rest:
            raise node.invalid(f"{old} does not reshape to {wanted}")
        wanted = tuple(total // rest if size == -1 else size for size in wanted)
    if prod(wanted) != total:
        raise node.invalid(f"{old} has {total} elements, its new shape {wanted} has {prod(wanted)}")
    return node.reshaped(node.value(0), wanted)


def flatten(node: NodeView) -> str:
    """A matrix: the axes before `axis`, and those from it on."""
    shape = node.shape(0)
    axis = node.attributes.integer("axis", 1)
    least = 0 if node.opset < 11 else -len(shape)
    if not least <= axis <= len(shape):
        raise node.invalid(f"axis {axis} of a tensor of {len(shape)} axes")
    split = axis if axis >= 0 else axis + len(shape)
    return node.reshaped(node.value(0), (prod(shape[:split]), prod(shape[split:])))


def squeeze(node: NodeView) -> str:
    """Without the given axes, or without all axes of size 1."""
    shape = node.shape(0)
    given = node.axes_list(1, first_input_opset=13)
    if given == ():
        raise node.unsupported("an empty list of axes, which some take for all axes of size 1", "leave the list out")
    axes = [a for a, s in enumerate(shape) if s == 1] if given is None else node.axes(given, len(shape))
    if any(shape[a] != 1 for a in axes):
        raise node.invalid(f"axes {tuple(axes)} of shape {shape} are not all of size 1")
    return node.reshaped(node.value(0), tuple(s for a, s in enumerate(shape) if a not in axes))


def unsqueeze(node: NodeView) -> str:
    """With new axes of size 1 at the given places of the result."""
    shape = node.shape(0)
    given = node.axes_list(1, first_input_opset=13)
    if given is None:
        raise node.invalid("its axes are missing")
    rank = len(shape) + len(given)
    axes = node.axes(given, rank)
    sizes = iter(shape)
    return node.reshaped(node.value(0), tuple(1 if a in axes else next(sizes) for a in range(rank)))


def transpose(node: NodeView) -> str:
    """The axes in the order `perm`, or reversed."""
    rank = len(node.shape(0))
    perm = node.attributes.integers("perm")
    perm = tuple(reversed(range(rank))) if perm is None else perm
    if sorted(perm) != list(range(rank)):
        raise node.invalid(f"attribute perm = {perm} does not permute {rank} axes")
    return node.transposed(node.value(0), perm)


def concat(node: NodeView) -> str:
    """One behind the other along an axis; those without elements add nothing."""
    axis = node.attributes.integer("axis", 1)
    axis = node.axis(axis, len(node.shape(0)))
    parts = [i for i in range(len(node)) if 0 not in node.shape(i)] or [0]
    values = [node.value(i) for i in parts]
    return values[0] if len(values) == 1 else node.emit(Concat(axis=axis), *values)
