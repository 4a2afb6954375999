"""The values of a quantized model: those it stores as int8, real ones where they are needed, its ports and states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyc.ir.graph import Graph, Names, Node, Port, State
from tinyc.ir.op import Array
from tinyc.ir.types import DType, QuantParams, Rounding, TensorType
from tinyc.ops.dequantize import Dequantize
from tinyc.ops.recentre import Recentre
from tinyc.quant.codes import Codes, codes_of


class Values:
    """A graph in the making: which values are stored, which are real, and what is made of ports and states."""

    def __init__(self, graph: Graph, rounding: Rounding) -> None:
        self.graph, self.rounding = graph, rounding
        self.codes: Codes = codes_of(graph)
        self.types: dict[str, TensorType] = dict(graph.types)
        self.constants: dict[str, Array] = dict(graph.constants)
        self.names = Names(graph.types)
        self.nodes: list[Node] = []
        self.stored: dict[str, str] = {}
        """Where the int8 form of a value is, for real values that are dequantized and for stored ones."""
        self.real: dict[str, str] = {v: v for v in graph.constants}
        """Where a real value is, as far as it is there."""
        self.uses = graph.use_counts()
        self.consumers, self.producers = graph.consumers(), graph.producers()
        self.done: set[str] = set()
        self.inputs = {p.value for p in graph.inputs}

    def define(self, code: str, stem: str, shape: tuple[int, ...]) -> str:
        """The int8 value for the stored value `code`."""
        taken = code in self.constants or (code in self.inputs and self.types[code].dtype is DType.U8)
        name = self.names.fresh(stem) if taken else code
        self.types[name] = TensorType(shape, DType.I8, self.codes.params[code])
        self.stored[code] = name
        return name

    def new(self, stem: str, shape: tuple[int, ...], q: QuantParams) -> str:
        """Another int8 value."""
        name = self.names.fresh(stem)
        self.types[name] = TensorType(shape, DType.I8, q)
        return name

    def constant(self, stem: str, kind: TensorType, data: Array) -> str:
        """Another constant."""
        name = self.names.fresh(f"{stem}_q")
        self.types[name], self.constants[name] = kind, data
        return name

    @staticmethod
    def as_int8(data: Array) -> Array:
        """Bytes as int8, from uint8 around another zero point."""
        return (data ^ np.uint8(128)).view(np.int8) if data.dtype == np.uint8 else data

    def _dequantize(self, source: str) -> Dequantize:
        q = self.types[source].q
        return Dequantize(q.per_tensor_scale, q.zero_point)

    def known(self, value: str) -> Array | None:
        """The data of a constant, real or stored."""
        if value in self.constants:
            return self.constants[value]
        source = self.stored.get(value)
        return self._dequantize(source).eval_float(self.constants[source])[0] if source in self.constants else None

    def in_float(self, value: str, node: Node) -> str:
        """The value as real numbers, dequantized where that has not been needed so far."""
        if value in self.stored and self.graph.types[value].dtype.is_float and value not in self.real:
            source = self.stored[value]
            op = self._dequantize(source)
            name = self.real[value] = value if source != value else self.names.fresh(f"{value}_real")
            self.types[name] = self.graph.types[value]
            if source in self.constants:
                (self.constants[name],) = op.eval_float(self.constants[source])
            else:
                self.nodes.append(Node(op, (source,), (name,), node.name))
        return self.real.get(value, value)

    # Ports

    def input_port(self, port: Port) -> Port:
        """int8 inputs are stored as they come; float ones that are only quantized become int8 themselves."""
        readers = self.consumers[port.value]
        if port.value in self.codes.params:
            if self.types[port.value].dtype is DType.U8:
                name = self.define(port.value, port.value, self.types[port.value].shape)
                self.nodes.append(Node(Recentre(), (port.value,), (name,), port.name))
            else:
                self.define(port.value, port.value, self.types[port.value].shape)
            return port
        if len(readers) == 1 == self.uses[port.value] and readers[0].outs[0] in self.codes.params:
            (code,) = readers[0].outs
            self.done.add(code)
            return replace(port, value=self.define(code, code, self.types[code].shape))
        return port

    def output_port(self, port: Port) -> Port:
        value = port.value
        kind = self.graph.types[value]
        if value in self.constants and value not in self.stored:
            return port
        if value in self.stored and kind.dtype is DType.U8:
            name = self.names.fresh(f"{value}_u8")
            self.types[name] = kind
            self.nodes.append(Node(Recentre(), (self.stored[value],), (name,), port.name))
            return replace(port, value=name)
        if value in self.stored and (value not in self.real or self.uses[value] == 1):
            source = self.stored[value]
            if source not in self.constants and not (source in self.inputs and kind.dtype.is_float):
                return replace(port, value=source)
            return replace(port, value=self.in_float(value, Node(Dequantize(1.0, 0), (), (), port.name)))
        return port

    # States

    def state_code(self, state: State) -> tuple[str, str] | None:
        """The stored values that a state is read from and made as, if these have the same parameters."""
        if state.before in self.codes.params:
            self.define(state.before, state.before, self.types[state.before].shape)
            return state.before, state.after
        readers, maker = self.consumers[state.before], self.producers.get(state.after)
        if len(readers) != 1 or self.uses[state.before] != 1 or maker is None or not maker.op.dequantization():
            return None
        (read,), made = readers[0].outs, maker.ins[0]
        if read not in self.codes.params or self.codes.params[read] != self.codes.params.get(made):
            return None
        self.done.add(read)
        self.define(read, read, self.types[read].shape)
        return read, made

    def state(self, state: State, codes: tuple[str, str] | None) -> State:
        """A state as it is stored, or in float."""
        if codes is None:
            return replace(state, after=self.in_float(state.after, Node(Dequantize(1.0, 0), (), (), state.before)))
        before, after = (self.stored[code] for code in codes)
        if state.initial in self.stored:
            return State(before, after, self.stored[state.initial])
        kind = self.types[before]
        first = kind.q.quantize(self.constants[state.initial], DType.I8)
        return State(before, after, self.constant(state.initial, kind, first))
