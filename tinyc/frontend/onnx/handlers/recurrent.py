"""RNN, GRU and LSTM: an operator a direction.

Inside, steps are the outermost axis, then sequences; directions are tensors of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.pieces import taken
from tinyc.ops.add import Add
from tinyc.ops.concat import Concat
from tinyc.ops.recurrent import CELLS, Recurrent

_X, _W, _R, _B, _LENGTHS, _H, _C, _PEEPHOLES = range(8)
_DEFAULTS = {"rnn": ("Tanh",), "gru": ("Sigmoid", "Tanh"), "lstm": ("Sigmoid", "Tanh", "Tanh")}
_VARIANTS = {"gru": "linear_before_reset", "lstm": "input_forget"}

_FUNCTIONS: dict[str, tuple[str, tuple[tuple[str, float | None], ...]]] = {
    "affine": ("affine", (("alpha", None), ("beta", None))),
    "elu": ("elu", (("alpha", 1.0),)),
    "hardsigmoid": ("hard_sigmoid", (("alpha", 0.2), ("beta", 0.5))),
    "leakyrelu": ("leaky_relu", (("alpha", 0.01),)),
    "relu": ("thresholded_relu", ()),
    "scaledtanh": ("scaled_tanh", (("alpha", None), ("beta", None))),
    "sigmoid": ("sigmoid", ()),
    "softplus": ("softplus", ()),
    "softsign": ("softsign", ()),
    "tanh": ("tanh", ()),
    "thresholdedrelu": ("thresholded_relu", (("alpha", 1.0),)),
}
"""ONNX's functions, in lower case: ours, and the attributes that its parameters come from, with their defaults."""
_FIXED = {"relu": (0.0,)}

Functions = tuple[tuple[str, ...], tuple[tuple[float, ...], ...]]


@dataclass(frozen=True)
class _Sizes:
    steps: int
    sequences: int
    inputs: int
    size: int
    batch_first: bool


def cell(name: str) -> Callable[[NodeView], list[str | None]]:
    """The handler of the layers of one kind of cells."""

    def handler(node: NodeView) -> list[str | None]:
        direction = node.attributes.text("direction", "forward")
        directions = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}.get(direction)
        if directions is None:
            raise node.invalid(f"attribute direction = {direction!r}")
        sizes = _sizes(node, name, len(directions))
        x = node.transposed(node.value(_X), (1, 0, 2)) if sizes.batch_first else node.value(_X)
        clip = node.attributes.number("clip", 0.0)
        variant = name in _VARIANTS and node.attributes.flag(_VARIANTS[name])
        results = []
        for index, (reverse, functions) in enumerate(
            zip(directions, _functions(node, name, len(directions)), strict=True)
        ):
            op = Recurrent(name, *functions, reverse=reverse, variant=variant, clip=clip)
            results.append(_one_direction(node, op, index, x, sizes))
        return _joined(node, results, sizes)

    return handler


def _sizes(node: NodeView, name: str, directions: int) -> _Sizes:
    batch_first = node.opset >= 14 and node.attributes.flag("layout")
    x, r = node.shape(_X), node.shape(_R)
    if len(x) != 3 or len(r) != 3:
        raise node.invalid(f"an input of shape {x} and recurrent weights of shape {r}; both have three axes")
    steps, sequences = (x[1], x[0]) if batch_first else (x[0], x[1])
    size, gates, states = r[2], CELLS[name].gates, (sequences, directions) if batch_first else (directions, sequences)
    if node.attributes.integer("hidden_size", size) != size:
        raise node.invalid(f"attribute hidden_size is not the {size} of the recurrent weights")
    wanted = {
        _W: (directions, gates * size, x[2]), _R: (directions, gates * size, size), _B: (directions, 2 * gates * size),
        _LENGTHS: (sequences,), _H: (*states, size), _C: (*states, size), _PEEPHOLES: (directions, 3 * size),
    }  # fmt: skip
    for index, shape in wanted.items():
        if node.has(index) and node.shape(index) != shape:
            raise node.invalid(f"input {index} has shape {node.shape(index)}, not {shape}")
    return _Sizes(steps, sequences, x[2], size, batch_first)


def _functions(node: NodeView, name: str, directions: int) -> Iterator[Functions]:
    """The functions of each direction with their parameters, which functions that have any take one after the other."""
    default = _DEFAULTS[name]
    given = node.attributes.texts("activations") or default * directions
    left = {kind: list(node.attributes.numbers(f"activation_{kind}") or ()) for kind in ("alpha", "beta")}
    if name == "rnn" and len(given) > directions:
        given = given[:directions]  # the default lists two
    if len(given) != directions * len(default):
        raise node.invalid(f"attribute activations = {given}: there are {directions * len(default)}")
    for at in range(0, len(given), len(default)):
        names, parameters = [], []
        for wanted in given[at : at + len(default)]:
            if wanted.lower() not in _FUNCTIONS:
                raise node.unsupported(f"activation {wanted!r}")
            function, kinds = _FUNCTIONS[wanted.lower()]
            values = [left[kind].pop(0) if left[kind] else value for kind, value in kinds]
            if None in values:
                raise node.invalid(f"activation {wanted!r} without its activation_alpha or activation_beta")
            names.append(function)
            parameters.append(_FIXED.get(wanted.lower(), tuple(float(v) for v in values if v is not None)))
        yield tuple(names), tuple(parameters)


def _one_direction(node: NodeView, op: Recurrent, direction: int, x: str, sizes: _Sizes) -> tuple[str, ...]:
    """The states after each step with the last h behind them, and the last c."""
    kind, size, sequences = CELLS[op.cell], sizes.size, sizes.sequences

    def zeros(name: str, *shape: int) -> str:
        return node.store(np.zeros(shape, np.float32), f"{node.name}.{name}")

    def of_direction(index: int, shape: tuple[int, ...], axis: int = 0) -> str:
        return node.reshaped(taken(node, node.value(index), {axis: (1, direction, 1)}), shape)

    def state(index: int, name: str) -> str:
        shape = (1, sequences, size)
        return of_direction(index, shape, int(sizes.batch_first)) if node.has(index) else zeros(name, *shape)

    def behind(value: str, first: int, count: int) -> str:
        return taken(node, value, {0: (count, first, 1)})

    rows = kind.gates * size
    weights, r = of_direction(_W, (rows, sizes.inputs)), of_direction(_R, (rows, size))
    both = of_direction(_B, (2 * rows,)) if node.has(_B) else zeros("bias", 2 * rows)
    bias, further = behind(both, 0, rows), behind(both, rows, rows)
    extra = []
    if op.cell == "gru":
        # what is multiplied by the reset gate, if that is behind the product, stays with the product
        extra = [behind(further, 2 * size, size)]
        further = node.emit(Concat(0), behind(further, 0, 2 * size), zeros("bias", size))
    elif op.cell == "lstm":
        peepholes = of_direction(_PEEPHOLES, (3 * size,)) if node.has(_PEEPHOLES) else zeros("peepholes", 3 * size)
        extra = [peepholes, state(_C, "c")]
    bias = node.emit(Add(), bias, further)
    if node.has(_LENGTHS):
        lengths = node.value(_LENGTHS)
    else:
        lengths = node.store(np.full(sequences, sizes.steps, np.int32), f"{node.name}.lengths")
    return node.emit_all(op, x, weights, r, bias, lengths, state(_H, "h"), *extra)


def _joined(node: NodeView, results: list[tuple[str, ...]], sizes: _Sizes) -> list[str | None]:
    """Y, and the last states, of all directions."""
    steps, shape = sizes.steps, (sizes.sequences, sizes.size)

    def joined(values: Sequence[str], axis: int) -> str:
        if axis:
            values = [node.reshaped(value, (node.shape_of(value)[0], 1, *shape)) for value in values]
        value = values[0] if len(values) == 1 else node.emit(Concat(axis), *values)
        if not sizes.batch_first:
            return value
        return node.transposed(value, (2, 0, 1, 3) if axis else (1, 0, 2))

    found: list[str | None] = []
    for index, name in enumerate(node.results):
        if index < 2:
            run = (1, steps, 1) if index else (steps, 0, 1)
            values = [taken(node, result[0], {0: run}) for result in results]
        else:
            values = [result[1] for result in results]
        found.append(joined(values, int(index == 0)) if name else None)
    return found
