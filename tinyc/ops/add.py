"""Add: y = a + b."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyc.ops._sum import SumOp


@dataclass(frozen=True)
class Add(SumOp):
    """y = clamp(a + b, low, high), broadcasting."""

    name: ClassVar[str] = "add"
    sign: ClassVar[int] = 1
