"""Ontario's congestion management settlement credit (CMSC) before 2025, and its claw-back.

One price holds everywhere; a unit that the grid moves away from the schedule of that price is paid
the operating profit that it loses.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd

from cases.case import Case
from cases.errors import Failure, InputError
from cases.market_time import hours_of
from cases.run import Run
from mitigation.keys import AT
from mitigation.references.curves import at_same_mw
from settlement.ledger.frames import records
from settlement.ledger.money import Number, exact, round_to

__all__ = [
    "claw_back",
    "congestion_payments",
    "operating_profit",
    "schedules_of",
    "unconstrained",
]

QUANTITIES = ["market_mw", "dispatch_mw", "actual_mw"]
_NOTHING = Decimal("0.000001")
_ZERO = Decimal(0)


def operating_profit(
    price: Number, mw: Number, blocks: Sequence[tuple[Number, Number]], hours: Number = 1
) -> Decimal:
    r"""Operating profit :math:`OP(P, Q, B) = P Q - \int_0^Q B(q) dq`, exact money.

    Parameters
    ----------
    price
        Money per MWh.
    mw
        Quantity.
    blocks
        (mw, price) of the offer, from 0 MW.
    hours
        Length of the interval.

    Raises
    ------
    ValueError
        The quantity lies beyond the last block.

    Source: IESO Market Rules, chapter 9, section 3.5 (before 2025).
    """
    left, cost = exact(mw), _ZERO
    for width, ask in blocks:
        part = min(max(left, _ZERO), exact(width))
        cost += part * exact(ask)
        left -= part
    if left > _NOTHING:
        raise ValueError(f"there is no offer for {left} of {mw} MW")
    return (exact(price) * exact(mw) - cost) * exact(hours)


def unconstrained(case: Case) -> Case:
    """Give the case without limits of the grid: clearing it makes the market schedule.

    Its islands stay apart: one price holds in each.
    """
    free = {"rating_mw": np.nan, "emergency_rating_mw": np.nan}
    angles = {"angle_min_deg": np.nan, "angle_max_deg": np.nan}
    return case.replace(
        branches=case.branches.assign(**free, **angles),
        interface_limits=case.interface_limits.iloc[:0],
    )


def schedules_of(run: Run, market: Run, actual: pd.DataFrame | None = None) -> pd.DataFrame:
    """Market schedule, dispatch and output of every unit and interval, at the uniform price.

    Parameters
    ----------
    run
        The dispatch, within the limits of the grid.
    market
        The same day without them (:func:`unconstrained`); its LMPs are the uniform price.
    actual
        interval_start, unit, mw: metered output; default: the dispatch was followed.

    Returns
    -------
    DataFrame
        unit, owner, interval_start, interval_end, price, market_mw, dispatch_mw, actual_mw.
    """
    price = market.prices[["interval_start", "bus", "lmp"]].rename(columns={"lmp": "price"})
    rows = run.dispatch[[*AT, "interval_end", "owner", "bus", "mw"]]
    rows = rows.rename(columns={"mw": "dispatch_mw"}).merge(
        price, on=["interval_start", "bus"], validate="many_to_one", sort=False
    )
    for table, name in ((market.dispatch, "market_mw"), (actual, "actual_mw")):
        if table is None:
            rows[name] = rows["dispatch_mw"]
            continue
        other = table[[*AT, "mw"]].rename(columns={"mw": name})
        rows = rows.merge(other, on=AT, how="left", sort=False)
        rows[name] = rows[name].fillna(rows["dispatch_mw"])
    columns = ["unit", "owner", "interval_start", "interval_end", "price", *QUANTITIES]
    return rows.sort_values(AT, ignore_index=True)[columns]


def congestion_payments(
    schedules: pd.DataFrame,
    offers: pd.DataFrame,
    references: pd.DataFrame | None = None,
    *,
    smallest_unit: Decimal = Decimal("0.01"),
) -> pd.DataFrame:
    r"""Congestion payment of each unit and interval, as offered and at references.

    .. math:: CMSC = OP(P, MQSI, B) - \max(OP(P, DQSI, B), OP(P, AQEI, B))

    At references the MW between market schedule and dispatch are priced at the lower of offer and
    reference where the unit is constrained on, at the higher where it is constrained off.

    Parameters
    ----------
    schedules
        As of :func:`schedules_of`; quantities in MW.
    offers
        unit, interval_start, segment, mw, price: such as ``run.offers_used``.
    references
        Reference levels of energy (unit, interval_start, component, segment, mw, price); what has
        none keeps its offer.

    Returns
    -------
    DataFrame
        Columns of ``schedules``, and direction (on, off, blank), payment, reference_payment,
        largest_claw_back: what is taken where all screens hold, never more than the payment. Money
        is exact Decimal; a negative payment is one that the unit owes.

    Raises
    ------
    InputError
        Quantities for which there is no offer, all of them.
    """
    pieces = _pieces(offers, references)
    failures, rows = [], []
    for line, row in enumerate(records(schedules.assign(hours=hours_of(schedules))), start=2):
        at = (row["unit"], row["interval_start"])
        quantities = [exact(row[name]) for name in QUANTITIES]
        blocks = pieces.get(at, [])
        low, high = sorted(quantities[:2])
        on = quantities[1] > quantities[0]
        referred = _referred(blocks, low, high, on=on)
        try:
            paid = _payment(row, [(w, b) for w, b, _ in blocks], quantities)
            fair = _payment(row, referred, quantities)
        except ValueError as error:
            where = f"{row['unit']} at {row['interval_start'].isoformat()}: {error}"
            failures.append(Failure("offers", line, "mw", "beyond_offer", where))
            continue
        paid, fair = (round_to(money, smallest_unit) for money in (paid, fair))
        moved = high - low > _NOTHING
        rows.append(
            {
                **{name: row[name] for name in schedules.columns},
                "direction": ("on" if on else "off") if moved else "",
                "payment": paid,
                "reference_payment": fair,
                "largest_claw_back": max(_ZERO, paid - max(_ZERO, fair)),
            }
        )
    if failures:
        raise InputError(failures)
    names = [*schedules.columns, "direction", "payment", "reference_payment", "largest_claw_back"]
    return pd.DataFrame(rows, columns=names)


def claw_back(payments: pd.DataFrame, screens: pd.DataFrame) -> pd.DataFrame:
    """Take back what the references do not justify, where all three screens hold.

    Parameters
    ----------
    payments
        :func:`congestion_payments`.
    screens
        unit, interval_start, cause, competition, price_screen: whether each screen holds, such as
        of :func:`mitigation.after_the_fact.screens.claw_back_screens`.

    Returns
    -------
    DataFrame
        ``payments`` with the screens, claw_back and kept (payment less claw_back); exact money.
        Prices, schedules and everybody else's payments are as before.

    Source: IESO, local market power framework (before 2025); non-punitive since 2006.
    """
    flags = ["cause", "competition", "price_screen"]
    joined = payments.merge(screens[[*AT, *flags]], on=AT, how="left", validate="one_to_one")
    joined[flags] = joined[flags].eq(True)
    holds = joined[flags].all(axis=1)
    joined["claw_back"] = joined["largest_claw_back"].where(holds, _ZERO)
    joined["kept"] = joined["payment"] - joined["claw_back"]
    return joined.drop(columns="largest_claw_back")


Piece = tuple[Decimal, Decimal, Decimal]
"""Width, offer and reference of a block; the reference is the offer where there is none."""


def _pieces(
    offers: pd.DataFrame, references: pd.DataFrame | None
) -> dict[tuple[str, pd.Timestamp], list[Piece]]:
    """Offer blocks cut where the reference has steps, by unit and interval."""
    table = offers[["unit", "interval_start", "segment", "mw", "price"]]
    table = table.astype({"mw": float, "price": float})
    levels = table if references is None else references[references["price"].notna()]
    found: dict[tuple[str, pd.Timestamp], list[Piece]] = {}
    for row in records(at_same_mw(levels, table)):
        offered = exact(row["offered"])
        known = references is not None and not np.isnan(row["reference"])
        reference = exact(row["reference"]) if known else offered
        width = exact(row["upper_mw"]) - exact(row["lower_mw"])
        found.setdefault((row["unit"], row["interval_start"]), []).append(
            (width, offered, reference)
        )
    return found


def _referred(
    blocks: Sequence[Piece], low: Decimal, high: Decimal, *, on: bool
) -> list[tuple[Decimal, Decimal]]:
    """Blocks with the MW between ``low`` and ``high`` at references."""
    result = []
    start = _ZERO
    for width, offered, reference in blocks:
        end = start + width
        cuts = sorted({start, end, min(max(low, start), end), min(max(high, start), end)})
        for left, right in pairwise(cuts):
            inside = left >= low and right <= high
            fair = min(offered, reference) if on else max(offered, reference)
            result.append((right - left, fair if inside else offered))
        start = end
    return result


def _payment(
    row: dict[str, object], blocks: Sequence[tuple[Number, Number]], quantities: Sequence[Decimal]
) -> Decimal:
    price, hours = exact(row["price"]), exact(row["hours"])  # type: ignore[arg-type]
    market, dispatch, actual = (operating_profit(price, mw, blocks, hours) for mw in quantities)
    return market - max(dispatch, actual)
