"""Text that is safe to print, and tables."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyc.report.table import Table
from tinyc.report.text import clean, clean_lines, display_width, number, percent, ratio, shape


@given(st.text(st.characters(), max_size=50))
def test_clean_text_is_printable_and_keeps_the_rest(text: str) -> None:
    cleaned = clean(text)
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for c in cleaned)
    assert clean(cleaned) == cleaned
    cleaned.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("conv/1:0", "conv/1:0"),
        ("größe × 層", "größe × 層"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u202egnp\u2028", "\\u202egnp\\u2028"),
        ("\ud800", "\\ud800"),
        ("\x9b31m", "\\x9b31m"),
    ],
)
def test_clean(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_clean_lines_keeps_breaks() -> None:
    assert clean_lines("a\x07\n\tb") == "a\\x07\n    b"


def test_numbers() -> None:
    assert (number(1234567), number(0), number(None)) == ("1,234,567", "0", "-")
    assert (percent(1, 8), percent(1, 0)) == ("12.5 %", "-")
    assert (ratio(5, 2), ratio(5, 0)) == ("2.50", "-")
    assert (shape([1, 2, 3]), shape([]), shape(None)) == ("1x2x3", "scalar", "?")


def test_a_table() -> None:
    table = Table("Title", ("name", ">bytes", "what"), [("a", "1,000", "x"), ("longer", 2, "")])
    assert table.lines() == [
        "Title",
        "name    bytes  what",
        "------  -----  ----",
        "a       1,000  x",
        "longer      2",
    ]


def test_a_table_without_rows_or_title() -> None:
    assert Table("", ("a", ">b"), []).lines() == ["a  b", "-  -"]


def test_wide_characters_are_counted() -> None:
    assert display_width("層e\u0301") == 3
    lines = Table("", ("name", "x"), [("層", "1"), ("ab", "2")]).lines()
    assert lines[2:] == ["層    1", "ab    2"]


@given(st.integers(0, 60))
def test_a_narrow_terminal_shortens_the_first_column(width: int) -> None:
    table = Table("", ("layer", ">n"), [("model/block_1/expand/conv", 1), ("model/block_2/expand/conv", 22)])
    lines = table.lines(width)
    assert all(len(line) <= max(width, 12 + 2 + 2) for line in lines)
    assert lines[2].startswith("model/" if width >= 29 else "..")
    assert lines[2].split()[0].endswith("conv")


def test_a_table_cleans_its_cells() -> None:
    (_, _, row) = Table("", ("a",), [("\x1b[0m",)]).lines()
    assert row == "\\x1b[0m"
