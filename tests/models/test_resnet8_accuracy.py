"""ResNet-8 on images of CIFAR-10: the accuracy that quantization leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from reference_models import Build, Models

# images: accuracy (of the float model 0.758 and 0.748), and the share of images in the class of the float model
LEAST = {500: (0.76, 0.965), 2000: (0.75, 0.965)}


@pytest.mark.parametrize("count", [500, pytest.param(2000, marks=pytest.mark.slow)])
def test_accuracy(models: Models, inputs: Callable[[str, int], dict[str, NDArray[Any]]], count: int) -> None:
    name = "resnet8_float"
    images = inputs(name, count)
    (scores,) = models.get(Build(name, calibration=200)).run(images).values()
    classes = scores.reshape(count, -1).argmax(axis=1)

    session = onnxruntime.InferenceSession(models.path(name))
    nchw = np.ascontiguousarray(images["input"].transpose(0, 3, 1, 2))
    wanted = np.array([session.run(None, {"input": image[None]})[0].argmax() for image in nchw])
    with np.load(models.shared / "data/cifar10_test2000.npz") as archive:
        truth = archive["y"][:count]
    accuracy, agreement = LEAST[count]
    assert (classes == truth).mean() >= accuracy
    assert (classes == wanted).mean() >= agreement
