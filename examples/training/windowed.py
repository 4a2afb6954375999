"""Layers with a kernel that slides over space: convolutions and pooling.

A convolution is a sum over the taps of its kernel: each tap sees a shifted, strided view of the padded input. Written
so, one implementation serves signals and images, and the gradient is the same loop with the views written to instead
of read. For large kernels that is slower than unfolding the input; the kernels here have nine taps at most.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from examples.training.base import Array, Layer, Parameter, he_normal, per_channel
from examples.training.export import GraphWriter


class _Windowed(Layer):
    """A layer with a kernel that slides over the axes of space; stride and padding are the same on every side."""

    def __init__(self, kernel: tuple[int, ...], stride: int, padding: int) -> None:
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def pad(self, x: Array) -> Array:
        return np.pad(x, [(0, 0), (0, 0)] + [(self.padding, self.padding)] * len(self.kernel))

    def unpad(self, x: Array) -> Array:
        return x[_in_space(slice(self.padding, n - self.padding) for n in x.shape[2:])]

    def taps(self, padded: Array) -> Iterator[tuple[tuple[int, ...], Array]]:
        """Each tap of the kernel with the view (batch, channel, *output space) of the inputs it is applied to."""
        last = [n - k for n, k in zip(padded.shape[2:], self.kernel, strict=True)]
        for tap in np.ndindex(self.kernel):
            yield tap, padded[_in_space(slice(t, t + n + 1, self.stride) for t, n in zip(tap, last, strict=True))]

    def attributes(self) -> dict[str, Any]:
        rank = len(self.kernel)
        return {"kernel_shape": self.kernel, "strides": [self.stride] * rank, "pads": [self.padding] * (2 * rank)}


def _in_space(index: Iterable[int | slice]) -> tuple[int | slice, ...]:
    """`index` into the axes behind the first two, all of which are kept."""
    return (slice(None), slice(None), *index)


def _sum(arrays: Iterable[Array]) -> Array:
    total: Array = functools.reduce(operator.add, arrays)
    return total


def _mix(matrix: Array, x: Array) -> Array:
    """`matrix` (output, input) applied to the channels of `x` at every point."""
    mixed: Array = matrix @ x.reshape(*x.shape[:2], -1)
    return mixed.reshape(*mixed.shape[:2], *x.shape[2:])


class Conv(_Windowed):
    """A convolution without bias, for a normalization follows; weights are (output, input, *kernel)."""

    def __init__(
        self,
        rng: np.random.Generator,
        inputs: int,
        outputs: int,
        kernel: tuple[int, ...],
        stride: int = 1,
        padding: int = 0,
    ) -> None:
        super().__init__(kernel, stride, padding)
        self.weight = Parameter(he_normal(rng, (outputs, inputs, *kernel)), decays=True)

    def parameters(self) -> list[Parameter]:
        return [self.weight]

    def forward(self, x: Array, training: bool) -> Array:
        self.padded = self.pad(x)
        return _sum(_mix(self.weight.value[_in_space(tap)], view) for tap, view in self.taps(self.padded))

    def backward(self, grad: Array) -> Array:
        flat = grad.reshape(*grad.shape[:2], -1)
        result = np.zeros_like(self.padded)
        for (tap, view), (_, target) in zip(self.taps(self.padded), self.taps(result), strict=True):
            seen = view.reshape(*view.shape[:2], -1)
            self.weight.grad[_in_space(tap)] = (flat @ seen.transpose(0, 2, 1)).sum(axis=0)
            target += _mix(self.weight.value[_in_space(tap)].T, grad)
        return self.unpad(result)

    def write(self, graph: GraphWriter, x: str) -> str:
        return graph.node("Conv", x, weights={"weight": self.weight.value}, **self.attributes())


class DepthwiseConv(_Windowed):
    """A convolution of every channel by a kernel of its own, without bias; weights are (channel, 1, *kernel)."""

    def __init__(
        self, rng: np.random.Generator, channels: int, kernel: tuple[int, ...], stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__(kernel, stride, padding)
        self.weight = Parameter(he_normal(rng, (channels, 1, *kernel)), decays=True)

    def parameters(self) -> list[Parameter]:
        return [self.weight]

    def forward(self, x: Array, training: bool) -> Array:
        self.padded = self.pad(x)
        return _sum(self._factor(tap) * view for tap, view in self.taps(self.padded))

    def backward(self, grad: Array) -> Array:
        result = np.zeros_like(self.padded)
        everywhere = (0, *range(2, grad.ndim))
        for (tap, view), (_, target) in zip(self.taps(self.padded), self.taps(result), strict=True):
            self.weight.grad[_in_space(tap)] = (grad * view).sum(axis=everywhere)[:, np.newaxis]
            target += self._factor(tap) * grad
        return self.unpad(result)

    def write(self, graph: GraphWriter, x: str) -> str:
        group = len(self.weight.value)
        return graph.node("Conv", x, weights={"weight": self.weight.value}, group=group, **self.attributes())

    def _factor(self, tap: tuple[int, ...]) -> Array:
        return per_channel(self.weight.value[_in_space(tap)], 2 + len(self.kernel))


class MaxPool(_Windowed):
    """The maximum of each window; equal maxima share the gradient equally."""

    def __init__(self, kernel: tuple[int, ...], stride: int) -> None:
        super().__init__(kernel, stride, padding=0)

    def forward(self, x: Array, training: bool) -> Array:
        self.x = x
        self.y = functools.reduce(np.maximum, (view for _, view in self.taps(x)))
        return self.y

    def backward(self, grad: Array) -> Array:
        result = np.zeros_like(self.x)
        share = grad / _sum((view == self.y).astype(grad.dtype) for _, view in self.taps(self.x))
        for (_, view), (_, target) in zip(self.taps(self.x), self.taps(result), strict=True):
            target += share * (view == self.y)
        return result

    def write(self, graph: GraphWriter, x: str) -> str:
        return graph.node("MaxPool", x, **self.attributes())
