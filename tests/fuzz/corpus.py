"""The fuzzer's first inputs: the models of ONNX's node tests, made anew each time, and tinyc's examples."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

from backend import cases  # noqa: E402 # which lies beside the tests of conformance

LARGEST = 6000


def seeds() -> dict[str, bytes]:
    """Serialized models by name, none of them large; those with constant inputs, too, where these are small."""
    found = {name: bytes(case.model.SerializeToString()) for name, case in sorted(cases().items())}
    found |= {path.stem: path.read_bytes() for path in sorted((ROOT / "examples").rglob("*.onnx"))}
    return {name: data for name, data in found.items() if len(data) <= LARGEST}
