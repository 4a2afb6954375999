"""Finding and running the programs that tinyc calls."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyc.errors import ToolMissingError


@dataclass(frozen=True)
class Tool:
    """A program, the names under which it is known, and how to get it."""

    names: tuple[str, ...]
    purpose: str
    install: str

    def find(self) -> str | None:
        """The program's path, or None if it is not installed."""
        return next((path for name in self.names if (path := shutil.which(name))), None)

    def require(self) -> str:
        """The program's path; ToolMissingError that says how to install it."""
        path = self.find()
        if path is None:
            raise ToolMissingError(f"{' or '.join(self.names)} is not installed; {self.purpose}", hint=self.install)
        return path


ARM_GCC = Tool(
    ("arm-none-eabi-gcc",),
    "it compiles firmware",
    "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi",
)
QEMU = Tool(("qemu-system-arm",), "it emulates boards", "apt install qemu-system-arm")
GDB = Tool(("arm-none-eabi-gdb", "gdb-multiarch"), "it loads and debugs firmware", "apt install gdb-multiarch")
OPENOCD = Tool(("openocd",), "it programs boards", "apt install openocd")
PYOCD = Tool(("pyocd",), "it programs boards", "pip install pyocd")


def run_tool(command: Sequence[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, its output captured as text; the caller looks at the return code."""
    return subprocess.run(
        list(command), cwd=cwd, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, check=False
    )


def tool_version(tool: Tool) -> str:
    """The first line that it prints of itself; ToolMissingError if it is not installed."""
    return run_tool([tool.require(), "--version"]).stdout.splitlines()[0]
