"""Training a classifier: cross-entropy, Adam with decoupled weight decay, a learning rate that falls along a cosine."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from examples.training.base import Array, Layer, Parameter

Labels = NDArray[np.integer[Any]]
Augment = Callable[[np.random.Generator, Array], Array]


def cross_entropy(logits: Array, labels: Labels) -> tuple[float, Array]:
    """The mean over the batch of −log softmax(logits)[label], and its gradient by the logits (batch, class)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    grad = np.exp(log_probabilities)
    grad[rows, labels] -= 1
    return float(-log_probabilities[rows, labels].mean()), grad / len(labels)


class Adam:
    """Adam (Kingma and Ba, 2015) with the weight decay outside the moments (Loshchilov and Hutter, 2019)."""

    MEAN_MEMORY = 0.9
    SQUARE_MEMORY = 0.999
    EPSILON = 1e-8

    def __init__(self, parameters: list[Parameter], weight_decay: float) -> None:
        self.parameters = parameters
        self.weight_decay = weight_decay
        self.means = [np.zeros_like(p.value) for p in parameters]
        self.squares = [np.zeros_like(p.value) for p in parameters]
        self.steps = 0

    def step(self, learning_rate: float) -> None:
        """Move every parameter against its gradient."""
        self.steps += 1
        mean_bias = 1 - self.MEAN_MEMORY**self.steps
        square_bias = 1 - self.SQUARE_MEMORY**self.steps
        for parameter, mean, square in zip(self.parameters, self.means, self.squares, strict=True):
            mean += (1 - self.MEAN_MEMORY) * (parameter.grad - mean)
            square += (1 - self.SQUARE_MEMORY) * (parameter.grad**2 - square)
            if parameter.decays:
                parameter.value *= 1 - learning_rate * self.weight_decay
            parameter.value -= learning_rate * (mean / mean_bias) / (np.sqrt(square / square_bias) + self.EPSILON)


def fit(
    network: Layer,
    x: Array,
    labels: Labels,
    rng: np.random.Generator,
    *,
    epochs: int,
    batch: int = 32,
    learning_rate: float = 5e-3,
    weight_decay: float = 1e-2,
    augment: Augment | None = None,
) -> list[float]:
    """Train `network`, which ends in logits, on `x` (sample, channel, *space); returns the mean loss of each epoch.

    Every epoch visits the samples in a new order, in whole batches, each changed by `augment` if there is one.
    """
    optimizer = Adam(network.parameters(), weight_decay)
    batches = len(x) // batch
    history = []
    for epoch in range(epochs):
        total = 0.0
        for i, chosen in enumerate(np.split(rng.permutation(len(x))[: batches * batch], batches)):
            inputs = augment(rng, x[chosen]) if augment else x[chosen]
            loss, grad = cross_entropy(network.forward(inputs, training=True), labels[chosen])
            network.backward(grad)
            progress = (epoch + i / batches) / epochs
            optimizer.step(learning_rate * (1 + math.cos(math.pi * progress)) / 2)
            total += loss
        history.append(total / batches)
        print(f"epoch {epoch + 1:3} of {epochs}: loss {history[-1]:.4f}")
    return history


def accuracy(network: Layer, x: Array, labels: Labels) -> float:
    """The share of the samples whose largest logit is their label's."""
    return float(np.mean(network.forward(x, training=False).argmax(axis=1) == labels))
