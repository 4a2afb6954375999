"""Where the files are that tinyc ships beside its Python code."""

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


def cache_folder() -> Path:
    """Where measurements are kept from run to run: TINYC_CACHE, else `tinyc` in the user's folder for caches."""
    own = os.environ.get("TINYC_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinyc"
