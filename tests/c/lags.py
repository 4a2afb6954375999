"""Writes lags.h, the cases that lags.c runs: kernel calls as C functions of the addresses of input and result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from op_cases import Problem

from tinyc.codegen import c
from tinyc.ir.kernel import Argument, Context, In, KernelCall, Out, Struct, Table, Workspace

HEAD = """\
#include "arm_nnfunctions.h"
#include "tinyc_kernels.h"

typedef struct
{
    int32_t (*run)(const int8_t *x, int8_t *y); /* 0, or the kernel's status */
    int32_t in_bytes;
    int32_t out_bytes;
    int32_t lag;
} lag_case;
"""


def cases_text(cases: Sequence[tuple[Problem, KernelCall]]) -> str:
    """lags.h for these calls, all of which have a lag behind input 0."""
    functions = [_Function(f"case_{i}", *case).text() for i, case in enumerate(cases)]
    rows = [
        f"    {{case_{i}, {problem.sig.x.bytes}, {problem.sig.y.bytes}, {call.lags[0]}}},\n"
        for i, (problem, call) in enumerate(cases)
    ]
    table = f"static const lag_case lag_cases[] = {{\n{''.join(rows)}}};\n"
    return "\n".join([HEAD, *functions, table, f"enum {{ LAG_CASES = {len(cases)} }};\n"])


class _Function:
    """One call, with everything but input 0 and the result in static arrays."""

    def __init__(self, name: str, problem: Problem, call: KernelCall) -> None:
        self.name, self.problem, self.call = name, problem, call
        self.lines: list[str] = []

    def text(self) -> str:
        arguments = ", ".join(self._argument(a) for a in self.call.args)
        call = f"{self.call.function}({arguments});"
        body = [*self.lines, f"return {call}" if self.call.status else f"{call}\n    return 0;"]
        inside = "".join(f"    {line}\n" for line in body)
        return f"static int32_t {self.name}(const int8_t *x, int8_t *y)\n{{\n{inside}}}\n"

    def _argument(self, argument: Argument) -> str:
        match argument:
            case In(0):
                return "x"
            case In(index):
                return self._array(self.problem.ins[index])
            case Out():
                return "y"
            case Table():
                return self._array(argument.data)
            case Workspace():
                return self._array(np.zeros(-(-self.call.workspace_bytes // 4), np.int32))
            case Struct():
                return "&" + self._define(f"const {argument.ctype}", c.initializer(self._fields(argument.fields)))
            case Context(table):
                size = self.call.workspace_bytes if table is None else table.data.nbytes
                data = np.zeros(-(-size // 4), np.int32) if table is None else table.data
                return "&" + self._define(
                    "const cmsis_nn_context", f"{{{self._array(data) if size else 'NULL'}, {size}}}"
                )
            case int() | float():
                return c.literal(argument)
        raise TypeError(f"no C for argument {argument!r}")

    def _fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {
            key: self._array(v.data) if isinstance(v, Table) else self._fields(v) if isinstance(v, dict) else v
            for key, v in fields.items()
        }

    def _array(self, data: NDArray[Any]) -> str:
        return self._define(f"static {c.element(data)}", c.initializer(data.reshape(-1).tolist()), "[]")

    def _define(self, kind: str, value: str, brackets: str = "") -> str:
        name = f"a{len(self.lines)}"
        self.lines.append(f"{kind} {name}{brackets} = {value};")
        return name
