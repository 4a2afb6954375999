"""Runs kernel calls on the host, straight from the `KernelCall` objects that operators return.

All kernels of `runtime_c` are compiled into one shared library a rounding mode, and called through cffi. Buffers are
as large as the types say: what a kernel writes beside a result or its workspace is noticed, and so is a changed input.
With TINYC_TEST_SANITIZE set the library is built with the address and undefined-behaviour sanitizers.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cffi
import numpy as np
from numpy.typing import NDArray

from tinyc.ir.kernel import Argument, Candidate, Context, In, KernelCall, Out, Prepared, Struct, Table, Workspace
from tinyc.ir.types import Rounding, TensorType
from tinyc.resources import resource

Array = NDArray[Any]

FOLDERS = [resource("runtime_c", "tinyc"), resource("runtime_c", "cmsis_nn")]
HEADERS = ("tinyc_kernels.h", "arm_nnfunctions.h")
FLAGS = ["-std=c11", "-O1", "-g", "-ffp-contract=off", "-fPIC", "-shared"]
SANITIZE = bool(os.environ.get("TINYC_TEST_SANITIZE"))
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
ROUNDING_FLAGS = {Rounding.SINGLE: ["-DCMSIS_NN_USE_SINGLE_ROUNDING"], Rounding.TFLITE: []}

GUARD = 64
PATTERN = 0xA5


def build_kernels(folder: Path, rounding: Rounding) -> Kernels:
    """Compile every kernel into a shared library in `folder`, for one rounding mode."""
    library = folder / f"kernels_{rounding.value}.so"
    sources = sorted(str(source) for include in FOLDERS for source in include.glob("*.c"))
    flags = [*FLAGS, *(SANITIZERS if SANITIZE else []), *ROUNDING_FLAGS[rounding]]
    includes = [f"-I{include}" for include in FOLDERS]
    # the sanitizer's library is preloaded for this process, not for the compiler
    env = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    subprocess.run(["gcc", *flags, *includes, *sources, "-lm", "-o", str(library)], check=True, env=env)
    ffi = cffi.FFI()
    ffi.cdef(declarations(folder))
    return Kernels(ffi, ffi.dlopen(str(library)))


def declarations(folder: Path) -> str:
    """The types and prototypes of the kernels' headers; cffi knows the names of stdint.h itself."""
    (folder / "stdint.h").touch()
    includes = [f"-I{include}" for include in (folder, *FOLDERS)]
    text = "".join(f'#include "{header}"\n' for header in HEADERS)
    command = ["gcc", "-E", "-P", "-nostdinc", *includes, "-xc", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


@dataclass(frozen=True)
class Kernels:
    """The compiled kernels."""

    ffi: cffi.FFI
    lib: Any

    def run(
        self,
        candidate: Candidate,
        ins: Sequence[Array],
        outs: Sequence[TensorType],
        over: tuple[int, int] | None = None,
    ) -> list[Array]:
        """Make the calls on copies of `ins`; with `over` = (i, n) result 0 starts n bytes below input i."""
        inputs = [exact_copy(self.ffi, x) for x in ins]
        results = [_Guarded(self.ffi, kind.bytes) for kind in outs]
        if over is not None:
            index, lag = over
            results[0] = _Guarded(self.ffi, max(outs[0].bytes, lag + ins[index].nbytes))
            results[0].write(ins[index].tobytes(), lag)
            inputs[index] = results[0].address + lag
        for call in candidate:
            _Invocation(self, call, inputs, [r.address for r in results]).run()
        for index, (address, x) in enumerate(zip(inputs, ins, strict=True)):
            hidden = max(0, outs[0].bytes - over[1]) if over is not None and over[0] == index else 0
            left = bytes(self.ffi.buffer(address, x.nbytes))[hidden:]
            assert left == x.tobytes()[hidden:], f"input {index} was changed"
        kinds = zip(results, outs, strict=True)
        return [np.frombuffer(r.read()[: t.bytes], t.dtype.numpy).reshape(t.shape) for r, t in kinds]

    def check(
        self, candidate: Candidate, ins: Sequence[Array], outs: Sequence[TensorType], want: Array, more: int
    ) -> None:
        """The result is `want`: apart from the inputs, at its lag below each of them, and `more` bytes below that."""
        lags = candidate[0].lags.items()
        for over in (None, *((index, lag + beyond) for index, lag in lags for beyond in (0, more))):
            (got,) = self.run(candidate, ins, outs, over)
            np.testing.assert_array_equal(got, want)


def exact_copy(ffi: cffi.FFI, x: Array) -> Any:
    """A copy of an array in memory of its own, which a sanitizer watches to the byte."""
    address = ffi.new("uint8_t[]", max(x.nbytes, 1))
    ffi.memmove(address, x.tobytes(), x.nbytes)
    return address


class _Guarded:
    """Memory between guards."""

    def __init__(self, ffi: cffi.FFI, size: int) -> None:
        self._size = size
        self._buffer = ffi.new("uint8_t[]", size + 2 * GUARD)
        self._bytes = ffi.buffer(self._buffer)
        self._bytes[:] = bytes([PATTERN]) * len(self._bytes)
        self.address = self._buffer + GUARD

    def write(self, data: bytes, at: int) -> None:
        self._bytes[GUARD + at : GUARD + at + len(data)] = data

    def read(self) -> bytes:
        """The content; fails if a byte of a guard has changed."""
        assert set(self._bytes[:GUARD] + self._bytes[GUARD + self._size :]) == {PATTERN}, "guard broken"
        return self._bytes[GUARD : GUARD + self._size]


class _Invocation:
    """One call, with the memory that its arguments live in."""

    def __init__(self, kernels: Kernels, call: KernelCall, inputs: Sequence[Any], results: Sequence[Any]) -> None:
        self._kernels = kernels
        self._ffi, self._lib, self._call = kernels.ffi, kernels.lib, call
        self._inputs, self._results = inputs, results
        self._workspace = _Guarded(kernels.ffi, call.workspace_bytes)
        self._alive: list[Any] = []

    def run(self) -> None:
        function = getattr(self._lib, self._call.function)
        kinds = self._ffi.typeof(function).args
        assert len(kinds) == len(self._call.args), f"{self._call.function} takes {len(kinds)} arguments"
        status = function(*(self._argument(a, kind) for a, kind in zip(self._call.args, kinds, strict=True)))
        assert status == 0 if self._call.status else status is None
        self._workspace.read()

    def _argument(self, argument: Argument, kind: Any) -> Any:
        match argument:
            case In(index):
                return self._ffi.cast(kind, self._inputs[index])
            case Out(index):
                return self._ffi.cast(kind, self._results[index])
            case Workspace():
                return self._ffi.cast(kind, self._workspace_address())
            case Table():
                return self._ffi.cast(kind, self._table(argument))
            case Prepared():
                return self._ffi.cast(kind, self._prepared(argument))
            case Context(table):
                address = self._workspace_address() if table is None else self._table(table)
                size = self._call.workspace_bytes if table is None else table.data.nbytes
                return self._keep(self._ffi.new("cmsis_nn_context *", {"buf": address, "size": size}))
            case Struct():
                fields = self._fields(argument.fields, self._ffi.typeof(argument.ctype))
                return self._keep(self._ffi.new(f"{argument.ctype} *", fields))
        return argument

    def _workspace_address(self) -> Any:
        return self._workspace.address if self._call.workspace_bytes else self._ffi.NULL

    def _fields(self, values: dict[str, Any], kind: Any) -> dict[str, Any]:
        """A structure's initializer. Every member must be given: the C compiler would not notice."""
        members = dict(kind.fields)
        assert values.keys() == members.keys(), f"{kind.cname} has the members {list(members)}"
        fields = {}
        for name, value in values.items():
            if isinstance(value, dict):
                fields[name] = self._fields(value, members[name].type)
            elif isinstance(value, Table):
                fields[name] = self._ffi.cast(members[name].type, self._table(value))
            else:
                fields[name] = value
        return fields

    def _table(self, table: Table) -> Any:
        return self._keep(exact_copy(self._ffi, table.data))

    def _prepared(self, table: Prepared) -> Any:
        """A table that its own call makes, just as large as it says."""
        made = _Guarded(self._kernels.ffi, table.bytes)
        _Invocation(self._kernels, table.call, [], [made.address]).run()
        return self._keep(exact_copy(self._ffi, np.frombuffer(made.read(), np.int32)))

    def _keep(self, memory: Any) -> Any:
        self._alive.append(memory)
        return memory
