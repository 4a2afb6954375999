"""How each ONNX operator becomes operators of the IR: one handler each, listed here.

A handler reads the attributes and inputs of its node, emits what computes the node's first result, and returns
that value. What it does not ask for is noticed by its caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tinyc.frontend.onnx.handlers import convolution, elementwise, linear, pooling, reduction, shape
from tinyc.frontend.onnx.node import NodeView

Handler = Callable[[NodeView], str]

HANDLERS: Mapping[str, Handler] = {
    "Add": elementwise.add,
    "AveragePool": pooling.average_pool,
    "BatchNormalization": elementwise.batch_normalization,
    "Cast": shape.cast,
    "Clip": elementwise.clip,
    "Concat": shape.concat,
    "Conv": convolution.conv,
    "Div": elementwise.div,
    "Dropout": shape.dropout,
    "Flatten": shape.flatten,
    "Gemm": linear.gemm,
    "GlobalAveragePool": pooling.global_average_pool,
    "GlobalMaxPool": pooling.global_max_pool,
    "Identity": shape.identity,
    "MatMul": linear.matmul,
    "MaxPool": pooling.max_pool,
    "Mul": elementwise.mul,
    "Pad": shape.pad,
    "ReduceMean": reduction.reduce_mean,
    "Relu": elementwise.relu,
    "Reshape": shape.reshape,
    "Sigmoid": elementwise.sigmoid,
    "Softmax": reduction.softmax,
    "Squeeze": shape.squeeze,
    "Sub": elementwise.sub,
    "Tanh": elementwise.tanh,
    "Transpose": shape.transpose,
    "Unsqueeze": shape.unsqueeze,
}
