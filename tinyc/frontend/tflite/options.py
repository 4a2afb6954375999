"""The options of an operator: by their names in the schema, with a record of which ones have been asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyc.errors import TinycError, UnsupportedError


class Options:
    """What an operator's options say. `finish` complains of those that nobody asked for.

    `values` holds all options of the table `kind`, "" if the operator has none; `defaults` what they are if not given.
    """

    def __init__(self, kind: str, values: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        self.kind = kind
        self._values, self._defaults = values, defaults
        self._left = dict(values)
        self.where = ""
        """The operator, for messages; set by its view."""

    def integer(self, name: str, default: int = 0) -> int:
        """An option that is a whole number; `default` where the operator has no options."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise TinycError(f"option {name} must be an integer", self.where)
        return value

    def flag(self, name: str) -> bool:
        return bool(self._take(name, False))

    def number(self, name: str, default: float = 0.0) -> float:
        value = self._take(name, default)
        if not isinstance(value, int | float) or value != value or abs(value) == float("inf"):
            raise TinycError(f"option {name} = {value} must be a number", self.where)
        return float(value)

    def text(self, name: str) -> str:
        """Empty if it is not given."""
        value = self._take(name, b"")
        if not isinstance(value, bytes | None):
            raise TinycError(f"option {name} must be a text", self.where)
        return (value or b"").decode("utf-8", "replace")

    def look(self, name: str) -> int:
        """A whole number, 0 if it is not there, without taking note that somebody asked."""
        value = self._values.get(name)
        return value if isinstance(value, int) else 0

    def integers(self, name: str) -> tuple[int, ...]:
        """Empty if it is not given."""
        value = self._take(name, ())
        if not isinstance(value, tuple):
            raise TinycError(f"option {name} must be a list of integers", self.where)
        return tuple(map(int, value))

    def ignore(self, *names: str) -> None:
        """These have no influence on the results that tinyc computes."""
        for name in names:
            self._left.pop(name, None)

    def unsupported(self, name: str, value: object, wanted: str, hint: str = "") -> UnsupportedError:
        """The error for a value that tinyc does not do."""
        return UnsupportedError(f"option {name} = {value!r} is not supported, only {wanted}", self.where, hint)

    def finish(self) -> None:
        """UnsupportedError for an option that nobody asked for, unless it has its default."""
        for name, value in self._left.items():
            if value != self._defaults[name]:
                raise self.unsupported(name, value, repr(self._defaults[name]))

    def _take(self, name: str, default: Any) -> Any:
        self._left.pop(name, None)
        if self.kind and name not in self._values:
            raise TinycError(f"it has the options of another operator, {self.kind}, without {name}", self.where)
        return self._values.get(name, default)
