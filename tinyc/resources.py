"""Files: where those are that tinyc ships beside its Python code, and what a user's are called in text."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).parent


def resource(*parts: str) -> Path:
    """The path of a shipped file or folder, such as `resource("boards", "mps2-an386.toml")`.

    A checkout keeps `templates/`, `runtime_c/` and `boards/` beside the package; an installed wheel
    carries them in `tinyc/_resources/`.
    """
    installed = PACKAGE / "_resources"
    root = installed if installed.is_dir() else PACKAGE.parent
    return root.joinpath(*parts)


def text_name(path: Path) -> Path:
    """The name of a file as UTF-8 text, whatever its bytes are."""
    return Path(os.fsencode(path.name).decode(errors="backslashreplace"))
