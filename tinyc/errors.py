"""Every error a user of tinyc can meet."""

from __future__ import annotations


class TinycError(Exception):
    """Something the user can act on: what is wrong, where, and what to do about it.

    `message` says what was wanted and what came; `where` is the place (a file, a node, a line);
    `hint` is a way out. The command line prints the three and exits with `exit_status`.
    """

    exit_status = 2

    def __init__(self, message: str, where: str = "", hint: str = "") -> None:
        super().__init__(message, where, hint)
        self.message, self.where, self.hint = message, where, hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class UnsupportedError(TinycError):
    """The model asks for something that tinyc does not do: an operator, an attribute, a value."""


class VerifyError(TinycError):
    """A graph breaks one of its own rules; after a pass this is a bug in tinyc."""


class DoesNotFitError(TinycError):
    """The compiled model needs more flash or RAM than the board has."""

    exit_status = 1


class CheckFailedError(TinycError):
    """Something ran, and its result is not what it must be."""

    exit_status = 1


class ToolMissingError(TinycError):
    """A program that tinyc calls (compiler, emulator, flasher) is not installed."""
