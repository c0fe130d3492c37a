"""A month without a spot market: trades of energy, and deviations at the month's end.

Energy is traded for the month as a whole, in an auction, by listing, or between two; no curve is
needed, because no hour has a price of its own (Ding, Chen, Ji and Jing, 2019: the first case). Each
trade pays its price for its energy. What an owner made or took beyond its trades is settled with
the operator at the month's price, the mean of all trades: within a tolerance at that price, beyond
it at a share of it. Reliability contracts of units that must run pay their cost: the unit's energy
is bought at cost and, so far as no trade sold it, charged to those who take energy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pandas as pd

from cases.errors import CheckFailed, Failure, InputError
from cases.files.folders import new_folder
from cases.files.sheets import write_sheet
from cases.rulebook.settlement import SettlementRules
from settlement.ledger.frames import Problems, Row, records
from settlement.ledger.ledger import Ledger
from settlement.ledger.money import exact
from settlement.month.days import month_bounds
from settlement.month.lines import invoices_of, netting_of

__all__ = ["KINDS", "EnergyMonth", "settle_without_spot"]

KINDS = ("auction", "listed", "bilateral")


@dataclass(frozen=True, eq=False)
class EnergyMonth:
    """The money of a month without a spot market.

    `lines` as a statement; `deviations`: owner, sold_mwh, bought_mwh, made_mwh, taken_mwh,
    deviation_mwh, free_mwh, amount; `price` of the month; `invoices` and `netting` as in a month.
    """

    month: str
    currency: str
    price: Decimal
    lines: pd.DataFrame
    deviations: pd.DataFrame
    invoices: pd.DataFrame
    netting: pd.DataFrame

    def total(self, owner: str, item: str | None = None) -> Decimal:
        """Sum of the amounts of an owner, of one item where it is named."""
        rows = self.lines[self.lines["owner"] == owner]
        if item is not None:
            rows = rows[rows["item"] == item]
        return sum(rows["amount"], Decimal(0))

    def write(self, folder: str | Path) -> None:
        """Write every table as CSV into a new folder, whole or not at all."""
        with new_folder(folder) as part:
            write_sheet(self.lines, part / "statement.csv")
            for name in ("deviations", "invoices", "netting"):
                write_sheet(getattr(self, name), part / f"{name}.csv")


def settle_without_spot(
    month: str,
    trades: pd.DataFrame,
    metered: pd.DataFrame,
    rules: SettlementRules,
    *,
    timezone: str,
    currency: str = "",
    must_run: pd.DataFrame | None = None,
) -> EnergyMonth:
    """Settle a month of energy trades.

    Parameters
    ----------
    month
        Written like 2016-10.
    trades
        trade, kind (auction, listed, bilateral), seller, buyer, mwh, price (money per MWh).
    metered
        owner, made_mwh, taken_mwh: what each owner produced and consumed in the month.
    rules
        `settlement` of a rulebook; `no_spot` prices deviations.
    timezone, currency
        The market's clock and money.
    must_run
        owner, mwh, cost (money per MWh): energy of must-run contracts, at cost.

    Raises
    ------
    InputError
        With everything that is wrong in the tables; nothing is settled by half.
    CheckFailed
        If the month does not sum to zero.
    """
    at, _ = month_bounds(month, timezone)
    forced = pd.DataFrame(columns=["owner", "mwh", "cost"]) if must_run is None else must_run
    _check(trades, metered, forced)
    ledger = Ledger(rules)
    price = _month_price(trades, ledger)
    for row in records(trades):
        ledger.transfer(
            row["seller"], row["buyer"], row["trade"], at, "energy_trade",
            ledger.quantity(row["mwh"]), exact(row["price"]),
            f"{row['kind']} trade of the month: MWh x price",
        )  # fmt: skip
    bought = _must_run(ledger, forced, metered, at)
    table = _deviations(ledger, trades, metered, bought, price, at)
    left = ledger.total()
    if left:
        raise CheckFailed([f"the month does not sum to zero: {left} is left"])
    return EnergyMonth(
        month, currency, price, ledger.frame(timezone), table, invoices_of(ledger),
        netting_of(ledger),
    )  # fmt: skip


def _check(trades: pd.DataFrame, metered: pd.DataFrame, forced: pd.DataFrame) -> None:
    failures: list[Failure] = []
    wanted = {
        "energy_trades": (trades, ("trade", "kind", "seller", "buyer", "mwh", "price")),
        "metered": (metered, ("owner", "made_mwh", "taken_mwh")),
        "must_run": (forced, ("owner", "mwh", "cost")),
    }
    for name, (table, columns) in wanted.items():
        failures += [
            Failure(name, 1, column, "column", f"column {column} is missing")
            for column in columns
            if column not in table
        ]
    if failures:
        raise InputError(failures)
    found = Problems("energy_trades")
    known = set(metered["owner"])
    for position, row in enumerate(records(trades)):
        if row["kind"] not in KINDS:
            message = f"a trade is one of {', '.join(KINDS)}, not {row['kind']!r}"
            found.add(position, "kind", "kind", message)
        if row["seller"] == row["buyer"]:
            found.add(position, "buyer", "parties", f"trade {row['trade']} is with oneself")
        found_numbers(found, position, row, {"mwh": True, "price": False})
        for side in ("seller", "buyer"):
            if row[side] not in known:
                message = f"trade {row['trade']}: {row[side]} has no metered energy"
                found.add(position, side, "metered", message)
    for name, table, key in (("energy_trades", trades, "trade"), ("metered", metered, "owner"),
                             ("must_run", forced, "owner")):  # fmt: skip
        twice = table[table.duplicated(key)]
        found.failures += [
            Failure(name, None, key, "duplicate", f"{value} is there twice") for value in twice[key]
        ]
    own = Problems("metered", found.failures)
    for position, row in enumerate(records(metered)):
        found_numbers(own, position, row, {"made_mwh": True, "taken_mwh": True})
    other = Problems("must_run", found.failures)
    for position, row in enumerate(records(forced)):
        found_numbers(other, position, row, {"mwh": True, "cost": False})
        if row["owner"] not in known:
            other.add(position, "owner", "metered", f"{row['owner']} has no metered energy")
    if found.failures:
        raise InputError(found.failures)


def found_numbers(found: Problems, position: int, row: Row, columns: Mapping[str, bool]) -> None:
    """Note numbers that are none, and energies below zero."""
    for name, positive in columns.items():
        try:
            value = exact(row[name])
        except (TypeError, ValueError):
            found.add(position, name, "number", f"{name} must be a number, not {row[name]!r}")
            continue
        if positive and value < 0:
            found.add(position, name, "range", f"{name} must not be negative")


def _month_price(trades: pd.DataFrame, ledger: Ledger) -> Decimal:
    """Mean price of all trades, weighed by their energy.

    Raises
    ------
    InputError
        Where nothing was traded.
    """
    energy = sum((exact(row["mwh"]) for row in records(trades)), Decimal(0))
    if not energy:
        message = "nothing was traded, so deviations have no price"
        raise InputError.one("energy_trades", None, "mwh", "price", message)
    worth = sum((exact(row["mwh"]) * exact(row["price"]) for row in records(trades)), Decimal(0))
    return ledger.price(worth / energy)


def _must_run(
    ledger: Ledger, forced: pd.DataFrame, metered: pd.DataFrame, at: pd.Timestamp
) -> dict[str, Decimal]:
    """Pay energy of must-run contracts at cost, charged by what is taken; MWh by owner."""
    bought: dict[str, Decimal] = {}
    total = Decimal(0)
    for row in records(forced):
        mwh, cost = ledger.quantity(row["mwh"]), ledger.price(row["cost"])
        amount = ledger.money(mwh * cost)
        ledger.add(row["owner"], "must run", at, "must_run", mwh, cost, amount,
                   "must-run contract: MWh x cost")  # fmt: skip
        bought[row["owner"]] = mwh
        total += amount
    takers = {row["owner"]: float(row["taken_mwh"]) for row in records(metered)}
    if total and any(mwh > 0 for mwh in takers.values()):
        ledger.share(-total, takers, "must run", at, "must_run_charge",
                     "energy of must-run contracts at cost, by energy taken")  # fmt: skip
    elif total:
        rule = "must-run contracts borne by the operator, because nobody takes energy"
        ledger.add(ledger.operator, "must run", at, "must_run_charge", Decimal(1), -total, -total,
                   rule)  # fmt: skip
    return bought


def _deviations(
    ledger: Ledger,
    trades: pd.DataFrame,
    metered: pd.DataFrame,
    bought: Mapping[str, Decimal],
    price: Decimal,
    at: pd.Timestamp,
) -> pd.DataFrame:
    """Lines of what owners made or took beyond their trades; the operator is the other side."""
    rules = ledger.rules.no_spot
    sold, held = _traded(trades, "seller"), _traded(trades, "buyer")
    shares = {True: exact(rules.surplus_share), False: exact(rules.shortage_share)}
    given = _charged(bought, metered)
    rows = []
    for row in records(metered):
        owner = row["owner"]
        made, taken = exact(row["made_mwh"]), exact(row["taken_mwh"])
        traded = sold.get(owner, Decimal(0)) - held.get(owner, Decimal(0))
        due = traded + bought.get(owner, Decimal(0)) - given.get(owner, Decimal(0))
        deviation = ledger.quantity(made - taken - due)
        most = exact(rules.tolerance_percent) / 100 * max(
            sold.get(owner, Decimal(0)), held.get(owner, Decimal(0))
        )  # fmt: skip
        free = ledger.quantity(min(abs(deviation), most))
        sign = 1 if deviation > 0 else -1
        amount = Decimal(0)
        if free:
            amount += ledger.transfer(owner, ledger.operator, "deviation", at, "energy_deviation",
                                      sign * free, price, "within the tolerance: MWh x the "
                                      "month's price")  # fmt: skip
        beyond = abs(deviation) - free
        if beyond:
            share = shares[deviation > 0]
            amount += ledger.transfer(owner, ledger.operator, "deviation", at, "energy_deviation",
                                      sign * beyond, price * share, f"beyond the tolerance: MWh x "
                                      f"{share} x the month's price {price}")  # fmt: skip
        rows.append((owner, sold.get(owner, Decimal(0)), held.get(owner, Decimal(0)), made, taken,
                     deviation, free, amount))  # fmt: skip
    columns = ["owner", "sold_mwh", "bought_mwh", "made_mwh", "taken_mwh", "deviation_mwh",
               "free_mwh", "amount"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _traded(trades: pd.DataFrame, side: str) -> dict[str, Decimal]:
    energies: dict[str, Decimal] = {}
    for row in records(trades):
        energies[row[side]] = energies.get(row[side], Decimal(0)) + exact(row["mwh"])
    return energies


def _charged(bought: Mapping[str, Decimal], metered: pd.DataFrame) -> dict[str, Decimal]:
    """MWh of must-run contracts that each taker is given for its charge."""
    total = sum(bought.values(), Decimal(0))
    takers = {row["owner"]: exact(row["taken_mwh"]) for row in records(metered)}
    whole = sum(takers.values(), Decimal(0))
    return {owner: total * mwh / whole for owner, mwh in takers.items()} if whole else {}
