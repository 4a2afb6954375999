"""Ensembles of decision trees (ai.onnx.ml)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.onnx.tensors import to_array
from tinyc.ops.sigmoid import Sigmoid
from tinyc.ops.softmax import Softmax
from tinyc.ops.trees import COMPARISONS, Together, Trees

Array = NDArray[Any]

_EQUAL = COMPARISONS.index("==")
_MEMBER = len(COMPARISONS)
_TOGETHER = (Together.MEAN, Together.SUM, Together.MIN, Together.MAX)
_NONE, _SOFTMAX, _LOGISTIC = 0, 1, 2


def tree_ensemble(node: NodeView) -> str:
    """Trees whose leaves speak for one target each."""
    take = node.attributes
    take.ignore("nodes_hitrates")
    targets, how = take.integer("n_targets", 1), take.integer("aggregate_function", 1)
    after = take.integer("post_transform", _NONE)
    if after not in (_NONE, _SOFTMAX, _LOGISTIC):
        raise take.unsupported("post_transform", after, "0, 1 and 2 (none, softmax, logistic)")
    if how not in range(len(_TOGETHER)):
        raise take.unsupported("aggregate_function", how, "0, 1, 2 and 3")
    if not node.shape(0):
        raise node.invalid("its input has no axes")
    features = node.shape(0)[-1]
    roots, nodes, splits = _nodes(node, features)
    leaves = np.array(take.integers("leaf_targetids"), np.int32)
    weights = _tensor(node, "leaf_weights").astype(np.float32)
    if leaves.shape != weights.shape or not leaves.size or leaves.min() < 0 or leaves.max() >= targets:
        raise node.invalid(f"{leaves.size} leaves with {weights.size} weights for {targets} targets")
    _check(node, roots, nodes, len(leaves))
    tables = {"roots": roots, "nodes": nodes, "splits": splits, "targets": leaves, "weights": weights}
    stored = [node.store(table, f"{node.name}.{name}") for name, table in tables.items()]
    y = node.emit(Trees(targets, _TOGETHER[how].value), node.value(0), *stored)
    if after == _NONE:
        return y
    return node.emit(Softmax() if after == _SOFTMAX else Sigmoid(), y)


def _nodes(node: NodeView, features: int) -> tuple[Array, Array, Array]:
    """Roots, nodes and splits as `Trees` wants them: a node that asks for a set becomes one for each member."""
    names = ("nodes_featureids", "nodes_truenodeids", "nodes_trueleafs", "nodes_falsenodeids", "nodes_falseleafs")
    columns = [node.attributes.integers(name) or () for name in names]
    modes, splits = _tensor(node, "nodes_modes").astype(int), _tensor(node, "nodes_splits")
    missing = node.attributes.integers("nodes_missing_value_tracks_true") or (0,) * len(modes)
    if len({len(c) for c in (*columns, modes, splits, missing)}) != 1:
        raise node.invalid("its nodes_… attributes differ in length")
    sets = _sets(node)
    members = [next(sets) if mode == _MEMBER else None for mode in modes]
    sizes = [1 if found is None else max(len(found), 1) for found in members]
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(int)

    def target(place: int, leaf: int) -> int:
        if not leaf and not 0 <= place < len(modes):
            raise node.invalid(f"a branch to node {place} of {len(modes)}")
        return -1 - place if leaf else int(first[place])

    table, values = [], []
    for at, (feature, true, true_leaf, false, false_leaf) in enumerate(zip(*columns, strict=True)):
        if not 0 <= feature < features:
            raise node.invalid(f"feature {feature} of {features}")
        yes, no = target(true, true_leaf), target(false, false_leaf)
        found, mode = members[at], int(modes[at])
        chain = [float(splits[at])] if found is None else (found or [np.nan])  # nothing equals NaN
        for i, value in enumerate(chain):
            rest = no if i == len(chain) - 1 else int(first[at]) + i + 1
            kind = _EQUAL if mode == _MEMBER else mode
            table.append((feature, kind, missing[at], yes, rest))
            values.append(value)
    roots = [target(root, 0) for root in node.attributes.integers("tree_roots") or ()]
    with np.errstate(over="ignore"):
        return np.array(roots, np.int32), np.array(table, np.int32), np.array(values, np.float32)


def _sets(node: NodeView) -> Any:
    """The sets that the nodes ask for, one after the other; a NaN stands behind each."""
    found: list[float] = []
    if node.attributes.has("membership_values"):
        for value in _tensor(node, "membership_values").tolist():
            if np.isnan(value):
                yield found
                found = []
            else:
                found.append(value)
    while True:
        yield found
        found = []


def _check(node: NodeView, roots: Array, nodes: Array, leaves: int) -> None:
    """All comparisons are known, all leaves are there, and every way ends."""
    branches = nodes[:, 3:]
    if not roots.size or not set(nodes[:, 1].tolist()) <= set(range(len(COMPARISONS))):
        raise node.invalid(f"{len(roots)} trees, or a mode beyond {_MEMBER}")
    if branches.min() < -leaves:
        raise node.invalid(f"a branch to leaf {-1 - branches.min()} of {leaves}")
    state = np.zeros(len(nodes), np.int8)  # 1 while on the way, 2 when done
    for root in roots.tolist():
        stack = [root]
        while stack:
            at = stack[-1]
            if state[at] == 0:
                state[at] = 1
                inner = [b for b in branches[at].tolist() if b >= 0]
                if any(state[b] == 1 for b in inner):
                    raise node.invalid("its nodes go in circles")
                stack += [b for b in inner if state[b] == 0]
            else:
                state[at] = 2
                stack.pop()


def _tensor(node: NodeView, name: str) -> Array:
    found = node.attributes.tensor(name)
    if found is None:
        raise node.invalid(f"attribute {name} is missing")
    return to_array(found, Path(), node.where).reshape(-1)
