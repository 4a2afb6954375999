"""What a layer is: what it computes, its gradient, and the ONNX nodes that mean the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from examples.training.export import GraphWriter

Array = NDArray[np.floating[Any]]


class Parameter:
    """A trained array, the gradient of the loss by it, and whether weight decay applies to it."""

    def __init__(self, value: Array, decays: bool = False) -> None:
        self.value = value
        self.grad = np.zeros_like(value)
        self.decays = decays


class Layer(ABC):
    """A function of a batch, and its trained parameters.

    `backward` belongs to the latest `forward` with `training` set: it uses what that one kept, and replaces the
    gradients of all parameters.
    """

    def parameters(self) -> list[Parameter]:
        """What the optimizer is to train; nothing unless a layer says so."""
        return []

    @abstractmethod
    def forward(self, x: Array, training: bool) -> Array:
        """The layer's output for a batch."""

    @abstractmethod
    def backward(self, grad: Array) -> Array:
        """From the gradient of the loss by the output, set those of the parameters and return that by the input."""

    @abstractmethod
    def write(self, graph: GraphWriter, x: str) -> str:
        """Append the nodes that compute this layer from the tensor `x`; returns the name of the result."""


def he_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Initial weights whose outputs, after a ReLU, keep the variance of the inputs; the first axis is the output's."""
    fan_in = int(np.prod(shape[1:]))
    return rng.normal(0.0, np.sqrt(2.0 / fan_in), shape).astype(np.float32)


def per_channel(values: Array, rank: int) -> Array:
    """One value a channel, shaped to be broadcast over an array of `rank` axes."""
    return values.reshape(1, -1, *[1] * (rank - 2))
