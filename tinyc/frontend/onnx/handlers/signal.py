"""Fourier transforms, and what belongs to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.dft import Dft
from tinyc.ops.frames import Frames
from tinyc.ops.mul import Mul


def dft(node: NodeView) -> str:
    """Along any axis but the last, which has real and imaginary parts; the axis is an input since opset 20."""
    shape = node.shape(0)
    inverse, onesided = node.attributes.flag("inverse"), node.attributes.flag("onesided")
    if node.opset < 20:
        given = node.attributes.integer("axis", 1)
    else:
        given = _number(node, 2, "axis") if node.has(2) else -2
    axis = node.axis(given, len(shape))
    if axis == len(shape) - 1 or shape[-1] not in (1, 2):
        raise node.invalid(f"axis {given} of shape {shape}, whose last axis has real and imaginary parts")
    places = shape[axis]
    length = 2 * (places - 1) if inverse and onesided else places
    if node.has(1):
        length = _number(node, 1, "length")
    swap = list(range(len(shape)))
    swap[axis], swap[-2] = swap[-2], swap[axis]
    y = node.emit(Dft(length, inverse, onesided), node.transposed(node.value(0), swap))
    return node.transposed(y, swap)


def stft(node: NodeView) -> str:
    """Transforms of frames that overlap, each element times that of a window."""
    shape = node.shape(0)
    if len(shape) == 2:
        shape = (*shape, 1)
    if len(shape) != 3 or (node.has(2) and len(node.shape(2)) != 1):
        raise node.invalid(f"a signal of shape {shape}, a window of shape {node.shape(2) if node.has(2) else ()}")
    step = _number(node, 1, "step between frames")
    if node.has(3):
        length = _number(node, 3, "length of frames")
    else:
        length = node.shape(2)[0] if node.has(2) else shape[1]
    if step < 1 or not 1 <= length <= shape[1]:
        raise node.invalid(f"frames of {length} elements, {step} apart, of shape {shape}")
    if node.has(2) and node.shape(2) != (length,):
        raise node.invalid(f"a window of shape {node.shape(2)} for frames of {length} elements")
    frames = node.emit(Frames(length, step), node.reshaped(node.value(0), shape))
    if node.has(2):
        frames = node.emit(Mul(), frames, node.reshaped(node.value(2), (length, 1)))
    return node.emit(Dft(length, onesided=node.attributes.flag("onesided", True)), frames)


def computed_while_compiling(*inputs: str) -> Callable[[NodeView], NoReturn]:
    """The handler of an operator whose inputs must all be constant: it is computed where they are."""

    def handler(node: NodeView) -> NoReturn:
        for index, name in enumerate(inputs):
            node.constant(index, name)
        raise node.unsupported("it cannot be computed at compile time")

    return handler


mel_weights = computed_while_compiling("bins", "DFT length", "sample rate", "lower edge", "upper edge")
window = computed_while_compiling("size")


def _number(node: NodeView, index: int, what: str) -> int:
    given = node.integers(index, what)
    if len(given) != 1:
        raise node.invalid(f"its {what} must be one number, not {given}")
    return given[0]
