"""The summary of a compilation."""

from __future__ import annotations

from typing import Any

from tinyc.report.summary import buffers_table, layers_table, summary, title


def report(**changes: Any) -> dict[str, Any]:
    """A report of one layer."""
    return {
        "model": "m.onnx", "board": "b", "cpu": "cortex-m4", "arithmetic": "int8", "kernels": "tinyc",
        "rounding": "single", "macs": 2000, "macs_executed": 2000, "macs_repeated": 0, "arena_bytes": 1024,
        "arena_lower_bound": 1000, "workspace_bytes": 64, "weights_bytes": 5000, "code_bytes": 3000,
        "flash_bytes": 8500, "ram_bytes": 1100,
        "instructions": None, "schedule": "layer", "schedule_described": "layer by layer",
        "layers": [{"name": "c", "op": "conv2d", "kernel": "k", "output_shape": [1, 2, 2, 3], "macs": 2000,
                    "instructions": None, "workspace_bytes": 64, "dtype": "i8", "instructions_estimated": 4000,
                    "in_float_because": None}],
        "buffers": [{"name": "y", "bytes": 12, "offset": 1000, "first_step": 0, "last_step": 1},
                    {"name": "x", "bytes": 1000, "offset": 0, "first_step": 0, "last_step": 0}],
        **changes,
    }  # fmt: skip


def test_a_linked_model() -> None:
    assert title(report()) == "m.onnx for b (cortex-m4): int8, kernels tinyc, rounding single"
    assert summary(report(), ram=11_000, flash=85_000) == [
        "  RAM    1,100 bytes, 10.0 % of the board's: arena 1,024 (lower bound 1,000, largest workspace 64); "
        "stack not included",
        "  flash  8,500 bytes, 10.0 % of the board's: code 3,000, weights 5,000",
        "  MACs   2,000",
    ]


def test_what_is_not_known_is_not_told() -> None:
    lines = summary(report(code_bytes=None, flash_bytes=None, ram_bytes=None), ram=1, flash=1)
    assert lines[0] == "  RAM        - arena 1,024 (lower bound 1,000, largest workspace 64)"
    assert lines[1] == "  flash      - weights 5,000; not linked"


def test_a_float_model_has_no_rounding() -> None:
    assert title(report(arithmetic="float32")).endswith("float32, kernels tinyc")


def test_removed_channels_and_instructions() -> None:
    lines = summary(report(macs_executed=1500, instructions=9999), ram=1, flash=1)
    assert " ".join(lines[2].split()) == "MACs 1,500 of 2,000 in the model; channels that do nothing are removed"
    assert " ".join(lines[3].split()) == "instructions (QEMU) 9,999 of one inference"


def test_a_schedule_and_what_it_repeats() -> None:
    described = "stream 1 row: a to b"
    changes = {"macs_executed": 2200, "macs_repeated": 200, "schedule": "stream", "schedule_described": described}
    lines = summary(report(**changes), ram=1, flash=1)
    assert " ".join(lines[2].split()) == "MACs 2,200 200 of them computed again, part by part"
    assert " ".join(lines[3].split()) == f"schedule {described}"
    both = summary(report(macs_executed=1700, macs_repeated=200), ram=1, flash=1)[2]
    assert "channels that do nothing are removed; 200 of them" in both


def test_layers_in_float_are_told_with_their_share() -> None:
    (layer,) = report()["layers"]
    exp = {**layer, "dtype": "f32", "instructions_estimated": 12_000, "in_float_because": "exp has no int8 form"}
    lines = summary(report(arithmetic="int8 and float32", layers=[layer, exp]), ram=1, flash=1)
    assert " ".join(lines[3].split()) == "in float 1 of 2 layers, about 75.0 % of the work"


def test_tables() -> None:
    assert layers_table(report()).lines()[-1].split() == ["c", "conv2d", "1x2x2x3", "i8", "2,000", "4,000", "64", "k"]
    rows = [line.split() for line in buffers_table(report()).lines()[3:]]
    assert rows == [["x", "1,000", "0", "0", "0"], ["y", "12", "1,000", "0", "1"]]
