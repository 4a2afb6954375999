"""The training helpers: every gradient against finite differences, every ONNX node against onnxruntime."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime
import pytest

from examples.training.base import Array, Layer
from examples.training.export import export_classifier
from examples.training.fit import accuracy, cross_entropy, fit
from examples.training.layers import BatchNorm, Chain, Dense, GlobalAveragePool, Relu, Residual
from examples.training.windowed import Conv, DepthwiseConv, MaxPool


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


LAYERS = {
    "conv 1-D": (Conv(rng(), 3, 4, (3,), stride=2, padding=1), (2, 3, 9)),
    "conv 2-D": (Conv(rng(), 2, 3, (3, 3), padding=1), (2, 2, 5, 4)),
    "conv 2-D, stride 2 without padding, last column unread": (Conv(rng(), 2, 3, (3, 3), stride=2), (2, 2, 5, 6)),
    "conv 1×1": (Conv(rng(), 4, 2, (1, 1)), (2, 4, 3, 3)),
    "depthwise 1-D": (DepthwiseConv(rng(), 3, (5,), padding=2), (2, 3, 7)),
    "depthwise 2-D": (DepthwiseConv(rng(), 3, (3, 3), stride=2, padding=1), (2, 3, 6, 5)),
    "max pool": (MaxPool((2, 2), stride=2), (2, 3, 4, 6)),
    "overlapping max pool": (MaxPool((3,), stride=2), (2, 3, 9)),
    "batch norm": (BatchNorm(3), (4, 3, 5)),
    "relu": (Relu(), (2, 3, 4)),
    "global average pool": (GlobalAveragePool(), (2, 3, 4, 5)),
    "dense": (Dense(rng(), 5, 3), (4, 5)),
    "residual": (Residual(DepthwiseConv(rng(), 2, (3,), padding=1), Relu()), (2, 2, 6)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_are_the_slopes(name: str) -> None:
    layer, shape = LAYERS[name]
    for parameter in layer.parameters():
        parameter.value = rng().normal(size=parameter.value.shape)
        parameter.grad = np.zeros_like(parameter.value)
    x = rng().normal(size=shape)
    toward = rng().normal(size=layer.forward(x, training=True).shape)

    def loss() -> float:
        return float((layer.forward(x, training=True) * toward).sum())

    loss()
    by_input = layer.backward(toward)
    for value, grad in [(x, by_input)] + [(p.value, p.grad) for p in layer.parameters()]:
        np.testing.assert_allclose(grad, slopes(loss, value), rtol=1e-5, atol=1e-7)


def test_equal_maxima_share_the_gradient() -> None:
    pool = MaxPool((2,), stride=2)
    pool.forward(np.array([[[3.0, 3.0, 1.0, 2.0]]]), training=True)
    np.testing.assert_array_equal(pool.backward(np.array([[[1.0, 1.0]]])), [[[0.5, 0.5, 0.0, 1.0]]])


def slopes(loss: Callable[[], float], value: Array, step: float = 1e-6) -> Array:
    """The central differences of `loss` by each element of `value`, which is changed and put back."""
    result = np.zeros_like(value)
    for index in np.ndindex(value.shape):
        kept = value[index]
        value[index] = kept + step
        above = loss()
        value[index] = kept - step
        result[index] = (above - loss()) / (2 * step)
        value[index] = kept
    return result


def test_cross_entropy_of_equal_logits_is_log_of_classes_and_its_gradient_the_slope() -> None:
    labels = np.array([2, 0, 1])
    assert cross_entropy(np.zeros((3, 4)), labels)[0] == pytest.approx(np.log(4))
    logits = rng().normal(size=(3, 4))
    np.testing.assert_allclose(
        cross_entropy(logits, labels)[1], slopes(lambda: cross_entropy(logits, labels)[0], logits), rtol=1e-5, atol=1e-8
    )


def test_cross_entropy_survives_large_logits() -> None:
    loss, grad = cross_entropy(np.array([[1000.0, -1000.0]]), np.array([0]))
    assert loss == 0.0
    np.testing.assert_array_equal(grad, [[0.0, 0.0]])


def image_network() -> Chain:
    return Chain(
        Conv(rng(), 2, 4, (3, 3), stride=2, padding=1), BatchNorm(4), Relu(),
        Residual(DepthwiseConv(rng(), 4, (3, 3), padding=1), BatchNorm(4)), Relu(),
        MaxPool((2, 2), stride=2), GlobalAveragePool(), Dense(rng(), 4, 3),
    )  # fmt: skip


def signal_network() -> Chain:
    return Chain(
        Conv(rng(), 2, 4, (5,), stride=2, padding=2), BatchNorm(4), Relu(),
        DepthwiseConv(rng(), 4, (3,), padding=1), MaxPool((2,), stride=2), GlobalAveragePool(), Dense(rng(), 4, 3),
    )  # fmt: skip


@pytest.mark.parametrize(("network", "shape"), [(image_network(), (2, 8, 6)), (signal_network(), (2, 16))])
def test_the_exported_model_computes_what_the_network_does(network: Layer, shape: tuple[int, ...]) -> None:
    network.forward(rng().normal(3.0, 2.0, (32, *shape)).astype(np.float32), training=True)  # sets running statistics
    x = rng().normal(3.0, 2.0, (1, *shape)).astype(np.float32)
    logits = network.forward(x, training=False)
    model = export_classifier(network, "small", "input", shape, classes=3)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (probabilities,) = session.run(["probabilities"], {"input": x})
    np.testing.assert_allclose(probabilities, np.exp(logits) / np.exp(logits).sum(), rtol=1e-4)


def test_fit_learns_to_tell_rising_from_falling(capsys: pytest.CaptureFixture[str]) -> None:
    ramp = np.linspace(-1, 1, 16)
    labels = rng().integers(0, 2, 128)
    x = (np.where(labels, 1, -1)[:, np.newaxis, np.newaxis] * ramp + rng().normal(0, 0.3, (128, 1, 16))).astype("f4")
    network = Chain(Conv(rng(), 1, 4, (5,)), BatchNorm(4), Relu(), GlobalAveragePool(), Dense(rng(), 4, 2))
    history = fit(network, x, labels, rng(), epochs=8, learning_rate=2e-2)
    assert history[-1] < history[0] / 2
    assert accuracy(network, x, labels) > 0.9
    assert len(capsys.readouterr().out.splitlines()) == 8
