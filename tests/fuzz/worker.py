"""One process of the fuzzer: FORMAT FOLDER SECONDS SEED. See fuzz.py."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tinyc"]):
    from fuzz_target import examine, import_model, limit_memory

    from tinyc.errors import TinycError

from corpus import SEEDS
from fuzz import HANG_SECONDS, MEMORY_MIB, MOST_BYTES
from mutate import mutated
from mutate_tflite import Mutator

BYTES = 0.1
"""The share of changes of single bytes."""


def problem(data: bytes) -> str:
    """What is wrong with a file, as tinyc says; nothing if it says so in any other way than by an error."""
    path = Path(sys.argv[2]) / "last.tflite"  # where it lies if the process ends here
    path.write_bytes(data)
    try:
        import_model(path)
    except TinycError as error:
        return error.message
    except Exception:  # which `look` will meet
        return ""
    return ""


_CHANGES: dict[str, Callable[[list[bytes]], Callable[[bytes, int, int], bytes | None]]] = {
    "onnx": lambda known: lambda data, _, seed: mutated(data, known, seed),
    "tflite": lambda known: Mutator(known, problem),
}


def main() -> None:
    """Set up libFuzzer and never return."""
    form, folder, seconds, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    corpus, findings = folder / "corpus" / form, folder / "findings"
    corpus.mkdir(parents=True, exist_ok=True)
    known = list(SEEDS[form]().values())
    for data in known:
        (corpus / sha256(data).hexdigest()[:20]).write_bytes(data)
    scratch = Path(tempfile.mkdtemp(prefix="tinyc-fuzz-")) / f"model.{form}"

    def look(data: bytes) -> None:
        finding = examine(data, scratch)
        if finding is None:
            return
        stem = findings / sha256(finding.key.encode()).hexdigest()[:12]
        file = stem.with_suffix(f".{form}")
        if not file.exists() or len(data) < file.stat().st_size:
            file.write_bytes(data)
            stem.with_suffix(".txt").write_text(f"{finding.key}\n{finding.text}", encoding="utf-8")

    change = _CHANGES[form](known)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        made = change(data, most, seed) if seed % 100 >= 100 * BYTES else None
        return atheris.Mutate(data, most) if made is None or len(made) > most else made

    limit_memory((MEMORY_MIB + 1024) << 20)  # of addresses, of which libraries take their share
    options = [
        f"-max_total_time={seconds}", f"-rss_limit_mb={MEMORY_MIB}", f"-max_len={MOST_BYTES}",
        f"-timeout={HANG_SECONDS}", f"-report_slow_units={HANG_SECONDS}",
        f"-artifact_prefix={findings}/", "-print_final_stats=1", "-verbosity=1",
        *([f"-seed={seed}"] if seed else []), str(corpus),
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], look, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
