"""A cleared day in a few tables: prices by zone, what binds, what it cost, what was short."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cases import Proof, Run
from cases.market_time import hours_of
from cases.place_prices import PlacePrices
from counterflow.explain.limits import active, network_limits, relieved_flow
from counterflow.tables.money import run_money, with_price
from settlement import make_whole


@dataclass(frozen=True)
class Summary:
    """A run in short. Prices are money per MWh, amounts money over all intervals.

    zones: zone, lmp_mean, lmp_load_weighted, lmp_min, lmp_max, mcc_mean, load_mwh, load_payment.
    constraints: constraint, contingency, direction, intervals, shadow_price_mean (over the
    intervals in which it binds), shadow_price_max, rent, penalty_mwh.
    breakdown: item, amount (what adds up to the objective). slacks: the rows of `run.slacks`, the
    most costly first. reserves: product, zone, requirement_mw (mean), price_mean, price_max,
    shortage_mwh. commitment: units, units_on (at some time), units_started, starts, stops, market,
    from (the run it was taken from), proof (`cases.Proof`), gap, bound, guarantees (make-whole
    payments, money); None for a run without commitment.
    """

    run: str
    case: str
    currency: str
    start: pd.Timestamp
    end: pd.Timestamp
    intervals: int
    money: dict[str, float]
    zones: pd.DataFrame
    constraints: pd.DataFrame
    breakdown: pd.DataFrame
    slacks: pd.DataFrame
    reserves: pd.DataFrame
    commitment: dict[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        out: dict[str, Any] = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name in ("zones", "constraints", "breakdown", "slacks", "reserves"):
            out[name] = out[name].to_dict("records")
        return out


def summarize(run: Run) -> Summary:
    """Sum up a run: prices by zone, binding constraints, objective, penalties used."""
    case = run.case
    return Summary(
        run=run.id,
        case=case.meta.name,
        currency=case.meta.currency,
        start=case.interval_starts[0],
        end=case.interval_ends[-1],
        intervals=len(case.interval_starts),
        money=run_money(run),
        zones=zone_summary(run),
        constraints=constraint_summary(run.constraints),
        breakdown=objective_breakdown(run),
        slacks=run.slacks.sort_values("cost", ascending=False, kind="stable", ignore_index=True),
        reserves=reserve_summary(run),
        commitment=commitment_summary(run),
    )


def reserve_summary(run: Run) -> pd.DataFrame:
    """Sum up reserve prices over all intervals: one row per product and zone with a requirement."""
    table = run.reserve_prices
    key = ["product", "zone"]
    short = table["shortage_mw"] * hours_of(table) if len(table) else table["shortage_mw"]
    rows = table.assign(short=short).groupby(key, sort=False, as_index=False)
    out = rows.agg(
        requirement_mw=("requirement_mw", "mean"),
        price_mean=("price", "mean"),
        price_max=("price", "max"),
        shortage_mwh=("short", "sum"),
    )
    return out[out["requirement_mw"] > 0].reset_index(drop=True)


def commitment_summary(run: Run) -> dict[str, Any] | None:
    """Count states, starts and stops, and say how sure the commitment is."""
    if not run.settings.get("commitment"):
        return None
    table, proof = run.dispatch, Proof.of(run.stated)
    by_unit = table.groupby("unit", sort=False)[["on", "start", "stop"]].sum()
    return {
        "units": len(by_unit),
        "units_on": int((by_unit["on"] > 0).sum()),
        "units_started": int((by_unit["start"] > 0).sum()),
        "starts": int(by_unit["start"].sum()),
        "stops": int(by_unit["stop"].sum()),
        "market": run.settings.get("market", "da"),
        "from": run.settings.get("commitment_from"),
        **proof.stated(),
        "guarantees": float(sum(make_whole(run)["amount"])),
    }


def zone_summary(run: Run) -> pd.DataFrame:
    """Prices by zone over all intervals, and a row ``(all)``.

    `lmp_mean` is the plain mean over buses and intervals; `lmp_load_weighted` weighs the zone's
    price (`cases.place_prices`) by the MWh that its loads take, and is NaN where they take none.
    Buses without a zone are ``(none)``.
    """
    prices = run.prices
    zone_of = dict(zip(prices["bus"], prices["zone"], strict=True))
    awards = run.load_awards
    mwh = awards["mw"] * hours_of(awards)
    load = pd.DataFrame(
        {
            "zone": awards["bus"].map(zone_of),
            "mwh": mwh,
            "payment": mwh * with_price(awards, prices),
        }
    )
    rows = []
    places = PlacePrices(run)
    named = prices["zone"].unique().tolist()
    for zone in [*sorted(named), None]:
        own = prices if zone is None else prices[prices["zone"] == zone]
        drawn = load if zone is None else load[load["zone"] == zone]
        rows.append(
            {
                "zone": "(all)" if zone is None else zone or "(none)",
                "lmp_mean": own["lmp"].mean(),
                "lmp_load_weighted": places.average(places.points.together(own["bus"])),
                "lmp_min": own["lmp"].min(),
                "lmp_max": own["lmp"].max(),
                "mcc_mean": own["mcc"].mean(),
                "load_mwh": float(drawn["mwh"].sum()),
                "load_payment": float(drawn["payment"].sum()),
            }
        )
    return pd.DataFrame(rows if len(named) > 1 else rows[-1:])


def constraint_summary(constraints: pd.DataFrame) -> pd.DataFrame:
    """Sum up binding branches and interfaces over all intervals, largest rent first.

    `rent` = sum of shadow price x flow in the binding direction x hours (money), what the limit
    adds to the merchandising surplus on a grid without phase shifters; `penalty_mwh` is what was
    exceeded.
    """
    key = ["constraint", "contingency", "direction"]
    columns = [*key, "intervals", "shadow_price_mean", "shadow_price_max", "rent", "penalty_mwh"]
    binding = active(network_limits(constraints))
    if binding.empty:
        return pd.DataFrame({c: pd.Series(dtype=float if c not in key else "str") for c in columns})
    hours = hours_of(binding)
    rows = binding.assign(
        rent=binding["shadow_price"] * relieved_flow(binding) * hours,
        penalty_mwh=binding["penalty_mw"].fillna(0.0) * hours,
    )
    out = rows.groupby(key, sort=False, as_index=False).agg(
        intervals=("shadow_price", "size"),
        shadow_price_mean=("shadow_price", "mean"),
        shadow_price_max=("shadow_price", "max"),
        rent=("rent", "sum"),
        penalty_mwh=("penalty_mwh", "sum"),
    )
    return out.sort_values("rent", ascending=False, kind="stable", ignore_index=True)


def objective_breakdown(run: Run) -> pd.DataFrame:
    """Take the objective apart: item, amount (money over all intervals).

    Energy at the offers used; commitment = the rest of `dispatch.cost` (no-load, start-up,
    shut-down); accepted bid value (negative); penalties; reserves at their offers; and, where these
    do not add up to the objective, ``other`` (storage and virtual bids).
    """
    energy = _energy_cost(run)
    units = float(run.dispatch["cost"].sum())
    bids = _bid_value(run)
    penalties = float(run.slacks["cost"].sum())
    total = float(run.objective)
    rows = [
        ("energy", energy),
        ("no-load, start-up, shut-down", units - energy),
        ("accepted bids", 0.0 - bids),
        ("penalties", penalties),
    ]
    awards = run.reserves
    reserves = float((awards["mw"] * awards["offer_price"] * hours_of(awards)).sum())
    if len(awards):
        rows.append(("reserves", reserves))
    other = total - units + bids - penalties - reserves
    if abs(other) > 1e-6 * max(1.0, abs(total)):
        rows.append(("other", other))
    rows.append(("objective", total))
    return pd.DataFrame(rows, columns=["item", "amount"])


def blocks_cost(blocks: pd.DataFrame, taken: pd.Series[float], by: list[str]) -> pd.Series[Any]:
    """Money per hour of filling blocks in order of their segment up to `taken` MW.

    Parameters
    ----------
    blocks
        Columns `by`, segment, mw, price.
    taken
        MW, indexed by `by`.

    Returns
    -------
    Series
        Indexed as `taken`; zero where there are no blocks.
    """
    rows = blocks.sort_values([*by, "segment"], kind="stable")
    above = rows.groupby(by, sort=False)["mw"].cumsum()
    index = rows[by[0]] if len(by) == 1 else pd.MultiIndex.from_frame(rows[by])
    mw = taken.reindex(index).to_numpy(dtype=float)
    filled = np.clip(mw - (above - rows["mw"]).to_numpy(), 0.0, rows["mw"].to_numpy())
    cost = (rows["price"] * np.nan_to_num(filled)).groupby([rows[c] for c in by], sort=False).sum()
    if len(by) > 1:
        cost.index = cost.index.set_names(by)
    whole: pd.Series[Any] = cost.reindex(taken.index).fillna(0.0)
    return whole


def _energy_cost(run: Run) -> float:
    by = ["interval_start", "unit"]
    taken = run.dispatch.set_index(by)["mw"]
    hours = hours_of(run.dispatch).to_numpy()
    return float((blocks_cost(run.offers_used, taken, by).to_numpy() * hours).sum())


def _bid_value(run: Run) -> float:
    bids = run.case.bids
    awards = run.load_awards[run.load_awards["bid_mw"] > 0]
    if bids.empty or awards.empty:
        return 0.0
    total = 0.0
    for start, own in awards.groupby("interval_start"):
        stamped = bids[bids["interval_start"] == start]
        general = bids[bids["interval_start"].isna() & ~bids["load"].isin(stamped["load"])]
        value = blocks_cost(
            pd.concat([stamped, general]), own.set_index("load")["bid_mw"], ["load"]
        )
        total += float((value.to_numpy() * hours_of(own).to_numpy()).sum())
    return total
