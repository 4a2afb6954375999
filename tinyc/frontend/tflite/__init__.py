"""TensorFlow Lite models into the float graph of the IR. The only package that imports tflite.

A tensor with a scale is stored in integers: operators compute on what it stands for, between `dequantize` and
`quantize`, as in quantized ONNX models. Tensors are NHWC already, so that nothing is transposed.
"""

from tinyc.frontend.tflite.importer import import_model, inspect_model

__all__ = ["import_model", "inspect_model"]
