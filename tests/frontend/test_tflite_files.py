"""Files that are no TensorFlow Lite models, or ask for what there is not: errors that say what is wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema
from tflite_model import TfliteModel, load, random_inputs, reference

from tinyc.cli import main
from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend import Format, format_of, import_model, inspect_model


def dense() -> TfliteModel:
    """A model with weights, scales and options."""
    m = TfliteModel()
    x, y = m.input((1, 4), "int8", (0.5, 3)), m.tensor((1, 2), "int8", (0.25, -7), name="y")
    w = m.constant(np.arange(8, dtype=np.int8).reshape(2, 4), ([0.5, 0.25], [0, 0]))
    b = m.constant(np.array([100, -100], np.int32))
    return m.output(m.op("FULLY_CONNECTED", [x, w, b], y, "FullyConnectedOptions", fusedActivationFunction=1))


def refused(data: bytes | TfliteModel, *parts: str, kind: type[TinycError] = TinycError) -> None:
    with pytest.raises(kind) as caught:
        load(data if isinstance(data, bytes) else data.bytes())
    assert caught.value.exit_status == 2
    for part in parts:
        assert part in str(caught.value)


def changed(change: Callable[[TfliteModel], object]) -> TfliteModel:
    m = dense()
    change(m)
    return m


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(TinycError, match=r"none.tflite: the model cannot be read: No such file"):
        import_model(tmp_path / "none.tflite")


def test_the_content_decides_and_then_the_name(tmp_path: Path) -> None:
    for name, data, wanted in (
        ("a.tflite", b"anything", Format.TFLITE),
        ("a.bin", dense().bytes(), Format.TFLITE),
        ("a.onnx", b"anything", Format.ONNX),
    ):
        (tmp_path / name).write_bytes(data)
        assert format_of(tmp_path / name) is wanted


@pytest.mark.parametrize("data", [b"", b"hello world, this is text", dense().bytes().replace(b"TFL3", b"TFL2")])
def test_not_a_model(data: bytes) -> None:
    refused(data, "the file is empty" if not data else "its identifier is not TFL3")


def test_every_truncation() -> None:
    data = dense().bytes()
    for length in range(0, len(data) - 1, 5):
        try:
            load(data[:length])
        except TinycError as error:
            assert error.message
    refused(data[: len(data) // 2])


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 8))])
def test_every_byte_changed(part: int) -> None:
    """No damage to any one byte leads to anything but an error that says what is wrong, or to a graph."""
    data = dense().bytes()
    for place in range(part, len(data), 8):
        for value in {0, 0x7F, 0xFF, data[place] ^ 1} - {data[place]}:
            try:
                load(data[:place] + bytes([value]) + data[place + 1 :])
            except TinycError as error:
                assert error.message


def _buffer_of_weights(m: TfliteModel) -> schema.BufferT:
    return m.model.buffers[m.graph.tensors[2].buffer]


def _tensor(**fields: object) -> Callable[[TfliteModel], None]:
    """A change of fields of the weights."""

    def change(m: TfliteModel) -> None:
        for name, value in fields.items():
            setattr(m.graph.tensors[2], name, value)

    return change


def _scales(*values: float) -> Callable[[TfliteModel], None]:
    def change(m: TfliteModel) -> None:
        m.graph.tensors[2].quantization.scale = list(values)

    return change


def _set(part: str, name: str, value: object) -> Callable[[TfliteModel], None]:
    def change(m: TfliteModel) -> None:
        target = {"model": m.model, "graph": m.graph, "op": m.graph.operators[0], "code": m.model.operatorCodes[0]}
        setattr(target[part], name, value)

    return change


BAD: dict[str, tuple[Callable[[TfliteModel], object], tuple[str, ...]]] = {
    "no outputs": (_set("graph", "outputs", []), ("no outputs",)),
    "an output that there is not": (_set("graph", "outputs", [99]), ("its output is tensor 99, there are 4",)),
    "an output that nothing computes": (
        lambda m: m.graph.outputs.append(m.tensor((3,), name="lost")), ("'lost' is computed by no operator",),
    ),
    "an input that there is not": (_set("op", "inputs", [0, 99, 3]), ("operator 0 (FULLY_CONNECTED)", "tensor 99")),
    "a cycle": (_set("op", "inputs", [1, 2, 3]), ("'y' is read before it is computed", "cycle")),
    "a result that is an input": (_set("op", "outputs", [0]), ("'in0' is defined twice",)),
    "a code that there is not": (_set("op", "opcodeIndex", 7), ("its code is number 7 of 1",)),
    "a missing buffer": (_tensor(buffer=77), ("its data are in buffer 77, there are 3",)),
    "an empty buffer": (lambda m: setattr(_buffer_of_weights(m), "data", []), ("its buffer is empty",)),
    "too few bytes": (lambda m: setattr(_buffer_of_weights(m), "data", [1, 2, 3]), ("wants 8 bytes", "has 3")),
    "data beyond the file": (
        lambda m: [setattr(_buffer_of_weights(m), *item) for item in (("data", []), ("offset", 9999), ("size", 8))],
        ("its data end at byte 10007",),
    ),
    "an absurd shape": (_tensor(shape=[2**30, 2**30]), ("is not possible",)),
    "an absurd shape without elements": (_tensor(shape=[0, 2**30, 2**30]), ("is not possible",)),
    "a negative size": (_tensor(shape=[-2, -4]), ("is not possible",)),
    "too many axes": (_tensor(shape=[1] * 40), ("40 axes are not possible",)),
    "a scale that is no number": (_scales(float("nan"), 0.5), ("a scale of 't2' is nan",)),
    "a scale of zero": (_scales(0.0, 0.5), ("scales are positive",)),
    "too many scales": (_scales(0.5, 0.5, 0.5), ("3 scales and 2 zero points",)),
    "sparse weights": (_tensor(sparsity=schema.SparsityParametersT()), ("is stored sparsely",)),
    "an unknown element type": (_tensor(type=99), ("has type 99 elements",)),
    "strings": (_tensor(type=schema.TensorType.STRING), ("has STRING elements",)),
    "a variable": (lambda m: setattr(m.graph.tensors[0], "isVariable", True), ("is a variable",)),
    "another schema": (_set("model", "version", 2), ("schema version 2; tinyc reads 3",)),
    "no graph": (_set("model", "subgraphs", []), ("the model has 0 subgraphs",)),
    "an activation that there is not": (
        lambda m: setattr(m.graph.operators[0].builtinOptions, "fusedActivationFunction", 5),
        ("option FusedActivationFunction = 'SIGN_BIT' is not supported",),
    ),
    "shuffled weights": (
        lambda m: setattr(m.graph.operators[0].builtinOptions, "weightsFormat", 1), ("option WeightsFormat",),
    ),
    "another result": (lambda m: setattr(m.graph.tensors[1], "shape", [2, 2]), ("shape (2, 2), it should be (1, 2)",)),
    "another type": (lambda m: setattr(m.graph.tensors[1], "type", 2), ("has INT32 elements",)),
    "too many inputs": (_set("op", "inputs", [0, 2, 3, 3]), ("it has 4 inputs, 2 to 3 are expected",)),
    "a later operator": (_set("code", "builtinCode", 4000), ("operator code 4000 is not known", "pip install -U")),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_models(name: str) -> None:
    change, parts = BAD[name]
    m = dense()
    assert m.graph.tensors[1].name == "y" and m.graph.tensors[2].quantization
    change(m)
    refused(m, *parts)


def test_several_graphs() -> None:
    m = dense()
    m.model.subgraphs.append(m.graph)
    refused(m, "2 subgraphs", "control flow", kind=UnsupportedError)


def custom() -> TfliteModel:
    """An operator of one's own behind a known one, and a known one behind that."""
    m = TfliteModel()
    x = m.input((1, 4))
    a = m.op("RELU", [x], m.tensor((1, 4)))
    b = m.op("CUSTOM", [a], m.tensor((1, 4)))
    m.model.operatorCodes[1].customCode = b"Secret"
    return m.output(m.op("TANH", [b], m.tensor((1, 4))))


def test_a_custom_operator_is_named_with_its_place() -> None:
    refused(custom(), "operator 1 (CUSTOM 'Secret')", "custom operator 'Secret' is not supported")


def test_inspection_lists_all_that_stands_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "case.tflite"
    path.write_bytes(custom().bytes())
    rows = inspect_model(path)
    assert [row.op for row in rows] == ["RELU", "CUSTOM", "TANH"]
    assert [bool(row.problem) for row in rows] == [False, True, False]
    assert {row.shape for row in rows} == {(1, 4)}


def test_the_package_is_an_extra(tmp_path: Path) -> None:
    """Where it is not installed, the error says which one to install, and all other models compile."""
    path = tmp_path / "case.tflite"
    path.write_bytes(dense().bytes())
    start = "import sys; sys.modules['tflite'] = None; from tinyc.cli import main; "
    code = f"{start}sys.exit(main(['inspect', {str(path)!r}]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'tinyc[tflite]'" in done.stderr and "Traceback" not in done.stderr


def test_shapes_of_inputs(tmp_path: Path) -> None:
    m = TfliteModel()
    x = m.input((1, 4))
    m.graph.tensors[x].shapeSignature = [-1, 4]
    m.output(m.op("RELU", [x], m.tensor((1, 4))))
    path = tmp_path / "case.tflite"
    path.write_bytes(m.bytes())
    assert import_model(path, {"in0": (3, 4)}).outputs[0].shape == (3, 4)
    for shapes, message in (({"x": (3, 4)}, "the model's inputs are: in0"), ({"in0": (3, 5)}, "fixes axis 1 to 4")):
        with pytest.raises(TinycError, match=message):
            import_model(path, shapes)


def test_the_command_line_takes_the_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Inspected, compiled, run on the host and as it is, checked: as any other model."""
    path, out, given = tmp_path / "case.tflite", tmp_path / "out", tmp_path / "x.npz"
    model = dense()
    path.write_bytes(model.bytes())
    (sample,) = random_inputs(model, np.random.default_rng(0))
    np.savez(given, in0=sample)
    options = ["--board", "mps2-an386", "--rounding", "tflite", "--no-link", "-o", str(out)]
    assert main(["inspect", str(path)]) == 0
    assert "1 TensorFlow Lite nodes" in capsys.readouterr().out
    assert main(["compile", str(path), *options]) == 0
    for run in ([str(out)], [str(path)]):
        assert main(["run", *run, "--inputs", str(given), "--outputs", str(tmp_path / "y.npz")]) == 0
        with np.load(tmp_path / "y.npz") as results:
            np.testing.assert_array_equal(results["y"], reference(model.bytes(), [sample])[0])
    assert main(["check", str(out), "--inputs", str(given)]) == 0
    capsys.readouterr()
    assert main(["check", str(out), "--inputs", str(given), "--model", str(path)]) == 2
    assert "ONNX Runtime does not run TensorFlow Lite models" in capsys.readouterr().err
