"""Trains digits.onnx, a small CNN for handwritten digits, and writes the images to calibrate and test it with.

Run it from the project's root, with the `examples` extra installed: python -m examples.digits.train
It takes about half a minute. The seeds are fixed, but the last bits of the weights depend on the machine's linear
algebra.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits  # type: ignore[import-untyped] # it ships no types
from sklearn.model_selection import train_test_split  # type: ignore[import-untyped] # it ships no types

from examples.training.base import Array, Layer
from examples.training.export import export_classifier, save
from examples.training.fit import accuracy, fit
from examples.training.layers import BatchNorm, Chain, Dense, GlobalAveragePool, Relu, Residual
from examples.training.windowed import Conv, DepthwiseConv, MaxPool

SEED = 1
SIZE = 16
TEST_IMAGES = 450
CALIBRATION_IMAGES = 100


@dataclass(frozen=True)
class Digits:
    """Images are uint8 (sample, 1, 16, 16), 0 for paper and 255 for ink; labels are 0 to 9."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]


def load() -> Digits:
    """scikit-learn's 1797 digits, enlarged to 16×16 and split so that each digit has its share in both parts."""
    small, labels = load_digits(return_X_y=True)
    images = enlarge(small.reshape(-1, 8, 8) * (255 / 16))[:, np.newaxis]
    train_images, test_images, train_labels, test_labels = train_test_split(
        images, labels, test_size=TEST_IMAGES, stratify=labels, random_state=SEED
    )
    return Digits(train_images, train_labels, test_images, test_labels)


def enlarge(images: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Square images (sample, n, n) of values 0 to 255 at twice the size, interpolated linearly and rounded."""
    n = images.shape[1]
    centres = np.clip((np.arange(2 * n) + 0.5) / 2 - 0.5, 0, n - 1)
    weights = np.maximum(0, 1 - np.abs(centres[:, np.newaxis] - np.arange(n)))
    enlarged: NDArray[np.uint8] = np.rint(weights @ images @ weights.T).astype(np.uint8)
    return enlarged


def build(rng: np.random.Generator) -> Chain:
    """The network up to the logits; the comments give the shapes after each stage.

    It takes the grey levels as they are: the normalization behind the first convolution undoes their scale.
    """
    return Chain(
        Conv(rng, 1, 16, (3, 3), padding=1), BatchNorm(16), Relu(),  # 16 channels, 16×16
        *separable(rng, 16, 32, stride=2), Relu(),  # 32 channels, 8×8
        Residual(*separable(rng, 32, 32)), Relu(),  # 32 channels, 8×8
        MaxPool((2, 2), stride=2),  # 32 channels, 4×4
        *separable(rng, 32, 64), Relu(),  # 64 channels, 4×4
        GlobalAveragePool(),
        Dense(rng, 64, 10),
    )  # fmt: skip


def separable(rng: np.random.Generator, inputs: int, outputs: int, stride: int = 1) -> list[Layer]:
    """A depthwise 3×3 and a pointwise convolution, each normalized; the activation behind them is the caller's."""
    return [
        DepthwiseConv(rng, inputs, (3, 3), stride, padding=1), BatchNorm(inputs), Relu(),
        Conv(rng, inputs, outputs, (1, 1)), BatchNorm(outputs),
    ]  # fmt: skip


def jitter(rng: np.random.Generator, images: Array) -> Array:
    """Each image moved by up to one pixel along both axes, with paper moving in."""
    padded = np.pad(images, [(0, 0), (0, 0), (1, 1), (1, 1)])
    corners = rng.integers(0, 3, (len(images), 2))
    return np.stack([image[:, y : y + SIZE, x : x + SIZE] for image, (y, x) in zip(padded, corners, strict=True)])


def main() -> None:
    """Train, report and write the files beside this script."""
    digits = load()
    rng = np.random.default_rng(SEED)
    network = build(rng)
    fit(network, digits.train_images.astype(np.float32), digits.train_labels, rng, epochs=30, augment=jitter)
    print(f"test accuracy {accuracy(network, digits.test_images.astype(np.float32), digits.test_labels):.4f}")
    save(
        Path(__file__).parent,
        export_classifier(network, "digits", "image", (1, SIZE, SIZE), classes=10),
        calibration={"image": digits.train_images[:CALIBRATION_IMAGES]},
        test={"image": digits.test_images, "y": digits.test_labels.astype(np.uint8)},
    )


if __name__ == "__main__":
    main()
