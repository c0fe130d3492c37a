"""A day's offers and bids against credit, before anything is cleared.

What an owner may have to pay for the day is what it can buy: fixed demand at the forward price of
its bus (or its zone, or the rulebook's `settlement.credit.day_price`), price-sensitive bids and
virtual decrements at their own prices, virtual increments at what the price may be above them, a
spread at its own price, and storage for one filling. Selling is no claim on credit before it is
cleared. What was owed before (`exposures`) comes on top.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import Failure, InputError
from cases.rulebook.settlement import SettlementRules
from settlement.ledger.frames import Problems, records
from settlement.ledger.money import Number, exact, round_to
from settlement.market.positions import NO_OWNER
from settlement.parties import participant_problem

__all__ = ["COLUMNS", "credit_problems", "day_credit"]

COLUMNS = ("owner", "demand", "bids", "virtuals", "storage", "owed", "required", "collateral",
           "short", "passed")  # fmt: skip
_ITEMS = COLUMNS[1:5]


def day_credit(
    case: Case,
    rules: SettlementRules,
    collateral: Mapping[str, Number] | None = None,
    owed: Mapping[str, Number] | None = None,
) -> pd.DataFrame:
    """What every owner may have to pay for a day, and whether its collateral covers it.

    Parameters
    ----------
    case
        The day: demand, bids, virtuals and storage; `forward_prices` by bus or zone.
    rules
        Smallest unit, and the price of energy without a forward price.
    collateral
        Owner -> collateral; the case's table where None.
    owed
        Owner -> what is required of it already (`exposures`).

    Returns
    -------
    One row per owner that has something to pay for: demand, bids, virtuals, storage (money), owed,
    required (their sum), collateral, short (what is missing, >= 0) and passed. Largest shortage
    first.

    Raises
    ------
    InputError
        Naming everything that has no price.
    """
    has = _collateral(case) if collateral is None else collateral
    before = owed or {}
    found = Problems("forward_prices")
    parts: dict[str, dict[str, float]] = {}
    for item, rows in (
        ("demand", _demand(case, rules, found)),
        ("bids", _bids(case)),
        ("virtuals", _virtuals(case, rules, found)),
        ("storage", _storage(case, rules, found)),
    ):
        for owner, money in rows:
            own = parts.setdefault(owner or NO_OWNER, dict.fromkeys(_ITEMS, 0.0))
            own[item] += max(money, 0.0)
    if found.failures:
        raise InputError(found.failures)
    unit = exact(rules.smallest_unit)
    table: list[tuple[Any, ...]] = []
    for owner in sorted({*parts, *(name for name in before if exact(before[name]) > 0)}):
        if owner == rules.operator:
            continue
        own = parts.get(owner, dict.fromkeys(_ITEMS, 0.0))
        amounts = [round_to(exact(own[item]), unit) for item in _ITEMS]
        earlier = exact(before.get(owner, 0))
        required = sum(amounts, earlier)
        deposit = exact(has.get(owner, 0))
        short = max(required - deposit, Decimal(0))
        table.append((owner, *amounts, earlier, required, deposit, short, not short))
    table.sort(key=lambda row: (-row[8], row[0]))
    result = pd.DataFrame(table, columns=list(COLUMNS))
    return result.astype({"passed": bool})


def credit_problems(table: pd.DataFrame, case: Case) -> list[Failure]:
    """Owners whose offers and bids cannot be accepted: short of credit, or not registered."""
    failures = [
        Failure(
            "collateral",
            None,
            "amount",
            "credit",
            f"{row['owner']} needs {row['required']} for the day (demand {row['demand']}, bids "
            f"{row['bids']}, virtuals {row['virtuals']}, storage {row['storage']}, owed "
            f"{row['owed']}), its collateral is {row['collateral']}",
        )
        for row in records(table)
        if not row["passed"]
    ]
    day = case.interval_starts[0]
    for name in ("units", "loads", "virtuals", "storage"):
        frame = case.tables[name]
        for owner in dict.fromkeys(frame["owner"] if len(frame) else []):
            problem = participant_problem(case, owner, day) if owner else ""
            if problem:
                failures.append(Failure(name, None, "owner", "participant", problem))
    return failures


def _collateral(case: Case) -> dict[str, Number]:
    table = case.collateral
    return dict(zip(table["owner"], table["amount"], strict=True))


Money = list[tuple[str, float]]


def _demand(case: Case, rules: SettlementRules, found: Problems) -> Money:
    rows: Money = []
    for load in records(case.loads):
        if load["load"] not in case.demand:
            continue
        mwh = float(np.clip(case.demand[load["load"]].to_numpy(dtype=float), 0, None).sum())
        mwh *= case.interval_hours
        if mwh:
            price = _price(case, rules, load["bus"], f"load {load['load']}", found)
            rows.append((load["owner"], mwh * price))
    return rows


def _bids(case: Case) -> Money:
    owner = case.loads.set_index("load")["owner"]
    hours = case.interval_hours
    return [
        (owner.get(load, ""), mw * price * hours)
        for load, mw, price in _in_intervals(case, case.bids, "load")
    ]


def _virtuals(case: Case, rules: SettlementRules, found: Problems) -> Money:
    table = case.virtuals
    hours, count = case.interval_hours, len(case.interval_starts)
    rows: Money = []
    for row in records(table):
        energy = row["mw"] * hours * (count if pd.isna(row["interval_start"]) else 1)
        price = row["price"]
        if row["kind"] == "inc":
            price = _price(case, rules, row["bus"], f"virtual {row['virtual']}", found) - price
        rows.append((row["owner"], energy * max(price, 0.0)))
    return rows


def _storage(case: Case, rules: SettlementRules, found: Problems) -> Money:
    rows: Money = []
    for row in records(case.storage):
        mwh = (row["energy_max"] - row["energy_min"]) / row["efficiency_in"]
        if mwh:
            price = _price(case, rules, row["bus"], f"storage {row['storage']}", found)
            rows.append((row["owner"], mwh * price))
    return rows


def _in_intervals(case: Case, table: pd.DataFrame, name: str) -> list[tuple[str, float, float]]:
    """Blocks by interval: a row with a stamp replaces the rows without one of that interval."""
    if table.empty:
        return []
    stamped = table[table["interval_start"].notna()]
    own = set(zip(stamped[name], stamped["interval_start"], strict=True))
    rows = [(r[name], r["mw"], r["price"]) for r in records(stamped)
            if r["interval_start"] in case.interval_starts]  # fmt: skip
    for row in records(table[table["interval_start"].isna()]):
        count = sum((row[name], at) not in own for at in case.interval_starts)
        rows.append((row[name], row["mw"] * count, row["price"]))
    return rows


def _price(case: Case, rules: SettlementRules, place: str, what: str, found: Problems) -> float:
    """The forward price of a place: its own, that of its zone, or the rulebook's price."""
    table = case.forward_prices
    known = dict(zip(table["point"], table["price"], strict=True))
    zone = dict(zip(case.buses["bus"], case.buses["zone"], strict=True)).get(place, "")
    for name in (place, f"bus:{place}", zone, f"zone:{zone}"):
        if name and name in known:
            return float(known[name])
    if rules.credit.day_price:
        return rules.credit.day_price
    message = f"{what} may buy at {place} at any price: no forward price there, and no "
    found.add(None, "price", "forward", message + "settlement.credit.day_price in the rulebook")
    return 0.0
