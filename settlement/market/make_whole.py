"""Make-whole payments: what a unit that followed its schedule must not lose.

For each unit and commitment block of a day: max(0, offered start-up + no-load + energy cost -
energy revenue - reserve revenue). Reasons are kept apart, because different customers pay for them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from cases.market_time import day_of, hours_of
from cases.must_run import must_run
from cases.run import Run
from settlement.ledger.frames import records
from settlement.ledger.money import exact, round_to
from settlement.market.positions import NO_OWNER, day_ahead_interval
from settlement.market.reserves import reserve_awards, with_day_ahead

__all__ = ["COLUMNS", "make_whole"]

COLUMNS = ("unit", "owner", "interval_start", "interval_end", "cost", "revenue", "amount", "reason")

_MONEY = ("cost", "revenue", "amount")
_UNPAID = 1e-6
"""Money for reserve of an interval that is none."""


def make_whole(run: Run, *, day_ahead: Run | None = None) -> pd.DataFrame:
    """Guarantee payments of a run, by unit and commitment block of the day.

    A block is a stretch of consecutive intervals in which the unit is on, cut at midnight; the
    shut-down cost belongs to the block it ends. Costs are those of the offers that were cleared
    (`dispatch.cost`, money of the interval, so intervals shorter than an hour need no scaling);
    revenue is MW times LMP times hours, and reserve awards at reserve prices. A unit that scheduled
    itself in a block chose to run and is not made whole for it.

    Parameters
    ----------
    run
        A cleared run.
    day_ahead
        The day-ahead run, where `run` is the real-time run of the same day: energy revenue is then
        day-ahead MW at day-ahead prices plus the deviation at real-time prices, and what the day
        ahead already guaranteed counts as revenue, so that nothing is paid twice.

    Returns
    -------
    One row per block with a payment: unit, owner, interval_start, interval_end, cost, revenue,
    amount (exact Decimals of the smallest unit, amount > 0) and reason. `security`: the unit must
    run in an interval of the block, or it runs at its minimum and relieves a binding constraint;
    `reserve`: it is paid for reserve in the block (at a price of 0 there is more than is asked for,
    and reserve is no reason); `economic`: any other.
    """
    unit = exact(run.rulebook.settlement.smallest_unit)
    rows = _intervals(run, day_ahead)
    blocks = _blocks(rows, day_ahead)
    paid = []
    for row in records(_with_reserves_and_reasons(blocks, rows, run, day_ahead)):
        cost, revenue = (round_to(exact(row[name]), unit) for name in ("cost", "revenue"))
        # Solver noise must not become a cent: a loss has to reach half a unit to be paid at all.
        if cost - revenue > 0 and row["cost"] - row["revenue"] > float(unit) / 2:
            money = {"cost": cost, "revenue": revenue, "amount": cost - revenue}
            paid.append({name: money.get(name, row.get(name)) for name in COLUMNS})
    if not paid:
        return _empty(run)
    table = pd.DataFrame(paid, columns=list(COLUMNS))
    return table.astype(dict.fromkeys(_MONEY, object))


def _empty(run: Run) -> pd.DataFrame:
    stamp = run.dispatch["interval_start"].dtype
    types = {"interval_start": stamp, "interval_end": stamp}
    return pd.DataFrame(
        {
            name: pd.Series([], dtype=types.get(name, "object" if name in _MONEY else "str"))
            for name in COLUMNS
        }
    )


def _intervals(run: Run, day_ahead: Run | None) -> pd.DataFrame:
    """Dispatch of units in their commitment blocks, with `block` and `energy_revenue`."""
    table = run.dispatch.sort_values(["unit", "interval_start"], kind="stable")
    table = table.assign(hours=hours_of(table), day=day_of(table["interval_start"]))
    table["block"] = _block_numbers(table)
    table = table[table["block"] > 0]
    return table.assign(energy_revenue=_energy_revenue(table, run, day_ahead))


def _blocks(rows: pd.DataFrame, day_ahead: Run | None) -> pd.DataFrame:
    """Every block with its cost and its energy revenue, guarantees already paid included."""
    # The interval of a shut-down carries its cost; the block ended before it.
    blocks = (
        rows.assign(end=rows["interval_end"].where(rows["on"]))
        .groupby(["unit", "block"], sort=True)
        .agg(
            owner=("owner", "first"),
            interval_start=("interval_start", "first"),
            interval_end=("interval_end", "first"),
            end=("end", "max"),
            cost=("cost", "sum"),
            revenue=("energy_revenue", "sum"),
        )
        .reset_index()
    )
    blocks["interval_end"] = blocks.pop("end").fillna(blocks["interval_end"])
    blocks["owner"] = blocks["owner"].where(blocks["owner"] != "", NO_OWNER)
    if day_ahead is not None:
        blocks["revenue"] += _already_guaranteed(blocks, day_ahead)
    return blocks


def _with_reserves_and_reasons(
    blocks: pd.DataFrame, rows: pd.DataFrame, run: Run, day_ahead: Run | None
) -> pd.DataFrame:
    """Blocks that were not self-scheduled, with reserve revenue added and their reason."""
    rows = rows.merge(blocks[["unit", "block"]], on=["unit", "block"])
    reserve = _reserve_revenue(run, day_ahead).rename("reserve")
    rows = rows.join(reserve, on=["unit", "interval_start"])
    rows["has_reserve"] = rows["reserve"].abs() > _UNPAID
    rows["own"] = _self_scheduled(rows, run)
    rows["relieves"] = _relieves_at_minimum(rows, run)
    rows["must"] = _must_run(rows, run)
    told = dict.fromkeys(("has_reserve", "own", "relieves", "must"), "any")
    facts = rows.groupby(["unit", "block"])[["reserve", *told]].agg({"reserve": "sum", **told})
    blocks = blocks.join(facts, on=["unit", "block"])
    blocks = blocks[~blocks["own"].astype(bool)]
    security = blocks["must"].astype(bool) | blocks["relieves"].astype(bool)
    reasons = np.select(
        [security, blocks["has_reserve"].astype(bool)],
        ["security", "reserve"],
        "economic",
    )
    return blocks.assign(revenue=blocks["revenue"] + blocks["reserve"], reason=reasons)


def _reserve_revenue(run: Run, day_ahead: Run | None) -> pd.Series:
    """Reserve money by unit and interval; in real time day-ahead money plus the deviation's."""
    awards = reserve_awards(run)
    if day_ahead is not None:
        interval = day_ahead_interval(day_ahead.dispatch, run.dispatch)
        awards = with_day_ahead(awards, reserve_awards(day_ahead), interval, run)
    money = (awards["mw"] * awards["price"] * awards["hours"]).astype(float)
    sums = money.groupby([awards["subject"], awards["interval_start"]]).sum()
    return sums.rename_axis(["unit", "interval_start"])


def _block_numbers(table: pd.DataFrame) -> pd.Series:
    """Number of the commitment block of each row, from 1 per unit; 0 while off.

    A row that is off but has a cost (a shut-down) belongs to the block before it.
    """
    on = table["on"].to_numpy(dtype=bool)
    same = (table["unit"] == table["unit"].shift()).to_numpy()
    new_day = (table["day"] != table["day"].shift()).to_numpy()
    before = np.concatenate([[False], on[:-1]]) & same
    opens = on & (~before | new_day)
    # A shut-down in the first interval ends a block that lies before the run.
    closes = ~on & (table["cost"].to_numpy() > 0)
    opens |= closes & ~before
    number = pd.Series(opens, index=table.index).groupby(table["unit"]).cumsum()
    return number.where(on | closes, 0)


def _energy_revenue(table: pd.DataFrame, run: Run, day_ahead: Run | None) -> pd.Series:
    lmp = run.prices.set_index(["interval_start", "bus"])["lmp"]
    price = table.join(lmp, on=["interval_start", "bus"])["lmp"]
    if day_ahead is None:
        return (table["mw"] * price.where(table["mw"] != 0, 0.0)) * table["hours"]
    interval = day_ahead_interval(day_ahead.dispatch, run.dispatch)
    keyed = table[["unit", "bus"]].assign(interval_start=table["interval_start"].map(interval))
    schedule = day_ahead.dispatch.set_index(["interval_start", "unit"])["mw"]
    prices = day_ahead.prices.set_index(["interval_start", "bus"])["lmp"]
    scheduled = keyed.join(schedule, on=["interval_start", "unit"])["mw"].fillna(0.0)
    first = keyed.join(prices, on=["interval_start", "bus"])["lmp"]
    deviation = table["mw"] - scheduled
    money = scheduled * first.where(scheduled != 0, 0.0)
    money += deviation * price.where(deviation != 0, 0.0)
    return money * table["hours"]


def _already_guaranteed(blocks: pd.DataFrame, day_ahead: Run) -> list[float]:
    """Day-ahead guarantee of the unit, by the share of its block that this block covers."""
    paid = make_whole(day_ahead)
    result = []
    for row in records(blocks):
        money = 0.0
        for other in records(paid[paid["unit"] == row["unit"]]):
            start = max(row["interval_start"], other["interval_start"])
            end = min(row["interval_end"], other["interval_end"])
            if end > start:
                share = (end - start) / (other["interval_end"] - other["interval_start"])
                money += float(other["amount"]) * share
        result.append(money)
    return result


def _must_run(table: pd.DataFrame, run: Run) -> npt.NDArray[np.bool_]:
    """Rows whose unit must be on, always or in that interval."""
    case = run.case
    at = case.interval_starts.get_indexer(pd.DatetimeIndex(table["interval_start"]))
    units = pd.Index(case.tables["units"]["unit"]).get_indexer(pd.Index(table["unit"]))
    found: npt.NDArray[np.bool_] = must_run(case)[at, units] & (at >= 0)
    return found


def _self_scheduled(table: pd.DataFrame, run: Run) -> pd.Series:
    schedule = run.case.self_schedules
    if len(schedule) == 0 or len(schedule.columns) == 1:
        return pd.Series(False, index=table.index)
    long = schedule.melt("interval_start", var_name="unit", value_name="own")
    own = long.dropna().set_index(["interval_start", "unit"])["own"]
    return table[["interval_start", "unit"]].join(own, on=["interval_start", "unit"])["own"].notna()


def _relieves_at_minimum(table: pd.DataFrame, run: Run) -> pd.Series:
    """At its minimum output while its bus relieves a binding constraint (mcc term > 0)."""
    terms = run.price_terms
    if terms.empty:
        return pd.Series(False, index=table.index)
    relief = terms[(terms["dfax"] > 0) & (terms["shadow_price"] > 0)]
    keys = relief.drop_duplicates(["interval_start", "bus"]).assign(relieves=True)
    joined = table.join(
        keys.set_index(["interval_start", "bus"])["relieves"], on=["interval_start", "bus"]
    )["relieves"]
    p_min = table["unit"].map(run.case.units.set_index("unit")["p_min"])
    at_minimum = (p_min > 0) & (table["mw"] <= p_min + 1e-6)
    return joined.notna() & at_minimum
