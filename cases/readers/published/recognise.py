"""Which layout a file has; where it has none, what the layout of its date should be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from cases.errors import Failure, InputError
from cases.files.convert import nearest
from cases.readers.published.layout import Kind, Layout
from cases.readers.published.markets import layouts
from cases.readers.published.source import Header, Text, header_of, plain

__all__ = ["layout_of", "service_columns"]


def layout_of(text: Text, kinds: Sequence[Kind], market: str) -> tuple[Layout, Header]:
    """Find the layout of a file among those of some kinds; of a market where it is named.

    Prices and loads may come as frames of gridstatus, whatever the market.

    Raises
    ------
    InputError
        The file is of another market or kind, or of none: it names the columns that are missing,
        those that look like them, and the whole layout that was expected.
    """
    known = layouts()
    header = header_of(text, known)
    found = [layout for layout in known if _fits(layout, header)]
    mine = [
        layout for layout in found
        if layout.kind in kinds and (market in ("", layout.market) or layout.market == "gridstatus")
    ]  # fmt: skip
    if mine:
        return max(mine, key=lambda layout: (len(layout.required), _marked(layout, text))), header
    if found:
        other = found[0]
        wanted = " or ".join(kinds)
        message = f"is {other.name} ({other.kind}); expected {wanted} of {market or 'some market'}"
        raise InputError.one(text.name, header.line, None, "market", message)
    expected = [one for kind in kinds for one in layouts(kind, market)] or list(known)
    raise InputError(_missing(text, header, _closest(expected, header)))


def _fits(layout: Layout, header: Header) -> bool:
    have = {plain(column) for column in header.columns}
    if not {plain(column) for column in layout.required} <= have:
        return False
    if layout.kind == "reserves":
        return bool(service_columns(layout, header.columns))
    return layout.wide is None or "node" in have


def _marked(layout: Layout, text: Text) -> bool:
    return any(mark in text.name for mark in layout.marks)


def service_columns(
    layout: Layout, columns: Sequence[str]
) -> dict[str, dict[int, tuple[str, str]]]:
    """Product -> block -> its price column and its MW column, in an offer file of reserves.

    Both orders of the words are known: `PRICE1 REGUP` and, since the products were renamed,
    `REGUP PRICE1`; a product without a name of ours keeps that of the file.
    """
    form = re.compile(r"(?:PRICE(\d+) (.+)|(.+) PRICE(\d+))", re.IGNORECASE)
    have = {plain(column): column for column in columns}
    found: dict[str, dict[int, tuple[str, str]]] = {}
    for column in columns:
        match = form.fullmatch(" ".join(column.split()))
        if match is None:
            continue
        block, service = int(match[1] or match[4]), (match[2] or match[3]).upper()
        mw = have.get(plain(f"QUANTITY MW{block}"))
        if mw is not None:
            product = layout.products.get(service, service)
            found.setdefault(product, {})[block] = (column, mw)
    return found


def _closest(expected: Sequence[Layout], header: Header) -> Layout:
    have = {plain(column) for column in header.columns}
    return max(
        expected,
        key=lambda one: len({plain(c) for c in one.required} & have) / max(1, len(one.required)),
    )


def _missing(text: Text, header: Header, layout: Layout) -> list[Failure]:
    have = {plain(column) for column in header.columns}
    wanted = {plain(column) for column in layout.required}
    spare = [column for column in header.columns if plain(column) not in wanted]
    failures = []
    for column in layout.required:
        if plain(column) not in have:
            hint = nearest(column, spare)
            message = f"the column is missing{hint}; {layout.name} has {_told(layout)}"
            failures.append(Failure(text.name, header.line, column, "layout", message))
    return failures[:12]


def _told(layout: Layout) -> str:
    """The columns of a layout in short: points of curves as a range."""
    curve = [] if layout.curve is None else layout.curve.names()
    named = [column for column in layout.required if column not in curve]
    if curve and layout.curve is not None and layout.curve.points:
        last = layout.curve.points
        for form in (layout.curve.mw, layout.curve.price):
            named.append(f"{form.format(k=1, product='PRODUCT')}..{last}")
    elif curve:
        named += curve
    return ", ".join(named)


def held_on(layout: Layout, first: date, last: date) -> str | None:
    """Say what is wrong where a file has days on which its layout did not hold."""
    if layout.since is not None and first < layout.since:
        return f"has {first}, but {layout.name} has days from {layout.since} on"
    if layout.until is not None and last > layout.until:
        others = [
            one.name
            for one in layouts(layout.kind, layout.market)
            if one is not layout and one.since is not None and one.since > layout.until
        ]
        return (
            f"has {last}, but this is the layout until {layout.until}; then {' or '.join(others)}"
        )
    return None
