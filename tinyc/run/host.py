"""Running the generated C on this machine: as a shared library through cffi, or under the sanitizers."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cffi
import numpy as np
from numpy.typing import NDArray

from tinyc.errors import CheckFailedError, TinycError, ToolMissingError
from tinyc.ir.op import Region
from tinyc.ir.parts import cut
from tinyc.program.program import Rows
from tinyc.resources import resource

Array = NDArray[Any]

FLAGS = ("-std=c11", "-O2", "-ffp-contract=off", "-DTINYC_TRACE")
KERNEL_FOLDERS = ("cmsis_nn", "tinyc")
SANITIZE = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@dataclass(frozen=True)
class Result:
    """A part of a value in bytes [offset, offset + bytes) of the arena, right after step `step` of an inference."""

    name: str
    step: int
    offset: int
    bytes: int
    region: Region


@dataclass(frozen=True)
class Interface:
    """What is to be known of a generated model to call it."""

    name: str
    arena_bytes: int
    input_bytes: tuple[int, ...]
    output_bytes: tuple[int, ...]
    single_rounding: bool
    results: tuple[Result, ...] = ()
    fed: Rows | None = None

    def cut(self, values: Mapping[str, Array]) -> list[bytes]:
        """The bytes of `results` one by one, from whole values."""
        return [cut(values[r.name], r.region).tobytes() for r in self.results]

    def assemble(self, parts: Sequence[bytes], blank: Mapping[str, Array]) -> dict[str, Array]:
        """Whole values from the bytes of `results` one by one; `blank` has arrays of their shapes and types."""
        values: dict[str, Array] = {}
        for result, data in zip(self.results, parts, strict=True):
            value = values.setdefault(result.name, np.zeros_like(blank[result.name]))
            part = cut(value, result.region)
            part[...] = np.frombuffer(data, value.dtype).reshape(part.shape)
        return values


class HostModel:
    """The generated C of a model, compiled for this machine. Not thread-safe: the model has one arena."""

    def __init__(self, folder: Path, interface: Interface) -> None:
        """Compile the C files in `folder`; ToolMissingError without a C compiler, TinycError if it does not compile."""
        self.interface = interface
        self._directory = tempfile.TemporaryDirectory(prefix="tinyc-host-", ignore_cleanup_errors=True)
        library = Path(self._directory.name) / f"{interface.name}.so"
        _compile(_sources(folder), folder, library, interface, "-shared", "-fPIC")
        self._ffi = cffi.FFI()
        name = interface.name
        run = "start(void); int {0}_feed_rows(const void *rows, int32_t count)" if interface.fed else "run(void)"
        self._ffi.cdef(
            f"""
            int {name}_init(void *memory, size_t bytes);
            int {name}_{run.format(name)};
            void *{name}_input(int32_t index);
            const void *{name}_output(int32_t index);
            void tinyc_host_set_hook(void (*hook)(int32_t));
            """
        )
        self._library = self._ffi.dlopen(str(library))
        self._arena = np.zeros(interface.arena_bytes + 16, np.uint8)
        skip = -self._arena.ctypes.data % 16
        self._arena = self._arena[skip : skip + interface.arena_bytes]
        self.begin()

    def begin(self) -> None:
        """Make all that is kept from run to run anew."""
        if self._call("init")(self._ffi.from_buffer(self._arena), self.interface.arena_bytes) != 0:
            raise CheckFailedError("the model does not accept its arena", self.interface.name)

    def _call(self, function: str) -> Any:
        return getattr(self._library, f"{self.interface.name}_{function}")

    def run(self, inputs: Sequence[bytes], trace: bool = False) -> tuple[list[bytes], list[bytes]]:
        """The next inference: the outputs' bytes, and with `trace` those of `interface.results` one by one."""
        ffi, interface = self._ffi, self.interface
        fed = interface.fed
        for index, (data, size) in enumerate(zip(inputs, interface.input_bytes, strict=True)):
            if len(data) != size:
                raise TinycError(f"input {index} has {len(data)} bytes, {size} are wanted", interface.name)
            if fed is None or index != fed.input:
                ffi.memmove(self._call("input")(index), data, size)
        seen: list[bytes] = []
        step = 0

        def note(layer: int) -> None:
            nonlocal step
            while len(seen) < len(interface.results) and interface.results[len(seen)].step == step:
                result = interface.results[len(seen)]
                seen.append(self._arena[result.offset : result.offset + result.bytes].tobytes())
            step += 1

        hook = ffi.callback("void(int32_t)", note) if trace else ffi.NULL
        self._library.tinyc_host_set_hook(hook)
        failed = self._call("run")() if fed is None else self._call("start")()
        if fed is not None and not failed:
            failed = self._call("feed_rows")(inputs[fed.input], fed.rows)
        if failed:
            raise CheckFailedError(f"layer {failed - 1} reports an error", interface.name)
        outputs = [bytes(ffi.buffer(self._call("output")(i), n)) for i, n in enumerate(interface.output_bytes)]
        return outputs, seen


def run_sanitized(folder: Path, interface: Interface, inputs: bytes) -> bytes:
    """Run all samples in `inputs` (as in the arena) in a program built with ASan and UBSan; the outputs' bytes.

    Of inputs that have no bytes there is one sample.
    CheckFailedError with the sanitizer's first lines if it finds something.
    """
    with tempfile.TemporaryDirectory(prefix="tinyc-sanitized-") as name:
        work = Path(name)
        sources = [*_sources(folder), resource("runtime_c", "host", "tinyc_host_main.c")]
        defines = [
            f'-DMODEL_HEADER="{interface.name}.h"',
            f"-DMODEL(member)={interface.name}_##member",
            f"-DARENA_BYTES={interface.arena_bytes}u",
            f"-DINPUT_BYTES={', '.join(f'{n}u' for n in interface.input_bytes or (0,))}",
            f"-DOUTPUT_BYTES={', '.join(f'{n}u' for n in interface.output_bytes)}",
            *([f"-DFED={interface.fed.input}", f"-DROWS={interface.fed.rows}"] if interface.fed else []),
        ]
        _compile(sources, folder, work / "program", interface, *SANITIZE, *defines)
        (work / "input.bin").write_bytes(inputs)
        command = [str(work / "program"), str(work / "input.bin"), str(work / "output.bin")]
        result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if result.returncode != 0:
            first = "\n".join(result.stderr.splitlines()[:20])
            raise CheckFailedError(f"the sanitizers stop the model\n{first}", interface.name)
        return (work / "output.bin").read_bytes()


def _sources(folder: Path) -> list[Path]:
    model = sorted(p for p in folder.glob("*.c") if p.name != "main.c")
    kernels = [p for kind in KERNEL_FOLDERS for p in sorted(folder.glob(f"runtime/{kind}/*.c"))]
    return [*model, *kernels, resource("runtime_c", "host", "tinyc_host.c")]


def _compile(sources: Sequence[Path], folder: Path, target: Path, interface: Interface, *flags: str) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise ToolMissingError(
            "no C compiler (cc, gcc or clang) to run the model on this machine", hint="apt install gcc"
        )
    includes = [folder, *sorted(folder.glob("runtime/*")), resource("runtime_c", "host")]
    rounding = ["-DCMSIS_NN_USE_SINGLE_ROUNDING"] if interface.single_rounding else []
    command = [
        compiler,
        *FLAGS,
        *rounding,
        *flags,
        *(f"-I{p}" for p in includes),
        *map(str, sources),
        "-lm",
        "-o",
        str(target),
    ]
    result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if result.returncode != 0:
        first = "\n".join(result.stderr.splitlines()[:12])
        raise TinycError(f"the C compiler rejects the generated code\n{first}", str(folder))
