"""What makes a reserve price: the risks that set it, who gave what, what came over links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cases import InputError, Run
from counterflow.explain.lookup import resolve_interval, resolve_name

__all__ = ["ReserveExplanation", "explain_reserve"]

_ZERO = 1e-6
_SAME_PRICE = 1e-4


@dataclass(frozen=True)
class ReserveExplanation:
    """Why reserve of a product has its price in a zone and interval.

    `setters` has the risks that the price covers: risk, setter, risk_mw, shadow_price (their sum
    is the price, but for what sending reserve to another zone adds: `sent_worth`). `terms` says
    what each of them is made of: risk, kind, element, owner, mw; `givers` who gave what: name,
    kind, owner, mw, offer_price, paid, marginal; `received` what came from other zones.
    """

    product: str
    zone: str
    interval_start: pd.Timestamp
    interval_end: pd.Timestamp
    price: float
    requirement_mw: float
    own_mw: float
    received_mw: float
    short_mw: float
    sent_worth: float
    setters: pd.DataFrame
    terms: pd.DataFrame
    givers: pd.DataFrame
    received: pd.DataFrame
    sent: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def __str__(self) -> str:
        """A few sentences."""
        where = f" in {self.zone}" if self.zone else ""
        said = [
            f"{self.product} reserve{where} costs {self.price:.2f} a MW: "
            f"{self.own_mw:.3f} MW are given{where}, {self.received_mw:.3f} MW are received, for "
            f"{self.requirement_mw:.3f} MW of risk"
        ]
        row: Any
        for row in self.setters.itertuples(index=False):
            kind = f" ({row.setter})" if row.setter else ""
            said.append(f"{row.risk}{kind} sets {row.shadow_price:.2f} of it: {row.risk_mw:.3f} MW")
        if self.short_mw > _ZERO:
            said.append(f"{self.short_mw:.3f} MW are short")
        if self.sent_worth > _ZERO:
            said.append(f"{self.sent_worth:.2f} of it is what reserve earns where it is sent")
        last = self.givers[self.givers["marginal"]]
        if len(last):
            names = ", ".join(f"{r.name} ({r.owner})" for r in last.itertuples(index=False))
            said.append(f"the last MW come from {names}")
        return ". ".join(said) + "."


def explain_reserve(run: Run, *, product: str, zone: str = "", at: str) -> ReserveExplanation:
    """Explain the price of reserve.

    Parameters
    ----------
    run
        A cleared run.
    product, zone
        The product, and its zone as `reserve_prices` has it (blank = the whole case).
    at
        A time inside the interval, as `explain_price` takes it.

    Raises
    ------
    InputError
        A product, zone or time that the run does not have, with the nearest ones.
    """
    prices = run.reserve_prices
    if not len(prices):
        message = "the run has no reserves: nothing is required in its case"
        raise InputError.one("", None, "reserve", "no_reserves", message)
    product = resolve_name(product, prices["product"].unique().tolist(), "product")
    known = prices.loc[prices["product"] == product, "zone"].unique().tolist()
    zone = resolve_name(zone, known, "zone")
    case = run.case
    t = resolve_interval(at, case.interval_starts, case.interval_ends, case.meta.timezone)
    start, end = case.interval_starts[t], case.interval_ends[t]

    def now(table: pd.DataFrame) -> pd.DataFrame:
        return table[pd.DatetimeIndex(table["interval_start"]) == start]

    current = now(prices)
    row = current[(current["product"] == product) & (current["zone"] == zone)].iloc[0]
    setters = _setters(run, now, product, zone)
    givers = _givers(run, now, product, zone, float(row["price"]))
    came, went = _shared(run, now, product, zone)
    worth = float(setters["shadow_price"].sum()) if len(setters) else float(row["shadow_price"])
    return ReserveExplanation(
        product,
        zone,
        start,
        end,
        float(row["price"]),
        float(row["requirement_mw"]),
        float(givers["mw"].sum()),
        float(came["received_mw"].sum()) if len(came) else 0.0,
        float(row["shortage_mw"]),
        max(0.0, float(row["price"]) - worth) if len(went) else 0.0,
        setters,
        _terms(run, now, setters, product),
        givers,
        came,
        went,
    )


def _setters(run: Run, now: Any, product: str, zone: str) -> pd.DataFrame:
    columns = ["risk", "setter", "risk_mw", "own_mw", "received_mw", "short_mw", "shadow_price"]
    if "risks_covered" not in run.tables:
        return pd.DataFrame(columns=columns)
    own: pd.DataFrame = now(run.risks_covered)
    own = own[(own["product"] == product) & (own["zone"] == zone) & (own["shadow_price"] > _ZERO)]
    order = own.sort_values("shadow_price", ascending=False, kind="stable")
    return order[columns].reset_index(drop=True)


def _terms(run: Run, now: Any, setters: pd.DataFrame, product: str) -> pd.DataFrame:
    """What each risk is made of: outputs, awards, flows, and the fixed part."""
    case = run.case
    rows: list[tuple[str, str, str, str, float]] = []
    owner = _owners(run)
    output = now(run.dispatch).set_index("unit")["mw"]
    award = now(run.reserves)
    award = award[award["product"] == product].groupby("unit")["mw"].sum()
    flow = now(run.flows).set_index("branch")["flow_mw"]
    links = now(run.link_flows).set_index("link")
    arrives = links["mw"] - links["loss_mw"]
    values: dict[str, Any] = {"unit": output, "reserve": award, "branch": flow, "link": arrives}
    risk: Any
    term: Any
    for risk in setters.itertuples(index=False):
        terms = case.risk_terms[case.risk_terms["risk"] == risk.risk]
        for term in terms.itertuples(index=False):
            mw = term.coefficient * float(values.get(term.kind, output).get(term.element, 0.0))
            rows.append((risk.risk, term.kind, term.element, owner.get(term.element, ""), mw))
        rest = risk.risk_mw - sum(row[4] for row in rows if row[0] == risk.risk)
        rows.append((risk.risk, "fixed", "", "", rest))
    return pd.DataFrame(rows, columns=["risk", "kind", "element", "owner", "mw"])


def _owners(run: Run) -> dict[str, str]:
    case = run.case
    pairs = [*zip(case.units["unit"], case.units["owner"], strict=True)]
    pairs += [*zip(case.loads["load"], case.loads["owner"], strict=True)]
    return dict(pairs)


def _givers(run: Run, now: Any, product: str, zone: str, price: float) -> pd.DataFrame:
    """Awards of the product in the zone, the dearest offers first; who is marginal."""
    case = run.case
    zones = case.buses.set_index("bus")["zone"]
    place = {
        "unit": case.units.set_index("unit")["bus"].map(zones),
        "load": case.loads.set_index("load")["bus"].map(zones),
    }
    own = now(run.reserves)
    own = own[own["product"] == product].reset_index(drop=True)
    where = [place[kind].get(name, "") for kind, name in zip(own["kind"], own["unit"], strict=True)]
    own = own[np.array([not zone or at == zone for at in where], dtype=bool)]
    owner = _owners(run)
    offers = case.reserve_offers
    offers = offers[offers["product"] == product]
    stamp = pd.DatetimeIndex(offers["interval_start"])
    inside = stamp.isna() | (stamp == (own["interval_start"].iloc[0] if len(own) else pd.NaT))
    offers = offers[inside]
    made = pd.DataFrame(
        {
            "name": own["unit"],
            "kind": own["kind"],
            "owner": [owner.get(name, "") for name in own["unit"]],
            "mw": own["mw"],
            "offer_price": own["offer_price"],
            "paid": own["price"] * own["mw"] * run.case.interval_hours,
            "marginal": [
                bool(
                    np.any(np.abs(offers.loc[offers[kind] == name, "price"] - price) <= _SAME_PRICE)
                )
                for kind, name in zip(own["kind"], own["unit"], strict=True)
            ],
        }
    )
    return made.sort_values("offer_price", ascending=False, kind="stable", ignore_index=True)


def _shared(run: Run, now: Any, product: str, zone: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    if "reserve_shared" not in run.tables:
        return pd.DataFrame(), pd.DataFrame()
    own = now(run.reserve_shared)
    own = own[(own["product"] == product) & (own["sent_mw"] > _ZERO)]
    columns = ["from_zone", "to_zone", "flow_mw", "sent_mw", "arrives_mw", "received_mw"]
    own = own[columns].reset_index(drop=True)
    return own[own["to_zone"] == zone], own[own["from_zone"] == zone]
