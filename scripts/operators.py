"""Writes OPERATORS.md: every ONNX operator that tinyc imports, from the front end's own tables."""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from onnx import defs

from tinyc.frontend.onnx.handlers import HANDLERS

ROOT = Path(__file__).parents[1]
HEAD = """\
# Operators

Every ONNX operator that tinyc imports, by `scripts/operators.py` from the front end's tables. Shapes are static. What
depends on constants and shapes alone is computed at compile time with any ONNX operator, listed or not. All
floating-point types are computed as float32, integers and truth values as they are.

`tinyc inspect model.onnx` says of each node of a model whether it can be compiled, and if not, why.

"""


def schemas() -> dict[tuple[str, str], list[Any]]:
    """The versions of every operator, oldest first, by domain and name."""
    found = defaultdict(list)
    for schema in defs.get_all_schemas_with_history():
        found[schema.domain, schema.name].append(schema)
    return {key: sorted(versions, key=lambda s: s.since_version) for key, versions in found.items()}


def remark(name: str) -> str:
    """The first line of a handler's description."""
    text = inspect.getdoc(HANDLERS[name]) or ""
    return text.splitlines()[0] if text else ""


def text() -> str:
    """The whole file."""
    known = schemas()
    lines = ["| operator | opsets | meaning |", "|---|---|---|"]
    for name in sorted(HANDLERS, key=str.lower):
        domain, _, plain = name.rpartition(".")
        versions = [str(s.since_version) for s in known.get((domain, plain), []) if not s.deprecated]
        lines.append(f"| `{name}` | {', '.join(versions)} | {remark(name)} |".replace("|  |", "| |"))
    made = sorted(
        name
        for (domain, name), versions in known.items()
        if not domain and name not in HANDLERS
        and (versions[-1].has_function or versions[-1].has_context_dependent_function)
    )  # fmt: skip
    lines += ["", "Made of others, as ONNX defines them: " + ", ".join(f"`{name}`" for name in made) + "."]
    return HEAD + "\n".join(lines) + "\n"


def main() -> int:
    """Write the file."""
    (ROOT / "OPERATORS.md").write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
