"""The compiler in one glance: what happens to a model's graph, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from tinyc.errors import TinycError, VerifyError
from tinyc.ir import text
from tinyc.ir.graph import Graph
from tinyc.ir.types import Rounding
from tinyc.ir.verify import verify
from tinyc.passes.cancel_transposes import cancel_transposes
from tinyc.passes.even_ties import even_ties
from tinyc.passes.fold_affine import fold_affine, uniform_to_depthwise
from tinyc.passes.fold_constants import fold_constants
from tinyc.passes.fold_padding import fold_padding
from tinyc.passes.fuse_clamps import fuse_clamps
from tinyc.passes.fuse_normalization import fuse_normalization
from tinyc.passes.fuse_tables import fuse_tables
from tinyc.passes.keep_states import keep_states
from tinyc.passes.known_constants import known_constants
from tinyc.passes.remove_channels import narrowed
from tinyc.passes.rewrite import drop_dead_nodes
from tinyc.passes.share_common import share_common
from tinyc.passes.simplify_ops import simplify_ops
from tinyc.passes.split_slopes import split_slopes
from tinyc.passes.to_convolutions import to_convolutions
from tinyc.quant.adopt import NOT_SAID, adopt
from tinyc.quant.calibrate import Progress, Range, calibrate, knowing
from tinyc.quant.observers import ObserverChoice
from tinyc.quant.partition import NEIGHBOURS, float_layers, refuse_float_layers, stays_apart
from tinyc.quant.quantize import quantize
from tinyc.quant.tables import compose, taken_apart
from tinyc.schedule.order import order_layers


class Phase(NamedTuple):
    """A step of the compiler, and the name under which its result is dumped."""

    name: str
    run: Callable[[Graph], Graph]


SIMPLIFY: tuple[Phase, ...] = (
    Phase("share-common", share_common),
    Phase("cancel-transposes", cancel_transposes),  # from here on, channels are the last axis
    Phase("fold-constants", fold_constants),
    Phase("simplify-ops", simplify_ops),
    Phase("fuse-normalization", fuse_normalization),  # before its scale and offset could be taken for something else
    Phase("fold-affine", fold_affine),  # before clamps are fused: behind a clamp nothing can be folded into weights
    Phase("fold-padding", fold_padding),
    Phase("fuse-clamps", fuse_clamps),
    Phase("share-common-again", share_common),  # constants that the passes made
)


ORDER = Phase("order-layers", order_layers)
KEEP = Phase("keep-states", keep_states)  # depends on the order, and regions are found around what it adds


def layer_by_layer(graph: Graph) -> Graph:
    """The plainest schedule: the graph as it is."""
    return graph


@dataclass(frozen=True)
class Quantization:
    """How a float graph becomes an integer one. `samples` as `match_samples` gives them."""

    samples: Mapping[str, NDArray[Any]]
    observer: ObserverChoice = field(default_factory=ObserverChoice)
    rounding: Rounding = Rounding.SINGLE
    progress: Progress | None = None
    tables: bool = True
    """Elementwise functions become tables; CMSIS-NN has no function for these."""
    strict: bool = False
    """No layer may stay in float."""
    even_ties: bool = False
    """Of averages, as in ONNX Runtime: for tinyc's own kernels."""


@dataclass(frozen=True)
class Given:
    """The model brings its quantization: its own parameters are taken as they are."""

    rounding: Rounding = Rounding.SINGLE
    strict: bool = False
    """No layer may stay in float."""
    even_ties: bool = False
    """Of averages, as in ONNX Runtime: for tinyc's own kernels."""
    tables: bool = True
    """Elementwise functions of one tensor become one table."""


@dataclass(frozen=True, eq=False)
class Lowered:
    """A model after all passes: the simplified float graph, and the graph that is turned into C."""

    float_graph: Graph
    graph: Graph
    macs: int
    """Multiply-accumulates of the simplified float graph; those of `graph` are what is executed."""
    kept_channels: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """For each value that has fewer channels in `graph` than in `float_graph`, the indices of those it kept."""
    float_layers: Mapping[str, str] = field(default_factory=dict)
    """Why layers of a quantized model are computed in float, by the names of their results."""


def simplify(graph: Graph, dump_dir: Path | None = None) -> Graph:
    """The float graph without anything that costs and does nothing."""
    return run_phases(SIMPLIFY, graph, dump_dir, "import")


def lower(
    imported: Graph,
    quantization: Quantization | Given | None,
    dump_dir: Path | None = None,
    schedule: Callable[[Graph], Graph] = layer_by_layer,
) -> Lowered:
    """All passes. Without `quantization` the model stays in float; `schedule` puts layers into regions."""
    float_graph = simplify(imported, dump_dir)
    last = (ORDER, KEEP, Phase("schedule", schedule))
    if quantization is None:
        graph = run_phases(last, float_graph, dump_dir, None, start=len(SIMPLIFY) + 1)
        return Lowered(float_graph, graph, float_graph.macs())

    def to_integers(graph: Graph) -> Graph:
        if isinstance(quantization, Given):
            # padding between `quantize` and `dequantize` could not be folded before
            graph = fold_padding(taken_over(graph, quantization.rounding))
            graph = fuse_tables(graph) if quantization.tables else graph
            if quantization.strict:
                refuse_float_layers(graph, float_layers(graph, NOT_SAID))
        else:
            graph = compose(graph) if quantization.tables else uniform_to_depthwise(split_slopes(graph))
            reasons.update(stays_apart(graph))
            if quantization.strict:
                refuse_float_layers(graph, reasons)
            graph, ranges = _calibrated(graph, quantization)
            reasons.update(stays_apart(graph))  # some operators depend on what was seen inside
            if quantization.strict:
                refuse_float_layers(graph, reasons)
            graph = quantize(graph, ranges, quantization.rounding)
        return even_ties(graph) if quantization.even_ties else graph

    kept: dict[str, tuple[int, ...]] = {}
    reasons: dict[str, str] = {}
    in_float: dict[str, str] = {}

    def remove_channels(graph: Graph) -> Graph:
        graph, left = narrowed(graph)
        kept.update((value, tuple(indices.tolist())) for value, indices in left.items())
        return graph

    def told(graph: Graph) -> Graph:
        in_float.update(float_layers(graph, NOT_SAID if isinstance(quantization, Given) else NEIGHBOURS, reasons))
        return schedule(graph)

    phases = (
        Phase("quantize", to_integers),
        Phase("remove-channels", remove_channels),
        ORDER,
        KEEP,
        Phase("schedule", told),
    )
    graph = run_phases(phases, float_graph, dump_dir, None, start=len(SIMPLIFY) + 1)
    return Lowered(float_graph, graph, float_graph.macs(), kept, in_float)


def taken_over(graph: Graph, rounding: Rounding) -> Graph:
    """The integer graph of one that brings its quantization."""
    return drop_dead_nodes(adopt(to_convolutions(known_constants(graph)), rounding))


def _calibrated(graph: Graph, how: Quantization) -> tuple[Graph, Mapping[str, Range]]:
    """The graph whose operators know what was seen inside them, and the ranges of its values.

    With that some operators stay in float, and cones beside them are layers again, whose values must be seen too.
    """
    while True:
        ranges = calibrate(graph, how.samples, how.observer, how.progress)
        known = knowing(graph, ranges)
        graph = taken_apart(known)
        if graph.nodes == known.nodes:
            return known, ranges


def run_phases(
    phases: Sequence[Phase], graph: Graph, dump_dir: Path | None, first: str | None, start: int = 0
) -> Graph:
    """Run every phase; verify the graph, and write it to `dump_dir`, before the first and after each."""
    named = [Phase(first, _unchanged)] if first else []
    for number, (name, run) in enumerate([*named, *phases], start):
        graph = run(graph)
        if dump_dir is not None:
            _dump(graph, dump_dir / f"{number:02}-{name}.tc")
        try:
            verify(graph)
        except VerifyError as error:
            raise VerifyError(f"after {name}: {error.message}", error.where, error.hint) from None
    return graph


def _unchanged(graph: Graph) -> Graph:
    return graph


def _dump(graph: Graph, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text.save(graph, path)
    except OSError as error:
        raise TinycError(f"the phase file cannot be written: {error.strerror}", str(path)) from None
