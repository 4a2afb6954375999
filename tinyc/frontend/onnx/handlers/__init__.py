"""How each ONNX operator becomes operators of the IR: one handler each, listed here.

A handler reads the attributes and inputs of its node, emits what computes the node's first result, and returns
that value. What it does not ask for is noticed by its caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tinyc.frontend.onnx.handlers import (
    activation,
    convolution,
    elementwise,
    linear,
    normalization,
    pooling,
    reduction,
    resize,
    shape,
)
from tinyc.frontend.onnx.node import NodeView

Handler = Callable[[NodeView], str]

HANDLERS: Mapping[str, Handler] = {
    "Add": elementwise.add,
    "AveragePool": pooling.average_pool,
    "BatchNormalization": normalization.batch_normalization,
    "Cast": shape.cast,
    "Clip": activation.clip,
    "Concat": shape.concat,
    "Conv": convolution.conv,
    "Div": elementwise.div,
    "Dropout": shape.dropout,
    "Flatten": shape.flatten,
    "Gemm": linear.gemm,
    "GlobalAveragePool": pooling.global_average_pool,
    "GlobalMaxPool": pooling.global_max_pool,
    "HardSigmoid": activation.hard_sigmoid,
    "HardSwish": activation.hard_swish,
    "Identity": shape.identity,
    "LeakyRelu": activation.leaky_relu,
    "MatMul": linear.matmul,
    "Max": activation.maximum,
    "MaxPool": pooling.max_pool,
    "Mean": elementwise.mean_of,
    "Min": activation.minimum,
    "Mul": elementwise.mul,
    "Neg": elementwise.neg,
    "PRelu": activation.prelu,
    "Pad": shape.pad,
    "ReduceMean": reduction.reduce_mean,
    "ReduceSum": reduction.reduce_sum,
    "Relu": activation.relu,
    "Reshape": shape.reshape,
    "Resize": resize.resize,
    "Sigmoid": activation.sigmoid,
    "Softmax": normalization.softmax,
    "Squeeze": shape.squeeze,
    "Sub": elementwise.sub,
    "Sum": elementwise.sum_of,
    "Swish": activation.swish,
    "Tanh": activation.tanh,
    "Transpose": shape.transpose,
    "Unsqueeze": shape.unsqueeze,
    "Upsample": resize.upsample,
}
