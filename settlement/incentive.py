"""Net positions after contracts: how much of its output an owner still sells at the spot price.

A supplier that has sold its output forward gains nothing from a higher price on the covered MWh,
and loses where it is short. The positions are handed to the mitigation's indices (RSI with
contracts, `reference/mitigation.md` section 7.1).
"""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from cases.market_time import hours_of
from cases.run import Run
from settlement.given import Given
from settlement.ledger.frames import records
from settlement.ledger.money import exact
from settlement.market.positions import NO_OWNER

__all__ = ["contract_cover", "net_positions"]

_COLUMNS = ["generation_mw", "available_mw", "load_mw", "contract_mw", "futures_mw", "net_mw",
            "covered"]  # fmt: skip


def net_positions(
    run: Run,
    *,
    contracts: pd.DataFrame | None = None,
    contract_curves: pd.DataFrame | None = None,
    frozen_curves: pd.DataFrame | None = None,
    futures: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Position of every owner in every interval.

    Parameters
    ----------
    run
        A cleared run.
    contracts, contract_curves, frozen_curves, futures
        As in `settle`.

    Returns
    -------
    Table with owner, interval_start, generation_mw (dispatched), available_mw, load_mw (taken),
    contract_mw (sold less bought: two-way and physical contracts; caps once the price is above the
    strike, floors once it is below, because then they fix the price too), futures_mw (sold less
    bought), net_mw = generation - load - contract - futures (positive: gains from a higher price)
    and covered, the share of generation that load, contracts and futures cover (NaN without
    generation). An owner without contracts has the `net_contract_mw` of the case's owners.
    """
    given = Given.of(
        run,
        contracts=contracts,
        contract_curves=contract_curves,
        frozen_curves=frozen_curves,
        futures=futures,
    )
    key = ["owner", "interval_start"]
    dispatch = run.dispatch.groupby(key)[["mw", "available_mw"]].sum()
    table = pd.DataFrame(
        {
            "generation_mw": dispatch["mw"],
            "available_mw": dispatch["available_mw"],
            "load_mw": run.load_awards.groupby(key)["mw"].sum(),
            "contract_mw": _contract_mw(run, given),
            "futures_mw": _futures_mw(run, given),
        }
    )
    table = table.rename_axis(key).reset_index()
    table = table.fillna(dict.fromkeys([*_COLUMNS[:3], "futures_mw"], 0.0))
    declared = run.case.owners.groupby("owner")["net_contract_mw"].sum()
    table["contract_mw"] = table["contract_mw"].fillna(table["owner"].map(declared)).fillna(0.0)
    cover = table["load_mw"] + table["contract_mw"] + table["futures_mw"]
    table["net_mw"] = table["generation_mw"] - cover
    table["covered"] = (cover / table["generation_mw"]).where(table["generation_mw"] > 0)
    table["owner"] = table["owner"].where(table["owner"] != "", NO_OWNER)
    return table[["owner", "interval_start", *_COLUMNS]]


def _contract_mw(run: Run, given: Given) -> pd.Series:
    """MW sold less bought by owner and interval; owners without contracts are left out."""
    hours = run.case.interval_hours
    sold: dict[tuple[str, pd.Timestamp], float] = {}
    for row in records(given.contracts):
        if row.get("point_to"):
            continue  # between two points nothing is sold or bought
        energies = given.curves[row["curve"]].on(given.prices.starts, hours, Decimal("0.000001"))
        spot = given.prices.of(row["point"])
        for at, mwh, price in zip(given.prices.starts, energies, spot, strict=True):
            fixed = {"cap": price > row["strike"], "floor": price < row["strike"]}
            mw = float(mwh) / hours if fixed.get(row["kind"], True) else 0.0
            for owner, sign in ((row["seller"], 1.0), (row["buyer"], -1.0)):
                sold[owner, at] = sold.get((owner, at), 0.0) + sign * mw
    return _series(sold)


def _futures_mw(run: Run, given: Given) -> pd.Series:
    sold: dict[tuple[str, pd.Timestamp], float] = {}
    starts, hours = given.prices.starts, run.case.interval_hours
    for row in records(given.futures):
        mw = given.product.delivery_mw(row["product"], row["month"], starts, hours)
        sign = 1.0 if row["side"] == "sell" else -1.0
        for at, lot_mw in zip(starts, mw, strict=True):
            key = (row["owner"], at)
            sold[key] = sold.get(key, 0.0) + sign * float(exact(row["lots"])) * float(lot_mw)
    return _series(sold)


def _series(values: dict[tuple[str, pd.Timestamp], float]) -> pd.Series:
    index = pd.MultiIndex.from_tuples(list(values), names=["owner", "interval_start"])
    return pd.Series(list(values.values()), index=index, dtype=float)


def contract_cover(run: Run) -> pd.DataFrame:
    """Energy of each owner in the run, MWh: generation, load, contracts, futures, net."""
    table = net_positions(run)
    spans = run.prices.drop_duplicates("interval_start").set_index("interval_start", drop=False)
    hours = table["interval_start"].map(hours_of(spans))
    names = ["generation_mw", "load_mw", "contract_mw", "futures_mw", "net_mw"]
    energy = table[names].mul(hours, axis=0).groupby(table["owner"]).sum()
    return energy.rename(columns=lambda name: name.replace("_mw", "_mwh")).reset_index()
