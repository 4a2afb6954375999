"""Real models all the way: integer interpreter == host C == every emulated core, in every mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from reference_models import Build, Models

from tinyc.driver.compiled import CompiledModel
from tinyc.ir.interp import to_value
from tinyc.ir.kernel import KernelSet
from tinyc.ir.types import Rounding
from tinyc.samples import match_samples

Array = NDArray[Any]
Inputs = Callable[[str, int], dict[str, Array]]

NAMES = [
    "resnet8_float",
    "kws_dscnn_float",
    "vww96_float",
    "ad01_float",
    "ad01_float_folded",
    "mcunet_vww_float",
]
BOARDS = ["mps2-an386", "mps3-an547"]  # with the DSP extension, and with vectors
MORE_BOARDS = ["qemu-m0", "mps2-an385", "mps2-an500", "mps2-an505"]
MODES = [(Rounding.TFLITE, KernelSet.TINYC), (Rounding.SINGLE, KernelSet.CMSIS_NN)]


def matched(model: CompiledModel, inputs: Mapping[str, Array]) -> list[dict[str, Array]]:
    """The samples one by one, in the shapes of the model's inputs."""
    stacked = match_samples(inputs, model.graph.inputs, "inputs")
    return [{name: a[i] for name, a in stacked.items()} for i in range(len(next(iter(stacked.values()))))]


def check_layers(model: CompiledModel, inputs: Mapping[str, Array]) -> None:
    """Every value in memory is the same, bit for bit, in the interpreter and in C on this machine.

    Of layers that are computed in one, only the last one's result is there.
    """
    within = {name for layer in model.report["layers"] for name in layer["name"].split(" + ")[:-1]}
    absent = {node.outs[0] for node in model.graph.nodes if node.op.is_view or node.name in within}
    for sample in matched(model, inputs):
        want = model.run_all_values(sample, on="interpreter")
        got = model.run_all_values(sample, on="host")
        assert want.keys() - absent == got.keys() - absent
        for name, data in got.items():
            np.testing.assert_array_equal(data, want[name], name)


@pytest.mark.parametrize("name", NAMES)
def test_layers_on_the_host(models: Models, inputs: Inputs, name: str) -> None:
    model = models.get(Build(name))
    assert model.graph.is_integer()
    assert "transpose" not in {node.op.name for node in model.graph.nodes}
    check_layers(model, inputs(name, 2))


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", NAMES)
def test_outputs_in_the_emulator(models: Models, inputs: Inputs, name: str, board: str) -> None:
    check_emulator(models, inputs, name, board)


@pytest.mark.parametrize("board", MORE_BOARDS)
def test_outputs_on_more_cores(models: Models, inputs: Inputs, board: str) -> None:
    check_emulator(models, inputs, "resnet8_float", board)


@pytest.mark.slow
@pytest.mark.parametrize("board", MORE_BOARDS)
@pytest.mark.parametrize("name", NAMES[1:])
def test_outputs_of_all_models_on_more_cores(models: Models, inputs: Inputs, name: str, board: str) -> None:
    check_emulator(models, inputs, name, board)


def check_emulator(models: Models, inputs: Inputs, name: str, board: str) -> None:
    """The outputs on an emulated board are the interpreter's, and the model stays in its arena."""
    model = models.get(Build(name, board))
    given = inputs(name, 20 if name == "resnet8_float" else 2)
    result = model.run_qemu(match_samples(given, model.graph.inputs, "inputs"))
    want = model.run(given, on="interpreter", raw=True)
    (port,) = model.graph.outputs
    stored = [to_value(model.graph, port, sample.reshape(port.shape)) for sample in want[port.name]]
    assert result.outputs == b"".join(a.tobytes() for a in stored)
    assert result.arena_high_water <= result.arena_bytes == model.report["arena_bytes"]


def test_layers_in_the_emulator(models: Models, inputs: Inputs) -> None:
    model = models.get(Build("kws_dscnn_float", "mps3-an547"))
    given = match_samples(inputs("kws_dscnn_float", 2), model.graph.inputs, "inputs")
    result = model.run_qemu(given, dump_layers=True)
    want = b""
    for sample in matched(model, given):
        values = model.run_all_values(sample, on="interpreter")
        want += b"".join(model.interface.cut(values))
    assert result.layers == want
    assert len(result.layer_instructions) == len(model.report["layers"])


@pytest.mark.parametrize(("rounding", "kernels"), MODES, ids=["tflite", "cmsis-nn"])
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in ("vww96_float", "mcunet_vww_float") else n for n in NAMES]
)
def test_layers_on_the_host_in_other_modes(
    models: Models, inputs: Inputs, name: str, rounding: Rounding, kernels: KernelSet
) -> None:
    check_mode(models, inputs, name, rounding, kernels)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_layers_on_the_host_as_stock_cmsis_nn_computes_them(models: Models, inputs: Inputs, name: str) -> None:
    check_mode(models, inputs, name, Rounding.TFLITE, KernelSet.CMSIS_NN)


def check_mode(models: Models, inputs: Inputs, name: str, rounding: Rounding, kernels: KernelSet) -> None:
    """The model compiles in this mode, and says so; its layers on the host are the interpreter's."""
    model = models.get(Build(name, rounding=rounding, kernels=kernels))
    assert (model.report["rounding"], model.report["kernels"]) == (rounding.value, kernels.value)
    if kernels is KernelSet.CMSIS_NN:
        assert all(call.startswith("arm_") for layer in model.report["layers"] for call in layer["kernel"].split(", "))
    check_layers(model, inputs(name, 2))


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n == "mcunet_vww_float" else n for n in NAMES]
)
def test_float_layers_on_the_host(models: Models, inputs: Inputs, name: str) -> None:
    model = models.get(Build(name, float=True))
    assert not model.graph.is_integer()
    for sample in matched(model, inputs(name, 2)):
        want = model.run_all_values(sample, on="interpreter")
        for value, data in model.run_all_values(sample, on="host").items():
            np.testing.assert_allclose(data, want[value], rtol=1e-4, atol=1e-5 * np.abs(want[value]).max())


@pytest.mark.parametrize("name", ["resnet8_float", "kws_dscnn_float", "vww96_float"])
def test_float_outputs_are_those_of_onnxruntime(models: Models, inputs: Inputs, name: str) -> None:
    given = inputs(name, 2)
    model = models.get(Build(name, float=True))
    session = onnxruntime.InferenceSession(models.path(name))
    for sample in matched(model, given):
        got = model.run({key: a[None] for key, a in sample.items()}, on="host")
        want = session.run(None, sample)
        for output, array in zip(session.get_outputs(), want, strict=True):
            np.testing.assert_allclose(got[output.name].reshape(array.shape), array, rtol=1e-4, atol=1e-4)


def test_float_in_the_emulator(models: Models, inputs: Inputs) -> None:
    model = models.get(Build("kws_dscnn_float", float=True))
    given = inputs("kws_dscnn_float", 1)
    (got,), (want,) = (model.run(given, on=on).values() for on in ("qemu", "interpreter"))
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)
