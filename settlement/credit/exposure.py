"""Credit exposure: what would be lost today, and what may be lost until positions are closed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from cases.errors import InputError
from cases.rulebook.settlement import CreditRules
from settlement.contracts.contracts import difference
from settlement.contracts.curve import Curve
from settlement.credit.netting import Netting, net_losses, net_values
from settlement.ledger.frames import Problems, records
from settlement.ledger.money import Number, exact, round_to

__all__ = ["exposures", "open_contracts"]

_CONTRACT_COLUMNS = ("contract", "buyer", "seller", "kind", "point", "strike", "mwh", "value",
                     "gain")  # fmt: skip

COLUMNS = (
    "owner",
    "payable",
    "futures_loss",
    "contract_loss",
    "current",
    "futures_margin",
    "contract_margin",
    "potential",
    "bond",
    "required",
)


@dataclass
class _Parts:
    payable: Decimal = Decimal(0)
    futures_loss: Decimal = Decimal(0)
    contract_loss: Decimal = Decimal(0)
    futures_margin: Decimal = Decimal(0)
    contract_value: Decimal = Decimal(0)


def open_contracts(
    contracts: pd.DataFrame,
    curves: Mapping[str, Curve],
    forward: Mapping[str, Number],
    after: pd.Timestamp,
) -> pd.DataFrame:
    """What is left of each contract from `after` on.

    Columns contract, buyer, seller, kind, point, strike, mwh, value, gain: `value` is strike x
    remaining energy; `gain` is the seller's gain (negative: loss) if the rest is settled at the
    forward price of the contract's point. Caps and floors count what they would pay at the forward
    price.

    Raises
    ------
    InputError
        Naming every contract without a curve, and every point without a forward price.
    """
    rows = []
    found = Problems("contracts")
    for position, row in enumerate(records(contracts)):
        name = row["contract"]
        curve = curves.get(row["curve"])
        if curve is None:
            found.add(position, "curve", "curve", f"contract {name}: no curve {row['curve']!r}")
            continue
        ends = [point for point in (row["point"], row.get("point_to") or "") if point]
        missing = [point for point in ends if point not in forward]
        if missing:
            message = f"contract {name}: there is no forward price at {' and '.join(missing)}"
            found.add(position, "point", "forward", message)
            continue
        spot = exact(forward[ends[-1]]) - (exact(forward[ends[0]]) if len(ends) > 1 else 0)
        mwh = curve.after(after)
        strike = exact(row["strike"])
        per_mwh, _ = difference(row["kind"], strike, spot)
        place = " to ".join(ends)
        parties = (name, row["buyer"], row["seller"], row["kind"], place, strike)
        rows.append((*parties, mwh, strike * mwh, per_mwh * mwh))
    if found.failures:
        raise InputError(found.failures)
    return pd.DataFrame(rows, columns=list(_CONTRACT_COLUMNS))


def exposures(
    rules: CreditRules,
    *,
    statements: Iterable[pd.DataFrame] = (),
    account: pd.DataFrame | None = None,
    contracts: pd.DataFrame | None = None,
    operator: str = "operator",
    unit: Decimal = Decimal("0.01"),
) -> pd.DataFrame:
    """Exposure of every owner: current + potential, and the performance bond.

    Parameters
    ----------
    rules
        Shares for initial margin and performance bond.
    statements
        Unpaid statement lines (owner, amount); what an owner owes over all of them is payable.
    account
        Daily futures account from `mark_to_market`, variation not yet paid; the last day counts.
    contracts
        Open contracts from `open_contracts`.
    operator
        The operator, which gives no collateral to itself.

    Returns
    -------
    One row per owner. current = payable + futures_loss + contract_loss (losses >= 0); potential =
    futures_margin + contract_margin; required = current + potential + bond.

    A side counts only where it may have to pay: both sides of two-way and physical contracts, the
    seller of a cap, the buyer of a floor. Energies that offset each other at one point are netted
    as `rules.netting` says, and so are gains and losses.
    """
    parts: dict[str, _Parts] = {}
    owed: dict[str, Decimal] = {}
    for lines in statements:
        for owner, amount in zip(lines["owner"], lines["amount"], strict=True):
            owed[owner] = owed.get(owner, Decimal(0)) + amount
    for owner, amount in owed.items():
        parts.setdefault(owner, _Parts()).payable = max(Decimal(0), -amount)
    if account is not None and len(account):
        last = account.sort_values("date").groupby(["owner", "product", "month"]).tail(1)
        for owner, rows in last.groupby("owner"):
            part = parts.setdefault(str(owner), _Parts())
            part.futures_loss = max(Decimal(0), -sum(rows["total"], Decimal(0)))
            part.futures_margin = sum(rows["margin"], Decimal(0))
    if contracts is not None:
        _add_contracts(parts, contracts, rules.netting)
    table = []
    for owner in sorted(parts):
        if owner == operator:
            continue
        part = parts[owner]
        current = part.payable + part.futures_loss + part.contract_loss
        margin = part.contract_value * exact(rules.initial_margin)
        bond = part.contract_value * exact(rules.performance_bond)
        potential = part.futures_margin + margin
        money = (
            part.payable,
            part.futures_loss,
            part.contract_loss,
            current,
            part.futures_margin,
            margin,
            potential,
            bond,
            current + potential + bond,
        )
        table.append((owner, *(round_to(amount, unit) for amount in money)))
    return pd.DataFrame(table, columns=list(COLUMNS))


def _add_contracts(parts: dict[str, _Parts], contracts: pd.DataFrame, netting: Netting) -> None:
    for owner in (*contracts["seller"], *contracts["buyer"]):
        parts.setdefault(owner, _Parts())
    for owner, value in net_values(contracts, netting).items():
        parts[owner].contract_value = value
    for owner, loss in net_losses(contracts, netting).items():
        parts[owner].contract_loss = loss
