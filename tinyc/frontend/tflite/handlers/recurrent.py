"""UNIDIRECTIONAL_SEQUENCE_LSTM. Inside, steps are the outermost axis, and gates in the order of ONNX."""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp, prod

import numpy as np

from tinyc.frontend.pieces import taken
from tinyc.frontend.tflite.handlers.convolution import bias
from tinyc.frontend.tflite.node import NodeView
from tinyc.frontend.tflite.schema import ACTIVATIONS
from tinyc.ir.types import DType, QuantParams
from tinyc.ops._tflite_cells import LEAST_CELL, MOST_CELL
from tinyc.ops.recurrent import Recurrent

X = 0
W = (1, 4, 2, 3)  # of x, for the gates i, o, f, g
R = (5, 8, 6, 7)  # of h
B = (12, 15, 13, 14)
H, C = 18, 19
WITHOUT = {"peepholes": (9, 10, 11), "a projection": (16, 17), "layer normalization": (20, 21, 22, 23)}

INT16_BITS, BYTE_BITS = 15, 8
PLAIN = "convert a plain LSTM layer"


@dataclass(frozen=True)
class _Stored:
    """What an int8 model says of an LSTM: the parameters of h, the scale of c, the scales of all weights of x and h."""

    h: QuantParams
    cell: float
    weights: tuple[float, ...]


def unidirectional_sequence_lstm(view: NodeView) -> str:
    """h and c are zero before each run; no peepholes, projection, normalization or coupled gates."""
    view.count(20, 24)
    view.options.ignore("AsymmetricQuantizeInputs", "ProjClip")
    _check_kind(view)
    time_major = view.options.flag("TimeMajor")
    steps, sequences, size = _sizes(view, time_major)
    op = Recurrent("lstm", ("sigmoid", "tanh", "tanh"), ((), (), ()), cell_clip=view.options.number("CellClip"))
    if op.cell_clip < 0:
        raise view.options.unsupported("CellClip", op.cell_clip, "0 and more")
    stored, shape = _stored(view), (1, sequences, size)
    if stored:
        op = op.with_scales((*stored.weights, stored.cell), stored.cell * 2.0**INT16_BITS)
        h = view.store_integers(np.full(shape, stored.h.zero_point, np.int8), stored.h, f"{view.name}.h")
        q = QuantParams((stored.cell * 2.0**BYTE_BITS,))
        c = view.store_integers(np.zeros(shape, np.int8), q, f"{view.name}.c")
    else:
        h, c = (view.store(np.zeros(shape, np.float32), f"{view.name}.{what}") for what in "hc")
    weights, recurrent = (
        view.store(np.concatenate([view.floats(i, "weights") for i in indices]), f"{view.name}.{what}")
        for what, indices in (("weights", W), ("recurrent_weights", R))
    )
    biases = np.concatenate([bias(view, b, size, X, w) for b, w in zip(B, W, strict=True)])
    y, _ = view.emit_all(
        op, view.value(X) if time_major else view.transposed(view.value(X), (1, 0, 2)), weights, recurrent,
        view.store(biases, f"{view.name}.bias"),
        view.store(np.full(sequences, steps, np.int32), f"{view.name}.lengths"), h,
        view.store(np.zeros(3 * size, np.float32), f"{view.name}.peepholes"), c,
    )  # fmt: skip
    y = taken(view, y, {0: (steps, 0, 1)})
    return y if time_major else view.transposed(y, (1, 0, 2))


def _check_kind(view: NodeView) -> None:
    function = ACTIVATIONS.get(view.options.integer("FusedActivationFunction"), "unknown")
    if function != "TANH":
        raise view.options.unsupported("FusedActivationFunction", function, "TANH")
    for what, indices in WITHOUT.items():
        if any(view.has(i) for i in indices):
            raise view.unsupported(f"an LSTM with {what}", PLAIN)
    if not all(view.has(i) for i in (*W, *R, *B)):
        raise view.unsupported("an LSTM without weights or biases of all its four gates", PLAIN)
    if not (view.is_variable(H) and view.is_variable(C)):
        raise view.unsupported("an LSTM whose state is not a variable of its own", PLAIN)


def _sizes(view: NodeView, time_major: bool) -> tuple[int, int, int]:
    """How many steps, how many sequences, and how large h is."""
    shape, recurrent = view.shape(X), view.shape(R[0])
    if len(shape) != 3 or len(recurrent) != 2:
        raise view.invalid(f"an input of shape {shape} and recurrent weights of shape {recurrent}")
    (steps, sequences), inputs, size = shape[:2] if time_major else shape[1::-1], shape[2], recurrent[1]
    wanted = {**dict.fromkeys(W, (size, inputs)), **dict.fromkeys(R, (size, size)), **dict.fromkeys(B, (size,))}
    for index, expected in wanted.items():
        if view.shape(index) != expected:
            raise view.invalid(f"input {index} has shape {view.shape(index)}, not {expected}")
    for index in (H, C):
        if prod(view.shape(index)) != sequences * size:
            raise view.invalid(f"a state of shape {view.shape(index)} is not {sequences} times {size}")
    return steps, sequences, size


def _stored(view: NodeView) -> _Stored | None:
    """What the model says, if it is all in int8 but for c, with one scale for all weights of a gate."""
    if (view.stored_type(X), view.stored_type(H), view.stored_type(C)) != (DType.I8, DType.I8, DType.I16):
        return None
    scales = [set(view.scales(i, axis=0)) for i in (*W, *R)]
    x, h, c, y = view.quantization(X), view.quantization(H), view.quantization(C), view.result_quantization()
    if x is None or h is None or c is None or y is None or any(len(found) != 1 for found in scales):
        return None
    if max(q.scale.size for q in (x, h, c, y)) > 1:
        return None
    if (h.scale[0], h.zero[0]) != (y.scale[0], y.zero[0]):
        raise view.unsupported("an LSTM whose state and result have different scales or zero points", PLAIN)
    mantissa, exponent = frexp(c.scale[0])
    if mantissa != 0.5 or c.zero[0] or not LEAST_CELL <= exponent - 1 <= MOST_CELL:
        wanted = f"a power of two from 2^{LEAST_CELL} to 2^{MOST_CELL}"
        raise view.unsupported(f"an LSTM whose cell state counts in {c.scale[0]} from {c.zero[0]}, not in {wanted}")
    return _Stored(
        QuantParams((float(h.scale[0]),), int(h.zero[0])), float(c.scale[0]), tuple(found.pop() for found in scales)
    )
