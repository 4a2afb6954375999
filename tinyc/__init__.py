"""tinyc: compile small neural networks to C for microcontrollers.

    import tinyc

    model = tinyc.compile("digits.onnx", "mps2-an386", "out", calibration="calibration.npz")
    outputs = model.run({"image": images})

Importing this package is cheap: what the functions need is loaded when they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tinyc.errors import TinycError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tinyc.driver.compile import Options
    from tinyc.driver.compiled import CompiledModel
    from tinyc.driver.explore import Exploration
    from tinyc.driver.firmware import CmsisNN
    from tinyc.target.board import Board, list_boards, load_board

__version__ = "0.1.0"
__all__ = [
    "Board", "CmsisNN", "CompiledModel", "Exploration", "TinycError", "__version__", "compile", "explore",
    "list_boards", "load", "load_board",
]  # fmt: skip

_LAZY = {
    "Board": "tinyc.target.board",
    "CmsisNN": "tinyc.driver.firmware",
    "CompiledModel": "tinyc.driver.compiled",
    "Exploration": "tinyc.driver.explore",
    "list_boards": "tinyc.target.board",
    "load_board": "tinyc.target.board",
}

E = TypeVar("E", bound=Enum)
Real = float  # `compile` has a parameter of that name


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'tinyc' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def compile(
    model: str | Path,
    board: str | Path | Board,
    out: str | Path,
    *,
    calibration: str | Path | Mapping[str, NDArray[Any]] | None = None,
    calibration_method: str = "minmax",
    float: bool = False,
    strict_int8: bool = False,
    kernels: str = "tinyc",
    optimize: str = "speed",
    flash: int | None = None,
    autotune: bool = False,
    prepare_weights: bool = False,
    cache: str | Path | None = None,
    rounding: str = "single",
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    states: Mapping[str, str] | None = None,
    cmsis_nn: CmsisNN | None = None,
    schedule: str | None = None,
    ram: int | None = None,
    max_overhead: Real | None = None,
    input: str = "whole",
    weights: str | None = None,
    canaries: bool = False,
    memories: Mapping[str, int] | None = None,
    dump_dir: str | Path | None = None,
    link: bool = True,
    progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
    watch: Callable[[str], None] | None = None,
) -> CompiledModel:
    """Compile an ONNX or TensorFlow Lite file for `board` into the folder `out`, which is replaced whole or not at all.

    `board`: a name of `list_boards()`, the path of a .toml file, or a Board. `calibration`: an .npz file, arrays by
    input name (samples along the first axis), or "random:SEED"; int8 needs it, `float` has no use for it. Layers
    without an int8 form stay in float; with `strict_int8` they are an error.
    `calibration_method`: "minmax" or "percentile:P". `kernels`: "tinyc" or "cmsis-nn". `rounding`: "single" or
    "tflite". `shapes` fixes inputs whose shape the model leaves open; `states` has the name of an output for each input
    that is this output of the run before. `cmsis_nn` links the user's own build of Arm's library.

    `optimize`: "speed" makes a function for each different layer and packs weights in the fastest form; "size" lets
    layers share functions. `flash` takes the fastest kernels with which the firmware has at most so many bytes.
    `autotune` measures in the emulator what each kernel takes in each layer, instead of estimating it; the folder
    `cache` keeps what was measured from run to run. With `prepare_weights` kernels may have weights in plain int8 that
    `<model>_init` turns into a faster form, in the arena for good, where flash is short and RAM is left.

    `schedule`: "layer", "patch", "stream", "stream2d" or "auto"; None is "layer" where that fits, else "auto". Of the
    schedules found, `ram` takes the fastest whose arena has at most so many bytes; `max_overhead` (such as 1.05) the
    smallest that executes at most so many times the multiply-accumulates of layer by layer; without both it is the
    smallest that is estimated to take at most 8 % longer than the fastest. With `input` "rows" the model's input
    arrives row by row and is never in memory as a whole. `weights`: "text" for C, "binary" for a file that the
    assembler reads; None takes text up to 16 MiB. `canaries` makes a debug build: buffers do not overlap, and after
    each step the bytes behind them are looked at. `memories` (sizes in bytes by name, the fastest first) spreads
    the arena: what kernels access most lies in the first, and `<model>_init_in` takes the parts.

    `dump_dir` receives the graph after each phase. Without `link` no firmware is built, and the Arm toolchain is not
    needed. `progress(done, all)` is called while calibrating, `say(remark)` for what the user should know,
    `watch(state)` while schedules are searched. Raises TinycError.
    """
    from tinyc.driver.compile import compile_model
    from tinyc.driver.compiled import CompiledModel

    options = _options(
        board, calibration=calibration, calibration_method=calibration_method, in_float=float,
        strict_int8=strict_int8, kernels=kernels, optimize=optimize, flash=flash, autotune=autotune,
        prepare_weights=prepare_weights, cache=cache,
        rounding=rounding, shapes=shapes, states=states, cmsis_nn=cmsis_nn, schedule=schedule, ram=ram,
        max_overhead=max_overhead,
        input=input, weights=weights, canaries=canaries, memories=memories, dump_dir=dump_dir, link=link,
        progress=progress, say=say, watch=watch,
    )  # fmt: skip
    compile_model(Path(model), Path(out), options)
    return CompiledModel(Path(out))


def explore(
    model: str | Path,
    board: str | Path | Board,
    *,
    calibration: str | Path | Mapping[str, NDArray[Any]] | None = None,
    calibration_method: str = "minmax",
    float: bool = False,
    strict_int8: bool = False,
    rounding: str = "single",
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    states: Mapping[str, str] | None = None,
    schedule: str = "auto",
    ram: int | None = None,
    max_overhead: Real | None = None,
    input: str = "whole",
    measure: bool = False,
    out: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
    watch: Callable[[str], None] | None = None,
) -> Exploration:
    """The schedules of a model that no other beats in RAM, multiply-accumulates and estimated instructions alike.

    Arguments as those of `compile`. With `measure` each is compiled, and its instructions are counted in the emulator.
    The one that `compile` would take is compiled into the folder `out`, if that is given.
    """
    from tinyc.driver.explore import explore_model

    options = _options(
        board, calibration=calibration, calibration_method=calibration_method, in_float=float,
        strict_int8=strict_int8, rounding=rounding, shapes=shapes, states=states, schedule=schedule, ram=ram,
        max_overhead=max_overhead, input=input, progress=progress, say=say, watch=watch,
    )  # fmt: skip
    return explore_model(Path(model), options, measure, None if out is None else Path(out))


def load(folder: str | Path) -> CompiledModel:
    """The compiled model in `folder`. Raises TinycError if there is none."""
    from tinyc.driver.compiled import CompiledModel

    return CompiledModel(Path(folder))


def _options(
    board: str | Path | Board,
    *,
    calibration: str | Path | Mapping[str, NDArray[Any]] | None,
    calibration_method: str,
    in_float: bool,
    strict_int8: bool,
    rounding: str,
    shapes: Mapping[str, tuple[int, ...]] | None,
    states: Mapping[str, str] | None,
    schedule: str | None,
    ram: int | None,
    max_overhead: Real | None,
    input: str,
    progress: Callable[[int, int], None] | None,
    say: Callable[[str], None] | None,
    watch: Callable[[str], None] | None,
    kernels: str = "tinyc",
    optimize: str = "speed",
    flash: int | None = None,
    autotune: bool = False,
    prepare_weights: bool = False,
    cache: str | Path | None = None,
    cmsis_nn: CmsisNN | None = None,
    weights: str | None = None,
    canaries: bool = False,
    memories: Mapping[str, int] | None = None,
    dump_dir: str | Path | None = None,
    link: bool = True,
) -> Options:
    """The arguments of `compile` as the driver takes them."""
    from tinyc.codegen.emit import Weights
    from tinyc.driver.compile import Options
    from tinyc.driver.kernels import KernelWish
    from tinyc.driver.schedule import InputForm, Schedule, ScheduleWish
    from tinyc.ir.kernel import KernelSet
    from tinyc.ir.types import Rounding
    from tinyc.memory.buffers import Memory
    from tinyc.program.choice import Optimize
    from tinyc.quant.observers import ObserverChoice
    from tinyc.samples import silent
    from tinyc.target.board import load_board

    return Options(
        board=load_board(board) if isinstance(board, str | Path) else board,
        calibration=calibration,
        float=in_float,
        strict_int8=strict_int8,
        kernels=_choice(KernelSet, kernels, "kernel set"),
        wish=KernelWish(_choice(Optimize, optimize, "aim to optimize for"), flash, autotune, prepare_weights),
        rounding=_choice(Rounding, rounding, "rounding"),
        observer=ObserverChoice.parse(calibration_method),
        shapes=shapes or {},
        states=states or {},
        cmsis_nn=cmsis_nn,
        schedule=ScheduleWish(
            None if schedule is None else _choice(Schedule, schedule, "schedule"),
            ram,
            max_overhead,
            _choice(InputForm, input, "form of input") is InputForm.ROWS,
        ),
        weights=None if weights is None else _choice(Weights, weights, "form of weights"),
        canaries=canaries,
        memories=tuple(Memory(name, size) for name, size in (memories or {}).items()),
        dump_dir=None if dump_dir is None else Path(dump_dir),
        link=link,
        cache_dir=None if cache is None else Path(cache),
        progress=progress,
        say=say or silent,
        watch=watch or silent,
    )


def _choice(kind: type[E], value: str, what: str) -> E:
    try:
        return kind(value)
    except ValueError:
        raise TinycError(
            f"no {what} '{value}'", hint=f"choose one of {', '.join(str(e.value) for e in kind)}"
        ) from None
