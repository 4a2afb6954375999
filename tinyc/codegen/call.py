"""The C text of one kernel call: the declarations it needs, and its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyc.codegen import c
from tinyc.codegen.program import Program
from tinyc.ir.kernel import Argument, Context, In, KernelCall, Out, Struct, Table, Workspace
from tinyc.ir.types import DType


class CallText:
    """The text of one call: constant declarations, then the call itself."""

    def __init__(self, program: Program, index: int, call: KernelCall, constants: Mapping[str, str]) -> None:
        self.program, self.index, self.call, self.constants = program, index, call, constants
        self.node = program.layers[index].node
        self.declarations: list[str] = []
        self.taken: set[str] = set()

    def fill(self) -> dict[str, Any]:
        args = [self._argument(arg) for arg in self.call.args]
        return {
            "text": c.call(self.call.function, args),
            "status": self.call.status,
            "declarations": self.declarations,
        }

    def _argument(self, arg: Argument) -> str:
        match arg:
            case In(index=i):
                return self._address(self.node.ins[i], const=True)
            case Out(index=i):
                return self._address(self.node.outs[i], const=False)
            case Workspace():
                return f"arena + {self.program.workspaces[self.index]}"
            case Table():
                return self._table(arg)
            case Struct():
                name = self._fresh(arg.name)
                self._declare(c.struct(f"static const {arg.ctype} {name}", self._fields(arg.fields)))
                return f"&{name}"
            case Context():
                return self._context(arg)
            case int() | float():
                return c.literal(arg)
        raise TypeError(f"no C for argument {arg!r}")

    def _address(self, value: str, const: bool) -> str:
        if value in self.constants:
            return self.constants[value]
        kind = self.program.graph.types[value]
        qualifier = "const " if const else ""
        place = f"arena + {self.program.offsets[value]}"
        if kind.dtype is DType.I8:
            return f"({qualifier}int8_t *)({place})"
        return f"({qualifier}{kind.dtype.c} *)({qualifier}void *)({place})"

    def _context(self, context: Context) -> str:
        name = self._fresh("context")
        if context.table is not None:
            table = self._table(context.table)
            size = context.table.data.nbytes
            self._declare(f"const cmsis_nn_context {name} = {{TINYC_UNCONST(void, {table}), {size}}};")
        elif self.call.workspace_bytes:
            place = f"arena + {self.program.workspaces[self.index]}"
            self._declare(f"const cmsis_nn_context {name} = {{{place}, {self.call.workspace_bytes}}};")
        else:
            self._declare(f"const cmsis_nn_context {name} = {{NULL, 0}};")
        return f"&{name}"

    def _table(self, table: Table) -> str:
        name = self._fresh(table.name)
        ctype = c.C_TYPES[table.data.dtype.name]
        body = c.array(table.data, "        ")
        self._declare(f"static const {ctype} {name}[{table.data.size}] = {{\n{body}\n    }};")
        return name

    def _fields(self, value: Any) -> Any:
        """A struct's fields with tables replaced by their addresses."""
        if isinstance(value, dict):
            return {key: self._fields(v) for key, v in value.items()}
        if isinstance(value, Table):
            ctype = c.C_TYPES[value.data.dtype.name]
            # CMSIS-NN declares some tables that it only reads as pointers to non-const
            table = self._table(value)
            return table if ctype == "uint32_t" else f"TINYC_UNCONST({ctype}, {table})"
        return value

    def _declare(self, text: str) -> None:
        self.declarations.append(text)

    def _fresh(self, stem: str) -> str:
        name = next(n for n in (stem, *(f"{stem}_{i}" for i in range(2, 99))) if n not in self.taken)
        self.taken.add(name)
        return name
