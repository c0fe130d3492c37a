"""What makes a price: the binding limits that add up to it, and the offers that set it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cases import Run
from counterflow.explain.lookup import resolve_interval, resolve_name
from counterflow.explain.margin import Margin
from counterflow.explain.participation import Participation, participation
from counterflow.explain.pockets import pockets_of

TERM_COLUMNS = (
    "term",
    "constraint",
    "contingency",
    "direction",
    "limit_mw",
    "flow_mw",
    "penalty_mw",
    "dfax",
    "shadow_price",
    "amount",
)


NO_PART = 1e-9
"""Coefficient below which a resource has no part in a price."""


@dataclass(frozen=True)
class PriceExplanation:
    """One bus's price in one interval, taken apart twice.

    `terms`: energy, one row per binding limit (shadow price x DFAX), loss; their `amount` sums to
    `lmp` (`residual` is what is left, NaN where the price does not exist). `pockets`: what lies
    behind each of these limits (`counterflow.explain.pockets`). The energy price and
    the DFAX are those of `reference`, the slack; another slack splits the same price otherwise.
    `setters`: the marginal resources, with kind, name, owner, bus, interval_start, mw, price,
    edge, coefficient and amount; coefficient x price sums to `lmp` where `determined`. Where it
    is not, `reason` says why and the coefficients are NaN. Where a unit's output lies at the edge
    of a block the coefficients hold for the published price, and `reason` says that it is one of
    several. `held` names units inside a block whose price
    is not the price at their bus, so that something else than their offer holds them.
    """

    run: str
    case: str
    currency: str
    bus: str
    zone: str
    interval_start: pd.Timestamp
    interval_end: pd.Timestamp
    lmp: float
    mec: float
    mcc: float
    mlc: float
    terms: pd.DataFrame
    pockets: pd.DataFrame
    residual: float
    reference: str
    setters: pd.DataFrame
    determined: bool
    reason: str
    held: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        out = {name: getattr(self, name) for name in self.__dataclass_fields__}
        out["terms"] = self.terms.to_dict("records")
        out["pockets"] = self.pockets.to_dict("records")
        out["setters"] = self.setters.to_dict("records")
        out["held"] = list(self.held)
        return out


def price_breakdown(
    price: Mapping[Hashable, Any], terms: pd.DataFrame, constraints: pd.DataFrame
) -> pd.DataFrame:
    """Terms that add up to one price: energy, shadow price x DFAX per limit, loss.

    Parameters
    ----------
    price
        The row of `prices`: mec, mlc.
    terms
        The rows of `price_terms` of that bus and interval.
    constraints
        The rows of `constraints` of that interval, for direction, limit, flow and penalty.

    Returns
    -------
    DataFrame
        Columns `TERM_COLUMNS`; largest congestion amount first; money per MWh.
    """
    binding = constraints[constraints["shadow_price"] > 0].drop_duplicates(
        ["constraint", "contingency"]
    )
    detail = ["constraint", "contingency", "direction", "limit_mw", "flow_mw", "penalty_mw"]
    rows = terms[["constraint", "contingency", "dfax", "shadow_price"]].merge(
        binding[detail], on=["constraint", "contingency"], how="left"
    )
    rows["amount"] = rows["dfax"] * rows["shadow_price"]
    order = np.argsort(-rows["amount"].abs().to_numpy(), kind="stable")
    rows = rows.iloc[order].assign(term="congestion")
    edge = {"constraint": "", "contingency": "", "direction": ""}
    energy = pd.DataFrame([{"term": "energy", **edge, "amount": float(price["mec"])}])
    loss = pd.DataFrame([{"term": "loss", **edge, "amount": float(price["mlc"])}])
    blank = [c for c in TERM_COLUMNS if c not in energy.columns]
    energy[blank] = loss[blank] = np.nan
    parts = [part[list(TERM_COLUMNS)] for part in (energy, rows, loss) if len(part)]
    return pd.concat(parts, ignore_index=True)


def explain_price(run: Run, *, bus: str, at: str | pd.Timestamp) -> PriceExplanation:
    """Explain the price of `bus` in the interval that holds `at`.

    Parameters
    ----------
    run
        A cleared run.
    bus
        Name of the bus.
    at
        ISO 8601, with an offset or else in the case's timezone; ``HH:MM`` in a run of one day.

    Raises
    ------
    InputError
        Unknown bus, or no interval there: one line with the nearest names or times.
    """
    prices = run.prices
    name = resolve_name(bus, prices["bus"], "bus")
    times = prices[["interval_start", "interval_end"]].drop_duplicates("interval_start")
    times = times.sort_values("interval_start", ignore_index=True)
    starts = pd.DatetimeIndex(times["interval_start"])
    ends = pd.DatetimeIndex(times["interval_end"])
    written = at.isoformat() if isinstance(at, pd.Timestamp) else at
    position = resolve_interval(written, starts, ends, run.case.meta.timezone)
    start = starts[position]
    found = prices[(prices["interval_start"] == start) & (prices["bus"] == name)]
    price = found.iloc[0]
    own_terms = run.price_terms[
        (run.price_terms["interval_start"] == start) & (run.price_terms["bus"] == name)
    ]
    now = run.constraints[run.constraints["interval_start"] == start]
    terms = price_breakdown(price.to_dict(), own_terms, now)
    lmp = float(price["lmp"])
    margin = Margin(run, starts)
    target = margin.price_row(name, position)
    margin.extend_from(position)
    if np.isnan(lmp):
        determined, reason = False, "there is no price at this bus"
        factors: Mapping[Hashable, float] = {}
    else:
        made = participation(margin.system, target, lmp)
        if not made.determined and margin.add_edges():
            made = _at_an_edge(margin, target, lmp, made)
        determined, reason, factors = made.determined, made.reason, made.factors
    return PriceExplanation(
        run=run.id,
        case=run.case.meta.name,
        currency=run.case.meta.currency,
        bus=name,
        zone=str(price["zone"]),
        interval_start=start,
        interval_end=ends[position],
        lmp=lmp,
        mec=float(price["mec"]),
        mcc=float(price["mcc"]),
        mlc=float(price["mlc"]),
        terms=terms,
        pockets=pockets_of(run, margin.grid, start, terms[terms["term"] == "congestion"]),
        residual=lmp - float(terms["amount"].sum()),
        reference=str(run.manifest["settings"].get("reference", "")),
        setters=_setters(margin.table(position), factors, determined),
        determined=determined,
        reason=reason,
        held=tuple(margin.held),
    )


def _at_an_edge(
    margin: Margin, target: Mapping[Hashable, float], lmp: float, strict: Participation
) -> Participation:
    """Try again with units at the edge of a block: one of several prices that clear the market."""
    made = participation(margin.system, target, lmp)
    if not made.determined:
        return strict
    edges = [
        margin.resources[label][1].name
        for label, factor in made.factors.items()
        if abs(factor) > NO_PART and margin.resources[label][1].edge
    ]
    reason = (
        f"the output of {', '.join(edges)} lies at the edge of a block: "
        "other prices clear the market as well"
    )
    return Participation(True, reason, made.factors)


def _setters(
    resources: pd.DataFrame, factors: Mapping[Hashable, float], determined: bool
) -> pd.DataFrame:
    """Resources with their coefficients; where these are known, only those that matter."""
    out = resources.drop(columns="label")
    if determined:
        out["coefficient"] = [factors.get(label, 0.0) for label in resources["label"]]
        out = out[out["coefficient"].abs() > NO_PART]
        order = np.argsort(-out["coefficient"].abs().to_numpy(), kind="stable")
        out = out.iloc[order].reset_index(drop=True)
    else:
        out["coefficient"] = np.nan
    out["amount"] = out["coefficient"] * out["price"]
    return out
