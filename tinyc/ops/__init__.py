"""The operators, one file each. A new one adds its line here."""

from tinyc.ir.op import Op
from tinyc.ops.accumulate import Accumulate
from tinyc.ops.add import Add
from tinyc.ops.avg_pool2d import AvgPool2D
from tinyc.ops.bitcast import Bitcast
from tinyc.ops.cast import Cast
from tinyc.ops.clamp import Clamp
from tinyc.ops.concat import Concat
from tinyc.ops.conv2d import Conv2D
from tinyc.ops.convolve import Convolve
from tinyc.ops.dense import Dense
from tinyc.ops.depthwise_conv2d import DepthwiseConv2D
from tinyc.ops.dequantize import Dequantize
from tinyc.ops.det import Det
from tinyc.ops.dft import Dft
from tinyc.ops.div import Div
from tinyc.ops.einsum import Einsum
from tinyc.ops.frames import Frames
from tinyc.ops.gather import Gather
from tinyc.ops.grid_sample import GridSample
from tinyc.ops.keep import Keep
from tinyc.ops.linear_attention import LinearAttention
from tinyc.ops.log_softmax import LogSoftmax
from tinyc.ops.lookup import Lookup
from tinyc.ops.map import Map
from tinyc.ops.matmul import MatMul
from tinyc.ops.max_pool2d import MaxPool2D
from tinyc.ops.mean import Mean
from tinyc.ops.mul import Mul
from tinyc.ops.normalize import Normalize
from tinyc.ops.pad import Pad
from tinyc.ops.pool import Pool
from tinyc.ops.prelu import Prelu
from tinyc.ops.quantize import Quantize
from tinyc.ops.recentre import Recentre
from tinyc.ops.recurrent import Recurrent
from tinyc.ops.reduce import Reduce
from tinyc.ops.requantize import Requantize
from tinyc.ops.resample import Resample
from tinyc.ops.reshape import Reshape
from tinyc.ops.resize import Resize
from tinyc.ops.roi_align import RoiAlign
from tinyc.ops.scatter import Scatter
from tinyc.ops.sigmoid import Sigmoid
from tinyc.ops.softmax import Softmax
from tinyc.ops.squared_difference import SquaredDifference
from tinyc.ops.strided import Strided
from tinyc.ops.sub import Sub
from tinyc.ops.tanh import Tanh
from tinyc.ops.top_k import TopK
from tinyc.ops.transpose import Transpose
from tinyc.ops.trees import Trees

ALL_OPS: tuple[type[Op], ...] = (
    Accumulate,
    Add,
    AvgPool2D,
    Bitcast,
    Cast,
    Clamp,
    Concat,
    Conv2D,
    Convolve,
    Dense,
    DepthwiseConv2D,
    Dequantize,
    Det,
    Dft,
    Div,
    Einsum,
    Frames,
    Lookup,
    Gather,
    GridSample,
    Keep,
    LinearAttention,
    Map,
    MatMul,
    MaxPool2D,
    Mean,
    Mul,
    Normalize,
    Pad,
    Pool,
    Prelu,
    Recurrent,
    Reduce,
    Quantize,
    Recentre,
    Requantize,
    Resample,
    Reshape,
    Resize,
    RoiAlign,
    Scatter,
    Sigmoid,
    LogSoftmax,
    Softmax,
    SquaredDifference,
    Strided,
    Sub,
    Tanh,
    TopK,
    Transpose,
    Trees,
)
BY_NAME: dict[str, type[Op]] = {op.name: op for op in ALL_OPS}
