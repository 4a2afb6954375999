"""Where commands write: results to standard output, remarks and progress to standard error."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tinyc.report.table import Table
from tinyc.report.text import clean_lines


class Terminal:
    """With `as_json`, tables and lines are left out and only `json` prints."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines for people."""
        if not self.as_json:
            for line in lines:
                print(clean_lines(line))

    def table(self, table: Table) -> None:
        """Print a table for people, an empty line before it."""
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        self.lines(["", *table.lines(width)])

    def json(self, data: Mapping[str, Any] | list[Any]) -> None:
        """Print the result for programs."""
        if self.as_json:
            print(json.dumps(data, indent=1, allow_nan=False))

    def say(self, remark: str) -> None:
        """A remark that the user should see, whoever reads the result."""
        print(f"tinyc: note: {clean_lines(remark)}", file=sys.stderr)

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[int, int], None] | None]:
        """A function to call with (done, all): a bar from the first call to the last, if this is a terminal."""
        if not sys.stderr.isatty():
            yield None
            return
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(title, total=None, visible=False)
            yield lambda done, total: bar.update(task, completed=done, total=total, visible=done < total)

    @contextmanager
    def state(self) -> Iterator[Callable[[str], None] | None]:
        """A function to call with what is going on: shown until the next call, if this is a terminal."""
        if not sys.stderr.isatty():
            yield None
            return
        from rich.console import Console
        from rich.status import Status

        status = Status("", console=Console(stderr=True))

        def show(text: str) -> None:
            status.update(clean_lines(text))
            status.start()

        try:
            yield show
        finally:
            status.stop()
