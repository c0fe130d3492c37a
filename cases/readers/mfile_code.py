"""The code that MATPOWER's own case files hold beside their data: arithmetic and unit conversions.

Its distribution cases give ohms and kW and end with statements such as

    Vbase = mpc.bus(1, BASE_KV) * 1e3;
    mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / (Vbase^2 / Sbase);

Just these forms are computed here: expressions of numbers, named constants and entries of the
data, and columns of a table multiplied or divided by such an expression.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cases.readers.matrix import Matrix

__all__ = ["NotComputed", "computed", "converted"]

Floats = NDArray[np.float64]

LONGEST: Final = 200
"""Characters of an expression; what is longer is no conversion of units."""

_FUNCTIONS: Final[Mapping[str, Callable[[float], float]]] = {
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "acos": math.acos,
}
_OPERATORS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: math.pow,
}
_COLUMNS: Final = r"mpc\.(\w+)\(\s*:\s*,\s*(\w+|\[[\w\s,]+\])\s*\)"
_CONVERSION: Final = re.compile(rf"{_COLUMNS}\s*=\s*{_COLUMNS}\s*([*/])(.+)")


class NotComputed(ValueError):
    """Code of a form that is not computed here."""


def computed(text: str, names: Mapping[str, float], tables: Mapping[str, Matrix]) -> float:
    """Compute an expression such as `135/sqrt(3)` or `mpc.bus(1, BASE_KV) * 1e3`.

    Raises NotComputed where it is anything else, or no finite number.
    """
    if len(text) > LONGEST or "**" in text:
        raise NotComputed(text)
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval")
        value = _value(tree.body, names, tables)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError) as error:
        raise NotComputed(text) from error
    if not math.isfinite(value):
        raise NotComputed(text)
    return value


def converted(
    statement: str, names: Mapping[str, float], tables: Mapping[str, Matrix]
) -> tuple[str, Matrix]:
    """Compute `mpc.T(:, COLUMNS) = mpc.T(:, COLUMNS) * factor` (or /); return T and its matrix.

    One column may also become another one times a factor. Raises NotComputed for anything else.
    """
    match = _CONVERSION.fullmatch(statement.strip())
    if match is None or match[1] != match[3] or match[1] not in tables:
        raise NotComputed(statement)
    factor = _product(match[5], match[6], names, tables)
    matrix = tables[match[1]]
    targets, origins = (_positions(matrix, text) for text in (match[2], match[4]))
    if len(targets) != len(origins):
        raise NotComputed(statement)
    values = matrix.values.copy()
    values[:, targets] = values[:, origins] * factor
    return match[1], replace(matrix, values=values)


def _product(
    sign: str, text: str, names: Mapping[str, float], tables: Mapping[str, Matrix]
) -> float:
    """Factor on a column of what follows it: `/ a * b` is (column / a) * b."""
    whole = f"1 {sign} {text}"
    factor = computed(whole, names, tables)
    body = ast.parse(whole.replace("^", "**"), mode="eval").body
    if isinstance(body, ast.BinOp) and isinstance(body.op, ast.Add | ast.Sub):
        raise NotComputed(text)
    return factor


def _positions(matrix: Matrix, text: str) -> list[int]:
    wanted = text.strip("[]").replace(",", " ").split()
    unknown = [name for name in wanted if name not in matrix.columns]
    positions = [matrix.columns.index(name) for name in wanted if name not in unknown]
    if unknown or not matrix.values.size or max(positions) >= matrix.values.shape[1]:
        raise NotComputed(text)
    return positions


def _value(node: ast.expr, names: Mapping[str, float], tables: Mapping[str, Matrix]) -> float:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value)
        case ast.Name(id="pi"):
            return math.pi
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.Attribute(value=ast.Name(id="mpc"), attr=name) if f"mpc.{name}" in names:
            return names[f"mpc.{name}"]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, names, tables)
        case (
            ast.BinOp(left=ast.BinOp(op=ast.Pow()), op=ast.Pow())
            | ast.BinOp(op=ast.Pow(), right=ast.BinOp(op=ast.Pow()))
        ):
            raise NotComputed("a power of a power")
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            operate = _OPERATORS[type(sign)]
            return operate(_value(left, names, tables), _value(right, names, tables))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_value(argument, names, tables))
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="mpc"), attr=table),
            args=[ast.Constant(value=int() as row), ast.Name(id=column)],
            keywords=[],
        ) if table in tables and 1 <= row <= len(tables[table].values):
            return float(tables[table].values[row - 1, _positions(tables[table], column)[0]])
    raise NotComputed(ast.dump(node)[:LONGEST])
