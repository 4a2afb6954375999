"""The programs that tests call."""

from __future__ import annotations

import os
import shutil

import pytest


def need(*tools: str) -> None:
    """Skips the test on a machine without one of them; on a machine that must have all, it fails."""
    for tool in tools:
        if shutil.which(tool) is None:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"needs {tool}")


def need_emulator() -> None:
    """`need` of what runs C on an emulated core."""
    need("arm-none-eabi-gcc", "qemu-system-arm")
