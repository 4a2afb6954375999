"""The conformance table: `make conformance`. With --update, results.txt is written anew.

results.txt names every static node test of ONNX (those whose shapes do not depend on data) and every small model that
the onnx package brings as a test, with what became of it when it was last written: a test compares with it, so that
what has passed once stays passed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from backend import Outcome, Status, model_names, run_case
from rich.console import Console
from rich.progress import track

RESULTS = Path(__file__).with_name("results.txt")
WORKERS = 2


def recorded() -> dict[str, Status]:
    """What results.txt says of each case."""
    lines = RESULTS.read_text(encoding="utf-8").splitlines()
    pairs = (line.split(": ", 1) for line in lines if line and not line.startswith("#"))
    return {name: Status(status.split(" | ")[0]) for name, status in pairs}


def run_all(names: Sequence[str]) -> list[Outcome]:
    """All these cases, two at a time."""
    with ProcessPoolExecutor(WORKERS) as pool:
        found = pool.map(run_case, names, chunksize=8)
        return list(track(found, "cases", total=len(names), console=Console(stderr=True)))


def text(outcomes: Sequence[Outcome]) -> str:
    """The file's content."""
    lines = ["# What becomes of ONNX's static node tests and of its small models: see run.py."]
    for outcome in outcomes:
        why = f" | {' '.join(outcome.detail.split())[:150]}" if outcome.status is not Status.PASS else ""
        lines.append(f"{outcome.name}: {outcome.status.value}{why}")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run what is asked for; 1 if anything is wrong, crashes, does not compile, or passed before and does not now."""
    parser = argparse.ArgumentParser(description="ONNX's tests through generated C on this machine.")
    parser.add_argument("names", nargs="*", help="parts of names; default: all")
    parser.add_argument("--update", action="store_true", help="write results.txt")
    parser.add_argument("--list", type=Path, help="with --update: a file with the names of all node tests")
    args = parser.parse_args()
    known = {} if args.list else recorded()
    nodes = args.list.read_text(encoding="utf-8").split() if args.list else [name for name in known if "/" not in name]
    names = [*nodes, *model_names()]
    wanted = [name for name in names if not args.names or any(part in name for part in args.names)]
    outcomes = run_all(wanted)
    for outcome in outcomes:
        if outcome.status is not Status.PASS:
            print(f"{outcome.name}: {outcome.status.value}: {outcome.detail}")
    counts = Counter(outcome.status for outcome in outcomes)
    print("\n".join(["", *(f"{counts[status]:6} {status.value}" for status in Status), f"{len(outcomes):6} in all"]))
    if args.update and not args.names:
        RESULTS.write_text(text(outcomes), encoding="utf-8")
    lost = [o.name for o in outcomes if known.get(o.name) is Status.PASS and o.status is not Status.PASS]
    bad = [o.name for o in outcomes if o.status in (Status.WRONG, Status.CRASH, Status.BROKEN)]
    return 1 if lost or bad else 0


if __name__ == "__main__":
    sys.exit(main())
