"""Accounts: the exposure of every owner from the tables that a credit desk has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cases.errors import InputError
from cases.files.hashing import file_hash
from cases.rulebook.book import RuleBook
from settlement.contracts.currency import converted
from settlement.contracts.curves import Curve, CurveMaker
from settlement.contracts.frozen import frozen_curves
from settlement.credit.exposure import exposures, open_contracts
from settlement.futures.mark_to_market import mark_to_market
from settlement.futures.product import Futures
from settlement.ledger.money import exact

__all__ = ["account_exposures", "unpaid_lines"]


def unpaid_lines(folder: str | Path) -> pd.DataFrame:
    """Lines (owner, amount) of a statement folder of a run or of a month.

    Raises
    ------
    InputError
        If it is no statement folder, or its lines were changed since it was written.
    """
    path = Path(folder)
    lines = path / "statement.parquet"
    for name in ("statement.json", "month.json"):
        if (path / name).is_file():
            try:
                stated = json.loads((path / name).read_text(encoding="utf-8"))["files"]
                unchanged = file_hash(lines) == stated["statement.parquet"]
            except (OSError, ValueError, KeyError):
                unchanged = False
            if not unchanged:
                message = "its lines are missing or have changed since it was written"
                raise InputError.one(str(path), None, None, "changed", message)
            return pd.read_parquet(lines, columns=["owner", "amount"])
    message = f"{folder} is not the folder of a statement"
    raise InputError.one("", None, None, "no_statement", message)


def account_exposures(
    rulebook: RuleBook,
    timezone: str,
    after: pd.Timestamp,
    *,
    interval_hours: float = 1.0,
    statements: Sequence[pd.DataFrame] = (),
    contracts: pd.DataFrame | None = None,
    contract_curves: pd.DataFrame | None = None,
    frozen: pd.DataFrame | None = None,
    forward_prices: pd.DataFrame | None = None,
    futures: pd.DataFrame | None = None,
    settlement_prices: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Exposure of every owner (`exposures`) after an instant, from tables.

    Parameters
    ----------
    rulebook
        Margins, bonds and netting; the futures product; how unfrozen curves are decomposed.
    timezone
        The market's clock.
    after
        Contract energy from here on is open.
    interval_hours
        Length of the intervals of curves that are decomposed.
    statements
        Unpaid lines, from `unpaid_lines`.
    contracts, contract_curves, frozen, forward_prices, futures, settlement_prices
        Case tables; those that are None have no rows.

    Raises
    ------
    InputError
        Naming contracts without a curve, and points without a forward price.
    """
    rules = rulebook.settlement
    unit = exact(rules.smallest_unit)
    account = left = None
    if futures is not None and settlement_prices is not None:
        product = Futures(rules.futures, timezone)
        account = mark_to_market(futures, settlement_prices, product, timezone, unit)
    if contracts is not None:
        curves: dict[str, Curve] = {}
        if contract_curves is not None:
            curves |= CurveMaker.of(rules, timezone, interval_hours).make(contract_curves)
        if frozen is not None:
            curves |= frozen_curves(frozen)
        prices = {} if forward_prices is None else dict(
            zip(forward_prices["point"], forward_prices["price"], strict=True)
        )  # fmt: skip
        own = converted(contracts, exact(rules.price_unit))
        left = open_contracts(own, curves, prices, after)
    return exposures(
        rules.credit,
        statements=statements,
        account=account,
        contracts=left,
        operator=rules.operator,
        unit=unit,
    )
