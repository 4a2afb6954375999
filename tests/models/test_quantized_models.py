"""Public quantized models: the very bytes that TensorFlow Lite Micro with CMSIS-NN made of recorded inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reference_models import Array, Build, Models

from tinyc.driver.compiled import CompiledModel
from tinyc.ir.graph import Port
from tinyc.ir.types import Rounding

NAMES = ["ad01_int8", "kws_dscnn_int8", "mcunet_vww_int8", "resnet8_int8", "vww96_int8"]
LONGEST = "vww96_int8"


def recorded(folder: Path, model: CompiledModel) -> tuple[Array, Array]:
    """All inputs and outputs of the folder, in the layout of the ONNX model."""
    (given,), (made,) = model.graph.inputs, model.graph.outputs
    inputs = sorted(folder.glob("*input.bin"))
    assert len(inputs) > 5
    xs = [_image(np.frombuffer(file.read_bytes(), given.dtype), given) for file in inputs]
    ys = [np.frombuffer(_output(file).read_bytes(), made.dtype) for file in inputs]
    return np.stack(xs), np.stack(ys)


def _output(file: Path) -> Path:
    return file.with_name(file.name.replace("input", "output"))


def _image(data: Array, port: Port) -> Array:
    """NHWC, as TensorFlow has it, in the shape of the port: there are fewer channels than columns."""
    if len(port.shape) != 4 or port.shape[-1] < port.shape[-2]:
        return data.reshape(port.shape[1:])
    _, channels, height, width = port.shape
    return data.reshape(height, width, channels).transpose(2, 0, 1)


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n == LONGEST else n for n in NAMES])
def test_bytes_of_tensorflow_lite_micro(models: Models, shared: Path, name: str) -> None:
    model = models.get(Build(name, rounding=Rounding.TFLITE))
    assert model.report["arithmetic"] == "int8"
    inputs, wanted = recorded(shared / "data" / "tflm_io" / name, model)
    (port,) = model.graph.outputs
    got = model.run({model.graph.inputs[0].name: inputs})[port.name]
    np.testing.assert_array_equal(got.reshape(wanted.shape), wanted)


@pytest.mark.parametrize("board", ["mps2-an386", "mps3-an547"])
@pytest.mark.parametrize("name", ["kws_dscnn_int8", "resnet8_int8"])
def test_in_the_emulator(models: Models, shared: Path, name: str, board: str) -> None:
    model = models.get(Build(name, board, Rounding.TFLITE))
    inputs, wanted = recorded(shared / "data" / "tflm_io" / name, model)
    (port,) = model.graph.outputs
    got = model.run({model.graph.inputs[0].name: inputs[:2]}, on="qemu")[port.name]
    np.testing.assert_array_equal(got.reshape(2, -1), wanted[:2])
