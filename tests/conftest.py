"""Fixtures for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The directory of reference models and data beside the repository.

    A test that wants it is skipped where it is missing, and fails there if TINYC_REQUIRE_SHARED=1.
    """
    path = ROOT.parent / "shared"
    if path.is_dir():
        return path
    reason = f"the reference models and data are not in {path}"
    if os.environ.get("TINYC_REQUIRE_SHARED") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
