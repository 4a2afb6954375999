"""One process of the fuzzer: FOLDER SECONDS SEED. See fuzz.py."""

from __future__ import annotations

import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tinyc"]):
    from fuzz_target import examine, limit_memory

from corpus import seeds
from fuzz import HANG_SECONDS, MEMORY_MIB, MOST_BYTES
from mutate import mutated

BYTES = 0.1
"""The share of changes of single bytes."""


def main() -> None:
    """Set up libFuzzer and never return."""
    folder, seconds, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    corpus, findings = folder / "corpus", folder / "findings"
    corpus.mkdir(parents=True, exist_ok=True)
    known = list(seeds().values())
    for data in known:
        (corpus / sha256(data).hexdigest()[:20]).write_bytes(data)
    scratch = Path(tempfile.mkdtemp(prefix="tinyc-fuzz-")) / "model.onnx"

    def look(data: bytes) -> None:
        finding = examine(data, scratch)
        if finding is None:
            return
        stem = findings / sha256(finding.key.encode()).hexdigest()[:12]
        if not stem.with_suffix(".onnx").exists() or len(data) < stem.with_suffix(".onnx").stat().st_size:
            stem.with_suffix(".onnx").write_bytes(data)
            stem.with_suffix(".txt").write_text(f"{finding.key}\n{finding.text}", encoding="utf-8")

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        made = mutated(data, known, seed) if seed % 100 >= 100 * BYTES else None
        return atheris.Mutate(data, most) if made is None or len(made) > most else made

    limit_memory((MEMORY_MIB + 1024) << 20)  # of addresses, of which libraries take their share
    options = [
        f"-max_total_time={seconds}", f"-timeout={HANG_SECONDS}", f"-rss_limit_mb={MEMORY_MIB}",
        f"-max_len={MOST_BYTES}", f"-artifact_prefix={findings}/", "-print_final_stats=1", "-verbosity=1",
        *([f"-seed={seed}"] if seed else []), str(corpus),
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], look, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
