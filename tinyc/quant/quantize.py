"""Rewrite a float graph in integers, by the rules its operators state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import UnsupportedError
from tinyc.ir.graph import Graph, Names, Node, State
from tinyc.ir.groups import Groups
from tinyc.ir.op import Array, Op
from tinyc.ir.rules import AsIs, Bias, Fixed, Free, Observed, QuantRule, SameAs, Unify, Weight
from tinyc.ir.types import DType, QuantParams, Rounding, TensorType
from tinyc.ops.dequantize import Dequantize
from tinyc.ops.quantize import Quantize
from tinyc.ops.requantize import Requantize
from tinyc.quant.calibrate import Range, knowing
from tinyc.quant.partition import read_as_they_are, rules_of
from tinyc.quant.tables import Composed

NEGLIGIBLE = 1e-6  # of a layer's largest weight: a channel below it does nothing
BIAS_LIMIT = 2**30  # keeps accumulators inside int32


Rules = Mapping[str, QuantRule]


def quantize(graph: Graph, ranges: Mapping[str, Range], rounding: Rounding) -> Graph:
    """The graph in integers, as far as its operators have int8 forms. `ranges` is what `calibrate` found."""
    known = knowing(graph, ranges)
    graph, rules = _unify(known, rules_of(known))
    groups = _scale_groups(graph, rules)
    params = _activation_params(graph, rules, groups, ranges)
    weights: dict[tuple[str, int], _Weights] = {}
    for _ in range(10):
        weights, widened = _weights_and_widening(graph, rules, groups, params)
        if not widened:
            return _Rewriting(graph, rules, groups, params, weights, rounding).run()
        params = _widen(groups, params, widened)
    raise UnsupportedError(
        "no int8 scales were found under which all accumulators fit", graph.name, "compile it with --float"
    )


@dataclass(frozen=True)
class _Weights:
    """A linear node's constants in integers."""

    data: NDArray[np.int8]
    kind: TensorType
    bias: NDArray[np.int32]
    largest_sum: int
    """No accumulator exceeds it."""


def _unify(graph: Graph, rules: Rules) -> tuple[Graph, Rules]:
    """Put a requantization before each input that cannot take over the common scale of its consumer."""
    names, types, nodes, rules = Names(graph.types), dict(graph.types), [], dict(rules)
    fixed = _values_with_fixed_scale(graph, rules)
    for node in graph.nodes:
        rule = rules[node.outs[0]]
        if any(isinstance(out, Unify) for out in rule.outs):
            ins = []
            for index, value in enumerate(node.ins):
                if value in fixed and isinstance(rule.of_input(index), AsIs):
                    name = names.fresh(f"{value}_rescaled")
                    types[name] = types[value]
                    nodes.append(Node(Requantize(), (value,), (name,), node.name))
                    rules[name] = Requantize().quant_rule
                    value = name
                ins.append(value)
            node = replace(node, ins=tuple(ins))
        nodes.append(node)
    return graph.with_nodes(nodes, types), rules


def _values_with_fixed_scale(graph: Graph, rules: Rules) -> set[str]:
    fixed: set[str] = set()
    while True:
        for node in graph.nodes:
            for value, rule in zip(node.outs, rules[node.outs[0]].outs, strict=True):
                if isinstance(rule, Fixed) or (isinstance(rule, SameAs) and node.ins[rule.index] in fixed):
                    fixed.add(value)
        found = fixed | {s.before for s in graph.states if s.after in fixed}
        if found == fixed:
            return fixed
        fixed = found


def _scale_groups(graph: Graph, rules: Rules) -> Groups:
    """Values that must have one scale."""
    groups = Groups(graph.types)
    for state in graph.states:
        groups.join(state.before, state.after)
    for node in graph.nodes:
        for value, rule in zip(node.outs, rules[node.outs[0]].outs, strict=True):
            match rule:
                case SameAs(index=index):
                    groups.join(value, node.ins[index])
                case Unify():
                    for source in _activations(node, rules):
                        groups.join(value, source)
    return groups


def _activations(node: Node, rules: Rules) -> list[str]:
    """The inputs that are read as int8 activations."""
    return [v for i, v in enumerate(node.ins) if isinstance(rules[node.outs[0]].of_input(i), AsIs)]


def _activation_params(
    graph: Graph, rules: Rules, groups: Groups, ranges: Mapping[str, Range]
) -> dict[str, QuantParams]:
    """Parameters of each group of activations."""
    params: dict[str, QuantParams] = {}
    covered: dict[str, list[str]] = {}
    read = {v for node in graph.nodes for v in _activations(node, rules)}
    for node in graph.nodes:
        for value, rule in zip(node.outs, rules[node.outs[0]].outs, strict=True):
            if isinstance(rule, Fixed):
                params[groups.of(value)] = rule.params
            elif isinstance(rule, Observed):
                covered.setdefault(groups.of(value), []).extend(node.ins[i] for i in rule.covers)
    for group, members in groups.members().items():
        members = [*members, *covered.get(group, [])]
        seen = [ranges[m] for m in members if m in ranges]
        constants = [graph.constants[m] for m in members if m in graph.constants and m in read]
        seen += [(float(c.min()), float(c.max())) for c in constants]
        if group not in params and seen:
            params[group] = asymmetric(min(s[0] for s in seen), max(s[1] for s in seen))
    # a rescaled copy has no range of its own: it is its source, seen by another group
    for node in graph.nodes:
        for value, rule in zip(node.outs, rules[node.outs[0]].outs, strict=True):
            if not isinstance(rule, Free) and groups.of(value) not in params:
                params[groups.of(value)] = params[groups.of(node.ins[0])]
    return params


def asymmetric(low: float, high: float) -> QuantParams:
    """int8 parameters that cover [low, high] and hold zero exactly."""
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < 1e-30:
        return QuantParams((1.0,), 0)
    scale = (high - low) / 255
    return QuantParams((scale,), int(np.clip(round(-128 - low / scale), -128, 127)))


def _weights_and_widening(
    graph: Graph, rules: Rules, groups: Groups, params: Mapping[str, QuantParams]
) -> tuple[dict[tuple[str, int], _Weights], dict[str, float]]:
    """The integer constants of linear nodes, by (result, bias input); and groups whose scale is too fine.

    A result finer than one unit of its accumulator is shifted left; the shifted accumulator must stay in int32.
    """
    found: dict[tuple[str, int], _Weights] = {}
    widened: dict[str, float] = {}

    def at_least(value: str, scale: float) -> None:
        group = groups.of(value)
        if params[group].per_tensor_scale < scale:
            widened[group] = max(widened.get(group, 0.0), scale * (1 + 1e-5))

    for node in graph.nodes:
        rule = rules[node.outs[0]]
        whole = all(isinstance(rule.of_input(i), AsIs) for i in range(len(node.ins)))
        if whole and not isinstance(rule.outs[0], Free):
            at_least(node.outs[0], node.op.finest_scale(*(params[groups.of(v)].per_tensor_scale for v in node.ins)))
        for index in range(len(node.ins)):
            bias_rule = rule.of_input(index)
            if not isinstance(bias_rule, Bias):
                continue
            weight_rule = rule.of_input(bias_rule.w)
            assert isinstance(weight_rule, Weight)
            x = params[groups.of(node.ins[bias_rule.x])].per_tensor_scale
            w, b = graph.constants[node.ins[bias_rule.w]], graph.constants[node.ins[index]]
            made = _quantize_weights(node, w, b, weight_rule.axis, x)
            found[node.outs[0], index] = made
            at_least(node.outs[0], finest_of_sums(x, made.kind.q.scale, made.largest_sum))
    return found, widened


def finest_of_sums(x: float, weights: Sequence[float], largest_sum: int) -> float:
    """The finest scale of a linear layer's result, given the scales of its input and weights.

    A factor f is a multiplier and a shift of at most log2(2 f); vector cores shift by one bit more.
    """
    return x * max(weights) / max(0.5, 2**29 / largest_sum)


def _quantize_weights(node: Node, w: Array, b: Array, axis: int, x_scale: float) -> _Weights:
    others = tuple(a for a in range(w.ndim) if a != axis)
    largest = np.abs(w).max(axis=others).astype(np.float64)
    layer = float(largest.max())
    dead = largest <= layer * NEGLIGIBLE
    scale = np.where(dead, layer / 127 if layer > 0 else 1.0, largest / 127)
    # a bias that dwarfs its channel's weights needs a coarser unit to fit
    scale = np.maximum(scale, np.abs(b).astype(np.float64) / (x_scale * BIAS_LIMIT))
    params = QuantParams(tuple(scale.tolist()), 0, axis)
    kept = np.where(np.expand_dims(dead, others), 0, w)
    data = np.clip(np.rint(kept / params.scales_array(w.ndim)), -127, 127).astype(np.int8)
    bias = np.rint(b.astype(np.float64) / (x_scale * scale)).astype(np.int64)
    most = np.abs(data.astype(np.int64)).sum(axis=others) * 255 + np.abs(bias)
    if most.max() >= 2**31:
        raise UnsupportedError(
            f"{node.op.name} sums up to {int(most.max())}, which a 32-bit accumulator does not hold",
            node.name,
            "split the layer, or compile it with --float",
        )
    kind = TensorType(w.shape, DType.I8, params)
    return _Weights(data, kind, bias.astype(np.int32), max(1, int(most.max())))


def _widen(groups: Groups, params: Mapping[str, QuantParams], widened: Mapping[str, float]) -> dict[str, QuantParams]:
    result = dict(params)
    for group, scale in widened.items():
        old = params[group]
        low = (-128 - old.zero_point) * old.per_tensor_scale
        result[group] = QuantParams((scale,), int(np.clip(round(-128 - low / scale), -128, 127)))
    return result


class _Rewriting:
    """The graph in integers in the making, once all parameters are known."""

    def __init__(
        self,
        graph: Graph,
        rules: Rules,
        groups: Groups,
        params: Mapping[str, QuantParams],
        weights: Mapping[tuple[str, int], _Weights],
        rounding: Rounding,
    ) -> None:
        self.graph, self.rules, self.groups, self.params = graph, rules, groups, params
        self.weights, self.rounding = weights, rounding
        self.names = Names(graph.types)
        self.types, self.constants = dict(graph.types), dict(graph.constants)
        self.nodes: list[Node] = []
        self.copies: dict[str, str] = {}
        """Where values are in the other form than the one in which they are made."""

    def run(self) -> Graph:
        free = read_as_they_are(self.graph, self.rules)
        for value in self.graph.given:
            if self.graph.types[value].dtype.is_float and value not in free:
                self._store(value)
        for node in self.graph.nodes:
            self._add(node)
        states = tuple(map(self._state, self.graph.states))
        return self.graph.with_nodes(self.nodes, self.types, self.constants, rounding=self.rounding, states=states)

    def _state(self, state: State) -> State:
        """A state in the form in which it is read."""
        kind = self.types[state.before]
        if kind.quant is None:
            return replace(state, after=self._as_made(state.after, state.before))
        first = self._constant(state.initial, kind, kind.q.quantize(self.graph.constants[state.initial], DType.I8))
        return replace(state, after=self._in_int8(state.after, state.before), initial=first)

    def _add(self, node: Node) -> None:
        rule = self.rules[node.outs[0]]
        ins = list(node.ins)
        for index, value in enumerate(node.ins):
            match rule.of_input(index):
                case Bias(w=w):
                    made = self.weights[node.outs[0], index]
                    ins[w] = self._constant(node.ins[w], made.kind, made.data)
                    ins[index] = self._constant(value, TensorType(made.bias.shape, DType.I32), made.bias)
                case AsIs():
                    ins[index] = self._in_int8(value, node.name)
                case Free():
                    ins[index] = self._as_made(value, node.name)
        for value, out in zip(node.outs, rule.outs, strict=True):
            if not isinstance(out, Free):
                self._store(value)
        op = node.op
        if isinstance(op, Composed):
            op = op.cone.table(self.types[ins[0]].q, self.types[node.outs[0]].q, self.rounding)
        self.nodes.append(replace(node, op=op, ins=tuple(ins)))

    def _q(self, value: str) -> QuantParams:
        return self.params[self.groups.of(value)]

    def _store(self, value: str) -> None:
        self.types[value] = replace(self.types[value], dtype=DType.I8, quant=self._q(value))

    def _constant(self, stem: str, kind: TensorType, data: Array) -> str:
        name = self.names.fresh(f"{stem}_q")
        self.types[name], self.constants[name] = kind, data
        return name

    def _in_int8(self, value: str, source: str) -> str:
        """The value in int8, quantized where that has not been needed so far."""
        if self.types[value].quant is not None:
            return value
        kind = TensorType(self.types[value].shape, DType.I8, self._q(value))
        if value in self.graph.constants:
            data = self.graph.constants[value]
            return self._constant(value, kind, kind.q.quantize(data, DType.I8))
        return self._copied(value, f"{value}_q", kind, Quantize(kind.q.per_tensor_scale, kind.q.zero_point), source)

    def _as_made(self, value: str, source: str) -> str:
        """The value in the float graph's type, dequantized where that has not been needed so far."""
        kind = self.types[value]
        if kind.quant is None:
            return value
        op = Dequantize(kind.q.per_tensor_scale, kind.q.zero_point)
        return self._copied(value, f"{value}_real", self.graph.types[value], op, source)

    def _copied(self, value: str, stem: str, kind: TensorType, op: Op, source: str) -> str:
        if value not in self.copies:
            name = self.copies[value] = self.names.fresh(stem)
            self.types[name] = kind
            self.nodes.append(Node(op, (value,), (name,), source))
        return self.copies[value]
