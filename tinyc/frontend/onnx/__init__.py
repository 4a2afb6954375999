"""ONNX models into the float graph of the IR. The only package that imports onnx.

A node is imported naively, one handler an operator: data stay in ONNX's layout, and convolutions and pools stand
between a transpose to NHWC and one back. Later passes cancel what that leaves over.
"""

from tinyc.frontend.onnx.importer import import_model, inspect_model

__all__ = ["import_model", "inspect_model"]
