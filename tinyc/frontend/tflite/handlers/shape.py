"""Operators that change shapes and element types, and those that make tensors of shapes."""

from __future__ import annotations

from math import prod

import numpy as np

from tinyc.errors import TinycError
from tinyc.frontend.pieces import repeated
from tinyc.frontend.tensors import is_possible
from tinyc.frontend.tflite.node import NodeView
from tinyc.frontend.view import Known
from tinyc.ops.cast import Cast


def dequantize(view: NodeView) -> Known:
    """Real numbers, which is what all inputs are."""
    view.count(1)
    return view.known(0)


def quantize(view: NodeView) -> str:
    """Stored with the scale of the result, of which the caller takes care."""
    view.count(1)
    if view.result_quantization() is None:
        raise view.invalid(f"its result '{view.results[0]}' has no scale")
    return view.value(0)


def cast(view: NodeView) -> str:
    """To the element type of the result: fractions are cut off, what is not 0 is true."""
    view.count(1)
    view.options.ignore("InDataType", "OutDataType")  # which the tensors have too
    kind = view.result_type()
    if view.of_integers(0) or view.result_quantization() is not None:
        raise view.unsupported("a cast of integers that have a scale", "use QUANTIZE or DEQUANTIZE")
    x = view.value(0)
    return x if view.type_of(x).dtype is kind else view.emit(Cast(kind.value), x)


def reshape(view: NodeView) -> str:
    """To a shape that is an input or an option; −1 takes what is left."""
    view.count(1, 2)
    old, option = view.shape(0), view.options.integers("NewShape")
    wanted = view.integers(1, "shape") if view.has(1) else option
    if wanted == (0,) and prod(old) == 1:
        wanted = ()  # how old converters write a scalar
    rest = prod(size for size in wanted if size != -1)
    if min(wanted, default=1) < -1 or wanted.count(-1) > 1 or (-1 in wanted and (rest == 0 or prod(old) % rest)):
        raise view.invalid(f"{old} does not reshape to {wanted}")
    shape = tuple(prod(old) // rest if size == -1 else size for size in wanted)
    if prod(shape) != prod(old):
        raise view.invalid(f"{old} has {prod(old)} elements, its new shape {shape} has {prod(shape)}")
    return view.reshaped(view.value(0), shape)


def squeeze(view: NodeView) -> str:
    """Without the given axes of size 1, or without all of them."""
    view.count(1)
    shape = view.shape(0)
    given = view.options.integers("SqueezeDims")
    axes = view.axes(given, len(shape)) if given else tuple(a for a, size in enumerate(shape) if size == 1)
    if any(shape[a] != 1 for a in axes):
        raise view.invalid(f"axes {axes} of shape {shape} are not all of size 1")
    return view.reshaped(view.value(0), tuple(size for a, size in enumerate(shape) if a not in axes))


def expand_dims(view: NodeView) -> str:
    """With a new axis of size 1."""
    view.count(2)
    shape, given = view.shape(0), view.integers(1, "axis")
    if len(given) != 1:
        raise view.invalid(f"its axis must be one number, not {given}")
    axis = view.axis(given[0], len(shape) + 1)
    return view.reshaped(view.value(0), (*shape[:axis], 1, *shape[axis:]))


def transpose(view: NodeView) -> str:
    """The axes in another order."""
    view.count(2)
    perm = view.integers(1, "permutation")
    if sorted(perm) != list(range(len(view.shape(0)))):
        raise view.invalid(f"{perm} does not permute {len(view.shape(0))} axes")
    return view.transposed(view.value(0), perm)


def shape(view: NodeView) -> str:
    """The shape of a tensor, which is known at compile time."""
    view.count(1)
    view.options.ignore("OutType")
    return view.store(np.array(view.shape(0), view.result_type().numpy), view.results[0])


def rank(view: NodeView) -> str:
    """The number of axes."""
    view.count(1)
    return view.store(np.array(len(view.shape(0)), np.int32), view.results[0])


def zeros_like(view: NodeView) -> str:
    view.count(1)
    return view.store(np.zeros(view.shape(0), view.result_type().numpy), view.results[0])


def fill(view: NodeView) -> str:
    """One number everywhere."""
    view.count(2)
    return repeated(view, view.value(1), _possible(view, view.integers(0, "shape")))


def broadcast_to(view: NodeView) -> str:
    """Repeated so that it has a shape."""
    view.count(2)
    wanted = _possible(view, view.integers(1, "shape"))
    try:
        fits = np.broadcast_shapes(view.shape(0), wanted) == wanted
    except ValueError:
        fits = False
    if not fits:
        raise view.invalid(f"{view.shape(0)} does not broadcast to {wanted}")
    return repeated(view, view.value(0), wanted)


def _possible(view: NodeView, wanted: tuple[int, ...]) -> tuple[int, ...]:
    if not is_possible(wanted):
        raise TinycError(f"a shape of {wanted} is not possible", view.where)
    return wanted
