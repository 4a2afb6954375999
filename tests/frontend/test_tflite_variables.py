"""TensorFlow Lite models with variables: the bytes of TensorFlow Lite Micro, invocation after invocation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from generated import generate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tflite_cases import params
from tflite_model import Array, Scale, TfliteModel, load, reference_sequence, schema

from tinyc.driver.phases import Given, lower
from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend import import_model
from tinyc.ir.graph import Graph
from tinyc.ir.interp import Stream
from tinyc.ir.types import Rounding

RUNS = 7


class Variable:
    """A variable of a model in the making."""

    def __init__(self, m: TfliteModel, shape: tuple[int, ...], kind: str, scale: Scale | None, name: str = "v") -> None:
        self.m, self.shape, self.kind, self.scale, self.name = m, shape, kind, scale, name
        self.handle = self.new_handle(m)

    def new_handle(self, m: TfliteModel) -> int:
        handle = m.tensor((), "resource", name=f"handle of {self.name}")
        return m.op("VAR_HANDLE", [], handle, "VarHandleOptions", sharedName=self.name, container="c")

    def read(self) -> int:
        return self.m.op("READ_VARIABLE", [self.handle], self.m.tensor(self.shape, self.kind, self.scale))

    def assign(self, value: int) -> None:
        self.m.op("ASSIGN_VARIABLE", [self.handle, value], [])

    def begin(self, data: Array) -> None:
        """A further graph, called once, assigns the data."""
        inner = self.m.subgraph()
        inner.op("ASSIGN_VARIABLE", [self.new_handle(inner), inner.constant(data, self.scale)], [])
        self.m.op("CALL_ONCE", [], [], "CallOnceOptions", initSubgraphIndex=len(self.m.model.subgraphs) - 1)


def ring(kind: str, frames: int, size: int, q: Scale, y: Scale, first: Array | None = None) -> TfliteModel:
    """The mean of the last frames, as streaming layers keep them."""
    m, scale = TfliteModel(), q if kind == "int8" else None
    x = m.input((1, 1, size), kind, scale)
    v = Variable(m, (1, frames - 1, size), kind, scale)
    if first is not None:
        v.begin(first)
    joined = m.tensor((1, frames, size), kind, scale)
    m.op("CONCATENATION", [v.read(), x], joined, "ConcatenationOptions", axis=1)
    bounds = [m.constant(np.array(b, np.int32)) for b in ([0, 1, 0], [0, frames, 0], [1, 1, 1])]
    new = m.tensor((1, frames - 1, size), kind, scale)
    v.assign(m.op("STRIDED_SLICE", [joined, *bounds], new, "StridedSliceOptions", beginMask=5, endMask=5))
    out = m.tensor((1, size), kind, y if scale else None)
    return m.output(m.op("MEAN", [joined, m.constant(np.array([1], np.int32))], out, "ReducerOptions"))


def samples_of(m: TfliteModel, seed: int, count: int = RUNS) -> list[list[Array]]:
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        inputs = []
        for index in m.graph.inputs:
            tensor = m.graph.tensors[index]
            integers = rng.integers(-128, 128, tensor.shape)
            inputs.append(integers.astype(np.int8) if tensor.quantization else integers.astype(np.float32))
        found.append(inputs)
    return found


def streamed(graph: Graph, samples: list[list[Array]]) -> list[list[Array]]:
    stream = Stream(graph)
    return [list(stream.run({p.name: x for p, x in zip(graph.inputs, s, strict=True)}).values()) for s in samples]


def check_bytes(m: TfliteModel, seed: int) -> Graph:
    """In integers alone, the same bytes for each of a sequence of samples."""
    samples = samples_of(m, seed)
    graph = lower(load(m.bytes()), Given(Rounding.TFLITE)).graph
    assert graph.is_wholly_integer()
    for got, want in zip(streamed(graph, samples), reference_sequence(m.bytes(), samples), strict=True):
        for ours, theirs in zip(got, want, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    return graph


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_ring_has_the_same_bytes(data: st.DataObject) -> None:
    draw = data.draw
    frames, size, seed = draw(st.integers(2, 5)), draw(st.integers(1, 5)), draw(st.integers(0, 2**32 - 1))
    begin = np.random.default_rng(seed).integers(-128, 128, (1, frames - 1, size)).astype(np.int8)
    q, y, first = params(draw), params(draw), draw(st.sampled_from([None, begin]))
    graph = check_bytes(ring("int8", frames, size, q, y, first), seed)
    assert [graph.types[s.before].shape for s in graph.states] == [(1, frames - 1, size)]


def test_what_is_only_assigned_once_is_constant() -> None:
    m = TfliteModel()
    v = Variable(m, (1, 3), "int8", (0.1, 0))
    v.begin(np.array([[1, 2, 3]], np.int8))
    m.output(
        m.op("ADD", [m.input((1, 3), "int8", (0.1, 0)), v.read()], m.tensor((1, 3), "int8", (0.1, 0)), "AddOptions")
    )
    assert check_bytes(m, 4).states == ()


@pytest.mark.slow
def test_a_ring_of_floats_and_its_c(tmp_path: Path) -> None:
    first = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    m = ring("float32", 3, 3, (1.0, 0), (1.0, 0), first)
    samples = samples_of(m, 1)
    want = np.array(reference_sequence(m.bytes(), samples))
    graph = lower(load(m.bytes()), None).graph
    np.testing.assert_allclose(np.array(streamed(graph, samples)), want, rtol=1e-6)
    model = generate(graph, tmp_path)
    got = [model.host.run([s[0].tobytes()])[0][0] for s in samples]
    np.testing.assert_allclose(np.frombuffer(b"".join(got), np.float32), want.ravel(), rtol=1e-6)


def test_the_c_of_a_ring_has_the_same_bytes(tmp_path: Path) -> None:
    m = ring("int8", 4, 3, (0.1, 5), (0.07, -3), np.arange(9, dtype=np.int8).reshape(1, 3, 3))
    samples = samples_of(m, 2)
    model = generate(lower(load(m.bytes()), Given(Rounding.TFLITE)).graph, tmp_path)
    want = b"".join(out.tobytes() for outs in reference_sequence(m.bytes(), samples) for out in outs)
    assert b"".join(model.host.run([s[0].tobytes()])[0][0] for s in samples) == want
    assert model.emulate([{model.graph.inputs[0].value: s[0]} for s in samples]).outputs == want


def test_a_state_outside_of_the_model(tmp_path: Path) -> None:
    """An output that is fed back as an input of the next run, which begins at what stands for zero."""
    m, q = TfliteModel(), (0.1, 7)
    x, h = m.input((1, 3), "int8", (0.05, -3)), m.input((1, 3), "int8", q)
    half = m.constant(np.array([5], np.int8), (0.1, 0))
    part = m.op("MUL", [h, half], m.tensor((1, 3), "int8", q), "MulOptions")
    y = m.op("ADD", [x, part], m.tensor((1, 3), "int8", q, name="new"), "AddOptions")
    m.output(m.op("RELU", [y], m.tensor((1, 3), "int8", q)), y)
    path = tmp_path / "m.tflite"
    path.write_bytes(m.bytes())
    graph = lower(import_model(path, {}, {"in1": "new"}), Given(Rounding.TFLITE)).graph
    assert [p.name for p in (*graph.inputs, *graph.outputs)] == ["in0", "t5"] and graph.is_wholly_integer()
    stream, kept = Stream(graph), np.full((1, 3), 7, np.int8)
    for sample, _ in samples_of(m, 5):
        ((want, kept),) = reference_sequence(m.bytes(), [[sample, kept]])
        np.testing.assert_array_equal(stream.run({"in0": sample})["t5"], want)


def two(order: str) -> TfliteModel:
    """Two variables, read and assigned in an order: a, b read; A, B assign (the sum of input and b; and what a was)."""
    m, q = TfliteModel(), (0.1, 2)
    x = m.input((1, 4), "int8", q)
    variables = {name: Variable(m, (1, 4), "int8", q, name) for name in "ab"}
    read: dict[str, int] = {}
    for step in order:
        if step in variables:
            read[step] = variables[step].read()
        elif step == "A":
            variables["a"].assign(m.op("ADD", [x, read.get("b", x)], m.tensor((1, 4), "int8", q), "AddOptions"))
        else:
            variables["b"].assign(read.get("a", x))
    return m.output(m.op("ADD", [read.get("a", x), read.get("b", x)], m.tensor((1, 4), "int8", (0.2, 0)), "AddOptions"))


# the number of states: what is assigned before it is read is none
ORDERS = {"abAB": 2, "abBA": 2, "aBbA": 1, "AaBb": 0, "aA": 1, "ABab": 0, "aABb": 1}


@pytest.mark.parametrize(("order", "states"), ORDERS.items())
def test_reading_and_assigning_in_any_order(order: str, states: int) -> None:
    assert len(check_bytes(two(order), 3).states) == states


def reading(m: TfliteModel) -> schema.OperatorT:
    """The operator that reads the variable."""
    code = schema.BuiltinOperator.READ_VARIABLE
    return next(op for op in m.graph.operators if m.model.operatorCodes[op.opcodeIndex].builtinCode == code)


BAD: dict[str, tuple[Callable[[TfliteModel], object], type[TinycError]]] = {
    "calls subgraph 0, there are 2": (
        lambda m: m.op("CALL_ONCE", [], [], "CallOnceOptions", initSubgraphIndex=0), TinycError,
    ),
    "is not the handle of a variable": (lambda m: setattr(reading(m), "inputs", [0]), TinycError),
    "it has 2 inputs and 1 results, 1 and 1": (lambda m: setattr(reading(m), "inputs", [1, 1]), TinycError),
    r"begins as int8\(1, 2, 2\) and is read as int8\(1, 1, 4\)": (
        lambda m: setattr(m.graph.tensors[reading(m).outputs[0]], "shape", [1, 1, 4]), UnsupportedError,
    ),
    "is read as 1x2x2xi8 and assigned as 1x1x2xi8": (
        lambda m: m.op("ASSIGN_VARIABLE", [reading(m).inputs[0], 0], []), UnsupportedError,
    ),
    "'w' is read and never assigned": (lambda m: Variable(m, (1, 2), "int8", (0.1, 0), "w").read(), UnsupportedError),
    "read or assigned before it begins": (
        lambda m: m.graph.operators.append(m.graph.operators.pop(1)), UnsupportedError,
    ),
    "beside the first only those of CALL_ONCE": (lambda m: m.subgraph(), UnsupportedError),
}  # fmt: skip


@pytest.mark.parametrize("message", BAD)
def test_what_does_not_fit(message: str) -> None:
    change, kind = BAD[message]
    m = ring("int8", 3, 2, (0.1, 0), (0.1, 0), np.zeros((1, 2, 2), np.int8))
    change(m)
    with pytest.raises(kind, match=message):
        load(m.bytes())
