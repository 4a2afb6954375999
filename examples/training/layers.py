"""The layers without a kernel, and the two ways to put layers together."""

from __future__ import annotations

import numpy as np

from examples.training.base import Array, Layer, Parameter, he_normal, per_channel
from examples.training.export import GraphWriter


class BatchNorm(Layer):
    """Normalization with the statistics of the batch in training, and with their running mean otherwise."""

    EPSILON = 1e-5
    MOMENTUM = 0.9

    def __init__(self, channels: int) -> None:
        self.scale = Parameter(np.ones(channels, np.float32))
        self.shift = Parameter(np.zeros(channels, np.float32))
        self.mean: Array = np.zeros(channels, np.float32)
        self.variance: Array = np.ones(channels, np.float32)

    def parameters(self) -> list[Parameter]:
        return [self.scale, self.shift]

    def forward(self, x: Array, training: bool) -> Array:
        mean, variance = self.mean, self.variance
        if training:
            everywhere = (0, *range(2, x.ndim))
            mean, variance = x.mean(axis=everywhere), x.var(axis=everywhere)
            self.mean = self.MOMENTUM * self.mean + (1 - self.MOMENTUM) * mean
            self.variance = self.MOMENTUM * self.variance + (1 - self.MOMENTUM) * variance
        self.deviation = np.sqrt(variance + self.EPSILON)
        self.normal = (x - per_channel(mean, x.ndim)) / per_channel(self.deviation, x.ndim)
        return per_channel(self.scale.value, x.ndim) * self.normal + per_channel(self.shift.value, x.ndim)

    def backward(self, grad: Array) -> Array:
        everywhere = (0, *range(2, grad.ndim))
        self.scale.grad = (grad * self.normal).sum(axis=everywhere)
        self.shift.grad = grad.sum(axis=everywhere)
        points = grad.size // grad.shape[1]
        through_statistics = (
            self.normal * per_channel(self.scale.grad, grad.ndim) + per_channel(self.shift.grad, grad.ndim)
        ) / points
        by_input: Array = per_channel(self.scale.value / self.deviation, grad.ndim) * (grad - through_statistics)
        return by_input

    def write(self, graph: GraphWriter, x: str) -> str:
        weights = {"scale": self.scale.value, "shift": self.shift.value, "mean": self.mean, "variance": self.variance}
        return graph.node("BatchNormalization", x, weights=weights, epsilon=self.EPSILON)


class Relu(Layer):
    """max(x, 0)."""

    def forward(self, x: Array, training: bool) -> Array:
        self.positive = x > 0
        return x * self.positive

    def backward(self, grad: Array) -> Array:
        return grad * self.positive

    def write(self, graph: GraphWriter, x: str) -> str:
        return graph.node("Relu", x)


class GlobalAveragePool(Layer):
    """The mean over space, flattened to (batch, channel)."""

    def forward(self, x: Array, training: bool) -> Array:
        self.shape = x.shape
        mean: Array = x.mean(axis=tuple(range(2, x.ndim)))
        return mean

    def backward(self, grad: Array) -> Array:
        points = int(np.prod(self.shape[2:]))
        spread = grad.reshape(*grad.shape, *[1] * (len(self.shape) - 2)) / points
        return np.broadcast_to(spread, self.shape)

    def write(self, graph: GraphWriter, x: str) -> str:
        return graph.node("Flatten", graph.node("GlobalAveragePool", x), axis=1)


class Dense(Layer):
    """x · weightᵀ + bias; weights are (output, input)."""

    def __init__(self, rng: np.random.Generator, inputs: int, outputs: int) -> None:
        self.weight = Parameter(he_normal(rng, (outputs, inputs)), decays=True)
        self.bias = Parameter(np.zeros(outputs, np.float32))

    def parameters(self) -> list[Parameter]:
        return [self.weight, self.bias]

    def forward(self, x: Array, training: bool) -> Array:
        self.x = x
        y: Array = x @ self.weight.value.T
        return y + self.bias.value

    def backward(self, grad: Array) -> Array:
        self.weight.grad = grad.T @ self.x
        self.bias.grad = grad.sum(axis=0)
        by_input: Array = grad @ self.weight.value
        return by_input

    def write(self, graph: GraphWriter, x: str) -> str:
        weights = {"weight": self.weight.value, "bias": self.bias.value}
        return graph.node("Gemm", x, weights=weights, transB=1)


class Chain(Layer):
    """The layers one after the other."""

    def __init__(self, *layers: Layer) -> None:
        self.layers = layers

    def parameters(self) -> list[Parameter]:
        return [parameter for layer in self.layers for parameter in layer.parameters()]

    def forward(self, x: Array, training: bool) -> Array:
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, grad: Array) -> Array:
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad

    def write(self, graph: GraphWriter, x: str) -> str:
        for layer in self.layers:
            x = layer.write(graph, x)
        return x


class Residual(Layer):
    """x + body(x); the body keeps the shape."""

    def __init__(self, *body: Layer) -> None:
        self.body = Chain(*body)

    def parameters(self) -> list[Parameter]:
        return self.body.parameters()

    def forward(self, x: Array, training: bool) -> Array:
        return x + self.body.forward(x, training)

    def backward(self, grad: Array) -> Array:
        return grad + self.body.backward(grad)

    def write(self, graph: GraphWriter, x: str) -> str:
        return graph.node("Add", x, self.body.write(graph, x))
