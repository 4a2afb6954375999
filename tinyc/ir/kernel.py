"""What an operator lowers to: one call of one C function, as plain data.

One template prints every call, tests call the kernels from the same objects, and the emitter reads off them
which C files to ship.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class KernelSet(Enum):
    """Which functions generated code may call."""

    CMSIS_NN = "cmsis-nn"  # only the public CMSIS-NN API
    TINYC = "tinyc"  # tinyc's own kernels too


@dataclass(frozen=True)
class KernelTarget:
    """What kernels need to know of the core they run on."""

    dsp: bool = False  # the DSP extension: SMLAD and friends
    mve: bool = False  # Helium vectors
    thumb1: bool = False  # ARMv6-M: no products of more than 32 bits
    foreign: bool = False  # the CMSIS-NN API comes from the user's own build of Arm's library


@dataclass(frozen=True)
class In:
    """The address of input `index` of the node."""

    index: int


@dataclass(frozen=True)
class Out:
    """The address of result `index` of the node."""

    index: int = 0


@dataclass(frozen=True)
class Workspace:
    """The address of the call's workspace in the arena."""


@dataclass(frozen=True, eq=False)
class Table:
    """A constant array that the kernel needs beside the node's own inputs, such as multipliers."""

    name: str
    data: NDArray[Any]


@dataclass(frozen=True)
class Struct:
    """A constant parameter block, passed by address. Values: int, float, tuple, dict (a nested struct), Table.

    `name` is what the generated code calls it.
    """

    ctype: str
    fields: dict[str, Any]
    name: str = "params"


@dataclass(frozen=True)
class Context:
    """A `cmsis_nn_context`: the workspace, or a precomputed table in its place."""

    table: Table | None = None


@dataclass(frozen=True)
class Code:
    """C text that stands for itself: types and expressions, for functions that are macros.

    {0}, {1}, … in it stand for numbers.
    """

    text: str
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Prepared:
    """The address of a table that `call` makes, of tables and numbers, as its result 0: once, in `<model>_init`.

    It lies in the arena and stays, `bytes` of it, all int32.
    """

    call: KernelCall
    bytes: int


Argument = In | Out | Workspace | Table | Struct | Context | Code | Prepared | int | float


def tables_in(argument: Any) -> Iterator[Table]:
    """The tables that an argument is or contains."""
    match argument:
        case Table():
            yield argument
        case Struct():
            yield from tables_in(argument.fields)
        case dict():
            for value in argument.values():
                yield from tables_in(value)
        case Context(table=Table() as table):
            yield table
        case Prepared(call=call):
            for part in call.args:
                yield from tables_in(part)


def is_constant(argument: Argument) -> bool:
    """Whether it is known before the program runs, not only where it will lie."""
    return isinstance(argument, Struct | Code | int | float)


@dataclass(frozen=True)
class KernelCall:
    """One call: `function(*args)`. `workspace_bytes` of the arena are the call's own while it runs.

    `status` says that the function returns an `arm_cmsis_nn_status`; `header` declares it.

    `lags` has the inputs that result 0 may run over while the call reads them for the last time: the function writes
    upwards and is done with every byte in time if the result starts at least so many bytes below the input (0: in its
    place). An input that it does not name must not be touched.

    `work` counts what the function's loops do, by names of its own: instructions are close to a weighted sum of these
    counts, whose weights are measured for each core. `code` counts likewise what a function that is made for the call's
    numbers consists of: its bytes. `variant` tells calls of a function apart that take other paths through it, such as
    "int16" weights. With `inline`, generated code has a function of its own for each set of numbers and structs among
    `args`: its header (`<function>.h` for a kernel that `tinyc_kernels.h` declares)
    defines `<function>_inline`, of the same parameters.
    """

    function: str
    args: tuple[Argument, ...]
    header: str
    workspace_bytes: int = 0
    status: bool = True
    lags: Mapping[int, int] = field(default_factory=dict)
    work: Mapping[str, int] = field(default_factory=dict)
    code: Mapping[str, int] = field(default_factory=dict)
    variant: str = ""
    inline: bool = False


Candidate = tuple[KernelCall, ...]
"""One way to compute an operator: the calls to make, in order."""


def prepared_in(candidate: Candidate) -> list[Prepared]:
    """The tables that calls want to be made beforehand."""
    return [arg for call in candidate for arg in call.args if isinstance(arg, Prepared)]


def cmsis_call(function: str, *args: Argument, workspace_bytes: int = 0, status: bool = True) -> KernelCall:
    """A call of the public CMSIS-NN API."""
    return KernelCall(function, args, "arm_nnfunctions.h", workspace_bytes, status)


def tinyc_call(
    function: str,
    *args: Argument,
    workspace_bytes: int = 0,
    work: Mapping[str, int] | None = None,
    code: Mapping[str, int] | None = None,
    variant: str = "",
) -> KernelCall:
    """A call of a kernel of tinyc's own; these cannot fail."""
    return KernelCall(
        function, args, "tinyc_kernels.h", workspace_bytes, status=False, work=work or {}, code=code or {},
        variant=variant,
    )  # fmt: skip


def loop_call(function: str, header: str, *args: Argument, workspace_bytes: int = 0) -> KernelCall:
    """A call of loops that `header` has as a macro, `<function>_inline`, to be filled with types and expressions."""
    return KernelCall(function, args, header, workspace_bytes, status=False, inline=True)


def inlined(call: KernelCall) -> KernelCall:
    """The same by a function that is made for its constants: faster, and more code."""
    return replace(call, inline=True)


def dims(name: str, n: int, h: int, w: int, c: int) -> Struct:
    """A `cmsis_nn_dims`; `name` says whose."""
    return Struct("cmsis_nn_dims", {"n": n, "h": h, "w": w, "c": c}, f"{name}_dims")


def per_channel_quant(multipliers: Sequence[int], shifts: Sequence[int]) -> Struct:
    """A `cmsis_nn_per_channel_quant_params`."""
    return Struct(
        "cmsis_nn_per_channel_quant_params",
        {
            "multiplier": Table("multiplier", np.array(multipliers, dtype=np.int32)),
            "shift": Table("shift", np.array(shifts, dtype=np.int32)),
        },
        "requantization",
    )
