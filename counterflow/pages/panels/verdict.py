"""What was decided, and what it did to prices and payments: the first thing a reader sees."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from cases.errors import DataWarning
from counterflow.pages.blocks import Block, Card, Cards, Note, Panel
from counterflow.pages.day import Day
from counterflow.pages.text import Text, say
from counterflow.tables.mitigation_summary import mitigation_cards
from counterflow.tables.money import average_price, run_money
from settlement.ledger.frames import records

__all__ = ["cleared_panel", "verdict_panel"]

_COUNTS = {
    "tested": "",
    "conduct_failed": "conduct",
    "impact_failed": "impact",
    "units_mitigated": "mitigated",
    "near_misses": "near",
}


def verdict_panel(day: Day) -> Panel:
    """Verdict cards of a mitigated run: the funnel of tests, and money before and after."""
    funnel = dict(day.whole.stated["mitigation"]["funnel"])
    cards = [
        Card(f"card.{name}", say("value.count", n=("count", funnel[name])), filter=view)
        for name, view in _COUNTS.items()
        if name in funnel
    ]
    failed = _supplier_failures(day)
    if failed is not None:
        tested, failing = failed
        text = say("card.of_tests", n=("count", tested))
        cards.insert(2, Card("card.supplier", say("value.count", n=("count", failing)), text))
    title, blocks = _title(day, funnel), []
    if day.whole_parent is None:
        blocks.append(Note(day.parent_note or say("note.parent_missing", id=""), "missing"))
        return Panel("verdict", "panel.verdict", title, (Cards(tuple(cards)), *blocks))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        table = mitigation_cards(day.whole_parent, day.whole)
    cards += _money_cards(day, table)
    return Panel("verdict", "panel.verdict", title, (Cards(tuple(cards)),), _lead(day, table))


def _supplier_failures(day: Day) -> tuple[int, int] | None:
    """Constraint-hours that were tested for three suppliers, and those in which one failed."""
    tests = day.whole.tests_structure
    tests = tests[tests["rsi3"].notna() & (tests["constraint"] != "")]
    if tests.empty:
        return None
    key = ["interval_start", "constraint", "contingency", "direction"]
    passed = tests.groupby(key)["passed"].all()
    return len(passed), int((~passed).sum())


def _title(day: Day, funnel: dict[str, Any]) -> Text:
    replaced, units = int(funnel.get("mitigated", 0)), int(funnel.get("units_mitigated", 0))
    if replaced:
        return say("verdict.replaced", n=("count", replaced), units=("count", units))
    if funnel.get("conduct_failed"):
        return say("verdict.kept", n=("count", int(funnel["conduct_failed"])))
    return say("verdict.none", n=("count", int(funnel.get("tested", 0))))


def _lead(day: Day, table: pd.DataFrame) -> Text | None:
    price = table[table["item"] == "load_weighted_lmp"].iloc[0]
    payment = table[table["item"] == "load_payment"].iloc[0]
    if not np.isfinite(float(price["change"])):
        return None
    return say(
        "verdict.lead",
        before=("price", float(price["before"])),
        after=("price", float(price["after"])),
        percent=("signed_percent", float(price["change_percent"])),
        payment=("signed_money", float(payment["change"])),
        money=day.money,
        unit=day.per_mwh,
    )


def _money_cards(day: Day, table: pd.DataFrame) -> list[Card]:
    cards = []
    for row in records(table[table["before"].notna()]):
        item, bus = str(row["item"]), ""
        if item.startswith("largest_bus_change"):
            bus = item[len("largest_bus_change (") : -1]
            item = "largest_bus_change"
        if item == "objective":
            continue
        price = item in ("load_weighted_lmp", "largest_bus_change")
        kind, signed = ("price", "signed_price") if price else ("money", "signed_money")
        detail = say(
            "card.change",
            change=(signed, float(row["change"])),
            percent=("signed_percent", float(row["change_percent"])),
            unit=day.per_mwh if price else day.money,
        )
        value = say("value.arrow", a=(kind, float(row["before"])), b=(kind, float(row["after"])))
        cards.append(Card(f"card.{item}", value, detail, filter=f"bus:{bus}" if bus else ""))
    return cards


def cleared_panel(day: Day) -> Panel:
    """What a cleared day cost and paid, and what was short."""
    money = run_money(day.whole)
    price = average_price(day.whole)
    prices = day.run.prices["lmp"]
    short = day.whole.slacks
    cards = [
        Card("card.load_weighted_lmp", _value(day, "price", price), _unit(day.per_mwh)),
        Card("card.load_payment", _value(day, "money", money["load_payment"]), _unit(day.money)),
        Card(
            "card.production_cost",
            _value(day, "money", money["production_cost"]),
            _unit(day.money),
        ),
        Card("card.objective", _value(day, "money", money["objective"]), _unit(day.money)),
        Card("card.lowest_lmp", _value(day, "price", float(prices.min())), _unit(day.per_mwh)),
        Card("card.highest_lmp", _value(day, "price", float(prices.max())), _unit(day.per_mwh)),
        Card(
            "card.rent",
            _value(day, "money", money["merchandising_surplus"]),
            _unit(day.money),
        ),
        Card("card.short", say("value.count", n=("count", len(short))), say("card.short_detail")),
    ]
    title = say(
        "cleared.title",
        price=("price", price),
        unit=day.per_mwh,
        n=("count", _binding(day)),
    )
    blocks: list[Block] = [Cards(tuple(cards))]
    if len(short):
        total = ("money", float(short["cost"].sum()))
        blocks.append(Note(say("note.short", n=("count", len(short)), money=total), "missing"))
    return Panel("verdict", "panel.cleared", title, tuple(blocks))


def _binding(day: Day) -> int:
    from counterflow.explain.limits import active, network_limits

    rows = active(network_limits(day.whole.constraints))
    return len(rows[["constraint", "contingency", "direction"]].drop_duplicates())


def _value(day: Day, kind: str, value: float) -> Text:
    return say("value.one", n=(kind, value))


def _unit(unit: str) -> Text:
    return say("value.unit", unit=unit)
