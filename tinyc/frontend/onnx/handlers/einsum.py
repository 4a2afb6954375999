"""Einsum: products of matrices where it is made of them, loops over any axes otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from string import ascii_letters

from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.einsum import Einsum
from tinyc.ops.matmul import MatMul

Term = tuple[str, str]
"""Letters and the value whose axes they name."""

_BATCH = "abcdefgh"  # the names of leading axes, at most that many


def einsum(node: NodeView) -> str:
    """Two operands after the other; letters that nothing reads any more are summed up on the way."""
    terms, wanted = _terms(node, node.attributes.text("equation", ""))
    while len(terms) > 2:
        later = {letter for letters, _ in terms[2:] for letter in letters} | set(wanted)
        kept = "".join(dict.fromkeys(s for letters, _ in terms[:2] for s in letters if s in later))
        terms = [(kept, product(node, terms[:2], kept)), *terms[2:]]
    return product(node, terms, wanted)


def product(node: NodeView, terms: Sequence[Term], wanted: str) -> str:
    """The sum of products of one or two terms."""
    if len(terms) == 2 and _are_matrices(node, terms, wanted):
        return _matrices(node, terms[0], terms[1], wanted)
    equation = ",".join(letters for letters, _ in terms) + "->" + wanted
    return node.emit(Einsum(equation), *(value for _, value in terms))


def matrix_product(node: NodeView, a: str, b: str) -> str:
    """NumPy's matmul of any elements: vectors as rows or columns, batches that broadcast against each other."""
    ranks = [len(node.shape_of(v)) for v in (a, b)]
    if not all(ranks):
        raise node.invalid(f"shapes {node.shape_of(a)} and {node.shape_of(b)} are no matrices")
    if max(ranks) > len(_BATCH) + 2:
        raise node.unsupported(f"a product of matrices with {max(ranks)} axes")
    batch = _BATCH[: max(*ranks, 2) - 2]
    left, right = (batch[len(batch) - max(rank - 2, 0) :] for rank in ranks)
    rows, columns = ("x" if ranks[0] > 1 else ""), ("z" if ranks[1] > 1 else "")
    return product(node, [(f"{left}{rows}y", a), (f"{right}y{columns}", b)], f"{batch}{rows}{columns}")


def _are_matrices(node: NodeView, terms: Sequence[Term], wanted: str) -> bool:
    """Whether it is a product of matrices of floats: each letter once, those of one operand in the result."""
    a, b = (letters for letters, _ in terms)
    sizes = [dict(zip(letters, node.shape_of(value), strict=True)) for letters, value in terms]
    once = all(len(set(letters)) == len(letters) for letters in (a, b, wanted))
    whole = all(sizes[0][s] == sizes[1][s] for s in a if s in b)
    used = {*a} ^ {*b} <= {*wanted} <= {*a, *b}
    return once and whole and used and all(node.is_float(i) for i in range(len(node)))


def _matrices(node: NodeView, first: Term, second: Term, wanted: str) -> str:
    (a, x), (b, y) = first, second
    sizes = dict(zip(a + b, node.shape_of(x) + node.shape_of(y), strict=True))
    batch = [s for s in wanted if s in a and s in b]
    rows, columns = [s for s in a if s not in b], [s for s in b if s not in a]
    inner = [s for s in a if s in b and s not in wanted]
    count = {name: prod(sizes[s] for s in group) for name, group in (("r", rows), ("c", columns), ("i", inner))}
    leading = tuple(sizes[s] for s in batch)
    left = node.reshaped(_ordered(node, a, x, [*batch, *rows, *inner]), (*leading, count["r"], count["i"]))
    right = node.reshaped(_ordered(node, b, y, [*batch, *inner, *columns]), (*leading, count["i"], count["c"]))
    made = [*batch, *rows, *columns]
    result = node.reshaped(node.emit(MatMul(), left, right), [sizes[s] for s in made])
    return _ordered(node, "".join(made), result, wanted)


def _ordered(node: NodeView, letters: str, value: str, wanted: Sequence[str]) -> str:
    return node.transposed(value, [letters.index(s) for s in wanted])


def _terms(node: NodeView, equation: str) -> tuple[list[Term], str]:
    """The operands and the letters of the result, the axes of an ellipsis named by letters too."""
    left, arrow, wanted = equation.replace(" ", "").partition("->")
    given = left.split(",")
    if len(given) != len(node):
        raise node.invalid(f"equation '{equation}' is of {len(given)} tensors, there are {len(node)}")
    plain = [text.replace("...", "") for text in (*given, wanted)]
    if not all(s in ascii_letters for text in plain for s in text):
        raise node.invalid(f"equation '{equation}' has more than letters, commas, an arrow and ellipses")
    spare = [s for s in ascii_letters if s not in equation]
    more = [len(node.shape(i)) - len(plain[i]) for i in range(len(node))]
    for i, count in enumerate(more):
        if count < 0 or (count and "..." not in given[i]):
            raise node.invalid(f"equation '{equation}' does not fit input {i} of shape {node.shape(i)}")
    most = max(more)
    if most > len(spare):
        raise node.unsupported(f"equation '{equation}' has too many letters")
    ellipsis = "".join(spare[:most])
    if not arrow:
        letters = "".join(plain)
        wanted = "..." + "".join(sorted(s for s in set(letters) if letters.count(s) == 1))
    terms = [
        (text.replace("...", ellipsis[most - count :]), node.value(i))
        for i, (text, count) in enumerate(zip(given, more, strict=True))
    ]
    return terms, wanted.replace("...", ellipsis)
