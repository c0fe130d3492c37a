"""Resettlement: versions of a statement, their differences, and who pays whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

import pandas as pd

from cases.errors import InputError
from settlement.ledger.statement import Statement

__all__ = ["Resettlement", "resettle", "versions"]

_KEY = ["owner", "subject", "interval_start", "item"]

_SAME = {
    "currency": "currency",
    "timezone": "timezone",
    "start": "their first interval",
    "end": "their end",
    "intervals": "the number of their intervals",
}
"""What statements must have in common to be compared, by key of their manifest."""


@dataclass(frozen=True)
class Resettlement:
    """What changes from one statement of a day to another.

    Attributes
    ----------
    lines
        owner, subject, interval_start, item, before, after, difference: every line that changed.
        Differences sum to zero: they are the adjustments to be paid.
    owners
        owner, before, after, difference, and the difference by balance column.
    payments
        payer, receiver, amount: the net changes, each payer's spread over the receivers in
        proportion to what they gain. Amounts by payer and by receiver are exact.
    """

    lines: pd.DataFrame
    owners: pd.DataFrame
    payments: pd.DataFrame


def resettle(before: Statement, after: Statement) -> Resettlement:
    """Compare two statements of the same intervals: versions, or a rerun and its parent.

    Names do not matter: a day and the same day mitigated or stressed may be called otherwise.

    Raises
    ------
    InputError
        If the statements are of different intervals, currencies or timezones.
    """
    for name, words in _SAME.items():
        one, other = before.manifest.get(name), after.manifest.get(name)
        if one != other:
            raise InputError.one(
                "", None, None, "resettlement",
                f"the statements differ in {words}: {one} and {other}",
            )  # fmt: skip
    owners = _owners(before, after)
    return Resettlement(_lines(before, after), owners, _payments(owners))


def _sums(statement: Statement) -> dict[tuple[object, ...], Decimal]:
    sums: dict[tuple[object, ...], Decimal] = {}
    keys = zip(*(statement.lines[name] for name in _KEY), strict=True)
    for key, amount in zip(keys, statement.lines["amount"], strict=True):
        sums[key] = sums.get(key, Decimal(0)) + amount
    return sums


def _lines(before: Statement, after: Statement) -> pd.DataFrame:
    old, new = _sums(before), _sums(after)
    rows = []
    for key in dict.fromkeys([*old, *new]):
        first, second = old.get(key, Decimal(0)), new.get(key, Decimal(0))
        if first != second:
            rows.append((*key, first, second, second - first))
    table = pd.DataFrame(rows, columns=[*_KEY, "before", "after", "difference"])
    return table.sort_values(["interval_start", "owner", "item", "subject"], kind="stable",
                             ignore_index=True)  # fmt: skip


def _owners(before: Statement, after: Statement) -> pd.DataFrame:
    columns = [name for name in before.balance.columns if name != "owner"]
    old = before.balance.set_index("owner")
    new = after.balance.set_index("owner")
    names = list(dict.fromkeys([*old.index, *new.index]))
    operator = after.manifest["operator"]
    names.sort(key=lambda name: (name == operator, name))
    rows = []
    for name in names:
        first = {c: old[c].get(name, Decimal(0)) for c in columns}
        second = {c: new[c].get(name, Decimal(0)) for c in columns}
        change = {c: second[c] - first[c] for c in columns}
        rows.append(
            {
                "owner": name,
                "before": first["total"],
                "after": second["total"],
                "difference": change.pop("total"),
                **change,
            }
        )
    return pd.DataFrame(rows)


def _payments(owners: pd.DataFrame) -> pd.DataFrame:
    """Pro rata payments whose sums by payer and by receiver are exact.

    The payment of payer i to receiver j is the second difference of round(P_i R_j / total) with P
    and R the cumulated sums, so that rounding never moves a row or column sum.
    """
    payers = [(o, -d) for o, d in zip(owners["owner"], owners["difference"], strict=True) if d < 0]
    receivers = [(o, d) for o, d in zip(owners["owner"], owners["difference"], strict=True)
                 if d > 0]  # fmt: skip
    total = sum((amount for _, amount in payers), Decimal(0))
    rows = []
    if total:
        exponent = min(int(amount.as_tuple().exponent) for _, amount in payers + receivers)
        unit = Decimal(1).scaleb(min(exponent, 0))
        above = [Decimal(0)] * (len(receivers) + 1)
        paid = Decimal(0)
        for payer, owed in payers:
            paid += owed
            received = Decimal(0)
            row = [Decimal(0)]
            for k, (receiver, due) in enumerate(receivers, start=1):
                received += due
                row.append((paid * received / total).quantize(unit, ROUND_HALF_UP))
                amount = row[k] - row[k - 1] - above[k] + above[k - 1]
                if amount:
                    rows.append((payer, receiver, amount))
            above = row
    return pd.DataFrame(rows, columns=["payer", "receiver", "amount"])


def versions(statements: Sequence[Statement]) -> pd.DataFrame:
    """Totals by owner in every version, in order, with the change from each one to the next.

    Columns: owner, one per version name, and "FIRST to SECOND" for each step.

    Raises
    ------
    InputError
        If two statements carry the same version name, or are not of the same intervals.
    """
    names = [str(statement.manifest["version"]) for statement in statements]
    if len(set(names)) < len(names):
        raise InputError.one("", None, None, "version", f"a version is there twice: {names}")
    table: pd.DataFrame | None = None
    for first, second in pairwise(statements):
        owners = resettle(first, second).owners
        one, two = str(first.manifest["version"]), str(second.manifest["version"])
        step = owners.rename(columns={"before": one, "after": two, "difference": f"{one} to {two}"})
        step = step[["owner", one, two, f"{one} to {two}"]]
        table = step if table is None else table.merge(
            step.drop(columns=one), on="owner", how="outer"
        )  # fmt: skip
    if table is None:
        table = statements[0].balance[["owner", "total"]].rename(columns={"total": names[0]})
    steps = [column for column in table.columns if " to " in column and column not in names]
    return table[["owner", *names, *steps]]
