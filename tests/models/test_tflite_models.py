"""Public .tflite models: what their ONNX twins give, and the very bytes of TensorFlow Lite Micro's interpreter."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from reference_models import Array, Build, Models
from test_quantized_models import NAMES, recorded
from tflite_micro.python.tflite_micro import runtime

from tinyc.driver.compiled import CompiledModel
from tinyc.driver.phases import Given, lower
from tinyc.frontend import import_model
from tinyc.ir.graph import Graph
from tinyc.ir.interp import run
from tinyc.ir.types import Rounding
from tinyc.quant.partition import float_layers

ARENA_BYTES = 1_000_000


def random_samples(graph: Graph, count: int) -> Array:
    """From a fixed seed, over the whole range; floats are what integers stand for, so that no tie is rounded."""
    (port,) = graph.inputs
    rng = np.random.default_rng(11)
    if port.dtype == "int8":
        return rng.integers(-128, 127, (count, *port.shape[1:]), endpoint=True).astype(np.int8)
    codes = rng.integers(-128, 127, (count, *port.shape[1:]), endpoint=True).astype(np.int8)
    return graph.types[port.value].q.dequantize(codes)


def of_micro(path: Path, samples: Array) -> Array:
    """What TensorFlow Lite Micro makes of the samples, one after the other."""
    interpreter = runtime.Interpreter.from_file(str(path), arena_size=ARENA_BYTES)
    results = []
    for sample in samples:
        interpreter.set_input(sample[None], 0)
        interpreter.invoke()
        results.append(interpreter.get_output(0)[0])
    return np.stack(results)


def ours(model: CompiledModel, samples: Array) -> Array:
    (given,), (made,) = model.graph.inputs, model.graph.outputs
    return model.run({given.name: samples})[made.name]


def lowered(path: Path) -> Graph:
    return lower(import_model(path), Given(Rounding.TFLITE)).graph


def layers(graph: Graph) -> list[str]:
    """Operators, the types of their results, and their constants, in any order."""
    found = []
    for node in graph.nodes:
        if not node.op.is_view:
            data = b"".join(graph.constants[v].tobytes() for v in node.ins if v in graph.constants)
            found.append(f"{node.op.name} {graph.types[node.outs[0]]} {sha256(data).hexdigest()}")
    return sorted(found)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_layers_as_through_onnx(shared: Path, name: str) -> None:
    """Names, layouts of ports and the order of branches may differ, and nothing else."""
    path = shared / "models" / f"{name}.tflite"
    graph = lowered(path)
    assert graph.is_integer() and float_layers(graph, "") == {}
    assert layers(graph) == layers(lowered(path.with_suffix(".onnx")))


@pytest.mark.parametrize("name", ["ad01_int8", "kws_dscnn_int8"])
def test_bytes_of_the_interpreter(shared: Path, name: str) -> None:
    path = shared / "models" / f"{name}.tflite"
    graph = lowered(path)
    samples = random_samples(graph, 2)
    got = [run(graph, {graph.inputs[0].name: sample[None]})[graph.outputs[0].name][0] for sample in samples]
    np.testing.assert_array_equal(np.stack(got), of_micro(path, samples))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_bytes_of_many_inputs(models: Models, shared: Path, name: str) -> None:
    path = shared / "models" / f"{name}.tflite"
    model = models.get(Build(name, rounding=Rounding.TFLITE, suffix="tflite"))
    assert model.report["arithmetic"] == "int8"
    inputs, wanted = recorded(shared / "data" / "tflm_io" / name, model)
    np.testing.assert_array_equal(ours(model, inputs).reshape(wanted.shape), wanted)
    samples = np.concatenate([random_samples(model.graph, 300), inputs.reshape(-1, *model.graph.inputs[0].shape[1:])])
    np.testing.assert_array_equal(ours(model, samples), of_micro(path, samples))
    twin = models.get(Build(name, rounding=Rounding.TFLITE))
    (given,), (made,) = twin.graph.inputs, twin.graph.outputs
    axes = (0, 3, 1, 2) if samples.ndim == 4 and given.shape != model.graph.inputs[0].shape else range(samples.ndim)
    results = twin.run({given.name: samples.transpose(*axes)})[made.name]
    np.testing.assert_array_equal(ours(model, samples).reshape(results.shape), results)
