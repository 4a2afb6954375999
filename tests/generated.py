"""Graphs turned into C and run, without an ONNX file: for tests on random graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.codegen.emit import emit_model, write_files
from tinyc.driver.firmware import firmware_files, link_firmware, linker_text, main_text
from tinyc.driver.interface import interface_of
from tinyc.driver.kernels import kernel_target
from tinyc.ir.graph import Graph, Node, Port, State, plain_port
from tinyc.ir.interp import execute
from tinyc.ir.kernel import KernelSet
from tinyc.ir.region import RegionOp, flattened
from tinyc.program.choice import Choice
from tinyc.program.program import Program, build_program
from tinyc.run.host import HostModel, Interface, run_sanitized
from tinyc.run.qemu import QemuResult, run_firmware
from tinyc.target.board import Board, load_board

Array = NDArray[Any]
Arrays = Mapping[str, Array]


def side_by_side(graphs: Sequence[Graph]) -> Graph:
    """One graph that holds them all, unconnected: one C compilation for many networks."""

    def renamed(index: int, graph: Graph) -> Graph:
        new = {v: f"g{index}.{v}" for v in graph.types}

        def node(n: Node) -> Node:
            op = replace(n.op, body=renamed(index, n.op.body)) if isinstance(n.op, RegionOp) else n.op
            return Node(op, tuple(new[v] for v in n.ins), tuple(new[v] for v in n.outs), n.name)

        def port(p: Port) -> Port:
            name = new[p.value] if p == plain_port(p.value, graph.types[p.value]) else f"g{index} {p.name}"
            return replace(p, value=new[p.value], name=name)

        return replace(
            graph,
            inputs=tuple(map(port, graph.inputs)),
            outputs=tuple(map(port, graph.outputs)),
            nodes=tuple(map(node, graph.nodes)),
            types={new[v]: t for v, t in graph.types.items()},
            constants={new[v]: a for v, a in graph.constants.items()},
            states=tuple(State(new[s.before], new[s.after], new[s.initial]) for s in graph.states),
        )

    parts = [renamed(i, g) for i, g in enumerate(graphs)]
    (rounding,) = {g.rounding for g in graphs}
    return Graph(
        "many",
        tuple(p for g in parts for p in g.inputs),
        tuple(p for g in parts for p in g.outputs),
        tuple(n for g in parts for n in g.nodes),
        {v: t for g in parts for v, t in g.types.items()},
        {v: a for g in parts for v, a in g.constants.items()},
        rounding,
        tuple(s for g in parts for s in g.states),
    )


@dataclass(frozen=True)
class Generated:
    """The C of a graph in a folder."""

    folder: Path
    board: Board
    program: Program
    interface: Interface

    @property
    def graph(self) -> Graph:
        return self.program.graph

    @cached_property
    def host(self) -> HostModel:
        """The C, compiled for this machine."""
        return HostModel(self.folder, self.interface)

    def input_bytes(self, inputs: Arrays) -> list[bytes]:
        return [inputs[p.value].tobytes() for p in self.graph.inputs]

    def host_values(self, inputs: Arrays) -> dict[str, Array]:
        """What each layer leaves, on this machine."""
        _, seen = self.host.run(self.input_bytes(inputs), trace=True)
        return self.interface.assemble(seen, self.interpreted(inputs))

    def host_outputs(self, inputs: Arrays) -> bytes:
        outputs, _ = self.host.run(self.input_bytes(inputs))
        return b"".join(outputs)

    def sanitized_outputs(self, samples: Sequence[Arrays]) -> bytes:
        """The outputs of all samples, computed under ASan and UBSan."""
        return run_sanitized(self.folder, self.interface, b"".join(b for s in samples for b in self.input_bytes(s)))

    def emulate(self, samples: Sequence[Arrays]) -> QemuResult:
        """Run on the emulated board, all layers' results dumped."""
        elf = self.folder / "firmware.elf"
        link_firmware(self.folder, elf, self.board, self.graph.rounding, trace=True)
        data = b"".join(b for s in samples for b in self.input_bytes(s))
        return run_firmware(elf, self.board, data, dump_layers=True)

    def interpreted(self, inputs: Arrays) -> dict[str, Array]:
        """Every value, layer by layer."""
        return execute(flattened(self.graph), inputs)

    def layer_bytes(self, inputs: Arrays) -> bytes:
        """All layers' results one after another, by the interpreter."""
        values = self.interpreted(inputs)
        return b"".join(self.interface.cut(values))

    def output_bytes(self, inputs: Arrays) -> bytes:
        """All outputs one after another, by the interpreter."""
        values = self.interpreted(inputs)
        return b"".join(np.ascontiguousarray(values[p.value]).tobytes() for p in self.graph.outputs)


def generate(
    graph: Graph,
    folder: Path,
    board: str = "mps2-an386",
    kernels: KernelSet = KernelSet.TINYC,
    build: Callable[[Graph, Choice], Program] = build_program,
) -> Generated:
    """Write the C of `graph`, and of its firmware, into the folder."""
    target = load_board(board)
    kind = kernel_target(target.cpu)
    program = build(graph, Choice(kind, kernels))
    interface = interface_of(program, "model")
    files = emit_model(program, "model", "a test", "0" * 64)
    texts = {
        **files.texts,
        "main.c": main_text(interface, len(program.layers), None),
        "linker.ld": linker_text(target),
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_files(folder, texts, [*files.runtime, *firmware_files(target)], files.data)
    return Generated(folder, target, program, interface)


def check_emulator(model: Generated, samples: Sequence[Arrays]) -> QemuResult:
    """Run on the emulated core: all that it computes is the interpreter's, within the arena that was planned."""
    result = model.emulate(samples)
    assert result.layers == b"".join(model.layer_bytes(s) for s in samples)
    assert result.outputs == b"".join(model.output_bytes(s) for s in samples)
    assert result.arena_high_water <= result.arena_bytes == model.program.arena_bytes
    return result
