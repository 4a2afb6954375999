"""TensorFlow Lite models written by hand, operator after operator, and TensorFlow Lite Micro, which runs them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray
from tflite_micro.python.tflite_micro import runtime
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from tinyc.driver.phases import Given, lower
from tinyc.frontend import import_model
from tinyc.ir.graph import Graph
from tinyc.ir.interp import run
from tinyc.ir.types import Rounding

Array = NDArray[Any]
Scale = tuple[float | Sequence[float], int | Sequence[int]]

TYPES = {
    "float32": schema.TensorType.FLOAT32, "float16": schema.TensorType.FLOAT16, "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8, "int16": schema.TensorType.INT16, "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64, "bool": schema.TensorType.BOOL, "resource": schema.TensorType.RESOURCE,
}  # fmt: skip
ARENA_BYTES = 2_000_000


class TfliteModel:
    """A model in the making; every method gives the number of its tensor."""

    def __init__(self) -> None:
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators, self.graph.inputs, self.graph.outputs = [], [], [], []
        self.model = schema.ModelT()
        self.model.version, self.model.subgraphs, self.model.operatorCodes = 3, [self.graph], []
        self.model.buffers = [schema.BufferT()]

    def tensor(
        self, shape: Sequence[int], dtype: str = "float32", scale: Scale | None = None, axis: int = 0, name: str = ""
    ) -> int:
        """An activation; `scale` and zero point, or one of each for every index of `axis`."""
        made = schema.TensorT()
        made.name = name or f"t{len(self.graph.tensors)}"
        made.shape, made.type, made.buffer = list(shape), TYPES[dtype], 0
        if scale is not None:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale = np.atleast_1d(np.asarray(scale[0], np.float32)).tolist()
            made.quantization.zeroPoint = np.atleast_1d(np.asarray(scale[1], np.int64)).tolist()
            made.quantization.quantizedDimension = axis
        self.graph.tensors.append(made)
        return len(self.graph.tensors) - 1

    def constant(self, data: Array, scale: Scale | None = None, axis: int = 0) -> int:
        index = self.tensor(data.shape, data.dtype.name, scale, axis)
        buffer = schema.BufferT()
        buffer.data = list(data.tobytes())
        self.graph.tensors[index].buffer = len(self.model.buffers)
        self.model.buffers.append(buffer)
        return index

    def variable(self, shape: Sequence[int], dtype: str = "float32", scale: Scale | None = None) -> int:
        index = self.tensor(shape, dtype, scale)
        self.graph.tensors[index].isVariable = True
        return index

    def input(self, shape: Sequence[int], dtype: str = "float32", scale: Scale | None = None) -> int:
        index = self.tensor(shape, dtype, scale, name=f"in{len(self.graph.inputs)}")
        self.graph.inputs.append(index)
        return index

    def op(self, code: str, ins: Sequence[int], outs: int | Sequence[int], kind: str = "", **options: object) -> int:
        """An operator with the options of the table `kind`; its first result."""
        number = getattr(schema.BuiltinOperator, code)
        entry = schema.OperatorCodeT()
        entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = number, min(number, 127), 1
        made = schema.OperatorT()
        made.opcodeIndex = len(self.model.operatorCodes)
        made.inputs, made.outputs = list(ins), [outs] if isinstance(outs, int) else list(outs)
        if kind:
            made.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            made.builtinOptions = getattr(schema, f"{kind}T")()
            for name, value in options.items():
                assert hasattr(made.builtinOptions, name), name
                setattr(made.builtinOptions, name, value)
        self.model.operatorCodes.append(entry)
        self.graph.operators.append(made)
        return int(made.outputs[0]) if made.outputs else -1

    def subgraph(self) -> TfliteModel:
        """A further graph of the same file."""
        other = TfliteModel()
        other.model = self.model
        self.model.subgraphs.append(other.graph)
        return other

    def output(self, *tensors: int) -> TfliteModel:
        self.graph.outputs = list(tensors)
        return self

    def bytes(self) -> bytes:
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())


def load(data: bytes) -> Graph:
    """The model, imported from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.tflite"
        path.write_bytes(data)
        return import_model(path)


def reference(data: bytes, inputs: Sequence[Array]) -> list[Array]:
    """What TensorFlow Lite Micro makes of one sample."""
    return reference_sequence(data, [inputs])[0]


def reference_sequence(data: bytes, samples: Sequence[Sequence[Array]]) -> list[list[Array]]:
    """What TensorFlow Lite Micro makes of samples one after another."""
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=ARENA_BYTES)
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    results = []
    for inputs in samples:
        for index, given in enumerate(inputs):
            interpreter.set_input(given, index)
        interpreter.invoke()
        results.append([interpreter.get_output(i) for i in range(len(model.subgraphs[0].outputs))])
    return results


def integers(data: bytes, inputs: Sequence[Array], rounding: Rounding = Rounding.TFLITE) -> tuple[Graph, list[Array]]:
    """The model in integers, and what the interpreter makes of one sample."""
    graph = lower(load(data), Given(rounding)).graph
    results = run(graph, {port.name: given for port, given in zip(graph.inputs, inputs, strict=True)})
    return graph, [results[port.name] for port in graph.outputs]


def random_inputs(model: TfliteModel, rng: np.random.Generator) -> list[Array]:
    """One sample."""
    found = []
    for index in model.graph.inputs:
        tensor = model.graph.tensors[index]
        kind = np.dtype(next(name for name, number in TYPES.items() if number == tensor.type))
        if kind.kind == "f":
            found.append(rng.normal(size=tensor.shape).astype(kind))
        elif kind.kind == "b":
            found.append(rng.random(tensor.shape) < 0.5)
        else:
            low, high = (np.iinfo(kind).min, np.iinfo(kind).max) if kind.itemsize == 1 else (-100, 100)
            found.append(rng.integers(low, high, tensor.shape, endpoint=True).astype(kind))
    return found
