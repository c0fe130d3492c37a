"""The sanction for physical withholding: there is no default bid for MW that are not there."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pandas as pd

from cases.market_time import hours_of
from cases.rulebook.withholding import WithholdingPenalty
from settlement.ledger.frames import records
from settlement.ledger.money import exact, round_to

__all__ = ["withholding_penalties"]


def withholding_penalties(
    screened: pd.DataFrame,
    price_increase: pd.DataFrame,
    rules: WithholdingPenalty,
    *,
    earlier: Mapping[str, int] | None = None,
    smallest_unit: Decimal = Decimal("0.01"),
) -> pd.DataFrame:
    """Give the penalty of each unit and interval that failed a screen.

    ``base * MWh held back (economic) * price increase * multiplier``, the multiplier being 1 plus
    the number of earlier findings against the owner, at most ``rules.most``. A price that did not
    rise makes no penalty. Of several screens of a unit and interval the largest MW count once.

    Parameters
    ----------
    screened
        :func:`mitigation.withholding.screens.screen_withholding`.
    price_increase
        interval_start, unit, increase: money per MWh by which withholding raised the price at the
        unit's bus, such as from a run in which its MW are offered.
    earlier
        Earlier findings by owner.

    Returns
    -------
    DataFrame
        interval_start, unit, owner, screen, mwh, price_increase, multiplier, amount (an exact
        Decimal that the owner pays).

    Source: NYISO Services Tariff 23.4.3: base penalty times MW times price, with a multiplier of 1
    to 3 on repetition.
    """
    failed = screened[screened["result"] == "fail"]
    failed = failed.assign(mwh=failed["economic_mw"] * hours_of(failed))
    failed = failed.sort_values("mwh", ascending=False, kind="stable")
    keys = ["interval_start", "unit", "owner"]
    failed = failed.drop_duplicates(keys).sort_values(keys)
    joined = failed.merge(
        price_increase[["interval_start", "unit", "increase"]],
        on=["interval_start", "unit"],
        validate="many_to_one",
    )
    rows = []
    for row in records(joined):
        multiplier = min(1.0 + (earlier or {}).get(row["owner"], 0), rules.most)
        money = exact(row["mwh"]) * exact(max(0.0, row["increase"]))
        amount = round_to(money * exact(rules.base) * exact(multiplier), smallest_unit)
        if amount > 0:
            rows.append(
                {
                    **{name: row[name] for name in (*keys, "screen", "mwh")},
                    "price_increase": row["increase"],
                    "multiplier": multiplier,
                    "amount": amount,
                }
            )
    columns = [*keys, "screen", "mwh", "price_increase", "multiplier", "amount"]
    return pd.DataFrame(rows, columns=columns)
