"""A compiled model: the folder that `compile` wrote, and what can be done with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.driver.firmware import CmsisNN, link_firmware
from tinyc.driver.record import read_interface, read_report
from tinyc.errors import TinycError
from tinyc.ir import text
from tinyc.ir.graph import Graph
from tinyc.ir.interp import Stream, to_user, to_value
from tinyc.ir.region import flattened
from tinyc.ops import BY_NAME
from tinyc.quant.calibrate import Progress
from tinyc.run.host import HostModel, run_sanitized
from tinyc.run.qemu import QemuResult, run_firmware
from tinyc.samples import Say, count_samples, match_samples, silent, stack
from tinyc.target.board import Board, load_board

Array = NDArray[Any]
Arrays = Mapping[str, Array]

FIRMWARE = "firmware.elf"
BOARD = "board.toml"


class CompiledModel:
    """What `tinyc.load(folder)` gives."""

    def __init__(self, folder: Path) -> None:
        """TinycError if `folder` does not hold a compiled model."""
        self.folder = folder
        self.report = read_report(folder)
        self.interface = read_interface(self.report)

    @cached_property
    def graph(self) -> Graph:
        """The graph that was turned into C."""
        return text.load(self.folder / "model.tc", BY_NAME)

    @cached_property
    def flat_graph(self) -> Graph:
        """`graph` layer by layer, whatever runs in parts."""
        return flattened(self.graph)

    @cached_property
    def float_graph(self) -> Graph:
        """The simplified float graph; its values have the names of `graph`'s."""
        return text.load(self.folder / "float.tc", BY_NAME)

    @cached_property
    def board(self) -> Board:
        """The board it was compiled for."""
        described = self.folder / BOARD
        return load_board(described if described.is_file() else self.report["board"])

    @cached_property
    def host(self) -> HostModel:
        """The generated C, compiled for this machine."""
        return HostModel(self.folder, self.interface)

    def run(
        self,
        inputs: Arrays,
        on: str = "host",
        raw: bool = False,
        progress: Progress | None = None,
        say: Say = silent,
    ) -> dict[str, Array]:
        """Outputs by the model's names, samples stacked along the first axis, in its dtype and layout.

        `inputs` as in `match_samples`. If the model keeps a state, the samples are a sequence: it is at its beginning
        before the first of them. `on` is "host", "qemu", "interpreter", or "sanitized" (the host with ASan and
        UBSan). `raw` gives the firmware's own integers.
        """
        samples = match_samples(inputs, self.graph.inputs, "inputs", say)
        count = count_samples(samples)
        runners = {
            "host": self._run_host,
            "interpreter": self._run_interpreter,
            "qemu": self._run_emulator,
            "sanitized": self._run_sanitized,
        }
        if on not in runners:
            raise TinycError(f"cannot run on '{on}'", hint=f"choose one of {', '.join(runners)}")
        values = runners[on](samples, count, progress)
        return {
            port.name: stack(port, [to_user(self.graph, port, sample[port.value], raw) for sample in values])
            for port in self.graph.outputs
        }

    def run_all_values(self, sample: Arrays, on: str = "host") -> dict[str, Array]:
        """Every intermediate tensor of one sample as stored, by its name in `flat_graph`; `on` "host" or "interpreter".

        `sample` has one array an input, of the port's own shape. On the host views are left out; what no part of a
        region computes, because nothing needs it, is 0.
        """
        return next(self.stream_all_values([sample], on))

    def stream_all_values(self, samples: Iterable[Arrays], on: str = "host") -> Iterator[dict[str, Array]]:
        """As `run_all_values`, for samples one after another, between which the model's state is kept."""
        graph, stream = self.flat_graph, Stream(self.flat_graph)
        kept = {s.before: graph.constants[s.initial] for s in graph.states}
        if on == "host":
            self.host.begin()
        for sample in samples:
            values = self._stored_inputs(sample)
            if on == "interpreter":
                yield {k: v for k, v in stream.execute(values).items() if k not in graph.constants}
                continue
            _, seen = self.host.run([values[p.value].tobytes() for p in graph.inputs], trace=True)
            blank = {name: np.empty(kind.shape, kind.dtype.numpy) for name, kind in graph.types.items()}
            values = {**values, **kept, **self.interface.assemble(seen, blank)}
            kept = {s.before: values[s.after] for s in graph.states}
            yield values

    def run_qemu(
        self,
        samples: Arrays,
        *,
        trace: bool = False,
        dump_layers: bool = False,
        progress: Progress | None = None,
        timeout_s: float | None = None,
    ) -> QemuResult:
        """Run samples (as `match_samples` gives them) in the emulator; with `trace` layers are timed one by one."""
        count = count_samples(samples)
        data = self.input_bytes(samples, count)
        limit = timeout_s if timeout_s is not None else 120.0 + 2.0 * count
        with self.firmware(trace or dump_layers) as elf:
            return run_firmware(elf, self.board, data, timeout_s=limit, dump_layers=dump_layers, progress=progress)

    @contextmanager
    def firmware(self, trace: bool = False) -> Iterator[Path]:
        """The firmware as it is shipped, or with `trace` another that stops between layers, gone afterwards."""
        shipped = self.folder / FIRMWARE
        if not trace:
            if not shipped.is_file():
                raise TinycError("the firmware was not linked", str(self.folder), "compile without --no-link")
            yield shipped
            return
        with tempfile.TemporaryDirectory(prefix="tinyc-trace-") as name:
            elf = Path(name) / FIRMWARE
            link_firmware(self.folder, elf, self.board, self.graph.rounding, self._cmsis_nn(), trace=True)
            yield elf

    def input_bytes(self, samples: Arrays, count: int) -> bytes:
        """The first `count` samples (as `match_samples` gives them) one after another, as the firmware reads them."""
        parts = []
        for number in range(count):
            values = self._stored_inputs({name: a[number] for name, a in samples.items()})
            parts += [values[p.value].tobytes() for p in self.graph.inputs]
        return b"".join(parts)

    def _cmsis_nn(self) -> CmsisNN | None:
        paths = self.report.get("cmsis_nn")
        return CmsisNN.from_record(paths) if paths else None

    def _stored_inputs(self, sample: Arrays) -> dict[str, Array]:
        return {p.value: to_value(self.graph, p, sample[p.name]) for p in self.graph.inputs}

    def _run_host(self, samples: Arrays, count: int, progress: Progress | None) -> list[dict[str, Array]]:
        results = []
        self.host.begin()
        for number in range(count):
            values = self._stored_inputs({name: a[number] for name, a in samples.items()})
            outputs, _ = self.host.run([values[p.value].tobytes() for p in self.graph.inputs])
            ports = zip(self.graph.outputs, outputs, strict=True)
            results.append({port.value: self._array(port.value, data) for port, data in ports})
            if progress:
                progress(number + 1, count)
        return results

    def _run_interpreter(self, samples: Arrays, count: int, progress: Progress | None) -> list[dict[str, Array]]:
        stream, results = Stream(self.graph), []
        for number in range(count):
            values = self._stored_inputs({name: a[number] for name, a in samples.items()})
            results.append(stream.execute(values))
            if progress:
                progress(number + 1, count)
        return results

    def _run_emulator(self, samples: Arrays, count: int, progress: Progress | None) -> list[dict[str, Array]]:
        return self._split(self.run_qemu(samples, progress=progress).outputs, count)

    def _run_sanitized(self, samples: Arrays, count: int, progress: Progress | None) -> list[dict[str, Array]]:
        return self._split(run_sanitized(self.folder, self.interface, self.input_bytes(samples, count)), count)

    def _split(self, data: bytes, count: int) -> list[dict[str, Array]]:
        """The outputs of each sample out of one after another."""
        results, at = [], 0
        for _ in range(count):
            sample = {}
            for port in self.graph.outputs:
                size = self.graph.types[port.value].bytes
                sample[port.value] = self._array(port.value, data[at : at + size])
                at += size
            results.append(sample)
        return results

    def _array(self, name: str, data: bytes) -> Array:
        kind = self.graph.types[name]
        return np.frombuffer(data, kind.dtype.numpy).reshape(kind.shape)
