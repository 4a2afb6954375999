"""Random networks in parts all the way: interpreter layer by layer == host C == emulated cores."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path
from random import Random

import pytest
from generated import Arrays, Generated, check_emulator, generate, side_by_side
from program_checks import quick_program
from strategies import Builder, int_inputs, quantized
from strategies_regions import region_network

from tinyc.ir.graph import Graph
from tinyc.ir.parts import Mode, Tiling
from tinyc.ir.types import Rounding
from tinyc.ops import Add, Reshape, Transpose
from tinyc.schedule.regions import Cut, with_regions

BOARDS = ["qemu-m0", "mps2-an386", "mps3-an547"]
SAMPLES = 2


def networks(seeds: range, rounding: Rounding = Rounding.SINGLE) -> Graph:
    """Networks with regions side by side."""
    return side_by_side([region_network(Random(seed), rounding) for seed in seeds])


def model_of(graph: Graph, folder: Path, board: str = "mps2-an386") -> Generated:
    """The C of a graph, quickly planned."""
    return generate(graph, folder, board, build=quick_program)


def samples_of(model: Generated) -> list[Arrays]:
    """Values of its inputs, drawn SAMPLES times."""
    return [int_inputs(model.graph, seed) for seed in range(SAMPLES)]


def check_host(model: Generated) -> None:
    """All that is computed of every value, on this machine, is the interpreter's."""
    for inputs in samples_of(model):
        want = model.interpreted(inputs)
        _, seen = model.host.run(model.input_bytes(inputs), trace=True)
        for result, got, expected in zip(model.interface.results, seen, model.interface.cut(want), strict=True):
            assert got == expected, (result.name, result.region)
        assert model.host_outputs(inputs) == model.output_bytes(inputs)


@pytest.mark.parametrize("rounding", Rounding)
def test_parts_on_the_host(tmp_path: Path, rounding: Rounding) -> None:
    check_host(model_of(networks(range(12), rounding), tmp_path))


def turned(shape: tuple[int, ...]) -> Graph:
    """Channels as rows, of a tensor that is seen in another shape, in a region."""
    b = Builder(Random(0))
    x = b.apply(Reshape(shape), b.input(1, 4, 6, 3))
    b.apply(Add(), *[b.apply(Transpose((0, 3, 1, 2)), x)] * 2)
    graph = quantized(b.finish(b.values[-1]))
    return with_regions(graph, [Cut(0, len(graph.nodes), Tiling(Mode.STREAM, 1))])


def test_parts_of_channels_are_gathered(tmp_path: Path) -> None:
    check_host(model_of(side_by_side([turned((1, 6, 4, 3)), turned((1, 4, 6, 3)), turned((1, 2, 6, 6))]), tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 1300, 20))
def test_parts_of_many_networks_on_the_host(tmp_path: Path, first: int) -> None:
    check_host(
        model_of(networks(range(first, first + 20), Rounding.TFLITE if first % 40 else Rounding.SINGLE), tmp_path)
    )


def test_parts_under_the_sanitizers(tmp_path: Path) -> None:
    model = model_of(networks(range(400, 406)), tmp_path)
    samples = samples_of(model)
    assert model.sanitized_outputs(samples) == b"".join(model.output_bytes(s) for s in samples)


@pytest.mark.parametrize("board", BOARDS)
def test_parts_in_the_emulator(tmp_path: Path, board: str) -> None:
    model = model_of(networks(range(200, 206)), tmp_path, board)
    check_emulator(model, samples_of(model))


@pytest.mark.slow
@pytest.mark.parametrize("first", [300, 320, 340])
@pytest.mark.parametrize("board", BOARDS)
def test_parts_of_many_networks_in_the_emulator(tmp_path: Path, board: str, first: int) -> None:
    model = model_of(networks(range(first, first + 20)), tmp_path, board)
    check_emulator(model, samples_of(model))


def fed_network(seed: int) -> Graph:
    """A network whose first input arrives by rows, beside one that has its inputs as a whole."""
    return side_by_side([region_network(Random(seed), fed=True), region_network(Random(seed + 1))])


def test_rows_that_arrive_at_once(tmp_path: Path) -> None:
    model = model_of(fed_network(0), tmp_path)
    check_host(model)
    check_emulator(model, samples_of(model))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140))
def test_rows_of_many_networks(tmp_path: Path, seed: int) -> None:
    check_host(model_of(fed_network(seed), tmp_path))


class FedModel:
    """A model that is fed by rows, in a library of its own, called as a user calls it."""

    def __init__(self, model: Generated, library: Path) -> None:
        self.model = model
        folder = model.folder
        kernels = [*folder.glob("runtime/cmsis_nn/*.c"), *folder.glob("runtime/tinyc/*.c")]
        sources = [*kernels, *(p for p in folder.glob("*.c") if p.name != "main.c")]
        includes = [f"-I{p}" for p in (folder, *folder.glob("runtime/*"))]
        flags = ["-std=c11", "-O1", "-shared", "-fPIC", "-DCMSIS_NN_USE_SINGLE_ROUNDING"]
        subprocess.run(["cc", *flags, *includes, *map(str, sources), "-lm", "-o", str(library)], check=True)
        self.c = ctypes.CDLL(str(library))
        self.c.model_input.restype = self.c.model_output.restype = ctypes.c_void_p
        self.arena = ctypes.create_string_buffer(model.interface.arena_bytes + 16)
        self.start_of_arena = ctypes.addressof(self.arena) + -ctypes.addressof(self.arena) % 16

    def init(self) -> None:
        size = ctypes.c_size_t(self.model.interface.arena_bytes)
        assert self.c.model_init(ctypes.c_void_p(self.start_of_arena), size) == 0

    def start(self, inputs: list[bytes]) -> None:
        """Write the inputs that do not arrive by rows, and begin."""
        fed = self.model.interface.fed
        assert fed is not None
        for index, data in enumerate(inputs):
            at = self.c.model_input(index)
            assert (at is None) == (index == fed.input)
            if at is not None:
                ctypes.memmove(at, data, len(data))
        assert self.c.model_start() == 0

    def outputs(self) -> bytes:
        sizes = self.model.interface.output_bytes
        return b"".join(ctypes.string_at(self.c.model_output(i), size) for i, size in enumerate(sizes))


@pytest.mark.parametrize("seed", [2, 3, 6])
def test_rows_that_arrive_in_chunks(tmp_path: Path, seed: int) -> None:
    model = model_of(side_by_side([region_network(Random(seed), fed=True)]), tmp_path)
    fed = model.interface.fed
    assert fed is not None and fed.rows > 1
    called = FedModel(model, tmp_path / "model.so")
    called.init()
    assert called.c.model_rows_left() == 0
    assert called.c.model_feed_rows(bytes(fed.row_bytes), 1) == -1  # before the start
    for turn, chunk in enumerate((1, 3, fed.rows)):
        inputs = int_inputs(model.graph, turn)
        data = model.input_bytes(inputs)
        if turn == 1:  # one that is broken off leaves nothing behind
            called.start(data)
            assert called.c.model_feed_rows(bytes(fed.row_bytes), 1) == 0
        called.start(data)
        for row in range(0, fed.rows, chunk):
            left = fed.rows - row
            assert called.c.model_rows_left() == left
            assert called.c.model_feed_rows(data[fed.input], left + 1) == -1
            assert called.c.model_feed_rows(data[fed.input], -1) == -1
            count = min(chunk, left)
            assert called.c.model_feed_rows(data[fed.input][row * fed.row_bytes :], count) == 0
        assert called.c.model_rows_left() == 0
        assert called.c.model_feed_rows(bytes(fed.row_bytes), 1) == -1
        assert called.outputs() == model.output_bytes(inputs)


def test_rows_that_arrive_under_the_sanitizers(tmp_path: Path) -> None:
    model = model_of(fed_network(10), tmp_path)
    samples = samples_of(model)
    assert model.sanitized_outputs(samples) == b"".join(model.output_bytes(s) for s in samples)
