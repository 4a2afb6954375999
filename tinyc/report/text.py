"""Text that can be printed: nothing that a terminal would obey, and numbers that can be read."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

# Control characters, invisible formatting (direction overrides!), halves of surrogate pairs, private use, line breaks.
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def clean(text: object) -> str:
    """`text` on one line: what a terminal would obey or hide is written as a backslash escape."""
    return "".join(_escape(c) if unicodedata.category(c) in _UNPRINTABLE else c for c in str(text))


def clean_lines(text: str) -> str:
    """`text` with its line breaks, each line made clean."""
    return "\n".join(clean(line.replace("\t", "    ")) for line in text.split("\n"))


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def display_width(text: str) -> int:
    """How many columns a terminal takes for it: two for wide East Asian characters, none for combining ones."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )  # fmt: skip


def number(value: int | None) -> str:
    """With thousands separated; a dash for what is not known."""
    return "-" if value is None else f"{value:,}"


def percent(part: float, whole: float) -> str:
    """A share, such as "12.5 %"; a dash where there is no whole."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def ratio(part: float, whole: float) -> str:
    """A quotient with two decimals; a dash where the divisor is zero."""
    return f"{part / whole:.2f}" if whole else "-"


def shape(sizes: Sequence[int] | None) -> str:
    """Such as 1x16x16x8."""
    if sizes is None:
        return "?"
    return "x".join(map(str, sizes)) or "scalar"
