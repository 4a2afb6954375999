"""The C text of one kernel call: the declarations it needs, the function that is made for it, and its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyc.codegen import c
from tinyc.ir.kernel import (
    Argument,
    Code,
    Context,
    In,
    KernelCall,
    Out,
    Prepared,
    Struct,
    Table,
    Workspace,
    is_constant,
)
from tinyc.program.program import Program
from tinyc.program.steps import Place, Step


class Declarations:
    """Static constants, each declared once however often it is asked for. `prefix` stands before their names."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.texts: list[str] = []
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def name(self, stem: str) -> str:
        """A name that is still free."""
        stem = self.prefix + stem
        name = next(n for n in (stem, *(f"{stem}_{i}" for i in range(2, 9999))) if n not in self._taken)
        self._taken.add(name)
        return name

    def declare(self, head: str, stem: str, tail: str) -> str:
        """The name of the constant `head name tail`."""
        key = f"{head} {tail}"
        if key not in self._names:
            self._names[key] = self.name(stem)
            self.texts.append(f"{head} {self._names[key]}{tail}")
        return self._names[key]


class Specialised:
    """Functions that are made for the numbers and structs of calls; calls that differ in addresses alone share one."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.functions: list[dict[str, Any]] = []
        """What the template prints of each."""
        self._names: dict[tuple[Any, ...], str] = {}

    @property
    def headers(self) -> list[str]:
        """Of what the functions are made of."""
        return sorted({f["header"] for f in self.functions})

    def name(self, call: KernelCall) -> str:
        """The function for a call; its parameters are the arguments that are not constant."""
        structs = Declarations()
        args, parameters = [], []
        for position, arg in enumerate(call.args):
            if isinstance(arg, Struct):
                head = f"static const {arg.ctype}"
                args.append(f"&{structs.declare(head, arg.name, c.struct_tail(head, arg.fields))}")
            elif isinstance(arg, int | float):
                args.append(c.literal(arg))
            elif isinstance(arg, Code):
                args.append(arg.text.format(*map(c.literal, arg.numbers)))
            else:
                args.append(f"p{position}")
                parameters.append(f"{_pointer(arg)}p{position}")
        key = (call.function, *structs.texts, *args, *parameters)
        if key not in self._names:
            stem = f"{self.prefix}{call.function.removeprefix('tinyc_')}"
            self._names[key] = f"{stem}_{sum(f['kernel'] == call.function for f in self.functions) + 1}"
            self.functions.append(
                {
                    "name": self._names[key],
                    "kernel": call.function,
                    "header": call.header if call.header != "tinyc_kernels.h" else f"{call.function}.h",
                    "parameters": ", ".join(parameters) or "void",
                    "structs": structs.texts,
                    "call": c.call(f"{call.function}_inline", args),
                }
            )
        return self._names[key]


def _pointer(arg: Argument) -> str:
    """The type of a parameter that takes an address."""
    match arg:
        case Table():
            return f"const {c.element(arg.data)} *"
        case Prepared():
            return "const int32_t *"
        case In():
            return "const void *"
    return "void *"


class CallText:
    """The text of one call of a step: what it declares goes to `static`, what is not constant stands before it.

    `constants` has the names of the constants that stand with the weights: values by name, tables by identity.
    """

    def __init__(
        self,
        program: Program,
        step: Step,
        call: KernelCall,
        constants: Mapping[str | int, str],
        static: Declarations,
        specialised: Specialised,
    ) -> None:
        self.program, self.step, self.call, self.constants, self.static = program, step, call, constants, static
        self.function = specialised.name(call) if call.inline else call.function
        self.local: list[str] = []

    def fill(self) -> dict[str, Any]:
        """What the template prints."""
        args = [self._argument(arg) for arg in self.call.args if not (self.call.inline and is_constant(arg))]
        return {"text": c.call(self.function, args), "status": self.call.status, "locals": self.local}

    def _argument(self, arg: Argument) -> str:
        match arg:
            case In(index=i):
                return self._address(self.step.ins[i])
            case Out(index=i):
                return self._address(self.step.outs[i])
            case Workspace():
                return self._workspace()
            case Table():
                return self._table(arg)
            case Prepared():
                return self._address(self.program.prepared.places[id(arg)])
            case Struct():
                head = f"static const {arg.ctype}"
                return f"&{self.static.declare(head, arg.name, c.struct_tail(head, self._fields(arg.fields)))}"
            case Context():
                return self._context(arg)
            case int() | float():
                return c.literal(arg)
        raise TypeError(f"no C for argument {arg!r}")

    def _address(self, place: Place) -> str:
        if place.constant:
            name, item = self.constants[place.name], self.program.constants[place.name].dtype.bytes
            return f"{name} + {place.offset // item}" if place.offset else name
        return f"AT({self.program.offset(place)})"

    def _workspace(self) -> str:
        if not self.call.workspace_bytes:
            return "NULL"
        assert self.step.workspace is not None
        return self._address(self.step.workspace)

    def _context(self, context: Context) -> str:
        if context.table is not None:
            value = f"TINYC_UNCONST(void, {self._table(context.table)}), {context.table.data.nbytes}"
        elif self.call.workspace_bytes:
            value = f"{self._workspace()}, {self.call.workspace_bytes}"
        else:
            value = "NULL, 0"
        self.local.append(f"const cmsis_nn_context context = {{{value}}};")
        return "&context"

    def _table(self, table: Table) -> str:
        if id(table) in self.constants:
            return self.constants[id(table)]
        ctype = c.element(table.data)
        body = c.array(table.data, "        ")
        return self.static.declare(f"static const {ctype}", table.name, f"[{table.data.size}] = {{\n{body}\n    }};")

    def _fields(self, value: Any) -> Any:
        """A struct's fields with tables replaced by their addresses."""
        if isinstance(value, dict):
            return {key: self._fields(v) for key, v in value.items()}
        if isinstance(value, Table):
            ctype = c.element(value.data)
            # CMSIS-NN declares some tables that it only reads as pointers to non-const
            table = self._table(value)
            return table if ctype == "uint32_t" else f"TINYC_UNCONST({ctype}, {table})"
        return value
