"""Autotuning: what each layer of a model takes with each kernel that it could call, measured in the emulator."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from tinyc.driver.trial import trial
from tinyc.errors import TinycError
from tinyc.ir.graph import Graph
from tinyc.ir.types import DType
from tinyc.program.chains import best_apart, names
from tinyc.program.choice import Choice
from tinyc.program.costs import Costs
from tinyc.program.program import Program, build_program
from tinyc.program.selection import LayerOption, chain_options, layer_options, taking
from tinyc.resources import resource
from tinyc.run.qemu import run_firmware
from tinyc.samples import Say, silent
from tinyc.target.board import Board
from tinyc.target.elf import Elf
from tinyc.target.tools import ARM_GCC, QEMU, tool_version

CACHE = "autotune.json"
TIMEOUT_S = 600.0


def tuned(graph: Graph, choice: Choice, board: Board, cache_dir: Path | None = None, watch: Say = silent) -> Choice:
    """`choice` with the instructions that the layers of a scheduled graph were measured to take with each kernel.

    As many firmwares are built and run as the layer with most candidates has; in each, every layer calls another.
    What was measured before, with the same tools and kernels, comes from the cache. Raises TinycError if the board has
    no emulator.
    """
    if board.emulator is None:
        raise TinycError(
            f"board '{board.name}' has no emulator to measure with", hint="`tinyc boards` lists those that have"
        )
    choice = replace(choice, picks={}, chains={})
    known = _load(cache_dir, board)
    apart = layer_options(graph, choice)
    _measure_all(graph, choice, board, apart, known, cache_dir, watch)
    choice = replace(choice, costs=Costs(choice.costs.kernels, known))
    waiting = chain_options(graph, choice)
    while waiting:
        some = best_apart(graph, dict.fromkeys(waiting, 1.0))
        in_one = {names(nodes)[-1]: waiting.pop(nodes) for nodes in some}
        _measure_all(graph, choice, board, in_one, known, cache_dir, watch)
    _store(cache_dir, board, known)
    return replace(choice, costs=Costs(choice.costs.kernels, known))


def _measure_all(
    graph: Graph,
    choice: Choice,
    board: Board,
    options: Mapping[str, Sequence[LayerOption]],
    known: dict[str, int],
    cache_dir: Path | None,
    watch: Say,
) -> None:
    """Add to `known` what each option takes."""
    turns = max(map(len, options.values()), default=0)
    for turn in range(turns):
        taken = {value: found[min(turn, len(found) - 1)] for value, found in options.items()}
        if all(option.key in known for option in taken.values()):
            continue
        watch(f"measuring kernels {turn + 1} of {turns}")
        program = build_program(graph, taking(choice, list(taken.values())))
        counts, _ = measure(program, board, cache_dir)
        for layer, count in zip(program.layers, counts, strict=False):
            value = layer.node.outs[0]
            if value in taken:
                known[taken[value].key] = count


def measure(program: Program, board: Board, cache_dir: Path | None = None) -> tuple[tuple[int, ...], Elf]:
    """The instructions of each layer in one run of a program on random inputs, its steps added up; and the firmware."""
    with trial(program, board, trace=True, cache_dir=cache_dir) as (path, elf):
        return run_firmware(path, board, _random_inputs(program.graph), timeout_s=TIMEOUT_S).layer_instructions, elf


def _random_inputs(graph: Graph) -> bytes:
    random = np.random.default_rng(0)
    parts = []
    for port in graph.inputs:
        kind = graph.types[port.value]
        if kind.dtype is DType.F32:
            parts.append(random.standard_normal(kind.shape).astype(np.float32).tobytes())
        else:
            parts.append(random.bytes(kind.bytes))
    return b"".join(parts)


# The cache: by what the figures depend on beside the calls, those of calls.


def _load(cache_dir: Path | None, board: Board) -> dict[str, int]:
    return dict(_read(cache_dir).get(_fingerprint(board), {}))


def _read(cache_dir: Path | None) -> dict[str, dict[str, int]]:
    if cache_dir is None:
        return {}
    try:
        content = json.loads((cache_dir / CACHE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _store(cache_dir: Path | None, board: Board, known: Mapping[str, int]) -> None:
    if cache_dir is None:
        return
    content = {**_read(cache_dir), _fingerprint(board): dict(known)}
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        draft = cache_dir / f".{CACHE}"
        draft.write_text(json.dumps(content, indent=0, sort_keys=True), encoding="utf-8")
        draft.replace(cache_dir / CACHE)
    except OSError:
        return  # what cannot be kept is measured again


def _fingerprint(board: Board) -> str:
    """The core, the compiler, the emulator, and the kernels."""
    tools = [tool_version(tool) for tool in (ARM_GCC, QEMU)]
    return f"{board.cpu.name}, {', '.join(tools)}, kernels {_kernels_digest()}"


@cache
def _kernels_digest() -> str:
    digest = hashlib.sha256()
    for folder in ("cmsis_nn", "tinyc"):
        for path in sorted(resource("runtime_c", folder).iterdir()):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
