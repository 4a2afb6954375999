"""Trees: what an ensemble of decision trees says of each row of features."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import In, KernelCall, Out, Struct, tinyc_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import DType, TensorType
from tinyc.ops._plain import PlainOp


class Together(Enum):
    """What the leaves that speak for a target make together; 0 where there is none."""

    MEAN = "mean"  # of all trees
    SUM = "sum"
    MIN = "min"
    MAX = "max"


_COMPARE = (np.less_equal, np.less, np.greater_equal, np.greater, np.equal, np.not_equal)
COMPARISONS = ("<=", "<", ">=", ">", "==", "!=")


@dataclass(frozen=True)
class Trees(PlainOp):
    """y[i, t] of x[i, feature]. Inputs: x, roots, nodes, splits, targets of leaves, weights of leaves.

    A node is its feature, the comparison of that with its split, whether NaN counts as true, where to go if it is true
    and where if not: to a node from 0 on, or to the leaf −1 − n. All trees end: from each node to nodes behind it.
    """

    name: ClassVar[str] = "trees"

    targets: int
    together: str = Together.SUM.value

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        x, roots, nodes, splits, targets, weights = ins
        kinds = (DType.F32, DType.I32, DType.I32, DType.F32, DType.I32, DType.F32)
        whole = roots.rank == 1 and nodes.shape == (*splits.shape, 5) and splits.rank == 1
        leaves = targets.rank == 1 and targets.shape == weights.shape
        if x.rank != 2 or not whole or not leaves or tuple(k.dtype for k in ins) != kinds:
            raise VerifyError(f"trees: {', '.join(map(str, ins))} do not fit")
        return (TensorType((x.shape[0], self.targets), x.dtype),)

    def compute(self, *ins: Array) -> Array:
        x, roots, *tables = ins
        y = np.zeros((len(x), self.targets))
        for row, result in zip(x, y, strict=True):
            found: dict[int, list[float]] = {}
            for root in roots:
                target, weight = _leaf(row, int(root), *tables)
                found.setdefault(target, []).append(weight)
            for target, weights in found.items():
                kind = Together(self.together)
                total = {Together.MIN: min, Together.MAX: max}.get(kind, sum)(weights)
                result[target] = total / len(roots) if kind is Together.MEAN else total
        return y

    def call(self, sig: Signature) -> KernelCall:
        fields = {
            "rows": sig.x.shape[0], "features": sig.x.shape[1], "trees": sig.ins[1].size, "targets": self.targets,
            "together": [kind.value for kind in Together].index(self.together),
        }  # fmt: skip
        return tinyc_call(
            "tinyc_trees_f32", Struct("tinyc_trees_params", fields), *(In(i) for i in range(len(sig.ins))), Out()
        )


def _leaf(row: Array, at: int, nodes: Array, splits: Array, targets: Array, weights: Array) -> tuple[int, float]:
    while at >= 0:
        feature, comparison, missing, true, false = (int(field) for field in nodes[at])
        value = row[feature]
        holds = bool(missing) if np.isnan(value) else _COMPARE[comparison](value, splits[at])
        at = true if holds else false
    return int(targets[-1 - at]), float(weights[-1 - at])
