"""A small model for each ONNX operator, so that its row of OPERATORS.md says what the compiler makes of it.

What is not listed gets as many computed tensors as it needs, of float32 where it takes that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, defs, helper, numpy_helper

Shape = tuple[int, ...]
Given = Shape | NDArray[Any] | None
"""A tensor that is computed, of that shape; a constant; or an input that is left out."""

X: Shape = (1, 4, 6, 6)
F32, I64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


@dataclass(frozen=True)
class Sample:
    """One way to use an operator; `when` says which, if there are several."""

    ins: Sequence[Given]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    when: str = ""


def floats(*shape: int) -> NDArray[np.float32]:
    """Numbers around 1, none of them alike."""
    return (0.5 + np.arange(np.prod(shape, dtype=np.int64)) / 37 % 1).reshape(shape).astype(np.float32)


def numbers(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def _reduced(name: str) -> list[Sample]:
    schema = defs.get_schema(name)
    return [Sample([X, numbers(2, 3)])] if len(schema.inputs) > 1 else [Sample([X], {"axes": [2, 3]})]


def _operand(constant: Given = None, **attributes: Any) -> list[Sample]:
    """With a constant operand, and with two tensors."""
    number = np.float32(0.7) if constant is None else constant
    return [Sample([X, np.asarray(number)], attributes, "constant operand"), Sample([X, X], attributes, "two tensors")]


WEIGHTS, BIAS = floats(8, 4, 3, 3), floats(8)
SAME = {"pads": [1, 1, 1, 1]}
ONES = floats(4)
BYTES, GRID = (np.arange(288) % 255 - 127).reshape(8, 4, 3, 3).astype(np.int8), (np.float32(0.02), np.int8(0))
SEQUENCE = (5, 1, 4)

SAMPLES: Mapping[str, Sequence[Sample]] = {
    **{name: _operand() for name in ("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mod", "Greater", "Less")},
    **{name: _operand() for name in ("GreaterOrEqual", "LessOrEqual", "Equal", "Sum", "Mean")},
    "Mod": _operand(fmod=1),
    **{name: _reduced(name) for name in ("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax")},
    **{name: _reduced(name) for name in ("ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare")},
    "AffineGrid": [Sample([(1, 2, 3), numbers(1, 4, 6, 6)])],
    "ArgMax": [Sample([X], {"axis": 1})],
    "ArgMin": [Sample([X], {"axis": 1})],
    "AveragePool": [Sample([X], {"kernel_shape": [2, 2]})],
    "BatchNormalization": [Sample([X, ONES, ONES, ONES, ONES])],
    "BitCast": [Sample([X], {"to": TensorProto.INT32})],
    "BitShift": [Sample([X, X], {"direction": "LEFT"})],
    "BlackmanWindow": [Sample([np.array(8)])],
    "Cast": [Sample([X], {"to": F32}, "to float"), Sample([X], {"to": I64}, "to integers")],
    "CastLike": [Sample([X, floats(1)])],
    "CenterCropPad": [Sample([X, numbers(4, 8)], {"axes": [2, 3]})],
    "Clip": [
        Sample([X, np.float32(0), np.float32(6)], {}, "constant bounds"),
        Sample([X, (), ()], {}, "computed bounds"),
    ],
    "Col2Im": [Sample([(1, 5, 5), numbers(5, 5), numbers(1, 5)])],
    "Concat": [Sample([X, X], {"axis": 1})],
    "ConstantOfShape": [Sample([numbers(2, 3)])],
    "Conv": [Sample([X, WEIGHTS, BIAS], SAME, "constant weights"), Sample([X, (8, 4, 3, 3)], SAME, "computed weights")],
    "ConvTranspose": [
        Sample([X, floats(4, 8, 2, 2), BIAS], {"strides": [2, 2]}, "constant weights"),
        Sample([X, (4, 8, 3, 3)], {"strides": [2, 2]}, "computed weights"),
    ],
    "CumProd": [Sample([X, np.array(2)])],
    "CumSum": [Sample([X, np.array(2)])],
    "DFT": [Sample([(1, 8, 1), None, np.array(1)])],
    "DeformConv": [Sample([X, floats(8, 4, 3, 3), (1, 18, 4, 4)])],
    "DepthToSpace": [Sample([X], {"blocksize": 2})],
    "DequantizeLinear": [Sample([("i8", *X), np.float32(0.02), np.int8(3)])],
    "Det": [Sample([(2, 3, 3)])],
    "Einsum": [Sample([X, X], {"equation": "bchw,bcij->bhi"})],
    "Expand": [Sample([(1, 4, 1, 6), numbers(1, 4, 6, 6)])],
    "EyeLike": [Sample([(4, 4)])],
    "Gather": [Sample([X, numbers(2, 0)], {"axis": 1}, "constant indices"), Sample([X, ("i64", 2)], {}, "computed")],
    "GatherElements": [Sample([X, ("i64", *X)], {"axis": 1})],
    "GatherND": [Sample([X, ("i64", 2, 2)])],
    "Gemm": [Sample([(1, 16), floats(16, 8), BIAS], {}, "constant weights"), Sample([(6, 6), (6, 6)], {}, "computed")],
    "GridSample": [Sample([X, (1, 5, 5, 2)])],
    "GroupNormalization": [Sample([X, ONES, ONES], {"num_groups": 2})],
    "HammingWindow": [Sample([np.array(8)])],
    "HannWindow": [Sample([np.array(8)])],
    "InstanceNormalization": [Sample([X, ONES, ONES])],
    "LRN": [Sample([X], {"size": 3})],
    **{
        name: [Sample([SEQUENCE, floats(1, 6 * gates, 4), floats(1, 6 * gates, 6)], {"hidden_size": 6})]
        for name, gates in (("RNN", 1), ("GRU", 3), ("LSTM", 4))
    },
    "LinearAttention": [Sample([(1, 5, 8)] * 3, {"q_num_heads": 2, "kv_num_heads": 2, "update_rule": "linear"})],
    "LpPool": [Sample([X], {"kernel_shape": [2, 2]})],
    "MatMul": [Sample([(6, 16), floats(16, 8)], {}, "constant weights"), Sample([X, X], {}, "two tensors")],
    "MaxPool": [Sample([X], {"kernel_shape": [2, 2]})],
    "MaxUnpool": [Sample([X, ("i64", *X)], {"kernel_shape": [2, 2], "strides": [2, 2]})],
    "MelWeightMatrix": [Sample([np.array(v) for v in (8, 32, 8000)] + [np.float32(0), np.float32(4000)])],
    "OneHot": [Sample([("i64", 3), np.array(4), floats(2)])],
    "Pad": [Sample([X, numbers(0, 0, 1, 1, 0, 0, 1, 1)])],
    "PRelu": [Sample([X, floats(4, 1, 1)], {}, "constant slopes"), Sample([X, (4, 1, 1)], {}, "computed slopes")],
    "Range": [Sample([np.array(v) for v in (0, 5, 1)])],
    "Reshape": [Sample([X, numbers(1, -1)])],
    "Resize": [
        Sample([X, None, None, numbers(1, 4, 12, 12)], {"mode": mode}, mode) for mode in ("nearest", "linear", "cubic")
    ],
    "ReverseSequence": [Sample([(4, 4), numbers(1, 2, 3, 4)])],
    "QLinearConv": [Sample([("i8", *X), *GRID, BYTES, np.full(8, 0.02, np.float32), np.zeros(8, np.int8), *GRID])],
    "QLinearMatMul": [Sample([("i8", 6, 8), *GRID, BYTES[:, :, 0, 0].T[:, :8].repeat(2, 0), *GRID, *GRID])],
    "QuantizeLinear": [Sample([X, np.float32(0.02), np.int8(3)])],
    "RoiAlign": [Sample([X, (2, 4), numbers(0, 0)])],
    "STFT": [Sample([(1, 32, 1), np.array(8), None, np.array(16)])],
    "ScatterElements": [Sample([X, ("i64", *X), X], {"axis": 1})],
    "Scatter": [Sample([X, ("i64", *X), X], {"axis": 1})],
    "ScatterND": [Sample([X, ("i64", 2, 4), (2,)])],
    "Slice": [Sample([X, numbers(1), numbers(3), numbers(1)])],
    "SpaceToDepth": [Sample([X], {"blocksize": 2})],
    "Split": [Sample([X], {"axis": 1, "num_outputs": 2})],
    "Squeeze": [Sample([X, numbers(0)])],
    "Swish": [Sample([X])],
    "TensorScatter": [Sample([X, (1, 4, 2, 6), ("i64", 1)])],
    "Tile": [Sample([X, numbers(1, 1, 2, 2)])],
    "TopK": [Sample([X, numbers(3)])],
    "Transpose": [Sample([X], {"perm": [0, 3, 1, 2]})],
    "Trilu": [Sample([X])],
    "Unsqueeze": [Sample([X, numbers(0)])],
    "Upsample": [Sample([X, np.array([1, 1, 2, 2], np.float32)])],
    "Where": [
        Sample([np.arange(6) > 2, X, X], {}, "constant mask"),
        Sample([("bool", 6), X, X], {}, "computed mask"),
    ],
}


def samples(name: str) -> Sequence[Sample]:
    """The ways to use an operator that are looked at."""
    if name in SAMPLES:
        return SAMPLES[name]
    return [Sample([X] * max(defs.get_schema(name).min_input, 1))]


def model(name: str, sample: Sample, opset: int) -> ModelProto:
    """The operator alone."""
    schema = defs.get_schema(name, opset)
    ins, inputs, constants = [], [], []
    for index, given in enumerate(sample.ins):
        value = f"in{index}"
        ins.append("" if given is None else value)
        if isinstance(given, np.ndarray | np.generic):
            constants.append(numpy_helper.from_array(np.asarray(given), value))
        elif given is not None:
            kind, shape = _kind(schema, index, given)
            inputs.append(helper.make_tensor_value_info(value, kind, shape))
    outs = [f"out{i}" for i in range(2 if name == "Split" else max(schema.min_output, 1))]
    node = helper.make_node(name, ins, outs, name=name, **sample.attributes)
    graph = helper.make_graph(
        [node], name, inputs, [helper.make_tensor_value_info(out, 0, None) for out in outs], constants
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def _kind(schema: defs.OpSchema, index: int, given: Any) -> tuple[int, Shape]:
    if given and isinstance(given[0], str):
        return {"i64": I64, "i8": TensorProto.INT8, "bool": BOOL}[given[0]], tuple(given[1:])
    allowed = schema.inputs[min(index, len(schema.inputs) - 1)].types
    named = {"tensor(float)": F32, "tensor(int64)": I64, "tensor(uint8)": TensorProto.UINT8, "tensor(bool)": BOOL}
    return next(kind for text, kind in named.items() if text in allowed), given
