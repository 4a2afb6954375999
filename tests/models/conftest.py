"""Fixtures: compiled reference models and inputs for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from reference_models import Array, Models, samples


@pytest.fixture(scope="session")
def models(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Models:
    """All compiled reference models."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-gw") else base) / "models"
    folder.mkdir(exist_ok=True)
    return Models(shared, folder)


@pytest.fixture(scope="session")
def inputs(shared: Path) -> Callable[[str, int], dict[str, Array]]:
    """`samples` of the reference data."""
    return lambda model, count: samples(model, shared, count)
