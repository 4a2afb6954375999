"""Checking a compiled model: every layer against the float model, and the generated C against the interpreter."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log10, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.driver.compiled import CompiledModel
from tinyc.driver.record import read_indices
from tinyc.errors import TinycError
from tinyc.frontend import Format, format_of
from tinyc.ir.graph import Graph, Port
from tinyc.ir.interp import Stream, execute_apart, to_user, to_value
from tinyc.ir.types import TensorType
from tinyc.quant.calibrate import Progress
from tinyc.run.host import Result
from tinyc.samples import Say, count_samples, match_samples, silent

Array = NDArray[Any]

FLOAT_TOLERANCE = 1e-4
"""Of a float tensor's largest value: C and NumPy add in different orders. Integers must agree bit for bit."""


@dataclass(frozen=True)
class Accuracy:
    """How close values are to those of the float model, over all samples; None where a figure has no meaning."""

    sqnr_db: float | None
    """Signal to quantization noise ratio; None if there is no noise, or no signal."""
    cosine: float | None
    """Of the angle between the two, seen as vectors; None if one of them is zero."""
    max_abs_error: float | None


@dataclass(frozen=True)
class LayerCheck:
    """One result of a layer. `agrees`: the C and the interpreter computed the same in every sample."""

    name: str
    op: str
    accuracy: Accuracy
    agrees: bool


@dataclass(frozen=True)
class OutputCheck:
    """One output of the model, dequantized."""

    name: str
    accuracy: Accuracy
    argmax_agreement: float | None
    """The share of samples whose largest element is where the float model has it; None for a single element."""
    onnxruntime_max_abs_error: float | None
    """Of the float graph against ONNX Runtime; None if that was not asked for."""


@dataclass(frozen=True)
class CheckResult:
    """What a check found."""

    samples: int
    layers: tuple[LayerCheck, ...]
    outputs: tuple[OutputCheck, ...]

    @property
    def disagreeing(self) -> tuple[str, ...]:
        """The layers in which the C and the interpreter differ."""
        return tuple(layer.name for layer in self.layers if not layer.agrees)


def check(
    compiled: CompiledModel,
    inputs: Mapping[str, Array],
    *,
    limit: int | None = None,
    model: Path | None = None,
    progress: Progress | None = None,
    say: Say = silent,
) -> CheckResult:
    """Run the first `limit` samples of `inputs` (all by default) on the host, in the interpreter and in float.

    If the model keeps a state, it goes from each sample to the next, with all of them by itself.
    `model`: the ONNX file that was compiled, if it was one, to compare the float graph with ONNX Runtime too.
    """
    samples = {n: a[:limit] for n, a in match_samples(inputs, compiled.graph.inputs, "inputs", say).items()}
    count = count_samples(samples)
    states = compiled.report.get("states", {})
    runtime = None if model is None else OnnxRuntime(model, compiled.report["sha256"], states)
    each = [{name: a[number] for name, a in samples.items()} for number in range(count)]
    watch = _Watch(compiled, each)
    for number, sample in enumerate(each):
        watch.see(sample, runtime)
        if progress:
            progress(number + 1, count)
    return CheckResult(count, watch.layers(), watch.outputs(count, runtime is not None))


class OnnxRuntime:
    """The original model in ONNX Runtime, from its beginning on. `states`: which outputs are which inputs then."""

    def __init__(self, path: Path, sha256: str, states: Mapping[str, str] = {}) -> None:
        """TinycError if `path` is not the model with that digest, or ONNX Runtime is missing or refuses it."""
        try:
            import onnxruntime
        except ImportError:
            raise TinycError(
                "onnxruntime is not installed", hint="pip install onnxruntime, or leave out --model"
            ) from None
        try:
            data = path.read_bytes()
        except OSError as error:
            raise TinycError(f"the model cannot be read: {error.strerror}", str(path)) from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise TinycError("this is not the model that was compiled: its SHA-256 differs", str(path))
        if format_of(path) is not Format.ONNX:
            raise TinycError(
                f"ONNX Runtime does not run {format_of(path).value} models", str(path),
                "leave out --model: the layers are compared with the model in float all the same",
            )  # fmt: skip
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors only
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # a class for each status of its C API, without a base of their own
            raise TinycError(f"onnxruntime does not load the model: {error}", str(path)) from None
        self._path, self._states = path, states
        kinds = {given.name: (given.shape, given.type) for given in self._session.get_inputs()}
        self._kept = {name: _zeros(*kinds[name]) for name in states}

    def run(self, sample: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs of the next sample, by name."""
        names = [output.name for output in self._session.get_outputs()]
        try:
            outputs = dict(zip(names, self._session.run(names, {**sample, **self._kept}), strict=True))
            self._kept = {given: outputs[made] for given, made in self._states.items()}
            return outputs
        except Exception as error:
            raise TinycError(f"onnxruntime does not run the model: {error}", str(self._path)) from None


def _zeros(shape: Sequence[int | str], kind: str) -> Array:
    """Zeros for an input of ONNX Runtime, whose type is as in "tensor(float)"; what is open is a batch of 1."""
    names = {"float": "float32", "double": "float64"}
    element = kind.removeprefix("tensor(").removesuffix(")")
    return np.zeros([size if isinstance(size, int) else 1 for size in shape], names.get(element, element))


class _Sums:
    """What `Accuracy` is computed from, gathered sample by sample."""

    def __init__(self) -> None:
        self.signal = self.noise = self.other = self.product = self.worst = 0.0

    def see(self, value: Array, reference: Array) -> None:
        a, b = value.astype(np.float64).ravel(), reference.astype(np.float64).ravel()
        error = a - b
        self.signal += float(b @ b)
        self.noise += float(error @ error)
        self.other += float(a @ a)
        self.product += float(a @ b)
        self.worst = max(self.worst, float(np.abs(error).max(initial=0)))

    def accuracy(self) -> Accuracy:
        angle = sqrt(self.signal * self.other)
        return Accuracy(
            sqnr_db=10 * log10(self.signal / self.noise) if self.signal > 0 and 0 < self.noise < np.inf else None,
            cosine=min(self.product / angle, 1.0) if angle > 0 and isfinite(angle) else None,
            max_abs_error=self.worst if isfinite(self.worst) else None,
        )


class _Watch:
    """Compares all values of sample after sample."""

    def __init__(self, compiled: CompiledModel, samples: Sequence[Mapping[str, Array]]) -> None:
        self.compiled, self.graph, self.float_graph = compiled, compiled.flat_graph, compiled.float_graph
        self.host = compiled.stream_all_values(samples, "host")
        self.interpreted = compiled.stream_all_values(samples, "interpreter")
        self.exact = Stream(self.float_graph)
        self.reference = _references(self.graph, self.float_graph)
        self.kept = {v: read_indices(text) for v, text in compiled.report["kept_channels"].items()}
        self.computed = _computed(compiled.interface.results)
        self.sums = {name: _Sums() for name in self.computed}
        self.agrees = dict.fromkeys(self.computed, True)
        self.output_sums = {p.name: _Sums() for p in self.graph.outputs}
        self.same_class = {p.name: 0 for p in self.graph.outputs}
        self.runtime_error = {p.name: 0.0 for p in self.graph.outputs}

    def see(self, sample: Mapping[str, Array], runtime: OnnxRuntime | None) -> None:
        host = _with_views(self.graph, next(self.host))
        if (self.graph.is_integer() or self.graph.states) and not self.graph.is_wholly_integer():
            # where floats are quantized again, one next to a border may fall to either side, and where they are kept
            # from run to run, small differences add up: layer by layer, then
            interpreted = execute_apart(self.graph, host)
        else:
            interpreted = next(self.interpreted)
        exact = self.exact.execute(
            {p.value: to_value(self.float_graph, p, sample[p.name]) for p in self.float_graph.inputs}
        )
        for name in self.sums:
            kind, where = self.graph.types[name], self.computed[name]
            value = host[name] if kind.quant is None else kind.quant.dequantize(host[name])
            wanted = _real(exact[self.reference[name]], kind)
            wanted = wanted[..., self.kept[name]] if name in self.kept else wanted
            self.sums[name].see(value[where], wanted[where])
            self.agrees[name] &= _agree(host[name][where], interpreted[name][where])
        given = runtime.run(sample) if runtime else {}
        for port, float_port in zip(self.graph.outputs, self.float_graph.outputs, strict=True):
            wanted = to_user(self.float_graph, float_port, exact[float_port.value])
            self._see_output(port, to_user(self.graph, port, host[port.value]), wanted)
            if runtime:
                error = float(np.abs(given[port.name].astype(np.float64) - wanted).max(initial=0))
                self.runtime_error[port.name] = max(self.runtime_error[port.name], error)

    def _see_output(self, port: Port, value: Array, wanted: Array) -> None:
        self.output_sums[port.name].see(value, wanted)
        self.same_class[port.name] += int(value.argmax() == wanted.argmax())

    def layers(self) -> tuple[LayerCheck, ...]:
        return tuple(
            LayerCheck(e["name"], e["op"], self.sums[e["output"]].accuracy(), self.agrees[e["output"]])
            for e in self.compiled.report["layers"]
            if e["output"] in self.sums  # not what its inputs are computed into
        )

    def outputs(self, count: int, has_runtime: bool) -> tuple[OutputCheck, ...]:
        return tuple(
            OutputCheck(
                port.name,
                self.output_sums[port.name].accuracy(),
                self.same_class[port.name] / count if self.graph.types[port.value].size > 1 else None,
                self.runtime_error[port.name] if has_runtime else None,
            )
            for port in self.graph.outputs
        )


def _computed(results: Sequence[Result]) -> dict[str, tuple[slice, ...]]:
    """The part of each value that is computed: in a region perhaps not the last rows, if nothing needs them."""
    spans: dict[str, tuple[tuple[int, int], ...]] = {}
    for r in results:
        old = spans.get(r.name, r.region)
        spans[r.name] = tuple((min(a[0], b[0]), max(a[1], b[1])) for a, b in zip(old, r.region, strict=True))
    return {name: tuple(slice(*span) for span in region) for name, region in spans.items()}


def _real(exact: Array, kind: TensorType) -> Array:
    """A value of the float graph, which has stored integers where the model brings its quantization."""
    if kind.quant is None or exact.dtype.kind == "f":
        return exact
    shift = 128 if exact.dtype == np.uint8 else 0
    return np.asarray(kind.quant.dequantize(exact.astype(np.int16) - shift))


def _references(graph: Graph, float_graph: Graph) -> dict[str, str]:
    """For each value the one of the float graph that it stands for: its own name, or that of what it is made from."""
    names = dict(zip(graph.given, float_graph.given, strict=True))
    for node in graph.nodes:
        for value in node.outs:
            names[value] = value if value in float_graph.types else names[node.ins[0]]
    return names


def _with_views(graph: Graph, host: Mapping[str, Array]) -> dict[str, Array]:
    """The values of the C, and what views of them show."""
    values = dict(host)
    for node in graph.nodes:
        if node.op.is_view and node.ins[0] in values:
            values[node.outs[0]] = values[node.ins[0]].reshape(graph.types[node.outs[0]].shape)
    return values


def _agree(a: Array, b: Array) -> bool:
    if a.dtype.kind == "f":
        bound = FLOAT_TOLERANCE * float(np.abs(b).max(initial=0)) + 1e-7
        return bool(np.allclose(a, b, rtol=0, atol=bound, equal_nan=True))
    return a.tobytes() == b.tobytes()
