"""An explained price in sentences, and as HTML for notebooks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from counterflow.console import number, stamp
from counterflow.explain.pockets import pocket_text
from counterflow.html import block, html_table, paragraph

if TYPE_CHECKING:
    from counterflow.explain.explanation import PriceExplanation

__all__ = ["price_html", "price_sentences", "price_title"]

_SHOWN = 8
"""Setters that a sentence names."""


def price_title(found: PriceExplanation) -> str:
    """What is explained: place, interval, price."""
    zone = f", zone {found.zone}" if found.zone and found.kind != "zone" else ""
    price = "no price" if math.isnan(found.lmp) else f"{number(found.lmp, 6)} {_unit(found)}"
    return (
        f"{found.case}: {found.kind} {found.bus}{zone}, {stamp(found.interval_start)} to "
        f"{stamp(found.interval_end)}: {price}"
    )


def price_sentences(found: PriceExplanation) -> tuple[str, ...]:
    """Title, terms, setters, ties, both sides, pockets: one sentence each."""
    said = [price_title(found) + "."]
    if math.isnan(found.lmp):
        return (*said, f"{_capital(found.reason)}.")
    said.append(_terms(found))
    if found.determined:
        said.append(_setters(found))
        if found.ties:
            said.append(f"They are held together by {', '.join(found.ties)}.")
        if found.reason:
            said.append(f"{_capital(found.reason)}.")
        said += _sides(found)
    else:
        said.append(f"Who sets it is not determined: {found.reason}.")
    said += [f"{_capital(pocket_text(row))}." for row in found.pocket_rows]
    return tuple(said)


def _terms(found: PriceExplanation) -> str:
    parts = []
    for row in found.term_rows:
        if row["term"] == "congestion":
            after = f" after {row['contingency']}" if row["contingency"] else ""
            product = f"{number(row['dfax'], 4)} x {number(row['shadow_price'])}"
            parts.append((row["amount"], f"{row['constraint']}{after} ({product})"))
        elif row["amount"] or row["term"] == "energy":
            parts.append((row["amount"], row["term"]))
    listed = " ".join(
        f"{_sign(amount, first=not k)}{number(abs(amount), 4)} {what}"
        for k, (amount, what) in enumerate(parts)
    )
    return f"{number(found.lmp, 4)} = {listed}."


def _setters(found: PriceExplanation) -> str:
    rows = found.setter_rows
    listed = ", ".join(_setter(found, row) for row in rows[:_SHOWN])
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    if not rows:
        return "One MW more there costs nothing."
    return f"One MW more there is made by {listed}{more}: {number(found.lmp, 4)} in all."


def _setter(found: PriceExplanation, row: dict[Any, Any]) -> str:
    at = row["interval_start"]
    when = f" at {at:%m-%d %H:%M}" if at == at and at != found.interval_start else ""
    owner = f" ({row['owner']})" if row["owner"] else ""
    kind = "" if row["kind"] == "unit" else f"{row['kind']} "
    paid = f" at {number(row['price'])}" if row["price"] else ""
    return f"{number(row['coefficient'], 4)} MW of {kind}{row['name']}{owner}{when}{paid}"


def _sides(found: PriceExplanation) -> list[str]:
    said = []
    for row in found.side_rows:
        if not math.isfinite(row["mw"]):
            continue
        said.append(
            f"For {number(row['mw'])} MW {row['side']} the price is {number(row['price'], 4)}, set "
            f"by {row['setters']}, until {row['until']}."
        )
    return said


def price_html(found: PriceExplanation) -> str:
    """Title, terms, setters and sides as HTML."""
    unit = _unit(found)
    parts = [
        html_table(
            found.terms,
            {
                "term": "term",
                "constraint": "constraint",
                "contingency": "contingency",
                "shadow_price": "shadow price",
                "dfax": "x DFAX",
                "amount": f"= {unit}",
            },
            digits=4,
        )
    ]
    if len(found.setters):
        headings = {"kind": "kind", "name": "sets it", "owner": "owner", "bus": "bus"}
        headings |= {"interval_start": "interval", "mw": "MW", "price": f"offer {unit}"}
        headings |= {"coefficient": "x coefficient", "amount": f"= {unit}"}
        parts.append(html_table(found.setters, headings, digits=4))
    if len(found.sides):
        headings = {"side": "one MW", "price": unit, "mw": "holds for MW", "until": "until"}
        parts.append(html_table(found.sides, headings, digits=4))
    said = [text for text in (*found.ties, found.reason) if text]
    if said:
        parts.append(paragraph("; ".join(said)))
    return block(price_title(found), parts)


def _unit(found: PriceExplanation) -> str:
    return f"{found.currency}/MWh"


def _sign(amount: float, *, first: bool) -> str:
    if first:
        return "-" if amount < 0 else ""
    return "- " if amount < 0 else "+ "


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
