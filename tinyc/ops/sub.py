"""Sub: y = a − b."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyc.ops._sum import SumOp


@dataclass(frozen=True)
class Sub(SumOp):
    """y = clamp(a − b, low, high), broadcasting."""

    name: ClassVar[str] = "sub"
    sign: ClassVar[int] = -1
