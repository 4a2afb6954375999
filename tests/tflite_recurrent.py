"""TensorFlow Lite models of LSTM layers, in int8 and in float."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from tflite_model import Scale, TfliteModel

Draw = Callable[[st.SearchStrategy[Any]], Any]

STATES = (18, 19)


def layer(
    m: TfliteModel,
    x: int,
    sizes: tuple[int, int, int, int],
    rng: np.random.Generator,
    *,
    quantized: tuple[Scale, Scale, float] | None = None,
    weight_scales: Sequence[float] = (),
    time_major: bool = False,
    cell_clip: float = 0.0,
) -> int:
    """An LSTM of (steps, sequences, inputs, size); `quantized`: what x, h and c count in, the latter without offset."""
    steps, sequences, inputs, size = sizes
    shapes = [(size, inputs)] * 4 + [(size, size)] * 4
    if quantized:
        qx, qh, cell = quantized
        weights = [
            m.constant(rng.integers(-127, 128, shape).astype(np.int8), (scale, 0))
            for shape, scale in zip(shapes, weight_scales, strict=True)
        ]
        units = [float(np.float32(qx[0])) * scale for scale in weight_scales[:4]]
        biases = [
            m.constant(np.rint(rng.normal(size=size) / unit).astype(np.int32), (unit, 0)) for unit in units
        ]  # fmt: skip
        states = [m.variable((sequences, size), "int8", qh), m.variable((sequences, size), "int16", (cell, 0))]
    else:
        weights = [m.constant(rng.normal(size=s, scale=s[1] ** -0.5).astype(np.float32)) for s in shapes]
        biases = [m.constant(rng.normal(size=size).astype(np.float32)) for _ in range(4)]
        states = [m.variable((sequences, size)) for _ in STATES]
    ins = [x, *weights, -1, -1, -1, *biases, -1, -1, *states, -1, -1, -1, -1]
    shape = (steps, sequences, size) if time_major else (sequences, steps, size)
    y = m.tensor(shape, "int8", quantized[1]) if quantized else m.tensor(shape)
    return m.op(
        "UNIDIRECTIONAL_SEQUENCE_LSTM", ins, y, "UnidirectionalSequenceLSTMOptions",
        fusedActivationFunction=4, timeMajor=time_major, cellClip=cell_clip,
    )  # fmt: skip


def lstm(draw: Draw) -> TfliteModel:
    """One or two layers in int8, behind one another."""
    m, rng = TfliteModel(), np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps, sequences, inputs = (draw(st.integers(1, most)) for most in (6, 3, 21))
    time_major = draw(st.booleans())

    def parameters(low: float, high: float) -> tuple[float, int]:
        return float(np.float32(2.0 ** draw(st.floats(low, high)))), draw(st.integers(-128, 127))

    q = parameters(-7, -3)
    x = m.input((steps, sequences, inputs) if time_major else (sequences, steps, inputs), "int8", q)
    for _ in range(draw(st.integers(1, 2))):
        size, following = draw(st.integers(1, 13)), parameters(-9, -6)
        x = layer(
            m, x, (steps, sequences, inputs, size), rng,
            quantized=(q, following, 2.0 ** draw(st.sampled_from([-17, -14, -13, -12, -11, -10, -8]))),
            weight_scales=[float(np.float32(2.0**e)) for e in rng.uniform(-11, -3, 8)],
            time_major=time_major, cell_clip=draw(st.sampled_from([0.0, 0.0, 0.3, 1.7, 1e6])),
        )  # fmt: skip
        inputs, q = size, following
    return m.output(x)
