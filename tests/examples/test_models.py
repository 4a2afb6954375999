"""The committed models and data: what they promise to those who compile them, and that the scripts still make them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from examples.digits import train as digits
from examples.sensor import signals
from examples.sensor import train as sensor
from examples.training.export import export_classifier

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class Example:
    """A committed model, its data, and the least test accuracy it is to have."""

    path: Path
    input: str
    shape: tuple[int, ...]
    classes: int
    dtype: type
    least_accuracy: float

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        with np.load(self.path.parent / name) as file:
            return dict(file)


DIGITS = Example(EXAMPLES / "digits" / "digits.onnx", "image", (1, 16, 16), 10, np.uint8, 0.98)
VIBRATION = Example(EXAMPLES / "sensor" / "vibration.onnx", "signal", (3, 128), 5, np.float32, 0.97)
both = pytest.mark.parametrize("example", [DIGITS, VIBRATION], ids=["digits", "vibration"])


@both
def test_interface(example: Example) -> None:
    model = onnx.load(example.path)
    onnx.checker.check_model(model, full_check=True)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]
    described = [
        (value.name, value.type.tensor_type.elem_type, [d.dim_value for d in value.type.tensor_type.shape.dim])
        for value in (*model.graph.input, *model.graph.output)
    ]
    float32 = onnx.TensorProto.FLOAT
    assert described == [
        (example.input, float32, [1, *example.shape]),
        ("probabilities", float32, [1, example.classes]),
    ]


@both
def test_accuracy_in_onnxruntime(example: Example) -> None:
    test = example.arrays("test.npz")
    session = onnxruntime.InferenceSession(example.path, providers=["CPUExecutionProvider"])
    inputs = test[example.input].astype(np.float32)
    outputs = np.concatenate([session.run(["probabilities"], {example.input: x[np.newaxis]})[0] for x in inputs])
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)
    assert np.mean(outputs.argmax(axis=1) == test["y"]) >= example.least_accuracy


@both
def test_data(example: Example) -> None:
    calibration, test = example.arrays("calibration.npz"), example.arrays("test.npz")
    assert list(calibration) == [example.input]
    assert list(test) == [example.input, "y"]
    shown, unseen = calibration[example.input], test[example.input]
    assert shown.shape == (100, *example.shape)
    assert len(unseen) == len(test["y"]) >= 200
    assert shown.dtype == unseen.dtype == example.dtype
    assert set(test["y"]) == set(range(example.classes))
    assert not {x.tobytes() for x in shown} & {x.tobytes() for x in unseen}


def test_digits_gives_the_compiler_one_of_everything() -> None:
    kinds = Counter(node.op_type for node in onnx.load(DIGITS.path).graph.node)
    assert kinds == {
        "Conv": 7, "BatchNormalization": 7, "Relu": 7, "Add": 1, "MaxPool": 1,
        "GlobalAveragePool": 1, "Flatten": 1, "Gemm": 1, "Softmax": 1,
    }  # fmt: skip


@pytest.mark.parametrize("example", [DIGITS, VIBRATION], ids=["digits", "vibration"])
def test_the_script_still_builds_the_committed_network(example: Example) -> None:
    script = digits if example is DIGITS else sensor
    network = script.build(np.random.default_rng(0))
    fresh = export_classifier(network, example.path.stem, example.input, example.shape, example.classes)
    committed = onnx.load(example.path)
    assert fresh.graph.node == committed.graph.node
    assert [t.dims for t in fresh.graph.initializer] == [t.dims for t in committed.graph.initializer]


def test_the_committed_digits_are_those_of_the_script() -> None:
    data = digits.load()
    np.testing.assert_array_equal(DIGITS.arrays("calibration.npz")["image"], data.train_images[:100])
    np.testing.assert_array_equal(DIGITS.arrays("test.npz")["image"], data.test_images)
    np.testing.assert_array_equal(DIGITS.arrays("test.npz")["y"], data.test_labels)


def test_enlarging_interpolates_between_pixels_and_repeats_the_border() -> None:
    enlarged = digits.enlarge(np.array([[[0.0, 80.0], [0.0, 80.0]]]))
    np.testing.assert_array_equal(enlarged, [[[0, 20, 60, 80]] * 4])


def test_jitter_moves_images_by_at_most_one_pixel() -> None:
    image = np.zeros((64, 1, 16, 16), np.float32)
    image[:, 0, 7, 7] = 1
    moved = digits.jitter(np.random.default_rng(0), image)
    places = {(int(y), int(x)) for y, x in np.argwhere(moved)[:, 2:]}
    assert moved.shape == image.shape
    assert places == {(y, x) for y in (6, 7, 8) for x in (6, 7, 8)}


def test_windows_are_whole_counts_of_an_8_bit_sensor_in_equal_shares() -> None:
    windows, states = signals.dataset(np.random.default_rng(0), 52)
    np.testing.assert_array_equal(windows, np.rint(windows))
    assert -128 <= windows.min() < windows.max() <= 127
    assert sorted(Counter(states.tolist()).values()) == [10, 10, 10, 11, 11]


@pytest.mark.parametrize(("state", "axis", "turns"), [("unbalanced", 0, 1), ("misaligned", 2, 2)])
def test_faults_show_at_their_multiple_of_the_speed(state: str, axis: int, turns: int) -> None:
    for seed in range(20):
        signal = signals.acceleration(np.random.default_rng(seed), state)[axis]
        spectrum = np.abs(np.fft.rfft((signal - signal.mean()) * np.hanning(signals.LENGTH)))
        loudest = spectrum[1:].argmax() + 1
        hertz = loudest * signals.RATE / signals.LENGTH
        resolution = signals.RATE / signals.LENGTH
        assert 20.0 * turns - resolution <= hertz <= 30.0 * turns + resolution


def test_a_worn_bearing_is_heard_at_the_frequency_of_the_housing() -> None:
    def share_above_100_hertz(state: str) -> float:
        rng = np.random.default_rng(3)
        heard = np.stack([signals.acceleration(rng, state)[0] for _ in range(20)])
        spectrum = (np.abs(np.fft.rfft(heard)) ** 2).sum(axis=0)
        return float(spectrum[32:].sum() / spectrum[1:].sum())  # 32 steps of 3.125 Hz

    assert share_above_100_hertz("worn bearing") > 3 * share_above_100_hertz("healthy")
