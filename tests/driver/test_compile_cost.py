"""What a compilation costs: processor time, not time on the wall."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from pathlib import Path
from tinyc.driver.compile import Options, compile_model
from tinyc.target.board import load_board
compile_model(Path(sys.argv[1]), Path(sys.argv[2]), Options(load_board("mps2-an386"), calibration="random:1"))
"""
LIMIT_S = 8.0  # the aim is 4; a busy machine with shared cores counts up to twice as much


def test_resnet8_is_compiled_and_linked_within_seconds(shared: Path, tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    model = shared / "models" / "resnet8_float.onnx"
    subprocess.run([sys.executable, "-c", SCRIPT, str(model), str(tmp_path / "out")], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (tmp_path / "out" / "firmware.elf").is_file()
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < LIMIT_S
