"""ONNX's own inference of shapes, in a process of its own.

It is native code that relies on nodes which make sense: others crash it, and would crash tinyc with it.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import IO

from onnx import ModelProto

from tinyc.frontend.onnx.infer_worker import HEADER_BYTES

MOST_SECONDS = 20.0
"""For one answer; the first waits until the process has started."""


def infer_shapes(model: ModelProto) -> ModelProto | None:
    """The model with the shapes that ONNX's inference finds; None where it fails, in whatever way."""
    worker = _worker(os.getpid())
    if worker.poll() is not None:
        _worker.cache_clear()
        worker = _worker(os.getpid())
    try:
        found = _ask(worker, model.SerializeToString())
    except OSError:  # it is gone, or takes too long
        _end(worker)
        return None
    return ModelProto.FromString(found) if found else None


@cache
def _worker(_process: int) -> subprocess.Popen[bytes]:
    """One for each process that asks: after a fork, parent and child must not share one."""
    command = [sys.executable, "-P", str(Path(__file__).with_name("infer_worker.py"))]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    worker.communicate()
    _worker.cache_clear()


def _ask(worker: subprocess.Popen[bytes], question: bytes) -> bytes:
    assert worker.stdin is not None and worker.stdout is not None
    worker.stdin.write(len(question).to_bytes(HEADER_BYTES, "little") + question)
    worker.stdin.flush()
    size = int.from_bytes(_read(worker.stdout, HEADER_BYTES), "little")
    return _read(worker.stdout, size)


def _read(stream: IO[bytes], size: int) -> bytes:
    """So many bytes; OSError if they do not come."""
    found = b""
    while len(found) < size:
        if not select.select([stream], [], [], MOST_SECONDS)[0]:
            raise TimeoutError("ONNX's inference does not end")
        part = os.read(stream.fileno(), size - len(found))
        if not part:
            raise ConnectionError("ONNX's inference has ended")
        found += part
    return found
