"""The program: the kernel calls of a graph and where in memory they find their data, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinyc.codegen.liveness import Lifetimes, lifetimes
from tinyc.errors import UnsupportedError, VerifyError
from tinyc.ir.graph import Graph, Node
from tinyc.ir.kernel import Candidate, KernelSet, KernelTarget
from tinyc.memory.buffers import Buffer, Plan
from tinyc.memory.check import find_fault
from tinyc.memory.planner import plan_buffers

ARENA_ALIGNMENT = 16


@dataclass(frozen=True, eq=False)
class Layer:
    """A node that runs kernels. Its workspace is the largest of its calls'."""

    node: Node
    calls: Candidate

    @property
    def kernel(self) -> str:
        """The functions it calls."""
        return ", ".join(dict.fromkeys(call.function for call in self.calls))

    @property
    def workspace_bytes(self) -> int:
        return max(call.workspace_bytes for call in self.calls)


@dataclass(frozen=True, eq=False)
class Program:
    """Everything the emitter needs. `offsets` has each activation's place in the arena, views included."""

    graph: Graph
    layers: tuple[Layer, ...]
    buffers: tuple[Buffer, ...]
    plan: Plan
    offsets: Mapping[str, int]
    workspaces: Mapping[int, int]
    """Offset of the workspace of each layer that has one."""

    @property
    def arena_bytes(self) -> int:
        """Input, output, intermediate tensors and workspace, all of them."""
        return max(-(-self.plan.arena_bytes // ARENA_ALIGNMENT) * ARENA_ALIGNMENT, ARENA_ALIGNMENT)

    @property
    def weights_bytes(self) -> int:
        """Constants of the graph; the kernels' small tables not included."""
        return sum(kind.bytes for name, kind in self.graph.types.items() if name in self.graph.constants)


def build_program(graph: Graph, target: KernelTarget, kernels: KernelSet) -> Program:
    """Select kernels and plan memory."""
    layers = tuple(Layer(n, _select(graph, n, target, kernels)) for n in graph.nodes if not n.op.is_view)
    alive = lifetimes(graph, [layer.node for layer in layers])
    buffers = _buffers(graph, layers, alive)
    plan = plan_buffers(buffers)
    fault = find_fault(buffers, plan)
    if fault:
        raise VerifyError(f"the memory plan is wrong: {fault}", graph.name)
    offsets = {value: plan.offsets[root] for value, root in alive.roots.items()}
    workspaces = {i: plan.offsets[_workspace(i)] for i, layer in enumerate(layers) if layer.workspace_bytes}
    return Program(graph, layers, tuple(buffers), plan, offsets, workspaces)


def _select(graph: Graph, node: Node, target: KernelTarget, kernels: KernelSet) -> Candidate:
    candidates: Sequence[Candidate] = node.op.kernels(graph.signature(node), target)
    for candidate in candidates:
        if kernels is KernelSet.TINYC or all(call.header == "arm_nnfunctions.h" for call in candidate):
            return candidate
    types = ", ".join(str(graph.types[v]) for v in node.ins)
    raise UnsupportedError(
        f"the kernel set '{kernels.value}' has no function for {node.op.name} of {types}",
        f"node '{node.name}'",
        f"compile with --kernels {KernelSet.TINYC.value}",
    )


def _workspace(layer: int) -> str:
    return f"workspace of layer {layer}"


def _buffers(graph: Graph, layers: Sequence[Layer], alive: Lifetimes) -> list[Buffer]:
    buffers = [
        Buffer(root, graph.types[root].bytes, *alive.spans[root]) for root in dict.fromkeys(alive.roots.values())
    ]
    for i, layer in enumerate(layers):
        if layer.workspace_bytes:
            buffers.append(Buffer(_workspace(i), layer.workspace_bytes, i, i + 1))
    return buffers
