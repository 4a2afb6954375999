"""Fixtures: the kernels built for this machine in both rounding modes."""

from __future__ import annotations

import shutil

import pytest
from kernels import Kernels


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kernels]:
    """Rounding mode to library."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    folder = tmp_path_factory.mktemp("kernels")
    return {rounding: Kernels.build(folder, rounding) for rounding in ("single", "tflite")}
