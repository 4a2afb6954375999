"""C text. The only place that turns Python values into C."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from math import isinf, isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.types import DType

WIDTH = 120  # of lines, where that is in our hands

# reserved words, and names that generated files declare themselves
RESERVED = frozenset(
    re.findall(
        r"\w+",
        """alignas alignof auto bool break case char const constexpr continue default do double else enum extern false
        float for goto if inline int long nullptr register restrict return short signed sizeof static struct switch true
        typedef typeof union unsigned void volatile while main arena tinyc""",
    )
)
# headers of C and newlib, and of what is shipped with the model: one of the same name beside it would take their place
HEADERS = frozenset(
    re.findall(
        r"\w+",
        """alloca assert complex ctype cpio dirent endian errno fcntl features fenv float inttypes iso646 limits locale
        malloc math memory newlib regex sched setjmp signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib
        stdnoreturn string strings tgmath threads time uchar unistd utime wchar wctype semihosting""",
    )
)
SHIPPED = ("arm_", "nn_", "tinyc_")


def identifier(text: str, fallback: str = "model") -> str:
    """A C identifier that resembles `text`."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").lower()[:48].rstrip("_")
    if not name:
        return fallback
    taken = name in RESERVED or name in HEADERS or name.startswith(SHIPPED)
    return f"{fallback}_{name}" if name[0].isdigit() or taken else name


def element(data: NDArray[Any]) -> str:
    """The C type of an array's elements."""
    kind = DType.of(data.dtype)
    assert kind is not None, f"no element type of the IR: {data.dtype}"
    return kind.c


def literal(value: bool | int | float | np.generic) -> str:
    """A number."""
    match value:
        case bool() | np.bool_():
            return "1" if value else "0"
        case int() | np.integer():
            number = int(value)
            if number in (-(2**31), -(2**63)):
                return "INT32_MIN" if number == -(2**31) else "INT64_MIN"
            return f"{number}u" if number >= 2**31 else str(number)
        case float() | np.floating():
            return _float(float(value))
    raise TypeError(f"no C literal for {value!r}")


def _float(value: float) -> str:
    if isnan(value):
        return "NAN"
    if isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    # nine significant digits name every float exactly
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if any(c in text for c in ".en") else f"{text}.0f"


def initializer(value: Any) -> str:
    """An initializer: numbers, sequences, structs as mappings; text stands for itself."""
    match value:
        case str():
            return value
        case Mapping():
            return "{" + ", ".join(f".{key} = {initializer(v)}" for key, v in value.items()) + "}"
        case Sequence():
            return "{" + ", ".join(initializer(v) for v in value) + "}"
    return literal(value)


def struct_tail(head: str, fields: Mapping[str, Any]) -> str:
    """What follows `head name` in the definition of a struct, one field a line where it is long."""
    short = f" = {initializer(fields)};"
    if len(head) + len(short) <= WIDTH - 24:
        return short
    lines = "".join(f"        .{key} = {initializer(value)},\n" for key, value in fields.items())
    return f" = {{\n{lines}    }};"


def call(function: str, args: Sequence[str]) -> str:
    """A call inside a function, its arguments on lines of their own where it is long."""
    short = f"{function}({', '.join(args)})"
    if len(short) <= WIDTH - 40:
        return short
    lines, line = [], ""
    for arg in args:
        if line and len(line) + len(arg) > WIDTH - 12:
            lines.append(line)
            line = ""
        line += f"{arg}, "
    body = "\n".join(f"        {text.rstrip()}" for text in [*lines, line.rstrip(", ")])
    return f"{function}(\n{body})"


def array(data: NDArray[Any], indent: str = "    ", width: int = 116) -> str:
    """The elements of an array, row-major, in lines of at most `width` characters."""
    lines, line = [], ""
    for item in map(literal, data.reshape(-1).tolist() if data.dtype.kind in "iu" else data.reshape(-1)):
        if line and len(line) + len(item) + 2 > width:
            lines.append(line)
            line = ""
        line += f"{' ' if line else ''}{item},"
    return "\n".join(f"{indent}{text}" for text in [*lines, line])


def words(items: Sequence[str], indent: str = "    ") -> str:
    """Words separated by commas, in lines of at most WIDTH characters."""
    return textwrap.fill(", ".join(items), WIDTH, initial_indent=indent, subsequent_indent=indent)


def comment(text: str) -> str:
    """Text that cannot end the comment it stands in."""
    return text.replace("*/", "* /").replace("/*", "/ *").replace("\\", "/").replace("\n", " ").replace("\r", " ")
