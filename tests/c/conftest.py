"""Fixtures: the kernels built for this machine in both rounding modes."""

from __future__ import annotations

import pytest
from kernels import Kernels
from tools import need


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kernels]:
    """Rounding mode to library."""
    need("gcc")
    folder = tmp_path_factory.mktemp("kernels")
    return {rounding: Kernels.build(folder, rounding) for rounding in ("single", "tflite")}
