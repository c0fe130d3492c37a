"""Risks that reserves cover, recomputed from case and run tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from clearing.validation.facts import Facts, Floats
from clearing.validation.reserve_facts import reserve_facts

__all__ = ["RiskFacts", "in_binding_risk", "risk_facts", "risk_shortage_cost"]


@dataclass(frozen=True)
class RiskFacts:
    """Rows of `risks` in every interval, R of them."""

    rows: pd.DataFrame
    """risk, product, zone, t, factor, shared, penalty of each."""
    mw: Floats
    """factor * (terms + offset), (R,)."""
    own: Floats
    """Reserve given in the zone, (R,)."""
    received: Floats
    """Received reserve that counts, (R,)."""

    @property
    def short(self) -> Floats:
        """What is not covered, (R,)."""
        missing: Floats = np.maximum(self.mw - self.own - self.received, 0.0)
        return missing


def risk_facts(facts: Facts) -> RiskFacts:
    """Recompute every risk, and what covers it."""
    rows = _in_force(facts)
    t = rows["t"].to_numpy(dtype=np.intp)
    total = rows["offset_mw"].to_numpy(dtype=np.float64).copy()
    terms = facts.case.tables["risk_terms"]
    place = pd.DataFrame({"risk": rows["risk"].to_numpy(), "row": np.arange(len(rows))})
    pairs = place.merge(terms, on="risk")
    real = facts.once(reserve_facts)
    product = real.products.get_indexer(pd.Index(rows["product"]))
    for kind, own in pairs.groupby("kind", sort=False):
        row = own["row"].to_numpy(dtype=np.intp)
        mw = _quantity(facts, str(kind), own["element"], t[row], product[row])
        np.add.at(total, row, own["coefficient"].to_numpy(dtype=np.float64) * mw)
    supply, got = np.zeros(len(rows)), np.zeros(len(rows))
    places = rows[["product", "zone"]].drop_duplicates()
    for name, zone in zip(places["product"], places["zone"], strict=True):
        at = ((rows["product"] == name) & (rows["zone"] == zone)).to_numpy(dtype=bool)
        supply[at] = real.supply(str(name), str(zone))[t[at]]
        got[at] = _received(facts, str(name), str(zone))[t[at]]
    shared = rows["shared"].to_numpy(dtype=bool)
    factor = rows["factor"].to_numpy(dtype=np.float64)
    return RiskFacts(rows, factor * total, supply, np.where(shared, got, 0.0))


def _in_force(facts: Facts) -> pd.DataFrame:
    """Rows of `risks` for every interval; a stamped one replaces the blank one of its key."""
    table, key = facts.case.tables["risks"], ["risk", "product", "zone"]
    stamped = table[table["interval_start"].notna()]
    stamped = stamped.assign(t=facts.interval_of(stamped))
    blank = table[table["interval_start"].isna()]
    every = blank.loc[np.repeat(blank.index.to_numpy(), len(facts.starts))]
    every = every.assign(t=np.tile(np.arange(len(facts.starts)), len(blank)))
    rows = pd.concat([stamped[stamped["t"] >= 0], every])
    return rows.drop_duplicates([*key, "t"], ignore_index=True)


def _quantity(
    facts: Facts,
    kind: str,
    element: pd.Series,
    t: npt.NDArray[np.intp],
    product: npt.NDArray[np.intp],
) -> Floats:
    """MW of elements in intervals (N,)."""

    def place(table: str) -> npt.NDArray[np.intp]:
        return np.asarray(facts.names(table).get_indexer(pd.Index(element)), dtype=np.intp)

    if kind == "reserve":
        real = facts.once(reserve_facts)
        unit, load = place("units"), place("loads")
        given = np.where(unit >= 0, real.award[t, unit, product], 0.0)
        if len(facts.names("loads")):
            given = given + np.where(unit < 0, real.load_award[t, load, product], 0.0)
        return np.asarray(given)
    if kind == "unit":
        values = facts.dispatch[t, place("units")]
    elif kind == "load":
        values = np.nan_to_num((facts.demand + facts.bid_mw)[t, place("loads")])
    elif kind == "branch":
        values = facts.computed_flow[t, place("branches")]
    elif kind == "storage":
        net = facts.by_name("storage_schedule", "discharge_mw")
        net = net - facts.by_name("storage_schedule", "charge_mw")
        values = np.nan_to_num(net[t, place("storage")])
    else:
        sent = facts.link_mw - np.sign(facts.link_mw) * facts.link_loss
        values = (sent - 0.5 * facts.fixed_link_loss)[t, place("links")]
    return np.asarray(values)


def _received(facts: Facts, product: str, zone: str) -> Floats:
    """Received reserve that counts in a zone (T,)."""
    total = np.zeros(len(facts.starts))
    if "reserve_shared" not in facts.run.tables:
        return total
    table = facts.table("reserve_shared")
    own = table[(table["product"] == product) & (table["to_zone"] == zone)]
    np.add.at(total, facts.interval_of(own), own["received_mw"].to_numpy(dtype=np.float64))
    return total


def in_binding_risk(facts: Facts) -> npt.NDArray[np.bool_]:
    """Units that are part of a risk which binds (T, U): their output and reserve have its price."""
    found = np.zeros((len(facts.starts), len(facts.names("units"))), dtype=bool)
    if "risks_covered" not in facts.run.tables:
        return found
    table = facts.table("risks_covered")
    table = table[table["shadow_price"] > facts.price_tolerance]
    terms = facts.case.tables["risk_terms"]
    both = table.merge(terms[terms["kind"].isin(["unit", "reserve"])], on="risk")
    unit = facts.names("units").get_indexer(pd.Index(both["element"]))
    t = facts.interval_of(both)
    known = (unit >= 0) & (t >= 0)
    found[t[known], unit[known]] = True
    return found


def risk_shortage_cost(facts: Facts) -> Floats:
    """Money of what is not covered in each interval (T,): demand curves, penalties of risks."""
    total = np.zeros(len(facts.starts))
    if facts.case.tables["risks"].empty:
        return total
    real = facts.once(risk_facts)
    rows = real.rows.assign(short=np.where(real.short > facts.tolerance, real.short, 0.0))
    own = rows["penalty"].notna()
    np.add.at(
        total,
        rows.loc[own, "t"].to_numpy(dtype=np.intp),
        (rows.loc[own, "short"] * rows.loc[own, "penalty"]).to_numpy(dtype=np.float64),
    )
    curves = facts.case.tables["reserve_demand"].sort_values(["price", "segment"], kind="stable")
    worst = rows[~own].groupby(["product", "zone", "t"], as_index=False)["short"].max()
    worst = worst[worst["short"] > 0.0]
    columns = (worst[name] for name in ("product", "zone", "t", "short"))
    for product, zone, t, mw in zip(*columns, strict=True):
        curve = curves[(curves["product"] == product) & (curves["zone"] == zone)]
        width = curve["mw"].to_numpy(dtype=np.float64)
        price = curve["price"].to_numpy(dtype=np.float64)
        if not len(curve):
            width, price = np.array([np.inf]), np.array([facts.rulebook.penalties.reserve])
        width = np.append(width[:-1], np.inf)
        before = np.concatenate([[0.0], np.cumsum(width)[:-1]])
        total[int(t)] += float((np.clip(mw - before, 0.0, width) * price).sum())
    return total * facts.hours
