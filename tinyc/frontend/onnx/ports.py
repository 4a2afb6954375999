"""The tensors that go into a model and come out of it: names, shapes, element types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx import TensorProto, ValueInfoProto

from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend.onnx.tensors import element_name
from tinyc.frontend.ports import Input, Output
from tinyc.frontend.tensors import is_possible

_FLOATING: dict[int, str] = {
    TensorProto.FLOAT: "float32",
    TensorProto.FLOAT16: "float16",
    TensorProto.DOUBLE: "float64",
    TensorProto.BFLOAT16: "float32",
}
_ELEMENTS: dict[int, str] = _FLOATING | {
    TensorProto.BOOL: "bool",
    TensorProto.INT8: "int8",
    TensorProto.INT16: "int16",
    TensorProto.INT32: "int32",
    TensorProto.INT64: "int64",
    TensorProto.UINT8: "uint8",
    TensorProto.UINT16: "uint16",
    TensorProto.UINT32: "uint32",
    TensorProto.UINT64: "uint64",
}


def read_inputs(infos: Sequence[ValueInfoProto], shapes: Mapping[str, tuple[int, ...]], file: str) -> tuple[Input, ...]:
    """The model's inputs; `shapes` gives the shapes of those that the model leaves open."""
    names = [i.name for i in infos]
    for name in shapes:
        if name not in names:
            raise TinycError(f"--shape names '{name}', the model's inputs are: {', '.join(names) or 'none'}", file)
    return tuple(_input(info, shapes.get(info.name), file) for info in infos)


def _input(info: ValueInfoProto, wanted: tuple[int, ...] | None, file: str) -> Input:
    where = f"{file}: input '{info.name}'"
    if not info.type.HasField("tensor_type"):
        raise UnsupportedError("it is not a tensor", where)
    kind = info.type.tensor_type
    if kind.elem_type not in _ELEMENTS:
        raise UnsupportedError(
            f"its elements are {element_name(kind.elem_type)}", where, "cast them in the application"
        )
    declared = _declared(info)
    if wanted is not None:
        shape = _overridden(declared, wanted, where)
    elif declared is None:
        raise TinycError("the model does not say its shape", where, f"give it with --shape {info.name}:1,3,96,96")
    else:
        shape = _assumed(info.name, declared, where)
    if not is_possible(shape) or (wanted is not None and 0 in shape):
        raise TinycError(f"its shape {shape} is not possible", where)
    return Input(info.name, shape, _ELEMENTS[kind.elem_type])


def _declared(info: ValueInfoProto) -> tuple[int | None, ...] | None:
    """The sizes that the model states; None for those that it leaves open (by a symbol, nothing, or −1)."""
    kind = info.type.tensor_type
    if not kind.HasField("shape"):
        return None
    return tuple(
        d.dim_value if d.WhichOneof("value") == "dim_value" and d.dim_value >= 0 else None for d in kind.shape.dim
    )


def _overridden(declared: tuple[int | None, ...] | None, wanted: tuple[int, ...], where: str) -> tuple[int, ...]:
    if declared is not None and len(declared) != len(wanted):
        raise TinycError(f"it has {len(declared)} axes, --shape gives {len(wanted)}: {wanted}", where)
    for axis, (fixed, size) in enumerate(zip(declared or (), wanted, strict=bool(declared))):
        if fixed is not None and fixed != size:
            raise TinycError(f"the model fixes axis {axis} to {fixed}, --shape gives {size}", where)
    return wanted


def _assumed(name: str, declared: tuple[int | None, ...], where: str) -> tuple[int, ...]:
    """The stated sizes; a first axis left open is a batch of one."""
    sizes = [1 if axis == 0 and size is None else size for axis, size in enumerate(declared)]
    shape = tuple(size for size in sizes if size is not None)
    if len(shape) != len(sizes):
        shown = ",".join("?" if s is None else str(s) for s in declared)
        example = ",".join("8" if s is None else str(s) for s in sizes)
        raise TinycError(
            f"its shape is not fixed: {shown}", where, f"fix it with --shape, as in --shape {name}:{example}"
        )
    return shape


def read_output(info: ValueInfoProto, file: str) -> Output:
    """One output. Its shape is what comes out, whatever the model declares."""
    kind = info.type.tensor_type.elem_type
    if kind != TensorProto.UNDEFINED and kind not in _ELEMENTS:
        raise UnsupportedError(
            f"its elements are {element_name(kind)}", f"{file}: output '{info.name}'",
            "leave the last steps to the application",
        )  # fmt: skip
    return Output(info.name, _ELEMENTS.get(kind, ""), rounded=kind == TensorProto.BFLOAT16)
