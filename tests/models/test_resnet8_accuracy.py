"""ResNet-8 on 2000 images of CIFAR-10: the accuracy that quantization leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from reference_models import Build, Models

IMAGES = 2000
ACCURACY = 0.745  # float: 0.748
AGREEMENT = 0.958  # of the class with that of the float model


def test_accuracy(models: Models, inputs: Callable[[str, int], dict[str, NDArray[Any]]]) -> None:
    name = "resnet8_float"
    images = inputs(name, IMAGES)
    (scores,) = models.get(Build(name, calibration=200)).run(images).values()
    classes = scores.reshape(IMAGES, -1).argmax(axis=1)

    session = onnxruntime.InferenceSession(models.path(name))
    nchw = np.ascontiguousarray(images["input"].transpose(0, 3, 1, 2))
    wanted = np.array([session.run(None, {"input": image[None]})[0].argmax() for image in nchw])
    with np.load(models.shared / "data/cifar10_test2000.npz") as archive:
        truth = archive["y"]
    assert (classes == truth).mean() >= ACCURACY
    assert (classes == wanted).mean() >= AGREEMENT
