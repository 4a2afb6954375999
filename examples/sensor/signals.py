"""A model of what an accelerometer on the bearing of a small rotating machine sees, in five states of the machine.

All of it is invented: the states have the signatures that textbooks on machine diagnosis give them, and their
strengths overlap enough that a look at the loudness does not tell them apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

STATES = ("standing", "healthy", "unbalanced", "misaligned", "worn bearing")

RATE = 400.0  # samples a second
LENGTH = 128  # samples a window, 0.32 s: six to ten turns of the shaft
COUNTS_PER_G = 64  # an 8-bit accelerometer that reaches from -2 g to almost 2 g

Signal = NDArray[np.floating[Any]]


def dataset(rng: np.random.Generator, windows: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """`windows` windows (window, axis, time) in whole counts from -128 to 127, and their states.

    The axes are vertical and horizontal across the shaft and along it. Every state comes equally often, to within one.
    """
    states = rng.permutation(np.arange(windows) % len(STATES))
    counts = np.rint(COUNTS_PER_G * np.stack([acceleration(rng, STATES[state]) for state in states]))
    return np.clip(counts, -128, 127).astype(np.float32), states.astype(np.uint8)


def acceleration(rng: np.random.Generator, state: str) -> Signal:
    """One window (axis, time) in g, with gravity and sensor noise; speed, phases and strengths are drawn anew."""
    noise = rng.normal(0.0, rng.uniform(0.02, 0.06), (3, LENGTH))
    still = gravity(rng)[:, np.newaxis] + noise
    if state == "standing":
        return still
    frequency, phase = rng.uniform(20.0, 30.0), rng.uniform(0.0, 2 * np.pi)
    angle = 2 * np.pi * frequency * np.arange(LENGTH) / RATE + phase
    once, twice = rng.uniform(0.05, 0.25), rng.uniform(0.02, 0.1)  # what every machine has of both
    if state == "unbalanced":
        once = rng.uniform(0.25, 0.8)
    if state == "misaligned":
        twice = rng.uniform(0.12, 0.5)
    lead = rng.uniform(0.0, 2 * np.pi)
    turning: Signal = np.stack(
        [
            once * np.cos(angle) + 0.5 * twice * np.cos(2 * angle + lead),
            once * np.sin(angle) + 0.5 * twice * np.sin(2 * angle + lead),
            0.2 * once * np.cos(angle) + twice * np.cos(2 * angle + lead),  # a bent coupling pushes along the shaft
        ]
    )
    if state == "worn bearing":
        turning += np.array([[1.0], [0.7], [0.3]]) * knocks(rng, frequency)
    return still + turning


def gravity(rng: np.random.Generator) -> Signal:
    """The three components in g, as seen by a sensor that is mounted upright to within some ten degrees."""
    down = np.array([-1.0, 0.0, 0.0]) + rng.normal(0.0, 0.15, 3)
    length: np.floating[Any] = np.linalg.norm(down)
    return down / length


def knocks(rng: np.random.Generator, frequency: float) -> Signal:
    """One axis (time) in g of a shaft that turns `frequency` times a second on a damaged outer race.

    A ball meets the damage some 3.6 times a turn, give or take its slip; each time the housing rings and dies away.
    """
    period = RATE / (3.6 * frequency)
    starts = np.arange(-period * rng.uniform(), LENGTH, period)
    starts += rng.normal(0.0, 0.03 * period, starts.shape)
    strengths = rng.uniform(0.2, 0.7) * rng.uniform(0.7, 1.3, starts.shape)
    since = np.arange(LENGTH) - starts[:, np.newaxis]
    ringing = np.sin(2 * np.pi * rng.uniform(130.0, 170.0) / RATE * since) * np.exp(-since.clip(0) / 2.5)
    signal: Signal = (strengths[:, np.newaxis] * np.where(since >= 0, ringing, 0.0)).sum(axis=0)
    return signal
