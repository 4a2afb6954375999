"""Random changes of a TensorFlow Lite model that leave it one, and of the words of a flatbuffer, which may not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from functools import partial
from random import Random
from struct import error as struct_error
from struct import pack_into, unpack_from
from typing import Any

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

INTEGERS = (0, 1, 2, 3, 4, 5, 7, 8, 16, 64, 127, 255, 1024, 2**16, 2**31 - 1)
NUMBERS = (0.0, 1.0, 0.5, -1.0, 2.0, 1e-30, 1e30, 3.4e38, float("inf"), float("-inf"), float("nan"))
MOST_CHANGES = 4
REPAIRS = 3
_SHAPE = re.compile(r"its result '(.*)' has shape \(.*\), it should be \((.*)\)")

Change = Callable[[Any, Random], None]


def _numbers_of(kind: type) -> tuple[int, ...]:
    return tuple(value for value in vars(kind).values() if isinstance(value, int))


TYPES, CODES = _numbers_of(schema.TensorType), _numbers_of(schema.BuiltinOperator)
OPTIONS = tuple(name for name, value in vars(schema.BuiltinOptions).items() if isinstance(value, int) and value)


class Mutator:
    """Changes of models that it has made, or that were given as good ones; the bindings cannot read just anything.

    `problem` says what is wrong with a file. Results whose shapes are no longer those that follow get these, so that
    what comes behind them is reached.
    """

    def __init__(self, seeds: Sequence[bytes], problem: Callable[[bytes], str]) -> None:
        self._seeds, self._problem = list(seeds), problem
        self._good = set(map(hash, seeds))

    def __call__(self, data: bytes, most: int, seed: int) -> bytes:
        """At most `most` bytes, always the same for the same seed and history."""
        random = Random(seed)
        if random.random() < 0.3:
            return words_changed(data, random)[:most]
        start = data if hash(data) in self._good else random.choice(self._seeds)
        made = changed(start, random.choice(self._seeds), random)
        for _ in range(random.choice((0, REPAIRS))):
            if made is None or (found := _SHAPE.search(self._problem(made))) is None:
                break
            made = changed(made, made, random, partial(_reshape, *found.groups()))
        if made is None or len(made) > most:
            return start[:most]
        self._good.add(hash(made))
        return made


def words_changed(data: bytes, random: Random) -> bytes:
    """Some words set to numbers that are far off, near by, or what other words are: offsets, lengths, sizes."""
    made = bytearray(data)
    for _ in range(random.randint(1, MOST_CHANGES)):
        with suppress(struct_error, ValueError):  # a file of a few bytes
            at = 4 * random.randrange(len(made) // 4)
            (old,) = unpack_from("<I", made, at)
            (other,) = unpack_from("<I", made, 4 * random.randrange(len(made) // 4))
            far = (0, 1, len(made), len(made) - at, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - at)
            new = random.choice([*far, other, old + random.choice((-8, -4, -1, 1, 4, 8))])
            pack_into("<I", made, at, new % 2**32)
    return bytes(made)


def changed(data: bytes, other: bytes, random: Random, *wanted: Change) -> bytes | None:
    """A good model after some changes, perhaps with operators of another; None if it cannot be written."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    for change in wanted or random.choices(_CHANGES, k=random.randint(1, MOST_CHANGES)):
        with suppress(IndexError, TypeError, AttributeError, ValueError):  # there is nothing of that kind
            if change is _splice:
                _splice_from(model, schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(other, 0)), random)
            else:
                change(model, random)
    builder = flatbuffers.Builder(1024)
    try:
        builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    except Exception:  # numbers that fit no field: there is no model to look at
        return None
    return bytes(builder.Output())


def _integer(random: Random) -> int:
    return random.choice((1, 1, 1, -1)) * random.choice(INTEGERS)


def _list(random: Random, old: Any, new: Callable[[], Any]) -> list[Any]:
    """A list with an element changed, added, left out, or moved."""
    made = [] if old is None else list(np.asarray(old).tolist())
    place = random.randrange(len(made) + 1)
    match random.randrange(4):
        case 0:
            made[place : place + 1] = [new()]
        case 1:
            made.insert(place, new())
        case 2:
            del made[place : place + 1]
        case 3:
            random.shuffle(made)
    return made


def _tensor(model: Any, random: Random) -> Any:
    return random.choice(model.subgraphs[0].tensors)


def _operator(model: Any, random: Random) -> Any:
    return random.choice(model.subgraphs[0].operators)


def _reshape(name: str, shape: str, model: Any, random: Random) -> None:
    for number, tensor in enumerate(model.subgraphs[0].tensors):
        if (tensor.name or b"").decode() == name or f"tensor_{number}" == name:
            tensor.shape = [int(size) for size in shape.split(",") if size.strip()]


def _shape(model: Any, random: Random) -> None:
    tensor = _tensor(model, random)
    tensor.shape = _list(random, tensor.shape, lambda: _integer(random))


def _signature(model: Any, random: Random) -> None:
    tensor = _tensor(model, random)
    tensor.shapeSignature = _list(random, tensor.shape, lambda: _integer(random))


def _type(model: Any, random: Random) -> None:
    _tensor(model, random).type = random.choice(TYPES)


def _flag(model: Any, random: Random) -> None:
    tensor = _tensor(model, random)
    if random.random() < 0.5:
        tensor.isVariable = not tensor.isVariable
    else:
        tensor.buffer = random.randrange(len(model.buffers) + 1)


def _quantization(model: Any, random: Random) -> None:
    tensor = _tensor(model, random)
    q = tensor.quantization = tensor.quantization or schema.QuantizationParametersT()
    match random.randrange(4):
        case 0:
            q.scale = _list(random, q.scale, lambda: float(np.float32(random.choice(NUMBERS))))
        case 1:
            q.zeroPoint = _list(random, q.zeroPoint, lambda: _integer(random))
        case 2:
            q.quantizedDimension = _integer(random)
        case 3:
            tensor.quantization = deepcopy(_tensor(model, random).quantization)


def _data(model: Any, random: Random) -> None:
    buffer = random.choice(model.buffers)
    data = [] if buffer.data is None else list(np.asarray(buffer.data).tolist())
    if data and random.random() < 0.7:
        at = random.randrange(len(data)) // 4 * 4
        word = random.choice(
            [_integer(random).to_bytes(4, "little", signed=True), np.float32(_number(random)).tobytes()]
        )
        data[at : at + 4] = list(word)[: len(data) - at]
    else:
        data = data[: random.randrange(len(data) + 1)] + [random.randrange(256)] * random.choice((0, 1, 4))
    buffer.data = data


def _number(random: Random) -> float:
    return random.choice(NUMBERS)


def _code(model: Any, random: Random) -> None:
    entry = random.choice(model.operatorCodes)
    entry.builtinCode = random.choice(CODES)
    entry.deprecatedBuiltinCode = min(entry.builtinCode, 127)


def _options(model: Any, random: Random) -> None:
    """One option, or options of another kind."""
    operator = _operator(model, random)
    if operator.builtinOptions is None or random.random() < 0.2:
        name = random.choice(OPTIONS)
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, name)
        operator.builtinOptions = getattr(schema, f"{name}T")()
        return
    name, value = random.choice(list(vars(operator.builtinOptions).items()))
    match value:
        case bool():
            new: Any = not value
        case int():
            new = _integer(random)
        case float():
            new = float(np.float32(_number(random)))
        case _:
            new = _list(random, value, lambda: _integer(random))
    setattr(operator.builtinOptions, name, new)


def _edges(model: Any, random: Random) -> None:
    graph, operator = model.subgraphs[0], _operator(model, random)
    which = random.choice(("inputs", "inputs", "outputs"))
    holder = random.choice((operator, operator, operator, graph))
    number = random.randrange(-1, len(graph.tensors) + (random.random() < 0.1))
    setattr(holder, which, _list(random, getattr(holder, which), lambda: number))


def _operators(model: Any, random: Random) -> None:
    """One left out, twice, or elsewhere."""
    graph = model.subgraphs[0]
    at, made = random.randrange(len(graph.operators)), list(graph.operators)
    match random.randrange(3):
        case 0:
            del made[at]
        case 1:
            made.insert(at, deepcopy(made[at]))
        case 2:
            random.shuffle(made)
    graph.operators = made


def _splice(model: Any, random: Random) -> None:
    """Stands for `_splice_from`."""


def _splice_from(model: Any, other: Any, random: Random) -> None:
    """An operator of another model with all its tensors, which reads a tensor of this one."""
    graph, source = model.subgraphs[0], other.subgraphs[0]
    taken = random.choice(source.operators)
    shift, buffers = len(graph.tensors), len(model.buffers)
    for tensor in source.tensors:
        tensor.buffer += buffers
        graph.tensors.append(tensor)
    model.buffers = [*model.buffers, *other.buffers]
    model.operatorCodes = [*model.operatorCodes, other.operatorCodes[taken.opcodeIndex]]
    taken.opcodeIndex = len(model.operatorCodes) - 1
    ins = [i if i < 0 else int(i) + shift for i in taken.inputs]
    ins[0] = random.choice(list(graph.operators[-1].outputs))
    taken.inputs, taken.outputs = ins, [int(i) + shift for i in taken.outputs]
    graph.operators = [*graph.operators, taken]
    graph.outputs = [*graph.outputs, *taken.outputs]


def _graphs(model: Any, random: Random) -> None:
    match random.randrange(50):
        case 0:
            model.subgraphs = [*model.subgraphs, model.subgraphs[0]]
        case 1:
            model.version = _integer(random)


_CHANGES: tuple[Change, ...] = (
    _shape, _shape, _signature, _type, _flag, _quantization, _quantization, _data, _data, _code, _code, _options,
    _options, _edges, _edges, _operators, _splice, _splice, _graphs,
)  # fmt: skip
