"""The folder that a compilation writes: it never destroys what is not tinyc's, and it appears whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tinyc.driver.record import REPORT, read_report
from tinyc.errors import TinycError

SHOWN = 3


def check_output(out: Path, dump_dir: Path | None) -> None:
    """Raise TinycError if `out` cannot be replaced without loss."""
    if out.exists() and not out.is_dir():
        raise TinycError("the output folder is a file", str(out))
    if not out.resolve().name:
        raise TinycError("this folder cannot be replaced as a whole", str(out), "name another one")
    nearest = next(parent for parent in out.resolve().parents if parent.exists())
    if not nearest.is_dir():
        raise TinycError(f"there is a file where the folder of {out.name} should lie", str(nearest))
    if dump_dir is not None and dump_dir.resolve().is_relative_to(out.resolve()):
        raise TinycError("the dump folder lies in the output folder, which is replaced as a whole", str(dump_dir))
    foreign = _foreign_files(out)
    if foreign:
        more = f" and {len(foreign) - SHOWN} more" if len(foreign) > SHOWN else ""
        raise TinycError(
            f"the output folder holds files that are not tinyc's: {', '.join(foreign[:SHOWN])}{more}",
            str(out),
            "name another folder, or move them away: the folder is replaced as a whole",
        )


def list_files(folder: Path) -> list[str]:
    """All files below `folder`, as paths relative to it, sorted."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_symlink() or not p.is_dir())


def _foreign_files(out: Path) -> list[str]:
    try:
        own = read_report(out)["files"] if (out / REPORT).is_file() else []
    except TinycError:  # somebody else's report.json, or one of another version
        own = []
    return [name for name in list_files(out) if name not in own]


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """A fresh folder that takes the place of `out` if all goes well, and vanishes if not."""
    target = out.resolve()
    missing = [parent for parent in target.parents if not parent.exists()]
    fresh: Path | None = None
    done = False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        fresh.chmod(0o755)
        yield fresh
        _exchange(fresh, target)
        done = True
    except OSError as error:
        raise TinycError(f"the output cannot be written: {error.strerror or error}", str(out)) from None
    finally:
        if not done:
            if fresh is not None:
                shutil.rmtree(fresh, ignore_errors=True)
            for parent in missing:
                with suppress(OSError):  # it was never made, or somebody else uses it by now
                    parent.rmdir()


def _exchange(fresh: Path, target: Path) -> None:
    """Put `fresh` where `target` is; if that fails, `target` is as it was."""
    if not target.exists():
        fresh.replace(target)
        return
    aside = fresh.with_name(f"{fresh.name}.old")
    target.replace(aside)
    try:
        fresh.replace(target)
    except OSError:
        aside.replace(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)
