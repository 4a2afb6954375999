"""Fourier transforms and determinants, against onnxruntime and NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from generated import generate
from onnx import helper
from onnx_case import build, check, evaluate, load, normal, one, ops, refused

from tinyc.driver.phases import lower
from tinyc.ir.graph import Graph


def same_in_c(graph: Graph, x: np.ndarray, folder: Path) -> None:
    """The generated C gives what the interpreter gives, and touches nothing else."""
    made = generate(lower(graph, None).graph, folder / "model")
    (port,) = made.graph.inputs
    want = np.frombuffer(made.output_bytes({port.value: x}), np.float32)
    for got in (made.host_outputs({port.value: x}), made.sanitized_outputs([{port.value: x}])):
        np.testing.assert_allclose(np.frombuffer(got, np.float32), want, 1e-4, 1e-4)


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("length", [None, 6, 8, 11])
@pytest.mark.parametrize("attributes", [{}, {"onesided": 1}, {"inverse": 1}])
def test_dft(attributes: dict[str, int], length: int | None, parts: int, tmp_path: Path) -> None:
    if parts == 2 and "onesided" in attributes:
        return
    model = one("DFT", (2, 8, parts), *([] if length is None else [np.int64(length)]), **attributes)
    x = normal(2, 8, parts)
    values = x[..., 0] + (1j * x[..., 1] if parts == 2 else 0)
    want = (np.fft.ifft if "inverse" in attributes else np.fft.fft)(values, length)
    want = want[:, : (length or 8) // 2 + 1] if "onesided" in attributes else want
    graph = load(model)
    got = evaluate(graph, {"x": x})["y"]
    np.testing.assert_allclose(got, np.stack([want.real, want.imag], -1), 1e-4, 1e-5)
    if length in (None, 11):
        same_in_c(graph, x, tmp_path)


@pytest.mark.parametrize("length", [7, 8])
def test_inverse_of_half_a_spectrum(length: int, tmp_path: Path) -> None:
    x = normal(2, length)
    half = np.fft.rfft(x)
    given = np.stack([half.real, half.imag], -1).astype(np.float32)
    graph = load(one("DFT", given.shape, np.int64(length), np.int64(1), inverse=1, onesided=1, opset=20))
    np.testing.assert_allclose(evaluate(graph, {"x": given})["y"][..., 0], x, 1e-4, 1e-5)
    same_in_c(graph, given, tmp_path)


def test_any_axis_but_the_last() -> None:
    check(one("DFT", (2, 3, 4, 1), axis=1))
    assert ops(load(one("DFT", (2, 3, 4, 1), None, np.int64(2), opset=20))) == ["dft"]
    refused(one("DFT", (2, 3, 4, 1), axis=3), "axis 3 of shape (2, 3, 4, 1)")
    refused(one("DFT", (2, 3, 4), axis=1), "real and imaginary parts")


@pytest.mark.parametrize("onesided", [0, 1])
@pytest.mark.parametrize("window", [None, np.hanning(6).astype(np.float32)])
def test_stft(window: np.ndarray | None, onesided: int, tmp_path: Path) -> None:
    model = one("STFT", (2, 17, 1), np.int64(3), window, np.int64(6), onesided=onesided)
    graph = check(model)
    same_in_c(graph, normal(2, 17, 1), tmp_path)


def test_frames_that_make_no_sense() -> None:
    refused(one("STFT", (1, 9, 1), np.int64(0), None, np.int64(4)), "frames of 4 elements, 0 apart")
    refused(one("STFT", (1, 9, 1), np.int64(2), None, np.int64(10)), "frames of 10 elements")
    refused(one("STFT", (1, 9, 1), np.int64(2), normal(3), np.int64(4)), "window of shape (3,)")


@pytest.mark.parametrize("op", ["HannWindow", "HammingWindow", "BlackmanWindow"])
def test_windows_are_constants(op: str) -> None:
    nodes = [helper.make_node(op, ["size"], ["w"]), helper.make_node("Mul", ["x", "w"], ["y"])]
    assert ops(check(build(nodes, {"x": (2, 9)}, {"size": np.int64(9)}))) == ["mul"]


@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (2, 3, 5, 5)])
def test_determinants(shape: tuple[int, ...], tmp_path: Path) -> None:
    graph = check(one("Det", shape))
    same_in_c(graph, normal(*shape), tmp_path)


def test_determinants_of_singular_matrices(tmp_path: Path) -> None:
    x = np.zeros((3, 2, 2), np.float32)
    x[1], x[2] = [[0, 1], [2, 0]], [[1, 2], [2, 4]]
    graph = load(one("Det", x.shape))
    assert evaluate(graph, {"x": x})["y"].tolist() == [0, -2, 0]
    same_in_c(graph, x, tmp_path)
    refused(one("Det", (2, 3)), "determinant")
