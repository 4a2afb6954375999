"""Where the files are that tinyc ships beside its Python code."""

from __future__ import annotations

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
