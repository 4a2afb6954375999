"""The fuzzer: `make fuzz`. It looks for models that make tinyc fail in any other way than by a clear error.

Coverage of tinyc's own code guides it (atheris, which is libFuzzer), changes of the model's structure beside those of
bytes carry it (mutate.py, mutate_tflite.py); ONNX and TensorFlow Lite take turns. Every finding is written to
build/fuzz/findings, once for each place where it happens, with what was raised; the exit status is 1 if there are
any. A hang or a lack of memory ends the process that meets it; the input is kept as well, and the search goes on in
another.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "fuzz"
MEMORY_MIB = 2048
HANG_SECONDS = 30  # by the clock; `fuzz_target` has the bound on the processor's time
MOST_BYTES = 16384
SHIFTS = ("onnx", "tflite")  # take turns
SHIFT_SECONDS = 300  # that one process works: libFuzzer keeps memory from input to input, which is not tinyc's


def main() -> int:
    """Fuzz for so many minutes; 1 if there are findings."""
    parser = argparse.ArgumentParser(description="Fuzz tinyc's importers and passes.")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for the corpus and the findings")
    parser.add_argument("--input", type=Path, help="look at this file only")
    args = parser.parse_args()
    findings = args.folder / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    if args.input:
        return _look_at(args.input)
    if find_spec("atheris") is None:
        print("atheris is not installed: pip install 'tinyc[fuzz]' (there is none for every platform)", file=sys.stderr)
        return 2
    end = time.monotonic() + 60 * args.minutes
    worker = str(Path(__file__).with_name("worker.py"))
    longest = min(SHIFT_SECONDS, max(1, round(60 * args.minutes / len(SHIFTS))))
    turns = cycle(SHIFTS)
    while (left := int(end - time.monotonic())) > 0:
        what = [next(turns), str(args.folder), str(min(left, longest)), str(args.seed)]
        done = subprocess.run([sys.executable, worker, *what], check=False)
        if done.returncode and not any(findings.iterdir()):  # it did not come to look at anything
            print("the fuzzer fails", file=sys.stderr)
            return 2
    found = sorted(path for path in findings.iterdir() if path.suffix != ".txt")
    print(f"{len(found)} findings in {findings}", *found, sep="\n  ")
    return 1 if found else 0


def _look_at(path: Path) -> int:
    from fuzz_target import examine

    with tempfile.TemporaryDirectory() as folder:
        finding = examine(path.read_bytes(), Path(folder) / f"model{path.suffix}")
    print(finding.text if finding else "nothing is wrong with it")
    return 1 if finding else 0


if __name__ == "__main__":
    sys.exit(main())
