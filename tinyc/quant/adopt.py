"""Take over the quantization that a model brings: what stands between its dequantize and quantize nodes, in integers.

A layer whose inputs come from `dequantize` and whose result goes into one `quantize` becomes its int8 form, with the
parameters that these name; several elementwise layers of one tensor become a table. Everything else stays in float,
with the model's own `dequantize` and `quantize` around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import UnsupportedError
from tinyc.ir.graph import Graph, Node
from tinyc.ir.narrow import Narrow
from tinyc.ir.op import Array, Op, Signature
from tinyc.ir.rules import AsIs, Bias, Fixed, Free, Observed, OutputRule, Own, QuantRule, SameAs, Unify, Weight
from tinyc.ir.types import DType, QuantParams, Rounding, TensorType
from tinyc.ops.concat import Concat
from tinyc.ops.gather import Gather
from tinyc.ops.quantize import Quantize
from tinyc.ops.requantize import Requantize
from tinyc.ops.reshape import Reshape
from tinyc.quant.quantize import finest_of_sums
from tinyc.quant.tables import Cones, rescaled
from tinyc.quant.values import Values


def is_quantized(graph: Graph) -> bool:
    """Whether the model brings parameters of its own."""
    return any(node.op.quantization() or node.op.dequantization() for node in graph.nodes)


MOST_WEIGHT = 127
NOT_SAID = "the model does not say how to quantize it"


def adopt(graph: Graph, rounding: Rounding) -> Graph:
    """The pass. Float graphs in which `dequantize` and `quantize` say what is stored how; constants are known."""
    return _Adoption(graph, rounding).run()


@dataclass(frozen=True)
class _Form:
    """A node in integers: the operator, and the parameters of its result; `unify`: also those of its inputs."""

    op: Op
    result: QuantParams
    unify: bool = False


class _Adoption(Values):
    def run(self) -> Graph:
        inputs = [self.input_port(port) for port in self.graph.inputs]
        codes = [self.state_code(state) for state in self.graph.states]
        for value in self.codes.params:
            if value in self.constants:
                self.define(value, value, self.types[value].shape)
                self.constants[self.stored[value]] = self.as_int8(self.constants[value])
        for node in self.graph.nodes:
            self._add(node)
        outputs = [self.output_port(port) for port in self.graph.outputs]
        states = map(self.state, self.graph.states, codes)
        return self.graph.with_nodes(
            self.nodes, self.types, self.constants, inputs=tuple(inputs), outputs=tuple(outputs),
            states=tuple(states), rounding=self.rounding,
        )  # fmt: skip

    def _add(self, node: Node) -> None:
        (first, *_) = node.outs
        if first in self.done:
            return
        if node.op.dequantization() and node.ins[0] in self.codes.params:
            self.stored[first] = self.stored[node.ins[0]]
        elif node.op.quantization() and first in self.codes.params:
            self._quantize(node)
        elif first in self.codes.params:
            self._move(node)
        elif node.op.is_move and node.ins[0] in self.stored and node.ins[0] not in self.real:
            # moving stored numbers is moving real ones
            source = self.stored[node.ins[0]]
            self.stored[first] = first
            self.types[first] = TensorType(self.types[first].shape, DType.I8, self.types[source].q)
            self.nodes.append(replace(node, ins=(source, *node.ins[1:])))
        elif not (self._in_integers(node) or self._joined(node)):
            self.nodes.append(replace(node, op=node.op.without_given_scales(),
                                      ins=tuple(self.in_float(v, node) for v in node.ins)))  # fmt: skip
            self.real.update({v: v for v in node.outs})

    def _joined(self, node: Node) -> bool:
        """Put stored tensors of one scale together, which is the same for real numbers."""
        rule = _rule(node.op)
        if rule is None or not all(isinstance(out, Unify) for out in rule.outs) or len(node.outs) != 1:
            return False
        parts = [v for i, v in enumerate(node.ins) if isinstance(rule.of_input(i), AsIs)]
        if not parts or any(v not in self.stored or v in self.real for v in parts):
            return False
        found = {self.types[self.stored[v]].q for v in parts}
        if len(found) != 1:
            return False
        (out,) = node.outs
        self.stored[out] = out
        self.types[out] = TensorType(self.types[out].shape, DType.I8, *found)
        self.nodes.append(replace(node, ins=tuple(self.stored[v] if v in parts else v for v in node.ins)))
        return True

    def _move(self, node: Node) -> None:
        """An operator on stored values that computes nothing."""
        ins = tuple(self.stored.get(v, v) for v in node.ins)
        name = self.define(node.outs[0], node.outs[0], self.types[node.outs[0]].shape)
        self.nodes.append(replace(node, ins=ins, outs=(name,)))

    def _quantize(self, node: Node) -> None:
        """A `quantize` that no integer layer before it took over."""
        ((x,), (code,)) = node.ins, node.outs
        q = self.codes.params[code]
        if x in self.stored and x not in self.real and self.types[self.stored[x]].q == q:
            self.stored[code] = self.stored[x]
            return
        found = self._table(x, q)
        name = self.define(code, code, self.types[code].shape)
        if found is not None:
            source, table = found
            self.nodes.append(Node(table, (source,), (name,), node.name))
        else:
            op = Quantize(q.per_tensor_scale, q.zero_point)
            self.nodes.append(Node(op, (self.in_float(x, node),), (name,), node.name))

    def _table(self, x: str, q: QuantParams) -> tuple[str, Op] | None:
        """What the elementwise layers up to `x` make of the one int8 value they start from; None if there is more."""
        first: dict[str, str] = {}
        ends = {
            v: first.setdefault(at, v) for v, at in self.stored.items()
            if at not in self.constants and self.graph.types[v].dtype.is_float
        }  # fmt: skip
        if x in ends:
            source = self.stored[x]
            return source, Requantize() if self.rounding is Rounding.TFLITE else rescaled(self.types[source].q, q)
        cone = Cones(self.graph, self.known, ends).above(x)
        if cone is None or cone.source not in ends:
            return None
        source = self.stored[cone.source]
        return source, cone.table(self.types[source].q, q, self.rounding)

    # Integer layers

    def _in_integers(self, node: Node) -> bool:
        """Write the node in integers, if its surroundings and its arithmetic allow that."""
        if self._reads_only(node):
            return True
        code = self._only_code(node)
        if code is None:
            return False
        q = self.codes.params[code]
        if node.op.elementwise:
            self._store_constants(node)
        kinds = [self.types[self.stored[v]] if v in self.stored else self.types[v] for v in node.ins]
        form = self._form(node, kinds, q)
        made = self._operands(node, form) if form else None
        if form is None or made is None:
            return False
        op, ins = made
        (out, *further), shape = node.outs, self.types[node.outs[0]].shape
        if self.producers[code].ins == (out,):
            name = self.define(code, code, shape)
            self.done.add(code)
        else:  # it is moved first, as it is stored
            name = self.stored[out] = out if form.result == q else self.new(out, shape, q)
            self.types[name] = TensorType(shape, DType.I8, q)
        for value, rule in zip(further, form.op.quant_rule.outs[1:], strict=True):
            index = _source(rule)
            if index is not None:
                self.types[value] = TensorType(self.types[value].shape, DType.I8, self.types[ins[index]].q)
        if form.result == q:
            self.nodes.append(Node(op, ins, (name, *further), node.name))
        else:
            self.types[out] = TensorType(shape, DType.I8, form.result)
            self.nodes += [Node(op, ins, node.outs, node.name), Node(Requantize(), (out,), (name,), node.name)]
        return True

    def _store_constants(self, node: Node) -> None:
        """Constants that the model leaves in float beside a tensor that it stores: in int8, by what they hold."""
        if self.rounding is Rounding.TFLITE or not any(v in self.stored and v not in self.constants for v in node.ins):
            return
        for value in node.ins:
            data = self.constants.get(value)
            if data is None or value in self.stored or not self.types[value].dtype.is_float:
                continue
            if np.isfinite(data).all() and (data != data.flat[:1]).any():  # a single number is for tables
                q = QuantParams((float(np.abs(data).max()) / MOST_WEIGHT,), 0)
                kind = TensorType(data.shape, DType.I8, q)
                self.stored[value] = self.constant(value, kind, q.quantize(data, DType.I8))

    def _only_code(self, node: Node) -> str | None:
        """The stored value that the first result becomes, moved at most, if that is all that is read of the node."""
        value, *further = node.outs
        if any(self.uses[other] for other in further):
            return None
        while self.uses[value] == 1 and self.consumers[value]:
            (reader,) = self.consumers[value]
            (value,) = reader.outs[:1]
            if reader.op.quantization() and value in self.codes.params:
                return value
            if not reader.op.is_move:
                break
        return None

    def _reads_only(self, node: Node) -> bool:
        """Write a node that reads stored numbers, and whose results are not quantized."""
        rule = _rule(node.op)
        if rule is None or not all(isinstance(out, Free) for out in rule.outs):
            return False
        stored = [v for i, v in enumerate(node.ins) if isinstance(rule.of_input(i), AsIs)]
        if not stored or any(v not in self.stored for v in stored):
            return False
        self.nodes.append(replace(node, ins=tuple(self.stored[v] if v in stored else v for v in node.ins)))
        return True

    def _form(self, node: Node, kinds: Sequence[TensorType], q: QuantParams) -> _Form | None:
        """The integer operator for a result with parameters `q`."""
        op = node.op.without_given_scales()
        rule = _rule(op)
        if rule is None or not op.knows_internals:
            return None
        if any(_source(out) is None and not isinstance(out, Free) for out in rule.outs[1:]):
            return None
        activations = [i for i in range(len(kinds)) if isinstance(rule.of_input(i), AsIs)]
        if any(node.ins[i] not in self.stored for i in activations):
            return None
        match rule.outs[0]:
            case SameAs(index=index) if kinds[index].q != q:
                other = op.simplified(*kinds)
                if other is not None:
                    return self._form(replace(node, op=other), kinds, q)
                return None if op.elementwise else _Form(op, kinds[index].q)
            case SameAs(index=index):
                return _Form(op, kinds[index].q)
            case Fixed(params=params):
                return _Form(op, params) if not op.elementwise or params == q else None
            case Unify():
                return _Form(op, q, unify=True)
        if len(activations) == len(kinds):
            finest = op.finest_scale(*(kind.q.per_tensor_scale for kind in kinds))
            return _Form(op, q) if q.per_tensor_scale >= finest else None
        return _Form(op, q)

    def _operands(self, node: Node, form: _Form) -> tuple[Op, tuple[str, ...]] | None:
        """The operator, and its int8 inputs, weights and biases; None if the constants are not what kernels take."""
        op, rule = form.op, form.op.quant_rule
        ins: list[str] = []
        for index, value in enumerate(node.ins):
            match rule.of_input(index):
                case AsIs():
                    source = self.stored[value]
                    if form.unify and self.types[source].q != form.result:
                        source = self._rescaled(source, form.result, node)
                    ins.append(source)
                case Free():
                    ins.append(self.in_float(value, node))
                case Own():
                    if self.known(value) is None:
                        return None
                    ins.append(self.in_float(value, node))
                case Weight(axis=axis):
                    made = _whole_weights(self.constants.get(value), node.op.given_scales(), axis)
                    if made is None:
                        return None
                    weights, q = made
                    if np.abs(weights).max() > MOST_WEIGHT:
                        narrow = op.narrow(weights, self.types[ins[0]])
                        if narrow is None:
                            return None
                        op, weights = narrow.op, narrow.weights.astype(np.int64)
                        ins[0] = self._again(ins[0], narrow, node)
                    ins.append(self.constant(value, TensorType(weights.shape, DType.I8, q), weights.astype(np.int8)))
                case Bias(x=x, w=w):
                    bias = self._bias(node, form, self.types[ins[x]].q, ins[w], value)
                    if bias is None:
                        return None
                    ins.append(self.constant(value, TensorType(bias.shape, DType.I32), bias))
        return op, tuple(ins)

    def _again(self, x: str, narrow: Narrow, node: Node) -> str:
        """An int8 value whose parts are there again as `narrow` wants them."""
        kind, axis, order = self.types[x], narrow.axis, narrow.order
        size = kind.shape[axis]
        times = len(order) // size
        if np.array_equal(order, np.repeat(np.arange(size), times)):
            # copies behind one another of what lies behind the axis
            single = self._made(Reshape((*kind.shape[: axis + 1], 1, *kind.shape[axis + 1 :])), (x,), node)
            copies = self._made(Concat(axis + 1), (single,) * times, node)
            return self._made(Reshape((*kind.shape[:axis], len(order), *kind.shape[axis + 1 :])), (copies,), node)
        behind = size if (order[:size] == np.arange(size)).all() else 0
        places = order[behind:].astype(np.int32)
        indices = self.constant(f"{x}_order", TensorType(places.shape, DType.I32), places)
        again = self._made(Gather(axis), (x, indices), node)
        return self._made(Concat(axis), (x, again), node) if behind else again

    def _made(self, op: Op, ins: Sequence[str], node: Node) -> str:
        """What `op` makes of int8 values of one scale, without another."""
        (kind,) = op.infer(*(replace(self.types[v], quant=None) for v in ins))
        name = self.new(f"{ins[0]}_again", kind.shape, self.types[ins[0]].q)
        self.nodes.append(Node(op, tuple(ins), (name,), node.name))
        return name

    def _rescaled(self, source: str, q: QuantParams, node: Node) -> str:
        """An int8 value with the parameters `q`."""
        name = self.new(f"{source}_rescaled", self.types[source].shape, q)
        kinds = self.types[source], self.types[name]
        if source in self.constants:
            sig = Signature(kinds[:1], kinds[1:], self.rounding)
            (self.constants[name],) = Requantize().eval_int([self.constants[source]], sig)
        else:
            self.nodes.append(Node(Requantize(), (source,), (name,), node.name))
        return name

    def _bias(self, node: Node, form: _Form, x: QuantParams, w: str, bias: str) -> NDArray[np.int32] | None:
        """The bias in units of the accumulator; None if that does not hold the layer's sums."""
        if bias not in self.constants:
            return None
        scales = np.array(self.types[w].q.scale)
        units = np.rint(self.constants[bias].astype(np.float64) / (x.per_tensor_scale * scales))
        axis = self.types[w].q.axis
        assert axis is not None
        others = tuple(a for a in range(self.types[w].rank) if a != axis)
        most = np.abs(self.constants[w].astype(np.int64)).sum(axis=others) * 255 + np.abs(units)
        finest = finest_of_sums(x.per_tensor_scale, self.types[w].q.scale, max(1, int(most.max())))
        if most.max() >= 2**31 or form.result.per_tensor_scale < finest:
            return None
        return units.astype(np.int32)


def _source(rule: OutputRule) -> int | None:
    """The input with whose parameters a result can be stored that nobody reads."""
    match rule:
        case SameAs(index=index) | Observed(covers=(index, *_)):
            return index
    return None


def _rule(op: Op) -> QuantRule | None:
    try:
        return op.quant_rule
    except UnsupportedError:
        return None


def _whole_weights(
    data: Array | None, scales: tuple[float, ...], axis: int
) -> tuple[NDArray[np.int64], QuantParams] | None:
    """Weights as multiples of the model's own scales."""
    if data is None or len(scales) != data.shape[axis]:
        return None
    q = QuantParams(scales, 0, axis)
    return np.rint(data.astype(np.float64) / q.scales_array(data.ndim)).astype(np.int64), q
