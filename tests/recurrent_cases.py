"""Random recurrent cells in int8, with operands that fit them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from op_cases import Draw, Problem

from tinyc.ir.op import Signature
from tinyc.ir.types import DType, QuantParams, Rounding, TensorType, f32
from tinyc.ops import Recurrent
from tinyc.ops.recurrent import CELLS

Array = NDArray[Any]

USUAL = {"rnn": ("tanh",), "gru": ("sigmoid", "tanh"), "lstm": ("sigmoid", "tanh", "tanh")}
OTHERS = {
    "rnn": [(("thresholded_relu",), ((0.0,),)), (("affine",), ((0.7, 0.1),))],
    "gru": [(("hard_sigmoid", "softsign"), ((0.2, 0.5), ()))],
    "lstm": [
        (("hard_sigmoid", "tanh", "elu"), ((0.2, 0.5), (), (1.0,))),
        (("tanh", "thresholded_relu", "affine"), ((), (0.0,), (2.0, -0.5))),
    ],
}


def cell(kind: str, variant: bool = False, reverse: bool = False, clip: float = 0.0) -> Recurrent:
    """A cell with the usual functions."""
    functions = USUAL[kind]
    return Recurrent(kind, functions, ((),) * len(functions), reverse=reverse, variant=variant, clip=clip)


def problem_of(
    op: Recurrent,
    steps: int,
    sequences: int,
    inputs: int,
    size: int,
    seed: int,
    peepholes: bool = False,
    width: float = 0.0,
) -> Problem:
    """Random weights, calibrated by what they make of random inputs, one of which is the problem's.

    `width`: how large weights are; beyond 1 what happens once may grow from step to step. 0: any.
    """
    rng = np.random.default_rng(seed)
    rows, kind = CELLS[op.cell].gates * size, CELLS[op.cell]
    width = width or 2 ** rng.uniform(-1, 1.5)

    def normal(*shape: int, scale: float = 1.0) -> Array:
        return (rng.normal(size=shape) * scale).astype(np.float32)

    weights = [normal(rows, inputs, scale=width / np.sqrt(inputs)), normal(rows, size, scale=width / np.sqrt(size))]
    lengths = rng.choice([steps, steps, 0, -3, steps + 7, (steps + 1) // 2], sequences).astype(np.int32)
    x, first = normal(steps, sequences, inputs, scale=2.0), normal(1, sequences, size, scale=0.5)
    ins = [x, *weights, normal(rows, scale=0.3), lengths, first * rng.choice([0, 1])]
    if kind.parameters:
        ins.append(normal(kind.parameters * size, scale=0.3 * (peepholes or op.cell == "gru")))
    if kind.states > 1:
        ins.append(normal(1, sequences, size) * rng.choice([0, 1]))
    found = op.with_internals([(float(a.min()), float(a.max())) for a in op.internals(*ins)])
    assert isinstance(found, Recurrent)
    activations = [0, 5, 7] if kind.states > 1 else [0, 5]
    kinds = [f32(*a.shape) if a.dtype == np.float32 else TensorType(a.shape, DType.I32) for a in ins]
    for index in activations:
        kinds[index] = TensorType(ins[index].shape, DType.I8, _params(ins[index]))
        ins[index] = kinds[index].q.quantize(ins[index], DType.I8)
    real = [kind.q.dequantize(a) if kind.quant else a for a, kind in zip(ins, kinds, strict=True)]
    outs = tuple(
        TensorType(a.shape, DType.I8, _params(np.concatenate([a.reshape(-1), real[first].reshape(-1)])))
        for a, first in zip(op.eval_float(*real), (5, 7), strict=False)
    )
    constants = {i: a for i, a in enumerate(ins) if i not in (0, 4, *activations[1:])}
    return Problem(found, Signature(tuple(kinds), outs, Rounding.SINGLE, constants), tuple(ins))


def _params(values: Array) -> QuantParams:
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = max((high - low) / 255, 2.0**-12)
    return QuantParams((scale,), int(np.clip(round(-128 - low / scale), -128, 127)))


@st.composite
def recurrent_problems(draw: Draw, kind: str) -> Problem:
    """Of all sizes that a kernel may take apart, with the usual functions or others."""
    functions, parameters = draw(st.sampled_from([(USUAL[kind], ((),) * len(USUAL[kind])), *OTHERS[kind]]))
    op = Recurrent(
        kind, functions, parameters, draw(st.booleans()), kind != "rnn" and draw(st.booleans()),
        draw(st.sampled_from([0.0, 0.0, 0.4, 3.0])),
    )  # fmt: skip
    sizes = [draw(st.integers(1, most)) for most in (5, 3, 21, 13)]
    return problem_of(op, *sizes, seed=draw(st.integers(0, 2**32 - 1)), peepholes=draw(st.booleans()))


def tflite_problem(steps: int, sequences: int, inputs: int, size: int, seed: int) -> Problem:
    """An LSTM as int8 models of TensorFlow Lite have it, of all scales: gates, c and h may saturate."""
    rng = np.random.default_rng(seed)
    scales = 2.0 ** rng.uniform(-11, -3, 8)
    unit, (x, h) = 2.0 ** int(rng.integers(-20, 3)), 2.0 ** rng.uniform([-7, -12], [-3, -5])
    of_x, of_h = (
        (rng.integers(-127, 128, (4, size, n)) * units[:, None, None]).astype(np.float32).reshape(4 * size, n)
        for n, units in ((inputs, scales[:4]), (size, scales[4:]))
    )
    bias = rng.normal(size=4 * size) * rng.choice([0.0, 2.0])
    op = replace(cell("lstm"), cell_clip=float(rng.choice([0.0, 0.3, 1.7, 1e6])))
    op = op.with_scales((*map(float, scales), unit), unit * 2**15)
    kinds = [
        TensorType((steps, sequences, inputs), DType.I8, QuantParams((float(x),), int(rng.integers(-128, 128)))),
        f32(*of_x.shape), f32(*of_h.shape), f32(4 * size), TensorType((sequences,), DType.I32),
        TensorType((1, sequences, size), DType.I8, QuantParams((float(h),), int(rng.integers(-128, 128)))),
        f32(3 * size), TensorType((1, sequences, size), DType.I8, QuantParams((unit * 256,), 0)),
    ]  # fmt: skip
    first, c = (rng.integers(-128, 128, kind.shape).astype(np.int8) for kind in (kinds[5], kinds[7]))
    units = x * np.repeat(scales[:4], size)
    bias = (np.rint(bias / units) * units).astype(np.float32)
    ins = [
        rng.integers(-128, 128, kinds[0].shape).astype(np.int8), of_x, of_h, bias,
        np.full(sequences, steps, np.int32), first, np.zeros(3 * size, np.float32), c,
    ]  # fmt: skip
    outs = (replace(kinds[5], shape=(steps + 1, sequences, size)), kinds[7])
    constants = {i: a for i, a in enumerate(ins) if i not in (0, 4, 5, 7)}
    return Problem(op, Signature(tuple(kinds), outs, Rounding.TFLITE, constants), tuple(ins))
