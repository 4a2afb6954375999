"""The command line. Everything heavy is imported by the command that needs it: `tinyc --help` is instant."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (that of the process by default); the exit status. Raises nothing."""
    try:
        from tinyc.cli import entry

        return entry.main(argv)
    except KeyboardInterrupt:  # before or after the commands, which see to it themselves
        return 130
