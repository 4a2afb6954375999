"""Trains vibration.onnx, which tells the state of a machine from a window of acceleration, and writes its data.

Run it from the project's root: python -m examples.sensor.train
It takes a few seconds. The seeds are fixed, but the last bits of the weights depend on the machine's linear algebra.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from examples.sensor.signals import LENGTH, STATES, dataset
from examples.training.export import export_classifier, save
from examples.training.fit import accuracy, fit
from examples.training.layers import BatchNorm, Chain, Dense, GlobalAveragePool, Relu
from examples.training.windowed import Conv

SEED = 1
TRAIN_WINDOWS = 2000
TEST_WINDOWS = 250
CALIBRATION_WINDOWS = 100


def build(rng: np.random.Generator) -> Chain:
    """The network up to the logits; the comments give the shapes after each stage.

    It takes the counts as they are: the normalization behind the first convolution undoes their scale.
    """
    return Chain(
        Conv(rng, 3, 16, (9,), stride=2, padding=4), BatchNorm(16), Relu(),  # 16 channels, 64 samples
        Conv(rng, 16, 24, (5,), stride=2, padding=2), BatchNorm(24), Relu(),  # 24 channels, 32 samples
        Conv(rng, 24, 32, (3,), stride=1, padding=1), BatchNorm(32), Relu(),  # 32 channels, 32 samples
        GlobalAveragePool(),
        Dense(rng, 32, len(STATES)),
    )  # fmt: skip


def main() -> None:
    """Train, report and write the files beside this script."""
    rng = np.random.default_rng(SEED)
    signals, states = dataset(rng, TRAIN_WINDOWS)
    test_signals, test_states = dataset(rng, TEST_WINDOWS)
    network = build(rng)
    fit(network, signals, states, rng, epochs=15)
    print(f"test accuracy {accuracy(network, test_signals, test_states):.4f}")
    save(
        Path(__file__).parent,
        export_classifier(network, "vibration", "signal", (3, LENGTH), classes=len(STATES)),
        calibration={"signal": signals[:CALIBRATION_WINDOWS]},
        test={"signal": test_signals, "y": test_states},
    )


if __name__ == "__main__":
    main()
