"""The command line. Everything heavy is imported by the command that needs it: `tinyc --help` is instant."""

from tinyc.cli.entry import main

__all__ = ["main"]
