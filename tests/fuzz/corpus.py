"""The fuzzer's first inputs, made anew each time: one for each format, none of them large.

For ONNX the models of its node tests and tinyc's examples; for TensorFlow Lite those of the tests, operator by
operator, and the public ones as far as they lie beside the project, without their weights.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("conformance", "frontend", "")]

from backend import cases  # noqa: E402 # which lies beside the tests of conformance

LARGEST = 6000
LARGEST_TFLITE = 16000
DRAWN = 4
"""Models of each kind."""


def onnx_seeds() -> dict[str, bytes]:
    """Serialized models by name; those with constant inputs, too, where these are small."""
    found = {name: bytes(case.model.SerializeToString()) for name, case in sorted(cases().items())}
    found |= {path.stem: path.read_bytes() for path in sorted((ROOT / "examples").rglob("*.onnx"))}
    return {name: data for name, data in found.items() if len(data) <= LARGEST}


def tflite_seeds() -> dict[str, bytes]:
    """Files by name."""
    from test_tflite_float import IMAGE, MOVES, UNARY
    from tflite_cases import EXACT
    from tflite_model import TfliteModel

    found: dict[str, bytes] = {}
    for code, make in MOVES.items():
        m = TfliteModel()
        found[code] = m.output(*make(m)).bytes()
    for code, options in UNARY.items():
        m = TfliteModel()
        found[code] = m.output(m.op(code, [m.input(IMAGE)], m.tensor(IMAGE), **options)).bytes()
    for name, build in EXACT.items():
        for number, data in enumerate(_drawn(build)):
            found[f"{name}_{number}"] = data
    for path in sorted((ROOT.parent / "shared" / "models").glob("*.tflite")):
        found[path.stem] = _without_data(path.read_bytes())
    return {name: data for name, data in found.items() if len(data) <= LARGEST_TFLITE}


def _drawn(build: Callable[..., object]) -> list[bytes]:
    """A few models, always the same."""
    found: list[bytes] = []

    @settings(
        max_examples=DRAWN, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(data=st.data())
    def collect(data: st.DataObject) -> None:
        found.append(build(data.draw).bytes())  # type: ignore[attr-defined]

    collect()
    return found


def _without_data(data: bytes) -> bytes:
    """A public model without its large constants: that is an error, but one far inside."""
    import flatbuffers
    from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    for buffer in model.buffers:
        if buffer.data is not None and len(buffer.data) > 64:
            buffer.data = None
    model.metadata = None
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


SEEDS: Mapping[str, Callable[[], dict[str, bytes]]] = {"onnx": onnx_seeds, "tflite": tflite_seeds}
