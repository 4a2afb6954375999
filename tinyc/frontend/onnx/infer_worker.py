"""The process that `inference` starts: models come in, models with shapes go out, each behind its length.

It imports nothing of tinyc, so that it starts quickly.
"""

from __future__ import annotations

import sys

from onnx import load_model_from_string, shape_inference

HEADER_BYTES = 8


def main() -> None:
    """Answer until there are no more questions; no bytes stand for what cannot be inferred."""
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while len(header := questions.read(HEADER_BYTES)) == HEADER_BYTES:
        data = questions.read(int.from_bytes(header, "little"))
        try:
            found = shape_inference.infer_shapes(load_model_from_string(data), data_prop=True).SerializeToString()
        except Exception:  # of which there are many, that differ with the version of onnx
            found = b""
        answers.write(len(found).to_bytes(HEADER_BYTES, "little") + found)
        answers.flush()


if __name__ == "__main__":
    main()
