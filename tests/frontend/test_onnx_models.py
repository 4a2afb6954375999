"""Real models, imported and compared with onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from tinyc.frontend.onnx import import_model, inspect_model
from tinyc.ir.interp import run
from tinyc.ir.verify import verify

ROOT = Path(__file__).parents[2]
FLOAT_MODELS = [
    "ad01_float",
    "ad01_float_folded",
    "kws_dscnn_float",
    "mcunet_vww_float",
    "mcunetv2_large_lsuv_float",
    "resnet8_float",
    "resnet8_float_nhwc",
    "vww96_float",
]


def check_against_onnxruntime(path: Path) -> None:
    graph = import_model(path)
    verify(graph)
    rng = np.random.default_rng(0)
    inputs = {p.name: rng.normal(size=p.shape).astype(p.dtype) for p in graph.inputs}
    session = onnxruntime.InferenceSession(path)
    got = run(graph, inputs)
    for output, want in zip(session.get_outputs(), session.run(None, inputs), strict=True):
        np.testing.assert_allclose(got[output.name], want, rtol=1e-4, atol=1e-5 * np.abs(want).max())


@pytest.mark.parametrize("name", FLOAT_MODELS)
def test_reference_model(shared: Path, name: str) -> None:
    check_against_onnxruntime(shared / "models" / f"{name}.onnx")


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*/*.onnx")), ids=lambda p: p.stem)
def test_example(path: Path) -> None:
    check_against_onnxruntime(path)


@pytest.mark.parametrize("name", ["ad01_int8", "kws_dscnn_int8", "resnet8_int8", "vww96_int8"])
def test_quantized_model(shared: Path, name: str) -> None:
    """Numbers and the integers that stand for them are operators like others."""
    check_against_onnxruntime(shared / "models" / f"{name}.onnx")


def test_a_supported_model_is_listed_without_problems(shared: Path) -> None:
    rows = inspect_model(shared / "models" / "resnet8_float.onnx")
    assert len(rows) == 23
    assert [r.problem for r in rows] == [""] * 23
    assert rows[0].op == "Conv"
    assert rows[0].shape == (1, 16, 32, 32)
    assert rows[-1].shape == (1, 10)
