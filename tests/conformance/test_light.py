"""Large image networks, whose weights are made as the model runs: those that the onnx package brings for backends.

They go through generated C in float, with weights in a binary file where they are large (VGG19 has 513 MB of them).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from backend import ATOL, DATA, RTOL, run_graph
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from tinyc.driver.phases import lower
from tinyc.frontend.onnx import import_model

F32 = NDArray[np.float32]

SMALL = ["squeezenet"]
LARGE = [
    "bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "vgg19", "zfnet512",
]  # fmt: skip


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that goes at once: the files are large."""
    with tempfile.TemporaryDirectory(prefix="tinyc-light-") as name:
        yield Path(name)


def check(name: str, folder: Path) -> None:
    """The outputs are ONNX Runtime's, and those that are stored beside the model, for the stored input."""
    path = DATA / "light" / f"light_{name}.onnx"
    graph = import_model(path)
    (port,) = graph.inputs
    size = prod(port.shape)
    inputs = {port.name: (np.arange(size).reshape(port.shape) / size).astype(np.float32)}
    got = run_graph(lower(graph, None).graph, inputs, folder)
    session = onnxruntime.InferenceSession(path)
    want = session.run(None, inputs)
    stored = numpy_helper.to_array(TensorProto.FromString(path.with_name(f"light_{name}_output_0.pb").read_bytes()))
    for port, from_runtime in zip(graph.outputs, want, strict=True):
        np.testing.assert_allclose(got[port.name], from_runtime, RTOL, ATOL)
        np.testing.assert_allclose(got[port.name], stored, RTOL, ATOL)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SMALL, *LARGE])
def test_outputs(folder: Path, name: str) -> None:
    check(name, folder)
