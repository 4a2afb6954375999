"""Reading a TOML table with every key checked: wrong type, missing, misspelt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar, cast

from tinyc.errors import TinycError

T = TypeVar("T")


class Table:
    """A TOML table that is read key by key, then closed; keys that nothing asked for are then an error."""

    def __init__(self, data: Mapping[str, Any], file: str, path: str = "") -> None:
        self._data, self._file, self._path = data, file, path
        self._asked: list[str] = []

    def __contains__(self, key: str) -> bool:
        self._asked.append(key)
        return key in self._data

    def where_of(self, key: str) -> str:
        """The place of a key, for messages: file and dotted key."""
        return f"{self._file}: key '{self._path}{key}'"

    def error(self, key: str, wanted: str, came: str) -> TinycError:
        """The error that says what the key should have held and what it holds."""
        return TinycError(f"wanted {wanted}, came {came}", self.where_of(key))

    def _get(self, key: str, kind: type[T], wanted: str, default: T | None) -> T:
        self._asked.append(key)
        if key not in self._data:
            if default is None:
                raise self.error(key, wanted, "nothing: the key is missing")
            return default
        value = self._data[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.error(key, wanted, repr(value))
        return value

    def text(self, key: str, default: str | None = None) -> str:
        return self._get(key, str, "a text", default)

    def integer(self, key: str, low: int, high: int) -> int:
        """An integer with low ≤ value ≤ high."""
        value = self._get(key, int, "an integer", None)
        if not low <= value <= high:
            raise self.error(key, f"an integer in [{low}, {high}]", str(value))
        return value

    def choice(self, key: str, choices: Sequence[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in choices:
            raise self.error(key, f"one of {', '.join(choices)}", repr(value))
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        values = self._get(key, list, "a list of texts", None if default is None else list(default))
        for value in values:
            if not isinstance(value, str):
                raise self.error(key, "a list of texts", f"an entry {value!r}")
        return tuple(cast("list[str]", values))

    def table(self, key: str) -> Table:
        data = self._get(key, dict, "a table", None)
        return Table(data, self._file, f"{self._path}{key}.")

    def tables(self, key: str) -> list[Table]:
        """A list of tables, `[[key]]` in the file; at least one."""
        entries = self._get(key, list, f"[[{key}]] tables", None)
        for entry in entries:
            if not isinstance(entry, dict):
                raise self.error(key, f"[[{key}]] tables", repr(entry))
        return [Table(entry, self._file, f"{self._path}{key}[{i}].") for i, entry in enumerate(entries)]

    def close(self) -> None:
        """Refuse keys that were never asked for."""
        for key in self._data:
            if key not in self._asked:
                close = get_close_matches(key, self._asked, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(sorted(set(self._asked)))}"
                raise TinycError("unknown key", self.where_of(key), hint)
