"""Sets of values that must be treated alike (union-find)."""

from __future__ import annotations

from collections.abc import Iterable


class Groups:
    """A partition of names, joined step by step. A group is named after its representative."""

    def __init__(self, names: Iterable[str]) -> None:
        self._parent = {name: name for name in names}

    def of(self, name: str) -> str:
        """The group of `name`."""
        while self._parent[name] != name:
            self._parent[name] = self._parent[self._parent[name]]
            name = self._parent[name]
        return name

    def join(self, a: str, b: str) -> None:
        """Make the groups of `a` and `b` one."""
        self._parent[self.of(a)] = self.of(b)

    def members(self) -> dict[str, list[str]]:
        """The names of each group."""
        table: dict[str, list[str]] = {}
        for name in self._parent:
            table.setdefault(self.of(name), []).append(name)
        return table
