"""Tables in plain text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyc.report.text import clean, display_width

NARROWEST = 12


@dataclass(frozen=True)
class Table:
    """A title, column heads, and rows of cells. Heads that start with ">" stand for columns of numbers."""

    title: str
    heads: tuple[str, ...]
    rows: Sequence[Sequence[object]]

    def lines(self, width: int | None = None) -> list[str]:
        """The table, its cells made clean. Where it is wider than `width` columns, the first one is shortened."""
        heads = [clean(head.removeprefix(">")) for head in self.heads]
        right = [head.startswith(">") for head in self.heads]
        cells = [[clean(cell) for cell in row] for row in self.rows]
        widths = [max(map(display_width, column)) for column in zip(heads, *cells, strict=True)]
        if width is not None:
            excess = max(0, sum(widths) + 2 * (len(widths) - 1) - width)
            widths[0] = max(widths[0] - excess, min(NARROWEST, widths[0]))
        rows = [heads, ["-" * n for n in widths], *cells]
        body = [_line([_shortened(row[0], widths[0]), *row[1:]], widths, right) for row in rows]
        return [clean(self.title), *body] if self.title else body


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = []
    for cell, width, is_right in zip(cells, widths, right, strict=True):
        space = " " * (width - display_width(cell))
        padded.append(space + cell if is_right else cell + space)
    return "  ".join(padded).rstrip()


def _shortened(cell: str, width: int) -> str:
    """The end of a long name tells layers apart, so it is the front that goes."""
    if display_width(cell) <= width:
        return cell
    while display_width(cell) > width - 2:
        cell = cell[1:]
    return f"..{cell}"
