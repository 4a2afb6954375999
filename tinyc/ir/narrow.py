"""An operator whose weights int8 does not hold, as one with int8 weights that sees parts of its input again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # an operator may have such a form, and says so in the contract
    from tinyc.ir.op import Op


@dataclass(frozen=True, eq=False)
class Narrow:
    """`op` makes the same with int8 `weights`, of an input that has along `axis` the indices `order` of the input."""

    op: Op
    weights: NDArray[np.int8]
    axis: int
    order: NDArray[np.int64]
