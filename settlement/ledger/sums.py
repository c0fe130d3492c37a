"""Sums over statement lines, whether they are kept one by one or in columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from settlement.ledger.block import Block
from settlement.ledger.line import Line
from settlement.ledger.units import Whole, decimal, decimals

__all__ = ["Sums", "add_block", "add_lines", "columns_of"]

Sums = dict[tuple[Any, ...], Decimal]
"""A sum for each combination of the columns that are summed by."""

NEGATIVE = "negative"
"""Column to sum by: whether the quantity is below zero."""

_ONE = Decimal(1)
_ZERO = Decimal(0)
_FITS = 4.0e18

_OF_LINE: dict[str, Callable[[Line], Decimal]] = {
    "amount": lambda line: line.amount,
    "size": lambda line: abs(line.amount),
    "credit": lambda line: max(line.amount, _ZERO),
    "quantity": lambda line: line.quantity,
    "volume": lambda line: abs(line.quantity),
    "count": lambda line: _ONE,
}


def add_lines(
    found: Sums, lines: Sequence[Line], by: Sequence[str], of: str, items: Sequence[str] | None
) -> None:
    """Add lines to sums."""
    value = _OF_LINE[of]
    places = [Line._fields.index(name) if name != NEGATIVE else -1 for name in by]
    for line in lines:
        if items is not None and line.item not in items:
            continue
        key = tuple(line.quantity < 0 if at < 0 else line[at] for at in places)
        found[key] = found.get(key, _ZERO) + value(line)


def add_block(
    found: Sums, block: Block, by: Sequence[str], of: str, items: Sequence[str] | None
) -> None:
    """Add the lines of a block to sums; exact, in whole units."""
    if items is not None:
        kept = np.isin(block.item.codes, [k for k, i in enumerate(block.item.known) if i in items])
        if not kept.any():
            return
        block = block if kept.all() else block.take(kept)
    codes = np.zeros(len(block), dtype=np.int64)
    sizes: list[int] = []
    known: list[Sequence[Any]] = []
    for name in by:
        if name == NEGATIVE:
            known.append((False, True))
            own: NDArray[Any] = (block.quantity < 0).astype(np.int64)
        else:
            known.append(getattr(block, name).known)
            own = getattr(block, name).codes
        sizes.append(len(known[-1]))
        codes = codes * sizes[-1] + own
    values, digits = _values(block, of)
    groups, codes = _dense(codes, int(np.prod(sizes, dtype=np.int64)) if sizes else 1)
    sums = _added(values, codes, len(groups))
    for group, units in zip(groups.tolist(), sums.tolist(), strict=True):
        key = []
        for size, names in zip(reversed(sizes), reversed(known), strict=True):
            group, code = divmod(group, size)
            key.append(names[code])
        at = tuple(reversed(key))
        found[at] = found.get(at, _ZERO) + decimal(units, digits)


def _values(block: Block, of: str) -> tuple[Whole, int]:
    if of == "count":
        return np.ones(len(block), dtype=np.int64), 0
    if of in ("quantity", "volume"):
        values = block.quantity if of == "quantity" else np.abs(block.quantity)
        return values, block.places.quantity
    values = block.amount
    if of == "size":
        values = np.abs(values)
    elif of == "credit":
        values = np.maximum(values, 0)
    return values, block.places.money


def _dense(codes: Whole, most: int) -> tuple[Whole, Whole]:
    """Groups that occur, in order of appearance, and the place of each row among them."""
    if most > 4 * len(codes) + 1024:
        _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    else:
        first = np.full(most, -1, dtype=np.int64)
        first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
        used = np.flatnonzero(first >= 0)
        place = np.empty(most, dtype=np.int64)
        place[used] = np.arange(len(used))
        first, inverse = first[used], place[codes]
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return codes[first[order]], rank[inverse]


def _added(values: Whole, codes: Whole, groups: int) -> NDArray[Any]:
    fits = float(np.abs(values).sum(dtype=np.float64)) < _FITS
    sums: NDArray[Any] = np.zeros(groups, dtype=np.int64 if fits else object)
    np.add.at(sums, codes, values if fits else values.astype(object))
    return sums


def columns_of(part: list[Line] | Block) -> tuple[dict[str, list[Any]], NDArray[np.int64]]:
    """The cells of lines by column, and their interval starts in nanoseconds."""
    if isinstance(part, Block):
        known = np.array([at.as_unit("ns").value for at in part.interval_start.known], "int64")
        cells = {
            "owner": part.owner.values(),
            "subject": part.subject.values(),
            "item": part.item.values(),
            "quantity": decimals(part.quantity, part.places.quantity),
            "price": decimals(part.price, part.places.price),
            "amount": decimals(part.amount, part.places.money),
            "rule": part.rules(),
        }
        return cells, known[part.interval_start.codes]
    columns = [list(column) for column in zip(*part, strict=True)] or [[] for _ in Line._fields]
    named = dict(zip(Line._fields, columns, strict=True))
    stamps = named.pop("interval_start")
    value = {at: at.as_unit("ns").value for at in set(stamps)}
    return named, np.array([value[at] for at in stamps], "int64")
