"""Functions of single elements: what they mean to NumPy, and the C expression of `a`, `b`, `c` that computes them.

One line a function. `f` is the expression for float32, `i` and `u` for signed and unsigned integers, `t` for truth
values; what is missing does not exist. Integers wrap: they are computed in 64 bits, without signed overflow. In an
expression {0}, {1}, … stand for the parameters of the operator, {T} for the C type of `a`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import erf
from typing import Any

import numpy as np

from tinyc.ir.op import Array
from tinyc.ir.types import DType

SAME, TRUTH = "the type of a", "a truth value"


@dataclass(frozen=True)
class Function:
    """A function of `arity` elements, and as many parameters as its NumPy form has keyword arguments `p0`, `p1`, …"""

    arity: int
    numpy: Callable[..., Any]
    c: Mapping[str, str]
    result: str = SAME


def _unary(numpy: Callable[..., Any], **c: str) -> Function:
    return Function(1, numpy, c)


def _binary(numpy: Callable[..., Any], **c: str) -> Function:
    return Function(2, numpy, c)


def _compare(numpy: Callable[..., Any], operator: str) -> Function:
    return Function(2, numpy, dict.fromkeys("fiut", f"a {operator} b"), TRUTH)


def _wraps(operator: str) -> dict[str, str]:
    return {"f": f"a {operator} b", **dict.fromkeys("iu", f"(uint64_t)a {operator} (uint64_t)b")}


def _truncated(a: Array, b: Array) -> Array:
    """Division towards zero; 0 where b is 0."""
    if a.dtype.kind == "f":
        return np.asarray(a / b)
    safe = np.where(b == 0, 1, b)
    quotient = np.floor_divide(a, safe)
    inexact = (np.multiply(quotient, safe) != a) & ((a < 0) != (safe < 0))
    return np.where(b == 0, 0, quotient + inexact)


def _shift(a: Array, b: Array, left: bool) -> Array:
    bits = a.dtype.itemsize * 8
    inside = np.clip(b, 0, bits - 1)
    moved = np.left_shift(a, inside) if left else np.right_shift(a, inside)
    return np.where(inside != b, np.where((a < 0) & (not left), -1, 0), moved)


def _shifts(operator: str) -> dict[str, str]:
    """Bits that are moved out are gone; to the right, the sign fills up."""
    bits = "(8 * (int64_t)sizeof({T}))"
    left = operator == "<<"
    beyond = "0" if left else "(a < 0 ? -1 : 0)"
    signed = "(int64_t)((uint64_t)a << b)" if left else "(int64_t)a >> b"
    return {
        "u": f"b < (uint64_t){bits} ? (uint64_t)a {operator} b : 0u",
        "i": f"b >= 0 && b < {bits} ? {signed} : {beyond}",
    }


def _powered(a: Array, b: Array) -> Array:
    if a.dtype.kind == "f":
        return np.power(a, b.astype(np.float32))
    if b.dtype.kind == "f":
        return np.power(a.astype(np.float32), b)
    negative = np.where(np.abs(a) == 1, np.power(a, np.abs(b)), 0)
    return np.where(b < 0, negative, np.power(a, np.abs(b)))


def _erf(a: Array) -> Array:
    return np.asarray(np.vectorize(erf, otypes=[np.float32])(a))


def _rounded_bfloat16(a: Array) -> Array:
    bits = a.view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)
    return np.where(np.isnan(a), a, rounded)


_F32 = np.float32

FUNCTIONS: Mapping[str, Function] = {
    # one operand
    "identity": _unary(lambda a: a, f="a", i="a", u="a", t="a"),
    "abs": _unary(np.abs, f="fabsf(a)", i="a < 0 ? 0u - (uint64_t)a : (uint64_t)a", u="a"),
    "neg": _unary(np.negative, f="-a", i="0u - (uint64_t)a"),
    "sign": _unary(np.sign, f="tinyc_sign_f32(a)", i="(a > 0) - (a < 0)", u="a > 0"),
    "not": _unary(np.logical_not, t="!a"),
    "bitwise_not": _unary(np.invert, i="~(uint64_t)a", u="~(uint64_t)a"),
    "acos": _unary(np.arccos, f="acosf(a)"),
    "acosh": _unary(np.arccosh, f="acoshf(a)"),
    "asin": _unary(np.arcsin, f="asinf(a)"),
    "asinh": _unary(np.arcsinh, f="asinhf(a)"),
    "atan": _unary(np.arctan, f="atanf(a)"),
    "atanh": _unary(np.arctanh, f="atanhf(a)"),
    "ceil": _unary(np.ceil, f="ceilf(a)"),
    "cos": _unary(np.cos, f="cosf(a)"),
    "cosh": _unary(np.cosh, f="coshf(a)"),
    "erf": _unary(_erf, f="erff(a)"),
    "exp": _unary(np.exp, f="expf(a)"),
    "floor": _unary(np.floor, f="floorf(a)"),
    "log": _unary(np.log, f="logf(a)"),
    "reciprocal": _unary(np.reciprocal, f="1.0f / a"),
    "round": _unary(np.rint, f="rintf(a)"),
    "sigmoid": _unary(lambda a: 1 / (1 + np.exp(-a)), f="1.0f / (1.0f + expf(-a))"),
    "sin": _unary(np.sin, f="sinf(a)"),
    "sinh": _unary(np.sinh, f="sinhf(a)"),
    "softplus": _unary(
        lambda a: np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a))), f="fmaxf(a, 0.0f) + log1pf(expf(-fabsf(a)))"
    ),
    "softsign": _unary(lambda a: a / (1 + np.abs(a)), f="a / (1.0f + fabsf(a))"),
    "sqrt": _unary(np.sqrt, f="sqrtf(a)"),
    "tan": _unary(np.tan, f="tanf(a)"),
    "tanh": _unary(np.tanh, f="tanhf(a)"),
    "is_nan": Function(1, np.isnan, {"f": "a != a"}, TRUTH),
    "to_bfloat16": _unary(lambda a: _rounded_bfloat16(a), f="tinyc_to_bfloat16(a)"),
    # one operand and parameters
    "affine": _unary(lambda a, p0, p1: a * _F32(p0) + _F32(p1), f="a * {0} + {1}"),
    "celu": _unary(
        lambda a, p0: np.maximum(a, 0) + np.minimum(_F32(p0) * np.expm1(a / _F32(p0)), 0),
        f="fmaxf(a, 0.0f) + fminf({0} * expm1f(a / {0}), 0.0f)",
    ),
    "elu": _unary(lambda a, p0: np.where(a < 0, _F32(p0) * np.expm1(a), a), f="a < 0.0f ? {0} * expm1f(a) : a"),
    "hard_swish": _unary(
        lambda a: a * np.clip(a + _F32(3), 0, 6) / _F32(6), f="a * fminf(fmaxf(a + 3.0f, 0.0f), 6.0f) / 6.0f"
    ),
    "hard_sigmoid": _unary(
        lambda a, p0, p1: np.clip(a * _F32(p0) + _F32(p1), 0, 1), f="fminf(fmaxf(a * {0} + {1}, 0.0f), 1.0f)"
    ),
    "is_inf": Function(
        1,
        lambda a, p0, p1: (np.isneginf(a) & bool(p0)) | (np.isposinf(a) & bool(p1)),
        {"f": "({0} != 0.0f && a == -INFINITY) || ({1} != 0.0f && a == INFINITY)"},
        TRUTH,
    ),
    "leaky_relu": _unary(lambda a, p0: np.where(a < 0, a * _F32(p0), a), f="a < 0.0f ? a * {0} : a"),
    "scaled_tanh": _unary(lambda a, p0, p1: _F32(p0) * np.tanh(_F32(p1) * a), f="{0} * tanhf({1} * a)"),
    "selu": _unary(
        lambda a, p0, p1: np.where(a <= 0, _F32(p1) * (_F32(p0) * np.expm1(a)), _F32(p1) * a),
        f="a <= 0.0f ? {1} * ({0} * expm1f(a)) : {1} * a",
    ),
    "shrink": _unary(
        lambda a, p0, p1: np.where(a < -p0, a + _F32(p1), np.where(a > p0, a - _F32(p1), 0)),
        f="a < -{0} ? a + {1} : a > {0} ? a - {1} : 0.0f",
        i="(float)a < -{0} ? (float)a + {1} : (float)a > {0} ? (float)a - {1} : 0.0f",
        u="(float)a > {0} ? (float)a - {1} : 0.0f",
    ),
    "thresholded_relu": _unary(lambda a, p0: np.where(a > p0, a, 0), f="a > {0} ? a : 0.0f"),
    # two operands
    "add": _binary(np.add, **_wraps("+")),
    "sub": _binary(np.subtract, **_wraps("-")),
    "mul": _binary(np.multiply, **_wraps("*")),
    "div": _binary(_truncated, f="a / b", i="tinyc_div_i64(a, b)", u="tinyc_div_u64(a, b)"),
    "mod": _binary(
        lambda a, b: np.mod(a, b), f="tinyc_mod_f32(a, b)", i="tinyc_mod_i64(a, b)", u="tinyc_mod_u64(a, b)"
    ),
    "fmod": _binary(np.fmod, f="fmodf(a, b)", i="tinyc_rem_i64(a, b)", u="tinyc_mod_u64(a, b)"),
    "pow": _binary(_powered, f="powf(a, (float)b)", i="tinyc_pow_i64(a, b)", u="tinyc_pow_i64((int64_t)a, (int64_t)b)"),
    "pow_f": _binary(_powered, i="tinyc_to_i64(powf((float)a, b))", u="tinyc_to_u64(powf((float)a, b))"),
    "max": _binary(np.maximum, f="tinyc_max_f32(a, b)", i="a > b ? a : b", u="a > b ? a : b"),
    "min": _binary(np.minimum, f="tinyc_min_f32(a, b)", i="a < b ? a : b", u="a < b ? a : b"),
    "prelu": _binary(
        lambda a, b: np.where(a < 0, a * b, a),
        f="a < 0.0f ? a * b : a",
        i="a < 0 ? (uint64_t)a * (uint64_t)b : (uint64_t)a",
        u="a",
    ),
    "and": _binary(np.logical_and, t="a && b"),
    "or": _binary(np.logical_or, t="a || b"),
    "xor": _binary(np.logical_xor, t="!a != !b"),
    "bitwise_and": _binary(np.bitwise_and, i="a & b", u="a & b"),
    "bitwise_or": _binary(np.bitwise_or, i="a | b", u="a | b"),
    "bitwise_xor": _binary(np.bitwise_xor, i="a ^ b", u="a ^ b"),
    "shift_left": _binary(lambda a, b: _shift(a, b, True), **_shifts("<<")),
    "shift_right": _binary(lambda a, b: _shift(a, b, False), **_shifts(">>")),
    "equal": _compare(np.equal, "=="),
    "greater": _compare(np.greater, ">"),
    "greater_or_equal": _compare(np.greater_equal, ">="),
    "less": _compare(np.less, "<"),
    "less_or_equal": _compare(np.less_equal, "<="),
    # three operands; of `where` the first is a truth value
    "where": Function(3, np.where, dict.fromkeys("fiut", "a ? b : c")),
    "clip": Function(
        3,
        lambda a, b, c: np.minimum(np.maximum(a, b), c),
        {
            "f": "tinyc_min_f32(tinyc_max_f32(a, b), c)",
            **dict.fromkeys("iu", "(a > b ? a : b) < c ? (a > b ? a : b) : c"),
        },
    ),
}


def class_of(kind: DType) -> str:
    """The class of element types for which expressions are the same."""
    if kind is DType.F32:
        return "f"
    return "t" if kind is DType.BOOL else kind.numpy.kind
