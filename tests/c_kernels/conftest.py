"""The kernels of `runtime_c`, compiled for the host once a run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from call import SANITIZE, Kernels, build_kernels
from hypothesis import settings

from tinyc.ir.types import Rounding

if SANITIZE:  # which is slow
    settings.register_profile("sanitize", max_examples=15)
    settings.load_profile("sanitize")


@pytest.fixture(scope="session")
def kernels_for(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Rounding], Kernels]:
    """The compiled kernels for a rounding mode."""

    @cache
    def build(rounding: Rounding) -> Kernels:
        return build_kernels(tmp_path_factory.mktemp("kernels"), rounding)

    return build
